// Command bench measures a hub as its users meet it: over HTTP, from another process.
// scripts/bench.sh runs it; docs/performance.md says what came out, and on what machine.
//
//	go run ./internal/proof/bench -parts push,live -engines sqlite
package main

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"math"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/tongdan/tongdan/internal/proof"
)

const nodeEnv = "TONGDAN_PROOF_NODE"

var (
	parts   = flag.String("parts", "push,list,mixed,live,idle,effects,streams,reconcile", "what to measure, of these; fill only fills what list reads, with -keep")
	engines = flag.String("engines", "sqlite,postgres", "on which engines")
	sizes   = flag.String("orders", "100000", "orders in the database for list and mixed, several separated by commas")
	sold    = flag.Int("sold", 2000, "orders that reconcile finds at a platform")
	clients = flag.Int("clients", 64, "clients that push at once")
	pushes  = flag.Int("pushes", 6000, "pushes of one run")
	runs    = flag.Int("runs", 5, "interleaved runs of push")
	pg      = flag.String("pg", os.Getenv("TONGDAN_BENCH_PG"), "URL of a PostgreSQL server where databases may be made")
	length  = flag.Duration("for", 2*time.Second, "how long each list is read")
	profile = flag.String("profile", "", "folder for CPU profiles of the node")
	dir     = flag.String("dir", "", "folder for SQLite files; default: a temporary one")
	keep    = flag.String("keep", "", "folder where the filled databases of list are kept and used again (SQLite files; of PostgreSQL their names)")
)

func main() {
	if raw := os.Getenv(nodeEnv); raw != "" {
		var p proof.Plan
		err := json.Unmarshal([]byte(raw), &p)
		if err == nil {
			err = proof.Run(p)
		}
		end(err)
		return
	}
	flag.Parse()
	tmp, err := os.MkdirTemp(*dir, "tongdan-bench")
	end(err)
	defer os.RemoveAll(tmp)
	b := &bench{tmp: tmp}
	fmt.Printf("machine: %d CPUs, %s, %s/%s, %s\n", runtime.NumCPU(), cpuName(), runtime.GOOS, runtime.GOARCH, runtime.Version())
	for _, engine := range strings.Split(*engines, ",") {
		b.engine = engine
		for _, part := range strings.Split(*parts, ",") {
			f, ok := map[string]func() error{"push": b.push, "fill": b.fill, "list": b.lists, "mixed": b.mixed, "live": b.live, "idle": b.idle, "effects": b.effects, "streams": b.streams, "reconcile": b.reconcile}[part]
			if !ok {
				end(fmt.Errorf("-parts: %q is not known; see -help", part))
			}
			if err := f(); err != nil {
				os.RemoveAll(tmp)
				end(fmt.Errorf("%s on %s: %w", part, engine, err))
			}
		}
	}
}

func end(err error) {
	if err != nil {
		slog.Error("bench", "err", err)
		os.Exit(1)
	}
}

func cpuName() string {
	raw, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return "unknown"
	}
	for line := range strings.Lines(string(raw)) {
		if _, name, ok := strings.Cut(line, "model name\t: "); ok {
			return strings.TrimSpace(name)
		}
	}
	return "unknown"
}

type bench struct {
	tmp    string
	theirs string // where the platform is; "" = nowhere, since nothing is called
	engine string
	n      int // databases made so far
}

// A node is a running process.
type node struct {
	cmd  *exec.Cmd
	url  string
	plan proof.Plan
	took time.Duration // from exec to the first connection that it takes
	made proof.Made
}

// place gives a plan with an empty database.
func (b *bench) place() (proof.Plan, error) {
	b.n++
	return b.placeAt(b.tmp, "tongdan_bench_"+strconv.Itoa(os.Getpid())+"_"+strconv.Itoa(b.n))
}

func (b *bench) placeAt(dir, name string) (proof.Plan, error) {
	p := proof.Plan{Addr: "127.0.0.1:0", NoLanes: true, Level: slog.LevelWarn}
	if b.engine == "sqlite" {
		p.Dir = filepath.Join(dir, name)
		return p, os.MkdirAll(p.Dir, 0o700)
	}
	if *pg == "" {
		return p, errors.New("give the URL of a PostgreSQL server with -pg or TONGDAN_BENCH_PG")
	}
	url, err := makeDatabase(*pg, name)
	p.URL = url
	return p, err
}

