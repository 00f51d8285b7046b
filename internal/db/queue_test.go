package db

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/ident"
)

func waiting(m ident.Merchant, size int) *job {
	return &job{verb: Verb{Merchant: m}, size: size, done: make(chan struct{})}
}

func fillQueue(t *testing.T, q *queue, c Class, m ident.Merchant, n int) {
	t.Helper()
	for range n {
		if err := q.add(c, waiting(m, 10)); err != nil {
			t.Fatal(err)
		}
	}
}

func TestABatchIsSharedByClassAndMerchant(t *testing.T) {
	for _, c := range []struct {
		name string
		fill func(q *queue)
		want map[Class]int
	}{
		{"one class takes all", func(q *queue) { fillQueue(t, q, Background, 1, 100) }, map[Class]int{Background: maxBatch}},
		{"all classes share", func(q *queue) {
			for m := range ident.Merchant(4) {
				fillQueue(t, q, Pushes, m, 100)
				fillQueue(t, q, People, m, 100)
				fillQueue(t, q, Background, m, 100)
			}
		}, map[Class]int{Pushes: 16, People: 13, Background: 3}},
	} {
		q := newQueue()
		c.fill(q)
		before := map[Class]int{}
		for class := range shares {
			before[Class(class)] = len(q.lists[class])
		}
		batch := q.batch()
		for class := range shares {
			if got := before[Class(class)] - len(q.lists[class]); got != c.want[Class(class)] {
				t.Errorf("%s: %d of class %d, want %d", c.name, got, class, c.want[Class(class)])
			}
		}
		if len(batch) != maxBatch {
			t.Errorf("%s: a batch of %d", c.name, len(batch))
		}
	}
	q := newQueue()
	fillQueue(t, q, Pushes, 1, 200)
	fillQueue(t, q, Pushes, 2, 10)
	of := map[ident.Merchant]int{}
	for _, j := range q.batch() {
		of[j.verb.Merchant]++
	}
	if of[2] != 10 {
		t.Errorf("the small merchant got %d places of 10 beside a large one", of[2])
	}
}

func TestAJobThatRunsAloneIsNotPassedOverTwice(t *testing.T) {
	q := newQueue()
	fillQueue(t, q, Pushes, 1, 1000)
	alone := waiting(1, 10)
	alone.verb.Alone = true
	if err := q.add(Background, alone); err != nil {
		t.Fatal(err)
	}
	q.batch()
	if second := q.batch(); len(second) != 1 || second[0] != alone {
		t.Errorf("the second batch has %d jobs; the one that runs alone starves", len(second))
	}
}

func TestBackgroundWorkRestsAsLongAsItTookWhileOthersWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newQueue()
		piece := func() *job {
			j := waiting(1, 10)
			j.verb.Alone = true
			if err := q.add(Background, j); err != nil {
				t.Fatal(err)
			}
			return j
		}
		fillQueue(t, q, Pushes, 1, 1000)
		piece()
		q.batch()
		if got := q.batch(); len(got) != 1 {
			t.Fatalf("the first piece waits behind %d others", len(got))
		}
		q.ran(Background, 5*time.Millisecond, 0)
		second := piece()
		for range 3 {
			if got := q.batch(); len(got) != maxBatch || got[0].alone() {
				t.Fatal("the second piece runs in the rest after the first")
			}
		}
		time.Sleep(5 * time.Millisecond)
		if got := q.batch(); len(got) != 1 || got[0] != second {
			t.Error("the second piece does not run after its rest")
		}
		for !q.empty() {
			q.batch()
		}
		for _, c := range []struct {
			came bool // somebody else, just now
			want time.Duration
		}{{true, 5 * time.Millisecond}, {false, 0}} {
			if time.Sleep(lately + 1); c.came {
				fillQueue(t, q, Pushes, 1, 1)
				q.batch()
			}
			q.ran(Background, 5*time.Millisecond, 0)
			next := piece()
			began := time.Now()
			if got, _ := q.take(); len(got) != 1 || got[0] != next || time.Since(began) != c.want {
				t.Errorf("somebody else came: %v; the next piece runs after %v, want %v", c.came, time.Since(began), c.want)
			}
		}
	})
}

