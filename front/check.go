package front

import (
	"cmp"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/geo"
)

// Limits are what a platform takes. A number that is 0 limits nothing.
type Limits struct {
	Profile   []string   `json:"profile"`     // the fields of a profile that can be written
	Unread    []string   `json:"unread"`      // fields that the platform takes and does not say again
	Areas     bool       `json:"areas"`       // whether areas can be read and written
	AreaHours bool       `json:"area_hours"`  // whether an area can have hours of its own
	System    geo.System `json:"system"`      // of its maps
	Corners   int        `json:"corners"`     // of an area
	SouthWest geo.Point  `json:"south_west"`  // within which its places lie
	NorthEast geo.Point  `json:"north_east"`  //
	Families  []Family   `json:"families"`    // of menus; the first is meant where none is named
	Codes     []Family   `json:"codes"`       // families whose categories have codes
	Lacks     []Lack     `json:"lacks"`       // what some families do not have
	ItemName  int        `json:"item_name"`   // characters
	Words     int        `json:"words"`       // characters of a description
	UnitBytes int        `json:"unit_bytes"`  // of a unit
	Category  int        `json:"category"`    // characters
	Price     int64      `json:"price"`       // of a SKU, minor units
	Pictures  []string   `json:"pictures"`    // kinds of files, by their ends; none = it takes none
	Picture   int        `json:"picture_max"` // bytes
}

// A Lack is something that items of a family do not have on a platform.
type Lack struct {
	Family Family `json:"family"`
	What   string `json:"what"` // a field of an item ("properties"), of a SKU ("sku.times") or of a category ("category.parent"); skus: it has one, without a code
}

func (l Limits) lacks(f Family, what string) bool { return slices.Contains(l.Lacks, Lack{f, what}) }

// Check looks at what is wanted before anything is compared or sent, and names every field that is wrong. It gives it
// with its places brought into the system of the platform's maps, rounded to what that takes.
func Check(want Front, how How, lim Limits) (Front, []fault.Field) {
	c := &checker{lim: lim, how: how}
	if !how.Part.Known() {
		c.wrong("part", fault.Because("front_part", "is profile, areas or menu"))
		return want, c.fields
	}
	if how.Part == InMenu && !slices.Contains(lim.Families, how.Family) {
		c.wrong("family", fault.Because("front_family", "is not a kind of goods that this platform has"))
	}
	for _, x := range []struct {
		part  Part
		given bool
		name  string
	}{{InProfile, want.Profile != nil, "profile"}, {InAreas, len(want.Areas) > 0, "areas"}, {InMenu, len(want.Categories) > 0, "categories"}, {InMenu, len(want.Items) > 0, "items"}} {
		if x.given && x.part != how.Part {
			c.wrong(x.name, fault.Because("front_other_part", "belongs to another part: each is changed by itself"))
		}
	}
	want.Areas, want.Categories, want.Items = slices.Clone(want.Areas), slices.Clone(want.Categories), slices.Clone(want.Items)
	switch how.Part {
	case InProfile:
		if want.Profile != nil {
			p := *want.Profile
			want.Profile = c.profile(&p)
		}
	case InAreas:
		c.areas(want.Areas)
	case InMenu:
		c.categories(want.Categories)
		c.items(want.Items)
	}
	return want, c.fields
}

type checker struct {
	lim    Limits
	how    How
	fields []fault.Field
}

const mostWrong = 50 // fields that are named; the rest comes once these are right

func (c *checker) wrong(at string, why fault.Reason) {
	if len(c.fields) < mostWrong {
		c.fields = append(c.fields, fault.Wrong("body."+at, why))
	}
}

func (c *checker) long(at string, s *string, most int) {
	if s != nil && (!utf8.ValidString(*s) || most > 0 && utf8.RuneCountInString(*s) > most) {
		c.wrong(at, fault.Because("front_long", "has at most {most} characters here", "most", strconv.Itoa(most)))
	}
}

func (c *checker) profile(p *Profile) *Profile {
	for _, name := range sorted(members(*p)) {
		if name != "system" && !slices.Contains(c.lim.Profile, name) {
			c.wrong("profile."+name, fault.Because("front_no_call", "cannot be changed by a call of this platform: change it in its own console"))
		}
	}
	if p.Hours != nil {
		c.spans("profile.hours", *p.Hours)
	}
	if p.Place != nil {
		place := p.Place.Convert(cmp.Or(p.System, c.lim.System), c.lim.System).Micro()
		p.Place = &place
		c.within("profile.place", place)
	}
	p.System = ""
	return p
}

