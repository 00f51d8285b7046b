package hub

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"
	"time"

	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/ident"
	"github.com/tongdan/tongdan/internal/db"
	"github.com/tongdan/tongdan/internal/rule"
	"github.com/tongdan/tongdan/money"
	"github.com/tongdan/tongdan/order"
	"github.com/tongdan/tongdan/role"
)

// A Rule is one of a store's, with how it is doing.
type Rule struct {
	StoreID   ident.Store    `json:"store_id"`
	Kind      string         `json:"kind" enum:"accept,refund,ride"`
	Version   int64          `json:"version" doc:"0: nobody has set it up, and it is off."`
	On        bool           `json:"on"`
	Accept    *rule.Accept   `json:"accept,omitempty" doc:"Of kind accept."`
	Refund    *rule.Refund   `json:"refund,omitempty" doc:"Of kind refund."`
	Ride      *rule.Ride     `json:"ride,omitempty" doc:"Of kind ride."`
	By        string         `json:"by,omitempty"`
	ByName    string         `json:"by_name,omitempty"`
	ChangedAt int64          `json:"changed_at"`
	Paused    bool           `json:"paused" doc:"It is on and does nothing: neither a printer nor a kitchen screen works, or the day's tips are used up."`
	TodayYes  int            `json:"today_yes" doc:"Decided with yes on the store's day."`
	TodayNo   int            `json:"today_no" doc:"Left to a person."`
	TodaySum  []money.Amount `json:"today_sum" doc:"Of refunds how much was agreed to, of rides by how much tips were raised; by currency."`
}

// Rules lists the rules of each of the caller's stores that sell takeaway; one that nobody has
// set up is given as it would be, and is off.
func (h *Hub) Rules(ctx context.Context, who Actor) ([]Rule, error) {
	const op = "hub.Rules"
	if err := who.May(op, role.See); err != nil {
		return nil, err
	}
	stores, err := h.db.Stores(ctx, who.Scope)
	if err != nil {
		return nil, fault.Wrap(op, err)
	}
	heard, err := h.hearing(ctx, db.Scope{Merchant: who.Merchant})
	if err != nil {
		return nil, fault.Wrap(op, err)
	}
	names, err := h.actors(ctx, who.Merchant)
	if err != nil {
		return nil, fault.Wrap(op, err)
	}
	rows := h.db.Rules(who.Scope)
	var out []Rule
	shops := h.db.ShopsIn(who.Scope)
	for _, st := range stores {
		takes := func(own bool) bool {
			return slices.ContainsFunc(shops, func(s db.ShopRow) bool {
				info := h.info(s.Channel, s.Realm)
				return s.Store == st.ID && info != nil && info.Kind == order.Takeaway && (own || !info.Own)
			})
		}
		for _, kind := range rule.Kinds {
			r := Rule{StoreID: st.ID, Kind: kind, TodaySum: []money.Amount{}}
			i := slices.IndexFunc(rows, func(x db.RuleRow) bool { return x.Store == st.ID && x.Kind == kind })
			if i < 0 && !takes(kind == rule.KindRide) { // orders that were entered are brought too
				continue
			}
			accept, refund, ride := rule.UsualAccept, rule.UsualRefund, rule.UsualRide
			if i >= 0 {
				if s, ok := openRule(rows[i]); ok {
					accept, refund, ride = s.accept, s.refund, s.ride
				}
				r.Version, r.On, r.By, r.ByName, r.ChangedAt = rows[i].Version, rows[i].On, rows[i].By, names[rows[i].By], rows[i].Changed
				day, err := h.db.Decided(ctx, who.Merchant, st.ID, kind, h.dayBegan(who.Merchant, st.ID, h.now()).UnixMilli())
				if err != nil {
					return nil, fault.Wrap(op, err)
				}
				if r.TodayYes, r.TodayNo = day.Yes, day.No; kind != rule.KindAccept {
					for cur, n := range day.Sum {
						if n != 0 {
							r.TodaySum = append(r.TodaySum, money.Of(n, cur))
						}
						r.Paused = r.Paused || r.On && kind == rule.KindRide && ride.UsedUp(n, cur)
					}
				}
			}
			switch kind {
			case rule.KindAccept:
				accept.Channels = orEmpty(accept.Channels)
				r.Accept, r.Paused = &accept, r.On && !heard[st.ID]
			case rule.KindRefund:
				refund.Channels = orEmpty(refund.Channels)
				r.Refund = &refund
			case rule.KindRide:
				ride.Channels, ride.Ways = orEmpty(ride.Channels), orEmpty(ride.Ways)
				r.Ride = &ride
			}
			out = append(out, r)
		}
	}
	return out, nil
}

