package meituan

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/tongdan/tongdan/channel"
	"github.com/tongdan/tongdan/fault"
)

// OAuth of the service providers' platform: the merchant agrees on Meituan's page and comes back with a code; the token
// that it gives ends, and a refresh token makes the next one at half its life. Source: documents of the platform, store
// binding and tokens. How long tokens live is not published, and is read from each answer; nor is whether a refresh
// token works twice: what each answer says is kept before it is used, and one whose answer was lost is tried again.

// byOAuth is the app's choice between the two pages of Meituan.
const byOAuth = "oauth"

// kept is what the vault has of a store's authorisation.
type kept struct {
	Token   string `json:"token"`
	Refresh string `json:"refresh,omitempty"` // "" = a token that holds until the store is unbound
	At      int64  `json:"at,omitempty"`      // of the answer, UTC ms
	Dies    int64  `json:"dies,omitempty"`    // UTC ms
}

// half is when the next token is asked for.
func (k kept) half() time.Time { return time.UnixMilli(k.At + (k.Dies-k.At)/2) }

// authURL is the page on which the merchant agrees.
func (s *partnerShop) authURL(state string) string {
	params := map[string]string{"developerId": s.p.developer, "businessId": business, "charset": "UTF-8", "state": state, "timestamp": strconv.FormatInt(s.env.Now().UnixMilli(), 10)}
	q := url.Values{"sign": {partnerSign(s.p.key.Reveal(), params)}}
	for k, v := range params {
		q.Set(k, v)
	}
	return s.p.pages + "/general/auth?" + q.Encode()
}

// exchange asks for tokens. Neither what is sent nor what is answered stands in a journal.
func (s *partnerShop) exchange(ctx context.Context, op, path string, given map[string]string) (k kept, err error) {
	now := s.env.Now()
	params := map[string]string{"developerId": s.p.developer, "businessId": business, "charset": "UTF-8", "timestamp": strconv.FormatInt(now.Unix(), 10)}
	form := url.Values{}
	for name, v := range given {
		params[name] = v
	}
	for name, v := range params {
		form.Set(name, v)
	}
	form.Set("sign", partnerSign(s.p.key.Reveal(), params))
	req, err := http.NewRequestWithContext(channel.Private(ctx), http.MethodPost, s.base+path, strings.NewReader(form.Encode()))
	if err != nil {
		return k, &fault.Error{Op: op, Code: fault.Invalid, Why: fault.Because("base_url_wrong", "the address of the platform is wrong; correct it in the app's settings"), Err: err}
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded; charset=UTF-8")
	res, err := s.env.Calls.Do(req)
	if err != nil {
		return k, channel.SendError(op, err)
	}
	defer res.Body.Close()
	body, err := channel.Body(res)
	if err != nil || res.StatusCode != http.StatusOK {
		return k, &fault.Error{Op: op, Code: fault.Unavailable, Why: fault.Because("http_status", "the platform answered with HTTP {status}", "status", strconv.Itoa(res.StatusCode)), Err: err}
	}
	data, no, err := partnerAnswer(body)
	var t struct {
		Access  text `json:"accessToken"`
		Life    text `json:"expireIn"`
		Refresh text `json:"refreshToken"`
	}
	switch {
	case no != nil:
		return k, no.fault(op, s.only(), call{path: path, changing: true})
	case err != nil || json.Unmarshal(unquoted(data), &t) != nil || t.Access == "":
		return k, unreadable(op, s.only(), err)
	}
	k = kept{Token: string(t.Access), Refresh: string(t.Refresh), At: now.UnixMilli()}
	if life, err := strconv.ParseInt(string(t.Life), 10, 64); err == nil && life > 0 {
		k.Dies = now.Add(time.Duration(min(life, 10*365*86400)) * time.Second).UnixMilli()
	}
	return k, nil
}

// keep makes an authorisation durable, and then the one that is used.
func (s *partnerShop) keep(ctx context.Context, k kept) error {
	b, err := json.Marshal(k)
	if err == nil {
		err = s.env.Vault.Save(ctx, tokenName, time.UnixMilli(k.At), b)
	}
	if err == nil {
		s.p.mu.Lock()
		s.p.token = k.Token
		s.p.mu.Unlock()
	}
	return err
}

// Exchange implements channel.Authoriser. The token is tried before it is kept: the merchant may have chosen another store.
func (s *partnerShop) Exchange(ctx context.Context, code, _ string) (string, error) {
	const op = "meituan.Exchange"
	if s.p.way != byOAuth {
		return "", fault.Say(op, fault.Unsupported, "no_code_here", "Meituan sends no code for a store; the binding itself comes as a callback")
	}
	k, err := s.exchange(ctx, op, "/oauth/token", map[string]string{"grantType": "authorization_code", "code": code})
	if err == nil {
		err = s.try(ctx, op, &partner{developer: s.p.developer, key: s.p.key, token: k.Token})
	}
	if err == nil {
		err = s.keep(ctx, k)
	}
	if err != nil {
		return "", fault.Wrap(op, err)
	}
	return s.only(), nil
}

// Keep implements channel.Keeper: the next token is asked for at half the life of this one.
func (s *partnerShop) Keep(ctx context.Context) (time.Time, error) {
	const op = "meituan.Keep"
	b, err := s.env.Vault.Load(ctx, tokenName)
	var k kept
	switch {
	case err != nil:
		return time.Time{}, fault.Wrap(op, err)
	case len(b) == 0 || json.Unmarshal(b, &k) != nil || k.Refresh == "" || k.Dies == 0: // nothing that ends
		return time.Time{}, nil
	case s.env.Now().Before(k.half()):
		return k.half(), nil
	}
	next, err := s.exchange(ctx, op, "/oauth/refresh", map[string]string{"grantType": "refresh_token", "refreshToken": k.Refresh, "scope": "all"})
	switch {
	case fault.Is(err, fault.Unauthorized), fault.Is(err, fault.Conflict), fault.Is(err, fault.Invalid):
		if alarm := s.env.Vault.Alarm(ctx, time.UnixMilli(k.Dies), "Meituan does not renew the authorisation: press authorise again before it ends"); alarm != nil {
			return time.Time{}, fault.Wrap(op, alarm)
		}
		return s.env.Now().Add(time.Hour), nil
	case err != nil:
		return time.Time{}, fault.Wrap(op, err)
	}
	if next.Refresh == "" {
		next.Refresh = k.Refresh
	}
	if err := s.keep(ctx, next); err != nil {
		return time.Time{}, fault.Wrap(op, err)
	}
	return next.half(), s.env.Vault.Alarm(ctx, time.Time{}, "")
}

var _ channel.Keeper = (*partnerShop)(nil)
