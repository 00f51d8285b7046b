package practice

import (
	"context"
	"crypto/rand"
	"errors"
	"net/http"
	"os"
	"sync"
	"time"

	"github.com/tongdan/tongdan/channel"
	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/ident"
	"github.com/tongdan/tongdan/internal/api"
	"github.com/tongdan/tongdan/internal/db"
	"github.com/tongdan/tongdan/internal/hub"
	"github.com/tongdan/tongdan/internal/sim"
	"github.com/tongdan/tongdan/internal/sim/meituan"
	"github.com/tongdan/tongdan/internal/sim/mercadolibre"
	"github.com/tongdan/tongdan/role"
)

// What the simulated platforms know a practice by. Their hosts are names that nothing on
// the network can have (RFC 2606).
const (
	simApp, simSecret = "8800", "9f2c6a7be41d4d0c8e35b7a1c02d6f48"
	hubHost           = "hub.invalid"
	meituanHost       = "meituan.invalid"
	mercadoHost       = "mercadolibre.invalid"
)

// teaStores are a store whose food riders of the platform fetch and one that delivers itself.
var teaStores = []meituan.Store{
	{Code: "P001", Name: "练习茶饮(一店)", Address: "练习市示例区甲路1号", Logistics: "1001", Latitude: 30.25, Longitude: 120.16},
	{Code: "P002", Name: "练习茶饮(二店)", Address: "练习市示例区乙路2号", Logistics: "0000", Latitude: 30.18, Longitude: 120.09},
}

var sellers = []mercadolibre.Seller{
	{ID: 700000011, Site: "MLB", Nickname: "LOJA DE TREINO", Logistic: "cross_docking"},
	{ID: 700000012, Site: "MLM", Nickname: "TIENDA DE PRÁCTICA", Logistic: "default"},
}

// ownCarrier is the seller whose parcels are shipped by a press.
const ownCarrier = 1

// parcelRate is how many parcels are bought a minute.
const parcelRate = 0.4

// A room is one practice: from its beginning, or a new beginning, to its end.
type room struct {
	stage    *Stage
	dir      string
	db       *db.DB
	hub      *hub.Hub
	server   *api.Server
	meituan  *meituan.Sim
	mercado  *mercadolibre.Sim
	merchant ident.Merchant
	stores   []ident.Store // those of teaStores, then those of sellers
	began    time.Time
	stop     context.CancelFunc
	work     sync.WaitGroup

	mu       sync.Mutex
	inside   int // requests under way, streams among them
	seen     time.Time
	messages map[string]bool // who has taken a message
	entered  int             // guests so far
}

// openRoom makes a room on an empty database. From an old one it takes the people, their
// sessions, the test keys and the ids of merchant and stores, so that open pages go on.
func (s *Stage) openRoom(ctx context.Context, old *room) (r *room, err error) {
	r = &room{stage: s, began: time.Now(), seen: time.Now(), messages: map[string]bool{}, stop: func() {}}
	defer func() {
		if err != nil {
			r.close()
			r = nil
		}
	}()
	if err = os.MkdirAll(s.o.Dir, 0o700); err != nil {
		return r, err
	}
	if r.dir, err = os.MkdirTemp(s.o.Dir, folder); err != nil {
		return r, err
	}
	var key [32]byte
	rand.Read(key[:]) // it is thrown away with the room
	if r.db, err = db.Open(ctx, db.Options{Dir: r.dir, Key: key, Log: s.log}); err != nil {
		return r, err
	}
	hubs, platforms := wire{}, wire{}
	if err = r.simulate(&http.Client{Transport: hubs, Timeout: 10 * time.Second}); err != nil {
		return r, err
	}
	platforms[meituanHost], platforms[mercadoHost] = r.meituan.API(), r.mercado.API()
	reads, calls := channel.ClientsOver(platforms, platforms)
	reads.Timeout, calls.Timeout = 10*time.Second, 10*time.Second
	r.hub = hub.New(hub.Options{DB: r.db, Platforms: s.o.Platforms(), Clock: hub.Real, Log: s.log, Version: s.o.Version, Reads: reads, Calls: calls, Dial: nobody})
	r.server, err = api.New(api.Options{Hub: r.hub, Version: s.o.Version, Log: s.log, TrustProxy: s.o.TrustProxy, Course: r})
	if err != nil {
		return r, err
	}
	hubs[hubHost] = r.server.Handler()
	if err = r.furnish(ctx, old); err != nil {
		return r, err
	}
	work, stop := context.WithCancel(context.Background())
	r.stop = stop
	for name, f := range map[string]func(context.Context) error{"hub": r.hub.Run, "counts": r.db.Follow, "scenes": r.play, "parcels": r.parcels, "parcel lesson": r.playParcels} {
		r.work.Go(func() {
			if err := f(work); err != nil && work.Err() == nil {
				s.log.Error("a part of the practice stopped", "part", name, "err", err)
			}
		})
	}
	return r, nil
}

