package hub

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/ident"
	"github.com/tongdan/tongdan/internal/db"
	"github.com/tongdan/tongdan/role"
)

// Whoever changes how a merchant is set up leaves a line in the journal, in the transaction of
// the change: who, what, and from what to what. Of a secret it tells only that it is another
// now.

// setUps are all that such lines tell of, by the word that a line begins with.
var setUps = []string{
	"account.authorise", "account.change", "account.delete", "account.make", "app.change", "app.delete", "app.make",
	"arm", "bill.drop", "bill.read", "courier.put", "database replaced", "device.change", "device.pair", "device.revoke", "key.delete", "key.make",
	"kitchen.change", "knocks.change", "merchant.change", "offer.delete", "offer.make",
	"person.begin", "person.change", "person.invite", "person.join", "person.link", "person.passkey_add", "person.passkey_remove", "person.password",
	"person.phone", "person.pin", "person.sign_out", "printer.delete", "printer.put", "rider.link", "rider.put", "rule.put",
	"sender.change", "sender.delete", "sender.make", "shop.change", "shop.delete", "shop.make", "shop.waive", "sku.change", "sku.make",
	"store.change", "store.delete", "store.make",
}

// A SetUpLine is a line of the journal that tells how somebody changed the set-up.
type SetUpLine struct {
	ID      ident.Entry   `json:"id"`
	At      int64         `json:"at"`
	By      string        `json:"by" doc:"usr_…, key_…, dev_…; platform: on its own page of consent; else a word of the system's."`
	ByName  string        `json:"by_name,omitempty"`
	What    string        `json:"what" doc:"The thing and what was done with it: store.change, app.make, person.invite, …"`
	Thing   string        `json:"thing" doc:"Its id."`
	Name    string        `json:"name" doc:"What it was called then."`
	Changes []SetUpChange `json:"changes"`
}

// A SetUpChange is one thing that is another than before.
type SetUpChange struct {
	Field  string `json:"field"`
	Was    any    `json:"was,omitempty" doc:"Left out: there was none, or it is not told."`
	Is     any    `json:"is,omitempty" doc:"Left out: there is none now, or it is not told."`
	Secret bool   `json:"secret,omitempty" doc:"A password, key or token: all that is told is that it is another now."`
}

// setUpDoc is the body of such a line.
type setUpDoc struct {
	Name    string        `json:"name"`
	Changes []SetUpChange `json:"changes"`
}

// A setUp is how one thing is set up: what may be told, in the order in which people read it, and what may not.
type setUp struct {
	id, name string
	open     []SetUpChange     // Is alone
	secret   map[string]string // by field
}

func (s *setUp) tell(field string, value any) {
	s.open = append(s.open, SetUpChange{Field: field, Is: value})
}

// credentials tells none of their values: some platforms do not say which of them are secret.
func (s *setUp) credentials(m map[string]string) {
	s.secret = make(map[string]string, len(m))
	for k, v := range m {
		s.secret["credentials."+k] = v
	}
}

// setUpChanges are what is another in is than in was; nil stands for nothing at all.
func setUpChanges(was, is *setUp) []SetUpChange {
	was, is = cmp.Or(was, &setUp{}), cmp.Or(is, &setUp{})
	out := []SetUpChange{}
	before := map[string]any{}
	for _, c := range was.open {
		before[c.Field] = c.Is
	}
	told := map[string]bool{}
	add := func(field string, a, b any) {
		told[field] = true
		if a, b = something(a), something(b); !bytes.Equal(toJSON(a), toJSON(b)) {
			out = append(out, SetUpChange{Field: field, Was: a, Is: b})
		}
	}
	for _, c := range is.open {
		add(c.Field, before[c.Field], c.Is)
	}
	for _, c := range was.open {
		if !told[c.Field] {
			add(c.Field, c.Is, nil)
		}
	}
	for _, field := range slices.Sorted(maps.Keys(is.secret)) {
		if is.secret[field] != was.secret[field] {
			out = append(out, SetUpChange{Field: field, Secret: true})
		}
	}
	for _, field := range slices.Sorted(maps.Keys(was.secret)) {
		if _, stays := is.secret[field]; !stays && was.secret[field] != "" {
			out = append(out, SetUpChange{Field: field, Secret: true})
		}
	}
	return out
}

// something is a value, or nil where it says nothing.
func something(v any) any {
	switch string(toJSON(v)) {
	case "null", `""`, "false", "[]", "{}":
		return nil
	}
	return v
}

// telling gives what makes the lines of a thing: <thing>.make, <thing>.change, <thing>.delete. A change that
// changes nothing has none.
func telling[R any](h *Hub, who Actor, thing string, of func(R) setUp) db.Tell[R] {
	return func(was, is *R) (db.Entry, bool) {
		var before, after *setUp
		what := thing + ".change"
		if was != nil {
			s := of(*was)
			before = &s
		} else {
			what = thing + ".make"
		}
		if is != nil {
			s := of(*is)
			after = &s
		} else {
			what = thing + ".delete"
		}
		return h.told(who, what, before, after)
	}
}

