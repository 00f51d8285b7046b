package meituan

import (
	"encoding/json"
	"strconv"
	"testing"
	"time"
)

// A merchant appeals once against a refund that was decided without it, with a reason and at most five pictures; the
// platform's row then says that there is nothing more to appeal against.
func TestAMerchantAppealsOnce(t *testing.T) {
	p := openPartner(t, nil)
	do := func(id, act string, args any) {
		t.Helper()
		if err := p.s.Do(id, act, args); err != nil {
			t.Fatal(err)
		}
	}
	id, err := p.s.Place(json.RawMessage(`{"app_poi_code":"TEA001"}`))
	if err != nil {
		t.Fatal(err)
	}
	do(id, "accept_in_app", nil)
	do(id, "ask_refund", map[string]any{"reason": "少送"})
	row := func() (refund string, can int) {
		t.Helper()
		var got struct {
			Cases []struct {
				ID  int64 `json:"refund_id"`
				Can int   `json:"poi_can_appeal"`
				Res int   `json:"res_type"`
			} `json:"OrderRefundInfo"`
		}
		if code := p.call("/waimai/ng/order/getBatchOrderRefundInfo", `{"orderIds":["`+id+`"]}`, &got); code != "OP_SUCCESS" || len(got.Cases) != 1 {
			t.Fatalf("%s %+v", code, got)
		}
		return strconv.FormatInt(got.Cases[0].ID, 10), got.Cases[0].Can
	}
	refund, can := row()
	var word string
	appeal := func(rest string) string {
		t.Helper()
		return p.call("/waimai/ng/order/refund/issue/appeal", `{"orderId":`+id+`,"afterSaleId":`+refund+rest+`}`, &word)
	}
	if code := appeal(`,"reason":"餐已送出"`); can != 0 || code != "808" {
		t.Errorf("while it waits for the merchant: %d, %s", can, code)
	}
	p.clock.Advance(31 * time.Minute)
	if _, can = row(); can != 1 {
		t.Fatalf("once the platform has agreed by itself: %d", can)
	}
	for what, x := range map[string]struct{ rest, code string }{
		"no reason":    {``, "701"},
		"six pictures": {`,"reason":"餐已送出","appealPictures":"1,2,3,4,5,6"`, "705"},
	} {
		if code := appeal(x.rest); code != x.code {
			t.Errorf("%s: %s, want %s", what, code, x.code)
		}
	}
	if code := p.call("/waimai/ng/order/refund/issue/appeal", `{"orderId":`+id+`,"afterSaleId":1,"reason":"餐已送出"}`, &word); code != "808" {
		t.Errorf("of another case: %s", code)
	}
	if code := appeal(`,"reason":"餐已送出","appealPictures":"http://a.example.com/1.jpg,http://a.example.com/2.jpg"`); code != "OP_SUCCESS" {
		t.Fatalf("an appeal: %s", code)
	}
	if _, can = row(); can != 0 {
		t.Errorf("once it was made: %d", can)
	}
	if code := appeal(`,"reason":"再来一次"`); code != "808" {
		t.Errorf("a second one: %s", code)
	}
	do(id, "rule_merchant_appeal", map[string]any{"agree": true})
	o, err := p.s.Order(id)
	if err != nil {
		t.Fatal(err)
	}
	if m := o.Refunds[0].Merchant; m == nil || m.Reason != "餐已送出" || len(m.Pictures) != 2 || !m.Upheld || m.RuledAt == 0 {
		t.Errorf("%+v", m)
	}
	if err := p.s.Do(id, "rule_merchant_appeal", map[string]any{"agree": true}); err == nil {
		t.Error("it was ruled on twice")
	}
}
