package db

import (
	"context"
	"strings"
	"time"

	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/ident"
	"github.com/tongdan/tongdan/order"
)

// An EntryRead is a line of the journal as it is read: opened.
type EntryRead struct {
	Entry
	Size       int    // of the plain body
	AnswerSize int    // of the plain answer
	Erased     bool   // the key was deleted: Body and Answer are gone for ever
	Hash       []byte // keyed, of the plain body: the same for the same bytes of one merchant
}

const entryColumns = `j.id, j.at, j.direction, j.what, j.channel, j.account_id, j.order_id, j.realm, j.kind, j.external_id, j.method, j.path, j.status, j.took_us,
	j.made_by, j.outcome, j.error, j.known, j.hash, j.size, j.answer_size, j.day, j.body, j.answer`

// headColumns are the same without the bytes.
var headColumns = strings.Replace(entryColumns, "j.body, j.answer", "NULL AS body, NULL AS answer", 1)

// sealedEntry is an entry with what is needed to open it.
type sealedEntry struct {
	EntryRead
	day          int64
	body, answer []byte
}

func scanEntry(scan scanFunc) (e sealedEntry, err error) {
	var at, took, known int64
	var direction string
	err = scan(&e.ID, &at, &direction, &e.What, &e.Channel, &e.Account, &e.Order, &e.Ref.Realm, &e.Ref.Kind, &e.Ref.ID, &e.Method, &e.Path, &e.Status, &took,
		&e.By, &e.Outcome, &e.Error, &known, &e.Hash, &e.Size, &e.AnswerSize, &e.day, &e.body, &e.answer)
	e.At, e.Direction, e.Took, e.Known = time.UnixMilli(at).UTC(), Direction(direction), time.Duration(took)*time.Microsecond, known == 1
	return e, err
}

// An opener opens entries of one list, and each key once: the lines of an order have one.
type opener struct {
	d    *DB
	m    ident.Merchant
	keys map[string]*openKey // by use; nil = it is gone
}

func (d *DB) opener(m ident.Merchant) opener { return opener{d, m, map[string]*openKey{}} }

// key finds the key of an entry; nil when it is gone.
func (o opener) key(ctx context.Context, e *sealedEntry) (*openKey, error) {
	use := orderUse(e.Order)
	if e.day != 0 {
		use = dayUse(e.day)
	}
	if key, ok := o.keys[use]; ok {
		return key, nil
	}
	mk, err := o.d.keys.merchant(o.m)
	if err != nil {
		return nil, err
	}
	var sealed []byte
	if e.day == 0 {
		_, err = o.d.one(ctx, `SELECT sealed_key FROM orders WHERE merchant_id = $1 AND id = $2`, []any{int64(o.m), int64(e.Order)}, &sealed)
	} else {
		_, err = o.d.one(ctx, `SELECT sealed_key FROM day_keys WHERE merchant_id = $1 AND day = $2`, []any{int64(o.m), e.day}, &sealed)
	}
	if err != nil {
		return nil, err
	}
	var key *openKey
	if sealed != nil {
		k, err := mk.open(sealed, use)
		if err != nil {
			return nil, err
		}
		key = &k
	}
	o.keys[use] = key
	return key, nil
}

// open opens an entry. One whose key is gone is given without its bytes.
func (o opener) open(ctx context.Context, e *sealedEntry) error {
	if e.body == nil && e.answer == nil {
		return nil
	}
	key, err := o.key(ctx, e)
	if err != nil {
		return err
	}
	if key == nil {
		e.Erased = true
		return nil
	}
	open := func(b []byte, use string) []byte {
		if b == nil || err != nil {
			return nil
		}
		var zipped, plain []byte
		if zipped, err = key.aead.Open(nil, nil, b, []byte(use)); err != nil {
			// sealed under a key that was deleted before this one was drawn
			e.Erased, err = true, nil
			return nil
		}
		plain, err = o.d.zip.unzip(zipped)
		return plain
	}
	e.Body = open(e.body, bodyUse(e.ID))
	e.Answer = open(e.answer, replyUse(e.ID))
	return err
}

func (d *DB) entry(ctx context.Context, m ident.Merchant, id ident.Entry) (EntryRead, error) {
	const op = "db.entry"
	var e sealedEntry
	found := false
	err := d.query(ctx, `SELECT `+entryColumns+` FROM journal AS j WHERE j.merchant_id = $1 AND j.id = $2`, []any{int64(m), int64(id)}, func(scan scanFunc) (err error) {
		found = true
		e, err = scanEntry(scan)
		return err
	})
	if err == nil && !found {
		err = fault.New(op, fault.NotFound, "no such entry")
	}
	if err == nil {
		err = d.opener(m).open(ctx, &e)
	}
	return e.EntryRead, fault.Wrap(op, err)
}

