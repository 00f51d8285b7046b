package lane_test

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/tongdan/tongdan/effect"
	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/ident"
	"github.com/tongdan/tongdan/internal/db"
	"github.com/tongdan/tongdan/internal/db/dbtest"
	"github.com/tongdan/tongdan/internal/lane"
)

// world is a platform that only counts: what a call does is up to the test.
type world struct {
	t       *testing.T
	d       *db.DB
	m       ident.Merchant
	account ident.Account

	mu    sync.Mutex
	calls map[string]int // by effect key
	looks map[string]int
	begun []string
	do    func(e effect.Effect) lane.Result
	look  func(e effect.Effect) lane.Result
}

func (w *world) Begin(*db.Tx, effect.Effect) (effect.State, fault.Reason) { return "", fault.Reason{} }
func (w *world) Before(context.Context, effect.Effect) (json.RawMessage, error) {
	return json.RawMessage(`{}`), nil
}
func (w *world) Changed(*db.Tx, effect.Effect) error { return nil }

func (w *world) Do(_ context.Context, e effect.Effect) lane.Result {
	w.mu.Lock()
	w.calls[e.Key]++
	w.begun = append(w.begun, e.Key)
	w.mu.Unlock()
	return w.do(e)
}

func (w *world) Look(_ context.Context, e effect.Effect) lane.Result {
	w.mu.Lock()
	w.looks[e.Key]++
	w.mu.Unlock()
	return w.look(e)
}

func each(t *testing.T, f func(w *world)) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := &world{t: t, d: d, calls: map[string]int{}, looks: map[string]int{}}
		w.do = func(effect.Effect) lane.Result { return lane.Result{Outcome: effect.OK} }
		w.look = func(effect.Effect) lane.Result { return lane.Result{Outcome: effect.Seen} }
		m, err := d.AddMerchant(t.Context(), db.MerchantRow{Name: "m", Locale: "en"})
		if err != nil {
			t.Fatal(err)
		}
		app, err := d.PutApp(t.Context(), db.AppRow{Merchant: m.ID, Channel: "meituan", Name: "a"})
		if err != nil {
			t.Fatal(err)
		}
		a, err := d.PutAccount(t.Context(), db.AccountRow{Merchant: m.ID, App: app.ID, Channel: "meituan", Realm: "meituan", Name: "a"})
		if err != nil {
			t.Fatal(err)
		}
		w.m, w.account = m.ID, a.ID
		f(w)
	})
}

// put writes an effect as hub would.
func (w *world) put(e effect.Effect) effect.Effect {
	w.t.Helper()
	now := time.Now().UnixMilli()
	e.Account = w.account
	if e.Kind == "" {
		e.Kind = "act"
	}
	if e.State == "" {
		e.State = effect.Waiting
	}
	if e.Nature == "" {
		e.Nature = effect.Guarded
	}
	if e.Target == "" {
		e.Target = "t/" + e.Key
	}
	e.NextAt, e.Made, e.Changed = max(e.NextAt, now), now, now
	_, err := w.d.Do(w.t.Context(), db.Verb{Name: "put", Merchant: w.m, Decide: func(tx *db.Tx) error {
		tx.PutEffect(&e)
		return nil
	}})
	if err != nil {
		w.t.Fatal(err)
	}
	return e
}

func (w *world) state(e effect.Effect) effect.Effect {
	w.t.Helper()
	got, err := w.d.EffectByID(w.t.Context(), db.Scope{Merchant: w.m}, e.ID)
	if err != nil {
		w.t.Fatal(err)
	}
	return got
}

func (w *world) run() { w.runWith(0, 0) }

func (w *world) runWith(perSecond float64, burst int) {
	ctx, cancel := context.WithCancel(context.Background())
	r := lane.New(lane.Options{
		DB: w.d, Tasks: []string{"task"}, Owner: fmt.Sprint("owner-", time.Now().UnixNano()), TTL: 3 * time.Second,
		Kinds: func(k string) (lane.Kind, bool) {
			return lane.Kind{Handler: w, Background: k != "act", Task: k == "task", Asks: k != "act", Budget: true}, k == "act" || k == "read" || k == "task"
		},
		Budget: func(ident.App) (float64, int) { return perSecond, burst },
	})
	done := make(chan error, 1)
	go func() { done <- r.Run(ctx) }()
	w.t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			w.t.Error(err)
		}
	})
}

