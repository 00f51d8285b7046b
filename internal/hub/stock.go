package hub

import (
	"encoding/json"
	"slices"
	"time"

	"github.com/tongdan/tongdan/effect"
	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/ident"
	"github.com/tongdan/tongdan/internal/db"
	"github.com/tongdan/tongdan/internal/mutant"
	"github.com/tongdan/tongdan/order"
	"github.com/tongdan/tongdan/stock"
)

// wants is what is stored of an order's wants: those of package order, and what has been
// taken of stock for it. The difference to what is wanted now is booked.
type wants struct {
	order.Wants
	Taken   []taken   `json:"taken,omitempty"`
	Printed []printed `json:"printed,omitempty"`
}

// taken is what an order has taken through one offer.
type taken struct {
	Offer ident.Offer `json:"offer"`
	Store ident.Store `json:"store"`
	SKU   ident.SKU   `json:"sku"`
	Sold  int64       `json:"sold"` // pieces as sold, whatever became of them
	Kept  int64       `json:"kept,omitempty"`
	Gone  int64       `json:"gone,omitempty"`
	Waste int64       `json:"waste,omitempty"` // of what has gone: made, and cancelled before it left
	Back  int64       `json:"back,omitempty"`  // gone, and perhaps on sale again at the platform
	Short int64       `json:"short,omitempty"`
}

func (t taken) key() db.StockKey { return db.StockKey{Store: t.Store, SKU: t.SKU} }

// IssueOversold says that a platform sold more pieces than there are.
const IssueOversold = "oversold"

// take books what an order takes of the stock of its store: the difference between what
// was booked and what the order is now. A line finds its SKU by the offers of the shop;
// what has no offer takes nothing. Where there are fewer pieces than promised the order
// gets an issue, at once.
func (h *Hub) take(tx *db.Tx, row *db.OrderRow, o *order.Order, shop db.ShopRow, have []taken) []taken {
	if len(have) == 0 && !tx.Sells() {
		return nil
	}
	if len(have) > 0 && mutant.On(mutant.TakeOnce) {
		return have
	}
	want := h.takes(tx, row.Ref, o, shop, have)
	touched := map[db.StockKey]bool{}
	for i := range want {
		t := &want[i]
		was := taken{}
		if at := slices.IndexFunc(have, func(x taken) bool { return x.Offer == t.Offer }); at >= 0 {
			was = have[at]
		}
		if was.Offer == t.Offer && was.Kept == t.Kept && was.Gone == t.Gone && was.Waste == t.Waste && was.Back == t.Back && was.Sold == t.Sold && was.Short == 0 {
			t.Short = 0
			continue
		}
		h.book(tx, row, was, t)
		touched[t.key()] = true
	}
	for k := range touched {
		h.plan(tx, k)
	}
	return want
}

// lacks names what an order was promised beyond what there was.
func lacks(o *order.Order, list []taken) {
	for _, t := range list {
		if t.Short > 0 {
			why := fault.Because("issue_oversold", "the platform sold {count} more than there are: find the goods, or agree with the customer", "count", itoa(int(t.Short)))
			o.Issues = append(o.Issues, order.Found(order.SevError, IssueOversold, t.SKU.String(), why))
			if !slices.Contains(o.Flags, order.FlagProblem) && o.Status != order.StatusDone {
				o.Flags = append(o.Flags, order.FlagProblem)
			}
		}
	}
}

