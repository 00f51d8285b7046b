package hub_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tongdan/tongdan/channel"
	"github.com/tongdan/tongdan/effect"
	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/internal/db"
	"github.com/tongdan/tongdan/internal/hub"
	"github.com/tongdan/tongdan/internal/platform"
	"github.com/tongdan/tongdan/internal/rule"
	"github.com/tongdan/tongdan/order"
	"github.com/tongdan/tongdan/role"
)

// screen pairs a kitchen screen with the store, and has it seen now.
func (w *shopWorld) screen() db.DeviceRow {
	w.t.Helper()
	ctx := w.t.Context()
	w.must(w.db.AddPairing(ctx, db.PairingRow{Hash: []byte("screen"), Code: "K7M2Q9", Kind: string(role.KitchenScreen), Expires: time.Now().Add(time.Minute).UnixMilli()}))
	v, err := w.db.Pair(ctx, "K7M2Q9", db.DeviceRow{Merchant: w.who.Merchant, Store: w.store(), Name: "后厨屏"})
	w.must(err)
	_, err = w.db.DeviceByHash(ctx, []byte("screen"))
	w.must(err)
	return v
}

// rule switches a rule of the store on.
func (w *shopWorld) rule(r hub.Rule) {
	w.t.Helper()
	r.StoreID, r.On = w.store(), true
	for _, old := range w.rules() {
		if old.Kind == r.Kind {
			r.Version = old.Version
		}
	}
	w.must(w.hub.PutRule(w.t.Context(), w.who, r))
}

func (w *shopWorld) rules() []hub.Rule {
	w.t.Helper()
	list, err := w.hub.Rules(w.t.Context(), w.who)
	w.must(err)
	return list
}

// paused are the messages that a rule does nothing.
func (w *shopWorld) ruleMessages() (out []hub.Concern) {
	w.t.Helper()
	list, _, err := w.hub.Concerns(w.t.Context(), w.who)
	w.must(err)
	for _, c := range list {
		if c.Kind == hub.ConcernRule {
			out = append(out, c)
		}
	}
	return out
}

// changes counts how often a call has changed the platform's book of an order.
func (w *shopWorld) changes(ref, call string) int {
	w.t.Helper()
	o, err := w.sim.Order(ref)
	w.must(err)
	return o.Tally[call].Changes
}

func (w *shopWorld) decision(ref, key string) (order.Decision, bool) {
	w.t.Helper()
	_, o, _, _ := w.row(ref)
	return o.DecisionOn(key)
}

// An order is accepted by the rule once, though the answer of the platform is lost, and says
// so with its grounds. What is over the limit, and what came before the rule, is left to
// people.
func TestAnOrderIsAcceptedByRuleOnce(t *testing.T) {
	each(t, func(w *shopWorld) {
		w.screen()
		w.sameDay()
		w.run()
		before := w.place(`{"app_poi_code":"TEA001"}`)
		w.until("the first one is here", func() bool { return w.status(before) == order.StatusNew })
		w.clk.Advance(3 * time.Second)
		accept := rule.UsualAccept
		accept.Most = "100"
		w.rule(hub.Rule{Kind: rule.KindAccept, Accept: &accept})
		w.sim.Faults().Next("drop_after_commit", 1, "order/confirm")
		ref := w.place(`{"app_poi_code":"TEA001"}`)
		w.until("it is accepted", func() bool {
			return w.status(ref) == order.StatusAccepted && !w.underWay("accept", effect.Waiting, effect.Sending, effect.Unknown)
		})
		if n := w.changes(ref, "order/confirm"); n != 1 {
			t.Errorf("it was accepted %d times", n)
		}
		d, ok := w.decision(ref, "accept")
		if !ok || !d.Yes || d.Version != 1 || len(d.Grounds) != 2 || !d.Grounds[0].Met {
			t.Errorf("the decision is %+v", d)
		}
		row, _, effects, _ := w.row(ref)
		if !slices.ContainsFunc(effects, func(e effect.Effect) bool { return e.Kind == "accept" && e.Cause == "rule accept" }) {
			t.Error("the act does not say that a rule wanted it")
		}
		detail, err := w.hub.Detail(t.Context(), w.who, row.ID)
		w.must(err)
		if !slices.ContainsFunc(detail.Timeline, func(m hub.Moment) bool { return m.Kind == "decision" && m.Code == "rule_accept" && len(m.Grounds) == 2 }) {
			t.Errorf("the timeline does not tell: %+v", detail.Timeline)
		}
		if s := w.status(before); s != order.StatusNew {
			t.Errorf("what came before the rule is %s", s)
		}
		large := w.place(`{"app_poi_code":"TEA001","detail":[{"app_food_code":"T001","sku_id":"T001-L","quantity":8}]}`)
		w.until("it is decided", func() bool { _, ok := w.decision(large, "accept"); return ok })
		if d, _ := w.decision(large, "accept"); d.Yes || w.status(large) != order.StatusNew {
			t.Errorf("a dear order: %+v, %s", d, w.status(large))
		}
		if r := w.rules()[0]; r.TodayYes != 1 || r.TodayNo != 1 || r.Paused {
			t.Errorf("the day of the rule: %+v", r)
		}
	})
}

