package rehearse

import (
	"cmp"
	"slices"
	"sync"
	"time"
)

// The measures of time, in real time. What was never reached is counted by the books, not
// here.
const (
	Durable  = "durable"  // the platform sends a push until it has the answer, which is given after the commit
	Screen   = "screen"   // the customer orders until a console shows it, lost pushes included
	Pressed  = "pressed"  // somebody presses a button until the hub answers, presses without an answer included
	Platform = "platform" // somebody presses a button until the platform's book has changed
	Printed  = "printed"  // somebody accepts an order until the kitchen has its ticket on paper
	Labelled = "labelled" // somebody presses for the labels of parcels until each has come out
	Paper    = "paper"    // the customer orders until then: lost pushes and the staff's moment are in it
)

var measures = []string{Durable, Screen, Pressed, Platform, Printed, Paper, Labelled}

// The kinds of what can break, beside differences of the books.
const (
	BreakLateAccept   = "late_accept"    // an order was not accepted in time
	BreakRefund       = "refund_expired" // a refund was not answered in time
	BreakTwice        = "late_twice"     // a penalty: two in a row within an hour
	BreakPushes       = "push_failures"  // a penalty: over 80 % of more than 10 pushes in 5 minutes
	BreakNoPull       = "no_pull"        // a penalty: five minutes without a call
	BreakSlowScreen   = "slow_screen"    // an order was not shown within slowScreen
	BreakSlowPlatform = "slow_platform"  // an act had not reached the platform within slowPlatform
	BreakSlowLabel    = "slow_label"     // the label of a parcel had not come out within slowLabel
	BreakSilent       = "silent"         // a button got no answer within silent
	BreakGap          = "feed_gap"       // the live stream jumped over a change
	BreakNode         = "node"           // a node ended by itself
	BreakPromise      = "promise"        // an order was lost, doubled, or something was done twice
)

// From when on waiting counts as broken, in real time.
const (
	slowScreen   = time.Minute
	slowPlatform = 2 * time.Minute
	silent       = 10 * time.Second
)

// A Break is something that went wrong, and how busy it was at that moment.
type Break struct {
	Kind string  `json:"kind"`
	At   float64 `json:"at_s"`   // seconds after the beginning
	Rate float64 `json:"rate_s"` // orders a second in the ten seconds before
	Text string  `json:"text"`   // which order, which node
}

// A Mark is a moment to be shown in the charts.
type Mark struct {
	Kind string  `json:"kind"` // kill, up, faults_off, load_off
	At   float64 `json:"at_s"`
}

// A tick is how it was at one second.
type tick struct {
	at      float64
	in      int // orders placed so far
	seen    int // of these, shown
	acts    int // buttons pressed whose outcome is not at the platform yet
	faults  int // that hit a call or a push so far
	failing int // pushes so far that got no good answer
}

type took struct {
	at      float64 // when it ended
	seconds float64
}

// diary writes down what happens, for the report. Safe for concurrent use.
type diary struct {
	began time.Time

	mu      sync.Mutex
	took    map[string][]took
	ticks   []tick
	marks   []Mark
	breaks  []Break
	faults  map[string]int
	calls   map[string]int // by the platform's name of the operation
	pushes  int
	failing int
	kills   int
}

const maxBreaks = 200 // kept with their text; more are counted

func newDiary() *diary {
	return &diary{began: time.Now(), took: map[string][]took{}, faults: map[string]int{}, calls: map[string]int{}}
}

func (d *diary) since() float64 { return time.Since(d.began).Seconds() }

func (d *diary) add(measure string, t time.Duration) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.took[measure] = append(d.took[measure], took{d.since(), t.Seconds()})
}

// ended notes what took so long and ended at a moment, of which the diary hears later.
func (d *diary) ended(measure string, began, ended time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.took[measure] = append(d.took[measure], took{ended.Sub(d.began).Seconds(), max(ended.Sub(began), 0).Seconds()})
}

func (d *diary) mark(kind string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.marks = append(d.marks, Mark{kind, d.since()})
	if kind == "kill" {
		d.kills++
	}
}

func (d *diary) fault(kind string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.faults[kind]++
}

func (d *diary) call(kind string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.calls[kind]++
}

func (d *diary) push(ok bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.pushes++
	if !ok {
		d.failing++
	}
}

// broke notes what went wrong now.
func (d *diary) broke(kind, text string) { d.brokeAt(kind, text, d.since()) }

// brokeAt notes what went wrong at a moment that is known only now.
func (d *diary) brokeAt(kind, text string, at float64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.breaks = append(d.breaks, Break{kind, at, d.rate(at), text})
}

// rate is the orders a second in the ten seconds before a moment.
func (d *diary) rate(at float64) float64 {
	from, to := -1, -1
	for i, t := range d.ticks {
		if t.at <= at {
			to = i
		}
		if t.at <= at-10 {
			from = i
		}
	}
	if to < 0 {
		return 0
	}
	before := tick{}
	if from >= 0 {
		before = d.ticks[from]
	}
	if span := d.ticks[to].at - before.at; span > 0 {
		return float64(d.ticks[to].in-before.in) / span
	}
	return 0
}

// tally counts breaks by kind and gives the first ones, in order of time.
func (d *diary) tally() (counts map[string]int, list []Break) {
	d.mu.Lock()
	defer d.mu.Unlock()
	counts = map[string]int{}
	for _, b := range d.breaks {
		counts[b.Kind]++
	}
	list = slices.Clone(d.breaks)
	slices.SortStableFunc(list, func(a, b Break) int { return cmp.Compare(a.At, b.At) })
	return counts, list[:min(len(list), maxBreaks)]
}

// A Spread is how long something took, in seconds.
type Spread struct {
	Count int     `json:"count"`
	P50   float64 `json:"p50_s"`
	P90   float64 `json:"p90_s"`
	P99   float64 `json:"p99_s"`
	Max   float64 `json:"max_s"`
}

func spread(list []took) Spread {
	all := make([]float64, len(list))
	for i, t := range list {
		all[i] = t.seconds
	}
	slices.Sort(all)
	return Spread{Count: len(all), P50: quantile(all, 0.5), P90: quantile(all, 0.9), P99: quantile(all, 0.99), Max: quantile(all, 1)}
}

// quantile is by the nearest rank of a sorted list.
func quantile(sorted []float64, q float64) float64 {
	if len(sorted) == 0 {
		return 0
	}
	return sorted[min(int(q*float64(len(sorted))), len(sorted)-1)]
}