// docOf checks the conditions of a rule and gives them as they are stored.
func (h *Hub) docOf(op string, who Actor, r Rule) (db.RuleRow, error) {
	st, ok := h.db.StoreByID(who.Merchant, r.StoreID)
	if !ok || !who.Sees(r.StoreID) {
		return db.RuleRow{}, fault.Say(op, fault.NotFound, "no_store", "there is no such store")
	}
	e := &fault.Error{Op: op, Code: fault.Invalid, Why: fault.Because("fields_wrong", "some fields are wrong")}
	row := db.RuleRow{Merchant: who.Merchant, Store: r.StoreID, Kind: r.Kind, On: r.On, By: who.ID}
	switch {
	case r.Kind == rule.KindAccept && r.Accept != nil:
		e.Fields, row.Doc = r.Accept.Check(h.Currency(st)), toJSON(r.Accept)
	case r.Kind == rule.KindRefund && r.Refund != nil:
		e.Fields, row.Doc = r.Refund.Check(h.Currency(st)), toJSON(r.Refund)
	case r.Kind == rule.KindRide && r.Ride != nil:
		e.Fields, row.Doc = r.Ride.Check(h.Currency(st)), toJSON(r.Ride)
	default:
		e.Fields = []fault.Field{fault.Wrong("body.kind", fault.Because("field_rule", "give the conditions of a rule of that kind"))}
	}
	if len(e.Fields) > 0 {
		return row, e
	}
	return row, nil
}

// PutRule sets a rule of one of the caller's stores up, changes it, or switches it. r.Version
// is the one that the caller has seen: fault.Conflict when somebody has changed it since. What
// came before it was switched on is left to people.
func (h *Hub) PutRule(ctx context.Context, who Actor, r Rule) error {
	const op = "hub.PutRule"
	if err := who.May(op, role.KeepRules); err != nil {
		return err
	}
	row, err := h.docOf(op, who, r)
	if err != nil {
		return err
	}
	row.Since = h.now().UnixMilli()
	for _, old := range h.db.Rules(who.Scope) {
		if old.Store == row.Store && old.Kind == row.Kind && old.On {
			row.Since = old.Since
		}
	}
	line := h.lineAbout(who, "rule.put", row.Store.String(), map[string]any{"store": row.Store, "kind": row.Kind, "on": row.On, "conditions": json.RawMessage(row.Doc)})
	_, err = h.db.PutRule(ctx, row, r.Version, line)
	return fault.Wrap(op, err)
}

// A Trial is what a rule would have done.
type Trial struct {
	FromAt int64          `json:"from_at"`
	Asked  int            `json:"asked" doc:"Orders, requests for a refund, or deliveries, of that time and these channels."`
	Yes    int            `json:"yes" doc:"It would have accepted, agreed to, or done something about, so many."`
	Sum    []money.Amount `json:"sum" doc:"Of refunds that it would have agreed to, or of tips, by currency."`
	Left   []TrialLeft    `json:"left" doc:"What it would have left to a person, by the first condition that was not met; most first."`
	Lapsed int            `json:"lapsed" doc:"Of those with yes: the platform cancelled them because nobody accepted them, or agreed by itself."`
	Denied int            `json:"denied" doc:"Of those with yes: people refused them."`
	More   bool           `json:"more" doc:"There was more than was looked at."`
}

// TrialLeft is why a rule leaves something to people, and how often.
type TrialLeft struct {
	Ground order.Ground `json:"ground"`
	Count  int          `json:"count"`
}

const (
	trialDays = 7
	mostTried = 20_000

	mostBrought = 3000 // orders whose deliveries are looked at one by one
)

