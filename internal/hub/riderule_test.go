package hub_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tongdan/tongdan/effect"
	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/ident"
	"github.com/tongdan/tongdan/internal/db"
	"github.com/tongdan/tongdan/internal/hub"
	"github.com/tongdan/tongdan/internal/rule"
	"github.com/tongdan/tongdan/internal/sim"
	"github.com/tongdan/tongdan/internal/sim/dada"
	"github.com/tongdan/tongdan/order"
)

// rideRule is one with everything in it.
func rideRule(ways ...rule.Way) *rule.Ride {
	return &rule.Ride{Channels: []string{}, TipAfter: 5, TipStep: "2", TipMost: "4", TipDay: "100", SwitchAfter: 15, Ways: ways, FeeMost: "8"}
}

func byCourier(c ident.Courier) rule.Way { return rule.Way{By: rule.ByCourier, Courier: c.String()} }

// later lets time pass for an order, and has it looked at: its own wake-up comes by the wall clock.
func (w *shopWorld) later(id string, d time.Duration) {
	w.t.Helper()
	w.clk.Advance(d)
	_, err := w.act(id, hub.Act{Kind: order.Annotate, Text: "还没有骑手"})
	w.must(err)
}

// sought is an order for which a rider of the crowd is sought.
func (w *shopWorld) sought() (string, ident.Order) {
	w.t.Helper()
	id, oid := acceptedOrder(w, `{"app_poi_code":"TEA001","logistics_code":"1003"}`)
	w.until("who brings it is known", func() bool { _, o, _, _ := w.row(id); return o.Head.Logistics == order.ByCrowd })
	_, err := w.act(id, hub.Act{Kind: order.CallRider, Amount: "50"})
	w.must(err)
	w.until("a rider is sought", func() bool {
		_, o, effects, _ := w.row(id)
		return o.Axes.Delivery == order.DeliverySought && !slices.ContainsFunc(effects, func(e effect.Effect) bool { return e.Kind == "call_rider" && e.State.Open() })
	})
	w.clk.Advance(2 * time.Second) // Meituan's moments are whole seconds
	return id, oid
}

func (w *shopWorld) rideDecisions(id string) (out []order.DecisionNow) {
	w.t.Helper()
	_, o, _, _ := w.row(id)
	for _, d := range o.Decisions {
		if d.Rule == rule.KindRide {
			out = append(out, d)
		}
	}
	return out
}

// deciding reports whether a rule has something to decide of an order, now or later.
func (w *shopWorld) deciding(id string) bool {
	w.t.Helper()
	_, _, effects, _ := w.row(id)
	return slices.ContainsFunc(effects, func(e effect.Effect) bool { return e.Kind == "decide" && e.State.Open() })
}

func (w *shopWorld) tipAtMeituan(id string) int64 {
	w.t.Helper()
	o, err := w.sim.Order(id)
	w.must(err)
	if o.Delivery == nil {
		return 0
	}
	return int64(o.Delivery.Tip)
}

