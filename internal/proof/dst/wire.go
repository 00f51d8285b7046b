package dst

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/tongdan/tongdan/channel"
	"github.com/tongdan/tongdan/ident"
)

// A wire carries a hub's calls to the platforms' handlers, in memory. The word goes to
// the driver before a call is written and after it was answered, so that anything can
// come between: time, others' acts, the death of the hub.
type wire struct {
	w        *World
	n        *node
	life     int
	changing bool
}

var errReset = errors.New("connection reset by peer")

// RoundTrip implements http.RoundTripper.
func (x wire) RoundTrip(r *http.Request) (*http.Response, error) {
	w := x.w
	what := "call " + strings.TrimPrefix(r.URL.Path, "/api/v1/")
	w.now.what = x.n.name() + " " + what
	answering := r.URL.Path == "/api/v1/order/refund/agree" || r.URL.Path == "/api/v1/order/refund/reject"
	if !answering { // between the read of a case and its answer lies one round trip, as docs/status.md says: nothing comes in
		w.pause(w.delay(), nil)
	}
	limit, limited := channel.NotAfter(r.Context())
	if err := channel.MayWrite(r.Context()); err != nil {
		return nil, err
	}
	if !limited && r.Context().Err() != nil { // of one with a limit, the limit is the last line
		return nil, &net.OpError{Op: "dial", Err: r.Context().Err()}
	}
	w.calls++
	if over := time.Since(limit); limited && over > 0 {
		w.violate("%s made the %s %v after its lease of the lane had ended: somebody else may be working there", x.n.name(), what, over)
	}
	if x.n.copied {
		w.violate("a restored copy made the %s: the original may be running", what)
	}
	res := x.serve(r, answering)
	w.pause(w.delay(), nil)
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	if res == nil {
		return nil, errReset
	}
	return res, nil
}

// serve hands a call to its platform; nil when the connection was closed unanswered.
func (x wire) serve(r *http.Request, answering bool) (res *http.Response) {
	w := x.w
	in := r.Clone(context.Background())
	in.URL = &url.URL{Path: r.URL.Path, RawPath: r.URL.RawPath, RawQuery: r.URL.RawQuery}
	in.Host, in.RequestURI, in.RemoteAddr = r.URL.Host, r.URL.RequestURI(), "127.0.0.1:1"
	if in.Body == nil {
		in.Body = http.NoBody
	}
	h := w.mt.API()
	if "http://"+r.URL.Host == mercadoURL {
		h = w.ml.API()
	}
	var open, id string
	if answering {
		id = r.URL.Query().Get("order_id")
		open = w.openCase(id)
	}
	if strings.HasSuffix(r.URL.Path, "/getOrderRefundDetail") {
		w.now.order = r.URL.Query().Get("wm_order_id_view")
	} else {
		w.now.order = ""
	}
	a := &answer{code: http.StatusOK, header: http.Header{}}
	defer func() {
		switch p := recover(); p {
		case nil:
		case http.ErrAbortHandler:
			res = nil
		default:
			panic(p)
		}
		if answering && open != "" && w.openCase(id) != open && !w.cases[id+" "+open] {
			w.violate("%s answered refund case %s of order %s: nobody here asked for that, only for another case", x.n.name(), open, id)
		}
	}()
	h.ServeHTTP(a, in)
	w.trace("served " + r.URL.Path)
	w.stockRule(x.n.name() + "'s call " + r.URL.Path)
	return a.response(r)
}

// delay is how long a message is on its way: mostly short, at times long.
func (w *World) delay() time.Duration {
	switch n := w.rng.IntN(100); {
	case n < 90:
		return time.Duration(1+w.rng.IntN(80)) * time.Millisecond
	case n < 98:
		return time.Duration(100+w.rng.IntN(2000)) * time.Millisecond
	default:
		return time.Duration(3+w.rng.IntN(20)) * time.Second
	}
}

// answer holds what a handler says.
type answer struct {
	code   int
	header http.Header
	wrote  bool
	body   bytes.Buffer
}

func (a *answer) Header() http.Header { return a.header }
func (a *answer) WriteHeader(code int) {
	if !a.wrote {
		a.code, a.wrote = code, true
	}
}
func (a *answer) Write(b []byte) (int, error) {
	a.wrote = true
	return a.body.Write(b)
}

func (a *answer) response(r *http.Request) *http.Response {
	return &http.Response{StatusCode: a.code, Status: http.StatusText(a.code), Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Header: a.header,
		Body: io.NopCloser(bytes.NewReader(a.body.Bytes())), ContentLength: int64(a.body.Len()), Request: r}
}

// A door carries the platforms' pushes to a hub that is up.
type door struct{ w *World }

// RoundTrip implements http.RoundTripper.
func (x door) RoundTrip(r *http.Request) (*http.Response, error) {
	w := x.w
	w.now.what = "push " + r.URL.Path[strings.LastIndex(r.URL.Path, "app_")+4:]
	if i := strings.IndexByte(w.now.what, '/'); i > 0 {
		w.now.what = "push" + w.now.what[i:]
	}
	w.pause(w.delay()/4, nil)
	n := w.anyUp()
	if n == nil {
		return nil, &net.OpError{Op: "dial", Err: errors.New("connection refused")}
	}
	var body []byte
	if r.Body != nil {
		body, _ = io.ReadAll(r.Body)
	}
	name, rest, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/callback/"), "/")
	text, rest, _ := strings.Cut(rest, "/")
	var id ident.App
	if err := id.UnmarshalText([]byte(text)); err != nil {
		return nil, err
	}
	var reply channel.Reply
	var err error
	done := false
	life := n.life
	w.spawn(n, w.now.what+" at "+n.name(), func() {
		reply, err = n.hub.Callback(r.Context(), name, id, channel.Request{Method: r.Method, Path: rest, Query: r.URL.RawQuery, Header: r.Header, Body: body})
		done = true
	})
	w.pause(0, func() bool { return done || !n.up() || n.life != life || r.Context().Err() != nil })
	switch {
	case r.Context().Err() != nil:
		return nil, r.Context().Err()
	case !done:
		return nil, errReset
	case err != nil:
		return nil, err
	}
	if name == "meituan" && reply.Status == http.StatusOK && len(body) > 0 {
		w.answered++
		w.durable(false)
	}
	w.pause(w.delay()/8, nil)
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	a := &answer{code: reply.Status, header: http.Header{"Content-Type": {reply.Type}}}
	if a.code == 0 {
		a.code = http.StatusOK
	}
	a.body.WriteString(reply.Body)
	return a.response(r), nil
}

// anyUp gives a node that takes connections: whoever is frozen does, and does not answer.
func (w *World) anyUp() *node {
	var up []*node
	for _, n := range w.nodes {
		if n.up() && !n.copied {
			up = append(up, n)
		}
	}
	if len(up) == 0 {
		return nil
	}
	return up[w.rng.IntN(len(up))]
}

// openCase is the refund case of an order that waits for an answer.
func (w *World) openCase(id string) string {
	o, err := w.mt.Order(id)
	if err != nil {
		return ""
	}
	for _, r := range o.Refunds {
		if r.State == "open" {
			return r.ID
		}
	}
	return ""
}
