package db_test

import (
	"bytes"
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/tongdan/tongdan/ident"
	"github.com/tongdan/tongdan/internal/db"
	"github.com/tongdan/tongdan/internal/db/dbtest"
	"github.com/tongdan/tongdan/order"
)

// Whatever is filtered by, alone or together, and however often a value is named: the
// pages together are what a look at every order finds, in order, and List shows of each
// what Orders reads.
func TestAListIsWhatALookAtEveryOrderFinds(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		m := brand(t, d)
		rng := rand.New(rand.NewPCG(6, 6))
		many(t, d, m, 0, 300, func(i int, r *db.OrderRow) {
			r.Status = order.Statuses[rng.IntN(4)]
			r.Shop = ident.Shop(rng.IntN(5)) // 0: not bound
			r.Store = ident.Store(r.Shop / 2)
			r.SortAt = int64(1000 + rng.IntN(60))
			r.Channel = []string{"meituan", "mercadolibre"}[rng.IntN(2)]
			r.Flags = db.Flags(max(0, rng.IntN(8)-4))
			r.DueAt = int64(max(0, rng.IntN(40)-20))
			r.Summary = fmt.Appendf(nil, `{"n":%d,"text":"%0*d"}`, i, rng.IntN(2000), 0)
		})
		all := pages(t, d, db.Scope{Merchant: m}, db.Filter{Limit: 200}, nil)
		if len(all) != 300 {
			t.Fatalf("%d orders", len(all))
		}
		drawShops := func(n int) (out []ident.Shop) {
			for range rng.IntN(n) {
				out = append(out, ident.Shop(rng.IntN(5)))
			}
			return out
		}
		for range 60 {
			f := db.Filter{Limit: 1 + rng.IntN(40), Shops: drawShops(4)}
			if rng.IntN(8) == 0 { // too many to walk along each
				f.Shops = slices.Concat(f.Shops, []ident.Shop{1, 2}, make([]ident.Shop, 80))
			}
			for range rng.IntN(3) {
				f.Status = append(f.Status, order.Statuses[rng.IntN(4)])
			}
			if rng.IntN(3) == 0 {
				f.Stores = []ident.Store{ident.Store(rng.IntN(3)), ident.Store(rng.IntN(3))}
			}
			if rng.IntN(3) == 0 {
				f.From, f.To = int64(1000+rng.IntN(40)), int64(1020+rng.IntN(40))
			}
			if rng.IntN(4) == 0 {
				f.Flag = db.BitRefund | db.BitProblem
			}
			if rng.IntN(4) == 0 {
				f.Without = db.BitReminder | db.BitProblem
			}
			if rng.IntN(4) == 0 {
				f.Channels = []string{"mercadolibre"}
			}
			if rng.IntN(3) == 0 {
				f.Sort = db.SortDue
			}
			sc := db.Scope{Merchant: m}
			if rng.IntN(4) == 0 {
				sc.Stores = []ident.Store{1}
			}
			var want []db.OrderRow
			for _, r := range all {
				if (f.Shops == nil || slices.Contains(f.Shops, r.Shop)) && (f.Stores == nil || slices.Contains(f.Stores, r.Store)) && sc.Sees(r.Store) &&
					(f.Status == nil || slices.Contains(f.Status, r.Status)) && (f.From == 0 || f.From <= r.SortAt) && (f.To == 0 || r.SortAt < f.To) &&
					(f.Flag == 0 || f.Flag&r.Flags != 0) && f.Without&r.Flags == 0 && (f.Channels == nil || r.Channel == "mercadolibre") {
					want = append(want, r)
				}
			}
			slices.SortFunc(want, func(a, b db.OrderRow) int {
				if due := f.Sort == db.SortDue; due && a.DueAt > 0 && b.DueAt > 0 {
					return cmp.Or(cmp.Compare(a.DueAt, b.DueAt), cmp.Compare(a.ID, b.ID))
				} else if due && a.DueAt+b.DueAt > 0 {
					return cmp.Compare(b.DueAt, a.DueAt) // 0 is last
				}
				return cmp.Or(cmp.Compare(b.SortAt, a.SortAt), cmp.Compare(b.ID, a.ID))
			})
			got := pages(t, d, sc, f, nil)
			var shown []db.Listed
			for page := f; ; {
				next, err := d.List(t.Context(), sc, page, func(r *db.Listed) {
					kept := *r
					kept.Summary = bytes.Clone(r.Summary)
					shown = append(shown, kept)
				})
				if err != nil {
					t.Fatal(err)
				}
				if page.Cursor = next; next == "" {
					break
				}
			}
			if len(got) != len(want) || len(shown) != len(want) {
				t.Fatalf("%+v of %v: %d orders in the pages, %d shown, want %d", f, sc.Stores, len(got), len(shown), len(want))
			}
			for i, w := range want {
				l := w.Listed()
				if got[i].ID != w.ID || shown[i].ID != l.ID || shown[i].Shop != l.Shop || shown[i].Store != l.Store || shown[i].Changed != l.Changed ||
					shown[i].Seq != l.Seq || shown[i].Merchant != m || !bytes.Equal(shown[i].Summary, l.Summary) {
					t.Fatalf("%+v: place %d has %v and shows %+v, want %+v", f, i, got[i].ID, shown[i], l)
				}
			}
		}
	})
}

