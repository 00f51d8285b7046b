package hub

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/tongdan/tongdan/channel"
	"github.com/tongdan/tongdan/courier"
	"github.com/tongdan/tongdan/effect"
	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/ident"
	couriers "github.com/tongdan/tongdan/internal/courier"
	"github.com/tongdan/tongdan/internal/db"
	"github.com/tongdan/tongdan/internal/rule"
	"github.com/tongdan/tongdan/money"
	"github.com/tongdan/tongdan/order"
	"github.com/tongdan/tongdan/role"
)

// A ride is one attempt to bring an order that its platform has no part in (order.KindRide): by
// a rider of the store's own, or by a courier. It is a record of ours; what is said of it goes
// through the same door as everything else (learn), so that replay gives it back. What is
// done about it are effects with the ride as their target, made by what the order is
// (settleRides), never by a message: it is ordered once whatever before it is over, cancelled
// when the order is, and told to the platform, which wants to know who brings what.

// A RideAsk says how an order is to be brought.
type RideAsk struct {
	Courier ident.Courier // by this courier; 0 = by a rider of the store's own
	Rider   ident.Rider
	Most    string // the fee that was agreed to, in the order's currency; "" = any
	Instead string // the key of the attempt that it is to come instead of, which is cancelled first; "" = there is none
	Reason  string // why that one is cancelled: a code of its courier
}

var (
	whyRiding   = fault.Because("ride_goes_on", "somebody brings it already: say what is to be cancelled first")
	whyRideOver = fault.Because("ride_over", "this delivery is over")
	whyNoRide   = fault.Because("no_ride", "there is no such delivery")

	whyNoRider   = fault.Because("no_rider_here", "there is no such rider")
	whyNoNumber  = fault.Because("courier_no_store", "this courier has no number for the store: enter it under Riders")
	whyNoCourier = fault.Because("no_courier", "there is no such courier")
)

// Ride sends an order on its way by a rider of the store's own or by a courier. Where the
// platform brings it so far, it is told first that the store does. It gives the ride's key.
func (h *Hub) Ride(ctx context.Context, who Actor, id ident.Order, ask RideAsk) (key string, seq int64, err error) {
	const op = "hub.Ride"
	right := order.Dispatch
	if ask.Courier != 0 {
		right = order.CallRider
	}
	if err := who.May(op, role.ActOn(string(right))); err != nil {
		return "", 0, err
	}
	ride, err := h.rideOf(ctx, who, ask)
	if err != nil {
		return "", 0, fault.Wrap(op, err)
	}
	key = ident.Ride(ident.New(h.now())).String() // drawn here: a verb may run twice, and is to find the same record
	r, err := h.db.Do(ctx, db.Verb{Name: "act.ride", Merchant: who.Merchant, Orders: []ident.Order{id}, Class: db.People, Decide: func(tx *db.Tx) error {
		return h.putRide(tx, who, id, key, ride, ask)
	}})
	return key, r.Seq, fault.Wrap(op, err)
}

// rideOf finds whom an ask names.
func (h *Hub) rideOf(ctx context.Context, who Actor, ask RideAsk) (order.Ride, error) {
	r := order.Ride{Way: order.RideOwn, By: who.ID, Since: ask.Instead}
	if ask.Courier != 0 {
		row, err := h.courier(ctx, who.Merchant, ask.Courier)
		switch {
		case err != nil:
			return r, err
		case row.Disabled:
			return r, &fault.Error{Op: "hub.rideOf", Code: fault.NotFound, Why: whyNoCourier}
		}
		r.Way, r.Courier, r.Make = order.RideCourier, row.ID.String(), row.Kind
		return r, nil
	}
	row, err := h.rider(ctx, who, ask.Rider)
	r.Rider = row.ID.String()
	return r, err
}

func (h *Hub) rider(ctx context.Context, who Actor, id ident.Rider) (db.RiderRow, error) {
	list, err := h.db.Riders(ctx, who.Scope)
	for _, r := range list {
		if r.ID == id && !r.Disabled {
			return r, nil
		}
	}
	if err == nil {
		err = &fault.Error{Op: "hub.rider", Code: fault.NotFound, Why: whyNoRider}
	}
	return db.RiderRow{}, err
}

