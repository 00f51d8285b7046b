package dst

import (
	"iter"
	"runtime/debug"
	"time"
)

// A task is a piece of the program's work that gives the word back to the driver at every
// place where the world could come between: before and after a transaction, a call, an
// answer. It runs only while the driver waits for it, so there is never more than one
// thing going on.
type task struct {
	what  string
	node  *node       // whose memory it lives in; nil = a platform's
	ready func() bool // nil = it only waits for its moment
	at    time.Time   // not before
	hand  *hand       // that does it; nil = it has not begun
	over  bool
	f     func()
	order string // the order whose refund cases it has just read, see wire.serve
}

// A hand does one task after another on one coroutine: its stack need not grow anew.
type hand struct {
	t     *task
	next  func() (struct{}, bool)
	stop  func()
	yield func(struct{}) bool
}

func (w *World) newHand() *hand {
	h := new(hand)
	h.next, h.stop = iter.Pull(func(yield func(struct{}) bool) {
		h.yield = yield
		for h.work(w) && yield(struct{}{}) {
		}
	})
	return h
}

// work does the hand's task. It is false when the task was killed: then so is the hand.
func (h *hand) work(w *World) (goesOn bool) {
	defer func() {
		switch p := recover().(type) {
		case nil:
		case killed:
			goesOn = false
		default:
			w.violate("a panic in %s: %v\n%s", h.t.what, p, debug.Stack())
		}
		h.t.over = true
	}()
	goesOn = true
	h.t.f()
	return
}

// killed unwinds a task whose process died.
type killed struct{}

// spawn adds a task. It may be called by a timer of the platforms' clock while the driver
// sleeps; the task begins when the driver gives it the word.
func (w *World) spawn(n *node, what string, f func()) *task {
	t := &task{what: what, node: n, f: f, at: time.Now()}
	w.tasks = append(w.tasks, t)
	return t
}

// step gives a task the word until it pauses or ends.
func (w *World) step(t *task) {
	if t.hand == nil {
		if n := len(w.hands); n > 0 {
			t.hand, w.hands = w.hands[n-1], w.hands[:n-1]
		} else {
			t.hand = w.newHand()
		}
		t.hand.t = t
	}
	w.now = t
	w.trace(t.what)
	t.hand.next()
	w.now = nil
	if t.over {
		w.hands = append(w.hands, t.hand)
		w.drop(t)
	}
}

func (w *World) drop(t *task) {
	for i, x := range w.tasks {
		if x == t {
			w.tasks = append(w.tasks[:i], w.tasks[i+1:]...)
			return
		}
	}
}

// kill ends a task as a power cut does: nothing of it runs any more but what unwinds.
func (w *World) kill(t *task) {
	w.now = t
	if t.hand != nil {
		t.hand.stop()
	}
	w.now = nil
	w.drop(t)
}

// pause gives the word to the driver until a moment has come and ready says so.
func (w *World) pause(until time.Duration, ready func() bool) {
	t := w.now
	if t == nil {
		panic("pause outside of a task")
	}
	t.at, t.ready = time.Now().Add(until), ready
	if !t.hand.yield(struct{}{}) {
		panic(killed{})
	}
}

// can reports whether a task may have the word now.
func (w *World) can(t *task, now time.Time) bool {
	return !t.at.After(now) && (t.node == nil || !t.node.frozen(now)) && (t.ready == nil || t.ready())
}
