package hub

import (
	"context"
	"slices"
	"strconv"
	"time"

	"github.com/tongdan/tongdan/channel"
	"github.com/tongdan/tongdan/effect"
	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/geo"
	"github.com/tongdan/tongdan/ident"
	couriers "github.com/tongdan/tongdan/internal/courier"
	"github.com/tongdan/tongdan/internal/db"
	"github.com/tongdan/tongdan/order"
)

// A platform is told whom the store sends with an order. That he has left and that he has arrived are
// Dispatch and Deliver, which every platform with own delivery takes; what comes before, and that he does
// not come, is channel.TellRider, for those that want to know. It is a value: of what has not been sent the newest
// alone is, what was sent twice is as sent once, and nothing of it is told once he has left. Places
// are told beside all this and kept by nobody (tellPlace).

// settleTelling has the platform told who is to bring an order and how far he is, until he leaves with it; or
// that whoever it has heard of does not come.
func (h *Hub) settleTelling(tx *db.Tx, row *db.OrderRow, o *order.Order, info *channel.Info, rides []order.Delivery) {
	power, can := info.Power(channel.TellRider)
	if !can || order.Achieved(o, order.Dispatch, "") {
		return
	}
	newest, heard, n := tellings(tx.Effects(row.ID))
	want, ok := comes(rides)
	if !ok && heard != nil { // whoever it was is none of them any more
		want, ok = actArgs(*heard)
		ok = ok && want.Telling.State != order.DeliveryCancelled
		if ok {
			want.Telling.State = order.DeliveryCancelled
		}
	}
	if newest != nil {
		was, told := actArgs(*newest)
		if ok && told && *was.Telling == *want.Telling && was.Courier == want.Courier && (newest.State != effect.Void || newest.Why.Code != whyOvertaken.Code) {
			return
		}
		if newest.State == effect.Waiting && newest.Attempts == 0 { // nobody has heard of that
			newest.State, newest.Why, newest.Changed = effect.Void, whyOvertaken, tx.Now().UnixMilli()
			tx.PutEffect(newest)
		}
	}
	if !ok {
		return
	}
	want.Order, want.ShopID, want.Logistics = row.Ref, o.ShopID, o.Head.Logistics
	now := tx.Now().UnixMilli()
	e := effect.Effect{
		ID: ident.Effect(tx.ID()), Merchant: row.Merchant, Account: row.Account, App: h.appOf(tx, row.Account), Order: row.ID, Target: "told/" + row.ID.String(),
		Kind: string(channel.TellRider), Case: strconv.Itoa(n + 1), Nature: power.Nature, State: effect.Waiting, Args: toJSON(want), Cause: "want", NextAt: now, Made: now, Changed: now,
	}
	e.Key = effect.GoalKey(e.Target, e.Kind, e.Case)
	tx.PutEffect(&e)
}

var whyOvertaken = fault.Because("overtaken", "something newer is told instead")

// comes is what is to be told of the rides of an order that has not left.
func comes(rides []order.Delivery) (channel.Act, bool) {
	for _, d := range slices.Backward(rides) {
		if d.State == order.DeliveryAssigned || d.State == order.DeliveryAtStore {
			return tellingOf(d, d.State)
		}
	}
	return channel.Act{}, false
}

// tellingOf is an act that says who brings an order; false where nobody can be named.
func tellingOf(d order.Delivery, s order.State) (channel.Act, bool) {
	if d.Rider == nil || d.Rider.Name == "" || d.Rider.Phone == "" {
		return channel.Act{}, false
	}
	t := channel.Telling{Ride: d.Key, State: s}
	if mk, ok := couriers.MakeOf(d.Ride.Make); ok && d.Ride.Way == order.RideCourier {
		t.Code = mk.Info().Code
	}
	return channel.Act{Kind: channel.TellRider, Courier: *d.Rider, Telling: &t}, true
}

// tellings finds the newest telling of an order, the newest that its platform may have heard, and how many there are.
func tellings(list []effect.Effect) (newest, heard *effect.Effect, n int) {
	at := 0
	for i := range list {
		e := &list[i]
		if e.Kind != string(channel.TellRider) {
			continue
		}
		no, err := strconv.Atoi(e.Case)
		if err != nil {
			continue
		}
		if no > n {
			newest, n = e, no
		}
		if e.Attempts > 0 && e.State != effect.Refused && no > at {
			heard, at = e, no
		}
	}
	return newest, heard, n
}

