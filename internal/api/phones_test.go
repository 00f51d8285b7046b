package api_test

import (
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/tongdan/tongdan/ident"
	"github.com/tongdan/tongdan/internal/db"
	"github.com/tongdan/tongdan/internal/hub"
	"github.com/tongdan/tongdan/internal/sim/messengers"
	"github.com/tongdan/tongdan/role"
)

const someonesPhone = "13900000002"

// heard lets the merchant send short messages to a simulated phone; it gives the person
// whose it is.
func (b *bundle) heard() (*messengers.Sim, db.UserRow) {
	b.t.Helper()
	s := messengers.New(messengers.Options{SMS: []messengers.SMS{{Vendor: messengers.Aliyun, KeyID: "LTAI", Secret: "sms-secret-1", SignName: "茶铺", Templates: []messengers.Template{
		{ID: "SMS_1", Text: "验证码${code}", Code: true}, {ID: "SMS_2", Text: "${what}，${left}：/k#${link}"}}}}})
	srv := httptest.NewServer(s.API())
	b.t.Cleanup(srv.Close)
	r := b.call("POST", "/api/v1/senders", b.owner, `{"kind":"aliyun","name":"短信","base_url":"`+srv.URL+`","credentials":{"key_id":"LTAI","key_secret":"sms-secret-1","sign_name":"茶铺","template_code":"SMS_1","template_knock":"SMS_2"}}`)
	if r.status != http.StatusCreated || strings.Contains(r.body, "sms-secret-1") {
		b.t.Fatalf("a sender: %d %s", r.status, r.body)
	}
	u, err := b.db.AddUser(b.t.Context(), db.UserRow{Merchant: b.m, Name: "王店长", Role: string(role.StoreManager), Stores: []ident.Store{b.stores[0].ID}, Locale: "zh-CN"})
	b.must(err)
	if r := b.call("PUT", "/api/v1/people/"+u.ID.String()+"/phone", b.owner, `{"phone":"139 0000 0002"}`); r.status != http.StatusOK && r.status != http.StatusNoContent {
		b.t.Fatalf("a phone: %d %s", r.status, r.body)
	}
	return s, u
}

func cookieNamed(r reply, name string) string {
	for _, line := range r.header.Values("Set-Cookie") {
		if c, err := http.ParseSetCookie(line); err == nil && c.Name == name && c.MaxAge > 0 {
			return name + "=" + c.Value
		}
	}
	return ""
}

// code waits for the newest code that the phone got after some messages.
func (b *bundle) code(s *messengers.Sim, after int) string {
	b.t.Helper()
	var text string
	b.until("the code is heard", func() bool {
		list := s.Messages(0)
		if len(list) <= after {
			return false
		}
		text = list[len(list)-1].Text
		return true
	})
	return regexp.MustCompile(`\d{6}$`).FindString(text)
}

// By number and code one is signed in; whether a number is anybody's nobody learns.
func TestSignInByPhone(t *testing.T) {
	b := setup(t)
	if r := b.call("GET", "/api/v1/session/ways", "", ""); r.get(t, "phone") != false {
		t.Errorf("without a sender: %s", r.body)
	}
	s, _ := b.heard()
	if r := b.call("GET", "/api/v1/session/ways", "", ""); r.get(t, "phone") != true {
		t.Errorf("with a sender: %s", r.body)
	}
	known := b.call("POST", "/api/v1/session/code", "", `{"phone":"`+someonesPhone+`"}`)
	nobodys := b.call("POST", "/api/v1/session/code", "", `{"phone":"13911111111"}`)
	if known.status != http.StatusNoContent || nobodys.status != known.status || nobodys.body != known.body {
		t.Errorf("asked for a code: %d %q, for nobody's number %d %q", known.status, known.body, nobodys.status, nobodys.body)
	}
	code := b.code(s, 0)
	wrong := "000000"
	if code == wrong {
		wrong = "111111"
	}
	a := b.call("POST", "/api/v1/session/phone", "", `{"phone":"`+someonesPhone+`","code":"`+wrong+`"}`)
	z := b.call("POST", "/api/v1/session/phone", "", `{"phone":"13911111111","code":"`+code+`"}`)
	if a.status != z.status || a.get(t, "detail") != z.get(t, "detail") || a.status < 400 {
		t.Errorf("a wrong code: %d %s, nobody's number: %d %s", a.status, a.body, z.status, z.body)
	}
	in := b.call("POST", "/api/v1/session/phone", "", `{"phone":"+86 139-0000-0002","code":"`+code+`"}`)
	if in.status != http.StatusOK || in.get(t, "user.name") != "王店长" || cookieNamed(in, "tongdan_session") == "" {
		t.Fatalf("the right code: %d %s", in.status, in.body)
	}
	if r := b.call("GET", "/api/v1/session", "", "", "Cookie", cookieNamed(in, "tongdan_session")); r.get(t, "user.name") != "王店长" {
		t.Errorf("signed in: %s", r.body)
	}
	if r := b.call("POST", "/api/v1/session/phone", "", `{"phone":"`+someonesPhone+`","code":"`+code+`"}`); r.status == http.StatusOK {
		t.Error("a code signs in twice")
	}
	for _, hidden := range []string{someonesPhone, code, "sms-secret-1"} {
		if strings.Contains(b.log.String(), hidden) {
			t.Errorf("the log shows %q", hidden)
		}
	}
}

