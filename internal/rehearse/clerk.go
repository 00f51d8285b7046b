package rehearse

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"hash/fnv"
	"maps"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tongdan/tongdan/effect"
	"github.com/tongdan/tongdan/internal/books"
	"github.com/tongdan/tongdan/internal/sim"
)

// clerk is the staff: people who look at the screen, take a moment, and press a button;
// who gets no answer presses again. What is pressed follows from the seed and the order.
type clerk struct {
	api   *api
	plan  *Plan
	diary *diary
	now   func() time.Time                    // by the platforms' clock
	tally func(channel, ref string) sim.Tally // what the platform's own pages say was done to an order
	paper func(order string) bool             // its kitchen ticket lies there
	work  sync.WaitGroup
	busy  chan struct{} // hands
	minds atomic.Int64  // orders and refunds that somebody is about to answer

	mu      sync.Mutex
	pressed map[string]*press   // by order, act and case
	ready   map[string]bool     // marked ready where the platform has no word for it
	tried   map[string]bool     // pressed, and the hub may have heard of it, by order and act
	asked   int                 // acts whose outcome somebody had to look up
	again   map[string]int      // of these, by effect: how often one was sent again, since the platform had not done it
	may     map[string][]string // the buttons of each order of a chain, as a screen showed them last
	open    map[string]*press   // not at the platform yet, by order and the platform's call
}

// A press is one button and what became of it.
type press struct {
	books.Press
	call string    // what the platform calls it, "" = it has no word for it
	at   time.Time // pressed first
	seq  int64     // the change with which the hub took it
	over time.Time // when the hub called it ended; zero = it is under way
	late bool      // told as broken
	left bool      // to a person, since nobody can learn what became of it: the hub waits, and is not slow
}

// hands bounds how many buttons are pressed at once.
const hands = 48

func newClerk(a *api, p *Plan, d *diary, now func() time.Time) *clerk {
	return &clerk{api: a, plan: p, diary: d, now: now, busy: make(chan struct{}, hands), pressed: map[string]*press{}, ready: map[string]bool{}, tried: map[string]bool{}, again: map[string]int{}, may: map[string][]string{}, open: map[string]*press{}}
}

// chance is a number from 0 to 99 that belongs to an order and a question.
func (k *clerk) chance(o orderView, what string) int {
	h := fnv.New64a()
	fmt.Fprintf(h, "%d %s %s %s", k.plan.Seed, o.Channel, o.Ref, what)
	return int(h.Sum64() % 100)
}

// An action is a button with what has to be said.
type action struct {
	Kind       string       `json:"kind"`
	For        string       `json:"for,omitempty"`
	ReasonCode string       `json:"reason_code,omitempty"`
	Reason     string       `json:"reason,omitempty"`
	Text       string       `json:"text,omitempty"`
	Courier    *courier     `json:"courier,omitempty"`
	Lines      []actionLine `json:"lines,omitempty"`
}

type courier struct {
	Name  string `json:"name"`
	Phone string `json:"phone"`
}

type actionLine struct {
	Line     string `json:"line"`
	Quantity int64  `json:"quantity"`
}

