// Package split takes JSON apart without copying it, for messages whose parts are looked
// into one by one. What is split must be valid JSON: json.Valid goes over the whole message
// once. encoding/json would go over each part of it again, twice for every level, and copy
// it; the parts given here share the bytes of the message, which must not be changed.
package split

import (
	"bytes"
	"encoding/json"
	"unicode/utf8"
)

// An Object has the members of a JSON object in their order. nil is no object.
type Object []Member

// A Member is one value by its name.
type Member struct {
	name  []byte
	Value json.RawMessage
}

// Name is what the value is called.
func (m Member) Name() string { return string(m.name) }

// Get finds a value. Of two of one name the later counts, as with encoding/json.
func (o Object) Get(name string) (json.RawMessage, bool) {
	for i := len(o) - 1; i >= 0; i-- {
		if string(o[i].name) == name {
			return o[i].Value, true
		}
	}
	return nil, false
}

// Members splits an object. ok is false when it is none.
func Members(v []byte) (o Object, ok bool) {
	i := space(v, 0)
	if i == len(v) || v[i] != '{' {
		return nil, false
	}
	o = make(Object, 0, 8)
	for i = space(v, i+1); v[i] != '}'; {
		end := value(v, i)
		m := Member{name: v[i+1 : end-1]}
		if !plain(m.name) {
			name, _ := Text(v[i:end])
			m.name = []byte(name)
		}
		from := space(v, space(v, end)+1) // past the colon
		end = value(v, from)
		m.Value = v[from:end:end]
		o = append(o, m)
		if i = space(v, end); v[i] == ',' {
			i = space(v, i+1)
		}
	}
	return o, true
}

// Elements splits a list. ok is false when it is none.
func Elements(v []byte) (list []json.RawMessage, ok bool) {
	i := space(v, 0)
	if i == len(v) || v[i] != '[' {
		return nil, false
	}
	list = []json.RawMessage{}
	for i = space(v, i+1); v[i] != ']'; {
		end := value(v, i)
		list = append(list, v[i:end:end])
		if i = space(v, end); v[i] == ',' {
			i = space(v, i+1)
		}
	}
	return list, true
}

// space goes past white space.
func space(v []byte, i int) int {
	for i < len(v) && (v[i] == ' ' || v[i] == '\n' || v[i] == '\t' || v[i] == '\r') {
		i++
	}
	return i
}

// value gives where the value that begins at i ends.
func value(v []byte, i int) int {
	depth := 0
	for ; i < len(v); i++ {
		switch v[i] {
		case '"':
			i = quote(v, i)
			if depth == 0 {
				return i + 1
			}
		case '{', '[':
			depth++
		case '}', ']':
			if depth--; depth < 0 {
				return i
			}
			if depth == 0 {
				return i + 1
			}
		case ',', ' ', '\n', '\t', '\r', ':':
			if depth == 0 {
				return i
			}
		}
	}
	return i
}

// quote gives where the string that begins at i has its second quote.
func quote(v []byte, i int) int {
	for i++; ; i++ {
		i += bytes.IndexByte(v[i:], '"')
		slashes := 0
		for v[i-slashes-1] == '\\' {
			slashes++
		}
		if slashes%2 == 0 {
			return i
		}
	}
}

// Text reads a string with its quotes. What needs care is left to encoding/json.
func Text(v []byte) (s string, ok bool) {
	if len(v) < 2 || v[0] != '"' {
		return "", false
	}
	if in := v[1 : len(v)-1]; plain(in) {
		return string(in), true
	}
	ok = json.Unmarshal(v, &s) == nil
	return s, ok
}

func plain(in []byte) bool { return bytes.IndexByte(in, '\\') < 0 && utf8.Valid(in) }
