package api

import (
	"context"
	"net/http"
	"strings"

	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/ident"
	"github.com/tongdan/tongdan/internal/db"
	"github.com/tongdan/tongdan/internal/hub"
	"github.com/tongdan/tongdan/stock"
)

func (s *Server) stockRoutes() {
	add(s, op("listSKUs", http.MethodGet, "/skus", "stock", "What stock counts, by id"), s.listSKUs)
	add(s, created(op("makeSKU", http.MethodPost, "/skus", "stock", "Add a SKU")), func(ctx context.Context, in *create[SKUBody]) (*skuOutput, error) {
		return s.putSKU(ctx, 0, in.Body)
	})
	add(s, op("changeSKU", http.MethodPut, "/skus/{id}", "stock", "Rename a SKU"), func(ctx context.Context, in *change[SKUBody]) (*skuOutput, error) {
		id, err := idOf[ident.SKU](in.ID)
		if err != nil {
			return nil, err
		}
		return s.putSKU(ctx, id, in.Body)
	})
	add(s, op("listStock", http.MethodGet, "/stock", "stock", "What stores have, and what each channel shows of it"), s.listStock)
	add(s, created(op("bookStock", http.MethodPost, "/stock/movements", "stock", "Book goods in, a count, or a correction")), s.bookStock)
	add(s, op("listMovements", http.MethodGet, "/stock/movements", "stock", "The movements of one SKU at one store, newest first"), s.listMovements)
	add(s, op("listOversold", http.MethodGet, "/stock/oversold", "stock", "Orders that a platform sold beyond what there is, newest first"), s.listOversold)
	add(s, op("listOffers", http.MethodGet, "/offers", "stock", "Which item of which shop is which SKU, by id"), s.listOffers)
	add(s, created(op("bindOffer", http.MethodPost, "/offers", "stock", "Bind an item of a shop to a SKU; what it shows is from then on written here")), s.bindOffer)
	add(s, op("unbindOffer", http.MethodDelete, "/offers/{id}", "stock", "Forget a binding; what the platform shows stays as it is"), func(ctx context.Context, in *ByID) (*seqOutput, error) {
		id, err := idOf[ident.Offer](in.ID)
		if err != nil {
			return nil, err
		}
		return s.deleted(ctx, s.hub.UnbindOffer(ctx, who(ctx).Actor, id))
	})
}

// SKU is the unit that stock counts.
type SKU struct {
	ID     ident.SKU `json:"id"`
	Code   string    `json:"code" doc:"The merchant's own."`
	Name   string    `json:"name"`
	MadeAt int64     `json:"made_at"`
}

// SKUBody is a SKU as it is given.
type SKUBody struct {
	Code string `json:"code" minLength:"1" maxLength:"80"`
	Name string `json:"name,omitempty" maxLength:"120"`
}

type skuOutput struct {
	Seq  int64 `header:"Tongdan-Seq"`
	Body SKU
}

func skuOf(r db.SKURow) SKU { return SKU{r.ID, r.Code, r.Name, r.Made} }

func (s *Server) putSKU(ctx context.Context, id ident.SKU, in SKUBody) (*skuOutput, error) {
	row, err := s.hub.PutSKU(ctx, who(ctx).Actor, db.SKURow{ID: id, Code: in.Code, Name: in.Name})
	if err != nil {
		return nil, fault.Wrap("api.putSKU", err)
	}
	seq, err := s.seq(ctx)
	return &skuOutput{seq, skuOf(row)}, err
}

type skusInput struct {
	Code   string `query:"code" maxLength:"80" doc:"Only the SKU with this code."`
	Cursor string `query:"cursor" maxLength:"100"`
	Limit  int    `query:"limit" minimum:"1" maximum:"200" default:"50"`
}

type skusOutput struct {
	Body struct {
		SKUs       []SKU  `json:"skus"`
		NextCursor string `json:"next_cursor"`
	}
}

func (s *Server) listSKUs(ctx context.Context, in *skusInput) (*skusOutput, error) {
	after, err := idOf0[ident.SKU](in.Cursor)
	if err != nil {
		return nil, err
	}
	rows, err := s.db.SKUs(ctx, who(ctx).Scope, in.Code, after, in.Limit)
	if err != nil {
		return nil, fault.Wrap("api.listSKUs", err)
	}
	out := &skusOutput{}
	out.Body.SKUs = each(rows, skuOf)
	if len(rows) == in.Limit {
		out.Body.NextCursor = rows[len(rows)-1].ID.String()
	}
	return out, nil
}

