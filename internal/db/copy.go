package db

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"net/url"
	"os"
	"path/filepath"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"modernc.org/sqlite"

	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/ident"
)

// What backup and restore need of a database that is not opened as one's own: it may be
// at work in another process, be older or newer than this program, or lie in a file that
// nobody works on.

// SQLiteFile is the name of the database's file in its folder.
const SQLiteFile = sqliteFile

// KeyID names a master key without telling it: what a backup says about the key it needs.
func KeyID(key [32]byte) string {
	mac := hmac.New(sha256.New, key[:])
	mac.Write([]byte("tongdan key id"))
	return hex.EncodeToString(mac.Sum(nil)[:8])
}

// NewestSchema is the version of the schema that this program brings a database to.
func NewestSchema() int64 { return newestMigration() }

// Facts are what a copy of a database is compared with.
type Facts struct {
	Engine       string              `json:"engine"` // sqlite or postgres
	Schema       int64               `json:"schema"` // version
	Installation string              `json:"installation"`
	Counts       map[string]int64    `json:"counts"` // rows, by table
	Feeds        map[string]Position `json:"feeds"`  // by merchant
}

// A Position is how far a merchant's feed is.
type Position struct {
	Epoch int64 `json:"epoch"`
	Seq   int64 `json:"seq"`
}

// A Raw is a database that is looked at from outside, without migrating it or taking it
// over. It is for one goroutine.
type Raw struct {
	pool   *sql.DB
	engine string
}

// OpenRaw opens the SQLite file at a path, or with a postgres:// address that database.
func OpenRaw(ctx context.Context, place string) (*Raw, error) {
	const op = "db.OpenRaw"
	if config, ok := postgresConfig(place); ok {
		if config == nil {
			return nil, fault.New(op, fault.Invalid, "DATABASE_URL is not a PostgreSQL URL; write postgres://user:password@host:5432/name")
		}
		r := &Raw{stdlib.OpenDB(*config), "postgres"}
		if err := r.pool.PingContext(ctx); err != nil {
			return nil, errors.Join(&fault.Error{Op: op, Code: fault.Unavailable, Words: "the database does not answer: " + config.Host, Err: err}, r.Close())
		}
		return r, nil
	}
	if _, err := os.Stat(place); err != nil {
		return nil, &fault.Error{Op: op, Code: fault.NotFound, Words: "there is no database in " + filepath.Dir(place), Err: err}
	}
	dsn := "file:" + (&url.URL{Path: place}).EscapedPath() + "?_pragma=busy_timeout(" + busyWait + ")"
	pool, err := sql.Open("sqlite", dsn)
	if err != nil {
		return nil, fault.Wrap(op, err)
	}
	pool.SetMaxOpenConns(1)
	return &Raw{pool, "sqlite"}, nil
}

func postgresConfig(place string) (config *pgx.ConnConfig, is bool) {
	u, err := url.Parse(place)
	if err != nil || u.Scheme != "postgres" && u.Scheme != "postgresql" {
		return nil, false
	}
	config, err = pgx.ParseConfig(place)
	if err != nil {
		return nil, true
	}
	return config, true
}

// Close gives the connection back.
func (r *Raw) Close() error { return r.pool.Close() }

// queries of a connection or of a transaction.
type queries interface {
	QueryContext(ctx context.Context, text string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, text string, args ...any) *sql.Row
}

func (r *Raw) tables(ctx context.Context, q queries) ([]string, error) {
	text := `SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name`
	if r.engine == "postgres" {
		text = `SELECT CAST(table_name AS TEXT) FROM information_schema.tables WHERE table_schema = current_schema() AND table_type = 'BASE TABLE' ORDER BY 1`
	}
	rows, err := q.QueryContext(ctx, text)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []string
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			return nil, err
		}
		out = append(out, name)
	}
	return out, rows.Err()
}

// Empty reports whether nothing is in the database yet.
func (r *Raw) Empty(ctx context.Context) (bool, error) {
	list, err := r.tables(ctx, r.pool)
	return len(list) == 0, fault.Wrap("db.Empty", err)
}

