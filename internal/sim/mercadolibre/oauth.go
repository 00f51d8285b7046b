package mercadolibre

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/tongdan/tongdan/internal/sim"
)

const (
	codeLife    = 10 * time.Minute
	refreshLife = 180 * 24 * time.Hour // "6 months"
)

// token is a code, an access token or a refresh token. Its text is the key under which it is kept.
type token struct {
	Kind      string `json:"kind"` // code, access, refresh
	User      ID     `json:"user"`
	App       ID     `json:"app"`
	Expires   Stamp  `json:"expires"`
	Dead      bool   `json:"dead,omitempty"` // used or revoked
	Redirect  string `json:"redirect,omitempty"`
	Challenge string `json:"challenge,omitempty"`
	Method    string `json:"method,omitempty"`
	Scope     string `json:"scope,omitempty"`
}

func (s *Sim) oauthRoutes() []route {
	return []route{
		{method: "GET", path: "/authorization", public: true, do: s.consentPage},
		{method: "GET", path: "/{host}/authorization", public: true, do: s.consentPage},
		{method: "POST", path: "/authorization", public: true, do: s.consent},
		{method: "POST", path: "/oauth/token", public: true, do: s.grant},
		{method: "GET", path: "/users/me", do: s.me},
		{method: "GET", path: "/users", do: s.usersMulti},
		{method: "GET", path: "/users/{user}", do: s.userByID},
		{method: "GET", path: "/applications/{app}", do: s.application},
		{method: "GET", path: "/applications/{app}/grants", do: s.grants},
		{method: "DELETE", path: "/users/{user}/applications/{app}", do: s.revokeByUser},
		{method: "GET", path: "/missed_feeds", do: s.missedFeeds},
	}
}

var consentTemplate = template.Must(template.New("consent").Parse(`<!DOCTYPE html>
<html lang="es"><head><meta charset="utf-8"><title>Mercado Libre (simulated): authorize</title>
<style>body{font:16px system-ui;max-width:34rem;margin:3rem auto;padding:0 1rem}button{font:inherit;padding:.5rem 1rem;margin:.25rem 0;width:100%;text-align:left}</style></head>
<body><h1>Mercado Libre</h1><p>{{if .Problem}}{{.Problem}}{{else}}The application {{.Client}} wants to read and write your sales. Continue as:</p>
<form method="post" action="/authorization">
{{range $k, $v := .Hidden}}<input type="hidden" name="{{$k}}" value="{{$v}}">
{{end}}{{range .Sellers}}<button name="user_id" value="{{.ID}}">{{.Nickname}} · {{.Site}} · {{.ID}}</button>
{{end}}<button name="operator" value="1">An operator (collaborator) of the account, who may not authorize</button>
</form>{{end}}</body></html>`))

// consentProblem checks what the consent host checks.
func (s *Sim) consentProblem(f url.Values) string {
	redirect := f.Get("redirect_uri")
	u, err := url.Parse(redirect)
	switch {
	case f.Get("response_type") != "code":
		return "response_type must be code"
	case f.Get("client_id") != s.app.ClientID.String():
		return "Sorry, the application cannot be connected to your account: client_id is unknown"
	case s.app.RedirectURI != "" && redirect != s.app.RedirectURI:
		return "Sorry, the application cannot be connected to your account: redirect_uri differs from the registered one"
	case err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https":
		return "redirect_uri must be a complete address"
	case s.app.PKCE && f.Get("code_challenge") == "":
		return "code_challenge is required"
	case f.Get("code_challenge") != "" && !slices.Contains([]string{"S256", "plain", ""}, f.Get("code_challenge_method")):
		return "code_challenge_method must be S256 or plain"
	}
	return ""
}

func (s *Sim) consentPage(q *request) {
	data := struct {
		Problem string
		Client  ID
		Hidden  map[string]string
		Sellers []*Seller
	}{Problem: s.consentProblem(q.q), Client: s.app.ClientID, Hidden: map[string]string{}}
	for k := range q.q {
		data.Hidden[k] = q.q.Get(k)
	}
	host := q.vars["host"] // the consent host of a site, as a path on this server
	for _, id := range s.sellerIDs() {
		if sl := s.sellers[id]; host == "" || sites[sl.Site].ConsentHost == host {
			data.Sellers = append(data.Sellers, sl)
		}
	}
	if len(data.Sellers) == 0 {
		q.fail(http.StatusNotFound, "not_found", "No seller of this consent host is registered")
		return
	}
	q.w.Header().Set("Content-Type", "text/html; charset=utf-8")
	if data.Problem != "" {
		q.w.WriteHeader(http.StatusBadRequest)
	}
	consentTemplate.Execute(q.w, data)
}

