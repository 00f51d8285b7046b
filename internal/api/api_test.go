package api_test

import (
	"bufio"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tongdan/tongdan/internal/api"
)

var update = flag.Bool("update", false, "write docs/openapi.json anew")

const docFile = "../../docs/openapi.json"

func TestTheDocumentInDocsIsTheOneThatIsServed(t *testing.T) {
	got, err := api.Document("1")
	if err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile(docFile, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(docFile)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != string(want) {
		t.Error("docs/openapi.json is old: run go test ./internal/api -update, and let the console generate its types")
	}
}

var placeholder = regexp.MustCompile(`\{[a-z_]+\}`)

// Every operation of the document must be served, and must ask who calls unless the
// document says that it does not.
func TestEveryOperationIsServedAndGuarded(t *testing.T) {
	b := setup(t)
	r := b.call("GET", "/api/v1/openapi.json", "", "")
	var doc struct {
		Paths map[string]map[string]struct {
			Security []map[string][]string
		}
	}
	if err := json.Unmarshal([]byte(r.body), &doc); err != nil {
		t.Fatal(err)
	}
	n := 0
	for path, ops := range doc.Paths {
		for method, op := range ops {
			n++
			method = strings.ToUpper(method)
			r := b.call(method, placeholder.ReplaceAllString(path, "ord_0000000000001"), "", "")
			open := op.Security != nil
			switch {
			case !open && r.status != http.StatusUnauthorized:
				t.Errorf("%s %s without a key answers %d", method, path, r.status)
			case open && (r.status == http.StatusNotFound || r.status == http.StatusMethodNotAllowed):
				t.Errorf("%s %s is not served: %d", method, path, r.status)
			}
			if r.status >= 400 && !strings.HasPrefix(r.header.Get("Content-Type"), "application/problem+json") {
				t.Errorf("%s %s fails with %s", method, path, r.header.Get("Content-Type"))
			}
		}
	}
	if n < 40 {
		t.Errorf("the document has only %d operations", n)
	}
	for path, want := range map[string]int{"/api/v1/nothing": 404, "/api/": 404, "/api/v1/channels": 405} {
		method := "GET"
		if want == 405 {
			method = "POST"
		}
		r := b.call(method, path, b.owner, "")
		if r.status != want || r.get(t, "code") == nil || r.get(t, "request_id") != r.header.Get("X-Request-Id") {
			t.Errorf("%s %s = %d %s", method, path, r.status, r.body)
		}
	}
}

func TestRequestsHaveTheExpectedEffects(t *testing.T) {
	b := setup(t)
	first, _ := b.order(1)
	second, _ := b.order(2)
	o1, o2 := "/api/v1/orders/"+first, "/api/v1/orders/"+second
	none := "ord_0000000000001"
	tests := []struct {
		name, method, path, key, body string
		status                        int
		code                          string // of a problem
		holds, lacks                  string // in the body
	}{
		{"a list without a key", "GET", "/api/v1/orders", "", "", 401, "unauthorized", "tdk_", ""},
		{"a key that is not known", "GET", "/api/v1/orders", "tdk_nobody", "", 401, "unauthorized", "", ""},
		{"a key of another form", "GET", "/api/v1/orders", "secret", "", 401, "unauthorized", "", ""},
		{"the owner sees both orders", "GET", "/api/v1/orders", b.owner, "", 200, "", second, ""},
		{"the clerk sees his store's", "GET", "/api/v1/orders", b.clerk, "", 200, "", second, first},
		{"a store that is not the clerk's gives nothing", "GET", "/api/v1/orders?store=" + b.stores[0].ID.String(), b.clerk, "", 200, "", `"orders":[]`, ""},
		{"one order", "GET", o1, b.owner, "", 200, "", `"action_list"`, ""},
		{"a foreign store's order is not there", "GET", o1, b.clerk, "", 404, "not_found", "", first},
		{"nor is its journal", "GET", o1 + "/journal", b.clerk, "", 404, "not_found", "", ""},
		{"nor can anything be done with it", "POST", o1 + "/actions", b.clerk, `{"kind":"accept"}`, 404, "not_found", "", ""},
		{"it answers as one that does not exist", "GET", "/api/v1/orders/" + none, b.clerk, "", 404, "not_found", "", ""},
		{"an id that is none", "GET", "/api/v1/orders/12", b.owner, "", 404, "not_found", "", ""},
		{"personal data without the right", "GET", o2, b.clerk, "", 200, "", `"masked":true`, "18500000000"},
		{"personal data with the right", "GET", o2, b.owner, "", 200, "", `"masked":false`, ""},
		{"a journal without the right has no bodies", "GET", o2 + "/journal", b.clerk, "", 200, "", `"masked":true`, "recipient"},
		{"a journal's bodies without the right", "GET", o2 + "/journal?bodies=true", b.clerk, "", 403, "forbidden", "personal_only", "recipient"},
		{"a journal with the right has bodies when they are asked for", "GET", o2 + "/journal?bodies=true", b.owner, "", 200, "", "recipient", ""},
		{"and else has none", "GET", o2 + "/journal", b.owner, "", 200, "", `"masked":true`, "recipient"},
		{"a status that does not exist", "GET", "/api/v1/orders?status=eaten", b.owner, "", 422, "invalid", "query.status", ""},
		{"a parameter that does not exist", "GET", "/api/v1/orders?sotre=1", b.owner, "", 422, "invalid", "sotre", ""},
		{"a limit past the limit", "GET", "/api/v1/orders?limit=201", b.owner, "", 422, "invalid", "", ""},
		{"a cursor that is none", "GET", "/api/v1/orders?cursor=x", b.owner, "", 422, "invalid", "", ""},
		{"a filter that is no id", "GET", "/api/v1/orders?store=1", b.owner, "", 422, "invalid", "query.store", ""},
		{"an act that does not exist", "POST", o1 + "/actions", b.owner, `{"kind":"eat"}`, 422, "invalid", "body.kind", ""},
		{"a body that is no JSON", "POST", o1 + "/actions", b.owner, `{"kind"`, 400, "invalid", "", ""},
		{"a body past the limit", "POST", o1 + "/actions", b.owner, `{"kind":"note","text":"` + strings.Repeat("x", 1<<20) + `"}`, 413, "too_large", "", ""},
		{"an act that the state forbids", "POST", o1 + "/actions", b.owner, `{"kind":"ready"}`, 409, "conflict", `"why":{"code":"not_accepted"`, ""},
		{"an act that needs a reason", "POST", o1 + "/actions", b.owner, `{"kind":"refuse"}`, 422, "invalid", "body.reason_code", ""},
		{"a note", "POST", o1 + "/actions", b.owner, `{"kind":"note","text":"靠窗"}`, 202, "", `"state":"done"`, ""},
		{"the clerk cannot see connections", "GET", "/api/v1/apps", b.clerk, "", 403, "forbidden", "", ""},
		{"nor parked messages", "GET", "/api/v1/parked", b.clerk, "", 403, "forbidden", "", ""},
		{"nor make keys", "POST", "/api/v1/keys", b.clerk, `{"name":"x"}`, 403, "forbidden", "", ""},
		{"nor stores", "POST", "/api/v1/stores", b.clerk, `{"name":"x","zone":"Asia/Shanghai"}`, 403, "forbidden", "", ""},
		{"a store with a zone that is none", "POST", "/api/v1/stores", b.owner, `{"name":"x","zone":"Mars"}`, 422, "invalid", "body.zone", ""},
		{"a store", "POST", "/api/v1/stores", b.owner, `{"name":"新店","zone":"Asia/Shanghai"}`, 201, "", `"id":"sto_`, ""},
		{"a store in use cannot go", "DELETE", "/api/v1/stores/" + b.stores[0].ID.String(), b.owner, "", 409, "conflict", "", ""},
		{"a channel that does not exist", "POST", "/api/v1/apps", b.owner, `{"channel":"x","name":"x"}`, 422, "invalid", "body.channel", ""},
		{"a credential that is missing", "POST", "/api/v1/apps", b.owner, `{"channel":"meituan","name":"x","credentials":{"app_id":"1"}}`, 422, "invalid", "credentials.secret", ""},
		{"a key for a store that is not ours", "POST", "/api/v1/keys", b.owner, `{"name":"x","stores":["sto_0000000000001"]}`, 422, "invalid", "body.stores[0]", ""},
		{"the channels", "GET", "/api/v1/channels", b.owner, "", 200, "", `"mercadolibre"`, ""},
		{"the accounts", "GET", "/api/v1/accounts", b.owner, "", 200, "", `"state":"ok"`, ""},
		{"who am I", "GET", "/api/v1/session", b.clerk, "", 200, "", `"role":"clerk"`, ""},
		{"the merchant", "GET", "/api/v1/me/merchant", b.clerk, "", 200, "", "山间茶事", ""},
		{"the status", "GET", "/api/v1/status", b.owner, "", 200, "", `"engine":"sqlite"`, ""},
		{"a consent where the platform has none", "GET", "/api/v1/accounts/" + b.acct.ID.String() + "/authorise", b.owner, "", 422, "unsupported", "", ""},
		{"an effect that is not there", "POST", "/api/v1/effects/eff_0000000000001/resolve", b.owner, `{"outcome":"done"}`, 404, "not_found", "", ""},
		{"a batch that is not there", "GET", "/api/v1/batches/bat_0000000000001", b.owner, "", 404, "not_found", "", ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r := b.call(test.method, test.path, test.key, test.body)
			if r.status != test.status {
				t.Fatalf("%d, want %d: %.500s", r.status, test.status, r.body)
			}
			if test.code != "" {
				if got := r.get(t, "code"); got != test.code {
					t.Errorf("code %v, want %s", got, test.code)
				}
				if r.header.Get("Content-Type") != "application/problem+json" || r.get(t, "request_id") == "" || r.get(t, "detail") == "" {
					t.Errorf("not a whole problem: %s", r.body)
				}
			}
			if !strings.Contains(r.body, test.holds) {
				t.Errorf("%q is not in %.800s", test.holds, r.body)
			}
			if test.lacks != "" && strings.Contains(r.body, test.lacks) {
				t.Errorf("%q is in %.800s", test.lacks, r.body)
			}
		})
	}
}