// simulate opens the platforms. Meituan does not close a learner's store for being slow.
func (r *room) simulate(pushes *http.Client) (err error) {
	clock := sim.NewClock(time.Time{}, 1)
	seed := uint64(r.began.UnixNano())
	r.meituan, err = meituan.New(meituan.Options{App: simApp, Secret: simSecret, Stores: teaStores, Clock: clock, Seed: seed, Pushes: pushes, Configure: func(c *meituan.Config) {
		c.Subscribed, c.Suspend = meituan.AllFields, false
	}})
	if err != nil {
		return err
	}
	r.mercado, err = mercadolibre.New(mercadolibre.Options{Clock: clock, Seed: seed, Sellers: sellers, Pushes: pushes})
	return err
}

// furnish makes the merchant with his stores and connections, by the same verbs as the
// console's.
func (r *room) furnish(ctx context.Context, old *room) error {
	row := db.MerchantRow{Name: "练习商户", Locale: "zh-CN"}
	if old != nil {
		row.ID = old.merchant
	}
	m, err := r.db.AddMerchant(ctx, row)
	if err != nil {
		return err
	}
	r.merchant = m.ID
	who := hub.Actor{Scope: db.Scope{Merchant: m.ID, Personal: true}, ID: "practice", Name: "practice", Role: role.Owner}
	var places []db.StoreRow
	for _, t := range teaStores {
		places = append(places, db.StoreRow{Name: t.Name, Zone: "Asia/Shanghai", Address: t.Address})
	}
	zones := map[string]string{"MLB": "America/Sao_Paulo", "MLM": "America/Mexico_City"}
	for _, x := range sellers {
		places = append(places, db.StoreRow{Name: x.Nickname, Zone: zones[x.Site]})
	}
	for i, p := range places {
		if old != nil {
			p.ID = old.stores[i]
		}
		st, err := r.hub.PutStore(ctx, who, p)
		if err != nil {
			return err
		}
		r.stores = append(r.stores, st.ID)
	}
	if err := r.connectMeituan(ctx, who); err != nil {
		return err
	}
	if err := r.connectMercado(ctx, who); err != nil {
		return err
	}
	return r.admit(ctx, old)
}

func (r *room) connectMeituan(ctx context.Context, who hub.Actor) error {
	app, err := r.hub.PutApp(ctx, who, db.AppRow{Channel: "meituan", Name: "练习", BaseURL: "http://" + meituanHost, PublicURL: "http://" + hubHost,
		Credentials: map[string]string{"app_id": simApp, "secret": simSecret}})
	if err != nil {
		return err
	}
	if err := r.meituan.Configure([]byte(`{"callback":"http://` + hubHost + `/callback/meituan/` + app.ID.String() + `"}`)); err != nil {
		return err
	}
	acct, err := r.hub.PutAccount(ctx, who, db.AccountRow{App: app.ID, Name: "美团外卖 · 练习"})
	for i, t := range teaStores {
		if err == nil {
			_, err = r.hub.PutShop(ctx, who, db.ShopRow{Account: acct.ID, External: t.Code, Store: r.stores[i], Name: t.Name})
		}
	}
	return err
}

