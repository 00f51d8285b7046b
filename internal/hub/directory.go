package hub

import (
	"context"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/tongdan/tongdan/channel"
	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/ident"
	"github.com/tongdan/tongdan/internal/db"
	"github.com/tongdan/tongdan/order"
)

// PutStore adds or changes a store.
func (h *Hub) PutStore(ctx context.Context, who Actor, s db.StoreRow) (db.StoreRow, error) {
	var w wrong
	w.text("name", s.Name, 1, 80)
	w.text("address", s.Address, 0, 300)
	if _, err := time.LoadLocation(s.Zone); err != nil || s.Zone == "" || s.Zone == "Local" {
		w.say("zone", fault.Because("field_zone", "is no time zone; one such as Asia/Shanghai is needed"))
	}
	if s.Cutoff < 0 || s.Cutoff >= 24*60 {
		w.say("cutoff_minutes", between(0, 24*60-1))
	}
	if s.Pace == nil { // as the database will keep it
		pace := db.UsualPace
		s.Pace = &pace
	}
	if _, ok := hoursText(s.Hours); !ok {
		w.say("hours", fault.Because("field_hours", "must be times such as 11:00-14:00,17:00-22:00"))
	}
	for field, minutes := range map[string]int{"prepare_minutes": s.Pace.Prepare, "travel_minutes": s.Pace.Travel} {
		if minutes < 0 || minutes > 12*60 {
			w.say(field, between(0, 12*60))
		}
	}
	if err := w.err("hub.PutStore"); err != nil {
		return s, err
	}
	s.Hours = strings.TrimSpace(s.Hours)
	s.Merchant = who.Merchant
	old, known := h.db.StoreByID(s.Merchant, s.ID)
	s, err := h.db.PutStore(ctx, s, telling(h, who, "store", storeSetUp))
	if err == nil && known && *old.Pace != *s.Pace {
		err = h.settleUnmade(ctx, s.Merchant, s.ID)
	}
	return s, fault.Wrap("hub.PutStore", err)
}

// PutApp adds or changes an application. Credentials that are left out keep their value.
func (h *Hub) PutApp(ctx context.Context, who Actor, a db.AppRow) (db.AppRow, error) {
	const op = "hub.PutApp"
	var w wrong
	w.text("name", a.Name, 1, 80)
	for field, u := range map[string]*string{"base_url": &a.BaseURL, "public_url": &a.PublicURL} {
		*u = strings.TrimRight(*u, "/")
		if *u == "" {
			continue
		}
		if p, err := url.Parse(*u); err != nil || (p.Scheme != "http" && p.Scheme != "https") || p.Host == "" || p.RawQuery != "" || p.User != nil {
			w.say(field, fault.Because("field_address", "must be an address such as https://hub.example.com"))
		}
	}
	p, ok := h.platforms[a.Channel]
	if !ok {
		w.say("channel", fault.Because("field_none_of", "is none of {list}", "list", strings.Join(h.names, ", ")))
		return a, w.err(op)
	}
	if a.ID != 0 {
		old, found := h.db.AppByID(a.ID)
		if !found || old.Merchant != who.Merchant {
			return a, fault.Say(op, fault.NotFound, "no_app", "there is no such app")
		}
		a.Credentials = kept(old.Credentials, a.Credentials)
	}
	w.credentials(p.Info().AppFields, a.Credentials)
	if err := w.err(op); err != nil {
		return a, err
	}
	a.Merchant = who.Merchant
	if err := h.oneApp(ctx, p.Info(), a); err != nil {
		return a, err
	}
	a, err := h.db.PutApp(ctx, a, telling(h, who, "app", appSetUp))
	return a, fault.Wrap(op, err)
}

