package hub

import (
	"context"
	"encoding/json"
	"slices"

	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/ident"
	"github.com/tongdan/tongdan/internal/db"
	"github.com/tongdan/tongdan/order"
	"github.com/tongdan/tongdan/role"
)

// The kitchen of a store can make so many orders in a slot of time. An order belongs to the
// slot in which it must be ready; what is late belongs to the one that runs.

const (
	slotsShown = 4
	slotsFull  = 80 // percent from which on somebody is told before it is over
)

// SetKitchen says how many orders a store's kitchen can make in a slot; 0 orders takes that back.
func (h *Hub) SetKitchen(ctx context.Context, who Actor, store ident.Store, k db.KitchenRow) error {
	const op = "hub.SetKitchen"
	if err := who.May(op, role.KeepKitchen); err != nil {
		return err
	}
	if !who.Sees(store) {
		return fault.Say(op, fault.NotFound, "no_store", "there is no such store")
	}
	var e fault.Error
	if k.Minutes < 5 || k.Minutes > 60 || 60%max(k.Minutes, 1) != 0 {
		e.Fields = append(e.Fields, fault.Wrong("body.slot_minutes", fault.Because("field_slot", "choose 5, 10, 15, 20, 30 or 60 minutes")))
	}
	if k.Orders < 0 || k.Orders > 1000 {
		e.Fields = append(e.Fields, fault.Wrong("body.slot_orders", between(0, 1000)))
	}
	if len(e.Fields) > 0 {
		e.Op, e.Code = op, fault.Invalid
		return &e
	}
	return fault.Wrap(op, h.db.PutKitchen(ctx, who.Merchant, store, k, h.tellKitchen(who, store)))
}

// slotsAt are the slots of a kitchen from a moment on, UTC ms of the trade's clock.
func slotsAt(k db.KitchenRow, now int64) []Slot {
	out := make([]Slot, slotsShown)
	long := int64(k.Minutes) * 60_000
	from := now - now%long
	for i := range out {
		out[i].FromAt, out[i].ToAt = from, from+long
		from += long
	}
	return out
}

// slotOf is the place of an order that must be ready by a moment; -1 = it is of a later one.
func slotOf(slots []Slot, by int64) int {
	return slices.IndexFunc(slots, func(s Slot) bool { return by < s.ToAt })
}

// slots counts the orders that a kitchen has yet to make, by when they must be ready.
func (h *Hub) slots(ctx context.Context, who Actor, store ident.Store, k db.KitchenRow) ([]Slot, error) {
	out := slotsAt(k, h.now().UnixMilli())
	f := db.Filter{Status: []order.Status{order.StatusNew, order.StatusAccepted}, Stores: []ident.Store{store}, Limit: 200}
	for range mostConcerned / 200 {
		next, err := h.db.List(ctx, who.Scope, f, func(r *db.Listed) {
			var s struct {
				By int64 `json:"ready_by_at"`
			}
			if json.Unmarshal(r.Summary, &s) == nil && s.By > 0 {
				if i := slotOf(out, s.By); i >= 0 {
					out[i].Orders++
				}
			}
		})
		if err != nil {
			return nil, err
		}
		if f.Cursor = next; next == "" {
			break
		}
	}
	return out, nil
}
