package hub

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
	"time"

	"github.com/tongdan/tongdan/channel"
	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/ident"
	"github.com/tongdan/tongdan/internal/db"
	"github.com/tongdan/tongdan/money"
	"github.com/tongdan/tongdan/order"
)

// An Entry is an order as somebody enters it (录单): taken by phone or at the counter.
// Amounts are minor units of the store's currency (Currency).
type Entry struct {
	Store    ident.Store
	Origin   string // channel.OriginPhone, …
	Serve    string // channel.ServeDelivery, …
	Table    string
	Promised int64 // UTC ms; 0 = as soon as possible
	Lines    []EntryLine
	Delivery int64
	Discount int64
	Pay      string // channel.PayCash, …
	Tendered int64  // 0 = not typed
	Customer channel.EntryCustomer
	Remark   string
	Short    bool   // enter it although pieces are missing
	Key      string // the caller's Idempotency-Key: the same press twice is one order
}

// An EntryLine is one thing of an Entry: a SKU, or what its name says.
type EntryLine struct {
	Keep     string    // the key of a line of the order that is changed: name and SKU stay; "" = a new one
	SKU      ident.SKU // 0 = a free line, which takes no stock
	Name     string    // "" = the SKU's
	Quantity int64
	Price    int64 // of one piece
	Note     string
}

// Entered is what became of an entry.
type Entered struct {
	Order  ident.Order
	Number int64 // of the store's business day, from 1
	Day    string
	Total  money.Amount
	Change *money.Amount // to give back; nil when it was not paid in cash, or no tender typed
	Undo   int64         // until when whoever entered it may take it back, UTC ms of the trade's clock
	Seq    int64
}

const (
	undoFor   = 10 * time.Second // as the screen offers it
	undoGrace = 5 * time.Second  // for the way here
)

// Own reports whether a channel is one of our own: nobody is called for it.
func (h *Hub) Own(channelName string) bool {
	p, ok := h.platforms[channelName]
	return ok && p.Info().Own
}

// counter is the channel on which entries come.
func (h *Hub) counter(op string) (channel.Own, error) {
	for _, name := range h.names {
		if p, ok := h.platforms[name].(channel.Own); ok {
			return p, nil
		}
	}
	return nil, fault.Say(op, fault.Unsupported, "no_connector", "this build has no connector for the channel")
}

// Enter takes an order that somebody enters: it draws the store's number of the day, has
// the own channel write and sign the document, and gives that to Callback, as a platform's
// push would come. Lines of SKUs take stock as any channel's do. It fails with
// fault.Conflict and the code stock_short when pieces are missing, unless e.Short; with
// fault.Unavailable when it could not be kept: the same key may then be tried again.
func (h *Hub) Enter(ctx context.Context, who Actor, e Entry) (Entered, error) {
	const op = "hub.Enter"
	store, err := h.entryStore(op, who, e.Store)
	if err != nil {
		return Entered{}, err
	}
	own, err := h.counter(op)
	if err != nil {
		return Entered{}, err
	}
	if err := e.check(op); err != nil {
		return Entered{}, err
	}
	now := h.now()
	ref := order.Ref{Realm: own.Info().Realm, Kind: order.KindOrder, ID: entryID(who, e.Key)}
	if _, ok, err := h.db.Entered(ctx, who.Merchant, ref.ID); err != nil {
		return Entered{}, fault.Wrap(op, err)
	} else if ok { // pressed before: what came in then is it
		if out, err := h.entered(ctx, who, ref); !fault.Is(err, fault.NotFound) {
			return out, fault.Wrap(op, err)
		}
	}
	shop, app, err := h.db.OwnShop(ctx, db.OwnPlace{Merchant: who.Merchant, Channel: own.Info().Name, Realm: ref.Realm, Name: own.Info().Label.ZH, Credentials: own.Draw(), Store: store})
	if err != nil {
		return Entered{}, fault.Wrap(op, err)
	}
	h.runner.Added() // a lane, when this was the merchant's first entry
	lines, err := h.entryLines(ctx, who, shop, e, nil)
	if err != nil {
		return Entered{}, err
	}
	row, err := h.db.DrawNumber(ctx, db.EnteredRow{Merchant: who.Merchant, External: ref.ID, Store: store.ID, Day: dayAt(store, now), By: who.ID, Made: now.UnixMilli()})
	if err != nil {
		return Entered{}, fault.Wrap(op, err)
	}
	doc := channel.Entry{
		ID: ref.ID, Shop: shop.External, Day: row.Day, Number: row.Number, At: row.Made, By: who.Name, Origin: e.Origin, Serve: e.Serve, Table: e.Table,
		Promised: e.Promised, Currency: h.Currency(store), Lines: lines, Delivery: e.Delivery, Discount: e.Discount, Pay: e.Pay, Tendered: e.Tendered,
		Customer: e.Customer, Remark: e.Remark,
	}
	var ok bool
	if doc.Total, ok = doc.Sum(); !ok {
		return Entered{}, &fault.Error{Op: op, Code: fault.Invalid, Why: fault.Because("fields_wrong", "some fields are wrong"), Fields: []fault.Field{fault.Wrong("body.discount", fault.Because("field_discount_over", "the discount is more than the rest comes to"))}}
	}
	req, err := own.Enter(appOf(app), doc)
	if err != nil {
		return Entered{}, fault.Wrap(op, err)
	}
	reply, err := h.Callback(ctx, own.Info().Name, app.ID, req)
	if err != nil {
		return Entered{}, fault.Wrap(op, err)
	}
	if reply.Status >= 300 {
		return Entered{}, fault.Say(op, fault.Unavailable, "entered_not_kept", "the order could not be written down; press again")
	}
	h.remember(ctx, who.Merchant, store.ID, doc)
	return h.entered(ctx, who, ref)
}

