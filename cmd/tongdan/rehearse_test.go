package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tongdan/tongdan/internal/books"
	"github.com/tongdan/tongdan/internal/hub"
	"github.com/tongdan/tongdan/internal/pgserver"
	"github.com/tongdan/tongdan/internal/rehearse"
	"github.com/tongdan/tongdan/internal/sim"
)

// TestMain makes the test binary the program when a rehearsal started it as a node.
func TestMain(m *testing.M) {
	if os.Getenv(rehearse.NodeEnv) != "" {
		main()
		return
	}
	flag.Parse()
	given := false
	flag.Visit(func(f *flag.Flag) { given = given || f.Name == "test.parallel" })
	if !given {
		flag.Set("test.parallel", "4") // most of a test is waiting for orders to come
	}
	os.Exit(m.Run())
}

// TestAFestivalIsRehearsed plays a short and rough one: nodes are killed, platforms
// misbehave, and the promise holds.
func TestAFestivalIsRehearsed(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("takes half a minute")
	}
	dir := t.TempDir()
	args := []string{"rehearse", "--profile", "festival", "--rate", "5", "--minutes", "0.3", "--faults", "nasty", "--kill", "5s", "--lang", "en",
		"--json", filepath.Join(dir, "report.json"), "--page", filepath.Join(dir, "report.html")}
	nodes := 1
	if pgserver.Installed() {
		nodes = 2
		args = append(args, "--nodes", "2")
	}
	var out bytes.Buffer
	if err := run(t.Context(), args, none, &out, io.Discard); err != nil {
		t.Fatalf("%v\n%s", err, &out)
	}
	raw, err := os.ReadFile(filepath.Join(dir, "report.json"))
	if err != nil {
		t.Fatal(err)
	}
	var r rehearse.Report
	if err := json.Unmarshal(raw, &r); err != nil {
		t.Fatal(err)
	}
	if !r.Held || r.Nodes != nodes || r.Kills < 2 || r.Orders.In < 90 || r.Orders.Agreed != r.Orders.In || r.Acts.Sent < 20 || len(r.Hits) < 5 {
		t.Errorf("the report: held %v, %d nodes, %d kills, orders %+v, acts %+v, faults %v", r.Held, r.Nodes, r.Kills, r.Orders, r.Acts, r.Hits)
	}
	if s := r.Stock; r.Oversold == nil || *r.Oversold != 0 || s == nil || len(s.Levels) < 30 || s.Sold < 10 || s.Shared < 10 || s.Above != 0 {
		t.Errorf("the stock: %+v", s)
	}
	if x := r.Labels; x.Batches == 0 || x.Printed == 0 || x.Lost+x.Twice+x.Odd != 0 {
		t.Errorf("the labels: %+v", x)
	}
	if v := r.Verify; v == nil || !v.Holds || len(v.Checks) != len(hub.VerifyChecks()) || v.Checks[0].Looked == 0 {
		t.Errorf("verify: %+v", v)
	}
	for _, x := range r.Reasons {
		if !x.Forged {
			t.Errorf("parked, and not on purpose: %+v", x)
		}
	}
	for _, m := range []string{rehearse.Durable, rehearse.Screen, rehearse.Pressed, rehearse.Platform, rehearse.Printed, rehearse.Paper} {
		if s := r.Times[m]; s.Count == 0 || s.P50 <= 0 || s.P50 > s.P99 || s.P99 > s.Max {
			t.Errorf("%s took %+v", m, s)
		}
	}
	page, err := os.ReadFile(filepath.Join(dir, "report.html"))
	if err != nil || bytes.Count(page, []byte("<svg")) != 9 || bytes.Contains(page, []byte("<script")) || bytes.Contains(page, []byte("src=")) || bytes.Contains(page, []byte("NaN")) {
		t.Errorf("the page is not whole (%v): %d bytes", err, len(page))
	}
	for _, text := range []string{"The promise held", "alike in both books", "First to break", "push → stored and answered"} {
		if !strings.Contains(out.String(), text) {
			t.Errorf("the report does not say %q:\n%s", text, &out)
		}
	}
}

