package proof

import (
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tongdan/tongdan/effect"
	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/ident"
	"github.com/tongdan/tongdan/internal/books"
	"github.com/tongdan/tongdan/internal/db"
	"github.com/tongdan/tongdan/internal/hub"
	"github.com/tongdan/tongdan/internal/sim"
	ml "github.com/tongdan/tongdan/internal/sim/mercadolibre"
	"github.com/tongdan/tongdan/order"
)

// stormSpeed is the trade's clock while the node is killed: five minutes in 30 s, so that
// some deadlines pass and most acts are in time.
const stormSpeed = 10

// storm is how the platforms misbehave meanwhile.
var storm = sim.FaultPlan{
	PushLost: 0.05, PushDoubled: 0.10, PushLate: 0.08, PushReordered: 0.08, PushForged: 0.03, PushLateBy: 30 * time.Second,
	Err429: 0.02, Err5xx: 0.03, DropBeforeCommit: 0.03, DropAfterCommit: 0.06, SlowAnswer: 0.03, SlowBy: 400 * time.Millisecond,
}

// TestCrashesLoseNothingAndDoNothingTwice kills the node at random moments while orders
// flow in and people act on them, on platforms that misbehave. In the end the books of
// the platforms and of the hub agree, and no act changed the outside world twice.
func TestCrashesLoseNothingAndDoNothingTwice(t *testing.T) {
	if testing.Short() {
		t.Skip("takes a minute for each engine")
	}
	crashes := 10
	if n, err := strconv.Atoi(os.Getenv("TONGDAN_CRASHES")); err == nil && n > 0 {
		crashes = n
	}
	seed := uint64(20260301)
	if n, err := strconv.ParseUint(os.Getenv("TONGDAN_SEED"), 10, 64); err == nil {
		seed = n
	}
	engines(t, func(t *testing.T, p Plan) {
		t.Logf("seed %d, %d crashes", seed, crashes)
		w := newWorld(t, stage{plan: p, start: time.Date(2026, 3, 1, 3, 0, 0, 0, time.UTC), speed: stormSpeed, seed: seed})
		w.warmUp()
		w.faults(storm)

		c := &crowd{w: w, rng: rand.New(rand.NewPCG(seed, 1))}
		k := newClerk(w, seed)
		stopBuying, stopWorking := make(chan struct{}), make(chan struct{})
		var buying, working sync.WaitGroup
		buying.Go(func() { c.live(stopBuying) })
		working.Go(func() { k.work(stopWorking) })

		rng := rand.New(rand.NewPCG(seed, 2))
		// A lane that a dead node held on PostgreSQL is free when its lease has run out.
		for range crashes {
			time.Sleep(p.Lease*7/4 + time.Duration(150+rng.IntN(1100))*time.Millisecond) // the moment is what is random here
			w.kill()
			w.start()
		}
		close(stopBuying)
		buying.Wait()
		w.faults(sim.FaultPlan{})
		time.Sleep(time.Second) // the clerk sees the last ones
		close(stopWorking)
		working.Wait()
		t.Logf("%d orders of Meituan, %d of Mercado Libre, %d acts", len(c.placed.meituan), len(c.placed.mercado), len(k.pressed))

		w.hurry(600)
		w.settle(c.placed, k)
		w.acts(c.placed, k)
		w.followed()
		w.stop()
		w.audit(c.placed)
	})
}

// warmUp waits until both platforms are authorised and have been pulled once.
func (w *world) warmUp() {
	w.t.Helper()
	var ids []ml.ID
	for _, seller := range []ml.ID{brazil, ownCarrier} {
		p, err := w.ml.Place(ml.Placement{SellerID: seller})
		if err != nil {
			w.t.Fatal(err)
		}
		ids = append(ids, p.Orders...)
	}
	w.until(30*time.Second, func() string {
		if n := len(w.pages()); n < len(ids) {
			return fmt.Sprintf("%d of %d first orders are there", n, len(ids))
		}
		return ""
	})
	w.first = ids
}

// A crowd buys, cancels, asks for refunds and carries.
type crowd struct {
	w      *world
	rng    *rand.Rand
	placed placed
}

