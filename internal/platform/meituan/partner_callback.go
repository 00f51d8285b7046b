package meituan

import (
	"crypto/subtle"
	"net/http"
	"net/url"
	"strconv"

	"github.com/tongdan/tongdan/channel"
	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/order"
)

// A partnerPush is a message of the service providers' platform: one JSON object in the parameter named
// field, or flat parameters.
type partnerPush struct {
	path  string
	what  string
	text  channel.Text
	field string
	read  func(form, source) (told, error)
}

// partnerPushes are the messages, each with a URL of its own in the developer console. The fields of
// reminder and bill are not public in full.
var partnerPushes = []partnerPush{
	{"order/new", "order.paid", channel.Text{ZH: "推送新订单", EN: "New order"}, "order", func(f form, s source) (told, error) {
		s.class = order.ClassCreated
		return pushedOrder(f, s, "2")
	}},
	{"order/confirmed", "order.confirmed", channel.Text{ZH: "推送已确认订单", EN: "Order confirmed"}, "order", func(f form, s source) (told, error) { return pushedOrder(f, s, "4") }},
	{"order/finished", "order.completed", channel.Text{ZH: "推送已完成订单", EN: "Order completed"}, "order", func(f form, s source) (told, error) { return pushedOrder(f, s, "8") }},
	{"order/cancelled", "order.cancelled", channel.Text{ZH: "推送订单取消", EN: "Order cancelled"}, "orderCancel", translateCancel},
	{"refund/full", "refund.full", channel.Text{ZH: "推送全额退款", EN: "Full refund"}, "orderRefund", func(f form, s source) (told, error) { return translateRefund(f, true, s) }},
	{"refund/part", "refund.part", channel.Text{ZH: "推送部分退款", EN: "Partial refund"}, "partOrderRefund", func(f form, s source) (told, error) { return translateRefund(f, false, s) }},
	{"delivery/status", "delivery.status", channel.Text{ZH: "推送配送状态", EN: "Delivery status"}, "shippingStatus", translateDelivery},
	{"reminder", "reminder", channel.Text{ZH: "推送催单", EN: "Customer's reminder"}, "pushOrderRemind", translateReminder},
	{pathStatus, "store.status", channel.Text{ZH: "推送门店状态", EN: "Store status"}, "poiStatus", nil},
	{"bill", "order.settlement", channel.Text{ZH: "推送对账", EN: "Settlement"}, "tradeDetail", nil},
	{"privacy/downgrade", "privacy.downgrade", channel.Text{ZH: "隐私号降级通知", EN: "Privacy numbers are down"}, "", translateDowngrade},
	{pathBound, "store.bound", channel.Text{ZH: "门店绑定", EN: "Store bound"}, "", nil},
	{pathUnbound, "store.unbound", channel.Text{ZH: "门店解绑", EN: "Store unbound"}, "", nil},
}

const pathBound, pathUnbound = "store/bound", "store/unbound"

var (
	partnerOK      = reply(http.StatusOK, `{"data":"OK"}`)
	partnerBound   = reply(http.StatusOK, `{"data":"success"}`)
	partnerRefused = reply(http.StatusUnauthorized, `{"data":"FAIL"}`)
	partnerBusy    = reply(http.StatusInternalServerError, `{"data":"FAIL"}`)
)

