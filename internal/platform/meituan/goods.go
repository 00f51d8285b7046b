package meituan

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"github.com/tongdan/tongdan/front"
)

// Dishes, retail goods and medicines are one thing with three sets of names: an item with a code, under a heading, with
// SKUs that have price, stock and state. A goods is one set of names; what it lacks is "". A medicine has one SKU,
// whose fields stand at the item.
type goods struct {
	list, categories, properties string // reads

	item, items, update, updates string // one new or changed item; many; where there is one of its own, of what is there already
	drop, drops                  string // delete one, many
	heading, newHeading          string // change a category, make one where that is another call
	dropHeading                  string
	sku, dropSKU                 string
	price, stock, more, less     string
	sale, bind                   string
	recode, byName               string

	code, data string // names of an item's code and of a list
	flat       bool   // no SKUs
}

var families = map[front.Family]goods{
	front.Food: {list: "food/list", categories: "foodCat/list", properties: "food/property/list", item: "food/initdata", items: "food/batchinitdata", drop: "food/delete", drops: "food/batchDelSpu",
		heading: "foodCat/update", newHeading: "foodCat/update", dropHeading: "foodCat/delete", sku: "food/sku/save", dropSKU: "food/sku/delete", price: "food/sku/price", stock: "food/sku/stock", more: "food/sku/inc_stock", less: "food/sku/desc_stock",
		sale: "food/sku/sellStatus", bind: "food/bind/property", recode: "food/updateAppFoodCodeByOrigin", byName: "food/updateAppFoodCodeByNameAndSpec", code: "app_food_code", data: "food_data"},
	front.Retail: {list: "retail/list", categories: "retailCat/list", properties: "retail/property/list", item: "retail/initdata", items: "retail/batchinitdata", drop: "retail/delete",
		heading: "retailCat/update", newHeading: "retailCat/update", dropHeading: "retailCat/delete", sku: "retail/sku/save", dropSKU: "retail/sku/delete", price: "retail/sku/price", stock: "retail/sku/stock",
		sale: "retail/sku/sellStatus", bind: "retail/bind/property", code: "app_food_code", data: "food_data"},
	front.Medicine: {list: "medicine/list", categories: "medicineCat/list", item: "medicine/save", items: "medicine/batchsave", update: "medicine/update", updates: "medicine/batchupdate", drop: "medicine/delete",
		heading: "medicineCat/update", newHeading: "medicineCat/save", dropHeading: "medicineCat/delete", price: "medicine/price", stock: "medicine/stock", sale: "medicine/isSoldOut",
		code: "app_medicine_code", data: "medicine_data", flat: true},
}

// batch is how many items one call takes: 200 at most, 100 are advised.
const batch = 100

// days are the names of available_times.
var days = []string{"monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"}

func (s *shop) categories(ctx context.Context, id string, g goods) (list []front.Category, err error) {
	const op = "meituan.categories"
	data, _, err := s.do(ctx, op, id, call{path: g.categories, params: map[string]string{"app_poi_code": id}})
	if err != nil {
		return nil, err
	}
	type heading struct {
		Name     text            `json:"name"`
		Code     text            `json:"code"`
		Sequence text            `json:"sequence"`
		Words    *text           `json:"category_description"`
		Children json.RawMessage `json:"children"`
	}
	read := func(h heading) front.Category {
		c := front.Category{Name: string(h.Name), Sequence: count(h.Sequence)}
		if g.flat {
			c.Code = new(string(h.Code))
		}
		if h.Words != nil {
			c.Description = new(string(*h.Words))
		}
		return c
	}
	rows, err := table[heading](op, id, data)
	if err != nil {
		return nil, err
	}
	for _, r := range rows {
		list = append(list, read(r))
		var below []heading
		if len(r.Children) > 0 && json.Unmarshal(unquoted(r.Children), &below) != nil {
			return nil, unreadable(op, id, nil)
		}
		for _, b := range below {
			c := read(b)
			c.Parent = new(string(r.Name))
			list = append(list, c)
		}
	}
	return list, nil
}

