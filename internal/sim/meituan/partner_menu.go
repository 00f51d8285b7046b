package meituan

import (
	"encoding/json"
	"slices"
	"strconv"
)

// The second platform's paths about menus. What they do is what the first platform's do.

// partnerDish is a dish in the second platform's names.
type partnerDish struct {
	Code        string       `json:"eDishCode"`
	Name        string       `json:"dishName"`
	Description string       `json:"description"`
	Category    string       `json:"categoryName"`
	Price       fen          `json:"price"`
	Unit        string       `json:"unit"`
	BoxNum      numeral      `json:"boxNum"`
	BoxPrice    fen          `json:"boxPrice"`
	MinOrder    numeral      `json:"minOrderCount"`
	SoldOut     numeral      `json:"isSoldOut"`
	Picture     string       `json:"picture"`
	Sequence    numeral      `json:"sequence"`
	SKUs        []partnerSKU `json:"skus"`
}

type partnerSKU struct {
	ID       string          `json:"skuId"`
	Spec     string          `json:"spec"`
	Price    tag             `json:"price"`
	Stock    stock           `json:"stock"`
	UPC      string          `json:"upc"`
	Times    json.RawMessage `json:"availableTimes,omitempty"`
	Location string          `json:"locationCode"`
	BoxNum   numeral         `json:"boxNum"`
	BoxPrice fen             `json:"boxPrice"`
}

// numeral comes as a number or its text and goes out as a number, as Meituan's kit for Go (2025) reads it.
type numeral text

func (n *numeral) UnmarshalJSON(raw []byte) error { return (*text)(n).UnmarshalJSON(raw) }

func (n numeral) MarshalJSON() ([]byte, error) {
	if _, err := strconv.ParseFloat(string(n), 64); err != nil || !json.Valid([]byte(n)) {
		return []byte("0"), nil
	}
	return []byte(n), nil
}

// tag is a price that goes out as text, as the same kit reads it.
type tag fen

func (p *tag) UnmarshalJSON(raw []byte) error { return (*fen)(p).UnmarshalJSON(raw) }

func (p tag) MarshalJSON() ([]byte, error) { return json.Marshal(fen(p).String()) }

func (d partnerDish) food() *Food {
	n := func(t numeral) int { v, _ := strconv.Atoi(string(t)); return v }
	f := &Food{Code: d.Code, Name: d.Name, Description: d.Description, Category: d.Category, Price: d.Price, Unit: d.Unit, BoxNum: text(d.BoxNum), BoxPrice: d.BoxPrice,
		MinOrder: text(d.MinOrder), SoldOut: n(d.SoldOut), Picture: d.Picture, Sequence: n(d.Sequence)}
	for _, k := range d.SKUs {
		f.SKUs = append(f.SKUs, &SKU{ID: k.ID, Spec: k.Spec, Price: fen(k.Price), Stock: k.Stock, UPC: k.UPC, Times: k.Times, Location: k.Location, BoxNum: text(k.BoxNum), BoxPrice: k.BoxPrice})
	}
	return f
}

func dishOf(f *Food) partnerDish {
	d := partnerDish{Code: f.Code, Name: f.Name, Description: f.Description, Category: f.Category, Price: f.Price, Unit: f.Unit, BoxNum: numeral(f.BoxNum), BoxPrice: f.BoxPrice,
		MinOrder: numeral(f.MinOrder), SoldOut: numeral(strconv.Itoa(f.SoldOut)), Picture: f.Picture, Sequence: numeral(strconv.Itoa(f.Sequence)), SKUs: []partnerSKU{}}
	for _, k := range f.SKUs {
		d.SKUs = append(d.SKUs, partnerSKU{k.ID, k.Spec, tag(k.Price), k.Stock, k.UPC, k.Times, k.Location, numeral(k.BoxNum), k.BoxPrice})
	}
	return d
}

// mine refuses a call that names another store than the token's.
func (c *partnerCall) mine(st *Store) error {
	if id := c.get("ePoiId"); id != "" && id != st.EPoiID {
		return errNotYours
	}
	return nil
}

// as makes a call of the first platform of one of the second.
func (c *partnerCall) as(params map[string]string) *call {
	p := map[string]string{"app_poi_code": c.st.Code}
	for to, from := range params {
		if v := c.get(from); v != "" {
			p[to] = v
		}
	}
	return &call{s: c.s, p: p, seen: c.seen, kind: c.path}
}

