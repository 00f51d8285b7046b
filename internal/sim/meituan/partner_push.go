package meituan

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/tongdan/tongdan/internal/sim"
)

// The messages of the second platform. Each has a URL of its own; below the developer's base URL
// its name here, without the prefix, is the path.
const (
	partnerPrefix = "partner:"

	PartnerNew       = partnerPrefix + "order/new"         // 推送新订单
	PartnerConfirmed = partnerPrefix + "order/confirmed"   // 已确认订单
	PartnerFinished  = partnerPrefix + "order/finished"    // 已完成订单
	PartnerCancelled = partnerPrefix + "order/cancelled"   // 取消
	PartnerRefund    = partnerPrefix + "refund/full"       // 全额退款
	PartnerPart      = partnerPrefix + "refund/part"       // 部分退款
	PartnerDelivery  = partnerPrefix + "delivery/status"   // 配送状态
	PartnerReminder  = partnerPrefix + "reminder"          // 催单
	PartnerStore     = partnerPrefix + "store/status"      // 门店状态
	PartnerBill      = partnerPrefix + "bill"              // 对账
	PartnerPrivacy   = partnerPrefix + "privacy/downgrade" // 隐私号降级
	PartnerBound     = partnerPrefix + "store/bound"       // 门店绑定
	PartnerUnbound   = partnerPrefix + "store/unbound"     // 门店解绑
)

var partnerKinds = []string{PartnerNew, PartnerConfirmed, PartnerFinished, PartnerCancelled, PartnerRefund, PartnerPart, PartnerDelivery, PartnerReminder, PartnerStore, PartnerBill,
	PartnerPrivacy, PartnerBound, PartnerUnbound}

// partnerURL is where a message goes, "" when nobody wants it. The bill has no public list of
// fields, so a base URL alone does not switch it on.
func (c *Config) partnerURL(kind string) string {
	path := strings.TrimPrefix(kind, partnerPrefix)
	switch u := c.Callbacks[kind]; {
	case u == "-":
		return ""
	case u != "":
		return u
	case c.PartnerCallback == "" || kind == PartnerBill:
		return ""
	}
	return strings.TrimRight(c.PartnerCallback, "/") + "/" + path
}

// tell queues a message about a store with one JSON field; name "" is a flat one.
func (t *change) tell(kind, key string, st *Store, name string, content any) {
	if t.s.config.partnerURL(kind) == "" {
		return
	}
	params := []field{{"developerId", t.s.config.developer}}
	if st != nil {
		params = append(params, field{"ePoiId", st.EPoiID})
	}
	if name != "" {
		params = append(params, field{name, marshal(content)})
	}
	t.s.pusher.Send(t.Batch, key, kind, params)
}

// partnerRequest signs a message and encodes it once, or twice by the switch.
func (s *Sim) partnerRequest(p sim.Push, forged bool) (*http.Request, error) {
	var params []field
	if err := json.Unmarshal(p.Content, &params); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	target, key := s.config.partnerURL(p.Kind), s.config.signKey
	if target == "" {
		return nil, errNoURL(p.Kind)
	}
	if forged {
		key += "x"
	}
	if p.Kind != PartnerBound || s.config.PartnerSignsBinding {
		params = append(params, field{"sign", partnerSign(key, params)})
	}
	req, err := http.NewRequest("POST", target, strings.NewReader(wire(params, s.config.Encoding[p.Kind] == "double")))
	if err == nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded; charset=UTF-8")
	}
	return req, err
}

// partnerAccepted is {"data":"OK"}, {"data":"ok"} or {"data":"success"}; bindings take the last alone.
func partnerAccepted(p sim.Push, status int, body []byte) bool {
	var answer struct {
		Data string `json:"data"`
	}
	if status != http.StatusOK || json.Unmarshal(body, &answer) != nil {
		return false
	}
	if p.Kind == PartnerBound || p.Kind == PartnerUnbound {
		return answer.Data == "success"
	}
	return answer.Data == "OK" || answer.Data == "ok" || answer.Data == "success"
}

// tellOrder is order/new, order/confirmed and order/finished.
func (t *change) tellOrder(kind string, o *Order) {
	to := map[string]string{PushPaid: PartnerNew, PushConfirmed: PartnerConfirmed, PushCompleted: PartnerFinished}[kind]
	content := t.s.partnerOrder(o)
	content["utime"] = t.now
	t.tell(to, o.ID, t.s.stores[o.Store], "order", content)
}

func (t *change) tellRefund(o *Order, r *Refund) {
	kind, name := PartnerRefund, "orderRefund"
	m := map[string]any{"orderId": json.Number(o.ID), "notifyType": r.notifyType(), "reason": r.pushReason()}
	if r.Type == 2 {
		kind, name = PartnerPart, "partOrderRefund"
		m["money"], m["food"] = r.Money, marshal(r.Foods)
	}
	t.tell(kind, o.ID, t.s.stores[o.Store], name, m)
}

func (t *change) tellDelivery(o *Order) {
	d := o.Delivery
	t.tell(PartnerDelivery, o.ID, t.s.stores[o.Store], "shippingStatus", map[string]any{
		"orderId": json.Number(o.ID), "shippingStatus": d.Status, "time": t.now, "dispatcherName": d.Name, "dispatcherMobile": d.Mobile})
}

func (t *change) tellCancel(o *Order) {
	t.tell(PartnerCancelled, o.ID, t.s.stores[o.Store], "orderCancel", map[string]any{
		"orderId": json.Number(o.ID), "reason": o.ReasonText, "reasonCode": strconv.Itoa(o.Reason)})
}

// errNoURL says that nobody wants a message.
func errNoURL(kind string) error {
	return &url.Error{Op: "push", URL: kind, Err: http.ErrNoLocation}
}
