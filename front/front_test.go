package front_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"

	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/front"
	"github.com/tongdan/tongdan/geo"
	"pgregory.net/rapid"
)

var limits = front.Limits{
	Profile: []string{"name", "place", "hours", "notice", "online"}, Areas: true, System: geo.GCJ02, Corners: 100,
	SouthWest: geo.Point{Lat: 18, Lon: 73.8}, NorthEast: geo.Point{Lat: 54, Lon: 135}, Families: []front.Family{front.Food, front.Medicine},
	Lacks: []front.Lack{{front.Food, "category.parent"}, {front.Medicine, "skus"}, {front.Medicine, "sku.stock_add"}, {front.Medicine, "properties"}}, ItemName: 30, UnitBytes: 20, Price: 3_000_000,
}

var menu = front.How{Part: front.InMenu, Family: front.Food}

// set lays the fields of a change over what is there, as a platform would.
func set[T any](v T, fields []front.Field) (out T) {
	m := map[string]json.RawMessage{}
	b, _ := json.Marshal(v)
	json.Unmarshal(b, &m)
	for _, f := range fields {
		if m[f.Name] = f.After; f.After == nil {
			delete(m, f.Name)
		}
	}
	b, _ = json.Marshal(m)
	json.Unmarshal(b, &out)
	return out
}

// apply is a platform that carries out one change.
func apply(live *front.Front, c front.Change) {
	item := live.Item(c.Code)
	switch {
	case c.What == front.OfCategory && c.Op == front.Delete:
		live.Categories = slices.DeleteFunc(live.Categories, func(x front.Category) bool { return x.Name == c.Code })
	case c.What == front.OfCategory && c.Op == front.Add:
		live.Categories = append(live.Categories, *c.Category)
	case c.What == front.OfCategory:
		from := c.Code
		if c.Op == front.Rename {
			from = c.Was
		}
		*live.Category(from) = *c.Category
		for i, x := range live.Items {
			if x.Category != nil && *x.Category == from {
				live.Items[i].Category = new(c.Code)
			}
		}
	case c.What == front.OfItem && c.Op == front.Delete:
		live.Items = slices.DeleteFunc(live.Items, func(x front.Item) bool { return x.Code == c.Code })
	case c.What == front.OfItem && c.Op == front.Add:
		live.Items = append(live.Items, *c.Item)
	case c.What == front.OfItem && c.Op == front.Rename:
		live.Item(c.Was).Code = c.Code
	case c.What == front.OfItem:
		*item = set(*item, c.Fields)
	case c.What == front.OfSKU && c.Op == front.Delete:
		item.SKUs = slices.DeleteFunc(item.SKUs, func(x front.SKU) bool { return x.Code == c.SKU })
	case c.What == front.OfSKU && c.Op == front.Add:
		item.SKUs = append(item.SKUs, *c.Item.SKU(c.SKU))
	case c.What == front.OfProperties:
		*item = set(*item, c.Fields)
	default:
		k := item.SKU(c.SKU)
		*k = set(*k, c.Fields)
	}
}

func maybe[T any](t *rapid.T, label string, g *rapid.Generator[T]) *T {
	if !rapid.Bool().Draw(t, label+"?") {
		return nil
	}
	return new(g.Draw(t, label))
}

