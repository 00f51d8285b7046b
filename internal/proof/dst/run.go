package dst

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/tongdan/tongdan/internal/db"
)

// A Report is how a day went.
type Report struct {
	Hash   uint64   // over everything that happened, and what there was in the end; 0 without Trace
	Wrong  []string // what broke the promise; none = it held
	Trace  []string // what happened, when it was asked for
	Orders int
	Calls  int // to the platforms
	Acts   int // that the clerk pressed
}

// A Shelf has databases in memory with the schema and nothing in it. They are used again:
// to prepare the statements takes as long as hours of a shop.
type Shelf struct {
	mu    sync.Mutex
	first *db.Memory // is only copied
	free  []*db.Memory
}

func (s *Shelf) take() (*db.Memory, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if n := len(s.free); n > 0 {
		m := s.free[n-1]
		s.free = s.free[:n-1]
		return m, nil
	}
	if s.first == nil {
		m, err := db.NewMemory()
		if err == nil {
			err = m.Migrate()
		}
		if err != nil {
			return nil, err
		}
		s.first = m
	}
	return s.first.Copy()
}

func (s *Shelf) put(m *db.Memory) error {
	if err := m.Empty(); err != nil {
		return errors.Join(err, m.Close())
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.free = append(s.free, m)
	return nil
}

// Play plays a script in a world of its own. Two worlds may be played at once.
func (shelf *Shelf) Play(t *testing.T, s Script, trace bool) (r Report) {
	m, err := shelf.take() // outside of the bubble: it outlives it
	if err != nil {
		return Report{Wrong: []string{"there is no database: " + err.Error()}}
	}
	defer func() {
		if err := shelf.put(m); err != nil {
			r.Wrong = append(r.Wrong, "the database cannot be emptied: "+err.Error())
		}
	}()
	synctest.Test(t, func(*testing.T) {
		w, err := open(s, m, trace)
		if err != nil {
			r.Wrong = []string{"the world does not open: " + err.Error()}
			return
		}
		w.live()
		w.close()
		r = Report{Wrong: w.wrong, Trace: w.lines, Orders: len(w.orders), Calls: w.calls, Acts: len(w.names)}
		if trace {
			r.Hash = w.hash.Sum64()
		}
	})
	return r
}

// Shrink leaves out lives, faults and crashes for as long as the script still fails, and
// gives what is left and how it fails. It plays at most tries scripts.
func Shrink(s Script, tries int, play func(Script) Report) (Script, Report) {
	r := play(s)
	try := func(smaller Script) bool {
		if tries--; tries < 0 || len(smaller.Steps) == len(s.Steps) && smaller.Nodes == s.Nodes && smaller.Copy == s.Copy && smaller.Stock == s.Stock {
			return false
		}
		got := play(smaller)
		if len(got.Wrong) == 0 {
			return false
		}
		s, r = smaller, got
		return true
	}
	without := func(drop func(int, Step) bool) Script {
		x := s
		x.Steps = nil
		for i, step := range s.Steps {
			if !drop(i, step) {
				x.Steps = append(x.Steps, step)
			}
		}
		return x
	}
	for again := true; again; {
		again = false
		for size := Lives / 2; size > 0; size /= 2 { // halves of the lives, quarters …, single ones
			for from := 0; from < Lives; from += size {
				again = try(without(func(_ int, x Step) bool { return x.Life >= from && x.Life < from+size })) || again
			}
		}
		for _, k := range []Kind{Crash, Freeze, Fault, Disk, Expire, Pass, Again, Book} {
			again = try(without(func(_ int, x Step) bool { return x.Kind == k })) || again
		}
		if s.Nodes > 1 {
			x := without(func(_ int, x Step) bool { return x.Life < 0 && x.N > 0 && (x.Kind == Crash || x.Kind == Freeze) })
			x.Nodes = 1
			again = try(x) || again
		}
		if s.Copy {
			x := s
			x.Copy = false
			again = try(x) || again
		}
		if s.Stock > 0 {
			x := s
			x.Stock = 0
			again = try(x) || again
		}
		for i := len(s.Steps) - 1; i >= 0; i-- { // and step by step
			again = try(without(func(j int, _ Step) bool { return j == i })) || again
		}
		if tries < 0 {
			break
		}
	}
	return s, r
}

// Repeat is the command that plays a seed again.
func Repeat(seed uint64) string {
	return fmt.Sprintf("TONGDAN_STOCK=%d TONGDAN_DISK=%d TONGDAN_SEED=%d go test -count=1 -v -run TestSeed ./internal/proof/dst", share("TONGDAN_STOCK"), share("TONGDAN_DISK"), seed)
}
