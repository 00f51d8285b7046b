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

// The read of an order that nobody has seen comes before fifty that are swept, also where the sweep asked for them
// first; of one that is known, that was placed long ago, or that is no order it is in no hurry, and none that its push
// has brought meanwhile.
func TestAnUnseenOrderIsReadBeforeASweep(t *testing.T) {
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
		now := time.Now()
		of := func(id string) order.Ref { return order.Ref{Realm: "meituan", Kind: order.KindOrder, ID: id} }
		ask := func(hints ...order.Hint) {
			t.Helper()
			l := lesson{channel: "meituan", realm: "meituan", app: app.ID, account: acct.ID, dir: db.Pulled, at: now, items: []channel.Item{{What: "order.number", Hints: hints}}}
			if _, err := d.Do(ctx, db.Verb{Name: "pull", Merchant: m.ID, Refs: refs(l.items), Keys: h.keys(l), Decide: func(tx *db.Tx) error { return h.learn(tx, l) }}); err != nil {
				t.Fatal(err)
			}
		}
		put := func(row db.OrderRow) {
			t.Helper()
			row.Channel, row.Account = "meituan", acct.ID
			if _, err := d.Do(ctx, db.Verb{Name: "put", Merchant: m.ID, Refs: []order.Ref{row.Ref}, Decide: func(tx *db.Tx) error {
				old, ok := tx.Order(row.Ref)
				if row := row; !ok {
					tx.PutOrder(&row)
				} else {
					old.Wants = row.Wants
					tx.PutOrder(old)
				}
				return nil
			}}); err != nil {
				t.Fatal(err)
			}
		}
		var sweep []order.Hint
		for i := range 50 {
			ref := of("known" + strconv.Itoa(i))
			put(db.OrderRow{Ref: ref, Wants: json.RawMessage(`{}`)})
			sweep = append(sweep, order.Hint{Ref: ref, Why: "sweep"})
		}
		ask(sweep...)
		put(db.OrderRow{Ref: of("half"), SortAt: now.UnixMilli(), Wants: json.RawMessage(`{"asks":["read"]}`)})
		put(db.OrderRow{Ref: of("half and old"), SortAt: now.Add(-time.Hour).UnixMilli(), Wants: json.RawMessage(`{"asks":["read"]}`)})
		ask(order.Hint{Ref: of("old"), Old: true}, order.Hint{Ref: of("half and old")}, order.Hint{Ref: order.Ref{Realm: "meituan", Kind: "numbers", ID: "all"}},
			order.Hint{Ref: of("half")}, order.Hint{Ref: of("unseen")}, order.Hint{Ref: of("pushed")})
		reads := func() (ids []string, hurry int) {
			t.Helper()
			due, _, err := d.Due(ctx, db.LaneOf(m.ID, acct.ID), time.Now().UnixMilli(), 100, tasks...)
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range due {
				var a readArgs
				if e.Kind != kindRead || json.Unmarshal(e.Args, &a) != nil {
					continue
				}
				if ids = append(ids, a.Ref.ID); e.Deadline > 0 {
					hurry++
					if left := time.UnixMilli(e.Deadline).Sub(now); left < 4*time.Minute || left > 6*time.Minute {
						t.Errorf("%s is in a hurry for %v", a.Ref.ID, left)
					}
				}
			}
			return ids, hurry
		}
		ids, hurry := reads()
		if first := slices.Sorted(slices.Values(ids[:3])); hurry != 3 || len(ids) != 56 || !slices.Equal(first, []string{"half", "pushed", "unseen"}) {
			t.Errorf("%d reads, %d in a hurry, the first are %v: want half, pushed and unseen", len(ids), hurry, ids[:3])
		}
		put(db.OrderRow{Ref: of("pushed"), Wants: json.RawMessage(`{}`)})
		ask(order.Hint{Ref: of("pushed")}, order.Hint{Ref: of("unseen"), Old: true}, order.Hint{Ref: of("unseen")})
		if ids, hurry = reads(); hurry != 2 || slices.Contains(ids[:2], "pushed") {
			t.Errorf("%d in a hurry once a push has brought one, the first are %v", hurry, ids[:2])
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
		if row := learn(order.ClassRead, 10*time.Second); row.ReadAt != first.ReadAt || row.SweepAt != first.SweepAt {
			t.Errorf("ten seconds of half an hour were written: read at %d and again at %d, before %d and %d", row.ReadAt, row.SweepAt, first.ReadAt, first.SweepAt)
		}
		if row := learn(order.ClassRead, 10*time.Minute); row.ReadAt != at.UnixMilli() || row.SweepAt < first.SweepAt+10*time.Minute.Milliseconds() {
			t.Errorf("a reading at %d is noted as %d, the next for %d instead of %d", at.UnixMilli(), row.ReadAt, row.SweepAt, first.SweepAt)
		} else {
			first = row
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
