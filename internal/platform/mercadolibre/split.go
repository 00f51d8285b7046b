package mercadolibre

import (
	"bytes"
	"encoding/json"
	"unicode/utf8"
)

// What is split here is known to be valid JSON: json.Valid has gone over the whole message
// once. encoding/json would go over each part of it again, twice for every level, and copy
// it; the parts given here share the bytes of the message.

// members splits an object. ok is false when it is none. Of two members of one name the
// later counts, as with encoding/json.
func members(v []byte) (m map[string]json.RawMessage, ok bool) {
	i := space(v, 0)
	if i == len(v) || v[i] != '{' {
		return nil, false
	}
	m = make(map[string]json.RawMessage, 16)
	for i = space(v, i+1); v[i] != '}'; {
		end := value(v, i)
		name, _ := unquote(v[i:end])
		from := space(v, space(v, end)+1) // past the colon
		end = value(v, from)
		m[name] = v[from:end:end]
		if i = space(v, end); v[i] == ',' {
			i = space(v, i+1)
		}
	}
	return m, true
}

// elements splits a list. ok is false when it is none.
func elements(v []byte) (list []json.RawMessage, ok bool) {
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

// unquote reads a string. What needs care is left to encoding/json.
func unquote(v []byte) (s string, ok bool) {
	if in := v[1 : len(v)-1]; bytes.IndexByte(in, '\\') < 0 && utf8.Valid(in) {
		return string(in), true
	}
	ok = json.Unmarshal(v, &s) == nil
	return s, ok
}
