package hub_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tongdan/tongdan/channel"
	"github.com/tongdan/tongdan/effect"
	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/ident"
	"github.com/tongdan/tongdan/internal/db"
	"github.com/tongdan/tongdan/internal/db/dbtest"
	"github.com/tongdan/tongdan/internal/hub"
	"github.com/tongdan/tongdan/internal/platform"
	"github.com/tongdan/tongdan/internal/sim"
	mt "github.com/tongdan/tongdan/internal/sim/meituan"
	"github.com/tongdan/tongdan/order"
)

// shopWorld is a hub with one tea shop at the Meituan simulator, over real HTTP.
type shopWorld struct {
	t   *testing.T
	db  *db.DB
	hub *hub.Hub
	sim *mt.Sim
	clk *sim.Clock
	who hub.Actor
	app db.AppRow
}

func each(t *testing.T, f func(w *shopWorld)) {
	both(t, func(t *testing.T, d *db.DB) { f(newWorld(t, d)) })
}

// alone is each for a test that has a second or two for something: beside many others it could come too late.
func alone(t *testing.T, f func(w *shopWorld)) {
	dbtest.AtOnce(t, func(t *testing.T, d *db.DB) { f(newWorld(t, d)) })
}

// both runs a test on each engine, beside other tests: they wait for clocks more than they work, see TestMain.
func both(t *testing.T, f func(t *testing.T, d *db.DB)) {
	t.Parallel()
	dbtest.AtOnce(t, f)
}

func newWorld(t *testing.T, d *db.DB) *shopWorld {
	ctx := t.Context()
	w := &shopWorld{t: t, db: d}
	clock := sim.NewClock(time.Time{}, 1)
	s, err := mt.New(mt.Options{App: "4321", Secret: "0123456789abcdef0123456789abcdef", Clock: clock, Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	w.sim, w.clk = s, clock
	api := httptest.NewServer(s.API())
	t.Cleanup(api.Close)
	callbacks := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if rest, ok := strings.CutPrefix(r.URL.Path, "/courier/"); ok {
			w.courierCallback(rw, r, strings.SplitN(rest, "/", 3))
			return
		}
		parts := strings.SplitN(strings.TrimPrefix(r.URL.Path, "/callback/"), "/", 3)
		var app ident.App
		if len(parts) < 3 || app.UnmarshalText([]byte(parts[1])) != nil {
			http.NotFound(rw, r)
			return
		}
		body, _ := io.ReadAll(r.Body)
		reply, err := w.hub.Callback(r.Context(), parts[0], app, channel.Request{Method: r.Method, Path: parts[2], Query: r.URL.RawQuery, Header: r.Header, Body: body})
		if err != nil {
			http.Error(rw, err.Error(), 500)
			return
		}
		rw.WriteHeader(reply.Status)
		io.WriteString(rw, reply.Body)
	}))
	t.Cleanup(callbacks.Close)
	w.hub = hub.New(hub.Options{DB: d, Platforms: platform.All(), Clock: hub.Clock{Now: clock.Now, Speed: 1}, PublicURL: callbacks.URL, AllowPrivate: channel.Loopback, Lease: 3 * time.Second})
	m, err := d.AddMerchant(ctx, db.MerchantRow{Name: "茶铺", Locale: "zh-CN"})
	w.must(err)
	w.who = hub.Actor{Scope: db.Scope{Merchant: m.ID, Personal: true}, ID: "usr_test", Name: "小王", Role: "owner"}
	store, err := w.hub.PutStore(ctx, w.who, db.StoreRow{Name: "望京店", Zone: "Asia/Shanghai"})
	w.must(err)
	w.app, err = w.hub.PutApp(ctx, w.who, db.AppRow{Channel: "meituan", Name: "直连", BaseURL: api.URL, PublicURL: callbacks.URL,
		Credentials: map[string]string{"app_id": "4321", "secret": "0123456789abcdef0123456789abcdef"}})
	w.must(err)
	acct, err := w.hub.PutAccount(ctx, w.who, db.AccountRow{App: w.app.ID, Name: "总部"})
	w.must(err)
	for _, code := range []string{"TEA001", "TEA002"} {
		_, err = w.hub.PutShop(ctx, w.who, db.ShopRow{Account: acct.ID, External: code, Store: store.ID, Name: code})
		w.must(err)
	}
	cfg, _ := json.Marshal(map[string]string{"callback": callbacks.URL + "/callback/meituan/" + w.app.ID.String()})
	w.must(s.Configure(cfg))
	return w
}

func (w *shopWorld) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// run works the lanes until the test ends.
func (w *shopWorld) run() {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- w.hub.Run(ctx) }()
	w.t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			w.t.Error(err)
		}
	})
}

