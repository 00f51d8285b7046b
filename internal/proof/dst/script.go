package dst

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/tongdan/tongdan/internal/db"
	"github.com/tongdan/tongdan/internal/sim"
	"github.com/tongdan/tongdan/order"
)

// A Script is a day as its seed draws it: who does what, what breaks, in this order. What
// happens in between (which message is next, how long it is on its way) is drawn from the
// seed of each step, so that a step can be left out and the others stay what they are.
type Script struct {
	Seed  uint64
	Nodes int // hubs on the one database
	Steps []Step
	Copy  bool // in the end a copy of the database is opened beside the original
	Stock int  // pieces of the dish that is counted, in the morning; 0 = nothing is counted
}

// A Step is one thing that somebody does or that breaks.
type Step struct {
	Kind Kind
	Life int    // the order life that it belongs to; -1 = none
	What string // the act, the fault
	N    int    // node, number of messages, seller
	Wait int    // ms that pass before it
	Seed uint64

	close bool // follows the one before it of its life at once
}

// A Kind is who acts in a step.
type Kind string

// The kinds.
const (
	Place  Kind = "place"  // a customer orders: What is the platform, N the shop
	World_ Kind = "world"  // customer, rider or platform act on the platform
	Clerk  Kind = "clerk"  // the clerk looks, and presses what the hub offers
	Again  Kind = "again"  // the clerk presses once more what he pressed before
	Fault  Kind = "fault"  // the next N messages or calls of a platform meet a fault
	Crash  Kind = "crash"  // node N dies, and comes back after What
	Freeze Kind = "freeze" // node N stands still for What
	Expire Kind = "expire" // Mercado Libre's access tokens end
	Pass   Kind = "pass"   // nothing but time
	Book   Kind = "book"   // the clerk books N pieces in, or out
	Disk   Kind = "disk"   // the database fails N times at What
)

func (s Step) String() string {
	who := ""
	if s.Life >= 0 {
		who = fmt.Sprintf("life %d ", s.Life+1)
	}
	after := fmt.Sprintf("after %6.1f s  ", float64(s.Wait)/1000)
	switch s.Kind {
	case Place:
		return after + who + "is placed at " + s.What + fmt.Sprintf(", shop %d", s.N+1)
	case World_:
		return after + who + "out there: " + s.What
	case Clerk:
		times := ""
		if s.N > 1 {
			times = ", twice at once"
		}
		return after + who + "the clerk wants " + s.What + times
	case Again:
		return after + who + "the clerk presses " + s.What + " again"
	case Fault:
		return after + fmt.Sprintf("the next %d meet %s", s.N, s.What)
	case Crash, Freeze:
		return after + fmt.Sprintf("node %d: %s for %s", s.N, s.Kind, s.What)
	case Expire:
		return after + "all access tokens end"
	case Book:
		return after + fmt.Sprintf("the clerk books %+d pieces", s.N)
	case Disk:
		return after + fmt.Sprintf("the database fails %d times: %s", s.N, s.What)
	}
	return after + "time passes"
}

// String prints the script in lines for people.
func (s Script) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "seed %d, %d node(s), %d steps, %d pieces in stock\n", s.Seed, max(s.Nodes, 1), len(s.Steps), s.Stock)
	for i, step := range s.Steps {
		fmt.Fprintf(&b, "%4d  %s\n", i+1, step)
	}
	if s.Copy {
		b.WriteString("      in the end a copy of the database is opened\n")
	}
	return b.String()
}

// share is on how many days of a hundred stock is counted, or the database fails: 5, or what
// the environment variable says. With more, the days that have it already stay what they are.
func share(name string) int {
	if n, err := strconv.Atoi(os.Getenv(name)); err == nil {
		return n
	}
	return 5
}

// Lives is how many orders a day has.
const Lives = 20