// TryRule tells what a rule with these conditions would have done in the last seven days. What
// is not kept (whether printers worked, how full the kitchen was) is taken to have been well.
func (h *Hub) TryRule(ctx context.Context, who Actor, r Rule) (Trial, error) {
	const op = "hub.TryRule"
	if err := who.May(op, role.KeepRules); err != nil {
		return Trial{}, err
	}
	row, err := h.docOf(op, who, r)
	if err != nil {
		return Trial{}, err
	}
	s, _ := openRule(row)
	now := h.now()
	t := trial{h: h, rule: s, store: r.StoreID, left: map[string]*TrialLeft{}, sum: map[money.Currency]int64{}, days: map[int64]*db.Decided{}}
	t.FromAt = now.Add(-trialDays * 24 * time.Hour).UnixMilli()
	// Requests come after their order, so older orders are looked at too.
	f := db.Filter{Stores: []ident.Store{r.StoreID}, From: t.FromAt, Limit: 200}
	if len(s.channels()) > 0 {
		f.Channels = s.channels()
	}
	if s.Kind == rule.KindRefund {
		f.From -= trialDays * 24 * time.Hour.Milliseconds()
	}
	var withCase, brought []ident.Order
	for looked := 0; ; {
		next, err := h.db.List(ctx, who.Scope, f, func(l *db.Listed) {
			looked++
			var sum Summary
			switch {
			case json.Unmarshal(l.Summary, &sum) != nil || sum.Kind != order.Takeaway || sum.Status == order.StatusUnpaid || sum.Total == nil:
			case s.Kind == rule.KindRide:
				if sum.Axes.Delivery != order.NoDelivery && sum.Axes.Delivery != "" {
					brought = append(brought, l.ID)
				}
			case h.Own(sum.Channel):
			case s.Kind == rule.KindAccept:
				t.accept(&sum)
			case sum.Axes.AfterSale != order.NoCase && sum.Axes.AfterSale != "":
				withCase = append(withCase, l.ID)
			}
		})
		if err != nil {
			return Trial{}, fault.Wrap(op, err)
		}
		if f.Cursor = next; next == "" {
			break
		}
		if looked >= mostTried || len(brought) >= mostBrought {
			t.More = true
			break
		}
	}
	var asked []request
	for _, id := range withCase {
		row, recs, _, err := h.db.Order(ctx, who.Scope, id)
		if err != nil {
			return Trial{}, fault.Wrap(op, err)
		}
		o := h.fold(&row, recs, h.info(row.Channel, row.Ref.Realm))
		for _, c := range o.Cases {
			if !c.Case.ByShop && c.Case.AskedAt >= t.FromAt {
				asked = append(asked, request{&o, c})
			}
		}
	}
	slices.SortFunc(asked, func(a, b request) int { return cmp.Compare(a.c.Case.AskedAt, b.c.Case.AskedAt) })
	for i := range asked {
		t.refund(&asked[i])
	}
	for _, id := range brought {
		row, recs, _, err := h.db.Order(ctx, who.Scope, id)
		if err != nil {
			return Trial{}, fault.Wrap(op, err)
		}
		o := h.fold(&row, recs, h.info(row.Channel, row.Ref.Realm))
		t.ride(&o)
	}
	return t.result(), nil
}

// request is one that was asked for.
type request struct {
	o *order.Order
	c order.AfterSale
}

// trial counts what a rule would have done.
type trial struct {
	Trial
	h     *Hub
	rule  storeRule
	store ident.Store
	left  map[string]*TrialLeft
	sum   map[money.Currency]int64
	days  map[int64]*db.Decided // by when the day began
}

func (t *trial) accept(s *Summary) {
	at := max(s.PlacedAt, s.PaidAt)
	v, grounds := t.rule.accept.Judge(rule.AcceptFacts{Minute: t.h.minuteOf(t.rule.Merchant, t.store, time.UnixMilli(at)), Total: *s.Total, PreOrder: s.PromisedAt > 0, Heard: true})
	if t.count(v, grounds); v == rule.Yes && s.Lapsed > 0 {
		t.Lapsed++
	}
}

