package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/pressly/goose/v3"
	_ "modernc.org/sqlite" // for goose
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/internal/lite"
	"github.com/tongdan/tongdan/internal/point"
)

const (
	sqliteFile      = "tongdan.db"
	lockFile        = "tongdan.lock"
	checkpointEvery = 250 * time.Millisecond
	walPage         = 4096      // SQLite's own choice
	maxWAL          = 128 << 20 // bytes; past it the writer itself finishes the checkpoint
	busyWait        = "10000"   // ms that a statement waits for another process
	restartWait     = "10"      // ms that the WAL's beginning anew waits for readers
	restartAgain    = time.Second
	fileReaders     = 4
)

// openSQLite opens the file in a folder. The folder is locked for this process: a
// second one would own lanes too.
func (d *DB) openSQLite(ctx context.Context, dir string) error {
	const op = "db.openSQLite"
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return &fault.Error{Op: op, Code: fault.Invalid, Words: "the folder for the data cannot be made", Err: err}
	}
	if err := d.lockDir(dir); err != nil {
		return err
	}
	file := filepath.Join(dir, sqliteFile)
	if err := d.migrateFile(ctx, file); err != nil {
		return err
	}
	writer, err := openFile(file, "", 1)
	if err != nil {
		return fault.Wrap(op, err)
	}
	checkpoints, err := openFile(file, "", 1)
	if err != nil {
		return errors.Join(fault.Wrap(op, err), writer.Close())
	}
	d.readFile(file, "")
	d.closers = append(d.closers, checkpoints.Close, writer.Close) // whoever writes closes his own; he does not come to it when opening fails
	d.place, d.folder = placeOf(file), dir
	wal := new(atomic.Int64) // bytes in the WAL, as last looked at
	d.work.Go(func() { d.checkpoint(checkpoints, wal) })
	d.eng = sqliteEngine()
	d.eng.writers = func(context.Context) ([]conn, error) { return []conn{&sqliteConn{c: writer, wal: wal}}, nil }
	return nil
}

// reading gives f a connection to SQLite that reads, for as long as f lasts. What f gives
// back is given back as it is.
type reading func(ctx context.Context, f func(*lite.Conn) error) error

// readFile reads from a file, on at most four connections.
func (d *DB) readFile(file, query string) {
	pool := lite.NewPool(fileReaders, func() (*lite.Conn, error) { return openFile(file, query, fileReaders, "query_only(1)") })
	d.closers = append(d.closers, pool.Close)
	d.local = func(ctx context.Context, f func(*lite.Conn) error) error {
		asked := false
		err := pool.Do(ctx, func(c *lite.Conn) error {
			asked = true
			return f(c)
		})
		if asked && ctx.Err() == nil {
			return err
		}
		return storeError(err)
	}
}

// sqliteEngine is SQLite without connections that write.
func sqliteEngine() *engine {
	return &engine{
		name:  "sqlite",
		local: true,
		clock: func() string { return "CAST(unixepoch('subsec') * 1000 AS INTEGER)" },
		aside: "+",
		blame: blameSQLite,
		taken: func(err error) bool {
			e, ok := errors.AsType[*lite.Error](err)
			return ok && (e.Code() == sqlite3.SQLITE_CONSTRAINT_UNIQUE || e.Code() == sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY)
		},
	}
}

func (d *DB) lockDir(dir string) error {
	const op = "db.lockDir"
	f, err := os.OpenFile(filepath.Join(dir, lockFile), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return &fault.Error{Op: op, Code: fault.Invalid, Words: "the folder for the data cannot be written to", Err: err}
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		f.Close()
		return &fault.Error{Op: op, Code: fault.Conflict, Words: "another process uses this folder; stop it, or give another folder", Err: err}
	}
	d.closers = append(d.closers, f.Close)
	return nil
}

// filePragmas are the settings of each of so many connections to a file, which share 64 MB
// of memory: as much for the writer as for all readers.
func filePragmas(conns int) []string {
	return []string{"journal_mode(WAL)", "synchronous(FULL)", "foreign_keys(1)", "busy_timeout(" + busyWait + ")",
		"wal_autocheckpoint(0)", fmt.Sprintf("cache_size(-%d)", 65536/conns), "temp_store(MEMORY)", "mmap_size(268435456)"}
}

func fileURI(file string) string { return "file:" + (&url.URL{Path: file}).EscapedPath() }

func openFile(file, query string, conns int, more ...string) (*lite.Conn, error) {
	pragmas := append([]string{"busy_timeout(" + busyWait + ")"}, filePragmas(conns)...) // to begin with the WAL takes a lock
	return lite.Open(fileURI(file)+query, lite.Options{Pragmas: append(pragmas, more...), Plan: unpeeked})
}

