package hub

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/tongdan/tongdan/channel"
	"github.com/tongdan/tongdan/effect"
	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/ident"
	"github.com/tongdan/tongdan/internal/db"
	"github.com/tongdan/tongdan/internal/mutant"
	"github.com/tongdan/tongdan/internal/point"
	"github.com/tongdan/tongdan/internal/rule"
	"github.com/tongdan/tongdan/money"
	"github.com/tongdan/tongdan/order"
	"github.com/tongdan/tongdan/role"
)

// An Act is what somebody wants done with an order.
type Act struct {
	Kind       order.ActionKind
	For        string // the after-sale; "" = the only one that waits
	ReasonCode string
	Reason     string
	Text       string
	Courier    order.Rider
	Carrier    string
	Tracking   string
	Lines      []ActLine
	Pictures   []string // each an address, or one that is kept with the order
	Amount     string   // of money, in the order's currency: "6.5"
	Key        string   // the caller's Idempotency-Key: the same deed twice is one deed
	ByCode     bool     // of a hand-over: the customer's code was scanned, or its whole number typed

	// Pressed is when a person pressed it, by the trade's clock, where that was earlier
	// than the service heard of it; the zero time is now.
	Pressed time.Time

	// Hold is how long the act is kept before it is sent, so that it can be taken back
	// (Withdraw). It is durable from the start and survives a restart. At most MaxHold, on the
	// wall clock; only for acts of Holdable.
	Hold time.Duration

	undo bool // takes back what the same person has just entered: no right beyond that is asked for
}

// MaxHold is the longest that an act may be held back.
const MaxHold = 30 * time.Second

// Holdable reports whether an act may be held back before it is sent. Accepting goes at once,
// since the platform counts the minutes; what is final is asked before and not after.
func Holdable(k order.ActionKind) bool {
	return k == order.Ready || k == order.Dispatch || k == order.Deliver
}

// An ActLine is a line to refund, by its key in the bill.
type ActLine struct {
	Line     string `json:"line" maxLength:"64"`
	Quantity int64  `json:"quantity" minimum:"1" maximum:"100000"`
}

// Done says what became of an act.
type Done struct {
	Effect  ident.Effect
	State   effect.State // Done at once when it stays in Tongdan or was so already
	Already *Already
	Seq     int64
}

// Already says that somebody was faster: news, not an error.
type Already struct {
	By   string // usr_…, key_…, or the channel where it was done
	Name string // of the person, when it was done here
	At   int64
}

// Act records what somebody wants and makes it an effect. It fails with fault.Conflict
// and the reason when the order's state forbids it, with fault.Forbidden when the
// caller's role does, with fault.NotFound for an order that is not the caller's.
func (h *Hub) Act(ctx context.Context, who Actor, id ident.Order, a Act) (Done, error) {
	const op = "hub.Act"
	if err := a.check(); err != nil {
		return Done{}, err
	}
	if mutant.On(mutant.SkipDedupe) {
		a.Key = ""
	}
	if len(a.Pictures) > 0 {
		var err error
		if a.Pictures, err = h.addresses(ctx, who, id, a.Pictures); err != nil {
			return Done{}, err
		}
	}
	var done Done
	v := db.Verb{
		Name: "act." + string(a.Kind), Merchant: who.Merchant, Orders: []ident.Order{id}, Class: db.People,
		Decide: func(tx *db.Tx) (err error) {
			done, err = h.act(tx, who, id, a)
			return err
		},
	}
	if a.Key != "" {
		v.Keys = []string{effect.DeedKey(who.ID + " " + a.Key)}
	}
	point.Hit(point.ActReceived)
	r, err := h.db.Do(ctx, v)
	if err != nil {
		return Done{}, fault.Wrap(op, err)
	}
	point.Hit(point.ActCommitted)
	done.Seq = r.Seq
	if done.Already != nil && actorID(done.Already.By) {
		names, err := h.actors(ctx, who.Merchant)
		if err != nil {
			return done, fault.Wrap(op, err)
		}
		done.Already.Name = names[done.Already.By]
	}
	return done, nil
}

