package rehearse

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/tongdan/tongdan/internal/books"
	"github.com/tongdan/tongdan/internal/sim"
)

// A pile is what one store has of one SKU, with the items that are sold from it.
type pile struct {
	code, store  string // the merchant's code; the store by the code of its Meituan shop
	items        []item
	first, later int64  // what comes in at the beginning, and at half-time
	sku, storeID string // the hub's ids

	there, received, sold int64
	shows                 map[item]int64   // what each item shows; absent = the hub has not set it yet
	out                   bool             // everything was sold at some moment
	back                  []string         // the orders that gave pieces back
	took                  map[string]taken // by each order, by the platforms' books
}

// taken are the pieces that an order took, and of these what it gave back.
type taken struct{ sold, back int64 }

func (x *pile) name() string { return x.code + " @ " + x.store }

// An Oversale is an order that took more pieces than there were.
type Oversale struct {
	Channel string  `json:"channel"`
	Ref     string  `json:"ref"` // the platform's number
	SKU     string  `json:"sku"` // and the store
	Pieces  int64   `json:"pieces"`
	Beyond  int64   `json:"beyond"` // of these, that the platform sold without showing them
	At      float64 `json:"at_s"`
}

// ledger is the history of every pile on all platforms, as the simulators write it: each
// change is told while its number is locked, so that no moment is missed. It knows more
// than the hub does, who hears of a sale later. Safe for concurrent use.
type ledger struct {
	piles []*pile // not changed once the day has begun

	mu    sync.Mutex
	of    map[item]*pile
	over  []Oversale
	most  int64 // pieces that were shown beyond what was there, at the worst moment
	where string
	began time.Time
}

func newLedger() *ledger { return &ledger{of: map[item]*pile{}, began: time.Now()} }

// begin is when orders begin, for the times of what is told.
func (l *ledger) begin(at time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.began = at
}

func (l *ledger) add(x *pile) {
	x.shows, x.took = map[item]int64{}, map[string]taken{}
	l.piles = append(l.piles, x)
	for _, it := range x.items {
		l.of[it] = x
	}
}

// share lets one more item be sold from a pile.
func (l *ledger) share(store, code string, it item) {
	for _, x := range l.piles {
		if x.store == store && x.code == code {
			x.items = append(x.items, it)
			l.of[it] = x
		}
	}
}

// shared finds the item of a shop that is sold from the pile of a store.
func (l *ledger) shared(store, code, platform string) (item, bool) {
	for _, x := range l.piles {
		if x.store != store || x.code != code {
			continue
		}
		if i := slices.IndexFunc(x.items, func(it item) bool { return it.platform == platform }); i >= 0 {
			return x.items[i], true
		}
	}
	return item{}, false
}

// receive notes that goods came in.
func (l *ledger) receive(x *pile, n int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	x.received += n
	x.there += n
}

// has reports whether a pile has never been sold to the last piece.
func (l *ledger) has(store, code string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.ContainsFunc(l.piles, func(x *pile) bool { return x.store == store && x.code == code && !x.out })
}

// told takes down a change. A simulator calls it while it is locked.
func (l *ledger) told(c sim.StockChange) {
	it := item{c.Platform, c.Shop, c.Item, c.Variation}
	n, key := int64(c.Pieces), books.Key(c.Platform, c.Order)
	l.mu.Lock()
	defer l.mu.Unlock()
	x := l.of[it]
	if x == nil {
		return
	}
	shown, ours := x.shows[it]
	switch c.Why {
	case sim.StockSold:
		x.there -= n
		x.sold += n
		x.took[key] = taken{x.took[key].sold + n, x.took[key].back}
		if lack := min(n, -x.there); lack > 0 {
			o := Oversale{Channel: c.Platform, Ref: c.Order, SKU: x.name(), Pieces: lack, At: time.Since(l.began).Seconds()}
			if ours {
				o.Beyond = min(lack, max(n-shown, 0))
			}
			l.over = append(l.over, o)
		}
		x.out = x.out || x.there <= 0
	case sim.StockBack, sim.StockFreed:
		x.there += n
		x.sold -= n
		x.took[key] = taken{x.took[key].sold, x.took[key].back + n}
		x.back = append(x.back, key+" ("+c.Why+")")
	case sim.StockSet:
		ours = true
	}
	if !ours {
		return
	}
	x.shows[it] = int64(c.Shows)
	var sum int64
	for _, n := range x.shows {
		sum += n
	}
	if more := sum - max(x.there, 0); more > l.most {
		l.most = more
		l.where = fmt.Sprintf("%s: %d shown, %d there, when %s was %s at %s", x.name(), sum, x.there, c.Order, c.Why, c.Platform)
	}
}

