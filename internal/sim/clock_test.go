package sim

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

var noon = time.Date(2026, 3, 1, 4, 0, 0, 0, time.UTC)

func TestAdvanceFiresInOrderOfTimeEachAtItsOwnTime(t *testing.T) {
	c := NewClock(noon, 0)
	var got []time.Duration
	note := func() { got = append(got, c.Now().Sub(noon)) }
	c.AfterFunc(3*time.Minute, note)
	c.AfterFunc(time.Minute, func() {
		note()
		c.AfterFunc(time.Minute, note) // set on the way, due on the way
	})
	stop := c.AfterFunc(2*time.Minute, func() { t.Error("a stopped timer fired") })
	if !stop() || stop() {
		t.Error("stop must report success once")
	}
	c.AfterFunc(time.Hour, func() { t.Error("fired too early") })
	c.Advance(10 * time.Minute)
	want := []time.Duration{time.Minute, 2 * time.Minute, 3 * time.Minute}
	if !slices.Equal(got, want) {
		t.Errorf("fired at %v, want %v", got, want)
	}
	if c.Now().Sub(noon) != 10*time.Minute {
		t.Errorf("the clock shows %v", c.Now())
	}
}

func TestAdvanceWaitsForWhatHoldsTheClock(t *testing.T) {
	c := NewClock(noon, 0)
	var second time.Time
	c.AfterFunc(time.Minute, func() {
		release := c.Hold()
		go func() { // as a push does that fails and is tried again a minute later
			time.Sleep(5 * time.Millisecond)
			c.AfterFunc(time.Minute, func() { second = c.Now() })
			release()
		}()
	})
	c.Advance(5 * time.Minute)
	if got := second.Sub(noon); got != 2*time.Minute {
		t.Errorf("the retry came after %v, want 2m", got)
	}
}

func TestAClockRunsAtItsSpeed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := NewClock(noon, 60)
		var fired time.Time
		c.AfterFunc(5*time.Minute, func() { fired = time.Now() })
		began := time.Now()
		time.Sleep(4 * time.Second)
		if got := c.Now().Sub(noon); got != 4*time.Minute {
			t.Errorf("after 4 s at speed 60 the clock moved %v", got)
		}
		time.Sleep(2 * time.Second)
		synctest.Wait()
		if got := fired.Sub(began); got != 5*time.Second {
			t.Errorf("5 minutes took %v of real time, want 5s", got)
		}
		c.SetSpeed(0)
		now := c.Now()
		time.Sleep(time.Minute)
		if !c.Now().Equal(now) {
			t.Error("a clock at speed 0 must stand still")
		}
		c.SetSpeed(120)
		time.Sleep(time.Second)
		if got := c.Now().Sub(now); got != 2*time.Minute {
			t.Errorf("at speed 120 a second moved it %v", got)
		}
	})
}

func TestAKeptClockGoesOnAfterARestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		book, _ := OpenBook("")
		c := NewClock(noon, 10)
		if err := c.Keep(book); err != nil {
			t.Fatal(err)
		}
		c.Advance(24 * time.Hour)
		time.Sleep(time.Minute) // down, too
		again := NewClock(noon, 1)
		if err := again.Keep(book); err != nil {
			t.Fatal(err)
		}
		if got := again.Now().Sub(noon); got != 24*time.Hour+10*time.Minute {
			t.Errorf("the clock is %v past its start, want 24h10m", got)
		}
		if again.Speed() != 10 {
			t.Errorf("speed %v, want 10", again.Speed())
		}
	})
}
