package hub_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tongdan/tongdan/effect"
	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/geo"
	"github.com/tongdan/tongdan/ident"
	"github.com/tongdan/tongdan/internal/db"
	"github.com/tongdan/tongdan/internal/hub"
	"github.com/tongdan/tongdan/internal/sim"
	"github.com/tongdan/tongdan/internal/sim/dada"
	"github.com/tongdan/tongdan/order"
)

const toldCall, placeCall = "ecommerce/order/logistics/sync", "order/riderPosition"

// toldOf reports whether the platform has been told that a ride is in one of its states.
func (w *shopWorld) toldOf(ref string, status int, ride string) bool {
	w.t.Helper()
	o, err := w.sim.Order(ref)
	w.must(err)
	return o.Delivery != nil && o.Delivery.Status == status && (o.Delivery.Carrier == ride || status == 100)
}

func (w *shopWorld) tally(ref, call string) sim.Count {
	w.t.Helper()
	o, err := w.sim.Order(ref)
	w.must(err)
	return o.Tally[call]
}

// The platform hears who is coming and how far he is, each of it once though an answer is lost; that he does not
// come after all; and who comes instead. What it says of that is no attempt beside the rides.
func TestThePlatformHearsWhoComesAndHowFarHeIs(t *testing.T) {
	each(t, func(w *shopWorld) {
		ctx := w.t.Context()
		s, c := withDada(w)
		w.run()
		id, oid := acceptedOrder(w, `{"app_poi_code":"TEA001","logistics_code":"0000"}`)
		rider, err := w.hub.PutRider(ctx, w.who, db.RiderRow{Store: w.store(), Name: "老李", Phone: "136 0000 0001"})
		w.must(err)
		w.sim.Faults().Next(sim.DropAfterCommit, 1, toldCall)
		own, _, err := w.hub.Ride(ctx, w.who, oid, hub.RideAsk{Rider: rider.ID})
		w.must(err)
		w.until("an own rider is told", func() bool { return w.toldOf(id, 10, own) })
		if o, _ := w.sim.Order(id); o.Delivery.Name != "老李" || o.Delivery.Mobile != "13600000001" || o.Delivery.Provider != "10015" {
			t.Errorf("the platform has %+v", o.Delivery)
		}
		_, err = w.hub.EndRide(ctx, w.who, oid, own, "", "车坏了")
		w.must(err)
		w.until("that he does not come is told", func() bool { return w.toldOf(id, 100, own) })
		key, _, err := w.hub.Ride(ctx, w.who, oid, hub.RideAsk{Courier: c})
		w.must(err)
		w.until("ordered", func() bool { return w.ride(id, key).State == order.DeliverySought })
		w.must(s.Move(key, dada.Taken, ""))
		w.until("the courier's rider is told", func() bool { return w.toldOf(id, 10, key) })
		w.must(s.Move(key, dada.AtStore, ""))
		w.until("that he is at the store is told", func() bool { return w.toldOf(id, 15, key) })
		if o, _ := w.sim.Order(id); o.Delivery.Provider != "10002" || o.Delivery.Name == "" {
			t.Errorf("the platform has %+v", o.Delivery)
		}
		w.must(s.Move(key, dada.Fetched, ""))
		w.until("that he has left is told", func() bool { return w.toldOf(id, 20, key) })
		w.must(s.Move(key, dada.Done, ""))
		w.until("that he has arrived is told", func() bool { return w.toldOf(id, 40, key) })
		w.until("delivered", func() bool { _, o, _, _ := w.row(id); return o.Axes.Delivery == order.DeliveryDelivered })
		if n := w.tally(id, toldCall); n.Changes != 6 || n.Calls > 7 {
			t.Errorf("the platform heard of it as %+v, want six states", n)
		}
		_, o, effects, _ := w.row(id)
		if len(o.Delivered) != 2 || o.Delivered[0].Ride == nil || o.Delivered[1].Ride == nil {
			t.Errorf("the attempts are %+v", o.Delivered)
		}
		for _, e := range effects {
			if e.Kind == "tell_rider" && e.State.Open() {
				t.Errorf("%s %s is %s", e.Kind, e.Case, e.State)
			}
		}
	})
}

