package hub

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tongdan/tongdan/channel"
	"github.com/tongdan/tongdan/effect"
	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/ident"
	couriers "github.com/tongdan/tongdan/internal/courier"
	"github.com/tongdan/tongdan/internal/db"
	"github.com/tongdan/tongdan/internal/rule"
	"github.com/tongdan/tongdan/money"
	"github.com/tongdan/tongdan/order"
)

// What a store's rule does about a delivery (rule.Ride) is decided as everything by rule: it
// follows from what the order is, in the transaction of its change. What is due later wakes the
// order by an effect of its own, which only has it looked at again; what is due now is an
// effect whose target is the store's, so that its tips are counted one after the other. It asks
// what the ways cost, and then decides in one transaction, in which it looks once more whether
// that step is still to be done. A raised tip and another rider are the effects that a person's
// press makes.

const (
	rideAgain   = 15 * time.Second // a rule that somebody changes meanwhile counts after that
	elsewhere   = time.Minute      // a cancel that was not made here: somebody may be about to send for another rider
	askedWithin = 8 * time.Second  // all ways are asked for their prices within that
)

// attemptNow finds the attempt to bring an order that goes on, or else was the last one. None
// while another one waits for it to be over, nor where the platform's riders have nothing to do
// with the order any more.
func attemptNow(o *order.Order) (now order.Delivery, ok bool) {
	theirs := o.Head.Logistics == order.ByCrowd || o.Head.Logistics == order.ByPlatform
	for _, d := range o.Delivered {
		switch {
		case d.Planned():
			return order.Delivery{}, false
		case d.Kind != "rider" || d.Ride == nil && !theirs || strings.HasPrefix(ended(d).Why, order.RideNotLet):
		case d.Live() || !ok || !now.Live():
			now, ok = d, true
		}
	}
	return now, ok
}

// byHand reports whether a person has had a hand in an attempt: then it is his. Who began it
// does not count.
func byHand(d order.Delivery, effects []effect.Effect) bool {
	begun := false // the courier was called
	for _, e := range effects {
		mine := e.Target == rideTarget+d.Key
		if d.Ride == nil {
			mine = e.Case == d.Key || strings.HasPrefix(e.Case, d.Key+"/")
		}
		switch kind := order.ActionKind(e.Kind); {
		case e.Kind == kindRide && mine:
			begun = e.Attempts > 0
		case !actorID(e.Cause):
		case mine && (e.Kind == kindRideCancel || e.Kind == kindRideTip || kind == order.Tip || kind == order.RecallRider), kind == order.Dispatch:
			return true
		}
	}
	if d.Ride == nil || d.State != order.DeliveryCancelled {
		return false
	}
	why, _, _ := strings.Cut(ended(d).Why, " ")
	return why == order.RideByMerchant && (d.Ride.Way == order.RideOwn || !begun) // a courier who has it is cancelled by an effect
}

// ended is the statement with which an attempt ended.
func ended(d order.Delivery) (last order.Event) {
	for _, u := range d.Updates {
		if u.State == d.State {
			last = u
		}
	}
	return last
}

// attemptSteps are a rule's decisions about one attempt so far.
type attemptSteps struct {
	tips, switches int
	lastTip        order.Decision
	lastSwitch     order.Decision
	tip            *money.Amount // its tip by rule
}

func stepsOf(o *order.Order, key string) (s attemptSteps) {
	for _, d := range o.Decisions {
		step, ok := strings.CutPrefix(d.Key, rule.Question(rule.KindRide, key)+"/")
		if !ok {
			continue
		}
		switch kind, _, _ := strings.Cut(step, "/"); {
		case kind == rule.StepTip:
			if s.tips++; d.At >= s.lastTip.At {
				s.lastTip = d.Decision
			}
			if d.Tip != nil && (s.tip == nil || d.Tip.Minor() > s.tip.Minor()) {
				s.tip = d.Tip
			}
		case kind == rule.StepSwitch:
			if s.switches++; d.At >= s.lastSwitch.At {
				s.lastSwitch = d.Decision
			}
		}
	}
	return s
}

