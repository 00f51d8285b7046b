package meituan

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"time"
)

// The paths of the second platform that are about orders, deliveries and refunds. What they do to an
// order is what the first platform does to it; names, forms and answers are their own.
func (s *Sim) partnerEndpoints() map[string]partnerEndpoint {
	routes := map[string]partnerEndpoint{
		"/waimai/order/confirm":        partnerOn(partnerConfirm),
		"/waimai/order/cancel":         partnerOn(partnerCancel),
		"/waimai/order/queryById":      partnerOf(func(c *partnerCall, o *Order) (any, error) { return c.s.partnerAnswered(o, o.DaySeq), nil }),
		"/waimai/order/queryByDaySeq":  {do: partnerByDaySeq},
		"/waimai/order/queryByEpoids":  {open: true, do: partnerUnconfirmed},
		"/waimai/order/delivering":     partnerOn(partnerRider(riderCollected)),
		"/waimai/order/delivered":      partnerOn(partnerRider(riderDelivered)),
		"/waimai/order/riderPosition":  partnerOn(partnerPosition),
		"/waimai/order/dispatchShip":   partnerOn(func(_ *partnerCall, t *change, o *Order) (bool, error) { return pushRider(nil, t, o) }),
		"/waimai/order/cancelDispatch": partnerOn(func(_ *partnerCall, t *change, o *Order) (bool, error) { return cancelRider(nil, t, o) }),
		"/waimai/order/cancelZbLogisticsByWmOrderId": partnerOn(func(c *partnerCall, t *change, o *Order) (bool, error) {
			if _, err := c.need("reasonCode"); err != nil {
				return false, err
			}
			return cancelRider(nil, t, o)
		}),
		"/waimai/order/queryZbCancelDeliveryReason": partnerOf(func(_ *partnerCall, o *Order) (any, error) {
			if o.Delivery == nil {
				return nil, errNoDelivery
			}
			return map[string]any{"code": "0", "msg": "", "title": "取消配送", "deliveryStatus": o.Delivery.Status,
				"reasonList": []any{map[string]any{"code": 1, "content": "骑手长时间未接单", "preCancelCode": "0"}}}, nil
		}),
		"/waimai/order/queryZbShippingFee":         {do: partnerFees},
		"/waimai/order/zbDispatch":                 partnerOn(partnerCrowd),
		"/waimai/order/updateZbDispatchTip":        partnerOn(partnerTip),
		"/waimai/ng/order/deliveryNoteAddTip":      partnerOn(partnerTip),
		"/waimai/order/agreeRefund":                partnerOn(partnerAnswerRefund(true)),
		"/waimai/order/rejectRefund":               partnerOn(partnerAnswerRefund(false)),
		"/waimai/order/queryPartRefundFoods":       partnerOf(func(_ *partnerCall, o *Order) (any, error) { return marshal(o.refundable()), nil }),
		"/waimai/order/applyPartRefund":            partnerOn(partnerPartRefund),
		"/waimai/ng/order/getBatchOrderRefundInfo": {do: partnerRefunds},
		"/waimai/ng/order/refund/issue/appeal":     partnerOn(partnerAppeal),
		"/waimai/ng/order/getOrderMealStatus":      {do: partnerSlow},
		"/waimai/ng/order/foodSlow/appeal":         partnerOn(partnerSlowAppeal),
		"/waimai/order/preparationMealComplete":    partnerOn(func(_ *partnerCall, t *change, o *Order) (bool, error) { return mealComplete(nil, t, o) }),
		"/waimai/ng/order/getPreparationMealTime": partnerOf(func(*partnerCall, *Order) (any, error) {
			return map[string]any{"preparationMealTime": 900}, nil
		}),
		"/waimai/ng/order/remindReply":          partnerOn(partnerRemind),
		"/waimai/order/batchPullPhoneNumber":    {open: true, do: partnerNumbers(false)},
		"/waimai/order/getRiderInfoPhoneNumber": {open: true, do: partnerNumbers(true)},
		"/waimai/ng/order/getOrderRecipientPrivacyInfo": partnerOf(func(c *partnerCall, o *Order) (any, error) {
			for _, name := range []string{"type", "reasonType"} {
				if _, err := c.number(name); err != nil {
					return nil, err
				}
			}
			return map[string]any{"wmOrderId": json.Number(o.ID), "recipientPhone": o.RealPhone, "recipientPhoneDesensitization": "", "recipientAddressDesensitization": ""}, nil
		}),
	}
	maps.Copy(routes, partnerGoods())
	maps.Copy(routes, partnerMenu())
	maps.Copy(routes, partnerAreas())
	maps.Copy(routes, partnerOAuth())
	maps.Copy(routes, partnerComments())
	return routes
}

