package hub_test

import (
	"slices"
	"testing"
	"time"

	"github.com/tongdan/tongdan/effect"
	"github.com/tongdan/tongdan/ident"
	"github.com/tongdan/tongdan/internal/db"
	"github.com/tongdan/tongdan/internal/sim"
)

func (w *shopWorld) store() ident.Store {
	w.t.Helper()
	list, err := w.db.Stores(w.t.Context(), w.who.Scope)
	w.must(err)
	return list[0].ID
}

// states are how far the rest of each shop of the world's store is.
func (w *shopWorld) states() (out []string) {
	w.t.Helper()
	in, err := w.hub.Intake(w.t.Context(), w.who, w.store())
	w.must(err)
	for _, c := range in.Channels {
		out = append(out, c.State)
	}
	return out
}

func (w *shopWorld) underWay(kind string, states ...effect.State) bool {
	w.t.Helper()
	list, _, err := w.db.Effects(w.t.Context(), w.who.Scope, db.EffectFilter{States: states, Limit: 500})
	w.must(err)
	return slices.ContainsFunc(list, func(e effect.Effect) bool { return e.Kind == kind })
}

func (w *shopWorld) paused(code string) bool {
	w.t.Helper()
	is, err := w.sim.Resting(code)
	w.must(err)
	return is
}

// Of two pauses whose answers were lost one has come to the platform. When their time is over
// before anybody could look, neither is left in force.
func TestAPauseWhoseAnswerIsLostEndsAllTheSame(t *testing.T) {
	alone(t, func(w *shopWorld) {
		w.run()
		w.sim.Faults().Next("drop_after_commit", 1, "poi/close")
		w.sim.Faults().Next("drop_before_commit", 1, "poi/close")
		rests := func() bool { return w.paused("TEA001") || w.paused("TEA002") }
		w.must(w.hub.Rest(w.t.Context(), w.who, w.store(), time.Now().Add(1800*time.Millisecond))) // two seconds later it is looked
		w.until("one of the calls has come", rests)
		w.until("their time is over", func() bool { return !w.underWay("rest", effect.Waiting, effect.Sending, effect.Unknown) })
		if s := w.states(); rests() || s[0] != "open" || s[1] != "open" {
			w.t.Errorf("a call whose answer was lost leaves a shop paused: %v, said to be %v", rests(), s)
		}
	})
}

// A shop that was to be opened, and is to rest after all while the platform refuses to open
// it, is still opened when its time has come.
func TestAShopThatCouldNotBeOpenedIsOpenedAfterTheNextPause(t *testing.T) {
	alone(t, func(w *shopWorld) {
		w.run()
		rest := func(until time.Time) { w.must(w.hub.Rest(w.t.Context(), w.who, w.store(), until)) }
		rest(time.Now().Add(time.Hour))
		w.until("both rest", func() bool { s := w.states(); return s[0] == "resting" && s[1] == "resting" })
		w.must(w.sim.DoStore("TEA001", "suspend", "系统置休"))
		w.sim.Faults().Set(sim.FaultPlan{SlowAnswer: 1, SlowBy: time.Second, Only: []string{"poi/open"}})
		rest(time.Time{})
		w.until("it is being opened", func() bool { return w.underWay("rest", effect.Sending) })
		w.sim.Faults().Set(sim.FaultPlan{})
		rest(time.Now().Add(3 * time.Second))
		w.until("the platform has refused", func() bool { return !w.underWay("rest", effect.Sending) })
		w.must(w.sim.DoStore("TEA001", "release", "")) // which opens it
		w.must(w.sim.DoStore("TEA001", "close", ""))
		w.until("its time is over", func() bool { return !w.underWay("rest", effect.Waiting, effect.Sending, effect.Unknown) })
		if w.paused("TEA001") {
			w.t.Error("the shop is left paused")
		}
	})
}
