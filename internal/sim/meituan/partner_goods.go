package meituan

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"github.com/tongdan/tongdan/internal/sim"
)

// The paths of the second platform that are about stores and dishes.
func partnerGoods() map[string]partnerEndpoint {
	return map[string]partnerEndpoint{
		"/waimai/poi/open": partnerStore(true, func(_ *partnerCall, t *change, st *Store) (any, error) {
			if st.Held {
				return nil, errHeldStore
			}
			if st.OpenLevel != 1 {
				t.setOpen(st, 1, "", "BUSINESS")
			}
			return "ok", nil
		}),
		"/waimai/poi/close": partnerStore(true, func(_ *partnerCall, t *change, st *Store) (any, error) { return closeStore(nil, t, st) }),
		"/waimai/poi/updateOpenTime": partnerStore(true, func(c *partnerCall, _ *change, st *Store) (any, error) {
			v, err := c.need("openTime")
			if err != nil {
				return nil, err
			}
			if !shippingTimes.MatchString(v) {
				return nil, badFormat("openTime")
			}
			st.ShippingTime = v
			return "ok", nil
		}),
		"/waimai/poi/queryPoiInfo": partnerStore(false, func(c *partnerCall, _ *change, st *Store) (any, error) {
			ids, err := c.list("ePoiIds")
			if err != nil {
				return nil, err
			}
			if !slices.Contains(ids, st.EPoiID) {
				return []any{}, nil
			}
			return []any{map[string]any{"ePoiId": st.EPoiID, "name": st.Name, "address": st.Address, "phone": st.Phone, "openTime": st.ShippingTime, "isOpen": st.OpenLevel,
				"isOnline": st.Online, "shippingFee": st.ShippingFee, "latitude": coordinate(st.Latitude), "longitude": coordinate(st.Longitude), "logisticsCodes": st.Logistics, "noticeInfo": st.Promotion}}, nil
		}),
		"/waimai/dish/queryCatList": partnerStore(false, func(_ *partnerCall, _ *change, st *Store) (any, error) {
			out := []any{}
			for _, cat := range st.Categories {
				out = append(out, map[string]any{"ePoiId": st.EPoiID, "name": cat.Name, "sequence": cat.Sequence, "categoryMode": 0, "categoryDescription": cat.Description, "topFlag": 0, "timeZone": ""})
			}
			return out, nil
		}),
		"/waimai/dish/queryListByEPoiId": partnerStore(false, partnerDishes),
		"/waimai/dish/updateStock":       partnerStore(true, partnerSKUs("dishSkuStocks", "stock", starStock, setStock)),
		"/waimai/dish/updatePrice":       partnerStore(true, partnerSKUs("dishSkuPrices", "price", validPrice, setPrice)),
	}
}

func partnerDishes(c *partnerCall, _ *change, st *Store) (any, error) {
	offset, limit := 0, 199
	for name, into := range map[string]*int{"offset": &offset, "limit": &limit} {
		if v := c.get(name); v != "" {
			n, err := strconv.Atoi(v)
			if err != nil || n < 0 {
				return nil, badFormat(name)
			}
			*into = n
		}
	}
	if limit >= 200 {
		return nil, badFormat("limit")
	}
	out := []any{}
	for i := offset; i < len(st.Foods) && len(out) < limit; i++ {
		out = append(out, dishOf(st.Foods[i]))
	}
	return out, nil
}

// partnerSKUs sets a value of specifications, all or nothing.
func partnerSKUs(list, key string, valid func(string) bool, set func(*SKU, string)) func(*partnerCall, *change, *Store) (any, error) {
	return func(c *partnerCall, t *change, st *Store) (any, error) {
		data, err := c.need(list)
		if err != nil {
			return nil, err
		}
		if id := c.get("ePoiId"); id != st.EPoiID {
			return nil, errNotYours
		}
		var dishes []struct {
			Code string            `json:"eDishCode"`
			SKUs []map[string]text `json:"skus"`
		}
		if json.Unmarshal([]byte(data), &dishes) != nil {
			return nil, badFormat(list)
		}
		var todo []func()
		for _, d := range dishes {
			f := st.food(d.Code)
			if f == nil {
				return nil, errNoFood
			}
			for _, s := range d.SKUs {
				k, v := f.sku(string(s["skuId"])), string(s[key])
				switch {
				case k == nil:
					return nil, errNoSKU
				case !valid(v):
					return nil, errBadNumbers
				}
				todo = append(todo, func() {
					before := k.Stock
					if set(k, v); k.Stock != before {
						t.s.stockChanged(st, f, k, nil, sim.StockSet, 0)
					}
				})
			}
		}
		for _, do := range todo {
			do()
		}
		return "ok", nil
	}
}

// cutAt is a number without the extension of a privacy number.
func cutAt(phone string) string {
	main, _, _ := strings.Cut(phone, "_")
	return main
}
