package db_test

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/ident"
	"github.com/tongdan/tongdan/internal/db"
	"github.com/tongdan/tongdan/internal/db/dbtest"
	"github.com/tongdan/tongdan/order"
)

// many puts n orders with columns that vary, in verbs of up to 50.
func many(t testing.TB, d *db.DB, m ident.Merchant, from, n int, change func(i int, r *db.OrderRow)) []ident.Order {
	t.Helper()
	ids := make([]ident.Order, n)
	for i := 0; i < n; i += 50 {
		part := ids[i:min(i+50, n)]
		do(t, d, db.Verb{Merchant: m, Decide: func(t *db.Tx) error {
			for k := range part {
				row := &db.OrderRow{ID: ident.Order(t.ID()), Ref: ref(fmt.Sprint("n", from+i+k)), Channel: "meituan", Status: order.StatusNew, SortAt: int64(1000 + from + i + k)}
				if old, ok := t.Order(row.Ref); ok {
					row = old
				}
				change(i+k, row)
				t.PutOrder(row)
				part[k] = row.ID
			}
			return nil
		}})
	}
	return ids
}

func pages(t testing.TB, d *db.DB, sc db.Scope, f db.Filter, between func()) []db.OrderRow {
	t.Helper()
	var all []db.OrderRow
	for range 1000 {
		rows, next, err := d.Orders(context.Background(), sc, f)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, rows...)
		if next == "" {
			return all
		}
		f.Cursor = next
		if between != nil {
			between()
		}
	}
	t.Fatal("the list has no end")
	return nil
}

// TestWhatCannotBeReadIsNotTheDatabasesSilence spoils what an order is found by: asking
// again, as one does of a database that did not answer, would not help.
func TestWhatCannotBeReadIsNotTheDatabasesSilence(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		m := brand(t, d)
		id := many(t, d, m, 0, 1, func(int, *db.OrderRow) {})[0]
		if err := d.Exec(`UPDATE orders SET search = ` + map[string]string{"sqlite": `X'7B'`, "postgres": `'\x7b'::bytea`}[d.Engine()]); err != nil {
			t.Fatal(err)
		}
		if _, err := d.Whole(t.Context(), m, id); !fault.Is(err, fault.Internal) {
			t.Errorf("%v, want an internal error", err)
		}
		gone, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := d.Whole(gone, m, id); !fault.Is(err, fault.Unavailable) {
			t.Errorf("%v, want that the database did not answer", err)
		}
	})
}

func TestPagesHaveNoHoleAndNoDoubleWhileOrdersComeIn(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		m := brand(t, d)
		ids := many(t, d, m, 0, 230, func(i int, r *db.OrderRow) {
			r.Status = order.Statuses[i%len(order.Statuses)]
			r.Store = ident.Store(i%3 + 1)
			r.SortAt = int64(1000 + i/4) // many of one moment
			r.DueAt = int64(i % 7)
		})
		for name, f := range map[string]db.Filter{
			"all": {}, "some statuses": {Status: []order.Status{order.StatusNew, order.StatusDone}}, "a store": {Stores: []ident.Store{2}},
			"by deadline": {Sort: db.SortDue}, "stores and statuses": {Stores: []ident.Store{1, 3}, Status: []order.Status{order.StatusNew}},
			"a time": {From: 1010, To: 1030},
		} {
			f.Limit = 7
			want := map[ident.Order]bool{}
			for i, id := range ids {
				row := db.OrderRow{Status: order.Statuses[i%len(order.Statuses)], Store: ident.Store(i%3 + 1), SortAt: int64(1000 + i/4), DueAt: int64(i % 7)}
				if (len(f.Status) == 0 || slices.Contains(f.Status, row.Status)) && (f.Stores == nil || slices.Contains(f.Stores, row.Store)) &&
					(f.From == 0 || row.SortAt >= f.From && row.SortAt < f.To) {
					want[id] = true
				}
			}
			n := 1000
			rows := pages(t, d, db.Scope{Merchant: m}, f, func() {
				n++ // an order that is newer than the page, and due before it
				place(t, d, m, fmt.Sprint(name, n), func(r *db.OrderRow) { r.SortAt, r.Store, r.DueAt = 1<<40+int64(n), 2, 1 })
			})
			got := map[ident.Order]bool{}
			for i, r := range rows {
				if got[r.ID] {
					t.Errorf("%s: order %v is on two pages", name, r.ID)
				}
				got[r.ID] = true
				if i > 0 && f.Sort == "" && (rows[i-1].SortAt < r.SortAt) {
					t.Errorf("%s: %d stands after %d", name, r.SortAt, rows[i-1].SortAt)
				}
			}
			for id := range want {
				if !got[id] {
					t.Errorf("%s: order %v is on no page", name, id)
				}
			}
			for _, id := range ids {
				if got[id] && !want[id] {
					t.Errorf("%s: order %v is in the list and should not be", name, id)
				}
			}
		}
	})
}

