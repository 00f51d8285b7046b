package api_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/tongdan/tongdan/internal/api"
	"github.com/tongdan/tongdan/web"
)

const (
	onWindows = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36"
	onPhone   = "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0 Mobile Safari/537.36 MicroMessenger/8.0.49"
)

// cookieOf is the session that an answer sets.
func cookieOf(r reply) string {
	c, _, _ := strings.Cut(r.header.Get("Set-Cookie"), ";")
	return c
}

func TestAPersonSeesAndEndsOwnSessions(t *testing.T) {
	b := setup(t)
	b.user("li")
	b.user("wang")
	in := func(name, pass, agent string) string {
		r := b.call("POST", "/api/v1/session", "", `{"name":"`+name+`","password":"`+pass+`"}`, "User-Agent", agent)
		if r.status != 200 {
			t.Fatalf("%d %s", r.status, r.body)
		}
		return cookieOf(r)
	}
	alive := func(cookie string) bool {
		return b.call("GET", "/api/v1/session", "", "", "Cookie", cookie).status == 200
	}
	desk, phone, third, other := in("li", password, onWindows), in("li", password, onPhone), in("li", password, ""), in("wang", password, onPhone)

	r := b.call("GET", "/api/v1/me/sessions", "", "", "Cookie", desk)
	list, _ := r.get(t, "sessions").([]any)
	devices, ids := map[string]bool{}, map[string]string{}
	for _, x := range list {
		s := x.(map[string]any)
		devices[s["device"].(string)] = s["current"].(bool)
		ids[s["device"].(string)] = s["id"].(string)
	}
	if len(list) != 3 || !devices["Chrome · Windows"] || devices["WeChat · Android"] || r.status != 200 {
		t.Fatalf("sessions: %d %s", r.status, r.body)
	}
	if strings.Contains(r.body, strings.TrimPrefix(desk, "tongdan_session=")) {
		t.Error("the list holds what signs in")
	}
	if r := b.call("DELETE", "/api/v1/me/sessions/"+ids["WeChat · Android"], "", "", "Cookie", other); r.status != 404 || !alive(phone) {
		t.Errorf("somebody else's session was ended: %d", r.status)
	}
	if r := b.call("DELETE", "/api/v1/me/sessions/"+ids["WeChat · Android"], "", "", "Cookie", desk); r.status != 204 || alive(phone) || !alive(third) {
		t.Errorf("one session: %d, the phone %v, the third %v", r.status, alive(phone), alive(third))
	}
	if r := b.call("DELETE", "/api/v1/me/sessions", "", "", "Cookie", desk); r.status != 204 || alive(third) || !alive(desk) || !alive(other) {
		t.Errorf("all others: %d", r.status)
	}

	phone = in("li", password, onPhone)
	change := func(cookie, old, next string) reply {
		return b.call("POST", "/api/v1/me/password", "", `{"old_password":"`+old+`","new_password":"`+next+`"}`, "Cookie", cookie)
	}
	if r := change(desk, "not that", "a better one"); r.status != 422 || !alive(phone) || !strings.Contains(r.body, "body.old_password") {
		t.Errorf("a wrong old password: %d %s", r.status, r.body)
	}
	if r := change(desk, password, "short"); r.status != 422 || !alive(phone) {
		t.Errorf("a short new password: %d %s", r.status, r.body)
	}
	r = change(desk, password, "a better one")
	if r.status != 200 || alive(phone) || alive(desk) || !alive(cookieOf(r)) || !alive(other) {
		t.Errorf("the change: %d %s; the phone %v, the old cookie %v, the new one %v", r.status, r.body, alive(phone), alive(desk), alive(cookieOf(r)))
	}
	if r := b.call("POST", "/api/v1/session", "", `{"name":"li","password":"`+password+`"}`); r.status != 401 {
		t.Errorf("the old password still signs in: %d", r.status)
	}
	for range 12 {
		r = change(cookieOf(r), "guess", "a better one")
		if r.status == 429 {
			break
		}
		r.header.Set("Set-Cookie", in("li", "a better one", ""))
	}
	if r.status != 429 {
		t.Errorf("guessing the old password is not slowed down: %d", r.status)
	}
	for _, c := range []struct{ method, path, body string }{
		{"GET", "/api/v1/me/sessions", ""}, {"DELETE", "/api/v1/me/sessions", ""}, {"POST", "/api/v1/me/password", `{"old_password":"x","new_password":"12345678"}`},
	} {
		if r := b.call(c.method, c.path, b.owner, c.body); r.status != 403 {
			t.Errorf("%s %s with an API key: %d", c.method, c.path, r.status)
		}
	}
}

