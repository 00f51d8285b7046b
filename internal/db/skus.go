package db

import (
	"context"
	"strconv"
	"strings"

	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/ident"
	"github.com/tongdan/tongdan/stock"
)

// A SKURow is the unit that stock counts.
type SKURow struct {
	Merchant ident.Merchant
	ID       ident.SKU
	Code     string // the merchant's own, unique
	Name     string
	Made     int64
}

// A LevelRow is what a store has of a SKU, for lists.
type LevelRow struct {
	StockKey
	Stock
	Code    string
	Name    string
	Changed int64
}

const skuColumns = `merchant_id, id, code, name, made_at`

func scanSKU(scan scanFunc) (s SKURow, err error) {
	err = scan(&s.Merchant, &s.ID, &s.Code, &s.Name, &s.Made)
	return s, err
}

// PutSKU inserts a SKU, or renames it. It fails with fault.Conflict when another has the
// code, and with fault.NotFound when there is no such SKU. Lines of the journal that tell of it
// are written in the same transaction, here and where an offer is bound or removed.
func (d *DB) PutSKU(ctx context.Context, s SKURow, tells ...Tell[SKURow]) (SKURow, error) {
	const op = "db.PutSKU"
	if err := need(op, map[string]bool{"code": s.Code != "" && len(s.Code) <= maxName, "name": len(s.Name) <= maxName}); err != nil {
		return s, err
	}
	s.Code, s.Name = clean(s.Code, maxName), clean(s.Name, maxName)
	err := d.write(ctx, op, func(ctx context.Context, c conn) error {
		if s.ID == 0 {
			s.ID, s.Made = ident.SKU(d.id()), d.now().UnixMilli()
			if err := tell(ctx, d, c, s.Merchant, nil, &s, tells); err != nil {
				return err
			}
			return exec(ctx, c, `INSERT INTO skus (`+skuColumns+`) VALUES ($1, $2, $3, $4, $5)`, int64(s.Merchant), int64(s.ID), s.Code, s.Name, s.Made)
		}
		was, err := replacing(ctx, d, c, tells, "skus", skuColumns, s.Merchant, int64(s.ID), scanSKU)
		if err == nil && was != nil {
			err = tell(ctx, d, c, s.Merchant, was, &s, tells)
		}
		if err != nil {
			return err
		}
		found, err := one(ctx, c, `UPDATE skus SET code = $3, name = $4 WHERE merchant_id = $1 AND id = $2 RETURNING made_at`,
			[]any{int64(s.Merchant), int64(s.ID), s.Code, s.Name}, &s.Made)
		if err == nil && !found {
			err = fault.Say(op, fault.NotFound, "no_sku", "there is no such SKU")
		}
		return err
	})
	return s, err
}

// SKUs lists the SKUs of a merchant by id; after 0 begins.
func (d *DB) SKUs(ctx context.Context, sc Scope, code string, after ident.SKU, limit int) ([]SKURow, error) {
	args := []any{int64(sc.Merchant), int64(after), int64(limit)}
	only := ""
	if code != "" {
		only, args = ` AND code = $4`, append(args, code)
	}
	var out []SKURow
	err := d.query(ctx, `SELECT `+skuColumns+` FROM skus WHERE merchant_id = $1 AND id > $2`+only+` ORDER BY id LIMIT $3`, args, func(scan scanFunc) error {
		s, err := scanSKU(scan)
		out = append(out, s)
		return err
	})
	return out, fault.Wrap("db.SKUs", err)
}

// SKUByID finds a SKU; false when there is none.
func (d *DB) SKUByID(ctx context.Context, m ident.Merchant, id ident.SKU) (s SKURow, ok bool, err error) {
	err = d.query(ctx, `SELECT `+skuColumns+` FROM skus WHERE merchant_id = $1 AND id = $2`, []any{int64(m), int64(id)}, func(scan scanFunc) error {
		ok = true
		s, err = scanSKU(scan)
		return err
	})
	return s, ok, fault.Wrap("db.SKUByID", err)
}

