package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/tongdan/tongdan/channel"
	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/ident"
	"github.com/tongdan/tongdan/internal/api"
	"github.com/tongdan/tongdan/internal/db"
	"github.com/tongdan/tongdan/internal/hub"
	"github.com/tongdan/tongdan/internal/sim/meituan"
	"github.com/tongdan/tongdan/internal/sim/mercadolibre"
	"github.com/tongdan/tongdan/internal/sim/printers"
	"github.com/tongdan/tongdan/role"
)

const demoUser = "demo"

// places are the addresses of a demonstration. They are kept with its data, since they
// are part of what the platforms sign.
type places struct {
	Hub          string `json:"hub"`
	Meituan      string `json:"meituan"`
	Partner      string `json:"meituan_partner"` // its platform for service providers
	MercadoLibre string `json:"mercadolibre"`
	Messengers   string `json:"messengers"`
	Clouds       string `json:"clouds"`  // of the printers
	Network      string `json:"network"` // the printer of the network
}

// demo is the hub and both simulated platforms in one process, over HTTP.
func (c command) demo(ctx context.Context, args []string) error {
	f := c.flags("demo")
	addr := f.String("addr", "127.0.0.1:8080", "address of the console and the API; port 0 = that of the last run, or any")
	data := f.String("data", "", "folder of the data (default: a folder of the user's cache, which is printed)")
	simAddr := f.String("sim-addr", "127.0.0.1:8081", "address of the backstage, where one plays customers, riders and the platforms; it has no sign-in")
	seed := f.Uint64("seed", 1, "makes what is made up repeatable")
	rate := f.Float64("rate", 12, "orders a minute that come by themselves")
	speed := f.Float64("speed", 1, "how much faster than real time trade goes")
	key := f.String("api-key", "", "make this API key, which begins with "+api.KeyPrefix)
	withPrinters := f.Bool("printers", true, "give the tea shop's stores simulated ticket printers")
	provider := f.Bool("provider", true, "give the tea shop one more store, which a service provider (服务商) reaches")
	budget := f.Bool("budget", true, "call the simulated platforms no more often than the real ones would have it")
	password := f.String("password", "tongdan-demo", "password of the user "+demoUser)
	if err := parse(f, args); err != nil {
		return err
	}
	if err := checkPace(*speed, *rate, 0.1); err != nil {
		return err
	}
	if *key != "" && (!strings.HasPrefix(*key, api.KeyPrefix) || strings.HasPrefix(*key, api.TestKeyPrefix) || len(*key) < 16 || len(*key) > 200) {
		return fmt.Errorf("--api-key must begin with %s, not with %s, and have 16 to 200 characters", api.KeyPrefix, api.TestKeyPrefix)
	}
	dir, err := demoDir(*data)
	if err != nil {
		return err
	}
	d, err := c.open(ctx, dir, "") // never the database of real orders
	if err != nil {
		return err
	}
	defer d.Close()
	kept, err := loadPlaces(dir)
	if err != nil {
		return err
	}
	hubAt := *addr
	if _, port, _ := net.SplitHostPort(*addr); port == "0" {
		hubAt = cmp.Or(asBefore(kept.Hub), *addr)
	}
	l, err := listen(ctx, hubAt) // before the simulators: its address stands in a template of short messages
	if err != nil {
		return err
	}
	defer l.Close()
	sims, err := startSims(simOptions{
		dir: dir, seed: *seed, speed: *speed, meituanAddr: asBefore(kept.Meituan), partnerAddr: cmp.Or(asBefore(kept.Partner), "127.0.0.1:0"), mercadoAddr: asBefore(kept.MercadoLibre), messengersAddr: asBefore(kept.Messengers), cloudAddr: asBefore(kept.Clouds), networkAddr: asBefore(kept.Network),
		backstageAt: *simAddr, console: "http://" + reachable(l.Addr()),
	})
	if err != nil {
		return err
	}
	defer sims.close()
	n, err := c.node(ctx, d, hub.Options{Clock: hub.Clock{Now: sims.clock.Now, Speed: *speed}, AllowPrivate: channel.Loopback, NoBudget: !*budget}, front{listener: l, practice: dir, guests: true})
	if err != nil {
		return err
	}
	if err := savePlaces(dir, placesOf(n, sims)); err != nil {
		return err
	}
	scene := &scene{n: n, sims: sims, password: *password, key: *key, printers: *withPrinters, provider: *provider}
	if err := scene.set(ctx); err != nil {
		return fmt.Errorf("the demonstration could not be set up: %w", err)
	}
	fmt.Fprintf(c.out, "Console    %s/  sign in as %s, password %s\n", n.url, demoUser, *password)
	fmt.Fprintf(c.out, "Backstage  %s/  play customers, riders and the platforms\n", sims.server.URL(""))
	fmt.Fprintf(c.out, "Phones     %s%s  what knocks at the demo's group and phone (%s)\n", sims.server.URL(""), sims.phones.Page(), simPhone)
	if *withPrinters {
		fmt.Fprintf(c.out, "Printers   %s%s  the tickets that come out in the tea shop's stores\n", sims.server.URL(""), sims.paper.Page())
	}
	fmt.Fprintf(c.out, "API        %s/api/v1/openapi.json\n", n.url)
	fmt.Fprintf(c.out, "Data       %s\n", dir)
	fmt.Fprintf(c.out, "About %g orders a minute come by themselves. Ctrl-C stops; the same command goes on.\n", *rate)
	if host, _, _ := net.SplitHostPort(l.Addr().String()); !net.ParseIP(host).IsLoopback() {
		fmt.Fprintln(c.out, "Others can reach this address and know the password: give --password.")
	}
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return n.run(ctx) })
	if *rate > 0 {
		sims.crowd(ctx, g, *rate, *seed)
	}
	return g.Wait()
}

