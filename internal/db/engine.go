package db

import (
	"context"
	"database/sql"
	"math/bits"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/internal/lite"
)

// An engine is everything in which SQLite and PostgreSQL differ, beside the types in
// the migrations.
type engine struct {
	name       string
	lock       string        // at the end of a SELECT: others wait for these rows
	share      string        // the same, but several may hold it
	skipLocked string        // the same as lock, but rows that others hold are passed over
	clock      func() string // expression: the database's own clock, UTC ms

	// before a column: look no index up by it. SQLite has no statistics and, given a
	// merchant and a list of ids, would read all rows of the merchant; PostgreSQL needs
	// the merchant, with which its key begins.
	aside string

	// wide takes back, for one transaction, what makes plans of few rows the same always:
	// whoever reads much has the planner weigh. "" = there is no such thing.
	wide string

	// local: the database is in this process. A read by key is then over sooner than
	// the goroutines would start that wait for its context to end.
	local bool

	writers func(context.Context) ([]conn, error) // the connections that write
	blame   func(error) blame                     // whose fault an error of a statement is
	taken   func(error) bool                      // the error is about a key that exists already
}

// blame says what to do about a failed statement.
type blame int

const (
	ofVerb  blame = iota // the data of one verb: it fails alone
	ofTime               // two transactions met: run again
	ofPlace              // the connection or the disk: run again on a fresh connection
)

// A conn is one connection of the writer. It is used by one goroutine. After an error
// the only thing to do is rollback.
type conn interface {
	// begin starts a transaction; the engine may put it off until the first run.
	begin(ctx context.Context) error

	// run carries out statements in order, in one round trip where there are round
	// trips. It stops at the first error.
	run(ctx context.Context, list ...*stmt) error

	// commit carries out the last statements and commits. lost is set when nobody can
	// say whether the commit took place.
	commit(ctx context.Context, list ...*stmt) (lost bool, err error)

	// wrote is how many bytes went to the log since it was last asked; 0 where nobody
	// knows. It is asked between transactions.
	wrote() int64

	rollback()
	close() error
}

// A stmt is a statement on its way, and what becomes of its rows.
type stmt struct {
	text string
	args []any
	each func(scan scanFunc) error // of each row; nil = there are none, or nobody looks
	rows int64                     // affected
}

type scanFunc = lite.Scan

// exec carries out one statement.
func exec(ctx context.Context, c conn, text string, args ...any) error {
	return c.run(ctx, &stmt{text: text, args: args})
}

// affects carries out one statement and counts the rows that it changed.
func affects(ctx context.Context, c conn, text string, args ...any) (int64, error) {
	s := &stmt{text: text, args: args}
	err := c.run(ctx, s)
	return s.rows, err
}

// one reads at most one row.
func one(ctx context.Context, c conn, text string, args []any, dest ...any) (found bool, err error) {
	err = c.run(ctx, &stmt{text: text, args: args, each: func(scan scanFunc) error {
		found = true
		return scan(dest...)
	}})
	return found, err
}

// query reads committed rows on the read pool.
func (d *DB) query(ctx context.Context, text string, args []any, each func(scan scanFunc) error) error {
	if err := d.memory.fail(Reading); err != nil {
		return storeError(err)
	}
	if d.local != nil {
		return d.local(ctx, func(c *lite.Conn) error { return readOn(c, text, args, each) })
	}
	st, err := d.prepared(ctx, text)
	if err != nil {
		return storeError(err)
	}
	rows, err := st.QueryContext(ctx, args...)
	if err != nil {
		return storeError(err)
	}
	defer rows.Close()
	for rows.Next() {
		if err := each(rows.Scan); err != nil {
			return err
		}
	}
	return storeError(rows.Err())
}

// readOn reads rows on a connection to SQLite. An error of each is given back as it is.
func readOn(c *lite.Conn, text string, args []any, each func(scan scanFunc) error) error {
	var own error
	_, err := c.Run(text, args, func(scan scanFunc) error {
		own = each(scan)
		return own
	})
	if own != nil {
		return own
	}
	return storeError(err)
}

// brief is the context for reads of a few rows by their keys.
func (d *DB) brief(ctx context.Context) context.Context {
	if d.eng != nil && d.eng.local {
		return context.WithoutCancel(ctx)
	}
	return ctx
}

// one reads at most one committed row.
func (d *DB) one(ctx context.Context, text string, args []any, dest ...any) (found bool, err error) {
	err = d.query(d.brief(ctx), text, args, func(scan scanFunc) error {
		found = true
		return scan(dest...)
	})
	return found, err
}

