// Package proof tests the promise: no order lost, none doubled, nothing done twice
// outside, also when the process is killed at any moment; and it measures.
//
// The platforms (simulators) and the people run in the test's process; the hub runs as a
// Node in a process of its own, so that it can be killed. A Node is a hub with its
// callbacks and a small door of the tests (/proof/…) in place of a console; several of
// them can stand behind a Front.
package proof

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/pprof"
	"os"
	"os/signal"
	"runtime"
	"syscall"
	"time"

	"github.com/tongdan/tongdan/channel"
	"github.com/tongdan/tongdan/effect"
	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/ident"
	"github.com/tongdan/tongdan/internal/api"
	"github.com/tongdan/tongdan/internal/db"
	"github.com/tongdan/tongdan/internal/hub"
	"github.com/tongdan/tongdan/internal/logger"
	"github.com/tongdan/tongdan/internal/platform"
	"github.com/tongdan/tongdan/internal/point"
	"github.com/tongdan/tongdan/internal/span"
	"github.com/tongdan/tongdan/order"
)

// A Plan says how a Node runs. It travels to the process as JSON.
type Plan struct {
	URL      string        // PostgreSQL; "" = SQLite in Dir
	Dir      string        //
	Addr     string        // to listen on; "" = the listener inherited as file 3
	Trade    int64         // the trade's clock, UTC ms, when the wall clock was Wall (UTC ns)
	Wall     int64         //
	Speed    float64       // of the trade's clock; 0 = 1
	Lease    time.Duration // of a lane; 0 = the hub's own
	Notice   time.Duration // between SIGTERM and the end of serving
	NoLanes  bool          // nothing is called outside
	NoBudget bool          // no rate budget of apps
	NoPages  bool          // no derived counts and search: the intake alone
	Bare     bool          // instead of a hub: read, verify and parse a push, and forget it
	Level    slog.Level
	Leash    bool // end when standard input does: with the process that started it
}

// Key is the master key of every database of the tests.
var Key = [32]byte{1, 2, 3, 4, 5, 6, 7, 8}

// Clock is the trade's clock of a plan.
func (p Plan) Clock() hub.Clock {
	if p.Wall == 0 {
		return hub.Real
	}
	trade, wall, speed := time.UnixMilli(p.Trade).UTC(), time.Unix(0, p.Wall), cmp.Or(p.Speed, 1)
	return hub.Clock{Speed: speed, Now: func() time.Time {
		return trade.Add(time.Duration(float64(time.Since(wall)) * speed))
	}}
}

// A Node is a hub with its callbacks, and the tests' door.
type Node struct {
	DB  *db.DB
	Hub *hub.Hub
}

// Run runs a node until SIGTERM. It prints the address that it listens on.
func Run(p Plan) error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	if p.Leash {
		go func() {
			io.Copy(io.Discard, os.Stdin)
			os.Exit(3)
		}()
	}
	l, err := p.listener()
	if err != nil {
		return err
	}
	log, err := logger.New(os.Stderr, p.Level, logger.Text, api.About)
	if err != nil {
		return err
	}
	if p.Bare {
		return serveBare(ctx, l)
	}
	hub.TuneMemory()
	sent, err := span.Setup(ctx, "proof", "proof", log)
	if err != nil {
		return err
	}
	began := time.Now()
	d, err := db.Open(ctx, db.Options{URL: p.URL, Dir: p.Dir, Key: Key, Log: log})
	if err != nil {
		return err
	}
	n := &Node{DB: d, Hub: hub.New(hub.Options{DB: d, Platforms: platform.All(), Clock: p.Clock(), Log: log, NoLanes: p.NoLanes, NoBudget: p.NoBudget, NoComments: true, AllowPrivate: channel.Loopback, Lease: p.Lease})}
	a, err := api.New(api.Options{Hub: n.Hub, Version: "proof", Log: log})
	if err != nil {
		return errors.Join(err, d.Close())
	}
	server := a.HTTP()
	server.Handler, server.WriteTimeout = n.handler(a), 0 // filling a database takes minutes
	work, stopWork := context.WithCancel(context.WithoutCancel(ctx))
	defer stopWork()
	lanes := make(chan error, 1)
	go func() {
		if p.NoLanes {
			<-work.Done()
			lanes <- nil
			return
		}
		lanes <- n.Hub.Run(work)
	}()
	if !p.NoPages {
		go d.Follow(work)
	}
	log.Info("node is up", "engine", d.Engine(), "took", time.Since(began))
	os.Stdout.WriteString(l.Addr().String() + "\n")
	err = a.Serve(ctx, server, l, api.Leave{Notice: p.Notice, Finish: 3 * time.Second})
	stopWork()
	return errors.Join(err, <-lanes, d.Close(), sent(context.Background()))
}

