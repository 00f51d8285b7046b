package rule

import (
	"strconv"
	"strings"
	"time"

	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/money"
	"github.com/tongdan/tongdan/order"
)

// KindRide is what is done about a delivery that nobody takes, or that came to nothing.
const KindRide = "ride" // 自动加价与换配送

// Ride says how much more is offered while no rider comes, and who is asked instead.
type Ride struct {
	Channels    []string `json:"channels" maxItems:"20" doc:"Only orders of these; empty: of all."`
	TipAfter    int      `json:"tip_after" minimum:"0" maximum:"120" doc:"Minutes without a rider after which the tip is raised, and again after as many. 0: it is not."`
	TipStep     string   `json:"tip_step,omitempty" maxLength:"16" doc:"By how much each time: 2."`
	TipMost     string   `json:"tip_most,omitempty" maxLength:"16" doc:"All raises of an order, at most."`
	TipDay      string   `json:"tip_day,omitempty" maxLength:"16" doc:"All raises of a day of the store, at most."`
	SwitchAfter int      `json:"switch_after" minimum:"0" maximum:"240" doc:"Minutes without a rider after which somebody else is asked. 0: only when a delivery came to nothing."`
	Ways        []Way    `json:"ways" maxItems:"8" doc:"Who is asked, in this order; each once for an order."`
	FeeMost     string   `json:"fee_most,omitempty" maxLength:"16" doc:"What one of them may cost, without tip."`
}

// A Way is who could bring an order.
type Way struct {
	By      string `json:"by" enum:"platform,crowd,courier,own" doc:"platform: the riders whom the order's platform sends itself. crowd: its crowd riders. courier: an account at one. own: a rider of the store's own."`
	Courier string `json:"courier_id,omitempty" maxLength:"32" doc:"cou_… of a courier."`
	Rider   string `json:"rider_id,omitempty" maxLength:"32" doc:"rdr_… of an own rider; left out: whoever has the fewest."`
}

// The ways.
const (
	ByPlatform = "platform"
	ByCrowd    = "crowd"
	ByCourier  = "courier"
	ByOwn      = "own"
)

// Text names a way, as it is kept with a decision.
func (w Way) Text() string {
	return strings.TrimSpace(w.By + " " + w.Courier + w.Rider)
}

// Used reports whether a way is what was taken by a word of Text: an own rider who was not
// named is any of them.
func (w Way) Used(text string) bool {
	return text == w.Text() || w.By == ByOwn && w.Rider == "" && strings.HasPrefix(text, ByOwn)
}

// UsualRide is the rule as it is offered to whoever has none.
var UsualRide = Ride{Channels: []string{}, TipAfter: 5, TipStep: "2", TipMost: "6", TipDay: "100", SwitchAfter: 15, Ways: []Way{}, FeeMost: "15"}

// Check is that of Accept.
func (r Ride) Check(cur money.Currency) (wrong []fault.Field) {
	say := func(loc string, why fault.Reason) { wrong = append(wrong, fault.Wrong("body.ride."+loc, why)) }
	if r.TipAfter < 0 || r.TipAfter > 120 {
		say("tip_after", between(0, 120))
	}
	if r.SwitchAfter < 0 || r.SwitchAfter > 240 {
		say("switch_after", between(0, 240))
	}
	if r.TipAfter == 0 && len(r.Ways) == 0 {
		say("ways", fault.Because("field_tip_or_way", "choose a tip, or somebody else who brings it"))
	}
	if r.TipAfter > 0 {
		wrong = append(wrong, sum("body.ride.tip_step", r.TipStep, cur)...)
		wrong = append(wrong, sum("body.ride.tip_most", r.TipMost, cur)...)
		wrong = append(wrong, sum("body.ride.tip_day", r.TipDay, cur)...)
	}
	if len(r.Ways) > 0 {
		wrong = append(wrong, sum("body.ride.fee_most", r.FeeMost, cur)...)
	}
	seen := map[string]bool{}
	for i, w := range r.Ways {
		loc := "ways[" + strconv.Itoa(i) + "]"
		switch {
		case seen[w.Text()]:
			say(loc, fault.Because("field_way_twice", "stands in the list already"))
		case w.By == ByCourier && w.Courier == "", w.By != ByCourier && w.Courier != "", w.By != ByOwn && w.Rider != "":
			say(loc, fault.Because("field_way", "choose one of the ways"))
		}
		seen[w.Text()] = true
	}
	return wrong
}

// RideFacts is how a delivery of an order stands that goes on, or went on last. Moments are UTC
// ms, 0 = it is not so.
type RideFacts struct {
	Sought  int64         // a rider is sought since then
	Over    int64         // it failed or was cancelled
	Settle  time.Duration // so long after Over nothing is done: somebody may be about to do it elsewhere
	Raised  money.Amount  // of the order so far, by rule
	Raises  int           // of this delivery so far, whatever came of them
	Last    int64         // when the last of them was
	Tips    bool          // its rider can be given a tip
	Stopped bool          // the last of them was left undone: there are no more
	Away    bool          // it has left the store, and with it what was to be brought
	Asked   bool          // nobody is left to be asked
}