func (c *crowd) live(stop <-chan struct{}) {
	c.placed.mercado = append(c.placed.mercado, c.w.first...)
	for {
		select {
		case <-stop:
			return
		case <-time.After(time.Duration(20+c.rng.IntN(60)) * time.Millisecond):
		}
		switch n := c.rng.IntN(100); {
		case n < 40:
			shop := []string{mtShop, mtShopSelf}[c.rng.IntN(2)]
			id, err := c.w.mt.Place(json.RawMessage(`{"app_poi_code":"` + shop + `"}`))
			if err != nil {
				c.w.t.Errorf("place: %v", err)
				return
			}
			c.placed.meituan = append(c.placed.meituan, id)
		case n < 55:
			p, err := c.w.ml.Place(ml.Placement{SellerID: []ml.ID{brazil, ownCarrier}[c.rng.IntN(2)], Oversell: true})
			if err != nil {
				c.w.t.Errorf("place: %v", err)
				return
			}
			c.placed.mercado = append(c.placed.mercado, p.Orders...)
		case n < 90 && len(c.placed.meituan) > 0:
			// What is not possible in the order's state is refused: that person was too late.
			id := c.placed.meituan[max(0, len(c.placed.meituan)-1-c.rng.IntN(40))]
			switch act := pick(c.rng, "buyer_cancel", "ask_refund", "ask_refund", "ask_refund", "part", "withdraw_refund", "remind", "rider_accept", "rider_arrive", "rider_collect", "rider_deliver", "complete"); act {
			case "part":
				if o, err := c.w.mt.Order(id); err == nil {
					l := o.Detail[0]
					_ = c.w.mt.Do(id, "ask_refund", map[string]any{"items": []any{map[string]any{"app_food_code": l.FoodCode, "sku_id": l.SKU, "count": 1}}})
				}
			default:
				_ = c.w.mt.Do(id, act, nil)
			}
		case len(c.placed.mercado) > 0:
			id := c.placed.mercado[max(0, len(c.placed.mercado)-1-c.rng.IntN(20))]
			_ = c.w.ml.Act(id, pick(c.rng, "buyer_cancel", "progress", "print", "ship", "deliver"), ml.ActArgs{})
		}
	}
}

func pick[T any](r *rand.Rand, from ...T) T { return from[r.IntN(len(from))] }

// A clerk follows the feed and acts on what it shows, as a person with a console would:
// whoever gets no answer presses again.
type clerk struct {
	w       *world
	seed    uint64
	choose  func(Row, string) uint64 // in place of chance; nil = chance
	after   int64
	epoch   int64
	mu      sync.Mutex
	pressed map[string]press
	local   map[string]bool
	again   map[ident.Effect]int // how often somebody looked at the platform and had an act sent again
	unread  bool                 // leaves out the acts that no read of a platform tells
	read    atomic.Int64         // what of the feed has been looked at
}

type press struct {
	order  ident.Order
	key    string // channel and number
	kind   order.ActionKind
	forCas string
	effect ident.Effect
	state  effect.State
}

func newClerk(w *world, seed uint64) *clerk {
	return &clerk{w: w, seed: seed, pressed: map[string]press{}, local: map[string]bool{}, again: map[ident.Effect]int{}}
}

func (k *clerk) work(stop <-chan struct{}) {
	for {
		ch, err := ask[Changes](k.w.process, "changes", AskChanges{Merchant: k.w.made.Merchant, After: k.after})
		if err == nil {
			for _, c := range ch.List {
				if c.Seq != k.after+1 {
					k.w.t.Errorf("the feed goes from %d to %d: a change is lost", k.after, c.Seq)
				}
				k.mu.Lock()
				k.after = c.Seq
				k.mu.Unlock()
			}
			if k.epoch != 0 && ch.Epoch != k.epoch {
				k.w.t.Errorf("the feed's epoch changed from %d to %d without a restore", k.epoch, ch.Epoch)
			}
			k.epoch = ch.Epoch
			for _, r := range ch.Rows {
				k.look(r)
			}
			k.read.Store(k.after)
			if len(ch.List) > 0 {
				continue
			}
		}
		select {
		case <-stop:
			return
		case <-time.After(30 * time.Millisecond):
		}
	}
}

