package hub_test

import (
	"testing"

	"github.com/tongdan/tongdan/channel"
	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/internal/db"
	"github.com/tongdan/tongdan/internal/hub"
	"github.com/tongdan/tongdan/order"
	"github.com/tongdan/tongdan/stock"
)

// An entered order that is changed has the stock and the money of what it is now, whichever
// way it came there; what was made, given back or has left is not changed any more.
func TestAnEntryIsChangedWithItsStockAndMoney(t *testing.T) {
	both(t, func(t *testing.T, d *db.DB) {
		w := counterAt(t, d)
		w.run()
		sku, err := w.hub.PutSKU(t.Context(), w.who, db.SKURow{Code: "TEA-M", Name: "珍珠奶茶"})
		w.must(err)
		key := db.StockKey{Store: w.store.ID, SKU: sku.ID}
		_, _, err = w.hub.Book(t.Context(), w.who, hub.Booking{StockKey: key, Reason: stock.Receipt, Pieces: 3})
		w.must(err)
		level := func() db.LevelRow {
			rows, err := w.db.Levels(t.Context(), w.who.Scope, w.store.ID, sku.ID, db.StockKey{}, 1)
			w.must(err)
			return rows[0]
		}
		e := w.tea("a", 2)
		e.Lines[0].SKU, e.Pay, e.Tendered = sku.ID, channel.PayCash, 5000
		id := w.enter(e).Order
		is := func(what string, total, kept int64, remark string, lines int) {
			t.Helper()
			o := w.detail(id)
			if o.Money.Total.Minor() != total || o.Money.Paid == nil || o.Money.Paid.Minor() != total || level().Reserved != kept || o.RemarkFull != remark || len(o.Lines) != lines || o.Row.Status != order.StatusAccepted {
				t.Errorf("%s: total %v, paid %v, kept %d, remark %q, %d lines, %s", what, o.Money.Total, o.Money.Paid, level().Reserved, o.RemarkFull, len(o.Lines), o.Row.Status)
			}
		}
		change := func(c hub.EntryChange) (hub.EntryChanged, error) {
			return w.hub.ChangeEntry(t.Context(), w.who, id, c)
		}
		is("entered", 3100, 2, "", 1)
		// One tea more, a cake, a note and a time. The two that it has count as there.
		got, err := change(hub.EntryChange{Remark: new("少冰"), Promised: new(int64(1_900_000_000_000)), Lines: []hub.EntryLine{{Keep: "1", Quantity: 3, Price: 1550, Note: "热"}, {Name: "蛋糕", Quantity: 1, Price: 2000}}})
		w.must(err)
		if got.Total.Minor() != 6650 || got.More.Minor() != 3550 {
			t.Errorf("changed: %+v", got)
		}
		is("changed", 6650, 3, "少冰", 2)
		if o := w.detail(id); o.Lines[0].Note != "热" || o.Lines[0].SKU != "TEA-M" {
			t.Errorf("the first line is %+v", o.Lines[0])
		}
		_, err = change(hub.EntryChange{Lines: []hub.EntryLine{{Keep: "1", Quantity: 4, Price: 1550}}})
		if !fault.Is(err, fault.Conflict) || fault.ReasonOf(err).Code != "stock_short" || fault.ReasonOf(err).Args["count"] != "3" {
			t.Errorf("more than there is: %v", err)
		}
		is("refused", 6650, 3, "少冰", 2)
		// Taken back, everything is as it was.
		got, err = w.hub.UndoEntryChange(t.Context(), w.who, id)
		w.must(err)
		if got.More.Minor() != -3550 {
			t.Errorf("taken back, %v are to be given back", got.More)
		}
		is("taken back", 3100, 2, "", 1)
		if p := w.detail(id).Payments; len(p) != 1 || p[0].Tendered == nil || p[0].Tendered.Minor() != 5000 {
			t.Errorf("what the customer gave is not there again: %+v", p)
		}
		// A line that goes gives its pieces back.
		_, err = change(hub.EntryChange{Lines: []hub.EntryLine{{Name: "蛋糕", Quantity: 1, Price: 2000}}})
		w.must(err)
		is("without tea", 2000, 0, "", 1)
		_, err = w.hub.UndoEntryChange(t.Context(), w.who, id)
		w.must(err)
		if _, err := change(hub.EntryChange{Lines: []hub.EntryLine{{Keep: "9", Quantity: 1, Price: 1}}}); !fault.Is(err, fault.Invalid) {
			t.Errorf("a line that is not there: %v", err)
		}
		// Two people change the same version: the second is told, and keeps no line that is another by now.
		version := w.detail(id).Entry
		_, err = change(hub.EntryChange{Version: version, Lines: []hub.EntryLine{{Name: "蛋糕", Quantity: 1, Price: 2000}, {Keep: "1", Quantity: 2, Price: 1550}}})
		w.must(err)
		_, err = change(hub.EntryChange{Version: version, Lines: []hub.EntryLine{{Keep: "1", Quantity: 1, Price: 1550}}})
		if !fault.Is(err, fault.Conflict) || fault.ReasonOf(err).Code != "entry_changed" {
			t.Errorf("of a version that is changed: %v", err)
		}
		is("changed once", 5100, 2, "", 2)
		_, err = w.hub.UndoEntryChange(t.Context(), w.who, id)
		w.must(err)
		is("taken back", 3100, 2, "", 1)
		replayed, err := w.hub.Replay(t.Context(), hub.ReplayOptions{})
		w.must(err)
		if replayed.Differ > 0 {
			t.Errorf("replayed from the journal: %+v", replayed.Orderly)
		}
		// What is made keeps its lines; the remark may still change.
		w.does(id, hub.Act{Kind: order.Ready})
		if _, err := change(hub.EntryChange{Lines: []hub.EntryLine{{Keep: "1", Quantity: 1, Price: 1550}}}); fault.ReasonOf(err).Code != "entry_made" {
			t.Errorf("lines of what is made: %v", err)
		}
		_, err = change(hub.EntryChange{Remark: new("打包"), Lines: []hub.EntryLine{{Keep: "1", Quantity: 2, Price: 1550}}})
		w.must(err)
		if o := w.detail(id); o.RemarkFull != "打包" || o.Row.Status != order.StatusReady {
			t.Errorf("%q, %s", o.RemarkFull, o.Row.Status)
		}
		w.does(id, hub.Act{Kind: order.Dispatch})
		if _, err := change(hub.EntryChange{Lines: []hub.EntryLine{{Keep: "1", Quantity: 2, Price: 1550}}}); fault.ReasonOf(err).Code != "entry_over" {
			t.Errorf("handed over: %v", err)
		}
		if l := level(); l.OnHand != 1 || l.Reserved != 0 {
			t.Errorf("%d on hand, %d kept", l.OnHand, l.Reserved)
		}
		other := w.enter(w.tea("b", 2)).Order
		w.does(other, hub.Act{Kind: order.RefundPartial, Key: "r", Lines: []hub.ActLine{{Line: "1", Quantity: 1}}})
		if _, err := w.hub.ChangeEntry(t.Context(), w.who, other, hub.EntryChange{Lines: []hub.EntryLine{{Keep: "1", Quantity: 1, Price: 1}}}); fault.ReasonOf(err).Code != "entry_refunded" {
			t.Errorf("money went back: %v", err)
		}
	})
}