// BindOffer makes an offer of which nothing is known yet. It fails with fault.Conflict
// when the shop has one with this code already.
func (d *DB) BindOffer(ctx context.Context, o OfferRow, tells ...Tell[OfferRow]) (OfferRow, error) {
	const op = "db.BindOffer"
	o.Offer, o.Pushed, o.Seen = stock.New(), stock.None, stock.None
	o.ID = ident.Offer(d.id())
	for _, s := range []*string{&o.Item, &o.Variation, &o.Code} {
		*s = clean(*s, maxName)
	}
	err := d.changedDirectory(ctx, op, o.Merchant, o.ID.String(), func(ctx context.Context, c conn) error {
		err := tell(ctx, d, c, o.Merchant, nil, &o, tells)
		if err != nil {
			return err
		}
		err = exec(ctx, c, `INSERT INTO levels (merchant_id, store_id, sku_id, on_hand, reserved, changed_at) VALUES ($1, $2, $3, 0, 0, $4)
			ON CONFLICT (merchant_id, store_id, sku_id) DO NOTHING`, int64(o.Merchant), int64(o.Store), int64(o.SKU), d.now().UnixMilli())
		if err != nil {
			return err
		}
		args := []any{int64(o.Merchant), int64(o.ID), int64(o.Account), int64(o.Shop), int64(o.Store), int64(o.SKU), o.Item, o.Variation, o.Code}
		args = append(args, setOfferArgs(&o)[2:]...)
		return c.run(ctx, addOffer.stmts(args)...)
	})
	return o, err
}

var addOffer = insert{head: `INSERT INTO offers (` + offerColumns + `) VALUES`, width: 30}

// OfferByID reads one offer within a scope.
func (d *DB) OfferByID(ctx context.Context, sc Scope, id ident.Offer) (OfferRow, error) {
	list, err := d.offers(ctx, sc, ` AND id = $2`, int64(id))
	if err == nil && len(list) == 0 {
		err = fault.Say("db.OfferByID", fault.NotFound, "no_offer", "there is no such offer")
	}
	if err != nil {
		return OfferRow{}, err
	}
	return list[0], nil
}

// An OfferFilter selects offers of a list, by id.
type OfferFilter struct {
	Store ident.Store // 0 = all
	Shop  ident.Shop
	SKU   ident.SKU
	After ident.Offer
	Limit int
}

// Offers lists offers by id.
func (d *DB) Offers(ctx context.Context, sc Scope, f OfferFilter) ([]OfferRow, error) {
	return d.offers(ctx, sc, ` AND id > $2 AND (CAST($3 AS BIGINT) = 0 OR store_id = $3) AND (CAST($4 AS BIGINT) = 0 OR shop_id = $4)
		AND (CAST($5 AS BIGINT) = 0 OR sku_id = $5)`, int64(f.After), int64(f.Store), int64(f.Shop), int64(f.SKU), limitOf(f.Limit))
}

// limitOf marks the last argument as a limit.
type limitOf int

func (d *DB) offers(ctx context.Context, sc Scope, where string, args ...any) ([]OfferRow, error) {
	args = append([]any{int64(sc.Merchant)}, args...)
	limit := 1000
	if n, ok := args[len(args)-1].(limitOf); ok {
		limit, args = int(n), args[:len(args)-1]
	}
	scope, args := sc.where("store_id", args)
	args = append(args, int64(limit))
	var out []OfferRow
	err := d.query(ctx, `SELECT `+offerColumns+` FROM offers WHERE merchant_id = $1`+where+scope+` ORDER BY id LIMIT `+dollar(len(args)), args, func(scan scanFunc) error {
		o, err := scanOffer(scan)
		out = append(out, o)
		return err
	})
	return out, fault.Wrap("db.offers", err)
}

// SKUsSold finds the SKUs that a shop sells: by the items that are bound to them, and by
// the merchant's own codes.
func (d *DB) SKUsSold(ctx context.Context, m ident.Merchant, shop ident.Shop, items, codes []string) ([]ident.SKU, error) {
	args := []any{int64(m), int64(shop)}
	bound := anyOf("item", items, &args)
	coded := anyOf("code", codes, &args)
	out := []ident.SKU{}
	err := d.query(ctx, `SELECT sku_id FROM offers WHERE merchant_id = $1 AND shop_id = $2`+bound+` UNION SELECT id FROM skus WHERE merchant_id = $1`+coded, args, func(scan scanFunc) error {
		var id ident.SKU
		err := scan(&id)
		out = append(out, id)
		return err
	})
	return out, fault.Wrap("db.SKUsSold", err)
}

// Levels lists what stores have, by store and SKU, each with its offers. The zero key
// begins.
func (d *DB) Levels(ctx context.Context, sc Scope, store ident.Store, sku ident.SKU, after StockKey, limit int) ([]LevelRow, error) {
	var skus []ident.SKU
	if sku != 0 {
		skus = []ident.SKU{sku}
	}
	return d.LevelsOf(ctx, sc, store, skus, after, limit)
}