// pressed is when an act was pressed.
func (h *Hub) pressed(a Act) time.Time {
	if a.Pressed.IsZero() {
		return h.now()
	}
	return a.Pressed
}

func (a Act) check() error {
	e := &fault.Error{Op: "hub.Act", Code: fault.Invalid, Why: fault.Because("act_incomplete", "the act is not complete")}
	say := func(loc string, why fault.Reason) { e.Fields = append(e.Fields, fault.Wrong("body."+loc, why)) }
	if !slices.Contains(order.ActionKinds, a.Kind) {
		say("kind", fault.Because("field_act", "is none of the acts"))
	}
	for name, s := range map[string]string{"reason": a.Reason, "text": a.Text, "carrier": a.Carrier, "tracking": a.Tracking, "amount": a.Amount, "courier.name": a.Courier.Name, "courier.phone": a.Courier.Phone} {
		if utf8.RuneCountInString(s) > 500 || !utf8.ValidString(s) {
			say(name, fault.Because("field_long", "is longer than {most} characters", "most", "500"))
		}
	}
	if why, ok := checkPictures(a.Pictures); !ok {
		say("pictures", why)
	}
	if a.Kind == order.Annotate && strings.TrimSpace(a.Text) == "" {
		say("text", fault.Because("field_note", "write what the note is to say"))
	}
	if a.Hold < 0 || a.Hold > MaxHold || a.Hold > 0 && !Holdable(a.Kind) {
		say("hold_s", fault.Because("field_hold", "only ready, dispatch and deliver can be held back, for at most 30 seconds"))
	}
	if a.Kind == order.RefundPartial && len(a.Lines) == 0 {
		say("lines", fault.Because("field_lines", "choose what to refund"))
	}
	if len(e.Fields) > 0 {
		return e
	}
	return nil
}