// TestAFlashSaleSellsOneThingOut on both platforms at once, to the last piece and not beyond.
func TestAFlashSaleSellsOneThingOut(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("takes a quarter of a minute")
	}
	name := filepath.Join(t.TempDir(), "report.json")
	var out bytes.Buffer
	if err := run(t.Context(), []string{"rehearse", "--profile", "flash", "--rate", "15", "--minutes", "0.15", "--faults", "none", "--lang", "en", "--json", name}, none, &out, io.Discard); err != nil {
		t.Fatalf("%v\n%s", err, &out)
	}
	raw, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	var r rehearse.Report
	if err := json.Unmarshal(raw, &r); err != nil {
		t.Fatal(err)
	}
	hot := r.Stock.Levels[slices.IndexFunc(r.Stock.Levels, func(v rehearse.Level) bool { return v.SKU == "T001-L" })]
	if !r.Held || *r.Oversold != 0 || len(hot.Shops) != 2 || !hot.Out || hot.Sold < 40 || r.Stock.Turned < 5 {
		t.Errorf("held %v, oversold %d, %d turned away, the one thing: %+v\n%s", r.Held, *r.Oversold, r.Stock.Turned, hot, &out)
	}
}

// TestAChainsDayIsRehearsed in short: thirty shops on both platforms of Meituan accept by themselves. The exit
// code says whether both verdicts hold; that the day is a good one is for a machine that is quiet.
func TestAChainsDayIsRehearsed(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("takes half a minute")
	}
	dir := t.TempDir()
	name, page := filepath.Join(dir, "report.json"), filepath.Join(dir, "report.html")
	var out bytes.Buffer
	ended := run(t.Context(), []string{"rehearse", "--profile", "chain", "--speed", "60", "--rate", "3", "--minutes", "0.3", "--faults", "none", "--lang", "en", "--json", name, "--page", page}, none, &out, io.Discard)
	if ended != nil && !errors.Is(ended, errDoesNotHold) {
		t.Fatalf("%v\n%s", ended, &out)
	}
	raw, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	var r rehearse.Report
	if err := json.Unmarshal(raw, &r); err != nil {
		t.Fatal(err)
	}
	d := r.Day
	if !r.Held || d == nil || !d.Books || d.Shops != 30 || d.Provided != 6 || r.Orders.In < 50 || r.Orders.Retail != 0 || len(r.Stock.Levels) != 120 {
		t.Fatalf("held %v, the day %+v, orders %+v, %d levels\n%s", r.Held, d, r.Orders, len(r.Stock.Levels), &out)
	}
	if d.Rules.Accepts < r.Orders.In/2 || r.Acts.Sent < d.Rules.Accepts || d.Comments.Seen != d.Comments.Written {
		t.Errorf("rules %+v, acts %+v, comments %+v", d.Rules, r.Acts, d.Comments)
	}
	if r.Calls["meituan-partner /waimai/order/confirm"] == 0 || r.Calls["meituan order/confirm"] == 0 {
		t.Errorf("the calls of one platform are missing: %v", r.Calls)
	}
	if r.Good() != (ended == nil) || d.Held != (len(d.Wrong) == 0) {
		t.Errorf("it ended with %v, the day held %v: %v", ended, d.Held, d.Wrong)
	}
	html, err := os.ReadFile(page)
	for _, text := range []string{"The day", "Refund requests", "Comments"} {
		if err != nil || !bytes.Contains(html, []byte(text)) || !strings.Contains(out.String(), text) {
			t.Errorf("a report does not say %q (%v):\n%s", text, err, &out)
		}
	}
}

// TestABrokenPromiseEndsWithOne doctors the platforms' book by an order that the hub was
// never told of, and one that it has with another total.
func TestABrokenPromiseEndsWithOne(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("takes ten seconds")
	}
	ctx := context.WithValue(t.Context(), doctored{}, func(p *rehearse.Plan) {
		p.Patience = 2 * time.Second
		p.Doctor = func(want map[string]books.Entry) {
			for k, e := range want {
				e.Total = "CNY 1"
				want[k] = e
				break
			}
			want["meituan 1"] = books.Entry{Status: "new", Total: "CNY 1"}
		}
	})
	var out bytes.Buffer
	err := run(ctx, []string{"rehearse", "--profile", "lunch", "--minutes", "0.05", "--faults", "none", "--lang", "zh"}, none, &out, io.Discard)
	if !errors.Is(err, errDoesNotHold) {
		t.Errorf("it ended with %v", err)
	}
	for _, text := range []string{"没有守住承诺", "丢 1", "meituan 1 is lost", "最先坏的"} {
		if !strings.Contains(out.String(), text) {
			t.Errorf("the report does not say %q:\n%s", text, &out)
		}
	}
}

