// Package hub has the use cases, one file a verb: what arrives (callback.go, learn.go),
// what people do (act.go, batch.go), what is asked of the platforms (perform.go), what is
// looked up there (reconcile.go), what could not be read (parked.go), and the directory
// of stores, apps, accounts and shops (directory.go).
//
// Every verb is one transaction of package db: load, decide, save. Whatever comes back
// from a platform (a push, a pull, an answer) goes through one door, learn.
package hub

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"os"
	"runtime/debug"
	"sync"
	"time"

	"github.com/tongdan/tongdan/channel"
	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/ident"
	"github.com/tongdan/tongdan/internal/db"
	"github.com/tongdan/tongdan/internal/lane"
	"github.com/tongdan/tongdan/order"
	"github.com/tongdan/tongdan/printer"
	"github.com/tongdan/tongdan/role"
)

// A Clock is the trade's clock: the one by which platforms count their minutes. It is
// the wall clock, except in a rehearsal, where it runs faster. Leases, time-outs and
// pauses always go by the wall.
type Clock struct {
	Now   func() time.Time
	Speed float64 // trade seconds per wall second
}

// Real is the trade's clock of real life.
var Real = Clock{Now: time.Now, Speed: 1}

// Wall tells when a moment of trade will be on the wall clock.
func (c Clock) Wall(t time.Time) time.Time {
	return time.Now().Add(time.Duration(float64(t.Sub(c.Now())) / c.Speed))
}

// Trade tells what the trade's clock showed, or will show, at a moment of the wall clock.
func (c Clock) Trade(wall time.Time) time.Time {
	return c.Now().Add(-time.Duration(float64(time.Since(wall)) * c.Speed))
}

// Options of a Hub.
type Options struct {
	DB         *db.DB
	Platforms  []channel.Platform
	Clock      Clock
	Log        *slog.Logger
	Version    string // of the program, for whoever looks which nodes run
	NoLanes    bool   // work nothing outside: the benchmark of the intake alone
	NoComments bool   // nobody looks at customers' comments and at how shops are shown: for a simulation
	NoBudget   bool   // no rate budget of apps: measurements on simulators, of what the hub itself needs

	// PublicURL is where people reach the console, for links in messages to phones; without
	// a slash at the end. "" = messages lead nowhere.
	PublicURL string

	// KnockEvery is how often it is looked what is to knock at phones; 0 = 5 s.
	KnockEvery time.Duration

	// AllowPrivate are the ranges outside the public internet that may be called:
	// simulators on this machine, say. An app's address that leads elsewhere is refused.
	AllowPrivate []netip.Prefix

	// Lease is how long a lane is leased for: what a node that dies leaves is taken up
	// by another after so long at most. 0 = 20 s.
	Lease time.Duration

	// Reads and Calls, instead of those of channel.NewClients, and Go, instead of
	// goroutines, are for a simulation that decides itself what happens next; it calls
	// Turn instead of Run.
	Reads, Calls *http.Client
	Go           func(func())
	Yield        func() // see channel.Env

	// Dial reaches printers that stand in a network, instead of the machine's own; for a
	// hub that is to reach nobody.
	Dial func(ctx context.Context, network, addr string) (net.Conn, error)
}

// A Hub serves one database. Its methods may be called concurrently.
type Hub struct {
	db         *db.DB
	platforms  map[string]channel.Platform // by name
	realms     map[string]*channel.Info    // by realm: the first that declares it
	names      []string
	clock      Clock
	log        *slog.Logger
	runner     *lane.Runner
	reads      *client
	mu         sync.Mutex
	conns      map[ident.Account]*conn
	noLanes    bool
	noComments bool
	taking     takings // what could not be taken lately
	noBudget   bool
	begun      bool // the lanes are worked: the database is armed, and everything is scheduled
	spawn      func(func())
	again      *again // of a replay: what happened then is given, nothing is asked or journalled
	meters     *meters
	tally      tally
	owner      string // of this process's leases
	version    string
	healths    sync.Map // *oldHealth by merchant
	public     string   // see Options.PublicURL
	knocks     time.Duration
	network    printer.Network // to printers of this machine's network
	waiving    sync.Mutex      // of what shops go without
	hearings   sync.Map        // hearing → time.Time: when it was last noted
	counts     sync.Map        // account → countState: the day that is being counted
	uncounted  sync.Map        // shop → until when it is not counted, since that failed
	looked     sync.Map        // of the radar, radarLook by merchant, see nears
	giving     giving          // comments that wait for what is nearer to a penalty
	placed     placed          // when riders' places were last told
}

// New wires a hub; Run works its lanes.
func New(o Options) *Hub {
	h := &Hub{
		db: o.DB, platforms: map[string]channel.Platform{}, realms: map[string]*channel.Info{}, clock: o.Clock, log: o.Log,
		conns: map[ident.Account]*conn{}, noLanes: o.NoLanes, noBudget: o.NoBudget, noComments: o.NoComments, meters: newMeters(), version: o.Version,
		public: o.PublicURL, knocks: cmp.Or(o.KnockEvery, knockEvery),
	}
	if h.clock.Now == nil {
		h.clock = Real
	}
	if h.log == nil {
		h.log = slog.New(slog.DiscardHandler)
	}
	for _, p := range o.Platforms {
		info := p.Info()
		h.platforms[info.Name] = p
		h.names = append(h.names, info.Name)
		if h.realms[info.Realm] == nil {
			h.realms[info.Realm] = info
		}
	}
	h.reads = &client{o.Reads, o.Calls, o.Yield}
	if o.Reads == nil {
		h.reads.reads, h.reads.calls = channel.NewClients(o.AllowPrivate...)
	}
	if h.network.Dial = o.Dial; o.Dial == nil {
		h.network.Dial = channel.NewDialer(o.AllowPrivate...).DialContext
	}
	if h.db != nil && h.db.Inert() {
		h.network.Dial = func(context.Context, string, string) (net.Conn, error) { return nil, channel.ErrPrivate }
		h.reads.reads, h.reads.calls = channel.NoClients()
	}
	if h.spawn = o.Go; h.spawn == nil {
		h.spawn = func(f func()) { go f() }
	}
	var owner [8]byte
	rand.Read(owner[:])
	h.owner = hex.EncodeToString(owner[:])
	h.runner = lane.New(lane.Options{
		DB: h.db, Kinds: h.kind, Tasks: tasks, Budget: h.budget, Owner: h.owner, TTL: o.Lease, Log: h.log, Go: o.Go, Watch: h.watch(),
	})
	return h
}

