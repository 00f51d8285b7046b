package hub_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/tongdan/tongdan/channel"
	"github.com/tongdan/tongdan/effect"
	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/ident"
	"github.com/tongdan/tongdan/internal/db"
	"github.com/tongdan/tongdan/internal/hub"
	"github.com/tongdan/tongdan/internal/sim"
	"github.com/tongdan/tongdan/internal/sim/dada"
	"github.com/tongdan/tongdan/order"
)

// withDada gives the world a courier that fetches at its store.
func withDada(w *shopWorld) (*dada.Sim, ident.Courier) {
	return withDadaAt(w, sim.NewClock(time.Time{}, 1))
}

func withDadaAt(w *shopWorld, clock *sim.Clock) (*dada.Sim, ident.Courier) {
	w.t.Helper()
	s := dada.New(dada.Options{Clock: clock, Key: "dada0001", Secret: "secret0001", Source: "73753", Shops: []string{"11047059"}})
	api := httptest.NewServer(s.API())
	w.t.Cleanup(api.Close)
	w.t.Cleanup(func() { s.Close() })
	c, err := w.hub.PutCourier(w.t.Context(), w.who, db.CourierRow{Kind: "dada", Name: "达达", Address: api.URL, Shops: map[ident.Store]string{w.store(): "11047059"},
		Credentials: map[string]string{"app_key": "dada0001", "app_secret": "secret0001", "source_id": "73753"}})
	w.must(err)
	return s, c.ID
}

func acceptedOrder(w *shopWorld, content string) (string, ident.Order) {
	w.t.Helper()
	w.must(w.sim.Configure([]byte(`{"subscribed":[12,13,15,19,20,22,23,25,26,28,29,35]}`)))
	id := w.place(content)
	w.until("here", func() bool { return w.status(id) == order.StatusNew })
	_, err := w.act(id, hub.Act{Kind: order.Accept})
	w.must(err)
	w.until("accepted", func() bool { return w.status(id) == order.StatusAccepted })
	row, _, _, _ := w.row(id)
	return id, row.ID
}

// courierCallback is the address that couriers are given.
func (w *shopWorld) courierCallback(rw http.ResponseWriter, r *http.Request, parts []string) {
	var m ident.Merchant
	var c ident.Courier
	if len(parts) < 3 || m.UnmarshalText([]byte(parts[0])) != nil || c.UnmarshalText([]byte(parts[1])) != nil {
		http.NotFound(rw, r)
		return
	}
	body, _ := io.ReadAll(r.Body)
	reply, err := w.hub.CourierCallback(r.Context(), m, c, channel.Request{Method: r.Method, Path: parts[2], Body: body})
	if err != nil {
		http.Error(rw, err.Error(), 500)
		return
	}
	rw.WriteHeader(reply.Status)
	io.WriteString(rw, reply.Body)
}

func (w *shopWorld) ride(id, key string) (d order.Delivery) {
	_, o, _, _ := w.row(id)
	for _, x := range o.Rides() {
		if x.Key == key {
			d = x
		}
	}
	return d
}

// A courier is ordered once though the answer is lost, and the platform is told who brings it.
func TestACourierIsOrderedOnceAndThePlatformIsTold(t *testing.T) {
	each(t, func(w *shopWorld) {
		ctx := w.t.Context()
		s, c := withDada(w)
		w.run()
		id, oid := acceptedOrder(w, `{"app_poi_code":"TEA001","logistics_code":"0000"}`)
		offers, err := w.hub.RideOffers(ctx, w.who, oid)
		w.must(err)
		if len(offers) != 1 || offers[0].Fee == nil || offers[0].Fee.Text() != "7.80" {
			w.t.Fatalf("the offers are %+v", offers)
		}
		s.Faults().Next(sim.DropAfterCommit, 1, "/api/order/addAfterQuery")
		key, _, err := w.hub.Ride(ctx, w.who, oid, hub.RideAsk{Courier: c, Most: "7.80"})
		w.must(err)
		if _, _, err := w.hub.Ride(ctx, w.who, oid, hub.RideAsk{Courier: c, Most: "7.80"}); !fault.Is(err, fault.Conflict) {
			t.Errorf("a second rider for one order: %v", err)
		}
		w.until("ordered", func() bool { return w.ride(id, key).State == order.DeliverySought })
		w.must(s.Move(key, dada.Taken, ""))
		w.must(s.Move(key, dada.Fetched, ""))
		w.until("on the way", func() bool { return w.ride(id, key).State == order.DeliveryOnTheWay })
		w.until("the platform is told", func() bool { return w.toldOf(id, 20, key) })
		w.must(s.Move(key, dada.Done, ""))
		w.until("the platform is told of the end", func() bool { return w.toldOf(id, 40, key) })
		w.until("delivered", func() bool { _, o, _, _ := w.row(id); return o.Axes.Delivery == order.DeliveryDelivered })
		for _, d := range s.Deliveries() {
			if d.Orders != 1 || d.Cancels != 0 {
				t.Errorf("%s was ordered %d times and cancelled %d times", d.ID, d.Orders, d.Cancels)
			}
		}
		w.until("the fee is known, though its answer was lost", func() bool {
			d := w.ride(id, key)
			return d.Rider != nil && d.Rider.Phone != "" && d.Fare.Fee != nil
		})
		if n := w.tally(id, "ecommerce/order/logistics/sync"); n.Calls != n.Changes || n.Calls > 3 || w.tally(id, "order/delivering").Calls != 0 {
			t.Errorf("the platform heard of it as %+v", n)
		}
	})
}