// Codes are asked for and tried only so often, from one address and for one number.
func TestCodesAreThrottled(t *testing.T) {
	b := setup(t)
	b.heard()
	for _, x := range []struct{ path, body string }{
		{"/api/v1/session/code", `{"phone":"` + someonesPhone + `"}`}, {"/api/v1/session/phone", `{"phone":"` + someonesPhone + `","code":"000000"}`},
	} {
		limited := 0
		for range 30 {
			if r := b.call("POST", x.path, "", x.body); r.status == http.StatusTooManyRequests {
				limited++
			}
		}
		if limited < 15 {
			t.Errorf("%s: %d of thirty were refused", x.path, limited)
		}
	}
}

// A link signs in once, where its person has signed in before; elsewhere it asks for a
// code. Whoever merely looks at the address uses nothing up.
func TestTheLinkOfAKnock(t *testing.T) {
	b := setup(t)
	s, u := b.heard()
	link := func(token string, lasts time.Duration) {
		b.must(b.db.AddKnockLink(t.Context(), db.KnockLink{Merchant: b.m, User: u.ID, Path: "/orders/ord_1"}, hub.LinkHash(token), time.Now().Add(lasts).UnixMilli()))
	}
	open := func(token string, cookies ...string) reply {
		return b.call("POST", "/api/v1/knock/open", "", `{"token":"`+token+`"}`, "Cookie", strings.Join(cookies, "; "))
	}
	link("first", time.Minute)
	for _, path := range []string{"/k", "/k/first", "/api/v1/knock/open?token=first"} {
		b.call("GET", path, "", "")
	}
	fresh := open("first")
	if fresh.get(t, "state") != "code" || fresh.get(t, "phone") != "+86139****0002" || fresh.get(t, "path") != "/orders/ord_1" || cookieNamed(fresh, "tongdan_session") != "" {
		t.Fatalf("on a new device: %s %v", fresh.body, fresh.header)
	}
	b.call("POST", "/api/v1/session/code", "", `{"token":"first"}`)
	in := b.call("POST", "/api/v1/session/phone", "", `{"token":"first","code":"`+b.code(s, 0)+`"}`)
	known := cookieNamed(in, "tongdan_known")
	if in.status != http.StatusOK || known == "" {
		t.Fatalf("with the code: %d %s", in.status, in.body)
	}
	if r := open("first", known); r.get(t, "state") != "code" {
		t.Errorf("a used link signs in: %s", r.body)
	}
	link("second", time.Minute)
	if r := open("second", "tongdan_known=forged"); r.get(t, "state") != "code" {
		t.Errorf("a forged browser: %s", r.body)
	}
	r := open("second", known)
	if r.get(t, "state") != "in" || cookieNamed(r, "tongdan_session") == "" {
		t.Fatalf("on a known device: %s", r.body)
	}
	if r := open("second", known); r.get(t, "state") != "code" {
		t.Errorf("it signs in twice: %s", r.body)
	}
	session := cookieNamed(r, "tongdan_session")
	if r := open("second", session); r.get(t, "state") != "in" {
		t.Errorf("whoever is signed in goes on: %s", r.body)
	}
	link("old", -time.Second)
	if r := open("old", known); r.get(t, "state") != "code" {
		t.Errorf("an old link: %s", r.body)
	}
	if r := open("nothing"); r.status != http.StatusNotFound {
		t.Errorf("no link: %d %s", r.status, r.body)
	}
	link("third", time.Minute)
	if r := b.call("DELETE", "/api/v1/session", "", "", "Cookie", session+"; "+known); r.status >= 400 {
		t.Fatalf("signed out: %d", r.status)
	}
	if r := open("third", known); r.get(t, "state") != "code" {
		t.Errorf("after signing out the device is still known: %s", r.body)
	}
	u.Disabled = true
	b.must(b.db.SetUser(t.Context(), u))
	if r := open("third", known); r.status != http.StatusNotFound {
		t.Errorf("of somebody who is suspended: %d %s", r.status, r.body)
	}
}

// A store's manager keeps the rules of that store, and neither senders nor what holds for all.
func TestRulesAndSendersAreForTheirKeepers(t *testing.T) {
	b := setup(t)
	b.heard()
	manager := b.key(db.KeyRow{Name: "manager", Role: string(role.StoreManager), Stores: []ident.Store{b.stores[0].ID}})
	rules := `"rules":{"kinds":["unaccepted"],"accept_s":180,"people":false,"quiet_from":0,"quiet_to":0,"per_hour":5,"per_day":9}`
	for body, want := range map[string]int{
		`{"store_id":"` + b.stores[0].ID.String() + `",` + rules + `}`: 204, `{"store_id":"` + b.stores[1].ID.String() + `",` + rules + `}`: 404, `{` + rules + `}`: 403,
	} {
		if r := b.call("PUT", "/api/v1/knock-rules", manager, body); r.status != want {
			t.Errorf("%s: %d, want %d: %s", body, r.status, want, r.body)
		}
	}
	r := b.call("GET", "/api/v1/knock-rules", manager, "")
	if r.get(t, "rules.1.accept_s") != 180.0 || r.get(t, "rules.1.own") != true || r.get(t, "rules.1.per_hour") != 20.0 || r.get(t, "rules.2") != nil {
		t.Errorf("the manager's rules: %s", r.body)
	}
	if r := b.call("GET", "/api/v1/senders", manager, ""); r.status != 200 || r.get(t, "senders.0") != nil {
		t.Errorf("the merchant's service, seen by a store: %s", r.body)
	}
	if r := b.call("POST", "/api/v1/senders", manager, `{"kind":"wecom","name":"x","credentials":{"key":"k"}}`); r.status != 403 {
		t.Errorf("a store's manager adds a sender: %d", r.status)
	}
	if r := b.call("GET", "/api/v1/people", b.owner, ""); !strings.Contains(r.body, "+86139****0002") || strings.Contains(r.body, someonesPhone) {
		t.Errorf("people: %s", r.body)
	}
}
