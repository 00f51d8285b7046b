package hub

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/tongdan/tongdan/effect"
	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/ident"
	"github.com/tongdan/tongdan/internal/db"
	"github.com/tongdan/tongdan/internal/rule"
	"github.com/tongdan/tongdan/order"
)

// A Concern is something that waits for a person. It is derived from facts each time, so
// it is there as long as the fact, and goes by itself; only who has taken it is kept.
// Times are UTC ms of the trade's clock, 0 = none.
type Concern struct {
	Key       string        `json:"key" doc:"Names it for as long as the fact is the same."`
	Kind      string        `json:"kind" enum:"unaccepted,late,rider,refund,reminder,problem,unknown,full,refused,parked,authorise,platform,comment,penalty,printer,resting,rule,silent,stuck,lost,slow"`
	Urgent    bool          `json:"urgent" doc:"Late, about to be, or of a kind that costs somebody money."`
	StoreID   ident.Store   `json:"store_id" doc:"Empty: of no one store."`
	Channel   string        `json:"channel"`
	Order     *ConcernOrder `json:"order,omitempty"`
	EffectID  ident.Effect  `json:"effect_id"`
	ParkedID  ident.Parked  `json:"parked_id"`
	AccountID ident.Account `json:"account_id"`
	Stores    []ident.Store `json:"stores" doc:"Of an account's trouble: those of one's stores that sell through it. An outage of several accounts of a channel is one message."`
	Cause     string        `json:"cause,omitempty" doc:"Of an account's trouble, as on the status page; of an unknown outcome the act; of what a channel refuses sold_out, rest or open; of a shop that rests resting, offline or held (the platform did it); of a rule, and of a delivery that it leaves to people, the condition that is not met; of a delivery that stands still the state that it does not leave, none (the platform has said nothing of a rider) or silent (who brings it answers nothing)."`
	Subject   string        `json:"subject,omitempty" doc:"Of what a channel refuses the dish; of a kitchen how full it is: 18/20; of a rule accept, refund or ride; of silent screens the one that was heard last; of a delivery its rider, where there is one."`
	Words     string        `json:"words,omitempty" doc:"Why a channel refuses, or lets a shop rest, in its own words."`
	Score     int           `json:"score,omitempty" doc:"Of a comment: stars."`
	SinceAt   int64         `json:"since_at"`
	StillAt   int64         `json:"still_at,omitempty" doc:"Of a delivery that stands still: since when nothing has moved; since_at is when that had lasted too long."`
	Way       string        `json:"way,omitempty" doc:"Likewise: who brings it: platform, own or courier."`

	PrinterID   ident.Printer `json:"printer_id"`
	PrinterName string        `json:"printer_name,omitempty"`
	Waiting     int           `json:"waiting,omitempty" doc:"Tickets that wait at the printer."`
	StandIn     string        `json:"stand_in,omitempty" doc:"The name of the printer on which its tickets come out meanwhile."`
	StandInAt   int64         `json:"stand_in_at,omitempty" doc:"Since when they do."`

	DueAt     int64  `json:"due_at"`
	TakenBy   string `json:"taken_by,omitempty" doc:"usr_… or key_… of who sees to it."`
	TakenName string `json:"taken_name,omitempty"`
	TakenAt   int64  `json:"taken_at"`
	Escalated bool   `json:"escalated" doc:"Nobody has taken it for five minutes."`
}

// A ConcernOrder is enough of an order to know which one it is.
type ConcernOrder struct {
	ID         ident.Order  `json:"id"`
	DisplayRef string       `json:"display_ref"`
	DaySeq     string       `json:"day_seq,omitempty"`
	Status     order.Status `json:"status" enum:"unpaid,new,accepted,ready,delivering,delivered,done,cancelled,replaced"`
	Lines      string       `json:"summary"`
	Actions    []string     `json:"actions"`
}

// The kinds of concerns, in the order of a screen.
const (
	ConcernUnaccepted = "unaccepted" // 未接
	ConcernLate       = "late"       // 超时未出餐
	ConcernRider      = "rider"      // 骑手等待
	ConcernRefund     = "refund"     // 退款
	ConcernReminder   = "reminder"   // 催单
	ConcernProblem    = "problem"    // 异常配送
	ConcernUnclear    = "unknown"    // 结果未知
	ConcernFull       = "full"       // 后厨将满
	ConcernRefused    = "refused"    // 渠道不接受
	ConcernUnreadable = "parked"     // 未读懂的消息
	ConcernAuthorise  = "authorise"  // 授权
	ConcernOutage     = "platform"   // 平台接口异常
	ConcernComment    = "comment"    // 差评
	ConcernPenalty    = "penalty"    // 接近处罚线
	ConcernRule       = "rule"       // 自动规则暂停
	ConcernLost       = "lost"       // 超时默认退款
	ConcernSlow       = "slow"       // 出餐慢
)