// From the platform's crowd to an own rider, who has a problem, to a courier; then the customer cancels.
func TestADeliveryChangesHandsOnce(t *testing.T) {
	each(t, func(w *shopWorld) {
		ctx := w.t.Context()
		s, c := withDada(w)
		w.run()
		id, oid := acceptedOrder(w, `{"app_poi_code":"TEA001","logistics_code":"1003"}`)
		w.until("who brings it is known", func() bool { _, o, _, _ := w.row(id); return o.Head.Logistics == order.ByCrowd })
		rider, err := w.hub.PutRider(ctx, w.who, db.RiderRow{Store: w.store(), Name: "老李", Phone: "13600000001"})
		w.must(err)
		key, _, err := w.hub.Ride(ctx, w.who, oid, hub.RideAsk{Rider: rider.ID})
		w.must(err)
		w.until("the store brings it, and he has it", func() bool { return w.ride(id, key).State == order.DeliveryAssigned })
		if o, _ := w.sim.Order(id); o.Tally["order/logistics/change/poi_self"].Changes != 1 {
			t.Errorf("the platform was not told that the store brings it: %+v", o.Tally)
		}
		veiled := w.who
		veiled.Personal = false
		if _, _, err := w.hub.RiderLink(ctx, veiled, rider.ID); !fault.Is(err, fault.Forbidden) {
			t.Errorf("a link to customers' data by somebody who may not see them: %v", err)
		}
		link, _, err := w.hub.RiderLink(ctx, w.who, rider.ID)
		w.must(err)
		secret := link[strings.LastIndex(link, "/")+1:]
		_, stops, err := w.hub.RiderRound(ctx, secret)
		w.must(err)
		if len(stops) != 1 || stops[0].Ride != key || stops[0].Address == "" || strings.Contains(stops[0].Phone, "_") {
			t.Errorf("his round is %+v", stops)
		}
		if err := w.hub.RiderSays(ctx, secret+"x", oid, key, hub.StepPicked, ""); !fault.Is(err, fault.NotFound) {
			t.Errorf("by a link of nobody: %v", err)
		}
		if _, err := w.hub.StepRide(ctx, w.who, oid, key, hub.StepDelivered, ""); !fault.Is(err, fault.Conflict) {
			t.Errorf("delivered before it left: %v", err)
		}
		w.must(w.hub.RiderSays(ctx, secret, oid, key, hub.StepProblem, "车坏了"))
		_, o, _, _ := w.row(id)
		if !o.Has(order.FlagProblem) || o.Axes.Delivery != order.DeliveryFailed {
			t.Errorf("with a problem it is %s, %v", o.Axes.Delivery, o.Flags)
		}
		_, err = w.hub.Blame(ctx, w.who, oid, key, order.PartyMerchant, "自有骑手车坏")
		w.must(err)
		next, _, err := w.hub.Ride(ctx, w.who, oid, hub.RideAsk{Courier: c})
		w.must(err)
		w.until("a courier is sought", func() bool { return w.ride(id, next).State == order.DeliverySought })
		_, err = w.hub.TipRide(ctx, w.who, oid, next, "2")
		w.must(err)
		w.until("tipped", func() bool { f := w.ride(id, next).Fare.Tip; return f != nil && f.Text() == "2.00" })
		if l := w.ride(id, key).Liable; l == nil || l.Party != order.PartyMerchant {
			t.Errorf("who answers for the first is %+v", l)
		}
		w.must(s.Move(next, dada.Cancelled, "骑手车坏"))
		w.until("he gave up", func() bool { d := w.ride(id, next); return d.State == order.DeliveryCancelled })
		if l := w.ride(id, next).Liable; l == nil || l.Party != order.PartyCourier {
			t.Errorf("who answers for the second is %+v", l)
		}
		third, _, err := w.hub.Ride(ctx, w.who, oid, hub.RideAsk{Courier: c})
		w.must(err)
		w.until("sought again", func() bool { return w.ride(id, third).State == order.DeliverySought })
		_, err = w.act(id, hub.Act{Kind: order.Cancel, ReasonCode: "2009", Reason: "商品已售完"})
		w.must(err)
		w.until("the courier is sent away", func() bool {
			for _, d := range s.Deliveries() {
				if d.ID == third && d.Cancels == 1 && d.Status == dada.Cancelled {
					return true
				}
			}
			return false
		})
	})
}