func (h *Hub) act(tx *db.Tx, who Actor, id ident.Order, a Act) (Done, error) {
	row, ok := tx.OrderByID(id)
	if !ok || !who.Sees(row.Store) {
		return Done{}, fault.Say("hub.act", fault.NotFound, "no_order", "there is no such order")
	}
	if !a.undo {
		if err := who.May("hub.act", role.ActOn(string(a.Kind))); err != nil {
			return Done{}, err
		}
	}
	info := h.info(row.Channel, row.Ref.Realm)
	if info == nil {
		return Done{}, fault.Say("hub.act", fault.Unsupported, "no_connector", "this build has no connector for the channel")
	}
	if a.Key != "" {
		if e, ok := tx.EffectByKey(effect.DeedKey(who.ID + " " + a.Key)); ok {
			return Done{Effect: e.ID, State: e.State}, nil
		}
	}
	o := h.fold(row, tx.Linked(row.Ref), info)
	permit, err := permitFor(&o, info, a)
	if err != nil {
		if order.Achieved(&o, a.Kind, a.For) {
			return Done{State: effect.Done, Already: h.already(tx, row, &o, a)}, nil
		}
		return Done{}, err
	}
	a.For = permit.For
	if a.Kind == order.Tip { // each total is a goal of its own
		a.For += "/" + strings.TrimSpace(a.Amount)
	}
	if permit.Local {
		return h.keep(tx, who, row, a)
	}
	power, _ := info.Power(a.Kind)
	if err := inputs(power, info, a); err != nil {
		return Done{}, err
	}
	shop, bound := tx.Shop(row.Account, row.Ref.Realm, o.ShopID)
	if !bound {
		return Done{}, fault.Say("hub.act", fault.Conflict, "bind_shop", "bind this order's shop to a store first, under Connections")
	}
	if err := heldErr("hub.act", shop.Mode, false); err != nil {
		return Done{}, err
	}
	for _, e := range tx.Effects(row.ID) {
		if !e.State.Open() {
			continue
		}
		if e.Kind == string(a.Kind) && e.Case == a.For && !deed(power) {
			return Done{Effect: e.ID, State: e.State}, nil // it is under way: the new cause joins it
		}
		if rule.ByRule(e.Cause) && contradict(order.ActionKind(e.Kind), a.Kind) && e.State == effect.Waiting && e.Attempts == 0 {
			e.State, e.Why, e.Changed = effect.Void, whyPerson, tx.Now().UnixMilli()
			tx.PutEffect(&e)
			continue
		}
		if contradict(order.ActionKind(e.Kind), a.Kind) || (deed(power) && e.Kind == string(a.Kind)) {
			return Done{}, fault.Say("hub.act", fault.Conflict, "other_act_sent", "wait: {act} is being sent for this order", "act", e.Kind)
		}
	}
	call, err := callOf(&o, row, a)
	if err != nil {
		return Done{}, err
	}
	if info.Own {
		call.Purse = purseOf(&o, call.Lines)
	}
	e, err := h.askAct(tx, row, &o, call, who.ID, a.Key)
	if err != nil {
		return Done{}, err
	}
	if a.Hold > 0 && e.State == effect.Waiting && e.Attempts == 0 {
		e.NextAt = tx.Now().Add(a.Hold).UnixMilli()
		tx.PutEffect(e)
	}
	forgo(tx, row.ID)
	tx.Journal(db.Entry{
		At: h.pressed(a), Direction: db.Act, What: string(a.Kind), Channel: row.Channel, Account: row.Account, Order: row.ID, Ref: row.Ref,
		By: who.ID, Outcome: string(e.State), Body: toJSON(call), Method: a.method(),
	})
	if a.Kind == order.Ready && e.State != effect.Done {
		h.made(tx, who, row, order.Made{By: who.Name, At: h.pressed(a).UnixMilli()}, h.pressed(a))
	}
	return Done{Effect: e.ID, State: e.State}, h.settle(tx, row)
}

// whyPerson ends what a rule wanted and nobody has sent yet: a person's act wins.
var whyPerson = fault.Because("person_first", "a person has decided otherwise")

// forgo gives up telling the platform that an order has arrived when a person's act will
// tell it more: order holds per target, and the act must not wait for that.
func forgo(tx *db.Tx, id ident.Order) {
	for _, e := range tx.Effects(id) {
		if e.Kind == string(channel.Acknowledge) && (e.State == effect.Waiting || e.State == effect.Unknown) {
			e.State, e.Why, e.Changed = effect.Void, fault.Because("not_needed", "no longer needed"), tx.Now().UnixMilli()
			tx.PutEffect(&e)
		}
	}
}

func deed(p channel.Power) bool { return p.Nature == effect.Additive }

// permitFor finds the permit of an act, or the reason against it.
func permitFor(o *order.Order, info *channel.Info, a Act) (order.Permit, error) {
	var why fault.Reason
	var fits []order.Permit
	for _, p := range order.Permits(o, info.Acts()) {
		if p.Kind != a.Kind || (a.For != "" && p.Allowed && p.For != a.For) {
			continue
		}
		if p.Allowed {
			fits = append(fits, p)
		}
		why = p.Why
	}
	switch {
	case len(fits) == 1:
		return fits[0], nil
	case len(fits) > 1:
		return order.Permit{}, &fault.Error{Op: "hub.act", Code: fault.Invalid, Why: fault.Because("which_case", "several refund requests wait: say which one"),
			Fields: []fault.Field{fault.Wrong("body.for", fault.Because("field_needed", "is needed"))}}
	}
	switch {
	case why.Code == "" && a.Kind.Riding():
		why = order.WhyLogistics
	case why.Code == "" && a.Kind == order.SlowAppeal:
		why = order.WhyNotSlow
	case why.Code == "" && a.Kind.Appealing():
		why = order.WhyNoAppeal
	case why.Code == "":
		why = order.WhyNoCase
	}
	code := fault.Conflict
	if why.Code == order.WhyUnsupported.Code {
		code = fault.Unsupported
	}
	return order.Permit{}, &fault.Error{Op: "hub.act", Code: code, Why: why}
}

