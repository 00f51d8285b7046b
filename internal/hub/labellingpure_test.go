package hub

import (
	"testing"
	"time"

	"github.com/tongdan/tongdan/effect"
	"github.com/tongdan/tongdan/internal/lane"
)

// After a lost answer labels are asked for again, until there is an answer or their time is over: the others of their batch
// wait for them.
func TestLabelsAreNotAskedForForEver(t *testing.T) {
	at := time.UnixMilli(1_000_000)
	for _, c := range []struct {
		out  effect.Outcome
		late bool
		want effect.State
	}{
		{effect.OK, false, effect.Done},
		{effect.OK, true, effect.Done},
		{effect.No, false, effect.Refused},
		{effect.Lost, false, effect.Unknown},
		{effect.Later, false, effect.Unknown},
		{effect.Lost, true, effect.Refused},
		{effect.Later, true, effect.Refused},
	} {
		e := effect.Effect{State: effect.Sending, Nature: effect.Absolute, Called: effect.Lost, Deadline: at.Add(time.Minute).UnixMilli(), Attempt: &effect.Attempt{N: 2, Look: true}}
		now := at
		if c.late {
			now = at.Add(time.Minute)
		}
		res := askedAgain(lane.Result{Outcome: c.out}, e, now)
		if got := e.After(res.Outcome, now.UnixMilli(), 0, res.Code, res.Why).State; got != c.want {
			t.Errorf("%s, late %v: %s, want %s", c.out, c.late, got, c.want)
		}
	}
}