func (h *Hub) told(who Actor, what string, was, is *setUp) (db.Entry, bool) {
	changes, of := setUpChanges(was, is), cmp.Or(is, was)
	return h.lineAbout(who, what, of.id, setUpDoc{of.name, changes}), was == nil || is == nil || len(changes) > 0
}

func storeSetUp(s db.StoreRow) setUp {
	out := setUp{id: s.ID.String(), name: s.Name}
	out.tell("name", s.Name)
	out.tell("address", s.Address)
	out.tell("zone", s.Zone)
	out.tell("cutoff_minutes", s.Cutoff)
	out.tell("hours", s.Hours)
	if s.Pace != nil {
		out.tell("prepare_minutes", s.Pace.Prepare)
		out.tell("travel_minutes", s.Pace.Travel)
	}
	return out
}

func appSetUp(a db.AppRow) setUp {
	out := setUp{id: a.ID.String(), name: a.Name}
	out.tell("name", a.Name)
	out.tell("channel", a.Channel)
	out.tell("base_url", a.BaseURL)
	out.tell("public_url", a.PublicURL)
	out.credentials(a.Credentials)
	return out
}

func (h *Hub) accountSetUp(a db.AccountRow) setUp {
	out := setUp{id: a.ID.String(), name: a.Name}
	app, _ := h.db.AppByID(a.App)
	out.tell("name", a.Name)
	out.tell("channel", a.Channel)
	out.tell("app", app.Name)
	out.tell("external_id", a.External)
	out.tell("paused", a.Paused)
	out.tell("big_chain", a.BigChain)
	out.credentials(a.Credentials)
	return out
}

func (h *Hub) shopSetUp(s db.ShopRow) setUp {
	out := setUp{id: s.ID.String(), name: cmp.Or(s.Name, s.External)}
	acct, _ := h.db.AccountByID(s.Merchant, s.Account)
	out.tell("name", s.Name)
	out.tell("channel", s.Channel)
	out.tell("account", acct.Name)
	out.tell("external_id", s.External)
	out.tell("store", h.storeName(s.Merchant, s.Store))
	out.tell("store_id", s.Store)
	out.tell("mode", s.Mode)
	return out
}

func (h *Hub) senderSetUp(s db.SenderRow) setUp {
	out := setUp{id: s.ID.String(), name: s.Name}
	out.tell("name", s.Name)
	out.tell("kind", s.Kind)
	out.tell("base_url", s.BaseURL)
	out.tell("level", s.Level)
	out.tell("stores", h.storeNames(s.Merchant, s.Stores))
	out.tell("locale", s.Locale)
	out.tell("off", s.Disabled)
	out.credentials(s.Credentials)
	return out
}

func (h *Hub) keySetUp(k db.KeyRow) setUp {
	out := setUp{id: k.ID.String(), name: k.Name}
	out.tell("name", k.Name)
	out.tell("role", k.Role)
	out.tell("stores", h.storeNames(k.Merchant, k.Stores))
	out.tell("personal", k.Personal)
	return out
}

func merchantSetUp(m db.MerchantRow) setUp {
	out := setUp{id: m.ID.String(), name: m.Name}
	out.tell("name", m.Name)
	out.tell("locale", m.Locale)
	return out
}

func skuSetUp(s db.SKURow) setUp {
	out := setUp{id: s.ID.String(), name: cmp.Or(s.Name, s.Code)}
	out.tell("name", s.Name)
	out.tell("code", s.Code)
	return out
}

func (h *Hub) offerSetUp(o db.OfferRow) setUp {
	out := setUp{id: o.ID.String(), name: o.Code}
	shop, _ := h.db.ShopByID(o.Merchant, o.Shop)
	out.tell("shop", cmp.Or(shop.Name, shop.External))
	out.tell("shop_id", o.Shop)
	out.tell("item", o.Item)
	out.tell("variation", o.Variation)
	out.tell("sku_id", o.SKU)
	return out
}

func (h *Hub) storeName(m ident.Merchant, id ident.Store) string {
	s, _ := h.db.StoreByID(m, id)
	return s.Name
}

// storeNames are what stores are called; one that is gone keeps its id.
func (h *Hub) storeNames(m ident.Merchant, ids []ident.Store) []string {
	out := make([]string, len(ids))
	for i, id := range ids {
		out[i] = cmp.Or(h.storeName(m, id), id.String())
	}
	return out
}

// tellKitchen tells how many orders a store's kitchen can make.
func (h *Hub) tellKitchen(who Actor, store ident.Store) db.Tell[db.KitchenRow] {
	of := func(k *db.KitchenRow) *setUp {
		out := &setUp{id: store.String(), name: h.storeName(who.Merchant, store)}
		if k != nil && k.Orders > 0 {
			out.tell("slot_minutes", k.Minutes)
			out.tell("slot_orders", k.Orders)
		}
		return out
	}
	return func(was, is *db.KitchenRow) (db.Entry, bool) {
		return h.told(who, "kitchen.change", of(was), of(is))
	}
}