// Who has taken the goods brings them: somebody who was to come instead of him does not begin,
// before he arrives or after, and the platform hears of the one who has them.
func TestNobodyComesInsteadOfWhoHasLeft(t *testing.T) {
	each(t, func(w *shopWorld) {
		ctx := w.t.Context()
		s, c := withDada(w)
		w.run()
		id, oid := acceptedOrder(w, `{"app_poi_code":"TEA001","logistics_code":"0000"}`)
		rider, err := w.hub.PutRider(ctx, w.who, db.RiderRow{Store: w.store(), Name: "老李", Phone: "13600000001"})
		w.must(err)
		key, _, err := w.hub.Ride(ctx, w.who, oid, hub.RideAsk{Courier: c})
		w.must(err)
		w.until("ordered", func() bool { return w.ride(id, key).State == order.DeliverySought })
		w.must(s.Move(key, dada.Taken, ""))
		w.until("taken", func() bool { return w.ride(id, key).State == order.DeliveryAssigned })
		s.Faults().Next(sim.PushLost, 1, "callback")
		w.must(s.Move(key, dada.Fetched, ""))
		next, _, err := w.hub.Ride(ctx, w.who, oid, hub.RideAsk{Rider: rider.ID, Instead: key})
		w.must(err)
		w.until("the other is too late", func() bool { return w.ride(id, next).State == order.DeliveryCancelled })
		if _, o, _, _ := w.row(id); w.ride(id, key).State != order.DeliveryOnTheWay || o.Axes.Delivery != order.DeliveryOnTheWay {
			t.Errorf("the first is %s, the order %s", w.ride(id, key).State, o.Axes.Delivery)
		}
		w.until("the platform is told", func() bool { return w.toldOf(id, 20, key) })
		w.must(s.Move(key, dada.Done, ""))
		w.until("the platform is told of the end", func() bool { return w.toldOf(id, 40, key) })
		if w.ride(id, next).Rider != nil {
			t.Error("the other has it as well")
		}
	})
}

// A courier whom somebody cancels while it is not known whether he was ordered is sent away once
// that is known; and so is one of a cancelled order, though its shop is only watched by then and
// the account is off.
func TestACourierIsSentAwayAllTheSame(t *testing.T) {
	each(t, func(w *shopWorld) {
		ctx := w.t.Context()
		s, c := withDada(w)
		w.run()
		id, oid := acceptedOrder(w, `{"app_poi_code":"TEA001","logistics_code":"0000"}`)
		gone := func(key string) func() bool {
			return func() bool {
				for _, d := range s.Deliveries() {
					if d.ID == key {
						return d.Orders == 1 && d.Cancels == 1 && w.ride(id, key).State == order.DeliveryCancelled
					}
				}
				return false
			}
		}
		s.Faults().Next(sim.PushLost, 1, "callback")
		s.Faults().Next(sim.DropAfterCommit, 1, "/api/order/addAfterQuery")
		key, _, err := w.hub.Ride(ctx, w.who, oid, hub.RideAsk{Courier: c})
		w.must(err)
		w.until("the answer is lost", func() bool { return w.underWay("ride", effect.Unknown) })
		_, err = w.hub.EndRide(ctx, w.who, oid, key, "36", "")
		w.must(err)
		w.until("the first is sent away", gone(key))
		key, _, err = w.hub.Ride(ctx, w.who, oid, hub.RideAsk{Courier: c})
		w.must(err)
		w.until("the second is ordered", func() bool { return w.ride(id, key).State == order.DeliverySought })
		w.mode(hub.ModeWatch)
		list, err := w.hub.Couriers(ctx, w.who)
		w.must(err)
		list[0].Disabled = true
		_, err = w.hub.PutCourier(ctx, w.who, list[0])
		w.must(err)
		w.must(w.sim.Do(id, "cancel_in_app", nil))
		w.until("the second is sent away", gone(key))
		if _, _, err := w.hub.Ride(ctx, w.who, oid, hub.RideAsk{Courier: c}); !fault.Is(err, fault.NotFound) {
			t.Errorf("by an account that is off: %v", err)
		}
	})
}

// A courier whose clock is ahead is believed, and what is done after it counts all the same.
func TestACouriersClockMayBeAhead(t *testing.T) {
	each(t, func(w *shopWorld) {
		ctx := w.t.Context()
		s, c := withDadaAt(w, sim.NewClock(time.Now().Add(5*time.Minute), 1))
		w.run()
		id, oid := acceptedOrder(w, `{"app_poi_code":"TEA001","logistics_code":"0000"}`)
		key, _, err := w.hub.Ride(ctx, w.who, oid, hub.RideAsk{Courier: c})
		w.must(err)
		w.until("ordered", func() bool { return w.ride(id, key).State == order.DeliverySought })
		w.must(s.Move(key, dada.Taken, ""))
		w.until("taken", func() bool { return w.ride(id, key).State == order.DeliveryAssigned })
		s.Faults().Next(sim.PushLost, 1, "callback")
		_, err = w.hub.EndRide(ctx, w.who, oid, key, "2", "")
		w.must(err)
		w.until("cancelled", func() bool { return w.ride(id, key).State == order.DeliveryCancelled })
	})
}
