package meituan

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/tongdan/tongdan/internal/sim"
)

func TestAnOrdinaryOrderOnMeituanDelivery(t *testing.T) {
	m := open(t, nil)
	id := m.place(drinks)
	m.expect("order/paid")
	m.status(id, pushed)
	m.ok("GET", "order/confirm", "order_id", id)
	m.expect("order/confirmed", "delivery/status 0")
	for _, act := range []string{"rider_accept", "rider_arrive", "rider_collect", "rider_deliver"} {
		m.do(id, act, nil)
	}
	m.expect("delivery/status 10", "delivery/status 15", "delivery/status 20", "delivery/status 40")
	m.ok("GET", "order/preparationMealComplete", "order_id", id)
	m.clock.Advance(29 * time.Minute)
	m.status(id, confirmed)
	m.clock.Advance(time.Minute)
	m.status(id, completed)
	m.expect("order/completed")
	if n := m.order(id).Tally["order/confirm"]; n != (sim.Count{Calls: 1, Changes: 1}) {
		t.Errorf("tally %+v", n)
	}
}

func TestThePaidPushKeepsTheSums(t *testing.T) {
	m := open(t, func(c *Config) { c.Subscribed = AllFields })
	m.place(drinks)
	p := m.last(PushPaid)
	// 17 + 2×10 goods, 3 boxes, 4 delivery = 44; 5 off.
	for k, want := range map[string]string{"original_price": "44.0", "total": "39.0", "shipping_fee": "4.0", "status": "2", "day_seq": "1", "logistics_code": "1001", "incmp_modules": "[]"} {
		if p[k] != want {
			t.Errorf("%s = %q, want %q", k, p[k], want)
		}
	}
	if !strings.HasSuffix(p["extras"], ",{}]") {
		t.Errorf("extras must end with an empty object: %s", p["extras"])
	}
	var receive struct {
		Income int `json:"wmPoiReceiveCent"`
		Fee    int `json:"foodShareFeeChargeByPoi"`
	}
	if err := json.Unmarshal([]byte(p["poi_receive_detail"]), &receive); err != nil || receive.Fee != 312 || receive.Income != 4000-312-300 {
		t.Errorf("income %+v, %v", receive, err)
	}
	if !strings.Contains(p["recipient_address"], "@#") {
		t.Error("the address must carry the geocoded part when subscribed")
	}
}

func TestTheDocumentedExampleAddsUp(t *testing.T) {
	m := open(t, nil)
	id := m.place(`{"app_poi_code":"TEA001","total":32.5,"shipping_fee":4.0,"detail":"[{\"app_food_code\":\"F001\",\"food_name\":\"红烧牛肉面\",\"sku_id\":\"F001-L\",\"quantity\":1,\"price\":22.5,\"original_price\":25,\"box_num\":1,\"box_price\":1},{\"app_food_code\":\"F002\",\"food_name\":\"可乐\",\"sku_id\":\"F002\",\"quantity\":2,\"price\":5,\"original_price\":5}]",
		"extras":[{"mt_charge":2,"poi_charge":3,"reduce_fee":5,"type":2},{"mt_charge":0,"poi_charge":2.5,"reduce_fee":2.5,"type":17},{}]}`)
	o := m.order(id)
	income, fee := o.income()
	if o.Original != 4000 || o.Total != 3250 || income != 2790 || fee != 260 || o.refundPrice(o.Detail[1]) != 429 {
		t.Errorf("original %s total %s income %s fee %s refund price %s", o.Original, o.Total, income, fee, o.refundPrice(o.Detail[1]))
	}
	if _, err := m.sim.Place(json.RawMessage(`{"app_poi_code":"TEA001","total":1,"detail":[{"app_food_code":"T001"}]}`)); err == nil {
		t.Error("a total that does not add up must be refused")
	}
}

