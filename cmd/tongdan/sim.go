package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/tongdan/tongdan/internal/sim"
	"github.com/tongdan/tongdan/internal/sim/meituan"
	"github.com/tongdan/tongdan/internal/sim/mercadolibre"
	"github.com/tongdan/tongdan/internal/sim/messengers"
	"github.com/tongdan/tongdan/internal/sim/printers"
)

// What the simulated platforms know us by. It opens nothing but them.
const (
	simApp    = "4321"
	simSecret = "3d8f1c5e7a9b2d4f6081a3c5e7f90b1d"
	simClient = 1234567890123456
	simKey    = "tongdan-simulated-secret"
	simRobot  = "tongdan-robot-1"
	simPhone  = "13900000002"

	simDeveloper = "100001"
	simSignKey   = "9c2e4a6b8d0f1357"
)

// teaStores are the tea shop's stores on the simulated Meituan: two that Meituan's riders
// serve, one that delivers itself.
var teaStores = []meituan.Store{
	{Code: "TEA001", Name: "山间茶事(湖滨店)", Address: "杭州市上城区柳荫路18号", Logistics: "1001", Latitude: 30.2561, Longitude: 120.1632},
	{Code: "TEA002", Name: "山间茶事(云栖店)", Address: "杭州市西湖区竹影街6号", Logistics: "0000", Latitude: 30.1872, Longitude: 120.0931},
	{Code: "TEA003", Name: "山间茶事(滨江店)", Address: "杭州市滨江区江晖路88号", Logistics: "1001", Latitude: 30.2084, Longitude: 120.2118},
}

// providedStore is one more, of the demonstration alone, that a service provider reaches under providedShop; it delivers itself.
var providedStore = meituan.Store{Code: "TEA004", Name: "山间茶事(西溪店)", Address: "杭州市西湖区文二西路12号", Logistics: "0000", Latitude: 30.2741, Longitude: 120.0632}

const providedShop = "1004" // its ePoiId

// simPrinters are the ticket printers of the tea shop: of each make one, one for each store.
var simPrinters = []struct {
	Store string // code of the store
	printers.Printer
}{
	{"TEA001", printers.Printer{Name: "湖滨店后厨", Make: printers.ESCPOS, Columns: 48}},
	{"TEA002", printers.Printer{Name: "云栖店后厨", Make: printers.Feie, Serial: "922500001", Key: "k2345678"}},
	{"TEA003", printers.Printer{Name: "滨江店后厨", Make: printers.Yilianyun, Serial: "4004000001", Key: "m2345678"}},
}

// sellers are the accounts on the simulated Mercado Libre: three countries, three ways of
// shipping.
var sellers = []mercadolibre.Seller{
	{ID: 700000001, Site: "MLB", Nickname: "LOJA EXEMPLO BR", Logistic: "cross_docking"},
	{ID: 700000002, Site: "MLM", Nickname: "TIENDA EJEMPLO MX", Logistic: "drop_off"},
	{ID: 700000005, Site: "MCO", Nickname: "TIENDA EJEMPLO CO", Logistic: "default"},
}

// simulators are the platforms that we play ourselves.
type simulators struct {
	clock   *sim.Clock
	meituan *meituan.Sim
	mercado *mercadolibre.Sim
	phones  *messengers.Sim
	paper   *printers.Sim
	server  *sim.Server
	books   []*sim.Book
}

// simOptions say where the simulators listen and keep their books.
type simOptions struct {
	dir                                   string // "" = memory
	seed                                  uint64
	speed                                 float64
	meituanAddr, mercadoAddr, backstageAt string
	partnerAddr                           string // Meituan's platform of service providers; "" = without it
	messengersAddr                        string
	cloudAddr, networkAddr                string // of the printers' clouds, and of the printer on the network
	console                               string // address of the console, which stands in a template
}

