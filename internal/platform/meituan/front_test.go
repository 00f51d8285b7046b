package meituan_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/tongdan/tongdan/channel"
	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/front"
	"github.com/tongdan/tongdan/geo"
	"github.com/tongdan/tongdan/internal/platform/meituan"
	simulator "github.com/tongdan/tongdan/internal/sim/meituan"
)

// editor edits one part of one shop's front, as the hub does: live, plan, one call after another.
type editor struct {
	t    *testing.T
	conn *channel.Conn
	shop string
	how  front.How
}

func (e editor) live(want front.Front) front.Front {
	e.t.Helper()
	ask := channel.FrontAsk{Shop: e.shop, Part: e.how.Part, Family: e.how.Family}
	for _, i := range want.Items {
		if i.Properties != nil {
			ask.Properties = append(ask.Properties, i.Code)
		}
	}
	f, err := e.conn.Front(e.t.Context(), ask)
	if err != nil {
		e.t.Fatalf("read %s: %v", e.how.Part, err)
	}
	return f
}

// do carries an edit out, and looks whether all of it is so then. It gives what was refused, and the number of calls.
func (e editor) do(want front.Front) (refused []error, calls int) {
	e.t.Helper()
	want, wrong := front.Check(want, e.how, e.conn.Info().Front.Limits)
	if len(wrong) > 0 {
		e.t.Fatalf("%v", wrong)
	}
	plan := front.Make(e.live(want), want, e.how)
	if lacking := plan.Whole(e.how, e.conn.Info().Front.Limits); len(lacking) > 0 {
		e.t.Fatalf("%v", lacking)
	}
	for todo := plan.Changes; len(todo) > 0; calls++ {
		n, failed, err := e.conn.ChangeFront(e.t.Context(), e.shop, e.how.Family, todo)
		if n < 1 || n > len(todo) {
			e.t.Fatalf("a call for %d of %d changes", n, len(todo))
		}
		if err != nil {
			refused = append(refused, fmt.Errorf("%s: %w", todo[0].Key(), err))
		}
		for i, err := range failed {
			refused = append(refused, fmt.Errorf("%s: %w", todo[i].Key(), err))
		}
		todo = todo[n:]
	}
	if len(refused) > 0 {
		return refused, calls
	}
	now := e.live(want)
	unread := func(c front.Change) bool { // nobody can tell afterwards
		return c.What == front.OfStockAdd || c.What == front.OfSale && c.Fields[0].Before == nil
	}
	if left := slices.DeleteFunc(front.Make(now, want, e.how).Changes, unread); len(left) > 0 {
		e.t.Errorf("after the edit there is still to change: %+v", left)
	}
	for _, c := range plan.Changes {
		if !unread(c) && !c.Holds(now) {
			e.t.Errorf("%s does not hold", c.Key())
		}
	}
	return nil, calls
}

func (e editor) must(want front.Front) (calls int) {
	e.t.Helper()
	refused, calls := e.do(want)
	if refused != nil {
		e.t.Fatalf("refused: %v", refused)
	}
	return calls
}

func menuOf(items ...front.Item) front.Front { return front.Front{Items: items} }

func (e editor) sku(code, sku string) front.SKU {
	e.t.Helper()
	f := e.live(front.Front{})
	if i := f.Item(code); i != nil && i.SKU(sku) != nil {
		return *i.SKU(sku)
	}
	e.t.Fatalf("%s:%s is not there", code, sku)
	return front.SKU{}
}

var oddly = func(c *simulator.Config) {
	c.SKUsAsArray, c.HideSellStatus, c.PartialAsText = true, true, true
}

// worlds are both platforms, and the direct one with what is not confirmed the other way round.
func worlds(t *testing.T, run func(t *testing.T, p channel.Platform, w channelWorld)) {
	t.Run("direct", func(t *testing.T) { run(t, meituan.New(), harness{}.open(t)) })
	t.Run("oddly", func(t *testing.T) { run(t, meituan.New(), harness{oddly}.open(t)) })
	t.Run("partner", func(t *testing.T) { run(t, meituan.NewPartner(), partnerHarness{}.open(t)) })
	t.Run("partner in words", func(t *testing.T) {
		run(t, meituan.NewPartner(), partnerHarness{configure: func(c *simulator.Config) { c.PartnerCodes, c.PartnerNothing = "words", "null" }}.open(t))
	})
}

