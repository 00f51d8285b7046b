package lite

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"math"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unsafe"

	sqlite3 "modernc.org/sqlite/lib"
	"pgregory.net/rapid"
)

func memory(t *testing.T, o Options) *Conn {
	t.Helper()
	c, err := Open("file::memory:", o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	return c
}

func must(t *testing.T, c *Conn, text string, args ...any) {
	t.Helper()
	if _, err := c.Run(text, args, nil); err != nil {
		t.Fatal(err)
	}
}

// TestWhatIsBoundIsReadBack writes rows of any values in one statement each, and reads
// them: the same, and of the same kinds. NULL and nothing are two things.
func TestWhatIsBoundIsReadBack(t *testing.T) {
	c := memory(t, Options{})
	must(t, c, `CREATE TABLE t (n INTEGER, s TEXT, b BLOB, f REAL) STRICT`)
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.Int64().Draw(t, "n")
		s := rapid.String().Draw(t, "s")
		b := rapid.SliceOf(rapid.Byte()).Draw(t, "b")
		f := rapid.Float64().Draw(t, "f")
		if rapid.Bool().Draw(t, "large") {
			b = bytes.Repeat(append(b, 7), 2*maxHeld)
		}
		if _, err := c.Run(`INSERT INTO t VALUES ($2, $1, $3, $4)`, []any{s, n, b, f}, nil); err != nil {
			t.Fatal(err)
		}
		if _, err := c.Run(`INSERT INTO t (n, s, b) VALUES ($1, $2, $3)`, []any{int64(1), "other", []byte("other")}, nil); err != nil {
			t.Fatal(err) // what is read next does not lie where this one was bound
		}
		rows, err := c.Run(`SELECT n, s, b, f, n, s FROM t WHERE rowid = 1`, nil, func(scan Scan) error {
			var n2 int64
			var s2 string
			var b2 []byte
			var f2 float64
			type own int64
			type word string
			var n3 own
			var s3 *word
			if err := scan(&n2, &s2, &b2, &f2, &n3, &s3); err != nil {
				return err
			}
			if n2 != n || s2 != s || !bytes.Equal(b2, b) || f2 != f || int64(n3) != n || string(*s3) != s {
				t.Errorf("%d %q %x %g were read as %d %q %x %g, %d %q", n, s, b, f, n2, s2, b2, f2, n3, *s3)
			}
			return nil
		})
		if rows != 1 || err != nil {
			t.Fatal(rows, err)
		}
		if n, err := c.Run(`DELETE FROM t`, nil, nil); n != 2 || err != nil {
			t.Fatalf("%d rows were deleted: %v", n, err)
		}
	})
}

func TestNothingAndNullAreTwoThings(t *testing.T) {
	c := memory(t, Options{})
	var text string
	var blob, none []byte
	var null sql.NullInt64
	var missing *int64
	if _, err := c.Run(`SELECT $1, $2, $3, NULL, NULL WHERE $2 IS NOT NULL AND $1 IS NOT NULL AND $3 IS NULL`, []any{"", []byte{}, []byte(nil)}, func(scan Scan) error {
		return scan(&text, &blob, &none, &null, &missing)
	}); err != nil || text != "" || len(blob) != 0 || none != nil || null.Valid || missing != nil {
		t.Errorf("%q %v %v %v %v %v", text, blob, none, null, missing, err)
	}
	for _, d := range []any{new(int64), new(string), new(bool)} {
		if _, err := c.Run(`SELECT NULL`, nil, func(scan Scan) error { return scan(d) }); err == nil {
			t.Errorf("NULL was read into a %T", d)
		}
	}
	if _, err := c.Run(`SELECT 'seven'`, nil, func(scan Scan) error { return scan(new(int64)) }); err == nil {
		t.Error("a text was read as a number")
	}
	if _, err := c.Run(`SELECT 1, 2`, nil, func(scan Scan) error { return scan(new(int64)) }); err == nil {
		t.Error("two columns were read into one place")
	}
	if _, err := c.Run(`SELECT $2`, []any{int64(1)}, nil); err == nil {
		t.Error("a value was missing and nobody said so")
	}
}

