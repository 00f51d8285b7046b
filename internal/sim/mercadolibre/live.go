package mercadolibre

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/tongdan/tongdan/internal/sim"
)

// LiveOptions say how busy the crowd is.
type LiveOptions struct {
	// RatePerMinute is the number of checkouts a minute of the platform's clock. Default 2.
	RatePerMinute float64
	Seed          uint64
	// Sites are where buyers buy. Default MLB, MLM, MCO.
	Sites []string
	// NoOrders is a crowd that buys nothing and moves the sales that come from elsewhere.
	NoOrders bool
	// Keep is how many orders are remembered; the oldest finished ones are forgotten beyond it.
	// Default 20,000.
	Keep int
	// Calm is a crowd in which no buyer changes his mind and every parcel arrives.
	Calm bool
	// PrintForSeller prints labels that the seller has left alone for an hour, so that a
	// demonstration without a working hub goes on.
	PrintForSeller bool
}

// Live plays buyers, carriers and the platform until ctx ends: single orders and packs, pending
// payments that are made later or never, cancellations, carriers that come late, parcels that
// fail. It is bounded and may run for days. It returns ctx's error, or why it stopped.
func (s *Sim) Live(ctx context.Context, o LiveOptions) error {
	if o.RatePerMinute <= 0 {
		o.RatePerMinute = 2
	}
	if len(o.Sites) == 0 {
		o.Sites = []string{"MLB", "MLM", "MCO"}
	}
	o.Keep = cmp.Or(o.Keep, 20_000)
	c := &crowd{s: s, o: o, r: rand.New(rand.NewPCG(o.Seed, 0x6c697665))}
	for _, id := range s.sellersOn(o.Sites) {
		c.sellers = append(c.sellers, id)
	}
	if len(c.sellers) == 0 {
		return errors.New("no seller is registered on these sites")
	}
	c.last = s.clock.Now()
	for pause(ctx, 200*time.Millisecond) {
		if err := c.turn(s.clock.Now()); err != nil {
			return err
		}
	}
	return ctx.Err()
}

func (s *Sim) sellersOn(names []string) []ID {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []ID
	for _, id := range s.sellerIDs() {
		if slices.Contains(names, s.sellers[id].Site) {
			out = append(out, id)
		}
	}
	return out
}

// crowd is the state of a Live run.
type crowd struct {
	s       *Sim
	o       LiveOptions
	r       *rand.Rand
	sellers []ID
	last    time.Time
	owed    float64 // checkouts that have become due
	turns   int
}

// turn does what has become due since the last turn.
func (c *crowd) turn(now time.Time) error {
	gone := now.Sub(c.last)
	c.last = now
	c.owed = min(c.owed+gone.Minutes()*c.o.RatePerMinute*(0.5+c.r.Float64()), 200)
	if c.o.NoOrders {
		c.owed = 0
	}
	for ; c.owed >= 1; c.owed-- {
		if err := c.buy(); err != nil {
			return err
		}
	}
	if err := c.carry(now, gone); err != nil {
		return err
	}
	if c.turns++; c.turns%50 == 0 {
		return c.s.Forget(c.o.Keep)
	}
	return nil
}

// buy makes one checkout.
func (c *crowd) buy() error {
	seller := c.sellers[c.r.IntN(len(c.sellers))]
	c.s.refill(seller)
	p := Placement{SellerID: seller, Pending: c.r.IntN(8) == 0}
	n := 1
	if c.r.IntN(6) == 0 {
		n = 2 + c.r.IntN(2)
	}
	for range n {
		quantity := 1
		if c.r.IntN(5) == 0 {
			quantity = 2 + c.r.IntN(2)
		}
		raw, err := json.Marshal(map[string]any{"order_items": []any{map[string]any{"quantity": quantity}}})
		if err != nil {
			return err
		}
		p.Orders = append(p.Orders, raw)
	}
	_, err := c.s.Place(p)
	if err != nil && c.s.broken() {
		return err
	}
	return nil // the last units of something: the buyer leaves
}

// broken says whether the book can no longer be written.
func (s *Sim) broken() bool { return s.book.Put("ml.alive", "live", true) != nil }

