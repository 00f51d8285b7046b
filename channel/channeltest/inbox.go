package channeltest

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"time"

	"github.com/tongdan/tongdan/channel"
)

// An Inbox takes callbacks as the API's door does, keeps their bytes and answers with
// what the connector says. Safe for concurrent use.
type Inbox struct {
	URL string // for App.PublicURL

	platform channel.Platform
	now      func() time.Time
	mu       sync.Mutex
	app      channel.App
	list     []channel.Request
	kept     func(channel.Request) bool
}

// NewInbox opens an inbox that is closed with the test, or with one try of a property.
// Callbacks before Serve are answered with HTTP 503.
func NewInbox(t interface{ Cleanup(func()) }, p channel.Platform, now func() time.Time) *Inbox {
	in := &Inbox{platform: p, now: now}
	server := httptest.NewServer(in)
	t.Cleanup(server.Close)
	in.URL = server.URL
	return in
}

// Serve names the app whose callbacks are expected.
func (in *Inbox) Serve(app channel.App) {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.app = app
}

// Drop makes the inbox answer as if the callbacks that f holds for had been kept,
// without keeping them: lost on the way, as far as we know. nil keeps all.
func (in *Inbox) Drop(f func(channel.Request) bool) {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.kept = f
}

const maxCallback = 1 << 20

// ServeHTTP keeps the request and answers it.
func (in *Inbox) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxCallback))
	in.mu.Lock()
	app, lost := in.app, in.kept
	in.mu.Unlock()
	prefix := "/callback/" + in.platform.Info().Name + "/" + app.ID.String() + "/"
	path, ok := strings.CutPrefix(r.URL.Path, prefix)
	if app.ID == 0 || !ok || err != nil {
		http.Error(w, "no such callback", http.StatusServiceUnavailable)
		return
	}
	req := channel.Request{Method: r.Method, Path: path, Query: r.URL.RawQuery, Header: r.Header.Clone(), Body: body, At: in.now()}
	got := in.platform.Receive(app, req)
	if got.Verdict == channel.Good && (lost == nil || !lost(req)) {
		in.mu.Lock()
		in.list = append(in.list, req)
		in.mu.Unlock()
	}
	if got.Reply.Type != "" {
		w.Header().Set("Content-Type", got.Reply.Type)
	}
	w.WriteHeader(max(got.Reply.Status, http.StatusOK))
	io.WriteString(w, got.Reply.Body)
}

// Take gives the verified callbacks since the last Take, oldest first. Forged ones and
// probes are not among them.
func (in *Inbox) Take() []channel.Request {
	in.mu.Lock()
	defer in.mu.Unlock()
	out := in.list
	in.list = nil
	return out
}