// Nobody would see or hear of the order: it is held, somebody is told, and it goes on by itself
// when a screen is there.
func TestTheRulePausesWhileNobodyWouldHear(t *testing.T) {
	each(t, func(w *shopWorld) {
		accept := rule.UsualAccept
		w.rule(hub.Rule{Kind: rule.KindAccept, Accept: &accept})
		w.run()
		ref := w.place(`{"app_poi_code":"TEA001"}`)
		w.until("it is held", func() bool {
			row, _, _, ok := w.row(ref)
			return ok && strings.Contains(string(row.Summary), `"state":"held"`) && strings.Contains(string(row.Summary), "rule_heard")
		})
		m := w.ruleMessages()
		if len(m) != 1 || !m[0].Urgent || m[0].StoreID != w.store() || m[0].Cause != "rule_heard" || !w.rules()[0].Paused {
			w.t.Fatalf("the messages are %+v", m)
		}
		w.screen()
		w.until("it goes on", func() bool { return w.status(ref) == order.StatusAccepted })
		if m := w.ruleMessages(); len(m) != 0 {
			t.Errorf("it is still said to pause: %+v", m)
		}
		if w.changes(ref, "order/confirm") != 1 {
			t.Error("it was not accepted once")
		}
	})
}

// While the kitchen's slot is full, or the store rests, nothing is accepted; then it is.
func TestTheRuleWaitsForTheKitchen(t *testing.T) {
	each(t, func(w *shopWorld) {
		w.screen()
		accept := rule.UsualAccept
		w.rule(hub.Rule{Kind: rule.KindAccept, Accept: &accept})
		w.must(w.hub.SetKitchen(t.Context(), w.who, w.store(), db.KitchenRow{Minutes: 60, Orders: 1}))
		w.run()
		first := w.place(`{"app_poi_code":"TEA001"}`)
		w.until("there is room for one", func() bool { return w.status(first) == order.StatusAccepted })
		second := w.place(`{"app_poi_code":"TEA001"}`)
		held := func(why string) bool {
			row, _, _, ok := w.row(second)
			return ok && strings.Contains(string(row.Summary), `"state":"held"`) && strings.Contains(string(row.Summary), why)
		}
		w.until("the second one is held", func() bool { return held("rule_room") || held("1/1") })
		_, err := w.act(first, hub.Act{Kind: order.Ready})
		w.must(err)
		w.until("there is room again", func() bool { return w.status(second) == order.StatusAccepted })
	})
}

// A person is faster, or decides otherwise: the person's act is what happens.
func TestAPersonsActWins(t *testing.T) {
	each(t, func(w *shopWorld) {
		accept := rule.UsualAccept
		w.rule(hub.Rule{Kind: rule.KindAccept, Accept: &accept})
		ref := w.place(`{"app_poi_code":"TEA001"}`) // held: no screen, and nobody works the lanes yet
		w.until("it is here", func() bool { return w.status(ref) == order.StatusNew })
		_, err := w.act(ref, hub.Act{Kind: order.Refuse, ReasonCode: "2009"})
		w.must(err)
		w.screen()
		w.run()
		w.until("it is refused", func() bool { return w.status(ref) == order.StatusCancelled })
		w.until("nothing is to be decided", func() bool { return !w.underWay("decide", effect.Waiting, effect.Sending) })
		if _, ok := w.decision(ref, "accept"); ok || w.changes(ref, "order/confirm") != 0 {
			t.Error("the rule decided what a person had decided")
		}
	})
}

// askRefund places an order, has it accepted, and has its customer ask for the money.
func (w *shopWorld) askRefund(acts ...string) (ref, key string) {
	w.t.Helper()
	ref = w.place(`{"app_poi_code":"TEA001"}`)
	w.must(w.sim.Do(ref, "accept_in_app", nil))
	for _, a := range acts {
		w.must(w.sim.Do(ref, a, nil))
	}
	w.until("it is accepted", func() bool { s := w.status(ref); return s != "" && s != order.StatusNew })
	return ref, w.ask(ref)
}

