package db

import (
	"context"
	"database/sql"
	"sync"

	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/ident"
)

// A Listed order is what a list shows of one.
type Listed struct {
	Merchant ident.Merchant
	ID       ident.Order
	Shop     ident.Shop // 0 = not yet known, or not bound
	Store    ident.Store
	Changed  int64  // UTC ms
	Seq      int64  // of the last change
	Summary  []byte // hub.Summary, as it was stored
}

// Listed is what a list shows of the row.
func (r *OrderRow) Listed() Listed {
	return Listed{r.Merchant, r.ID, r.Shop, r.Store, r.Changed, r.Seq, r.Summary}
}

// List is Orders for whoever only shows them: it reads no more than that, and calls show
// for each order of the page, in the page's order. What show is given belongs to List
// again when it returns. On an error some of the page may have been shown.
//
// A row costs as many calls of the driver as it has columns, and a page has fifty rows:
// this is half of what a page costs.
func (d *DB) List(ctx context.Context, sc Scope, f Filter, show func(*Listed)) (next string, err error) {
	const op = "db.List"
	places, next, err := d.page(ctx, sc, f)
	if err != nil || len(places) == 0 {
		return next, fault.Wrap(op, err)
	}
	s := sheets.Get().(*sheet)
	defer sheets.Put(s)
	s.clear()
	ids := make([]int64, len(places))
	for i, p := range places {
		ids[i] = p.id
	}
	args := append(make([]any, 0, 1+2*len(ids)), int64(sc.Merchant))
	text := `SELECT id, shop_id, store_id, changed_at, seq, summary FROM orders WHERE ` + d.eng.aside + `merchant_id = $1` + anyOf("id", ids, &args)
	err = d.query(d.brief(ctx), text, args, func(scan scanFunc) error {
		r := Listed{Merchant: sc.Merchant}
		if err := scan(&r.ID, &r.Shop, &r.Store, &r.Changed, &r.Seq, &s.raw); err != nil {
			return err
		}
		s.add(r)
		return nil
	})
	if err != nil {
		return "", fault.Wrap(op, err)
	}
	for _, id := range ids {
		if i, ok := s.at[id]; ok {
			show(&s.rows[i])
		}
	}
	return next, nil
}

// A sheet holds the rows of a page until they are in order.
type sheet struct {
	rows  []Listed
	at    map[int64]int // id → index in rows
	raw   sql.RawBytes  // the driver's: gone with the next row
	bytes []byte        // all summaries
}

var sheets = sync.Pool{New: func() any { return &sheet{at: map[int64]int{}} }}

func (s *sheet) clear() {
	s.rows, s.bytes = s.rows[:0], s.bytes[:0]
	clear(s.at)
}

func (s *sheet) add(r Listed) {
	from := len(s.bytes)
	s.bytes = append(s.bytes, s.raw...) // rows before keep the older array when this one moves
	r.Summary = s.bytes[from:len(s.bytes):len(s.bytes)]
	s.at[int64(r.ID)] = len(s.rows)
	s.rows = append(s.rows, r)
}
