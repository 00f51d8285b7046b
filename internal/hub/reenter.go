package hub

import (
	"context"
	"encoding/json"
	"slices"

	"github.com/tongdan/tongdan/channel"
	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/ident"
	"github.com/tongdan/tongdan/internal/db"
	"github.com/tongdan/tongdan/money"
	"github.com/tongdan/tongdan/order"
)

// An order that our own people entered is changed by being entered again: the same document
// with other lines, another time or remark, and a newer stamp, through the same door. So stock
// is the difference between what it took and what it takes, the money is that of its lines,
// and the journal holds every version.

// An EntryChange is what an entered order becomes.
type EntryChange struct {
	Lines    []EntryLine
	Promised *int64  // nil = as it is
	Remark   *string // nil = as it is
	Short    bool    // change it although pieces are missing
	Version  int64   // which version of the entry is changed; 0 = whichever there is
}

// EntryChanged is what became of a change.
type EntryChanged struct {
	Total money.Amount
	More  money.Amount // to be collected now; below 0: to be given back; 0 where it is paid later
	Undo  int64        // until when a screen offers to take it back, UTC ms of the trade's clock
	Seq   int64
}

// ChangeEntry changes an entered order while nothing of it has left. What was made already
// keeps its lines, and an order of which money went back its sum: both are fault.Conflict.
// It fails with stock_short like Enter, where what the order has counts as there, and with
// entry_changed where somebody else has changed the version that it names: lines are kept by
// their places, which may hold other things by then.
func (h *Hub) ChangeEntry(ctx context.Context, who Actor, id ident.Order, c EntryChange) (EntryChanged, error) {
	const op = "hub.ChangeEntry"
	x, err := h.reentry(ctx, op, who, id)
	if err != nil {
		return EntryChanged{}, err
	}
	if c.Version != 0 && c.Version != x.version {
		return EntryChanged{}, fault.Say(op, fault.Conflict, "entry_changed", "somebody has changed this order meanwhile: close this, look at it and change it again")
	}
	e := Entry{Store: x.store.ID, Origin: x.doc.Origin, Serve: channel.ServeTakeOut, Pay: x.doc.Pay, Promised: x.doc.Promised, Remark: x.doc.Remark, Short: c.Short, Lines: slices.Clone(c.Lines)}
	if c.Promised != nil {
		e.Promised = *c.Promised
	}
	if c.Remark != nil {
		e.Remark = *c.Remark
	}
	for i := range e.Lines {
		if l := &e.Lines[i]; l.Keep != "" {
			at := slices.IndexFunc(x.o.Bill.Lines, func(b order.Line) bool { return b.Key == l.Keep })
			if at < 0 {
				return EntryChanged{}, &fault.Error{Op: op, Code: fault.Invalid, Why: fault.Because("no_line", "the order has no such line"),
					Fields: []fault.Field{fault.Wrong("body.lines["+itoa(i)+"].line", fault.Because("no_line", "the order has no such line"))}}
			}
			l.Name, l.SKU = x.o.Bill.Lines[at].Name, x.skus[x.o.Bill.Lines[at].Ref]
		}
	}
	if err := e.check(op); err != nil {
		return EntryChanged{}, err
	}
	next := x.doc
	if next.Lines, err = h.entryLines(ctx, who, x.shop, e, x.has); err != nil {
		return EntryChanged{}, err
	}
	if !slices.Equal(next.Lines, x.doc.Lines) {
		next.Tendered = 0 // what was given was for another sum
	}
	next.Promised, next.Remark = e.Promised, e.Remark
	return h.reenter(ctx, who, x, next)
}

// UndoEntryChange takes the last change of an entered order back.
func (h *Hub) UndoEntryChange(ctx context.Context, who Actor, id ident.Order) (EntryChanged, error) {
	const op = "hub.UndoEntryChange"
	x, err := h.reentry(ctx, op, who, id)
	if err != nil {
		return EntryChanged{}, err
	}
	if x.before == nil {
		return EntryChanged{}, fault.Say(op, fault.Conflict, "not_changed", "this order was not changed")
	}
	next := x.doc
	next.Lines, next.Promised, next.Tendered, next.Remark = x.before.Lines, x.before.Promised, x.before.Tendered, x.before.Remark
	return h.reenter(ctx, who, x, next)
}

