package fault_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/tongdan/tongdan/fault"
)

func TestAnErrorReadsAsATraceAndKeepsItsCode(t *testing.T) {
	cause := &fault.Error{Op: "meituan.call", Code: fault.RateLimited, After: 3 * time.Second, Err: errors.New("HTTP 429")}
	err := fmt.Errorf("lane: %w", fault.Wrap("hub.Act", cause))
	if got, want := err.Error(), "lane: hub.Act: meituan.call: rate_limited: HTTP 429"; got != want {
		t.Errorf("Error() = %q, want %q", got, want)
	}
	if fault.CodeOf(err) != fault.RateLimited || fault.AfterOf(err) != 3*time.Second {
		t.Errorf("code %q after %v, want rate_limited after 3s", fault.CodeOf(err), fault.AfterOf(err))
	}
}

func TestTheCodeOfAPlainErrorIsInternalAndOfAnEndedContextUnavailable(t *testing.T) {
	for _, c := range []struct {
		err  error
		want fault.Code
	}{
		{nil, ""},
		{errors.New("x"), fault.Internal},
		{context.DeadlineExceeded, fault.Unavailable},
		{fault.New("a.B", fault.Invalid, "give a name"), fault.Invalid},
		{errors.Join(errors.New("x"), fault.New("a.B", fault.Conflict, "")), fault.Conflict},
		{fault.Wrap("c.D", errors.Join(errors.New("x"), fault.New("a.B", fault.Conflict, ""))), fault.Conflict},
	} {
		if got := fault.CodeOf(c.err); got != c.want {
			t.Errorf("CodeOf(%v) = %q, want %q", c.err, got, c.want)
		}
	}
}

func TestWordsAndFieldsAreFoundThroughWrapping(t *testing.T) {
	err := fault.Wrap("api.decode", &fault.Error{Code: fault.Invalid, Words: "give a kind", Fields: []fault.Field{fault.Wrong("body.kind", fault.Because("field_needed", "is needed"))}})
	if fault.WordsOf(err) != "give a kind" || len(fault.FieldsOf(err)) != 1 || fault.FieldsOf(err)[0].Message != "is needed" {
		t.Errorf("words %q fields %v", fault.WordsOf(err), fault.FieldsOf(err))
	}
	// What fails while something is opened is joined with what fails while it is closed again.
	late := &fault.Error{Op: "db.Open", Code: fault.Unavailable, After: time.Second, Words: "stop the other one"}
	joined := fault.Wrap("serve", errors.Join(errors.New("not closed"), fmt.Errorf("open: %w", errors.Join(late, err))))
	if fault.CodeOf(joined) != fault.Unavailable || fault.WordsOf(joined) != "stop the other one" || fault.AfterOf(joined) != time.Second || len(fault.FieldsOf(joined)) != 1 {
		t.Errorf("joined: %q %q %v %v", fault.CodeOf(joined), fault.WordsOf(joined), fault.AfterOf(joined), fault.FieldsOf(joined))
	}
	if fault.Wrap("x", nil) != nil {
		t.Error("Wrap(nil) must stay nil, or a success turns into a failure")
	}
}
