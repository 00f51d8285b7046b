package rule_test

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/internal/rule"
	"github.com/tongdan/tongdan/money"
	"github.com/tongdan/tongdan/order"
)

func yuan(n int64) money.Amount { return money.Of(n*100, "CNY") }

// unmet are the codes of the conditions that were not met.
func unmet(grounds []order.Ground) (out []string) {
	for _, g := range grounds {
		if !g.Met {
			out = append(out, g.Why.Code)
		}
	}
	return out
}

func TestAccepting(t *testing.T) {
	noon, cheap := 12*60, yuan(30)
	fine := rule.AcceptFacts{Minute: noon, Total: cheap, Heard: true}
	with := func(f func(*rule.AcceptFacts)) rule.AcceptFacts { x := fine; f(&x); return x }
	for _, x := range []struct {
		what string
		rule rule.Accept
		f    rule.AcceptFacts
		want rule.Verdict
		why  []string
	}{
		{"anything", rule.Accept{}, fine, rule.Yes, nil},
		{"in its hours", rule.Accept{From: "10:00", To: "14:00"}, fine, rule.Yes, nil},
		{"after its hours", rule.Accept{From: "10:00", To: "12:00"}, fine, rule.No, []string{"rule_hours"}},
		{"over midnight", rule.Accept{From: "22:00", To: "02:00"}, with(func(f *rule.AcceptFacts) { f.Minute = 60 }), rule.Yes, nil},
		{"not over noon", rule.Accept{From: "22:00", To: "02:00"}, fine, rule.No, []string{"rule_hours"}},
		{"just the most", rule.Accept{Most: "30"}, fine, rule.Yes, nil},
		{"a cent more", rule.Accept{Most: "29.99"}, fine, rule.No, []string{"rule_amount"}},
		{"a pre-order", rule.Accept{}, with(func(f *rule.AcceptFacts) { f.PreOrder = true }), rule.No, []string{"rule_preorders"}},
		{"nobody hears", rule.Accept{}, with(func(f *rule.AcceptFacts) { f.Heard = false }), rule.Wait, []string{"rule_heard"}},
		{"the store rests", rule.Accept{}, with(func(f *rule.AcceptFacts) { f.Resting = true }), rule.Wait, []string{"rule_open"}},
		{"the kitchen is full", rule.Accept{}, with(func(f *rule.AcceptFacts) { f.Full = "20/20" }), rule.Wait, []string{"rule_room"}},
		{"too dear, and nobody hears", rule.Accept{Most: "1"}, with(func(f *rule.AcceptFacts) { f.Heard = false }), rule.No, []string{"rule_amount", "rule_heard"}},
	} {
		if got, grounds := x.rule.Judge(x.f); got != x.want || !slices.Equal(unmet(grounds), x.why) {
			t.Errorf("%s: %s %v, want %s %v", x.what, got, unmet(grounds), x.want, x.why)
		}
	}
}