func TestFieldsThatAreNotSubscribedAreNotPushed(t *testing.T) {
	m := open(t, nil)
	id := m.place(`{"app_poi_code":"TEA001","more":{"brand_new":"a=b&c+d 中"}}`)
	p := m.last(PushPaid)
	for _, k := range []string{"day_seq", "logistics_code", "pick_type", "poi_receive_detail", "dinners_number"} {
		if _, ok := p[k]; ok {
			t.Errorf("%s is pushed without subscription", k)
		}
	}
	if strings.Contains(p["extras"], "poi_charge") || strings.Contains(p["detail"], "food_property") {
		t.Error("parts of extras and detail need a subscription, too")
	}
	if p["brand_new"] != "a=b&c+d 中" {
		t.Errorf("a further parameter arrives as %q", p["brand_new"])
	}
	var d map[string]any
	if err := json.Unmarshal(m.ok("GET", "order/getOrderDetail", "order_id", id), &d); err != nil || d["day_seq"] != 1.0 || d["logistics_code"] != "1001" {
		t.Errorf("getOrderDetail must have them: %v %v", d["day_seq"], d["logistics_code"])
	}
}

func TestAnOrderNotAcceptedInFiveMinutesIsCancelledAndTwoRestTheStore(t *testing.T) {
	m := open(t, nil)
	first := m.place(drinks)
	m.clock.Advance(299 * time.Second)
	m.status(first, pushed)
	m.clock.Advance(time.Second)
	m.status(first, cancelled)
	m.expect("order/paid", "order/cancelled 1001")
	if c := m.code("GET", "order/confirm", "order_id", first); c != 808 {
		t.Errorf("confirm after the cancel: %d, want 808", c)
	}
	m.place(drinks)
	m.clock.Advance(5 * time.Minute)
	m.expectSet("order/paid", "order/cancelled 1001", "store/status 120")
	if c := m.code("POST", "poi/open", "app_poi_code", "TEA001"); c != 809 {
		t.Errorf("poi/open: %d, want 809 while Meituan holds the store", c)
	}
	if err := m.sim.DoStore("TEA001", "release", ""); err != nil {
		t.Fatal(err)
	}
	m.ok("POST", "poi/close", "app_poi_code", "TEA001")
	m.ok("POST", "poi/open", "app_poi_code", "TEA001")
	m.expect("store/status 121", "store/status 120", "store/status 121")
	kinds := []string{}
	for _, p := range m.sim.Penalties() {
		kinds = append(kinds, p.Kind)
	}
	if fmt.Sprint(kinds) != "[late_accept late_accept late_twice suspended]" {
		t.Errorf("penalties %v", kinds)
	}
}

func TestAnAcceptedOrderBetweenBreaksTheRowOfLateOnes(t *testing.T) {
	m := open(t, nil)
	m.place(drinks)
	m.clock.Advance(5 * time.Minute)
	m.ok("GET", "order/confirm", "order_id", m.place(drinks))
	m.place(drinks)
	m.clock.Advance(5 * time.Minute)
	for _, p := range m.sim.Penalties() {
		if p.Kind == "suspended" {
			t.Error("late orders that do not follow each other must not rest the store")
		}
	}
}

func TestFiveFailedPushesInARowCancelTheOrder(t *testing.T) {
	m := open(t, nil)
	m.refuse[PushPaid] = -1
	id := m.place(drinks)
	m.clock.Advance(3*time.Minute + 59*time.Second)
	m.status(id, pushed)
	m.clock.Advance(time.Second)
	m.status(id, cancelled)
	m.expect("order/paid", "order/paid", "order/paid", "order/paid", "order/paid", "order/cancelled 1001")
	if o := m.order(id); o.PushFailed != 5 || o.CancelBy != bySystem {
		t.Errorf("%d failures, cancelled by %d", o.PushFailed, o.CancelBy)
	}
}

func TestAPushThatSucceedsLateIsNotRepeated(t *testing.T) {
	m := open(t, nil)
	m.refuse[PushPaid] = 2
	m.place(drinks)
	m.clock.Advance(2 * time.Minute)
	m.expect("order/paid", "order/paid", "order/paid")
	m.clock.Advance(2 * time.Minute)
	m.expect()
}

func TestManyFailedPushesRestTheStore(t *testing.T) {
	m := open(t, func(c *Config) { c.PushRetry = 10 })
	m.refuse[PushPaid] = -1
	for range 3 {
		m.place(drinks)
	}
	m.clock.Advance(time.Minute)
	if got := m.sim.Penalties(); len(got) < 2 || got[0].Kind != "push_failures" || got[1].Kind != "suspended" {
		t.Errorf("penalties %+v", got)
	}
}

