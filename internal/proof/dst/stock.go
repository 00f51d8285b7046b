package dst

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/ident"
	"github.com/tongdan/tongdan/internal/db"
	"github.com/tongdan/tongdan/internal/hub"
	"github.com/tongdan/tongdan/internal/sim"
	mt "github.com/tongdan/tongdan/internal/sim/meituan"
	ml "github.com/tongdan/tongdan/internal/sim/mercadolibre"
	"github.com/tongdan/tongdan/order"
	"github.com/tongdan/tongdan/stock"
)

// What is counted: one dish at both shops on Meituan and one listing at Mercado Libre, all
// from one pile. Orders that wait for payment buy something else: of those the platform
// takes its pieces off and tells nobody (docs/status.md), which is no mistake of the hub's.
const (
	dish, spec = "T001", "T001-M"
	listing    = "MLB4000001006"
)

// A pile is the one SKU that the shop counts.
type pile struct {
	key    db.StockKey
	booked int64            // what people booked in, less what they booked out
	shows  map[string]int64 // by offer: what the platform sells from, once the hub has set it
	set    bool             // the hub has given a channel pieces since the last look at the rule
	short  bool             // pieces were booked out that may have been given to a channel already
	books  []*booking
}

// A booking is one movement that the clerk wants, and whether he was told that it is done.
type booking struct {
	pieces int64
	key    string
	told   bool
}

// stockUp has the shop count one SKU and binds it on both platforms.
func (w *World) stockUp(n *node, store ident.Store, shops map[string]ident.Shop) error {
	if w.script.Stock == 0 {
		return nil
	}
	ctx, who := context.Background(), w.actor()
	sku, err := n.hub.PutSKU(ctx, who, db.SKURow{Code: "TEA-M", Name: "tea"})
	if err != nil {
		return err
	}
	w.pile = &pile{key: db.StockKey{Store: store, SKU: sku.ID}, shows: map[string]int64{}}
	w.pile.booked = int64(w.script.Stock)
	_, _, err = n.hub.Book(ctx, who, hub.Booking{StockKey: w.pile.key, Reason: stock.Receipt, Pieces: w.pile.booked, Key: "morning"})
	for _, o := range []db.OfferRow{
		{Shop: shops["TEA001"], Item: dish, Variation: spec}, {Shop: shops["TEA002"], Item: dish, Variation: spec}, {Shop: shops[brazil.String()], Item: listing},
	} {
		o.SKU = sku.ID
		if err == nil {
			_, err = n.hub.BindOffer(ctx, who, o)
		}
	}
	return err
}

// stockTold notes what a platform shows. It is called while the platform is locked.
func (w *World) stockTold(c sim.StockChange) {
	if w.pile == nil || (c.Item != dish || c.Variation != spec) && c.Item != listing {
		return
	}
	w.trace(fmt.Sprintf("%s %s: %d %s, shows %d", c.Shop, c.Item, c.Pieces, c.Why, c.Shows))
	offer := c.Shop + " " + c.Item
	_, ours := w.pile.shows[offer]
	if c.Why == sim.StockSet && c.Shows == 0 { // the hub begins with that, whatever was shown before
		ours = true
	}
	if ours {
		w.pile.shows[offer] = int64(c.Shows)
		w.pile.set = w.pile.set || c.Why == sim.StockSet && c.Shows > 0
	}
}

// book is what the clerk books in or out. He does it again with the same key until he is
// told that it is done.
func (w *World) book(b *booking) {
	n := w.awake()
	if n == nil {
		return
	}
	w.spawn(n, "book "+b.key+" at "+n.name(), func() {
		reason := stock.Receipt
		if b.pieces < 0 {
			reason = stock.Correction
		}
		_, _, err := n.hub.Book(context.Background(), w.actor(), hub.Booking{StockKey: w.pile.key, Reason: reason, Pieces: b.pieces, Key: b.key})
		switch {
		case err == nil && !b.told:
			if b.told = true; b.pieces < 0 {
				w.pile.booked += b.pieces
			}
		case err != nil && !fault.Is(err, fault.Unavailable) && !fault.Is(err, fault.Unknown):
			w.violate("booking %d pieces: %v", b.pieces, err)
		}
	})
}

