package hub_test

import (
	"encoding/json"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tongdan/tongdan/channel"
	"github.com/tongdan/tongdan/effect"
	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/ident"
	"github.com/tongdan/tongdan/internal/db"
	"github.com/tongdan/tongdan/internal/hub"
	"github.com/tongdan/tongdan/internal/platform"
	"github.com/tongdan/tongdan/internal/sim"
	"github.com/tongdan/tongdan/internal/sim/messengers"
	"github.com/tongdan/tongdan/order"
)

// knockWorld is a shop whose robot and whose manager's phone can be heard.
type knockWorld struct {
	*shopWorld
	heard   *messengers.Sim
	robot   db.SenderRow
	manager db.UserRow
}

const managersPhone = "13900000002"

func ptr(s string) *string { return &s }

func (w *shopWorld) options() hub.Options {
	return hub.Options{
		DB: w.db, Platforms: platform.All(), Clock: hub.Clock{Now: w.clk.Now, Speed: 1}, AllowPrivate: channel.Loopback, Lease: 3 * time.Second,
		PublicURL: "https://hub.example.com", KnockEvery: 50 * time.Millisecond,
	}
}

func newKnockWorld(w *shopWorld) *knockWorld {
	k := &knockWorld{shopWorld: w}
	k.hub = hub.New(w.options())
	k.heard = messengers.New(messengers.Options{
		Robots: []messengers.Robot{{Vendor: messengers.DingTalk, Token: "ding-1", Secret: "SECtest", Group: "望京店"}},
		SMS: []messengers.SMS{{Vendor: messengers.Aliyun, KeyID: "LTAI", Secret: "sms-secret", SignName: "茶铺", Templates: []messengers.Template{
			{ID: "SMS_1", Text: "验证码${code}", Code: true}, {ID: "SMS_2", Text: "${what}，${left}：https://hub.example.com/k/${link}"}}}},
	})
	srv := httptest.NewServer(k.heard.API())
	w.t.Cleanup(srv.Close)
	ctx := w.t.Context()
	var err error
	k.robot, err = k.hub.PutSender(ctx, w.who, db.SenderRow{Kind: "dingtalk", Name: "望京店群", BaseURL: srv.URL, Credentials: map[string]string{"token": "ding-1", "secret": "SECtest"}})
	w.must(err)
	_, err = k.hub.PutSender(ctx, w.who, db.SenderRow{Kind: "aliyun", Name: "短信", BaseURL: srv.URL, Credentials: map[string]string{"key_id": "LTAI", "key_secret": "sms-secret", "sign_name": "茶铺", "template_code": "SMS_1", "template_knock": "SMS_2"}})
	w.must(err)
	k.manager, err = w.db.AddUser(ctx, db.UserRow{Merchant: w.who.Merchant, Name: "王店长", Role: "store_manager", Locale: "zh-CN"})
	w.must(err)
	w.must(k.hub.SetPhone(ctx, w.who, k.manager.ID, ptr(managersPhone), ""))
	return k
}

func (k *knockWorld) got(to string) (out []string) {
	for _, m := range k.heard.Messages(0) {
		if m.To == to {
			out = append(out, m.Text)
		}
	}
	return out
}

func (k *knockWorld) newOrder() string {
	id := k.place(`{"app_poi_code":"TEA001"}`)
	k.until("the order arrives", func() bool { return k.status(id) == order.StatusNew })
	return id
}

// An order that nobody accepts is heard by the group after two minutes and by the manager
// at half time, once each, however many nodes look; an accepted one knocks no more.
func TestAnOrderThatNobodyAcceptsKnocks(t *testing.T) {
	alone(t, func(w *shopWorld) {
		k := newKnockWorld(w)
		k.run()
		second := *w
		second.hub = hub.New(w.options())
		second.run()
		k.newOrder()
		k.clk.Advance(2*time.Minute + time.Second)
		k.until("the group hears it", func() bool { return len(k.got("望京店")) > 0 })
		text := k.got("望京店")[0]
		if !regexp.MustCompile(`】2 分钟未接，剩 2:\d\d`).MatchString(text) || !strings.Contains(text, "](https://hub.example.com/orders/ord_") {
			t.Errorf("heard %q", text)
		}
		if n := len(k.got(managersPhone)); n > 0 {
			t.Errorf("the manager heard it before half time")
		}
		k.clk.Advance(30 * time.Second)
		k.until("the manager hears it", func() bool { return len(k.got(managersPhone)) > 0 })
		if text := k.got(managersPhone)[0]; !strings.Contains(text, "/k/") || strings.Contains(text, "ord_") {
			t.Errorf("a short message: %q", text)
		}
		other := k.newOrder()
		k.clk.Advance(time.Minute)
		_, err := k.act(other, hub.Act{Kind: order.Accept})
		k.must(err)
		k.until("the other is accepted", func() bool { return k.status(other) == order.StatusAccepted })
		k.clk.Advance(time.Minute + time.Second)
		k.until("the watch has looked again", k.looked())
		if n, m := len(k.got("望京店")), len(k.got(managersPhone)); n != 1 || m != 1 {
			t.Errorf("the group heard %d messages and the manager %d: %v", n, m, k.heard.Messages(0))
		}
		list, err := k.hub.Knocked(t.Context(), k.who)
		k.must(err)
		if len(list) != 2 || list[0].State != effect.Done || list[0].ToName == "" {
			t.Errorf("the console shows %+v", list)
		}
	})
}