// What a search finds under a filter is what the filter finds among what the search does.
func TestASearchIsFiltered(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		m := brand(t, d)
		many(t, d, m, 0, 120, func(i int, r *db.OrderRow) {
			r.Status, r.Store = order.Statuses[i%3], ident.Store(i%4)
			r.Search = db.SearchText{Names: []string{"奶茶"}, Persons: []string{[]string{"王小明", "王小红"}[i%2]}}
		})
		follow(t, d, m)
		for _, c := range []struct {
			f    db.Filter
			sc   db.Scope
			want int
		}{
			{db.Filter{Query: "奶茶"}, db.Scope{}, 120},
			{db.Filter{Query: "奶茶", Status: order.Statuses[:1]}, db.Scope{}, 40},
			{db.Filter{Query: "奶茶", Stores: []ident.Store{1}}, db.Scope{}, 30},
			{db.Filter{Query: "奶茶"}, db.Scope{Stores: []ident.Store{1, 2}}, 60},
			{db.Filter{Query: "王小明"}, db.Scope{}, 60}, // its first two characters find both
			{db.Filter{Query: "王小明", Stores: []ident.Store{0}}, db.Scope{}, 30},
			{db.Filter{Query: "红茶"}, db.Scope{}, 0},
		} {
			c.f.Limit, c.sc.Merchant, c.sc.Personal = 7, m, true
			seen := map[ident.Order]bool{}
			for _, r := range pages(t, d, c.sc, c.f, nil) {
				if seen[r.ID] {
					t.Errorf("%+v: %v twice", c.f, r.ID)
				}
				seen[r.ID] = true
			}
			if len(seen) != c.want {
				t.Errorf("%+v of %v: %d orders, want %d", c.f, c.sc.Stores, len(seen), c.want)
			}
		}
	})
}

// A search read in one statement shows, page after page, each order once and in order that
// is found by one key or by several, as does the search that is sifted.
func TestASearchShowsEachOrderOnce(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		m := brand(t, d)
		many(t, d, m, 0, 120, func(i int, r *db.OrderRow) {
			r.SortAt = int64(1000 + i/3)
			names := [][]string{{"珍珠奶茶"}, {"奶茶 (大杯)", "珍珠奶茶"}, {"咖啡"}}[i%3]
			r.Search = db.SearchText{Names: names, Numbers: []string{fmt.Sprintf("7%04d0042", i)}, Phones: []string{fmt.Sprintf("1380013%04d", 42*(i%2))}, Persons: []string{"王小明"}}
		})
		follow(t, d, m)
		sc := db.Scope{Merchant: m, Personal: true}
		for _, q := range []string{"奶茶", "0042", "70", "咖啡", "小明", "王小明", "没有"} {
			for _, limit := range []int{7, 40, 200} {
				f := db.Filter{Query: q, Limit: limit}
				var want []ident.Order
				for _, r := range pages(t, d, sc, f, nil) {
					want = append(want, r.ID)
				}
				var got []ident.Order
				for {
					next, err := d.List(t.Context(), sc, f, func(r *db.Listed) { got = append(got, r.ID) })
					if err != nil {
						t.Fatal(err)
					}
					if f.Cursor = next; next == "" {
						break
					}
				}
				if !slices.Equal(got, want) || q == "0042" && len(got) != 120 {
					t.Errorf("%q by %d: %d orders are shown, %d found", q, limit, len(got), len(want))
				}
			}
		}
	})
}
