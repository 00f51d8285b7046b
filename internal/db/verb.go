package db

import (
	"context"
	"runtime/debug"
	"strings"
	"sync/atomic"
	"time"
	"unicode/utf8"

	"github.com/tongdan/tongdan/effect"
	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/ident"
	"github.com/tongdan/tongdan/internal/span"
	"github.com/tongdan/tongdan/order"
)

// A Verb is one use case's share in a transaction: what it needs, and how it decides.
//
// What it names is loaded and locked before Decide runs, for all verbs of a batch at
// once. Decide may ask Tx for things that were not named: then they are loaded and
// Decide runs again, so naming is a matter of speed alone.
type Verb struct {
	Name     string
	Merchant ident.Merchant
	Refs     []order.Ref    // records that will be merged; brings every order linked to them, all records of those orders, and their effects
	Orders   []ident.Order  // orders by our id, with the same around them
	Effects  []ident.Effect // with their orders
	Lone     []ident.Effect // effects of no order, or of one that Orders names: nothing is looked up for them
	Keys     []string       // keys of effects that Decide looks up
	Lane     string         // with Epoch: fails with fault.Conflict unless the lane is still held under it
	Epoch    int64
	Class    Class
	Size     int      // bytes, for the bounds of queue and batch; 0 = counted from Bodies
	Bodies   [][]byte // that Decide will give to Journal: they are compressed while the verb waits, not while everybody waits
	Alone    bool     // in a transaction of its own: imports, anything over 5 ms. Background work comes in pieces of a few ms, between which the writer turns to others

	// Decide is pure but for Tx: it may run twice or more, changes no variable outside,
	// reads no clock and draws no ids but those of Tx. It sees what earlier verbs of the
	// batch decided. An error fails this verb alone and undoes what it decided.
	Decide func(*Tx) error
}

// A Class is the queue that a verb waits in. Of a batch that cannot hold everybody,
// pushes get 5 parts, people 4, background 1. When the queue is full, background is
// refused first and pushes last: a refused push can cost an order. Bulk always runs alone,
// in pieces of a few ms, and has all the time in the world: while pushes or people come it
// writes at most some megabytes a second, so that nobody's commit waits for the disk behind it.
type Class int

// The classes.
const (
	Pushes Class = iota
	People
	Background
	Bulk
)

// A Receipt says where the merchant's feed stood after a commit: a reader who has seen
// Seq sees what the verb did.
type Receipt struct {
	Seq   int64
	Epoch int64
}

// A job is a verb, or a piece of work on the writer's connection, that waits.
type job struct {
	verb   Verb
	raw    func(context.Context, conn) error // instead of a verb; always alone
	packed map[bodyKey]packed
	size   int
	class  Class // set by the queue
	state  atomic.Int32
	err    error   // of Decide, in this run
	got    Receipt // in this run
	done   chan struct{}
	trace  string // of its caller, for the effects that it makes; "" = nobody follows

	// What is measured, to be read after done.
	added, began, ended time.Time       // into the queue; of its transaction
	beside              int             // verbs in its transaction
	made                []effect.Effect // of a verb that is followed
}

const (
	jobWaiting int32 = iota
	jobStarted
	jobCancelled
)

func (j *job) alone() bool { return j.raw != nil || j.verb.Alone || j.class == Bulk }

// start claims the job for the writer; false when its caller has left.
func (j *job) start() bool { return j.state.CompareAndSwap(jobWaiting, jobStarted) }

// over reports whether the job has ended.
func (j *job) over() bool {
	select {
	case <-j.done:
		return true
	default:
		return false
	}
}

func (j *job) finish(err error) {
	j.err = err
	close(j.done)
}

// limits of what a verb may name.
const (
	maxNamed = 2000
	maxName  = 200 // bytes of an id of theirs
)

// Do carries out a verb and returns after the commit. ctx governs waiting only: when it
// ends before the verb's turn, the verb is skipped and the error is
// fault.Unavailable; when it ends later, the verb runs to its end and the error is
// fault.Unknown. Do fails with fault.Unavailable when the queue is full or the database
// cannot be written, with fault.Conflict when the lane is no longer held or something
// unique exists already, and otherwise as Decide does.
func (d *DB) Do(ctx context.Context, v Verb) (Receipt, error) {
	if err := v.check(); err != nil {
		return Receipt{}, err
	}
	if _, err := d.keys.merchant(v.Merchant); err != nil { // perhaps another node has just made it
		if err := d.loadDirectory(ctx); err != nil {
			return Receipt{}, fault.Wrap(v.Name, err)
		}
		if _, err := d.keys.merchant(v.Merchant); err != nil {
			return Receipt{}, fault.Wrap(v.Name, err)
		}
	}
	ctx, sp := span.Within(ctx, "db.verb")
	defer sp.End()
	j := &job{verb: v, size: v.Size, done: make(chan struct{}), trace: span.Parent(ctx)}
	if err := d.pack(j); err != nil {
		return Receipt{}, fault.Wrap(v.Name, err)
	}
	if j.size == 0 {
		j.size = 1 << 10
		for _, b := range v.Bodies {
			j.size += len(b)
		}
	}
	got, err := d.wait(ctx, v.Name, v.Class, j)
	if sp.On() {
		j.follow(ctx, sp, err)
	}
	return got, err
}

