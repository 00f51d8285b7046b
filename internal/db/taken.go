package db

import (
	"context"
	"time"

	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/ident"
)

// A Taken is who has taken something that waits for somebody, and when.
type Taken struct {
	By string // usr_…, key_…
	At int64  // UTC ms of the wall
}

const takenFor = 3 * 24 * time.Hour // a line is kept at least as long

// Take notes who has taken what waits under a key; by "" gives it back. It is told in the
// feed as a change of the order that it is about, or of kind KindMessage when it is about
// none, so that everybody who may see it does.
func (d *DB) Take(ctx context.Context, m ident.Merchant, key, by string, about ident.Order) error {
	const op = "db.Take"
	now := d.now()
	var r Receipt
	err := d.write(ctx, op, func(ctx context.Context, c conn) error {
		if err := exec(ctx, c, `DELETE FROM taken WHERE at < $1`, now.Add(-takenFor).UnixMilli()); err != nil {
			return err
		}
		text, args := `INSERT INTO taken (merchant_id, key, taken_by, at) VALUES ($1, $2, $3, $4)
			ON CONFLICT (merchant_id, key) DO UPDATE SET taken_by = excluded.taken_by, at = excluded.at`, []any{int64(m), key, by, now.UnixMilli()}
		if by == "" {
			text, args = `DELETE FROM taken WHERE merchant_id = $1 AND key = $2`, []any{int64(m), key}
		}
		if err := exec(ctx, c, text, args...); err != nil {
			return err
		}
		var store int64
		kind, id := KindMessage, key
		if about != 0 {
			if _, err := one(ctx, c, `SELECT store_id FROM orders WHERE merchant_id = $1 AND id = $2`, []any{int64(m), int64(about)}, &store); err != nil {
				return err
			}
			kind, id = KindOrder, about.String()
		}
		var err error
		r, err = d.addChangeAt(ctx, c, m, kind, id, ident.Store(store))
		return err
	})
	if err == nil {
		d.bell.ring(m, r)
	}
	return fault.Wrap(op, err)
}

// TakenOf lists what has been taken, by key.
func (d *DB) TakenOf(ctx context.Context, m ident.Merchant) (map[string]Taken, error) {
	out := map[string]Taken{}
	err := d.query(ctx, `SELECT key, taken_by, at FROM taken WHERE merchant_id = $1`, []any{int64(m)}, func(scan scanFunc) error {
		var key string
		var t Taken
		err := scan(&key, &t.By, &t.At)
		out[key] = t
		return err
	})
	return out, fault.Wrap("db.TakenOf", err)
}