func (c *checker) within(at string, p geo.Point) {
	a, b := c.lim.SouthWest, c.lim.NorthEast
	if a != b && (p.Lat < a.Lat || p.Lat > b.Lat || p.Lon < a.Lon || p.Lon > b.Lon) {
		c.wrong(at, fault.Because("front_far", "lies outside what the platform's maps have: latitude and longitude may be the wrong way round"))
	}
}

// minutes of a time of day, −1 when it is none. 24:00 is the end of a day.
func minutes(s string) int {
	h, m, _ := strings.Cut(s, ":")
	a, err := strconv.Atoi(h)
	b, bad := strconv.Atoi(m)
	if err != nil || bad != nil || len(m) != 2 || a < 0 || b < 0 || b > 59 || a*60+b > 24*60 {
		return -1
	}
	return a*60 + b
}

// spans looks at pieces of one day: each ends after it begins, and none lies in another.
func (c *checker) spans(at string, list []Span) {
	list = slices.Clone(list)
	for _, s := range list {
		if a, b := minutes(s.From), minutes(s.To); a < 0 || b <= a {
			c.wrong(at, fault.Because("front_hours", "must be times such as 09:00 to 21:30, the end after the beginning; a night is two periods"))
			return
		}
	}
	slices.SortFunc(list, func(a, b Span) int { return minutes(a.From) - minutes(b.From) })
	for i := 1; i < len(list); i++ {
		if minutes(list[i].From) < minutes(list[i-1].To) {
			c.wrong(at, fault.Because("front_hours_overlap", "overlap: one period must end before the next begins"))
			return
		}
	}
}

func (c *checker) areas(list []Area) {
	seen := map[string]bool{}
	if !c.lim.Areas {
		c.wrong("areas", fault.Because("front_no_call", "cannot be changed by a call of this platform: change it in its own console"))
	}
	for i := range list {
		a, at := &list[i], "areas["+strconv.Itoa(i)+"]"
		c.once(at+".code", a.Code, seen)
		if a.Delete {
			continue
		}
		if a.Hours != nil {
			switch from, to := minutes(a.Hours.From), minutes(a.Hours.To); {
			case !c.lim.AreaHours:
				c.wrong(at+".hours", fault.Because("front_no_call", "cannot be changed by a call of this platform: change it in its own console"))
			case from < 0 || to < 0 || from == to:
				c.wrong(at+".hours", fault.Because("front_area_hours", "must be two different times such as 22:00 and 02:00"))
			}
		}
		if a.Shape == nil {
			continue
		}
		a.Shape = a.Shape.Open().Convert(cmp.Or(a.System, c.lim.System), c.lim.System).Open()
		a.System = ""
		for _, p := range a.Shape {
			c.within(at+".shape", p)
		}
		switch flaw := a.Shape.Flaw(); {
		case c.lim.Corners > 0 && len(a.Shape) > c.lim.Corners:
			c.wrong(at+".shape", fault.Because("front_corners", "has at most {most} corners", "most", strconv.Itoa(c.lim.Corners)))
		case flaw == geo.Crossing:
			c.wrong(at+".shape", fault.Because("front_crossing", "crosses itself: give the corners in their order round the shape"))
		case flaw != "":
			c.wrong(at+".shape", fault.Because("front_no_shape", "encloses nothing: three corners that are not in one line are needed"))
		}
	}
}

func (c *checker) once(at, code string, seen map[string]bool) {
	if seen[code] {
		c.wrong(at, fault.Because("front_twice", "is named twice"))
	}
	seen[code] = true
}

func (c *checker) categories(list []Category) {
	seen := map[string]bool{}
	for i, x := range list {
		at := "categories[" + strconv.Itoa(i) + "]"
		c.once(at+".name", x.Name, seen)
		c.long(at+".name", &x.Name, c.lim.Category)
		c.given(at, "category.", members(x))
		if (x.Code == nil || *x.Code == "") && !x.Delete && slices.Contains(c.lim.Codes, c.how.Family) {
			c.wrong(at+".code", fault.Because("field_needed", "is needed"))
		}
	}
}

