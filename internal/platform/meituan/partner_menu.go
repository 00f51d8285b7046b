package meituan

import (
	"encoding/json"
	"errors"
)

// Menus in the service providers' words: dishes and SKUs have names of their own there, which go from snake_case to
// camelCase but for a few. Source: documents of the platform, dishes. That properties are called so in
// updateProperty is an assumption.

var dishNames = map[string]string{"app_food_code": "eDishCode", "name": "dishName"}

// renamed changes the names of the objects of a JSON array, and of the SKUs in them.
func renamed(data json.RawMessage, name func(string) string) (json.RawMessage, error) {
	var list []map[string]json.RawMessage
	if err := json.Unmarshal(unquoted(data), &list); err != nil {
		return nil, err
	}
	out := make([]map[string]json.RawMessage, 0, len(list))
	for _, row := range list {
		next := make(map[string]json.RawMessage, len(row))
		for k, v := range row {
			if k == "skus" || k == "properties" {
				inner, err := renamed(v, name)
				if err != nil {
					return nil, err
				}
				v = inner
			}
			next[name(k)] = v
		}
		out = append(out, next)
	}
	return json.Marshal(out)
}

func tellDishes(data json.RawMessage) (json.RawMessage, error) {
	if string(data) == "null" {
		return json.RawMessage(`[]`), nil
	}
	return renamed(data, func(k string) string {
		for ours, theirs := range dishNames {
			if k == theirs {
				return ours
			}
		}
		return snake(k)
	})
}

// tellObject reads one object.
func tellObject(data json.RawMessage) (json.RawMessage, error) {
	f, err := formOf(unquoted(data))
	if err != nil {
		return nil, err
	}
	return directly(f).object()
}

// asking writes the list of a call of the direct platform in this one's names, as a JSON string beside the store.
func asking(from, to string) func(map[string]string) (map[string]any, error) {
	return func(p map[string]string) (map[string]any, error) {
		list, err := renamed(json.RawMessage(p[from]), func(k string) string {
			if n, ok := dishNames[k]; ok {
				return n
			}
			return camel(k)
		})
		return map[string]any{"ePoiId": p["app_poi_code"], to: string(list)}, err
	}
}

var (
	askDishes     = asking("food_data", "dishes")
	askPrices     = asking("food_data", "dishSkuPrices")
	askStocks     = asking("food_data", "dishSkuStocks")
	askProperties = asking("food_property", "dishProperty")
)

// askSale is one of the newer calls, whose list keeps the direct platform's names.
func askSale(p map[string]string) (map[string]any, error) {
	if !json.Valid([]byte(p["food_data"])) {
		return nil, errors.New("food_data is no JSON")
	}
	return map[string]any{"food_data": json.RawMessage(p["food_data"]), "sell_status": json.Number(p["sell_status"])}, nil
}
