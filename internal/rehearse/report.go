package rehearse

import (
	"encoding/json"
	"io"
	"math"
	"time"

	"github.com/tongdan/tongdan/internal/books"
)

// A Report is what came of a rehearsal. Its JSON is stable: fields are added, not renamed.
// Times of what was measured are real seconds, whatever the speed of the clock.
type Report struct {
	At       time.Time `json:"at"` // when orders began
	Profile  string    `json:"profile"`
	Faults   string    `json:"faults"`
	Engine   string    `json:"engine"` // PostgreSQL, SQLite, hub
	Nodes    int       `json:"nodes"`
	KillS    float64   `json:"kill_s"`
	LeaseS   float64   `json:"lease_s"`
	Seed     uint64    `json:"seed"`
	Speed    float64   `json:"speed"`
	Minutes  float64   `json:"minutes"`
	Rate     float64   `json:"rate_s"`    // orders a second, on average
	LoadedS  float64   `json:"loaded_s"`  // how long orders came
	SettledS float64   `json:"settled_s"` // how long it took afterwards until the books agreed, or was given up

	// Held says whether the promise held: no order lost, none doubled, none that differs in
	// status or total from the platform's, nothing sold that was not there, nothing done twice,
	// nothing said to be done that was not, and every invariant of the database. Deadlines and penalties do not decide it; they are below.
	Held bool `json:"held"`
	// Broken says that the promise did not hold, for certain. A rehearsal that ended early
	// may know neither.
	Broken bool   `json:"broken"`
	Ended  *Ended `json:"ended_early"` // null = it came to its end

	// Day is the second verdict, on a chain's day; null = it is none, or did not come to its end.
	Day *Day `json:"day"`

	Orders   Orders    `json:"orders"`
	Acts     Acts      `json:"acts"`
	Tickets  Tickets   `json:"tickets"`
	Labels   Labels    `json:"labels"` // of parcels
	Parked   int       `json:"parked"` // messages that could not be read; they are kept
	Reasons  []Parked  `json:"parked_reasons"`
	Oversold *int64    `json:"oversold"` // pieces that were sold and not there; null = not measured
	Stock    *Stock    `json:"stock"`
	Verify   *Verified `json:"verify"` // of the database; null = it is that of a hub that runs elsewhere

	Times     map[string]Spread `json:"times"` // by measure
	Missed    Missed            `json:"missed"`
	Penalties Penalties         `json:"penalties"`
	Pushes    Pushes            `json:"pushes"`
	Hits      map[string]int    `json:"faults_hit"`
	Calls     map[string]int    `json:"calls"` // what the platforms were called for
	Kills     int               `json:"kills"`

	First  *Break             `json:"first_break"` // null = nothing broke
	Breaks map[string]int     `json:"breaks"`      // how many of each kind
	List   []Break            `json:"break_list"`  // the first of them, by time
	Differ []books.Difference `json:"differences"` // that break the promise: the first of them
	Open   []books.Difference `json:"not_agreed"`  // ended early: orders, acts and levels that did not agree yet, the first of them
	Opened int                `json:"not_agreed_count"`
	Last   []books.Difference `json:"last_to_agree"` // settling waited for these last, the first of them

	Replayed *Replayed `json:"replayed"` // null = no earlier day was played again

	Timeline []Point `json:"timeline"`
	Marks    []Mark  `json:"marks"`
}

// Good reports whether the promise held, and of a chain's day too that it was a good one.
func (r *Report) Good() bool { return r.Held && (r.Day == nil || r.Day.Held) }

// Orders are the orders by the books of the platforms and of the hub.
type Orders struct {
	In       int `json:"in"`     // that customers placed
	Agreed   int `json:"agreed"` // that both books have alike
	Lost     int `json:"lost"`
	Doubled  int `json:"doubled"`
	Strange  int `json:"strange"` // that no platform has
	Differ   int `json:"differ"`  // in status or total
	Yet      int `json:"not_yet"` // ended early: that did not agree yet; they count neither as lost nor as differing
	Takeaway int `json:"meituan"`
	Retail   int `json:"mercadolibre"`
}

