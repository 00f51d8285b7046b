package order

import (
	"maps"
	"slices"

	"github.com/tongdan/tongdan/internal/mutant"
)

// Wants is what an order asks of the rest of the world. It is level, not edge: it is
// computed anew from the whole order after each merge, and only the difference to
// what is there is written.
type Wants struct {
	Reserve map[string]int64 `json:"reserve,omitempty"` // offer key (SKU, else the platform's code) → pieces
	Due     []Deadline       `json:"due,omitempty"`
	Issues  []Issue          `json:"issues,omitempty"`
	Asks    []string         `json:"asks,omitempty"` // of the platform: AskAcknowledge, AskRead
}

// What an order can ask of its platform without a person.
const (
	AskAcknowledge = "acknowledge" // tell the platform that the order has arrived
	AskRead        = "read"        // read it again: it is incomplete
)

// WantsOf computes the wants. An order without bill and shop wants only to be read
// and to have its issues shown; one that is cancelled, replaced or unpaid reserves
// nothing, whichever message came first.
func WantsOf(o *Order, g *Grammar) Wants {
	w := Wants{Issues: o.Issues, Due: o.Deadlines}
	dead := o.Status == StatusCancelled || o.Status == StatusReplaced
	if (!o.Complete() || o.Partial) && !dead {
		w.Asks = append(w.Asks, AskRead)
	}
	if !o.Complete() || dead {
		return w
	}
	if g.Acknowledge && o.Status == StatusNew {
		w.Asks = append(w.Asks, AskAcknowledge)
	}
	onTheWay := o.Status == StatusDelivering || o.Status == StatusDelivered || o.Status == StatusDone
	if o.Status == StatusUnpaid || onTheWay {
		return w
	}
	for _, l := range o.Bill.Lines {
		key := l.SKU
		if key == "" {
			key = l.Ref
		}
		if n := l.Quantity - l.Refunded; key != "" && n > 0 {
			if w.Reserve == nil {
				w.Reserve = map[string]int64{}
			}
			w.Reserve[key] += n
		}
	}
	return w
}

// A Move is a reservation whose target changed.
type Move struct {
	SKU      string
	From, To int64
}

// A Difference is what has to be written to get from one set of wants to another.
type Difference struct {
	Reserve []Move // sorted by SKU
	Opened  []Issue
	Closed  []Issue
	Asks    []string // newly asked
	Dropped []string // no longer asked
	Due     bool     // deadlines differ
}

// Diff compares what is there with what is wanted.
func Diff(have, want Wants) Difference {
	var d Difference
	for _, sku := range slices.Sorted(maps.Keys(union(have.Reserve, want.Reserve))) {
		if f, t := have.Reserve[sku], want.Reserve[sku]; f != t {
			d.Reserve = append(d.Reserve, Move{sku, f, t})
		}
	}
	d.Opened, d.Closed = minus(want.Issues, have.Issues, Issue.is), minus(have.Issues, want.Issues, Issue.is)
	same := func(a, b string) bool { return a == b }
	d.Asks, d.Dropped = minus(want.Asks, have.Asks, same), minus(have.Asks, want.Asks, same)
	d.Due = !slices.Equal(have.Due, want.Due)
	return d
}

func union(a, b map[string]int64) map[string]int64 {
	out := maps.Clone(a)
	if out == nil {
		out = map[string]int64{}
	}
	for k := range b {
		out[k] += 0
	}
	return out
}

func minus[T any](a, b []T, same func(T, T) bool) []T {
	var out []T
	for _, x := range a {
		if !slices.ContainsFunc(b, func(y T) bool { return same(x, y) }) {
			out = append(out, x)
		}
	}
	return out
}

// A Take is what one line takes of the stock, however often it was changed meanwhile.
type Take struct {
	Line     string // its key in the bill
	Ref, SKU string // as the line names what was sold
	Quantity int64  // as sold
	Kept     int64  // while it waits to leave
	Gone     int64  // when it has left, or was wasted
	Wasted   int64  // of what has gone: it was made and never left, since the order was cancelled
	Back     int64  // of what has gone: the platform may have put it on sale again, since the order is cancelled
}

// hasLeft reports whether an order's goods have gone out of the store, now or at any time
// before: a cancel that comes after the rider has taken them ends the delivery as well,
// and brings nothing back.
func hasLeft(o *Order) bool {
	return o.Axes.Work == WorkDone || Away(o.Axes.Delivery) || slices.ContainsFunc(o.Events, func(e Event) bool {
		return e.Axis == AxisWork && e.State == WorkDone || e.Axis == AxisDelivery && Away(e.State)
	})
}

// wasMade reports whether an order was made to order and somebody said that it is ready:
// the kitchen, or the platform in our name. Parcels hold goods that can be sold again.
func wasMade(o *Order) bool {
	return o.Head.Kind == Takeaway && (o.Made.At > 0 || slices.ContainsFunc(o.Events, func(e Event) bool {
		return e.Axis == AxisWork && e.State == WorkReady
	}))
}

// TakesOf tells what an order takes of the store's stock, line by line. One that is
// cancelled or replaced takes nothing unless its goods had left (see StayedBehind) or, made to order, were
// ready: then they are wasted, and whoever can use them all the same books them in. One whose goods the
// platform keeps (Full), or that is unpaid or not complete, has no lines here. A refund
// of a part gives nothing back: whether those pieces were missing, spoilt or are still
// there is not told, and what was sold again on that account could not leave with the
// order any more. A person books them in.
func TakesOf(o *Order) []Take {
	if !o.Complete() || o.Status == StatusUnpaid || o.Head.Logistics == Full {
		return nil
	}
	left, made := hasLeft(o), wasMade(o)
	dead := o.Status == StatusCancelled || o.Status == StatusReplaced
	var out []Take
	for _, l := range o.Bill.Lines {
		t := Take{Line: l.Key, Ref: l.Ref, SKU: l.SKU, Quantity: l.Quantity}
		switch {
		case left:
			t.Gone = l.Quantity
			if o.Status == StatusCancelled {
				t.Back = l.Quantity
			}
		case !dead:
			t.Kept = l.Quantity
		case o.Status == StatusCancelled && made && !mutant.On(mutant.MadeReturns):
			t.Gone, t.Wasted, t.Back = l.Quantity, l.Quantity, l.Quantity
		}
		if l.Quantity > 0 {
			out = append(out, t)
		}
	}
	return out
}

// StayedBehind reports whether an order was cancelled or replaced before its parcel left,
// by the platform's own times; false where they are not told. A parcel that carries other
// orders as well then left without its goods. Of one that carries nothing else it is not
// known: whoever brings it may have had it in hand.
func StayedBehind(o *Order) bool {
	if o.Times.Cancelled == 0 || o.Status != StatusCancelled && o.Status != StatusReplaced {
		return false
	}
	var left int64
	for _, d := range o.Delivered {
		for _, u := range d.Updates {
			if Away(u.State) && (left == 0 || u.At < left) {
				left = u.At
			}
		}
	}
	return left > o.Times.Cancelled
}

// Away reports whether the goods of a delivery have left the store.
func Away(s State) bool {
	return s == DeliveryOnTheWay || s == DeliveryDelivered || s == DeliveryFailed || s == DeliveryReturned
}
