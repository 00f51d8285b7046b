package hub

import (
	"context"
	"time"

	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/ident"
	"github.com/tongdan/tongdan/internal/db"
	"github.com/tongdan/tongdan/order"
	"github.com/tongdan/tongdan/role"
)

// Make says that the kitchen makes an order, or, with on false, that it does not after
// all. All screens of the store see it; no platform is told. pressed is when it was
// pressed, by the trade's clock; of two, the later counts, whichever comes first. It fails
// with fault.Conflict for an order that waits for no kitchen.
func (h *Hub) Make(ctx context.Context, who Actor, id ident.Order, on bool, pressed time.Time) (seq int64, err error) {
	const op = "hub.Make"
	if pressed.IsZero() {
		pressed = h.now()
	}
	r, err := h.db.Do(ctx, db.Verb{Name: "act.making", Merchant: who.Merchant, Orders: []ident.Order{id}, Class: db.People, Decide: func(tx *db.Tx) error {
		row, ok := tx.OrderByID(id)
		if !ok || !who.Sees(row.Store) {
			return fault.Say(op, fault.NotFound, "no_order", "there is no such order")
		}
		if err := who.May(op, role.ActOn(string(order.Ready))); err != nil {
			return err
		}
		o := h.fold(row, tx.Linked(row.Ref), h.info(row.Channel, row.Ref.Realm))
		if o.Status != order.StatusAccepted {
			return fault.Say(op, fault.Conflict, "not_in_kitchen", "this order waits for no kitchen now")
		}
		if (o.Making.At > 0) == on {
			return nil
		}
		making, what := order.Making{By: who.Name, At: pressed.UnixMilli()}, "making"
		if !on {
			making, what = order.Making{}, "not_making"
		}
		var own order.Record
		order.Put(&own, order.RegMaking, order.Stamp{Version: pressed.UnixMilli(), Class: order.ClassAct}, making)
		ref := order.Ref{Realm: row.Ref.Realm, Kind: order.KindOwn, ID: row.Ref.ID}
		old, _ := tx.Record(ref)
		tx.PutRecord(ref, old.Merge(own))
		tx.Link(ref, row.Ref.ID)
		tx.Journal(db.Entry{At: pressed, Direction: db.Act, What: what, Channel: row.Channel, Account: row.Account, Order: row.ID, Ref: row.Ref, By: who.ID, Outcome: "done", Body: toJSON(own)})
		return h.settle(tx, row)
	}})
	return r.Seq, fault.Wrap(op, err)
}

// made keeps that somebody said of an order that it is ready, or took that back. It is a fact
// of ours from the press on, whatever becomes of the call: of a made order that is cancelled
// before it leaves nothing goes back to be sold.
func (h *Hub) made(tx *db.Tx, who Actor, row *db.OrderRow, m order.Made, at time.Time) {
	ref := order.Ref{Realm: row.Ref.Realm, Kind: order.KindOwn, ID: row.Ref.ID}
	old, _ := tx.Record(ref)
	was, _ := order.Get[order.Made](old, order.RegMade)
	if (was.At > 0) == (m.At > 0) {
		return
	}
	var own order.Record
	order.Put(&own, order.RegMade, order.Stamp{Version: max(at.UnixMilli(), was.At+1), Class: order.ClassAct}, m)
	tx.PutRecord(ref, old.Merge(own))
	tx.Link(ref, row.Ref.ID)
	what := actMade
	if m.At == 0 {
		what = actNotMade
	}
	tx.Journal(db.Entry{At: at, Direction: db.Act, What: what, Channel: row.Channel, Account: row.Account, Order: row.ID, Ref: row.Ref, By: who.ID, Outcome: "done", Body: toJSON(own)})
}

// What the journal calls them.
const (
	actMade    = "made"
	actNotMade = "not_made"
)
