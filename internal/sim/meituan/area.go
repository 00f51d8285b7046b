package meituan

import (
	"encoding/json"
	"regexp"
	"slices"
	"strconv"
)

// Area is a delivery area of a store (配送范围).
type Area struct {
	Code     string `json:"app_shipping_code"`
	Type     int    `json:"type"`
	Shape    string `json:"area"` // JSON: [{"x":39941199,"y":116385384},…], millionths of a degree
	MinPrice fen    `json:"min_price"`
	Fee      fen    `json:"shipping_fee"`
	Times    string `json:"time_range,omitempty"` // of a special-hours area
}

var oneSpan = regexp.MustCompile(`^\d{1,2}:\d{2}-\d{1,2}:\d{2}$`)

// check looks at an area as the documents limit it: a polygon in GCJ-02 within the country.
func (a *Area) check() error {
	var corners []struct {
		X int64 `json:"x"` // latitude
		Y int64 `json:"y"` // longitude
	}
	switch {
	case a.Code == "":
		return missing("app_shipping_code")
	case a.Type != 1: // circles are not supported any more
		return badFormat("type")
	case json.Unmarshal([]byte(a.Shape), &corners) != nil || len(corners) < 3:
		return badFormat("area")
	case a.MinPrice < 0 || a.Fee < 0:
		return errBadNumbers
	case a.Times != "" && !oneSpan.MatchString(a.Times):
		return badFormat("time_range")
	}
	for _, c := range corners {
		if c.X < 18_000_000 || c.X > 54_000_000 || c.Y < 73_800_000 || c.Y > 135_000_000 {
			return badFormat("area")
		}
	}
	return nil
}

var errAreaLocked = refusal{3018, "商家已接入美团配送，不可修改门店配送相关信息"}

// may refuses changes to the areas of a store that Meituan delivers for.
func (st *Store) mayDraw() error {
	if !selfDelivery(st.Logistics) && !crowdDelivery(st.Logistics) {
		return errAreaLocked
	}
	return nil
}

func areaOf(p func(string) string) (a Area, err error) {
	a = Area{Code: p("app_shipping_code"), Shape: p("area"), Times: p("time_range")}
	if a.Type, err = strconv.Atoi(p("type")); err != nil {
		return a, badFormat("type")
	}
	if p("min_price") == "" {
		return a, missing("min_price")
	}
	if a.MinPrice, err = parseYuan(p("min_price")); err != nil {
		return a, badFormat("min_price")
	}
	if v := p("shipping_fee"); v != "" {
		if a.Fee, err = parseYuan(v); err != nil {
			return a, badFormat("shipping_fee")
		}
	}
	return a, a.check()
}

// saveArea is shipping/save and, with hours, shipping/spec/save.
func (st *Store) saveArea(p func(string) string, special bool) error {
	a, err := areaOf(p)
	switch {
	case err != nil:
		return err
	case special && a.Times == "":
		return missing("time_range")
	case !special:
		a.Times = ""
	}
	if err := st.mayDraw(); err != nil {
		return err
	}
	if i := slices.IndexFunc(st.Areas, func(x Area) bool { return x.Code == a.Code }); i >= 0 {
		st.Areas[i] = a
	} else {
		st.Areas = append(st.Areas, a)
	}
	return nil
}

// replaceAreas is shipping/batchsave: what is not sent is deleted.
func (st *Store) replaceAreas(data string) error {
	var list []struct {
		Area
		Type  text            `json:"type"`
		Shape json.RawMessage `json:"area"` // a JSON string, or the array
	}
	if json.Unmarshal([]byte(data), &list) != nil || len(list) == 0 {
		return badFormat("shipping_data")
	}
	var areas []Area
	for _, x := range list {
		a := x.Area
		a.Type, _ = strconv.Atoi(string(x.Type))
		if json.Unmarshal(x.Shape, &a.Shape) != nil {
			a.Shape = string(x.Shape)
		}
		if err := a.check(); err != nil {
			return err
		}
		areas = append(areas, a)
	}
	if err := st.mayDraw(); err != nil {
		return err
	}
	st.Areas = areas
	return nil
}