func TestAStoreSeesOnlyItsOwn(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		m, other := brand(t, d), brand(t, d)
		ids := many(t, d, m, 0, 20, func(i int, r *db.OrderRow) {
			r.Store = ident.Store(i % 2)
			r.Search = db.SearchText{Names: []string{"奶茶"}}
		})
		follow(t, d, m)
		mine := db.Scope{Merchant: m, Stores: []ident.Store{1}, Personal: true}
		for name, sc := range map[string]db.Scope{"a store": mine, "no store": {Merchant: m, Stores: []ident.Store{}}, "another brand": {Merchant: other}} {
			want := 0
			if name == "a store" {
				want = 10
			}
			for _, f := range []db.Filter{{}, {Query: "奶茶"}, {Sort: db.SortDue}, {Stores: []ident.Store{0}}, {Flag: db.BitRefund}} {
				rows, _, err := d.Orders(t.Context(), sc, f)
				if err != nil {
					t.Fatal(err)
				}
				for _, r := range rows {
					if r.Merchant != sc.Merchant || !sc.Sees(r.Store) {
						t.Errorf("%s sees the order of store %v with %+v", name, r.Store, f)
					}
				}
				if f.Stores == nil && f.Sort == "" && f.Flag == 0 && len(rows) != want {
					t.Errorf("%s sees %d orders with %+v, want %d", name, len(rows), f, want)
				}
			}
			c, err := d.Counts(t.Context(), sc, db.Filter{})
			if err != nil || c.Statuses[order.StatusNew] != int64(want) {
				t.Errorf("%s counts %v (%v), want %d", name, c.Statuses, err, want)
			}
			for i, id := range ids {
				_, _, _, err := d.Order(t.Context(), sc, id)
				if see := name == "a store" && i%2 == 1; see != (err == nil) || !see && !fault.Is(err, fault.NotFound) {
					t.Errorf("%s reads order %d: %v", name, i, err)
				}
				if _, _, err := d.JournalOf(t.Context(), sc, id, "", 0); (err == nil) != (name == "a store" && i%2 == 1) {
					t.Errorf("%s reads the journal of order %d: %v", name, i, err)
				}
			}
		}
		list, _, err := d.Changes(t.Context(), mine, 0, 0)
		if err != nil {
			t.Fatal(err)
		}
		seen := 0
		for _, c := range list {
			if c.Kind == db.KindOrder {
				seen++
			} else if c.Kind != db.Hidden || c.ID != "" {
				t.Errorf("a store is told of %+v", c)
			}
		}
		if seen != 10 {
			t.Errorf("a store is told of %d orders, want 10", seen)
		}
	})
}

func TestAnOrderThatMovesIsToldToBothStores(t *testing.T) {
	d := dbtest.Open(t, db.Options{Dir: t.TempDir()})
	m := brand(t, d)
	place(t, d, m, "1", func(r *db.OrderRow) { r.Store = 1 })
	before, _ := d.Feed(t.Context(), m)
	place(t, d, m, "1", func(r *db.OrderRow) { r.Store = 2 })
	for _, s := range []ident.Store{1, 2} {
		list, _, err := d.Changes(t.Context(), db.Scope{Merchant: m, Stores: []ident.Store{s}}, before.Seq, 0)
		if err != nil || len(list) == 0 || list[0].Kind != db.KindOrder {
			t.Errorf("store %d is told %v (%v), want the order", s, list, err)
		}
	}
	dense(t, d, m)
}

