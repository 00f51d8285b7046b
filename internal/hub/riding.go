package hub

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"github.com/tongdan/tongdan/channel"
	"github.com/tongdan/tongdan/courier"
	"github.com/tongdan/tongdan/effect"
	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/ident"
	couriers "github.com/tongdan/tongdan/internal/courier"
	"github.com/tongdan/tongdan/internal/db"
	"github.com/tongdan/tongdan/internal/lane"
	"github.com/tongdan/tongdan/order"
)

// riding makes what is wanted of rides happen: with couriers by their calls, with own riders by
// saying so.
type riding struct{ h *Hub }

func (r riding) ride(tx *db.Tx, e effect.Effect) (*db.OrderRow, order.Order, order.Delivery, bool) {
	row, ok := tx.OrderByID(e.Order)
	if !ok {
		return nil, order.Order{}, order.Delivery{}, false
	}
	o := r.h.fold(row, tx.Linked(row.Ref), r.h.info(row.Channel, row.Ref.Realm))
	for _, d := range o.Rides() {
		if d.Key == rideArgsOf(e).Ride {
			return row, o, d, true
		}
	}
	return row, o, order.Delivery{}, false
}

// Begin looks once more whether it is still wanted.
func (r riding) Begin(tx *db.Tx, e effect.Effect) (effect.State, fault.Reason) {
	row, o, d, ok := r.ride(tx, e)
	_, left := hasLeft(o.Rides())
	switch {
	case !ok:
		return effect.Void, whyNoRide
	case e.Kind == kindRideLook:
		return "", fault.Reason{}
	case e.Kind == kindRide && !d.Planned():
		return effect.Done, fault.Reason{}
	case e.Kind == kindRide && (o.Axes.Work == order.WorkCancelled || o.Axes.Work == order.WorkDone || o.Axes.Work == order.WorkReplaced):
		return effect.Void, order.WhyDone
	case e.Kind == kindRide && slices.ContainsFunc(tx.Effects(row.ID), func(x effect.Effect) bool {
		return x.Kind == kindRideCancel && x.Target == e.Target && x.State.Open()
	}): // an earlier call has not ordered it, and meanwhile it was cancelled
		return effect.Void, whyPerson
	case e.Kind == kindRide && left:
		return effect.Void, order.WhyOnTheWay
	case e.Kind == kindRideCancel && !d.Live():
		return effect.Done, fault.Reason{}
	case e.Kind == kindRideTip && d.State != order.DeliverySought, e.Kind == kindRideCancel && rideArgsOf(e).Untaken && d.State != order.DeliverySought:
		return effect.Void, order.WhyRiderTaken
	}
	return "", fault.Reason{}
}

func (riding) Before(context.Context, effect.Effect) (json.RawMessage, error) { return nil, nil }

// open gives the ride of an effect with all that a call needs.
func (r riding) open(ctx context.Context, e effect.Effect) (order.Delivery, courier.Courier, courier.Job, error) {
	const op = "hub.riding"
	gone := &fault.Error{Op: op, Code: fault.NotFound, Why: whyNoRide}
	row, recs, _, err := r.h.db.Order(ctx, db.Scope{Merchant: e.Merchant}, e.Order)
	if err != nil {
		return order.Delivery{}, nil, courier.Job{}, err
	}
	o := r.h.fold(&row, recs, r.h.info(row.Channel, row.Ref.Realm))
	for _, d := range o.Rides() {
		if d.Key != rideArgsOf(e).Ride {
			continue
		}
		if d.Ride.Way == order.RideOwn {
			return d, nil, courier.Job{}, nil
		}
		var id ident.Courier
		if id.UnmarshalText([]byte(d.Ride.Courier)) != nil {
			return d, nil, courier.Job{}, gone
		}
		c, err := r.h.courier(ctx, e.Merchant, id)
		if err != nil {
			return d, nil, courier.Job{}, err
		}
		if e.Kind == kindRide && c.Shops[row.Store] == "" { // what it has already is looked at and cancelled all the same
			return d, nil, courier.Job{}, &fault.Error{Op: op, Code: fault.Unsupported, Why: whyNoNumber}
		}
		a, err := r.h.openCourier(c)
		j := r.h.jobOf(&row, &o, c, d.Key)
		j.Most = d.Ride.Most
		return d, a, j, err
	}
	return order.Delivery{}, nil, courier.Job{}, gone
}

