package proof

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/tongdan/tongdan/effect"
	"github.com/tongdan/tongdan/ident"
	"github.com/tongdan/tongdan/internal/point"
	"github.com/tongdan/tongdan/internal/sim"
	mt "github.com/tongdan/tongdan/internal/sim/meituan"
	ml "github.com/tongdan/tongdan/internal/sim/mercadolibre"
	"github.com/tongdan/tongdan/order"
)

// TestDyingAtAnyPointLosesNothingAndDoesNothingTwice kills the node at every declared
// fault point, one after the other, in the middle of a short story that has a bit of
// everything, and lets it start again. After each death the story goes on to its end and
// the books agree; in the end every act changed the outside world once and the feed is
// dense. A point at which the node never died fails the test.
func TestDyingAtAnyPointLosesNothingAndDoesNothingTwice(t *testing.T) {
	if testing.Short() {
		t.Skip("takes a minute and a half")
	}
	engines(t, func(t *testing.T, p Plan) {
		p.Lease = 2 * time.Second
		w := newWorld(t, stage{plan: p, start: time.Date(2026, 3, 1, 3, 0, 0, 0, time.UTC), speed: 20, seed: 5, meituan: func(o *meituanOptions) { slowDeadlines(o) }})
		w.warmUp()
		m := &matrix{world: w, clerk: newClerk(w, 5), roles: map[string]string{}, labels: map[string]*labelPress{}}
		m.paper = w.labelPrinter(true)
		m.placed.mercado = w.first
		m.clerk.choose = m.choose
		for range 28 { // more than one transaction of a pull holds
			m.sell(brazil, "")
		}
		stop := make(chan struct{})
		var working sync.WaitGroup
		working.Go(func() { m.clerk.work(stop) })
		goHome := sync.OnceFunc(func() {
			close(stop)
			working.Wait()
		})
		defer goHome()
		for _, at := range point.All() {
			if strings.HasPrefix(string(at), "standin.") {
				continue // nothing here is printed: it has a test of its own
			}
			began := time.Now()
			m.die(at)
			m.bury()
			m.start()
			m.drain(at)
			t.Logf("%-16s %5d ms", at, time.Since(began).Milliseconds())
			if t.Failed() {
				break
			}
		}
		goHome()
		w.settle(m.placed, m.clerk)
		w.acts(m.placed, m.clerk)
		w.followed()
		w.stop()
		m.labelled()
		w.audit(m.placed)
		t.Logf("%d orders of Meituan, %d of Mercado Libre, %d acts", len(m.placed.meituan), len(m.placed.mercado), len(m.clerk.pressed))
	})
}

// A matrix plays the story over and over in one world.
type matrix struct {
	*world
	clerk  *clerk
	placed placed
	paper  *labelPrinter
	at     point.Point // where the node is to die

	mu    sync.Mutex
	roles map[string]string // of an order, by channel and number: what becomes of it
	story []string          // the orders of the story under way

	labels map[string]*labelPress // of an order, by channel and number
}

// A labelPress is one press for an order's label.
type labelPress struct {
	order ident.Order
	key   string
	done  bool // it has been answered
}

// What an order is in the story for: the acts that our people do with it.
var parts = map[string][]string{
	"agreed":    {"accept", "refund"}, // the customer asks for the money back
	"partial":   {"accept", "partial"},
	"cancelled": {"accept", "cancel"},
	"missed":    {"accept", "ready"}, // its push is lost: a pull brings it
	"carried":   {"accept", "dispatch", "deliver"},
	"shipped":   {"ship", "note"},
	"called":    {"cancel"},
	"labelled":  {"label"}, // told only where the node dies at labels
}

// choose says whether our people do something with an order of the story.
func (m *matrix) choose(r Row, what string) uint64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	key := r.Channel + " " + r.Ref
	if m.roles[key] == "labelled" && m.labels[key] == nil && slices.Contains(r.Flags, order.FlagToLabel) {
		m.labels[key] = &labelPress{order: r.ID, key: rand.Text()}
	}
	word, _, _ := strings.Cut(what, " ")
	if slices.Contains(parts[m.roles[r.Channel+" "+r.Ref]], word) {
		return 0
	}
	return 99
}

// cast gives an order its part. Whoever places it holds mu until then, so that nobody
// looks at it before.
func (m *matrix) cast(key, part string) {
	m.roles[key] = part
	m.story = append(m.story, key)
}

