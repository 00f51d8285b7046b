// Package dbtest gives tests real databases of both engines.
package dbtest

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"testing/fstest"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/tongdan/tongdan/internal/db"
)

// Key is the master key of every test's database.
var Key = [32]byte{1, 2, 3, 4, 5, 6, 7, 8}

// Each runs a test on a fresh SQLite folder and on a fresh PostgreSQL database.
func Each(t *testing.T, f func(t *testing.T, d *db.DB)) {
	t.Run("sqlite", func(t *testing.T) { f(t, Open(t, db.Options{Dir: Dir(t)})) })
	t.Run("postgres", func(t *testing.T) { f(t, Open(t, db.Options{URL: URL(t)})) })
}

// AtOnce is Each with both engines at the same time. A database is opened when its turn has come, and not while the test
// waits for it: a server has so many connections.
func AtOnce(t *testing.T, f func(t *testing.T, d *db.DB)) {
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		f(t, Open(t, db.Options{Dir: Dir(t)}))
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		f(t, Open(t, db.Options{URL: URL(t)}))
	})
}

// Dir gives a folder with a fresh SQLite database that has the schema.
func Dir(t testing.TB) string {
	t.Helper()
	dir := t.TempDir()
	made, err := prepared()
	if err == nil {
		err = os.CopyFS(dir, made)
	}
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// URL gives the address of a fresh PostgreSQL database that has the schema, on the server that Postgres tells of.
func URL(t testing.TB) string {
	t.Helper()
	return postgres(t, true)
}

// prepared is a folder with a SQLite database that has the schema. To copy it takes a tenth of the time that
// the migrations do, and hundreds of tests begin with one.
var prepared = sync.OnceValues(func() (fs.FS, error) {
	dir, err := os.MkdirTemp("", "tongdan-made")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	if err := db.Prepare(context.Background(), db.Options{Dir: dir}); err != nil {
		return nil, err
	}
	made := fstest.MapFS{} // in memory, since nobody is told when a test's process ends
	list, err := os.ReadDir(dir)
	for _, e := range list {
		b, failed := os.ReadFile(filepath.Join(dir, e.Name()))
		made[e.Name()], err = &fstest.MapFile{Data: b, Mode: 0o600}, errors.Join(err, failed)
	}
	return made, err
})

// Open opens a database with the tests' key and closes it with the test.
func Open(t testing.TB, o db.Options) *db.DB {
	t.Helper()
	o.Key = Key
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	d, err := db.Open(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
	return d
}

var server struct {
	sync.Once
	url  string
	err  error
	n    int
	mu   sync.Mutex
	made string // a database that has the schema; "" on a server that is not ours, where it would stay behind
}

// Postgres gives the address of a fresh, empty database. The server is that of
// TONGDAN_TEST_POSTGRES, or one of our own that is started once a process, on loopback,
// and ends with it. Where PostgreSQL is not installed the test is skipped and says so.
func Postgres(t testing.TB) string {
	t.Helper()
	return postgres(t, false)
}

// postgres gives a fresh database, which has the schema already where that is wanted and quicker.
func postgres(t testing.TB, schema bool) string {
	t.Helper()
	server.Do(func() {
		server.url, server.err = start()
		if server.err == nil && os.Getenv("TONGDAN_TEST_POSTGRES") == "" {
			server.made, server.err = prepare(server.url)
		}
	})
	if errors.Is(server.err, errAbsent) {
		t.Skipf("no PostgreSQL server (make deps installs it): %v", server.err)
	}
	if server.err != nil { // one that is here and does not start, or takes no schema, is no reason to pass
		t.Fatal(server.err)
	}
	server.mu.Lock()
	server.n++
	name := fmt.Sprintf("tongdan_%d_%d", os.Getpid(), server.n)
	server.mu.Unlock()
	ctx := context.Background()
	c, err := pgx.Connect(ctx, server.url)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close(ctx)
	like := "template1"
	if schema && server.made != "" {
		like = server.made
	}
	if _, err := c.Exec(ctx, "CREATE DATABASE "+name+" TEMPLATE "+like); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		c, err := pgx.Connect(ctx, server.url)
		if err != nil {
			return
		}
		defer c.Close(ctx)
		c.Exec(ctx, "DROP DATABASE IF EXISTS "+name+" WITH (FORCE)")
	})
	return at(server.url, name)
}

// at is the address of a database on a server.
func at(server, name string) string {
	u, err := url.Parse(server)
	if err != nil {
		panic(err) // we have made it
	}
	u.Path = "/" + name
	return u.String()
}

// prepare makes a database that others are copied from.
func prepare(server string) (string, error) {
	const name = "tongdan_made"
	ctx := context.Background()
	c, err := pgx.Connect(ctx, server)
	if err != nil {
		return "", err
	}
	defer c.Close(ctx)
	if _, err := c.Exec(ctx, "CREATE DATABASE "+name); err != nil {
		return "", err
	}
	return name, db.Prepare(ctx, db.Options{URL: at(server, name)})
}

func start() (string, error) {
	if u := os.Getenv("TONGDAN_TEST_POSTGRES"); u != "" {
		return u, nil
	}
	initdb, err := find("initdb")
	if err != nil {
		return "", err
	}
	postgres, err := find("postgres")
	if err != nil {
		return "", err
	}
	dir, err := os.MkdirTemp("", "tongdan-pg")
	if err != nil {
		return "", err
	}
	attr := &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM}
	if os.Getuid() == 0 { // the server refuses to run as root
		u, err := user.Lookup("postgres")
		if err != nil {
			if u, err = user.Lookup("nobody"); err != nil {
				return "", err
			}
		}
		uid, _ := strconv.Atoi(u.Uid)
		gid, _ := strconv.Atoi(u.Gid)
		attr.Credential = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
		if err := os.Chown(dir, uid, gid); err != nil {
			return "", err
		}
	}
	data := filepath.Join(dir, "data")
	init := exec.Command(initdb, "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
	init.SysProcAttr, init.Dir = attr, dir
	if out, err := init.CombinedOutput(); err != nil {
		return "", fmt.Errorf("initdb: %w: %s", err, out)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	port := l.Addr().(*net.TCPAddr).Port
	l.Close()
	args := []string{"-D", data, "-h", "127.0.0.1", "-p", strconv.Itoa(port), "-k", dir, "-c", "max_connections=200", "-c", "shared_buffers=256MB"}
	if f := flag.Lookup("test.bench"); f == nil || f.Value.String() == "" {
		args = append(args, "-c", "fsync=off") // tests kill their own process, not the machine; benchmarks measure the disk too
	}
	run := exec.Command(postgres, args...)
	run.SysProcAttr, run.Dir = attr, dir
	if err := run.Start(); err != nil {
		return "", err
	}
	go run.Wait()
	u := fmt.Sprintf("postgres://postgres@127.0.0.1:%d/postgres?sslmode=disable", port)
	for end := time.Now().Add(30 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		c, err := pgx.Connect(context.Background(), u)
		if err == nil {
			c.Close(context.Background())
			return u, nil
		}
		if time.Now().After(end) {
			return "", err
		}
	}
}

// errAbsent says that a program of PostgreSQL's is not here, which alone lets a test be skipped.
var errAbsent = errors.New("is not installed")

func find(name string) (string, error) {
	if p, err := exec.LookPath(name); err == nil {
		return p, nil
	}
	if all, _ := filepath.Glob("/usr/lib/postgresql/*/bin/" + name); len(all) > 0 {
		return all[len(all)-1], nil
	}
	return "", fmt.Errorf("%s %w", name, errAbsent)
}
