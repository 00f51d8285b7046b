package db

import (
	"cmp"
	"context"
	"math"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/tongdan/tongdan/effect"
	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/ident"
	"github.com/tongdan/tongdan/order"
)

// A Lease is the right to run a lane's calls until a moment. The database says who has
// it, by its own clock; Until is the holder's share of it, by the local clock.
type Lease struct {
	Lane     string // LaneOf(Merchant, Account)
	Merchant ident.Merchant
	Account  ident.Account // 0: the merchant's own lane, for what is no account's
	Owner    string
	Epoch    int64 // goes up when the lane changes hands

	// Until is the moment before the renewal was sent, plus the time to live, minus a
	// margin. It carries a monotonic reading; compare with both clocks, since that one
	// stands still while a machine is suspended: see Left.
	Until time.Time
}

// Left is how long a lease still holds: the less of what the wall clock and the
// monotonic clock say.
func (l Lease) Left(now time.Time) time.Duration {
	return min(l.Until.Sub(now), l.Until.Round(0).Sub(now.Round(0)))
}

// caughtUp is a condition: what a new database server may lack has been looked up, see
// timeline.go. Before, nobody takes a lane.
const caughtUp = ` AND NOT EXISTS (SELECT 1 FROM installation WHERE caught_up_at < replaced_at)`

// leaseMargin is what the holder gives away of its time to live, for clocks that run at
// different speeds.
const leaseMargin = 10 // a tenth

// LaneOf names the lane of an account, or with account 0 that of the merchant.
func LaneOf(m ident.Merchant, a ident.Account) string {
	if a != 0 {
		return a.String()
	}
	return m.String()
}

// laneOf reads the name of a lane; "hub" is the lane of m.
func laneOf(lane string, m ident.Merchant) (laneKey, bool) {
	var a ident.Account
	var of ident.Merchant
	switch {
	case lane == "hub":
		return laneKey{m, 0}, m != 0
	case strings.HasPrefix(lane, "mer_"):
		err := of.UnmarshalText([]byte(lane))
		return laneKey{of, 0}, err == nil && (m == 0 || m == of)
	}
	err := a.UnmarshalText([]byte(lane))
	return laneKey{m, a}, err == nil && a != 0
}

func (d *DB) lane(op, lane string) (laneKey, error) {
	k, ok := laneOf(lane, 0)
	if ok && k.account != 0 {
		var a AccountRow
		a, ok = d.dir.Load().Account(k.account)
		k.m = a.Merchant
	}
	if !ok {
		return k, fault.New(op, fault.NotFound, "no such lane")
	}
	return k, nil
}

func addLane(ctx context.Context, c conn, m ident.Merchant, a ident.Account) error {
	return exec(ctx, c, `INSERT INTO lanes (merchant_id, account_id, owner, epoch, expires_at) VALUES ($1, $2, '', 0, 0)
		ON CONFLICT (merchant_id, account_id) DO NOTHING`, int64(m), int64(a))
}

// Lease renews the leases of an owner and takes lanes that are free or whose lease has
// run out, until the owner has want of them (0 = all). It gives all that the owner holds. A lane
// that was lost meanwhile is not renewed but taken anew, under a new epoch.
func (d *DB) Lease(ctx context.Context, owner string, ttl time.Duration, want int) ([]Lease, error) {
	const op = "db.Lease"
	var out []Lease
	if d.inert {
		return nil, fault.New(op, fault.Forbidden, "nothing is done from a copy that is only looked at")
	}
	if want <= 0 {
		want = math.MaxInt32
	}
	d.history.asks(ttl)
	now := d.eng.clock()
	err := d.write(ctx, op, func(ctx context.Context, c conn) error {
		out = nil
		sent := time.Now()
		each := func(scan scanFunc) error {
			l := Lease{Owner: owner, Until: sent.Add(ttl - ttl/leaseMargin)}
			err := scan(&l.Merchant, &l.Account, &l.Epoch)
			l.Lane = LaneOf(l.Merchant, l.Account)
			out = append(out, l)
			return err
		}
		err := c.run(ctx, &stmt{text: `UPDATE lanes SET expires_at = ` + now + ` + $2 WHERE owner = $1 AND expires_at > ` + now +
			` RETURNING merchant_id, account_id, epoch`, args: []any{owner, ttl.Milliseconds()}, each: each})
		if err != nil || len(out) >= want {
			return err
		}
		return c.run(ctx, &stmt{text: `UPDATE lanes SET owner = $1, epoch = epoch + 1, expires_at = ` + now + ` + $2
			WHERE (merchant_id, account_id) IN (SELECT merchant_id, account_id FROM lanes WHERE expires_at <= ` + now + caughtUp + ` ORDER BY expires_at, merchant_id, account_id LIMIT $3` + d.eng.skipLocked + `)
			AND expires_at <= ` + now + ` RETURNING merchant_id, account_id, epoch`, args: []any{owner, ttl.Milliseconds(), int64(want - len(out))}, each: each})
	})
	return out, err
}

