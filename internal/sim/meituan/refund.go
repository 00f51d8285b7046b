package meituan

import (
	"encoding/json"
	"fmt"
	"strconv"
)

// States of a refund case.
const (
	caseOpen      = "open"      // waits for the merchant, or for customer service when appealed
	caseAgreed    = "agreed"    //
	caseRejected  = "rejected"  // the buyer may appeal once
	caseWithdrawn = "withdrawn" //
)

// Refund is one refund case.
type Refund struct {
	ID        string       `json:"refund_id"`
	Type      int          `json:"refund_type"` // 1 full, 2 partial
	State     string       `json:"state"`
	ResType   int          `json:"res_type"`
	Appeal    bool         `json:"is_appeal"`
	Appealed  bool         `json:"appealed"` // ever: there is no second appeal
	Reason    string       `json:"apply_reason"`
	ResReason string       `json:"res_reason"`
	Money     fen          `json:"money"`
	Foods     []RefundFood `json:"food,omitempty"`
	Pictures  []string     `json:"pictures,omitempty"`
	ApplyType int          `json:"apply_type"`
	ApplyOp   int          `json:"apply_op_user_type"`
	Created   int64        `json:"ctime"`
	Updated   int64        `json:"utime"`
	Deadline  int64        `json:"deadline,omitempty"` // the platform agrees by itself then
	Merchant  *Appeal      `json:"merchant_appeal,omitempty"`
}

// RefundFood is one line of a partial refund.
type RefundFood struct {
	FoodCode string `json:"app_food_code"`
	FoodName string `json:"food_name"`
	SKU      string `json:"sku_id"`
	UPC      string `json:"upc,omitempty"`
	Spec     string `json:"spec"`
	Price    fen    `json:"food_price"`
	Count    int    `json:"count"`
	BoxNum   int    `json:"box_num"`
	BoxPrice fen    `json:"box_price"`
	Original fen    `json:"origin_food_price"`
	Refund   fen    `json:"refund_price"`
}

// openCase is the case that waits for somebody, nil when there is none. There is at most one.
func (o *Order) openCase() *Refund {
	for _, r := range o.Refunds {
		if r.State == caseOpen {
			return r
		}
	}
	return nil
}

func (o *Order) lastCase() *Refund {
	if len(o.Refunds) == 0 {
		return nil
	}
	return o.Refunds[len(o.Refunds)-1]
}

// refundable lists the pieces that no partial refund has taken yet.
func (o *Order) refundable() []RefundFood {
	foods := []RefundFood{}
	for _, l := range o.Detail {
		if left := l.Quantity - l.Refunded; left > 0 {
			foods = append(foods, o.refundFood(l, left))
		}
	}
	return foods
}

func (o *Order) refundFood(l Line, count int) RefundFood {
	return RefundFood{
		FoodCode: l.FoodCode, FoodName: l.FoodName, SKU: l.SKU, UPC: l.UPC, Spec: l.Spec, Price: l.Price, Count: count,
		BoxNum: l.BoxNum * count / l.Quantity, BoxPrice: l.BoxPrice, Original: l.Original, Refund: o.refundPrice(l),
	}
}

// wanted is food_data of a partial refund: which pieces and how many.
type wanted struct {
	FoodCode string `json:"app_food_code"`
	SKU      string `json:"sku_id"`
	Count    int    `json:"count"`
}

// pick finds the pieces of a partial refund among the lines and says what they are worth, never more
// than what is left of the payment. It changes nothing.
func (o *Order) pick(want []wanted) (foods []RefundFood, money fen, err error) {
	left := make([]int, len(o.Detail))
	for i, l := range o.Detail {
		left[i] = l.Quantity - l.Refunded
	}
	for _, w := range want {
		if w.Count <= 0 {
			return nil, 0, badFormat("count")
		}
		for i, l := range o.Detail {
			if w.Count == 0 || l.FoodCode != w.FoodCode || l.SKU != w.SKU {
				continue
			}
			if n := min(left[i], w.Count); n > 0 {
				f := o.refundFood(l, n)
				foods = append(foods, f)
				money += f.Refund*fen(n) + f.BoxPrice*fen(f.BoxNum)
				left[i] -= n
				w.Count -= n
			}
		}
		if w.Count > 0 {
			return nil, 0, errState
		}
	}
	if len(foods) == 0 {
		return nil, 0, badFormat("food_data")
	}
	return foods, min(money, o.Total-o.refunded()), nil
}

