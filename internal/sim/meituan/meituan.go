// Package meituan simulates the direct platform of Meituan Waimai (美团外卖开放平台, "platform L"):
// signed calls, the state machine of an order, refunds, riders, penalties and the signed callbacks,
// written from the platform's public documents alone. What no public source states is a switch
// of Config.
package meituan

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/tongdan/tongdan/internal/sim"
)

// Options of a simulator. Only App and Secret are required.
type Options struct {
	// App and Secret are the app_id and the consumer_secret.
	App, Secret string
	// Callback is the base URL of the merchant's callbacks, without a slash at the end: a paid
	// order goes to Callback + "/order/paid". Empty: nothing is pushed until it is configured.
	Callback string
	// Stores to begin with; none: two tea shops, TEA001 on Meituan delivery and TEA002 delivering
	// itself. Stores in the Book win.
	Stores []Store
	// Clock, Book, Faults and Calls may be shared or nil (a clock at real speed, memory, no faults).
	Clock  *sim.Clock
	Book   *sim.Book
	Faults *sim.Faults
	Calls  *sim.Calls
	// Seed makes what is made up repeatable.
	Seed uint64
	// BaseURL is scheme and host as callers sign it, where a proxy stands in between; empty: as
	// the request says.
	BaseURL string
	// PushTimeout is how long a callback's answer may take, in real time; 0: 5 s. The platform's
	// number is not public.
	PushTimeout time.Duration
	// Pushes sends the callbacks and Go runs that work, instead of a client and goroutines of
	// the simulator's own: see sim.PusherOptions.
	Pushes *http.Client
	Go     func(func())
	// Partner switches the platform of service providers on, for stores that are bound there.
	Partner PartnerOptions
	// Configure changes the switches before anything happens; what POST config of the
	// backstage changed in an earlier run wins.
	Configure func(*Config)
	// OnStock is told of each change of a dish's stock, while the simulator is locked: it must be
	// quick and must not call back. Nil: nobody.
	OnStock func(sim.StockChange)
}

// Sim is the simulator. It is a sim.Platform, safe for concurrent use.
type Sim struct {
	onStock func(sim.StockChange)
	clock   *sim.Clock
	book    *sim.Book
	faults  *sim.Faults
	calls   *sim.Calls
	pusher  *sim.Pusher
	limiter *sim.Limiter
	desk    *sim.Desk
	api     http.Handler

	partnerAPI http.Handler
	baseURL    string
	seed       uint64

	mu         sync.Mutex
	config     Config
	patch      map[string]json.RawMessage // what the backstage changed
	rng        *rand.Rand
	stores     map[string]*Store
	orders     map[string]*Order
	active     map[string]*Order // not ended, or with an open refund case
	seqs       map[string]int    // store|date → last day_seq
	byDay      map[string]string // store|date|seq → order id
	timers     map[string]func() bool
	last       int64 // last number used for an id
	downgraded bool  // the privacy-number service is declared down
	penalty    []Penalty
	penalised  int // how many in this run: the list keeps the newest
	probes     []Probe
	attempts   map[string][]attempt // pushes of the last five minutes, per store
	closed     bool
	stopAll    []func() bool
}

// Name implements sim.Platform.
func (s *Sim) Name() string { return "meituan" }

// API implements sim.Platform: everything below /api/v1/.
func (s *Sim) API() http.Handler { return s.api }

// Backstage implements sim.Platform.
func (s *Sim) Backstage() http.Handler { return s.desk.Handler() }

// Clock is the platform's clock.
func (s *Sim) Clock() *sim.Clock { return s.clock }

// Faults is the platform's misbehaviour.
func (s *Sim) Faults() *sim.Faults { return s.faults }

// Calls is the book of what the merchant called.
func (s *Sim) Calls() *sim.Calls { return s.calls }

// Pushes returns the newest callbacks about an order ("" = all) with their answers, oldest first.
func (s *Sim) Pushes(order string, limit int) []sim.Sent { return s.pusher.Log(order, limit) }

