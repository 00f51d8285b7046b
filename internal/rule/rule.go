// Package rule decides what a store lets be decided by itself: whether an order is accepted,
// whether a refund is agreed to, and what is done about a delivery that nobody takes. A rule is data; deciding is pure: the same facts give the
// same verdict, with every condition that led to it. Package hub brings the facts, asks once
// for each question, and carries out what was decided.
package rule

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/money"
	"github.com/tongdan/tongdan/order"
)

// The kinds of rules. A store has at most one of each.
const (
	KindAccept = "accept" // 自动接单
	KindRefund = "refund" // 自动退款
)

// Kinds in the order of a screen.
var Kinds = []string{KindAccept, KindRefund, KindRide}

// Accept says which orders are accepted without anybody.
type Accept struct {
	Channels  []string `json:"channels" maxItems:"20" doc:"Only orders of these; empty: of all."`
	From      string   `json:"from,omitempty" maxLength:"5" doc:"Only from this time of the store's day, 10:00; may be later than to: over midnight."`
	To        string   `json:"to,omitempty" maxLength:"5"`
	Most      string   `json:"most,omitempty" maxLength:"16" doc:"Only up to this total: 200. Left out: any."`
	PreOrders bool     `json:"pre_orders" doc:"Pre-orders too."`
}

// Refund says which refunds are agreed to without anybody: those that are asked for soon, of
// food that nobody has made yet.
type Refund struct {
	Channels []string `json:"channels" maxItems:"20" doc:"Only orders of these; empty: of all."`
	Minutes  int      `json:"minutes" minimum:"1" maximum:"240" doc:"From the order to the request, at most."`
	Most     string   `json:"most" maxLength:"16" doc:"Only up to this amount: 50."`
	Full     bool     `json:"full" doc:"Requests for the whole order."`
	Part     bool     `json:"part" doc:"Requests for a part of it."`
	Begun    bool     `json:"begun" doc:"Also when the kitchen has begun to make it."`
	PerDay   int      `json:"per_day" minimum:"1" maximum:"1000" doc:"So many a day of the store, and no more."`
	DaySum   string   `json:"day_sum" maxLength:"16" doc:"Of so much money a day in all, and no more."`
	Words    string   `json:"words,omitempty" maxLength:"200" doc:"What the customer is told, where the platform passes it on."`
}

// Usual are the rules as they are offered to whoever has none.
var (
	UsualAccept = Accept{Channels: []string{}, PreOrders: true}
	UsualRefund = Refund{Channels: []string{}, Minutes: 30, Most: "50", Full: true, PerDay: 20, DaySum: "500"}
)

// For reports whether a rule is about a channel.
func For(channels []string, channel string) bool {
	return len(channels) == 0 || slices.Contains(channels, channel)
}

// Check finds what is wrong with the fields of a rule; cur is what money is counted in here.
func (a Accept) Check(cur money.Currency) (wrong []fault.Field) {
	if a.From != "" || a.To != "" {
		if _, ok := minuteOf(a.From); !ok {
			wrong = append(wrong, fault.Wrong("body.accept.from", whyTime))
		}
		if _, ok := minuteOf(a.To); !ok {
			wrong = append(wrong, fault.Wrong("body.accept.to", whyTime))
		}
	}
	if a.Most != "" {
		wrong = append(wrong, sum("body.accept.most", a.Most, cur)...)
	}
	return wrong
}

// Check is that of Accept.
func (r Refund) Check(cur money.Currency) (wrong []fault.Field) {
	if r.Minutes < 1 || r.Minutes > 240 {
		wrong = append(wrong, fault.Wrong("body.refund.minutes", between(1, 240)))
	}
	if r.PerDay < 1 || r.PerDay > 1000 {
		wrong = append(wrong, fault.Wrong("body.refund.per_day", between(1, 1000)))
	}
	if !r.Full && !r.Part {
		wrong = append(wrong, fault.Wrong("body.refund.full", fault.Because("field_full_or_part", "choose whole orders, parts, or both")))
	}
	return slices.Concat(wrong, sum("body.refund.most", r.Most, cur), sum("body.refund.day_sum", r.DaySum, cur))
}

