package rehearse

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/tongdan/tongdan/internal/hub"
	"github.com/tongdan/tongdan/internal/sim"
	ml "github.com/tongdan/tongdan/internal/sim/mercadolibre"
)

// Replayed is what of an earlier day was played again.
type Replayed struct {
	Lines     int            `json:"lines"`       // of the journal that were read
	Lives     int            `json:"lives"`       // orders of that day
	Stored    int            `json:"from_orders"` // of these, whose messages are not in the journal any more
	Doubled   int            `json:"doubled"`     // messages that came twice or more often, as then
	Late      int            `json:"late"`
	Swapped   int            `json:"out_of_order"`
	Lost      int            `json:"lost"`        // things of which no message told
	Deeds     map[string]int `json:"deeds"`       // of customers, by kind
	Otherwise int            `json:"otherwise"`   // cancels that came after the accept here, and became requests for a refund
	Skipped   int            `json:"skipped"`     // deeds for which there was no occasion here
	Staff     int            `json:"by_merchant"` // cancels of that day that no customer made: not played
}

// A scale puts the times of a day on those of a rehearsal.
type scale struct {
	first  int64 // UTC ms of the first purchase
	factor float64
	end    time.Duration
}

// scaleOf draws the time from the first purchase to the last together into the plan's
// minutes. A short day is not drawn out.
func scaleOf(p Plan) scale {
	lives := p.Day.Lives
	first, last := lives[0].Placed, lives[0].Placed
	for _, l := range lives {
		first, last = min(first, l.Placed), max(last, l.Placed)
	}
	end := time.Duration(p.Minutes * float64(time.Minute))
	span := max(time.Duration(last-first)*time.Millisecond, time.Second)
	return scale{first, min(float64(end)/float64(span), 1), end}
}

// at gives the time after the beginning. What came after the last purchase and the
// minutes is played at their end.
func (s scale) at(ms int64) time.Duration {
	return min(max(time.Duration(float64(ms-s.first)*s.factor*float64(time.Millisecond)), 0), s.end)
}

// replayed plays what was bought in an earlier day and what the customers did then, with
// its time drawn together.
func replayed(p Plan) (out []buy) {
	s := scaleOf(p)
	for i := range p.Day.Lives {
		l := &p.Day.Lives[i]
		at := s.at(l.Placed)
		out = append(out, buy{at: at, retail: l.Channel == "mercadolibre", lines: min(max(l.Lines, 1), 20), pieces: min(max(l.Pieces, l.Lines, 1), 200), life: l})
		for k := range l.Deeds {
			out = append(out, buy{at: max(s.at(l.Deeds[k].At), at), retail: l.Channel == "mercadolibre", life: l, deed: &l.Deeds[k]})
		}
	}
	slices.SortStableFunc(out, func(a, b buy) int { return int(a.at - b.at) })
	return out
}

// firstID is where the numbers of replayed orders begin: known before an order is placed,
// so that what becomes of its pushes can be ordered first.
var firstID = map[bool]int64{false: 19_000_000_000_000_000, true: 2_000_020_000_000_000}

// number draws the platform's number of a replayed order.
func (c *crowd) number(retail bool) string {
	c.drawn++
	return strconv.FormatInt(firstID[retail]+c.drawn, 10)
}

// send has the platform tell of something as it did then.
func (c *crowd) send(f *sim.Faults, id string, s hub.Sending) {
	r := c.replay
	switch {
	case s.Lost:
		r.Lost++
		f.Next(sim.PushLost, 1, id)
		return
	case s.Swapped:
		r.Swapped++
		f.Next(sim.PushReordered, 1, id)
	case s.Late > 0:
		r.Late++
		f.Delay(max(time.Duration(float64(s.Late)*c.scale.factor*c.at.clock.Speed()), time.Second), id)
	}
	if s.Doubled > 0 {
		r.Doubled++
		f.Next(sim.PushDoubled, min(s.Doubled, 10), id)
	}
}

// do lets a customer do what he did then. Without an occasion for it (the order was not
// sold here, the staff have answered otherwise) nothing happens.
func (c *crowd) do(b buy) {
	r := c.replay
	id := c.lives[b.life]
	if id == "" {
		r.Skipped++
		return
	}
	if b.retail {
		c.send(c.at.ml.Faults(), id, b.deed.Sent)
		c.doRetail(b, id)
		return
	}
	c.send(c.at.mt.Faults(), id, b.deed.Sent)
	act, args := map[string]string{hub.DeedRemind: "remind", hub.DeedCancel: "buyer_cancel", hub.DeedRefund: "ask_refund", hub.DeedPart: "ask_refund",
		hub.DeedWithdraw: "withdraw_refund", hub.DeedAppeal: "appeal"}[b.deed.Kind], any(nil)
	if b.deed.Kind == hub.DeedPart {
		o, err := c.at.mt.Order(id)
		if err != nil || len(o.Detail) == 0 {
			r.Skipped++
			return
		}
		args = json.RawMessage(fmt.Sprintf(`{"items":[{"app_food_code":%q,"sku_id":%q,"count":1}]}`, o.Detail[0].FoodCode, o.Detail[0].SKU))
	}
	err := c.at.mt.Do(id, act, args)
	if err != nil && b.deed.Kind == hub.DeedCancel {
		if err = c.at.mt.Do(id, "ask_refund", nil); err == nil {
			r.Otherwise++
		}
	}
	if err != nil {
		r.Skipped++
		return
	}
	r.Deeds[b.deed.Kind]++
}

func (c *crowd) doRetail(b buy, id string) {
	var order ml.ID
	err := json.Unmarshal([]byte(id), &order)
	if err == nil && b.deed.Kind == hub.DeedCancel {
		if err = c.at.ml.Act(order, "buyer_cancel", ml.ActArgs{}); err == nil {
			c.replay.Deeds[b.deed.Kind]++
			return
		}
	}
	c.replay.Skipped++
}

// again remembers which order a life has become.
func (c *crowd) again(b buy, id string) {
	if b.life != nil {
		c.lives[b.life] = id
	}
}
