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
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/tongdan/tongdan/fault"
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
	writer, err := openFile(file, 1, "_txlock=immediate")
	if err != nil {
		return fault.Wrap(op, err)
	}
	d.closers = append(d.closers, writer.Close)
	if err := d.migrate(ctx, writer, goose.DialectSQLite3, "sqlite"); err != nil {
		return err
	}
	if d.reads, err = openFile(file, 4, "_pragma=query_only(1)"); err != nil {
		return fault.Wrap(op, err)
	}
	d.closers = append(d.closers, d.reads.Close)
	checkpoints, err := openFile(file, 1, "")
	if err != nil {
		return fault.Wrap(op, err)
	}
	d.closers = append(d.closers, checkpoints.Close)
	d.place, d.folder = placeOf(file), dir
	var wal atomic.Int64 // bytes in the WAL, as last looked at
	d.work.Go(func() { d.checkpoint(checkpoints, &wal) })
	d.eng = sqliteEngine()
	d.eng.writers = sqliteWriter(op, writer, &wal)
	return nil
}

// sqliteWriter gives the one connection of a pool that writes. wal is how large the WAL
// was when it was last looked at, in bytes.
func sqliteWriter(op string, pool *sql.DB, wal *atomic.Int64) func(context.Context) ([]conn, error) {
	return func(ctx context.Context) ([]conn, error) {
		c, err := pool.Conn(ctx)
		if err != nil {
			return nil, fault.Wrap(op, err)
		}
		return []conn{&sqliteConn{c: c, wal: wal, stmts: map[string]*sql.Stmt{}}}, nil
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
			e, ok := errors.AsType[*sqlite.Error](err)
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

// openFile opens a pool. Settings are in the DSN, so that each connection has them.
func openFile(file string, conns int, extra string) (*sql.DB, error) {
	pragmas := []string{"journal_mode(WAL)", "synchronous(FULL)", "foreign_keys(1)", "busy_timeout(" + busyWait + ")",
		"wal_autocheckpoint(0)", fmt.Sprintf("cache_size(-%d)", 65536/conns), // KB: as much for the writer as for all readers
		"temp_store(MEMORY)", "mmap_size(268435456)"}
	q := make(url.Values)
	for _, p := range pragmas {
		q.Add("_pragma", p)
	}
	dsn := "file:" + (&url.URL{Path: file}).EscapedPath() + "?" + q.Encode()
	if extra != "" {
		dsn += "&" + extra
	}
	pool, err := sql.Open("sqlite", dsn)
	if err != nil {
		return nil, err
	}
	pool.SetMaxOpenConns(conns)
	pool.SetMaxIdleConns(conns)
	return pool, nil
}

// checkpoint moves the WAL into the file beside the writer, which otherwise does it
// inside a commit, where everybody waits. When all of it has been moved, SQLite itself
// begins the WAL anew with the next write; that happens whenever a moment is quiet. Where
// none is, wal grows past maxWAL and the writer finishes the little that was written
// since the last look.
func (d *DB) checkpoint(pool *sql.DB, wal *atomic.Int64) {
	tick := time.NewTicker(checkpointEvery)
	defer tick.Stop()
	for {
		select {
		case <-d.closing.Done():
			return
		case <-tick.C:
		}
		var busy, frames, moved int64
		if err := pool.QueryRowContext(forever, "PRAGMA wal_checkpoint(PASSIVE)").Scan(&busy, &frames, &moved); err != nil {
			d.log.Warn("the checkpoint failed", "error", err)
			continue
		}
		wal.Store(frames * walPage) // not the file's size, which stays what it once was
	}
}

// sqliteConn is the one connection that writes.
type sqliteConn struct {
	c      *sql.Conn
	wal    *atomic.Int64
	stmts  map[string]*sql.Stmt
	open   bool
	notYet time.Time // readers were in the way of that until lately
}

// SQLite's calls get a context that never ends: the driver otherwise starts a goroutine
// for each, and a statement that is broken off ends the transaction of everybody.
var forever = context.Background()

func (s *sqliteConn) prepare(text string) (*sql.Stmt, error) {
	if st := s.stmts[text]; st != nil {
		return st, nil
	}
	st, err := s.c.PrepareContext(forever, unnamed(unpeeked(text)))
	if err == nil {
		s.stmts[text] = st
	}
	return st, err
}

// unpeeked hides bound values from the planner. SQLite looks at the value of a parameter
// while it prepares, for a LIMIT and wherever a partial index might serve, and therefore
// prepares the statement anew each time one is bound, even an equal one: that is half of
// the time of a short read. An expression it does not look into.
func unpeeked(text string) string { return peeked.Replace(text) }

var peeked = strings.NewReplacer("LIMIT $", "LIMIT 0 + $", "= $", "= +$", "< $", "< +$", "> $", "> +$")

// unnamed turns $1, $2, $3 … into ?, when each stands once and in order: the driver
// looks a named parameter up by its name each time it is bound.
func unnamed(text string) string {
	out := make([]byte, 0, len(text))
	for i, next := 0, 1; i < len(text); i++ {
		if text[i] != '$' {
			out = append(out, text[i])
			continue
		}
		digits := 0
		n := 0
		for ; i+1+digits < len(text) && text[i+1+digits] >= '0' && text[i+1+digits] <= '9'; digits++ {
			n = n*10 + int(text[i+1+digits]-'0')
		}
		if n != next {
			return text
		}
		next++
		i += digits
		out = append(out, '?')
	}
	return string(out)
}

func (s *sqliteConn) plain(text string) error {
	st, err := s.prepare(text)
	if err == nil {
		_, err = st.ExecContext(forever)
	}
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

func (s *sqliteConn) do(q *stmt) error {
	st, err := s.prepare(q.text)
	if err != nil {
		return fmt.Errorf("%w (in %.60s)", err, q.text)
	}
	if q.each == nil {
		res, err := st.ExecContext(forever, q.args...)
		if err != nil {
			return err
		}
		q.rows, err = res.RowsAffected()
		return err
	}
	rows, err := st.QueryContext(forever, q.args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		q.rows++
		if err := q.each(rows.Scan); err != nil {
			return err
		}
	}
	return rows.Err()
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
func (s *sqliteConn) wrote() (n int64) {
	_ = s.c.Raw(func(raw any) error {
		if c, ok := raw.(sqlite.DBStatus); ok {
			pages, _, _ := c.Status(sqlite.DBStatusCacheWrite, true)
			n = int64(pages) * walPage
		}
		return nil
	})
	return n
}

func (s *sqliteConn) close() error {
	var errs []error
	for _, st := range s.stmts {
		errs = append(errs, st.Close())
	}
	return errors.Join(append(errs, s.c.Close())...)
}

// blameSQLite: only a plain constraint failure leaves the transaction as it was, and
// belongs to one verb.
func blameSQLite(err error) blame {
	if e, ok := errors.AsType[*sqlite.Error](err); ok {
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
