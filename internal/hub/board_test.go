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

// The board of the whole is the sum of what each store sees, a concern goes when its fact
// goes, and who has taken it is known to those who see it and to nobody else.
func TestTheBoardIsTheSumOfItsStores(t *testing.T) {
	each(t, func(w *shopWorld) {
		w.run()
		ctx := t.Context()
		second, err := w.hub.PutStore(ctx, w.who, db.StoreRow{Name: "国贸店", Zone: "Asia/Shanghai"})
		w.must(err)
		shops, err := w.db.Shops(ctx, w.who.Scope)
		w.must(err)
		stores := map[string]ident.Store{} // two shops of one moment come in any order
		for _, s := range shops {
			if s.External == "TEA002" {
				s.Store = second.ID
				_, err := w.hub.PutShop(ctx, w.who, s)
				w.must(err)
			}
			stores[s.External] = s.Store
		}
		person := func(name string, store ident.Store) hub.Actor {
			u, err := w.db.AddUser(ctx, db.UserRow{Merchant: w.who.Merchant, Name: name, Role: "store_manager", Stores: []ident.Store{store}})
			w.must(err)
			return hub.Actor{Scope: db.Scope{Merchant: w.who.Merchant, Stores: u.Stores}, ID: u.ID.String(), Name: name, Role: "store_manager"}
		}
		managers := []hub.Actor{person("王店长", stores["TEA001"]), person("李店长", stores["TEA002"])}

		refunded := w.place(`{"app_poi_code":"TEA001"}`)
		w.until("the order arrives", func() bool { return w.status(refunded) == order.StatusNew })
		_, err = w.act(refunded, hub.Act{Kind: order.Accept})
		w.must(err)
		w.until("it is accepted", func() bool { return w.status(refunded) == order.StatusAccepted })
		w.must(w.sim.Do(refunded, "ask_refund", nil))
		refs := []string{w.place(`{"app_poi_code":"TEA001"}`), w.place(`{"app_poi_code":"TEA002"}`), w.place(`{"app_poi_code":"TEA002"}`)}
		w.until("all are here", func() bool {
			row, _, _, _ := w.row(refunded)
			ok := slices.Contains(row.Flags.List(), order.FlagRefund)
			for _, ref := range refs {
				ok = ok && w.status(ref) == order.StatusNew
			}
			return ok
		})
		concerns := func(who hub.Actor) []hub.Concern {
			list, more, err := w.hub.Concerns(ctx, who)
			w.must(err)
			if more {
				t.Error("four orders are too many")
			}
			return list
		}
		if list := concerns(w.who); len(list) != 1 || list[0].Kind != hub.ConcernRefund || list[0].DueAt == 0 {
			w.t.Fatalf("before anything is late: %+v", list)
		}
		w.clk.Advance(150 * time.Second)
		var whole hub.Board
		w.until("the board tells of all", func() bool {
			whole, err = w.hub.Board(ctx, w.who)
			w.must(err)
			return whole.Totals[hub.ConcernUnaccepted].N == 3
		})
		sums := map[string]int{}
		for _, m := range managers {
			b, err := w.hub.Board(ctx, m)
			w.must(err)
			w.until("the open orders are counted", func() bool {
				for more := true; more; {
					more, err = w.db.Step(ctx, w.who.Merchant)
					w.must(err)
				}
				b, err = w.hub.Board(ctx, m)
				w.must(err)
				return b.Stores[0].Open == 2
			})
			if len(b.Stores) != 1 || b.Stores[0].StoreID != m.Stores[0] {
				w.t.Fatalf("%s sees %+v", m.Name, b.Stores)
			}
			at := slices.IndexFunc(whole.Stores, func(s hub.StoreState) bool { return s.StoreID == m.Stores[0] })
			for _, kind := range hub.OrderConcerns {
				sums[kind] += b.Totals[kind].N
				var of hub.Waits
				if x := whole.Stores[at].Tallies[kind]; x != nil {
					of = *x
				}
				if of != *b.Totals[kind] {
					t.Errorf("%s of %s: the board says %+v, the store %+v", kind, m.Name, of, *b.Totals[kind])
				}
			}
			for _, c := range concerns(m) {
				if c.StoreID != m.Stores[0] {
					t.Errorf("%s is told of %+v", m.Name, c)
				}
			}
		}
		for _, kind := range hub.OrderConcerns {
			if sums[kind] != whole.Totals[kind].N {
				t.Errorf("%s: %d in all, the stores see %d", kind, whole.Totals[kind].N, sums[kind])
			}
		}

		var refund hub.Concern
		for _, c := range concerns(managers[0]) {
			if c.Kind == hub.ConcernRefund {
				refund = c
			}
		}
		if _, err := w.hub.Take(ctx, managers[1], refund.Key, true); !fault.Is(err, fault.NotFound) {
			t.Errorf("another store's manager takes it: %v", err)
		}
		before, err := w.db.Feed(ctx, w.who.Merchant)
		w.must(err)
		c, err := w.hub.Take(ctx, managers[0], refund.Key, true)
		if err != nil || c.TakenName != "王店长" || c.TakenAt == 0 {
			t.Errorf("taken: %+v %v", c, err)
		}
		changes, _, err := w.db.Changes(ctx, managers[0].Scope, before.Seq, 10)
		if err != nil || len(changes) == 0 || changes[0].ID != refund.Order.ID.String() {
			t.Errorf("his colleagues are told %+v (%v)", changes, err)
		}
		if c, err := w.hub.Take(ctx, w.who, refund.Key, false); err != nil || c.TakenBy != "" {
			t.Errorf("given back: %+v %v", c, err)
		}
		w.clk.Advance(4 * time.Minute)
		if list := concerns(managers[0]); !slices.ContainsFunc(list, func(c hub.Concern) bool { return c.Key == refund.Key && c.Escalated }) {
			t.Errorf("nobody took it for six minutes, and it is not escalated: %+v", list)
		}
		row, _, _, _ := w.row(refunded)
		_, err = w.hub.Act(ctx, managers[0], row.ID, hub.Act{Kind: order.RefundApprove})
		w.must(err)
		w.until("the refund is answered, and waits no more", func() bool {
			return !slices.ContainsFunc(concerns(w.who), func(c hub.Concern) bool { return c.Kind == hub.ConcernRefund })
		})
		if _, err := w.hub.Take(ctx, managers[0], refund.Key, true); !fault.Is(err, fault.NotFound) {
			t.Errorf("what does not wait is taken: %v", err)
		}
	})
}