// looked reports whether the watch has looked twice since now.
func (k *knockWorld) looked() func() bool {
	begun := func() int {
		list, err := k.db.EffectsOfLane(k.t.Context(), k.who.Merchant, "knock_watch", true, 1)
		k.must(err)
		if len(list) == 0 {
			return 0
		}
		return list[0].Attempts
	}
	at := begun()
	return func() bool { return begun() > at+1 }
}

// A lost answer is followed by one more message that says so, and then it ends.
func TestALostKnockIsRepeatedOnce(t *testing.T) {
	each(t, func(w *shopWorld) {
		k := newKnockWorld(w)
		k.run()
		k.heard.Faults().Next(sim.DropAfterCommit, 2, messengers.DingTalk)
		k.newOrder()
		k.clk.Advance(2*time.Minute + time.Second)
		k.until("it ends", func() bool {
			list, err := k.hub.Knocked(t.Context(), k.who)
			k.must(err)
			return slices.ContainsFunc(list, func(d hub.Knocked) bool { return d.To == k.robot.ID.String() && d.State == effect.Refused })
		})
		if got := k.got("望京店"); len(got) != 2 || strings.Contains(got[0], "补发") || !strings.Contains(got[1], "补发") {
			t.Errorf("the group heard %q", got)
		}
	})
}

// A node that dies between the call and its end leaves a message that the next one repeats
// once: it is neither lost nor sent five times.
func TestAKnockSurvivesItsNode(t *testing.T) {
	each(t, func(w *shopWorld) {
		k := newKnockWorld(w)
		ctx := t.Context()
		lease, err := k.db.Lease(ctx, "the one that dies", 200*time.Millisecond, 0)
		k.must(err)
		i := slices.IndexFunc(lease, func(l db.Lease) bool { return l.Account == 0 })
		args, _ := json.Marshal(map[string]any{"to": k.robot.ID, "keys": []string{"incident/meituan/no_pull"}})
		now := time.Now().UnixMilli()
		_, err = k.db.Do(ctx, db.Verb{Name: "test", Merchant: k.who.Merchant, Decide: func(tx *db.Tx) error {
			tx.PutEffect(&effect.Effect{Target: "knock/" + k.robot.ID.String(), Kind: "knock", Key: effect.DeedKey("knock test"), Deed: true, Nature: effect.Notice, State: effect.Sending, Args: args,
				Cause: "want", Attempts: 1, NextAt: now, Deadline: now + 600_000, Made: now, Changed: now, Attempt: &effect.Attempt{N: 1, Epoch: lease[i].Epoch, Began: now, NotAfter: now + 100}})
			return nil
		}})
		k.must(err)
		k.run()
		k.until("it ends", func() bool {
			list, err := k.hub.Knocked(ctx, k.who)
			k.must(err)
			return len(list) == 1 && !list[0].State.Open()
		})
		// What it told of has cleared itself meanwhile (there is no such trouble): it was looked at again, and nobody was knocked.
		if list, _ := k.hub.Knocked(ctx, k.who); list[0].Attempts != 2 || list[0].Why == nil || list[0].Why.Code != "knock_cleared" {
			t.Errorf("it ended as %+v", list[0])
		}
	})
}

// A code goes to the phone once in a minute, signs in once, and bears five tries.
func TestASignInCodeIsSentOnce(t *testing.T) {
	each(t, func(w *shopWorld) {
		k := newKnockWorld(w)
		k.run()
		ctx := t.Context()
		k.must(k.hub.SendCode(ctx, k.manager))
		k.until("the code is heard", func() bool { return len(k.got(managersPhone)) == 1 })
		k.must(k.hub.SendCode(ctx, k.manager))
		k.until("the second is refused", func() bool {
			list, err := k.db.EffectsOfLane(ctx, k.who.Merchant, "sign_in_code", false, 10)
			k.must(err)
			return len(list) == 2
		})
		if n := len(k.heard.Messages(0)); n != 1 {
			t.Errorf("%d messages were sent", n)
		}
		code := k.got(managersPhone)[0]
		code = code[len(code)-6:]
		m := k.who.Merchant
		for range 4 {
			if ok, err := k.db.UseCode(ctx, m, k.manager.ID, hub.CodeHash(k.manager.ID, "wrong")); ok || err != nil {
				w.t.Fatalf("a wrong code: %v %v", ok, err)
			}
		}
		if ok, err := k.db.UseCode(ctx, m, k.manager.ID, hub.CodeHash(k.manager.ID, code)); !ok || err != nil {
			t.Errorf("the fifth try, right: %v %v", ok, err)
		}
		if ok, _ := k.db.UseCode(ctx, m, k.manager.ID, hub.CodeHash(k.manager.ID, code)); ok {
			t.Error("a code signs in twice")
		}
	})
}