func (st *Store) deleteArea(code string) error {
	if err := st.mayDraw(); err != nil {
		return err
	}
	n := len(st.Areas)
	if st.Areas = slices.DeleteFunc(st.Areas, func(a Area) bool { return a.Code == code }); len(st.Areas) == n {
		return badFormat("app_shipping_code")
	}
	return nil
}

// areaRows are the areas as shipping/list answers them; fetch tells how it is delivered as well.
func (st *Store) areaRows(fetch bool) []any {
	out := []any{}
	for _, a := range st.Areas {
		row := map[string]any{"app_poi_code": st.Code, "app_shipping_code": a.Code, "type": a.Type, "area": a.Shape, "min_price": a.MinPrice, "shipping_fee": a.Fee}
		if a.Times != "" {
			row["time_range"] = a.Times
		}
		if fetch {
			row["logistics_code"] = st.Logistics
		}
		out = append(out, row)
	}
	return out
}

func areaRoutes(routes map[string]endpoint) {
	change := func(f func(c *call, st *Store) error) endpoint {
		return endpoint{"POST", onStore(func(c *call, _ *change, st *Store) (any, error) { return "ok", f(c, st) })}
	}
	get := func(c *call) func(string) string { return func(k string) string { return c.p[k] } }
	routes["shipping/save"] = change(func(c *call, st *Store) error { return st.saveArea(get(c), false) })
	routes["shipping/spec/save"] = change(func(c *call, st *Store) error { return st.saveArea(get(c), true) })
	routes["shipping/batchsave"] = change(func(c *call, st *Store) error { return st.replaceAreas(c.p["shipping_data"]) })
	routes["shipping/delete"] = change(func(c *call, st *Store) error { return st.deleteArea(c.p["app_shipping_code"]) })
	routes["shipping/resetSelfDeliveryArea"] = change(func(c *call, st *Store) error {
		a, err := areaOf(get(c))
		if err == nil {
			err = st.mayDraw()
		}
		if err == nil {
			st.Areas = []Area{a}
		}
		return err
	})
	routes["shipping/list"] = endpoint{"GET", fromStore(func(_ *call, st *Store) (any, error) { return st.areaRows(false), nil })}
	routes["shipping/fetch"] = endpoint{"GET", fromStore(func(_ *call, st *Store) (any, error) { return st.areaRows(true), nil })}
}

func partnerAreas() map[string]partnerEndpoint {
	on := func(f func(c *partnerCall, st *Store) error) partnerEndpoint {
		return partnerStore(true, func(c *partnerCall, _ *change, st *Store) (any, error) { return "ok", f(c, st) })
	}
	list := func(fetch bool) partnerEndpoint {
		return partnerStore(false, func(_ *partnerCall, _ *change, st *Store) (any, error) {
			rows := st.areaRows(fetch)
			for i, a := range st.Areas {
				rows[i].(map[string]any)["type"] = strconv.Itoa(a.Type) // text in Meituan's kit for Go (2025)
			}
			return rows, nil
		})
	}
	return map[string]partnerEndpoint{
		"/waimai/ng/shipping/save":      on(func(c *partnerCall, st *Store) error { return st.saveArea(c.get, false) }),
		"/waimai/ng/shipping/spec/save": on(func(c *partnerCall, st *Store) error { return st.saveArea(c.get, true) }),
		"/waimai/ng/shipping/batchsave": on(func(c *partnerCall, st *Store) error { return st.replaceAreas(c.get("shipping_data")) }),
		"/waimai/ng/shipping/delete":    on(func(c *partnerCall, st *Store) error { return st.deleteArea(c.get("app_shipping_code")) }),
		"/waimai/ng/shipping/list":      list(false),
		"/waimai/ng/shipping/fetch":     list(true),
	}
}
