// Package lane runs effects: it leases lanes, begins attempts, calls the handler that it
// was given for a kind, and writes down what came of it.
//
// A lane is the work of one account. Its lease (owner per process start, epoch, expiry
// by the database's clock) says which node works it. An attempt is committed before its
// call with a NotAfter no later than the lease's end, and nothing is written to the wire
// after that moment, so a second owner cannot begin while the first may still be calling.
// An attempt that only asks (a read, a pull, a sweep) is not committed before: when its
// process dies nobody needs to know that it was under way, since it is made again anyway.
// Work is ordered per target, deadlines first; background work (reads, pulls) has places
// of its own, so that neither starves the other, and some of them are kept for what has a
// deadline: the read of an order that nobody has seen waits for no read of one that is known.
//
// The same engine runs what repeats by time: a handler that answers with Next has its
// effect put back to waiting.
package lane

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tongdan/tongdan/channel"
	"github.com/tongdan/tongdan/effect"
	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/ident"
	"github.com/tongdan/tongdan/internal/db"
	"github.com/tongdan/tongdan/internal/mutant"
	"github.com/tongdan/tongdan/internal/point"
	"github.com/tongdan/tongdan/internal/span"
	"github.com/tongdan/tongdan/order"
)

// A Handler makes one kind of effect happen. Its methods may be called concurrently for
// different targets.
type Handler interface {
	// Begin decides, inside the transaction that would begin an attempt, whether the
	// call is still wanted: it returns "" to go on, or the state in which the effect
	// ends without a call (Done when the world is already so, Void with a reason when it
	// can no longer become so).
	Begin(tx *db.Tx, e effect.Effect) (effect.State, fault.Reason)

	// Before reads the state that an additive effect is compared with; nil for others.
	// It runs before the first attempt is begun and changes nothing.
	Before(ctx context.Context, e effect.Effect) (json.RawMessage, error)

	// Do makes the call; Look reads back whether it took place. Neither writes to the
	// wire after the context's NotAfter.
	Do(ctx context.Context, e effect.Effect) Result
	Look(ctx context.Context, e effect.Effect) Result

	// Changed runs in every transaction that changes the effect's state, so that what
	// shows it (the order's summary) changes with it.
	Changed(tx *db.Tx, e effect.Effect) error
}

// A Result is what a call or a look came to.
type Result struct {
	Outcome effect.Outcome
	Wait    time.Duration // the platform asked for it
	Code    fault.Code
	Why     fault.Reason
	Refs    []order.Ref        // records that Save touches
	Save    func(*db.Tx) error // writes what was learnt, in the transaction of the outcome; may run twice
	Next    time.Time          // of a repeating effect: when again, by the wall clock
	Class   db.Class
}

// A Kind tells the runner how to treat effects of a kind.
type Kind struct {
	Handler    Handler
	Background bool // yields to people's acts
	Task       bool // repeats by time, one of it in a lane: it has a place of its own, whatever else waits
	Apart      bool // each of its targets has a place of its own: a printer that is slow is nobody else's matter

	// Asks: its calls change nothing outside, it has targets of its own, and its Begin
	// always goes on. Its attempts are written down when they have ended. Whoever wants it
	// again while one may be under way changes its Args (or sets Attempts back): then it is
	// made once more, since the answer may be older than what was wanted.
	Asks   bool
	Budget bool // takes from the app's rate budget
}

// own reports whether a kind takes no place that others wait for.
func (k Kind) own() bool { return k.Task || k.Apart }

// Options of a Runner.
type Options struct {
	DB     *db.DB
	Kinds  func(kind string) (Kind, bool)
	Tasks  []string // the kinds that are tasks; their targets are those of db.TaskTarget
	Budget func(app ident.App) (perSecond float64, burst int)
	Owner  string        // random per process start
	TTL    time.Duration // of a lease; 0 = 20 s
	Lanes  int           // at most, 0 = all
	Log    *slog.Logger
	Watch  Watch
	Go     func(func()) // runs an attempt; nil = on a goroutine of its own
}

