package proof

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"

	"github.com/tongdan/tongdan/effect"
	"github.com/tongdan/tongdan/internal/hub"
	"github.com/tongdan/tongdan/internal/sim"
	mt "github.com/tongdan/tongdan/internal/sim/meituan"
	ml "github.com/tongdan/tongdan/internal/sim/mercadolibre"
	"github.com/tongdan/tongdan/order"
)

// What the buyers want: one dish on Meituan, one listing on Mercado Libre, both from one
// pile of the merchant's.
const (
	mtDish, mtSpec = "T001", "T001-M"
	mlItem         = "MLB4000001006" // a listing without variations
	stockSpeed     = 20              // of the trade's clock
	buyers         = 64
)

// A ledger is the history of one SKU on all platforms and of what the merchant has, in
// the order in which it happened: the simulators write each change of a number while it
// is locked. It is checked at each line, so that no instant is missed.
type ledger struct {
	mu    sync.Mutex
	clock int64
	there int64            // what is there, less all that was sold, whoever has heard of it
	shows map[string]int64 // by platform; absent = not ours to say yet
	lines []line
	bad   []string
	ops   []porcupine.Operation
}

type line struct {
	At    int64
	What  string
	There int64
	Shows string
}

// note writes a line under the lock and looks whether more is shown than there is.
func (l *ledger) note(what string) {
	l.clock++
	var sum int64
	for _, n := range l.shows {
		sum += n
	}
	l.lines = append(l.lines, line{l.clock, what, l.there, fmt.Sprint(l.shows)})
	if sum > max(l.there, 0) && len(l.bad) < 5 {
		from := max(len(l.lines)-25, 0)
		var b strings.Builder
		for _, x := range l.lines[from:] {
			fmt.Fprintf(&b, "  %4d %-40s there %3d shown %s\n", x.At, x.What, x.There, x.Shows)
		}
		l.bad = append(l.bad, fmt.Sprintf("%d are shown and %d are there:\n%s", sum, l.there, b.String()))
	}
}

func (l *ledger) told(c sim.StockChange) {
	if c.Platform == "meituan" && (c.Shop != mtShop || c.Item != mtDish || c.Variation != mtSpec) || c.Platform == "mercadolibre" && c.Item != mlItem {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	switch c.Why {
	case sim.StockSold:
		l.there -= int64(c.Pieces)
	case sim.StockBack:
		l.there += int64(c.Pieces)
	}
	_, ours := l.shows[c.Platform]
	if c.Why == sim.StockSet && c.Shows == 0 {
		ours = true // the hub has taken it over
	}
	if ours {
		l.shows[c.Platform] = int64(c.Shows)
	}
	l.note(fmt.Sprint(c.Platform, " ", c.Why, " ", c.Pieces, " → ", c.Shows))
	if ours && c.Why == sim.StockSet {
		l.ops = append(l.ops, porcupine.Operation{ClientId: buyers, Input: stockOp{kind: "set", at: c.Platform, n: int64(c.Shows)}, Call: 2 * l.clock, Output: true, Return: 2*l.clock + 1})
	}
}

// change books what a person puts there; it counts before the hub hears of it.
func (l *ledger) change(n int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.there += n
	l.note(fmt.Sprint("booked in ", n))
	l.ops = append(l.ops, porcupine.Operation{ClientId: buyers + 1, Input: stockOp{kind: "restock", n: n}, Call: 2 * l.clock, Output: true, Return: 2*l.clock + 1})
}

func (l *ledger) now() int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.clock++
	return 2 * l.clock
}

func (l *ledger) did(client int, in stockOp, out bool, call int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.clock++
	if !out && len(l.ops) > 2000 {
		return // who finds everything sold out tries again and again
	}
	l.ops = append(l.ops, porcupine.Operation{ClientId: client, Input: in, Call: call, Output: out, Return: 2 * l.clock})
}

func (l *ledger) left() int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.there
}

// A stockOp is what somebody did to the stock; a stockState is what it should be like:
// a number of pieces, and what each platform shows of them.
type (
	stockOp struct {
		kind string // buy, back, set, restock
		at   string
		n    int64
	}
	stockState struct {
		there   int64
		meituan int64
		mercado int64
	}
)

func (s *stockState) shows(at string) *int64 {
	if at == "meituan" {
		return &s.meituan
	}
	return &s.mercado
}

