package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/tongdan/tongdan/channel"
	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/internal/api"
	"github.com/tongdan/tongdan/internal/db"
	"github.com/tongdan/tongdan/internal/hub"
	"github.com/tongdan/tongdan/internal/platform"
	"github.com/tongdan/tongdan/internal/practice"
	"github.com/tongdan/tongdan/internal/rehearse"
	"github.com/tongdan/tongdan/internal/span"
	"github.com/tongdan/tongdan/web"
)

const (
	setupTime = 7 * 24 * time.Hour
	stopTime  = 15 * time.Second // what requests under way get at the end
	keptFeed  = 30 * 24 * time.Hour
)

// serve is the hub with its console.
func (c command) serve(ctx context.Context, args []string) error {
	f := c.flags("serve")
	addr := f.String("addr", c.or("TONGDAN_ADDR", "127.0.0.1:8080"), "address to listen on (TONGDAN_ADDR)")
	data := f.String("data", c.or("TONGDAN_DATA", "./data"), "folder of the data and of the key file (TONGDAN_DATA)")
	public := f.String("public-url", c.env("TONGDAN_PUBLIC_URL"), "address at which people and platforms reach this, such as https://hub.example.com (TONGDAN_PUBLIC_URL)")
	proxy := f.String("trust-proxy", c.or("TONGDAN_TRUST_PROXY", "false"), "true behind a proxy of one's own: believe its X-Forwarded-Proto and X-Forwarded-For (TONGDAN_TRUST_PROXY)")
	private := f.String("allow-private", c.env("TONGDAN_ALLOW_PRIVATE"), "ranges outside the public internet that may be called, such as loopback,192.168.1.0/24: for simulators (TONGDAN_ALLOW_PRIVATE)")
	notice := f.Duration("notice", 0, "when told to stop, how long to go on serving while /readyz says no, so that a front sends elsewhere: more than two of its intervals of asking (TONGDAN_NOTICE; with PostgreSQL 3s unless set)")
	backups := f.String("check-backups", c.env("TONGDAN_CHECK_BACKUPS"), "restore and verify the newest backup of this folder every day; nothing can be called from it (TONGDAN_CHECK_BACKUPS)")
	hour := f.Int("check-at", 4, "hour of the day at which backups are checked, in this machine's zone")
	practise := f.String("practice", c.or("TONGDAN_PRACTICE", "true"), "who may practise on simulated orders, below /practice: true = everybody, without an account too; staff = whoever has an account; false = nobody (TONGDAN_PRACTICE)")
	disarmed := f.Bool("disarmed", false, "take this database for a copy: nothing is called until it is armed")
	*notice = defaultNotice(c.env("DATABASE_URL"))
	if text := c.env("TONGDAN_NOTICE"); text != "" {
		var err error
		if *notice, err = time.ParseDuration(text); err != nil {
			return fmt.Errorf("TONGDAN_NOTICE is %q: use a time such as 5s", text)
		}
	}
	if err := parse(f, args); err != nil {
		return err
	}
	allow, err := channel.ParseRanges(*private)
	if err != nil {
		return fmt.Errorf("--allow-private: %s", fault.WordsOf(err))
	}
	trust, err := strconv.ParseBool(*proxy)
	if err != nil {
		return fmt.Errorf("--trust-proxy is %q: use true or false", *proxy)
	}
	if err := checkURL("--public-url", *public); err != nil {
		return err
	}
	offered, err := strconv.ParseBool(*practise)
	if err != nil && *practise != "staff" {
		return fmt.Errorf("--practice is %q: use true, staff or false", *practise)
	}
	d, err := c.open(ctx, *data, c.env("DATABASE_URL"))
	if err != nil {
		return err
	}
	defer d.Close()
	key, err := c.oldKey(*data)
	if err != nil {
		return err
	}
	drill, err := c.drill(*backups, *hour, key)
	if err != nil {
		return err
	}
	if *disarmed {
		if err := d.Disarm(ctx); err != nil {
			return err
		}
	}
	spans, err := span.Setup(ctx, version(), d.Instance(), c.log)
	if err != nil {
		return err
	}
	defer c.sendSpans(spans)
	o := hub.Options{Clock: hub.Real, AllowPrivate: allow, PublicURL: strings.TrimRight(*public, "/")}
	if err := c.asRehearsed(&o); err != nil {
		return err
	}
	w := front{addr: *addr, trust: trust}
	if offered || *practise == "staff" {
		w.practice, w.guests = *data, offered
	}
	n, err := c.node(ctx, d, o, w)
	if err != nil {
		return err
	}
	defer n.listener.Close()
	n.notice, n.drill = *notice, drill
	self := strings.TrimRight(*public, "/")
	if self == "" {
		self = n.url
	}
	if err := c.welcome(ctx, d, self); err != nil {
		return err
	}
	fmt.Fprintf(c.out, rehearse.Announced+"%s\n", self)
	return n.run(ctx)
}