func TestAnUnpaidOrderHasNoNumberAndDies(t *testing.T) {
	m := open(t, nil)
	paid, unpaid := m.place(`{"app_poi_code":"TEA001","status":1}`), m.place(`{"app_poi_code":"TEA001","status":1}`)
	m.expect()
	m.do(paid, "pay", nil)
	m.expect("order/paid")
	if o := m.order(unpaid); o.DaySeq != 0 || m.order(paid).DaySeq != 1 {
		t.Error("only paid orders have a number")
	}
	m.clock.Advance(15 * time.Minute)
	if o := m.order(unpaid); o.Status != cancelled || o.Reason != 1002 {
		t.Errorf("%d %d", o.Status, o.Reason)
	}
}

func TestConfirmTwice(t *testing.T) {
	for answer, want := range map[string]int{"808": 808, "ok": 0} {
		m := open(t, func(c *Config) { c.RepeatConfirm = answer })
		id := m.place(drinks)
		m.ok("GET", "order/confirm", "order_id", id)
		if c := m.code("GET", "order/confirm", "order_id", id); c != want {
			t.Errorf("second confirm: %d, want %d", c, want)
		}
		if n := m.order(id).Tally["order/confirm"]; n != (sim.Count{Calls: 2, Changes: 1}) {
			t.Errorf("tally %+v", n)
		}
		m.expect("order/paid", "order/confirmed", "delivery/status 0")
	}
}

func TestAcceptedInMeituansOwnApp(t *testing.T) {
	m := open(t, nil)
	id := m.place(drinks)
	m.do(id, "accept_in_app", nil)
	m.expect("order/paid", "order/confirmed", "delivery/status 0")
	if c := m.code("GET", "order/confirm", "order_id", id); c != 808 {
		t.Errorf("%d, want 808", c)
	}
}

func TestCancellations(t *testing.T) {
	m := open(t, nil)
	// By the merchant through the API: no push to the caller, the rider is recalled.
	id := m.place(drinks)
	m.ok("GET", "order/confirm", "order_id", id)
	m.pushes()
	m.ok("GET", "order/cancel", "order_id", id, "reason", "商品已售完", "reason_code", "2009")
	m.expect("delivery/status 100")
	if o := m.order(id); o.Status != cancelled || o.Reason != 2009 || o.CancelBy != byOpenAPI || len(o.Refunds) != 1 || o.Refunds[0].Money != o.Total {
		t.Errorf("%+v", o)
	}
	if c := m.code("GET", "order/cancel", "order_id", id, "reason", "x"); c != 808 {
		t.Errorf("second cancel %d", c)
	}
	// By the buyer before the merchant accepted.
	id = m.place(drinks)
	m.do(id, "buyer_cancel", nil)
	m.expect("order/paid", "order/cancelled 1102")
	if c := m.code("GET", "order/cancel", "order_id", id, "reason", "x"); c != 808 {
		t.Errorf("%d", c)
	}
	if p := m.sim.Penalties(); len(p) != 1 || p[0].Kind != "cancel_loop" {
		t.Errorf("cancelling back must be noted: %+v", p)
	}
	// After that the buyer has to ask for a refund.
	id = m.place(drinks)
	m.ok("GET", "order/confirm", "order_id", id)
	if err := m.sim.Do(id, "buyer_cancel", nil); err == nil {
		t.Error("a buyer cannot cancel an accepted order")
	}
	m.do(id, "service_cancel", map[string]any{"reason_code": 1203})
	if p := m.last(PushCancelled); p["reason_code"] != "1203" || p["deal_op_type"] != "3" {
		t.Errorf("%v", p)
	}
	id = m.place(drinks)
	m.ok("GET", "order/confirm", "order_id", id)
	m.do(id, "complete", nil)
	if c := m.code("GET", "order/cancel", "order_id", id, "reason", "x"); c != 1022 {
		t.Errorf("cancel after completion: %d, want 1022", c)
	}
}

