package mercadolibre

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/tongdan/tongdan/internal/sim"
)

// maxBody bounds what a caller may send; labels and invoices stay far below.
const maxBody = 2 << 20

// request is one call, being answered with Sim.mu held.
type request struct {
	s    *Sim
	w    http.ResponseWriter
	r    *http.Request
	q    url.Values
	body []byte
	vars map[string]string // of the route
	user ID                // owner of the token; 0 on public routes
	call *sim.Call
	now  time.Time
	done bool // answered
}

// route is one operation of the API.
type route struct {
	method, path string // path with {names}
	group        string // budget, "" = the general one
	public       bool   // no token needed
	do           func(*request)
}

func (s *Sim) routes() http.Handler {
	all := slices.Concat(s.oauthRoutes(), s.orderRoutes(), s.shipmentRoutes(), s.itemRoutes(), s.claimRoutes(), s.messageRoutes())
	gate := &sim.Gate{
		Clock: s.clock, Faults: s.faults, Calls: s.calls, Kind: kindOf,
		Limited: func(w http.ResponseWriter, r *http.Request) {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.tooMany(w, groupOf(r.Method, r.URL.Path))
		},
		Broken: func(w http.ResponseWriter, r *http.Request) {
			s.mu.Lock()
			code, word := s.brokenWord()
			s.mu.Unlock()
			writeError(w, code, word, strings.ReplaceAll(word, "_", " "))
		},
	}
	return gate.Wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { s.serve(all, w, r) }))
}

// brokenWord is one of the ways in which the gateway breaks.
func (s *Sim) brokenWord() (int, string) {
	switch s.rng.IntN(4) {
	case 0:
		return http.StatusInternalServerError, "internal_server_error"
	case 1:
		return http.StatusBadGateway, "bad_gateway"
	case 2:
		return http.StatusServiceUnavailable, "service_not_available"
	}
	return http.StatusGatewayTimeout, "gateway_timeout"
}

func (s *Sim) serve(all []route, w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		writeError(w, http.StatusRequestEntityTooLarge, "bad_request", "The body is too large")
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	q := &request{s: s, w: w, r: r, q: r.URL.Query(), body: body, call: sim.Seen(r.Context()), now: s.clock.Now()}
	q.call.Params = q.shown()
	var rt *route
	other := false
	for i := range all {
		vars, ok := match(all[i].path, r.URL.Path)
		if !ok {
			continue
		}
		if all[i].method != r.Method {
			other = true
			continue
		}
		rt, q.vars = &all[i], vars
		break
	}
	switch {
	case rt == nil && other:
		q.fail(http.StatusMethodNotAllowed, "method_not_allowed", "Method not allowed")
		return
	case rt == nil:
		q.fail(http.StatusNotFound, "not_found", "Resource "+r.URL.Path+" not found.")
		return
	}
	if !rt.public && !q.identify() {
		return
	}
	if !s.allow(rt.group) {
		s.tooMany(w, rt.group)
		q.call.Code = "too_many_requests"
		return
	}
	buf := &answer{header: http.Header{}}
	q.w = buf
	rt.do(q)
	s.spoil(buf)
	for k, v := range buf.header {
		w.Header()[k] = v
	}
	w.WriteHeader(buf.code())
	w.Write(buf.Bytes())
}

// answer is kept back until it is known whether it is to be spoilt.
type answer struct {
	bytes.Buffer
	header http.Header
	status int
}

func (a *answer) Header() http.Header { return a.header }
func (a *answer) WriteHeader(status int) {
	if a.status == 0 {
		a.status = status
	}
}

func (a *answer) code() int {
	if a.status == 0 {
		return http.StatusOK
	}
	return a.status
}

// spoil breaks off the answer or replaces it by a page, where Config asks for it.
func (s *Sim) spoil(a *answer) {
	switch {
	case s.cfg.TruncatedRate > 0 && s.rng.Float64() < s.cfg.TruncatedRate:
		a.Truncate(a.Len() / 2)
	case s.cfg.HTMLRate > 0 && s.rng.Float64() < s.cfg.HTMLRate:
		a.Reset()
		a.header.Set("Content-Type", "text/html; charset=utf-8")
		a.WriteString("<!DOCTYPE html><html><head><title>Mercado Libre</title></head><body><h1>Estamos trabajando para vos</h1></body></html>")
	}
}

// match compares a path with a pattern segment by segment. A trailing slash does not count.
func match(pattern, path string) (map[string]string, bool) {
	var vars map[string]string
	path = strings.TrimSuffix(path, "/")
	for {
		p, prest, pmore := strings.Cut(strings.TrimPrefix(pattern, "/"), "/")
		s, srest, smore := strings.Cut(strings.TrimPrefix(path, "/"), "/")
		if name, ok := strings.CutPrefix(p, "{"); ok && s != "" {
			if vars == nil {
				vars = map[string]string{}
			}
			vars[strings.TrimSuffix(name, "}")] = s
		} else if p != s {
			return nil, false
		}
		if pmore != smore {
			return nil, false
		}
		if !pmore {
			return vars, true
		}
		pattern, path = prest, srest
	}
}

// kindOf names an operation for faults and the book of calls: GET /orders/{id}.
func kindOf(r *http.Request) string {
	parts := strings.Split(strings.Trim(r.URL.Path, "/"), "/")
	for i, p := range parts {
		digits := 0
		for _, c := range p {
			if c >= '0' && c <= '9' {
				digits++
			}
		}
		if digits > 2 {
			parts[i] = "{id}"
		}
	}
	return r.Method + " /" + strings.Join(parts, "/")
}

// secretParams never reach the book of calls.
var secretParams = map[string]bool{"client_secret": true, "access_token": true, "refresh_token": true, "code": true, "code_verifier": true}