// A Watch is told what a runner does, for what counts it. Its functions may be nil and
// are called concurrently.
type Watch struct {
	// Around makes one call or look by calling do with ctx or a context made of it.
	Around func(ctx context.Context, e effect.Effect, do func(context.Context) Result) Result

	Waited func(app ident.App, d time.Duration) // something waited so long for the app's rate budget
	Leases func(held, taken, lost int)          // after a renewal: lanes that are held, and what has changed
}

// Timing. A call gets callTime at most, and only when the lease lasts that long.
const (
	defaultTTL = 20 * time.Second
	callTime   = 16 * time.Second
	minTime    = 2 * time.Second // a lease with less left begins no call; a quarter of it, where that is less
	actWidth   = 8               // calls at once in a lane
	backWidth  = 4
	hasteWidth = 2 // of the background, beside those: for what has a deadline
	pollEvery  = time.Second
	lookEvery  = 25 * time.Millisecond // at most, however much comes in
	failedWait = time.Second           // before what could not be written down is tried again
)

// A Runner works the lanes that it can lease.
type Runner struct {
	o       Options
	wake    chan struct{}
	more    atomic.Bool // lanes may have been added
	news    atomic.Bool // something may be due before the moment that Step gave
	polled  time.Time   // when it was last asked what becomes due in all lanes, by Step
	mu      sync.Mutex
	lanes   map[string]*working
	buckets map[ident.App]*bucket
	calls   sync.WaitGroup
	renewed time.Time // when the leases were, by Turn
}

// working is a lane that we hold.
type working struct {
	lease  db.Lease
	busy   map[string]ident.Effect // targets with a call of ours under way
	acts   int
	backs  int
	tasks  int
	rest   []effect.Effect // due when it was last looked, and not begun for want of a place; Step's alone
	looked time.Time       // Step's alone

	next  time.Time                  // when something else may become due, as far as is known; zero = not known
	ended map[ident.Effect]bool      // attempts that have ended since it was last looked
	later map[ident.Effect]time.Time // what failed here and could not be written down: not before
	left  bool                       // something due found no place
	full  bool                       // more may be due than was read
}

// soon notes that something becomes due. It reports whether that is earlier than all else.
func (w *working) soon(at time.Time) bool {
	if !w.next.IsZero() && !at.Before(w.next) {
		return false
	}
	w.next = at
	return true
}

// New makes a runner; Run works it.
func New(o Options) *Runner {
	if o.Lanes == 0 {
		o.Lanes = 1 << 20
	}
	if o.TTL == 0 {
		o.TTL = defaultTTL
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Go == nil {
		o.Go = func(f func()) { go f() }
	}
	r := &Runner{o: o, wake: make(chan struct{}, 1), lanes: map[string]*working{}, buckets: map[ident.App]*bucket{}}
	if o.DB != nil {
		o.DB.OnEffect(r.told)
	}
	return r
}

// told is called by the database for every effect that was put by a commit of this process.
// It never blocks.
func (r *Runner) told(e *effect.Effect) {
	at := time.Now()
	switch e.State {
	case effect.Waiting, effect.Unknown:
		at = time.UnixMilli(e.NextAt)
	case effect.Sending:
		return
	default: // another one of the same target may be next
		if k, ok := r.o.Kinds(e.Kind); ok && k.Asks {
			return
		}
	}
	r.mu.Lock()
	w := r.lanes[db.LaneOf(e.Merchant, e.Account)]
	earlier := w != nil && w.soon(at)
	r.mu.Unlock()
	if earlier {
		r.news.Store(true)
		r.rouse()
	}
}

func (r *Runner) rouse() {
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

// Added tells the runner that there may be lanes that nobody holds: an account is new.
func (r *Runner) Added() {
	r.more.Store(true)
	r.rouse()
}

// Run works until ctx ends, then waits for calls under way and gives the leases back.
func (r *Runner) Run(ctx context.Context) error {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			r.calls.Wait()
			end, cancel := context.WithTimeout(context.WithoutCancel(ctx), 3*time.Second)
			defer cancel()
			return fault.Wrap("lane.Run", r.o.DB.Release(end, r.o.Owner))
		case <-timer.C:
		case <-r.wake:
		}
		timer.Reset(min(max(time.Until(r.Turn(ctx)), 0), pollEvery))
	}
}