// take marks the pieces of an agreed partial refund.
func (o *Order) take(foods []RefundFood) {
	for _, f := range foods {
		n := f.Count
		for i := range o.Detail {
			l := &o.Detail[i]
			if l.FoodCode == f.FoodCode && l.SKU == f.SKU && n > 0 {
				got := min(n, l.Quantity-l.Refunded)
				l.Refunded += got
				n -= got
			}
		}
	}
}

// ask opens a case for the buyer or for customer service on the buyer's behalf.
func (t *change) ask(o *Order, want []wanted, reason string, pictures []string, by int) error {
	if !(o.waiting() || o.open() || o.Status == completed) {
		return fmt.Errorf("order %s is %s: a refund needs a paid order that is not cancelled", o.ID, statusText[o.Status])
	}
	if o.openCase() != nil {
		return fmt.Errorf("order %s has an open refund case already", o.ID)
	}
	for _, r := range o.Refunds {
		if r.Type == 1 && r.State == caseAgreed {
			return fmt.Errorf("order %s was refunded in full already", o.ID)
		}
	}
	r := &Refund{
		Type: 1, State: caseOpen, Reason: reason, Pictures: pictures, ApplyType: 1, ApplyOp: by,
		Created: t.now, Updated: t.now, Money: o.Total - o.refunded(), Deadline: t.now + int64(t.s.refundWithin(o)),
	}
	if by == byService {
		r.ApplyType = 2
	}
	if want != nil {
		foods, money, err := o.pick(want)
		if err != nil {
			return fmt.Errorf("items: %w (more pieces than are left, or no such app_food_code and sku_id in the order)", err)
		}
		r.Type, r.Foods, r.Money = 2, foods, money
	}
	r.ID = t.newID()
	o.Refunds = append(o.Refunds, r)
	o.note(t.now, "申请退款 ¥%s：%s", r.Money, r.Reason)
	t.pushRefund(o, r)
	return nil
}

func (s *Sim) refundWithin(o *Order) int {
	if store := s.stores[o.Store]; store != nil && store.BigChain {
		return s.config.RefundBig
	}
	return s.config.RefundWithin
}

// agree closes a case in the buyer's favour: resType 2 by the merchant, 4 by service, 5 by time.
func (t *change) agree(o *Order, r *Refund, resType int, reason string) {
	r.State, r.ResType, r.ResReason, r.Updated, r.Deadline = caseAgreed, resType, reason, t.now, 0
	o.Updated = t.now
	o.note(t.now, "同意退款 ¥%s（res_type %d）", r.Money, resType)
	if r.Type == 2 {
		o.take(r.Foods)
		t.pushRefund(o, r)
		t.pushResult(o, r)
		return
	}
	ends := !o.ended() || o.Status == completed && t.s.config.RefundEndsCompleted
	by := byClient
	switch resType {
	case 2:
		by = byOpenAPI
	case 4:
		by = byService
	case 5:
		by = bySystem
	}
	if ends && t.s.config.CancelPush == "before" {
		t.cancel(o, reasonRefunded, "", by, true)
	}
	t.pushRefund(o, r)
	t.pushResult(o, r)
	if ends && t.s.config.CancelPush != "before" {
		t.cancel(o, reasonRefunded, "", by, t.s.config.CancelPush == "after")
	}
}

// reject is the merchant's refusal (resType 1) or the service's (3).
func (t *change) reject(o *Order, r *Refund, resType int, reason string) {
	r.State, r.ResType, r.ResReason, r.Updated, r.Deadline = caseRejected, resType, reason, t.now, 0
	o.note(t.now, "拒绝退款（res_type %d）：%s", resType, reason)
	t.pushRefund(o, r)
}

