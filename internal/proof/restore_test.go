package proof

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tongdan/tongdan/channel"
	"github.com/tongdan/tongdan/effect"
	"github.com/tongdan/tongdan/ident"
	"github.com/tongdan/tongdan/internal/backup"
	"github.com/tongdan/tongdan/internal/books"
	"github.com/tongdan/tongdan/internal/db"
	"github.com/tongdan/tongdan/internal/db/dbtest"
	"github.com/tongdan/tongdan/internal/hub"
	"github.com/tongdan/tongdan/internal/platform"
	"github.com/tongdan/tongdan/internal/sim"
	ml "github.com/tongdan/tongdan/internal/sim/mercadolibre"
	"github.com/tongdan/tongdan/order"
)

// called is how many calls the platforms have received, ever.
func (w *world) called() (n int64) {
	for _, c := range []*sim.Calls{w.mt.Calls(), w.ml.Calls()} {
		if list := c.List("", 1); len(list) > 0 {
			n += list[0].Seq
		}
	}
	return n
}

// renewals is how often an authorisation was renewed.
func (w *world) renewals() (n int) {
	for _, c := range w.ml.Calls().List("", 10_000) {
		if strings.Contains(c.Kind, "oauth") && c.Status == http.StatusOK {
			n++
		}
	}
	return n
}

// TestARestoredBackupActsOnlyWhenArmedAndNothingIsDoneTwice makes a backup while orders
// flow in and people act, lets the original go on (it accepts, refunds, and renews its
// tokens), kills it, and restores elsewhere. Before it is armed nothing is called,
// whatever arrives and whatever people press; afterwards the accounts whose token was
// renewed ask for a new authorisation, the books agree, and nothing was done twice.
func TestARestoredBackupActsOnlyWhenArmedAndNothingIsDoneTwice(t *testing.T) {
	if testing.Short() {
		t.Skip("takes half a minute for each engine")
	}
	inTurn(t, func(t *testing.T, p Plan) {
		const seed = 20260302
		w := newWorld(t, stage{plan: p, start: time.Date(2026, 3, 1, 3, 0, 0, 0, time.UTC), speed: 30, seed: seed, meituan: slowDeadlines,
			mercado: func(o *ml.Options) { o.Config.TokenLife = ml.Span(8 * time.Minute) }}) // renewed after 8 s
		w.warmUp()
		w.faults(sim.FaultPlan{PushLost: 0.05, PushDoubled: 0.1, Err5xx: 0.03, DropAfterCommit: 0.05})
		c := &crowd{w: w, rng: rand.New(rand.NewPCG(seed, 1))}
		k := newClerk(w, seed)
		k.unread = true
		stopBuying, stopWorking := make(chan struct{}), make(chan struct{})
		var buying, working sync.WaitGroup
		buying.Go(func() { c.live(stopBuying) })
		working.Go(func() { k.work(stopWorking) })

		// The backup is made beside the node, while people's acts are under way.
		w.until(20*time.Second, func() string {
			if s := w.state(); len(s.Acts) == 0 || s.Orders < 30 {
				return fmt.Sprintf("%d orders, %d acts under way", s.Orders, len(s.Acts))
			}
			return ""
		})
		before := w.renewals()
		b, _, err := backup.Take(t.Context(), backup.Options{From: backup.Place{URL: p.URL, Dir: p.Dir}, To: t.TempDir(), Key: Key, Now: time.Now})
		if err != nil {
			t.Fatal(err)
		}
		since := w.count().Seq
		w.until(30*time.Second, func() string {
			if n, s := w.renewals()-before, w.count().Seq; n < 2 || s < since+200 {
				return fmt.Sprintf("since the backup %d tokens were renewed and %d changes made", n, s-since)
			}
			return ""
		})
		w.kill()
		close(stopWorking)
		working.Wait()

		there := backup.Place{Dir: t.TempDir()}
		if p.URL != "" {
			there = backup.Place{URL: dbtest.Postgres(t)}
		}
		if err := backup.Restore(t.Context(), b, there, Key, slog.New(slog.DiscardHandler)); err != nil {
			t.Fatal(err)
		}
		w.Plan.URL, w.Plan.Dir = there.URL, there.Dir
		at := w.called()
		w.tick()
		w.start()

		// Orders come in by push, and somebody presses; nothing goes out.
		was := w.count().Orders
		var pressed hub.Done
		w.until(20*time.Second, func() string {
			if n := w.count().Orders; n < was+10 {
				return fmt.Sprintf("%d orders more since the restore", n-was)
			}
			for _, r := range w.pages() {
				if pressed.Effect == 0 && r.Channel == "meituan" && r.Status == order.StatusNew {
					pressed, _ = ask[hub.Done](w.process, "act", AskOrder{Merchant: w.made.Merchant, Order: r.ID, Act: hub.Act{Kind: order.Accept}})
				}
			}
			if pressed.Effect == 0 {
				return "no order can be accepted"
			}
			return ""
		})
		if pressed.State != effect.Waiting {
			t.Errorf("what was pressed before arming is %s", pressed.State)
		}
		open := len(w.state().Acts)
		if n := w.called() - at; n != 0 {
			t.Fatalf("%d calls were made from a database that is not armed: %+v %+v", n, w.mt.Calls().List("", 3), w.ml.Calls().List("", 3))
		}
		close(stopBuying)
		buying.Wait()
		w.faults(sim.FaultPlan{})

		got := must[hub.Armed](w.process, "restored", struct{}{})
		t.Logf("%d acts open, %d looked for first, %d for a person; %d orders in the backup, %d placed", open, got.Looked, got.Asked, b.Counts["orders"], len(c.placed.meituan)+len(c.placed.mercado))
		if got.Looked+got.Asked == 0 {
			t.Error("no act was open in the backup: the test shows nothing about looking first")
		}
		w.authorise(brazil, indexBR)
		w.authorise(ownCarrier, inME)

		// Whoever works on remembers the refunds and notes that he made; the rest he presses
		// again wherever it is offered.
		calm := newClerk(w, seed)
		for name, p := range k.pressed {
			if p.kind == order.RefundPartial || p.kind == order.Annotate {
				calm.pressed[name] = p
			}
		}
		w.settle(c.placed, calm)
		calm.unread = true
		stop := make(chan struct{})
		working.Go(func() { calm.work(stop) })
		w.until(20*time.Second, func() string {
			if s := w.count(); calm.read.Load() < s.Seq {
				return fmt.Sprintf("the clerk has seen change %d of %d", calm.read.Load(), s.Seq)
			}
			return ""
		})
		close(stop)
		working.Wait()
		w.settle(c.placed, calm)

		// What was pressed on the original and is not in the backup is known to nobody but
		// the platforms, whose books say that it was done once.
		var all []books.Press
		ended := map[ident.Effect]effect.State{}
		for _, s := range []effect.State{effect.Done, effect.Refused, effect.Void, effect.Person, effect.Waiting, effect.Unknown, effect.Sending} {
			for _, e := range must[Effects](w.process, "effects", AskEffects{Merchant: w.made.Merchant, States: []effect.State{s}}).List {
				ended[e.ID] = e.State
			}
		}
		for _, one := range []*clerk{k, calm} {
			for _, p := range one.pressed {
				if state, ok := ended[p.effect]; ok {
					all = append(all, books.Press{Key: p.key, Kind: string(p.kind), For: p.forCas, Effect: p.effect.String(), State: string(state), Again: k.again[p.effect] + calm.again[p.effect]})
				}
			}
		}
		for _, d := range books.Once(w.expect(c.placed), all) {
			t.Error(d)
		}
		w.followed()
		w.stop()
		w.audit(c.placed)
	})
}