type channelWorld interface {
	Account() channel.Account
	Env() channel.Env
}

func TestAMenuIsEditedAsWanted(t *testing.T) {
	worlds(t, func(t *testing.T, p channel.Platform, w channelWorld) {
		s, err := p.Open(w.Account(), w.Env())
		if err != nil {
			t.Fatal(err)
		}
		e := editor{t, channel.NewConn(p.Info(), s), "TEA001", front.How{Part: front.InMenu, Family: front.Food}}
		before := len(e.live(front.Front{}).Items)
		noodles := front.Item{Code: "N1", Name: new("牛肉面"), Category: new("面食"), Unit: new("碗"), Description: new("当天现熬"), Properties: &[]front.Property{{Name: "辣度", Values: []string{"辣", "微辣"}}},
			SKUs: []front.SKU{{Code: "N1-L", Spec: new("大份"), Price: new(int64(2250)), Stock: new(int64(10)), BoxCount: new(1), BoxPrice: new(int64(100)),
				Times: &[]front.DaySpan{{Day: 1, Span: front.Span{From: "10:00", To: "14:00"}}, {Day: 7, Span: front.Span{From: "17:00", To: "21:00"}}}},
				{Code: "N1-S", Spec: new("小份"), Price: new(int64(1800)), Stock: new(front.Unlimited), OnSale: new(false)}}}
		if p.Info().Name == meituan.Name {
			e.must(front.Front{Categories: []front.Category{{Name: "面食", Sequence: new(9), Description: new("手工")}}, Items: []front.Item{noodles}})
		} else {
			e.must(front.Front{Categories: []front.Category{{Name: "面食", Sequence: new(9)}}, Items: []front.Item{noodles}})
		}
		// what is not named stays: one value of one SKU changes nothing else
		e.must(menuOf(front.Item{Code: "N1", SKUs: []front.SKU{{Code: "N1-L", Price: new(int64(2399))}}}))
		if k := e.sku("N1", "N1-L"); *k.Stock != 10 || *k.Spec != "大份" || *k.Price != 2399 || len(*k.Times) != 2 {
			t.Errorf("%+v", k)
		}
		if k := e.sku("N1", "N1-S"); k.OnSale != nil && *k.OnSale || *k.Stock != front.Unlimited {
			t.Errorf("%+v", k)
		}
		e.must(menuOf(front.Item{Code: "N1", Name: new("红烧牛肉面"), SKUs: []front.SKU{{Code: "N1-S", OnSale: new(true), Stock: new(int64(4))}, {Code: "N1-M", Spec: new("中份"), Price: new(int64(2000))}}}))
		e.must(menuOf(front.Item{Code: "N1", Properties: &[]front.Property{}, SKUs: []front.SKU{{Code: "N1-M", Delete: true}, {Code: "N1-L", Spec: new("特大份")}}}))
		if k := e.sku("N1", "N1-S"); k.OnSale != nil && !*k.OnSale || *k.Stock != 4 {
			t.Errorf("%+v", k)
		}
		e.must(front.Front{Categories: []front.Category{{Name: "面条", Was: "面食"}}})
		if f := e.live(front.Front{}); *f.Item("N1").Category != "面条" {
			t.Errorf("the dish is under %s", *f.Item("N1").Category)
		}
		e.must(menuOf(front.Item{Code: "N2", Was: "N1"}))
		// many prices are one call, and so are many dishes
		var many, prices, gone []front.Item
		for n := range 30 {
			code := fmt.Sprint("M", n)
			many = append(many, front.Item{Code: code, Name: new("小菜" + string(rune('一'+n))), Category: new("面条"), SKUs: []front.SKU{{Code: code + "-a", Spec: new("份"), Price: new(int64(100 + n))}}})
			prices = append(prices, front.Item{Code: code, SKUs: []front.SKU{{Code: code + "-a", Price: new(int64(900 + n))}}})
			gone = append(gone, front.Item{Code: code, Delete: true})
		}
		if n := e.must(menuOf(many...)); n != 1 {
			t.Errorf("30 dishes took %d calls", n)
		}
		if n := e.must(menuOf(prices...)); n != 1 {
			t.Errorf("30 prices took %d calls", n)
		}
		if n := e.must(menuOf(gone...)); n != 1 && p.Info().Name == meituan.Name {
			t.Errorf("30 deletions took %d calls", n)
		}
		e.must(front.Front{Items: []front.Item{{Code: "N2", Delete: true}}, Categories: []front.Category{{Name: "面条", Delete: true}}})
		if n := len(e.live(front.Front{}).Items); n != before {
			t.Errorf("%d dishes at the end, %d at the beginning", n, before)
		}
		// everything but one goes when it is to
		e.how.Replace = true
		e.must(front.Front{Items: []front.Item{{Code: "T001"}}})
		if n := len(e.live(front.Front{}).Items); n != 1 {
			t.Errorf("%d dishes are left", n)
		}
	})
}

