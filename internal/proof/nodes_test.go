package proof

import (
	"bufio"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/tongdan/tongdan/effect"
	"github.com/tongdan/tongdan/internal/db/dbtest"
	"github.com/tongdan/tongdan/internal/hub"
	"github.com/tongdan/tongdan/internal/point"
	mt "github.com/tongdan/tongdan/internal/sim/meituan"
	ml "github.com/tongdan/tongdan/internal/sim/mercadolibre"
	"github.com/tongdan/tongdan/order"
)

// several makes a world of several nodes on a database. Deadlines of the platform are
// far, since these tests are not about them.
func several(t *testing.T, url string, nodes int) *world {
	t.Helper()
	if testing.Short() {
		t.Skip("starts several nodes")
	}
	w := newWorld(t, stage{plan: Plan{URL: url, Lease: 2 * time.Second, Notice: 500 * time.Millisecond}, nodes: nodes,
		start: time.Date(2026, 3, 1, 3, 0, 0, 0, time.UTC), speed: 5, seed: 9, meituan: func(o *meituanOptions) { slowDeadlines(o) }})
	w.warmUp()
	w.until(20*time.Second, func() string { // each node has to hear of the accounts before it takes pushes for them
		for i, x := range w.nodes {
			if got, err := ask[Orders](x, "orders", AskOrders{Merchant: w.made.Merchant}); err != nil || len(got.Rows) < len(w.first) || x.knows(w) != nil {
				return fmt.Sprintf("node %d does not know everything yet", i)
			}
		}
		return ""
	})
	return w
}

// knows fails while a node does not know the account of Meituan.
func (x *process) knows(w *world) error {
	page, err := ask[string](x, "account", AskOrder{Merchant: w.made.Merchant, Account: w.made.Accounts[indexMT]})
	if err == nil && page == "" {
		err = fmt.Errorf("unknown account")
	}
	return err
}

// A rush is orders that keep coming on both platforms until it is stopped.
type rush struct {
	w      *world
	placed placed
	stop   func()
}

func (w *world) rush(every time.Duration) *rush {
	r := &rush{w: w}
	r.placed.mercado = append(r.placed.mercado, w.first...)
	stop := make(chan struct{})
	var work sync.WaitGroup
	work.Go(func() {
		rng := rand.New(rand.NewPCG(9, 9))
		for n := 0; ; n++ {
			select {
			case <-stop:
				return
			case <-time.After(every):
			}
			if n%8 == 7 {
				p, err := w.ml.Place(ml.Placement{SellerID: []ml.ID{brazil, ownCarrier}[rng.IntN(2)], Oversell: true})
				if err != nil {
					w.t.Error(err)
					return
				}
				r.placed.mercado = append(r.placed.mercado, p.Orders...)
				continue
			}
			id, err := w.mt.Place(json.RawMessage(`{"app_poi_code":"` + []string{mtShop, mtShopSelf}[n%2] + `"}`))
			if err != nil {
				w.t.Error(err)
				return
			}
			r.placed.meituan = append(r.placed.meituan, id)
		}
	})
	r.stop = sync.OnceFunc(func() {
		close(stop)
		work.Wait()
	})
	w.t.Cleanup(r.stop)
	return r
}

// agree waits until the hub has what the platforms hold.
func (r *rush) agree() {
	r.w.t.Helper()
	r.w.until(90*time.Second, func() string {
		var have []Row
		in := AskOrders{Merchant: r.w.made.Merchant}
		in.Filter.Limit, in.Filter.Sort = 200, "newest"
		for {
			p, err := ask[Orders](r.w.process, "orders", in)
			if err != nil {
				return err.Error()
			}
			have = append(have, p.Rows...)
			if in.Filter.Cursor = p.Next; p.Next == "" {
				break
			}
		}
		if differ := compare(r.w.expect(r.placed), have, nil); len(differ) > 0 {
			return fmt.Sprintf("%d differences:\n%s", len(differ), short(differ))
		}
		return ""
	})
}

// answered are the orders of Meituan whose push was answered as kept, before a moment.
func (w *world) answered(before time.Time) (ids []string) {
	for _, s := range w.mt.Pushes("", 0) {
		if s.Kind == mt.PushPaid && s.OK && s.Real.Before(before) {
			ids = append(ids, s.Key)
		}
	}
	return ids
}