// Draw makes the script of a seed.
func Draw(seed uint64) Script {
	d := drawing{rand.New(rand.NewPCG(seed, 0x64617973))}
	s := Script{Seed: seed, Nodes: 1, Copy: d.IntN(8) == 0}
	if d.IntN(3) == 0 {
		s.Nodes = 2
	}
	type at struct {
		when float64
		Step
	}
	var all []at
	add := func(when float64, step Step) { all = append(all, at{when, step}) }
	for life := range Lives {
		steps := d.meituan(life)
		if life%5 == 4 {
			steps = d.mercado(life)
		}
		when := d.Float64() * 0.8
		for _, step := range steps {
			if !step.close {
				when += (1 - when) * d.Float64() * 0.4
			}
			add(when, step)
		}
	}
	for range d.IntN(10) {
		kinds := []string{sim.PushLost, sim.PushLost, sim.PushDoubled, sim.PushLate, sim.PushReordered, sim.PushForged, sim.Err429, sim.Err5xx,
			sim.DropBeforeCommit, sim.DropAfterCommit, sim.DropAfterCommit, sim.DropAfterCommit}
		add(d.Float64(), Step{Kind: Fault, Life: -1, What: kinds[d.IntN(len(kinds))], N: 1 + d.IntN(3)})
	}
	for range []int{0, 1, 1, 2, 3}[d.IntN(5)] {
		add(d.Float64(), Step{Kind: Crash, Life: -1, N: d.IntN(s.Nodes), What: []string{"1s", "5s", "30s", "2m"}[d.IntN(4)]})
	}
	if s.Nodes > 1 || d.IntN(3) == 0 {
		for range 1 + d.IntN(2) {
			add(d.Float64(), Step{Kind: Freeze, Life: -1, N: d.IntN(s.Nodes), What: []string{"3s", "15s", "25s", "1m"}[d.IntN(4)]})
		}
	}
	if d.IntN(4) == 0 {
		add(d.Float64(), Step{Kind: Expire, Life: -1})
	}
	for range d.IntN(3) {
		add(d.Float64(), Step{Kind: Pass, Life: -1, Wait: 1000 * (30 + d.IntN(600))})
	}
	more := drawing{rand.New(rand.NewPCG(seed, 0x73746f636b))}
	if more.chance(share("TONGDAN_STOCK")) {
		s.Stock = 5 + more.IntN(60)
		for range 1 + more.IntN(4) {
			add(more.Float64(), Step{Kind: Book, Life: -1, N: []int{5, 10, 20, -2, -5}[more.IntN(5)]})
		}
	}
	if more.chance(share("TONGDAN_DISK")) {
		for range 1 + more.IntN(4) {
			what := []db.Moment{db.Reading, db.Writing, db.Committing, db.Committed, db.Committed}[more.IntN(5)]
			add(more.Float64(), Step{Kind: Disk, Life: -1, What: string(what), N: []int{1, 1, 2, 3, 8}[more.IntN(5)]})
		}
	}
	slices.SortStableFunc(all, func(a, b at) int { return cmp.Compare(a.when, b.when) })
	for _, a := range all {
		switch {
		case a.close:
			a.Wait = d.IntN(60)
		case a.Kind != Pass:
			a.Wait = d.IntN(3) * d.IntN(1000)
			if d.IntN(25) == 0 {
				a.Wait = 1000 * d.IntN(40)
			}
		}
		a.Seed = d.Uint64()
		s.Steps = append(s.Steps, a.Step)
	}
	return s
}

type drawing struct{ *rand.Rand }

// chance is true in n of 100 cases.
func (d drawing) chance(n int) bool { return d.IntN(100) < n }