func direct(t *testing.T, configure func(*simulator.Config), shop string, how front.How) (editor, *world) {
	w := harness{configure}.open(t)
	return editor{t, opened(t, meituan.New(), w), shop, how}, w
}

func TestStockGoesUpAndDownByAnAmountAndIsNeverBelowNone(t *testing.T) {
	e, _ := direct(t, nil, "TEA001", front.How{Part: front.InMenu, Family: front.Food})
	e.must(menuOf(front.Item{Code: "T021", SKUs: []front.SKU{{Code: "T021", Stock: new(int64(5))}}}))
	for _, c := range []struct{ add, want int64 }{{7, 12}, {-2, 10}, {-30, 0}} {
		e.must(menuOf(front.Item{Code: "T021", SKUs: []front.SKU{{Code: "T021", StockAdd: &c.add}}}))
		if k := e.sku("T021", "T021"); *k.Stock != c.want {
			t.Errorf("%+d: %d, want %d", c.add, *k.Stock, c.want)
		}
	}
}

// A dish that was made in the merchant's app has no code; it is given the one under which the same name is wanted.
func TestADishOfTheMerchantsAppIsBoundByItsName(t *testing.T) {
	e, w := direct(t, nil, "APP001", front.How{Part: front.InMenu, Family: front.Food})
	err := w.sim.AddStore(simulator.Store{Code: "APP001", Foods: []*simulator.Food{{Name: "可乐", Category: "饮品", Price: 500, SKUs: []*simulator.SKU{{Spec: "罐", Price: 500, Stock: "9"}}}}})
	if err != nil {
		t.Fatal(err)
	}
	e.must(menuOf(front.Item{Code: "C1", Name: new("可乐")}))
	if f := e.live(front.Front{}); len(f.Items) != 1 || f.Items[0].Code != "C1" {
		t.Errorf("%+v", f.Items)
	}
}

func TestRetailHasTwoLevelsAndSaysWhichItemFailed(t *testing.T) {
	for name, configure := range map[string]func(*simulator.Config){"as documented": nil, "oddly": oddly} {
		t.Run(name, func(t *testing.T) {
			e, _ := direct(t, configure, "TEA002", front.How{Part: front.InMenu, Family: front.Retail})
			e.must(front.Front{Categories: []front.Category{{Name: "日用"}}})
			e.must(front.Front{Categories: []front.Category{{Name: "纸品", Parent: new("日用")}}})
			tissue := front.Item{Code: "R1", Name: new("抽纸"), Parent: new("日用"), Category: new("纸品"), SKUs: []front.SKU{{Code: "R1-1", Spec: new("3包"), UPC: new("6900000000001"), Price: new(int64(1290)), Stock: new(int64(8)), Weight: new(450)}}}
			e.must(menuOf(tissue))
			e.must(menuOf(front.Item{Code: "R1", SKUs: []front.SKU{{Code: "R1-1", Price: new(int64(990)), Stock: new(int64(3)), OnSale: new(false)}, {Code: "R1-2", Spec: new("6包"), Price: new(int64(1790))}}}))
			e.must(menuOf(front.Item{Code: "R1", Properties: &[]front.Property{{Name: "味", Values: []string{"无香"}}}, SKUs: []front.SKU{{Code: "R1-2", Delete: true}}}))
			// one of two items is no good: the other one is there
			refused, _ := e.do(menuOf(front.Item{Code: "R2", Name: new("毛巾"), Category: new("日用"), SKUs: []front.SKU{{Code: "a", Price: new(int64(900))}}},
				front.Item{Code: strings.Repeat("长", 60), Name: new("坏"), Category: new("日用"), SKUs: []front.SKU{{Code: "b", Price: new(int64(900))}}}))
			if len(refused) != 1 || !fault.Is(refused[0], fault.Invalid) {
				t.Errorf("refused: %v", refused)
			}
			if f := e.live(front.Front{}); f.Item("R2") == nil {
				t.Error("the good one is missing")
			}
			e.must(front.Front{Items: []front.Item{{Code: "R1", Delete: true}}, Categories: []front.Category{{Name: "纸品", Delete: true}}})
		})
	}
}

