package hub_test

import (
	"slices"
	"testing"

	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/front"
	"github.com/tongdan/tongdan/ident"
	"github.com/tongdan/tongdan/internal/db"
	"github.com/tongdan/tongdan/internal/hub"
	"github.com/tongdan/tongdan/internal/sim"
	"github.com/tongdan/tongdan/role"
	"github.com/tongdan/tongdan/stock"
)

var dishes = front.How{Part: front.InMenu}

func (w *shopWorld) shopID(external string) ident.Shop {
	w.t.Helper()
	list, err := w.db.Shops(w.t.Context(), db.Scope{Merchant: w.who.Merchant})
	w.must(err)
	for _, s := range list {
		if s.External == external {
			return s.ID
		}
	}
	w.t.Fatalf("no shop %s", external)
	return 0
}

// edited has an edit carried out and waits until nothing of it waits: then the next one can begin.
func (w *shopWorld) edited(shop ident.Shop, want front.Front, how front.How, digest string) (row db.EditRow) {
	w.t.Helper()
	row, err := w.hub.EditFront(w.t.Context(), w.who, shop, want, how, digest)
	w.must(err)
	if row.ID == 0 {
		w.t.Fatal("there was nothing to change")
	}
	w.until("the edit has ended", func() bool {
		r, err := w.hub.Edit(w.t.Context(), w.who, row.ID)
		w.must(err)
		row = r
		return !slices.ContainsFunc(r.Changes, func(c db.EditChange) bool { return c.State == "" })
	})
	return row
}

func states(r db.EditRow) (list []string) {
	for _, c := range r.Changes {
		list = append(list, c.State)
	}
	return list
}

func dish(code, name string, price int64) front.Item {
	return front.Item{Code: code, Name: &name, Category: new("面食"), SKUs: []front.SKU{{Code: code + "-L", Spec: new("大份"), Price: &price, Stock: new(int64(9))}}}
}

// What takes something away is carried out for whoever names the plan that is still true, and for nobody else.
func TestWhatTakesAwayNeedsTheDigestOfTheLivePlan(t *testing.T) {
	each(t, func(w *shopWorld) {
		ctx := w.t.Context()
		w.run()
		shop := w.shopID("TEA001")
		gone := front.Front{Items: []front.Item{{Code: "T001", Delete: true}}}
		plan, err := w.hub.PlanFront(ctx, w.who, shop, gone, dishes)
		w.must(err)
		if len(plan.Changes) != 1 || !plan.Consent(false) {
			w.t.Fatalf("%+v", plan)
		}
		if _, err := w.hub.EditFront(ctx, w.who, shop, gone, dishes, ""); !fault.Is(err, fault.Conflict) || fault.ReasonOf(err).Code != "front_digest" {
			t.Errorf("without consent: %v", err)
		}
		renamed := w.edited(shop, front.Front{Items: []front.Item{{Code: "T001", Name: new("新名字")}}}, dishes, "")
		if states(renamed)[0] != "done" {
			t.Errorf("%v", states(renamed))
		}
		if _, err := w.hub.EditFront(ctx, w.who, shop, gone, dishes, plan.Digest); !fault.Is(err, fault.Conflict) || fault.ReasonOf(err).Code != "front_changed" {
			t.Errorf("the dish was renamed since the plan was shown: %v", err)
		}
		if plan, err = w.hub.PlanFront(ctx, w.who, shop, gone, dishes); err != nil {
			w.t.Fatal(err)
		}
		w.edited(shop, gone, dishes, plan.Digest)
		if _, _, err := w.sim.Stock("TEA001", "T001", "T001-M"); err == nil {
			t.Error("the dish is still there")
		}
		if row, err := w.hub.EditFront(ctx, w.who, shop, gone, dishes, ""); err != nil || row.ID != 0 {
			t.Errorf("it is gone already: %+v %v", row, err)
		}
		clerk := w.who
		clerk.Role = role.Clerk
		if _, err := w.hub.PlanFront(ctx, clerk, shop, gone, dishes); !fault.Is(err, fault.Forbidden) {
			t.Errorf("a clerk: %v", err)
		}
	})
}