// more waits until so many more pushes are answered.
func (w *world) more(n int) {
	w.t.Helper()
	before := len(w.answered(time.Now()))
	w.until(20*time.Second, func() string {
		if now := len(w.answered(time.Now())); now < before+n {
			return fmt.Sprintf("%d pushes were answered, %d more are wanted", now-before, n)
		}
		return ""
	})
}

// dense reads the feed through the front: no number is missing.
func (w *world) dense() {
	w.t.Helper()
	if gap := w.gap(w.process, 0); gap != "" {
		w.t.Error(gap)
	}
}

// gap reads the feed of a node from a number on and says where a number is missing.
func (w *world) gap(x *process, after int64) string {
	for {
		ch, err := ask[Changes](x, "changes", AskChanges{Merchant: w.made.Merchant, After: after})
		if err != nil {
			return err.Error()
		}
		for _, c := range ch.List {
			if c.Seq != after+1 {
				return fmt.Sprintf("the feed goes from %d to %d", after, c.Seq)
			}
			after = c.Seq
		}
		if len(ch.List) == 0 {
			return ""
		}
	}
}

// TestThreeNodesRestartInTurnWithoutAFailedPush updates a hub of three nodes as one does:
// one after the other, while orders come in. The front hears from each that it leaves
// before it does, so no push fails.
func TestThreeNodesRestartInTurnWithoutAFailedPush(t *testing.T) {
	w := several(t, dbtest.Postgres(t), 3)
	r := w.rush(40 * time.Millisecond)
	began := time.Now()
	for i, x := range w.nodes {
		x.stop()
		x.start()
		w.until(20*time.Second, func() string {
			if w.front.Ready() < 3 {
				return fmt.Sprintf("node %d does not come back", i)
			}
			return ""
		})
	}
	r.stop()
	r.agree()
	pushes := 0
	for _, s := range w.mt.Pushes("", 0) {
		if s.Real.Before(began) {
			continue // while the nodes were still hearing of the accounts
		}
		pushes++
		if !s.OK {
			t.Errorf("a push failed: %s of %s: HTTP %d %s %s", s.Kind, s.Key, s.Status, s.Error, s.Answer)
		}
	}
	if pushes < 20 {
		t.Errorf("only %d pushes: this is no test", pushes)
	}
	if sent := w.front.Sent(); slices.Min(sent) == 0 {
		t.Errorf("a node got nothing: %v", sent)
	}
	w.dense()
	w.stopAll()
	w.audit(r.placed)
}

