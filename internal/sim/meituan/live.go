package meituan

import (
	"cmp"
	"context"
	"encoding/json"
	"hash/fnv"
	"log/slog"
	"math/rand/v2"
	"slices"
	"strings"
	"time"
)

// LiveOptions describe a crowd.
type LiveOptions struct {
	// RatePerMinute is the average number of orders per minute of the platform's clock, over all
	// open stores; 0: 2.
	RatePerMinute float64
	// Seed makes the crowd's choices repeatable.
	Seed uint64
	// Menu replaces the menu of every store before the first order; nil keeps what there is.
	Menu []Food
	// NoOrders is a crowd that buys nothing and moves the orders that come from elsewhere.
	NoOrders bool
	// Calm is a crowd without trouble: nobody cancels, complains, reminds or abandons an order, and
	// nobody accepts in the platform's own app.
	Calm bool
	// Rain says when it rains; nil: never. For an order that is paid in the rain riders are few and slow, and
	// more of them give up; its buyer reminds, cancels and complains more.
	Rain func(time.Time) bool
	// Comments lets one in so many buyers comment on an order that was completed, sooner or later; 0: nobody.
	Comments int
	// Forget is how long an ended order is remembered, on the platform's clock; 0: 30 hours, so that
	// a day can still be reconciled on the next.
	Forget time.Duration
	// MaxOrders bounds what is remembered; 0: 20,000.
	MaxOrders int
	// Release is after how long the platform lets a suspended store open again; 0: 15 minutes.
	Release time.Duration
}

// crowdStep is how often the crowd looks around.
const crowdStep = 5 * time.Second

// Live lets buyers place orders and riders move them on until the context ends, and then returns
// the context's error. It runs on the platform's clock, survives restarts (what a person of the crowd
// does depends on the seed and the order alone) and forgets old orders, so it may run for days. The
// merchant's part, accepting and delivering its own orders, stays with the merchant.
func (s *Sim) Live(ctx context.Context, o LiveOptions) error {
	stop, err := s.gather(o)
	if err != nil {
		return err
	}
	<-ctx.Done()
	stop()
	return ctx.Err()
}

// gather starts a crowd on the clock.
func (s *Sim) gather(o LiveOptions) (stop func(), err error) {
	if o.RatePerMinute <= 0 {
		o.RatePerMinute = 2
	}
	if o.Forget <= 0 {
		o.Forget = 30 * time.Hour
	}
	if o.MaxOrders <= 0 {
		o.MaxOrders = 20_000
	}
	if o.Release <= 0 {
		o.Release = 15 * time.Minute
	}
	if o.Menu != nil {
		if err := s.setMenu(o.Menu); err != nil {
			return nil, err
		}
	}
	c := &crowd{s: s, o: o, rng: rand.New(rand.NewPCG(o.Seed, uint64(s.clock.Now().UnixNano())))}
	c.next = s.clock.Now().Add(c.gap())
	return c.start(), nil
}

func (s *Sim) setMenu(menu []Food) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	b := s.book.Begin()
	for _, st := range s.stores {
		st.Foods = nil
		for _, f := range menu {
			raw, err := json.Marshal(f) // every store has stock of its own
			if err != nil {
				return err
			}
			copied := new(Food)
			if err := json.Unmarshal(raw, copied); err != nil {
				return err
			}
			if err := copied.clean(); err != nil {
				return err
			}
			st.upsert(copied, s.clock.Now().Unix())
		}
		b.Put("store", st.Code, st)
	}
	return b.Commit()
}

type crowd struct {
	s         *Sim
	o         LiveOptions
	rng       *rand.Rand
	next      time.Time // the next order
	forgotten time.Time
}

// start steps the crowd on the clock until stop is called.
func (c *crowd) start() (stop func()) {
	ended := make(chan struct{})
	var tick func()
	tick = func() {
		select {
		case <-ended:
			return
		default:
		}
		c.step()
		c.s.clock.AfterFunc(crowdStep, tick)
	}
	c.s.clock.AfterFunc(crowdStep, tick)
	return func() { close(ended) }
}

func (c *crowd) gap() time.Duration {
	return time.Duration(c.rng.ExpFloat64() / c.o.RatePerMinute * float64(time.Minute))
}

func (c *crowd) step() {
	now := c.s.clock.Now()
	// A clock that jumped far does not set off a flood of orders.
	if now.Sub(c.next) > 10*time.Minute {
		c.next = now
	}
	for !c.o.NoOrders && !c.next.After(now) {
		c.order()
		c.next = c.next.Add(c.gap())
	}
	for _, d := range c.due(now.Unix()) {
		if err := c.s.Do(d.id, d.act, d.args); err != nil {
			slog.Debug("meituan simulator: somebody changed their mind", "act", d.act, "error", err)
		}
	}
	if now.Sub(c.forgotten) > 10*time.Minute {
		c.forgotten = now
		c.s.Forget(now.Add(-c.o.Forget), c.o.MaxOrders)
		c.release(now)
	}
}