// entryStore finds the store of an entry.
func (h *Hub) entryStore(op string, who Actor, id ident.Store) (db.StoreRow, error) {
	s, ok := h.db.StoreByID(who.Merchant, id)
	if !ok || !who.Sees(id) {
		return s, &fault.Error{Op: op, Code: fault.Invalid, Why: fault.Because("fields_wrong", "some fields are wrong"), Fields: []fault.Field{fault.Wrong("body.store_id", fault.Because("field_not_yours", "is none of your stores"))}}
	}
	return s, nil
}

func (e *Entry) check(op string) error {
	var w wrong
	oneOf := func(field, v string, list ...string) {
		if !slices.Contains(list, v) {
			w.say(field, fault.Because("field_none_of", "is none of {list}", "list", strings.Join(list, ", ")))
		}
	}
	amount := func(field string, v int64) {
		if v < 0 || v > channel.MaxEntryAmount {
			w.say(field, between(0, channel.MaxEntryAmount))
		}
	}
	oneOf("origin", e.Origin, channel.OriginPhone, channel.OriginCounter, channel.OriginOther)
	oneOf("serve", e.Serve, channel.ServeDelivery, channel.ServePickup, channel.ServeTakeOut, channel.ServeTable)
	oneOf("pay", e.Pay, channel.PayCash, channel.PayCard, channel.PayCode, channel.PayLater)
	amount("delivery", e.Delivery)
	amount("discount", e.Discount)
	amount("tendered", e.Tendered)
	if n := len(e.Lines); n == 0 || n > channel.MaxEntryLines {
		w.say("lines", between(1, channel.MaxEntryLines))
	}
	for i := range e.Lines {
		l, at := &e.Lines[i], "lines["+itoa(i)+"]."
		l.Name, l.Note = plain(l.Name), plain(l.Note)
		if l.Quantity < 1 || l.Quantity > channel.MaxEntryQuantity {
			w.say(at+"quantity", between(1, channel.MaxEntryQuantity))
		}
		amount(at+"price", l.Price)
		if l.SKU == 0 {
			w.text(at+"name", l.Name, 1, 120)
		} else {
			w.text(at+"name", l.Name, 0, 120)
		}
		w.text(at+"note", l.Note, 0, 200)
	}
	for _, s := range []*string{&e.Table, &e.Remark, &e.Customer.Name, &e.Customer.Phone, &e.Customer.Address} {
		*s = plain(*s)
	}
	w.text("remark", e.Remark, 0, 500)
	w.text("customer.name", e.Customer.Name, 0, 80)
	w.text("customer.phone", e.Customer.Phone, 0, 40)
	switch e.Serve {
	case channel.ServeTable:
		w.text("table", e.Table, 1, 20)
		w.text("customer.address", e.Customer.Address, 0, 300)
	case channel.ServeDelivery:
		w.text("customer.address", e.Customer.Address, 1, 300)
		w.text("customer.phone", e.Customer.Phone, 1, 40)
		e.Table = ""
	default:
		w.text("customer.address", e.Customer.Address, 0, 300)
		e.Table = ""
	}
	if e.Promised < 0 || e.Promised != 0 && (e.Promised < 946_684_800_000 || e.Promised >= 4_102_444_800_000) {
		w.say("promised_at", fault.Because("field_century", "is no time of this century"))
	}
	if e.Pay != channel.PayCash {
		e.Tendered = 0
	}
	return w.err(op)
}