// follow runs the follower until it has caught up.
func follow(t testing.TB, d *db.DB, m ident.Merchant) {
	t.Helper()
	for more := true; more; {
		var err error
		if more, err = d.Step(context.Background(), m); err != nil {
			t.Fatal(err)
		}
	}
}

func TestCountsEqualARecountWhateverChanged(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		m := brand(t, d)
		r := rand.New(rand.NewPCG(1, 2))
		for range 6 {
			many(t, d, m, r.IntN(60), 40, func(_ int, row *db.OrderRow) {
				row.Status = order.Statuses[r.IntN(len(order.Statuses))]
				row.Flags = db.Flags(r.IntN(16))
				row.Store, row.Shop = ident.Store(r.IntN(3)), ident.Shop(r.IntN(2))
			})
			follow(t, d, m)
			recount(t, d, m)
		}
		if err := d.Rebuild(t.Context(), m); err != nil {
			t.Fatal(err)
		}
		recount(t, d, m)
		at, _ := d.Feed(t.Context(), m)
		if c, _ := d.Counts(t.Context(), db.Scope{Merchant: m}, db.Filter{}); c.Seq != at.Seq || c.AsOf == 0 {
			t.Errorf("counts are as of %d (%d), want %d", c.Seq, c.AsOf, at.Seq)
		}
	})
}

// Whatever nonsense is in the derived tables, and whatever changes meanwhile: after a
// rebuild they are what the orders say.
func TestARebuildHealsWhileOrdersChange(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		m := brand(t, d)
		r := rand.New(rand.NewPCG(3, 4))
		change := func(n int) {
			many(t, d, m, r.IntN(400), n, func(i int, row *db.OrderRow) {
				row.Status, row.Store, row.Shop = order.Statuses[r.IntN(4)], ident.Store(r.IntN(3)), ident.Shop(r.IntN(2))
				row.Search = db.SearchText{Names: []string{[]string{"奶茶", "咖啡"}[r.IntN(2)]}, DaySeq: strconv.Itoa(i)}
			})
		}
		for range 5 {
			change(200)
		}
		follow(t, d, m)
		for _, text := range []string{`UPDATE counts SET n = n + 7`, `DELETE FROM followed WHERE order_id % 3 = 0`, `UPDATE postings SET sort_at = sort_at + 1`} {
			if err := d.Exec(text); err != nil {
				t.Fatal(err)
			}
		}
		done := make(chan error, 1)
		go func() { done <- d.Rebuild(context.Background(), m) }()
		for range 10 {
			change(20)
			if _, err := d.Step(t.Context(), m); err != nil {
				t.Error(err)
			}
		}
		if err := <-done; err != nil {
			t.Fatal(err)
		}
		follow(t, d, m)
		recount(t, d, m)
		sc := db.Scope{Merchant: m, Personal: true}
		want := len(pages(t, d, sc, db.Filter{Limit: 200}, nil))
		tea, coffee := pages(t, d, sc, db.Filter{Query: "奶茶", Limit: 200}, nil), pages(t, d, sc, db.Filter{Query: "咖啡", Limit: 200}, nil)
		if len(tea) == 0 || len(coffee) == 0 || len(tea)+len(coffee) != want {
			t.Errorf("search finds %d and %d of %d orders", len(tea), len(coffee), want)
		}
	})
}

