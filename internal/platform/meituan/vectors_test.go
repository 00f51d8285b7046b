package meituan

import (
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/tongdan/tongdan/channel"
)

const (
	vectorSecret = "0123456789abcdef0123456789abcdef"
	vectorHost   = "https://waimaiopen.meituan.com/api/v1/"
)

// The published vector of the open platform's documents, and six worked ones for every case that
// the rule names: Chinese and & in a value, empty values, a plus sign, JSON, a token, a callback.
func TestSignaturesAreThoseOfThePublishedVectors(t *testing.T) {
	for _, c := range []struct {
		name, url, secret, sig string
		params                 map[string]string
	}{
		{"T1 official example", "http://waimaiopen.meituan.com/api/v1/poi/mget", "d31ba58fd73c71db697ab5e4946d52d", "00934d00d0aea6f12161edfb6456143d",
			map[string]string{"app_id": "1235123121", "app_poi_codes": "31", "timestamp": "1389751221"}},
		{"V1 confirm", vectorHost + "order/confirm", vectorSecret, "95ba9559acb0ba12d84cb465d96a149b",
			map[string]string{"app_id": "4321", "order_id": "27058820000000011", "timestamp": "1700000000"}},
		{"V2 Chinese and an ampersand", vectorHost + "order/cancel", vectorSecret, "5bcc4fb37d25a5b165eeb68c20dd332c",
			map[string]string{"app_id": "4321", "order_id": "27058820000000011", "reason": "商品已售完&改天再来", "reason_code": "2009", "timestamp": "1700000001"}},
		{"V3 an empty value and a plus sign", vectorHost + "poi/save", vectorSecret, "c6f4fffad016682eaa917d1c23228bf8",
			map[string]string{"app_id": "4321", "app_poi_code": "S001", "latitude": "39.926983", "longitude": "116.361694", "name": "1+1面馆", "promotion_info": "", "timestamp": "1700000002"}},
		{"V4 JSON in a value", vectorHost + "food/sku/stock", vectorSecret, "079d53e412632d83222c583278fc6a01",
			map[string]string{"app_id": "4321", "app_poi_code": "S001", "food_data": `[{"app_food_code":"F001","skus":[{"sku_id":"F001-L","stock":"10"}]}]`, "timestamp": "1700000003"}},
		{"V5 a token", vectorHost + "order/confirm", vectorSecret, "8a41bc4910066b71b2fb08586bdb7c02",
			map[string]string{"access_token": "token_abc", "app_id": "4321", "order_id": "27058820000000011", "timestamp": "1700000000", "sig": "is left out"}},
		{"W1 a port, as easynet-cn/go-meituan and thisliu/easy-meituan sign it", "http://127.0.0.1:9000/api/v1/poi/updatepromoteinfo", vectorSecret, "8b095f3c0a646bd7ac1ba5eb6cbdb5a7",
			map[string]string{"app_id": "4321", "app_poi_code": "S001", "promotion_info": "新品 1+1 上市 & 八折=100%", "timestamp": "1700000004"}},
		{"W2 a refund's message, as both verify it", "http://hub.example.com:8080/callback/meituan/refund/part", vectorSecret, "89b6c5af162d571e2593718a8fe2e423",
			map[string]string{"app_id": "4321", "timestamp": "1700001201", "order_id": "27058820000000011", "notify_type": "part", "reason": "少送 1+1 & 100%",
				"food": `[{"app_food_code":"F002","food_name":"可乐 330ml","count":1}]`, "pictures": "[]", "status": ""}},
	} {
		if got := sign(c.url, c.params, c.secret); got != c.sig {
			t.Errorf("%s: %s, want %s", c.name, got, c.sig)
		}
	}
}