func (p Plan) listener() (net.Listener, error) {
	if p.Addr != "" {
		return net.Listen("tcp", p.Addr)
	}
	return net.FileListener(os.NewFile(3, "listener"))
}

// handler serves the API with its callbacks, and the tests' door.
func (n *Node) handler(server *api.Server) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/", server.Handler())
	mux.HandleFunc("POST /proof/arm", answering(n.arm))
	mux.HandleFunc("POST /proof/alarm", answering(n.alarm))
	mux.HandleFunc("POST /proof/account", answering(n.account))
	mux.HandleFunc("POST /proof/pulled", answering(n.pulled))
	mux.HandleFunc("POST /proof/holds", answering(n.holds))
	mux.HandleFunc("POST /proof/consent", answering(n.consent))
	mux.HandleFunc("POST /proof/setup", answering(n.setup))
	mux.HandleFunc("POST /proof/changes", answering(n.changes))
	mux.HandleFunc("POST /proof/act", answering(n.act))
	mux.HandleFunc("POST /proof/detail", answering(n.detail))
	mux.HandleFunc("POST /proof/decide", answering(n.decide))
	mux.HandleFunc("POST /proof/count", answering(n.count))
	mux.HandleFunc("POST /proof/state", answering(n.state))
	mux.HandleFunc("POST /proof/effects", answering(n.effects))
	mux.HandleFunc("POST /proof/orders", answering(n.orders))
	mux.HandleFunc("POST /proof/parked", answering(n.parked))
	mux.HandleFunc("POST /proof/rebuild", answering(n.rebuild))
	mux.HandleFunc("POST /proof/restored", answering(n.restored))
	mux.HandleFunc("POST /proof/fill", answering(n.fill))
	mux.HandleFunc("/debug/pprof/", pprof.Index)
	mux.HandleFunc("/debug/pprof/profile", pprof.Profile)
	return mux
}

// arm arms fault points of this process, in place of those that are armed.
func (n *Node) arm(_ context.Context, points string) (struct{}, error) {
	return struct{}{}, point.Arm(points)
}

// alarm says why an account asks for its owner, "" = it does not.
func (n *Node) alarm(_ context.Context, in AskOrder) (string, error) {
	a, _ := n.DB.AccountByID(in.Merchant, in.Account)
	return a.AlarmWhy, nil
}

// account gives an account's name, "" = this node does not know it yet.
func (n *Node) account(_ context.Context, in AskOrder) (string, error) {
	a, _ := n.DB.AccountByID(in.Merchant, in.Account)
	return a.Name, nil
}

// Pulled says how far an account has been looked through.
type Pulled struct {
	At    int64 // when the last pull that came to its end began, UTC ms by the trade's clock; 0 = none did
	Error int64 // when a call went wrong last
	Reads int   // reads that are due, 1,000 at most
}

func (n *Node) pulled(ctx context.Context, in AskOrder) (Pulled, error) {
	a, _ := n.DB.AccountByID(in.Merchant, in.Account)
	reads, err := n.DB.Backlog(ctx, in.Merchant, in.Account, time.Now().UnixMilli(), 1000)
	return Pulled{At: a.LastPull, Error: a.LastError, Reads: reads}, err
}