// migrateFile brings the schema up to date, through database/sql, as goose wants it.
func (d *DB) migrateFile(ctx context.Context, file string) error {
	q := make(url.Values)
	for _, p := range filePragmas(1) {
		q.Add("_pragma", p)
	}
	pool, err := sql.Open("sqlite", fileURI(file)+"?"+q.Encode()+"&_txlock=immediate")
	if err != nil {
		return fault.Wrap("db.migrateFile", err)
	}
	pool.SetMaxOpenConns(1)
	return errors.Join(d.migrate(ctx, pool, goose.DialectSQLite3, "sqlite"), pool.Close())
}

// checkpoint moves the WAL into the file beside the writer, which otherwise does it
// inside a commit, where everybody waits. When all of it has been moved, SQLite itself
// begins the WAL anew with the next write; that happens whenever a moment is quiet. Where
// none is, wal grows past maxWAL and the writer finishes the little that was written
// since the last look.
func (d *DB) checkpoint(c *lite.Conn, wal *atomic.Int64) {
	tick := time.NewTicker(checkpointEvery)
	defer tick.Stop()
	for {
		select {
		case <-d.closing.Done():
			return
		case <-tick.C:
		}
		var busy, frames, moved int64
		if _, err := c.Run("PRAGMA wal_checkpoint(PASSIVE)", nil, func(scan scanFunc) error { return scan(&busy, &frames, &moved) }); err != nil {
			d.log.Warn("the checkpoint failed", "error", err)
			continue
		}
		wal.Store(frames * walPage) // not the file's size, which stays what it once was
	}
}

// sqliteConn is the one connection that writes.
type sqliteConn struct {
	c      *lite.Conn
	wal    *atomic.Int64
	open   bool
	notYet time.Time // readers were in the way of that until lately
}

// unpeeked hides bound values from the planner. SQLite looks at the value of a parameter
// while it prepares, for a LIMIT and wherever a partial index might serve, and therefore
// prepares the statement anew each time one is bound, even an equal one: that is half of
// the time of a short read. An expression it does not look into.
func unpeeked(text string) string { return peeked.Replace(text) }

var peeked = strings.NewReplacer("LIMIT $", "LIMIT 0 + $", "= $", "= +$", "< $", "< +$", "> $", "> +$")

func (s *sqliteConn) plain(text string) error {
	_, err := s.c.Run(text, nil, nil)
	return err
}

func (s *sqliteConn) begin(context.Context) error {
	if err := s.plain("BEGIN IMMEDIATE"); err != nil {
		return err
	}
	s.open = true
	return nil
}

func (s *sqliteConn) run(_ context.Context, list ...*stmt) error {
	for _, q := range list {
		if err := s.do(q); err != nil {
			return err
		}
	}
	return nil
}

func (s *sqliteConn) do(q *stmt) (err error) {
	q.rows, err = s.c.Run(q.text, q.args, q.each)
	return err
}

func (s *sqliteConn) commit(ctx context.Context, list ...*stmt) (lost bool, err error) {
	if err := s.run(ctx, list...); err != nil {
		return false, err
	}
	point.Hit(point.WriteCommit)
	if err := s.plain("COMMIT"); err != nil {
		return false, err
	}
	point.Hit(point.WriteCommitted)
	s.open = false
	if s.wal.Load() > maxWAL {
		s.truncate()
	}
	return false, nil
}

func (s *sqliteConn) rollback() {
	if s.open {
		s.plain("ROLLBACK") // fails when SQLite has ended the transaction itself, which is as good
		s.open = false
	}
}

// truncate lets the WAL begin anew, unless somebody reads what is older than all of it: a
// backup, say. It waits for that a moment only, since everybody who writes waits with it,
// and comes again a little later.
func (s *sqliteConn) truncate() {
	if time.Now().Before(s.notYet) {
		return
	}
	s.plain("PRAGMA busy_timeout = " + restartWait)
	busy := true
	_ = s.do(&stmt{text: "PRAGMA wal_checkpoint(RESTART)", each: func(scan scanFunc) error {
		return scan(&busy, new(int64), new(int64))
	}})
	s.plain("PRAGMA busy_timeout = " + busyWait)
	if busy {
		s.notYet = time.Now().Add(restartAgain)
		return
	}
	s.wal.Store(0)
}

// wrote counts the pages that left the cache, which in WAL mode go to the log.
func (s *sqliteConn) wrote() int64 { return s.c.Written() * walPage }

func (s *sqliteConn) close() error { return s.c.Close() }

// blameSQLite: only a plain constraint failure leaves the transaction as it was, and
// belongs to one verb.
func blameSQLite(err error) blame {
	if e, ok := errors.AsType[*lite.Error](err); ok {
		switch e.Code() & 0xff {
		case sqlite3.SQLITE_CONSTRAINT:
			return ofVerb
		case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_INTERRUPT:
			return ofTime
		case sqlite3.SQLITE_IOERR, sqlite3.SQLITE_FULL, sqlite3.SQLITE_NOMEM, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_READONLY:
			return ofPlace
		}
	}
	if strings.Contains(err.Error(), "no transaction is active") {
		return ofPlace
	}
	return ofVerb
}
