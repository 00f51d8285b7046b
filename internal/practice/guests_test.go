package practice

import (
	"context"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tongdan/tongdan/internal/db"
	"github.com/tongdan/tongdan/internal/db/dbtest"
	"github.com/tongdan/tongdan/role"
)

// guest enters without an account, from an address, and gives the cookie.
func (h *house) guest(from string) said {
	h.t.Helper()
	r := httptest.NewRequestWithContext(h.t.Context(), "POST", "/api/v1/practice/guest", strings.NewReader(`{"locale":"en"}`))
	r.Header.Set("Content-Type", "application/json")
	r.RemoteAddr = from + ":1234"
	w := httptest.NewRecorder()
	h.http.ServeHTTP(w, r)
	got := said{status: w.Code, body: w.Body.String()}
	for _, c := range w.Result().Cookies() {
		got.cookie = c
	}
	return got
}

// Strangers practise apart from the staff: neither sees the other, and nothing lasts.
func TestGuestsPractiseApart(t *testing.T) {
	d := dbtest.Open(t, db.Options{Dir: dbtest.Dir(t)})
	h := build(t, d)
	if got := h.call("GET", "/api/v1/session/ways", "", ""); got.get("guest") != true {
		t.Errorf("the sign-in page is told: %s", got.body)
	}
	in := h.guest("203.0.113.5")
	if in.status != 200 || in.cookie == nil || in.cookie.Path != "/practice" || in.cookie.MaxAge > int(guestTime.Seconds()) {
		t.Fatalf("a guest: %d %s %v", in.status, in.body, in.cookie)
	}
	guest := "tongdan_practice=" + in.cookie.Value
	staff := h.enter(h.person("小李", role.Owner))
	var order string
	h.until("an order of the guests", func() bool {
		if list := h.orders(guest); len(list) > 0 {
			order = list[0].ID
		}
		return order != ""
	})
	if got := h.call("GET", "/practice/api/v1/session", guest, ""); got.get("user", "name") != "Guest 1" || got.get("user", "role") != "store_manager" {
		t.Errorf("a guest is %s", got.body)
	}
	if got := h.call("GET", "/practice/api/v1/practice", guest, ""); got.get("guest") != true {
		t.Errorf("a guest is told: %s", got.body)
	}
	for _, c := range []struct {
		method, path, as string
		status           int
	}{
		{"GET", "/practice/api/v1/orders/" + order, staff, 404},
		{"GET", "/practice/api/v1/orders/" + order, guest, 200},
		{"POST", "/practice/api/v1/practice/restart", guest, 403},
		{"POST", "/practice/api/v1/keys", guest, 403},
		{"GET", "/practice/api/v1/people", guest, 403},
		{"GET", "/api/v1/orders", guest, 401},
		{"GET", "/api/v1/orders", "tongdan_session=" + in.cookie.Value, 401},
	} {
		body := ""
		if strings.HasSuffix(c.path, "/keys") {
			body = `{"name":"till"}`
		}
		if got := h.call(c.method, c.path, c.as, body); got.status != c.status {
			t.Errorf("%s %s: %d %s", c.method, c.path, got.status, got.body)
		}
	}
	h.until("somebody without an account ships a parcel", func() bool {
		for _, o := range h.ordersOf("mercadolibre", guest) {
			h.call("POST", "/practice/api/v1/orders/"+o.ID+"/actions", guest, `{"kind":"ship"}`)
		}
		return strings.Contains(h.call("GET", "/practice/api/v1/practice", guest, "").body, `{"id":"ship","done":true}`)
	})
	h.stage.Close()
	if left, _ := filepath.Glob(filepath.Join(h.stage.o.Dir, "*")); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
}

// One network cannot enter without end, and only so many are there in all.
func TestGuestsAreFew(t *testing.T) {
	d := dbtest.Open(t, db.Options{Dir: dbtest.Dir(t)})
	h := build(t, d)
	var first string
	for n := range mostGuests {
		got := h.guest([]string{"203.0.113.5", "198.51.100.7"}[n%2])
		if got.status != 200 {
			t.Fatalf("guest %d: %d %s", n+1, got.status, got.body)
		}
		if n == 0 {
			first = "tongdan_practice=" + got.cookie.Value
		}
	}
	if got := h.guest("192.0.2.9"); got.status != 503 || got.get("why", "code") != "guests_full" {
		t.Errorf("one more: %d %s", got.status, got.body)
	}
	if got := h.call("DELETE", "/practice/api/v1/session", first, ""); got.status >= 300 {
		t.Fatalf("leaving: %d %s", got.status, got.body)
	}
	if got := h.guest("192.0.2.9"); got.status != 200 {
		t.Errorf("one who comes when one has left: %d %s", got.status, got.body)
	}
	for range 12 {
		if got := h.guest("203.0.113.5"); got.status == 429 {
			return
		}
	}
	t.Error("one network enters as often as it likes")
}

func TestGuestsAreTakenWhereTheyAreWanted(t *testing.T) {
	d := dbtest.Open(t, db.Options{Dir: dbtest.Dir(t)})
	h := build(t, d)
	h.stage.guests = nil
	if got := h.guest("203.0.113.5"); got.status != 422 || got.get("why", "code") != "no_guests" {
		t.Errorf("%d %s", got.status, got.body)
	}
	if got := h.call("GET", "/api/v1/session/ways", "", ""); got.get("guest") != false {
		t.Errorf("the sign-in page is told: %s", got.body)
	}
}

// All guests together ask for so much and no more, a long body counts for many requests.
func TestTheGateOfGuests(t *testing.T) {
	now := time.Now()
	g := newGate(now)
	read := httptest.NewRequest("GET", "/", nil)
	long := httptest.NewRequest("POST", "/", strings.NewReader(strings.Repeat("x", 700<<10)))
	passed := 0
	for g.take(cost(long), now) == 0 {
		passed++
	}
	if passed != 6 {
		t.Errorf("%d pictures at once", passed)
	}
	wait := g.take(cost(long), now)
	if g.take(cost(long), now.Add(wait-time.Millisecond)) == 0 || g.take(cost(long), now.Add(wait+time.Millisecond)) != 0 {
		t.Errorf("%v is not how long to wait", wait)
	}
	later := now.Add(time.Hour)
	for passed = 0; g.take(cost(read), later) == 0; passed++ {
	}
	if passed != int(gateBurst*4) {
		t.Errorf("%d questions at once", passed)
	}
}

// A printer's address that is entered in a practice is called by nobody.
func TestAPracticePrintsNowhere(t *testing.T) {
	if c, err := nobody(context.Background(), "tcp", "203.0.113.5:9100"); err == nil {
		c.Close()
		t.Error("a practice reaches a network")
	}
}
