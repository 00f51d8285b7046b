package db

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pressly/goose/v3"
	"modernc.org/sqlite"

	"github.com/tongdan/tongdan/fault"
)

// A Memory is an SQLite database that lies in memory and is there until Close, whoever
// has it open: a simulation throws a hub away and opens another on what it had
// committed, or two hubs on one database. It keeps nothing when the process ends.
//
// A database that is opened on it (Options.Memory) takes leases by Options.Now, is not
// locked against a second opening, and expects that all who have it open take turns:
// SQLite's own locks would let them fail, not wait.
//
// Its connections and their statements are its own and outlive whoever has it open: to
// make them is a good part of a short simulation.
type Memory struct {
	name   string
	keep   *sql.DB // counts, copies, empties
	writer *sql.DB
	reads  *sql.DB
	conn   conn     // of writer
	stmts  sync.Map // text → *sql.Stmt of reads
	counts sync.Map // text → *sql.Stmt of Count
	zip    *zipper
	clock  atomic.Pointer[func() time.Time] // of whoever has it open

	// Fail, when it is set, is asked before each statement and around each commit whether
	// it fails: an error that it gives is taken for one of the disk, or of a connection
	// that was lost. It must not be changed while a statement runs.
	Fail func(Moment) error
}

// A Moment is one at which a Memory may be made to fail.
type Moment string

// The moments.
const (
	Reading    Moment = "read"        // of the reads beside the writer
	Writing    Moment = "statement"   // of the writer
	Committing Moment = "commit"      // nothing is committed
	Committed  Moment = "lost answer" // it is committed, and nobody is told
)

// failure marks an error that a Memory was made to fail with.
type failure struct{ error }

func (f failure) Unwrap() error { return f.error }

// fail asks whether a statement fails; the nil Memory never does.
func (m *Memory) fail(at Moment) error {
	if m == nil || m.Fail == nil {
		return nil
	}
	if err := m.Fail(at); err != nil {
		return failure{err}
	}
	return nil
}

var memories atomic.Int64

// NewMemory makes an empty one.
func NewMemory() (*Memory, error) {
	const op = "db.NewMemory"
	m := &Memory{name: "tongdan" + strconv.FormatInt(memories.Add(1), 10)}
	registerClock()
	clocks.Store(m.name, m)
	var err error
	if m.zip, err = newZipper(); err == nil {
		m.zip.zip(zstdMagic) // makes channels: they belong to nobody's bubble of synctest, as they would if they were made later
		m.keep, err = m.open("")
	}
	if err == nil {
		err = m.keep.Ping()
	}
	if err == nil {
		m.writer, err = m.open("&_txlock=immediate")
	}
	if err == nil {
		m.reads, err = m.open("&_pragma=query_only(1)")
	}
	return m, fault.Wrap(op, err)
}

// clocks has every Memory by its name, for the function of SQL that tells the time of
// whoever has it open. The moment itself in the text of a statement would make each a new one.
var clocks sync.Map

var registerClock = sync.OnceFunc(func() {
	sqlite.MustRegisterScalarFunction("memory_clock", 1, func(_ *sqlite.FunctionContext, args []driver.Value) (driver.Value, error) {
		if m, ok := clocks.Load(args[0]); ok {
			if now := m.(*Memory).clock.Load(); now != nil {
				return (*now)().UnixMilli(), nil
			}
		}
		return nil, errors.New("nobody has this memory open")
	})
})

// writers gives the one connection that writes, to whoever's turn it is.
func (m *Memory) writers(ctx context.Context) ([]conn, error) {
	if m.conn == nil {
		list, err := sqliteWriter("db.Memory", m.writer, new(atomic.Int64))(ctx)
		if err != nil {
			return nil, err
		}
		m.conn = list[0]
	}
	return []conn{lent{m.conn, m}}, nil
}

// lent is a connection that stays open when its user closes it, and that fails when it is
// told to.
type lent struct {
	conn
	of *Memory
}

func (l lent) close() error { return nil }

func (l lent) run(ctx context.Context, list ...*stmt) error {
	if err := l.of.fail(Writing); err != nil {
		return err
	}
	return l.conn.run(ctx, list...)
}

func (l lent) commit(ctx context.Context, list ...*stmt) (lost bool, err error) {
	if err := l.of.fail(Committing); err != nil {
		return false, err
	}
	if lost, err = l.conn.commit(ctx, list...); err != nil {
		return lost, err
	}
	err = l.of.fail(Committed)
	return err != nil, err
}

