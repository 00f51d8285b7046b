package meituan_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/tongdan/tongdan/channel"
	"github.com/tongdan/tongdan/channel/channeltest"
	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/internal/platform/meituan"
	simulator "github.com/tongdan/tongdan/internal/sim/meituan"
	"github.com/tongdan/tongdan/order"
)

// A vendorWorld is one store in a vendor's app.
type vendorWorld struct {
	*world
	alarms *alarms
}

// alarms is a vault that keeps what its owner was told.
type alarms struct {
	*vault
	why string
}

func (a *alarms) Alarm(_ context.Context, _ time.Time, why string) error { a.why = why; return nil }

func (w *vendorWorld) Account() channel.Account {
	return channel.Account{ID: 9, App: w.app, Shops: []string{"TEA001"}}
}

func (w *vendorWorld) Env() channel.Env {
	env := w.world.Env()
	env.Vault = w.alarms
	return env
}

// Place places every order at the account's store, whoever brings it.
func (w *vendorWorld) Place(t *testing.T, wish channeltest.Wish) order.Ref {
	return w.place(t, wish, "TEA001", map[order.Logistics]string{order.ByCrowd: "1003", order.BySelf: "0000"}[wish.Logistics])
}

type vendorHarness struct{ configure func(*simulator.Config) }

func (vendorHarness) Platform() channel.Platform { return meituan.New() }

func (h vendorHarness) Open(t *testing.T) channeltest.World { return h.open(t) }

func (h vendorHarness) open(t *testing.T) *vendorWorld {
	w := harness{configure: func(c *simulator.Config) {
		c.Vendor = true
		if h.configure != nil {
			h.configure(c)
		}
	}}.open(t)
	w.app.Credentials["way"] = channel.NewSecret("isv")
	w.inbox.Serve(w.app)
	return &vendorWorld{w, &alarms{vault: w.vault}}
}

func TestVendorConformance(t *testing.T) { channeltest.Run(t, vendorHarness{}) }

// A vendor's app gets the token of its store by itself, signs it with the rest of a call, renews it at half its life
// whether or not a refresh token works twice, and gets a first one again when it has ended. No token stands in what is
// journalled, and another merchant's store is out of reach.
func TestAVendorsAppGetsAndRenewsItsStoresToken(t *testing.T) {
	for name, once := range map[string]bool{"each refresh token once": true, "one for ever": false} {
		t.Run(name, func(t *testing.T) {
			w := vendorHarness{func(c *simulator.Config) { c.VendorTokenLife, c.VendorRefreshOnce = 7200, once }}.open(t)
			conn := opened(t, meituan.New(), w)
			works := func(when string, want fault.Code) {
				t.Helper()
				if _, err := conn.Rests(t.Context(), "TEA001"); fault.CodeOf(err) != want {
					t.Errorf("%s: %v", when, err)
				}
			}
			ctx, trace := channel.WithTrace(t.Context())
			if _, err := conn.Rests(ctx, "TEA001"); err != nil {
				t.Fatal(err)
			}
			for _, x := range trace.Take() {
				if all := x.URL + x.Query + string(x.Sent) + string(x.Got); strings.Contains(all, tokenIn(w)) {
					t.Errorf("%s is journalled with a token", x.URL)
				}
			}
			if _, err := conn.Rests(t.Context(), "TEA002"); !fault.Is(err, fault.Forbidden) {
				t.Errorf("another merchant's store: %v", err)
			}
			before := tokenIn(w)
			for range 3 {
				next, keeps, err := conn.Keep(t.Context())
				if err != nil || !keeps || next.Sub(w.clock.Now()) > time.Hour || next.Before(w.clock.Now()) {
					t.Fatalf("next %v %v %v", next, keeps, err)
				}
				w.clock.Advance(next.Sub(w.clock.Now()) + time.Second)
				if _, _, err := conn.Keep(t.Context()); err != nil {
					t.Fatal(err)
				}
				works("renewed", "")
			}
			if tokenIn(w) == before {
				t.Error("the token was not renewed")
			}
			if err := w.sim.EndVendorToken("TEA001"); err != nil {
				t.Fatal(err)
			}
			works("when it has ended, which the platform alone knows", fault.Unauthorized)
			works("the next time", "")
			w.clock.Advance(3 * time.Hour)
			works("after a long sleep", "")
		})
	}
}

