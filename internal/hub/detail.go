package hub

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"
	"unicode/utf8"

	"github.com/tongdan/tongdan/channel"
	"github.com/tongdan/tongdan/effect"
	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/ident"
	"github.com/tongdan/tongdan/internal/db"
	"github.com/tongdan/tongdan/internal/rule"
	"github.com/tongdan/tongdan/money"
	"github.com/tongdan/tongdan/order"
	"github.com/tongdan/tongdan/role"
)

// A Detail is everything about one order, as the API gives it beside the Summary.
type Detail struct {
	Summary    json.RawMessage `json:"-"`
	Row        db.OrderRow     `json:"-"`
	Lines      []order.Line    `json:"lines"`
	Money      Money           `json:"money"`
	Customer   *Customer       `json:"customer_full,omitempty"`
	Notes      []Note          `json:"notes"`
	Invoice    *order.Invoice  `json:"invoice,omitempty"`
	Payments   []Payment       `json:"payments"`
	Deliveries []Delivery      `json:"deliveries"`
	AfterSales []AfterSale     `json:"after_sales"`
	Slow       *SlowMark       `json:"slow,omitempty" doc:"What the platform holds against how it was made."`
	Reminders  []Reminder      `json:"reminders"`
	Deadlines  []Deadline      `json:"deadlines"`
	ActionList []Action        `json:"action_list"`
	Timeline   []Moment        `json:"timeline"`
	SamePack   []SamePack      `json:"same_pack"`
	RemarkFull string          `json:"remark_full,omitempty"`
	CancelBy   string          `json:"cancel_by,omitempty"`
	CancelWhy  string          `json:"cancel_why,omitempty"`
	Tags       []string        `json:"tags,omitempty"`
	Entry      int64           `json:"entry_version,omitempty"`
}

// Money explains the total to the cent.
type Money struct {
	Goods     *money.Amount    `json:"goods,omitempty"`
	Packing   *money.Amount    `json:"packing,omitempty"`
	Delivery  *money.Amount    `json:"delivery,omitempty"`
	Tip       *money.Amount    `json:"tip,omitempty"`
	Tax       *money.Amount    `json:"tax,omitempty"`
	Fees      []order.Fee      `json:"fees"`
	Discounts []order.Discount `json:"discounts"`
	Total     *money.Amount    `json:"total,omitempty"`
	Paid      *money.Amount    `json:"paid,omitempty"`
	Refunded  *money.Amount    `json:"refunded,omitempty"`
	Income    *money.Amount    `json:"income,omitempty"`
}

// A Customer is who gets it. Without the right to personal data the parts are masked; with
// it a real number and the address are covered until somebody asks (Uncover).
type Customer struct {
	order.Customer
	Masked  bool     `json:"masked"`
	Covered []string `json:"covered" enum:"phone,address" doc:"What is hidden until it is asked for, which is recorded."`
}

// A Note is the merchant's own remark.
type Note struct {
	Text    string `json:"text"`
	By      string `json:"by"`
	At      int64  `json:"at"`
	Visible string `json:"visible" enum:"platform,tongdan"`
}

// A Payment is one payment.
type Payment struct {
	Key    string        `json:"key"`
	State  order.State   `json:"state"`
	Theirs string        `json:"theirs"`
	Method string        `json:"method"`
	Amount *money.Amount `json:"amount,omitempty"`
	At     int64         `json:"at"`

	Tendered *money.Amount `json:"tendered,omitempty" doc:"What was handed over in cash."`
}