// JournalOf lists what was journalled of an order, oldest first, opened: its own
// entries, and those of its records that came before the order was known.
func (d *DB) JournalOf(ctx context.Context, sc Scope, id ident.Order, cursor string, limit int) (list []EntryRead, next string, err error) {
	const op = "db.JournalOf"
	row, recs, _, err := d.Order(ctx, sc, id)
	if err != nil {
		return nil, "", fault.Wrap(op, err)
	}
	sealed, next, err := d.journalOf(ctx, op, row, recs, cursor, limit, entryColumns)
	if err != nil {
		return nil, "", err
	}
	o := d.opener(sc.Merchant)
	for _, e := range sealed {
		if err := o.open(ctx, &e); err != nil {
			return nil, "", fault.Wrap(op, err)
		}
		list = append(list, e.EntryRead)
	}
	return list, next, nil
}

// HeadsOf lists the same as JournalOf, the first limit of it, without any bytes: what
// was said and done, by whom and when. The order is given as Order read it, with its records:
// whoever may see it, and whose lines are its own, was decided there.
func (d *DB) HeadsOf(ctx context.Context, row OrderRow, recs []order.Linked, limit int) (list []EntryRead, err error) {
	sealed, _, err := d.journalOf(ctx, "db.HeadsOf", row, recs, "", limit, headColumns)
	for _, e := range sealed {
		list = append(list, e.EntryRead)
	}
	return list, err
}

func (d *DB) journalOf(ctx context.Context, op string, row OrderRow, recs []order.Linked, cursor string, limit int, columns string) (sealed []sealedEntry, next string, err error) {
	after := int64(0)
	if cursor != "" {
		if after, err = idCursor(cursor); err != nil {
			return nil, "", fault.Wrap(op, err)
		}
	}
	limit = pageSize(limit)
	refs := []order.Ref{row.Ref}
	for _, l := range recs {
		if l.Ref != row.Ref {
			refs = append(refs, l.Ref)
		}
	}
	args := []any{int64(row.Merchant), int64(row.ID), after, int64(limit + 1)}
	parts := []string{`SELECT * FROM (SELECT ` + columns + ` FROM journal AS j WHERE j.merchant_id = $1 AND j.order_id = $2 AND j.order_id <> 0 AND j.id > $3 ORDER BY j.id LIMIT $4) AS a`}
	for _, ref := range refs[:min(len(refs), 50)] {
		n := len(args)
		args = append(args, ref.Realm, ref.Kind, ref.ID)
		parts = append(parts, `SELECT * FROM (SELECT `+columns+` FROM journal AS j WHERE j.merchant_id = $1 AND j.order_id = 0 AND j.external_id <> ''
			AND j.realm = `+dollar(n+1)+` AND j.kind = `+dollar(n+2)+` AND j.external_id = `+dollar(n+3)+` AND j.id > $3 ORDER BY j.id LIMIT $4) AS a`)
	}
	err = d.query(ctx, strings.Join(parts, ` UNION ALL `)+` ORDER BY id LIMIT $4`, args, func(scan scanFunc) error {
		e, err := scanEntry(scan)
		sealed = append(sealed, e)
		return err
	})
	if err != nil {
		return nil, "", fault.Wrap(op, err)
	}
	if len(sealed) > limit {
		sealed = sealed[:limit]
		next = idCursorText(int64(sealed[limit-1].ID))
	}
	return sealed, next, nil
}

// setUpLines walks along journal_setup.
const setUpLines = `SELECT ` + entryColumns + ` FROM journal AS j WHERE j.merchant_id = $1 AND j.direction = 'act' AND j.order_id = 0 AND j.id < $2`

// SetUpLines lists the lines of some words that are of no order and tell what a person did, newest
// first, opened. about is what they name as their outcome; "" = anything.
func (d *DB) SetUpLines(ctx context.Context, m ident.Merchant, words []string, about, cursor string, limit int) (list []EntryRead, next string, err error) {
	const op = "db.SetUpLines"
	before, err := idCursor(cursor)
	if err != nil {
		return nil, "", fault.Wrap(op, err)
	}
	limit = pageSize(limit)
	args := []any{int64(m), before}
	text := setUpLines + anyOf("j.what", words, &args)
	if about != "" {
		args = append(args, clean(about, 100))
		text += ` AND j.outcome = ` + dollar(len(args))
	}
	args = append(args, int64(limit+1))
	if list, err = d.lines(ctx, op, m, text+` ORDER BY j.id DESC LIMIT `+dollar(len(args)), args...); err != nil {
		return nil, "", err
	}
	if len(list) > limit {
		list = list[:limit]
		next = idCursorText(int64(list[limit-1].ID))
	}
	return list, next, nil
}

// Erase deletes the key of an order's journal: its bodies can never be read again,
// wherever they were copied to. Hashes and lines stay.
func (d *DB) Erase(ctx context.Context, m ident.Merchant, id ident.Order) error {
	const op = "db.Erase"
	return d.write(ctx, op, func(ctx context.Context, c conn) error {
		n, err := affects(ctx, c, `UPDATE orders SET sealed_key = NULL WHERE merchant_id = $1 AND id = $2`, int64(m), int64(id))
		if err == nil && n == 0 {
			return fault.New(op, fault.NotFound, "no such order")
		}
		return err
	})
}
