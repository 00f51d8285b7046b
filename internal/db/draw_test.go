package db_test

import (
	"context"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tongdan/tongdan/ident"
	"github.com/tongdan/tongdan/internal/db"
	"github.com/tongdan/tongdan/internal/db/dbtest"
	"github.com/tongdan/tongdan/order"
)

// All ids of a transaction are of one millisecond, so that chance may draw one twice.
// Here every id is drawn three times: no order takes the place of another.
func TestAnIDThatIsDrawnTwiceIsDrawnAgain(t *testing.T) {
	for _, o := range []db.Options{{Dir: t.TempDir()}, {URL: dbtest.Postgres(t)}} {
		var n atomic.Int64
		o.ID = func(now time.Time) int64 { return ident.Of(now, uint32(n.Add(1)/3)) }
		d := dbtest.Open(t, o)
		t.Run(d.Engine(), func(t *testing.T) {
			m := brand(t, d)
			var refs []order.Ref
			for i := range 40 {
				refs = append(refs, ref(strconv.Itoa(i)))
			}
			do(t, d, db.Verb{Merchant: m, Refs: refs, Decide: func(tx *db.Tx) error {
				for _, r := range refs {
					tx.PutOrder(&db.OrderRow{Ref: r, Channel: "meituan", Status: order.StatusNew, SortAt: 1,
						Search: db.SearchText{Names: []string{"a dish of order " + r.ID}}})
				}
				return nil
			}})
			seen := map[ident.Order]bool{}
			for _, r := range refs {
				row, _, _, err := d.OrderByRef(context.Background(), db.Scope{Merchant: m}, r)
				if err != nil {
					t.Errorf("order %s: %v", r.ID, err)
				}
				if seen[row.ID] {
					t.Errorf("order %s has the id of another", r.ID)
				}
				seen[row.ID] = true
			}
			follow(t, d, m)
			recount(t, d, m)
		})
	}
}
