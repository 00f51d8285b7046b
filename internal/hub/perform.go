package hub

import (
	"context"
	"encoding/json"
	"time"

	"github.com/tongdan/tongdan/channel"
	"github.com/tongdan/tongdan/effect"
	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/internal/db"
	"github.com/tongdan/tongdan/internal/lane"
	"github.com/tongdan/tongdan/order"
)

// The kinds of effects beside the acts on orders.
const (
	kindRead  = "read"  // read one resource, because a hint said so
	kindPull  = "pull"  // what changed since the cursor
	kindSweep = "sweep" // have open orders read again
	kindKeep  = "keep"  // renew what expires: tokens
)

// tasks repeat by time, and are never hidden by a backlog.
var tasks = []string{kindPull, kindSweep, kindKeep, kindWatch, kindComments, kindStanding}

// handled says who handles a kind of effect; kind puts the gate of modes before it.
func (h *Hub) handled(k string) (lane.Kind, bool) {
	if h.noLanes {
		return lane.Kind{}, false
	}
	switch k {
	case kindRead:
		return lane.Kind{Handler: reading{h: h}, Background: true, Budget: true, Asks: true}, true
	case kindPull:
		return lane.Kind{Handler: pulling{h: h}, Background: true, Task: true, Budget: true, Asks: true}, true
	case kindSweep:
		return lane.Kind{Handler: sweeping{h: h}, Background: true, Task: true, Asks: true}, true
	case kindCount:
		return lane.Kind{Handler: counting{h: h}, Background: true, Budget: true, Asks: true}, true
	case kindKeep:
		return lane.Kind{Handler: keeping{h: h}, Task: true}, true
	case kindWatch:
		return lane.Kind{Handler: watching{h: h}, Background: true, Task: true, Asks: true}, true
	case kindKnock:
		return lane.Kind{Handler: knocking{h: h}}, true
	case kindRide, kindRideCancel, kindRideTip:
		return lane.Kind{Handler: riding{h: h}, Apart: true}, true
	case kindRideLook:
		return lane.Kind{Handler: riding{h: h}, Apart: true, Asks: true}, true
	case kindLabels:
		return lane.Kind{Handler: labelling{h: h}, Budget: true}, true
	case kindLabelsOut:
		return lane.Kind{Handler: puttingOut{h: h}, Apart: true, Asks: true}, true
	case kindPrintLabels:
		return lane.Kind{Handler: printingLabels{printing{h: h}}, Apart: true}, true
	case kindPrint:
		return lane.Kind{Handler: printing{h: h}, Apart: true}, true
	case kindStandIn:
		return lane.Kind{Handler: standingIn{h: h}, Apart: true, Asks: true}, true
	case kindBegin:
		return lane.Kind{Handler: beginning{h: h}, Apart: true, Asks: true}, true
	case kindDecide:
		return lane.Kind{Handler: deciding{h: h}, Apart: true, Asks: true}, true
	case kindCode:
		return lane.Kind{Handler: coding{h: h}}, true
	case kindLack:
		return lane.Kind{Handler: lacking{h: h}, Background: true, Asks: true}, true
	case kindComments:
		return lane.Kind{Handler: commenting{h: h}, Background: true, Task: true, Budget: true, Asks: true}, true
	case kindStanding:
		return lane.Kind{Handler: surveying{h: h}, Background: true, Task: true, Budget: true, Asks: true}, true
	case kindReply:
		return lane.Kind{Handler: replying{h: h}, Budget: true}, true
	case kindStock:
		return lane.Kind{Handler: showing{h}, Budget: true}, true
	case kindShown:
		return lane.Kind{Handler: looking{h}, Background: true, Budget: true}, true
	case kindMenu, kindAreas, kindProfile:
		return lane.Kind{Handler: editing{h: h}, Background: true, Budget: true}, true
	case kindRest:
		return lane.Kind{Handler: resting{h: h}, Budget: true}, true
	case string(channel.Acknowledge), string(channel.TellRider):
		return lane.Kind{Handler: performing{h}, Background: true, Budget: true}, true
	}
	return lane.Kind{Handler: performing{h}, Budget: true}, true
}

// performing makes people's acts happen on the platform.
type performing struct{ h *Hub }

