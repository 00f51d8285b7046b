package hub

import (
	"context"
	"encoding/json"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tongdan/tongdan/channel"
	"github.com/tongdan/tongdan/effect"
	"github.com/tongdan/tongdan/ident"
	"github.com/tongdan/tongdan/internal/db"
	"github.com/tongdan/tongdan/internal/lane"
	"github.com/tongdan/tongdan/internal/rule"
	"github.com/tongdan/tongdan/order"
	"github.com/tongdan/tongdan/role"
)

// Whether a rule of the store decides something follows from what an order is, as everything
// does: after each change it is looked whether there is a question for a rule (a new order, a
// refund that was asked for), and in the transaction of the change an effect is made that
// decides it, once. The effect reads what is not in the order (whether anybody would hear of
// it, how full the kitchen is, what was agreed to today) and then decides in one transaction,
// in which it looks once more whether the question is still there: what a person has done
// meanwhile counts, and an act of a person that contradicts one of a rule takes its place as
// long as nothing has been sent (act.go). The decisions of a store's refund rule have one
// target, and so are made one after the other, on one node: its day is counted exactly.

const (
	kindDecide = "decide"

	askAgain    = 3 * time.Second // after which a held order is looked at again
	heardFor    = 3 * time.Minute // a screen was seen within that: it is noted by the minute
	wholeSecond = 1000            // ms: platforms' moments are whole seconds
	leftAlone   = 12 * time.Hour  // what is heard of so much later is left to people
)

// inHouse reports whether an effect is nothing that a platform is told: printing, deciding.
func inHouse(kind string) bool {
	return kind == kindPrint || kind == kindBegin || kind == kindStandIn || kind == kindDecide
}

// decideArgs say what is to be decided.
type decideArgs struct {
	Rule string `json:"rule"`
	Case string `json:"case,omitempty"`
}

// act is what is done when the rule says yes.
func (a decideArgs) act() Act {
	if a.Rule == rule.KindRefund {
		return Act{Kind: order.RefundApprove, For: a.Case}
	}
	return Act{Kind: order.Accept}
}

// A storeRule is a rule with its conditions.
type storeRule struct {
	db.RuleRow
	accept rule.Accept
	refund rule.Refund
	ride   rule.Ride
}

func openRule(r db.RuleRow) (s storeRule, ok bool) {
	s.RuleRow = r
	var err error
	switch r.Kind {
	case rule.KindAccept:
		err = json.Unmarshal(r.Doc, &s.accept)
	case rule.KindRefund:
		err = json.Unmarshal(r.Doc, &s.refund)
	case rule.KindRide:
		err = json.Unmarshal(r.Doc, &s.ride)
	}
	return s, err == nil
}

func (s *storeRule) channels() []string {
	switch s.Kind {
	case rule.KindRefund:
		return s.refund.Channels
	case rule.KindRide:
		return s.ride.Channels
	}
	return s.accept.Channels
}

// activeRule finds the rule of a kind among those of a store that are on and mean a channel.
func activeRule(rows []db.RuleRow, kind, channel string) (storeRule, bool) {
	for _, r := range rows {
		if r.Kind == kind && r.On {
			s, ok := openRule(r)
			return s, ok && rule.For(s.channels(), channel)
		}
	}
	return storeRule{}, false
}