// New opens a simulator. With a Book that has been used before it goes on where the earlier one
// was stopped or killed: orders, timers and pushes included.
func New(o Options) (*Sim, error) {
	if o.Clock == nil {
		o.Clock = sim.NewClock(time.Time{}, 1)
	}
	if o.Book == nil {
		o.Book = sim.NoBook()
	}
	if o.Faults == nil {
		o.Faults = sim.NewFaults(o.Seed)
	}
	if o.Calls == nil {
		o.Calls = sim.NewCalls(0)
	}
	s := &Sim{
		onStock: o.OnStock,
		clock:   o.Clock, book: o.Book, faults: o.Faults, calls: o.Calls, limiter: sim.NewLimiter(o.Clock),
		baseURL: o.BaseURL, seed: o.Seed, config: defaultConfig(), patch: map[string]json.RawMessage{},
		rng: rand.New(rand.NewPCG(o.Seed, 0x6d656974)), stores: map[string]*Store{}, orders: map[string]*Order{},
		active: map[string]*Order{}, seqs: map[string]int{}, byDay: map[string]string{}, timers: map[string]func() bool{},
		attempts: map[string][]attempt{},
	}
	s.config.app, s.config.secret, s.config.Callback = o.App, o.Secret, o.Callback
	s.config.developer, s.config.signKey, s.config.PartnerCallback = o.Partner.Developer, o.Partner.SignKey, o.Partner.Callback
	if o.Configure != nil {
		o.Configure(&s.config)
	}
	if err := s.load(o.Stores); err != nil {
		return nil, err
	}
	if err := s.config.check(); err != nil {
		return nil, fmt.Errorf("meituan simulator: %w", err)
	}
	s.pusher = sim.NewPusher(sim.PusherOptions{
		Name: "meituan", Clock: s.clock, Book: s.book, Faults: s.faults, Timeout: o.PushTimeout, Client: o.Pushes, Go: o.Go,
		Waits: func(sim.Push) []time.Duration {
			s.mu.Lock()
			defer s.mu.Unlock()
			return s.config.waits()
		},
		Request: s.request, Accepted: accepted, Tried: s.tried,
	})
	s.api, s.partnerAPI = s.handler(), s.partnerHandler()
	s.desk = s.newDesk()
	s.mu.Lock()
	for _, order := range s.active {
		s.arm(order)
	}
	s.mu.Unlock()
	if err := s.pusher.Start(); err != nil {
		return nil, err
	}
	s.every(time.Minute, s.minute)
	return s, nil
}

func (s *Sim) load(stores []Store) error {
	err := errors.Join(
		s.book.Load("config", func(_ string, raw json.RawMessage) error {
			if err := json.Unmarshal(raw, &s.patch); err != nil {
				return err
			}
			config, err := s.config.patched(raw)
			if err == nil {
				s.config = config
			}
			return err
		}),
		s.book.Load("store", func(code string, raw json.RawMessage) error {
			store := new(Store)
			s.stores[code] = store
			return json.Unmarshal(raw, store)
		}),
		s.book.Load("order", func(id string, raw json.RawMessage) error {
			o := new(Order)
			if err := json.Unmarshal(raw, o); err != nil {
				return err
			}
			s.enter(o)
			return nil
		}),
		s.book.Load("seq", func(key string, raw json.RawMessage) error {
			var n int
			err := json.Unmarshal(raw, &n)
			s.seqs[key] = n
			return err
		}),
		s.book.Load("downgraded", func(_ string, raw json.RawMessage) error { return json.Unmarshal(raw, &s.downgraded) }),
		s.book.Load("last", func(_ string, raw json.RawMessage) error { return json.Unmarshal(raw, &s.last) }),
		s.book.Load("penalty", func(_ string, raw json.RawMessage) error { return json.Unmarshal(raw, &s.penalty) }),
	)
	if err != nil {
		return err
	}
	if len(s.stores) > 0 {
		return nil
	}
	if len(stores) == 0 {
		stores = defaultStores()
	}
	batch := s.book.Begin()
	for _, store := range stores {
		if err := store.complete(); err != nil {
			return err
		}
		s.stores[store.Code] = &store
		batch.Put("store", store.Code, store)
	}
	return batch.Commit()
}

// enter takes an order into the indexes.
func (s *Sim) enter(o *Order) {
	if o.Tally == nil {
		o.Tally = sim.Tally{}
	}
	s.orders[o.ID] = o
	if o.DaySeq > 0 {
		s.byDay[dayKey(o.Store, o.Date, o.DaySeq)] = o.ID
	}
	s.sort(o)
}

// sort keeps the set of orders that something can still happen to.
func (s *Sim) sort(o *Order) {
	if o.ended() && o.openCase() == nil {
		delete(s.active, o.ID)
	} else {
		s.active[o.ID] = o
	}
}

func dayKey(store, date string, seq int) string { return store + "|" + date + "|" + strconv.Itoa(seq) }

// Close implements sim.Platform.
func (s *Sim) Close() error {
	s.mu.Lock()
	s.closed = true
	for id, stop := range s.timers {
		stop()
		delete(s.timers, id)
	}
	for _, stop := range s.stopAll {
		stop()
	}
	s.mu.Unlock()
	s.pusher.Close()
	return nil
}

