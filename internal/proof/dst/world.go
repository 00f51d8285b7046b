package dst

import (
	"context"
	"encoding/json"
	"fmt"
	"hash"
	"hash/fnv"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"testing/synctest"
	"time"

	"github.com/tongdan/tongdan/channel"
	"github.com/tongdan/tongdan/ident"
	"github.com/tongdan/tongdan/internal/db"
	"github.com/tongdan/tongdan/internal/hub"
	"github.com/tongdan/tongdan/internal/platform"
	"github.com/tongdan/tongdan/internal/sim"
	mt "github.com/tongdan/tongdan/internal/sim/meituan"
	ml "github.com/tongdan/tongdan/internal/sim/mercadolibre"
)

// A World is two platforms, a merchant's database in memory, and the hubs that work on it,
// in one bubble of testing/synctest, whose clock stands still while anything runs. The
// driver alone decides what runs next.
type World struct {
	script Script
	rng    *rand.Rand // of the driver's choices; drawn anew at each step of the script
	ids    *rand.Rand
	clock  *sim.Clock
	mt     *mt.Sim
	ml     *ml.Sim
	mem    *db.Memory
	nodes  []*node
	tasks  []*task
	now    *task   // that has the word
	hands  []*hand // without a task

	merchant ident.Merchant
	apps     map[string]ident.App
	orders   []placed
	pressed  map[string]*press
	resent   map[string]int // by effect: how often a person had it sent again
	names    []string       // of presses, in order
	ready    map[string]bool
	answered int                     // pushes that Meituan holds for received
	counted  struct{ upTo, n int64 } // pushes in the journal, up to a line, see durable
	asking   map[ident.Account]bool  // accounts that their owner is authorising
	cases    map[string]bool         // refund cases whose answer somebody asked for, by order and case

	hash    hash.Hash64
	note    []byte   // the line that goes into it
	lines   []string // the trace, for people; kept only when somebody wants to read it
	keep    bool
	coarse  time.Duration
	pile    *pile             // what is counted; nil = nothing
	broken  map[db.Moment]int // how often the database is still to fail
	writing bool              // a writer has its turn
	wrong   []string          // what broke the promise
	calls   int
}

// A placed order, by the life that it belongs to.
type placed struct {
	life    int
	channel string
	ref     string
}

const (
	hubURL         = "http://hub.test"
	meituanURL     = "http://meituan.test"
	mercadoURL     = "http://mercadolibre.test"
	app, secret    = "4031", "c0nsumer-secret-of-tests"
	lease          = 20 * time.Second
	brazil, mexico = ml.ID(700000001), ml.ID(700000009)
)

var shops = []string{"TEA001", "TEA002"}

var masterKey = [32]byte{1, 2, 3, 4, 5, 6, 7, 8}

// begins is when every day begins: a Sunday at eleven in Shanghai.
var begins = time.Date(2026, 3, 1, 3, 0, 0, 0, time.UTC)

// open makes the world of a script on an empty database.
func open(s Script, empty *db.Memory, keep bool) (*World, error) {
	time.Sleep(time.Until(begins))
	w := &World{script: s, mem: empty, ids: rand.New(rand.NewPCG(s.Seed, 1)), rng: rand.New(rand.NewPCG(s.Seed, 2)), hash: fnv.New64a(), keep: keep,
		apps: map[string]ident.App{}, pressed: map[string]*press{}, resent: map[string]int{}, ready: map[string]bool{}, cases: map[string]bool{}, asking: map[ident.Account]bool{}, broken: map[db.Moment]int{}}
	w.mem.Fail = w.fails
	w.clock = sim.NewClock(time.Time{}, 1)
	run := func(name string) func(func()) { return func(f func()) { w.spawn(nil, "push of "+name, f) } }
	var err error
	pushes := &http.Client{Transport: door{w}}
	if w.mt, err = mt.New(mt.Options{App: app, Secret: secret, Clock: w.clock, Seed: s.Seed, Pushes: pushes, Go: run("meituan"), Calls: sim.NewCalls(64), OnStock: w.stockTold,
		Configure: func(c *mt.Config) { c.Subscribed = mt.AllFields }}); err != nil {
		return nil, err
	}
	w.ml, err = ml.New(ml.Options{Clock: w.clock, Seed: s.Seed, Config: ml.Config{TopicOffAfter: -1}, Pushes: pushes, Go: run("mercadolibre"), OnStock: w.stockTold, Sellers: []ml.Seller{
		{ID: brazil, Site: "MLB", Nickname: "LOJA EXEMPLO", Logistic: "cross_docking"},
		{ID: mexico, Site: "MLM", Nickname: "TIENDA PROPIA", Logistic: "default"},
	}})
	if err != nil {
		return nil, err
	}
	for i := range max(s.Nodes, 1) {
		w.nodes = append(w.nodes, &node{w: w, n: i, mem: w.mem})
	}
	if err := w.nodes[0].start(); err != nil {
		return nil, err
	}
	if err := w.setUp(w.nodes[0]); err != nil {
		return nil, err
	}
	for _, n := range w.nodes[1:] {
		if err := n.start(); err != nil {
			return nil, err
		}
	}
	return w, nil
}