func TestOwnDelivery(t *testing.T) {
	m := open(t, func(c *Config) { c.ShowDelivering = true })
	id := m.place(`{"app_poi_code":"TEA002"}`)
	m.ok("GET", "order/confirm", "order_id", id)
	m.expect("order/paid", "order/confirmed")
	if c := m.code("GET", "order/logistics/push", "order_id", id); c != 1005 {
		t.Errorf("%d, want 1005", c)
	}
	if c := m.code("GET", "order/logistics/status", "order_id", id); c != 1013 {
		t.Errorf("%d, want 1013", c)
	}
	m.ok("GET", "order/delivering", "order_id", id, "courier_name", "小周", "courier_phone", "10000000001")
	m.ok("GET", "order/delivering", "order_id", id, "courier_name", "小周", "courier_phone", "10000000001")
	if got := string(m.ok("GET", "order/viewstatus", "order_id", id)); got != `{"status":6}` {
		t.Error(got)
	}
	m.ok("GET", "order/arrived", "order_id", id)
	if n := m.order(id).Tally["order/delivering"]; n != (sim.Count{Calls: 2, Changes: 1}) {
		t.Errorf("%+v", n)
	}
	m.clock.Advance(30 * time.Minute)
	m.status(id, completed)
	id = m.place(drinks)
	m.ok("GET", "order/confirm", "order_id", id)
	if c := m.code("GET", "order/delivering", "order_id", id); c != 1006 {
		t.Errorf("own delivery at a store on Meituan delivery: %d, want 1006", c)
	}
}

func TestARiderWhoGivesUpIsReplaced(t *testing.T) {
	m := open(t, nil)
	id := m.place(drinks)
	m.ok("GET", "order/confirm", "order_id", id)
	m.do(id, "rider_accept", map[string]string{"name": "甲"})
	if err := m.sim.Do(id, "rider_deliver", nil); err == nil {
		t.Error("a rider cannot deliver what was not collected")
	}
	if c := m.code("GET", "order/logistics/push", "order_id", id); c != 808 {
		t.Errorf("dispatch while a rider has it: %d", c)
	}
	m.do(id, "rider_cancel", nil)
	m.pushes()
	m.ok("GET", "order/logistics/push", "order_id", id)
	m.do(id, "rider_accept", map[string]string{"name": "乙"})
	m.expect("delivery/status 0", "delivery/status 10")
	var d struct {
		Status int    `json:"logistics_status"`
		Name   string `json:"dispatcher_name"`
	}
	json.Unmarshal(m.ok("GET", "order/logistics/status", "order_id", id), &d)
	if d.Status != 10 || d.Name != "乙" {
		t.Errorf("%+v", d)
	}
	m.do(id, "rider_collect", nil)
	if c := m.code("GET", "order/logistics/cancel", "order_id", id); c != 1014 {
		t.Errorf("recall after collection: %d, want 1014", c)
	}
}

func TestACrowdRiderCostsWhatWasQuoted(t *testing.T) {
	m := open(t, nil)
	id := m.place(`{"app_poi_code":"TEA001","logistics_code":"1003"}`)
	m.ok("GET", "order/confirm", "order_id", id)
	m.expect("order/paid", "order/confirmed")
	quote := func() string {
		var q []struct {
			Fee json.Number `json:"shipping_fee"`
		}
		if err := json.Unmarshal(m.ok("GET", "order/zhongbao/shippingFee", "order_ids", id), &q); err != nil || len(q) != 1 {
			t.Fatal(q, err)
		}
		return q[0].Fee.String()
	}
	old := quote()
	for quote() == old {
		m.clock.Advance(10 * time.Minute)
	}
	if c := m.code("GET", "order/zhongbao/dispatch", "order_id", id, "shipping_fee", old, "tip_amount", "0"); c != 808 {
		t.Errorf("an old quote: %d, want 808", c)
	}
	m.ok("GET", "order/zhongbao/dispatch", "order_id", id, "shipping_fee", quote(), "tip_amount", "0")
	m.ok("GET", "order/zhongbao/update/tip", "order_id", id, "tip_amount", "2")
	m.ok("GET", "order/zhongbao/update/tip", "order_id", id, "tip_amount", "2")
	if o := m.order(id); o.Delivery.Tip != 200 || o.Tally["order/zhongbao/update/tip"].Changes != 1 {
		t.Errorf("%+v %+v", o.Delivery, o.Tally)
	}
}

