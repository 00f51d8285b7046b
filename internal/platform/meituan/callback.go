package meituan

import (
	"crypto/subtle"
	"maps"
	"net/http"
	"net/url"
	"strings"

	"github.com/tongdan/tongdan/channel"
	"github.com/tongdan/tongdan/order"
)

// A push is a kind of callback: where it arrives, what it is and how it is read. One
// without read is kept in the journal and has no effect on orders.
type push struct {
	path string
	what string
	text channel.Text
	read func(form, source) (told, error)
}

// The message types, each with a URL of its own in the developer console. Two have field
// lists that are not public in full: reminder and settlement.
var pushes = []push{
	{"order/paid", "order.paid", channel.Text{ZH: "推送已支付订单", EN: "Order paid"}, func(f form, s source) (told, error) {
		s.class = order.ClassCreated
		return pushedOrder(f, s, "2")
	}},
	{"order/confirmed", "order.confirmed", channel.Text{ZH: "推送已确认订单", EN: "Order confirmed"}, func(f form, s source) (told, error) {
		return pushedOrder(f, s, "4")
	}},
	{"order/completed", "order.completed", channel.Text{ZH: "推送已完成订单", EN: "Order completed"}, func(f form, s source) (told, error) {
		return pushedOrder(f, s, "8")
	}},
	{"order/cancelled", "order.cancelled", channel.Text{ZH: "推送用户或客服取消订单", EN: "Order cancelled"}, translateCancel},
	{"refund/full", "refund.full", channel.Text{ZH: "推送全额退款信息", EN: "Full refund"}, func(f form, s source) (told, error) { return translateRefund(f, true, s) }},
	{"refund/part", "refund.part", channel.Text{ZH: "推送部分退款信息", EN: "Partial refund"}, func(f form, s source) (told, error) { return translateRefund(f, false, s) }},
	{"refund/result", "refund.result", channel.Text{ZH: "推送退款状态", EN: "Refund result"}, translateRefundResult},
	{"delivery/status", "delivery.status", channel.Text{ZH: "推送美配订单配送状态", EN: "Delivery status"}, translateDelivery},
	{"delivery/self", "delivery.self", channel.Text{ZH: "推送自配送配送状态", EN: "Delivery status of self-delivery"}, translateDelivery},
	{"reminder", "reminder", channel.Text{ZH: "推送催单消息", EN: "Customer's reminder"}, translateReminder},
	{pathStatus, "store.status", channel.Text{ZH: "推送门店状态变更", EN: "Store status"}, nil},
	{"privacy/downgrade", "privacy.downgrade", channel.Text{ZH: "隐私号降级通知", EN: "Privacy numbers are down"}, translateDowngrade},
	{"order/settlement", "order.settlement", channel.Text{ZH: "推送订单结算", EN: "Settlement"}, translateSettlement},
	{pathBinding, "store.binding", channel.Text{ZH: "推送门店绑定和解绑", EN: "Store bound or taken out"}, nil},
	{pathAudit, "store.audit", channel.Text{ZH: "推送门店审核结果", EN: "Result of a store's check"}, nil},
}

const pathStatus, pathBinding, pathAudit = "store/status", "store/binding", "store/audit"

// pushedOrder reads an order push. Its status may be absent or that of a degraded
// message; the URL that it came to says what has happened.
func pushedOrder(f form, src source, status string) (told, error) {
	if f.get("status") == "" && f.get("order_status") == "" {
		f = maps.Clone(f)
		f["status"] = status
	}
	out, err := translateOrder(f, src)
	if err == nil && f.has("detail") && !subscribed(f) {
		// Without these fields nobody knows who brings the order and how it is wanted.
		out.hints = append(out.hints, src.hint(out.ref.ID, "pushed without subscribed fields"))
	}
	return out, err
}

func reply(status int, body string) channel.Reply {
	return channel.Reply{Status: status, Type: "application/json;charset=UTF-8", Body: body}
}

var (
	replyOK      = reply(http.StatusOK, `{"data":"ok"}`)
	replyBusy    = reply(http.StatusInternalServerError, `{"data":"ng","error":{"code":700,"msg":"系统繁忙，请稍后重试"}}`)
	replyRefused = reply(http.StatusUnauthorized, `{"data":"ng","error":{"code":703,"msg":"签名验证错误"}}`)
)

