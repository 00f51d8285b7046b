package hub_test

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/tongdan/tongdan/channel"
	"github.com/tongdan/tongdan/effect"
	"github.com/tongdan/tongdan/internal/db"
	"github.com/tongdan/tongdan/internal/db/dbtest"
	"github.com/tongdan/tongdan/internal/hub"
	"github.com/tongdan/tongdan/internal/platform"
	"github.com/tongdan/tongdan/internal/point"
	"github.com/tongdan/tongdan/internal/sim/printers"
)

// nodeAt has this program be a node on a database in place of running tests.
const nodeAt = "TONGDAN_TEST_NODE"

func TestMain(m *testing.M) {
	if where := os.Getenv(nodeAt); where != "" {
		d, err := db.Open(context.Background(), database(where))
		if err == nil {
			err = hub.New(paperOptions(d)).Run(context.Background())
		}
		fmt.Fprintln(os.Stderr, "the node ended:", err)
		os.Exit(1)
	}
	flag.Parse()
	if !set("test.parallel") {
		flag.Set("test.parallel", "8") // most of a test is waiting for clocks, leases and pauses
	}
	os.Exit(m.Run())
}

// set reports whether a flag was given.
func set(name string) (given bool) {
	flag.Visit(func(f *flag.Flag) { given = given || f.Name == name })
	return given
}

func database(where string) db.Options {
	if strings.HasPrefix(where, "postgres") {
		return db.Options{URL: where, Key: dbtest.Key}
	}
	return db.Options{Dir: where, Key: dbtest.Key}
}

func paperOptions(d *db.DB) hub.Options {
	return hub.Options{DB: d, Platforms: platform.All(), Clock: hub.Real, AllowPrivate: channel.Loopback, Lease: 1500 * time.Millisecond}
}

// A node is killed when a ticket is on its way, before or after it came out: the next one
// neither forgets nor repeats it, and where nobody can say, it asks.
func TestAnotherNodeGoesOnWhereOneDied(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		kind string
		at   point.Point
		out  int // slips when the first is dead
		want int // and in the end
		ends effect.State
	}{
		{printers.ESCPOS, point.EffectBegun, 0, 0, effect.Person},
		{printers.ESCPOS, point.EffectCalled, 1, 1, effect.Person},
		{printers.Feie, point.EffectCalled, 1, 1, effect.Done},
		{printers.Yilianyun, point.EffectBegun, 0, 1, effect.Done},
		{printers.Yilianyun, point.EffectCalled, 1, 1, effect.Done},
	} {
		for _, engine := range []string{"sqlite", "postgres"} {
			t.Run(fmt.Sprint(c.kind, " ", c.at, " ", engine), func(t *testing.T) {
				t.Parallel()
				where := dbtest.Dir(t)
				if engine == "postgres" {
					where = dbtest.URL(t)
				}
				d, err := db.Open(t.Context(), database(where))
				if err != nil {
					t.Fatal(err)
				}
				w := paperAt(t, d)
				w.add(c.kind, false)
				got := w.enter(w.tea("a", 1)) // no lane is worked here
				w.must(d.Close())

				ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
				defer cancel()
				cmd := exec.CommandContext(ctx, os.Args[0])
				cmd.Env = append(os.Environ(), nodeAt+"="+where, point.Env+"="+string(c.at)+":1:kill")
				text, err := cmd.CombinedOutput()
				if status, ok := cmd.ProcessState.Sys().(syscall.WaitStatus); ctx.Err() != nil || !ok || status.Signal() != syscall.SIGKILL {
					t.Fatalf("the node was not killed: %v\n%s", err, text)
				}
				if n := len(w.paper(c.kind)); n != c.out {
					t.Fatalf("%d slips came out of the dead node, want %d", n, c.out)
				}

				d = dbtest.Open(t, database(where))
				w.db, w.hub = d, hub.New(paperOptions(d))
				w.run()
				w.until("it is known as far as it can be", func() bool { l := w.tickets(got.Order); return len(l) == 1 && l[0].State == c.ends })
				w.comes(c.kind, c.want)
			})
		}
	}
}