// stockModel is the promise as a sequential object: a purchase takes a piece off the
// platform that shows one and off the pile, and is refused where none is shown; no number
// is set so that more is shown than there is.
var stockModel = porcupine.Model{
	Init: func() any { return stockState{} },
	Step: func(state, input, output any) (bool, any) {
		s, in, ok := state.(stockState), input.(stockOp), output.(bool)
		switch in.kind {
		case "buy":
			if !ok {
				return *s.shows(in.at) == 0, s
			}
			*s.shows(in.at)--
			s.there--
			return *s.shows(in.at) >= 0 && s.there >= 0, s
		case "back":
			*s.shows(in.at) += in.n
			s.there += in.n
		case "restock":
			s.there += in.n
		case "set":
			*s.shows(in.at) = in.n
		}
		return s.meituan+s.mercado <= s.there, s
	},
	Equal: func(a, b any) bool { return a == b },
	DescribeOperation: func(input, output any) string {
		in := input.(stockOp)
		return fmt.Sprint(in.kind, " ", in.at, " ", in.n, " ", output)
	},
}

// A counter is the merchant with the API in hand.
type counter struct {
	w *world
}

func (c counter) call(method, path string, in, out any) error {
	raw, err := json.Marshal(in)
	if err != nil {
		return err
	}
	req, err := http.NewRequest(method, c.w.URL+"/api/v1"+path, bytes.NewReader(raw))
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+c.w.made.Key)
	req.Header.Set("Content-Type", "application/json")
	if method == http.MethodPost {
		req.Header.Set("Idempotency-Key", fmt.Sprint(path, string(raw), time.Now().UnixNano()))
	}
	res, err := c.w.http.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err == nil && res.StatusCode > 299 {
		err = fmt.Errorf("%s %s: HTTP %d %s", method, path, res.StatusCode, b)
	}
	if err == nil && out != nil {
		err = json.Unmarshal(b, out)
	}
	return err
}

func (c counter) must(method, path string, in, out any) {
	c.w.t.Helper()
	if err := c.call(method, path, in, out); err != nil {
		c.w.t.Fatal(err)
	}
}

type levelSeen struct {
	SKU      string `json:"sku_id"`
	OnHand   int64  `json:"on_hand"`
	Reserved int64  `json:"reserved"`
	Sellable int64  `json:"sellable"`
	Offers   []struct {
		State string `json:"state"`
		Shown int64  `json:"shown"`
		May   int64  `json:"may_sell"`
		Words string `json:"words"`
	} `json:"offers"`
}

func (c counter) level(sku string) (levelSeen, error) {
	var out struct {
		Levels []levelSeen `json:"levels"`
	}
	err := c.call("GET", "/stock?sku="+sku, struct{}{}, &out)
	if err == nil && len(out.Levels) != 1 {
		err = fmt.Errorf("%d levels", len(out.Levels))
	}
	if err != nil {
		return levelSeen{}, err
	}
	return out.Levels[0], nil
}

func (l levelSeen) calm() bool {
	for _, o := range l.Offers {
		if o.State != "shown" {
			return false
		}
	}
	return true
}

// waiting lists what the hub still has to do.
func (w *world) waiting() string {
	list := must[Effects](w.process, "effects", AskEffects{Merchant: w.made.Merchant, States: []effect.State{effect.Waiting, effect.Sending, effect.Unknown, effect.Person}})
	out := ""
	for _, e := range list.List {
		out += fmt.Sprintf("\n%s %s, %d attempts, %s %s, in %d ms, %s", e.Kind, e.State, e.Attempts, e.Why.Text, e.Code, e.NextAt-time.Now().UnixMilli(), e.Target)
	}
	return out
}

// stockWorld is a world with one SKU, bound on both platforms, and its ledger.
func stockWorld(t *testing.T, p Plan, there int64) (*world, *ledger, counter, string) {
	t.Helper()
	l := &ledger{shows: map[string]int64{}}
	w := newWorld(t, stage{plan: p, start: time.Date(2026, 3, 1, 3, 0, 0, 0, time.UTC), speed: stockSpeed, seed: 11,
		meituan: func(o *mt.Options) { slowDeadlines(o); o.OnStock = l.told },
		mercado: func(o *ml.Options) { o.OnStock = l.told },
	})
	w.warmUp()
	c := counter{w}
	var sku struct{ ID string }
	c.must("POST", "/skus", map[string]any{"code": "TEA-M", "name": "茶"}, &sku)
	sold := l.left()
	l.change(there - sold) // an order of the warming up may have taken some
	c.must("POST", "/stock/movements", map[string]any{"store_id": w.made.Store, "sku_id": sku.ID, "reason": "receipt", "pieces": there - sold}, nil)
	c.must("POST", "/offers", map[string]any{"shop_id": w.made.Shops[indexMT][0], "sku_id": sku.ID, "item": mtDish, "variation": mtSpec}, nil)
	c.must("POST", "/offers", map[string]any{"shop_id": w.made.Shops[indexBR][0], "sku_id": sku.ID, "item": mlItem}, nil)
	w.until(60*time.Second, func() string {
		v, err := c.level(sku.ID)
		switch {
		case err != nil:
			return err.Error()
		case !v.calm() || v.Offers[0].Shown+v.Offers[1].Shown != l.left():
			return fmt.Sprintf("what is there is not shown: %+v %s", v, w.waiting())
		}
		return ""
	})
	return w, l, c, sku.ID
}