func (r riding) Do(ctx context.Context, e effect.Effect) lane.Result {
	d, c, j, err := r.open(ctx, e)
	if err != nil {
		return failed(err)
	}
	if c == nil { // an own rider: he has it from now on
		return r.own(ctx, e, d)
	}
	a := rideArgsOf(e)
	ctx, trace := channel.WithTrace(ctx)
	var s courier.State
	switch e.Kind {
	case kindRide:
		s, err = c.Order(ctx, j)
	case kindRideCancel:
		if mk, ok := couriers.MakeOf(d.Ride.Make); ok && a.Customer {
			a.Reason = mk.Info().Customer
		}
		if a.Untaken { // whoever has taken it would be paid for coming
			switch s, err = c.Look(ctx, d.Key); {
			case err != nil && !fault.Is(err, fault.NotFound):
				return r.save(ownFault(err), e, courier.State{}, trace.Take())
			case err == nil && s.Said == order.DeliveryCancelled:
				return r.save(lane.Result{Outcome: effect.OK}, e, s, trace.Take())
			case err == nil && s.Said != order.DeliverySought && s.Said != "":
				return r.save(lane.Result{Outcome: effect.No, Code: fault.Conflict, Why: order.WhyRiderTaken}, e, s, trace.Take())
			}
		}
		if s, err = c.Cancel(ctx, d.Key, a.Reason, a.Words); err == nil {
			s.At = r.h.now().UnixMilli()
		}
	case kindRideTip:
		if err = c.Tip(ctx, d.Key, *a.Tip); err == nil {
			s = courier.State{ID: d.Key, Fare: order.Fare{Tip: a.Tip}}
		}
	case kindRideLook:
		return r.look(ctx, e, d, c, trace)
	}
	res := failed(err)
	if err == nil {
		res.Outcome = effect.OK
	}
	return r.save(res, e, s, trace.Take())
}

// Look finds out whether a call has taken place.
func (r riding) Look(ctx context.Context, e effect.Effect) lane.Result {
	d, c, _, err := r.open(ctx, e)
	if err != nil {
		return failed(err)
	}
	if c == nil {
		return r.own(ctx, e, d)
	}
	ctx, trace := channel.WithTrace(ctx)
	s, err := c.Look(ctx, d.Key)
	var res lane.Result
	switch {
	case fault.Is(err, fault.NotFound) && e.Kind == kindRide:
		res.Outcome = effect.NotSeen
	case err != nil:
		res = failed(err)
	case e.Kind == kindRide:
		res.Outcome = effect.Seen
	case e.Kind == kindRideCancel:
		switch s.Said {
		case order.DeliveryCancelled:
			res.Outcome = effect.Seen
		case order.DeliveryOnTheWay, order.DeliveryDelivered, order.DeliveryFailed, order.DeliveryReturned:
			res.Outcome, res.Why = effect.Obsolete, order.WhyOnTheWay
		default:
			res.Outcome = effect.NotSeen
		}
	case s.Fare.Tip != nil && s.Fare.Tip.Minor() >= rideArgsOf(e).Tip.Minor():
		res.Outcome = effect.Seen
	case s.Said != order.DeliverySought:
		res.Outcome, res.Why = effect.Obsolete, order.WhyRiderTaken
	default:
		res.Outcome = effect.NotSeen
	}
	return r.save(res, e, s, trace.Take())
}