func demoDir(dir string) (string, error) {
	if dir == "" {
		cache, err := os.UserCacheDir()
		if err != nil {
			cache = os.TempDir()
		}
		dir = filepath.Join(cache, "tongdan", "demo")
	}
	dir, err := filepath.Abs(dir)
	if err == nil {
		err = os.MkdirAll(dir, 0o700)
	}
	if err != nil {
		return "", fmt.Errorf("--data: %w", err)
	}
	return dir, nil
}

const placesFile = "demo.json"

// placesOf are those at which a demonstration listens.
func placesOf(n *node, s *simulators) places {
	at := func(name string) string { return strings.TrimPrefix(s.server.URL(name), "http://") }
	p := places{Hub: strings.TrimPrefix(n.url, "http://"), Meituan: at(s.meituan.Name()), Partner: at(s.meituan.Partner().Name()), MercadoLibre: at(s.mercado.Name()), Messengers: at(s.phones.Name()), Clouds: at(s.paper.Name())}
	for _, d := range s.paper.Devices() {
		if d.Make == printers.ESCPOS {
			p.Network = d.Addr()
		}
	}
	return p
}

func loadPlaces(dir string) (p places, err error) {
	b, err := os.ReadFile(filepath.Join(dir, placesFile))
	if errors.Is(err, fs.ErrNotExist) {
		return p, nil
	}
	if err == nil {
		err = json.Unmarshal(b, &p)
	}
	if err != nil {
		return p, fmt.Errorf("%s cannot be read; delete it: %w", filepath.Join(dir, placesFile), err)
	}
	return p, nil
}

func savePlaces(dir string, p places) error {
	b, err := json.MarshalIndent(p, "", "  ")
	if err != nil {
		return err
	}
	file := filepath.Join(dir, placesFile)
	if err := os.WriteFile(file+".new", append(b, '\n'), 0o600); err != nil {
		return err
	}
	return os.Rename(file+".new", file)
}

