package db

import (
	"bytes"
	"encoding/json"
	"unicode/utf8"

	"github.com/tongdan/tongdan/effect"
	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/order"
)

// readRecord reads what appendRecord has written, in one pass and without copying the
// values, which share memory with b. Whatever it does not know is left to encoding/json.
func readRecord(b []byte) (r order.Record, err error) {
	in := recordReader{b: b}
	if r, ok := in.record(); ok && in.at == len(b) {
		return r, nil
	}
	err = json.Unmarshal(b, &r)
	return r, err
}

// readAttempt reads what encoding/json has written of an attempt. Whatever it does not know
// is left to encoding/json.
func readAttempt(b []byte) (*effect.Attempt, error) {
	a := new(effect.Attempt)
	in := recordReader{b: b}
	if in.is("{") && in.members(func(name string) (ok bool) {
		var n int64
		var s string
		switch name {
		case "n":
			n, ok = in.number()
			a.N = int(n)
		case "epoch":
			a.Epoch, ok = in.number()
		case "began_at":
			a.Began, ok = in.number()
		case "not_after":
			a.NotAfter, ok = in.number()
		case "ended_at":
			a.Ended, ok = in.number()
		case "outcome":
			s, ok = in.text()
			a.Outcome = effect.Outcome(s)
		case "code":
			s, ok = in.text()
			a.Code = fault.Code(s)
		case "look":
			a.Look = in.is("true")
			ok = a.Look
		case "why":
			var why json.RawMessage
			if why, ok = in.value(); ok {
				ok = json.Unmarshal(why, &a.Why) == nil
			}
		}
		return ok
	}) && in.at == len(b) {
		return a, nil
	}
	a = new(effect.Attempt)
	return a, json.Unmarshal(b, a)
}

// A recordReader stands somewhere in the bytes of a record. Its methods report false
// where the bytes are not what appendRecord writes.
type recordReader struct {
	b  []byte
	at int
}

// is goes on past a text, if that stands here.
func (in *recordReader) is(text string) bool {
	if len(in.b)-in.at < len(text) || string(in.b[in.at:in.at+len(text)]) != text {
		return false
	}
	in.at += len(text)
	return true
}

func (in *recordReader) record() (r order.Record, ok bool) {
	if !in.is("{") {
		return r, false
	}
	if in.is("}") {
		return r, true
	}
	for {
		switch {
		case r.Regs == nil && r.Axes == nil && r.Kids == nil && in.is(`"regs":{`):
			r.Regs = make(map[string]order.Register, 8)
			ok = in.members(func(name string) bool {
				reg, ok := in.register()
				r.Regs[name] = reg
				return ok
			})
		case r.Axes == nil && r.Kids == nil && in.is(`"axes":{`):
			r.Axes = make(map[string]order.Trail, 4)
			ok = in.members(func(name string) bool {
				trail, ok := in.trail()
				r.Axes[name] = trail
				return ok
			})
		case r.Kids == nil && in.is(`"kids":{`):
			r.Kids = make(map[string]order.Record, 4)
			ok = in.members(func(name string) bool {
				kid, ok := in.record()
				r.Kids[name] = kid
				return ok
			})
		default:
			return r, false
		}
		if !ok || in.is("}") {
			return r, ok
		}
		if !in.is(",") {
			return r, false
		}
	}
}

// members reads those of an object, after its brace.
func (in *recordReader) members(each func(name string) bool) bool {
	if in.is("}") {
		return true
	}
	for {
		name, ok := in.text()
		if !ok || !in.is(":") || !each(name) {
			return false
		}
		if in.is("}") {
			return true
		}
		if !in.is(",") {
			return false
		}
	}
}

func (in *recordReader) register() (order.Register, bool) {
	var s order.Stamp
	if !in.is(`{"s":{`) || !in.numbers(func(name string, n int64) bool {
		switch name {
		case "v":
			s.Version = n
		case "c":
			s.Class = order.Class(n)
		case "r":
			s.Read = n
		default:
			return false
		}
		return true
	}) || !in.is(`,"d":`) {
		return order.Register{}, false
	}
	value, ok := in.value()
	return order.Stored(s, value), ok && in.is("}")
}

// numbers reads the members of an object of numbers, after its brace.
func (in *recordReader) numbers(each func(name string, n int64) bool) bool {
	return in.members(func(name string) bool {
		n, ok := in.number()
		return ok && each(name, n)
	})
}

func (in *recordReader) trail() (t order.Trail, ok bool) {
	if !in.is("[") {
		return nil, false
	}
	t = order.Trail{}
	if in.is("]") {
		return t, true
	}
	for {
		var s order.Said
		if !in.is("{") || !in.members(func(name string) (ok bool) {
			var n int64
			switch name {
			case "s":
				s.State, ok = in.text()
			case "t":
				s.At, ok = in.number()
			case "c":
				n, ok = in.number()
				s.Class = order.Class(n)
			case "w":
				s.Who, ok = in.text()
			case "y":
				s.Why, ok = in.text()
			}
			return ok
		}) {
			return nil, false
		}
		t = append(t, s)
		if in.is("]") {
			return t, true
		}
		if !in.is(",") {
			return nil, false
		}
	}
}

// number reads a whole number.
func (in *recordReader) number() (n int64, ok bool) {
	minus := in.is("-")
	from := in.at
	for in.at < len(in.b) && in.b[in.at]-'0' <= 9 && in.at-from < 19 {
		n = n*10 - int64(in.b[in.at]-'0') // below zero, where there is one more
		in.at++
	}
	if !minus {
		n = -n
		ok = n >= 0
	} else {
		ok = n <= 0
	}
	return n, ok && in.at > from && (in.at == len(in.b) || in.b[in.at]-'0' > 9)
}

// text reads a string.
func (in *recordReader) text() (string, bool) {
	from := in.at
	if !in.skipText() {
		return "", false
	}
	literal := in.b[from:in.at]
	if bytes.IndexByte(literal, '\\') < 0 && utf8.Valid(literal) {
		return string(literal[1 : len(literal)-1]), true
	}
	var s string
	return s, json.Unmarshal(literal, &s) == nil
}

// skipText goes on past a string.
func (in *recordReader) skipText() bool {
	if !in.is(`"`) {
		return false
	}
	for in.at < len(in.b) {
		i := bytes.IndexByte(in.b[in.at:], '"')
		if i < 0 {
			return false
		}
		end := in.at + i
		slashes := 0
		for end-slashes > in.at && in.b[end-slashes-1] == '\\' {
			slashes++
		}
		in.at = end + 1
		if slashes%2 == 0 {
			return true
		}
	}
	return false
}

// value goes past any value and gives its bytes. Those were valid when they were written.
func (in *recordReader) value() (json.RawMessage, bool) {
	from, depth := in.at, 0
	plain := func() (json.RawMessage, bool) { // a number or a word
		v := in.b[from:in.at:in.at]
		return v, len(v) > 0 && len(bytes.TrimSpace(v)) == len(v)
	}
	if in.at < len(in.b) && in.b[in.at] <= ' ' {
		return nil, false
	}
	for in.at < len(in.b) {
		switch in.b[in.at] {
		case '"':
			if !in.skipText() {
				return nil, false
			}
			if depth == 0 {
				return in.b[from:in.at:in.at], true
			}
			continue
		case '{', '[':
			depth++
		case '}', ']':
			if depth--; depth < 0 {
				return plain()
			}
			if depth == 0 {
				in.at++
				return in.b[from:in.at:in.at], true
			}
		case ',':
			if depth == 0 {
				return plain()
			}
		}
		in.at++
	}
	return nil, false
}
