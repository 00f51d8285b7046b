package hub

import (
	"context"
	"time"

	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/ident"
	"github.com/tongdan/tongdan/internal/db"
	"github.com/tongdan/tongdan/order"
)

// readyBy tells by when a takeaway order must be ready (最晚出餐) and when preparation must
// begin, UTC ms; 0 while it is unpaid, and once it is made. It is the time that the customer
// chose less the way, else what the platform told the customer less the way, else as long
// after it was placed as the store takes. Who comes for an order, or eats it here, has no way.
// By when the platform has the meal reported ready is no later than that: what comes after it is
// held against the shop.
func readyBy(o *order.Order, kind order.Kind, pace db.Pace) (by, begin int64) {
	if kind != order.Takeaway || o.Status != order.StatusNew && o.Status != order.StatusAccepted || o.Times.Placed == 0 {
		return 0, 0
	}
	prepare := (time.Duration(pace.Prepare) * time.Minute).Milliseconds()
	travel := (time.Duration(pace.Travel) * time.Minute).Milliseconds()
	if o.Head.Logistics == order.Pickup || o.Head.Logistics == order.NoShipping {
		travel = 0
	}
	switch {
	case o.Times.Promised > 0:
		by = o.Times.Promised - travel // a time that the customer chose is kept
	case o.Times.Estimated > 0:
		by = max(o.Times.Estimated-travel, o.Times.Placed)
	default:
		by = o.Times.Placed + prepare
	}
	if o.Times.MealBy > 0 {
		by = min(by, o.Times.MealBy)
	}
	return by, by - prepare
}

// paceOf is that of an order's store.
func (h *Hub) paceOf(row *db.OrderRow) db.Pace { return h.pace(row.Merchant, row.Store) }

func (h *Hub) pace(m ident.Merchant, store ident.Store) db.Pace {
	if s, ok := h.db.StoreByID(m, store); ok && s.Pace != nil {
		return *s.Pace
	}
	return db.UsualPace
}

// dueReady adds by when the order must be ready, behind the platform's deadlines: it is
// sorted by only where the platform has set none.
func (h *Hub) dueReady(row *db.OrderRow, o *order.Order, kind order.Kind) {
	if by, _ := readyBy(o, kind, h.paceOf(row)); by > 0 {
		o.Deadlines = append(o.Deadlines, order.Deadline{Kind: DueReady, At: by})
	}
}

// DueReady is our own deadline: by when an order must be ready.
const DueReady = "ready"

// settleUnmade settles the orders again that a store has yet to make.
func (h *Hub) settleUnmade(ctx context.Context, m ident.Merchant, store ident.Store) error {
	f := db.Filter{Status: []order.Status{order.StatusNew, order.StatusAccepted}, Stores: []ident.Store{store}, Limit: 50}
	for {
		var ids []ident.Order
		next, err := h.db.List(ctx, db.Scope{Merchant: m}, f, func(r *db.Listed) { ids = append(ids, r.ID) })
		if err == nil && len(ids) > 0 {
			err = h.settleAll(ctx, m, ids)
		}
		if err != nil || next == "" {
			return fault.Wrap("hub.settleUnmade", err)
		}
		f.Cursor = next
	}
}