type wireItem struct {
	Food     text            `json:"app_food_code"`
	Drug     text            `json:"app_medicine_code"`
	Name     text            `json:"name"`
	Words    *text           `json:"description"`
	Category text            `json:"category_name"`
	Second   text            `json:"secondary_category_name"`
	Unit     *text           `json:"unit"`
	MinOrder text            `json:"min_order_count"`
	SoldOut  text            `json:"is_sold_out"`
	Picture  *text           `json:"picture"`
	Sequence text            `json:"sequence"`
	Approval *text           `json:"medicine_no"`
	Price    text            `json:"price"`
	Stock    text            `json:"stock"`
	UPC      *text           `json:"upc"`
	Spec     *text           `json:"spec"`
	SKUs     json.RawMessage `json:"skus"`
	BoxCount text            `json:"box_num"`
	BoxPrice text            `json:"box_price"`
}

type wireSKU struct {
	ID       text            `json:"sku_id"`
	Spec     *text           `json:"spec"`
	UPC      *text           `json:"upc"`
	Price    text            `json:"price"`
	Stock    text            `json:"stock"`
	Shelf    *text           `json:"location_code"`
	BoxCount text            `json:"box_num"`
	BoxPrice text            `json:"box_price"`
	Weight   text            `json:"weight"`
	Times    json.RawMessage `json:"available_times"`
	Off      text            `json:"sell_status"`
}

// items reads the whole menu, a page after another.
func (s *shop) items(ctx context.Context, id string, g goods) (list []front.Item, err error) {
	const op = "meituan.items"
	for offset := 0; offset < foodMost; offset += foodPage {
		data, _, err := s.do(ctx, op, id, call{path: g.list, params: map[string]string{"app_poi_code": id, "offset": strconv.Itoa(offset), "limit": strconv.Itoa(foodPage)}})
		if err != nil {
			return nil, err
		}
		rows, err := table[wireItem](op, id, data)
		if err != nil {
			return nil, err
		}
		for _, r := range rows {
			i, err := r.item(g)
			if err != nil {
				return nil, unreadable(op, id, err)
			}
			list = append(list, i)
		}
		if len(rows) < foodPage {
			break
		}
	}
	return list, nil
}

func plain(t *text) *string {
	if t == nil {
		return nil
	}
	return new(string(*t))
}

func pieces(t text) *int64 {
	switch n, err := strconv.ParseInt(string(t), 10, 64); {
	case t == "*" || t == "":
		return new(front.Unlimited)
	case err == nil && n >= 0:
		return &n
	}
	return nil
}

func (r wireItem) item(g goods) (front.Item, error) {
	i := front.Item{Code: string(r.Food + r.Drug), Name: new(string(r.Name)), Category: new(string(cmp.Or(r.Second, r.Category))), Sequence: count(r.Sequence)}
	on := r.SoldOut != "1"
	if g.flat {
		i.Approval = plain(r.Approval)
		i.SKUs = []front.SKU{{Spec: plain(r.Spec), UPC: plain(r.UPC), Price: minor(r.Price), Stock: pieces(r.Stock), OnSale: &on}}
		return i, nil
	}
	if r.Second != "" {
		i.Parent = new(string(r.Category))
	}
	i.Description, i.Unit, i.MinOrder, i.Picture = plain(r.Words), plain(r.Unit), count(r.MinOrder), plain(r.Picture)
	var skus []wireSKU
	if raw := unquoted(r.SKUs); len(raw) > 0 && string(raw) != `""` {
		if err := json.Unmarshal(raw, &skus); err != nil {
			return i, err
		}
	}
	for _, k := range skus {
		sku := front.SKU{Code: string(k.ID), Spec: plain(k.Spec), UPC: plain(k.UPC), Price: minor(k.Price), Stock: pieces(k.Stock), Shelf: plain(k.Shelf), BoxCount: count(k.BoxCount), BoxPrice: minor(k.BoxPrice),
			Weight: count(k.Weight)}
		if k.Off != "" || !on { // where the state of a SKU is not told, that of a dish which is sold says nothing of it
			sku.OnSale = new(on && k.Off != "1")
		}
		var times map[string]text
		if len(k.Times) > 0 && json.Unmarshal(unquoted(k.Times), &times) == nil {
			list := []front.DaySpan{}
			for d, name := range days {
				if h := hoursOf(string(times[name])); h != nil {
					for _, x := range *h {
						list = append(list, front.DaySpan{Day: d + 1, Span: x})
					}
				}
			}
			sku.Times = &list
		}
		i.SKUs = append(i.SKUs, sku)
	}
	if len(i.SKUs) == 0 {
		i.SKUs = []front.SKU{{Price: minor(r.Price), Stock: pieces(""), OnSale: &on, BoxCount: count(r.BoxCount), BoxPrice: minor(r.BoxPrice)}}
	}
	return i, nil
}