// tokenIn is the token in the vault.
func tokenIn(w *vendorWorld) string {
	b, _ := w.vault.Load(context.Background(), "access_token")
	var k struct{ Token string }
	if json.Unmarshal(b, &k) != nil || k.Token == "" {
		return "no token"
	}
	return k.Token
}

// A store that its merchant takes out of the vendor's app is told at once and asks for nothing; when he binds it
// again its token comes by itself. An end that comes late, when the store is back, is not believed.
func TestAVendorHearsOfBindings(t *testing.T) {
	w := vendorHarness{func(c *simulator.Config) {
		base := c.Callback
		c.Callbacks = map[string]string{simulator.PushBinding: base + "/store/binding", simulator.PushAudit: base + "/store/audit"}
	}}.open(t)
	conn := opened(t, meituan.New(), w)
	heard := func(what string) channel.Received {
		t.Helper()
		for _, r := range w.Pushes(t) {
			if got := meituan.New().Receive(w.app, r); got.Item.What == what {
				return got
			}
		}
		t.Fatalf("no %s was pushed", what)
		return channel.Received{}
	}
	if _, err := conn.Rests(t.Context(), "TEA001"); err != nil {
		t.Fatal(err)
	}
	if err := w.sim.BindApp("TEA001", false); err != nil {
		t.Fatal(err)
	}
	end := heard("store.binding")
	if end.Verdict != channel.Good || end.External != "TEA001" || end.Grant == nil || !end.Grant.Over || !end.Grant.Signed {
		t.Fatalf("%+v", end)
	}
	if err := conn.Bind(t.Context(), *end.Grant); err != nil || w.alarms.why == "" {
		t.Errorf("the end: %v, told %q", err, w.alarms.why)
	}
	if _, err := conn.Rests(t.Context(), "TEA001"); !fault.Is(err, fault.Unauthorized) || fault.ReasonOf(err).Code != "store_not_in_app" {
		t.Errorf("once it is over: %v", err)
	}
	if next, _, err := conn.Keep(t.Context()); err != nil || !next.After(w.clock.Now()) {
		t.Errorf("kept all the same: %v %v", next, err)
	}
	if err := w.sim.BindApp("TEA001", true); err != nil {
		t.Fatal(err)
	}
	back := heard("store.binding")
	if back.Grant == nil || back.Grant.Over {
		t.Fatalf("%+v", back)
	}
	for _, g := range []*channel.Grant{back.Grant, end.Grant} { // the end once more, late
		if err := conn.Bind(t.Context(), *g); err != nil {
			t.Error(err)
		}
		if _, err := conn.Rests(t.Context(), "TEA001"); err != nil {
			t.Errorf("bound again (over: %v): %v", g.Over, err)
		}
	}
	if err := w.sim.Audit("TEA001", 2, 3, "证照不清晰"); err != nil {
		t.Fatal(err)
	}
	if got := heard("store.audit"); got.Verdict != channel.Good || got.External != "TEA001" || got.Grant != nil {
		t.Errorf("%+v", got)
	}
}

// One account is one store: with two, no call could say which token it needs.
func TestAVendorsAccountIsOneStore(t *testing.T) {
	w := vendorHarness{}.open(t)
	acct := w.Account()
	acct.Shops = []string{"TEA001", "TEA002"}
	if _, err := meituan.New().Open(acct, w.Env()); fault.ReasonOf(err).Code != "one_store_each" {
		t.Error(err)
	}
}
