package sim

import (
	"cmp"
	"encoding/json"
	"math/rand/v2"
	"slices"
	"sync"
	"time"
)

// The faults that Next can order once, and that Calls and the pusher's log name.
const (
	PushLost         = "push_lost"          // never sent, yet the platform believes it was
	PushDoubled      = "push_doubled"       // sent twice
	PushLate         = "push_late"          // sent after PushLateBy
	PushReordered    = "push_reordered"     // sent after the next one for the same order
	PushForged       = "push_forged"        // preceded by a copy with a wrong signature
	Err429           = "err_429"            // refused by the platform's flow control
	Err5xx           = "err_5xx"            // refused by a broken gateway
	DropBeforeCommit = "drop_before_commit" // connection closed without an answer, nothing done
	DropAfterCommit  = "drop_after_commit"  // connection closed without an answer, everything done
	SlowAnswer       = "slow_answer"        // answered after SlowBy of real time
)

var faultKinds = []string{PushLost, PushDoubled, PushLate, PushReordered, PushForged, Err429, Err5xx, DropBeforeCommit, DropAfterCommit, SlowAnswer}

// FaultPlan says how a platform misbehaves. Every number is a probability from 0 to 1 for each
// call or push.
type FaultPlan struct {
	PushLost      float64 `json:"push_lost"`
	PushDoubled   float64 `json:"push_doubled"`
	PushLate      float64 `json:"push_late"`
	PushReordered float64 `json:"push_reordered"`
	PushForged    float64 `json:"push_forged"`

	Err429           float64 `json:"err_429"`
	Err5xx           float64 `json:"err_5xx"`
	DropBeforeCommit float64 `json:"drop_before_commit"`
	DropAfterCommit  float64 `json:"drop_after_commit"`
	SlowAnswer       float64 `json:"slow_answer"`

	PushLateBy time.Duration `json:"-"` // on the platform's clock; 0 = 30 s. In JSON push_late_ms.
	SlowBy     time.Duration `json:"-"` // real time, at most a minute; 0 = 3 s. In JSON slow_ms.

	// Only limits the plan to these API paths, push kinds or what a push is about (as
	// Call.Kind, Push.Kind and Push.Key name them); empty = all.
	Only []string `json:"only,omitempty"`
}

type faultPlan FaultPlan // without methods

type faultPlanJSON struct {
	*faultPlan
	PushLateMS int64 `json:"push_late_ms"`
	SlowMS     int64 `json:"slow_ms"`
}

// MarshalJSON writes the plan with its durations in milliseconds.
func (p FaultPlan) MarshalJSON() ([]byte, error) {
	return json.Marshal(faultPlanJSON{(*faultPlan)(&p), p.PushLateBy.Milliseconds(), p.SlowBy.Milliseconds()})
}

// UnmarshalJSON reads what MarshalJSON writes; what is absent stays as it is.
func (p *FaultPlan) UnmarshalJSON(raw []byte) error {
	j := faultPlanJSON{(*faultPlan)(p), p.PushLateBy.Milliseconds(), p.SlowBy.Milliseconds()}
	if err := json.Unmarshal(raw, &j); err != nil {
		return err
	}
	p.PushLateBy = time.Duration(min(max(j.PushLateMS, 0), 7*24*3600_000)) * time.Millisecond
	p.SlowBy = time.Duration(min(max(j.SlowMS, 0), 60_000)) * time.Millisecond
	return nil
}

func (p FaultPlan) chance(kind string) float64 {
	switch kind {
	case PushLost:
		return p.PushLost
	case PushDoubled:
		return p.PushDoubled
	case PushLate:
		return p.PushLate
	case PushReordered:
		return p.PushReordered
	case PushForged:
		return p.PushForged
	case Err429:
		return p.Err429
	case Err5xx:
		return p.Err5xx
	case DropBeforeCommit:
		return p.DropBeforeCommit
	case DropAfterCommit:
		return p.DropAfterCommit
	case SlowAnswer:
		return p.SlowAnswer
	}
	return 0
}

// Faults decides which call or push is hit. The same seed, plan and sequence of questions give the
// same faults. Safe for concurrent use; with concurrent questions the order of the
// questions is what varies.
type Faults struct {
	mu   sync.Mutex
	plan FaultPlan
	once []ordered
	rng  *rand.Rand
}

type ordered struct {
	kind string
	only string // path, push kind or what a push is about; "" = any
	left int
	by   time.Duration // of PushLate; 0 = as the plan says
}

// NewFaults returns faults with an empty plan: a platform that behaves.
func NewFaults(seed uint64) *Faults {
	return &Faults{rng: rand.New(rand.NewPCG(seed, 0x746f6e6764616e))}
}

// Set replaces the plan.
func (f *Faults) Set(p FaultPlan) {
	f.mu.Lock()
	defer f.mu.Unlock()
	p.Only = slices.Clone(p.Only)
	f.plan = p
}

// Plan returns the plan in force.
func (f *Faults) Plan() FaultPlan {
	f.mu.Lock()
	defer f.mu.Unlock()
	p := f.plan
	p.Only = slices.Clone(p.Only)
	return p
}

// Next makes sure that the next n calls or pushes are hit by this fault (PushLost, Err429, ...),
// whatever the plan says. With only, the next n on those API paths, push kinds or pushes about
// these orders, n for each.
func (f *Faults) Next(kind string, n int, only ...string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(only) == 0 {
		only = []string{""}
	}
	for _, o := range only {
		f.once = append(f.once, ordered{kind: kind, only: o, left: n})
	}
}

// Delay makes sure that the next push of a kind or about an order goes out so much later,
// on the platform's clock.
func (f *Faults) Delay(by time.Duration, only string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.once = append(f.once, ordered{kind: PushLate, only: only, left: 1, by: by})
}

// Calm takes back the plan and whatever Next ordered.
func (f *Faults) Calm() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.plan, f.once = FaultPlan{}, nil
}

// Hit asks whether a call, named by its path, or a push, named by its kind and by what it
// is about, is hit by a fault.
func (f *Faults) Hit(kind string, names ...string) bool {
	hit, _ := f.hit(kind, names)
	return hit
}

// late asks how late a push is sent, 0 = at once.
func (f *Faults) late(push Push) time.Duration {
	hit, by := f.hit(PushLate, []string{push.Kind, push.Key})
	if !hit {
		return 0
	}
	return cmp.Or(by, f.lateBy())
}

func (f *Faults) lateBy() time.Duration { return cmp.Or(f.Plan().PushLateBy, 30*time.Second) }

func (f *Faults) hit(kind string, names []string) (hit bool, by time.Duration) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for i, o := range f.once {
		if o.kind == kind && (o.only == "" || slices.Contains(names, o.only)) {
			if f.once[i].left--; f.once[i].left <= 0 {
				f.once = slices.Delete(f.once, i, i+1)
			}
			return true, o.by
		}
	}
	p := f.plan.chance(kind)
	if p <= 0 || len(f.plan.Only) > 0 && !slices.ContainsFunc(names, func(n string) bool { return slices.Contains(f.plan.Only, n) }) {
		return false, 0
	}
	return f.rng.Float64() < p, 0
}

func knownFault(kind string) bool { return slices.Contains(faultKinds, kind) }