func (w *World) close() {
	for _, n := range w.nodes {
		n.kill()
	}
	for len(w.tasks) > 0 {
		w.kill(w.tasks[0])
	}
	for _, h := range w.hands {
		h.stop()
	}
	w.mt.Close()
	w.ml.Close()
	w.mem.Fail = nil
}

func (w *World) actor() hub.Actor {
	return hub.Actor{Scope: db.Scope{Merchant: w.merchant, Personal: true}, ID: "usr_clerk", Name: "clerk", Role: "owner"}
}

// setUp connects a merchant with both platforms.
func (w *World) setUp(n *node) error {
	ctx := context.Background()
	m, err := n.db.AddMerchant(ctx, db.MerchantRow{Name: "shop", Locale: "en"})
	if err != nil {
		return err
	}
	w.merchant = m.ID
	who := w.actor()
	store, err := n.hub.PutStore(ctx, who, db.StoreRow{Name: "shop", Zone: "Asia/Shanghai"})
	if err != nil {
		return err
	}
	shopIDs := map[string]ident.Shop{}
	connect := func(name, base string, creds map[string]string, accounts ...db.AccountRow) error {
		a, err := n.hub.PutApp(ctx, who, db.AppRow{Channel: name, Name: name, BaseURL: base, PublicURL: hubURL, Credentials: creds})
		if err != nil {
			return err
		}
		w.apps[name] = a.ID
		for _, row := range accounts {
			row.App = a.ID
			acct, err := n.hub.PutAccount(ctx, who, row)
			if err != nil {
				return err
			}
			codes := shops
			if row.External != "" {
				codes = []string{row.External}
			}
			for _, code := range codes {
				shop, err := n.hub.PutShop(ctx, who, db.ShopRow{Account: acct.ID, External: code, Store: store.ID, Name: code})
				if err != nil {
					return err
				}
				shopIDs[code] = shop.ID
			}
		}
		return nil
	}
	if err := connect("meituan", meituanURL, map[string]string{"app_id": app, "secret": secret}, db.AccountRow{Name: "meituan"}); err != nil {
		return err
	}
	var sellers []db.AccountRow
	for _, id := range []ml.ID{brazil, mexico} {
		s, _ := w.ml.Seller(id)
		_, refresh, err := w.ml.Tokens(id)
		if err != nil {
			return err
		}
		sellers = append(sellers, db.AccountRow{Name: s.Nickname, External: id.String(), Credentials: map[string]string{"site": s.Site, "refresh_token": refresh}})
	}
	if err := connect("mercadolibre", mercadoURL, map[string]string{"client_id": w.ml.App().ClientID.String(), "client_secret": w.ml.App().ClientSecret}, sellers...); err != nil {
		return err
	}
	if err := w.mt.Configure(json.RawMessage(`{"callback":"` + hubURL + "/callback/meituan/" + w.apps["meituan"].String() + `"}`)); err != nil {
		return err
	}
	if err := w.ml.Register(func(a *ml.App) {
		a.CallbackURL = hubURL + "/callback/mercadolibre/" + w.apps["mercadolibre"].String() + "/notifications"
	}); err != nil {
		return err
	}
	return w.stockUp(n, store.ID, shopIDs)
}

// A node is one hub with what it holds in memory.
type node struct {
	w      *World
	n      int
	mem    *db.Memory
	copied bool // runs on a restored copy: it must stay silent
	db     *db.DB
	hub    *hub.Hub
	life   int       // counts starts
	until  time.Time // frozen until then
	back   time.Time // when it comes back after its death
	writes int       // turns of the writer
	next   time.Time // when its lanes are to be looked after again
	last   time.Time // when they were
	turns  bool      // they are being looked after
	read   time.Time // when it last read what other nodes change: the directory
}

func (n *node) up() bool                  { return n.db != nil }
func (n *node) frozen(now time.Time) bool { return n.until.After(now) }
func (n *node) name() string              { return fmt.Sprintf("node %d", n.n) }