// A Delivery is one attempt to bring it.
type Delivery struct {
	Key      string       `json:"key"`
	Kind     string       `json:"kind" enum:"rider,parcel"`
	State    order.State  `json:"state"`
	Theirs   string       `json:"theirs"`
	Rider    *order.Rider `json:"rider,omitempty"`
	Carrier  string       `json:"carrier,omitempty"`
	Tracking string       `json:"tracking,omitempty"`
	URL      string       `json:"tracking_url,omitempty"`
	ShipBy   int64        `json:"ship_by_at"`
	Updates  []Update     `json:"updates"`

	Way      string          `json:"way" enum:"platform,own,courier,parcel" doc:"Who brings it: the platform's riders, the store's own, a courier, a parcel's carrier."`
	Make     string          `json:"make,omitempty" doc:"The courier's word: dada."`
	Planned  bool            `json:"planned" doc:"It waits until the attempt before it is over."`
	Fee      *money.Amount   `json:"fee,omitempty"`
	Tip      *money.Amount   `json:"tip,omitempty"`
	Penalty  *money.Amount   `json:"penalty,omitempty" doc:"What cancelling it cost."`
	Place    *order.Position `json:"place,omitempty"`
	Wrong    string          `json:"wrong,omitempty" enum:"failed,returned,cancelled,late" doc:"What went wrong, where anything did: somebody answers for it."`
	Liable   *Liable         `json:"liable,omitempty"`
	LastedAt int64           `json:"last_at" doc:"When somebody last said something of it."`
	Steps    []RideStep      `json:"steps" doc:"What the store's rule did about it, or left to a person."`
}

// A RideStep is what a rule has decided about a delivery, with every condition.
type RideStep struct {
	Step    string         `json:"step" enum:"tip,switch"`
	At      int64          `json:"at"`
	Yes     bool           `json:"yes" doc:"false: it is left to a person."`
	Tip     *money.Amount  `json:"tip,omitempty" doc:"Its tip since, in all."`
	Way     string         `json:"way,omitempty" enum:"platform,crowd,courier,own" doc:"Who was asked instead."`
	Name    string         `json:"name,omitempty" doc:"Of the courier or the rider."`
	Grounds []order.Ground `json:"grounds"`
}

// A Liable says who answers for a delivery that went wrong.
type Liable struct {
	Party  order.Party `json:"party" enum:"platform,courier,merchant,customer,unknown"`
	Why    string      `json:"why,omitempty"`
	ByName string      `json:"by_name,omitempty" doc:"Who said so; empty: it follows from the reason code."`
	At     int64       `json:"at"`
}

// An Update is one state of a delivery.
type Update struct {
	State  order.State `json:"state"`
	Theirs string      `json:"theirs"`
	At     int64       `json:"at"`
}

// An AfterSale is one case.
type AfterSale struct {
	Key        string           `json:"key"`
	Kind       string           `json:"kind" enum:"full,partial"`
	State      order.State      `json:"state"`
	Theirs     string           `json:"theirs"`
	Amount     *money.Amount    `json:"amount,omitempty"`
	Reason     string           `json:"reason"`
	Pictures   []string         `json:"pictures"`
	Lines      []order.CaseLine `json:"lines"`
	AskedAt    int64            `json:"asked_at"`
	AnswerBy   int64            `json:"answer_by_at"`
	Answerable bool             `json:"answerable"`
	LostAt     int64            `json:"lost_at,omitempty" doc:"When the platform agreed to it by itself, since nobody had answered in time."`
	SeenAt     int64            `json:"seen_at,omitempty" doc:"When somebody said to have seen that."`
	SeenBy     string           `json:"seen_by,omitempty"`
	Ruled      order.State      `json:"ruled,omitempty" enum:"upheld,rejected" doc:"What the platform decided of the customer's appeal."`
	CanAppeal  bool             `json:"can_appeal" doc:"The platform takes an appeal of the merchant against it: the act refund_appeal."`
	Appeal     order.State      `json:"appeal,omitempty" enum:"made,upheld,rejected" doc:"Of the merchant's appeal. The ruling is what somebody has noted (the act appeal_ruled), where the platform does not tell it."`
	AppealAt   int64            `json:"appeal_at,omitempty"`
	AppealBy   string           `json:"appeal_by,omitempty" doc:"Who noted the ruling."`
	Decision   *order.Decision  `json:"decision,omitempty" doc:"What the store's rule has decided of it."`
	Advice     *Advice          `json:"advice,omitempty" doc:"What the store's rule, or the usual one, would say of it now."`
}

