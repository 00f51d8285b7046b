package stock_test

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/tongdan/tongdan/stock"
)

// trade is a world of one SKU: what the hub knows beside what is so. Every call may be
// carried out at any time between its sending and its death, or never, and its answer
// may be lost; every sale and every cancellation is heard of at any later time.
type trade struct {
	level    stock.Level
	offers   []stock.Offer
	shows    []int64 // the platforms' own numbers
	calls    []call
	orders   []*sale
	onHand   int64 // what is so
	strained bool  // a count took away what had been given: until it is put right again
	gives    bool  // the platform puts back what is cancelled
}

type call struct {
	offer   int
	value   int64
	done    bool
	settled bool // the hub has its answer, or gave it up
}

type sale struct {
	offer               int
	pieces              int64
	heard               bool
	cancelled, heardOff bool
	left                bool // what it took has gone out or was made, and does not come back with a cancel
}

// truly is what may be promised: what is there, less all that is sold, heard of or not.
func (w *trade) truly() int64 {
	n := w.onHand
	for _, s := range w.orders {
		if !s.cancelled || s.left {
			n -= s.pieces
		}
	}
	return n
}

func (w *trade) check(t *rapid.T, after string) {
	var shown, may, ghosts int64
	for _, s := range w.orders {
		if s.left && s.cancelled && !s.heardOff { // put on sale without being there, and nobody has told us
			ghosts += s.pieces
		}
	}
	for i, o := range w.offers {
		unheard := int64(0)
		for _, s := range w.orders {
			if s.offer == i && !s.heard && !s.cancelled {
				unheard += s.pieces
			}
			if s.offer == i && s.heard && s.cancelled && !s.heardOff {
				unheard -= s.pieces
			}
		}
		if o.Known && w.shows[i]+unheard > o.May {
			t.Fatalf("after %s: offer %d shows %d and sold %d unheard, more than its bound %d", after, i, w.shows[i], unheard, o.May)
		}
		shown += w.shows[i]
		may += o.May
	}
	known := !slices.ContainsFunc(w.offers, func(o stock.Offer) bool { return !o.Known })
	if may <= w.level.Sellable() {
		w.strained = false
	} else if known && !w.strained {
		t.Fatalf("after %s: channels may sell %d of %d", after, may, w.level.Sellable())
	}
	if known && !w.strained && shown > w.truly()+ghosts {
		t.Fatalf("after %s: %d shown on all channels, %d there", after, shown, w.truly())
	}
}

func (w *trade) busy(i int) bool {
	return slices.ContainsFunc(w.calls, func(c call) bool { return c.offer == i && !c.settled })
}

func (w *trade) alive(i int) bool {
	return slices.ContainsFunc(w.calls, func(c call) bool { return c.offer == i && !c.done })
}

func (w *trade) unheardOf(i int) bool {
	return slices.ContainsFunc(w.orders, func(s *sale) bool { return s.offer == i && !s.heard })
}

func TestWhatIsShownNeverExceedsWhatIsSellable(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 3).Draw(t, "offers")
		w := &trade{onHand: rapid.Int64Range(0, 12).Draw(t, "on hand"), gives: rapid.Bool().Draw(t, "gives back")}
		w.level.OnHand = w.onHand
		asOf := make([]int, n) // how many orders there were when the offer was read
		for range n {
			o := stock.New()
			o.BeginLook()
			o.Saw(o.Look.N, 0)
			o.Ripen(o.Look.N)
			w.offers, w.shows = append(w.offers, o), append(w.shows, 0)
		}
		for range rapid.IntRange(1, 120).Draw(t, "steps") {
			i := rapid.IntRange(0, n-1).Draw(t, "offer")
			o := &w.offers[i]
			what := rapid.SampledFrom([]string{"buy", "buy", "hear", "hear", "cancel", "hear off", "plan", "plan", "carry out", "answer", "answer", "lose", "drop", "refuse", "look", "ripen", "ripen", "receive", "count", "leave", "make"}).Draw(t, "step")
			switch what {
			case "buy":
				if k := rapid.Int64Range(1, 3).Draw(t, "pieces"); w.shows[i] >= k {
					w.shows[i] -= k
					w.orders = append(w.orders, &sale{offer: i, pieces: k})
				}
			case "hear":
				if s := pick(t, w.orders, func(s *sale) bool { return !s.heard }); s != nil {
					s.heard = true
					if s.cancelled {
						w.offers[s.offer].Passed(s.pieces)
						s.heardOff = true
						break
					}
					off := w.anyOff(s.offer)
					if beyond := stock.Take(&w.level, &w.offers[s.offer], s.pieces, 0); beyond > 0 {
						if !off {
							t.Fatalf("%d pieces are said to be beyond what the channel was given", beyond)
						}
						w.strained = true // sold again before we heard that it was put back
					}
				}
			case "cancel":
				if s := pick(t, w.orders, func(s *sale) bool { return !s.cancelled }); s != nil {
					s.cancelled = true
					if w.gives {
						w.shows[s.offer] += s.pieces
					}
				}
			case "hear off":
				if s := pick(t, w.orders, func(s *sale) bool { return s.heard && s.cancelled && !s.heardOff }); s != nil {
					w.hearOff(s)
				}
			case "leave": // an order goes out: what it kept is gone
				if s := pick(t, w.orders, func(s *sale) bool { return s.heard && !s.cancelled }); s != nil && !s.left {
					s.left = true
					stock.Take(&w.level, &w.offers[s.offer], -s.pieces, s.pieces)
					w.level.OnHand += s.pieces // so that truly() can count all orders alike
					w.level.Reserved += s.pieces
				}
			case "make": // it is made to order: cancelled, it does not come back, whether that was heard of in time or not
				if s := pick(t, w.orders, func(s *sale) bool { return s.heard && !s.heardOff }); s != nil {
					s.left = true
				}
			case "plan":
				for _, p := range stock.Plan(w.level, w.offers) {
					if w.busy(p.At) {
						t.Fatal("a second call for one offer")
					}
					w.offers[p.At].Send(p.Value)
					w.calls = append(w.calls, call{offer: p.At, value: p.Value})
				}
			case "carry out":
				if c := pickCall(t, w.calls, func(c call) bool { return !c.done }); c != nil {
					c.done = true
					w.shows[c.offer] = c.value
				}
			case "answer":
				if c := pickCall(t, w.calls, func(c call) bool { return c.done && !c.settled }); c != nil {
					c.settled = true
					w.offers[c.offer].Sent()
				}
			case "lose": // nobody waits for it any more, and it may still be carried out
				if c := pickCall(t, w.calls, func(c call) bool { return !c.settled }); c != nil {
					c.settled = true
					w.offers[c.offer].Lost()
				}
			case "drop": // dead: it will not be carried out any more
				if c := pickCall(t, w.calls, func(c call) bool { return !c.done && c.settled }); c != nil {
					c.done = true
				}
			case "refuse":
				if c := pickCall(t, w.calls, func(c call) bool { return !c.done && !c.settled }); c != nil {
					c.done, c.settled = true, true
					w.offers[c.offer].NotSent()
				}
			case "look":
				if o.Look.Stage != stock.Quiet && !w.busy(i) && !w.alive(i) {
					o.BeginLook()
					o.Saw(o.Look.N, w.shows[i])
					asOf[i] = len(w.orders)
				}
			case "ripen":
				if !slices.ContainsFunc(w.orders[:asOf[i]], func(s *sale) bool { return s.offer == i && !s.heard }) {
					if over, ok := o.Ripen(o.Look.N); ok && over > 0 {
						if !w.anyOff(i) {
							t.Fatalf("%d pieces are said to have been set by somebody else", over)
						}
						w.strained = true // put back, and we have not heard of it
					}
				}
			case "receive":
				k := rapid.Int64Range(1, 9).Draw(t, "pieces")
				w.onHand += k
				w.level.OnHand += k
			case "count":
				if k := rapid.Int64Range(0, 3).Draw(t, "pieces"); k > 0 {
					w.onHand -= k
					w.level.OnHand -= k
					w.strained = true
				}
			}
			w.check(t, what)
		}
		w.calm(t)
	})
}

