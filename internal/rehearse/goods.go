package rehearse

import (
	"context"
	"crypto/rand"
	"fmt"
	"strings"
	"time"

	mt "github.com/tongdan/tongdan/internal/sim/meituan"
	ml "github.com/tongdan/tongdan/internal/sim/mercadolibre"
)

// sharedDishes is how many of a store's counted dishes are sold on Mercado Libre too where a
// seller shares the store.
const sharedDishes = 6

// hotDish is what a flash sale sells, at the first store and by the seller who shares it.
const hotDish, hotSpec = "T001", "T001-L"

// An item is a SKU as one shop of a platform sells it.
type item struct {
	platform, shop, code, variation string
}

// fill chooses what is counted, and gives each pile what it has at the beginning and what
// comes in later. One in four is scarce: it is sold out during the day.
func (l *ledger) fill(p *Plan, at *platforms, list []buy) error {
	var takeaway, hot int
	for _, b := range list {
		switch {
		case b.hot:
			hot++
		case b.retail, b.deed != nil:
		case b.pieces > 0:
			takeaway += b.pieces
		default:
			takeaway += 2 // pieces of an order, about
		}
	}
	var dishes []item
	for _, f := range mt.DefaultMenu() {
		for _, k := range f.SKUs {
			dishes = append(dishes, item{code: f.Code, variation: k.ID})
		}
	}
	each := takeaway / len(p.cast.takeaway) / len(dishes) // what is bought of each dish, about
	for _, s := range p.cast.takeaway {
		for i, d := range dishes[:p.cast.counted] {
			x := &pile{code: d.variation, store: s.Code, items: []item{{channelOf(s), s.Code, d.code, d.variation}}}
			x.first = int64(10 + 6*each)
			if i%4 == 3 && p.Profile != "replay" {
				x.first, x.later = int64(5+each/3), int64(3+each/6)
			}
			if d.variation == hotSpec && s.Code == p.cast.takeaway[0].Code && hot > 0 {
				x.first, x.later = int64(max(hot*45/100, 4)), int64(max(hot*15/100, 2))
			}
			l.add(x)
		}
	}
	for _, s := range p.cast.sellers {
		var sold []item
		for _, it := range at.ml.Items(s.ID) {
			if len(it.Variations) == 0 {
				sold = append([]item{{"mercadolibre", s.ID.String(), it.ID, ""}}, sold...)
			}
			for _, v := range it.Variations {
				sold = append(sold, item{"mercadolibre", s.ID.String(), it.ID, v.ID.String()})
			}
		}
		for i, it := range sold[:min(sharedDishes, len(sold))] {
			d := dishes[(i+1)%sharedDishes] // the first listing is the flash sale's: T001-L
			// What a listing shows before it is bound may be fewer than there are: the hub
			// would leave it so, and the number would not be its own.
			var variation ml.ID
			if err := variation.UnmarshalJSON([]byte(it.variation)); err != nil {
				return err
			}
			if err := at.ml.SetStock(it.code, variation, 0); err != nil {
				return err
			}
			l.share(p.cast.at[s.ID.String()], d.variation, it)
		}
	}
	return nil
}

// stockUp makes the SKUs, books goods in and binds the items of the shops through the
// API, and waits until the platforms show what there is.
func (r *rehearsal) stockUp(ctx context.Context) error {
	skus := map[string]string{}
	post := func(path string, in any) (id string, err error) {
		var out struct {
			ID string `json:"id"`
		}
		if err := r.one.must(ctx, "POST", path, rand.Text(), in, &out); err != nil {
			return "", fmt.Errorf("POST %s: %w", path, err)
		}
		return out.ID, nil
	}
	for _, x := range r.stock.piles {
		var err error
		if skus[x.code] == "" {
			if skus[x.code], err = post("/skus", map[string]any{"code": x.code}); err != nil {
				return err
			}
		}
		x.sku, x.storeID = skus[x.code], r.at.stores[x.store]
		if err := r.receive(ctx, r.one, x, x.first); err != nil {
			return err
		}
		for _, it := range x.items {
			if _, err := post("/offers", map[string]any{"shop_id": r.at.shops[it.shop], "sku_id": x.sku, "item": it.code, "variation": it.variation}); err != nil {
				return err
			}
		}
	}
	for end := time.Now().Add(stockWithin); ; {
		bare, err := r.bare(ctx)
		if err != nil || len(bare) == 0 {
			return err
		}
		if time.Now().After(end) {
			return fmt.Errorf("the hub has not written the stock of %d offers to the platforms within %v: %s", len(bare), stockWithin, strings.Join(bare[:min(len(bare), 5)], "; "))
		}
		if !wait(ctx, 200*time.Millisecond) {
			return ctx.Err()
		}
	}
}

// stockWithin is how long the first numbers may take: on a hub whose clock is real a look
// has to wait for the platforms' own lag.
const stockWithin = 3 * time.Minute

// bare tells of the offers that do not show yet what there is.
func (r *rehearsal) bare(ctx context.Context) (list []string, err error) {
	err = r.offers(ctx, func(o offerView) {
		if o.State != "shown" {
			list = append(list, strings.TrimSpace(fmt.Sprint(o.Item, " ", o.Variation, " ", o.State, " ", o.Words)))
		}
	})
	if err == nil && len(list) == 0 {
		list = r.stock.unshown()
	}
	return list, err
}

// An offerView is an item of a shop with what the hub knows of its stock.
type offerView struct {
	ID        string `json:"id"`
	Item      string `json:"item"`
	Variation string `json:"variation"`
	State     string `json:"state"`
	Words     string `json:"words"`
	Beyond    int64  `json:"sold_beyond"`
}

func (r *rehearsal) offers(ctx context.Context, each func(offerView)) error {
	for cursor := ""; ; {
		var page struct {
			Offers []offerView `json:"offers"`
			Next   string      `json:"next_cursor"`
		}
		if err := r.api.must(ctx, "GET", "/offers?limit=200&cursor="+cursor, "", nil, &page); err != nil {
			return err
		}
		for _, o := range page.Offers {
			each(o)
		}
		if cursor = page.Next; cursor == "" {
			return nil
		}
	}
}

// receive books goods in. They count as there before the hub hears of them.
func (r *rehearsal) receive(ctx context.Context, a *api, x *pile, n int64) error {
	r.stock.receive(x, n)
	body := map[string]any{"store_id": x.storeID, "sku_id": x.sku, "reason": "receipt", "pieces": n}
	if err := a.must(ctx, "POST", "/stock/movements", rand.Text(), body, nil); err != nil {
		return fmt.Errorf("goods came in and could not be booked: %w", err)
	}
	return nil
}

// deliveries books in, at half-time of the day, what comes later. Once it has begun it goes
// on to its end, or until ctx ends: what nobody books has not come.
func (r *rehearsal) deliveries(day, ctx context.Context, d *diary) {
	if !wait(day, time.Until(d.began.Add(time.Duration(r.plan.Minutes*float64(time.Minute)/2)))) {
		return
	}
	for _, x := range r.stock.piles {
		if x.later == 0 || ctx.Err() != nil {
			continue
		}
		if err := r.receive(ctx, r.api, x, x.later); err != nil && ctx.Err() == nil {
			d.broke(BreakSilent, err.Error())
		}
	}
	d.mark("goods")
}