// inputs checks what the platform needs for an act.
func inputs(p channel.Power, info *channel.Info, a Act) error {
	e := &fault.Error{Op: "hub.act", Code: fault.Invalid, Why: fault.Because("act_needs_more", "the platform needs more for this act")}
	wrong := func(name string, why fault.Reason) { e.Fields = append(e.Fields, fault.Wrong("body."+name, why)) }
	given := map[string]string{"reason_code": a.ReasonCode, "reason": a.Reason, "text": a.Text, "carrier": a.Carrier, "tracking": a.Tracking, "courier": a.Courier.Name, "amount": a.Amount}
	for _, f := range p.Fields {
		v := given[f.Name]
		limit := f.Max
		if limit == 0 {
			limit = 200
		}
		switch {
		case f.Name == "lines":
			if f.Required && len(a.Lines) == 0 {
				wrong("lines", fault.Because("field_lines", "choose what to refund"))
			}
		case f.Name == "pictures":
			switch {
			case len(a.Pictures) > f.Max:
				wrong("pictures", fault.Because("pictures_most", "give up to {most} pictures", "most", itoa(f.Max)))
			case f.Required && len(a.Pictures) == 0:
				wrong("pictures", fault.Because("field_needed", "is needed"))
			}
		case f.Required && strings.TrimSpace(v) == "":
			wrong(f.Name, fault.Because("field_needed", "is needed"))
		case utf8.RuneCountInString(v) > limit:
			wrong(f.Name, fault.Because("field_long", "is longer than {most} characters", "most", itoa(limit)))
		case f.Type == "choice" && v != "":
			if !slices.ContainsFunc(info.Reasons[a.Kind], func(c channel.Choice) bool { return c.Code == v }) {
				wrong(f.Name, fault.Because("choose_reason", "choose one of the platform's reasons"))
			}
		}
	}
	if len(e.Fields) > 0 {
		return e
	}
	return nil
}

// callOf turns an act into what the connector needs.
func callOf(o *order.Order, row *db.OrderRow, a Act) (channel.Act, error) {
	c := channel.Act{
		Kind: a.Kind, Order: row.Ref, ShopID: o.ShopID, Logistics: o.Head.Logistics, Case: a.For,
		ReasonCode: a.ReasonCode, Reason: a.Reason, Text: a.Text, Courier: a.Courier, Carrier: a.Carrier, Tracking: a.Tracking, Pictures: a.Pictures,
	}
	for _, d := range o.Delivered {
		if d.Kind == "parcel" {
			c.Linked = append(c.Linked, order.Ref{Realm: row.Ref.Realm, Kind: order.KindShipment, ID: d.Key})
		}
	}
	for _, k := range o.Cases {
		if k.Key == a.For {
			c.CaseAmount = k.Case.Amount
		}
	}
	if text := strings.TrimSpace(a.Amount); text != "" && o.Bill != nil {
		m, err := money.Parse(text, o.Bill.Total.Currency())
		if err != nil || m.Minor() < 0 {
			why := fault.Because("field_money", "must be an amount such as 6.5")
			return c, &fault.Error{Op: "hub.act", Code: fault.Invalid, Why: fault.Because("fields_wrong", "some fields are wrong"), Fields: []fault.Field{fault.Wrong("body.amount", why)}}
		}
		c.Amount = &m
	}
	for i, l := range a.Lines {
		at := slices.IndexFunc(o.Bill.Lines, func(x order.Line) bool { return x.Key == l.Line })
		if at < 0 {
			return c, &fault.Error{Op: "hub.act", Code: fault.Invalid, Why: fault.Because("no_line", "the order has no such line"),
				Fields: []fault.Field{fault.Wrong("body.lines["+itoa(i)+"].line", fault.Because("no_line", "the order has no such line"))}}
		}
		line := o.Bill.Lines[at]
		switch left := line.Quantity - line.Refunded; {
		case l.Quantity < 1 || l.Quantity > line.Quantity:
			return c, &fault.Error{Op: "hub.act", Code: fault.Invalid, Why: fault.Because("more_than_ordered", "more than was ordered"),
				Fields: []fault.Field{fault.Wrong("body.lines["+itoa(i)+"].quantity", between(1, int(line.Quantity)))}}
		case left == 0:
			return c, fault.Say("hub.act", fault.Conflict, "line_refunded", "{name} has been refunded wholly", "name", line.Name)
		case l.Quantity > left:
			return c, fault.Say("hub.act", fault.Conflict, "line_left", "of {name} only {count} can still be refunded", "name", line.Name, "count", itoa(int(left)))
		}
		c.Lines = append(c.Lines, channel.ActLine{Line: line.Key, SKU: line.SKU, Ref: line.Ref, Name: line.Name, Quantity: l.Quantity})
	}
	return c, nil
}

