package hub

import (
	"context"
	"time"

	"github.com/tongdan/tongdan/effect"
	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/ident"
	"github.com/tongdan/tongdan/internal/db"
)

// Armed says what arming found open.
type Armed struct {
	Looked int // acts that are looked for at the platform before they are made
	Asked  int // acts that a person has to decide
}

// Arm lets a restored or copied database call platforms, after a person has made sure
// that the original does not run. Since nobody knows what the original did after the
// backup: every act that was open when the copy was found is looked for before it is
// made; every account is pulled as far back as its platform lets us; every open order is
// read again. A token that the original has renewed since shows at its first use, and the
// owner is asked to authorise again. When it is broken off it can be repeated; the last
// step arms. Arming an armed database does nothing.
func (h *Hub) Arm(ctx context.Context, by string) (Armed, error) {
	const op = "hub.Arm"
	var out Armed
	armed, err := h.db.Armed(ctx)
	if err != nil || armed {
		return out, fault.Wrap(op, err)
	}
	if h.db.Inert() {
		return out, fault.Wrap(op, h.db.Arm(ctx))
	}
	moved, err := h.db.MovedAt(ctx)
	if err != nil {
		return out, fault.Wrap(op, err)
	}
	merchants, err := h.db.Merchants(ctx)
	if err != nil {
		return out, fault.Wrap(op, err)
	}
	for _, m := range merchants {
		if err := h.lookAgain(ctx, m.ID, moved, &out); err != nil {
			return out, fault.Wrap(op, err)
		}
		_, err := h.db.Do(ctx, db.Verb{Name: "arm", Merchant: m.ID, Class: db.People, Decide: func(tx *db.Tx) error {
			tx.Journal(db.Entry{At: h.now(), Direction: db.Act, What: "arm", By: by})
			return nil
		}})
		if err != nil {
			return out, fault.Wrap(op, err)
		}
	}
	for _, a := range h.db.AllAccounts() {
		if err := h.pullWide(ctx, a); err != nil {
			return out, fault.Wrap(op, err)
		}
	}
	if err := h.db.Arm(ctx); err != nil {
		return out, fault.Wrap(op, err)
	}
	h.log.Warn("this database has been armed: platforms are called from now on", "by", by, "looked_for", out.Looked, "to_decide", out.Asked)
	return out, nil
}

// lookAgain has the acts of a merchant looked for that were open when the copy was found.
func (h *Hub) lookAgain(ctx context.Context, m ident.Merchant, moved time.Time, out *Armed) error {
	f := db.EffectFilter{States: []effect.State{effect.Waiting, effect.Sending, effect.Unknown}, Limit: 200}
	for {
		list, next, err := h.db.Effects(ctx, db.Scope{Merchant: m}, f)
		if err != nil {
			return err
		}
		for _, e := range list {
			if e.Made > moved.UnixMilli() || readsOnly(e.Kind) {
				continue // pressed here, since; or it changes nothing
			}
			asked, looked := 0, 0
			_, err := h.db.Do(ctx, db.Verb{Name: "arm.effect", Merchant: m, Effects: []ident.Effect{e.ID}, Class: db.People, Decide: func(tx *db.Tx) error {
				asked, looked = 0, 0
				now, ok := tx.Effect(e.ID)
				if !ok || !now.State.Open() {
					return nil
				}
				next := now.Restored(tx.Now().UnixMilli())
				if next.State == effect.Person {
					asked = 1
				} else {
					looked = 1
				}
				tx.PutEffect(&next)
				if k, ok := h.kind(e.Kind); ok {
					return k.Handler.Changed(tx, next)
				}
				return nil
			}})
			if err != nil {
				return err
			}
			out.Asked, out.Looked = out.Asked+asked, out.Looked+looked
		}
		if f.Cursor = next; next == "" {
			return nil
		}
	}
}

// readsOnly tells the kinds of effects that change nothing at a platform.
func readsOnly(kind string) bool {
	return kind == kindRead || kind == kindPull || kind == kindSweep || kind == kindKeep || kind == kindCount || kind == kindLack
}

// pullWide makes an account's next pull go back as far as there is.
func (h *Hub) pullWide(ctx context.Context, a db.AccountRow) error {
	key := effect.GoalKey("account/"+a.ID.String(), kindPull, "")
	_, err := h.db.Do(ctx, db.Verb{Name: "arm.pull", Merchant: a.Merchant, Keys: []string{key}, Class: db.People, Decide: func(tx *db.Tx) error {
		now := tx.Now().UnixMilli()
		e, ok := tx.EffectByKey(key)
		if !ok {
			return nil // it begins with its schedule, and the first pull is wide
		}
		e.State, e.NextAt, e.Changed, e.Deadline, e.Attempts = effect.Waiting, now, now, 0, 0
		e.Args = toJSON(pullArgs{Restored: true})
		tx.PutEffect(&e)
		return nil
	}})
	return err
}
