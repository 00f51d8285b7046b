package hub

import (
	"context"
	"slices"
	"time"

	"github.com/tongdan/tongdan/channel"
	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/ident"
	"github.com/tongdan/tongdan/internal/db"
	"github.com/tongdan/tongdan/stock"
)

// PutSKU adds a SKU or renames it.
func (h *Hub) PutSKU(ctx context.Context, who Actor, s db.SKURow) (db.SKURow, error) {
	const op = "hub.PutSKU"
	var w wrong
	w.text("code", s.Code, 1, 80)
	w.text("name", s.Name, 0, 120)
	if err := w.err(op); err != nil {
		return s, err
	}
	s.Merchant = who.Merchant
	s, err := h.db.PutSKU(ctx, s, telling(h, who, "sku", skuSetUp))
	return s, fault.Wrap(op, err)
}

// BindOffer says that what a shop sells under an item and variation is a SKU of the
// merchant, from the stock of the shop's store. What the channel shows is read first;
// until it is known, nothing more is given to any channel of the SKU. Open orders of the
// shop take their pieces.
func (h *Hub) BindOffer(ctx context.Context, who Actor, o db.OfferRow) (db.OfferRow, error) {
	const op = "hub.BindOffer"
	var w wrong
	w.text("item", o.Item, 1, 80)
	w.text("variation", o.Variation, 0, 80)
	shop, ok := h.db.ShopByID(who.Merchant, o.Shop)
	if !ok || !who.Sees(shop.Store) {
		w.say("shop_id", fault.Because("field_foreign_shop", "is none of your shops"))
	}
	if _, ok, err := h.db.SKUByID(ctx, who.Merchant, o.SKU); err != nil {
		return o, err
	} else if !ok {
		w.say("sku_id", fault.Because("field_foreign_sku", "is none of your SKUs"))
	}
	if err := w.err(op); err != nil {
		return o, err
	}
	first := !h.db.Sells(who.Merchant)
	o.Merchant, o.Account, o.Store = who.Merchant, shop.Account, shop.Store
	o.Code = channel.Offer{Item: o.Item, Variation: o.Variation}.Code()
	o, err := h.db.BindOffer(ctx, o, telling(h, who, "offer", h.offerSetUp))
	if err != nil {
		return o, fault.Wrap(op, err)
	}
	if err := h.retake(ctx, o); err != nil {
		return o, err
	}
	// Other nodes learn within seconds that the merchant has offers at all; the look
	// takes up the orders that they settled until then.
	wait := first && h.db.Engine() == "postgres"
	return o, h.onStock(ctx, who.Merchant, "bind", o.ID, func(tx *db.Tx, of *db.OfferRow) {
		if wait && of.LookedBy == 0 {
			of.LookedBy = h.askStock(tx, of, kindShown, tx.Now().Add(knownEverywhere))
		}
	})
}

// knownEverywhere is after when every node has read the directory again.
const knownEverywhere = 5 * time.Second

// onStock changes one offer and plans its level anew.
func (h *Hub) onStock(ctx context.Context, m ident.Merchant, name string, id ident.Offer, f func(*db.Tx, *db.OfferRow)) error {
	_, err := h.db.Do(ctx, db.Verb{Name: name, Merchant: m, Class: db.People, Decide: func(tx *db.Tx) error {
		k, ok := tx.OfferAt(id)
		if !ok {
			return nil
		}
		s := tx.Stock(k)
		if i := offerIn(s.Offers, id); i >= 0 {
			f(tx, &s.Offers[i])
			tx.PutStock(k, s)
			h.plan(tx, k)
		}
		return nil
	}})
	return fault.Wrap("hub."+name, err)
}

// UnbindOffer forgets an offer, and gives what it held to the others in the same transaction. What it
// shows on the platform stays there, and counts no longer. It fails with fault.Conflict while a number
// is being sent for it.
func (h *Hub) UnbindOffer(ctx context.Context, who Actor, id ident.Offer) error {
	const op = "hub.UnbindOffer"
	if _, err := h.db.OfferByID(ctx, who.Scope, id); err != nil {
		return fault.Wrap(op, err)
	}
	_, err := h.db.Do(ctx, db.Verb{Name: "unbind", Merchant: who.Merchant, Class: db.People, Decide: func(tx *db.Tx) error {
		k, _ := tx.OfferAt(id)
		s := tx.Stock(k)
		i := offerIn(s.Offers, id)
		switch {
		case i < 0:
			return fault.Say(op, fault.NotFound, "no_offer", "there is no such offer")
		case s.Offers[i].Effect != 0:
			return fault.Say(op, fault.Conflict, "offer_sending", "a number is being sent for this offer; try again in a moment")
		}
		was := h.offerSetUp(s.Offers[i])
		line, _ := h.told(who, "offer.delete", &was, nil)
		tx.Journal(line)
		s.Offers = slices.Delete(s.Offers, i, i+1)
		tx.PutStock(k, s)
		h.plan(tx, k)
		tx.Change(db.KindDirectory, id.String())
		return nil
	}})
	if err != nil {
		return fault.Wrap(op, err)
	}
	return fault.Wrap(op, h.db.Reload(ctx)) // it may have been the merchant's last
}

