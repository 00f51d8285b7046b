package sim

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"
)

// Push is one message of the platform to the merchant, with its place in the retry schedule.
type Push struct {
	// ID is given by Send. IDs sort in the order of sending.
	ID string `json:"id"`
	// Key is what the push is about, usually the order id. The first attempts of pushes with
	// the same key go out one after another; a retry does not hold up the others. An empty
	// key keeps no order.
	Key string `json:"key"`
	// Kind is the platform's message type, such as "order/paid".
	Kind string `json:"kind"`
	// Content is whatever PusherOptions.Request needs to build the message again for
	// each attempt.
	Content json.RawMessage `json:"content,omitempty"`
	// Attempt counts the attempts made.
	Attempt int `json:"attempt"`
	// Due is when the next attempt is made, on the platform's clock.
	Due time.Time `json:"due"`
	// Made is when Send was called.
	Made time.Time `json:"made"`

	strayed bool // a late or reordered push is not put off a second time
}

// Result is what became of one attempt.
type Result struct {
	OK     bool   // the merchant answered as the platform wants it, or the push was lost by a fault
	Last   bool   // no further attempt follows
	Status int    // HTTP status, 0 without an answer
	Fault  string // the fault that hit it
	Error  string // why it failed
}

// Sent is one line of the pusher's log: an attempt and its answer.
type Sent struct {
	Seq     int64     `json:"seq"`
	Push    string    `json:"push"`
	Key     string    `json:"order,omitempty"`
	Kind    string    `json:"kind"`
	Attempt int       `json:"attempt"`
	Status  int       `json:"status"`
	Answer  string    `json:"answer,omitempty"` // the first 500 bytes
	OK      bool      `json:"ok"`
	Fault   string    `json:"fault,omitempty"`
	Error   string    `json:"error,omitempty"`
	Trade   time.Time `json:"trade"`
	Real    time.Time `json:"real"` // when the attempt ended

	Took time.Duration `json:"-"` // real time from sending to the answer
}

// PusherOptions say how a platform pushes.
type PusherOptions struct {
	// Name keeps the pending pushes of several pushers in one Book apart.
	Name   string
	Clock  *Clock
	Book   *Book
	Faults *Faults
	// Client sends the pushes; nil: one that follows no redirects.
	Client *http.Client
	// Timeout is how long an answer may take, in real time; 0: 5 s.
	Timeout time.Duration
	// Waits are the times from a failed attempt to the next, on the platform's clock:
	// attempts in all = len + 1. It is asked anew for each push, so that a switch can change it.
	Waits func(Push) []time.Duration
	// Request builds a signed message. Forged asks for one whose signature is wrong. An
	// error means that the push is not sent at all, now or later (no URL configured, the order has gone).
	Request func(p Push, forged bool) (*http.Request, error)
	// Accepted says whether an answer counts as received. Nil: HTTP 200.
	Accepted func(p Push, status int, body []byte) bool
	// Go runs the work of a line or of a retry; nil: on a goroutine of its own, which holds
	// the clock and is bounded in number.
	Go func(func())
	// Tried is told of every attempt, without locks of the pusher held. A push whose last
	// attempt was interrupted by a crash is reported again. May be nil.
	Tried func(Push, Result)
}

const (
	pushesInFlight = 64
	maxPushAnswer  = 64 << 10
)

// Pusher sends a platform's callbacks over real HTTP, with its retry schedule on the Clock and with the
// push faults. What has not been answered yet is in the Book and goes on after a restart: a crash
// may double a push and never loses one. Safe for concurrent use.
type Pusher struct {
	o     PusherOptions
	slots chan struct{}
	log   ring[Sent]

	mu      sync.Mutex
	seq     int64
	started bool
	closed  bool
	lines   map[string][]Push      // per key, waiting for the first attempt
	busy    map[string]bool        // keys with a goroutine at work
	swapped map[string]Push        // per key, held back until the next one has gone
	timers  map[string]func() bool // per push id, stops its next attempt
	work    sync.WaitGroup
	ctx     context.Context
	cancel  context.CancelFunc
}

// NewPusher returns a pusher that sends nothing before Start.
func NewPusher(o PusherOptions) *Pusher {
	if o.Client == nil {
		transport := http.DefaultTransport.(*http.Transport).Clone()
		transport.MaxIdleConnsPerHost = pushesInFlight
		transport.Proxy = nil
		o.Client = &http.Client{Transport: transport}
	}
	client := *o.Client
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	o.Client = &client
	o.Timeout = cmp.Or(o.Timeout, 5*time.Second)
	ctx, cancel := context.WithCancel(context.Background())
	return &Pusher{
		o: o, slots: make(chan struct{}, pushesInFlight), log: newRing[Sent](0),
		lines: map[string][]Push{}, busy: map[string]bool{}, swapped: map[string]Push{}, timers: map[string]func() bool{},
		ctx: ctx, cancel: cancel,
	}
}

