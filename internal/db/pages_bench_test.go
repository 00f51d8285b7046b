package db_test

import (
	"fmt"
	"os"
	"strconv"
	"testing"

	"github.com/tongdan/tongdan/ident"
	"github.com/tongdan/tongdan/internal/db"
	"github.com/tongdan/tongdan/internal/db/dbtest"
	"github.com/tongdan/tongdan/order"
)

// BenchmarkPages measures the first page of lists and searches over many orders
// (TONGDAN_BENCH_ORDERS, 20,000 by default), nearly all of them done, as they are after
// months. A page must take no longer when there are ten times as many.
func BenchmarkPages(b *testing.B) {
	n, err := strconv.Atoi(os.Getenv("TONGDAN_BENCH_ORDERS"))
	if err != nil {
		n = 20_000
	}
	for _, e := range []string{"sqlite", "postgres"} {
		b.Run(e, func(b *testing.B) {
			o := db.Options{Dir: b.TempDir()}
			if e == "postgres" {
				o = db.Options{URL: dbtest.Postgres(b)}
			}
			d := dbtest.Open(b, o)
			m := brand(b, d)
			summary := make([]byte, 800)
			for i := 0; i < n; i += 500 {
				do(b, d, db.Verb{Merchant: m, Alone: true, Decide: func(t *db.Tx) error {
					for k := i; k < min(i+500, n); k++ {
						row := &db.OrderRow{Ref: ref(fmt.Sprint("2026", 10_000_000+k)), Channel: "meituan", Status: order.StatusDone, Store: ident.Store(k % 20), SortAt: int64(k), Summary: summary}
						row.Search = db.SearchText{Names: []string{"珍珠奶茶", fmt.Sprint("芝士", k%50)}, Numbers: []string{row.Ref.ID}, DaySeq: strconv.Itoa(k % 300)}
						if k%1000 == 0 {
							row.Status, row.DueAt, row.Flags = order.StatusNew, int64(k+1), db.BitRefund
						}
						t.PutOrder(row)
					}
					return nil
				}})
			}
			follow(b, d, m)
			sc := db.Scope{Merchant: m, Personal: true}
			for _, c := range []struct {
				name string
				sc   db.Scope
				f    db.Filter
			}{
				{"all", sc, db.Filter{}},
				{"new", sc, db.Filter{Status: []order.Status{order.StatusNew}}},
				{"due", sc, db.Filter{Sort: db.SortDue, Status: []order.Status{order.StatusNew}}},
				{"flag", sc, db.Filter{Flag: db.BitRefund}},
				{"store", db.Scope{Merchant: m, Stores: []ident.Store{7}}, db.Filter{}},
				{"奶茶", sc, db.Filter{Query: "奶茶"}},
				{"rare", sc, db.Filter{Query: "芝士42"}},
				{"end of number", sc, db.Filter{Query: strconv.Itoa(n - 3)}},
			} {
				b.Run(c.name, func(b *testing.B) {
					for b.Loop() {
						if rows, _, err := d.Orders(b.Context(), c.sc, c.f); err != nil || len(rows) == 0 {
							b.Fatal(len(rows), err)
						}
					}
				})
			}
		})
	}
}
