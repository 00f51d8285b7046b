package order

import (
	"cmp"
	"slices"
	"strconv"

	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/money"
)

// What follows from the records once they are put together: sums, status, flags, deadlines, the timeline.

// delivery is the axis of the whole order: that of the parcel or rider furthest
// behind that still matters.
func (o *Order) delivery() {
	o.Axes.Delivery = NoDelivery
	rank := map[State]int{DeliveryFailed: 1, DeliveryReturned: 2, DeliverySought: 3, DeliveryAssigned: 4, DeliveryAtStore: 5, DeliveryOnTheWay: 6, DeliveryDelivered: 7}
	last := -1 // only the newest rider counts, but a ride that did not come about takes nothing from whoever has it
	for i, d := range o.Delivered {
		has := last >= 0 && (o.Delivered[last].Live() || o.Delivered[last].State == DeliveryDelivered)
		if d.Kind == "rider" && !d.Planned() && !(has && d.Ride != nil && d.State == DeliveryCancelled) {
			last = i
		}
	}
	for i, d := range o.Delivered {
		if d.Kind == "rider" && i != last {
			continue
		}
		if d.State == "" || d.State == NoDelivery {
			continue
		}
		if o.Axes.Delivery == NoDelivery || o.Axes.Delivery == DeliveryCancelled || (rank[d.State] > 0 && rank[d.State] < rank[o.Axes.Delivery]) {
			o.Axes.Delivery, o.Theirs[AxisDelivery] = d.State, d.Theirs
		}
	}
	if o.mirror == DeliveryDelivered || o.handed { // told in the platform's own app, or here, where it has no word for that
		o.Axes.Delivery = DeliveryDelivered
	}
	if s := o.Axes.Delivery; s == DeliveryFailed || s == DeliveryReturned {
		why := fault.Because("issue_delivery_failed", "the delivery failed")
		if s == DeliveryReturned {
			why = fault.Because("issue_delivery_returned", "the delivery came back")
		}
		o.issue(SevError, IssueDelivery, AxisDelivery, why)
	}
}

// MaxLines bounds what an order can hold; a platform that sends more has it said on
// the order, and the first ones are kept.
const MaxLines = 300

func (o *Order) money() {
	if o.Bill == nil {
		return
	}
	if len(o.Bill.Lines) > MaxLines {
		b := *o.Bill
		b.Lines = b.Lines[:MaxLines]
		o.Bill = &b
		o.issue(SevError, IssueOversized, "lines", fault.Because("issue_oversized", "the order has more than {most} lines; only the first are shown", "most", strconv.Itoa(MaxLines)))
	} else if diff, err := o.Bill.Difference(); err != nil {
		o.issue(SevError, IssueCurrency, "money", fault.Because("issue_currencies", "the amounts of this order cannot be added up"))
	} else if !diff.IsZero() {
		o.issue(SevWarn, IssueTotal, "money.total", fault.Because("issue_total", "the platform's total and the sum of the parts differ by {sum}", "sum", diff.String()))
	}
	for _, l := range o.Bill.Lines {
		if l.SKU == "" && l.Ref == "" {
			o.issue(SevInfo, IssueNoCode, "lines."+l.Key, fault.Because("issue_no_code", "this line has no product code, so it cannot be matched to a product"))
		}
	}
	var paid money.Amount
	for _, p := range o.Payments {
		if p.Amount != nil && (p.State == Paid || p.State == Refunded || p.State == PartRefund || p.State == InDispute) {
			paid, _ = paid.Add(*p.Amount)
		}
	}
	if o.Axes.Payment == PayLater && paid.IsZero() {
		paid = money.Of(0, o.Bill.Total.Currency())
	}
	if len(o.Payments) > 0 {
		o.PaidSum = &paid
	} else if o.Axes.Payment != Unpaid {
		total := o.sold().Total
		o.PaidSum = &total
	}
}

func (o *Order) sold() *Bill {
	if o.Sold != nil {
		return o.Sold
	}
	return o.Bill
}