// keep carries out an act that stays in Tongdan, because the platform has no call for it.
func (h *Hub) keep(tx *db.Tx, who Actor, row *db.OrderRow, a Act) (Done, error) {
	now := h.pressed(a).UnixMilli()
	ref := order.Ref{Realm: row.Ref.Realm, Kind: order.KindOwn, ID: row.Ref.ID}
	var own order.Record
	switch a.Kind {
	case order.Annotate:
		var note order.Record
		order.Put(&note, order.RegNote, order.Stamp{Version: now, Class: order.ClassAct}, order.Note{Text: a.Text, By: who.Name, At: now})
		own.Kid(order.KidNote+a.noteKey(tx), note)
	case order.Ready:
		own.Say(order.AxisWork, order.Said{State: order.StateReady, At: now, Class: order.ClassAct, Who: who.Name})
	case order.Dispatch:
		own.Say(order.AxisDelivery, order.Said{State: order.StateHanded, At: now, Class: order.ClassAct, Who: who.ID, Why: strings.TrimSpace(a.Reason)})
	case order.AppealRuled:
		state := map[string]string{string(order.AppealUpheld): order.StateUpheld, string(order.AppealRejected): order.StateRejected}[a.ReasonCode]
		if state == "" {
			why := fault.Because("choose_ruling", "say whether the appeal was upheld or rejected")
			return Done{}, &fault.Error{Op: "hub.keep", Code: fault.Invalid, Why: why, Fields: []fault.Field{fault.Wrong("body.reason_code", why)}}
		}
		said := order.Said{State: state, At: now, Class: order.ClassAct, Who: who.Name}
		if a.For == order.SlowKey {
			own.Say(order.AxisAppeal, said)
			break
		}
		var kid order.Record
		kid.Say(order.AxisAppeal, said)
		own.Kid(order.KidCase+a.For, kid)
	default:
		return Done{}, &fault.Error{Op: "hub.keep", Code: fault.Unsupported, Why: order.WhyUnsupported}
	}
	old, _ := tx.Record(ref)
	tx.PutRecord(ref, old.Merge(own))
	tx.Link(ref, row.Ref.ID)
	tx.Journal(db.Entry{
		At: h.pressed(a), Direction: db.Act, What: string(a.Kind), Channel: row.Channel, Account: row.Account, Order: row.ID, Ref: row.Ref,
		By: who.ID, Outcome: "done", Body: toJSON(own), Method: a.method(),
	})
	return Done{State: effect.Done}, h.settle(tx, row)
}

// method is how a hand-over was pressed, for the journal.
func (a Act) method() string {
	if a.ByCode && a.Kind == order.Dispatch {
		return db.ByCode
	}
	return ""
}

