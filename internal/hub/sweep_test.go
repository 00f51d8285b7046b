package hub

import (
	"encoding/json"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/tongdan/tongdan/channel"
	"github.com/tongdan/tongdan/effect"
	"github.com/tongdan/tongdan/ident"
	"github.com/tongdan/tongdan/internal/db"
	"github.com/tongdan/tongdan/internal/db/dbtest"
	"github.com/tongdan/tongdan/internal/platform"
	"github.com/tongdan/tongdan/order"
)

// A sweep that went on while reads wait would bury those that a hint or a gap in the
// daily numbers asks for: on a slow platform an order could stay without its content.
func TestASweepYieldsToReadsThatWait(t *testing.T) {
	t.Parallel()
	dbtest.AtOnce(t, func(t *testing.T, d *db.DB) {
		ctx := t.Context()
		h := New(Options{DB: d, Platforms: platform.All()})
		m, err := d.AddMerchant(ctx, db.MerchantRow{Name: "茶铺", Locale: "zh-CN"})
		if err != nil {
			t.Fatal(err)
		}
		who := Actor{Scope: db.Scope{Merchant: m.ID}}
		app, err := h.PutApp(ctx, who, db.AppRow{Channel: "meituan", Name: "直连", Credentials: map[string]string{"app_id": "4321", "secret": "s"}})
		if err != nil {
			t.Fatal(err)
		}
		acct, err := h.PutAccount(ctx, who, db.AccountRow{App: app.ID, Name: "总部"})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := d.Do(ctx, db.Verb{Name: "place", Merchant: m.ID, Decide: func(tx *db.Tx) error {
			tx.PutOrder(&db.OrderRow{Ref: order.Ref{Realm: "meituan", Kind: order.KindOrder, ID: "long ago"}, Channel: "meituan", Account: acct.ID, SweepAt: 1})
			return nil
		}}); err != nil {
			t.Fatal(err)
		}
		made := 0
		reads := func(n int) {
			var refs []order.Ref
			var keys []string
			for range n {
				made++
				ref := order.Ref{Realm: "meituan", Kind: order.KindOrder, ID: strconv.Itoa(made)}
				refs, keys = append(refs, ref), append(keys, readKey(acct.ID, ref))
			}
			_, err := d.Do(ctx, db.Verb{Name: "reads", Merchant: m.ID, Keys: keys, Decide: func(tx *db.Tx) error {
				for _, ref := range refs {
					h.askRead(tx, acct.ID, app.ID, ref, 0, "a hint")
				}
				return nil
			}})
			if err != nil {
				t.Fatal(err)
			}
		}
		sweep := sweeping{h: h}
		e := effect.Effect{Merchant: m.ID, Account: acct.ID, App: app.ID}
		reads(sweepYield - 10)
		if res := sweep.Do(ctx, e); res.Save == nil {
			t.Errorf("with %d reads waiting nothing was swept: %+v", sweepYield-10, res)
		}
		reads(20)
		res := sweep.Do(ctx, e)
		if res.Save != nil || res.Outcome != effect.OK {
			t.Errorf("with %d reads waiting more were asked for: %+v", sweepYield+10, res)
		}
		if pause := time.Until(res.Next); pause <= 0 || pause > sweepEvery {
			t.Errorf("the next sweep comes in %v", pause)
		}
	})
}

