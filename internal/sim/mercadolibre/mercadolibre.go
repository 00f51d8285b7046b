// Package mercadolibre plays Mercado Libre (美客多): its REST API, consent page, tokens,
// notifications and the life of its sales in five countries, written from the developer pages
// alone. It shares no code with the connector that talks to it.
//
// Where the pages contradict each other, or say nothing, Config has a switch or the choice
// is named at the code that makes it. See docs/simulators.md for what is played and what is guessed.
package mercadolibre

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/tongdan/tongdan/internal/sim"
)

// App is one application registered at the platform's developer panel.
type App struct {
	ClientID     ID     `json:"client_id"`
	ClientSecret string `json:"client_secret"`
	CallbackURL  string `json:"callback_url"` // where notifications are posted; "" = none are
	RedirectURI  string `json:"redirect_uri"` // registered for consent; "" = any is accepted
	PKCE         bool   `json:"pkce"`         // the application demands a code challenge
}

// Seller is a merchant's user account on one site.
type Seller struct {
	ID       ID     `json:"id"`
	Site     string `json:"site"`
	Nickname string `json:"nickname"`
	// Logistic is the logistic type of generated listings: drop_off, xd_drop_off,
	// cross_docking, self_service, turbo, fulfillment (all ME2), default (ME1), custom or
	// not_specified. Empty: cross_docking.
	Logistic string `json:"logistic"`
	// OwnInvoice marks a Brazilian seller who uploads his own NF-e: shipments wait in
	// invoice_pending for it.
	OwnInvoice bool `json:"own_invoice"`
	// Tags besides the usual ones, such as user_product_seller or warehouse_management.
	Tags []string `json:"tags"`
	// Items are the listings. Empty: a dozen are invented.
	Items []Item `json:"items,omitempty"`
}

// Options says what is simulated. The zero value is a working simulator: an app, one
// seller in each of the five sites, memory only.
type Options struct {
	Clock   *sim.Clock // nil: the present, at real speed
	Book    *sim.Book  // nil: memory only
	Seed    uint64     // makes names, ids and faults repeatable
	App     App
	Sellers []Seller
	Config  Config

	// Pushes sends the notifications and Go runs that work, instead of a client and
	// goroutines of the simulator's own: see sim.PusherOptions.
	Pushes *http.Client
	Go     func(func())

	// OnStock is told of each change of a listing's stock, while the simulator is locked:
	// it must be quick and must not call back. Nil: nobody.
	OnStock func(sim.StockChange)
}

// DefaultApp is the application that Options gets when it names none.
var DefaultApp = App{ClientID: 1234567890123456, ClientSecret: "tongdan-simulated-secret"}

// DefaultSellers are one seller a site, with different ways of shipping.
func DefaultSellers() []Seller {
	return []Seller{
		{ID: 700000001, Site: "MLB", Nickname: "LOJA EXEMPLO BR", Logistic: "cross_docking"},
		{ID: 700000002, Site: "MLM", Nickname: "TIENDA EJEMPLO MX", Logistic: "drop_off"},
		{ID: 700000003, Site: "MLA", Nickname: "TIENDA EJEMPLO AR", Logistic: "self_service"},
		{ID: 700000004, Site: "MLC", Nickname: "TIENDA EJEMPLO CL", Logistic: "xd_drop_off"},
		{ID: 700000005, Site: "MCO", Nickname: "TIENDA EJEMPLO CO", Logistic: "drop_off"},
	}
}

// Sim is the simulator. All methods are safe for concurrent use.
type Sim struct {
	onStock func(sim.StockChange)
	clock   *sim.Clock
	book    *sim.Book
	faults  *sim.Faults
	calls   *sim.Calls
	pusher  *sim.Pusher
	desk    *sim.Desk
	api     http.Handler

	mu       sync.Mutex
	cfg      Config
	app      App
	rng      *rand.Rand
	seed     uint64
	seq      ID // last number given to anything
	sellers  map[ID]*Seller
	sales    map[ID]*sale
	ofSeller map[ID][]*sale // in order of placing
	packs    map[ID]*pack
	ships    map[ID]*shipment
	items    map[string]*Item
	ofItems  map[ID][]*Item
	claims   map[ID]*claim
	payOf    map[ID]ID // payment → order
	billOf   map[string]ID
	tokens   map[string]*token
	timers   map[string]armed
	missed   []missed
	topics   map[string]*topic
	scrolls  map[string]*scroll
	tallies  map[string]sim.Tally // by order id, or item id
	budgets  map[string]*sim.Limiter
	closed   bool
}

