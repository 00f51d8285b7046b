package mercadolibre

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

func TestSellerConsentsAndTokensRotate(t *testing.T) {
	w := newWorld(t)
	w.token = ""
	status, page, _ := w.call("GET", "/authorization?response_type=code&client_id=1234567890123456&redirect_uri=https%3A%2F%2Fhub.example%2Fml%2Fcb&state=abc", "")
	if status != 200 || !strings.Contains(string(page), "LOJA EXEMPLO BR") {
		t.Fatalf("consent page: %d %s", status, page)
	}
	form := url.Values{"response_type": {"code"}, "client_id": {"1234567890123456"}, "redirect_uri": {"https://hub.example/ml/cb"}, "state": {"abc"}, "user_id": {"700000001"}}
	status, _, h := w.call("POST", "/authorization", form.Encode(), "Content-Type", "application/x-www-form-urlencoded")
	to, err := url.Parse(h.Get("Location"))
	if err != nil || status != http.StatusFound || to.Host != "hub.example" || to.Query().Get("state") != "abc" {
		t.Fatalf("redirect: %d %q", status, h.Get("Location"))
	}
	code := to.Query().Get("code")
	if !strings.HasPrefix(code, "TG-") || !strings.HasSuffix(code, "-700000001") {
		t.Fatalf("code %q", code)
	}
	if status, m := w.grant("grant_type", "authorization_code", "code", code, "redirect_uri", "https://elsewhere.example/"); status != 400 || m["error"] != "invalid_grant" {
		t.Fatalf("other redirect: %d %v", status, m)
	}
	status, m := w.grant("grant_type", "authorization_code", "code", code, "redirect_uri", "https://hub.example/ml/cb")
	if status != 200 {
		t.Fatalf("exchange: %d %v", status, m)
	}
	w.want(m, "expires_in", "21600")
	w.want(m, "user_id", "700000001")
	w.want(m, "token_type", "bearer")
	if status, m := w.grant("grant_type", "authorization_code", "code", code, "redirect_uri", "https://hub.example/ml/cb"); status != 400 || m["error"] != "invalid_grant" {
		t.Fatalf("a code works twice: %d %v", status, m)
	}
	access, refresh := m["access_token"].(string), m["refresh_token"].(string)
	w.token = access
	w.want(w.get("/users/me"), "site_id", "MLB")

	w.clock.Advance(6 * time.Hour)
	w.refused("GET", "/users/me", "", 401, "unauthorized")
	w.token = ""
	status, m = w.grant("grant_type", "refresh_token", "refresh_token", refresh)
	if status != 200 {
		t.Fatalf("refresh: %d %v", status, m)
	}
	if status, m := w.grant("grant_type", "refresh_token", "refresh_token", refresh); status != 400 || m["error"] != "invalid_grant" || m["error_description"] == nil {
		t.Fatalf("an old refresh token still works: %d %v", status, m)
	}
	w.token = m["access_token"].(string)
	w.get("/users/me")
	if err := w.s.Revoke(brazil); err != nil {
		t.Fatal(err)
	}
	w.refused("GET", "/users/me", "", 401, "unauthorized")
	if status, m := w.grant("grant_type", "refresh_token", "refresh_token", m["refresh_token"].(string)); m["error"] != "invalid_grant" {
		t.Fatalf("refresh after revocation: %d %v", status, m)
	}
}

func TestTokenErrorsHaveTheirNames(t *testing.T) {
	w := newWorld(t)
	for want, fields := range map[string][]string{
		"unsupported_grant_type": {"grant_type", "password"},
		"invalid_request":        {"grant_type", "refresh_token"},
		"invalid_client":         {"grant_type", "refresh_token", "refresh_token", "TG-x-1", "client_secret", "wrong"},
		"invalid_grant":          {"grant_type", "refresh_token", "refresh_token", "TG-x-1"},
	} {
		if status, m := w.grant(fields...); status != 400 || m["error"] != want {
			t.Errorf("%v: %d %v, want %s", fields, status, m, want)
		}
	}
}

func TestPKCEFollowsTheRFCVector(t *testing.T) {
	w := newWorld(t, func(o *Options) { o.App.PKCE = true })
	form := url.Values{"response_type": {"code"}, "client_id": {"1234567890123456"}, "redirect_uri": {"https://hub.example/ml/cb"}, "user_id": {"700000002"}}
	if status, _, _ := w.call("POST", "/authorization", form.Encode(), "Content-Type", "application/x-www-form-urlencoded"); status != 400 {
		t.Fatalf("consent without a challenge: %d", status)
	}
	form.Set("code_challenge", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM")
	form.Set("code_challenge_method", "S256")
	_, _, h := w.call("POST", "/authorization", form.Encode(), "Content-Type", "application/x-www-form-urlencoded")
	to, _ := url.Parse(h.Get("Location"))
	args := []string{"grant_type", "authorization_code", "code", to.Query().Get("code"), "redirect_uri", "https://hub.example/ml/cb"}
	if _, m := w.grant(args...); m["error"] != "invalid_grant" {
		t.Fatalf("exchange without verifier: %v", m)
	}
	if status, m := w.grant(append(args, "code_verifier", "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk")...); status != 200 {
		t.Fatalf("exchange: %d %v", status, m)
	}
}

func TestConsentHostOfASiteIsAPathHere(t *testing.T) {
	w := newWorld(t)
	_, page, _ := w.call("GET", "/auth.mercadolibre.com.mx/authorization?response_type=code&client_id=1234567890123456&redirect_uri=https%3A%2F%2Fhub.example%2Fml%2Fcb", "")
	if !strings.Contains(string(page), "TIENDA EJEMPLO MX") || strings.Contains(string(page), "LOJA EXEMPLO BR") {
		t.Errorf("page is %s", page)
	}
}

func TestOperatorMayNotConsent(t *testing.T) {
	w := newWorld(t)
	form := url.Values{"response_type": {"code"}, "client_id": {"1234567890123456"}, "redirect_uri": {"https://hub.example/ml/cb"}, "operator": {"1"}}
	_, _, h := w.call("POST", "/authorization", form.Encode(), "Content-Type", "application/x-www-form-urlencoded")
	if !strings.Contains(h.Get("Location"), "error=invalid_operator_user_id") {
		t.Fatalf("Location %q", h.Get("Location"))
	}
}

func TestTokenInTheQueryWorksToo(t *testing.T) {
	w := newWorld(t)
	token := w.token
	w.token = ""
	w.want(w.get("/users/me?access_token="+url.QueryEscape(token)), "id", "700000001")
	w.refused("GET", "/orders/1", "", 401, "not_identified_user")
}

func TestRotatedSecretEndsAccessTokens(t *testing.T) {
	w := newWorld(t)
	w.get("/users/me")
	if err := w.s.Register(func(a *App) { a.ClientSecret = "another" }); err != nil {
		t.Fatal(err)
	}
	w.refused("GET", "/users/me", "", 401, "unauthorized")
}