func (c *checker) items(list []Item) {
	seen := map[string]bool{}
	added, others := false, false
	for i, x := range list {
		at := "items[" + strconv.Itoa(i) + "]"
		if x.Code == "" {
			c.wrong(at+".code", fault.Because("field_needed", "is needed"))
		}
		c.once(at+".code", x.Code, seen)
		c.long(at+".name", x.Name, c.lim.ItemName)
		c.long(at+".description", x.Description, c.lim.Words)
		c.long(at+".category", x.Category, c.lim.Category)
		if x.Unit != nil && c.lim.UnitBytes > 0 && len(*x.Unit) > c.lim.UnitBytes {
			c.wrong(at+".unit", fault.Because("front_bytes", "has at most {most} bytes, a Chinese character three", "most", strconv.Itoa(c.lim.UnitBytes)))
		}
		whole := members(x)
		c.given(at, "", whole)
		others = others || x.Delete || len(whole) > 2 || len(whole) == 2 && x.SKUs == nil
		single := c.lim.lacks(c.how.Family, "skus")
		skus := map[string]bool{}
		for k, s := range x.SKUs {
			at := at + ".skus[" + strconv.Itoa(k) + "]"
			c.once(at+".code", s.Code, skus)
			if single && s.Code != "" {
				c.wrong(at+".code", fault.Because("front_single", "must be empty: these goods have no specifications here"))
			}
			if s.Price != nil && c.lim.Price > 0 && *s.Price > c.lim.Price {
				c.wrong(at+".price", fault.Because("front_price", "is more than the platform takes"))
			}
			if (s.Stock != nil || s.StockAdd != nil) && c.how.bound(x.Code, s.Code) {
				c.wrong(at+".stock", fault.Because("front_bound", "is kept by the stock here, to which this SKU is bound: book goods in or out instead"))
			}
			if s.Times != nil {
				c.times(at+".times", *s.Times)
			}
			given := members(s)
			c.given(at, "sku.", given)
			n := len(given)
			added = added || s.StockAdd != nil
			others = others || s.StockAdd == nil || n > 2
		}
	}
	if added && others {
		c.wrong("items", fault.Because("front_add_alone", "stock_add stands in an edit of its own, beside nothing but codes: a call that was lost is not repeated"))
	}
}

// given names what is wanted and the family does not have.
func (c *checker) given(at, of string, m map[string]json.RawMessage) {
	for _, name := range sorted(m) {
		if of+name != "skus" && c.lim.lacks(c.how.Family, of+name) {
			c.wrong(at+"."+name, fault.Because("front_no_call", "cannot be changed by a call of this platform: change it in its own console"))
		}
	}
}

func (c *checker) times(at string, list []DaySpan) {
	for day := 1; day <= 7; day++ {
		var spans []Span
		for _, s := range list {
			if s.Day == day {
				spans = append(spans, s.Span)
			}
		}
		c.spans(at, spans)
	}
}

// Whole names what a plan lacks to be carried out: an item that is new needs what every platform needs of one, an area
// needs its shape, and what is bound to the stock here keeps its code.
func (p Plan) Whole(how How, lim Limits) (fields []fault.Field) {
	need := func(at string, ok bool) {
		if !ok && len(fields) < mostWrong {
			fields = append(fields, fault.Wrong(at, fault.Because("front_new", "is needed for what is new")))
		}
	}
	for _, c := range p.Changes {
		switch {
		case c.Op == Add && c.What == OfProfile:
			p := c.Profile
			need("profile.name", p.Name != nil)
			need("profile.address", p.Address != nil)
			need("profile.phone", p.Phone != nil)
			need("profile.place", p.Place != nil)
			need("profile.hours", p.Hours != nil)
			need("profile.delivery_fee", p.DeliveryFee != nil)
			need("profile.tags", p.Tags != nil)
		case c.Op == Add && c.What == OfArea:
			need("areas["+c.Code+"].shape", len(c.Area.Shape) > 0)
			need("areas["+c.Code+"].min_price", c.Area.MinPrice != nil)
		case c.Op == Set && c.What == OfArea && len(c.Area.Shape) == 0: // that of the platform is no polygon: it would be written over with nothing
			fields = append(fields, fault.Wrong("areas["+c.Code+"].shape", fault.Because("front_shape_unread", "cannot be read from the platform: give it too")))
		case c.Op == Rename && c.What == OfItem && slices.ContainsFunc(c.Item.SKUs, func(k SKU) bool { return how.bound(c.Was, k.Code) }):
			fields = append(fields, fault.Wrong("items["+c.Code+"].was", fault.Because("front_bound_code", "is bound to the stock here, which would know it no more: unbind it, change its code, then bind it again")))
		case c.Op == Add && c.What == OfItem:
			at := "items[" + c.Code + "]"
			need(at+".name", nameOf(*c.Item) != "" || lim.lacks(how.Family, "name"))
			need(at+".category", c.Item.Category != nil && *c.Item.Category != "")
			need(at+".skus", len(c.Item.SKUs) > 0)
			for _, k := range c.Item.SKUs {
				need(at+".skus["+k.Code+"].price", k.Price != nil)
			}
		case c.Op == Add && c.What == OfSKU:
			if k := c.Item.SKU(c.SKU); k != nil {
				need("items["+c.Code+"].skus["+c.SKU+"].price", k.Price != nil)
			}
		}
	}
	return fields
}