func TestDayNumbers(t *testing.T) {
	m := open(t, nil)
	a, b := m.place(`{"app_poi_code":"TEA001"}`), m.place(`{"app_poi_code":"TEA001"}`)
	m.place(`{"app_poi_code":"TEA002"}`)
	if got := string(m.ok("GET", "order/getOrderDaySeq", "app_poi_code", "TEA001")); got != `{"day_seq":"2","result":"ok"}` {
		t.Error(got)
	}
	for seq, id := range map[string]string{"1": a, "2": b} {
		if got := string(m.ok("GET", "order/getOrderIdByDaySeq", "app_poi_code", "TEA001", "date_time", "20260301", "day_seq", seq)); !strings.Contains(got, id) {
			t.Error(got)
		}
	}
	if c := m.code("GET", "order/getOrderIdByDaySeq", "app_poi_code", "TEA001", "date_time", "20260301", "day_seq", "3"); c != 806 {
		t.Errorf("%d", c)
	}
	if c := m.code("GET", "order/getOrderIdByDaySeq", "app_poi_code", "TEA001", "date_time", "20251201", "day_seq", "1"); c != 705 {
		t.Errorf("more than 30 days back: %d", c)
	}
	m.clock.Advance(12*time.Hour - time.Second) // one second before midnight in China
	m.place(`{"app_poi_code":"TEA001"}`)
	m.clock.Advance(time.Second)
	m.place(`{"app_poi_code":"TEA001"}`)
	if got := string(m.ok("GET", "order/getOrderDaySeq", "app_poi_code", "TEA001")); got != `{"day_seq":"1","result":"ok"}` {
		t.Errorf("a new day begins at midnight in China: %s", got)
	}
}

func TestReminders(t *testing.T) {
	m := open(t, nil)
	id := m.place(drinks)
	m.do(id, "remind", nil)
	remind := m.last(PushReminder)["remind_id"]
	args := []string{"order_id", id, "remind_id", remind, "reply_id", "1", "reply_content", "已在制作"}
	m.ok("POST", "order/remindReply", args...)
	if c := m.code("POST", "order/remindReply", args...); c != 808 {
		t.Errorf("%d", c)
	}
	if r := m.order(id).Reminders[0]; r.Reply != "已在制作" {
		t.Errorf("%+v", r)
	}
}

func TestPrivacyDowngrade(t *testing.T) {
	m := open(t, nil)
	id := m.place(drinks)
	m.pushes()
	pull := func() string {
		return string(m.ok("POST", "order/batchPullPhoneNumber", "app_poi_code", "", "offset", "0", "limit", "1000"))
	}
	if got := pull(); got != "[]" {
		t.Error(got)
	}
	if err := m.sim.Downgrade(); err != nil {
		t.Fatal(err)
	}
	m.expect("privacy/downgrade")
	if got := pull(); !strings.Contains(got, m.order(id).RealPhone) || !strings.Contains(got, `"order_id":`+id) {
		t.Error(got)
	}
}

