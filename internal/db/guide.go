package db

import (
	"context"

	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/ident"
)

// AnyOrder gives one order of a shop; 0 when it has none.
func (d *DB) AnyOrder(ctx context.Context, m ident.Merchant, shop ident.Shop) (id ident.Order, err error) {
	_, err = d.one(ctx, `SELECT id FROM orders WHERE merchant_id = $1 AND shop_id = $2 ORDER BY status, sort_at, id LIMIT 1`, []any{int64(m), int64(shop)}, &id)
	return id, fault.Wrap("db.AnyOrder", err)
}

// offerCounts goes shop by shop: of all accounts a chain has offers by the ten thousand.
const offerCounts = `SELECT shop_id, COUNT(*) FROM offers WHERE merchant_id = $1 AND shop_id IN (SELECT id FROM shops WHERE merchant_id = $1 AND account_id = $2) GROUP BY shop_id`

// OfferCounts counts the offers of an account by shop; a shop without any is left out.
func (d *DB) OfferCounts(ctx context.Context, m ident.Merchant, a ident.Account) (map[ident.Shop]int, error) {
	out := map[ident.Shop]int{}
	err := d.query(ctx, offerCounts, []any{int64(m), int64(a)}, func(scan scanFunc) error {
		var s ident.Shop
		var n int64
		err := scan(&s, &n)
		out[s] = int(n)
		return err
	})
	return out, fault.Wrap("db.OfferCounts", err)
}
