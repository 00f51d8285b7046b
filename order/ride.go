package order

import (
	"cmp"
	"slices"
	"strings"

	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/money"
)

// KindRide is a record of ours, linked to its order: one attempt to bring it that the
// platform has no part in, by a rider of the store's own or by another courier. Its words on
// AxisDelivery are our own (rideWords), whoever said them.
const KindRide = "ride"

// The registers of a ride. RegRider is that of orders.
const (
	RegRide  = "ride"  // Ride: what was asked for; written once
	RegFare  = "fare"  // Fare: what it costs, as far as it is known
	RegPlace = "place" // Position: where the rider was last

	RegSilent = "silent" // Silence: since when its courier answers nothing
)

// RegLiable is, on the record of kind KindOwn, who answers for a delivery that went wrong: a
// Liable, under this prefix and the delivery's key.
const RegLiable = "liable/"

// The ways of a ride.
const (
	RideOwn     = "own"     // a rider of the store's own
	RideCourier = "courier" // another courier
)

// A Ride is what was asked for.
type Ride struct {
	Way     string        `json:"way"`               // RideOwn or RideCourier
	By      string        `json:"by"`                // usr_…, key_… or a rule: who asked
	At      int64         `json:"at"`                // UTC ms
	Courier string        `json:"courier,omitempty"` // cou_… of the account
	Make    string        `json:"make,omitempty"`    // the courier's word: "dada"
	Rider   string        `json:"rider,omitempty"`   // rdr_… of an own rider
	Most    *money.Amount `json:"most,omitempty"`    // the fee that was agreed to: more is not paid without asking again
	Since   string        `json:"since,omitempty"`   // the key of the attempt that it comes instead of
}

// A Fare is what a ride costs.
type Fare struct {
	Fee      *money.Amount `json:"fee,omitempty"`
	Tip      *money.Amount `json:"tip,omitempty"`
	Penalty  *money.Amount `json:"penalty,omitempty"`  // for cancelling it
	Distance int64         `json:"distance,omitempty"` // metres
	Ref      string        `json:"ref,omitempty"`      // the courier's number
}

// A Position is where a rider was, in degrees of GCJ-02. The zero value is that nobody needs to know it any more.
type Position struct {
	Lat float64 `json:"lat"`
	Lng float64 `json:"lng"`
	At  int64   `json:"at"`
}

// A Silence is since when a courier that is asked for a ride gives no answer, UTC ms; 0 = it answers.
type Silence struct {
	At int64 `json:"at"`
}

// A Party is one of those who can have caused that a delivery went wrong.
type Party string

// The parties.
const (
	PartyPlatform Party = "platform"
	PartyCourier  Party = "courier" // the rider, or who sent him
	PartyMerchant Party = "merchant"
	PartyCustomer Party = "customer"
	PartyUnknown  Party = "unknown" // a person has looked, and cannot say
)

// Parties are all of them.
var Parties = []Party{PartyPlatform, PartyCourier, PartyMerchant, PartyCustomer, PartyUnknown}

// What can go wrong with a delivery that had begun.
const (
	WrongFailed    = "failed"
	WrongReturned  = "returned"
	WrongCancelled = "cancelled"
	WrongLate      = "late"
)

// Wrong says what went wrong with one of an order's deliveries; "" = nothing. Late is what came
// after the moment that was promised, else after the one that the platform estimated.
func (o *Order) Wrong(d Delivery) string {
	switch d.State {
	case DeliveryFailed:
		return WrongFailed
	case DeliveryReturned:
		return WrongReturned
	case DeliveryCancelled:
		for _, u := range d.Updates { // one that never began is nobody's
			if u.State != DeliveryCancelled {
				return WrongCancelled
			}
		}
	case DeliveryDelivered:
		by := cmp.Or(o.Times.Promised, o.Times.Estimated)
		if at := d.Since(); d.Kind == "rider" && by > 0 && at > by {
			return WrongLate
		}
	}
	return ""
}

// A Liable says who answers for a delivery that went wrong. Without By it follows from a
// reason code.
type Liable struct {
	Party Party  `json:"party"`
	Why   string `json:"why,omitempty"`
	By    string `json:"by,omitempty"` // usr_… or key_… of who said so
	At    int64  `json:"at,omitempty"`
}

// Our words for the states of a ride. StatePlanned waits for what comes before it: another
// attempt that has to be over first.
const StatePlanned = "planned"