// A Booking is a movement that a person books.
type Booking struct {
	db.StockKey
	Reason stock.Reason // Receipt and Correction: Pieces more; Count: Pieces are there now
	Pieces int64
	Note   string
	Key    string // the caller's Idempotency-Key: booked once
}

// Book changes what is on hand. Orders that lacked pieces and have them now lose their
// issue.
func (h *Hub) Book(ctx context.Context, who Actor, b Booking) (db.Stock, int64, error) {
	const op = "hub.Book"
	var w wrong
	w.text("note", b.Note, 0, 200)
	if _, ok := h.db.StoreByID(who.Merchant, b.Store); !ok || !who.Sees(b.Store) {
		w.say("store_id", fault.Because("field_foreign_store", "is none of your stores"))
	}
	if _, ok, err := h.db.SKUByID(ctx, who.Merchant, b.SKU); err != nil {
		return db.Stock{}, 0, err
	} else if !ok {
		w.say("sku_id", fault.Because("field_foreign_sku", "is none of your SKUs"))
	}
	switch {
	case b.Pieces > stock.Max || b.Pieces < -stock.Max:
		w.say("pieces", fault.Because("field_pieces_many", "is more than can be counted"))
	case b.Reason == stock.Count && b.Pieces < 0:
		w.say("pieces", fault.Because("field_pieces_below", "cannot be fewer than none"))
	case b.Reason == stock.Receipt && b.Pieces <= 0:
		w.say("pieces", fault.Because("field_pieces_least", "must be at least 1; book a correction to take pieces out"))
	}
	if b.Reason != stock.Receipt && b.Reason != stock.Count && b.Reason != stock.Correction {
		w.say("reason", fault.Because("field_none_of", "is none of {list}", "list", "receipt, count, correction"))
	}
	if err := w.err(op); err != nil {
		return db.Stock{}, 0, err
	}
	var after db.Stock
	key := ""
	if b.Key != "" {
		key = who.ID + " " + b.Key
	}
	r, err := h.db.Do(ctx, db.Verb{Name: "book", Merchant: who.Merchant, Class: db.People, Decide: func(tx *db.Tx) error {
		s := tx.Stock(b.StockKey)
		pieces := b.Pieces
		if b.Reason == stock.Count {
			pieces -= s.OnHand
		}
		s.OnHand += pieces
		if s.OnHand > stock.Max {
			return fault.Say(op, fault.Invalid, "too_many_pieces", "there would be more than can be counted")
		}
		tx.Move(db.MovementRow{StockKey: b.StockKey, Pieces: pieces, Reason: b.Reason, Cause: who.ID, Note: b.Note, Key: key})
		tx.PutStock(b.StockKey, s)
		h.plan(tx, b.StockKey)
		after = s
		return nil
	}})
	if key != "" && fault.Is(err, fault.Conflict) { // booked already: tell how it is now
		r, err = h.db.Do(ctx, db.Verb{Name: "booked", Merchant: who.Merchant, Class: db.People, Decide: func(tx *db.Tx) error {
			after = tx.Stock(b.StockKey)
			return nil
		}})
	}
	if err != nil {
		return after, 0, fault.Wrap(op, err)
	}
	return after, r.Seq, h.relieve(ctx, who.Merchant, b.StockKey, after)
}

// relieve settles orders again that lacked pieces, oldest first.
func (h *Hub) relieve(ctx context.Context, m ident.Merchant, k db.StockKey, s db.Stock) error {
	if s.Sellable() < 0 {
		return nil
	}
	ids, err := h.db.OrdersShort(ctx, m, k, 200)
	if err != nil || len(ids) == 0 {
		return fault.Wrap("hub.relieve", err)
	}
	return h.settleAll(ctx, m, ids)
}