var _ sim.Platform = (*Sim)(nil)

// New opens a simulator on what its book holds: orders, tokens, timers and pushes go on
// where they stopped. Options that the book has newer values of (app, config) yield to the book.
func New(o Options) (*Sim, error) {
	s := &Sim{
		onStock: o.OnStock,
		clock:   o.Clock, book: o.Book, seed: o.Seed,
		sellers: map[ID]*Seller{}, sales: map[ID]*sale{}, ofSeller: map[ID][]*sale{}, packs: map[ID]*pack{},
		ships: map[ID]*shipment{}, items: map[string]*Item{}, ofItems: map[ID][]*Item{}, claims: map[ID]*claim{},
		payOf: map[ID]ID{}, billOf: map[string]ID{}, tokens: map[string]*token{}, timers: map[string]armed{},
		topics: map[string]*topic{}, scrolls: map[string]*scroll{}, tallies: map[string]sim.Tally{}, budgets: map[string]*sim.Limiter{},
		faults: sim.NewFaults(o.Seed), calls: sim.NewCalls(0),
	}
	if s.clock == nil {
		s.clock = sim.NewClock(time.Time{}, 1)
	}
	if s.book == nil {
		s.book = sim.NoBook()
	}
	s.cfg = o.Config.withDefaults()
	s.app = o.App
	s.app.ClientID = s.app.ClientID.or(DefaultApp.ClientID)
	s.app.ClientSecret = cmp.Or(s.app.ClientSecret, DefaultApp.ClientSecret)
	sellers := o.Sellers
	if len(sellers) == 0 {
		sellers = DefaultSellers()
	}
	if err := s.load(); err != nil {
		return nil, err
	}
	s.rng = rand.New(rand.NewPCG(s.seed, uint64(s.seq)))
	for i := range sellers {
		if err := s.addSeller(sellers[i]); err != nil {
			return nil, err
		}
	}
	if err := s.openPusher(o); err != nil {
		return nil, err
	}
	s.api = s.routes()
	s.openDesk()
	s.rearm()
	return s, nil
}

// Name is "mercadolibre".
func (s *Sim) Name() string { return "mercadolibre" }

// API is the platform's REST host and, under the same address, its consent page.
func (s *Sim) API() http.Handler { return s.api }

// Clock is the platform's clock.
func (s *Sim) Clock() *sim.Clock { return s.clock }

// Faults is the platform's misbehaviour.
func (s *Sim) Faults() *sim.Faults { return s.faults }

// Calls are the requests received.
func (s *Sim) Calls() *sim.Calls { return s.calls }

// Seller returns a registered seller.
func (s *Sim) Seller(id ID) (Seller, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if sl := s.sellers[id]; sl != nil {
		return *sl, true
	}
	return Seller{}, false
}

// addSeller registers a seller and, once, his listings.
func (s *Sim) addSeller(sl Seller) error {
	if sites[sl.Site] == nil {
		return fmt.Errorf("seller %d: site %q is not simulated, use one of %s", sl.ID, sl.Site, strings.Join(siteOrder, ", "))
	}
	if sl.ID <= 0 {
		return errors.New("a seller needs a positive id")
	}
	sl.Logistic = cmp.Or(sl.Logistic, "cross_docking")
	if modeOf(sl.Logistic) == "" {
		return fmt.Errorf("seller %d: logistic type %q is unknown", sl.ID, sl.Logistic)
	}
	items := sl.Items
	sl.Items = nil
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sellers[sl.ID] = &sl
	if len(s.ofItems[sl.ID]) > 0 {
		return nil // the book knows them, with their present stock
	}
	if len(items) == 0 {
		items = inventItems(&sl)
	}
	t := s.begin(s.clock.Now())
	for i := range items {
		it := items[i]
		if err := t.addItem(&sl, &it); err != nil {
			return err
		}
	}
	return t.commit()
}

