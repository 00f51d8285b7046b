package db

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/ident"
)

// A PostgreSQL server has a timeline: a number that goes up when a standby is promoted.
// What the old primary had and the standby did not is gone then, be it answered pushes
// or leases that were granted. So each connection that writes looks at the timeline
// before anything else, and whoever is first to find a new one, of all nodes,
//
//   - gives every feed a new epoch, so that readers do not go on in numbers that may
//     have been given twice;
//   - ends all leases and lets nobody take a lane before the longest lease that may have
//     been granted has run out, under epochs that nobody has had;
//   - notes the moment, for the hub to look everything up at the platforms: no lane is
//     given before it has seen to that (CaughtUp).

// A history is the timeline that this process knows, and the longest lease it asks for.
type history struct {
	mu       sync.Mutex
	timeline string
	ttl      time.Duration
}

const (
	longestLease = 20 * time.Second // when this process has asked for none yet
	lostGrants   = 1000             // more than the epochs that can have been granted and lost
)

// followHistory makes sure that a new connection goes to a server whose history goes on from
// what this process knows. It fails with fault.Unavailable on a standby, and on an old
// primary that came back beside its successor.
func (d *DB) followHistory(ctx context.Context, c *pgx.Conn) error {
	const op = "db.followHistory"
	d.history.mu.Lock()
	defer d.history.mu.Unlock()
	var now string
	if err := c.QueryRow(ctx, `SELECT substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8)`).Scan(&now); err != nil {
		return &fault.Error{Op: op, Code: fault.Unavailable, Words: "the database takes no writes: where there are several servers, DATABASE_URL names them all and says target_session_attrs=read-write", Err: err}
	}
	known := d.history.timeline
	switch {
	case now == known:
		return nil
	case now < known: // both are eight hexadecimal digits
		return fault.New(op, fault.Unavailable, "this database server is an old primary that has been replaced; stop it, it must not be written to")
	}
	replaced, err := d.turnPage(ctx, c, now)
	if err != nil {
		return fault.Wrap(op, err)
	}
	d.history.timeline = now
	if known != "" { // what was kept in memory may not be in the database
		d.days.Clear()
		d.health.doubt()
	}
	if known != "" || replaced {
		d.log.Warn("the database server has been replaced by another (timeline "+now+"): feeds begin a new epoch, lanes rest for one lease, everything is looked up at the platforms", "first", replaced)
	}
	return nil
}

// turnPage writes down a new timeline with what follows from it; false when that has
// been done, or when there was no other before.
func (d *DB) turnPage(ctx context.Context, c *pgx.Conn, now string) (replaced bool, err error) {
	tx, err := c.Begin(ctx)
	if err != nil {
		return false, err
	}
	defer tx.Rollback(context.WithoutCancel(ctx))
	var stored, print string
	err = tx.QueryRow(ctx, `SELECT timeline, print FROM installation WHERE id = 1 FOR UPDATE`).Scan(&stored, &print)
	if errors.Is(err, pgx.ErrNoRows) || err == nil && stored == now {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	if _, err := tx.Exec(ctx, `UPDATE installation SET timeline = $1 WHERE id = 1`, now); err != nil {
		return false, err
	}
	if replaced = stored != "" && print == d.place; replaced { // in another place it is a copy, which is looked at by install
		ttl := max(d.history.ttl, 0)
		if ttl == 0 {
			ttl = longestLease
		}
		clock := d.eng.clock()
		for _, q := range []struct {
			text string
			args []any
		}{
			{`UPDATE installation SET replaced_at = $1 WHERE id = 1`, []any{d.now().UnixMilli()}},
			{`UPDATE lanes SET owner = '', epoch = epoch + $1, expires_at = ` + clock + ` + $2`, []any{int64(lostGrants), ttl.Milliseconds()}},
			{`UPDATE feeds SET epoch = epoch + 1`, nil},
		} {
			if _, err := tx.Exec(ctx, q.text, q.args...); err != nil {
				return false, err
			}
		}
	}
	return replaced, tx.Commit(ctx)
}

// asks notes how long leases are asked for.
func (h *history) asks(ttl time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.ttl = max(h.ttl, ttl)
}

func (h *history) now() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.timeline
}

// doubt lets what the database says about accounts count again, instead of what this
// process has changed since.
func (h *health) doubt() {
	h.mu.Lock()
	defer h.mu.Unlock()
	for k, s := range h.at {
		s.tick = -1
		h.at[k] = s
	}
}

// Replaced tells when the database server was last found to be another than before (the
// zero time: never), and whether nobody has looked everything up since.
func (d *DB) Replaced(ctx context.Context) (at time.Time, open bool, err error) {
	var replaced, caughtUp int64
	_, err = d.one(ctx, `SELECT replaced_at, caught_up_at FROM installation WHERE id = 1`, nil, &replaced, &caughtUp)
	if err != nil || replaced == 0 {
		return time.Time{}, false, fault.Wrap("db.Replaced", err)
	}
	return time.UnixMilli(replaced), caughtUp < replaced, nil
}

// CaughtUp notes that everything is being looked up after the server was replaced at a
// moment, and lets lanes be taken again. Every order that is still open is due to be read
// again.
func (d *DB) CaughtUp(ctx context.Context, at time.Time) error {
	return d.write(ctx, "db.CaughtUp", func(ctx context.Context, c conn) error {
		if err := exec(ctx, c, `UPDATE orders SET sweep_at = 1 WHERE sweep_at > 1`); err != nil {
			return err
		}
		return exec(ctx, c, `UPDATE installation SET caught_up_at = $1 WHERE id = 1 AND caught_up_at < $1`, at.UnixMilli())
	})
}

// foundFor is how long after a moment an order may be found to be counted as missing then.
const foundFor = 24 * time.Hour

// FoundAfter counts the orders that came into the database within a day after a moment,
// though they were placed before it (placedMS: the same moment by the trade's clock, UTC
// ms), of accounts that were connected before it.
func (d *DB) FoundAfter(ctx context.Context, m ident.Merchant, at time.Time, placedMS int64) (n int64, err error) {
	from, to := ident.Of(at, 0), ident.Of(at.Add(foundFor), 0)
	_, err = d.one(ctx, `SELECT COUNT(*) FROM orders WHERE merchant_id = $1 AND id >= $2 AND id < $3 AND sort_at < $4 AND account_id < $2`,
		[]any{int64(m), from, to, placedMS}, &n)
	return n, fault.Wrap("db.FoundAfter", err)
}
