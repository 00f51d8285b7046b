package sim

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"
)

func gated(t *testing.T) (g *Gate, url string, done *int) {
	t.Helper()
	done = new(int)
	g = &Gate{Clock: NewClock(noon, 0), Faults: NewFaults(1), Calls: NewCalls(5)}
	server := httptest.NewServer(g.Wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		*done++
		call := Seen(r.Context())
		call.Order, call.Changed = r.URL.Query().Get("order"), true
		w.Header().Set("X-Said", "yes")
		w.WriteHeader(http.StatusAccepted)
		io.WriteString(w, "fine")
	})))
	t.Cleanup(server.Close)
	return g, server.URL, done
}

func TestDropAfterCommitClosesAReusedConnectionAndGoRepeatsTheGet(t *testing.T) {
	g, url, done := gated(t)
	get := func() error {
		resp, err := http.Get(url + "/confirm?order=1")
		if err == nil {
			io.Copy(io.Discard, resp.Body)
			resp.Body.Close()
		}
		return err
	}
	if err := get(); err != nil { // now the connection is kept alive
		t.Fatal(err)
	}
	g.Faults.Next(DropAfterCommit, 1)
	if err := get(); err != nil {
		t.Fatalf("Go's transport should have repeated the GET by itself: %v", err)
	}
	if *done != 3 {
		t.Errorf("the handler ran %d times, want 3: once, then twice for one call of the client", *done)
	}
	calls := g.Calls.List("1", 0)
	if len(calls) != 3 || calls[1].Fault != DropAfterCommit || calls[1].Status != 0 || !calls[1].Changed || calls[2].Status != 202 {
		t.Errorf("calls %+v", calls)
	}
}

func TestDropBeforeCommitDoesNothing(t *testing.T) {
	g, url, done := gated(t)
	g.Faults.Next(DropBeforeCommit, 1)
	if _, err := http.Post(url, "text/plain", nil); err == nil {
		t.Error("the connection should have been closed")
	}
	if *done != 0 {
		t.Error("the handler must not run")
	}
}

func TestFaultsAnswerForThePlatform(t *testing.T) {
	g, url, done := gated(t)
	for _, c := range []struct {
		fault  string
		status int
		ran    int
	}{{Err429, 429, 0}, {Err5xx, 502, 0}, {SlowAnswer, 202, 1}} {
		*done = 0
		g.Faults.Set(FaultPlan{SlowBy: time.Millisecond})
		g.Faults.Next(c.fault, 1)
		resp, err := http.Get(url)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != c.status || *done != c.ran {
			t.Errorf("%s: status %d, handler ran %d times", c.fault, resp.StatusCode, *done)
		}
	}
	if resp, err := http.Get(url); err != nil || resp.StatusCode != 202 || resp.Header.Get("X-Said") != "yes" {
		t.Error("one-shot faults must be over")
	}
}

func TestFaultsOfOneSeedAreTheSame(t *testing.T) {
	ask := func(seed uint64) (hits []bool) {
		f := NewFaults(seed)
		f.Set(FaultPlan{PushLost: 0.5, Only: []string{"a"}})
		for range 64 {
			if f.Hit(PushLost, "b") {
				t.Fatal("only a may be hit")
			}
			hits = append(hits, f.Hit(PushLost, "a"))
		}
		return hits
	}
	a, b, other := ask(7), ask(7), ask(8)
	same := func(a, b []bool) bool {
		for i := range a {
			if a[i] != b[i] {
				return false
			}
		}
		return true
	}
	if !same(a, b) || same(a, other) {
		t.Error("the same seed must give the same faults, another seed others")
	}
}

func TestAFaultPlanSurvivesJSON(t *testing.T) {
	plan := FaultPlan{PushLate: 0.25, PushLateBy: 90 * time.Second, SlowBy: 2 * time.Second, Only: []string{"x"}}
	raw, err := json.Marshal(plan)
	if err != nil {
		t.Fatal(err)
	}
	var got FaultPlan
	if err := json.Unmarshal(raw, &got); err != nil || got.PushLate != 0.25 || got.PushLateBy != plan.PushLateBy || got.SlowBy != plan.SlowBy || got.Only[0] != "x" {
		t.Errorf("%s → %+v, %v", raw, got, err)
	}
}

func TestCallsForgetTheOldest(t *testing.T) {
	c := NewCalls(3)
	for _, order := range []string{"a", "b", "a", "c", "a"} {
		c.Add(Call{Order: order})
	}
	all := c.List("", 0)
	if len(all) != 3 || all[0].Seq != 3 || all[2].Seq != 5 {
		t.Errorf("%+v", all)
	}
	if got := c.List("a", 1); len(got) != 1 || got[0].Seq != 5 {
		t.Errorf("newest of a: %+v", got)
	}
}

func TestALimiterRefillsOnTheClock(t *testing.T) {
	c := NewClock(noon, 0)
	l := NewLimiter(c)
	allowed := func() (n int) {
		for range 10 {
			if l.Allow(2, 3) {
				n++
			}
		}
		return n
	}
	if n := allowed(); n != 3 {
		t.Errorf("a full bucket of 3 allowed %d", n)
	}
	c.Advance(time.Second)
	if n := allowed(); n != 2 {
		t.Errorf("a second later %d, want 2", n)
	}
}

// What is ordered for one order's push leaves the others alone, and says how late it is.
func TestAFaultIsOrderedForOneOrder(t *testing.T) {
	f := NewFaults(1)
	f.Next(PushDoubled, 1, "17")
	f.Delay(90*time.Second, "18")
	if f.Hit(PushDoubled, "order/paid", "16") || !f.Hit(PushDoubled, "order/paid", "17") || f.Hit(PushDoubled, "order/paid", "17") {
		t.Error("a push about another order is doubled, or one twice")
	}
	if by := f.late(Push{Kind: "order/paid", Key: "17"}); by != 0 {
		t.Errorf("another order's push is %v late", by)
	}
	if by := f.late(Push{Kind: "order/paid", Key: "18"}); by != 90*time.Second {
		t.Errorf("the push is %v late", by)
	}
}
