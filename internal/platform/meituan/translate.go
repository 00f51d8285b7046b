package meituan

import (
	"encoding/json"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/internal/mutant"
	"github.com/tongdan/tongdan/money"
	"github.com/tongdan/tongdan/order"
)

// told is what one message says.
type told struct {
	ref      order.Ref
	readings []order.Reading
	hints    []order.Hint

	version int64   // of an order
	trouble trouble // what could not be read of it
}

// source says how good a message is and when it came.
type source struct {
	class order.Class
	at    time.Time // by the trade's clock
}

func (s source) stamp(version int64) order.Stamp {
	return order.Stamp{Version: version, Class: s.class, Read: s.at.UnixMilli()}
}

// partial is the stamp of a register that lacks a part: it holds only while nothing
// better is known, whatever its version.
func (s source) partial() order.Stamp {
	return order.Stamp{Class: order.ClassPartial, Read: s.at.UnixMilli()}
}

var errNoIdentity = &fault.Error{Op: "meituan.read", Code: fault.Invalid, Why: fault.Because("message_names_no_order", "the message names no order (order_id is missing)")}

func orderRef(id string) order.Ref { return order.Ref{Realm: Realm, Kind: order.KindOrder, ID: id} }

// settle is how long Meituan is given until a read shows what a push announced.
const settle = 5 * time.Second

func (s source) hint(id, why string) order.Hint {
	return order.Hint{Ref: orderRef(id), After: s.at.Add(settle).UnixMilli(), Why: why}
}

// translateOrder reads an order as the pushes (fields of a form) and getOrderDetail
// (members of an object) carry it: the names are the same. A field that is absent says
// nothing: many are pushed only when subscribed.
func translateOrder(f form, src source) (told, error) {
	id := f.id("order_id")
	if id == "" {
		return told{}, errNoIdentity
	}
	var t trouble
	var r order.Record
	version := max(f.millis("utime", src.at, soon, &t), f.millis("ctime", src.at, soon, &t))
	if at := envelope(f, src); at > 0 && mutant.On(mutant.EnvelopeVersion) {
		version = at
	}
	st := src.stamp(version)
	incomplete := missing(f)

	if shop := f.get("app_poi_code"); shop != "" && len(shop) <= 128 {
		order.Put(&r, order.RegShop, st, shop)
	}
	putHead(&r, f, src, version)
	putTimes(&r, f, src, version, &t)
	if !incomplete.bill {
		putBill(&r, f, src, version, &t)
	}
	putCustomer(&r, f, src, version)
	if f.has("caution") {
		order.Put(&r, order.RegRemark, st, remark(f.get("caution")))
	}
	if f.get("has_invoiced") == "1" && f.get("invoice_title") != "" {
		order.Put(&r, order.RegInvoice, st, order.Invoice{Title: f.get("invoice_title"), TaxID: f.get("taxpayer_id")})
	}
	putTags(&r, f, st, &t)
	sayStatus(&r, f, src, version, &t)
	sayRider(&r, f, src, version, &t)

	if f.has("detail") || f.has("incmp_code") {
		ps := st
		if incomplete.any {
			ps.Class = order.ClassPartial
		}
		order.Put(&r, order.RegPartial, ps, incomplete.any)
		order.Put(&r, order.RegTrouble, st, append([]order.Issue{}, t...))
	}
	out := told{ref: orderRef(id), version: version, trouble: t}
	reading := order.Reading{Ref: out.ref, Record: r}
	if view := f.id("wm_order_id_view"); view != "" && view != id {
		reading.Aliases = []string{view}
	}
	out.readings = []order.Reading{reading}
	return out, nil
}

// gaps is what Meituan says is missing for now.
type gaps struct{ any, bill bool }