// oneApp refuses an application that its merchant has entered already: a platform knows one address for each kind of an
// application's messages, so that the second would never hear anything. That of another merchant is another matter: see
// meant.
func (h *Hub) oneApp(ctx context.Context, info *channel.Info, a db.AppRow) error {
	const op = "hub.oneApp"
	i := slices.IndexFunc(info.AppFields, func(f channel.Field) bool { return f.Required && !f.Secret })
	if i < 0 {
		return nil
	}
	field := info.AppFields[i].Name
	list, err := h.db.Apps(ctx, a.Merchant)
	if err != nil {
		return fault.Wrap(op, err)
	}
	for _, other := range list {
		if other.ID != a.ID && other.Channel == a.Channel && other.BaseURL == a.BaseURL && strings.TrimSpace(other.Credentials[field]) == strings.TrimSpace(a.Credentials[field]) {
			why := fault.Because("app_twice", "this application is entered already, as {name}: the platform sends its messages to one address only. Add the account there, or change that one", "name", other.Name)
			return &fault.Error{Op: op, Code: fault.Conflict, Why: why, Fields: []fault.Field{fault.Wrong("body.credentials."+field, why)}}
		}
	}
	return nil
}

// PutAccount adds or changes an authorisation under an app, and begins its repeating
// work.
func (h *Hub) PutAccount(ctx context.Context, who Actor, a db.AccountRow) (db.AccountRow, error) {
	const op = "hub.PutAccount"
	var w wrong
	w.text("name", a.Name, 1, 80)
	app, ok := h.db.AppByID(a.App)
	if !ok || app.Merchant != who.Merchant {
		w.say("app_id", fault.Because("field_foreign_app", "is none of your apps"))
		return a, w.err(op)
	}
	p, ok := h.platforms[app.Channel]
	if !ok {
		return a, fault.Say(op, fault.Unsupported, "no_connector", "this build has no connector for the channel")
	}
	a.Merchant, a.Channel, a.Realm = who.Merchant, app.Channel, p.Info().Realm
	var old db.AccountRow
	if a.ID != 0 {
		var found bool
		if old, found = h.db.AccountByID(who.Merchant, a.ID); !found {
			return a, fault.Say(op, fault.NotFound, "no_account", "there is no such account")
		}
		a.Credentials = kept(old.Credentials, a.Credentials)
	}
	w.credentials(p.Info().AcctFields, a.Credentials)
	w.text("external_id", a.External, 0, 80)
	if a.BigChain && (p.Info().Grammar == nil || p.Info().Grammar.RefundChain == 0) {
		w.say("big_chain", fault.Because("field_no_chain", "this platform gives large chains no more time"))
	}
	if err := w.err(op); err != nil {
		return a, err
	}
	a, err := h.db.PutAccount(ctx, a, telling(h, who, "account", h.accountSetUp))
	if err == nil && old.ID != 0 && old.BigChain != a.BigChain {
		err = h.settleAsked(ctx, a)
	}
	if err != nil {
		return a, fault.Wrap(op, err)
	}
	return a, h.schedule(ctx)
}

// settleAsked settles the orders of an account again whose refund waits for an answer: by when is another now.
// What has been answered, or was lost, had its time and keeps what came of it.
func (h *Hub) settleAsked(ctx context.Context, a db.AccountRow) error {
	f := db.Filter{Flag: db.FlagsOf([]order.Flag{order.FlagRefund}), Shops: []ident.Shop{}, Limit: 50}
	for _, s := range h.db.ShopsIn(db.Scope{Merchant: a.Merchant}) {
		if s.Account == a.ID {
			f.Shops = append(f.Shops, s.ID)
		}
	}
	for len(f.Shops) > 0 {
		var ids []ident.Order
		next, err := h.db.List(ctx, db.Scope{Merchant: a.Merchant}, f, func(r *db.Listed) { ids = append(ids, r.ID) })
		if err == nil && len(ids) > 0 {
			err = h.settleAll(ctx, a.Merchant, ids)
		}
		if err != nil || next == "" {
			return fault.Wrap("hub.settleAsked", err)
		}
		f.Cursor = next
	}
	return nil
}