// asks tells what a store's rules are to decide of an order now.
func (h *Hub) asks(tx *db.Tx, row *db.OrderRow, o *order.Order, info *channel.Info, effects []effect.Effect) (out []decideArgs) {
	if info == nil || info.Own || row.Store == 0 || kindOf(o, info) != order.Takeaway || !o.Complete() {
		return nil
	}
	rows := tx.Rules(row.Store)
	if len(rows) == 0 {
		return nil
	}
	if shop, bound := tx.Shop(row.Account, row.Ref.Realm, o.ShopID); !bound || shop.Mode != ModeFull {
		return nil
	}
	now := h.now().UnixMilli()
	ask := func(a decideArgs, since int64) {
		r, ok := activeRule(rows, a.Rule, row.Channel)
		act := a.act()
		power, can := info.Power(act.Kind)
		switch {
		case !ok || !can || since < r.Since-wholeSecond || now-since > leftAlone.Milliseconds():
			return
		case slices.ContainsFunc(power.Fields, func(f channel.Input) bool { return f.Required }): // a person has to say more
			return
		}
		if _, err := permitFor(o, info, act); err != nil {
			return
		}
		if _, done := o.DecisionOn(rule.Question(a.Rule, a.Case)); done {
			return
		}
		if !slices.ContainsFunc(effects, func(e effect.Effect) bool { return touches(e, act) }) {
			out = append(out, a)
		}
	}
	if o.Status == order.StatusNew {
		ask(decideArgs{Rule: rule.KindAccept}, max(o.Times.Placed, o.Times.Paid))
	}
	for _, c := range o.Cases {
		if c.Answerable {
			ask(decideArgs{Rule: rule.KindRefund, Case: c.Key}, c.Case.AskedAt)
		}
	}
	return out
}

// touches reports whether an effect is an act on the same thing: then somebody has decided,
// whatever became of it.
func touches(e effect.Effect, a Act) bool {
	k := order.ActionKind(e.Kind)
	if k != a.Kind && !contradict(k, a.Kind) {
		return false
	}
	return a.For == "" || e.Case == a.For || e.State.Open()
}

// questions has decided what is to be decided.
func (h *Hub) questions(tx *db.Tx, row *db.OrderRow, o *order.Order, info *channel.Info) {
	if h.again != nil {
		return
	}
	_, stored := tx.Order(row.Ref) // a new one has another id each time this runs, and no effects
	var effects []effect.Effect
	if stored {
		effects = tx.Effects(row.ID)
	}
	for _, a := range h.asks(tx, row, o, info, effects) {
		key := effect.GoalKey("order/"+row.ID.String(), kindDecide, rule.Question(a.Rule, a.Case))
		if stored {
			if _, there := tx.EffectByKey(key); there {
				continue
			}
		}
		target := "decide/" + row.ID.String() // what is held holds nobody else
		if a.Rule == rule.KindRefund {
			target = "refunds/" + row.Store.String()
		}
		now := tx.Now().UnixMilli()
		act := a.act()
		e := effect.Effect{Order: row.ID, Target: target, Kind: kindDecide, Case: a.Case, Key: key, Nature: effect.Absolute, State: effect.Waiting, Args: toJSON(a), Cause: rule.Actor(a.Rule),
			NextAt: now, Deadline: h.deadline(o, channel.Act{Kind: act.Kind, Case: a.Case}), Made: now, Changed: now}
		tx.PutEffect(&e)
	}
	h.rideQuestion(tx, row, o, info)
}

// deciding decides one question.
type deciding struct {
	background
	h *Hub
}

func (d deciding) Look(ctx context.Context, e effect.Effect) lane.Result { return d.Do(ctx, e) }

func (d deciding) Do(ctx context.Context, e effect.Effect) lane.Result {
	var a decideArgs
	if json.Unmarshal(e.Args, &a) != nil {
		return lane.Result{Outcome: effect.No}
	}
	if a.Rule == rule.KindRide && a.Case == "" {
		return lane.Result{Outcome: effect.OK} // the order is looked at again: Changed
	}
	rows, err := d.h.db.OrdersByID(ctx, db.Scope{Merchant: e.Merchant}, []ident.Order{e.Order})
	if err != nil {
		return ownFault(err)
	}
	if len(rows) == 0 {
		return lane.Result{Outcome: effect.No}
	}
	w, err := d.h.weigh(ctx, &rows[0], a)
	if err != nil {
		return ownFault(err)
	}
	return lane.Result{Outcome: effect.OK, Refs: []order.Ref{rows[0].Ref}, Save: func(tx *db.Tx) error { return d.h.decide(tx, e.ID, a, w) }}
}

