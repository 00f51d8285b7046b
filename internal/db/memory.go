package db

import (
	"context"
	"database/sql"
	"errors"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pressly/goose/v3"

	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/internal/lite"
)

// A Memory is an SQLite database that lies in memory and is there until Close, whoever
// has it open: a simulation throws a hub away and opens another on what it had
// committed, or two hubs on one database. It keeps nothing when the process ends.
//
// A database that is opened on it (Options.Memory) takes leases by Options.Now, is not
// locked against a second opening, and expects that all who have it open take turns:
// SQLite's own locks would let them fail, not wait.
//
// All is one connection, whose statements outlive whoever has it open: to prepare them is
// a good part of a short simulation.
type Memory struct {
	name  string
	c     *lite.Conn
	zip   *zipper
	clock atomic.Pointer[func() time.Time] // of whoever has it open

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
	var err error
	if m.zip, err = newZipper(1); err != nil {
		return nil, fault.Wrap(op, err)
	}
	m.zip.zip(zstdMagic) // makes channels: they belong to nobody's bubble of synctest, as they would if they were made later
	m.c, err = lite.Open("file::memory:", lite.Options{Pragmas: []string{"foreign_keys(1)", "temp_store(MEMORY)"}, Plan: unpeeked})
	if err == nil {
		err = m.c.Clock("memory_clock", m.now)
	}
	return m, fault.Wrap(op, err)
}

func (m *Memory) now() (ms int64, ok bool) {
	now := m.clock.Load()
	if now == nil {
		return 0, false
	}
	return (*now)().UnixMilli(), true
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
	list := []string{"BEGIN"}
	_, err := m.c.Run(`SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name <> 'goose_db_version'`, nil, func(scan scanFunc) error {
		var name string
		err := scan(&name)
		list = append(list, "DELETE FROM "+name)
		return err
	})
	for _, text := range append(list, "COMMIT") {
		if err == nil {
			_, err = m.c.Run(text, nil, nil)
		}
	}
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
	if err := to.c.CopyOf(m.c); err != nil {
		return nil, errors.Join(fault.Wrap(op, err), to.Close())
	}
	return to, nil
}

// Close forgets the content, once nobody has it open any more.
func (m *Memory) Close() error { return m.c.Close() }

// openMemory opens it as openSQLite opens a file.
func (d *DB) openMemory(m *Memory) error {
	if err := m.Migrate(); err != nil {
		return err
	}
	d.local = func(_ context.Context, f func(*lite.Conn) error) error { return f(m.c) }
	d.place = "memory " + m.name
	d.eng = sqliteEngine()
	d.eng.writers = func(context.Context) ([]conn, error) {
		return []conn{lent{&sqliteConn{c: m.c, wal: new(atomic.Int64)}, m}}, nil
	}
	d.eng.blame = func(err error) blame {
		if _, ok := errors.AsType[failure](err); ok {
			return ofPlace
		}
		return blameSQLite(err)
	}
	m.clock.Store(&d.now)
	d.eng.clock = func() string { return "memory_clock()" }
	d.zip = m.zip
	return nil
}

// Migrate gives it the schema of this program, before anybody opens it: copies of it then
// need none. It is quick where there is nothing to do: thousands of them are opened.
func (m *Memory) Migrate() error {
	const op = "db.Memory.Migrate"
	if version, err := m.Count(`SELECT MAX(version_id) FROM goose_db_version`); err == nil && version == schemaNow() { // an empty database has no such table
		return nil
	}
	// goose works through database/sql, on a database that both can open.
	uri := "file:/" + m.name + "?vfs=memdb"
	pool, err := sql.Open("sqlite", uri+"&_pragma=foreign_keys(1)")
	if err != nil {
		return fault.Wrap(op, err)
	}
	defer pool.Close()
	pool.SetMaxOpenConns(1)
	if err := new(DB).migrate(context.Background(), pool, goose.DialectSQLite3, "sqlite"); err != nil {
		return err
	}
	made, err := lite.Open(uri, lite.Options{})
	if err != nil {
		return fault.Wrap(op, err)
	}
	return fault.Wrap(op, errors.Join(m.c.CopyOf(made), made.Close()))
}

var schemaNow = sync.OnceValue(newestMigration)

// Count counts rows that are committed, for whoever checks what others say.
func (m *Memory) Count(query string, args ...any) (n int64, err error) {
	_, err = m.c.Run(query, args, func(scan scanFunc) error { return scan(&n) })
	return n, err
}
