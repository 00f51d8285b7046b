package proof

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/tongdan/tongdan/internal/db/dbtest"
	"github.com/tongdan/tongdan/internal/sim"
	mt "github.com/tongdan/tongdan/internal/sim/meituan"
	ml "github.com/tongdan/tongdan/internal/sim/mercadolibre"
)

// TestMain makes the test binary a node when it was started as one.
func TestMain(m *testing.M) {
	RunIfNode()
	os.Exit(m.Run())
}

// engines runs a test on both engines at once, each with a database of its own: it waits for leases and clocks more
// than it works.
func engines(t *testing.T, f func(t *testing.T, p Plan)) {
	inTurn(t, func(t *testing.T, p Plan) {
		t.Parallel()
		f(t, p)
	})
}

// inTurn is engines, one after the other, for a test that works all the time.
func inTurn(t *testing.T, f func(t *testing.T, p Plan)) {
	t.Run("sqlite", func(t *testing.T) { f(t, Plan{Dir: t.TempDir()}) })
	t.Run("postgres", func(t *testing.T) { f(t, Plan{URL: dbtest.Postgres(t), Lease: 2 * time.Second}) })
}

// A process is a Process of a test, where what must work ends the test.
type process struct {
	*Process
	t *testing.T
}

func newProcess(t *testing.T, p Plan) *process {
	t.Helper()
	x, err := NewProcess(p, "-test.run=^$")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		x.Close()
		if t.Failed() {
			t.Logf("the node's log ends:\n%s", x.Log())
		}
	})
	return &process{x, t}
}

func (x *process) start(points ...string) {
	x.t.Helper()
	if err := x.Start(points...); err != nil {
		x.t.Fatal(err)
	}
}

func (x *process) kill() { x.Kill() }

func (x *process) stop() {
	if err := x.Stop(); err != nil {
		x.t.Error(err)
	}
}

// ask calls the door once.
func ask[Out any](x *process, what string, in any) (Out, error) {
	return Ask[Out](x.Process, what, in)
}

// must is ask for what has to work.
func must[Out any](x *process, what string, in any) Out {
	x.t.Helper()
	out, err := ask[Out](x, what, in)
	if err != nil {
		x.t.Fatalf("%s: %v", what, err)
	}
	return out
}

// A world is two platforms, a merchant with a node, and a clock for all.
type world struct {
	t     *testing.T
	clock *sim.Clock
	mt    *mt.Sim
	ml    *ml.Sim
	*process
	made  Made
	first []ml.ID    // placed while warming up
	nodes []*process // behind the front, where there is one; process is then the front
	front *Front
}

const (
	mtShop, mtShopSelf     = "TEA001", "TEA002" // Meituan's riders; its own
	brazil, ownCarrier     = ml.ID(700000001), ml.ID(700000009)
	indexMT, indexBR, inME = 0, 1, 2
)

// A stage says how a world is set.
type stage struct {
	plan     Plan
	start    time.Time
	speed    float64
	seed     uint64
	pullOnly bool
	nodes    int // behind a front; 0 = one without
	meituan  func(*mt.Options)
	mercado  func(*ml.Options)
}

// newWorld opens the platforms, starts a node, and connects both.
func newWorld(t *testing.T, s stage) *world {
	t.Helper()
	w := &world{t: t, clock: sim.NewClock(s.start, s.speed)}
	mo := mt.Options{App: MeituanApp, Secret: MeituanSecret, Clock: w.clock, Seed: s.seed,
		Configure: func(c *mt.Config) { c.Subscribed = mt.AllFields }}
	if s.meituan != nil {
		s.meituan(&mo)
	}
	lo := ml.Options{Clock: w.clock, Seed: s.seed, Config: ml.Config{TopicOffAfter: -1}, Sellers: []ml.Seller{
		{ID: brazil, Site: "MLB", Nickname: "LOJA EXEMPLO", Logistic: "cross_docking"},
		{ID: ownCarrier, Site: "MLM", Nickname: "TIENDA PROPIA", Logistic: "default"},
	}}
	if s.mercado != nil {
		s.mercado(&lo)
	}
	var err error
	if w.mt, err = mt.New(mo); err != nil {
		t.Fatal(err)
	}
	if w.ml, err = ml.New(lo); err != nil {
		t.Fatal(err)
	}
	server := &sim.Server{Platforms: []sim.Platform{w.mt, w.ml}}
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Close() })

	if s.nodes == 0 {
		w.process = newProcess(t, s.plan)
		w.tick()
		w.start()
	} else {
		w.gather(s)
	}
	in := Setup{Name: "shop", Zone: "Asia/Shanghai", Public: w.URL}
	in.Channels = append(in.Channels, SetupChannel{
		Channel: "meituan", BaseURL: server.URL("meituan"), PullOnly: s.pullOnly, Shops: []string{mtShop, mtShopSelf},
		AppCreds: map[string]string{"app_id": MeituanApp, "secret": MeituanSecret},
	})
	for _, sl := range lo.Sellers {
		_, refresh, err := w.ml.Tokens(sl.ID)
		if err != nil {
			t.Fatal(err)
		}
		c := SetupChannel{Channel: "mercadolibre", BaseURL: server.URL("mercadolibre"), PullOnly: s.pullOnly, Account: sl.Nickname,
			External: sl.ID.String(), Shops: []string{sl.ID.String()}, AcctCreds: map[string]string{"site": sl.Site, "refresh_token": refresh},
			AppCreds: map[string]string{"client_id": w.ml.App().ClientID.String(), "client_secret": w.ml.App().ClientSecret}}
		if len(in.Channels) > 1 {
			c.SameAppAs = 2
		}
		in.Channels = append(in.Channels, c)
	}
	w.made = must[Made](w.process, "setup", in)
	if !s.pullOnly {
		w.connect()
	}
	return w
}

