package meituan

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/tongdan/tongdan/channel"
	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/order"
)

const partnerKey = "signkey_demo_0001"

func partnerApp() channel.App {
	return channel.App{ID: 7, PublicURL: "https://hub.example.com", Credentials: map[string]channel.Secret{
		"developer_id": channel.NewSecret("100001"), "sign_key": channel.NewSecret(partnerKey)}}
}

// partnerExamples are payloads of the service providers' platform, with the path they arrive on and the
// signature that the documents' algorithm gives them.
var partnerExamples = []struct{ file, path, sign string }{
	{"new", "order/new", "989e7f49c6da6e8803c295a5a2719d27ee79639f"},
	{"cancelled", "order/cancelled", "a5ee654e1d5e5ad4f69c2f0fe54d5e2d743842c5"},
	{"refund_full", "refund/full", "8e7465a1ff9e6d228c4a38c93ff868b0a48db63a"},
	{"refund_part", "refund/part", "7ab7afe87b739d069502a90fee5dc57b5ff02cf8"},
	{"delivery", "delivery/status", "124b428447889e39528a64640f6fa4efae909416"},
	{"reminder", "reminder", "22c7b80622b992b255ceb66562cea04772600ed6"},
	{"store_status", "store/status", "6bd3d21adcc5d9548fbb02046d1f3b4e1a64a58b"},
}

func TestPartnerSignaturesAreThoseOfTheWorkedVectors(t *testing.T) {
	for _, c := range []struct {
		name, sign string
		params     map[string]string
	}{
		{"N1 a call", "d8af55819dc0e8b3fa2168bc1d50fb3e2213145d", map[string]string{"developerId": "100001", "businessId": "2", "timestamp": "1700000000", "charset": "UTF-8", "version": "2",
			"appAuthToken": "token_xyz", "biz": `{"orderId":27058820000000011}`, "empty": ""}},
		{"N3 the older flat form", "a4adda5459a5d387e1dca2a88ea0f9d5c294392e", map[string]string{"appAuthToken": "token_xyz", "charset": "UTF-8", "timestamp": "1700000000", "orderId": "27058820000000011"}},
		{"W3 no token, as Meituan's kit for Go signs it", "3407569d56fb8a3eb16ad26bcddbe7a24c4a6fc5", map[string]string{"developerId": "100001", "businessId": "2", "timestamp": "1700000005", "charset": "UTF-8",
			"version": "2", "appAuthToken": "", "biz": `{"degradOffset":0,"developerId":100001,"degradLimit":"10"}`}},
		{"W4 a message, as Meituan's kit for Go signs it", "97f7d6e0ee53376801defc2d1819aa95dbb0062c", map[string]string{"developerId": "100001", "ePoiId": "S001",
			"shippingStatus": `{"orderId":27058820000000011,"shippingStatus":20,"time":1700001800,"dispatcherName":"李四 & 1+1=100%","dispatcherMobile":""}`}},
	} {
		if got := partnerSign(partnerKey, c.params); got != c.sign {
			t.Errorf("%s: %s, want %s", c.name, got, c.sign)
		}
	}
	for _, e := range partnerExamples {
		if got := partnerSign(partnerKey, example(t, "partner/"+e.file)); got != e.sign {
			t.Errorf("%s: %s, want %s", e.file, got, e.sign)
		}
	}
}

// What a message says is the same whether it is encoded once, as known, or twice.
func TestPartnerExamplesTranslateAsReviewed(t *testing.T) {
	for _, e := range partnerExamples {
		params := example(t, "partner/"+e.file)
		form := url.Values{}
		twice := url.Values{}
		for k, v := range params {
			form.Set(k, v)
			twice.Set(k, url.QueryEscape(v))
		}
		got := NewPartner().Receive(partnerApp(), channel.Request{Method: http.MethodPost, Path: e.path, Body: []byte(form.Encode()), At: exampleTime})
		if got.Verdict != channel.Good || got.Item.Err != nil || got.External != "S001" || got.Reply.Body != `{"data":"OK"}` {
			t.Errorf("%s: %+v", e.file, got)
			continue
		}
		again := NewPartner().Receive(partnerApp(), channel.Request{Method: http.MethodPost, Path: e.path, Body: []byte(twice.Encode()), At: exampleTime})
		if a, b := asJSON(got.Item.Readings), asJSON(again.Item.Readings); again.Verdict != channel.Good || a != b {
			t.Errorf("%s encoded twice reads otherwise: %s, want %s", e.file, b, a)
		}
		kept := partnerPlatform{}.Translate(channel.Kept{What: got.Item.What, Ref: got.Item.Ref, Raw: got.Item.Raw, At: exampleTime, Push: true})
		if a, b := asJSON(got.Item.Readings), asJSON(kept.Readings); e.file != "store_status" && a != b {
			t.Errorf("%s reads otherwise from the journal: %s, want %s", e.file, b, a)
		}
		golden(t, "partner/"+e.file, told{ref: got.Item.Ref, readings: got.Item.Readings, hints: got.Item.Hints})
	}
}

