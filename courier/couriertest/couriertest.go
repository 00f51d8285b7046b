// Package couriertest is the contract of package courier as tests: what every courier must do,
// against a simulator that shares no code with its connector.
package couriertest

import (
	"context"
	"testing"
	"time"

	"github.com/tongdan/tongdan/channel"
	"github.com/tongdan/tongdan/courier"
	"github.com/tongdan/tongdan/effect"
	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/money"
	"github.com/tongdan/tongdan/order"
)

// A Harness is a simulated courier and what can be done to it.
type Harness struct {
	Make   courier.Make
	Config courier.Config
	Job    courier.Job // that the courier takes

	Ordered func(id string) (orders, cancels int) // how often, as the courier has it
	Move    func(t *testing.T, id string, to order.State)
	Dearer  func()                    // fees are higher from now on
	Before  func()                    // the connection of the next call that orders is dropped before anything is done
	After   func()                    // the next call that orders is done and its answer lost
	Told    func() []courier.Received // callbacks so far, as Receive reads them
	Forge   func() channel.Request    // a callback of a stranger: everything he can know is right
}

// Run checks a courier. start makes a new one.
func Run(t *testing.T, start func(t *testing.T) Harness) {
	for _, x := range []struct {
		name string
		f    func(*testing.T, Harness, courier.Courier)
	}{{"brings it", brings}, {"the fee changed", dearer}, {"answer lost", lost}, {"dropped before", dropped}, {"lease ended", late},
		{"cancelled", cancelled}, {"not twice", twice}, {"wrong key", wrongKey}, {"forged", forged}, {"tips", tips}} {
		t.Run(x.name, func(t *testing.T) {
			h := start(t)
			x.f(t, h, open(t, h, h.Config))
		})
	}
}