// look asks how a courier's ride stands, again and again until it has ended.
func (r riding) look(ctx context.Context, e effect.Effect, d order.Delivery, c courier.Courier, trace *channel.Trace) lane.Result {
	if !d.Live() {
		return lane.Result{Outcome: effect.OK}
	}
	s, err := c.Look(ctx, d.Key)
	res := failed(err)
	if err == nil {
		res.Outcome = effect.OK
	}
	over := err == nil && s.Said != "" && !(order.Delivery{State: s.Said}).Live()
	if !over {
		res = repeat(res, time.Now().Add(lookAt(d.State)))
	}
	if s.Said == d.State && s.Place == nil {
		trace.Take() // it says what is known
	}
	res = r.save(res, e, s, trace.Take())
	if s.Place != nil && d.State == order.DeliveryOnTheWay && !over {
		r.tellPlace(ctx, e, *s.Place)
	}
	if err == nil || d.Silent > 0 {
		return res
	}
	save := res.Save
	res.Save = func(tx *db.Tx) error { // the first question without an answer: since when is kept, however often it is asked again
		if err := save(tx); err != nil {
			return err
		}
		if row, _, d, ok := r.ride(tx, e); ok && d.Live() && d.Silent == 0 {
			return r.h.learnSilence(tx, row, d.Key, r.h.now().UnixMilli())
		}
		return nil
	}
	return res
}

// tellPlace passes on where a courier's rider is, who has the order with him.
func (r riding) tellPlace(ctx context.Context, e effect.Effect, at order.Position) {
	row, recs, _, err := r.h.db.Order(ctx, db.Scope{Merchant: e.Merchant}, e.Order)
	if err != nil {
		return // the next one is on its way
	}
	o := r.h.fold(&row, recs, r.h.info(row.Channel, row.Ref.Realm))
	for _, d := range o.Rides() {
		if d.Key == rideArgsOf(e).Ride && d.State == order.DeliveryOnTheWay {
			r.h.tellPlace(ctx, &row, &o, d, at)
		}
	}
}

// own lets a rider of the store's own have an order.
func (r riding) own(ctx context.Context, e effect.Effect, d order.Delivery) lane.Result {
	list, err := r.h.db.Riders(ctx, db.Scope{Merchant: e.Merchant})
	if err != nil {
		return ownFault(err)
	}
	for _, x := range list {
		if x.ID.String() == d.Ride.Rider {
			s := courier.State{ID: d.Key, Said: order.DeliveryAssigned, At: r.h.now().UnixMilli(), Rider: &order.Rider{Name: x.Name, Phone: x.Phone}}
			return r.save(lane.Result{Outcome: effect.OK}, e, s, nil)
		}
	}
	return lane.Result{Outcome: effect.No, Code: fault.NotFound, Why: whyNoRider}
}

// save writes the exchanges of a call into the journal and learns what it told.
func (r riding) save(res lane.Result, e effect.Effect, s courier.State, calls []channel.Exchange) lane.Result {
	at := r.h.now()
	res.Save = func(tx *db.Tx) error {
		row, ok := tx.OrderByID(e.Order)
		if !ok {
			return nil
		}
		for _, x := range calls {
			tx.Journal(db.Entry{At: x.At, Direction: db.Call, What: e.Kind, Channel: row.Channel, Account: row.Account, Order: row.ID, Ref: row.Ref,
				Method: x.Method, Path: x.URL, Status: x.Status, Took: x.Took, By: e.Cause, Outcome: string(res.Outcome), Error: x.Err, Body: x.Sent, Answer: x.Got})
		}
		if s.ID == "" {
			return nil
		}
		if s.At == 0 && s.Said == order.DeliveryCancelled {
			s.At = at.UnixMilli()
		}
		return r.h.learnState(tx, row, s)
	}
	return res
}

// Changed shows the effect's new state on the order. A ride that could not be begun is over.
func (r riding) Changed(tx *db.Tx, e effect.Effect) error {
	row, _, d, ok := r.ride(tx, e)
	if row == nil {
		return nil
	}
	if ok && e.Kind == kindRide && d.Planned() && (e.State == effect.Refused || e.State == effect.Void) {
		var rec order.Record
		why := order.RideByMerchant
		if e.State == effect.Refused {
			why = order.RideByCourier
		}
		rec.Say(order.AxisDelivery, order.Said{State: string(order.DeliveryCancelled), At: r.h.now().UnixMilli(), Class: order.ClassAct, Why: why + " " + clip(e.Why.Text, 200)})
		return r.h.learnRide(tx, row, d.Key, rec)
	}
	return r.h.settle(tx, row)
}
