package hub

import (
	"context"
	"encoding/json"
	"strings"
	"unicode/utf8"

	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/ident"
	"github.com/tongdan/tongdan/internal/db"
	"github.com/tongdan/tongdan/order"
)

// shortestCode is how long a code must be to be asked for across stores: daily numbers and
// the ends of numbers can be guessed, a whole number stands on a ticket or on a phone.
const shortestCode = 8

// Whose says which store an order is of, by its whole number or by what a ticket's QR code
// holds: somebody stands there with another store's ticket. It gives the store's name and
// nothing of the order, also to whoever does not see that store. It fails with
// fault.NotFound when no order of the merchant has that number.
func (h *Hub) Whose(ctx context.Context, who Actor, code string) (store string, err error) {
	const op = "hub.Whose"
	none := fault.Say(op, fault.NotFound, "no_order", "there is no such order")
	if code = strings.TrimSpace(code); utf8.RuneCountInString(code) < shortestCode {
		return "", none
	}
	all := db.Scope{Merchant: who.Merchant}
	var rows []db.OrderRow
	var id ident.Order
	if strings.HasPrefix(code, "ord_") {
		if id.UnmarshalText([]byte(code)) != nil {
			return "", none
		}
		rows, err = h.db.OrdersByID(ctx, all, []ident.Order{id})
	} else if rows, err = h.byNumber(ctx, all, code); err == nil && len(rows) == 0 { // the number that the customer sees may be another
		rows, _, err = h.db.Orders(ctx, all, db.Filter{Query: code, Limit: 10})
	}
	if err != nil {
		return "", fault.Wrap(op, err)
	}
	for _, r := range rows {
		var shown struct {
			DisplayRef string `json:"display_ref"`
		}
		if r.ID != id && r.Ref.ID != code && (json.Unmarshal(r.Summary, &shown) != nil || shown.DisplayRef != code) {
			continue
		}
		if s, ok := h.db.StoreByID(who.Merchant, r.Store); ok {
			return s.Name, nil
		}
	}
	return "", none
}

// byNumber gives the orders that platforms know by a number.
func (h *Hub) byNumber(ctx context.Context, sc db.Scope, id string) (rows []db.OrderRow, err error) {
	asked := map[string]bool{}
	for _, p := range h.platforms {
		realm := p.Info().Realm
		if asked[realm] {
			continue
		}
		asked[realm] = true
		row, _, _, err := h.db.OrderByRef(ctx, sc, order.Ref{Realm: realm, Kind: order.KindOrder, ID: id})
		switch {
		case err == nil:
			rows = append(rows, row)
		case !fault.Is(err, fault.NotFound) && !fault.Is(err, fault.Invalid):
			return nil, err
		}
	}
	return rows, nil
}
