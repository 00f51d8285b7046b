package sim

import (
	"bytes"
	"encoding/json"
	"slices"
	"strconv"
	"sync"
	"unicode/utf8"
)

// AppendJSON writes a value as encoding/json does, without escaping <, > and &. Platforms'
// answers are mostly maps and lists of any, for which that package asks reflection for each
// key and each value: those, and what they hold, are written here.
func AppendJSON(b []byte, v any) ([]byte, error) {
	var err error
	switch v := v.(type) {
	case nil:
		return append(b, "null"...), nil
	case bool:
		return strconv.AppendBool(b, v), nil
	case int:
		return strconv.AppendInt(b, int64(v), 10), nil
	case int64:
		return strconv.AppendInt(b, v, 10), nil
	case string:
		if plain(v) {
			return append(append(append(b, '"'), v...), '"'), nil
		}
	case *string:
		if v == nil {
			return append(b, "null"...), nil
		}
		return AppendJSON(b, *v)
	case map[string]any:
		if v == nil {
			return append(b, "null"...), nil
		}
		var room [48]string
		keys := room[:0]
		for key := range v {
			keys = append(keys, key)
		}
		slices.Sort(keys)
		b = append(b, '{')
		for i, key := range keys {
			if i > 0 {
				b = append(b, ',')
			}
			if plain(key) {
				b = append(append(append(b, '"'), key...), '"')
			} else if b, err = AppendJSON(b, key); err != nil {
				return nil, err
			}
			if b, err = AppendJSON(append(b, ':'), v[key]); err != nil {
				return nil, err
			}
		}
		return append(b, '}'), nil
	case []any:
		return appendList(b, v)
	case []string:
		return appendList(b, v)
	case []map[string]any:
		return appendList(b, v)
	}
	e := encoders.Get().(*encoder)
	defer encoders.Put(e)
	e.to.Reset()
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	return append(b, bytes.TrimSuffix(e.to.Bytes(), []byte("\n"))...), nil
}

// An encoder is used again, with what it has written to.
type encoder struct {
	*json.Encoder
	to bytes.Buffer
}

var encoders = sync.Pool{New: func() any {
	e := new(encoder)
	e.Encoder = json.NewEncoder(&e.to)
	e.SetEscapeHTML(false)
	return e
}}

func appendList[T any](b []byte, list []T) ([]byte, error) {
	if list == nil {
		return append(b, "null"...), nil
	}
	b = append(b, '[')
	for i, x := range list {
		if i > 0 {
			b = append(b, ',')
		}
		var err error
		if b, err = AppendJSON(b, x); err != nil {
			return nil, err
		}
	}
	return append(b, ']'), nil
}

// plain reports whether a text stands in JSON as it is.
func plain(s string) bool {
	for _, r := range s {
		if r < ' ' || r == '"' || r == '\\' || r == utf8.RuneError || r == '\u2028' || r == '\u2029' {
			return false
		}
	}
	return true
}
