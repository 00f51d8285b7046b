package db

import (
	"math"
	"runtime"
	"slices"
	"sync"
	"time"

	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/ident"
)

// Bounds of a batch and of the queue.
const (
	maxBatch      = 32 // twice as many halve nothing but the time that others wait for it
	maxBatchBytes = 1 << 20
	maxQueueBytes = 64 << 20
)

// How background work that runs alone makes room for others.
const (
	maxRest  = time.Second
	lately   = 250 * time.Millisecond
	bulkRate = 8 << 20 // bytes of the log a second, of bulk while anybody else is about
	maxOwed  = 10 * time.Second
	calm     = 5 * time.Second // without a push or a person: bulk may have everything
)

// shares of a batch by class, when it cannot hold everybody: 5 to 4 to 1.
var shares = [...]int{Pushes: 16, People: 13, Background: 3}

// fill is how full the queue may be before a class is refused, in eighths.
var fill = [...]int{Pushes: 8, People: 7, Background: 4, Bulk: 2}

// The lists of a queue: one for each class whose verbs share transactions, and two of what
// runs alone in the background.
const (
	pieces = len(shares) + iota // of Background
	bulk
	lists
)

// A queue holds the jobs that wait, by class. It may be used concurrently.
type queue struct {
	mu     sync.Mutex
	some   sync.Cond
	lists  [lists][]*job
	bytes  int
	closed bool
	passed bool // a job that runs alone was passed over by the last batch
	turn   bool // the last batch was none of background work that runs alone: such a piece is next

	// rest is until when background work that runs alone waits: after each piece of it as
	// long as the piece took, if anybody else came lately. So it has at most half of the
	// writer while a shop is open, and all of it at night.
	rest time.Time

	// owed is until when bulk waits: after each piece for as long as its bytes take at
	// bulkRate. Time alone says little about the disk: what was written in a moment is
	// moved into the database for long afterwards, and commits wait behind that.
	owed time.Time

	came time.Time // the last push or person
}

func newQueue() *queue {
	q := new(queue)
	q.some.L = &q.mu
	return q
}

