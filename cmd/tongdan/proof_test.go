package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/internal/hub"
	"github.com/tongdan/tongdan/internal/rehearse"
)

// The demonstration fills a database over both platforms; verify and replay look at it
// while it runs, and find that everything holds.
func TestVerifyAndReplayBesideARunningServer(t *testing.T) { // alone: the demonstration is to keep up with its orders
	dir := t.TempDir()
	demo := start(t, none, "demo", "--addr", "127.0.0.1:0", "--sim-addr", "127.0.0.1:0", "--data", dir, "--rate", "400", "--speed", "20")
	demo.find(`Console\s+(http://\S+)`)
	var rep hub.VerifyReport
	until(t, "some orders of both platforms", func() bool {
		var out, errs output
		err := run(t.Context(), []string{"verify", "--data", dir, "--json"}, none, &out, &errs)
		if err != nil && !errors.Is(err, errDoesNotHold) {
			t.Fatalf("verify: %v %s", err, &errs)
		}
		rep = hub.VerifyReport{}
		if err := json.Unmarshal([]byte(out.String()), &rep); err != nil {
			t.Fatal(err)
		}
		if !rep.Holds {
			t.Fatalf("not everything holds: %s", &out)
		}
		for _, c := range rep.Checks {
			if c.Name == "fold" {
				return c.Looked >= 120
			}
		}
		return false
	})
	replay := func(args ...string) string {
		t.Helper()
		var out, errs output
		if err := run(t.Context(), append([]string{"replay"}, args...), none, &out, &errs); err != nil {
			t.Errorf("replay %v: %v\n%s%s", args, err, &out, &errs)
		}
		return out.String()
	}
	if out := replay("--data", dir); !strings.Contains(out, " 0 differ") || strings.Contains(out, "not read") {
		t.Errorf("replay beside a server: %s", out)
	}
	// Whatever writes needs the folder for itself, and says what to do.
	for _, args := range [][]string{{"verify", "--repair"}, {"statement", "--make"}} {
		err := run(t.Context(), append(args, "--data", dir), none, io.Discard, io.Discard)
		if !errors.As(err, new(couldNotLook)) || !strings.Contains(fault.WordsOf(err), "stop it") {
			t.Errorf("%v beside a server: %v, %q", args, err, fault.WordsOf(err))
		}
	}
	demo.stop()
	if out := replay("--data", dir); !strings.Contains(out, " 0 differ") || strings.Contains(out, "not read") {
		t.Errorf("replay of a server at rest: %s", out)
	}
	var out output
	if err := run(t.Context(), []string{"verify", "--data", dir}, none, &out, &out); err != nil || !strings.Contains(out.String(), "Everything holds.") {
		t.Errorf("%v %s", err, &out)
	}
	var listed hub.ReplayReport
	var j output
	if err := run(t.Context(), []string{"replay", "--data", dir, "--json"}, none, &j, &out); err != nil || json.Unmarshal([]byte(j.String()), &listed) != nil {
		t.Fatalf("%v %s", err, &j)
	}
	t.Logf("%d lines, %d about orders, %d orders; verify: %+v", listed.Lines, listed.Learnt, listed.Orders, rep.Checks)

	// What came on that day is rehearsed. It was too short for customers to change their
	// minds, so some of them do here, and messages go astray.
	ctx := context.WithValue(t.Context(), doctored{}, func(p *rehearse.Plan) {
		n := 0
		for i := range p.Day.Lives {
			l := &p.Day.Lives[i]
			l.Deeds = nil
			if l.Channel != "meituan" || i > len(p.Day.Lives)*2/3 { // the last ones have little time left
				continue
			}
			deed := func(kind string, after int64) {
				l.Deeds = append(l.Deeds, hub.Deed{Kind: kind, At: l.Placed + after*1000, Sent: hub.Sending{Doubled: n % 2}})
			}
			switch n++; n % 8 {
			case 0:
				deed(hub.DeedRemind, 20)
			case 1:
				deed(hub.DeedCancel, 1)
			case 2:
				deed(hub.DeedRefund, 40)
			case 3:
				deed(hub.DeedPart, 40)
				deed(hub.DeedWithdraw, 60)
			case 4:
				l.Sent.Doubled = 1
			case 5:
				l.Sent.Late = 30 * time.Second
			case 6:
				l.Sent.Lost = true
			case 7:
				l.Sent.Swapped = true
				deed(hub.DeedRemind, 5)
			}
		}
	})
	file := filepath.Join(t.TempDir(), "report.json")
	minutes := max(0.2, float64(listed.Orders)/6000) // a slow machine has taken more orders than can be played in twelve seconds
	var told output
	if err := run(ctx, []string{"rehearse", "--profile", "replay", "--from", dir, "--minutes", fmt.Sprintf("%.2f", minutes), "--faults", "none", "--lang", "en", "--json", file}, none, &told, &out); err != nil {
		t.Fatalf("the day again: %v\n%s", err, &told)
	}
	raw, err := os.ReadFile(file)
	var again rehearse.Report
	if err == nil {
		err = json.Unmarshal(raw, &again)
	}
	if x := again.Replayed; err != nil || !again.Held || x == nil || x.Lives < 120 || x.Stored != 0 || x.Lines < 500 || again.Orders.In < x.Lives*9/10 ||
		x.Doubled == 0 || x.Late == 0 || x.Swapped == 0 || x.Lost == 0 || x.Deeds[hub.DeedRemind] == 0 || x.Deeds[hub.DeedCancel] == 0 || x.Deeds[hub.DeedRefund] == 0 || x.Deeds[hub.DeedPart] == 0 {
		t.Errorf("%v: %+v, orders %+v\n%s", err, again.Replayed, again.Orders, &told)
	}

	err = run(t.Context(), []string{"verify", "--data", t.TempDir()}, none, &out, &out)
	if !errors.As(err, new(couldNotLook)) {
		t.Errorf("verify without a database: %v", err)
	}
	other := t.TempDir() // another key
	for _, name := range []string{"tongdan.db", "tongdan.db-wal"} {
		b, err := os.ReadFile(filepath.Join(dir, name))
		if err == nil {
			err = os.WriteFile(filepath.Join(other, name), b, 0o600)
		}
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			t.Fatal(err)
		}
	}
	wrong := func(name string) string {
		if name == "TONGDAN_KEY" {
			return strings.Repeat("ab", 32)
		}
		return ""
	}
	if err := run(t.Context(), []string{"verify", "--data", other}, wrong, &out, &out); !errors.As(err, new(couldNotLook)) || !strings.Contains(err.Error(), "key") {
		t.Errorf("verify with a wrong key: %v", err)
	}
}
