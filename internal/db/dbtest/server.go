package dbtest

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// A Server is a PostgreSQL server of one test, to be stopped, killed, copied and promoted.
type Server struct {
	t    testing.TB
	name string
	dir  string
	port int
	attr *syscall.SysProcAttr
	done chan struct{} // closed when the process that runs has ended; nil = none runs
	cmd  *exec.Cmd
}

// NewServer makes and starts a server, which ends with the test.
func NewServer(t testing.TB) *Server {
	t.Helper()
	s := newServer(t, "first")
	s.tool("initdb", "-D", s.data(), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
	s.Start()
	return s
}

func newServer(t testing.TB, name string) *Server {
	t.Helper()
	if _, err := find("initdb"); err != nil {
		t.Skipf("no PostgreSQL server (make deps installs it): %v", err)
	}
	dir, err := os.MkdirTemp("", "tongdan-pg")
	if err != nil {
		t.Fatal(err)
	}
	s := &Server{t: t, name: name, dir: dir, attr: &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM}}
	t.Cleanup(func() {
		s.Kill()
		os.RemoveAll(dir)
	})
	if os.Getuid() == 0 { // the server refuses to run as root
		u, err := user.Lookup("postgres")
		if err != nil {
			u, err = user.Lookup("nobody")
		}
		if err != nil {
			t.Fatal(err)
		}
		uid, _ := strconv.Atoi(u.Uid)
		gid, _ := strconv.Atoi(u.Gid)
		s.attr.Credential = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
		if err := os.Chown(dir, uid, gid); err != nil {
			t.Fatal(err)
		}
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.port = l.Addr().(*net.TCPAddr).Port
	l.Close()
	return s
}

func (s *Server) data() string { return filepath.Join(s.dir, "data") }

// tool runs one of PostgreSQL's programs to its end.
func (s *Server) tool(name string, args ...string) {
	s.t.Helper()
	path, err := find(name)
	if err != nil {
		s.t.Fatal(err)
	}
	c := exec.Command(path, args...)
	c.SysProcAttr, c.Dir = s.attr, s.dir
	if out, err := c.CombinedOutput(); err != nil {
		s.t.Fatalf("%s: %v: %s", name, err, out)
	}
}

// Start starts the server and waits until it answers.
func (s *Server) Start() {
	s.t.Helper()
	path, err := find("postgres")
	if err != nil {
		s.t.Fatal(err)
	}
	log, err := os.OpenFile(filepath.Join(s.dir, "log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		s.t.Fatal(err)
	}
	defer log.Close()
	s.cmd = exec.Command(path, "-D", s.data(), "-h", "127.0.0.1", "-p", strconv.Itoa(s.port), "-k", s.dir, "-c", "max_connections=150",
		"-c", "fsync=off", // tests kill processes, not the machine
		"-c", "cluster_name="+s.name, "-c", "wal_keep_size=256MB", "-c", "wal_receiver_timeout=5s", "-c", "wal_retrieve_retry_interval=200ms")
	s.cmd.SysProcAttr, s.cmd.Dir, s.cmd.Stdout, s.cmd.Stderr = s.attr, s.dir, log, log
	if err := s.cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	done := make(chan struct{})
	s.done = done
	go func() {
		s.cmd.Wait()
		close(done)
	}()
	for end := time.Now().Add(40 * time.Second); ; {
		c, err := pgx.Connect(context.Background(), s.URL("postgres"))
		if err == nil {
			c.Close(context.Background())
			return
		}
		if time.Now().After(end) {
			said, _ := os.ReadFile(log.Name())
			s.t.Fatalf("the server does not answer: %v\n%s", err, said[max(0, len(said)-2000):])
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// Fast stops the server as an administrator would: sessions are cut off, the rest is tidy.
func (s *Server) Fast() { s.end(syscall.SIGINT) }

// Immediate stops it without a checkpoint, as a crash would; the next start recovers.
func (s *Server) Immediate() { s.end(syscall.SIGQUIT) }

// Kill ends it as a power cut would.
func (s *Server) Kill() { s.end(syscall.SIGKILL) }

func (s *Server) end(signal syscall.Signal) {
	if s.done == nil {
		return
	}
	s.cmd.Process.Signal(signal)
	select {
	case <-s.done:
	case <-time.After(30 * time.Second):
		s.cmd.Process.Kill()
		<-s.done
		s.t.Errorf("the server did not end at %v", signal)
	}
	s.done = nil
	if signal == syscall.SIGKILL { // its children end by themselves, and until then the folder is in use
		time.Sleep(300 * time.Millisecond)
		os.Remove(filepath.Join(s.data(), "postmaster.pid"))
	}
}

// URL is the address of a database on these servers: the first, and others to be tried
// when it is not the primary.
func (s *Server) URL(name string, others ...*Server) string {
	hosts := []string{"127.0.0.1:" + strconv.Itoa(s.port)}
	more := ""
	for _, o := range others {
		hosts = append(hosts, "127.0.0.1:"+strconv.Itoa(o.port))
		more = "&target_session_attrs=read-write"
	}
	return fmt.Sprintf("postgres://postgres@%s/%s?sslmode=disable&connect_timeout=5%s", strings.Join(hosts, ","), name, more)
}

// Exec runs one statement on this server.
func (s *Server) Exec(database, text string) {
	s.t.Helper()
	ctx := context.Background()
	c, err := pgx.Connect(ctx, s.URL(database))
	if err != nil {
		s.t.Fatal(err)
	}
	defer c.Close(ctx)
	if _, err := c.Exec(ctx, text, pgx.QueryExecModeSimpleProtocol); err != nil {
		s.t.Fatalf("%s: %v", text, err)
	}
}

// Strings reads one column of text.
func (s *Server) Strings(database, text string) []string {
	s.t.Helper()
	ctx := context.Background()
	c, err := pgx.Connect(ctx, s.URL(database))
	if err != nil {
		s.t.Fatal(err)
	}
	defer c.Close(ctx)
	rows, err := c.Query(ctx, text)
	if err != nil {
		s.t.Fatal(err)
	}
	list, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		s.t.Fatalf("%s: %v", text, err)
	}
	return list
}

// Standby makes a copy of this server that follows it, synchronously or not.
func (s *Server) Standby(synchronous bool) *Server {
	s.t.Helper()
	o := newServer(s.t, "second")
	o.tool("pg_basebackup", "-D", o.data(), "-h", "127.0.0.1", "-p", strconv.Itoa(s.port), "-U", "postgres", "-X", "stream", "-c", "fast", "-R", "--no-sync")
	o.Start()
	want := "async"
	if synchronous {
		want = "sync"
		s.Exec("postgres", "ALTER SYSTEM SET synchronous_standby_names = 'second'")
		s.Exec("postgres", "SELECT pg_reload_conf()")
	}
	s.await("the standby does not follow", func() bool {
		got := s.Strings("postgres", "SELECT sync_state FROM pg_stat_replication WHERE state = 'streaming'")
		return len(got) == 1 && got[0] == want
	})
	return o
}

// Deafen stops a standby's replication, so that it lacks what comes after.
func (s *Server) Deafen(primary *Server) {
	s.t.Helper()
	s.Exec("postgres", "ALTER SYSTEM SET primary_conninfo = ''")
	s.Exec("postgres", "SELECT pg_reload_conf()")
	primary.await("the standby goes on following", func() bool {
		return len(primary.Strings("postgres", "SELECT state FROM pg_stat_replication")) == 0
	})
}

// Promote makes a standby the primary.
func (s *Server) Promote() {
	s.t.Helper()
	s.Exec("postgres", "SELECT pg_promote(true, 30)")
}

func (s *Server) await(what string, ok func() bool) {
	s.t.Helper()
	for end := time.Now().Add(30 * time.Second); !ok(); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(end) {
			s.t.Fatal(what)
		}
	}
}