// LevelsOf is Levels of some SKUs; nil = all.
func (d *DB) LevelsOf(ctx context.Context, sc Scope, store ident.Store, skus []ident.SKU, after StockKey, limit int) ([]LevelRow, error) {
	const op = "db.Levels"
	args := []any{int64(sc.Merchant), int64(after.Store), int64(after.SKU), int64(store)}
	scope, args := sc.where("l.store_id", args)
	if skus != nil {
		list := make([]int64, len(skus))
		for i, s := range skus {
			list[i] = int64(s)
		}
		scope += anyOf("l.sku_id", list, &args)
	}
	args = append(args, int64(limit))
	var out []LevelRow
	at := map[StockKey]int{}
	var keys []any
	err := d.query(ctx, `SELECT l.store_id, l.sku_id, l.on_hand, l.reserved, l.changed_at, s.code, s.name FROM levels AS l
		JOIN skus AS s ON s.merchant_id = l.merchant_id AND s.id = l.sku_id
		WHERE l.merchant_id = $1 AND (l.store_id > $2 OR l.store_id = $2 AND l.sku_id > $3)
		AND (CAST($4 AS BIGINT) = 0 OR l.store_id = $4)`+scope+
		` ORDER BY l.store_id, l.sku_id LIMIT `+dollar(len(args)), args, func(scan scanFunc) error {
		var l LevelRow
		err := scan(&l.Store, &l.SKU, &l.OnHand, &l.Reserved, &l.Changed, &l.Code, &l.Name)
		at[l.StockKey] = len(out)
		out = append(out, l)
		keys = append(keys, int64(sc.Merchant), int64(l.Store), int64(l.SKU))
		return err
	})
	if err != nil || len(keys) == 0 {
		return out, fault.Wrap(op, err)
	}
	for _, st := range offersOf.stmts(keys, "", nil) {
		seen := map[ident.Offer]bool{}
		err = d.query(ctx, st.text, st.args, func(scan scanFunc) error {
			o, err := scanOffer(scan)
			if err == nil && !seen[o.ID] {
				seen[o.ID] = true
				l := &out[at[StockKey{o.Store, o.SKU}]]
				l.Offers = append(l.Offers, o)
			}
			return err
		})
		if err != nil {
			return nil, fault.Wrap(op, err)
		}
	}
	return out, nil
}

// Movements lists the movements of a level, newest first; before 0 begins.
func (d *DB) Movements(ctx context.Context, sc Scope, k StockKey, before ident.Movement, limit int) ([]MovementRow, error) {
	var out []MovementRow
	if !sc.sees(k.Store) {
		return nil, fault.Say("db.Movements", fault.NotFound, "no_store", "there is no such store")
	}
	if before == 0 {
		before = 1<<63 - 1
	}
	err := d.query(ctx, `SELECT merchant_id, id, store_id, sku_id, at, pieces, reason, cause, note FROM movements
		WHERE merchant_id = $1 AND store_id = $2 AND sku_id = $3 AND id < $4 ORDER BY id DESC LIMIT $5`,
		[]any{int64(sc.Merchant), int64(k.Store), int64(k.SKU), int64(before), int64(limit)}, func(scan scanFunc) error {
			var m MovementRow
			var reason string
			err := scan(&m.Merchant, &m.ID, &m.Store, &m.SKU, &m.At, &m.Pieces, &reason, &m.Cause, &m.Note)
			m.Reason = stock.Reason(reason)
			out = append(out, m)
			return err
		})
	return out, fault.Wrap("db.Movements", err)
}

// LooksRead gives the offers of an account whose look waits to ripen by a pull that
// begins now (UTC ms of the wall).
func (d *DB) LooksRead(ctx context.Context, m ident.Merchant, a ident.Account, nowMS int64) ([]OfferRow, error) {
	return d.offers(ctx, Scope{Merchant: m}, ` AND account_id = $2 AND look_stage = `+strconv.Itoa(int(stock.Read))+` AND look_at <= $3`, int64(a), nowMS)
}

