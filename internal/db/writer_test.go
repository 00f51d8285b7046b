package db_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/tongdan/tongdan/effect"
	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/ident"
	"github.com/tongdan/tongdan/internal/db"
	"github.com/tongdan/tongdan/internal/db/dbtest"
	"github.com/tongdan/tongdan/order"
)

const realm = "meituan"

func ref(id string) order.Ref { return order.Ref{Realm: realm, Kind: order.KindOrder, ID: id} }

// brand makes a merchant.
func brand(t testing.TB, d *db.DB) ident.Merchant {
	t.Helper()
	m, err := d.AddMerchant(context.Background(), db.MerchantRow{Name: "茶语", Locale: "zh-CN"})
	if err != nil {
		t.Fatal(err)
	}
	return m.ID
}

func do(t testing.TB, d *db.DB, v db.Verb) db.Receipt {
	t.Helper()
	if v.Name == "" {
		v.Name = "test"
	}
	r, err := d.Do(context.Background(), v)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func said(state string, at int64) order.Record {
	var r order.Record
	r.Say(order.AxisWork, order.Said{State: state, At: at})
	return r
}

// place puts an order with a record, as intake does.
func place(t testing.TB, d *db.DB, m ident.Merchant, id string, change func(*db.OrderRow)) ident.Order {
	t.Helper()
	var got ident.Order
	do(t, d, placing(m, id, func(r *db.OrderRow) {
		if change != nil {
			change(r)
		}
	}, &got))
	return got
}

func placing(m ident.Merchant, id string, change func(*db.OrderRow), got *ident.Order) db.Verb {
	return db.Verb{Name: "place", Merchant: m, Refs: []order.Ref{ref(id)}, Decide: func(t *db.Tx) error {
		r, _ := t.Record(ref(id))
		t.PutRecord(ref(id), r.Merge(said("1", 1)))
		row, ok := t.Order(ref(id))
		if !ok {
			row = &db.OrderRow{Ref: ref(id), Channel: "meituan", Status: order.StatusNew, Kind: order.Takeaway, SortAt: t.Now().UnixMilli()}
		}
		if change != nil {
			change(row)
		}
		t.PutOrder(row)
		if got != nil {
			*got = row.ID
		}
		return nil
	}}
}

func TestWhatAVerbWritesIsThereWhenDoReturns(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		m := brand(t, d)
		var id ident.Order
		ship := order.Ref{Realm: realm, Kind: "shipment", ID: "s1"}
		receipt := do(t, d, db.Verb{Merchant: m, Refs: []order.Ref{ref("1")}, Decide: func(t *db.Tx) error {
			row := &db.OrderRow{ID: ident.Order(t.ID()), Ref: ref("1"), Channel: "meituan", Status: order.StatusNew, SortAt: 5, Summary: []byte(`{"a":1}`)}
			if len(t.Effects(row.ID)) != 0 {
				return errors.New("a new order has effects")
			}
			t.PutRecord(ref("1"), said("1", 1))
			t.PutRecord(ship, said("sent", 2))
			t.Link(ship, "1")
			t.PutOrder(row)
			t.PutEffect(&effect.Effect{Order: row.ID, Kind: "accept", Key: "k1", Target: "order/1", State: effect.Waiting, Nature: effect.Guarded, NextAt: 7})
			t.Journal(db.Entry{Direction: db.Push, What: "order.paid", Order: row.ID, Ref: ref("1"), Body: []byte(`{"name":"王小明"}`)})
			t.Reserve(row.ID, 0, "tea", 2)
			id = row.ID
			return nil
		}})
		row, recs, effects, err := d.Order(t.Context(), db.Scope{Merchant: m}, id)
		if err != nil {
			t.Fatal(err)
		}
		if row.Seq != receipt.Seq || row.Seq == 0 || string(row.Summary) != `{"a":1}` {
			t.Errorf("the row is %+v, want the receipt's number %d and the summary", row, receipt.Seq)
		}
		if len(recs) != 2 || recs[0].Ref != ref("1") || recs[1].Ref != ship {
			t.Errorf("linked records are %v, want the order's own first, then the shipment", recs)
		}
		if len(effects) != 1 || effects[0].Key != "k1" {
			t.Errorf("effects are %v, want the one that was put", effects)
		}
		entries, _, err := d.JournalOf(t.Context(), db.Scope{Merchant: m}, id, "", 10)
		if err != nil || len(entries) != 1 || string(entries[0].Body) != `{"name":"王小明"}` {
			t.Errorf("the journal is %v (%v), want the body as it came", entries, err)
		}
		// Everything around the order is there for the next verb, whichever way it is named.
		for _, v := range []db.Verb{
			{Orders: []ident.Order{id}}, {Refs: []order.Ref{ship}}, {Refs: []order.Ref{ref("1")}}, {Keys: []string{"k1"}}, {}, {Effects: []ident.Effect{effects[0].ID}},
		} {
			v.Merchant = m
			v.Decide = func(t *db.Tx) error {
				if got := t.Linked(ref("1")); len(got) != 2 {
					return fmt.Errorf("linked: %v", got)
				}
				if got := t.OrdersOf(ship); len(got) != 1 || got[0] != "1" {
					return fmt.Errorf("orders of the shipment: %v", got)
				}
				if e, ok := t.EffectByKey("k1"); !ok || e.Order != id {
					return fmt.Errorf("effect by key: %v", e)
				}
				if got := t.Effects(id); len(got) != 1 {
					return fmt.Errorf("effects: %v", got)
				}
				return nil
			}
			do(t, d, v)
		}
	})
}

