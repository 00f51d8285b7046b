// Package lite speaks to SQLite without database/sql, over the same engine: a connection,
// the statements that are prepared on it and stay so, values that are bound and read
// where they lie. A statement of this program reads or writes a few rows by their key;
// what database/sql and its driver add to that (names and declared types of columns for
// each query, a copy in the engine's heap of each value, locks and conversions) is more
// than the engine's own work.
//
// There are no transactions here beyond BEGIN and COMMIT, and no pool that repairs
// itself: see Pool for many readers.
package lite

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"
	"unsafe"

	"modernc.org/libc"
	sqlite3 "modernc.org/sqlite/lib"
)

// A Conn is one connection. It is used by one goroutine at a time; only what Until starts
// runs beside it.
type Conn struct {
	tls   *libc.TLS
	db    uintptr
	out   *[2]uintptr // where the engine puts what it gives
	stmts map[string]*stmt
	plan  func(string) string
	clock uintptr // what Clock was given, by its key in clocks; 0 = none
}

// maxStmts is how many statements a connection keeps. Texts are few (lists of values are
// padded to powers of two); who makes more pays with preparing them again.
const maxStmts = 1000

// Options of a connection.
type Options struct {
	Pragmas []string                 // "foreign_keys(1)", in order
	Plan    func(text string) string // changes a text before it is prepared; nil = nothing
}

// An Error is what SQLite says. Its text has names of tables and columns, and no values.
type Error struct {
	code int
	text string
}

func (e *Error) Error() string { return e.text }

// Code is SQLite's extended result code.
func (e *Error) Code() int { return e.code }

// Open opens a database by its name as SQLite's URI: "file:/folder/name.db",
// "file::memory:". It is made when it is not there, unless the URI says otherwise.
func Open(uri string, o Options) (*Conn, error) {
	c := &Conn{tls: libc.NewTLS(), out: new([2]uintptr), stmts: map[string]*stmt{}, plan: o.Plan}
	const flags = sqlite3.SQLITE_OPEN_READWRITE | sqlite3.SQLITE_OPEN_CREATE | sqlite3.SQLITE_OPEN_URI | sqlite3.SQLITE_OPEN_NOMUTEX
	err := c.with(uri, func(name uintptr) int32 {
		rc := sqlite3.Xsqlite3_open_v2(c.tls, name, c.place(0), flags, 0)
		c.db = c.out[0]
		if rc == sqlite3.SQLITE_OK {
			rc = sqlite3.Xsqlite3_extended_result_codes(c.tls, c.db, 1)
		}
		return rc
	})
	if err != nil {
		return nil, errors.Join(err, c.Close())
	}
	for _, p := range o.Pragmas {
		if err := c.Script("PRAGMA " + p); err != nil {
			return nil, errors.Join(err, c.Close())
		}
	}
	return c, nil
}

// with gives f a text as C has it, outside of Go's memory: a short one would lie on the
// stack, which moves when it grows. What f gives back other than OK becomes an error.
func (c *Conn) with(text string, f func(uintptr) int32) error {
	p, err := libc.CString(text)
	if err != nil {
		return fmt.Errorf("there is no memory for a statement: %w", err)
	}
	defer libc.Xfree(c.tls, p)
	if rc := f(p); rc != sqlite3.SQLITE_OK {
		return c.error(rc)
	}
	return nil
}

func (c *Conn) place(i int) uintptr { return uintptr(unsafe.Pointer(&c.out[i])) }

func (c *Conn) error(rc int32) error {
	text := libc.GoString(sqlite3.Xsqlite3_errstr(c.tls, rc))
	if c.db != 0 {
		if more := libc.GoString(sqlite3.Xsqlite3_errmsg(c.tls, c.db)); more != text {
			text += ": " + more
		}
	}
	return &Error{int(rc), fmt.Sprintf("%s (%d)", text, rc)}
}

// Close ends the connection and its statements.
func (c *Conn) Close() error {
	for _, s := range c.stmts {
		s.end()
	}
	c.stmts = nil
	rc := int32(sqlite3.SQLITE_OK)
	if c.db != 0 {
		rc = sqlite3.Xsqlite3_close_v2(c.tls, c.db)
		c.db = 0
	}
	if c.tls != nil {
		c.tls.Close()
		c.tls = nil
	}
	clocks.Delete(c.clock)
	if rc != sqlite3.SQLITE_OK {
		return &Error{int(rc), "the connection does not close"}
	}
	return nil
}

// Script carries out statements without values or rows, separated by semicolons.
func (c *Conn) Script(text string) error {
	return c.with(text, func(sql uintptr) int32 { return sqlite3.Xsqlite3_exec(c.tls, c.db, sql, 0, 0, 0) })
}

// A Scan copies the columns of a row into what it is given pointers to, as that of
// database/sql does.
type Scan = func(dest ...any) error

// Run carries out one statement, whose values are written $1, $2 …, and calls each for
// every row, if it is not nil. n is the number of rows: those that it was called for, or
// without it those that were changed. An error of each ends it and is given back.
func (c *Conn) Run(text string, args []any, each func(Scan) error) (n int64, err error) {
	s, err := c.prepare(text)
	if err != nil {
		return 0, fmt.Errorf("%w (in %.60s)", err, text)
	}
	s.busy = true
	defer s.rest()
	if err := s.bind(args); err != nil {
		return 0, fmt.Errorf("%w (in %.60s)", err, text)
	}
	for {
		switch rc := sqlite3.Xsqlite3_step(c.tls, s.p); rc {
		case sqlite3.SQLITE_ROW:
			if each == nil {
				continue
			}
			n++
			if err := each(s.scan); err != nil {
				return n, err
			}
		case sqlite3.SQLITE_DONE:
			if each == nil {
				n = int64(sqlite3.Xsqlite3_changes(c.tls, c.db))
			}
			return n, nil
		default:
			return n, c.error(rc)
		}
	}
}