// play begins the story: orders on both platforms, of which one is not pushed.
func (m *matrix) play() {
	m.t.Helper()
	m.sell(ownCarrier, "shipped")
	m.sell(brazil, "called")
	if strings.HasPrefix(string(m.at), "labels.") {
		m.sell(brazil, "labelled")
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, part := range []string{"agreed", "partial", "cancelled", "carried", "missed"} {
		shop := mtShop
		switch part {
		case "carried":
			shop = mtShopSelf
		case "missed":
			m.mt.Faults().Next(sim.PushLost, 1, mt.PushPaid)
		}
		id, err := m.mt.Place(json.RawMessage(`{"app_poi_code":"` + shop + `"}`))
		if err != nil {
			m.t.Fatal(err)
		}
		m.cast("meituan "+id, part)
		m.placed.meituan = append(m.placed.meituan, id)
	}
}

func (m *matrix) sell(seller ml.ID, part string) {
	m.t.Helper()
	m.mu.Lock()
	defer m.mu.Unlock()
	p, err := m.ml.Place(ml.Placement{SellerID: seller, Oversell: true, Manual: part == "labelled"})
	if err == nil && part == "labelled" {
		err = m.ml.Act(p.Orders[0], "ready", ml.ActArgs{})
	}
	if err != nil {
		m.t.Fatal(err)
	}
	for _, id := range p.Orders {
		m.cast("mercadolibre "+id.String(), part)
	}
	m.placed.mercado = append(m.placed.mercado, p.Orders...)
}

// die plays the story until the node has died at a point. A story without trouble does
// not pass everywhere: if need be an answer gets lost and a token ends, and then a
// process dies before it and leaves it an attempt.
func (m *matrix) die(at point.Point) {
	m.t.Helper()
	m.story, m.at = nil, at
	kill := string(at) + ":1:kill"
	died := func(d time.Duration) bool {
		m.t.Helper()
		for end := time.Now().Add(d); ; {
			m.buyer()
			select {
			case <-m.Ended():
				if !strings.Contains(m.Log(), "dies at "+string(at)+":") {
					m.t.Fatalf("the node died, but not at %s\n%s", at, m.Log())
				}
				return true
			case <-time.After(20 * time.Millisecond):
			}
			if time.Now().After(end) {
				return false
			}
		}
	}
	m.arm(kill)
	m.play()
	if died(1500 * time.Millisecond) {
		return
	}
	m.mt.Faults().Next(sim.DropAfterCommit, 1, "order/confirm")
	m.mt.Faults().Next(sim.PushLost, 5, mt.PushConfirmed) // or a push would tell before a look does
	if err := m.ml.ExpireTokens(brazil); err != nil {
		m.t.Fatal(err)
	}
	m.play()
	if died(5 * time.Second) {
		return
	}
	m.arm(string(point.EffectBegun) + ":1:kill")
	m.play()
	select {
	case <-m.Ended():
	case <-time.After(10 * time.Second):
		m.t.Fatalf("%s: no attempt was begun", at)
	}
	m.bury()
	_ = m.Start(kill) // it may die before it serves
	if !died(10 * time.Second) {
		m.t.Fatalf("the node never came to %s (%s): let the story lead there", at, point.Between(at))
	}
}

// bury ends the leases of the dead node on PostgreSQL, as an operator may who knows that
// it is dead. With SQLite the next start does so; that a lease runs out by itself is
// shown by the tests of many nodes.
func (m *matrix) bury() {
	if m.Plan.URL == "" {
		return
	}
	ctx := m.t.Context()
	c, err := pgx.Connect(ctx, m.Plan.URL)
	if err == nil {
		_, err = c.Exec(ctx, `UPDATE lanes SET owner = '', expires_at = 0`)
		c.Close(ctx)
	}
	if err != nil {
		m.t.Fatal(err)
	}
}

// arm arms a point of the running node. The answer may be lost when it dies at once.
func (m *matrix) arm(text string) {
	m.t.Helper()
	if _, err := ask[struct{}](m.process, "arm", text); err != nil {
		select {
		case <-m.Ended():
		case <-time.After(time.Second):
			m.t.Fatal(err)
		}
	}
}

// press presses for the labels that can be printed, each with its own key until there is an answer.
func (m *matrix) press() {
	m.mu.Lock()
	var todo []*labelPress
	for _, key := range m.story {
		if x := m.labels[key]; x != nil && !x.done {
			todo = append(todo, x)
		}
	}
	m.mu.Unlock()
	for _, x := range todo {
		status, _, err := m.call(5*time.Second, "POST", "/labels", x.key, map[string]any{"order_ids": []ident.Order{x.order}, "format": "zpl", "printer_id": m.paper.id}, nil)
		x.done = err == nil && status < 300
	}
}

// labelled looks at the labels that came out: one of each parcel, and any more with a mark.
func (m *matrix) labelled() {
	plain, _ := m.paper.out()
	for parcel, n := range plain {
		if n != 1 {
			m.t.Errorf("parcel %s has %d labels without a mark", parcel, n)
		}
	}
	if len(plain) < 3 {
		m.t.Errorf("labels of %d parcels came out", len(plain))
	}
}

// buyer is what customers do meanwhile.
func (m *matrix) buyer() {
	m.press()
	for _, key := range m.story {
		id, of := strings.CutPrefix(key, "meituan ")
		if of && m.roles[key] == "agreed" {
			if o, err := m.mt.Order(id); err == nil && o.Tally["order/confirm"].Changes > 0 && o.Tally["order/refund/agree"].Changes == 0 {
				_ = m.mt.Do(id, "ask_refund", nil) // refused where it has been asked for
			}
		}
	}
}

// drain waits until the story has ended: everybody's acts are done, and the books agree.
// An additive act that is in doubt is left until the end, since it waits for half a
// minute before it asks a person. An owner whose authorisation was lost agrees again.
func (m *matrix) drain(at point.Point) {
	m.t.Helper()
	m.until(90*time.Second, func() string {
		m.buyer()
		m.agree()
		for _, e := range m.state().Acts {
			if e.Nature != effect.Additive || e.State == effect.Waiting || e.State == effect.Sending {
				return fmt.Sprintf("%s: an act is under way: %s", at, describe([]effect.Effect{e}))
			}
		}
		want := m.expect(m.placed)
		for _, key := range m.story {
			for _, act := range parts[m.roles[key]] {
				if what := m.undone(key, act, want[key].Status); what != "" {
					for _, r := range m.pages() {
						if r.Channel+" "+r.Ref == key {
							what += fmt.Sprintf("; shown as %s at %d with acts %v", r.Status, r.Seq, r.Actions)
						}
					}
					return fmt.Sprintf("%s: %s (%s): %s; our people have seen %d of %d", at, key, m.roles[key], what, m.clerk.seen(), m.count().Seq)
				}
			}
		}
		if differ := compare(want, m.pages(), m.clerk.local); len(differ) > 0 {
			return fmt.Sprintf("%s: %d differences:\n%s", at, len(differ), short(differ))
		}
		return ""
	})
}

// undone says what is missing of one act, in the platform's book or, where that is left
// to the end, among what our people have pressed.
func (m *matrix) undone(key, act, status string) string {
	channel, id, _ := strings.Cut(key, " ")
	tally := func(name string) int {
		if channel == "meituan" {
			if o, err := m.mt.Order(id); err == nil {
				return o.Tally[name].Changes
			}
			return 0
		}
		return m.ml.Tally(id)[name].Changes
	}
	done := false
	switch act {
	case "accept":
		done = tally("order/confirm") == 1
	case "refund":
		done = tally("order/refund/agree") == 1
	case "cancel":
		done = status == "cancelled"
	case "ready":
		done = tally("order/preparationMealComplete") == 1
	case "dispatch", "deliver":
		done = status == "delivered" || status == "done"
	case "ship":
		done = status == "delivering" || status == "delivered"
	case "label":
		number, err := strconv.ParseInt(id, 10, 64)
		if err != nil {
			m.t.Fatal(err)
		}
		plain, maybe := m.paper.out()
		parcel := m.parcel(ml.ID(number))
		done = plain[parcel]+maybe[parcel] > 0
	case "partial":
		done = m.clerk.has(key, order.RefundPartial)
	case "note":
		done = m.clerk.has(key, order.Annotate)
	}
	if done {
		return ""
	}
	return act + " is not done: " + status
}

// agree lets the owners of accounts that ask for it agree again.
func (m *matrix) agree() {
	m.t.Helper()
	for i, c := range []int{indexBR, inME} {
		in := AskOrder{Merchant: m.made.Merchant, Account: m.made.Accounts[c]}
		asks, err := ask[string](m.process, "alarm", in)
		if err != nil || asks == "" {
			continue
		}
		page := must[string](m.process, "consent", in)
		u, err := url.Parse(page)
		if err != nil {
			m.t.Fatal(err)
		}
		back := u.Query().Get("redirect_uri")
		code, err := m.ml.Authorize([]ml.ID{brazil, ownCarrier}[i], back)
		if err != nil {
			m.t.Fatal(err)
		}
		res, err := m.http.Get(back + "?" + url.Values{"code": {code}, "state": {u.Query().Get("state")}}.Encode())
		if err == nil {
			res.Body.Close()
		}
	}
}