// PutShop binds a store's presence on a channel, or changes the binding. Orders that
// came before the binding are settled again.
func (h *Hub) PutShop(ctx context.Context, who Actor, s db.ShopRow) (db.ShopRow, error) {
	const op = "hub.PutShop"
	var w wrong
	w.text("name", s.Name, 0, 80)
	w.text("external_id", s.External, 1, 80)
	if s.Mode == "" {
		s.Mode = ModeFull
	}
	if !slices.Contains(Modes, s.Mode) {
		w.say("mode", noneOfModes())
	}
	acct, ok := h.db.AccountByID(who.Merchant, s.Account)
	if !ok {
		w.say("account_id", fault.Because("field_foreign_account", "is none of your accounts"))
	}
	if _, ok := h.db.StoreByID(who.Merchant, s.Store); !ok {
		w.say("store_id", fault.Because("field_foreign_store", "is none of your stores"))
	}
	if err := w.err(op); err != nil {
		return s, err
	}
	s.Merchant, s.Channel, s.Realm = who.Merchant, acct.Channel, acct.Realm
	was, bound := h.db.ShopByExternal(s.Merchant, s.Realm, s.External)
	s, err := h.db.PutShop(ctx, s, telling(h, who, "shop", h.shopSetUp))
	if err != nil {
		return s, fault.Wrap(op, err)
	}
	err = h.bindOrders(ctx, s)
	if err == nil && bound && (was.Store != s.Store || was.Mode != s.Mode || was.Account != s.Account) { // who sees its orders, and what they ask, follows
		err = h.resettleShop(ctx, s.Merchant, s.ID)
	}
	if err == nil {
		err = h.strays(ctx, s.Merchant, !bound)
	}
	if err != nil {
		return s, err
	}
	return s, h.schedule(ctx)
}

// DeleteStore, DeleteApp, DeleteAccount and DeleteShop take away what nothing hangs on.
func (h *Hub) DeleteStore(ctx context.Context, who Actor, id ident.Store) error {
	return fault.Wrap("hub.DeleteStore", h.db.DeleteStore(ctx, who.Merchant, id, telling(h, who, "store", storeSetUp)))
}

// DeleteApp takes an application without accounts away.
func (h *Hub) DeleteApp(ctx context.Context, who Actor, id ident.App) error {
	return fault.Wrap("hub.DeleteApp", h.db.DeleteApp(ctx, who.Merchant, id, telling(h, who, "app", appSetUp)))
}

// DeleteAccount takes an authorisation without shops away.
func (h *Hub) DeleteAccount(ctx context.Context, who Actor, id ident.Account) error {
	return fault.Wrap("hub.DeleteAccount", h.db.DeleteAccount(ctx, who.Merchant, id, telling(h, who, "account", h.accountSetUp)))
}

// DeleteShop takes a binding away. Its orders stay where they are, and those that are still
// open say that nobody is bound to their shop any more and keep no goods.
func (h *Hub) DeleteShop(ctx context.Context, who Actor, id ident.Shop) error {
	const op = "hub.DeleteShop"
	err := h.db.DeleteShop(ctx, who.Merchant, id, telling(h, who, "shop", h.shopSetUp))
	if err == nil {
		err = h.resettleShop(ctx, who.Merchant, id)
	}
	return fault.Wrap(op, err)
}

// followShops has orders follow their shops where a process died, or the database went away,
// between a change of a shop and its last order. Every node does so once when it starts: who
// comes second finds nothing to do.
func (h *Hub) followShops(ctx context.Context) {
	merchants, err := h.db.Merchants(ctx)
	for _, m := range merchants {
		asked := map[ident.Account]bool{}
		for _, s := range h.db.Rows(m.ID).Shops {
			if err == nil && !asked[s.Account] {
				asked[s.Account] = true
				err = h.bindOrders(ctx, s)
			}
		}
		if err == nil {
			err = h.strays(ctx, m.ID, false)
		}
	}
	if err != nil && ctx.Err() == nil {
		h.log.WarnContext(ctx, "orders could not follow their shops; they do when they change, or when the shop is saved again", "err", err)
	}
}

// bindOrders gives orders that came before their shop was bound to an account their place.
func (h *Hub) bindOrders(ctx context.Context, s db.ShopRow) error {
	return h.resettle(ctx, s.Merchant, s.Account, func(after ident.Order) ([]ident.Order, error) {
		return h.db.OrdersUnbound(ctx, s.Merchant, s.Account, after, 50)
	})
}

func (h *Hub) resettleShop(ctx context.Context, m ident.Merchant, id ident.Shop) error {
	return h.resettle(ctx, m, 0, func(after ident.Order) ([]ident.Order, error) {
		return h.db.OrdersOfShop(ctx, m, id, after, 50)
	})
}

