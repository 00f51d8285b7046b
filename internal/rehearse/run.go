package rehearse

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	mathrand "math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/tongdan/tongdan/internal/books"
	"github.com/tongdan/tongdan/internal/db"
	"github.com/tongdan/tongdan/internal/pgserver"
	"github.com/tongdan/tongdan/internal/proof"
)

// Run rehearses a plan and reports. An error means that the rehearsal itself could not
// run, and says nothing about the promise. When ctx ends after orders have begun to come,
// the report says so (Report.Ended) and tells what is known by then; it may take half a
// minute to come.
func Run(ctx context.Context, p Plan) (*Report, error) {
	if err := p.Check(); err != nil {
		return nil, err
	}
	var turn sync.Mutex
	say := p.Say
	p.Say = func(g Progress) {
		turn.Lock()
		defer turn.Unlock()
		say(g)
	}
	r := &rehearsal{plan: &p, key: p.Key, stock: newLedger(), list: schedule(p)}
	defer r.close()
	if err := r.open(ctx); err != nil {
		return nil, tooEarly(ctx, err)
	}
	return r.play(ctx)
}

// tooEarly words the error of a rehearsal that was interrupted before there was anything
// to tell.
func tooEarly(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return errors.New("interrupted before the first order came: nothing is known of the promise")
	}
	return err
}

// rehearsal is one run with all that takes part in it.
type rehearsal struct {
	plan  *Plan
	dir   string
	pg    *pgserver.Server
	at    *platforms
	front *proof.Front
	fleet *fleet // nil with a hub that runs elsewhere
	key   string
	api   *api // through the front
	one   *api // of the first node: the others learn within seconds of what was made there
	list  []buy
	stock *ledger

	engine string
}

func (r *rehearsal) close() {
	if r.fleet != nil {
		if err := r.fleet.stop(); err != nil {
			r.plan.Log.Warn("a node did not end in peace", "err", err)
		}
	}
	if r.at != nil {
		r.at.server.Close()
		r.at.paper.sim.Close()
		r.at.labels.sim.Close()
	}
	if r.front != nil {
		r.front.Close()
	}
	if r.pg != nil {
		r.pg.Stop()
	}
	if r.dir != "" {
		os.RemoveAll(r.dir)
	}
}

// open starts the platforms, the database and the nodes, and connects them.
func (r *rehearsal) open(ctx context.Context) (err error) {
	p := r.plan
	p.Say(Progress{Phase: "setup"})
	if r.at, err = openPlatforms(p, r.stock.told); err != nil {
		return err
	}
	if err := r.stock.fill(p, r.at, r.list); err != nil {
		return err
	}
	urls := []string{strings.TrimRight(p.Hub, "/")}
	if p.Hub != "" {
		r.engine = "hub"
	} else if urls, err = r.nodes(ctx); err != nil {
		return err
	}
	if r.front, err = proof.NewFront(urls...); err != nil {
		return err
	}
	r.api = newAPI(r.front.URL, r.key)
	r.one = newAPI(urls[0], r.key)
	return r.at.connect(ctx, r.one, r.front.URL)
}

// nodes prepares a database, starts the nodes on it, and gives their addresses.
func (r *rehearsal) nodes(ctx context.Context) (urls []string, err error) {
	p := r.plan
	if r.dir, err = os.MkdirTemp("", "tongdan-rehearse"); err != nil {
		return nil, err
	}
	url := p.Database
	r.engine = "PostgreSQL"
	if url == "" && p.Nodes > 1 {
		r.pg, err = pgserver.Start(ctx, "")
		if errors.Is(err, pgserver.ErrMissing) {
			return nil, fmt.Errorf("%d nodes share one PostgreSQL, which is not installed here: install it, name an empty database with --database, or use --nodes 1", p.Nodes)
		}
		if err != nil {
			return nil, err
		}
		url = r.pg.URL
	} else if url == "" {
		r.engine = "SQLite"
	}
	var master [32]byte
	rand.Read(master[:])
	f, err := newFleet(p, p.Nodes)
	if err != nil {
		return nil, err
	}
	f.dir, f.database, f.key, f.clock = filepath.Join(r.dir, "data"), url, hex.EncodeToString(master[:]), r.clock
	if r.key, err = owner(ctx, f, master); err != nil {
		return nil, err
	}
	r.fleet = f
	for i := range p.Nodes {
		if err := f.start(ctx, i); err != nil {
			return nil, err
		}
		urls = append(urls, "http://"+f.addrs[i])
	}
	return urls, nil
}

