package practice

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tongdan/tongdan/ident"
	"github.com/tongdan/tongdan/internal/api"
	"github.com/tongdan/tongdan/internal/db"
	"github.com/tongdan/tongdan/internal/db/dbtest"
	"github.com/tongdan/tongdan/internal/hub"
	"github.com/tongdan/tongdan/internal/platform"
	"github.com/tongdan/tongdan/role"
)

// A house is a real hub with a practice beside it, as cmd/tongdan wires them.
type house struct {
	t     *testing.T
	db    *db.DB
	stage *Stage
	http  http.Handler
	m     ident.Merchant
	store ident.Store
}

func build(t *testing.T, d *db.DB) *house {
	h := &house{t: t, db: d}
	ctx := t.Context()
	m, err := d.AddMerchant(ctx, db.MerchantRow{Name: "real", Locale: "en"})
	h.must(err)
	h.m = m.ID
	st, err := d.PutStore(ctx, db.StoreRow{Merchant: m.ID, Name: "real store", Zone: "Asia/Shanghai"})
	h.must(err)
	h.store = st.ID
	h.stage = New(Options{Dir: t.TempDir(), Platforms: platform.All, Guests: true, Eager: true})
	t.Cleanup(h.stage.Close)
	real := hub.New(hub.Options{DB: d, Platforms: platform.All(), Clock: hub.Real, NoLanes: true})
	s, err := api.New(api.Options{Hub: real, Practice: h.stage})
	h.must(err)
	t.Cleanup(s.Close)
	h.http = s.Handler()
	return h
}

func (h *house) must(err error) {
	h.t.Helper()
	if err != nil {
		h.t.Fatal(err)
	}
}

type said struct {
	status int
	body   string
	cookie *http.Cookie
}

func (s said) get(path ...string) (v any) {
	_ = json.Unmarshal([]byte(s.body), &v)
	for _, p := range path {
		m, _ := v.(map[string]any)
		v = m[p]
	}
	return v
}

