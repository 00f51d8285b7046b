package meituan_test

import (
	"strings"
	"testing"
	"time"

	"github.com/tongdan/tongdan/channel"
	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/internal/platform/meituan"
	simulator "github.com/tongdan/tongdan/internal/sim/meituan"
)

// A code gives a token, which works, ends, and is renewed at half its life, whether or not a refresh token works twice;
// one that Meituan does not renew any more is said in time. Nothing of it stands in what is journalled.
func TestAStoreIsAuthorisedByACodeAndItsTokenRenewed(t *testing.T) {
	for name, once := range map[string]bool{"each refresh token once": true, "one for ever": false} {
		t.Run(name, func(t *testing.T) {
			w := partnerHarness{configure: func(c *simulator.Config) { c.PartnerTokenLife, c.PartnerRefreshOnce = 7200, once }}.open(t)
			w.vault.saved = map[string][]byte{}
			w.app.Credentials["way"] = channel.NewSecret("oauth")
			if err := w.sim.Unbind("TEA001"); err != nil {
				t.Fatal(err)
			}
			conn := opened(t, meituan.NewPartner(), w)
			if u, err := conn.ConsentURL("acc.nonce", ""); err != nil || !strings.Contains(u, "/general/auth?") || !strings.Contains(u, "state=acc.nonce") {
				t.Errorf("%s %v", u, err)
			}
			works := func(when string, want fault.Code) {
				t.Helper()
				if _, err := conn.Rests(t.Context(), "TEA001"); fault.CodeOf(err) != want {
					t.Errorf("%s: %v", when, err)
				}
			}
			works("before anybody agreed", fault.Unauthorized)
			if _, err := conn.Exchange(t.Context(), "code_of_nobody", ""); !fault.Is(err, fault.Unauthorized) {
				t.Errorf("a code that was made up: %v", err)
			}
			other, err := w.sim.Agree("TEA002")
			if err != nil {
				t.Fatal(err)
			}
			if _, err := conn.Exchange(t.Context(), other, ""); !fault.Is(err, fault.Forbidden) {
				t.Errorf("the code of another store: %v", err)
			}
			code, err := w.sim.Agree("TEA001")
			if err != nil {
				t.Fatal(err)
			}
			ctx, trace := channel.WithTrace(t.Context())
			if _, err := conn.Exchange(ctx, code, ""); err != nil {
				t.Fatal(err)
			}
			for _, x := range trace.Take() {
				if all := x.Query + string(x.Sent) + string(x.Got); strings.Contains(all, code) || strings.Contains(all, "access_") || strings.Contains(all, "refresh_") {
					t.Errorf("%s is journalled with a token", x.URL)
				}
			}
			works("once it is authorised", "")
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
			if err := w.sim.EndTokens("TEA001", true); err != nil {
				t.Fatal(err)
			}
			works("when it has ended", fault.Unauthorized)
			w.clock.Advance(2 * time.Hour)
			if next, _, err := conn.Keep(t.Context()); err != nil || next.Before(w.clock.Now()) {
				t.Errorf("a token that is not renewed: %v %v", next, err)
			}
		})
	}
}
