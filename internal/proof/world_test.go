package proof

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/tongdan/tongdan/internal/db/dbtest"
	"github.com/tongdan/tongdan/internal/sim"
	mt "github.com/tongdan/tongdan/internal/sim/meituan"
	ml "github.com/tongdan/tongdan/internal/sim/mercadolibre"
)

// nodeEnv carries the plan of a node to the process that runs it.
const nodeEnv = "TONGDAN_PROOF_NODE"

// TestMain makes the test binary a node when it was started as one.
func TestMain(m *testing.M) {
	if raw := os.Getenv(nodeEnv); raw != "" {
		var p Plan
		err := json.Unmarshal([]byte(raw), &p)
		if err == nil {
			err = Run(p)
		}
		if err != nil {
			slog.Error("the node ended", "err", err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// engines runs a test on both engines, each with a database of its own.
func engines(t *testing.T, f func(t *testing.T, p Plan)) {
	t.Run("sqlite", func(t *testing.T) { f(t, Plan{Dir: t.TempDir()}) })
	t.Run("postgres", func(t *testing.T) { f(t, Plan{URL: dbtest.Postgres(t), Lease: 2 * time.Second}) })
}

// A process is a node that can be killed and started again. Its listener lives in the
// test, so that the address stays; who calls meanwhile waits or is refused.
type process struct {
	t    *testing.T
	plan Plan
	l    *net.TCPListener
	file *os.File
	url  string
	http *http.Client

	mu   sync.Mutex
	cmd  *exec.Cmd
	done chan error
	log  *tail
}

func newProcess(t *testing.T, p Plan) *process {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	file, err := l.(*net.TCPListener).File()
	if err != nil {
		t.Fatal(err)
	}
	x := &process{t: t, plan: p, l: l.(*net.TCPListener), file: file, url: "http://" + l.Addr().String(), log: &tail{},
		http: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 16}, Timeout: 30 * time.Second}}
	t.Cleanup(func() {
		x.kill()
		file.Close()
		l.Close()
		if t.Failed() {
			t.Logf("the node's log ends:\n%s", x.log)
		}
	})
	return x
}

// start runs the node and waits until it serves.
func (x *process) start() {
	x.t.Helper()
	x.plan.Leash = true
	raw, _ := json.Marshal(x.plan)
	cmd := exec.Command(os.Args[0], "-test.run=^$")
	cmd.Env = append(os.Environ(), nodeEnv+"="+string(raw))
	cmd.ExtraFiles = []*os.File{x.file}
	cmd.Stderr = x.log
	_, err := cmd.StdinPipe()
	if err != nil {
		x.t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		x.t.Fatal(err)
	}
	up := make(chan bool, 1)
	go func() {
		_, err := bufio.NewReader(out).ReadString('\n')
		up <- err == nil
	}()
	done := make(chan error, 1)
	select {
	case ok := <-up:
		go func() { done <- cmd.Wait() }()
		if !ok {
			x.t.Fatalf("the node did not come up: %v\n%s", <-done, x.log)
		}
	case <-time.After(60 * time.Second):
		cmd.Process.Kill()
		x.t.Fatalf("the node did not come up in a minute\n%s", x.log)
	}
	x.mu.Lock()
	x.cmd, x.done = cmd, done
	x.mu.Unlock()
}

// kill ends the node as a power cut would, if it runs.
func (x *process) kill() { x.end(syscall.SIGKILL) }

// stop ends the node as an update would.
func (x *process) stop() { x.end(syscall.SIGTERM) }

func (x *process) end(s syscall.Signal) {
	x.mu.Lock()
	cmd, done := x.cmd, x.done
	x.cmd = nil
	x.mu.Unlock()
	if cmd == nil {
		return
	}
	cmd.Process.Signal(s)
	select {
	case err := <-done:
		if s == syscall.SIGTERM && err != nil {
			x.t.Errorf("the node did not end in peace: %v", err)
		}
	case <-time.After(40 * time.Second):
		cmd.Process.Kill()
		x.t.Error("the node did not end")
	}
}

// ask calls the door once.
func ask[Out any](x *process, what string, in any) (Out, error) {
	var out Out
	raw, err := json.Marshal(in)
	if err != nil {
		return out, err
	}
	res, err := x.http.Post(x.url+"/proof/"+what, "application/json", bytes.NewReader(raw))
	if err != nil {
		return out, err
	}
	defer res.Body.Close()
	dec := json.NewDecoder(res.Body)
	if res.StatusCode != http.StatusOK {
		f := new(Failure)
		if err := dec.Decode(f); err != nil {
			return out, fmt.Errorf("HTTP %d: %w", res.StatusCode, err)
		}
		return out, f
	}
	return out, dec.Decode(&out)
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

// A tail keeps the end of a log.
type tail struct {
	mu sync.Mutex
	b  []byte
}

func (l *tail) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.b = append(l.b, p...)
	if n := len(l.b) - 8<<10; n > 0 {
		l.b = append([]byte{}, l.b[n:]...)
	}
	return len(p), nil
}

func (l *tail) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return string(l.b)
}

// A world is two platforms, a merchant with a node, and a clock for all.
type world struct {
	t     *testing.T
	clock *sim.Clock
	mt    *mt.Sim
	ml    *ml.Sim
	*process
	made  Made
	first []ml.ID // placed while warming up
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

	w.process = newProcess(t, s.plan)
	w.tick()
	w.start()
	in := Setup{Name: "shop", Zone: "Asia/Shanghai", Public: w.url}
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
	return w.url + "/callback/" + channel + "/" + w.made.Apps[i].String()
}

// tick gives the node's next start the clock as it goes now.
func (w *world) tick() {
	w.plan.Trade, w.plan.Wall, w.plan.Speed = w.clock.Now().UnixMilli(), time.Now().UnixNano(), w.clock.Speed()
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
