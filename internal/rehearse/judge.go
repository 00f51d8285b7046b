package rehearse

import (
	"cmp"
	"context"
	"math"
	"slices"
	"time"

	"github.com/tongdan/tongdan/internal/books"
	"github.com/tongdan/tongdan/internal/rule"
)

const openStates = "waiting,sending,unknown,person"

// settle waits until nothing is under way and the books agree, or until the platforms'
// slowest way of repair has had its time: orders that no push told of are read again
// every half an hour at the latest, by the platforms' clock. What differs then is told.
// A backlog that is still worked off when the plan's own limit is over ends it early.
func (j *judge) settle(ctx context.Context) error {
	if err := j.hurry(ctx); err != nil {
		return err
	}
	began := time.Now() // of the time without progress
	first := began
	limit := cmp.Or(j.plan.Patience, 90*time.Second+time.Duration(float64(35*time.Minute)/j.at.clock.Speed()))
	agreed, least := false, math.MaxInt
	for pause := time.Second; ; {
		if err := j.compare(ctx); err != nil {
			return err
		}
		left := len(j.under) + len(j.differ) + j.stock.Above
		if j.day != nil {
			left += j.day.unread()
		}
		j.watch.differ.Store(int64(left))
		if left > 0 {
			j.last = slices.Concat(j.differ, j.under, j.stock.above())
		}
		if left < least { // it has its time as long as it gets on
			least, began = left, time.Now()
		}
		before := agreed
		agreed = left == 0
		if !agreed || !before {
			j.settled = time.Since(first)
		}
		switch {
		case agreed && before, time.Since(began) > limit: // twice: what comes late must not undo it
			return j.finish(ctx)
		case time.Since(first) > j.plan.Settle:
			j.end(StageSettle, WhyTime, "")
			return nil
		}
		if !wait(ctx, pause) {
			return ctx.Err()
		}
		pause = min(pause*3/2, 4*time.Second)
	}
}

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

// compare reads all orders, levels of stock and acts that are under way, and what the
// platforms hold after that.
func (j *judge) compare(ctx context.Context) error {
	var under []effectView
	err := j.api.effects(ctx, openStates, func(e effectView) {
		if e.Kind == "read" || e.OrderID == "" || e.Kind == "acknowledge" || e.Kind == "tell_rider" {
			return
		}
		if e.State == "person" && j.ended == nil {
			var o orderView
			if err := j.api.must(ctx, "GET", "/orders/"+e.OrderID, "", nil, &o); err == nil {
				j.clerk.settle(ctx, o, e.ID, e.Kind) // and what that leads to has to be waited for
			}
		}
		under = append(under, e)
	})
	if err != nil {
		return err
	}
	var have []books.Order
	here := map[string]books.Order{}
	keys := map[string]string{} // by the hub's id; one that has moved between two pages comes twice
	if err := j.api.orders(ctx, func(o orderView) {
		if keys[o.ID] == "" {
			keys[o.ID] = books.Key(o.Channel, o.Ref)
			here[o.ID] = books.Order{Channel: o.Channel, Ref: o.Ref, Status: o.Status, Total: minor(o.Total), Theirs: o.Theirs}
			have = append(have, here[o.ID])
		}
	}); err != nil {
		return err
	}
	hub, err := j.levels(ctx)
	if err == nil {
		err = j.reads(ctx)
	}
	if err != nil {
		return err
	}
	want, err := j.book()
	if err != nil {
		return err
	}
	_, ready := j.clerk.all()
	tickets, paper := j.at.paper.tally(here)
	j.tickets, j.paper, j.keys = tickets, paper, keys
	j.labels, j.parcels = j.packer.tally()
	j.want, j.under, j.stock, j.differ = want, slices.Concat(j.name(under, keys), j.packer.open()), j.rehearsal.stock.sum(hub), books.Compare(want, have, ready)
	return nil
}

// book gives what the platforms hold now.
func (j *judge) book() (map[string]books.Entry, error) {
	want, err := j.crowd.expect()
	if err == nil && j.plan.Doctor != nil {
		j.plan.Doctor(want)
	}
	return want, err
}

// finish compares the acts, once everything has ended.
func (j *judge) finish(ctx context.Context) error {
	states := map[string]string{}
	var ruled []effectView
	if err := j.api.effects(ctx, openStates+",done,refused,void", func(e effectView) {
		states[e.ID] = e.State
		if rule.ByRule(e.Cause) && e.Kind != "decide" {
			ruled = append(ruled, e)
		}
	}); err != nil {
		return err
	}
	list, _ := j.clerk.all()
	list = append(list, j.byRule(ruled, list)...)
	_, again := j.clerk.settled()
	j.acts, j.byEnd = 0, map[string]int{}
	for i, p := range list {
		if p.Effect != "" {
			list[i].State, list[i].Again = states[p.Effect], again[p.Effect]
			j.acts++
			j.byEnd[states[p.Effect]]++
		}
	}
	// What is called done by now has to be in the book of now.
	var err error
	if j.want, err = j.book(); err != nil {
		return err
	}
	j.once = books.Once(j.want, list)
	j.stock.Named, j.stock.Turned = j.named.all(), j.crowd.turned
	if err := j.explain(ctx); err != nil {
		return err
	}
	j.parked, err = parkedOf(ctx, j.api)
	return err
}

// look has the database verified.
func (j *judge) look(ctx context.Context) (err error) {
	said := time.Now().Add(-time.Second)
	j.checked, j.broken, err = j.verify(ctx, func(check string, looked int) {
		if j.ended == nil && time.Since(said) >= time.Second {
			said = time.Now()
			j.watch.say(Progress{Phase: "verify", Gone: time.Since(j.diary.began), Check: check, Looked: looked})
		}
	})
	return err
}
