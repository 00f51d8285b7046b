package order_test

import (
	"maps"
	"testing"

	"github.com/tongdan/tongdan/order"
)

// An appeal can be made where the platform takes one and none was made; then somebody can note the ruling, the last
// of which holds. For whom the platform found after a customer's appeal is told from its word.
func TestAppeals(t *testing.T) {
	g := *trade
	g.Axes = maps.Clone(trade.Axes)
	on := order.On{Kind: order.KidCase, Axis: order.AxisCase}
	words := maps.Clone(g.Axes[on].Words)
	words["by_service"] = order.Meaning{Rank: 4, Is: order.CaseAgreed, Ruled: true}
	words["service_no"] = order.Meaning{Rank: 3, Is: order.CaseRefused, Ruled: true}
	words["paid_back"] = order.Meaning{Rank: 5, Is: order.CaseRefunded}
	g.Axes[on] = order.Axis{First: order.RankFirst, Words: words}
	g.Axes[order.On{Kind: order.KidCase, Axis: order.AxisAppeal}] = order.Axis{Words: map[string]order.Meaning{"appealed": {Rank: 1, Is: order.AppealMade}}}
	powers := []order.Power{{Kind: order.RefundAppeal}, {Kind: order.AppealRuled, Local: true}}
	for name, x := range map[string]struct {
		can    bool
		states []string
		made   bool
		noted  []string // at 90, 91, …
		ruled  order.State
		appeal order.State
		may    order.ActionKind
	}{
		"nothing to appeal against":      {false, []string{"agree"}, false, nil, "", "", ""},
		"one to appeal against":          {true, []string{"by_service", "paid_back"}, false, nil, order.AppealUpheld, "", order.RefundAppeal},
		"the service found for us":       {false, []string{"service_no"}, false, nil, order.AppealRejected, "", ""},
		"an appeal was made":             {true, []string{"by_service"}, true, nil, order.AppealUpheld, order.AppealMade, order.AppealRuled},
		"and upheld":                     {false, []string{"by_service"}, true, []string{order.StateUpheld}, order.AppealUpheld, order.AppealUpheld, ""},
		"noted wrongly and again":        {false, []string{"by_service"}, true, []string{order.StateUpheld, order.StateRejected}, order.AppealUpheld, order.AppealRejected, ""},
		"a ruling on none that is known": {false, []string{"by_service"}, false, []string{order.StateUpheld}, order.AppealUpheld, "", ""},
	} {
		var kid, main, note, own order.Record
		order.Put(&kid, order.RegCase, order.Stamp{Version: 40}, order.Case{Full: true, AskedAt: 40, CanAppeal: x.can})
		kid.Say(order.AxisCase, order.Said{State: "apply", At: 40})
		for i, s := range x.states {
			kid.Say(order.AxisCase, order.Said{State: s, At: int64(50 + i)})
		}
		if x.made {
			kid.Say(order.AxisAppeal, order.Said{State: "appealed", At: 80})
		}
		main.Kid(order.KidCase+"R1", kid)
		for i, s := range x.noted {
			note.Say(order.AxisAppeal, order.Said{State: s, At: int64(90 + i), Who: "小王"})
		}
		own.Kid(order.KidCase+"R1", note)
		o := order.Fold(theOrder, []order.Linked{{Ref: theOrder, Record: paid().Merge(said(order.AxisWork, "cancelled", 60)).Merge(main)},
			{Ref: order.Ref{Realm: theOrder.Realm, Kind: order.KindOwn, ID: theOrder.ID}, Record: own}}, &g)
		c := o.Cases[0]
		if c.Ruled != x.ruled || c.Appeal != x.appeal || (c.AppealBy != "") != (x.appeal == order.AppealUpheld || x.appeal == order.AppealRejected) {
			t.Errorf("%s: ruled %q, appeal %q by %q; want %q, %q", name, c.Ruled, c.Appeal, c.AppealBy, x.ruled, x.appeal)
		}
		var may order.ActionKind
		for _, p := range order.Permits(&o, powers) {
			if p.Allowed {
				if p.For != "R1" || p.Local != (p.Kind == order.AppealRuled) {
					t.Errorf("%s: %+v", name, p)
				}
				may += p.Kind
			}
		}
		if may != x.may {
			t.Errorf("%s: %q may be done, want %q", name, may, x.may)
		}
		for _, p := range order.Permits(&o, nil) {
			if p.Kind.Appealing() {
				t.Errorf("%s: a platform without the power names %s", name, p.Kind)
			}
		}
	}
}
