package hub_test

import (
	"context"
	"database/sql"
	"encoding/json"
	"testing"

	"github.com/tongdan/tongdan/ident"
	"github.com/tongdan/tongdan/internal/db"
	"github.com/tongdan/tongdan/internal/hub"
	"github.com/tongdan/tongdan/order"
)

// TestOrdersFollowTheirShop moves a shop to another store, takes it away and binds it anew: its
// orders are seen where it is, what they keep is kept there, and verify and replay agree to the
// last field after each step. Where a process dies between the change of the shop and its
// orders, the next one that starts has them follow.
func TestOrdersFollowTheirShop(t *testing.T) {
	eachPlace(t, func(w *shopWorld, raw *sql.DB, o db.Options) {
		t, ctx := w.t, w.t.Context()
		ids := w.live()
		first := w.db.Rows(w.who.Merchant).Shops[0]
		stores := []ident.Store{first.Store}
		for _, name := range []string{"国贸店", "三里屯店"} {
			s, err := w.hub.PutStore(ctx, w.who, db.StoreRow{Name: name, Zone: "Asia/Shanghai"})
			w.must(err)
			stores = append(stores, s.ID)
		}
		of := func(id string) db.OrderRow {
			row, _, _, err := w.db.OrderByRef(ctx, w.who.Scope, order.Ref{Realm: "meituan", Kind: order.KindOrder, ID: id})
			w.must(err)
			return row
		}
		var theirs []string
		for _, id := range ids {
			if of(id).Shop == first.ID {
				theirs = append(theirs, id)
			}
		}
		kept := func(store ident.Store) (n int) {
			w.must(raw.QueryRowContext(ctx, `SELECT COUNT(*) FROM reservations WHERE store_id = $1 AND order_id IN (SELECT id FROM orders WHERE external_id IN ($2, $3, $4))`,
				int64(store), theirs[0], theirs[1], theirs[2]).Scan(&n))
			return n
		}
		if len(theirs) != 3 {
			t.Fatalf("%d orders of the shop", len(theirs))
		}
		keeps := kept(first.Store)
		if keeps == 0 {
			t.Fatal("its orders keep nothing: this is no test")
		}
		agrees := func(when string) {
			t.Helper()
			w.follow()
			for name, c := range verified(t, w.hub, hub.VerifyOptions{}) {
				if c.Bad > 0 {
					t.Errorf("%s: %s: %d of %d do not hold: %+v", when, name, c.Bad, c.Looked, c.Examples)
				}
			}
			if r, err := w.hub.Replay(ctx, hub.ReplayOptions{Dir: t.TempDir()}); err != nil || r.Differ > 0 || r.Orders != len(ids) {
				t.Errorf("%s: replay: %d of %d orders differ, %v: %+v", when, r.Differ, r.Orders, err, r.Orderly)
			}
		}
		lie := func(when string, store ident.Store) {
			t.Helper()
			for _, id := range theirs {
				if row := of(id); row.Store != store {
					t.Errorf("%s: order %s lies in %v, want %v", when, id, row.Store, store)
				}
			}
			agrees(when)
		}
		unbound := func(id string) bool {
			var s hub.Summary
			w.must(json.Unmarshal(of(id).Summary, &s))
			for _, i := range s.Issues {
				if i.Code == hub.IssueUnbound {
					return true
				}
			}
			return false
		}

		moved := first
		moved.Store = stores[1]
		_, err := w.hub.PutShop(ctx, w.who, moved)
		w.must(err)
		lie("moved", stores[1])
		if n := kept(stores[1]); n != keeps {
			t.Errorf("%d things are kept at the new store, want %d", n, keeps)
		}

		// As if the process died right after the shop's own row.
		moved.Store = stores[2]
		_, err = w.db.PutShop(ctx, moved)
		w.must(err)
		run, stop := context.WithCancel(ctx)
		done := make(chan error, 1)
		go func() { done <- w.hub.Run(run) }()
		w.until("the orders have followed", func() bool { return of(theirs[len(theirs)-1]).Store == stores[2] })
		stop()
		w.must(<-done)
		lie("moved by a process that died", stores[2])

		w.must(w.hub.DeleteShop(ctx, w.who, first.ID))
		lie("taken away", stores[2])
		open := 0
		for _, id := range theirs {
			over := w.status(id) == order.StatusCancelled
			if unbound(id) == over {
				t.Errorf("order %s is %s and says that its shop is not bound: %v", id, w.status(id), !over)
			}
			if !over {
				open++
			}
		}
		if n := kept(stores[2]); n != 0 || open == 0 {
			t.Errorf("%d open orders of a shop that is gone keep %d things", open, n)
		}

		anew := first
		anew.ID, anew.Store = 0, stores[1]
		anew, err = w.hub.PutShop(ctx, w.who, anew)
		w.must(err)
		lie("bound anew", stores[1])
		if row := of(theirs[0]); row.Shop != anew.ID || unbound(theirs[0]) || kept(stores[1]) != keeps {
			t.Errorf("bound anew: the shop is %v, want %v; not bound: %v; %d things are kept, want %d", row.Shop, anew.ID, unbound(theirs[0]), kept(stores[1]), keeps)
		}
	})
}
