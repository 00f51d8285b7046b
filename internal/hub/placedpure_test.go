package hub

import (
	"testing"
	"time"
)

// A place comes every so often at most, and not while there is no call to spare; what is over is forgotten.
func TestAPlaceIsDueNowAndThen(t *testing.T) {
	var p placed
	at := time.Unix(1_700_000_000, 0)
	yes, no := func() bool { return true }, func() bool { return false }
	for _, s := range []struct {
		after time.Duration
		spare func() bool
		due   bool
	}{{0, no, false}, {0, yes, true}, {14 * time.Second, yes, false}, {15 * time.Second, no, false}, {16 * time.Second, yes, true}, {30 * time.Second, yes, false}} {
		if got := p.due("a", at.Add(s.after), 15*time.Second, s.spare); got != s.due {
			t.Errorf("after %v: due %v, want %v", s.after, got, s.due)
		}
	}
	for i := range keptPlaces + 10 {
		p.due(string(rune('b'+i)), at.Add(time.Hour+time.Duration(i)*time.Second), 15*time.Second, yes)
	}
	if n := len(p.last); n > keptPlaces {
		t.Errorf("%d are kept", n)
	}
	if _, kept := p.last["a"]; kept {
		t.Error("what was told an hour ago is kept")
	}
}