// follow writes a verb's way into the trace of its caller.
func (j *job) follow(ctx context.Context, sp span.Span, err error) {
	sp.Text(span.Verb, j.verb.Name)
	span.ID(sp, span.Merchant, j.verb.Merchant)
	sp.Fail(string(fault.CodeOf(err)))
	select {
	case <-j.done:
	default:
		return // its caller no longer waits: the writer may still be at it
	}
	if j.ended.IsZero() {
		return
	}
	sp.Number(span.Batch, int64(j.beside))
	span.Past(ctx, "db.queue", j.added, j.began)
	span.Past(ctx, "db.transaction", j.began, j.ended)
	for _, e := range j.made {
		sp.Event("effect made", span.Effect, e.ID.String()+" "+e.Kind)
	}
}

// write runs f in a transaction of its own on the writer's connection. f may run again
// when two transactions meet.
func (d *DB) write(ctx context.Context, op string, f func(context.Context, conn) error) error {
	return d.writeAs(ctx, op, People, f)
}

// writeAs is write in the queue of a class.
func (d *DB) writeAs(ctx context.Context, op string, class Class, f func(context.Context, conn) error) error {
	j := &job{raw: f, size: 1 << 10, done: make(chan struct{})}
	_, err := d.wait(ctx, op, class, j)
	return err
}

func (d *DB) wait(ctx context.Context, op string, class Class, j *job) (Receipt, error) {
	if err := ctx.Err(); err != nil {
		return Receipt{}, skipped(op, err)
	}
	j.added = time.Now()
	if err := d.queue.add(class, j); err != nil {
		return Receipt{}, fault.Wrap(op, err)
	}
	for d.turn != nil && !j.over() && ctx.Err() == nil {
		d.turn(d)
	}
	select {
	case <-j.done:
		return j.got, fault.Wrap(op, j.err)
	case <-ctx.Done():
	}
	if j.state.CompareAndSwap(jobWaiting, jobCancelled) {
		return Receipt{}, skipped(op, ctx.Err())
	}
	select {
	case <-j.done: // both at once
		return j.got, fault.Wrap(op, j.err)
	default:
		return Receipt{}, &fault.Error{Op: op, Code: fault.Unknown, Why: fault.Because("not_waited", "the answer was not waited for; look before you repeat"), Err: ctx.Err()}
	}
}

func skipped(op string, err error) error {
	return &fault.Error{Op: op, Code: fault.Unavailable, Why: fault.Because("gave_up", "nothing was done, since the caller no longer waits"), Err: err}
}

func (v *Verb) check() error {
	const op = "db.Do"
	switch {
	case v.Decide == nil || v.Name == "":
		return fault.New(op, fault.Internal, "a verb needs a name and Decide")
	case v.Merchant == 0:
		return fault.New(op, fault.Invalid, "a verb needs its merchant")
	case len(v.Refs)+len(v.Orders)+len(v.Effects)+len(v.Lone)+len(v.Keys) > maxNamed:
		return fault.New(op, fault.TooLarge, "a verb names more than 2,000 things; split it")
	}
	for _, r := range v.Refs {
		if err := checkRef(r); err != nil {
			return err
		}
	}
	return nil
}

// checkRef refuses ids that PostgreSQL could not keep, before they fail a batch.
func checkRef(r order.Ref) error {
	for _, s := range []string{r.Realm, r.Kind, r.ID} {
		if s == "" || len(s) > maxName || !utf8.ValidString(s) || strings.IndexByte(s, 0) >= 0 {
			return &fault.Error{Op: "db.ref", Code: fault.Invalid, Why: fault.Because("id_wrong", "an id of the platform is empty, longer than 200 bytes or not text")}
		}
	}
	return nil
}

// decide runs a verb's Decide on a layer of its own, and catches a panic: it is the
// failure of that verb.
func (d *DB) decide(j *job, t *Tx) (err error) {
	defer func() {
		if p := recover(); p != nil {
			d.log.Error("a verb panicked", "verb", j.verb.Name, "panic", p, "stack", string(debug.Stack()))
			err = fault.New(j.verb.Name, fault.Internal, "")
		}
	}()
	return j.verb.Decide(t)
}