func (r *room) connectMercado(ctx context.Context, who hub.Actor) error {
	known := r.mercado.App()
	app, err := r.hub.PutApp(ctx, who, db.AppRow{Channel: "mercadolibre", Name: "Practice", BaseURL: "http://" + mercadoHost, PublicURL: "http://" + hubHost,
		Credentials: map[string]string{"client_id": known.ClientID.String(), "client_secret": known.ClientSecret}})
	if err != nil {
		return err
	}
	err = r.mercado.Register(func(a *mercadolibre.App) {
		a.CallbackURL = "http://" + hubHost + "/callback/mercadolibre/" + app.ID.String() + "/notifications"
	})
	for i, x := range sellers {
		if err != nil {
			return err
		}
		_, refresh, err := r.mercado.Tokens(x.ID)
		if err != nil {
			return err
		}
		acct, err := r.hub.PutAccount(ctx, who, db.AccountRow{App: app.ID, Name: x.Nickname, External: x.ID.String(), Credentials: map[string]string{"site": x.Site, "refresh_token": refresh}})
		if err != nil {
			return err
		}
		if _, err := r.hub.PutShop(ctx, who, db.ShopRow{Account: acct.ID, External: x.ID.String(), Store: r.stores[len(teaStores)+i], Name: x.Nickname}); err != nil {
			return err
		}
	}
	return err
}

// admit lets in whoever was in the old room, and the test keys.
func (r *room) admit(ctx context.Context, old *room) error {
	keys := r.stage.keys()
	if old != nil {
		var err error
		if keys, err = old.db.Keys(ctx, old.merchant); err != nil {
			return err
		}
		users, err := old.db.Users(ctx, old.merchant)
		if err != nil {
			return err
		}
		for _, u := range users {
			list, err := old.db.Sessions(ctx, u.ID)
			if err != nil {
				return err
			}
			if _, err := r.db.AddUser(ctx, u); err != nil {
				return err
			}
			for _, x := range list {
				x.Merchant, x.User = r.merchant, u.ID
				if err := r.db.AddSession(ctx, x); err != nil {
					return err
				}
			}
		}
	}
	for _, k := range keys {
		k.Merchant, k.Stores = r.merchant, nil
		if _, err := r.db.AddKey(ctx, k); err != nil {
			return err
		}
	}
	return nil
}

// enter signs somebody in under the id that he has at the real hub, so that what this
// device keeps for him is his here too.
func (r *room) enter(ctx context.Context, who api.Learner) (string, error) {
	const op = "practice.enter"
	var id ident.User
	if err := id.UnmarshalText([]byte(who.ID)); err != nil {
		return "", fault.Wrap(op, err)
	}
	row := db.UserRow{Merchant: r.merchant, ID: id, Name: who.Name, Role: string(who.Role), Locale: who.Locale, Personal: true}
	if who.Stores != nil {
		row.Stores = r.some()
	}
	r.stage.opened.Lock() // two windows of one person
	_, err := r.db.UserByID(ctx, r.merchant, id)
	if fault.Is(err, fault.NotFound) {
		_, err = r.db.AddUser(ctx, row)
	} else if err == nil {
		err = r.db.SetUser(ctx, row)
	}
	r.stage.opened.Unlock()
	if err != nil {
		return "", fault.Wrap(op, err)
	}
	secret, hash := api.NewToken("")
	err = r.db.AddSession(ctx, db.SessionRow{Hash: hash, Merchant: r.merchant, User: id, Expires: time.Now().Add(r.stage.term.lasts).UnixMilli(), Device: who.Device})
	return secret, fault.Wrap(op, err)
}

// some are the stores of whoever does not see all: a tea shop, and the seller who ships by
// a carrier of his own.
func (r *room) some() []ident.Store {
	return []ident.Store{r.stores[0], r.stores[len(teaStores)+ownCarrier]}
}

// close ends a room and removes its folder, whatever of it there is. The test keys stay.
func (r *room) close() {
	log := r.stage.log
	if r.server != nil {
		r.server.Close()
	}
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		r.mu.Lock()
		inside := r.inside
		r.mu.Unlock()
		if inside == 0 {
			break
		}
	}
	r.stop()
	r.work.Wait()
	var errs []error
	if r.meituan != nil {
		errs = append(errs, r.meituan.Close())
	}
	if r.mercado != nil {
		errs = append(errs, r.mercado.Close())
	}
	if r.db != nil {
		if r.merchant != 0 && r.stage.now() == nil {
			r.saveKeys(context.Background())
		}
		errs = append(errs, r.db.Close())
	}
	if r.dir != "" {
		errs = append(errs, os.RemoveAll(r.dir))
	}
	if err := errors.Join(errs...); err != nil {
		log.Warn("the practice did not end cleanly", "err", err)
	}
}
