package main

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tongdan/tongdan/internal/hub"
)

// The demonstration fills a database over both platforms; verify and replay look at it
// while it runs, and find that everything holds.
func TestVerifyAndReplayBesideARunningServer(t *testing.T) {
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

	err := run(t.Context(), []string{"verify", "--data", t.TempDir()}, none, &out, &out)
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
