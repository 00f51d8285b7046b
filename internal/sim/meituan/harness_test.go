package meituan

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tongdan/tongdan/internal/sim"
)

const (
	testApp    = "4321"
	testSecret = "0123456789abcdef0123456789abcdef"
)

var noon = time.Date(2026, 3, 1, 4, 0, 0, 0, time.UTC) // 12:00 in China

// message is a push as the merchant understood it.
type message struct {
	kind   string
	params map[string]string
	valid  bool // signature
	method string
	at     time.Time
}

// shop is a merchant with its callbacks.
type shop struct {
	t     *testing.T
	sim   *Sim
	clock *sim.Clock
	book  string
	api   *httptest.Server
	back  *httptest.Server

	mu      sync.Mutex
	got     []message
	refuse  map[string]int // message type → answers so many times with HTTP 500; −1 = always
	single  bool           // decodes once
	hook    *httptest.Server
	options Options
}

func open(t *testing.T, configure func(*Config)) *shop {
	t.Helper()
	m := &shop{t: t, refuse: map[string]int{}, clock: sim.NewClock(noon, 0), book: filepath.Join(t.TempDir(), "book")}
	m.hook = httptest.NewServer(http.HandlerFunc(m.callback))
	t.Cleanup(m.hook.Close)
	m.options = Options{App: testApp, Secret: testSecret, Callback: m.hook.URL, Seed: 1, Configure: configure, Clock: m.clock}
	m.start()
	return m
}

func (m *shop) start() {
	m.t.Helper()
	book, err := sim.OpenBook(m.book)
	if err != nil {
		m.t.Fatal(err)
	}
	m.options.Book = book
	if m.sim, err = New(m.options); err != nil {
		m.t.Fatal(err)
	}
	m.api = httptest.NewServer(m.sim.API())
	m.back = httptest.NewServer((&sim.Server{Platforms: []sim.Platform{m.sim}}).Backstage())
	m.t.Cleanup(m.stop)
}

func (m *shop) stop() {
	m.api.Close()
	m.back.Close()
	m.sim.Close()
}

// restart opens the same book in a new simulator, without the old one having a chance to save anything.
func (m *shop) restart() {
	m.t.Helper()
	m.stop()
	m.options.Book.Close()
	m.start()
}

// callback is written from the receiver's side: decode the form, decode each value again, verify.
func (m *shop) callback(w http.ResponseWriter, r *http.Request) {
	raw := r.URL.RawQuery
	if r.Method == "POST" {
		body, _ := io.ReadAll(r.Body)
		raw = string(body)
	}
	form, err := url.ParseQuery(raw)
	if err != nil {
		m.t.Errorf("push is no form: %v", err)
	}
	msg := message{kind: strings.TrimPrefix(r.URL.Path, "/"), params: map[string]string{}, method: r.Method, at: m.clock.Now()}
	var fields []field
	for k, v := range form {
		if !m.single {
			if v[0], err = url.QueryUnescape(v[0]); err != nil {
				m.t.Errorf("push %s, %s is not encoded twice: %v", msg.kind, k, err)
			}
		}
		msg.params[k] = v[0]
		fields = append(fields, field{k, v[0]})
	}
	msg.valid = len(form) > 0 && sign(m.hook.URL+r.URL.Path, fields, testSecret) == msg.params["sig"]
	m.mu.Lock()
	defer m.mu.Unlock()
	m.got = append(m.got, msg)
	if n := m.refuse[msg.kind]; n != 0 {
		m.refuse[msg.kind] = n - 1
		w.WriteHeader(500)
		return
	}
	io.WriteString(w, `{"data":"ok"}`)
}

// pushes returns what arrived since the last call, as "kind" or "kind value-of-a-key-field".
func (m *shop) pushes() []string {
	m.clock.Settle()
	m.mu.Lock()
	defer m.mu.Unlock()
	out := []string{}
	for _, g := range m.got {
		name := g.kind
		for _, k := range []string{"notify_type", "logistics_status", "reason_code", "poi_status", "refund_status"} {
			if v, ok := g.params[k]; ok {
				name += " " + v
				break
			}
		}
		if !g.valid {
			name += " INVALID"
		}
		out = append(out, name)
	}
	m.got = nil
	return out
}