// Nobody comes: the tip is raised up to what an order may have, each time once though answers are
// lost; then a courier is asked, and then an own rider. All of it is told with its grounds.
func TestNobodyComesAndTheRuleAsksOthers(t *testing.T) {
	each(t, func(w *shopWorld) {
		w.sameDay()
		ctx := w.t.Context()
		s, c := withDadaAt(w, w.clk)
		rider, err := w.hub.PutRider(ctx, w.who, db.RiderRow{Store: w.store(), Name: "老李", Phone: "13600000001"})
		w.must(err)
		w.rule(hub.Rule{Kind: rule.KindRide, Ride: rideRule(byCourier(c), rule.Way{By: rule.ByOwn})})
		w.run()
		id, oid := w.sought()
		w.sim.Faults().Next("drop_after_commit", 1, "zhongbao/update/tip")
		w.later(id, 5*time.Minute)
		w.until("the first tip is there, and its answer has been looked for", func() bool {
			return w.tipAtMeituan(id) == 200 && len(w.rideDecisions(id)) == 1 && !w.underWay("tip", effect.Waiting, effect.Sending, effect.Unknown)
		})
		w.later(id, 5*time.Minute)
		w.until("the second tip", func() bool {
			return w.tipAtMeituan(id) == 400 && !w.underWay("tip", effect.Waiting, effect.Sending, effect.Unknown)
		})
		if n := w.changes(id, "order/zhongbao/update/tip"); n != 2 {
			t.Errorf("the tip was changed %d times", n)
		}
		w.later(id, 5*time.Minute)
		w.until("a courier is sought", func() bool {
			_, o, _, _ := w.row(id)
			d, ok := o.Riding()
			return ok && d.State == order.DeliverySought
		})
		if n := w.changes(id, "order/logistics/change/poi_self"); n != 1 {
			t.Errorf("the platform was told %d times that the store brings it", n)
		}
		w.later(id, 15*time.Minute)
		w.until("the own rider has it", func() bool {
			_, o, _, _ := w.row(id)
			d, ok := o.Riding()
			return ok && d.State == order.DeliveryAssigned && d.Ride.Rider == rider.ID.String()
		})
		for _, d := range s.Deliveries() {
			if d.Orders > 1 || d.Orders == 1 && d.Cancels != 1 {
				t.Errorf("the courier was ordered %d times and cancelled %d times", d.Orders, d.Cancels)
			}
		}
		var yes []string
		for _, d := range w.rideDecisions(id) {
			if !d.Yes || len(d.Grounds) < 2 || !d.Grounds[0].Met {
				t.Errorf("%s is %+v", d.Key, d)
			}
			yes = append(yes, d.Way)
		}
		if slices.Sort(yes); !slices.Equal(yes, []string{"", "", "courier " + c.String(), "own"}) {
			t.Errorf("the steps are %q", yes)
		}
		detail, err := w.hub.Detail(ctx, w.who, oid)
		w.must(err)
		if first := detail.Deliveries[0]; first.Tip == nil || first.Tip.Text() != "4.00" || len(first.Steps) != 3 || first.Steps[2].Way != rule.ByCourier || first.Steps[2].Name != "达达" {
			t.Errorf("the first delivery tells %+v", first)
		}
		if r := w.ruleOf(rule.KindRide); r.TodayYes != 4 || len(r.TodaySum) != 1 || r.TodaySum[0].Text() != "4.00" || r.Paused {
			t.Errorf("the day of the rule: %+v", r)
		}
	})
}

func (w *shopWorld) ruleOf(kind string) (r hub.Rule) {
	for _, x := range w.rules() {
		if x.Kind == kind && x.StoreID == w.store() {
			r = x
		}
	}
	return r
}

// failing is an order that a rider of the store's own cannot bring, before it has left.
func (w *shopWorld) failing() (string, ident.Order) {
	w.t.Helper()
	ctx := w.t.Context()
	rider, err := w.hub.PutRider(ctx, w.who, db.RiderRow{Store: w.store(), Name: "老王", Phone: "13600000002"})
	w.must(err)
	id, oid := acceptedOrder(w, `{"app_poi_code":"TEA001","logistics_code":"0000"}`)
	key, _, err := w.hub.Ride(ctx, w.who, oid, hub.RideAsk{Rider: rider.ID})
	w.must(err)
	w.until("he has it", func() bool { return w.ride(id, key).State == order.DeliveryAssigned })
	_, err = w.hub.StepRide(ctx, w.who, oid, key, hub.StepProblem, "车坏了")
	w.must(err)
	return id, oid
}

