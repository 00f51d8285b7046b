package sim

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// merchant records what it is pushed and answers what it is told to.
type merchant struct {
	*httptest.Server
	mu     sync.Mutex
	got    []string
	at     []time.Duration
	refuse int // answers 500 so many times
}

func newMerchant(t *testing.T, c *Clock) *merchant {
	m := &merchant{}
	m.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		m.mu.Lock()
		defer m.mu.Unlock()
		m.got = append(m.got, string(body))
		m.at = append(m.at, c.Now().Sub(noon))
		if m.refuse > 0 {
			m.refuse--
			w.WriteHeader(500)
		}
	}))
	t.Cleanup(m.Close)
	return m
}

func (m *merchant) take() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	got := m.got
	m.got, m.at = nil, nil
	return got
}

type pushing struct {
	*Pusher
	clock  *Clock
	book   *Book
	faults *Faults
	shop   *merchant
	mu     sync.Mutex
	tried  []Result
}

func newPushing(t *testing.T, book *Book, shop *merchant, clock *Clock) *pushing {
	p := &pushing{clock: clock, book: book, faults: NewFaults(1), shop: shop}
	p.Pusher = NewPusher(PusherOptions{
		Name: "test", Clock: clock, Book: book, Faults: p.faults,
		Waits: func(Push) []time.Duration { return []time.Duration{time.Minute, time.Minute} },
		Request: func(push Push, forged bool) (*http.Request, error) {
			var text string
			json.Unmarshal(push.Content, &text)
			if forged {
				text += " forged"
			}
			return http.NewRequest("POST", shop.URL, strings.NewReader(text))
		},
		Tried: func(_ Push, r Result) { p.mu.Lock(); p.tried = append(p.tried, r); p.mu.Unlock() },
	})
	t.Cleanup(p.Pusher.Close)
	return p
}

func (p *pushing) send(t *testing.T, key string, texts ...string) {
	t.Helper()
	for _, text := range texts {
		b := p.book.Begin()
		p.Send(b, key, "kind", text)
		if err := b.Commit(); err != nil {
			t.Fatal(err)
		}
	}
}

func begin(t *testing.T) *pushing {
	clock := NewClock(noon, 0)
	book, _ := OpenBook("")
	p := newPushing(t, book, newMerchant(t, clock), clock)
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	return p
}

func TestPushesOfOneOrderArriveInOrder(t *testing.T) {
	p := begin(t)
	p.send(t, "1", "a", "b", "c", "d")
	p.clock.Settle()
	if got := p.shop.take(); !slices.Equal(got, []string{"a", "b", "c", "d"}) {
		t.Errorf("got %v", got)
	}
	if p.Pending() != 0 {
		t.Errorf("%d pushes are still pending", p.Pending())
	}
}

func TestAFailedPushIsTriedAgainAndGivenUp(t *testing.T) {
	p := begin(t)
	p.shop.refuse = 99
	p.send(t, "1", "a")
	p.clock.Advance(time.Hour)
	if want := []time.Duration{0, time.Minute, 2 * time.Minute}; !slices.Equal(p.shop.at, want) {
		t.Errorf("attempts at %v, want %v", p.shop.at, want)
	}
	if len(p.tried) != 3 || p.tried[1].Last || !p.tried[2].Last || p.tried[2].OK || p.tried[2].Status != 500 {
		t.Errorf("results %+v", p.tried)
	}
	if p.Pending() != 0 {
		t.Error("a push given up must be forgotten")
	}
}

func TestPushFaults(t *testing.T) {
	for _, c := range []struct {
		fault       string
		now, minute []string
	}{
		{PushLost, []string{"b"}, nil},
		{PushDoubled, []string{"a", "a", "b"}, nil},
		{PushLate, []string{"b"}, []string{"a"}},
		{PushReordered, []string{"b", "a"}, nil},
		{PushForged, []string{"a forged", "a", "b"}, nil},
	} {
		t.Run(c.fault, func(t *testing.T) {
			p := begin(t)
			p.faults.Next(c.fault, 1)
			p.send(t, "1", "a", "b")
			p.clock.Settle()
			if got := p.shop.take(); !slices.Equal(got, c.now) {
				t.Errorf("at once %v, want %v", got, c.now)
			}
			p.clock.Advance(time.Minute)
			if got := p.shop.take(); !slices.Equal(got, c.minute) {
				t.Errorf("within a minute %v, want %v", got, c.minute)
			}
			log := p.Log("1", 0)
			if !slices.ContainsFunc(log, func(s Sent) bool { return s.Fault == c.fault }) {
				t.Errorf("the log does not name the fault: %+v", log)
			}
			if p.Pending() != 0 {
				t.Error("nothing may be left")
			}
		})
	}
}

func TestAReorderedPushGoesAloneWhenNoneFollows(t *testing.T) {
	p := begin(t)
	p.faults.Next(PushReordered, 1)
	p.send(t, "1", "a")
	p.clock.Settle()
	if got := p.shop.take(); len(got) != 0 {
		t.Errorf("sent %v at once", got)
	}
	p.clock.Advance(time.Minute)
	if got := p.shop.take(); !slices.Equal(got, []string{"a"}) {
		t.Errorf("got %v", got)
	}
}

func TestPendingPushesSurviveAKill(t *testing.T) {
	p := begin(t)
	p.shop.refuse = 1
	p.send(t, "1", "failed once")
	p.clock.Settle()
	p.faults.Next(PushLate, 1)
	p.send(t, "2", "late")
	p.clock.Settle()
	p.Pusher.Close()
	p.send(t, "3", "committed, never started")
	p.shop.take()

	again := newPushing(t, p.book, p.shop, p.clock)
	if err := again.Start(); err != nil {
		t.Fatal(err)
	}
	again.send(t, "4", "new")
	again.clock.Advance(2 * time.Minute)
	got := p.shop.take()
	slices.Sort(got)
	if want := []string{"committed, never started", "failed once", "late", "new"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if again.Pending() != 0 {
		t.Error("nothing may be left")
	}
	if log := again.Log("1", 0); len(log) != 1 || log[0].Attempt != 2 {
		t.Errorf("the attempt must be counted on: %+v", log)
	}
}