// unshown names the piles of which nothing is shown, or of which a platform still shows
// a number that is not ours.
func (l *ledger) unshown() (list []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, x := range l.piles {
		var sum int64
		for _, n := range x.shows {
			sum += n
		}
		if len(x.shows) < len(x.items) || sum == 0 {
			list = append(list, fmt.Sprintf("%s shows %v", x.name(), x.shows))
		}
	}
	return list
}

// A Level is what came in of one SKU at one store, and what became of it.
type Level struct {
	SKU      string    `json:"sku"`
	Store    string    `json:"store"`
	Shops    []string  `json:"shops"` // that sell it
	Received int64     `json:"received"`
	Sold     int64     `json:"sold"`                       // by the platforms' books, less what came back
	Left     int64     `json:"left"`                       // received less sold
	Hub      int64     `json:"hub"`                        // what the hub says can still be sold
	Out      bool      `json:"sold_out"`                   // at some moment
	Back     []string  `json:"gave_back,omitempty"`        // orders that did, where the hub's number is another
	Held     []Holding `json:"held,omitempty"`             // what the hub holds back, by order
	Unknown  int64     `json:"held_unexplained,omitempty"` // pieces that it holds back and no order explains
}

// Stock is what was sold against what was there.
type Stock struct {
	Levels   []Level    `json:"levels"`
	Shared   int        `json:"shared"` // of these, sold on both platforms
	Received int64      `json:"received"`
	Sold     int64      `json:"sold"`
	SoldOut  int        `json:"sold_out"`     // levels that were sold to the last piece
	Turned   int        `json:"turned_away"`  // customers who found it sold out
	Beyond   int64      `json:"beyond"`       // oversold pieces that the platform did not show: its own race
	Orders   []Oversale `json:"orders"`       // oversold ones, by the platforms' books
	Named    []string   `json:"named"`        // orders that the hub named as oversold, by channel and number
	Differ   int        `json:"differ"`       // levels of which the hub's number is another
	Above    int        `json:"above"`        // of these, it is higher: the hub would sell what is not there
	Most     int64      `json:"shown_beyond"` // the most pieces shown on all channels beyond what was there
	Where    string     `json:"shown_where,omitempty"`
}

// over is how many pieces were sold that were not there, though the platform showed them.
func (s *Stock) ours() (n int64) {
	for _, o := range s.Orders {
		n += o.Pieces - o.Beyond
	}
	return n
}

// sum gives the levels as they stand; hub holds what the hub says can be sold, by store
// and code.
func (l *ledger) sum(hub map[string]int64) *Stock {
	l.mu.Lock()
	defer l.mu.Unlock()
	s := &Stock{Orders: slices.Clone(l.over), Most: l.most, Where: l.where}
	for _, x := range l.piles {
		v := Level{SKU: x.code, Store: x.store, Received: x.received, Sold: x.sold, Left: x.there, Hub: hub[x.storeID+" "+x.code], Out: x.out}
		platforms := map[string]bool{}
		for _, it := range x.items {
			v.Shops = append(v.Shops, it.platform+" "+it.shop)
			platforms[it.platform] = true
		}
		if len(platforms) > 1 {
			s.Shared++
		}
		if v.Out {
			s.SoldOut++
		}
		if v.Hub != v.Left {
			s.Differ++
			if v.Hub > v.Left {
				s.Above++
			}
			v.Back = slices.Clone(x.back)
		}
		s.Received += v.Received
		s.Sold += v.Sold
		s.Levels = append(s.Levels, v)
	}
	for _, o := range s.Orders {
		s.Beyond += o.Beyond
	}
	return s
}