// scene is what the demonstration plays: the people, stores and connections, made with
// the same verbs as the console's. Setting it again changes only what differs.
type scene struct {
	n             *node
	sims          *simulators
	password, key string
	printers      bool
	provider      bool
	who           hub.Actor
}

func (s *scene) set(ctx context.Context) error {
	m, err := merchant(ctx, s.n.db)
	if err != nil {
		return err
	}
	s.who = hub.Actor{Scope: db.Scope{Merchant: m.ID, Personal: true}, ID: "demo", Name: "demo", Role: role.Owner}
	for _, step := range []func(context.Context) error{s.people, s.teaShop, s.provided, s.sellers, s.knocks, s.paper} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (s *scene) people(ctx context.Context) error {
	hash, err := api.HashPassword(s.password)
	if err != nil {
		return fmt.Errorf("--password: %w", err)
	}
	m := s.who.Merchant
	u, err := s.n.db.UserByName(ctx, demoUser)
	switch {
	case fault.Is(err, fault.NotFound):
		_, err = s.n.db.AddUser(ctx, db.UserRow{Merchant: m, Name: demoUser, Password: hash, Role: string(role.Owner), Locale: "zh-CN", Personal: true})
	case err == nil && !api.SamePassword(u.Password, s.password):
		u.Password = hash
		err = s.n.db.SetUser(ctx, u)
	}
	if err != nil || s.key == "" {
		return err
	}
	if _, err = s.n.db.KeyByHash(ctx, api.HashToken(s.key)); fault.Is(err, fault.NotFound) {
		_, err = s.n.db.AddKey(ctx, db.KeyRow{Merchant: m, Name: "demo", Hash: api.HashToken(s.key), Role: string(role.Owner), Personal: true})
	}
	return err
}

// teaShop is three stores on the simulated Meituan.
func (s *scene) teaShop(ctx context.Context) error {
	app, err := s.app(ctx, db.AppRow{
		Channel: "meituan", Name: "山间茶事", BaseURL: s.sims.server.URL("meituan"), PublicURL: s.n.url,
		Credentials: map[string]string{"app_id": simApp, "secret": simSecret},
	})
	if err != nil {
		return err
	}
	config, err := json.Marshal(map[string]any{"callback": s.n.url + "/callback/meituan/" + app.ID.String(), "subscribed": meituan.AllFields})
	if err != nil {
		return err
	}
	if err := s.sims.meituan.Configure(config); err != nil {
		return err
	}
	acct, err := s.account(ctx, db.AccountRow{App: app.ID, Name: "美团外卖 · 山间茶事"})
	if err != nil {
		return err
	}
	for _, t := range teaStores {
		if err := s.shop(ctx, acct, t.Code, db.StoreRow{Name: t.Name, Zone: "Asia/Shanghai", Address: t.Address}); err != nil {
			return err
		}
	}
	return nil
}

// provided is the tea shop's store that a service provider reaches. Its owner binds it on Meituan's page, from which the
// token comes by a message.
func (s *scene) provided(ctx context.Context) error {
	if !s.provider {
		return nil
	}
	app, err := s.app(ctx, db.AppRow{
		Channel: "meituan-partner", Name: "山间茶事服务商", BaseURL: s.sims.server.URL("meituan-partner"), PublicURL: s.n.url,
		Credentials: map[string]string{"developer_id": simDeveloper, "sign_key": simSignKey},
	})
	if err != nil {
		return err
	}
	config, err := json.Marshal(map[string]any{"partner_callback": s.n.url + "/callback/meituan-partner/" + app.ID.String()})
	if err != nil {
		return err
	}
	if err := s.sims.meituan.Configure(config); err != nil {
		return err
	}
	acct, err := s.account(ctx, db.AccountRow{App: app.ID, Name: "服务商 · " + providedStore.Name})
	if err != nil {
		return err
	}
	if err := s.shop(ctx, acct, providedShop, db.StoreRow{Name: providedStore.Name, Zone: "Asia/Shanghai", Address: providedStore.Address}); err != nil {
		return err
	}
	there, bound := s.sims.meituan.Bound(providedStore.Code)
	if bound {
		return nil
	}
	if !there {
		if err := s.sims.meituan.AddStore(providedStore); err != nil {
			return err
		}
	}
	if _, err := s.n.hub.ConsentURL(ctx, s.who, acct.ID); err != nil { // a binding that nobody asked for is not taken
		return err
	}
	return s.sims.meituan.Bind(providedShop, providedStore.Code)
}

// knocks are a robot in the stores' group and a service of short messages, and the demo
// user's number: what nobody accepts is heard there.
func (s *scene) knocks(ctx context.Context) error {
	list, err := s.n.db.Senders(ctx, s.who.Merchant)
	if err != nil {
		return err
	}
	at := s.sims.server.URL("messengers")
	for _, want := range []db.SenderRow{
		{Kind: "dingtalk", Name: "门店群", Credentials: map[string]string{"token": simRobot, "secret": simKey}},
		{Kind: "aliyun", Name: "短信", Credentials: map[string]string{"key_id": simApp, "key_secret": simKey, "sign_name": "山间茶事", "template_code": "SMS_100001", "template_knock": "SMS_100002"}},
	} {
		want.BaseURL = at
		same := slices.IndexFunc(list, func(r db.SenderRow) bool { return r.Kind == want.Kind })
		switch {
		case same >= 0 && list[same].BaseURL == at:
			continue
		case same >= 0:
			if err := s.n.db.DeleteSender(ctx, s.who.Merchant, list[same].ID); err != nil { // it moved
				return err
			}
		}
		if _, err := s.n.hub.PutSender(ctx, s.who, want); err != nil {
			return err
		}
	}
	u, err := s.n.db.UserByName(ctx, demoUser)
	if err != nil {
		return err
	}
	phones, err := s.n.db.Phones(ctx, s.who.Merchant)
	if err != nil || phones[u.ID] != "" {
		return err
	}
	phone := simPhone
	return s.n.hub.SetPhone(ctx, s.who, u.ID, &phone, "")
}

// paper is a ticket printer in each of the tea shop's stores, one of each make. One that somebody
// has taken away stays away.
func (s *scene) paper(ctx context.Context) error {
	if !s.printers {
		return nil
	}
	shops, err := s.n.db.Shops(ctx, s.who.Scope)
	if err != nil {
		return err
	}
	there, err := s.n.hub.Printers(ctx, s.who)
	if err != nil {
		return err
	}
	for _, p := range simPrinters {
		i := slices.IndexFunc(shops, func(x db.ShopRow) bool { return x.Channel == "meituan" && x.External == p.Store })
		if i < 0 {
			continue
		}
		want := db.PrinterRow{Kind: p.Make, Name: p.Name, Store: shops[i].Store, Address: s.sims.server.URL("printers")}
		switch p.Make {
		case printers.ESCPOS:
			want.Address = s.sims.paper.Device(p.Name).Addr()
		case printers.Feie:
			want.Credentials = map[string]string{"user": simApp, "ukey": simKey, "sn": p.Serial, "key": p.Key}
		case printers.Yilianyun:
			want.Credentials = map[string]string{"client_id": simApp, "client_secret": simKey, "machine_code": p.Serial, "msign": p.Key}
		}
		set := hub.PrinterSettings{Columns: max(p.Columns, 32), Locale: "zh-CN", Prints: hub.UsualPrints}
		if j := slices.IndexFunc(there, func(x hub.PrinterState) bool { return x.Row.Name == p.Name && x.Row.Store == want.Store }); j >= 0 {
			want.ID, set = there[j].Row.ID, there[j].Settings // what somebody changed stays
		}
		if _, err := s.n.hub.PutPrinter(ctx, s.who, want, set); err != nil {
			return err
		}
	}
	return nil
}

// sellers is one account for each country on the simulated Mercado Libre. Its owner
// agrees on the platform's consent page.
func (s *scene) sellers(ctx context.Context) error {
	app, err := s.app(ctx, db.AppRow{
		Channel: "mercadolibre", Name: "Tongdan", BaseURL: s.sims.server.URL("mercadolibre"), PublicURL: s.n.url,
		Credentials: map[string]string{"client_id": fmt.Sprint(simClient), "client_secret": simKey},
	})
	if err != nil {
		return err
	}
	err = s.sims.mercado.Register(func(a *mercadolibre.App) {
		a.CallbackURL = s.n.url + "/callback/mercadolibre/" + app.ID.String() + "/notifications"
	})
	if err != nil {
		return err
	}
	zones := map[string]string{"MLB": "America/Sao_Paulo", "MLM": "America/Mexico_City", "MCO": "America/Bogota"}
	for _, seller := range sellers {
		acct, err := s.account(ctx, db.AccountRow{App: app.ID, Name: seller.Nickname, Credentials: map[string]string{"site": seller.Site}})
		if err != nil {
			return err
		}
		id := fmt.Sprint(int64(seller.ID))
		if err := s.shop(ctx, acct, id, db.StoreRow{Name: seller.Nickname, Zone: zones[seller.Site]}); err != nil {
			return err
		}
		if acct.External == "" {
			if err := s.consent(ctx, acct, seller.ID); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *scene) consent(ctx context.Context, acct db.AccountRow, seller mercadolibre.ID) error {
	page, err := s.n.hub.ConsentURL(ctx, s.who, acct.ID)
	if err != nil {
		return err
	}
	u, err := url.Parse(page)
	if err != nil {
		return err
	}
	code, err := s.sims.mercado.Authorize(seller, u.Query().Get("redirect_uri"))
	if err != nil {
		return err
	}
	return s.n.hub.Authorised(ctx, "mercadolibre", acct.App, u.Query().Get("state"), code)
}

// app adds an application, or changes its addresses when they moved.
func (s *scene) app(ctx context.Context, want db.AppRow) (db.AppRow, error) {
	list, err := s.n.db.Apps(ctx, s.who.Merchant)
	if err != nil {
		return want, err
	}
	for _, a := range list {
		if a.Channel == want.Channel {
			if a.BaseURL == want.BaseURL && a.PublicURL == want.PublicURL {
				return a, nil
			}
			want.ID = a.ID
		}
	}
	return s.n.hub.PutApp(ctx, s.who, want)
}

func (s *scene) account(ctx context.Context, want db.AccountRow) (db.AccountRow, error) {
	list, err := s.n.db.Accounts(ctx, s.who.Merchant)
	if err != nil {
		return want, err
	}
	for _, a := range list {
		if a.App == want.App && a.Name == want.Name {
			return a, nil
		}
	}
	return s.n.hub.PutAccount(ctx, s.who, want)
}

// shop adds a store and binds it to a shop of an account.
func (s *scene) shop(ctx context.Context, acct db.AccountRow, external string, want db.StoreRow) error {
	shops, err := s.n.db.Shops(ctx, s.who.Scope)
	if err != nil {
		return err
	}
	for _, x := range shops {
		if x.Account == acct.ID && x.External == external {
			return nil
		}
	}
	st, err := s.store(ctx, want)
	if err != nil {
		return err
	}
	_, err = s.n.hub.PutShop(ctx, s.who, db.ShopRow{Account: acct.ID, External: external, Store: st, Name: want.Name})
	return err
}

func (s *scene) store(ctx context.Context, want db.StoreRow) (ident.Store, error) {
	list, err := s.n.db.Stores(ctx, s.who.Scope)
	if err != nil {
		return 0, err
	}
	for _, st := range list {
		if st.Name == want.Name {
			return st.ID, nil
		}
	}
	st, err := s.n.hub.PutStore(ctx, s.who, want)
	return st.ID, err
}
