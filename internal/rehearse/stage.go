package rehearse

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"time"

	"github.com/tongdan/tongdan/internal/sim"
	mt "github.com/tongdan/tongdan/internal/sim/meituan"
	ml "github.com/tongdan/tongdan/internal/sim/mercadolibre"
)

// What the simulated platforms know us by. It opens nothing but them.
const (
	simApp    = "4321"
	simSecret = "3d8f1c5e7a9b2d4f6081a3c5e7f90b1d"
)

// The shops of the rehearsal: two that Meituan's riders serve, one that delivers itself,
// and two sellers of Mercado Libre, one whose parcels the platform carries and one who
// sends them himself.
var (
	teaStores = []mt.Store{
		{Code: "TEA001", Name: "演练店一", Logistics: "1001"},
		{Code: "TEA002", Name: "演练店二", Logistics: "0000"},
		{Code: "TEA003", Name: "演练店三", Logistics: "1001"},
	}
	sellers = []ml.Seller{
		{ID: 700000001, Site: "MLB", Nickname: "ENSAIO BR", Logistic: "cross_docking"},
		{ID: 700000009, Site: "MLM", Nickname: "ENSAYO MX", Logistic: "default"},
	}
)

// platforms are the simulators of a rehearsal, over real HTTP on loopback.
type platforms struct {
	clock  *sim.Clock
	mt     *mt.Sim
	ml     *ml.Sim
	server *sim.Server
	paper  *paper

	stores map[string]string // the hub's id of each store, by the code of its Meituan shop
	shops  map[string]string // the hub's id of each shop, by the platform's own
}

// openPlatforms starts the simulators. told hears of each change of a number that they
// sell from.
func openPlatforms(p *Plan, told func(sim.StockChange)) (*platforms, error) {
	out := &platforms{clock: sim.NewClock(time.Time{}, p.Speed), stores: map[string]string{}, shops: map[string]string{}}
	var err error
	out.mt, err = mt.New(mt.Options{App: simApp, Secret: simSecret, Stores: teaStores, Clock: out.clock, Seed: p.Seed, OnStock: told, Configure: func(c *mt.Config) {
		c.Subscribed = mt.AllFields
		c.PullMode = true // five minutes without a call are noted
		c.Suspend = false // and the store goes on selling: the load is what is rehearsed
	}})
	if err != nil {
		return nil, err
	}
	// Topics stay on however many pushes fail: how many switch one off is not published.
	out.ml, err = ml.New(ml.Options{Clock: out.clock, Seed: p.Seed, Config: ml.Config{TopicOffAfter: -1}, Sellers: sellers, OnStock: told})
	if err != nil {
		out.mt.Close()
		return nil, err
	}
	if out.paper, err = openPaper(p.Seed); err != nil {
		return nil, err
	}
	out.server = &sim.Server{Platforms: []sim.Platform{out.mt, out.ml}}
	return out, out.server.Start()
}

// misbehave sets the faults of both platforms.
func (p *platforms) misbehave(f sim.FaultPlan) {
	p.mt.Faults().Set(f)
	p.ml.Faults().Set(f)
}

// behave ends all faults, those that were ordered for single pushes too.
func (p *platforms) behave() {
	p.mt.Faults().Calm()
	p.ml.Faults().Calm()
}

// connect makes stores, apps, accounts and shops through the API, as a person would in
// the console, and tells the platforms where to push: to the public address. The sellers
// of Mercado Libre share stores with shops of Meituan: both sell what lies there.
func (p *platforms) connect(ctx context.Context, a *api, public string) error {
	if err := empty(ctx, a); err != nil {
		return err
	}
	type made struct {
		ID string `json:"id"`
	}
	post := func(path string, in any) (string, error) {
		var out made
		if err := a.must(ctx, "POST", path, rand.Text(), in, &out); err != nil {
			return "", fmt.Errorf("POST %s: %w", path, err)
		}
		return out.ID, nil
	}
	shop := func(account, external, store, name string) (err error) {
		p.shops[external], err = post("/shops", map[string]any{"account_id": account, "external_id": external, "store_id": p.stores[store], "name": name})
		return err
	}
	app, err := post("/apps", map[string]any{"channel": "meituan", "name": "rehearsal", "base_url": p.server.URL("meituan"), "public_url": public,
		"credentials": map[string]string{"app_id": simApp, "secret": simSecret}})
	if err != nil {
		return err
	}
	account, err := post("/accounts", map[string]any{"app_id": app, "name": "rehearsal"})
	if err != nil {
		return err
	}
	for _, s := range teaStores {
		if p.stores[s.Code], err = post("/stores", map[string]any{"name": s.Name, "zone": "Asia/Shanghai"}); err != nil {
			return err
		}
		if err := shop(account, s.Code, s.Code, s.Name); err != nil {
			return err
		}
		if err := p.paper.connect(ctx, a, s.Code, p.stores[s.Code]); err != nil {
			return err
		}
	}
	if err := p.mt.Configure(json.RawMessage(`{"callback":"` + public + `/callback/meituan/` + app + `"}`)); err != nil {
		return err
	}
	app, err = post("/apps", map[string]any{"channel": "mercadolibre", "name": "rehearsal", "base_url": p.server.URL("mercadolibre"), "public_url": public,
		"credentials": map[string]string{"client_id": p.ml.App().ClientID.String(), "client_secret": p.ml.App().ClientSecret}})
	if err != nil {
		return err
	}
	for _, s := range sellers {
		_, refresh, err := p.ml.Tokens(s.ID)
		if err != nil {
			return err
		}
		account, err := post("/accounts", map[string]any{"app_id": app, "name": s.Nickname, "external_id": s.ID.String(),
			"credentials": map[string]string{"site": s.Site, "refresh_token": refresh}})
		if err != nil {
			return err
		}
		if err := shop(account, s.ID.String(), sellerAt[s.ID.String()], s.Nickname); err != nil {
			return err
		}
	}
	return p.ml.Register(func(x *ml.App) { x.CallbackURL = public + "/callback/mercadolibre/" + app + "/notifications" })
}

// errInUse keeps a rehearsal's orders out of a hub that serves customers.
var errInUse = errors.New("this hub is connected to platforms already: its real orders and those of the rehearsal must not mix; rehearse with an empty database")

// empty refuses a hub that is in use, but for one that only a rehearsal has used.
func empty(ctx context.Context, a *api) error {
	var list struct {
		Apps []struct {
			Name string `json:"name"`
			Base string `json:"base_url"`
		} `json:"apps"`
	}
	if err := a.must(ctx, "GET", "/apps", "", nil, &list); err != nil {
		return fmt.Errorf("the hub does not answer: %w", err)
	}
	for _, x := range list.Apps {
		if u, err := url.Parse(x.Base); x.Name != "rehearsal" || err != nil || loopback("http://"+u.Host) != nil {
			return errInUse
		}
	}
	if len(list.Apps) > 0 {
		return errors.New("a rehearsal has used this hub before: begin with an empty database, or its old orders count as doubled")
	}
	return nil
}
