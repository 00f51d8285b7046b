package mercadolibre

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/tongdan/tongdan/internal/sim"
)

// tx is one change of the platform's state: everything that is touched, with the
// notifications that announce it, goes to the book in one batch. It is made and committed
// with Sim.mu held. What must be refused is refused before the first touch.
type tx struct {
	s     *Sim
	at    time.Time // when the change happens, for the platform's data
	batch *sim.Batch
	quiet bool // no notifications

	sales  map[ID]*sale
	packs  map[ID]*pack
	ships  map[ID]*shipment
	items  map[string]*Item
	claims map[ID]*claim
	tally  map[string]bool
	seq    ID
	hints  []hint
}

// hint is a notification to be sent: a topic and the path to read.
type hint struct {
	topic, resource string
	seller          ID
	about           string // order id, or listing id: keeps the first attempts in order
	actions         string
}

func (s *Sim) begin(at time.Time) *tx {
	return &tx{s: s, at: stampAt(at).Time, batch: s.book.Begin(), seq: s.seq,
		sales: map[ID]*sale{}, packs: map[ID]*pack{}, ships: map[ID]*shipment{}, items: map[string]*Item{}, claims: map[ID]*claim{}, tally: map[string]bool{}}
}

// do runs one change with the lock held and commits it unless f refuses.
func (s *Sim) do(at time.Time, f func(*tx) error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.begin(at)
	if err := f(t); err != nil {
		return err
	}
	return t.commit()
}

// commit writes everything touched. Orders and shipments announce themselves once
// each, whatever happened to them within the change.
func (t *tx) commit() error {
	s := t.s
	for _, id := range slices.Sorted(maps.Keys(t.sales)) {
		t.batch.Put("ml.sale", id.String(), t.sales[id])
		s.index(t.sales[id])
		if v := t.sales[id]; s.cfg.SearchLag > 0 {
			v.old = append(v.old, indexed{at: v.Order.LastUpdated.Time, order: cloneOrder(&v.Order)})
			if len(v.old) > 8 {
				v.old = v.old[1:]
			}
		}
	}
	for id, p := range t.packs {
		t.batch.Put("ml.pack", id.String(), p)
	}
	for id, sh := range t.ships {
		t.batch.Put("ml.shipment", id.String(), sh)
	}
	for id, it := range t.items {
		t.batch.Put("ml.item", id, it)
	}
	for id, c := range t.claims {
		t.batch.Put("ml.claim", id.String(), c)
	}
	for id := range t.tally {
		t.batch.Put("ml.tally", id, s.tallies[id])
	}
	if s.seq != t.seq {
		t.batch.Put("ml.seq", "last", s.seq)
	}
	if !t.quiet {
		seen := map[hint]bool{}
		for _, h := range t.hints {
			if !seen[h] {
				seen[h] = true
				s.notify(t.batch, h)
			}
		}
	}
	return t.batch.Commit()
}

// next gives the next number of the run.
func (t *tx) next() ID {
	t.s.seq++
	return t.s.seq
}

// touchSale marks the order as changed at the time of the change and announces it.
func (t *tx) touchSale(v *sale) {
	if t.at.After(v.Order.LastUpdated.Time) {
		v.Order.LastUpdated = stampAt(t.at)
	}
	t.sales[v.Order.ID] = v
	t.hint("orders_v2", "/orders/"+v.Order.ID.String(), v.Order.Seller.ID, v.Order.ID.String())
}

// cloneOrder copies what later changes would write into.
func cloneOrder(o *Order) Order {
	c := *o
	c.Tags = slices.Clone(o.Tags)
	c.Payments = slices.Clone(o.Payments)
	c.Mediations = slices.Clone(o.Mediations)
	return c
}

// touchPayment announces a payment of an order.
func (t *tx) touchPayment(v *sale, p *Payment) {
	p.DateLastModified = stampAt(t.at)
	t.hint("payments", "/collections/"+p.ID.String(), v.Order.Seller.ID, v.Order.ID.String())
}

