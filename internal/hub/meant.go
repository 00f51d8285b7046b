package hub

import (
	"context"
	"slices"

	"github.com/tongdan/tongdan/channel"
	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/internal/db"
	"github.com/tongdan/tongdan/order"
)

// A vendor's application serves the stores of many merchants, and a platform knows one address for each kind of its
// messages: where several merchants of one service have entered it, messages for all of them come to the address of one.
// They are the same application when channel, address and every credential are equal: whoever has not the secret gets
// nothing of it. Of one merchant there is one: see PutApp.

// meant finds the applications that a message is for: the one of the merchant whose shop it names, or whose order it is
// about. What names neither is for the one to whose address it came, but for what concerns the application as a whole,
// which is for all of them.
func (h *Hub) meant(ctx context.Context, app db.AppRow, realm string, rec channel.Received) ([]db.AppRow, error) {
	others := h.db.AppsAlike(app.ID)
	if len(others) == 0 {
		return []db.AppRow{app}, nil
	}
	all := append([]db.AppRow{app}, others...)
	shop := rec.External
	for _, r := range rec.Item.Readings {
		if s, ok := order.Get[string](r.Record, order.RegShop); ok && shop == "" {
			shop = s
		}
	}
	if shop != "" {
		for _, a := range all {
			list := h.db.AccountsOf(a.ID)
			s, bound := h.db.ShopByExternal(a.Merchant, realm, shop)
			if slices.ContainsFunc(list, func(c db.AccountRow) bool { return c.External == shop || bound && c.ID == s.Account }) {
				return []db.AppRow{a}, nil
			}
		}
	}
	switch ref := rec.Item.Ref; {
	case ref.ID != "":
		for _, a := range all {
			_, _, _, err := h.db.OrderByRef(ctx, db.Scope{Merchant: a.Merchant}, ref)
			if err == nil {
				return []db.AppRow{a}, nil
			}
			if !fault.Is(err, fault.NotFound) {
				return nil, fault.Wrap("hub.meant", err)
			}
		}
	case shop == "" && len(rec.Item.Hints) > 0:
		return all, nil
	}
	return []db.AppRow{app}, nil
}
