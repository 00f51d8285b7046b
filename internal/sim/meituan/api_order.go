package meituan

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

func poiReceived(_ *call, t *change, o *Order) (bool, error) {
	if o.Status != pushed {
		return false, nil
	}
	o.Status, o.Received = received, t.now
	o.note(t.now, "商家已收到")
	return true, nil
}

func confirmOrder(c *call, t *change, o *Order) (bool, error) {
	switch {
	case o.waiting():
		t.confirm(o, "开放平台")
		return true, nil
	case o.open() && t.s.config.RepeatConfirm == "ok":
		return false, nil
	}
	return false, errState
}

func cancelOrder(c *call, t *change, o *Order) (bool, error) {
	reason, err := c.need("reason")
	if err != nil {
		return false, err
	}
	code := reasonMerchant
	if v := c.p["reason_code"]; v != "" {
		if code, err = strconv.Atoi(v); err != nil || code < 2001 || code > 2016 {
			return false, badFormat("reason_code")
		}
	}
	switch {
	case o.waiting() || o.open():
		t.cancel(o, code, reason, byOpenAPI, false)
		return true, nil
	case o.Status == completed:
		return false, errCompleted
	case o.Status == cancelled && o.CancelBy != byOpenAPI:
		t.penalize(Penalty{Store: o.Store, Order: o.ID, Kind: "cancel_loop", Text: "收到取消推送后又调用order/cancel"})
	}
	if o.Status == cancelled && t.s.config.RepeatCancel == "ok" {
		return false, nil
	}
	return false, errState
}

func mealComplete(_ *call, t *change, o *Order) (bool, error) {
	if !o.open() {
		return false, errState
	}
	if o.MealReady > 0 {
		return false, nil
	}
	o.MealReady = t.now
	o.note(t.now, "商家出餐完成")
	return true, nil
}

func ownRider(status int) func(*call, *change, *Order) (bool, error) {
	return func(c *call, t *change, o *Order) (bool, error) {
		return t.selfStep(o, status, telling{name: c.p["courier_name"], mobile: c.p["courier_phone"]})
	}
}

// syncRider is ecommerce/order/logistics/sync: every state with who brings it, and where he is if that is known. Without
// a state it is 20, as documented.
func syncRider(c *call, t *change, o *Order) (bool, error) {
	for _, name := range []string{"third_carrier_order_id", "courier_name", "courier_phone", "logistics_provider_code"} {
		if _, err := c.need(name); err != nil {
			return false, err
		}
	}
	status := riderCollected
	if c.p["logistics_status"] != "" {
		var err error
		if status, err = c.number("logistics_status"); err != nil {
			return false, err
		}
	}
	w, err := tellingOf(c.p["logistics_provider_code"], c.p["third_carrier_order_id"], c.p["courier_name"], c.p["courier_phone"], c.p["latitude"], c.p["longitude"], "")
	if err != nil {
		return false, err
	}
	if !slices.Contains([]int{0, 1, 5, 10, 15, 20, 40, 100}, status) {
		return false, badFormat("logistics_status")
	}
	return t.selfStep(o, status, w)
}

// placeRider is order/riderPosition: state and place together, all of it required.
func placeRider(c *call, t *change, o *Order) (bool, error) {
	for _, name := range []string{"courier_name", "courier_phone", "third_logistics_id", "latitude", "longitude", "back_flow_time"} {
		if _, err := c.need(name); err != nil {
			return false, err
		}
	}
	status, err := c.number("logistics_status")
	if err != nil {
		return false, err
	}
	w, err := tellingOf(c.p["third_logistics_id"], "", c.p["courier_name"], c.p["courier_phone"], c.p["latitude"], c.p["longitude"], c.p["back_flow_time"])
	if err != nil {
		return false, err
	}
	if !slices.Contains([]int{0, 10, 15, 20, 40, 100}, status) {
		return false, badFormat("logistics_status")
	}
	return t.selfStep(o, status, w)
}

