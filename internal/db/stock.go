package db

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tongdan/tongdan/ident"
	"github.com/tongdan/tongdan/stock"
)

// Stock is loaded and locked by level: the level's lock guards its offers too, and so
// everything that decides what a channel may show. Levels are locked after all else,
// sorted, and in one round: a verb learns only from its order which SKUs it needs, and a
// batch waits with them until nobody asks for anything else.

// A StockKey names a level.
type StockKey struct {
	Store ident.Store
	SKU   ident.SKU
}

// A Stock is one level with the offers that sell from it, by id.
type Stock struct {
	stock.Level
	Offers   []OfferRow
	OutUntil int64  // sold out by hand until then, wall clock; 0 = it is not
	OutBy    string // usr_…, key_…, dev_…
}

// Out reports whether a level is sold out by hand at a moment.
func (s *Stock) Out(now time.Time) bool { return s.OutUntil > now.UnixMilli() }

// An OfferRow is a SKU as sold in one shop.
type OfferRow struct {
	Merchant  ident.Merchant
	ID        ident.Offer
	Account   ident.Account
	Shop      ident.Shop
	Store     ident.Store
	SKU       ident.SKU
	Item      string // the platform's
	Variation string // the platform's, "" where it has none
	Code      string // as an order's line names it
	stock.Offer
	Effect   ident.Effect // that sets the number, while it is open
	LookedBy ident.Effect // that reads it, while it is open
	LookAt   int64        // wall clock: from then on a pull tells everything that was sold before the read
	Reads    string       // open reads that the last pull left: they may tell of a sale before it
	Pushed   int64        // the last value that the platform took, or stock.None
	PushedAt int64        // UTC ms
	Seen     int64        // the last value that was read, or stock.None
	SeenAt   int64
	Beyond   int64 // pieces that the platform sold beyond what it was given, since ever
	Fails    int   // calls in a row that the platform refused
	Words    string
}

// A HoldRow is what an order takes of a SKU through an offer.
type HoldRow struct {
	Order ident.Order
	Offer ident.Offer
	StockKey
	Kept  int64 // while the order is open
	Gone  int64 // when it has left
	Short int64 // of them there are fewer pieces than promised
}

// A MovementRow is a change of what is on hand.
type MovementRow struct {
	Merchant ident.Merchant
	ID       ident.Movement
	StockKey
	At     int64
	Pieces int64 // more than before; below 0: fewer
	Reason stock.Reason
	Cause  string // "ord_…", "usr_…", "key_…"
	Note   string
	Key    string // the caller's, so that it is booked once
}

type (
	levelKey struct {
		m ident.Merchant
		StockKey
	}
	codeKey struct {
		m    ident.Merchant
		shop ident.Shop
		code string
	}
	offerKey struct {
		m  ident.Merchant
		id ident.Offer
	}
	holdKey struct {
		orderKey
		offer ident.Offer
	}
	offerAt struct { // where an offer is; the zero value is nowhere
		id ident.Offer
		StockKey
	}
	levelState struct {
		stock  Stock
		stored bool
	}
)

const offerColumns = `merchant_id, id, account_id, shop_id, store_id, sku_id, item, variation, code, known, may, shown, sending, effect_id, look_id,
	look_stage, look_n, look_may, look_taken, look_back, look_value, look_at, look_reads, pushed, pushed_at, seen, seen_at, beyond, fails, words`

func scanOffer(scan scanFunc) (o OfferRow, err error) {
	var known int64
	err = scan(&o.Merchant, &o.ID, &o.Account, &o.Shop, &o.Store, &o.SKU, &o.Item, &o.Variation, &o.Code, &known, &o.May, &o.Shown, &o.Sending,
		&o.Effect, &o.LookedBy, &o.Look.Stage, &o.Look.N, &o.Look.May, &o.Look.Taken, &o.Look.Back, &o.Look.Value, &o.LookAt, &o.Reads,
		&o.Pushed, &o.PushedAt, &o.Seen, &o.SeenAt, &o.Beyond, &o.Fails, &o.Words)
	o.Known = known == 1
	o.Barred = o.Fails >= barredAfter
	return o, err
}

// barredAfter refusals in a row nothing is given to an offer, until one call works.
const barredAfter = 3

