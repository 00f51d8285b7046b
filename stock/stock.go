// Package stock says how many pieces there are, who has them, and how many each channel
// may show. It is pure: package db keeps what it computes, package hub asks it.
//
// # Levels
//
// A level is what one store has of one SKU: on hand, less what open orders keep, is
// sellable. On hand changes by movements, each with a reason; what an order keeps, and
// what has left with it, follows from the order.
//
// # What a channel may still sell
//
// A platform sells from a number of its own. It takes a sale off that number at once,
// and we hear of the sale later. So for each offer (a SKU as sold in one shop) there are
// two things that we do not know: the number as it is now, and how much was sold that we
// have not heard of. Their sum is what the channel may still make us deliver. Offer.May
// is an upper bound of it, and the rule of this package is
//
//	the sum of May over all channels is at most what is sellable.
//
// A sale moves a piece from the number to the unheard, and when we hear of it, May and
// sellable both go down by one: nothing has to be sent. Only four things change May:
//
//   - a sale that is heard of takes its pieces off;
//   - a cancellation that is heard of puts them back, since the platform may have done so;
//   - a call that sets the number to v adds v, at the moment when the call is begun: the
//     old number may have been sold to the last piece without our knowing, and then v
//     comes on top. That holds for each call, whether its answer comes or not, and in
//     whatever order calls are carried out. A call that certainly was not carried out
//     takes its v off again;
//   - a look that has ripened brings May down to what was seen: the number was read, no
//     call was under way, and afterwards all orders that the platform had at that moment
//     were heard of. What was seen and has been sold since is no longer unheard.
//
// So a call may raise a channel only by what is free (sellable less the sum of May), and
// pieces go from one channel to another in three steps: set the first to 0, look at it
// until it is certain what it has sold, and only then give the rest away. A number above
// what a channel was given is another person's doing, or the platform sold more than it
// was given: both are seen and said.
package stock

import (
	"cmp"
	"slices"

	"github.com/tongdan/tongdan/internal/mutant"
)

// Unlimited is a number that is never sold out ("*"), or one that nobody has seen yet.
const Unlimited int64 = 1 << 40

// None stands for "no number": nothing is being sent.
const None int64 = -1

// Max is the largest number that is counted or shown.
const Max = 99_999_999

// A Level is what one store has of one SKU.
type Level struct {
	OnHand   int64 // the sum of all movements; below 0 when more left than was booked in
	Reserved int64 // what open orders keep
}

// Sellable is what nobody has bought yet. Below 0, orders exist that cannot be served.
func (l Level) Sellable() int64 { return l.OnHand - l.Reserved }

// A Reason says why pieces came or went.
type Reason string

// The reasons of movements.
const (
	Receipt    Reason = "receipt"    // goods came in, or came back
	Count      Reason = "count"      // somebody counted, and this is the difference
	SaleOut    Reason = "sale_out"   // they left with an order
	Waste      Reason = "waste"      // they were made for an order that was cancelled before it left
	Correction Reason = "correction" // anything else that a person books: broken, given away
)

// An Offer is what is known of a SKU in one shop. The zero value is an offer that
// nobody has looked at; see New.
type Offer struct {
	Known   bool  // a look has ripened: May is a bound
	Barred  bool  // nothing is given to it, since the platform refused the last numbers
	May     int64 // at most: what the channel shows now, and what it has sold unheard
	Shown   int64 // what it shows, as far as we know; it may have sold some since
	Sending int64 // the value of the call that is under way, or None
	Look    Look
}

// A Look is a reading of the number, and how far it has ripened.
type Look struct {
	Stage Stage
	N     int64 // goes up with each look, so that an old one is not taken for a new one
	May   int64 // May when it began
	Taken int64 // pieces of sales heard of since it began
	Back  int64 // pieces of cancellations heard of since it began
	Value int64 // what was read
}

// A Stage is how far a look is.
type Stage int

