package hub_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/tongdan/tongdan/internal/hub"
	"github.com/tongdan/tongdan/order"
)

// An order that nobody accepts is half the way to a shop's rest: it is told, with what pushes it there; the next
// order that is accepted begins the count anew.
func TestTheRadarCountsOrdersThatNobodyAcceptedAndTellsAtHalfTheWay(t *testing.T) {
	each(t, func(w *shopWorld) {
		ctx := w.t.Context()
		w.must(w.sim.Configure(json.RawMessage(`{"subscribed":[12,13,15,19,20,22,23,25,26,28,29,35]}`)))
		w.run()
		danger := func(rule string) (found hub.Danger) {
			list, err := w.hub.Radar(ctx, w.who)
			w.must(err)
			for _, d := range list {
				if d.Rule == rule && d.Share >= found.Share {
					found = d
				}
			}
			return found
		}
		told := func() bool {
			list, _, err := w.hub.Concerns(ctx, w.who)
			w.must(err)
			for _, c := range list {
				if c.Kind == hub.ConcernPenalty && c.Cause == "rest_late" && c.Subject == "50%" && c.StoreID != 0 {
					return true
				}
			}
			return false
		}
		first := w.place(`{"app_poi_code":"TEA001"}`)
		w.until("here", func() bool { return w.status(first) == order.StatusNew })
		if d := danger("rest_late"); d.Rule == "" || d.Share != 0 || told() {
			t.Errorf("before anything: %+v", d)
		}
		w.clk.Advance(3 * time.Minute)
		if d := danger("cancel_late"); d.Share < 0.55 || d.Share > 0.7 || len(d.Orders) != 1 || d.DueAt == 0 || d.Remedy.ZH == "" {
			t.Errorf("after three of five minutes: %+v", d)
		}
		w.clk.Advance(3 * time.Minute)
		w.until("cancelled by the platform", func() bool { return w.status(first) == order.StatusCancelled })
		w.until("told at half the way", told)
		if d := danger("rest_late"); d.Share != 0.5 || d.Count != 1 || len(d.Orders) != 1 {
			t.Errorf("after one: %+v", d)
		}
		other := w.place(`{"app_poi_code":"TEA002"}`)
		next := w.place(`{"app_poi_code":"TEA001"}`)
		for _, id := range []string{other, next} {
			w.until("here", func() bool { return w.status(id) == order.StatusNew })
		}
		_, err := w.act(other, hub.Act{Kind: order.Accept})
		w.must(err)
		w.until("accepted", func() bool { return w.status(other) == order.StatusAccepted })
		if !told() {
			t.Error("another shop's order took it back")
		}
		_, err = w.act(next, hub.Act{Kind: order.Accept})
		w.must(err)
		w.until("counted anew", func() bool { return danger("rest_late").Share == 0 && !told() })
	})
}