// A reentry is an entered order with what a change of it needs.
type reentry struct {
	row     db.OrderRow
	o       order.Order
	doc     channel.Entry // as it is now
	version int64
	before  *channel.EntryBefore
	store   db.StoreRow
	shop    db.ShopRow
	skus    map[string]ident.SKU // by the code of their offer
	has     map[ident.SKU]int64  // pieces that it keeps
}

// entryVersion is the version of an entry that an order's records hold; 0 = it is none.
func entryVersion(recs []order.Linked, ref order.Ref) int64 {
	for _, l := range recs {
		if l.Ref == ref {
			return l.Record.Regs[order.RegBill].Stamp.Version
		}
	}
	return 0
}

// reentry reads an entered order, and fails where it can no longer be changed.
func (h *Hub) reentry(ctx context.Context, op string, who Actor, id ident.Order) (x reentry, err error) {
	row, recs, _, err := h.db.Order(ctx, who.Scope, id)
	if err != nil {
		return x, fault.Wrap(op, err)
	}
	drawn, ok, err := h.db.Entered(ctx, who.Merchant, row.Ref.ID)
	if err != nil {
		return x, fault.Wrap(op, err)
	}
	if !ok || !h.Own(row.Channel) {
		return x, fault.Say(op, fault.Unsupported, "undo_foreign", "nobody here entered this order")
	}
	x.version = entryVersion(recs, row.Ref)
	x.row, x.o = row, h.fold(&row, recs, h.info(row.Channel, row.Ref.Realm))
	o := &x.o
	switch {
	case o.Bill == nil || o.Status != order.StatusAccepted && o.Status != order.StatusReady:
		return x, fault.Say(op, fault.Conflict, "entry_over", "this order has left or ended: it cannot be changed any more")
	case !o.Refunded.IsZero():
		return x, fault.Say(op, fault.Conflict, "entry_refunded", "money of this order went back already: cancel it, and enter it anew")
	}
	if x.store, ok = h.db.StoreByID(who.Merchant, row.Store); !ok {
		return x, fault.Say(op, fault.NotFound, "no_store", "there is no such store")
	}
	if x.shop, ok = h.db.ShopByID(who.Merchant, row.Shop); !ok {
		return x, fault.Say(op, fault.NotFound, "no_shop", "there is no such shop")
	}
	x.doc = channel.Entry{ID: row.Ref.ID, Shop: o.ShopID, Day: drawn.Day, Number: drawn.Number, At: drawn.Made, Origin: o.Head.Origin, Table: o.Head.Table, Serve: channel.ServeTakeOut,
		Promised: o.Times.Promised, Currency: o.Bill.Total.Currency(), Remark: o.Remark, Total: o.Bill.Total.Minor()}
	switch {
	case o.Head.Logistics == order.BySelf:
		x.doc.Serve = channel.ServeDelivery
	case o.Head.Logistics == order.Pickup:
		x.doc.Serve = channel.ServePickup
	case o.Head.Table != "":
		x.doc.Serve = channel.ServeTable
	}
	for _, l := range o.Bill.Lines {
		x.doc.Lines = append(x.doc.Lines, channel.EntryLine{Name: l.Name, Code: l.SKU, Quantity: l.Quantity, Price: l.Price.Minor(), Note: l.Note})
	}
	if d := o.Bill.Delivery; d != nil {
		x.doc.Delivery = d.Minor()
	}
	for _, d := range o.Bill.Discounts {
		x.doc.Discount += d.Amount.Minor()
	}
	for _, p := range o.Payments {
		if x.doc.Pay = p.Method; p.Tendered != nil {
			x.doc.Tendered = p.Tendered.Minor()
		}
	}
	if c := o.Customer; c != nil {
		x.doc.Customer = channel.EntryCustomer{Name: c.Name, Phone: c.Phone, Address: c.Address}
	}
	for _, e := range o.Events {
		if e.Axis == order.AxisWork && e.State == order.WorkAccepted {
			x.doc.By = e.Who
		}
	}
	for _, l := range recs {
		if b, ok := order.Get[channel.EntryBefore](l.Record, channel.RegBefore); ok && l.Ref == row.Ref {
			x.before = &b
		}
	}
	x.skus, x.has = map[string]ident.SKU{}, map[ident.SKU]int64{}
	var w wants
	if err := json.Unmarshal(row.Wants, &w); err != nil {
		return x, &fault.Error{Op: op, Code: fault.Internal, Ref: id.String(), Err: err}
	}
	for _, t := range w.Taken {
		of, err := h.db.OfferByID(ctx, db.Scope{Merchant: who.Merchant}, t.Offer)
		if err != nil && !fault.Is(err, fault.NotFound) {
			return x, fault.Wrap(op, err)
		}
		x.skus[of.Code] = of.SKU
		x.has[t.SKU] += t.Kept
	}
	return x, nil
}