func TestAnActReachesThePlatformAndComesBack(t *testing.T) {
	b := setup(t)
	id, theirs := b.order(1)
	r := b.call("POST", "/api/v1/orders/"+id+"/actions", b.owner, `{"kind":"accept"}`)
	if r.status != 202 || r.header.Get("Tongdan-Seq") == "" {
		t.Fatalf("%d %s", r.status, r.body)
	}
	b.until("the order is accepted", func() bool {
		return b.call("GET", "/api/v1/orders/"+id, b.owner, "").get(t, "status") == "accepted"
	})
	o, err := b.sim.Order(theirs)
	b.must(err)
	if o.Confirmed == 0 {
		t.Error("the platform does not know of it")
	}
	r = b.call("POST", "/api/v1/orders/"+id+"/actions", b.owner, `{"kind":"accept"}`)
	if r.status != 200 || r.get(t, "already") == nil {
		t.Errorf("a second press is news, not an error: %d %s", r.status, r.body)
	}
	b.until("the counts follow", func() bool {
		r := b.call("GET", "/api/v1/counts", b.owner, "")
		return r.get(t, "statuses.accepted") == 1.0 && r.get(t, "channels.meituan.statuses.accepted") == 1.0
	})
}

func TestABatchGivesEachOrderItsVerdict(t *testing.T) {
	b := setup(t)
	one, _ := b.order(1)
	two, _ := b.order(2)
	b.call("POST", "/api/v1/orders/"+two+"/actions", b.owner, `{"kind":"refuse","reason_code":"2009"}`)
	b.until("one is cancelled", func() bool {
		return b.call("GET", "/api/v1/orders/"+two, b.owner, "").get(t, "status") == "cancelled"
	})
	r := b.call("POST", "/api/v1/batches", b.owner, `{"kind":"accept","orders":["`+one+`","`+two+`"]}`)
	if r.status != 202 {
		t.Fatalf("%d %s", r.status, r.body)
	}
	path := "/api/v1/batches/" + r.get(t, "id").(string)
	b.until("the batch is through", func() bool {
		r = b.call("GET", path, b.owner, "")
		return r.get(t, "done") == 1.0 && r.get(t, "failed") == 1.0
	})
	if r.get(t, "total") != 2.0 || r.get(t, "results.0.state") != "done" || r.get(t, "results.1.error.code") != "conflict" {
		t.Error(r.body)
	}
	if r := b.call("GET", path, b.clerk, ""); r.status != 404 {
		t.Errorf("a batch over other stores is shown to a clerk: %d", r.status)
	}
}

