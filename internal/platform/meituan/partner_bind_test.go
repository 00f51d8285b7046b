package meituan_test

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/tongdan/tongdan/channel"
	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/internal/platform/meituan"
)

// A stranger's binding is tried beside the calls that go on: they keep the token that works. An end that comes late
// takes nothing away, and one whose truth cannot be asked for is sent again.
func TestABindingThatIsTriedDisturbsNoCall(t *testing.T) {
	w := partnerHarness{}.open(t)
	tried, answer := make(chan bool), make(chan bool)
	var down atomic.Bool
	api := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if down.Load() {
			rw.WriteHeader(http.StatusBadGateway)
			return
		}
		body, _ := io.ReadAll(r.Body)
		r.Body = io.NopCloser(bytes.NewReader(body))
		if strings.Contains(string(body), "appAuthToken=token_of_a_stranger&") {
			tried <- true
			<-answer
			rw.Write([]byte(`{"code":"4001","msg":"appAuthToken无效或已过期"}`))
			return
		}
		w.sim.Partner().API().ServeHTTP(rw, r)
	}))
	defer api.Close()
	w.app.BaseURL = api.URL
	conn := opened(t, meituan.NewPartner(), w)
	bound := make(chan error)
	go func() {
		bound <- conn.Bind(t.Context(), channel.Grant{Token: channel.NewSecret("token_of_a_stranger")})
	}()
	<-tried
	works := func(when string) {
		t.Helper()
		if _, err := conn.Rests(t.Context(), "TEA001"); err != nil {
			t.Errorf("%s: %v", when, err)
		}
	}
	works("while a stranger's token is tried")
	close(answer)
	if err := <-bound; !fault.Is(err, fault.Unauthorized) {
		t.Errorf("a stranger's token: %v", err)
	}
	if err := conn.Bind(t.Context(), channel.Grant{Over: true, Signed: true}); err != nil {
		t.Error(err)
	}
	works("after an end that came late")
	down.Store(true)
	if err := conn.Bind(t.Context(), channel.Grant{Over: true, Signed: true}); err == nil {
		t.Error("an end was believed though nobody could be asked")
	}
	down.Store(false)
	works("after an end that could not be asked for")
	if err := w.sim.Unbind("TEA001"); err != nil {
		t.Fatal(err)
	}
	if err := conn.Bind(t.Context(), channel.Grant{Over: true, Signed: true}); err != nil {
		t.Error(err)
	}
	if b, _ := w.vault.Load(t.Context(), "app_auth_token"); string(b) != "{}" {
		t.Errorf("the vault keeps %s after the end", b)
	}
}