// OffersQuiet gives offers of an account that were not read since a moment and have
// nothing under way.
func (d *DB) OffersQuiet(ctx context.Context, m ident.Merchant, a ident.Account, sinceMS int64, limit int) ([]OfferRow, error) {
	return d.offers(ctx, Scope{Merchant: m}, ` AND account_id = $2 AND look_stage = 0 AND effect_id = 0 AND seen_at < $3`, int64(a), sinceMS, limitOf(limit))
}

// Sells reports whether a merchant has offers, as Tx.Sells does.
func (d *DB) Sells(m ident.Merchant) bool { return d.dir.Load().sells[m] }

// OpenReads gives the effects of an account that are open and whose target is like a
// pattern of SQL, at most limit.
func (d *DB) OpenReads(ctx context.Context, m ident.Merchant, a ident.Account, target string, limit int) ([]ident.Effect, error) {
	var out []ident.Effect
	err := d.query(ctx, `SELECT id FROM effects WHERE merchant_id = $1 AND account_id = $2 AND open = 1 AND target LIKE $3
		ORDER BY next_at LIMIT $4`, []any{int64(m), int64(a), target, int64(limit)}, func(scan scanFunc) error {
		var id ident.Effect
		err := scan(&id)
		out = append(out, id)
		return err
	})
	return out, fault.Wrap("db.OpenReads", err)
}

// StillOpen reports whether one of an offer's Reads is open.
func (d *DB) StillOpen(ctx context.Context, m ident.Merchant, reads string) (bool, error) {
	ids := readsOf(reads)
	if len(ids) == 0 {
		return false, nil
	}
	args := []any{int64(m)}
	in := anyOf("id", ids, &args)
	found, err := d.one(ctx, `SELECT 1 FROM effects WHERE merchant_id = $1 AND open = 1`+in+` LIMIT 1`, args, new(int64))
	return found, fault.Wrap("db.StillOpen", err)
}

// ReadsText is a list of effects as OfferRow.Reads keeps it.
func ReadsText(ids []ident.Effect) string {
	var b strings.Builder
	for _, id := range ids {
		b.WriteString(strconv.FormatInt(int64(id), 10))
		b.WriteByte(' ')
	}
	return b.String()
}

// ParkedSince reports whether an account has a parked message that came since a moment:
// it may be an order.
func (d *DB) ParkedSince(ctx context.Context, m ident.Merchant, a ident.Account, sinceMS int64) (bool, error) {
	found, err := d.one(ctx, `SELECT 1 FROM parked WHERE merchant_id = $1 AND state = $2 AND account_id = $3 AND at >= $4 LIMIT 1`,
		[]any{int64(m), ParkedState, int64(a), sinceMS}, new(int64))
	return found, fault.Wrap("db.ParkedSince", err)
}

// OrdersShort gives orders that were promised more pieces of a level than there were.
func (d *DB) OrdersShort(ctx context.Context, m ident.Merchant, k StockKey, limit int) ([]ident.Order, error) {
	return d.orderIDs(ctx, `SELECT order_id FROM holds WHERE merchant_id = $1 AND store_id = $2 AND sku_id = $3 AND short > 0 ORDER BY order_id LIMIT $4`,
		int64(m), int64(k.Store), int64(k.SKU), int64(limit))
}

// OrdersKeeping gives open orders that keep pieces of a level, newest first.
func (d *DB) OrdersKeeping(ctx context.Context, m ident.Merchant, k StockKey, limit int) ([]ident.Order, error) {
	return d.orderIDs(ctx, `SELECT DISTINCT order_id FROM holds WHERE merchant_id = $1 AND store_id = $2 AND sku_id = $3 AND kept <> 0 ORDER BY order_id DESC LIMIT $4`,
		int64(m), int64(k.Store), int64(k.SKU), int64(limit))
}

// OrdersReserving gives open orders of a shop that reserve one of two codes and take
// nothing through an offer: they came before the offer was bound.
func (d *DB) OrdersReserving(ctx context.Context, o OfferRow, codes [2]string, after ident.Order, limit int) ([]ident.Order, error) {
	return d.orderIDs(ctx, `SELECT DISTINCT r.order_id FROM reservations AS r JOIN orders AS o ON o.id = r.order_id AND o.merchant_id = r.merchant_id
		WHERE r.merchant_id = $1 AND r.store_id = $2 AND r.sku IN ($3, $4) AND o.shop_id = $5 AND r.order_id > $6
		AND NOT EXISTS (SELECT 1 FROM holds AS h WHERE h.merchant_id = r.merchant_id AND h.order_id = r.order_id AND h.offer_id = $7)
		ORDER BY r.order_id LIMIT $8`, int64(o.Merchant), int64(o.Store), codes[0], codes[1], int64(o.Shop), int64(after), int64(o.ID), int64(limit))
}

