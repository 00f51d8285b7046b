// Package rehearse plays a busy day before it comes: customers buy at simulated platforms
// that misbehave, staff press their buttons through the real API, nodes are killed, and in
// the end the platforms' books are held against the hub's. The report says whether the
// promise held: no order lost, none doubled, nothing done twice.
//
// The hub runs as it does in production, as processes of their own (tongdan serve) behind
// a front that picks a live one; the platforms, the people and the measuring run here.
// Everything stays on this machine: whatever is called is on loopback.
package rehearse

import (
	"cmp"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"os/exec"
	"strings"
	"time"

	"github.com/tongdan/tongdan/internal/books"
	"github.com/tongdan/tongdan/internal/hub"
	"github.com/tongdan/tongdan/internal/sim"
)

// The limits of a rehearsal: it is bounded in time and count.
const (
	maxMinutes = 120
	maxRate    = 200 // orders a second
	maxOrders  = 200_000
	maxNodes   = 16
	maxSpeed   = 600
)

// A Plan says what is rehearsed. Check completes it.
type Plan struct {
	Profile string        // lunch, festival, flash, chain, replay
	Faults  string        // none, mild, nasty
	Nodes   int           // processes on one PostgreSQL; 1 without one
	Kill    time.Duration // kill -9 one node so often; 0 = never
	Lease   time.Duration // of a lane; 0 = 3 s
	Seed    uint64        // makes who buys what and when repeatable
	Speed   float64       // of the simulated clock; 0 = 10, for a chain 30
	Minutes float64       // how long orders come, real minutes; 0 = 5, for a chain its whole day
	Rate    float64       // orders a second, on average; 0 = the profile's own

	// Database is an empty PostgreSQL database; "" = a server of our own in a temporary
	// folder where more than one node is asked for, else SQLite.
	Database string
	// Hub is the address of a hub that runs on this machine already, with Key, an API key
	// of its owner. It is not killed, and its clock is the real one.
	Hub, Key string

	// Day is what replay plays: what was bought and when, how platforms told of it, and
	// what customers did then, without who.
	Day *hub.Day

	cast *cast // who sells; Check sets it

	// Node gives the command that runs one node; see NodeEnv.
	Node func(dir, addr string) *exec.Cmd
	// Patience is how long the books may take to agree after the last order; 0 = as long as
	// the platforms' slowest way of repair takes.
	Patience time.Duration
	// Settle is how long the books may take to agree in all, as long as they get nearer:
	// when it is over the rehearsal ends early and tells what it knows; 0 = 20 minutes.
	Settle time.Duration
	// Doctor changes what the platforms are believed to hold before it is compared, so that
	// a test can see a broken promise being told. nil = nothing.
	Doctor func(map[string]books.Entry)

	// Say is told once a second how it goes, by one goroutine at a time. May be nil.
	Say func(Progress)
	// Log gets what engineers want to know of the machinery itself.
	Log *slog.Logger
}

// A profile is a way in which orders come.
type profile struct {
	zh, en  string
	rate    float64                 // orders a second, by default
	density func(u float64) float64 // how many come at the part u of the time, relative
	hot     float64                 // the share that buys one and the same SKU
	retail  float64                 // the share of Mercado Libre
}

var profiles = map[string]profile{
	"lunch": {"午市高峰", "lunch rush", 2, func(u float64) float64 {
		return 0.35 + bell(u, 0.45, 0.18)
	}, 0, 0.1},
	"festival": {"节日十倍", "festival, ten times a lunch", 20, func(u float64) float64 {
		return 0.9 + 0.6*bell(u, 0.06, 0.04) + 0.4*bell(u, 0.7, 0.05)
	}, 0, 0.1},
	"flash": {"单品秒杀", "flash sale on one SKU", 20, func(u float64) float64 {
		return 0.3 + 5*bell(u, 0.1, 0.04)
	}, 0.8, 0.3},
	"chain":  {"连锁一天", "a chain's day", 0, chainDensity, 0, 0},
	"replay": {"上期订单重放", "the last period's orders again", 0, nil, 0, 0},
}

// faultPlans are how the platforms misbehave. Late pushes come 30 s later on their clock.
var faultPlans = map[string]struct {
	zh, en string
	plan   sim.FaultPlan
}{
	"none": {"无", "none", sim.FaultPlan{}},
	"mild": {"轻微", "mild", sim.FaultPlan{
		PushLost: 0.01, PushDoubled: 0.02, PushLate: 0.02, PushReordered: 0.02, PushLateBy: 30 * time.Second,
		Err429: 0.005, Err5xx: 0.01, DropBeforeCommit: 0.005, DropAfterCommit: 0.01, SlowAnswer: 0.01, SlowBy: 400 * time.Millisecond,
	}},
	"nasty": {"恶劣", "nasty", sim.FaultPlan{
		PushLost: 0.05, PushDoubled: 0.10, PushLate: 0.08, PushReordered: 0.08, PushForged: 0.03, PushLateBy: 30 * time.Second,
		Err429: 0.02, Err5xx: 0.03, DropBeforeCommit: 0.03, DropAfterCommit: 0.06, SlowAnswer: 0.03, SlowBy: 400 * time.Millisecond,
	}},
}