// rideFacts is how an attempt stands, for the rule.
func rideFacts(o *order.Order, d order.Delivery, info *channel.Info) (f rule.RideFacts, s attemptSteps) {
	s = stepsOf(o, d.Key)
	f.Raised = money.Of(0, o.Bill.Total.Currency())
	for _, x := range o.Decisions {
		if x.Rule == rule.KindRide && x.Raise != nil {
			f.Raised, _ = f.Raised.Add(*x.Raise) // of one currency, that of the order
		}
	}
	f.Raises, f.Last = s.tips, s.lastTip.At
	f.Stopped = s.tips > 0 && !s.lastTip.Yes
	f.Asked = s.switches > 0 && !s.lastSwitch.Yes
	for _, u := range d.Updates {
		f.Away = f.Away || u.State == order.DeliveryOnTheWay || u.State == order.DeliveryDelivered || u.State == order.DeliveryReturned
	}
	switch d.State {
	case order.DeliverySought:
		f.Sought = d.Since()
	case order.DeliveryFailed, order.DeliveryCancelled:
		end := ended(d)
		f.Over = end.At
		why, _, _ := strings.Cut(end.Why, " ")
		if d.State == order.DeliveryCancelled && (d.Ride == nil || why == order.RideByMerchant) {
			f.Settle = elsewhere
		}
	}
	if d.Ride == nil {
		_, err := permitFor(o, info, Act{Kind: order.Tip})
		f.Tips = err == nil
	} else if mk, ok := couriers.MakeOf(d.Ride.Make); ok && d.Ride.Way == order.RideCourier {
		f.Tips = mk.Info().Tips
	}
	return f, s
}

// rideStep is what the store's rule is to do next about an order's delivery, and when, by the
// trade's clock.
func (h *Hub) rideStep(tx *db.Tx, row *db.OrderRow, o *order.Order, info *channel.Info) (r storeRule, a decideArgs, at int64, ok bool) {
	if h.again != nil || info == nil || row.Store == 0 || !o.Complete() || o.Axes.Work != order.WorkAccepted && o.Axes.Work != order.WorkReady {
		return r, a, 0, false
	}
	if r, ok = activeRule(tx.Rules(row.Store), rule.KindRide, row.Channel); !ok {
		return r, a, 0, false
	}
	d, ok := attemptNow(o)
	if !ok || order.Achieved(o, order.Dispatch, "") {
		return r, a, 0, false
	}
	if shop, bound := tx.Shop(row.Account, row.Ref.Realm, o.ShopID); !bound || shop.Mode != ModeFull {
		return r, a, 0, false
	}
	began := int64(0)
	if d.Ride != nil {
		began = d.Ride.At
	} else if len(d.Updates) > 0 {
		began = d.Updates[0].At
	}
	effects := tx.Effects(row.ID)
	if began < r.Since-wholeSecond || byHand(d, effects) || slices.ContainsFunc(effects, underWayAbout) {
		return r, a, 0, false
	}
	f, s := rideFacts(o, d, info)
	step, at := r.ride.Next(f)
	n := s.tips
	if step == rule.StepSwitch {
		n = s.switches
	}
	if step == "" || h.now().UnixMilli()-at > leftAlone.Milliseconds() {
		return r, a, 0, false
	}
	return r, decideArgs{Rule: rule.KindRide, Case: d.Key + "/" + step + "/" + strconv.Itoa(n+1)}, at, true
}

// underWayAbout reports whether an effect changes who brings an order, and has not ended.
func underWayAbout(e effect.Effect) bool {
	if !e.State.Open() {
		return false
	}
	switch order.ActionKind(e.Kind) {
	case order.CallRider, order.Tip, order.RecallRider, order.DeliverSelf, order.Dispatch, order.Cancel:
		return true
	}
	return isRide(e.Kind) && e.Kind != kindRideLook
}

// rideQuestion has the next step decided when it is due, and the order looked at again then.
func (h *Hub) rideQuestion(tx *db.Tx, row *db.OrderRow, o *order.Order, info *channel.Info) {
	if _, stored := tx.Order(row.Ref); !stored {
		return
	}
	_, a, at, ok := h.rideStep(tx, row, o, info)
	if !ok {
		return
	}
	now := tx.Now().UnixMilli()
	e := effect.Effect{Order: row.ID, Target: "rides/" + row.Store.String(), Kind: kindDecide, Case: a.Case, Nature: effect.Absolute, State: effect.Waiting, Args: toJSON(a),
		Cause: rule.Actor(rule.KindRide), NextAt: now, Made: now, Changed: now}
	if at > h.now().UnixMilli() {
		e.Target, e.Case, e.Args = "decide/ride/"+row.ID.String(), rule.KindRide, toJSON(decideArgs{Rule: rule.KindRide})
		e.NextAt = min(h.wallMS(at), now+rideAgain.Milliseconds())
	}
	e.Key = effect.GoalKey("order/"+row.ID.String(), kindDecide, rule.Question(rule.KindRide, e.Case))
	if old, there := tx.EffectByKey(e.Key); there {
		if old.State.Open() {
			if old.State == effect.Waiting && old.NextAt > e.NextAt && old.Attempt == nil {
				old.NextAt = e.NextAt
				tx.PutEffect(&old)
			}
			return
		}
		at := e.NextAt
		e = old.Reopen(e.Cause, e.Args, now, 0)
		e.NextAt = at
	}
	tx.PutEffect(&e)
}