func TestAFailingVerbLosesNobodyElsesWork(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		m := brand(t, d)
		const n = 60
		errs := make([]error, n)
		var wg sync.WaitGroup
		for i := range n {
			wg.Go(func() {
				id := fmt.Sprint(i)
				v := placing(m, id, nil, nil)
				decide := v.Decide
				v.Decide = func(t *db.Tx) error {
					if err := decide(t); err != nil {
						return err
					}
					switch i % 4 {
					case 1:
						return fault.New("test", fault.Invalid, "no")
					case 2:
						panic("a bug")
					case 3: // fails in the database: a key that exists, with the same id
						t.PutEffect(&effect.Effect{Key: "same", Deed: true, State: effect.Waiting})
						t.PutEffect(&effect.Effect{Key: "same", Deed: true, State: effect.Waiting})
					}
					return nil
				}
				_, errs[i] = d.Do(context.Background(), v)
			})
		}
		wg.Wait()
		want := []fault.Code{"", fault.Invalid, fault.Internal, fault.Conflict}
		for i, err := range errs {
			if fault.CodeOf(err) != want[i%4] {
				t.Errorf("verb %d: %v, want code %q", i, err, want[i%4])
			}
			_, err := orderOf(d, m, fmt.Sprint(i))
			if there := err == nil; there != (i%4 == 0) {
				t.Errorf("order %d is there: %v; only those whose verb succeeded may be", i, there)
			}
		}
		dense(t, d, m)
	})
}

// dense fails unless the feed's numbers are 1, 2, 3 … up to the merchant's counter.
func dense(t testing.TB, d *db.DB, m ident.Merchant) []db.Change {
	t.Helper()
	var all []db.Change
	for after := int64(0); ; {
		list, _, err := d.Changes(context.Background(), db.Scope{Merchant: m}, after, 0)
		if err != nil {
			t.Fatal(err)
		}
		if len(list) == 0 {
			break
		}
		all = append(all, list...)
		after = list[len(list)-1].Seq
	}
	for i, c := range all {
		if c.Seq != int64(i+1) {
			t.Fatalf("line %d of the feed has number %d: a gap means a loss", i+1, c.Seq)
		}
	}
	at, err := d.Feed(context.Background(), m)
	if err != nil || at.Seq != int64(len(all)) {
		t.Fatalf("the counter is at %d (%v) with %d lines", at.Seq, err, len(all))
	}
	return all
}

func TestACallerWhoLeavesBeforeItsTurnIsSkippedAndLaterGetsUnknown(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		m := brand(t, d)
		gone, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := d.Do(gone, placing(m, "early", nil, nil)); !fault.Is(err, fault.Unavailable) {
			t.Errorf("a verb whose caller had left: %v, want unavailable: certainly not done", err)
		}
		ctx, leave := context.WithCancel(t.Context())
		v := placing(m, "late", nil, nil)
		decide := v.Decide
		v.Decide = func(t *db.Tx) error {
			leave()
			return decide(t)
		}
		if _, err := d.Do(ctx, v); err != nil && !fault.Is(err, fault.Unknown) {
			t.Errorf("a verb whose caller left meanwhile: %v, want success or unknown", err)
		}
		waitFor(t, "the verb that had begun to run to its end", func() bool {
			_, err := orderOf(d, m, "late")
			return err == nil
		})
		if _, err := orderOf(d, m, "early"); !fault.Is(err, fault.NotFound) {
			t.Errorf("the verb that was skipped was carried out")
		}
	})
}

