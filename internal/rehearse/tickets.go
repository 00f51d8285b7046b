package rehearse

import (
	"context"
	"crypto/rand"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tongdan/tongdan/internal/books"
	"github.com/tongdan/tongdan/internal/sim/printers"
)

// The paper of a rehearsal: a network printer in the kitchen of each store of Meituan. It
// acknowledges nothing, as real ones do: when a node is killed while it prints, nobody can
// say whether the ticket came out, and the hub prints it again, marked as a copy.
type paper struct {
	sim  *printers.Sim
	addr map[string]string // by the code of the Meituan shop
}

func openPaper(plan *Plan) (*paper, error) {
	out := &paper{addr: map[string]string{}}
	var list []printers.Printer
	for _, s := range plan.cast.takeaway {
		list = append(list, printers.Printer{Name: s.Code, Make: printers.ESCPOS})
	}
	out.sim = printers.New(printers.Options{Printers: list, Seed: plan.Seed})
	for _, s := range plan.cast.takeaway {
		addr, err := out.sim.Device(s.Code).Listen("127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		out.addr[s.Code] = addr
	}
	return out, nil
}

// connect adds the printer of a store to the hub, as a person would.
func (p *paper) connect(ctx context.Context, a *api, code, store string) error {
	return a.must(ctx, "POST", "/printers", rand.Text(), map[string]any{
		"kind": "escpos", "name": "后厨", "store_id": store, "address": p.addr[code], "again": true,
		"prints": []map[string]any{{"ticket": "kitchen"}, {"ticket": "cancel"}},
	}, nil)
}

// Tickets are the kitchen's, by what came out of the printers.
type Tickets struct {
	Owed    int `json:"owed"`    // orders that were accepted and not cancelled
	Printed int `json:"printed"` // of these, that are on paper
	Missing int `json:"missing"` // and that are not
	Twice   int `json:"twice"`   // orders with two kitchen tickets of which none is marked as a copy
	Copies  int `json:"copies"`  // marked ones, since nobody could say whether the first came out
	Wrong   int `json:"wrong"`   // slips that a real printer would have garbled
}

// times gives when the first kitchen ticket of each order was on paper, by the hub's id.
func (p *paper) times() map[string]time.Time {
	out := map[string]time.Time{}
	for _, d := range p.sim.Devices() {
		for _, s := range d.Slips(0) {
			if len(s.Codes) == 0 || !strings.Contains(s.Text(), "后厨单") {
				continue
			}
			if at, ok := out[s.Codes[0]]; !ok || s.At.Before(at) {
				out[s.Codes[0]] = s.At
			}
		}
	}
	return out
}

// printed notes how long the kitchen's tickets took.
func (j *judge) printed() {
	accepted := j.clerk.accepted()
	for id, at := range j.at.paper.times() {
		key := j.keys[id]
		if placed, ok := j.crowd.placedAt(key); ok {
			j.diary.ended(Paper, placed, at)
		}
		if pressed, ok := accepted[key]; ok {
			j.diary.ended(Printed, pressed, at)
		}
	}
}

// The kinds of what does not hold of the tickets.
const (
	kindNoTicket  = "no_ticket"
	kindTwoTicket = "two_tickets"
)

// accepted are the statuses of an order that a kitchen has to make, or has made.
var accepted = []string{"accepted", "ready", "delivering", "delivered", "done"}

// kindPrint is how the hub calls the act of printing.
const kindPrint = "print"

// out reports whether the kitchen ticket of an order lies at a printer, which is given by the hub's id.
func (p *paper) out(order string) bool {
	for _, d := range p.sim.Devices() {
		if slices.ContainsFunc(d.Slips(0), func(s printers.Slip) bool {
			return len(s.Codes) > 0 && s.Codes[0] == order && strings.Contains(s.Text(), "后厨单")
		}) {
			return true
		}
	}
	return false
}

// tally holds the paper against the hub's orders, which are given by the hub's id.
func (p *paper) tally(orders map[string]books.Order) (t Tickets, bad []books.Difference) {
	first := map[string]int{}
	any := map[string]bool{}
	for _, d := range p.sim.Devices() {
		for _, s := range d.Slips(0) {
			if len(s.Wrong) > 0 {
				t.Wrong++
			}
			text := s.Text()
			if len(s.Codes) == 0 || !strings.Contains(text, "后厨单") {
				continue
			}
			id := s.Codes[0]
			any[id] = true
			if strings.Contains(text, "补打") {
				t.Copies++
			} else if first[id]++; first[id] == 2 {
				t.Twice++
				bad = append(bad, books.Difference{Kind: kindTwoTicket, Key: id, Text: id + " has two kitchen tickets of which none says that it is a copy"})
			}
		}
	}
	for id, o := range orders {
		switch {
		case !takeaway(o.Channel) || !slices.Contains(accepted, o.Status):
		case any[id]:
			t.Owed++
			t.Printed++
		default:
			t.Owed++
			t.Missing++
			key := books.Key(o.Channel, o.Ref)
			bad = append(bad, books.Difference{Kind: kindNoTicket, Key: key, Text: fmt.Sprintf("%s is %s, and no ticket of it came out", key, o.Status)})
		}
	}
	slices.SortFunc(bad, func(a, b books.Difference) int { return strings.Compare(a.Key, b.Key) })
	return t, bad
}