// Release gives all lanes of an owner back.
func (d *DB) Release(ctx context.Context, owner string) error {
	return d.write(ctx, "db.Release", func(ctx context.Context, c conn) error {
		return exec(ctx, c, `UPDATE lanes SET owner = '', expires_at = 0 WHERE owner = $1`, owner)
	})
}

// freeLanes ends every lease. Whoever has the lock of an SQLite folder knows that no
// other process lives, so what a dead one left need not wait for its lease to run out.
func (d *DB) freeLanes(ctx context.Context) error {
	return d.write(ctx, "db.freeLanes", func(ctx context.Context, c conn) error {
		return exec(ctx, c, `UPDATE lanes SET owner = '', expires_at = 0 WHERE owner <> ''`)
	})
}

const (
	dueFrom = ` FROM effects AS e
		WHERE merchant_id = $1 AND account_id = $2 AND open = 1 AND next_at <= $3 AND state IN ('waiting', 'unknown')`
	dueEffects = `SELECT ` + effectColumns + dueFrom
	dueOldest  = ` AND NOT EXISTS (SELECT 1 FROM effects AS x WHERE x.merchant_id = e.merchant_id AND x.target = e.target AND x.open = 1 AND x.id < e.id
		AND x.state IN ('waiting', 'sending', 'unknown'))`
)

// TaskTarget is the target of what repeats by time in the lane of an account: there is
// one of each kind.
func TaskTarget(kind string, a ident.Account) string { return kind + "/" + a.String() }

// ReadTarget is the target of the read of a resource. A read that has a deadline is one that somebody waits for: it comes
// after what is done for people and before all other reads.
func ReadTarget(ref order.Ref) string {
	return readTarget + ref.Realm + "/" + ref.Kind + "/" + ref.ID
}

const readTarget = "read/"

// dueHints are those who want to hear of effects.
type dueHints struct {
	mu   sync.Mutex
	list []func(*effect.Effect)
}

// OnEffect has f told of each effect that a commit of this process has put, after the
// commit: so that whoever works its lane need not ask. f must not wait for anything, nor
// change the effect. Effects that other nodes put are told to nobody here.
func (d *DB) OnEffect(f func(*effect.Effect)) {
	d.hints.mu.Lock()
	defer d.hints.mu.Unlock()
	d.hints.list = append(d.hints.list, f)
}

func (h *dueHints) tell(effects map[effectKey]*effectState) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, f := range h.list {
		for _, s := range effects {
			if s != nil {
				f(&s.e)
			}
		}
	}
}

// NextDue tells, of each lane that an owner holds or held, when the first of its effects that
// wait becomes due (UTC ms); lanes in which nothing waits are left out.
func (d *DB) NextDue(ctx context.Context, owner string) (map[string]int64, error) {
	out := map[string]int64{}
	err := d.query(d.brief(ctx), `SELECT merchant_id, account_id, (SELECT MIN(next_at) FROM effects AS e WHERE e.merchant_id = lanes.merchant_id
		AND e.account_id = lanes.account_id AND e.open = 1 AND e.state IN ('waiting', 'unknown')) FROM lanes WHERE owner = $1`, []any{owner}, func(scan scanFunc) error {
		var m ident.Merchant
		var a ident.Account
		var at *int64
		err := scan(&m, &a, &at)
		if at != nil {
			out[LaneOf(m, a)] = *at
		}
		return err
	})
	return out, fault.Wrap("db.NextDue", err)
}