// Acts are what the staff had done at the platforms.
type Acts struct {
	Sent   int            `json:"sent"` // buttons for which something had to be sent
	ByEnd  map[string]int `json:"by_end"`
	Twice  int            `json:"twice"`
	Unsent int            `json:"unsent"` // said to be done, and not in the platform's book
	Stuck  int            `json:"stuck"`  // still under way
	Gone   int            `json:"gone"`   // that the hub no longer knew
	Person int            `json:"person"` // additive ones whose outcome a person looked up
}

// Missed are deadlines that passed.
type Missed struct {
	Accept int `json:"accept"`
	Refund int `json:"refund"`
}

// Penalties are what a platform would have given, by its own rules.
type Penalties struct {
	NoPull        int `json:"no_pull"`        // five minutes without a call, each minute and store
	LateTwice     int `json:"late_twice"`     // two in a row not accepted in time within an hour
	PushFailures  int `json:"push_failures"`  // over 80 % of more than 10 pushes in 5 minutes failed
	RefundExpired int `json:"refund_expired"` // a refund that nobody answered in time was agreed to
}

// Pushes are callbacks that reached the network, without those that a fault was ordered for.
type Pushes struct {
	Sent   int `json:"sent"`
	Failed int `json:"failed"` // got no good answer: the platform sends them again
}

// A Point is how it was during one part of the time.
type Point struct {
	At      float64            `json:"at_s"`
	Rate    float64            `json:"rate_s"`  // orders a second
	Unshown int                `json:"unshown"` // orders that no screen showed yet
	Acts    int                `json:"acts"`    // acts on their way
	P50     map[string]float64 `json:"p50_s"`
	P99     map[string]float64 `json:"p99_s"`
}

// maxDiffer are kept as examples.
const maxDiffer = 50

func some(list []books.Difference) []books.Difference { return list[:min(len(list), maxDiffer)] }