// automatic writes down the repayment of a paid order that was cancelled. It is not pushed.
func (t *change) automatic(o *Order) {
	left := o.Total - o.refunded()
	if r := o.openCase(); r != nil { // overtaken by the cancellation
		r.State, r.ResType, r.Updated, r.Deadline = caseWithdrawn, 6, t.now, 0
	}
	if left <= 0 {
		return
	}
	o.Refunds = append(o.Refunds, &Refund{ID: t.newID(), Type: 1, State: caseAgreed, ResType: 6, Reason: o.ReasonText, Money: left,
		ApplyType: 0, ApplyOp: o.CancelBy, Created: t.now, Updated: t.now})
}

// notifyType is how the push names the case's state.
func (r *Refund) notifyType() string {
	switch {
	case r.State == caseAgreed:
		return "agree"
	case r.State == caseRejected:
		return "reject"
	case r.State == caseWithdrawn && r.ResType == 8:
		return "cancelRefundComplaint"
	case r.State == caseWithdrawn:
		return "cancelRefund"
	case r.Type == 2:
		return "part"
	}
	return "apply"
}

func (t *change) pushRefund(o *Order, r *Refund) {
	if t.s.partnered(o.Store) {
		t.tellRefund(o, r)
		return
	}
	appeal := "0"
	if r.Appeal {
		appeal = "1"
	}
	pictures := r.Pictures
	if pictures == nil {
		pictures = []string{}
	}
	kind := PushRefund
	params := []field{
		{"order_id", o.ID}, {"notify_type", r.notifyType()}, {"refund_id", r.ID}, {"ctime", strconv.FormatInt(r.Created, 10)},
		{"reason", r.pushReason()},
	}
	if r.Type == 2 {
		kind = PushPartRefund
		params = append(params, field{"food", marshal(r.Foods)}, field{"money", r.Money.String()})
	}
	params = append(params, []field{
		{"res_type", strconv.Itoa(r.ResType)}, {"is_appeal", appeal}, {"pictures", marshal(pictures)}, {"service_type", "0"}, {"status", ""},
		{"apply_op_user_type", strconv.Itoa(r.ApplyOp)}, {"logistics_info", ""}, {"incmp_code", "0"}, {"incmp_modules", "[]"},
	}...)
	t.push(kind, o.ID, params)
}

// pushReason is the buyer's reason, and the merchant's once it refused.
func (r *Refund) pushReason() string {
	if r.State == caseRejected && r.ResReason != "" {
		return r.ResReason
	}
	return r.Reason
}

func (t *change) pushResult(o *Order, r *Refund) {
	if !t.s.config.ResultPush || t.s.partnered(o.Store) {
		return
	}
	status := "3"
	if r.Type == 2 {
		status = "13"
	}
	t.push(PushRefunded, o.ID, []field{
		{"order_id", o.ID}, {"refund_id", r.ID}, {"refund_status", status}, {"money", r.Money.String()},
		{"ctime", strconv.FormatInt(r.Created, 10)}, {"utime", strconv.FormatInt(r.Updated, 10)},
	})
}

// refundDetail is one entry of ecommerce/order/getOrderRefundDetail.
type refundDetail struct {
	ID        json.Number  `json:"refund_id"`
	Created   int64        `json:"ctime"`
	Updated   int64        `json:"utime"`
	Type      int          `json:"refund_type"`
	ResReason string       `json:"res_reason"`
	ResType   int          `json:"res_type"`
	ApplyType int          `json:"apply_type"`
	Reason    string       `json:"apply_reason"`
	Money     fen          `json:"money"`
	Pictures  string       `json:"pictures"`
	Service   string       `json:"service_type"`
	Status    string       `json:"status"`
	ApplyOp   string       `json:"apply_op_user_type"`
	Foods     []RefundFood `json:"wmAppRetailForOrderPartRefundList"`
	Charge    struct{}     `json:"refund_partial_estimate_charge"`
}

func (r *Refund) detail() refundDetail {
	pictures, foods := r.Pictures, r.Foods
	if pictures == nil {
		pictures = []string{}
	}
	if foods == nil {
		foods = []RefundFood{}
	}
	return refundDetail{ID: json.Number(r.ID), Created: r.Created, Updated: r.Updated, Type: r.Type, ResReason: r.ResReason, ResType: r.ResType,
		ApplyType: r.ApplyType, Reason: r.Reason, Money: r.Money, Pictures: marshal(pictures), Service: "0", ApplyOp: strconv.Itoa(r.ApplyOp), Foods: foods}
}