// courier finds an account, those that are off among them: what they bring already goes on.
func (h *Hub) courier(ctx context.Context, m ident.Merchant, id ident.Courier) (db.CourierRow, error) {
	list, err := h.db.Couriers(ctx, m)
	for _, c := range list {
		if c.ID == id {
			return c, nil
		}
	}
	if err == nil {
		err = &fault.Error{Op: "hub.courier", Code: fault.NotFound, Why: whyNoCourier}
	}
	return db.CourierRow{}, err
}

func (h *Hub) putRide(tx *db.Tx, who Actor, id ident.Order, key string, ride order.Ride, ask RideAsk) error {
	const op = "hub.putRide"
	row, ok := tx.OrderByID(id)
	if !ok || !who.Sees(row.Store) {
		return fault.Say(op, fault.NotFound, "no_order", "there is no such order")
	}
	info := h.info(row.Channel, row.Ref.Realm)
	o := h.fold(row, tx.Linked(row.Ref), info)
	if why, no := h.unrideable(tx, row, &o, info); no {
		return &fault.Error{Op: op, Code: fault.Conflict, Why: why}
	}
	if text := strings.TrimSpace(ask.Most); text != "" {
		m, err := money.Parse(text, o.Bill.Total.Currency())
		if err != nil || m.Minor() < 0 {
			return &fault.Error{Op: op, Code: fault.Invalid, Why: fault.Because("fields_wrong", "some fields are wrong"), Fields: []fault.Field{fault.Wrong("body.fee", fault.Because("field_money", "must be an amount such as 6.5"))}}
		}
		ride.Most = &m
	}
	now := h.now()
	for _, d := range o.Rides() {
		switch {
		case !d.Live() && !d.Planned():
			continue
		case d.Key != ask.Instead:
			return &fault.Error{Op: op, Code: fault.Conflict, Why: whyRiding}
		}
		if err := h.endRide(tx, row, d, who.ID, ask.Reason, ""); err != nil {
			return err
		}
	}
	if o.Head.Logistics != order.BySelf { // unrideable has seen that it may become so
		if _, err := h.askAct(tx, row, &o, channel.Act{Kind: order.DeliverSelf}, who.ID, ""); err != nil {
			return err
		}
	}
	ride.At = now.UnixMilli()
	var rec order.Record
	order.Put(&rec, order.RegRide, order.Stamp{Version: ride.At, Class: order.ClassAct}, ride)
	rec.Say(order.AxisDelivery, order.Said{State: order.StatePlanned, At: ride.At, Class: order.ClassAct})
	tx.Journal(db.Entry{At: now, Direction: db.Act, What: "ride", Channel: row.Channel, Account: row.Account, Order: row.ID, Ref: row.Ref, By: who.ID, Outcome: "kept", Body: toJSON(ride)})
	return h.learnRide(tx, row, key, rec)
}

// unrideable says why an order cannot be brought by a ride now.
func (h *Hub) unrideable(tx *db.Tx, row *db.OrderRow, o *order.Order, info *channel.Info) (fault.Reason, bool) {
	shop, bound := tx.Shop(row.Account, row.Ref.Realm, o.ShopID)
	switch {
	case info == nil:
		return fault.Because("no_connector", "this build has no connector for the channel"), true
	case !bound:
		return fault.Because("bind_shop", "bind this order's shop to a store first, under Connections"), true
	case shop.Mode != ModeFull:
		return heldBy(shop.Mode, false), true
	}
	return order.Unrideable(o, info.Acts())
}

// learnRide writes what is said of a ride, by whomever, and all that follows.
func (h *Hub) learnRide(tx *db.Tx, row *db.OrderRow, key string, rec order.Record) error {
	ref := order.Ref{Realm: row.Ref.Realm, Kind: order.KindRide, ID: key}
	item := channel.Item{What: "ride", Ref: ref, Said: true, Readings: []order.Reading{{Ref: ref, Record: rec, Orders: []string{row.Ref.ID}}}}
	return h.learn(tx, lesson{channel: row.Channel, realm: row.Ref.Realm, account: row.Account, dir: db.Call, at: h.now(), items: []channel.Item{item}})
}

