package meituan

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tongdan/tongdan/channel"
	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/order"
)

// answering is a transport that gives one answer and keeps the request.
type answering struct {
	status int
	body   string
	got    *http.Request
	sent   string
}

func (a *answering) RoundTrip(r *http.Request) (*http.Response, error) {
	a.got = r
	if r.Body != nil {
		b, _ := io.ReadAll(r.Body)
		a.sent = string(b)
	}
	if a.status == 0 {
		return nil, errors.New("connection reset")
	}
	return &http.Response{StatusCode: a.status, Body: io.NopCloser(strings.NewReader(a.body)), Header: http.Header{}}, nil
}

func shopAnswering(t *testing.T, a *answering) *shop {
	t.Helper()
	client := &http.Client{Transport: a}
	s, err := New().Open(channel.Account{App: testApp()}, channel.Env{Reads: client, Calls: client, Now: func() time.Time { return time.Unix(1700000001, 0) }})
	if err != nil {
		t.Fatal(err)
	}
	return s.(directShop).shop
}

func TestMeituansNoBecomesTheRightFault(t *testing.T) {
	ng := func(code string) string { return `{"data":"ng","error":{"code":` + code + `,"msg":"原话"}}` }
	for _, c := range []struct {
		name         string
		status       int
		body         string
		change, read fault.Code // of a changing call and of a read
	}{
		{"state changed", 200, ng("808"), fault.Conflict, fault.Conflict},
		{"completed, at cancel", 200, ng("1022"), fault.Conflict, fault.Conflict},
		{"confirm failed", 200, ng("1001"), fault.Conflict, fault.Conflict},
		{"unknown order", 200, ng("806"), fault.NotFound, fault.NotFound},
		{"flow control", 200, ng("711"), fault.RateLimited, fault.RateLimited},
		{"flow control of a newer endpoint", 200, `{"result_code":4,"error_list":[{"code":711,"msg":"x"}]}`, fault.RateLimited, fault.RateLimited},
		{"bad signature", 200, ng("703"), fault.Unauthorized, fault.Unauthorized},
		{"missing parameter", 200, ng("701"), fault.Invalid, fault.Invalid},
		{"not your order", 200, ng("704"), fault.Forbidden, fault.Forbidden},
		{"Meituan delivers", 200, ng("1006"), fault.Unsupported, fault.Unsupported},
		{"system error", 200, ng("700"), fault.Unknown, fault.Unavailable},
		{"older envelope", 200, `{"code":600,"msg":"内部错误"}`, fault.Unknown, fault.Unavailable},
		{"code as text", 200, `{"error":{"code":"808","msg":"操作失败"},"data":"ng"}`, fault.Conflict, fault.Conflict},
		{"ng without a word", 200, `{"data":"ng"}`, fault.Conflict, fault.Conflict},
		{"a code that nobody knows", 200, ng("99999"), fault.Conflict, fault.Conflict},
		{"no JSON", 200, `<html>`, fault.Unknown, fault.Unavailable},
		{"neither data nor error", 200, `{}`, fault.Unknown, fault.Unavailable},
		{"gateway", 502, `<html>`, fault.Unknown, fault.Unavailable},
		{"HTTP 429", 429, ``, fault.RateLimited, fault.RateLimited},
		{"HTTP 401", 401, ``, fault.Unauthorized, fault.Unauthorized},
		{"HTTP 302", 302, ``, fault.Unknown, fault.Unavailable},
		{"connection reset", 0, ``, fault.Unknown, fault.Unavailable},
	} {
		s := shopAnswering(t, &answering{status: c.status, body: c.body})
		_, _, err := s.do(t.Context(), "op", "1", call{path: "order/cancel", changing: true})
		if !fault.Is(err, c.change) {
			t.Errorf("%s: a call gave %v, want %s", c.name, err, c.change)
		}
		_, _, err = s.do(t.Context(), "op", "1", call{path: "order/viewstatus"})
		if !fault.Is(err, c.read) {
			t.Errorf("%s: a read gave %v, want %s", c.name, err, c.read)
		}
		if strings.Contains(err.Error(), "sig=") {
			t.Errorf("%s: the error shows the URL: %v", c.name, err)
		}
	}
}