// Offer is a SKU as sold in one shop.
type Offer struct {
	ID        ident.Offer `json:"id"`
	ShopID    ident.Shop  `json:"shop_id"`
	StoreID   ident.Store `json:"store_id"`
	SKUID     ident.SKU   `json:"sku_id"`
	Item      string      `json:"item" doc:"The platform's: a dish, a listing."`
	Variation string      `json:"variation" doc:"The platform's specification or variation of it; empty where it has none."`
	State     string      `json:"state" enum:"reading,sending,checking,shown,refused" doc:"reading: what it shows is not known yet; sending: a number is on its way; checking: it is being made sure what was sold meanwhile; refused: see words."`
	Shown     int64       `json:"shown" doc:"Pieces that the channel shows, as far as we know."`
	May       int64       `json:"may_sell" doc:"At most this many pieces can still come as orders: shown, or sold and not heard of. -1 = not known."`
	Pushed    int64       `json:"pushed" doc:"The last number that the platform took; -1 = none."`
	PushedAt  int64       `json:"pushed_at"`
	Seen      int64       `json:"seen" doc:"The last number that was read there; -1 = none, or unlimited."`
	SeenAt    int64       `json:"seen_at"`
	Beyond    int64       `json:"sold_beyond" doc:"Pieces that the platform sold beyond what it was given, since ever."`
	Words     string      `json:"words,omitempty" doc:"Why the last call failed."`
}

func offerOf(o db.OfferRow) Offer {
	out := Offer{ID: o.ID, ShopID: o.Shop, StoreID: o.Store, SKUID: o.SKU, Item: o.Item, Variation: o.Variation, Shown: o.Shown, May: o.May,
		Pushed: o.Pushed, PushedAt: o.PushedAt, Seen: o.Seen, SeenAt: o.SeenAt, Beyond: o.Beyond, Words: o.Words, State: "shown"}
	if o.Seen >= stock.Unlimited {
		out.Seen = -1
	}
	switch {
	case o.Fails > 0:
		out.State = "refused"
	case !o.Known:
		out.State = "reading"
	case o.Effect != 0:
		out.State = "sending"
	case o.Look.Stage != stock.Quiet:
		out.State = "checking"
	}
	if !o.Known || o.May >= stock.Unlimited {
		out.May = -1
	}
	return out
}

// OfferBody is a binding as it is given.
type OfferBody struct {
	ShopID    ident.Shop `json:"shop_id"`
	SKUID     ident.SKU  `json:"sku_id"`
	Item      string     `json:"item" minLength:"1" maxLength:"80"`
	Variation string     `json:"variation,omitempty" maxLength:"80"`
}

type offerOutput struct {
	Seq  int64 `header:"Tongdan-Seq"`
	Body Offer
}

func (s *Server) bindOffer(ctx context.Context, in *create[OfferBody]) (*offerOutput, error) {
	c := who(ctx)
	row, err := s.hub.BindOffer(ctx, c.Actor, db.OfferRow{Shop: in.Body.ShopID, SKU: in.Body.SKUID, Item: in.Body.Item, Variation: in.Body.Variation})
	if err != nil {
		return nil, fault.Wrap("api.bindOffer", err)
	}
	seq, err := s.seq(ctx)
	return &offerOutput{seq, offerOf(row)}, err
}

type offersInput struct {
	Store  string `query:"store" maxLength:"32"`
	Shop   string `query:"shop" maxLength:"32"`
	SKU    string `query:"sku" maxLength:"32"`
	Cursor string `query:"cursor" maxLength:"100"`
	Limit  int    `query:"limit" minimum:"1" maximum:"200" default:"50"`
}

type offersOutput struct {
	Body struct {
		Offers     []Offer `json:"offers"`
		NextCursor string  `json:"next_cursor"`
	}
}