func (s *shop) properties(ctx context.Context, id string, g goods, code string) (*[]front.Property, error) {
	const op = "meituan.properties"
	data, _, err := s.do(ctx, op, code, call{path: g.properties, params: map[string]string{"app_poi_code": id, g.code: code}})
	if err != nil {
		return nil, err
	}
	rows, err := table[struct {
		Name   text            `json:"property_name"`
		Values json.RawMessage `json:"values"`
	}](op, code, data)
	list := []front.Property{}
	for _, r := range rows {
		var values []string
		if json.Unmarshal(unquoted(r.Values), &values) != nil {
			return nil, unreadable(op, code, nil)
		}
		list = append(list, front.Property{Name: string(r.Name), Values: values})
	}
	return &list, err
}

// call is the one call for the first of some changes, and for those after it that it can take along. There is none
// where path is "".
func (g goods) call(changes []front.Change, has func(string) bool) (n int, c call) {
	first := changes[0]
	// run counts the changes like the first one, up to what a call takes.
	run := func(same func(front.Change) bool) []front.Change {
		n = 1
		for n < len(changes) && n < batch && changes[n].What == first.What && changes[n].Op == first.Op && (same == nil || same(changes[n])) {
			n++
		}
		return changes[:n]
	}
	n = 1
	switch first.What {
	case front.OfCategory:
		return n, g.headingCall(first)
	case front.OfItem:
		switch first.Op {
		case front.Delete:
			if g.drops == "" || !has(g.drops) {
				return n, call{path: g.drop, params: map[string]string{g.code: first.Code}}
			}
			var codes []string
			for _, x := range run(nil) {
				codes = append(codes, x.Code)
			}
			if n == 1 {
				return n, call{path: g.drop, params: map[string]string{g.code: first.Code}}
			}
			return n, call{path: g.drops, params: map[string]string{"app_food_codes": strings.Join(codes, ",")}}
		case front.Rename:
			return n, g.recodeCall(first)
		}
		return g.itemCall(run(nil), has)
	case front.OfSKU:
		switch {
		case g.flat, first.Op != front.Delete && !has(g.sku):
			return g.itemCall(changes[:1], has)
		case first.Op == front.Delete:
			return n, call{path: g.dropSKU, params: map[string]string{g.code: first.Code, "sku_id": first.SKU}}
		}
		row := skuRow(*first.Item.SKU(first.SKU))
		if g.sku == "retail/sku/save" {
			return n, call{path: g.sku, params: map[string]string{g.code: first.Code, "standard_sku": "", "unstandard_skus": list(row)}}
		}
		return n, call{path: g.sku, params: map[string]string{g.code: first.Code, "skus": list(row)}}
	case front.OfPrice:
		return n, g.values(g.price, "price", run(nil), func(v json.RawMessage) any { return yuanText(number(v)) })
	case front.OfStock:
		return n, g.values(g.stock, "stock", run(nil), func(v json.RawMessage) any { return stockText(number(v)) })
	case front.OfStockAdd:
		path, less := g.more, number(first.Fields[0].After) < 0
		if less {
			path = g.less
		}
		all := run(func(c front.Change) bool { return number(c.Fields[0].After) < 0 == less })
		return n, g.values(path, "stock", all, func(v json.RawMessage) any { return strconv.FormatInt(max(number(v), -number(v)), 10) })
	case front.OfSale:
		off := map[bool]string{true: "0", false: "1"}[string(first.Fields[0].After) == "true"]
		if g.flat {
			return n, g.values(g.sale, "is_sold_out", run(nil), func(v json.RawMessage) any { return map[bool]int{true: 0, false: 1}[string(v) == "true"] })
		}
		c := g.values(g.sale, "", run(func(c front.Change) bool { return string(c.Fields[0].After) == string(first.Fields[0].After) }), nil)
		c.params["sell_status"] = off
		return n, c
	case front.OfProperties:
		type property struct {
			Name   string   `json:"property_name"`
			Values []string `json:"values"`
		}
		var rows []any
		for _, x := range run(nil) {
			var given []front.Property
			_ = json.Unmarshal(x.Fields[0].After, &given) // ours
			list := []property{}
			for _, p := range given {
				list = append(list, property(p))
			}
			rows = append(rows, map[string]any{g.code: x.Code, "properties": list})
		}
		return n, call{path: g.bind, params: map[string]string{"food_property": list(rows...)}}
	}
	return n, call{}
}

