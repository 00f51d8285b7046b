package order

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/money"
)

// First says what decides which of two statements on an axis holds now.
type First int

// RankFirst is for axes that never go back or give no times; TimeFirst for those that
// do go back (a rider who gives an order up).
const (
	RankFirst First = iota
	TimeFirst
)

// A Meaning is what a platform's word stands for on an axis.
type Meaning struct {
	Rank   int   // greater holds against lesser, as First says
	Is     State // our word
	ByTime bool  // of a case: the platform answered it, since nobody had in time
	Ruled  bool  // of a case: the platform decided between customer and merchant
}

// An Axis declares a platform's words on one axis and their order.
type Axis struct {
	First First
	Words map[string]Meaning // by their word; one that is absent is unknown
}

// On names an axis of a kind of record or child: {KindOrder, AxisWork},
// {KidCase, AxisCase}, {KindShipment, AxisDelivery}.
type On struct{ Kind, Axis string }

// A Grammar is everything about a platform that folding needs: pure data, declared in
// the connector's codes.go with its source. It is read only.
type Grammar struct {
	Realm        string
	Axes         map[On]Axis
	AcceptWithin time.Duration // from payment; 0 = nothing to accept by
	RefundWithin time.Duration // from the request; 0 = no deadline
	RefundChain  time.Duration // the same for large chains, where the platform gives them longer; 0 = it does not
	Acknowledge  bool          // the platform wants to hear that an order has arrived

	// Liable says who answers for a delivery that ended with one of the platform's reason
	// codes; one that is absent says nothing.
	Liable map[string]Party
}

// OfChain is the grammar for the shops of a large chain.
func (g *Grammar) OfChain() *Grammar {
	if g.RefundChain == 0 {
		return g
	}
	c := *g
	c.RefundWithin = g.RefundChain
	return &c
}

// holds finds what holds now. Unknown words are returned apart.
func (a Axis) holds(t Trail) (said Said, m Meaning, found bool, unknown []Said) {
	for _, s := range t {
		n, ok := a.Words[s.State]
		if !ok {
			unknown = append(unknown, s)
			continue
		}
		if !found || a.less(said, m, s, n) {
			said, m, found = s, n, true
		}
	}
	return said, m, found, unknown
}

func (a Axis) less(s Said, m Meaning, t Said, n Meaning) bool {
	byRank, byTime := cmp.Compare(m.Rank, n.Rank), cmp.Compare(s.At, t.At)
	if a.First == TimeFirst {
		byRank, byTime = byTime, byRank
	}
	return cmp.Or(byRank, byTime, cmp.Compare(s.Class, t.Class), s.compare(t)) < 0
}

// A Linked is a record that belongs to an order.
type Linked struct {
	Ref    Ref
	Record Record
}

// An Order is what a person sees: the fold over the records linked to it.
type Order struct {
	Ref       Ref
	ShopID    string // the platform's id of the shop, "" while unknown
	Head      Head
	Status    Status
	Flags     []Flag
	Axes      Axes
	Theirs    map[string]string // axis → their word
	Times     Times
	Sold      *Bill // as sold, nil while unknown
	Bill      *Bill // as it is now
	Refunded  money.Amount
	PaidSum   *money.Amount
	Customer  *Customer
	Remark    string
	Invoice   *Invoice
	Tags      []string
	Delivered []Delivery
	Cases     []AfterSale
	Payments  []PaymentNow
	Reminders []ReminderNow
	Notes     []NoteNow
	Making    Making        `json:",omitzero"`  // by our own people
	Made      Made          `json:",omitzero"`  // likewise
	Decisions []DecisionNow `json:",omitempty"` // of rules, by their question
	CancelBy  string        // who, in the platform's word; "" = not told
	CancelWhy string
	Deadlines []Deadline
	Issues    []Issue
	Events    []Event
	Settled   *Settled `json:",omitempty"` // what the platform said that it has settled
	Partial   bool     // the platform said that something is missing: read again

	label  State // of the parcel whose label is furthest behind; "" = the platform prints none
	mirror State // what the platform says of a delivery that rides of ours bring; "" = nothing
}

// A Delivery is one attempt to bring the order: a rider or a parcel.
type Delivery struct {
	Key     string
	Kind    string // rider or parcel
	State   State
	Theirs  string
	Rider   *Rider
	Parcel  *Parcel
	Updates []Event

	Ride   *Ride // of one that the platform has no part in; nil = the platform's own, or a parcel
	Fare   Fare  `json:",omitzero"`
	Place  *Position
	Silent int64   `json:",omitzero"` // since when its courier answers nothing, UTC ms; 0 = it answers, or nobody asks
	Liable *Liable // of one that went wrong; nil = nobody has said
}