func partnerConfirm(c *partnerCall, t *change, o *Order) (bool, error) {
	switch {
	case o.waiting():
		t.confirm(o, "服务商")
		return true, nil
	case o.open() && c.s.config.RepeatConfirm == "ok":
		return false, nil
	case o.open():
		return false, refusal{errState.code, "订单已经确认"}
	}
	return false, errState
}

func partnerCancel(c *partnerCall, t *change, o *Order) (bool, error) {
	reason, err := c.need("reason")
	if err != nil {
		return false, err
	}
	code, err := c.number("reasonCode")
	if err != nil {
		return false, err
	}
	switch {
	case code < 2001 || code > 2016:
		return false, badFormat("reasonCode")
	case o.waiting() || o.open():
		t.cancel(o, code, reason, byOpenAPI, false)
		return true, nil
	case o.Status == completed:
		return false, errCompleted
	case o.Status == cancelled && o.CancelBy != byOpenAPI:
		t.penalize(Penalty{Store: o.Store, Order: o.ID, Kind: "cancel_loop", Text: "收到取消推送后又调用取消"})
	}
	if o.Status == cancelled && c.s.config.RepeatCancel == "ok" {
		return false, nil
	}
	return false, errState
}

func partnerByDaySeq(c *partnerCall) (any, error) {
	seq, err := c.number("daySeq")
	if err != nil {
		return nil, err
	}
	date, err := c.need("date")
	if err != nil {
		return nil, err
	}
	day, err := time.ParseInLocation("20060102", date, china)
	if err != nil || c.s.clock.Now().Sub(day) > 31*24*time.Hour {
		return nil, badFormat("date")
	}
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	o := c.s.orders[c.s.byDay[dayKey(c.st.Code, date, seq)]]
	if o == nil {
		return nil, errNoOrder
	}
	c.seen.Order = o.ID
	return c.s.partnerAnswered(o, strconv.Itoa(o.DaySeq)), nil
}

// partnerUnconfirmed is the pull of the older form: ids of orders that wait to be accepted.
func partnerUnconfirmed(c *partnerCall) (any, error) {
	codes, err := c.list("epoiIds")
	if err != nil {
		return nil, err
	}
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	var orders []*Order
	for _, o := range c.s.active {
		if st := c.s.stores[o.Store]; o.waiting() && c.s.partnered(o.Store) && slices.Contains(codes, st.EPoiID) {
			orders = append(orders, o)
		}
	}
	sortOldest(orders)
	ids := []json.Number{}
	for _, o := range orders {
		ids = append(ids, json.Number(o.ID))
	}
	return ids, nil
}

func partnerRider(status int) func(*partnerCall, *change, *Order) (bool, error) {
	return func(c *partnerCall, t *change, o *Order) (bool, error) {
		return t.selfStep(o, status, telling{name: c.get("courierName"), mobile: c.get("courierPhone")})
	}
}

// partnerPosition is /waimai/order/riderPosition, the one call of this platform for states and places; only the order and
// its state are required.
func partnerPosition(c *partnerCall, t *change, o *Order) (bool, error) {
	status, err := c.number("logisticsStatus")
	if err != nil {
		return false, err
	}
	if !slices.Contains([]int{0, 10, 15, 20, 40, 100}, status) {
		return false, badFormat("logisticsStatus")
	}
	if kind := c.get("courierPhoneType"); kind != "" && kind != "0" && kind != "1" {
		return false, badFormat("courierPhoneType")
	}
	w, err := tellingOf(c.get("thirdLogisticsId"), c.get("thirdCarrierId"), c.get("courierName"), c.get("courierPhone"), c.get("latitude"), c.get("longitude"), c.get("backFlowTime"))
	if err != nil {
		return false, err
	}
	return t.selfStep(o, status, w)
}