// Run works the lanes until ctx ends. A database that is not armed (restored, copied)
// gets no lane: nothing is sent until a person arms it.
func (h *Hub) Run(ctx context.Context) error {
	var beats sync.WaitGroup
	beats.Go(func() { h.beat(ctx) })
	beats.Go(func() { h.watchDatabase(ctx) })
	beats.Go(func() { h.bringBack(ctx) })
	beats.Go(func() { h.followShops(ctx) })
	defer beats.Wait()
	for {
		switch begun, err := h.begin(ctx); {
		case ctx.Err() != nil:
			return nil
		case fault.Is(err, fault.Unavailable), fault.Is(err, fault.Unknown): // the database may come back
			h.log.Warn("the lanes cannot begin yet; trying again", "err", err)
		case err != nil:
			return err
		case begun:
			return h.runner.Run(ctx)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(armedEvery):
		}
	}
}

const armedEvery = time.Second

// begin schedules what repeats, once the database is armed.
func (h *Hub) begin(ctx context.Context) (begun bool, err error) {
	if h.begun {
		return true, nil
	}
	armed, err := h.db.Armed(ctx)
	if err != nil || !armed {
		return false, fault.Wrap("hub.begin", err)
	}
	if err := h.schedule(ctx); err != nil {
		return false, err
	}
	h.begun = true
	return true, nil
}

// Turn is one round of Run, which is not to be used beside it: it begins what is due and
// says when to come again, unless News says so earlier.
func (h *Hub) Turn(ctx context.Context) (time.Time, error) {
	if begun, err := h.begin(ctx); !begun {
		return time.Now().Add(armedEvery), err
	}
	return h.runner.Turn(ctx), nil
}

// News reports whether something may be due before the moment that Turn gave.
func (h *Hub) News() bool { return h.runner.News() }

// gcPercent lets the heap of a hub grow to four times what is alive before it is swept:
// that is tens of megabytes, and a quarter more pushes a second (docs/performance.md).
const gcPercent = 300

// TuneMemory sets the collector for a process that runs a hub, unless GOGC says otherwise.
func TuneMemory() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
}

// DB gives the database, for what only reads.
func (h *Hub) DB() *db.DB { return h.db }

// Platform finds a connector by its name.
func (h *Hub) Platform(name string) (channel.Platform, bool) {
	p, ok := h.platforms[name]
	return p, ok
}

// Channels lists what is known of each platform, in a stable order.
func (h *Hub) Channels() []*channel.Info {
	out := make([]*channel.Info, 0, len(h.names))
	for _, n := range h.names {
		out = append(out, h.platforms[n].Info())
	}
	return out
}

// info finds the platform of an order by its channel, else by its realm.
func (h *Hub) info(channelName, realm string) *channel.Info {
	if p, ok := h.platforms[channelName]; ok {
		return p.Info()
	}
	return h.realms[realm]
}

func (h *Hub) now() time.Time { return h.clock.Now() }

// Now is the time by which deadlines run: that of the real clock, or in a demonstration
// that of the simulated platforms. Safe for concurrent use.
func (h *Hub) Now() time.Time { return h.now() }

// wallMS is a moment of trade on the wall clock, in ms; 0 stays 0.
func (h *Hub) wallMS(trade int64) int64 {
	if trade == 0 {
		return 0
	}
	return h.clock.Wall(time.UnixMilli(trade)).UnixMilli()
}

// An Actor is who does something, with the right to what.
type Actor struct {
	db.Scope
	ID   string // usr_…, key_…, dev_…
	Name string
	Role role.Role

	// Screen is the role of the paired device at which a person acts, or that acts itself;
	// "" = none. Both must have a right.
	Screen role.Role
}

// May says whether the actor has a right, as an error that says who has. On which stores
// is the Scope's part.
func (a Actor) May(op string, right role.Right) error {
	if a.Screen != "" && a.Screen != a.Role && !a.Screen.May(right, a.Stores == nil) {
		return &fault.Error{Op: op, Code: fault.Forbidden, Why: fault.Because("not_here", "that is not done at this screen: sign in on another device")}
	}
	return a.Role.Check(op, right, a.Stores == nil)
}

func toJSON(v any) json.RawMessage {
	b, err := json.Marshal(v)
	if err != nil {
		return json.RawMessage("null") // only our own types, none of which can fail
	}
	return b
}

// fold computes an order, by the rules of its platform for such accounts as the order's.
func (h *Hub) fold(row *db.OrderRow, recs []order.Linked, info *channel.Info) order.Order {
	g := &order.Grammar{Realm: row.Ref.Realm}
	if info != nil && info.Grammar != nil {
		g = info.Grammar
	}
	if a, ok := h.db.AccountByID(row.Merchant, row.Account); ok && a.BigChain {
		g = g.OfChain()
	}
	return order.Fold(row.Ref, recs, g)
}
