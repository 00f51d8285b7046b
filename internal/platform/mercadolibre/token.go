package mercadolibre

import (
	"cmp"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/tongdan/tongdan/channel"
	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/internal/point"
)

// Names in the vault. vaultToken holds the platform's newest answer as it came, sealed
// by the vault before anybody has looked inside, and the one before it. vaultMark
// holds that a refresh was sent: a refresh token works once, so a mark for a token
// that was never replaced means that its answer is lost.
const (
	vaultToken = "token"
	vaultMark  = "refreshing"
)

const (
	spare    = time.Minute      // an access token is not used in its last minute
	lastCall = 10 * time.Minute // before the end of an access token: nothing is left to lose
)

// kept is the form in the vault.
type kept struct {
	At     int64  `json:"at"` // of the answer, UTC ms
	Answer []byte `json:"answer"`
	Before *kept  `json:"before,omitempty"`
}

// mark is the form of vaultMark.
type mark struct {
	At    int64  `json:"at"`
	Of    string `json:"of"`    // fingerprint of the refresh token that was sent
	Tries int    `json:"tries"` // how often it was sent without a known end
}

// A pair is an access token with the refresh token that follows it.
type pair struct {
	access, refresh, user string
	at, dies              time.Time
	saved                 kept
}

func (p pair) half() time.Time { return p.at.Add(p.dies.Sub(p.at) / 2) }

// read parses an answer of the token endpoint; false when it holds no token.
func (k kept) read() (pair, bool) {
	n, err := parse(k.Answer)
	if err != nil {
		return pair{}, false
	}
	p := pair{access: n.text("access_token"), refresh: n.text("refresh_token"), user: n.id("user_id"), saved: k}
	life, _ := n.count("expires_in")
	if p.access == "" || life <= 0 {
		return pair{}, false
	}
	if p.user == "" { // the last part of a token is the user id
		if i := strings.LastIndexByte(p.access, '-'); i >= 0 && isID(p.access[i+1:]) {
			p.user = p.access[i+1:]
		}
	}
	p.at = time.UnixMilli(k.At)
	p.dies = p.at.Add(time.Duration(life) * time.Second)
	return p, true
}

func fingerprint(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:8])
}

// load gives the pair in force, the zero pair when there is none. An answer that
// cannot be read, or that is for another user, leaves the one before it in force.
func (s *shop) load(ctx context.Context) (pair, error) {
	b, err := s.env.Vault.Load(ctx, vaultToken)
	if err != nil {
		return pair{}, notDone(err)
	}
	if len(b) == 0 {
		return pair{}, nil
	}
	var k kept
	if err := json.Unmarshal(b, &k); err != nil {
		return pair{}, &fault.Error{Op: "mercadolibre.token", Code: fault.Internal, Why: fault.Because("token_unreadable", "the saved token cannot be read; authorise the account again")}
	}
	for c := &k; c != nil; c = c.Before {
		if p, ok := c.read(); ok && (s.acct.External == "" || p.user == "" || p.user == s.acct.External) {
			p.saved.At = max(p.saved.At, k.At) // what is saved next must be newer than all of it
			return p, nil
		}
	}
	return pair{}, nil
}

func (s *shop) loadMark(ctx context.Context) (mark, error) {
	var m mark
	b, err := s.env.Vault.Load(ctx, vaultMark)
	if err != nil {
		return m, notDone(err)
	}
	_ = json.Unmarshal(b, &m) // a broken mark is none: the worst that follows is a refused refresh
	return m, nil
}

func (s *shop) saveMark(ctx context.Context, after int64, m mark) (mark, error) {
	m.At = max(s.env.Now().UnixMilli(), after+1)
	b, _ := json.Marshal(m)
	return m, s.env.Vault.Save(ctx, vaultMark, time.UnixMilli(m.At), b)
}

// token gives an access token that works.
func (s *shop) token(ctx context.Context) (pair, error) {
	now := s.env.Now()
	if p := s.pair.Load(); p != nil && now.Before(p.dies.Add(-spare)) {
		return *p, nil
	}
	p, err := s.renew(ctx, func(p pair) bool { return now.Before(p.dies.Add(-spare)) })
	if err == nil && !now.Before(p.dies) {
		err = fault.Say("mercadolibre.token", fault.Unauthorized, "authorisation_ended", "the authorisation has ended; authorise the account again")
	}
	return p, err
}

// renew gives the pair of the vault when it is good enough, and refreshes it when it
// is not. One caller at a time does so for an account, in this process; between
// processes the lane's owner is the only one.
func (s *shop) renew(ctx context.Context, good func(pair) bool) (pair, error) {
	gate := s.gate
	if err := s.env.Enter(ctx, gate); err != nil {
		return pair{}, notDone(err)
	}
	defer func() { <-gate }()
	p, err := s.load(ctx)
	if err != nil {
		return pair{}, err
	}
	m, err := s.loadMark(ctx)
	if err != nil {
		return pair{}, err
	}
	if lost := p.refresh != "" && m.Of == fingerprint(p.refresh); lost {
		s.alarmLost(ctx, p)
	}
	if p.access == "" || !good(p) {
		p, err = s.refresh(ctx, p, m)
	}
	if p.access != "" {
		s.pair.Store(&p)
	}
	return p, err
}

