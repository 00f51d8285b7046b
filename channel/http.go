package channel

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/internal/mutant"
	"github.com/tongdan/tongdan/internal/point"
	"github.com/tongdan/tongdan/internal/span"
)

// Limits of an exchange with a platform.
const (
	MaxAnswer = 8 << 20          // bytes of one answer
	callTime  = 15 * time.Second // of one call as a whole
)

// ErrTooLate is the cause when nothing may be written to the wire any more: the lease
// under which the call was begun has ended. The call was not made.
var ErrTooLate = errors.New("the lease of this call has ended")

// NewClients gives the two HTTP clients of Env. They share connections to a host, not
// behaviour: reads follow net/http's habits. calls are for what changes something:
// net/http silently repeats a GET, and anything with an Idempotency-Key header, when a
// kept-alive connection dies unanswered (measured), so requests get a body without
// GetBody, redirects are not followed, and nothing is written after the moment that
// WithNotAfter put into the context. Both stop at 15 s and at MaxAnswer bytes (after
// decompression), and record into the Trace in the context. They connect to addresses of
// the public internet and to those allowed: anything else fails with ErrPrivate before a
// byte is sent, whatever a name resolves to.
func NewClients(allow ...netip.Prefix) (reads, calls *http.Client) {
	may := reach(allow)
	dialer := NewDialer(allow...)
	transport := func() *http.Transport {
		return &http.Transport{
			DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
				c, err := dialer.DialContext(ctx, network, addr)
				if err != nil {
					return nil, err
				}
				return &guarded{Conn: c}, nil
			},
			Proxy:                  http.ProxyFromEnvironment,
			MaxIdleConnsPerHost:    16,
			IdleConnTimeout:        60 * time.Second,
			TLSHandshakeTimeout:    5 * time.Second,
			ResponseHeaderTimeout:  callTime,
			MaxResponseHeaderBytes: 64 << 10,
		}
	}
	reads, calls = clients(transport(), transport(), may)
	reads.Timeout, calls.Timeout = callTime, callTime
	return reads, calls
}

// ClientsOver is NewClients over other ways to the platforms, which see to the time
// limits themselves and ask MayWrite before the first byte: for a simulation.
func ClientsOver(forReads, forCalls http.RoundTripper) (reads, calls *http.Client) {
	return clients(forReads, forCalls, nil)
}

func clients(forReads, forCalls http.RoundTripper, may reach) (reads, calls *http.Client) {
	stay := func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &http.Client{Transport: recorder{forReads, may, false}, CheckRedirect: stay}, &http.Client{Transport: recorder{forCalls, may, true}, CheckRedirect: stay}
}

// NoClients gives two HTTP clients that call nobody: of a database that is only looked at.
func NoClients() (reads, calls *http.Client) {
	c := &http.Client{Transport: nobody{}}
	return c, c
}

type nobody struct{}

func (nobody) RoundTrip(*http.Request) (*http.Response, error) {
	return nil, fault.Say("channel.NoClients", fault.Forbidden, "copy_calls_nothing", "nothing is called from a copy that is only looked at")
}

// guarded refuses to write after a moment: the last line of defence against a process
// that was frozen between its check and its write.
type guarded struct {
	net.Conn
	notAfter atomic.Int64 // UTC ns, 0 = no limit
}

func (g *guarded) Write(b []byte) (int, error) {
	if tooLate(g.notAfter.Load()) {
		return 0, ErrTooLate
	}
	return g.Conn.Write(b)
}

func tooLate(notAfter int64) bool {
	return notAfter > 0 && time.Now().UnixNano() > notAfter && !mutant.On(mutant.DropLease)
}

// MayWrite fails with ErrTooLate when nothing may be written any more under a context.
func MayWrite(ctx context.Context) error {
	if limit, ok := NotAfter(ctx); ok && tooLate(limit.UnixNano()) {
		return ErrTooLate
	}
	return nil
}

// NotAfter is the limit that WithNotAfter put into a context.
func NotAfter(ctx context.Context) (time.Time, bool) {
	limit, ok := ctx.Value(notAfterKey{}).(time.Time)
	return limit, ok && !limit.IsZero()
}

type notAfterKey struct{}

// WithNotAfter puts a limit into a context: a call made with it writes nothing to the
// wire later. The limit is wall time, since a lease is.
func WithNotAfter(ctx context.Context, t time.Time) context.Context {
	return context.WithValue(ctx, notAfterKey{}, t)
}

// FreshConnection makes a call use a connection of its own: for additive calls.
func FreshConnection(r *http.Request) { r.Close = true }

type recorder struct {
	next     http.RoundTripper
	may      reach
	changing bool
}

// onlyOnce is a body that cannot be read twice, so that net/http cannot send it twice.
type onlyOnce struct{ io.Reader }

func (onlyOnce) Close() error { return nil }