// release opens suspended stores again after a while.
func (c *crowd) release(now time.Time) {
	s := c.s
	s.mu.Lock()
	var held []string
	for code, st := range s.stores {
		if !st.Held {
			continue
		}
		since := int64(0)
		for _, p := range s.penalty {
			if p.Store == code && p.Kind == "suspended" {
				since = p.At
			}
		}
		if now.Unix()-since >= int64(c.o.Release.Seconds()) {
			held = append(held, code)
		}
	}
	s.mu.Unlock()
	for _, code := range held {
		if err := s.DoStore(code, "release", "平台恢复营业"); err != nil {
			slog.Warn("meituan simulator: a store stays suspended", "store", code, "error", err)
		}
	}
}

// order places one order at an open store.
func (c *crowd) order() {
	s := c.s
	s.mu.Lock()
	defer s.mu.Unlock()
	var open []string
	for code, st := range s.stores {
		if st.OpenLevel == 1 && st.Online == 1 && !st.Held {
			open = append(open, code)
		}
	}
	if len(open) == 0 {
		return
	}
	slices.Sort(open)
	now := s.clock.Now()
	in := placing{Native: Native{Store: open[c.rng.IntN(len(open))]}}
	n := &in.Native
	n.Caution = cautions[c.rng.IntN(len(cautions))]
	n.FirstOrder = c.rng.IntN(5) == 0
	n.Favourite = c.rng.IntN(8) == 0
	n.Dinners = []int{0, 1, 1, 2, 3, 88, 99}[c.rng.IntN(7)]
	if c.rng.IntN(12) == 0 {
		n.DeliveryTime = now.Add(time.Duration(60+c.rng.IntN(120)) * time.Minute).Truncate(15 * time.Minute).Unix()
	}
	if c.rng.IntN(20) == 0 {
		n.PickType = 1
	}
	if c.rng.IntN(15) == 0 {
		n.Invoiced, n.InvoiceTitle, n.TaxpayerID = 1, "杭州青禾文化有限公司", "91330100MA0000000X"
	}
	if !c.o.Calm && c.rng.IntN(40) == 0 {
		in.Status = submitted
	}
	if _, err := s.place(in); err != nil {
		slog.Debug("meituan simulator: a buyer went away", "error", err)
	}
}

// doing is something that a person of the crowd is about to do.
type doing struct {
	id, act string
	args    any
}

// due collects what everybody does now, in the order of the orders.
func (c *crowd) due(now int64) []doing {
	s := c.s
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []doing
	for id, o := range s.orders {
		// A completed order may still become a refund case for a while.
		if s.active[id] == nil && (o.Status != completed || o.Completed < now-3*3600) {
			continue
		}
		c.move(o, now, func(act string, args any) { all = append(all, doing{id, act, args}) })
	}
	slices.SortStableFunc(all, func(a, b doing) int { return strings.Compare(a.id, b.id) })
	return all
}

// fate is what the people around one order are like; it follows from the seed and the order's id.
type fate struct {
	pays           int64 // seconds after submitting, 0 = never
	cancelsAfter   int64 // of payment, while nobody accepted
	acceptsInApp   int64
	remindsAfter   int64 // of confirmation
	refundAfter    int64
	refundParts    bool
	withdrawsAfter int64 // of the request
	appeals        bool
	ruling         bool
	riderQuits     bool
	accept, arrive int64 // of the rider, after dispatch
	collect, ride  int64 // waiting at the store, on the road
	pickUp         int64 // the buyer fetches it
	commentsAfter  int64 // of completion
	score          int
}

