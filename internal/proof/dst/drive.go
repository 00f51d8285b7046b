package dst

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/tongdan/tongdan/internal/db"
	ml "github.com/tongdan/tongdan/internal/sim/mercadolibre"
)

// A choice is one thing that could happen next.
type choice struct {
	task *task
	node *node
	kind int
}

const (
	giveWord = iota
	letWrite
	lookAfter
)

// choices lists what could happen now, in an order that does not depend on maps.
func (w *World) choices(out []choice) []choice {
	now := time.Now()
	for _, t := range w.tasks {
		if w.can(t, now) {
			out = append(out, choice{task: t})
		}
	}
	for _, n := range w.nodes {
		if !n.up() || n.frozen(now) {
			continue
		}
		if n.waits() {
			out = append(out, choice{node: n, kind: letWrite})
		}
		if !n.turns && !n.wants().After(now) {
			out = append(out, choice{node: n, kind: lookAfter})
		}
	}
	return out
}

// once lets one thing happen; false when nothing can at this moment.
func (w *World) once() bool {
	var buf [32]choice
	list := w.choices(buf[:0])
	if len(list) == 0 {
		return false
	}
	switch c := list[w.rng.IntN(len(list))]; c.kind {
	case giveWord:
		w.step(c.task)
	case letWrite:
		c.node.write()
	case lookAfter:
		c.node.look()
	}
	return true
}

// soonest is when something that is known of can happen, at most limit from now.
func (w *World) soonest(limit time.Duration) time.Duration {
	now := time.Now()
	d := limit
	add := func(t time.Time) {
		if t.After(now) {
			d = min(d, t.Sub(now))
		}
	}
	for _, t := range w.tasks {
		add(t.at)
		if t.node != nil {
			add(t.node.until)
		}
	}
	for _, n := range w.nodes {
		switch {
		case n.up():
			add(n.until)
			if !n.turns {
				add(n.wants())
			}
		case !n.back.IsZero():
			add(n.back)
		}
	}
	return max(d, time.Millisecond)
}

// pass lets the world go on for a time. maxRounds bounds it: a loop that does not end is
// a broken promise too.
func (w *World) pass(d time.Duration) {
	const maxRounds = 200_000
	end := time.Now().Add(d)
	w.coarse = max(time.Second, d/5) // how late anybody may be with what he does by the clock
	for range maxRounds {
		w.revive()
		for w.once() {
			if len(w.wrong) >= maxWrong {
				return
			}
		}
		left := time.Until(end)
		if left <= 0 {
			return
		}
		w.sleep(w.soonest(min(left, w.coarse)))
	}
	w.violate("the world does not come to rest: %d tasks", len(w.tasks))
}

// revive starts nodes whose time has come.
func (w *World) revive() {
	for _, n := range w.nodes {
		if !n.up() && !n.back.IsZero() && !n.back.After(time.Now()) {
			n.back = time.Time{}
			w.trace(n.name() + " comes back")
			if err := n.start(); err != nil {
				w.violate("%s does not come back: %v", n.name(), err)
			}
		}
	}
}

// live plays the script, then lets everything come to rest, and checks.
func (w *World) live() {
	w.pass(2 * time.Second) // both platforms are authorised and have been pulled once
	for _, s := range w.script.Steps {
		w.rng = rand.New(rand.NewPCG(w.script.Seed, s.Seed))
		if s.Wait > 0 {
			w.pass(time.Duration(s.Wait) * time.Millisecond)
		}
		w.trace(s.String())
		w.do(s)
		for range w.rng.IntN(12) {
			if !w.once() {
				break
			}
		}
		if len(w.wrong) > 0 {
			return
		}
	}
	w.rest()
}

// do is one step of the script.
func (w *World) do(s Step) {
	switch s.Kind {
	case Place:
		w.place(s)
	case World_:
		for _, o := range w.of(s.Life) {
			w.happen(o, s.What)
		}
	case Clerk:
		for _, o := range w.of(s.Life) {
			w.want(o, s.What, s.N)
		}
	case Again:
		for _, o := range w.of(s.Life) {
			w.again(o, s.What)
		}
	case Fault:
		w.mt.Faults().Next(s.What, s.N)
		w.ml.Faults().Next(s.What, s.N)
	case Crash:
		n := w.nodes[s.N]
		d, _ := time.ParseDuration(s.What)
		n.kill()
		w.durable(false)
		n.back, n.until = time.Now().Add(d), time.Time{}
	case Freeze:
		d, _ := time.ParseDuration(s.What)
		w.nodes[s.N].until = time.Now().Add(d)
	case Disk:
		w.broken[db.Moment(s.What)] += s.N
	case Book:
		w.wantBooked(s.N)
	case Expire:
		for _, id := range []ml.ID{brazil, mexico} {
			if err := w.ml.ExpireTokens(id); err != nil {
				w.violate("expire: %v", err)
			}
		}
	}
}

