package hub

import (
	"context"
	"encoding/json"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tongdan/tongdan/channel"
	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/ident"
	"github.com/tongdan/tongdan/internal/db"
	"github.com/tongdan/tongdan/role"
)

// A Guide says how far an account is from taking orders. All of it is read from what is so: what was tested, what has
// come, what is bound. Nothing remembers at which step somebody stopped, so it can be left and gone on with by anybody.
type Guide struct {
	AccountID ident.Account   `json:"account_id"`
	AppID     ident.App       `json:"app_id"`
	Channel   string          `json:"channel"`
	Name      string          `json:"name"`
	Test      *ConnTest       `json:"test,omitempty" doc:"The last test, made with the credentials that there are now."`
	Address   GuideAddress    `json:"address"`
	Callbacks []GuideCallback `json:"callbacks" doc:"Addresses to be configured at the platform."`
	Redirect  string          `json:"redirect_url" doc:"Where the platform's page of consent sends the owner back to; to be configured as it stands."`
	Consents  bool            `json:"consents" doc:"Somebody has to agree on the platform's own page."`
	Items     []GuideItem     `json:"items" doc:"Of the account, in the order in which they are done: test, callbacks, authorise, pull, shops."`
	Shops     []GuideShop     `json:"shops"`
}

// A GuideShop is one shop's way to taking orders.
type GuideShop struct {
	ShopID   ident.Shop  `json:"shop_id"`
	StoreID  ident.Store `json:"store_id"`
	External string      `json:"external_id"`
	Name     string      `json:"name"`
	Mode     string      `json:"mode" enum:"watch,goods,full"`
	Ready    bool        `json:"ready" doc:"Nothing that must be is open, neither here nor of the account."`
	Items    []GuideItem `json:"items" doc:"store, order, heard, knock, hours, goods."`
}

// States of an item.
const (
	itemDone   = "done"
	itemOpen   = "open"
	itemWeak   = "weak"   // it will do, and is not all that there could be
	itemWaived = "waived" // somebody has decided to go without
)

// A GuideItem is one thing on the checklist.
type GuideItem struct {
	Key     string         `json:"key" enum:"test,callbacks,authorise,pull,shops,store,order,heard,knock,hours,goods"`
	State   string         `json:"state" enum:"done,open,weak,waived"`
	Must    bool           `json:"must" doc:"While it is open, no shop should go live."`
	May     bool           `json:"may_waive" doc:"Somebody may decide to go without it."`
	Cause   string         `json:"cause" doc:"What is wrong, as a stable word; empty: it has not been done yet."`
	At      int64          `json:"at" doc:"Since when it is so, or when it was last seen; 0: not known."`
	Count   int            `json:"count" doc:"Of what is counted: shops, items on sale, who is knocked."`
	By      string         `json:"by,omitempty" doc:"Who has waived it."`
	OrderID ident.Order    `json:"order_id,omitempty"`
	Missing []channel.Text `json:"missing,omitempty" doc:"Messages that have never come."`
}

// A GuideAddress is what is wrong with the address at which the platform is to reach us.
type GuideAddress struct {
	URL   string `json:"url"`
	Cause string `json:"cause" enum:",none,private,plain,port" doc:"none: there is no address, so nothing is pushed. private: it leads into a private network or to this machine. plain: the platform calls https alone. port: it calls other ports alone."`
	Port  int    `json:"port"`
	Ports []int  `json:"ports" doc:"Those that the platform calls; empty: any."`
}

// A GuideCallback is one address to be configured.
type GuideCallback struct {
	URL       string       `json:"url"`
	Path      string       `json:"path"`
	What      channel.Text `json:"what"`
	Use       channel.Text `json:"use" doc:"What it is for here."`
	Must      bool         `json:"must"`
	Rare      bool         `json:"rare" doc:"Comes so seldom that its absence says nothing."`
	CameAt    int64        `json:"came_at" doc:"When a message last came there; 0: none ever has."`
	ProbedAt  int64        `json:"probed_at" doc:"When the platform last looked whether the address is alive."`
	RefusedAt int64        `json:"refused_at" doc:"When one was last refused: its signature was wrong."`
}