func partnerFees(c *partnerCall) (any, error) {
	ids, err := c.list("orderIds")
	if err != nil {
		return nil, err
	}
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	out := []any{}
	for _, id := range ids {
		o := c.s.orders[id]
		switch {
		case o == nil:
			return nil, errNoOrder
		case o.Store != c.st.Code:
			return nil, errNotYours
		case !crowdDelivery(*o.Logistics):
			return nil, errNotCrowd
		}
		o.Tally.Add(c.path, false)
		fee, tip := c.s.crowdFee(o), ""
		if fee > 500 {
			tip = "浮动价格" + (fee - 500).String() + "元"
		}
		out = append(out, map[string]string{"orderId": id, "orderViewId": id, "shippingFee": fee.String(), "shippingTip": tip})
	}
	return out, nil
}

func partnerCrowd(c *partnerCall, t *change, o *Order) (bool, error) {
	if !crowdDelivery(*o.Logistics) {
		return false, errNotCrowd
	}
	text, err := c.need("shippingFee")
	if err != nil {
		return false, err
	}
	fee, err := parseYuan(text)
	if err != nil {
		return false, badFormat("shippingFee")
	}
	tip := fen(0)
	if v := c.get("tipAmount"); v != "" {
		if tip, err = parseYuan(v); err != nil || tip < 0 {
			return false, badFormat("tipAmount")
		}
	}
	if !o.open() || o.Delivery != nil && o.Delivery.Status != riderCancelled {
		return false, errState
	}
	if fee != t.s.crowdFee(o) {
		return false, refusal{errState.code, "配送费已变化，请重新查询"}
	}
	t.dispatch(o)
	o.Delivery.Fee, o.Delivery.Tip = fee, tip
	return true, nil
}

func partnerTip(c *partnerCall, t *change, o *Order) (bool, error) {
	v, err := c.need("tipAmount")
	if err != nil {
		return false, err
	}
	tip, err := parseYuan(v)
	d := o.Delivery
	switch {
	case err != nil || tip < 0:
		return false, badFormat("tipAmount")
	case !crowdDelivery(*o.Logistics):
		return false, errNotCrowd
	case d == nil || d.Self || d.Status != sentToDelivery && d.Status != heldByDelivery:
		return false, errState
	}
	changed := d.Tip != tip
	d.Tip = tip
	return changed, nil
}

func partnerAnswerRefund(agree bool) func(*partnerCall, *change, *Order) (bool, error) {
	return func(c *partnerCall, t *change, o *Order) (bool, error) {
		reason, err := c.need("reason")
		if err != nil {
			return false, err
		}
		r := o.openCase()
		if r == nil || r.Appeal {
			return false, errState
		}
		if agree {
			t.agree(o, r, 2, reason)
		} else {
			t.reject(o, r, 1, reason)
		}
		return true, nil
	}
}

// partnerPartRefund is additive: each call takes further pieces.
func partnerPartRefund(c *partnerCall, t *change, o *Order) (bool, error) {
	reason, err := c.need("reason")
	if err != nil {
		return false, err
	}
	data, err := c.need("foodData")
	if err != nil {
		return false, err
	}
	var want []wanted
	if json.Unmarshal([]byte(data), &want) != nil || len(want) > 200 {
		return false, badFormat("foodData")
	}
	if !o.open() && o.Status != completed || o.openCase() != nil {
		return false, errState
	}
	foods, money, err := o.pick(want)
	if err != nil {
		return false, err
	}
	r := &Refund{ID: t.newID(), Type: 2, State: caseOpen, Reason: reason, Money: money, Foods: foods, ApplyType: 7, ApplyOp: byOpenAPI, Created: t.now, Updated: t.now}
	o.Refunds = append(o.Refunds, r)
	o.note(t.now, "商家发起部分退款 ¥%s", money)
	if c.s.config.PartPush == "both" {
		t.pushRefund(o, r)
	}
	t.agree(o, r, 2, reason)
	return true, nil
}