// OrderConcerns are the kinds that belong to an order, and so to a store.
var OrderConcerns = []string{ConcernUnaccepted, ConcernLate, ConcernRider, ConcernRefund, ConcernLost, ConcernSlow, ConcernReminder, ConcernProblem, ConcernStuck, ConcernUnclear}

// StoreConcerns are the kinds that belong to a store and to no order of it.
var StoreConcerns = []string{ConcernFull, ConcernRefused, ConcernComment, ConcernPenalty, ConcernResting, ConcernRule, ConcernPrinter, ConcernSilent}

// When something is a concern, and when it is urgent. Meituan gives five minutes to
// accept; a rider is paid by the trip.
const (
	unacceptedAfter   = 2 * time.Minute
	unacceptedWorse   = 3 * time.Minute
	kitchenLateBefore = 15 * time.Minute // before the promised time: the rider has to travel
	kitchenLateAfter  = 20 * time.Minute // after accepting, when as soon as possible was promised
	kitchenLateWorse  = 10 * time.Minute
	riderAfter        = 3 * time.Minute
	riderWorse        = 6 * time.Minute
	dueWorse          = 5 * time.Minute // before a deadline
	escalateAfter     = 5 * time.Minute

	oldestRound   = 7 * 24 * time.Hour // orders on their way that are looked at: a pre-order is placed days before
	mostConcerned = 2000               // orders that are looked at; a chain at noon has some hundreds open
)

// Concerns lists what waits for somebody among what the caller may see: the urgent first,
// then by deadline, then the oldest. more says that there were more open orders than were
// looked at.
func (h *Hub) Concerns(ctx context.Context, who Actor) (list []Concern, more bool, err error) {
	const op = "hub.Concerns"
	now := h.now()
	seen := map[ident.Order]bool{}
	load, err := h.loads(ctx, who.Merchant, now)
	if err != nil {
		return nil, false, fault.Wrap(op, err)
	}
	rules, err := h.rulesOf(ctx, who.Merchant)
	if err != nil {
		return nil, false, fault.Wrap(op, err)
	}
	waits := map[ident.Store]Patience{}
	for _, f := range []db.Filter{
		{Status: []order.Status{order.StatusNew, order.StatusAccepted, order.StatusReady}},
		{Flag: db.FlagsOf([]order.Flag{order.FlagRefund, order.FlagReminder, order.FlagProblem, order.FlagLost, order.FlagSlow})},
		{Status: []order.Status{order.StatusDelivering}, Kind: string(order.Takeaway), From: now.Add(-oldestRound).UnixMilli()},
	} {
		for looked := 0; ; {
			f.Limit = 200
			next, err := h.db.List(ctx, who.Scope, f, func(r *db.Listed) {
				looked++
				if !seen[r.ID] {
					seen[r.ID] = true
					if !h.quiet(r.Merchant, r.Shop) {
						wait, ok := waits[r.Store]
						if !ok {
							wait = rules(r.Store).Delivery
							waits[r.Store] = wait
						}
						list = append(list, concernsOf(r, now, wait, h.pace(r.Merchant, r.Store))...)
					}
					load.add(r)
				}
			})
			if err != nil {
				return nil, false, fault.Wrap(op, err)
			}
			if f.Cursor = next; next == "" {
				break
			}
			if looked >= mostConcerned {
				more = true
				break
			}
		}
	}
	unclear, err := h.unclear(ctx, who)
	if err != nil {
		return nil, false, fault.Wrap(op, err)
	}
	list = append(list, unclear...)
	accounts, err := h.troubles(ctx, who)
	if err != nil {
		return nil, false, fault.Wrap(op, err)
	}
	withoutAnswer(list, accounts)
	list = append(list, joined(accounts)...)
	list = append(list, load.concerns()...)
	refused, err := h.refusals(ctx, who)
	if err != nil {
		return nil, false, fault.Wrap(op, err)
	}
	list = append(list, refused...)
	low, err := h.lowComments(ctx, who, now)
	if err != nil {
		return nil, false, fault.Wrap(op, err)
	}
	list = append(list, low...)
	closed, err := h.resters(ctx, who, now)
	if err != nil {
		return nil, false, fault.Wrap(op, err)
	}
	list = append(list, closed...)
	near, err := h.dangers(ctx, who)
	if err != nil {
		return nil, false, fault.Wrap(op, err)
	}
	list = append(list, near...)
	paperless, err := h.silentPrinters(ctx, who)
	if err != nil {
		return nil, false, fault.Wrap(op, err)
	}
	list = append(list, paperless...)
	silent, err := h.silentScreens(ctx, who, now)
	if err != nil {
		return nil, false, fault.Wrap(op, err)
	}
	list = append(list, silent...)
	paused, err := h.rulesPaused(ctx, who, list)
	if err != nil {
		return nil, false, fault.Wrap(op, err)
	}
	list = append(list, paused...)
	if who.Stores == nil { // what could not be read is of no store yet
		rows, _, err := h.db.Parked(ctx, who.Scope, db.ParkedFilter{State: db.ParkedState, Limit: 200})
		if err != nil {
			return nil, false, fault.Wrap(op, err)
		}
		for _, p := range rows {
			list = append(list, Concern{Key: ConcernUnreadable + "/" + p.ID.String(), Kind: ConcernUnreadable, Channel: p.Channel, ParkedID: p.ID, AccountID: p.Account, SinceAt: p.At})
		}
	}
	if err := h.owned(ctx, who, list, now); err != nil {
		return nil, false, fault.Wrap(op, err)
	}
	slices.SortStableFunc(list, compareConcerns)
	return list, more, nil
}