// TestAFrozenNodeDoesNothingTwice freezes the node that works the lane at a point within
// an act, until another has taken over and dealt with it, and wakes it then: nothing is
// called twice, nothing is written to the wire after the lease.
func TestAFrozenNodeDoesNothingTwice(t *testing.T) {
	w := several(t, dbtest.Postgres(t), 2)
	for _, at := range []point.Point{point.EffectBegun, point.CallConnected, point.CallWritten, point.EffectCalled} {
		t.Run(string(at), func(t *testing.T) {
			a := w.owner()
			b := w.nodes[0]
			if b == a {
				b = w.nodes[1]
			}
			id, err := w.mt.Place(json.RawMessage(`{"app_poi_code":"` + mtShop + `"}`))
			if err != nil {
				t.Fatal(err)
			}
			row := w.arrivedAt(b, id)
			must[struct{}](a, "arm", string(at)+":1:freeze")
			must[hub.Done](b, "act", AskOrder{Merchant: w.made.Merchant, Order: row.ID, Act: hub.Act{Kind: order.Accept}})
			w.until(20*time.Second, func() string {
				if !a.Frozen() {
					return "the node does not come to " + string(at)
				}
				return ""
			})
			tally := func() (calls, changes int) {
				o, err := w.mt.Order(id)
				if err != nil {
					t.Fatal(err)
				}
				n := o.Tally["order/confirm"]
				return n.Calls, n.Changes
			}
			w.until(30*time.Second, func() string { // the other takes over, looks and, where nothing was done, calls
				s := must[State](b, "state", AskOrder{Merchant: w.made.Merchant})
				if len(s.Acts) > 0 {
					return "the other node has not dealt with it: " + describe(s.Acts)
				}
				return ""
			})
			before, changes := tally()
			if changes != 1 {
				t.Fatalf("it was done %d times before the frozen node was woken", changes)
			}
			if err := a.Signal(syscall.SIGCONT); err != nil {
				t.Fatal(err)
			}
			// It is awake again when it answers; it has given up its call when its lanes
			// are the other's and it can be asked to leave in peace.
			w.until(10*time.Second, func() string {
				if _, err := ask[State](a, "count", AskOrder{Merchant: w.made.Merchant}); err != nil {
					return err.Error()
				}
				return ""
			})
			a.stop()
			if after, changes := tally(); after != before || changes != 1 {
				t.Errorf("after it was woken the platform has %d calls and %d changes, before %d and 1", after, changes, before)
			}
			a.start()
		})
	}

	// An additive act that is in doubt is called by nobody: neither by the one who takes
	// over nor by the one who wakes up.
	t.Run("additive", func(t *testing.T) {
		id, a, b := w.refundBegun(point.EffectBegun)
		w.until(20*time.Second, func() string {
			s := must[State](b, "state", AskOrder{Merchant: w.made.Merchant})
			if len(s.Acts) != 1 || s.Acts[0].State != effect.Unknown || s.Acts[0].Looks == 0 {
				return "the other node has not looked: " + describe(s.Acts)
			}
			return ""
		})
		if err := a.Signal(syscall.SIGCONT); err != nil {
			t.Fatal(err)
		}
		w.until(10*time.Second, func() string {
			if _, err := ask[State](a, "count", AskOrder{Merchant: w.made.Merchant}); err != nil {
				return err.Error()
			}
			return ""
		})
		a.stop()
		if o, _ := w.mt.Order(id); o.Tally["order/applyPartRefund"].Calls != 0 {
			t.Errorf("the woken node made its call after its lease: %v", o.Tally)
		}
		a.start()
	})
}

// owner gives the node that works Meituan's lane: it knows more calls than the other.
func (w *world) owner() *process {
	w.t.Helper()
	var found *process
	w.until(20*time.Second, func() string {
		for _, x := range w.nodes {
			if held, err := ask[bool](x, "holds", AskOrder{Merchant: w.made.Merchant, Account: w.made.Accounts[indexMT]}); err == nil && held {
				found = x
				return ""
			}
		}
		return "nobody holds the lane"
	})
	return found
}

// arrivedAt waits until a node shows an order.
func (w *world) arrivedAt(x *process, ref string) (row Row) {
	w.t.Helper()
	w.until(20*time.Second, func() string {
		in := AskOrders{Merchant: w.made.Merchant}
		in.Filter.Limit, in.Filter.Sort = 20, "newest"
		for _, r := range must[Orders](x, "orders", in).Rows {
			if r.Ref == ref && slices.Contains(r.Actions, string(order.Accept)) {
				row = r
				return ""
			}
		}
		return ref + " has not arrived"
	})
	return row
}

// A listener is a console at a node's live stream.
type listener struct {
	mu   sync.Mutex
	seqs []int64
	gone int
	stop func()
}

func (w *world) listen(x *process) *listener {
	w.t.Helper()
	req, err := http.NewRequestWithContext(w.t.Context(), "GET", x.URL+"/api/v1/stream", nil)
	if err != nil {
		w.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+w.made.Key)
	res, err := (&http.Client{}).Do(req)
	if err != nil || res.StatusCode != 200 {
		w.t.Fatalf("the stream: %v %v", res, err)
	}
	l := &listener{stop: func() { res.Body.Close() }}
	w.t.Cleanup(l.stop)
	go func() {
		lines := bufio.NewScanner(res.Body)
		lines.Buffer(nil, 1<<20)
		id := ""
		for lines.Scan() {
			text := lines.Text()
			switch {
			case strings.HasPrefix(text, "id: "):
				id = text[4:]
			case text == "event: gone":
				l.mu.Lock()
				l.gone++
				l.mu.Unlock()
			case text == "event: change":
				_, seq, _ := strings.Cut(id, "-")
				n, _ := strconv.ParseInt(seq, 10, 64)
				l.mu.Lock()
				l.seqs = append(l.seqs, n)
				l.mu.Unlock()
			}
		}
	}()
	return l
}

