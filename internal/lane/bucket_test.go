package lane

import (
	"testing"
	"time"
)

func TestABucketGivesItsRateAndKeepsAPartForPeople(t *testing.T) {
	now := time.Unix(1000, 0)
	b := &bucket{perSecond: 2, burst: 8, at: now}
	if wait := b.take(now, 0); wait != 500*time.Millisecond {
		t.Fatalf("an empty bucket says wait %v, want 500ms", wait)
	}
	now = now.Add(10 * time.Second)
	taken := 0
	for b.take(now, 0.25) == 0 {
		taken++
	}
	if taken != 6 {
		t.Errorf("background took %d of 8, want 6: two are kept for people", taken)
	}
	for range 2 {
		if wait := b.take(now, 0); wait != 0 {
			t.Errorf("a person has to wait %v for what was kept", wait)
		}
	}
}
