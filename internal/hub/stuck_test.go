package hub_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tongdan/tongdan/ident"
	"github.com/tongdan/tongdan/internal/db"
	"github.com/tongdan/tongdan/internal/hub"
	"github.com/tongdan/tongdan/internal/sim"
	"github.com/tongdan/tongdan/internal/sim/dada"
	"github.com/tongdan/tongdan/order"
)

// stuck gives the message of a delivery that stands still.
func (w *shopWorld) stuck(who hub.Actor, id ident.Order) (hub.Concern, bool) {
	w.t.Helper()
	list, _, err := w.hub.Concerns(w.t.Context(), who)
	w.must(err)
	i := slices.IndexFunc(list, func(c hub.Concern) bool {
		return c.Kind == hub.ConcernStuck && c.Order != nil && c.Order.ID == id
	})
	if i < 0 {
		return hub.Concern{}, false
	}
	return list[i], true
}

// A delivery of the platform that nobody takes is told of, once, at the group; when it moves the message
// goes, and the next standstill is told anew. Another store is told nothing.
func TestADeliveryThatStandsStillIsTold(t *testing.T) {
	each(t, func(w *shopWorld) {
		k := newKnockWorld(w)
		w.run()
		second := *w // another node
		second.hub = hub.New(w.options())
		second.run()
		id, oid := acceptedOrder(w, `{"app_poi_code":"TEA001","logistics_code":"1001"}`)
		w.until("a rider is sought", func() bool { _, o, _, _ := w.row(id); return o.Axes.Delivery == order.DeliverySought })
		w.clk.Advance(9 * time.Minute)
		if c, ok := w.stuck(w.who, oid); ok {
			t.Errorf("after nine minutes: %+v", c)
		}
		w.clk.Advance(61 * time.Second)
		c, ok := w.stuck(w.who, oid)
		if !ok || c.Cause != "sought" || c.Way != "platform" || c.SinceAt-c.StillAt != (10*time.Minute).Milliseconds() || c.StoreID != w.store() {
			w.t.Fatalf("after ten minutes: %+v", c)
		}
		if again, _ := second.stuck(w.who, oid); again.Key != c.Key {
			t.Errorf("another node tells of %q, this one of %q", again.Key, c.Key)
		}
		stranger := w.who
		stranger.Stores = []ident.Store{w.store() + 1}
		if c, ok := w.stuck(stranger, oid); ok {
			t.Errorf("another store is told of %+v", c)
		}
		heard := func() (n int) {
			for _, text := range k.got("望京店") {
				n += strings.Count(text, "没有骑手接单")
			}
			return n
		}
		w.until("the group hears it", func() bool { return heard() == 1 })
		w.until("the watch has looked again", k.looked())
		w.must(w.sim.Do(id, "rider_accept", nil))
		w.until("it has moved", func() bool { _, still := w.stuck(w.who, oid); return !still })
		w.clk.Advance(16 * time.Minute)
		next, ok := w.stuck(w.who, oid)
		if !ok || next.Cause != "assigned" || next.Key == c.Key {
			t.Errorf("he does not come: %+v", next)
		}
		w.until("the group hears that too", func() bool {
			return slices.ContainsFunc(k.got("望京店"), func(s string) bool { return strings.Contains(s, "16 分钟还没到店") })
		})
		if n := heard(); n != 1 {
			t.Errorf("the first standstill was told %d times", n)
		}
		_, err := w.act(id, hub.Act{Kind: order.Cancel, ReasonCode: "2009", Reason: "商品已售完"})
		w.must(err)
		w.until("the order is over, and so is the message", func() bool { _, still := w.stuck(w.who, oid); return !still })
	})
}