// authorise waits until the account asks for it, and lets the owner agree again.
func (w *world) authorise(seller ml.ID, i int) {
	w.t.Helper()
	type account struct {
		ID    string `json:"id"`
		State string `json:"state"`
	}
	var list struct {
		Accounts []account `json:"accounts"`
	}
	id := w.made.Accounts[i].String()
	w.until(30*time.Second, func() string {
		if status := w.get("/api/v1/accounts", &list); status != http.StatusOK {
			return fmt.Sprintf("accounts: HTTP %d", status)
		}
		for _, a := range list.Accounts {
			if a.ID == id && a.State == "authorise" {
				return ""
			}
		}
		return fmt.Sprintf("no account asks to be authorised again: %v", list.Accounts)
	})
	var to struct {
		URL string `json:"url"`
	}
	if status := w.get("/api/v1/accounts/"+id+"/authorise", &to); status != http.StatusOK {
		w.t.Fatalf("authorise: HTTP %d", status)
	}
	page, err := url.Parse(to.URL)
	if err != nil {
		w.t.Fatal(err)
	}
	q := page.Query()
	code, err := w.ml.Authorize(seller, q.Get("redirect_uri"))
	if err != nil {
		w.t.Fatal(err)
	}
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err := client.Get(w.callback("mercadolibre", i) + "/authorised?code=" + code + "&state=" + q.Get("state"))
	if err != nil {
		w.t.Fatal(err)
	}
	res.Body.Close()
	if where := res.Header.Get("Location"); where != "/connections?authorised=ok" {
		w.t.Fatalf("authorised: %s", where)
	}
}

