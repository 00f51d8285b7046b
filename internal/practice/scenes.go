package practice

import (
	"context"
	"encoding/json"
	"time"

	"github.com/tongdan/tongdan/internal/sim/meituan"
	"github.com/tongdan/tongdan/internal/sim/mercadolibre"
)

// The pace: few enough at a time that a beginner can read what is on the screen.
const (
	orderEvery = 40 * time.Second // while fewer than mostWaiting wait
	mostOpen   = 10
	mostKept   = 200 // orders that are still moved; older ones are left alone
)

// mostWaiting orders wait to be accepted at once.
const mostWaiting = 3

// A scene is what happens to an order once it is accepted. They come in turn, the plain
// one between, so that every learner meets each within ten orders.
type scene string

const (
	plain     scene = "plain"
	reminded  scene = "reminded"  // the customer asks where it is
	refunding scene = "refunding" // the customer wants a part of it back
	waited    scene = "waited"    // the rider stands at the counter and it is not ready
	cancelled scene = "cancelled" // it is called off while it is being made
)

var scenes = []scene{plain, reminded, refunding, plain, waited, cancelled}

// Meituan's numbers for what scenes wait for (internal/sim/meituan, codes.go).
const (
	statusWaiting, statusReceived   = 2, 3
	statusConfirmed, statusOnTheWay = 4, 6
	riderSent, riderComing          = 0, 10
	riderHere, riderGone            = 15, 20
)

// played is an order and how far its scene is.
type played struct {
	id    string
	scene scene
	done  bool // the scene's own event has happened
}

// A stager plays the takeaway customers and riders. It is used by one goroutine.
type stager struct {
	sim   *meituan.Sim
	eager bool
	list  []*played
	n     int
	last  time.Time // of the last order
}

// play lets customers order and riders come until ctx ends.
func (r *room) play(ctx context.Context) error {
	s := &stager{sim: r.meituan, eager: r.stage.o.Eager}
	every := 2 * time.Second
	if s.eager {
		every = 50 * time.Millisecond
	}
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		if r.attended() {
			if err := s.step(time.Now()); err != nil {
				return err
			}
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// step lets the next thing happen to each order, and places one when it is time.
func (s *stager) step(now time.Time) error {
	waiting, open := 0, 0
	kept := s.list[:0]
	for _, p := range s.list {
		o, err := s.sim.Order(p.id)
		if err != nil {
			continue // forgotten
		}
		switch o.Status {
		case statusWaiting, statusReceived:
			waiting++
		case statusConfirmed, statusOnTheWay:
			open++
			s.move(p, o, now)
		default:
			continue // it has ended
		}
		kept = append(kept, p)
	}
	s.list = kept[max(0, len(kept)-mostKept):]
	if waiting >= mostWaiting || open >= mostOpen || waiting > 0 && !s.eager && now.Sub(s.last) < orderEvery {
		return nil
	}
	s.last = now
	stores := []int{0, 0, 1} // one of three is delivered by the store itself
	raw, err := json.Marshal(map[string]any{"app_poi_code": teaStores[stores[s.n%len(stores)]].Code})
	if err != nil {
		return err
	}
	id, err := s.sim.Place(raw)
	if err != nil {
		return err
	}
	s.list = append(s.list, &played{id: id, scene: scenes[s.n%len(scenes)]})
	s.n++
	return nil
}

// after says whether so much time has passed since a moment of the platform (s).
func (s *stager) after(now time.Time, since int64, d time.Duration) bool {
	return since > 0 && (s.eager || now.Sub(time.Unix(since, 0)) >= d)
}

// move lets the scene of an accepted order happen, and its rider come. An act that the
// platform refuses is one that came too late: the order has gone on.
func (s *stager) move(p *played, o *meituan.Order, now time.Time) {
	event := func(after time.Duration, act string, args any) {
		if !p.done && s.after(now, o.Confirmed, after) {
			p.done = true
			_ = s.sim.Do(p.id, act, args)
		}
	}
	switch p.scene {
	case reminded:
		event(40*time.Second, "remind", nil)
	case refunding:
		event(45*time.Second, "ask_refund", map[string]any{"reason": "少放了一份小料", "items": []any{map[string]any{"app_food_code": o.Detail[0].FoodCode, "sku_id": o.Detail[0].SKU, "count": 1}}})
	case cancelled:
		event(30*time.Second, "service_cancel", nil)
	}
	d := o.Delivery
	if d == nil || d.Self {
		return
	}
	comes := time.Minute
	if p.scene == waited {
		comes = 20 * time.Second
	}
	ready := o.MealReady > 0
	switch {
	case d.Status == riderSent && s.after(now, d.SendAt, 10*time.Second):
		_ = s.sim.Do(p.id, "rider_accept", nil)
	case d.Status == riderComing && (p.scene == waited || ready) && s.after(now, d.ConfirmAt, comes):
		_ = s.sim.Do(p.id, "rider_arrive", nil)
	case d.Status == riderHere && ready && s.after(now, max(d.ArriveAt, o.MealReady), 15*time.Second):
		_ = s.sim.Do(p.id, "rider_collect", nil)
	case d.Status == riderGone && s.after(now, d.FetchAt, time.Minute):
		_ = s.sim.Do(p.id, "rider_deliver", nil)
	}
}

// parcels lets people buy at the sellers while somebody is there.
func (r *room) parcels(ctx context.Context) error {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		if r.attended() {
			here, gone := context.WithCancel(ctx)
			r.work.Go(func() { // until nobody is there
				defer gone()
				for r.attended() {
					select {
					case <-here.Done():
						return
					case <-time.After(time.Second):
					}
				}
			})
			err := r.mercado.Live(here, mercadolibre.LiveOptions{RatePerMinute: parcelRate, Seed: uint64(r.began.UnixNano()), Sites: []string{"MLB", "MLM"}, PrintForSeller: true})
			gone()
			if ctx.Err() == nil && here.Err() == nil {
				return err
			}
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}