// last is how far a listener is; a hole is an error.
func (l *listener) last() (int64, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for i := 1; i < len(l.seqs); i++ {
		if l.seqs[i] != l.seqs[i-1]+1 {
			return 0, fmt.Errorf("the stream goes from %d to %d", l.seqs[i-1], l.seqs[i])
		}
	}
	if len(l.seqs) == 0 {
		return 0, nil
	}
	return l.seqs[len(l.seqs)-1], nil
}

// TestTheFeedNeverStepsOverAnOpenTransaction freezes one node between taking its number
// in the feed and its commit. Nobody reads past that number meanwhile: what the other
// node writes waits behind it. When the frozen one goes on, or dies, every reader of
// either node has every number once.
func TestTheFeedNeverStepsOverAnOpenTransaction(t *testing.T) {
	w := several(t, dbtest.Postgres(t), 2)
	a, b := w.nodes[0], w.nodes[1]
	hear := w.listen(b)
	push := func(x *process, id string) <-chan int {
		target := x.URL + "/callback/meituan/" + w.made.Apps[indexMT].String()
		status := make(chan int, 1)
		// The signature is over the public address.
		body := w.form("order/paid", paid(id), true)
		go func() {
			res, err := http.Post(target+"/order/paid", formType, strings.NewReader(body))
			if err != nil {
				status <- 0
				return
			}
			res.Body.Close()
			status <- res.StatusCode
		}()
		return status
	}
	if got := <-push(a, "21000000000000001"); got != 200 {
		t.Fatalf("a push at the first node: HTTP %d", got)
	}
	began := time.Now()
	w.until(10*time.Second, func() string {
		if n, err := hear.last(); err != nil || n == 0 {
			return fmt.Sprintf("the other node's listener has heard nothing (%v)", err)
		}
		return ""
	})
	t.Logf("a change of one node was at a listener of the other after %v", time.Since(began).Round(time.Millisecond))
	for i, end := range []syscall.Signal{syscall.SIGCONT, syscall.SIGKILL} {
		must[struct{}](a, "arm", "write.numbered:1:freeze")
		first := push(a, fmt.Sprintf("2100000000000001%d", i))
		w.until(10*time.Second, func() string {
			if !a.Frozen() {
				return "the node does not come to the point"
			}
			return ""
		})
		at := must[State](b, "count", AskOrder{Merchant: w.made.Merchant}).Seq
		second := push(b, fmt.Sprintf("2100000000000002%d", i))
		select {
		case got := <-second:
			t.Errorf("the other node answered %d, though the number before its own was not committed", got)
		case <-time.After(700 * time.Millisecond): // it waits
		}
		if now := must[State](b, "count", AskOrder{Merchant: w.made.Merchant}).Seq; now != at {
			t.Errorf("the feed went from %d to %d over an open transaction", at, now)
		}
		if gap := w.gap(b, 0); gap != "" {
			t.Error(gap)
		}
		a.Signal(end)
		if got := <-second; got != 200 {
			t.Errorf("the push at the other node got %d", got)
		}
		if got := <-first; end == syscall.SIGCONT && got != 200 {
			t.Errorf("the push at the woken node got %d", got)
		}
		if end == syscall.SIGKILL {
			<-a.Ended()
			a.start()
		}
		w.until(10*time.Second, func() string {
			seq := must[State](b, "count", AskOrder{Merchant: w.made.Merchant}).Seq
			n, err := hear.last()
			if err != nil {
				t.Fatal(err)
			}
			if n < seq {
				return fmt.Sprintf("the listener is at %d, the feed at %d", n, seq)
			}
			return ""
		})
		for _, x := range w.nodes {
			if gap := w.gap(x, 0); gap != "" {
				t.Error(gap)
			}
		}
	}
}