// rideWays are a rule's ways with what they cost now, and the rides that they would be.
type rideWays struct {
	key    string // of the ride, drawn before the transaction, which may run twice
	offers []rule.Offer
	rides  []order.Ride
}

// askWays asks what each of a rule's ways costs now.
func (h *Hub) askWays(ctx context.Context, row *db.OrderRow, recs []order.Linked, r rule.Ride) (w rideWays, err error) {
	w.key = ident.Ride(ident.New(h.now())).String()
	info := h.info(row.Channel, row.Ref.Realm)
	o := h.fold(row, recs, info)
	sc := db.Scope{Merchant: row.Merchant}
	accounts, err := h.db.Couriers(ctx, row.Merchant)
	if err != nil {
		return w, err
	}
	riders, err := h.freeRiders(ctx, sc, row.Store)
	if err != nil {
		return w, err
	}
	ctx, cancel := context.WithTimeout(ctx, askedWithin)
	defer cancel()
	for _, way := range r.Ways {
		x, ride := rule.Offer{Way: way, Used: wayUsed(&o, way)}, order.Ride{By: rule.Actor(rule.KindRide)}
		switch way.By {
		case rule.ByCourier:
			ride.Way, x.Why = order.RideCourier, whyNoCourier
			for _, c := range accounts {
				if c.ID.String() != way.Courier {
					continue
				}
				x.Name, ride.Courier, ride.Make = c.Name, c.ID.String(), c.Kind
				switch {
				case x.Used || c.Disabled:
				case c.Shops[row.Store] == "":
					x.Why = whyNoNumber
				default:
					x.Fee, x.Why = h.courierFee(ctx, row, &o, c)
				}
			}
		case rule.ByOwn:
			ride.Way, x.Why = order.RideOwn, whyNoRider
			for _, rd := range riders {
				if ride.Rider == "" && (way.Rider == "" || rd.ID.String() == way.Rider) {
					x.Name, ride.Rider, x.Why = rd.Name, rd.ID.String(), fault.Reason{}
				}
			}
		default:
			if info != nil {
				x.Name = info.Label.ZH
			}
			x.Fee, x.Why = h.theirFee(ctx, row, &o, info, way)
		}
		w.offers, w.rides = append(w.offers, x), append(w.rides, ride)
	}
	return w, nil
}

// wayUsed reports whether somebody was asked already: by the rule, or by anybody where it is a
// ride of ours.
func wayUsed(o *order.Order, way rule.Way) bool {
	for _, d := range o.Decisions {
		if d.Rule == rule.KindRide && d.Way != "" && way.Used(d.Way) {
			return true
		}
	}
	for _, d := range o.Rides() {
		by := rule.Way{By: rule.ByOwn, Rider: d.Ride.Rider}
		if d.Ride.Way == order.RideCourier {
			by = rule.Way{By: rule.ByCourier, Courier: d.Ride.Courier}
		}
		if way.Used(by.Text()) {
			return true
		}
	}
	return false
}

func (h *Hub) courierFee(ctx context.Context, row *db.OrderRow, o *order.Order, c db.CourierRow) (*money.Amount, fault.Reason) {
	a, err := h.openCourier(c)
	if err == nil {
		q, asked := a.Quote(ctx, h.jobOf(row, o, c, ident.Ride(ident.New(h.now())).String()))
		if asked == nil {
			return &q.Fee, fault.Reason{}
		}
		err = asked
	}
	return nil, fault.ReasonOf(err)
}