// takes is what an order should have taken, by offer, in the order of the offers' ids.
// What was booked through an offer stays known when it takes nothing any more.
func (h *Hub) takes(tx *db.Tx, ref order.Ref, o *order.Order, shop db.ShopRow, have []taken) []taken {
	var out []taken
	for _, t := range have {
		t.Kept, t.Gone, t.Waste, t.Back = 0, 0, 0, 0
		out = append(out, t)
	}
	if shop.ID != 0 {
		sold := map[ident.Offer]int64{}
		stayed := order.StayedBehind(o) && shares(tx, ref)
		for _, l := range order.TakesOf(o) {
			if stayed {
				l.Gone = 0 // the parcel left with the other orders alone
			}
			k, id, ok := tx.OfferOf(shop.ID, codesOf(l.Ref, l.SKU)...)
			if !ok {
				continue
			}
			at := slices.IndexFunc(out, func(t taken) bool { return t.Offer == id })
			if at < 0 {
				at = len(out)
				out = append(out, taken{Offer: id, Store: k.Store, SKU: k.SKU})
			}
			out[at].Kept += l.Kept
			out[at].Gone += l.Gone
			out[at].Waste += l.Wasted
			out[at].Back += l.Back
			sold[id] += l.Quantity
		}
		for i := range out {
			out[i].Sold = max(out[i].Sold, sold[out[i].Offer])
		}
	}
	slices.SortFunc(out, func(a, b taken) int { return int(min(max(a.Offer-b.Offer, -1), 1)) })
	return out
}

// shares reports whether a parcel of an order carries other orders as well.
func shares(tx *db.Tx, ref order.Ref) bool {
	for _, l := range tx.Linked(ref) {
		if l.Ref.Kind == order.KindShipment && len(tx.OrdersOf(l.Ref)) > 1 {
			return true
		}
	}
	return false
}

// codesOf are the codes under which an offer may be bound that a line names.
func codesOf(ref, sku string) []string {
	if sku == "" {
		return []string{ref}
	}
	return []string{ref, ref + ":" + sku}
}

// book writes one difference into the level, the offer, the movements and the holds.
func (h *Hub) book(tx *db.Tx, row *db.OrderRow, was taken, t *taken) {
	s := tx.Stock(t.key())
	kept, gone := t.Kept-was.Kept, t.Gone-was.Gone
	var beyond int64
	if i := offerIn(s.Offers, t.Offer); i >= 0 {
		of := &s.Offers[i]
		beyond = stock.Take(&s.Level, &of.Offer, kept, gone)
		of.Beyond += beyond
		if was.Sold == 0 { // first heard of: what was given back by then was sold and came back unheard
			of.Passed(t.Sold - t.Kept - t.Gone)
		}
		of.Restocked(t.Back - was.Back)
	} else {
		stock.Take(&s.Level, &stock.Offer{}, kept, gone)
	}
	for why, n := range map[stock.Reason]int64{stock.SaleOut: gone - (t.Waste - was.Waste), stock.Waste: t.Waste - was.Waste} {
		if n != 0 {
			tx.Move(db.MovementRow{StockKey: t.key(), Pieces: -n, Reason: why, Cause: row.ID.String()})
		}
	}
	switch lack := max(-s.Sellable(), 0); {
	case t.Kept == 0: // it has left, or needs nothing any more
		if t.Short = 0; was.Short > 0 && lack > 0 {
			h.passOn(tx, row, t.key())
		}
	case was.Short > 0 && kept+gone == 0:
		t.Short = min(was.Short, lack)
	default:
		t.Short = min(max(lack, beyond), t.Kept)
	}
	tx.Hold(db.HoldRow{Order: row.ID, Offer: t.Offer, StockKey: t.key(), Kept: t.Kept, Gone: t.Gone, Short: t.Short})
	tx.PutStock(t.key(), s)
}

func offerIn(list []db.OfferRow, id ident.Offer) int {
	return slices.IndexFunc(list, func(o db.OfferRow) bool { return o.ID == id })
}

// plan asks for what a level's channels need: calls that set numbers, and looks. An offer
// that has an open effect needs no other: it finds out itself what is to be sent.
func (h *Hub) plan(tx *db.Tx, k db.StockKey) {
	s := tx.Stock(k)
	changed := false
	for _, p := range h.pushes(tx, s) {
		o := &s.Offers[p.At]
		if o.Effect == 0 {
			o.Effect = h.askStock(tx, o, kindStock, pause(tx, o))
			changed = true
		}
	}
	for i := range s.Offers {
		o := &s.Offers[i]
		if o.Look.Stage == stock.Wanted && o.Sending == stock.None && o.LookedBy == 0 && h.writes(tx, *o) {
			o.LookedBy = h.askStock(tx, o, kindShown, pause(tx, o))
			changed = true
		}
	}
	if changed {
		tx.PutStock(k, s)
	}
}