// Due gives the effects of a lane that are to be called or looked at by now (UTC ms):
// the tasks of the given kinds, and the others with the nearest deadline first, reads after all that is done about
// orders. Of each target it gives only the oldest that is open, and only when that one is due, since
// order holds per target. One that waits for a person holds up nobody. nextAt is when
// something else becomes due, 0 = nothing is known.
func (d *DB) Due(ctx context.Context, lane string, nowMS int64, limit int, tasks ...string) (list []effect.Effect, nextAt int64, err error) {
	const op = "db.Due"
	k, err := d.lane(op, lane)
	if err != nil {
		return nil, 0, err
	}
	targets := make([]string, len(tasks))
	for i, kind := range tasks {
		targets[i] = TaskTarget(kind, k.account)
	}
	if list, nextAt, err = d.dueFew(ctx, k, nowMS, limit); err == nil && len(list) > limit {
		list, err = d.dueMany(ctx, k, nowMS, limit, targets)
	} else {
		inTurn(list, targets)
	}
	if err == nil && len(list) == 0 {
		_, err = d.one(ctx, `SELECT COALESCE(MIN(next_at), 0) FROM effects WHERE merchant_id = $1 AND account_id = $2 AND open = 1 AND next_at > $3
			AND state IN ('waiting', 'unknown')`, []any{int64(k.m), int64(k.account), nowMS}, &nextAt)
	}
	return list, nextAt, fault.Wrap(op, err)
}

// dueFew gives what is due, and one more than limit where there is so much.
func (d *DB) dueFew(ctx context.Context, k laneKey, nowMS int64, limit int) (list []effect.Effect, nextAt int64, err error) {
	err = d.query(d.brief(ctx), `SELECT `+effectColumns+`, COALESCE((SELECT MIN(next_at) FROM effects WHERE merchant_id = $1 AND account_id = $2 AND open = 1
		AND next_at > $3 AND state IN ('waiting', 'unknown')), 0)`+dueFrom+dueOldest+` ORDER BY next_at, id LIMIT $4`,
		[]any{int64(k.m), int64(k.account), nowMS, int64(limit + 1)}, func(scan scanFunc) error {
			e, err := scanEffect(func(dest ...any) error { return scan(append(dest, &nextAt)...) })
			list = append(list, e)
			return err
		})
	return list, nextAt, err
}

// inTurn sorts what is due into the order in which it is worked: that of dueMany.
func inTurn(list []effect.Effect, tasks []string) {
	group := func(e *effect.Effect) int {
		read := strings.HasPrefix(e.Target, readTarget)
		switch {
		case slices.Contains(tasks, e.Target):
			return 0
		case e.Deadline > 0 && !read:
			return 1
		case e.Order != 0:
			return 2
		case e.Deadline > 0:
			return 3
		}
		return 4
	}
	slices.SortFunc(list, func(a, b effect.Effect) int {
		g := group(&a)
		by := cmp.Compare(g, group(&b))
		if by == 0 && g == 0 {
			return cmp.Compare(a.ID, b.ID)
		}
		return cmp.Or(by, cmp.Compare(a.Deadline, b.Deadline), cmp.Compare(a.NextAt, b.NextAt), cmp.Compare(a.ID, b.ID))
	})
}