func TestTheGateway(t *testing.T) {
	m := open(t, nil)
	id := m.place(drinks)
	raw := func(method, path, query, body string) (int, reply) {
		req, _ := http.NewRequest(method, m.api.URL+"/api/v1/"+path+"?"+query, strings.NewReader(body))
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		var r reply
		json.NewDecoder(resp.Body).Decode(&r)
		return resp.StatusCode, r
	}
	now := fmt.Sprint(m.clock.Now().Unix())
	signed := func(path string, f ...field) []field {
		return append(f, field{"sig", sign(m.api.URL+"/api/v1/"+path, f, testSecret)})
	}
	good := signed("order/viewstatus", field{"app_id", testApp}, field{"timestamp", now}, field{"order_id", id})
	for _, c := range []struct {
		name, query, body string
		want              int
	}{
		{"all in the query", wire(good, false), "", 0},
		{"all in the body", "", wire(good, false), 0},
		{"split as the official SDK does", wire([]field{good[0], good[1], good[3]}, false), wire(good[2:3], false), 0},
		{"a wrong signature", wire(good[:3], false) + "&sig=" + strings.ToUpper(good[3].V), "", 703},
		{"a parameter twice", wire(good, false), "order_id=" + id, 703},
		{"no signature", wire(good[:3], false), "", 701},
		{"another app", strings.Replace(wire(good, false), "app_id="+testApp, "app_id=1", 1), "", 702},
		{"broken encoding", "app_id=%zz", "", 705},
		{"an unsigned further parameter", wire(good, false) + "&x=", "", 703},
		{"a timestamp of yesterday", wire(signed("order/viewstatus", field{"app_id", testApp}, field{"timestamp", fmt.Sprint(m.clock.Now().Unix() - 86400)}, field{"order_id", id}), false), "", 703},
		{"an unknown order", wire(signed("order/viewstatus", field{"app_id", testApp}, field{"timestamp", now}, field{"order_id", "1"}), false), "", 806},
		{"no order", wire(signed("order/viewstatus", field{"app_id", testApp}, field{"timestamp", now}), false), "", 701},
	} {
		if status, r := raw("POST", "order/viewstatus", c.query, c.body); status != 200 || r.Error.Code != c.want {
			t.Errorf("%s: HTTP %d, code %d %s, want %d", c.name, status, r.Error.Code, r.Error.Msg, c.want)
		}
	}
	if status, _ := raw("GET", "no/such/path", "", ""); status != 404 {
		t.Errorf("unknown path: %d", status)
	}
	if err := m.sim.Configure(json.RawMessage(`{"strict_methods":true,"clock_skew":0}`)); err != nil {
		t.Fatal(err)
	}
	if status, _ := raw("POST", "order/viewstatus", wire(good, false), ""); status != 405 {
		t.Errorf("strict methods: HTTP %d", status)
	}
	if status, _ := raw("GET", "order/viewstatus", wire(good, false), ""); status != 200 {
		t.Errorf("HTTP %d", status)
	}
	for _, call := range m.sim.Calls().List("", 0) {
		if call.Params["sig"] != "" {
			t.Error("the call book must not keep signatures")
		}
	}
}

func TestFlowControl(t *testing.T) {
	m := open(t, func(c *Config) { c.RatePerSecond, c.Burst = 1, 2 })
	id := m.place(drinks)
	got := []int{}
	for range 3 {
		got = append(got, m.code("GET", "order/viewstatus", "order_id", id))
	}
	m.clock.Advance(time.Second)
	got = append(got, m.code("GET", "order/viewstatus", "order_id", id))
	if fmt.Sprint(got) != "[0 0 711 0]" {
		t.Errorf("%v", got)
	}
}

func TestFaultsOfCallsAndPushes(t *testing.T) {
	m := open(t, nil)
	id := m.place(drinks)
	m.pushes()
	m.sim.Faults().Next(sim.Err429, 1)
	if c := m.code("GET", "order/confirm", "order_id", id); c != 711 {
		t.Errorf("%d, want 711", c)
	}
	m.sim.Faults().Next(sim.DropBeforeCommit, 1)
	if _, err := m.call("POST", "order/confirm", "order_id", id); err == nil {
		t.Error("the connection must be dropped")
	}
	m.status(id, pushed)
	m.sim.Faults().Next(sim.DropAfterCommit, 1, "order/confirm")
	if _, err := m.call("POST", "order/confirm", "order_id", id); err == nil {
		t.Error("the connection must be dropped")
	}
	m.status(id, confirmed)
	if n := m.order(id).Tally["order/confirm"]; n != (sim.Count{Calls: 1, Changes: 1}) {
		t.Errorf("%+v", n)
	}
	m.pushes()
	m.sim.Faults().Next(sim.PushForged, 1)
	m.sim.Faults().Next(sim.PushDoubled, 1)
	m.do(id, "rider_accept", nil)
	m.expect("delivery/status 10 INVALID", "delivery/status 10", "delivery/status 10")
	m.sim.Faults().Next(sim.PushReordered, 1)
	m.do(id, "rider_arrive", nil)
	m.do(id, "rider_collect", nil)
	m.expect("delivery/status 20", "delivery/status 15")
}

