package sim

import (
	"bytes"
	"cmp"
	"context"
	"log/slog"
	"net/http"
	"slices"
	"sync"
	"time"
)

// Call is one request of the merchant, as the platform saw it.
type Call struct {
	Seq     int64             `json:"seq"`
	Method  string            `json:"method"`
	Path    string            `json:"path"`
	Kind    string            `json:"kind"`            // the platform's name of the operation, such as "order/confirm"
	Order   string            `json:"order,omitempty"` // empty when the call is about none
	Params  map[string]string `json:"params,omitempty"`
	Status  int               `json:"status"` // HTTP status answered; 0 = connection closed without an answer
	Code    string            `json:"code,omitempty"`
	Changed bool              `json:"changed"` // whether the platform's state changed by it
	Fault   string            `json:"fault,omitempty"`
	Trade   time.Time         `json:"trade"` // on the platform's clock
	Real    time.Time         `json:"real"`
}

// Tally counts, per kind of operation, calls and state changes apart: a guarded call may
// arrive twice, its change may not happen twice. Platforms keep it within their order, so that
// it is written with the change that it counts.
type Tally map[string]Count

// Count is one line of a Tally.
type Count struct {
	Calls   int `json:"calls"`
	Changes int `json:"changes"`
}

// Add counts a call and whether it changed something.
func (t Tally) Add(kind string, changed bool) {
	c := t[kind]
	c.Calls++
	if changed {
		c.Changes++
	}
	t[kind] = c
}

// Calls is the book of what was received, newest last, bounded: the oldest are forgotten. It is
// in memory only; what must outlive a crash is the Tally. Safe for concurrent use.
type Calls struct{ ring[Call] }

// NewCalls keeps the last n calls (0: 10,000).
func NewCalls(n int) *Calls { return &Calls{newRing[Call](n)} }

// Add writes a call down and numbers it from 1.
func (c *Calls) Add(call Call) {
	c.add(func(seq int64) Call { call.Seq = seq; return call })
}

// List returns the newest calls about an order ("" = all), oldest first, at most limit (0: 200).
func (c *Calls) List(order string, limit int) []Call {
	return c.newest(limit, func(call Call) bool { return order == "" || call.Order == order })
}

// ring keeps the last entries of a log.
type ring[T any] struct {
	mu    *sync.Mutex
	items []T
	most  int
	next  int64 // entries ever
}

func newRing[T any](n int) ring[T] {
	return ring[T]{mu: new(sync.Mutex), most: cmp.Or(n, 10_000)}
}

func (r *ring[T]) add(number func(seq int64) T) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.next++
	item := number(r.next)
	if len(r.items) < r.most {
		r.items = append(r.items, item)
		return
	}
	r.items[(r.next-1)%int64(r.most)] = item
}

func (r *ring[T]) newest(limit int, match func(T) bool) []T {
	r.mu.Lock()
	defer r.mu.Unlock()
	limit = cmp.Or(limit, 200)
	out := []T{}
	for seq := r.next; seq > r.next-int64(len(r.items)) && len(out) < limit; seq-- {
		if item := r.items[(seq-1)%int64(r.most)]; match(item) {
			out = append(out, item)
		}
	}
	slices.Reverse(out)
	return out
}

// Gate stands in front of a platform's API: it applies the faults and writes every call down.
type Gate struct {
	Clock  *Clock
	Faults *Faults
	Calls  *Calls
	// Kind names the operation of a request, for FaultPlan.Only and Call.Kind.
	Kind func(*http.Request) string
	// Limited answers a call in the platform's words for flow control. Nil: plain HTTP 429.
	Limited http.HandlerFunc
	// Broken answers in the words of the platform's broken gateway. Nil: plain HTTP 502.
	Broken http.HandlerFunc
}

type callKey struct{}

// Seen returns the call that is being answered, for the handler to fill in Order, Params,
// Code and Changed. It must not be kept after the handler returned. Outside a Gate it
// returns a Call that nobody reads.
func Seen(ctx context.Context) *Call {
	if c, ok := ctx.Value(callKey{}).(*Call); ok {
		return c
	}
	return new(Call)
}

