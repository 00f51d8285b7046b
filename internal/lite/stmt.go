package lite

import (
	"bytes"
	"database/sql"
	"fmt"
	"math"
	"reflect"
	"strconv"
	"unsafe"

	"modernc.org/libc"
	sqlite3 "modernc.org/sqlite/lib"
)

// A stmt is a prepared statement. What is bound to it lies in held until it is bound anew.
type stmt struct {
	c       *Conn
	p       uintptr
	params  int
	columns int
	held    []byte // the bytes of bound texts and blobs: SQLite reads them there
	busy    bool
	once    bool // it ends when it rests
	scan    Scan
	said    []string // short texts of each column, as the row before had them
}

// maxSaid is how long a text is that is kept for the next row.
const maxSaid = 48

// maxHeld is how much room for values a statement keeps while it rests.
const maxHeld = 64 << 10

func newStmt(c *Conn, p uintptr) *stmt {
	s := &stmt{c: c, p: p, params: int(sqlite3.Xsqlite3_bind_parameter_count(c.tls, p)), columns: int(sqlite3.Xsqlite3_column_count(c.tls, p))}
	s.scan = s.row
	return s
}

func (s *stmt) end() {
	sqlite3.Xsqlite3_finalize(s.c.tls, s.p)
	s.p = 0
}

// rest makes it ready for the next time. What was wrong has been said by then.
func (s *stmt) rest() {
	sqlite3.Xsqlite3_reset(s.c.tls, s.p)
	s.busy = false
	if s.once {
		s.end()
	}
}

// bind sets the values. The bytes of all are put into one place first: it may move while
// it grows.
func (s *stmt) bind(args []any) error {
	if len(args) < s.params {
		return fmt.Errorf("the statement has %d values, %d are given", s.params, len(args))
	}
	args = args[:s.params]
	size := 1
	for _, a := range args {
		switch a := a.(type) {
		case string:
			size += len(a)
		case []byte:
			size += len(a)
		}
	}
	if size > math.MaxInt32 { // lengths would run over, long before SQLite could say so
		return &Error{sqlite3.SQLITE_TOOBIG, "values of 2 GB or more are not bound"}
	}
	if cap(s.held) < size || cap(s.held) > maxHeld {
		s.held = make([]byte, 0, max(size, 256))
	}
	held := s.held[:0]
	base := uintptr(unsafe.Pointer(unsafe.SliceData(held)))
	tls, rc := s.c.tls, int32(sqlite3.SQLITE_OK)
	for i, a := range args {
		n := int32(i + 1)
		switch a := a.(type) {
		case int64:
			rc = sqlite3.Xsqlite3_bind_int64(tls, s.p, n, a)
		case string:
			at := base + uintptr(len(held))
			held = append(held, a...)
			rc = sqlite3.Xsqlite3_bind_text(tls, s.p, n, at, int32(len(a)), 0)
		case []byte:
			if a == nil {
				rc = sqlite3.Xsqlite3_bind_null(tls, s.p, n)
				break
			}
			at := base + uintptr(len(held))
			held = append(held, a...)
			rc = sqlite3.Xsqlite3_bind_blob(tls, s.p, n, at, int32(len(a)), 0)
		case nil:
			rc = sqlite3.Xsqlite3_bind_null(tls, s.p, n)
		case bool:
			b := int64(0)
			if a {
				b = 1
			}
			rc = sqlite3.Xsqlite3_bind_int64(tls, s.p, n, b)
		case float64:
			rc = sqlite3.Xsqlite3_bind_double(tls, s.p, n, a)
		default:
			v := reflect.ValueOf(a)
			if !v.CanInt() {
				return fmt.Errorf("value %d is of the type %T, which is not bound", n, a)
			}
			rc = sqlite3.Xsqlite3_bind_int64(tls, s.p, n, v.Int())
		}
		if rc != sqlite3.SQLITE_OK {
			return s.c.error(rc)
		}
	}
	s.held = held
	return nil
}

func (s *stmt) kind(i int) int32 {
	return sqlite3.Xsqlite3_column_type(s.c.tls, s.p, int32(i))
}

// view gives the bytes of a text or a blob where SQLite has them: until the next row.
func (s *stmt) view(i int, blob bool) []byte {
	var p uintptr
	if blob {
		p = sqlite3.Xsqlite3_column_blob(s.c.tls, s.p, int32(i))
	} else {
		p = sqlite3.Xsqlite3_column_text(s.c.tls, s.p, int32(i))
	}
	n := sqlite3.Xsqlite3_column_bytes(s.c.tls, s.p, int32(i))
	if p == 0 || n == 0 {
		return nil
	}
	return libc.GoBytes(p, int(n))
}

