package api

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/internal/db"
	"github.com/tongdan/tongdan/internal/hub"
	"github.com/tongdan/tongdan/internal/span"
)

// request is what the log knows of a request.
type request struct {
	id, method, path string
	log              *slog.Logger
}

type (
	requestKey struct{}
	callerKey  struct{}
)

func requestOf(ctx context.Context) request {
	if q, ok := ctx.Value(requestKey{}).(request); ok {
		return q
	}
	return request{log: slog.New(slog.DiscardHandler)}
}

// About is what is known of a request's context, for the log: the request's id, and for
// whom it is once that is known.
func About(ctx context.Context) []slog.Attr {
	q, ok := ctx.Value(requestKey{}).(request)
	if !ok {
		return nil
	}
	list := []slog.Attr{slog.String("request_id", q.id)}
	if c := who(ctx); c.Merchant != 0 {
		list = append(list, slog.String("merchant", c.Merchant.String()))
	}
	return list
}

// caller is who calls, and how he showed it.
type caller struct {
	hub.Actor
	locale string
	byKey  bool
	device *db.DeviceRow // a paired screen; nil = none
	unlock *db.UnlockRow // whose time at it; nil = it is locked, or needs nobody
}

// who gives the caller that guard found.
func who(ctx context.Context) caller {
	c, _ := ctx.Value(callerKey{}).(caller)
	return c
}

// answer notes what was answered.
type answer struct {
	http.ResponseWriter
	status int
}

func (a *answer) WriteHeader(status int) {
	if a.status == 0 {
		a.status = status
	}
	a.ResponseWriter.WriteHeader(status)
}

func (a *answer) Write(b []byte) (int, error) {
	if a.status == 0 {
		a.status = http.StatusOK
	}
	return a.ResponseWriter.Write(b)
}

// Unwrap is for http.ResponseController.
func (a *answer) Unwrap() http.ResponseWriter { return a.ResponseWriter }

// outer is around everything: the request's id, the headers that protect a browser, the
// meters, and what happens when a handler panics.
func (s *Server) outer(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		began := time.Now()
		var b [8]byte
		rand.Read(b[:])
		q := request{id: hex.EncodeToString(b[:]), method: r.Method, path: clip(r.URL.Path, 200), log: s.log}
		r = r.WithContext(context.WithValue(r.Context(), requestKey{}, q))
		h := w.Header()
		h.Set("X-Request-Id", q.id)
		if s.leaving.Load() {
			h.Set("Connection", "close") // a kept connection ends with this answer
		}
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY")
		h.Set("Referrer-Policy", "same-origin")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		if strings.HasPrefix(r.URL.Path, "/api/") {
			h.Set("Cache-Control", "no-store")
			h.Set("Date", s.hub.Now().UTC().Format(http.TimeFormat)) // the console counts down by it
			h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
		}
		a := &answer{ResponseWriter: w}
		defer func() {
			v := recover()
			if v == nil || v == http.ErrAbortHandler {
				s.measure(r, a.status, time.Since(began))
				if v != nil {
					panic(v)
				}
				return
			}
			if r.Context().Err() == nil { // a client that left makes the encoder panic
				s.log.Error("a handler panicked", "request_id", q.id, "method", q.method, "path", q.path, "panic", fmt.Sprint(v), "stack", string(debug.Stack()))
			}
			if a.status != 0 {
				panic(http.ErrAbortHandler) // half an answer must not look whole
			}
			s.fail(a, r, fault.New("api", fault.Internal, ""))
			s.measure(r, a.status, time.Since(began))
		}()
		next.ServeHTTP(a, r)
	})
}

// guarded is the mux that huma registers into: each operation gets the guard in front.
type guarded struct{ s *Server }

func (g guarded) ServeHTTP(w http.ResponseWriter, r *http.Request) { g.s.mux.ServeHTTP(w, r) }

func (g guarded) HandleFunc(pattern string, f func(http.ResponseWriter, *http.Request)) {
	g.s.mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) { g.s.guard(pattern, w, r, f) })
}

// open are the operations that nobody need be signed in for; their answers are not kept
// for Idempotency-Key either.
var open = map[string]bool{
	"POST " + base + "/session":               true,
	"POST " + base + "/session/passkey/begin": true,
	"POST " + base + "/session/passkey":       true,
	"DELETE " + base + "/session":             true,
	"POST " + base + "/setup":                 true,
	"POST " + base + "/join":                  true,
	"POST " + base + "/practice/guest":        true,
	"POST " + base + "/join/look":             true,
	"POST " + base + "/pairing":               true,
	"GET " + base + "/pairing":                true,
	"GET " + base + "/pairing/qr":             true,

	"GET " + base + "/session/ways":   true,
	"POST " + base + "/session/code":  true,
	"POST " + base + "/session/phone": true,
	"POST " + base + "/knock/open":    true,
}

