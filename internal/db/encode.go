package db

import (
	"cmp"
	"encoding/json"
	"strconv"
	"unicode/utf8"

	"github.com/tongdan/tongdan/effect"
	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/order"
)

// appendRecord writes a record as JSON, as encoding/json reads it. The values of
// registers are taken over byte by byte: their hash is over these bytes, and a general
// encoder would rewrite them.
func appendRecord(b []byte, r *order.Record) ([]byte, error) {
	b = append(b, '{')
	if len(r.Regs) > 0 {
		b = append(b, `"regs":{`...)
		for i, name := range sortedKeys(r.Regs, cmp.Compare[string]) {
			reg := r.Regs[name]
			// A value with a hash was made by order.Put or read from here: it is JSON.
			if reg.Stamp.Hash == [8]byte{} && !json.Valid(reg.Value) {
				return nil, fault.New("db.record", fault.Internal, "a register holds no JSON: "+name)
			}
			b = appendKey(b, i, name)
			b = append(b, `{"s":{`...)
			b = appendInt(b, "v", reg.Stamp.Version)
			b = appendInt(b, "c", int64(reg.Stamp.Class))
			b = appendInt(b, "r", reg.Stamp.Read)
			b = append(b, `},"d":`...)
			b = append(append(b, reg.Value...), '}')
		}
		b = append(b, '}')
	}
	if len(r.Axes) > 0 {
		b = append(comma(b), `"axes":{`...)
		for i, name := range sortedKeys(r.Axes, cmp.Compare[string]) {
			b = append(appendKey(b, i, name), '[')
			for j, s := range r.Axes[name] {
				if j > 0 {
					b = append(b, ',')
				}
				b = appendText(append(b, `{"s":`...), s.State)
				b = appendInt(b, "t", s.At)
				b = appendInt(b, "c", int64(s.Class))
				if s.Who != "" {
					b = appendText(append(b, `,"w":`...), s.Who)
				}
				if s.Why != "" {
					b = appendText(append(b, `,"y":`...), s.Why)
				}
				b = append(b, '}')
			}
			b = append(b, ']')
		}
		b = append(b, '}')
	}
	if len(r.Kids) > 0 {
		b = append(comma(b), `"kids":{`...)
		for i, name := range sortedKeys(r.Kids, cmp.Compare[string]) {
			kid := r.Kids[name]
			var err error
			if b, err = appendRecord(appendKey(b, i, name), &kid); err != nil {
				return nil, err
			}
		}
		b = append(b, '}')
	}
	return append(b, '}'), nil
}

// appendAttempt writes an attempt as encoding/json does: one is written with each change of an effect.
func appendAttempt(b []byte, a *effect.Attempt) ([]byte, error) {
	b = strconv.AppendInt(append(b, `{"n":`...), int64(a.N), 10)
	if a.Look {
		b = append(b, `,"look":true`...)
	}
	b = strconv.AppendInt(append(b, `,"epoch":`...), a.Epoch, 10)
	b = strconv.AppendInt(append(b, `,"began_at":`...), a.Began, 10)
	b = strconv.AppendInt(append(b, `,"not_after":`...), a.NotAfter, 10)
	b = appendInt(b, "ended_at", a.Ended)
	if a.Outcome != "" {
		b = appendText(append(b, `,"outcome":`...), string(a.Outcome))
	}
	if !a.Why.IsZero() {
		why, err := json.Marshal(a.Why)
		if err != nil {
			return nil, err
		}
		b = append(append(b, `,"why":`...), why...)
	}
	if a.Code != "" {
		b = appendText(append(b, `,"code":`...), string(a.Code))
	}
	return append(b, '}'), nil
}

func comma(b []byte) []byte {
	if b[len(b)-1] != '{' {
		b = append(b, ',')
	}
	return b
}

func appendKey(b []byte, i int, name string) []byte {
	if i > 0 {
		b = append(b, ',')
	}
	return append(appendText(b, name), ':')
}

// appendInt writes a member of an object, unless it is 0.
func appendInt(b []byte, name string, n int64) []byte {
	if n == 0 {
		return b
	}
	b = append(append(append(comma(b), '"'), name...), `":`...)
	return strconv.AppendInt(b, n, 10)
}

// appendText writes a string. What needs care is left to encoding/json.
func appendText(b []byte, s string) []byte {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c == '"' || c == '\\' || c == 0x7f {
			return appendJSON(b, s)
		}
	}
	if !utf8.ValidString(s) {
		return appendJSON(b, s)
	}
	return append(append(append(b, '"'), s...), '"')
}

func appendJSON(b []byte, s string) []byte {
	t, err := json.Marshal(s)
	if err != nil {
		return append(b, `""`...) // no string fails
	}
	return append(b, t...)
}
