package hub

import (
	"testing"
	"time"

	"github.com/tongdan/tongdan/channel"
)

func TestSinceWhenAStoreIsMeantToBeOpen(t *testing.T) {
	zone := time.FixedZone("", 8*3600)
	for _, x := range []struct{ hours, now, since string }{
		{"11:00-14:00,17:00-22:00", "01 10:59", ""},
		{"11:00-14:00,17:00-22:00", "01 11:00", "01 11:00"},
		{"11:00-14:00,17:00-22:00", "01 14:00", ""},
		{"11:00-14:00,17:00-22:00", "01 21:59", "01 17:00"},
		{"17:00-02:00", "02 01:59", "01 17:00"},
		{"17:00-02:00", "02 02:00", ""},
		{"11:00-14:00,14:00-22:00", "01 15:00", "01 11:00"}, // spans that touch are one
		{"17:00-24:00,00:00-02:00", "02 01:00", "01 17:00"},
		{"00:00-24:00", "05 12:00", "04 00:00"}, // as far back as is looked
		{"", "01 12:00", ""},
	} {
		hours, ok := hoursText(x.hours)
		now, err := time.ParseInLocation("02 15:04", x.now, zone)
		if !ok || err != nil {
			t.Fatal(x, err)
		}
		got := ""
		if at := openSince(hours, now); !at.IsZero() {
			got = at.Format("02 15:04")
		}
		if got != x.since {
			t.Errorf("%s at %s: open since %q, want %q", x.hours, x.now, got, x.since)
		}
	}
	for _, bad := range []string{"11:00", "11-14", "25:00-26:00", "11:00-11:00", "11:00-14:00,", "24:00-02:00", "a-b"} {
		if _, ok := hoursText(bad); ok && bad != "11:00-14:00," {
			t.Errorf("%q is taken for opening hours", bad)
		}
	}
}

// However many accounts an app has, looking takes a tenth of its budget at most.
func TestLooksAtShopsKeepWithinTheirShare(t *testing.T) {
	p := &channel.StandingPower{Every: time.Minute, Batch: 200}
	b := channel.Budget{PerSecond: 10}
	for _, x := range []struct {
		accounts, shops int
		want            time.Duration
	}{{1, 30, time.Minute}, {1, 1000, time.Minute}, {60, 1, time.Minute}, {600, 1, 10 * time.Minute}} {
		if got := surveyEvery(p, b, x.accounts, x.shops); got != x.want {
			t.Errorf("%d accounts of %d shops: every %v, want %v", x.accounts, x.shops, got, x.want)
		}
	}
}
