package meituan_test

import (
	"encoding/json"
	"reflect"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/tongdan/tongdan/channel"
	"github.com/tongdan/tongdan/channel/channeltest"
	"github.com/tongdan/tongdan/internal/platform/meituan"
	simulator "github.com/tongdan/tongdan/internal/sim/meituan"
	"github.com/tongdan/tongdan/order"
)

// anything is what can happen to an order at the simulator; what its state forbids does
// nothing.
var anything = []struct {
	act  string
	args any
}{
	{"buyer_cancel", nil}, {"accept_in_app", nil}, {"cancel_in_app", map[string]any{"reason_code": 2008}}, {"service_cancel", nil},
	{"ask_refund", nil}, {"ask_refund", map[string]any{"items": []map[string]any{{"app_food_code": "F1", "sku_id": "F1-L", "count": 1}}}},
	{"withdraw_refund", nil}, {"reject_in_app", nil}, {"agree_in_app", nil}, {"appeal", nil}, {"rule_appeal", map[string]any{"agree": true}}, {"rule_appeal", map[string]any{"agree": false}},
	{"rider_accept", map[string]any{"name": "张三"}}, {"rider_arrive", nil}, {"rider_collect", nil}, {"rider_cancel", nil}, {"redispatch", nil}, {"rider_deliver", nil},
	{"remind", nil}, {"complete", nil}, {"push_again", nil}, {"degrade", map[string]any{"modules": []int{0, 1}, "minutes": 2}},
}

// anywhere draws how the platform behaves where its documents are silent, and what the app
// has subscribed to.
func anywhere(rt *rapid.T) harness {
	few := rapid.Bool().Draw(rt, "few fields")
	cancelPush := rapid.SampledFrom([]string{"none", "before", "after"}).Draw(rt, "cancel push of a refund")
	partPush := rapid.SampledFrom([]string{"agree", "both"}).Draw(rt, "push of a partial refund")
	single := rapid.SampledFrom([]string{"single", "double"}).Draw(rt, "encoding")
	return harness{configure: func(c *simulator.Config) {
		if few {
			c.Subscribed = nil
		}
		c.CancelPush, c.PartPush = cancelPush, partPush
		c.Encoding = map[string]string{"order/cancelled": single, "refund/full": single, "refund/part": single}
	}}
}

// aLife draws an order's life, longer than most, and gives the callbacks of it.
func aLife(t *testing.T, rt *rapid.T, w *world) (order.Ref, []channel.Request) {
	ref := w.Place(t, channeltest.Wish{})
	pushes := w.Pushes(t)
	if rapid.Float64Range(0, 1).Draw(rt, "accepted") < 0.8 { // most lives are longer than five minutes
		if err := w.sim.Do(ref.ID, "accept_in_app", nil); err != nil {
			rt.Fatal(err)
		}
	}
	for range rapid.IntRange(0, 14).Draw(rt, "events") {
		e := rapid.SampledFrom(anything).Draw(rt, "event")
		_ = w.sim.Do(ref.ID, e.act, e.args) // forbidden by the state: nothing happens
		w.clock.Settle()
		w.Advance(t, time.Duration(rapid.IntRange(0, 90).Draw(rt, "seconds"))*time.Second)
		pushes = append(pushes, w.Pushes(t)...)
	}
	return ref, append(pushes, w.Pushes(t)...)
}

func taken(rt *rapid.T, app channel.App, list []channel.Request) *channeltest.Book {
	b := new(channeltest.Book)
	for _, r := range list {
		got := meituan.New().Receive(app, r)
		if got.Verdict != channel.Good || got.Item.Err != nil {
			rt.Fatalf("%s: %v %s %v", r.Path, got.Verdict, got.Why, got.Item.Err)
		}
		if err := b.Take(got.Item); err != nil {
			rt.Fatal(err)
		}
	}
	return b
}