// TestWhatCannotBeRehearsedEndsWithTwo: an error says nothing about the promise.
func TestWhatCannotBeRehearsedEndsWithTwo(t *testing.T) {
	t.Parallel()
	for args, text := range map[string]string{
		"--profile carnival":                   "lunch, festival, flash, chain or replay",
		"--faults bad":                         "none, mild or nasty",
		"--hub http://10.0.0.1:80 --api-key x": "only to this machine",
		"--hub http://127.0.0.1:1 --nodes 3":   "leave out",
		"--rate 500":                           "up to 200",
		"--minutes 600":                        "0.05 to 120",
		"--profile replay":                     "--from",
		"--profile replay --from /nowhere":     "--from",
		"--settle 3h":                          "1s to 2h",
		"--kill 3ms":                           "a second or more",
		"--lang fr":                            "zh or en",
	} {
		err := run(t.Context(), append([]string{"rehearse"}, strings.Fields(args)...), none, io.Discard, io.Discard)
		if !errors.As(err, new(couldNotLook)) || !strings.Contains(err.Error(), text) {
			t.Errorf("%s: %v", args, err)
		}
	}
}

// TestARehearsalThatEndsEarlySaysWhatItKnows, whether it was interrupted while orders came
// or while the books were settled or the database verified, or settling took longer than it may: what does not agree
// yet is named and breaks nothing, what is certain breaks the promise.
func TestARehearsalThatEndsEarlySaysWhatItKnows(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("takes half a minute")
	}
	lost := func(want map[string]books.Entry) { want["meituan 1"] = books.Entry{Status: "new", Total: "CNY 1"} }
	twice := func(want map[string]books.Entry) {
		defer lost(want)
		for k, e := range want {
			e.Tally = sim.Tally{"order/confirm": {Calls: 2, Changes: 2}}
			want[k] = e
			return
		}
	}
	for _, c := range []struct {
		name   string
		args   string
		phase  string // when it is interrupted; "" = never
		doctor func(map[string]books.Entry)
		broken bool
		stage  string
		why    string
		says   []string
	}{
		{"while orders come", "--rate 5 --minutes 1", "load", lost, false, rehearse.StageLoad, rehearse.WhyInterrupted, []string{"? Ended early", "while orders came: interrupted", "meituan 1 is not in the hub yet"}},
		{"while it settles", "--minutes 0.05", "settle", lost, false, rehearse.StageSettle, rehearse.WhyInterrupted, []string{"while settling: interrupted", "Does not agree yet", "meituan 1 is not in the hub yet"}},
		{"while it settles, with a promise broken", "--minutes 0.05", "settle", twice, true, rehearse.StageSettle, rehearse.WhyInterrupted, []string{"✗ The promise did not hold (", "changed the platform's book 2 times"}},
		{"while it verifies", "--minutes 0.05", "verify", nil, false, rehearse.StageVerify, rehearse.WhyInterrupted, []string{"while the database was verified: interrupted", "do not agree yet in 0 places"}},
		{"out of time", "--minutes 0.05 --settle 1s", "", lost, false, rehearse.StageSettle, rehearse.WhyTime, []string{"longer than --settle allows", "meituan 1 is not in the hub yet"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			ctx, interrupt := context.WithCancel(t.Context())
			defer interrupt()
			ctx = context.WithValue(ctx, doctored{}, func(p *rehearse.Plan) {
				p.Doctor = c.doctor
				say := p.Say
				p.Say = func(g rehearse.Progress) {
					say(g)
					if g.Phase == c.phase && (g.Phase == "verify" && g.Looked > 0 || g.In >= 5 && (g.Phase != "settle" || g.Differ > 0)) {
						interrupt()
					}
				}
			})
			name := filepath.Join(t.TempDir(), "report.json")
			var out bytes.Buffer
			err := run(ctx, append(strings.Fields("rehearse --profile lunch --faults none --lang en --json "+name), strings.Fields(c.args)...), none, &out, io.Discard)
			if c.broken && !errors.Is(err, errDoesNotHold) || !c.broken && (!errors.As(err, new(couldNotLook)) || !errors.Is(err, errEndedEarly)) {
				t.Errorf("it ended with %v", err)
			}
			for _, text := range c.says {
				if !strings.Contains(out.String(), text) {
					t.Errorf("the report does not say %q:\n%s", text, &out)
				}
			}
			raw, err := os.ReadFile(name)
			var r rehearse.Report
			if err == nil {
				err = json.Unmarshal(raw, &r)
			}
			if err != nil {
				t.Fatal(err)
			}
			if e := r.Ended; e == nil || e.Stage != c.stage || e.Why != c.why || !e.Compared || r.Held || r.Broken != c.broken || r.Orders.In < 5 || r.Orders.Lost != 0 {
				t.Errorf("the report: ended %+v, held %v, broken %v, orders %+v", r.Ended, r.Held, r.Broken, r.Orders)
			}
		})
	}
}