func TestBackgroundMakesRoomForPushes(t *testing.T) {
	q := newQueue()
	var back []*job
	for {
		j := waiting(1, 1<<20)
		if err := q.add(Background, j); err != nil {
			if !fault.Is(err, fault.Unavailable) {
				t.Fatal(err)
			}
			break
		}
		back = append(back, j)
	}
	if q.bytes > maxQueueBytes/2 {
		t.Errorf("background fills %d bytes, more than its half", q.bytes)
	}
	pushes := 0
	for q.add(Pushes, waiting(1, 1<<20)) == nil {
		pushes++
	}
	if want := maxQueueBytes >> 20; pushes != want {
		t.Errorf("%d pushes found room, want all %d", pushes, want)
	}
	for i, j := range back {
		select {
		case <-j.done:
			if !fault.Is(j.err, fault.Unavailable) {
				t.Errorf("background job %d: %v", i, j.err)
			}
		default:
			t.Errorf("background job %d still waits", i)
		}
	}
}

// The end of a rest wakes the writer however short the rest is: a bell that rang before
// the writer listened would leave it asleep until somebody else came.
func TestTheEndOfARestIsNotMissed(t *testing.T) {
	q := newQueue()
	for i := range 4_000 {
		q.add(People, &job{verb: Verb{Merchant: 1}})
		if _, ok := q.take(); !ok {
			t.Fatal("the queue is closed")
		}
		q.add(Background, &job{raw: func(context.Context, conn) error { return nil }})
		q.ran(Background, time.Duration(i%40)*500*time.Nanosecond, 0)
		got := make(chan bool, 1)
		go func() {
			jobs, _ := q.take()
			got <- len(jobs) == 1
		}()
		select {
		case ok := <-got:
			if !ok {
				t.Fatal("the job is gone")
			}
		case <-time.After(10 * time.Second):
			t.Fatalf("after rest %d the writer slept on", i)
		}
	}
}

// Bulk waits for as long as its bytes take at bulkRate, but only while somebody else is
// about; the follower does not, nor does it wait behind bulk.
func TestBulkWaitsForItsBytes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newQueue()
		add := func(c Class) *job {
			j := waiting(1, 10)
			j.verb.Alone = true
			if err := q.add(c, j); err != nil {
				t.Fatal(err)
			}
			return j
		}
		ran := func(c Class, wrote int64, quiet time.Duration) {
			fillQueue(t, q, Pushes, 1, 1)
			q.batch()
			q.rest, q.owed = time.Time{}, time.Time{}
			time.Sleep(quiet)
			q.ran(c, time.Millisecond, wrote)
		}
		for _, c := range []struct {
			name  string
			quiet time.Duration // since the last push
			class Class
			wrote int64
			want  time.Duration
		}{
			{"bulk beside pushes", 0, Bulk, bulkRate / 4, time.Second / 4},
			{"bulk that wrote little", 0, Bulk, 1, time.Millisecond},
			{"the follower beside pushes", 0, Background, bulkRate / 4, time.Millisecond},
			{"bulk that wrote a great deal", 0, Bulk, bulkRate * 1000, calm},
			{"bulk, the last push just about to be forgotten", calm - time.Millisecond, Bulk, bulkRate / 4, time.Millisecond},
			{"bulk at night", calm + 1, Bulk, bulkRate / 4, 0},
		} {
			ran(c.class, c.wrote, c.quiet)
			j, began := add(c.class), time.Now()
			got, _ := q.take()
			if took := time.Since(began); len(got) != 1 || got[0] != j || took != c.want {
				t.Errorf("%s: runs after %v, want %v", c.name, took, c.want)
			}
		}
		ran(Bulk, bulkRate/4, 0)
		late, first, began := add(Bulk), add(Background), time.Now()
		if got, _ := q.take(); got[0] != first || time.Since(began) != time.Millisecond {
			t.Errorf("the follower runs after %v, and waits for the bytes of bulk", time.Since(began))
		}
		if got, _ := q.take(); got[0] != late || time.Since(began) != time.Second/4 {
			t.Errorf("bulk runs after %v", time.Since(began))
		}
	})
}