func TestAnyOrderAndRepetitionOfALifesMessagesGivesTheSameOrder(t *testing.T) {
	g := meituan.New().Info().Grammar
	rapid.Check(t, func(rt *rapid.T) {
		w := anywhere(rt).open(rt)
		ref, pushes := aLife(t, rt, w)
		mixed := rapid.Permutation(pushes).Draw(rt, "order of arrival")
		for range rapid.IntRange(0, 4).Draw(rt, "repeats") {
			mixed = append(mixed, rapid.SampledFrom(pushes).Draw(rt, "repeat"))
		}
		a, b := taken(rt, w.app, pushes).Order(ref, g), taken(rt, w.app, mixed).Order(ref, g)
		if x, y := channeltest.Seen(a), channeltest.Seen(b); x != y {
			rt.Fatalf("mixed up it differs:\n%s", channeltest.Difference(x, y))
		}
		if x, y := order.WantsOf(&a, g), order.WantsOf(&b, g); !reflect.DeepEqual(x, y) {
			rt.Fatalf("wants in order %+v, mixed %+v", x, y)
		}
	})
}

// readableFacts is an order without what Info().PushOnly lists: reminders, why and by whom it
// was cancelled, intermediate states of delivery and of cases, and whether the money moved.
func readableFacts(o order.Order) string {
	o.Reminders, o.CancelBy, o.CancelWhy, o.Events = nil, "", "", nil
	var flags []order.Flag
	for _, f := range o.Flags {
		if f != order.FlagReminder {
			flags = append(flags, f)
		}
	}
	o.Flags = flags
	for i := range o.Delivered {
		o.Delivered[i].Updates, o.Delivered[i].Key = nil, ""
		o.Delivered[i].Liable = nil // follows from why it was cancelled
		if o.Delivered[i].State == order.DeliveryCancelled {
			o.Delivered[i].Rider = nil // whoever had it before: no read names him once another was sought
		}
	}
	if n := len(o.Delivered); n > 1 {
		o.Delivered = o.Delivered[n-1:]
	}
	moved := func(s order.State) order.State {
		if s == order.CaseRefunded {
			return order.CaseAgreed
		}
		return s
	}
	o.Axes.AfterSale = "" // of the most urgent case, where agreed and refunded differ; the cases are compared
	o.Theirs = nil        // the word of a push and that of a row differ for one state
	o.Cases = slices.Clone(o.Cases)
	for i := range o.Cases {
		o.Cases[i].State, o.Cases[i].Theirs = moved(o.Cases[i].State), ""
	}
	for i := range o.Delivered {
		o.Delivered[i].Theirs = ""
	}
	text, _ := json.MarshalIndent(o, "", " ")
	return string(text)
}

func TestAfterLossAndRepairEveryReadableFactIsEqual(t *testing.T) {
	p := meituan.New()
	g := p.Info().Grammar
	rapid.Check(t, func(rt *rapid.T) {
		w := anywhere(rt).open(rt)
		ref, pushes := aLife(t, rt, w)
		w.Advance(t, 10*time.Minute) // a degraded order is whole again
		pushes = append(pushes, w.Pushes(t)...)
		lost := slices.Clone(pushes)
		for range rapid.IntRange(1, len(pushes)).Draw(rt, "lost") {
			i := rapid.IntRange(0, len(lost)-1).Draw(rt, "which")
			lost = slices.Delete(lost, i, i+1)
		}
		shop, err := p.Open(w.Account(), w.Env())
		if err != nil {
			rt.Fatal(err)
		}
		conn := channel.NewConn(p.Info(), shop)
		repaired := func(list []channel.Request) order.Order {
			b := taken(rt, w.app, list)
			if _, err := b.Pull(t.Context(), conn, channel.Pull{Wide: true}); err != nil {
				rt.Fatal(err)
			}
			if err := b.Follow(t.Context(), conn); err != nil {
				rt.Fatal(err)
			}
			return b.Order(ref, g)
		}
		all, some := repaired(pushes), repaired(lost)
		if x, y := readableFacts(all), readableFacts(some); x != y {
			rt.Fatalf("%d of %d pushes lost, want as with all:\n%s", len(pushes)-len(lost), len(pushes), channeltest.Difference(x, y))
		}
	})
}
