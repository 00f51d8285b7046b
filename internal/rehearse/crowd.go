package rehearse

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/tongdan/tongdan/internal/books"
	"github.com/tongdan/tongdan/internal/hub"
	"github.com/tongdan/tongdan/internal/sim"
	mt "github.com/tongdan/tongdan/internal/sim/meituan"
	ml "github.com/tongdan/tongdan/internal/sim/mercadolibre"
)

// crowd are the customers. Riders, carriers and customers who change their minds are
// played by the simulators' own crowds, over the orders that are placed here.
type crowd struct {
	plan  *Plan
	at    *platforms
	stock *ledger
	diary *diary

	mu     sync.Mutex
	placed map[string]time.Time // by books.Key: when the customer ordered, real time
	seen   map[string]bool      // shown on a screen
	mt     []sold
	ml     []ml.ID
	turned int // who found sold out what they wanted

	// Of a replay, by the one who buys.
	replay *Replayed // nil = it is none
	scale  scale
	drawn  int64
	lives  map[*hub.Life]string // the platform's number of each that was placed
}

// sold is an order of Meituan's, and the channel on which its shop is reached.
type sold struct{ id, channel string }

func newCrowd(p *Plan, at *platforms, l *ledger, d *diary) *crowd {
	c := &crowd{plan: p, at: at, stock: l, diary: d, placed: map[string]time.Time{}, seen: map[string]bool{}}
	if p.Profile == "replay" {
		c.replay = &Replayed{Lines: p.Day.Lines, Lives: len(p.Day.Lives), Stored: p.Day.Stored, Staff: p.Day.Staff, Deeds: map[string]int{}}
		c.scale, c.lives = scaleOf(*p), map[*hub.Life]string{}
	}
	return c
}

// live lets riders, carriers and customers move the orders until ctx ends. In a replay
// customers do what they did then, and nothing else. When the day of a chain ends its customers
// go to bed, so that the staff can finish; riders go on.
func (c *crowd) live(day, ctx context.Context) {
	const day24 = 24 * time.Hour
	const all = 10 * maxOrders // nothing is forgotten before the books have been compared
	if c.plan.Profile == "chain" {
		o := mt.LiveOptions{NoOrders: true, Seed: c.plan.Seed, Forget: 30 * day24, MaxOrders: all, Rain: c.rain(), Comments: 8}
		c.at.mt.Live(day, o)
		o.Calm = true
		c.at.mt.Live(ctx, o)
		return
	}
	var both sync.WaitGroup
	both.Go(func() {
		c.at.mt.Live(ctx, mt.LiveOptions{NoOrders: true, Seed: c.plan.Seed, Forget: 30 * day24, MaxOrders: all, Calm: c.replay != nil})
	})
	both.Go(func() {
		c.at.ml.Live(ctx, ml.LiveOptions{NoOrders: true, Seed: c.plan.Seed, Sites: []string{"MLB", "MLM"}, Keep: all, Calm: c.replay != nil})
	})
	both.Wait()
}

// buy places the orders of a schedule, each at its time.
func (c *crowd) buy(ctx context.Context, list []buy) error {
	for i, b := range list {
		if d := time.Until(c.diary.began.Add(b.at)); d > 0 && !wait(ctx, d) {
			return ctx.Err()
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if b.deed != nil {
			c.do(b)
			continue
		}
		if err := c.place(i, b); err != nil {
			return err
		}
	}
	return nil
}

// comeBack lets those whom a flash sale turned away try again on both platforms until the
// last piece is gone: what is left moves between the platforms while they ask.
func (c *crowd) comeBack(ctx context.Context) error {
	c.mu.Lock()
	turned := c.turned
	c.mu.Unlock()
	defer func() { // the same people
		c.mu.Lock()
		defer c.mu.Unlock()
		c.turned = turned
	}()
	for end, i := time.Now().Add(comeBackFor), 0; c.stock.has(c.plan.cast.takeaway[0].Code, hotSpec) && time.Now().Before(end); i++ {
		if !wait(ctx, 50*time.Millisecond) {
			return ctx.Err()
		}
		if err := c.place(i, buy{hot: true, retail: i%2 == 1}); err != nil {
			return err
		}
	}
	return nil
}

// comeBackFor is how long the last pieces may take to reach somebody who wants them. A
// message that cannot be read holds them up for ten minutes of the platforms' clock.
const comeBackFor = 75 * time.Second

func (c *crowd) place(i int, b buy) error {
	at := time.Now()
	if b.retail {
		return c.placeRetail(i, b, at)
	}
	shop := c.plan.cast.takeaway[i%len(c.plan.cast.takeaway)]
	order := map[string]any{"app_poi_code": shop.Code}
	switch {
	case b.hot:
		shop = c.plan.cast.takeaway[0]
		order["app_poi_code"] = shop.Code
		order["detail"] = []any{map[string]any{"app_food_code": hotDish, "sku_id": hotSpec, "quantity": 1}}
	case b.lines > 0:
		var detail []any
		for k := range b.lines {
			n := b.pieces / b.lines
			if k == 0 {
				n += b.pieces % b.lines
			}
			detail = append(detail, map[string]any{"app_food_code": fmt.Sprintf("T%03d", 1+(i+k)%26), "quantity": max(n, 1)})
		}
		order["detail"] = detail
	}
	if b.promised > 0 {
		order["delivery_time"] = c.at.clock.Now().Add(b.promised).Truncate(15 * time.Minute).Unix()
	}
	if b.pickup {
		order["pick_type"] = 1
	}
	if b.life != nil {
		id := c.number(false)
		order["order_id"] = id
		c.send(c.at.mt.Faults(), id, b.life.Sent)
	}
	raw, err := json.Marshal(order)
	if err != nil {
		return err
	}
	id, err := c.at.mt.Place(raw)
	if c.leaves(err) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("the simulated Meituan takes no order: %w", err)
	}
	c.again(b, id)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.mt = append(c.mt, sold{id, channelOf(shop)})
	c.note(books.Key(channelOf(shop), id), at)
	return nil
}