// A store's own rider counts like any other, after the minutes of his store.
func TestAnOwnRiderWhoDoesNotMoveIsTold(t *testing.T) {
	each(t, func(w *shopWorld) {
		ctx := w.t.Context()
		w.run()
		id, oid := acceptedOrder(w, `{"app_poi_code":"TEA001","logistics_code":"0000"}`)
		rider, err := w.hub.PutRider(ctx, w.who, db.RiderRow{Store: w.store(), Name: "老李", Phone: "13600000001"})
		w.must(err)
		key, _, err := w.hub.Ride(ctx, w.who, oid, hub.RideAsk{Rider: rider.ID})
		w.must(err)
		w.until("he has it", func() bool { return w.ride(id, key).State == order.DeliveryAssigned })
		_, err = w.hub.StepRide(ctx, w.who, oid, key, hub.StepPicked, "")
		w.must(err)
		_, o, _, _ := w.row(id)
		if o.Times.Estimated == 0 {
			w.t.Fatal("the platform has told nobody when it comes")
		}
		w.clk.Advance(time.UnixMilli(o.Times.Estimated).Sub(w.clk.Now()) + 7*time.Minute)
		if c, ok := w.stuck(w.who, oid); ok {
			t.Errorf("seven minutes past what the customer was told: %+v", c)
		}
		r := hub.DefaultKnockRules
		r.Delivery.Late = 5
		w.must(w.hub.PutKnockRules(ctx, w.who, w.store(), &r))
		if c, ok := w.stuck(w.who, oid); !ok || c.Cause != "on_the_way" || c.Way != order.RideOwn || c.Subject != "老李" {
			t.Errorf("at a store that waits for five minutes: %+v", c)
		}
		_, err = w.hub.StepRide(ctx, w.who, oid, key, hub.StepDelivered, "")
		w.must(err)
		if c, ok := w.stuck(w.who, oid); ok {
			t.Errorf("delivered: %+v", c)
		}
	})
}

// A courier that answers no question is told of as such, also by a node that has seen none of it, until it
// answers again.
func TestACourierThatIsSilentIsTold(t *testing.T) {
	each(t, func(w *shopWorld) {
		ctx := w.t.Context()
		s, c := withDadaAt(w, w.clk)
		w.run()
		id, oid := acceptedOrder(w, `{"app_poi_code":"TEA001","logistics_code":"0000"}`)
		key, _, err := w.hub.Ride(ctx, w.who, oid, hub.RideAsk{Courier: c})
		w.must(err)
		w.until("ordered", func() bool { return w.ride(id, key).State == order.DeliverySought })
		s.Faults().Set(sim.FaultPlan{Err5xx: 1, PushLost: 1, Only: []string{"/api/order/status/query", "callback"}})
		w.must(s.Move(key, dada.Taken, ""))
		look := func() { // now, and not in twenty seconds
			_, err := w.db.Do(ctx, db.Verb{Name: "test", Merchant: w.who.Merchant, Orders: []ident.Order{oid}, Decide: func(tx *db.Tx) error {
				for _, e := range tx.Effects(oid) {
					if e.Kind == "ride_look" && e.State.Open() && e.State != "sending" {
						e.NextAt = time.Now().UnixMilli()
						tx.PutEffect(&e)
					}
				}
				return nil
			}})
			w.must(err)
		}
		look()
		w.until("a question is not answered", func() bool { return w.ride(id, key).Silent > 0 })
		since := w.ride(id, key).Silent
		if c, ok := w.stuck(w.who, oid); ok {
			t.Errorf("at once: %+v", c)
		}
		w.clk.Advance(10*time.Minute + time.Second)
		calls := func() (n int) {
			for _, x := range s.Calls().List("", 0) {
				if strings.HasSuffix(x.Kind, "status/query") {
					n++
				}
			}
			return n
		}
		asked := calls()
		look()
		w.until("it is asked again", func() bool { return calls() > asked })
		if at := w.ride(id, key).Silent; at != since {
			t.Errorf("silent since %d, now since %d", since, at)
		}
		fresh := *w
		fresh.hub = hub.New(hub.Options{DB: w.db, Clock: hub.Clock{Now: w.clk.Now, Speed: 1}})
		if c, ok := fresh.stuck(w.who, oid); !ok || c.Cause != "silent" || c.Way != order.RideCourier || c.StillAt != since {
			t.Errorf("a node that has just begun tells of %+v, %v", c, ok)
		}
		s.Faults().Calm()
		look()
		w.until("it answers, and is known to be taken", func() bool {
			d := w.ride(id, key)
			return d.State == order.DeliveryAssigned && d.Silent == 0
		})
		if c, ok := w.stuck(w.who, oid); ok {
			t.Errorf("after it answered: %+v", c)
		}
	})
}
