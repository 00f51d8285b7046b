package hub_test

import (
	"testing"
	"time"

	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/internal/db"
	"github.com/tongdan/tongdan/internal/hub"
	mt "github.com/tongdan/tongdan/internal/sim/meituan"
	"github.com/tongdan/tongdan/order"
)

// A large chain has three hours to answer a refund: once its account says so, the deadlines of what waits follow,
// on the order, in the messages and on the radar, as the platform's own timer does. What was lost before keeps
// what it was when the setting changes, and a replay gives the same before and after.
func TestALargeChainHasLongerToAnswerARefund(t *testing.T) {
	each(t, func(w *shopWorld) {
		ctx := t.Context()
		w.must(w.sim.AddStore(mt.Store{Code: "BIG001", BigChain: true, Logistics: "0000"}))
		accounts, err := w.db.Accounts(ctx, w.who.Merchant)
		w.must(err)
		acct := accounts[0]
		_, err = w.hub.PutShop(ctx, w.who, db.ShopRow{Account: acct.ID, External: "BIG001", Store: w.store(), Name: "BIG001"})
		w.must(err)
		w.run()
		chain := func(on bool) {
			t.Helper()
			fresh, ok := w.db.AccountByID(w.who.Merchant, acct.ID)
			if !ok {
				w.t.Fatal("the account is gone")
			}
			fresh.BigChain = on
			_, err := w.hub.PutAccount(ctx, w.who, fresh)
			w.must(err)
		}
		same := func(when string) {
			t.Helper()
			rep, err := w.hub.Replay(ctx, hub.ReplayOptions{Dir: t.TempDir()})
			w.must(err)
			if rep.Differ != 0 || rep.Unread != 0 {
				t.Errorf("%s a replay gives something else: %+v", when, rep.Orderly)
			}
		}
		ask := func(n int) string {
			t.Helper()
			ref := w.place(`{"app_poi_code":"BIG001"}`)
			w.must(w.sim.Do(ref, "accept_in_app", nil))
			w.until("it is accepted", func() bool { s := w.status(ref); return s != "" && s != order.StatusNew })
			w.ask(ref)
			return ref
		}
		within := func(ref string) time.Duration {
			t.Helper()
			row, o, _, _ := w.row(ref)
			d, err := w.hub.Detail(ctx, w.who, row.ID)
			w.must(err)
			if a := d.AfterSales[0]; a.AnswerBy != row.DueAt || a.AnswerBy == 0 {
				t.Errorf("the order says %d, its row %d", a.AnswerBy, row.DueAt)
			}
			list, _, err := w.hub.Concerns(ctx, w.who)
			w.must(err)
			for _, c := range list {
				if c.Kind == hub.ConcernRefund && c.Order.ID == row.ID && c.DueAt != row.DueAt {
					t.Errorf("the message says %d, the row %d", c.DueAt, row.DueAt)
				}
			}
			return time.Duration(row.DueAt-o.Cases[0].Case.AskedAt) * time.Millisecond
		}
		ref := ask(1)
		if got := within(ref); got != 30*time.Minute {
			t.Errorf("before the account says so it is %s", got)
		}
		same("before")
		chain(true)
		if got := within(ref); got != 3*time.Hour {
			t.Errorf("of what waits already it is %s", got)
		}
		same("with a chain")
		second := ask(2)
		if got := within(second); got != 3*time.Hour {
			t.Errorf("of what comes it is %s", got)
		}
		w.clk.Advance(91 * time.Minute)
		danger, err := w.hub.Radar(ctx, w.who)
		w.must(err)
		near := 0.0
		for _, d := range danger {
			if d.Rule == "refund_late" {
				near = max(near, d.Share)
			}
		}
		if near < 0.5 || near > 0.6 {
			t.Errorf("after half the time the radar says %v", near)
		}
		if _, o, _, _ := w.row(ref); !o.Cases[0].Answerable {
			w.t.Fatalf("the platform did not wait: %+v", o.Cases[0])
		}
		w.clk.Advance(90 * time.Minute)
		w.until("the platform agrees by itself", func() bool {
			_, o, _, _ := w.row(ref)
			_, p, _, _ := w.row(second)
			return o.Cases[0].LostAt > 0 && p.Cases[0].LostAt > 0
		})
		before, _, _, _ := w.row(ref)
		chain(false)
		after, _, _, _ := w.row(ref)
		if before.Seq != after.Seq || string(before.Summary) != string(after.Summary) {
			t.Error("a case that is over changed with the setting")
		}
		same("without a chain again")
		counter := db.AccountRow{}
		for _, a := range accounts {
			if a.Channel != "meituan" {
				counter = a
			}
		}
		if counter.ID != 0 {
			counter.BigChain = true
			if _, err := w.hub.PutAccount(ctx, w.who, counter); !fault.Is(err, fault.Invalid) {
				t.Errorf("a platform that knows no chains: %v", err)
			}
		}
	})
}