func agreeRefund(c *call, t *change, o *Order) (bool, error) {
	reason, err := c.need("reason")
	if err != nil {
		return false, err
	}
	r := o.openCase()
	if r == nil || r.Appeal {
		return false, errState
	}
	t.agree(o, r, 2, reason)
	return true, nil
}

func rejectRefund(c *call, t *change, o *Order) (bool, error) {
	reason, err := c.need("reason")
	if err != nil {
		return false, err
	}
	r := o.openCase()
	if r == nil || r.Appeal {
		return false, errState
	}
	t.reject(o, r, 1, reason)
	return true, nil
}

// applyPartRefund is additive: each call takes further pieces.
func applyPartRefund(c *call, t *change, o *Order) (bool, error) {
	reason, err := c.need("reason")
	if err != nil {
		return false, err
	}
	data, err := c.need("food_data")
	if err != nil {
		return false, err
	}
	var want []wanted
	if err := json.Unmarshal([]byte(data), &want); err != nil || len(want) > 200 {
		return false, badFormat("food_data")
	}
	if !o.open() && o.Status != completed || o.openCase() != nil {
		return false, errState
	}
	foods, money, err := o.pick(want)
	if err != nil {
		return false, err
	}
	r := &Refund{ID: t.newID(), Type: 2, State: caseOpen, Reason: reason, Money: money, Foods: foods, ApplyType: 7, ApplyOp: byOpenAPI,
		Created: t.now, Updated: t.now}
	o.Refunds = append(o.Refunds, r)
	o.note(t.now, "商家发起部分退款 ¥%s", money)
	if t.s.config.PartPush == "both" {
		t.pushRefund(o, r)
	}
	t.agree(o, r, 2, reason)
	return true, nil
}

func refundDetails(c *call) (any, error) {
	id, err := c.need("wm_order_id_view")
	if err != nil {
		return nil, err
	}
	kind := 0
	if v := c.p["refund_type"]; v != "" {
		if kind, err = strconv.Atoi(v); err != nil {
			return nil, badFormat("refund_type")
		}
	}
	return c.s.read(id, c.kind, func(o *Order) (any, error) {
		out := []refundDetail{}
		for _, r := range o.Refunds {
			if kind == 0 || kind == r.Type {
				out = append(out, r.detail())
			}
		}
		return out, nil
	})
}

func viewStatus(c *call, o *Order) (any, error) {
	return map[string]any{"status": c.s.shown(o)}, nil
}