// tellKnocks tells what knocks for a store, 0 = for all.
func (h *Hub) tellKnocks(who Actor, store ident.Store) db.Tell[[]byte] {
	of := func(doc *[]byte) *setUp {
		out := &setUp{name: h.storeName(who.Merchant, store)}
		if store != 0 {
			out.id = store.String()
		}
		var rules map[string]any
		if doc != nil && json.Unmarshal(*doc, &rules) == nil {
			for _, k := range slices.Sorted(maps.Keys(rules)) {
				out.tell(k, rules[k])
			}
		}
		return out
	}
	return func(was, is *[]byte) (db.Entry, bool) {
		return h.told(who, "knocks.change", of(was), of(is))
	}
}

// LineOfOwn is the line of what somebody does with how he signs in himself. It tells neither a
// password nor a key.
func (h *Hub) LineOfOwn(what string) func(db.UserRow) db.Entry {
	return func(u db.UserRow) db.Entry {
		return h.lineAbout(Actor{ID: u.ID.String()}, what, u.ID.String(), setUpDoc{u.Name, []SetUpChange{}})
	}
}

// NameMerchant changes a merchant's name and language.
func (h *Hub) NameMerchant(ctx context.Context, who Actor, m db.MerchantRow) error {
	return fault.Wrap("hub.NameMerchant", h.db.SetMerchant(ctx, m, telling(h, who, "merchant", merchantSetUp)))
}

// AddKey makes an API key of the caller's merchant.
func (h *Hub) AddKey(ctx context.Context, who Actor, k db.KeyRow) (db.KeyRow, error) {
	k.Merchant = who.Merchant
	k, err := h.db.AddKey(ctx, k, telling(h, who, "key", h.keySetUp))
	return k, fault.Wrap("hub.AddKey", err)
}

// DeleteKey takes an API key back.
func (h *Hub) DeleteKey(ctx context.Context, who Actor, id ident.Key) error {
	return fault.Wrap("hub.DeleteKey", h.db.DeleteKey(ctx, who.Merchant, id, telling(h, who, "key", h.keySetUp)))
}

// SetUpLines lists how the caller's merchant was set up, newest first. thing is an id, "" = of everything.
func (h *Hub) SetUpLines(ctx context.Context, who Actor, thing, cursor string, limit int) ([]SetUpLine, string, error) {
	const op = "hub.SetUpLines"
	if err := who.May(op, role.SeeSetUp); err != nil {
		return nil, "", err
	}
	list, next, err := h.db.SetUpLines(ctx, who.Merchant, setUps, thing, cursor, limit)
	if err != nil {
		return nil, "", fault.Wrap(op, err)
	}
	names, err := h.actors(ctx, who.Merchant)
	if err != nil {
		return nil, "", fault.Wrap(op, err)
	}
	out := make([]SetUpLine, 0, len(list))
	for _, e := range list {
		l := SetUpLine{ID: e.ID, At: e.At.UnixMilli(), By: e.By, ByName: names[e.By], What: e.What, Thing: e.Outcome}
		l.Name, l.Changes = h.readSetUp(who.Merchant, e.Body)
		out = append(out, l)
	}
	return out, next, nil
}

// readSetUp reads the body of a line. One that tells only how a thing is since then, not what it
// was, gives that: value by value, stores and printers by their names.
func (h *Hub) readSetUp(m ident.Merchant, body []byte) (name string, changes []SetUpChange) {
	changes = []SetUpChange{}
	var doc struct {
		Name    string
		Changes *[]SetUpChange
	}
	if json.Unmarshal(body, &doc) == nil && doc.Changes != nil {
		return doc.Name, append(changes, *doc.Changes...)
	}
	var all map[string]any
	if json.Unmarshal(body, &all) != nil {
		return doc.Name, changes
	}
	called := func(v any) any {
		text, _ := v.(string)
		var store ident.Store
		var printer ident.Printer
		switch {
		case store.UnmarshalText([]byte(text)) == nil && store != 0:
			return cmp.Or(h.storeName(m, store), text)
		case printer.UnmarshalText([]byte(text)) == nil && printer != 0:
			for _, p := range h.db.Printers(db.Scope{Merchant: m}) {
				if p.ID == printer {
					return p.Name
				}
			}
		}
		return v
	}
	var tell func(map[string]any)
	tell = func(values map[string]any) {
		for _, k := range slices.Sorted(maps.Keys(values)) {
			switch v := something(values[k]).(type) {
			case nil:
			case map[string]any: // settings, conditions
				tell(v)
			case []any:
				for i := range v {
					v[i] = called(v[i])
				}
				changes = append(changes, SetUpChange{Field: k, Is: v})
			default:
				if k != "id" && k != "name" && k != "since" && !strings.HasSuffix(k, "_id") {
					changes = append(changes, SetUpChange{Field: k, Is: called(v)})
				}
			}
		}
	}
	tell(all)
	return doc.Name, changes
}