// A refund is agreed to when every condition holds and only then: whichever is broken, a person
// decides, and is told which.
func TestARefundNeedsEveryCondition(t *testing.T) {
	breaks := map[string]func(*rule.RefundFacts, rule.Refund){
		"rule_soon":      func(f *rule.RefundFacts, r rule.Refund) { f.Asked = f.Placed + int64(r.Minutes)*60_000 + 1 },
		"rule_not_ready": func(f *rule.RefundFacts, _ rule.Refund) { f.Ready = f.Asked },
		"rule_not_begun": func(f *rule.RefundFacts, _ rule.Refund) { f.Begun = f.Asked },
		"rule_not_taken": func(f *rule.RefundFacts, _ rule.Refund) { f.Taken = f.Asked },
		"rule_part":      func(f *rule.RefundFacts, _ rule.Refund) { f.Full = false },
		"rule_told":      func(f *rule.RefundFacts, _ rule.Refund) { f.Amount = nil },
		"rule_amount": func(f *rule.RefundFacts, _ rule.Refund) {
			if f.Amount != nil {
				m := yuan(51)
				f.Amount = &m
			}
		},
		"rule_day_count": func(f *rule.RefundFacts, r rule.Refund) { f.DayCount = r.PerDay },
		"rule_day_sum":   func(f *rule.RefundFacts, _ rule.Refund) { f.DaySum = yuan(500).Minor() },
	}
	var codes []string
	for code := range breaks {
		codes = append(codes, code)
	}
	slices.Sort(codes)
	rapid.Check(t, func(t *rapid.T) {
		r := rule.UsualRefund
		amount := money.Of(rapid.Int64Range(1, 5000).Draw(t, "amount"), "CNY")
		placed := rapid.Int64Range(1, 1<<40).Draw(t, "placed")
		f := rule.RefundFacts{Placed: placed, Asked: placed + rapid.Int64Range(0, 30*60_000).Draw(t, "after"), Full: true, Amount: &amount, DayCount: rapid.IntRange(0, 19).Draw(t, "count"),
			DaySum: rapid.Int64Range(0, 50_000-amount.Minor()).Draw(t, "sum")}
		if v, grounds, over := r.Judge(f); v != rule.Yes || over || unmet(grounds) != nil {
			t.Fatalf("%s %v", v, unmet(grounds))
		}
		broken := rapid.SliceOfNDistinct(rapid.SampledFrom(codes), 1, 4, rapid.ID[string]).Draw(t, "broken")
		for _, code := range broken {
			breaks[code](&f, r)
		}
		v, grounds, over := r.Judge(f)
		if v != rule.No {
			t.Fatalf("%v are broken, and it says %s", broken, v)
		}
		for _, code := range broken {
			hidden := f.Amount == nil && (code == "rule_amount" || code == "rule_day_count" || code == "rule_day_sum")
			if !hidden && !slices.Contains(unmet(grounds), code) {
				t.Fatalf("%s is broken, and only %v is said", code, unmet(grounds))
			}
		}
		if day := !slices.ContainsFunc(unmet(grounds), func(c string) bool { return c != "rule_day_count" && c != "rule_day_sum" }); over != day {
			t.Fatalf("%v: the day is said to be used up: %v", unmet(grounds), over)
		}
	})
}

// What has happened after a moment is not known at it.
func TestFactsUntilAMoment(t *testing.T) {
	at := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC).UnixMilli()
	c := order.AfterSale{Key: "1", Case: order.Case{AskedAt: at}}
	o := &order.Order{Made: order.Made{At: at + 1}, Making: order.Making{At: at - 5}, Events: []order.Event{
		{At: at + 2, Axis: order.AxisDelivery, State: order.DeliveryOnTheWay}, {At: 0, Axis: order.AxisWork, State: order.WorkAccepted},
	}}
	if f := rule.FactsOf(o, &c, at); f.Ready != 0 || f.Begun != at-5 || f.Taken != 0 {
		t.Errorf("then %+v", f)
	}
	if f := rule.FactsOf(o, &c, at+9); f.Ready != at+1 || f.Taken != at+2 {
		t.Errorf("now %+v", f)
	}
	o.Events = append(o.Events, order.Event{Axis: order.AxisDelivery, State: order.DeliveryDelivered}) // nobody says when
	if f := rule.FactsOf(o, &c, at); f.Taken != 1 {
		t.Errorf("what has no moment: %+v", f)
	}
}

func TestWhatIsWrongWithARule(t *testing.T) {
	if w := rule.UsualAccept.Check("CNY"); len(w) != 0 {
		t.Errorf("the usual one: %v", w)
	}
	if w := rule.UsualRefund.Check("CNY"); len(w) != 0 {
		t.Errorf("the usual one: %v", w)
	}
	var said []string
	for _, f := range slices.Concat(rule.Accept{From: "25:00", To: "", Most: "-1"}.Check("CNY"), rule.Refund{Minutes: 0, Most: "a", PerDay: 0, DaySum: ""}.Check("CNY")) {
		said = append(said, f.Location)
	}
	want := []string{"body.accept.from", "body.accept.to", "body.accept.most", "body.refund.minutes", "body.refund.per_day", "body.refund.full", "body.refund.most", "body.refund.day_sum"}
	if !slices.Equal(said, want) {
		t.Errorf("wrong are %v, want %v", said, want)
	}
}