// Receive implements channel.Platform. The signature is over the URL as it is configured at
// Meituan, so it is computed with App.CallbackURL and not with what a proxy made of it.
func (platform) Receive(app channel.App, r channel.Request) channel.Received {
	refused := func(why string) channel.Received {
		return channel.Received{Verdict: channel.Refused, Why: why, Reply: replyRefused, Busy: replyBusy}
	}
	var kind *push
	for i := range pushes {
		if pushes[i].path == r.Path {
			kind = &pushes[i]
		}
	}
	switch {
	case kind == nil:
		return refused("no callback of this path")
	case len(r.Body)+len(r.Query) > maxBody:
		return refused("larger than 1 MiB")
	}
	once, ok := values(r)
	if !ok {
		return refused("not a form, or a name comes twice")
	}
	if probe(once) {
		return channel.Received{Verdict: channel.Probe, Reply: replyOK, Busy: replyOK}
	}
	params, ok := verify(app.CallbackURL(Name, kind.path), once, app.Credentials["app_id"].Reveal(), app.Credentials["secret"].Reveal())
	if !ok {
		return refused("sig")
	}
	got := channel.Received{Verdict: channel.Good, Reply: replyOK, Busy: replyBusy, Item: channel.Item{What: kind.what, Raw: bytesOf(r)}}
	if kind.read == nil {
		switch kind.path {
		case pathStatus:
			got.Standing = standingNews(formFrom(params), r.At)
		case pathAudit:
			got.External = formFrom(params).id("app_poi_code")
		case pathBinding:
			if params["authorize_code"] != "" { // the journal is no place for it
				kept := url.Values{}
				for k, v := range params {
					kept.Set(k, v)
				}
				kept.Set("authorize_code", "…")
				got.Item.Raw = []byte(kept.Encode())
			}
			store, over := bindingOf(formFrom(params))
			if got.External = store; store != "" && app.Credentials["way"].Reveal() == asVendor {
				got.Grant = &channel.Grant{Over: over, Signed: true}
			}
		}
		if id := formFrom(params).id("order_id"); id != "" {
			got.Item.Ref = orderRef(id)
		}
		return got
	}
	said, err := kind.read(formFrom(params), source{order.ClassPush, r.At})
	for _, one := range said.readings {
		if err == nil {
			err = one.Record.Check()
		}
	}
	if err != nil {
		got.Item.Err = err
		return got
	}
	got.Item.Ref, got.Item.Readings, got.Item.Hints = said.ref, said.readings, said.hints
	return got
}

// values decodes query and body once.
func values(r channel.Request) (map[string]string, bool) {
	all, err := url.ParseQuery(r.Query)
	if err != nil {
		return nil, false
	}
	body, err := url.ParseQuery(strings.TrimSpace(string(r.Body)))
	if err != nil {
		return nil, false
	}
	for k, vs := range body {
		all[k] = append(all[k], vs...)
	}
	return single(all)
}

// probe reports whether Meituan only looks if we are alive: every minute, with no
// parameters or empty ones, and once by GET and by POST when a URL is being configured.
func probe(v map[string]string) bool {
	for _, s := range v {
		if s != "" {
			return false
		}
	}
	for k := range v { // "garbage" parses as a name without value
		if k != "sig" && k != "app_id" && k != "timestamp" && k != "order_id" {
			return false
		}
	}
	return true
}

// verify checks the signature and gives the parameters as they were signed. Order pushes
// are URL-encoded twice and signed raw, so a second decoding comes first; whether cancel
// and refund pushes are too is not documented, so the once-decoded values are tried as
// well, and what matches is used.
func verify(target string, once map[string]string, appID, secret string) (map[string]string, bool) {
	if secret == "" || appID == "" || once["app_id"] != appID {
		return nil, false
	}
	twice := make(map[string]string, len(once))
	for k, v := range once {
		d, err := url.QueryUnescape(v)
		if err != nil {
			d = v // a value with a bare % was encoded once
		}
		twice[k] = d
	}
	for _, params := range []map[string]string{twice, once} {
		want := sign(target, params, secret)
		if subtle.ConstantTimeCompare([]byte(want), []byte(once["sig"])) == 1 {
			return params, true
		}
	}
	return nil, false
}

// bytesOf is what arrived, for the journal: the form, wherever it was.
func bytesOf(r channel.Request) []byte {
	switch {
	case len(r.Body) == 0:
		return []byte(r.Query)
	case r.Query == "":
		return r.Body
	}
	return []byte(r.Query + "&" + string(r.Body))
}
