package order

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"github.com/tongdan/tongdan/fault"
)

// Fold computes the order from its records. It is pure: the same set of records in
// any order gives the same result. Records of other kinds than KindOrder, KindShipment,
// KindRide and KindOwn are passed over.
func Fold(ref Ref, recs []Linked, g *Grammar) Order {
	o := Order{Ref: ref, Theirs: map[string]string{}}
	var main, own Record
	for _, l := range recs {
		switch {
		case l.Ref == ref:
			main = main.Merge(l.Record)
		case l.Ref.Kind == KindOwn:
			own = own.Merge(l.Record)
		}
	}
	o.registers(main)
	o.work(main, g)
	o.slow(main, g)
	o.riders(main, g)
	recs = slices.Clone(recs)
	slices.SortFunc(recs, func(a, b Linked) int { return cmp.Compare(a.Ref.ID, b.Ref.ID) })
	for _, l := range recs {
		switch l.Ref.Kind {
		case KindShipment:
			o.parcel(l, g)
		case KindRide:
			o.ride(l)
		}
	}
	o.children(main, g)
	o.ours(own)
	o.rides()
	o.delivery()
	o.blame(own, g)
	o.money()
	o.afterSales()
	o.reckon(g)
	return o
}

func (o *Order) registers(r Record) {
	o.ShopID, _ = Get[string](r, RegShop)
	o.Head, _ = Get[Head](r, RegHead)
	o.Times, _ = Get[Times](r, RegTimes)
	o.Remark, _ = Get[string](r, RegRemark)
	o.Tags, _ = Get[[]string](r, RegTags)
	o.Partial, _ = Get[bool](r, RegPartial)
	if b, ok := Get[Bill](r, RegBill); ok {
		b.Lines = slices.Clone(b.Lines) // refunded quantities are filled in below
		o.Bill, o.Sold = &b, &b
	}
	if sold, ok := r.Regs[RegSold]; ok && sold.Stamp.Hash != r.Regs[RegBill].Stamp.Hash {
		if b, ok := Get[Bill](r, RegSold); ok {
			b.Lines = slices.Clone(b.Lines)
			o.Sold = &b
		}
	}
	if c, ok := Get[Customer](r, RegCustomer); ok {
		o.Customer = &c
	}
	if n, ok := Get[RealNumber](r, RegRealNumber); ok { // given out while privacy numbers do not work
		if o.Customer == nil {
			o.Customer = &Customer{}
		}
		o.Customer.Phone, o.Customer.PhoneKind = n.Phone, "real"
	}
	if s, ok := Get[Settled](r, RegSettled); ok {
		o.Settled = &s
	}
	if i, ok := Get[Invoice](r, RegInvoice); ok {
		o.Invoice = &i
	}
	trouble, _ := Get[[]Issue](r, RegTrouble)
	o.Issues = append(o.Issues, trouble...)
	if o.Partial {
		o.issue(SevWarn, IssuePartial, "", fault.Because("issue_partial", "the platform says that parts of this order are missing for now; it is read again"))
	}
}

func (o *Order) issue(sev Severity, code, path string, why fault.Reason) {
	o.Issues = append(o.Issues, Found(sev, code, path, why))
}

// stand finds what holds on one axis, keeps the events and reports unknown words.
func (o *Order) stand(kind, axis, key string, t Trail, g *Grammar) (Said, Meaning, bool) {
	a := g.Axes[On{kind, axis}]
	said, m, found, unknown := a.holds(t)
	for _, u := range unknown {
		o.issue(SevWarn, IssueUnknown, axis, fault.Because("issue_unknown", "the platform says {state}, which Tongdan does not know", "state", strconv.Quote(clip(u.State))))
	}
	var last Meaning
	for i, s := range sorted(t) {
		n := a.Words[s.State]
		if i > 0 && n.Is == last.Is && n.Is != "" && (last.ByTime || !n.ByTime) {
			continue // said again
		}
		last = n
		o.Events = append(o.Events, Event{s.At, axis, key, n.Is, s.State, s.Who, s.Why, n.ByTime})
	}
	return said, m, found
}