// Changed shows on the order what was decided, or why it is held.
func (d deciding) Changed(tx *db.Tx, e effect.Effect) error {
	row, ok := tx.OrderByID(e.Order)
	if !ok {
		return nil
	}
	return d.h.settle(tx, row)
}

// weights are what a decision needs to know beside the order.
type weights struct {
	accept rule.AcceptFacts // but what the order says
	day    db.Decided
	ways   rideWays
}

func (h *Hub) weigh(ctx context.Context, row *db.OrderRow, a decideArgs) (w weights, err error) {
	if a.Rule != rule.KindAccept {
		w.day, err = h.db.Decided(ctx, row.Merchant, row.Store, a.Rule, h.dayBegan(row.Merchant, row.Store, h.now()).UnixMilli())
		if err != nil || !strings.Contains(a.Case, "/"+rule.StepSwitch+"/") || a.Rule != rule.KindRide {
			return w, err
		}
		r, ok := activeRule(slices.DeleteFunc(h.db.Rules(db.Scope{Merchant: row.Merchant}), func(x db.RuleRow) bool { return x.Store != row.Store }), a.Rule, row.Channel)
		if !ok {
			return w, nil
		}
		_, recs, _, err := h.db.Order(ctx, db.Scope{Merchant: row.Merchant}, row.ID)
		if err != nil {
			return w, err
		}
		w.ways, err = h.askWays(ctx, row, recs, r.ride)
		return w, err
	}
	heard, err := h.hearing(ctx, db.Scope{Merchant: row.Merchant, Stores: []ident.Store{row.Store}})
	if err != nil {
		return w, err
	}
	w.accept.Heard = heard[row.Store]
	w.accept.Minute = h.minuteAt(row.Merchant, row.Store)
	shops, err := h.db.Shops(ctx, db.Scope{Merchant: row.Merchant})
	if err != nil {
		return w, err
	}
	shops = slices.DeleteFunc(shops, func(s db.ShopRow) bool { return s.Store != row.Store })
	rests, err := h.rests(ctx, row.Merchant, shops)
	if err != nil {
		return w, err
	}
	for _, e := range rests {
		if s := restState(e, time.Now().UnixMilli()); s == "sending" || s == "resting" {
			w.accept.Resting = true
		}
	}
	w.accept.Full, err = h.fullFor(ctx, row)
	return w, err
}

// fullFor tells that the kitchen's slot of an order is full of orders that are accepted, or
// being accepted, as 20/20; "" = there is room, or nobody has said how much it can make.
func (h *Hub) fullFor(ctx context.Context, row *db.OrderRow) (string, error) {
	k, err := h.db.Kitchen(ctx, row.Merchant, row.Store)
	if err != nil || k.Orders == 0 {
		return "", err
	}
	var own struct {
		By int64 `json:"ready_by_at"`
	}
	slots := slotsAt(k, h.now().UnixMilli())
	if json.Unmarshal(row.Summary, &own) != nil || own.By == 0 {
		return "", nil
	}
	at, n := slotOf(slots, own.By), 0
	if at < 0 {
		return "", nil
	}
	f := db.Filter{Status: []order.Status{order.StatusNew, order.StatusAccepted}, Stores: []ident.Store{row.Store}, Limit: 200}
	for range mostConcerned / 200 {
		next, err := h.db.List(ctx, db.Scope{Merchant: row.Merchant}, f, func(r *db.Listed) {
			var s struct {
				By      int64        `json:"ready_by_at"`
				Status  order.Status `json:"status"`
				Pending []Pending    `json:"pending"`
			}
			if r.ID == row.ID || json.Unmarshal(r.Summary, &s) != nil || s.By == 0 || slotOf(slots, s.By) != at {
				return
			}
			if s.Status == order.StatusAccepted || slices.ContainsFunc(s.Pending, func(p Pending) bool { return p.Kind == string(order.Accept) && p.State.Open() }) {
				n++
			}
		})
		if err != nil {
			return "", err
		}
		if f.Cursor = next; next == "" {
			break
		}
	}
	if n < k.Orders {
		return "", nil
	}
	return strconv.Itoa(n) + "/" + strconv.Itoa(k.Orders), nil
}

