package api

import (
	"context"
	"encoding"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/tongdan/tongdan/fault"
)

// ByID is the path of one thing.
type ByID struct {
	ID string `path:"id" maxLength:"32"`
}

// ActOnce is the header that makes a request safe to repeat; guard serves it.
type ActOnce struct {
	Key string `header:"Idempotency-Key" maxLength:"200" doc:"The same key with the same body gives the same answer and does nothing twice."`
}

// create and change are requests that add or replace a thing.
type (
	create[T any] struct {
		ActOnce
		Body T
	}
	change[T any] struct {
		ByID
		ActOnce
		Body T
	}
)

type rawKey struct{}

// requestIn gives the HTTP request of an operation's context.
func requestIn(ctx context.Context) *http.Request {
	r, _ := ctx.Value(rawKey{}).(*http.Request)
	return r
}

// withRequest lets handlers see the HTTP request.
func withRequest(ctx huma.Context, next func(huma.Context)) {
	r, _ := humago.Unwrap(ctx)
	next(huma.WithValue(ctx, rawKey{}, r))
}

// idOf reads one of our ids from a path. What is no id is no such thing.
func idOf[T any, P interface {
	*T
	encoding.TextUnmarshaler
}](text string) (id T, err error) {
	if text == "" || P(&id).UnmarshalText([]byte(text)) != nil {
		return id, fault.Say("api.idOf", fault.NotFound, "not_found", "there is no such thing")
	}
	return id, nil
}

// idsOf reads the ids of a filter; none is nil, which filters nothing. One that cannot be
// read is a mistake in the request.
func idsOf[T any, P interface {
	*T
	encoding.TextUnmarshaler
}](location string, texts []string) ([]T, error) {
	if len(texts) == 0 {
		return nil, nil
	}
	out := make([]T, len(texts))
	for i, text := range texts {
		if err := P(&out[i]).UnmarshalText([]byte(text)); err != nil || text == "" {
			return nil, &fault.Error{Op: "api.idsOf", Code: fault.Invalid, Why: fault.Because("filter_wrong", "the filter is wrong"), Fields: []fault.Field{fault.Wrong(location, fault.Because("field_id", "is no id"))}}
		}
	}
	return out, nil
}

// each maps a list; the result is never nil, so that JSON has [] and not null.
func each[A, B any](list []A, f func(A) B) []B {
	out := make([]B, 0, len(list))
	for _, x := range list {
		out = append(out, f(x))
	}
	return out
}

// created gives an operation the status of something new.
func created(o huma.Operation) huma.Operation {
	o.DefaultStatus = http.StatusCreated
	return o
}

// wantsPage reports whether a browser asks for a page rather than a program for JSON.
func wantsPage(accept string) bool {
	return strings.Contains(accept, "text/html") && !strings.HasPrefix(accept, "application/json")
}
