package books

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// A Press is one act that somebody asked the hub for, and its end by the hub's book.
type Press struct {
	Key    string // channel and number of the order
	Kind   string // accept, refuse, …
	For    string // the after-sale it answers
	Effect string // its id; "" = nothing had to be sent
	State  string // of the effect in the end; "" = the hub has none of this id
	Again  int    // how often a person looked at the platform and had it sent again
}

func (p Press) String() string { return strings.TrimSpace(p.Key + " " + p.Kind + " " + p.For) }

// Calls names what each act is called in the platforms' books.
var Calls = map[string]map[string]string{
	"meituan": {
		"accept": "order/confirm", "refuse": "order/cancel", "cancel": "order/cancel", "ready": "order/preparationMealComplete",
		"refund_approve": "order/refund/agree", "refund_refuse": "order/refund/reject", "refund_partial": "order/applyPartRefund",
	},
	"meituan-partner": {
		"accept": "/waimai/order/confirm", "refuse": "/waimai/order/cancel", "cancel": "/waimai/order/cancel", "ready": "/waimai/order/preparationMealComplete",
		"refund_approve": "/waimai/order/agreeRefund", "refund_refuse": "/waimai/order/rejectRefund", "refund_partial": "/waimai/order/applyPartRefund",
	},
	"mercadolibre": {"cancel": "cancel", "note": "note"},
}

// additive are the acts whose second call would do it twice: even one more call is one
// too many.
var additive = map[string]bool{"refund_partial": true, "note": true}

// single are the calls that may change an order once in its life.
var single = []string{"order/confirm", "order/cancel", "order/applyPartRefund", "/waimai/order/confirm", "/waimai/order/cancel", "/waimai/order/applyPartRefund", "cancel", "note"}

// The kinds of a Difference of Once.
const (
	Twice  = "twice"  // the platform's book was changed, or an additive call received, more than once
	Unsent = "unsent" // done by the hub's book, and the platform's says nothing
	Stuck  = "stuck"  // still under way
	Gone   = "gone"   // the hub no longer knows the act
)

// Once holds every act that was pressed against the platforms' books: what the hub calls
// done is done there, nothing changed an order twice, and an additive call arrived once.
func Once(want map[string]Entry, pressed []Press) (differ []Difference) {
	add := func(kind, key, format string, args ...any) {
		differ = append(differ, Difference{kind, key, fmt.Sprintf(format, args...)})
	}
	for _, p := range pressed {
		if p.Effect == "" {
			continue // stayed in Tongdan, or was so already
		}
		switch p.State {
		case "":
			add(Gone, p.Key, "%s: its effect is gone", p)
			continue
		case "waiting", "sending", "unknown", "person":
			add(Stuck, p.Key, "%s: still %s", p, p.State)
		}
		channel, _, _ := strings.Cut(p.Key, " ")
		call, ok := Calls[channel][p.Kind]
		if !ok {
			continue
		}
		n := want[p.Key].Tally[call]
		if additive[p.Kind] && n.Calls > 1+p.Again {
			add(Twice, p.Key, "%s: the platform received it %d times", p, n.Calls)
		}
		if p.State == "done" && n.Changes == 0 && !doneOtherwise(want[p.Key], p.Kind) {
			add(Unsent, p.Key, "%s: done by the hub's book, and the platform's says nothing: %v", p, want[p.Key].Tally)
		}
	}
	for key, e := range want {
		for _, call := range single {
			if n := e.Tally[call]; n.Changes > 1 {
				add(Twice, key, "%s: %s changed the platform's book %d times", key, call, n.Changes)
			}
		}
	}
	slices.SortFunc(differ, func(a, b Difference) int { return cmp.Or(cmp.Compare(a.Key, b.Key), cmp.Compare(a.Text, b.Text)) })
	return differ
}

// doneOtherwise reports whether a goal can have come true without our call.
func doneOtherwise(e Entry, kind string) bool {
	switch kind {
	case "accept":
		return e.Accepted // in the platform's own app
	case "ready":
		return e.Left || e.Status == "delivering" || e.Status == "delivered" || e.Status == "done" // the rider took it all the same
	case "refuse", "cancel":
		return e.Status == "cancelled"
	case "refund_approve":
		return true // the platform agrees by itself after a time
	}
	return false
}