// reckon computes what follows from all the rest: status, flags, deadlines.
func (o *Order) reckon(g *Grammar) {
	o.Status = statusOf(o.Axes)
	if o.ShopID == "" {
		o.issue(SevError, IssueNoShop, "", fault.Because("issue_no_shop", "the platform has not yet said which shop this order is for"))
	}
	if o.Bill == nil {
		o.issue(SevError, IssueNoBill, "", fault.Because("issue_no_bill", "the content of this order has not arrived yet; it is being read"))
	}
	open := o.Status != StatusCancelled && o.Status != StatusReplaced
	if base := cmp.Or(o.Times.Paid, o.Times.Placed); o.Status == StatusNew && g.AcceptWithin > 0 && base > 0 {
		o.Deadlines = append(o.Deadlines, Deadline{DueAccept, base + g.AcceptWithin.Milliseconds(), ""})
	}
	waiting := false
	for i := range o.Cases {
		c := &o.Cases[i]
		c.Answerable = c.State == CaseAsked && !c.Case.ByShop && open
		if !c.Answerable {
			continue
		}
		waiting = true
		if c.AnswerBy = c.Case.AnswerBy; c.AnswerBy == 0 && g.RefundWithin > 0 && c.Case.AskedAt > 0 {
			c.AnswerBy = c.Case.AskedAt + g.RefundWithin.Milliseconds()
		}
		if c.AnswerBy > 0 {
			o.Deadlines = append(o.Deadlines, Deadline{DueRefund, c.AnswerBy, c.Key})
		}
	}
	shipped := o.Axes.Delivery == DeliveryOnTheWay || o.Axes.Delivery == DeliveryDelivered || o.Axes.Delivery == DeliveryFailed || o.Axes.Delivery == DeliveryReturned
	if o.Times.ShipBy > 0 && !shipped && (o.Status == StatusNew || o.Status == StatusAccepted || o.Status == StatusReady) && o.Head.Logistics != Full {
		o.Deadlines = append(o.Deadlines, Deadline{DueShip, o.Times.ShipBy, ""})
	}
	if o.Times.MealBy > 0 && o.Status == StatusAccepted && !shipped {
		o.Deadlines = append(o.Deadlines, Deadline{DueMeal, o.Times.MealBy, ""})
	}
	slices.SortFunc(o.Deadlines, func(a, b Deadline) int {
		return cmp.Or(cmp.Compare(a.At, b.At), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.For, b.For))
	})
	if waiting {
		o.Flags = append(o.Flags, FlagRefund)
	}
	alive := open && o.Status != StatusDone && o.Status != StatusDelivered
	if alive && slices.ContainsFunc(o.Reminders, func(r ReminderNow) bool { return r.AnsweredAt == 0 }) {
		o.Flags = append(o.Flags, FlagReminder)
	}
	slices.SortFunc(o.Issues, func(a, b Issue) int {
		return cmp.Or(cmp.Compare(a.Code, b.Code), cmp.Compare(a.Path, b.Path), cmp.Compare(a.Message, b.Message))
	})
	o.Issues = slices.CompactFunc(o.Issues, Issue.is)
	if slices.ContainsFunc(o.Issues, func(i Issue) bool { return i.Severity == SevError }) && open {
		o.Flags = append(o.Flags, FlagProblem)
	}
	if o.Times.Promised > 0 && o.Head.Kind == Takeaway && (o.Status == StatusNew || o.Status == StatusAccepted) {
		o.Flags = append(o.Flags, FlagPreorder)
	}
	if o.Status == StatusReady && o.Head.Logistics == Pickup {
		o.Flags = append(o.Flags, FlagPickup)
	}
	if f, ok := labelFlags[o.label]; ok && o.Head.Logistics != Full && (o.Status == StatusAccepted || o.Status == StatusReady) {
		o.Flags = append(o.Flags, f)
	}
	if slices.ContainsFunc(o.Cases, func(c AfterSale) bool { return c.LostAt > 0 && c.Seen == nil }) {
		o.Flags = append(o.Flags, FlagLost)
	}
	if o.Slow.waits() {
		o.Flags = append(o.Flags, FlagSlow)
	}
	for i := range o.Events {
		switch e := &o.Events[i]; { // said without a time: the milestone is the better guess than none
		case e.At == 0 && e.State == Paid:
			e.At = o.Times.Paid
		case e.At == 0 && e.State == WorkWaiting:
			e.At = o.Times.Placed
		}
	}
	slices.SortStableFunc(o.Events, func(a, b Event) int {
		return cmp.Or(cmp.Compare(a.At, b.At), cmp.Compare(a.Axis, b.Axis), cmp.Compare(a.Key, b.Key), cmp.Compare(a.Theirs, b.Theirs))
	})
}

// The states of a label, the furthest behind first, and what each of them waits for.
var (
	labelRank  = map[State]int{LabelWaiting: 1, LabelPrinted: 2, LabelPacked: 3}
	labelFlags = map[State]Flag{LabelWaiting: FlagToLabel, LabelPrinted: FlagLabelled, LabelPacked: FlagHandOver}
)

// statusOf is the flat word: the end of the whole first, then money, then how far it
// has come.
func statusOf(a Axes) Status {
	switch a.Work {
	case WorkReplaced:
		return StatusReplaced
	case WorkCancelled:
		return StatusCancelled
	case WorkDone:
		return StatusDone
	}
	if a.Payment == Unpaid {
		return StatusUnpaid
	}
	switch a.Delivery {
	case DeliveryDelivered:
		return StatusDelivered
	case DeliveryOnTheWay, DeliveryFailed, DeliveryReturned:
		return StatusDelivering
	}
	switch a.Work {
	case WorkReady:
		return StatusReady
	case WorkAccepted:
		return StatusAccepted
	}
	return StatusNew
}