// The steps of a ride's rule.
const (
	StepTip    = "tip"
	StepSwitch = "switch"
)

// Next says what is to be done next about a delivery, and when, UTC ms; "" = nothing.
func (r Ride) Next(f RideFacts) (step string, at int64) {
	if f.Away {
		return "", 0
	}
	if f.Over > 0 {
		if len(r.Ways) == 0 || f.Asked {
			return "", 0
		}
		return StepSwitch, f.Over + f.Settle.Milliseconds()
	}
	if f.Sought == 0 {
		return "", 0
	}
	if r.TipAfter > 0 && f.Tips && !f.Stopped && r.raise(f.Raised) {
		step, at = StepTip, max(f.Sought, f.Last)+int64(r.TipAfter)*60_000
	}
	if r.SwitchAfter > 0 && len(r.Ways) > 0 && !f.Asked {
		if due := f.Sought + int64(r.SwitchAfter)*60_000; step == "" || due <= at {
			step, at = StepSwitch, due
		}
	}
	return step, at
}

// raise reports whether an order's tip may be raised once more.
func (r Ride) raise(raised money.Amount) bool {
	step, err := money.Parse(r.TipStep, raised.Currency())
	most, err2 := money.Parse(r.TipMost, raised.Currency())
	return err == nil && err2 == nil && raised.Minor()+step.Minor() <= most.Minor()
}

// Step is by how much a tip is raised, in the currency of an order.
func (r Ride) Step(cur money.Currency) money.Amount {
	m, err := money.Parse(r.TipStep, cur)
	if err != nil {
		return money.Of(0, cur)
	}
	return m
}

// JudgeTip says whether a tip is raised: raised is what the order was given so far, day what
// the store's other orders and this one were given that day, in minor units.
func (r Ride) JudgeTip(f RideFacts, now int64, day int64) (Verdict, []order.Ground) {
	j := judgement{verdict: Yes}
	j.need(true, No, fault.Because("rule_no_rider", "no rider for {minutes} minutes", "minutes", strconv.FormatInt(max(now-f.Sought, 0)/60_000, 10)))
	cur := f.Raised.Currency()
	step := r.Step(cur)
	j.atMost(money.Of(f.Raised.Minor()+step.Minor(), cur), r.TipMost)
	sum := money.Of(day+step.Minor(), cur)
	j.need(r.dayLasts(day, cur), No, fault.Because("rule_day_sum", "{sum} today with this one, at most {most}", "sum", sum.Text(), "most", r.TipDay))
	return j.verdict, j.grounds
}

func (r Ride) dayLasts(day int64, cur money.Currency) bool {
	most, err := money.Parse(r.TipDay, cur)
	return err == nil && day+r.Step(cur).Minor() <= most.Minor()
}

// UsedUp reports whether a day's tips leave no room for another one.
func (r Ride) UsedUp(day int64, cur money.Currency) bool {
	return r.TipAfter > 0 && !r.dayLasts(day, cur)
}

// An Offer is a way with what it costs now.
type Offer struct {
	Way  Way
	Name string        // for people
	Fee  *money.Amount // nil = it costs nothing more
	Why  fault.Reason  // why it cannot be taken; zero = it can
	Used bool          // it was asked before
}

// JudgeSwitch chooses who is asked instead: the first of the offers that can be taken and costs
// no more than it may. at is its place; No means that nobody is left. why begins the grounds.
func (r Ride) JudgeSwitch(offers []Offer, why fault.Reason) (v Verdict, at int, grounds []order.Ground) {
	grounds = []order.Ground{{Met: true, Why: why}}
	for i, o := range offers {
		say := func(met bool, why fault.Reason) {
			grounds = append(grounds, order.Ground{Met: met, Why: why.After(o.Name)})
		}
		switch {
		case o.Used:
			say(false, fault.Because("rule_way_used", "was asked before"))
			continue
		case !o.Why.IsZero():
			say(false, o.Why)
			continue
		case o.Fee != nil:
			fits := r.fits(*o.Fee)
			say(fits, fault.Because("rule_amount", "{sum}, at most {most}", "sum", o.Fee.Text(), "most", r.FeeMost))
			if !fits {
				continue
			}
		default:
			say(true, fault.Because("rule_way", "can bring it"))
		}
		return Yes, i, grounds
	}
	return No, -1, append(grounds, order.Ground{Why: WhyNoWay})
}

// WhyNoWay is the condition that there is somebody else who can be asked.
var WhyNoWay = fault.Because("rule_no_way", "somebody else can bring it")

func (r Ride) fits(fee money.Amount) bool {
	most, err := money.Parse(r.FeeMost, fee.Currency())
	return err == nil && fee.Minor() <= most.Minor()
}