// Size is about how many bytes the database has on its disk.
func (r *Raw) Size(ctx context.Context) (n int64, err error) {
	text := `SELECT page_count * page_size FROM pragma_page_count, pragma_page_size`
	if r.engine == "postgres" {
		text = `SELECT pg_database_size(current_database())`
	}
	err = r.pool.QueryRowContext(ctx, text).Scan(&n)
	return n, fault.Wrap("db.Size", err)
}

// Facts counts what is in the database.
func (r *Raw) Facts(ctx context.Context) (Facts, error) { return r.facts(ctx, r.pool) }

func (r *Raw) facts(ctx context.Context, q queries) (Facts, error) {
	const op = "db.Facts"
	f := Facts{Engine: r.engine, Counts: map[string]int64{}, Feeds: map[string]Position{}}
	list, err := r.tables(ctx, q)
	if err != nil {
		return f, fault.Wrap(op, err)
	}
	for _, t := range list {
		if t == "goose_db_version" {
			continue
		}
		var n int64
		if err := q.QueryRowContext(ctx, `SELECT COUNT(*) FROM "`+t+`"`).Scan(&n); err != nil {
			return f, fault.Wrap(op, err)
		}
		f.Counts[t] = n
	}
	if _, ok := f.Counts["installation"]; !ok {
		return f, fault.New(op, fault.NotFound, "this is no database of Tongdan")
	}
	if err := q.QueryRowContext(ctx, `SELECT COALESCE(MAX(version_id), 0) FROM goose_db_version`).Scan(&f.Schema); err != nil {
		return f, fault.Wrap(op, err)
	}
	if err := q.QueryRowContext(ctx, `SELECT name FROM installation WHERE id = 1`).Scan(&f.Installation); err != nil {
		return f, fault.Wrap(op, err)
	}
	rows, err := q.QueryContext(ctx, `SELECT merchant_id, epoch, seq FROM feeds`)
	if err != nil {
		return f, fault.Wrap(op, err)
	}
	defer rows.Close()
	for rows.Next() {
		var m ident.Merchant
		var p Position
		if err := rows.Scan(&m, &p.Epoch, &p.Seq); err != nil {
			return f, fault.Wrap(op, err)
		}
		f.Feeds[m.String()] = p
	}
	return f, fault.Wrap(op, rows.Err())
}

// Fits fails with fault.Unauthorized when a master key is not the one that the database
// was made with.
func (r *Raw) Fits(ctx context.Context, key [32]byte) error {
	const op = "db.Fits"
	var proof []byte
	if err := r.pool.QueryRowContext(ctx, `SELECT proof FROM installation WHERE id = 1`).Scan(&proof); err != nil {
		return fault.Wrap(op, err)
	}
	k, err := newKeyring(key)
	if err != nil {
		return fault.Wrap(op, err)
	}
	if _, err := k.openMaster(proof, "installation"); err != nil {
		return fault.New(op, fault.Unauthorized, "the master key is not the one that this database was made with; give the right key")
	}
	return nil
}

// MarkCopy writes into a copy that it is one, so that it is disarmed wherever it is
// opened. Never on a database that is at work.
func (r *Raw) MarkCopy(ctx context.Context) error {
	_, err := r.pool.ExecContext(ctx, `UPDATE installation SET armed = 0, print = 'a copy' WHERE id = 1`)
	return fault.Wrap("db.MarkCopy", err)
}