func asJSON(v any) string { b, _ := json.Marshal(v); return string(b) }

// The same order said by both platforms is one order.
func TestBothPlatformsSayTheSameOrder(t *testing.T) {
	d, err := readPush("order/paid", formFrom(example(t, "paid")))
	if err != nil {
		t.Fatal(err)
	}
	form := url.Values{}
	for k, v := range example(t, "partner/new") {
		form.Set(k, v)
	}
	n := NewPartner().Receive(partnerApp(), channel.Request{Method: http.MethodPost, Path: "order/new", Body: []byte(form.Encode()), At: exampleTime})
	a, b := folded(d.ref, d.readings), folded(n.Item.Ref, n.Item.Readings)
	if a.Ref != b.Ref || a.Head.DaySeq != b.Head.DaySeq || a.Head.Logistics != b.Head.Logistics || a.Customer.Phone != b.Customer.Phone || a.Status != b.Status || a.Bill.Total != b.Bill.Total ||
		*a.Bill.Income != *b.Bill.Income || a.Bill.Lines[0].Name != b.Bill.Lines[0].Name || a.ShopID != b.ShopID {
		t.Errorf("%+v\n%+v", a, b)
	}
}

func TestAPartnersHeartbeatAndForgeries(t *testing.T) {
	for _, r := range []channel.Request{{Method: http.MethodPost, Path: "order/new"}, {Method: http.MethodGet, Path: "reminder"}} {
		if got := NewPartner().Receive(partnerApp(), r); got.Verdict != channel.Probe || got.Reply.Body != `{"data":"OK"}` || got.Reply.Status != 200 {
			t.Errorf("%s: %+v", r.Path, got)
		}
	}
	good := example(t, "partner/cancelled")
	for name, change := range map[string]func(v url.Values){
		"another order":     func(v url.Values) { v.Set("orderCancel", strings.Replace(good["orderCancel"], "1102", "1103", 1)) },
		"another developer": func(v url.Values) { v.Set("developerId", "100002") },
		"another store":     func(v url.Values) { v.Set("ePoiId", "S002") },
		"no signature":      func(v url.Values) { v.Del("sign") },
		"one more":          func(v url.Values) { v.Set("new", "1") },
	} {
		form := url.Values{}
		for k, v := range good {
			form.Set(k, v)
		}
		change(form)
		got := NewPartner().Receive(partnerApp(), channel.Request{Method: http.MethodPost, Path: "order/cancelled", Body: []byte(form.Encode()), At: exampleTime})
		if got.Verdict != channel.Refused || got.Reply.Status != http.StatusUnauthorized || len(got.Item.Readings) > 0 {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

// A binding has been seen without a signature. What it gives is only ever tried, and its token is not
// kept in the journal; the end of one is taken with a signature alone.
func TestABindingGivesAGrantAndKeepsNoTokenInTheJournal(t *testing.T) {
	body := "ePoiId=S001&appAuthToken=token_xyz&businessId=2&poiId=2705882&poiName=%E6%9C%9B%E4%BA%AC&timestamp=1700000000123"
	got := NewPartner().Receive(partnerApp(), channel.Request{Method: http.MethodPost, Path: "store/bound", Body: []byte(body), At: exampleTime})
	if got.Verdict != channel.Good || got.External != "S001" || got.Grant == nil || got.Grant.Signed || got.Grant.Token.Reveal() != "token_xyz" || got.Reply.Body != `{"data":"success"}` {
		t.Fatalf("%+v", got)
	}
	if strings.Contains(string(got.Item.Raw), "token_xyz") {
		t.Error("the token stands in the journal")
	}
	over := map[string]string{"developerId": "100001", "businessId": "2", "epoiId": "S001", "timestamp": "1700000000123"}
	form := url.Values{}
	for k, v := range over {
		form.Set(k, v)
	}
	if got := NewPartner().Receive(partnerApp(), channel.Request{Method: http.MethodPost, Path: "store/unbound", Body: []byte(form.Encode()), At: exampleTime}); got.Verdict != channel.Refused {
		t.Errorf("an unsigned end was taken: %+v", got)
	}
	form.Set("sign", partnerSign(partnerKey, over))
	if got := NewPartner().Receive(partnerApp(), channel.Request{Method: http.MethodPost, Path: "store/unbound", Body: []byte(form.Encode()), At: exampleTime}); got.Verdict != channel.Good || got.Grant == nil || !got.Grant.Over {
		t.Errorf("a signed end: %+v", got)
	}
	form.Set("sign", "00")
	if got := NewPartner().Receive(partnerApp(), channel.Request{Method: http.MethodPost, Path: "store/bound", Body: []byte(form.Encode() + "&appAuthToken=x"), At: exampleTime}); got.Verdict != channel.Refused {
		t.Errorf("a wrong signature was taken for none: %+v", got)
	}
}

func TestPartnerRefusalsBecomeFaults(t *testing.T) {
	for body, want := range map[string]fault.Code{
		`{"code":"808","msg":"操作失败"}`:                                fault.Conflict,
		`{"code":"OP_FAILED","msg":"订单已经确认"}`:                        fault.Conflict,
		`{"code":"OP_FAILED","msg":"签名验证错误"}`:                        fault.Unauthorized,
		`{"code":"OP_FAILED","msg":"appAuthToken无效或已过期"}`:            fault.Unauthorized,
		`{"code":"OP_FAILED","msg":"接口调用过于频繁"}`:                      fault.RateLimited,
		`{"code":"OP_FAILED","msg":"不存在此订单"}`:                        fault.NotFound,
		`{"code":"OP_FAILED","msg":"系统错误"}`:                          fault.Unknown,
		`{"code":"a word that nobody knows","msg":""}`:               fault.Conflict,
		`{"error":{"code":808,"message":"订单已经确认","error_type":"x"}}`: fault.Conflict,
		`{"error":{"code":"703","message":"x"}}`:                     fault.Unauthorized,
		`{"code":"711","msg":"触发流控","data":null}`:                    fault.RateLimited,
		`{"code":"1006","msg":"商家已接入美团配送，无需调用该接口"}`:                  fault.Unsupported,
	} {
		_, no, err := partnerAnswer([]byte(body))
		if err != nil || no == nil {
			t.Errorf("%s: %v %v", body, no, err)
			continue
		}
		if got := fault.CodeOf(no.fault("x", "1", call{changing: true})); got != want {
			t.Errorf("%s: %s, want %s", body, got, want)
		}
	}
	for _, body := range []string{`{"data":"ok"}`, `{"data":"OK"}`, `{"code":"OP_SUCCESS","msg":"","data":null}`, `{"code":0,"data":"x"}`} {
		if data, no, err := partnerAnswer([]byte(body)); err != nil || no != nil || len(data) == 0 {
			t.Errorf("%s: %s %v %v", body, data, no, err)
		}
	}
}

// FuzzPartnerReceive stands at the open door.
func FuzzPartnerReceive(f *testing.F) {
	f.Add("order/new", "developerId=100001&order={}&sign=00", "")
	f.Add("store/bound", "ePoiId=S001&appAuthToken=t&businessId=2", "")
	f.Add("refund/part", "a=%zz", "b=1&b=2")
	f.Add("reminder", "", "")
	app := partnerApp()
	f.Fuzz(func(t *testing.T, path, body, query string) {
		got := NewPartner().Receive(app, channel.Request{Method: "POST", Path: path, Query: query, Body: []byte(body), At: exampleTime})
		if got.Reply.Status == 0 {
			t.Error("no answer")
		}
		if got.Verdict != channel.Good && len(got.Item.Readings)+len(got.Item.Hints)+len(got.Item.Raw) > 0 {
			t.Error("something that was not verified says something")
		}
	})
}

// FuzzPartnerSaid takes any signed message.
func FuzzPartnerSaid(f *testing.F) {
	for _, e := range partnerExamples {
		for k, v := range example(f, "partner/"+e.file) {
			if strings.HasPrefix(v, "{") {
				f.Add(e.path, k, v)
			}
		}
	}
	f.Add("order/new", "order", `{"orderId":1,"packageBagFeeInfo":[1],"detail":"[","wmPoiReceiveCent":"x"}`)
	f.Fuzz(func(t *testing.T, path, name, content string) {
		p := partnerKind(path)
		if p == nil || p.read == nil {
			return
		}
		said, err := p.said(map[string]string{p.field: content, "ePoiId": name}, source{order.ClassPush, exampleTime})
		if err != nil {
			return
		}
		folded(said.ref, said.readings)
	})
}

// Nobody publishes whether the cases of refunds come one by one, in an object of their order, or in
// an array of such: each reads as the same two cases.
func TestCasesOfRefundsReadTheSameInEveryForm(t *testing.T) {
	const one, two = `{"order_id":27058820000000011,"refund_id":5,"refund_type":"2","refund_apply_time":1700001000,"reason":"少送","res_type":0,"pictures":"[]","food":[]}`,
		`{"order_id":27058820000000011,"refund_id":6,"refund_type":"1","refund_apply_time":1700002000,"reason":"缺货","res_type":2,"money":"4.29","pictures":"[]","food":[]}`
	const group = `{"order_id":27058820000000011,"OrderRefundInfo":[` + one + `,` + two + `]}`
	read := func(data string) string {
		t.Helper()
		got, no, err := new(partner).answer([]byte(`{"code":"OP_SUCCESS","data":`+data+`}`), call{path: "ecommerce/order/getOrderRefundDetail"})
		if no != nil || err != nil {
			t.Fatalf("%s: %v, %v", data, no, err)
		}
		return string(got)
	}
	want := read(`[` + one + `,` + two + `]`)
	if !strings.Contains(want, `"refund_type":"1"`) || !strings.Contains(want, `"money":"4.29"`) {
		t.Fatal(want)
	}
	for _, data := range []string{group, `[` + group + `]`, `[` + one + `,{"order_id":27058820000000011,"OrderRefundInfo":[` + two + `]}]`, asJSON(group)} {
		if got := read(data); got != want {
			t.Errorf("%s reads as %s, want %s", data, got, want)
		}
	}
	if got := read(`{"order_id":27058820000000011,"OrderRefundInfo":null}`); got != "[]" {
		t.Errorf("an order without a case has %s", got)
	}
}

// FuzzPartnerAnswer takes any answer to any call.
func FuzzPartnerAnswer(f *testing.F) {
	f.Add("order/getOrderDetail", []byte(`{"code":"OP_SUCCESS","data":{"orderId":1,"ePoiId":"S001","status":4}}`))
	f.Add("ecommerce/order/getOrderRefundDetail", []byte(`{"code":"OP_SUCCESS","data":[{"refund_id":1,"refund_type":1,"refund_apply_time":1700000000}]}`))
	f.Add("ecommerce/order/getOrderRefundDetail", []byte(`{"code":"OP_SUCCESS","data":{"order_id":1,"OrderRefundInfo":[{"refund_id":1,"refund_type":"2","refund_apply_time":1700000000}]}}`))
	f.Add("food/list", []byte(`{"data":[{"eDishCode":"F","skus":[{"skuId":"a","stock":"*"}]}]}`))
	f.Fuzz(func(t *testing.T, path string, b []byte) {
		data, no, err := new(partner).answer(b, call{path: path})
		if err != nil || no != nil {
			return
		}
		translateRefunds(data, "1", source{order.ClassRead, exampleTime})
		if form, err := formOf(data); err == nil {
			if said, err := translateOrder(form, source{order.ClassRead, exampleTime}); err == nil {
				folded(said.ref, said.readings)
			}
		}
	})
}