// A courier who has become dearer since he was asked is asked anew: within what a ride may cost he
// comes at his new fee, beyond it somebody else does.
func TestAFeeThatRoseIsAskedAnew(t *testing.T) {
	each(t, func(w *shopWorld) {
		s, c := withDadaAt(w, w.clk)
		other, err := w.hub.PutRider(w.t.Context(), w.who, db.RiderRow{Store: w.store(), Name: "老李", Phone: "13600000001"})
		w.must(err)
		w.rule(hub.Rule{Kind: rule.KindRide, Ride: rideRule(byCourier(c), rule.Way{By: rule.ByOwn, Rider: other.ID.String()})})
		w.run()
		s.Faults().Next(sim.Err5xx, 1, "/api/order/addAfterQuery") // asked at 7.80, and not ordered
		id, _ := w.failing()
		w.until("the courier is chosen", func() bool { return len(w.rideDecisions(id)) == 1 })
		s.Dearer(15)
		w.until("he comes for 7.95", func() bool {
			_, o, _, _ := w.row(id)
			d, ok := o.Riding()
			return ok && d.State == order.DeliverySought && d.Fare.Fee != nil && d.Fare.Fee.Text() == "7.95"
		})
		s.Dearer(0)
		s.Faults().Next(sim.Err5xx, 1, "/api/order/addAfterQuery")
		id, _ = w.failing()
		w.until("the courier is chosen", func() bool { return len(w.rideDecisions(id)) >= 1 })
		s.Dearer(500)
		w.until("the own rider comes instead", func() bool {
			_, o, _, _ := w.row(id)
			d, ok := o.Riding()
			return ok && d.State == order.DeliveryAssigned && d.Ride.Rider == other.ID.String()
		})
		for _, d := range s.Deliveries() {
			if d.Fee > 800 && d.Orders > 0 {
				t.Errorf("%d fen were paid", d.Fee)
			}
		}
	})
}

// What a person has a hand in is left to him; what was cancelled in the platform's own app is
// somebody's matter for a minute.
func TestWhatAPersonTouchedIsLeftToHim(t *testing.T) {
	each(t, func(w *shopWorld) {
		ctx := w.t.Context()
		_, c := withDadaAt(w, w.clk)
		rider, err := w.hub.PutRider(ctx, w.who, db.RiderRow{Store: w.store(), Name: "老李", Phone: "13600000001"})
		w.must(err)
		w.rule(hub.Rule{Kind: rule.KindRide, Ride: rideRule(byCourier(c), rule.Way{By: rule.ByOwn})})
		w.run()

		tipped, _ := w.sought()
		_, err = w.act(tipped, hub.Act{Kind: order.Tip, Amount: "1"})
		w.must(err)
		cancelled, _ := w.sought()
		_, err = w.act(cancelled, hub.Act{Kind: order.RecallRider, Reason: "不用了"})
		w.must(err)
		inApp, _ := w.sought()
		w.until("what the persons did is done", func() bool {
			_, o, _, _ := w.row(cancelled)
			return w.tipAtMeituan(tipped) == 100 && o.Axes.Delivery == order.DeliveryCancelled && !w.underWay("tip", effect.Waiting, effect.Sending, effect.Unknown)
		})
		w.must(w.sim.Do(inApp, "rider_cancel", nil))
		w.until("it is cancelled there", func() bool { _, o, _, _ := w.row(inApp); return o.Axes.Delivery == order.DeliveryCancelled })

		id, oid := acceptedOrder(w, `{"app_poi_code":"TEA001","logistics_code":"0000"}`)
		key, _, err := w.hub.Ride(ctx, w.who, oid, hub.RideAsk{Courier: c})
		w.must(err)
		w.until("ordered", func() bool { return w.ride(id, key).State == order.DeliverySought })
		_, err = w.hub.EndRide(ctx, w.who, oid, key, "36", "")
		w.must(err)
		w.until("gone", func() bool { return w.ride(id, key).State == order.DeliveryCancelled })
		own, ooid := acceptedOrder(w, `{"app_poi_code":"TEA001","logistics_code":"0000"}`)
		key, _, err = w.hub.Ride(ctx, w.who, ooid, hub.RideAsk{Rider: rider.ID})
		w.must(err)
		w.until("he has it", func() bool { return w.ride(own, key).State == order.DeliveryAssigned })
		_, err = w.hub.EndRide(ctx, w.who, ooid, key, "", "")
		w.must(err)

		w.clk.Advance(61 * time.Second)
		for _, ref := range []string{tipped, cancelled, id, own, inApp} {
			w.later(ref, 0)
		}
		w.until("somebody else is sent for", func() bool { return len(w.rideDecisions(inApp)) == 1 })
		if d := w.rideDecisions(inApp); d[0].Grounds[0].Why.Code != "rule_ride_over" || d[0].Way != "courier "+c.String() {
			t.Errorf("what was cancelled in the app: %+v", d)
		}
		w.clk.Advance(30 * time.Minute)
		for _, ref := range []string{tipped, cancelled, id, own} {
			w.later(ref, 0)
		}
		for _, ref := range []string{tipped, cancelled, id, own} {
			w.until("nothing is to be decided", func() bool { return !w.deciding(ref) })
			if d := w.rideDecisions(ref); len(d) != 0 {
				t.Errorf("%s: the rule decided %+v", ref, d)
			}
		}
	})
}