// drawn is a menu; a wanted one leaves things out, and deletes and renames some.
func drawn(t *rapid.T, label string, wanted bool) (f front.Front) {
	headings := []string{"面食", "饮品", "小吃"}
	for _, name := range headings[:rapid.IntRange(0, 3).Draw(t, label+" headings")] {
		c := front.Category{Name: name, Sequence: maybe(t, label, rapid.IntRange(0, 3))}
		if wanted && rapid.IntRange(0, 4).Draw(t, label+" delete heading") == 0 {
			c = front.Category{Name: name, Delete: true}
		}
		f.Categories = append(f.Categories, c)
	}
	for n := range rapid.IntRange(0, 4).Draw(t, label+" items") {
		i := front.Item{Code: fmt.Sprint("F", n), Name: maybe(t, label, rapid.SampledFrom([]string{"牛肉面", "可乐"})), Category: maybe(t, label, rapid.SampledFrom(headings)),
			Sequence: maybe(t, label, rapid.IntRange(0, 2))}
		if wanted && rapid.IntRange(0, 4).Draw(t, label+" delete item") == 0 {
			f.Items = append(f.Items, front.Item{Code: i.Code, Delete: true})
			continue
		}
		for k := range rapid.IntRange(1, 3).Draw(t, label+" skus") {
			s := front.SKU{Code: fmt.Sprint("S", k), Price: maybe(t, label, rapid.Int64Range(0, 3)), Stock: maybe(t, label, rapid.Int64Range(-1, 3)), OnSale: maybe(t, label, rapid.Bool()),
				Spec: maybe(t, label, rapid.SampledFrom([]string{"大份", "小份"}))}
			if wanted && rapid.IntRange(0, 5).Draw(t, label+" delete sku") == 0 {
				s = front.SKU{Code: s.Code, Delete: true}
			}
			i.SKUs = append(i.SKUs, s)
		}
		if wanted { // of a new item, what is deleted was never there
			i.Properties = maybe(t, label, rapid.SampledFrom([][]front.Property{{}, {{Name: "辣度", Values: []string{"辣", "不辣"}}}}))
		}
		f.Items = append(f.Items, i)
	}
	return f
}

// Whatever is live and wanted: once the plan is carried out nothing is left to plan, every change holds, and what was
// not named is as it was unless everything else was to go.
func TestAPlanThatIsCarriedOutLeavesNothingToPlan(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		live, want := drawn(t, "live", false), drawn(t, "want", true)
		for i := range want.Items { // a new item names no SKU that is to go
			if live.Item(want.Items[i].Code) == nil {
				want.Items[i].SKUs = slices.DeleteFunc(want.Items[i].SKUs, func(k front.SKU) bool { return k.Delete })
			}
		}
		how := menu
		how.Replace = rapid.Bool().Draw(t, "replace")
		plan := front.Make(live, want, how)
		if again := front.Make(live, want, how); again.Digest != plan.Digest {
			t.Fatalf("the same plan has the digests %s and %s", plan.Digest, again.Digest)
		}
		now := clone(live)
		for _, c := range plan.Changes {
			apply(&now, c)
			if !c.Holds(now) {
				t.Errorf("%s was carried out and does not hold", c.Key())
			}
		}
		if left := front.Make(now, want, how); len(left.Changes) > 0 {
			t.Errorf("left: %+v\nof %+v", left.Changes, plan.Changes)
		}
		for _, i := range live.Items {
			switch w := want.Item(i.Code); {
			case how.Replace || w != nil:
			case now.Item(i.Code) == nil, i.Name != nil && *now.Item(i.Code).Name != *i.Name, len(now.Item(i.Code).SKUs) != len(i.SKUs):
				t.Errorf("%s was not named and has changed", i.Code)
			}
		}
		if how.Replace && len(now.Items) > len(want.Items) {
			t.Error("what was not named stays")
		}
		takes := slices.ContainsFunc(plan.Changes, front.Change.Takes)
		if takes && !plan.Consent(false) {
			t.Error("something is taken away and nobody need agree")
		}
	})
}

func clone(f front.Front) (out front.Front) {
	b, _ := json.Marshal(f)
	json.Unmarshal(b, &out)
	return out
}

