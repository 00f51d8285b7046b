package hub_test

import (
	"slices"
	"testing"
	"time"

	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/ident"
	"github.com/tongdan/tongdan/internal/db"
	"github.com/tongdan/tongdan/internal/hub"
	"github.com/tongdan/tongdan/order"
)

// What was handed over stands in the list of its store's day: when, by whom, by code or without
// and why. What waits, what a rider brings and other days' are not there.
func TestTheHandoversOfADay(t *testing.T) {
	each(t, func(w *shopWorld) {
		ctx := t.Context()
		w.run()
		var ids []string
		for range 3 {
			ids = append(ids, w.pickup())
		}
		hand := func(id string, a hub.Act) {
			t.Helper()
			a.Kind = order.Dispatch
			_, err := w.act(id, a)
			w.must(err)
		}
		hand(ids[0], hub.Act{ByCode: true})
		hand(ids[1], hub.Act{Reason: " 手机没电 "})
		row, _, _, _ := w.row(ids[0])
		ask := func(a hub.HandoverAsk) hub.Handovers {
			t.Helper()
			a.Store = row.Store
			got, err := w.hub.Handovers(ctx, w.who, a)
			w.must(err)
			return got
		}
		got := ask(hub.HandoverAsk{})
		if got.All != 2 || got.NoCode != 1 || len(got.Handovers) != 2 || got.Day != got.Today || got.Next != "" {
			w.t.Fatalf("the day has %+v", got)
		}
		by := slices.Clone(got.Handovers)
		slices.SortFunc(by, func(a, b hub.Handover) int { return len(a.Reason) - len(b.Reason) })
		if x := by[0]; !x.Code || x.OrderID != row.ID || x.By != w.who.ID || x.At == 0 || x.DisplayRef == "" || x.Status != order.StatusDelivered {
			t.Errorf("by code: %+v", x)
		}
		if x := by[1]; x.Code || x.Reason != "手机没电" {
			t.Errorf("by hand: %+v", x)
		}
		if got := ask(hub.HandoverAsk{NoCode: true}); got.All != 2 || len(got.Handovers) != 1 || got.Handovers[0].Code {
			t.Errorf("without a code: %+v", got)
		}
		one := ask(hub.HandoverAsk{Limit: 1})
		two := ask(hub.HandoverAsk{Limit: 1, Cursor: one.Next})
		if len(one.Handovers) != 1 || len(two.Handovers) != 1 || one.Handovers[0].OrderID == two.Handovers[0].OrderID || two.Next != "" {
			t.Errorf("by pages: %+v and %+v", one, two)
		}
		if got := ask(hub.HandoverAsk{Day: dayBefore(got.Day)}); got.All != 0 || len(got.Handovers) != 0 {
			t.Errorf("the day before: %+v", got)
		}
		for _, day := range []string{"2020-01-01", "tomorrow", "9999-01-01"} {
			if _, err := w.hub.Handovers(ctx, w.who, hub.HandoverAsk{Store: row.Store, Day: day}); !fault.Is(err, fault.Invalid) {
				t.Errorf("%s: %v", day, err)
			}
		}
		stranger := w.who
		stranger.Stores = []ident.Store{1}
		if _, err := w.hub.Handovers(ctx, stranger, hub.HandoverAsk{Store: row.Store}); !fault.Is(err, fault.NotFound) {
			t.Errorf("another store's clerk: %v", err)
		}
		if list, _, err := w.db.Handovers(ctx, stranger.Scope, db.HandoverFilter{Store: row.Store, To: 1 << 60}); err != nil || len(list) != 0 {
			t.Errorf("outside the scope: %d, %v", len(list), err)
		}
	})
}

// An order of our own goes to its customer by a press that is carried out a moment later: it is in
// the list once it is, with the reason that was told with it.
func TestAnOwnOrdersHandoverIsInTheList(t *testing.T) {
	both(t, func(t *testing.T, d *db.DB) {
		w := counterAt(t, d)
		w.run()
		got := w.enter(w.tea("a", 1))
		w.does(got.Order, hub.Act{Kind: order.Dispatch, Reason: "家人代取"})
		var list hub.Handovers
		w.until("it is there", func() bool {
			var err error
			list, err = w.hub.Handovers(t.Context(), w.who, hub.HandoverAsk{Store: w.store.ID})
			w.must(err)
			return len(list.Handovers) > 0
		})
		if x := list.Handovers[0]; len(list.Handovers) != 1 || x.OrderID != got.Order || x.Reason != "家人代取" || x.Code || x.DaySeq != "1" {
			t.Errorf("it reads %+v", list)
		}
	})
}

func dayBefore(day string) string {
	at, err := time.Parse(time.DateOnly, day)
	if err != nil {
		panic(err)
	}
	return at.AddDate(0, 0, -1).Format(time.DateOnly)
}