func TestTheSameKeyGivesTheSameAnswer(t *testing.T) {
	b := setup(t)
	id, _ := b.order(1)
	path := "/api/v1/orders/" + id + "/actions"
	note := func(text, key string) reply {
		return b.call("POST", path, b.owner, `{"kind":"note","text":"`+text+`"}`, "Idempotency-Key", key)
	}
	first, again := note("一", "k1"), note("一", "k1")
	if first.status != 202 || again.status != 202 || first.body != again.body {
		t.Errorf("first %d %s, again %d %s", first.status, first.body, again.status, again.body)
	}
	if again.header.Get("Idempotent-Replayed") != "true" || again.header.Get("Tongdan-Seq") != first.header.Get("Tongdan-Seq") {
		t.Errorf("the second answer is not the first one's: %v", again.header)
	}
	if r := note("二", "k1"); r.status != 409 || r.get(t, "code") != "conflict" {
		t.Errorf("another body: %d %s", r.status, r.body)
	}
	if r := note("二", "k2"); r.status != 202 {
		t.Errorf("another key: %d %s", r.status, r.body)
	}
	if notes := b.call("GET", "/api/v1/orders/"+id, b.owner, "").get(t, "notes").([]any); len(notes) != 2 {
		t.Errorf("%d notes were made, want 2", len(notes))
	}
	// Another caller's key is another key, and its refusal is given again as well.
	for range 2 {
		if r := b.call("POST", path, b.clerk, `{"kind":"note","text":"一"}`, "Idempotency-Key", "k1"); r.status != 404 {
			t.Errorf("%d %s", r.status, r.body)
		}
	}
}