// endRide ends a ride that goes on, or is planned: of an own rider at once, of a courier by a
// call, after which it is seen to be over. One that is being ordered, or may have been, is
// cancelled after that is known: the courier may have it.
func (h *Hub) endRide(tx *db.Tx, row *db.OrderRow, d order.Delivery, cause, reason, words string) error {
	ordering := slices.ContainsFunc(tx.Effects(row.ID), func(e effect.Effect) bool {
		return e.Kind == kindRide && e.Target == rideTarget+d.Key && (e.State == effect.Sending || e.State == effect.Unknown)
	})
	if d.Ride.Way == order.RideCourier && (ordering || !d.Planned()) {
		h.rideEffect(tx, row, d, kindRideCancel, cause, rideArgs{Ride: d.Key, Reason: reason, Words: words, Untaken: rule.ByRule(cause)})
		return nil
	}
	why := order.RideByMerchant
	if row.Status == order.StatusCancelled {
		why = order.RideByCustomer
	}
	var rec order.Record
	rec.Say(order.AxisDelivery, order.Said{State: string(order.DeliveryCancelled), At: h.now().UnixMilli(), Class: order.ClassAct, Why: strings.TrimSpace(why + " " + words)})
	return h.learnRide(tx, row, d.Key, rec)
}

// EndRide cancels a ride.
func (h *Hub) EndRide(ctx context.Context, who Actor, id ident.Order, key, reason, words string) (int64, error) {
	const op = "hub.EndRide"
	return h.onRide(ctx, who, id, key, op, "ride_cancel", order.Dispatch, func(tx *db.Tx, row *db.OrderRow, d order.Delivery) error {
		switch {
		case !d.Live() && !d.Planned():
			return &fault.Error{Op: op, Code: fault.Conflict, Why: whyRideOver}
		case d.State == order.DeliveryOnTheWay && d.Ride.Way == order.RideCourier:
			return &fault.Error{Op: op, Code: fault.Conflict, Why: order.WhyOnTheWay}
		}
		return h.endRide(tx, row, d, who.ID, reason, clip(strings.TrimSpace(words), 100))
	})
}

// TipRide sets the tip of a courier's ride that nobody has taken, as a new total.
func (h *Hub) TipRide(ctx context.Context, who Actor, id ident.Order, key, total string) (int64, error) {
	const op = "hub.TipRide"
	return h.onRide(ctx, who, id, key, op, "ride_tip", order.Tip, func(tx *db.Tx, row *db.OrderRow, d order.Delivery) error {
		m, err := money.Parse(strings.TrimSpace(total), "CNY")
		switch {
		case err != nil || m.Minor() <= 0:
			return &fault.Error{Op: op, Code: fault.Invalid, Why: fault.Because("fields_wrong", "some fields are wrong"), Fields: []fault.Field{fault.Wrong("body.tip", fault.Because("field_money", "must be an amount such as 6.5"))}}
		case d.State != order.DeliverySought || d.Ride.Way != order.RideCourier:
			return &fault.Error{Op: op, Code: fault.Conflict, Why: order.WhyRiderTaken}
		}
		h.rideEffect(tx, row, d, kindRideTip, who.ID, rideArgs{Ride: d.Key, Tip: &m})
		return nil
	})
}

// The steps that an own rider, or somebody for him, says.
const (
	StepPicked    = "picked"
	StepDelivered = "delivered"
	StepProblem   = "problem"
)