func (w *world) until(what string, f func() bool) {
	w.t.Helper()
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		if f() {
			return
		}
	}
	w.t.Fatalf("not within a minute: %s", what)
}

func (w *world) ends(e effect.Effect, want effect.State) {
	w.t.Helper()
	w.until(fmt.Sprintf("%s becomes %s", e.Key, want), func() bool { return w.state(e).State == want })
}

func TestAnEffectIsCalledOnceByOneOfTwoRunners(t *testing.T) {
	each(t, func(w *world) {
		var list []effect.Effect
		for i := range 20 {
			list = append(list, w.put(effect.Effect{Key: fmt.Sprint("k", i)}))
		}
		w.run()
		w.run()
		for _, e := range list {
			w.ends(e, effect.Done)
			if n := w.calls[e.Key]; n != 1 {
				t.Errorf("%s was called %d times", e.Key, n)
			}
		}
	})
}

func TestWhatADeadProcessLeftIsLookedAtAndNotCalled(t *testing.T) {
	each(t, func(w *world) {
		past := time.Now().Add(-time.Minute).UnixMilli()
		left := func(key string, n effect.Nature) effect.Effect {
			return w.put(effect.Effect{Key: key, Nature: n, State: effect.Sending, Attempts: 1, Before: json.RawMessage(`{}`),
				Attempt: &effect.Attempt{N: 1, Epoch: 0, Began: past, NotAfter: past}})
		}
		seen, additive := left("seen", effect.Guarded), left("additive", effect.Additive)
		w.run()
		w.ends(seen, effect.Done)
		w.ends(additive, effect.Done)
		if w.calls["seen"]+w.calls["additive"] != 0 || w.looks["seen"] == 0 || w.looks["additive"] == 0 {
			t.Errorf("calls %v looks %v", w.calls, w.looks)
		}
	})
}

func TestALostCallThatWasNotDoneIsCalledAgainUnlessItAdds(t *testing.T) {
	each(t, func(w *world) {
		w.do = func(e effect.Effect) lane.Result {
			if w.calls[e.Key] == 1 {
				return lane.Result{Outcome: effect.Lost, Code: fault.Unknown}
			}
			return lane.Result{Outcome: effect.OK}
		}
		w.look = func(effect.Effect) lane.Result { return lane.Result{Outcome: effect.NotSeen} }
		guarded := w.put(effect.Effect{Key: "guarded"})
		w.put(effect.Effect{Key: "additive", Nature: effect.Additive})
		w.run()
		w.ends(guarded, effect.Done)
		w.until("the additive one was looked at", func() bool { w.mu.Lock(); defer w.mu.Unlock(); return w.looks["additive"] > 0 })
		if w.calls["guarded"] != 2 || w.calls["additive"] != 1 {
			t.Errorf("calls %v: want the guarded one twice, the additive one once", w.calls)
		}
	})
}

func TestOneTargetIsWorkedInOrderAndHoldsUpNoOther(t *testing.T) {
	each(t, func(w *world) {
		gate := make(chan struct{})
		w.do = func(e effect.Effect) lane.Result {
			if e.Key == "first" {
				<-gate
			}
			return lane.Result{Outcome: effect.OK}
		}
		first := w.put(effect.Effect{Key: "first", Target: "order/1"})
		// Ids of one millisecond are in no order; these two are to be.
		second := w.put(effect.Effect{Key: "second", Target: "order/1", ID: ident.Effect(ident.New(time.Now().Add(5 * time.Millisecond)))})
		other := w.put(effect.Effect{Key: "other", Target: "order/2"})
		w.run()
		w.ends(other, effect.Done)
		w.until("the first has begun", func() bool { return w.state(first).State == effect.Sending })
		if s := w.state(second); s.State != effect.Waiting || s.Attempts != 0 {
			t.Errorf("the second is %s while the first is under way", s.State)
		}
		close(gate)
		w.ends(second, effect.Done)
	})
}