const setOffer = `UPDATE offers SET known = $3, may = $4, shown = $5, sending = $6, effect_id = $7, look_id = $8, look_stage = $9, look_n = $10,
	look_may = $11, look_taken = $12, look_back = $13, look_value = $14, look_at = $15, look_reads = $16, pushed = $17, pushed_at = $18, seen = $19,
	seen_at = $20, beyond = $21, fails = $22, words = $23 WHERE merchant_id = $1 AND id = $2`

func setOfferArgs(o *OfferRow) []any {
	return []any{int64(o.Merchant), int64(o.ID), flag(o.Known), o.May, o.Shown, o.Sending, int64(o.Effect), int64(o.LookedBy), int64(o.Look.Stage), o.Look.N,
		o.Look.May, o.Look.Taken, o.Look.Back, o.Look.Value, o.LookAt, clean(o.Reads, 4000), o.Pushed, o.PushedAt, o.Seen, o.SeenAt, o.Beyond, int64(o.Fails), clean(o.Words, 300)}
}

var (
	offersCoded = lookup{head: `SELECT merchant_id, shop_id, code, id, store_id, sku_id FROM offers WHERE (merchant_id, shop_id, code) IN`, types: []string{number, number, text}}
	offersNamed = lookup{head: `SELECT merchant_id, id, store_id, sku_id FROM offers WHERE (merchant_id, id) IN`, types: []string{number, number}}
	levelRows   = lookup{head: `SELECT merchant_id, store_id, sku_id, on_hand, reserved, out_until, out_by FROM levels WHERE (merchant_id, store_id, sku_id) IN`, types: []string{number, number, number},
		tail: ` ORDER BY merchant_id, store_id, sku_id`}
	// SQLite, which does not know how many offers a merchant has, would walk all of them in
	// the order of their ids: so the index is asked first, alone.
	offersOf = lookup{head: `SELECT ` + offerColumns + ` FROM offers WHERE (merchant_id, id) IN (SELECT merchant_id, id FROM offers WHERE (merchant_id, store_id, sku_id) IN`,
		types: []string{number, number, number}, tail: `) ORDER BY merchant_id, id`}

	addLevels    = insert{head: `INSERT INTO levels (merchant_id, store_id, sku_id, on_hand, reserved, changed_at, out_until, out_by) VALUES`, width: 8}
	addMovements = insert{head: `INSERT INTO movements (id, merchant_id, store_id, sku_id, at, pieces, reason, cause, note, request) VALUES`, width: 10}
	addHolds     = insert{head: `INSERT INTO holds (merchant_id, order_id, offer_id, store_id, sku_id, kept, gone, short) VALUES`, width: 8,
		tail: ` ON CONFLICT (merchant_id, order_id, offer_id) DO UPDATE SET store_id = excluded.store_id, sku_id = excluded.sku_id, kept = excluded.kept, gone = excluded.gone, short = excluded.short`}
)

const (
	setLevel  = `UPDATE levels SET on_hand = $4, reserved = $5, changed_at = $6, out_until = $7, out_by = $8 WHERE merchant_id = $1 AND store_id = $2 AND sku_id = $3`
	dropOffer = `DELETE FROM offers WHERE merchant_id = $1 AND id = $2`
	dropHold  = `DELETE FROM holds WHERE merchant_id = $1 AND order_id = $2 AND offer_id = $3`
)

// stockWanted is what verbs need of stock.
type stockWanted struct {
	levels map[levelKey]bool
	codes  map[codeKey]bool
	offers map[offerKey]bool
}

func (w *stockWanted) empty() bool { return len(w.levels)+len(w.codes)+len(w.offers) == 0 }

func (w *stockWanted) add(o *stockWanted) {
	addTo(&w.levels, o.levels)
	addTo(&w.codes, o.codes)
	addTo(&w.offers, o.offers)
}

func compareLevels(a, b levelKey) int {
	return cmp.Or(cmp.Compare(a.m, b.m), cmp.Compare(a.Store, b.Store), cmp.Compare(a.SKU, b.SKU))
}