// refill restocks a seller who has nothing left, as he would on his own page.
func (s *Sim) refill(seller ID) {
	_ = s.do(s.clock.Now(), func(t *tx) error {
		if t.anyListing(s.sellers[seller], 4, nil) != nil {
			return nil
		}
		for _, it := range s.ofItems[seller] {
			if it.Status == "paused" && slices.Contains(it.SubStatus, "out_of_stock") || it.Status == "active" {
				if err := t.setStock(it, 0, 200); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

// carry lets payments come in, buyers change their minds and parcels move. What happens
// to an order has an hourly chance, so that the speed of the clock does not matter.
func (c *crowd) carry(now time.Time, gone time.Duration) error {
	hours := gone.Hours()
	type deed struct {
		order ID
		act   string
		args  ActArgs
	}
	var deeds []deed
	chance := func(perHour float64) bool { return c.r.Float64() < 1-1/(1+perHour*hours) }
	s := c.s
	s.mu.Lock()
	ids := make([]ID, 0, len(s.ships))
	for id, sh := range s.ships {
		if !final(sh.Status) && !sh.History {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	for _, id := range ids {
		sh := s.ships[id]
		v := s.speaker(sh)
		if v == nil || !slices.Contains(c.sellers, sh.Seller) {
			continue
		}
		add := func(act string, a ActArgs) { deeds = append(deeds, deed{v.Order.ID, act, a}) }
		switch {
		case v.Order.Status == "payment_required":
			if chance(1.5) {
				add("pay", ActArgs{})
			}
		case v.Order.Status != "paid" && v.Order.Status != "partially_refunded":
		case !c.o.Calm && sh.Dispatched.IsZero() && chance(0.004):
			add("buyer_cancel", ActArgs{})
		case sh.Type == "fulfillment":
		case sh.Substatus == "ready_to_print" && c.o.PrintForSeller && now.Sub(sh.Updated.Time) > time.Hour:
			add("print", ActArgs{})
		case sh.Substatus == "printed" && chance(0.25): // some come only after the deadline
			add("collect", ActArgs{})
		case sh.Substatus == "picked_up" && chance(0.3), sh.Substatus == "dropped_off" && sh.Type == "xd_drop_off" && chance(0.3):
			add("hub", ActArgs{})
		case (sh.Substatus == "in_hub" || sh.Substatus == "dropped_off") && chance(0.2):
			add("ship", ActArgs{})
		case !c.o.Calm && sh.Status == "shipped" && chance(0.002):
			add("return", ActArgs{})
		case !c.o.Calm && sh.Status == "shipped" && sh.Substatus == "" && chance(0.01):
			add("fail", ActArgs{Substatus: oneOf(c.r, []string{"receiver_absent", "bad_address"})})
		case sh.Status == "shipped" && chance(0.06):
			add("deliver", ActArgs{})
		}
	}
	s.mu.Unlock()
	for _, d := range deeds {
		if err := s.Act(d.order, d.act, d.args); err != nil && !errors.Is(err, sim.ErrUnknown) && s.broken() {
			return err
		}
	}
	return nil
}

// speaker is the order through which a parcel is acted on: an unpaid one if there is one,
// else the first that lives.
func (s *Sim) speaker(sh *shipment) *sale {
	var first *sale
	for _, id := range sh.Orders {
		v := s.sales[id]
		if v == nil || !v.alive() || v.Order.CancelDetail != nil {
			continue
		}
		if v.Order.Status != "paid" && v.Order.Status != "partially_refunded" {
			return v
		}
		if first == nil {
			first = v
		}
	}
	return first
}

// Forget drops the oldest finished sales until at most keep orders are left; open ones stay.
func (s *Sim) Forget(keep int) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	excess := len(s.sales) - keep
	if excess <= 0 {
		return nil
	}
	all := make([]*shipment, 0, len(s.ships))
	for _, sh := range s.ships {
		if final(sh.Status) {
			all = append(all, sh)
		}
	}
	slices.SortFunc(all, func(a, b *shipment) int {
		return cmp.Or(a.Updated.Compare(b.Updated.Time), cmp.Compare(a.ID, b.ID))
	})
	b := s.book.Begin()
	gone := map[ID]bool{}
	for _, sh := range all {
		if len(gone) >= excess {
			break
		}
		for _, id := range sh.Orders {
			v := s.sales[id]
			if v == nil {
				continue
			}
			gone[id] = true
			delete(s.sales, id)
			delete(s.tallies, id.String())
			delete(s.billOf, v.Order.Buyer.BillingInfo.ID)
			for _, p := range v.Order.Payments {
				delete(s.payOf, p.ID)
			}
			for _, m := range v.Order.Mediations {
				if s.claims[m.ID] != nil {
					delete(s.claims, m.ID)
					b.Delete("ml.claim", m.ID.String())
				}
			}
			b.Delete("ml.sale", id.String())
			b.Delete("ml.tally", id.String())
		}
		delete(s.ships, sh.ID)
		b.Delete("ml.shipment", sh.ID.String())
		if s.packs[sh.Pack] != nil {
			delete(s.packs, sh.Pack)
			b.Delete("ml.pack", sh.Pack.String())
		}
	}
	for id, list := range s.ofSeller {
		s.ofSeller[id] = slices.DeleteFunc(list, func(v *sale) bool { return gone[v.Order.ID] })
	}
	return b.Commit()
}

// pause waits in real time; false when ctx has ended.
func pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}