// sendSpans sends the traces that are left, if the collector takes them soon.
func (c command) sendSpans(end func(context.Context) error) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	if err := end(ctx); err != nil {
		c.log.Warn("the last traces could not be sent", "err", err)
	}
}

// defaultNotice is no time for the one node on SQLite, and enough for a front that asks
// every second when there may be other nodes.
func defaultNotice(databaseURL string) time.Duration {
	if databaseURL == "" {
		return 0
	}
	return 3 * time.Second
}

// setup prints a new one-time link.
func (c command) setup(ctx context.Context, args []string) error {
	f := c.flags("setup")
	data := f.String("data", c.or("TONGDAN_DATA", "./data"), "folder of the data and of the key file (TONGDAN_DATA)")
	public := f.String("public-url", c.or("TONGDAN_PUBLIC_URL", "http://127.0.0.1:8080"), "address at which people reach this (TONGDAN_PUBLIC_URL)")
	if err := parse(f, args); err != nil {
		return err
	}
	if err := checkURL("--public-url", *public); err != nil {
		return err
	}
	d, err := c.open(ctx, *data, c.env("DATABASE_URL"))
	if err != nil {
		return err
	}
	defer d.Close()
	m, err := merchant(ctx, d)
	if err != nil {
		return err
	}
	return c.link(ctx, d, m, strings.TrimRight(*public, "/"))
}

func checkURL(name, text string) error {
	if text == "" {
		return nil
	}
	u, err := url.Parse(text)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" {
		return fmt.Errorf("%s is %q: use an address such as https://hub.example.com", name, text)
	}
	return nil
}

// open opens the database: SQLite in the folder, unless there is a URL of PostgreSQL.
func (c command) open(ctx context.Context, dir, url string) (*db.DB, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("--data: %w", err)
	}
	key, err := c.key(dir)
	if err != nil {
		return nil, err
	}
	o := db.Options{URL: url, Key: key, Log: c.log}
	if o.URL == "" {
		o.Dir = dir
	}
	return c.openWith(ctx, dir, o)
}

// merchant gives the merchant of this installation, and makes it at the first start.
func merchant(ctx context.Context, d *db.DB) (db.MerchantRow, error) {
	list, err := d.Merchants(ctx)
	if err != nil {
		return db.MerchantRow{}, err
	}
	if len(list) > 0 {
		return list[0], nil
	}
	return d.AddMerchant(ctx, db.MerchantRow{Name: "通单", Locale: "zh-CN"})
}

// welcome prints a setup link as long as nobody can sign in.
func (c command) welcome(ctx context.Context, d *db.DB, self string) error {
	m, err := merchant(ctx, d)
	if err != nil {
		return err
	}
	users, err := d.Users(ctx, m.ID)
	if err != nil || len(users) > 0 {
		return err
	}
	return c.link(ctx, d, m, self)
}

func (c command) link(ctx context.Context, d *db.DB, m db.MerchantRow, self string) error {
	secret, hash := api.NewSetupToken()
	if err := d.AddSetupToken(ctx, m.ID, hash, time.Now().Add(setupTime).UnixMilli()); err != nil {
		return err
	}
	_, err := fmt.Fprintf(c.out, "Open this link once, within 7 days, to make the owner:\n  %s/setup?token=%s\n", self, secret)
	return err
}