// A SlowMark says that the platform holds it against the store how an order was made.
type SlowMark struct {
	State     order.State `json:"state" enum:"unreported,late,untrue,spared" doc:"Nobody said that it was ready; it was said too late; the platform does not believe it; it was let off."`
	Theirs    string      `json:"theirs"`
	CanAppeal bool        `json:"can_appeal" doc:"The platform takes an appeal against it: the act slow_appeal."`
	Appeal    order.State `json:"appeal,omitempty" enum:"made,upheld,rejected" doc:"Of the merchant's appeal. The ruling is what somebody has noted (the act appeal_ruled for slow), unless it was let off."`
	AppealAt  int64       `json:"appeal_at,omitempty"`
	AppealBy  string      `json:"appeal_by,omitempty" doc:"Who noted the ruling."`
	SeenAt    int64       `json:"seen_at,omitempty" doc:"When somebody said to have seen it: it is no message any more."`
	SeenBy    string      `json:"seen_by,omitempty"`
}

// slowOf is the mark as it is shown; nil where there is none.
func slowOf(o *order.Order) *SlowMark {
	if o.Slow == nil {
		return nil
	}
	s := &SlowMark{State: o.Slow.State, Theirs: o.Slow.Theirs, CanAppeal: o.Slow.State != order.SlowSpared && o.Slow.Appeal == "", Appeal: o.Slow.Appeal, AppealAt: o.Slow.AppealAt, AppealBy: o.Slow.AppealBy}
	if o.Slow.Seen != nil {
		s.SeenAt, s.SeenBy = o.Slow.Seen.At, o.Slow.Seen.By
	}
	return s
}

// A Reminder is a customer who asks where it is.
type Reminder struct {
	Key        string `json:"key"`
	At         int64  `json:"at"`
	AnsweredAt int64  `json:"answered_at"`
	Text       string `json:"text,omitempty"`
}

// An Action is one act with whether it is allowed and what it needs.
type Action struct {
	Kind    order.ActionKind `json:"kind"`
	Allowed bool             `json:"allowed"`
	Why     *fault.Reason    `json:"why,omitempty"`
	Final   bool             `json:"final"`
	For     string           `json:"for,omitempty"`
	Local   bool             `json:"local" doc:"It stays in Tongdan: the platform has no call for it."`
	Note    *channel.Text    `json:"note,omitempty"`
	Fields  []ActionField    `json:"fields"`
}

// An ActionField is one thing an act needs.
type ActionField struct {
	Name     string         `json:"name"`
	Type     string         `json:"type" enum:"text,choice,lines,money,pictures"`
	Required bool           `json:"required"`
	Max      int            `json:"max"`
	Label    channel.Text   `json:"label"`
	Choices  []ActionChoice `json:"choices"`
}

// An ActionChoice is a reason that the platform takes.
type ActionChoice struct {
	Value   string `json:"value"`
	LabelZH string `json:"label_zh"`
	LabelEN string `json:"label_en"`
}

// A Moment is one line of the timeline, which joins what the platform said with what
// people did and what was sent.
type Moment struct {
	At      int64             `json:"at"`
	Kind    string            `json:"kind" enum:"fact,act,decision,call"`
	Axis    string            `json:"axis,omitempty"`
	Code    string            `json:"text_code"`
	Params  map[string]string `json:"params"`
	By      string            `json:"by,omitempty" doc:"usr_… or key_… of who acted here; the platform's word for who acted there."`
	ByName  string            `json:"by_name,omitempty"`
	TookMS  int64             `json:"took_ms,omitempty"`
	Journal string            `json:"journal_id,omitempty"`
	Grounds []order.Ground    `json:"grounds,omitempty" doc:"Of a decision by rule: every condition and whether it was met."`
}

