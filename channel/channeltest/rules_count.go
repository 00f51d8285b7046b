package channeltest

import (
	"slices"
	"testing"
	"time"

	"github.com/tongdan/tongdan/channel"
)

// count counts a day to its end.
func count(d *desk, day channel.Day) (channel.Tally, error) {
	for {
		t, err := d.conn.Count(d.t.Context(), day)
		if err != nil || t.Resume == nil {
			return t, err
		}
		day.Resume = t.Resume
	}
}

func init() {
	countRules = []rule{{
		name: "a day's count names every order of the day and no other",
		why:  "the completeness statement compares it with ours: one that is too low hides a lost order",
		run: func(t *testing.T, h Harness) {
			d := open(t, h)
			if !d.conn.Counts() {
				t.Skip("this platform has no means to count a day")
			}
			refs := placed(d, 5)
			d.w.Advance(t, time.Minute)
			shop := d.w.Account().Shops[0]
			zone := d.conn.Zone(shop)
			y, m, day := d.w.Env().Now().In(zone).Date()
			from := time.Date(y, m, day, 0, 0, 0, 0, zone)
			today := channel.Day{Shop: shop, From: from, To: from.AddDate(0, 0, 1)}
			got, err := count(d, today)
			if err != nil || got.Cannot != (channel.Text{}) {
				t.Fatalf("count: %+v, %v", got, err)
			}
			var want []string
			for _, r := range refs {
				want = append(want, r.ID)
			}
			slices.Sort(want)
			listed := slices.Sorted(slices.Values(got.Listed))
			if !slices.Equal(listed, want) || got.Orders != len(want) || len(got.Empty) > 0 {
				t.Errorf("counts %d: %v, want %v; empty %v", got.Orders, listed, want, got.Empty)
			}
			if got.Means.EN == "" || got.Means.ZH == "" || got.By != channel.ByPaid && got.By != channel.ByPlaced {
				t.Errorf("it must say how it counts and by which moment: %+v", got)
			}
			before, err := count(d, channel.Day{Shop: shop, From: from.AddDate(0, 0, -1), To: from})
			if err != nil || before.Orders != 0 && before.Cannot == (channel.Text{}) {
				t.Errorf("the day before: %+v, %v, want none", before, err)
			}
			d.w.Fault(t, Limited, 1, "")
			if got, err := d.conn.Count(t.Context(), today); err == nil && got.Orders != len(want) && got.Resume == nil {
				t.Errorf("under flow control it counts %d and no error", got.Orders)
			}
		},
	}}
}

var countRules []rule