// A node is a hub that listens.
type node struct {
	c        command
	db       *db.DB
	hub      *hub.Hub
	api      *api.Server
	server   *http.Server
	listener net.Listener
	url      string          // of the listener
	notice   time.Duration   // at the end, see api.Leave
	drill    *drill          // nil = backups are not checked
	practice *practice.Stage // nil = nobody may practise
}

// A front is how a node shows itself to the outside.
type front struct {
	addr     string
	listener net.Listener // opened already; nil = at addr
	trust    bool         // a proxy of one's own: see api.Options
	practice string       // folder in which people practise; "" = nowhere
	guests   bool         // people without an account may practise too
}

// node wires a hub and begins to listen, so that a bad address stops the start.
func (c command) node(ctx context.Context, d *db.DB, o hub.Options, w front) (*node, error) {
	hub.TuneMemory()
	l := w.listener
	if l == nil {
		var err error
		if l, err = listen(ctx, w.addr); err != nil {
			return nil, err
		}
	}
	self := "http://" + reachable(l.Addr())
	o.DB, o.Platforms, o.Log, o.Version, o.PublicURL = d, platform.All(), c.log, version(), cmp.Or(o.PublicURL, self)
	h := hub.New(o)
	show := api.Options{Hub: h, Version: version(), Console: web.Handler(), Log: c.log, TrustProxy: w.trust}
	var stage *practice.Stage
	if w.practice != "" {
		stage = practice.New(practice.Options{Dir: w.practice, Platforms: platform.All, Console: show.Console, Version: show.Version, Log: c.log, TrustProxy: w.trust, Guests: w.guests})
		show.Practice = stage
	}
	a, err := api.New(show)
	if err != nil {
		return nil, errors.Join(err, l.Close())
	}
	n := &node{c: c, db: d, hub: h, api: a, server: a.HTTP(), listener: l, url: self, practice: stage}
	if stage != nil {
		n.server.RegisterOnShutdown(stage.EndStreams)
	}
	return n, nil
}

// listen opens the address of --addr.
func listen(ctx context.Context, addr string) (net.Listener, error) {
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("--addr %s: %w", addr, err)
	}
	return l, nil
}

// reachable is an address as one enters it on this machine.
func reachable(a net.Addr) string {
	host, port, err := net.SplitHostPort(a.String())
	if err != nil {
		return a.String()
	}
	if ip := net.ParseIP(host); ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return net.JoinHostPort(host, port)
}

// run serves until ctx ends: then it takes its leave (api.Leave), the calls to platforms
// end, the leases go back, and what is derived is left for the next start.
func (n *node) run(ctx context.Context) error {
	work, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	g, gone := errgroup.WithContext(work)
	g.Go(func() error { return n.hub.Run(work) })
	g.Go(func() error { return n.db.Follow(work) })
	g.Go(func() error { return n.tidy(work) })
	if n.practice != nil {
		g.Go(func() error { return n.practice.Run(work) })
	}
	if n.drill != nil {
		g.Go(func() error { return n.drill.run(work, n) })
	}
	serving, leave := context.WithCancel(ctx)
	defer leave()
	defer context.AfterFunc(gone, leave)() // one part failed: the rest ends with it
	err := n.api.Serve(serving, n.server, n.listener, api.Leave{Notice: n.notice, Finish: stopTime})
	stop()
	if also := g.Wait(); !errors.Is(also, context.Canceled) {
		err = errors.Join(err, also)
	}
	return err
}

// tidy forgets what is no longer needed.
func (n *node) tidy(ctx context.Context) error {
	every := time.NewTicker(time.Hour)
	defer every.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-every.C:
		}
		err := n.db.ForgetRequests(ctx)
		list, err2 := n.db.Merchants(ctx)
		for _, m := range list {
			err2 = errors.Join(err2, n.db.DropChanges(ctx, m.ID, time.Now().Add(-keptFeed).UnixMilli()), n.hub.ForgetLabels(ctx, m.ID))
		}
		if err = errors.Join(err, err2); err != nil && ctx.Err() == nil {
			n.c.log.Warn("tidying up failed; it is tried again in an hour", "err", err)
		}
	}
}