func (t *trial) refund(r *request) {
	at := r.c.Case.AskedAt
	began := t.h.dayBegan(t.rule.Merchant, t.store, time.UnixMilli(at)).UnixMilli()
	day := t.days[began]
	if day == nil {
		day = &db.Decided{Sum: map[money.Currency]int64{}}
		t.days[began] = day
	}
	f := refundFacts(r.o, &r.c, at, *day)
	v, grounds, _ := t.rule.refund.Judge(f)
	t.count(v, grounds)
	if v != rule.Yes {
		return
	}
	day.Yes++
	day.Sum[f.Amount.Currency()] += f.Amount.Minor()
	t.sum[f.Amount.Currency()] += f.Amount.Minor()
	if s := r.c.State; s == order.CaseRefused || s == order.CaseAppealed {
		t.Denied++
	}
}

// ride counts the deliveries of an order that nobody took in time, or that came to nothing.
func (t *trial) ride(o *order.Order) {
	if o.Bill == nil {
		return
	}
	cur := o.Bill.Total.Currency()
	raised := money.Of(0, cur)
	for _, d := range o.Delivered {
		if d.Kind != "rider" || len(d.Updates) == 0 {
			continue
		}
		t.Asked++
		f, did := rule.RideFacts{Raised: raised, Tips: true}, false
		for i, u := range d.Updates {
			until := u.At
			switch {
			case u.State == order.DeliverySought && i+1 < len(d.Updates):
				f.Sought, f.Last, until = u.At, 0, d.Updates[i+1].At
			case u.State == order.DeliveryFailed || u.State == order.DeliveryCancelled:
				did = did || len(t.rule.ride.Ways) > 0 && !f.Away
				continue
			default:
				f.Away = f.Away || order.Away(u.State)
				continue
			}
			for {
				step, at := t.rule.ride.Next(f)
				if step == "" || at > until {
					break
				}
				did = true
				if step == rule.StepSwitch {
					break
				}
				raise := t.rule.ride.Step(cur)
				f.Raised, f.Last = money.Of(f.Raised.Minor()+raise.Minor(), cur), at
				t.sum[cur] += raise.Minor()
			}
		}
		if raised = f.Raised; did {
			t.Yes++
		}
	}
}

func (t *trial) count(v rule.Verdict, grounds []order.Ground) {
	t.Asked++
	if v == rule.Yes {
		t.Yes++
		return
	}
	for _, g := range grounds {
		if g.Met {
			continue
		}
		if t.left[g.Why.Code] == nil {
			t.left[g.Why.Code] = &TrialLeft{Ground: g}
		}
		t.left[g.Why.Code].Count++
		return
	}
}

func (t *trial) result() Trial {
	t.Sum, t.Left = []money.Amount{}, []TrialLeft{}
	for cur, n := range t.sum {
		t.Sum = append(t.Sum, money.Of(n, cur))
	}
	for _, l := range t.left {
		t.Left = append(t.Left, *l)
	}
	slices.SortFunc(t.Left, func(a, b TrialLeft) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Ground.Why.Code, b.Ground.Why.Code))
	})
	return t.Trial
}

// Advice is what a store's refund rule says of a request that waits for a person: its rule, or
// where it has none the usual one.
type Advice struct {
	Agree   bool           `json:"agree" doc:"Every condition is met."`
	Grounds []order.Ground `json:"grounds"`
}

// advise says what would be decided of a request now.
func (h *Hub) advise(ctx context.Context, row *db.OrderRow, o *order.Order, c *order.AfterSale) (*Advice, error) {
	r := storeRule{refund: rule.UsualRefund}
	for _, x := range h.db.Rules(db.Scope{Merchant: row.Merchant}) {
		if x.Store == row.Store && x.Kind == rule.KindRefund {
			if s, ok := openRule(x); ok {
				r = s
			}
		}
	}
	day, err := h.db.Decided(ctx, row.Merchant, row.Store, rule.KindRefund, h.dayBegan(row.Merchant, row.Store, h.now()).UnixMilli())
	if err != nil {
		return nil, err
	}
	v, grounds, _ := r.refund.Judge(refundFacts(o, c, knownNow, day))
	return &Advice{v == rule.Yes, grounds}, nil
}