// chance is a number from 0 to 99 that belongs to an order and a question.
func (k *clerk) chance(r Row, what string) uint64 {
	if k.choose != nil {
		return k.choose(r, what)
	}
	h := fnv.New64a()
	fmt.Fprintf(h, "%d %s %s %s", k.seed, r.Channel, r.Ref, what)
	return h.Sum64() % 100
}

func (k *clerk) look(r Row) {
	may := func(kind order.ActionKind) bool { return slices.Contains(r.Actions, string(kind)) }
	if may(order.Accept) {
		switch n := k.chance(r, "accept"); {
		case n < 85:
			k.press(r, hub.Act{Kind: order.Accept})
		case n < 95:
			k.press(r, hub.Act{Kind: order.Refuse, ReasonCode: "2009"})
		}
	}
	if may(order.RefundApprove) {
		d := k.detail(r)
		for _, s := range d.AfterSales {
			if !s.Answerable {
				continue
			}
			if k.chance(r, "refund "+s.Key) < 60 {
				k.press(r, hub.Act{Kind: order.RefundApprove, For: s.Key})
			} else {
				k.press(r, hub.Act{Kind: order.RefundRefuse, For: s.Key, Reason: "餐品已送出"})
			}
		}
	}
	if may(order.RefundPartial) && k.chance(r, "partial") < 25 {
		d := k.detail(r)
		if len(d.Lines) > 0 && d.Lines[0].Refunded < d.Lines[0].Quantity { // the customer may have had it refunded
			k.press(r, hub.Act{Kind: order.RefundPartial, Key: "partial " + r.Ref, Lines: []hub.ActLine{{Line: d.Lines[0].Key, Quantity: 1}}})
		}
	}
	if may(order.Ready) && !k.unread && k.chance(r, "ready") < 60 {
		k.press(r, hub.Act{Kind: order.Ready})
	}
	if may(order.Dispatch) && k.chance(r, "dispatch") < 40 {
		k.press(r, hub.Act{Kind: order.Dispatch, Courier: order.Rider{Name: "小李", Phone: "13800000000"}})
	}
	if may(order.Deliver) && k.chance(r, "deliver") < 40 {
		k.press(r, hub.Act{Kind: order.Deliver})
	}
	if may(order.Ship) && k.chance(r, "ship") < 60 {
		k.press(r, hub.Act{Kind: order.Ship})
	}
	if r.Channel == "mercadolibre" && may(order.Annotate) && k.chance(r, "note") < 30 {
		k.press(r, hub.Act{Kind: order.Annotate, Text: "embrulhar para presente", Key: "note " + r.Ref})
	}
	if may(order.Cancel) && k.chance(r, "cancel") < 8 {
		reason := "2008"
		if r.Channel == "mercadolibre" {
			reason = "OUT_OF_STOCK"
		}
		k.press(r, hub.Act{Kind: order.Cancel, ReasonCode: reason})
	}
}

// seen is how far the clerk has read the feed.
func (k *clerk) seen() int64 {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.after
}

// has reports whether an act on an order has been pressed and answered.
func (k *clerk) has(key string, kind order.ActionKind) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	_, ok := k.pressed[key+" "+string(kind)+" "]
	return ok
}

// detail opens an order, and again while there is no answer.
func (k *clerk) detail(r Row) hub.Detail {
	for range 300 {
		if d, err := ask[hub.Detail](k.w.process, "detail", AskOrder{Merchant: k.w.made.Merchant, Order: r.ID}); err == nil {
			return d
		}
		time.Sleep(50 * time.Millisecond)
	}
	k.w.t.Errorf("%s %s cannot be opened", r.Channel, r.Ref)
	return hub.Detail{}
}