func actArgs(e effect.Effect) (channel.Act, bool) {
	a, err := actOf(e)
	return a, err == nil && a.Telling != nil
}

// untold says why a telling is not sent any more.
func untold(tx *db.Tx, o *order.Order, e effect.Effect) (fault.Reason, bool) {
	if _, left := hasLeft(o.Rides()); left || order.Achieved(o, order.Dispatch, "") {
		return order.WhyOnTheWay, true
	}
	if why, yes := order.Impossible(o, order.Dispatch, ""); yes {
		return why, true
	}
	if newest, _, _ := tellings(tx.Effects(e.Order)); newest != nil && newest.ID != e.ID {
		return whyOvertaken, true
	}
	return fault.Reason{}, false
}

// A rider's place is told to the platforms of the orders that he has with him, and goes nowhere else: it is in
// no journal, no record and no log, and what could not be told is forgotten, since the next is on its way. So
// nothing queues: whoever brings a place waits for the calls, and one that comes too soon after the last is dropped.

const (
	placeTime  = 4 * time.Second // a place that has not been told by then is not worth it
	placeLeast = 5 * time.Second // between two of one rider
	mostPlaces = 20              // orders of one rider
)

// RiderAt tells where the rider of a link is, as his phone says it, in WGS-84, and gives how many orders are on
// their way with him whose platform wants to know: 0 = nobody does. It fails with fault.NotFound when the link has ended, and with
// fault.RateLimited for a place that comes too soon after the last.
func (h *Hub) RiderAt(ctx context.Context, secret string, at geo.Point) (away int, err error) {
	const op = "hub.RiderAt"
	if !(at.Lat >= -90 && at.Lat <= 90 && at.Lon >= -180 && at.Lon <= 180) {
		return 0, &fault.Error{Op: op, Code: fault.Invalid, Why: fault.Because("no_place", "there is no such place")}
	}
	who, r, err := h.riderActor(ctx, secret)
	if err != nil {
		return 0, err
	}
	if !h.placed.due(r.ID.String(), time.Now(), placeLeast, func() bool { return true }) {
		return 0, &fault.Error{Op: op, Code: fault.RateLimited, After: placeLeast}
	}
	p := at.Convert(geo.WGS84, geo.GCJ02).Micro()
	place := order.Position{Lat: p.Lat, Lng: p.Lon, At: h.now().UnixMilli()}
	err = h.withRider(ctx, who, r, func(row *db.OrderRow, o *order.Order, d order.Delivery) {
		if info := h.info(row.Channel, row.Ref.Realm); d.State != order.DeliveryOnTheWay || info == nil || info.PlaceEvery == 0 {
			return
		}
		if away++; away <= mostPlaces {
			h.tellPlace(ctx, row, o, d, place)
		}
	})
	return away, fault.Wrap(op, err)
}

// tellPlace tells an order's platform where whoever has it with him is, if it wants to know that now.
func (h *Hub) tellPlace(ctx context.Context, row *db.OrderRow, o *order.Order, d order.Delivery, place order.Position) {
	info := h.info(row.Channel, row.Ref.Realm)
	shop, bound := h.db.ShopByID(row.Merchant, row.Shop)
	if info == nil || info.PlaceEvery == 0 || !bound || shop.Mode != ModeFull || o.Head.Logistics != order.BySelf || !order.Achieved(o, order.Dispatch, "") {
		return // that he has left is told first
	}
	call, ok := tellingOf(d, order.DeliveryOnTheWay)
	if !ok {
		return
	}
	if armed, err := h.db.Armed(ctx); err != nil || !armed {
		return
	}
	c, err := h.conn(row.Merchant, row.Account)
	if err != nil || !h.placed.due(d.Key, time.Now(), info.PlaceEvery, func() bool { return h.runner.Spare(c.app.ID) }) {
		return
	}
	call.Order, call.ShopID, call.Logistics, call.Telling.Place = row.Ref, o.ShopID, o.Head.Logistics, &place
	until := time.Now().Add(placeTime)
	ctx, cancel := context.WithDeadline(ctx, until)
	defer cancel()
	if err := c.TellPlace(channel.WithNotAfter(ctx, until), call); err != nil {
		h.log.DebugContext(ctx, "a rider's place was not taken", "order", row.ID.String(), "code", string(fault.CodeOf(err)))
	}
}
