package hub

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/ident"
	"github.com/tongdan/tongdan/internal/db"
	"github.com/tongdan/tongdan/role"
	"github.com/tongdan/tongdan/stock"
)

// A dish is sold out by hand (估清) at a store until a moment: every channel that sells it
// from that store's stock is set to 0 and held there, whatever there is, and gets its share
// again when the moment has passed. What is on hand does not change.

// mostOut is how long a dish may be sold out: longer is a matter of the menu.
const mostOut = 7 * 24 * time.Hour

// Out is a dish that is sold out by hand, and how far each channel is.
type Out struct {
	SKU      ident.SKU    `json:"sku_id"`
	Code     string       `json:"code"`
	Name     string       `json:"name"`
	UntilAt  int64        `json:"until_at" doc:"When it comes back by itself."`
	By       string       `json:"by"`
	ByName   string       `json:"by_name"`
	Channels []OutChannel `json:"channels"`
}

// An OutChannel is one shop that sells the dish.
type OutChannel struct {
	Channel string     `json:"channel"`
	ShopID  ident.Shop `json:"shop_id"`
	State   string     `json:"state" enum:"done,sending,failed,watched" doc:"done: the platform has taken 0. watched: the shop is only watched, or its number is not ours to set: it may still sell."`
	Words   string     `json:"words,omitempty" doc:"Why it failed; it is tried again."`
}

// SellOut sells a dish out at a store until a moment of the wall clock; the zero time
// brings it back. The dish is a SKU, or a line of an order by its name: fault.Conflict with
// the reason dish_unbound when that is bound to no SKU, for then no channel can be told.
func (h *Hub) SellOut(ctx context.Context, who Actor, store ident.Store, sku ident.SKU, of ident.Order, item string, until time.Time) error {
	const op = "hub.SellOut"
	if err := who.May(op, role.SellOut); err != nil {
		return err
	}
	_, err := h.db.Do(ctx, db.Verb{Name: "sold_out", Merchant: who.Merchant, Orders: ordersOf(of), Class: db.People, Decide: func(tx *db.Tx) error {
		if !until.IsZero() && (until.Before(tx.Now()) || until.Sub(tx.Now()) > mostOut) {
			return &fault.Error{Op: op, Code: fault.Invalid, Fields: []fault.Field{fault.Wrong("body.until_at", fault.Because("field_week", "must be within the next seven days"))}}
		}
		k := db.StockKey{Store: store, SKU: sku}
		if of != 0 {
			var err error
			if k, err = h.dish(tx, who, store, of, item); err != nil {
				return err
			}
		}
		s := tx.Stock(k)
		if len(s.Offers) == 0 {
			return errUnbound(op)
		}
		s.OutUntil, s.OutBy = 0, ""
		what := "sold_out_end"
		if !until.IsZero() {
			s.OutUntil, s.OutBy, what = until.UnixMilli(), who.ID, "sold_out"
		}
		tx.PutStock(k, s)
		tx.Journal(db.Entry{At: h.now(), Direction: db.Act, What: what, By: who.ID, Outcome: k.SKU.String(), Body: toJSON(map[string]any{"store": store, "sku": k.SKU, "until_at": s.OutUntil})})
		h.plan(tx, k)
		return nil
	}})
	return fault.Wrap(op, err)
}

func ordersOf(id ident.Order) []ident.Order {
	if id == 0 {
		return nil
	}
	return []ident.Order{id}
}

func errUnbound(op string) error {
	return fault.Say(op, fault.Conflict, "dish_unbound", "this dish is bound to no SKU, so no channel can be told: sell it out in the platform's own console")
}