// TestTheDatabaseRestartsWhileOrdersArrive stops the database in peace and as a crash
// does, and kills a node, while orders arrive. Pushes are refused meanwhile and come
// again; nodes find back by themselves.
func TestTheDatabaseRestartsWhileOrdersArrive(t *testing.T) {
	s := dbtest.NewServer(t)
	s.Exec("postgres", "CREATE DATABASE tongdan")
	w := several(t, s.URL("tongdan"), 2)
	r := w.rush(40 * time.Millisecond)
	for _, stop := range []func(){s.Fast, s.Immediate} {
		w.more(10)
		stop()
		kept := w.answered(time.Now())
		time.Sleep(700 * time.Millisecond) // orders come in and are refused
		s.Start()
		w.holds(s, kept)
		w.until(30*time.Second, func() string {
			if n := w.front.Ready(); n < 2 {
				return fmt.Sprintf("%d of 2 nodes are back", n)
			}
			return ""
		})
	}
	w.nodes[0].kill()
	time.Sleep(500 * time.Millisecond)
	w.nodes[0].start()
	r.stop()
	r.agree()
	w.dense()
	w.stopAll()
	w.audit(r.placed)
}

// holds checks that a server has every order of a list.
func (w *world) holds(s *dbtest.Server, ids []string) {
	w.t.Helper()
	have := s.Strings("tongdan", "SELECT external_id FROM orders")
	slices.Sort(have)
	lost := 0
	for _, id := range ids {
		if _, ok := slices.BinarySearch(have, id); !ok {
			lost++
		}
	}
	if lost > 0 || len(ids) == 0 {
		w.t.Errorf("of %d answered pushes %d are not in the database", len(ids), lost)
	}
}

// TestAFailoverLosesNoAnsweredPush kills a primary that replicates synchronously, while
// orders arrive, and promotes its standby: every push that was answered is there. The
// nodes find the new primary, readers are told to read anew, and the rest is found at
// the platforms.
func TestAFailoverLosesNoAnsweredPush(t *testing.T) {
	first := dbtest.NewServer(t)
	first.Exec("postgres", "CREATE DATABASE tongdan")
	second := first.Standby(true)
	w := several(t, first.URL("tongdan", second), 2)
	hear := w.listen(w.nodes[1])
	r := w.rush(40 * time.Millisecond)
	w.more(20)
	first.Kill()
	kept := w.answered(time.Now())
	second.Exec("postgres", "ALTER SYSTEM SET synchronous_standby_names = ''")
	second.Promote()
	w.holds(second, kept)
	w.until(40*time.Second, func() string {
		if n := w.front.Ready(); n < 2 {
			return fmt.Sprintf("%d of 2 nodes have found the new primary", n)
		}
		return ""
	})
	w.more(5)
	r.stop()
	r.agree()
	if e := w.count().Epoch; e != 2 {
		t.Errorf("the feed's epoch is %d after the failover", e)
	}
	w.until(10*time.Second, func() string {
		hear.mu.Lock()
		defer hear.mu.Unlock()
		if hear.gone == 0 {
			return "the listener has not been told to read anew"
		}
		return ""
	})
	if got := w.replacement(); got.At == 0 {
		t.Error("the status does not say that the database was replaced")
	}
	w.press(r.placed.meituan[0], hub.Act{Kind: order.Accept})
	w.until(30*time.Second, func() string { // lanes are worked again
		o, err := w.mt.Order(r.placed.meituan[0])
		if err != nil || o.Tally["order/confirm"].Changes != 1 {
			return "an act after the failover has not been made"
		}
		return ""
	})
	r.agree()
	w.stopAll()
}

