package proof

import (
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	collect "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	common "go.opentelemetry.io/proto/otlp/common/v1"
	spans "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"github.com/tongdan/tongdan/order"
)

// TestOneTraceLeadsFromThePushToThePlatformsAnswer follows an order with a real receiver
// of OTLP: the push comes to a node that calls nobody, which is then stopped; another
// process makes the call. Both are one trace, and so is an act through the API.
func TestOneTraceLeadsFromThePushToThePlatformsAnswer(t *testing.T) {
	inTurn(t, func(t *testing.T, p Plan) { // the collector is told of in the environment, which all share
		c := newCollector(t)
		p.NoLanes = true
		w := newWorld(t, stage{plan: p, speed: 1, seed: 5, meituan: slowDeadlines})
		id, err := w.mt.Place(json.RawMessage(`{"app_poi_code":"` + mtShop + `"}`))
		if err != nil {
			t.Fatal(err)
		}
		row := w.arrived(id)
		w.stop()
		push := c.one(t, "callback", "tongdan.order", row.ID.String())
		if len(c.with(push, "lane.attempt")) > 0 {
			t.Fatal("the first node has made a call: the test shows nothing about a restart")
		}
		w.Plan.NoLanes = false
		w.tick()
		w.start()
		w.until(20*time.Second, func() string {
			if native, _ := w.mt.Order(id); native.Tally["order/poi_received"].Calls == 0 {
				return "the order has not been acknowledged"
			}
			return ""
		})
		pressAPI(t, w, row)
		w.until(20*time.Second, func() string {
			if native, _ := w.mt.Order(id); native.Status != 4 {
				return "the order has not been accepted"
			}
			return ""
		})
		w.stop()

		// What a trace has to hold, each below the one before it.
		for _, way := range []struct{ first, verb, kind string }{
			{"callback", "push", "acknowledge"},
			{"POST /api/v1/orders/{id}/actions", "act.accept", "accept"},
		} {
			root := c.one(t, way.first, "tongdan.order", row.ID.String())
			verb := c.below(t, root, "db.verb", "tongdan.verb", way.verb)
			c.below(t, verb, "db.queue", "", "")
			c.below(t, verb, "db.transaction", "", "")
			attempt := c.below(t, verb, "lane.attempt", "tongdan.kind", way.kind)
			call := c.below(t, attempt, "platform.call", "", "")
			if got := attr(call, "http.response.status_code"); got != "200" {
				t.Errorf("%s: the platform's answer is %q in the trace", way.kind, got)
			}
			if got := attr(attempt, "tongdan.outcome"); got != "ok" {
				t.Errorf("%s: the outcome is %q in the trace", way.kind, got)
			}
			if got := attr(attempt, "tongdan.order"); got != row.ID.String() {
				t.Errorf("%s: the attempt is about %q, not %s", way.kind, got, row.ID)
			}
			if n := len(c.children(attempt, "db.verb")); n != 2 {
				t.Errorf("%s: %d transactions of the attempt are in the trace, want its beginning and its outcome", way.kind, n)
			}
			if !slices.ContainsFunc(verb.Events, func(e *spans.Span_Event) bool { return e.Name == "effect made" }) {
				t.Errorf("%s: the trace does not say where the effect was made", way.kind)
			}
		}
		c.below(t, c.one(t, "callback", "tongdan.order", row.ID.String()), "channel.receive", "", "")

		native, err := w.mt.Order(id)
		if err != nil {
			t.Fatal(err)
		}
		c.holdsNone(t, MeituanSecret, native.Phone, native.Name, native.Address, w.made.Key, "sig=")
	})
}

// arrived waits for an order and gives its row.
func (w *world) arrived(ref string) (row Row) {
	w.t.Helper()
	w.until(20*time.Second, func() string {
		for _, r := range w.pages() {
			if r.Ref == ref {
				row = r
				return ""
			}
		}
		return "order " + ref + " has not come"
	})
	return row
}