// Receive implements channel.Platform. Signed are the values, not the URL.
func (partnerPlatform) Receive(app channel.App, r channel.Request) channel.Received {
	refused := func(why string) channel.Received {
		return channel.Received{Verdict: channel.Refused, Why: why, Reply: partnerRefused, Busy: partnerBusy}
	}
	kind := partnerKind(r.Path)
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
	if len(once) == 0 { // a heartbeat
		return channel.Received{Verdict: channel.Probe, Reply: partnerOK, Busy: partnerOK}
	}
	params, signed := partnerVerify(once, app.Credentials["developer_id"].Reveal(), app.Credentials["sign_key"].Reveal())
	if kind.path == pathBound || kind.path == pathUnbound {
		if !signed {
			params = once
		}
		return grant(kind, params, signed, r, refused)
	}
	if !signed {
		return refused("sign")
	}
	got := channel.Received{Verdict: channel.Good, External: formFrom(params).id("ePoiId"), Reply: partnerOK, Busy: partnerBusy, Item: channel.Item{What: kind.what, Raw: bytesOf(r)}}
	if kind.read == nil {
		if f, err := formOf([]byte(params[kind.field])); err == nil {
			f = directly(f)
			if id := f.id("order_id"); id != "" {
				got.Item.Ref = orderRef(id)
			}
			if kind.path == pathStatus {
				f["app_poi_code"] = got.External
				got.Standing = standingNews(f, r.At)
			}
		}
		return got
	}
	said, err := kind.said(params, source{order.ClassPush, r.At})
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

func partnerKind(path string) *partnerPush {
	for i := range partnerPushes {
		if partnerPushes[i].path == path {
			return &partnerPushes[i]
		}
	}
	return nil
}

// said reads a message. Most carry no time of their own: that of its arrival stands in for it in the
// timeline, and decides no state.
func (p *partnerPush) said(params map[string]string, src source) (told, error) {
	if p.field == "" {
		return p.read(form{}, src)
	}
	f, err := formOf([]byte(clean(params[p.field])))
	if err != nil {
		return told{}, &fault.Error{Op: "meituan.read", Code: fault.Invalid, Why: fault.Because("push_no_form", "the push has not the platform's form"), Err: err}
	}
	f = directly(f)
	f["timestamp"] = strconv.FormatInt(src.at.Unix(), 10)
	if !f.has("app_poi_code") && formFrom(params).get("ePoiId") != "" {
		f["app_poi_code"] = params["ePoiId"]
	}
	return p.read(f, src)
}

// partnerVerify checks the signature and gives the parameters as they were signed. They are encoded once
// by all that is known; twice is taken as well, as the direct platform does it.
func partnerVerify(once map[string]string, developer, key string) (map[string]string, bool) {
	if developer == "" || key == "" || once["developerId"] != "" && once["developerId"] != developer {
		return nil, false
	}
	twice := make(map[string]string, len(once))
	for k, v := range once {
		d, err := url.QueryUnescape(v)
		if err != nil {
			d = v
		}
		twice[k] = d
	}
	for _, params := range []map[string]string{once, twice} {
		if subtle.ConstantTimeCompare([]byte(partnerSign(key, params)), []byte(once["sign"])) == 1 {
			return params, true
		}
	}
	return nil, false
}

// grant reads a binding or its end. Both have been seen without a signature: an unsigned one is only
// ever the word that a token may have come, which Bind tries at the platform; an unsigned end is
// refused, since nothing could be tried.
func grant(kind *partnerPush, params map[string]string, signed bool, r channel.Request, refused func(string) channel.Received) channel.Received {
	f := formFrom(params)
	id := f.id("ePoiId")
	if id == "" {
		id = f.id("epoiId")
	}
	token := f.get("appAuthToken")
	switch {
	case id == "" || f.get("businessId") != "" && f.get("businessId") != business:
		return refused("no store of this business")
	case kind.path == pathUnbound && !signed:
		return refused("sign")
	case kind.path == pathBound && (token == "" || len(token) > 512):
		return refused("no token")
	case params["sign"] != "" && !signed:
		return refused("sign")
	}
	kept := url.Values{}
	for k, v := range params {
		if k == "appAuthToken" || k == "sign" { // the journal is no place for it
			v = "…"
		}
		kept.Set(k, v)
	}
	return channel.Received{Verdict: channel.Good, External: id, Reply: partnerBound, Busy: partnerBusy,
		Grant: &channel.Grant{Token: channel.NewSecret(token), Over: kind.path == pathUnbound, Signed: signed},
		Item:  channel.Item{What: kind.what, Raw: []byte(kept.Encode())}}
}

// Translate implements channel.Translator.
func (partnerPlatform) Translate(k channel.Kept) channel.Item {
	return translated(k, func() (told, error) {
		if !k.Push {
			return readAgain(&partner{}, k, source{order.ClassRead, k.At})
		}
		for i := range partnerPushes {
			p := &partnerPushes[i]
			if p.what != k.What {
				continue
			}
			v, err := url.ParseQuery(string(k.Raw))
			if err != nil {
				return told{}, &fault.Error{Op: "meituan.Translate", Code: fault.Invalid, Why: fault.Because("push_no_form", "the push has not the platform's form"), Err: err}
			}
			params, ok := single(v)
			switch {
			case !ok:
				return told{}, &fault.Error{Op: "meituan.Translate", Code: fault.Invalid, Why: fault.Because("push_name_twice", "a name comes twice in the push")}
			case p.read == nil:
				return told{}, nil
			}
			if _, err := formOf([]byte(params[p.field])); p.field != "" && err != nil { // it was encoded twice
				if d, err := url.QueryUnescape(params[p.field]); err == nil {
					params[p.field] = d
				}
			}
			return p.said(params, source{order.ClassPush, k.At})
		}
		return told{}, &fault.Error{Op: "meituan.Translate", Code: fault.Invalid, Why: fault.Because("push_unknown", "a push of an unknown kind")}
	})
}
