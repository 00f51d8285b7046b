package db

import (
	"context"
	"database/sql"
	"errors"
	"strconv"
	"sync/atomic"

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
type Memory struct {
	name string
	keep *sql.DB
}

var memories atomic.Int64

// NewMemory makes an empty one.
func NewMemory() (*Memory, error) {
	m := &Memory{name: "tongdan" + strconv.FormatInt(memories.Add(1), 10)}
	var err error
	if m.keep, err = m.open(""); err == nil {
		err = m.keep.Ping()
	}
	return m, fault.Wrap("db.NewMemory", err)
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
func (m *Memory) Close() error { return m.keep.Close() }

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
	const op = "db.openMemory"
	writer, err := m.open("&_txlock=immediate")
	if err != nil {
		return fault.Wrap(op, err)
	}
	d.closers = append(d.closers, writer.Close)
	if err := migrateMemory(ctx, d, writer); err != nil {
		return err
	}
	if d.reads, err = m.open("&_pragma=query_only(1)"); err != nil {
		return fault.Wrap(op, err)
	}
	d.closers = append(d.closers, d.reads.Close)
	d.place = "memory " + m.name
	d.eng = sqliteEngine()
	d.eng.writers = sqliteWriter(op, writer, new(atomic.Int64))
	d.eng.clock = func() string { return strconv.FormatInt(d.now().UnixMilli(), 10) }
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
	err = m.keep.QueryRowContext(ctx, query, args...).Scan(&n)
	return n, err
}