// text copies a text. What a column said in the row before, here or the last time, it mostly
// says again (a channel, a state, a realm): that is used again instead of being copied.
func (s *stmt) text(i int, kind int32) string {
	b := s.view(i, kind == sqlite3.SQLITE_BLOB)
	if len(b) > maxSaid {
		return string(b)
	}
	if s.said == nil {
		s.said = make([]string, s.columns)
	}
	if s.said[i] != string(b) {
		s.said[i] = string(b)
	}
	return s.said[i]
}

// row copies a row. Types are those of the schema (STRICT tables): a text is not read as a
// number, and NULL only into what can hold it.
func (s *stmt) row(dest ...any) error {
	if len(dest) != s.columns {
		return fmt.Errorf("%d columns are read into %d places", s.columns, len(dest))
	}
	for i, d := range dest {
		kind := s.kind(i)
		switch d := d.(type) {
		case *int64:
			if kind != sqlite3.SQLITE_INTEGER {
				return s.unfit(i, kind, d)
			}
			*d = sqlite3.Xsqlite3_column_int64(s.c.tls, s.p, int32(i))
		case *string:
			if kind == sqlite3.SQLITE_NULL {
				return s.unfit(i, kind, d)
			}
			*d = s.text(i, kind)
		case *[]byte:
			switch kind {
			case sqlite3.SQLITE_NULL:
				*d = nil
			case sqlite3.SQLITE_BLOB:
				*d = bytes.Clone(s.view(i, true))
			default:
				*d = append([]byte{}, s.view(i, false)...)
			}
		case *sql.RawBytes:
			*d = s.view(i, kind == sqlite3.SQLITE_BLOB)
		case *bool:
			if kind != sqlite3.SQLITE_INTEGER {
				return s.unfit(i, kind, d)
			}
			*d = sqlite3.Xsqlite3_column_int64(s.c.tls, s.p, int32(i)) != 0
		case *float64:
			if kind != sqlite3.SQLITE_INTEGER && kind != sqlite3.SQLITE_FLOAT {
				return s.unfit(i, kind, d)
			}
			*d = sqlite3.Xsqlite3_column_double(s.c.tls, s.p, int32(i))
		case *any:
			*d = s.value(i, kind)
		case sql.Scanner:
			if err := d.Scan(s.value(i, kind)); err != nil {
				return fmt.Errorf("column %d: %w", i, err)
			}
		default:
			if err := s.into(i, kind, reflect.ValueOf(d)); err != nil {
				return err
			}
		}
	}
	return nil
}

// into reads a column into a type of somebody's own.
func (s *stmt) into(i int, kind int32, p reflect.Value) error {
	if p.Kind() != reflect.Pointer || p.IsNil() {
		return fmt.Errorf("column %d is read into %s, which is no pointer", i, p.Type())
	}
	v := p.Elem()
	switch v.Kind() {
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		n := sqlite3.Xsqlite3_column_int64(s.c.tls, s.p, int32(i))
		if kind != sqlite3.SQLITE_INTEGER || v.OverflowInt(n) {
			return s.unfit(i, kind, p.Interface())
		}
		v.SetInt(n)
	case reflect.String:
		if kind == sqlite3.SQLITE_NULL {
			return s.unfit(i, kind, p.Interface())
		}
		v.SetString(s.text(i, kind))
	case reflect.Pointer:
		if kind == sqlite3.SQLITE_NULL {
			v.SetZero()
			return nil
		}
		v.Set(reflect.New(v.Type().Elem()))
		return s.into(i, kind, v)
	default:
		return s.unfit(i, kind, p.Interface())
	}
	return nil
}

// value gives a column as what SQLite has it for.
func (s *stmt) value(i int, kind int32) any {
	switch kind {
	case sqlite3.SQLITE_INTEGER:
		return sqlite3.Xsqlite3_column_int64(s.c.tls, s.p, int32(i))
	case sqlite3.SQLITE_FLOAT:
		return sqlite3.Xsqlite3_column_double(s.c.tls, s.p, int32(i))
	case sqlite3.SQLITE_TEXT:
		return string(s.view(i, false))
	case sqlite3.SQLITE_BLOB:
		return bytes.Clone(s.view(i, true))
	}
	return nil
}

func (s *stmt) unfit(i int, kind int32, d any) error {
	is := map[int32]string{sqlite3.SQLITE_INTEGER: "a number", sqlite3.SQLITE_FLOAT: "a fraction", sqlite3.SQLITE_TEXT: "a text", sqlite3.SQLITE_BLOB: "bytes"}[kind]
	if is == "" {
		is = "NULL"
	}
	return fmt.Errorf("column %s is %s, which a %T cannot hold", strconv.Itoa(i), is, d)
}