var whyTime = fault.Because("field_day_time", "must be a time such as 10:00")

func between(least, most int) fault.Reason {
	return fault.Because("field_between", "must be between {least} and {most}", "least", strconv.Itoa(least), "most", strconv.Itoa(most))
}

func sum(loc, text string, cur money.Currency) []fault.Field {
	if m, err := money.Parse(text, cur); err != nil || m.Minor() <= 0 {
		return []fault.Field{fault.Wrong(loc, fault.Because("field_money", "must be an amount such as 6.5"))}
	}
	return nil
}

// minuteOf is the minute of the day of a time such as 10:00.
func minuteOf(s string) (int, bool) {
	t, err := time.Parse("15:04", s)
	return t.Hour()*60 + t.Minute(), err == nil
}

// A Verdict is what a rule comes to.
type Verdict string

// The verdicts.
const (
	Yes  Verdict = "yes"  // it is done
	No   Verdict = "no"   // a person decides
	Wait Verdict = "wait" // not now; asked again soon
)

// A judgement grows by its grounds: the worst of them counts.
type judgement struct {
	verdict Verdict
	grounds []order.Ground
}

// need adds a ground; what follows when it is not met.
func (j *judgement) need(met bool, otherwise Verdict, why fault.Reason) {
	j.grounds = append(j.grounds, order.Ground{Met: met, Why: why})
	if !met && j.verdict != No {
		j.verdict = otherwise
	}
}

// AcceptFacts is what is known of a new order and of its store.
type AcceptFacts struct {
	Minute   int // of the store's day
	Total    money.Amount
	PreOrder bool
	Heard    bool   // a printer or a kitchen screen of the store is alive
	Resting  bool   // the store takes no orders for a while
	Full     string // the kitchen's slot that the order belongs to is full: 20/20; "" = it is not
}

// Judge says whether an order is accepted. The grounds read as what should be so.
func (a Accept) Judge(f AcceptFacts) (Verdict, []order.Ground) {
	j := judgement{verdict: Yes}
	if a.From != "" {
		j.need(a.Open(f.Minute), No, fault.Because("rule_hours", "between {from} and {to}", "from", a.From, "to", a.To))
	}
	if a.Most != "" {
		j.atMost(f.Total, a.Most)
	}
	if f.PreOrder {
		j.need(a.PreOrders, No, fault.Because("rule_preorders", "pre-orders are accepted too"))
	}
	j.need(f.Heard, Wait, WhyHeard)
	if f.Resting {
		j.need(false, Wait, fault.Because("rule_open", "the store takes orders"))
	}
	if f.Full != "" {
		j.need(false, Wait, fault.Because("rule_room", "the kitchen has room in that slot: {load}", "load", f.Full))
	}
	return j.verdict, j.grounds
}

// Open reports whether the rule works at a minute of the store's day.
func (a Accept) Open(minute int) bool {
	from, ok := minuteOf(a.From)
	to, _ := minuteOf(a.To)
	switch {
	case !ok:
		return true
	case from < to:
		return from <= minute && minute < to
	}
	return minute >= from || minute < to
}

// WhyHeard is the condition that somebody hears or sees what was accepted.
var WhyHeard = fault.Because("rule_heard", "a printer or a kitchen screen works")

func (j *judgement) atMost(is money.Amount, most string) {
	m, err := money.Parse(most, is.Currency())
	j.need(err == nil && is.Minor() <= m.Minor(), No, fault.Because("rule_amount", "{sum}, at most {most}", "sum", is.Text(), "most", most))
}

// RefundFacts is what is known of a request and its order. Moments are UTC ms, 0 = it has not
// happened.
type RefundFacts struct {
	Placed, Asked       int64
	Ready, Begun, Taken int64 // somebody said so, or the platform
	Full                bool
	Amount              *money.Amount // nil = not told
	DayCount            int           // agreed to by the rule today
	DaySum              int64         // of the same currency
}

