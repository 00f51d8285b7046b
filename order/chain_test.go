package order_test

import (
	"testing"
	"time"

	"github.com/tongdan/tongdan/order"
)

// A refund is to be answered within the platform's time, which large chains have more of where it says so; what
// the platform says in the request itself wins over both.
func TestByWhenARefundIsAnswered(t *testing.T) {
	const asked = 1_000_000
	chains := *trade
	chains.RefundChain = 3 * time.Hour
	request := func(by int64) order.Record {
		var k, r order.Record
		order.Put(&k, order.RegCase, order.Stamp{Version: asked}, order.Case{Full: true, AskedAt: asked, AnswerBy: by})
		k.Say(order.AxisCase, order.Said{State: "apply", At: asked})
		r.Kid(order.KidCase+"R1", k)
		return r
	}
	minutes := func(n int64) int64 { return asked + n*60_000 }
	for name, x := range map[string]struct {
		g    *order.Grammar
		by   int64
		want int64
	}{
		"anybody":                                {&chains, 0, minutes(30)},
		"a chain":                                {chains.OfChain(), 0, minutes(180)},
		"a chain where chains have no more":      {trade.OfChain(), 0, minutes(30)},
		"as the request says":                    {&chains, minutes(7), minutes(7)},
		"a chain, as the request says":           {chains.OfChain(), minutes(400), minutes(400)},
		"as the request says, no time otherwise": {&order.Grammar{Realm: trade.Realm, Axes: trade.Axes}, minutes(7), minutes(7)},
		"no time":                                {&order.Grammar{Realm: trade.Realm, Axes: trade.Axes}, 0, 0},
	} {
		o := order.Fold(theOrder, []order.Linked{{Ref: theOrder, Record: paid().Merge(said(order.AxisWork, "confirmed", 2)).Merge(request(x.by))}}, x.g)
		due := int64(0)
		for _, d := range o.Deadlines {
			if d.Kind == order.DueRefund {
				due = d.At
			}
		}
		if o.Cases[0].AnswerBy != x.want || due != x.want {
			t.Errorf("%s: by %d, due %d, want %d", name, o.Cases[0].AnswerBy, due, x.want)
		}
	}
}