// StepRide says how far a rider of the store's own is; who may be he himself, by his link.
func (h *Hub) StepRide(ctx context.Context, who Actor, id ident.Order, key, step, words string) (int64, error) {
	const op = "hub.StepRide"
	return h.onRide(ctx, who, id, key, op, "ride_"+step, order.Dispatch, func(tx *db.Tx, row *db.OrderRow, d order.Delivery) error {
		to := map[string]order.State{StepPicked: order.DeliveryOnTheWay, StepDelivered: order.DeliveryDelivered, StepProblem: order.DeliveryFailed}[step]
		switch {
		case to == "" || d.Ride.Way != order.RideOwn:
			return &fault.Error{Op: op, Code: fault.Invalid, Why: whyNoRide}
		case d.State == to:
			return nil // pressed twice
		case !d.Live():
			return &fault.Error{Op: op, Code: fault.Conflict, Why: whyRideOver}
		case to == order.DeliveryDelivered && d.State != order.DeliveryOnTheWay:
			return &fault.Error{Op: op, Code: fault.Conflict, Why: order.WhyNotOnTheWay}
		}
		said := order.Said{State: string(to), At: h.now().UnixMilli(), Class: order.ClassAct, Why: clip(strings.TrimSpace(words), 200)}
		if d.Rider != nil {
			said.Who = d.Rider.Name
		}
		var rec order.Record
		rec.Say(order.AxisDelivery, said)
		return h.learnRide(tx, row, d.Key, rec)
	})
}

// onRide does something with a ride of an order, and writes down who did.
func (h *Hub) onRide(ctx context.Context, who Actor, id ident.Order, key, op, what string, right order.ActionKind, do func(*db.Tx, *db.OrderRow, order.Delivery) error) (int64, error) {
	if err := who.May(op, role.ActOn(string(right))); err != nil {
		return 0, err
	}
	r, err := h.db.Do(ctx, db.Verb{Name: "act." + what, Merchant: who.Merchant, Orders: []ident.Order{id}, Class: db.People, Decide: func(tx *db.Tx) error {
		row, ok := tx.OrderByID(id)
		if !ok || !who.Sees(row.Store) {
			return fault.Say(op, fault.NotFound, "no_order", "there is no such order")
		}
		o := h.fold(row, tx.Linked(row.Ref), h.info(row.Channel, row.Ref.Realm))
		i := slices.IndexFunc(o.Delivered, func(d order.Delivery) bool { return d.Key == key && d.Ride != nil })
		if i < 0 {
			return &fault.Error{Op: op, Code: fault.NotFound, Why: whyNoRide}
		}
		if err := do(tx, row, o.Delivered[i]); err != nil {
			return err
		}
		tx.Journal(db.Entry{At: h.now(), Direction: db.Act, What: what, Channel: row.Channel, Account: row.Account, Order: row.ID, Ref: row.Ref, By: who.ID, Outcome: "kept"})
		return nil
	}})
	return r.Seq, fault.Wrap(op, err)
}

// Blame says who answers for a delivery that went wrong; "" takes that back.
func (h *Hub) Blame(ctx context.Context, who Actor, id ident.Order, key string, party order.Party, words string) (int64, error) {
	const op = "hub.Blame"
	if err := who.May(op, role.ActOn(string(order.RefundRefuse))); err != nil {
		return 0, err
	}
	if party != "" && !slices.Contains(order.Parties, party) {
		return 0, &fault.Error{Op: op, Code: fault.Invalid, Fields: []fault.Field{fault.Wrong("body.party", fault.Because("field_none_of", "is none of {list}", "list", "platform, courier, merchant, customer, unknown"))}}
	}
	now := h.now()
	r, err := h.db.Do(ctx, db.Verb{Name: "act.liable", Merchant: who.Merchant, Orders: []ident.Order{id}, Class: db.People, Decide: func(tx *db.Tx) error {
		row, ok := tx.OrderByID(id)
		if !ok || !who.Sees(row.Store) {
			return fault.Say(op, fault.NotFound, "no_order", "there is no such order")
		}
		o := h.fold(row, tx.Linked(row.Ref), h.info(row.Channel, row.Ref.Realm))
		if !slices.ContainsFunc(o.Delivered, func(d order.Delivery) bool { return d.Key == key }) {
			return &fault.Error{Op: op, Code: fault.NotFound, Why: whyNoRide}
		}
		l := order.Liable{Party: party, Why: clip(strings.TrimSpace(words), 200), By: who.ID, At: now.UnixMilli()}
		var own order.Record
		order.Put(&own, order.RegLiable+key, order.Stamp{Version: now.UnixMilli(), Class: order.ClassAct}, l)
		ref := order.Ref{Realm: row.Ref.Realm, Kind: order.KindOwn, ID: row.Ref.ID}
		old, _ := tx.Record(ref)
		tx.PutRecord(ref, old.Merge(own))
		tx.Link(ref, row.Ref.ID)
		tx.Journal(db.Entry{At: now, Direction: db.Act, What: "liable", Channel: row.Channel, Account: row.Account, Order: row.ID, Ref: row.Ref, By: who.ID, Outcome: "done", Body: toJSON(own)})
		return h.settle(tx, row)
	}})
	return r.Seq, fault.Wrap(op, err)
}

