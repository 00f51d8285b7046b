package order

import (
	"slices"

	"github.com/tongdan/tongdan/fault"
)

// An ActionKind is something a person or a rule does with an order.
type ActionKind string

// The acts.
const (
	Accept        ActionKind = "accept"
	Refuse        ActionKind = "refuse" // before it is accepted
	Ready         ActionKind = "ready"
	Dispatch      ActionKind = "dispatch"     // the store's own rider leaves, or the customer who came for it has it
	Deliver       ActionKind = "deliver"      // the store's own rider has arrived
	CallRider     ActionKind = "call_rider"   // one of the platform's riders is sent for, at its fee
	Tip           ActionKind = "tip"          // the tip for the rider who is sought, as a new total
	RecallRider   ActionKind = "recall_rider" // the platform's rider is sent away again
	DeliverSelf   ActionKind = "deliver_self" // the store brings it after all
	Ship          ActionKind = "ship"         // a parcel leaves, with carrier and tracking
	Cancel        ActionKind = "cancel"       // after it is accepted
	RemindReply   ActionKind = "remind_reply" // an answer to a customer who asks where it is
	RefundApprove ActionKind = "refund_approve"
	RefundRefuse  ActionKind = "refund_refuse"
	RefundPartial ActionKind = "refund_partial" // started by the store
	RefundAppeal  ActionKind = "refund_appeal"  // the merchant appeals against what the platform decided
	SlowAppeal    ActionKind = "slow_appeal"    // the merchant appeals against being held slow
	AppealRuled   ActionKind = "appeal_ruled"   // somebody notes the platform's ruling on either
	Annotate      ActionKind = "note"
)

// ActionKinds in the order in which a screen shows them.
var ActionKinds = []ActionKind{Accept, Refuse, Ready, Dispatch, CallRider, Tip, RecallRider, DeliverSelf, Deliver, Ship, RemindReply, RefundApprove, RefundRefuse, RefundPartial, RefundAppeal, SlowAppeal, AppealRuled, Cancel, Annotate}

// Final reports whether an act cannot be taken back: a screen asks once before it.
func (k ActionKind) Final() bool {
	switch k {
	case Refuse, Cancel, RefundApprove, RefundRefuse, RefundPartial, RefundAppeal, SlowAppeal:
		return true
	}
	return false
}

// Riding reports whether an act is about riders of the platform. Such acts are named only where they
// can be meant: on most orders nobody would ask for them.
func (k ActionKind) Riding() bool {
	switch k {
	case CallRider, Tip, RecallRider, DeliverSelf:
		return true
	}
	return false
}

// Appealing reports whether an act is about an appeal of the merchant. Where a platform takes none, such acts are not
// named at all: few orders would ask for them.
func (k ActionKind) Appealing() bool { return k == RefundAppeal || k == SlowAppeal || k == AppealRuled }

// A Power says that a platform can carry out an act, and its limits beyond those of
// the life cycle.
type Power struct {
	Kind      ActionKind
	Logistics []Logistics // only for these; empty = all
	NotAfter  []State     // not once the delivery is in one of these states
	Local     bool        // kept in Tongdan only: the platform has no call for it
	LocalFor  []Logistics // likewise, of orders that leave so
}

// local reports whether an act on an order stays in Tongdan.
func (p Power) local(o *Order) bool {
	return p.Local || slices.Contains(p.LocalFor, o.Head.Logistics)
}