// dueMany is for a backlog, which is neither read as a whole nor sorted.
func (d *DB) dueMany(ctx context.Context, k laneKey, nowMS int64, limit int, targets []string) (list []effect.Effect, err error) {
	// Tasks have places of their own, so a backlog may not hide them: a pull that waits for the reads that the last
	// one asked for comes so late that it has everything read again.
	if len(targets) > 0 {
		args := []any{int64(k.m), int64(k.account), nowMS}
		places := make([]string, len(targets))
		for i, target := range targets {
			args = append(args, target)
			places[i] = "$" + strconv.Itoa(len(args))
		}
		err = d.query(ctx, dueEffects+` AND target IN (`+strings.Join(places, ", ")+`)`+dueOldest+` ORDER BY id`, args, func(scan scanFunc) error {
			e, err := scanEffect(scan)
			list = append(list, e)
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	due := len(list)
	// What is about an order, or has a deadline, comes apart from the rest: there is little of it, it is what
	// people wait for, and thousands of reads that are due must not hide it. But for the few
	// with a deadline all is taken in the order of an index, so that a large backlog is not
	// sorted each time. Reads with a deadline are apart from both: after an outage there may be hundreds of them.
	acts, read := ` AND (order_id <> 0 OR deadline > 0)`, ` LIKE '`+readTarget+`%'`
	for _, part := range []struct {
		where, by string
		upTo      int // of the list
	}{
		{acts + ` AND deadline > 0 AND target NOT` + read, `deadline, next_at, id`, limit},
		{acts + ` AND deadline = 0`, `next_at, id`, limit},
		{acts + ` AND deadline > 0 AND target` + read, `deadline, next_at, id`, 2 * limit},
		{` AND order_id = 0 AND deadline = 0`, `next_at, id`, 2 * limit},
	} {
		n := min(limit, part.upTo-(len(list)-due))
		if n <= 0 {
			continue
		}
		err = d.query(ctx, dueEffects+part.where+dueOldest+` ORDER BY `+part.by+` LIMIT $4`, []any{int64(k.m), int64(k.account), nowMS, int64(n)}, func(scan scanFunc) error {
			e, err := scanEffect(scan)
			if !slices.ContainsFunc(list[:due], func(t effect.Effect) bool { return t.ID == e.ID }) {
				list = append(list, e)
			}
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	return list, nil
}

// Backlog counts the background work of an account (reads, and what is about no order of
// ours and has no deadline) that is due by now (UTC ms), up to limit.
func (d *DB) Backlog(ctx context.Context, m ident.Merchant, account ident.Account, nowMS int64, limit int) (n int, err error) {
	_, err = d.one(ctx, `SELECT COUNT(*) FROM (SELECT 1 FROM effects WHERE merchant_id = $1 AND account_id = $2 AND open = 1 AND next_at <= $3
		AND order_id = 0 AND (deadline = 0 OR target LIKE '`+readTarget+`%') LIMIT $4) AS due`, []any{int64(m), int64(account), nowMS, int64(limit)}, &n)
	return n, fault.Wrap("db.Backlog", err)
}

// abandonedAfter is how long after the end of its lease an attempt may still be
// answered.
const abandonedAfter = 30 * time.Second

// Abandoned gives the effects of a lane whose attempt nobody will finish: made under an
// older epoch, or under this one and past its NotAfter by 30 seconds. A lane changes
// hands only after its lease has ended (or its owner is known to be dead), and no
// attempt may write to the wire after the lease's end, so one of an older epoch is over.
func (d *DB) Abandoned(ctx context.Context, lane string, epoch int64) ([]effect.Effect, error) {
	const op = "db.Abandoned"
	k, err := d.lane(op, lane)
	if err != nil {
		return nil, err
	}
	var list []effect.Effect
	err = d.query(ctx, `SELECT `+effectColumns+` FROM effects WHERE merchant_id = $1 AND account_id = $2 AND open = 1 AND state = 'sending'
		AND (epoch < $3 OR not_after < $4) ORDER BY id`,
		[]any{int64(k.m), int64(k.account), epoch, d.now().Add(-abandonedAfter).UnixMilli()}, func(scan scanFunc) error {
			e, err := scanEffect(scan)
			list = append(list, e)
			return err
		})
	return list, fault.Wrap(op, err)
}

// A LaneState is who holds a lane, for a status page.
type LaneState struct {
	Lane    string
	Account ident.Account
	Owner   string // "" = nobody
	Epoch   int64
	Open    int64 // effects that are open
}

// Lanes lists the lanes of a merchant.
func (d *DB) Lanes(ctx context.Context, m ident.Merchant) ([]LaneState, error) {
	var out []LaneState
	err := d.query(ctx, `SELECT account_id, CASE WHEN expires_at > `+d.eng.clock()+` THEN owner ELSE '' END, epoch,
		(SELECT COUNT(*) FROM effects AS e WHERE e.merchant_id = lanes.merchant_id AND e.account_id = lanes.account_id AND e.open = 1)
		FROM lanes WHERE merchant_id = $1 ORDER BY account_id`, []any{int64(m)}, func(scan scanFunc) error {
		var l LaneState
		err := scan(&l.Account, &l.Owner, &l.Epoch, &l.Open)
		l.Lane = LaneOf(m, l.Account)
		out = append(out, l)
		return err
	})
	return out, fault.Wrap("db.Lanes", err)
}

// DropOver deletes background effects of an account (reads: those without an order) that
// have ended, up to limit of those made before a moment: what they learnt is in the
// journal, and their number would grow without end.
func (d *DB) DropOver(ctx context.Context, m ident.Merchant, account ident.Account, before time.Time, limit int) error {
	const op = "db.DropOver"
	upTo := ident.Of(before, 0)
	found, err := d.one(ctx, `SELECT 1 FROM effects WHERE merchant_id = $1 AND account_id = $2 AND open = 0 AND order_id = 0 AND id < $3 LIMIT 1`,
		[]any{int64(m), int64(account), upTo}, new(int64))
	if err != nil || !found {
		return fault.Wrap(op, err)
	}
	return d.write(ctx, op, func(ctx context.Context, c conn) error {
		return exec(ctx, c, `DELETE FROM effects WHERE merchant_id = $1 AND id IN (SELECT id FROM effects
			WHERE merchant_id = $1 AND account_id = $2 AND open = 0 AND order_id = 0 AND id < $3 ORDER BY id LIMIT $4)`,
			int64(m), int64(account), upTo, int64(limit))
	})
}
