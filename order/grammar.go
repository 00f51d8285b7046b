package order

import (
	"cmp"
	"time"
)

// How a platform is declared: its words on each axis, their order and its rules, as data.

// First says what decides which of two statements on an axis holds now.
type First int

// RankFirst is for axes that never go back or give no times; TimeFirst for those that
// do go back (a rider who gives an order up).
const (
	RankFirst First = iota
	TimeFirst
)

// A Meaning is what a platform's word stands for on an axis.
type Meaning struct {
	Rank   int   // greater holds against lesser, as First says
	Is     State // our word
	ByTime bool  // of a case: the platform answered it, since nobody had in time
	Ruled  bool  // of a case: the platform decided between customer and merchant
}

// An Axis declares a platform's words on one axis and their order.
type Axis struct {
	First First
	Words map[string]Meaning // by their word; one that is absent is unknown
}

// On names an axis of a kind of record or child: {KindOrder, AxisWork},
// {KidCase, AxisCase}, {KindShipment, AxisDelivery}.
type On struct{ Kind, Axis string }

// A Grammar is everything about a platform that folding needs: pure data, declared in
// the connector's codes.go with its source. It is read only.
type Grammar struct {
	Realm        string
	Axes         map[On]Axis
	AcceptWithin time.Duration // from payment; 0 = nothing to accept by
	RefundWithin time.Duration // from the request; 0 = no deadline
	RefundChain  time.Duration // the same for large chains, where the platform gives them longer; 0 = it does not
	Acknowledge  bool          // the platform wants to hear that an order has arrived

	// Liable says who answers for a delivery that ended with one of the platform's reason
	// codes; one that is absent says nothing.
	Liable map[string]Party
}

// OfChain is the grammar for the shops of a large chain.
func (g *Grammar) OfChain() *Grammar {
	if g.RefundChain == 0 {
		return g
	}
	c := *g
	c.RefundWithin = g.RefundChain
	return &c
}

// holds finds what holds now. Unknown words are returned apart.
func (a Axis) holds(t Trail) (said Said, m Meaning, found bool, unknown []Said) {
	for _, s := range t {
		n, ok := a.Words[s.State]
		if !ok {
			unknown = append(unknown, s)
			continue
		}
		if !found || a.less(said, m, s, n) {
			said, m, found = s, n, true
		}
	}
	return said, m, found, unknown
}

func (a Axis) less(s Said, m Meaning, t Said, n Meaning) bool {
	byRank, byTime := cmp.Compare(m.Rank, n.Rank), cmp.Compare(s.At, t.At)
	if a.First == TimeFirst {
		byRank, byTime = byTime, byRank
	}
	return cmp.Or(byRank, byTime, cmp.Compare(s.Class, t.Class), s.compare(t)) < 0
}
