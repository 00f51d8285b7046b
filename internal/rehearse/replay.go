package rehearse

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/tongdan/tongdan/internal/db"
)

// Shape reads what was bought in the last period of a database, up to its newest order:
// when, on which channel, how many lines and pieces. It only reads, and takes nothing
// about customers, dishes or prices along.
func Shape(ctx context.Context, d *db.DB, period time.Duration) ([]Bought, error) {
	list, err := d.Merchants(ctx)
	if err != nil {
		return nil, err
	}
	var out []Bought
	var newest int64
	var ends []int64 // when each was placed
	for _, m := range list {
		f := db.Filter{Sort: db.SortNewest, Limit: 200}
		for done := false; !done; {
			rows, next, err := d.Orders(ctx, db.Scope{Merchant: m.ID}, f)
			if err != nil {
				return nil, err
			}
			for _, r := range rows {
				var s struct {
					Channel string `json:"channel"`
					Placed  int64  `json:"placed_at"`
					Lines   int    `json:"line_count"`
					Pieces  int64  `json:"quantity"`
				}
				if err := json.Unmarshal(r.Summary, &s); err != nil {
					return nil, err
				}
				newest = max(newest, s.Placed)
				if s.Placed < newest-period.Milliseconds() {
					done = true
					break
				}
				if len(out) == maxOrders {
					return nil, fmt.Errorf("there are more than %d orders in %v: choose a shorter --period", maxOrders, period)
				}
				out = append(out, Bought{Channel: s.Channel, Lines: s.Lines, Pieces: int(min(s.Pieces, 1000))})
				ends = append(ends, s.Placed)
			}
			if f.Cursor = next; next == "" {
				done = true
			}
		}
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("there are no orders")
	}
	first := slices.Min(ends)
	for i := range out {
		out[i].After = time.Duration(ends[i]-first) * time.Millisecond
	}
	return out, nil
}