func (w *World) of(life int) (out []placed) {
	for _, o := range w.orders {
		if o.life == life {
			out = append(out, o)
		}
	}
	return out
}

// place has a customer order.
func (w *World) place(s Step) {
	switch s.What {
	case "meituan", "meituan unpaid":
		counted := map[string]any{"app_food_code": dish, "sku_id": spec, "quantity": 1 + w.rng.IntN(4)}
		if w.pile != nil && s.What != "meituan" {
			counted["sku_id"] = "T001-L"
		}
		in := map[string]any{"app_poi_code": shops[s.N], "detail": []any{
			counted,
			map[string]any{"app_food_code": "T002", "sku_id": "T002-M", "quantity": 1},
		}}
		if s.What != "meituan" {
			in["status"] = 1
		}
		raw, _ := json.Marshal(in)
		id, err := w.mt.Place(raw)
		if err != nil && w.pile != nil && strings.Contains(err.Error(), "sold out") {
			return // the customer goes elsewhere
		}
		if err != nil {
			w.violate("place: %v", err)
			return
		}
		w.orders = append(w.orders, placed{s.Life, "meituan", id})
	default:
		p := ml.Placement{SellerID: []ml.ID{brazil, mexico}[s.N], Oversell: true, Pending: s.What == "mercadolibre unpaid"}
		if s.What == "mercadolibre pack" {
			p.Orders = []json.RawMessage{json.RawMessage("{}"), json.RawMessage("{}")}
		}
		if w.pile != nil && s.N == 0 {
			for i := range max(len(p.Orders), 1) { // anything else
				p.Orders = append(p.Orders[:i], json.RawMessage(fmt.Sprintf(`{"order_items":[{"item":{"id":"MLB400000100%d"}}]}`, 4-i*2)))
			}
			if s.What == "mercadolibre" && w.rng.IntN(2) == 0 {
				p.Oversell = false
				p.Orders[0] = json.RawMessage(fmt.Sprintf(`{"order_items":[{"item":{"id":%q},"quantity":%d}]}`, listing, 1+w.rng.IntN(3)))
			}
		}
		got, err := w.ml.Place(p)
		if err != nil && !p.Oversell {
			return // sold out
		}
		if err != nil {
			w.violate("place: %v", err)
			return
		}
		for _, id := range got.Orders {
			w.orders = append(w.orders, placed{s.Life, "mercadolibre", id.String()})
		}
	}
}

// happen is what somebody does at the platform; what is not possible any more is left out.
func (w *World) happen(o placed, what string) {
	if o.channel != "meituan" {
		_ = w.ml.Act(idOf(o.ref), what, ml.ActArgs{})
		return
	}
	switch what {
	case "ask_refund", "ask_part", "withdraw_refund", "appeal", "rule", "agree_in_app":
		for _, t := range w.tasks {
			if t.order == o.ref {
				return // between a read of the case and its answer lies one round trip
			}
		}
	}
	switch what {
	case "ask_part":
		if x, err := w.mt.Order(o.ref); err == nil {
			l := x.Detail[0]
			_ = w.mt.Do(o.ref, "ask_refund", map[string]any{"items": []any{map[string]any{"app_food_code": l.FoodCode, "sku_id": l.SKU, "count": 1}}})
		}
	case "agree_in_app":
		if open := w.openCase(o.ref); open != "" {
			w.cases[o.ref+" "+open] = true
		}
		_ = w.mt.Do(o.ref, what, nil)
	case "rule":
		_ = w.mt.Do(o.ref, "rule_appeal", map[string]any{"agree": w.rng.IntN(2) == 0})
	default:
		_ = w.mt.Do(o.ref, what, nil)
	}
}

// rest ends all misbehaviour, brings everybody up, and lets time pass until nothing is
// under way and the books agree.
func (w *World) rest() {
	w.rng = rand.New(rand.NewPCG(w.script.Seed, 3))
	w.mt.Faults().Calm()
	w.ml.Faults().Calm()
	clear(w.broken)
	for _, n := range w.nodes {
		n.until = time.Time{}
		if !n.up() {
			n.back = time.Now()
		}
	}
	var still []string
	for i, d := range []time.Duration{5 * time.Second, 45 * time.Second, 5 * time.Minute, 20 * time.Minute, 70 * time.Minute, 70 * time.Minute, 2 * time.Hour} {
		w.pass(d)
		if w.pile != nil && d > 10*time.Minute {
			w.pass(2 * time.Minute) // looks that an hour has brought ripen, by steps of less than a quarter of an hour
		}
		if len(w.wrong) > 0 {
			return
		}
		if i == 0 {
			continue
		}
		still = w.unsettled(context.Background())
		for _, x := range still {
			w.trace("not settled: " + x)
		}
		if len(still) == 0 {
			w.check(context.Background())
			return
		}
	}
	for _, s := range still {
		w.violate("after hours without faults: %s", s)
	}
}