func TestMedicinesAreMatchedByTheirNumberAndHaveOneSKU(t *testing.T) {
	for name, configure := range map[string]func(*simulator.Config){"as documented": nil, "oddly": oddly} {
		t.Run(name, func(t *testing.T) {
			e, _ := direct(t, configure, "NEW1", front.How{Part: front.InProfile})
			e.must(newShop())
			e.how = front.How{Part: front.InMenu, Family: front.Medicine}
			e.must(front.Front{Categories: []front.Category{{Name: "感冒用药", Code: new("01"), Sequence: new(1)}}})
			drug := func(code, upc string) front.Item {
				return front.Item{Code: code, Category: new("感冒用药"), Approval: new("国药准字Z00000001"), SKUs: []front.SKU{{UPC: &upc, Spec: new("10袋"), Price: new(int64(2980)), Stock: new(int64(20)), OnSale: new(true)}}}
			}
			e.must(menuOf(drug("D1", "6900000000001")))
			if n := e.must(menuOf(drug("D2", "6900000000002"), drug("D3", "6900000000003"))); n != 1 {
				t.Errorf("two medicines took %d calls", n)
			}
			e.must(menuOf(front.Item{Code: "D1", SKUs: []front.SKU{{Price: new(int64(2880)), Stock: new(int64(5)), OnSale: new(false)}}}, front.Item{Code: "D2", SKUs: []front.SKU{{Price: new(int64(2780))}}}))
			e.must(menuOf(front.Item{Code: "D1", Sequence: new(7), SKUs: []front.SKU{{Spec: new("12袋")}}}))
			e.must(menuOf(front.Item{Code: "D1", Sequence: new(8)}, front.Item{Code: "D2", Sequence: new(9)}))
			refused, _ := e.do(menuOf(drug("D4", "6900000000004"), drug("D5", "0000000000000")))
			if len(refused) != 1 || !strings.Contains(fault.WordsOf(refused[0]), "标品库") {
				t.Errorf("refused: %v", refused)
			}
			if k := e.sku("D4", ""); *k.Stock != 20 {
				t.Errorf("%+v", k)
			}
			e.must(front.Front{Categories: []front.Category{{Name: "感冒", Was: "感冒用药", Code: new("01")}}})
			refused, _ = e.do(front.Front{Categories: []front.Category{{Name: "感冒", Delete: true}}})
			if len(refused) != 1 {
				t.Errorf("a category with medicines went: %v", refused)
			}
			e.how.Replace = true
			e.must(front.Front{Items: []front.Item{{Code: "D1"}}})
		})
	}
}

func newShop() front.Front {
	return front.Front{Profile: &front.Profile{Name: new("望京面馆"), Address: new("北京市朝阳区阜通东大街一号"), Phone: new("010-00000000"), Place: &geo.Point{Lat: 39.915, Lon: 116.404}, System: geo.WGS84,
		Hours: &[]front.Span{{From: "07:00", To: "09:00"}, {From: "11:30", To: "19:00"}}, DeliveryFee: new(int64(450)), Tags: &[]string{"中餐"}, Notice: new("现做现送"), Online: new(false)}}
}

