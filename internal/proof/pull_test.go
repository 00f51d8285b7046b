package proof

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/tongdan/tongdan/internal/hub"
	"github.com/tongdan/tongdan/internal/sim"
	ml "github.com/tongdan/tongdan/internal/sim/mercadolibre"
	"github.com/tongdan/tongdan/order"
)

// TestWithoutAPublicAddressEverythingArrivesByPullAlone runs a hub that no platform can
// reach: orders, cancels, refund requests and parcels come by asking alone.
func TestWithoutAPublicAddressEverythingArrivesByPullAlone(t *testing.T) {
	engines(t, func(t *testing.T, p Plan) {
		w := newWorld(t, stage{plan: p, start: time.Date(2026, 3, 1, 3, 0, 0, 0, time.UTC), speed: 60, seed: 11, pullOnly: true,
			meituan: func(o *meituanOptions) { slowDeadlines(o) }})
		var b placed
		for i := range 30 {
			id, err := w.mt.Place(json.RawMessage(`{"app_poi_code":"` + []string{mtShop, mtShopSelf}[i%2] + `"}`))
			if err != nil {
				t.Fatal(err)
			}
			b.meituan = append(b.meituan, id)
		}
		for i := range 12 {
			p, err := w.ml.Place(ml.Placement{SellerID: []ml.ID{brazil, ownCarrier}[i%2]})
			if err != nil {
				t.Fatal(err)
			}
			b.mercado = append(b.mercado, p.Orders...)
		}
		agree := func(what string) {
			t.Helper()
			w.until(60*time.Second, func() string {
				if differ := compare(w.expect(b), w.pages(), nil); len(differ) > 0 {
					return fmt.Sprintf("%s: %d differences:\n%s", what, len(differ), short(differ))
				}
				return ""
			})
		}
		agree("orders")
		if n := len(w.mt.Pushes("", 0)); n != 0 {
			t.Fatalf("%d callbacks were sent: this is not a test of pulling", n)
		}

		for i, act := range []string{"buyer_cancel", "accept_in_app", "service_cancel", "accept_in_app", "accept_in_app"} {
			if err := w.mt.Do(b.meituan[i], act, nil); err != nil {
				t.Fatal(err)
			}
		}
		for i, act := range []string{"buyer_cancel", "platform_cancel"} {
			if err := w.ml.Act(b.mercado[i], act, ml.ActArgs{}); err != nil {
				t.Fatal(err)
			}
		}
		agree("cancels and acceptances")

		if err := w.mt.Do(b.meituan[1], "ask_refund", nil); err != nil {
			t.Fatal(err)
		}
		w.until(60*time.Second, func() string {
			for _, r := range w.pages() {
				for _, f := range r.Flags {
					if r.Ref == b.meituan[1] && f == order.FlagRefund {
						return ""
					}
				}
			}
			return "the refund request has not been seen"
		})
		w.press(b.meituan[1], hub.Act{Kind: order.RefundApprove})
		agree("a refund that was agreed to")

		for _, act := range []string{"rider_accept", "rider_collect", "rider_deliver"} {
			if err := w.mt.Do(b.meituan[4], act, nil); err != nil {
				t.Fatal(err)
			}
		}
		for _, act := range []string{"ready", "print", "collect", "ship", "deliver"} {
			if err := w.ml.Act(b.mercado[2], act, ml.ActArgs{Force: true}); err != nil {
				t.Fatal(err)
			}
		}
		agree("deliveries")
	})
}

// TestAPlatformThatLosesEveryPushLosesNoOrder: a hole in Meituan's daily numbers that is
// older than 5 s is fetched, and what Mercado Libre gave up pushing is found.
func TestAPlatformThatLosesEveryPushLosesNoOrder(t *testing.T) {
	w := newWorld(t, stage{plan: Plan{Dir: t.TempDir()}, start: time.Date(2026, 3, 1, 3, 0, 0, 0, time.UTC), speed: 60, seed: 12,
		meituan: func(o *meituanOptions) { slowDeadlines(o) }})
	var b placed
	place := func() {
		t.Helper()
		id, err := w.mt.Place(nil)
		if err != nil {
			t.Fatal(err)
		}
		p, err := w.ml.Place(ml.Placement{SellerID: brazil})
		if err != nil {
			t.Fatal(err)
		}
		b.meituan, b.mercado = append(b.meituan, id), append(b.mercado, p.Orders...)
	}
	for i := range 24 {
		if i%3 == 1 {
			w.faults(sim.FaultPlan{PushLost: 1})
		} else {
			w.faults(sim.FaultPlan{})
		}
		place()
	}
	w.faults(sim.FaultPlan{PushLost: 1})
	place()
	w.until(60*time.Second, func() string {
		if differ := compare(w.expect(b), w.pages(), nil); len(differ) > 0 {
			return fmt.Sprintf("%d differences:\n%s", len(differ), short(differ))
		}
		return ""
	})
}

// press does one act on an order of Meituan and waits until it has ended well.
func (w *world) press(ref string, a hub.Act) {
	w.t.Helper()
	for _, r := range w.pages() {
		if r.Ref == ref {
			must[hub.Done](w.process, "act", AskOrder{Merchant: w.made.Merchant, Order: r.ID, Act: a})
			w.until(60*time.Second, func() string {
				if s := w.state(); len(s.Acts) > 0 {
					return describe(s.Acts)
				}
				return ""
			})
			return
		}
	}
	w.t.Fatalf("there is no order %s", ref)
}