func (s *Server) listOffers(ctx context.Context, in *offersInput) (*offersOutput, error) {
	f := db.OfferFilter{Limit: in.Limit}
	var err error
	if f.Store, err = idOf0[ident.Store](in.Store); err != nil {
		return nil, err
	}
	if f.Shop, err = idOf0[ident.Shop](in.Shop); err != nil {
		return nil, err
	}
	if f.SKU, err = idOf0[ident.SKU](in.SKU); err != nil {
		return nil, err
	}
	if f.After, err = idOf0[ident.Offer](in.Cursor); err != nil {
		return nil, err
	}
	rows, err := s.db.Offers(ctx, who(ctx).Scope, f)
	if err != nil {
		return nil, fault.Wrap("api.listOffers", err)
	}
	out := &offersOutput{}
	out.Body.Offers = each(rows, offerOf)
	if len(rows) == in.Limit {
		out.Body.NextCursor = rows[len(rows)-1].ID.String()
	}
	return out, nil
}

// Level is what one store has of one SKU.
type Level struct {
	StoreID   ident.Store `json:"store_id"`
	SKUID     ident.SKU   `json:"sku_id"`
	Code      string      `json:"code"`
	Name      string      `json:"name"`
	OnHand    int64       `json:"on_hand"`
	Reserved  int64       `json:"reserved" doc:"Kept by open orders."`
	Sellable  int64       `json:"sellable" doc:"On hand less reserved; below 0, orders exist that cannot be served."`
	Offers    []Offer     `json:"offers"`
	ChangedAt int64       `json:"changed_at"`
}

type stockInput struct {
	Store  string `query:"store" maxLength:"32"`
	SKU    string `query:"sku" maxLength:"32"`
	Order  string `query:"order" maxLength:"32" doc:"Only what the lines of this order take from, at its store."`
	Cursor string `query:"cursor" maxLength:"100"`
	Limit  int    `query:"limit" minimum:"1" maximum:"200" default:"50"`
}

type stockOutput struct {
	Body struct {
		Levels     []Level `json:"levels"`
		NextCursor string  `json:"next_cursor"`
	}
}

func (s *Server) listStock(ctx context.Context, in *stockInput) (*stockOutput, error) {
	store, err := idOf0[ident.Store](in.Store)
	if err != nil {
		return nil, err
	}
	sku, err := idOf0[ident.SKU](in.SKU)
	if err != nil {
		return nil, err
	}
	var skus []ident.SKU
	if sku != 0 {
		skus = []ident.SKU{sku}
	}
	if in.Order != "" {
		id, err := idOf[ident.Order](in.Order)
		if err != nil {
			return nil, err
		}
		if store, skus, err = s.hub.SoldIn(ctx, who(ctx).Actor, id); err != nil {
			return nil, fault.Wrap("api.listStock", err)
		}
	}
	var after db.StockKey
	if a, b, ok := strings.Cut(in.Cursor, "."); ok {
		if after.Store, err = idOf0[ident.Store](a); err == nil {
			after.SKU, err = idOf0[ident.SKU](b)
		}
		if err != nil {
			return nil, err
		}
	}
	rows, err := s.db.LevelsOf(ctx, who(ctx).Scope, store, skus, after, in.Limit)
	if err != nil {
		return nil, fault.Wrap("api.listStock", err)
	}
	out := &stockOutput{}
	out.Body.Levels = each(rows, levelOf)
	if len(rows) == in.Limit {
		last := rows[len(rows)-1]
		out.Body.NextCursor = last.Store.String() + "." + last.SKU.String()
	}
	return out, nil
}

func levelOf(r db.LevelRow) Level {
	return Level{r.Store, r.SKU, r.Code, r.Name, r.OnHand, r.Reserved, r.Sellable(), each(r.Offers, offerOf), r.Changed}
}

// Movement is a change of what is on hand.
type Movement struct {
	ID      ident.Movement `json:"id"`
	StoreID ident.Store    `json:"store_id"`
	SKUID   ident.SKU      `json:"sku_id"`
	At      int64          `json:"at"`
	Pieces  int64          `json:"pieces" doc:"More than before; below 0: fewer."`
	Reason  stock.Reason   `json:"reason" enum:"receipt,count,sale_out,waste,correction"`
	Cause   string         `json:"cause" doc:"ord_…, usr_… or key_…"`
	Note    string         `json:"note,omitempty"`
}

func movementOf(m db.MovementRow) Movement {
	return Movement{m.ID, m.Store, m.SKU, m.At, m.Pieces, m.Reason, m.Cause, m.Note}
}

