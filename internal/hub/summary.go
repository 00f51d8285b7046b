package hub

import (
	"cmp"
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"github.com/tongdan/tongdan/channel"
	"github.com/tongdan/tongdan/effect"
	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/ident"
	"github.com/tongdan/tongdan/internal/db"
	"github.com/tongdan/tongdan/money"
	"github.com/tongdan/tongdan/order"
)

// A Summary is what a list shows of an order. It is computed when the order changes and
// stored, so that a list only copies bytes.
type Summary struct {
	ID          ident.Order       `json:"id"`
	Channel     string            `json:"channel"`
	Ref         string            `json:"ref" doc:"The platform's order id, as text."`
	DisplayRef  string            `json:"display_ref" doc:"The number that the customer sees."`
	DaySeq      string            `json:"day_seq,omitempty" doc:"The platform's daily number at the store."`
	PackRef     string            `json:"pack_ref,omitempty" doc:"Orders of one purchase share it."`
	Kind        order.Kind        `json:"kind" enum:"takeaway,ecommerce"`
	Logistics   order.Logistics   `json:"logistics,omitempty"`
	Origin      string            `json:"origin,omitempty" doc:"Of an order that was entered here: phone, counter, other."`
	Table       string            `json:"table,omitempty" doc:"Where it is eaten."`
	ShopID      ident.Shop        `json:"shop_id"`
	StoreID     ident.Store       `json:"store_id"`
	AccountID   ident.Account     `json:"account_id"`
	Status      order.Status      `json:"status" enum:"unpaid,new,accepted,ready,delivering,delivered,done,cancelled,replaced"`
	Flags       []order.Flag      `json:"flags" enum:"refund,reminder,problem,preorder,pickup,to_label,labelled,handover,lost,slow"`
	Axes        order.Axes        `json:"axes"`
	Theirs      map[string]string `json:"theirs" doc:"The platform's own words, by axis."`
	PlacedAt    int64             `json:"placed_at"`
	PaidAt      int64             `json:"paid_at"`
	PromisedAt  int64             `json:"promised_at" doc:"A chosen time; 0 = as soon as possible."`
	EstimatedAt int64             `json:"estimated_at,omitempty" doc:"When the platform tells the customer that it will come; 0 = not told."`
	Since       map[string]int64  `json:"since,omitempty" doc:"Since when it has been so, as far as the platform tells: new, accepted, sought, assigned, rider (waits at the store), on_the_way, silent (a courier answers nothing), refund, reminder, problem."`
	Lapsed      int64             `json:"lapsed_at,omitempty" doc:"When the platform cancelled it because nobody had accepted it; 0 = it did not."`
	Lost        []LostCase        `json:"lost,omitempty" doc:"Its refunds that the platform agreed to by itself, since nobody had answered in time."`
	MakingAt    int64             `json:"making_at,omitempty" doc:"Since when the kitchen makes it; 0 = nobody has said so."`
	MakingBy    string            `json:"making_by,omitempty"`
	ReadyByAt   int64             `json:"ready_by_at,omitempty" doc:"By when it must be made, of what is to be made."`
	BeginAt     int64             `json:"begin_at,omitempty" doc:"When making it must begin: a pre-order waits until then."`
	Deadline    *Deadline         `json:"deadline,omitempty" doc:"The platform's nearest; ready, by when it must be made, where the platform has set none."`
	Total       *money.Amount     `json:"total,omitempty"`
	Paid        *money.Amount     `json:"paid,omitempty"`
	LineCount   int               `json:"line_count"`
	Quantity    int64             `json:"quantity"`
	Lines       string            `json:"summary" doc:"What is in it, in short."`
	Items       []Item            `json:"items,omitempty" doc:"The first six lines, with what was chosen for each."`
	Remark      string            `json:"remark,omitempty"`
	Customer    *CustomerBrief    `json:"customer,omitempty"`
	Ride        *RideBrief        `json:"ride,omitempty" doc:"Who brings it beside the platform, while it goes on."`
	Issues      []Issue           `json:"issues"`
	Pending     []Pending         `json:"pending" doc:"Acts on their way to the platform, and the last one it refused."`
	Actions     []string          `json:"actions" doc:"The acts that are allowed now."`
	Auto        *Auto             `json:"auto,omitempty" doc:"What the store's rule for accepting has done, or why it waits."`
	Wrong       []Wrong           `json:"wrong,omitempty" doc:"Deliveries that went wrong, and who answers for them."`
	NoWay       int64             `json:"no_way_at,omitempty" doc:"When the store's rule for deliveries found nobody who can bring it: a person decides."`
}

