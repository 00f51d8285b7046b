package db

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/internal/mutant"
	"github.com/tongdan/tongdan/internal/point"
)

const (
	batchTime  = 30 * time.Second      // of a batch on PostgreSQL, after which its connection is given up
	decideTime = 10 * time.Millisecond // after which the rest of a batch waits for the next
	maxTries   = 3                     // when transactions meet
)

// A writer turns what waits into transactions, on a connection of its own.
type writer struct {
	d *DB
	c conn
}

func newWriter(d *DB, c conn) *writer { return &writer{d, c} }

func (w *writer) run() {
	for {
		jobs, ok := w.d.queue.take()
		if !ok {
			break
		}
		began := time.Now()
		w.carryOut(jobs)
		if wrote := w.c.wrote(); len(jobs) > 0 && jobs[0].class >= Background && jobs[0].alone() {
			w.d.queue.ran(jobs[0].class, time.Since(began), wrote)
		}
	}
	if err := w.c.close(); err != nil {
		w.d.log.Warn("closing a connection of the writer failed", "error", err)
	}
}

func (w *writer) carryOut(jobs []*job) {
	switch {
	case len(jobs) == 0:
	case jobs[0].raw != nil:
		w.work(jobs[0])
	default:
		w.batch(jobs)
	}
}

// Write takes one turn of the writer: what waits and fits into a transaction is carried
// out. It reports whether anything was waiting. Only with Options.Turn.
func (d *DB) Write() bool {
	jobs := d.queue.now()
	d.writer.carryOut(jobs)
	return len(jobs) > 0
}

// limit is the context of one transaction. SQLite's does not end: a statement that is
// broken off ends the transaction of everybody.
func (w *writer) limit() (context.Context, context.CancelFunc) {
	if w.d.eng.local {
		return context.Background(), func() {}
	}
	return context.WithTimeout(context.Background(), batchTime)
}

// work carries out a piece of work in a transaction of its own.
func (w *writer) work(j *job) {
	for try := 1; ; try++ {
		lost, err := w.workOnce(j)
		if err == nil || lost || !w.again(err, try) {
			j.finish(w.error(err, lost))
			return
		}
	}
}

func (w *writer) workOnce(j *job) (lost bool, err error) {
	ctx, cancel := w.limit()
	defer cancel()
	defer w.c.rollback()
	defer func() {
		if p := recover(); p != nil {
			w.d.log.Error("work on the writer panicked", "panic", p)
			err = fault.New("db.write", fault.Internal, "")
		}
	}()
	if err := w.c.begin(ctx); err != nil {
		return false, err
	}
	if err := j.raw(ctx, w.c); err != nil {
		return false, err
	}
	return w.c.commit(ctx)
}

// again reports whether a failed transaction may be run again, after a pause with
// jitter, so that two that met do not meet again.
func (w *writer) again(err error, try int) bool {
	if _, ours := errors.AsType[*fault.Error](err); ours || try >= maxTries || w.d.closing.Err() != nil {
		return false
	}
	if w.d.eng.blame(err) == ofVerb && !w.d.eng.taken(err) {
		return false
	}
	if w.d.turn != nil {
		return true // whoever takes turns meets nobody
	}
	time.Sleep(time.Duration(rand.Int64N(int64(time.Millisecond) << (2 * try))))
	return true
}

// error turns what the database says into words.
func (w *writer) error(err error, lost bool) error {
	if err == nil {
		return nil
	}
	if _, ours := errors.AsType[*fault.Error](err); ours {
		return err
	}
	e := &fault.Error{Op: "db.write", Err: err}
	switch {
	case lost:
		e.Code, e.Why = fault.Unknown, fault.Because("commit_lost", "the connection to the database was lost while it committed; look before you repeat")
	case w.d.eng.taken(err):
		e.Code, e.Why = fault.Conflict, fault.Because("exists", "something with this key exists already")
	case w.d.eng.blame(err) == ofVerb:
		e.Code = fault.Internal
	default:
		e.Code, e.Why = fault.Unavailable, fault.Because("not_written", "the database could not be written; try again")
	}
	return e
}

// batch carries out verbs, together where that works and one by one where not.
func (w *writer) batch(jobs []*job) {
	for try := 1; ; try++ {
		rest, lost, err := w.once(jobs)
		if err == nil {
			w.d.queue.back(rest)
			return
		}
		if len(jobs) > 1 && !lost && (w.d.eng.blame(err) != ofTime || try >= maxTries) {
			for _, j := range jobs {
				w.batch([]*job{j})
			}
			return
		}
		if lost || !w.again(err, try) {
			err = w.error(err, lost)
			for _, j := range jobs {
				j.finish(err)
			}
			return
		}
	}
}