// pushes is what stock.Plan says about the offers that may be written. At is an index of
// the level's offers.
func (h *Hub) pushes(tx *db.Tx, s db.Stock) []stock.Push {
	var list []stock.Offer
	var at []int
	for i, o := range s.Offers {
		if h.writes(tx, o) {
			list = append(list, o.Offer)
			at = append(at, i)
		}
	}
	if s.Out(tx.Now()) {
		return closed(s.Offers, at)
	}
	out := stock.Plan(s.Level, list)
	for i := range out {
		out[i].At = at[out[i].At]
	}
	return out
}

// closed sets to 0 what still shows something, whatever there is: the level is sold out by
// hand. What nobody has looked at yet is set as well, once.
func closed(offers []db.OfferRow, at []int) []stock.Push {
	var out []stock.Push
	for _, i := range at {
		o := &offers[i]
		if o.Sending == stock.None && (o.Shown > 0 || o.Known && o.May > 0 && o.Look.Stage == stock.Quiet || !o.Known && o.Pushed != 0) {
			out = append(out, stock.Push{At: i, Value: 0})
		}
	}
	return out
}

// writes reports whether numbers are sent for an offer. What a watched shop shows is in
// its own people's hands, and counts for nobody else.
func (h *Hub) writes(tx *db.Tx, o db.OfferRow) bool {
	shop, ok := tx.ShopByID(o.Shop)
	if !ok || !heldBy(shop.Mode, true).IsZero() || !o.Known && o.Fails > 0 { // or its number is not ours to write, such as Full's
		return false
	}
	info := h.info(shop.Channel, shop.Realm)
	return info != nil && info.Stock != nil
}

// The kinds of effects of an offer.
const (
	kindStock = "stock" // set the number that a channel shows
	kindShown = "shown" // read it
)

// stockFor is how long an effect of stock makes sense: the number is found anew at each
// attempt, so this is long.
const stockFor = 24 * time.Hour

// offerArgs is what an effect of an offer is about.
type offerArgs struct {
	Offer ident.Offer `json:"offer"`
}

// askStock makes an effect of an offer. Calls and looks of one offer are ordered by their
// target.
func (h *Hub) askStock(tx *db.Tx, o *db.OfferRow, kind string, notBefore time.Time) ident.Effect {
	now := tx.Now().UnixMilli()
	at := notBefore.UnixMilli()
	target := "offer/" + o.ID.String()
	e := effect.Effect{
		ID: ident.Effect(tx.ID()), Merchant: tx.Merchant(), Account: o.Account, App: h.appOf(tx, o.Account), Target: target, Kind: kind,
		Key: effect.GoalKey(target, kind, ""), Nature: effect.Absolute, State: effect.Waiting, Args: toJSON(offerArgs{o.ID}), Cause: "stock",
		NextAt: at, Deadline: now + stockFor.Milliseconds(), Made: now, Changed: now,
	}
	tx.PutEffect(&e)
	return e.ID
}

// pause is when an offer is called again: at once, but for one that the platform refused.
func pause(tx *db.Tx, o *db.OfferRow) time.Time {
	if o.Fails == 0 {
		return tx.Now()
	}
	return tx.Now().Add(effect.Wait(o.Fails))
}

func offerOf(e effect.Effect) ident.Offer {
	var a offerArgs
	if json.Unmarshal(e.Args, &a) != nil {
		return 0
	}
	return a.Offer
}

// onOffer loads an effect's offer with its level, and writes what f made of it. Nothing
// happens when the offer has been removed.
func onOffer(tx *db.Tx, e effect.Effect, f func(s *db.Stock, o *db.OfferRow)) bool {
	k, ok := tx.OfferAt(offerOf(e))
	if !ok {
		return false
	}
	s := tx.Stock(k)
	i := offerIn(s.Offers, offerOf(e))
	if i < 0 {
		return false
	}
	f(&s, &s.Offers[i])
	tx.PutStock(k, s)
	return true
}
