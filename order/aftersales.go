package order

import (
	"cmp"
	"slices"
	"strconv"

	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/money"
)

// The cases of an order: what each comes to, and what they do to the money that was paid.

// ruled reports whether the platform has decided between customer and merchant.
func ruled(t Trail, g *Grammar) bool {
	return slices.ContainsFunc(t, func(s Said) bool { return g.Axes[On{KidCase, AxisCase}].Words[s.State].Ruled })
}

// lostAt is when the platform agreed to a case because nobody had answered in time: as it first said, else
// the moment that is given. 0 = it did not.
func lostAt(t Trail, g *Grammar, asked int64) (at int64) {
	a := g.Axes[On{KidCase, AxisCase}]
	for _, s := range t {
		if when := cmp.Or(s.At, asked); a.Words[s.State].ByTime && (at == 0 || when < at) {
			at = when
		}
	}
	return at
}

func (o *Order) afterSales() {
	var byCases, byPayments money.Amount
	refunded := map[string]int64{}
	urgency := map[State]int{CaseAsked: 6, CaseAppealed: 5, CaseFailed: 4, CaseAgreed: 3, CaseRefused: 2, CaseRefunded: 2, CaseWithdrawn: 1}
	o.Axes.AfterSale = NoCase
	for i := range o.Cases {
		c := &o.Cases[i]
		if urgency[c.State] > urgency[o.Axes.AfterSale] {
			o.Axes.AfterSale, o.Theirs[AxisCase] = c.State, c.Theirs
		}
		o.resolve(c)
		if c.State != CaseAgreed && c.State != CaseRefunded {
			continue
		}
		switch {
		case c.Case.Amount != nil:
			byCases, _ = byCases.Add(*c.Case.Amount)
		case c.Case.Full && o.sold() != nil:
			byCases = o.sold().Total
		}
		for _, l := range c.Case.Lines {
			refunded[l.Line] += l.Quantity
		}
	}
	for _, p := range o.Payments {
		if p.Refunded != nil {
			byPayments, _ = byPayments.Add(*p.Refunded)
		}
	}
	o.Refunded = byCases
	if byPayments.Minor() > byCases.Minor() {
		o.Refunded = byPayments // the money itself outranks what a case announced
	}
	for _, b := range []*Bill{o.Bill, o.Sold} {
		if b == nil {
			continue
		}
		for i := range b.Lines {
			if n := refunded[b.Lines[i].Key]; n > 0 {
				b.Lines[i].Refunded = min(n, b.Lines[i].Quantity)
			}
		}
	}
	if o.PaidSum == nil || o.Refunded.IsZero() {
		return
	}
	switch left, err := o.PaidSum.Sub(o.Refunded); {
	case err != nil:
		o.issue(SevError, IssueCurrency, "money.refunded", fault.Because("issue_refund_currency", "a refund is in another currency than the payment"))
	case left.Minor() < 0:
		o.issue(SevError, IssueRefund, "money.refunded", fault.Because("issue_refund_more", "more was refunded than was paid: {refunded} of {paid}", "refunded", o.Refunded.String(), "paid", o.PaidSum.String()))
		o.Axes.Payment = Refunded
	case left.IsZero():
		o.Axes.Payment = Refunded
	default:
		o.Axes.Payment = PartRefund
	}
}

// resolve finds the lines of a case in the bill as sold: by code, then by name.
func (o *Order) resolve(c *AfterSale) {
	b := o.sold()
	if b == nil {
		return
	}
	c.Case.Lines = slices.Clone(c.Case.Lines) // those of the register, which others read
	for i := range c.Case.Lines {
		l := &c.Case.Lines[i]
		var hits []string
		for _, s := range b.Lines {
			if (l.SKU != "" && l.SKU == s.SKU || l.SKU == "" && l.Ref != "" && l.Ref == s.Ref || l.SKU == "" && l.Ref == "" && l.Name == s.Name) &&
				(l.Ref == "" || s.Ref == "" || l.Ref == s.Ref) {
				hits = append(hits, s.Key)
			}
		}
		switch {
		case len(hits) > 1 && slices.Contains(hits, l.Line): // the platform named the line itself
		case len(hits) == 1:
			l.Line = hits[0]
		default:
			o.issue(SevInfo, IssueCaseLine, "after_sales."+c.Key, fault.Because("issue_case_line", "a line of this refund fits {count} lines of the order", "count", strconv.Itoa(len(hits))))
			if len(hits) > 0 {
				l.Line = hits[0]
			}
		}
	}
}