func (p *Pusher) bookKind() string { return "push:" + p.o.Name }

// Start takes up the pushes that an earlier run left in the Book. Call it when the platform can
// answer Request and Tried.
func (p *Pusher) Start() error {
	var left []Push
	err := p.o.Book.Load(p.bookKind(), func(_ string, raw json.RawMessage) error {
		var push Push
		if err := json.Unmarshal(raw, &push); err != nil {
			return err
		}
		left = append(left, push)
		return nil
	})
	if err != nil {
		return err
	}
	p.mu.Lock()
	p.started = true
	for _, push := range left {
		var seq int64
		fmt.Sscanf(push.ID, "%d", &seq)
		p.seq = max(p.seq, seq)
	}
	p.mu.Unlock()
	for _, push := range left {
		if push.Attempt == 0 {
			p.enqueue(push)
		} else {
			p.later(push)
		}
	}
	return nil
}

// Send adds a push to a batch. It goes out once the batch is committed.
func (p *Pusher) Send(b *Batch, key, kind string, content any) {
	raw, err := json.Marshal(content)
	if err != nil {
		b.err = errors.Join(b.err, fmt.Errorf("push %s: %w", kind, err))
		return
	}
	now := p.o.Clock.Now()
	p.mu.Lock()
	p.seq++
	push := Push{ID: fmt.Sprintf("%012d", p.seq), Key: key, Kind: kind, Content: raw, Due: now, Made: now}
	p.mu.Unlock()
	b.Put(p.bookKind(), push.ID, push)
	b.After(func() { p.enqueue(push) })
}

// enqueue puts a push at the end of its key's line and sees to it that somebody works there.
func (p *Pusher) enqueue(push Push) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed || !p.started {
		return // it is in the Book: the next Start finds it
	}
	line := push.Key
	if line == "" {
		line = "push " + push.ID // a line of its own
	}
	p.lines[line] = append(p.lines[line], push)
	if p.busy[line] {
		return
	}
	p.busy[line] = true
	p.run(p.o.Clock.Hold(), func() { p.drain(line) })
}

// run works on a goroutine, or as the options say.
func (p *Pusher) run(release func(), f func()) {
	if p.o.Go != nil {
		release()
		p.o.Go(f)
		return
	}
	p.work.Go(func() {
		defer release()
		f()
	})
}

func (p *Pusher) drain(line string) {
	for {
		p.mu.Lock()
		waiting := p.lines[line]
		if len(waiting) == 0 || p.closed {
			delete(p.lines, line)
			delete(p.busy, line)
			p.mu.Unlock()
			return
		}
		push := waiting[0]
		p.lines[line] = waiting[1:]
		p.mu.Unlock()
		if p.stray(push, line) {
			continue
		}
		p.attempt(push)
		p.mu.Lock()
		held, ok := p.swapped[line]
		delete(p.swapped, line)
		p.mu.Unlock()
		if ok && p.stopTimer(held.ID) {
			p.attempt(held)
		}
	}
}

// stray puts a push off if a fault says so.
func (p *Pusher) stray(push Push, line string) bool {
	if push.strayed {
		return false
	}
	by := p.o.Faults.late(push)
	reordered := by == 0 && push.Key != "" && p.o.Faults.Hit(PushReordered, push.Kind, push.Key)
	if by == 0 && !reordered {
		return false
	}
	if reordered {
		by = p.o.Faults.lateBy() // at the latest, when no other follows
	}
	push.strayed = true
	push.Due = p.o.Clock.Now().Add(by)
	fault := PushLate
	if reordered {
		fault = PushReordered
		p.mu.Lock()
		if _, taken := p.swapped[line]; taken {
			p.mu.Unlock()
			return false // two swapped pushes would only swap back
		}
		p.swapped[line] = push
		p.mu.Unlock()
	}
	p.note(push, Sent{Attempt: push.Attempt, Fault: fault})
	p.later(push)
	return true
}

// later sets the timer of a push's next attempt.
func (p *Pusher) later(push Push) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return
	}
	p.timers[push.ID] = p.o.Clock.At(push.Due, func() {
		release := p.o.Clock.Hold()
		p.mu.Lock()
		defer p.mu.Unlock()
		if p.closed || p.timers[push.ID] == nil {
			release()
			return
		}
		delete(p.timers, push.ID)
		if p.swapped[push.Key].ID == push.ID {
			delete(p.swapped, push.Key)
		}
		p.run(release, func() { p.attempt(push) })
	})
}

