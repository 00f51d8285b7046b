package meituan_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/tongdan/tongdan/channel"
	"github.com/tongdan/tongdan/channel/channeltest"
	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/internal/platform/meituan"
	"github.com/tongdan/tongdan/money"
	"github.com/tongdan/tongdan/order"
)

// both runs a test on each of Meituan's platforms.
func both(t *testing.T, f func(t *testing.T, p channel.Platform, w channeltest.World, sim *world)) {
	t.Run("direct", func(t *testing.T) {
		w := harness{}.open(t)
		f(t, meituan.New(), w, w)
	})
	t.Run("partner", func(t *testing.T) {
		w := partnerHarness{}.open(t)
		f(t, meituan.NewPartner(), w, &w.world)
	})
}

func opened(t *testing.T, p channel.Platform, w channeltest.World) *channel.Conn {
	t.Helper()
	s, err := p.Open(w.Account(), w.Env())
	if err != nil {
		t.Fatal(err)
	}
	return channel.NewConn(p.Info(), s)
}

// The fee of a crowd rider is asked for, agreed to, and may have risen when the call is made: then nobody is
// sent for. One that fell is taken.
func TestACrowdRiderComesAtTheFeeThatWasAgreedToOrLess(t *testing.T) {
	both(t, func(t *testing.T, p channel.Platform, w channeltest.World, sim *world) {
		conn := opened(t, p, w)
		ref := w.Place(t, channeltest.Wish{Logistics: order.ByCrowd})
		a := channel.Act{Kind: order.Accept, Order: ref, ShopID: "TEA001", Logistics: order.ByCrowd}
		if _, err := conn.Do(t.Context(), a, nil); err != nil {
			t.Fatal(err)
		}
		a.Kind = order.CallRider
		if _, err := conn.Do(t.Context(), a, nil); !fault.Is(err, fault.Invalid) {
			t.Errorf("no fee agreed to: %v, want invalid", err)
		}
		q, err := conn.Quote(t.Context(), a)
		if err != nil || q.Fee.Minor() < 500 {
			t.Fatalf("quote %v %v", q, err)
		}
		rose := false
		for range 50 { // the fee moves every ten minutes
			less := money.Of(q.Fee.Minor()-1, q.Fee.Currency())
			a.Amount = &less
			if _, err := conn.Do(t.Context(), a, nil); !fault.Is(err, fault.Conflict) || fault.ReasonOf(err).Code != "rider_fee_rose" {
				t.Fatalf("the fee is %s and %s was agreed to: %v, want a conflict", q.Fee, less, err)
			}
			was := q.Fee
			w.Advance(t, 10*time.Minute)
			if q, err = conn.Quote(t.Context(), a); err != nil {
				t.Fatal(err)
			}
			if q.Fee.Minor() < was.Minor() {
				a.Amount, rose = &was, true
				break
			}
		}
		if !rose {
			t.Fatal("the fee never fell: the test saw nothing")
		}
		if _, err := conn.Do(t.Context(), a, nil); err != nil {
			t.Fatalf("less than agreed to: %v", err)
		}
		o, err := sim.sim.Order(ref.ID)
		if err != nil || o.Delivery == nil || int64(o.Delivery.Fee) != q.Fee.Minor() {
			t.Errorf("sent for at %+v, want %s", o.Delivery, q.Fee)
		}
		tip := money.Of(300, q.Fee.Currency())
		if _, err := conn.Do(t.Context(), channel.Act{Kind: order.Tip, Order: ref, Amount: &tip}, nil); err != nil {
			t.Fatal(err)
		}
		if o, _ = sim.sim.Order(ref.ID); int64(o.Delivery.Tip) != 300 {
			t.Errorf("the tip is %s", o.Delivery.Tip)
		}
		most := money.Of(100_001, q.Fee.Currency())
		if _, err := conn.Do(t.Context(), channel.Act{Kind: order.Tip, Order: ref, Amount: &most}, nil); !fault.Is(err, fault.Invalid) {
			t.Errorf("a tip of a slip of the hand: %v, want invalid", err)
		}
	})
}

// While privacy numbers do not work, the customers' own numbers are given out after one message.
func TestWhilePrivacyNumbersAreDownTheOwnOnesAreRead(t *testing.T) {
	both(t, func(t *testing.T, p channel.Platform, w channeltest.World, sim *world) {
		conn := opened(t, p, w)
		id, err := sim.sim.Place(json.RawMessage(`{"app_poi_code":"TEA001","recipient_phone":"18500000000_3473","real_phone_number":"13912345678"}`))
		if err != nil {
			t.Fatal(err)
		}
		ref := order.Ref{Realm: meituan.Realm, Kind: order.KindOrder, ID: id}
		for _, act := range []string{"accept_in_app", "redispatch", "rider_accept"} {
			if err := sim.sim.Do(id, act, map[string]any{"name": "李四", "mobile": "13100000000_5678"}); err != nil && act != "redispatch" {
				t.Fatalf("%s: %v", act, err)
			}
		}
		if err := sim.sim.Downgrade(); err != nil {
			t.Fatal(err)
		}
		var b channeltest.Book
		for _, r := range w.Pushes(t) {
			got := p.Receive(w.Account().App, r)
			if got.Verdict != channel.Good {
				t.Fatalf("%s: %s", r.Path, got.Why)
			}
			if err := b.Take(got.Item); err != nil {
				t.Fatal(err)
			}
		}
		if err := b.Follow(t.Context(), conn); err != nil {
			t.Fatal(err)
		}
		if o := b.Order(ref, p.Info().Grammar); o.Customer == nil || o.Customer.Phone != "13912345678" || o.Customer.PhoneKind != "real" || o.Customer.Address == "" {
			t.Errorf("customer %+v", o.Customer)
		} else if len(o.Delivered) != 1 || o.Delivered[0].Rider == nil || *o.Delivered[0].Rider != (order.Rider{Name: "李四", Phone: "13100000000"}) {
			t.Errorf("rider %+v", o.Delivered)
		}
	})
}

// Meituan sends for its own riders at confirmation; anew only where that came to nothing, and until one has the
// meal he can be sent away.
func TestMeituansOwnRiderIsSentForAnewAndSentAway(t *testing.T) {
	both(t, func(t *testing.T, p channel.Platform, w channeltest.World, sim *world) {
		conn := opened(t, p, w)
		ref := w.Place(t, channeltest.Wish{})
		a := channel.Act{Kind: order.Accept, Order: ref, ShopID: "TEA001", Logistics: order.ByPlatform}
		do := func(k order.ActionKind, want int) {
			t.Helper()
			a.Kind = k
			if _, err := conn.Do(t.Context(), a, nil); err != nil {
				t.Fatalf("%s: %v", k, err)
			}
			if o, err := sim.sim.Order(ref.ID); err != nil || o.Delivery == nil || o.Delivery.Status != want {
				t.Fatalf("after %s: %+v %v", k, o.Delivery, err)
			}
		}
		do(order.Accept, 0)
		a.Kind = order.CallRider
		if _, err := conn.Do(t.Context(), a, nil); !fault.Is(err, fault.Conflict) {
			t.Errorf("a second rider: %v, want a conflict", err)
		}
		do(order.RecallRider, 100)
		w.Advance(t, time.Second)
		do(order.CallRider, 0)
	})
}