// A Deadline is what must be done by when.
type Deadline struct {
	Kind string `json:"kind" enum:"accept,answer_refund,ship,meal,ready"`
	At   int64  `json:"at"`
	For  string `json:"for,omitempty"`
}

// An Issue is something wrong inside the order.
type Issue struct {
	Severity order.Severity `json:"severity" enum:"info,warn,error"`
	Code     string         `json:"code"`
	Path     string         `json:"path,omitempty"`
	Message  string         `json:"message"`
	Why      *fault.Reason  `json:"why,omitempty" doc:"The message for screens; not there in orders that were told before it was kept."`
}

// A RideBrief is who brings an order beside the platform.
type RideBrief struct {
	Key     string      `json:"key"`
	Way     string      `json:"way" enum:"own,courier"`
	Make    string      `json:"make,omitempty"`
	RiderID ident.Rider `json:"rider_id"`
	Name    string      `json:"name,omitempty" doc:"Of the rider, once there is one."`
}

// A Wrong is a delivery that went wrong, and who answers for it.
type Wrong struct {
	Key   string      `json:"key"`
	What  string      `json:"what" enum:"failed,returned,cancelled,late"`
	Party order.Party `json:"party" enum:"platform,courier,merchant,customer,unknown" doc:"unknown: no reason code says it, and nobody has said, or could."`
	Why   string      `json:"why,omitempty" doc:"The reason code with its words, or what a person wrote."`
	By    bool        `json:"by_person,omitempty" doc:"A person has said so."`
}

func wrongs(o *order.Order) (out []Wrong) {
	for _, d := range o.Delivered {
		what := o.Wrong(d)
		if what == "" {
			continue
		}
		w := Wrong{Key: d.Key, What: what, Party: order.PartyUnknown}
		if l := d.Liable; l != nil {
			w.Party, w.Why, w.By = l.Party, clip(l.Why, 100), l.By != ""
		}
		out = append(out, w)
	}
	return out
}

// A CustomerBrief is enough to find a person's order, and no more.
type CustomerBrief struct {
	Name      string `json:"name"`
	PhoneTail string `json:"phone_tail"`
	City      string `json:"city"`
}

// An Item is a line as a list shows it: what is made, and how.
type Item struct {
	Name     string `json:"name"`
	Quantity int64  `json:"quantity"`
	Options  string `json:"options,omitempty" doc:"Spec and options, with a dot between."`
	Note     string `json:"note,omitempty" doc:"What the customer asked for with this line."`
	Refunded int64  `json:"refunded,omitempty" doc:"So many of the quantity were refunded: they need not be made."`
	Pocket   int    `json:"pocket,omitempty" doc:"In which of several bags it goes; 0 = there is one."`
}

// Pending is an act on its way to the platform.
type Pending struct {
	EffectID ident.Effect  `json:"effect_id"`
	Kind     string        `json:"kind"`
	For      string        `json:"for,omitempty"`
	State    effect.State  `json:"state" enum:"waiting,sending,unknown,person,refused,void"`
	SinceAt  int64         `json:"since_at"`
	HeldTo   int64         `json:"held_until,omitempty" doc:"It is sent then and can be taken back before; by the wall clock."`
	Words    string        `json:"words,omitempty"`
	Why      *fault.Reason `json:"why,omitempty" doc:"The same for screens: a stable code with arguments, when the words are Tongdan's own."`
}

const (
	maxSummaryLines = 6
	maxRemark       = 120 // characters
	showRefused     = 10 * 60 * 1000
)

