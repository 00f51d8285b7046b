package rehearse

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"net/url"
	"slices"
	"strings"

	"github.com/tongdan/tongdan/internal/books"
	"github.com/tongdan/tongdan/internal/rule"
	mt "github.com/tongdan/tongdan/internal/sim/meituan"
)

// A Day is the second verdict on a chain's day: whether it was a good one for the merchant. Times
// are minutes of the platform's clock.
type Day struct {
	// Held says that both books agree, no platform punished anything, each refund was answered in
	// time and each comment was seen.
	Held     bool `json:"held"`
	Books    bool `json:"books"`    // the promise of the report
	Shops    int  `json:"shops"`    //
	Provided int  `json:"provided"` // of these, that a service provider reaches

	Penalties map[string]int `json:"penalties"` // by the platform's kind
	Refunds   DayRefunds     `json:"refunds"`
	Comments  DayComments    `json:"comments"`
	Rules     DayRules       `json:"rules"`

	Wrong   []books.Difference `json:"wrong"` // what keeps the day from being a good one: the first of them
	Wronged int                `json:"wrong_count"`
}

// DayRefunds are what customers asked back, by the platform's book.
type DayRefunds struct {
	Asked     int     `json:"asked"`
	Agreed    int     `json:"agreed"`
	Refused   int     `json:"refused"`
	Withdrawn int     `json:"withdrawn"` // by the customer, or with the order
	Expired   int     `json:"expired"`   // nobody answered in time: the platform agreed
	Open      int     `json:"open"`      // at closing time nobody had answered
	HalfMin   float64 `json:"half_min"`  // until half of those that were answered had been
	SlowMin   float64 `json:"slow_min"`  // the slowest answer
}

// DayComments are what customers wrote.
type DayComments struct {
	Written int     `json:"written"`
	Seen    int     `json:"seen"`
	Low     int     `json:"low"`      // with one or two stars
	HalfMin float64 `json:"half_min"` // until half of them were seen
	SlowMin float64 `json:"slow_min"`
}

// DayRules are the acts that a rule of a shop did by itself.
type DayRules struct {
	Accepts int `json:"accepts"`
	Refunds int `json:"refunds"`
}

// How a case stands in the platform's book.
const (
	caseAgreed    = "agreed"
	caseRejected  = "rejected"
	caseWithdrawn = "withdrawn"

	lapsed  = 5 // res_type of a case that the platform agreed to after its time
	lowMost = 2 // stars of a bad comment
)

// A refund is a case that a customer opened, as it stood at closing time.
type refund struct {
	key             string // of the order
	state           string
	res             int
	asked, answered int64 // Unix seconds
	appealed        bool
}

// A comment is one that a customer wrote.
type comment struct {
	shop  string // the hub's id
	at    int64  // UTC ms
	score int
	key   string // of the order
}

// dayFacts are what the verdict is made of.
type dayFacts struct {
	penalties []mt.Penalty
	refunds   []refund
	comments  []comment
	seen      map[comment][]int64 // without its order: when the hub read each, UTC ms of the trade's clock
	books     bool
}

// judged says whether it was a good day, and what kept it from being one.
func (f dayFacts) judged() *Day {
	d := &Day{Books: f.books, Penalties: map[string]int{}}
	wrong := func(kind, key, format string, args ...any) {
		d.Wrong = append(d.Wrong, books.Difference{Kind: kind, Key: key, Text: strings.TrimSpace(key + " " + fmt.Sprintf(format, args...))})
	}
	var answers, looks []float64
	for _, r := range f.refunds {
		d.Refunds.Asked++
		switch {
		case r.state == caseWithdrawn:
			d.Refunds.Withdrawn++
		case r.state == caseAgreed && r.res == lapsed:
			d.Refunds.Expired++
			wrong("refund_expired", r.key, "a refund was not answered in time")
		case r.appealed: // the merchant had refused; when is no longer known
			d.Refunds.Refused++
		case r.state == caseRejected:
			d.Refunds.Refused++
			answers = append(answers, float64(r.answered-r.asked)/60)
		case r.state == caseAgreed:
			d.Refunds.Agreed++
			answers = append(answers, float64(r.answered-r.asked)/60)
		default:
			d.Refunds.Open++
			wrong("refund_open", r.key, "a refund was not answered at closing time")
		}
	}
	d.Refunds.HalfMin, d.Refunds.SlowMin = halfAndLast(answers)
	left := map[comment][]int64{}
	for k, v := range f.seen {
		left[k] = slices.Sorted(slices.Values(v))
	}
	for _, c := range f.comments {
		d.Comments.Written++
		if c.score <= lowMost {
			d.Comments.Low++
		}
		k := c
		k.key = ""
		if len(left[k]) == 0 {
			wrong("comment_unseen", c.key, "the comment of %d stars was not seen", c.score)
			continue
		}
		d.Comments.Seen++
		looks = append(looks, float64(left[k][0]-c.at)/60_000)
		left[k] = left[k][1:]
	}
	d.Comments.HalfMin, d.Comments.SlowMin = halfAndLast(looks)
	for _, p := range f.penalties { // last, since there may be many of them
		d.Penalties[p.Kind]++
		wrong("penalty", strings.TrimSpace(p.Store+" "+p.Order), "%s: %s", p.Kind, p.Text)
	}
	d.Wronged = len(d.Wrong)
	d.Held = d.Books && d.Wronged == 0
	d.Wrong = some(d.Wrong)
	return d
}