// What only asks is not committed before its call; and what wants it again meanwhile is not
// content with an answer that may be older than its wish.
func TestWhatIsAskedAgainWhileItIsUnderWayIsMadeOnceMore(t *testing.T) {
	each(t, func(w *world) {
		gate := make(chan struct{})
		var asked []string
		w.do = func(e effect.Effect) lane.Result {
			w.mu.Lock()
			asked = append(asked, string(e.Args))
			n := len(asked)
			w.mu.Unlock()
			if n == 1 {
				<-gate
			}
			return lane.Result{Outcome: effect.OK}
		}
		e := w.put(effect.Effect{Key: "read", Kind: "read", Args: json.RawMessage(`1`)})
		w.run()
		w.until("it is under way", func() bool { w.mu.Lock(); defer w.mu.Unlock(); return len(asked) == 1 })
		if s := w.state(e); s.State != effect.Waiting || s.Attempts != 0 {
			t.Errorf("it is %s after %d attempts while it is under way: that needs no commit", s.State, s.Attempts)
		}
		again := e
		again.Args = json.RawMessage(`2`)
		w.put(again)
		close(gate)
		w.ends(e, effect.Done)
		w.mu.Lock()
		defer w.mu.Unlock()
		if fmt.Sprint(asked) != "[1 2]" {
			t.Errorf("asked %v, want once more with what was wanted meanwhile", asked)
		}
		if s := w.state(e); s.Attempts != 1 || s.Attempt.N != 2 {
			t.Errorf("%d attempts, the last is number %d: want the first since it was asked again, and the second in all", s.Attempts, s.Attempt.N)
		}
	})
}

// A call that may change something is in the database before its first byte is written.
func TestACallThatMayChangeSomethingIsCommittedBefore(t *testing.T) {
	each(t, func(w *world) {
		gate, there := make(chan struct{}), make(chan effect.Effect, 1)
		w.do = func(e effect.Effect) lane.Result {
			there <- e
			<-gate
			return lane.Result{Outcome: effect.OK}
		}
		e := w.put(effect.Effect{Key: "act"})
		w.run()
		attempt := <-there
		if s := w.state(e); s.State != effect.Sending || s.Attempt == nil || s.Attempt.N != attempt.Attempt.N || s.Attempt.NotAfter == 0 {
			t.Errorf("while it is called it is stored as %s with the attempt %+v", s.State, s.Attempt)
		}
		close(gate)
		w.ends(e, effect.Done)
	})
}

// A hundred reads that a busy hour asked for must not keep the pull waiting, which finds
// what no push told.
func TestATaskIsNotKeptWaitingByReads(t *testing.T) {
	each(t, func(w *world) {
		gate := make(chan struct{})
		w.do = func(e effect.Effect) lane.Result {
			if e.Kind == "read" {
				<-gate
			}
			return lane.Result{Outcome: effect.OK}
		}
		for i := range 30 {
			w.put(effect.Effect{Key: fmt.Sprint("read", i), Kind: "read"})
		}
		pull := w.put(effect.Effect{Key: "pull", Kind: "task", NextAt: time.Now().Add(100 * time.Millisecond).UnixMilli()})
		w.run()
		w.t.Cleanup(func() { close(gate) })
		w.ends(pull, effect.Done)
	})
}

