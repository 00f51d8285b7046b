package hub_test

import (
	"testing"

	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/internal/hub"
	"github.com/tongdan/tongdan/order"
)

// A crowd rider is sent for, gives up, and is sent for again; the tip is set twice. Each is a call of its own,
// and each is made once.
func TestCrowdRidersAreSentForAgainAndTippedAnew(t *testing.T) {
	each(t, func(w *shopWorld) {
		ctx := w.t.Context()
		w.must(w.sim.Configure([]byte(`{"subscribed":[12,13,15,19,20,22,23,25,26,28,29,35]}`)))
		id := w.place(`{"app_poi_code":"TEA001","logistics_code":"1003"}`)
		w.run()
		w.until("here", func() bool { return w.status(id) == order.StatusNew })
		_, err := w.act(id, hub.Act{Kind: order.Accept})
		w.must(err)
		w.until("accepted", func() bool { return w.status(id) == order.StatusAccepted })
		w.until("who brings it is known", func() bool { _, o, _, _ := w.row(id); return o.Head.Logistics == order.ByCrowd })
		row, _, _, _ := w.row(id)
		call := func(attempt int) {
			q, _, err := w.hub.Quote(ctx, w.who, row.ID)
			w.must(err)
			_, err = w.act(id, hub.Act{Kind: order.CallRider, Amount: q.Fee.Text()})
			w.must(err)
			w.until("sent for", func() bool { o, _ := w.sim.Order(id); return o.Tally["order/zhongbao/dispatch"].Changes == attempt })
			w.until("seen here", func() bool { _, o, _, _ := w.row(id); return o.Axes.Delivery == order.DeliverySought })
		}
		if _, err := w.act(id, hub.Act{Kind: order.Tip, Amount: "2"}); !fault.Is(err, fault.Conflict) {
			t.Errorf("a tip for nobody: %v, want a conflict", err)
		}
		if _, err := w.act(id, hub.Act{Kind: order.CallRider, Amount: "six"}); !fault.Is(err, fault.Invalid) {
			t.Errorf("a fee in words: %v, want invalid", err)
		}
		call(1)
		for i, total := range []string{"2", "3.5"} {
			for range 2 {
				_, err := w.act(id, hub.Act{Kind: order.Tip, Amount: total})
				w.must(err)
			}
			w.until("tipped", func() bool { o, _ := w.sim.Order(id); return o.Tally["order/zhongbao/update/tip"].Changes == i+1 })
		}
		w.must(w.sim.Do(id, "rider_cancel", nil))
		w.until("he gave up", func() bool { _, o, _, _ := w.row(id); return o.Axes.Delivery == order.DeliveryCancelled })
		call(2)
		_, err = w.act(id, hub.Act{Kind: order.RecallRider, Reason: "顾客改约"})
		w.must(err)
		w.until("sent away", func() bool { o, _ := w.sim.Order(id); return o.Delivery.Status == 100 })
		w.until("seen to be", func() bool { _, o, _, _ := w.row(id); return o.Axes.Delivery == order.DeliveryCancelled })
	})
}
