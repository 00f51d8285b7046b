package meituan

import (
	"context"
	"encoding/json"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/tongdan/tongdan/channel"
	"github.com/tongdan/tongdan/fault"
)

// Apps of vendors (ISV) on the direct platform: one app serves the stores of many merchants, and each call carries the
// token of the store that it is about (access_token, which is signed with the rest). The app asks for it by the store's
// code while the merchant has the store bound to it; nobody is sent to a page. An account is one such store. Source:
// documents of the open platform, ISV. How long tokens live is read from each answer; whether a refresh token works
// twice is not published: what each answer says is kept before it is used, and where a refresh is refused a first token
// is asked for again.

// asVendor is the app's choice to be a vendor's.
const asVendor = "isv"

// vendorName is where the vault keeps the token.
const vendorName = "access_token"

// vendor is the direct platform for one store of a vendor's app.
type vendor struct {
	direct

	mu      sync.Mutex
	now     kept   // in use
	refused string // the last token that the platform did not take
}

func (v *vendor) request(ctx context.Context, s *shop, c call) (*http.Request, error) {
	token, err := v.tokenOf(ctx, s)
	if err != nil {
		return nil, err
	}
	return s.request(channel.Hiding(ctx, vendorName), c, token)
}

func (v *vendor) answer(body []byte, c call) (json.RawMessage, *refusal, error) {
	data, no, err := answer(body)
	if no != nil && no.Code == "4001" {
		v.forget()
	}
	return data, no, err
}

// has leaves out the list of the app's stores, most of which are other merchants'.
func (*vendor) has(path string) bool { return path != "poi/getids" }

func (v *vendor) forget() {
	v.mu.Lock()
	v.now, v.refused = kept{}, v.now.Token
	v.mu.Unlock()
}

// tokenOf gives the store's token: the vault's while it lives, else a first one. Others wait while one is asked for,
// since they could do nothing without it.
func (v *vendor) tokenOf(ctx context.Context, s *shop) (string, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	works := func() bool {
		return v.now.Token != "" && v.now.Token != v.refused && (v.now.Dies == 0 || s.env.Now().Before(time.UnixMilli(v.now.Dies)))
	}
	var err error
	if !works() {
		if v.now, err = keptToken(ctx, s.env.Vault); err == nil && !works() {
			v.now, err = v.authorise(ctx, s)
		}
	}
	return v.now.Token, err
}

func keptToken(ctx context.Context, from channel.Vault) (k kept, err error) {
	b, err := from.Load(ctx, vendorName)
	if err == nil && len(b) > 0 && json.Unmarshal(b, &k) != nil {
		k = kept{}
	}
	return k, err
}

// authorise asks for a first token and keeps it.
func (v *vendor) authorise(ctx context.Context, s *shop) (kept, error) {
	const op = "meituan.authorise"
	if s.only() == "" {
		return kept{}, fault.Say(op, fault.Conflict, "store_not_chosen", "choose which of your stores this is, then authorise: a service provider's connection can be tried once its store is bound")
	}
	k, err := v.ask(ctx, s, op, call{path: "oauth/authorize", params: map[string]string{"app_poi_code": s.only(), "response_type": "token"}})
	if fault.Is(err, fault.Unauthorized) && doubt(err) == channel.DoubtToken {
		return k, &fault.Error{Op: op, Code: fault.Unauthorized, Ref: s.only(), Why: fault.Because("store_not_in_app", "the store is not bound to the vendor's app: let the merchant bind it at Meituan; it is asked for again by itself"), Err: err}
	}
	return k, err
}

// ask makes a call for tokens and keeps what it gives. It may be made again when its answer is lost: nothing of an order
// hangs on it, and a refresh token that is spent by then is replaced by a first token. Neither what is sent nor what is answered stands in a journal.
func (v *vendor) ask(ctx context.Context, s *shop, op string, c call) (k kept, err error) {
	now := s.env.Now()
	data, _, err := s.as(tokens{}).do(channel.Private(ctx), op, s.only(), c)
	var t struct {
		Access  text `json:"access_token"`
		Life    text `json:"expires_in"`
		Refresh text `json:"refresh_token"`
	}
	switch {
	case err != nil:
		return k, err
	case json.Unmarshal(data, &t) != nil || t.Access == "":
		return k, unreadable(op, s.only(), nil)
	}
	k = kept{Token: string(t.Access), Refresh: string(t.Refresh), At: now.UnixMilli()}
	if life, err := strconv.ParseInt(string(t.Life), 10, 64); err == nil && life > 0 {
		k.Dies = now.Add(time.Duration(min(life, 10*365*86400)) * time.Second).UnixMilli()
	}
	return k, v.save(ctx, s, k)
}

func (v *vendor) save(ctx context.Context, s *shop, k kept) error {
	b, err := json.Marshal(k)
	if err == nil {
		err = s.env.Vault.Save(ctx, vendorName, time.UnixMilli(k.At), b)
	}
	return err
}

// tokens is the dialect of the two calls that give tokens: their answer has no envelope.
type tokens struct{ direct }

