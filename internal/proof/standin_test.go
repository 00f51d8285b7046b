package proof

import (
	"crypto/rand"
	"fmt"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tongdan/tongdan/internal/point"
	"github.com/tongdan/tongdan/internal/sim/printers"
)

// TestAMoveToAStandInSurvivesDyingNodes takes the paper from a kitchen's printer, again and again,
// and has the node die while its tickets move to the stand-in: before the move, within its
// transaction, after it while the stand-in has no paper either, and while that prints. Each ticket
// comes out there once and in order, and nowhere else.
func TestAMoveToAStandInSurvivesDyingNodes(t *testing.T) {
	if testing.Short() {
		t.Skip("takes a minute")
	}
	engines(t, func(t *testing.T, p Plan) {
		w := newWorld(t, stage{plan: p, start: time.Now(), speed: 1, seed: 9})
		k := newKitchen(w)
		for _, at := range point.All() {
			if strings.HasPrefix(string(at), "standin.") {
				k.round(string(at)+":1:kill", nil)
			}
		}
		k.round("", func() { // nothing is printed yet, and all of it has moved
			k.counter.Paper(false)
			w.until(time.Minute, func() string {
				if on := k.states()[k.own].On; on == "" {
					return "the stand-in has not taken over"
				}
				return ""
			})
			w.kill()
			k.counter.Paper(true)
		})
		k.round(string(point.CallWritten)+":2:kill", nil) // the cloud has the second ticket, and its answer is lost
		w.stop()
	})
}

// A kitchen is a store's two printers: its own, and one of a cloud that stands in for it.
type kitchen struct {
	*world
	printer, counter *printers.Device
	own              string
	rounds           int
}

func newKitchen(w *world) *kitchen {
	w.t.Helper()
	s := printers.New(printers.Options{
		Printers: []printers.Printer{{Name: "kitchen", Make: printers.ESCPOS}, {Name: "counter", Make: printers.Yilianyun, Serial: "4004500001", Key: "k2"}},
		Accounts: []printers.Account{{Make: printers.Yilianyun, ID: "100", Secret: "yly"}},
	})
	w.t.Cleanup(func() { s.Close() })
	cloud := httptest.NewServer(s.API())
	w.t.Cleanup(cloud.Close)
	k := &kitchen{world: w, printer: s.Device("kitchen"), counter: s.Device("counter")}
	addr, err := k.printer.Listen("")
	if err != nil {
		w.t.Fatal(err)
	}
	put := func(body map[string]any) string {
		var made struct {
			ID string `json:"id"`
		}
		if status, why, err := w.call(patient, "POST", "/printers", rand.Text(), body, &made); err != nil || status >= 300 {
			w.t.Fatalf("a printer: %d %s %v", status, why, err)
		}
		return made.ID
	}
	counter := put(map[string]any{"kind": "yilianyun", "name": "counter", "store_id": w.made.Store, "address": cloud.URL, "prints": []any{},
		"credentials": map[string]string{"client_id": "100", "client_secret": "yly", "machine_code": "4004500001", "msign": "k2"}})
	if status, why, err := w.call(patient, "POST", "/printers/"+counter+"/test", rand.Text(), struct{}{}, nil); err != nil || status >= 300 {
		w.t.Fatalf("the test page: %d %s %v", status, why, err)
	}
	k.own = put(map[string]any{"kind": "escpos", "name": "kitchen", "store_id": w.made.Store, "address": addr, "stand_in": counter, "stand_in_after_s": 5,
		"prints": []any{map[string]any{"ticket": "kitchen"}}})
	return k
}

type printerNow struct {
	ID    string `json:"id"`
	Since int64  `json:"since_at"`
	On    string `json:"stand_in_name"`
}

// states are the printers by id, none while the node cannot be asked.
func (k *kitchen) states() map[string]printerNow {
	var list struct {
		Printers []printerNow `json:"printers"`
	}
	out := map[string]printerNow{}
	if status, _, err := k.call(patient, "GET", "/printers", "", nil, &list); err == nil && status == 200 {
		for _, p := range list.Printers {
			out[p.ID] = p
		}
	}
	return out
}

// enter takes an order at the counter, whose ticket is due at once. The node may die meanwhile.
func (k *kitchen) enter() string {
	k.t.Helper()
	var made struct {
		ID string `json:"order_id"`
	}
	key, body := rand.Text(), map[string]any{"store_id": k.made.Store, "origin": "counter", "serve": "take_out", "pay": "cash", "lines": []any{map[string]any{"name": "珍珠奶茶", "quantity": 1, "price": 1550}}}
	k.until(time.Minute, func() string {
		status, why, err := k.call(patient, "POST", "/orders", key, body, &made)
		if err != nil || status >= 300 {
			return fmt.Sprintf("an order: %d %s %v", status, why, err)
		}
		return ""
	})
	return made.ID
}

// of are the orders on the slips of a printer from a number on, and what is on the last.
func of(d *printers.Device, from int64) (orders []string, last int64) {
	for _, s := range d.Slips(from) {
		if len(s.Codes) == 1 { // a test page has none
			orders = append(orders, s.Codes[0])
		}
		last = s.Seq
	}
	return orders, max(last, from)
}

// round takes the paper away, enters three orders, has the node die (at a point, or by what dies
// does) and start again, and looks at what came out.
func (k *kitchen) round(points string, dies func()) {
	k.t.Helper()
	k.rounds++
	_, atOwn := of(k.printer, 0)
	_, atCounter := of(k.counter, 0)
	k.printer.Paper(false)
	if points != "" {
		if _, err := ask[struct{}](k.process, "arm", points); err != nil {
			k.t.Fatal(err)
		}
	}
	var orders []string
	for range 3 {
		orders = append(orders, k.enter())
	}
	if dies != nil {
		dies()
	} else {
		at, _, _ := strings.Cut(points, ":")
		select {
		case <-k.Ended():
		case <-time.After(time.Minute):
			k.t.Fatalf("the node never came to %s", at)
		}
		if !strings.Contains(k.Log(), "dies at "+at+":") {
			k.t.Fatalf("it died, but not at %s", at)
		}
	}
	k.start()
	k.until(time.Minute, func() string {
		if got, _ := of(k.counter, atCounter); len(got) < len(orders) {
			return fmt.Sprintf("round %d (%s): %d of %d tickets came out of the stand-in: %+v", k.rounds, points, len(got), len(orders), k.states())
		}
		return ""
	})
	k.printer.Paper(true)
	k.until(time.Minute, func() string {
		if s, ok := k.states()[k.own]; !ok || s.Since > 0 || s.On != "" {
			return fmt.Sprintf("round %d: it has paper and is not well: %+v", k.rounds, s)
		}
		return ""
	})
	back := k.enter()
	k.until(time.Minute, func() string {
		if got, _ := of(k.printer, atOwn); len(got) == 0 {
			return "the next ticket has not come out of its own printer"
		}
		return ""
	})
	if got, _ := of(k.printer, atOwn); !slices.Equal(got, []string{back}) {
		k.t.Errorf("round %d (%s): of its own printer came %v, and not the last order alone", k.rounds, points, got)
	}
	if got, _ := of(k.counter, atCounter); !slices.Equal(got, orders) {
		k.t.Errorf("round %d (%s): of the stand-in came %v, and not %v", k.rounds, points, got, orders)
	}
}
