package hub

import (
	"testing"
	"time"

	"github.com/tongdan/tongdan/channel"
	"github.com/tongdan/tongdan/internal/db"
	"github.com/tongdan/tongdan/order"
)

func TestWhereNothingIsPushedPullsComeWithinHalfOfTheRulesTime(t *testing.T) {
	info := &channel.Info{Penalties: []channel.Penalty{{Counter: channel.CountUnpulled, Limit: 5, Window: 5 * time.Minute}}}
	for _, c := range []struct {
		url        string
		pause, got time.Duration
	}{{"", 4 * time.Minute, 150 * time.Second}, {"", time.Minute, time.Minute}, {"https://hub.example.com", 4 * time.Minute, 4 * time.Minute}} {
		if got := soonest(info, db.AppRow{PublicURL: c.url}, c.pause); got != c.got {
			t.Errorf("address %q, pause %v: %v, want %v", c.url, c.pause, got, c.got)
		}
	}
}

func TestTheShareOfFailedMessagesCountsFromTheLeastNumberOn(t *testing.T) {
	var k takings
	for i := range 10 {
		k.add(7, i < 9)
	}
	if got := k.share(7, time.Minute, 11); got != 0 {
		t.Errorf("ten messages: %v, want 0: the rule begins beyond ten", got)
	}
	k.add(7, true)
	if got := k.share(7, time.Minute, 11); got < 0.9 || got > 0.92 {
		t.Errorf("ten of eleven failed: %v", got)
	}
	if got := k.share(8, time.Minute, 1); got != 0 {
		t.Errorf("another account: %v", got)
	}
	if got := k.share(7, 0, 1); got != 0 {
		t.Errorf("long ago: %v", got)
	}
}

// An order lapsed by the code that its platform gives such a cancel, and by no other that begins alike; once it had
// been accepted it did not.
func TestAnOrderLapsedByItsPlatformsOwnCode(t *testing.T) {
	rules := &channel.Info{Penalties: []channel.Penalty{{Counter: channel.CountWaiting}, {Counter: channel.CountLapsed, Cause: "1001"}}}
	for _, c := range []struct {
		info     *channel.Info
		why      string
		accepted bool
		want     int64
	}{{rules, "1001 超时未接", false, 7}, {rules, "1001", false, 7}, {rules, "10010 地址", false, 0}, {rules, "1102 1001", false, 0}, {rules, "1001 超时未接", true, 0}, {&channel.Info{}, "1001", false, 0}, {nil, "1001", false, 0}} {
		o := order.Order{Status: order.StatusCancelled, Events: []order.Event{{Axis: order.AxisWork, State: order.WorkCancelled, At: 7, Why: c.why}}}
		if c.accepted {
			o.Events = append([]order.Event{{Axis: order.AxisWork, State: order.WorkAccepted, At: 5}}, o.Events...)
		}
		if got := lapsedAt(&o, c.info); got != c.want {
			t.Errorf("%q, accepted %v: %d, want %d", c.why, c.accepted, got, c.want)
		}
	}
}

// Comments give way for five minutes and are then looked at once, however near a shop of the account stays.
func TestCommentsDoNotGiveWayForEver(t *testing.T) {
	var g giving
	began := time.Date(2026, 3, 1, 4, 0, 0, 0, time.UTC)
	looks := 0
	for m := range 60 {
		if !g.way(1, true, began.Add(time.Duration(m)*time.Minute)) {
			looks++
		}
	}
	if looks != 10 {
		t.Errorf("%d looks in an hour of danger, want one after each five minutes of giving way", looks)
	}
	if g.way(2, false, began) || !g.way(2, true, began) || g.way(2, false, began.Add(time.Minute)) || !g.way(2, true, began.Add(6*time.Minute)) {
		t.Error("an account that is near to nothing gives way, or its time is not counted anew")
	}
}