var rideWords = Axis{First: TimeFirst, Words: map[string]Meaning{
	StatePlanned:              {Rank: 0, Is: NoDelivery},
	string(DeliverySought):    {Rank: 10, Is: DeliverySought},
	string(DeliveryAssigned):  {Rank: 20, Is: DeliveryAssigned},
	string(DeliveryAtStore):   {Rank: 30, Is: DeliveryAtStore},
	string(DeliveryOnTheWay):  {Rank: 40, Is: DeliveryOnTheWay},
	string(DeliveryFailed):    {Rank: 50, Is: DeliveryFailed},
	string(DeliveryReturned):  {Rank: 60, Is: DeliveryReturned},
	string(DeliveryCancelled): {Rank: 70, Is: DeliveryCancelled},
	string(DeliveryDelivered): {Rank: 80, Is: DeliveryDelivered},
}}

// Rides are the attempts that the platform has no part in, oldest first.
func (o *Order) Rides() []Delivery {
	var out []Delivery
	for _, d := range o.Delivered {
		if d.Ride != nil {
			out = append(out, d)
		}
	}
	return out
}

// Riding is the attempt by a ride that goes on, planned ones not among them.
func (o *Order) Riding() (Delivery, bool) {
	for _, d := range slices.Backward(o.Rides()) {
		if d.Live() {
			return d, true
		}
	}
	return Delivery{}, false
}

// Live reports whether an attempt goes on: somebody is sought, or has it.
func (d Delivery) Live() bool {
	switch d.State {
	case DeliverySought, DeliveryAssigned, DeliveryAtStore, DeliveryOnTheWay:
		return true
	}
	return false
}

// Planned reports whether a ride waits for what comes before it.
func (d Delivery) Planned() bool { return d.Ride != nil && d.Theirs == StatePlanned }

// Since is since when an attempt is in its state, UTC ms; 0 = not told.
func (d Delivery) Since() int64 {
	at := int64(0)
	for _, u := range d.Updates {
		if u.State == d.State && u.At > at {
			at = u.At
		}
	}
	return at
}

func (o *Order) ride(l Linked) {
	said, m, ok, _ := rideWords.holds(l.Record.Axes[AxisDelivery])
	ride, is := Get[Ride](l.Record, RegRide)
	if !ok || !is {
		return
	}
	d := Delivery{Key: l.Ref.ID, Kind: "rider", State: m.Is, Theirs: said.State, Ride: &ride}
	if r, ok := Get[Rider](l.Record, RegRider); ok && m.Is != DeliverySought && m.Is != NoDelivery {
		d.Rider = &r
	}
	d.Fare, _ = Get[Fare](l.Record, RegFare)
	if p, ok := Get[Position](l.Record, RegPlace); ok && p.At > 0 && d.Live() {
		d.Place = &p
	}
	if s, ok := Get[Silence](l.Record, RegSilent); ok {
		d.Silent = s.At
	}
	trail := slices.Clone(l.Record.Axes[AxisDelivery])
	slices.SortStableFunc(trail, func(a, b Said) int { // within a second as they follow each other
		return cmp.Or(cmp.Compare(a.At, b.At), cmp.Compare(rideWords.Words[a.State].Rank, rideWords.Words[b.State].Rank))
	})
	for _, s := range trail {
		is := rideWords.Words[s.State].Is
		if n := len(d.Updates); is == NoDelivery || n > 0 && d.Updates[n-1].State == is {
			continue
		}
		e := Event{s.At, AxisDelivery, d.Key, is, s.State, s.Who, s.Why, false}
		d.Updates, o.Events = append(d.Updates, e), append(o.Events, e)
	}
	o.Delivered = append(o.Delivered, d)
}