// rulesPaused names the stores whose rule for accepting is on and does nothing, those whose
// refund rule has used up its day while requests wait, and those whose tips of the day are used up.
func (h *Hub) rulesPaused(ctx context.Context, who Actor, list []Concern) (out []Concern, err error) {
	rows := slices.DeleteFunc(h.db.Rules(who.Scope), func(r db.RuleRow) bool { return !r.On })
	if len(rows) == 0 {
		return nil, nil
	}
	heard, err := h.hearing(ctx, db.Scope{Merchant: who.Merchant})
	if err != nil {
		return nil, err
	}
	shops, err := h.db.Shops(ctx, db.Scope{Merchant: who.Merchant})
	if err != nil {
		return nil, err
	}
	for _, r := range rows {
		s, ok := openRule(r)
		works := func(x db.ShopRow) bool {
			return x.Store == r.Store && x.Mode == ModeFull && rule.For(s.channels(), x.Channel)
		}
		if !ok || !slices.ContainsFunc(shops, works) { // elsewhere somebody else sees to it
			continue
		}
		c := Concern{Key: ConcernRule + "/" + r.Store.String() + "/" + r.Kind, Kind: ConcernRule, Urgent: true, StoreID: r.Store, Subject: r.Kind}
		switch r.Kind {
		case rule.KindAccept:
			if heard[r.Store] || !s.accept.Open(h.minuteAt(r.Merchant, r.Store)) {
				continue
			}
			if c.SinceAt, err = h.unheardSince(ctx, r.Merchant, r.Store); err != nil {
				return nil, err
			}
			c.Cause, c.SinceAt = rule.WhyHeard.Code, max(c.SinceAt, r.Since)
			c.Key += "/" + itoa(int(c.SinceAt/60_000))
		case rule.KindRefund:
			i := slices.IndexFunc(list, func(x Concern) bool { return x.Kind == ConcernRefund && x.StoreID == r.Store })
			if i < 0 {
				continue
			}
			began := h.dayBegan(r.Merchant, r.Store, h.now()).UnixMilli()
			day, err := h.db.Decided(ctx, r.Merchant, r.Store, r.Kind, began)
			if err != nil {
				return nil, err
			}
			if day.Yes < s.refund.PerDay {
				continue
			}
			c.Cause, c.SinceAt, c.Urgent = "rule_day_count", list[i].SinceAt, false
			c.Words = itoa(day.Yes) + "/" + itoa(s.refund.PerDay)
			c.Key += "/" + itoa(int(began/60_000))
		case rule.KindRide:
			began := h.dayBegan(r.Merchant, r.Store, h.now()).UnixMilli()
			day, err := h.db.Decided(ctx, r.Merchant, r.Store, r.Kind, began)
			if err != nil {
				return nil, err
			}
			used := false
			for cur, n := range day.Sum {
				if s.ride.UsedUp(n, cur) {
					used, c.Words = true, money.Of(n, cur).Text()+"/"+s.ride.TipDay
				}
			}
			if !used {
				continue
			}
			c.Cause, c.SinceAt, c.Urgent = "rule_day_sum", max(began, r.Since), false
			c.Key += "/" + itoa(int(began/60_000))
		}
		out = append(out, c)
	}
	return out, nil
}

// unheardSince is since when nobody at a store sees or hears of orders, by the trade's clock:
// when the last of its printers failed and the last of its kitchen screens was seen; 0 = there
// never was one.
func (h *Hub) unheardSince(ctx context.Context, m ident.Merchant, store ident.Store) (int64, error) {
	last := int64(0)
	devices, err := h.db.Devices(ctx, db.Scope{Merchant: m})
	if err != nil {
		return 0, err
	}
	for _, v := range devices {
		if v.Store == store && (role.Role(v.Kind) == role.KitchenScreen || role.Role(v.Kind) == role.Bridge) {
			last = max(last, v.Seen)
		}
	}
	printers, err := h.Printers(ctx, Actor{Scope: db.Scope{Merchant: m}})
	for _, p := range printers {
		if p.Row.Store == store && !p.Row.Disabled {
			last = max(last, p.Since)
		}
	}
	if last == 0 || err != nil {
		return 0, err
	}
	return h.clock.Trade(time.UnixMilli(last)).UnixMilli(), nil
}