// SamePack names another order of the same purchase.
type SamePack struct {
	ID  ident.Order `json:"id"`
	Ref string      `json:"ref"`
}

// Detail gives one order. An order that is not the caller's is fault.NotFound.
func (h *Hub) Detail(ctx context.Context, who Actor, id ident.Order) (*Detail, error) {
	const op = "hub.Detail"
	row, recs, effects, err := h.db.Order(ctx, who.Scope, id)
	if err != nil {
		return nil, fault.Wrap(op, err)
	}
	info := h.info(row.Channel, row.Ref.Realm)
	o := h.fold(&row, recs, info)
	h.dueReady(&row, &o, kindOf(&o, info))
	d := &Detail{
		Summary: row.Summary, Row: row, Invoice: o.Invoice, RemarkFull: o.Remark, CancelBy: o.CancelBy, CancelWhy: o.CancelWhy, Tags: o.Tags,
		Lines: []order.Line{}, Notes: []Note{}, Payments: []Payment{}, Deliveries: []Delivery{}, AfterSales: []AfterSale{},
		Reminders: []Reminder{}, Deadlines: []Deadline{}, ActionList: []Action{}, SamePack: []SamePack{},
	}
	if o.Bill != nil {
		d.Lines = o.Bill.Lines
		for _, x := range order.TakesOf(&o) {
			i := slices.IndexFunc(d.Lines, func(l order.Line) bool { return l.Key == x.Line })
			d.Lines[i].Wasted = x.Wasted
		}
	}
	if h.Own(row.Channel) {
		d.Entry = entryVersion(recs, row.Ref)
	}
	d.Money = explain(&o)
	if o.Customer != nil {
		if who.Personal {
			c, covered := cover(*o.Customer)
			d.Customer = &Customer{c, false, covered}
		} else {
			d.Customer = &Customer{mask(*o.Customer), true, []string{}}
		}
	}
	if d.Invoice != nil && !who.Personal {
		d.Invoice = &order.Invoice{Title: firstOf(d.Invoice.Title)}
	}
	for _, n := range o.Notes {
		visible := "tongdan"
		if n.OnPlatform {
			visible = "platform"
		}
		d.Notes = append(d.Notes, Note{n.Text, n.By, n.At, visible})
	}
	for _, p := range o.Payments {
		d.Payments = append(d.Payments, Payment{p.Key, p.State, p.Theirs, p.Method, p.Amount, p.At, p.Tendered})
	}
	var names map[string]string
	for _, x := range o.Delivered {
		v := Delivery{Key: x.Key, Kind: x.Kind, State: x.State, Theirs: x.Theirs, Rider: x.Rider, Updates: []Update{}}
		if x.Parcel != nil {
			v.Carrier, v.Tracking, v.URL, v.ShipBy = x.Parcel.Carrier, x.Parcel.Tracking, x.Parcel.URL, x.Parcel.ShipBy
		}
		for _, u := range x.Updates {
			v.Updates = append(v.Updates, Update{u.State, u.Theirs, u.At})
			v.LastedAt = max(v.LastedAt, u.At)
		}
		h.rideDetail(&v, &x)
		v.Steps, v.Wrong = rideSteps(&o, &v), o.Wrong(x)
		if l := x.Liable; l != nil {
			if l.By != "" && names == nil {
				if names, err = h.actors(ctx, who.Merchant); err != nil {
					return nil, fault.Wrap(op, err)
				}
			}
			v.Liable = &Liable{l.Party, l.Why, names[l.By], l.At}
		}
		d.Deliveries = append(d.Deliveries, v)
	}
	for _, c := range o.Cases {
		kind := "partial"
		if c.Case.Full {
			kind = "full"
		}
		d.AfterSales = append(d.AfterSales, AfterSale{
			Key: c.Key, Kind: kind, State: c.State, Theirs: c.Theirs, Amount: c.Case.Amount, Reason: c.Case.Reason, Pictures: orEmpty(c.Case.Pictures),
			Lines: orEmpty(c.Case.Lines), AskedAt: c.Case.AskedAt, AnswerBy: c.AnswerBy, Answerable: c.Answerable, LostAt: c.LostAt, Ruled: c.Ruled,
			CanAppeal: c.Case.CanAppeal && c.Appeal == "", Appeal: c.Appeal, AppealAt: c.AppealAt, AppealBy: c.AppealBy,
		})
		a := &d.AfterSales[len(d.AfterSales)-1]
		if c.Seen != nil {
			a.SeenAt, a.SeenBy = c.Seen.At, c.Seen.By
		}
		if x, ok := o.DecisionOn(rule.Question(rule.KindRefund, c.Key)); ok {
			a.Decision = &x
		}
		if c.Answerable && kindOf(&o, info) == order.Takeaway {
			if a.Advice, err = h.advise(ctx, &row, &o, &c); err != nil {
				return nil, fault.Wrap(op, err)
			}
		}
	}
	d.Slow = slowOf(&o)
	for _, r := range o.Reminders {
		d.Reminders = append(d.Reminders, Reminder{r.Key, r.At, r.AnsweredAt, r.Text})
	}
	for _, x := range o.Deadlines {
		d.Deadlines = append(d.Deadlines, Deadline{x.Kind, x.At, x.For})
	}
	if info != nil {
		d.ActionList = actions(&o, info, pending(effects), who)
	}
	if d.Timeline, err = h.timeline(ctx, who, &o, row, recs, effects); err != nil {
		return nil, fault.Wrap(op, err)
	}
	if o.Head.Pack != "" {
		rows, _, err := h.db.Orders(ctx, who.Scope, db.Filter{Query: o.Head.Pack, Limit: 20})
		if err != nil {
			return nil, fault.Wrap(op, err)
		}
		for _, r := range rows {
			if r.ID != id && r.Channel == row.Channel {
				d.SamePack = append(d.SamePack, SamePack{r.ID, r.Ref.ID})
			}
		}
	}
	return d, nil
}