func (h *Hub) summarise(row *db.OrderRow, o *order.Order, info *channel.Info, effects []effect.Effect) *Summary {
	s := &Summary{
		ID: row.ID, Channel: row.Channel, Ref: row.Ref.ID, DisplayRef: cmp.Or(o.Head.Display, row.Ref.ID), DaySeq: o.Head.DaySeq, PackRef: o.Head.Pack,
		Kind: row.Kind, Logistics: row.Logistics, Origin: o.Head.Origin, Table: o.Head.Table, ShopID: row.Shop, StoreID: row.Store, AccountID: row.Account,
		Status: o.Status, Flags: o.Flags, Axes: o.Axes, Theirs: o.Theirs,
		PlacedAt: o.Times.Placed, PaidAt: o.Times.Paid, PromisedAt: o.Times.Promised, EstimatedAt: o.Times.Estimated,
		Paid: o.PaidSum, Remark: clip(o.Remark, maxRemark), Issues: issues(o.Issues), Pending: pending(effects),
	}
	if s.Flags == nil {
		s.Flags = []order.Flag{}
	}
	s.ReadyByAt, s.BeginAt = readyBy(o, row.Kind, h.paceOf(row))
	if o.Status == order.StatusAccepted {
		s.MakingAt, s.MakingBy = o.Making.At, o.Making.By
	}
	if len(o.Deadlines) > 0 {
		d := o.Deadlines[0]
		s.Deadline = &Deadline{d.Kind, d.At, d.For}
	}
	if o.Bill != nil {
		s.Total, s.LineCount = &o.Bill.Total, len(o.Bill.Lines)
		var parts []string
		for i, l := range o.Bill.Lines {
			s.Quantity += l.Quantity
			if i < maxSummaryLines {
				parts = append(parts, clip(l.Name, 40)+"×"+strconv.FormatInt(l.Quantity, 10))
				options := slices.DeleteFunc(append([]string{l.Spec}, l.Options...), func(s string) bool { return s == "" })
				s.Items = append(s.Items, Item{clip(l.Name, 40), l.Quantity, clip(strings.Join(options, " · "), 60), clip(l.Note, 60), l.Refunded, l.Pocket})
			}
		}
		s.Lines = strings.Join(parts, " · ")
	}
	if c := o.Customer; c != nil {
		s.Customer = &CustomerBrief{clip(c.Name, 24), phoneTail(c.Phone), c.City}
	}
	s.Actions = []string{}
	if info != nil {
		for _, p := range order.Permits(o, info.Acts()) {
			if p.Allowed && !slices.Contains(s.Actions, string(p.Kind)) && !blocked(s.Pending, p) {
				s.Actions = append(s.Actions, string(p.Kind))
			}
		}
	}
	if d, ok := o.Riding(); ok {
		s.Ride = &RideBrief{Key: d.Key, Way: d.Ride.Way, Make: d.Ride.Make}
		if s.Ride.RiderID.UnmarshalText([]byte(d.Ride.Rider)) != nil {
			s.Ride.RiderID = 0
		}
		if d.Rider != nil {
			s.Ride.Name = d.Rider.Name
		}
	}
	s.Since = sinceOf(o)
	s.Auto = autoOf(o, effects)
	s.NoWay, s.Wrong = noWay(o), wrongs(o)
	s.Lapsed = lapsedAt(o, info)
	s.Lost = lostOf(o)
	// The moment and the number of the change are the row's: whoever shows it adds them.
	return s
}

// lapsedAt is when the platform cancelled an order because nobody had accepted it in time; 0 = it did not.
func lapsedAt(o *order.Order, info *channel.Info) int64 {
	if o.Status != order.StatusCancelled || info == nil {
		return 0
	}
	i := slices.IndexFunc(info.Penalties, func(p channel.Penalty) bool { return p.Counter == channel.CountLapsed })
	if i < 0 {
		return 0
	}
	at := int64(0)
	for _, e := range o.Events {
		switch {
		case e.Axis == order.AxisWork && e.State == order.WorkAccepted:
			return 0
		case e.Axis == order.AxisWork && e.State == order.WorkCancelled:
			if code, _, _ := strings.Cut(e.Why, " "); code == info.Penalties[i].Cause {
				at = max(at, e.At)
			}
		}
	}
	return at
}