// The stages of a look.
const (
	Quiet   Stage = iota // May is as good as it gets
	Wanted               // May may be higher than it need be
	Reading              // the number is being read
	Read                 // it ripens when all orders of that moment have been heard of
)

// New is an offer that was just bound: what it shows is not known.
func New() Offer {
	return Offer{May: Unlimited, Shown: 0, Sending: None, Look: Look{Stage: Wanted}}
}

// Take books that an order keeps and has taken out so many pieces more (or fewer) than
// before. It gives how many the platform sold beyond what the channel had been given.
func Take(l *Level, o *Offer, kept, gone int64) (beyond int64) {
	l.Reserved += kept
	l.OnHand -= gone
	switch n := kept + gone; {
	case n > 0:
		if o.Known {
			beyond = max(n-o.May, 0)
		}
		o.May = max(o.May-n, 0)
		o.Look.Taken += n
		o.Shown = max(o.Shown-n, 0)
	case n < 0:
		o.May -= n
		o.Look.Back -= n
		o.Want()
	}
	return beyond
}

// Passed books an order that was heard of only when so many of its pieces had been given
// back: they were sold and returned without our knowing.
func (o *Offer) Passed(n int64) {
	if n > 0 {
		o.Look.Back += n
		o.Want()
	}
}

// Restocked books that the platform may have put pieces on sale again that are not there:
// their order was cancelled after they had left.
func (o *Offer) Restocked(n int64) {
	if n > 0 {
		o.May += n
		o.Look.Back += n
		o.Want()
	}
}

// Want asks for a look, unless one is under way.
func (o *Offer) Want() {
	if o.Look.Stage == Quiet {
		o.Look.Stage = Wanted
	}
}

// Send begins a call that sets the number to v. A look that has not ripened is void.
func (o *Offer) Send(v int64) {
	o.May += v
	o.Sending = v
	o.Look.Stage = Wanted
}

// Sent ends a call that the platform answered with yes.
func (o *Offer) Sent() {
	if o.Sending == None {
		return
	}
	if mutant.On(mutant.RaiseEarly) {
		o.May, o.Known = o.Sending, true
	}
	o.Shown, o.Sending = o.Sending, None
}

// NotSent ends a call that was certainly not carried out.
func (o *Offer) NotSent() {
	if o.Sending != None {
		o.May -= o.Sending
		o.Sending = None
	}
}

// Lost ends a call of which nobody knows whether it was carried out, once it can no
// longer be.
func (o *Offer) Lost() { o.Sending = None }

// BeginLook begins to read the number. No call may be under way.
func (o *Offer) BeginLook() {
	o.Look = Look{Stage: Reading, N: o.Look.N + 1, May: o.May}
}

// Saw is what a look read.
func (o *Offer) Saw(n, value int64) {
	if o.Look.Stage != Reading || o.Look.N != n {
		return
	}
	o.Look.Stage, o.Look.Value = Read, value
	o.Shown = value
}

// NotRead ends a look that the platform refused.
func (o *Offer) NotRead() { o.Look = Look{N: o.Look.N} }

// Ripen ends a look: every order that the platform had when the number was read has
// been heard of, and no call was begun since the look began. It gives by how much the
// number was above anything that the channel had been given: somebody else set it, and
// it counts from now on. ok is false when there is no such look.
// When something was heard of meanwhile, May may still be higher than it need be, and
// another look is wanted.
func (o *Offer) Ripen(n int64) (over int64, ok bool) {
	if o.Look.Stage != Read || o.Look.N != n {
		return 0, false
	}
	if over = max(o.Look.Value-o.Look.May-o.Look.Back, 0); o.Known {
		o.May += over
	}
	exact := o.Look.Back == 0 && (o.Look.Taken == 0 || o.Look.Value == o.Look.May)
	o.May, o.Known = min(o.May, o.Look.Value+o.Look.Back), true
	o.Shown = min(o.Shown, o.May)
	if o.Look = (Look{N: o.Look.N}); !exact {
		o.Look.Stage = Wanted
	}
	return over, true
}