// partnerRefunds lists the cases of orders. Here 1 is partial and 2 is full, the reverse of the first
// platform. Of one order the platform's kit for developers (Go, 2025) declares one object that
// holds the cases; that several orders make an array of them is an assumption, and so is a row for
// each case (PartnerRefunds "rows").
func partnerRefunds(c *partnerCall) (any, error) {
	var ids []text
	if err := json.Unmarshal(c.biz["orderIds"], &ids); err != nil || len(ids) == 0 || len(ids) > 100 {
		return nil, badFormat("orderIds")
	}
	out, grouped := []any{}, []any{}
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	for _, id := range ids {
		o := c.s.orders[string(id)]
		switch {
		case o == nil:
			return nil, errNoOrder
		case o.Store != c.st.Code:
			return nil, errNotYours
		}
		c.seen.Order = o.ID
		o.Tally.Add(c.path, false)
		cases := []any{}
		for _, r := range o.Refunds {
			cases = append(cases, r.partnerRow(o))
		}
		out = append(out, cases...)
		grouped = append(grouped, map[string]any{"order_id": json.Number(o.ID), "OrderRefundInfo": cases})
	}
	switch {
	case c.s.config.PartnerRefunds == "rows":
		return out, nil
	case len(grouped) == 1:
		return grouped[0], nil
	}
	return grouped, nil
}

func (r *Refund) partnerRow(o *Order) map[string]any {
	pictures, foods := r.Pictures, r.Foods
	if pictures == nil {
		pictures = []string{}
	}
	if foods == nil {
		foods = []RefundFood{}
	}
	kind, appeal, can := 2, 0, 0
	if r.Type == 2 {
		kind = 1
	}
	if r.Appeal {
		appeal = 1
	}
	if r.canAppeal() {
		can = 1
	}
	m := map[string]any{
		"order_id": json.Number(o.ID), "refund_id": json.Number(r.ID), "refund_type": strconv.Itoa(kind), "refund_apply_time": r.Created, "reason": r.Reason, "res_type": r.ResType,
		"is_appeal": appeal, "pictures": marshal(pictures), "apply_role": r.ApplyOp, "poi_can_appeal": can, "user_apply_type": r.ApplyType, "food": foods,
	}
	if r.Type == 2 {
		m["money"] = r.Money.String()
	}
	return m
}

func partnerRemind(c *partnerCall, t *change, o *Order) (bool, error) {
	for _, name := range []string{"remindId", "replyId", "replyContent"} {
		if _, err := c.need(name); err != nil {
			return false, err
		}
	}
	for i := range o.Reminders {
		r := &o.Reminders[i]
		if r.ID != c.get("remindId") {
			continue
		}
		if r.Replied > 0 {
			return false, errState
		}
		r.Replied, r.ReplyID, r.Reply = t.now, c.get("replyId"), c.get("replyContent")
		o.note(t.now, "商家回复催单：%s", r.Reply)
		return true, nil
	}
	return false, errState
}

// partnerNumbers answers real numbers once the privacy service was declared down; without a token, those
// of every bound store.
func partnerNumbers(riders bool) func(*partnerCall) (any, error) {
	return func(c *partnerCall) (any, error) {
		offset, err := c.number("degradOffset")
		if err != nil {
			return nil, err
		}
		limit, err := c.number("degradLimit")
		if err != nil {
			return nil, err
		}
		if limit < 1 || limit > 1000 || offset < 0 {
			return nil, badFormat("degradLimit")
		}
		s := c.s
		s.mu.Lock()
		defer s.mu.Unlock()
		var orders []*Order
		for _, o := range s.orders {
			if s.downgraded && o.Paid > s.clock.Now().Unix()-86400 && s.partnered(o.Store) && (c.st == nil || c.st.Code == o.Store) && (!riders || o.Delivery != nil && o.Delivery.Mobile != "") {
				orders = append(orders, o)
			}
		}
		sortOldest(orders)
		out := []any{}
		for _, o := range orders[min(offset, len(orders)):min(offset+limit, len(orders))] {
			m := map[string]any{"orderId": json.Number(o.ID), "orderIdView": json.Number(o.ID), "ePoiId": s.stores[o.Store].EPoiID, "daySeq": o.DaySeq}
			if riders {
				m["riderName"], m["riderRealPhoneNumber"] = o.Delivery.Name, cutAt(o.Delivery.Mobile)
			} else {
				m["realPhoneNumber"] = o.RealPhone
			}
			out = append(out, m)
		}
		return out, nil
	}
}

