package rehearse

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"time"
)

// NodeEnv is the environment variable by which a process of tongdan serve learns that it
// is a node of a rehearsal: a Rehearsed as JSON.
const NodeEnv = "TONGDAN_REHEARSED"

// Rehearsed is what a node of a rehearsal is told beside the settings of any node. It
// ends when its standard input does, so that no node outlives the rehearsal.
type Rehearsed struct {
	Trade int64         // the trade's clock, UTC ms, when the wall clock was Wall (UTC ns)
	Wall  int64         //
	Speed float64       // of the trade's clock
	Lease time.Duration // of a lane
}

// Now is the trade's clock of a node.
func (r Rehearsed) Now() time.Time {
	gone := float64(time.Now().UnixNano()-r.Wall) * r.Speed
	return time.UnixMilli(r.Trade).UTC().Add(time.Duration(gone))
}

// Announced is what a node prints before its address, once it listens.
const Announced = "Tongdan is at "

// fleet are the nodes of a rehearsal, on one database.
type fleet struct {
	plan     *Plan
	dir      string
	database string
	key      string // the master key
	clock    func() Rehearsed
	addrs    []string // of each place, before the front

	mu    sync.Mutex
	nodes []*node // by place; a killed one is replaced at its address
}

// A node is one process.
type node struct {
	url   string
	cmd   *exec.Cmd
	ended chan error
	log   *tail
	leash io.Closer
}

// newFleet chooses addresses for n nodes; none runs yet.
func newFleet(p *Plan, n int) (*fleet, error) {
	f := &fleet{plan: p, nodes: make([]*node, n)}
	for range n {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		f.addrs = append(f.addrs, l.Addr().String())
		defer l.Close() // all are held until all are chosen
	}
	return f, nil
}

// start fills a place with a new node.
func (f *fleet) start(ctx context.Context, place int) error {
	n, err := f.launch(ctx, f.addrs[place])
	if err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.nodes[place] = n
	return nil
}

func (f *fleet) launch(ctx context.Context, addr string) (*node, error) {
	told, err := json.Marshal(f.clock())
	if err != nil {
		return nil, err
	}
	n := &node{cmd: f.plan.Node(f.dir, addr), ended: make(chan error, 1), log: &tail{}}
	n.cmd.Env = append(n.cmd.Environ(), NodeEnv+"="+string(told), "TONGDAN_KEY="+f.key, "DATABASE_URL="+f.database)
	n.cmd.Stderr = n.log
	n.cmd.SysProcAttr = apart() // Ctrl-C is for the rehearsal, which looks at the books before the nodes end
	if n.leash, err = n.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := n.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := n.cmd.Start(); err != nil {
		return nil, err
	}
	up := make(chan string, 1)
	go func() {
		lines := bufio.NewScanner(out)
		for lines.Scan() {
			if url, ok := strings.CutPrefix(lines.Text(), Announced); ok {
				up <- url
				break
			}
		}
		io.Copy(io.Discard, out)
		n.ended <- n.cmd.Wait()
	}()
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	select {
	case n.url = <-up:
		return n, nil
	case err := <-n.ended:
		return nil, fmt.Errorf("a node did not come up: %v: %s", err, n.log)
	case <-ctx.Done():
		n.cmd.Process.Kill()
		return nil, fmt.Errorf("a node did not come up in a minute: %s", n.log)
	}
}

// kill ends the node of a place as a power cut would.
func (f *fleet) kill(place int) error {
	f.mu.Lock()
	n := f.nodes[place]
	f.mu.Unlock()
	if err := n.cmd.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	<-n.ended
	return nil
}

// check reports a node that ended by itself: a crash that nobody ordered.
func (f *fleet) check() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	for i, n := range f.nodes {
		if n == nil {
			continue
		}
		select {
		case err := <-n.ended:
			n.ended <- err
			return fmt.Errorf("node %d ended by itself: %v: %s", i+1, err, n.log)
		default:
		}
	}
	return nil
}

// logs gives the ends of the nodes' logs.
func (f *fleet) logs() (text string) {
	if f == nil {
		return ""
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	for i, n := range f.nodes {
		if n == nil {
			continue
		}
		if s := n.log.String(); s != "" {
			text += fmt.Sprintf("\nnode %d: %s", i+1, s)
		}
	}
	return text
}

// stop ends all nodes as an update would, and waits for them.
func (f *fleet) stop() error {
	f.mu.Lock()
	nodes := f.nodes
	f.nodes = make([]*node, len(f.nodes))
	f.mu.Unlock()
	var errs []error
	for _, n := range nodes {
		if n != nil {
			n.cmd.Process.Signal(syscall.SIGTERM)
		}
	}
	for _, n := range nodes {
		if n == nil {
			continue
		}
		select {
		case <-n.ended:
		case <-time.After(30 * time.Second):
			n.cmd.Process.Kill()
			<-n.ended
			errs = append(errs, fmt.Errorf("a node did not end within 30 s: %s", n.log))
		}
		n.leash.Close()
	}
	return errors.Join(errs...)
}

// A tail keeps the end of a log.
type tail struct {
	mu sync.Mutex
	b  []byte
}

func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.b = append(t.b, p...)
	if over := len(t.b) - 8<<10; over > 0 {
		t.b = bytes.Clone(t.b[over:])
	}
	return len(p), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(t.b)
}
