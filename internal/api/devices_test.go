package api_test

import (
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/tongdan/tongdan/ident"
	"github.com/tongdan/tongdan/internal/api"
	"github.com/tongdan/tongdan/internal/db"
	"github.com/tongdan/tongdan/role"
)

// screen is a paired device: its cookie as headers, and its id.
type screen struct {
	cookie []string
	id     string
}

// with adds the header of an unlock.
func (v screen) with(unlock string) []string {
	return append(append([]string{}, v.cookie...), "Tongdan-Unlock", unlock)
}

// crumbOf is the cookie of an answer, as headers.
func crumbOf(r reply) []string {
	return []string{"Cookie", strings.SplitN(r.header.Get("Set-Cookie"), ";", 2)[0]}
}

// pair pairs a screen with a store, as a manager types its code.
func (b *bundle) pair(kind string, store ident.Store, more string) screen {
	b.t.Helper()
	asked := b.call("POST", "/api/v1/pairing", "", `{"kind":"`+kind+`"}`)
	code, _ := asked.get(b.t, "code").(string)
	if asked.status != 200 || len(code) != 6 {
		b.t.Fatalf("a code: %d %s", asked.status, asked.body)
	}
	v := screen{cookie: crumbOf(asked)}
	made := b.call("POST", "/api/v1/devices", b.owner, `{"code":"`+strings.ToLower(code[:3])+" "+code[3:]+`","name":"后厨平板","store_id":"`+store.String()+`"`+more+`}`)
	if made.status != 201 {
		b.t.Fatalf("pairing: %d %s", made.status, made.body)
	}
	v.id = made.get(b.t, "id").(string)
	return v
}

// accept accepts an order and waits until the platform has said so.
func (b *bundle) accept(id string) {
	b.t.Helper()
	b.call("POST", "/api/v1/orders/"+id+"/actions", b.owner, `{"kind":"accept"}`)
	b.until("the order is accepted", func() bool {
		return b.call("GET", "/api/v1/orders/"+id, b.owner, "").get(b.t, "status") == "accepted"
	})
}