// get asks the API with the key of the world.
func (w *world) get(path string, into any) int {
	w.t.Helper()
	r, err := http.NewRequestWithContext(w.t.Context(), http.MethodGet, w.URL+path, nil)
	if err != nil {
		w.t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+w.made.Key)
	r.Header.Set("Accept", "application/json")
	res, err := w.http.Do(r)
	if err != nil {
		return 0
	}
	defer res.Body.Close()
	if err := json.NewDecoder(res.Body).Decode(into); err != nil {
		w.t.Fatal(err)
	}
	return res.StatusCode
}

// TestACopyThatIsOnlyLookedAtCallsNobody opens a copy of a database with open acts as the
// check of backups does, says by force that it is armed, and runs a hub over it.
func TestACopyThatIsOnlyLookedAtCallsNobody(t *testing.T) {
	w := newWorld(t, stage{plan: Plan{Dir: t.TempDir()}, start: time.Date(2026, 3, 1, 3, 0, 0, 0, time.UTC), speed: 10, seed: 5, meituan: slowDeadlines})
	w.warmUp()
	id, err := w.mt.Place(json.RawMessage(`{"app_poi_code":"` + mtShop + `"}`))
	if err != nil {
		t.Fatal(err)
	}
	w.faults(sim.FaultPlan{DropBeforeCommit: 1}) // so that the act stays open
	w.until(20*time.Second, func() string {
		for _, r := range w.pages() {
			if r.Ref == id && r.Status == order.StatusNew {
				must[hub.Done](w.process, "act", AskOrder{Merchant: w.made.Merchant, Order: r.ID, Act: hub.Act{Kind: order.Accept}})
				return ""
			}
		}
		return "the order is not there"
	})
	b, _, err := backup.Take(t.Context(), backup.Options{From: backup.Place{Dir: w.Plan.Dir}, To: t.TempDir(), Key: Key, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	w.stop()
	w.faults(sim.FaultPlan{})
	at := w.called()
	looked := false
	inside := func(ctx context.Context, d *db.DB) *hub.Hub {
		list, _, err := d.Effects(ctx, actor(w.made.Merchant).Scope, db.EffectFilter{States: []effect.State{effect.Waiting, effect.Unknown, effect.Sending}})
		if err != nil || len(list) == 0 {
			t.Errorf("the copy has no open acts (%v): the test shows nothing", err)
		}
		return hub.New(hub.Options{DB: d, Platforms: platform.All(), Clock: w.Plan.Clock(), AllowPrivate: channel.Loopback})
	}
	turn := func(ctx context.Context, h *hub.Hub) {
		if _, err := h.Turn(ctx); err != nil {
			t.Error(err)
		}
	}
	dir := t.TempDir()
	check := backup.Check{From: filepath.Dir(b.Path), Scratch: dir, Key: Key, Log: slog.New(slog.DiscardHandler), Now: time.Now, Verify: func(ctx context.Context, d *db.DB) error {
		looked = true
		armByForce(t, dir)
		h := inside(ctx, d)
		for range 20 {
			turn(ctx, h)
		}
		return nil
	}}
	if _, err := check.Run(t.Context()); err != nil || !looked {
		t.Fatal(err)
	}
	if n := w.called() - at; n != 0 {
		t.Errorf("%d calls were made from a copy that is only looked at", n)
	}

	// The same turns over the same backup, restored to be worked with and armed, do call.
	there := backup.Place{Dir: t.TempDir()}
	if err := backup.Restore(t.Context(), b, there, Key, slog.New(slog.DiscardHandler)); err != nil {
		t.Fatal(err)
	}
	d := dbtest.Open(t, db.Options{Dir: there.Dir})
	h := inside(t.Context(), d)
	if _, err := h.Arm(t.Context(), "proof"); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- h.Run(ctx) }()
	w.until(20*time.Second, func() string {
		if w.called() == at {
			return "no call is made from an armed copy: the test shows nothing"
		}
		return ""
	})
	stop()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// armByForce writes into the scratch copy of a check that it is armed.
func armByForce(t *testing.T, dir string) {
	t.Helper()
	found, _ := filepath.Glob(filepath.Join(dir, "*", db.SQLiteFile))
	if len(found) != 1 {
		t.Fatalf("the scratch copy is not found: %v", found)
	}
	pool, err := sql.Open("sqlite", found[0])
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	res, err := pool.Exec(`UPDATE installation SET armed = 1`)
	if err != nil {
		t.Fatal(err)
	}
	if n, _ := res.RowsAffected(); n != 1 {
		t.Fatal("nothing was armed")
	}
}