// stopTimer takes a push back from its timer; false when the timer was faster.
func (p *Pusher) stopTimer(id string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	stop := p.timers[id]
	delete(p.timers, id)
	return stop != nil && stop()
}

// attempt sends a push once and settles what follows from the answer.
func (p *Pusher) attempt(push Push) {
	if p.o.Go == nil {
		select {
		case p.slots <- struct{}{}:
			defer func() { <-p.slots }()
		case <-p.ctx.Done():
			return
		}
	}
	var waits []time.Duration
	if p.o.Waits != nil {
		waits = p.o.Waits(push)
	}
	result := p.send(&push, waits)
	if p.ctx.Err() != nil && !result.OK {
		return // closing: not the merchant's failure, and the Book still has it
	}
	if p.o.Tried != nil {
		p.o.Tried(push, result)
	}
	if result.OK || result.Last {
		p.o.Book.Delete(p.bookKind(), push.ID)
		return
	}
	push.Due = p.o.Clock.Now().Add(waits[push.Attempt-1])
	p.o.Book.Put(p.bookKind(), push.ID, push)
	p.later(push)
}

func (p *Pusher) send(push *Push, waits []time.Duration) Result {
	if push.Attempt > len(waits) { // the schedule was shortened meanwhile
		return Result{Last: true, Error: "given up: the retry schedule is shorter now"}
	}
	push.Attempt++
	last := push.Attempt > len(waits)
	if p.o.Faults.Hit(PushLost, push.Kind, push.Key) {
		p.note(*push, Sent{Attempt: push.Attempt, Fault: PushLost, OK: true})
		return Result{OK: true, Last: true, Fault: PushLost}
	}
	if p.o.Faults.Hit(PushForged, push.Kind, push.Key) {
		s, _ := p.exchange(*push, true)
		s.Fault = PushForged
		p.note(*push, s)
	}
	s, sent := p.exchange(*push, false)
	if p.ctx.Err() == nil {
		p.note(*push, s)
	}
	if sent && p.o.Faults.Hit(PushDoubled, push.Kind, push.Key) {
		again, _ := p.exchange(*push, false)
		again.Fault = PushDoubled
		p.note(*push, again)
		s.OK = s.OK || again.OK
	}
	return Result{OK: s.OK, Last: last || !sent, Status: s.Status, Error: s.Error}
}

// exchange makes one HTTP request. Sent is false when there was nothing to send.
func (p *Pusher) exchange(push Push, forged bool) (s Sent, sent bool) {
	s.Attempt = push.Attempt
	req, err := p.o.Request(push, forged)
	if err != nil {
		s.Error = err.Error()
		return s, false
	}
	ctx, cancel := context.WithTimeout(p.ctx, p.o.Timeout)
	defer cancel()
	began := time.Now()
	defer func() { s.Took = time.Since(began) }()
	resp, err := p.o.Client.Do(req.WithContext(ctx))
	if err != nil {
		s.Error = err.Error()
		return s, true
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxPushAnswer))
	s.Status, s.Answer = resp.StatusCode, string(body[:min(len(body), 500)])
	switch {
	case err != nil:
		s.Error = err.Error()
	case p.o.Accepted != nil:
		s.OK = p.o.Accepted(push, resp.StatusCode, body)
	default:
		s.OK = resp.StatusCode == http.StatusOK
	}
	return s, true
}

func (p *Pusher) note(push Push, s Sent) {
	s.Push, s.Key, s.Kind = push.ID, push.Key, push.Kind
	s.Trade, s.Real = p.o.Clock.Now(), time.Now()
	p.log.add(func(seq int64) Sent { s.Seq = seq; return s })
}

// Log returns the newest attempts about a key ("" = all), oldest first, at most limit (0: 200).
func (p *Pusher) Log(key string, limit int) []Sent {
	return p.log.newest(limit, func(s Sent) bool { return key == "" || s.Key == key })
}

// Pending counts the pushes that are still to be sent.
func (p *Pusher) Pending() int {
	n := 0
	p.o.Book.Load(p.bookKind(), func(string, json.RawMessage) error { n++; return nil })
	return n
}

// Close stops sending and waits for the requests under way. Unsent pushes stay in the Book.
func (p *Pusher) Close() {
	p.mu.Lock()
	p.closed = true
	for id, stop := range p.timers {
		stop()
		delete(p.timers, id)
	}
	p.mu.Unlock()
	p.cancel()
	p.work.Wait()
	p.o.Client.CloseIdleConnections()
}
