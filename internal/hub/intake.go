package hub

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"
	"time"

	"github.com/tongdan/tongdan/channel"
	"github.com/tongdan/tongdan/effect"
	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/ident"
	"github.com/tongdan/tongdan/internal/db"
	"github.com/tongdan/tongdan/internal/lane"
	"github.com/tongdan/tongdan/order"
	"github.com/tongdan/tongdan/role"
)

// A store rests (暂停接单) on all its channels until a moment, and takes orders again by itself
// then. For each shop there is one effect that lives as long as the rest: it lets the shop
// rest, waits until the moment, and opens it again. Who extends the rest moves its moment.
// A shop that rested already, by hand or by its hours, is left alone and not opened later.

const (
	kindRest = "rest"

	mostRest  = 4 * time.Hour   // longer than that a store is closed, in the platform's own console
	openAgain = 1 * time.Minute // before a platform that would not open a shop is asked again
)

// restArgs is what the effect of a shop's rest knows.
type restArgs struct {
	Shop  ident.Shop  `json:"shop"`
	Store ident.Store `json:"store"`
	Until int64       `json:"until"` // UTC ms by the wall clock; from then on it takes orders
	By    string      `json:"by"`
	Ours  bool        `json:"ours,omitempty"` // the platform lets it rest because we said so
	Open  bool        `json:"open,omitempty"` // it is to take orders whoever has let it rest
}

func restOf(e effect.Effect) (a restArgs) {
	_ = json.Unmarshal(e.Args, &a) // ours; of another's it stays empty, and no shop has the id 0
	return a
}

func restKey(s ident.Shop) string { return effect.GoalKey("shop/"+s.String(), kindRest, "") }

// Intake is whether a store takes orders, and how full its kitchen is.
type Intake struct {
	SlotMinutes int             `json:"slot_minutes" doc:"How long a slot of the kitchen is."`
	SlotOrders  int             `json:"slot_orders" doc:"How many orders it can make in one; 0: nobody has said."`
	Slots       []Slot          `json:"slots" doc:"This slot, which has what is late as well, and the next ones."`
	UntilAt     int64           `json:"until_at" doc:"Until when the store rests on its channels; 0: it takes orders."`
	By          string          `json:"by,omitempty"`
	ByName      string          `json:"by_name,omitempty"`
	Channels    []IntakeChannel `json:"channels"`
}

// A Slot is a piece of the kitchen's time.
type Slot struct {
	FromAt int64 `json:"from_at"`
	ToAt   int64 `json:"to_at"`
	Orders int   `json:"orders" doc:"That must be ready by then and are not."`
}

// An IntakeChannel is one shop of the store.
type IntakeChannel struct {
	Channel string        `json:"channel"`
	ShopID  ident.Shop    `json:"shop_id"`
	State   string        `json:"state" enum:"open,sending,resting,opening,failed,watched,no_call" doc:"open: nothing of ours keeps it from taking orders. failed: the platform said no, in its words. watched: the mode of the shop sends no pauses. no_call: the platform has no call for it."`
	UntilAt int64         `json:"until_at"`
	Words   string        `json:"words,omitempty"`
	Why     *fault.Reason `json:"why,omitempty"`
	Mode    string        `json:"mode" enum:"watch,goods,full"`
	Shown   Shown         `json:"shown"`

	by string
}

// Rest lets a store rest on all its channels until a moment of the wall clock, or extends
// that; the zero time has it take orders again now.
func (h *Hub) Rest(ctx context.Context, who Actor, store ident.Store, until time.Time) error {
	const op = "hub.Rest"
	if err := who.May(op, role.RestStore); err != nil {
		return err
	}
	shops, err := h.restable(ctx, who, store)
	if err != nil {
		return fault.Wrap(op, err)
	}
	var keys []string
	for _, s := range shops {
		keys = append(keys, restKey(s.ID))
	}
	_, err = h.db.Do(ctx, db.Verb{Name: "rest", Merchant: who.Merchant, Keys: keys, Class: db.People, Decide: func(tx *db.Tx) error {
		now := tx.Now()
		if !until.IsZero() && (until.Before(now) || until.Sub(now) > mostRest) {
			return &fault.Error{Op: op, Code: fault.Invalid, Fields: []fault.Field{fault.Wrong("body.until_at", fault.Because("field_rest", "must be within the next {hours} hours", "hours", itoa(int(mostRest/time.Hour))))}}
		}
		for _, s := range shops {
			if heldBy(s.Mode, false).IsZero() {
				h.rest(tx, who, s, until, false)
			}
		}
		what := "rest"
		if until.IsZero() {
			what = "rest_end"
		}
		tx.Journal(db.Entry{At: h.now(), Direction: db.Act, What: what, By: who.ID, Outcome: store.String(), Body: toJSON(map[string]any{"store": store, "until_at": msOf(until)})})
		return nil
	}})
	return fault.Wrap(op, err)
}

