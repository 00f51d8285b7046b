package db

import (
	"context"
	"slices"

	"github.com/tongdan/tongdan/effect"
	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/ident"
)

// A KitchenRow says how many orders a store's kitchen can make in a slot of time.
type KitchenRow struct {
	Store   ident.Store
	Minutes int // of a slot; it divides an hour
	Orders  int // 0 = nobody has said
}

// usualSlot is how long a slot is where nobody has said.
const usualSlot = 15

// Kitchen gives that of one store.
func (d *DB) Kitchen(ctx context.Context, m ident.Merchant, store ident.Store) (KitchenRow, error) {
	out := KitchenRow{Store: store, Minutes: usualSlot}
	list, err := d.Kitchens(ctx, m)
	for _, k := range list {
		if k.Store == store {
			out = k
		}
	}
	return out, err
}

// Kitchens lists those of a merchant's stores of which somebody has said it.
func (d *DB) Kitchens(ctx context.Context, m ident.Merchant) ([]KitchenRow, error) {
	var out []KitchenRow
	err := d.query(ctx, `SELECT store_id, slot_minutes, slot_orders FROM kitchens WHERE merchant_id = $1 AND slot_orders > 0 ORDER BY store_id`, []any{int64(m)}, func(scan scanFunc) error {
		var k KitchenRow
		err := scan(&k.Store, &k.Minutes, &k.Orders)
		out = append(out, k)
		return err
	})
	return out, fault.Wrap("db.Kitchens", err)
}

// PutKitchen keeps how many orders a kitchen can make, with the lines of the journal that tell
// of it.
func (d *DB) PutKitchen(ctx context.Context, m ident.Merchant, store ident.Store, k KitchenRow, tells ...Tell[KitchenRow]) error {
	return d.write(ctx, "db.PutKitchen", func(ctx context.Context, c conn) error {
		was, err := rowOf(ctx, d, c, `SELECT store_id, slot_minutes, slot_orders FROM kitchens WHERE merchant_id = $1 AND store_id = $2`, []any{int64(m), int64(store)}, func(scan scanFunc) (k KitchenRow, err error) {
			err = scan(&k.Store, &k.Minutes, &k.Orders)
			return k, err
		})
		if err == nil {
			err = tell(ctx, d, c, m, was, &k, tells)
		}
		if err != nil {
			return err
		}
		return exec(ctx, c, `INSERT INTO kitchens (merchant_id, store_id, slot_minutes, slot_orders) VALUES ($1, $2, $3, $4)
			ON CONFLICT (merchant_id, store_id) DO UPDATE SET slot_minutes = excluded.slot_minutes, slot_orders = excluded.slot_orders`,
			int64(m), int64(store), k.Minutes, k.Orders)
	})
}

// EffectsByKey lists effects by their keys; of those with the same key the newest comes first.
func (d *DB) EffectsByKey(ctx context.Context, m ident.Merchant, keys []string) ([]effect.Effect, error) {
	var out []effect.Effect
	for some := range slices.Chunk(keys, maxEffects) {
		args := []any{int64(m)}
		in := anyOf("key", some, &args)
		if err := d.query(ctx, `SELECT `+effectColumns+` FROM effects WHERE merchant_id = $1`+in+` ORDER BY id DESC`, args, func(scan scanFunc) error {
			e, err := scanEffect(scan)
			out = append(out, e)
			return err
		}); err != nil {
			return nil, fault.Wrap("db.EffectsByKey", err)
		}
	}
	return out, nil
}
