package db

import (
	"context"
	"strconv"
	"sync"
	"time"

	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/ident"
)

// pollEvery is how often a reader looks by itself: bells of other nodes can be lost.
const pollEvery = time.Second

// A bell tells those who wait for a merchant's feed that it went on.
type bell struct {
	mu    sync.Mutex
	feeds map[ident.Merchant]*feedState
	far   func(ident.Merchant) // tells other nodes; nil = there are none
}

type feedState struct {
	at   Receipt
	more chan struct{} // closed when at moves
}

func newBell() *bell { return &bell{feeds: map[ident.Merchant]*feedState{}} }

func (b *bell) state(m ident.Merchant) *feedState {
	s := b.feeds[m]
	if s == nil {
		s = &feedState{more: make(chan struct{})}
		b.feeds[m] = s
	}
	return s
}

// ring notes how far a feed is by a commit of this process.
func (b *bell) ring(m ident.Merchant, at Receipt) {
	b.heard(m, at)
	if b.far != nil {
		b.far(m)
	}
}

// heard notes how far a feed is.
func (b *bell) heard(m ident.Merchant, at Receipt) {
	b.mu.Lock()
	defer b.mu.Unlock()
	s := b.state(m)
	if at.Seq <= s.at.Seq && at.Epoch == s.at.Epoch {
		return
	}
	if s.at.Epoch == at.Epoch || at.Epoch > s.at.Epoch {
		s.at = at
	}
	close(s.more)
	s.more = make(chan struct{})
}

func (b *bell) last(m ident.Merchant) Receipt {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.state(m).at
}

func (b *bell) next(m ident.Merchant) (Receipt, <-chan struct{}) {
	b.mu.Lock()
	defer b.mu.Unlock()
	s := b.state(m)
	return s.at, s.more
}

// Feed tells how far a merchant's feed is.
func (d *DB) Feed(ctx context.Context, m ident.Merchant) (Receipt, error) {
	const op = "db.Feed"
	var r Receipt
	found, err := d.one(ctx, `SELECT epoch, seq FROM feeds WHERE merchant_id = $1`, []any{int64(m)}, &r.Epoch, &r.Seq)
	if err == nil && !found {
		err = fault.New(op, fault.NotFound, "no such merchant")
	}
	return r, fault.Wrap(op, err)
}

// Wait returns when the feed has gone on after a place, or has begun a later epoch. It
// fails when ctx ends or the database is closed.
func (d *DB) Wait(ctx context.Context, m ident.Merchant, after Receipt) error {
	const op = "db.Wait"
	poll := time.NewTicker(pollEvery)
	defer poll.Stop()
	for first := true; ; first = false {
		at, more := d.bell.next(m)
		if at.past(after) {
			return nil
		}
		if first {
			if err := d.look(ctx, m); err != nil {
				return fault.Wrap(op, err)
			}
			if at, _ = d.bell.next(m); at.past(after) {
				return nil
			}
		}
		select {
		case <-more:
		case <-poll.C:
			if err := d.look(ctx, m); err != nil {
				return fault.Wrap(op, err)
			}
		case <-ctx.Done():
			return fault.Wrap(op, ctx.Err())
		case <-d.closing.Done():
			return fault.New(op, fault.Unavailable, "the database is being closed")
		}
	}
}

func (r Receipt) past(o Receipt) bool {
	return r.Epoch > o.Epoch || r.Epoch == o.Epoch && r.Seq > o.Seq
}

func (d *DB) look(ctx context.Context, m ident.Merchant) error {
	r, err := d.Feed(ctx, m)
	if err == nil {
		d.bell.heard(m, r)
	}
	return err
}

const maxChanges = 1000

// Changes lists what changed after a number, oldest first, and the feed's epoch. The
// numbers of a whole merchant's list have no gaps. A reader of some stores gets what is
// theirs; when the list ends with changes of others, one of kind Hidden stands at its
// end, so that the reader can go on after it.
func (d *DB) Changes(ctx context.Context, sc Scope, after int64, limit int) (list []Change, epoch int64, err error) {
	const op = "db.Changes"
	if limit <= 0 || limit > maxChanges {
		limit = maxChanges
	}
	at, err := d.Feed(ctx, sc.Merchant)
	if err != nil {
		return nil, 0, fault.Wrap(op, err)
	}
	hidden := Change{Kind: Hidden}
	for window := 0; window < 20 && len(list) < limit && after < at.Seq; window++ {
		got := 0
		err = d.query(ctx, `SELECT seq, kind, entity_id, store_id, at FROM changes WHERE merchant_id = $1 AND seq > $2 ORDER BY seq LIMIT $3`,
			[]any{int64(sc.Merchant), after, int64(limit - len(list))}, func(scan scanFunc) error {
				var c Change
				var store ident.Store
				if err := scan(&c.Seq, &c.Kind, &c.ID, &store, &c.At); err != nil {
					return err
				}
				got++
				after = c.Seq
				if sc.sees(store) && (sc.Stores == nil || c.Kind == KindOrder) {
					list = append(list, c)
				} else {
					hidden.Seq, hidden.At = c.Seq, c.At
				}
				return nil
			})
		if err != nil {
			return nil, 0, fault.Wrap(op, err)
		}
		if got == 0 || sc.Stores == nil {
			break
		}
	}
	if hidden.Seq > 0 && (len(list) == 0 || list[len(list)-1].Seq < hidden.Seq) {
		list = append(list, hidden)
	}
	return list, at.Epoch, nil
}

// FirstChange tells the first number that is still kept, or the next one when none is.
func (d *DB) FirstChange(ctx context.Context, m ident.Merchant) (seq int64, err error) {
	found, err := d.one(ctx, `SELECT seq FROM changes WHERE merchant_id = $1 ORDER BY seq LIMIT 1`, []any{int64(m)}, &seq)
	if err == nil && !found {
		var at Receipt
		at, err = d.Feed(ctx, m)
		seq = at.Seq + 1
	}
	return seq, fault.Wrap("db.FirstChange", err)
}

// DropChanges deletes the beginning of a feed: the lines before the first that is not
// older than a moment, as far as the derived tables have followed. What stays has no gap,
// also where the clocks of nodes differ. A reader who is further behind has to reload.
func (d *DB) DropChanges(ctx context.Context, m ident.Merchant, beforeMS int64) error {
	return d.write(ctx, "db.DropChanges", func(ctx context.Context, c conn) error {
		var first, followed int64
		kept, err := one(ctx, c, `SELECT seq FROM changes WHERE merchant_id = $1 AND at >= $2 ORDER BY seq LIMIT 1`, []any{int64(m), beforeMS}, &first)
		if err != nil {
			return err
		}
		if _, err := one(ctx, c, `SELECT seq FROM followers WHERE merchant_id = $1`, []any{int64(m)}, &followed); err != nil {
			return err
		}
		if !kept || first > followed+1 {
			first = followed + 1
		}
		return exec(ctx, c, `DELETE FROM changes WHERE merchant_id = $1 AND seq < $2`, int64(m), first)
	})
}

func idText(id int64) string { return strconv.FormatInt(id, 10) }
