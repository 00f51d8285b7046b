package db

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/tongdan/tongdan/effect"
	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/ident"
)

// A Pulse is how the database is doing and what waits in it, of all nodes.
type Pulse struct {
	At          int64 // UTC ms
	Armed       bool
	Feed        int64 // changes ever
	Behind      int64 // of them not followed by counts and search
	BehindSince int64 // UTC ms: the oldest of those; 0 = none
	Effects     []EffectCount
	Due         map[ident.Account]int64 // UTC ms: since when the oldest effect of a lane is due; absent = nothing is
	Pulls       map[ident.Account]int64 // UTC ms by the trade's clock: the last pull that ended well
	Parked      int64
	Size        int64 // bytes of the database
	WAL         int64 // bytes of SQLite's write-ahead log
	Free        int64 // bytes free where SQLite's file lies
	Nodes       []NodeRow
	Queue       map[string]Waiting // what waits for the writers of all nodes, by class
	Checks      []CheckRow
}

// An EffectCount is how many effects are open.
type EffectCount struct {
	Account ident.Account
	Kind    string
	State   effect.State
	N       int64
	Made    int64 // UTC ms, of the oldest
}

// A NodeRow is a process that runs on this database.
type NodeRow struct {
	Name    string
	Owner   string // of its leases
	Host    string
	Version string
	Started int64              // UTC ms
	Seen    int64              // UTC ms
	Queue   map[string]Waiting // for its writer, by class, when it was seen; of this node now
}

// Alive is how long ago a node may have shown itself to be taken for alive.
const Alive = 30 * time.Second

// Pulse looks at what is stored, of one merchant or of all (m = 0).
func (d *DB) Pulse(ctx context.Context, m ident.Merchant) (Pulse, error) {
	p := Pulse{At: d.now().UnixMilli(), Due: map[ident.Account]int64{}, Pulls: map[ident.Account]int64{}}
	var err error
	if p.Armed, err = d.Armed(ctx); err != nil {
		return p, fault.Wrap("db.Pulse", err)
	}
	for _, f := range []func(context.Context, ident.Merchant, *Pulse) error{d.pulseFeed, d.pulseEffects, d.pulseAccounts, d.pulseSize} {
		if err := f(ctx, m, &p); err != nil {
			return p, fault.Wrap("db.Pulse", err)
		}
	}
	if p.Nodes, err = d.Nodes(ctx); err != nil {
		return p, err
	}
	p.Queue = d.Queue() // also where this node has not said yet that it is alive
	for _, n := range p.Nodes {
		if n.Name == d.Instance() {
			continue
		}
		for class, w := range n.Queue {
			sum := p.Queue[class]
			p.Queue[class] = Waiting{sum.N + w.N, max(sum.Oldest, w.Oldest)}
		}
	}
	p.Checks, err = d.Checks(ctx)
	return p, fault.Wrap("db.Pulse", err)
}

// of limits a query to a merchant.
func (m merchantOf) of(column string) (where string, args []any) {
	if m == 0 {
		return "", nil
	}
	return " AND " + column + " = $1", []any{int64(m)}
}

type merchantOf ident.Merchant

func (d *DB) pulseFeed(ctx context.Context, m ident.Merchant, p *Pulse) error {
	type late struct {
		m        int64
		followed int64
	}
	var list []late
	where, args := merchantOf(m).of("f.merchant_id")
	err := d.query(ctx, `SELECT f.merchant_id, f.seq, COALESCE(w.seq, 0) FROM feeds AS f LEFT JOIN followers AS w ON w.merchant_id = f.merchant_id WHERE 1 = 1`+where, args, func(scan scanFunc) error {
		var l late
		var seq int64
		err := scan(&l.m, &seq, &l.followed)
		p.Feed += seq
		if seq > l.followed {
			p.Behind += seq - l.followed
			list = append(list, l)
		}
		return err
	})
	for _, l := range list {
		if err != nil {
			break
		}
		var at int64
		if _, err = d.one(ctx, `SELECT at FROM changes WHERE merchant_id = $1 AND seq > $2 ORDER BY seq LIMIT 1`, []any{l.m, l.followed}, &at); err == nil && at > 0 {
			if p.BehindSince == 0 || at < p.BehindSince {
				p.BehindSince = at
			}
		}
	}
	return err
}