func TestAScreenIsPairedWorksAndIsRevoked(t *testing.T) {
	eachEngine(t, func(t *testing.T, b *bundle) {
		own, _ := b.order(2)
		foreign, _ := b.order(1)
		b.accept(own)

		asked := b.call("POST", "/api/v1/pairing", "", `{"kind":"kitchen_screen"}`)
		cookie := crumbOf(asked)
		if r := b.call("GET", "/api/v1/pairing", "", "", cookie...); r.get(t, "state") != "waiting" || r.get(t, "code") != asked.get(t, "code") {
			t.Errorf("before it is paired: %s", r.body)
		}
		if r := b.call("GET", "/api/v1/orders", "", "", cookie...); r.status != 401 {
			t.Errorf("it sees orders before it is paired: %d", r.status)
		}
		if r := b.call("POST", "/api/v1/devices", b.owner, `{"code":"222222","name":"x","store_id":"`+b.stores[1].ID.String()+`"}`); r.status != 404 {
			t.Errorf("a code that nobody shows: %d %s", r.status, r.body)
		}
		foreigner := b.key(db.KeyRow{Name: "manager", Role: string(role.StoreManager), Stores: []ident.Store{b.stores[0].ID}})
		body := `{"code":"` + asked.get(t, "code").(string) + `","name":"后厨平板","store_id":"` + b.stores[1].ID.String() + `"}`
		if r := b.call("POST", "/api/v1/devices", foreigner, body); r.status != 422 {
			t.Errorf("a manager pairs for a store of another: %d %s", r.status, r.body)
		}
		made := b.call("POST", "/api/v1/devices", b.owner, body)
		if made.status != 201 || made.get(t, "kind") != "kitchen_screen" {
			t.Fatalf("pairing: %d %s", made.status, made.body)
		}
		if r := b.call("POST", "/api/v1/devices", b.owner, body); r.status != 404 {
			t.Errorf("a code pairs twice: %d", r.status)
		}
		paired := b.call("GET", "/api/v1/pairing", "", "", cookie...)
		if paired.get(t, "state") != "paired" || !strings.Contains(paired.header.Get("Set-Cookie"), "Max-Age=34560000") {
			t.Errorf("paired, it is told %s and %q", paired.body, paired.header.Get("Set-Cookie"))
		}
		me := b.call("GET", "/api/v1/session", "", "", cookie...)
		if me.get(t, "user.device.store_id") != b.stores[1].ID.String() || me.get(t, "user.rights.1") != "act.ready" || me.get(t, "user.rights.2") != "stock.out" || me.get(t, "user.rights.3") != "stores.rest" || me.get(t, "user.rights.4") != nil {
			t.Errorf("it is %s", me.body)
		}
		if r := b.call("GET", "/api/v1/orders?limit=200", "", "", cookie...); !strings.Contains(r.body, own) || strings.Contains(r.body, foreign) {
			t.Errorf("it sees %.300s", r.body)
		}
		for _, x := range []struct {
			method, path, body string
			status             int
		}{
			{"GET", "/orders/" + foreign, "", 404},
			{"POST", "/orders/" + foreign + "/actions", `{"kind":"ready"}`, 404},
			{"POST", "/orders/" + own + "/actions", `{"kind":"cancel"}`, 403},
			{"GET", "/orders/" + own + "/journal", "", 403},
			{"GET", "/people", "", 403}, {"GET", "/stock", "", 403}, {"GET", "/devices", "", 403}, {"GET", "/me/sessions", "", 403},
			{"PUT", "/me/pin", `{"pin":"2580"}`, 403}, {"GET", "/changes", "", 403}, {"POST", "/batches", `{"kind":"ready","orders":["` + own + `"]}`, 403},
			{"POST", "/orders/" + own + "/actions", `{"kind":"ready"}`, 202},
		} {
			if r := b.call(x.method, "/api/v1"+x.path, "", x.body, cookie...); r.status != x.status {
				t.Errorf("%s %s %s answers %d: %.200s", x.method, x.path, x.body, r.status, r.body)
			}
		}
		b.until("the timeline names the device", func() bool {
			return strings.Contains(b.call("GET", "/api/v1/orders/"+own, b.owner, "").body, `"by_name":"后厨平板"`)
		})

		id := made.get(t, "id").(string)
		if r := b.call("DELETE", "/api/v1/devices/"+id, foreigner, ""); r.status != 404 {
			t.Errorf("a manager revokes another store's device: %d", r.status)
		}
		if r := b.call("GET", "/api/v1/devices", foreigner, ""); strings.Contains(r.body, id) {
			t.Errorf("and sees it: %s", r.body)
		}
		if r := b.call("GET", "/api/v1/devices", b.owner, ""); r.get(t, "devices.0.seen_at") == 0.0 {
			t.Errorf("it was not seen: %s", r.body)
		}
		if r := b.call("DELETE", "/api/v1/devices/"+id, b.owner, ""); r.status != 204 {
			t.Fatalf("revoking: %d %s", r.status, r.body)
		}
		if r := b.call("GET", "/api/v1/orders", "", "", cookie...); r.status != 401 {
			t.Errorf("revoked, it goes on: %d", r.status)
		}
		if r := b.call("GET", "/api/v1/pairing", "", "", cookie...); r.get(t, "state") != "none" {
			t.Errorf("revoked, it is told %s", r.body)
		}
		// What it did keeps its name.
		if r := b.call("GET", "/api/v1/orders/"+own, b.owner, ""); !strings.Contains(r.body, `"by_name":"后厨平板"`) {
			t.Errorf("the timeline has lost its name: %s", r.body)
		}
		if r := b.call("GET", "/api/v1/orders/"+own+"/journal", b.owner, ""); !strings.Contains(r.body, `"by":"`+id+`","by_name":"后厨平板"`) {
			t.Errorf("the journal has lost its name: %s", r.body)
		}
	})
}

// Whoever asks for codes, or types them, again and again is slowed down.
func TestPairingIsThrottled(t *testing.T) {
	b := setup(t)
	last := reply{}
	for range 11 {
		last = b.call("POST", "/api/v1/pairing", "", `{"kind":"kitchen_screen"}`)
	}
	if last.status != http.StatusTooManyRequests || last.header.Get("Retry-After") == "" {
		t.Errorf("the eleventh code: %d %s", last.status, last.body)
	}
	for range 11 {
		last = b.call("POST", "/api/v1/devices", b.owner, `{"code":"BCDFGH","name":"x","store_id":"`+b.stores[1].ID.String()+`"}`)
	}
	if last.status != http.StatusTooManyRequests {
		t.Errorf("the eleventh guess: %d %s", last.status, last.body)
	}
}

