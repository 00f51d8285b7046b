package hub

import (
	"context"
	"strings"

	"github.com/tongdan/tongdan/channel"
	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/ident"
	"github.com/tongdan/tongdan/internal/db"
	"github.com/tongdan/tongdan/role"
)

// A FoundShop is a shop that the platform says an account may work for, and which store of ours it may be.
type FoundShop struct {
	External string            `json:"external_id" doc:"The platform's id of the shop."`
	Name     string            `json:"name"`
	Address  string            `json:"address"`
	Phone    string            `json:"phone" doc:"The shop's own, as customers see it."`
	State    channel.ShopState `json:"state" doc:"How customers see it now; empty: the platform does not say."`
	ShopID   ident.Shop        `json:"shop_id,omitempty" doc:"It is bound already."`
	StoreID  ident.Store       `json:"store_id,omitempty" doc:"To which store it is bound."`
	Guesses  []Guess           `json:"guesses" doc:"Which store it may be, the likeliest first; empty: none of ours, so a new one is proposed."`
	Sure     bool              `json:"sure" doc:"The first guess has good grounds, nothing against it, and nobody else has a claim to the store."`
}

// Found asks the platform which shops an account may work for, and proposes which stores they are. Nothing is kept.
func (h *Hub) Found(ctx context.Context, who Actor, id ident.Account) ([]FoundShop, error) {
	const op = "hub.Found"
	if err := who.May(op, role.Connect); err != nil {
		return nil, err
	}
	c, err := h.conn(who.Merchant, id)
	if err != nil {
		return nil, err
	}
	if armed, err := h.db.Armed(ctx); err != nil {
		return nil, fault.Wrap(op, err)
	} else if !armed {
		return nil, fault.Say(op, fault.Conflict, "arm_first", "this is a restored or copied database, from which nothing is called: arm it first, then authorise")
	}
	list, err := c.Found(ctx)
	if err != nil {
		return nil, fault.Wrap(op, err)
	}
	stores, err := h.knownStores(ctx, who, id)
	if err != nil {
		return nil, fault.Wrap(op, err)
	}
	m, _ := h.db.MerchantByID(who.Merchant)
	out := make([]FoundShop, 0, len(list))
	var open []channel.Standing
	var at []int
	for _, s := range list {
		f := FoundShop{External: s.Shop, Name: s.Name, Address: s.Address, Phone: s.Phone, State: s.State, Guesses: []Guess{}}
		if bound, ok := h.db.ShopByExternal(who.Merchant, c.account.Realm, s.Shop); ok {
			f.ShopID, f.StoreID = bound.ID, bound.Store
		} else {
			open, at = append(open, s), append(at, len(out))
		}
		out = append(out, f)
	}
	guesses, sure := propose(open, stores, m.Name)
	for i, k := range at {
		out[k].Guesses, out[k].Sure = append(out[k].Guesses, guesses[i]...), sure[i]
	}
	return out, nil
}

// knownStores gathers what is known here of the merchant's stores, for proposals to an account.
func (h *Hub) knownStores(ctx context.Context, who Actor, id ident.Account) ([]knownStore, error) {
	rows, err := h.db.Stores(ctx, who.Scope)
	if err != nil {
		return nil, err
	}
	told, err := h.db.Standings(ctx, who.Merchant)
	if err != nil {
		return nil, err
	}
	shops := h.db.ShopsIn(who.Scope)
	out := make([]knownStore, 0, len(rows))
	for _, r := range rows {
		k := knownStore{row: r}
		for _, s := range shops {
			if s.Store != r.ID || h.Own(s.Channel) {
				continue
			}
			k.taken = k.taken || s.Account == id
			k.shops = append(k.shops, knownShop{s.External, told[s.ID].Doc})
		}
		out = append(out, k)
	}
	return out, nil
}

// A Binding says which store of ours a found shop is: one that there is, or a new one.
type Binding struct {
	External string
	Name     string      // of the shop
	Store    ident.Store // 0: a new one
	New      db.StoreRow // its name, address and zone
}

// Bound is what became of a Binding.
type Bound struct {
	External string        `json:"external_id"`
	ShopID   ident.Shop    `json:"shop_id,omitempty"`
	StoreID  ident.Store   `json:"store_id,omitempty"`
	Made     bool          `json:"made" doc:"The store was made for it."`
	Why      *fault.Reason `json:"why,omitempty" doc:"Why it was not bound; the others are."`
}

// Bind binds shops of an account to stores as somebody has decided, each as one that is only watched. One that fails
// harms none of the others; a shop that is bound already is left alone.
func (h *Hub) Bind(ctx context.Context, who Actor, id ident.Account, list []Binding) ([]Bound, error) {
	const op = "hub.Bind"
	if err := who.May(op, role.Connect); err != nil {
		return nil, err
	}
	acct, ok := h.db.AccountByID(who.Merchant, id)
	if !ok || h.Own(acct.Channel) {
		return nil, fault.Say(op, fault.NotFound, "no_account", "there is no such account")
	}
	out := make([]Bound, 0, len(list))
	for _, b := range list {
		done := Bound{External: b.External}
		if err := h.bindOne(ctx, who, acct, b, &done); err != nil {
			if c := fault.CodeOf(err); c == fault.Unavailable || c == fault.Internal || c == fault.Unknown {
				return out, fault.Wrap(op, err)
			}
			why := fault.ReasonOf(err)
			done.Why = &why
		}
		out = append(out, done)
	}
	return out, nil
}

func (h *Hub) bindOne(ctx context.Context, who Actor, acct db.AccountRow, b Binding, done *Bound) error {
	const op = "hub.Bind"
	b.External = strings.TrimSpace(b.External)
	if s, ok := h.db.ShopByExternal(who.Merchant, acct.Realm, b.External); ok {
		done.ShopID, done.StoreID = s.ID, s.Store
		if s.Account == acct.ID && s.Store == b.Store {
			return nil
		}
		return fault.Say(op, fault.Conflict, "shop_bound", "this shop is bound already; change its binding on the connections page")
	}
	store := b.Store
	if store == 0 {
		row, err := h.PutStore(ctx, who, b.New)
		if err != nil {
			return err
		}
		store, done.Made = row.ID, true
	}
	s, err := h.PutShop(ctx, who, db.ShopRow{Account: acct.ID, External: b.External, Name: clip(b.Name, 80), Store: store, Mode: ModeWatch})
	if err != nil {
		if done.Made { // made for nothing
			_ = h.DeleteStore(ctx, who, store)
			done.Made = false
		}
		return err
	}
	done.ShopID, done.StoreID = s.ID, s.Store
	return nil
}
