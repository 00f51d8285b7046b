package order_test

import (
	"maps"
	"slices"
	"testing"

	"github.com/tongdan/tongdan/order"
)

// A refund that the platform agreed to because nobody had answered is lost, whichever of its statements came
// first and whatever became of the money; it is flagged until somebody has seen it. One that somebody agreed
// to, or that was refused, never is.
func TestARefundIsLostByTime(t *testing.T) {
	g := *trade
	g.Axes = maps.Clone(trade.Axes)
	on := order.On{Kind: order.KidCase, Axis: order.AxisCase}
	words := maps.Clone(g.Axes[on].Words)
	words["by_time"] = order.Meaning{Rank: 60, Is: order.CaseAgreed, ByTime: true}
	words["yes"] = order.Meaning{Rank: 60, Is: order.CaseAgreed}
	words["paid_back"] = order.Meaning{Rank: 80, Is: order.CaseRefunded}
	words["no"] = order.Meaning{Rank: 20, Is: order.CaseRefused}
	g.Axes[on] = order.Axis{First: order.RankFirst, Words: words}
	own := func(of string) []order.Linked {
		var kid, r order.Record
		order.Put(&kid, order.RegSeen, order.Stamp{Version: 90, Class: order.ClassAct}, order.Seen{By: "小王", At: 90})
		r.Kid(order.KidCase+of, kid)
		return []order.Linked{{Ref: order.Ref{Realm: theOrder.Realm, Kind: order.KindOwn, ID: theOrder.ID}, Record: r}}
	}
	for name, x := range map[string]struct {
		states  []string // said at 50, 60, …
		own     []order.Linked
		lostAt  int64
		flagged bool
		told    int // lines of the timeline that say so
	}{
		"by time":                  {[]string{"by_time"}, nil, 50, true, 1},
		"and the money is back":    {[]string{"by_time", "paid_back"}, nil, 50, true, 1},
		"said again":               {[]string{"by_time", "by_time"}, nil, 50, true, 1},
		"first said without why":   {[]string{"yes", "by_time"}, nil, 60, true, 1},
		"and then without why":     {[]string{"by_time", "yes"}, nil, 50, true, 1},
		"somebody has seen it":     {[]string{"by_time"}, own("R1"), 50, false, 1},
		"another one was seen":     {[]string{"by_time"}, own("R2"), 50, true, 1},
		"somebody agreed":          {[]string{"yes", "paid_back"}, nil, 0, false, 0},
		"it was refused":           {[]string{"no"}, nil, 0, false, 0},
		"nothing has been decided": {nil, nil, 0, false, 0},
	} {
		main := paid().Merge(aCase("R1", "apply", 40, cny(900)))
		var kid, r order.Record
		for i, s := range x.states {
			kid.Say(order.AxisCase, order.Said{State: s, At: int64(50 + 10*i)})
		}
		r.Kid(order.KidCase+"R1", kid)
		o := order.Fold(theOrder, append([]order.Linked{{Ref: theOrder, Record: main.Merge(r)}}, x.own...), &g)
		told := 0
		for _, e := range o.Events {
			if e.ByTime {
				told++
			}
		}
		if got := o.Cases[0].LostAt; got != x.lostAt || o.Has(order.FlagLost) != x.flagged || told != x.told {
			t.Errorf("%s: lost at %d, flags %v, told %d times; want %d, %v, %d", name, got, o.Flags, told, x.lostAt, x.flagged, x.told)
		}
		if seen := o.Cases[0].Seen != nil; seen != (x.own != nil && !x.flagged) {
			t.Errorf("%s: seen %v", name, o.Cases[0].Seen)
		}
		if slices.Contains(o.Flags, order.FlagRefund) != (x.states == nil) {
			t.Errorf("%s: it waits for an answer: %v", name, o.Flags)
		}
	}
}