// touchShipment marks a shipment as changed and announces it.
func (t *tx) touchShipment(sh *shipment) {
	if t.at.After(sh.Updated.Time) {
		sh.Updated = stampAt(t.at)
	}
	t.ships[sh.ID] = sh
	about := sh.ID
	if len(sh.Orders) > 0 {
		about = sh.Orders[0]
	}
	t.hint("shipments", "/shipments/"+sh.ID.String(), sh.Seller, about.String())
}

func (t *tx) touchPack(p *pack) {
	p.Updated = stampAt(t.at)
	t.packs[p.ID] = p
}

// touchItem marks a listing as changed and announces it.
func (t *tx) touchItem(it *Item) {
	it.Updated = stampAt(t.at)
	t.items[it.ID] = it
	t.hint("items", "/items/"+it.ID, it.Seller, it.ID)
}

func (t *tx) touchClaim(c *claim) {
	c.Updated = stampAt(t.at)
	t.claims[c.ID] = c
	t.hints = append(t.hints, hint{topic: "post_purchase", resource: "post-purchase/v1/claims/" + c.ID.String(), seller: c.Seller, about: c.Order.String(), actions: "claims"})
}

func (t *tx) hint(topic, resource string, seller ID, about string) {
	t.hints = append(t.hints, hint{topic: topic, resource: resource, seller: seller, about: about})
}

// count writes down that a call of this kind came for the order (or listing), and whether it
// changed anything.
func (t *tx) count(about, kind string, changed bool) {
	if t.s.tallies[about] == nil {
		t.s.tallies[about] = sim.Tally{}
	}
	t.s.tallies[about].Add(kind, changed)
	t.tally[about] = true
}

// after sets the platform's own timer act for id, replacing an earlier one of the
// same act and id. A time that has passed fires as soon as the clock moves.
func (t *tx) after(act string, id ID, at time.Time) {
	s, key := t.s, act+":"+id.String()
	tm := timer{Act: act, ID: id, At: stampAt(at)}
	t.batch.Put("ml.timer", key, tm)
	t.batch.After(func() { s.arm(key, tm) })
}

// drop removes a timer.
func (t *tx) drop(act string, id ID) {
	s, key := t.s, act+":"+id.String()
	if _, ok := s.timers[key]; !ok {
		return
	}
	t.batch.Delete("ml.timer", key)
	t.batch.After(func() {
		if old, ok := s.timers[key]; ok {
			old.stop()
			delete(s.timers, key)
		}
	})
}

// armed is a timer that is set on the clock.
type armed struct {
	tm   timer
	stop func() bool
}

// arm sets a timer on the clock. Sim.mu is held.
func (s *Sim) arm(key string, tm timer) {
	if s.closed {
		return
	}
	if old, ok := s.timers[key]; ok {
		old.stop()
	}
	s.timers[key] = armed{tm: tm, stop: s.clock.At(tm.At.Time, func() { s.fire(key, tm) })}
}

// fire does what a timer was set for.
func (s *Sim) fire(key string, tm timer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	// One that was replaced while it waited for the lock is not the one to fire.
	if s.closed || s.timers[key].tm != tm {
		return
	}
	delete(s.timers, key)
	at := s.clock.Now()
	if tm.At.After(at) {
		at = tm.At.Time
	}
	t := s.begin(at)
	t.batch.Delete("ml.timer", key)
	t.due(tm)
	// A book that cannot be written fails every later call as well; there is
	// nobody to tell here.
	_ = t.commit()
}

// rearm sets the timers that the book holds.
func (s *Sim) rearm() {
	s.mu.Lock()
	defer s.mu.Unlock()
	_ = s.book.Load("ml.timer", func(key string, raw json.RawMessage) error {
		var tm timer
		if err := json.Unmarshal(raw, &tm); err != nil {
			return err
		}
		s.arm(key, tm)
		return nil
	})
}

// pick returns one of the choices by the simulator's seed.
func pick[T any](s *Sim, choices []T) T { return choices[s.rng.IntN(len(choices))] }

func itoa(n int) string { return strconv.Itoa(n) }