// Begin looks once more whether the call is still wanted: a push may have told that the
// customer cancelled, or that the order was accepted in the platform's own app.
func (p performing) Begin(tx *db.Tx, e effect.Effect) (effect.State, fault.Reason) {
	row, ok := tx.OrderByID(e.Order)
	if !ok {
		return effect.Void, fault.Because("no_order", "there is no such order")
	}
	info := p.h.info(row.Channel, row.Ref.Realm)
	o := p.h.fold(row, tx.Linked(row.Ref), info)
	kind := order.ActionKind(e.Kind)
	if kind == channel.Acknowledge {
		if o.Status != order.StatusNew {
			return effect.Void, fault.Because("not_needed", "no longer needed")
		}
		return "", fault.Reason{}
	}
	if kind == channel.TellRider {
		if why, no := untold(tx, &o, e); no {
			return effect.Void, why
		}
		return "", fault.Reason{}
	}
	if !e.Deed && order.Achieved(&o, kind, e.Case) {
		return effect.Done, fault.Reason{}
	}
	if why, yes := order.Impossible(&o, kind, e.Case); yes {
		return effect.Void, why
	}
	return "", fault.Reason{}
}

func (p performing) Before(ctx context.Context, e effect.Effect) (json.RawMessage, error) {
	c, a, err := p.open(e)
	if err != nil {
		return nil, err
	}
	before, err := c.Before(ctx, a)
	return before, fault.Wrap("hub.Before", err)
}

func (p performing) Do(ctx context.Context, e effect.Effect) lane.Result {
	c, a, err := p.open(e)
	if err != nil {
		return failed(err)
	}
	ctx, trace := channel.WithTrace(ctx)
	items, err := c.Do(ctx, a, e.Before)
	res := failed(err)
	if err == nil {
		res.Outcome = effect.OK
	}
	return p.save(res, e, c, a, items, trace.Take())
}

func (p performing) Look(ctx context.Context, e effect.Effect) lane.Result {
	c, a, err := p.open(e)
	if err != nil {
		return failed(err)
	}
	ctx, trace := channel.WithTrace(ctx)
	sight, err := c.Look(ctx, a, e.Before)
	res := failed(err)
	if err == nil {
		res.Outcome, res.Why = sight.Outcome, sight.Why
	}
	return p.save(res, e, c, a, sight.Items, trace.Take())
}

func (p performing) open(e effect.Effect) (*conn, channel.Act, error) {
	a, err := actOf(e)
	if err != nil {
		return nil, a, err
	}
	c, err := p.h.conn(e.Merchant, e.Account)
	return c, a, err
}

// save writes the exchanges of a call into the journal and learns what it told.
func (p performing) save(res lane.Result, e effect.Effect, c *conn, a channel.Act, items []channel.Item, calls []channel.Exchange) lane.Result {
	at := p.h.now()
	res.Refs = append(refs(items), a.Order)
	res.Save = func(tx *db.Tx) error {
		for _, x := range calls {
			tx.Journal(exchange(x, c, e, a.Order, string(res.Outcome)))
		}
		if res.Outcome != effect.OK && res.Outcome != effect.Seen && res.Outcome != effect.NotSeen {
			tx.Touch(e.Account, func(r *db.AccountRow) {
				r.LastError, r.ErrorCode, r.ErrorWhy = at.UnixMilli(), string(res.Code), res.Why
			})
		}
		return p.h.learn(tx, lesson{channel: c.account.Channel, realm: c.account.Realm, app: c.account.App, account: e.Account, dir: db.Call, at: at, items: items})
	}
	return res
}

func exchange(x channel.Exchange, c *conn, e effect.Effect, ref order.Ref, outcome string) db.Entry {
	body := x.Sent
	if len(body) == 0 {
		body = []byte(x.Query)
	}
	if x.Private {
		outcome = "private"
	}
	return db.Entry{
		At: x.At, Direction: db.Call, What: e.Kind, Channel: c.account.Channel, Account: e.Account, Order: e.Order, Ref: ref,
		Method: x.Method, Path: x.URL, Status: x.Status, Took: x.Took, By: e.Cause, Outcome: outcome, Error: x.Err, Body: body, Answer: x.Got,
	}
}

// Changed shows the effect's new state on the order. A ride that waits for the platform to let
// go of the order is over when it does not.
func (p performing) Changed(tx *db.Tx, e effect.Effect) error {
	if e.Kind == string(channel.Acknowledge) {
		return nil // nobody is shown it, and nothing waits for it
	}
	row, ok := tx.OrderByID(e.Order)
	if !ok {
		return nil
	}
	if e.Kind == string(order.DeliverSelf) && e.State == effect.Refused {
		o := p.h.fold(row, tx.Linked(row.Ref), p.h.info(row.Channel, row.Ref.Realm))
		for _, d := range o.Rides() {
			if d.Planned() && o.Head.Logistics != order.BySelf {
				var rec order.Record
				rec.Say(order.AxisDelivery, order.Said{State: string(order.DeliveryCancelled), At: p.h.now().UnixMilli(), Class: order.ClassAct, Why: order.RideNotLet + " " + clip(e.Why.Text, 200)})
				return p.h.learnRide(tx, row, d.Key, rec)
			}
		}
	}
	return p.h.settle(tx, row)
}