func (c *crowd) placeRetail(i int, b buy, at time.Time) error {
	p := ml.Placement{SellerID: c.plan.cast.sellers[i%len(c.plan.cast.sellers)].ID, Pending: i%40 == 7}
	item := map[string]any{"quantity": max(b.pieces, 1)}
	if b.pieces == 0 && i%5 == 0 {
		item["quantity"] = 2
	}
	if it, ok := c.stock.shared(c.plan.cast.takeaway[0].Code, hotSpec, "mercadolibre"); b.hot && ok {
		p.SellerID = c.plan.cast.sellers[0].ID
		item = map[string]any{"quantity": 1, "item": map[string]any{"id": it.code}}
	}
	order := map[string]any{"order_items": []any{item}}
	if b.life != nil {
		id := c.number(true)
		order["id"] = json.Number(id)
		p.Pending = false
		c.send(c.at.ml.Faults(), id, b.life.Sent)
	}
	raw, err := json.Marshal(order)
	if err != nil {
		return err
	}
	p.Orders = []json.RawMessage{raw}
	if i%16 == 3 && b.lines == 0 && !b.hot {
		p.Orders = append(p.Orders, raw) // a pack of two
	}
	done, err := c.at.ml.Place(p)
	if c.leaves(err) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("the simulated Mercado Libre takes no order: %w", err)
	}
	c.again(b, done.Orders[0].String())
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, id := range done.Orders {
		c.ml = append(c.ml, id)
		c.note(books.Key("mercadolibre", id.String()), at)
	}
	return nil
}

// leaves reports whether a purchase failed because the platform shows too few pieces: the
// customer goes away.
func (c *crowd) leaves(err error) bool {
	if !errors.Is(err, sim.ErrSoldOut) {
		return false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.turned++
	return true
}

// note takes an order down; one that a screen showed before the platform's answer came
// back here counts as shown at once.
func (c *crowd) note(key string, at time.Time) {
	c.placed[key] = at
	if c.seen[key] {
		c.diary.add(Screen, time.Since(at))
	}
}

// show notes that a screen shows an order.
func (c *crowd) show(key string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.seen[key] {
		return
	}
	c.seen[key] = true
	if at, ok := c.placed[key]; ok {
		c.diary.add(Screen, time.Since(at))
	}
}

// count says how many orders there are, how many of them a screen shows, and how long
// the one waits that has waited longest; overdue are those beyond slowScreen.
func (c *crowd) count() (in, seen int, oldest Waiting, overdue []string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := time.Now()
	for key, at := range c.placed {
		if c.seen[key] {
			seen++
			continue
		}
		waits := now.Sub(at)
		oldest = oldest.or(key, waits)
		if waits > slowScreen {
			overdue = append(overdue, key)
		}
	}
	return len(c.placed), seen, oldest, overdue
}

// when says when an order was placed, in seconds after the beginning.
func (c *crowd) when(key string) float64 {
	at, _ := c.placedAt(key)
	return at.Sub(c.diary.began).Seconds()
}

// placedAt is when a customer placed an order; false where nobody did.
func (c *crowd) placedAt(key string) (time.Time, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	at, ok := c.placed[key]
	return at, ok
}

// expect gives what the platforms hold now, by channel and number.
func (c *crowd) expect() (map[string]books.Entry, error) {
	c.mu.Lock()
	takeaway, retail := c.mt, c.ml
	c.mu.Unlock()
	out := make(map[string]books.Entry, len(takeaway)+len(retail))
	for _, o := range takeaway {
		e, err := books.Meituan(c.at.mt, o.id)
		if err != nil {
			return nil, err
		}
		out[books.Key(o.channel, o.id)] = e
	}
	for _, id := range retail {
		e, err := books.MercadoLibre(c.at.ml, id)
		if err != nil {
			return nil, err
		}
		out[books.Key("mercadolibre", id.String())] = e
	}
	return out, nil
}

// platformTally is what a platform was called for about one order.
func (p *platforms) platformTally(channel, ref string) sim.Tally {
	switch channel {
	case direct, provided:
		if o, err := p.mt.Order(ref); err == nil {
			return o.Tally
		}
	case "mercadolibre":
		return p.ml.Tally(ref)
	}
	return nil
}