// call sends a request with a cookie or, when it begins with tdk_, an API key.
func (h *house) call(method, path, as, body string) said {
	h.t.Helper()
	r := httptest.NewRequestWithContext(h.t.Context(), method, path, strings.NewReader(body))
	switch {
	case strings.HasPrefix(as, api.KeyPrefix):
		r.Header.Set("Authorization", "Bearer "+as)
	case as != "":
		r.Header.Set("Cookie", as)
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	w := httptest.NewRecorder()
	h.http.ServeHTTP(w, r)
	got := said{status: w.Code, body: w.Body.String()}
	for _, c := range w.Result().Cookies() {
		got.cookie = c
	}
	return got
}

// person signs somebody in at the real hub and gives the cookie.
func (h *house) person(name string, as role.Role, stores ...ident.Store) string {
	h.t.Helper()
	u, err := h.db.AddUser(h.t.Context(), db.UserRow{Merchant: h.m, Name: name, Role: string(as), Locale: "zh-CN", Stores: stores})
	h.must(err)
	secret, hash := api.NewToken("")
	h.must(h.db.AddSession(h.t.Context(), db.SessionRow{Hash: hash, Merchant: h.m, User: u.ID, Expires: time.Now().Add(time.Hour).UnixMilli()}))
	return "tongdan_session=" + secret
}

// enter begins to practise and gives the cookie of the practice.
func (h *house) enter(as string) string {
	h.t.Helper()
	got := h.call("POST", "/api/v1/practice", as, "")
	if got.status != 200 || got.cookie == nil || got.cookie.Name != "tongdan_practice" || got.cookie.Path != "/practice" || !got.cookie.HttpOnly {
		h.t.Fatalf("entering: %d %s %v", got.status, got.body, got.cookie)
	}
	return "tongdan_practice=" + got.cookie.Value
}

// until waits for something that happens by itself.
func (h *house) until(what string, so func() bool) {
	h.t.Helper()
	for end := time.Now().Add(time.Minute); !so(); {
		if time.Now().After(end) {
			h.t.Fatalf("in vain: %s", what)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

type listed struct {
	ID, Status, External string
	Flags                []string
	Axes                 map[string]string
	Actions              []string
	Acts                 []struct {
		Kind    string
		Allowed bool
	} `json:"action_list"`
}

func (h *house) orders(as string) (list []listed) {
	h.t.Helper()
	return h.ordersOf("meituan", as)
}

func (h *house) ordersOf(channel, as string) (list []listed) {
	h.t.Helper()
	got := h.call("GET", "/practice/api/v1/orders?limit=200&channel="+channel, as, "")
	var page struct{ Orders []listed }
	if err := json.Unmarshal([]byte(got.body), &page); err != nil || got.status != 200 {
		h.t.Fatalf("%d %s", got.status, got.body)
	}
	return page.Orders
}

// Somebody who practises meets every scene of a lesson, and his list ticks itself; the
// real hub sees nothing of it.
func TestALearnerMeetsEveryScene(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		h := build(t, d)
		as := h.enter(h.person("小李", role.StoreManager))
		met := map[string]bool{}
		pressed := map[string]bool{}
		press := func(o listed, kind, body string) {
			if key := o.ID + kind; !pressed[key] {
				got := h.call("POST", "/practice/api/v1/orders/"+o.ID+"/actions", as, body)
				if got.status >= 300 && got.status != 409 { // 409: the order has gone on
					t.Fatalf("%s: %d %s", kind, got.status, got.body)
				}
				pressed[key] = got.status < 300
			}
		}
		refused := ""
		defer func() {
			if t.Failed() {
				t.Logf("met: %v, pressed: %v", met, pressed)
			}
		}()
		h.until("reminder, refund, rider at the counter and cancel while cooking", func() bool {
			for _, o := range h.orders(as) {
				for _, f := range o.Flags {
					met[f] = true
				}
				if o.Axes["delivery"] == "at_store" {
					met["rider"] = true
				}
				switch {
				case o.Status == "new" && (refused == "" || refused == o.ID):
					refused = o.ID
					press(o, "refuse", `{"kind":"refuse","reason_code":"2009"}`)
				case o.Status == "new":
					press(o, "accept", `{"kind":"accept"}`)
				case o.Status == "cancelled" && pressed[o.ID+"accept"]:
					met["cancelled"] = true
				case slices.Contains(o.Flags, "refund"):
					press(o, "refund_approve", `{"kind":"refund_approve"}`)
				case o.Status == "accepted" && len(met) > 3:
					press(o, "ready", `{"kind":"ready"}`)
					press(o, "dispatch", `{"kind":"dispatch"}`)
				}
			}
			if list, ok := h.call("GET", "/practice/api/v1/messages", as, "").get("messages").([]any); ok {
				for _, m := range list {
					m := m.(map[string]any)
					met[m["kind"].(string)] = true
					if m["kind"] == "reminder" {
						h.call("POST", "/practice/api/v1/messages/take", as, `{"take":true,"key":"`+m["key"].(string)+`"}`)
					}
				}
			}
			return met["reminder"] && met["refund"] && met["rider"] && met["cancelled"]
		})
		h.until("the lessons are ticked", func() bool {
			for _, o := range h.orders(as) {
				switch o.Status {
				case "new":
					if o.ID != refused {
						press(o, "accept", `{"kind":"accept"}`)
					}
				case "accepted", "ready":
					press(o, "ready", `{"kind":"ready"}`)
					press(o, "dispatch", `{"kind":"dispatch"}`)
				}
			}
			for _, o := range h.ordersOf("mercadolibre", as) {
				if slices.Contains(o.Actions, "ship") {
					press(o, "ship", `{"kind":"ship"}`)
				}
			}
			got := h.call("GET", "/practice/api/v1/practice", as, "")
			list, _ := got.get("lessons").([]any)
			open := []string{}
			for _, l := range list {
				if l := l.(map[string]any); l["done"] != true {
					open = append(open, l["id"].(string))
				}
			}
			return got.get("practising") == true && len(list) == len(lessons) && len(open) == 0
		})
		owner := h.person("老板", role.Owner)
		for path, has := range map[string]string{"/orders": `"orders":[]`, "/effects": `"effects":[]`, "/messages": `"messages":[]`, "/accounts": `"accounts":[]`, "/status/health": `"accounts":[]`, "/statements": `"statements":[]`} {
			if got := h.call("GET", "/api/v1"+path, owner, ""); !strings.Contains(got.body, has) {
				t.Errorf("the real %s: %s", path, got.body)
			}
		}
		merchants, err := d.Merchants(t.Context())
		h.must(err)
		users, err := d.Users(t.Context(), h.m)
		h.must(err)
		if len(merchants) != 1 || len(users) != 2 || len(d.AllAccounts()) != 0 {
			t.Errorf("the real database has %d merchants, %d users, %d accounts", len(merchants), len(users), len(d.AllAccounts()))
		}
	})
}

// Neither side takes what shows who one is at the other, or finds what is the other's.
func TestNeitherSideSeesTheOther(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		h := build(t, d)
		real := h.person("老板", role.Owner)
		here := h.enter(real)
		swap := func(cookie, name string) string { _, v, _ := strings.Cut(cookie, "="); return name + "=" + v }
		for path, as := range map[string]string{
			"/practice/api/v1/session": real + "; " + swap(real, "tongdan_practice"), // the real one under the other's name
			"/api/v1/session":          here + "; " + swap(here, "tongdan_session"),
		} {
			if got := h.call("GET", path, as, ""); got.status != 401 {
				t.Errorf("%s with the other's session: %d %s", path, got.status, got.body)
			}
		}
		key := h.call("POST", "/api/v1/keys", real, `{"name":"till"}`).get("secret").(string)
		test := h.call("POST", "/practice/api/v1/keys", here, `{"name":"till"}`).get("secret").(string)
		if !strings.HasPrefix(test, api.TestKeyPrefix) || strings.HasPrefix(key, api.TestKeyPrefix) {
			t.Fatalf("keys %s… and %s…", key[:9], test[:9])
		}
		for _, c := range []struct {
			path, as string
			status   int
			why      string
		}{
			{"/api/v1/orders", key, 200, ""}, {"/practice/api/v1/orders", test, 200, ""},
			{"/api/v1/orders", test, 401, "key_test"}, {"/practice/api/v1/orders", key, 401, "key_real"},
			{"/practice/api/v1/stores", here, 200, ""}, {"/api/v1/stores", real, 200, ""},
		} {
			got := h.call("GET", c.path, c.as, "")
			if got.status != c.status || c.why != "" && got.get("why", "code") != c.why {
				t.Errorf("GET %s: %d %s", c.path, got.status, got.body)
			}
			if strings.Contains(got.body, "real store") == strings.HasPrefix(c.path, "/practice") && strings.HasSuffix(c.path, "stores") {
				t.Errorf("GET %s: %s", c.path, got.body)
			}
		}
		var order string
		h.until("an order of the practice", func() bool {
			if list := h.orders(here); len(list) > 0 {
				order = list[0].ID
			}
			return order != ""
		})
		for _, c := range [][3]string{{"GET", "/api/v1/orders/" + order, ""}, {"POST", "/api/v1/orders/" + order + "/actions", `{"kind":"accept"}`}, {"GET", "/practice/api/v1/orders?store=" + h.store.String(), ""}} {
			as := real
			if strings.HasPrefix(c[1], "/practice") {
				as = here
			}
			if got := h.call(c[0], c[1], as, c[2]); got.status != 404 && !strings.Contains(got.body, `"orders":[]`) {
				t.Errorf("%s %s: %d %s", c[0], c[1], got.status, got.body)
			}
		}
		if got := h.call("POST", "/api/v1/practice/restart", real, ""); got.status != 422 {
			t.Errorf("the real orders can begin anew: %d %s", got.status, got.body)
		}
		for _, path := range []string{"/practice/callback/meituan/app_1/order/paid", "/practice/metrics", "/practice/healthz"} {
			if got := h.call("GET", path, here, ""); got.status != 404 {
				t.Errorf("%s is there: %d", path, got.status)
			}
		}
		if got := h.call("POST", "/api/v1/practice", key, ""); got.status != 403 {
			t.Errorf("a program practises: %d %s", got.status, got.body)
		}
	})
}