// sameDay sets the clock so that some hours of the store's day are left: what a test counts of a day shall not fall on two.
func (w *shopWorld) sameDay() {
	east := w.clk.Now().In(time.FixedZone("", 8*60*60))
	if midnight := time.Date(east.Year(), east.Month(), east.Day()+1, 0, 0, 0, 0, east.Location()); midnight.Sub(east) < 3*time.Hour {
		w.clk.Advance(midnight.Sub(east) + time.Minute)
	}
}

func (w *shopWorld) place(native string) string {
	w.t.Helper()
	id, err := w.sim.Place(json.RawMessage(native))
	w.must(err)
	return id
}

func (w *shopWorld) row(ref string) (db.OrderRow, order.Order, []effect.Effect, bool) {
	w.t.Helper()
	row, recs, effects, err := w.db.OrderByRef(w.t.Context(), w.who.Scope, order.Ref{Realm: "meituan", Kind: order.KindOrder, ID: ref})
	if fault.Is(err, fault.NotFound) {
		return row, order.Order{}, nil, false
	}
	w.must(err)
	p, _ := w.hub.Platform("meituan")
	return row, order.Fold(row.Ref, recs, p.Info().Grammar), effects, true
}

// until polls: what it waits for depends on real HTTP and real commits.
func (w *shopWorld) until(what string, f func() bool) {
	w.t.Helper()
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		if f() {
			return
		}
	}
	w.t.Fatalf("not within a minute: %s", what)
}

func (w *shopWorld) status(ref string) order.Status {
	row, _, _, _ := w.row(ref)
	return row.Status
}

func (w *shopWorld) act(ref string, a hub.Act) (hub.Done, error) {
	w.t.Helper()
	row, _, _, ok := w.row(ref)
	if !ok {
		w.t.Fatalf("order %s is not here", ref)
	}
	return w.hub.Act(w.t.Context(), w.who, row.ID, a)
}

func TestAPushedOrderIsHereAndAcceptedOnceOnThePlatform(t *testing.T) {
	each(t, func(w *shopWorld) {
		w.run()
		id := w.place(`{"app_poi_code":"TEA001"}`)
		w.until("the order arrives", func() bool { return w.status(id) == order.StatusNew })
		_, o, _, _ := w.row(id)
		native, err := w.sim.Order(id)
		w.must(err)
		if !o.Complete() || o.Bill.Total.Minor() != int64(native.Total) {
			w.t.Fatalf("total %v, the platform has %d; issues %v", o.Bill, native.Total, o.Issues)
		}
		if len(o.Issues) > 0 {
			w.t.Errorf("issues of an ordinary order: %v", o.Issues)
		}
		for range 3 {
			_, err := w.act(id, hub.Act{Kind: order.Accept})
			w.must(err)
		}
		w.until("it is accepted here", func() bool { return w.status(id) == order.StatusAccepted })
		native, _ = w.sim.Order(id)
		if native.Status != 4 || native.Tally["order/confirm"].Changes != 1 || native.Tally["order/confirm"].Calls != 1 {
			w.t.Errorf("status %d tally %+v: want one confirm", native.Status, native.Tally["order/confirm"])
		}
		if done, err := w.act(id, hub.Act{Kind: order.Accept}); err != nil || done.Already == nil {
			w.t.Errorf("a late press must be told who was faster: %+v %v", done, err)
		}
	})
}

// While a slow platform is asked for sixty known orders, one whose push was lost is shown without waiting for them.
func TestAnOrderWhosePushWasLostDoesNotWaitForASweep(t *testing.T) {
	each(t, func(w *shopWorld) {
		var known []string
		for range 60 {
			known = append(known, w.place(`{"app_poi_code":"TEA001"}`))
		}
		for _, ref := range known {
			w.must(w.sim.Do(ref, "accept_in_app", nil))
		}
		w.until("all are here", func() bool {
			return !slices.ContainsFunc(known, func(ref string) bool { return w.status(ref) != order.StatusAccepted })
		})
		w.clk.Advance(11 * time.Minute) // all are to be swept
		w.sim.Faults().Set(sim.FaultPlan{SlowAnswer: 1, SlowBy: 1500 * time.Millisecond, Only: []string{"order/getOrderDetail"}})
		w.sim.Faults().Next(sim.PushLost, 1)
		lost, began := w.place(`{"app_poi_code":"TEA002"}`), time.Now()
		w.run()
		w.until("it is shown", func() bool { return w.status(lost) == order.StatusNew })
		took := time.Since(began)
		account := w.app.ID // of which there is one
		accounts, err := w.db.Accounts(w.t.Context(), w.who.Merchant)
		w.must(err)
		for _, a := range accounts {
			if a.App != account {
				continue
			}
			waiting, err := w.db.Backlog(w.t.Context(), w.who.Merchant, a.ID, time.Now().UnixMilli(), 1000)
			w.must(err)
			w.t.Logf("shown %v after it was placed, with %d reads waiting", took.Round(10*time.Millisecond), waiting)
			if waiting < 10 {
				w.t.Errorf("it was shown after %v, when only %d reads of known orders were left", took, waiting)
			}
		}
		w.sim.Faults().Calm()
	})
}