func (w *World) wantBooked(pieces int) {
	if w.pile == nil {
		return
	}
	b := &booking{pieces: int64(pieces), key: "booking " + strconv.Itoa(len(w.pile.books)+1)}
	if b.pieces > 0 {
		w.pile.booked += b.pieces // the goods are there before anybody writes it down
	} else {
		w.pile.short = true
	}
	w.pile.books = append(w.pile.books, b)
	w.book(b)
}

// takenMT is how many pieces an order of Meituan takes: at least and at most, where the
// platform's book does not say whether the goods had left before it was cancelled. What the
// kitchen said is ready does not come back either, and the platform may not have heard of it:
// made says whether it did, and sure whether the hub has answered that press.
func takenMT(o *mt.Order, made, sure bool) (least, most int64) {
	for _, l := range o.Detail {
		if l.FoodCode != dish || l.SKU != spec || o.Paid == 0 {
			continue
		}
		whole, kept := int64(l.Quantity), int64(max(l.Quantity-l.Refunded, 0))
		on := o.Delivery != nil && (o.Delivery.FetchAt > 0 || o.Delivery.Status == 20 || o.Delivery.Status == 40)
		switch {
		case o.Status == 9 && (on || o.Completed > 0):
			least, most = least+whole, most+whole // what a rider has fetched does not come back
		case o.Status == 9 && made:
			most += whole
			if sure {
				least += whole
			}
		case o.Status == 9:
		default:
			least, most = least+kept, most+whole
		}
	}
	return least, most
}

func takenML(w *World, o placed) (least, most int64) {
	snap, _, err := w.ml.Order(idOf(o.ref))
	if err != nil {
		w.violate("%s: %v", o.ref, err)
		return 0, 0
	}
	var x ml.Order
	if err := json.Unmarshal(snap.Order, &x); err != nil {
		w.violate("%s: %v", o.ref, err)
	}
	for _, l := range x.OrderItems {
		if l.Item.ID != listing {
			continue
		}
		most += int64(l.Quantity)
		if x.Status != "cancelled" && x.Status != "invalid" {
			least += int64(l.Quantity)
		}
	}
	left := false // the carrier has had it, however the shipment ended
	for _, h := range snap.History {
		left = left || slices.Contains([]string{"shipped", "delivered", "not_delivered"}, h.Status) ||
			slices.Contains([]string{"picked_up", "dropped_off", "authorized_by_carrier", "in_hub"}, h.Substatus)
	}
	if least == 0 && !left {
		most = 0
	}
	return least, most
}

// there is what the shop has, by the platforms' own books: what was booked less what orders
// take, heard of or not.
func (w *World) there() (least, most int64) {
	least, most = w.pile.booked, w.pile.booked
	for _, o := range w.orders {
		a, b := w.taken(o)
		least, most = least-b, most-a
	}
	return least, most
}

func (w *World) taken(o placed) (least, most int64) {
	if o.channel != "meituan" {
		return takenML(w, o)
	}
	x, err := w.mt.Order(o.ref)
	if err != nil {
		return 0, 0
	}
	made, sure := w.made(o)
	return takenMT(x, made, sure)
}

// made reports whether the clerk said that an order is ready, and whether the hub has taken
// that: a press that was refused after one that nobody answered may have been the second.
func (w *World) made(o placed) (made, sure bool) {
	for _, name := range w.names {
		if p := w.pressed[name]; p.placed == o && p.act.Kind == order.Ready && (!p.refused || p.effect != 0 || p.lost) {
			made, sure = true, sure || p.effect != 0 || p.told && !p.refused
		}
	}
	return made, sure
}

// takers lists the orders that take pieces by the platforms' books, for people.
func (w *World) takers() string {
	out := fmt.Sprintf("%d booked", w.pile.booked)
	for _, o := range w.orders {
		a, b := w.taken(o)
		if b > 0 {
			out += fmt.Sprintf(", life %d (%s) %d to %d", o.life+1, o.ref, a, b)
		}
	}
	return out
}

