package meituan

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/tongdan/tongdan/internal/sim"
)

// accepted returns an accepted order whose pushes have been taken.
func (m *shop) acceptedOrder(native string) string {
	m.t.Helper()
	id := m.place(native)
	m.ok("GET", "order/confirm", "order_id", id)
	m.pushes()
	return id
}

func TestAFullRefundThatTheMerchantAgreesTo(t *testing.T) {
	for cancelPush, want := range map[string][]string{
		"none":   {"refund/full agree", "refund/result 3", "delivery/status 100"},
		"before": {"order/cancelled 1103", "delivery/status 100", "refund/full agree", "refund/result 3"},
		"after":  {"refund/full agree", "refund/result 3", "order/cancelled 1103", "delivery/status 100"},
	} {
		m := open(t, func(c *Config) { c.CancelPush = cancelPush })
		id := m.acceptedOrder(drinks)
		m.do(id, "ask_refund", map[string]string{"reason": "送达时间太长"})
		if p := m.last(PushRefund); p["notify_type"] != "apply" || p["res_type"] != "0" || p["is_appeal"] != "0" {
			t.Errorf("%v", p)
		}
		m.pushes()
		m.ok("GET", "order/refund/agree", "order_id", id, "reason", "同意")
		m.expect(want...)
		m.status(id, cancelled)
		if c := m.code("GET", "order/refund/agree", "order_id", id, "reason", "同意"); c != 808 {
			t.Errorf("second agree: %d, want 808", c)
		}
		if n := m.order(id).Tally["order/refund/agree"]; n != (sim.Count{Calls: 2, Changes: 1}) {
			t.Errorf("%+v", n)
		}
	}
}

func TestARefundNobodyAnswersIsAgreedAutomatically(t *testing.T) {
	for _, c := range []struct {
		store  string
		within time.Duration
	}{{`{"app_poi_code":"TEA001"}`, 30 * time.Minute}, {`{"app_poi_code":"BIG"}`, 3 * time.Hour}} {
		m := open(t, nil)
		if err := m.sim.AddStore(Store{Code: "BIG", BigChain: true, Logistics: "0000"}); err != nil {
			t.Fatal(err)
		}
		id := m.acceptedOrder(c.store)
		m.do(id, "ask_refund", nil)
		m.clock.Advance(c.within - time.Second)
		m.status(id, confirmed)
		m.clock.Advance(time.Second)
		m.status(id, cancelled)
		if p := m.last(PushRefund); p["notify_type"] != "agree" || p["res_type"] != "5" {
			t.Errorf("%v", p)
		}
	}
}

func TestARefusedRefundIsAppealedOnceAndServiceDecides(t *testing.T) {
	for agree, want := range map[bool]string{true: "4", false: "3"} {
		m := open(t, nil)
		id := m.acceptedOrder(drinks)
		m.do(id, "ask_refund", nil)
		m.ok("GET", "order/refund/reject", "order_id", id, "reason", "已送达")
		if p := m.last(PushRefund); p["notify_type"] != "reject" || p["res_type"] != "1" || p["reason"] != "已送达" {
			t.Errorf("%v", p)
		}
		m.clock.Advance(time.Hour)
		m.status(id, confirmed)
		m.do(id, "appeal", nil)
		if p := m.last(PushRefund); p["notify_type"] != "apply" || p["is_appeal"] != "1" {
			t.Errorf("%v", p)
		}
		for _, path := range []string{"order/refund/agree", "order/refund/reject"} {
			if c := m.code("GET", path, "order_id", id, "reason", "x"); c != 808 {
				t.Errorf("%s during an appeal: %d, want 808", path, c)
			}
		}
		m.clock.Advance(5 * time.Hour) // no deadline for customer service
		m.do(id, "rule_appeal", map[string]bool{"agree": agree})
		if p := m.last(PushRefund); p["res_type"] != want {
			t.Errorf("%v", p)
		}
		if !agree {
			m.status(id, confirmed)
			if err := m.sim.Do(id, "appeal", nil); err == nil {
				t.Error("there is no second appeal")
			}
		}
	}
}

func TestWithdrawnRefundsArePushed(t *testing.T) {
	m := open(t, nil)
	id := m.acceptedOrder(drinks)
	m.do(id, "ask_refund", nil)
	m.do(id, "withdraw_refund", nil)
	m.do(id, "ask_refund", nil)
	m.ok("GET", "order/refund/reject", "order_id", id, "reason", "不")
	m.do(id, "appeal", nil)
	m.do(id, "withdraw_refund", nil)
	m.expect("refund/full apply", "refund/full cancelRefund", "refund/full apply", "refund/full reject", "refund/full apply", "refund/full cancelRefundComplaint")
	m.clock.Advance(time.Hour)
	m.status(id, confirmed)
}