// hearing tells of each store of a scope whether somebody sees or hears of an order there: a printer that
// prints orders by itself and has no trouble, as far as is known, or a kitchen screen that was
// seen lately.
func (h *Hub) hearing(ctx context.Context, sc db.Scope) (map[ident.Store]bool, error) {
	out := map[ident.Store]bool{}
	devices, err := h.db.Devices(ctx, db.Scope{Merchant: sc.Merchant}) // a bridge may stand elsewhere
	if err != nil {
		return nil, err
	}
	seen := map[ident.Device]bool{}
	for _, v := range devices {
		seen[v.ID] = time.Now().UnixMilli()-v.Seen < heardFor.Milliseconds()
		if seen[v.ID] && role.Role(v.Kind) == role.KitchenScreen {
			out[v.Store] = true
		}
	}
	printers, err := h.Printers(ctx, Actor{Scope: sc})
	for _, p := range printers {
		if !p.Row.Disabled && p.Since == 0 && (p.Row.Bridge == 0 || seen[p.Row.Bridge]) && slices.ContainsFunc(p.Settings.Prints, PrintRule.ofOrders) {
			out[p.Row.Store] = true
		}
	}
	return out, err
}

// decide answers a question: it writes down the decision with its grounds, and what follows.
func (h *Hub) decide(tx *db.Tx, id ident.Effect, a decideArgs, w weights) error {
	e, ok := tx.Effect(id)
	if !ok {
		return nil
	}
	row, ok := tx.OrderByID(e.Order)
	if !ok {
		return nil
	}
	if a.Rule == rule.KindRide {
		return h.decideRide(tx, row, a, w)
	}
	info := h.info(row.Channel, row.Ref.Realm)
	o := h.fold(row, tx.Linked(row.Ref), info)
	if !slices.Contains(h.asks(tx, row, &o, info, tx.Effects(row.ID)), a) {
		return nil // somebody has decided it, or it is not asked any more
	}
	r, ok := activeRule(tx.Rules(row.Store), a.Rule, row.Channel)
	if !ok {
		return nil
	}
	at := h.now()
	d := order.Decision{Rule: a.Rule, Version: r.Version, At: at.UnixMilli()}
	kept := db.DecisionRow{Order: row.ID, Kind: a.Rule, Case: a.Case, Store: row.Store, At: d.At, Outcome: string(rule.No)}
	act := a.act()
	var verdict rule.Verdict
	switch a.Rule {
	case rule.KindAccept:
		f := w.accept
		f.Total, f.PreOrder = o.Bill.Total, o.Times.Promised > 0
		verdict, d.Grounds = r.accept.Judge(f)
		kept.Amount = f.Total
	case rule.KindRefund:
		i := slices.IndexFunc(o.Cases, func(c order.AfterSale) bool { return c.Key == a.Case })
		if i < 0 {
			return nil
		}
		f := refundFacts(&o, &o.Cases[i], knownNow, w.day)
		verdict, d.Grounds, _ = r.refund.Judge(f)
		kept.Amount = o.Bill.Total
		if f.Amount != nil { // what was judged is what the day is counted by
			kept.Amount = *f.Amount
		}
		act.Reason = r.refund.Words
	}
	if verdict == rule.Wait {
		for _, g := range d.Grounds {
			if !g.Met {
				e.Why = g.Why
			}
		}
		e.State, e.NextAt, e.Changed = effect.Waiting, tx.Now().Add(askAgain).UnixMilli(), tx.Now().UnixMilli()
		tx.PutEffect(&e)
		return nil
	}
	what := "rule_" + a.Rule
	if d.Yes = verdict == rule.Yes; d.Yes {
		kept.Outcome = string(rule.Yes)
		call, err := callOf(&o, row, act)
		if err != nil {
			return err
		}
		if _, err := h.askAct(tx, row, &o, call, rule.Actor(a.Rule), row.ID.String()+" "+rule.Question(a.Rule, a.Case)); err != nil {
			return err
		}
		forgo(tx, row.ID)
	}
	keepDecision(tx, row, a, d, kept, what, at)
	return nil
}