// startSims opens the simulators on their books and begins to listen.
func startSims(o simOptions) (s *simulators, err error) {
	s = &simulators{clock: sim.NewClock(time.Time{}, o.speed)}
	defer func() {
		if err != nil {
			s.close()
			s = nil
		}
	}()
	book := func(name string) (*sim.Book, error) {
		path := ""
		if o.dir != "" {
			path = filepath.Join(o.dir, name+".book")
		}
		b, err := sim.OpenBook(path)
		if err == nil {
			s.books = append(s.books, b)
		}
		return b, err
	}
	clock, err := book("clock")
	if err != nil {
		return s, err
	}
	if err = s.clock.Keep(clock); err != nil {
		return s, err
	}
	s.clock.SetSpeed(o.speed) // the setting of today wins over that of the last run
	mt, err := book("meituan")
	if err != nil {
		return s, err
	}
	s.meituan, err = meituan.New(meituan.Options{App: simApp, Secret: simSecret, Stores: teaStores, Clock: s.clock, Book: mt, Seed: o.seed,
		Partner: meituan.PartnerOptions{Developer: simDeveloper, SignKey: simSignKey}})
	if err != nil {
		return s, err
	}
	ml, err := book("mercadolibre")
	if err != nil {
		return s, err
	}
	s.mercado, err = mercadolibre.New(mercadolibre.Options{
		Clock: s.clock, Book: ml, Seed: o.seed, Sellers: sellers,
		App: mercadolibre.App{ClientID: simClient, ClientSecret: simKey},
	})
	if err != nil {
		return s, err
	}
	s.phones = messengers.New(messengers.Options{
		Robots: []messengers.Robot{{Vendor: messengers.DingTalk, Token: simRobot, Secret: simKey, Group: "山间茶事门店群"}},
		SMS: []messengers.SMS{{Vendor: messengers.Aliyun, KeyID: simApp, Secret: simKey, SignName: "山间茶事", Templates: []messengers.Template{
			{ID: "SMS_100001", Text: "验证码${code}，5分钟内有效。", Code: true}, {ID: "SMS_100002", Text: "${what}，${left}。打开 " + o.console + "/k#${link}"}}}},
	})
	po := printers.Options{Clock: s.clock, Seed: o.seed, Bound: true, Accounts: []printers.Account{{Make: printers.Feie, ID: simApp, Secret: simKey}, {Make: printers.Yilianyun, ID: simApp, Secret: simKey}}}
	for _, p := range simPrinters {
		po.Printers = append(po.Printers, p.Printer)
	}
	s.paper = printers.New(po)
	for _, d := range s.paper.Devices() {
		if d.Make == printers.ESCPOS {
			if _, err = d.Listen(o.networkAddr); err != nil {
				return s, fmt.Errorf("the printer of the network: %w", err)
			}
		}
	}
	s.server = &sim.Server{
		Platforms: []sim.Platform{s.meituan, s.mercado, s.phones, s.paper}, BackstageAddr: o.backstageAt,
		Addr: map[string]string{s.meituan.Name(): o.meituanAddr, s.mercado.Name(): o.mercadoAddr, s.phones.Name(): o.messengersAddr, s.paper.Name(): o.cloudAddr},
	}
	if o.partnerAddr != "" {
		partner := s.meituan.Partner()
		s.server.Platforms = append(s.server.Platforms, partner)
		s.server.Addr[partner.Name()] = o.partnerAddr
	}
	return s, s.server.Start()
}

// crowd lets customers, riders and carriers live until ctx ends. rate is orders a minute.
func (s *simulators) crowd(ctx context.Context, g *errgroup.Group, rate float64, seed uint64) {
	live := func(f func() error) {
		g.Go(func() error {
			if err := f(); err != nil && ctx.Err() == nil {
				return fmt.Errorf("the simulated customers stopped: %w", err)
			}
			return nil
		})
	}
	live(func() error {
		return s.meituan.Live(ctx, meituan.LiveOptions{RatePerMinute: rate * 2 / 3, Seed: seed})
	})
	live(func() error {
		return s.mercado.Live(ctx, mercadolibre.LiveOptions{RatePerMinute: rate / 3, Seed: seed, Sites: []string{"MLB", "MLM", "MCO"}, PrintForSeller: true})
	})
}

func (s *simulators) close() error {
	var errs []error
	switch {
	case s.server != nil:
		errs = append(errs, s.server.Close())
	default:
		if s.meituan != nil {
			errs = append(errs, s.meituan.Close())
		}
		if s.mercado != nil {
			errs = append(errs, s.mercado.Close())
		}
		if s.paper != nil {
			errs = append(errs, s.paper.Close())
		}
	}
	for _, b := range s.books {
		errs = append(errs, b.Close())
	}
	return errors.Join(errs...)
}