// report puts together what the judge and the diary know.
func (j *judge) report(loaded float64) *Report {
	p, d := j.plan, j.diary
	r := &Report{
		At: d.began.UTC(), Profile: p.Profile, Faults: p.Faults, Engine: j.engine, Nodes: p.Nodes, KillS: p.Kill.Seconds(), LeaseS: p.Lease.Seconds(),
		Seed: p.Seed, Speed: p.Speed, Minutes: p.Minutes, Rate: p.Rate, LoadedS: loaded, SettledS: j.settled.Seconds(),
		Reasons: j.parked, Verify: j.checked, Times: map[string]Spread{}, Kills: d.kills, Hits: d.faults, Calls: d.calls,
		Pushes: Pushes{d.pushes, d.failing}, Marks: d.marks, Replayed: j.crowd.replay,
	}
	if j.stock == nil { // what was sold is known all the same
		j.stock = j.rehearsal.stock.sum(nil)
		j.stock.Levels, j.stock.Differ, j.stock.Above = nil, 0, 0
	}
	r.Ended = j.ended
	broken, open := j.sort()
	r.Orders = Orders{In: max(len(j.want), len(j.crowd.placed)), Takeaway: len(j.crowd.mt), Retail: len(j.crowd.ml)}
	wrong := map[string]bool{}
	for _, x := range j.differ {
		first := !wrong[x.Key]
		wrong[x.Key] = true
		switch {
		case x.Kind == books.Doubled:
			r.Orders.Doubled++
		case x.Kind == books.Strange:
			r.Orders.Strange++
			delete(wrong, x.Key)
		case !first:
		case j.ended != nil:
			r.Orders.Yet++
		case x.Kind == books.Lost:
			r.Orders.Lost++
		default:
			r.Orders.Differ++
		}
	}
	if j.ended == nil || j.ended.Compared {
		r.Orders.Agreed = r.Orders.In - len(wrong)
	}
	asked, _ := j.clerk.settled()
	r.Acts = Acts{Sent: j.acts, ByEnd: j.byEnd, Person: asked}
	for _, x := range j.once {
		switch x.Kind {
		case books.Twice:
			r.Acts.Twice++
		case books.Unsent:
			r.Acts.Unsent++
		case books.Stuck:
			r.Acts.Stuck++
		case books.Gone:
			r.Acts.Gone++
		}
	}
	if j.ended != nil && !j.ended.Compared {
		list, _ := j.clerk.all()
		for _, x := range list {
			if x.Effect != "" {
				r.Acts.Sent++
			}
		}
	}
	for _, x := range j.parked {
		r.Parked += x.Count
	}
	var over int64
	for _, o := range j.stock.Orders {
		over += o.Pieces
	}
	r.Oversold, r.Stock, r.Tickets, r.Labels = &over, j.stock, j.tickets, j.labels
	for _, x := range broken {
		at := loaded
		if x.Kind != books.Strange && x.Kind != kindLevel && x.Kind != kindHeld && x.Kind != kindUnnamed && x.Kind != kindTwoTicket && x.Kind != kindNoLabel && x.Kind != kindTwoLabel && x.Kind != kindOddLabel && x.Kind != kindVerify {
			at = j.crowd.when(x.Key)
		}
		d.brokeAt(BreakPromise, x.Text, at)
	}
	r.Differ, r.Open, r.Opened, r.Last = some(broken), some(open), len(open), some(j.last)
	r.Broken = len(broken) > 0 || j.checked != nil && !j.checked.Holds
	r.Held = r.Ended == nil && !r.Broken && r.Orders.In > 0
	r.Day = j.verdict(r.Held)
	j.packer.took()
	r.Breaks, r.List = d.tally()
	if len(r.List) > 0 {
		r.First = &r.List[0]
	}
	r.Missed = Missed{r.Breaks[BreakLateAccept], r.Breaks[BreakRefund]}
	r.Penalties = Penalties{r.Breaks[BreakNoPull], r.Breaks[BreakTwice], r.Breaks[BreakPushes], r.Breaks[BreakRefund]}
	j.printed()
	for _, m := range measures {
		r.Times[m] = spread(d.took[m])
	}
	r.Timeline = d.timeline()
	return r
}

// points are at most so many in a chart.
const points = 240

// timeline cuts the time into equal parts.
func (d *diary) timeline() []Point {
	if len(d.ticks) == 0 {
		return nil
	}
	end := d.ticks[len(d.ticks)-1].at
	width := math.Max(2, math.Ceil(end/points)) // a busy machine skips a second now and then
	n := int(end/width) + 1
	out := make([]Point, n)
	parts := make([]map[string][]took, n)
	for i := range out {
		out[i] = Point{At: float64(i) * width, P50: map[string]float64{}, P99: map[string]float64{}}
		parts[i] = map[string][]took{}
	}
	in := func(at float64) int { return min(max(int(at/width), 0), n-1) }
	for _, t := range d.ticks {
		p := &out[in(t.at)]
		p.Unshown, p.Acts = max(p.Unshown, t.in-t.seen), max(p.Acts, t.acts)
	}
	for i := range out {
		out[i].Rate = (d.placedBy(out[i].At+width) - d.placedBy(out[i].At)) / width
	}
	for _, m := range measures {
		for _, t := range d.took[m] {
			i := in(t.at)
			parts[i][m] = append(parts[i][m], t)
		}
	}
	for i := range out {
		for m, list := range parts[i] {
			s := spread(list)
			out[i].P50[m], out[i].P99[m] = s.P50, s.P99
		}
	}
	return out
}

// placedBy is how many orders had been placed by a moment, between two samples in
// proportion.
func (d *diary) placedBy(at float64) float64 {
	before := tick{}
	for _, t := range d.ticks {
		if t.at >= at {
			if t.at == before.at {
				return float64(t.in)
			}
			return float64(before.in) + float64(t.in-before.in)*(at-before.at)/(t.at-before.at)
		}
		before = t
	}
	return float64(before.in)
}

// JSON writes the report for programs.
func (r *Report) JSON(w io.Writer) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", " ")
	return enc.Encode(r)
}