// keepDecision writes what a rule has decided on an order into its record, the books of the rule's day and the journal,
// together with what follows from it. A no is in the messages: a person decides.
func keepDecision(tx *db.Tx, row *db.OrderRow, a decideArgs, d order.Decision, kept db.DecisionRow, what string, at time.Time) {
	if !d.Yes {
		what += "_no"
		tx.Change(db.KindMessage, row.Store.String())
	}
	var own, kid order.Record
	order.Put(&kid, order.RegDecision, order.Stamp{Version: d.At, Class: order.ClassAct}, d)
	own.Kid(order.KidDecision+rule.Question(a.Rule, a.Case), kid)
	ref := order.Ref{Realm: row.Ref.Realm, Kind: order.KindOwn, ID: row.Ref.ID}
	old, _ := tx.Record(ref)
	tx.PutRecord(ref, old.Merge(own))
	tx.Link(ref, row.Ref.ID)
	tx.PutDecision(kept)
	tx.Journal(db.Entry{At: at, Direction: db.Decision, What: what, Channel: row.Channel, Account: row.Account, Order: row.ID, Ref: row.Ref,
		By: rule.Actor(a.Rule), Outcome: "done", Body: toJSON(own)})
}

// knownNow takes all that is known: a platform's clock, or a screen's, may be ahead of ours.
const knownNow = math.MaxInt64

// refundFacts are what is known of a request until a moment, with what was agreed to that day.
func refundFacts(o *order.Order, c *order.AfterSale, until int64, day db.Decided) rule.RefundFacts {
	f := rule.FactsOf(o, c, until)
	f.DayCount = day.Yes
	if f.Amount != nil {
		f.DaySum = day.Sum[f.Amount.Currency()]
	}
	return f
}

// dayBegan is when the business day of a store began in which a moment lies.
func (h *Hub) dayBegan(m ident.Merchant, store ident.Store, at time.Time) time.Time {
	st, _ := h.db.StoreByID(m, store)
	zone, err := time.LoadLocation(st.Zone)
	if err != nil {
		zone = time.UTC
	}
	local := at.In(zone).Add(-time.Duration(st.Cutoff) * time.Minute)
	return time.Date(local.Year(), local.Month(), local.Day(), 0, st.Cutoff, 0, 0, zone)
}

// minuteAt is the minute of the day that a store's clock shows.
func (h *Hub) minuteAt(m ident.Merchant, store ident.Store) int { return h.minuteOf(m, store, h.now()) }

func (h *Hub) minuteOf(m ident.Merchant, store ident.Store, at time.Time) int {
	st, _ := h.db.StoreByID(m, store)
	if zone, err := time.LoadLocation(st.Zone); err == nil {
		at = at.In(zone)
	}
	return at.Hour()*60 + at.Minute()
}

// Auto is what a rule has decided of an order, or why it does not yet.
type Auto struct {
	State   string         `json:"state" enum:"yes,no,held" doc:"yes: the rule did it. no: a person decides. held: it is looked at again every few seconds."`
	Grounds []order.Ground `json:"grounds" doc:"Every condition; of what is held, the one that keeps it."`
}

// autoOf tells what the accepting rule has done with an order; nil = nothing.
func autoOf(o *order.Order, effects []effect.Effect) *Auto {
	if d, ok := o.DecisionOn(rule.KindAccept); ok {
		if d.Yes {
			return &Auto{"yes", d.Grounds}
		}
		if o.Status == order.StatusNew {
			return &Auto{"no", d.Grounds}
		}
		return nil
	}
	for _, e := range effects {
		if e.Kind == kindDecide && e.Case == "" && e.State == effect.Waiting && !e.Why.IsZero() {
			return &Auto{"held", []order.Ground{{Why: e.Why}}}
		}
	}
	return nil
}
