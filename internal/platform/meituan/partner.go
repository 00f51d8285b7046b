package meituan

import (
	"context"
	"crypto/sha1"
	"encoding/hex"
	"encoding/json"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/tongdan/tongdan/channel"
	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/order"
)

// PartnerName is the connector's name of the service providers' platform.
const PartnerName = "meituan-partner"

// NewPartner gives the connector of the service providers' platform (developer.meituan.com, formerly
// 聚宝盆): a developer with developerId and signKey serves many merchants, and each store is bound to it by
// a token of its own (appAuthToken). An account is one such store.
func NewPartner() channel.Platform { return partnerPlatform{} }

type partnerPlatform struct{}

// Info implements channel.Platform.
func (partnerPlatform) Info() *channel.Info { return &partnerInfo }

var (
	partnerInfo    = describePartner()
	partnerGrammar = func() order.Grammar { g := grammar; g.Acknowledge = false; return g }()
)

// describePartner is what differs from the direct platform.
func describePartner() channel.Info {
	i := info
	i.Name, i.Mark = PartnerName, "团"
	i.Label = channel.Text{ZH: "美团外卖（服务商）", EN: "Meituan Waimai (service provider)"}
	i.Powers = slices.DeleteFunc(slices.Clone(info.Powers), func(p channel.Power) bool { return p.Kind == channel.Acknowledge || p.Kind == order.DeliverSelf })
	i.Powers = append(i.Powers, appealPowers...)
	i.Reasons = maps.Clone(info.Reasons)
	i.Reasons[order.SlowAppeal] = slowAppeals
	i.Reasons[order.AppealRuled] = []channel.Choice{
		{Code: string(order.AppealUpheld), Label: channel.Text{ZH: "申诉成立", EN: "Upheld: Meituan found for the store"}},
		{Code: string(order.AppealRejected), Label: channel.Text{ZH: "申诉不成立", EN: "Rejected"}},
	}
	i.Personal = slices.Concat(info.Personal, partnerPersonal)
	i.AppFields = []channel.Field{
		{Name: "developer_id", Label: channel.Text{ZH: "developerId（开发者ID）", EN: "developerId"}, Required: true},
		{Name: "sign_key", Label: channel.Text{ZH: "signKey（签名密钥）", EN: "signKey"}, Secret: true, Required: true},
		{Name: "way", Label: channel.Text{ZH: "授权方式：填 oauth 用授权码；留空用门店映射", EN: "How stores are authorised: oauth, or empty for Meituan's page of store maps"}},
	}
	i.AcctFields = []channel.Field{
		{Name: "app_auth_token", Label: channel.Text{ZH: "appAuthToken（已有授权时填写，否则点击“去授权”绑定门店）", EN: "appAuthToken (if there is one already; otherwise authorise, which binds the store)"}, Secret: true},
	}
	i.Shops = channel.Text{ZH: "门店的 ePoiId（自己定的门店编号，绑定前填写）", EN: "ePoiId of the shop: a number of your own choice, given before it is bound"}
	i.Callbacks, i.Ports, i.Joining = nil, nil, &partnerJoining
	for _, p := range partnerPushes {
		i.Callbacks = append(i.Callbacks, callbackOf(p.path, p.text))
	}
	i.Front = &partnerFront
	i.PushOnly = slices.Clone(info.PushOnly)
	i.Grammar = &partnerGrammar
	return i
}

// partnerPersonal are the names of people's data in the platform's own spelling.
var partnerPersonal = []string{"recipientName", "recipientPhone", "recipientAddress", "recipientAddressDesensitization", "backupRecipientPhone", "invoiceTitle", "taxpayerId", "courierName", "courierPhone",
	"dispatcherName", "dispatcherMobile", "logisticsDispatcherName", "logisticsDispatcherMobile", "shipperPhone", "realPhoneNumber", "riderName", "riderRealPhoneNumber", "remindContent"}

// tokenName is where the vault keeps a store's token.
const tokenName = "app_auth_token"

// partner is the service providers' platform for one store.
type partner struct {
	developer string
	key       channel.Secret
	given     channel.Secret // a token that was entered by hand
	pages     string         // host of the pages that merchants see
	way       string         // byOAuth, or "": the page of store maps

	mu    sync.Mutex
	token string // the vault's, once it was read
}

// Open implements channel.Platform. A store whose token is still to come can be opened: it can be
// authorised, and nothing else.
func (partnerPlatform) Open(acct channel.Account, env channel.Env) (channel.Shop, error) {
	if err := credentials(acct, partnerInfo.AppFields); err != nil {
		return nil, err
	}
	p := &partner{developer: acct.App.Credentials["developer_id"].Reveal(), key: acct.App.Credentials["sign_key"], given: acct.Credentials["app_auth_token"], pages: "https://open-erp.meituan.com", way: acct.App.Credentials["way"].Reveal()}
	base := "https://api-open-cater.meituan.com"
	if u, err := url.Parse(acct.App.BaseURL); err == nil && u.Host != "" {
		base = strings.TrimRight(acct.App.BaseURL, "/")
		p.pages = u.Scheme + "://" + u.Host
	}
	shops := acct.Shops
	if len(shops) == 0 && acct.External != "" {
		shops = []string{acct.External}
	}
	return &partnerShop{shop: &shop{env: env, base: base, shops: shops, talk: p}, p: p}, nil
}

