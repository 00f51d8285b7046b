package effect_test

import (
	"errors"
	"testing"
	"time"

	"github.com/tongdan/tongdan/effect"
	"github.com/tongdan/tongdan/fault"
	"pgregory.net/rapid"
)

type step struct {
	look bool
	out  effect.Outcome
	want effect.State
}

func run(t *testing.T, e effect.Effect, steps []step) effect.Effect {
	t.Helper()
	now := int64(1_000_000)
	for i, s := range steps {
		now = max(now, e.NextAt)
		if s.look != (e.State == effect.Unknown) && i > 0 {
			t.Fatalf("step %d: look is %v but the state is %s", i, s.look, e.State)
		}
		e.Attempt = &effect.Attempt{N: i + 1, Look: s.look, Began: now}
		if !s.look {
			e.Attempts++
		}
		e = e.After(s.out, now, 0, "", fault.Reason{Text: "words"})
		if e.State != s.want {
			t.Fatalf("step %d: after %s the state is %s, want %s", i, s.out, e.State, s.want)
		}
	}
	return e
}

func TestWhatFollowsFromAnOutcomeDependsOnTheNature(t *testing.T) {
	for _, c := range []struct {
		name   string
		nature effect.Nature
		steps  []step
	}{
		{"an answer ends it", effect.Guarded, []step{{false, effect.OK, effect.Done}}},
		{"a no ends it", effect.Guarded, []step{{false, effect.No, effect.Refused}}},
		{"a lost answer that was done is found done", effect.Guarded, []step{{false, effect.Lost, effect.Unknown}, {true, effect.Seen, effect.Done}}},
		{"a lost answer that was not done is called again", effect.Guarded, []step{{false, effect.Lost, effect.Unknown}, {true, effect.NotSeen, effect.Waiting}, {false, effect.OK, effect.Done}}},
		{"a clash is looked at three times before it is a no", effect.Guarded, []step{{false, effect.Clash, effect.Unknown}, {true, effect.NotSeen, effect.Unknown}, {true, effect.NotSeen, effect.Unknown}, {true, effect.NotSeen, effect.Refused}}},
		{"a clash because it is already so is done", effect.Guarded, []step{{false, effect.Clash, effect.Unknown}, {true, effect.Seen, effect.Done}}},
		{"additive is never called blindly again", effect.Additive, []step{{false, effect.Lost, effect.Unknown}, {true, effect.NotSeen, effect.Unknown}, {true, effect.NotSeen, effect.Person}}},
		{"additive that was certainly not done is called again", effect.Additive, []step{{false, effect.Later, effect.Waiting}, {false, effect.OK, effect.Done}}},
		{"a look that fails tells nothing", effect.Additive, []step{{false, effect.Lost, effect.Unknown}, {true, effect.Lost, effect.Unknown}, {true, effect.Later, effect.Unknown}, {true, effect.NotSeen, effect.Unknown}, {true, effect.Seen, effect.Done}}},
		{"a lost read that is made again has told everything", effect.Absolute, []step{{false, effect.Lost, effect.Unknown}, {true, effect.OK, effect.Done}}},
		{"a lost notice repeats where its look lets it", effect.Notice, []step{{false, effect.Lost, effect.Unknown}, {true, effect.NotSeen, effect.Waiting}}},
		{"a lost notice ends where it may not repeat", effect.Notice, []step{{false, effect.Lost, effect.Unknown}, {true, effect.Obsolete, effect.Refused}}},
		{"what can no longer become so is a no", effect.Guarded, []step{{false, effect.Lost, effect.Unknown}, {true, effect.Obsolete, effect.Refused}}},
	} {
		t.Run(c.name, func(t *testing.T) { run(t, effect.Effect{Nature: c.nature, State: effect.Waiting}, c.steps) })
	}
}

func TestAnAdditiveEffectIsNeverCalledAfterALostAnswer(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		e := effect.Effect{Nature: effect.Additive, State: effect.Waiting}
		now, lost := int64(1), false
		for n := 1; e.State == effect.Waiting || e.State == effect.Unknown; n++ {
			look := e.State == effect.Unknown
			if !look && lost {
				t.Fatal("called again after an answer was lost")
			}
			outs := []effect.Outcome{effect.OK, effect.No, effect.Later, effect.Clash, effect.Lost}
			if look {
				outs = []effect.Outcome{effect.Seen, effect.NotSeen, effect.Lost, effect.Later}
			} else {
				e.Attempts++
			}
			e.Attempt = &effect.Attempt{N: n, Look: look}
			out := rapid.SampledFrom(outs).Draw(t, "out")
			lost = lost || (!look && out == effect.Lost)
			now = max(now, e.NextAt)
			e = e.After(out, now, 0, "", fault.Reason{})
			if n > 200 {
				return
			}
		}
	})
}