// shoppers buy, one piece at a time, on both platforms, until nothing is left or told to
// stop; some think again.
type shoppers struct {
	w      *world
	l      *ledger
	bought atomic.Int64
	back   atomic.Int64
	stop   chan struct{}
	group  sync.WaitGroup
}

func (s *shoppers) shop(client int, seed uint64) {
	rng := rand.New(rand.NewPCG(seed, uint64(client)))
	for {
		select {
		case <-s.stop:
			return
		case <-time.After(time.Duration(rng.IntN(120)) * time.Millisecond):
		}
		in := stockOp{kind: "buy", at: pick(rng, "meituan", "mercadolibre")}
		call := s.l.now()
		undo, err := s.buy(in.at)
		s.l.did(client, in, err == nil, call)
		switch {
		case err != nil && !strings.Contains(err.Error(), "sold out") && !strings.Contains(err.Error(), " left:"):
			s.w.t.Errorf("buy: %v", err)
			return
		case err != nil:
			continue
		}
		s.bought.Add(1)
		if rng.IntN(10) > 0 {
			continue
		}
		time.Sleep(time.Duration(rng.IntN(200)) * time.Millisecond) // the moment is what is random here
		call = s.l.now()
		if undo() == nil {
			s.l.did(client, stockOp{"back", in.at, 1}, true, call)
			s.back.Add(1)
		}
	}
}

func (s *shoppers) buy(at string) (undo func() error, err error) {
	if at == "meituan" {
		id, err := s.w.mt.Place(json.RawMessage(`{"app_poi_code":"` + mtShop + `","detail":[{"app_food_code":"` + mtDish + `","sku_id":"` + mtSpec + `","quantity":1}]}`))
		return func() error { return s.w.mt.Do(id, "buyer_cancel", nil) }, err
	}
	p, err := s.w.ml.Place(ml.Placement{SellerID: brazil, Order: json.RawMessage(`{"order_items":[{"item":{"id":"` + mlItem + `"},"quantity":1}]}`)})
	return func() error {
		if len(p.Orders) == 0 {
			return errors.New("no order")
		}
		return s.w.ml.Act(p.Orders[0], "buyer_cancel", ml.ActArgs{})
	}, err
}

// TestTheLastUnitsAreSoldOnce lets 64 buyers buy what there is on two platforms that
// misbehave, while goods come in, some buyers cancel, and the node is killed. At no
// instant do the platforms together show more than is there; the history of purchases and
// of numbers that were set is one that a single pile of goods could have had; in the end
// everything is sold, once, and the hub's book says so.
func TestTheLastUnitsAreSoldOnce(t *testing.T) {
	inTurn(t, func(t *testing.T, p Plan) {
		w, l, c, sku := stockWorld(t, p, 60)
		w.faults(sim.FaultPlan{PushLost: 0.05, PushDoubled: 0.1, PushLate: 0.1, PushReordered: 0.1, PushLateBy: 20 * time.Second,
			Err429: 0.02, Err5xx: 0.05, DropBeforeCommit: 0.05, DropAfterCommit: 0.10, SlowAnswer: 0.03, SlowBy: 300 * time.Millisecond})
		s := &shoppers{w: w, l: l, stop: make(chan struct{})}
		for i := range buyers {
			s.group.Go(func() { s.shop(i, 7) })
		}
		receive := func(n int64) {
			l.change(n)
			body := map[string]any{"store_id": w.made.Store, "sku_id": sku, "reason": "receipt", "pieces": n, "note": strconv.Itoa(int(n))}
			for c.call("POST", "/stock/movements", body, nil) != nil {
				time.Sleep(50 * time.Millisecond) // the node is being killed
			}
		}
		time.Sleep(time.Second)
		receive(30)
		w.kill()
		w.start()
		receive(20)
		w.until(60*time.Second, func() string {
			if n := l.left(); n > 0 {
				v, err := c.level(sku)
				return fmt.Sprintf("%d are not sold: %+v %v %s", n, v, err, w.waiting())
			}
			return ""
		})
		w.faults(sim.FaultPlan{})
		close(s.stop)
		s.group.Wait()
		w.until(60*time.Second, func() string {
			v, err := c.level(sku)
			if err != nil {
				return err.Error()
			}
			if got, want := v.Sellable, l.left(); got != want || !v.calm() {
				return fmt.Sprintf("sellable is %d, want %d: %+v %s", got, want, v, w.waiting())
			}
			return ""
		})
		l.verdict(t)
		t.Logf("%d bought, %d given back, %d lines, %d operations", s.bought.Load(), s.back.Load(), len(l.lines), len(l.ops))
		if s.bought.Load()-s.back.Load() != 110-l.left() {
			t.Errorf("%d sold and %d given back of 110, %d left", s.bought.Load(), s.back.Load(), l.left())
		}
		w.stop()
	})
}