func (r *rehearsal) clock() Rehearsed {
	return Rehearsed{Trade: r.at.clock.Now().UnixMilli(), Wall: time.Now().UnixNano(), Speed: r.at.clock.Speed(), Lease: r.plan.Lease}
}

// owner makes the merchant of an empty database, with an API key of his owner. One that
// is in use is refused.
func owner(ctx context.Context, f *fleet, master [32]byte) (key string, err error) {
	if err := os.MkdirAll(f.dir, 0o700); err != nil {
		return "", err
	}
	o := db.Options{URL: f.database, Key: master, Log: f.plan.Log}
	if f.database == "" {
		o.Dir = f.dir
	}
	d, err := db.Open(ctx, o)
	if err != nil {
		return "", fmt.Errorf("the database of the rehearsal: %w", err)
	}
	defer func() { err = errors.Join(err, d.Close()) }()
	list, err := d.Merchants(ctx)
	if err != nil {
		return "", err
	}
	if len(list) > 0 {
		return "", errors.New("--database is in use: a rehearsal needs an empty one, since its orders are not to mix with real ones")
	}
	return newOwner(ctx, d)
}

// play lets the day go by, waits until everything has settled, and holds the books
// against each other.
func (r *rehearsal) play(ctx context.Context) (*Report, error) {
	p := r.plan
	if err := r.warm(ctx); err != nil {
		return nil, tooEarly(ctx, err)
	}
	if err := r.stockUp(ctx); err != nil {
		return nil, tooEarly(ctx, err)
	}
	d := newDiary()
	r.stock.begin(d.began)
	c := newCrowd(p, r.at, r.stock, d)
	k := newClerk(r.api, p, d, r.at.clock.Now)
	k.tally, k.paper = r.at.platformTally, r.at.paper.out
	w := &watch{plan: p, at: r.at, diary: d, crowd: c, clerk: k, fleet: r.fleet}
	w.stage.Store("load")
	// Whoever interrupts ends the load and the settling. What watches goes on until the
	// books have been looked at, so that there is something to tell.
	whole, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	life, endLife := context.WithCancel(whole) // of customers, riders and staff
	defer endLife()
	pack := newPacker(whole, r.api, p, d, r.at)
	named := &names{}
	s := &screen{api: r.api, diary: d, crowd: c, shown: func(o orderView) {
		named.look(o)
		k.look(life, o)
		pack.look(o)
	}}

	var all sync.WaitGroup
	defer all.Wait()
	defer cancel()
	all.Go(func() { w.run(whole) })
	all.Go(func() { s.follow(whole) })
	day, endDay := context.WithCancel(ctx) // of kills, and of a chain's customers
	defer endDay()
	all.Go(func() { c.live(day, life) })
	all.Go(func() { pack.printing(life) })
	if p.Kill > 0 {
		all.Go(func() { r.killing(day, d, pack) })
	}
	var goods sync.WaitGroup
	goods.Go(func() { r.deliveries(day, life, d) })
	r.at.misbehave(faultPlans[p.Faults].plan)

	j := &judge{rehearsal: r, diary: d, crowd: c, clerk: k, packer: pack, named: named, watch: w}
	err := c.buy(ctx, r.list)
	if err == nil && p.Profile == "flash" {
		err = c.comeBack(ctx)
	}
	if err != nil && ctx.Err() == nil {
		return nil, err
	}
	j.check(ctx, StageLoad)
	endDay()
	loaded := d.since()
	d.mark("load_off")
	r.at.behave()
	w.stage.Store("settle")
	if j.ended == nil {
		goods.Wait() // what has come in is booked, however long a killed node holds that up
	}
	j.atRest(ctx)
	endLife()
	goods.Wait()
	k.work.Wait()
	j.close()
	w.over.Store(true) // what passes while all is settled is nobody's fault
	j.judge(ctx)
	cancel()
	all.Wait()
	pack.work.Wait()
	return j.report(loaded), nil
}

