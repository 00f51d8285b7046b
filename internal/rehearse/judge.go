package rehearse

import (
	"cmp"
	"context"
	"math"
	"time"

	"github.com/tongdan/tongdan/internal/books"
)

const openStates = "waiting,sending,unknown,person"

// settle waits until nothing is under way and the books agree, or until the platforms'
// slowest way of repair has had its time: orders that no push told of are read again
// every half an hour at the latest, by the platforms' clock. What differs then is told.
func (j *judge) settle(ctx context.Context) error {
	if err := j.hurry(ctx); err != nil {
		return err
	}
	began := time.Now() // of the time without progress
	first := began
	limit := cmp.Or(j.plan.Patience, 90*time.Second+time.Duration(float64(35*time.Minute)/j.at.clock.Speed()))
	agreed, least := false, math.MaxInt
	for pause := time.Second; ; {
		busy, err := j.compare(ctx)
		if err != nil {
			return err
		}
		left := busy + len(j.differ) + j.stock.Above
		j.left.Store(int64(left))
		if left < least { // a backlog that is worked off has its time
			least, began = left, time.Now()
		}
		before := agreed
		agreed = left == 0
		if agreed && before || time.Since(began) > limit || time.Since(first) > maxSettle {
			return j.finish(ctx) // twice: what comes late must not undo it
		}
		if !agreed || !before {
			j.settled = time.Since(first)
		}
		if !wait(ctx, pause) {
			return ctx.Err()
		}
		pause = min(pause*3/2, 4*time.Second)
	}
}

// maxSettle ends the settling whatever progress there is.
const maxSettle = 20 * time.Minute

// settleSpeed is the clock's speed while all is settled: half an hour in half a minute.
const settleSpeed = 60

// hurry lets the clock run faster for nodes and platforms, so that the repair by reading
// again, which goes by the platforms' clock, need not be waited for.
func (j *judge) hurry(ctx context.Context) error {
	if j.fleet == nil || j.plan.Speed >= settleSpeed {
		return nil
	}
	n := j.plan.Nodes
	if err := j.fleet.stop(); err != nil {
		return err
	}
	j.at.clock.SetSpeed(settleSpeed)
	for i := range n {
		if err := j.fleet.start(ctx, i); err != nil {
			return err
		}
	}
	return nil
}

// compare reads all orders and says how many acts are under way.
func (j *judge) compare(ctx context.Context) (busy int, err error) {
	err = j.api.effects(ctx, openStates, func(e effectView) {
		if e.Kind == "read" || e.OrderID == "" || e.Kind == "acknowledge" {
			return
		}
		if e.State != "person" {
			busy++
			return
		}
		busy += j.decide(ctx, e)
	})
	if err != nil {
		return busy, err
	}
	var have []books.Order
	if err := j.api.orders(ctx, func(o orderView) {
		have = append(have, books.Order{Channel: o.Channel, Ref: o.Ref, Status: o.Status, Total: minor(o.Total), Theirs: o.Theirs})
	}); err != nil {
		return busy, err
	}
	if j.want, err = j.crowd.expect(); err != nil {
		return busy, err
	}
	if j.plan.Doctor != nil {
		j.plan.Doctor(j.want)
	}
	hub, err := j.levels(ctx)
	if err != nil {
		return busy, err
	}
	j.stock = j.rehearsal.stock.sum(hub)
	_, ready := j.clerk.all()
	j.differ = books.Compare(j.want, have, ready)
	return busy, nil
}

// decide does what a person does with an additive act whose outcome could not be learnt:
// look at the platform's own pages, and say what is there.
func (j *judge) decide(ctx context.Context, e effectView) (busy int) {
	var o orderView
	if err := j.api.must(ctx, "GET", "/orders/"+e.OrderID, "", nil, &o); err != nil {
		return 1
	}
	call := books.Calls[o.Channel][e.Kind]
	outcome := "not_done"
	if j.at.platformTally(o.Channel, o.Ref)[call].Changes > 0 {
		outcome = "done"
	}
	if err := j.api.must(ctx, "POST", "/effects/"+e.ID+"/resolve", "resolve-"+e.ID, map[string]string{"outcome": outcome}, nil); err != nil {
		return 1
	}
	j.asked++
	if outcome == "not_done" {
		j.again[e.ID]++
	}
	return 1 // what it leads to has to be waited for
}

// finish compares the acts, once everything has ended.
func (j *judge) finish(ctx context.Context) error {
	states := map[string]string{}
	if err := j.api.effects(ctx, openStates+",done,refused,void", func(e effectView) { states[e.ID] = e.State }); err != nil {
		return err
	}
	list, _ := j.clerk.all()
	j.byEnd = map[string]int{}
	for i, p := range list {
		if p.Effect != "" {
			list[i].State, list[i].Again = states[p.Effect], j.again[p.Effect]
			j.acts++
			j.byEnd[states[p.Effect]]++
		}
	}
	j.once = books.Once(j.want, list)
	j.stock.Named, j.stock.Turned = j.named.all(), j.crowd.turned
	j.lacks = j.stock.breaches()
	var err error
	j.parked, err = parkedOf(ctx, j.api)
	return err
}

// look has the database verified.
func (j *judge) look(ctx context.Context) (err error) {
	j.checked, j.broken, err = j.verify(ctx)
	return err
}