func sorted(t Trail) Trail {
	t = slices.Clone(t)
	slices.SortStableFunc(t, func(a, b Said) int { return cmp.Compare(a.At, b.At) })
	return t
}

const disagreeAfter = 60_000 // ms: a stale replica is forgiven for a minute

func (o *Order) work(r Record, g *Grammar) {
	said, m, ok := o.stand(KindOrder, AxisWork, "", r.Axes[AxisWork], g)
	if ok {
		o.Axes.Work, o.Theirs[AxisWork] = m.Is, said.State
	} else {
		o.Axes.Work = WorkWaiting
		if len(r.Regs) > 0 {
			o.issue(SevWarn, IssueNoStatus, "", fault.Because("issue_no_status", "the platform has not told a status that Tongdan knows"))
		}
	}
	if m.Is == WorkCancelled {
		for _, s := range r.Axes[AxisWork] { // the fullest statement of who and why
			if g.Axes[On{KindOrder, AxisWork}].Words[s.State].Is == WorkCancelled {
				o.CancelBy, o.CancelWhy = cmp.Or(o.CancelBy, s.Who), cmp.Or(o.CancelWhy, s.Why)
			}
		}
	}
	if m.Is == WorkCancelled || m.Is == WorkDone {
		for _, s := range r.Axes[AxisWork] {
			n := g.Axes[On{KindOrder, AxisWork}].Words[s.State]
			if s.Class >= ClassRead && s.Class < ClassAct && n.Rank > 0 && n.Rank < m.Rank && said.At > 0 && s.At > said.At+disagreeAfter {
				o.issue(SevError, IssueDisagree, AxisWork, fault.Because("issue_disagree", "the order was {was}, and a later read says {state}: look in the platform's own console", "was", string(m.Is), "state", strconv.Quote(s.State)))
				break
			}
		}
	}
	said, m, ok = o.stand(KindOrder, AxisPayment, "", r.Axes[AxisPayment], g)
	o.Axes.Payment = Unpaid
	if ok {
		o.Axes.Payment, o.Theirs[AxisPayment] = m.Is, said.State
	}
}

// riders turns the trail of rider states into attempts: after a cancelled one, the
// next state opens another.
func (o *Order) riders(r Record, g *Grammar) {
	t := r.Axes[AxisDelivery]
	if len(t) == 0 {
		return
	}
	a := g.Axes[On{KindOrder, AxisDelivery}]
	t = slices.Clone(t)
	slices.SortStableFunc(t, func(x, y Said) int {
		return cmp.Or(cmp.Compare(x.At, y.At), cmp.Compare(a.Words[x.State].Rank, a.Words[y.State].Rank))
	})
	var cur *Delivery
	var part Trail
	for _, s := range t {
		m, known := a.Words[s.State]
		if !known {
			continue // stand reports it below
		}
		if cur != nil && cur.State == DeliveryCancelled && m.Is == DeliveryCancelled {
			continue // said again
		}
		if cur == nil || (cur.State == DeliveryCancelled && m.Is != DeliveryCancelled) {
			o.Delivered = append(o.Delivered, Delivery{Key: riderKey(len(o.Delivered) + 1), Kind: "rider"})
			cur, part = &o.Delivered[len(o.Delivered)-1], nil
		}
		part = append(part, s)
		if a.First == RankFirst && len(part) > 1 && m.Rank < a.Words[cur.Theirs].Rank {
			continue
		}
		again := cur.Theirs == s.State
		cur.State, cur.Theirs = m.Is, s.State
		switch {
		case s.Who != "":
			cur.Rider = &Rider{Name: s.Who}
		case m.Is == DeliverySought: // whoever had it gave it back
			cur.Rider = nil
		}
		if again {
			continue
		}
		cur.Updates = append(cur.Updates, Event{s.At, AxisDelivery, cur.Key, m.Is, s.State, s.Who, s.Why, false})
	}
	if rider, ok := Get[Rider](r, RegRider); ok && cur != nil && cur.State != DeliverySought {
		if cur.State != DeliveryCancelled || cur.Rider != nil || len(o.Delivered) == 1 { // else nobody had taken this one, and he had the one before
			cur.Rider = &rider
		}
	}
	if own, ok := Get[Rider](r, RegRiderNumber); ok && cur != nil && cur.Rider != nil && own.Phone != "" && own.Name == cur.Rider.Name {
		cur.Rider = &own
	}
	o.stand(KindOrder, AxisDelivery, "", t, g)
}

