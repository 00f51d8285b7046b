package db

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"

	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/ident"
	"github.com/tongdan/tongdan/internal/point"
)

const (
	pgWriters   = 2                     // connections that write: more only wait for each other's feed
	pgReads     = 16                    // connections that read
	notifyEvery = 20 * time.Millisecond // at most, a node
	bellChannel = "tongdan"

	// idleTime is how long a transaction may wait for its node between two statements. A
	// node that freezes or loses its network in the middle of one would otherwise hold its
	// locks, and all writers of the merchant, for as long as it likes.
	idleTime = 5 * time.Second
)

// openPostgres opens the pools and the bell. The URL may hold a password: no error
// repeats it.
func (d *DB) openPostgres(ctx context.Context, url string) error {
	const op = "db.openPostgres"
	config, err := pgx.ParseConfig(url)
	if err != nil {
		return fault.New(op, fault.Invalid, "DATABASE_URL is not a PostgreSQL URL; write postgres://user:password@host:5432/name")
	}
	// All statements are short. The writer's plans cost a fortune on paper where there is no
	// index to take (see connect), which made the server compile them: 100 to 700 ms for the
	// claim of a lane, more than half of its time with three nodes.
	config.RuntimeParams["jit"] = "off"
	reads := config.Copy()
	steady(reads)
	d.reads = stdlib.OpenDB(*reads)
	d.reads.SetMaxOpenConns(pgReads)
	d.reads.SetMaxIdleConns(pgReads)
	d.closers = append(d.closers, d.reads.Close)
	if err := d.reads.PingContext(ctx); err != nil {
		return &fault.Error{Op: op, Code: fault.Unavailable, Words: "the database does not answer: " + config.Host, Err: err}
	}
	if err := d.migratePostgres(ctx); err != nil {
		return err
	}
	d.eng = postgresEngine()
	if d.place, err = d.placeOfPostgres(ctx); err != nil {
		return fault.Wrap(op, err)
	}
	grown := growth{kick: make(chan struct{}, 1)}
	d.work.Go(func() { d.analyse(&grown) })
	d.eng.writers = func(ctx context.Context) ([]conn, error) {
		var out []conn
		for range pgWriters {
			c := &pgConn{d: d, config: config, grown: &grown}
			if err := c.connect(ctx); err != nil {
				return nil, fault.Wrap(op, err)
			}
			out = append(out, c)
		}
		return out, nil
	}
	r := &ringer{d: d, config: config, kick: make(chan struct{}, 1), set: map[ident.Merchant]bool{}}
	d.bell.far = r.ring
	d.work.Go(r.send)
	d.work.Go(r.listen)
	return nil
}

// postgresEngine is PostgreSQL without connections that write.
func postgresEngine() *engine {
	return &engine{
		name:       "postgres",
		lock:       " FOR NO KEY UPDATE",
		share:      " FOR SHARE",
		skipLocked: " FOR UPDATE SKIP LOCKED",
		wide:       "SELECT set_config('plan_cache_mode', 'auto', true), set_config('enable_seqscan', 'on', true), set_config('enable_hashjoin', 'on', true), set_config('enable_mergejoin', 'on', true)",
		clock:      func() string { return "CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT)" },
		blame:      blamePostgres,
		taken: func(err error) bool {
			e, ok := errors.AsType[*pgconn.PgError](err)
			return ok && e.Code == "23505"
		},
	}
}

// migratePostgres lets one node migrate while the others wait.
func (d *DB) migratePostgres(ctx context.Context) error {
	const op = "db.migrate"
	c, err := d.reads.Conn(ctx)
	if err != nil {
		return fault.Wrap(op, err)
	}
	defer c.Close()
	const lock = 7063842919 // any number, always the same
	if _, err := c.ExecContext(ctx, `SELECT pg_advisory_lock($1)`, int64(lock)); err != nil {
		return fault.Wrap(op, err)
	}
	defer c.ExecContext(context.WithoutCancel(ctx), `SELECT pg_advisory_unlock($1)`, int64(lock))
	return d.migrate(ctx, d.reads, goose.DialectPostgres, "postgres")
}