func (d *DB) pulseEffects(ctx context.Context, m ident.Merchant, p *Pulse) error {
	where, args := merchantOf(m).of("merchant_id")
	err := d.query(ctx, `SELECT account_id, kind, state, COUNT(*), MIN(made_at) FROM effects WHERE open = 1`+where+` GROUP BY account_id, kind, state ORDER BY account_id, kind, state`, args, func(scan scanFunc) error {
		var c EffectCount
		var state string
		err := scan(&c.Account, &c.Kind, &state, &c.N, &c.Made)
		c.State = effect.State(state)
		p.Effects = append(p.Effects, c)
		return err
	})
	if err != nil {
		return err
	}
	args = append(args, p.At)
	return d.query(ctx, `SELECT account_id, MIN(next_at) FROM effects WHERE open = 1 AND state IN ('waiting', 'unknown')`+where+` AND next_at <= `+dollar(len(args))+` GROUP BY account_id`, args, func(scan scanFunc) error {
		var a ident.Account
		var at int64
		err := scan(&a, &at)
		p.Due[a] = at
		return err
	})
}

func (d *DB) pulseAccounts(ctx context.Context, m ident.Merchant, p *Pulse) error {
	where, args := merchantOf(m).of("merchant_id")
	err := d.query(ctx, `SELECT account_id, last_pull FROM account_health WHERE 1 = 1`+where, args, func(scan scanFunc) error {
		var a ident.Account
		var at int64
		err := scan(&a, &at)
		p.Pulls[a] = at
		return err
	})
	if err != nil {
		return err
	}
	_, err = d.one(ctx, `SELECT COUNT(*) FROM parked WHERE state = '`+ParkedState+`'`+where, args, &p.Parked)
	return err
}

func (d *DB) pulseSize(ctx context.Context, _ ident.Merchant, p *Pulse) error {
	if d.eng.name == "postgres" {
		_, err := d.one(ctx, `SELECT pg_database_size(current_database())`, nil, &p.Size)
		return err
	}
	if d.folder == "" {
		return nil
	}
	file := filepath.Join(d.folder, sqliteFile)
	if st, err := os.Stat(file); err == nil {
		p.Size = st.Size()
	}
	if st, err := os.Stat(file + "-wal"); err == nil {
		p.WAL = st.Size()
	}
	var fs syscall.Statfs_t
	if err := syscall.Statfs(d.folder, &fs); err == nil {
		p.Free = int64(fs.Bavail) * int64(fs.Bsize)
	}
	return nil
}

// Nodes lists the nodes that are alive.
func (d *DB) Nodes(ctx context.Context) ([]NodeRow, error) {
	var out []NodeRow
	err := d.query(ctx, `SELECT name, owner, host, version, started_at, seen_at, queue FROM nodes WHERE seen_at > $1 ORDER BY started_at, name`,
		[]any{d.now().Add(-Alive).UnixMilli()}, func(scan scanFunc) error {
			var n NodeRow
			var queue string
			err := scan(&n.Name, &n.Owner, &n.Host, &n.Version, &n.Started, &n.Seen, &queue)
			if n.Queue = d.Queue(); n.Name != d.Instance() {
				n.Queue = queueOf(queue)
			}
			out = append(out, n)
			return err
		})
	return out, fault.Wrap("db.Nodes", err)
}

// A CallMinute is how an account's calls of a kind went in a minute.
type CallMinute struct {
	Merchant ident.Merchant
	Account  ident.Account
	Kind     string
	Minute   int64 // since 1970
	Calls    int64
	Failed   int64 // for the platform's reasons: no answer, 5xx, too many requests, not authorised
	Slow     int64
	TookMS   int64 // all together
	OKAt     int64 // UTC ms, the last that went well; 0 = none
	FailedAt int64 // UTC ms, the last that failed; 0 = none
}

// callsKept is how long minutes of calls are kept.
const callsKept = 3 * time.Hour