// missing reads incmp_code: -1 when Meituan degraded the message (降级), with the modules
// that it left out.
func missing(f form) gaps {
	if f.get("incmp_code") != "-1" {
		return gaps{}
	}
	var t trouble
	g := gaps{any: true}
	modules := array[text](f["incmp_modules"], "incmp_modules", &t)
	for _, m := range modules {
		switch m {
		case "0", "1", "2", "11", "12", "13", "14", "15": // goods, discounts, basic fields
			g.bill = true
		}
	}
	g.bill = g.bill || len(modules) == 0
	return g
}

// putHead writes the head. One without the subscribed fields is partial.
func putHead(r *order.Record, f form, src source, version int64) {
	h := order.Head{Display: f.get("wm_order_id_view"), Kind: order.Takeaway}
	if h.Display == "" {
		h.Display = f.id("order_id")
	}
	if seq := f.get("day_seq"); seq != "0" { // 0 while unpaid
		h.DaySeq = seq
	}
	st := src.partial()
	if f.has("logistics_code") && f.has("day_seq") {
		st = src.stamp(version)
	}
	if f.has("logistics_code") || f.get("pick_type") == "1" {
		h.Logistics = logistics(f.get("logistics_code"), f.get("pick_type") == "1")
	}
	if f.has("detail") || f.has("day_seq") {
		order.Put(r, order.RegHead, st, h)
	}
}

// putTimes writes the milestones. getOrderDetail says when an order was paid; a push does
// not, but a paid push's utime is that moment: nothing else has happened to it. Later
// pushes do not know it and are partial, or they would take it away.
func putTimes(r *order.Record, f form, src source, version int64, t *trouble) {
	tm := order.Times{
		Placed:    f.millis("ctime", src.at, soon, t),
		Paid:      f.millis("order_send_time", src.at, soon, t),
		Promised:  f.millis("delivery_time", src.at, later, t),
		Estimated: f.millis("estimate_arrival_time", src.at, later, t),
		MealBy:    f.millis("poi_meal_assessment_time", src.at, later, t),
	}
	if tm == (order.Times{}) {
		return
	}
	if tm.Paid == 0 && f.get("status") == "2" && src.class == order.ClassCreated {
		tm.Paid = f.millis("utime", src.at, soon, t)
	}
	st := src.partial()
	if tm.Paid != 0 || f.get("status") == "1" {
		st = src.stamp(version)
	}
	order.Put(r, order.RegTimes, st, tm)
}

// putBill writes lines and money. Definition (open platform documents, user side):
//
//	original_price = Σ price before discount × quantity + Σ box_price × box_num + shipping_fee + bag
//	total          = original_price − Σ extras[].reduce_fee
//
// so lines count at their original price here, and every discount stands in extras, also
// those on single items. Where detail has no original_price, price stands in, and the
// discounts on items are inside it: see inPrice.
func putBill(r *order.Record, f form, src source, version int64, t *trouble) {
	total := f.yuan("total", t)
	if total == nil || strings.TrimSpace(f["detail"]) == "" {
		return
	}
	before := len(*t)
	lines := array[wireLine](f["detail"], "detail", t)
	if len(lines) == 0 && len(*t) > before {
		return // detail cannot be read at all: no bill rather than an empty one
	}
	b := order.Bill{Lines: []order.Line{}, Total: *total, Delivery: f.yuan("shipping_fee", t), Income: income(f, t)}
	zero := money.Of(0, CNY)
	boxes, options := zero, false
	for i, w := range lines {
		l, box := line(i, w, t)
		b.Lines = append(b.Lines, l)
		if box != nil {
			boxes, _ = boxes.Add(*box)
		}
		options = options || w.Property != nil
	}
	b.Packing = &boxes
	bag := fen(f["package_bag_money"], "package_bag_money", t)
	if bag == nil {
		bag = f.yuan("package_bag_money_yuan", t)
	}
	if bag != nil && !bag.IsZero() {
		b.Fees = []order.Fee{{Name: "打包袋", Amount: *bag}}
	}
	for i, e := range array[wireExtra](f["extras"], "extras", t) {
		path := "extras." + strconv.Itoa(i+1)
		amount := yuan(string(e.Reduce), path+".reduce_fee", t)
		if amount == nil {
			continue // the array ends with an empty object, or one with rider_fee only
		}
		d := order.Discount{Name: clip(string(e.Remark), maxText), Kind: string(e.Type), Amount: *amount, Merchant: zero, Platform: zero}
		if p := yuan(string(e.Mine), path+".poi_charge", t); p != nil {
			d.Merchant = *p
		}
		if p := yuan(string(e.Theirs), path+".mt_charge", t); p != nil {
			d.Platform = *p
		}
		b.Discounts = append(b.Discounts, d)
	}
	if original := f.yuan("original_price", t); original != nil {
		b.Discounts = inPrice(b, lines, *original)
	}
	// Options of dishes and the bag are pushed only when subscribed. A bill without them
	// must not hide one that has them: a push's holds only while nothing better is known, a
	// read's gives way to a whole one of the same moment, and neither is "as sold".
	st := src.stamp(version)
	if options && bag != nil {
		order.Put(r, order.RegBill, st, b)
		st.Version = -version
		r.PutAgain(order.RegBill, order.RegSold, st)
		return
	}
	if st.Class = order.ClassPartial; src.class != order.ClassRead {
		st = src.partial()
	}
	order.Put(r, order.RegBill, st, b)
}

