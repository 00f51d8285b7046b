package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/tongdan/tongdan/internal/hub"
	"github.com/tongdan/tongdan/internal/platform"
	"github.com/tongdan/tongdan/internal/rehearse"
)

// rehearse plays a busy day on simulated platforms and says whether the promise held:
// exit code 0 it held (and a chain's day was a good one), 1 it did not, 2 the rehearsal could not run or ended early without
// anything that broke it.
func (c command) rehearse(ctx context.Context, args []string) error {
	r, err := c.rehearsed(ctx, args)
	switch {
	case err != nil:
		return couldNotLook{err}
	case r.Good():
		return nil
	case r.Ended != nil && !r.Broken:
		return couldNotLook{errEndedEarly}
	}
	return errDoesNotHold
}

// errEndedEarly: what is known is told already.
var errEndedEarly = errors.New("the rehearsal ended early: whether the promise holds is not known")

func (c command) rehearsed(ctx context.Context, args []string) (*rehearse.Report, error) {
	f := c.flags("rehearse")
	var p rehearse.Plan
	f.StringVar(&p.Profile, "profile", "lunch", "how orders come: lunch, festival (ten times as many), flash (one SKU), chain (a day of thirty shops), replay (the last period's, see --from)")
	f.StringVar(&p.Faults, "faults", "mild", "how the platforms misbehave: none, mild, nasty")
	f.IntVar(&p.Nodes, "nodes", 1, "processes of the hub; more than one share a PostgreSQL")
	f.StringVar(&p.Database, "database", "", "an empty PostgreSQL database for it; without one a server is started in a temporary folder")
	f.DurationVar(&p.Kill, "kill", 0, "kill -9 one node so often, such as 5s, and start another in its place")
	f.DurationVar(&p.Lease, "lease", 3*time.Second, "how long a node that was killed holds its work up")
	f.Uint64Var(&p.Seed, "seed", 1, "makes who buys what and when repeatable")
	f.Float64Var(&p.Speed, "speed", 0, "how much faster the platforms' clock runs (default 10: their five minutes are thirty seconds; a chain 30)")
	f.Float64Var(&p.Minutes, "minutes", 0, "how long orders come (default 5; a chain its whole day of twelve hours, at its speed)")
	f.Float64Var(&p.Rate, "rate", 0, "orders a second on average (default: lunch 2, festival and flash 20, a chain 12,000 in its day)")
	f.StringVar(&p.Hub, "hub", "", "address of a hub that runs on this machine already, with an empty database; it is not killed")
	f.StringVar(&p.Key, "api-key", "", "API key of that hub's owner")
	from := f.String("from", "", "for replay: the data folder or DATABASE_URL whose last period is played again; names and addresses are not taken along")
	period := f.Duration("period", 24*time.Hour, "for replay: how far back")
	f.DurationVar(&p.Settle, "settle", 20*time.Minute, "how long the books may take to agree after the last order, as long as they get nearer")
	jsonFile := f.String("json", "", "write the report to this file as JSON")
	pageFile := f.String("page", "", "write the report to this file as a page with charts")
	langFlag := f.String("lang", "", "language of the report: zh or en (default: the locale)")
	if err := parse(f, args); err != nil {
		return nil, err
	}
	lang, err := rehearse.LangOf(*langFlag, c.env)
	if err != nil {
		return nil, err
	}
	if p.Profile == "replay" {
		if *from == "" {
			return nil, errors.New("--profile replay needs --from, the data folder or DATABASE_URL whose orders are to be played again")
		}
		if p.Day, err = c.day(ctx, *from, *period); err != nil {
			return nil, err
		}
	} else if *from != "" {
		return nil, errors.New("--from is for --profile replay")
	}
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	p.Node = func(dir, addr string) *exec.Cmd {
		cmd := exec.Command(self, "serve", "--addr", addr, "--data", dir, "--allow-private", "loopback")
		cmd.Env = append(os.Environ(), "TONGDAN_LOG=warn")
		return cmd
	}
	p.Log = c.log
	line := newLine(c.out)
	p.Say = func(g rehearse.Progress) { line.put(lang.Line(g)) }
	if doctor, ok := ctx.Value(doctored{}).(func(*rehearse.Plan)); ok {
		doctor(&p)
	}
	// The first Ctrl-C ends the day, after which the books are looked at once more; from
	// then on the next one ends the program.
	defer context.AfterFunc(ctx, func() { signal.Reset(os.Interrupt, syscall.SIGTERM) })()
	report, err := rehearse.Run(ctx, p)
	line.end()
	if err != nil {
		return nil, err
	}
	if err := errors.Join(
		report.Text(c.out, lang),
		write(*jsonFile, report.JSON),
		write(*pageFile, func(w io.Writer) error { return report.Page(w, lang) }),
	); err != nil {
		return nil, err
	}
	return report, nil
}