// Turn renews the leases when it is time and begins what is due; it says when to come
// again. It is one round of Run, which is not to be used beside it.
func (r *Runner) Turn(ctx context.Context) time.Time {
	if r.more.Swap(false) || time.Since(r.renewed) > r.o.TTL/4 {
		if err := r.lease(ctx); err != nil && ctx.Err() == nil {
			r.o.Log.Warn("lanes could not be leased", "err", err)
		}
		r.renewed = time.Now()
	}
	return earlier(r.Step(ctx), r.renewed.Add(r.o.TTL/4))
}

// News reports whether something may be due before the moment that Turn gave.
func (r *Runner) News() bool { return r.news.Load() || r.more.Load() }

// lease renews ours, takes what is free, and takes up what a dead owner left.
func (r *Runner) lease(ctx context.Context) error {
	point.Hit(point.LeaseAsk)
	got, err := r.o.DB.Lease(ctx, r.o.Owner, r.o.TTL, r.o.Lanes)
	if err != nil {
		return err
	}
	point.Hit(point.LeaseGranted)
	taken, lost := 0, 0
	r.mu.Lock()
	held := map[string]bool{}
	for _, l := range got {
		held[l.Lane] = true
		w, ok := r.lanes[l.Lane]
		if !ok || w.lease.Epoch != l.Epoch {
			if ok {
				lost++ // and taken anew
			}
			taken++
			w = &working{busy: map[string]ident.Effect{}, next: time.Now()}
			r.lanes[l.Lane] = w
		}
		w.lease = l
	}
	for name := range r.lanes {
		if !held[name] {
			lost++
			delete(r.lanes, name)
		}
	}
	r.mu.Unlock()
	if r.o.Watch.Leases != nil {
		r.o.Watch.Leases(len(got), taken, lost)
	}
	for _, l := range got {
		if err := r.takeUp(ctx, l); err != nil {
			return err
		}
	}
	return nil
}

// takeUp turns attempts whose process died into unknown outcomes. The database gives
// them only once they cannot be on the wire any more.
func (r *Runner) takeUp(ctx context.Context, l db.Lease) error {
	left, err := r.o.DB.Abandoned(ctx, l.Lane, l.Epoch)
	if err != nil {
		return err
	}
	for _, e := range left {
		if r.ours(l.Lane, e.Target) {
			continue
		}
		_, err := r.write(ctx, l, e, nil, db.Background, func(tx *db.Tx, e effect.Effect) (effect.Effect, error) {
			if e.State != effect.Sending {
				return e, errNothing
			}
			return e.Abandoned(tx.Now().UnixMilli()), nil
		})
		if err != nil {
			return err
		}
		point.Hit(point.LaneTakenUp)
	}
	return nil
}

// Holds reports whether this runner may work a lane now.
func (r *Runner) Holds(lane string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	w := r.lanes[lane]
	return w != nil && w.lease.Left(time.Now()) > 0
}

func (r *Runner) ours(lane, target string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	w := r.lanes[lane]
	return w != nil && w.busy[target] != 0
}

// errNothing ends a verb that found nothing to do.
var errNothing = fault.New("lane.write", fault.Conflict, "somebody else has done it")

// write loads an effect under our lease, lets f change it, and saves it. It is not done
// when somebody else has done it, or the lease went to another.
func (r *Runner) write(ctx context.Context, l db.Lease, e effect.Effect, refs []order.Ref, class db.Class, f func(*db.Tx, effect.Effect) (effect.Effect, error)) (done bool, err error) {
	k, ok := r.o.Kinds(e.Kind)
	var of []ident.Order
	if e.Order != 0 {
		of = []ident.Order{e.Order}
	}
	_, err = r.o.DB.Do(ctx, db.Verb{
		Name: "effect." + e.Kind, Merchant: e.Merchant, Lone: []ident.Effect{e.ID}, Orders: of, Refs: refs,
		Lane: l.Lane, Epoch: l.Epoch, Class: class,
		Decide: func(tx *db.Tx) error {
			now, found := tx.Effect(e.ID)
			if !found {
				return errNothing
			}
			next, err := f(tx, now)
			if err != nil {
				return err
			}
			tx.PutEffect(&next)
			if ok {
				return k.Handler.Changed(tx, next)
			}
			return nil
		},
	})
	if fault.Is(err, fault.Conflict) {
		return false, nil
	}
	return err == nil, err
}

