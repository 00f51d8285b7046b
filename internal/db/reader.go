package db

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/tongdan/tongdan/fault"
)

// OpenReader opens a database only to read, also beside the process that serves it: a
// SQLite folder is not locked, nothing is migrated, nothing can be written. It fails with
// fault.NotFound when there is no database, with fault.Conflict when its schema is not
// this program's, and with fault.Unauthorized when the master key is not its own.
func OpenReader(ctx context.Context, o Options) (*DB, error) {
	const op = "db.OpenReader"
	d := &DB{now: o.Now, log: o.Log, owner: random("r"), bell: newBell(), turns: newTurns(), queue: newQueue(), health: newHealth()}
	d.queue.close() // whoever wants to write is refused
	if d.now == nil {
		d.now = time.Now
	}
	if d.log == nil {
		d.log = slog.Default()
	}
	d.closing, d.stop = context.WithCancel(context.Background())
	err := d.openReads(ctx, o)
	if err == nil {
		err = d.beginReading(ctx, o)
	}
	if err != nil {
		return nil, errors.Join(fault.Wrap(op, err), d.Close())
	}
	return d, nil
}

func (d *DB) openReads(ctx context.Context, o Options) error {
	const op = "db.openReads"
	if o.URL == "" {
		file := filepath.Join(o.Dir, sqliteFile)
		if _, err := os.Stat(file); err != nil {
			return &fault.Error{Op: op, Code: fault.NotFound, Words: "there is no database in this folder", Err: err}
		}
		d.eng = sqliteEngine()
		d.readFile(file, "?mode=rw")
		return nil
	}
	config, err := pgx.ParseConfig(o.URL)
	if err != nil {
		return fault.New(op, fault.Invalid, "DATABASE_URL is not a PostgreSQL URL; write postgres://user:password@host:5432/name")
	}
	config.RuntimeParams["default_transaction_read_only"] = "on"
	d.eng = postgresEngine()
	d.reads = stdlib.OpenDB(*config)
	d.reads.SetMaxOpenConns(4)
	d.closers = append(d.closers, d.reads.Close)
	if err := d.reads.PingContext(ctx); err != nil {
		return &fault.Error{Op: op, Code: fault.Unavailable, Words: "the database does not answer: " + config.Host, Err: err}
	}
	return nil
}

func (d *DB) beginReading(ctx context.Context, o Options) error {
	const op = "db.beginReading"
	var err error
	if d.keys, err = newKeyring(o.Key); err != nil {
		return err
	}
	if d.zip, err = newZipper(runtime.GOMAXPROCS(0)); err != nil {
		return err
	}
	var at int64
	if _, err := d.one(ctx, `SELECT COALESCE(MAX(version_id), 0) FROM goose_db_version WHERE is_applied`, nil, &at); err != nil {
		return &fault.Error{Op: op, Code: fault.NotFound, Words: "this is no database of Tongdan, or it was never opened by tongdan serve", Err: err}
	}
	if newest := newestMigration(); at != newest {
		return fault.New(op, fault.Conflict, "the database has the schema "+strconv.FormatInt(at, 10)+" and this program "+strconv.FormatInt(newest, 10)+
			"; use the program that serves it")
	}
	var proof []byte
	if _, err := d.one(ctx, `SELECT proof FROM installation WHERE id = 1`, nil, &proof); err != nil {
		return err
	}
	if _, err := d.keys.openMaster(proof, "installation"); err != nil {
		return fault.New(op, fault.Unauthorized, "the master key is not the one that this database was made with; give the right key")
	}
	return d.loadDirectory(ctx)
}

// newestMigration is the version of the schema that this program knows.
func newestMigration() (newest int64) {
	files, _ := fs.Glob(migrations, "migrations/sqlite/*.sql")
	for _, f := range files {
		number, _, _ := strings.Cut(filepath.Base(f), "_")
		n, _ := strconv.ParseInt(number, 10, 64)
		newest = max(newest, n)
	}
	return newest
}