// doctored is where a test's context has the func(*rehearse.Plan) by which it doctors the rehearsal.
type doctored struct{}

// write makes a file; no name is no file.
func write(name string, f func(io.Writer) error) error {
	if name == "" {
		return nil
	}
	file, err := os.Create(name)
	if err != nil {
		return err
	}
	return errors.Join(f(file), file.Close())
}

// A line is written again and again at its place in a terminal; elsewhere it is printed
// now and then.
type line struct {
	out   io.Writer
	tty   bool
	last  time.Time
	drawn bool
}

func newLine(out io.Writer) *line {
	l := &line{out: out}
	if f, ok := out.(*os.File); ok {
		if info, err := f.Stat(); err == nil {
			l.tty = info.Mode()&os.ModeCharDevice != 0
		}
	}
	return l
}

func (l *line) put(text string) {
	switch {
	case l.tty:
		fmt.Fprintf(l.out, "\r\x1b[K%s", text)
		l.drawn = true
	case time.Since(l.last) >= 10*time.Second:
		l.last = time.Now()
		fmt.Fprintln(l.out, text)
	}
}

func (l *line) end() {
	if l.drawn {
		fmt.Fprint(l.out, "\r\x1b[K")
	}
}

// asRehearsed makes a node one of a rehearsal when it was started as such: the trade's
// clock is that of the simulated platforms, and the node ends with the rehearsal.
func (c command) asRehearsed(o *hub.Options) error {
	raw := c.env(rehearse.NodeEnv)
	if raw == "" {
		return nil
	}
	var r rehearse.Rehearsed
	if err := json.Unmarshal([]byte(raw), &r); err != nil {
		return fmt.Errorf("%s: %w", rehearse.NodeEnv, err)
	}
	o.Clock = hub.Clock{Now: r.Now, Speed: r.Speed}
	o.Lease = r.Lease
	go func() {
		io.Copy(io.Discard, os.Stdin)
		os.Exit(3)
	}()
	return nil
}

// day reads what came in the last period, beside a server that runs. From is a data folder
// or the URL of a PostgreSQL database.
func (c command) day(ctx context.Context, from string, period time.Duration) (*hub.Day, error) {
	dir, url := from, ""
	if strings.HasPrefix(from, "postgres://") || strings.HasPrefix(from, "postgresql://") {
		dir, url = c.or("TONGDAN_DATA", "./data"), from // the folder of the master key
	}
	d, err := c.reader(ctx, dir, url)
	if err != nil {
		return nil, fmt.Errorf("--from: %w", err)
	}
	defer d.Close()
	h := hub.New(hub.Options{DB: d, Platforms: platform.All(), Log: c.log, NoLanes: true})
	day, err := h.Day(ctx, period, c.progress())
	if err == nil && len(day.Lives) == 0 {
		err = errors.New("there are no orders")
	}
	if err != nil {
		return nil, fmt.Errorf("--from: %w", err)
	}
	return day, nil
}