// hearOff tells of a cancellation. What has left does not come back with it, though the
// platform may have put it on sale: until the channels are lowered too much is shown.
func (w *trade) hearOff(s *sale) {
	s.heardOff = true
	if s.left {
		w.offers[s.offer].Restocked(s.pieces)
		w.strained = true
		return
	}
	stock.Take(&w.level, &w.offers[s.offer], -s.pieces, 0)
}

// anyOff reports whether a cancellation of an offer has not been heard of: what the
// platform put back then looks as if somebody had set it.
func (w *trade) anyOff(i int) bool {
	return slices.ContainsFunc(w.orders, func(s *sale) bool { return s.offer == i && s.cancelled && !s.heardOff })
}

// calm lets everything come to its end: then every piece that can be sold is shown, or
// would be as soon as what is shown is sold.
func (w *trade) calm(t *rapid.T) {
	for i := range w.calls {
		c := &w.calls[i]
		if !c.settled {
			w.offers[c.offer].Lost()
		}
		c.done, c.settled = true, true
	}
	for _, s := range w.orders {
		switch {
		case !s.heard && s.cancelled:
			s.heard, s.heardOff = true, true
			w.offers[s.offer].Passed(s.pieces)
		case !s.heard:
			s.heard = true
			stock.Take(&w.level, &w.offers[s.offer], s.pieces, 0)
		}
		if s.cancelled && !s.heardOff {
			w.hearOff(s)
		}
	}
	for round := 0; ; round++ {
		if round > 40 {
			t.Fatalf("it does not come to rest: %+v %+v", w.level, w.offers)
		}
		for i := range w.offers {
			if o := &w.offers[i]; o.Look.Stage != stock.Quiet {
				o.BeginLook()
				o.Saw(o.Look.N, w.shows[i])
				o.Ripen(o.Look.N)
			}
		}
		pushes := stock.Plan(w.level, w.offers)
		for _, p := range pushes {
			w.offers[p.At].Send(p.Value)
			w.shows[p.At] = p.Value
			w.offers[p.At].Sent()
			w.check(t, "coming to rest")
		}
		if len(pushes) == 0 {
			break
		}
	}
	var shown int64
	for i, o := range w.offers {
		shown += w.shows[i]
		if o.May != w.shows[i] {
			t.Fatalf("at rest offer %d shows %d and its bound is %d", i, w.shows[i], o.May)
		}
	}
	if s := w.truly(); s > 0 && (shown > s || 3*shown < s) {
		t.Fatalf("at rest %d are shown of %d", shown, s)
	} else if s <= 0 && shown > 0 {
		t.Fatalf("at rest %d are shown and %d are there", shown, s)
	}
}

func pick(t *rapid.T, list []*sale, ok func(*sale) bool) *sale {
	var can []*sale
	for _, s := range list {
		if ok(s) {
			can = append(can, s)
		}
	}
	if len(can) == 0 {
		return nil
	}
	return can[rapid.IntRange(0, len(can)-1).Draw(t, "which")]
}

func pickCall(t *rapid.T, list []call, ok func(call) bool) *call {
	var can []*call
	for i := range list {
		if ok(list[i]) {
			can = append(can, &list[i])
		}
	}
	if len(can) == 0 {
		return nil
	}
	return can[rapid.IntRange(0, len(can)-1).Draw(t, "call")]
}