// BookingBody is a movement as it is booked.
type BookingBody struct {
	StoreID ident.Store  `json:"store_id"`
	SKUID   ident.SKU    `json:"sku_id"`
	Reason  stock.Reason `json:"reason" enum:"receipt,count,correction" doc:"receipt and correction: so many pieces more. count: so many are there, sold and waiting ones included."`
	Pieces  int64        `json:"pieces" minimum:"-99999999" maximum:"99999999"`
	Note    string       `json:"note,omitempty" maxLength:"200"`
}

type bookedOutput struct {
	Seq  int64 `header:"Tongdan-Seq"`
	Body struct {
		OnHand   int64 `json:"on_hand"`
		Reserved int64 `json:"reserved"`
		Sellable int64 `json:"sellable"`
	}
}

func (s *Server) bookStock(ctx context.Context, in *create[BookingBody]) (*bookedOutput, error) {
	b := in.Body
	after, seq, err := s.hub.Book(ctx, who(ctx).Actor, hub.Booking{StockKey: db.StockKey{Store: b.StoreID, SKU: b.SKUID}, Reason: b.Reason, Pieces: b.Pieces, Note: b.Note, Key: in.Key})
	if err != nil {
		return nil, fault.Wrap("api.bookStock", err)
	}
	if seq, err = s.shownSeq(ctx, seq); err != nil {
		return nil, fault.Wrap("api.bookStock", err)
	}
	out := &bookedOutput{Seq: seq}
	out.Body.OnHand, out.Body.Reserved, out.Body.Sellable = after.OnHand, after.Reserved, after.Sellable()
	return out, nil
}

type movementsInput struct {
	Store  string `query:"store" required:"true" maxLength:"32"`
	SKU    string `query:"sku" required:"true" maxLength:"32"`
	Cursor string `query:"cursor" maxLength:"100"`
	Limit  int    `query:"limit" minimum:"1" maximum:"200" default:"50"`
}

type movementsOutput struct {
	Body struct {
		Movements  []Movement `json:"movements"`
		NextCursor string     `json:"next_cursor"`
	}
}

func (s *Server) listMovements(ctx context.Context, in *movementsInput) (*movementsOutput, error) {
	var k db.StockKey
	var err error
	if k.Store, err = idOf[ident.Store](in.Store); err != nil {
		return nil, err
	}
	if k.SKU, err = idOf[ident.SKU](in.SKU); err != nil {
		return nil, err
	}
	before, err := idOf0[ident.Movement](in.Cursor)
	if err != nil {
		return nil, err
	}
	rows, err := s.db.Movements(ctx, who(ctx).Scope, k, before, in.Limit)
	if err != nil {
		return nil, fault.Wrap("api.listMovements", err)
	}
	out := &movementsOutput{}
	out.Body.Movements = each(rows, movementOf)
	if len(rows) == in.Limit {
		out.Body.NextCursor = rows[len(rows)-1].ID.String()
	}
	return out, nil
}

// Oversold is what an order was promised beyond what there is.
type Oversold struct {
	OrderID ident.Order `json:"order_id"`
	OfferID ident.Offer `json:"offer_id"`
	StoreID ident.Store `json:"store_id"`
	SKUID   ident.SKU   `json:"sku_id"`
	Kept    int64       `json:"kept"`
	Short   int64       `json:"short"`
}

type oversoldInput struct {
	Limit int `query:"limit" minimum:"1" maximum:"200" default:"50"`
}

type oversoldOutput struct {
	Body struct {
		Oversold []Oversold `json:"oversold"`
	}
}

func (s *Server) listOversold(ctx context.Context, in *oversoldInput) (*oversoldOutput, error) {
	rows, err := s.db.Oversold(ctx, who(ctx).Scope, in.Limit)
	if err != nil {
		return nil, fault.Wrap("api.listOversold", err)
	}
	out := &oversoldOutput{}
	out.Body.Oversold = each(rows, func(h db.HoldRow) Oversold { return Oversold{h.Order, h.Offer, h.Store, h.SKU, h.Kept, h.Short} })
	return out, nil
}

// idOf0 reads an id that may be left out.
func idOf0[T any, P interface {
	*T
	UnmarshalText([]byte) error
}](s string) (T, error) {
	var id T
	if s == "" {
		return id, nil
	}
	err := P(&id).UnmarshalText([]byte(s))
	return id, err
}