func (s *Sim) consent(q *request) {
	f, err := url.ParseQuery(string(q.body))
	if err != nil || s.consentProblem(f) != "" {
		q.fail(http.StatusBadRequest, "bad_request", s.consentProblem(f))
		return
	}
	to, _ := url.Parse(f.Get("redirect_uri"))
	v := to.Query()
	if state := f.Get("state"); state != "" {
		v.Set("state", state)
	}
	user, _ := parseID(f.Get("user_id"))
	switch {
	case f.Get("operator") != "":
		v.Set("error", "invalid_operator_user_id")
	case s.sellers[user] == nil:
		v.Set("error", "access_denied")
	default:
		b := s.book.Begin()
		v.Set("code", s.newCode(b, user, f.Get("redirect_uri"), f.Get("code_challenge"), f.Get("code_challenge_method")))
		if err := b.Commit(); err != nil {
			q.fail(http.StatusInternalServerError, "internal_server_error", "try again")
			return
		}
	}
	to.RawQuery = v.Encode()
	q.w.Header().Set("Location", to.String())
	q.w.WriteHeader(http.StatusFound)
}

// Authorize plays the seller who consents, and returns the code that the redirect would
// carry. redirect must be what the exchange will name.
func (s *Sim) Authorize(seller ID, redirect string) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.sellers[seller] == nil {
		return "", fmt.Errorf("seller %d does not exist: %w", seller, sim.ErrUnknown)
	}
	b := s.book.Begin()
	code := s.newCode(b, seller, redirect, "", "")
	return code, b.Commit()
}

// secret makes up the random part of a token. A seed makes a run repeatable; the count in
// the book keeps a restarted run from saying the same token twice.
func (s *Sim) secret(b *sim.Batch) [32]byte {
	s.seq++
	b.Put("ml.seq", "last", s.seq)
	return sha256.Sum256(fmt.Appendf(nil, "token %d %d", s.seed, s.seq))
}

func (s *Sim) keepToken(b *sim.Batch, text string, t *token) {
	s.tokens[text] = t
	b.Put("ml.token", text, t)
}

func (s *Sim) newCode(b *sim.Batch, user ID, redirect, challenge, method string) string {
	x := s.secret(b)
	code := fmt.Sprintf("TG-%s-%d", hex.EncodeToString(x[:12]), user)
	s.keepToken(b, code, &token{Kind: "code", User: user, App: s.app.ClientID, Redirect: redirect, Challenge: challenge, Method: method, Expires: stampAt(s.clock.Now().Add(codeLife))})
	return code
}

// grant answers POST /oauth/token.
func (s *Sim) grant(q *request) {
	f := q.q // the platform's own Go SDK sends the fields in the query
	if len(q.body) > 0 && !strings.HasPrefix(q.r.Header.Get("Content-Type"), "application/json") {
		form, err := url.ParseQuery(string(q.body))
		if err != nil {
			q.oauthError(http.StatusBadRequest, "invalid_request", "The body must be a form")
			return
		}
		f = form
	}
	for _, k := range []string{"grant_type", "client_id", "client_secret", "code", "redirect_uri", "refresh_token", "code_verifier"} {
		if len(f[k]) > 1 {
			q.oauthError(http.StatusBadRequest, "invalid_request", "The parameter "+k+" is duplicated")
			return
		}
	}
	need := map[string][]string{"authorization_code": {"code", "redirect_uri"}, "refresh_token": {"refresh_token"}}
	kind := f.Get("grant_type")
	extra, known := need[kind]
	if kind != "" && !known {
		q.oauthError(http.StatusBadRequest, "unsupported_grant_type", "Allowed values are authorization_code and refresh_token")
		return
	}
	for _, k := range append([]string{"grant_type", "client_id", "client_secret"}, extra...) {
		if f.Get(k) == "" {
			q.oauthError(http.StatusBadRequest, "invalid_request", k+" is a required parameter")
			return
		}
	}
	if f.Get("client_id") != s.app.ClientID.String() || subtle.ConstantTimeCompare([]byte(f.Get("client_secret")), []byte(s.app.ClientSecret)) != 1 {
		q.oauthError(http.StatusBadRequest, "invalid_client", "invalid client_id or client_secret")
		return
	}
	text := f.Get("code")
	if kind == "refresh_token" {
		text = f.Get("refresh_token")
	}
	want := map[string]string{"authorization_code": "code", "refresh_token": "refresh"}[kind]
	t := s.tokens[text]
	if t == nil || t.Kind != want || t.Dead || t.App != s.app.ClientID || !q.now.Before(t.Expires.Time) || want == "code" && !codeFits(t, f) {
		q.oauthError(http.StatusBadRequest, "invalid_grant", "Error validating grant. Your authorization code or refresh token may be expired or it was already used")
		return
	}
	b := s.book.Begin()
	t.Dead = true
	b.Put("ml.token", text, t)
	access, refresh := s.newPair(b, t.User, q.now)
	s.forgetTokens(b, q.now)
	if err := b.Commit(); err != nil {
		q.fail(http.StatusInternalServerError, "internal_server_error", "The simulator's book cannot be written")
		return
	}
	q.call.Changed = true
	q.json(http.StatusOK, map[string]any{
		"access_token": access, "token_type": "bearer", "expires_in": int(time.Duration(s.cfg.TokenLife).Seconds()),
		"scope": "offline_access read write", "user_id": t.User, "refresh_token": refresh,
	})
}