func (w *shopWorld) ask(ref string) (key string) {
	w.t.Helper()
	w.must(w.sim.Do(ref, "ask_refund", map[string]any{"reason": "点错了"}))
	w.until("the request is here", func() bool {
		_, o, _, _ := w.row(ref)
		if len(o.Cases) == 0 {
			return false
		}
		key = "refund/" + o.Cases[0].Key
		return true
	})
	return key
}

// A refund that is asked for soon and of food that nobody has made is agreed to once, within
// the day's share; the grounds stand with the case, and the customer is told. What is ready,
// and what is over the day's share, a person decides, who is told.
func TestARefundIsAgreedToByRule(t *testing.T) {
	each(t, func(w *shopWorld) {
		w.sameDay()
		r := rule.UsualRefund
		r.PerDay, r.Words = 2, "未出餐，已为您退款"
		w.rule(hub.Rule{Kind: rule.KindRefund, Refund: &r})
		w.run()
		w.sim.Faults().Next("drop_after_commit", 1, "order/refund/agree")
		one, key := w.askRefund()
		w.until("the money is back", func() bool { _, o, _, _ := w.row(one); return o.Cases[0].State == order.CaseRefunded })
		d, ok := w.decision(one, key)
		if !ok || !d.Yes || slices.ContainsFunc(d.Grounds, func(g order.Ground) bool { return !g.Met }) {
			t.Errorf("the decision is %+v", d)
		}
		if n := w.changes(one, "order/refund/agree"); n != 1 {
			t.Errorf("it was agreed to %d times", n)
		}
		row, _, _, _ := w.row(one)
		detail, err := w.hub.Detail(t.Context(), w.who, row.ID)
		w.must(err)
		if a := detail.AfterSales[0]; a.Decision == nil || len(a.Decision.Grounds) != len(d.Grounds) {
			t.Errorf("the case does not tell: %+v", a)
		}
		ready := w.place(`{"app_poi_code":"TEA001"}`)
		w.must(w.sim.Do(ready, "accept_in_app", nil))
		w.until("it is accepted", func() bool { return w.status(ready) == order.StatusAccepted })
		_, err = w.act(ready, hub.Act{Kind: order.Ready, Pressed: w.hub.Now().Add(time.Minute)}) // on a screen whose clock is ahead
		w.must(err)
		key = w.ask(ready)
		w.until("it is decided", func() bool { _, ok := w.decision(ready, key); return ok })
		d, _ = w.decision(ready, key)
		if d.Yes || !slices.ContainsFunc(d.Grounds, func(g order.Ground) bool { return !g.Met && g.Why.Code == "rule_not_ready" }) || w.changes(ready, "order/refund/agree") != 0 {
			t.Errorf("food that is ready: %+v", d)
		}
		for i, yes := range []bool{true, false} {
			ref, key := w.askRefund()
			w.until("it is decided", func() bool { _, ok := w.decision(ref, key); return ok })
			if d, _ := w.decision(ref, key); d.Yes != yes {
				t.Errorf("number %d of 2 a day: %+v", i+2, d)
			}
		}
		if m := w.ruleMessages(); len(m) != 1 || m[0].Subject != rule.KindRefund || m[0].Cause != "rule_day_count" {
			t.Errorf("nobody is told that the day's share is used up: %+v", m)
		}
	})
}

// Requests that come at once share the day: no more is agreed to than it has, whichever of two
// nodes decides.
func TestTheDaysShareHoldsOnTwoNodes(t *testing.T) {
	each(t, func(w *shopWorld) {
		w.sameDay()
		r := rule.UsualRefund
		r.PerDay = 3
		w.rule(hub.Rule{Kind: rule.KindRefund, Refund: &r})
		w.run()
		another := w.node()
		var refs []string
		for range 5 {
			ref := w.place(`{"app_poi_code":"TEA001"}`)
			w.must(w.sim.Do(ref, "accept_in_app", nil))
			refs = append(refs, ref)
		}
		for _, ref := range refs {
			w.until("it is accepted", func() bool { return w.status(ref) == order.StatusAccepted })
			w.must(w.sim.Do(ref, "ask_refund", map[string]any{"reason": "点错了"}))
		}
		yes, decided := 0, 0
		w.until("all are decided", func() bool {
			yes, decided = 0, 0
			for _, ref := range refs {
				_, o, _, _ := w.row(ref)
				for _, d := range o.Decisions {
					if decided++; d.Yes {
						yes++
					}
				}
			}
			return decided >= len(refs)
		})
		w.until("what was agreed to is sent", func() bool { return !w.underWay("refund_approve", effect.Waiting, effect.Sending, effect.Unknown) })
		sent := 0
		for _, ref := range refs {
			sent += w.changes(ref, "order/refund/agree")
		}
		if yes != 3 || sent != 3 {
			t.Errorf("%d were agreed to and %d sent, of 3 a day", yes, sent)
		}
		another()
	})
}