// compareConcerns puts first what somebody should see to first.
func compareConcerns(a, b Concern) int {
	far := func(at int64) int64 { return cmp.Or(at, 1<<62) }
	if a.Urgent != b.Urgent {
		if a.Urgent {
			return -1
		}
		return 1
	}
	return cmp.Or(cmp.Compare(far(a.DueAt), far(b.DueAt)), cmp.Compare(a.SinceAt, b.SinceAt), cmp.Compare(a.Key, b.Key))
}

// concernsOf tells what an order waits for, at a store with this patience and pace. It is pure.
func concernsOf(r *db.Listed, now time.Time, wait Patience, pace db.Pace) (out []Concern) {
	var s Summary
	if json.Unmarshal(r.Summary, &s) != nil {
		return nil
	}
	ms := now.UnixMilli()
	brief := &ConcernOrder{s.ID, s.DisplayRef, s.DaySeq, s.Status, s.Lines, s.Actions}
	add := func(kind, of string, since, due int64, urgent bool) {
		key := kind + "/" + s.ID.String()
		if of != "" {
			key += "/" + of
		}
		out = append(out, Concern{Key: key, Kind: kind, Urgent: urgent, StoreID: r.Store, Channel: s.Channel, Order: brief, AccountID: s.AccountID, SinceAt: since, DueAt: due})
	}
	past := func(since int64, d time.Duration) bool { return since > 0 && ms-since >= d.Milliseconds() }
	soon := func(due int64) bool { return due > 0 && due-ms < dueWorse.Milliseconds() }
	since := func(what string) int64 { return cmp.Or(s.Since[what], max(s.PlacedAt, s.PaidAt)) }
	due := func(kind string) (int64, string) {
		if s.Deadline != nil && s.Deadline.Kind == kind {
			return s.Deadline.At, s.Deadline.For
		}
		return 0, ""
	}
	has := func(f order.Flag) bool { return slices.Contains(s.Flags, f) }
	switch at := since("new"); {
	case s.Status == order.StatusNew && past(at, unacceptedAfter) && slices.Contains(s.Actions, string(order.Accept)):
		d, _ := due(order.DueAccept)
		add(ConcernUnaccepted, "", at, d, past(at, unacceptedWorse) || d > 0 && d-ms < time.Minute.Milliseconds())
	case s.Status == order.StatusAccepted && s.Kind == order.Takeaway:
		by := since("accepted") + kitchenLateAfter.Milliseconds()
		if s.PromisedAt > 0 {
			by = s.PromisedAt - kitchenLateBefore.Milliseconds()
		}
		if ms >= by {
			add(ConcernLate, "", by, 0, past(by, kitchenLateWorse))
		}
	case s.Status == order.StatusAccepted || s.Status == order.StatusReady:
		if d, _ := due(order.DueShip); d > 0 && d <= ms {
			add(ConcernLate, "", d, d, true)
		}
	}
	still, stuck := stuckOf(&s, ms, wait, pace)
	if stuck {
		c := stuckConcern(&s, still)
		c.Kind, c.Urgent, c.StoreID, c.Channel, c.Order, c.AccountID = ConcernStuck, past(still.due, stuckWorse), r.Store, s.Channel, brief, s.AccountID
		out = append(out, c)
	}
	if (!stuck || still.why != string(order.DeliveryAtStore)) && s.Axes.Delivery == order.DeliveryAtStore && past(s.Since["rider"], riderAfter) {
		add(ConcernRider, "", s.Since["rider"], 0, past(s.Since["rider"], riderWorse))
	}
	if has(order.FlagRefund) {
		d, of := due(order.DueRefund)
		add(ConcernRefund, of, since("refund"), d, soon(d))
	}
	for _, l := range s.Lost {
		if l.SeenAt == 0 {
			add(ConcernLost, l.Case, l.At, 0, false)
		}
	}
	if has(order.FlagSlow) { // whoever appeals or has read it has seen to it
		add(ConcernSlow, order.SlowKey, since("slow"), 0, false)
	}
	if has(order.FlagReminder) {
		add(ConcernReminder, "", since("reminder"), 0, false)
	}
	switch {
	case s.NoWay > 0:
		add(ConcernProblem, "", s.NoWay, 0, true)
		out[len(out)-1].Cause = rule.WhyNoWay.Code
	case has(order.FlagProblem):
		add(ConcernProblem, "", since("problem"), 0, true)
	}
	return out
}

