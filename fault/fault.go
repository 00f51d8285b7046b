// Package fault is the one way in which Tongdan says that something went wrong.
//
// An Error names the operation, the kind of failure (Code), the thing at hand and
// the cause. Callers, the retry loop and the HTTP layer act on the code alone; the
// text is for logs. Words and Why are the only parts that are shown to people, and they
// must hold neither secrets nor customers' data.
//
// Something wrong inside an order (a total that does not add up, an unknown status)
// is not an error: it is an order.Issue, kept with the order.
package fault

import (
	"context"
	"errors"
	"strings"
	"time"
)

// A Code says what kind of failure it was. The set is closed: every layer above acts
// on these and on nothing else.
type Code string

// The codes, with what a caller may do about each.
const (
	Invalid      Code = "invalid"         // the input is wrong; change it
	TooLarge     Code = "too_large"       // the input passes a limit; send less
	NotFound     Code = "not_found"       // no such thing, or not for this caller
	Conflict     Code = "conflict"        // the state of the thing forbids it; look again
	Unauthorized Code = "unauthorized"    // nobody is signed in, or the signature or token is not accepted
	Forbidden    Code = "forbidden"       // signed in, without the right
	RateLimited  Code = "rate_limited"    // too often; wait After
	Unsupported  Code = "unsupported"     // this platform or shop cannot do it
	Unavailable  Code = "unavailable"     // certainly not done; try again later
	Unknown      Code = "unknown_outcome" // may or may not have been done; find out before a repeat
	Internal     Code = "internal"        // our mistake
)

// A Field is one part of an input that is wrong. Location is a path such as
// "body.lines[2].quantity".
type Field struct {
	Location string
	Message  string // in English; that of Why where there is one
	Why      Reason // for screens; see Wrong
}

// An Error says what was being done, what kind of failure it was, and why.
type Error struct {
	Op     string        // package and method, never values: "meituan.Confirm"
	Code   Code          // "" means: ask the cause
	Ref    string        // the thing at hand: an order number, a SKU; never a person's data
	Words  string        // for people: what to do, or the platform's own words
	Why    Reason        // for people, in words that a screen translates; after Words where there are both
	After  time.Duration // with RateLimited and Unavailable: wait this long; 0 = the caller decides
	Fields []Field       // with Invalid: every field that is wrong, not only the first
	Err    error         // the cause, for logs
}

// Error prints a trace such as "hub.Act: ord_1: meituan.call: rate_limited: HTTP 429".
func (e *Error) Error() string {
	var parts []string
	for _, p := range []string{e.Op, e.Ref} {
		if p != "" {
			parts = append(parts, p)
		}
	}
	var inner *Error
	if e.Code != "" && !(errors.As(e.Err, &inner) && inner.Code == e.Code) {
		parts = append(parts, string(e.Code))
	}
	switch {
	case e.Err != nil:
		parts = append(parts, e.Err.Error())
	case e.Words != "" || !e.Why.IsZero():
		parts = append(parts, e.Why.After(e.Words).Text)
	}
	for _, f := range e.Fields {
		parts = append(parts, f.Location+" "+f.Message)
	}
	return strings.Join(parts, ": ")
}

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Err }

// New returns an error with words for people.
func New(op string, code Code, words string) *Error { return &Error{Op: op, Code: code, Words: words} }

// Wrap adds an operation to a cause and keeps the cause's code. Wrap of nil is nil.
func Wrap(op string, err error) error {
	if err == nil {
		return nil
	}
	return &Error{Op: op, Err: err}
}

// CodeOf finds the first code in the chain. A context that ended is Unavailable when
// nobody said otherwise; anything else without a code is Internal. CodeOf(nil) is "".
func CodeOf(err error) Code {
	if err == nil {
		return ""
	}
	var code Code
	if walk(err, func(e *Error) bool {
		code = e.Code
		return code != ""
	}) {
		return code
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return Unavailable
	}
	return Internal
}

// Is reports whether err carries the code.
func Is(err error, code Code) bool { return err != nil && CodeOf(err) == code }

// WordsOf finds the first words for people in the chain, or "".
func WordsOf(err error) string { return ReasonOf(err).Text }

// AfterOf finds how long the failing side asked to wait; 0 when it did not say.
func AfterOf(err error) (after time.Duration) {
	walk(err, func(e *Error) bool {
		after = e.After
		return after > 0
	})
	return after
}

// FieldsOf collects the wrong fields named anywhere in the chain.
func FieldsOf(err error) (all []Field) {
	walk(err, func(e *Error) bool {
		all = append(all, e.Fields...)
		return false
	})
	return all
}

// walk calls f for each Error in the tree of causes, depth first, as errors.As walks, until
// f is content. An error that was joined with another (what failed, and what failed while
// it was cleaned up) is looked into like any other.
func walk(err error, f func(*Error) bool) bool {
	for err != nil {
		if e, ok := err.(*Error); ok && f(e) {
			return true
		}
		switch u := err.(type) {
		case interface{ Unwrap() error }:
			err = u.Unwrap()
		case interface{ Unwrap() []error }:
			for _, inner := range u.Unwrap() {
				if walk(inner, f) {
					return true
				}
			}
			return false
		default:
			return false
		}
	}
	return false
}
