// Package pgserver starts a PostgreSQL server of one's own in a folder of its own, on
// loopback, from the programs that are installed on this machine. It is for what must not
// touch the database of real orders and is thrown away afterwards: a rehearsal.
package pgserver

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

// ErrMissing says that PostgreSQL is not installed.
var ErrMissing = errors.New("PostgreSQL is not installed here")

// A Server runs until Stop, or until the process that started it ends.
type Server struct {
	URL string // of an empty database; the user needs no password and reaches it from this machine only

	cmd  *exec.Cmd
	done chan error
	dir  string
}

// Installed reports whether a server can be started here.
func Installed() bool {
	_, err := find("initdb")
	return err == nil
}

// Start makes a cluster in a new folder below dir ("" = the system's for temporary files)
// and starts it. The server writes to the disk as one in production does. After an error
// nothing is left; without an installed PostgreSQL the error is ErrMissing.
func Start(ctx context.Context, dir string) (*Server, error) {
	initdb, err := find("initdb")
	if err != nil {
		return nil, err
	}
	postgres, err := find("postgres")
	if err != nil {
		return nil, err
	}
	if dir, err = os.MkdirTemp(dir, "tongdan-pg"); err != nil {
		return nil, err
	}
	s := &Server{dir: dir, done: make(chan error, 1)}
	if err := s.start(ctx, initdb, postgres); err != nil {
		s.Stop()
		return nil, err
	}
	return s, nil
}

func (s *Server) start(ctx context.Context, initdb, postgres string) error {
	attr, err := attributes(s.dir)
	if err != nil {
		return err
	}
	data := filepath.Join(s.dir, "data")
	init := exec.CommandContext(ctx, initdb, "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
	init.SysProcAttr, init.Dir = attr, s.dir
	if out, err := init.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w: %s", err, out)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	port := l.Addr().(*net.TCPAddr).Port
	l.Close()
	log, err := os.Create(filepath.Join(s.dir, "log"))
	if err != nil {
		return err
	}
	defer log.Close()
	cmd := exec.Command(postgres, "-D", data, "-h", "127.0.0.1", "-p", strconv.Itoa(port), "-k", s.dir, "-c", "max_connections=200", "-c", "shared_buffers=256MB")
	cmd.SysProcAttr, cmd.Dir, cmd.Stdout, cmd.Stderr = attr, s.dir, log, log
	if err := cmd.Start(); err != nil {
		return err
	}
	s.cmd = cmd
	go func() { s.done <- cmd.Wait() }()
	s.URL = fmt.Sprintf("postgres://postgres@127.0.0.1:%d/postgres?sslmode=disable", port)
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	for {
		c, err := pgx.Connect(ctx, s.URL)
		if err == nil {
			return c.Close(ctx)
		}
		select {
		case <-time.After(50 * time.Millisecond):
		case ended := <-s.done:
			s.cmd = nil
			said, _ := os.ReadFile(log.Name())
			return fmt.Errorf("postgres ended: %v: %s", ended, said[max(0, len(said)-1000):])
		case <-ctx.Done():
			return fmt.Errorf("postgres did not start: %w", err)
		}
	}
}

// Stop ends the server and removes its folder.
func (s *Server) Stop() error {
	if s.cmd != nil {
		s.cmd.Process.Signal(syscall.SIGINT) // fast shutdown: sessions are cut off
		select {
		case <-s.done:
		case <-time.After(20 * time.Second):
			s.cmd.Process.Kill()
			<-s.done
		}
		s.cmd = nil
	}
	return os.RemoveAll(s.dir)
}

// find looks where Debian keeps the server's programs, too.
func find(name string) (string, error) {
	if p, err := exec.LookPath(name); err == nil {
		return p, nil
	}
	if all, _ := filepath.Glob("/usr/lib/postgresql/*/bin/" + name); len(all) > 0 {
		return all[len(all)-1], nil
	}
	return "", fmt.Errorf("%w (%s was not found)", ErrMissing, name)
}
