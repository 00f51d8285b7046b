package rehearse

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"time"

	"github.com/tongdan/tongdan/internal/rule"
	"github.com/tongdan/tongdan/internal/sim"
	mt "github.com/tongdan/tongdan/internal/sim/meituan"
	ml "github.com/tongdan/tongdan/internal/sim/mercadolibre"
)

// platforms are the simulators of a rehearsal, over real HTTP on loopback.
type platforms struct {
	cast   *cast
	rules  bool // of the stores: they accept and refund by themselves
	clock  *sim.Clock
	mt     *mt.Sim
	ml     *ml.Sim
	server *sim.Server
	paper  *paper
	labels *labelPaper

	stores map[string]string // the hub's id of each store, by the code of its Meituan shop
	shops  map[string]string // the hub's id of each shop, by the platform's own
}

// openPlatforms starts the simulators. told hears of each change of a number that they
// sell from.
func openPlatforms(p *Plan, told func(sim.StockChange)) (*platforms, error) {
	start := time.Time{} // the present
	if p.Profile == "chain" {
		start = opening(time.Now())
	}
	heard := told
	told = func(c sim.StockChange) {
		c.Platform = p.cast.channel(c.Platform, c.Shop)
		heard(c)
	}
	out := &platforms{cast: p.cast, rules: p.Profile == "chain", clock: sim.NewClock(start, p.Speed), stores: map[string]string{}, shops: map[string]string{}}
	var err error
	out.mt, err = mt.New(mt.Options{App: simApp, Secret: simSecret, Stores: p.cast.takeaway, Clock: out.clock, Seed: p.Seed, OnStock: told,
		Partner: mt.PartnerOptions{Developer: simDeveloper, SignKey: simSignKey}, Configure: func(c *mt.Config) {
			c.Subscribed = mt.AllFields
			c.PullMode = true // five minutes without a call are noted
			c.Suspend = false // and the store goes on selling: the load is what is rehearsed
		}})
	if err != nil {
		return nil, err
	}
	// Topics stay on however many pushes fail: how many switch one off is not published.
	out.ml, err = ml.New(ml.Options{Clock: out.clock, Seed: p.Seed, Config: ml.Config{TopicOffAfter: -1}, Sellers: p.cast.sellers, OnStock: told})
	if err != nil {
		out.mt.Close()
		return nil, err
	}
	if out.paper, err = openPaper(p); err != nil {
		return nil, err
	}
	out.labels = openLabelPaper(p.Seed)
	out.server = &sim.Server{Platforms: []sim.Platform{out.mt, out.mt.Partner(), out.ml}}
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
	provider := ""
	if p.cast.provided() > 0 {
		provider, err = post("/apps", map[string]any{"channel": provided, "name": "rehearsal", "base_url": p.server.URL(provided), "public_url": public,
			"credentials": map[string]string{"developer_id": simDeveloper, "sign_key": simSignKey}})
		if err != nil {
			return err
		}
	}
	for _, s := range p.cast.takeaway {
		account := account
		if s.Token != "" { // an account of its own, as each store has there
			if account, err = post("/accounts", map[string]any{"app_id": provider, "name": s.Name, "credentials": map[string]string{"app_auth_token": s.Token}}); err != nil {
				return err
			}
		}
		if p.stores[s.Code], err = post("/stores", map[string]any{"name": s.Name, "zone": "Asia/Shanghai"}); err != nil {
			return err
		}
		if err := shop(account, s.Code, s.Code, s.Name); err != nil {
			return err
		}
		if err := p.paper.connect(ctx, a, s.Code, p.stores[s.Code]); err != nil {
			return err
		}
		if p.rules {
			if err := decides(ctx, a, p.stores[s.Code]); err != nil {
				return err
			}
		}
	}
	if err := p.mt.Configure(json.RawMessage(`{"callback":"` + public + `/callback/meituan/` + app + `","partner_callback":"` + public + `/callback/meituan-partner/` + provider + `"}`)); err != nil {
		return err
	}
	if len(p.cast.sellers) == 0 {
		return nil
	}
	app, err = post("/apps", map[string]any{"channel": "mercadolibre", "name": "rehearsal", "base_url": p.server.URL("mercadolibre"), "public_url": public,
		"credentials": map[string]string{"client_id": p.ml.App().ClientID.String(), "client_secret": p.ml.App().ClientSecret}})
	if err != nil {
		return err
	}
	for _, s := range p.cast.sellers {
		_, refresh, err := p.ml.Tokens(s.ID)
		if err != nil {
			return err
		}
		account, err := post("/accounts", map[string]any{"app_id": app, "name": s.Nickname, "external_id": s.ID.String(),
			"credentials": map[string]string{"site": s.Site, "refresh_token": refresh}})
		if err != nil {
			return err
		}
		if err := shop(account, s.ID.String(), p.cast.at[s.ID.String()], s.Nickname); err != nil {
			return err
		}
		if err := p.labels.connect(ctx, a, p.stores[p.cast.at[s.ID.String()]]); err != nil {
			return err
		}
	}
	return p.ml.Register(func(x *ml.App) { x.CallbackURL = public + "/callback/mercadolibre/" + app + "/notifications" })
}

// decides switches a store's rules on: it accepts what comes, and agrees to refunds that are asked
// for soon, of food that nobody has made yet.
func decides(ctx context.Context, a *api, store string) error {
	for kind, conditions := range map[string]any{
		rule.KindAccept: rule.UsualAccept,
		rule.KindRefund: rule.UsualRefund,
	} {
		if err := a.must(ctx, "PUT", "/stores/"+store+"/rules/"+kind, "", map[string]any{"version": 0, "on": true, kind: conditions}, nil); err != nil {
			return fmt.Errorf("the rule %s: %w", kind, err)
		}
	}
	return nil
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