// settleRides makes what follows from an order's rides: a planned one is begun once nothing
// before it goes on, one of a cancelled order is cancelled, one of a courier is looked at, and
// the platform is told.
func (h *Hub) settleRides(tx *db.Tx, row *db.OrderRow, o *order.Order, info *channel.Info) error {
	rides := o.Rides()
	if len(rides) == 0 || h.again != nil {
		return nil
	}
	over := o.Axes.Work == order.WorkCancelled || o.Axes.Work == order.WorkReplaced
	_, live := o.Riding()
	brings, left := hasLeft(rides)
	for _, d := range rides {
		others := d.Ride.Way == order.RideCourier
		switch {
		case over && d.Live() && others && d.State != order.DeliveryOnTheWay:
			h.rideEffect(tx, row, d, kindRideCancel, "want", rideArgs{Ride: d.Key, Customer: true})
		case over || d.Planned() && !left && (live || o.Head.Logistics != order.BySelf):
		case d.Planned():
			h.rideEffect(tx, row, d, kindRide, d.Ride.By, rideArgs{Ride: d.Key})
			live = true
		case d.Live() && others:
			h.rideEffect(tx, row, d, kindRideLook, "want", rideArgs{Ride: d.Key})
		}
	}
	if over || o.Axes.Work == order.WorkDone || o.Head.Logistics != order.BySelf || info == nil {
		return nil
	}
	shop, bound := tx.Shop(row.Account, row.Ref.Realm, o.ShopID)
	if !bound || shop.Mode != ModeFull {
		return nil
	}
	h.settleTelling(tx, row, o, info, rides)
	if !left {
		return nil
	}
	tell := order.Dispatch
	if brings.State == order.DeliveryDelivered && order.Achieved(o, order.Dispatch, "") {
		tell = order.Deliver
	}
	power, can := info.Power(tell)
	if !can || power.Local || order.Achieved(o, tell, "") {
		return nil
	}
	for _, e := range tx.Effects(row.ID) {
		if e.Kind == string(tell) && (e.State.Open() || e.State == effect.Refused || e.Attempts > 0) {
			return nil // it is under way, was done, or the platform has said no
		}
		if e.Kind == string(channel.TellRider) && e.State == effect.Sending {
			return nil // what came before it is on the wire, and is not to arrive after it
		}
	}
	act := channel.Act{Kind: tell}
	if brings.Rider != nil {
		act.Courier = *brings.Rider
	}
	if _, tells := info.Power(channel.TellRider); tells {
		state := map[order.ActionKind]order.State{order.Dispatch: order.DeliveryOnTheWay, order.Deliver: order.DeliveryDelivered}[tell]
		if said, ok := tellingOf(brings, state); ok {
			act.Telling = said.Telling
		}
	}
	if info.Own {
		act.Purse = purseOf(o, nil)
	}
	_, err := h.askAct(tx, row, o, act, "want", "")
	return err
}

// hasLeft finds the ride that has the order with it, or has brought it: none that was planned
// instead of it can begin any more.
func hasLeft(rides []order.Delivery) (d order.Delivery, yes bool) {
	for _, d := range slices.Backward(rides) {
		if d.State == order.DeliveryOnTheWay || d.State == order.DeliveryDelivered {
			return d, true
		}
	}
	return d, false
}

// The kinds of effects about rides.
const (
	kindRide       = "ride"        // begin it
	kindRideCancel = "ride_cancel" // of a courier
	kindRideTip    = "ride_tip"    // likewise
	kindRideLook   = "ride_look"   // likewise: how does it stand?
)

func isRide(kind string) bool {
	switch kind {
	case kindRide, kindRideCancel, kindRideTip, kindRideLook:
		return true
	}
	return false
}