// load fills the maps from the book.
func (s *Sim) load() error {
	kinds := []struct {
		kind string
		f    func(id string, raw json.RawMessage) error
	}{
		{"ml.config", func(_ string, raw json.RawMessage) error { return json.Unmarshal(raw, &s.cfg) }},
		{"ml.app", func(_ string, raw json.RawMessage) error { return json.Unmarshal(raw, &s.app) }},
		{"ml.sale", func(_ string, raw json.RawMessage) error { return decodeTo(raw, s.keepSale) }},
		{"ml.pack", func(_ string, raw json.RawMessage) error {
			return decodeTo(raw, func(p *pack) { s.packs[p.ID] = p })
		}},
		{"ml.shipment", func(_ string, raw json.RawMessage) error {
			return decodeTo(raw, func(sh *shipment) { s.ships[sh.ID] = sh })
		}},
		{"ml.item", func(_ string, raw json.RawMessage) error { return decodeTo(raw, s.keepItem) }},
		{"ml.claim", func(_ string, raw json.RawMessage) error {
			return decodeTo(raw, func(c *claim) { s.claims[c.ID] = c })
		}},
		{"ml.token", func(id string, raw json.RawMessage) error {
			return decodeTo(raw, func(t *token) { s.tokens[id] = t })
		}},
		{"ml.tally", func(id string, raw json.RawMessage) error {
			return decodeTo(raw, func(t *sim.Tally) { s.tallies[id] = *t })
		}},
		{"ml.topic", func(id string, raw json.RawMessage) error {
			return decodeTo(raw, func(t *topic) { s.topics[id] = t })
		}},
		{"ml.missed", func(_ string, raw json.RawMessage) error {
			return decodeTo(raw, func(m *missed) { s.missed = append(s.missed, *m) })
		}},
		{"ml.seq", func(_ string, raw json.RawMessage) error { return json.Unmarshal(raw, &s.seq) }},
	}
	for _, k := range kinds {
		if err := s.book.Load(k.kind, k.f); err != nil {
			return err
		}
	}
	slices.SortFunc(s.missed, func(a, b missed) int { return a.Received.Compare(b.Received.Time) })
	for _, list := range s.ofSeller {
		slices.SortFunc(list, func(a, b *sale) int {
			return cmp.Or(a.Order.DateCreated.Compare(b.Order.DateCreated.Time), cmp.Compare(a.Order.ID, b.Order.ID))
		})
	}
	for _, list := range s.ofItems {
		slices.SortFunc(list, func(a, b *Item) int { return cmp.Compare(a.ID, b.ID) })
	}
	return nil
}

func decodeTo[T any](raw json.RawMessage, f func(*T)) error {
	v := new(T)
	if err := json.Unmarshal(raw, v); err != nil {
		return err
	}
	f(v)
	return nil
}

func (s *Sim) keepSale(v *sale) {
	s.sales[v.Order.ID] = v
	s.ofSeller[v.Order.Seller.ID] = append(s.ofSeller[v.Order.Seller.ID], v)
	s.index(v)
}

// index makes the order findable by its payments and fiscal data.
func (s *Sim) index(v *sale) {
	for _, p := range v.Order.Payments {
		s.payOf[p.ID] = v.Order.ID
	}
	if b := v.Order.Buyer.BillingInfo.ID; b != "" {
		s.billOf[b] = v.Order.ID
	}
}

func (s *Sim) keepItem(it *Item) {
	if s.items[it.ID] == nil {
		s.ofItems[it.Seller] = append(s.ofItems[it.Seller], it)
	}
	s.items[it.ID] = it
}

// Close stops timers and pushes. The book keeps everything and stays open; it belongs to
// whoever opened it.
func (s *Sim) Close() error {
	s.mu.Lock()
	s.closed = true
	timers := s.timers
	s.timers = map[string]armed{}
	s.mu.Unlock()
	for _, t := range timers {
		t.stop()
	}
	return s.closePusher()
}