// sim serves the simulators alone.
func (c command) sim(ctx context.Context, args []string) error {
	f := c.flags("sim")
	mt := f.String("meituan-addr", "127.0.0.1:8091", "address of the simulated Meituan Waimai")
	mp := f.String("meituan-partner-addr", "127.0.0.1:8094", "address of the simulated Meituan platform for service providers")
	ml := f.String("mercadolibre-addr", "127.0.0.1:8092", "address of the simulated Mercado Libre")
	ph := f.String("messengers-addr", "127.0.0.1:8093", "address of the simulated robots and short-message services")
	pc := f.String("printers-addr", "127.0.0.1:8095", "address of the simulated printers' clouds (Feie, Yilianyun)")
	pn := f.String("printer-addr", "127.0.0.1:9100", "address of the simulated printer of the network (ESC/POS)")
	console := f.String("console", "http://127.0.0.1:8080", "address of the console, which stands in the approved template of short messages")
	back := f.String("backstage-addr", "127.0.0.1:8081", "address of the page on which one plays customers, riders and the platforms; it has no sign-in")
	dir := f.String("data", "", "folder of the books; without one nothing outlives the process")
	seed := f.Uint64("seed", 1, "makes what is made up repeatable")
	speed := f.Float64("speed", 1, "how much faster than real time the platforms' clock runs; 0 stands still")
	rate := f.Float64("rate", 0, "orders a minute that come by themselves")
	if err := parse(f, args); err != nil {
		return err
	}
	if err := checkPace(*speed, *rate, 0); err != nil {
		return err
	}
	if *dir != "" {
		if err := os.MkdirAll(*dir, 0o700); err != nil {
			return fmt.Errorf("--data: %w", err)
		}
	}
	s, err := startSims(simOptions{dir: *dir, seed: *seed, speed: *speed, meituanAddr: *mt, partnerAddr: *mp, mercadoAddr: *ml, messengersAddr: *ph, cloudAddr: *pc, networkAddr: *pn, console: *console, backstageAt: *back})
	if err != nil {
		return err
	}
	defer s.close()
	fmt.Fprintf(c.out, "Meituan Waimai  %s  app_id %s, secret %s\n", s.server.URL("meituan"), simApp, simSecret)
	fmt.Fprintf(c.out, "  for providers %s  developerId %s, signKey %s\n", s.server.URL("meituan-partner"), simDeveloper, simSignKey)
	fmt.Fprintf(c.out, "Mercado Libre   %s  client_id %d, client_secret %s\n", s.server.URL("mercadolibre"), simClient, simKey)
	fmt.Fprintf(c.out, "Phones, groups  %s  DingTalk token %s, Aliyun key %s, secret %s\n", s.server.URL("messengers"), simRobot, simApp, simKey)
	fmt.Fprintf(c.out, "Printers        %s  Feie user %s, Yilianyun client_id %s, secret %s; network printer %s; paper at %s%s\n", s.server.URL("printers"), simApp, simApp, simKey, s.paper.Device(simPrinters[0].Name).Addr(), s.server.URL(""), s.paper.Page())
	fmt.Fprintf(c.out, "Backstage       %s/\n", s.server.URL(""))
	g, ctx := errgroup.WithContext(ctx)
	if *rate > 0 {
		s.crowd(ctx, g, *rate, *seed)
	}
	g.Go(func() error { <-ctx.Done(); return nil })
	return g.Wait()
}

func checkPace(speed, rate, least float64) error {
	if !(speed >= least && speed <= 10_000) {
		return fmt.Errorf("--speed is %g: use %g to 10000", speed, least)
	}
	if !(rate >= 0 && rate <= 6000) {
		return fmt.Errorf("--rate is %g: use 0 to 6000 orders a minute", rate)
	}
	return nil
}

// asBefore is the address of the last run when it is free; "" = any. A new port is not looked for
// here: one that was found and let go may be another's by the time it is opened.
func asBefore(last string) string {
	if last == "" {
		return ""
	}
	l, err := net.Listen("tcp", last)
	if err != nil {
		return ""
	}
	l.Close()
	return last
}