func (c *crowd) fate(o *Order) fate {
	h := fnv.New64a()
	h.Write([]byte(o.ID))
	r := rand.New(rand.NewPCG(c.o.Seed, h.Sum64()))
	between := func(low, high int64) int64 { return low + r.Int64N(high-low) }
	oneIn := func(n int, after int64) int64 {
		if r.IntN(n) != 0 || c.o.Calm {
			return 0
		}
		return after
	}
	f := fate{
		pays: oneIn(2, between(30, 240)), cancelsAfter: oneIn(30, between(20, 200)), acceptsInApp: oneIn(25, between(15, 90)),
		remindsAfter: oneIn(15, between(1200, 2400)), refundAfter: oneIn(20, between(600, 4200)), refundParts: r.IntN(3) > 0,
		withdrawsAfter: oneIn(6, between(60, 900)), appeals: r.IntN(2) == 0, ruling: r.IntN(2) == 0, riderQuits: oneIn(30, 1) == 1,
		accept: between(20, 240), arrive: between(240, 600), collect: between(30, 240), ride: between(480, 1500), pickUp: between(900, 2400),
	}
	if c.o.Comments > 0 {
		f.commentsAfter, f.score = oneIn(c.o.Comments, between(60, 1800)), 5-min(r.IntN(5), r.IntN(5), r.IntN(5))
	}
	if c.o.Rain != nil && o.Paid > 0 && c.o.Rain(time.Unix(o.Paid, 0)) {
		f.accept, f.arrive, f.ride, f.score = 3*f.accept, 2*f.arrive, 2*f.ride, max(f.score-1, 1)
		f.riderQuits = f.riderQuits || oneIn(8, 1) == 1
		f.remindsAfter = cmp.Or(f.remindsAfter, oneIn(3, between(600, 1500)))
		f.cancelsAfter = cmp.Or(f.cancelsAfter, oneIn(15, between(20, 200)))
		f.refundAfter = cmp.Or(f.refundAfter, oneIn(8, between(900, 3000)))
	}
	return f
}

// said is what buyers say of an order, by the stars that they give.
var said = []string{"", "洒了一半，饭也凉了", "送得太慢", "一般", "不错", "好喝，会再来"}

// move says what is due around an order. It changes nothing.
func (c *crowd) move(o *Order, now int64, do func(act string, args any)) {
	f := c.fate(o)
	due := func(since, after int64) bool { return after > 0 && since > 0 && now >= since+after }
	switch {
	case o.Status == submitted && due(o.Created, f.pays):
		do("pay", nil)
	case o.waiting() && due(o.Paid, f.acceptsInApp):
		do("accept_in_app", nil)
	case o.waiting() && due(o.Paid, f.cancelsAfter):
		do("buyer_cancel", nil)
	case o.open():
		c.ride(o, f, now, do)
		if due(max(o.Confirmed, o.DeliveryTime), f.remindsAfter) && len(o.Reminders) == 0 && (o.Delivery == nil || o.Delivery.Status != riderDelivered) {
			do("remind", nil)
		}
		if o.PickType == 1 && due(max(o.Confirmed, o.DeliveryTime), f.pickUp) {
			do("complete", nil)
		}
	}
	if o.Status == completed && o.Comment == nil && due(o.Completed, f.commentsAfter) {
		do("comment", actArgs{Score: f.score, Reason: said[f.score]})
	}
	r := o.lastCase()
	switch {
	case r == nil && due(o.Confirmed, f.refundAfter) && (o.open() || o.Status == completed):
		var a actArgs
		if f.refundParts {
			a.Items = []wanted{{o.Detail[0].FoodCode, o.Detail[0].SKU, 1}}
		}
		do("ask_refund", a)
	case r == nil:
	case r.State == caseOpen && !r.Appeal && due(r.Created, f.withdrawsAfter):
		do("withdraw_refund", nil)
	case r.State == caseRejected && r.ResType == 1 && f.appeals && !r.Appealed && due(r.Updated, 300):
		do("appeal", nil)
	case r.State == caseOpen && r.Appeal && due(r.Updated, 1200):
		do("rule_appeal", actArgs{Agree: &f.ruling})
	}
}

// ride moves the rider on. For a pre-order the rider comes for the promised time.
func (c *crowd) ride(o *Order, f fate, now int64, do func(string, any)) {
	d := o.Delivery
	if d == nil || d.Self {
		return
	}
	from := max(d.SendAt, o.DeliveryTime-min(2400, f.ride+f.arrive+f.collect))
	ready := o.MealReady > 0 || now >= d.ArriveAt+900 // the rider takes what is there after a while
	switch {
	case d.Status == sentToDelivery && now >= from+f.accept:
		do("rider_accept", nil)
	case d.Status == riderAccepted && f.riderQuits && d.Round == 1 && now >= d.ConfirmAt+120:
		do("rider_cancel", nil)
	case d.Status == riderCancelled && now >= d.CancelAt+60:
		do("redispatch", nil)
	case d.Status == riderAccepted && now >= d.ConfirmAt+f.arrive:
		do("rider_arrive", nil)
	case d.Status == riderAtStore && ready && now >= d.ArriveAt+f.collect:
		do("rider_collect", nil)
	case d.Status == riderCollected && now >= d.FetchAt+f.ride:
		do("rider_deliver", nil)
	}
}
