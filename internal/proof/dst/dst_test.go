package dst

import (
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

func TestMain(m *testing.M) {
	runtime.MemProfileRate = 0
	debug.SetGCPercent(3000) // days leave little behind; a simulation may use memory that a server would not
	debug.SetMemoryLimit(2 << 30)
	os.Exit(m.Run())
}

var shelf Shelf

// fail tells of a day on which the promise broke: how, how to repeat it, and the smallest
// day that was found on which it breaks too.
func fail(t *testing.T, seed uint64, r Report) {
	t.Helper()
	small, end := Shrink(Draw(seed), number("TONGDAN_SHRINK", 150), func(s Script) Report { return shelf.Play(t, s, false) })
	t.Errorf("seed %d breaks the promise:\n  %s\nrepeat it with\n  %s\nmade smaller it is\n%s  and breaks it so:\n  %s",
		seed, strings.Join(r.Wrong, "\n  "), Repeat(seed), small, strings.Join(end.Wrong, "\n  "))
}

// days plays seeds on all cores until one fails, there are n, or the time is over.
func days(t *testing.T, from uint64, n int, until time.Time) (played int) {
	t.Helper()
	var next, count atomic.Int64
	var broken sync.Map
	t.Run("days", func(t *testing.T) {
		for range runtime.GOMAXPROCS(0) {
			t.Run("core", func(t *testing.T) {
				t.Parallel()
				for !t.Failed() && time.Now().Before(until) {
					i := next.Add(1) - 1
					if i >= int64(n) {
						return
					}
					seed := from + uint64(i)
					if r := shelf.Play(t, Draw(seed), false); len(r.Wrong) > 0 {
						broken.Store(seed, r)
						next.Store(int64(n))
						return
					}
					count.Add(1)
				}
			})
		}
	})
	broken.Range(func(seed, r any) bool {
		fail(t, seed.(uint64), r.(Report))
		return true
	})
	return int(count.Load())
}

func number(name string, otherwise int) int {
	if n, err := strconv.Atoi(os.Getenv(name)); err == nil {
		return n
	}
	return otherwise
}

// TestAThousandDays plays shop-days of twenty orders each: all of them, however slow the
// machine is. What bounds it is the time that go test gives the whole binary (-timeout), of
// which some is left to make a day that fails smaller; where that is too little for all days
// the test fails, since fewer are not what is promised.
func TestAThousandDays(t *testing.T) {
	n := number("TONGDAN_DAYS", 1000)
	if testing.Short() {
		n = 40
	}
	began := time.Now()
	until := began.Add(time.Hour)
	if end, ok := t.Deadline(); ok {
		left := end.Sub(began)
		until = end.Add(-min(left/5, 4*time.Minute))
	}
	played := days(t, uint64(number("TONGDAN_FROM", 1)), n, until)
	took := time.Since(began)
	t.Logf("%d days in %.1f s, %.0f a minute", played, took.Seconds(), float64(played)/took.Minutes())
	if played < n && !t.Failed() {
		t.Errorf("only %d of %d days were played in %v; none of them broke the promise. Give it more time (go test -timeout), or fewer days (TONGDAN_DAYS)",
			played, n, took.Round(time.Second))
	}
}

// TestTheSameSeedGivesTheSameDay plays some seeds twice each, all at once.
func TestTheSameSeedGivesTheSameDay(t *testing.T) {
	var mu sync.Mutex
	seen := map[uint64]Report{}
	from := uint64(number("TONGDAN_SEED", 500))
	for i := range 2 * number("TONGDAN_DAYS", 12) {
		seed := uint64(i/2) + from
		t.Run(strconv.FormatUint(seed, 10), func(t *testing.T) {
			t.Parallel()
			r := shelf.Play(t, Draw(seed), true)
			mu.Lock()
			defer mu.Unlock()
			other, ok := seen[seed]
			if ok && other.Hash != r.Hash {
				at := 0
				for at < min(len(r.Trace), len(other.Trace)) && r.Trace[at] == other.Trace[at] {
					at++
				}
				t.Errorf("seed %d gave two days; they part after %d things:\n%s\n---\n%s", seed, at,
					strings.Join(r.Trace[max(0, at-8):min(len(r.Trace), at+4)], "\n"), strings.Join(other.Trace[at:min(len(other.Trace), at+4)], "\n"))
			}
			if !ok {
				seen[seed] = r
			}
		})
	}
}

// TestSeed plays the one seed of TONGDAN_SEED, and tells what happened.
func TestSeed(t *testing.T) {
	seed := number("TONGDAN_SEED", -1)
	if seed < 0 {
		t.Skip("TONGDAN_SEED names no seed")
	}
	s := Draw(uint64(seed))
	r := shelf.Play(t, s, true)
	t.Logf("%s%s\n%d orders, %d acts, %d calls, hash %x", s, strings.Join(r.Trace, "\n"), r.Orders, r.Acts, r.Calls, r.Hash)
	if len(r.Wrong) > 0 {
		fail(t, uint64(seed), r)
	}
}

// TestSoak plays days for TONGDAN_SOAK minutes, from a seed that is new each time.
func TestSoak(t *testing.T) {
	minutes := number("TONGDAN_SOAK", 0)
	if minutes == 0 {
		t.Skip("TONGDAN_SOAK says for how many minutes")
	}
	from := uint64(time.Now().Unix()) * 1_000_000
	began := time.Now()
	played := days(t, from, 1<<40, time.Now().Add(time.Duration(minutes)*time.Minute))
	t.Logf("%d days from seed %d in %.0f minutes", played, from, time.Since(began).Minutes())
}
