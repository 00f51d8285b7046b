package hub

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/tongdan/tongdan/channel"
	"github.com/tongdan/tongdan/effect"
	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/ident"
	"github.com/tongdan/tongdan/internal/db"
	"github.com/tongdan/tongdan/role"
)

// mostClosed is how long shops may be let rest from the page of all stores: until the next day's opening.
const mostClosed = 24 * time.Hour

// A StoreIntake is whether one store takes orders: what we have said, and how its platforms show it.
type StoreIntake struct {
	StoreID  ident.Store     `json:"store_id"`
	Name     string          `json:"name"`
	Zone     string          `json:"zone"`
	Hours    string          `json:"hours" doc:"The store's opening hours; empty: as its shops' platforms say."`
	OpenedAt int64           `json:"opened_at" doc:"Since when it is meant to be open now, by its own hours; 0: it is not, or they are not known."`
	Channels []IntakeChannel `json:"channels"`
}

// Shown is how a platform shows a shop, as far as it is known.
type Shown struct {
	State   channel.ShopState `json:"state" doc:"open, resting or offline; empty: nobody has said yet."`
	SinceAt int64             `json:"since_at"`
	SeenAt  int64             `json:"seen_at" doc:"When that was last read or told."`
	Held    bool              `json:"held" doc:"The platform did it, and only it ends that."`
	Words   string            `json:"words,omitempty" doc:"Why, in the platform's words."`
}

// Intakes tells of all stores of the caller whether they take orders, by name.
func (h *Hub) Intakes(ctx context.Context, who Actor) ([]StoreIntake, error) {
	const op = "hub.Intakes"
	stores, err := h.db.Stores(ctx, who.Scope)
	if err != nil {
		return nil, fault.Wrap(op, err)
	}
	shops := slices.DeleteFunc(h.db.ShopsIn(who.Scope), func(s db.ShopRow) bool { return h.Own(s.Channel) })
	rests, err := h.rests(ctx, who.Merchant, shops)
	if err != nil {
		return nil, fault.Wrap(op, err)
	}
	standings, err := h.db.Standings(ctx, who.Merchant)
	if err != nil {
		return nil, fault.Wrap(op, err)
	}
	out := make([]StoreIntake, 0, len(stores))
	for _, st := range stores {
		x := StoreIntake{StoreID: st.ID, Name: st.Name, Zone: st.Zone, Hours: st.Hours, Channels: []IntakeChannel{}}
		if zone, err := time.LoadLocation(st.Zone); err == nil {
			if spans, ok := hoursText(st.Hours); ok {
				if at := openSince(spans, h.now().In(zone)); !at.IsZero() {
					x.OpenedAt = at.UnixMilli()
				}
			}
		}
		for _, s := range shops {
			if s.Store == st.ID {
				x.Channels = append(x.Channels, h.intakeOf(s, rests[s.ID], standings[s.ID]))
			}
		}
		slices.SortStableFunc(x.Channels, func(a, b IntakeChannel) int { return cmp.Compare(a.Channel, b.Channel) })
		out = append(out, x)
	}
	return out, nil
}

// intakeOf tells of one shop whether it takes orders, from its newest rest (of the zero effect: it has none) and how
// its platform shows it.
func (h *Hub) intakeOf(s db.ShopRow, e effect.Effect, st db.StandingRow) IntakeChannel {
	c := IntakeChannel{Channel: s.Channel, ShopID: s.ID, State: "open", Mode: s.Mode, Shown: Shown{st.State, st.Since, st.Seen, st.Held, st.Words}}
	if e.ID != 0 {
		a := restOf(e)
		c.State = restState(e, time.Now().UnixMilli())
		if c.State == "sending" || c.State == "resting" {
			c.UntilAt, c.by = h.clock.Trade(time.UnixMilli(a.Until)).UnixMilli(), a.By
		}
		if c.State == "failed" || c.State == "opening" || c.State == "sending" {
			c.Words, c.Why = e.Why.Text, e.Why.Coded()
		}
	}
	info := h.info(s.Channel, s.Realm)
	switch {
	case info == nil || info.Rest == nil:
		c.State = "no_call"
	case s.Mode != ModeFull:
		c.State = "watched"
	}
	return c
}

// An IntakeResult is what became of one shop of a press: nothing wrong means that it is on its way, and Intakes tells
// how far.
type IntakeResult struct {
	ShopID ident.Shop    `json:"shop_id"`
	OK     bool          `json:"ok"`
	Words  string        `json:"words,omitempty"`
	Why    *fault.Reason `json:"why,omitempty"`
}

// SetIntakes lets shops of the caller's stores rest until a moment of the wall clock, at most 24 hours away, after which
// they take orders again by themselves; the zero time has them take orders now, whoever let them rest. One shop that
// cannot be told keeps no other from it; one that is not the caller's fails the whole with fault.NotFound.
func (h *Hub) SetIntakes(ctx context.Context, who Actor, ids []ident.Shop, until time.Time) ([]IntakeResult, error) {
	const op = "hub.SetIntakes"
	if err := who.May(op, role.RestStore); err != nil {
		return nil, err
	}
	out := make([]IntakeResult, len(ids))
	var shops []db.ShopRow
	var keys []string
	for i, id := range ids {
		s, ok := h.db.ShopByID(who.Merchant, id)
		err := heldErr(op, s.Mode, false)
		switch info := h.info(s.Channel, s.Realm); {
		case !ok || !who.Sees(s.Store):
			return nil, fault.Say(op, fault.NotFound, "no_shop", "there is no such shop")
		case err == nil && (info == nil || info.Rest == nil):
			err = fault.Say(op, fault.Unsupported, "no_rest_call", "{platform} offers no call to let a shop rest", "platform", s.Channel)
		}
		out[i] = IntakeResult{ShopID: id, OK: err == nil}
		if err != nil {
			why := fault.ReasonOf(err)
			out[i].Words, out[i].Why = why.Text, why.Coded()
			continue
		}
		shops, keys = append(shops, s), append(keys, restKey(id))
	}
	if len(shops) == 0 {
		return out, nil
	}
	_, err := h.db.Do(ctx, db.Verb{Name: "rests", Merchant: who.Merchant, Keys: keys, Class: db.People, Decide: func(tx *db.Tx) error {
		if now := tx.Now(); !until.IsZero() && (until.Before(now) || until.Sub(now) > mostClosed) {
			return &fault.Error{Op: op, Code: fault.Invalid, Fields: []fault.Field{fault.Wrong("body.until_at", fault.Because("field_rest", "must be within the next {hours} hours", "hours", itoa(int(mostClosed/time.Hour))))}}
		}
		for _, s := range shops {
			h.rest(tx, who, s, until, until.IsZero())
		}
		what := "rest"
		if until.IsZero() {
			what = "rest_end"
		}
		tx.Journal(db.Entry{At: h.now(), Direction: db.Act, What: what, By: who.ID, Outcome: itoa(len(shops)) + " shops", Body: toJSON(map[string]any{"shops": ids, "until_at": msOf(until)})})
		return nil
	}})
	return out, fault.Wrap(op, err)
}