// every calls f again and again on the platform's clock until Close.
func (s *Sim) every(d time.Duration, f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	at := len(s.stopAll)
	s.stopAll = append(s.stopAll, nil)
	var next func()
	next = func() {
		f()
		s.mu.Lock()
		defer s.mu.Unlock()
		if !s.closed {
			s.stopAll[at] = s.clock.AfterFunc(d, next)
		}
	}
	s.stopAll[at] = s.clock.AfterFunc(d, next)
}

// china is the platform's zone: no daylight saving.
var china = time.FixedZone("CST", 8*3600)

// change is one transition under way: what it writes is committed in one go.
type change struct {
	*sim.Batch
	s   *Sim
	now int64
}

func (s *Sim) begin() *change { return &change{s.book.Begin(), s, s.clock.Now().Unix()} }

// with runs f over an order, with the lock held, and commits. Kind is what the tally calls it, "" for
// what is not a call. F must not change the order if it returns an error; changed says whether it did.
func (s *Sim) with(id, kind string, f func(t *change, o *Order) (changed bool, err error)) (bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.locked(id, kind, f)
}

func (s *Sim) locked(id, kind string, f func(t *change, o *Order) (bool, error)) (bool, error) {
	o := s.orders[id]
	if o == nil {
		return false, errNoOrder
	}
	t := s.begin()
	changed, err := f(t, o)
	if kind != "" {
		o.Tally.Add(kind, changed)
	}
	if changed {
		o.Updated = t.now
	}
	t.Put("order", o.ID, o)
	if failed := t.Commit(); failed != nil {
		slog.Error("meituan simulator cannot write its book", "error", failed)
		return false, errSystem
	}
	s.sort(o)
	s.arm(o)
	return changed, err
}

// read runs f over an order with the lock held. The tally of reads is written with the next change.
func (s *Sim) read(id, kind string, f func(o *Order) (any, error)) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	o := s.orders[id]
	if o == nil {
		return nil, errNoOrder
	}
	o.Tally.Add(kind, false)
	return f(o)
}

// arm sets the order's timer to its next deadline.
func (s *Sim) arm(o *Order) {
	if stop := s.timers[o.ID]; stop != nil {
		stop()
		delete(s.timers, o.ID)
	}
	at := s.deadline(o)
	if at == 0 || s.closed {
		return
	}
	s.timers[o.ID] = s.clock.At(time.Unix(at, 0), func() {
		_, err := s.with(o.ID, "", func(t *change, o *Order) (bool, error) { return t.overdue(o), nil })
		if err != nil && !errors.Is(err, errNoOrder) {
			slog.Error("meituan simulator: a timer failed", "order", o.ID, "error", err)
		}
	})
}

// deadline is the next moment at which the platform acts by itself, 0 for never.
func (s *Sim) deadline(o *Order) int64 {
	next := int64(0)
	add := func(at int64) {
		if next == 0 || at < next {
			next = at
		}
	}
	c := &s.config
	switch {
	case o.Status == submitted:
		add(o.Created + int64(c.PayWithin))
	case o.waiting():
		add(o.Paid + int64(c.AcceptWithin))
	case o.open():
		if d := o.Delivery; d != nil && d.Status == riderDelivered {
			add(d.CompletedAt + int64(c.CompleteAfter))
		}
		add(max(o.Confirmed, o.DeliveryTime) + int64(c.CompleteAnyway))
	}
	if r := o.openCase(); r != nil && r.Deadline > 0 {
		add(r.Deadline)
	}
	return next
}

// overdue does what the platform does when a deadline passes.
func (t *change) overdue(o *Order) bool {
	c := &t.s.config
	did := false
	if r := o.openCase(); r != nil && r.Deadline > 0 && t.now >= r.Deadline {
		t.agree(o, r, 5, "超时未处理，系统自动同意")
		t.penalize(Penalty{Store: o.Store, Order: o.ID, Kind: "refund_expired", Text: "退款申请超时未处理，系统自动同意"})
		did = true
	}
	switch {
	case o.Status == submitted && t.now >= o.Created+int64(c.PayWithin):
		t.cancel(o, reasonUnpaid, "", bySystem, false)
		did = true
	case o.waiting() && t.now >= o.Paid+int64(c.AcceptWithin):
		t.cancel(o, reasonNotConfirmed, "", bySystem, true)
		t.tooLate(o)
		did = true
	case o.open():
		d := o.Delivery
		if d != nil && d.Status == riderDelivered && t.now >= d.CompletedAt+int64(c.CompleteAfter) ||
			t.now >= max(o.Confirmed, o.DeliveryTime)+int64(c.CompleteAnyway) {
			t.complete(o)
			did = true
		}
	}
	return did
}