// The reasons why an act is not allowed.
var (
	WhyUnsupported = fault.Because("platform_cannot", "this platform offers no call for it; use the platform's own console")
	WhyIncomplete  = fault.Because("incomplete", "the order has not fully arrived yet")
	WhyUnpaid      = fault.Because("unpaid", "the order is not paid yet")
	WhyAccepted    = fault.Because("already_accepted", "the order has been accepted")
	WhyNotAccepted = fault.Because("not_accepted", "accept the order first")
	WhyReady       = fault.Because("already_ready", "the order is marked ready")
	WhyCancelled   = fault.Because("cancelled", "the order is cancelled")
	WhyReplaced    = fault.Because("replaced", "a split replaced this order by others")
	WhyDone        = fault.Because("done", "the order is finished")
	WhyOnTheWay    = fault.Because("on_the_way", "the order has left")
	WhyNotOnTheWay = fault.Because("not_on_the_way", "the order has not left yet")
	WhyRiderSought = fault.Because("rider_sought", "a rider has been sent for")
	WhyNoRider     = fault.Because("no_rider", "no rider has been sent for")
	WhyRiderTaken  = fault.Because("rider_taken", "a rider has taken it")
	WhyLogistics   = fault.Because("other_logistics", "another party brings this order")
	WhyNoReminder  = fault.Because("no_reminder", "no customer waits for an answer")
	WhyNoCase      = fault.Because("no_case", "no refund request waits for an answer")
	WhyNoAppeal    = fault.Because("no_appeal", "there is no refund here that can be appealed against")
	WhyNotSlow     = fault.Because("not_slow", "the platform holds nothing against this order that can be appealed against")
	WhyNoRuling    = fault.Because("no_ruling", "no appeal waits for a ruling")
	WhyCaseOpen    = fault.Because("case_open", "answer the open refund request first")
	WhyNothingLeft = fault.Because("nothing_left", "everything has been refunded")
	WhyRefuse      = fault.Because("refuse_instead", "the order is not accepted yet: refuse it instead")
)

// A Permit says whether one act is allowed now.
type Permit struct {
	Kind    ActionKind
	For     string // the after-sale case, or the reminder, that it would answer
	Allowed bool
	Why     fault.Reason // when not
	Local   bool         // it would stay in Tongdan
}

// a rule of the table: the first condition that holds forbids the act.
type rule []func(*Order, Power) (fault.Reason, bool)

func when(cond func(*Order) bool, why fault.Reason) func(*Order, Power) (fault.Reason, bool) {
	return func(o *Order, _ Power) (fault.Reason, bool) { return why, cond(o) }
}

func workIs(states ...State) func(*Order) bool {
	return func(o *Order) bool { return slices.Contains(states, o.Axes.Work) }
}

func deliveryIs(states ...State) func(*Order) bool {
	return func(o *Order) bool { return slices.Contains(states, o.Axes.Delivery) }
}

var (
	ended = rule{
		when(workIs(WorkCancelled), WhyCancelled),
		when(workIs(WorkReplaced), WhyReplaced),
	}
	alive     = append(slices.Clone(ended), when(workIs(WorkDone), WhyDone))
	complete  = when(func(o *Order) bool { return !o.Complete() }, WhyIncomplete)
	paid      = when(func(o *Order) bool { return o.Axes.Payment == Unpaid }, WhyUnpaid)
	collected = when(func(o *Order) bool { return o.Axes.Payment == PayLater }, WhyUnpaid)
	accepted  = when(workIs(WorkWaiting), WhyNotAccepted)
	waiting   = when(workIs(WorkAccepted, WorkReady), WhyAccepted)
	notLeft   = when(deliveryIs(DeliveryOnTheWay, DeliveryDelivered, DeliveryReturned, DeliveryFailed), WhyOnTheWay)
	left      = when(func(o *Order) bool { return !deliveryIs(DeliveryOnTheWay)(o) }, WhyNotOnTheWay)
	sought    = when(deliveryIs(DeliverySought, DeliveryAssigned, DeliveryAtStore), WhyRiderSought)
	unsought  = when(deliveryIs(NoDelivery, DeliveryCancelled), WhyNoRider)
	taken     = when(deliveryIs(DeliveryAssigned, DeliveryAtStore), WhyRiderTaken)
	// The platform sends for its own riders itself; again only where that has come to nothing.
	itself   = when(func(o *Order) bool { return o.Head.Logistics == ByPlatform && !deliveryIs(DeliveryCancelled)(o) }, WhyRiderSought)
	reminded = when(func(o *Order) bool { return !slices.ContainsFunc(o.Reminders, unanswered) }, WhyNoReminder)
	withCase = when(func(o *Order) bool { return !slices.ContainsFunc(o.Cases, answerable) }, WhyNoCase)
	noCase   = when(func(o *Order) bool { return slices.ContainsFunc(o.Cases, answerable) }, WhyCaseOpen)
	// Nobody carries away what he is about to be given back the money for.
	handable  = when(func(o *Order) bool { return o.Head.Logistics == Pickup && slices.ContainsFunc(o.Cases, answerable) }, WhyCaseOpen)
	something = when(func(o *Order) bool { return o.Axes.Payment == Refunded }, WhyNothingLeft)
)

