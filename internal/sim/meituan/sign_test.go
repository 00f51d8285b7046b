package meituan

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
)

const vectorSecret = "0123456789abcdef0123456789abcdef"

const vectorDetail = `[{"app_food_code":"F001","food_name":"牛肉面 大份","sku_id":"F001-L","quantity":1,"price":22.5,"box_num":1,"box_price":1,"unit":"份","food_discount":1}]`

var vectors = []struct {
	name, base, secret string
	params             []field
	sig                string
}{
	{"T1 published example", "http://waimaiopen.meituan.com/api/v1/poi/mget", "d31ba58fd73c71db697ab5e4946d52d",
		[]field{{"timestamp", "1389751221"}, {"app_poi_codes", "31"}, {"app_id", "1235123121"}}, "00934d00d0aea6f12161edfb6456143d"},
	{"V1 confirm", "https://waimaiopen.meituan.com/api/v1/order/confirm", vectorSecret,
		[]field{{"order_id", "27058820000000011"}, {"app_id", "4321"}, {"timestamp", "1700000000"}}, "95ba9559acb0ba12d84cb465d96a149b"},
	{"V2 Chinese and an ampersand", "https://waimaiopen.meituan.com/api/v1/order/cancel", vectorSecret,
		[]field{{"app_id", "4321"}, {"timestamp", "1700000001"}, {"order_id", "27058820000000011"}, {"reason", "商品已售完&改天再来"}, {"reason_code", "2009"}, {"sig", "ignored"}}, "5bcc4fb37d25a5b165eeb68c20dd332c"},
	{"V3 an empty value and a plus", "https://waimaiopen.meituan.com/api/v1/poi/save", vectorSecret,
		[]field{{"app_id", "4321"}, {"timestamp", "1700000002"}, {"app_poi_code", "S001"}, {"name", "1+1面馆"}, {"latitude", "39.926983"}, {"longitude", "116.361694"}, {"promotion_info", ""}}, "c6f4fffad016682eaa917d1c23228bf8"},
	{"V4 JSON", "https://waimaiopen.meituan.com/api/v1/food/sku/stock", vectorSecret,
		[]field{{"app_id", "4321"}, {"timestamp", "1700000003"}, {"app_poi_code", "S001"}, {"food_data", `[{"app_food_code":"F001","skus":[{"sku_id":"F001-L","stock":"10"}]}]`}}, "079d53e412632d83222c583278fc6a01"},
	{"V5 with an access token", "https://waimaiopen.meituan.com/api/v1/order/confirm", vectorSecret,
		[]field{{"order_id", "27058820000000011"}, {"app_id", "4321"}, {"timestamp", "1700000000"}, {"access_token", "token_abc"}}, "8a41bc4910066b71b2fb08586bdb7c02"},
	{"W1 a port, as easynet-cn/go-meituan and thisliu/easy-meituan sign it", "http://127.0.0.1:9000/api/v1/poi/updatepromoteinfo", vectorSecret,
		[]field{{"app_id", "4321"}, {"timestamp", "1700000004"}, {"app_poi_code", "S001"}, {"promotion_info", "新品 1+1 上市 & 八折=100%"}}, "8b095f3c0a646bd7ac1ba5eb6cbdb5a7"},
	{"W2 a refund's message, as both verify it", "http://hub.example.com:8080/callback/meituan/refund/part", vectorSecret,
		[]field{{"app_id", "4321"}, {"timestamp", "1700001201"}, {"order_id", "27058820000000011"}, {"notify_type", "part"}, {"reason", "少送 1+1 & 100%"},
			{"food", `[{"app_food_code":"F002","food_name":"可乐 330ml","count":1}]`}, {"pictures", "[]"}, {"status", ""}}, "89b6c5af162d571e2593718a8fe2e423"},
	{"V6 callback", "http://hub.example.com:8080/callback/meituan/order/paid", vectorSecret, vectorPush, "38f123cb6e66e2c9ca1c53591e6416f4"},
}

var vectorPush = []field{{"app_id", "4321"}, {"timestamp", "1700000010"}, {"order_id", "27058820000000011"}, {"wm_order_id_view", "27058820000000011"},
	{"app_poi_code", "S001"}, {"caution", ""}, {"recipient_name", "王(先生)"}, {"recipient_address", "望京SOHO T1 (B座 1203)@#北京市朝阳区阜通东大街"},
	{"detail", vectorDetail}, {"total", "25.5"}}

func TestSignatureVectors(t *testing.T) {
	for _, v := range vectors {
		if got := sign(v.base, v.params, v.secret); got != v.sig {
			t.Errorf("%s: %s, want %s\n%s", v.name, got, v.sig, canonical(v.base, v.params, v.secret))
		}
	}
}

