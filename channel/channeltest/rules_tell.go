package channeltest

import (
	"testing"
	"time"

	"github.com/tongdan/tongdan/channel"
	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/order"
)

// Placing is a World whose platform shows who the store sends and where he is.
type Placing interface {
	// Shown gives the rider of an order as the platform has him, and his place; nil = it knows none.
	Shown(t *testing.T, ref order.Ref) (order.Rider, *order.Position)

	// FaultPlace makes the next n calls that tell a place fail.
	FaultPlace(t *testing.T, f Fault, n int)
}

var tellRules = []rule{{
	name: "every state of whoever the store sends is told, with name and number, and another may come instead",
	why:  "the customer calls whom the platform shows, and waits for who has given up",
	when: can(channel.TellRider),
	run: func(t *testing.T, h Harness) {
		d, o, w, a := telling(t, h)
		first, second := a.Courier, order.Rider{Name: "另一位", Phone: "10000000001"}
		for _, s := range []struct {
			state order.State
			rider order.Rider
		}{{order.DeliveryAssigned, first}, {order.DeliveryAtStore, first}, {order.DeliveryCancelled, first}, {order.DeliveryAssigned, second}, {order.DeliveryAtStore, second}} {
			d.w.Advance(t, time.Minute)
			a.Courier, a.Telling = s.rider, &channel.Telling{Ride: "rid_" + s.rider.Phone, State: s.state}
			d.do(a)
			d.receive(&d.book, d.w.Pushes(t))
			if got, _ := w.Shown(t, a.Order); got != s.rider {
				t.Errorf("%s: the platform shows %+v, want %+v", s.state, got, s.rider)
			}
			if o = d.learn(a.Order); o.Axes.Delivery != s.state {
				t.Errorf("told %s, read %s", s.state, o.Axes.Delivery)
			}
		}
		for _, s := range []struct {
			kind  order.ActionKind
			state order.State
		}{{order.Dispatch, order.DeliveryOnTheWay}, {order.Deliver, order.DeliveryDelivered}} {
			d.w.Advance(t, time.Minute)
			a.Kind, a.Telling = s.kind, &channel.Telling{Ride: "rid_1", State: s.state}
			d.do(a)
			if got, _ := w.Shown(t, a.Order); got != second {
				t.Errorf("%s: the platform shows %+v", s.kind, got)
			}
			if o = d.learn(a.Order); o.Axes.Delivery != s.state {
				t.Errorf("told %s, read %s", s.state, o.Axes.Delivery)
			}
		}
	},
}, {
	name: "whoever cannot be named is not told of",
	why:  "the platform's answer to nonsense is not documented anywhere",
	when: can(channel.TellRider),
	run: func(t *testing.T, h Harness) {
		d, _, _, a := telling(t, h)
		for _, r := range []order.Rider{{}, {Name: "无号码"}, {Phone: "10000000000"}, {Name: "写错", Phone: "门口找他"}} {
			a.Courier = r
			if _, err := d.conn.Do(t.Context(), a, nil); !fault.Is(err, fault.Invalid) {
				t.Errorf("%+v: %v, want invalid", r, err)
			}
		}
		if calls, _ := d.w.Count(t, a.Order, channel.TellRider); calls != 0 {
			t.Errorf("the platform saw %d calls", calls)
		}
	},
}, {
	name: "where he is is told, and the newest place holds",
	why:  "a customer looks at the map; what was true a minute ago is of no use, and nothing of it is kept here",
	when: func(i *channel.Info) bool { return i.PlaceEvery > 0 },
	run: func(t *testing.T, h Harness) {
		d, _, w, a := telling(t, h)
		left := a
		left.Kind, left.Telling = order.Dispatch, &channel.Telling{Ride: "rid_1", State: order.DeliveryOnTheWay}
		d.do(left)
		if _, p := w.Shown(t, a.Order); p != nil {
			t.Errorf("before it was told he is at %+v", p)
		}
		for i, p := range []order.Position{{Lat: 39.995621, Lng: 116.480881}, {Lat: 39.9957, Lng: 116.4809}} {
			p.At = d.w.Env().Now().UnixMilli()
			a.Telling = &channel.Telling{Ride: "rid_1", State: order.DeliveryOnTheWay, Place: &p}
			if err := d.conn.TellPlace(t.Context(), a); err != nil {
				t.Fatalf("place %d: %v", i, err)
			}
			if got, at := w.Shown(t, a.Order); at == nil || at.Lat != p.Lat || at.Lng != p.Lng || at.At/1000 != p.At/1000 || got != a.Courier {
				t.Errorf("told %+v, the platform shows %+v of %+v", p, at, got)
			}
			d.w.Advance(t, d.info.PlaceEvery)
		}
		for f, want := range map[Fault]fault.Code{Limited: fault.RateLimited, DropAfter: fault.Unknown} {
			w.FaultPlace(t, f, 1)
			if err := d.conn.TellPlace(t.Context(), a); !fault.Is(err, want) {
				t.Errorf("%s: %v, want %s", f, err, want)
			}
		}
		a.Telling.Place = nil
		if err := d.conn.TellPlace(t.Context(), a); !fault.Is(err, fault.Invalid) {
			t.Errorf("without a place: %v, want invalid", err)
		}
		if o := d.learn(a.Order); o.Axes.Delivery != order.DeliveryOnTheWay {
			t.Errorf("afterwards it is %s", o.Axes.Delivery)
		}
	},
}, {
	name: "a place is not told to a platform that does not want it",
	why:  "where somebody is goes to nobody who did not ask",
	when: func(i *channel.Info) bool { return i.PlaceEvery == 0 },
	run: func(t *testing.T, h Harness) {
		d := open(t, h)
		if err := d.conn.TellPlace(t.Context(), channel.Act{Telling: &channel.Telling{Place: &order.Position{Lat: 1, Lng: 1}}}); !fault.Is(err, fault.Unsupported) {
			t.Errorf("%v, want unsupported", err)
		}
	},
}}

// telling is a world with an order of which whoever brings it can be told.
func telling(t *testing.T, h Harness) (*desk, order.Order, Placing, channel.Act) {
	t.Helper()
	d, o, ok := prepared(t, h, channel.TellRider)
	w, placing := d.w.(Placing)
	if !ok || !placing {
		t.Fatal("the platform declares that it is told of riders: its World must be Placing")
	}
	return d, o, w, d.act(channel.TellRider, o)
}
