package hub_test

import (
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/tongdan/tongdan/channel"
	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/ident"
	"github.com/tongdan/tongdan/internal/db"
	"github.com/tongdan/tongdan/internal/db/dbtest"
	"github.com/tongdan/tongdan/internal/hub"
	"github.com/tongdan/tongdan/internal/platform"
	"github.com/tongdan/tongdan/order"
	"github.com/tongdan/tongdan/stock"
)

// counterWorld is a hub with one store that sells over its own counter alone.
type counterWorld struct {
	*shopWorld
	store db.StoreRow
}

func counterAt(t *testing.T, d *db.DB) *counterWorld {
	w := &counterWorld{shopWorld: &shopWorld{t: t, db: d}}
	w.hub = hub.New(hub.Options{DB: d, Platforms: platform.All(), Clock: hub.Real})
	m, err := d.AddMerchant(t.Context(), db.MerchantRow{Name: "茶铺", Locale: "zh-CN"})
	w.must(err)
	w.who = hub.Actor{Scope: db.Scope{Merchant: m.ID, Personal: true}, ID: "usr_test", Name: "小王", Role: "owner"}
	w.store, err = w.hub.PutStore(t.Context(), w.who, db.StoreRow{Name: "望京店", Zone: "Asia/Shanghai", Cutoff: 240})
	w.must(err)
	return w
}

func (w *counterWorld) tea(key string, n int64) hub.Entry {
	return hub.Entry{Store: w.store.ID, Origin: "counter", Serve: "take_out", Pay: "cash", Tendered: 10000, Key: key,
		Lines: []hub.EntryLine{{Name: "珍珠奶茶", Quantity: n, Price: 1550}}}
}

func (w *counterWorld) enter(e hub.Entry) hub.Entered {
	w.t.Helper()
	got, err := w.hub.Enter(w.t.Context(), w.who, e)
	w.must(err)
	return got
}

func (w *counterWorld) detail(id ident.Order) *hub.Detail {
	w.t.Helper()
	d, err := w.hub.Detail(w.t.Context(), w.who, id)
	w.must(err)
	return d
}

func (w *counterWorld) does(id ident.Order, a hub.Act) {
	w.t.Helper()
	if _, err := w.hub.Act(w.t.Context(), w.who, id, a); err != nil {
		w.t.Fatalf("%s: %v", a.Kind, err)
	}
	w.until(string(a.Kind)+" is done", func() bool { return !strings.Contains(string(w.detail(id).Summary), `"effect_id"`) })
}

func TestAnEntryIsAnOrderAndADoublePressIsOne(t *testing.T) {
	both(t, func(t *testing.T, d *db.DB) {
		w := counterAt(t, d)
		w.run()
		got := w.enter(w.tea("a", 2))
		if got.Number != 1 || got.Total.Minor() != 3100 || got.Change == nil || got.Change.Minor() != 6900 {
			t.Errorf("entered: %+v", got)
		}
		if again := w.enter(w.tea("a", 2)); again.Order != got.Order || again.Number != 1 {
			t.Errorf("the same press again is %+v", again)
		}
		if next := w.enter(w.tea("b", 1)); next.Number != 2 || next.Order == got.Order {
			t.Errorf("another press: %+v", next)
		}
		o := w.detail(got.Order)
		if o.Row.Status != order.StatusAccepted || o.Row.Store != w.store.ID || o.Row.Channel != "counter" {
			t.Errorf("the order is %s at %s of %s", o.Row.Status, o.Row.Store, o.Row.Channel)
		}
		w.does(got.Order, hub.Act{Kind: order.Ready})
		w.does(got.Order, hub.Act{Kind: order.RefundPartial, Key: "r", Lines: []hub.ActLine{{Line: "1", Quantity: 1}}})
		if o = w.detail(got.Order); o.Money.Refunded == nil || o.Money.Refunded.Minor() != 1550 {
			t.Errorf("given back: %v", o.Money.Refunded)
		}
		w.does(got.Order, hub.Act{Kind: order.Dispatch})
		if o = w.detail(got.Order); o.Row.Status != order.StatusDone {
			t.Errorf("handed over, it is %s", o.Row.Status)
		}
		row, err := w.hub.MakeStatement(t.Context(), w.who, o.Row.Shop, "")
		w.must(err)
		if !strings.Contains(string(row.Doc), `"platform":{"orders":2`) || row.Verdict != hub.Agrees {
			t.Errorf("the day's statement: %s %s", row.Verdict, row.Doc)
		}
		w.until("verify agrees", func() bool { // the follower counts a moment later
			rep, err := w.hub.Verify(t.Context(), hub.VerifyOptions{Examples: 5})
			w.must(err)
			return rep.Holds
		})
	})
}

// Two nodes on one database enter at the same moment: each order has a number of its own,
// and the channel is made once.
func TestTwoNodesDrawDifferentNumbers(t *testing.T) {
	t.Parallel()
	url := dbtest.URL(t)
	one := counterAt(t, dbtest.Open(t, db.Options{URL: url}))
	two := hub.New(hub.Options{DB: dbtest.Open(t, db.Options{URL: url}), Platforms: platform.All(), Clock: hub.Real})
	const each = 20
	var mu sync.Mutex
	var numbers []int64
	var wg sync.WaitGroup
	for n, h := range []*hub.Hub{one.hub, two} {
		for i := range each {
			wg.Go(func() {
				got, err := h.Enter(t.Context(), one.who, one.tea(string(rune('a'+n))+string(rune('a'+i)), 1))
				mu.Lock()
				defer mu.Unlock()
				if err != nil {
					t.Error(err)
				}
				numbers = append(numbers, got.Number)
			})
		}
	}
	wg.Wait()
	slices.Sort(numbers)
	for i, n := range numbers {
		if n != int64(i+1) {
			t.Fatalf("numbers %v: want 1 to %d, each once", numbers, 2*each)
		}
	}
	apps, err := one.db.Apps(t.Context(), one.who.Merchant)
	one.must(err)
	shops, err := one.db.Shops(t.Context(), one.who.Scope)
	one.must(err)
	if len(apps) != 1 || len(shops) != 1 {
		t.Errorf("%d apps and %d shops, want one of each", len(apps), len(shops))
	}
}