// start runs a node and connects a Meituan shop to it, if it has none.
func (b *bench) start(p proof.Plan, mode string, made *proof.Made) (*node, error) {
	p.Leash = true
	raw, err := json.Marshal(p)
	if err != nil {
		return nil, err
	}
	n := &node{plan: p, cmd: exec.Command(os.Args[0])}
	n.cmd.Env = append(os.Environ(), nodeEnv+"="+string(raw))
	n.cmd.Stderr = os.Stderr
	if _, err := n.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := n.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	began := time.Now()
	if err := n.cmd.Start(); err != nil {
		return nil, err
	}
	addr, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		return nil, errors.Join(errors.New("the node did not come up"), n.cmd.Wait())
	}
	n.took, n.url = time.Since(began), "http://"+strings.TrimSpace(addr)
	switch {
	case p.Bare:
	case made != nil:
		n.made = *made
	default:
		in := proof.Setup{Name: "bench", Zone: "Asia/Shanghai", Stores: 10, Public: n.url, Channels: []proof.SetupChannel{{
			Channel: "meituan", BaseURL: cmp.Or(b.theirs, "http://127.0.0.1:9"), AppCreds: map[string]string{"app_id": proof.MeituanApp, "secret": proof.MeituanSecret}}}}
		if mode != "" {
			for i := range 20 { // of which the templates know the first two
				in.Channels[0].Shops = append(in.Channels[0].Shops, fmt.Sprintf("TEA%03d", i+1))
			}
			in.Channels[0].Mode = mode
		}
		if err := n.ask("setup", in, &n.made); err != nil {
			n.stop()
			return nil, err
		}
	}
	return n, nil
}

func (n *node) stop() error {
	n.cmd.Process.Signal(syscall.SIGTERM)
	return n.cmd.Wait()
}

// callback is where the node's app is pushed to.
func (n *node) callback() string {
	if n.plan.Bare {
		return n.url + "/callback/meituan/app/order/paid"
	}
	return n.url + "/callback/meituan/" + n.made.Apps[0].String() + "/order/paid"
}

func (n *node) ask(what string, in, out any) error {
	raw, err := json.Marshal(in)
	if err != nil {
		return err
	}
	res, err := http.Post(n.url+"/proof/"+what, "application/json", bytes.NewReader(raw))
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		b, _ := io.ReadAll(res.Body)
		return fmt.Errorf("%s: %s", what, b)
	}
	if out == nil {
		return nil
	}
	return json.NewDecoder(res.Body).Decode(out)
}

func (n *node) state() (s proof.State, err error) {
	err = n.ask("state", proof.AskOrder{Merchant: n.made.Merchant}, &s)
	return s, err
}

// rss is the node's memory in MB.
func (n *node) rss() float64 {
	raw, err := os.ReadFile("/proc/" + strconv.Itoa(n.cmd.Process.Pid) + "/status")
	if err != nil {
		return math.NaN()
	}
	for line := range strings.Lines(string(raw)) {
		if v, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			kb, _ := strconv.ParseFloat(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(v), "kB")), 64)
			return kb / 1024
		}
	}
	return math.NaN()
}

// cpu is the processor time that the node has used.
func (n *node) cpu() time.Duration {
	raw, err := os.ReadFile("/proc/" + strconv.Itoa(n.cmd.Process.Pid) + "/stat")
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(raw), ") ") // the name before may hold spaces
	f := strings.Fields(rest)
	if len(f) < 13 {
		return 0
	}
	user, _ := strconv.ParseInt(f[11], 10, 64)
	system, _ := strconv.ParseInt(f[12], 10, 64)
	return time.Duration(user+system) * 10 * time.Millisecond // USER_HZ is 100 on every Linux
}

// profiled writes a CPU profile of the node while f runs, where -profile says so.
func (n *node) profiled(name string, f func() error) error {
	if *profile == "" {
		return f()
	}
	done := make(chan error, 1)
	go func() {
		res, err := http.Get(n.url + "/debug/pprof/profile?seconds=" + strconv.Itoa(max(1, int(length.Seconds()))))
		if err != nil {
			done <- err
			return
		}
		defer res.Body.Close()
		b, err := io.ReadAll(res.Body)
		if err == nil {
			err = os.WriteFile(filepath.Join(*profile, name+".pprof"), b, 0o644)
		}
		done <- err
	}()
	err := f()
	return errors.Join(err, <-done)
}

// at is a percentile of durations, which it sorts.
func at(list []time.Duration, p float64) time.Duration {
	if len(list) == 0 {
		return 0
	}
	slices.Sort(list)
	return list[min(len(list)-1, int(p*float64(len(list))))]
}

func median[T cmp.Ordered](list []T) T {
	list = slices.Clone(list)
	slices.Sort(list)
	return list[len(list)/2]
}

func us(d time.Duration) string { return fmt.Sprintf("%d µs", d.Microseconds()) }

func ms(d time.Duration) string { return fmt.Sprintf("%.1f ms", float64(d)/1e6) }

func sizesOf() (out []int, err error) {
	for _, s := range strings.Split(*sizes, ",") {
		n, err := strconv.Atoi(s)
		if err != nil {
			return nil, fmt.Errorf("-orders: %w", err)
		}
		out = append(out, n)
	}
	return out, nil
}