// Reads of what is known may hang, all that are let go at once: the read of an order that nobody has seen has places
// of its own, and its platform's answer comes before fifty of theirs.
func TestAReadInAHurryWaitsForNoOther(t *testing.T) {
	each(t, func(w *world) {
		gate := make(chan struct{})
		w.do = func(e effect.Effect) lane.Result {
			if e.Deadline == 0 {
				<-gate
			}
			return lane.Result{Outcome: effect.OK}
		}
		read := func(key string, deadline int64) effect.Effect {
			return w.put(effect.Effect{Key: key, Target: "read/" + key, Kind: "read", Deadline: deadline})
		}
		for i := range 200 {
			read(fmt.Sprint("sweep", i), 0)
		}
		w.run()
		w.t.Cleanup(func() { close(gate) })
		begun := func() int {
			w.mu.Lock()
			defer w.mu.Unlock()
			return len(w.begun)
		}
		w.until("the sweep's reads hang", func() bool { return begun() == 4 })
		by := time.Now().Add(5 * time.Minute).UnixMilli()
		for i := range 20 {
			w.ends(read(fmt.Sprint("unseen", i), by), effect.Done)
		}
		w.ends(w.put(effect.Effect{Key: "accept", Deadline: by + 1000}), effect.Done)
		if n := begun(); n != 4+20+1 {
			t.Errorf("%d calls were begun, want the four that hang, those in a hurry and the act", n)
		}
	})
}

// Hundreds of orders that nobody has seen take all that the budget lets them have: the pull, which finds more of them, and
// what people do are not kept waiting by it.
func TestReadsInAHurryLeaveTheirPartOfTheBudget(t *testing.T) {
	each(t, func(w *world) {
		by := time.Now().Add(5 * time.Minute).UnixMilli()
		const many = 400
		for i := range many {
			key := fmt.Sprint("unseen", i)
			w.put(effect.Effect{Key: key, Target: "read/" + key, Kind: "read", Deadline: by})
		}
		pull := w.put(effect.Effect{Key: "pull", Target: db.TaskTarget("task", w.account), Kind: "task"})
		act := w.put(effect.Effect{Key: "act"})
		w.runWith(20, 20)
		w.ends(act, effect.Done)
		w.ends(pull, effect.Done)
		w.mu.Lock()
		defer w.mu.Unlock()
		if len(w.begun) > many/2 {
			t.Errorf("the pull and the act ended after %d of %d reads", len(w.begun)-2, many)
		}
	})
}

// What asks in a hurry and fails is tried again also when its time has passed, as one that is in none.
func TestAReadWhoseHurryIsOverGoesOn(t *testing.T) {
	each(t, func(w *world) {
		fails := true
		w.do = func(effect.Effect) lane.Result {
			w.mu.Lock()
			defer w.mu.Unlock()
			if fails {
				return lane.Result{Outcome: effect.Later, Code: fault.Unavailable}
			}
			return lane.Result{Outcome: effect.OK}
		}
		e := w.put(effect.Effect{Key: "unseen", Target: "read/unseen", Kind: "read", Deadline: time.Now().Add(-time.Second).UnixMilli()})
		w.run()
		w.until("it has failed", func() bool { return w.state(e).Attempts > 0 })
		if got := w.state(e); got.State != effect.Waiting || got.Deadline != 0 {
			t.Errorf("it is %s with the deadline %d, want that it waits without one", got.State, got.Deadline)
		}
		w.mu.Lock()
		fails = false
		w.mu.Unlock()
		w.ends(e, effect.Done)
	})
}

func TestNothingIsCalledAfterItsDeadline(t *testing.T) {
	each(t, func(w *world) {
		e := w.put(effect.Effect{Key: "late", Deadline: time.Now().Add(-time.Second).UnixMilli()})
		w.run()
		w.ends(e, effect.Void)
		if w.calls["late"] != 0 || w.state(e).Why.IsZero() {
			t.Errorf("%d calls, words %q", w.calls["late"], w.state(e).Why)
		}
	})
}

func TestARepeatingEffectWaitsForItsNextTime(t *testing.T) {
	each(t, func(w *world) {
		next := time.Now().Add(time.Hour)
		w.do = func(effect.Effect) lane.Result { return lane.Result{Outcome: effect.OK, Next: next} }
		e := w.put(effect.Effect{Key: "pull"})
		w.run()
		w.until("it waits for its next time", func() bool { s := w.state(e); return s.State == effect.Waiting && s.NextAt == next.UnixMilli() })
	})
}
