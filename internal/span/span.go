// Package span follows one order through the house: from the platform's push (or a
// person's act) through queue, transaction and lane to the platform's answer. It is a
// narrow door to OpenTelemetry: when nobody listens (Setup found no OTEL_* address) every
// call is a load and a comparison, and allocates nothing.
//
// What may be written into a span is ids of ours, names of channels, kinds and outcomes,
// numbers and durations: no customer's data, no secrets, no address with its query.
package span

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
)

// The keys of attributes. Values are ids of ours as text, or words of a closed set.
const (
	Merchant = "tongdan.merchant"
	Account  = "tongdan.account"
	App      = "tongdan.app"
	Channel  = "tongdan.channel"
	Order    = "tongdan.order"
	Effect   = "tongdan.effect"
	Kind     = "tongdan.kind"
	Outcome  = "tongdan.outcome"
	Verb     = "tongdan.verb"
	Batch    = "tongdan.batch" // verbs in one transaction
	Request  = "tongdan.request_id"
)

type tracing struct{ trace.Tracer }

// tracer is nil while nobody listens.
var tracer atomic.Pointer[tracing]

// A Span is one piece of work on an order's way. The zero Span does nothing. A Span is
// used by one goroutine.
type Span struct{ s trace.Span }

// Start begins a trace: something has come in.
func Start(ctx context.Context, name string) (context.Context, Span) {
	t := tracer.Load()
	if t == nil {
		return ctx, Span{}
	}
	return begin(ctx, t, name, trace.WithSpanKind(trace.SpanKindServer))
}

// Within begins a part of what ctx is in; outside of a trace it does nothing.
func Within(ctx context.Context, name string) (context.Context, Span) {
	t := tracer.Load()
	if t == nil || !trace.SpanContextFromContext(ctx).IsValid() {
		return ctx, Span{}
	}
	return begin(ctx, t, name)
}

// Call is Within for a call to somebody else.
func Call(ctx context.Context, name string) (context.Context, Span) {
	t := tracer.Load()
	if t == nil || !trace.SpanContextFromContext(ctx).IsValid() {
		return ctx, Span{}
	}
	return begin(ctx, t, name, trace.WithSpanKind(trace.SpanKindClient))
}

// Resume goes on with a trace that Parent wrote down, perhaps on another node and long
// ago. With "" it begins a trace.
func Resume(ctx context.Context, parent, name string) (context.Context, Span) {
	t := tracer.Load()
	if t == nil {
		return ctx, Span{}
	}
	if parent != "" {
		ctx = format.Extract(ctx, header{parent: parent})
	}
	return begin(ctx, t, name, trace.WithSpanKind(trace.SpanKindConsumer))
}

// Past writes down a part of what ctx is in after it is over.
func Past(ctx context.Context, name string, from, to time.Time) {
	t := tracer.Load()
	if t == nil || !trace.SpanContextFromContext(ctx).IsValid() {
		return
	}
	_, s := t.Start(ctx, name, trace.WithTimestamp(from))
	s.End(trace.WithTimestamp(to))
}

// Told sets an attribute of the part that ctx is in.
func Told(ctx context.Context, key, value string) {
	if tracer.Load() != nil && value != "" {
		trace.SpanFromContext(ctx).SetAttributes(attribute.String(key, value))
	}
}

// Parent is ctx's place in its trace as the W3C's traceparent, to be kept with what will
// be done later; "" outside of a trace.
func Parent(ctx context.Context) string {
	if tracer.Load() == nil || !trace.SpanContextFromContext(ctx).IsValid() {
		return ""
	}
	m := propagation.MapCarrier{}
	format.Inject(ctx, m)
	return m[traceparent]
}

const traceparent = "traceparent"

var format propagation.TraceContext

// header carries one traceparent.
type header struct{ parent string }

func (h header) Get(key string) string {
	if key == traceparent {
		return h.parent
	}
	return ""
}
func (header) Set(string, string) {}
func (header) Keys() []string     { return []string{traceparent} }

func begin(ctx context.Context, t *tracing, name string, o ...trace.SpanStartOption) (context.Context, Span) {
	ctx, s := t.Start(ctx, name, o...)
	return ctx, Span{s}
}

// On reports whether anybody listens: ask it before making a value costs something.
func (s Span) On() bool { return s.s != nil && s.s.IsRecording() }

// Text sets an attribute.
func (s Span) Text(key, value string) {
	if s.s != nil && value != "" {
		s.s.SetAttributes(attribute.String(key, value))
	}
}

// ID sets an attribute to an id of ours. T is the id's own type, so that nothing is boxed
// while nobody listens; an id of 0 is none.
func ID[T interface {
	~int64
	fmt.Stringer
}](s Span, key string, id T) {
	if s.s != nil && id != 0 {
		s.s.SetAttributes(attribute.String(key, id.String()))
	}
}

// Number sets an attribute.
func (s Span) Number(key string, n int64) {
	if s.s != nil {
		s.s.SetAttributes(attribute.Int64(key, n))
	}
}

// Event notes that something happened, with what.
func (s Span) Event(name, key, value string) {
	if s.s != nil {
		s.s.AddEvent(name, trace.WithAttributes(attribute.String(key, value)))
	}
}

// Fail says that it went wrong. code is one of package fault: an error's text may hold
// anything, so it is not taken.
func (s Span) Fail(code string) {
	if s.s != nil && code != "" {
		s.s.SetStatus(codes.Error, code)
	}
}

// End ends it.
func (s Span) End() {
	if s.s != nil {
		s.s.End()
	}
}