func TestEncodingAndMethodPerMessageType(t *testing.T) {
	m := open(t, func(c *Config) {
		c.Encoding = map[string]string{PushCancelled: "single"}
		c.Method = map[string]string{PushCancelled: "GET"}
		c.Callbacks = map[string]string{PushPaid: "-"}
	})
	m.single = true
	id := m.place(drinks)
	m.do(id, "buyer_cancel", map[string]string{"reason": "100% 不要了+1"})
	if p := m.last(PushCancelled); p["reason"] != "100% 不要了+1" {
		t.Errorf("%v", p)
	}
	if len(m.got) != 1 || m.got[0].method != "GET" || !m.got[0].valid {
		t.Errorf("%+v", m.got)
	}
}

func TestLivenessProbesAreEmptyAndEveryMinute(t *testing.T) {
	m := open(t, func(c *Config) { c.Probe = true })
	m.clock.Advance(2 * time.Minute)
	if len(m.got) != 8 {
		t.Fatalf("%d probes in two minutes, want 8", len(m.got))
	}
	for _, g := range m.got {
		if len(g.params) != 0 {
			t.Errorf("a probe has parameters: %v", g.params)
		}
	}
	if p := m.sim.Probes(); len(p) != 8 || p[7].Status != 200 {
		t.Errorf("%+v", p)
	}
}

func TestAStoreThatIsNotPolledRestsInPullMode(t *testing.T) {
	m := open(t, func(c *Config) { c.PullMode = true })
	m.ok("GET", "poi/getids")
	m.clock.Advance(4 * time.Minute)
	if len(m.sim.Penalties()) != 0 {
		t.Error("too early")
	}
	m.clock.Advance(2 * time.Minute)
	if p := m.sim.Penalties(); len(p) != 4 || p[0].Kind != "no_pull" {
		t.Errorf("%+v", p)
	}
}

func TestIncompleteOrders(t *testing.T) {
	m := open(t, nil)
	id := m.place(drinks)
	m.do(id, "degrade", map[string]any{"modules": []int{0, 6}, "minutes": 5})
	read := func() (d struct {
		Code    int    `json:"incmp_code"`
		Modules []int  `json:"incmp_modules"`
		Detail  string `json:"detail"`
	}) {
		json.Unmarshal(m.ok("GET", "order/getOrderDetail", "order_id", id), &d)
		return d
	}
	if d := read(); d.Code != -1 || d.Detail != "" || len(d.Modules) != 2 {
		t.Errorf("%+v", d)
	}
	m.ok("GET", "order/confirm", "order_id", id)
	m.clock.Advance(5 * time.Minute)
	if d := read(); d.Code != 0 || d.Detail == "" {
		t.Errorf("%+v", d)
	}
}

func TestMultipartFormsAreVerifiedWithoutTheImage(t *testing.T) {
	m := open(t, nil)
	base := m.api.URL + "/api/v1/image/upload"
	fields := []field{{"app_id", testApp}, {"timestamp", fmt.Sprint(m.clock.Now().Unix())}, {"app_poi_code", "TEA001"}, {"img_name", "a.jpg"}}
	var body bytes.Buffer
	body.WriteString("--b\r\nContent-Disposition: form-data; name=\"app_poi_code\"\r\n\r\nTEA001\r\n--b\r\nContent-Disposition: form-data; name=\"img_name\"\r\n\r\na.jpg\r\n" +
		"--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.jpg\"\r\n\r\n\xff\xd8\r\n--b--\r\n")
	query := url.Values{"app_id": {testApp}, "timestamp": {fields[1].V}, "sig": {sign(base, fields, testSecret)}}
	resp, err := http.Post(base+"?"+query.Encode(), "multipart/form-data; boundary=b", &body)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var r struct {
		Data string `json:"data"`
	}
	if json.NewDecoder(resp.Body).Decode(&r); len(r.Data) != 32 {
		t.Errorf("image id %q", r.Data)
	}
}
