package meituan

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tongdan/tongdan/internal/sim"
)

// marshal writes JSON without escaping <, > and &, as the platform does.
func marshal(v any) string {
	b, err := sim.AppendJSON(nil, v)
	if err != nil {
		slog.Error("meituan simulator: a value has no JSON", "error", err)
		return "null"
	}
	return string(b)
}

// push queues a message; system parameters and signature are added when it is sent. Key is the order
// id, or something else that orders messages.
func (t *change) push(kind, key string, params []field) {
	if t.s.config.callbackURL(kind) == "" {
		return // nobody has asked for these
	}
	t.s.pusher.Send(t.Batch, key, kind, params)
}

// request signs a push over the configured URL and encodes it.
func (s *Sim) request(p sim.Push, forged bool) (*http.Request, error) {
	if strings.HasPrefix(p.Kind, partnerPrefix) {
		return s.partnerRequest(p, forged)
	}
	var params []field
	if err := json.Unmarshal(p.Content, &params); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	target := s.config.callbackURL(p.Kind)
	if target == "" {
		return nil, fmt.Errorf("no callback URL is configured for %s", p.Kind)
	}
	base, _, _ := strings.Cut(target, "?")
	params = append([]field{{"app_id", s.config.app}, {"timestamp", strconv.FormatInt(s.clock.Now().Unix(), 10)}}, params...)
	secret := s.config.secret
	if forged {
		secret += "x"
	}
	params = append(params, field{"sig", sign(base, params, secret)})
	body := wire(params, s.config.double(p.Kind))
	if s.config.method(p.Kind) == "GET" {
		return http.NewRequest("GET", base+"?"+body, nil)
	}
	req, err := http.NewRequest("POST", target, strings.NewReader(body))
	if err == nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded; charset=UTF-8")
	}
	return req, err
}

// accepted is {"data":"ok"} with HTTP 200. Anything else is a failure.
func accepted(p sim.Push, status int, body []byte) bool {
	if strings.HasPrefix(p.Kind, partnerPrefix) {
		return partnerAccepted(p, status, body)
	}
	var answer struct {
		Data string `json:"data"`
	}
	return status == http.StatusOK && json.Unmarshal(body, &answer) == nil && answer.Data == "ok"
}

// tried counts failed pushes and cancels the paid order that could not be delivered.
func (s *Sim) tried(p sim.Push, r sim.Result) {
	failed := !r.OK && r.Status+len(r.Error) > 0
	s.mu.Lock()
	defer s.mu.Unlock()
	o := s.orders[p.Key]
	if o == nil {
		return // about a store or the whole app, or forgotten
	}
	tooMany := s.window(o.Store, s.clock.Now().Unix(), failed)
	if !failed {
		return
	}
	_, err := s.locked(o.ID, "", func(t *change, o *Order) (bool, error) {
		o.PushFailed++
		o.note(t.now, "推送%s第%d次失败：%s", p.Kind, p.Attempt, failure(r))
		if st := s.stores[o.Store]; st != nil && tooMany {
			t.penalize(Penalty{Store: st.Code, Kind: "push_failures", Text: "5分钟内推送超过10次且失败率高于80%"})
			t.suspend(st, "5分钟内推送失败率高于80%，系统置休")
		}
		if r.Last && (p.Kind == PushPaid || p.Kind == PartnerNew) && o.waiting() && p.Attempt >= s.config.PushAttempts {
			t.cancel(o, reasonNotConfirmed, "推送失败，系统取消", bySystem, true)
			return true, nil
		}
		return false, nil
	})
	if err != nil {
		slog.Error("meituan simulator: a push's outcome is lost", "order", p.Key, "error", err)
	}
}

func failure(r sim.Result) string {
	if r.Error != "" {
		return r.Error
	}
	return "HTTP " + strconv.Itoa(r.Status)
}