// Step begins everything that is due and may begin now, and says when to come again.
// What was due at the last look and found no place goes first; the database is asked
// again when that is used up or something else becomes due. When that is, commits of this
// process tell at once (soon); for those of others all lanes are asked after every second.
func (r *Runner) Step(ctx context.Context) time.Time {
	r.news.Store(false)
	now := time.Now()
	if !now.Before(r.polled.Add(pollEvery)) {
		r.poll(ctx)
		r.polled = now
	}
	next := r.polled.Add(pollEvery)
	r.mu.Lock()
	var lanes []*working
	for _, w := range r.lanes {
		if w.lease.Until.Sub(now) > min(minTime, r.o.TTL/4) {
			lanes = append(lanes, w)
		}
	}
	r.mu.Unlock()
	slices.SortFunc(lanes, func(a, b *working) int { return cmp.Compare(a.lease.Lane, b.lease.Lane) })
	for _, w := range lanes {
		r.mu.Lock()
		due := !w.next.IsZero() && !w.next.After(now) || w.full && len(w.rest) == 0
		w.left = false
		r.mu.Unlock()
		if soonest := w.looked.Add(lookEvery); due && !now.Before(soonest) {
			r.look(ctx, w, now)
		} else if due {
			next = earlier(next, soonest)
		}
		kept := w.rest[:0]
		for _, e := range w.rest {
			begun, wait := r.begin(ctx, w, e)
			if !begun {
				kept = append(kept, e)
			}
			if wait > 0 {
				next = earlier(next, time.Now().Add(wait))
			}
		}
		w.rest = kept
		r.mu.Lock()
		if !w.next.IsZero() {
			next = earlier(next, latest(w.next, w.looked.Add(lookEvery)))
		}
		r.mu.Unlock()
	}
	return next
}