// strays has the orders that lie in another store than their shop follow it, and with gone
// those of shops that are not bound any more: a binding that is new may be theirs.
func (h *Hub) strays(ctx context.Context, m ident.Merchant, gone bool) error {
	list, err := h.db.Placed(ctx, m)
	for _, p := range list {
		if s, ok := h.db.ShopByID(m, p.Shop); err == nil && (ok && s.Store != p.Store || !ok && gone) {
			err = h.resettleShop(ctx, m, p.Shop)
		}
	}
	return fault.Wrap("hub.strays", err)
}

// resettle gives orders the shop that they waited for, or its new store. Those of which no
// account is known can be asked for by one of their platform's, if one is given.
func (h *Hub) resettle(ctx context.Context, m ident.Merchant, account ident.Account, next func(after ident.Order) ([]ident.Order, error)) error {
	asks, _ := h.db.AccountByID(m, account)
	after := ident.Order(0)
	for {
		ids, err := next(after)
		if err != nil || len(ids) == 0 {
			return fault.Wrap("hub.resettle", err)
		}
		after = ids[len(ids)-1]
		_, err = h.db.Do(ctx, db.Verb{Name: "resettle", Merchant: m, Orders: ids, Class: db.Background, Alone: true, Decide: func(tx *db.Tx) error {
			for _, id := range ids {
				row, ok := tx.OrderByID(id)
				if !ok {
					continue
				}
				if row.Account == 0 && row.Ref.Realm == asks.Realm {
					row.Account = account
				}
				if err := h.settle(tx, row); err != nil {
					return err
				}
			}
			return nil
		}})
		if err != nil {
			return fault.Wrap("hub.resettle", err)
		}
	}
}

// kept fills in the credentials that a change leaves out.
func kept(old, given map[string]string) map[string]string {
	out := make(map[string]string, len(old)+len(given))
	for k, v := range old {
		out[k] = v
	}
	for k, v := range given {
		if v != "" {
			out[k] = v
		}
	}
	return out
}

// bare reports whether an address is one of a server alone: no path, no query, nobody's name.
func bare(address string) bool {
	u, err := url.Parse(address)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != "" && u.RawQuery == "" && u.User == nil && u.Path == ""
}

// wrong collects every field that is wrong, not only the first.
type wrong []fault.Field

func (w *wrong) say(field string, why fault.Reason) {
	*w = append(*w, fault.Wrong("body."+field, why))
}

// between says of a number where it must lie.
func between(least, most int) fault.Reason {
	return fault.Because("field_between", "must be between {least} and {most}", "least", itoa(least), "most", itoa(most))
}

func (w *wrong) text(field, s string, least, most int) {
	n := utf8.RuneCountInString(strings.TrimSpace(s))
	switch {
	case !utf8.ValidString(s):
		w.say(field, fault.Because("field_utf8", "is not valid UTF-8"))
	case n < least:
		w.say(field, fault.Because("field_needed", "is needed"))
	case n > most:
		w.say(field, fault.Because("field_long", "is longer than {most} characters", "most", itoa(most)))
	}
}

func (w *wrong) credentials(fields []channel.Field, given map[string]string) {
	for _, f := range fields {
		if f.Required && given[f.Name] == "" {
			w.say("credentials."+f.Name, fault.Because("field_needed", "is needed"))
		}
		if len(given[f.Name]) > 4096 {
			w.say("credentials."+f.Name, fault.Because("field_long", "is longer than {most} characters", "most", "4096"))
		}
	}
	for name := range given {
		if !slices.ContainsFunc(fields, func(f channel.Field) bool { return f.Name == name }) {
			w.say("credentials."+clip(name, 40), fault.Because("field_no_credential", "is none of this channel's credentials"))
		}
	}
}

func (w wrong) err(op string) error {
	if len(w) == 0 {
		return nil
	}
	slices.SortFunc(w, func(a, b fault.Field) int { return strings.Compare(a.Location, b.Location) })
	return &fault.Error{Op: op, Code: fault.Invalid, Why: fault.Because("fields_wrong", "some fields are wrong"), Fields: w}
}