// shown collects the parameters worth showing: query, form, and the top level of a JSON body.
func (q *request) shown() map[string]string {
	out := map[string]string{}
	put := func(k, v string) {
		if secretParams[k] {
			v = "…"
		}
		if len(out) < 40 {
			out[k] = v[:min(len(v), 300)]
		}
	}
	for k := range q.q {
		put(k, q.q.Get(k))
	}
	if strings.HasPrefix(q.r.Header.Get("Content-Type"), "application/x-www-form-urlencoded") {
		if form, err := url.ParseQuery(string(q.body)); err == nil {
			for k := range form {
				put(k, form.Get(k))
			}
		}
	} else if len(q.body) > 0 && q.body[0] == '{' {
		var m map[string]json.RawMessage
		if json.Unmarshal(q.body, &m) == nil {
			for k, v := range m {
				put(k, string(v))
			}
		}
	}
	return out
}

func (q *request) param(name string) string { return q.q.Get(name) }

// id reads a numeric variable of the route.
func (q *request) id(name string) (ID, bool) { return parseID(q.vars[name]) }

// about ties the call to an order in the book of calls.
func (q *request) about(order ID) {
	if order != 0 {
		q.call.Order = order.String()
	}
}

// json answers with v.
func (q *request) json(status int, v any) {
	b, err := sim.AppendJSON(nil, v)
	if err != nil {
		writeError(q.w, http.StatusInternalServerError, "internal_server_error", "The simulator cannot write its answer")
		return
	}
	q.done = true
	q.w.Header().Set("Content-Type", "application/json; charset=utf-8")
	q.w.WriteHeader(status)
	q.w.Write(b)
}

// fail answers in the standard family of errors.
func (q *request) fail(status int, code, message string) {
	q.call.Code = code
	q.done = true
	writeError(q.w, status, code, message)
}

// policy answers in the gateway's family.
func (q *request) policy(message string) {
	q.call.Code = "FORBIDDEN"
	q.json(http.StatusForbidden, map[string]any{"status": 403, "error": "access_denied", "message": message, "code": "FORBIDDEN"})
}

// blocked answers in the short form of the gateway's family.
func (q *request) blocked(message string) {
	q.call.Code = "forbidden"
	q.json(http.StatusForbidden, map[string]any{"status_code": 403, "code": "forbidden", "message": message})
}

func writeError(w http.ResponseWriter, status int, code, message string) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(map[string]any{"message": message, "error": code, "status": status, "cause": []any{}})
}

// decode reads a JSON body; false means that the refusal has been sent.
func (q *request) decode(into any) bool {
	if err := json.Unmarshal(q.body, into); err != nil {
		q.fail(http.StatusBadRequest, "validation_error", "Malformed json")
		return false
	}
	return true
}

// change runs f as one change of state and counts it for the order or listing. f returns
// whether anything changed; a refusal counts as a call without a change.
func (q *request) change(about, kind string, f func(*tx) (bool, error)) error {
	t := q.s.begin(q.now)
	changed, err := f(t)
	if err != nil {
		t = q.s.begin(q.now) // keep only the count
		changed = false
	}
	t.count(about, kind, changed)
	q.call.Changed = changed
	if cerr := t.commit(); cerr != nil {
		return errors.Join(err, &refusal{http.StatusInternalServerError, "internal_server_error", "The simulator's book cannot be written"})
	}
	return err
}

// refusal is an error in the platform's words.
type refusal struct {
	status        int
	code, message string
}

func (e *refusal) Error() string { return fmt.Sprintf("%d %s: %s", e.status, e.code, e.message) }

func refuse(status int, code, message string) error { return &refusal{status, code, message} }

// refused answers an error of change in the standard family.
func (q *request) refused(err error) {
	var e *refusal
	if !errors.As(err, &e) {
		e = &refusal{http.StatusBadRequest, "bad_request", err.Error()}
	}
	q.fail(e.status, e.code, e.message)
}

// limits are the published budgets per application, in calls a minute.
var limits = map[string]int{"messages_read": 500, "messages_write": 500, "flex": 1000, "user_products_stock": 100}

// groupOf names the budget of a path, for faults that strike before the route is known.
func groupOf(method, path string) string {
	switch {
	case strings.HasPrefix(path, "/post-purchase/"):
		return "post_purchase"
	case strings.HasPrefix(path, "/messages"):
		if method == http.MethodGet {
			return "messages_read"
		}
		return "messages_write"
	}
	return ""
}

// allow takes one call from a budget.
func (s *Sim) allow(group string) bool {
	perMinute, ok := s.cfg.Budgets[group]
	if !ok {
		perMinute = limits[group]
	}
	if perMinute == 0 {
		group, perMinute = "", s.cfg.RatePerMinute
	}
	if perMinute <= 0 {
		return true
	}
	l := s.budgets[group]
	if l == nil {
		l = sim.NewLimiter(s.clock)
		s.budgets[group] = l
	}
	return l.Allow(float64(perMinute)/60, float64(perMinute))
}

// tooMany answers 429 in the shape of the resource and of Config.
func (s *Sim) tooMany(w http.ResponseWriter, group string) {
	if s.cfg.RetryAfter > 0 {
		w.Header().Set("Retry-After", itoa(s.cfg.RetryAfter))
	}
	switch {
	case group == "post_purchase" || s.cfg.LimitShape == "" || s.cfg.LimitShape == "json":
		writeError(w, http.StatusTooManyRequests, "too_many_requests", "Too Many Requests")
	case s.cfg.LimitShape == "text":
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		w.WriteHeader(http.StatusTooManyRequests)
		io.WriteString(w, "local_rate_limited")
	default:
		w.WriteHeader(http.StatusTooManyRequests)
	}
}