func recount(t *testing.T, d *db.DB, m ident.Merchant) {
	t.Helper()
	rows := pages(t, d, db.Scope{Merchant: m}, db.Filter{Limit: 200}, nil)
	for _, f := range []db.Filter{{}, {Stores: []ident.Store{1}}, {Shops: []ident.Shop{1}}, {Channels: []string{"meituan"}}, {Channels: []string{"eleme"}}} {
		want := map[order.Status]int64{}
		flags := map[order.Flag]int64{}
		channels := map[string]map[order.Status]int64{}
		for _, r := range rows {
			if f.Stores != nil && r.Store != 1 || f.Shops != nil && r.Shop != 1 || f.Channels != nil && f.Channels[0] != r.Channel {
				continue
			}
			want[r.Status]++
			if channels[r.Channel] == nil {
				channels[r.Channel] = map[order.Status]int64{}
			}
			channels[r.Channel][r.Status]++
			for _, fl := range r.Flags.List() {
				flags[fl]++
			}
		}
		got, err := d.Counts(t.Context(), db.Scope{Merchant: m}, f)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range order.Statuses {
			if got.Statuses[s] != want[s] {
				t.Fatalf("%+v: %d orders are %s, counted %d", f, want[s], s, got.Statuses[s])
			}
		}
		for _, fl := range []order.Flag{order.FlagRefund, order.FlagReminder, order.FlagProblem, order.FlagPreorder} {
			if got.Flags[fl] != flags[fl] {
				t.Fatalf("%+v: %d orders have %s, counted %d", f, flags[fl], fl, got.Flags[fl])
			}
		}
		for name, of := range channels {
			if !maps.Equal(got.Channels[name].Statuses, of) {
				t.Fatalf("%+v: of %s there are %v, counted %v", f, name, of, got.Channels[name].Statuses)
			}
		}
	}
}

func TestSearchFindsWhatPeopleType(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		m := brand(t, d)
		texts := []db.SearchText{
			{Names: []string{"珍珠奶茶", "芝士奶盖"}, Numbers: []string{"2026112100012345"}, DaySeq: "12", Phones: []string{"13800138000"}, Persons: []string{"王小明"}},
			{Names: []string{"奶茶 (大杯)"}, Numbers: []string{"2026112100099945"}, DaySeq: "112", Phones: []string{"138****7777"}, Persons: []string{"王明"}},
			{Names: []string{"100% Orange_Juice"}, Numbers: []string{"ML-777"}, Persons: []string{"Juan Pérez"}, UserRef: "u-42"},
		}
		ids := many(t, d, m, 0, len(texts), func(i int, r *db.OrderRow) { r.Search = texts[i] })
		follow(t, d, m)
		for _, c := range []struct {
			query string
			want  []int
		}{
			{"奶茶", []int{1, 0}}, {"珍珠", []int{0}}, {"茶", []int{1, 0}}, {"奶盖", []int{0}}, {"咖啡", nil},
			{"202611210001", []int{0}}, {"2345", []int{0}}, {"9945", []int{1}}, {"2026112100012345", []int{0}}, {"#12", []int{0}}, {"12", []int{0}},
			{"8000", []int{0}}, {"7777", []int{1}}, {"13800138000", []int{0}},
			{"小明", []int{0}}, {"王小明", []int{0}}, {"明", []int{1, 0}}, {"王明", []int{1}}, {"王明小", nil},
			{"orange", []int{2}}, {"100%", []int{2}}, {"%", []int{2}}, {"e_j", []int{2}}, {"juan", []int{2}}, {"pér", []int{2}}, {"ml-777", []int{2}}, {"u-42", []int{2}},
			{"　奶茶　", []int{1, 0}},
		} {
			rows, _, err := d.Orders(t.Context(), db.Scope{Merchant: m, Personal: true}, db.Filter{Query: c.query})
			if err != nil {
				t.Fatal(err)
			}
			var got []int
			for _, r := range rows {
				got = append(got, slices.Index(ids, r.ID))
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("%q finds %v, want %v", c.query, got, c.want)
			}
		}
		for _, q := range []string{"小明", "王小明", "13800138000", "juan", "u-42"} {
			if rows, _, err := d.Orders(t.Context(), db.Scope{Merchant: m}, db.Filter{Query: q}); err != nil || len(rows) > 0 {
				t.Errorf("%q finds %d orders (%v) for somebody without the right to personal data", q, len(rows), err)
			}
		}
		// A changed order is found by what it is now, and by nothing else.
		place(t, d, m, "n0", func(r *db.OrderRow) { r.Search = db.SearchText{Names: []string{"咖啡"}}; r.SortAt += 5 })
		follow(t, d, m)
		for q, want := range map[string]int{"咖啡": 1, "珍珠": 0, "小明": 0, "奶茶": 1} {
			if rows, _, err := d.Orders(t.Context(), db.Scope{Merchant: m, Personal: true}, db.Filter{Query: q}); err != nil || len(rows) != want {
				t.Errorf("after the change %q finds %d orders (%v), want %d", q, len(rows), err, want)
			}
		}
	})
}