// subscribed reports whether a message has the fields that are pushed only when subscribed
// and without which an order cannot be worked on.
func subscribed(f form) bool {
	return f.has("logistics_code") && f.has("day_seq") && (f.has("package_bag_money") || f.has("package_bag_money_yuan")) &&
		strings.Contains(f["detail"], `"food_property"`)
}

// itemDiscounts are the types of extras that lower the price of a dish: 特价菜, 折扣商品,
// 会员折扣, 新客折扣菜, 闪购爆品.
var itemDiscounts = []string{"7", "17", "33", "41", "56"}

// inPrice gives the discounts without those that are inside the lines' prices already: when
// no line tells its original price, and what is missing up to the order's original_price
// is exactly their sum.
func inPrice(b order.Bill, lines []wireLine, original money.Amount) []order.Discount {
	if slices.ContainsFunc(lines, func(w wireLine) bool { return w.Original != "" }) {
		return b.Discounts
	}
	before := b
	before.Discounts, before.Total = nil, original
	gap, err := before.Difference()
	inside := money.Of(0, CNY)
	for _, d := range b.Discounts {
		if slices.Contains(itemDiscounts, d.Kind) {
			inside, _ = inside.Add(d.Amount)
		}
	}
	if err != nil || gap.IsZero() || gap != inside {
		return b.Discounts
	}
	return slices.DeleteFunc(slices.Clone(b.Discounts), func(d order.Discount) bool { return slices.Contains(itemDiscounts, d.Kind) })
}

func line(i int, w wireLine, t *trouble) (order.Line, *money.Amount) {
	path := "detail." + strconv.Itoa(i+1)
	l := order.Line{Key: strconv.Itoa(i + 1), Name: clip(string(w.Name), maxText), SKU: clip(string(w.SKU), 128), Ref: clip(string(w.Food), 128),
		Unit: clip(string(w.Unit), 64), Spec: clip(string(w.Spec), maxText)}
	n, err := whole(string(w.Quantity))
	if err != nil {
		t.add(path+".quantity", fault.Because("unread_count", "this is not a number of pieces that can be"))
	}
	l.Quantity = n
	zero := money.Of(0, CNY)
	price, original := yuan(string(w.Price), path+".price", t), yuan(string(w.Original), path+".original_price", t)
	l.Price, l.Original = zero, original
	switch {
	case price != nil:
		l.Price = *price
	case original != nil:
		l.Price = *original
	}
	each := l.Price
	if original != nil {
		each = *original
	}
	if l.Total, err = each.Mul(n); err != nil {
		t.add(path+".price", fault.Because("unread_sum_large", "this amount is too large"))
		l.Total = zero
	}
	if w.Property != nil {
		for _, o := range strings.Split(string(*w.Property), ",") {
			if o = strings.TrimSpace(o); o != "" && len(l.Options) < 50 {
				l.Options = append(l.Options, clip(o, 200))
			}
		}
	}
	if p, err := whole(string(w.Cart)); err == nil {
		l.Pocket = int(p)
	}
	if w.BoxPrice != "" && w.BoxNum != "" {
		if p := yuan(string(w.BoxPrice), path+".box_price", t); p != nil {
			if sum, ok := times(*p, string(w.BoxNum)); !ok {
				t.add(path+".box_num", fault.Because("unread_number", "this is not a number that can be read"))
			} else {
				l.Packing = &sum
			}
		}
	}
	return l, l.Packing
}