// once loads, decides, saves and commits, and tells everybody. It gives the verbs that
// it had no time for. On an error nothing was done and nobody was told.
func (w *writer) once(jobs []*job) (rest []*job, lost bool, err error) {
	ctx, cancel := w.limit()
	defer cancel()
	defer w.c.rollback()
	start := time.Now()
	if err := w.c.begin(ctx); err != nil {
		return nil, false, err
	}
	b := newBatch(w.d, w.c)
	var want wanted
	for _, j := range jobs {
		want.of(&j.verb)
	}
	if err := b.load(ctx, want); err != nil {
		return nil, false, err
	}
	began := time.Now()
	todo, done := jobs, jobs[:0:0]
	for round := 0; len(todo) > 0; round++ {
		var again []*job
		var need wanted
		for i, j := range todo {
			if len(done)+len(again) > 0 && time.Since(began) > decideTime {
				rest = append(rest, todo[i:]...)
				break
			}
			missing, err := b.decide(j, round)
			if missing != nil {
				need.add(missing)
				again = append(again, j)
				continue
			}
			j.err = err
			done = append(done, j)
		}
		if len(again) > 0 {
			if need.plain() > 0 {
				need.stock = stockWanted{} // levels are locked last, see stock.go
			}
			if err := b.load(ctx, need); err != nil {
				return nil, false, err
			}
			began = time.Now()
		}
		todo = again
	}
	point.Hit(point.WriteDecided)
	if lost, err := b.save(ctx); err != nil && !mutant.On(mutant.GoOn) {
		return nil, lost, err
	}
	b.tell()
	point.Hit(point.WriteTold)
	end := time.Now()
	w.d.meters.batched(done, start, end)
	w.d.meters.journalled(b.made.entries)
	for _, j := range done {
		j.began, j.ended, j.beside = start, end, len(done)
		b.followed(j)
		j.got = b.receipt(j.verb.Merchant)
		j.finish(j.err)
	}
	return rest, false, nil
}

// followed notes which effects a verb has made, when somebody follows it.
func (b *batch) followed(j *job) {
	if j.trace == "" {
		return
	}
	for _, s := range b.made.effects {
		if s != nil && s.e.Trace == j.trace && s.e.Attempts == 0 {
			j.made = append(j.made, s.e)
		}
	}
}

// maxRounds is how often a verb may ask for more before it is taken for a bug.
const maxRounds = 8

// A batch is one transaction of many verbs.
type batch struct {
	d     *DB
	c     conn
	eng   *engine
	now   time.Time
	base  *layer
	made  *layer // what verbs decided
	read  map[refKey]bool
	dir   *Directory
	feeds map[feedKey]Receipt
	days  map[dayKey]openKey // for the cache, after the commit
	mark  map[laneKey]healthState
	drawn map[int64]bool // ids: all are of one millisecond, so that two may be the same
}

func newBatch(d *DB, c conn) *batch {
	base := new(layer)
	return &batch{d: d, c: c, eng: d.eng, now: d.now(), base: base, made: &layer{below: base}, dir: d.dir.Load(), feeds: map[feedKey]Receipt{}, drawn: map[int64]bool{}}
}

// decide runs one verb. missing is what it asked for that was not loaded; then nothing
// was decided.
func (b *batch) decide(j *job, round int) (missing *wanted, err error) {
	v := &j.verb
	if v.Lane != "" && !mutant.On(mutant.DropLease) {
		k, ok := laneOf(v.Lane, v.Merchant)
		if s := b.base.lanes[k]; !ok || !s.held || s.epoch != v.Epoch {
			return nil, fault.New("db.Do", fault.Conflict, "the lane has another owner by now")
		}
	}
	runs := 1
	if b.d.twice {
		runs = 2
	}
	for run := range runs {
		t := &Tx{d: b.d, m: v.Merchant, now: b.now, l: &layer{below: b.made}, j: j, dir: b.dir, drawn: b.drawn}
		err = b.d.decide(j, t)
		switch {
		case !t.need.empty() && round < maxRounds:
			return &t.need, nil
		case !t.need.empty():
			return nil, fault.New(v.Name, fault.Internal, "a verb asks for more each time it runs")
		case err != nil:
			return nil, err
		case t.err != nil:
			return nil, t.err
		}
		if run == runs-1 {
			b.made.adopt(t.l)
		}
	}
	return nil, nil
}

func (w *wanted) add(o *wanted) {
	addTo(&w.refs, o.refs)
	addTo(&w.orders, o.orders)
	addTo(&w.effects, o.effects)
	addTo(&w.keys, o.keys)
	addTo(&w.aliases, o.aliases)
	addTo(&w.lanes, o.lanes)
	w.stock.add(&o.stock)
}

func addTo[K comparable](dst *map[K]bool, src map[K]bool) {
	for k, v := range src {
		put(dst, k, v)
	}
}