// Behind a proxy: whoever guesses a name's password from elsewhere uses up his own tries
// and those of strangers, not those of the person, who has signed in from there before.
func TestWhoGuessesDoesNotLockOut(t *testing.T) {
	b := setup(t)
	b.user("li")
	s, err := api.New(api.Options{Hub: b.hub, TrustProxy: true})
	b.must(err)
	srv := httptest.NewServer(s.Handler())
	defer srv.Close()
	defer s.Close()
	in := func(pass, from string) int {
		return b.call("POST", srv.URL+"/api/v1/session", "", `{"name":"li","password":"`+pass+`"}`, "X-Forwarded-For", "8.8.8.8, "+from).status
	}
	if got := in(password, "203.0.113.7"); got != 200 {
		t.Fatalf("signing in: %d", got)
	}
	last := 0
	for i := range 25 { // one address each: only the name can stop them
		last = in("guess", "198.51.100."+string(rune('1'+i%9))+string(rune('0'+i%10)))
	}
	if last != 429 {
		t.Errorf("guesses from many addresses are not slowed down: %d", last)
	}
	if got := in(password, "203.0.113.7"); got != 200 {
		t.Errorf("the person is locked out: %d", got)
	}
	for range 12 {
		last = in("guess", "2001:db8:1:2:"+"a::1")
	}
	if last != 429 || in("guess", "2001:db8:1:2:ffff::9") != 429 {
		t.Error("another address of the same IPv6 network has tries of its own")
	}
}

func TestACookieOfHTTPSIsForHTTPSOnly(t *testing.T) {
	b := setup(t)
	b.user("li")
	s, err := api.New(api.Options{Hub: b.hub, TrustProxy: true})
	b.must(err)
	srv := httptest.NewServer(s.Handler())
	defer srv.Close()
	defer s.Close()
	body := `{"name":"li","password":"` + password + `"}`
	if c := b.call("POST", srv.URL+"/api/v1/session", "", body, "X-Forwarded-Proto", "https").header.Get("Set-Cookie"); !strings.Contains(c, "Secure") || !strings.Contains(c, "HttpOnly") || !strings.Contains(c, "SameSite=Lax") {
		t.Errorf("behind a proxy of our own: %s", c)
	}
	if c := b.call("POST", "/api/v1/session", "", body, "X-Forwarded-Proto", "https").header.Get("Set-Cookie"); strings.Contains(c, "Secure") {
		t.Errorf("a header was believed of whoever connects: %s", c)
	}
}

// Requests that a page of another site makes in somebody's name are refused, also those
// that sign in or out; programs with a key and platforms' callbacks are not browsers.
func TestOtherSitesActForNobody(t *testing.T) {
	b := setup(t)
	b.user("li")
	cookie := cookieOf(b.call("POST", "/api/v1/session", "", `{"name":"li","password":"`+password+`"}`))
	foreign := [][]string{
		{"Sec-Fetch-Site", "cross-site"}, {"Sec-Fetch-Site", "same-site"}, {"Origin", "https://evil.example"}, {"Origin", "null"},
		{"Origin", b.url, "Sec-Fetch-Site", "cross-site"},
	}
	for _, h := range foreign {
		for _, c := range []struct{ method, path, body string }{
			{"POST", "/api/v1/stores", `{"name":"x","zone":"Asia/Shanghai"}`},
			{"DELETE", "/api/v1/session", ""},
			{"DELETE", "/api/v1/me/sessions", ""},
			{"POST", "/api/v1/session", `{"name":"li","password":"` + password + `"}`},
			{"POST", "/api/v1/status/arm", ""},
		} {
			r := b.call(c.method, c.path, "", c.body, append(slices.Clone(h), "Cookie", cookie)...)
			if r.status != 403 || r.header.Get("Set-Cookie") != "" {
				t.Errorf("%v %s %s: %d", h, c.method, c.path, r.status)
			}
		}
		if r := b.call("POST", "/api/v1/stores", b.owner, `{"name":"`+h[1][:4]+`","zone":"Asia/Shanghai"}`, h...); r.status != 201 {
			t.Errorf("%v with a key: %d %s", h, r.status, r.body)
		}
	}
	if r := b.call("POST", "/api/v1/stores", "", `{"name":"same","zone":"Asia/Shanghai"}`, "Cookie", cookie, "Origin", b.url); r.status != 201 {
		t.Errorf("our own page: %d %s", r.status, r.body)
	}
}