func TestARequestInProgressBlocksItsKey(t *testing.T) {
	b := setup(t)
	key, err := b.db.KeyByHash(t.Context(), api.HashToken(b.owner))
	b.must(err)
	body := `{"name":"新店","zone":"Asia/Shanghai"}`
	if r := b.call("POST", "/api/v1/stores", b.owner, body, "Idempotency-Key", "once"); r.status != 201 {
		t.Fatal(r.body)
	}
	if _, _, err := b.db.BeginRequest(t.Context(), b.m, key.ID.String()+" busy", []byte("hash"), time.Minute); err != nil {
		t.Fatal(err)
	}
	if r := b.call("POST", "/api/v1/stores", b.owner, body, "Idempotency-Key", "busy"); r.status != 409 {
		t.Errorf("%d %s", r.status, r.body)
	}
}

func TestSecretsNeverComeBack(t *testing.T) {
	b := setup(t)
	b.order(1)
	made := b.call("POST", "/api/v1/keys", b.owner, `{"name":"register","role":"owner"}`, "Idempotency-Key", "k")
	secret := made.get(t, "secret").(string)
	if again := b.call("POST", "/api/v1/keys", b.owner, `{"name":"register","role":"owner"}`, "Idempotency-Key", "k"); again.get(t, "secret") == secret {
		t.Error("the secret of a key was stored with its answer")
	}
	if r := b.call("GET", "/api/v1/keys", secret, ""); r.status != 200 {
		t.Errorf("a made key does not work: %s", r.body)
	}
	b.call("POST", "/api/v1/apps", b.owner, `{"channel":"meituan","name":"`+strings.Repeat("x", 90)+`","credentials":{"app_id":"1","secret":"`+appSecret+`","other":"`+appSecret+`"}}`)
	for _, path := range []string{"/apps", "/accounts", "/shops", "/keys", "/session", "/channels", "/status", "/effects", "/parked", "/changes", "/openapi.json"} {
		r := b.call("GET", "/api/v1"+path, b.owner, "")
		for _, hidden := range []string{appSecret, secret, b.owner, b.clerk} {
			if strings.Contains(r.body, hidden) {
				t.Errorf("%s shows a secret", path)
			}
		}
	}
	for _, hidden := range []string{appSecret, secret, b.owner, b.clerk, "1850000"} {
		if strings.Contains(b.log.String(), hidden) {
			t.Errorf("the log shows %.4s…", hidden)
		}
	}
	id := made.get(t, "id").(string)
	if r := b.call("DELETE", "/api/v1/keys/"+id, b.owner, ""); r.status != 204 {
		t.Errorf("%d %s", r.status, r.body)
	}
	if r := b.call("GET", "/api/v1/keys", secret, ""); r.status != 401 {
		t.Errorf("a deleted key still works: %d", r.status)
	}
}