// refresh sends a refresh token, once. When the outcome of an earlier sending is not
// known it is not sent again while the access token still works: the old pair goes on
// until the last minutes, and the owner has been asked to authorise again by then.
func (s *shop) refresh(ctx context.Context, p pair, m mark) (pair, error) {
	now := s.env.Now()
	rt := cmp.Or(p.refresh, s.acct.Credentials["refresh_token"].Reveal())
	if rt == "" {
		s.alarm(ctx, time.Time{}, "authorise the account: there is no authorisation yet, or it cannot be renewed")
		return p, fault.Say("mercadolibre.token", fault.Unauthorized, "authorise_account", "authorise the account at the platform")
	}
	tries := 0
	if m.Of == fingerprint(rt) {
		tries = m.Tries
	}
	switch {
	case tries == 1 && !now.Before(p.dies.Add(-lastCall)): // the last chance, and nothing to lose
	case tries > 0 && now.Before(p.dies):
		return p, nil
	case tries > 0: // also of the very first one, which is in no vault yet
		s.alarmLost(ctx, p)
		return p, fault.Say("mercadolibre.token", fault.Unauthorized, "authorisation_ended", "the authorisation has ended; authorise the account again")
	}
	// From here on a caller who gives up must not take the answer with him.
	ctx = context.WithoutCancel(ctx)
	m, err := s.saveMark(ctx, m.At, mark{Of: fingerprint(rt), Tries: tries + 1})
	if err != nil {
		return p, notDone(err)
	}
	point.Hit(point.TokenMarked)
	next, err := s.askToken(ctx, p, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {rt}})
	if err == nil {
		s.alarm(ctx, time.Time{}, "")
		return next, nil
	}
	switch fault.CodeOf(err) {
	case fault.RateLimited, fault.Unavailable, fault.Forbidden: // the token was not spent
		_, _ = s.saveMark(ctx, m.At, mark{})
		return p, notDone(err)
	case fault.Unauthorized:
		s.alarm(ctx, p.dies, "authorise the account again: Mercado Libre no longer accepts its authorisation ("+fault.WordsOf(err)+")")
	default:
		s.alarmLost(ctx, p)
	}
	if now.Before(p.dies) {
		return p, nil
	}
	return p, notDone(err)
}