// unclear lists the calls of which nobody can learn what became of them.
func (h *Hub) unclear(ctx context.Context, who Actor) ([]Concern, error) {
	effects, _, err := h.db.Effects(ctx, who.Scope, db.EffectFilter{States: []effect.State{effect.Person}, Limit: 200})
	if err != nil || len(effects) == 0 {
		return nil, err
	}
	ids := make([]ident.Order, 0, len(effects))
	for _, e := range effects {
		if e.Order != 0 && !slices.Contains(ids, e.Order) {
			ids = append(ids, e.Order)
		}
	}
	orders := map[ident.Order]*db.OrderRow{}
	rows, err := h.db.OrdersByID(ctx, who.Scope, ids)
	for i := range rows {
		orders[rows[i].ID] = &rows[i]
	}
	var out []Concern
	for _, e := range effects {
		c := Concern{Key: ConcernUnclear + "/" + e.ID.String(), Kind: ConcernUnclear, Urgent: true, EffectID: e.ID, AccountID: e.Account, Cause: e.Kind, SinceAt: h.clock.Trade(time.UnixMilli(e.Made)).UnixMilli()}
		if a, ok := h.db.AccountByID(e.Merchant, e.Account); ok {
			c.Channel = a.Channel
		}
		if row := orders[e.Order]; row != nil {
			var s Summary
			if json.Unmarshal(row.Summary, &s) == nil {
				c.StoreID, c.Order = row.Store, &ConcernOrder{s.ID, s.DisplayRef, s.DaySeq, s.Status, s.Lines, s.Actions}
			}
		}
		out = append(out, c)
	}
	return out, err
}

// troubles lists the accounts that do not work, with those of the caller's stores that
// sell through them. Who has some stores hears nothing of accounts of others.
func (h *Hub) troubles(ctx context.Context, who Actor) ([]Concern, error) {
	health, err := h.lately(ctx, who.Merchant)
	if err != nil {
		return nil, err
	}
	shops, err := h.db.Shops(ctx, who.Scope)
	if err != nil {
		return nil, err
	}
	var out []Concern
	for _, a := range health.Accounts {
		if a.State == Good || a.State == Paused || a.Cause == "disarmed" || a.State == Slow && a.Cause != "no_pull" {
			continue
		}
		var stores []ident.Store
		for _, s := range shops {
			if s.Account == a.AccountID && s.Store != 0 && !slices.Contains(stores, s.Store) {
				stores = append(stores, s.Store)
			}
		}
		if who.Stores != nil && stores == nil {
			continue
		}
		kind := ConcernOutage
		if a.Cause == "authorise" {
			kind = ConcernAuthorise
		}
		out = append(out, Concern{
			Key: kind + "/" + a.AccountID.String(), Kind: kind, Urgent: a.State == Down, Channel: a.Channel, AccountID: a.AccountID, Stores: stores, Cause: a.Cause,
			SinceAt: h.clock.Trade(time.UnixMilli(cmp.Or(a.SinceAt, health.At))).UnixMilli(),
		})
	}
	return out, nil
}