func TestAShopIsMadeAndItsProfileKept(t *testing.T) {
	e, _ := direct(t, nil, "NEW1", front.How{Part: front.InProfile})
	if f := e.live(front.Front{}); f.Profile != nil {
		t.Fatalf("%+v", f.Profile)
	}
	f, err := e.conn.Front(t.Context(), channel.FrontAsk{Shop: "NEW1", Part: front.InProfile, Kinds: true})
	if err != nil || !slices.Contains(f.Kinds, "快餐便当") || f.Profile != nil {
		t.Errorf("the tags to choose from: %v, %v", f.Kinds, err)
	}
	if f := e.live(front.Front{}); f.Kinds != nil {
		t.Errorf("nobody asked for %v", f.Kinds)
	}
	e.must(newShop())
	if p := e.live(front.Front{}).Profile.Place; p.Metres(geo.Point{Lat: 39.91640428150164, Lon: 116.41024449916938}) > 0.2 {
		t.Errorf("it is drawn at %v, %.0f m off", p, p.Metres(geo.Point{Lat: 39.91640428150164, Lon: 116.41024449916938}))
	}
	for _, p := range []front.Profile{{Hours: &[]front.Span{{From: "10:00", To: "22:00"}}}, {Notice: new("今日面免费加面")}, {Picture: new("0123456789abcdef0123456789abcdef")}, {Tags: &[]string{"奶茶"}}, {Online: new(true)}, {Online: new(false)}, {Phone: new("010-00000001/010-00000002"), PreOrders: new(true), PreOrderDays: new(3), Invoices: new(true)}} {
		if n := e.must(front.Front{Profile: &p}); n != 1 {
			t.Errorf("%d calls", n)
		}
	}
	if p := e.live(front.Front{}).Profile; p.Picture == nil || *p.Picture != "0123456789abcdef0123456789abcdef" {
		t.Errorf("the picture is gone after the tags were changed: %+v", p)
	}
	refused, _ := e.do(front.Front{Profile: &front.Profile{Name: new("面馆24小时")}})
	if len(refused) != 1 || !fault.Is(refused[0], fault.Invalid) {
		t.Errorf("digits in a name: %v", refused)
	}
	refused, _ = e.do(front.Front{Profile: &front.Profile{Tags: &[]string{"没有这种"}}})
	if len(refused) != 1 || !strings.Contains(fault.WordsOf(refused[0]), "1017") {
		t.Errorf("a tag that is none: %v", refused)
	}
	rider, _ := direct(t, nil, "TEA001", front.How{Part: front.InProfile})
	rider.must(front.Front{Profile: &front.Profile{RiderDelay: new(420)}})
}

// Whether a shop's picture may be named by the number of an uploaded one is not published: where it may not, the refusal
// says that an address is wanted, which is taken.
func TestAShopsPictureByItsAddressWhereNoNumberIsTaken(t *testing.T) {
	e, _ := direct(t, func(c *simulator.Config) { c.ShopPicture = "address" }, "TEA001", front.How{Part: front.InProfile})
	refused, _ := e.do(front.Front{Profile: &front.Profile{Picture: new("0123456789abcdef0123456789abcdef")}})
	if len(refused) != 1 || fault.ReasonOf(refused[0]).Code != "shop_picture_number" || !strings.Contains(fault.WordsOf(refused[0]), "pic_url") {
		t.Errorf("by its number: %v", refused)
	}
	const address = "http://p1.meituan.net/crm/1.jpg"
	e.must(front.Front{Profile: &front.Profile{Picture: new(address)}})
	if p := e.live(front.Front{}).Profile; p.Picture == nil || *p.Picture != address {
		t.Errorf("by its address: %+v", p)
	}
}

func TestAServiceProviderKeepsTheHours(t *testing.T) {
	w := partnerHarness{}.open(t)
	e := editor{t, opened(t, meituan.NewPartner(), w), "TEA001", front.How{Part: front.InProfile}}
	e.must(front.Front{Profile: &front.Profile{Hours: &[]front.Span{{From: "10:00", To: "22:00"}}, RiderDelay: new(600)}})
	if f, err := e.conn.Front(t.Context(), channel.FrontAsk{Shop: "TEA001", Part: front.InProfile, Kinds: true}); err != nil || f.Kinds != nil || f.Profile == nil {
		t.Errorf("this platform lists no tags: %v, %v", f.Kinds, err)
	}
	if _, wrong := front.Check(front.Front{Profile: &front.Profile{Notice: new("x")}}, e.how, e.conn.Info().Front.Limits); len(wrong) != 1 {
		t.Errorf("%v", wrong)
	}
}