// A delivery that nobody takes is offered more step by step, then given to others; what has left
// the store, and what is taken, is let alone.
func TestWhatIsNextForADelivery(t *testing.T) {
	const minute, at = 60_000, int64(1_000_000_000)
	r := rule.Ride{TipAfter: 5, TipStep: "2", TipMost: "4", TipDay: "100", SwitchAfter: 15, Ways: []rule.Way{{By: rule.ByOwn}}, FeeMost: "8"}
	tips := r
	tips.Ways = nil
	zero := money.Of(0, "CNY")
	for _, x := range []struct {
		what string
		rule rule.Ride
		f    rule.RideFacts
		step string
		at   int64
	}{
		{"nobody yet", r, rule.RideFacts{Sought: at, Tips: true, Raised: zero}, rule.StepTip, at + 5*minute},
		{"raised once", r, rule.RideFacts{Sought: at, Tips: true, Raised: yuan(2), Raises: 1, Last: at + 6*minute}, rule.StepTip, at + 11*minute},
		{"raised as far as it may be", r, rule.RideFacts{Sought: at, Tips: true, Raised: yuan(4)}, rule.StepSwitch, at + 15*minute},
		{"no tips there", r, rule.RideFacts{Sought: at, Raised: zero}, rule.StepSwitch, at + 15*minute},
		{"the next tip would be later than somebody else", r, rule.RideFacts{Sought: at, Tips: true, Raised: yuan(2), Last: at + 11*minute}, rule.StepSwitch, at + 15*minute},
		{"the day is used up", r, rule.RideFacts{Sought: at, Tips: true, Stopped: true, Raised: zero}, rule.StepSwitch, at + 15*minute},
		{"nobody else", tips, rule.RideFacts{Sought: at, Tips: true, Raised: yuan(4)}, "", 0},
		{"all were asked", r, rule.RideFacts{Sought: at, Asked: true, Raised: yuan(4)}, "", 0},
		{"it came to nothing", r, rule.RideFacts{Over: at, Settle: time.Minute, Raised: zero}, rule.StepSwitch, at + minute},
		{"it came to nothing, and nobody else", tips, rule.RideFacts{Over: at, Raised: zero}, "", 0},
		{"it had left", r, rule.RideFacts{Over: at, Away: true, Raised: zero}, "", 0},
		{"somebody has it", r, rule.RideFacts{Raised: zero, Tips: true}, "", 0},
	} {
		if step, when := x.rule.Next(x.f); step != x.step || when != x.at {
			t.Errorf("%s: %q at %d, want %q at %d", x.what, step, when-at, x.step, x.at-at)
		}
	}
}

// Of the ways the first that can be taken and costs no more than it may is chosen.
func TestWhoIsAskedInstead(t *testing.T) {
	r := rule.Ride{FeeMost: "8"}
	fee := func(fen int64) *money.Amount { m := money.Of(fen, "CNY"); return &m }
	why := fault.Because("rule_ride_over", "the delivery came to nothing")
	offers := []rule.Offer{{Name: "a", Used: true}, {Name: "b", Why: order.WhyLogistics}, {Name: "c", Fee: fee(801)}, {Name: "d", Fee: fee(800)}, {Name: "e"}}
	if v, at, g := r.JudgeSwitch(offers, why); v != rule.Yes || at != 3 || len(g) != 5 || !slices.Equal(unmet(g), []string{"rule_way_used", "other_logistics", "rule_amount"}) {
		t.Errorf("%s, %d: %+v", v, at, g)
	}
	if v, at, g := r.JudgeSwitch(offers[:3], why); v != rule.No || at != -1 || unmet(g)[3] != rule.WhyNoWay.Code {
		t.Errorf("with nobody: %s, %d: %+v", v, at, g)
	}
	own := rule.Way{By: rule.ByOwn}
	if !own.Used("own rdr_1") || !own.Used("own") || (rule.Way{By: rule.ByOwn, Rider: "rdr_2"}).Used("own rdr_1") || (rule.Way{By: rule.ByCourier, Courier: "cou_1"}).Used("own") {
		t.Error("who was asked is not known")
	}
}