// partnerAnswered is an order as the queries answer it: the two moments are spelled in their own way, and the
// number of the day is a number by id and a text by number (kit for developers, Go, 2025).
func (s *Sim) partnerAnswered(o *Order, seq any) map[string]any {
	m := s.partnerOrder(o)
	m["daySeq"], m["cTime"], m["uTime"] = seq, m["ctime"], m["utime"]
	delete(m, "ctime")
	delete(m, "utime")
	return m
}

// partnerOrder is an order in the second platform's names: camelCase above, JSON strings with the first
// platform's names inside.
func (s *Sim) partnerOrder(o *Order) map[string]any {
	now := s.clock.Now().Unix()
	st := s.stores[o.Store]
	modules := o.missing(now)
	lost := func(m int) bool { return slices.Contains(modules, m) }
	detail, extras, receive, address := marshal(o.detail(true, true, s.config.OriginalPrices)), marshal(o.extras(true)), marshal(o.receive(false)), o.Address
	if o.Geocoded != "" {
		address += "@#" + o.Geocoded
	}
	if lost(0) {
		detail = ""
	}
	if lost(1) {
		extras = ""
	}
	if lost(4) {
		receive = ""
	}
	if lost(6) || s.config.HideAddressHours > 0 && o.Completed > 0 && now >= o.Completed+int64(s.config.HideAddressHours)*3600 {
		address = "为保护顾客隐私，地址已隐藏"
	}
	code, incomplete := *o.Logistics, 0
	if lost(7) {
		code = ""
	}
	if len(modules) > 0 {
		incomplete = -1
	}
	mode, pre := 0, 0
	if o.BagMoney > 0 {
		mode = 1
	}
	if o.DeliveryTime > 0 {
		pre = 1
	}
	income, _ := o.income()
	m := map[string]any{
		"orderId": json.Number(o.ID), "orderIdView": json.Number(o.ID), "ePoiId": st.EPoiID, "poiId": st.PoiID, "poiName": st.Name, "poiAddress": st.Address, "poiPhone": st.Phone,
		"status": s.shown(o), "daySeq": strconv.Itoa(o.DaySeq), "ctime": o.Created, "utime": max(o.Updated, o.Created), "orderSendTime": o.Paid, "orderConfirmTime": o.Confirmed,
		"orderCompletedTime": o.Completed, "orderCancelTime": o.Cancelled, "deliveryTime": o.DeliveryTime, "estimateArrivalTime": o.Estimate, "caution": o.fullCaution(),
		"recipientName": o.Name, "recipientPhone": o.Phone, "backupRecipientPhone": marshal(backup(o)), "recipientAddress": address,
		"latitude": o.Latitude, "longitude": o.Longitude, "shippingFee": javaDouble(*o.ShippingFee), "total": javaDouble(o.Total), "originalPrice": javaDouble(o.Original),
		"payType": 2, "pickType": o.PickType, "hasInvoiced": o.Invoiced, "invoiceTitle": o.InvoiceTitle, "taxpayerId": o.TaxpayerID, "dinnersNumber": o.Dinners,
		"isThirdShipping": 0, "logisticsCode": code, "shipperPhone": "", "isFavorites": o.Favourite, "isPoiFirstOrder": o.FirstOrder, "isPre": pre,
		"wmPoiReceiveCent": int64(income), "packageBagFeeInfo": map[string]any{"package_bag_mode": mode, "package_bag_fee": o.BagMoney, "package_bag_cart_detail": []any{}},
		"incmpCode": incomplete, "incmpModules": modules, "detail": detail, "extras": extras, "poiReceiveDetail": receive, "poiMealAssessmentTime": o.mealDue(s.config.MealWithin),
	}
	if d := o.Delivery; d != nil {
		l := logisticsName[*o.Logistics]
		maps.Copy(m, map[string]any{
			"shipperPhone": d.Mobile, "logisticsStatus": d.Status, "logisticsId": l.id, "logisticsName": l.name, "logisticsSendTime": d.SendAt, "logisticsConfirmTime": d.ConfirmAt,
			"logisticsCancelTime": d.CancelAt, "logisticsFetchTime": d.FetchAt, "logisticsCompletedTime": d.CompletedAt,
			"logisticsDispatcherName": d.Name, "logisticsDispatcherMobile": d.mobile(o, now),
		})
	}
	return m
}
