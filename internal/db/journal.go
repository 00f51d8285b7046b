package db

import (
	"context"
	"crypto/hmac"
	"time"

	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/ident"
	"github.com/tongdan/tongdan/order"
)

// maxBody is the size of a body that the journal takes: what a platform or a person can
// send is bounded before, by the same limit.
const maxBody = 16 << 20

// bodyKey tells a body by where it lies in memory, so that what Do has compressed is
// found when Decide hands the same bytes to the journal.
type bodyKey struct {
	first *byte
	size  int
}

func keyOf(b []byte) bodyKey {
	if len(b) == 0 {
		return bodyKey{}
	}
	return bodyKey{&b[0], len(b)}
}

// packed is a body as it goes into the journal, but for its seal.
type packed struct {
	zip []byte
	sum []byte // keyed hash of the plain body
}

// pack compresses the bodies that a verb will journal, in the caller's goroutine.
func (d *DB) pack(j *job) error {
	if len(j.verb.Bodies) == 0 {
		return nil
	}
	mk, err := d.keys.merchant(j.verb.Merchant)
	if err != nil {
		return err
	}
	j.packed = make(map[bodyKey]packed, len(j.verb.Bodies))
	for _, b := range j.verb.Bodies {
		if len(b) == 0 {
			continue
		}
		if len(b) > maxBody {
			return fault.New("db.Do", fault.TooLarge, "a body has more than 16 MiB")
		}
		j.packed[keyOf(b)] = packed{zip: d.zip.zip(b), sum: mk.sum(b)}
	}
	return nil
}

// entryState is an entry on its way into the journal.
type entryState struct {
	m      ident.Merchant
	e      Entry
	body   packed
	answer []byte // compressed
}

// Journal writes a line. The bytes of Body and Answer must not be changed before the
// verb is done.
func (t *Tx) Journal(e Entry) ident.Entry {
	if e.ID == 0 {
		e.ID = ident.Entry(t.d.entryID(t.now))
	}
	if e.At.IsZero() {
		e.At = t.now
	}
	if len(e.Body) > maxBody || len(e.Answer) > maxBody {
		t.fail(fault.New("db.Journal", fault.TooLarge, "a body has more than 16 MiB"))
		return e.ID
	}
	if e.Order != 0 && !t.new[int64(e.Order)] {
		if _, ok := find(t.l, inOrders, orderKey{t.m, e.Order}); !ok {
			put(&t.need.orders, orderKey{t.m, e.Order}, true)
			return e.ID
		}
	}
	s := &entryState{m: t.m, e: e}
	if len(e.Body) > 0 {
		p, err := t.packed(e.Body, !e.Known)
		if err != nil {
			t.fail(err)
			return e.ID
		}
		if s.body = p; e.Known {
			s.body.zip = nil
		}
	}
	if len(e.Answer) > 0 {
		if s.answer = t.j.packed[keyOf(e.Answer)].zip; s.answer == nil {
			s.answer = t.d.zip.zip(e.Answer)
		}
	}
	if e.Direction == Pulled && len(e.Body) > 0 && e.Ref != (order.Ref{}) && !e.Known && t.known(e.Ref, true) {
		r, _ := find(t.l, inRecords, t.key(e.Ref))
		next := *r
		next.seen = s.body.sum
		put(&t.l.records, t.key(e.Ref), &next)
	}
	t.l.entries = append(t.l.entries, s)
	return e.ID
}

// addEntries writes lines into the journal within a transaction that is no verb's: of no
// order, with few bytes.
func (d *DB) addEntries(ctx context.Context, c conn, m ident.Merchant, list []Entry) error {
	if len(list) == 0 {
		return nil
	}
	b := newBatch(d, c)
	t := &Tx{d: d, m: m, now: b.now, l: &layer{below: b.base}, j: new(job), drawn: b.drawn}
	for _, e := range list {
		t.Journal(e)
	}
	if t.err != nil {
		return t.err
	}
	b.made.entries = t.l.entries
	rows, err := b.saveJournal(ctx)()
	if err != nil {
		return err
	}
	return c.run(ctx, rows...)
}

// addEntriesOf is addEntries for lines that tell of a row as it is written: with its id.
func addEntriesOf[R any](ctx context.Context, d *DB, c conn, m ident.Merchant, row R, lines []func(R) Entry) error {
	list := make([]Entry, len(lines))
	for i, line := range lines {
		list[i] = line(row)
	}
	return d.addEntries(ctx, c, m, list)
}

// A Tell makes the line of the journal that tells of a change of a row, from what it was to
// what it is: was is nil of a new row, is of one that is taken away. It gives false where
// there is nothing to tell. Both are as they stand in the transaction that writes the line.
type Tell[R any] = func(was, is *R) (Entry, bool)

// tell writes the lines of a change within its transaction.
func tell[R any](ctx context.Context, d *DB, c conn, m ident.Merchant, was, is *R, tells []Tell[R]) error {
	var list []Entry
	for _, f := range tells {
		if e, ok := f(was, is); ok {
			list = append(list, e)
		}
	}
	return d.addEntries(ctx, c, m, list)
}

// rowOf reads one row of whatever table within a transaction, so that nobody changes it
// before the transaction ends; nil when there is none.
func rowOf[R any](ctx context.Context, d *DB, c conn, text string, args []any, scan func(scanFunc) (R, error)) (row *R, err error) {
	err = c.run(ctx, &stmt{text: text + d.eng.lock, args: args, each: func(s scanFunc) error {
		r, err := scan(s)
		row = &r
		return err
	}})
	return row, err
}

// replacing is rowOf where something is asked to tell of it: a change of which nobody tells
// need not read what was before.
func replacing[R any](ctx context.Context, d *DB, c conn, tells []Tell[R], table, columns string, m ident.Merchant, id int64, scan func(scanFunc) (R, error)) (*R, error) {
	if len(tells) == 0 {
		return nil, nil
	}
	return rowOf(ctx, d, c, `SELECT `+columns+` FROM `+table+` WHERE merchant_id = $1 AND id = $2`, []any{int64(m), id}, scan)
}

// packed gives the keyed hash of a body and, where the bytes will be kept, their zip.
func (t *Tx) packed(body []byte, keep bool) (packed, error) {
	k := keyOf(body)
	p, ok := t.j.packed[k]
	if ok && (p.zip != nil || !keep) {
		return p, nil
	}
	if !ok {
		mk, err := t.d.keys.merchant(t.m)
		if err != nil {
			return packed{}, err
		}
		p.sum = mk.sum(body)
	}
	if keep {
		p.zip = t.d.zip.zip(body)
	}
	put(&t.j.packed, k, p)
	return p, nil
}

// Seen reports whether a body is the same as at the last read of a resource that was
// journalled: then journal it with Known, and nothing else has to be done.
func (t *Tx) Seen(ref order.Ref, body []byte) bool {
	if !t.known(ref, true) {
		return false
	}
	s, _ := find(t.l, inRecords, t.key(ref))
	if s == nil || s.seen == nil {
		return false
	}
	p, err := t.packed(body, false)
	if err != nil {
		t.fail(err)
		return false
	}
	return hmac.Equal(s.seen, p.sum)
}

// The seals are bound to what they are for.
func orderUse(id ident.Order) string { return "order " + id.String() }
func bodyUse(id ident.Entry) string  { return "body " + id.String() }
func replyUse(id ident.Entry) string { return "answer " + id.String() }
func dayUse(day int64) string        { return "day " + time.Unix(day*86400, 0).UTC().Format(time.DateOnly) }

func dayOf(t time.Time) int64 { return t.Unix() / 86400 }