func (b *bundle) member(name string, r role.Role, stores ...ident.Store) db.UserRow {
	b.t.Helper()
	hash, err := api.HashPassword(password)
	b.must(err)
	u, err := b.db.AddUser(b.t.Context(), db.UserRow{Merchant: b.m, Name: name, Password: hash, Role: string(r), Locale: "zh-CN", Stores: stores})
	b.must(err)
	return u
}

func TestAPersonUnlocksAScreenWithAPIN(t *testing.T) {
	eachEngine(t, func(t *testing.T, b *bundle) {
		own, _ := b.order(2)
		b.accept(own)
		wang := b.member("小王", role.Clerk, b.stores[1].ID)
		li := b.member("小李", role.Warehouse, b.stores[1].ID)
		far := b.member("外店", role.Clerk, b.stores[0].ID)
		v := b.pair("counter_screen", b.stores[1].ID, `,"pin":true,"lock_minutes":5`)
		manager := b.key(db.KeyRow{Name: "manager", Role: string(role.StoreManager), Stores: []ident.Store{b.stores[1].ID}})

		in := b.call("POST", "/api/v1/session", "", `{"name":"小王","password":"`+password+`"}`)
		if r := b.call("PUT", "/api/v1/me/pin", "", `{"pin":"1234"}`, crumbOf(in)...); r.status != 422 || r.get(t, "why.code") != "pin_weak" {
			t.Errorf("a PIN that everybody tries: %d %s", r.status, r.body)
		}
		if r := b.call("PUT", "/api/v1/me/pin", "", `{"pin":"258046"}`, crumbOf(in)...); r.status != 204 {
			t.Fatalf("his PIN: %d %s", r.status, r.body)
		}
		given := b.call("POST", "/api/v1/pins/"+li.ID.String(), manager, "").get(t, "pin").(string)
		if r := b.call("POST", "/api/v1/pins/"+far.ID.String(), manager, ""); r.status != 404 {
			t.Errorf("a PIN for a person of another store: %d", r.status)
		}
		boss := b.member("老板", role.Owner)
		if r := b.call("POST", "/api/v1/pins/"+boss.ID.String(), manager, ""); r.status != 403 {
			t.Errorf("a manager gives the owner a PIN: %d", r.status)
		}
		if r := b.call("GET", "/api/v1/device", "", "", v.cookie...); !strings.Contains(r.body, "小王") || !strings.Contains(r.body, "小李") || strings.Contains(r.body, "外店") || strings.Contains(r.body, "老板") {
			t.Errorf("who may unlock it: %s", r.body)
		}

		act := func(kind string, headers []string) reply {
			return b.call("POST", "/api/v1/orders/"+own+"/actions", "", `{"kind":"`+kind+`","text":"x"}`, headers...)
		}
		if r := act("note", v.cookie); r.status != 403 || r.get(t, "why.code") != "screen_locked" {
			t.Errorf("locked, it acts: %d %s", r.status, r.body)
		}
		if r := b.call("GET", "/api/v1/orders", "", "", v.cookie...); r.status != 200 {
			t.Errorf("locked, it does not show: %d", r.status)
		}
		unlock := func(u db.UserRow, pin string) reply {
			return b.call("POST", "/api/v1/device/unlock", "", `{"user_id":"`+u.ID.String()+`","pin":"`+pin+`"}`, v.cookie...)
		}
		w := unlock(wang, "258046")
		if w.status != 200 || w.get(t, "name") != "小王" {
			t.Fatalf("unlocking: %d %s", w.status, w.body)
		}
		his := v.with(w.get(t, "id").(string))
		if r := act("note", his); r.status != 202 {
			t.Errorf("his note: %d %s", r.status, r.body)
		}
		b.until("the timeline has his name", func() bool {
			return strings.Contains(b.call("GET", "/api/v1/orders/"+own, b.owner, "").body, `"by_name":"小王"`)
		})
		if r := act("cancel", his); r.status != 403 {
			t.Errorf("a cancel at a counter: %d", r.status)
		}
		if r := b.call("PUT", "/api/v1/me/pin", "", `{"pin":"2580"}`, his...); r.status != 403 {
			t.Errorf("a screen changes a PIN: %d", r.status)
		}
		l := unlock(li, given)
		if l.status != 200 {
			t.Fatalf("the next person: %d %s", l.status, l.body)
		}
		if r := act("note", his); r.status != 403 || r.get(t, "why.code") != "screen_locked" {
			t.Errorf("who was before goes on: %d %s", r.status, r.body)
		}
		// What he pressed without network while it was his still counts as his; later presses do not.
		ago := func(ms int64) string {
			return `{"kind":"note","text":"y","pressed_at":` + itoa(b.hub.Now().UnixMilli()-ms) + `}`
		}
		if r := b.call("POST", "/api/v1/orders/"+own+"/actions", "", ago(13*3600_000), his...); r.status != 422 {
			t.Errorf("pressed half a day ago: %d", r.status)
		}
		began := int64(w.get(t, "at").(float64))
		if r := b.call("POST", "/api/v1/orders/"+own+"/actions", "", `{"kind":"note","text":"y","pressed_at":`+itoa(began)+`}`, his...); r.status != 202 {
			t.Errorf("pressed while it was his: %d %s", r.status, r.body)
		}
		hers := v.with(l.get(t, "id").(string))
		if r := act("dispatch", hers); r.status != 403 || r.get(t, "why.code") == "screen_locked" {
			t.Errorf("the warehouse calls a rider at a counter: %d %s", r.status, r.body)
		}
		b.call("POST", "/api/v1/device/lock", "", "", v.cookie...)
		if r := act("note", hers); r.status != 403 {
			t.Errorf("locked again, it acts: %d", r.status)
		}

		for i := range 5 {
			if r := unlock(wang, "000000"); r.get(t, "why.code") != "pin_wrong" {
				t.Errorf("wrong PIN %d: %d %s", i+1, r.status, r.body)
			}
		}
		if r := unlock(wang, "258046"); r.get(t, "why.code") != "pin_shut" {
			t.Errorf("after five wrong ones the right one: %d %s", r.status, r.body)
		}
		if r := b.call("GET", "/api/v1/pins", manager, ""); !strings.Contains(r.body, `"shut":true`) {
			t.Errorf("the manager is not told: %s", r.body)
		}
		if r := unlock(li, given); r.status != 200 {
			t.Errorf("nobody else can unlock it: %d %s", r.status, r.body)
		}
		fresh := b.call("POST", "/api/v1/pins/"+wang.ID.String(), manager, "").get(t, "pin").(string)
		if r := unlock(wang, fresh); r.status != 200 {
			t.Errorf("with a new PIN: %d %s", r.status, r.body)
		}
		last := reply{}
		for range 12 {
			last = unlock(far, "1111")
		}
		if last.status != http.StatusTooManyRequests {
			t.Errorf("a device that tries on and on: %d", last.status)
		}
	})
}

// A person who signs in at a paired screen does not stay signed in there.
func TestAGuestAtAScreenIsSignedOut(t *testing.T) {
	b := setup(t)
	b.user("老板")
	v := b.pair("kitchen_screen", b.stores[1].ID, "")
	in := b.call("POST", "/api/v1/session", "", `{"name":"老板","password":"`+password+`"}`, v.cookie...)
	if !strings.Contains(in.header.Get("Set-Cookie"), "Max-Age=1800") {
		t.Errorf("his cookie is %q", in.header.Get("Set-Cookie"))
	}
	both := []string{"Cookie", v.cookie[1] + "; " + crumbOf(in)[1]}
	if r := b.call("GET", "/api/v1/session", "", "", both...); r.get(t, "user.role") != "owner" {
		t.Errorf("signed in he is %s", r.body)
	}
	b.call("DELETE", "/api/v1/session", "", "", both...)
	if r := b.call("GET", "/api/v1/session", "", "", both...); r.get(t, "user.id") != v.id {
		t.Errorf("afterwards it is %s", r.body)
	}
}

func itoa(n int64) string { return strconv.FormatInt(n, 10) }