func (tokens) answer(body []byte, _ call) (json.RawMessage, *refusal, error) {
	var t struct {
		Status  text `json:"status"`
		Message text `json:"message"`
		Access  text `json:"access_token"`
	}
	switch err := json.Unmarshal(body, &t); {
	case err != nil:
		return nil, nil, err
	case t.Access != "":
		return body, nil, nil
	case t.Status != "" && t.Status != "0":
		return nil, &refusal{t.Status, string(t.Message)}, nil
	}
	return answer(body)
}

// vendorShop is one store in a vendor's app.
type vendorShop struct {
	directShop
	v *vendor
}

var (
	_ channel.Keeper = (*vendorShop)(nil)
	_ channel.Binder = (*vendorShop)(nil)
	_ channel.Trier  = (*vendorShop)(nil)
)

// Try implements channel.Trier: the store itself is asked for.
func (s *vendorShop) Try(ctx context.Context) (string, channel.Doubt, error) {
	if err := s.isMine(ctx, "meituan.Try", s.only()); err != nil {
		return "", doubt(err), err
	}
	return s.only(), channel.DoubtNone, nil
}

// Keep implements channel.Keeper: the next token is asked for at half the life of this one.
func (s *vendorShop) Keep(ctx context.Context) (time.Time, error) {
	const op = "meituan.Keep"
	k, err := keptToken(ctx, s.env.Vault)
	switch {
	case err != nil:
		return time.Time{}, fault.Wrap(op, err)
	case s.only() == "" || k.Token != "" && k.Dies == 0: // no store yet, or a token that holds
		return time.Time{}, nil
	case k.Token != "" && s.env.Now().Before(k.half()):
		return k.half(), nil
	}
	next := kept{}
	err = &fault.Error{Op: op, Code: fault.Unauthorized}
	if k.Refresh != "" {
		next, err = s.v.ask(ctx, s.shop, op, call{path: "oauth/token", params: map[string]string{"grant_type": "refresh_token", "refresh_token": k.Refresh}, post: true})
	}
	if fault.Is(err, fault.Unauthorized) || fault.Is(err, fault.Conflict) || fault.Is(err, fault.Invalid) {
		next, err = s.v.authorise(ctx, s.shop)
	}
	switch {
	case fault.Is(err, fault.Unauthorized), fault.Is(err, fault.Conflict), fault.Is(err, fault.Invalid):
		until := s.env.Now()
		if k.Token != "" {
			until = time.UnixMilli(k.Dies)
		}
		if alarm := s.env.Vault.Alarm(ctx, until, "Meituan gives no token for the store: let the merchant bind it to the vendor's app again"); alarm != nil {
			return time.Time{}, fault.Wrap(op, alarm)
		}
		return s.env.Now().Add(time.Hour), nil
	case err != nil:
		return time.Time{}, fault.Wrap(op, err)
	}
	if next.Refresh == "" && k.Refresh != "" {
		next.Refresh = k.Refresh
		if err := s.v.save(ctx, s.shop, next); err != nil {
			return time.Time{}, fault.Wrap(op, err)
		}
	}
	s.v.mu.Lock()
	s.v.now = next
	s.v.mu.Unlock()
	if next.Dies == 0 {
		return time.Time{}, s.env.Vault.Alarm(ctx, time.Time{}, "")
	}
	return next.half(), s.env.Vault.Alarm(ctx, time.Time{}, "")
}

// Bind implements channel.Binder: the store has been bound to the app, or taken out of it. The message is signed and
// may be late, so an end is believed when the store's token works no more.
func (s *vendorShop) Bind(ctx context.Context, g channel.Grant) error {
	const op = "meituan.Bind"
	if !g.Over {
		s.v.mu.Lock()
		defer s.v.mu.Unlock()
		k, err := s.v.authorise(ctx, s.shop)
		if err == nil {
			s.v.now = k
		}
		return fault.Wrap(op, err)
	}
	s.v.forget()
	switch err := s.isMine(ctx, op, s.only()); fault.CodeOf(err) {
	case "":
		return nil
	case fault.Unavailable, fault.Unknown, fault.RateLimited, fault.Invalid: // not known: the platform sends the message again
		return fault.Wrap(op, err)
	}
	now := s.env.Now()
	if err := s.env.Vault.Save(ctx, vendorName, now, []byte(`{}`)); err != nil {
		return fault.Wrap(op, err)
	}
	return s.env.Vault.Alarm(ctx, now, "the store was taken out of the vendor's app at Meituan: let the merchant bind it again")
}

// bindingOf is what a message of binding says (推送门店绑定和解绑): the store, and whether that is over. The names in
// poi_info are not published; "" when no store can be read.
func bindingOf(f form) (store string, over bool) {
	type named struct {
		Camel text `json:"appPoiCode"`
		Snake text `json:"app_poi_code"`
	}
	var list []named
	var one named
	info := []byte(f.get("poi_info"))
	if json.Unmarshal(info, &list) != nil && json.Unmarshal(info, &one) == nil {
		list = []named{one}
	}
	if len(list) == 1 {
		store = string(list[0].Camel)
		if store == "" {
			store = string(list[0].Snake)
		}
	}
	return store, f.get("op_type") == "2"
}
