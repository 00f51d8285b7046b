package sim

import (
	"container/heap"
	"encoding/json"
	"sync"
	"time"
)

// Clock is a platform's clock: real time scaled by a speed and moved by Advance. Every
// timer of a simulator (minutes to accept, minutes to answer a refund, push retries) runs
// on it, so that a test passes half an hour in a millisecond and a rehearsal a day in an hour.
//
// A Clock is safe for concurrent use.
type Clock struct {
	mu     sync.Mutex
	idle   *sync.Cond // holds became 0
	trade  time.Time  // the clock's time when real time was real
	real   time.Time
	speed  float64
	timers timers
	seq    int64
	wake   *time.Timer
	holds  int
	keep   func() // saves the clock's state after a change; nil = not kept

	firing sync.Mutex // one callback at a time, in order
}

type timer struct {
	at    time.Time
	seq   int64 // earlier set, earlier fired
	index int   // place in the heap, -1 when out
	f     func()
}

// maxSpeed keeps the arithmetic of durations sound: 12 days in a second.
const maxSpeed = 1e6

// NewClock returns a clock that shows start now (zero: the present) and runs speed times
// as fast as real time. Speed 0 stands still and moves by Advance only, which is what most
// tests want. Negative speeds count as 0.
func NewClock(start time.Time, speed float64) *Clock {
	now := time.Now()
	if start.IsZero() {
		start = now
	}
	c := &Clock{trade: start.UTC().Round(0), real: now, speed: min(max(speed, 0), maxSpeed)}
	c.idle = sync.NewCond(&c.mu)
	return c
}

// Now returns the clock's time in UTC.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now()
}

func (c *Clock) now() time.Time {
	if c.speed == 0 {
		return c.trade
	}
	return c.trade.Add(time.Duration(float64(time.Since(c.real)) * c.speed))
}

// Speed returns how many times faster than real time the clock runs.
func (c *Clock) Speed() float64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.speed
}

// SetSpeed changes the speed from now on; the time shown does not jump.
func (c *Clock) SetSpeed(speed float64) {
	c.mu.Lock()
	c.trade, c.real = c.now(), time.Now()
	c.speed = min(max(speed, 0), maxSpeed)
	c.rouse()
	keep := c.keep
	c.mu.Unlock()
	if keep != nil {
		keep()
	}
}

// Advance moves the clock forward by d and fires what became due, in order of time, each
// callback seeing Now at its own due time; timers set meanwhile fire too if they fall
// within d. Between two timers Advance waits for everything that holds the clock (see
// Hold), so that a push that fails and is tried again a minute later really takes that
// minute. Do not call Advance from a timer's callback or with a lock held that one needs.
func (c *Clock) Advance(d time.Duration) {
	if d < 0 {
		return
	}
	c.firing.Lock()
	defer c.firing.Unlock()
	c.mu.Lock()
	c.settle()
	target := c.now().Add(d)
	for len(c.timers) > 0 && !c.timers[0].at.After(target) {
		t := heap.Pop(&c.timers).(*timer)
		c.moveTo(t.at)
		c.mu.Unlock()
		t.f()
		c.mu.Lock()
		c.settle()
	}
	c.moveTo(target)
	c.rouse()
	keep := c.keep
	c.mu.Unlock()
	if keep != nil {
		keep()
	}
}

// moveTo sets the clock to t unless it is later already.
func (c *Clock) moveTo(t time.Time) {
	if t.After(c.now()) {
		c.trade, c.real = t, time.Now()
	}
}

// AfterFunc calls f once the clock has moved d further. Callbacks run one at a time in
// order of their due time, so f must be short and must not call Advance. Stop reports whether
// it prevented the call.
func (c *Clock) AfterFunc(d time.Duration, f func()) (stop func() bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at(c.now().Add(max(d, 0)), f)
}

// At is AfterFunc with a point in time; one that has passed fires as soon as the clock moves.
func (c *Clock) At(t time.Time, f func()) (stop func() bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at(t, f)
}