// joined makes one concern of the outages of a channel with the same cause, however many accounts
// it has: thirty shops that fail together are one trouble of the platform. An authorisation is
// each account's own.
func joined(list []Concern) (out []Concern) {
	at := map[string]int{}
	for _, c := range list {
		if c.Kind != ConcernOutage {
			out = append(out, c)
			continue
		}
		c.Key = ConcernOutage + "/" + c.Channel + "/" + c.Cause
		i, ok := at[c.Key]
		if !ok {
			at[c.Key] = len(out)
			c.Stores = slices.Clone(c.Stores)
			out = append(out, c)
			continue
		}
		a := &out[i]
		a.AccountID, a.Urgent, a.SinceAt = 0, a.Urgent || c.Urgent, min(a.SinceAt, c.SinceAt)
		for _, s := range c.Stores {
			if !slices.Contains(a.Stores, s) {
				a.Stores = append(a.Stores, s)
			}
		}
	}
	return out
}

// recently is how old the health may be that concerns are told by: many boards are open.
const recently = 3 * time.Second

type oldHealth struct {
	mu     sync.Mutex
	at     time.Time
	health Health
}

// lately gives the health of a merchant, at most some seconds old.
func (h *Hub) lately(ctx context.Context, m ident.Merchant) (Health, error) {
	v, _ := h.healths.LoadOrStore(m, &oldHealth{})
	o := v.(*oldHealth)
	o.mu.Lock()
	defer o.mu.Unlock()
	if time.Since(o.at) < recently {
		return o.health, nil
	}
	now, err := h.Health(ctx, m)
	if err == nil {
		o.at, o.health = time.Now(), now
	}
	return now, err
}

// owned adds who has taken each concern. Taking counts for the fact that was there then:
// a refund that was asked for later is new.
func (h *Hub) owned(ctx context.Context, who Actor, list []Concern, now time.Time) error {
	taken, err := h.db.TakenOf(ctx, who.Merchant)
	if err != nil {
		return err
	}
	var names map[string]string
	for i := range list {
		c := &list[i]
		if c.Stores == nil {
			c.Stores = []ident.Store{}
		}
		t, ok := taken[c.Key]
		at := h.clock.Trade(time.UnixMilli(t.At)).UnixMilli()
		if !ok || at < c.SinceAt {
			c.Escalated = now.UnixMilli()-c.SinceAt >= escalateAfter.Milliseconds()
			continue
		}
		if names == nil {
			if names, err = h.actors(ctx, who.Merchant); err != nil {
				return err
			}
		}
		c.TakenBy, c.TakenName, c.TakenAt = t.By, names[t.By], at
	}
	return nil
}

// Take notes that the caller sees to something that waits, or gives it back. It fails with
// fault.NotFound when it does not wait any more or is not the caller's to see. A refund that was
// lost by time, and a mark of a slow order, wait no more once they are taken.
func (h *Hub) Take(ctx context.Context, who Actor, key string, take bool) (Concern, error) {
	const op = "hub.Take"
	find := func() (Concern, error) {
		list, _, err := h.Concerns(ctx, who)
		if err != nil {
			return Concern{}, err
		}
		if i := slices.IndexFunc(list, func(c Concern) bool { return c.Key == key }); i >= 0 {
			return list[i], nil
		}
		return Concern{}, fault.Say(op, fault.NotFound, "waits_no_more", "this does not wait any more")
	}
	c, err := find()
	if err != nil {
		return c, err
	}
	var about ident.Order
	if c.Order != nil {
		about = c.Order.ID
	}
	if c.Kind == ConcernLost || c.Kind == ConcernSlow { // whoever has read it has seen to it
		if take {
			err = h.see(ctx, who, about, strings.TrimPrefix(c.Key, c.Kind+"/"+about.String()+"/"))
			c.TakenBy, c.TakenName, c.TakenAt = who.ID, who.Name, h.now().UnixMilli()
		}
		return c, fault.Wrap(op, err)
	}
	by := who.ID
	if !take {
		by = ""
	}
	if err := h.db.Take(ctx, who.Merchant, key, by, about); err != nil {
		return c, fault.Wrap(op, err)
	}
	return find()
}
