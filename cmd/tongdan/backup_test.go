package main

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/internal/db"
)

// A backup is made beside a hub that runs, restored elsewhere, asked about, and armed.
func TestABackupOfARunningHubIsRestoredAndArmedAfterAQuestion(t *testing.T) {
	t.Parallel()
	dir, to, there := t.TempDir(), t.TempDir(), filepath.Join(t.TempDir(), "data")
	s := start(t, none, "serve", "--addr", "127.0.0.1:0", "--data", dir)
	url := s.find(`Tongdan is at (http://\S+)`)
	token := s.find(`/setup\?token=(\S+)`)
	if status, v := call(t, "POST", url+"/api/v1/setup", "", `{"token":"`+token+`","name":"li","password":"correct horse"}`); status != 200 {
		t.Fatalf("%d %v", status, v)
	}
	var out output
	if err := run(t.Context(), []string{"backup", "--data", dir, "--to", to}, none, &out, io.Discard); err != nil {
		t.Fatal(err)
	}
	s.stop()
	if text := out.String(); !strings.Contains(text, "not in it") || !strings.Contains(text, filepath.Join(dir, "key")) {
		t.Errorf("it says nothing of the key: %s", text)
	}
	err := run(t.Context(), []string{"restore", "--from", to, "--data", there}, none, &out, io.Discard)
	if err == nil || !strings.Contains(err.Error(), "master key") {
		t.Errorf("without the key: %v", err)
	}
	if err := run(t.Context(), []string{"restore", "--from", to, "--data", there, "--key-file", filepath.Join(dir, "key")}, none, &out, io.Discard); err != nil {
		t.Fatal(err)
	}
	if text := out.String(); !strings.Contains(text, "It is disarmed") {
		t.Errorf("it does not say that it is disarmed: %s", text)
	}
	ask := func(answer string) (string, error) {
		var out output
		c := command{env: none, in: strings.NewReader(answer), out: &out, err: io.Discard}
		c.log = quietLog
		err := c.arm(t.Context(), []string{"--data", there})
		return out.String(), err
	}
	if text, err := ask("yes\n"); err == nil || !strings.Contains(text, "surely off") || !strings.Contains(err.Error(), "not armed") {
		t.Errorf("a careless answer: %v %s", err, text)
	}
	if text, err := ask(sure + "\n"); err != nil || !strings.Contains(text, "Armed.") {
		t.Errorf("the right answer: %v %s", err, text)
	}
	if text, err := ask(""); err != nil || !strings.Contains(text, "already") {
		t.Errorf("once more: %v %s", err, text)
	}
	s = start(t, none, "serve", "--addr", "127.0.0.1:0", "--data", there)
	url = s.find(`Tongdan is at (http://\S+)`)
	if status, v := call(t, "POST", url+"/api/v1/session", "", `{"name":"li","password":"correct horse"}`); status != 200 {
		t.Errorf("signing in at the restored hub: %d %v", status, v)
	}
	s.stop()
}

func TestWhatABackupNeedsIsSaid(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"backup", "--data", dir}, "--to"},
		{[]string{"backup", "--data", dir, "--to", dir, "--keep", "-1"}, "--keep"},
		{[]string{"backup", "--data", dir, "--to", dir}, "master key"},
		{[]string{"restore", "--data", dir}, "--from"},
		{[]string{"restore", "--data", dir, "--from", dir}, "no backup"},
		{[]string{"arm", "--data", dir}, "master key"},
	} {
		if err := run(t.Context(), c.args, none, io.Discard, io.Discard); err == nil || !strings.Contains(err.Error()+fault.WordsOf(err), c.want) {
			t.Errorf("%v: %v, want it to name %s", c.args, err, c.want)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "key")); err == nil {
		t.Error("a backup made a key")
	}
}

func TestTheCheckOfBackupsIsNoted(t *testing.T) {
	t.Parallel()
	dir, to := t.TempDir(), t.TempDir()
	var out output
	c := command{env: none, out: &out, err: io.Discard, log: quietLog}
	d, err := c.open(t.Context(), dir, "")
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	if _, err := merchant(t.Context(), d); err != nil {
		t.Fatal(err)
	}
	key, err := c.oldKey(dir)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.drill(to, 24, key); err == nil || !strings.Contains(err.Error(), "--check-at") {
		t.Errorf("hour 24: %v", err)
	}
	check, err := c.drill(to, 4, key)
	if err != nil {
		t.Fatal(err)
	}
	last := func() db.CheckRow {
		t.Helper()
		check.once(t.Context(), &node{c: c, db: d})
		row, err := d.Check(t.Context(), db.CheckBackups)
		if err != nil {
			t.Fatal(err)
		}
		return row
	}
	if row := last(); row.OK || !strings.Contains(row.Why.Text, "no backup") || !row.Good.IsZero() || !row.About.IsZero() {
		t.Errorf("without a backup: %+v", row)
	}
	if err := run(t.Context(), []string{"backup", "--data", dir, "--to", to}, none, &out, io.Discard); err != nil {
		t.Fatal(err)
	}
	good := last()
	if !good.OK || good.Why.Text != "" || good.About.IsZero() {
		t.Errorf("a good backup: %+v", good)
	}
	files, _ := filepath.Glob(filepath.Join(to, "*", db.SQLiteFile))
	if err := os.Truncate(files[0], 4096); err != nil {
		t.Fatal(err)
	}
	if row := last(); row.OK || !strings.Contains(row.Why.Text, "not as it was") || !row.Good.Equal(good.At) {
		t.Errorf("a damaged backup: %+v", row)
	}
	zone := time.FixedZone("", 8*3600)
	for now, want := range map[time.Time]time.Time{
		time.Date(2026, 3, 1, 3, 59, 0, 0, zone): time.Date(2026, 3, 1, 4, 0, 0, 0, zone),
		time.Date(2026, 3, 1, 4, 0, 0, 0, zone):  time.Date(2026, 3, 2, 4, 0, 0, 0, zone),
	} {
		if got := check.next(now); !got.Equal(want) {
			t.Errorf("after %v the check is at %v, want %v", now, got, want)
		}
	}
}
