package db

import (
	"context"

	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/ident"
)

// A SoldOutRow is a level that is sold out by hand.
type SoldOutRow struct {
	Merchant ident.Merchant
	StockKey
	Code  string // of the SKU
	Name  string
	Until int64
	By    string
}

// SoldOut lists what is sold out by hand at a store, by name.
func (d *DB) SoldOut(ctx context.Context, m ident.Merchant, store ident.Store) ([]SoldOutRow, error) {
	var out []SoldOutRow
	err := d.query(ctx, `SELECT l.sku_id, s.code, s.name, l.out_until, l.out_by FROM levels AS l JOIN skus AS s ON s.merchant_id = l.merchant_id AND s.id = l.sku_id
		WHERE l.merchant_id = $1 AND l.store_id = $2 AND l.out_until > 0 ORDER BY s.name, s.code`, []any{int64(m), int64(store)}, func(scan scanFunc) error {
		r := SoldOutRow{Merchant: m, StockKey: StockKey{Store: store}}
		err := scan(&r.SKU, &r.Code, &r.Name, &r.Until, &r.By)
		out = append(out, r)
		return err
	})
	return out, fault.Wrap("db.SoldOut", err)
}

// OutNoMore lists levels of all merchants whose time as sold out has passed, the first of
// them first.
func (d *DB) OutNoMore(ctx context.Context) ([]SoldOutRow, error) {
	var out []SoldOutRow
	err := d.query(ctx, `SELECT merchant_id, store_id, sku_id FROM levels WHERE out_until > 0 AND out_until <= $1 ORDER BY out_until LIMIT 200`, []any{d.now().UnixMilli()}, func(scan scanFunc) error {
		var r SoldOutRow
		err := scan(&r.Merchant, &r.Store, &r.SKU)
		out = append(out, r)
		return err
	})
	return out, fault.Wrap("db.OutNoMore", err)
}

// An OutRefusal is a dish that is sold out by hand at a store and that a channel will not set to 0.
type OutRefusal struct {
	StockKey
	Code, Name string // of the SKU
	Shop       ident.Shop
	Words      string // the platform's
	Since      int64  // when its level changed last, UTC ms
}

// OutRefused lists them, at most 200.
func (d *DB) OutRefused(ctx context.Context, sc Scope) ([]OutRefusal, error) {
	var out []OutRefusal
	args := []any{int64(sc.Merchant), d.now().UnixMilli()}
	where := ""
	if sc.Stores != nil {
		where = anyOf("l.store_id", storeNumbers(sc.Stores), &args)
	}
	err := d.query(ctx, `SELECT l.store_id, l.sku_id, s.code, s.name, o.shop_id, o.words, l.changed_at FROM levels AS l
		JOIN skus AS s ON s.merchant_id = l.merchant_id AND s.id = l.sku_id
		JOIN offers AS o ON o.merchant_id = l.merchant_id AND o.store_id = l.store_id AND o.sku_id = l.sku_id
		WHERE l.merchant_id = $1 AND l.out_until > $2 AND o.fails > 0 AND o.known = 1`+where+` ORDER BY l.store_id, l.sku_id, o.shop_id LIMIT 200`, args, func(scan scanFunc) error {
		var r OutRefusal
		err := scan(&r.Store, &r.SKU, &r.Code, &r.Name, &r.Shop, &r.Words, &r.Since)
		out = append(out, r)
		return err
	})
	return out, fault.Wrap("db.OutRefused", err)
}
