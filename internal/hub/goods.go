package hub

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"

	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/ident"
	"github.com/tongdan/tongdan/internal/db"
	"github.com/tongdan/tongdan/money"
)

// A Ware is something that a store can sell over its counter, with what is known of it.
// There is no product master: names and prices are those of the last time that it was
// sold, here or on a channel.
type Ware struct {
	SKU      ident.SKU // 0 = a free line
	Code     string    // of the SKU
	Name     string
	Price    *money.Amount // nil = none is known
	From     string        // FromEntered, FromChannel, FromStock
	Sellable *int64        // nil where nothing is counted
	Sold     int64         // lines that were entered
}

// From where a name and a price are known.
const (
	FromEntered = "entered"
	FromChannel = "channel" // the price there need not be the one at the counter
	FromStock   = "stock"   // a name without a price
)

const (
	mostGoods  = 500
	looksBack  = 200 // orders of channels whose lines are looked at
	mostRead   = 25  // of them, those that are read for a price
	mostLevels = 1000
)

// Goods lists what a store can sell, the most sold first, and in which currency.
func (h *Hub) Goods(ctx context.Context, who Actor, id ident.Store) (money.Currency, []Ware, error) {
	const op = "hub.Goods"
	store, ok := h.db.StoreByID(who.Merchant, id)
	if !ok || !who.Sees(id) {
		return "", nil, fault.Say(op, fault.NotFound, "no_store", "there is no such store")
	}
	cur := h.Currency(store)
	levels, err := h.db.Levels(ctx, who.Scope, id, 0, db.StockKey{}, mostLevels)
	if err != nil {
		return cur, nil, fault.Wrap(op, err)
	}
	byCode := map[string]db.LevelRow{}
	for _, l := range levels {
		byCode[l.Code] = l
	}
	var out []Ware
	seen := map[string]bool{} // SKU codes, and names of free lines
	add := func(g Ware) {
		if l, ok := byCode[g.Code]; ok && g.Code != "" {
			left := max(l.Sellable(), 0)
			g.SKU, g.Sellable, g.Name = l.SKU, &left, cmp.Or(g.Name, l.Name, l.Code)
		} else {
			g.Code = "" // no SKU of this store: only its name and price are of use
		}
		if name := "name " + g.Name; !seen[name] && (g.Code == "" || !seen["code "+g.Code]) {
			seen[name] = true
			if g.Code != "" {
				seen["code "+g.Code] = true
			}
			out = append(out, g)
		}
	}
	entered, err := h.db.Goods(ctx, who.Merchant, id, mostGoods)
	if err != nil {
		return cur, nil, fault.Wrap(op, err)
	}
	for _, g := range entered {
		if g.Currency == string(cur) {
			price := money.Of(g.Price, cur)
			add(Ware{Code: g.Code, Name: g.Name, Price: &price, From: FromEntered, Sold: g.Sold})
		}
	}
	told, err := h.soldOnChannels(ctx, who, id, cur, func(name string) bool { return seen["name "+name] })
	if err != nil {
		return cur, nil, err
	}
	for _, g := range told {
		add(g)
	}
	for _, l := range levels {
		add(Ware{Code: l.Code, Name: cmp.Or(l.Name, l.Code), From: FromStock})
	}
	return cur, out[:min(len(out), mostGoods)], nil
}

// soldOnChannels finds names and prices in the store's newest orders. Lists hold no
// prices, so of the orders only those are read that name something new.
func (h *Hub) soldOnChannels(ctx context.Context, who Actor, id ident.Store, cur money.Currency, known func(name string) bool) ([]Ware, error) {
	const op = "hub.Goods"
	type listed struct {
		id    ident.Order
		names []string
	}
	var orders []listed
	_, err := h.db.List(ctx, who.Scope, db.Filter{Stores: []ident.Store{id}, Limit: looksBack}, func(r *db.Listed) {
		var s struct {
			Channel string `json:"channel"`
			Items   []Item `json:"items"`
		}
		if json.Unmarshal(r.Summary, &s) != nil || h.Own(s.Channel) {
			return
		}
		o := listed{id: r.ID}
		for _, it := range s.Items {
			o.names = append(o.names, it.Name)
		}
		orders = append(orders, o)
	})
	if err != nil {
		return nil, fault.Wrap(op, err)
	}
	var out []Ware
	have := map[string]bool{}
	reads := 0
	for _, o := range orders {
		if reads >= mostRead {
			break
		}
		if !slices.ContainsFunc(o.names, func(n string) bool { return !have[n] && !known(n) }) {
			continue
		}
		reads++
		row, recs, _, err := h.db.Order(ctx, who.Scope, o.id)
		if err != nil {
			return nil, fault.Wrap(op, err)
		}
		full := h.fold(&row, recs, h.info(row.Channel, row.Ref.Realm))
		if full.Bill == nil {
			continue
		}
		for _, l := range full.Bill.Lines {
			price := l.Price
			if l.Original != nil {
				price = *l.Original
			}
			if l.Name == "" || have[l.Name] || price.Currency() != cur || price.Minor() < 0 {
				continue
			}
			have[l.Name] = true
			if !known(l.Name) {
				out = append(out, Ware{Code: l.SKU, Name: l.Name, Price: &price, From: FromChannel})
			}
		}
	}
	return out, nil
}