// holds reports whether this node works an account's lane.
func (n *Node) holds(_ context.Context, in AskOrder) (bool, error) {
	return n.Hub.Holds(in.Merchant, in.Account), nil
}

// consent begins the authorisation of an account.
func (n *Node) consent(ctx context.Context, in AskOrder) (string, error) {
	return n.Hub.ConsentURL(ctx, actor(in.Merchant), in.Account)
}

// A Failure is how the door tells an error.
type Failure struct {
	Code  fault.Code `json:"code"`
	Words string     `json:"words"`
	Text  string     `json:"text"`
}

func (f *Failure) Error() string { return string(f.Code) + ": " + f.Words + ": " + f.Text }

// answering makes a handler of a function from JSON to JSON.
func answering[In, Out any](f func(context.Context, In) (Out, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var in In
		err := json.NewDecoder(r.Body).Decode(&in)
		var out any
		if err == nil {
			out, err = f(r.Context(), in)
		}
		if err != nil {
			w.WriteHeader(http.StatusUnprocessableEntity)
			out = Failure{fault.CodeOf(err), fault.WordsOf(err), err.Error()}
		}
		json.NewEncoder(w).Encode(out)
	}
}

// Setup is what is to be there: a merchant with one store, and per channel an app, an
// account and its shops.
type Setup struct {
	Name     string
	Zone     string
	Stores   int // that the shops are spread over; 0 = one
	Public   string
	Channels []SetupChannel
}

// A SetupChannel is one account of a setup.
type SetupChannel struct {
	Channel     string
	BaseURL     string
	PullOnly    bool
	AppCreds    map[string]string
	Account     string // name
	External    string
	AcctCreds   map[string]string
	Shops       []string
	Mode        string
	SameAppAs   int // 1 + index of an earlier channel whose app is used; 0 = an app of its own
	CallbackURL string
}

// Made tells what a setup made.
type Made struct {
	Merchant ident.Merchant
	Store    ident.Store // the first
	Apps     []ident.App
	Accounts []ident.Account
	Shops    [][]ident.Shop
	Key      string // of the API
}

func actor(m ident.Merchant) hub.Actor {
	return hub.Actor{Scope: db.Scope{Merchant: m, Personal: true}, ID: "usr_clerk", Name: "clerk", Role: "owner"}
}

func (n *Node) setup(ctx context.Context, in Setup) (Made, error) {
	m, err := n.DB.AddMerchant(ctx, db.MerchantRow{Name: in.Name, Locale: "en"})
	if err != nil {
		return Made{}, err
	}
	out := Made{Merchant: m.ID}
	who := actor(m.ID)
	stores := make([]ident.Store, max(in.Stores, 1))
	for i := range stores {
		s, err := n.Hub.PutStore(ctx, who, db.StoreRow{Name: in.Name, Zone: in.Zone})
		if err != nil {
			return out, err
		}
		stores[i] = s.ID
	}
	out.Store, out.Key = stores[0], api.KeyPrefix+"proof"+m.ID.String()
	if _, err := n.DB.AddKey(ctx, db.KeyRow{Merchant: m.ID, Name: "proof", Hash: api.HashToken(out.Key), Role: "owner", Personal: true}); err != nil {
		return out, err
	}
	for _, c := range in.Channels {
		var app ident.App
		if c.SameAppAs > 0 {
			app = out.Apps[c.SameAppAs-1]
		} else {
			row := db.AppRow{Channel: c.Channel, Name: c.Channel, BaseURL: c.BaseURL, PublicURL: in.Public, Credentials: c.AppCreds}
			if c.PullOnly {
				row.PublicURL = ""
			}
			if row, err = n.Hub.PutApp(ctx, who, row); err != nil {
				return out, err
			}
			app = row.ID
		}
		out.Apps = append(out.Apps, app)
		acct, err := n.Hub.PutAccount(ctx, who, db.AccountRow{App: app, Name: cmp.Or(c.Account, c.Channel), External: c.External, Credentials: c.AcctCreds})
		if err != nil {
			return out, err
		}
		out.Accounts = append(out.Accounts, acct.ID)
		var shops []ident.Shop
		for i, code := range c.Shops {
			shop, err := n.Hub.PutShop(ctx, who, db.ShopRow{Account: acct.ID, External: code, Store: stores[i%len(stores)], Name: code, Mode: c.Mode})
			if err != nil {
				return out, err
			}
			shops = append(shops, shop.ID)
		}
		out.Shops = append(out.Shops, shops)
	}
	return out, nil
}