// plain is a text in one line.
func plain(s string) string {
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, s))
}

// entryID is the id of an order that is entered: the same press gives the same one.
func entryID(who Actor, key string) string {
	if key == "" {
		var b [12]byte
		rand.Read(b[:])
		return hex.EncodeToString(b[:])
	}
	sum := sha256.Sum256([]byte("entry " + who.Merchant.String() + " " + who.ID + " " + key))
	return hex.EncodeToString(sum[:12])
}

// dayAt is the business day of a store at a moment.
func dayAt(s db.StoreRow, t time.Time) string {
	zone, err := time.LoadLocation(s.Zone)
	if err != nil {
		zone = time.UTC
	}
	return t.In(zone).Add(-time.Duration(s.Cutoff) * time.Minute).Format(time.DateOnly)
}

// Currency is in what a store sells over its own counter: that of a site in the same zone,
// else that of the first site of the own channel.
func (h *Hub) Currency(s db.StoreRow) money.Currency {
	first := money.Currency("CNY")
	if own, err := h.counter("hub.Currency"); err == nil {
		first = money.Currency(own.Info().Sites[0].Currency)
	}
	for _, name := range h.names {
		for _, site := range h.platforms[name].Info().Sites {
			if site.Zone == s.Zone {
				return money.Currency(site.Currency)
			}
		}
	}
	return first
}

// entryLines names the lines by the offers of the shop, which are made where a SKU has
// none, and asks whether there is enough beside what an order that is changed has.
func (h *Hub) entryLines(ctx context.Context, who Actor, shop db.ShopRow, e Entry, has map[ident.SKU]int64) ([]channel.EntryLine, error) {
	const op = "hub.Enter"
	type need struct {
		at     int // first line
		pieces int64
		name   string
	}
	needs := map[ident.SKU]*need{}
	codes := map[ident.SKU]string{}
	var list []ident.SKU
	out := make([]channel.EntryLine, len(e.Lines))
	for i, l := range e.Lines {
		if l.SKU == 0 {
			out[i] = channel.EntryLine{Name: l.Name, Quantity: l.Quantity, Price: l.Price, Note: l.Note}
			continue
		}
		if needs[l.SKU] == nil {
			sku, ok, err := h.db.SKUByID(ctx, who.Merchant, l.SKU)
			if err != nil {
				return nil, fault.Wrap(op, err)
			}
			if !ok {
				return nil, &fault.Error{Op: op, Code: fault.Invalid, Why: fault.Because("fields_wrong", "some fields are wrong"),
					Fields: []fault.Field{fault.Wrong("body.lines["+itoa(i)+"].sku_id", fault.Because("field_no_sku", "is none of your SKUs"))}}
			}
			code, err := h.offerFor(ctx, who, shop, sku)
			if err != nil {
				return nil, err
			}
			needs[l.SKU], codes[l.SKU] = &need{at: i, name: cmp.Or(l.Name, sku.Name, sku.Code)}, code
			list = append(list, l.SKU)
		}
		n := needs[l.SKU]
		n.pieces += l.Quantity
		out[i] = channel.EntryLine{Name: cmp.Or(l.Name, n.name), Code: codes[l.SKU], Quantity: l.Quantity, Price: l.Price, Note: l.Note}
	}
	if len(list) > 0 && !h.db.Sells(who.Merchant) { // another node made the first offer a moment ago
		if err := h.db.Reload(ctx); err != nil {
			return nil, fault.Wrap(op, err)
		}
	}
	if e.Short {
		return out, nil
	}
	short := &fault.Error{Op: op, Code: fault.Conflict}
	for _, id := range list {
		rows, err := h.db.Levels(ctx, who.Scope, shop.Store, id, db.StockKey{}, 1)
		if err != nil {
			return nil, fault.Wrap(op, err)
		}
		left := has[id]
		if len(rows) > 0 {
			left = max(rows[0].Sellable()+left, 0)
		}
		if n := needs[id]; n.pieces > left {
			if short.Why.IsZero() {
				short.Why = fault.Because("stock_short", "of {name} only {count} are left: enter it all the same?", "name", n.name, "count", itoa(int(left)))
			}
			short.Fields = append(short.Fields, fault.Wrong("body.lines["+itoa(n.at)+"].quantity", fault.Because("field_only_left", "only {count} are left", "count", itoa(int(left)))))
		}
	}
	if len(short.Fields) > 0 {
		return nil, short
	}
	return out, nil
}