// rides settles what rides mean for the whole order. Where the store brings it itself, what
// the platform says of the delivery is what we have told it of the ride: one attempt, not two.
func (o *Order) rides() {
	list := o.Rides()
	if len(list) == 0 {
		return
	}
	first := list[0].Ride.At
	for _, d := range list {
		first = min(first, d.Ride.At)
	}
	if o.Head.Logistics == BySelf {
		first -= first % 1000 // platforms' times are of whole seconds
		for _, d := range o.Delivered {
			if d.Ride == nil && d.Kind == "rider" && d.State != DeliveryCancelled {
				o.mirror = d.State
			}
		}
		ours := map[string]bool{} // by name: a rider of the platform's whom it has sent away is none of them
		for _, d := range list {
			for _, u := range d.Updates {
				ours[u.Who] = ours[u.Who] || u.Who != ""
			}
		}
		o.Delivered = slices.DeleteFunc(o.Delivered, func(d Delivery) bool {
			if d.Ride != nil || d.Kind != "rider" || len(d.Updates) == 0 || d.Updates[0].At < first {
				return false
			}
			return d.State != DeliveryCancelled || d.Updates[0].State == DeliveryCancelled || slices.ContainsFunc(d.Updates, func(u Event) bool { return ours[u.Who] })
		})
		o.Events = slices.DeleteFunc(o.Events, func(e Event) bool {
			return e.Axis == AxisDelivery && e.Key == "" && e.At >= first && slices.ContainsFunc(list, func(d Delivery) bool {
				return slices.ContainsFunc(d.Updates, func(u Event) bool { return u.State == e.State })
			})
		})
	}
	slices.SortStableFunc(o.Delivered, func(a, b Delivery) int {
		at := func(d Delivery) int64 {
			switch {
			case d.Ride != nil:
				return d.Ride.At
			case len(d.Updates) > 0:
				return d.Updates[0].At
			}
			return 0
		}
		return cmp.Compare(at(a), at(b))
	})
}

// blame says who answers for each delivery that went wrong: as a person has said, else as the
// reason code tells.
func (o *Order) blame(own Record, g *Grammar) {
	for i := range o.Delivered {
		d := &o.Delivered[i]
		if l, ok := Get[Liable](own, RegLiable+d.Key); ok {
			if l.Party != "" {
				d.Liable = &l
			}
			continue
		}
		if d.State != DeliveryCancelled && d.State != DeliveryFailed && d.State != DeliveryReturned {
			continue
		}
		for _, u := range slices.Backward(d.Updates) {
			if u.State != d.State {
				continue
			}
			code, _, _ := strings.Cut(u.Why, " ")
			if p := cmp.Or(Party(g.Liable[code]), rideLiable[code]); p != "" {
				d.Liable = &Liable{Party: p, Why: u.Why, At: u.At}
			}
			break
		}
	}
	if o.Axes.Work != WorkCancelled {
		return
	}
	code, _, _ := strings.Cut(o.CancelWhy, " ")
	if p := g.Liable[code]; p != "" && len(o.Delivered) > 0 {
		if d := &o.Delivered[len(o.Delivered)-1]; d.Liable == nil {
			d.Liable = &Liable{Party: p, Why: o.CancelWhy}
		}
	}
}

// The reasons with which a ride ends, as the first word of Said.Why.
const (
	RideByCourier  = "by_courier"  // the rider or the courier gave up
	RideByMerchant = "by_merchant" // we cancelled it
	RideByCustomer = "by_customer" // the customer cancelled, is not there or refuses
	RideNotLet     = "not_let"     // it never began: the platform brings the order after all
)

var rideLiable = map[string]Party{RideByCourier: PartyCourier, RideByMerchant: PartyMerchant, RideByCustomer: PartyCustomer}

// told reports whether the platform itself says one of these states of the delivery: with a
// ride the order's own state is ahead of what the platform has been told.
func (o *Order) told(states ...State) bool {
	if len(o.Rides()) == 0 {
		return deliveryIs(states...)(o)
	}
	return slices.Contains(states, o.mirror)
}

// Unrideable says why an order cannot be brought by a ride now: its own state, or its platform's
// riders, whom the store cannot send away.
func Unrideable(o *Order, powers []Power) (fault.Reason, bool) {
	for _, forbids := range append(slices.Clone(alive), complete, paid, accepted) {
		if why, yes := forbids(o, Power{}); yes {
			return why, true
		}
	}
	if d, riding := o.Riding(); riding && d.State == DeliveryOnTheWay && d.Ride.Way == RideCourier {
		return WhyOnTheWay, true
	}
	switch o.Head.Logistics {
	case BySelf:
		if len(o.Rides()) == 0 && deliveryIs(DeliveryOnTheWay, DeliveryDelivered)(o) || o.told(DeliveryDelivered) {
			return WhyOnTheWay, true
		}
		return fault.Reason{}, false
	case ByCrowd, ByPlatform:
		for _, p := range powers {
			if p.Kind == DeliverSelf {
				why, yes := allowed(o, p)
				return why, !yes
			}
		}
	}
	return WhyLogistics, true
}