// income is what Meituan says will reach the merchant, reckoned at order time; the bill at
// completion may differ.
func income(f form, t *trouble) *money.Amount {
	var d struct {
		Fen  text `json:"wmPoiReceiveCent"`
		Yuan text `json:"poiReceive"`
	}
	if s := f["poi_receive_detail"]; s != "" && json.Unmarshal([]byte(s), &d) == nil && d.Fen != "" {
		return fen(string(d.Fen), "poi_receive_detail.wmPoiReceiveCent", t)
	}
	if s := f["poi_receive_detail_yuan"]; s != "" && json.Unmarshal([]byte(s), &d) == nil {
		return yuan(string(d.Yuan), "poi_receive_detail_yuan.poiReceive", t)
	}
	return nil
}

// putCustomer writes name, phone and address. What Meituan masked or hid (an address, some
// hours after completion) is absent.
func putCustomer(r *order.Record, f form, src source, version int64) {
	c := order.Customer{Name: f.get("recipient_name"), Phone: f.get("recipient_phone")}
	switch {
	case strings.Contains(c.Phone, "*"):
		c.Phone = ""
	case strings.ContainsAny(c.Phone, "_,"):
		c.PhoneKind = "privacy"
	case c.Phone != "":
		c.PhoneKind = "real"
	}
	// typed@#reverse-geocoded
	typed, geocoded, _ := strings.Cut(f.get("recipient_address"), "@#")
	if !strings.Contains(typed, "*") && !strings.Contains(typed, "地址已隐藏") {
		c.Address, c.Detail = typed, geocoded
	}
	c.Lat, c.Lng = degrees(f.get("latitude"), 90), degrees(f.get("longitude"), 180)
	if c.Phone == "" && c.Address == "" {
		return
	}
	st := src.partial()
	if c.Phone != "" && (c.Address != "" || f.get("pick_type") == "1") {
		st = src.stamp(version)
	}
	order.Put(r, order.RegCustomer, st, c)
}

// degrees reads a coordinate; newer documents multiply by a million.
func degrees(s string, limit float64) float64 {
	v, err := strconv.ParseFloat(s, 64)
	if err != nil || v != v {
		return 0
	}
	if v > limit || v < -limit {
		v /= 1e6
	}
	if v > limit || v < -limit {
		return 0
	}
	return v
}

// Meituan appends the privacy number to the remark; it is the customer's phone again and
// no wish of theirs.
var privacyTail = regexp.MustCompile(`\s*【?收餐人隐私号\s*[0-9_,*]+\s*[，,]\s*手机号\s*[0-9*]+】?`)

func remark(s string) string { return strings.TrimSpace(privacyTail.ReplaceAllString(s, "")) }

func putTags(r *order.Record, f form, st order.Stamp, t *trouble) {
	if !f.has("order_tag_list") && !f.has("dinners_number") && !f.has("is_poi_first_order") {
		return
	}
	tags := []string{}
	for _, n := range array[text](f["order_tag_list"], "order_tag_list", t) {
		switch n {
		case "8":
			tags = append(tags, "处方药")
		case "23":
			tags = append(tags, "医保")
		default:
			tags = append(tags, "标签"+clip(string(n), 32))
		}
	}
	if f.get("is_poi_first_order") == "true" {
		tags = append(tags, "门店新客")
	}
	if f.get("is_favorites") == "true" {
		tags = append(tags, "收藏门店")
	}
	if c := cutlery(clip(f.get("dinners_number"), 8)); c != "" {
		tags = append(tags, c)
	}
	slices.Sort(tags)
	order.Put(r, order.RegTags, st, slices.Compact(tags))
}