// A wide pull names every order of the day. Those that nobody has seen are read before
// the others, whose news a push may have brought.
func TestOrdersThatAreHereAreReadAfterThoseThatAreNot(t *testing.T) {
	t.Parallel()
	dbtest.AtOnce(t, func(t *testing.T, d *db.DB) {
		ctx := t.Context()
		h := New(Options{DB: d, Platforms: platform.All()})
		m, err := d.AddMerchant(ctx, db.MerchantRow{Name: "茶铺", Locale: "zh-CN"})
		if err != nil {
			t.Fatal(err)
		}
		who := Actor{Scope: db.Scope{Merchant: m.ID}}
		app, err := h.PutApp(ctx, who, db.AppRow{Channel: "meituan", Name: "直连", Credentials: map[string]string{"app_id": "4321", "secret": "s"}})
		if err != nil {
			t.Fatal(err)
		}
		acct, err := h.PutAccount(ctx, who, db.AccountRow{App: app.ID, Name: "总部"})
		if err != nil {
			t.Fatal(err)
		}
		now := time.Now().UnixMilli()
		hint := func(id string) order.Hint {
			return order.Hint{Ref: order.Ref{Realm: "meituan", Kind: order.KindOrder, ID: id}, After: now, Later: now + 60_000, Why: "day_seq"}
		}
		here, unseen := hint("1"), hint("2")
		l := lesson{channel: "meituan", realm: "meituan", app: app.ID, account: acct.ID, dir: db.Pulled, at: time.Now(), items: []channel.Item{{What: "order.number", Hints: []order.Hint{here, unseen}}}}
		if _, err := d.Do(ctx, db.Verb{Name: "put", Merchant: m.ID, Refs: refs(l.items), Decide: func(tx *db.Tx) error {
			tx.PutOrder(&db.OrderRow{Merchant: m.ID, ID: ident.Order(tx.ID()), Ref: here.Ref, Channel: "meituan", Account: acct.ID, Wants: json.RawMessage(`{}`)})
			return nil
		}}); err != nil {
			t.Fatal(err)
		}
		if _, err := d.Do(ctx, db.Verb{Name: "pull", Merchant: m.ID, Refs: refs(l.items), Keys: h.keys(l), Decide: func(tx *db.Tx) error { return h.learn(tx, l) }}); err != nil {
			t.Fatal(err)
		}
		due, next, err := d.Due(ctx, db.LaneOf(m.ID, acct.ID), time.Now().UnixMilli(), 10)
		due = slices.DeleteFunc(due, func(e effect.Effect) bool { return e.Kind != kindRead })
		if err != nil || len(due) != 1 || due[0].Key != readKey(acct.ID, unseen.Ref) || next < now+50_000 {
			t.Errorf("due are %+v, something else in %d ms (%v): want the order that is not here, the other in a minute", due, next-now, err)
		}
	})
}

// A row of a search tells nothing of an order's parcel. Were it counted as a reading, an
// account that is searched more often than its orders are swept would never have a parcel
// read again whose notification was lost.
func TestARowOfASearchDoesNotPutOffTheSweep(t *testing.T) {
	t.Parallel()
	dbtest.AtOnce(t, func(t *testing.T, d *db.DB) {
		ctx := t.Context()
		h := New(Options{DB: d, Platforms: platform.All()})
		m, err := d.AddMerchant(ctx, db.MerchantRow{Name: "Loja", Locale: "pt-BR"})
		if err != nil {
			t.Fatal(err)
		}
		ref := order.Ref{Realm: "mercadolibre", Kind: order.KindOrder, ID: "2000012345000637"}
		at := time.Now()
		learn := func(class order.Class, after time.Duration) (row db.OrderRow) {
			at = at.Add(after)
			var rec order.Record
			order.Put(&rec, order.RegHead, order.Stamp{Version: 1, Class: class, Read: at.UnixMilli()}, order.Head{Display: "637"})
			rec.Say(order.AxisWork, order.Said{State: "paid", At: 1, Class: class})
			l := lesson{channel: "mercadolibre", dir: db.Pulled, at: at, items: []channel.Item{{Ref: ref, Readings: []order.Reading{{Ref: ref, Record: rec}}}}}
			_, err := d.Do(ctx, db.Verb{Name: "learn", Merchant: m.ID, Refs: refs(l.items), Keys: h.keys(l), Decide: func(tx *db.Tx) error {
				if err := h.learn(tx, l); err != nil {
					return err
				}
				r, ok := tx.Order(ref)
				if !ok {
					t.Fatal("the order is not there")
				}
				row = *r
				return nil
			}})
			if err != nil {
				t.Fatal(err)
			}
			return row
		}
		first := learn(order.ClassRead, 0)
		if first.SweepAt == 0 {
			t.Fatal("an open order is not swept")
		}
		latest := first.ReadAt + time.Hour.Milliseconds() // half an hour, and once the time more for what was just heard of
		for range 3 {
			if row := learn(order.ClassRow, 20*time.Minute); row.ReadAt != first.ReadAt || row.SweepAt > latest {
				t.Errorf("a row moved the reading from %d to %d, the sweep from %d to %d", first.ReadAt, row.ReadAt, first.SweepAt, row.SweepAt)
			}
		}
		if row := learn(order.ClassRead, time.Minute); row.ReadAt != at.UnixMilli() {
			t.Errorf("a reading at %d is noted as %d", at.UnixMilli(), row.ReadAt)
		}
	})
}