func TestASearchIsPagedWithoutHoleOrDouble(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		m := brand(t, d)
		many(t, d, m, 0, 300, func(i int, r *db.OrderRow) {
			r.SortAt = int64(1000 + i/3)
			r.Search = db.SearchText{Names: []string{fmt.Sprintf("奶茶%d", i%7), "奶茶"}}
			if i%10 == 0 {
				r.Status = order.StatusDone
			}
		})
		follow(t, d, m)
		for want, f := range map[int]db.Filter{300: {Query: "奶茶", Limit: 9}, 30: {Query: "奶茶", Limit: 9, Status: []order.Status{order.StatusDone}}} {
			got := map[ident.Order]bool{}
			for _, r := range pages(t, d, db.Scope{Merchant: m}, f, nil) {
				if got[r.ID] {
					t.Errorf("order %v is found twice", r.ID)
				}
				got[r.ID] = true
			}
			if len(got) != want {
				t.Errorf("%d orders are found, want %d", len(got), want)
			}
		}
	})
}

func TestTheFeedIsDenseWhateverHappensAtOnce(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		m := brand(t, d)
		ctx, cancel := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		wg.Go(func() { d.Follow(ctx) })
		var work sync.WaitGroup
		for g := range 16 {
			work.Go(func() {
				for i := range 15 {
					switch (g + i) % 4 {
					case 0, 1:
						d.Do(context.Background(), placing(m, fmt.Sprint(g, i%3), nil, nil))
					case 2:
						d.Do(context.Background(), db.Verb{Name: "no", Merchant: m, Decide: func(t *db.Tx) error {
							t.Change(db.KindAccount, "x")
							return fault.New("test", fault.Invalid, "no")
						}})
					case 3:
						if _, err := d.PutStore(context.Background(), db.StoreRow{Merchant: m, Name: fmt.Sprint("s", g), Zone: "Asia/Shanghai"}); err != nil {
							t.Error(err)
						}
					}
				}
			})
		}
		last := int64(0)
		wg.Go(func() { // a reader that waits sees every number once, in order
			for d.Wait(ctx, m, db.Receipt{Epoch: 1, Seq: last}) == nil {
				list, _, err := d.Changes(ctx, db.Scope{Merchant: m}, last, 5)
				if err != nil {
					break
				}
				for _, c := range list {
					if c.Seq != last+1 {
						t.Errorf("number %d comes after %d", c.Seq, last)
					}
					last = c.Seq
				}
			}
		})
		work.Wait()
		all := dense(t, d, m)
		waitFor(t, "counts to follow", func() bool {
			c, err := d.Counts(t.Context(), db.Scope{Merchant: m}, db.Filter{})
			return err == nil && c.Seq == int64(len(all))
		})
		cancel()
		wg.Wait()
		recount(t, d, m)
	})
}

func TestAnotherNodeHearsOfACommit(t *testing.T) {
	url := dbtest.Postgres(t)
	a, b := dbtest.Open(t, db.Options{URL: url}), dbtest.Open(t, db.Options{URL: url})
	m := brand(t, a)
	heard := make(chan error, 1)
	go func() { heard <- b.Wait(context.Background(), m, db.Receipt{Epoch: 1}) }()
	place(t, a, m, "1", nil)
	select {
	case err := <-heard:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(10 * time.Second):
		t.Error("the other node heard nothing for 10 s")
	}
}