// warm waits until every node knows the connections and every account has been pulled
// once, so that the first orders are not measured against a start. Which node pulls is
// open, and the others learn of it later: one that says so is enough.
func (r *rehearsal) warm(ctx context.Context) error {
	nodes := []*api{r.api}
	if r.fleet != nil {
		nodes = nil
		for _, n := range r.fleet.nodes {
			nodes = append(nodes, newAPI(n.url, r.key))
		}
	}
	pulled := map[string]bool{}
	for end := time.Now().Add(30 * time.Second); ; {
		known, why := 0, ""
		for _, a := range nodes {
			n, words, err := r.accounts(ctx, a, pulled)
			if err != nil {
				return err
			}
			if n == r.plan.cast.accounts() {
				known++
			}
			why += words
		}
		if known == len(nodes) && len(pulled) == r.plan.cast.accounts() {
			return nil
		}
		if time.Now().After(end) {
			why = "the hub has not pulled from the simulated platforms within 30 s" + why
			if r.fleet == nil {
				why += "; start it with --allow-private loopback"
			}
			return errors.New(why + r.fleet.logs())
		}
		if !wait(ctx, 100*time.Millisecond) {
			return ctx.Err()
		}
	}
}

// accounts counts those whose shops are known to a node, and notes which have been pulled.
func (r *rehearsal) accounts(ctx context.Context, a *api, pulled map[string]bool) (n int, why string, err error) {
	var list struct {
		Accounts []struct {
			ID        string `json:"id"`
			Name      string `json:"name"`
			LastPull  int64  `json:"last_pull_at"`
			LastError *struct {
				Words string `json:"words"`
			} `json:"last_error"`
		} `json:"accounts"`
	}
	var shops struct {
		Shops []struct{} `json:"shops"`
	}
	err = a.must(ctx, "GET", "/accounts", "", nil, &list)
	if err == nil {
		err = a.must(ctx, "GET", "/shops", "", nil, &shops)
	}
	for _, x := range list.Accounts {
		switch {
		case x.LastPull > 0:
			pulled[x.ID] = true
		case x.LastError != nil:
			why += "; " + x.Name + ": " + x.LastError.Words
		}
	}
	if len(shops.Shops) == r.plan.cast.shops() {
		n = len(list.Accounts)
	}
	return n, why, err
}

// killing kills a node every so often and starts another in its place, until ctx ends.
// What has been killed is always replaced.
func (r *rehearsal) killing(ctx context.Context, d *diary, pack *packer) {
	rng := mathrand.New(mathrand.NewPCG(r.plan.Seed, 0x6b696c6c))
	next := time.Now()
	for {
		next = next.Add(r.plan.Kill)
		if !wait(ctx, time.Until(next)) {
			return
		}
		pack.soon() // so that nodes die in the middle of labels too
		if !wait(ctx, time.Duration(rng.IntN(800))*time.Millisecond) {
			return
		}
		place := rng.IntN(r.plan.Nodes)
		d.mark("kill")
		if err := r.fleet.kill(place); err != nil {
			d.broke(BreakNode, err.Error())
			return
		}
		if err := r.fleet.start(context.WithoutCancel(ctx), place); err != nil {
			d.broke(BreakNode, err.Error())
			return
		}
		d.mark("up")
	}
}

// A judge holds the books against each other when the day is over.
type judge struct {
	*rehearsal
	diary  *diary
	crowd  *crowd
	clerk  *clerk
	packer *packer

	named *names

	want    map[string]books.Entry
	stock   *Stock
	checked *Verified          // nil = the database is not ours
	broken  []books.Difference // that verify found
	differ  []books.Difference // of the orders
	once    []books.Difference // of the acts
	parked  []Parked
	under   []books.Difference // acts that are under way
	last    []books.Difference // what agreed last
	ended   *Ended             // nil = it runs, or ran, to its end
	settled time.Duration      // how long it took
	watch   *watch
	day     *dayFacts // of a chain; nil = the staff are still there
	ruled   DayRules
	acts    int
	byEnd   map[string]int
	keys    map[string]string // channel and number of the orders, by the hub's id
	tickets Tickets
	paper   []books.Difference // what does not hold of them
	labels  Labels
	parcels []books.Difference // what does not hold of the labels
}