// window notes an attempt and says whether the store's pushes of the last five minutes are over the
// limit: more than 10 and over 80 % failed. It is not kept over a restart.
func (s *Sim) window(store string, now int64, failed bool) bool {
	w := slices.DeleteFunc(s.attempts[store], func(a attempt) bool { return a.at <= now-300 })
	if len(w) >= 1000 {
		w = slices.Delete(w, 0, 1)
	}
	w = append(w, attempt{now, failed})
	s.attempts[store] = w
	bad := 0
	for _, a := range w {
		if a.failed {
			bad++
		}
	}
	if len(w) > 10 && bad*5 > len(w)*4 {
		delete(s.attempts, store) // once for each run of failures
		return true
	}
	return false
}

type attempt struct {
	at     int64
	failed bool
}

func (t *change) pushCancel(o *Order) {
	if t.s.partnered(o.Store) {
		t.tellCancel(o)
		return
	}
	t.push(PushCancelled, o.ID, []field{
		{"order_id", o.ID}, {"reason_code", strconv.Itoa(o.Reason)}, {"reason", o.ReasonText}, {"deal_op_type", strconv.Itoa(o.CancelBy)},
	})
}

func (t *change) pushDelivery(o *Order) {
	if t.s.partnered(o.Store) {
		t.tellDelivery(o)
		return
	}
	d := o.Delivery
	t.push(PushDelivery, o.ID, []field{
		{"order_id", o.ID}, {"wm_order_id_view", o.ID}, {"logistics_status", strconv.Itoa(d.Status)}, {"time", strconv.FormatInt(t.now, 10)},
		{"dispatcher_name", d.Name}, {"dispatcher_mobile", d.Mobile},
	})
}

// pushOrder sends the paid, confirmed or completed order: the fields that are always pushed and those
// that are subscribed.
func (t *change) pushOrder(kind string, o *Order) {
	if t.s.partnered(o.Store) {
		t.tellOrder(kind, o)
		return
	}
	if t.s.config.callbackURL(kind) == "" {
		return
	}
	t.push(kind, o.ID, t.s.orderFields(o, t.now))
}

func (s *Sim) orderFields(o *Order, now int64) []field {
	c := &s.config
	st := s.stores[o.Store]
	modules := o.missing(now)
	lost := func(m int) bool { return slices.Contains(modules, m) }
	var params []field
	add := func(k, v string) { params = append(params, field{k, v}) }
	subscribed := func(n int, k, v string) {
		if c.subscribed(n) {
			add(k, v)
		}
	}
	number := func(n int64) string { return strconv.FormatInt(n, 10) }

	add("order_id", o.ID)
	add("wm_order_id_view", o.ID)
	tags := o.Tags
	if tags == nil {
		tags = []int{}
	}
	add("order_tag_list", marshal(tags))
	add("app_poi_code", o.Store)
	add("wm_poi_id", number(st.PoiID))
	add("wm_poi_name", st.Name)
	add("wm_poi_address", st.Address)
	add("wm_poi_phone", st.Phone)
	address := o.Address
	if c.subscribed(FieldAddress) && o.Geocoded != "" {
		address += "@#" + o.Geocoded
	}
	if lost(6) {
		address = ""
	}
	add("recipient_address", address)
	add("recipient_phone", o.Phone)
	add("backup_recipient_phone", marshal(backup(o)))
	name := o.Name
	if name == "" && c.subscribed(FieldUserName) {
		name = "美团客人"
	}
	add("recipient_name", name)
	add("shipping_fee", o.ShippingFee.double())
	add("total", o.Total.double())
	add("original_price", o.Original.double())
	add("caution", o.fullCaution())
	shipper := ""
	if o.Delivery != nil {
		shipper = o.Delivery.Mobile
	}
	add("shipper_phone", shipper)
	add("status", strconv.Itoa(s.shown(o)))
	add("city_id", "999999")
	add("has_invoiced", strconv.Itoa(o.Invoiced))
	add("invoice_title", o.InvoiceTitle)
	subscribed(FieldTaxpayer, "taxpayer_id", o.TaxpayerID)
	add("ctime", number(o.Created))
	add("utime", number(now))
	add("delivery_time", number(o.DeliveryTime))
	subscribed(FieldEstimate, "estimate_arrival_time", number(o.Estimate))
	add("is_third_shipping", "0")
	add("pay_type", "2")
	subscribed(FieldPickType, "pick_type", strconv.Itoa(o.PickType))
	add("latitude", coordinate(o.Latitude))
	add("longitude", coordinate(o.Longitude))
	subscribed(FieldDaySeq, "day_seq", strconv.Itoa(o.DaySeq))
	subscribed(FieldFavourite, "is_favorites", strconv.FormatBool(o.Favourite))
	subscribed(FieldFirstOrder, "is_poi_first_order", strconv.FormatBool(o.FirstOrder))
	add("is_pre_sale_order", strconv.FormatBool(o.PreSale))
	subscribed(FieldDinners, "dinners_number", strconv.Itoa(o.Dinners))
	if lost(7) {
		subscribed(FieldLogistics, "logistics_code", "")
	} else {
		subscribed(FieldLogistics, "logistics_code", *o.Logistics)
	}
	if !lost(4) {
		subscribed(FieldReceive, "poi_receive_detail", marshal(o.receive(false)))
	}
	if !lost(5) {
		subscribed(FieldReceiveYuan, "poi_receive_detail_yuan", marshal(o.receive(true)))
	}
	if lost(0) {
		add("detail", "")
	} else {
		add("detail", marshal(o.detail(c.subscribed(FieldProperty), c.subscribed(FieldCart), c.OriginalPrices)))
	}
	if lost(1) {
		add("extras", "")
	} else {
		add("extras", marshal(o.extras(c.subscribed(FieldCostSplit))))
	}
	add("avg_send_time", "2712.0")
	subscribed(FieldBag, "package_bag_money", number(o.BagMoney))
	subscribed(FieldBagYuan, "package_bag_money_yuan", fen(o.BagMoney).String())
	weight := 0
	for _, l := range o.Detail {
		weight += l.Weight * l.Quantity
	}
	add("total_weight", strconv.Itoa(weight))
	if len(modules) > 0 {
		add("incmp_code", "-1")
	} else {
		add("incmp_code", "0")
	}
	add("incmp_modules", marshal(modules))
	more := make([]string, 0, len(o.More))
	for k := range o.More {
		more = append(more, k)
	}
	slices.Sort(more)
	for _, k := range more {
		add(k, o.More[k])
	}
	return params
}