func TestAnAppKeepsCredentialsThatAChangeLeavesOut(t *testing.T) {
	b := setup(t)
	r := b.call("PUT", "/api/v1/apps/"+b.app.ID.String(), b.owner, fmt.Sprintf(`{"channel":"meituan","name":"new","base_url":"%s","public_url":"%s"}`, b.app.BaseURL, b.app.PublicURL))
	if r.status != 200 || r.get(t, "name") != "new" || !strings.Contains(r.body, `"credentials_given":["app_id","secret"]`) {
		t.Fatalf("%d %s", r.status, r.body)
	}
	if urls := r.get(t, "callback_urls").([]any); len(urls) == 0 || !strings.HasPrefix(urls[0].(map[string]any)["url"].(string), b.url+"/callback/meituan/"+b.app.ID.String()) {
		t.Errorf("callback URLs: %v", urls)
	}
	b.order(1) // its signature is still verified
}

func TestSignIn(t *testing.T) {
	b := setup(t)
	b.user("li")
	in := func(name, pass string, headers ...string) reply {
		return b.call("POST", "/api/v1/session", "", `{"name":"`+name+`","password":"`+pass+`"}`, headers...)
	}
	r := in("li", password)
	if r.status != 200 || r.get(t, "user.name") != "li" {
		t.Fatalf("%d %s", r.status, r.body)
	}
	cookie := r.header.Get("Set-Cookie")
	for _, want := range []string{"tongdan_session=", "HttpOnly", "SameSite=Lax", "Path=/"} {
		if !strings.Contains(cookie, want) {
			t.Errorf("cookie %q lacks %s", cookie, want)
		}
	}
	if strings.Contains(cookie, "Secure") {
		t.Error("a cookie for https only would not come back over http")
	}
	session, _, _ := strings.Cut(cookie, ";")
	if r := b.call("GET", "/api/v1/session", "", "", "Cookie", session); r.status != 200 || r.get(t, "user.role") != "owner" {
		t.Errorf("%d %s", r.status, r.body)
	}
	// What a page of another site sends in her name is refused.
	cross := b.call("POST", "/api/v1/stores", "", `{"name":"x","zone":"Asia/Shanghai"}`, "Cookie", session, "Sec-Fetch-Site", "cross-site")
	if cross.status != 403 || cross.get(t, "code") != "forbidden" {
		t.Errorf("cross-site: %d %s", cross.status, cross.body)
	}
	if r := b.call("POST", "/api/v1/stores", "", `{"name":"x","zone":"Asia/Shanghai"}`, "Cookie", session, "Sec-Fetch-Site", "same-origin"); r.status != 201 {
		t.Errorf("same origin: %d %s", r.status, r.body)
	}
	if r := b.call("DELETE", "/api/v1/session", "", "", "Cookie", session); r.status != 204 {
		t.Errorf("sign out: %d %s", r.status, r.body)
	}
	if r := b.call("GET", "/api/v1/session", "", "", "Cookie", session); r.status != 401 {
		t.Errorf("after signing out: %d", r.status)
	}
	wrong, nobody := in("li", "wrong password"), in("wang", "wrong password")
	if wrong.status != 401 || nobody.status != 401 || wrong.get(t, "detail") != nobody.get(t, "detail") {
		t.Errorf("a wrong name must not be told apart: %s %s", wrong.body, nobody.body)
	}
	for range 12 {
		r = in("li", "wrong password")
	}
	if r.status != 429 || r.header.Get("Retry-After") == "" {
		t.Errorf("after many tries: %d %s", r.status, r.body)
	}
	if strings.Contains(b.log.String(), "wrong password") {
		t.Error("the log has a password")
	}
}

