package meituan_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/tongdan/tongdan/channel"
	"github.com/tongdan/tongdan/channel/channeltest"
	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/internal/platform/meituan"
	"github.com/tongdan/tongdan/order"
)

// slowOf gives what a pull says of slow orders, by their number.
func slowOf(t *testing.T, s channel.Shop) map[string]string {
	t.Helper()
	got := map[string]string{}
	for page, err := range s.Pull(t.Context(), channel.Pull{}) {
		if err != nil {
			t.Fatal(err)
		}
		for _, it := range page.Items {
			if it.What != "order.slow" {
				continue
			}
			if it.Err != nil || len(it.Readings) != 1 || len(it.Hints) != 1 || !it.Hints[0].IfUnknown {
				t.Fatalf("%+v", it)
			}
			got[it.Ref.ID] = it.Readings[0].Record.Axes[order.AxisSlow][0].State
		}
	}
	return got
}

// The list of slow orders is read to its end, from whatever number its pages count, every ten minutes.
func TestSlowOrdersAreFoundWhateverPagesCountFrom(t *testing.T) {
	for _, from := range []string{"one", "none"} {
		w := partnerHarness{}.open(t)
		if err := w.sim.Configure([]byte(`{"slow_pages":"` + from + `"}`)); err != nil {
			t.Fatal(err)
		}
		s, err := meituan.NewPartner().Open(w.Account(), w.Env())
		if err != nil {
			t.Fatal(err)
		}
		mark := func(status int) string {
			ref := w.Place(t, channeltest.Wish{})
			for _, act := range []string{"accept_in_app", "mark_slow"} {
				if err := w.sim.Do(ref.ID, act, map[string]any{"status": status}); err != nil {
					t.Fatal(err)
				}
			}
			return ref.ID
		}
		if got := slowOf(t, s); len(got) != 0 {
			t.Errorf("where nothing is slow: %v", got)
		}
		want := map[string]string{}
		for i := range 103 { // more than a page
			want[mark(i%4+1)] = fmt.Sprintf("slow:%d", i%4+1)
		}
		w.Advance(t, 9*time.Minute)
		if got := slowOf(t, s); len(got) != 0 {
			t.Errorf("asked again within ten minutes: %d", len(got))
		}
		w.Advance(t, 2*time.Minute)
		got := slowOf(t, s)
		for id, word := range want {
			if got[id] != word {
				t.Errorf("pages from %s: %s says %q, want %q", from, id, got[id], word)
			}
		}
		w.Advance(t, 4*24*time.Hour)
		if got := slowOf(t, s); len(got) != 0 {
			t.Errorf("after four days: %d", len(got))
		}
	}
}

// breaking answers some calls with HTTP 500.
type breaking struct {
	to http.RoundTripper
	of func(path, body string) bool
}

func (b breaking) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	if b.of(r.URL.Path, string(body)) {
		return &http.Response{StatusCode: 500, Status: "500", Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Header: http.Header{}, Body: http.NoBody, Request: r}, nil
	}
	return b.to.RoundTrip(r)
}

// A number that the platform never resolves leaves each pull something, and is no reason never to look for slow orders.
func TestSlowOrdersAreFoundBesideANumberThatStaysOpen(t *testing.T) {
	w := partnerHarness{}.open(t)
	env := w.Env()
	reads := *env.Reads
	broken := 0
	reads.Transport = breaking{env.Reads.Transport, func(path, body string) bool {
		hit := strings.HasSuffix(path, "/queryByDaySeq")
		if hit {
			broken++
		}
		return hit && broken == 1
	}}
	env.Reads = &reads
	s, err := meituan.NewPartner().Open(w.Account(), env)
	if err != nil {
		t.Fatal(err)
	}
	ref := w.Place(t, channeltest.Wish{})
	for _, act := range []string{"accept_in_app", "mark_slow"} {
		if err := w.sim.Do(ref.ID, act, map[string]any{"status": 1}); err != nil {
			t.Fatal(err)
		}
	}
	var last error
	slow := ""
	for page, err := range s.Pull(t.Context(), channel.Pull{}) {
		if last = err; err != nil {
			continue
		}
		for _, it := range page.Items {
			if it.What == "order.slow" {
				slow = it.Ref.ID
			}
		}
	}
	if _, partly := errors.AsType[*channel.Partly](last); !partly || slow != ref.ID {
		t.Errorf("the pull ended with %v and named %q as slow, want what stayed open and %s", last, slow, ref.ID)
	}
}

// An appeal by photo needs one, addresses have no comma; what was let off cannot be appealed against, and what was
// appealed against in Meituan's own app counts as such.
func TestASlowOrderIsAppealedAgainst(t *testing.T) {
	w := partnerHarness{}.open(t)
	s, err := meituan.NewPartner().Open(w.Account(), w.Env())
	if err != nil {
		t.Fatal(err)
	}
	conn := channel.NewConn(meituan.NewPartner().Info(), s)
	ref := w.Place(t, channeltest.Wish{})
	do := func(act string, args any) {
		t.Helper()
		if err := w.sim.Do(ref.ID, act, args); err != nil {
			t.Fatal(err)
		}
	}
	do("accept_in_app", nil)
	act := channel.Act{Kind: order.SlowAppeal, Order: ref, ShopID: "TEA001", Case: order.SlowKey, ReasonCode: "2"}
	if _, err := conn.Do(t.Context(), act, nil); !fault.Is(err, fault.Conflict) {
		t.Errorf("an order that is not slow: %v", err)
	}
	do("mark_slow", map[string]any{"status": 3})
	for what, change := range map[string]func(a *channel.Act){
		"by photo without one":  func(a *channel.Act) { a.ReasonCode = "1" },
		"no such kind":          func(a *channel.Act) { a.ReasonCode = "3" },
		"a comma in an address": func(a *channel.Act) { a.Pictures = []string{"https://a.example.com/1,2.jpg"} },
		"six pictures":          func(a *channel.Act) { a.Pictures = make([]string, 6) },
	} {
		a := act
		change(&a)
		if _, err := conn.Do(t.Context(), a, nil); !fault.Is(err, fault.Invalid) {
			t.Errorf("%s: %v", what, err)
		}
	}
	for range 2 { // the second is refused, and was made before
		items, err := conn.Do(t.Context(), act, nil)
		if err != nil {
			t.Fatal(err)
		}
		said := items[len(items)-1].Readings[0].Record.Axes[order.AxisAppeal]
		if len(said) != 1 || said[0].State != "api:appealed" {
			t.Errorf("%+v", said)
		}
	}
	do("rule_slow_appeal", map[string]any{"agree": true})
	sight, err := conn.Look(t.Context(), act, nil)
	if err != nil || sight.Why.Code != "not_slow" {
		t.Errorf("once it was let off: %+v, %v", sight, err)
	}
}