// theirFee is what the platform's riders cost, or why they cannot be sent for.
func (h *Hub) theirFee(ctx context.Context, row *db.OrderRow, o *order.Order, info *channel.Info, way rule.Way) (*money.Amount, fault.Reason) {
	if info == nil {
		return nil, order.WhyUnsupported
	}
	if why := theirRider(o, info, way); !why.IsZero() || way.By == rule.ByPlatform {
		return nil, why
	}
	c, err := h.conn(row.Merchant, row.Account)
	if err == nil {
		q, asked := c.Quote(ctx, channel.Act{Kind: order.CallRider, Order: row.Ref, ShopID: o.ShopID, Logistics: o.Head.Logistics})
		if asked == nil {
			return &q.Fee, fault.Reason{}
		}
		err = asked
	}
	return nil, fault.ReasonOf(err)
}

// theirRider says why one of the platform's riders cannot be sent for now.
func theirRider(o *order.Order, info *channel.Info, way rule.Way) fault.Reason {
	want := order.ByPlatform
	if way.By == rule.ByCrowd {
		want = order.ByCrowd
	}
	if o.Head.Logistics != want {
		return order.WhyLogistics
	}
	if _, err := permitFor(o, info, Act{Kind: order.CallRider}); err != nil {
		return fault.ReasonOf(err)
	}
	return fault.Reason{}
}

// freeRiders are a store's own riders, those with the fewest orders first.
func (h *Hub) freeRiders(ctx context.Context, sc db.Scope, store ident.Store) ([]db.RiderRow, error) {
	list, err := h.db.Riders(ctx, sc)
	list = slices.DeleteFunc(list, func(r db.RiderRow) bool { return r.Store != store || r.Disabled })
	if err != nil || len(list) < 2 {
		return list, err
	}
	busy := map[ident.Rider]int{}
	f := db.Filter{Status: []order.Status{order.StatusAccepted, order.StatusReady, order.StatusDelivering}, Stores: []ident.Store{store}, Limit: 200}
	for range mostRounds {
		f.Cursor, err = h.db.List(ctx, sc, f, func(l *db.Listed) {
			var s struct {
				Ride *RideBrief `json:"ride"`
			}
			if json.Unmarshal(l.Summary, &s) == nil && s.Ride != nil {
				busy[s.Ride.RiderID]++
			}
		})
		if err != nil || f.Cursor == "" {
			break
		}
	}
	slices.SortStableFunc(list, func(a, b db.RiderRow) int { return cmp.Compare(busy[a.ID], busy[b.ID]) })
	return list, err
}

// decideRide does one step about a delivery, or writes down why it is left to people.
func (h *Hub) decideRide(tx *db.Tx, row *db.OrderRow, a decideArgs, w weights) error {
	info := h.info(row.Channel, row.Ref.Realm)
	o := h.fold(row, tx.Linked(row.Ref), info)
	r, step, due, ok := h.rideStep(tx, row, &o, info)
	now := h.now()
	if !ok || step != a || due > now.UnixMilli() {
		return nil // somebody has done something, or it is not wanted any more
	}
	cur, _ := attemptNow(&o)
	f, steps := rideFacts(&o, cur, info)
	d := order.Decision{Rule: a.Rule, Version: r.Version, At: now.UnixMilli()}
	kept := db.DecisionRow{Order: row.ID, Kind: a.Rule, Case: a.Case, Store: row.Store, At: d.At, Outcome: string(rule.No), Amount: money.Of(0, f.Raised.Currency())}
	what := "rule_ride_tip"
	at := -1
	var verdict rule.Verdict
	if strings.Contains(a.Case, "/"+rule.StepTip+"/") {
		verdict, d.Grounds = r.ride.JudgeTip(f, d.At, w.day.Sum[f.Raised.Currency()])
		if verdict == rule.Yes {
			raise := r.ride.Step(f.Raised.Currency())
			tip := raise
			for _, had := range []*money.Amount{steps.tip, cur.Fare.Tip} {
				if had != nil && had.Minor()+raise.Minor() > tip.Minor() {
					tip = money.Of(had.Minor()+raise.Minor(), raise.Currency())
				}
			}
			d.Raise, d.Tip, kept.Amount = &raise, &tip, raise
		}
	} else {
		what = "rule_ride_switch"
		for i := range w.ways.offers { // since they were asked
			x := &w.ways.offers[i]
			if x.Used = wayUsed(&o, x.Way); x.Why.IsZero() {
				if x.Way.By == rule.ByCourier || x.Way.By == rule.ByOwn {
					x.Why, _ = h.unrideable(tx, row, &o, info)
				} else {
					x.Why = theirRider(&o, info, x.Way)
				}
			}
		}
		why := fault.Because("rule_no_rider", "no rider for {minutes} minutes", "minutes", strconv.FormatInt(max(d.At-f.Sought, 0)/60_000, 10))
		if f.Over > 0 {
			why = fault.Because("rule_ride_over", "the delivery came to nothing")
		}
		if verdict, at, d.Grounds = r.ride.JudgeSwitch(w.ways.offers, why); verdict == rule.Yes {
			d.Way = w.ways.offers[at].Way.Text()
		}
	}
	if d.Yes = verdict == rule.Yes; d.Yes {
		kept.Outcome = string(rule.Yes)
	}
	keepDecision(tx, row, a, d, kept, what, now)
	if !d.Yes {
		return nil
	}
	return h.doRide(tx, row, &o, cur, r.ride, d, w.ways, at)
}