func explain(o *order.Order) Money {
	m := Money{Fees: []order.Fee{}, Discounts: []order.Discount{}, Paid: o.PaidSum}
	if !o.Refunded.IsZero() {
		m.Refunded = &o.Refunded
	}
	if o.Bill == nil {
		return m
	}
	var goods []money.Amount
	for _, l := range o.Bill.Lines {
		goods = append(goods, l.Total)
	}
	if sum, err := money.Sum(goods...); err == nil && len(goods) > 0 {
		m.Goods = &sum
	}
	m.Packing, m.Delivery, m.Tip, m.Tax, m.Total, m.Income = o.Bill.Packing, o.Bill.Delivery, o.Bill.Tip, o.Bill.Tax, &o.Bill.Total, o.Bill.Income
	m.Fees, m.Discounts = orEmpty(o.Bill.Fees), orEmpty(o.Bill.Discounts)
	return m
}

func actions(o *order.Order, info *channel.Info, under []Pending, who Actor) []Action {
	var out []Action
	for _, p := range order.Permits(o, info.Acts()) {
		a := Action{Kind: p.Kind, Allowed: p.Allowed, Final: p.Kind.Final(), For: p.For, Local: p.Local, Fields: []ActionField{}}
		if !p.Allowed {
			why := p.Why
			a.Why = &why
		} else if right := role.ActOn(string(p.Kind)); who.May("hub.actions", right) != nil {
			why := role.Why(right)
			a.Allowed, a.Why = false, &why
		} else if blocked(under, p) {
			why := fault.Because("being_sent", "an act is being sent for this order")
			a.Allowed, a.Why = false, &why
		}
		if power, ok := info.Power(p.Kind); ok {
			if power.Note != (channel.Text{}) {
				note := power.Note
				a.Note = &note
			}
			for _, f := range power.Fields {
				field := ActionField{Name: f.Name, Type: f.Type, Required: f.Required, Max: cmp.Or(f.Max, 200), Label: f.Label, Choices: []ActionChoice{}}
				if f.Type == "choice" {
					for _, c := range info.Reasons[p.Kind] {
						field.Choices = append(field.Choices, ActionChoice{c.Code, c.Label.ZH, c.Label.EN})
					}
				}
				a.Fields = append(a.Fields, field)
			}
		}
		out = append(out, a)
	}
	slices.SortStableFunc(out, func(a, b Action) int { // allowed ones first
		switch {
		case a.Allowed == b.Allowed:
			return 0
		case a.Allowed:
			return -1
		}
		return 1
	})
	return out
}