func TestACallbackIsEncodedTwice(t *testing.T) {
	const want = `app_id=4321&timestamp=1700000010&order_id=27058820000000011&wm_order_id_view=27058820000000011&app_poi_code=S001&caution=&recipient_name=%25E7%258E%258B%2528%25E5%2585%2588%25E7%2594%259F%2529&recipient_address=%25E6%259C%259B%25E4%25BA%25ACSOHO%2BT1%2B%2528B%25E5%25BA%25A7%2B1203%2529%2540%2523%25E5%258C%2597%25E4%25BA%25AC%25E5%25B8%2582%25E6%259C%259D%25E9%2598%25B3%25E5%258C%25BA%25E9%2598%259C%25E9%2580%259A%25E4%25B8%259C%25E5%25A4%25A7%25E8%25A1%2597&detail=%255B%257B%2522app_food_code%2522%253A%2522F001%2522%252C%2522food_name%2522%253A%2522%25E7%2589%259B%25E8%2582%2589%25E9%259D%25A2%2B%25E5%25A4%25A7%25E4%25BB%25BD%2522%252C%2522sku_id%2522%253A%2522F001-L%2522%252C%2522quantity%2522%253A1%252C%2522price%2522%253A22.5%252C%2522box_num%2522%253A1%252C%2522box_price%2522%253A1%252C%2522unit%2522%253A%2522%25E4%25BB%25BD%2522%252C%2522food_discount%2522%253A1%257D%255D&total=25.5&sig=38f123cb6e66e2c9ca1c53591e6416f4`
	if got := wire(append(vectorPush[:len(vectorPush):len(vectorPush)], field{"sig", "38f123cb6e66e2c9ca1c53591e6416f4"}), true); got != want {
		t.Errorf("wire body\n%s\nwant\n%s", got, want)
	}
	if form, err := url.ParseQuery(wire([]field{{"a", "1+1 面&馆%"}}, false)); err != nil || form.Get("a") != "1+1 面&馆%" {
		t.Errorf("single encoding: %v %v", form, err)
	}
}

func TestYuanIsExact(t *testing.T) {
	for s, want := range map[string]string{"22.5": "22.5", "4.0": "4", "0.07": "0.07", "100": "100", "-3.10": "-3.1", "25.000": "25"} {
		if f, err := parseYuan(s); err != nil || f.String() != want {
			t.Errorf("%s → %s, %v", s, f, err)
		}
	}
	for _, s := range []string{"", "1.234", "1e3", "one", ".5", "+1", "9999999999", "--1"} {
		if f, err := parseYuan(s); err == nil {
			t.Errorf("%q was read as %s", s, f)
		}
	}
}

func FuzzYuan(f *testing.F) {
	f.Add("22.5")
	f.Add("-0.01")
	f.Fuzz(func(t *testing.T, s string) {
		if a, err := parseYuan(s); err == nil {
			if b, err := parseYuan(a.String()); err != nil || a != b {
				t.Errorf("%q → %s → %s, %v", s, a, b, err)
			}
		}
	})
}

func FuzzGateway(f *testing.F) {
	f.Add("order/confirm", "app_id=1&timestamp=1&sig=x", "order_id=1", "application/x-www-form-urlencoded")
	f.Add("image/upload", "", "--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nx\r\n--b--", "multipart/form-data; boundary=b")
	s, err := New(Options{App: "1", Secret: "s"})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, path, query, body, kind string) {
		r := &http.Request{Method: "POST", URL: &url.URL{Path: "/api/v1/" + path, RawQuery: query}, Host: "h", Header: http.Header{"Content-Type": {kind}},
			Body: io.NopCloser(strings.NewReader(body))}
		w := httptest.NewRecorder()
		s.API().ServeHTTP(w, r)
		if strings.Contains(w.Body.String(), `"data":"ok"`) {
			t.Errorf("an unsigned request was served: %s?%s", path, query)
		}
	})
}

func FuzzPlace(f *testing.F) {
	f.Add(drinks)
	f.Add(`{"detail":"[{\"food_name\":\"x\",\"price\":\"1.5\"}]"}`)
	f.Fuzz(func(t *testing.T, native string) {
		s, err := New(Options{App: "1", Secret: "s"})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		id, err := s.Place([]byte(native))
		if err != nil {
			return
		}
		o, err := s.Order(id)
		if err != nil {
			t.Fatal(err)
		}
		if o.Total < 0 {
			t.Errorf("total %s", o.Total)
		}
	})
}