// partnerShop is one store on the service providers' platform.
type partnerShop struct {
	*shop
	p    *partner
	slow atomic.Pointer[slowLook]
}

var (
	_ channel.Authoriser = (*partnerShop)(nil)
	_ channel.Binder     = (*partnerShop)(nil)
	_ channel.Appealer   = (*partnerShop)(nil)

	_ channel.SlowAppealer = (*partnerShop)(nil)
)

// partnerSign is the signature: SHA1, in lower hex, over the key and then each name with its value,
// sorted by name, with nothing between. Empty values and sign are left out, the opposite of the direct
// platform. Source: documents of the platform, signature.
func partnerSign(key string, params map[string]string) string {
	names := make([]string, 0, len(params))
	for k, v := range params {
		if k != "sign" && v != "" {
			names = append(names, k)
		}
	}
	slices.Sort(names)
	var b strings.Builder
	b.WriteString(key)
	for _, k := range names {
		b.WriteString(k)
		b.WriteString(params[k])
	}
	sum := sha1.Sum([]byte(b.String()))
	return hex.EncodeToString(sum[:])
}

func (*partner) tellsNewest() bool { return false }

func (*partner) has(path string) bool { _, ok := phrases[path]; return ok }

// tokenOf gives the store's token: the vault's, else the one that was entered. The vault's is asked for
// again after the platform has refused it, since another process may have bound the store anew.
func (p *partner) tokenOf(ctx context.Context, v channel.Vault) (string, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.token != "" {
		return p.token, nil
	}
	b, err := v.Load(ctx, tokenName)
	if err != nil {
		return "", err
	}
	var k kept
	if len(b) > 0 && json.Unmarshal(b, &k) == nil && k.Token != "" {
		p.token = k.Token
		return p.token, nil
	}
	if len(b) == 0 {
		if t := p.given.Reveal(); t != "" {
			return t, nil
		}
	}
	return "", &fault.Error{Op: "meituan.token", Code: fault.Unauthorized, Why: fault.Because("store_not_bound", "the store is not bound to the service provider: press authorise, sign in at Meituan and choose the store")}
}

func (p *partner) forget() {
	p.mu.Lock()
	p.token = ""
	p.mu.Unlock()
}

// ConsentURL implements channel.Authoriser: Meituan's page on which the merchant signs in and chooses the
// store (门店映射). It brings nobody back; the token comes as a callback, see Bind. "" until the
// account has a shop, whose id the page is asked with.
func (s *partnerShop) ConsentURL(state, _ string) string {
	if s.p.way == byOAuth {
		return s.authURL(state)
	}
	params := map[string]string{"developerId": s.p.developer, "businessId": business, "ePoiId": s.only(), "ePoiName": s.only(),
		"timestamp": strconv.FormatInt(s.env.Now().UnixMilli(), 10)}
	if s.only() == "" {
		return ""
	}
	q := url.Values{"sign": {partnerSign(s.p.key.Reveal(), params)}}
	for k, v := range params {
		q.Set(k, v)
	}
	return s.p.pages + "/storemap?" + q.Encode()
}

// Bind implements channel.Binder. A binding may come unsigned, so its token is tried first: only the
// platform can tell that it belongs to this developer and this store. Acts that go out meanwhile keep the
// token that the store has. An end may come late, after the store was bound anew, or be sent again by
// somebody who has seen it: it is believed when the token does not work any more.
func (s *partnerShop) Bind(ctx context.Context, g channel.Grant) error {
	const op = "meituan.Bind"
	now := s.env.Now()
	if g.Over {
		s.p.forget() // another process may have bound it anew
		switch err := s.try(ctx, op, s.p); fault.CodeOf(err) {
		case "":
			return nil
		case fault.Unavailable, fault.Unknown, fault.RateLimited, fault.Invalid: // not known: the platform sends the message again
			return fault.Wrap(op, err)
		}
		s.p.forget()
		if err := s.env.Vault.Save(ctx, tokenName, now, []byte(`{}`)); err != nil {
			return fault.Wrap(op, err)
		}
		return s.env.Vault.Alarm(ctx, now, "the store was unbound at Meituan: press authorise to bind it again")
	}
	if err := s.try(ctx, op, &partner{developer: s.p.developer, key: s.p.key, token: g.Token.Reveal()}); err != nil {
		return fault.Wrap(op, err)
	}
	b, err := json.Marshal(map[string]string{"token": g.Token.Reveal()})
	if err == nil {
		err = s.env.Vault.Save(ctx, tokenName, now, b)
	}
	if err != nil {
		return fault.Wrap(op, err)
	}
	s.p.mu.Lock()
	s.p.token = g.Token.Reveal()
	s.p.mu.Unlock()
	return nil
}

// try asks for the store with the token of p, and fails when that is not the store's.
func (s *partnerShop) try(ctx context.Context, op string, p *partner) error {
	return s.as(p).isMine(ctx, op, s.only())
}