func square(lat, lon float64) geo.Polygon {
	return geo.Polygon{{Lat: lat, Lon: lon}, {Lat: lat, Lon: lon + 0.02}, {Lat: lat + 0.02, Lon: lon + 0.02}, {Lat: lat + 0.02, Lon: lon}}
}

func TestDeliveryAreasAreDrawnWhereTheyAreMeant(t *testing.T) {
	areas := front.How{Part: front.InAreas}
	check := func(t *testing.T, e editor) {
		e.must(front.Front{Areas: []front.Area{{Code: "A1", System: geo.WGS84, Shape: square(30.18, 120.09), MinPrice: new(int64(2000)), Fee: new(int64(350))},
			{Code: "A2", System: geo.BD09, Shape: square(30.2, 120.11), MinPrice: new(int64(3000))}}})
		live := e.live(front.Front{})
		if got, want := live.Area("A1").Shape[0], square(30.18, 120.09)[0].Convert(geo.WGS84, geo.GCJ02); got.Metres(want) > 0.2 {
			t.Errorf("the corner is %.1f m off", got.Metres(want))
		}
		e.must(front.Front{Areas: []front.Area{{Code: "A1", Fee: new(int64(400))}, {Code: "A3", Shape: square(30.18, 120.09), MinPrice: new(int64(5000)), Hours: &front.Span{From: "22:00", To: "02:00"}}}})
		live = e.live(front.Front{})
		if a := live.Area("A1"); *a.MinPrice != 2000 || len(a.Shape) != 4 {
			t.Errorf("what was not named has changed: %+v", a)
		}
		e.how.Replace = true
		e.must(front.Front{Areas: []front.Area{{Code: "A2"}}})
		if live := e.live(front.Front{}); len(live.Areas) != 1 {
			t.Errorf("%d areas are left", len(live.Areas))
		}
	}
	t.Run("direct", func(t *testing.T) {
		e, _ := direct(t, nil, "TEA002", areas)
		check(t, e)
		e.shop = "TEA001"
		e.how.Replace = false
		if refused, _ := e.do(front.Front{Areas: []front.Area{{Code: "A1", Shape: square(30.18, 120.09), MinPrice: new(int64(2000))}}}); len(refused) != 1 {
			t.Errorf("Meituan delivers for it: %v", refused)
		}
	})
	t.Run("partner", func(t *testing.T) {
		w := partnerHarness{self: true}.open(t)
		check(t, editor{t, opened(t, meituan.NewPartner(), w), "TEA001", areas})
	})
}

// A picture is sent whole, and named by what the platform gives for it; its bytes are not signed.
func TestAPictureIsUploadedAndReferredTo(t *testing.T) {
	worlds(t, func(t *testing.T, p channel.Platform, w channelWorld) {
		s, err := p.Open(w.Account(), w.Env())
		if err != nil {
			t.Fatal(err)
		}
		conn := channel.NewConn(p.Info(), s)
		refs := map[string]bool{}
		for _, b := range [][]byte{[]byte("\xff\xd8\xff&=+% one"), []byte("\xff\xd8\xff two"), []byte("\xff\xd8\xff two")} {
			ref, err := conn.Picture(t.Context(), "TEA001", "面 1.jpg", b)
			if err != nil || len(ref) != 32 {
				t.Fatalf("%q %v", ref, err)
			}
			refs[ref] = true
		}
		if len(refs) != 2 {
			t.Errorf("two pictures have %d names", len(refs))
		}
		e := editor{t, conn, "TEA001", front.How{Part: front.InMenu, Family: front.Food}}
		for ref := range refs {
			e.must(menuOf(front.Item{Code: "T001", Picture: &ref}))
		}
	})
}