func open(t *testing.T, h Harness, c courier.Config) courier.Courier {
	t.Helper()
	reads, calls := channel.NewClients(channel.Loopback...)
	a, err := h.Make.Open(c, courier.Env{Reads: reads, Calls: calls, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func ctx(t *testing.T) context.Context {
	c, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	t.Cleanup(cancel)
	return c
}

func must[T any](v T, err error) func(*testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func brings(t *testing.T, h Harness, a courier.Courier) {
	q := must(a.Quote(ctx(t), h.Job))(t)
	if q.Fee.Minor() <= 0 || q.Distance <= 0 {
		t.Errorf("the quote is %+v", q)
	}
	if _, err := a.Look(ctx(t), h.Job.ID); !fault.Is(err, fault.NotFound) {
		t.Errorf("what was only asked for is looked for: %v", err)
	}
	h.Job.Most = &q.Fee
	s := must(a.Order(ctx(t), h.Job))(t)
	if s.Said != order.DeliverySought || s.Fare.Fee == nil || *s.Fare.Fee != q.Fee {
		t.Errorf("ordered, it is %+v", s)
	}
	for _, to := range []order.State{order.DeliveryAssigned, order.DeliveryAtStore, order.DeliveryOnTheWay, order.DeliveryDelivered} {
		h.Move(t, h.Job.ID, to)
		s := must(a.Look(ctx(t), h.Job.ID))(t)
		if s.Said != to || s.Rider == nil || s.Rider.Phone == "" {
			t.Errorf("moved to %s, it is %+v", to, s)
		}
		if to == order.DeliveryOnTheWay && (s.Place == nil || s.At == 0) {
			t.Errorf("nobody says where the rider is, or since when: %+v", s)
		}
	}
	seen := map[order.State]bool{}
	for _, r := range h.Told() {
		if r.Verdict != channel.Good || r.Err != nil || r.State.ID != h.Job.ID || r.State.At == 0 {
			t.Errorf("a callback is read as %+v", r)
		}
		seen[r.State.Said] = true
	}
	if len(seen) < 5 {
		t.Errorf("the callbacks told of %v", seen)
	}
}

func dearer(t *testing.T, h Harness, a courier.Courier) {
	q := must(a.Quote(ctx(t), h.Job))(t)
	h.Dearer()
	h.Job.Most = &q.Fee
	_, err := a.Order(ctx(t), h.Job)
	if why := fault.ReasonOf(err); !fault.Is(err, fault.Conflict) || why.Code != "fee_changed" {
		t.Errorf("a dearer delivery: %v", err)
	}
	if n, _ := h.Ordered(h.Job.ID); n != 0 {
		t.Errorf("it was ordered %d times all the same", n)
	}
}

func lost(t *testing.T, h Harness, a courier.Courier) {
	h.After()
	if _, err := a.Order(ctx(t), h.Job); effect.OutcomeOf(err) != effect.Lost {
		t.Fatalf("a lost answer is %v", err)
	}
	if s := must(a.Look(ctx(t), h.Job.ID))(t); s.Said != order.DeliverySought {
		t.Errorf("looked for, it is %+v", s)
	}
}

func dropped(t *testing.T, h Harness, a courier.Courier) {
	h.Before()
	if _, err := a.Order(ctx(t), h.Job); effect.OutcomeOf(err) != effect.Lost {
		t.Fatalf("a dropped call is %v", err)
	}
	if _, err := a.Look(ctx(t), h.Job.ID); !fault.Is(err, fault.NotFound) {
		t.Fatalf("looked for, it is %v", err)
	}
	must(a.Order(ctx(t), h.Job))(t)
	if n, _ := h.Ordered(h.Job.ID); n != 1 {
		t.Errorf("it was ordered %d times", n)
	}
}

func late(t *testing.T, h Harness, a courier.Courier) {
	c := channel.WithNotAfter(ctx(t), time.Now().Add(-time.Second))
	if _, err := a.Order(c, h.Job); effect.OutcomeOf(err) != effect.Later {
		t.Errorf("a call after its lease is %v", err)
	}
	if n, _ := h.Ordered(h.Job.ID); n != 0 {
		t.Errorf("it was ordered %d times", n)
	}
}

func cancelled(t *testing.T, h Harness, a courier.Courier) {
	must(a.Order(ctx(t), h.Job))(t)
	s := must(a.Cancel(ctx(t), h.Job.ID, h.Make.Info().Reasons[0].Code, ""))(t)
	if s.Said != order.DeliveryCancelled || s.Why == "" {
		t.Errorf("cancelled, it is %+v", s)
	}
	if _, err := a.Cancel(ctx(t), h.Job.ID, "", ""); effect.OutcomeOf(err) != effect.Clash {
		t.Errorf("cancelled again, it says %v", err)
	}
	if s := must(a.Look(ctx(t), h.Job.ID))(t); s.Said != order.DeliveryCancelled {
		t.Errorf("looked for, it is %+v", s)
	}
	if _, n := h.Ordered(h.Job.ID); n != 1 {
		t.Errorf("it was cancelled %d times", n)
	}
	h.Job.ID += "_2"
	must(a.Order(ctx(t), h.Job))(t)
	h.Move(t, h.Job.ID, order.DeliveryOnTheWay)
	if _, err := a.Cancel(ctx(t), h.Job.ID, "", ""); effect.OutcomeOf(err) != effect.Clash {
		t.Errorf("on the way it is cancelled: %v", err)
	}
}

func twice(t *testing.T, h Harness, a courier.Courier) {
	must(a.Order(ctx(t), h.Job))(t)
	if _, err := a.Order(ctx(t), h.Job); effect.OutcomeOf(err) != effect.Clash {
		t.Errorf("ordered again, it says %v", err)
	}
	if n, _ := h.Ordered(h.Job.ID); n != 1 {
		t.Errorf("it was ordered %d times", n)
	}
}

func wrongKey(t *testing.T, h Harness, _ courier.Courier) {
	for _, f := range h.Make.Info().Fields {
		if !f.Secret {
			continue
		}
		c := h.Config
		c.Credentials = map[string]channel.Secret{}
		for k, v := range h.Config.Credentials {
			c.Credentials[k] = v
		}
		c.Credentials[f.Name] = channel.NewSecret("wrong")
		if _, err := open(t, h, c).Quote(ctx(t), h.Job); effect.OutcomeOf(err) != effect.No {
			t.Errorf("with a wrong %s it says %v", f.Name, err)
		}
		delete(c.Credentials, f.Name)
		if _, err := h.Make.Open(c, courier.Env{}); !fault.Is(err, fault.Invalid) {
			t.Errorf("without %s it opens: %v", f.Name, err)
		}
	}
}

func forged(t *testing.T, h Harness, _ courier.Courier) {
	if r := h.Make.Receive(h.Config, h.Forge()); r.Verdict != channel.Refused {
		t.Errorf("a stranger's callback is %+v", r)
	}
}

func tips(t *testing.T, h Harness, a courier.Courier) {
	if !h.Make.Info().Tips {
		t.Skip("it takes none")
	}
	must(a.Order(ctx(t), h.Job))(t)
	if err := a.Tip(ctx(t), h.Job.ID, money.Of(200, "CNY")); err != nil {
		t.Fatal(err)
	}
	if s := must(a.Look(ctx(t), h.Job.ID))(t); s.Fare.Tip == nil || s.Fare.Tip.Minor() != 200 {
		t.Errorf("tipped, it is %+v", s.Fare)
	}
	h.Move(t, h.Job.ID, order.DeliveryAssigned)
	if err := a.Tip(ctx(t), h.Job.ID, money.Of(300, "CNY")); effect.OutcomeOf(err) != effect.Clash {
		t.Errorf("taken, it is tipped: %v", err)
	}
}
