package mercadolibre

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tongdan/tongdan/internal/sim"
)

// start is a Monday morning in every country.
var start = time.Date(2026, 5, 4, 14, 0, 0, 0, time.UTC)

const (
	brazil, mexico, argentina, chile, colombia = ID(700000001), ID(700000002), ID(700000003), ID(700000004), ID(700000005)
)

// world is a simulator over real HTTP, with a merchant who receives notifications.
type world struct {
	t     *testing.T
	s     *Sim
	api   *httptest.Server
	clock *sim.Clock
	token string

	mu     sync.Mutex
	got    []map[string]any
	answer int // what the merchant answers notifications with
}

func newWorld(t *testing.T, change ...func(*Options)) *world {
	t.Helper()
	w := &world{t: t, clock: sim.NewClock(start, 0), answer: http.StatusOK}
	merchant := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		var m map[string]any
		if err := json.NewDecoder(r.Body).Decode(&m); err != nil {
			t.Errorf("a notification is not JSON: %v", err)
		}
		w.mu.Lock()
		defer w.mu.Unlock()
		w.got = append(w.got, m)
		rw.WriteHeader(w.answer)
	}))
	o := Options{Clock: w.clock, Seed: 7, App: App{CallbackURL: merchant.URL + "/ml", RedirectURI: "https://hub.example/ml/cb"}}
	for _, f := range change {
		f(&o)
	}
	w.clock = o.Clock
	s, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	w.s = s
	w.api = httptest.NewServer(s.API())
	t.Cleanup(func() {
		w.api.Close()
		s.Close()
		merchant.Close()
	})
	w.as(brazil)
	return w
}

// as makes the following calls with a seller's token.
func (w *world) as(seller ID) *world {
	w.t.Helper()
	access, _, err := w.s.Tokens(seller)
	if err != nil {
		w.t.Fatal(err)
	}
	w.token = access
	return w
}

func (w *world) call(method, path, body string, headers ...string) (int, []byte, http.Header) {
	w.t.Helper()
	r, err := http.NewRequest(method, w.api.URL+path, strings.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	if w.token != "" {
		r.Header.Set("Authorization", "Bearer "+w.token)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := client.Do(r)
	if err != nil {
		w.t.Fatal(err)
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	return resp.StatusCode, raw, resp.Header
}

// get reads a resource into a tree with numbers kept as written.
func (w *world) get(path string, headers ...string) map[string]any {
	w.t.Helper()
	status, raw, _ := w.call("GET", path, "", headers...)
	if status != http.StatusOK {
		w.t.Fatalf("GET %s: %d %s", path, status, raw)
	}
	return tree(w.t, raw)
}

func tree(t *testing.T, raw []byte) map[string]any {
	t.Helper()
	var m map[string]any
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	if err := dec.Decode(&m); err != nil {
		t.Fatalf("%v in %s", err, raw)
	}
	return m
}

// refused makes a call that must be refused in this way and returns the body.
func (w *world) refused(method, path, body string, status int, code string, headers ...string) map[string]any {
	w.t.Helper()
	got, raw, _ := w.call(method, path, body, headers...)
	m := tree(w.t, raw)
	word := m["error"]
	if word == nil || word == "access_denied" && code == "FORBIDDEN" {
		word = m["code"]
	}
	if word == nil {
		word = m["error_code"]
	}
	if got != status || word != code {
		w.t.Fatalf("%s %s: %d %s, want %d %s", method, path, got, raw, status, code)
	}
	return m
}

// at finds a value by a dotted path; numbers index lists.
func at(m any, path string) any {
	for _, k := range strings.Split(path, ".") {
		switch x := m.(type) {
		case map[string]any:
			m = x[k]
		case []any:
			i := atoi(k, -1)
			if i < 0 || i >= len(x) {
				return nil
			}
			m = x[i]
		default:
			return nil
		}
	}
	if n, ok := m.(json.Number); ok {
		return n.String()
	}
	return m
}

func (w *world) want(m any, path string, want any) {
	w.t.Helper()
	if got := at(m, path); got != want {
		w.t.Errorf("%s is %v, want %v", path, got, want)
	}
}

// place makes a sale from JSON.
func (w *world) place(raw string) Placed {
	w.t.Helper()
	p, err := w.s.PlaceJSON(json.RawMessage(raw))
	if err != nil {
		w.t.Fatalf("place: %v", err)
	}
	w.clock.Settle()
	return p
}

func (w *world) act(order ID, act string, args ...ActArgs) {
	w.t.Helper()
	args = append(args, ActArgs{})
	if err := w.s.Act(order, act, args[0]); err != nil {
		w.t.Fatalf("%s: %v", act, err)
	}
	w.clock.Settle()
}

// notices returns the notifications received so far, as "topic resource", and forgets them.
func (w *world) notices() []string {
	w.clock.Settle()
	w.mu.Lock()
	defer w.mu.Unlock()
	out := []string{}
	for _, m := range w.got {
		out = append(out, m["topic"].(string)+" "+m["resource"].(string))
	}
	w.got = nil
	return out
}

func (w *world) order(id ID) map[string]any { w.t.Helper(); return w.get("/orders/" + id.String()) }

func (w *world) ship(id ID) map[string]any {
	w.t.Helper()
	return w.get("/shipments/"+id.String(), "x-format-new", "true")
}

func (w *world) grant(fields ...string) (int, map[string]any) {
	w.t.Helper()
	app := w.s.App()
	f := url.Values{"client_id": {app.ClientID.String()}, "client_secret": {app.ClientSecret}}
	for i := 0; i+1 < len(fields); i += 2 {
		f.Set(fields[i], fields[i+1])
	}
	status, raw, _ := w.call("POST", "/oauth/token", f.Encode(), "Content-Type", "application/x-www-form-urlencoded")
	return status, tree(w.t, raw)
}