// start opens the database and a hub on it, as a process does.
func (n *node) start() error {
	w := n.w
	n.life++
	d, err := db.Open(context.Background(), db.Options{Memory: n.mem, Key: masterKey, Log: slog.New(&mistakes{w: w}), Turn: n.turn,
		ID: func(now time.Time) int64 { return ident.Of(now, w.ids.Uint32()) }})
	if err != nil {
		return err
	}
	life := n.life
	reads, calls := channel.ClientsOver(wire{w, n, life, false}, wire{w, n, life, true})
	n.db = d
	n.hub = hub.New(hub.Options{DB: d, Platforms: platform.All(), NoComments: true, Log: slog.New(&mistakes{w: w}), Lease: lease, Reads: reads, Calls: calls, Yield: n.yield,
		Go: func(f func()) { w.spawn(n, "attempt on "+n.name(), f) }})
	n.next, n.last, n.turns = time.Now(), time.Time{}, false
	return nil
}

// kill ends the node with everything that it holds in memory.
func (n *node) kill() {
	if !n.up() {
		return
	}
	for i := 0; i < len(n.w.tasks); {
		if t := n.w.tasks[i]; t.node == n {
			n.w.kill(t)
			continue
		}
		i++
	}
	if err := n.db.Close(); err != nil {
		n.w.violate("closing %s: %v", n.name(), err)
	}
	n.db, n.hub = nil, nil
}

// turn is what whoever waits for the writer does: it gives the word to the driver until
// the writer has had a turn. Outside of the simulated day it lets the writer work at once.
func (n *node) turn(d *db.DB) {
	if n.w.now == nil {
		d.Write()
		return
	}
	writes := n.writes
	n.w.pause(0, func() bool { return n.writes != writes })
}

// yield lets others go on while one waits for another's call.
func (n *node) yield() {
	if n.w.now != nil {
		n.w.pause(10*time.Millisecond, nil)
	}
}

// waits reports whether somebody waits for the node's writer.
func (n *node) waits() bool {
	for _, t := range n.w.tasks {
		if t.node == n && t.ready != nil && !t.ready() {
			return true
		}
	}
	return false
}

// write lets the node's writer carry out what waits.
func (n *node) write() {
	n.w.trace("writer of " + n.name())
	n.w.writing = true
	n.db.Write()
	n.w.writing = false
	n.writes++
}

// look lets the node look after its lanes.
func (n *node) look() {
	n.turns, n.last = true, time.Now()
	if len(n.w.nodes) > 1 && n.last.Sub(n.read) > 10*time.Second {
		n.read = n.last
		if err := n.db.Reload(context.Background()); err != nil && !goesOn(err) {
			n.w.violate("%s: %v", n.name(), err)
		}
	}
	n.w.spawn(n, "lanes of "+n.name(), func() {
		next, err := n.hub.Turn(context.Background())
		if err != nil && !goesOn(err) {
			n.w.violate("%s: %v", n.name(), err)
		}
		n.next, n.turns = next, false
	})
}

// lookEvery is how soon lanes are looked after again when something has happened; the
// runner itself looks into the database no more often.
const lookEvery = 200 * time.Millisecond

// wants is when the node's lanes want to be looked after.
func (n *node) wants() time.Time {
	late := n.next
	if by := n.last.Add(n.w.coarse); by.After(late) {
		late = by
	}
	if n.hub.News() {
		if soon := n.last.Add(lookEvery); soon.Before(late) {
			return soon
		}
	}
	return late
}

// mistakes is a log that takes every error for a broken promise: a panic, a push that had
// to be parked.
type mistakes struct{ w *World }

func (m *mistakes) Enabled(_ context.Context, l slog.Level) bool { return l >= slog.LevelError }
func (m *mistakes) WithAttrs([]slog.Attr) slog.Handler           { return m }
func (m *mistakes) WithGroup(string) slog.Handler                { return m }
func (m *mistakes) Handle(_ context.Context, r slog.Record) error {
	var b strings.Builder
	b.WriteString(r.Message)
	r.Attrs(func(a slog.Attr) bool {
		fmt.Fprintf(&b, " %s=%v", a.Key, a.Value)
		return true
	})
	m.w.violate("the log says: %s", b.String())
	return nil
}

// sleep lets time pass for everybody. Timers of the platforms fire meanwhile; the word is
// taken up again when all of them have ended.
func (w *World) sleep(d time.Duration) {
	if d > 0 {
		time.Sleep(d)
	}
	synctest.Wait()
}

// trace notes what happens next, when it was asked for. The hash over it says whether two
// runs were the same.
func (w *World) trace(what string) {
	if !w.keep {
		return
	}
	ms := time.Since(begins).Milliseconds()
	w.note = append(append(append(strconv.AppendInt(w.note[:0], ms, 10), ' '), what...), '\n')
	w.hash.Write(w.note)
	w.lines = append(w.lines, fmt.Sprintf("%10.3f  %s", float64(ms)/1000, what))
}

const maxWrong = 20

func (w *World) violate(format string, args ...any) {
	if len(w.wrong) < maxWrong {
		w.wrong = append(w.wrong, fmt.Sprintf("%.3f s: %s", time.Since(begins).Seconds(), fmt.Sprintf(format, args...)))
	}
}