// V6, as it goes over the wire: every value encoded twice.
const v6 = `app_id=4321&timestamp=1700000010&order_id=27058820000000011&wm_order_id_view=27058820000000011&app_poi_code=S001&caution=&recipient_name=%25E7%258E%258B%2528%25E5%2585%2588%25E7%2594%259F%2529&recipient_address=%25E6%259C%259B%25E4%25BA%25ACSOHO%2BT1%2B%2528B%25E5%25BA%25A7%2B1203%2529%2540%2523%25E5%258C%2597%25E4%25BA%25AC%25E5%25B8%2582%25E6%259C%259D%25E9%2598%25B3%25E5%258C%25BA%25E9%2598%259C%25E9%2580%259A%25E4%25B8%259C%25E5%25A4%25A7%25E8%25A1%2597&detail=%255B%257B%2522app_food_code%2522%253A%2522F001%2522%252C%2522food_name%2522%253A%2522%25E7%2589%259B%25E8%2582%2589%25E9%259D%25A2%2B%25E5%25A4%25A7%25E4%25BB%25BD%2522%252C%2522sku_id%2522%253A%2522F001-L%2522%252C%2522quantity%2522%253A1%252C%2522price%2522%253A22.5%252C%2522box_num%2522%253A1%252C%2522box_price%2522%253A1%252C%2522unit%2522%253A%2522%25E4%25BB%25BD%2522%252C%2522food_discount%2522%253A1%257D%255D&total=25.5&sig=38f123cb6e66e2c9ca1c53591e6416f4`

const v6URL = "http://hub.example.com:8080/callback/meituan/order/paid"

func wireParams(t *testing.T, body string) map[string]string {
	t.Helper()
	v, err := url.ParseQuery(body)
	if err != nil {
		t.Fatal(err)
	}
	p, ok := single(v)
	if !ok {
		t.Fatal("a name comes twice")
	}
	return p
}

func TestACallbackIsVerifiedOverTwiceDecodedValuesOfTheConfiguredURL(t *testing.T) {
	p, ok := verify(v6URL, wireParams(t, v6), "4321", vectorSecret)
	if !ok {
		t.Fatal("V6 was not verified")
	}
	if got, want := p["recipient_address"], "望京SOHO T1 (B座 1203)@#北京市朝阳区阜通东大街"; got != want {
		t.Errorf("address %q, want %q", got, want)
	}
	for name, bad := range map[string]struct{ url, body, app, secret string }{
		"another host":             {strings.Replace(v6URL, "hub.", "www.", 1), v6, "4321", vectorSecret},
		"https":                    {strings.Replace(v6URL, "http:", "https:", 1), v6, "4321", vectorSecret},
		"another secret":           {v6URL, v6, "4321", strings.ToUpper(vectorSecret)},
		"no secret":                {v6URL, v6, "4321", ""},
		"another app":              {v6URL, v6, "4322", vectorSecret},
		"upper case signature":     {v6URL, strings.Replace(v6, "sig=38f1", "sig=38F1", 1), "4321", vectorSecret},
		"the once-decoded one":     {v6URL, v6[:strings.Index(v6, "sig=")] + "sig=e2a7c1800982754c8789acb8ae527b05x", "4321", vectorSecret},
		"another total":            {v6URL, strings.Replace(v6, "total=25.5", "total=0.5", 1), "4321", vectorSecret},
		"a parameter added":        {v6URL, v6 + "&new=1", "4321", vectorSecret},
		"an empty parameter taken": {v6URL, strings.Replace(v6, "caution=&", "", 1), "4321", vectorSecret},
	} {
		if _, ok := verify(bad.url, wireParams(t, bad.body), bad.app, bad.secret); ok {
			t.Errorf("%s was verified", name)
		}
	}
}

// Whether cancel and refund pushes are encoded once or twice is not documented.
func TestAOnceEncodedCallbackIsVerifiedAsWell(t *testing.T) {
	params := map[string]string{"app_id": "4321", "timestamp": "1700000100", "order_id": "27058820000000011", "reason_code": "1102", "reason": "涨了 50%+运费", "new_field": ""}
	target := "https://hub.example.com/callback/meituan/order/cancelled"
	form := url.Values{"sig": {sign(target, params, vectorSecret)}}
	for k, v := range params {
		form.Set(k, v)
	}
	got, ok := verify(target, wireParams(t, form.Encode()), "4321", vectorSecret)
	if !ok || got["reason"] != params["reason"] {
		t.Errorf("verified %v, reason %q, want %q", ok, got["reason"], params["reason"])
	}
}