// Guide looks at an account and its shops.
func (h *Hub) Guide(ctx context.Context, who Actor, id ident.Account) (Guide, error) {
	const op = "hub.Guide"
	if err := who.May(op, role.SeeWhole); err != nil {
		return Guide{}, err
	}
	row, ok := h.db.AccountByID(who.Merchant, id)
	app, known := h.db.AppByID(row.App)
	p, connects := h.platforms[row.Channel]
	if !ok || !known || !connects || h.Own(row.Channel) {
		return Guide{}, fault.Say(op, fault.NotFound, "no_account", "there is no such account")
	}
	info := p.Info()
	out := Guide{AccountID: id, AppID: app.ID, Channel: row.Channel, Name: row.Name, Address: addressOf(app.PublicURL, info), Callbacks: []GuideCallback{}, Shops: []GuideShop{}, Consents: h.Consents(who.Merchant, id)}
	var err error
	if out.Test, err = h.connTestOf(ctx, app, row); err != nil {
		return out, fault.Wrap(op, err)
	}
	heard, err := h.db.Heard(ctx, who.Merchant, app.ID)
	if err != nil {
		return out, fault.Wrap(op, err)
	}
	for _, c := range info.Callbacks {
		at := heard[c.Path]
		out.Callbacks = append(out.Callbacks, GuideCallback{URL: appOf(app).CallbackURL(row.Channel, c.Path), Path: c.Path, What: c.What, Use: c.Use, Must: c.Must, Rare: c.Rare, CameAt: at.Came, ProbedAt: at.Probed, RefusedAt: at.Refused})
	}
	if out.Address.Cause == "none" {
		out.Callbacks = []GuideCallback{}
	} else if out.Consents {
		out.Redirect = redirect(app)
	}
	shops := h.db.ShopsOf(who.Merchant, id)
	out.Items = append(out.Items, testItem(out.Test), callbackItem(out.Address, out.Callbacks))
	if out.Consents {
		item := GuideItem{Key: "authorise", State: itemDone, Must: true}
		if h.mustAuthorise(row) {
			item.State = itemOpen
		}
		out.Items = append(out.Items, item)
	}
	out.Items = append(out.Items, h.pullItem(row, info))
	list := GuideItem{Key: "shops", State: itemOpen, Must: true, Count: len(shops)}
	if len(shops) > 0 {
		list.State = itemDone
	}
	out.Items = append(out.Items, list)
	settled := !slices.ContainsFunc(out.Items, blocks)
	of, err := h.shopFacts(ctx, who, row, shops)
	if err != nil {
		return out, fault.Wrap(op, err)
	}
	for _, s := range shops {
		g := GuideShop{ShopID: s.ID, StoreID: s.Store, External: s.External, Name: s.Name, Mode: s.Mode}
		if g.Items, err = of(s); err != nil {
			return out, fault.Wrap(op, err)
		}
		g.Ready = settled && !slices.ContainsFunc(g.Items, blocks)
		out.Shops = append(out.Shops, g)
	}
	return out, nil
}

// blocks reports whether an item keeps a shop from going live.
func blocks(i GuideItem) bool { return i.Must && i.State == itemOpen }

func testItem(t *ConnTest) GuideItem {
	i := GuideItem{Key: "test", State: itemOpen, Must: true}
	switch {
	case t == nil:
	case t.OK:
		i.State, i.At = itemDone, t.At
	default:
		i.Cause, i.At = t.Cause, t.At
	}
	return i
}

// callbackItem says whether messages come. Where the platform has only looked whether the addresses are alive they
// are configured, and whether they are subscribed to is not known until something comes.
func callbackItem(a GuideAddress, list []GuideCallback) GuideItem {
	i := GuideItem{Key: "callbacks", State: itemDone, Must: true, Cause: a.Cause}
	if a.Cause == "none" { // by pull alone, on purpose
		i.State = itemWeak
		return i
	}
	for _, c := range list {
		i.At = max(i.At, c.CameAt)
		if !c.Must || c.CameAt > 0 {
			continue
		}
		i.Missing = append(i.Missing, c.What)
		switch {
		case c.ProbedAt == 0:
			i.State = itemOpen
		case i.State == itemDone:
			i.State = itemWeak
		}
	}
	if len(list) > 0 && i.At == 0 && i.State == itemDone {
		i.State = itemOpen // a platform without musts: something must have come
	}
	return i
}

// pullItem says whether an account is asked for its orders, and answered.
func (h *Hub) pullItem(a db.AccountRow, info *channel.Info) GuideItem {
	i := GuideItem{Key: "pull", State: itemOpen, Must: true, At: a.LastPull}
	switch {
	case a.Paused:
		i.Cause = "paused"
	case a.LastPull == 0:
	case h.now().UnixMilli()-a.LastPull > max(3*info.PullEvery, 10*time.Minute).Milliseconds():
		i.Cause = "late"
	default:
		i.State = itemDone
	}
	return i
}