// halfAndLast are the median and the greatest, to a tenth.
func halfAndLast(list []float64) (half, last float64) {
	slices.Sort(list)
	tenth := func(v float64) float64 { return math.Round(v*10) / 10 }
	return tenth(quantile(list, 0.5)), tenth(quantile(list, 1))
}

// cases are the refunds that customers of a chain asked for, as the platform has them now.
func (c *crowd) cases() (list []refund, open int) {
	c.mu.Lock()
	orders := c.mt
	c.mu.Unlock()
	for _, s := range orders {
		o, err := c.at.mt.Order(s.id)
		if err != nil {
			continue
		}
		for _, r := range o.Refunds {
			if r.ApplyType != 1 && r.ApplyType != 6 { // the merchant's, or that of a cancelled order
				continue
			}
			x := refund{books.Key(s.channel, s.id), r.State, r.ResType, r.Created, r.Updated, r.Appealed}
			if x.state == "open" && !x.appealed {
				open++
			}
			list = append(list, x)
		}
	}
	return list, open
}

// comments are those that customers of a chain have written by now.
func (c *crowd) comments() (list []comment) {
	c.mu.Lock()
	orders := c.mt
	c.mu.Unlock()
	for _, s := range orders {
		if o, err := c.at.mt.Order(s.id); err == nil && o.Comment != nil {
			list = append(list, comment{c.at.shops[o.Store], o.Comment.At * 1000, o.Comment.Score, books.Key(s.channel, s.id)})
		}
	}
	return list
}

// read are the comments that the hub has, by what is known of them on both sides.
func read(ctx context.Context, a *api) (map[comment][]int64, error) {
	out := map[comment][]int64{}
	for cursor := ""; ; {
		var page struct {
			Comments []struct {
				Shop   string `json:"shop_id"`
				At     int64  `json:"at"`
				SeenAt int64  `json:"seen_at"`
				Score  int    `json:"score"`
			} `json:"comments"`
			Next string `json:"next_cursor"`
		}
		if err := a.must(ctx, "GET", "/comments?limit=100&cursor="+url.QueryEscape(cursor), "", nil, &page); err != nil {
			return nil, err
		}
		for _, x := range page.Comments {
			k := comment{shop: x.Shop, at: x.At, score: x.Score}
			out[k] = append(out[k], x.SeenAt)
		}
		if cursor = page.Next; cursor == "" {
			return out, nil
		}
	}
}

// unread counts the comments that the hub has not seen.
func (f *dayFacts) unread() (n int) {
	have := map[comment]int{}
	for k, v := range f.seen {
		have[k] = len(v)
	}
	for _, c := range f.comments {
		c.key = ""
		if have[c]--; have[c] < 0 {
			n++
		}
	}
	return n
}

// close writes down how a chain's day stood when its staff went home. Later nothing counts but
// that the hub still reads what was written.
func (j *judge) close() {
	if j.plan.Profile != "chain" {
		return
	}
	j.day = &dayFacts{}
	j.day.refunds, _ = j.crowd.cases()
	j.day.comments = j.crowd.comments()
}

// reads looks for the comments of the day in the hub.
func (j *judge) reads(ctx context.Context) (err error) {
	if j.day != nil {
		j.day.seen, err = read(ctx, j.api)
	}
	return err
}

// verdict is the second one; nil where the day did not come to its end.
func (j *judge) verdict(held bool) *Day {
	if j.day == nil || j.ended != nil {
		return nil
	}
	j.day.books, j.day.penalties = held, j.watch.penal
	d := j.day.judged()
	d.Shops, d.Provided, d.Rules = len(j.plan.cast.takeaway), j.plan.cast.provided(), j.ruled
	return d
}

// byRule gives the acts that rules did, which nobody pressed.
func (j *judge) byRule(list []effectView, pressed []books.Press) (out []books.Press) {
	known := map[string]bool{}
	for _, p := range pressed {
		known[p.Effect] = true
	}
	j.ruled = DayRules{}
	for _, e := range list {
		key := j.keys[e.OrderID]
		if !rule.ByRule(e.Cause) || key == "" {
			continue
		}
		if e.State == "done" {
			switch e.Kind {
			case "accept":
				j.ruled.Accepts++
			case "refund_approve":
				j.ruled.Refunds++
			}
		}
		if !known[e.ID] {
			out = append(out, books.Press{Key: key, Kind: e.Kind, For: e.For, Effect: e.ID, State: e.State})
		}
	}
	slices.SortFunc(out, func(a, b books.Press) int { return cmp.Compare(a.Effect, b.Effect) })
	return out
}