func (d *DB) orderIDs(ctx context.Context, text string, args ...any) ([]ident.Order, error) {
	var out []ident.Order
	err := d.query(ctx, text, args, func(scan scanFunc) error {
		var id ident.Order
		err := scan(&id)
		out = append(out, id)
		return err
	})
	return out, fault.Wrap("db.orderIDs", err)
}

// Oversold lists what orders were promised beyond what there was, newest order first.
func (d *DB) Oversold(ctx context.Context, sc Scope, limit int) ([]HoldRow, error) {
	scope, args := sc.where("store_id", []any{int64(sc.Merchant)})
	args = append(args, int64(limit))
	var out []HoldRow
	err := d.query(ctx, `SELECT order_id, offer_id, store_id, sku_id, kept, gone, short FROM holds WHERE merchant_id = $1 AND short > 0`+scope+
		` ORDER BY order_id DESC LIMIT `+dollar(len(args)), args, func(scan scanFunc) error {
		var h HoldRow
		err := scan(&h.Order, &h.Offer, &h.Store, &h.SKU, &h.Kept, &h.Gone, &h.Short)
		out = append(out, h)
		return err
	})
	return out, fault.Wrap("db.Oversold", err)
}

// A StockFault is an invariant of stock that does not hold.
type StockFault struct {
	StockKey
	Rule string // stable word: on_hand, reserved, shown
	Have int64
	Want int64 // what it should be; of shown: the most that it may be
}

// CheckStock compares levels with what they are the sums of, and what channels may still
// sell with what is sellable, for the next limit levels after a key. It gives the key to
// go on after, zero at the end, and how many were looked at. Each level is read in one statement, so that what is
// compared is of one moment; sums over long histories make it slow, not wrong.
func (d *DB) CheckStock(ctx context.Context, m ident.Merchant, after StockKey, limit int) (faults []StockFault, next StockKey, n int, err error) {
	var last StockKey
	err = d.query(ctx, `SELECT l.store_id, l.sku_id, l.on_hand, l.reserved,
		(SELECT CAST(COALESCE(SUM(v.pieces), 0) AS BIGINT) FROM movements AS v WHERE v.merchant_id = l.merchant_id AND v.store_id = l.store_id AND v.sku_id = l.sku_id),
		(SELECT CAST(COALESCE(SUM(h.kept), 0) AS BIGINT) FROM holds AS h WHERE h.merchant_id = l.merchant_id AND h.store_id = l.store_id AND h.sku_id = l.sku_id AND h.kept <> 0),
		(SELECT CAST(COALESCE(SUM(o.may), 0) AS BIGINT) FROM offers AS o WHERE o.merchant_id = l.merchant_id AND o.store_id = l.store_id AND o.sku_id = l.sku_id AND o.known = 1),
		(SELECT COUNT(*) FROM offers AS o WHERE o.merchant_id = l.merchant_id AND o.store_id = l.store_id AND o.sku_id = l.sku_id AND (o.effect_id <> 0 OR o.look_stage <> 0))
		FROM levels AS l WHERE l.merchant_id = $1 AND (l.store_id > $2 OR l.store_id = $2 AND l.sku_id > $3) ORDER BY l.store_id, l.sku_id LIMIT $4`,
		[]any{int64(m), int64(after.Store), int64(after.SKU), int64(limit)}, func(scan scanFunc) error {
			var k StockKey
			var onHand, reserved, moved, kept, may, moving int64
			if err := scan(&k.Store, &k.SKU, &onHand, &reserved, &moved, &kept, &may, &moving); err != nil {
				return err
			}
			n++
			last = k
			if onHand != moved {
				faults = append(faults, StockFault{k, "on_hand", onHand, moved})
			}
			if reserved != kept {
				faults = append(faults, StockFault{k, "reserved", reserved, kept})
			}
			// After a count, or when a platform sold more than it was given, the channels
			// are lowered: that is under way while a call or a look is open.
			if s := max(onHand-reserved, 0); may > s && moving == 0 {
				faults = append(faults, StockFault{k, "shown", may, s})
			}
			return nil
		})
	if n == limit {
		next = last
	}
	return faults, next, n, fault.Wrap("db.CheckStock", err)
}