// TestAnAsynchronousStandbyLosesAndItIsSaid promotes a standby that lacks the last
// orders. They were answered, so no platform sends them again: the hub finds them by
// asking, says how many, and names what cannot be found.
func TestAnAsynchronousStandbyLosesAndItIsSaid(t *testing.T) {
	first := dbtest.NewServer(t)
	first.Exec("postgres", "CREATE DATABASE tongdan")
	second := first.Standby(false)
	w := several(t, first.URL("tongdan", second), 2)
	r := w.rush(40 * time.Millisecond)
	refund, _, _ := w.refundBegun(point.EffectChosen)
	second.Deafen(first)
	w.until(20*time.Second, func() string { // the old server knows of the call, the standby only that it is wanted
		for _, x := range w.nodes {
			x.Signal(syscall.SIGCONT)
		}
		if o, _ := w.mt.Order(refund); o.Tally["order/applyPartRefund"].Calls == 0 {
			return "the refund has not been made"
		}
		return ""
	})
	w.more(10) // that the standby lacks
	r.stop()
	first.Kill()
	kept := w.answered(time.Now())
	second.Promote()
	have := second.Strings("tongdan", "SELECT external_id FROM orders WHERE realm = 'meituan'")
	lost := 0
	for _, id := range kept {
		if !slices.Contains(have, id) {
			lost++
		}
	}
	if lost < 5 {
		t.Fatalf("only %d orders were lost: this is no test", lost)
	}
	if open := second.Strings("tongdan", "SELECT state FROM effects WHERE kind = 'refund_partial'"); len(open) != 1 || open[0] != "waiting" {
		t.Fatalf("the refund is %v on the standby: this is no test", open)
	}
	r.placed.meituan = append(r.placed.meituan, refund)
	r.agree()
	w.until(20*time.Second, func() string { // a person is asked, or it was seen; in no case is it made again
		s := w.state()
		if len(s.Acts) > 0 && s.Acts[0].State != effect.Person && s.Acts[0].State != effect.Unknown {
			return describe(s.Acts)
		}
		return ""
	})
	if o, _ := w.mt.Order(refund); o.Tally["order/applyPartRefund"].Calls != 1 {
		t.Errorf("the refund was made %d times", o.Tally["order/applyPartRefund"].Calls)
	}
	w.until(20*time.Second, func() string {
		if got := w.replacement(); got.Found < int64(lost) {
			return fmt.Sprintf("%d orders were lost, the status says that %d were found again", lost, got.Found)
		}
		return ""
	})
	if got := w.replacement(); len(got.PushOnly) == 0 {
		t.Error("the status does not name what is lost with its push")
	}
	t.Logf("%d of %d answered orders were lost with the old server and found again", lost, len(kept))
	w.dense()
	w.stopAll()
	w.audit(r.placed)
}

// refundBegun accepts an order, asks for a part of its money back, and freezes the node
// that works the lane at a point of that act: a, the other is b. Lanes may change hands on
// a busy machine, so both are armed until one is frozen.
func (w *world) refundBegun(at point.Point) (id string, a, b *process) {
	w.t.Helper()
	a, b = w.nodes[0], w.nodes[1]
	id, err := w.mt.Place(json.RawMessage(`{"app_poi_code":"` + mtShop + `"}`))
	if err != nil {
		w.t.Fatal(err)
	}
	row := w.arrivedAt(b, id)
	ask := AskOrder{Merchant: w.made.Merchant, Order: row.ID, Act: hub.Act{Kind: order.Accept}}
	must[hub.Done](b, "act", ask)
	var line string
	w.until(20*time.Second, func() string {
		d := must[hub.Detail](b, "detail", ask)
		if o, err := w.mt.Order(id); err != nil || o.Tally["order/confirm"].Changes == 0 || len(d.Lines) == 0 {
			return "not accepted yet"
		}
		if s := must[State](b, "state", ask); len(s.Acts) > 0 {
			return describe(s.Acts)
		}
		line = d.Lines[0].Key
		return ""
	})
	for _, x := range w.nodes {
		must[struct{}](x, "arm", string(at)+":1:freeze")
	}
	ask.Act = hub.Act{Kind: order.RefundPartial, Key: "p", Lines: []hub.ActLine{{Line: line, Quantity: 1}}}
	must[hub.Done](b, "act", ask)
	w.until(20*time.Second, func() string {
		if b.Frozen() {
			a, b = b, a
		}
		if !a.Frozen() {
			return "no node comes to the refund"
		}
		return ""
	})
	must[struct{}](b, "arm", "")
	return id, a, b
}

// replaced is what the status says of the database's server.
type replaced struct {
	At       int64             `json:"at"`
	Found    int64             `json:"found"`
	PushOnly []json.RawMessage `json:"push_only"`
}

func (w *world) replacement() replaced {
	w.t.Helper()
	var out struct{ Replaced replaced }
	if status := w.get("/api/v1/status", &out); status != 200 {
		w.t.Logf("the status answers %d", status)
	}
	return out.Replaced
}