func TestAnOrderAcceptedInThePlatformsOwnAppCausesNoSecondConfirm(t *testing.T) {
	each(t, func(w *shopWorld) {
		id := w.place(`{"app_poi_code":"TEA001"}`)
		w.until("the order arrives", func() bool { return w.status(id) == order.StatusNew })
		_, err := w.act(id, hub.Act{Kind: order.Accept}) // lanes do not run yet
		w.must(err)
		w.must(w.sim.Do(id, "accept_in_app", nil))
		w.until("the confirmed push arrives", func() bool { return w.status(id) == order.StatusAccepted })
		_, _, effects, _ := w.row(id)
		for _, e := range effects {
			if e.Kind == string(order.Accept) && e.State != effect.Done {
				w.t.Errorf("the accept is %s: it would be called", e.State)
			}
		}
		w.run()
		w.until("the lanes have run", func() bool { return w.acknowledged(id) })
		if native, _ := w.sim.Order(id); native.Tally["order/confirm"].Calls != 0 {
			w.t.Errorf("%d calls of confirm", native.Tally["order/confirm"].Calls)
		}
	})
}

// acknowledged reports whether nothing is left to do for an order.
func (w *shopWorld) acknowledged(ref string) bool {
	_, _, effects, _ := w.row(ref)
	for _, e := range effects {
		if e.State.Open() {
			return false
		}
	}
	return true
}

// Order holds per target: an acknowledgement that waits, or whose answer was lost, would
// hold up the accept behind it, and says nothing that the accept does not say.
func TestAnAcceptDoesNotWaitForTheAcknowledgement(t *testing.T) {
	each(t, func(w *shopWorld) {
		id := w.place(`{"app_poi_code":"TEA001"}`) // lanes do not run
		w.until("the order arrives", func() bool { return w.status(id) == order.StatusNew })
		_, err := w.act(id, hub.Act{Kind: order.Accept})
		w.must(err)
		_, _, effects, _ := w.row(id)
		states := map[string]effect.State{}
		for _, e := range effects {
			states[e.Kind] = e.State
		}
		if states[string(channel.Acknowledge)] != effect.Void || states[string(order.Accept)] != effect.Waiting {
			w.t.Errorf("effects: %v", states)
		}
		w.run()
		w.until("it is accepted", func() bool { return w.status(id) == order.StatusAccepted })
		if native, _ := w.sim.Order(id); native.Tally["order/poi_received"].Calls != 0 {
			w.t.Errorf("%d acknowledgements", native.Tally["order/poi_received"].Calls)
		}
	})
}

// Reading every open order again every five minutes is most of what a busy app calls. One
// that was just heard of can wait, but not for ever: its next push may be the lost one.
func TestAnOrderThatWasHeardOfIsReadAgainLater(t *testing.T) {
	each(t, func(w *shopWorld) {
		id := w.place(`{"app_poi_code":"TEA001"}`)
		w.until("the order arrives", func() bool { return w.status(id) == order.StatusNew })
		row, _, _, _ := w.row(id)
		placed := row.SortAt
		due := func() time.Duration {
			row, _, _, _ := w.row(id)
			return time.Duration(row.SweepAt-placed) * time.Millisecond
		}
		if d := due(); d < 5*time.Minute || d > 5*time.Minute+10*time.Second {
			w.t.Errorf("a new order is read again after %v, want 5 minutes", d)
		}
		for i, want := range []time.Duration{9 * time.Minute, 10 * time.Minute} {
			w.sim.Clock().Advance(4 * time.Minute)
			w.must(w.sim.Do(id, []string{"accept_in_app", "remind"}[i], nil))
			w.until(fmt.Sprint("it is read again after ", want), func() bool { d := due(); return d > want-10*time.Second && d < want+10*time.Second })
		}
	})
}