// A platform that does not answer hears the newest state alone, and nobody's act waits for that.
func TestOnlyTheNewestStateOfARiderIsTold(t *testing.T) {
	each(t, func(w *shopWorld) {
		ctx := w.t.Context()
		s, c := withDada(w)
		w.run()
		id, oid := acceptedOrder(w, `{"app_poi_code":"TEA001","logistics_code":"0000"}`)
		key, _, err := w.hub.Ride(ctx, w.who, oid, hub.RideAsk{Courier: c})
		w.must(err)
		w.until("ordered", func() bool { return w.ride(id, key).State == order.DeliverySought })
		w.sim.Faults().Next(sim.Err429, 3, toldCall) // it is tried again after a second, two and four
		w.must(s.Move(key, dada.Taken, ""))
		w.until("the platform has no time", func() bool { return w.tally(id, toldCall).Calls == 0 && w.limited(id) })
		w.must(s.Move(key, dada.AtStore, ""))
		_, err = w.act(id, hub.Act{Kind: order.Ready})
		w.must(err)
		w.until("ready is told meanwhile", func() bool { return w.changes(id, "order/preparationMealComplete") == 1 })
		w.must(s.Move(key, dada.Fetched, ""))
		w.until("that he has left is told", func() bool { return w.toldOf(id, 20, key) })
		w.until("nothing waits", func() bool {
			_, _, effects, _ := w.row(id)
			for _, e := range effects {
				if e.Kind == "tell_rider" && e.State.Open() {
					return false
				}
			}
			return true
		})
		if n := w.tally(id, toldCall); n.Changes != 1 {
			t.Errorf("the platform heard of it as %+v, want that he has left alone", n)
		}
	})
}

// limited reports whether a telling was put off.
func (w *shopWorld) limited(ref string) bool {
	_, _, effects, _ := w.row(ref)
	for _, e := range effects {
		if e.Kind == "tell_rider" && e.Attempt != nil && e.Attempt.Code == fault.RateLimited {
			return true
		}
	}
	return false
}