func TestAnEntryTakesStockAndNeverSilentlyMoreThanThereIs(t *testing.T) {
	both(t, func(t *testing.T, d *db.DB) {
		w := counterAt(t, d)
		w.run()
		sku, err := w.hub.PutSKU(t.Context(), w.who, db.SKURow{Code: "TEA-M", Name: "珍珠奶茶"})
		w.must(err)
		key := db.StockKey{Store: w.store.ID, SKU: sku.ID}
		_, _, err = w.hub.Book(t.Context(), w.who, hub.Booking{StockKey: key, Reason: stock.Receipt, Pieces: 3})
		w.must(err)
		left := func() int64 {
			rows, err := w.db.Levels(t.Context(), w.who.Scope, w.store.ID, sku.ID, db.StockKey{}, 1)
			w.must(err)
			return rows[0].Sellable()
		}
		e := w.tea("a", 2)
		e.Lines[0].SKU = sku.ID
		first := w.enter(e)
		if left() != 1 {
			t.Fatalf("%d are left of three, two of which were entered", left())
		}
		e.Key = "b"
		if _, err := w.hub.Enter(t.Context(), w.who, e); !fault.Is(err, fault.Conflict) || fault.ReasonOf(err).Code != "stock_short" || fault.ReasonOf(err).Args["count"] != "1" {
			t.Fatalf("more than there is: %v", err)
		}
		if left() != 1 {
			t.Errorf("a refused entry took stock: %d", left())
		}
		e.Short, e.Key = true, "c"
		over := w.enter(e)
		if o := w.detail(over.Order); !strings.Contains(string(o.Summary), hub.IssueOversold) {
			t.Error("an entry beyond the stock has no issue that says so")
		}
		if _, err := w.hub.TakeBack(t.Context(), w.who, over.Order); err != nil {
			t.Fatal(err)
		}
		w.until("it is taken back", func() bool { return w.detail(over.Order).Row.Status == order.StatusCancelled })
		if left() != 1 {
			t.Errorf("taken back, %d are left, want 1", left())
		}
		if o := w.detail(over.Order); o.Money.Refunded == nil || o.Money.Refunded.Minor() != 3100 {
			t.Errorf("what was paid has not gone back: %v", o.Money.Refunded)
		}
		w.does(first.Order, hub.Act{Kind: order.Dispatch})
		rows, err := w.db.Levels(t.Context(), w.who.Scope, w.store.ID, sku.ID, db.StockKey{}, 1)
		w.must(err)
		if rows[0].OnHand != 1 || rows[0].Reserved != 0 {
			t.Errorf("handed over: %d on hand, %d kept", rows[0].OnHand, rows[0].Reserved)
		}
		cur, goods, err := w.hub.Goods(t.Context(), w.who, w.store.ID)
		w.must(err)
		if cur != "CNY" || len(goods) != 1 || goods[0].SKU != sku.ID || goods[0].Price == nil || goods[0].Price.Minor() != 1550 || *goods[0].Sellable != 1 {
			t.Errorf("offered again: %s %+v", cur, goods)
		}
	})
}

func TestOnlyWhoeverEnteredTakesBackAndOnlyAtOnce(t *testing.T) {
	both(t, func(t *testing.T, d *db.DB) {
		w := counterAt(t, d)
		got := w.enter(w.tea("a", 1))
		clerk := w.who
		clerk.ID, clerk.Role = "usr_other", "clerk"
		if _, err := w.hub.TakeBack(t.Context(), clerk, got.Order); !fault.Is(err, fault.Forbidden) {
			t.Errorf("somebody else takes it back: %v", err)
		}
		mine, err := w.hub.Enter(t.Context(), clerk, w.tea("b", 1))
		w.must(err)
		if _, err := w.hub.Act(t.Context(), clerk, mine.Order, hub.Act{Kind: order.Cancel}); !fault.Is(err, fault.Forbidden) {
			t.Errorf("a clerk cancels: %v", err)
		}
		if _, err := w.hub.TakeBack(t.Context(), clerk, mine.Order); err != nil {
			t.Errorf("a clerk takes back what he has just entered: %v", err)
		}
	})
}

func TestAnEntryWithMistakesNamesThemAll(t *testing.T) {
	t.Parallel()
	w := counterAt(t, dbtest.Open(t, db.Options{Dir: dbtest.Dir(t)}))
	e := w.tea("", 0)
	e.Serve, e.Pay, e.Lines[0].Price, e.Lines[0].Name = channel.ServeDelivery, "shells", -1, ""
	_, err := w.hub.Enter(t.Context(), w.who, e)
	var at []string
	for _, f := range fault.FieldsOf(err) {
		at = append(at, f.Location)
	}
	want := []string{"body.customer.address", "body.customer.phone", "body.lines[0].name", "body.lines[0].price", "body.lines[0].quantity", "body.pay"}
	if !slices.Equal(at, want) {
		t.Errorf("%v, want %v", at, want)
	}
	other := w.who
	other.Stores = []ident.Store{1}
	if _, err := w.hub.Enter(t.Context(), other, w.tea("", 1)); !fault.Is(err, fault.Invalid) {
		t.Errorf("at a store that is not his: %v", err)
	}
}