func (n *Node) restored(ctx context.Context, _ struct{}) (hub.Armed, error) {
	return n.Hub.Arm(ctx, "proof")
}

// A Row is an order in the door's answers.
type Row struct {
	hub.Summary
	Seq int64 `json:"seq"`
}

func rows(list []db.OrderRow) ([]Row, error) {
	out := make([]Row, 0, len(list))
	for _, r := range list {
		x := Row{Seq: r.Seq}
		if err := json.Unmarshal(r.Summary, &x.Summary); err != nil {
			return nil, err
		}
		out = append(out, x)
	}
	return out, nil
}

// AskChanges asks for what changed after a feed number.
type AskChanges struct {
	Merchant ident.Merchant
	After    int64
}

// Changes answers it.
type Changes struct {
	Epoch int64
	List  []db.Change
	Rows  []Row
}

func (n *Node) changes(ctx context.Context, in AskChanges) (Changes, error) {
	scope := actor(in.Merchant).Scope
	list, epoch, err := n.DB.Changes(ctx, scope, in.After, 500)
	out := Changes{Epoch: epoch, List: list}
	if err != nil {
		return out, err
	}
	seen := map[ident.Order]bool{}
	var ids []ident.Order
	for _, c := range list {
		var id ident.Order
		if c.Kind == db.KindOrder && id.UnmarshalText([]byte(c.ID)) == nil && !seen[id] {
			seen[id] = true
			ids = append(ids, id)
		}
	}
	found, err := n.DB.OrdersByID(ctx, scope, ids)
	if err != nil {
		return out, err
	}
	out.Rows, err = rows(found)
	return out, err
}

// AskOrders asks for a page of orders.
type AskOrders struct {
	Merchant ident.Merchant
	Filter   db.Filter
}

// Orders answers it.
type Orders struct {
	Rows []Row
	Next string
}

func (n *Node) orders(ctx context.Context, in AskOrders) (Orders, error) {
	list, next, err := n.DB.Orders(ctx, actor(in.Merchant).Scope, in.Filter)
	if err != nil {
		return Orders{}, err
	}
	out, err := rows(list)
	return Orders{out, next}, err
}

// AskOrder names one order, and for an act what is wanted.
type AskOrder struct {
	Merchant ident.Merchant
	Order    ident.Order
	Account  ident.Account
	Effect   ident.Effect
	Done     bool
	Act      hub.Act
}

func (n *Node) act(ctx context.Context, in AskOrder) (hub.Done, error) {
	return n.Hub.Act(ctx, actor(in.Merchant), in.Order, in.Act)
}

func (n *Node) detail(ctx context.Context, in AskOrder) (*hub.Detail, error) {
	return n.Hub.Detail(ctx, actor(in.Merchant), in.Order)
}

func (n *Node) decide(ctx context.Context, in AskOrder) (struct{}, error) {
	return struct{}{}, n.Hub.Decide(ctx, actor(in.Merchant), in.Effect, in.Done)
}

// State is how far the node is.
type State struct {
	Orders int64 // by the derived counts
	Counts db.Counts
	Seq    int64
	Epoch  int64
	Acts   []effect.Effect // open
	Reads  []effect.Effect // open
	Parked int
	HeapMB float64
}