// TestAStatementMayRunWithinItself reads rows and asks the same question for each.
func TestAStatementMayRunWithinItself(t *testing.T) {
	c := memory(t, Options{})
	const numbers = `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i < 3) SELECT i FROM n`
	seen := 0
	count := func(scan Scan) error { seen++; return nil }
	for range 2 {
		if _, err := c.Run(numbers, nil, func(Scan) error {
			_, err := c.Run(numbers, nil, count)
			return err
		}); err != nil {
			t.Fatal(err)
		}
	}
	if seen != 18 || len(c.stmts) != 1 {
		t.Errorf("%d rows were seen, want 18; %d statements are kept, want 1", seen, len(c.stmts))
	}
	stop := errors.New("enough")
	if n, err := c.Run(numbers, nil, func(Scan) error { return stop }); err != stop || n != 1 {
		t.Errorf("%d rows, %v", n, err)
	}
	must(t, c, "VACUUM") // impossible while a statement is under way
}

// TestAnErrorHasItsCode breaks a rule of a table; the connection goes on.
func TestAnErrorHasItsCode(t *testing.T) {
	c := memory(t, Options{Pragmas: []string{"foreign_keys(1)"}, Plan: func(s string) string { return strings.ReplaceAll(s, "TABEL", "TABLE") }})
	must(t, c, `CREATE TABEL t (n INTEGER PRIMARY KEY, s TEXT NOT NULL UNIQUE) STRICT`)
	must(t, c, `INSERT INTO t VALUES (1, $1)`, "secret")
	_, err := c.Run(`INSERT INTO t VALUES (2, $1)`, []any{"secret"}, nil)
	if e, ok := errors.AsType[*Error](err); !ok || e.Code() != sqlite3.SQLITE_CONSTRAINT_UNIQUE || strings.Contains(err.Error(), "secret") {
		t.Errorf("%v", err)
	}
	must(t, c, `INSERT INTO t VALUES (2, $1)`, "another")
	if _, err := c.Run(`SELEKT 1`, nil, nil); err == nil || !strings.Contains(err.Error(), "SELEKT") {
		t.Errorf("%v", err)
	}
	if _, err := Open("file:"+filepath.Join(t.TempDir(), "no", "such"), Options{}); err == nil {
		t.Error("a file in a folder that is not there was opened")
	}
}