// newID returns a number that is unique, grows with time and does not fit a float64.
func (t *change) newID() string {
	now := t.s.clock.Now().UnixMilli() * 1000
	t.s.last = max(t.s.last+1, now)
	t.Put("last", "id", t.s.last)
	return strconv.FormatInt(20_000_000_000_000_000+t.s.last, 10)
}

// pay hands the order to the merchant: it gets its number of the day and is pushed.
func (t *change) pay(o *Order) {
	o.Status, o.Paid = pushed, t.now
	o.Date = time.Unix(t.now, 0).In(china).Format("20060102")
	day := o.Store + "|" + o.Date
	t.s.seqs[day]++
	o.DaySeq = t.s.seqs[day]
	t.Put("seq", day, o.DaySeq)
	t.s.byDay[dayKey(o.Store, o.Date, o.DaySeq)] = o.ID
	o.note(t.now, "已支付，当日第%d单，推送商家", o.DaySeq)
	t.pushOrder(PushPaid, o)
}

// confirm accepts the order, whoever did it.
func (t *change) confirm(o *Order, who string) {
	o.Status, o.Confirmed = confirmed, t.now
	o.Received = cmp.Or(o.Received, t.now)
	o.Updated = t.now
	o.note(t.now, "%s接单", who)
	t.pushOrder(PushConfirmed, o)
	if store := t.s.stores[o.Store]; store != nil && store.Missed != nil {
		store.Missed = nil
		t.Put("store", store.Code, store)
	}
	if t.s.config.AutoDispatch && o.PickType == 0 && !selfDelivery(*o.Logistics) && !crowdDelivery(*o.Logistics) {
		t.dispatch(o)
	}
}

// cancel ends the order. Push says whether the merchant is told.
func (t *change) cancel(o *Order, code int, reason string, by int, push bool) {
	o.Status, o.Cancelled, o.Reason, o.CancelBy = cancelled, t.now, code, by
	o.ReasonText = cmp.Or(reason, reasonText[code])
	o.Updated = t.now
	o.note(t.now, "已取消 %d %s", code, o.ReasonText)
	if push {
		t.pushCancel(o)
	}
	t.recall(o, true)
	t.giveBack(o)
	if o.Paid > 0 && code != reasonRefunded {
		t.automatic(o)
	}
}

// complete is the platform's own step; the merchant cannot take it.
func (t *change) complete(o *Order) {
	o.Status, o.Completed, o.Updated = completed, t.now, t.now
	o.note(t.now, "已完成")
	t.pushOrder(PushCompleted, o)
	if t.s.partnered(o.Store) {
		income, _ := o.income()
		t.tell(PartnerBill, o.ID, t.s.stores[o.Store], "tradeDetail", map[string]any{"orderId": json.Number(o.ID), "settleAmount": int64(income), "status": 8})
	} else if t.s.config.callbackURL(PushSettlement) != "" {
		income, _ := o.income()
		t.push(PushSettlement, o.ID, []field{{"order_id", o.ID}, {"status", "8"}, {"settleAmount", strconv.FormatInt(int64(income), 10)}})
	}
}

// Forget removes orders that ended before a moment and have no open case, and more of the oldest ended
// ones while there are over most (0: no such limit). It returns how many went.
func (s *Sim) Forget(before time.Time, most int) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	gone := 0
	batch := s.book.Begin()
	forget := func(o *Order) {
		delete(s.orders, o.ID)
		delete(s.byDay, dayKey(o.Store, o.Date, o.DaySeq))
		batch.Delete("order", o.ID)
		gone++
	}
	var ended []*Order
	for id, o := range s.orders {
		if _, busy := s.active[id]; busy {
			continue
		}
		if max(o.Completed, o.Cancelled, o.Updated) < before.Unix() {
			forget(o)
		} else {
			ended = append(ended, o)
		}
	}
	if over := len(s.orders) - most; most > 0 && over > 0 {
		sortOldest(ended)
		for _, o := range ended[:min(over, len(ended))] {
			forget(o)
		}
	}
	today := s.clock.Now().In(china).AddDate(0, 0, -31).Format("20060102")
	for key := range s.seqs {
		if len(key) > 8 && key[len(key)-8:] < today {
			delete(s.seqs, key)
			batch.Delete("seq", key)
		}
	}
	if err := batch.Commit(); err != nil {
		slog.Error("meituan simulator cannot write its book", "error", err)
	}
	return gone
}
