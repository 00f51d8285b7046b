package hub_test

import (
	"strings"
	"testing"

	"github.com/tongdan/tongdan/ident"
	"github.com/tongdan/tongdan/internal/db"
	"github.com/tongdan/tongdan/internal/hub"
	"github.com/tongdan/tongdan/order"
	"github.com/tongdan/tongdan/stock"
)

// An order that lacks pieces and leaves all the same takes those of others: they are named,
// the newest first, and no longer once goods have come in.
func TestALackIsPassedOnByAnOrderThatLeavesAllTheSame(t *testing.T) {
	both(t, func(t *testing.T, d *db.DB) {
		w := counterAt(t, d)
		w.run()
		sku, err := w.hub.PutSKU(t.Context(), w.who, db.SKURow{Code: "TEA-M", Name: "珍珠奶茶"})
		w.must(err)
		key := db.StockKey{Store: w.store.ID, SKU: sku.ID}
		_, _, err = w.hub.Book(t.Context(), w.who, hub.Booking{StockKey: key, Reason: stock.Receipt, Pieces: 3})
		w.must(err)
		buy := func(name string, n int64) ident.Order {
			e := w.tea(name, n)
			e.Lines[0].SKU, e.Short = sku.ID, true
			return w.enter(e).Order
		}
		oldest, older, beyond := buy("a", 1), buy("b", 2), buy("c", 2)
		named := func(id ident.Order) bool { return strings.Contains(string(w.detail(id).Summary), hub.IssueOversold) }
		short := func() map[ident.Order]int64 {
			rows, err := w.db.Oversold(t.Context(), w.who.Scope, 10)
			w.must(err)
			out := map[ident.Order]int64{}
			for _, r := range rows {
				out[r.Order] = r.Short
			}
			return out
		}
		if s := short(); len(s) != 1 || s[beyond] != 2 || !named(beyond) || named(older) {
			t.Fatalf("the order beyond the stock lacks: %v", s)
		}
		w.does(beyond, hub.Act{Kind: order.Dispatch})
		w.until("the lack is passed on", func() bool { s := short(); return len(s) == 1 && s[older] == 2 })
		if !named(older) || named(oldest) || named(beyond) {
			t.Errorf("named: the older %v, the oldest %v, the one that has left %v; want the older alone", named(older), named(oldest), named(beyond))
		}
		w.does(older, hub.Act{Kind: order.Dispatch})
		w.until("it goes on to the last", func() bool { s := short(); return len(s) == 1 && s[oldest] == 1 })
		_, _, err = w.hub.Book(t.Context(), w.who, hub.Booking{StockKey: key, Reason: stock.Receipt, Pieces: 2})
		w.must(err)
		if s := short(); len(s) != 0 || named(oldest) {
			t.Errorf("goods have come in, and still lack: %v", s)
		}
		rep, err := w.hub.Verify(t.Context(), hub.VerifyOptions{Examples: 5, Checks: []string{"stock", "fold", "reservations"}})
		w.must(err)
		for _, x := range rep.Checks {
			if x.Bad > 0 {
				t.Errorf("verify, %s: %v", x.Name, x.Examples)
			}
		}
	})
}