// shopFacts reads what the checklists of an account's shops are made of.
func (h *Hub) shopFacts(ctx context.Context, who Actor, row db.AccountRow, shops []db.ShopRow) (func(db.ShopRow) ([]GuideItem, error), error) {
	m := who.Merchant
	hearing, err := h.hearing(ctx, db.Scope{Merchant: m})
	if err != nil {
		return nil, err
	}
	senders, err := h.db.Senders(ctx, m)
	if err != nil {
		return nil, err
	}
	knocked, err := h.recipients(ctx, m, senders)
	if err != nil {
		return nil, err
	}
	rules, err := h.rulesOf(ctx, m)
	if err != nil {
		return nil, err
	}
	standings, err := h.db.Standings(ctx, m)
	if err != nil {
		return nil, err
	}
	offers, err := h.db.OfferCounts(ctx, m, row.ID)
	if err != nil {
		return nil, err
	}
	waived, err := h.waived(ctx, m, row.ID)
	if err != nil {
		return nil, err
	}
	return func(s db.ShopRow) ([]GuideItem, error) {
		store, bound := h.db.StoreByID(m, s.Store)
		seen, err := h.db.AnyOrder(ctx, m, s.ID)
		if err != nil {
			return nil, err
		}
		n := 0
		for _, r := range knocked {
			if r.sees(s.Store) && (!r.person || rules(s.Store).People) {
				n++
			}
		}
		is := func(i GuideItem, yes bool) GuideItem {
			i.State = itemOpen
			if w, ok := waived[s.ID][i.Key]; ok && i.May {
				i.State, i.By, i.At = itemWaived, w.By, w.At
			}
			if yes {
				i.State, i.By, i.At = itemDone, "", 0
			}
			return i
		}
		return []GuideItem{
			is(GuideItem{Key: "store", Must: true}, bound),
			is(GuideItem{Key: "order", Must: true, May: true, OrderID: seen}, seen != 0),
			is(GuideItem{Key: "heard", Must: true, May: true}, hearing[s.Store]),
			is(GuideItem{Key: "knock", Must: true, May: true, Count: n}, n > 0),
			is(GuideItem{Key: "hours", May: true}, len(hoursOf(store, standings[s.ID])) > 0),
			is(GuideItem{Key: "goods", May: true, Count: offers[s.ID]}, offers[s.ID] > 0),
		}, nil
	}, nil
}

// waivable are the items that a shop can go without.
var waivable = []string{"order", "heard", "knock", "hours", "goods"}

const waivedName = "waived"

// A waiver is that somebody has decided to go without an item.
type waiver struct {
	By string `json:"by"`
	At int64  `json:"at"`
}

func (h *Hub) waived(ctx context.Context, m ident.Merchant, id ident.Account) (map[ident.Shop]map[string]waiver, error) {
	out := map[ident.Shop]map[string]waiver{}
	b, err := h.db.LoadVault(ctx, m, id, waivedName)
	if err == nil && len(b) > 0 {
		err = json.Unmarshal(b, &out)
	}
	return out, err
}

// Waive notes that a shop goes without an item of its checklist on purpose, or takes that back. Of two who decide in
// the same moment on different nodes one may have to do it again.
func (h *Hub) Waive(ctx context.Context, who Actor, id ident.Shop, item string, without bool) error {
	const op = "hub.Waive"
	if err := who.May(op, role.Connect); err != nil {
		return err
	}
	s, ok := h.db.ShopByID(who.Merchant, id)
	if !ok || !who.Sees(s.Store) {
		return fault.Say(op, fault.NotFound, "no_shop", "there is no such shop")
	}
	if !slices.Contains(waivable, item) {
		return &fault.Error{Op: op, Code: fault.Invalid, Fields: []fault.Field{fault.Wrong("body.item", fault.Because("field_none_of", "is none of {list}", "list", strings.Join(waivable, ", ")))}}
	}
	h.waiving.Lock()
	defer h.waiving.Unlock()
	all, err := h.waived(ctx, who.Merchant, s.Account)
	if err != nil {
		return fault.Wrap(op, err)
	}
	now := time.Now()
	if all[id] == nil {
		all[id] = map[string]waiver{}
	}
	all[id][item] = waiver{clip(who.Name, 80), now.UnixMilli()}
	if !without {
		delete(all[id], item)
	}
	b, err := json.Marshal(all)
	if err == nil {
		line := h.lineAbout(who, "shop.waive", s.ID.String(), setUpDoc{Name: s.Name, Changes: []SetUpChange{{Field: "item", Is: item}, {Field: "without", Was: !without, Is: without}}})
		err = h.db.SaveVault(ctx, who.Merchant, s.Account, waivedName, now, b, line)
	}
	return fault.Wrap(op, err)
}

// addressOf says what is wrong with a public address, as far as it can be told from here.
func addressOf(public string, info *channel.Info) GuideAddress {
	out := GuideAddress{URL: public, Ports: append([]int{}, info.Ports...)}
	u, err := url.Parse(public)
	if public == "" || err != nil {
		out.Cause = "none"
		return out
	}
	out.Port, _ = strconv.Atoi(u.Port())
	if out.Port == 0 {
		out.Port = map[string]int{"https": 443, "http": 80}[u.Scheme]
	}
	switch {
	case !reachable(u.Hostname()):
		out.Cause = "private"
	case info.Secure && u.Scheme != "https":
		out.Cause = "plain"
	case len(info.Ports) > 0 && !slices.Contains(info.Ports, out.Port):
		out.Cause = "port"
	}
	return out
}

// reachable reports whether a host may be one of the public internet. A name is believed when it has a dot and none of
// the endings of private networks: only the platform knows what it resolves to there.
func reachable(host string) bool {
	if ip, err := netip.ParseAddr(host); err == nil {
		return ip.IsGlobalUnicast() && !ip.IsPrivate()
	}
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	i := strings.LastIndexByte(host, '.')
	return i > 0 && !slices.Contains([]string{"local", "localhost", "lan", "home", "internal", "intranet", "test", "invalid", "example", "corp"}, host[i+1:])
}