type rideArgs struct {
	Ride     string        `json:"ride"`
	Reason   string        `json:"reason,omitempty"`
	Words    string        `json:"words,omitempty"`
	Customer bool          `json:"customer,omitempty"` // the order was cancelled
	Tip      *money.Amount `json:"tip,omitempty"`
	Untaken  bool          `json:"untaken,omitempty"` // only while nobody has taken it: a rule wants somebody else
}

const rideTarget = "ride/"

// rideEffect makes an effect about a ride, unless there is one. One that ended is not begun
// again by the want of the same.
func (h *Hub) rideEffect(tx *db.Tx, row *db.OrderRow, d order.Delivery, kind, cause string, a rideArgs) {
	now := tx.Now().UnixMilli()
	e := effect.Effect{
		ID: ident.Effect(tx.ID()), Merchant: row.Merchant, Account: row.Account, Order: row.ID, Target: rideTarget + d.Key, Kind: kind, Nature: effect.Guarded,
		State: effect.Waiting, Args: toJSON(a), Cause: cause, NextAt: now, Made: now, Changed: now,
	}
	switch kind {
	case kindRideTip:
		e.Case, e.Nature = a.Tip.Text(), effect.Absolute
	case kindRideLook: // beside what is ordered or cancelled
		e.Target, e.NextAt = rideTarget+d.Key+"/look", now+lookAt(d.State).Milliseconds()
	case kindRide:
		e.Deadline = now + rideTime.Milliseconds()
	}
	e.Key = effect.GoalKey(rideTarget+d.Key, kind, e.Case)
	for _, x := range tx.Effects(row.ID) {
		if x.Key == e.Key && (x.State.Open() || cause == "want" && kind != kindRideLook) {
			return
		}
	}
	tx.PutEffect(&e)
}

const rideTime = 20 * time.Minute // what is not ordered by then is of no use

// lookAt is how long after a look the next one comes; a callback makes it come at once.
func lookAt(s order.State) time.Duration {
	if s == order.DeliverySought {
		return 20 * time.Second
	}
	return time.Minute
}

// A RideOffer is one way to bring an order.
type RideOffer struct {
	CourierID ident.Courier `json:"courier_id"`
	RiderID   ident.Rider   `json:"rider_id"`
	Name      string        `json:"name"`
	Make      string        `json:"make,omitempty" doc:"The courier's word: dada."`
	Busy      int           `json:"busy" doc:"Of an own rider: so many orders are with him."`
	Fee       *money.Amount `json:"fee,omitempty"`
	Distance  int64         `json:"distance_m,omitempty"`
	Why       *fault.Reason `json:"why,omitempty" doc:"Why this way cannot be taken now."`
	Words     string        `json:"words,omitempty" doc:"The courier's own words for that."`
}

// RideOffers lists the ways in which an order can be brought, with what couriers ask now. They are asked
// together, and one that does not answer in time is shown with that.
func (h *Hub) RideOffers(ctx context.Context, who Actor, id ident.Order) ([]RideOffer, error) {
	const op = "hub.RideOffers"
	row, recs, _, err := h.db.Order(ctx, who.Scope, id)
	if err != nil {
		return nil, fault.Wrap(op, err)
	}
	o := h.fold(&row, recs, h.info(row.Channel, row.Ref.Realm))
	riders, err := h.db.Riders(ctx, who.Scope)
	if err != nil {
		return nil, fault.Wrap(op, err)
	}
	out := []RideOffer{}
	for _, r := range riders {
		if r.Store == row.Store && !r.Disabled {
			out = append(out, RideOffer{RiderID: r.ID, Name: r.Name})
		}
	}
	rows, err := h.db.Couriers(ctx, who.Merchant)
	if err != nil {
		return nil, fault.Wrap(op, err)
	}
	type answer struct {
		at int
		q  courier.Quote
		e  error
	}
	ctx, cancel := context.WithTimeout(ctx, 8*time.Second)
	defer cancel()
	answers, asked := make(chan answer, len(rows)), 0
	for _, c := range rows {
		if c.Disabled || c.Shops[row.Store] == "" {
			continue
		}
		at := len(out)
		out = append(out, RideOffer{CourierID: c.ID, Name: c.Name, Make: c.Kind})
		asked++
		go func() {
			a, err := h.openCourier(c)
			var q courier.Quote
			if err == nil {
				q, err = a.Quote(ctx, h.jobOf(&row, &o, c, ident.Ride(ident.New(time.Now())).String()))
			}
			answers <- answer{at, q, err}
		}()
	}
	for range asked {
		a := <-answers
		if a.e != nil {
			why := fault.ReasonOf(a.e)
			out[a.at].Why, out[a.at].Words = &why, fault.WordsOf(a.e)
			continue
		}
		out[a.at].Fee, out[a.at].Distance = &a.q.Fee, a.q.Distance
	}
	return out, nil
}