// press asks for an act once, and again while there is no answer.
func (k *clerk) press(r Row, a hub.Act) {
	name := r.Channel + " " + r.Ref + " " + string(a.Kind) + " " + a.For
	if _, done := k.pressed[name]; done {
		return
	}
	for try := 0; ; try++ {
		done, err := ask[hub.Done](k.w.process, "act", AskOrder{Merchant: k.w.made.Merchant, Order: r.ID, Act: a})
		var f *Failure
		switch {
		case err == nil:
			k.mu.Lock()
			defer k.mu.Unlock()
			k.pressed[name] = press{r.ID, r.Channel + " " + r.Ref, a.Kind, a.For, done.Effect, done.State}
			if a.Kind == order.Ready && r.Channel == "mercadolibre" {
				k.local[r.Channel+" "+r.Ref] = true
			}
			return
		case errors.As(err, &f) && (f.Code == fault.Conflict || f.Code == fault.NotFound):
			return // somebody was faster: it is shown again when that has ended
		case errors.As(err, &f) && f.Code != fault.Unavailable && f.Code != fault.Unknown:
			k.w.t.Errorf("%s: %v", name, err)
			return
		case try > 300:
			k.w.t.Errorf("%s: no answer: %v", name, err)
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// settle waits until nothing is under way and the books agree. An additive act whose
// outcome cannot be learnt is decided by looking at the platform's book, as a person
// would in the platform's own console.
func (w *world) settle(b placed, k *clerk) {
	w.t.Helper()
	w.until(120*time.Second, func() string {
		s := w.state()
		busy := 0
		for _, e := range s.Acts {
			if e.State != effect.Person {
				busy++
				continue
			}
			if done, known := w.sawIt(e); known {
				must[struct{}](w.process, "decide", AskOrder{Merchant: w.made.Merchant, Effect: e.ID, Done: done})
				busy++ // what was not done is done now
				if !done {
					k.again[e.ID]++
				}
			}
		}
		if busy > 0 {
			return fmt.Sprintf("%d acts are under way: %s", busy, describe(s.Acts))
		}
		if differ := compare(w.expect(b), w.pages(), k.local); len(differ) > 0 {
			return fmt.Sprintf("%d differences, %d reads under way:\n%s", len(differ), len(s.Reads), short(differ))
		}
		return ""
	})
}

func describe(list []effect.Effect) (out string) {
	for _, e := range list[:min(5, len(list))] {
		out += fmt.Sprintf("\n  %s %s for %s, attempts %d, looks %d, next %v, %s", e.Kind, e.State, e.Target, e.Attempts, e.Looks, time.UnixMilli(e.NextAt).UTC().Format(time.TimeOnly), e.Why.Text)
	}
	return out
}

// sawIt looks into the platform's book whether an additive act has been done.
func (w *world) sawIt(e effect.Effect) (done, known bool) {
	var a struct{ Order order.Ref }
	if json.Unmarshal(e.Args, &a) != nil {
		return false, false
	}
	switch order.ActionKind(e.Kind) {
	case order.RefundPartial:
		o, err := w.mt.Order(a.Order.ID)
		return err == nil && o.Tally["order/applyPartRefund"].Changes > 0, err == nil
	case order.Annotate:
		id, err := strconv.ParseInt(a.Order.ID, 10, 64)
		return w.ml.Tally(ml.ID(id).String())["note"].Changes > 0, err == nil
	}
	return false, false
}

// acts holds every act that was pressed against the platform's book: what the hub calls
// done is done there, nothing was changed twice, additive calls arrived once.
func (w *world) acts(b placed, k *clerk) {
	w.t.Helper()
	ended := map[ident.Effect]effect.State{}
	for _, s := range []effect.State{effect.Done, effect.Refused, effect.Void, effect.Person, effect.Waiting, effect.Unknown, effect.Sending} {
		for _, e := range must[Effects](w.process, "effects", AskEffects{Merchant: w.made.Merchant, States: []effect.State{s}}).List {
			ended[e.ID] = e.State
		}
	}
	var pressed []books.Press
	counted := map[effect.State]int{}
	for _, p := range k.pressed {
		one := books.Press{Key: p.key, Kind: string(p.kind), For: p.forCas}
		if p.effect != 0 {
			one.Effect, one.State, one.Again = p.effect.String(), string(ended[p.effect]), k.again[p.effect]
			counted[ended[p.effect]]++
		}
		pressed = append(pressed, one)
	}
	for _, d := range books.Once(w.expect(b), pressed) {
		w.t.Error(d)
	}
	w.t.Logf("acts by their end: %v", counted)
}

// followed waits until what is derived from the feed has caught up with it.
func (w *world) followed() {
	w.t.Helper()
	w.until(10*time.Second, func() string {
		if s := w.state(); s.Counts.Seq < s.Seq {
			return fmt.Sprintf("the counts are of change %d, the feed is at %d", s.Counts.Seq, s.Seq)
		}
		return ""
	})
}

// audit opens the database that the node has left and checks it from within.
func (w *world) audit(b placed) {
	w.t.Helper()
	ctx := w.t.Context()
	d, err := db.Open(ctx, db.Options{URL: w.Plan.URL, Dir: w.Plan.Dir, Key: Key})
	if err != nil {
		w.t.Fatal(err)
	}
	defer d.Close()
	scope := actor(w.made.Merchant).Scope

	// The feed has no gap, and the last word on each order is what its row says.
	last := map[string]int64{}
	at := int64(0)
	for {
		list, _, err := d.Changes(ctx, scope, at, 1000)
		if err != nil {
			w.t.Fatal(err)
		}
		if len(list) == 0 {
			break
		}
		for _, c := range list {
			if c.Seq != at+1 {
				w.t.Fatalf("the feed goes from %d to %d", at, c.Seq)
			}
			at = c.Seq
			if c.Kind == "order" {
				last[c.ID] = c.Seq
			}
		}
	}
	if r, err := d.Feed(ctx, w.made.Merchant); err != nil || r.Seq != at {
		w.t.Errorf("the feed ends at %d, its counter says %d (%v)", at, r.Seq, err)
	}

	statuses, flags, n := map[order.Status]int64{}, map[order.Flag]int64{}, 0
	f := db.Filter{Limit: 200, Sort: "newest"}
	for {
		page, next, err := d.Orders(ctx, scope, f)
		if err != nil {
			w.t.Fatal(err)
		}
		for _, r := range page {
			n++
			statuses[r.Status]++
			for _, flag := range []order.Flag{order.FlagRefund, order.FlagReminder, order.FlagProblem, order.FlagPreorder} {
				if r.Flags&db.FlagsOf([]order.Flag{flag}) != 0 {
					flags[flag]++
				}
			}
			if last[r.ID.String()] != r.Seq {
				w.t.Errorf("%s: its row is of change %d, the feed's last is %d", r.Ref.ID, r.Seq, last[r.ID.String()])
			}
		}
		if f.Cursor = next; next == "" {
			break
		}
	}
	if want := len(b.meituan) + len(b.mercado); n != want {
		w.t.Errorf("%d orders are stored, %d were placed", n, want)
	}
	check := func(when string) {
		w.t.Helper()
		c, err := d.Counts(ctx, scope, db.Filter{})
		if err != nil {
			w.t.Fatal(err)
		}
		for _, s := range order.Statuses {
			if c.Statuses[s] != statuses[s] {
				w.t.Errorf("%s the counts say %d %s, there are %d", when, c.Statuses[s], s, statuses[s])
			}
		}
		for _, flag := range []order.Flag{order.FlagRefund, order.FlagReminder, order.FlagProblem, order.FlagPreorder} {
			if c.Flags[flag] != flags[flag] {
				w.t.Errorf("%s the counts say %d with flag %s, there are %d", when, c.Flags[flag], flag, flags[flag])
			}
		}
	}
	// What came between the last look at the counts and the node's end is followed from
	// where the node left off: a platform goes on with its orders by itself.
	for more := true; more; {
		if more, err = d.Step(ctx, w.made.Merchant); err != nil {
			w.t.Fatal(err)
		}
	}
	check("as followed")
	if err := d.Rebuild(ctx, w.made.Merchant); err != nil {
		w.t.Fatal(err)
	}
	check("after a rebuild")
}
