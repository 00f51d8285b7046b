package meituan

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"github.com/tongdan/tongdan/internal/sim"
)

// partnerShop is a vendor with one bound store.
type partnerShop struct {
	t     *testing.T
	s     *Sim
	clock *sim.Clock
	url   string
}

func openPartner(t *testing.T, configure func(*Config)) *partnerShop {
	t.Helper()
	p := &partnerShop{t: t, clock: sim.NewClock(noon, 0)}
	var err error
	p.s, err = New(Options{App: testApp, Secret: testSecret, Seed: 1, Clock: p.clock, Configure: configure, Stores: []Store{{Code: "TEA001", Logistics: "1003", Token: "token_xyz", EPoiID: "S001"}},
		Partner: PartnerOptions{Developer: "100001", SignKey: "signkey_demo_0001"}})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(p.s.Partner().API())
	t.Cleanup(func() { server.Close(); p.s.Close() })
	p.url = server.URL
	return p
}

// call asks one path, reads the answer's data into into and returns the answer's code.
func (p *partnerShop) call(path, biz string, into any) string {
	p.t.Helper()
	params := []field{{"developerId", "100001"}, {"businessId", "2"}, {"timestamp", strconv.FormatInt(p.clock.Now().Unix(), 10)}, {"charset", "UTF-8"}, {"version", "2"},
		{"appAuthToken", "token_xyz"}, {"biz", biz}}
	form := url.Values{"sign": {partnerSign("signkey_demo_0001", params)}}
	for _, f := range params {
		form.Set(f.K, f.V)
	}
	resp, err := http.PostForm(p.url+path, form)
	if err != nil {
		p.t.Fatal(err)
	}
	defer resp.Body.Close()
	answer := struct {
		Code string
		Data any
	}{Data: into}
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil {
		p.t.Errorf("%s: %v", path, err)
	}
	return answer.Code
}

func TestPartnerSignatureVectors(t *testing.T) {
	for _, v := range []struct {
		name   string
		params []field
		sign   string
	}{
		{"N1 a call", []field{{"developerId", "100001"}, {"businessId", "2"}, {"timestamp", "1700000000"}, {"charset", "UTF-8"}, {"version", "2"}, {"appAuthToken", "token_xyz"},
			{"biz", `{"orderId":27058820000000011}`}}, "d8af55819dc0e8b3fa2168bc1d50fb3e2213145d"},
		{"W3 no token, as Meituan's kit for Go signs it", []field{{"developerId", "100001"}, {"businessId", "2"}, {"timestamp", "1700000005"}, {"charset", "UTF-8"}, {"version", "2"},
			{"appAuthToken", ""}, {"biz", `{"degradOffset":0,"developerId":100001,"degradLimit":"10"}`}}, "3407569d56fb8a3eb16ad26bcddbe7a24c4a6fc5"},
		{"W4 a message, as Meituan's kit for Go signs it", []field{{"developerId", "100001"}, {"ePoiId", "S001"},
			{"shippingStatus", `{"orderId":27058820000000011,"shippingStatus":20,"time":1700001800,"dispatcherName":"李四 & 1+1=100%","dispatcherMobile":""}`}}, "97f7d6e0ee53376801defc2d1819aa95dbb0062c"},
	} {
		if got := partnerSign("signkey_demo_0001", v.params); got != v.sign {
			t.Errorf("%s: %s, want %s", v.name, got, v.sign)
		}
	}
}

