package rehearse

import (
	"context"
	"strings"
	"sync/atomic"
	"time"

	"github.com/tongdan/tongdan/internal/books"
	"github.com/tongdan/tongdan/internal/sim"
	mt "github.com/tongdan/tongdan/internal/sim/meituan"
)

// A Progress is how a rehearsal goes, for a line that is written again and again.
type Progress struct {
	Phase   string        // setup, load, settle, verify, ended
	Gone    time.Duration // since orders began
	Whole   time.Duration // how long they come
	In      int           // orders placed
	Agreed  int           // of these, shown by the hub; in the end: with equal books
	Open    int           // acts on their way to a platform
	Slowest Waiting       // order or act
	Differ  int           // while settling: acts, orders and levels of stock that do not agree yet
	Kills   int
	Faults  int
	Check   string // while verifying: the invariant that is being looked at
	Looked  int    // at how many places so far
}

// A Waiting is what waits longest, and for how long.
type Waiting struct {
	For  time.Duration
	Name string // an order by channel and number, or an act on it
}

// or gives what waits longer: w or that.
func (w Waiting) or(name string, d time.Duration) Waiting {
	if d > w.For {
		return Waiting{d, name}
	}
	return w
}

// watch looks at the simulators' books of calls, pushes and penalties, and takes a
// sample every second, until ctx ends.
type watch struct {
	plan  *Plan
	at    *platforms
	diary *diary
	crowd *crowd
	clerk *clerk
	fleet *fleet
	stage atomic.Value // Progress.Phase

	calls, pushes map[string]int64 // the last ones looked at, by platform
	held          int              // penalties looked at
	penal         []mt.Penalty     // of the day
	told          map[string]bool  // orders told as not shown
	over          atomic.Bool      // the day is over: deadlines no longer count
	differ        atomic.Int64     // what the judge found not to agree yet
}

const lookEvery = 200 * time.Millisecond

func (w *watch) run(ctx context.Context) {
	w.calls, w.pushes, w.told = map[string]int64{}, map[string]int64{}, map[string]bool{}
	_, w.held = w.at.mt.PenaltiesAfter(0) // before the hub was connected
	next := time.Now()
	for wait(ctx, lookEvery) {
		w.look()
		if now := time.Now(); !now.Before(next) {
			next = now.Add(time.Second)
			w.sample()
		}
	}
	w.look()
	w.sample()
}

// look reads what is new at the platforms.
func (w *watch) look() {
	for _, c := range fresh(w.at.mt.Calls().List("", 3000), w.calls, "meituan", func(c sim.Call) int64 { return c.Seq }) {
		if strings.HasPrefix(c.Kind, "/waimai/") {
			w.call(provided, c)
		} else {
			w.call(direct, c)
		}
	}
	for _, c := range fresh(w.at.ml.Calls().List("", 3000), w.calls, "mercadolibre", func(c sim.Call) int64 { return c.Seq }) {
		w.call("mercadolibre", c)
	}
	for _, s := range fresh(w.at.mt.Pushes("", 3000), w.pushes, "meituan", func(s sim.Sent) int64 { return s.Seq }) {
		w.push(s)
	}
	for _, s := range fresh(w.at.ml.Pusher().Log("", 3000), w.pushes, "mercadolibre", func(s sim.Sent) int64 { return s.Seq }) {
		w.push(s)
	}
	w.penalties()
}

// fresh gives the entries of a log that come after the last one seen.
func fresh[T any](list []T, last map[string]int64, name string, seq func(T) int64) []T {
	i := len(list)
	for i > 0 && seq(list[i-1]) > last[name] {
		i--
	}
	if len(list) > 0 {
		last[name] = seq(list[len(list)-1])
	}
	return list[i:]
}

// retailCalls name in the words of the tally what the book of calls names by its path.
var retailCalls = map[string]string{"POST /orders/{id}/feedback": "cancel", "POST /orders/{id}/notes": "note"}

func (w *watch) call(channel string, c sim.Call) {
	w.diary.call(channel + " " + c.Kind)
	if c.Fault != "" {
		w.diary.fault(c.Fault)
	}
	if !c.Changed || c.Order == "" {
		return
	}
	kind := c.Kind
	if channel == "mercadolibre" {
		kind = retailCalls[kind]
	}
	w.clerk.reached(books.Key(channel, c.Order), kind, c.Real)
}

func (w *watch) push(s sim.Sent) {
	switch {
	case s.Fault != "":
		w.diary.fault(s.Fault) // lost, forged or doubled: not a push like others
	case s.OK:
		w.diary.push(true)
		w.diary.add(Durable, s.Took)
	default:
		w.diary.push(false)
	}
}

// penalties notes what the platform holds against the merchant since the last look.
func (w *watch) penalties() {
	var list []mt.Penalty
	if list, w.held = w.at.mt.PenaltiesAfter(w.held); w.over.Load() {
		return
	}
	w.penal = append(w.penal, list...)
	for _, p := range list {
		switch p.Kind {
		case BreakLateAccept, BreakTwice, BreakPushes, BreakNoPull, BreakRefund:
			w.diary.broke(p.Kind, strings.TrimSpace(p.Store+" "+p.Order))
		}
	}
}

// say tells of a phase of which the seconds that pass tell nothing.
func (w *watch) say(p Progress) {
	w.stage.Store(p.Phase)
	w.plan.Say(p)
}

// sample takes down one second.
func (w *watch) sample() {
	in, seen, oldest, unseen := w.crowd.count()
	acts, slowest, late := w.clerk.waiting()
	d := w.diary
	d.mu.Lock()
	faults, kills := 0, d.kills
	for _, n := range d.faults {
		faults += n
	}
	d.ticks = append(d.ticks, tick{at: d.since(), in: in, seen: seen, acts: acts, faults: faults, failing: d.failing})
	d.mu.Unlock()
	for _, key := range unseen {
		if !w.told[key] {
			w.told[key] = true
			d.broke(BreakSlowScreen, key)
		}
	}
	for _, name := range late {
		d.broke(BreakSlowPlatform, name)
	}
	if w.fleet != nil {
		if err := w.fleet.check(); err != nil && !w.told["node"] {
			w.told["node"] = true
			d.broke(BreakNode, err.Error())
		}
	}
	stage := w.stage.Load().(string)
	if stage != "load" && stage != "settle" {
		return // whoever is at it says how it goes
	}
	w.plan.Say(Progress{Phase: stage, Gone: time.Since(d.began), Whole: time.Duration(w.plan.Minutes * float64(time.Minute)),
		In: in, Agreed: seen, Open: acts, Slowest: oldest.or(slowest.Name, slowest.For), Differ: int(w.differ.Load()), Kills: kills, Faults: faults})
}