func number(v json.RawMessage) int64 {
	n, _ := strconv.ParseInt(string(v), 10, 64)
	return n
}

func stockText(v int64) string {
	if v < 0 {
		return "*"
	}
	return strconv.FormatInt(v, 10)
}

// list is rows as the JSON text of a parameter.
func list(rows ...any) string {
	b, _ := json.Marshal(rows) // texts and numbers always encode
	return string(b)
}

// values is a call that sets one value of many SKUs; those of one item stand together.
func (g goods) values(path, name string, changes []front.Change, value func(json.RawMessage) any) call {
	var rows []any
	at := map[string]map[string]any{}
	for _, c := range changes {
		sku := map[string]any{"sku_id": c.SKU}
		if name != "" {
			sku[name] = value(c.Fields[0].After)
		}
		switch row := at[c.Code]; {
		case g.flat:
			rows = append(rows, map[string]any{g.code: c.Code, name: sku[name]})
		case row != nil:
			row["skus"] = append(row["skus"].([]any), sku)
		default:
			at[c.Code] = map[string]any{g.code: c.Code, "skus": []any{sku}}
			rows = append(rows, at[c.Code])
		}
	}
	return call{path: path, params: map[string]string{g.data: list(rows...)}}
}

func (g goods) headingCall(c front.Change) call {
	h := c.Category
	if g.flat {
		params := map[string]string{}
		if h.Code != nil {
			params["category_code"] = *h.Code
		}
		if c.Op == front.Delete {
			return call{path: g.dropHeading, params: params}
		}
		params["category_name"] = c.Code
		params["sequence"] = strconv.Itoa(value(h.Sequence))
		return call{path: map[bool]string{true: g.newHeading, false: g.heading}[c.Op == front.Add], params: params}
	}
	if c.Op == front.Delete {
		return call{path: g.dropHeading, params: map[string]string{"category_name": c.Code}}
	}
	params := map[string]string{"category_name": c.Code}
	switch {
	case c.Op == front.Rename:
		params["category_name_origin"] = c.Was
	case c.Op == front.Set:
		params["category_name_origin"] = c.Code
	case h.Parent != nil && *h.Parent != "": // a new one of the second level is named beside the first; assumed
		params["category_name"], params["secondary_category_name"] = *h.Parent, c.Code
	}
	if h.Sequence != nil || c.Op == front.Add {
		params["sequence"] = strconv.Itoa(value(h.Sequence))
	}
	if h.Description != nil && g.list == "food/list" {
		params["category_description"] = *h.Description
	}
	return call{path: g.heading, params: params}
}

func value[T any](p *T) (v T) {
	if p != nil {
		v = *p
	}
	return v
}