func TestPhonesAndLinks(t *testing.T) {
	each(t, func(w *shopWorld) {
		k := newKnockWorld(w)
		ctx, m := t.Context(), w.who.Merchant
		u, err := w.db.UserByPhone(ctx, "+86"+managersPhone)
		if err != nil || u.ID != k.manager.ID {
			t.Errorf("found %v %v", u.ID, err)
		}
		if _, err := w.db.UserByPhone(ctx, "+8613911111111"); !fault.Is(err, fault.NotFound) {
			t.Errorf("a foreign number: %v", err)
		}
		other, err := w.db.AddUser(ctx, db.UserRow{Merchant: m, Name: "李", Role: "clerk", Locale: "en"})
		w.must(err)
		if err := k.hub.SetPhone(ctx, w.who, other.ID, ptr(managersPhone), ""); !fault.Is(err, fault.Conflict) {
			t.Errorf("a number of two people: %v", err)
		}
		if err := k.hub.SetPhone(ctx, w.who, other.ID, ptr("123"), ""); !fault.Is(err, fault.Invalid) {
			t.Errorf("no number: %v", err)
		}
		hash := hub.LinkHash("a")
		w.must(w.db.AddKnockLink(ctx, db.KnockLink{Merchant: m, User: other.ID, Path: "/orders/ord_1"}, hash, time.Now().Add(time.Minute).UnixMilli()))
		for range 3 { // whoever only looks uses nothing up
			if l, works, err := w.db.FindKnockLink(ctx, hash); err != nil || !works || l.Path != "/orders/ord_1" || l.User != other.ID {
				w.t.Fatalf("found %+v %v %v", l, works, err)
			}
		}
		first, err := w.db.UseKnockLink(ctx, hash)
		w.must(err)
		second, err := w.db.UseKnockLink(ctx, hash)
		w.must(err)
		if !first || second {
			t.Errorf("used once %v, twice %v", first, second)
		}
		if _, works, _ := w.db.FindKnockLink(ctx, hash); works {
			t.Error("a used link works")
		}
		w.must(w.db.AddKnownBrowser(ctx, m, k.manager.ID, []byte("browser"), time.Now().Add(time.Hour).UnixMilli()))
		for user, want := range map[ident.User]bool{k.manager.ID: true, other.ID: false} {
			if got, err := w.db.KnownBrowser(ctx, m, user, []byte("browser")); got != want || err != nil {
				t.Errorf("known to %v: %v %v", user, got, err)
			}
		}
		k.manager.Password = "changed"
		w.must(w.db.SetUser(ctx, k.manager))
		if got, _ := w.db.KnownBrowser(ctx, m, k.manager.ID, []byte("browser")); got {
			t.Error("a browser stays known after the password was changed")
		}
	})
}

// Keys go to the address that they were given for, and no further.
func TestAnotherAddressNeedsItsKeys(t *testing.T) {
	each(t, func(w *shopWorld) {
		k := newKnockWorld(w)
		moved := k.robot
		moved.BaseURL, moved.Credentials = "https://elsewhere.example.com", map[string]string{}
		if _, err := k.hub.PutSender(t.Context(), w.who, moved); !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), "credentials.token") {
			t.Errorf("moved with its keys: %v", err)
		}
		if err := k.hub.TestSender(t.Context(), w.who, k.robot.ID, "", "zh-CN"); err != nil {
			t.Error(err)
		}
		k.heard.Refuse(messengers.DingTalk, "130101")
		if err := k.hub.TestSender(t.Context(), w.who, k.robot.ID, "", "zh-CN"); !fault.Is(err, fault.RateLimited) || !strings.Contains(fault.WordsOf(err), "send too fast") {
			t.Errorf("a refused test: %v", err)
		}
	})
}

// A store's rules are its own: they change neither those of others nor what holds until
// somebody changes it.
func TestRulesOfAStoreAreItsOwn(t *testing.T) {
	each(t, func(w *shopWorld) {
		k := newKnockWorld(w)
		ctx := t.Context()
		stores, err := w.db.Stores(ctx, w.who.Scope)
		w.must(err)
		before := slices.Clone(hub.DefaultKnockRules.Kinds)
		w.must(k.hub.PutKnockRules(ctx, w.who, stores[0].ID, &hub.KnockRules{Kinds: []string{"late"}, AcceptS: 300, PerHour: 1, PerDay: 1}))
		for range 2 {
			rules, err := k.hub.KnockRules(ctx, w.who)
			w.must(err)
			if len(rules) != 2 || !slices.Equal(rules[0].Kinds, before) || rules[0].Own || !slices.Equal(rules[1].Kinds, []string{"late"}) || rules[1].AcceptS != 300 || rules[1].PerHour != 20 {
				w.t.Fatalf("rules %+v", rules)
			}
		}
		w.must(k.hub.PutKnockRules(ctx, w.who, stores[0].ID, nil))
		rules, err := k.hub.KnockRules(ctx, w.who)
		w.must(err)
		if rules[1].Own || !slices.Equal(rules[1].Kinds, before) {
			t.Errorf("given back: %+v", rules[1])
		}
	})
}