func TestAPartialRefundOfTheBuyer(t *testing.T) {
	m := open(t, nil)
	id := m.acceptedOrder(drinks)
	m.do(id, "ask_refund", map[string]any{"items": []wanted{{"T021", "T021", 1}}, "reason": "少送"})
	p := m.last(PushPartRefund)
	// 10 × (37−5)/37 = 8.65, and a box.
	if p["notify_type"] != "part" || p["money"] != "9.65" {
		t.Errorf("%v", p)
	}
	if err := m.sim.Do(id, "ask_refund", nil); err == nil {
		t.Error("there can be one open case only")
	}
	m.pushes()
	m.ok("GET", "order/refund/agree", "order_id", id, "reason", "同意")
	m.expect("refund/part agree", "refund/result 13")
	m.status(id, confirmed)
	var foods []RefundFood
	json.Unmarshal(m.ok("GET", "order/getPartRefundFoods", "order_id", id), &foods)
	if len(foods) != 2 || foods[1].Count != 1 || foods[1].Refund != 865 {
		t.Errorf("%+v", foods)
	}
}

func TestThePartialRefundOfTheMerchantIsAdditive(t *testing.T) {
	m := open(t, func(c *Config) { c.PartPush = "both" })
	id := m.acceptedOrder(drinks)
	args := []string{"order_id", id, "reason", "缺货", "food_data", `[{"app_food_code":"T021","sku_id":"T021","count":1}]`}
	m.ok("POST", "order/applyPartRefund", args...)
	m.expect("refund/part part", "refund/part agree", "refund/result 13")
	m.ok("POST", "order/applyPartRefund", args...)
	if c := m.code("POST", "order/applyPartRefund", args...); c != 808 {
		t.Errorf("more pieces than are left: %d, want 808", c)
	}
	if n := m.order(id).Tally["order/applyPartRefund"]; n != (sim.Count{Calls: 3, Changes: 2}) {
		t.Errorf("%+v", n)
	}
	var cases []refundDetail
	if err := json.Unmarshal(m.ok("GET", "ecommerce/order/getOrderRefundDetail", "wm_order_id_view", id, "refund_type", "2"), &cases); err != nil || len(cases) != 2 || cases[0].ApplyType != 7 || cases[0].ID == cases[1].ID {
		t.Errorf("%+v %v", cases, err)
	}
	m.do(id, "ask_refund", nil)
	if r := m.order(id).lastCase(); r.Money != m.order(id).Total-965*2 {
		t.Errorf("the rest is %s", r.Money)
	}
}

func TestARefundAfterCompletion(t *testing.T) {
	for ends, want := range map[bool]int{true: cancelled, false: completed} {
		m := open(t, func(c *Config) { c.RefundEndsCompleted = ends })
		id := m.acceptedOrder(drinks)
		m.do(id, "complete", nil)
		m.do(id, "ask_refund", nil)
		m.ok("GET", "order/refund/agree", "order_id", id, "reason", "同意")
		m.status(id, want)
	}
}

func TestRefundsNeverExceedWhatWasPaid(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, err := New(Options{App: "1", Secret: "s", Clock: sim.NewClock(noon, 0)})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		var lines Lines
		for i := range rapid.IntRange(1, 4).Draw(t, "lines") {
			price := fen(rapid.IntRange(0, 5000).Draw(t, "price"))
			lines = append(lines, Line{FoodCode: fmt.Sprint(i), FoodName: "x", Quantity: rapid.IntRange(1, 4).Draw(t, "quantity"), Price: price,
				Original: price + fen(rapid.IntRange(0, 500).Draw(t, "off")), BoxNum: rapid.IntRange(0, 3).Draw(t, "boxes"), BoxPrice: fen(rapid.IntRange(0, 200).Draw(t, "box"))})
		}
		o := &Order{Native: Native{Detail: lines, ShippingFee: new(fen(rapid.IntRange(0, 900).Draw(t, "fee"))), Logistics: new("0000")}}
		if o.price() != nil {
			return
		}
		off := fen(rapid.IntRange(0, int(o.Total)).Draw(t, "discount"))
		o.Extras = append(o.Extras, Extra{Reduce: off, ByPoi: off, Type: 2})
		if err := o.price(); err != nil {
			t.Fatal(err)
		}
		for {
			left := o.refundable()
			if len(left) == 0 {
				break
			}
			f := left[rapid.IntRange(0, len(left)-1).Draw(t, "which")]
			foods, money, err := o.pick([]wanted{{f.FoodCode, f.SKU, rapid.IntRange(1, f.Count).Draw(t, "count")}})
			if err != nil {
				t.Fatal(err)
			}
			o.take(foods)
			o.Refunds = append(o.Refunds, &Refund{State: caseAgreed, Money: money})
			if o.refunded() > o.Total || money < 0 {
				t.Fatalf("refunded %s of %s", o.refunded(), o.Total)
			}
		}
	})
}
