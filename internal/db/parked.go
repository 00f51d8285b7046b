package db

import (
	"context"

	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/ident"
)

// The states of a parked message.
const (
	ParkedState = "parked"  // waits for a person or a newer version of Tongdan
	Retried     = "retried" // was read after all
	Dropped     = "dropped" // a person gave it up
)

// A ParkedFilter selects parked messages.
type ParkedFilter struct {
	State  string // "" = all
	Cursor string
	Limit  int // 0 = 50, at most 200
}

const parkedColumns = `merchant_id, id, at, app_id, account_id, channel, what, reason, why, state, attempts, size, entry_id, retry`

func scanParked(scan scanFunc) (p ParkedRow, err error) {
	var words, why string
	err = scan(&p.Merchant, &p.ID, &p.At, &p.App, &p.Account, &p.Channel, &p.What, &words, &why, &p.State, &p.Attempts, &p.Size, &p.Entry, (*[]byte)(&p.Retry))
	p.Why = readReason(words, why)
	return p, err
}

// Parked lists parked messages, newest first. They belong to no store: a scope of
// stores sees none.
func (d *DB) Parked(ctx context.Context, sc Scope, f ParkedFilter) (rows []ParkedRow, next string, err error) {
	const op = "db.Parked"
	if sc.Stores != nil {
		return nil, "", nil
	}
	limit := pageSize(f.Limit)
	before, err := idCursor(f.Cursor)
	if err != nil {
		return nil, "", fault.Wrap(op, err)
	}
	err = d.query(ctx, `SELECT `+parkedColumns+` FROM parked WHERE merchant_id = $1 AND ($2 = '' OR state = $2) AND id < $3 ORDER BY id DESC LIMIT $4`,
		[]any{int64(sc.Merchant), f.State, before, int64(limit + 1)}, func(scan scanFunc) error {
			p, err := scanParked(scan)
			rows = append(rows, p)
			return err
		})
	if len(rows) > limit {
		rows = rows[:limit]
		next = idCursorText(int64(rows[limit-1].ID))
	}
	return rows, next, fault.Wrap(op, err)
}

// ParkedByID gives one parked message; fault.NotFound when there is none in the scope.
func (d *DB) ParkedByID(ctx context.Context, sc Scope, id ident.Parked) (p ParkedRow, err error) {
	const op = "db.ParkedByID"
	found := false
	if sc.Stores == nil {
		err = d.query(ctx, `SELECT `+parkedColumns+` FROM parked WHERE merchant_id = $1 AND id = $2`, []any{int64(sc.Merchant), int64(id)}, func(scan scanFunc) (err error) {
			found = true
			p, err = scanParked(scan)
			return err
		})
	}
	if err == nil && !found {
		err = fault.Say(op, fault.NotFound, "no_message", "there is no such message")
	}
	return p, fault.Wrap(op, err)
}

// ParkedBytes gives the bytes of a parked message, opened.
func (d *DB) ParkedBytes(ctx context.Context, sc Scope, id ident.Parked) ([]byte, error) {
	const op = "db.ParkedBytes"
	p, err := d.ParkedByID(ctx, sc, id)
	if err != nil {
		return nil, fault.Wrap(op, err)
	}
	e, err := d.entry(ctx, sc.Merchant, p.Entry)
	return e.Body, fault.Wrap(op, err)
}

// refusedSample is how much is kept of a callback that could not be verified, and
// refusedKept how many of an application and hour.
const (
	refusedSample = 4 << 10
	refusedKept   = 8
)

// Refused notes a callback that could not be verified or was too large: of the first few of an
// application and hour the first 4 KB are kept, the rest is counted.
func (d *DB) Refused(ctx context.Context, app ident.App, first []byte) error {
	const op = "db.Refused"
	row, ok := d.AppByID(app)
	if !ok {
		return fault.Say(op, fault.NotFound, "no_app", "there is no such app")
	}
	mk, err := d.keys.merchant(row.Merchant)
	if err != nil {
		return fault.Wrap(op, err)
	}
	hour := d.now().Unix() / 3600
	sample := mk.aead.Seal(nil, nil, d.zip.zip(first[:min(len(first), refusedSample)]), []byte("refused "+app.String()))
	j := &job{size: 1 << 10, done: make(chan struct{}), raw: func(ctx context.Context, c conn) error {
		var n int64
		_, err := one(ctx, c, `INSERT INTO refused (app_id, hour, n) VALUES ($1, $2, 1)
			ON CONFLICT (app_id, hour) DO UPDATE SET n = refused.n + 1 RETURNING n`, []any{int64(app), hour}, &n)
		if err != nil || n > refusedKept {
			return err
		}
		return exec(ctx, c, `INSERT INTO refused_samples (app_id, hour, n, sample) VALUES ($1, $2, $3, $4)`, int64(app), hour, n, sample)
	}}
	_, err = d.wait(ctx, op, Background, j)
	return err
}

// RefusedCount is how many callbacks of an application were refused since a moment, by
// whole hours.
func (d *DB) RefusedCount(ctx context.Context, app ident.App, sinceMS int64) (n int64, err error) {
	_, err = d.one(ctx, `SELECT COALESCE(SUM(n), 0) FROM refused WHERE app_id = $1 AND hour >= $2`, []any{int64(app), sinceMS / 3_600_000}, &n)
	return n, fault.Wrap("db.RefusedCount", err)
}