// look decides what to do with an order as the screen shows it. Nobody leaves an order
// or a refund lying on purpose: what comes too late came too late by the machine.
func (k *clerk) look(ctx context.Context, o orderView) {
	k.ended(o)
	may := func(kind string) bool { return slices.Contains(o.Actions, kind) }
	if k.plan.Profile == "chain" {
		k.mu.Lock()
		k.may[books.Key(o.Channel, o.Ref)] = o.Actions
		k.mu.Unlock()
	}
	if k.plan.Profile == "chain" && may("accept") {
		k.soon(ctx, o, 120, 180, action{Kind: "accept"}) // its rule is quicker, or something is wrong
	} else if may("accept") {
		if k.chance(o, "accept") < 97 {
			k.soon(ctx, o, 5, 40, action{Kind: "accept"})
		} else {
			k.soon(ctx, o, 10, 60, action{Kind: "refuse", ReasonCode: "2009"})
		}
	}
	if may("refund_approve") {
		k.refunds(ctx, o)
	}
	for _, x := range o.Pending { // until somebody says what became of it, nothing else that gives money back is sent
		if x.State == string(effect.Person) && (books.Calls[o.Channel][x.Kind] != "" || x.Kind == kindPrint) {
			k.once(o, "outcome "+x.EffectID, func() {
				k.after(ctx, k.delay(o, "outcome "+x.EffectID, 60, 240), func() { k.settle(ctx, o, x.EffectID, x.Kind) })
			})
		}
	}
	begin := int(max(time.UnixMilli(o.BeginAt).Sub(k.now()), 0) / time.Second) // nobody hands over a pre-order that is not made
	if may("ready") && k.chance(o, "ready") < 80 {
		k.soon(ctx, o, begin+120, begin+600, action{Kind: "ready"})
	}
	if may("dispatch") && o.Logistics != "pickup" && k.chance(o, "dispatch") < 90 {
		k.soon(ctx, o, begin+300, begin+900, action{Kind: "dispatch", Courier: &courier{"小李", "13800000000"}})
	}
	if may("deliver") && k.chance(o, "deliver") < 90 {
		k.soon(ctx, o, 600, 1800, action{Kind: "deliver"})
	}
	if may("ship") && k.chance(o, "ship") < 80 {
		k.soon(ctx, o, 120, 900, action{Kind: "ship"})
	}
	if may("refund_partial") && k.chance(o, "partial") < 3 {
		k.partial(ctx, o)
	}
	if o.Channel == "mercadolibre" && may("note") && k.chance(o, "note") < 15 {
		k.soon(ctx, o, 30, 300, action{Kind: "note", Text: "embrulhar para presente"})
	}
	if may("cancel") && k.chance(o, "cancel") < 2 {
		reason := "2008"
		if o.Channel == "mercadolibre" {
			reason = "OUT_OF_STOCK"
		}
		k.soon(ctx, o, 60, 600, action{Kind: "cancel", ReasonCode: reason})
	}
}

// refunds answers the cases of an order that wait.
func (k *clerk) refunds(ctx context.Context, o orderView) {
	low, high := 20, 120
	if k.plan.Profile == "chain" { // its rule is quicker where it may
		low, high = 90, 420
	}
	k.once(o, "refunds "+fmt.Sprint(o.Seq), func() {
		k.minds.Add(1)
		k.after(ctx, k.delay(o, "refunds", low, high), func() {
			if k.gone(o, "refund_approve") {
				return
			}
			var d struct {
				AfterSales []struct {
					Key        string `json:"key"`
					Answerable bool   `json:"answerable"`
				} `json:"after_sales"`
			}
			if err := k.api.must(ctx, "GET", "/orders/"+o.ID, "", nil, &d); err != nil {
				return
			}
			for _, s := range d.AfterSales {
				switch {
				case !s.Answerable:
				case k.chance(o, "refund "+s.Key) < 70:
					k.soon(ctx, o, 1, 30, action{Kind: "refund_approve", For: s.Key})
				default:
					k.soon(ctx, o, 1, 30, action{Kind: "refund_refuse", For: s.Key, Reason: "餐品已送出"})
				}
			}
		})
	})
}

// partial gives one piece back.
func (k *clerk) partial(ctx context.Context, o orderView) {
	k.once(o, "partial", func() {
		k.after(ctx, k.delay(o, "partial", 60, 600), func() {
			var d struct {
				Lines []struct {
					Key      string `json:"key"`
					Quantity int64  `json:"quantity"`
					Refunded int64  `json:"refunded"`
				} `json:"lines"`
			}
			if err := k.api.must(ctx, "GET", "/orders/"+o.ID, "", nil, &d); err != nil || len(d.Lines) == 0 || d.Lines[0].Refunded >= d.Lines[0].Quantity {
				return // the customer may have had it refunded
			}
			k.press(ctx, o, action{Kind: "refund_partial", Lines: []actionLine{{d.Lines[0].Key, 1}}})
		})
	})
}