// The signatures that the documents' payload examples carry, over the URL that they name.
func TestThePayloadExamplesCarryValidSignatures(t *testing.T) {
	for file, c := range map[string]struct{ path, sig string }{
		"paid":            {"order/paid", "e3620db62e14fe99941cd946c514ebd5"},
		"confirmed":       {"order/confirmed", "2dbb30283e8d06c01d72ede0439bf539"},
		"completed":       {"order/completed", "fae89813d94b681c771224ea6b3fd95f"},
		"cancelled":       {"order/cancel", "40eec9afd1dd40ab84983a852458d769"},
		"cancelled_late":  {"order/cancel", "9773b67dc29655c00e3e4aa95e464c0b"},
		"refund_apply":    {"order/refund", "7bc9a532b3939061983f356c6a8ed44d"},
		"refund_agree":    {"order/refund", "bdf83ba2330864cbb61897f901bbf02a"},
		"refund_part":     {"order/partrefund", "becf6f12411b48bb183df04db643397b"},
		"refund_result":   {"order/refundstatus", "5b773b0050b69426dc1903332214a468"},
		"delivery_status": {"order/logistics", "4b87cfa560885e39762c07d8c46e4681"},
		"delivery_self":   {"order/selflogistics", "b916cb7828902e18ad345201deff6cd6"},
		"reminder":        {"order/remind", "de5844b02be6cd9676b09c836539e878"},
	} {
		if got := sign("http://hub.example.com:8080/callback/meituan/"+c.path, example(t, file), vectorSecret); got != c.sig {
			t.Errorf("%s: %s, want %s", file, got, c.sig)
		}
	}
}

// example reads a payload: k=v, one a line, decoded.
func example(t testing.TB, name string) map[string]string {
	t.Helper()
	b, err := os.ReadFile("testdata/" + name + ".form")
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for line := range strings.Lines(string(b)) {
		if k, v, ok := strings.Cut(strings.TrimSuffix(line, "\n"), "="); ok {
			out[k] = v
		}
	}
	return out
}

func testApp() channel.App {
	return channel.App{ID: 7, PublicURL: "https://hub.example.com", Credentials: map[string]channel.Secret{
		"app_id": channel.NewSecret("4321"), "secret": channel.NewSecret(vectorSecret)}}
}

func TestALivenessProbeIsAnsweredAndNothingElseIsKept(t *testing.T) {
	for _, r := range []channel.Request{
		{Method: http.MethodPost, Path: "order/paid"},
		{Method: http.MethodGet, Path: "order/cancelled"},
		{Method: http.MethodPost, Path: "refund/full", Body: []byte("\r\n")},
		{Method: http.MethodPost, Path: "delivery/status", Body: []byte("app_id=&timestamp=&sig=")},
	} {
		r.At = time.Unix(1700000000, 0)
		got := New().Receive(testApp(), r)
		if got.Verdict != channel.Probe || got.Reply.Status != 200 || got.Reply.Body != `{"data":"ok"}` || len(got.Item.Raw) > 0 {
			t.Errorf("%s %s: %+v, want a probe answered with ok", r.Method, r.Path, got)
		}
	}
	privacy := map[string]string{"app_id": "4321", "timestamp": "1700002100"}
	form := url.Values{"app_id": {"4321"}, "timestamp": {"1700002100"}, "sig": {sign(testApp().CallbackURL(Name, "privacy/downgrade"), privacy, vectorSecret)}}
	got := New().Receive(testApp(), channel.Request{Method: http.MethodPost, Path: "privacy/downgrade", Body: []byte(form.Encode()), At: time.Unix(1700002100, 0)})
	if got.Verdict != channel.Good || got.Item.What != "privacy.downgrade" {
		t.Errorf("the privacy downgrade has no parameters either, but a signature: %+v", got)
	}
}

func TestARefusalAndABusyAnswerHaveMeituansForm(t *testing.T) {
	got := New().Receive(testApp(), channel.Request{Method: http.MethodPost, Path: "order/paid", Body: []byte("app_id=4321&order_id=1&sig=00"), At: time.Unix(1700000000, 0)})
	if got.Verdict != channel.Refused || !strings.Contains(got.Reply.Body, `"data":"ng"`) || !strings.Contains(got.Reply.Body, `"code":703`) {
		t.Errorf("refused: %+v", got)
	}
	if got.Busy.Status != 500 || !strings.Contains(got.Busy.Body, `"data":"ng"`) {
		t.Errorf("busy: %+v", got.Busy)
	}
}