// For a minute after a cancel in the platform's own app nothing is done.
func TestACancelElsewhereIsGivenAMinute(t *testing.T) {
	each(t, func(w *shopWorld) {
		_, c := withDadaAt(w, w.clk)
		w.rule(hub.Rule{Kind: rule.KindRide, Ride: rideRule(byCourier(c))})
		w.run()
		id, _ := w.sought()
		w.must(w.sim.Do(id, "rider_cancel", nil))
		w.until("it is cancelled there", func() bool { _, o, _, _ := w.row(id); return o.Axes.Delivery == order.DeliveryCancelled })
		w.later(id, 30*time.Second)
		w.until("it is looked at again later", func() bool {
			_, _, effects, _ := w.row(id)
			return slices.ContainsFunc(effects, func(e effect.Effect) bool {
				return e.Kind == "decide" && e.Case == rule.KindRide && e.State == effect.Waiting
			})
		})
		if d := w.rideDecisions(id); len(d) != 0 {
			t.Errorf("after half a minute: %+v", d)
		}
		_, err := w.act(id, hub.Act{Kind: order.CallRider, Amount: "50"}) // a person sends for another one
		w.must(err)
		w.until("another is sought", func() bool { _, o, _, _ := w.row(id); return o.Axes.Delivery == order.DeliverySought })
		w.later(id, 31*time.Second)
		if d := w.rideDecisions(id); len(d) != 0 {
			t.Errorf("beside a rider who is sought: %+v", d)
		}
	})
}

// The tips of a day are counted exactly, whichever of two nodes decides, and that they are used up
// is said.
func TestTheDaysTipsHoldOnTwoNodes(t *testing.T) {
	each(t, func(w *shopWorld) {
		w.sameDay()
		r := rideRule()
		r.TipDay = "5"
		w.rule(hub.Rule{Kind: rule.KindRide, Ride: r})
		w.run()
		another := w.node()
		var refs []string
		for range 4 {
			id, _ := w.sought()
			refs = append(refs, id)
		}
		w.clk.Advance(5 * time.Minute)
		for _, id := range refs {
			w.later(id, 0)
		}
		yes := 0
		w.until("all are decided", func() bool {
			decided := 0
			yes = 0
			for _, id := range refs {
				for _, d := range w.rideDecisions(id) {
					if decided++; d.Yes {
						yes++
					}
				}
			}
			return decided == len(refs)
		})
		w.until("what was raised is sent", func() bool { return !w.underWay("tip", effect.Waiting, effect.Sending, effect.Unknown) })
		sum := int64(0)
		for _, id := range refs {
			sum += w.tipAtMeituan(id)
		}
		if yes != 2 || sum != 400 {
			t.Errorf("%d were raised, %d fen in all, of 5.00 a day", yes, sum)
		}
		m := w.ruleMessages()
		if len(m) != 1 || m[0].Subject != rule.KindRide || m[0].Cause != "rule_day_sum" || m[0].Words != "4.00/5" || !w.ruleOf(rule.KindRide).Paused {
			t.Errorf("the messages are %+v", m)
		}
		another()
	})
}

