package rehearse

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	mt "github.com/tongdan/tongdan/internal/sim/meituan"
)

// A good day has every kind of refund that was answered, and comments that were seen; one that is like
// another in the same second is one of two.
func good() dayFacts {
	twin := comment{shop: "shp_1", at: 5_000_000, score: 2}
	return dayFacts{
		books: true,
		refunds: []refund{
			{"meituan 1", caseAgreed, 2, 600, 720, false},
			{"meituan 2", caseRejected, 1, 600, 1200, false},
			{"meituan 3", caseWithdrawn, 7, 600, 900, false},
			{"meituan 4", caseAgreed, 4, 600, 9000, true}, // customer service ruled after the merchant had refused
			{"meituan 5", "open", 0, 600, 4000, true},     // and will
		},
		comments: []comment{{"shp_1", 5_000_000, 2, "meituan 1"}, {"shp_1", 5_000_000, 2, "meituan 2"}, {"shp_2", 6_000_000, 5, "meituan 3"}},
		seen:     map[comment][]int64{twin: {5_120_000, 5_060_000}, {shop: "shp_2", at: 6_000_000, score: 5}: {6_300_000}},
	}
}

func TestAGoodDayHolds(t *testing.T) {
	f := good()
	d := f.judged()
	if !d.Held || d.Wronged != 0 || f.unread() != 0 {
		t.Errorf("held %v, wrong: %v, unread %d", d.Held, d.Wrong, f.unread())
	}
	if want := (DayRefunds{Asked: 5, Agreed: 1, Refused: 3, Withdrawn: 1, HalfMin: 10, SlowMin: 10}); d.Refunds != want {
		t.Errorf("refunds %+v, want %+v", d.Refunds, want)
	}
	if want := (DayComments{Written: 3, Seen: 3, Low: 2, HalfMin: 2, SlowMin: 5}); d.Comments != want {
		t.Errorf("comments %+v, want %+v", d.Comments, want)
	}
}

// Each thing that may go wrong makes the verdict fail alone, and is named.
func TestOneWrongThingSpoilsADay(t *testing.T) {
	for name, c := range map[string]struct {
		spoil func(*dayFacts)
		says  string
	}{
		"the books differ":              {func(f *dayFacts) { f.books = false }, ""},
		"a refund is answered late":     {func(f *dayFacts) { f.refunds[0].res = lapsed }, "meituan 1 a refund was not answered in time"},
		"a refund is left lying":        {func(f *dayFacts) { f.refunds[1].state = "open" }, "meituan 2 a refund was not answered at closing time"},
		"a comment is not seen":         {func(f *dayFacts) { delete(f.seen, comment{shop: "shp_2", at: 6_000_000, score: 5}) }, "meituan 3 the comment of 5 stars was not seen"},
		"one of two alike is not seen":  {func(f *dayFacts) { f.seen[comment{shop: "shp_1", at: 5_000_000, score: 2}] = []int64{5_060_000} }, "meituan 2 the comment of 2 stars was not seen"},
		"a comment is seen with others": {func(f *dayFacts) { f.comments[2].score = 1 }, "meituan 3 the comment of 1 stars was not seen"},
		"the platform punishes": {func(f *dayFacts) {
			f.penalties = []mt.Penalty{{Store: "CHAIN01", Order: "1", Kind: BreakTwice, Text: "一小时内连续2单超时未接"}}
		}, "CHAIN01 1 late_twice"},
	} {
		f := good()
		c.spoil(&f)
		d := f.judged()
		named := c.says == "" || len(d.Wrong) == 1 && strings.HasPrefix(d.Wrong[0].Text, c.says)
		if d.Held || !named {
			t.Errorf("%s: held %v, wrong: %v", name, d.Held, d.Wrong)
		}
		r := &Report{Held: true, Day: d, Profile: "chain"}
		if r.Good() || sign(r) != "✗" || EN.verdict(r) == EN.verdict(&Report{Held: true, Day: &Day{Held: true}}) {
			t.Errorf("%s: the report says %s %s", name, sign(r), EN.verdict(r))
		}
		if facts := EN.day(d); !slices.ContainsFunc(facts, func(f fact) bool { return f.Bad }) {
			t.Errorf("%s: no line of the report is bad: %+v", name, facts)
		}
	}
}

// The day of a chain is played whole at its speed; a part of it has the same orders an hour.
func TestAChainsDayIsPlannedWhole(t *testing.T) {
	for _, c := range []struct {
		plan            Plan
		minutes, orders float64
	}{
		{Plan{}, 24, 12_000},
		{Plan{Speed: 60}, 12, 12_000},
		{Plan{Speed: 60, Minutes: 3}, 3, 3_000},
		{Plan{Minutes: 1, Rate: 2}, 1, 120},
	} {
		p := c.plan
		p.Profile, p.Faults = "chain", "nasty"
		if err := p.Check(); err != nil || p.Minutes != c.minutes || fmt.Sprintf("%.0f", p.Rate*p.Minutes*60) != fmt.Sprintf("%.0f", c.orders) {
			t.Errorf("%+v: %v minutes, %v orders, %v", c.plan, p.Minutes, p.Rate*p.Minutes*60, err)
		}
		if len(p.cast.takeaway) != 30 || p.cast.provided() != 6 || p.cast.accounts() != 7 {
			t.Errorf("%d shops, %d through a provider, %d accounts", len(p.cast.takeaway), p.cast.provided(), p.cast.accounts())
		}
	}
	p := Plan{Profile: "chain", Faults: "none", Speed: 60}
	if err := p.Check(); err != nil {
		t.Fatal(err)
	}
	hours := map[int]int{}
	ahead := 0
	for _, b := range schedule(p) {
		hours[int(b.at.Minutes())]++ // of the clock
		if b.promised > 0 {
			ahead++
			if left := 12*time.Hour - 60*b.at; b.promised+time.Hour > left {
				t.Errorf("a pre-order for %v with %v to go", b.promised, left)
			}
		}
	}
	if hours[2] < 2*hours[4] || hours[7] < 2*hours[11] || hours[11] == 0 || ahead < 100 {
		t.Errorf("orders by the hour: %v, %d pre-orders", hours, ahead)
	}
}

// It opens at ten, whatever time it is here.
func TestAChainOpensAtTen(t *testing.T) {
	for at, want := range map[string]string{"2026-05-01T01:59:00Z": "2026-05-01T02:00:00Z", "2026-05-01T02:01:00Z": "2026-05-02T02:00:00Z", "2026-05-01T23:00:00Z": "2026-05-02T02:00:00Z"} {
		now, err := time.Parse(time.RFC3339, at)
		if got := opening(now).UTC().Format(time.RFC3339); err != nil || got != want {
			t.Errorf("at %s the next opening is %s, want %s", at, got, want)
		}
	}
}