// loadStock finds the levels behind codes and offers, then locks them and loads their
// offers.
func (b *batch) loadStock(ctx context.Context, w *stockWanted) error {
	if w.empty() {
		return nil
	}
	base := b.base
	var list []*stmt
	if len(w.codes) > 0 {
		var args []any
		for _, k := range sortedKeys(w.codes, func(x, y codeKey) int {
			return cmp.Or(cmp.Compare(x.m, y.m), cmp.Compare(x.shop, y.shop), cmp.Compare(x.code, y.code))
		}) {
			put(&base.codes, k, offerAt{})
			args = append(args, int64(k.m), int64(k.shop), k.code)
		}
		list = append(list, offersCoded.stmts(args, "", func(scan scanFunc) error {
			var k codeKey
			var at offerAt
			if err := scan(&k.m, &k.shop, &k.code, &at.id, &at.Store, &at.SKU); err != nil {
				return err
			}
			put(&base.codes, k, at)
			put(&w.levels, levelKey{k.m, at.StockKey}, true)
			return nil
		})...)
	}
	if len(w.offers) > 0 {
		var args []any
		for _, k := range sortedKeys(w.offers, func(x, y offerKey) int { return cmp.Or(cmp.Compare(x.m, y.m), cmp.Compare(x.id, y.id)) }) {
			put(&base.offers, k, offerAt{})
			args = append(args, int64(k.m), int64(k.id))
		}
		list = append(list, offersNamed.stmts(args, "", func(scan scanFunc) error {
			var k offerKey
			var at offerAt
			if err := scan(&k.m, &k.id, &at.Store, &at.SKU); err != nil {
				return err
			}
			at.id = k.id
			put(&base.offers, k, at)
			put(&w.levels, levelKey{k.m, at.StockKey}, true)
			return nil
		})...)
	}
	if len(list) > 0 {
		if err := b.c.run(ctx, list...); err != nil {
			return err
		}
	}
	var args []any
	for _, k := range sortedKeys(w.levels, compareLevels) {
		if base.levels[k] != nil {
			continue
		}
		put(&base.levels, k, &levelState{})
		args = append(args, int64(k.m), int64(k.Store), int64(k.SKU))
	}
	if len(args) == 0 {
		return nil
	}
	list = levelRows.stmts(args, b.eng.lock, func(scan scanFunc) error {
		var k levelKey
		s := &levelState{stored: true}
		if err := scan(&k.m, &k.Store, &k.SKU, &s.stock.OnHand, &s.stock.Reserved, &s.stock.OutUntil, &s.stock.OutBy); err != nil {
			return err
		}
		put(&base.levels, k, s)
		return nil
	})
	// PostgreSQL sees in a statement what was committed before it began: the offers are
	// read by a statement after that which took the lock.
	list = append(list, offersOf.stmts(args, "", func(scan scanFunc) error {
		o, err := scanOffer(scan)
		if err != nil {
			return err
		}
		s := base.levels[levelKey{o.Merchant, StockKey{o.Store, o.SKU}}]
		if !slices.ContainsFunc(s.stock.Offers, func(have OfferRow) bool { return have.ID == o.ID }) { // padding asks twice
			s.stock.Offers = append(s.stock.Offers, o)
		}
		return nil
	})...)
	return b.c.run(ctx, list...)
}

func inLevels(l *layer) map[levelKey]*levelState { return l.levels }
func inCodes(l *layer) map[codeKey]offerAt       { return l.codes }
func inOffers(l *layer) map[offerKey]offerAt     { return l.offers }

// Sells reports whether the merchant has offers at all: a merchant without them pays
// nothing for stock. On another node than that where the first offer was bound it may
// be some seconds late.
func (t *Tx) Sells() bool { return t.dir.sells[t.m] }

// ShopByID gives a shop by our id.
func (t *Tx) ShopByID(id ident.Shop) (ShopRow, bool) {
	s, ok := t.dir.Shop(id)
	return s, ok && s.Merchant == t.m
}

// OfferOf finds the offer of a shop that one of the codes names.
func (t *Tx) OfferOf(shop ident.Shop, codes ...string) (k StockKey, id ident.Offer, ok bool) {
	for _, c := range codes {
		c = clean(c, maxName)
		if c == "" {
			continue
		}
		at, loaded := find(t.l, inCodes, codeKey{t.m, shop, c})
		if !loaded {
			put(&t.need.stock.codes, codeKey{t.m, shop, c}, true)
			continue
		}
		if at.id != 0 {
			return at.StockKey, at.id, true
		}
	}
	return StockKey{}, 0, false
}

// OfferAt tells which level an offer sells from.
func (t *Tx) OfferAt(id ident.Offer) (StockKey, bool) {
	at, loaded := find(t.l, inOffers, offerKey{t.m, id})
	if !loaded {
		put(&t.need.stock.offers, offerKey{t.m, id}, true)
	}
	return at.StockKey, at.id != 0
}