func TestASetupLinkWorksOnce(t *testing.T) {
	b := setup(t)
	token, hash := api.NewSetupToken()
	b.must(b.db.AddSetupToken(t.Context(), b.m, hash, time.Now().Add(time.Hour).UnixMilli()))
	use := func(name, pass string) reply {
		return b.call("POST", "/api/v1/setup", "", `{"token":"`+token+`","name":"`+name+`","password":"`+pass+`"}`)
	}
	if r := use("chen", "short"); r.status != 422 {
		t.Errorf("a short password: %d %s", r.status, r.body)
	}
	r := use("chen", password)
	if r.status != 200 || !strings.Contains(r.header.Get("Set-Cookie"), "tongdan_session=") {
		t.Fatalf("%d %s", r.status, r.body)
	}
	if r := use("wu", password); r.status != 404 {
		t.Errorf("a second use: %d %s", r.status, r.body)
	}
}

func TestCallbacksAreBoundedAndOnlyForApps(t *testing.T) {
	b := setup(t)
	good := "/callback/meituan/" + b.app.ID.String() + "/order/paid"
	if r := b.call("POST", good, "", strings.Repeat("x", 300<<10)); r.status != 413 {
		t.Errorf("a large one: %d", r.status)
	}
	if r := b.call("POST", good, "", "order_id=1&sig=wrong", "Content-Type", "application/x-www-form-urlencoded"); r.status == 200 && strings.Contains(r.body, "ok") {
		t.Errorf("a forged one is taken: %s", r.body)
	}
	for _, path := range []string{"/callback/meituan/app_0000000000001/order/paid", "/callback/meituan/x/order/paid", "/callback/mercadolibre/" + b.app.ID.String() + "/notifications"} {
		if r := b.call("POST", path, "", "x"); r.status != 404 {
			t.Errorf("%s: %d", path, r.status)
		}
	}
	r := b.call("GET", "/callback/mercadolibre/"+b.app.ID.String()+"/authorised?code=x&state=y", "", "")
	if r.status != 303 || !strings.HasPrefix(r.header.Get("Location"), "/connections?authorised=failed&why=") {
		t.Errorf("a consent that nobody asked for: %d %s", r.status, r.header.Get("Location"))
	}
}

func TestProbesAndMetrics(t *testing.T) {
	b := setup(t)
	b.order(1)
	for _, path := range []string{"/healthz", "/readyz"} {
		if r := b.call("GET", path, "", ""); r.status != 200 {
			t.Errorf("%s: %d %s", path, r.status, r.body)
		}
	}
	for _, want := range []string{"go_goroutines", `tongdan_http_seconds_count{class="2xx",route="GET /api/v1/orders"}`, `tongdan_pushes_total{answer="kept",channel="meituan",what="order.paid"}`} {
		b.until("metrics lack "+want, func() bool { return strings.Contains(b.call("GET", "/metrics", "", "").body, want) }) // a push is counted after its answer
	}
	if r := b.call("GET", "/metrics", "", "", "X-Forwarded-For", "203.0.113.9"); r.status != 401 {
		t.Errorf("through a proxy: %d", r.status)
	}
	if r := b.call("GET", "/metrics", b.clerk, "", "X-Forwarded-For", "203.0.113.9"); r.status != 403 {
		t.Errorf("metrics of all stores for a key of one: %d", r.status)
	}
	if r := b.call("GET", "/metrics", b.owner, "", "X-Forwarded-For", "203.0.113.9"); r.status != 200 {
		t.Errorf("through a proxy with a key: %d", r.status)
	}
}