// Where nobody is left a person is told, until somebody does something; what has left the store is
// never sent for again.
func TestNobodyIsLeft(t *testing.T) {
	each(t, func(w *shopWorld) {
		ctx := w.t.Context()
		s, c := withDadaAt(w, w.clk)
		s.Dearer(900)
		w.rule(hub.Rule{Kind: rule.KindRide, Ride: rideRule(byCourier(c))})
		w.run()
		id, oid := w.failing()
		problem := func() (out []hub.Concern) {
			list, _, err := w.hub.Concerns(ctx, w.who)
			w.must(err)
			for _, x := range list {
				if x.Kind == hub.ConcernProblem && x.Order.ID == oid {
					out = append(out, x)
				}
			}
			return out
		}
		w.until("a person is told", func() bool { m := problem(); return len(m) == 1 && m[0].Cause == rule.WhyNoWay.Code })
		d := w.rideDecisions(id)
		if len(d) != 1 || d[0].Yes || !slices.ContainsFunc(d[0].Grounds, func(g order.Ground) bool {
			return !g.Met && g.Why.Code == "rule_amount" && g.Why.Said == "达达" && strings.Contains(g.Why.Text, "16.80")
		}) {
			t.Errorf("it was decided %+v", d)
		}
		rider, err := w.hub.PutRider(ctx, w.who, db.RiderRow{Store: w.store(), Name: "老李", Phone: "13600000001"})
		w.must(err)
		key, _, err := w.hub.Ride(ctx, w.who, oid, hub.RideAsk{Rider: rider.ID})
		w.must(err)
		w.until("somebody has it", func() bool { return w.ride(id, key).State == order.DeliveryAssigned })
		if m := problem(); len(m) != 0 {
			t.Errorf("it is still said: %+v", m)
		}
		for _, step := range []string{hub.StepPicked, hub.StepProblem} {
			_, err = w.hub.StepRide(ctx, w.who, oid, key, step, "")
			w.must(err)
		}
		s.Dearer(0)
		w.later(id, 2*time.Minute)
		w.until("nothing is to be decided", func() bool { return !w.deciding(id) })
		if d := w.rideDecisions(id); len(d) != 1 {
			t.Errorf("what had left was sent for again: %+v", d)
		}
	})
}

// The rule wants another one while a courier's rider takes it: he is not sent away, and nobody
// comes beside him.
func TestWhoTakesItMeanwhileBringsIt(t *testing.T) {
	each(t, func(w *shopWorld) {
		ctx := w.t.Context()
		s, c := withDadaAt(w, w.clk)
		_, err := w.hub.PutRider(ctx, w.who, db.RiderRow{Store: w.store(), Name: "老李", Phone: "13600000001"})
		w.must(err)
		r := rideRule(rule.Way{By: rule.ByOwn})
		r.TipAfter = 0
		w.rule(hub.Rule{Kind: rule.KindRide, Ride: r})
		w.run()
		id, oid := acceptedOrder(w, `{"app_poi_code":"TEA001","logistics_code":"0000"}`)
		key, _, err := w.hub.Ride(ctx, w.who, oid, hub.RideAsk{Courier: c})
		w.must(err)
		w.until("ordered", func() bool { return w.ride(id, key).State == order.DeliverySought })
		s.Faults().Next(sim.PushLost, 1, "callback")
		w.must(s.Move(key, dada.Taken, ""))
		w.later(id, 15*time.Minute)
		w.until("it is seen that he has taken it", func() bool { return w.ride(id, key).State == order.DeliveryAssigned })
		w.must(s.Move(key, dada.Fetched, ""))
		w.until("the other does not begin", func() bool {
			_, o, _, _ := w.row(id)
			return len(o.Rides()) == 2 && o.Rides()[1].State == order.DeliveryCancelled && o.Rides()[1].Rider == nil
		})
		for _, d := range s.Deliveries() {
			if d.Cancels != 0 {
				t.Error("he was sent away")
			}
		}
	})
}

