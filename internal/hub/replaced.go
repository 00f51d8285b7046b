package hub

import (
	"context"
	"time"

	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/ident"
	"github.com/tongdan/tongdan/internal/db"
)

// replacedEvery is how often a node looks whether the database's server is another.
const replacedEvery = time.Second

// watchDatabase has everything looked up at the platforms after the database's server was
// replaced by its standby, until ctx ends. Of a standby that did not replicate
// synchronously, the last moments before are missing: orders, what happened to them, and
// which of our calls had been made.
func (h *Hub) watchDatabase(ctx context.Context) {
	tick := time.NewTicker(replacedEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		at, open, err := h.db.Replaced(ctx)
		if err == nil && open {
			err = h.catchUp(ctx, at)
		}
		if err != nil && ctx.Err() == nil {
			h.log.Warn("what a replaced database lacks could not be looked up; trying again", "err", err)
		}
	}
}

// catchUp looks after what the new server may not know: every act that is open is looked
// for before it is made, since the old one may have known of a call; every account's next
// pull goes back as far as there is; every open order is due to be read again. Until that
// is done no lane is worked. Several nodes may do it for the same moment; a node that dies
// in between leaves it to the next.
func (h *Hub) catchUp(ctx context.Context, at time.Time) error {
	const op = "hub.catchUp"
	merchants, err := h.db.Merchants(ctx)
	if err != nil {
		return fault.Wrap(op, err)
	}
	for _, a := range h.db.AllAccounts() {
		if err := h.pullWide(ctx, a); err != nil {
			return fault.Wrap(op, err)
		}
	}
	var out Armed
	for _, m := range merchants {
		if err := h.lookAgain(ctx, m.ID, at, &out); err != nil {
			return fault.Wrap(op, err)
		}
		_, err := h.db.Do(ctx, db.Verb{Name: "database replaced", Merchant: m.ID, Class: db.People, Decide: func(tx *db.Tx) error {
			tx.Journal(db.Entry{At: h.now(), Direction: db.Act, What: "database replaced", By: "system"})
			return nil
		}})
		if err != nil {
			return fault.Wrap(op, err)
		}
	}
	if err := h.db.CaughtUp(ctx, at); err != nil {
		return fault.Wrap(op, err)
	}
	h.log.Warn("everything is looked up after the database's server was replaced", "looked_for", out.Looked, "to_decide", out.Asked)
	h.runner.Added()
	return nil
}

// Holds reports whether this node works the lane of an account now.
func (h *Hub) Holds(m ident.Merchant, a ident.Account) bool {
	return h.runner.Holds(db.LaneOf(m, a))
}

// A Replacement is what is known of a merchant's orders since the database's server was
// replaced.
type Replacement struct {
	At    time.Time // by the wall clock; the zero time = never
	Found int64     // orders placed before, that were not in the database and have been found since
}

// Replaced tells when the database's server was last replaced by its standby, and how
// many orders were found again since. Where the standby was synchronous those are orders
// whose push was refused meanwhile; otherwise they may have been lost with the old server.
func (h *Hub) Replaced(ctx context.Context, m ident.Merchant) (Replacement, error) {
	const op = "hub.Replaced"
	at, _, err := h.db.Replaced(ctx)
	if err != nil || at.IsZero() {
		return Replacement{}, fault.Wrap(op, err)
	}
	n, err := h.db.FoundAfter(ctx, m, at, h.clock.Trade(at).UnixMilli())
	return Replacement{At: at, Found: n}, fault.Wrap(op, err)
}
