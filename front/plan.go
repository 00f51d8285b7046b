package front

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"maps"
	"slices"
)

// An Op is what a change does.
type Op string

// The ops.
const (
	Add    Op = "add"
	Set    Op = "set"
	Rename Op = "rename"
	Delete Op = "delete"
)

// A What is what a change is about. Prices, stock, sale and properties of an item have changes of their own, since
// platforms have calls for them, and since a price that is refused keeps no name from being changed.
type What string

// What changes are about.
const (
	OfProfile    What = "profile"
	OfArea       What = "area"
	OfCategory   What = "category"
	OfItem       What = "item"
	OfSKU        What = "sku"
	OfPrice      What = "price"
	OfStock      What = "stock"
	OfStockAdd   What = "stock_add"
	OfSale       What = "sale"
	OfProperties What = "properties"
)

// A Field is one value that changes, as JSON; none = it was not there, or nobody can tell.
type Field struct {
	Name   string          `json:"name"`
	Before json.RawMessage `json:"before,omitempty"`
	After  json.RawMessage `json:"after,omitempty"`
}

// A Change is one thing that differs. One of the pointers holds it whole, as it is to be.
type Change struct {
	Op     Op      `json:"op"`
	What   What    `json:"what"`
	Code   string  `json:"code,omitempty"` // of the area or item; of a category its name
	SKU    string  `json:"sku,omitempty"`
	Name   string  `json:"name,omitempty"` // as people know it
	Was    string  `json:"was,omitempty"`  // the code or name until now, with Rename
	Fields []Field `json:"fields,omitempty"`

	Profile  *Profile  `json:"profile,omitempty"`
	Area     *Area     `json:"area,omitempty"`
	Category *Category `json:"category,omitempty"`
	Item     *Item     `json:"item,omitempty"`
}

// Key tells a change from the others of a plan.
func (c Change) Key() string { return string(c.What) + "/" + string(c.Op) + "/" + c.Code + "/" + c.SKU }

// Takes reports whether a change takes something away that a customer could see.
func (c Change) Takes() bool {
	if c.Op == Delete {
		return true
	}
	for _, f := range c.Fields {
		if c.What == OfProfile && f.Name == "online" && string(f.After) == "false" || c.What == OfProperties && drops(f) {
			return true
		}
	}
	return false
}

// drops reports whether a property, or a value of one, is there no more afterwards.
func drops(f Field) bool {
	read := func(raw json.RawMessage) map[[2]string]bool {
		var list []Property
		if len(raw) > 0 && json.Unmarshal(raw, &list) != nil {
			panic("front: properties that are none") // ours
		}
		m := map[[2]string]bool{}
		for _, p := range list {
			for _, v := range p.Values {
				m[[2]string{p.Name, v}] = true
			}
		}
		return m
	}
	after := read(f.After)
	for v := range read(f.Before) {
		if !after[v] {
			return true
		}
	}
	return false
}

// A Plan is what an edit would change, in the order in which it is done, and a digest of all of it.
type Plan struct {
	Changes []Change
	Digest  string
}

// Consent reports whether somebody must have seen the plan, and say so by its digest, before it is carried out: it
// takes something away, it leaves nothing but what it names, or it draws where people are delivered to.
func (p Plan) Consent(replace bool) bool {
	return replace || slices.ContainsFunc(p.Changes, func(c Change) bool { return c.Takes() || c.What == OfArea })
}

// How says how to plan.
type How struct {
	Part    Part
	Family  Family
	Replace bool                        // what is not named goes away
	Bound   func(item, sku string) bool // its stock is kept by levels here; nil = none
}

func (h How) bound(item, sku string) bool { return h.Bound != nil && h.Bound(item, sku) }

// rank is the order of changes: a heading before what stands under it, what takes away last.
var rank = map[What]int{OfProfile: 0, OfArea: 1, OfCategory: 2, OfItem: 3, OfSKU: 4, OfPrice: 5, OfStock: 6, OfStockAdd: 7, OfSale: 8, OfProperties: 9}

// Make finds what an edit would change. want has been checked (Check), which has also brought its places into the
// system of the platform's maps. The same live and want give the same plan and digest.
func Make(live, want Front, how How) Plan {
	var list []Change
	switch how.Part {
	case InProfile:
		list = profile(live, want)
	case InAreas:
		list = areas(live, want, how)
	case InMenu:
		list = slices.Concat(categories(live, want, how), items(live, want, how))
	}
	place := func(c Change) int {
		if c.Op == Delete { // SKUs, then items, then headings
			return 100 - rank[c.What]
		}
		return rank[c.What]
	}
	slices.SortStableFunc(list, func(a, b Change) int { return cmp.Compare(place(a), place(b)) })
	return Plan{list, digest(list, how)}
}