// placeOfPostgres tells a database from its copy: a restore makes another object in
// another cluster.
func (d *DB) placeOfPostgres(ctx context.Context) (string, error) {
	var place string
	_, err := d.one(ctx, `SELECT CAST((SELECT system_identifier FROM pg_control_system()) AS TEXT) || '/' || CAST(oid AS TEXT) FROM pg_database WHERE datname = current_database()`, nil, &place)
	return place, err
}

// pgConn is one connection that writes. BEGIN travels with the first statements and
// COMMIT with the last, so that a batch is three round trips.
type pgConn struct {
	d      *DB
	config *pgx.ConnConfig
	c      *pgx.Conn
	start  bool   // BEGIN has not been sent
	open   bool   // a transaction may be open
	xact   string // its id
	added  int64  // rows, by the transaction
	grown  *growth
}

// growth counts rows that were added, so that the planner is told about tables that have
// grown.
type growth struct {
	rows atomic.Int64
	kick chan struct{}
}

// firstAnalyse is after how many rows tables are analysed; then after ten times as many,
// and so on. From there autovacuum looks after them. Commits would say little: setting up a
// merchant makes some dozens and leaves the tables of orders empty, and then each may bring
// hundreds of rows.
const firstAnalyse = 200

// knownLarge is the number of rows from which on a table's statistics are left to autovacuum.
const knownLarge = 10_000

func (g *growth) add(n int64) {
	if n == 0 {
		return
	}
	after := g.rows.Add(n)
	for at := int64(firstAnalyse); at <= after; at *= 10 {
		if at > after-n {
			select {
			case g.kick <- struct{}{}:
			default:
			}
		}
	}
}

// analyse gathers statistics of tables that were empty until lately. Without them the
// planner takes any index that begins with the merchant, and reads all of its rows for
// each key (measured: 240 verbs/s instead of thousands), until autovacuum comes by. Of a
// table that is known to be large the plans are right already, and each node that starts
// would read it again.
func (d *DB) analyse(g *growth) {
	for {
		select {
		case <-g.kick:
		case <-d.closing.Done():
			return
		}
		for _, t := range []string{"orders", "records", "links", "aliases", "effects", "journal", "changes", "reservations", "followed", "postings", "names", "counts"} {
			small := false
			_, err := d.one(d.closing, `SELECT reltuples < $1 FROM pg_class WHERE oid = to_regclass($2)`, []any{float64(knownLarge), t}, &small)
			if err == nil && small {
				_, err = d.reads.ExecContext(d.closing, "ANALYZE "+t)
			}
			if err != nil && d.closing.Err() == nil {
				d.log.Warn("a table could not be analysed", "table", t, "error", err)
			}
		}
	}
}

// steady makes the server plan each statement once a connection, for every value. All of
// ours look up by keys or walk along an index that is there for them: a plan made while
// tables are small stays right when they have grown, and none is weighed anew for each page
// of a list, which took twice as long as reading it.
func steady(config *pgx.ConnConfig) {
	for _, s := range []string{"enable_seqscan", "enable_hashjoin", "enable_mergejoin"} {
		config.RuntimeParams[s] = "off"
	}
	config.RuntimeParams["plan_cache_mode"] = "force_generic_plan"
}

func (p *pgConn) connect(ctx context.Context) error {
	config := p.config.Copy()
	steady(config)
	config.RuntimeParams["application_name"] = "tongdan writer"
	config.RuntimeParams["idle_in_transaction_session_timeout"] = strconv.FormatInt(idleTime.Milliseconds(), 10)
	c, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return err
	}
	if err := p.d.followHistory(ctx, c); err != nil {
		c.Close(context.WithoutCancel(ctx))
		return err
	}
	p.c = c
	return nil
}