func (q *queue) add(c Class, j *job) error {
	if c < Pushes || c > Bulk {
		c = Background
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed {
		return fault.Say("db.queue", fault.Unavailable, "database_closing", "the database is being closed")
	}
	if q.bytes+j.size > maxQueueBytes*fill[c]/8 && (c >= Background || !q.shed(j.size-(maxQueueBytes*fill[c]/8-q.bytes))) {
		return fault.Say("db.queue", fault.Unavailable, "too_busy", "too much waits to be written; try again")
	}
	if j.class = c; c < Background {
		q.came = time.Now()
	}
	at := int(c)
	switch {
	case c == Bulk:
		at = bulk
	case c == Background && j.alone():
		at = pieces
	}
	q.lists[at] = append(q.lists[at], j)
	q.bytes += j.size
	q.some.Signal()
	return nil
}

// shed refuses background jobs, newest first, until so many bytes are free.
func (q *queue) shed(need int) bool {
	for _, at := range [...]int{bulk, pieces, int(Background)} {
		back := q.lists[at]
		for need > 0 && len(back) > 0 {
			j := back[len(back)-1]
			back = back[:len(back)-1]
			q.bytes -= j.size
			need -= j.size
			if j.start() {
				j.finish(fault.Say("db.queue", fault.Unavailable, "too_busy", "too much waits to be written; try again"))
			}
		}
		q.lists[at] = back
	}
	return need <= 0
}

// take waits for work and gives a batch. The first job of the result may be one that runs
// alone; then it is the only one.
func (q *queue) take() ([]*job, bool) {
	q.mu.Lock()
	for !q.closed {
		wait := q.wait()
		if wait <= 0 {
			break
		}
		if wait < never {
			t := time.AfterFunc(wait, func() {
				q.mu.Lock() // not before the writer listens
				defer q.mu.Unlock()
				q.some.Broadcast()
			})
			q.some.Wait()
			t.Stop()
			continue
		}
		q.some.Wait()
	}
	q.mu.Unlock()
	for range 4 { // those who are about to come in may do so: larger groups, fewer commits
		runtime.Gosched()
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed {
		for at, list := range q.lists {
			for _, j := range list {
				if j.start() {
					j.finish(fault.Say("db.queue", fault.Unavailable, "database_closing", "the database is being closed"))
				}
			}
			q.lists[at] = nil
		}
		return nil, false
	}
	batch := q.batch()
	if !q.empty() {
		q.some.Signal()
	}
	return batch, true
}

// now gives a batch of what waits; none when nothing does.
func (q *queue) now() []*job {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed {
		return nil
	}
	return q.batch()
}

const never = time.Duration(math.MaxInt64)

// wait is how long it is until something may be done: 0 = now, never = nothing waits.
func (q *queue) wait() time.Duration {
	if q.joint() {
		return 0
	}
	wait, now := never, time.Now()
	for _, at := range [...]int{pieces, bulk} {
		if len(q.lists[at]) > 0 {
			wait = min(wait, q.rests(at, now))
		}
	}
	return wait
}

// joint reports whether anything waits but pieces of background work.
func (q *queue) joint() bool {
	for at := range shares {
		if len(q.lists[at]) > 0 {
			return true
		}
	}
	return false
}

// rests is how long the first of the pieces, or of bulk, has to wait still.
func (q *queue) rests(at int, now time.Time) time.Duration {
	since := now.Sub(q.came)
	switch {
	case at == pieces && since <= lately:
		return max(0, q.rest.Sub(now))
	case at == bulk && since <= calm:
		return max(0, min(max(q.rest.Sub(now), q.owed.Sub(now)), calm-since))
	}
	return 0
}

func (q *queue) empty() bool {
	for _, l := range q.lists {
		if len(l) > 0 {
			return false
		}
	}
	return true
}

func (q *queue) batch() []*job {
	if q.turn || !q.joint() {
		if j := q.piece(); j != nil {
			q.turn = false
			return []*job{j}
		}
	}
	q.turn = true
	if q.passed {
		q.passed = false
		for c := range shares {
			l := q.lists[c]
			if len(l) > 0 && l[0].alone() {
				q.lists[c] = l[1:]
				q.bytes -= l[0].size
				if l[0].start() {
					return []*job{l[0]}
				}
			}
		}
	}
	p := pick{q: q, of: map[ident.Merchant]int{}}
	for c, n := range shares { // each class its share, each merchant at most half
		p.from(c, len(p.batch)+n, maxBatch/2)
	}
	for c := range shares { // then whoever there is
		p.from(c, maxBatch, maxBatch/2)
	}
	for c := range shares {
		p.from(c, maxBatch, maxBatch)
	}
	return p.batch
}

// piece gives the next piece of background work that need not rest.
func (q *queue) piece() *job {
	now := time.Now()
	for _, at := range [...]int{pieces, bulk} {
		for len(q.lists[at]) > 0 && q.rests(at, now) == 0 {
			j := q.lists[at][0]
			q.lists[at] = q.lists[at][1:]
			q.bytes -= j.size
			if j.start() {
				return j
			}
		}
	}
	return nil
}

// A pick is a batch in the making.
type pick struct {
	q     *queue
	batch []*job
	bytes int
	of    map[ident.Merchant]int
}

// from adds jobs of a class, oldest first, until the batch has upTo jobs.
func (p *pick) from(class, upTo, perMerchant int) {
	list := p.q.lists[class]
	kept := list[:0:0]
	for i, j := range list {
		if len(p.batch) >= min(upTo, maxBatch) || p.bytes >= maxBatchBytes || (len(p.batch) > 0 && p.batch[0].alone()) {
			kept = rest(kept, list[i:])
			break
		}
		if j.alone() && len(p.batch) > 0 {
			p.q.passed = p.q.passed || i == 0
			kept = rest(kept, list[i:])
			break
		}
		m := j.verb.Merchant
		if !j.alone() && p.of[m] >= perMerchant {
			kept = append(kept, j)
			continue
		}
		p.q.bytes -= j.size
		if !j.start() {
			continue
		}
		p.batch = append(p.batch, j)
		p.bytes += j.size
		p.of[m]++
	}
	p.q.lists[class] = kept
}

// rest is kept followed by list, without a copy where nothing was kept.
func rest(kept, list []*job) []*job {
	if len(kept) == 0 {
		return list
	}
	return append(kept, list...)
}

// back returns jobs that were taken but not begun, to the front of their queue.
func (q *queue) back(jobs []*job) {
	q.mu.Lock()
	defer q.mu.Unlock()
	var front [len(shares)][]*job
	for _, j := range jobs {
		if q.closed {
			j.finish(fault.Say("db.queue", fault.Unavailable, "database_closing", "the database is being closed"))
			continue
		}
		j.state.Store(jobWaiting)
		front[j.class] = append(front[j.class], j)
		q.bytes += j.size
	}
	for c := range front {
		q.lists[c] = slices.Concat(front[c], q.lists[c])
	}
	q.some.Broadcast()
}

// Waiting is what waits in a queue.
type Waiting struct {
	N      int           `json:"n"`
	Oldest time.Duration `json:"oldest"` // how long the oldest has waited
}

// waiting tells by class what waits, and how many bytes it is. Bulk is counted with the
// background.
func (q *queue) waiting(now time.Time) (list [len(shares)]Waiting, bytes int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, l := range q.lists {
		for _, j := range l { // a job that was put back is older than those before it
			w := &list[min(j.class, Background)]
			w.N++
			w.Oldest = max(w.Oldest, now.Sub(j.added))
		}
	}
	return list, q.bytes
}

// ran notes how long a piece of background work took that ran alone, and how many bytes
// went to the log for it (0 where that is not known).
func (q *queue) ran(c Class, took time.Duration, wrote int64) {
	q.mu.Lock()
	defer q.mu.Unlock()
	now := time.Now()
	q.rest = now.Add(min(took, maxRest))
	if c != Bulk {
		return
	}
	if q.owed.Before(now) {
		q.owed = now
	}
	q.owed = q.owed.Add(time.Duration(wrote) * time.Second / bulkRate)
	if last := now.Add(maxOwed); q.owed.After(last) {
		q.owed = last
	}
}

// close refuses everything that waits and everything that comes.
func (q *queue) close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed = true
	q.some.Broadcast()
}