// settle does what a person does with an act whose outcome could not be learnt: look at the
// platform's own pages, or for a ticket in the kitchen, and say what is there.
func (k *clerk) settle(ctx context.Context, o orderView, id, kind string) {
	call := books.Calls[o.Channel][kind]
	done := kind == kindPrint && k.paper(o.ID) || call != "" && k.tally(o.Channel, o.Ref)[call].Changes > 0
	outcome := "not_done"
	if done {
		outcome = "done"
	}
	if err := k.api.must(ctx, "POST", "/effects/"+id+"/resolve", "resolve-"+id, map[string]string{"outcome": outcome}, nil); err != nil {
		return // it has ended; or the last look at the books asks again
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if call != "" {
		k.asked++
	}
	if !done {
		k.again[id]++
	}
}

// settled tells how many acts somebody had to look up, and how often each was sent again after it.
func (k *clerk) settled() (asked int, again map[string]int) {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.asked, maps.Clone(k.again)
}

// once runs f the first time that an order and a question come up.
func (k *clerk) once(o orderView, what string, f func()) {
	name := books.Key(o.Channel, o.Ref) + " ? " + what
	k.mu.Lock()
	_, done := k.pressed[name]
	if !done {
		k.pressed[name] = nil
	}
	k.mu.Unlock()
	if !done {
		f()
	}
}

// delay is how long people take, between two numbers of seconds of trade.
func (k *clerk) delay(o orderView, what string, low, high int) time.Duration {
	s := low + (high-low)*k.chance(o, "delay "+what)/100
	return time.Duration(float64(s) * float64(time.Second) / k.plan.Speed)
}

func (k *clerk) after(ctx context.Context, d time.Duration, f func()) {
	k.work.Go(func() {
		if !wait(ctx, d) {
			return
		}
		select {
		case k.busy <- struct{}{}:
			defer func() { <-k.busy }()
			f()
		case <-ctx.Done():
		}
	})
}

// urgent are the acts that have a deadline.
var urgent = map[string]int64{"accept": 1, "refuse": 1, "refund_approve": 1, "refund_refuse": 1}

// soon presses a button once, after a human moment.
func (k *clerk) soon(ctx context.Context, o orderView, low, high int, a action) {
	name := books.Key(o.Channel, o.Ref) + " " + a.Kind + " " + a.For
	k.mu.Lock()
	_, done := k.pressed[name]
	if !done {
		k.pressed[name] = nil // in somebody's mind
	}
	k.mu.Unlock()
	if done {
		return
	}
	pressing := urgent[a.Kind]
	k.minds.Add(pressing)
	k.after(ctx, k.delay(o, a.Kind+a.For, low, high), func() {
		defer k.minds.Add(-pressing)
		if k.gone(o, a.Kind) {
			k.mu.Lock()
			delete(k.pressed, name) // it may come again
			k.mu.Unlock()
			return
		}
		k.press(ctx, o, a)
	})
}

// gone reports whether a screen of a chain shows a button no more: a rule has decided, or the
// order has gone on.
func (k *clerk) gone(o orderView, kind string) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	may, looked := k.may[books.Key(o.Channel, o.Ref)]
	return looked && !slices.Contains(may, kind)
}

