package proof

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"sync/atomic"
	"time"
)

// A Front is one address for several nodes, as a load balancer is: it asks /readyz of
// each and sends requests to those that say yes, in turn. A request that certainly
// reached nobody (the node refused the connection) goes to the next node; one that may
// have reached somebody is answered with 502, since the front cannot know.
type Front struct {
	URL string

	nodes  []*behind
	turn   atomic.Uint64
	server *http.Server
	stop   context.CancelFunc
}

// behind is a node behind a front.
type behind struct {
	url   *url.URL
	ready atomic.Bool
	sent  atomic.Int64
	proxy *httputil.ReverseProxy
}

const (
	frontAsks   = 100 * time.Millisecond // how often a front asks
	frontWaits  = 5 * time.Second        // for a node to be ready, before 503
	frontBody   = 4 << 20                // bytes of a request that the front keeps, to be able to send it elsewhere
	frontAnswer = 2 * time.Second        // for an answer of /readyz
)

// NewFront listens on loopback before the nodes at these addresses.
func NewFront(urls ...string) (*Front, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	ctx, stop := context.WithCancel(context.Background())
	f := &Front{URL: "http://" + l.Addr().String(), stop: stop}
	for _, u := range urls {
		b := &behind{}
		if b.url, err = url.Parse(u); err != nil {
			stop()
			return nil, errors.Join(err, l.Close())
		}
		b.proxy = f.proxyTo(b)
		f.nodes = append(f.nodes, b)
		go b.watch(ctx)
	}
	f.server = &http.Server{Handler: f, ReadHeaderTimeout: 10 * time.Second, ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelDebug)}
	go f.server.Serve(l)
	return f, nil
}

// Close ends the front; requests under way are cut off.
func (f *Front) Close() error {
	f.stop()
	return f.server.Close()
}

// Sent counts the requests that each node got.
func (f *Front) Sent() []int64 {
	out := make([]int64, len(f.nodes))
	for i, b := range f.nodes {
		out[i] = b.sent.Load()
	}
	return out
}

// Ready counts the nodes that take requests.
func (f *Front) Ready() (n int) {
	for _, b := range f.nodes {
		if b.ready.Load() {
			n++
		}
	}
	return n
}

// watch asks a node whether it is ready until ctx ends.
func (b *behind) watch(ctx context.Context) {
	client := &http.Client{Timeout: frontAnswer, Transport: &http.Transport{DisableKeepAlives: true}}
	tick := time.NewTicker(frontAsks)
	defer tick.Stop()
	for {
		res, err := client.Get(b.url.String() + "/readyz")
		if err == nil {
			res.Body.Close()
		}
		b.ready.Store(err == nil && res.StatusCode == http.StatusOK)
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// next gives the node whose turn it is, waiting a while for one that is ready.
func (f *Front) next(ctx context.Context) *behind {
	for end := time.Now().Add(frontWaits); ; {
		turn := f.turn.Add(1)
		for i := range f.nodes {
			if b := f.nodes[(turn+uint64(i))%uint64(len(f.nodes))]; b.ready.Load() {
				return b
			}
		}
		if time.Now().After(end) {
			return nil
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(frontAsks / 4):
		}
	}
}

// refused is in the context of a request; the proxy's error handler sets it when the
// node took no connection, so that nothing was sent.
type refused struct{ yes bool }

type refusedKey struct{}

func (f *Front) proxyTo(b *behind) *httputil.ReverseProxy {
	return &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(b.url)
			r.Out.Host = r.In.Host
			r.SetXForwarded()
		},
		FlushInterval: -1, // the live stream
		Transport:     &http.Transport{MaxIdleConnsPerHost: 32, DialContext: (&net.Dialer{Timeout: 2 * time.Second}).DialContext},
		ErrorLog:      slog.NewLogLogger(slog.DiscardHandler, slog.LevelDebug),
		ErrorHandler: func(w http.ResponseWriter, r *http.Request, err error) {
			var op *net.OpError
			if errors.As(err, &op) && op.Op == "dial" {
				if n, ok := r.Context().Value(refusedKey{}).(*refused); ok {
					n.yes = true
					return
				}
			}
			w.WriteHeader(http.StatusBadGateway)
		},
	}
}

func (f *Front) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, frontBody))
	if err != nil {
		w.WriteHeader(http.StatusRequestEntityTooLarge)
		return
	}
	for range 2 * len(f.nodes) {
		b := f.next(r.Context())
		if b == nil {
			break
		}
		no := new(refused)
		again := r.Clone(context.WithValue(r.Context(), refusedKey{}, no))
		again.Body, again.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
		b.sent.Add(1)
		b.proxy.ServeHTTP(w, again)
		if !no.yes {
			return
		}
		b.ready.Store(false) // until it is asked again
	}
	w.Header().Set("Retry-After", "1")
	w.WriteHeader(http.StatusServiceUnavailable)
}
