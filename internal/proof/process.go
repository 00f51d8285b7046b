package proof

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"sync"
	"syscall"
	"time"

	"github.com/tongdan/tongdan/internal/point"
)

// nodeEnv carries the plan of a node to the process that runs it.
const nodeEnv = "TONGDAN_PROOF_NODE"

// RunIfNode runs a node and never comes back, when this process was started as one by a
// Process. A program that starts nodes calls it first of all.
func RunIfNode() {
	raw := os.Getenv(nodeEnv)
	if raw == "" {
		return
	}
	var p Plan
	err := json.Unmarshal([]byte(raw), &p)
	if err == nil {
		err = Run(p)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "the node ended:", err)
		os.Exit(1)
	}
	os.Exit(0)
}

// A Process is a node in a process of its own, which can be killed, frozen and started
// again: the running program under another name (RunIfNode). Its methods may be called
// concurrently, but Start only while nothing runs.
type Process struct {
	Plan Plan     // for the next start
	Args []string // of the program, for the next start
	URL  string   // stays the same over all starts

	l    *net.TCPListener // of an address that is kept while no process lives
	file *os.File
	http *http.Client
	log  tail

	mu  sync.Mutex
	run *running
}

type running struct {
	cmd  *exec.Cmd
	done chan struct{} // closed when it has ended, with err
	err  error
}

// NewProcess makes a process without starting it. With a plan that has no address, the
// listener lives here and is inherited: who calls while no process lives waits for the
// next. With an address (127.0.0.1:0 = any) the process listens itself, and who calls
// meanwhile is refused, as by a machine that is down.
func NewProcess(p Plan, args ...string) (*Process, error) {
	x := &Process{Plan: p, Args: args, http: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 16}, Timeout: 30 * time.Second}}
	addr := p.Addr
	if addr == "" {
		addr = "127.0.0.1:0"
	}
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, err
	}
	x.URL = "http://" + l.Addr().String()
	if p.Addr != "" {
		x.Plan.Addr = l.Addr().String()
		return x, l.Close()
	}
	x.l = l.(*net.TCPListener)
	if x.file, err = x.l.File(); err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return x, nil
}

// startTime is how long a node may take until it serves.
const startTime = time.Minute

// Start runs the node and waits until it serves. points arms places at which it is to
// die or freeze (package point). A node that ends before it serves is an error with the
// end of its log.
func (x *Process) Start(points ...string) error {
	p := x.Plan
	p.Leash = true
	raw, err := json.Marshal(p)
	if err != nil {
		return err
	}
	cmd := exec.Command(os.Args[0], x.Args...)
	cmd.Env = append(os.Environ(), nodeEnv+"="+string(raw))
	for _, t := range points {
		cmd.Env = append(cmd.Env, point.Env+"="+t)
	}
	if x.file != nil {
		cmd.ExtraFiles = []*os.File{x.file}
	}
	cmd.Stderr = &x.log
	if _, err := cmd.StdinPipe(); err != nil {
		return err
	}
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		return err
	}
	r := &running{cmd: cmd, done: make(chan struct{})}
	x.mu.Lock()
	x.run = r
	x.mu.Unlock()
	up := make(chan error, 1)
	go func() {
		_, err := bufio.NewReader(out).ReadString('\n')
		up <- err
		r.err = cmd.Wait()
		close(r.done)
	}()
	select {
	case err = <-up:
	case <-time.After(startTime):
		err = errors.New("it took too long")
	}
	if err != nil {
		x.Kill()
		return fmt.Errorf("the node did not come up: %w\n%s", err, x.Log())
	}
	return nil
}

// Kill ends the node as a power cut would, if it runs, and waits for its end. A frozen
// one dies too.
func (x *Process) Kill() {
	if r := x.running(); r != nil {
		r.cmd.Process.Kill()
		<-r.done
	}
}

// stopTime is how long a node may take to end in peace.
const stopTime = 40 * time.Second

// Stop ends the node as an update would, if it runs, and waits for its end.
func (x *Process) Stop() error {
	r := x.running()
	if r == nil {
		return nil
	}
	r.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-r.done:
		if r.err != nil {
			return fmt.Errorf("the node did not end in peace: %w\n%s", r.err, x.Log())
		}
		return nil
	case <-time.After(stopTime):
		x.Kill()
		return fmt.Errorf("the node did not end in %v\n%s", stopTime, x.Log())
	}
}

func (x *Process) running() *running {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.run
}

// Signal sends a signal, such as SIGCONT to a frozen node. It fails when nothing runs.
func (x *Process) Signal(s syscall.Signal) error {
	r := x.running()
	if r == nil {
		return os.ErrProcessDone
	}
	return r.cmd.Process.Signal(s)
}

// Ended is closed when the process that runs now has ended, by whatever cause.
func (x *Process) Ended() <-chan struct{} {
	if r := x.running(); r != nil {
		return r.done
	}
	done := make(chan struct{})
	close(done)
	return done
}

// Frozen reports whether the process is stopped by SIGSTOP.
func (x *Process) Frozen() bool {
	r := x.running()
	if r == nil {
		return false
	}
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", r.cmd.Process.Pid))
	_, rest, ok := bytes.Cut(b, []byte(") ")) // after the name in brackets
	return err == nil && ok && len(rest) > 0 && rest[0] == 'T'
}

// Log is the end of what the node has logged, over all starts.
func (x *Process) Log() string { return x.log.String() }

// Close kills the node and gives its address up.
func (x *Process) Close() error {
	x.Kill()
	x.http.CloseIdleConnections()
	if x.l == nil {
		return nil
	}
	return errors.Join(x.file.Close(), x.l.Close())
}

// Ask calls the tests' door of the node once. What the node itself says is a *Failure.
func Ask[Out any](x *Process, what string, in any) (Out, error) {
	var out Out
	raw, err := json.Marshal(in)
	if err != nil {
		return out, err
	}
	res, err := x.http.Post(x.URL+"/proof/"+what, "application/json", bytes.NewReader(raw))
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

// A tail keeps the end of a log. It may be used concurrently.
type tail struct {
	mu sync.Mutex
	b  []byte
}

const tailBytes = 16 << 10

func (l *tail) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.b = append(l.b, p...)
	if n := len(l.b) - tailBytes; n > 0 {
		l.b = append([]byte{}, l.b[n:]...)
	}
	return len(p), nil
}

func (l *tail) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return string(l.b)
}