// A rule with nonsense is not kept; what it would have done is told before.
func TestARideRuleIsChecked(t *testing.T) {
	each(t, func(w *shopWorld) {
		bad := rule.Ride{TipAfter: 200, TipStep: "-1", Ways: []rule.Way{{By: rule.ByCourier}, {By: rule.ByOwn}, {By: rule.ByOwn}}}
		err := w.hub.PutRule(t.Context(), w.who, hub.Rule{StoreID: w.store(), Kind: rule.KindRide, On: true, Ride: &bad})
		if f := fault.FieldsOf(err); !fault.Is(err, fault.Invalid) || len(f) != 7 {
			t.Errorf("%v: %+v", err, f)
		}
		w.run()
		id, _ := w.sought()
		w.clk.Advance(12 * time.Minute)
		w.must(w.sim.Do(id, "rider_accept", map[string]any{"name": "张三", "mobile": "13800000000"}))
		w.until("taken", func() bool { _, o, _, _ := w.row(id); return o.Axes.Delivery == order.DeliveryAssigned })
		got, err := w.hub.TryRule(t.Context(), w.who, hub.Rule{StoreID: w.store(), Kind: rule.KindRide, Ride: rideRule()})
		w.must(err)
		if got.Asked != 1 || got.Yes != 1 || len(got.Sum) != 1 || got.Sum[0].Text() != "4.00" {
			t.Errorf("it would have done %+v", got)
		}
	})
}

// Who answers for a delivery that went wrong is kept with its order: nobody knows at first, a person
// says it, and what came late is told too. Whoever sees another store sees none of it.
func TestWhoAnswersForADelivery(t *testing.T) {
	each(t, func(w *shopWorld) {
		ctx := w.t.Context()
		w.run()
		id, oid := w.failing()
		wrong := func(who hub.Actor, oid ident.Order) []hub.Wrong {
			got, err := w.hub.Wrongs(ctx, who, []ident.Order{oid})
			w.must(err)
			return got[oid]
		}
		if got := wrong(w.who, oid); len(got) != 1 || got[0].What != order.WrongFailed || got[0].Party != order.PartyUnknown || got[0].By {
			t.Errorf("before anybody said it: %+v", got)
		}
		_, o, _, _ := w.row(id)
		_, err := w.hub.Blame(ctx, w.who, oid, o.Rides()[0].Key, order.PartyMerchant, "车没修")
		w.must(err)
		if got := wrong(w.who, oid); len(got) != 1 || got[0].Party != order.PartyMerchant || got[0].Why != "车没修" || !got[0].By {
			t.Errorf("after: %+v", got)
		}
		elsewhere := w.who
		elsewhere.Stores = []ident.Store{1}
		if got := wrong(elsewhere, oid); got != nil {
			t.Errorf("another store sees %+v", got)
		}
		late, loid := acceptedOrder(w, `{"app_poi_code":"TEA001","logistics_code":"0000"}`)
		rider, err := w.hub.PutRider(ctx, w.who, db.RiderRow{Store: w.store(), Name: "老李", Phone: "13600000001"})
		w.must(err)
		key, _, err := w.hub.Ride(ctx, w.who, loid, hub.RideAsk{Rider: rider.ID})
		w.must(err)
		w.until("he has it", func() bool { return w.ride(late, key).State == order.DeliveryAssigned })
		_, err = w.hub.StepRide(ctx, w.who, loid, key, hub.StepPicked, "")
		w.must(err)
		w.clk.Advance(3 * time.Hour)
		_, err = w.hub.StepRide(ctx, w.who, loid, key, hub.StepDelivered, "")
		w.must(err)
		if got := wrong(w.who, loid); len(got) != 1 || got[0].What != order.WrongLate {
			t.Errorf("what came late: %+v", got)
		}
	})
}