// Empty deletes everything but the schema. Nobody may have it open.
func (m *Memory) Empty() error {
	const op = "db.Memory.Empty"
	ctx := context.Background()
	var tables []string
	rows, err := m.keep.QueryContext(ctx, `SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name <> 'goose_db_version'`)
	if err != nil {
		return fault.Wrap(op, err)
	}
	defer rows.Close()
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			return fault.Wrap(op, err)
		}
		tables = append(tables, "DELETE FROM "+name)
	}
	if err := rows.Err(); err != nil {
		return fault.Wrap(op, err)
	}
	_, err = m.keep.ExecContext(ctx, "BEGIN; "+strings.Join(tables, "; ")+"; COMMIT")
	return fault.Wrap(op, err)
}

// Copy makes another with the same content, as a restored backup would be: whoever opens
// it finds that it lies in another place.
func (m *Memory) Copy() (*Memory, error) {
	const op = "db.Memory.Copy"
	to, err := NewMemory()
	if err != nil {
		return nil, fault.Wrap(op, err)
	}
	c, err := to.keep.Conn(context.Background())
	if err != nil {
		return nil, fault.Wrap(op, err)
	}
	defer c.Close()
	err = c.Raw(func(raw any) error {
		r, ok := raw.(interface {
			NewRestore(string) (*sqlite.Backup, error)
		})
		if !ok {
			return errors.New("the driver offers no copy")
		}
		b, err := r.NewRestore(m.uri())
		if err != nil {
			return err
		}
		for more := true; more && err == nil; {
			more, err = b.Step(-1)
		}
		return errors.Join(err, b.Finish())
	})
	if err != nil {
		return nil, errors.Join(fault.Wrap(op, err), to.Close())
	}
	return to, nil
}

// Close forgets the content, once nobody has it open any more.
func (m *Memory) Close() error {
	var errs []error
	clocks.Delete(m.name)
	for _, stmts := range []*sync.Map{&m.stmts, &m.counts} {
		stmts.Range(func(_, s any) bool {
			errs = append(errs, s.(*sql.Stmt).Close())
			return true
		})
	}
	if m.conn != nil {
		errs = append(errs, m.conn.close())
	}
	for _, pool := range []*sql.DB{m.reads, m.writer, m.keep} {
		if pool != nil {
			errs = append(errs, pool.Close())
		}
	}
	return errors.Join(errs...)
}

func (m *Memory) uri() string { return "file:/" + m.name + "?vfs=memdb" }

func (m *Memory) open(extra string) (*sql.DB, error) {
	pool, err := sql.Open("sqlite", m.uri()+"&_pragma=journal_mode(MEMORY)&_pragma=synchronous(OFF)&_pragma=foreign_keys(1)&_pragma=temp_store(MEMORY)"+extra)
	if err != nil {
		return nil, err
	}
	pool.SetMaxOpenConns(1)
	pool.SetMaxIdleConns(1)
	return pool, nil
}

// openMemory opens it as openSQLite opens a file.
func (d *DB) openMemory(ctx context.Context, m *Memory) error {
	if err := migrateMemory(ctx, d, m.keep); err != nil {
		return err
	}
	d.reads, d.stmts = m.reads, &m.stmts
	d.place = "memory " + m.name
	d.eng = sqliteEngine()
	d.eng.writers = m.writers
	d.eng.blame = func(err error) blame {
		if _, ok := errors.AsType[failure](err); ok {
			return ofPlace
		}
		return blameSQLite(err)
	}
	m.clock.Store(&d.now)
	d.eng.clock = func() string { return "memory_clock('" + m.name + "')" }
	d.zip = m.zip
	return nil
}

// migrateMemory is migrate, but quick where there is nothing to do: thousands of them are
// opened.
func migrateMemory(ctx context.Context, d *DB, pool *sql.DB) error {
	var version int64
	_ = pool.QueryRowContext(ctx, `SELECT MAX(version_id) FROM goose_db_version`).Scan(&version) // an empty database has no such table
	if version == newestMigration() {
		return nil
	}
	return d.migrate(ctx, pool, goose.DialectSQLite3, "sqlite")
}

// Migrate gives it the schema of this program, before anybody opens it: copies of it then
// need none.
func (m *Memory) Migrate() error { return migrateMemory(context.Background(), new(DB), m.keep) }

// Count counts rows that are committed, for whoever checks what others say.
func (m *Memory) Count(ctx context.Context, query string, args ...any) (n int64, err error) {
	s, ok := m.counts.Load(query)
	if !ok {
		made, err := m.keep.PrepareContext(ctx, query)
		if err != nil {
			return 0, err
		}
		m.counts.Store(query, made)
		s = made
	}
	err = s.(*sql.Stmt).QueryRowContext(ctx, args...).Scan(&n)
	return n, err
}
