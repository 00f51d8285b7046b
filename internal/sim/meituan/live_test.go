package meituan

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/tongdan/tongdan/internal/sim"
)

// day lets a crowd live for some hours at shops that accept nearly everything within a minute.
func day(t *testing.T, hours int, o LiveOptions, stores ...Store) *Sim {
	t.Helper()
	clock := sim.NewClock(noon, 0)
	book, _ := sim.OpenBook("")
	s, err := New(Options{App: "1", Secret: "s", Clock: clock, Seed: o.Seed, Stores: stores, Book: book})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	stop, err := s.gather(o)
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	for range hours * 60 {
		clock.Advance(time.Minute)
		s.mu.Lock()
		var waiting []string
		for id, o := range s.active {
			if o.waiting() && o.DaySeq%8 > 0 { // some are missed
				waiting = append(waiting, id)
			}
		}
		s.mu.Unlock()
		slices.Sort(waiting)
		for _, id := range waiting {
			s.with(id, "order/confirm", func(t *change, o *Order) (bool, error) { t.confirm(o, "test"); return true, nil })
		}
	}
	return s
}

func TestLiveEndsWithItsContext(t *testing.T) {
	s, err := New(Options{App: "1", Secret: "s", Clock: sim.NewClock(noon, 0)})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.Live(ctx, LiveOptions{Menu: []Food{{Code: "A", Name: "白开水", Price: 100}}}); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if stock, _, err := s.Stock("TEA002", "A", ""); err != nil || stock != "*" {
		t.Errorf("the menu was not replaced: %s %v", stock, err)
	}
}

func TestACrowdOfOneSeedDoesTheSame(t *testing.T) {
	run := func(seed uint64) string {
		s := day(t, 2, LiveOptions{Seed: seed})
		raw, err := json.Marshal(s.orders)
		if err != nil {
			t.Fatal(err)
		}
		return string(raw)
	}
	a, b := run(5), run(5)
	if a != b {
		t.Error("two runs of one seed differ")
	}
	if a == run(6) {
		t.Error("another seed should do something else")
	}
}

func TestACrowdMakesARealisticDay(t *testing.T) {
	s := day(t, 6, LiveOptions{RatePerMinute: 2, Seed: 3})
	s.mu.Lock()
	defer s.mu.Unlock()
	seen := map[string]int{}
	for _, o := range s.orders {
		seen["orders"]++
		seen[statusText[o.Status]]++
		if o.DeliveryTime > 0 {
			seen["pre-orders"]++
		}
		if o.Status == cancelled {
			seen[o.ReasonText]++
		}
		for _, r := range o.Refunds {
			if r.ApplyType == 1 || r.ApplyType == 6 {
				seen["refund cases"]++
			}
		}
		seen["reminders"] += len(o.Reminders)
		if d := o.Delivery; d != nil && d.Round > 1 {
			seen["second rider"]++
		}
		for _, e := range o.History {
			if e.What == "美团商家端接单" {
				seen["accepted in the app"]++
			}
		}
		sum := o.goods() + o.boxes() + *o.ShippingFee
		for _, e := range o.Extras {
			sum -= e.Reduce
		}
		if sum != o.Total {
			t.Errorf("order %s does not add up", o.ID)
		}
	}
	t.Log(seen)
	if seen["orders"] < 500 || seen["orders"] > 900 {
		t.Errorf("%d orders in 6 hours at 2 a minute", seen["orders"])
	}
	for _, kind := range []string{"已完成", "pre-orders", "用户取消订单", "refund cases", "reminders", "second rider", "accepted in the app", "超时未确认，系统取消"} {
		if seen[kind] == 0 {
			t.Errorf("the day had no %s", kind)
		}
	}
}

func TestACrowdThatLivesForDaysForgets(t *testing.T) {
	s := day(t, 24, LiveOptions{RatePerMinute: 2, Seed: 1, Forget: 2 * time.Hour, Calm: true}, Store{Code: "A"})
	s.mu.Lock()
	n, days := len(s.orders), len(s.byDay)
	s.mu.Unlock()
	if n > 800 || days > n {
		t.Errorf("%d orders and %d day numbers are remembered", n, days)
	}
	kept := 0
	s.book.Load("order", func(string, json.RawMessage) error { kept++; return nil })
	if kept != n {
		t.Errorf("the book has %d orders, memory %d", kept, n)
	}
	if gone := s.Forget(time.Time{}, 10); gone == 0 {
		t.Error("a bound on the number must make it forget more")
	}
}

// In the rain riders are slow and customers complain; those whose order was completed comment, some of them badly.
func TestRainMakesRidersSlowAndCommentsBad(t *testing.T) {
	count := func(rain func(time.Time) bool) (minutes float64, low, comments, reminded int) {
		s := day(t, 6, LiveOptions{RatePerMinute: 2, Seed: 1, Rain: rain, Comments: 4}, Store{Code: "A"})
		s.mu.Lock()
		defer s.mu.Unlock()
		n := 0
		for _, o := range s.orders {
			if o.Comment != nil {
				comments++
				if o.Comment.Score <= 2 {
					low++
				}
			}
			reminded += min(len(o.Reminders), 1)
			if d := o.Delivery; d != nil && d.CompletedAt > 0 && o.DeliveryTime == 0 {
				n++
				minutes += float64(d.CompletedAt-d.SendAt) / 60
			}
		}
		return minutes / float64(n), low, comments, reminded
	}
	dry, dryLow, dryAll, dryReminded := count(nil)
	wet, wetLow, wetAll, wetReminded := count(func(time.Time) bool { return true })
	t.Log(dry, dryLow, dryAll, dryReminded, wet, wetLow, wetAll, wetReminded)
	if wet < 1.4*dry || wetReminded < 2*dryReminded {
		t.Errorf("riders take %.0f minutes, in the rain %.0f; %d remind, in the rain %d", dry, wet, dryReminded, wetReminded)
	}
	if dryAll < 20 || wetAll == 0 || dryLow*wetAll >= wetLow*dryAll {
		t.Errorf("%d of %d comments are bad, in the rain %d of %d", dryLow, dryAll, wetLow, wetAll)
	}
}

// Of more penalties than are kept, each is given once to whoever asks in time.
func TestPenaltiesAreGivenOnce(t *testing.T) {
	s := day(t, 0, LiveOptions{NoOrders: true, Seed: 1}, Store{Code: "A"})
	seen, from := 0, 0
	for range 3 {
		s.mu.Lock()
		b := s.begin()
		for range maxPenalties - 1 {
			b.penalize(Penalty{Store: "A", Kind: "no_pull"})
		}
		err := b.Commit()
		s.mu.Unlock()
		if err != nil {
			t.Fatal(err)
		}
		var list []Penalty
		list, from = s.PenaltiesAfter(from)
		seen += len(list)
	}
	if list, n := s.PenaltiesAfter(from); seen != 3*(maxPenalties-1) || len(list) != 0 || n != seen {
		t.Errorf("%d penalties were given, then %d more; %d there are", seen, len(list), n)
	}
}