// poll asks when something becomes due in the lanes of ours: another node may have put it.
func (r *Runner) poll(ctx context.Context) {
	at, err := r.o.DB.NextDue(ctx, r.o.Owner)
	if err != nil {
		if ctx.Err() == nil {
			r.o.Log.Warn("it could not be read when effects are due", "err", err)
		}
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for name, ms := range at {
		if w := r.lanes[name]; w != nil && ms > 0 {
			w.soon(time.UnixMilli(ms))
		}
	}
}

// look reads what is due in a lane. What is being worked is left out, and what ended while
// it was read: that may be as it was before.
func (r *Runner) look(ctx context.Context, w *working, now time.Time) {
	r.mu.Lock()
	was := w.next
	w.next, w.ended = time.Time{}, nil
	r.mu.Unlock()
	due, nextAt, err := r.o.DB.Due(ctx, w.lease.Lane, now.UnixMilli(), dueMost, r.o.Tasks...)
	r.mu.Lock()
	defer r.mu.Unlock()
	w.looked = now
	if err != nil {
		w.soon(was)
		if ctx.Err() == nil {
			r.o.Log.Warn("due effects could not be read", "lane", w.lease.Lane, "err", err)
		}
		return
	}
	if nextAt > 0 {
		w.soon(time.UnixMilli(nextAt))
	}
	w.full = len(due) >= dueMost
	w.rest = slices.DeleteFunc(due, func(e effect.Effect) bool { return w.busy[e.Target] == e.ID || w.ended[e.ID] })
}

const dueMost = 4 * (actWidth + backWidth + hasteWidth)

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

func latest(a, b time.Time) time.Time {
	if a.Before(b) {
		return b
	}
	return a
}

// begin takes a place and a token for an effect and works it in a goroutine. It tells
// how long to wait when the budget is empty. An effect that nobody handles counts as
// begun: it is not worth remembering.
func (r *Runner) begin(ctx context.Context, w *working, e effect.Effect) (begun bool, wait time.Duration) {
	k, ok := r.o.Kinds(e.Kind)
	if !ok {
		return true, 0
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	l := w.lease
	backs, reserve := backWidth, 0.25 // of the budget's burst is kept for people, and for what is in a hurry
	if e.Deadline > 0 || k.Task {
		backs, reserve = backWidth+hasteWidth, 0.125
	}
	if r.lanes[l.Lane] != w || w.busy[e.Target] != 0 || (!k.own() && k.Background && w.backs >= backs) || (!k.own() && !k.Background && w.acts >= actWidth) {
		w.left = true
		return false, 0
	}
	if wait := time.Until(w.later[e.ID]); wait > 0 {
		return false, wait
	}
	if k.Budget {
		if !k.Background {
			reserve = 0
		}
		b, now := r.bucket(e.App), time.Now()
		wait := b.take(now, reserve)
		waited := b.note(now, wait)
		if waited > 0 && r.o.Watch.Waited != nil {
			r.o.Watch.Waited(e.App, waited)
		}
		if wait > 0 {
			return false, wait
		}
	}
	w.busy[e.Target] = e.ID
	places := &w.acts
	switch {
	case k.own():
		places = &w.tasks
	case k.Background:
		places = &w.backs
	}
	*places++
	r.calls.Add(1)
	r.o.Go(func() {
		defer r.calls.Done()
		written, err := r.work(ctx, l, e, k)
		if err != nil && ctx.Err() == nil {
			r.o.Log.WarnContext(ctx, "an effect could not be worked", "merchant", e.Merchant.String(), "account", e.Account.String(), "order", e.Order.String(), "kind", e.Kind, "effect", e.ID.String(), "err", err)
		}
		r.mu.Lock()
		delete(w.busy, e.Target)
		*places--
		if w.ended == nil {
			w.ended = map[ident.Effect]bool{}
		}
		w.ended[e.ID] = true
		if delete(w.later, e.ID); !written { // it is as due as before
			at := time.Now().Add(failedWait)
			if w.later == nil {
				w.later = map[ident.Effect]time.Time{}
			}
			w.later[e.ID] = at
			w.soon(at)
		}
		more := w.left || !written
		r.mu.Unlock()
		if more {
			r.news.Store(true)
			r.rouse()
		}
	})
	return true, 0
}

// work is one attempt from beginning to end.
// It reports whether what came of it is written down.
func (r *Runner) work(ctx context.Context, l db.Lease, e effect.Effect, k Kind) (written bool, err error) {
	if e.Trace != "" || k.Budget { // what repeats here and calls nobody begins no trace of its own
		var sp span.Span
		ctx, sp = span.Resume(ctx, e.Trace, "lane.attempt")
		defer sp.End()
		if sp.On() {
			describe(sp, e)
			defer func() { sp.Fail(string(fault.CodeOf(err))) }()
		}
	}
	class := db.People
	if k.Background {
		class = db.Background
	}
	attempt, begun := e, k.Asks
	if begun {
		attempt = attempted(e, l, time.Now())
	} else if attempt, begun, err = r.commit(ctx, l, e, k, class); err != nil || !begun {
		return err == nil, err
	}
	at := pointsOf(&attempt)
	point.Hit(at.begun)
	limit := time.UnixMilli(attempt.Attempt.NotAfter)
	call, cancel := context.WithDeadline(context.WithoutCancel(ctx), limit.Add(time.Second))
	defer cancel()
	do := k.Handler.Do
	if attempt.Attempt.Look {
		do = k.Handler.Look
	}
	once := func(ctx context.Context) Result { return do(ctx, attempt) }
	call = channel.WithNotAfter(call, limit)
	var res Result
	if r.o.Watch.Around != nil {
		res = r.o.Watch.Around(call, attempt, once)
	} else {
		res = once(call)
	}
	point.Hit(at.done)
	span.Told(ctx, span.Outcome, string(res.Outcome))
	if written, err = r.end(context.WithoutCancel(ctx), l, attempt, k, class, res); err != nil {
		return false, err
	}
	point.Hit(at.ended)
	return written, nil
}

// commit begins an attempt that may change something outside: it is in the database before
// its first byte is written. It is not begun when it is not wanted any more, or somebody
// else works it.
func (r *Runner) commit(ctx context.Context, l db.Lease, e effect.Effect, k Kind, class db.Class) (attempt effect.Effect, begun bool, err error) {
	var before json.RawMessage
	if e.Nature == effect.Additive && e.State == effect.Waiting && e.Before == nil {
		if before, err = k.Handler.Before(ctx, e); err != nil {
			return e, false, r.put(ctx, l, e, class, err)
		}
		point.Hit(point.EffectCompared)
	}
	if e.Order != 0 {
		point.Hit(point.EffectChosen)
	}
	_, err = r.write(ctx, l, e, nil, class, func(tx *db.Tx, e effect.Effect) (effect.Effect, error) {
		begun = false
		now := tx.Now()
		if (e.State != effect.Waiting && e.State != effect.Unknown) || e.NextAt > now.UnixMilli() {
			return e, errNothing
		}
		if e.State == effect.Waiting {
			if e.Deadline > 0 && now.UnixMilli() >= e.Deadline {
				return e.Late(now.UnixMilli()), nil
			}
			if end, why := k.Handler.Begin(tx, e); end != "" {
				e.State, e.Why, e.Changed = end, why, now.UnixMilli()
				return e, nil
			}
			if before != nil {
				e.Before = before
			}
		}
		attempt, begun = attempted(e, l, now), true
		return attempt, nil
	})
	return attempt, begun, err
}

// attempted is an effect with its next attempt begun: a call, or a look where it is not
// known what became of the last.
func attempted(e effect.Effect, l db.Lease, now time.Time) effect.Effect {
	look := e.State == effect.Unknown
	if !look {
		e.Attempts++
	}
	notAfter := min(now.Add(callTime).UnixMilli(), l.Until.UnixMilli())
	e.Attempt = &effect.Attempt{N: numberOf(&e) + 1, Look: look, Epoch: l.Epoch, Began: now.UnixMilli(), NotAfter: notAfter}
	e.State, e.Changed = effect.Sending, now.UnixMilli()
	return e
}

// numberOf is the number of an effect's last attempt, 0 before the first.
func numberOf(e *effect.Effect) int {
	if e.Attempt == nil {
		return 0
	}
	return e.Attempt.N
}

// stops are the fault points of one attempt.
type stops struct{ begun, done, ended point.Point }

func pointsOf(e *effect.Effect) stops {
	switch {
	case e.Order == 0:
		return stops{point.TaskBegun, point.TaskDone, point.TaskEnded}
	case e.Attempt.Look:
		return stops{point.LookBegun, point.LookDone, point.LookEnded}
	}
	return stops{point.EffectBegun, point.EffectCalled, point.EffectEnded}
}

// describe says in a trace which effect is being worked.
func describe(sp span.Span, e effect.Effect) {
	span.ID(sp, span.Merchant, e.Merchant)
	span.ID(sp, span.Account, e.Account)
	span.ID(sp, span.Order, e.Order)
	span.ID(sp, span.Effect, e.ID)
	sp.Text(span.Kind, e.Kind)
	sp.Number("tongdan.attempts", int64(e.Attempts))
	sp.Number("tongdan.late_ms", time.Now().UnixMilli()-e.NextAt)
}

// end writes the outcome of an attempt with what was learnt by it.
func (r *Runner) end(ctx context.Context, l db.Lease, attempt effect.Effect, k Kind, class db.Class, res Result) (written bool, err error) {
	return r.write(ctx, l, attempt, res.Refs, class, func(tx *db.Tx, e effect.Effect) (effect.Effect, error) {
		now := tx.Now().UnixMilli()
		again := false
		switch {
		case !k.Asks:
			if e.State != effect.Sending || numberOf(&e) != attempt.Attempt.N {
				return e, errNothing
			}
		case e.State != effect.Waiting && e.State != effect.Unknown || numberOf(&e) != attempt.Attempt.N-1:
			return e, errNothing
		default:
			before := attempt.Attempts
			if !attempt.Attempt.Look {
				before--
			}
			again = e.Attempts != before || !bytes.Equal(e.Args, attempt.Args)
			e.Attempts, e.Attempt = attempt.Attempts, attempt.Attempt
			if k.Background && e.Deadline <= now {
				e.Deadline = 0
			}
		}
		next := e.After(res.Outcome, now, res.Wait, res.Code, res.Why)
		if !res.Next.IsZero() {
			next.State, next.NextAt = effect.Waiting, res.Next.UnixMilli()
		}
		if again && !mutant.On(mutant.AskedOnce) && (!next.State.Open() || !res.Next.IsZero()) {
			next.State, next.NextAt, next.Attempts, next.Why, next.Code = effect.Waiting, now, 0, fault.Reason{}, ""
		}
		tx.PutEffect(&next)
		if res.Save != nil {
			if err := res.Save(tx); err != nil {
				return e, err
			}
			if after, ok := tx.Effect(e.ID); ok {
				next = after // what was learnt may have settled it
			}
		}
		return next, nil
	})
}

// put writes back an effect whose preparation failed: certainly nothing was changed.
func (r *Runner) put(ctx context.Context, l db.Lease, e effect.Effect, class db.Class, cause error) error {
	_, err := r.write(ctx, l, e, nil, class, func(tx *db.Tx, e effect.Effect) (effect.Effect, error) {
		if e.State != effect.Waiting {
			return e, errNothing
		}
		out := effect.OutcomeOf(cause)
		if out == effect.Lost || out == effect.Clash {
			out = effect.Later
		}
		e.Attempts++ // so that the pause grows
		return e.After(out, tx.Now().UnixMilli(), fault.AfterOf(cause), fault.CodeOf(cause), fault.ReasonOf(cause)), nil
	})
	return err
}

// A bucket is an app's rate budget in this process.
type bucket struct {
	perSecond, burst, tokens float64
	at                       time.Time
	empty                    time.Time // since when something waits for it, or when that was last counted
}

func (r *Runner) bucket(app ident.App) *bucket {
	b, ok := r.buckets[app]
	if !ok {
		b = &bucket{}
		per, burst := r.o.Budget(app)
		b.perSecond, b.burst = per, float64(burst)
		r.buckets[app] = b // a new owner begins with an empty bucket: the old one may have spent it
		b.at, b.tokens = time.Now(), min(1, b.burst)
	}
	return b
}

// Spare spends a call of an app's budget on something that is not worth waiting for, if half of the burst is left
// to what is.
func (r *Runner) Spare(app ident.App) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.bucket(app).take(time.Now(), 0.5) == 0
}

// note counts how long something has waited for the budget: since it was first asked in
// vain. wait is what take gave.
func (b *bucket) note(now time.Time, wait time.Duration) (waited time.Duration) {
	if !b.empty.IsZero() {
		waited = min(now.Sub(b.empty), 2*pollEvery) // who waits asks again within pollEvery
	}
	b.empty = time.Time{}
	if wait > 0 {
		b.empty = now
	}
	return waited
}

// take spends a token, or says how long to wait. reserve is the part of the burst that
// is left to others.
func (b *bucket) take(now time.Time, reserve float64) time.Duration {
	if b.perSecond <= 0 {
		return 0
	}
	b.tokens = min(b.burst, b.tokens+now.Sub(b.at).Seconds()*b.perSecond)
	b.at = now
	need := 1.0
	if reserve > 0 && b.burst*reserve >= 1 {
		need += b.burst * reserve
	}
	if b.tokens < need {
		return time.Duration((need - b.tokens) / b.perSecond * float64(time.Second))
	}
	b.tokens--
	return 0
}
