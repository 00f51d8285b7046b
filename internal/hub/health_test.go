package hub

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/tongdan/tongdan/internal/db"
)

// at is a moment of the tests: so many seconds before now.
const testNow = int64(1_764_415_000_000)

func at(secondsAgo int64) int64 { return testNow - secondsAgo*1000 }

// calls is a minute of calls, of which the last that went well and the last that failed
// were so many seconds ago; 0 = there was none.
func calls(kind string, n, failed, okAgo, failedAgo int64) db.CallMinute {
	c := db.CallMinute{Kind: kind, Calls: n, Failed: failed}
	if okAgo > 0 {
		c.OKAt = at(okAgo)
	}
	if failedAgo > 0 {
		c.FailedAt = at(failedAgo)
	}
	c.Minute = max(c.OKAt, c.FailedAt) / 60_000
	return c
}

func fine() facts {
	return facts{now: testNow, armed: true, worked: true, pulled: at(30), every: time.Minute, calls: []db.CallMinute{calls("pull", 1, 0, 30, 0), calls("accept", 3, 0, 20, 0)}}
}

func TestAnAccountIsJudged(t *testing.T) {
	slow := calls("accept", 3, 0, 30, 0)
	slow.Slow = 2
	for _, c := range []struct {
		name         string
		change       func(*facts)
		state, cause string
		since        int64 // seconds ago; 0 = not looked at
		kinds        []string
	}{
		{"all is well", func(*facts) {}, Good, "ok", 0, nil},
		{"nothing has happened yet", func(f *facts) { f.calls, f.pulled = nil, 0 }, Good, "ok", 0, nil},
		{"it is paused", func(f *facts) { f.paused = true }, Paused, "paused", 0, nil},
		{"a copy", func(f *facts) { f.armed = false }, Down, "disarmed", 0, nil},
		{"the authorisation has ended", func(f *facts) { f.authorise = true }, Down, "authorise", 0, nil},
		{"no node works it", func(f *facts) { f.worked = false }, Down, "unworked", 0, nil},
		{"nothing gets through", func(f *facts) {
			f.calls = []db.CallMinute{calls("pull", 1, 0, 90, 0), calls("pull", 4, 4, 0, 5), calls("accept", 3, 3, 0, 10)}
		}, Down, "unreachable", 70, nil},
		{"nothing ever got through", func(f *facts) { f.calls, f.pulled = []db.CallMinute{calls("pull", 5, 5, 0, 5)}, 0 }, Down, "unreachable", 0, nil},
		{"one call fails, the rest is well", func(f *facts) { f.calls = append(f.calls, calls("ship", 4, 4, 0, 5)) }, Slow, "failing", 0, []string{"ship"}},
		{"one failure is no news", func(f *facts) { f.calls = append(f.calls, calls("ship", 1, 1, 0, 5)) }, Good, "ok", 0, nil},
		{"it has just begun to fail", func(f *facts) { f.calls = []db.CallMinute{calls("pull", 4, 3, 10, 3)} }, Slow, "failing", 0, []string{"pull"}},
		{"it has just recovered", func(f *facts) { f.calls = []db.CallMinute{calls("pull", 9, 8, 3, 10)} }, Slow, "failing", 0, []string{"pull"}},
		{"it has recovered", func(f *facts) { f.calls = []db.CallMinute{calls("pull", 9, 8, 2, 30)} }, Good, "ok", 0, nil},
		{"it failed long ago and nobody has called since", func(f *facts) { f.calls = []db.CallMinute{calls("ship", 9, 9, 0, 1000), calls("pull", 1, 0, 20, 0)} }, Good, "ok", 0, nil},
		{"pulls are late", func(f *facts) { f.pulled = at(200) }, Slow, "no_pull", 140, nil},
		{"acts are late", func(f *facts) { f.due = at(90) }, Slow, "late", 90, nil},
		{"answers are slow", func(f *facts) { f.calls = []db.CallMinute{slow} }, Slow, "slow", 0, nil},
		{"the authorisation explains the failures", func(f *facts) {
			f.authorise = true
			f.calls = []db.CallMinute{calls("pull", 4, 4, 0, 5)}
		}, Down, "authorise", 0, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := fine()
			c.change(&f)
			v := judge(f)
			if v.state != c.state || v.cause != c.cause || !slices.Equal(v.kinds, c.kinds) {
				t.Fatalf("judged %+v, want %s %s %v", v, c.state, c.cause, c.kinds)
			}
			if c.since > 0 && (v.since < at(c.since+21) || v.since > at(c.since-60)) {
				t.Errorf("since %d s ago, want about %d", (testNow-v.since)/1000, c.since)
			}
			if v.since > testNow {
				t.Error("since a moment to come")
			}
		})
	}
}

// TestSuccessNeverMakesItWorse: one more call that went well now does not make an account
// look worse.
func TestSuccessNeverMakesItWorse(t *testing.T) {
	rank := map[string]int{Good: 0, Slow: 1, Down: 2}
	rapid.Check(t, func(t *rapid.T) {
		f := fine()
		f.calls = nil
		for range rapid.IntRange(0, 6).Draw(t, "rows") {
			n := rapid.Int64Range(1, 5).Draw(t, "calls")
			failed := rapid.Int64Range(0, n).Draw(t, "failed")
			var okAgo, failedAgo int64
			if failed < n {
				okAgo = rapid.Int64Range(1, 900).Draw(t, "ok")
			}
			if failed > 0 {
				failedAgo = rapid.Int64Range(1, 900).Draw(t, "failed ago")
			}
			f.calls = append(f.calls, calls(rapid.SampledFrom([]string{"pull", "accept"}).Draw(t, "kind"), n, failed, okAgo, failedAgo))
		}
		slices.SortFunc(f.calls, func(a, b db.CallMinute) int { return int(a.Minute - b.Minute) })
		before := judge(f)
		f.calls = append(f.calls, db.CallMinute{Kind: "pull", Minute: testNow / 60_000, Calls: 1, OKAt: testNow})
		if after := judge(f); rank[after.state] > rank[before.state] {
			t.Fatalf("%+v becomes %+v", before, after)
		}
	})
}