func (n *Node) state(ctx context.Context, in AskOrder) (State, error) {
	scope := actor(in.Merchant).Scope
	out, err := n.count(ctx, in)
	if err != nil {
		return out, err
	}
	list, err := n.allEffects(ctx, scope, []effect.State{effect.Waiting, effect.Sending, effect.Unknown, effect.Person})
	for _, e := range list {
		switch {
		case e.Kind == "read":
			out.Reads = append(out.Reads, e)
		case e.Order != 0 && e.Kind != order.AskAcknowledge && e.Kind != string(channel.TellRider):
			out.Acts = append(out.Acts, e)
		}
	}
	if err != nil {
		return out, err
	}
	parked, _, err := n.DB.Parked(ctx, scope, db.ParkedFilter{State: db.ParkedState, Limit: 200})
	out.Parked = len(parked)
	var mem runtime.MemStats
	runtime.ReadMemStats(&mem)
	out.HeapMB = float64(mem.HeapAlloc) / (1 << 20)
	return out, err
}

// count is the part of state that costs little.
func (n *Node) count(ctx context.Context, in AskOrder) (State, error) {
	var out State
	at, err := n.DB.Feed(ctx, in.Merchant)
	if err != nil {
		return out, err
	}
	out.Epoch, out.Seq = at.Epoch, at.Seq
	out.Counts, err = n.DB.Counts(ctx, actor(in.Merchant).Scope, db.Filter{})
	for _, c := range out.Counts.Statuses {
		out.Orders += c
	}
	return out, err
}

func (n *Node) allEffects(ctx context.Context, scope db.Scope, states []effect.State) (all []effect.Effect, err error) {
	f := db.EffectFilter{States: states, Limit: 200}
	for {
		list, next, err := n.DB.Effects(ctx, scope, f)
		all = append(all, list...)
		if f.Cursor = next; err != nil || next == "" {
			return all, err
		}
	}
}

// AskEffects asks for the acts in some states.
type AskEffects struct {
	Merchant ident.Merchant
	States   []effect.State
}

// Effects answers it.
type Effects struct{ List []effect.Effect }

func (n *Node) effects(ctx context.Context, in AskEffects) (Effects, error) {
	list, err := n.allEffects(ctx, actor(in.Merchant).Scope, in.States)
	return Effects{list}, err
}

// AskParked asks for parked messages, or has one tried again.
type AskParked struct {
	Merchant ident.Merchant
	Retry    ident.Parked
	Bytes    ident.Parked
}

// Parked answers it.
type Parked struct {
	List []db.ParkedRow
	Body []byte
}

func (n *Node) parked(ctx context.Context, in AskParked) (Parked, error) {
	who := actor(in.Merchant)
	if in.Retry != 0 {
		if err := n.Hub.Retry(ctx, who, in.Retry); err != nil {
			return Parked{}, err
		}
	}
	if in.Bytes != 0 {
		body, err := n.DB.ParkedBytes(ctx, who.Scope, in.Bytes)
		return Parked{Body: body}, err
	}
	list, _, err := n.DB.Parked(ctx, who.Scope, db.ParkedFilter{Limit: 200})
	return Parked{List: list}, err
}

func (n *Node) rebuild(ctx context.Context, in AskOrder) (struct{}, error) {
	return struct{}{}, n.DB.Rebuild(ctx, in.Merchant)
}

// serveBare serves bare until ctx ends.
func serveBare(ctx context.Context, l net.Listener) error {
	server := &http.Server{Handler: bare(), ReadHeaderTimeout: 10 * time.Second}
	defer context.AfterFunc(ctx, func() { server.Close() })()
	os.Stdout.WriteString(l.Addr().String() + "\n")
	if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// bare is the least that a receiver can do with a push, to compare with.
func bare() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/callback/{channel}/{app}/{path...}", bareCallback)
	mux.HandleFunc("/debug/pprof/profile", pprof.Profile)
	return mux
}