// openCourier opens an account at a courier.
func (h *Hub) openCourier(row db.CourierRow) (courier.Courier, error) {
	mk, ok := couriers.MakeOf(row.Kind)
	if !ok {
		return nil, fault.Say("hub.openCourier", fault.Unsupported, "no_courier_kind", "this build knows no such courier")
	}
	return mk.Open(h.courierConfig(row), courier.Env{Reads: h.reads.reads, Calls: h.reads.calls, Now: h.clock.Now})
}

func (h *Hub) courierConfig(row db.CourierRow) courier.Config {
	c := courier.Config{Address: row.Address, Credentials: secrets(row.Credentials)}
	if h.public != "" {
		c.Callback = h.public + "/courier/" + row.Merchant.String() + "/" + row.ID.String()
	}
	return c
}

// jobOf is an order as a courier is told of it.
func (h *Hub) jobOf(row *db.OrderRow, o *order.Order, c db.CourierRow, key string) courier.Job {
	j := courier.Job{ID: key, Shop: c.Shops[row.Store], Remark: o.Remark, Number: "#" + cmp.Or(o.Head.DaySeq, o.Head.Display)}
	if info := h.info(row.Channel, row.Ref.Realm); info != nil {
		j.Number = info.Label.ZH + j.Number
	}
	if o.Bill != nil {
		j.Value = o.Bill.Total
		for _, l := range o.Bill.Lines {
			j.Pieces += l.Quantity
		}
	}
	if p := o.Customer; p != nil {
		j.Name, j.Phone, j.Lat, j.Lng = cmp.Or(p.Name, "顾客"), p.Phone, p.Lat, p.Lng
		j.Address = strings.TrimSpace(strings.Join([]string{p.City, p.Address, p.Detail}, " "))
	}
	return j
}

// mostCallback bounds what a courier may send.
const mostCallback = 64 << 10

// CourierCallback takes what a courier sends. One of a ride that is none of ours is answered
// and passed over: another system may share the account.
func (h *Hub) CourierCallback(ctx context.Context, m ident.Merchant, id ident.Courier, r channel.Request) (channel.Reply, error) {
	const op = "hub.CourierCallback"
	row, err := h.courier(ctx, m, id)
	if err != nil {
		return channel.Reply{}, fault.Wrap(op, err)
	}
	mk, ok := couriers.MakeOf(row.Kind)
	if !ok || len(r.Body) > mostCallback {
		return channel.Reply{}, &fault.Error{Op: op, Code: fault.NotFound, Why: whyNoCourier}
	}
	r.At = h.now()
	got := mk.Receive(h.courierConfig(row), r)
	if got.Verdict != channel.Good || got.Err != nil {
		return got.Reply, nil
	}
	made, err := h.db.EffectsByKey(ctx, m, []string{effect.GoalKey(rideTarget+got.State.ID, kindRide, "")})
	if err != nil || len(made) == 0 {
		return got.Reply, err
	}
	_, err = h.db.Do(ctx, db.Verb{Name: "courier.callback", Merchant: m, Orders: []ident.Order{made[0].Order}, Class: db.Background, Decide: func(tx *db.Tx) error {
		o, ok := tx.OrderByID(made[0].Order)
		if !ok {
			return nil
		}
		tx.Journal(db.Entry{At: h.now(), Direction: db.Push, What: "ride.callback", Channel: o.Channel, Account: o.Account, Order: o.ID, Ref: o.Ref, Method: r.Method, Path: row.Kind, Outcome: "kept"})
		return h.learnState(tx, o, got.State)
	}})
	return got.Reply, fault.Wrap(op, err)
}