func partnerMenu() map[string]partnerEndpoint {
	// like does what a path of the first platform does, with the parameters under other names.
	like := func(f func(*call, *change, *Store) (any, error), names map[string]string) partnerEndpoint {
		return partnerStore(true, func(c *partnerCall, t *change, st *Store) (any, error) { return f(c.as(names), t, st) })
	}
	same := func(names ...string) map[string]string {
		m := map[string]string{}
		for _, n := range names {
			m[n] = n
		}
		return m
	}
	return map[string]partnerEndpoint{
		"/waimai/dish/updateCat": like(updateCategory, map[string]string{"category_name_origin": "oldCatName", "category_name": "catName", "sequence": "sequence", "category_description": "categoryDescription"}),
		"/waimai/dish/deleteCat": like(deleteCategory, map[string]string{"category_name": "catName"}),
		"/waimai/dish/deleteSku": like(deleteSKU, map[string]string{"app_food_code": "eDishCode", "sku_id": "eDishSkuCode"}),
		"/waimai/dish/delete": partnerStore(true, func(c *partnerCall, _ *change, st *Store) (any, error) {
			n := len(st.Foods)
			if st.Foods = slices.DeleteFunc(st.Foods, func(f *Food) bool { return f.Code == c.get("eDishCode") }); len(st.Foods) == n {
				return nil, errNoFood
			}
			return "ok", nil
		}),
		"/waimai/ng/dish/food/updateAppFoodCodeByOrigin": like(recode(false), same("app_food_code_origin", "app_food_code", "sku_id_origin", "sku_id")),
		"/waimai/ng/dish/food/updateAppFoodCodeByNameAndSpec": like(recode(true), map[string]string{"name": "name", "category_name": "categoryName", "spec": "spec",
			"app_food_code": "appFoodCode", "sku_id": "skuId"}),
		"/waimai/dish/batchUpload": partnerStore(true, func(c *partnerCall, t *change, st *Store) (any, error) {
			data, err := c.need("dishes")
			if err == nil {
				err = c.mine(st)
			}
			var dishes []partnerDish
			switch {
			case err != nil:
				return nil, err
			case json.Unmarshal([]byte(data), &dishes) != nil || len(dishes) > 200:
				return nil, badFormat("dishes")
			}
			for _, d := range dishes {
				if err := d.food().clean(); err != nil {
					return nil, err
				}
			}
			for _, d := range dishes {
				f := d.food()
				f.clean()
				if old := st.food(f.Code); old != nil {
					f.Properties = old.Properties
					for _, k := range old.SKUs {
						if now := f.sku(k.ID); now != nil {
							now.Off = k.Off
						} else if c.get("skuOverwrite") != "true" {
							f.SKUs = append(f.SKUs, k)
						}
					}
				}
				st.upsert(f, t.now)
			}
			return "ok", nil
		}),
		"/waimai/ng/dish/sku/sellStatus": partnerStore(true, func(c *partnerCall, _ *change, st *Store) (any, error) {
			var dishes []struct {
				Code string `json:"app_food_code"`
				SKUs []struct {
					ID string `json:"sku_id"`
				} `json:"skus"`
			}
			raw := []byte(c.get("food_data"))
			if len(raw) == 0 {
				raw = c.biz["food_data"]
			}
			off, err := c.number("sell_status")
			if err != nil || off > 1 || json.Unmarshal(raw, &dishes) != nil {
				return nil, badFormat("food_data")
			}
			for _, d := range dishes {
				f := st.food(d.Code)
				if f == nil {
					return nil, errNoFood
				}
				for _, k := range d.SKUs {
					if f.sku(k.ID) == nil {
						return nil, errNoSKU
					}
					f.sku(k.ID).Off = off
				}
			}
			return "ok", nil
		}),
		"/waimai/dish/updateProperty": partnerStore(true, func(c *partnerCall, _ *change, st *Store) (any, error) {
			var dishes []struct {
				Code       string `json:"eDishCode"`
				Properties []struct {
					Name   string   `json:"propertyName"`
					Values []string `json:"values"`
				} `json:"properties"`
			}
			if json.Unmarshal([]byte(c.get("dishProperty")), &dishes) != nil {
				return nil, badFormat("dishProperty")
			}
			for _, d := range dishes {
				if st.food(d.Code) == nil {
					return nil, errNoFood
				}
			}
			for _, d := range dishes {
				f := st.food(d.Code)
				f.Properties = nil
				for _, p := range d.Properties {
					f.Properties = append(f.Properties, Property{p.Name, p.Values})
				}
			}
			return "ok", nil
		}),
		"/waimai/dish/queryPropertyList": partnerStore(false, func(c *partnerCall, _ *change, st *Store) (any, error) {
			f := st.food(c.get("eDishCode"))
			if f == nil {
				return nil, errNoFood
			}
			out := []any{}
			for _, p := range f.Properties {
				out = append(out, map[string]any{"propertyName": p.Name, "values": p.Values})
			}
			return out, nil
		}),
		"/waimai/poi/queryDelayDispatch": partnerStore(false, func(_ *partnerCall, _ *change, st *Store) (any, error) {
			return map[string]any{"supportDelayPush": map[bool]int{true: 1}[st.delays()], "delayPushSecond": st.DelayPush}, nil
		}),
		"/waimai/poi/updateDelayDispatch": partnerStore(true, func(c *partnerCall, _ *change, st *Store) (any, error) {
			return "ok", st.setDelayPush(c.get("delaySeconds"))
		}),
		"/waimai/image/upload": partnerStore(false, func(c *partnerCall, _ *change, _ *Store) (any, error) {
			if _, err := c.need("imageName"); err != nil {
				return nil, err
			}
			if len(c.file) == 0 {
				return nil, missing("file")
			}
			return imageID(c.file), nil
		}),
	}
}
