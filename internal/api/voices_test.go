package api_test

import (
	"sync"
	"testing"
	"time"

	"github.com/tongdan/tongdan/ident"
	"github.com/tongdan/tongdan/internal/db"
	"github.com/tongdan/tongdan/internal/db/dbtest"
)

func TestOneDeviceOfAStoreSpeaks(t *testing.T) {
	eachEngine(t, func(t *testing.T, b *bundle) {
		path := "/api/v1/stores/" + b.stores[1].ID.String() + "/voices"
		kitchen := b.pair("kitchen_screen", b.stores[1].ID, "")
		second := b.pair("kitchen_screen", b.stores[1].ID, `,"pin":true`)
		ask := func(headers []string, more string) reply {
			return b.call("POST", path, "", `{"post":"kitchen","able":true`+more+`}`, headers...)
		}
		web := b.call("POST", path, b.clerk, `{"post":"kitchen","able":true,"as":"0123456789abcdef"}`)
		if web.get(t, "speaks") != true || web.get(t, "silent.0") != "counter" {
			t.Errorf("the first: %s", web.body)
		}
		if r := ask(kitchen.cookie, ""); r.get(t, "speaks") != true || r.get(t, "holder") != kitchen.id {
			t.Errorf("a paired screen does not come before a browser: %s", r.body)
		}
		if r := b.call("POST", path, b.clerk, `{"post":"kitchen","able":true,"as":"0123456789abcdef"}`); r.get(t, "speaks") != false || r.get(t, "name") != "后厨平板" {
			t.Errorf("the browser goes on: %s", r.body)
		}
		if r := ask(second.cookie, ""); r.get(t, "speaks") != false {
			t.Errorf("two speak: %s", r.body)
		}
		if r := ask(second.cookie, `,"take":true`); r.status != 403 || r.get(t, "why.code") != "screen_locked" {
			t.Errorf("a locked screen takes over: %d %s", r.status, r.body)
		}
		if r := ask(kitchen.cookie, `,"take":true`); r.get(t, "speaks") != true {
			t.Errorf("taking what one has: %s", r.body)
		}
		b.call("PUT", path, b.owner, `{"post":"kitchen","everybody":true}`)
		if r := ask(second.cookie, ""); r.get(t, "speaks") != true || r.get(t, "everybody") != true {
			t.Errorf("all are to speak: %s", r.body)
		}
		b.call("PUT", path, b.owner, `{"post":"kitchen","everybody":false}`)
		if r := b.call("POST", path, "", `{"post":"kitchen","able":false}`, kitchen.cookie...); r.get(t, "speaks") != false {
			t.Errorf("muted it speaks: %s", r.body)
		}
		if r := ask(second.cookie, ""); r.get(t, "speaks") != true {
			t.Errorf("nobody takes over from who is muted: %s", r.body)
		}
		b.call("DELETE", "/api/v1/devices/"+second.id, b.owner, "")
		if r := ask(kitchen.cookie, ""); r.get(t, "speaks") != true {
			t.Errorf("nobody takes over from who is revoked: %s", r.body)
		}
		if r := b.call("GET", path, b.owner, ""); r.get(t, "voices.0.alive") != true || r.get(t, "voices.0.name") != "后厨平板" {
			t.Errorf("the list: %s", r.body)
		}
	})
}

// Two nodes on one database, each with a device: one speaks; when it has been silent for
// half a minute the other does. Whoever asks at once, one gets it.
func TestASilentDeviceLosesItsPostToAnotherNodes(t *testing.T) {
	url := dbtest.URL(t)
	var wall struct {
		sync.Mutex
		at time.Time
	}
	wall.at = time.Now()
	now := func() time.Time {
		wall.Lock()
		defer wall.Unlock()
		return wall.at
	}
	pass := func(d time.Duration) {
		wall.Lock()
		defer wall.Unlock()
		wall.at = wall.at.Add(d)
	}
	one, two := dbtest.Open(t, db.Options{URL: url, Now: now}), dbtest.Open(t, db.Options{URL: url, Now: now})
	m, err := one.AddMerchant(t.Context(), db.MerchantRow{Name: "m", Locale: "zh-CN"})
	if err != nil {
		t.Fatal(err)
	}
	store := ident.Store(7)
	speak := func(d *db.DB, holder string) bool {
		v, err := d.Speak(t.Context(), m.ID, db.VoiceRow{Store: store, Post: "counter", Holder: holder, Name: holder}, false)
		if err != nil {
			t.Fatal(err)
		}
		return v.Holder == holder && v.Alive(now())
	}
	if !speak(one, "dev_a") || speak(two, "dev_b") {
		t.Fatal("not one speaks")
	}
	for range 6 { // renewed, it keeps it
		pass(10 * time.Second)
		if !speak(one, "dev_a") || speak(two, "dev_b") {
			t.Fatal("who goes on speaking loses it")
		}
	}
	took := 0
	for took = 0; took <= 40 && !speak(two, "dev_b"); took += 5 {
		pass(5 * time.Second)
	}
	if took > 30 {
		t.Errorf("taken over after %d s", took)
	}
	if speak(one, "dev_a") {
		t.Error("who comes back takes it away")
	}
	pass(time.Minute)
	var wait sync.WaitGroup
	won := make([]bool, 8)
	for i := range won {
		wait.Go(func() { won[i] = speak([]*db.DB{one, two}[i%2], "dev_"+string(rune('p'+i))) })
	}
	wait.Wait()
	n := 0
	for _, w := range won {
		if w {
			n++
		}
	}
	if n != 1 {
		t.Errorf("%d of eight that asked at once speak", n)
	}
}