// prepared keeps the statements of reads from PostgreSQL; texts are few, since lists of
// values are padded to powers of two.
func (d *DB) prepared(ctx context.Context, text string) (*sql.Stmt, error) {
	if s, ok := d.stmts.Load(text); ok {
		return s.(*sql.Stmt), nil
	}
	s, err := d.reads.PrepareContext(ctx, text)
	if err != nil {
		return nil, err
	}
	if old, ok := d.stmts.LoadOrStore(text, s); ok {
		s.Close()
		return old.(*sql.Stmt), nil
	}
	return s, nil
}

// storeError gives an error of the database a code. Its text names no values.
func storeError(err error) error {
	if err == nil || fault.CodeOf(err) != fault.Internal {
		return err
	}
	return &fault.Error{Op: "db", Code: fault.Unavailable, Why: fault.Because("no_database", "the database did not answer; try again"), Err: err}
}

// rowsOf is "($1, $2), ($3, $4)": n rows of the given types, numbered from first. The
// types are named once, which is what PostgreSQL needs to know them.
func rowsOf(types []string, n, first int) string {
	var b strings.Builder
	for i := range n {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteByte('(')
		for j, t := range types {
			if j > 0 {
				b.WriteString(", ")
			}
			p := "$" + strconv.Itoa(first)
			if i == 0 && t != "" {
				p = "CAST(" + p + " AS " + t + ")"
			}
			b.WriteString(p)
			first++
		}
		b.WriteByte(')')
	}
	return b.String()
}

const (
	number = "BIGINT"
	text   = "TEXT"
)

// A lookup is a SELECT by many keys at once.
type lookup struct {
	head  string   // "SELECT … FROM orders WHERE (merchant_id, id) IN"
	types []string // of one key
	tail  string   // " ORDER BY …", without lock

	plain composed
	locks sync.Map // the texts with a lock, by lockedText
}

const maxKeys = 512 // of one statement

// composed keeps the texts of 1, 2, 4 … keys or rows, once they have been made.
type composed [10]atomic.Pointer[string]

func (c *composed) text(n int, compose func(n int) string) string {
	kept := &c[bits.TrailingZeros(uint(n))]
	if t := kept.Load(); t != nil {
		return *t
	}
	t := compose(n)
	kept.Store(&t)
	return t
}

type lockedText struct {
	lock string
	n    int
}

// text gives the SELECT for n keys, a power of two.
func (l *lookup) text(n int, lock string) string {
	if lock == "" {
		return l.plain.text(n, l.compose)
	}
	k := lockedText{lock, n}
	t, ok := l.locks.Load(k)
	if !ok {
		t = l.compose(n) + lock
		l.locks.Store(k, t)
	}
	return t.(string)
}

func (l *lookup) compose(n int) string {
	in := " (VALUES " + rowsOf(l.types, n, 1) + ")"
	head := l.head
	if n == 1 { // a list of one is a table of its own to SQLite, dearer than the look-up
		head, in = strings.TrimSuffix(l.head, "IN"), "= "+rowsOf(l.types, 1, 1)
	}
	return head + in + l.tail
}

// stmts makes the statements for keys, given as their flat arguments. The number of
// keys is padded to a power of two by repeating the last, so that few texts exist.
func (l *lookup) stmts(args []any, lock string, each func(scanFunc) error) []*stmt {
	width := len(l.types)
	var out []*stmt
	for len(args) > 0 {
		n := min(len(args)/width, maxKeys)
		part := args[: n*width : n*width]
		args = args[n*width:]
		size := 1
		for size < n {
			size *= 2
		}
		for range size - n {
			part = append(part, part[(n-1)*width:n*width]...)
		}
		out = append(out, &stmt{text: l.text(size, lock), args: part, each: each})
	}
	return out
}

// An insert is an INSERT of many rows at once.
type insert struct {
	head  string // "INSERT INTO t (…) VALUES"
	width int
	tail  string // " ON CONFLICT …"

	texts composed
}

// stmts splits rows, given as their flat arguments, into statements of a power of two
// of rows each, so that few texts exist.
func (n *insert) stmts(args []any) []*stmt {
	var out []*stmt
	for len(args) > 0 {
		rows := len(args) / n.width
		size := 1
		for size*2 <= rows && size < 16 {
			size *= 2
		}
		out = append(out, &stmt{text: n.texts.text(size, n.compose), args: args[:size*n.width]})
		args = args[size*n.width:]
	}
	return out
}

func (n *insert) compose(rows int) string {
	return n.head + " " + rowsOf(make([]string, n.width), rows, 1) + n.tail
}

func dollar(n int) string { return "$" + strconv.Itoa(n) }