func (c *Clock) at(at time.Time, f func()) func() bool {
	c.seq++
	t := &timer{at: at, seq: c.seq, f: f}
	heap.Push(&c.timers, t)
	if t.index == 0 {
		c.rouse()
	}
	return func() bool {
		c.mu.Lock()
		defer c.mu.Unlock()
		if t.index < 0 {
			return false
		}
		heap.Remove(&c.timers, t.index)
		return true
	}
}

// rouse sets the real timer for the earliest of ours.
func (c *Clock) rouse() {
	if c.wake != nil {
		c.wake.Stop()
		c.wake = nil
	}
	if c.speed == 0 || len(c.timers) == 0 {
		return
	}
	wait := float64(c.timers[0].at.Sub(c.now())) / c.speed
	// Far timers are looked at again after a day, which also keeps float errors small.
	c.wake = time.AfterFunc(time.Duration(min(max(wait, 0), float64(24*time.Hour))), c.run)
}

func (c *Clock) run() {
	c.firing.Lock()
	defer c.firing.Unlock()
	c.mu.Lock()
	for c.speed > 0 && len(c.timers) > 0 && !c.timers[0].at.After(c.now()) {
		t := heap.Pop(&c.timers).(*timer)
		c.mu.Unlock()
		t.f()
		c.mu.Lock()
	}
	c.rouse()
	c.mu.Unlock()
}

// Hold tells Advance and Settle that something set off by a timer or a call is still on its
// way. Release must be called exactly once.
func (c *Clock) Hold() (release func()) {
	c.mu.Lock()
	c.holds++
	c.mu.Unlock()
	return sync.OnceFunc(func() {
		c.mu.Lock()
		c.holds--
		if c.holds == 0 {
			c.idle.Broadcast()
		}
		c.mu.Unlock()
	})
}

// Settle waits until nothing holds the clock: every push that is due has been answered,
// refused or put off to a later time of the clock.
func (c *Clock) Settle() {
	c.mu.Lock()
	c.settle()
	c.mu.Unlock()
}

func (c *Clock) settle() {
	for c.holds > 0 {
		c.idle.Wait()
	}
}

type clockState struct {
	Trade time.Time `json:"trade"`
	Real  time.Time `json:"real"`
	Speed float64   `json:"speed"`
}

// Keep makes the clock durable: its time and speed are restored from the book, with the
// real time that passed since counted at that speed, and every later SetSpeed and Advance is
// written to it. Call it before any timer is set. A time in the book that lies before the
// present one of the clock is ignored.
func (c *Clock) Keep(b *Book) error {
	var old clockState
	err := b.Load("clock", func(_ string, raw json.RawMessage) error { return json.Unmarshal(raw, &old) })
	if err != nil {
		return err
	}
	c.mu.Lock()
	if !old.Trade.IsZero() {
		old.Speed = min(max(old.Speed, 0), maxSpeed)
		gone := time.Duration(float64(max(time.Since(old.Real), 0)) * old.Speed)
		c.moveTo(old.Trade.Add(gone))
		c.trade, c.real, c.speed = c.now(), time.Now(), old.Speed
	}
	c.keep = func() {
		c.mu.Lock()
		s := clockState{Trade: c.now(), Real: time.Now(), Speed: c.speed}
		c.mu.Unlock()
		b.Put("clock", "now", s)
	}
	c.mu.Unlock()
	c.keep()
	return nil
}

type timers []*timer

func (h timers) Len() int { return len(h) }
func (h timers) Less(i, j int) bool {
	if h[i].at.Equal(h[j].at) {
		return h[i].seq < h[j].seq
	}
	return h[i].at.Before(h[j].at)
}
func (h timers) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].index, h[j].index = i, j
}
func (h *timers) Push(x any) {
	t := x.(*timer)
	t.index = len(*h)
	*h = append(*h, t)
}
func (h *timers) Pop() any {
	old := *h
	t := old[len(old)-1]
	old[len(old)-1] = nil
	*h = old[:len(old)-1]
	t.index = -1
	return t
}