func TestTheDigestPinsWhatWasShownButNotWhatMovesBySelling(t *testing.T) {
	dish := func(stock, price int64, name string) front.Front {
		return front.Front{Items: []front.Item{{Code: "F1", Name: &name, SKUs: []front.SKU{{Code: "L", Stock: &stock, Price: &price}}}}}
	}
	want := front.Front{Items: []front.Item{{Code: "F1", Unit: new("份"), SKUs: []front.SKU{{Code: "L", Stock: new(int64(9)), Price: new(int64(500))}}}}}
	shown := front.Make(dish(3, 400, "面"), want, menu).Digest
	for _, c := range []struct {
		what string
		live front.Front
		same bool
	}{{"one was sold", dish(2, 400, "面"), true}, {"the price was changed meanwhile", dish(3, 450, "面"), false}, {"the name was", dish(3, 400, "粉"), false}} {
		if got := front.Make(c.live, want, menu).Digest; (got == shown) != c.same {
			t.Errorf("%s: %s, shown was %s", c.what, got, shown)
		}
	}
}

// A SKU whose stock is kept here shows none while its dish is written, whatever it showed: the number it is then
// given is the stock's own.
func TestABoundSKUIsWrittenWithNoStock(t *testing.T) {
	live := front.Front{Items: []front.Item{{Code: "F1", Name: new("面"), SKUs: []front.SKU{{Code: "L", Stock: new(int64(7))}, {Code: "M", Stock: new(int64(5))}}}}}
	how := menu
	how.Bound = func(_, sku string) bool { return sku == "L" }
	plan := front.Make(live, front.Front{Items: []front.Item{{Code: "F1", Name: new("大面")}}}, how)
	if len(plan.Changes) != 1 || *plan.Changes[0].Item.SKU("L").Stock != 0 || *plan.Changes[0].Item.SKU("M").Stock != 5 {
		t.Errorf("%+v", plan.Changes)
	}
	if *live.Items[0].SKUs[0].Stock != 7 {
		t.Error("planning changed what it was given")
	}
	_, wrong := front.Check(front.Front{Items: []front.Item{{Code: "F1", SKUs: []front.SKU{{Code: "L", Stock: new(int64(3))}}}}}, how, limits)
	if len(wrong) != 1 || wrong[0].Why.Code != "front_bound" {
		t.Errorf("%+v", wrong)
	}
}

func TestADishOfTheMerchantsAppGetsItsCodeByItsName(t *testing.T) {
	live := front.Front{Items: []front.Item{{Name: new("可乐"), SKUs: []front.SKU{{Price: new(int64(300))}}}}}
	plan := front.Make(live, front.Front{Items: []front.Item{{Code: "F9", Name: new("可乐"), SKUs: []front.SKU{{Price: new(int64(350))}}}}}, menu)
	if len(plan.Changes) != 2 || plan.Changes[0].Op != front.Rename || plan.Changes[0].Was != "" || plan.Changes[1].What != front.OfPrice || plan.Consent(false) {
		t.Errorf("%+v", plan.Changes)
	}
}

