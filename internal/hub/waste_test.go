package hub_test

import (
	"strings"
	"testing"

	"github.com/tongdan/tongdan/internal/db"
	"github.com/tongdan/tongdan/internal/hub"
	"github.com/tongdan/tongdan/order"
	"github.com/tongdan/tongdan/stock"
)

// What the kitchen has made for an order that is then cancelled is gone, with a movement
// that says why; what it has not made, or not after all, comes back.
func TestFoodThatWasMadeIsWastedByACancel(t *testing.T) {
	both(t, func(t *testing.T, d *db.DB) {
		w := counterAt(t, d)
		w.run()
		sku, err := w.hub.PutSKU(t.Context(), w.who, db.SKURow{Code: "TEA-M", Name: "珍珠奶茶"})
		w.must(err)
		key := db.StockKey{Store: w.store.ID, SKU: sku.ID}
		_, _, err = w.hub.Book(t.Context(), w.who, hub.Booking{StockKey: key, Reason: stock.Receipt, Pieces: 10})
		w.must(err)
		left := int64(10)
		for _, c := range []struct {
			name   string
			ready  bool
			back   bool // the press is taken back
			wasted int64
		}{
			{"never begun", false, false, 0},
			{"made", true, false, 2},
			{"pressed by mistake", true, true, 0},
		} {
			e := w.tea(c.name, 2)
			e.Lines[0].SKU = sku.ID
			got := w.enter(e)
			switch {
			case c.back:
				done, err := w.hub.Act(t.Context(), w.who, got.Order, hub.Act{Kind: order.Ready, Hold: hub.MaxHold})
				w.must(err)
				w.must(w.hub.Withdraw(t.Context(), w.who, done.Effect))
			case c.ready:
				w.does(got.Order, hub.Act{Kind: order.Ready})
			}
			w.cancelled(got)
			left -= c.wasted
			rows, err := w.db.Levels(t.Context(), w.who.Scope, w.store.ID, sku.ID, db.StockKey{}, 1)
			w.must(err)
			if rows[0].OnHand != left || rows[0].Reserved != 0 {
				t.Errorf("%s: %d on hand and %d kept, want %d and none", c.name, rows[0].OnHand, rows[0].Reserved, left)
			}
			moved, err := w.db.Movements(t.Context(), w.who.Scope, key, 0, 100)
			w.must(err)
			var wasted int64
			for _, m := range moved {
				if m.Cause == got.Order.String() {
					if m.Reason != stock.Waste {
						t.Errorf("%s: a movement of %d by %s", c.name, m.Pieces, m.Reason)
					}
					wasted -= m.Pieces
				}
			}
			if shown := w.detail(got.Order).Lines[0].Wasted; wasted != c.wasted || shown != c.wasted {
				t.Errorf("%s: %d pieces are booked as waste and %d are shown, want %d", c.name, wasted, shown, c.wasted)
			}
		}
		rep, err := w.hub.Verify(t.Context(), hub.VerifyOptions{Examples: 5, Checks: []string{"stock", "fold"}})
		w.must(err)
		for _, x := range rep.Checks {
			if x.Bad > 0 {
				t.Errorf("verify, %s: %v", x.Name, x.Examples)
			}
		}
		replayed, err := w.hub.Replay(t.Context(), hub.ReplayOptions{})
		w.must(err)
		if replayed.Differ > 0 {
			t.Errorf("replayed from the journal: %+v", replayed.Orderly)
		}
	})
}

func (w *counterWorld) cancelled(e hub.Entered) {
	w.t.Helper()
	_, err := w.hub.Act(w.t.Context(), w.who, e.Order, hub.Act{Kind: order.Cancel})
	w.must(err)
	w.until("it is cancelled", func() bool {
		d := w.detail(e.Order)
		return d.Row.Status == order.StatusCancelled && !strings.Contains(string(d.Summary), `"effect_id"`)
	})
}
