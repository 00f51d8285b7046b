package hub

import (
	"context"
	"encoding/json"
	"slices"

	"github.com/tongdan/tongdan/effect"
	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/ident"
	"github.com/tongdan/tongdan/internal/db"
	"github.com/tongdan/tongdan/internal/lane"
	"github.com/tongdan/tongdan/role"
)

// The modes of a shop. In all of them its orders are captured and shown. A shop whose orders are worked by
// another system begins in the first; some shops of an account can be in another mode than the rest (pilot).
const (
	ModeWatch = "watch" // 仅观察: it rings, prints and knocks for nobody, and nothing is sent for it
	ModeGoods = "goods" // 仅商品与库存: as watched, but what it sells and how many are sent
	ModeFull  = "full"  // 全部
)

// Modes are all of them, from the one that sends least.
var Modes = []string{ModeWatch, ModeGoods, ModeFull}

// heldBy says why a mode holds something back that would be sent: of goods (dishes, stock) or of orders (acts,
// pauses, replies, tickets). The zero reason lets it pass. A mode that is not known holds everything.
func heldBy(mode string, goods bool) fault.Reason {
	switch {
	case mode == ModeFull, mode == ModeGoods && goods:
		return fault.Reason{}
	case mode == ModeGoods:
		return fault.Because("only_goods", "of this shop only dishes and stock are sent: its orders are worked elsewhere")
	}
	return fault.Because("only_watched", "this shop is only watched: nothing is sent for it")
}

// heldErr is heldBy as the answer to whoever pressed.
func heldErr(op, mode string, goods bool) error {
	if why := heldBy(mode, goods); !why.IsZero() {
		return &fault.Error{Op: op, Code: fault.Conflict, Why: why}
	}
	return nil
}

// quiet reports whether nobody is called for a shop's orders: no bell, no message, no knock, no paper. An order
// whose shop is not known yet is not quiet.
func (h *Hub) quiet(m ident.Merchant, s ident.Shop) bool {
	shop, ok := h.db.ShopByID(m, s)
	return ok && shop.Mode != ModeFull
}

// hushed reports whether all shops of an account are quiet.
func (h *Hub) hushed(m ident.Merchant, a ident.Account) bool {
	list := h.db.ShopsOf(m, a)
	return len(list) > 0 && !slices.ContainsFunc(list, func(s db.ShopRow) bool { return s.Mode == ModeFull })
}

// goodsKinds are the effects that tell a platform what is sold and how many.
var goodsKinds = []string{kindStock, kindMenu}

// freeKinds are the effects that tell a platform nothing: they ask, or keep the connection alive, are no shop's,
// or send a courier away whom nobody else knows of. Every other kind passes the gate.
var freeKinds = []string{kindRead, kindPull, kindSweep, kindCount, kindKeep, kindWatch, kindKnock, kindCode, kindBegin, kindLack, kindComments, kindStanding, kindShown, kindRideCancel, kindLabelsOut}

// kind tells the runner who handles a kind of effect, behind the gate.
func (h *Hub) kind(k string) (lane.Kind, bool) {
	out, ok := h.handled(k)
	if ok && !out.Asks && !slices.Contains(freeKinds, k) {
		out.Handler = gate{out.Handler, h, slices.Contains(goodsKinds, k)}
	}
	return out, ok
}

// A gate lets an effect go out only when the mode of its shop allows it at that moment, whoever asked for it and
// whatever the mode was then: acts, pauses, replies, stock, tickets, and what rules do.
type gate struct {
	lane.Handler
	h     *Hub
	goods bool
}

// Begin implements lane.Handler.
func (g gate) Begin(tx *db.Tx, e effect.Effect) (effect.State, fault.Reason) {
	if why := g.h.held(tx, e, g.goods); !why.IsZero() {
		return effect.Void, why
	}
	return g.Handler.Begin(tx, e)
}

// held says why the mode of an effect's shop holds it back. The shop is its order's, its offer's or the one that
// its arguments name (shop); without any of them an effect is held when every shop of its account would hold it.
func (h *Hub) held(tx *db.Tx, e effect.Effect, goods bool) fault.Reason {
	var a struct {
		Shop  ident.Shop  `json:"shop"`
		Offer ident.Offer `json:"offer"`
	}
	_ = json.Unmarshal(e.Args, &a) // of other effects: neither
	switch {
	case e.Order != 0:
		row, ok := tx.OrderByID(e.Order)
		if !ok {
			return fault.Reason{} // its handler says so
		}
		a.Shop = row.Shop
	case a.Offer != 0:
		if k, ok := tx.OfferAt(a.Offer); ok {
			s := tx.Stock(k)
			if i := offerIn(s.Offers, a.Offer); i >= 0 {
				a.Shop = s.Offers[i].Shop
			}
		}
	}
	if s, ok := tx.ShopByID(a.Shop); ok {
		return heldBy(s.Mode, goods)
	}
	list := h.db.ShopsOf(e.Merchant, e.Account)
	why := fault.Reason{}
	for _, s := range list {
		if why = heldBy(s.Mode, goods); why.IsZero() {
			break
		}
	}
	return why
}

// SetModes puts shops of the caller's stores into a mode: the first few of an account as a pilot, or all of them.
// What was asked for and has not been sent goes by the new mode. It gives the shops as they are then.
func (h *Hub) SetModes(ctx context.Context, who Actor, ids []ident.Shop, mode string) ([]db.ShopRow, error) {
	const op = "hub.SetModes"
	if err := who.May(op, role.Connect); err != nil {
		return nil, err
	}
	if !slices.Contains(Modes, mode) {
		return nil, &fault.Error{Op: op, Code: fault.Invalid, Fields: []fault.Field{fault.Wrong("body.mode", noneOfModes())}}
	}
	var out []db.ShopRow
	for _, id := range ids {
		s, ok := h.db.ShopByID(who.Merchant, id)
		if !ok || !who.Sees(s.Store) || h.Own(s.Channel) {
			return out, fault.Say(op, fault.NotFound, "no_shop", "there is no such shop")
		}
		if s.Mode != mode {
			var err error
			s.Mode = mode
			if s, err = h.PutShop(ctx, who, s); err != nil {
				return out, fault.Wrap(op, err)
			}
		}
		out = append(out, s)
	}
	return out, nil
}

func noneOfModes() fault.Reason {
	return fault.Because("field_none_of", "is none of {list}", "list", "watch, goods, full")
}