// doRide makes the effects of a step that was decided; at is the place of the way.
func (h *Hub) doRide(tx *db.Tx, row *db.OrderRow, o *order.Order, cur order.Delivery, r rule.Ride, d order.Decision, w rideWays, at int) error {
	cause := rule.Actor(rule.KindRide)
	switch {
	case d.Tip != nil && cur.Ride != nil:
		h.rideEffect(tx, row, cur, kindRideTip, cause, rideArgs{Ride: cur.Key, Tip: d.Tip})
		return nil
	case d.Tip != nil:
		call, err := callOf(o, row, Act{Kind: order.Tip, For: cur.Key + "/" + d.Tip.Text(), Amount: d.Tip.Text()})
		if err == nil {
			_, err = h.askAct(tx, row, o, call, cause, "")
		}
		return err
	case w.offers[at].Way.By == rule.ByPlatform || w.offers[at].Way.By == rule.ByCrowd:
		permit, err := permitFor(o, h.info(row.Channel, row.Ref.Realm), Act{Kind: order.CallRider})
		if err != nil {
			return err
		}
		call, err := callOf(o, row, Act{Kind: order.CallRider, For: permit.For, Amount: r.FeeMost})
		if err == nil {
			_, err = h.askAct(tx, row, o, call, cause, "")
		}
		return err
	}
	ask := RideAsk{Most: r.FeeMost}
	if cur.Ride != nil && cur.Live() {
		ask.Instead = cur.Key
	}
	ride := w.rides[at]
	if cur.Ride != nil {
		ride.Since = cur.Key
	}
	return h.putRide(tx, Actor{Scope: db.Scope{Merchant: row.Merchant}, ID: cause}, row.ID, w.key, ride, ask)
}

// rideSteps are what a rule did about a delivery, as a screen shows it.
func rideSteps(o *order.Order, v *Delivery) []RideStep {
	out := []RideStep{}
	for _, d := range o.Decisions {
		rest, ok := strings.CutPrefix(d.Key, rule.Question(rule.KindRide, v.Key)+"/")
		if !ok {
			continue
		}
		step, _, _ := strings.Cut(rest, "/")
		s := RideStep{Step: step, At: d.At, Yes: d.Yes, Tip: d.Tip, Grounds: orEmpty(d.Grounds)}
		s.Way, _, _ = strings.Cut(d.Way, " ")
		if n := len(d.Grounds); n > 0 && (s.Way == rule.ByCourier || s.Way == rule.ByOwn) { // a platform's riders have a word in each language
			s.Name = d.Grounds[n-1].Why.Said
		}
		if out = append(out, s); d.Tip != nil && v.Way == "platform" { // the platform does not tell its tip
			v.Tip = d.Tip
		}
	}
	slices.SortStableFunc(out, func(a, b RideStep) int { return cmp.Compare(a.At, b.At) })
	return out
}

// noWay is when a store's rule found nobody who can bring an order; 0 = it did not, or somebody
// has done something since.
func noWay(o *order.Order) int64 {
	d, ok := attemptNow(o)
	if !ok || d.State != order.DeliverySought && d.State != order.DeliveryFailed && d.State != order.DeliveryCancelled {
		return 0
	}
	if s := stepsOf(o, d.Key); s.switches > 0 && !s.lastSwitch.Yes {
		return s.lastSwitch.At
	}
	return 0
}