// CopySQLite copies the database of a folder into a file that does not exist yet, also
// while another process works on it: in one step, so that its writes do not make the copy
// begin anew, and beside its writer, which does not wait. What is committed before the
// call is in the copy.
func CopySQLite(ctx context.Context, dir, into string) error {
	const op = "db.CopySQLite"
	if _, err := os.Lstat(into); err == nil {
		return fault.New(op, fault.Conflict, into+" exists")
	}
	r, err := OpenRaw(ctx, filepath.Join(dir, sqliteFile))
	if err != nil {
		return fault.Wrap(op, err)
	}
	defer r.Close()
	c, err := r.pool.Conn(ctx)
	if err != nil {
		return fault.Wrap(op, err)
	}
	defer c.Close()
	err = c.Raw(func(dc any) error {
		b, err := dc.(interface {
			NewBackup(string) (*sqlite.Backup, error)
		}).NewBackup("file:" + (&url.URL{Path: into}).EscapedPath() + "?_pragma=journal_mode(OFF)&_pragma=synchronous(OFF)")
		if err != nil {
			return err
		}
		for more := true; more && err == nil; {
			more, err = b.Step(-1)
		}
		return errors.Join(err, b.Finish())
	})
	if err != nil {
		return fault.Wrap(op, err)
	}
	// One file without a log beside it, whatever the original's habits.
	copied, err := OpenRaw(ctx, into)
	if err != nil {
		return fault.Wrap(op, err)
	}
	_, err = copied.pool.ExecContext(ctx, `PRAGMA journal_mode = DELETE`)
	return fault.Wrap(op, errors.Join(err, copied.Close()))
}

// Sound fails when the pages of an SQLite file do not hang together.
func (r *Raw) Sound(ctx context.Context) error {
	const op = "db.Sound"
	if r.engine != "sqlite" {
		return nil // PostgreSQL's restore reads and checks every row
	}
	var said string
	if err := r.pool.QueryRowContext(ctx, `PRAGMA quick_check(1)`).Scan(&said); err != nil {
		return fault.Wrap(op, err)
	}
	if said != "ok" {
		return fault.New(op, fault.Internal, "the copy is damaged: "+said)
	}
	return nil
}

// Snapshot holds one state of a PostgreSQL database still while f copies it by the name
// of the snapshot, and gives the facts of that state.
func (r *Raw) Snapshot(ctx context.Context, f func(name string) error) (Facts, error) {
	const op = "db.Snapshot"
	tx, err := r.pool.BeginTx(ctx, &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true})
	if err != nil {
		return Facts{}, fault.Wrap(op, err)
	}
	defer tx.Rollback()
	if _, err := tx.ExecContext(ctx, `SET LOCAL idle_in_transaction_session_timeout = 0`); err != nil {
		return Facts{}, fault.Wrap(op, err)
	}
	var name string
	if err := tx.QueryRowContext(ctx, `SELECT pg_export_snapshot()`).Scan(&name); err != nil {
		return Facts{}, fault.Wrap(op, err)
	}
	if err := f(name); err != nil {
		return Facts{}, err
	}
	return r.facts(ctx, tx)
}

// MakeDatabase makes an empty database beside a PostgreSQL database and gives its
// address; Drop it when done.
func (r *Raw) MakeDatabase(ctx context.Context, address, name string) (string, error) {
	const op = "db.MakeDatabase"
	u, err := url.Parse(address)
	if err != nil {
		return "", fault.New(op, fault.Invalid, "DATABASE_URL is not a PostgreSQL URL")
	}
	if _, err := r.pool.ExecContext(ctx, `CREATE DATABASE "`+name+`" TEMPLATE template0`); err != nil {
		return "", &fault.Error{Op: op, Code: fault.Forbidden, Words: "a database to restore into for the check could not be made; allow it: ALTER ROLE … CREATEDB", Err: err}
	}
	u.Path = "/" + name
	return u.String(), nil
}

// Databases lists the databases of the server whose names begin with a word.
func (r *Raw) Databases(ctx context.Context, prefix string) ([]string, error) {
	rows, err := r.pool.QueryContext(ctx, `SELECT datname FROM pg_database WHERE starts_with(CAST(datname AS TEXT), $1) ORDER BY datname`, prefix)
	if err != nil {
		return nil, fault.Wrap("db.Databases", err)
	}
	defer rows.Close()
	var out []string
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			return nil, fault.Wrap("db.Databases", err)
		}
		out = append(out, name)
	}
	return out, fault.Wrap("db.Databases", rows.Err())
}

// DropDatabase drops what MakeDatabase made.
func (r *Raw) DropDatabase(ctx context.Context, name string) error {
	_, err := r.pool.ExecContext(ctx, `DROP DATABASE IF EXISTS "`+name+`" WITH (FORCE)`)
	return fault.Wrap("db.DropDatabase", err)
}