// Meituan agrees to a refund by itself after half an hour. Of an order that is delivered nothing else is
// told, so that a request whose message is lost has to be looked for, early enough to be answered.
func TestALostRequestForARefundIsFoundInTime(t *testing.T) {
	each(t, func(w *shopWorld) {
		w.run()
		id := w.place(`{"app_poi_code":"TEA001"}`)
		w.must(w.sim.Do(id, "accept_in_app", nil))
		w.must(w.sim.Do(id, "complete", nil))
		w.until("it is done", func() bool { return w.status(id) == order.StatusDone })
		w.sim.Faults().Next(sim.PushLost, 1, "refund/full")
		w.must(w.sim.Do(id, "ask_refund", map[string]any{"reason": "太慢了"}))
		w.clk.Advance(16 * time.Minute)
		w.until("the request is found", func() bool { _, o, _, _ := w.row(id); return o.Has(order.FlagRefund) })
		if row, _, _, _ := w.row(id); row.DueAt < w.clk.Now().Add(5*time.Minute).UnixMilli() {
			w.t.Errorf("its answer is due at %d, and it is %d", row.DueAt, w.clk.Now().UnixMilli())
		}
	})
}

func TestACallWhoseAnswerIsLostIsFoundDone(t *testing.T) {
	each(t, func(w *shopWorld) {
		w.run()
		id := w.place(`{"app_poi_code":"TEA001"}`)
		w.until("the order arrives", func() bool { return w.status(id) == order.StatusNew && w.acknowledged(id) })
		w.sim.Faults().Next("drop_after_commit", 1, "order/confirm")
		_, err := w.act(id, hub.Act{Kind: order.Accept})
		w.must(err)
		w.until("it is found accepted", func() bool { return w.status(id) == order.StatusAccepted && w.acknowledged(id) })
		if native, _ := w.sim.Order(id); native.Tally["order/confirm"].Changes != 1 || native.Tally["order/confirm"].Calls != 1 {
			w.t.Errorf("tally %+v", native.Tally["order/confirm"])
		}
	})
}

func TestARefundIsAnsweredAndACancelTravelsBothWays(t *testing.T) {
	each(t, func(w *shopWorld) {
		w.run()
		a, b := w.place(`{"app_poi_code":"TEA001"}`), w.place(`{"app_poi_code":"TEA002"}`)
		for _, id := range []string{a, b} {
			w.until("the order arrives", func() bool { return w.status(id) == order.StatusNew })
			_, err := w.act(id, hub.Act{Kind: order.Accept})
			w.must(err)
			w.until("accepted", func() bool { return w.status(id) == order.StatusAccepted })
		}
		w.must(w.sim.Do(a, "ask_refund", map[string]any{"reason": "太慢了"}))
		w.until("the refund rings", func() bool { _, o, _, _ := w.row(a); return o.Has(order.FlagRefund) })
		_, err := w.act(a, hub.Act{Kind: order.RefundApprove})
		w.must(err)
		w.until("the money goes back", func() bool { _, o, _, _ := w.row(a); return o.Axes.Payment == order.Refunded })
		_, err = w.act(b, hub.Act{Kind: order.Cancel, ReasonCode: "2009", Reason: "商品已售完"})
		w.must(err)
		w.until("cancelled here", func() bool { return w.status(b) == order.StatusCancelled })
		if native, _ := w.sim.Order(b); native.Status != 9 || native.Tally["order/cancel"].Changes != 1 {
			w.t.Errorf("status %d tally %+v", native.Status, native.Tally)
		}
		if _, err := w.act(b, hub.Act{Kind: order.Ready}); !fault.Is(err, fault.Conflict) || fault.WordsOf(err) == "" {
			w.t.Errorf("ready on a cancelled order: %v, want a conflict with a reason", err)
		}
	})
}

func TestAForgedPushIsRefusedInThePlatformsFormAndMakesNoOrder(t *testing.T) {
	each(t, func(w *shopWorld) {
		reply, err := w.hub.Callback(w.t.Context(), "meituan", w.app.ID, channel.Request{Method: "POST", Path: "order/paid", Header: http.Header{},
			Body: []byte("app_id=4321&timestamp=1700000010&order_id=1&sig=00000000000000000000000000000000")})
		w.must(err)
		if !strings.Contains(reply.Body, "703") {
			w.t.Errorf("answer %+v", reply)
		}
		if _, _, _, ok := w.row("1"); ok {
			w.t.Error("a forged push made an order")
		}
	})
}

func TestWithoutPushesThePullFindsEverything(t *testing.T) {
	each(t, func(w *shopWorld) {
		w.must(w.sim.Configure(json.RawMessage(`{"callback":""}`)))
		id := w.place(`{"app_poi_code":"TEA001"}`)
		w.run()
		w.until("the pull finds it", func() bool { return w.status(id) == order.StatusNew })
	})
}
