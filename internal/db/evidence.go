package db

import (
	"context"
	"crypto/sha256"
	"time"

	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/ident"
)

// An EvidenceRow is a picture that somebody took of an order's spoilt or missing food.
type EvidenceRow struct {
	ID      ident.Picture
	Case    string // of the after-sale, as the platform names it; "" = of no one case
	Type    string // image/jpeg or image/png
	By      string
	ByName  string
	At      int64  // UTC ms of the trade's clock
	Picture []byte // nil in lists
}

// PutEvidence keeps a picture; the same one of the same order is kept once. It fails with
// fault.Conflict when the order has as many as it may.
func (d *DB) PutEvidence(ctx context.Context, m ident.Merchant, o ident.Order, e EvidenceRow, most int) error {
	const op = "db.PutEvidence"
	sum := sha256.Sum256(e.Picture)
	return d.write(ctx, op, func(ctx context.Context, c conn) error {
		var n, same int64
		if _, err := one(ctx, c, `SELECT COUNT(*), COALESCE(SUM(CASE WHEN hash = $3 THEN 1 ELSE 0 END), 0) FROM evidence WHERE merchant_id = $1 AND order_id = $2`,
			[]any{int64(m), int64(o), sum[:]}, &n, &same); err != nil {
			return err
		}
		switch {
		case same > 0:
			return nil
		case n >= int64(most):
			return fault.Say(op, fault.Conflict, "evidence_many", "this order has as many pictures as it may: remove one first")
		}
		return exec(ctx, c, `INSERT INTO evidence (merchant_id, order_id, id, case_key, type, hash, by_id, by_name, at, picture) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
			ON CONFLICT (merchant_id, order_id, hash) DO NOTHING`,
			int64(m), int64(o), ident.New(time.Now()), clean(e.Case, 200), e.Type, sum[:], e.By, clean(e.ByName, 200), e.At, e.Picture)
	})
}

// Evidence lists an order's pictures without their bytes, the oldest first.
func (d *DB) Evidence(ctx context.Context, m ident.Merchant, o ident.Order) ([]EvidenceRow, error) {
	var out []EvidenceRow
	err := d.query(ctx, `SELECT id, case_key, type, by_id, by_name, at FROM evidence WHERE merchant_id = $1 AND order_id = $2 ORDER BY id`, []any{int64(m), int64(o)}, func(scan scanFunc) error {
		var e EvidenceRow
		err := scan(&e.ID, &e.Case, &e.Type, &e.By, &e.ByName, &e.At)
		out = append(out, e)
		return err
	})
	return out, fault.Wrap("db.Evidence", err)
}

// Picture gives one whole; fault.NotFound when there is none.
func (d *DB) Picture(ctx context.Context, m ident.Merchant, o ident.Order, id ident.Picture) (e EvidenceRow, err error) {
	const op = "db.Picture"
	found := false
	err = d.query(ctx, `SELECT id, case_key, type, by_id, by_name, at, picture FROM evidence WHERE merchant_id = $1 AND order_id = $2 AND id = $3`, []any{int64(m), int64(o), int64(id)}, func(scan scanFunc) error {
		found = true
		return scan(&e.ID, &e.Case, &e.Type, &e.By, &e.ByName, &e.At, &e.Picture)
	})
	if err == nil && !found {
		err = fault.Say(op, fault.NotFound, "not_found", "there is no such thing")
	}
	return e, fault.Wrap(op, err)
}

// DropPicture removes one.
func (d *DB) DropPicture(ctx context.Context, m ident.Merchant, o ident.Order, id ident.Picture) error {
	return d.write(ctx, "db.DropPicture", func(ctx context.Context, c conn) error {
		return exec(ctx, c, `DELETE FROM evidence WHERE merchant_id = $1 AND order_id = $2 AND id = $3`, int64(m), int64(o), int64(id))
	})
}