// sse is an event of a stream.
type sse struct{ id, event, data string }

// listen reads a stream until stop.
func (b *bundle) listen(key, query string, headers ...string) (events <-chan sse, stop func()) {
	b.t.Helper()
	ctx, cancel := context.WithCancel(b.t.Context())
	req, err := http.NewRequestWithContext(ctx, "GET", b.url+"/api/v1/stream"+query, nil)
	b.must(err)
	req.Header.Set("Authorization", "Bearer "+key)
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	resp, err := http.DefaultClient.Do(req)
	b.must(err)
	if resp.StatusCode != 200 || resp.Header.Get("Content-Type") != "text/event-stream" {
		b.t.Fatalf("the stream answers %d %s", resp.StatusCode, resp.Header.Get("Content-Type"))
	}
	out := make(chan sse, 10_000)
	go func() {
		defer close(out)
		defer resp.Body.Close()
		var e sse
		lines := bufio.NewScanner(resp.Body)
		lines.Buffer(nil, 1<<20)
		for lines.Scan() {
			name, value, _ := strings.Cut(lines.Text(), ": ")
			switch name {
			case "id":
				e.id = value
			case "event":
				e.event = value
			case "data":
				e.data = value
			case "":
				out <- e
				e = sse{}
			}
		}
	}()
	return out, cancel
}

// next waits for an event that is wanted.
func next(t *testing.T, events <-chan sse, want func(sse) bool) sse {
	t.Helper()
	limit := time.After(15 * time.Second)
	for {
		select {
		case e, ok := <-events:
			if !ok {
				t.Fatal("the stream ended")
			}
			if want(e) {
				return e
			}
		case <-limit:
			t.Fatal("no such event within 15 s")
		}
	}
}

func isNew(id string) func(sse) bool {
	return func(e sse) bool {
		return strings.Contains(e.data, `"id":"`+id+`"`) && strings.Contains(e.data, `"status":"new"`)
	}
}

func TestAStreamGoesOnWithoutAHole(t *testing.T) {
	b := setup(t)
	events, stop := b.listen(b.owner, "")
	start := next(t, events, func(e sse) bool { return e.id != "" })
	first, _ := b.order(1)
	seen := next(t, events, isNew(first))
	stop()
	missed, _ := b.order(2) // while nobody listens
	events, stop = b.listen(b.owner, "", "Last-Event-ID", seen.id)
	next(t, events, isNew(missed))
	later, _ := b.order(1)
	next(t, events, isNew(later))
	stop()

	// From the beginning, every number comes once and in order.
	events, stop = b.listen(b.owner, "?after="+start.id)
	defer stop()
	var from int64
	fmt.Sscanf(start.id, "1-%d", &from)
	at, err := b.db.Feed(t.Context(), b.m)
	b.must(err)
	for want := from + 1; want <= at.Seq; want++ {
		e := next(t, events, func(e sse) bool { return e.event == "change" })
		if e.id != fmt.Sprintf("1-%d", want) {
			t.Fatalf("after %d comes %s", want-1, e.id)
		}
	}
	// Live events come to all who listen, after those that were missed.
	other, stopOther := b.listen(b.owner, "")
	defer stopOther()
	last, _ := b.order(2)
	next(t, events, isNew(last))
	next(t, other, isNew(last))
}

func TestAnUnknownPlaceInTheFeedIsSaid(t *testing.T) {
	b := setup(t)
	for _, id := range []string{"7-1", "1-999999", "nonsense", "1--1"} {
		events, stop := b.listen(b.owner, "", "Last-Event-ID", id)
		if e := next(t, events, func(e sse) bool { return e.event != "" }); e.event != "gone" || !strings.HasPrefix(e.id, "1-") {
			t.Errorf("%s: %+v", id, e)
		}
		stop()
	}
}