func TestNoCallIsMadeAfterTheDeadline(t *testing.T) {
	e := effect.Effect{Nature: effect.Guarded, State: effect.Waiting, Deadline: 10_000}
	e = e.After(effect.Later, 9_000, 5*time.Second, fault.RateLimited, fault.Reason{})
	if e.State != effect.Waiting || e.NextAt >= e.Deadline {
		t.Errorf("state %s at %d: one last try must be left before the deadline", e.State, e.NextAt)
	}
	if e = e.After(effect.Later, 10_000, 0, fault.Unavailable, fault.Reason{}); e.State != effect.Void || e.Why.IsZero() {
		t.Errorf("state %s, words %q: after the deadline it is void and says so", e.State, e.Why.Text)
	}
}

func TestADeathIsNoFailureOfThePlatform(t *testing.T) {
	// A pull has been made hundreds of times; its node dies, and so does the one that looks.
	e := effect.Effect{Nature: effect.Guarded, State: effect.Sending, Attempt: &effect.Attempt{N: 400, Look: true}}
	got := e.Abandoned(1000)
	if got.State != effect.Unknown || got.NextAt > 1000+effect.Settle.Milliseconds() {
		t.Fatalf("after a look that its process did not live to end: %s, again after %d ms", got.State, got.NextAt-1000)
	}
	e.Nature, e.Attempt = effect.Notice, &effect.Attempt{N: 1}
	if got := e.Abandoned(1000); got.State != effect.Unknown {
		t.Fatalf("a notice whose process died is %s: its look must say whether it may repeat", got.State)
	}
}

func TestACodeTellsTheOutcome(t *testing.T) {
	for code, want := range map[fault.Code]effect.Outcome{
		fault.RateLimited: effect.Later, fault.Unavailable: effect.Later, fault.Conflict: effect.Clash,
		fault.Unknown: effect.Lost, fault.Internal: effect.Lost, fault.Invalid: effect.No, fault.NotFound: effect.No, fault.Unsupported: effect.No,
	} {
		if got := effect.OutcomeOf(fault.New("x", code, "")); got != want {
			t.Errorf("OutcomeOf(%s) = %s, want %s", code, got, want)
		}
	}
	if effect.OutcomeOf(nil) != effect.OK || effect.OutcomeOf(errors.New("boom")) != effect.Lost {
		t.Error("nil is ok; what we cannot explain may have been done")
	}
}

func TestARefusalKeepsThePlatformsWordsBesideWhatWasSeen(t *testing.T) {
	t.Parallel()
	e := effect.Effect{Nature: effect.Guarded, Attempt: &effect.Attempt{N: 1}}
	e = e.After(effect.Clash, 10, 0, fault.Conflict, fault.Reason{Text: "该订单已完成，无法取消"})
	e.Attempt = &effect.Attempt{N: 2, Look: true}
	e = e.After(effect.Obsolete, 20, 0, "", fault.Because("order_completed", "the order is completed"))
	if e.State != effect.Refused || e.Why.Text != "该订单已完成，无法取消 · the order is completed" || e.Why.Code != "order_completed" || e.Why.Said != "该订单已完成，无法取消" {
		t.Errorf("%s: %q", e.State, e.Why)
	}
	if e.Attempt.Why.Text != "the order is completed" {
		t.Errorf("the look noted %q, not its own words", e.Attempt.Why.Text)
	}
}

// A message whose time has passed needs nobody's decision in a restored database; one that
// may still matter does, since it may have been sent.
func TestARestoredNoticeIsSentByNobody(t *testing.T) {
	for deadline, want := range map[int64]effect.State{1000: effect.Void, 3000: effect.Person, 0: effect.Person} {
		e := effect.Effect{Nature: effect.Notice, State: effect.Waiting, Deadline: deadline}
		if got := e.Restored(2000); got.State != want {
			t.Errorf("with the deadline %d it is %s, want %s", deadline, got.State, want)
		}
	}
}