// riderKey names the nth attempt by a rider.
func riderKey(n int) string { return "rider-" + strconv.Itoa(n) }

func (o *Order) parcel(l Linked, g *Grammar) {
	said, m, _ := o.stand(KindShipment, AxisDelivery, l.Ref.ID, l.Record.Axes[AxisDelivery], g)
	d := Delivery{Key: l.Ref.ID, Kind: "parcel", State: m.Is, Theirs: said.State}
	if p, ok := Get[Parcel](l.Record, RegParcel); ok {
		d.Parcel = &p
		o.Times.ShipBy = cmp.Or(p.ShipBy, o.Times.ShipBy)
		o.Times.Promised = cmp.Or(p.Promised, o.Times.Promised)
	}
	if h, ok := Get[Head](l.Record, RegHead); ok { // the shipment knows how it travels, and what a split replaced
		o.Head.Logistics = cmp.Or(h.Logistics, o.Head.Logistics)
		o.Head.Replaces = cmp.Or(h.Replaces, o.Head.Replaces)
	}
	if t := l.Record.Axes[AxisWork]; len(t) > 0 && d.State != DeliveryCancelled { // and whether it is packed
		if _, w, _ := o.stand(KindShipment, AxisWork, d.Key, t, g); w.Is == WorkReady && o.Axes.Work == WorkAccepted {
			o.Axes.Work = WorkReady
		}
	}
	if _, m, ok, _ := g.Axes[On{KindShipment, AxisLabel}].holds(l.Record.Axes[AxisLabel]); ok && d.State != DeliveryCancelled && (o.label == "" || labelRank[m.Is] < labelRank[o.label]) {
		o.label = m.Is
	}
	if c, ok := Get[Customer](l.Record, RegCustomer); ok { // and where to
		if o.Customer != nil {
			c.UserRef = cmp.Or(c.UserRef, o.Customer.UserRef)
			c.Name = cmp.Or(c.Name, o.Customer.Name)
		}
		o.Customer = &c
	}
	for _, s := range sorted(l.Record.Axes[AxisDelivery]) {
		d.Updates = append(d.Updates, Event{s.At, AxisDelivery, d.Key, g.Axes[On{KindShipment, AxisDelivery}].Words[s.State].Is, s.State, s.Who, s.Why, false})
	}
	o.Delivered = append(o.Delivered, d)
}