// Gone notes that the platform has no such thing any more: it sells nothing.
func (o *Offer) Gone() {
	o.Known, o.May, o.Shown = true, 0, 0
	o.Look = Look{N: o.Look.N}
}

// Free is what may be given to a channel now; below 0, so many pieces more may be sold
// than there are.
func Free(l Level, offers []Offer) int64 {
	free := l.Sellable()
	for _, o := range offers {
		free -= o.May
	}
	return free
}

// A Push is a number to be set.
type Push struct {
	At    int // index of the offer
	Value int64
}

// few is the number of shown pieces below which an offer is not closed so that another
// one, which shows nothing, gets a part.
const few = 4

// Plan says what is to be set, given the offers of one SKU at one store that may be
// written. It gives at most one push an offer and none for one with a call under way.
//
// When more may be sold than there is, channels are set to 0 until the rest is safe: the
// smallest one that suffices. When something is free, channels that show little get it,
// up to an even share each. A channel is not raised before that at least doubles what it
// shows, so that not every sale causes a call: the last free pieces reach the channels as
// they sell. When nothing is free and one channel shows nothing, the one that shows most
// is set to 0, and what it had is shared once it is certain what it has sold.
func Plan(l Level, offers []Offer) []Push {
	free := l.Sellable()
	unknown := false
	ready := int64(0) // how many share
	var open []int    // may be called now
	draining := false
	for i, o := range offers {
		if !o.Known {
			unknown = true
			continue
		}
		if !mutant.On(mutant.ChannelAlone) || o.May > Max {
			free -= o.May
		}
		draining = draining || o.Sending != None || o.Look.Stage != Quiet && o.May > 0
		if o.Sending == None {
			open = append(open, i)
		}
		ready += one(!o.Barred)
	}
	switch {
	case free < 0:
		return lower(-free, offers, open)
	case unknown:
		return nil // nobody knows what the new one shows: nothing is given away
	case free > 0:
		return raise(l.Sellable(), ready, free, offers, open)
	case !draining:
		return share(offers, open)
	}
	return nil
}

// lower sets channels to 0 until so many pieces are safe. Those that show nothing and
// whose look has not ripened are on their way already.
func lower(over int64, offers []Offer, open []int) []Push {
	var can []int
	for i, o := range offers {
		switch {
		case !o.Known || o.May == 0:
		case o.Sending == 0 || o.Shown == 0 && o.Look.Stage != Quiet:
			over -= o.May
		case slices.Contains(open, i):
			can = append(can, i)
		}
	}
	slices.SortStableFunc(can, func(a, b int) int { return cmp.Compare(offers[a].May, offers[b].May) })
	var out []Push
	for over > 0 && len(can) > 0 {
		at := slices.IndexFunc(can, func(i int) bool { return offers[i].May >= over })
		if at < 0 {
			at = len(can) - 1
		}
		over -= offers[can[at]].May
		out = append(out, Push{can[at], 0})
		can = slices.Delete(can, at, at+1)
	}
	return out
}

func raise(sellable, ready, free int64, offers []Offer, open []int) []Push {
	fair := (sellable + ready - 1) / max(ready, 1)
	slices.SortStableFunc(open, func(a, b int) int { return cmp.Compare(offers[a].Shown, offers[b].Shown) })
	var out []Push
	for _, i := range open {
		v := min(free, fair, Max)
		if v >= 1 && v >= 2*offers[i].Shown && !offers[i].Barred {
			out = append(out, Push{i, v})
			free -= v
		}
	}
	return out
}

func one(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

func share(offers []Offer, open []int) []Push {
	most, empty := -1, false
	for _, i := range open {
		empty = empty || offers[i].May == 0 && !offers[i].Barred
		if offers[i].Shown >= few && (most < 0 || offers[i].Shown > offers[most].Shown) {
			most = i
		}
	}
	if !empty || most < 0 {
		return nil
	}
	return []Push{{most, 0}}
}
