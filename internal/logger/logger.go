// Package logger makes the one logger of a process.
//
// What is logged is ids of ours (request, merchant, account, order, effect), names of
// channels and codes; never a customer's data or a secret: that is a rule for whoever
// writes a log line or an error. The handler here is the last line of defence: it blots
// out what looks like a phone number, an address of mail, a token or a signature, in
// messages, attributes and errors alike (Blot).
package logger

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"strings"

	"go.opentelemetry.io/otel/trace"
)

// The forms of a log.
const (
	Text = "text" // for people: key=value
	JSON = "json" // for machines: one object a line
)

// New makes a logger that writes to w. form is Text or JSON ("" = Text); anything else
// is an error. about gives what is known of a context (who asked, for whom): it is added
// to every line that is logged with one, as is the id of the trace that the context
// belongs to; nil = nothing.
func New(w io.Writer, level slog.Level, form string, about func(context.Context) []slog.Attr) (*slog.Logger, error) {
	o := &slog.HandlerOptions{Level: level}
	var h slog.Handler
	switch form {
	case "", Text:
		h = slog.NewTextHandler(w, o)
	case JSON:
		h = slog.NewJSONHandler(w, o)
	default:
		return nil, fmt.Errorf("the form of the log is %q: use text or json", form)
	}
	return slog.New(handler{h, about}), nil
}

// handler blots out what must not be logged and adds what is known of the context.
type handler struct {
	next  slog.Handler
	about func(context.Context) []slog.Attr
}

func (h handler) Enabled(ctx context.Context, l slog.Level) bool { return h.next.Enabled(ctx, l) }

func (h handler) Handle(ctx context.Context, r slog.Record) error {
	out := slog.NewRecord(r.Time, r.Level, Blot(r.Message), r.PC)
	have := map[string]bool{}
	r.Attrs(func(a slog.Attr) bool {
		have[a.Key] = true
		out.AddAttrs(blot(a))
		return true
	})
	if h.about != nil && ctx != nil {
		for _, a := range h.about(ctx) {
			if !have[a.Key] {
				out.AddAttrs(blot(a))
			}
		}
	}
	if ctx != nil {
		if s := trace.SpanContextFromContext(ctx); s.IsValid() {
			out.AddAttrs(slog.String("trace_id", s.TraceID().String()))
		}
	}
	return h.next.Handle(ctx, out)
}

func (h handler) WithAttrs(list []slog.Attr) slog.Handler {
	blotted := make([]slog.Attr, len(list))
	for i, a := range list {
		blotted[i] = blot(a)
	}
	return handler{h.next.WithAttrs(blotted), h.about}
}

func (h handler) WithGroup(name string) slog.Handler {
	return handler{h.next.WithGroup(name), h.about}
}

// secretKeys are attributes whose value is never written, whatever it looks like.
var secretKeys = []string{"password", "secret", "token", "authorization", "cookie", "credential", "phone", "address", "recipient"}

func blot(a slog.Attr) slog.Attr {
	v := a.Value.Resolve()
	key := strings.ToLower(a.Key)
	for _, k := range secretKeys {
		if strings.Contains(key, k) {
			return slog.String(a.Key, gone)
		}
	}
	switch v.Kind() {
	case slog.KindString:
		return slog.String(a.Key, Blot(v.String()))
	case slog.KindGroup:
		list := v.Group()
		out := make([]slog.Attr, len(list))
		for i, in := range list {
			out[i] = blot(in)
		}
		return slog.Attr{Key: a.Key, Value: slog.GroupValue(out...)}
	case slog.KindAny:
		if err, ok := v.Any().(error); ok {
			return slog.String(a.Key, Blot(err.Error()))
		}
		return slog.String(a.Key, Blot(fmt.Sprint(v.Any())))
	}
	return slog.Attr{Key: a.Key, Value: v}
}
