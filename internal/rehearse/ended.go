package rehearse

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/tongdan/tongdan/internal/books"
)

// Where a rehearsal was when it ended early.
const (
	StageLoad   = "load"   // orders came
	StageSettle = "settle" // the books were waited for
	StageVerify = "verify" // the database was looked through
)

// Why a rehearsal ended early.
const (
	WhyInterrupted = "interrupted" // by a person, or by whoever stops programs
	WhyTime        = "time"        // settling took longer than it may, though it still got on
	WhyFailed      = "failed"      // the hub did not answer, or its database could not be read
)

// Ended says that a rehearsal did not come to its end. What it knows is told all the same:
// what is certain already (Report.Broken), and what did not agree yet (Report.Open).
type Ended struct {
	Stage  string  `json:"stage"`
	Why    string  `json:"why"`
	Detail string  `json:"detail,omitempty"` // of a failure
	At     float64 `json:"at_s"`             // seconds after orders began
	// Compared says whether the books could still be held against each other. Without that
	// nothing is said about single orders.
	Compared bool `json:"compared"`
}

// lastLook is how long an interrupted rehearsal may take to look at the books once more.
const lastLook = 20 * time.Second

// end notes that the rehearsal ends early. The first reason counts.
func (j *judge) end(stage, why, detail string) {
	if j.ended == nil {
		j.ended = &Ended{Stage: stage, Why: why, Detail: detail, At: j.diary.since()}
	}
}

// check notes an interruption.
func (j *judge) check(ctx context.Context, stage string) {
	if ctx.Err() != nil {
		j.end(stage, WhyInterrupted, "")
	}
}

// failed notes what kept the judge from going on.
func (j *judge) failed(ctx context.Context, stage string, err error) {
	j.check(ctx, stage)
	if err != nil {
		j.end(stage, WhyFailed, err.Error())
	}
}

// atRest lets the staff work off what is on their screens; then they go home.
func (j *judge) atRest(ctx context.Context) {
	most := 30 * time.Second
	if j.plan.Profile == "chain" { // until what customers asked for has been answered, or it is too late for that
		most = max(most, time.Duration(float64(35*time.Minute)/j.plan.Speed))
	}
	if j.ended == nil {
		j.packer.home()
	}
	for end := time.Now().Add(most); j.ended == nil && time.Now().Before(end); {
		in, seen, _, _ := j.crowd.count()
		if n, _, _ := j.clerk.waiting(); n == 0 && seen == in && j.clerk.minds.Load() == 0 && len(j.packer.open()) == 0 && j.answered() {
			return
		}
		wait(ctx, 200*time.Millisecond)
		j.check(ctx, StageSettle)
	}
}

// answered reports whether no customer of a chain waits for an answer to a refund.
func (j *judge) answered() bool {
	if j.plan.Profile != "chain" {
		return true
	}
	_, open := j.crowd.cases()
	return open == 0
}

// judge settles and holds the books against each other. When it is interrupted or can go
// no further it looks once more, for a short time, at what there is.
func (j *judge) judge(ctx context.Context) {
	if j.ended == nil {
		if err := j.settle(ctx); err != nil {
			j.failed(ctx, StageSettle, err)
		}
	}
	if j.ended == nil {
		if err := j.look(ctx); err != nil {
			j.failed(ctx, StageVerify, err)
		}
	}
	if j.ended == nil {
		return
	}
	j.watch.say(Progress{Phase: "ended"})
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastLook)
	defer cancel()
	err := j.compare(ctx)
	if j.ended.Compared = err == nil; err == nil {
		err = j.finish(ctx)
	}
	if err == nil {
		err = j.look(ctx)
	}
	if err != nil {
		j.plan.Log.Warn("the last look was not whole", "err", err)
	}
}

// certain are the kinds of what does not come right any more, however long one waits.
var certain = []string{books.Doubled, books.Strange, books.Twice, books.Unsent, kindOversold, kindTwoTicket, kindTwoLabel, kindOddLabel, kindVerify}

// sort tells what breaks the promise from what only does not agree yet: at the end of a
// whole rehearsal everything breaks it.
func (j *judge) sort() (broken, open []books.Difference) {
	all := slices.Concat(j.differ, j.once, j.stock.breaches(), j.paper, j.parcels, j.broken)
	if j.ended == nil {
		return all, nil
	}
	for _, x := range all {
		switch {
		case slices.Contains(certain, x.Kind):
			broken = append(broken, x)
		case x.Kind == books.Lost:
			x.Text = x.Key + " is not in the hub yet"
			open = append(open, x)
		case x.Kind != books.Stuck: // named with what is under way
			open = append(open, x)
		}
	}
	return broken, slices.Concat(open, j.under, j.stock.held())
}

// kindUnder is an act that is under way while a rehearsal ends.
const kindUnder = "under_way"

// name gives the acts that are under way as differences: the orders by channel and number.
func (j *judge) name(list []effectView, keys map[string]string) (out []books.Difference) {
	for _, e := range list {
		key := keys[e.OrderID]
		if key == "" {
			key = e.OrderID
		}
		out = append(out, books.Difference{Kind: kindUnder, Key: key, Text: fmt.Sprintf("%s: %s is %s", key, e.Kind, e.State)})
	}
	return out
}