// dish finds the level that a line of an order sells from.
func (h *Hub) dish(tx *db.Tx, who Actor, store ident.Store, of ident.Order, item string) (db.StockKey, error) {
	const op = "hub.dish"
	row, ok := tx.OrderByID(of)
	if !ok || !who.Sees(row.Store) || row.Store != store {
		return db.StockKey{}, fault.Say(op, fault.NotFound, "no_order", "there is no such order")
	}
	o := h.fold(row, tx.Linked(row.Ref), h.info(row.Channel, row.Ref.Realm))
	shop, _ := tx.Shop(row.Account, row.Ref.Realm, o.ShopID)
	if o.Bill != nil {
		for _, l := range o.Bill.Lines {
			if l.Name != item && !strings.HasPrefix(l.Name, strings.TrimSuffix(item, "…")) {
				continue
			}
			if k, _, ok := tx.OfferOf(shop.ID, codesOf(l.Ref, l.SKU)...); ok {
				return k, nil
			}
		}
	}
	return db.StockKey{}, errUnbound(op)
}

// SoldOut lists what is sold out by hand at a store of the caller's.
func (h *Hub) SoldOut(ctx context.Context, who Actor, store ident.Store) ([]Out, error) {
	const op = "hub.SoldOut"
	rows, err := h.db.SoldOut(ctx, who.Merchant, store)
	if err != nil {
		return nil, fault.Wrap(op, err)
	}
	out := []Out{}
	if len(rows) == 0 {
		return out, nil
	}
	names, err := h.actors(ctx, who.Merchant)
	if err != nil {
		return nil, fault.Wrap(op, err)
	}
	for _, r := range rows {
		x := Out{SKU: r.SKU, Code: r.Code, Name: cmp.Or(r.Name, r.Code), UntilAt: r.Until, By: r.By, ByName: names[r.By], Channels: []OutChannel{}}
		_, err := h.db.Do(ctx, db.Verb{Name: "sold_out.look", Merchant: who.Merchant, Class: db.People, Decide: func(tx *db.Tx) error {
			x.Channels = x.Channels[:0]
			s := tx.Stock(r.StockKey)
			for _, o := range s.Offers {
				shop, _ := tx.ShopByID(o.Shop)
				c := OutChannel{Channel: shop.Channel, ShopID: o.Shop, State: "sending", Words: o.Words}
				switch {
				case !h.writes(tx, o):
					c.State = "watched"
				case o.Fails > 0:
					c.State = "failed"
				case o.Pushed == 0 && o.Sending == stock.None && o.Shown == 0:
					c.State = "done"
				case o.Known && o.May == 0 && o.Sending == stock.None:
					c.State = "done" // it shows nothing, and has sold all that it had
				}
				if c.State != "failed" {
					c.Words = ""
				}
				x.Channels = append(x.Channels, c)
			}
			return nil
		}})
		if err != nil {
			return nil, fault.Wrap(op, err)
		}
		slices.SortStableFunc(x.Channels, func(a, b OutChannel) int { return cmp.Compare(a.Channel, b.Channel) })
		out = append(out, x)
	}
	return out, nil
}

// bringBackEvery is how often levels are looked for whose time as sold out has passed.
const bringBackEvery = 5 * time.Second

// bringBack gives dishes back to their channels when their time as sold out has passed.
// Every node does so: who comes second finds nothing to do.
func (h *Hub) bringBack(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-time.After(bringBackEvery):
		}
		if err := h.BringBack(ctx); err != nil && ctx.Err() == nil {
			h.log.Warn("dishes whose time as sold out has passed could not be given back; trying again", "err", err)
		}
	}
}

// BringBack is one round of bringBack.
func (h *Hub) BringBack(ctx context.Context) error {
	const op = "hub.BringBack"
	rows, err := h.db.OutNoMore(ctx)
	for _, r := range rows {
		if err != nil {
			break
		}
		_, err = h.db.Do(ctx, db.Verb{Name: "sold_out.end", Merchant: r.Merchant, Class: db.Background, Decide: func(tx *db.Tx) error {
			s := tx.Stock(r.StockKey)
			if s.OutUntil == 0 || s.Out(tx.Now()) {
				return nil
			}
			s.OutUntil, s.OutBy = 0, ""
			tx.PutStock(r.StockKey, s)
			h.plan(tx, r.StockKey)
			return nil
		}})
	}
	return fault.Wrap(op, err)
}