func (p *pgConn) begin(ctx context.Context) error {
	if p.c == nil || p.c.IsClosed() {
		if err := p.connect(ctx); err != nil {
			return err
		}
	}
	p.start, p.xact, p.added = true, "", 0
	return nil
}

func (p *pgConn) batch(list []*stmt) *pgx.Batch {
	b := new(pgx.Batch)
	if p.start {
		b.Queue("BEGIN")
		p.start, p.open = false, true
	}
	for _, s := range list {
		q := b.Queue(s.text, s.args...)
		if s.each == nil {
			q.Exec(func(t pgconn.CommandTag) error {
				s.rows = t.RowsAffected()
				if t.Insert() {
					p.added += s.rows
				}
				return nil
			})
			continue
		}
		q.Query(func(rows pgx.Rows) error {
			for rows.Next() {
				s.rows++
				if err := s.each(rows.Scan); err != nil {
					return err
				}
			}
			return rows.Err()
		})
	}
	return b
}

func (p *pgConn) run(ctx context.Context, list ...*stmt) error {
	if len(list) == 0 {
		return nil
	}
	return p.c.SendBatch(ctx, p.batch(list)).Close()
}

func (p *pgConn) commit(ctx context.Context, list ...*stmt) (lost bool, err error) {
	if p.start && len(list) == 0 {
		p.start = false
		return false, nil
	}
	b := p.batch(list)
	b.Queue("SELECT CAST(pg_current_xact_id_if_assigned() AS TEXT)").QueryRow(func(row pgx.Row) error {
		var id *string
		err := row.Scan(&id)
		if id != nil {
			p.xact = *id
		}
		return err
	})
	b.Queue("COMMIT")
	point.Hit(point.WriteCommit)
	if err = p.c.SendBatch(ctx, b).Close(); err == nil {
		point.Hit(point.WriteCommitted)
		p.open = false
		p.grown.add(p.added)
		return false, nil
	}
	if _, said := errors.AsType[*pgconn.PgError](err); said && !p.c.IsClosed() {
		return false, err
	}
	return p.settle(err)
}

// settle finds out, on a new connection, what became of a commit whose answer was lost.
//
// On another timeline the id may have been given to another transaction, so nobody can
// say. On the same one, a commit that was carried out may not have reached the
// synchronous standby when the server was stopped: one more commit after it makes sure.
func (p *pgConn) settle(cause error) (lost bool, err error) {
	xact, timeline := p.xact, p.d.history.now()
	p.drop()
	if xact == "" {
		// The id comes before COMMIT in the same stream: without it, COMMIT may still
		// have been carried out.
		return true, cause
	}
	ctx, cancel := context.WithTimeout(context.Background(), batchTime)
	defer cancel()
	for wait := 50 * time.Millisecond; ctx.Err() == nil; wait = min(2*wait, 2*time.Second) {
		if err := p.connect(ctx); err != nil {
			time.Sleep(wait)
			continue
		}
		if p.d.history.now() != timeline {
			return true, cause
		}
		var status *string
		if err := p.c.QueryRow(ctx, `SELECT pg_xact_status(CAST($1 AS xid8))`, xact).Scan(&status); err != nil {
			p.drop()
			continue
		}
		switch {
		case status == nil:
			return true, cause
		case *status == "committed":
			if _, err := p.c.Exec(ctx, `UPDATE installation SET id = id WHERE id = 1`); err != nil {
				return true, cause
			}
			return false, nil
		case *status == "aborted":
			return false, cause
		}
		time.Sleep(wait) // in progress: the server has not noticed yet
	}
	return true, cause
}

func (p *pgConn) drop() {
	if p.c != nil {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		p.c.Close(ctx)
	}
	p.c, p.open, p.start = nil, false, false
}