// sinceOf tells since when an order has waited for what it waits for.
func sinceOf(o *order.Order) map[string]int64 {
	out := map[string]int64{}
	note := func(what string, at int64, earliest bool) {
		if was, ok := out[what]; at > 0 && (!ok || earliest == (at < was)) {
			out[what] = at
		}
	}
	switch o.Status {
	case order.StatusNew:
		note("new", max(o.Times.Placed, o.Times.Paid), false)
	case order.StatusAccepted:
		for _, e := range o.Events {
			if e.Axis == order.AxisWork && e.State == order.WorkAccepted {
				note("accepted", e.At, true)
			}
		}
		note("accepted", cmp.Or(out["accepted"], max(o.Times.Placed, o.Times.Paid)), true)
	}
	for _, d := range o.Delivered {
		if d.Live() {
			note("silent", d.Silent, true)
		}
		for _, u := range d.Updates {
			switch {
			case d.State == order.DeliveryAtStore && u.State == order.DeliveryAtStore:
				note("rider", u.At, true)
			case d.State == order.DeliverySought && u.State == order.DeliverySought:
				note("sought", u.At, false)
			case d.State == order.DeliveryAssigned && u.State == order.DeliveryAssigned:
				note("assigned", u.At, false)
			case d.State == order.DeliveryOnTheWay && u.State == order.DeliveryOnTheWay:
				note("on_the_way", u.At, false)
			case d.State == order.DeliveryFailed && u.State == order.DeliveryFailed:
				note("problem", u.At, false)
			}
		}
	}
	for _, c := range o.Cases {
		if c.Answerable {
			note("refund", c.Case.AskedAt, true)
		}
	}
	for _, r := range o.Reminders {
		if r.AnsweredAt == 0 {
			note("reminder", r.At, false)
		}
	}
	if len(out) == 0 {
		return nil
	}
	return out
}

// blocked reports whether an act waits for another one that is under way.
func blocked(list []Pending, p order.Permit) bool {
	return !p.Local && slices.ContainsFunc(list, func(x Pending) bool {
		return x.State.Open() && (x.Kind == string(p.Kind) && x.For == p.For || contradict(order.ActionKind(x.Kind), p.Kind))
	})
}

// contradict reports whether two acts must not be under way together.
func contradict(a, b order.ActionKind) bool {
	group := func(k order.ActionKind) int {
		switch k {
		case order.Accept, order.Refuse, order.Cancel, order.Ship:
			return 1
		case order.RefundApprove, order.RefundRefuse, order.RefundPartial:
			return 2
		case order.CallRider, order.Tip, order.RecallRider, order.DeliverSelf, order.Dispatch:
			return 3
		}
		return 0
	}
	return a != b && group(a) > 0 && group(a) == group(b)
}

func pending(list []effect.Effect) []Pending {
	out := []Pending{}
	for _, e := range list {
		if e.Kind == kindRead || e.Kind == string(channel.Acknowledge) || e.Kind == string(channel.TellRider) || e.Kind == kindRideLook || inHouse(e.Kind) {
			continue
		}
		if e.State.Open() || e.State == effect.Refused || (e.State == effect.Void && !e.Why.IsZero() && e.Why.Code != takenBack.Code) {
			out = append(out, Pending{e.ID, e.Kind, e.Case, e.State, e.Made, heldTo(e), e.Why.Text, e.Why.Coded()})
		}
	}
	// Open ones first, then the newest refusal of each kind that nothing came after.
	slices.SortFunc(out, func(a, b Pending) int {
		if a.State.Open() != b.State.Open() {
			if a.State.Open() {
				return -1
			}
			return 1
		}
		return cmp.Compare(b.SinceAt, a.SinceAt)
	})
	kept := out[:0]
	for _, p := range out {
		if p.State.Open() || !slices.ContainsFunc(kept, func(q Pending) bool { return q.Kind == p.Kind && q.For == p.For }) {
			kept = append(kept, p)
		}
	}
	return kept
}

// heldTo is until when an act is held back to be taken back; 0 = it is not.
func heldTo(e effect.Effect) int64 {
	if e.State == effect.Waiting && e.Attempts == 0 && e.Called == "" && Holdable(order.ActionKind(e.Kind)) && e.NextAt > e.Changed {
		return e.NextAt
	}
	return 0
}

func issues(list []order.Issue) []Issue {
	out := make([]Issue, 0, len(list))
	for _, i := range list {
		out = append(out, Issue{i.Severity, i.Code, i.Path, clip(i.Message, 300), i.Why.Coded()})
	}
	return out
}

func clip(s string, n int) string {
	r := []rune(s)
	if len(r) <= n {
		return s
	}
	return string(r[:n]) + "…"
}

// phoneTail is the last four digits. Of a privacy number (18500000000_3473) those are the
// extension's: the number before it is a relay that all customers share.
func phoneTail(p string) string {
	if len(p) < 4 {
		return ""
	}
	return p[len(p)-4:]
}

// Encoded is a stored summary, as it was written.
type Encoded = json.RawMessage
