package db

import (
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// No more pages are read at once than there are turns, unless those that have a turn take
// too long.
func TestPagesTakeTurns(t *testing.T) {
	for _, c := range []struct {
		took      time.Duration // of a page
		last, all time.Duration // when the last of nine begins, and the most
	}{{5 * time.Millisecond, 10 * time.Millisecond, 15 * time.Millisecond}, {time.Second, turnTime, time.Second + turnTime}} {
		synctest.Test(t, func(t *testing.T) {
			turns := make(turns, 3)
			began := time.Now()
			var last time.Duration
			var mu sync.Mutex
			var work sync.WaitGroup
			for range 9 {
				work.Go(func() {
					defer turns.take()()
					mu.Lock()
					last = max(last, time.Since(began))
					mu.Unlock()
					time.Sleep(c.took)
				})
			}
			work.Wait()
			if last != c.last || time.Since(began) != c.all {
				t.Errorf("pages of %v: the last began after %v, want %v; all took %v, want %v", c.took, last, c.last, time.Since(began), c.all)
			}
			if len(turns) != 0 {
				t.Errorf("%d turns were not given back", len(turns))
			}
		})
	}
}