func appealable(c AfterSale) bool { return c.Case.CanAppeal && c.Appeal == "" }

func unruled(c AfterSale) bool { return c.Appeal == AppealMade }

// asksOf are the acts on cases, each with the cases that it can be about.
var asksOf = map[ActionKind]func(AfterSale) bool{RefundApprove: answerable, RefundRefuse: answerable, RefundAppeal: appealable, AppealRuled: unruled}

func answerable(c AfterSale) bool { return c.Answerable }

func unanswered(r ReminderNow) bool { return r.AnsweredAt == 0 }

// table is the whole life cycle of acts: for each, what forbids it, first match wins.
var table = map[ActionKind]rule{
	Accept:        append(slices.Clone(alive), complete, paid, waiting),
	Refuse:        append(slices.Clone(alive), complete, paid, waiting),
	Ready:         append(slices.Clone(alive), complete, paid, accepted, when(workIs(WorkReady), WhyReady), notLeft),
	Dispatch:      append(slices.Clone(alive), complete, paid, accepted, notLeft, handable),
	CallRider:     append(slices.Clone(alive), complete, paid, accepted, notLeft, sought, itself),
	Tip:           append(slices.Clone(alive), complete, paid, accepted, notLeft, unsought, taken),
	RecallRider:   append(slices.Clone(alive), complete, paid, accepted, notLeft, unsought),
	DeliverSelf:   append(slices.Clone(alive), complete, paid, accepted, notLeft, taken),
	Deliver:       append(slices.Clone(alive), complete, paid, accepted, when(deliveryIs(DeliveryDelivered), WhyDone), left),
	Ship:          append(slices.Clone(alive), complete, paid, accepted, notLeft),
	Cancel:        append(slices.Clone(alive), complete, when(workIs(WorkWaiting), WhyRefuse)),
	RemindReply:   append(slices.Clone(alive), reminded),
	RefundApprove: append(slices.Clone(ended), withCase),
	RefundRefuse:  append(slices.Clone(ended), withCase),
	RefundPartial: append(slices.Clone(ended), complete, paid, collected, accepted, noCase, something),
	RefundAppeal:  {when(func(o *Order) bool { return !slices.ContainsFunc(o.Cases, appealable) }, WhyNoAppeal)},
	SlowAppeal:    {when(func(o *Order) bool { return !o.Slow.appealable() }, WhyNotSlow)},
	AppealRuled:   {when(func(o *Order) bool { return !o.Slow.unruled() && !slices.ContainsFunc(o.Cases, unruled) }, WhyNoRuling)},
	Annotate:      {},
}

// Permits lists every act, in the order of ActionKinds, with whether it is allowed
// now. powers are those of the order's platform. Acts on cases and reminders come once
// for each that waits.
func Permits(o *Order, powers []Power) []Permit {
	out := make([]Permit, 0, len(ActionKinds))
	for _, k := range ActionKinds {
		i := slices.IndexFunc(powers, func(p Power) bool { return p.Kind == k })
		p := Permit{Kind: k}
		if i < 0 {
			if k.Riding() || k.Appealing() {
				continue
			}
			p.Why = WhyUnsupported
			out = append(out, p)
			continue
		}
		power := powers[i]
		p.Local = power.local(o)
		p.Why, p.Allowed = allowed(o, power)
		if of := asksOf[k]; p.Allowed && of != nil {
			for _, c := range o.Cases {
				if of(c) {
					p.For = c.Key
					out = append(out, p)
				}
			}
			if k == AppealRuled && o.Slow.unruled() {
				p.For = SlowKey
				out = append(out, p)
			}
			continue
		}
		if k == SlowAppeal {
			p.For = SlowKey
		}
		if k.Riding() {
			if p.Why.Code == WhyLogistics.Code {
				continue
			}
			p.For = o.attempt(k)
		}
		if p.Allowed && k == RemindReply {
			for _, r := range o.Reminders {
				if unanswered(r) {
					p.For = r.Key
					out = append(out, p)
				}
			}
			continue
		}
		out = append(out, p)
	}
	return out
}

