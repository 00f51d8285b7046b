package mercadolibre

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tongdan/tongdan/channel"
	"github.com/tongdan/tongdan/channel/channeltest"
	"github.com/tongdan/tongdan/fault"
	simulator "github.com/tongdan/tongdan/internal/sim/mercadolibre"
)

const life = 6 * time.Hour

// refreshes counts the calls of the token endpoint.
func (w *world) refreshes() int {
	n := 0
	for _, c := range w.s.Calls().List("", 10_000) {
		if c.Path == "/oauth/token" && c.Params["grant_type"] == "refresh_token" {
			n++
		}
	}
	return n
}

func TestAPairIsRenewedAtHalfItsLife(t *testing.T) {
	w := openWorld(t, nil)
	s := w.shop(t)
	next, err := s.Keep(t.Context())
	if err != nil || !next.Equal(start.Add(life/2)) || w.refreshes() != 0 {
		t.Fatalf("next %v, %v, %d refreshes: too early", next, err, w.refreshes())
	}
	for i := range 4 { // rotation after rotation
		w.Advance(t, life/2)
		next, err = s.Keep(t.Context())
		if err != nil || !next.Equal(w.clock.Now().Add(life/2)) || w.refreshes() != i+1 {
			t.Fatalf("next %v, %v, %d refreshes", next, err, w.refreshes())
		}
	}
	if _, err := w.shop(t).Read(t.Context(), w.Place(t, channeltest.Wish{})); err != nil {
		t.Errorf("another process with the same vault: %v", err)
	}
	if a := w.vault.last(); a.why != "" {
		t.Errorf("alarm %+v", a)
	}
}