func (t recorder) RoundTrip(r *http.Request) (*http.Response, error) {
	ctx, err := t.may.proxied(r)
	if err != nil {
		return nil, err
	}
	changing := t.changing && !mutant.On(mutant.ReplayingClient)
	ctx, sp := span.Call(ctx, "platform.call")
	defer sp.End()
	var sent []byte
	limit, limited := NotAfter(ctx)
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotConn: func(info httptrace.GotConnInfo) {
		c := info.Conn
		if s, ok := c.(*tls.Conn); ok {
			c = s.NetConn()
		}
		if g, ok := c.(*guarded); ok {
			ns := int64(0)
			if limited {
				ns = limit.UnixNano()
			}
			g.notAfter.Store(ns)
		}
		if t.changing {
			point.Hit(point.CallConnected)
		}
	}, WroteRequest: func(httptrace.WroteRequestInfo) {
		if t.changing {
			point.Hit(point.CallWritten)
		}
	}})
	out := r.Clone(ctx)
	if r.Body != nil {
		b, err := readAll(r.Body, r.ContentLength, MaxAnswer)
		r.Body.Close()
		if err != nil {
			return nil, err
		}
		sent = b
		out.Body, out.ContentLength = io.NopCloser(bytes.NewReader(b)), int64(len(b))
		if !changing {
			out.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(b)), nil }
		}
	}
	if changing {
		out.GetBody, out.Body = nil, onlyOnce{bytes.NewReader(sent)}
		out.Header.Del("Idempotency-Key")
		out.Header.Del("X-Idempotency-Key")
	}
	began := time.Now()
	res, err := t.next.RoundTrip(out)
	x := Exchange{Method: r.Method, URL: r.URL.Scheme + "://" + r.URL.Host + r.URL.Path, Query: hidden(r.Context(), r.URL.RawQuery), Sent: []byte(hidden(r.Context(), string(sent))), At: began}
	if err != nil {
		x.Took, x.Err = time.Since(began), err.Error()
		traceOf(ctx).add(x)
		x.follow(sp, r)
		return nil, err
	}
	body, err := readAll(res.Body, res.ContentLength, MaxAnswer+1)
	res.Body.Close()
	for _, v := range secrets(r.Context(), r.URL.RawQuery, string(sent)) {
		body = bytes.ReplaceAll(body, []byte(v), []byte("***"))
	}
	x.Took, x.Status, x.Got = time.Since(began), res.StatusCode, body
	x.Clock, _ = http.ParseTime(res.Header.Get("Date")) // zero where it has none
	if err != nil {
		x.Err = err.Error()
	}
	traceOf(ctx).add(x)
	if t.changing {
		point.Hit(point.CallAnswered)
	}
	x.follow(sp, r)
	switch {
	case err != nil:
		return nil, err
	case len(body) > MaxAnswer:
		return nil, fault.Say("channel.RoundTrip", fault.TooLarge, "answer_too_large", "the platform's answer is larger than 8 MiB")
	}
	res.Body = &whole{Reader: bytes.NewReader(body), all: body}
	return res, nil
}

// whole is a body that was read from the wire already.
type whole struct {
	*bytes.Reader
	all []byte
}

func (*whole) Close() error { return nil }

// Body reads an answer of these clients, of at most MaxAnswer bytes. They may not be
// changed: the journal gets the same ones.
func Body(res *http.Response) ([]byte, error) {
	if w, ok := res.Body.(*whole); ok {
		return w.all, nil
	}
	return readAll(res.Body, res.ContentLength, MaxAnswer)
}

// readAll reads at most limit bytes. size is how many are said to come, for the room that
// is made at first; -1 = nobody said.
func readAll(r io.Reader, size, limit int64) ([]byte, error) {
	buf := bytes.NewBuffer(make([]byte, 0, bytes.MinRead+min(max(size, 0), 64<<10)))
	_, err := buf.ReadFrom(io.LimitReader(r, limit))
	return buf.Bytes(), err
}

// An Exchange is one HTTP call as it went over the wire, for the journal. Headers are
// not kept: they carry tokens.
type Exchange struct {
	Method, URL string
	Query       string // as sent
	Sent, Got   []byte
	Status      int // 0 = no answer
	Err         string
	At          time.Time
	Took        time.Duration
	Clock       time.Time // the platform's, to the second, as it dated its answer; zero = not told
	Private     bool      // holds credentials: the journal keeps that it happened, not what
}

// follow writes a call into the trace that it belongs to: which call and how it ended,
// without its query, which is signed, and without the ids in its path.
func (x Exchange) follow(sp span.Span, r *http.Request) {
	if !sp.On() {
		return
	}
	sp.Text("http.request.method", x.Method)
	sp.Text("server.address", r.URL.Hostname())
	sp.Text("url.template", template(r.URL.Path))
	if x.Status != 0 {
		sp.Number("http.response.status_code", int64(x.Status))
	}
	switch {
	case x.Err != "":
		sp.Fail("no answer")
	case x.Status >= 400:
		sp.Fail("HTTP " + strconv.Itoa(x.Status))
	}
}

// template is a path with its ids left out: /orders/{id}/billing.
func template(path string) string {
	parts := strings.Split(path, "/")
	for i, p := range parts {
		if strings.ContainsAny(p, "0123456789") && !version(p) {
			parts[i] = "{id}"
		}
	}
	return strings.Join(parts, "/")
}