func TestAListenerSeesOnlyHisStores(t *testing.T) {
	b := setup(t)
	events, stop := b.listen(b.clerk, "")
	defer stop()
	foreign, _ := b.order(1)
	own, _ := b.order(2)
	var all []sse
	next(t, events, func(e sse) bool { all = append(all, e); return isNew(own)(e) })
	for _, e := range all {
		if strings.Contains(e.data, foreign) || strings.Contains(e.data, `"kind":"directory"`) {
			t.Errorf("told of what is not his: %s", e.data)
		}
		if i := strings.Index(e.data, `"customer":{"name":"`); i > 0 && !strings.Contains(e.data[i:], `**"`) {
			t.Errorf("a customer's name without the right: %s", e.data)
		}
	}
	again, stopAgain := b.listen(b.clerk, "?after=1-0")
	defer stopAgain()
	next(t, again, func(e sse) bool {
		if strings.Contains(e.data, foreign) {
			t.Errorf("a replay tells of what is not his: %s", e.data)
		}
		return isNew(own)(e)
	})
}

func TestChangesAreReadInPages(t *testing.T) {
	b := setup(t)
	b.order(1)
	var got []float64
	after := 0.0
	for {
		r := b.call("GET", fmt.Sprintf("/api/v1/changes?after=%.0f&limit=3", after), b.owner, "")
		list := r.get(t, "changes").([]any)
		if len(list) == 0 {
			break
		}
		for _, c := range list {
			got = append(got, c.(map[string]any)["seq"].(float64))
		}
		after = r.get(t, "next").(float64)
		if r.get(t, "gap") != false {
			t.Error("a gap where there is none")
		}
	}
	for i, seq := range got {
		if seq != float64(i+1) {
			t.Fatalf("the numbers are %v", got)
		}
	}
	if r := b.call("GET", "/api/v1/changes?after=0&limit=1000", b.clerk, ""); strings.Contains(r.body, `"hidden"`) || strings.Contains(r.body, "directory") {
		t.Errorf("a clerk is told %s", r.body)
	}
}

func TestPasswordsAreSlowAndTokensAreNotStored(t *testing.T) {
	hash, err := api.HashPassword(password)
	if err != nil || !strings.HasPrefix(hash, "$argon2id$") || strings.Contains(hash, password) {
		t.Fatalf("%s %v", hash, err)
	}
	for pass, want := range map[string]bool{password: true, password + " ": false, "": false} {
		if api.SamePassword(hash, pass) != want {
			t.Errorf("%q: want %v", pass, want)
		}
	}
	for _, broken := range []string{"", "x", "$argon2id$v=19$m=0,t=0,p=0$$", "$argon2id$v=19$m=99999999,t=1,p=1$AAAA$AAAA"} {
		if api.SamePassword(broken, "") {
			t.Errorf("%q lets somebody in", broken)
		}
	}
	if _, err := api.HashPassword("short"); err == nil {
		t.Error("a short password is taken")
	}
	a, ha := api.NewToken("tdk_")
	c, hc := api.NewToken("tdk_")
	if a == c || slices.Equal(ha, hc) || strings.Contains(string(ha), a) || !slices.Equal(ha, api.HashToken(a)) {
		t.Error("tokens")
	}
}

func TestAKeyOfSomeStoresSeesNoMoreAfterItIsMade(t *testing.T) {
	b := setup(t)
	id, _ := b.order(1)
	r := b.call("POST", "/api/v1/keys", b.owner, `{"name":"store 2","stores":["`+b.stores[1].ID.String()+`"]}`)
	if r.status != 201 {
		t.Fatal(r.body)
	}
	if r := b.call("GET", "/api/v1/orders/"+id, r.get(t, "secret").(string), ""); r.status != 404 {
		t.Errorf("%d %s", r.status, r.body)
	}
	if r := b.call("POST", "/api/v1/keys", b.owner, `{"name":"x","role":"owner","stores":["`+b.stores[1].ID.String()+`"]}`); r.status != 422 {
		t.Errorf("an owner of one store: %d", r.status)
	}
}