// offerFor gives the code under which a shop of ours sells a SKU, and makes the offer when
// it is sold there for the first time.
func (h *Hub) offerFor(ctx context.Context, who Actor, shop db.ShopRow, sku db.SKURow) (string, error) {
	const op = "hub.Enter"
	for try := 0; ; try++ {
		list, err := h.db.Offers(ctx, who.Scope, db.OfferFilter{Shop: shop.ID, SKU: sku.ID, Limit: 1})
		if err != nil {
			return "", fault.Wrap(op, err)
		}
		if len(list) > 0 {
			return list[0].Code, nil
		}
		o, err := h.BindOffer(ctx, who, db.OfferRow{Shop: shop.ID, SKU: sku.ID, Item: sku.Code})
		if err == nil {
			return o.Code, nil
		}
		if !fault.Is(err, fault.Conflict) || try > 0 {
			return "", fault.Wrap(op, err)
		}
	}
}

// entered tells what an entry has become. It fails with fault.NotFound when it has not come
// in.
func (h *Hub) entered(ctx context.Context, who Actor, ref order.Ref) (Entered, error) {
	const op = "hub.entered"
	row, recs, _, err := h.db.OrderByRef(ctx, who.Scope, ref)
	if err != nil {
		return Entered{}, fault.Wrap(op, err)
	}
	e, _, err := h.db.Entered(ctx, who.Merchant, ref.ID)
	if err != nil {
		return Entered{}, fault.Wrap(op, err)
	}
	at, err := h.db.Feed(ctx, who.Merchant)
	if err != nil {
		return Entered{}, fault.Wrap(op, err)
	}
	o := h.fold(&row, recs, h.info(row.Channel, ref.Realm))
	out := Entered{Order: row.ID, Number: e.Number, Day: e.Day, Undo: e.Made + int64(float64(undoFor.Milliseconds())*h.clock.Speed), Seq: at.Seq}
	if o.Bill != nil {
		out.Total = o.Bill.Total
	}
	for _, p := range o.Payments {
		if p.Tendered != nil && p.Amount != nil {
			if change, err := p.Tendered.Sub(*p.Amount); err == nil && change.Minor() >= 0 {
				out.Change = &change
			}
		}
	}
	return out, nil
}

// drawn counts a day of our own channel by the numbers that it has given: each must lead to
// an order. One that does not was pressed, and did not come in.
func (h *Hub) drawn(ctx context.Context, s db.ShopRow, d channel.Day) (channel.Tally, error) {
	t := channel.Tally{By: channel.ByPlaced, Means: channel.Text{ZH: "录单时取的当日流水号", EN: "the daily numbers that were drawn for entries"}}
	err := h.db.EnteredBetween(ctx, s.Merchant, s.Store, s.Realm, d.From.UnixMilli(), d.To.UnixMilli(), func(e db.EnteredRow, here bool) {
		if here {
			t.Listed = append(t.Listed, e.External)
		} else {
			t.Empty = append(t.Empty, e.Day+" #"+itoa(int(e.Number)))
		}
	})
	t.Orders = len(t.Listed)
	return t, fault.Wrap("hub.drawn", err)
}