func orderDetail(c *call, o *Order) (any, error) {
	s := c.s
	now := s.clock.Now().Unix()
	st := s.stores[o.Store]
	modules := o.missing(now)
	lost := func(m int) bool { return slices.Contains(modules, m) }
	code, shipper := *o.Logistics, ""
	if o.Delivery != nil {
		shipper = o.Delivery.Mobile
	}
	detail, extras, address := marshal(o.detail(true, true, s.config.OriginalPrices)), marshal(o.extras(true)), o.Address
	if lost(0) {
		detail = ""
	}
	if lost(1) {
		extras = ""
	}
	if hide := int64(s.config.HideAddressHours) * 3600; lost(6) || hide > 0 && o.Completed > 0 && now >= o.Completed+hide {
		address = "为保护顾客隐私，地址已隐藏"
	}
	if lost(7) {
		code = ""
	}
	incomplete := 0
	if len(modules) > 0 {
		incomplete = -1
	}
	weight := 0
	for _, l := range o.Detail {
		weight += l.Weight * l.Quantity
	}
	m := map[string]any{
		"result": "ok", "order_id": json.Number(o.ID), "wm_order_id_view": json.Number(o.ID), "app_poi_code": o.Store, "wm_poi_id": st.PoiID,
		"wm_poi_name": st.Name, "wm_poi_address": st.Address, "wm_poi_phone": st.Phone,
		"recipient_address": address, "recipient_phone": o.Phone, "backup_recipient_phone": marshal(backup(o)), "recipient_name": o.Name,
		"shipping_fee": javaDouble(*o.ShippingFee), "total": javaDouble(o.Total), "original_price": javaDouble(o.Original),
		"caution": o.Caution, "shipper_phone": shipper, "status": s.shown(o), "city_id": 999999,
		"has_invoiced": o.Invoiced, "invoice_title": o.InvoiceTitle, "taxpayer_id": o.TaxpayerID, "ctime": o.Created, "utime": o.Updated,
		"delivery_time": o.DeliveryTime, "estimate_arrival_time": o.Estimate, "is_third_shipping": 0, "pay_type": 2, "pick_type": o.PickType,
		"latitude": o.Latitude, "longitude": o.Longitude, "day_seq": o.DaySeq, "is_favorites": o.Favourite, "is_poi_first_order": o.FirstOrder,
		"is_pre_sale_order": o.PreSale, "dinners_number": o.Dinners, "logistics_code": code, "avg_send_time": javaDouble(271200),
		"package_bag_money": o.BagMoney, "total_weight": weight, "detail": detail, "extras": extras,
		"order_send_time": o.Paid, "order_receive_time": o.Received, "order_confirm_time": o.Confirmed, "order_cancel_time": o.Cancelled,
		"order_completed_time": o.Completed, "incmp_code": incomplete, "incmp_modules": modules,
	}
	if !lost(4) {
		m["poi_receive_detail"] = marshal(o.receive(false))
	}
	if !lost(5) {
		m["poi_receive_detail_yuan"] = marshal(o.receive(true))
	}
	if c.p["is_mt_logistics"] == "1" && o.Delivery != nil {
		d := o.Delivery
		l := logisticsName[*o.Logistics]
		maps.Copy(m, map[string]any{
			"logistics_status": d.Status, "logistics_id": l.id, "logistics_name": l.name, "logistics_send_time": d.SendAt,
			"logistics_confirm_time": d.ConfirmAt, "logistics_cancel_time": d.CancelAt, "logistics_fetch_time": d.FetchAt,
			"logistics_completed_time": d.CompletedAt, "logistics_dispatcher_name": d.Name, "logistics_dispatcher_mobile": d.mobile(o, now),
		})
	}
	return m, nil
}

// mobile is the rider's number, hidden once the order has ended or is older than a day.
func (d *Delivery) mobile(o *Order, now int64) string {
	if o.ended() || now-o.Created > 86400 {
		return ""
	}
	return d.Mobile
}

func daySeq(c *call) (any, error) {
	return fromStore(func(c *call, st *Store) (any, error) {
		day := c.s.clock.Now().In(china).Format("20060102")
		return map[string]any{"result": "ok", "day_seq": strconv.Itoa(c.s.seqs[st.Code+"|"+day])}, nil
	})(c)
}

func orderByDaySeq(c *call) (any, error) {
	seq, err := c.number("day_seq")
	if err != nil {
		return nil, err
	}
	date, err := c.need("date_time")
	if err != nil {
		return nil, err
	}
	day, err := time.ParseInLocation("20060102", date, china)
	if err != nil {
		return nil, badFormat("date_time")
	}
	if c.s.clock.Now().Sub(day) > 31*24*time.Hour {
		return nil, badFormat("date_time")
	}
	return fromStore(func(c *call, st *Store) (any, error) {
		id := c.s.byDay[dayKey(st.Code, date, seq)]
		if id == "" {
			return nil, errNoOrder
		}
		c.seen.Order = id
		return map[string]any{"result": "ok", "order_id": id}, nil
	})(c)
}

func remindReply(c *call, t *change, o *Order) (bool, error) {
	for _, name := range []string{"remind_id", "reply_id", "reply_content"} {
		if _, err := c.need(name); err != nil {
			return false, err
		}
	}
	for i := range o.Reminders {
		r := &o.Reminders[i]
		if r.ID != c.p["remind_id"] {
			continue
		}
		if r.Replied > 0 {
			return false, errState
		}
		r.Replied, r.ReplyID, r.Reply = t.now, c.p["reply_id"], c.p["reply_content"]
		o.note(t.now, "商家回复催单：%s", r.Reply)
		return true, nil
	}
	return false, errState
}

