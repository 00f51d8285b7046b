package db

import (
	"context"
	"math"

	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/ident"
)

// ByCode is the method of a hand-over's line in the journal when the customer's code was
// scanned, or its whole number typed.
const ByCode = "CODE"

// A Handover is a press by which an order went to the customer who came for it.
type Handover struct {
	EntryRead
	Summary []byte // of the order
}

// A HandoverFilter selects the hand-overs of one store in a span of the trade's clock, [From, To).
type HandoverFilter struct {
	Store    ident.Store
	From, To int64
	NoCode   bool   // those without a code alone
	Cursor   string // of the page before
	Limit    int    // 0 = 50, at most 200
}

// handovers walks along the index of that name. An order that is open still was not handed over:
// what was pressed is under way, or was refused.
const handovers = ` FROM journal AS j JOIN orders AS o ON o.merchant_id = j.merchant_id AND o.id = j.order_id
	WHERE j.merchant_id = $1 AND j.direction = 'act' AND j.what = 'dispatch' AND j.at >= $2 AND j.at < $3
	AND o.store_id = $4 AND o.kind = 'takeaway' AND o.logistics IN ('pickup', 'none') AND o.status IN ('delivered', 'done', 'cancelled', 'replaced')`

const handoverPage = `SELECT ` + entryColumns + `, o.summary` + handovers + ` AND (j.at < $5 OR j.at = $5 AND j.id < $6) AND ($7 = 0 OR j.method <> '` + ByCode + `')
	ORDER BY j.at DESC, j.id DESC LIMIT $8`

// Handovers lists what was handed over at a store, the last first, opened. A store that is not in
// the scope has none.
func (d *DB) Handovers(ctx context.Context, sc Scope, f HandoverFilter) (list []Handover, next string, err error) {
	const op = "db.Handovers"
	if !sc.Sees(f.Store) {
		return nil, "", nil
	}
	from, err := placeOfCursor(f.Cursor, place{math.MaxInt64, math.MaxInt64})
	if err != nil {
		return nil, "", fault.Wrap(op, err)
	}
	limit, noCode := pageSize(f.Limit), 0
	if f.NoCode {
		noCode = 1
	}
	var sealed []sealedEntry
	var summaries [][]byte
	err = d.query(ctx, handoverPage, []any{int64(sc.Merchant), f.From, f.To, int64(f.Store), from.at, from.id, int64(noCode), int64(limit + 1)}, func(scan scanFunc) error {
		var summary []byte
		e, err := scanEntry(func(dest ...any) error { return scan(append(dest, &summary)...) })
		sealed, summaries = append(sealed, e), append(summaries, summary)
		return err
	})
	if err != nil {
		return nil, "", fault.Wrap(op, err)
	}
	if len(sealed) > limit {
		sealed = sealed[:limit]
		last := sealed[limit-1]
		next = place{last.At.UnixMilli(), int64(last.ID)}.text()
	}
	o := d.opener(sc.Merchant)
	for i, e := range sealed {
		if err := o.open(ctx, &e); err != nil {
			return nil, "", fault.Wrap(op, err)
		}
		list = append(list, Handover{e.EntryRead, summaries[i]})
	}
	return list, next, nil
}

// CountHandovers counts the orders that were handed over at a store in a span, and those of them
// without a code.
func (d *DB) CountHandovers(ctx context.Context, sc Scope, f HandoverFilter) (all, noCode int, err error) {
	if !sc.Sees(f.Store) {
		return 0, 0, nil
	}
	_, err = d.one(ctx, `SELECT count(DISTINCT j.order_id), count(DISTINCT CASE WHEN j.method <> '`+ByCode+`' THEN j.order_id END)`+handovers,
		[]any{int64(sc.Merchant), f.From, f.To, int64(f.Store)}, &all, &noCode)
	return all, noCode, fault.Wrap("db.CountHandovers", err)
}
