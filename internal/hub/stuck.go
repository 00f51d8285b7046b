package hub

import (
	"cmp"
	"encoding/json"
	"slices"
	"strconv"
	"time"

	"github.com/tongdan/tongdan/internal/db"
	"github.com/tongdan/tongdan/order"
)

// ConcernStuck is a delivery that stands still: nobody takes it, who has taken it does not come, does
// not leave or does not arrive, or who brings it says nothing any more.
const ConcernStuck = "stuck" // 配送停滞

// Why a delivery stands still is the state that it does not leave, or one of these.
const (
	stuckUntold = "none"   // the platform brings it, and has said nothing of a rider yet
	stuckSilent = "silent" // whoever brings it answers no question
)

// A Patience is how many minutes a delivery may stay as it is before somebody is told.
type Patience struct {
	Sought  int `json:"sought" minimum:"3" maximum:"120" doc:"Nobody has taken it."`
	Taken   int `json:"taken" minimum:"3" maximum:"120" doc:"A rider has taken it and is not at the store."`
	AtStore int `json:"at_store" minimum:"3" maximum:"120" doc:"He is at the store and has not picked it up; of a rider of the store's own, since he was told or it should have been ready."`
	Late    int `json:"late" minimum:"1" maximum:"120" doc:"It is on its way, past the promised time; without one, past the store's usual way."`
	Silent  int `json:"silent" minimum:"3" maximum:"120" doc:"A courier answers nothing, or a platform that is to bring it has said nothing of a rider in the time of nobody taking it and this together."`
}

// UsualPatience holds until somebody changes it.
var UsualPatience = Patience{Sought: 10, Taken: 15, AtStore: 15, Late: 10, Silent: 10}

const (
	stuckWorse = 10 * time.Minute
	stuckNever = 12 * time.Hour // what has lasted so long will not move any more, and was told long ago
)

// A stand is a way in which a delivery stands still, or will from a moment on.
type stand struct {
	why   string
	still int64 // since when it is so, UTC ms
	due   int64 // when it has lasted too long
	by    int64 // when it was promised; 0 = of no interest, or not told
}

// standsOf lists how an order's delivery stands still, the gravest first. It is pure: with the same facts
// it is the same on every node and after a restart.
func standsOf(s *Summary, wait Patience, pace db.Pace) (out []stand) {
	if s.Kind != order.Takeaway || !slices.Contains([]order.Status{order.StatusAccepted, order.StatusReady, order.StatusDelivering}, s.Status) {
		return nil
	}
	const minute = 60_000
	add := func(why string, still, from int64, minutes int) {
		if still > 0 {
			out = append(out, stand{why, still, max(still, from) + int64(minutes)*minute, 0})
		}
	}
	add(stuckSilent, s.Since["silent"], 0, wait.Silent)
	switch s.Axes.Delivery {
	case order.DeliverySought:
		add(string(order.DeliverySought), s.Since["sought"], 0, wait.Sought)
	case order.DeliveryAssigned:
		if s.Ride != nil && s.Ride.Way == order.RideOwn { // he comes when there is something to bring
			add(string(order.DeliveryAtStore), s.Since["assigned"], s.ReadyByAt, wait.AtStore)
			break
		}
		add(string(order.DeliveryAssigned), s.Since["assigned"], 0, wait.Taken)
	case order.DeliveryAtStore:
		add(string(order.DeliveryAtStore), s.Since["rider"], 0, wait.AtStore)
	case order.DeliveryOnTheWay:
		left, by := s.Since["on_the_way"], max(s.PromisedAt, s.EstimatedAt)
		if add(string(order.DeliveryOnTheWay), left, cmp.Or(by, left+int64(pace.Travel)*minute), wait.Late); left > 0 {
			out[len(out)-1].by = by
		}
	case order.NoDelivery:
		if s.Logistics == order.ByPlatform {
			from := cmp.Or(s.Since["accepted"], max(s.PlacedAt, s.PaidAt))
			soon := s.PromisedAt - int64(2*pace.Travel)*minute // a pre-order's rider is called when its time comes
			add(stuckUntold, max(from, s.BeginAt, soon), 0, wait.Sought+wait.Silent)
		}
	}
	return out
}

// stuckOf is how an order's delivery stands still now. A delivery is told of once for each state that it
// does not leave.
func stuckOf(s *Summary, now int64, wait Patience, pace db.Pace) (stand, bool) {
	for _, x := range standsOf(s, wait, pace) {
		if now >= x.due && now-x.due < stuckNever.Milliseconds() {
			return x, true
		}
	}
	return stand{}, false
}

// stuckKey names a stand of an order's delivery for as long as nothing moves.
func stuckKey(s *Summary, x stand) string {
	who := "platform"
	if s.Ride != nil {
		who = s.Ride.Key
	}
	return ConcernStuck + "/" + s.ID.String() + "/" + who + "/" + x.why + "/" + strconv.FormatInt(x.still/1000, 36)
}

// stuckConcern is the message of it. One that waits for the platform's answer while the platform answers
// nothing says so (see withoutAnswer).
func stuckConcern(s *Summary, x stand) Concern {
	c := Concern{Key: stuckKey(s, x), Cause: x.why, StillAt: x.still, SinceAt: x.due, DueAt: x.by, Way: "platform"}
	switch {
	case s.Ride != nil:
		c.Way, c.Subject = s.Ride.Way, s.Ride.Name
	case s.Logistics == order.BySelf:
		c.Way = order.RideOwn
	}
	return c
}

// withoutAnswer marks the deliveries of platforms that cannot be asked: what they said last is old.
func withoutAnswer(list, troubles []Concern) {
	for i := range list {
		c := &list[i]
		if c.Kind == ConcernStuck && c.Way == "platform" && slices.ContainsFunc(troubles, func(x Concern) bool { return x.AccountID == c.AccountID && x.Urgent }) {
			c.Cause = stuckSilent
		}
	}
}

// stillStuck reports whether a delivery is as it was when a message of it was made, whatever time its
// store gives it.
func stillStuck(r *db.Listed, key string) bool {
	var s Summary
	return json.Unmarshal(r.Summary, &s) == nil && slices.ContainsFunc(standsOf(&s, Patience{}, db.Pace{}), func(x stand) bool { return stuckKey(&s, x) == key })
}