func subsidy(c *call, o *Order) (any, error) {
	if !selfDelivery(*o.Logistics) {
		return nil, errIsMT
	}
	var sum fen
	for _, e := range o.Extras {
		sum += e.ByMT
	}
	return map[string]any{"order_id": json.Number(o.ID), "order_total": o.Total, "subsidy": sum, "extras": o.extras(true)}, nil
}

// pullNumbers answers real numbers of the last day's orders once the privacy service was declared down.
func pullNumbers(riders bool) func(*call) (any, error) {
	return func(c *call) (any, error) {
		offset, err := c.number("offset")
		if err != nil {
			return nil, err
		}
		limit, err := c.number("limit")
		if err != nil {
			return nil, err
		}
		if limit < 1 || limit > 1000 || offset < 0 {
			return nil, badFormat("limit")
		}
		s := c.s
		s.mu.Lock()
		defer s.mu.Unlock()
		store := c.p["app_poi_code"]
		if store != "" && s.stores[store] == nil {
			return nil, errNoStore
		}
		out := []any{}
		if !s.downgraded {
			return out, nil
		}
		var orders []*Order
		for _, o := range s.orders {
			if o.Paid > s.clock.Now().Unix()-86400 && (store == "" || store == o.Store) && (!riders || o.Delivery != nil && o.Delivery.Mobile != "") {
				orders = append(orders, o)
			}
		}
		sortOldest(orders)
		for _, o := range orders[min(offset, len(orders)):min(offset+limit, len(orders))] {
			m := map[string]any{"order_id": json.Number(o.ID), "app_poi_code": o.Store, "wm_order_id_view": json.Number(o.ID), "day_seq": o.DaySeq}
			if riders {
				delete(m, "day_seq")
				m["rider_name"] = o.Delivery.Name
				m["rider_real_phone_number"], _, _ = strings.Cut(o.Delivery.Mobile, "_")
			} else {
				m["real_phone_number"] = o.RealPhone
			}
			out = append(out, m)
		}
		return out, nil
	}
}

// abnormal lists orders whose pushes failed. The meaning of type is not public.
func abnormal(c *call) (any, error) {
	var n [4]int
	for i, name := range []string{"start_time", "end_time", "offset", "limit"} {
		var err error
		if n[i], err = c.number(name); err != nil {
			return nil, err
		}
	}
	if n[2] < 0 || n[3] < 1 || n[3] > 1000 {
		return nil, badFormat("limit")
	}
	s := c.s
	s.mu.Lock()
	defer s.mu.Unlock()
	var orders []*Order
	for _, o := range s.orders {
		if o.PushFailed > 0 && o.Created >= int64(n[0]) && o.Created <= int64(n[1]) {
			orders = append(orders, o)
		}
	}
	sortOldest(orders)
	ids := []json.Number{}
	for _, o := range orders[min(n[2], len(orders)):min(n[2]+n[3], len(orders))] {
		ids = append(ids, json.Number(o.ID))
	}
	return ids, nil
}

func pushRider(_ *call, t *change, o *Order) (bool, error) {
	switch {
	case selfDelivery(*o.Logistics):
		return false, errNotMT
	case !o.open(), o.Delivery != nil && o.Delivery.Status != riderCancelled:
		return false, errState
	}
	t.dispatch(o)
	return true, nil
}

func cancelRider(_ *call, t *change, o *Order) (bool, error) {
	switch {
	case selfDelivery(*o.Logistics):
		return false, errNotMT
	case o.Delivery == nil || o.Delivery.Self || o.Delivery.Status >= riderCollected:
		return false, errNoRecall
	}
	t.recall(o, true)
	return true, nil
}

