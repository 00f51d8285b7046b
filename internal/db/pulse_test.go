package db_test

import (
	"maps"
	"testing"
	"time"

	"github.com/tongdan/tongdan/effect"
	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/ident"
	"github.com/tongdan/tongdan/internal/db"
	"github.com/tongdan/tongdan/internal/db/dbtest"
)

// TestAPulseTellsWhatWaitsOfOneMerchantAndOfAll also has two nodes that count their calls
// of the same minute.
func TestAPulseTellsWhatWaitsOfOneMerchantAndOfAll(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ctx := t.Context()
		check := func(err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
		}
		var merchants [2]ident.Merchant
		for i := range merchants {
			m, err := d.AddMerchant(ctx, db.MerchantRow{Name: "m", Locale: "en"})
			check(err)
			merchants[i] = m.ID
		}
		m := merchants[0]
		now := time.Now().UnixMilli()
		_, err := d.Do(ctx, db.Verb{Name: "test", Merchant: m, Decide: func(tx *db.Tx) error {
			for i, e := range []effect.Effect{
				{Account: 7, Kind: "accept", State: effect.Waiting, NextAt: now - 90_000},
				{Account: 7, Kind: "accept", State: effect.Waiting, NextAt: now + 90_000},
				{Account: 7, Kind: "ship", State: effect.Person, NextAt: 1},
				{Account: 8, Kind: "read", State: effect.Done, NextAt: 1},
			} {
				e.Key, e.Nature, e.Target, e.Made = "k"+string(rune('a'+i)), effect.Guarded, "t", now-100_000
				tx.PutEffect(&e)
			}
			tx.Park(db.ParkedRow{Channel: "meituan", What: "order.paid", Why: fault.Reason{Text: "x"}})
			return nil
		}})
		check(err)
		check(d.PutCheck(ctx, db.CheckRow{Name: "backups", At: time.Now(), OK: false, Why: fault.Because("backup_old", "it is {hours} hours old", "hours", "72")}))
		me := db.NodeRow{Name: "n1", Owner: "o1", Host: "h", Version: "v", Started: now}
		minute := now / 60_000
		calls := []db.CallMinute{{Merchant: m, Account: 7, Kind: "accept", Minute: minute, Calls: 3, Failed: 1, Slow: 1, TookMS: 900, OKAt: now, FailedAt: 5},
			{Merchant: m, Account: 7, Kind: "accept", Minute: minute - 100_000, Calls: 9}}
		check(d.Beat(ctx, me, calls))
		check(d.Beat(ctx, db.NodeRow{Name: "n2", Owner: "o2"}, calls[:1]))
		check(d.Beat(ctx, me, nil))
		other := db.NodeRow{Name: "n2", Owner: "o2", Started: now + 1, Queue: map[string]db.Waiting{"pushes": {N: 3, Oldest: 1500 * time.Millisecond}, "people": {N: 1, Oldest: time.Second}}}
		check(d.Beat(ctx, other, nil))
		check(d.Beat(ctx, db.NodeRow{Name: "n3", Owner: "o3", Started: now + 2, Queue: map[string]db.Waiting{"pushes": {N: 4, Oldest: time.Millisecond}}}, nil))
		p, err := d.Pulse(ctx, m)
		check(err)
		if p.Queue["pushes"] != (db.Waiting{N: 7, Oldest: 1500 * time.Millisecond}) || p.Queue["people"] != other.Queue["people"] || p.Queue["background"] != (db.Waiting{}) {
			t.Errorf("on all nodes waits %+v", p.Queue)
		}
		if len(p.Nodes) != 3 || !maps.Equal(p.Nodes[0].Queue, other.Queue) {
			t.Errorf("nodes %+v", p.Nodes)
		}
		check(d.Leave(ctx, "n2"))
		check(d.Leave(ctx, "n3"))

		if p, err := d.Pulse(ctx, m); err != nil || p.Queue["pushes"].N != 0 {
			t.Errorf("nodes that left still count: %+v (%v)", p.Queue, err)
		}

		got, err := d.Calls(ctx, m, time.Now().Add(-time.Hour))
		check(err)
		want := db.CallMinute{Merchant: m, Account: 7, Kind: "accept", Minute: minute, Calls: 6, Failed: 2, Slow: 2, TookMS: 1800, OKAt: now, FailedAt: 5}
		if len(got) != 1 || got[0] != want {
			t.Errorf("calls are %+v, want %+v", got, want)
		}
		if other, err := d.Calls(ctx, merchants[1], time.Now().Add(-time.Hour)); err != nil || len(other) != 0 {
			t.Errorf("another merchant sees %v (%v)", other, err)
		}
		for _, c := range []struct {
			of      ident.Merchant
			effects int
			parked  int64
		}{{m, 2, 1}, {merchants[1], 0, 0}, {0, 2, 1}} {
			p, err := d.Pulse(ctx, c.of)
			check(err)
			if len(p.Effects) != c.effects || p.Parked != c.parked {
				t.Errorf("of %v: effects %+v, %d parked", c.of, p.Effects, p.Parked)
			}
			if c.effects == 0 {
				continue
			}
			if p.Effects[0].N != 2 || p.Effects[0].State != effect.Waiting || p.Effects[1].State != effect.Person {
				t.Errorf("effects are %+v", p.Effects)
			}
			if p.Due[7] != now-90_000 || len(p.Due) != 1 {
				t.Errorf("due since %v, want %d of account 7 alone", p.Due, now-90_000)
			}
			if p.Feed < 1 || p.Behind < 1 || p.BehindSince < now-1000 {
				t.Errorf("feed %d, behind %d since %d", p.Feed, p.Behind, p.BehindSince)
			}
			if p.Size == 0 || !p.Armed || len(p.Nodes) != 1 || p.Nodes[0].Host != "h" {
				t.Errorf("size %d, armed %v, nodes %+v", p.Size, p.Armed, p.Nodes)
			}
			if len(p.Checks) != 1 || p.Checks[0].OK || p.Checks[0].Why.Text != "it is 72 hours old" || p.Checks[0].Why.Code != "backup_old" || p.Checks[0].Why.Args["hours"] != "72" {
				t.Errorf("checks %+v", p.Checks)
			}
		}
		if _, err := d.Step(ctx, m); err != nil {
			t.Fatal(err)
		}
		if p, err := d.Pulse(ctx, m); err != nil || p.Behind != 0 || p.BehindSince != 0 {
			t.Errorf("after following: behind %d since %d (%v)", p.Behind, p.BehindSince, err)
		}
	})
}