func msOf(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

// rest wants one shop to rest until a moment, or to take orders; with open also when it was not us who let it rest.
func (h *Hub) rest(tx *db.Tx, who Actor, s db.ShopRow, until time.Time, open bool) {
	now := tx.Now().UnixMilli()
	e, known := tx.EffectByKey(restKey(s.ID))
	a := restOf(e)
	if !known || !e.State.Open() {
		if until.IsZero() && !open {
			return // it takes orders, as far as it is ours to say
		}
		a = restArgs{}
	}
	a.Shop, a.Store, a.Until, a.By, a.Open = s.ID, s.Store, msOf(until), who.ID, open
	switch {
	case !known:
		target := "shop/" + s.ID.String()
		e = effect.Effect{Merchant: s.Merchant, Account: s.Account, App: h.appOf(tx, s.Account), Target: target, Kind: kindRest, Key: restKey(s.ID),
			Nature: effect.Absolute, State: effect.Waiting, Args: toJSON(a), Cause: who.ID, NextAt: now, Made: now, Changed: now}
	case !e.State.Open():
		e = e.Reopen(who.ID, toJSON(a), now, 0)
	default: // what is under way finds the new moment when it ends
		e.Args, e.Cause, e.Changed = toJSON(a), who.ID, now
		if e.State == effect.Waiting {
			e.NextAt = now
			if a.Ours && !until.IsZero() {
				e.NextAt = a.Until
			}
		}
	}
	tx.PutEffect(&e)
}

// restable are the shops of a store that a platform sells for.
func (h *Hub) restable(ctx context.Context, who Actor, store ident.Store) (out []db.ShopRow, err error) {
	if !who.Sees(store) {
		return nil, fault.Say("hub.restable", fault.NotFound, "no_store", "there is no such store")
	}
	list, err := h.db.Shops(ctx, db.Scope{Merchant: who.Merchant})
	for _, s := range list {
		if info := h.info(s.Channel, s.Realm); s.Store == store && info != nil && info.Rest != nil {
			out = append(out, s)
		}
	}
	return out, err
}

// resting makes a shop rest, and opens it again when its time has come.
type resting struct {
	background
	h *Hub
}

func (r resting) Begin(tx *db.Tx, e effect.Effect) (effect.State, fault.Reason) {
	_, ok := tx.ShopByID(restOf(e).Shop)
	switch {
	case !ok:
		return effect.Void, fault.Because("shop_removed", "the shop has been removed")
	case !restOf(e).Ours && !restOf(e).Open && restOf(e).Until <= tx.Now().UnixMilli():
		return effect.Done, fault.Reason{} // its time is over, and the platform never heard of it
	}
	return "", fault.Reason{}
}

func (r resting) Do(ctx context.Context, e effect.Effect) lane.Result {
	a, c, shop, err := r.open(e)
	rest := a.Until > time.Now().UnixMilli()
	ctx, trace := channel.WithTrace(ctx)
	if err == nil && rest && !a.Ours {
		var already bool
		if already, err = c.Rests(ctx, shop); err == nil && already {
			err = fault.Say("hub.resting", fault.Forbidden, "rests_already", "this shop rests already, by hand or by its hours: it is left alone, and not opened later")
		}
		if fault.Is(err, fault.Unknown) { // it was only asked
			err = &fault.Error{Op: "hub.resting", Code: fault.Unavailable, Err: err}
		}
	}
	if err == nil {
		err = c.SetRest(ctx, shop, rest)
	}
	return r.ended(ctx, e, failedOrOK(err), c, trace.Take(), rest)
}

func (r resting) Look(ctx context.Context, e effect.Effect) lane.Result {
	a, c, shop, err := r.open(e)
	ctx, trace := channel.WithTrace(ctx)
	rests := false
	if err == nil {
		rests, err = c.Rests(ctx, shop)
	}
	res := failed(err)
	if err == nil {
		res.Outcome = effect.NotSeen
		if rests == (a.Until > time.Now().UnixMilli()) {
			res.Outcome = effect.Seen
		}
	}
	return r.ended(ctx, e, res, c, trace.Take(), rests)
}

func (r resting) open(e effect.Effect) (a restArgs, c *conn, shop string, err error) {
	a = restOf(e)
	if c, err = r.h.conn(e.Merchant, e.Account); err != nil {
		return a, c, "", err
	}
	for _, s := range c.shops {
		if s.ID == a.Shop {
			return a, c, s.External, nil
		}
	}
	return a, c, "", fault.Say("hub.resting", fault.NotFound, "shop_removed", "the shop has been removed")
}

// ended writes what a call came to, and when something is to be done next. is says whether
// the shop rests, where the outcome is that it is known.
func (r resting) ended(ctx context.Context, e effect.Effect, res lane.Result, c *conn, calls []channel.Exchange, is bool) lane.Result {
	if res.Outcome == effect.OK || res.Outcome == effect.Seen {
		r.h.stands(ctx, e.Merchant, restOf(e).Shop, is)
	}
	res.Save = func(tx *db.Tx) error {
		for _, x := range calls {
			tx.Journal(exchange(x, c, e, order.Ref{}, string(res.Outcome)))
		}
		next, ok := tx.Effect(e.ID)
		if !ok {
			return nil
		}
		now := tx.Now().UnixMilli()
		a := restOf(next) // its moment may have been moved meanwhile
		wanted := a.Until > now
		switch {
		case res.Outcome == effect.OK || res.Outcome == effect.Seen:
			if a.Ours = is; is == wanted && !is {
				break // it takes orders: done
			}
			if next.State, next.NextAt, next.Attempts = effect.Waiting, now, 0; is == wanted {
				next.NextAt = a.Until
			}
		case next.State == effect.Refused && a.Ours: // it would stay closed for ever
			if next.State, next.NextAt = effect.Waiting, now+openAgain.Milliseconds(); wanted {
				next.NextAt = a.Until
			}
		case next.State == effect.Waiting && res.Outcome == effect.NotSeen && is: // its time is over, and what was lost had come: it is opened
			a.Ours = true
		}
		next.Args = toJSON(a)
		tx.PutEffect(&next)
		return nil
	}
	return res
}

// Intake tells whether a store of the caller's takes orders, and how full its kitchen is.
func (h *Hub) Intake(ctx context.Context, who Actor, store ident.Store) (Intake, error) {
	const op = "hub.Intake"
	out := Intake{Slots: []Slot{}, Channels: []IntakeChannel{}}
	if !who.Sees(store) {
		return out, fault.Say(op, fault.NotFound, "no_store", "there is no such store")
	}
	k, err := h.db.Kitchen(ctx, who.Merchant, store)
	if err != nil {
		return out, fault.Wrap(op, err)
	}
	out.SlotMinutes, out.SlotOrders = k.Minutes, k.Orders
	if out.Slots, err = h.slots(ctx, who, store, k); err != nil {
		return out, fault.Wrap(op, err)
	}
	shops, err := h.db.Shops(ctx, db.Scope{Merchant: who.Merchant})
	if err != nil {
		return out, fault.Wrap(op, err)
	}
	shops = slices.DeleteFunc(shops, func(s db.ShopRow) bool { return s.Store != store || h.Own(s.Channel) })
	rests, err := h.rests(ctx, who.Merchant, shops)
	if err != nil {
		return out, fault.Wrap(op, err)
	}
	standings, err := h.db.Standings(ctx, who.Merchant)
	if err != nil {
		return out, fault.Wrap(op, err)
	}
	for _, s := range shops {
		c := h.intakeOf(s, rests[s.ID], standings[s.ID])
		if c.UntilAt > out.UntilAt {
			out.UntilAt, out.By = c.UntilAt, c.by
		}
		out.Channels = append(out.Channels, c)
	}
	slices.SortStableFunc(out.Channels, func(a, b IntakeChannel) int { return cmp.Compare(a.Channel, b.Channel) })
	if out.By != "" {
		names, err := h.actors(ctx, who.Merchant)
		if err != nil {
			return out, fault.Wrap(op, err)
		}
		out.ByName = names[out.By]
	}
	return out, nil
}

// restState is the word for how far a shop's rest is, at a moment of the wall clock.
func restState(e effect.Effect, now int64) string {
	a := restOf(e)
	wanted := a.Until > now
	switch {
	case e.State == effect.Refused && (wanted || a.Open && now-e.Changed < showRefused):
		return "failed"
	case !e.State.Open():
		return "open"
	case wanted && a.Ours:
		return "resting"
	case wanted:
		return "sending"
	case a.Ours && e.Code != "":
		return "failed"
	case a.Ours || a.Open:
		return "opening"
	}
	return "open"
}

// rests are the newest rests of shops.
func (h *Hub) rests(ctx context.Context, m ident.Merchant, shops []db.ShopRow) (map[ident.Shop]effect.Effect, error) {
	keys := make([]string, 0, len(shops))
	for _, s := range shops {
		keys = append(keys, restKey(s.ID))
	}
	list, err := h.db.EffectsByKey(ctx, m, keys)
	out := map[ident.Shop]effect.Effect{}
	for _, e := range list {
		if _, newer := out[restOf(e).Shop]; !newer {
			out[restOf(e).Shop] = e
		}
	}
	return out, err
}