func (p *pile) shown() (sum int64) {
	for _, n := range p.shows {
		sum += n
	}
	return sum
}

// stockRule holds, when the hub has given pieces to a channel, that all channels together
// show no more than there is. What a platform puts back by itself is its own doing: after it
// sold too much, as it does before the hub has taken its number over, nobody else knows.
func (w *World) stockRule(after string) {
	if w.pile == nil || !w.pile.set {
		return
	}
	w.pile.set = false
	_, most := w.there()
	switch shown := w.pile.shown(); {
	case shown <= max(most, 0):
		w.pile.short = slices.ContainsFunc(w.pile.books, func(b *booking) bool { return !b.told && b.pieces < 0 })
	case !w.pile.short:
		w.violate("after %s the channels show %d pieces of %d that are there: %v; %s", after, shown, most, w.pile.shows, w.takers())
	}
}

// stockUnsettled says what is still under way of the stock.
func (w *World) stockUnsettled(ctx context.Context, n *node) (still []string) {
	if w.pile == nil {
		return nil
	}
	for _, b := range w.pile.books {
		if !b.told {
			w.book(b)
			still = append(still, b.key+": no answer")
		}
	}
	l, err := w.level(ctx, n)
	if err != nil {
		return append(still, err.Error())
	}
	for _, o := range l.Offers {
		if o.Effect != 0 || o.Sending != stock.None || !o.Known || o.May != o.Shown { // a look, once an hour, changes nothing
			still = append(still, fmt.Sprintf("offer %s at shop %s: known %v, sending %d, look %d, %s", o.Code, o.Shop, o.Known, o.Sending, o.Look.Stage, o.Words))
		}
	}
	if least, most := w.there(); l.Sellable() < least || l.Sellable() > most {
		still = append(still, fmt.Sprintf("sellable is %d, by the platforms' books %d to %d: %s", l.Sellable(), least, most, w.takers()))
	}
	return still
}

func (w *World) level(ctx context.Context, n *node) (db.LevelRow, error) {
	list, err := n.db.Levels(ctx, w.actor().Scope, w.pile.key.Store, w.pile.key.SKU, db.StockKey{}, 10)
	if err == nil && len(list) != 1 {
		err = fmt.Errorf("there are %d levels, not one", len(list))
	}
	if err != nil {
		return db.LevelRow{}, err
	}
	return list[0], nil
}

// checkStock holds a day at rest against the promise: the level is the sum of its
// movements less what orders keep, channels show what they were given and not more than
// there is, and what can be sold is shown.
func (w *World) checkStock(ctx context.Context, n *node) {
	if w.pile == nil {
		return
	}
	l, err := w.level(ctx, n)
	moved, failed := n.db.Movements(ctx, w.actor().Scope, w.pile.key, 0, 1000)
	if err = errors.Join(err, failed); err != nil {
		w.violate("the stock: %v", err)
		return
	}
	var sum, people int64
	for _, m := range moved {
		if sum += m.Pieces; m.Reason != stock.SaleOut && m.Reason != stock.Waste {
			people += m.Pieces
		}
	}
	if sum != l.OnHand || people != w.pile.booked {
		w.violate("on hand is %d, the sum of movements %d; people booked %d, the movements say %d", l.OnHand, sum, w.pile.booked, people)
	}
	shown := w.pile.shown()
	for _, o := range l.Offers {
		if o.May != o.Shown {
			w.violate("at rest offer %s may sell %d and shows %d", o.Code, o.May, o.Shown)
		}
	}
	if shown > max(l.Sellable(), 0) || l.Sellable() > 0 && 3*shown < l.Sellable() {
		w.violate("at rest the channels show %d pieces of %d: %v", shown, l.Sellable(), w.pile.shows)
	}
	report, err := n.hub.Verify(ctx, hub.VerifyOptions{Merchant: w.merchant, Examples: 1, Checks: []string{"stock", "reservations"}})
	if err != nil {
		w.violate("the stock: %v", err)
	}
	for _, c := range report.Checks {
		if c.Bad > 0 {
			w.violate("verify, %s: %d of %d: %v", c.Name, c.Bad, c.Looked, c.Examples)
		}
	}
}
