package hub

import (
	"context"

	"github.com/tongdan/tongdan/effect"
	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/ident"
	"github.com/tongdan/tongdan/internal/db"
	"github.com/tongdan/tongdan/order"
	"github.com/tongdan/tongdan/role"
)

// Decide is a person's word on an effect whose outcome could not be learnt: it was done,
// or it was not and is to be made again.
func (h *Hub) Decide(ctx context.Context, who Actor, id ident.Effect, done bool) error {
	return h.change(ctx, who, id, "effect.decide", func(e effect.Effect, now int64) (effect.Effect, error) {
		right := role.DecideEffects
		if e.Kind == kindPrintLabels { // whoever printed them stands before the printer
			right = role.PrintLabels
		}
		if err := who.May("hub.Decide", right); err != nil {
			return e, err
		}
		if e.State != effect.Person {
			return e, fault.Say("hub.Decide", fault.Conflict, "no_decision", "this needs no decision any more")
		}
		e.State, e.Why, e.Code = effect.Done, fault.Reason{}, ""
		if !done {
			e = e.Reopen(who.ID, e.Args, now, deadlineAgain(e, now))
			if e.Kind == kindPrintLabels { // some of them may be out all the same
				e.Before = toJSON(trail{Maybe: true})
			}
		}
		return e, nil
	})
}

// Again opens an act that was refused or came too late once more.
func (h *Hub) Again(ctx context.Context, who Actor, id ident.Effect) error {
	return h.change(ctx, who, id, "effect.again", func(e effect.Effect, now int64) (effect.Effect, error) {
		if err := who.mayRepeat(e); err != nil {
			return e, err
		}
		if e.State != effect.Refused && e.State != effect.Void {
			return e, fault.Say("hub.Again", fault.Conflict, "under_way", "it is under way or done")
		}
		return e.Reopen(who.ID, e.Args, now, deadlineAgain(e, now)), nil
	})
}

var takenBack = fault.Because("taken_back", "taken back")

// Withdraw takes an act back that has not been sent yet.
func (h *Hub) Withdraw(ctx context.Context, who Actor, id ident.Effect) error {
	return h.change(ctx, who, id, "effect.withdraw", func(e effect.Effect, now int64) (effect.Effect, error) {
		if err := who.mayRepeat(e); err != nil {
			return e, err
		}
		if e.State != effect.Waiting || e.Attempts > 0 {
			return e, fault.Say("hub.Withdraw", fault.Conflict, "sent_already", "it has been sent already, or is done")
		}
		e.State, e.Why, e.Changed = effect.Void, takenBack, now
		return e, nil
	})
}

// mayRepeat says whether somebody may send an act again or take it back: only whoever may
// do the act itself.
func (a Actor) mayRepeat(e effect.Effect) error {
	if err := a.May("hub.repeat", role.RepeatEffects); err != nil {
		return err
	}
	if right := role.ActOn(e.Kind); role.Known(right) {
		return a.May("hub.repeat", right)
	}
	return nil
}

func (h *Hub) change(ctx context.Context, who Actor, id ident.Effect, what string, f func(effect.Effect, int64) (effect.Effect, error)) error {
	_, err := h.db.Do(ctx, db.Verb{Name: what, Merchant: who.Merchant, Effects: []ident.Effect{id}, Class: db.People, Decide: func(tx *db.Tx) error {
		e, ok := tx.Effect(id)
		if !ok {
			return fault.Say("hub.change", fault.NotFound, "no_effect", "there is no such effect")
		}
		if e.Kind == kindPrintLabels {
			return h.changeLabels(tx, who, e, what, f)
		}
		row, ok := tx.OrderByID(e.Order)
		if !ok || !who.Sees(row.Store) {
			return fault.Say("hub.change", fault.NotFound, "no_effect", "there is no such effect")
		}
		next, err := f(e, tx.Now().UnixMilli())
		if err != nil {
			return err
		}
		next.Changed = tx.Now().UnixMilli()
		tx.PutEffect(&next)
		switch {
		case e.Kind != string(order.Ready):
		case next.Why.Code == takenBack.Code:
			h.made(tx, who, row, order.Made{}, h.now())
		case next.State == effect.Waiting:
			h.made(tx, who, row, order.Made{By: who.Name, At: h.now().UnixMilli()}, h.now())
		}
		tx.Journal(db.Entry{At: h.now(), Direction: db.Act, What: what, Channel: row.Channel, Account: e.Account, Order: row.ID, Ref: row.Ref, By: who.ID, Outcome: string(next.State)})
		return h.settle(tx, row)
	}})
	return fault.Wrap("hub."+what, err)
}
