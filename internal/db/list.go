package db

import (
	"cmp"
	"context"
	"database/sql"
	"math"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

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
	defer d.turns.take()()
	s := sheets.Get().(*sheet)
	defer sheets.Put(s)
	s.rows, s.bytes = s.rows[:0], s.bytes[:0]
	if next, err = d.lay(ctx, s, sc, f); err != nil {
		return "", fault.Wrap(op, err)
	}
	for i := range s.rows {
		show(&s.rows[i].Listed)
	}
	return next, nil
}

// lay reads a page: in one statement, but for searches that have to be sifted and the end
// of a list by deadline.
func (d *DB) lay(ctx context.Context, s *sheet, sc Scope, f Filter) (next string, err error) {
	limit := pageSize(f.Limit)
	from, err := placeOfCursor(f.Cursor, f.start())
	if err != nil {
		return "", err
	}
	search := strings.TrimSpace(f.Query) != ""
	var w walk
	switch {
	case search:
		what, err := d.seek(ctx, sc, &f, from)
		if err != nil {
			return "", err
		}
		if w = what.along(sc, &f, limit+1, listColumns); w.text == "" {
			places, next, err := d.find(ctx, sc, f, what, limit)
			if err == nil {
				err = d.layAt(ctx, s, sc.Merchant, places)
			}
			return next, err
		}
	case f.Sort == SortDue && from.at < 0:
		places, next, err := d.page(ctx, sc, f)
		if err == nil {
			err = d.layAt(ctx, s, sc.Merchant, places)
		}
		return next, err
	default:
		if w = f.walk(sc, from, limit+1, listColumns); w.text == "" {
			return "", nil
		}
	}
	if err := d.query(ctx, w.text, w.args, func(scan scanFunc) error { return s.scan(scan, sc.Merchant) }); err != nil {
		return "", err
	}
	if w.jumbled {
		slices.SortFunc(s.rows, func(a, b laid) int { return cmp.Or(cmp.Compare(b.at, a.at), cmp.Compare(b.ID, a.ID)) })
	}
	if f.Sort == SortDue && !search && len(s.rows) <= limit { // then those without a deadline
		places, err := d.undue(ctx, sc, f, place{math.MaxInt64, math.MaxInt64}, limit+1-len(s.rows))
		if err == nil {
			err = d.layAt(ctx, s, sc.Merchant, places)
		}
		if err != nil {
			return "", err
		}
	}
	if len(s.rows) > limit {
		s.rows = s.rows[:limit]
		last := &s.rows[limit-1]
		next = place{last.at, int64(last.ID)}.text()
	}
	return next, nil
}

// layAt reads the rows at places, in their order.
func (d *DB) layAt(ctx context.Context, s *sheet, m ident.Merchant, places []place) error {
	if len(places) == 0 {
		return nil
	}
	ids := make([]int64, len(places))
	for i, p := range places {
		ids[i] = p.id
	}
	args := append(make([]any, 0, 1+2*len(ids)), int64(m))
	text := `SELECT sort_at, id` + listColumns + ` FROM orders WHERE ` + d.eng.aside + `merchant_id = $1` + anyOf("id", ids, &args)
	from := len(s.rows)
	if err := d.query(d.brief(ctx), text, args, func(scan scanFunc) error { return s.scan(scan, m) }); err != nil {
		return err
	}
	nth := make(map[ident.Order]int, len(places))
	for i, p := range places {
		nth[ident.Order(p.id)] = i
	}
	added := s.rows[from:]
	slices.SortFunc(added, func(a, b laid) int { return cmp.Compare(nth[a.ID], nth[b.ID]) })
	for i := range added {
		added[i].at = places[nth[added[i].ID]].at
	}
	return nil
}

// turns let as many pages be read at once as there is something to gain by it; the rest
// wait in a line. Without that each of many readers has a connection and a share of the
// processors that wakes up when it likes: the slowest page takes five times as long as most.
// Who has waited turnTime goes on all the same: a few long searches hold up nobody.
type turns chan struct{}

const turnTime = 20 * time.Millisecond

func newTurns() turns { return make(turns, 2*runtime.GOMAXPROCS(0)) }

// take waits for a turn and gives what ends it.
func (t turns) take() (done func()) {
	select {
	case t <- struct{}{}:
		return func() { <-t }
	default:
	}
	late := time.NewTimer(turnTime)
	defer late.Stop()
	select {
	case t <- struct{}{}:
		return func() { <-t }
	case <-late.C:
		return func() {}
	}
}

// A sheet holds the rows of a page.
type sheet struct {
	rows  []laid
	raw   sql.RawBytes // the driver's: gone with the next row
	bytes []byte       // all summaries
}

// A laid row, and the value that the list is sorted by.
type laid struct {
	Listed
	at int64
}

var sheets = sync.Pool{New: func() any { return new(sheet) }}

const listColumns = `, shop_id, store_id, changed_at, seq, summary` // after the place

func (s *sheet) scan(scan scanFunc, m ident.Merchant) error {
	r := laid{Listed: Listed{Merchant: m}}
	if err := scan(&r.at, &r.ID, &r.Shop, &r.Store, &r.Changed, &r.Seq, &s.raw); err != nil {
		return err
	}
	from := len(s.bytes)
	s.bytes = append(s.bytes, s.raw...) // rows before keep the older array when this one moves
	r.Summary = s.bytes[from:len(s.bytes):len(s.bytes)]
	s.rows = append(s.rows, r)
	return nil
}