func TestCheckNamesEachFieldThatIsWrong(t *testing.T) {
	square := geo.Polygon{{Lat: 30, Lon: 120}, {Lat: 30, Lon: 120.01}, {Lat: 30.01, Lon: 120.01}, {Lat: 30.01, Lon: 120}}
	bow := geo.Polygon{square[0], square[2], square[1], square[3]}
	turned := geo.Polygon{{Lat: 120, Lon: 30}, {Lat: 120.01, Lon: 30}, {Lat: 120.01, Lon: 30.01}}
	drug := front.How{Part: front.InMenu, Family: front.Medicine}
	areas, profile := front.How{Part: front.InAreas}, front.How{Part: front.InProfile}
	sku := func(k front.SKU) front.Front {
		return front.Front{Items: []front.Item{{Code: "F", SKUs: []front.SKU{k}}}}
	}
	for _, c := range []struct {
		want front.Front
		how  front.How
		code string
	}{
		{front.Front{Areas: []front.Area{{Code: "A", Shape: bow}}}, areas, "front_crossing"},
		{front.Front{Areas: []front.Area{{Code: "A", Shape: turned}}}, areas, "front_far"},
		{front.Front{Areas: []front.Area{{Code: "A", Shape: square[:2]}}}, areas, "front_no_shape"},
		{front.Front{Areas: []front.Area{{Code: "A", Shape: square}, {Code: "A", Shape: square}}}, areas, "front_twice"},
		{front.Front{Areas: []front.Area{{Code: "A", Shape: square, Hours: &front.Span{From: "22:00", To: "02:00"}}}}, areas, "front_no_call"},
		{front.Front{Areas: []front.Area{{Code: "A", Shape: square}}}, menu, "front_other_part"},
		{front.Front{Profile: &front.Profile{Phone: new("1")}}, profile, "front_no_call"},
		{front.Front{Profile: &front.Profile{Hours: &[]front.Span{{"09:00", "13:00"}, {"12:00", "14:00"}}}}, profile, "front_hours_overlap"},
		{front.Front{Profile: &front.Profile{Hours: &[]front.Span{{"22:00", "02:00"}}}}, profile, "front_hours"},
		{front.Front{Items: []front.Item{{Name: new("面")}}}, menu, "field_needed"},
		{front.Front{Items: []front.Item{{Code: "F", Unit: new("一二三四五六七")}}}, menu, "front_bytes"},
		{front.Front{Categories: []front.Category{{Name: "面", Parent: new("主食")}}}, menu, "front_no_call"},
		{sku(front.SKU{Code: "L", Price: new(int64(3_000_001))}), menu, "front_price"},
		{sku(front.SKU{Code: "L", Price: new(int64(3))}), drug, "front_single"},
		{sku(front.SKU{StockAdd: new(int64(3))}), drug, "front_no_call"},
		{front.Front{Items: []front.Item{{Code: "F", Properties: &[]front.Property{}}}}, drug, "front_no_call"},
		{sku(front.SKU{Code: "L", StockAdd: new(int64(3)), Price: new(int64(1))}), menu, "front_add_alone"},
		{front.Front{}, front.How{Part: front.InMenu, Family: front.Retail}, "front_family"},
		{front.Front{}, front.How{Part: "window"}, "front_part"},
	} {
		_, got := front.Check(c.want, c.how, limits)
		if !slices.ContainsFunc(got, func(f fault.Field) bool { return f.Why.Code == c.code }) {
			t.Errorf("%+v: %v, want %s", c.want, got, c.code)
		}
	}
	closed := append(slices.Clone(square), square[0])
	got, wrong := front.Check(front.Front{Areas: []front.Area{{Code: "A", System: geo.WGS84, Shape: closed, MinPrice: new(int64(2000))}}}, areas, limits)
	if len(wrong) > 0 || len(got.Areas[0].Shape) != 4 || got.Areas[0].Shape[0] != square[0].Convert(geo.WGS84, geo.GCJ02).Micro() || got.Areas[0].System != "" {
		t.Errorf("%+v %v", got.Areas, wrong)
	}
	if closed[0] != square[0] {
		t.Error("checking moved what it was given")
	}
	plan := front.Make(front.Front{}, got, areas)
	if !plan.Consent(false) || len(plan.Whole(menu, limits)) > 0 {
		t.Errorf("an area: %v", plan.Whole(menu, limits))
	}
	if bare := front.Make(front.Front{}, sku(front.SKU{Code: "L"}), menu).Whole(menu, limits); len(bare) != 3 {
		t.Errorf("a new item without name, category and price: %v", bare)
	}
}

// A property that loses a value is taken away from whoever would have chosen it; one that is added is not.
func TestAPropertyThatIsNotNamedAgainNeedsConsent(t *testing.T) {
	spicy, cold := front.Property{Name: "辣度", Values: []string{"辣", "不辣"}}, front.Property{Name: "温度", Values: []string{"冰"}}
	live := front.Front{Items: []front.Item{{Code: "F", Properties: &[]front.Property{spicy, cold}}}}
	for _, c := range []struct {
		want  []front.Property
		takes bool
	}{
		{[]front.Property{}, true},
		{[]front.Property{spicy}, true},
		{[]front.Property{{Name: "辣度", Values: []string{"辣"}}, cold}, true},
		{[]front.Property{cold, spicy}, false},
		{[]front.Property{spicy, cold, {Name: "份量", Values: []string{"大"}}}, false},
	} {
		plan := front.Make(live, front.Front{Items: []front.Item{{Code: "F", Properties: &c.want}}}, menu)
		if len(plan.Changes) != 1 || plan.Consent(false) != c.takes {
			t.Errorf("%+v: %+v", c.want, plan.Changes)
		}
	}
}