// reenter writes the changed document.
func (h *Hub) reenter(ctx context.Context, who Actor, x reentry, next channel.Entry) (EntryChanged, error) {
	const op = "hub.ChangeEntry"
	same := slices.Equal(next.Lines, x.doc.Lines)
	if !same && (x.o.Status == order.StatusReady || x.o.Made.At > 0) {
		return EntryChanged{}, fault.Say(op, fault.Conflict, "entry_made", "this order has been made: enter what comes on top as an order of its own")
	}
	own, err := h.counter(op)
	if err != nil {
		return EntryChanged{}, err
	}
	app, ok := h.db.AppByID(h.appIDOf(who.Merchant, x.row.Account))
	if !ok {
		return EntryChanged{}, fault.Say(op, fault.NotFound, "app_removed", "the app has been removed")
	}
	next.Before = &channel.EntryBefore{Lines: x.doc.Lines, Promised: x.doc.Promised, Tendered: x.doc.Tendered, Remark: x.doc.Remark}
	if next.Total, ok = next.Sum(); !ok {
		return EntryChanged{}, &fault.Error{Op: op, Code: fault.Invalid, Why: fault.Because("fields_wrong", "some fields are wrong"), Fields: []fault.Field{fault.Wrong("body.lines", fault.Because("field_discount_over", "the discount is more than the rest comes to"))}}
	}
	now := h.now()
	next.Changed = max(now.UnixMilli(), next.At+1)
	req, err := own.Enter(appOf(app), next)
	if err != nil {
		return EntryChanged{}, fault.Wrap(op, err)
	}
	reply, err := h.Callback(ctx, own.Info().Name, app.ID, req)
	if err != nil {
		return EntryChanged{}, fault.Wrap(op, err)
	}
	if reply.Status >= 300 {
		return EntryChanged{}, fault.Say(op, fault.Unavailable, "entered_not_kept", "the order could not be written down; press again")
	}
	was, is := x.o.Bill.Total, money.Of(next.Total, next.Currency)
	out := EntryChanged{Total: is, More: money.Of(0, next.Currency), Undo: now.UnixMilli() + int64(float64(undoFor.Milliseconds())*h.clock.Speed)}
	if next.Pay != channel.PayLater {
		if out.More, err = is.Sub(was); err != nil {
			return out, fault.Wrap(op, err)
		}
	}
	// That somebody did it, for the timeline; the document itself has been kept by now.
	r, err := h.db.Do(ctx, db.Verb{Name: "entry.change", Merchant: who.Merchant, Orders: []ident.Order{x.row.ID}, Class: db.People, Decide: func(tx *db.Tx) error {
		tx.Journal(db.Entry{At: now, Direction: db.Act, What: "entry_change", Channel: x.row.Channel, Account: x.row.Account, Order: x.row.ID, Ref: x.row.Ref, By: who.ID, Outcome: was.String() + " → " + is.String()})
		return nil
	}})
	if err != nil {
		return out, fault.Wrap(op, err)
	}
	at, err := h.db.Feed(ctx, who.Merchant)
	out.Seq = max(r.Seq, at.Seq)
	return out, fault.Wrap(op, err)
}

func (h *Hub) appIDOf(m ident.Merchant, a ident.Account) ident.App {
	row, _ := h.db.AccountByID(m, a)
	return row.App
}