// digest pins what is to be done and what it replaces. What a stock was is left out: it moves with every sale.
func digest(list []Change, how How) string {
	h := sha256.New()
	enc := json.NewEncoder(h)
	fail := enc.Encode([]any{how.Part, how.Family, how.Replace})
	for _, c := range list {
		c.Profile, c.Area, c.Category = nil, nil, nil
		if c.Item != nil && c.Op == Add { // its fields say it
			c.Item = nil
		} else if c.Item != nil { // whole, but for the stock
			whole := *c.Item
			whole.SKUs = slices.Clone(whole.SKUs)
			for i := range whole.SKUs {
				whole.SKUs[i].Stock = nil
			}
			c.Item = &whole
		}
		c.Fields = slices.Clone(c.Fields)
		for i := range c.Fields {
			if c.What == OfStock || c.What == OfStockAdd {
				c.Fields[i].Before = nil
			}
		}
		fail = cmp.Or(fail, enc.Encode(c))
	}
	if fail != nil {
		panic("front: a change that is no JSON")
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// What of an item, and of a SKU, stands in no deletion of it: the code, what is not always read, and what moves with
// every sale.
var (
	itemsOwn = []string{"code", "skus", "properties"}
	skusOwn  = []string{"code", "stock", "on_sale"}
)

// gone are the fields of something that is deleted, so that the digest pins what it was.
func gone(live any, but ...string) (fields []Field) {
	have := members(live)
	for _, name := range sorted(have) {
		if !slices.Contains(but, name) {
			fields = append(fields, Field{Name: name, Before: have[name]})
		}
	}
	return fields
}

// alone are the fields of a profile that platforms have calls of their own for.
var alone = []string{"hours", "notice", "online", "rider_delay_s"}

func profile(live, want Front) (list []Change) {
	if want.Profile == nil {
		return nil
	}
	if live.Profile == nil { // the platform has no such shop yet
		whole, fields := overlay(Profile{}, *want.Profile, "system")
		return []Change{{Op: Add, What: OfProfile, Fields: fields, Profile: &whole}}
	}
	whole, fields := overlay(*live.Profile, *want.Profile, "system")
	var rest []Field
	for _, f := range fields {
		if slices.Contains(alone, f.Name) {
			list = append(list, Change{Op: Set, What: OfProfile, Code: f.Name, Fields: []Field{f}, Profile: &whole})
		} else {
			rest = append(rest, f)
		}
	}
	if len(rest) > 0 {
		list = append([]Change{{Op: Set, What: OfProfile, Fields: rest, Profile: &whole}}, list...)
	}
	return list
}

func areas(live, want Front, how How) (list []Change) {
	named := map[string]bool{}
	for _, w := range want.Areas {
		named[w.Code] = true
		have := live.Area(w.Code)
		switch {
		case w.Delete && have == nil:
		case w.Delete:
			list = append(list, Change{Op: Delete, What: OfArea, Code: w.Code, Fields: gone(*have, "code")})
		case have == nil:
			_, fields := overlay(Area{}, w, "code", "system")
			list = append(list, Change{Op: Add, What: OfArea, Code: w.Code, Fields: fields, Area: &w})
		default:
			if whole, fields := overlay(*have, w, "code", "system"); len(fields) > 0 {
				list = append(list, Change{Op: Set, What: OfArea, Code: w.Code, Fields: fields, Area: &whole})
			}
		}
	}
	for _, a := range live.Areas {
		if how.Replace && !named[a.Code] {
			list = append(list, Change{Op: Delete, What: OfArea, Code: a.Code, Fields: gone(a, "code")})
		}
	}
	return list
}

func categories(live, want Front, how How) (list []Change) {
	named := map[string]bool{}
	for _, w := range want.Categories {
		named[w.Name] = true
		have := live.Category(w.Name)
		if w.Was != "" && w.Was != w.Name && have == nil {
			if have = live.Category(w.Was); have != nil {
				named[w.Was] = true
				whole, fields := overlay(*have, w, "was")
				list = append(list, Change{Op: Rename, What: OfCategory, Code: w.Name, Name: w.Name, Was: w.Was, Fields: fields, Category: &whole})
				continue
			}
		}
		switch {
		case w.Delete && have == nil:
		case w.Delete:
			list = append(list, Change{Op: Delete, What: OfCategory, Code: w.Name, Name: w.Name, Category: have})
		case have == nil:
			_, fields := overlay(Category{}, w, "name", "was")
			w.Was = ""
			list = append(list, Change{Op: Add, What: OfCategory, Code: w.Name, Name: w.Name, Fields: fields, Category: &w})
		default:
			if whole, fields := overlay(*have, w, "was"); len(fields) > 0 {
				list = append(list, Change{Op: Set, What: OfCategory, Code: w.Name, Name: w.Name, Fields: fields, Category: &whole})
			}
		}
	}
	if !how.Replace {
		return list
	}
	keep := func(i Item) {
		for _, name := range []*string{i.Category, i.Parent} {
			if name != nil {
				named[*name] = true
			}
		}
	}
	for _, i := range live.Items { // it has no code by which it could be named or deleted
		if i.Code == "" {
			keep(i)
		}
	}
	for _, w := range want.Items { // a heading that an item stands under stays
		i := w
		if i.Category == nil && !i.Delete {
			if have := cmp.Or(live.Item(w.Code), renamed(live, w)); have != nil {
				i = *have
			}
		}
		keep(i)
	}
	for i, c := range live.Categories {
		if !named[c.Name] && !slices.ContainsFunc(live.Categories, func(x Category) bool { return named[x.Name] && x.Parent != nil && *x.Parent == c.Name }) {
			list = append(list, Change{Op: Delete, What: OfCategory, Code: c.Name, Name: c.Name, Category: &live.Categories[i]})
		}
	}
	return list
}

func items(live, want Front, how How) (list []Change) {
	named := map[string]bool{}
	for _, w := range want.Items {
		named[w.Code] = true
		have := live.Item(w.Code)
		if have == nil && !w.Delete {
			if old := renamed(live, w); old != nil {
				named[old.Code] = true
				list = append(list, Change{Op: Rename, What: OfItem, Code: w.Code, Name: nameOf(*old), Was: old.Code, Item: old,
					Fields: []Field{{Name: "code", Before: quote(old.Code), After: quote(w.Code)}}})
				moved := *old
				moved.Code = w.Code
				have = &moved
			}
		}
		switch {
		case w.Delete && have == nil:
		case w.Delete:
			list = append(list, Change{Op: Delete, What: OfItem, Code: w.Code, Name: nameOf(*have), Fields: gone(*have, itemsOwn...)})
		case have == nil:
			list = append(list, added(w, how)...)
		default:
			list = append(list, changed(*have, w, how)...)
		}
	}
	for _, i := range live.Items {
		if how.Replace && !named[i.Code] && i.Code != "" {
			list = append(list, Change{Op: Delete, What: OfItem, Code: i.Code, Name: nameOf(i), Fields: gone(i, itemsOwn...)})
		}
	}
	return list
}

// renamed is the live item that is to get the code of w: the one with the code Was, or one without any that is
// called the same.
func renamed(live Front, w Item) *Item {
	if w.Was != "" && w.Was != w.Code {
		return live.Item(w.Was)
	}
	for i, x := range live.Items {
		if x.Code == "" && w.Name != nil && nameOf(x) == *w.Name {
			return &live.Items[i]
		}
	}
	return nil
}

func added(w Item, how How) []Change {
	w.Was = ""
	_, fields := overlay(Item{}, w, "code", "properties")
	whole := w
	whole.SKUs = slices.Clone(w.SKUs)
	list := []Change{{Op: Add, What: OfItem, Code: w.Code, Name: nameOf(w), Fields: fields, Item: &whole}}
	for i, k := range whole.SKUs {
		if how.bound(w.Code, k.Code) {
			whole.SKUs[i].Stock = new(int64) // the stock here gives it its number
		}
		if k.OnSale != nil && !*k.OnSale {
			list = append(list, Change{Op: Set, What: OfSale, Code: w.Code, SKU: k.Code, Name: nameOf(w), Fields: []Field{{Name: "on_sale", After: quote(false)}}})
		}
	}
	if w.Properties != nil && len(*w.Properties) > 0 {
		list = append(list, Change{Op: Set, What: OfProperties, Code: w.Code, Name: nameOf(w), Fields: []Field{{Name: "properties", After: quote(*w.Properties)}}})
	}
	return list
}

// aspects are the fields of a SKU with calls of their own.
var aspects = map[string]What{"price": OfPrice, "stock": OfStock, "stock_add": OfStockAdd, "on_sale": OfSale}

func changed(have, w Item, how How) (list []Change) {
	whole, fields := overlay(have, w, "code", "was", "delete", "skus", "properties")
	name := nameOf(whole)
	whole.SKUs = slices.Clone(have.SKUs)
	named := map[string]bool{}
	var parts []Change
	part := func(op Op, what What, sku string, fields []Field) {
		parts = append(parts, Change{Op: op, What: what, Code: w.Code, SKU: sku, Name: name, Fields: fields})
	}
	for _, k := range w.SKUs {
		named[k.Code] = true
		at := slices.IndexFunc(whole.SKUs, func(x SKU) bool { return x.Code == k.Code })
		switch {
		case k.Delete && at < 0:
		case k.Delete:
			fields := gone(whole.SKUs[at], skusOwn...)
			whole.SKUs = slices.Delete(whole.SKUs, at, at+1)
			part(Delete, OfSKU, k.Code, fields)
		case at < 0:
			_, fields := overlay(SKU{}, k, "code", "on_sale")
			whole.SKUs = append(whole.SKUs, k)
			part(Add, OfSKU, k.Code, fields)
			if k.OnSale != nil && !*k.OnSale {
				part(Set, OfSale, k.Code, []Field{{Name: "on_sale", After: quote(false)}})
			}
		default:
			merged, fields := overlay(whole.SKUs[at], k, "code")
			merged.StockAdd = nil
			whole.SKUs[at] = merged
			var others []Field
			for _, f := range fields {
				if what, ok := aspects[f.Name]; ok {
					part(Set, what, k.Code, []Field{f})
				} else {
					others = append(others, f)
				}
			}
			if len(others) > 0 {
				part(Set, OfSKU, k.Code, others)
			}
		}
	}
	for _, k := range have.SKUs {
		if how.Replace && len(w.SKUs) > 0 && !named[k.Code] {
			whole.SKUs = slices.DeleteFunc(whole.SKUs, func(x SKU) bool { return x.Code == k.Code })
			part(Delete, OfSKU, k.Code, gone(k, skusOwn...))
		}
	}
	for i, k := range whole.SKUs {
		if how.bound(w.Code, k.Code) {
			whole.SKUs[i].Stock = new(int64)
		}
	}
	if w.Properties != nil {
		var before []Property
		if have.Properties != nil {
			before = *have.Properties
		}
		if b, a := quote(before), quote(*w.Properties); string(a) != string(b) && len(before)+len(*w.Properties) > 0 {
			part(Set, OfProperties, "", []Field{{Name: "properties", Before: b, After: a}})
		}
	}
	for i := range parts {
		if parts[i].What == OfSKU && parts[i].Op != Delete {
			parts[i].Item = &whole
		}
	}
	if len(fields) > 0 {
		list = append(list, Change{Op: Set, What: OfItem, Code: w.Code, Name: name, Fields: fields, Item: &whole})
	}
	return append(list, parts...)
}

func nameOf(i Item) string {
	if i.Name == nil {
		return ""
	}
	return *i.Name
}

func quote(v any) json.RawMessage {
	b, err := json.Marshal(v)
	if err != nil {
		panic("front: a value that is no JSON")
	}
	return b
}

func sorted[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// Holds reports whether a change is so in what is live now: after a call whose answer was lost. Of an addition to a
// stock nobody can tell.
func (c Change) Holds(live Front) bool {
	item := live.Item(c.Code)
	switch {
	case c.What == OfStockAdd:
		return false
	case c.What == OfArea && c.Op == Delete:
		return live.Area(c.Code) == nil
	case c.What == OfCategory && c.Op == Delete:
		return live.Category(c.Code) == nil
	case c.What == OfItem && c.Op == Delete:
		return item == nil
	case c.What == OfSKU && c.Op == Delete:
		return item == nil || item.SKU(c.SKU) == nil
	case c.What == OfProfile:
		return live.Profile != nil && agree(*live.Profile, c.Fields)
	case c.What == OfArea:
		a := live.Area(c.Code)
		return a != nil && agree(*a, c.Fields)
	case c.What == OfCategory:
		g := live.Category(c.Code)
		return g != nil && agree(*g, c.Fields)
	case item == nil:
		return false
	case c.What == OfItem && c.Op == Set:
		return agree(*item, c.Fields)
	case c.What == OfItem:
		return true
	case c.What == OfProperties:
		return item.Properties != nil && agree(struct {
			P []Property `json:"properties"`
		}{*item.Properties}, c.Fields)
	}
	k := item.SKU(c.SKU)
	return k != nil && (c.Op == Add || agree(*k, c.Fields))
}

func agree(v any, fields []Field) bool {
	m := members(v)
	return !slices.ContainsFunc(fields, func(f Field) bool { return string(m[f.Name]) != string(f.After) })
}