// press presses until there is an answer: each time with the same key, so that an answer
// that was lost on the way does not become a second act.
func (k *clerk) press(ctx context.Context, o orderView, a action) {
	key := books.Key(o.Channel, o.Ref)
	name := key + " " + a.Kind + " " + a.For
	p := &press{Press: books.Press{Key: key, Kind: a.Kind, For: a.For}, call: books.Calls[o.Channel][a.Kind], at: time.Now()}
	if p.call != "" { // before it is pressed: the platform may be faster than the answer
		k.mu.Lock()
		k.open[key+" "+p.call] = p
		k.mu.Unlock()
	}
	forget := func() { // it may be pressed again when the screen shows it again
		k.mu.Lock()
		defer k.mu.Unlock()
		delete(k.pressed, name)
		if k.open[key+" "+p.call] == p {
			delete(k.open, key+" "+p.call)
		}
	}
	id := rand.Text()
	for told := false; ; {
		var done struct {
			EffectID string `json:"effect_id"`
			State    string `json:"state"`
			Seq      int64  `json:"seq"`
		}
		err := k.api.do(ctx, "POST", "/orders/"+o.ID+"/actions", id, a, &done)
		if err == nil || again(err) { // after a lost answer too: the hub may have done it and then died
			k.mu.Lock()
			k.tried[key+" "+a.Kind] = true
			k.mu.Unlock()
		}
		var r *refusal
		switch {
		case err == nil:
			k.mu.Lock()
			p.Effect, p.State, p.seq = done.EffectID, done.State, done.Seq
			k.pressed[name] = p
			if a.Kind == "ready" && o.Channel == "mercadolibre" {
				k.ready[key] = true
			}
			if p.Effect == "" {
				delete(k.open, key+" "+p.call) // nothing is sent
			}
			k.mu.Unlock()
			k.diary.add(Pressed, time.Since(p.at))
			return
		case ctx.Err() != nil:
			forget()
			return
		case errors.As(err, &r) && !r.wait && (r.Status == http.StatusConflict || r.Status == http.StatusNotFound):
			k.mu.Lock()
			if a.Kind == "ready" && o.Channel == "mercadolibre" && k.tried[key+" "+a.Kind] { // it was this one, before its node died
				k.ready[key] = true
			}
			k.mu.Unlock()
			forget() // somebody was faster
			return
		case !again(err):
			forget()
			k.diary.broke(BreakSilent, fmt.Sprintf("%s was refused: %v", name, err))
			return
		}
		if !told && time.Since(p.at) > silent {
			told = true
			k.diary.broke(BreakSilent, fmt.Sprintf("%s: no answer: %v", name, err))
		}
		wait(ctx, 300*time.Millisecond)
	}
}

// reached notes that a call of the platform changed an order's book.
func (k *clerk) reached(key, call string, at time.Time) {
	k.mu.Lock()
	p := k.open[key+" "+call]
	delete(k.open, key+" "+call)
	k.mu.Unlock()
	if p != nil {
		k.diary.add(Platform, max(at.Sub(p.at), 0))
	}
}

// ended notes which acts on an order the hub no longer has under way: some end without a
// call, because somebody was faster or the platform said no.
func (k *clerk) ended(o orderView) {
	key := books.Key(o.Channel, o.Ref)
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, call := range books.Calls[o.Channel] {
		p := k.open[key+" "+call]
		if p == nil || p.Effect == "" || o.Seq < p.seq || !p.over.IsZero() {
			continue
		}
		under := false
		p.left = false
		for _, x := range o.Pending {
			under = under || x.EffectID == p.Effect && x.State != "refused" && x.State != "void"
			p.left = p.left || x.EffectID == p.Effect && x.State == string(effect.Person)
		}
		if !under {
			p.over = time.Now()
		}
	}
}

// waiting counts the acts that are under way and not at the platform yet, gives the one that the hub has
// had longest, and once each that it has had too long. What is left to a person counts and is neither.
func (k *clerk) waiting() (n int, oldest Waiting, overdue []string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for name, p := range k.open {
		switch waits := time.Since(p.at); {
		case !p.over.IsZero():
			if time.Since(p.over) > 5*time.Second { // the platform's side of it has been looked through
				delete(k.open, name)
			}
		default:
			if n++; p.left {
				continue
			}
			oldest = oldest.or(p.String(), waits)
			if waits > slowPlatform && !p.late {
				p.late = true
				overdue = append(overdue, p.String())
			}
		}
	}
	return n, oldest, overdue
}

// said reports whether somebody pressed a button of an order and was not simply refused: then
// nobody has heard of it.
func (k *clerk) said(key, kind string) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.tried[key+" "+kind]
}

// accepted gives when each order was accepted here: when the button was pressed first.
func (k *clerk) accepted() map[string]time.Time {
	k.mu.Lock()
	defer k.mu.Unlock()
	out := map[string]time.Time{}
	for _, p := range k.pressed {
		if p != nil && p.Kind == "accept" && p.Effect != "" {
			out[p.Key] = p.at
		}
	}
	return out
}

// all gives the buttons that were pressed and answered.
func (k *clerk) all() (list []books.Press, ready map[string]bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, p := range k.pressed {
		if p != nil {
			list = append(list, p.Press)
		}
	}
	return list, k.ready
}