func (g goods) recodeCall(c front.Change) call {
	if c.Was != "" {
		return call{path: g.recode, params: map[string]string{"app_food_code_origin": c.Was, g.code: c.Code}}
	}
	params := map[string]string{"name": c.Name, g.code: c.Code, "category_name": value(c.Item.Category)}
	if len(c.Item.SKUs) == 1 {
		params["spec"] = value(c.Item.SKUs[0].Spec)
	}
	return call{path: g.byName, params: params}
}

// itemCall writes whole items: one by a call of its own where there is one, else as a list.
func (g goods) itemCall(changes []front.Change, has func(string) bool) (int, call) {
	first, there := g.item, changes[0].Op != front.Add
	many := g.items
	if there && g.update != "" {
		first, many = g.update, g.updates
	}
	if len(changes) > 1 || !has(first) {
		var rows []any
		for _, c := range changes {
			rows = append(rows, g.row(*c.Item))
		}
		params := map[string]string{g.data: list(rows...)}
		if !g.flat {
			params["sku_overwrite"] = "false"
		}
		return len(changes), call{path: many, params: params}
	}
	params := map[string]string{}
	for k, v := range g.row(*changes[0].Item) {
		if s, ok := v.(string); ok {
			params[k] = s
		} else {
			b, _ := json.Marshal(v) // texts and numbers always encode
			params[k] = string(b)
		}
	}
	return 1, call{path: first, params: params}
}

// row is an item in Meituan's names, whole. What Meituan wants of a new item and nobody has said is said for him.
func (g goods) row(i front.Item) map[string]any {
	row := map[string]any{g.code: i.Code, "category_name": value(i.Category)}
	if i.Sequence != nil {
		row["sequence"] = *i.Sequence
	}
	off := len(i.SKUs) > 0 && !slices.ContainsFunc(i.SKUs, func(k front.SKU) bool { return k.OnSale == nil || *k.OnSale })
	row["is_sold_out"] = map[bool]int{true: 1}[off]
	if g.flat {
		if i.Approval != nil {
			row["medicine_no"] = *i.Approval
		}
		for _, k := range i.SKUs {
			for name, v := range map[string]*string{"upc": k.UPC, "spec": k.Spec} {
				if v != nil {
					row[name] = *v
				}
			}
			if k.Price != nil {
				row["price"] = yuanText(*k.Price)
			}
			row["stock"] = stockText(value(k.Stock))
		}
		return row
	}
	if value(i.Parent) != "" {
		row["category_name"], row["secondary_category_name"] = *i.Parent, value(i.Category)
	}
	row["name"], row["description"], row["picture"] = value(i.Name), value(i.Description), value(i.Picture)
	row["unit"], row["min_order_count"] = cmp.Or(value(i.Unit), "份"), cmp.Or(value(i.MinOrder), 1)
	var skus []any
	lowest := int64(-1)
	for _, k := range i.SKUs {
		if k.Price != nil && (lowest < 0 || *k.Price < lowest) {
			lowest = *k.Price
		}
		skus = append(skus, skuRow(k))
	}
	row["skus"] = skus
	if len(i.SKUs) > 0 {
		row["price"], row["box_num"], row["box_price"] = yuanText(max(lowest, 0)), value(i.SKUs[0].BoxCount), yuanText(value(i.SKUs[0].BoxPrice))
	}
	return row
}

func skuRow(k front.SKU) map[string]any {
	stock := front.Unlimited
	if k.Stock != nil {
		stock = *k.Stock
	}
	row := map[string]any{"sku_id": k.Code, "spec": value(k.Spec), "upc": value(k.UPC), "price": yuanText(value(k.Price)), "stock": stockText(stock), "location_code": value(k.Shelf),
		"box_num": strconv.Itoa(value(k.BoxCount)), "box_price": yuanText(value(k.BoxPrice))}
	if k.Weight != nil {
		row["weight"] = *k.Weight
	}
	if k.Times != nil {
		times := map[string]string{}
		for d, name := range days {
			var of []front.Span
			for _, t := range *k.Times {
				if t.Day == d+1 {
					of = append(of, t.Span)
				}
			}
			if of != nil {
				times[name] = written(of)
			}
		}
		row["available_times"] = times
	}
	return row
}
