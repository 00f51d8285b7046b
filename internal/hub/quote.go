package hub

import (
	"context"
	"time"

	"github.com/tongdan/tongdan/channel"
	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/ident"
	"github.com/tongdan/tongdan/order"
	"github.com/tongdan/tongdan/role"
)

// Quote asks what one of the platform's riders costs for an order now, and when that was, by the trade's
// clock. It fails with fault.Unsupported where the store sends for no riders.
func (h *Hub) Quote(ctx context.Context, who Actor, id ident.Order) (channel.Quote, time.Time, error) {
	const op = "hub.Quote"
	at := h.now()
	if err := who.May(op, role.ActOn(string(order.CallRider))); err != nil {
		return channel.Quote{}, at, err
	}
	row, recs, _, err := h.db.Order(ctx, who.Scope, id)
	if err != nil {
		return channel.Quote{}, at, fault.Wrap(op, err)
	}
	info := h.info(row.Channel, row.Ref.Realm)
	if info == nil {
		return channel.Quote{}, at, fault.Say(op, fault.Unsupported, "no_connector", "this build has no connector for the channel")
	}
	o := h.fold(&row, recs, info)
	if _, ok := info.Power(order.CallRider); !ok || o.Head.Logistics != order.ByCrowd {
		return channel.Quote{}, at, &fault.Error{Op: op, Code: fault.Unsupported, Why: order.WhyLogistics}
	}
	c, err := h.conn(row.Merchant, row.Account)
	if err != nil {
		return channel.Quote{}, at, fault.Wrap(op, err)
	}
	q, err := c.Quote(ctx, channel.Act{Kind: order.CallRider, Order: row.Ref, ShopID: o.ShopID, Logistics: o.Head.Logistics})
	return q, at, fault.Wrap(op, err)
}