// pressAPI accepts an order through the API.
func pressAPI(t *testing.T, w *world, row Row) {
	t.Helper()
	req, err := http.NewRequest("POST", w.URL+"/api/v1/orders/"+row.ID.String()+"/actions", strings.NewReader(`{"kind":"`+string(order.Accept)+`"}`))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+w.made.Key)
	req.Header.Set("Content-Type", "application/json")
	res, err := w.http.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode >= 300 {
		body, _ := io.ReadAll(res.Body)
		t.Fatalf("accept: HTTP %d: %s", res.StatusCode, body)
	}
}

// A collector receives spans by OTLP over HTTP, as one of an operator would.
type collector struct {
	mu   sync.Mutex
	list []*spans.Span
	raw  []string
}

// newCollector starts one; nodes that are started after it send to it.
func newCollector(t *testing.T) *collector {
	c := &collector{}
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var body io.Reader = r.Body
		if r.Header.Get("Content-Encoding") == "gzip" {
			z, err := gzip.NewReader(r.Body)
			if err != nil {
				http.Error(w, err.Error(), http.StatusBadRequest)
				return
			}
			body = z
		}
		raw, err := io.ReadAll(body)
		var in collect.ExportTraceServiceRequest
		if err == nil {
			err = proto.Unmarshal(raw, &in)
		}
		if err != nil || r.URL.Path != "/v1/traces" {
			http.Error(w, fmt.Sprint(r.URL.Path, err), http.StatusBadRequest)
			return
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		c.raw = append(c.raw, string(raw))
		for _, rs := range in.ResourceSpans {
			for _, ss := range rs.ScopeSpans {
				c.list = append(c.list, ss.Spans...)
			}
		}
		w.Header().Set("Content-Type", "application/x-protobuf")
	}))
	t.Cleanup(srv.Close)
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", srv.URL)
	t.Setenv("OTEL_BSP_SCHEDULE_DELAY", "100")
	return c
}

func attr(s *spans.Span, key string) string {
	for _, a := range s.Attributes {
		if a.Key == key {
			switch v := a.Value.Value.(type) {
			case *common.AnyValue_StringValue:
				return v.StringValue
			case *common.AnyValue_IntValue:
				return fmt.Sprint(v.IntValue)
			}
		}
	}
	return ""
}

func (c *collector) find(f func(*spans.Span) bool) (out []*spans.Span) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, s := range c.list {
		if f(s) {
			out = append(out, s)
		}
	}
	return out
}

// with gives the spans of a name in the trace of another.
func (c *collector) with(of *spans.Span, name string) []*spans.Span {
	return c.find(func(s *spans.Span) bool { return s.Name == name && string(s.TraceId) == string(of.TraceId) })
}

func (c *collector) children(of *spans.Span, name string) []*spans.Span {
	return c.find(func(s *spans.Span) bool {
		return s.Name == name && string(s.TraceId) == string(of.TraceId) && string(s.ParentSpanId) == string(of.SpanId)
	})
}

// one gives the first span of a name with an attribute.
func (c *collector) one(t *testing.T, name, key, value string) *spans.Span {
	t.Helper()
	list := c.find(func(s *spans.Span) bool { return s.Name == name && (key == "" || attr(s, key) == value) })
	if len(list) == 0 {
		t.Fatalf("no span %s with %s=%s came", name, key, value)
	}
	return list[0]
}

// below gives the child of a span, with an attribute.
func (c *collector) below(t *testing.T, of *spans.Span, name, key, value string) *spans.Span {
	t.Helper()
	for _, s := range c.children(of, name) {
		if key == "" || attr(s, key) == value {
			return s
		}
	}
	var have []string
	for _, s := range c.find(func(s *spans.Span) bool { return string(s.TraceId) == string(of.TraceId) }) {
		have = append(have, fmt.Sprintf("%x %s below %x", s.SpanId, s.Name, s.ParentSpanId))
	}
	t.Fatalf("no span %s (%s=%s) is below %s %x; the trace has:\n%s", name, key, value, of.Name, of.SpanId, strings.Join(have, "\n"))
	return nil
}

// holdsNone looks for what must never be sent to a collector.
func (c *collector) holdsNone(t *testing.T, words ...string) {
	t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, word := range words {
		if word == "" {
			t.Fatal("one of the words to look for is empty: the test looks at the wrong place")
		}
		for _, raw := range c.raw {
			if strings.Contains(raw, word) {
				t.Errorf("what was sent to the collector holds %q", word)
			}
		}
	}
}
