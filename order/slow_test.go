package order_test

import (
	"maps"
	"slices"
	"testing"

	"github.com/tongdan/tongdan/order"
)

// What a platform holds against how an order was made is its worst word, until it lets the order off; it can be appealed
// against once, and the ruling is noted where the platform tells none.
func TestASlowOrder(t *testing.T) {
	g := *trade
	g.Axes = maps.Clone(trade.Axes)
	g.Axes[order.On{Kind: order.KindOrder, Axis: order.AxisSlow}] = order.Axis{First: order.RankFirst, Words: map[string]order.Meaning{
		"1": {Rank: 10, Is: order.SlowUnreported}, "3": {Rank: 20, Is: order.SlowLate}, "2": {Rank: 30, Is: order.SlowUntrue}, "4": {Rank: 40, Is: order.SlowSpared}}}
	g.Axes[order.On{Kind: order.KindOrder, Axis: order.AxisAppeal}] = order.Axis{Words: map[string]order.Meaning{"appealed": {Rank: 1, Is: order.AppealMade}}}
	powers := []order.Power{{Kind: order.SlowAppeal}, {Kind: order.AppealRuled, Local: true}}
	for name, x := range map[string]struct {
		words  []string
		made   bool
		noted  []string // at 90, 91, …
		seen   bool
		state  order.State
		appeal order.State
		flag   bool
		may    order.ActionKind
	}{
		"nothing is held against it":     {},
		"held against it":                {words: []string{"1"}, state: order.SlowUnreported, flag: true, may: order.SlowAppeal},
		"the worst word holds":           {words: []string{"2", "1", "3"}, state: order.SlowUntrue, flag: true, may: order.SlowAppeal},
		"somebody lets it be":            {words: []string{"1"}, seen: true, state: order.SlowUnreported, may: order.SlowAppeal},
		"let off by itself":              {words: []string{"4", "1"}, state: order.SlowSpared},
		"an appeal was made":             {words: []string{"1"}, made: true, state: order.SlowUnreported, appeal: order.AppealMade, may: order.AppealRuled},
		"and let off":                    {words: []string{"1", "4"}, made: true, state: order.SlowSpared, appeal: order.AppealUpheld},
		"and noted":                      {words: []string{"3"}, made: true, noted: []string{order.StateUpheld, order.StateRejected}, state: order.SlowLate, appeal: order.AppealRejected},
		"let off, whatever was noted":    {words: []string{"3", "4"}, made: true, noted: []string{order.StateRejected}, state: order.SlowSpared, appeal: order.AppealUpheld},
		"a ruling on none that is known": {words: []string{"1"}, noted: []string{order.StateUpheld}, state: order.SlowUnreported, flag: true, may: order.SlowAppeal},
	} {
		var main, own order.Record
		for _, w := range x.words {
			main.Say(order.AxisSlow, order.Said{State: w})
		}
		if x.made {
			main.Say(order.AxisAppeal, order.Said{State: "appealed", At: 80})
		}
		for i, s := range x.noted {
			own.Say(order.AxisAppeal, order.Said{State: s, At: int64(90 + i), Who: "小王"})
		}
		if x.seen {
			order.Put(&own, order.RegSeen, order.Stamp{Version: 85}, order.Seen{By: "小王", At: 85})
		}
		o := order.Fold(theOrder, []order.Linked{{Ref: theOrder, Record: paid().Merge(main)},
			{Ref: order.Ref{Realm: theOrder.Realm, Kind: order.KindOwn, ID: theOrder.ID}, Record: own}}, &g)
		var state, appeal order.State
		if o.Slow != nil {
			state, appeal = o.Slow.State, o.Slow.Appeal
		}
		if state != x.state || appeal != x.appeal || slices.Contains(o.Flags, order.FlagSlow) != x.flag {
			t.Errorf("%s: %q, appeal %q, %v; want %q, %q, %v", name, state, appeal, o.Flags, x.state, x.appeal, x.flag)
		}
		var may order.ActionKind
		for _, p := range order.Permits(&o, powers) {
			if p.Allowed {
				if p.For != order.SlowKey {
					t.Errorf("%s: %+v", name, p)
				}
				may += p.Kind
			}
		}
		if may != x.may {
			t.Errorf("%s: %q may be done, want %q", name, may, x.may)
		}
		if order.Achieved(&o, order.SlowAppeal, order.SlowKey) != (x.appeal != "") {
			t.Errorf("%s: achieved %v", name, x.appeal == "")
		}
	}
	main := paid()
	main.Say(order.AxisSlow, order.Said{State: "9"})
	o := order.Fold(theOrder, []order.Linked{{Ref: theOrder, Record: main}}, &g)
	if o.Slow != nil || !slices.ContainsFunc(o.Issues, func(i order.Issue) bool { return i.Code == order.IssueUnknown }) {
		t.Errorf("a word that nobody knows: %+v %+v", o.Slow, o.Issues)
	}
}
