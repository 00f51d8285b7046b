package mercadolibre

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tongdan/tongdan/internal/sim"
)

func (w *world) answers(status int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.answer = status
}

func TestNotificationHasTheDocumentedBody(t *testing.T) {
	w := newWorld(t)
	p := w.place(`{"seller_id":700000001}`)
	w.clock.Settle()
	w.mu.Lock()
	defer w.mu.Unlock()
	i := slices.IndexFunc(w.got, func(m map[string]any) bool { return m["topic"] == "orders_v2" })
	if i < 0 {
		t.Fatalf("no orders_v2 among %v", w.got)
	}
	m := w.got[i]
	if m["resource"] != "/orders/"+p.Orders[0].String() || m["user_id"] != float64(brazil) || m["application_id"] != float64(1234567890123456) || m["attempts"] != float64(1) ||
		m["sent"] != "2026-05-04T14:00:00.000Z" || m["received"] != "2026-05-04T14:00:00.000Z" || len(fmt.Sprint(m["_id"])) != 36 {
		t.Errorf("notification is %v", m)
	}
}

func TestUndeliveredNotificationsAreRetriedForAnHourAndThenMissed(t *testing.T) {
	w := newWorld(t)
	w.answers(http.StatusInternalServerError)
	p := w.place(`{"seller_id":700000001,"shipment":null}`)
	w.clock.Advance(62 * time.Minute)
	w.clock.Settle()
	n := 0
	for _, x := range w.notices() {
		if x == "orders_v2 /orders/"+p.Orders[0].String() {
			n++
		}
	}
	if n != 8 {
		t.Errorf("%d attempts in an hour, want 8", n)
	}
	m := w.get("/missed_feeds?app_id=1234567890123456&topic=orders_v2")
	w.want(m, "messages.0.resource", "/orders/"+p.Orders[0].String())
	w.want(m, "messages.0.attempts", "8")
	w.want(m, "messages.0.response.http_code", "500")
	w.want(m, "messages.1", nil)
	w.refused("GET", "/missed_feeds?app_id=1234567890123456&topic=items", "", 400, "bad_request")
	w.refused("GET", "/missed_feeds?app_id=2", "", 403, "forbidden")
	w.clock.Advance(49 * time.Hour)
	w.as(brazil).want(w.get("/missed_feeds?app_id=1234567890123456"), "messages.0", nil)
}

func TestTopicIsSwitchedOffAfterTooManyFailures(t *testing.T) {
	w := newWorld(t, func(o *Options) { o.Config.TopicOffAfter = 3 })
	w.answers(http.StatusBadGateway)
	w.place(`{"seller_id":700000001,"shipment":null}`)
	w.clock.Advance(time.Minute) // attempts at 0, 15 and 45 s
	w.answers(http.StatusOK)
	w.notices()
	p := w.place(`{"seller_id":700000001,"shipment":null}`)
	if got := w.notices(); slices.Contains(got, "orders_v2 /orders/"+p.Orders[0].String()) {
		t.Error("a topic that is off was notified")
	}
	if err := w.s.SwitchTopic("orders_v2", true); err != nil {
		t.Fatal(err)
	}
	p = w.place(`{"seller_id":700000001,"shipment":null}`)
	if got := w.notices(); !slices.Contains(got, "orders_v2 /orders/"+p.Orders[0].String()) {
		t.Errorf("a topic that is on again was not notified: %v", got)
	}
}

func TestPushFaultsLoseAndDouble(t *testing.T) {
	w := newWorld(t)
	w.s.Faults().Next(sim.PushLost, 1, "orders_v2")
	p := w.place(`{"seller_id":700000001,"shipment":null}`)
	if got := w.notices(); slices.Contains(got, "orders_v2 /orders/"+p.Orders[0].String()) {
		t.Error("a lost push arrived")
	}
	w.s.Faults().Next(sim.PushDoubled, 1, "orders_v2")
	w.act(p.Orders[0], "touch")
	if got := w.notices(); len(got) != 2 || got[0] != got[1] {
		t.Errorf("doubled push arrived as %v", got)
	}
	w.s.Faults().Next(sim.PushForged, 1, "orders_v2")
	w.act(p.Orders[0], "touch")
	if got := w.notices(); len(got) != 2 || got[0] == got[1] {
		t.Errorf("forged and true push arrived as %v", got)
	}
}

