package order

import (
	"strconv"

	"github.com/tongdan/tongdan/fault"
)

// Slow axis: what a platform holds against the store of how an order was made (出餐慢). It says so without a moment,
// so that the worst that it has said holds, and being let off ends it.
const (
	SlowUnreported State = "unreported" // nobody said that it was ready
	SlowLate       State = "late"       // somebody did, after the platform's time
	SlowUntrue     State = "untrue"     // somebody did, and the platform does not believe it
	SlowSpared     State = "spared"     // the platform has let it off
)

// SlowKey is the place of a Case in acts about the mark: it is the order's own and no after-sale's.
const SlowKey = "slow"

// A Slow is such a mark as it stands.
type Slow struct {
	State    State
	Theirs   string
	Appeal   State  `json:",omitempty"` // of the merchant's appeal: AppealMade and then the ruling; "" = none was made
	AppealAt int64  `json:",omitempty"`
	AppealBy string `json:",omitempty"` // who noted the ruling
	Seen     *Seen  `json:",omitempty"` // who has seen it and lets it be; nil = nobody
}

// appealable reports whether the platform would take an appeal against it.
func (s *Slow) appealable() bool { return s != nil && s.State != SlowSpared && s.Appeal == "" }

// unruled reports whether an appeal against it waits for somebody to note what became of it.
func (s *Slow) unruled() bool { return s != nil && s.Appeal == AppealMade }

// waits reports whether somebody should look at it.
func (s *Slow) waits() bool { return s.appealable() && s.Seen == nil }

// slow finds the mark, and the merchant's appeal against it. One that the platform has let off after an appeal was
// appealed against with success: no other word says so.
func (o *Order) slow(r Record, g *Grammar) {
	t := r.Axes[AxisSlow]
	if len(t) == 0 {
		return
	}
	said, m, found, unknown := g.Axes[On{KindOrder, AxisSlow}].holds(t)
	for _, u := range unknown {
		o.issue(SevWarn, IssueUnknown, AxisSlow, fault.Because("issue_unknown", "the platform says {state}, which Tongdan does not know", "state", strconv.Quote(clip(u.State))))
	}
	if !found {
		return
	}
	o.Slow = &Slow{State: m.Is, Theirs: said.State}
	if made, n, ok := o.stand(KindOrder, AxisAppeal, SlowKey, r.Axes[AxisAppeal], g); ok {
		o.Slow.Appeal, o.Slow.AppealAt = n.Is, made.At
		if m.Is == SlowSpared {
			o.Slow.Appeal = AppealUpheld
		}
	}
}

// slowNoted adds what our own people have noted of it.
func (o *Order) slowNoted(own Record) {
	if o.Slow == nil {
		return
	}
	if seen, ok := Get[Seen](own, RegSeen); ok {
		o.Slow.Seen = &seen
	}
	if o.Slow.Appeal == "" || o.Slow.State == SlowSpared {
		return
	}
	for _, s := range sorted(own.Axes[AxisAppeal]) { // the last that was noted holds
		if is, ok := rulings[s.State]; ok {
			o.Slow.Appeal, o.Slow.AppealAt, o.Slow.AppealBy = is, s.At, s.Who
		}
	}
}

// rulings are what somebody can note of an appeal.
var rulings = map[string]State{StateUpheld: AppealUpheld, StateRejected: AppealRejected}