func (m *shop) expect(want ...string) {
	m.t.Helper()
	if got := m.pushes(); !slices.Equal(got, want) {
		m.t.Errorf("pushes %v\n    want %v", got, want)
	}
}

// expectSet is expect where messages about different things may overtake each other.
func (m *shop) expectSet(want ...string) {
	m.t.Helper()
	got := m.pushes()
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		m.t.Errorf("pushes %v\n    want %v", got, want)
	}
}

// last returns the newest push of a kind.
func (m *shop) last(kind string) map[string]string {
	m.t.Helper()
	m.clock.Settle()
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, g := range slices.Backward(m.got) {
		if g.kind == kind {
			return g.params
		}
	}
	m.t.Fatalf("no push %s arrived", kind)
	return nil
}

type reply struct {
	Data  json.RawMessage `json:"data"`
	Msg   json.RawMessage `json:"msg"`
	Error struct {
		Code int    `json:"code"`
		Msg  string `json:"msg"`
	} `json:"error"`
}

// call makes a signed request; method as documented. Params are pairs.
func (m *shop) call(method, path string, params ...string) (reply, error) {
	base := m.api.URL + "/api/v1/" + path
	fields := []field{{"app_id", testApp}, {"timestamp", fmt.Sprint(m.clock.Now().Unix())}}
	for i := 0; i < len(params); i += 2 {
		fields = append(fields, field{params[i], params[i+1]})
	}
	fields = append(fields, field{"sig", sign(base, fields, testSecret)})
	form := wire(fields, false)
	var req *http.Request
	if method == "GET" {
		req, _ = http.NewRequest("GET", base+"?"+form, nil)
	} else {
		req, _ = http.NewRequest("POST", base, strings.NewReader(form))
		req.GetBody = nil
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return reply{}, err
	}
	defer resp.Body.Close()
	var r reply
	if err := json.NewDecoder(resp.Body).Decode(&r); err != nil {
		return r, fmt.Errorf("HTTP %d: %w", resp.StatusCode, err)
	}
	return r, nil
}

// code makes a call and returns its error code, 0 for success.
func (m *shop) code(method, path string, params ...string) int {
	m.t.Helper()
	r, err := m.call(method, path, params...)
	if err != nil {
		m.t.Fatal(err)
	}
	return r.Error.Code
}

func (m *shop) ok(method, path string, params ...string) json.RawMessage {
	m.t.Helper()
	r, err := m.call(method, path, params...)
	if err != nil {
		m.t.Fatal(err)
	}
	if r.Error.Code != 0 {
		m.t.Fatalf("%s %v: %d %s", path, params, r.Error.Code, r.Error.Msg)
	}
	return r.Data
}

func (m *shop) place(native string) string {
	m.t.Helper()
	id, err := m.sim.Place(json.RawMessage(native))
	if err != nil {
		m.t.Fatal(err)
	}
	return id
}

func (m *shop) do(id, act string, args any) {
	m.t.Helper()
	if err := m.sim.Do(id, act, args); err != nil {
		m.t.Fatal(err)
	}
}

func (m *shop) order(id string) *Order {
	m.t.Helper()
	o, err := m.sim.Order(id)
	if err != nil {
		m.t.Fatal(err)
	}
	return o
}

func (m *shop) status(id string, want int) {
	m.t.Helper()
	if got := m.order(id).Status; got != want {
		m.t.Errorf("status %d, want %d", got, want)
	}
}

// drinks is an order of known price at the store on Meituan delivery: 3 pieces, 2 dishes.
const drinks = `{"app_poi_code":"TEA001","detail":[{"app_food_code":"T001","sku_id":"T001-L","quantity":1},{"app_food_code":"T021","quantity":2}],
	"extras":[{"act_detail_id":1,"reduce_fee":5,"mt_charge":2,"poi_charge":3,"remark":"满25减5","type":2},{}]}`