// codeFits checks redirect and proof of a code.
func codeFits(t *token, f url.Values) bool {
	if t.Redirect != "" && t.Redirect != f.Get("redirect_uri") {
		return false
	}
	if t.Challenge == "" {
		return true
	}
	verifier := f.Get("code_verifier")
	if t.Method == "S256" {
		sum := sha256.Sum256([]byte(verifier))
		verifier = base64.RawURLEncoding.EncodeToString(sum[:])
	}
	return subtle.ConstantTimeCompare([]byte(verifier), []byte(t.Challenge)) == 1
}

// newPair makes an access and a refresh token. Only the newest refresh token of a seller
// works; earlier access tokens live on until they expire.
func (s *Sim) newPair(b *sim.Batch, user ID, now time.Time) (access, refresh string) {
	for text, t := range s.tokens {
		if t.Kind == "refresh" && t.User == user && !t.Dead {
			t.Dead = true
			b.Put("ml.token", text, t)
		}
	}
	x := s.secret(b)
	access = fmt.Sprintf("APP_USR-%d-%s-%s-%d", s.app.ClientID, now.Format("010215"), hex.EncodeToString(x[:16]), user)
	refresh = fmt.Sprintf("TG-%s-%d", hex.EncodeToString(x[16:28]), user)
	s.keepToken(b, access, &token{Kind: "access", User: user, App: s.app.ClientID, Expires: stampAt(now.Add(time.Duration(s.cfg.TokenLife)))})
	s.keepToken(b, refresh, &token{Kind: "refresh", User: user, App: s.app.ClientID, Expires: stampAt(now.Add(refreshLife))})
	return access, refresh
}

// Tokens gives a seller a fresh pair without the consent page, for tests and the demo.
func (s *Sim) Tokens(seller ID) (access, refresh string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.sellers[seller] == nil {
		return "", "", fmt.Errorf("seller %d does not exist: %w", seller, sim.ErrUnknown)
	}
	b := s.book.Begin()
	access, refresh = s.newPair(b, seller, s.clock.Now())
	return access, refresh, b.Commit()
}

// forgetTokens drops tokens that have long been useless: an unknown token is refused as a dead one is.
func (s *Sim) forgetTokens(b *sim.Batch, now time.Time) {
	if len(s.tokens) < 2000 {
		return
	}
	for text, t := range s.tokens {
		if t.Dead || now.After(t.Expires.Time) {
			delete(s.tokens, text)
			b.Delete("ml.token", text)
		}
	}
}

// ExpireTokens lets the seller's access tokens expire now (0: everybody's).
func (s *Sim) ExpireTokens(seller ID) error {
	return s.killTokens(seller, func(t *token) bool { return t.Kind == "access" })
}

// Revoke ends the seller's authorization of the application: access and refresh tokens die.
func (s *Sim) Revoke(seller ID) error {
	return s.killTokens(seller, func(*token) bool { return true })
}

