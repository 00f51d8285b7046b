package span

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/resource"
	sdk "go.opentelemetry.io/otel/sdk/trace"
)

// Setup begins to send spans when the standard variables of OpenTelemetry say where to
// (OTEL_EXPORTER_OTLP_ENDPOINT or OTEL_EXPORTER_OTLP_TRACES_ENDPOINT, by OTLP over HTTP);
// without them, and with OTEL_SDK_DISABLED=true or OTEL_TRACES_EXPORTER=none, it does
// nothing. Sampling, batches, headers and certificates are set by the other standard
// variables. It fails on a protocol or exporter that there is not. The function that it
// gives sends what is left and ends it; it is never nil.
//
// A process has one Setup at a time.
func Setup(ctx context.Context, version, instance string, log *slog.Logger) (end func(context.Context) error, err error) {
	nothing := func(context.Context) error { return nil }
	on, err := wanted(os.Getenv)
	if err != nil || !on {
		return nothing, err
	}
	otel.SetErrorHandler(&complaints{log: log})
	out, err := otlptracehttp.New(ctx)
	if err != nil {
		return nothing, fmt.Errorf("the exporter of traces (OTEL_EXPORTER_OTLP_*): %w", err)
	}
	about, err := resource.New(ctx,
		resource.WithAttributes(attribute.String("service.name", "tongdan"), attribute.String("service.version", version), attribute.String("service.instance.id", instance)),
		resource.WithFromEnv(), resource.WithTelemetrySDK())
	if err != nil {
		return nothing, fmt.Errorf("OTEL_RESOURCE_ATTRIBUTES: %w", err)
	}
	p := sdk.NewTracerProvider(sdk.WithBatcher(out), sdk.WithResource(about))
	tracer.Store(&tracing{p.Tracer("github.com/tongdan/tongdan")})
	return func(ctx context.Context) error {
		tracer.Store(nil)
		return p.Shutdown(ctx)
	}, nil
}

func wanted(env func(string) string) (bool, error) {
	if strings.EqualFold(env("OTEL_SDK_DISABLED"), "true") {
		return false, nil
	}
	exporter := env("OTEL_TRACES_EXPORTER")
	switch exporter {
	case "none":
		return false, nil
	case "", "otlp":
	default:
		return false, fmt.Errorf("OTEL_TRACES_EXPORTER is %q: use otlp or none", exporter)
	}
	if exporter == "" && env("OTEL_EXPORTER_OTLP_ENDPOINT") == "" && env("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT") == "" {
		return false, nil
	}
	for _, name := range []string{"OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL"} {
		if v := env(name); v != "" && v != "http/protobuf" {
			return false, fmt.Errorf("%s is %q: only http/protobuf is spoken", name, v)
		}
	}
	return true, nil
}

// complaints logs what the exporter has to complain about, once a minute: it tries again
// by itself, and a collector that is away must not fill the log.
type complaints struct {
	log  *slog.Logger
	last atomic.Int64 // UTC s
}

// Handle implements otel.ErrorHandler.
func (c *complaints) Handle(err error) {
	now := time.Now().Unix()
	if last := c.last.Load(); now-last >= 60 && c.last.CompareAndSwap(last, now) {
		c.log.Warn("traces could not be sent", "err", err)
	}
}