func (o *Order) children(r Record, g *Grammar) {
	for _, k := range keys(r.Kids) {
		kid := r.Kids[k]
		if id, ok := strings.CutPrefix(k, KidCase); ok {
			said, m, _ := o.stand(KidCase, AxisCase, id, kid.Axes[AxisCase], g)
			c, _ := Get[Case](kid, RegCase)
			c.Lines = slices.Clone(c.Lines) // resolved below
			a := AfterSale{Key: id, State: cmp.Or(m.Is, CaseAsked), Theirs: said.State, Case: c}
			if c.AskedAt == 0 && len(kid.Axes[AxisCase]) > 0 {
				a.Case.AskedAt = sorted(kid.Axes[AxisCase])[0].At
			}
			if ruled(kid.Axes[AxisCase], g) {
				a.Ruled = AppealRejected
				if m.Is == CaseAgreed || m.Is == CaseRefunded || m.Is == CaseFailed {
					a.Ruled = AppealUpheld
				}
			}
			if made, n, ok := o.stand(KidCase, AxisAppeal, id, kid.Axes[AxisAppeal], g); ok {
				a.Appeal, a.AppealAt = n.Is, made.At
			}
			a.LostAt = lostAt(kid.Axes[AxisCase], g, cmp.Or(a.Case.AskedAt, o.Times.Placed))
			o.Cases = append(o.Cases, a)
		} else if id, ok := strings.CutPrefix(k, KidPayment); ok {
			said, m, _ := o.stand(KidPayment, AxisPayment, id, kid.Axes[AxisPayment], g)
			p, _ := Get[Payment](kid, RegPayment)
			o.Payments = append(o.Payments, PaymentNow{id, m.Is, said.State, p})
		} else if id, ok := strings.CutPrefix(k, KidReminder); ok {
			rem, _ := Get[Reminder](kid, RegReminder)
			now := ReminderNow{Key: id, Reminder: rem}
			if said := kid.Axes[AxisWork]; len(said) > 0 { // answered, as the platform has confirmed
				now.AnsweredAt = said[0].At
			}
			o.Reminders = append(o.Reminders, now)
		} else if id, ok := strings.CutPrefix(k, KidNote); ok {
			if n, ok := Get[Note](kid, RegNote); ok {
				o.Notes = append(o.Notes, NoteNow{id, true, n})
			}
		}
	}
}

func keys(m map[string]Record) []string {
	out := make([]string, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}

// ours adds what Tongdan itself knows.
func (o *Order) ours(own Record) {
	for _, s := range own.Axes[AxisWork] {
		if s.State == StateReady && o.Axes.Work == WorkAccepted {
			o.Axes.Work = WorkReady
		}
		if s.State == StateReady {
			o.Events = append(o.Events, Event{s.At, AxisWork, "", WorkReady, "", s.Who, s.Why, false})
		}
	}
	for _, s := range sorted(own.Axes[AxisDelivery]) {
		if s.State == StateHanded {
			o.handed = true
			o.Events = append(o.Events, Event{s.At, AxisDelivery, "", DeliveryDelivered, "", s.Who, s.Why, false})
		}
	}
	o.Making, _ = Get[Making](own, RegMaking)
	o.Made, _ = Get[Made](own, RegMade)
	for _, k := range keys(own.Kids) {
		kid := own.Kids[k]
		if id, ok := strings.CutPrefix(k, KidNote); ok {
			n, _ := Get[Note](kid, RegNote)
			o.Notes = append(o.Notes, NoteNow{id, len(kid.Axes[AxisWork]) > 0, n})
		} else if id, ok := strings.CutPrefix(k, KidDecision); ok {
			if d, ok := Get[Decision](kid, RegDecision); ok {
				o.Decisions = append(o.Decisions, DecisionNow{id, d})
			}
		} else if id, ok := strings.CutPrefix(k, KidReminder); ok {
			for i := range o.Reminders {
				if o.Reminders[i].Key == id && len(kid.Axes[AxisWork]) > 0 {
					o.Reminders[i].AnsweredAt = kid.Axes[AxisWork][0].At
				}
			}
		} else if id, ok := strings.CutPrefix(k, KidCase); ok {
			for i := range o.Cases {
				c := &o.Cases[i]
				if c.Key != id {
					continue
				}
				if seen, ok := Get[Seen](kid, RegSeen); ok {
					c.Seen = &seen
				}
				for _, s := range sorted(kid.Axes[AxisAppeal]) { // the last that was noted holds
					is, ok := rulings[s.State]
					if !ok || c.Appeal == "" {
						continue
					}
					c.Appeal, c.AppealAt, c.AppealBy = is, s.At, s.Who
				}
			}
		}
	}
	o.slowNoted(own)
	slices.SortStableFunc(o.Notes, func(a, b NoteNow) int { return cmp.Compare(a.At, b.At) })
}

func clip(s string) string { return s[:min(len(s), 60)] }