// TestWhatAPlatformSellsBeyondItsShareIsNamedAtOnce has Mercado Libre sell pieces that
// it does not have: each order says so, within a second of the notification that tells of it,
// and all are settled when goods come in. On a full machine a second may pass without a turn:
// then another piece is sold, up to five.
func TestWhatAPlatformSellsBeyondItsShareIsNamedAtOnce(t *testing.T) {
	engines(t, func(t *testing.T, p Plan) {
		w, l, c, sku := stockWorld(t, p, 4)
		s := &shoppers{w: w, l: l}
		for l.left() > 0 {
			if _, err := s.buy("mercadolibre"); err != nil {
				if _, err = s.buy("meituan"); err != nil {
					time.Sleep(20 * time.Millisecond) // what is free is on its way to a channel
				}
			}
		}
		w.until(60*time.Second, func() string { // whoever is heard of last is the one for whom nothing is left
			if v, err := c.level(sku); err != nil || v.Sellable != 0 {
				return fmt.Sprintf("not all is heard of: %+v %v", v, err)
			}
			return ""
		})
		var over []ml.ID
		row := Row{}
		for late := time.Hour; late > time.Second; {
			if len(over) == 5 {
				t.Fatalf("of %d orders that lack a piece none was named within a second of its notification; the last after %v", len(over), late)
			}
			placed, err := w.ml.Place(ml.Placement{SellerID: brazil, Oversell: true, Order: json.RawMessage(`{"order_items":[{"item":{"id":"` + mlItem + `"},"quantity":1}]}`)})
			if err != nil {
				t.Fatal(err)
			}
			over = append(over, placed.Orders[0])
			w.until(60*time.Second, func() string {
				i := slices.IndexFunc(w.pages(), func(r Row) bool {
					row = r
					return r.Ref == placed.Orders[0].String() && slices.ContainsFunc(r.Issues, func(i hub.Issue) bool { return i.Code == hub.IssueOversold })
				})
				if i < 0 {
					return "the order is not named"
				}
				return ""
			})
			told := w.ml.Pusher().Log(row.Ref, 0)
			told = slices.DeleteFunc(told, func(s sim.Sent) bool { return !s.OK })
			named := must[Changes](w.process, "changes", AskChanges{Merchant: w.made.Merchant, After: row.Seq - 1}).List
			if len(told) == 0 || len(named) == 0 {
				t.Fatalf("%s: %d notifications were answered, %d changes of the feed", row.Ref, len(told), len(named))
			}
			late = time.UnixMilli(named[0].At).Sub(told[0].Real)
			t.Logf("named %v after its notification", late)
		}
		var lacking struct{ Oversold []struct{ Short int64 } }
		c.must("GET", "/stock/oversold", struct{}{}, &lacking)
		if len(lacking.Oversold) != len(over) || lacking.Oversold[0].Short != 1 || !slices.Contains(row.Flags, order.FlagProblem) {
			t.Errorf("oversold %+v, flags %v: want %d orders, one piece each, a problem", lacking, row.Flags, len(over))
		}
		c.must("POST", "/stock/movements", map[string]any{"store_id": w.made.Store, "sku_id": sku, "reason": "receipt", "pieces": len(over)}, nil)
		w.until(5*time.Second, func() string {
			for _, r := range w.pages() {
				if len(r.Issues) > 0 && slices.ContainsFunc(over, func(id ml.ID) bool { return r.Ref == id.String() }) {
					return fmt.Sprintf("goods came in and order %s still says %+v", r.Ref, r.Issues)
				}
			}
			return ""
		})
		w.stop()
	})
}

// verdict fails the test where more was shown than there was, or where the history is
// not that of one pile.
func (l *ledger) verdict(t *testing.T) {
	t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, b := range l.bad {
		t.Errorf("oversold: %s", b)
	}
	switch porcupine.CheckOperationsTimeout(stockModel, l.ops, 20*time.Second) {
	case porcupine.Illegal:
		t.Error("the history of the stock is not that of one pile of goods")
	case porcupine.Unknown:
		t.Error("the history could not be judged in 20 s")
	}
}