func TestLimitsAnswer429InEachShape(t *testing.T) {
	w := newWorld(t, func(o *Options) { o.Config = Config{RatePerMinute: 3, Budgets: map[string]int{"post_purchase": 1}} })
	for range 3 {
		w.get("/users/me")
	}
	w.refused("GET", "/users/me", "", 429, "too_many_requests")
	w.get("/post-purchase/v1/claims/search?status=opened")
	w.refused("GET", "/post-purchase/v1/claims/search?status=opened", "", 429, "too_many_requests")
	if err := w.s.Configure(func(c *Config) { c.LimitShape, c.RetryAfter = "text", 7 }); err != nil {
		t.Fatal(err)
	}
	status, raw, h := w.call("GET", "/users/me", "")
	if status != 429 || string(raw) != "local_rate_limited" || h.Get("Retry-After") != "7" {
		t.Errorf("%d %q %q", status, raw, h.Get("Retry-After"))
	}
	w.clock.Advance(time.Minute)
	w.get("/users/me")
	w.s.Faults().Next(sim.Err429, 1)
	if status, raw, _ := w.call("GET", "/users/me", ""); status != 429 || string(raw) != "local_rate_limited" {
		t.Errorf("%d %q", status, raw)
	}
	w.s.Faults().Next(sim.Err5xx, 1)
	if status, _, _ := w.call("GET", "/users/me", ""); status < 500 {
		t.Errorf("status %d, want 5xx", status)
	}
}

func TestDroppedAnswerHasCommitted(t *testing.T) {
	w := newWorld(t)
	p := w.place(`{"seller_id":700000001}`)
	id := p.Orders[0].String()
	w.s.Faults().Next(sim.DropAfterCommit, 1, "POST /orders/{id}/feedback")
	r, err := http.NewRequest("POST", w.api.URL+"/orders/"+id+"/feedback", strings.NewReader(`{"fulfilled":false,"rating":"neutral","message":"x","reason":"OUT_OF_STOCK"}`))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+w.token)
	if resp, err := http.DefaultClient.Do(r); err == nil {
		resp.Body.Close()
		t.Fatalf("answered %d, want a closed connection", resp.StatusCode)
	}
	w.want(w.order(p.Orders[0]), "status", "cancelled")
	if c := w.s.Tally(id)["cancel"]; c.Changes != 1 {
		t.Errorf("cancel was counted %+v", c)
	}
	calls := w.s.Calls().List(id, 0)
	if len(calls) == 0 || !calls[0].Changed || calls[0].Fault != sim.DropAfterCommit {
		t.Errorf("calls are %+v", calls)
	}
}

func TestBrokenBodiesAreServedOnDemand(t *testing.T) {
	w := newWorld(t, func(o *Options) { o.Config.TruncatedRate = 1 })
	_, raw, _ := w.call("GET", "/users/me", "")
	if len(raw) == 0 || raw[len(raw)-1] == '}' && strings.Count(string(raw), "{") == strings.Count(string(raw), "}") {
		t.Errorf("the body is whole: %s", raw)
	}
	if err := w.s.Configure(func(c *Config) { c.TruncatedRate, c.HTMLRate = 0, 1 }); err != nil {
		t.Fatal(err)
	}
	if _, raw, _ := w.call("GET", "/users/me", ""); !strings.HasPrefix(string(raw), "<!DOCTYPE html>") {
		t.Errorf("the body is no page: %s", raw)
	}
}