func TestVerbsOnOneOrderSeeEachOtherAndLoseNothing(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		m := brand(t, d)
		var wg sync.WaitGroup
		for i := range 80 {
			wg.Go(func() {
				r := ref(fmt.Sprint(i % 3))
				_, err := d.Do(context.Background(), db.Verb{Name: "say", Merchant: m, Refs: []order.Ref{r}, Decide: func(t *db.Tx) error {
					rec, _ := t.Record(r)
					t.PutRecord(r, rec.Merge(said(fmt.Sprint("s", i), int64(i))))
					row, ok := t.Order(r)
					if !ok {
						row = &db.OrderRow{Ref: r, Status: order.StatusNew, SortAt: 1}
					}
					t.PutOrder(row)
					return nil
				}})
				if err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		total := 0
		for i := range 3 {
			row, err := orderOf(d, m, fmt.Sprint(i))
			if err != nil {
				t.Fatal(err)
			}
			_, recs, _, err := d.Order(t.Context(), db.Scope{Merchant: m}, row.ID)
			if err != nil {
				t.Fatal(err)
			}
			total += len(recs[0].Record.Axes[order.AxisWork])
		}
		if total != 80 {
			t.Errorf("%d of 80 statements are there: some merges were lost", total)
		}
		dense(t, d, m)
	})
}

func TestTwoNodesOnOneDatabaseLoseNothing(t *testing.T) {
	url := dbtest.Postgres(t)
	a, b := dbtest.Open(t, db.Options{URL: url}), dbtest.Open(t, db.Options{URL: url})
	m := brand(t, a)
	waitFor(t, "the second node to know the merchant", func() bool { _, ok := b.MerchantByID(m); return ok })
	var wg sync.WaitGroup
	for i := range 200 {
		d := []*db.DB{a, b}[i%2]
		wg.Go(func() {
			one, two := ref(fmt.Sprint("o", i%7)), ref(fmt.Sprint("o", (i*3+1)%7))
			_, err := d.Do(context.Background(), db.Verb{Name: "say", Merchant: m, Refs: []order.Ref{one, two}, Decide: func(t *db.Tx) error {
				for _, r := range []order.Ref{one, two} {
					rec, _ := t.Record(r)
					t.PutRecord(r, rec.Merge(said(fmt.Sprint("s", i), int64(i))))
					row, ok := t.Order(r)
					if !ok {
						row = &db.OrderRow{Ref: r, Status: order.StatusNew, SortAt: 1}
					}
					t.PutOrder(row)
				}
				return nil
			}})
			if err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	said := map[string]bool{}
	for i := range 7 {
		row, err := orderOf(a, m, fmt.Sprint("o", i))
		if err != nil {
			t.Fatal(err)
		}
		_, recs, _, err := b.Order(t.Context(), db.Scope{Merchant: m}, row.ID)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range recs[0].Record.Axes[order.AxisWork] {
			said[s.State] = true
		}
	}
	if len(said) != 200 {
		t.Errorf("%d of 200 statements are there", len(said))
	}
	dense(t, a, m)
}

// TestAnEffectThatAnotherNodeEndsMeanwhileIsWrittenAsAWhole has a hint ask again for a read
// while the node that works it ends it: the read must be open again, and due.
func TestAnEffectThatAnotherNodeEndsMeanwhileIsWrittenAsAWhole(t *testing.T) {
	url := dbtest.Postgres(t)
	a, b := dbtest.Open(t, db.Options{URL: url}), dbtest.Open(t, db.Options{URL: url})
	m := brand(t, a)
	waitFor(t, "the second node to know the merchant", func() bool { _, ok := b.MerchantByID(m); return ok })
	lane := account(t, a, m).ID
	var id ident.Effect
	_, err := a.Do(t.Context(), db.Verb{Name: "ask", Merchant: m, Decide: func(t *db.Tx) error {
		e := effect.Effect{Account: lane, Target: "read/o", Kind: "read", Key: "read o", State: effect.Waiting, NextAt: t.Now().UnixMilli()}
		t.PutEffect(&e)
		id = e.ID
		return nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	ended := false
	end := func() {
		_, err := a.Do(context.Background(), db.Verb{Name: "end", Merchant: m, Lone: []ident.Effect{id}, Decide: func(t *db.Tx) error {
			e, _ := t.Effect(id)
			e.State = effect.Done
			t.PutEffect(&e)
			return nil
		}})
		if err != nil {
			t.Error(err)
		}
		ended = true
	}
	_, err = b.Do(t.Context(), db.Verb{Name: "hint", Merchant: m, Decide: func(t *db.Tx) error {
		e, ok := t.EffectByKey("read o")
		if !ok {
			return nil // it is being loaded
		}
		if !ended {
			end() // after the hint's transaction has read it
		}
		e.Args = json.RawMessage(`{"asked":1}`)
		t.PutEffect(&e)
		return nil
	}})
	if err != nil || !ended {
		t.Fatalf("ended %v, %v", ended, err)
	}
	due, _, err := a.Due(t.Context(), db.LaneOf(m, lane), time.Now().Add(time.Minute).UnixMilli(), 10)
	if err != nil || len(due) != 1 || due[0].ID != id {
		t.Fatalf("due is %+v (%v): the read that was asked for again is lost", due, err)
	}
}

// waitFor polls until something is so.
func waitFor(t testing.TB, what string, so func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !so(); {
		if time.Now().After(end) {
			t.Fatalf("waited 20 s for %s", what)
		}
		time.Sleep(2 * time.Millisecond)
	}
}

func TestADecideThatRunsTwiceGivesTheSame(t *testing.T) {
	once, twice := dbtest.Open(t, db.Options{Dir: t.TempDir()}), dbtest.Open(t, db.Options{Dir: t.TempDir(), Twice: true})
	for _, d := range []*db.DB{once, twice} {
		m := brand(t, d)
		for i := range 20 {
			place(t, d, m, fmt.Sprint(i%5), func(r *db.OrderRow) { r.DueAt += 3 })
		}
		if n := len(dense(t, d, m)); n != 20 {
			t.Errorf("%d lines in the feed, want 20: a run that is thrown away leaves nothing", n)
		}
		for i := range 5 {
			row, err := orderOf(d, m, fmt.Sprint(i))
			if err != nil || row.DueAt != 12 {
				t.Errorf("order %d: due %d (%v), want 12", i, row.DueAt, err)
			}
		}
	}
}

func TestGoalsAreOneWhileOpenAndDeedsOneForEver(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		m := brand(t, d)
		put := func(e effect.Effect) (ident.Effect, error) {
			_, err := d.Do(t.Context(), db.Verb{Name: "put", Merchant: m, Decide: func(t *db.Tx) error {
				t.PutEffect(&e)
				return nil
			}})
			return e.ID, err
		}
		goal := effect.Effect{Key: "order/1 accept ", Target: "order/1", State: effect.Waiting}
		first, err := put(goal)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := put(goal); !fault.Is(err, fault.Conflict) {
			t.Errorf("a second open goal: %v, want conflict", err)
		}
		done := goal
		done.ID, done.State = first, effect.Done
		if _, err := put(done); err != nil {
			t.Fatal(err)
		}
		second, err := put(goal)
		if err != nil {
			t.Errorf("a goal after the first has ended: %v", err)
		}
		do(t, d, db.Verb{Merchant: m, Decide: func(t *db.Tx) error {
			if e, ok := t.EffectByKey(goal.Key); !ok || e.ID != second {
				return fmt.Errorf("by key: %v, want the open one", e)
			}
			return nil
		}})
		deed := effect.Effect{Key: "deed x", Deed: true, State: effect.Done}
		if _, err := put(deed); err != nil {
			t.Fatal(err)
		}
		deed.ID = 0
		if _, err := put(deed); !fault.Is(err, fault.Conflict) {
			t.Errorf("the same deed again: %v, want conflict", err)
		}
	})
}

func orderOf(d *db.DB, m ident.Merchant, id string) (db.OrderRow, error) {
	row, _, _, err := d.OrderByRef(context.Background(), db.Scope{Merchant: m}, ref(id))
	return row, err
}
