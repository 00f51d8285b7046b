// Package front has what a shop shows its customers on a channel: its profile with the hours, its delivery areas and
// its menu. It says what an edit would change there before anything is sent: live and wanted are laid over one another,
// and the difference is a list of changes with a digest, which whoever agrees to it names.
//
// It is pure: no I/O. What a platform calls these things is its connector's matter; the words here are those of every
// channel: a menu has categories and items, an item has SKUs, a shop has areas and hours.
package front

import (
	"encoding/json"

	"github.com/tongdan/tongdan/geo"
)

// A Part is one piece of a front, which is read and changed by itself.
type Part string

// The parts.
const (
	InProfile Part = "profile"
	InAreas   Part = "areas"
	InMenu    Part = "menu"
)

// Known reports whether a part is one of the three.
func (p Part) Known() bool { return p == InProfile || p == InAreas || p == InMenu }

// A Family is a kind of goods for which platforms have calls of their own.
type Family string

// The families.
const (
	Food     Family = "food"
	Retail   Family = "retail"
	Medicine Family = "medicine"
)

// A Front is a part as it is live, or as it is wanted. In what is wanted, what is not given (null, left out) stays as it is.
// Amounts are minor units of the shop's currency.
type Front struct {
	Profile    *Profile   `json:"profile,omitempty"`
	Areas      []Area     `json:"areas,omitempty" maxItems:"100"`
	Categories []Category `json:"categories,omitempty" maxItems:"500"`
	Items      []Item     `json:"items,omitempty" maxItems:"500"`
	Kinds      []string   `json:"kinds,omitempty" doc:"Read alone, with a profile and when asked for: the names that its tags can have on the platform, where it lists them."`
}

// A Profile is what a shop says of itself.
type Profile struct {
	Name         *string    `json:"name,omitempty" maxLength:"200"`
	Address      *string    `json:"address,omitempty" maxLength:"400"`
	Phone        *string    `json:"phone,omitempty" maxLength:"100" doc:"For customers; several are separated by /."`
	Place        *geo.Point `json:"place,omitempty" doc:"Where it is, in the coordinate system of the platform's maps, or in that of system."`
	System       geo.System `json:"system,omitempty" enum:"wgs84,gcj02,bd09" doc:"Of place in what is wanted; left out: that of the platform's maps."`
	Hours        *[]Span    `json:"hours,omitempty" doc:"When it is open, every day; periods do not overlap."`
	Notice       *string    `json:"notice,omitempty" maxLength:"2000"`
	DeliveryFee  *int64     `json:"delivery_fee,omitempty" minimum:"0" maximum:"1000000"`
	Tags         *[]string  `json:"tags,omitempty" doc:"The platform's kinds of shops, the main one first."`
	Picture      *string    `json:"picture,omitempty" maxLength:"1000" doc:"What POST /shops/{id}/pictures gave, or an address. A changed picture needs another one."`
	Online       *bool      `json:"online,omitempty" doc:"Whether the platform lists it at all."`
	Invoices     *bool      `json:"invoices,omitempty"`
	PreOrders    *bool      `json:"pre_orders,omitempty" doc:"Orders outside its hours."`
	PreOrderDays *int       `json:"pre_order_days,omitempty" minimum:"0" maximum:"7" doc:"How many days ahead."`
	RiderDelay   *int       `json:"rider_delay_s,omitempty" minimum:"0" maximum:"3600" doc:"Seconds after acceptance before the platform sends for its rider."`
}

// A Span is a piece of a day, "07:00" to "23:00" by the shop's clock.
type Span struct {
	From string `json:"from" pattern:"^[0-9]{1,2}:[0-9]{2}$"`
	To   string `json:"to" pattern:"^[0-9]{1,2}:[0-9]{2}$"`
}

// An Area is where a shop delivers to.
type Area struct {
	Code     string      `json:"code" minLength:"1" maxLength:"128"`
	Delete   bool        `json:"delete,omitempty"`
	System   geo.System  `json:"system,omitempty" enum:"wgs84,gcj02,bd09" doc:"In which the shape is given; left out: that of the platform's maps. What is live is always in that."`
	Shape    geo.Polygon `json:"shape,omitempty" maxItems:"500" doc:"Its corners in order, the last joined to the first."`
	MinPrice *int64      `json:"min_price,omitempty" minimum:"0" maximum:"1000000" doc:"The smallest order that is delivered."`
	Fee      *int64      `json:"fee,omitempty" minimum:"0" maximum:"1000000"`
	Hours    *Span       `json:"hours,omitempty" doc:"Only then; may pass midnight. Left out: always."`
}

// A Category is a heading of a menu.
type Category struct {
	Name        string  `json:"name" minLength:"1" maxLength:"128"`
	Code        *string `json:"code,omitempty" maxLength:"32" doc:"Where the platform's categories have one."`
	Was         string  `json:"was,omitempty" maxLength:"128" doc:"Its name until now: it is renamed, with its items."`
	Delete      bool    `json:"delete,omitempty"`
	Parent      *string `json:"parent,omitempty" maxLength:"128" doc:"The heading above, where there are two levels."`
	Description *string `json:"description,omitempty" maxLength:"255"`
	Sequence    *int    `json:"sequence,omitempty" minimum:"0" maximum:"100000"`
}