// Wrap puts the gate in front of next. An answer is sent only after next returned, so that a
// dropped connection has either all or nothing behind it.
func (g *Gate) Wrap(next http.Handler) http.Handler {
	limited, broken := g.Limited, g.Broken
	if limited == nil {
		limited = func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTooManyRequests) }
	}
	if broken == nil {
		broken = func(w http.ResponseWriter, _ *http.Request) {
			http.Error(w, "<html><body><h1>502 Bad Gateway</h1></body></html>", http.StatusBadGateway)
		}
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		call := &Call{Method: r.Method, Path: r.URL.Path, Trade: g.Clock.Now(), Real: time.Now()}
		call.Kind = call.Path
		if g.Kind != nil {
			call.Kind = g.Kind(r)
		}
		r = r.WithContext(context.WithValue(r.Context(), callKey{}, call))
		kind := call.Kind
		answer := &answer{header: http.Header{}, code: http.StatusOK}
		switch {
		case g.Faults.Hit(DropBeforeCommit, kind):
			call.Fault = DropBeforeCommit
		case g.Faults.Hit(Err429, kind):
			call.Fault = Err429
			limited(answer, r)
		case g.Faults.Hit(Err5xx, kind):
			call.Fault = Err5xx
			broken(answer, r)
		default:
			next.ServeHTTP(answer, r)
			if g.Faults.Hit(DropAfterCommit, kind) {
				call.Fault = DropAfterCommit
			} else if g.Faults.Hit(SlowAnswer, kind) {
				call.Fault = SlowAnswer
			}
		}
		dropped := call.Fault == DropBeforeCommit || call.Fault == DropAfterCommit
		if !dropped {
			call.Status = answer.code
		}
		g.Calls.Add(*call)
		if dropped {
			drop(w)
			return
		}
		if call.Fault == SlowAnswer {
			select {
			case <-time.After(cmp.Or(g.Faults.Plan().SlowBy, 3*time.Second)):
			case <-r.Context().Done():
			}
		}
		for k, v := range answer.header {
			w.Header()[k] = v
		}
		w.WriteHeader(answer.code)
		if _, err := w.Write(answer.body.Bytes()); err != nil {
			slog.Debug("simulator: the caller has gone", "path", call.Path, "error", err)
		}
	})
}

// answer holds what a handler says until it is clear whether it will be sent.
type answer struct {
	header http.Header
	code   int
	body   bytes.Buffer
	wrote  bool
}

func (a *answer) Header() http.Header { return a.header }

func (a *answer) WriteHeader(code int) {
	if !a.wrote {
		a.code, a.wrote = code, true
	}
}

func (a *answer) Write(p []byte) (int, error) {
	a.wrote = true
	return a.body.Write(p)
}

// drop closes the caller's connection without an answer, as a gateway does that dies after
// its backend has committed. The close is an ordinary FIN: Go's http.Transport then silently
// repeats an idempotent request on a reused connection, which is what clients must guard against.
func drop(w http.ResponseWriter) {
	if h, ok := w.(http.Hijacker); ok {
		if conn, _, err := h.Hijack(); err == nil {
			conn.Close()
			return
		}
	}
	panic(http.ErrAbortHandler) // the server's own word for "close it, say nothing" (HTTP/2)
}

// Limiter is a token bucket on the platform's clock. Safe for concurrent use.
type Limiter struct {
	mu     sync.Mutex
	clock  *Clock
	tokens float64
	last   time.Time
}

// NewLimiter returns a limiter whose bucket is full at the first call.
func NewLimiter(c *Clock) *Limiter { return &Limiter{clock: c} }

// Allow takes one token from a bucket of the given size that is refilled at perSecond; perSecond
// 0 or less allows everything.
func (l *Limiter) Allow(perSecond, burst float64) bool {
	if perSecond <= 0 {
		return true
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.clock.Now()
	if l.last.IsZero() {
		l.tokens = burst
	} else {
		l.tokens = min(burst, l.tokens+now.Sub(l.last).Seconds()*perSecond)
	}
	l.last = now
	if l.tokens < 1 {
		return false
	}
	l.tokens--
	return true
}