// sayStatus says what the status is and, from a read, what it was when.
func sayStatus(r *order.Record, f form, src source, version int64, t *trouble) {
	status := clip(f.get("status"), 16)
	if status == "" {
		status = clip(f.get("order_status"), 16)
	}
	say := func(word string, at int64) {
		r.Say(order.AxisWork, order.Said{State: word, At: at, Class: src.class})
	}
	sent := f.millis("order_send_time", src.at, soon, t)
	for _, h := range []struct{ word, field string }{
		{"3", "order_receive_time"}, {"4", "order_confirm_time"}, {"8", "order_completed_time"},
	} {
		if at := f.millis(h.field, src.at, soon, t); at > 0 {
			say(h.word, at)
		}
	}
	if sent > 0 {
		say("2", sent)
	}
	cancelled := f.millis("order_cancel_time", src.at, soon, t)
	if cancelled > 0 && status == "9" {
		say("9", cancelled)
	}
	say(status, version)
	switch {
	case sent > 0, status == "2", status == "3", status == "4", status == "6", status == "7", status == "8",
		f.id("day_seq") != "": // paid orders only have one
		at := sent
		if at == 0 && status == "2" {
			at = version
		}
		r.Say(order.AxisPayment, order.Said{State: "2", At: at, Class: src.class})
	case status == "1":
		r.Say(order.AxisPayment, order.Said{State: "1", At: version, Class: src.class})
	}
	// A store that delivers itself: without a moment, so that anything dated holds against it.
	if word := map[string]string{"6": wordOnTheWay, "7": wordDelivered}[status]; word != "" {
		r.Say(order.AxisDelivery, order.Said{State: word, Class: src.class})
	}
}

// sayRider says what getOrderDetail with is_mt_logistics=1 tells of the rider.
func sayRider(r *order.Record, f form, src source, version int64, t *trouble) {
	status := clip(f.get("logistics_status"), 16)
	if status == "" {
		return
	}
	name := clip(f.get("logistics_dispatcher_name"), 200)
	latest := int64(0)
	known := map[string]int64{}
	for _, h := range []struct{ word, field string }{
		{"0", "logistics_send_time"}, {"10", "logistics_confirm_time"}, {"20", "logistics_fetch_time"},
		{"40", "logistics_completed_time"}, {"100", "logistics_cancel_time"},
	} {
		at := f.millis(h.field, src.at, soon, t)
		if at == 0 {
			continue
		}
		known[h.word], latest = at, max(latest, at)
		said := order.Said{State: h.word, At: at, Class: src.class}
		if h.word == "10" || h.word == "20" || h.word == "40" {
			said.Who = name
		}
		r.Say(order.AxisDelivery, said)
	}
	if latest == 0 {
		return // nothing was sent to delivery: 0 is then no statement
	}
	// 15 has no time of its own, and a state can be newer than the last time: it holds since
	// the order was last changed, at the earliest since the last time.
	at := known[status]
	if at < latest || at == 0 {
		at = max(latest, version)
	}
	// Times are whole seconds, and a rider can accept and give up within one. What is read
	// when the second is over is how it ended, whatever was pushed of it.
	if src.at.UnixMilli() >= at+1000 {
		at += 999
	}
	said := order.Said{State: status, At: at, Class: src.class}
	if status != "0" && status != "5" && status != "100" {
		said.Who = name
	}
	r.Say(order.AxisDelivery, said)
	putRider(r, name, f.get("logistics_dispatcher_mobile"), src.stamp(max(latest, version)))
}

func putRider(r *order.Record, name, phone string, st order.Stamp) {
	if phone = clip(phone, 64); strings.Contains(phone, "*") {
		phone = ""
	}
	if name != "" || phone != "" {
		order.Put(r, order.RegRider, st, order.Rider{Name: name, Phone: phone})
	}
}