func TestManyCallersRefreshOnce(t *testing.T) {
	w := openWorld(t, nil)
	ref := w.Place(t, channeltest.Wish{})
	w.Advance(t, life+time.Minute)
	platform := New()
	var wg sync.WaitGroup
	for range 6 {
		s, err := platform.Open(w.acct, w.env) // lanes open shops of their own
		if err != nil {
			t.Fatal(err)
		}
		wg.Go(func() {
			if _, err := s.Read(t.Context(), ref); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if n := w.refreshes(); n != 1 {
		t.Errorf("%d refreshes, want 1", n)
	}
}

func TestACrashBetweenAnswerAndSaveIsNoticedAtOnce(t *testing.T) {
	w := openWorld(t, nil)
	ref := w.Place(t, channeltest.Wish{})
	dies := start.Add(life)
	w.Advance(t, life/2)
	w.vault.breaks(vaultToken, true) // the platform has rotated, and the process dies before it has saved
	_, _ = w.shop(t).Keep(t.Context())
	w.vault.breaks(vaultToken, false)
	w.vault.alarms = nil

	s := w.shop(t) // the process after the crash
	if _, err := s.Read(t.Context(), ref); err != nil {
		t.Errorf("the access token must work until it expires: %v", err)
	}
	if a := w.vault.last(); a.why == "" || !a.until.Equal(dies) {
		t.Fatalf("alarm %+v, want one until %v at the first use", a, dies)
	}
	if next, err := s.Keep(t.Context()); err != nil || next.Before(w.clock.Now().Add(time.Hour)) {
		t.Errorf("keep: %v %v", next, err)
	}
	if n := w.refreshes(); n != 1 {
		t.Errorf("%d refreshes: a spent token must not be sent again while the old pair works", n)
	}
	if n := len(w.vault.alarms); n != 1 {
		t.Errorf("%d alarms: the owner is told once", n)
	}
	w.Advance(t, life/2-time.Minute/2)
	if _, err := w.shop(t).Read(t.Context(), ref); !fault.Is(err, fault.Unauthorized) && err != nil {
		t.Errorf("in the last minute: %v", err)
	}
	w.Advance(t, time.Minute)
	if _, err := w.shop(t).Read(t.Context(), ref); !fault.Is(err, fault.Unauthorized) {
		t.Errorf("after the end: %v, want unauthorized", err)
	}
	w.authorise(t)
	if _, err := w.shop(t).Read(t.Context(), ref); err != nil || w.vault.last().why != "" {
		t.Errorf("after a new consent: %v, alarm %+v", err, w.vault.last())
	}
}

// TestAFirstRenewalThatIsLostTwiceAsksTheOwner begins with the refresh token of the
// account's credentials, which is in no vault, and a process that died twice before it
// had the answer.
func TestAFirstRenewalThatIsLostTwiceAsksTheOwner(t *testing.T) {
	w := openWorld(t, nil)
	ref := w.Place(t, channeltest.Wish{})
	_, refresh, err := w.s.Tokens(seller)
	if err != nil {
		t.Fatal(err)
	}
	w.acct.Credentials["refresh_token"] = channel.NewSecret(refresh)
	delete(w.vault.kept, vaultToken)
	lost, _ := json.Marshal(mark{At: w.clock.Now().UnixMilli(), Of: fingerprint(refresh), Tries: 2})
	if err := w.vault.Save(t.Context(), vaultMark, w.clock.Now(), lost); err != nil {
		t.Fatal(err)
	}
	w.vault.alarms = nil
	if _, err := w.shop(t).Read(t.Context(), ref); !fault.Is(err, fault.Unauthorized) {
		t.Errorf("read: %v, want unauthorized", err)
	}
	if w.vault.last().why == "" {
		t.Error("nobody is told that the authorisation is lost")
	}
}

func TestALostCallThatNeverArrivedHealsBeforeTheEnd(t *testing.T) {
	w := openWorld(t, nil)
	w.Advance(t, life/2)
	w.s.Faults().Next("drop_before_commit", 1, "POST /oauth/token")
	s := w.shop(t)
	next, err := s.Keep(t.Context())
	if err != nil || w.vault.last().why == "" {
		t.Fatalf("keep: %v, alarm %+v", err, w.vault.last())
	}
	w.Advance(t, next.Sub(w.clock.Now()))
	if next, err = s.Keep(t.Context()); err != nil || !next.Equal(w.clock.Now().Add(life/2)) || w.vault.last().why != "" {
		t.Errorf("the last chance: next %v, %v, alarm %+v", next, err, w.vault.last())
	}
}

func TestFlowControlDoesNotSpendTheRefreshToken(t *testing.T) {
	w := openWorld(t, nil)
	w.Advance(t, life/2)
	s := w.shop(t)
	w.s.Faults().Next("err_429", 1, "POST /oauth/token")
	if _, err := s.Keep(t.Context()); !fault.Is(err, fault.RateLimited) {
		t.Fatalf("keep: %v", err)
	}
	w.Advance(t, time.Minute)
	if next, err := s.Keep(t.Context()); err != nil || !next.After(w.clock.Now().Add(time.Hour)) || w.vault.last().why != "" {
		t.Errorf("keep: %v %v alarm %+v", next, err, w.vault.last())
	}
}

func TestATokenThatDiesEarlyIsRenewedOnceForReads(t *testing.T) {
	w := openWorld(t, nil)
	ref := w.Place(t, channeltest.Wish{})
	s := w.shop(t)
	if _, err := s.Read(t.Context(), ref); err != nil {
		t.Fatal(err)
	}
	w.Advance(t, 5*time.Minute)
	if err := w.s.ExpireTokens(seller); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Read(t.Context(), ref); err != nil || w.refreshes() != 1 {
		t.Errorf("read: %v after %d refreshes", err, w.refreshes())
	}
}

func TestANewerPairOfAnotherProcessIsTaken(t *testing.T) {
	w := openWorld(t, nil)
	ref := w.Place(t, channeltest.Wish{})
	old := w.shop(t)
	if _, err := old.Read(t.Context(), ref); err != nil {
		t.Fatal(err)
	}
	w.Advance(t, 5*time.Minute)
	if err := w.s.ExpireTokens(seller); err != nil {
		t.Fatal(err)
	}
	w.authorise(t) // the owner agrees again, elsewhere
	if _, err := old.Read(t.Context(), ref); err != nil || w.refreshes() != 0 {
		t.Errorf("read: %v after %d refreshes: the vault has a newer pair", err, w.refreshes())
	}
}

func TestARevokedApplicationAsksTheOwner(t *testing.T) {
	w := openWorld(t, nil)
	ref := w.Place(t, channeltest.Wish{})
	w.Advance(t, 5*time.Minute)
	if err := w.s.Revoke(seller); err != nil {
		t.Fatal(err)
	}
	if _, err := w.shop(t).Read(t.Context(), ref); !fault.Is(err, fault.Unauthorized) {
		t.Errorf("read: %v", err)
	}
	if a := w.vault.last(); a.why == "" || !a.until.IsZero() {
		t.Errorf("nobody is told that it has ended: %+v", a)
	}
	if _, err := w.shop(t).Read(t.Context(), ref); !fault.Is(err, fault.Unauthorized) {
		t.Errorf("read again: %v", err)
	}
	if a := w.vault.last(); a.why == "" || !a.until.IsZero() {
		t.Errorf("a second read takes the alarm back: %+v", a)
	}
}

func TestAnotherSellersConsentLeavesThePairAlone(t *testing.T) {
	w := openWorld(t, func(o *simulator.Options) {
		o.Sellers = append(o.Sellers, simulator.Seller{ID: 700000009, Site: "MLB", Nickname: "OUTRA LOJA"})
	})
	ref := w.Place(t, channeltest.Wish{})
	code, err := w.s.Authorize(700000009, redirect)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.shop(t).Exchange(t.Context(), code, redirect); !fault.Is(err, fault.Conflict) {
		t.Errorf("exchange: %v, want conflict", err)
	}
	if _, err := w.shop(t).Read(t.Context(), ref); err != nil {
		t.Errorf("the old pair: %v", err)
	}
	if _, err := w.shop(t).Exchange(t.Context(), code, redirect); err == nil {
		t.Error("a code works once")
	}
}

func TestAnAnswerIsKeptBeforeItIsRead(t *testing.T) {
	w := openWorld(t, nil)
	ref := w.Place(t, channeltest.Wish{})
	w.Advance(t, life/2)
	const garbage = `{"access_token":"APP_USR-cut`
	var hits atomic.Int32
	broken := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		hits.Add(1)
		_, _ = rw.Write([]byte(garbage))
	}))
	defer broken.Close()
	s := w.shop(t)
	s.base = broken.URL
	if _, err := s.Keep(t.Context()); err != nil || hits.Load() != 1 {
		t.Errorf("keep: %v after %d calls", err, hits.Load())
	}
	var k kept
	unmarshal(t, w.vault.kept[vaultToken], &k)
	if string(k.Answer) != garbage || k.Before == nil {
		t.Errorf("the bytes are not in the vault: %q", k.Answer)
	}
	if w.vault.last().why == "" {
		t.Error("nobody is told that the pair is lost")
	}
	if _, err := w.shop(t).Read(t.Context(), ref); err != nil {
		t.Errorf("the pair before must go on: %v", err)
	}
}