// shown is the status that the merchant sees.
func (s *Sim) shown(o *Order) int {
	if o.Status == received && !s.config.ShowReceived {
		return pushed
	}
	return o.Status
}

// missing lists the modules that are unreadable now (incmp_modules).
func (o *Order) missing(now int64) []int {
	if o.Degraded == nil || now >= o.Degraded.Until {
		return []int{}
	}
	return o.Degraded.Modules
}

func backup(o *Order) []string {
	if o.Backup == nil {
		return []string{}
	}
	return o.Backup
}

func coordinate(f float64) string { return strconv.FormatFloat(f, 'f', 6, 64) }

// fullCaution is the remark with what the platform appends.
func (o *Order) fullCaution() string {
	parts := []string{}
	if o.Caution != "" {
		parts = append(parts, o.Caution)
	}
	if o.PickType == 1 {
		parts = append(parts, "到店自取")
	}
	if main, _, private := strings.Cut(o.Phone, "_"); private && len(main) == 11 {
		parts = append(parts, "收餐人隐私号 "+o.Phone+"，手机号 "+main[:3]+"****"+main[7:])
	}
	return strings.Join(parts, " ")
}

type lineJSON struct {
	FoodCode     string  `json:"app_food_code"`
	FoodName     string  `json:"food_name"`
	SKU          string  `json:"sku_id"`
	UPC          string  `json:"upc"`
	Quantity     int     `json:"quantity"`
	Price        fen     `json:"price"`
	Original     fen     `json:"original_price"`
	Actual       fen     `json:"actual_price"`
	BoxNum       int     `json:"box_num"`
	BoxPrice     fen     `json:"box_price"`
	Unit         string  `json:"unit"`
	FoodDiscount int     `json:"food_discount"`
	Property     *string `json:"food_property,omitempty"`
	Cart         *int    `json:"cart_id,omitempty"`
	Spec         string  `json:"spec"`
	Weight       int     `json:"weight"`
}