func (a Act) noteKey(tx *db.Tx) string {
	if a.Key != "" {
		return a.Key
	}
	return itoa(int(tx.ID()))
}

// askAct makes an act an effect. A goal that is open is joined, one that ended without
// success is opened again; a deed is made once for its key.
func (h *Hub) askAct(tx *db.Tx, row *db.OrderRow, o *order.Order, a channel.Act, cause, key string) (*effect.Effect, error) {
	info := h.info(row.Channel, row.Ref.Realm)
	power, ok := info.Power(a.Kind)
	if !ok {
		return nil, &fault.Error{Op: "hub.askAct", Code: fault.Unsupported, Why: order.WhyUnsupported}
	}
	a.Order, a.ShopID, a.Logistics = row.Ref, o.ShopID, o.Head.Logistics
	now := tx.Now().UnixMilli()
	args := toJSON(a)
	target := "order/" + row.ID.String()
	goal := effect.GoalKey(target, string(a.Kind), a.Case)
	for _, e := range tx.Effects(row.ID) {
		if e.Key != goal || e.Deed {
			continue
		}
		if e.State.Open() || e.State == effect.Done {
			return &e, nil
		}
		e = e.Reopen(cause, args, now, h.deadline(o, a))
		tx.PutEffect(&e)
		return &e, nil
	}
	e := effect.Effect{
		ID: ident.Effect(tx.ID()), Merchant: row.Merchant, Account: row.Account, App: h.appOf(tx, row.Account), Order: row.ID, Target: target,
		Kind: string(a.Kind), Case: a.Case, Key: goal, Nature: power.Nature, State: effect.Waiting, Args: args, Cause: cause,
		NextAt: now, Deadline: h.deadline(o, a), Made: now, Changed: now,
	}
	if deed(power) {
		if key == "" {
			key = e.ID.String()
		} else {
			key = cause + " " + key
		}
		e.Deed, e.Key = true, effect.DeedKey(key)
	}
	tx.PutEffect(&e)
	return &e, nil
}

// deadline is after when an act makes no sense any more, on the wall clock; 0 = never.
func (h *Hub) deadline(o *order.Order, a channel.Act) int64 {
	for _, d := range o.Deadlines {
		switch {
		case d.Kind == order.DueAccept && (a.Kind == order.Accept || a.Kind == order.Refuse || a.Kind == channel.Acknowledge),
			d.Kind == order.DueRefund && d.For == a.Case && (a.Kind == order.RefundApprove || a.Kind == order.RefundRefuse):
			return h.wallMS(d.At)
		}
	}
	return 0
}

// already finds who did it before us.
func (h *Hub) already(tx *db.Tx, row *db.OrderRow, o *order.Order, a Act) *Already {
	for _, e := range tx.Effects(row.ID) {
		if e.Kind == string(a.Kind) && e.Case == a.For && e.State == effect.Done && e.Attempts > 0 {
			return &Already{By: e.Cause, At: e.Changed}
		}
	}
	if a.Kind == order.Dispatch {
		for _, ev := range o.Events { // handed over here, where the platform has no call for it
			if ev.Axis == order.AxisDelivery && ev.State == order.DeliveryDelivered && actorID(ev.Who) {
				return &Already{By: ev.Who, At: ev.At}
			}
		}
	}
	for i := len(o.Events) - 1; i >= 0; i-- {
		ev := o.Events[i]
		if ev.State == o.Axes.Work || ev.Key == a.For && a.For != "" {
			return &Already{By: row.Channel, At: ev.At}
		}
	}
	return &Already{By: row.Channel}
}

// actOf reads the arguments of an act's effect.
func actOf(e effect.Effect) (channel.Act, error) {
	var a channel.Act
	if err := json.Unmarshal(e.Args, &a); err != nil {
		return a, &fault.Error{Op: "hub.actOf", Code: fault.Internal, Ref: e.ID.String(), Err: err}
	}
	return a, nil
}