// failed is the result of an error; of nil it is empty.
func failed(err error) lane.Result {
	if err == nil {
		return lane.Result{}
	}
	return lane.Result{Outcome: effect.OutcomeOf(err), Wait: fault.AfterOf(err), Code: fault.CodeOf(err), Why: fault.ReasonOf(err)}
}

// background is what the handlers without an order have in common.
type background struct{}

func (background) Begin(*db.Tx, effect.Effect) (effect.State, fault.Reason) {
	return "", fault.Reason{}
}
func (background) Before(context.Context, effect.Effect) (json.RawMessage, error) { return nil, nil }
func (background) Changed(*db.Tx, effect.Effect) error                            { return nil }

// reading carries out a hint. A read changes nothing, so a lost one is made again.
type reading struct {
	background
	h *Hub
}

// readArgs is what a read is about.
type readArgs struct {
	Ref       order.Ref `json:"ref"`
	Why       string    `json:"why"`
	IfUnknown bool      `json:"if_unknown,omitempty"`
	Of        []string  `json:"of,omitempty"`    // the platform's ids of its orders, when all who ask know them
	Asked     int       `json:"asked,omitempty"` // how often it was asked for beside the first time
}

func (r reading) Look(ctx context.Context, e effect.Effect) lane.Result { return r.Do(ctx, e) }

// giveUp is how often a read is tried before the resource is taken not to exist: with
// the pauses of effect.Wait this is about half an hour, more than any platform's lag.
const giveUp = 20

func (r reading) Do(ctx context.Context, e effect.Effect) lane.Result {
	var a readArgs
	if err := json.Unmarshal(e.Args, &a); err != nil {
		return lane.Result{Outcome: effect.No, Code: fault.Internal, Why: fault.Because("read_broken", "the read cannot be understood")}
	}
	c, err := r.h.conn(e.Merchant, e.Account)
	if err != nil {
		return failed(err)
	}
	if a.IfUnknown { // a push may have brought it meanwhile
		if row, _, _, err := r.h.db.OrderByRef(ctx, db.Scope{Merchant: e.Merchant}, a.Ref); err == nil && known(&row) {
			return lane.Result{Outcome: effect.OK}
		}
	}
	ctx, trace := channel.WithTrace(ctx)
	items, err := c.ReadOf(ctx, a.Ref, a.Of)
	at := r.h.now()
	res := failed(err)
	if err == nil {
		res.Outcome = effect.OK
	}
	if a.IfUnknown {
		r.h.meters.gap(c.Info().Name, err)
	}
	if err != nil {
		if fault.Is(err, fault.NotFound) && e.Attempts < giveUp {
			res.Outcome = effect.Later // their reads lag behind their messages
		}
		if res.Outcome == effect.Lost || res.Outcome == effect.Clash {
			res.Outcome = effect.Later
		}
	}
	l := lesson{channel: c.account.Channel, realm: c.account.Realm, app: c.account.App, account: e.Account, dir: db.Pulled, at: at, items: items}
	calls := trace.Take()
	res.Refs = append(refs(items), a.Ref)
	res.Save = func(tx *db.Tx) error {
		if err != nil {
			for _, x := range calls {
				tx.Journal(exchange(x, c, e, a.Ref, string(res.Outcome)))
			}
			tx.Touch(e.Account, func(row *db.AccountRow) {
				row.LastError, row.ErrorCode, row.ErrorWhy = at.UnixMilli(), string(res.Code), res.Why
			})
			if row, ok := tx.Order(a.Ref); ok && row.SweepAt > 0 && row.SweepAt < at.UnixMilli() {
				row.SweepAt = at.Add(time.Minute).UnixMilli()
				tx.PutQuiet(row)
			}
			return nil
		}
		return r.h.learn(tx, l)
	}
	return res
}

func readKey(account interface{ String() string }, ref order.Ref) string {
	return effect.GoalKey("read/"+account.String(), ref.Realm+"/"+ref.Kind, ref.ID)
}