func (p *pgConn) rollback() {
	if !p.open {
		p.start = false
		return
	}
	p.open = false
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	if p.c == nil || p.c.IsClosed() {
		return
	}
	if _, err := p.c.Exec(ctx, "ROLLBACK", pgx.QueryExecModeSimpleProtocol); err != nil {
		p.drop()
	}
}

// wrote: the server's log is everybody's, and counts nobody's bytes apart.
func (p *pgConn) wrote() int64 { return 0 }

func (p *pgConn) close() error {
	p.drop()
	return nil
}

// blamePostgres sorts errors by their class. 22 and 23 are wrong data; 40, 55P03 and
// 57014 come from others; the rest from the place.
func blamePostgres(err error) blame {
	e, ok := errors.AsType[*pgconn.PgError](err)
	switch {
	case !ok:
		return ofPlace
	case strings.HasPrefix(e.Code, "40"), e.Code == "55P03", e.Code == "57014":
		return ofTime
	case strings.HasPrefix(e.Code, "53"), strings.HasPrefix(e.Code, "57P"), strings.HasPrefix(e.Code, "08"), strings.HasPrefix(e.Code, "58"):
		return ofPlace
	}
	return ofVerb
}

// A ringer tells other nodes of commits, and hears of theirs. NOTIFY runs after the
// commit and on a connection of its own: within a transaction that writes, it would
// take a lock of the whole database. It may be lost: readers look for themselves too.
type ringer struct {
	d      *DB
	config *pgx.ConnConfig
	kick   chan struct{}
	mu     sync.Mutex
	set    map[ident.Merchant]bool
}

func (r *ringer) ring(m ident.Merchant) {
	r.mu.Lock()
	r.set[m] = true
	r.mu.Unlock()
	select {
	case r.kick <- struct{}{}:
	default:
	}
}

func (r *ringer) send() {
	pause := time.NewTicker(notifyEvery)
	defer pause.Stop()
	for {
		select {
		case <-r.kick:
		case <-r.d.closing.Done():
			return
		}
		r.mu.Lock()
		list := sortedKeys(r.set, func(a, b ident.Merchant) int { return int(min(max(a-b, -1), 1)) })
		clear(r.set)
		r.mu.Unlock()
		for part := range slices.Chunk(list, 300) { // a payload has less than 8,000 bytes
			words := []string{r.d.owner}
			for _, m := range part {
				words = append(words, idText(int64(m)))
			}
			if _, err := r.d.reads.ExecContext(r.d.closing, `SELECT pg_notify($1, $2)`, bellChannel, strings.Join(words, " ")); err != nil && r.d.closing.Err() == nil {
				r.d.log.Warn("other nodes could not be told of changes; they look every second", "error", err)
			}
		}
		select {
		case <-pause.C:
		case <-r.d.closing.Done():
			return
		}
	}
}

func (r *ringer) listen() {
	for r.d.closing.Err() == nil {
		err := r.hear()
		if r.d.closing.Err() != nil {
			return
		}
		r.d.log.Warn("changes of other nodes cannot be heard; looking every second", "error", err)
		select {
		case <-time.After(pollEvery):
		case <-r.d.closing.Done():
		}
	}
}

func (r *ringer) hear() error {
	ctx := r.d.closing
	config := r.config.Copy()
	config.RuntimeParams["application_name"] = "tongdan bell"
	c, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return err
	}
	defer c.Close(context.WithoutCancel(ctx))
	if _, err := c.Exec(ctx, "LISTEN "+bellChannel); err != nil {
		return err
	}
	for {
		n, err := c.WaitForNotification(ctx)
		if err != nil {
			return fmt.Errorf("waiting: %w", err)
		}
		from, rest, _ := strings.Cut(n.Payload, " ")
		if from == r.d.owner {
			continue
		}
		for f := range strings.FieldsSeq(rest) {
			if id, err := strconv.ParseInt(f, 10, 64); err == nil {
				if err := r.d.look(ctx, ident.Merchant(id)); err != nil {
					return err
				}
			}
		}
	}
}