// meituan draws the life of an order at Meituan: what customers, riders and clerks would
// do if nothing came between. What is no longer possible when its time comes is left out.
func (d drawing) meituan(life int) (out []Step) {
	shop := d.IntN(2) // the second delivers itself
	add := func(k Kind, what string) { out = append(out, Step{Kind: k, Life: life, What: what, N: 1}) }
	clerk := func(kind order.ActionKind) {
		out = append(out, Step{Kind: Clerk, Life: life, What: string(kind), N: 1 + max(0, d.IntN(6)-4)})
		if d.chance(12) {
			add(Again, string(kind))
		}
	}
	what := "meituan"
	if d.chance(8) {
		what = "meituan unpaid"
	}
	out = append(out, Step{Kind: Place, Life: life, What: what, N: shop})
	if what != "meituan" && d.chance(80) {
		add(World_, "pay")
	}
	if d.chance(7) {
		add(World_, "buyer_cancel")
	}
	if d.chance(6) {
		add(World_, "ask_refund") // before it is accepted
	}
	switch n := d.IntN(100); {
	case n < 80:
		clerk(order.Accept)
	case n < 86:
		clerk(order.Refuse)
	case n < 92:
		add(World_, "accept_in_app")
		clerk(order.Accept) // too late, and so already
	default: // nobody accepts: the platform cancels
		return out
	}
	if d.chance(15) {
		add(World_, "remind")
	}
	if d.chance(20) {
		clerk(order.RefundPartial)
		if d.chance(40) {
			add(Again, string(order.RefundPartial))
		}
	}
	if d.chance(50) {
		clerk(order.Ready)
	}
	refund := func() {
		switch n := d.IntN(100); {
		case n < 45:
			add(World_, "ask_refund")
		case n < 80:
			add(World_, "ask_part")
		default:
			return
		}
		switch n := d.IntN(100); {
		case n < 30:
			clerk(order.RefundApprove)
		case n < 50:
			clerk(order.RefundRefuse)
			if d.chance(40) {
				add(World_, "appeal")
				if d.chance(60) {
					add(World_, "rule")
				}
			}
		case n < 75: // the customer thinks again while the clerk answers
			out = append(out, Step{Kind: Clerk, Life: life, What: string(order.RefundApprove), N: 1},
				Step{Kind: World_, Life: life, What: "withdraw_refund", close: true})
			if d.chance(80) {
				out = append(out, Step{Kind: World_, Life: life, What: "ask_part", close: true})
			}
		case n < 85:
			add(World_, "agree_in_app")
			clerk(order.RefundApprove)
		default: // nobody answers: the platform agrees
		}
	}
	if d.chance(25) {
		refund()
	}
	if shop == 0 {
		for _, act := range []string{"rider_accept", "rider_arrive", "rider_collect", "rider_deliver"} {
			if d.chance(85) {
				add(World_, act)
			}
		}
	} else {
		if d.chance(80) {
			clerk(order.Dispatch)
		}
		if d.chance(70) {
			clerk(order.Deliver)
		}
	}
	if d.chance(6) {
		clerk(order.Cancel)
	}
	if d.chance(4) {
		add(World_, "service_cancel")
	}
	if d.chance(50) {
		add(World_, "complete")
	}
	if d.chance(15) {
		refund()
	}
	return out
}

// mercado draws the life of a sale at Mercado Libre.
func (d drawing) mercado(life int) (out []Step) {
	seller := d.IntN(2) // the second ships with a carrier of its own
	add := func(k Kind, what string) { out = append(out, Step{Kind: k, Life: life, What: what, N: 1}) }
	what := "mercadolibre"
	switch n := d.IntN(100); {
	case n < 15:
		what = "mercadolibre unpaid"
	case n < 35:
		what = "mercadolibre pack"
	}
	out = append(out, Step{Kind: Place, Life: life, What: what, N: seller})
	if what == "mercadolibre unpaid" && d.chance(85) {
		add(World_, "pay")
	}
	if d.chance(30) {
		add(Clerk, string(order.Annotate))
		if d.chance(30) {
			add(Again, string(order.Annotate))
		}
	}
	if d.chance(10) {
		add(World_, "buyer_cancel")
	}
	if d.chance(10) {
		add(Clerk, string(order.Cancel))
	}
	if seller == 0 {
		for range d.IntN(7) {
			add(World_, "progress")
		}
		if d.chance(30) {
			add(Clerk, string(order.Ready))
		}
	} else {
		if d.chance(70) {
			add(Clerk, string(order.Ship))
		}
		if d.chance(50) {
			add(Clerk, string(order.Deliver))
		}
	}
	if d.chance(5) {
		add(World_, "platform_cancel")
	}
	return out
}