// node runs another node on the same database until it is called off.
func (w *shopWorld) node() (stop func()) {
	h := hub.New(hub.Options{DB: w.db, Platforms: platform.All(), Clock: hub.Clock{Now: w.clk.Now, Speed: 1}, AllowPrivate: channel.Loopback, Lease: 3 * time.Second})
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- h.Run(ctx) }()
	return func() {
		cancel()
		w.must(<-done)
	}
}

// A rule that somebody has changed meanwhile is not overwritten, and one with nonsense is not
// kept.
func TestARuleIsChangedByWhoSawIt(t *testing.T) {
	each(t, func(w *shopWorld) {
		ctx := t.Context()
		accept := rule.UsualAccept
		w.rule(hub.Rule{Kind: rule.KindAccept, Accept: &accept})
		if err := w.hub.PutRule(ctx, w.who, hub.Rule{StoreID: w.store(), Kind: rule.KindAccept, Accept: &accept}); !fault.Is(err, fault.Conflict) {
			t.Errorf("an old version: %v", err)
		}
		bad := rule.Refund{Minutes: 0, Most: "x", DaySum: "-1"}
		err := w.hub.PutRule(ctx, w.who, hub.Rule{StoreID: w.store(), Kind: rule.KindRefund, Refund: &bad})
		if !fault.Is(err, fault.Invalid) {
			t.Errorf("nonsense: %v", err)
		}
		clerk := w.who
		clerk.Role = role.Clerk
		if err := w.hub.PutRule(ctx, clerk, hub.Rule{StoreID: w.store(), Kind: rule.KindAccept, Accept: &accept, Version: 1}); !fault.Is(err, fault.Forbidden) {
			t.Errorf("a clerk: %v", err)
		}
	})
}

// A store that sells nothing that a rule could accept has none to set up.
func TestAStoreWithoutTakeawayHasNoRules(t *testing.T) {
	each(t, func(w *shopWorld) {
		sells := w.store()
		_, err := w.hub.PutStore(t.Context(), w.who, db.StoreRow{Name: "仓库", Zone: "Asia/Shanghai"})
		w.must(err)
		for _, r := range w.rules() {
			if r.StoreID != sells {
				t.Errorf("%+v", r)
			}
		}
		if n := len(w.rules()); n != len(rule.Kinds) {
			t.Errorf("%d rules", n)
		}
	})
}

// What a rule would have done is counted over what was, and changes nothing.
func TestARuleIsTriedOnTheLastDays(t *testing.T) {
	each(t, func(w *shopWorld) {
		w.run()
		soon, _ := w.askRefund()
		ready := w.place(`{"app_poi_code":"TEA001"}`)
		w.must(w.sim.Do(ready, "accept_in_app", nil))
		w.until("it is accepted", func() bool { return w.status(ready) == order.StatusAccepted })
		_, err := w.act(ready, hub.Act{Kind: order.Ready})
		w.must(err)
		w.clk.Advance(2 * time.Second) // the platform's moments are whole seconds
		w.ask(ready)
		r, a := rule.UsualRefund, rule.UsualAccept
		got, err := w.hub.TryRule(t.Context(), w.who, hub.Rule{StoreID: w.store(), Kind: rule.KindRefund, Refund: &r})
		w.must(err)
		if got.Asked != 2 || got.Yes != 1 || len(got.Left) != 1 || got.Left[0].Ground.Why.Code != "rule_not_ready" || len(got.Sum) != 1 {
			t.Errorf("refunds: %+v", got)
		}
		a.Most = "0.01"
		got, err = w.hub.TryRule(t.Context(), w.who, hub.Rule{StoreID: w.store(), Kind: rule.KindAccept, Accept: &a})
		w.must(err)
		if got.Asked != 2 || got.Yes != 0 || got.Left[0].Count != 2 {
			t.Errorf("accepting: %+v", got)
		}
		if _, ok := w.decision(soon, "accept"); ok || w.changes(soon, "order/refund/agree") != 0 {
			t.Error("trying has done something")
		}
	})
}
