package hub

import (
	"context"

	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/ident"
)

// SoldIn tells which SKUs the lines of an order take from, and at which store. It fails with
// fault.NotFound for an order that is not the caller's.
func (h *Hub) SoldIn(ctx context.Context, who Actor, id ident.Order) (store ident.Store, skus []ident.SKU, err error) {
	const op = "hub.SoldIn"
	row, recs, _, err := h.db.Order(ctx, who.Scope, id)
	if err != nil {
		return 0, nil, fault.Wrap(op, err)
	}
	o := h.fold(&row, recs, h.info(row.Channel, row.Ref.Realm))
	var items, codes []string
	if o.Bill != nil {
		for _, l := range o.Bill.Lines {
			if l.Ref != "" {
				items = append(items, l.Ref)
			}
			if l.SKU != "" {
				codes = append(codes, l.SKU)
			}
		}
	}
	skus, err = h.db.SKUsSold(ctx, who.Merchant, row.Shop, items, codes)
	return row.Store, skus, fault.Wrap(op, err)
}