// knowsKey are operations that know their Idempotency-Key themselves: carried out a second time they
// do nothing twice.
var knowsKey = map[string]bool{
	"POST " + base + "/orders/{id}/actions": true,
	"POST " + base + "/orders":              true,
	"POST " + base + "/batches":             true,
	"POST " + base + "/labels":              true,
	"POST " + base + "/labels/{id}/print":   true,
}

// secretAnswers are operations whose answer holds a secret that is never stored, so it
// cannot be given a second time.
var secretAnswers = map[string]bool{
	"POST " + base + "/practice":         true,
	"POST " + base + "/practice/guest":   true,
	"POST " + base + "/keys":             true,
	"POST " + base + "/me/password":      true,
	"POST " + base + "/people":           true,
	"POST " + base + "/people/{id}/link": true,
	"POST " + base + "/pins/{id}":        true,
}

// guard finds who calls and whether his role may, refuses what a foreign page sends in his name, bounds the body
// and answers a repeated request with the first one's answer.
func (s *Server) guard(pattern string, w http.ResponseWriter, r *http.Request, next http.HandlerFunc) {
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	bearer := r.Header.Get("Authorization") != ""
	if !bearer {
		if err := s.cross.Check(r); err != nil {
			s.fail(w, r, &fault.Error{Op: "api.guard", Code: fault.Forbidden, Why: fault.Because("other_site", "this request comes from another site; send it from the console, or with an API key"), Err: err})
			return
		}
	}
	if open[pattern] {
		next(w, r)
		return
	}
	c, err := s.authenticate(r)
	if err == nil {
		err = permit(c, s.operations[pattern])
	}
	if err == nil && c.device != nil {
		err = permitDevice(c, s.operations[pattern], r.Method)
	}
	if err != nil {
		s.fail(w, r, err)
		return
	}
	// The pattern is set on the request that the mux was given, which is the one that is
	// measured: only the context changes, so the clone carries it on.
	ctx := context.WithValue(r.Context(), callerKey{}, c)
	if pattern != streamRoute { // which lasts as long as the client likes
		var sp span.Span
		if ctx, sp = span.Start(ctx, pattern); sp.On() {
			defer func() { follow(sp, w, requestOf(ctx).id, c) }()
		}
	}
	r = r.WithContext(ctx)
	if compresses(pattern, c, r) {
		z := &compressed{ResponseWriter: w}
		next(z, r)
		z.begin()
		return
	}
	key := r.Header.Get("Idempotency-Key")
	if key == "" || r.Method == http.MethodGet || secretAnswers[pattern] {
		next(w, r)
		return
	}
	hold := held
	if knowsKey[pattern] {
		hold = heldAct
	}
	s.once(w, r, c, key, hold, next)
}

// follow ends the span of a request.
func follow(sp span.Span, w http.ResponseWriter, id string, c caller) {
	span.ID(sp, span.Merchant, c.Merchant)
	sp.Text(span.Request, id)
	if a, ok := w.(*answer); ok {
		sp.Number("http.response.status_code", int64(a.status))
		if a.status >= 500 {
			sp.Fail("HTTP " + itoa(int64(a.status)))
		}
	}
	sp.End()
}

// secure reports whether the client speaks https, as far as we can believe it.
func (s *Server) secure(r *http.Request) bool {
	return r.TLS != nil || (s.trust && r.Header.Get("X-Forwarded-Proto") == "https")
}

// client is the address of whoever calls.
func (s *Server) client(r *http.Request) string {
	if s.trust {
		if list := r.Header.Get("X-Forwarded-For"); list != "" {
			return strings.TrimSpace(list[strings.LastIndexByte(list, ',')+1:])
		}
	}
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}

// network is what an address is counted by: itself, or for IPv6 its /64, of which one
// customer has all addresses.
func network(client string) string {
	a, err := netip.ParseAddr(client)
	if err != nil {
		return clip(client, 64)
	}
	a = a.Unmap().WithZone("")
	if a.Is4() {
		return a.String()
	}
	p, err := a.Prefix(64)
	if err != nil {
		return a.String()
	}
	return p.String()
}

func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return s[:n] + "…"
}

func itoa(n int64) string { return strconv.FormatInt(n, 10) }