func allowed(o *Order, p Power) (fault.Reason, bool) {
	for _, forbids := range table[p.Kind] {
		if why, yes := forbids(o, p); yes {
			return why, false
		}
	}
	if len(p.Logistics) > 0 && !slices.Contains(p.Logistics, o.Head.Logistics) {
		return WhyLogistics, false
	}
	if slices.Contains(p.NotAfter, o.Axes.Delivery) {
		return WhyOnTheWay, false
	}
	return fault.Reason{}, true
}

// attempt is the key of the attempt to bring it that an act is about: the one to come for a rider who is
// sent for, the newest for the others.
func (o *Order) attempt(k ActionKind) string {
	n := 0
	for _, d := range o.Delivered {
		if d.Kind == "rider" && d.Ride == nil {
			n++
		}
	}
	if k == CallRider {
		n++
	}
	return riderKey(n)
}

func (o *Order) attempted(key string) (Delivery, bool) {
	i := slices.IndexFunc(o.Delivered, func(d Delivery) bool { return d.Key == key })
	if i < 0 {
		return Delivery{}, false
	}
	return o.Delivered[i], true
}

// Achieved reports whether what an act wanted is so by now, whoever did it: an order
// accepted in the platform's own app needs no second call. Acts that are no goals are
// never achieved by themselves.
func Achieved(o *Order, k ActionKind, caseKey string) bool {
	switch k {
	case Accept:
		return workIs(WorkAccepted, WorkReady, WorkDone)(o)
	case Refuse, Cancel:
		return workIs(WorkCancelled)(o)
	case Ready:
		return workIs(WorkReady, WorkDone)(o)
	case Dispatch, Ship:
		return o.told(DeliveryOnTheWay, DeliveryDelivered) || o.Head.Logistics == Pickup && workIs(WorkDone)(o)
	case Deliver:
		return o.told(DeliveryDelivered) || workIs(WorkDone)(o)
	case CallRider:
		_, there := o.attempted(caseKey)
		return there
	case RecallRider:
		d, there := o.attempted(caseKey)
		return there && d.State == DeliveryCancelled
	case DeliverSelf:
		return o.Head.Logistics == BySelf
	case RemindReply:
		i := slices.IndexFunc(o.Reminders, func(r ReminderNow) bool { return r.Key == caseKey })
		return i >= 0 && !unanswered(o.Reminders[i])
	case SlowAppeal:
		return o.Slow != nil && o.Slow.Appeal != ""
	case RefundApprove, RefundRefuse, RefundAppeal:
		i := slices.IndexFunc(o.Cases, func(c AfterSale) bool { return c.Key == caseKey })
		if i < 0 {
			return false
		}
		s := o.Cases[i].State
		if k == RefundAppeal {
			return o.Cases[i].Appeal != ""
		}
		if k == RefundApprove {
			return s == CaseAgreed || s == CaseRefunded
		}
		return s == CaseRefused || s == CaseAppealed
	}
	return false
}

// Impossible reports whether what an act wants can no longer become so, with the
// reason: a queued call for it is void.
func Impossible(o *Order, k ActionKind, caseKey string) (fault.Reason, bool) {
	switch k {
	case Accept, Refuse, Ready, Dispatch, Deliver, Ship, Cancel, RemindReply, CallRider, Tip, RecallRider, DeliverSelf:
		for _, forbids := range alive {
			if why, yes := forbids(o, Power{}); yes && !Achieved(o, k, caseKey) {
				return why, true
			}
		}
		if k == Refuse && workIs(WorkAccepted, WorkReady)(o) {
			return WhyAccepted, true
		}
	case RefundApprove, RefundRefuse:
		i := slices.IndexFunc(o.Cases, func(c AfterSale) bool { return c.Key == caseKey })
		if i >= 0 && !o.Cases[i].Answerable && !Achieved(o, k, caseKey) {
			return WhyNoCase, true
		}
	}
	return fault.Reason{}, false
}