// cancelDeliveryReasons are why a rider of the crowd is sent away. The shape is that of the service
// providers' platform; this one's is not public.
func cancelDeliveryReasons(_ *call, o *Order) (any, error) {
	if o.Delivery == nil {
		return nil, errNoDelivery
	}
	return map[string]any{"title": "取消配送", "deliveryStatus": o.Delivery.Status, "reasonList": []any{map[string]any{"code": 1, "content": "骑手长时间未接单", "preCancelCode": 0}}}, nil
}

func riderStatus(c *call, o *Order) (any, error) {
	d := o.Delivery
	if d == nil || d.Status < 0 {
		return nil, errNoDelivery
	}
	return map[string]any{
		"result": "ok", "order_id": json.Number(o.ID), "logistics_status": d.Status, "logistics_name": logisticsName[*o.Logistics].name,
		"send_time": d.SendAt, "confirm_time": d.ConfirmAt, "cancel_time": d.CancelAt, "fetch_time": d.FetchAt, "completed_time": d.CompletedAt,
		"dispatcher_name": d.Name, "dispatcher_mobile": d.mobile(o, c.s.clock.Now().Unix()), "poi_shipping_fee": d.Fee, "shipping_tips": "",
		"tip_amount": d.Tip,
	}, nil
}

// toSelf switches an order to self-delivery while no rider has it.
func toSelf(_ *call, t *change, o *Order) (bool, error) {
	if selfDelivery(*o.Logistics) {
		return false, errNotMT
	}
	d := o.Delivery
	if !o.open() || d != nil && d.Status != sentToDelivery && d.Status != heldByDelivery && d.Status != riderCancelled {
		return false, errState
	}
	t.recall(o, true)
	o.Logistics = new("0000")
	o.note(t.now, "转为商家自配")
	return true, nil
}

func crowdFees(c *call) (any, error) {
	ids, err := c.list("order_ids")
	if err != nil {
		return nil, err
	}
	s := c.s
	s.mu.Lock()
	defer s.mu.Unlock()
	out := []any{}
	for _, id := range ids {
		o := s.orders[id]
		if o == nil {
			return nil, errNoOrder
		}
		if !crowdDelivery(*o.Logistics) {
			return nil, errNotCrowd
		}
		o.Tally.Add(c.kind, false)
		fee := s.crowdFee(o)
		tips := ""
		if fee > 500 {
			tips = "浮动价格" + (fee - 500).String() + "元"
		}
		out = append(out, map[string]any{"wm_order_id": json.Number(id), "wm_order_view_id": json.Number(id), "shipping_fee": fee, "shipping_tips": tips})
	}
	return out, nil
}

func crowdDispatch(c *call, t *change, o *Order) (bool, error) {
	if !crowdDelivery(*o.Logistics) {
		return false, errNotCrowd
	}
	feeText, err := c.need("shipping_fee")
	if err != nil {
		return false, err
	}
	fee, err := parseYuan(feeText)
	if err != nil {
		return false, badFormat("shipping_fee")
	}
	tip := fen(0)
	if v := c.p["tip_amount"]; v != "" {
		if tip, err = parseYuan(v); err != nil || tip < 0 {
			return false, badFormat("tip_amount")
		}
	}
	if !o.open() || o.Delivery != nil && o.Delivery.Status != riderCancelled || fee != t.s.crowdFee(o) {
		return false, errState
	}
	t.dispatch(o)
	o.Delivery.Fee, o.Delivery.Tip = fee, tip
	return true, nil
}

// crowdTip sets the new total of the tip while no rider has the order.
func crowdTip(c *call, t *change, o *Order) (bool, error) {
	if !crowdDelivery(*o.Logistics) {
		return false, errNotCrowd
	}
	v, err := c.need("tip_amount")
	if err != nil {
		return false, err
	}
	tip, err := parseYuan(v)
	if err != nil || tip < 0 {
		return false, badFormat("tip_amount")
	}
	d := o.Delivery
	if d == nil || d.Self || d.Status != sentToDelivery && d.Status != heldByDelivery {
		return false, errState
	}
	changed := d.Tip != tip
	d.Tip = tip
	return changed, nil
}