func TestAKeyThatIsDeletedStopsAtOnce(t *testing.T) {
	b := setup(t)
	r := b.call("POST", "/api/v1/keys", b.owner, `{"name":"till","role":"clerk"}`)
	secret, id := r.get(t, "secret").(string), r.get(t, "id").(string)
	if r := b.call("GET", "/api/v1/orders", secret, ""); r.status != 200 {
		t.Fatalf("the new key: %d", r.status)
	}
	if r := b.call("DELETE", "/api/v1/keys/"+id, b.owner, ""); r.status != 204 {
		t.Fatalf("deleting it: %d %s", r.status, r.body)
	}
	if r := b.call("GET", "/api/v1/orders", secret, ""); r.status != 401 {
		t.Errorf("a deleted key still works: %d", r.status)
	}
}

func TestBrowsersAreToldWhatTheyMay(t *testing.T) {
	b := setup(t)
	s, err := api.New(api.Options{Hub: b.hub, Console: web.Handler()})
	b.must(err)
	srv := httptest.NewServer(s.Handler())
	defer srv.Close()
	defer s.Close()
	for path, policy := range map[string]string{
		"/": "script-src 'self';", "/orders": "frame-ancestors 'none'", "/setup?token=x": "base-uri 'none'", "/api/v1/orders": "default-src 'none'",
		"/healthz": "", "/callback/meituan/x/y": "",
	} {
		h := b.call("GET", srv.URL+path, "", "").header
		if h.Get("X-Content-Type-Options") != "nosniff" || h.Get("X-Frame-Options") != "DENY" || h.Get("Referrer-Policy") != "same-origin" || h.Get("Cross-Origin-Opener-Policy") != "same-origin" {
			t.Errorf("%s: %v", path, h)
		}
		if got := h.Get("Content-Security-Policy"); !strings.Contains(got, policy) || strings.Contains(got, "script-src 'self' 'unsafe-inline'") {
			t.Errorf("%s: the policy is %q", path, got)
		}
		if strings.HasPrefix(path, "/api/") && h.Get("Cache-Control") != "no-store" {
			t.Errorf("%s may be kept: %q", path, h.Get("Cache-Control"))
		}
	}
}

// However the platform's answer is bent, the owner ends on our own page.
func TestTheWayBackFromAConsentLeadsNowhereElse(t *testing.T) {
	b := setup(t)
	for _, query := range []string{
		"", "code=x&state=y", "code=x&state=//evil.example", "code=https://evil.example&state=" + b.acct.ID.String() + ".x", "error=access_denied&redirect=https://evil.example",
		"code=%0d%0aLocation:%20https://evil.example&state=a.b",
	} {
		for _, app := range []string{b.app.ID.String(), "evil.example", "%2F%2Fevil.example"} {
			r := b.call("GET", "/callback/mercadolibre/"+app+"/authorised?"+query, "", "")
			to, err := url.Parse(r.header.Get("Location"))
			if r.status != http.StatusSeeOther || err != nil || to.Host != "" || to.Scheme != "" || to.Path != "/connections" || to.Query().Get("authorised") != "failed" {
				t.Errorf("%s %q: %d to %q", app, query, r.status, r.header.Get("Location"))
			}
		}
	}
}

func TestAnEndlesslyNestedBodyIsRefused(t *testing.T) {
	b := setup(t)
	deep := strings.Repeat("[", 200_000)
	for _, c := range []struct{ path, body string }{
		{"/api/v1/stores", deep}, {"/api/v1/orders/ord_0000000000001/actions", `{"kind":"note","text":` + deep},
	} {
		if r := b.call("POST", c.path, b.owner, c.body); r.status != 400 && r.status != 422 {
			t.Errorf("%s: %d %.200s", c.path, r.status, r.body)
		}
	}
	for _, path := range []string{"/callback/meituan/" + b.app.ID.String() + "/order/paid", "/callback/meituan/" + b.app.ID.String() + "/x"} {
		if r := b.call("POST", path, "", deep); r.status >= 500 {
			t.Errorf("%s: %d", path, r.status)
		}
	}
}