// Whoever agreed to a deletion has seen what is deleted: once that is another, the digest is another too. What was
// sold meanwhile is nothing to look at again.
func TestTheDigestPinsWhatIsDeleted(t *testing.T) {
	square := geo.Polygon{{Lat: 30, Lon: 120}, {Lat: 30, Lon: 120.01}, {Lat: 30.01, Lon: 120.01}}
	digest := func(live, want front.Front, part front.Part) string {
		plan := front.Make(live, want, front.How{Part: part, Family: front.Food})
		if len(plan.Changes) != 1 || plan.Changes[0].Op != front.Delete {
			t.Fatalf("%+v", plan.Changes)
		}
		return plan.Digest
	}
	area := func(fee int64) string {
		return digest(front.Front{Areas: []front.Area{{Code: "A", Shape: square, Fee: &fee}}}, front.Front{Areas: []front.Area{{Code: "A", Delete: true}}}, front.InAreas)
	}
	item := func(category string) string {
		return digest(front.Front{Items: []front.Item{{Code: "F", Name: new("面"), Category: &category}}}, front.Front{Items: []front.Item{{Code: "F", Delete: true}}}, front.InMenu)
	}
	sku := func(price, stock int64) string {
		return digest(front.Front{Items: []front.Item{{Code: "F", SKUs: []front.SKU{{Code: "L", Price: &price, Stock: &stock}, {Code: "M"}}}}},
			front.Front{Items: []front.Item{{Code: "F", SKUs: []front.SKU{{Code: "L", Delete: true}}}}}, front.InMenu)
	}
	if area(1) == area(2) || item("面食") == item("小吃") || sku(1, 5) == sku(2, 5) {
		t.Error("something else would be deleted under the same digest")
	}
	if sku(1, 5) != sku(1, 4) {
		t.Error("a sale changes the digest")
	}
}

// A heading stays while an item without a code stands under it: that one cannot be deleted by name.
func TestAHeadingOfAnItemWithoutACodeStays(t *testing.T) {
	live := front.Front{Categories: []front.Category{{Name: "面食"}, {Name: "饮品"}}, Items: []front.Item{{Name: new("面"), Category: new("面食")}}}
	how := menu
	how.Replace = true
	plan := front.Make(live, front.Front{}, how)
	if len(plan.Changes) != 1 || plan.Changes[0].Code != "饮品" {
		t.Errorf("%+v", plan.Changes)
	}
}

// An area whose shape nobody can read is not written over with nothing, and what is bound to the stock keeps its code.
func TestWhatWouldGoAstrayUnseenIsRefused(t *testing.T) {
	why := func(live, want front.Front, how front.How) string {
		fields := front.Make(live, want, how).Whole(how, limits)
		if len(fields) != 1 {
			t.Fatalf("%+v", fields)
		}
		return fields[0].Why.Code
	}
	if got := why(front.Front{Areas: []front.Area{{Code: "A", MinPrice: new(int64(1))}}}, front.Front{Areas: []front.Area{{Code: "A", Fee: new(int64(3))}}}, front.How{Part: front.InAreas}); got != "front_shape_unread" {
		t.Error(got)
	}
	how := menu
	how.Bound = func(item, sku string) bool { return item == "OLD" && sku == "L" }
	if got := why(front.Front{Items: []front.Item{{Code: "OLD", SKUs: []front.SKU{{Code: "L"}}}}}, front.Front{Items: []front.Item{{Code: "NEW", Was: "OLD"}}}, how); got != "front_bound_code" {
		t.Error(got)
	}
}