// The place of an own rider's phone goes to the platform while he has the order with him, and nowhere else; one that comes
// too soon is dropped. A courier's place goes there too.
func TestARidersPlaceIsToldOnTheWayAndKeptNowhere(t *testing.T) {
	each(t, func(w *shopWorld) {
		ctx := w.t.Context()
		w.run()
		id, oid := acceptedOrder(w, `{"app_poi_code":"TEA001","logistics_code":"0000"}`)
		rider, err := w.hub.PutRider(ctx, w.who, db.RiderRow{Store: w.store(), Name: "老李", Phone: "13600000001"})
		w.must(err)
		key, _, err := w.hub.Ride(ctx, w.who, oid, hub.RideAsk{Rider: rider.ID})
		w.must(err)
		w.until("he has it", func() bool { return w.toldOf(id, 10, key) })
		link, _, err := w.hub.RiderLink(ctx, w.who, rider.ID)
		w.must(err)
		secret := link[strings.LastIndex(link, "/")+1:]
		here := geo.Point{Lat: 39.9087, Lon: 116.3975}
		if _, err := w.hub.RiderAt(ctx, secret+"x", here); !fault.Is(err, fault.NotFound) {
			t.Errorf("by a link of nobody: %v", err)
		}
		if _, err := w.hub.RiderAt(ctx, secret, geo.Point{Lat: 91}); !fault.Is(err, fault.Invalid) {
			t.Errorf("nowhere: %v", err)
		}
		if away, err := w.hub.RiderAt(ctx, secret, here); err != nil || away != 0 {
			t.Errorf("at the store with %d on their way: %v", away, err)
		}
		if _, err := w.hub.RiderAt(ctx, secret, here); !fault.Is(err, fault.RateLimited) {
			t.Errorf("again at once: %v", err)
		}
		if n := w.tally(id, placeCall); n.Calls != 0 {
			t.Errorf("his place was told before he left: %+v", n)
		}
		w.must(w.hub.RiderSays(ctx, secret, oid, key, hub.StepPicked, ""))
		w.until("that he has left is told", func() bool { return w.toldOf(id, 20, key) })
		w.until("his place is told", func() bool {
			_, err := w.hub.RiderAt(ctx, secret, here)
			if err != nil && !fault.Is(err, fault.RateLimited) {
				w.t.Fatal(err)
			}
			return w.tally(id, placeCall).Calls > 0
		})
		want := here.Convert(geo.WGS84, geo.GCJ02).Micro()
		o, err := w.sim.Order(id)
		w.must(err)
		if d := o.Delivery; d.Latitude != want.Lat || d.Longitude != want.Lon || d.PlaceAt == 0 || d.Name != "老李" || d.Status != 20 {
			t.Errorf("the platform has him at %v %v (%d), %+v; want %+v", d.Latitude, d.Longitude, d.PlaceAt, d, want)
		}
		if d := w.ride(id, key); d.Place != nil {
			t.Errorf("his place was kept: %+v", d.Place)
		}
		row, recs, _, err := w.db.Order(ctx, w.who.Scope, oid)
		w.must(err)
		heads, err := w.db.HeadsOf(ctx, row, recs, 500)
		w.must(err)
		if slices.ContainsFunc(heads, func(e db.EntryRead) bool { return strings.Contains(e.Path, "riderPosition") }) {
			t.Error("his place is in the journal")
		}
		w.must(w.hub.RiderSays(ctx, secret, oid, key, hub.StepDelivered, ""))
		w.until("that he has arrived is told", func() bool { return w.toldOf(id, 40, key) })
		if n := w.tally(id, placeCall); n.Calls != 1 {
			t.Errorf("places were told %d times, want 1", n.Calls)
		}
	})
}

// Where a courier's rider is is passed on, and forgotten once it is over.
func TestACouriersPlaceIsPassedOnAndForgotten(t *testing.T) {
	each(t, func(w *shopWorld) {
		ctx := w.t.Context()
		s, c := withDada(w)
		w.run()
		id, oid := acceptedOrder(w, `{"app_poi_code":"TEA001","logistics_code":"0000"}`)
		key, _, err := w.hub.Ride(ctx, w.who, oid, hub.RideAsk{Courier: c})
		w.must(err)
		w.until("ordered", func() bool { return w.ride(id, key).State == order.DeliverySought })
		w.must(s.Move(key, dada.Taken, ""))
		w.must(s.Move(key, dada.Fetched, ""))
		w.until("that he has left is told", func() bool { return w.toldOf(id, 20, key) })
		w.until("his place is told", func() bool {
			_, err := w.db.Do(ctx, db.Verb{Name: "test", Merchant: w.who.Merchant, Orders: []ident.Order{oid}, Decide: func(tx *db.Tx) error { // a minute later
				for _, e := range tx.Effects(oid) {
					if e.Kind == "ride_look" && e.State == effect.Waiting {
						e.NextAt = time.Now().UnixMilli()
						tx.PutEffect(&e)
					}
				}
				return nil
			}})
			w.must(err)
			return w.tally(id, placeCall).Calls > 0
		})
		w.until("and known", func() bool { return w.ride(id, key).Place != nil })
		w.must(s.Move(key, dada.Done, ""))
		w.until("delivered", func() bool { return w.ride(id, key).State == order.DeliveryDelivered })
		_, recs, _, err := w.db.Order(ctx, w.who.Scope, oid)
		w.must(err)
		for _, r := range recs {
			if p, ok := order.Get[order.Position](r.Record, order.RegPlace); ok && (p.Lat != 0 || p.Lng != 0) {
				t.Errorf("where he was is kept: %+v", p)
			}
		}
	})
}