// Beat says that a node is alive and what waits for its writer, and adds the calls that it
// has made since it last said so. Both are for the status page; what an order needs does not depend on it.
func (d *DB) Beat(ctx context.Context, n NodeRow, calls []CallMinute) error {
	const op = "db.Beat"
	now := d.now()
	_, err := d.wait(ctx, op, Background, &job{size: 1 << 10, done: make(chan struct{}), raw: func(ctx context.Context, c conn) error {
		list := []*stmt{
			{text: `INSERT INTO nodes (name, owner, host, version, started_at, seen_at, queue) VALUES ($1, $2, $3, $4, $5, $6, $7)
				ON CONFLICT (name) DO UPDATE SET owner = excluded.owner, seen_at = excluded.seen_at, queue = excluded.queue`,
				args: []any{n.Name, n.Owner, clean(n.Host, 200), clean(n.Version, 100), n.Started, now.UnixMilli(), queueText(n.Queue)}},
			{text: `DELETE FROM nodes WHERE seen_at < $1`, args: []any{now.Add(-time.Hour).UnixMilli()}},
			{text: `DELETE FROM call_minutes WHERE minute < $1`, args: []any{now.Add(-callsKept).Unix() / 60}},
		}
		for _, m := range calls {
			list = append(list, &stmt{text: `INSERT INTO call_minutes (merchant_id, account_id, kind, minute, calls, failed, slow, took_ms, ok_at, failed_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
				ON CONFLICT (merchant_id, account_id, minute, kind) DO UPDATE SET calls = call_minutes.calls + excluded.calls, failed = call_minutes.failed + excluded.failed,
				slow = call_minutes.slow + excluded.slow, took_ms = call_minutes.took_ms + excluded.took_ms,
				ok_at = CASE WHEN excluded.ok_at > call_minutes.ok_at THEN excluded.ok_at ELSE call_minutes.ok_at END,
				failed_at = CASE WHEN excluded.failed_at > call_minutes.failed_at THEN excluded.failed_at ELSE call_minutes.failed_at END`,
				args: []any{int64(m.Merchant), int64(m.Account), clean(m.Kind, 100), m.Minute, m.Calls, m.Failed, m.Slow, m.TookMS, m.OKAt, m.FailedAt}})
		}
		return c.run(ctx, list...)
	}})
	return fault.Wrap(op, err)
}

// Leave says that a node has ended.
func (d *DB) Leave(ctx context.Context, name string) error {
	return d.write(ctx, "db.Leave", func(ctx context.Context, c conn) error {
		return exec(ctx, c, `DELETE FROM nodes WHERE name = $1`, name)
	})
}

// Calls gives the minutes of calls of a merchant since a moment, oldest first.
func (d *DB) Calls(ctx context.Context, m ident.Merchant, since time.Time) ([]CallMinute, error) {
	var out []CallMinute
	err := d.query(ctx, `SELECT account_id, kind, minute, calls, failed, slow, took_ms, ok_at, failed_at FROM call_minutes WHERE merchant_id = $1 AND minute >= $2 ORDER BY minute, account_id, kind`,
		[]any{int64(m), since.Unix() / 60}, func(scan scanFunc) error {
			c := CallMinute{Merchant: m}
			err := scan(&c.Account, &c.Kind, &c.Minute, &c.Calls, &c.Failed, &c.Slow, &c.TookMS, &c.OKAt, &c.FailedAt)
			out = append(out, c)
			return err
		})
	return out, fault.Wrap("db.Calls", err)
}

// queueText writes what waits as a node's row keeps it.
func queueText(q map[string]Waiting) string {
	raw, err := json.Marshal(q)
	if err != nil {
		return "" // numbers always encode
	}
	return string(raw)
}

// queueOf reads it; of a node that does not say, nothing waits.
func queueOf(text string) map[string]Waiting {
	q := map[string]Waiting{}
	if text != "" && json.Unmarshal([]byte(text), &q) != nil {
		return map[string]Waiting{} // a newer version says it otherwise
	}
	return q
}

// Queue tells what waits for this node's writer, by class.
func (d *DB) Queue() map[string]Waiting {
	list, _ := d.queue.waiting(time.Now())
	out := make(map[string]Waiting, len(list))
	for c, w := range list {
		out[classNames[c]] = w
	}
	return out
}