// version reports whether a part of a path is a version, such as v1.
func version(p string) bool {
	n, err := strconv.Atoi(strings.TrimPrefix(p, "v"))
	return err == nil && strings.HasPrefix(p, "v") && n < 100
}

// A Trace collects the exchanges made under a context.
type Trace struct {
	mu   sync.Mutex
	list []Exchange
}

type traceKey struct{}

// WithTrace gives a context whose exchanges are collected.
func WithTrace(ctx context.Context) (context.Context, *Trace) {
	t := new(Trace)
	return context.WithValue(ctx, traceKey{}, t), t
}

// Private gives a context whose exchanges are recorded without their content: token
// calls.
func Private(ctx context.Context) context.Context { return context.WithValue(ctx, privateKey{}, true) }

type privateKey struct{}

// Hiding gives a context whose exchanges are recorded without the values of some parameters of the query
// or the form, such as a token that a platform wants among them. Where an answer says such a value again it
// is blotted out before anybody reads it, since answers go into the journal and their words to people.
func Hiding(ctx context.Context, names ...string) context.Context {
	return context.WithValue(ctx, hidingKey{}, names)
}

type hidingKey struct{}

// hidden is a query or a form without the values that are to be hidden.
func hidden(ctx context.Context, form string) string {
	names, _ := ctx.Value(hidingKey{}).([]string)
	if len(names) == 0 || form == "" {
		return form
	}
	parts := strings.Split(form, "&")
	for i, p := range parts {
		if k, _, ok := strings.Cut(p, "="); ok && slices.Contains(names, k) {
			parts[i] = k + "=***"
		}
	}
	return strings.Join(parts, "&")
}

// secrets are the values that are to be hidden, but for those too short to be any: they would be found in
// anything.
func secrets(ctx context.Context, forms ...string) (list []string) {
	names, _ := ctx.Value(hidingKey{}).([]string)
	for _, form := range forms {
		if len(names) == 0 {
			return nil
		}
		for p := range strings.SplitSeq(form, "&") {
			k, v, _ := strings.Cut(p, "=")
			if v, err := url.QueryUnescape(v); err == nil && len(v) >= 8 && slices.Contains(names, k) {
				list = append(list, v)
			}
		}
	}
	return list
}

// WithObserver gives a context whose exchanges are told to f, without their content, as
// soon as each is over: for what counts calls. f may be called concurrently.
func WithObserver(ctx context.Context, f func(Exchange)) context.Context {
	return context.WithValue(ctx, observerKey{}, f)
}

type observerKey struct{}

func traceOf(ctx context.Context) *traced {
	t, _ := ctx.Value(traceKey{}).(*Trace)
	p, _ := ctx.Value(privateKey{}).(bool)
	f, _ := ctx.Value(observerKey{}).(func(Exchange))
	return &traced{t, p, f}
}

type traced struct {
	t       *Trace
	private bool
	seen    func(Exchange)
}

func (tr *traced) add(x Exchange) {
	if tr.seen != nil {
		tr.seen(Exchange{Method: x.Method, Status: x.Status, Err: x.Err, At: x.At, Took: x.Took, Private: tr.private})
	}
	if tr.t == nil {
		return
	}
	if tr.private {
		x.Private, x.Query, x.Sent, x.Got = true, "", nil, nil
	}
	tr.t.mu.Lock()
	defer tr.t.mu.Unlock()
	if len(tr.t.list) < 1000 {
		tr.t.list = append(tr.t.list, x)
	}
}

// Take gives what was collected and begins anew.
func (t *Trace) Take() []Exchange {
	t.mu.Lock()
	defer t.mu.Unlock()
	out := t.list
	t.list = nil
	return out
}

// SendError turns an error of http.Client.Do into a fault: Unavailable when nothing can
// have reached the platform (no connection, no name, the lease ended before a byte was
// written), Forbidden when the address may not be called, Unknown when something may have
// been done.
func SendError(op string, err error) error {
	if errors.Is(err, ErrPrivate) {
		return &fault.Error{Op: op, Code: fault.Forbidden, Err: hideURL(err),
			Why: fault.Because("private_address", "the app's address leads into a private network, which is not called: correct it, or let the operator allow it (--allow-private)")}
	}
	var dial *net.OpError
	code := fault.Unknown
	switch {
	case errors.As(err, &dial) && dial.Op == "dial":
		code = fault.Unavailable
	case errors.Is(err, ErrTooLate):
		code = fault.Unavailable
	}
	if f, ok := errors.AsType[*fault.Error](err); ok && f.Code != "" {
		code = f.Code
	}
	return &fault.Error{Op: op, Code: code, Why: fault.Because("no_answer", "no answer from the platform"), Err: hideURL(err)}
}

// hideURL drops the URL that http.Client puts into its errors: it can hold a token.
func hideURL(err error) error {
	type urlError interface{ Unwrap() error }
	if u, ok := err.(interface {
		urlError
		Timeout() bool
		Temporary() bool
	}); ok {
		if inner := u.Unwrap(); inner != nil {
			return inner
		}
	}
	return err
}
