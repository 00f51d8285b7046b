package db

import (
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
	maxRest       = time.Second
	lately        = 250 * time.Millisecond
)

// shares of a batch by class, when it cannot hold everybody: 5 to 4 to 1.
var shares = [...]int{Pushes: 16, People: 13, Background: 3}

// fill is how full the queue may be before a class is refused, in eighths.
var fill = [...]int{Pushes: 8, People: 7, Background: 4}

// A queue holds the jobs that wait, by class. It may be used concurrently.
type queue struct {
	mu     sync.Mutex
	some   sync.Cond
	lists  [len(shares)][]*job
	bytes  int
	closed bool
	passed bool // a job that runs alone was passed over by the last batch

	// rest is until when background work that runs alone waits: after each piece of it as
	// long as the piece took, if anybody else came lately. So an import or a rebuild has at
	// most half of the writer and of the disk while a shop is open, and all of it at night.
	rest time.Time
	came time.Time // the last push or person
}

func newQueue() *queue {
	q := new(queue)
	q.some.L = &q.mu
	return q
}

func (q *queue) add(c Class, j *job) error {
	if c < Pushes || c > Background {
		c = Background
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed {
		return fault.New("db.queue", fault.Unavailable, "the database is being closed")
	}
	if q.bytes+j.size > maxQueueBytes*fill[c]/8 && (c == Background || !q.shed(j.size-(maxQueueBytes*fill[c]/8-q.bytes))) {
		return fault.New("db.queue", fault.Unavailable, "too much waits to be written; try again")
	}
	if j.class = c; c != Background {
		q.came = time.Now()
	}
	q.lists[c] = append(q.lists[c], j)
	q.bytes += j.size
	q.some.Signal()
	return nil
}

// shed refuses background jobs, newest first, until so many bytes are free.
func (q *queue) shed(need int) bool {
	back := q.lists[Background]
	for need > 0 && len(back) > 0 {
		j := back[len(back)-1]
		back = back[:len(back)-1]
		q.bytes -= j.size
		need -= j.size
		if j.start() {
			j.finish(fault.New("db.queue", fault.Unavailable, "made room for pushes; try again"))
		}
	}
	q.lists[Background] = back
	return need <= 0
}

// take waits for work and gives a batch. The first job of the result may be one that runs
// alone; then it is the only one.
func (q *queue) take() ([]*job, bool) {
	q.mu.Lock()
	for !q.closed {
		wait := q.resting()
		if !q.empty() && wait <= 0 {
			break
		}
		if wait > 0 {
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
		for _, list := range q.lists {
			for _, j := range list {
				if j.start() {
					j.finish(fault.New("db.queue", fault.Unavailable, "the database is being closed"))
				}
			}
		}
		q.lists = [len(shares)][]*job{}
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

// resting is how long it is until the only thing that waits, which is background work that
// runs alone, may go on; 0 = something may be done now, or nothing waits.
func (q *queue) resting() time.Duration {
	back := q.lists[Background]
	if len(back) == 0 || !back[0].alone() || len(q.lists[Pushes])+len(q.lists[People]) > 0 || q.rest.IsZero() {
		return 0
	}
	now := time.Now()
	if now.Sub(q.came) > lately {
		return 0
	}
	return q.rest.Sub(now)
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
	if q.passed {
		q.passed = false
		for c := range q.lists {
			l := q.lists[c]
			if len(l) > 0 && l[0].alone() {
				if Class(c) == Background && !q.rest.IsZero() && time.Now().Before(q.rest) {
					q.passed = true
					continue
				}
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
	var lists [len(shares)][]*job
	for _, j := range jobs {
		if q.closed {
			j.finish(fault.New("db.queue", fault.Unavailable, "the database is being closed"))
			continue
		}
		j.state.Store(jobWaiting)
		lists[j.class] = append(lists[j.class], j)
		q.bytes += j.size
	}
	for c := range lists {
		q.lists[c] = slices.Concat(lists[c], q.lists[c])
	}
	q.some.Signal()
}

// Waiting is what waits in a queue.
type Waiting struct {
	N      int
	Oldest time.Duration // how long the oldest has waited
}

// waiting tells by class what waits, and how many bytes it is.
func (q *queue) waiting(now time.Time) (list [len(shares)]Waiting, bytes int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for c, l := range q.lists {
		list[c].N = len(l)
		for _, j := range l { // a job that was put back is older than those before it
			list[c].Oldest = max(list[c].Oldest, now.Sub(j.added))
		}
	}
	return list, q.bytes
}

// ran notes how long a piece of background work took that ran alone.
func (q *queue) ran(took time.Duration) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.rest = time.Now().Add(min(took, maxRest))
}

// close refuses everything that waits and everything that comes.
func (q *queue) close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed = true
	q.some.Broadcast()
}