// A person has the rights that he has at the real hub, and no more.
func TestTheRoleComesAlong(t *testing.T) {
	d := dbtest.Open(t, db.Options{Dir: dbtest.Dir(t)})
	h := build(t, d)
	clerk := h.enter(h.person("小王", role.Clerk, h.store))
	me := h.call("GET", "/practice/api/v1/session", clerk, "")
	if stores, _ := me.get("user", "stores").([]any); me.get("user", "role") != "clerk" || len(stores) != 2 || me.get("user", "name") != "小王" {
		t.Errorf("who practises is %s", me.body)
	}
	for _, path := range []string{"/people", "/keys", "/apps"} {
		if got := h.call("GET", "/practice/api/v1"+path, clerk, ""); got.status != 403 {
			t.Errorf("a clerk at %s: %d", path, got.status)
		}
	}
	got := h.call("GET", "/practice/api/v1/practice", clerk, "")
	if strings.Contains(got.body, `"refund"`) != role.Clerk.May(role.ActOn("refund_approve"), false) {
		t.Errorf("the lessons of a clerk: %s", got.body)
	}
}

// Whoever begins anew loses the orders and nothing else; at the end everything goes but
// the test keys, with which a program begins another practice.
func TestWhatStaysAndWhatGoes(t *testing.T) {
	d := dbtest.Open(t, db.Options{Dir: dbtest.Dir(t)})
	h := build(t, d)
	as := h.enter(h.person("老板", role.Owner))
	test := h.call("POST", "/practice/api/v1/keys", as, `{"name":"till"}`).get("secret").(string)
	stores := h.call("GET", "/practice/api/v1/stores", as, "").body
	var before []listed
	h.until("orders", func() bool { before = h.orders(as); return len(before) > 0 })
	if got := h.call("POST", "/practice/api/v1/practice/restart", as, ""); got.status >= 300 {
		t.Fatalf("beginning anew: %d %s", got.status, got.body)
	}
	if got := h.call("GET", "/practice/api/v1/orders/"+before[0].ID, as, ""); got.status != 404 {
		t.Errorf("an order is there after a new beginning: %d", got.status)
	}
	if got := h.call("GET", "/practice/api/v1/stores", as, "").body; got != stores {
		t.Errorf("the stores are others: %s", got)
	}
	if got := h.call("GET", "/practice/api/v1/orders", test, ""); got.status != 200 {
		t.Errorf("the test key is gone: %d %s", got.status, got.body)
	}
	h.stage.Close()
	if left, _ := filepath.Glob(filepath.Join(h.stage.o.Dir, folder+"*")); len(left) > 0 {
		list, _ := os.ReadDir(left[0])
		t.Errorf("left: %v %v", left, list)
	}
	if b, err := os.ReadFile(filepath.Join(h.stage.o.Dir, keysFile)); err != nil || strings.Contains(string(b), test) {
		t.Errorf("the kept keys: %v", err)
	}

	dead := filepath.Join(h.stage.o.Dir, folder+"of-a-process-that-died")
	h.must(os.MkdirAll(dead, 0o700))
	h.must(os.WriteFile(filepath.Join(dead, "tongdan.lock"), nil, 0o600))
	next := New(Options{Dir: h.stage.o.Dir, Platforms: platform.All, Eager: true})
	t.Cleanup(next.Close)
	s, err := api.New(api.Options{Hub: hub.New(hub.Options{DB: d, Platforms: platform.All(), NoLanes: true}), Practice: next})
	h.must(err)
	h.http = s.Handler()
	if got := h.call("GET", "/practice/api/v1/orders", as, ""); got.status != 401 || got.get("why", "code") != "practice_over" {
		t.Errorf("a page of the old practice is told: %d %s", got.status, got.body)
	}
	if next.now() != nil {
		t.Error("a page alone has begun a practice")
	}
	if got := h.call("GET", "/practice/api/v1/orders", test, ""); got.status != 200 {
		t.Errorf("a program with its test key: %d %s", got.status, got.body)
	}
	if _, err := os.Stat(dead); !os.IsNotExist(err) {
		t.Errorf("what a crash left is still there: %v", err)
	}
}