// gather starts several nodes and a front before them. What the world asks goes through
// the front.
func (w *world) gather(s stage) {
	w.t.Helper()
	s.plan.Addr = "127.0.0.1:0"
	plan := &process{&Process{Plan: s.plan}, w.t}
	w.process = plan
	w.tick()
	var urls []string
	for range s.nodes {
		x := newProcess(w.t, plan.Plan)
		x.start()
		w.nodes = append(w.nodes, x)
		urls = append(urls, x.URL)
	}
	var err error
	if w.front, err = NewFront(urls...); err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { w.front.Close() })
	plan.URL, plan.http = w.front.URL, &http.Client{Timeout: 30 * time.Second}
}

// stopAll ends all nodes in peace.
func (w *world) stopAll() {
	for _, x := range w.nodes {
		x.stop()
	}
}

// connect tells the platforms where to push.
func (w *world) connect() {
	w.t.Helper()
	if err := w.mt.Configure(json.RawMessage(`{"callback":"` + w.callback("meituan", indexMT) + `"}`)); err != nil {
		w.t.Fatal(err)
	}
	if err := w.ml.Register(func(a *ml.App) { a.CallbackURL = w.callback("mercadolibre", indexBR) + "/notifications" }); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) callback(channel string, i int) string {
	return w.URL + "/callback/" + channel + "/" + w.made.Apps[i].String()
}

// tick gives the node's next start the clock as it goes now.
func (w *world) tick() {
	w.Plan.Trade, w.Plan.Wall, w.Plan.Speed = w.clock.Now().UnixMilli(), time.Now().UnixNano(), w.clock.Speed()
}

// hurry lets the clock run at another speed from now on, for everybody.
func (w *world) hurry(speed float64) {
	w.stop()
	w.clock.SetSpeed(speed)
	w.tick()
	w.start()
}

// faults sets the misbehaviour of both platforms.
func (w *world) faults(p sim.FaultPlan) {
	w.mt.Faults().Set(p)
	w.ml.Faults().Set(p)
}

// pages walks all orders of the node.
func (w *world) pages() []Row {
	w.t.Helper()
	var all []Row
	in := AskOrders{Merchant: w.made.Merchant}
	in.Filter.Limit, in.Filter.Sort = 200, "newest"
	for {
		p := must[Orders](w.process, "orders", in)
		all = append(all, p.Rows...)
		if in.Filter.Cursor = p.Next; p.Next == "" {
			return all
		}
	}
}

// until polls until f is satisfied; f says what it still waits for.
func (w *world) until(d time.Duration, f func() (missing string)) {
	w.t.Helper()
	d *= 5 // of what a quiet machine may take: the other engine is beside it, and more on a full one
	ctx, cancel := context.WithTimeout(w.t.Context(), d)
	defer cancel()
	missing := ""
	for pause := 20 * time.Millisecond; ; pause = min(pause*3/2, time.Second) {
		if missing = f(); missing == "" {
			return
		}
		select {
		case <-ctx.Done():
			w.t.Fatalf("after %v: %s", d, missing)
		case <-time.After(pause):
		}
	}
}

func (w *world) state() State {
	return must[State](w.process, "state", AskOrder{Merchant: w.made.Merchant})
}

func (w *world) count() State {
	return must[State](w.process, "count", AskOrder{Merchant: w.made.Merchant})
}

func short(list []string) string {
	if len(list) > 20 {
		list = append(list[:20:20], fmt.Sprintf("… and %d more", len(list)-20))
	}
	return strings.Join(list, "\n")
}

type meituanOptions = mt.Options

// slowDeadlines lets orders and refunds wait for days, for tests that are not about
// deadlines.
func slowDeadlines(o *meituanOptions) {
	before := o.Configure
	o.Configure = func(c *mt.Config) {
		before(c)
		c.AcceptWithin, c.RefundWithin, c.CompleteAnyway = 7*86400, 7*86400, 20*86400
	}
}
