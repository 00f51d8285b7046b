package span_test

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/tongdan/tongdan/ident"
	"github.com/tongdan/tongdan/internal/span"
)

// push makes the calls that a push makes on its way, in their order.
func push(ctx context.Context) {
	ctx, root := span.Start(ctx, "callback")
	span.ID(root, span.App, ident.App(7))
	root.Text(span.Channel, "meituan")
	_, sp := span.Within(ctx, "channel.receive")
	sp.Text("tongdan.what", "order.paid")
	sp.End()
	inner, verb := span.Within(ctx, "db.verb")
	if span.Parent(inner) != "" {
		panic("nobody follows")
	}
	if verb.On() {
		panic("nobody follows")
	}
	verb.End()
	span.Told(ctx, span.Order, "ord_1")
	root.Number("http.response.status_code", 200)
	root.Fail("")
	root.End()
	ctx, attempt := span.Resume(ctx, "", "lane.attempt")
	span.ID(attempt, span.Order, ident.Order(9))
	_, call := span.Call(ctx, "platform.call")
	call.End()
	attempt.End()
}

func TestNothingIsAllocatedWhenNobodyFollows(t *testing.T) {
	ctx := t.Context()
	if n := testing.AllocsPerRun(1000, func() { push(ctx) }); n != 0 {
		t.Errorf("a push allocates %v times for traces that nobody asked for", n)
	}
}

func BenchmarkPushWhenNobodyFollows(b *testing.B) {
	b.ReportAllocs()
	ctx := b.Context()
	for b.Loop() {
		push(ctx)
	}
}

func TestSettingsOfOpenTelemetry(t *testing.T) {
	srv := httptest.NewServer(http.NotFoundHandler())
	defer srv.Close()
	for _, c := range []struct {
		name     string
		env      map[string]string
		on, fail bool
	}{
		{"nothing", nil, false, false},
		{"an endpoint", map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": srv.URL}, true, false},
		{"an endpoint for traces", map[string]string{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": srv.URL + "/v1/traces"}, true, false},
		{"the exporter alone", map[string]string{"OTEL_TRACES_EXPORTER": "otlp"}, true, false},
		{"switched off", map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": srv.URL, "OTEL_SDK_DISABLED": "true"}, false, false},
		{"no exporter", map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": srv.URL, "OTEL_TRACES_EXPORTER": "none"}, false, false},
		{"another exporter", map[string]string{"OTEL_TRACES_EXPORTER": "zipkin"}, false, true},
		{"another protocol", map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": srv.URL, "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}, false, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			for k, v := range c.env {
				t.Setenv(k, v)
			}
			end, err := span.Setup(t.Context(), "1", "n", slog.New(slog.DiscardHandler))
			if (err != nil) != c.fail {
				t.Fatalf("error %v", err)
			}
			_, sp := span.Start(t.Context(), "x")
			if sp.On() != c.on {
				t.Errorf("on is %v", sp.On())
			}
			ctx, cancel := context.WithCancel(context.Background())
			cancel() // nobody waits for a collector that answers 404
			end(ctx)
			if _, sp := span.Start(t.Context(), "x"); sp.On() {
				t.Error("it goes on after its end")
			}
		})
	}
}