func (c *Conn) prepare(text string) (*stmt, error) {
	kept := c.stmts[text]
	if kept != nil && !kept.busy {
		return kept, nil
	}
	planned := text
	if c.plan != nil {
		planned = c.plan(text)
	}
	flags := uint32(sqlite3.SQLITE_PREPARE_PERSISTENT)
	if err := c.with(numbered(planned), func(sql uintptr) int32 {
		return sqlite3.Xsqlite3_prepare_v3(c.tls, c.db, sql, -1, flags, c.place(0), c.place(1))
	}); err != nil {
		return nil, err
	}
	if c.out[0] == 0 {
		return nil, errors.New("there is no statement")
	}
	s := newStmt(c, c.out[0])
	if kept != nil { // while one runs, another of the same text
		s.once = true
		return s, nil
	}
	if len(c.stmts) >= maxStmts {
		for t, old := range c.stmts {
			if !old.busy {
				old.end()
				delete(c.stmts, t)
			}
		}
	}
	c.stmts[text] = s
	return s, nil
}

// numbered writes $1 as ?1, which SQLite finds by the number; $1 is a name to it.
func numbered(text string) string {
	if !strings.Contains(text, "$") {
		return text
	}
	b := []byte(text)
	for i := range len(b) - 1 {
		if b[i] == '$' && '0' <= b[i+1] && b[i+1] <= '9' {
			b[i] = '?'
		}
	}
	return string(b)
}

// again is how soon what runs is interrupted once more.
const again = 5 * time.Millisecond

// Until has what runs on the connection end with an error once ctx is over, and all that is
// begun on it later. stop must be called before the connection is used for something else.
func (c *Conn) Until(ctx context.Context) (stop func()) {
	if ctx.Done() == nil {
		return func() {}
	}
	over, stopped := make(chan struct{}), make(chan struct{})
	cancel := context.AfterFunc(ctx, func() {
		defer close(over)
		tls := libc.NewTLS() // that of the connection is in use
		defer tls.Close()
		for { // an interrupt that comes between two statements ends neither
			sqlite3.Xsqlite3_interrupt(tls, c.db)
			select {
			case <-stopped:
				return
			case <-time.After(again):
			}
		}
	})
	return func() {
		close(stopped)
		if !cancel() {
			<-over
		}
	}
}

// rest ends a transaction that was left open: by a panic, or since what was to end it was
// interrupted itself.
func (c *Conn) rest() error {
	if sqlite3.Xsqlite3_get_autocommit(c.tls, c.db) != 0 {
		return nil
	}
	return c.Script("ROLLBACK")
}

// Written is how many pages left the cache since it was last asked.
func (c *Conn) Written() int64 {
	c.out[0] = 0
	sqlite3.Xsqlite3_db_status(c.tls, c.db, sqlite3.SQLITE_DBSTATUS_CACHE_WRITE, c.place(0), c.place(1), 1)
	return int64(*(*int32)(unsafe.Pointer(&c.out[0])))
}

// CopyOf makes this database's content that of another, as it is at this moment.
func (c *Conn) CopyOf(from *Conn) error {
	var b uintptr
	if err := c.with("main", func(name uintptr) int32 {
		if b = sqlite3.Xsqlite3_backup_init(c.tls, c.db, name, from.db, name); b == 0 {
			return sqlite3.Xsqlite3_extended_errcode(c.tls, c.db)
		}
		return sqlite3.SQLITE_OK
	}); err != nil {
		return err
	}
	step := sqlite3.Xsqlite3_backup_step(c.tls, b, -1)
	if rc := sqlite3.Xsqlite3_backup_finish(c.tls, b); rc != sqlite3.SQLITE_OK {
		return c.error(rc)
	}
	if step != sqlite3.SQLITE_DONE {
		return c.error(step)
	}
	return nil
}

// clocks has what Clock was given, by a number: C cannot hold a function of Go's.
var (
	clocks    sync.Map
	lastClock atomic.Uintptr
)

// Clock gives SQL on this connection a function without arguments: a number that is asked
// for anew in each statement. A connection has one.
func (c *Conn) Clock(name string, now func() (n int64, ok bool)) error {
	c.clock = lastClock.Add(1)
	clocks.Store(c.clock, now)
	type fn func(*libc.TLS, uintptr, int32, uintptr)
	tell := *(*uintptr)(unsafe.Pointer(&struct{ f fn }{tellClock}))
	return c.with(name, func(p uintptr) int32 {
		return sqlite3.Xsqlite3_create_function(c.tls, c.db, p, 0, sqlite3.SQLITE_UTF8, c.clock, tell, 0, 0)
	})
}

func tellClock(tls *libc.TLS, ctx uintptr, _ int32, _ uintptr) {
	f, _ := clocks.Load(sqlite3.Xsqlite3_user_data(tls, ctx))
	if now, ok := f.(func() (int64, bool)); ok {
		if n, ok := now(); ok {
			sqlite3.Xsqlite3_result_int64(tls, ctx, n)
			return
		}
	}
	sqlite3.Xsqlite3_result_error_code(tls, ctx, sqlite3.SQLITE_MISUSE)
}
