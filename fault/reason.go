package fault

import (
	"strings"
)

// A Reason says to people why something is so: why an act failed, is not allowed, or why
// a message could not be read. A screen says it in its own language by Code and Args; one
// that does not know the code shows Text. Without a Code, Text is what somebody else said,
// a platform above all, and is shown as it is.
type Reason struct {
	Code string            `json:"code" doc:"Stable; empty when text is the platform's own words."`
	Text string            `json:"text" doc:"In English, or the platform's own words."`
	Args map[string]string `json:"args,omitempty" doc:"What the text names: numbers, names, by the name of the blank."`
	Said string            `json:"said,omitempty" doc:"The platform's own words, which come before ours; they are in text too."`
}

// Because makes a reason of ours. text is English, with blanks such as {count}, which
// args fill: name, value, name, value. Code and text are literals, so that the test of
// the house finds them and sees to it that every language of the console has them.
func Because(code, text string, args ...string) Reason {
	r := Reason{Code: code, Text: text}
	for i := 0; i+1 < len(args); i += 2 {
		if r.Args == nil {
			r.Args = map[string]string{}
		}
		r.Args[args[i]] = args[i+1]
		r.Text = strings.ReplaceAll(r.Text, "{"+args[i]+"}", args[i+1])
	}
	return r
}

// Say returns an error with a reason for people: New for what a screen translates.
func Say(op string, kind Code, code, text string, args ...string) *Error {
	return &Error{Op: op, Code: kind, Why: Because(code, text, args...)}
}

// Wrong is a part of the input with what is wrong with it: what a form says beside a
// field.
func Wrong(location string, why Reason) Field {
	return Field{Location: location, Message: why.Text, Why: why}
}

// IsZero reports whether nothing was said.
func (r Reason) IsZero() bool { return r.Code == "" && r.Text == "" }

// Coded is a reason for screens to translate; nil without a code, when the text is all
// that there is.
func (r Reason) Coded() *Reason {
	if r.Code == "" {
		return nil
	}
	return &r
}

// After puts a platform's own words before a reason of ours: what it said, then what we
// make of it.
func (r Reason) After(said string) Reason {
	if said == "" || said == r.Text {
		return r
	}
	if r.IsZero() {
		return Reason{Text: said}
	}
	r.Text = said + " · " + r.Text
	if r.Code != "" {
		r.Said = said
	}
	return r
}

// ReasonOf finds the first reason for people in the chain; its text is that of WordsOf.
func ReasonOf(err error) (why Reason) {
	walk(err, func(e *Error) bool {
		why = e.Why.After(e.Words)
		return e.Words != "" || !e.Why.IsZero()
	})
	return why
}