func TestARequestIsSignedBeforeItIsEncoded(t *testing.T) {
	a := &answering{status: 200, body: `{"data":"ok"}`}
	s := shopAnswering(t, a)
	_, err := s.Cancel(context.Background(), channel.Act{Order: orderRef("27058820000000011"), ReasonCode: "2009", Reason: "商品已售完&改天再来"})
	if err != nil {
		t.Fatal(err)
	}
	if got := a.got.URL.Query().Get("sig"); got != "5bcc4fb37d25a5b165eeb68c20dd332c" { // V2
		t.Errorf("sig %s", got)
	}
	if !strings.Contains(a.got.URL.RawQuery, "%26") || a.got.Method != http.MethodGet || a.sent != "" {
		t.Errorf("%s %s with body %q", a.got.Method, a.got.URL.RawQuery, a.sent)
	}
	_, err = s.RefundPartial(context.Background(), channel.Act{Order: orderRef("1"), Lines: []channel.ActLine{{Ref: "F", SKU: "S", Quantity: 1}, {Ref: "F", SKU: "S", Quantity: 1}}},
		[]byte(`{"left":[{"food":"F","sku":"S","count":2}],"cases":[]}`))
	if err != nil {
		t.Fatal(err)
	}
	form, _ := url.ParseQuery(a.sent)
	if a.got.Method != http.MethodPost || !a.got.Close || form.Get("food_data") != `[{"app_food_code":"F","sku_id":"S","count":2}]` || a.got.URL.Query().Get("sig") == "" {
		t.Errorf("%s close %v %s body %v", a.got.Method, a.got.Close, a.got.URL, form)
	}
}

func TestAReadOfCasesThatIsNotAllowedStillGivesTheOrder(t *testing.T) {
	s := shopAnswering(t, &answering{})
	s.env.Reads = &http.Client{Transport: byPath{"order/getOrderDetail": fileText(t, "testdata/detail.json"), "ecommerce/order/getOrderRefundDetail": `{"data":"ng","error":{"code":708,"msg":"没有权限访问该接口"}}`}}
	items, err := s.Read(t.Context(), orderRef("27058820000000011"))
	if err != nil || len(items) != 1 || len(items[0].Readings) != 1 {
		t.Fatalf("%d items, %v", len(items), err)
	}
	s.env.Reads = &http.Client{Transport: byPath{"order/getOrderDetail": fileText(t, "testdata/detail.json"), "ecommerce/order/getOrderRefundDetail": `{"data":[{"refund_id":5,"ctime":1700001000,"utime":1700001100,"refund_type":1,"res_type":0,"apply_type":1,"money":32.5},{"refund_id":null},7]}`}}
	items, err = s.Read(t.Context(), orderRef("27058820000000011"))
	if err != nil || len(items) != 3 || !items[2].Said {
		t.Fatalf("%d items, %v", len(items), err) // the order, its cases, and what of both cannot be read
	}
	// Out of order for a while: the order does not wait, and a hint comes again for the cases.
	broken := byPath{"order/getOrderDetail": fileText(t, "testdata/detail.json")}
	s.env.Reads = &http.Client{Transport: broken}
	if got, err := s.Read(t.Context(), orderRef("27058820000000011")); err != nil || len(got) != 1 || len(got[0].Hints) != 1 {
		t.Errorf("%+v, %v, want the order and a hint", got, err)
	}
	o := folded(items[0].Ref, slices.Concat(items[0].Readings, items[1].Readings, items[2].Readings))
	if len(o.Cases) != 1 || !o.Cases[0].Answerable || o.Cases[0].AnswerBy != 1700001000000+30*60*1000 {
		t.Errorf("cases %+v", o.Cases)
	}
	named := 0
	for _, i := range o.Issues {
		if i.Code == order.IssueField {
			named++
		}
	}
	if named != 1 && named != 2 {
		t.Errorf("rows that cannot be read must be named: %+v", o.Issues)
	}
}

type byPath map[string]string

func (b byPath) RoundTrip(r *http.Request) (*http.Response, error) {
	for p, body := range b {
		if strings.HasSuffix(r.URL.Path, p) {
			return &http.Response{StatusCode: 200, Body: io.NopCloser(strings.NewReader(body)), Header: http.Header{}}, nil
		}
	}
	return nil, errors.New("no such path")
}

func TestARefundIsNotAnsweredWhenItsCaseCannotBeRead(t *testing.T) {
	a := &answering{status: 200, body: `{"data":"ng","error":{"code":708,"msg":"没有权限访问该接口"}}`}
	s := shopAnswering(t, a)
	_, err := s.RefundApprove(t.Context(), channel.Act{Order: orderRef("1"), Case: "9"})
	if !fault.Is(err, fault.Forbidden) || !strings.Contains(fault.WordsOf(err), "own app") || !strings.HasSuffix(a.got.URL.Path, "getOrderRefundDetail") {
		t.Errorf("%v, last call %s", err, a.got.URL.Path)
	}
}