func (s *Sim) killTokens(seller ID, which func(*token) bool) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if seller != 0 && s.sellers[seller] == nil {
		return fmt.Errorf("seller %d does not exist: %w", seller, sim.ErrUnknown)
	}
	b := s.book.Begin()
	for text, t := range s.tokens {
		if (seller == 0 || t.User == seller) && !t.Dead && which(t) {
			t.Dead = true
			b.Put("ml.token", text, t)
		}
	}
	return b.Commit()
}

func (q *request) oauthError(status int, code, description string) {
	q.call.Code = code
	q.json(status, map[string]any{"error_description": description, "error": code, "status": status, "cause": []any{}})
}

// identify finds the caller by his token; false means that the refusal has been sent.
func (q *request) identify() bool {
	text := q.param("access_token")
	if h := q.r.Header.Get("Authorization"); h != "" {
		scheme, rest, _ := strings.Cut(h, " ")
		if strings.EqualFold(scheme, "bearer") {
			text = strings.TrimSpace(rest)
		}
	}
	if text == "" {
		code := "unauthorized"
		if strings.HasPrefix(q.r.URL.Path, "/orders") {
			code = "not_identified_user"
		}
		q.fail(http.StatusUnauthorized, code, "authorization value not present")
		return false
	}
	t := q.s.tokens[text]
	if t == nil || t.Kind != "access" || t.Dead || !q.now.Before(t.Expires.Time) {
		q.fail(http.StatusUnauthorized, "unauthorized", "invalid access token")
		return false
	}
	q.user = t.User
	return true
}

func (s *Sim) sellerIDs() []ID {
	ids := make([]ID, 0, len(s.sellers))
	for id := range s.sellers {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	return ids
}

func (s *Sim) me(q *request) { q.json(http.StatusOK, s.userJSON(q.user, true)) }

func (s *Sim) userByID(q *request) {
	id, ok := q.id("user")
	u := s.userJSON(id, id == q.user)
	if !ok || u == nil {
		q.fail(http.StatusNotFound, "not_found", "The User ID must match the consultant's")
		return
	}
	q.json(http.StatusOK, u)
}

func (s *Sim) usersMulti(q *request) {
	ids := strings.Split(q.param("ids"), ",")
	if len(ids) > 20 {
		q.fail(http.StatusBadRequest, "bad_request", fmt.Sprintf("The parameter 'ids' only allows 20 elements. You exceeded this value by sending %d elements", len(ids)))
		return
	}
	rows := []any{}
	for _, text := range ids {
		id, _ := parseID(strings.TrimSpace(text))
		if u := s.userJSON(id, id == q.user); u != nil {
			rows = append(rows, map[string]any{"code": 200, "body": u})
		} else {
			rows = append(rows, map[string]any{"code": 404, "body": map[string]any{"message": "User not found", "error": "not_found", "status": 404, "cause": []any{}}})
		}
	}
	q.json(http.StatusOK, rows)
}

func (s *Sim) application(q *request) {
	if id, _ := q.id("app"); id != s.app.ClientID {
		q.fail(http.StatusNotFound, "not_found", "application not found")
		return
	}
	q.json(http.StatusOK, map[string]any{
		"id": s.app.ClientID, "name": "tongdan", "active": true, "callback_url": s.app.RedirectURI,
		"notifications_callback_url": s.app.CallbackURL, "scopes": []string{"offline_access", "read", "write"},
	})
}

func (s *Sim) grants(q *request) {
	rows := []any{}
	for _, id := range s.sellerIDs() {
		for _, t := range s.tokens {
			if t.Kind == "refresh" && t.User == id && !t.Dead {
				rows = append(rows, map[string]any{"user_id": id, "app_id": s.app.ClientID, "scopes": []string{"offline_access", "read", "write"}})
				break
			}
		}
	}
	q.json(http.StatusOK, map[string]any{"paging": map[string]int{"total": len(rows), "offset": 0, "limit": 50}, "grants": rows})
}

func (s *Sim) revokeByUser(q *request) {
	user, _ := q.id("user")
	app, _ := q.id("app")
	if user != q.user || app != s.app.ClientID {
		q.policy("access to the requested resource is forbidden")
		return
	}
	b := s.book.Begin()
	for text, t := range s.tokens {
		if t.User == user && !t.Dead {
			t.Dead = true
			b.Put("ml.token", text, t)
		}
	}
	if err := b.Commit(); err != nil {
		q.fail(http.StatusInternalServerError, "internal_server_error", "try again")
		return
	}
	q.call.Changed = true
	q.json(http.StatusOK, map[string]any{"user_id": user, "app_id": app, "msg": "Autorización eliminada"})
}