// An AfterSale is one case as it stands.
type AfterSale struct {
	Key        string // theirs
	State      State
	Theirs     string
	Case       Case
	AnswerBy   int64
	Answerable bool
	LostAt     int64  `json:",omitempty"` // when the platform agreed to it by itself, since nobody had answered in time; 0 = it did not
	Seen       *Seen  `json:",omitempty"` // who has seen that it did; nil = nobody
	Ruled      State  `json:",omitempty"` // of a customer's appeal: AppealUpheld, the platform found for the customer, or AppealRejected; "" = it has not ruled
	Appeal     State  `json:",omitempty"` // of the merchant's own: AppealMade and then the ruling; "" = none was made
	AppealAt   int64  `json:",omitempty"`
	AppealBy   string `json:",omitempty"` // who noted the ruling
}

// A PaymentNow is one payment as it stands.
type PaymentNow struct {
	Key    string
	State  State
	Theirs string
	Payment
}

// A ReminderNow is a reminder and whether it was answered.
type ReminderNow struct {
	Key        string
	AnsweredAt int64
	Reminder
}

// A NoteNow is a note and whether the platform has it.
type NoteNow struct {
	Key        string
	OnPlatform bool
	Note
}

// A DecisionNow is a decision and its question: accept, or refund/ and the case.
type DecisionNow struct {
	Key string
	Decision
}

// DecisionOn finds the decision on a question; false when no rule has decided it.
func (o *Order) DecisionOn(key string) (Decision, bool) {
	for _, d := range o.Decisions {
		if d.Key == key {
			return d.Decision, true
		}
	}
	return Decision{}, false
}

// A Deadline is data: what must be done by when, and for which case.
type Deadline struct {
	Kind string `json:"kind"` // DueAccept, DueRefund, DueShip
	At   int64  `json:"at"`
	For  string `json:"for,omitempty"`
}

// The kinds of deadlines.
const (
	DueAccept = "accept"
	DueRefund = "answer_refund"
	DueShip   = "ship"
)

// A Severity says how bad an issue is. SevError raises FlagProblem.
type Severity string

// The severities.
const (
	SevInfo  Severity = "info"
	SevWarn  Severity = "warn"
	SevError Severity = "error"
)

// An Issue is something wrong inside an order, kept with it and shown. It never
// stops the order.
type Issue struct {
	Severity Severity `json:"severity"`
	Code     string   `json:"code"`
	Path     string   `json:"path,omitempty"`
	Message  string   `json:"message"`

	// Why is Message for screens. What a connector found is kept with it in the record, unless
	// it was kept before reasons were; what Fold or the hub found is found again with each fold.
	Why fault.Reason `json:"why,omitzero"`
}

// Found is an issue with its reason: what a connector keeps of what it could not read.
func Found(sev Severity, code, path string, why fault.Reason) Issue {
	return Issue{sev, code, path, why.Text, why}
}

// is reports whether two issues are the same: what is kept of them decides.
func (i Issue) is(j Issue) bool {
	return i.Severity == j.Severity && i.Code == j.Code && i.Path == j.Path && i.Message == j.Message
}

// The codes of issues that Fold finds.
const (
	IssueTotal     = "total_mismatch"
	IssueUnknown   = "unknown_status"
	IssueNoBill    = "no_bill"
	IssueNoShop    = "no_shop"
	IssueRefund    = "refund_exceeds_paid"
	IssueCaseLine  = "refund_line_unclear"
	IssueDisagree  = "platform_disagrees"
	IssueDelivery  = "delivery_failed"
	IssueNoCode    = "line_without_code"
	IssueField     = "field_unreadable" // raised by connectors
	IssuePartial   = "incomplete_from_platform"
	IssueNoStatus  = "no_status"
	IssueCurrency  = "currencies_differ"
	IssueOversized = "too_many_lines"
)

// An Event is one line of the timeline, from a platform's statement.
type Event struct {
	At     int64
	Axis   string
	Key    string // of the case or delivery
	State  State  // "" when their word is unknown
	Theirs string
	Who    string
	Why    string
	ByTime bool `json:",omitempty"` // of a case: said because nobody had answered in time
}

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
		cur.Rider = &rider
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
					is, ok := map[string]State{StateUpheld: AppealUpheld, StateRejected: AppealRejected}[s.State]
					if !ok || c.Appeal == "" {
						continue
					}
					c.Appeal, c.AppealAt, c.AppealBy = is, s.At, s.Who
				}
			}
		}
	}
	slices.SortStableFunc(o.Notes, func(a, b NoteNow) int { return cmp.Compare(a.At, b.At) })
}

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
	if o.mirror == DeliveryDelivered { // told in the platform's own app
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

// Complete reports whether enough is known for consequences: bill and shop.
func (o *Order) Complete() bool { return o.Bill != nil && o.ShopID != "" }

// Has reports whether a flag is raised.
func (o *Order) Has(f Flag) bool { return slices.Contains(o.Flags, f) }

func clip(s string) string { return s[:min(len(s), 60)] }