// envelope is the push's own timestamp: no version, only a place in the timeline for
// what has no time of its own.
func envelope(f form, src source) int64 {
	var t trouble
	return f.millis("timestamp", src.at, soon, &t)
}

// translateCancel reads order/cancelled. The reason and who it was are in no read.
func translateCancel(f form, src source) (told, error) {
	id := f.id("order_id")
	if id == "" {
		return told{}, errNoIdentity
	}
	var r order.Record
	r.Say(order.AxisWork, order.Said{State: "9", At: envelope(f, src), Class: src.class,
		Who: who[f.get("deal_op_type")], Why: clip(strings.TrimSpace(f.get("reason_code")+" "+f.get("reason")), 300)})
	h := src.hint(id, "order/cancelled")
	h.IfUnknown = true // the paid push may have been lost
	return told{ref: orderRef(id), readings: []order.Reading{{Ref: orderRef(id), Record: r}}, hints: []order.Hint{h}}, nil
}

// translateDelivery reads delivery/status and delivery/self.
func translateDelivery(f form, src source) (told, error) {
	id := f.id("order_id")
	if id == "" {
		id = f.id("order_view_id") // the variant of self-delivery; the same number in current documents
	}
	if id == "" {
		return told{}, errNoIdentity
	}
	var t trouble
	at := f.millis("time", src.at, soon, &t)
	if at == 0 {
		at = f.millis("operate_time", src.at, soon, &t)
	}
	out := told{ref: orderRef(id)}
	status := clip(f.get("logistics_status"), 16)
	if at == 0 || status == "" {
		out.hints = []order.Hint{src.hint(id, "delivery/status without time")}
		return out, nil
	}
	var r order.Record
	name := clip(f.get("dispatcher_name"), 200)
	r.Say(order.AxisDelivery, order.Said{State: status, At: at, Class: src.class, Who: name})
	putRider(&r, name, f.get("dispatcher_mobile"), src.stamp(at))
	reading := order.Reading{Ref: out.ref, Record: r}
	if view := f.id("wm_order_id_view"); view != "" && view != id {
		reading.Aliases = []string{view}
	}
	out.readings = []order.Reading{reading}
	if status == "100" { // sent out again, perhaps within the same second: the read says what holds
		out.hints = []order.Hint{src.hint(id, "delivery cancelled")}
	}
	return out, nil
}

// translateReminder reads reminder. Its time is our assumption; no read returns it.
func translateReminder(f form, src source) (told, error) {
	id := f.id("order_id")
	if id == "" {
		return told{}, errNoIdentity
	}
	var t trouble
	at := f.millis("remind_time", src.at, soon, &t)
	if at == 0 {
		at = envelope(f, src)
	}
	key := f.id("remind_id")
	if key == "" {
		key = "at-" + strconv.FormatInt(at, 10)
	}
	var kid, r order.Record
	order.Put(&kid, order.RegReminder, src.stamp(0), order.Reminder{At: at, Text: f.get("remind_content")})
	r.Kid(order.KidReminder+key, kid)
	return told{ref: orderRef(id), readings: []order.Reading{{Ref: orderRef(id), Record: r}}}, nil
}

// translateSettlement reads order/settlement: what has been settled for an order, in fen. Its other
// fields are not public; one without an amount is kept and says nothing.
func translateSettlement(f form, src source) (told, error) {
	id := f.id("order_id")
	if id == "" {
		return told{}, errNoIdentity
	}
	out := told{ref: orderRef(id)}
	fen, err := strconv.ParseInt(f.get("settleAmount"), 10, 64)
	if err != nil {
		return out, nil
	}
	var r order.Record
	order.Put(&r, order.RegSettled, src.stamp(0), order.Settled{Amount: money.Of(fen, "CNY"), At: envelope(f, src)})
	out.readings = []order.Reading{{Ref: out.ref, Record: r}}
	return out, nil
}