// TestAReadEndsWithItsContext counts without end until nobody wants to know any more.
func TestAReadEndsWithItsContext(t *testing.T) {
	file := "file:" + filepath.Join(t.TempDir(), "a.db")
	p := NewPool(1, func() (*Conn, error) { return Open(file, Options{Pragmas: []string{"journal_mode(WAL)"}}) })
	defer p.Close()
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(20*time.Millisecond, cancel)
	const endless = `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n) SELECT COUNT(*) FROM n`
	err := p.Do(ctx, func(c *Conn) error {
		_, err := c.Run(endless, nil, func(Scan) error { return nil })
		return err
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	if err := p.Do(ctx, func(*Conn) error { return nil }); !errors.Is(err, context.Canceled) {
		t.Errorf("a connection was given to one whose time is over: %v", err)
	}
	var one int64 // the connection is as good as before
	if err := p.Do(t.Context(), func(c *Conn) error {
		_, err := c.Run(`SELECT 1`, nil, func(scan Scan) error { return scan(&one) })
		return err
	}); err != nil || one != 1 {
		t.Errorf("%d, %v", one, err)
	}
	if err := p.Close(); err != nil {
		t.Error(err)
	}
	if err := p.Do(t.Context(), func(*Conn) error { return nil }); err == nil {
		t.Error("a closed pool gave a connection")
	}
}

// TestAContextThatEndsBetweenTwoStatementsEndsTheNext gives up just before a long one.
func TestAContextThatEndsBetweenTwoStatementsEndsTheNext(t *testing.T) {
	c := memory(t, Options{})
	const long = `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i < 3000000) SELECT COUNT(*) FROM n`
	for range 20 {
		ctx, cancel := context.WithCancel(t.Context())
		stop := c.Until(ctx)
		cancel()
		_, err := c.Run(long, nil, func(Scan) error { return nil })
		stop()
		if e, ok := errors.AsType[*Error](err); !ok || e.Code() != sqlite3.SQLITE_INTERRUPT {
			t.Fatalf("it ran to its end (%v)", err)
		}
	}
	must(t, c, `SELECT 1`)
}

// TestATransactionThatWasLeftOpenIsRolledBack has one reader leave without a word, and the
// next one read what was written since.
func TestATransactionThatWasLeftOpenIsRolledBack(t *testing.T) {
	file := "file:" + filepath.Join(t.TempDir(), "a.db")
	open := func() (*Conn, error) { return Open(file, Options{Pragmas: []string{"journal_mode(WAL)"}}) }
	w, err := open()
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	must(t, w, `CREATE TABLE t (n INTEGER) STRICT`)
	p := NewPool(1, open)
	defer p.Close()
	count := func(c *Conn) (n int64, err error) {
		_, err = c.Run(`SELECT COUNT(*) FROM t`, nil, func(scan Scan) error { return scan(&n) })
		return n, err
	}
	func() {
		defer func() { _ = recover() }()
		_ = p.Do(t.Context(), func(c *Conn) error {
			if _, err := count(c); err != nil {
				t.Error(err)
			}
			if err := c.Script("BEGIN"); err != nil {
				t.Error(err)
			}
			if n, err := count(c); n != 0 || err != nil {
				t.Errorf("%d rows at first (%v)", n, err)
			}
			panic("gone")
		})
	}()
	must(t, w, `INSERT INTO t VALUES (1)`)
	if err := p.Do(t.Context(), func(c *Conn) error {
		if n, err := count(c); n != 1 || err != nil {
			t.Errorf("the next one reads %d rows, want 1 (%v)", n, err)
		}
		return c.Script("BEGIN; COMMIT")
	}); err != nil {
		t.Error(err)
	}
}

func TestAValueOfTwoGigabytesIsRefused(t *testing.T) {
	c := memory(t, Options{})
	huge := unsafe.String(new(byte), math.MaxInt32) // only its length is looked at
	_, err := c.Run(`SELECT $1`, []any{huge}, nil)
	if e, ok := errors.AsType[*Error](err); !ok || e.Code() != sqlite3.SQLITE_TOOBIG {
		t.Errorf("%v", err)
	}
}

// TestACopyIsOfOneMoment copies one database into another, which has its own clock.
func TestACopyIsOfOneMoment(t *testing.T) {
	a, b := memory(t, Options{}), memory(t, Options{})
	must(t, a, `CREATE TABLE t (n INTEGER) STRICT`)
	must(t, a, `INSERT INTO t VALUES (7)`)
	if err := b.CopyOf(a); err != nil {
		t.Fatal(err)
	}
	must(t, a, `DELETE FROM t`)
	at := int64(0)
	if err := b.Clock("moment", func() (int64, bool) { return at, at > 0 }); err != nil {
		t.Fatal(err)
	}
	var n, now int64
	read := func() error {
		_, err := b.Run(`SELECT n, moment() FROM t`, nil, func(scan Scan) error { return scan(&n, &now) })
		return err
	}
	if err := read(); err == nil {
		t.Error("a clock that does not go was told")
	}
	for at = range int64(3) {
		if at == 0 {
			continue
		}
		if err := read(); err != nil || n != 7 || now != at {
			t.Errorf("%d at %d, want 7 at %d (%v)", n, now, at, err)
		}
	}
}

// TestTextsThatAreReadStayWhatTheyAre, while later rows say others in their place, the same, or
// longer ones.
func TestTextsThatAreReadStayWhatTheyAre(t *testing.T) {
	c := memory(t, Options{})
	must(t, c, `CREATE TABLE t (n INTEGER PRIMARY KEY, s TEXT, u TEXT) STRICT`)
	rapid.Check(t, func(t *rapid.T) {
		if _, err := c.Run(`DELETE FROM t`, nil, nil); err != nil {
			t.Fatal(err)
		}
		word := rapid.OneOf(rapid.SampledFrom([]string{"", "new", "accepted", "取消"}), rapid.StringN(0, 2*maxSaid, -1))
		want := rapid.SliceOfN(rapid.SliceOfN(word, 2, 2), 1, 8).Draw(t, "rows")
		for i, w := range want {
			if _, err := c.Run(`INSERT INTO t VALUES ($1, $2, $3)`, []any{int64(i), w[0], w[1]}, nil); err != nil {
				t.Fatal(err)
			}
		}
		var got [][2]string
		for range 2 {
			if _, err := c.Run(`SELECT s, u FROM t ORDER BY n`, nil, func(scan Scan) error {
				var r [2]string
				err := scan(&r[0], &r[1])
				got = append(got, r)
				return err
			}); err != nil {
				t.Fatal(err)
			}
		}
		for i, r := range got {
			if w := want[i%len(want)]; r[0] != w[0] || r[1] != w[1] {
				t.Errorf("row %d is %q, want %q", i, r, w)
			}
		}
	})
}