func TestAPracticeEndsByItself(t *testing.T) {
	now := time.Now()
	for name, c := range map[string]struct {
		began, seen time.Duration
		inside      int
		over        bool
	}{
		"just begun":               {0, 0, 0, false},
		"left for lunch":           {3 * time.Hour, time.Hour, 0, false},
		"left":                     {3 * time.Hour, 3 * time.Hour, 0, true},
		"a screen is open":         {3 * time.Hour, 3 * time.Hour, 1, false},
		"a screen is open all day": {25 * time.Hour, 0, 1, true},
	} {
		r := &room{stage: &Stage{term: staffTerm}, began: now.Add(-c.began), seen: now.Add(-c.seen), inside: c.inside}
		if r.over(now) != c.over {
			t.Errorf("%s: over is %v", name, !c.over)
		}
	}
}

// Whatever address somebody enters in a practice, nobody outside is called.
func TestThereIsNoWayOut(t *testing.T) {
	called := false
	outside := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { called = true }))
	defer outside.Close()
	x := wire{"in.invalid": http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, r.URL.Path) })}
	c := &http.Client{Transport: x}
	for _, url := range []string{outside.URL, "http://169.254.169.254/latest", "https://example.com"} {
		r, _ := http.NewRequestWithContext(context.Background(), "GET", url, nil)
		if res, err := c.Do(r); err == nil {
			res.Body.Close()
			t.Errorf("%s answers", url)
		}
	}
	r, _ := http.NewRequestWithContext(context.Background(), "GET", "http://in.invalid/way", nil)
	res, err := c.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	b, _ := io.ReadAll(res.Body)
	res.Body.Close()
	if string(b) != "/way" || called {
		t.Errorf("inside: %q, outside called: %v", b, called)
	}
}