func TestTheConsentPageIsThatOfTheCountry(t *testing.T) {
	for code, host := range map[string]string{
		"MLB": "auth.mercadolivre.com.br", "MLM": "auth.mercadolibre.com.mx", "MLA": "auth.mercadolibre.com.ar", "MLC": "auth.mercadolibre.cl", "MCO": "auth.mercadolibre.com.co",
	} {
		acct := channel.Account{App: channel.App{Credentials: map[string]channel.Secret{
			"client_id": channel.NewSecret("12"), "client_secret": channel.NewSecret("s3cret"), "pkce": channel.NewSecret("yes")}},
			Credentials: map[string]channel.Secret{"site": channel.NewSecret(strings.ToLower(code))}}
		s, err := New().Open(acct, channel.Env{})
		if err != nil {
			t.Fatal(err)
		}
		u, err := url.Parse(s.(*shop).ConsentURL("st&te", redirect))
		q := u.Query()
		if err != nil || u.Host != host || u.Path != "/authorization" || q.Get("state") != "st&te" || q.Get("redirect_uri") != redirect || q.Get("response_type") != "code" || q.Get("client_id") != "12" {
			t.Errorf("%s: %s (%v)", code, u, err)
		}
		if q.Get("code_challenge_method") != "S256" || q.Get("code_challenge") != challenge(s.(*shop).verifier(redirect)) || strings.Contains(u.String(), "s3cret") {
			t.Errorf("%s: PKCE of %s", code, u)
		}
	}
}

func TestPKCEIsAnsweredWithItsVerifier(t *testing.T) {
	w := openWorld(t, nil)
	w.acct.App.Credentials["pkce"] = channel.NewSecret("yes")
	s := w.shop(t)
	// The simulated owner agrees without the page; the verifier must do no harm.
	code, err := w.s.Authorize(seller, redirect)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Exchange(t.Context(), code, redirect); err != nil {
		t.Error(err)
	}
	if v := s.verifier(redirect); len(v) < 43 || len(v) > 128 {
		t.Errorf("a verifier has 43 to 128 characters, this one %d", len(v))
	}
}