// Check completes a plan, or says what is wrong with it.
func (p *Plan) Check() error {
	pr, ok := profiles[p.Profile]
	if !ok {
		return fmt.Errorf("--profile is %q: use lunch, festival, flash, chain or replay", p.Profile)
	}
	if _, ok := faultPlans[p.Faults]; !ok {
		return fmt.Errorf("--faults is %q: use none, mild or nasty", p.Faults)
	}
	if p.Hub != "" {
		if p.Nodes > 1 || p.Kill > 0 || p.Database != "" || p.Speed > 1 {
			return fmt.Errorf("--hub is for a hub that runs already: leave out --nodes, --kill, --database and --speed")
		}
		if err := loopback(p.Hub); err != nil {
			return err
		}
		if p.Key == "" {
			return fmt.Errorf("--hub needs --api-key, a key of that hub's owner")
		}
		p.Speed = 1
	}
	speed, minutes := 10.0, 5.0
	p.cast = few()
	if p.Profile == "chain" {
		p.cast, speed = chain(), chainSpeed
		minutes = chainDay.Minutes() / cmp.Or(p.Speed, speed)
		p.Rate = cmp.Or(p.Rate, chainOrders/(minutes*60))
	}
	p.Nodes, p.Speed, p.Minutes = cmp.Or(p.Nodes, 1), cmp.Or(p.Speed, speed), cmp.Or(p.Minutes, minutes)
	p.Lease, p.Settle = cmp.Or(p.Lease, 3*time.Second), cmp.Or(p.Settle, 20*time.Minute)
	if p.Profile == "replay" {
		if p.Day == nil || len(p.Day.Lives) == 0 {
			return fmt.Errorf("there is nothing to replay: name with --from the data folder or the database whose orders are to be played again")
		}
		if len(p.Day.Lives) > maxOrders {
			return fmt.Errorf("%d orders are more than the %d of one rehearsal: replay a shorter period", len(p.Day.Lives), maxOrders)
		}
		p.Rate = float64(len(p.Day.Lives)) / (p.Minutes * 60)
	}
	p.Rate = cmp.Or(p.Rate, pr.rate)
	switch {
	case p.Nodes < 1 || p.Nodes > maxNodes:
		return fmt.Errorf("--nodes is %d: use 1 to %d", p.Nodes, maxNodes)
	case !(p.Minutes >= 0.05 && p.Minutes <= maxMinutes):
		return fmt.Errorf("--minutes is %g: use 0.05 to %d", p.Minutes, maxMinutes)
	case !(p.Rate > 0 && p.Rate <= maxRate):
		return fmt.Errorf("that is %.3g orders a second: use up to %d (--rate, --minutes)", p.Rate, maxRate)
	case p.Rate*p.Minutes*60 > maxOrders:
		return fmt.Errorf("that is %.0f orders: a rehearsal has at most %d (--rate, --minutes)", p.Rate*p.Minutes*60, maxOrders)
	case !(p.Speed >= 1 && p.Speed <= maxSpeed):
		return fmt.Errorf("--speed is %g: use 1 to %d", p.Speed, maxSpeed)
	case p.Kill < 0 || p.Kill > 0 && p.Kill < time.Second:
		return fmt.Errorf("--kill is %v: use a second or more", p.Kill)
	case p.Settle < time.Second || p.Settle > 2*time.Hour:
		return fmt.Errorf("--settle is %v: use 1s to 2h", p.Settle)
	case p.Lease < 500*time.Millisecond || p.Lease > 5*time.Minute:
		return fmt.Errorf("--lease is %v: use 0.5s to 5m", p.Lease)
	}
	if p.Log == nil {
		p.Log = slog.New(slog.DiscardHandler)
	}
	if p.Say == nil {
		p.Say = func(Progress) {}
	}
	return nil
}

// loopback refuses addresses of other machines: a rehearsal puts load on what it talks to.
func loopback(text string) error {
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "http" || u.Host == "" || strings.Trim(u.Path, "/") != "" {
		return fmt.Errorf("--hub is %q: use an address such as http://127.0.0.1:8080", text)
	}
	if ip := net.ParseIP(u.Hostname()); u.Hostname() != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return fmt.Errorf("--hub is %q: a rehearsal talks only to this machine (127.0.0.1)", text)
	}
	return nil
}