// FactsOf reads of an order what is known of a request until a moment, UTC ms.
func FactsOf(o *order.Order, c *order.AfterSale, until int64) RefundFacts {
	f := RefundFacts{Placed: o.Times.Placed, Asked: c.Case.AskedAt, Full: c.Case.Full, Amount: c.Case.Amount}
	if f.Amount == nil && f.Full && o.Bill != nil {
		total := o.Bill.Total
		if o.PaidSum != nil {
			total = *o.PaidSum
		}
		f.Amount = &total
	}
	note := func(at *int64, when int64) {
		when = max(when, 1) // it has happened, nobody says when
		if when <= until && (*at == 0 || when < *at) {
			*at = when
		}
	}
	if o.Made.At > 0 {
		note(&f.Ready, o.Made.At)
	}
	if o.Making.At > 0 {
		note(&f.Begun, o.Making.At)
	}
	for _, d := range o.Delivered { // own riders and couriers too
		for _, u := range d.Updates {
			if order.Away(u.State) {
				note(&f.Taken, u.At)
			}
		}
	}
	for _, e := range o.Events {
		switch {
		case e.Axis == order.AxisWork && (e.State == order.WorkReady || e.State == order.WorkDone):
			note(&f.Ready, e.At)
		case e.Axis == order.AxisDelivery && order.Away(e.State):
			note(&f.Taken, e.At)
		}
	}
	return f
}

// Judge says whether a refund is agreed to. over says that it is left to a person only because
// the day's share is used up.
func (r Refund) Judge(f RefundFacts) (v Verdict, grounds []order.Ground, over bool) {
	j := judgement{verdict: Yes}
	j.need(f.Placed > 0 && f.Asked > 0 && f.Asked-f.Placed <= int64(r.Minutes)*60_000, No,
		fault.Because("rule_soon", "asked {minutes} minutes after the order, at most {most}", "minutes", strconv.FormatInt(max(f.Asked-f.Placed, 0)/60_000, 10), "most", strconv.Itoa(r.Minutes)))
	j.need(f.Ready == 0, No, fault.Because("rule_not_ready", "nobody has said that it is ready"))
	if !r.Begun {
		j.need(f.Begun == 0, No, fault.Because("rule_not_begun", "the kitchen has not begun"))
	}
	j.need(f.Taken == 0, No, fault.Because("rule_not_taken", "no rider has taken it"))
	if f.Full {
		j.need(r.Full, No, fault.Because("rule_whole", "whole orders are included"))
	} else {
		j.need(r.Part, No, fault.Because("rule_part", "parts are included"))
	}
	if f.Amount == nil {
		j.need(false, No, fault.Because("rule_told", "the platform says how much"))
		return j.verdict, j.grounds, false
	}
	j.atMost(*f.Amount, r.Most)
	before := j.verdict
	j.need(f.DayCount < r.PerDay, No, fault.Because("rule_day_count", "number {nth} of at most {most} today", "nth", strconv.Itoa(f.DayCount+1), "most", strconv.Itoa(r.PerDay)))
	day := money.Of(f.DaySum+f.Amount.Minor(), f.Amount.Currency())
	most, err := money.Parse(r.DaySum, f.Amount.Currency())
	j.need(err == nil && day.Minor() <= most.Minor(), No, fault.Because("rule_day_sum", "{sum} today with this one, at most {most}", "sum", day.Text(), "most", r.DaySum))
	return j.verdict, j.grounds, before == Yes && j.verdict == No
}

// Question is under which key a decision stands with its order: one for accepting, one for
// each refund and for each step about a delivery.
func Question(kind, caseKey string) string {
	if caseKey != "" {
		return kind + "/" + caseKey
	}
	return kind
}

// Actor is who acts when a rule does.
func Actor(kind string) string { return "rule " + kind }

// ByRule reports whether a rule is who acted.
func ByRule(by string) bool { return strings.HasPrefix(by, "rule ") }
