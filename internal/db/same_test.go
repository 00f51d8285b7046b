package db_test

import (
	"testing"

	"github.com/tongdan/tongdan/internal/db"
	"github.com/tongdan/tongdan/internal/db/dbtest"
	"github.com/tongdan/tongdan/order"
)

// What is read again and says the same leaves its row alone; what says more does not.
func TestARecordThatSaysTheSameStays(t *testing.T) {
	t.Parallel()
	dbtest.AtOnce(t, func(t *testing.T, d *db.DB) {
		m := brand(t, d)
		id := place(t, d, m, "1", nil)
		merge := func(body string, more order.Record) {
			do(t, d, db.Verb{Merchant: m, Refs: []order.Ref{ref("1")}, Decide: func(tx *db.Tx) error {
				old, _ := tx.Record(ref("1"))
				tx.PutRecord(ref("1"), old.Merge(more))
				e := db.Entry{Direction: db.Pulled, What: "order", Order: id, Ref: ref("1"), Body: []byte(body)}
				e.Known = tx.Seen(ref("1"), e.Body)
				tx.Journal(e)
				return nil
			}})
		}
		seen := func(body string) (seen bool) {
			do(t, d, db.Verb{Merchant: m, Refs: []order.Ref{ref("1")}, Decide: func(tx *db.Tx) error {
				seen = tx.Seen(ref("1"), []byte(body))
				return nil
			}})
			return seen
		}
		states := func() (out []string) {
			do(t, d, db.Verb{Merchant: m, Refs: []order.Ref{ref("1")}, Decide: func(tx *db.Tx) error {
				r, _ := tx.Record(ref("1"))
				out = nil
				for _, s := range r.Axes[order.AxisWork] {
					out = append(out, s.State)
				}
				return nil
			}})
			return out
		}
		merge("{}", said("1", 1))
		if !seen("{}") {
			t.Error("what was read is not known, although the record was there already")
		}
		merge(`{"again":1}`, said("1", 1))
		if !seen(`{"again":1}`) || seen("{}") {
			t.Error("the last that was read is not what is known")
		}
		merge(`{"again":1}`, said("1", 1))
		merge(`{"again":1}`, said("2", 2))
		if got := states(); len(got) != 2 {
			t.Errorf("the record says %v, want both", got)
		}
		merge(`{"again":1}`, said("3", 3))
		if got := states(); len(got) != 3 {
			t.Errorf("the record says %v, want all three", got)
		}
	})
}