const maxTimeline = 200

// timeline joins the platform's facts, people's acts and the calls that were made.
func (h *Hub) timeline(ctx context.Context, who Actor, o *order.Order, row db.OrderRow, recs []order.Linked, effects []effect.Effect) ([]Moment, error) {
	out := []Moment{}
	if o.Times.Placed > 0 {
		out = append(out, Moment{At: o.Times.Placed, Kind: "fact", Code: "placed", Params: map[string]string{}})
	}
	for _, e := range o.Events {
		code := string(e.State)
		if e.ByTime {
			code = "lost"
		}
		out = append(out, Moment{At: e.At, Kind: "fact", Axis: e.Axis, Code: code, Params: map[string]string{"theirs": e.Theirs, "key": e.Key, "why": e.Why}, By: e.Who})
	}
	for _, r := range o.Reminders {
		out = append(out, Moment{At: r.At, Kind: "fact", Code: "reminder", Params: map[string]string{"key": r.Key}})
	}
	entries, err := h.db.HeadsOf(ctx, row, recs, maxTimeline)
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		switch e.Direction {
		case db.Act, db.Decision:
			if e.What == actMade || e.What == actNotMade { // beside the act that says it
				continue
			}
			m := Moment{At: e.At.UnixMilli(), Kind: string(e.Direction), Code: e.What, Params: map[string]string{"outcome": e.Outcome}, By: e.By, Journal: e.ID.String()}
			for _, d := range o.Decisions {
				if e.Direction == db.Decision && d.At == m.At && rule.Actor(d.Rule) == e.By {
					m.Grounds = d.Grounds
				}
			}
			out = append(out, m)
		case db.Call:
			if e.Method == "" {
				continue
			}
			out = append(out, Moment{At: e.At.UnixMilli(), Kind: "call", Code: e.What, Params: map[string]string{"outcome": e.Outcome, "status": itoa(e.Status)}, TookMS: e.Took.Milliseconds(), Journal: e.ID.String()})
		}
	}
	names, err := h.actors(ctx, who.Merchant)
	if err != nil {
		return nil, err
	}
	for i := range out {
		out[i].ByName = names[out[i].By]
	}
	slices.SortStableFunc(out, func(a, b Moment) int { return cmp.Compare(a.At, b.At) })
	if len(out) > maxTimeline {
		out = out[len(out)-maxTimeline:]
	}
	return out, nil
}

// mask leaves enough to recognise a person on the phone, and no more.
func mask(c order.Customer) order.Customer {
	out := order.Customer{PhoneKind: "masked", City: c.City, State: c.State, Country: c.Country}
	out.Name = firstOf(c.Name)
	if t := phoneTail(c.Phone); t != "" {
		out.Phone = "*******" + t
	}
	if n := utf8.RuneCountInString(c.Address); n > 0 {
		out.Address = clip(c.Address, min(6, n/2)) // the street, never the door
	}
	return out
}

// firstOf is a name as far as everybody may see it: its first character.
func firstOf(name string) string {
	for _, r := range name {
		return string(r) + "**"
	}
	return ""
}

func orEmpty[T any](s []T) []T {
	if s == nil {
		return []T{}
	}
	return s
}
