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

// A refund that nobody answers in time is told as lost, with its money, to those who see its store and to
// nobody else; once somebody has seen it the message goes, the count stays, and a replay gives the same.
func TestARefundThatNobodyAnswersIsCountedAndTold(t *testing.T) {
	each(t, func(w *shopWorld) {
		w.sameDay()
		w.run()
		ctx := t.Context()
		mine := w.store()
		other, err := w.hub.PutStore(ctx, w.who, db.StoreRow{Name: "国贸店", Zone: "Asia/Shanghai"})
		w.must(err)
		seeing := func(store ident.Store) hub.Actor {
			return hub.Actor{Scope: db.Scope{Merchant: w.who.Merchant, Stores: []ident.Store{store}}, ID: "usr_other", Name: "李店长", Role: "store_manager"}
		}
		ref, _ := w.askRefund()
		answered, _ := w.askRefund()
		_, err = w.act(answered, hub.Act{Kind: order.RefundApprove})
		w.must(err)
		w.until("one is answered", func() bool { _, o, _, _ := w.row(answered); return o.Cases[0].State == order.CaseRefunded })
		lost := func(who hub.Actor) hub.Lost {
			t.Helper()
			l, err := w.hub.Lost(ctx, who)
			w.must(err)
			return l
		}
		told := func(who hub.Actor) (out []hub.Concern) {
			t.Helper()
			list, _, err := w.hub.Concerns(ctx, who)
			w.must(err)
			return slices.DeleteFunc(list, func(c hub.Concern) bool { return c.Kind != hub.ConcernLost })
		}
		if l := lost(w.who); len(l.Stores) != 0 || len(l.Refunds) != 0 {
			w.t.Fatalf("before anything is lost: %+v", l)
		}
		w.clk.Advance(31 * time.Minute)
		w.until("the platform agrees by itself", func() bool { _, o, _, _ := w.row(ref); return o.Cases[0].LostAt > 0 })
		w.until("and it is told", func() bool { return len(told(w.who)) == 1 })
		_, o, _, _ := w.row(ref)
		paid := *o.PaidSum
		for _, who := range []hub.Actor{w.who, seeing(mine)} {
			l := lost(who)
			if len(l.Stores) != 1 || l.Stores[0].StoreID != mine || l.Stores[0].Today.N != 1 || l.Stores[0].Week.N != 1 || len(l.Stores[0].Today.Sum) != 1 || l.Stores[0].Today.Sum[0] != paid {
				t.Errorf("what was lost: %+v, want %s", l.Stores, paid)
			}
			if len(l.Refunds) != 1 || l.Refunds[0].SeenAt != 0 || l.Refunds[0].Amount == nil || *l.Refunds[0].Amount != paid {
				t.Errorf("which ones: %+v", l.Refunds)
			}
			b, err := w.hub.Board(ctx, who)
			w.must(err)
			if b.Totals[hub.ConcernLost].N != 1 {
				t.Errorf("the board counts %+v", b.Totals[hub.ConcernLost])
			}
		}
		stranger := seeing(other.ID)
		if l := lost(stranger); len(l.Stores) != 0 || len(l.Refunds) != 0 || len(told(stranger)) != 0 {
			t.Errorf("another store's manager is told: %+v", l)
		}
		row, _, _, _ := w.row(ref)
		detail, err := w.hub.Detail(ctx, w.who, row.ID)
		w.must(err)
		if a := detail.AfterSales[0]; a.LostAt == 0 || a.SeenAt != 0 || !slices.ContainsFunc(detail.Timeline, func(m hub.Moment) bool { return m.Axis == order.AxisCase && m.Code == "lost" }) {
			t.Errorf("the order does not say so: %+v, %+v", a, detail.Timeline)
		}

		key := told(w.who)[0].Key
		if key != lost(w.who).Refunds[0].Key {
			t.Errorf("two keys: %s and %s", key, lost(w.who).Refunds[0].Key)
		}
		if _, err := w.hub.Take(ctx, stranger, key, true); !fault.Is(err, fault.NotFound) {
			t.Errorf("another store's manager clears it: %v", err)
		}
		c, err := w.hub.Take(ctx, seeing(mine), key, true)
		w.must(err)
		if c.TakenName != "李店长" || len(told(w.who)) != 0 {
			t.Errorf("seen by %q, and still told: %+v", c.TakenName, told(w.who))
		}
		if _, err := w.hub.Take(ctx, w.who, key, true); !fault.Is(err, fault.NotFound) {
			t.Errorf("seen twice: %v", err)
		}
		if l := lost(w.who); len(l.Stores) != 1 || l.Refunds[0].SeenBy != "李店长" || l.Refunds[0].SeenAt == 0 {
			t.Errorf("once it was seen: %+v", l)
		}
		rep, err := w.hub.Replay(ctx, hub.ReplayOptions{Dir: t.TempDir()})
		w.must(err)
		if rep.Differ != 0 || rep.Unread != 0 {
			t.Errorf("a replay gives something else: %+v", rep.Orderly)
		}

		w.clk.Advance(24 * time.Hour)
		if l := lost(w.who); len(l.Stores) == 1 && l.Stores[0].Today.N != 0 {
			t.Errorf("the day after: %+v", l.Stores)
		}
		w.clk.Advance(7 * 24 * time.Hour)
		if l := lost(w.who); len(l.Stores) != 0 {
			t.Errorf("the week after: %+v", l.Stores)
		}
	})
}