// learnState writes what a courier says of a ride. Its times are of whole seconds: within one
// second what it says comes after what we know, never before the ride was asked for, and never
// later than now, or nothing that is said after it would count.
func (h *Hub) learnState(tx *db.Tx, row *db.OrderRow, s courier.State) error {
	o := h.fold(row, tx.Linked(row.Ref), h.info(row.Channel, row.Ref.Realm))
	i := slices.IndexFunc(o.Delivered, func(d order.Delivery) bool { return d.Key == s.ID && d.Ride != nil })
	if i < 0 {
		return nil
	}
	d, now := o.Delivered[i], h.now().UnixMilli()
	var rec order.Record
	if s.Said != "" && (s.Said != d.State || s.At > 0) {
		at := s.At
		switch {
		case at == 0 && s.Said == order.DeliverySought:
			at = d.Ride.At
		case at == 0:
			at = now
		case at%1000 == 0:
			at += 999
		}
		said := order.Said{State: string(s.Said), At: max(min(at, now), d.Ride.At), Class: order.ClassRead, Why: s.Why}
		if s.Rider != nil && s.Said != order.DeliverySought {
			said.Who = s.Rider.Name
		}
		if s.Said != d.State || s.Why != "" { // the first to say so is enough
			rec.Say(order.AxisDelivery, said)
		}
	}
	stamp := order.Stamp{Version: now, Class: order.ClassRead, Read: now}
	if s.Rider != nil && (d.Rider == nil || *s.Rider != *d.Rider) {
		order.Put(&rec, order.RegRider, stamp, *s.Rider)
	}
	switch over := s.Said != "" && !(order.Delivery{State: s.Said}).Live(); { // where he was is nobody's matter once it is over
	case over && d.Place != nil:
		order.Put(&rec, order.RegPlace, stamp, order.Position{})
	case !over && d.Live() && s.Place != nil:
		order.Put(&rec, order.RegPlace, stamp, *s.Place)
	}
	fare := order.Fare{Fee: cmp.Or(s.Fare.Fee, d.Fare.Fee), Tip: cmp.Or(s.Fare.Tip, d.Fare.Tip), Penalty: cmp.Or(s.Fare.Penalty, d.Fare.Penalty),
		Distance: cmp.Or(s.Fare.Distance, d.Fare.Distance), Ref: cmp.Or(s.Fare.Ref, d.Fare.Ref)}
	if string(toJSON(fare)) != string(toJSON(d.Fare)) {
		order.Put(&rec, order.RegFare, stamp, fare)
	}
	if d.Silent > 0 {
		order.Put(&rec, order.RegSilent, stamp, order.Silence{})
	}
	if len(rec.Regs) == 0 && len(rec.Axes) == 0 {
		return nil
	}
	return h.learnRide(tx, row, d.Key, rec)
}

// learnSilence writes since when a ride's courier answers nothing.
func (h *Hub) learnSilence(tx *db.Tx, row *db.OrderRow, key string, since int64) error {
	var rec order.Record
	order.Put(&rec, order.RegSilent, order.Stamp{Version: since, Class: order.ClassRead, Read: since}, order.Silence{At: since})
	return h.learnRide(tx, row, key, rec)
}

func rideArgsOf(e effect.Effect) (a rideArgs) {
	if json.Unmarshal(e.Args, &a) != nil {
		return rideArgs{}
	}
	return a
}

// rideDetail adds to a delivery who brings it and what that costs.
func (h *Hub) rideDetail(v *Delivery, d *order.Delivery) {
	v.Way = "platform"
	if d.Kind == "parcel" {
		v.Way = "parcel"
	}
	if d.Ride == nil {
		return
	}
	v.Way, v.Make, v.Planned, v.Theirs = d.Ride.Way, d.Ride.Make, d.Planned(), ""
	v.Fee, v.Tip, v.Penalty, v.Place = d.Fare.Fee, d.Fare.Tip, d.Fare.Penalty, d.Place
	if d.Place != nil {
		v.LastedAt = max(v.LastedAt, d.Place.At)
	}
}