// Each change has its own end: a batch with a bad dish in it is sent again one by one, an answer that is lost is looked
// for and not sent twice, and an addition to a stock that was lost is left to a person.
func TestEachChangeOfAnEditHasItsOwnEnd(t *testing.T) {
	each(t, func(w *shopWorld) {
		w.run()
		shop := w.shopID("TEA001")
		bad := dish("坏坏坏坏坏坏坏坏坏坏坏坏坏坏坏坏坏坏坏坏坏坏坏坏坏坏坏坏坏坏坏坏坏坏坏坏坏坏坏坏坏坏坏", "坏", 100) // 129 bytes, which the platform does not take
		row := w.edited(shop, front.Front{Items: []front.Item{dish("N1", "牛肉面", 2200), bad, dish("N2", "阳春面", 1200)}}, dishes, "")
		if got := states(row); !slices.Equal(got, []string{"done", "refused", "done"}) || row.Changes[1].Why == nil {
			t.Errorf("%v %+v", got, row.Changes[1].Why)
		}
		w.sim.Faults().Next(sim.DropAfterCommit, 1, "food/sku/price")
		price := w.edited(shop, front.Front{Items: []front.Item{{Code: "N1", SKUs: []front.SKU{{Code: "N1-L", Price: new(int64(2500))}}}}}, dishes, "")
		if got := states(price); !slices.Equal(got, []string{"done"}) {
			t.Errorf("%v", got)
		}
		sent := 0
		for _, c := range w.sim.Calls().List("", 1000) {
			if c.Kind == "food/sku/price" {
				sent++
			}
		}
		if sent != 1 {
			t.Errorf("the price was sent %d times", sent)
		}
		w.sim.Faults().Next(sim.DropAfterCommit, 1, "food/sku/inc_stock")
		more := w.edited(shop, front.Front{Items: []front.Item{{Code: "N1", SKUs: []front.SKU{{Code: "N1-L", StockAdd: new(int64(3))}}}}}, dishes, "")
		if got := states(more); !slices.Equal(got, []string{"unknown"}) {
			t.Errorf("%v", got)
		}
		if got, _, _ := w.sim.Stock("TEA001", "N1", "N1-L"); got != "12" {
			t.Errorf("9 and 3 are %s", got)
		}
		list, err := w.hub.Edits(w.t.Context(), w.who, shop, 10)
		w.must(err)
		if len(list) != 3 || list[0].ID != more.ID {
			t.Errorf("%d edits", len(list))
		}
	})
}

// A shop that is only watched is not changed, and a SKU that is bound to the stock is not given a number by an edit.
func TestAnEditKeepsToTheShopsModeAndLeavesTheStockAlone(t *testing.T) {
	each(t, func(w *shopWorld) {
		ctx := w.t.Context()
		w.run()
		shop := w.shopID("TEA001")
		sku, err := w.hub.PutSKU(ctx, w.who, db.SKURow{Code: "TEA-M", Name: "奶茶"})
		w.must(err)
		_, err = w.hub.BindOffer(ctx, w.who, db.OfferRow{Shop: shop, SKU: sku.ID, Item: "T001", Variation: "T001-M"})
		w.must(err)
		number := front.Front{Items: []front.Item{{Code: "T001", SKUs: []front.SKU{{Code: "T001-M", Stock: new(int64(50))}}}}}
		if _, err := w.hub.EditFront(ctx, w.who, shop, number, dishes, ""); !fault.Is(err, fault.Invalid) || fault.FieldsOf(err)[0].Why.Code != "front_bound" {
			t.Errorf("the stock of a bound SKU: %v", err)
		}
		w.edited(shop, front.Front{Items: []front.Item{{Code: "T001", Description: new("热")}}}, dishes, "")
		if got, _, _ := w.sim.Stock("TEA001", "T001", "T001-M"); got != "0" {
			t.Errorf("no piece was booked in, and the channel shows %s", got)
		}
		_, err = w.hub.SetModes(ctx, w.who, []ident.Shop{shop}, hub.ModeWatch)
		w.must(err)
		if _, err := w.hub.EditFront(ctx, w.who, shop, front.Front{Items: []front.Item{{Code: "T001", Description: new("冰")}}}, dishes, ""); !fault.Is(err, fault.Conflict) {
			t.Errorf("a shop that is watched: %v", err)
		}
	})
}

// An edit that the shop's mode stops halfway has ended, and says why. What of it was written shows no pieces of a bound
// SKU: those are looked at again though the edit never came to its end.
func TestAnEditThatIsStoppedHalfwayHasEnded(t *testing.T) {
	each(t, func(w *shopWorld) {
		ctx := w.t.Context()
		w.run()
		shop := w.shopID("TEA001")
		sku, err := w.hub.PutSKU(ctx, w.who, db.SKURow{Code: "TEA-M", Name: "奶茶"})
		w.must(err)
		_, err = w.hub.BindOffer(ctx, w.who, db.OfferRow{Shop: shop, SKU: sku.ID, Item: "T001", Variation: "T001-M"})
		w.must(err)
		_, _, err = w.hub.Book(ctx, w.who, hub.Booking{StockKey: db.StockKey{Store: w.store(), SKU: sku.ID}, Reason: stock.Receipt, Pieces: 7})
		w.must(err)
		shown := func() bool { got, _, _ := w.sim.Stock("TEA001", "T001", "T001-M"); return got == "7" }
		w.until("the pieces are shown", shown)
		w.sim.Faults().Next(sim.Err429, 1000, "food/sku/price")
		row, err := w.hub.EditFront(ctx, w.who, shop, front.Front{Items: []front.Item{{Code: "T001", Description: new("热"), SKUs: []front.SKU{{Code: "T001-M", Price: new(int64(1900))}}}}}, dishes, "")
		w.must(err)
		read := func() db.EditRow {
			r, err := w.hub.Edit(ctx, w.who, row.ID)
			w.must(err)
			return r
		}
		w.until("the dish was written", func() bool { return slices.Equal(states(read()), []string{"done", ""}) })
		w.until("the pieces are shown again", shown)
		_, err = w.hub.SetModes(ctx, w.who, []ident.Shop{shop}, hub.ModeWatch)
		w.must(err)
		w.until("the edit has ended", func() bool { return read().Ended > 0 })
		if r := read(); r.Why.Code != "only_watched" || !slices.Equal(states(r), []string{"done", ""}) {
			t.Errorf("%+v %v", r.Why, states(r))
		}
	})
}