// Stock gives a copy of a level and its offers; an empty one when nothing was ever
// booked there. Its lock is held until the commit.
func (t *Tx) Stock(k StockKey) Stock {
	s, ok := find(t.l, inLevels, levelKey{t.m, k})
	if !ok {
		put(&t.need.stock.levels, levelKey{t.m, k}, true)
		return Stock{}
	}
	out := s.stock
	out.Offers = slices.Clone(out.Offers)
	return out
}

// PutStock writes a level and its offers. It makes none; one that Stock gave and that is left
// out is removed.
func (t *Tx) PutStock(k StockKey, s Stock) {
	old, ok := find(t.l, inLevels, levelKey{t.m, k})
	if !ok {
		put(&t.need.stock.levels, levelKey{t.m, k}, true)
		return
	}
	put(&t.l.levels, levelKey{t.m, k}, &levelState{s, old.stored})
}

// Move writes a line of the movements; the level itself is changed by PutStock.
func (t *Tx) Move(m MovementRow) ident.Movement {
	m.Merchant, m.ID = t.m, ident.Movement(t.ID())
	if m.At == 0 {
		m.At = t.now.UnixMilli()
	}
	t.l.moves = append(t.l.moves, m)
	return m.ID
}

// Hold sets what an order takes through an offer; nothing kept and nothing gone drops it.
func (t *Tx) Hold(h HoldRow) {
	put(&t.l.holds, holdKey{orderKey{t.m, h.Order}, h.Offer}, h)
}

func (b *batch) saveStock() ([]*stmt, error) {
	now := b.now.UnixMilli()
	var list []*stmt
	var levels, moves, holds []any
	for _, k := range sortedKeys(b.made.levels, compareLevels) {
		s := b.made.levels[k]
		var was Stock
		if old := b.base.levels[k]; old != nil {
			was = old.stock
		}
		switch {
		case !s.stored:
			levels = append(levels, int64(k.m), int64(k.Store), int64(k.SKU), s.stock.OnHand, s.stock.Reserved, now, s.stock.OutUntil, s.stock.OutBy)
		case s.stock.Level != was.Level || s.stock.OutUntil != was.OutUntil:
			list = append(list, &stmt{text: setLevel, args: []any{int64(k.m), int64(k.Store), int64(k.SKU), s.stock.OnHand, s.stock.Reserved, now, s.stock.OutUntil, s.stock.OutBy}})
		}
		for i := range s.stock.Offers {
			o := &s.stock.Offers[i]
			if !slices.Contains(was.Offers, *o) {
				list = append(list, &stmt{text: setOffer, args: setOfferArgs(o)})
			}
		}
		for i := range was.Offers {
			if id := was.Offers[i].ID; !slices.ContainsFunc(s.stock.Offers, func(o OfferRow) bool { return o.ID == id }) {
				list = append(list, &stmt{text: dropOffer, args: []any{int64(k.m), int64(id)}})
			}
		}
	}
	for _, m := range b.made.moves {
		moves = append(moves, int64(m.ID), int64(m.Merchant), int64(m.Store), int64(m.SKU), m.At, m.Pieces, string(m.Reason), clean(m.Cause, 100), clean(m.Note, 500), clean(m.Key, maxKey))
	}
	for _, k := range sortedKeys(b.made.holds, func(x, y holdKey) int {
		return cmp.Or(compareOrders(x.orderKey, y.orderKey), cmp.Compare(x.offer, y.offer))
	}) {
		h := b.made.holds[k]
		if h.Kept == 0 && h.Gone == 0 {
			list = append(list, &stmt{text: dropHold, args: []any{int64(k.m), int64(k.id), int64(k.offer)}})
			continue
		}
		holds = append(holds, int64(k.m), int64(k.id), int64(k.offer), int64(h.Store), int64(h.SKU), h.Kept, h.Gone, h.Short)
	}
	return slices.Concat(addLevels.stmts(levels), list, addMovements.stmts(moves), addHolds.stmts(holds)), nil
}

// readsOf parses OfferRow.Reads.
func readsOf(s string) []int64 {
	var out []int64
	for _, f := range strings.Fields(s) {
		if n, err := strconv.ParseInt(f, 10, 64); err == nil {
			out = append(out, n)
		}
	}
	return out
}