// TakeBack cancels an order for whoever entered it a moment ago, which takes no other right
// than to enter. After that it is an order like any other, and to cancel it takes the right
// to that.
func (h *Hub) TakeBack(ctx context.Context, who Actor, id ident.Order) (Done, error) {
	const op = "hub.TakeBack"
	row, _, _, err := h.db.Order(ctx, who.Scope, id)
	if err != nil {
		return Done{}, fault.Wrap(op, err)
	}
	e, ok, err := h.db.Entered(ctx, who.Merchant, row.Ref.ID)
	switch {
	case err != nil:
		return Done{}, fault.Wrap(op, err)
	case !ok || !h.Own(row.Channel):
		return Done{}, fault.Say(op, fault.Unsupported, "undo_foreign", "nobody here entered this order")
	case e.By != who.ID:
		return Done{}, fault.Say(op, fault.Forbidden, "undo_other", "somebody else entered this order; cancel it instead")
	case float64(h.now().UnixMilli()-e.Made) > float64((undoFor+undoGrace).Milliseconds())*h.clock.Speed:
		return Done{}, fault.Say(op, fault.Conflict, "undo_over", "the ten seconds are over; cancel the order instead")
	}
	done, err := h.Act(ctx, who, id, Act{Kind: order.Cancel, Key: "undo " + id.String(), undo: true})
	return done, fault.Wrap(op, err)
}

// purseOf reckons the money side of an act: what is held, what is due, and what its lines
// are worth. A discount on the whole is taken off each piece in proportion.
func purseOf(o *order.Order, lines []channel.ActLine) *channel.Purse {
	var p channel.Purse
	if o.Bill == nil {
		return &p
	}
	if o.Axes.Payment == order.PayLater {
		due := o.Bill.Total
		p.Due = &due
		return &p
	}
	if o.PaidSum == nil {
		return &p
	}
	held, err := o.PaidSum.Sub(o.Refunded)
	if err != nil || held.Minor() <= 0 {
		return &p
	}
	p.Held = &held
	if len(lines) == 0 {
		return &p
	}
	var goods, part, off int64
	left := int64(0) // pieces that stay
	for _, l := range o.Bill.Lines {
		goods += l.Total.Minor()
		left += l.Quantity - l.Refunded
		for _, a := range lines {
			if a.Line == l.Key {
				part += l.Price.Minor() * a.Quantity
				left -= a.Quantity
			}
		}
	}
	for _, d := range o.Bill.Discounts {
		off += d.Amount.Minor()
	}
	back := held
	if left > 0 {
		net := money.Of(max(goods-off, 0), held.Currency()).Split(part, max(goods-part, 0))[0]
		back = money.Of(min(net.Minor(), held.Minor()), held.Currency())
	}
	p.Back = &back
	return &p
}

// remember keeps what was sold for the next entry. It is a convenience: when it fails, the
// order has been entered all the same.
func (h *Hub) remember(ctx context.Context, m ident.Merchant, store ident.Store, e channel.Entry) {
	var list []db.GoodsRow
	for _, l := range e.Lines {
		g := db.GoodsRow{Code: l.Code, Name: l.Name, Price: l.Price, Currency: string(e.Currency), SoldAt: e.At}
		if i := slices.IndexFunc(list, func(x db.GoodsRow) bool { return x.Code == g.Code && x.Name == g.Name }); i >= 0 {
			list[i].Price = g.Price
			continue
		}
		list = append(list, g)
	}
	if err := h.db.Remember(ctx, m, store, list); err != nil {
		h.log.WarnContext(ctx, "what was sold could not be noted for the next entry", "merchant", m.String(), "store", store.String(), "err", err)
	}
}
