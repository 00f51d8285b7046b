// Package split takes JSON apart without copying it, for messages whose parts are looked
// into one by one. What is split must be valid JSON: Valid goes over the whole message
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

// maxDepth is how deep encoding/json lets values be nested.
const maxDepth = 10_000

// Valid reports whether a text is one JSON value, as json.Valid does, at a fraction of its
// cost: that goes from state to state with each byte.
func Valid(v []byte) bool {
	i := valid(v, space(v, 0), 0)
	return i >= 0 && space(v, i) == len(v)
}

// valid gives where the value that begins at i, within depth others, ends; -1 when it is none.
func valid(v []byte, i, depth int) int {
	if i >= len(v) {
		return -1
	}
	switch c := v[i]; c {
	case '"':
		return validText(v, i)
	case '{', '[':
		if depth++; depth > maxDepth {
			return -1
		}
		end := c + 2 // } and ] stand two behind their beginnings
		if i = space(v, i+1); i < len(v) && v[i] == end {
			return i + 1
		}
		for {
			if c == '{' {
				if i >= len(v) || v[i] != '"' {
					return -1
				}
				if i = validText(v, i); i < 0 {
					return -1
				}
				if i = space(v, i); i >= len(v) || v[i] != ':' {
					return -1
				}
				i = space(v, i+1)
			}
			if i = valid(v, i, depth); i < 0 {
				return -1
			}
			if i = space(v, i); i >= len(v) {
				return -1
			}
			switch v[i] {
			case ',':
				i = space(v, i+1)
			case end:
				return i + 1
			default:
				return -1
			}
		}
	case 't':
		return validWord(v, i, "true")
	case 'f':
		return validWord(v, i, "false")
	case 'n':
		return validWord(v, i, "null")
	}
	return validNumber(v, i)
}

func validWord(v []byte, i int, word string) int {
	if len(v)-i < len(word) || string(v[i:i+len(word)]) != word {
		return -1
	}
	return i + len(word)
}

// stops are the bytes at which a text does not simply go on.
var stops = func() (t [256]bool) {
	for c := range byte(' ') {
		t[c] = true
	}
	t['"'], t['\\'] = true, true
	return t
}()

func validText(v []byte, i int) int {
	for i++; i < len(v); i++ {
		if !stops[v[i]] {
			continue
		}
		if v[i] == '"' {
			return i + 1
		}
		if v[i] != '\\' || i+1 == len(v) {
			return -1
		}
		i++
		switch v[i] {
		case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		case 'u':
			if len(v)-i < 5 {
				return -1
			}
			for _, c := range v[i+1 : i+5] {
				if !('0' <= c && c <= '9' || 'a' <= c|0x20 && c|0x20 <= 'f') {
					return -1
				}
			}
			i += 4
		default:
			return -1
		}
	}
	return -1
}

func validNumber(v []byte, i int) int {
	digits := func() bool {
		from := i
		for i < len(v) && '0' <= v[i] && v[i] <= '9' {
			i++
		}
		return i > from
	}
	if v[i] == '-' {
		i++
	}
	if i < len(v) && v[i] == '0' {
		i++
	} else if !digits() {
		return -1
	}
	if i < len(v) && v[i] == '.' {
		if i++; !digits() {
			return -1
		}
	}
	if i < len(v) && v[i]|0x20 == 'e' {
		if i++; i < len(v) && (v[i] == '+' || v[i] == '-') {
			i++
		}
		if !digits() {
			return -1
		}
	}
	return i
}