func (o *Order) detail(property, cart, originalPrices bool) []lineJSON {
	lines := make([]lineJSON, len(o.Detail))
	for i, l := range o.Detail {
		price := l.Price
		if originalPrices {
			price = l.Original
		}
		lines[i] = lineJSON{FoodCode: l.FoodCode, FoodName: l.FoodName, SKU: l.SKU, UPC: l.UPC, Quantity: l.Quantity, Price: price, Original: l.Original,
			Actual: l.Price, BoxNum: l.BoxNum, BoxPrice: l.BoxPrice, Unit: l.Unit, FoodDiscount: max(l.FoodDiscount, 1), Spec: l.Spec, Weight: l.Weight}
		if property {
			lines[i].Property = &l.Property
		}
		if cart {
			lines[i].Cart = &l.Cart
		}
	}
	return lines
}

// extras ends with an empty object, as seen on the real platform.
func (o *Order) extras(split bool) []any {
	out := []any{}
	for _, e := range o.Extras {
		m := map[string]any{"act_detail_id": e.Act, "reduce_fee": e.Reduce, "remark": e.Remark, "type": e.Type}
		if split {
			m["mt_charge"], m["poi_charge"] = e.ByMT, e.ByPoi
		}
		out = append(out, m)
	}
	return append(out, struct{}{})
}

// receive is poi_receive_detail in fen or, as the _yuan field has it, in yuan as text.
func (o *Order) receive(yuan bool) map[string]any {
	amount := func(f fen) any {
		if yuan {
			return f.String()
		}
		return int64(f)
	}
	key := "moneyCent"
	if yuan {
		key = "money"
	}
	charges := func(share func(Extra) fen) []any {
		out := []any{}
		for _, e := range o.Extras {
			if f := share(e); f > 0 {
				out = append(out, map[string]any{"comment": e.Remark, "feeTypeDesc": "活动款", "feeTypeId": 10019, key: amount(f)})
			}
		}
		return out
	}
	income, fee := o.income()
	m := map[string]any{
		"actOrderChargeByMt":      charges(func(e Extra) fen { return e.ByMT }),
		"actOrderChargeByPoi":     charges(func(e Extra) fen { return e.ByPoi }),
		"foodShareFeeChargeByPoi": amount(fee), "logisticsFee": amount(*o.ShippingFee), "onlinePayment": amount(o.Total),
		"reconciliationExtras": `{"chargeMode":1}`,
	}
	if yuan {
		m["poiReceive"] = amount(income)
	} else {
		m["wmPoiReceiveCent"] = amount(income)
	}
	return m
}

// Probe is the outcome of one liveness probe.
type Probe struct {
	At     int64  `json:"at"`
	Kind   string `json:"kind"`
	Status int    `json:"status"` // HTTP status, 0 without an answer
	Error  string `json:"error,omitempty"`
}

// ProbeAll calls the URLs of paid order, cancel, refund and delivery status with empty parameters, as
// the platform does every minute, in the background; Clock.Settle waits for it. Any HTTP 200 is
// well.
func (s *Sim) ProbeAll() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, kind := range probed {
		if target := s.config.callbackURL(kind); target != "" && !s.closed {
			release := s.clock.Hold()
			go func() {
				defer release()
				s.probe(kind, target)
			}()
		}
	}
}

func (s *Sim) probe(kind, target string) {
	p := Probe{At: s.clock.Now().Unix(), Kind: kind}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, "POST", target, nil)
	if err == nil {
		var resp *http.Response
		if resp, err = http.DefaultClient.Do(req); err == nil {
			io.Copy(io.Discard, io.LimitReader(resp.Body, 64<<10))
			resp.Body.Close()
			p.Status = resp.StatusCode
		}
	}
	if err != nil {
		p.Error = err.Error()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.probes = append(s.probes, p)
	if len(s.probes) > 200 {
		s.probes = slices.Delete(s.probes, 0, len(s.probes)-200)
	}
}

// Probes returns the outcome of the last liveness probes, oldest first.
func (s *Sim) Probes() []Probe {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Probe{}, s.probes...)
}