// telling are the levels that say most: of which the hub's number is another, then those
// that were sold out, then what sold best; some of them.
func (s *Stock) telling() []Level {
	list := slices.Clone(s.Levels)
	rank := func(v Level) (n int64) {
		if v.Hub != v.Left {
			n += 2 << 40
		}
		if v.Out {
			n += 1 << 40
		}
		return n + v.Sold
	}
	slices.SortStableFunc(list, func(a, b Level) int { return cmp.Compare(rank(b), rank(a)) })
	return list[:min(len(list), 8)]
}

// levels is what the hub says can be sold of each SKU, by store and code.
func (r *rehearsal) levels(ctx context.Context) (map[string]int64, error) {
	out := map[string]int64{}
	for cursor := ""; ; {
		var page struct {
			Levels []struct {
				Store    string `json:"store_id"`
				Code     string `json:"code"`
				Sellable int64  `json:"sellable"`
			} `json:"levels"`
			Next string `json:"next_cursor"`
		}
		if err := r.api.must(ctx, "GET", "/stock?limit=200&cursor="+cursor, "", nil, &page); err != nil {
			return nil, err
		}
		for _, l := range page.Levels {
			out[l.Store+" "+l.Code] = l.Sellable
		}
		if cursor = page.Next; cursor == "" {
			return out, nil
		}
	}
}

// The kinds of what does not hold of the stock.
const (
	kindOversold = "oversold" // sold, shown, and not there
	kindUnnamed  = "unnamed"  // the platform sold beyond its number, and the hub did not say so
	kindLevel    = "level"    // the hub would sell more than the platforms' books leave
)

// breaches are what breaks the promise of the stock.
func (s *Stock) breaches() (list []books.Difference) {
	for _, o := range s.Orders {
		key := books.Key(o.Channel, o.Ref)
		if o.Pieces > o.Beyond {
			list = append(list, books.Difference{Kind: kindOversold, Key: key, Text: fmt.Sprintf("%s took %d pieces of %s that were shown and not there", key, o.Pieces-o.Beyond, o.SKU)})
		}
	}
	if s.Beyond > 0 && len(s.Named) == 0 {
		list = append(list, books.Difference{Kind: kindUnnamed, Text: fmt.Sprintf("platforms sold %d pieces beyond what they showed, and the hub named no order", s.Beyond)})
	}
	return slices.Concat(list, s.above(), s.unexplained())
}

// above are the levels of which the hub would sell more than there is.
func (s *Stock) above() []books.Difference {
	return s.differences(func(v Level) bool { return v.Hub > v.Left })
}

// held are the levels of which the hub sells less than there is. It breaks nothing, as long
// as orders explain it (see explain).
func (s *Stock) held() []books.Difference {
	return s.differences(func(v Level) bool { return v.Hub < v.Left })
}

func (s *Stock) differences(those func(Level) bool) (list []books.Difference) {
	for _, v := range s.Levels {
		if those(v) {
			name := v.SKU + " @ " + v.Store
			list = append(list, books.Difference{Kind: kindLevel, Key: name, Text: fmt.Sprintf("%s: the hub says %d can be sold, the platforms' books leave %d", name, v.Hub, v.Left)})
		}
	}
	return list
}

// names keeps the orders that the hub named as oversold, as a screen saw them.
type names struct {
	mu  sync.Mutex
	set map[string]bool
}

func (n *names) look(o orderView) {
	if !slices.ContainsFunc(o.Issues, func(i issueView) bool { return i.Code == issueOversold }) {
		return
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.set == nil {
		n.set = map[string]bool{}
	}
	n.set[books.Key(o.Channel, o.Ref)] = true
}

func (n *names) all() []string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return slices.Sorted(maps.Keys(n.set))
}
