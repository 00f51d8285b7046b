package db

import (
	"context"
	"encoding/json"

	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/ident"
)

// A BatchRow is one act on many orders.
type BatchRow struct {
	Merchant ident.Merchant
	ID       ident.Batch
	Kind     string
	Args     json.RawMessage
	By       string
	Made     int64
	Total    int
}

// A BatchItem is how one order of a batch is doing.
type BatchItem struct {
	Batch  ident.Batch
	Order  ident.Order
	N      int    // its place in the request
	State  string // waiting, done, failed, or the state of its effect
	Effect ident.Effect
	Code   fault.Code
	Why    fault.Reason
}

// Batch reads a batch and its items, in the order of the request.
func (d *DB) Batch(ctx context.Context, sc Scope, id ident.Batch) (BatchRow, []BatchItem, error) {
	const op = "db.Batch"
	b := BatchRow{Merchant: sc.Merchant, ID: id}
	found, err := d.one(ctx, `SELECT kind, args, made_by, made_at, total FROM batches WHERE merchant_id = $1 AND id = $2`, []any{int64(sc.Merchant), int64(id)},
		&b.Kind, (*[]byte)(&b.Args), &b.By, &b.Made, &b.Total)
	if err == nil && !found {
		err = fault.New(op, fault.NotFound, "no such batch")
	}
	if err != nil {
		return b, nil, fault.Wrap(op, err)
	}
	where, args := sc.where("o.store_id", []any{int64(sc.Merchant), int64(id)})
	var items []BatchItem
	err = d.query(ctx, `SELECT i.order_id, i.n, i.state, i.effect_id, i.code, i.words, i.why, COALESCE(e.state, ''), COALESCE(e.words, ''), COALESCE(e.why, ''), COALESCE(e.code, '')
		FROM batch_items AS i JOIN orders AS o ON o.merchant_id = i.merchant_id AND o.id = i.order_id
		LEFT JOIN effects AS e ON e.merchant_id = i.merchant_id AND e.id = i.effect_id
		WHERE i.merchant_id = $1 AND i.batch_id = $2`+where+` ORDER BY i.n`, args, func(scan scanFunc) error {
		i := BatchItem{Batch: id}
		var code, words, why, state, effectWords, effectWhy, effectCode string
		err := scan(&i.Order, &i.N, &i.State, &i.Effect, &code, &words, &why, &state, &effectWords, &effectWhy, &effectCode)
		if i.Code, i.Why = fault.Code(code), readReason(words, why); state != "" {
			i.State, i.Why, i.Code = state, readReason(effectWords, effectWhy), fault.Code(effectCode)
		}
		items = append(items, i)
		return err
	})
	return b, items, fault.Wrap(op, err)
}