// An Item is one thing of a menu: a dish, an article, a medicine.
type Item struct {
	Code        string      `json:"code" maxLength:"128" doc:"Our code of it on the platform. Empty in what is live: it was made in the platform's own app and has none."`
	Was         string      `json:"was,omitempty" maxLength:"128" doc:"Its code until now: it is given this one."`
	Delete      bool        `json:"delete,omitempty"`
	Name        *string     `json:"name,omitempty" maxLength:"100"`
	Description *string     `json:"description,omitempty" maxLength:"2000"`
	Category    *string     `json:"category,omitempty" maxLength:"128"`
	Parent      *string     `json:"parent,omitempty" maxLength:"128" doc:"The heading above its category, where there are two levels."`
	Unit        *string     `json:"unit,omitempty" maxLength:"20"`
	MinOrder    *int        `json:"min_order,omitempty" minimum:"1" maximum:"1000" doc:"How many must be ordered at least."`
	Picture     *string     `json:"picture,omitempty" maxLength:"1000" doc:"What POST /shops/{id}/pictures gave, or an address. A changed picture needs another one."`
	Sequence    *int        `json:"sequence,omitempty" minimum:"0" maximum:"100000"`
	Approval    *string     `json:"approval,omitempty" maxLength:"64" doc:"Of a medicine: 国药准字号."`
	SKUs        []SKU       `json:"skus,omitempty" maxItems:"200" doc:"One at least; that of an item without specifications has the code \"\"."`
	Properties  *[]Property `json:"properties,omitempty" doc:"All of them: what is not given here is taken away. Options that do not change the price."`
}

// A SKU is a specification of an item, with price and stock of its own.
type SKU struct {
	Code     string     `json:"code" maxLength:"128"`
	Delete   bool       `json:"delete,omitempty"`
	Spec     *string    `json:"spec,omitempty" maxLength:"100" doc:"What it is called: 大份."`
	UPC      *string    `json:"upc,omitempty" maxLength:"64"`
	Price    *int64     `json:"price,omitempty" minimum:"0" maximum:"99999999"`
	Stock    *int64     `json:"stock,omitempty" minimum:"-1" maximum:"99999" doc:"-1: not counted. A SKU that is bound to an offer has its number from the stock here and takes none."`
	StockAdd *int64     `json:"stock_add,omitempty" minimum:"-99999" maximum:"99999" doc:"So many more, or fewer, than there are when the call arrives. In an edit of its own, since a call that was lost is not repeated."`
	OnSale   *bool      `json:"on_sale,omitempty"`
	BoxCount *int       `json:"box_count,omitempty" minimum:"0" maximum:"100" doc:"Boxes for a piece."`
	BoxPrice *int64     `json:"box_price,omitempty" minimum:"0" maximum:"100000" doc:"Of one box."`
	Weight   *int       `json:"weight_g,omitempty" minimum:"0" maximum:"1000000"`
	Shelf    *string    `json:"shelf,omitempty" maxLength:"64" doc:"Where it lies (料位码)."`
	Times    *[]DaySpan `json:"times,omitempty" doc:"When it is sold; empty: whenever the shop is open."`
}

// A DaySpan is a piece of a day of the week, 1 = Monday.
type DaySpan struct {
	Day int `json:"day" minimum:"1" maximum:"7"`
	Span
}

// A Property is an option of an item that does not change its price: 辣度.
type Property struct {
	Name   string   `json:"name" minLength:"1" maxLength:"50"`
	Values []string `json:"values" minItems:"1" maxItems:"50"`
}

// Unlimited is the stock of what is not counted.
const Unlimited int64 = -1

// Item finds an item by its code, nil when there is none.
func (f *Front) Item(code string) *Item {
	for i := range f.Items {
		if f.Items[i].Code == code {
			return &f.Items[i]
		}
	}
	return nil
}

// SKU finds a SKU by its code, nil when there is none.
func (i *Item) SKU(code string) *SKU {
	for k := range i.SKUs {
		if i.SKUs[k].Code == code {
			return &i.SKUs[k]
		}
	}
	return nil
}

// Area finds an area by its code, nil when there is none.
func (f *Front) Area(code string) *Area {
	for i := range f.Areas {
		if f.Areas[i].Code == code {
			return &f.Areas[i]
		}
	}
	return nil
}

// Category finds a category by its name, nil when there is none.
func (f *Front) Category(name string) *Category {
	for i := range f.Categories {
		if f.Categories[i].Name == name {
			return &f.Categories[i]
		}
	}
	return nil
}

// members are the fields that a value gives, as JSON by name. What is left out stands in none.
func members(v any) map[string]json.RawMessage {
	b, err := json.Marshal(v)
	m := map[string]json.RawMessage{}
	if err != nil || json.Unmarshal(b, &m) != nil {
		panic("front: a front that is no JSON") // plain structs always are
	}
	return m
}

// overlay lays what is wanted over what is live: the whole of it, and the fields in which it differs, by name.
func overlay[T any](live, want T, but ...string) (whole T, fields []Field) {
	have, give := members(live), members(want)
	for _, name := range but {
		delete(give, name)
	}
	for _, name := range sorted(give) {
		if string(have[name]) != string(give[name]) {
			fields = append(fields, Field{Name: name, Before: have[name], After: give[name]})
			have[name] = give[name]
		}
	}
	b, err := json.Marshal(have)
	if err != nil || json.Unmarshal(b, &whole) != nil {
		panic("front: a front that is no JSON")
	}
	return whole, fields
}