// askToken makes one call of the token endpoint and saves the answer before it looks
// inside. Errors: RateLimited, Unavailable and Forbidden when the grant was certainly
// not spent, Unauthorized when it is no longer accepted, Unknown otherwise.
func (s *shop) askToken(ctx context.Context, p pair, form url.Values) (pair, error) {
	const op = "mercadolibre.token"
	form.Set("client_id", s.acct.App.Credentials["client_id"].Reveal())
	form.Set("client_secret", s.acct.App.Credentials["client_secret"].Reveal())
	req, err := http.NewRequestWithContext(channel.Private(ctx), http.MethodPost, s.base+"/oauth/token", strings.NewReader(form.Encode()))
	if err != nil {
		return pair{}, &fault.Error{Op: op, Code: fault.Invalid, Why: fault.Because("base_url_wrong", "the address of the platform is wrong; correct it in the app's settings")}
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Accept", "application/json")
	channel.FreshConnection(req)
	a, err := exchange(s.env.Calls, req)
	if err != nil {
		return pair{}, channel.SendError(op, err)
	}
	if a.status != http.StatusOK {
		return pair{}, tokenError(op, a)
	}
	point.Hit(point.TokenAnswered)
	k := kept{At: max(s.env.Now().UnixMilli(), p.saved.At+1), Answer: a.body}
	if p.access != "" {
		before := p.saved
		before.At, before.Before = p.at.UnixMilli(), nil
		k.Before = &before
	}
	if err := s.saveToken(ctx, k); err != nil {
		return pair{}, &fault.Error{Op: op, Code: fault.Unknown, Why: fault.Because("token_not_saved", "the new token could not be saved"), Err: err}
	}
	point.Hit(point.TokenSaved)
	next, ok := k.read()
	if !ok {
		return pair{}, fault.Say(op, fault.Unknown, "answer_no_token", "the platform's answer holds no token")
	}
	return next, nil
}

// saveToken tries a little longer than others would: what it holds exists nowhere else.
func (s *shop) saveToken(ctx context.Context, k kept) error {
	b, err := json.Marshal(k)
	for wait := 20 * time.Millisecond; err == nil; wait *= 4 {
		if err = s.env.Vault.Save(ctx, vaultToken, time.UnixMilli(k.At), b); err == nil || wait > time.Second/2 {
			return err
		}
		time.Sleep(wait)
		err = nil
	}
	return err
}

// tokenError reads the OAuth family of errors. invalid_grant means that the refresh
// token is spent, revoked or expired; the rest is refused before it is looked at.
func tokenError(op string, a answer) error {
	f := decodeError(op, a, true)
	n, _ := parse(a.body)
	switch name := n.text("error"); {
	case name == "invalid_grant", name == "unauthorized_client", name == "unauthorized_application", name == "invalid_operator_user_id":
		f.Code = fault.Unauthorized
	case a.status == http.StatusServiceUnavailable:
		f.Code = fault.Unavailable
	case f.Code == fault.RateLimited, f.Code == fault.Unknown:
	default:
		f.Code = fault.Forbidden // the application's id or secret, for one
	}
	return f
}

func (s *shop) alarmLost(ctx context.Context, p pair) {
	s.alarm(ctx, p.dies, "authorise the account again: a renewal was sent and its answer was lost, so the authorisation ends with the present token")
}

// alarm tells the owner, once for each reason in the life of this shop.
func (s *shop) alarm(ctx context.Context, until time.Time, why string) {
	if why != "" && (s.alarmed == why || s.ended) {
		return
	}
	if !until.IsZero() && !s.env.Now().Before(until) {
		until = time.Time{}
	}
	if s.env.Vault.Alarm(ctx, until, why) == nil {
		s.alarmed, s.ended = why, why != "" && until.IsZero()
	}
}

// alarmEnded tells the owner that the authorisation has ended before its time: neither the
// token nor its renewal is taken any more, so nothing works from now on.
func (s *shop) alarmEnded(ctx context.Context) {
	if s.env.Enter(ctx, s.gate) != nil {
		return // the next call says it
	}
	defer func() { <-s.gate }()
	s.alarm(ctx, time.Time{}, "authorise the account again: Mercado Libre accepts neither its token nor a renewal")
}

// Keep renews the token at half its life, so that hours are left when an answer is
// lost, and says when to come again.
func (s *shop) Keep(ctx context.Context) (time.Time, error) {
	now := s.env.Now()
	p, err := s.renew(ctx, func(p pair) bool { return now.Before(p.half()) })
	switch {
	case err != nil:
		return now.Add(max(time.Minute, fault.AfterOf(err))), err
	case now.Before(p.half()):
		return p.half(), nil
	case now.Before(p.dies.Add(-lastCall)): // the last renewal was lost
		return p.dies.Add(-lastCall), nil
	}
	return now.Add(time.Minute), nil
}

// ConsentURL is the page on which the owner of the seller's account agrees; an
// operator of the account cannot. The redirect must be registered byte for byte.
func (s *shop) ConsentURL(state, redirect string) string {
	v := url.Values{"response_type": {"code"}, "client_id": {s.acct.App.Credentials["client_id"].Reveal()}, "redirect_uri": {redirect}, "state": {state}}
	if s.pkce() {
		v.Set("code_challenge", challenge(s.verifier(redirect)))
		v.Set("code_challenge_method", "S256")
	}
	page := "https://" + s.site.consent + "/authorization"
	if s.acct.App.BaseURL != "" {
		page = s.base + "/authorization"
	}
	return page + "?" + v.Encode()
}

// Exchange turns the code of a consent into a pair. It fails with fault.Conflict when
// another seller agreed than the one this account belongs to; the old pair stays.
func (s *shop) Exchange(ctx context.Context, code, redirect string) (string, error) {
	const op = "mercadolibre.Exchange"
	if err := s.env.Enter(ctx, s.gate); err != nil {
		return "", notDone(err)
	}
	defer func() { <-s.gate }()
	p, err := s.load(ctx)
	if err != nil {
		return "", err
	}
	form := url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {redirect}}
	if s.pkce() {
		form.Set("code_verifier", s.verifier(redirect))
	}
	ctx = context.WithoutCancel(ctx)
	next, err := s.askToken(ctx, p, form)
	if err != nil {
		return "", fault.Wrap(op, err)
	}
	if s.acct.External != "" && next.user != s.acct.External {
		return "", fault.Say(op, fault.Conflict, "other_seller", "another seller agreed than the one of this account: sign out at the platform and agree as user {user}", "user", s.acct.External)
	}
	s.pair.Store(&next)
	s.alarm(ctx, time.Time{}, "")
	return next.user, nil
}

func (s *shop) pkce() bool { return s.acct.App.Credentials["pkce"].Reveal() != "" }

// verifier is made from the application's secret, since nothing can be kept between
// the consent page and the code; only who knows the secret can make it.
func (s *shop) verifier(redirect string) string {
	h := hmac.New(sha256.New, []byte(s.acct.App.Credentials["client_secret"].Reveal()))
	h.Write([]byte("pkce " + s.acct.ID.String() + " " + redirect))
	return base64.RawURLEncoding.EncodeToString(h.Sum(nil))
}

func challenge(verifier string) string {
	sum := sha256.Sum256([]byte(verifier))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// notDone is for failures before a call was begun: whatever it was, nothing happened.
func notDone(err error) error {
	switch fault.CodeOf(err) {
	case fault.Unauthorized, fault.RateLimited, fault.Unavailable:
		return err
	case fault.Forbidden:
		return &fault.Error{Op: "mercadolibre.token", Code: fault.Unauthorized, Err: err}
	}
	return &fault.Error{Op: "mercadolibre.token", Code: fault.Unavailable, Why: fault.Because("no_token_now", "there is no token to call with at the moment"), Err: err}
}