// The types below are those that Meituan's kit for Go declares (2025); it refuses an answer of others.
func TestPartnerAnswersHaveTheTypesOfMeituansKit(t *testing.T) {
	p := openPartner(t, nil)
	id, err := p.s.Place(json.RawMessage(`{"app_poi_code":"TEA001"}`))
	if err != nil {
		t.Fatal(err)
	}
	ask := `{"orderId":` + id + `}`
	ok := func(path, biz string, into any) {
		t.Helper()
		if code := p.call(path, biz, into); code != "OP_SUCCESS" {
			t.Errorf("%s answers %s", path, code)
		}
	}
	var word string
	ok("/waimai/order/confirm", ask, &word)

	type order struct {
		ID      int64   `json:"orderId"`
		IsPre   *int64  `json:"isPre"`
		Total   float64 `json:"total"`
		Detail  string  `json:"detail"`
		Created int64   `json:"cTime"`
		Income  int64   `json:"wmPoiReceiveCent"`
	}
	var byID struct {
		order
		Seq int32 `json:"daySeq"`
	}
	var bySeq struct {
		order
		Seq string `json:"daySeq"`
	}
	ok("/waimai/order/queryById", ask, &byID)
	ok("/waimai/order/queryByDaySeq", `{"daySeq":1,"date":"20260301"}`, &bySeq)
	if byID.Seq != 1 || bySeq.Seq != "1" || byID.IsPre == nil || byID.Created == 0 || bySeq.ID != byID.ID {
		t.Errorf("%+v, %+v", byID, bySeq)
	}

	var fees []struct{ OrderID, OrderViewID, ShippingFee, ShippingTip *string }
	ok("/waimai/order/queryZbShippingFee", `{"orderIds":"`+id+`"}`, &fees)
	if len(fees) != 1 || *fees[0].OrderID != id || *fees[0].ShippingFee == "" {
		t.Errorf("%+v", fees)
	}
	ok("/waimai/order/zbDispatch", `{"orderId":"`+id+`","shippingFee":`+*fees[0].ShippingFee+`,"tipAmount":1}`, &word)
	var why struct {
		Code       string
		ReasonList []struct {
			Code          int
			PreCancelCode string
		}
	}
	ok("/waimai/order/queryZbCancelDeliveryReason", `{"orderId":"`+id+`"}`, &why)
	if len(why.ReasonList) == 0 || why.ReasonList[0].Code == 0 {
		t.Errorf("%+v", why)
	}

	var dishes []struct {
		Code      string                          `json:"eDishCode"`
		BoxNum    float64                         `json:"boxNum"`
		IsSoldOut int32                           `json:"isSoldOut"`
		SKUs      []struct{ Price, Stock string } `json:"skus"`
	}
	ok("/waimai/dish/queryListByEPoiId", `{"offset":0,"limit":2}`, &dishes)
	if len(dishes) != 2 || dishes[0].SKUs[0].Price == "" {
		t.Errorf("%+v", dishes)
	}
	var cats []struct {
		EPoiID, Name string
		Sequence     int
	}
	ok("/waimai/dish/queryCatList", `{}`, &cats)
	if len(cats) == 0 || cats[0].EPoiID != "S001" {
		t.Errorf("%+v", cats)
	}
	var stores []struct {
		Latitude, Longitude string
		ShippingFee         float64
	}
	ok("/waimai/poi/queryPoiInfo", `{"ePoiIds":"S001"}`, &stores)
	if len(stores) != 1 || !strings.Contains(stores[0].Latitude, ".") {
		t.Errorf("%+v", stores)
	}

	const area = `[{\"x\":30256100,\"y\":120163200},{\"x\":30266100,\"y\":120163200},{\"x\":30266100,\"y\":120173200}]`
	ok("/waimai/ng/shipping/save", `{"app_shipping_code":"A1","type":"1","area":"`+area+`","min_price":20,"shipping_fee":3}`, &word)
	var areas []struct {
		Type     string
		MinPrice float64 `json:"min_price"`
	}
	ok("/waimai/ng/shipping/list", `{}`, &areas)
	if len(areas) != 1 || areas[0].Type != "1" || areas[0].MinPrice != 20 {
		t.Errorf("%+v", areas)
	}
	ok("/waimai/dish/batchUpload", `{"ePoiId":"S001","dishes":"[{\"eDishCode\":\"X1\",\"dishName\":\"测评茶\",\"categoryName\":\"纯茶\",\"price\":10,\"unit\":\"杯\",\"minOrderCount\":1,\"skus\":[{\"skuId\":\"X1-L\",\"spec\":\"大杯\",\"price\":\"10\",\"stock\":\"5\"}]}]"}`, &word)
	ok("/waimai/ng/dish/food/updateAppFoodCodeByNameAndSpec", `{"name":"测评茶","categoryName":"纯茶","spec":"大杯","appFoodCode":"X2","skuId":"X2-L"}`, &word)
	ok("/waimai/ng/dish/food/updateAppFoodCodeByOrigin", `{"biz":"{\"app_food_code_origin\":\"X2\",\"app_food_code\":\"X3\"}"}`, &word)
	ok("/waimai/dish/delete", `{"eDishCode":"X3"}`, &word)

	if err := p.s.Do(id, "ask_refund", json.RawMessage(`{"reason":"少送"}`)); err != nil {
		t.Fatal(err)
	}
	var refunds struct {
		ID    int64 `json:"order_id"`
		Cases []struct {
			ID       int64  `json:"refund_id"`
			Type     string `json:"refund_type"`
			Pictures string `json:"pictures"`
		} `json:"OrderRefundInfo"`
	}
	ok("/waimai/ng/order/getBatchOrderRefundInfo", `{"orderIds":["`+id+`"]}`, &refunds)
	if refunds.ID != byID.ID || len(refunds.Cases) != 1 || refunds.Cases[0].Type != "2" || refunds.Cases[0].Pictures != "[]" {
		t.Errorf("%+v", refunds)
	}
}

// Some newer paths take biz in biz; both are read, in either spelling.
func TestAnOpenCallMayCarryBizInBiz(t *testing.T) {
	for _, form := range []string{`{"orderId":ID,"remindId":REMIND,"replyId":1,"replyContent":"已在制作"}`, `{"order_id":ID,"remind_id":"REMIND","reply_id":1,"reply_content":"已在制作"}`} {
		for _, nested := range []bool{false, true} {
			p := openPartner(t, nil)
			id, err := p.s.Place(json.RawMessage(`{"app_poi_code":"TEA001"}`))
			if err == nil {
				err = p.s.Do(id, "remind", nil)
			}
			if err != nil {
				t.Fatal(err)
			}
			o, err := p.s.Order(id)
			if err != nil {
				t.Fatal(err)
			}
			biz := strings.NewReplacer("ID", id, "REMIND", o.Reminders[0].ID).Replace(form)
			want := "OP_SUCCESS"
			if nested {
				biz = marshal(map[string]string{"biz": biz})
			} else if strings.Contains(form, "order_id") {
				want = "701"
			}
			var word string
			if code := p.call("/waimai/ng/order/remindReply", biz, &word); code != want {
				t.Errorf("%s answers %s, want %s", biz, code, want)
			}
		}
	}
}
