package meituan

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/tongdan/tongdan/internal/sim"
)

// actArgs are the arguments of all acts; each uses its own.
type actArgs struct {
	Reason     string   `json:"reason"`
	ReasonCode int      `json:"reason_code"`
	Items      []wanted `json:"items"` // none: the whole order
	Pictures   []string `json:"pictures"`
	By         string   `json:"by"` // ask_refund: "service" asks for the buyer
	Agree      *bool    `json:"agree"`
	Name       string   `json:"name"`
	Mobile     string   `json:"mobile"`
	Modules    []int    `json:"modules"`
	Minutes    int      `json:"minutes"`
	Status     int      `json:"status"`   // mark_slow
	Score      int      `json:"score"`    // comment
	EPoiID     string   `json:"e_poi_id"` // bind of a store
}

var (
	waitingNow = []string{"2", "3"}
	openNow    = []string{"4", "6"}
	refundNow  = []string{"2", "3", "4", "6", "8"}
)

// acts is what can be done to an order from the backstage.
var acts = []struct {
	sim.Act
	do func(t *change, o *Order, a actArgs) error
}{
	{sim.Act{Name: "pay", Zh: "支付", En: "Pay", Who: "buyer", When: []string{"1"}}, func(t *change, o *Order, _ actArgs) error {
		if o.Status != submitted {
			return fmt.Errorf("order %s is %s, only an unpaid one can be paid", o.ID, statusText[o.Status])
		}
		t.pay(o)
		return nil
	}},
	{sim.Act{Name: "buyer_cancel", Zh: "顾客取消", En: "Buyer cancels", Who: "buyer", When: []string{"1", "2", "3"}, Args: json.RawMessage(`{"reason":""}`)}, func(t *change, o *Order, a actArgs) error {
		switch {
		case o.Status == submitted:
			t.cancel(o, reasonBuyerUnpaid, a.Reason, byUser, false)
		case o.waiting():
			t.cancel(o, reasonBuyer, a.Reason, byUser, true)
		default:
			return fmt.Errorf("order %s is %s: after the merchant accepted, the buyer must ask_refund", o.ID, statusText[o.Status])
		}
		return nil
	}},
	{sim.Act{Name: "ask_refund", Zh: "申请退款", En: "Ask refund", Who: "buyer", When: refundNow, Args: json.RawMessage(`{"reason":"商品少送","items":[]}`)}, func(t *change, o *Order, a actArgs) error {
		by := byUser
		if a.By == "service" {
			by = byService
		}
		var want []wanted
		if len(a.Items) > 0 {
			want = a.Items
		}
		reason := a.Reason
		if reason == "" {
			reason = pickOne(t.s, reasons)
		}
		return t.ask(o, want, reason, a.Pictures, by)
	}},
	{sim.Act{Name: "withdraw_refund", Zh: "撤回退款", En: "Withdraw refund", Who: "buyer", When: refundNow}, func(t *change, o *Order, _ actArgs) error {
		r := o.openCase()
		if r == nil {
			return fmt.Errorf("order %s has no open refund case", o.ID)
		}
		r.State, r.ResType, r.Updated, r.Deadline = caseWithdrawn, 7, t.now, 0
		if r.Appeal {
			r.ResType = 8
		}
		o.note(t.now, "用户撤回退款")
		t.pushRefund(o, r)
		return nil
	}},
	{sim.Act{Name: "appeal", Zh: "申诉", En: "Appeal", Who: "buyer", When: refundNow, Args: json.RawMessage(`{"reason":"商家不同意"}`)}, func(t *change, o *Order, a actArgs) error {
		r := o.lastCase()
		if r == nil || r.State != caseRejected || r.ResType != 1 || r.Appealed {
			return fmt.Errorf("order %s has no refund that the merchant refused and nobody appealed", o.ID)
		}
		r.State, r.ResType, r.Appeal, r.Appealed, r.ApplyType, r.Updated = caseOpen, resWaiting, true, true, 6, t.now
		if a.Reason != "" {
			r.Reason = a.Reason
		}
		o.note(t.now, "用户申诉，平台介入")
		t.pushRefund(o, r)
		return nil
	}},
	{sim.Act{Name: "remind", Zh: "催单", En: "Remind", Who: "buyer", When: []string{"2", "3", "4", "6"}}, func(t *change, o *Order, _ actArgs) error {
		if !o.waiting() && !o.open() || len(o.Reminders) >= 50 {
			return fmt.Errorf("order %s is %s: only an order under way can be urged, at most 50 times", o.ID, statusText[o.Status])
		}
		r := Reminder{ID: t.newID(), At: t.now}
		o.Reminders = append(o.Reminders, r)
		o.note(t.now, "用户催单")
		if t.s.partnered(o.Store) {
			t.tell(PartnerReminder, o.ID, t.s.stores[o.Store], "pushOrderRemind", map[string]any{"orderId": json.Number(o.ID), "remindId": json.Number(r.ID)})
			return nil
		}
		t.push(PushReminder, o.ID, []field{{"order_id", o.ID}, {"remind_id", r.ID}, {"remind_time", fmt.Sprint(t.now)}})
		return nil
	}},
	{sim.Act{Name: "rider_accept", Zh: "骑手接单", En: "Rider accepts", Who: "rider", When: openNow, Args: json.RawMessage(`{"name":"","mobile":""}`)}, rider(riderAccepted)},
	{sim.Act{Name: "rider_arrive", Zh: "骑手到店", En: "Rider arrives", Who: "rider", When: openNow}, rider(riderAtStore)},
	{sim.Act{Name: "rider_collect", Zh: "骑手取餐", En: "Rider collects", Who: "rider", When: openNow}, rider(riderCollected)},
	{sim.Act{Name: "rider_deliver", Zh: "骑手送达", En: "Rider delivers", Who: "rider", When: openNow}, rider(riderDelivered)},
	{sim.Act{Name: "rider_cancel", Zh: "骑手取消", En: "Rider cancels", Who: "rider", When: openNow}, rider(riderCancelled)},
	{sim.Act{Name: "rider_hold", Zh: "压单", En: "Delivery holds", Who: "rider", When: openNow}, rider(heldByDelivery)},
	{sim.Act{Name: "redispatch", Zh: "重新派单", En: "Dispatch again", Who: "platform", When: openNow}, func(t *change, o *Order, _ actArgs) error {
		if !o.open() || selfDelivery(*o.Logistics) || o.Delivery != nil && o.Delivery.Status != riderCancelled {
			return fmt.Errorf("order %s cannot be dispatched: it must be accepted, on Meituan delivery, and have no rider order under way", o.ID)
		}
		t.dispatch(o)
		return nil
	}},
	{sim.Act{Name: "accept_in_app", Zh: "商家端接单", En: "Accept in Meituan's app", Who: "merchant", When: waitingNow}, func(t *change, o *Order, _ actArgs) error {
		if !o.waiting() {
			return fmt.Errorf("order %s is %s, it cannot be accepted", o.ID, statusText[o.Status])
		}
		t.confirm(o, "美团商家端")
		return nil
	}},
	{sim.Act{Name: "cancel_in_app", Zh: "商家端取消", En: "Cancel in Meituan's app", Who: "merchant", When: []string{"2", "3", "4", "6"}, Args: json.RawMessage(`{"reason_code":2008}`)}, func(t *change, o *Order, a actArgs) error {
		return t.cancelFor(o, a, reasonMerchant, 2001, 2016, byClient)
	}},
	{sim.Act{Name: "agree_in_app", Zh: "商家端同意退款", En: "Agree in Meituan's app", Who: "merchant", When: refundNow}, func(t *change, o *Order, a actArgs) error {
		return t.decide(o, true, false, 2, a.Reason)
	}},
	{sim.Act{Name: "reject_in_app", Zh: "商家端拒绝退款", En: "Refuse in Meituan's app", Who: "merchant", When: refundNow, Args: json.RawMessage(`{"reason":"餐品已送达"}`)}, func(t *change, o *Order, a actArgs) error {
		return t.decide(o, false, false, 1, a.Reason)
	}},
	{sim.Act{Name: "service_cancel", Zh: "客服取消", En: "Service cancels", Who: "platform", When: []string{"2", "3", "4", "6"}, Args: json.RawMessage(`{"reason_code":1204}`)}, func(t *change, o *Order, a actArgs) error {
		return t.cancelFor(o, a, reasonService, 1201, 1301, byService)
	}},
	{sim.Act{Name: "rule_appeal", Zh: "客服裁决", En: "Service rules", Who: "platform", When: refundNow, Args: json.RawMessage(`{"agree":true}`)}, func(t *change, o *Order, a actArgs) error {
		if a.Agree == nil {
			return errors.New(`rule_appeal needs {"agree":true} or {"agree":false}`)
		}
		resType := 3
		if *a.Agree {
			resType = 4
		}
		return t.decide(o, *a.Agree, true, resType, a.Reason)
	}},
	{sim.Act{Name: "rule_merchant_appeal", Zh: "裁决商家申诉", En: "Rule on the merchant's appeal", Who: "platform", Args: json.RawMessage(`{"agree":true}`)}, func(t *change, o *Order, a actArgs) error {
		return t.ruleAppeal(o, a)
	}},
	{sim.Act{Name: "mark_slow", Zh: "判定出餐超时", En: "Hold it slow", Who: "platform", When: []string{"4", "6", "8"}, Args: json.RawMessage(`{"status":1}`)}, func(t *change, o *Order, a actArgs) error {
		return t.markSlow(o, a)
	}},
	{sim.Act{Name: "rule_slow_appeal", Zh: "裁决出餐慢申诉", En: "Rule on the appeal against slow", Who: "platform", Args: json.RawMessage(`{"agree":true}`)}, func(t *change, o *Order, a actArgs) error {
		return t.ruleSlow(o, a)
	}},
	{sim.Act{Name: "complete", Zh: "完成", En: "Complete", Who: "platform", When: openNow}, func(t *change, o *Order, _ actArgs) error {
		if !o.open() {
			return fmt.Errorf("order %s is %s, only an accepted one can be completed", o.ID, statusText[o.Status])
		}
		t.complete(o)
		return nil
	}},
	{sim.Act{Name: "push_again", Zh: "重推订单", En: "Push again", Who: "platform"}, func(t *change, o *Order, _ actArgs) error {
		kind, ok := map[int]string{pushed: PushPaid, received: PushPaid, confirmed: PushConfirmed, delivering: PushConfirmed, completed: PushCompleted}[o.Status]
		switch {
		case ok:
			t.pushOrder(kind, o)
		case o.Status == cancelled:
			t.pushCancel(o)
		default:
			return fmt.Errorf("order %s is %s: nothing was pushed yet", o.ID, statusText[o.Status])
		}
		return nil
	}},
	{sim.Act{Name: "comment", Zh: "评价", En: "Comment", Who: "buyer", When: []string{"8"}, Args: json.RawMessage(`{"score":1,"reason":"送错了，饭也凉了"}`)}, func(t *change, o *Order, a actArgs) error {
		return t.comment(o, a)
	}},
	{sim.Act{Name: "degrade", Zh: "数据降级", En: "Make data incomplete", Who: "platform", Args: json.RawMessage(`{"modules":[0],"minutes":5}`)}, func(t *change, o *Order, a actArgs) error {
		if len(a.Modules) == 0 || len(a.Modules) > 16 {
			return errors.New(`degrade needs {"modules":[0],"minutes":5}: 0 detail, 1 extras, 4 and 5 income, 6 address, 7 logistics_code`)
		}
		o.Degraded = &Degraded{a.Modules, t.now + int64(min(max(a.Minutes, 1), 10_000))*60}
		return nil
	}},
}

func rider(status int) func(*change, *Order, actArgs) error {
	return func(t *change, o *Order, a actArgs) error {
		return t.riderStep(o, status, a.Name, a.Mobile)
	}
}

func (t *change) cancelFor(o *Order, a actArgs, code, least, most, by int) error {
	if a.ReasonCode != 0 {
		code = a.ReasonCode
	}
	if code < least || code > most {
		return fmt.Errorf("reason_code must be between %d and %d", least, most)
	}
	if !o.waiting() && !o.open() {
		return fmt.Errorf("order %s is %s, it cannot be cancelled", o.ID, statusText[o.Status])
	}
	t.cancel(o, code, a.Reason, by, true)
	return nil
}

func (t *change) decide(o *Order, agree, appealed bool, resType int, reason string) error {
	r := o.openCase()
	if r == nil || r.Appeal && !appealed {
		return fmt.Errorf("order %s has no open refund case for this side to decide", o.ID)
	}
	if agree {
		t.agree(o, r, resType, reason)
	} else {
		t.reject(o, r, resType, reason)
	}
	return nil
}

// Do makes a buyer, a rider, the platform or the merchant in the platform's own app act on an order:
// place the names of GET /backstage/meituan/ in act. Args is marshalled to JSON, nil for none.
func (s *Sim) Do(id, act string, args any) error {
	var a actArgs
	if args != nil {
		raw, ok := args.(json.RawMessage)
		if !ok {
			var err error
			if raw, err = json.Marshal(args); err != nil {
				return err
			}
		}
		if len(raw) > 0 {
			if err := json.Unmarshal(raw, &a); err != nil {
				return fmt.Errorf("the arguments of %s do not fit: %w", act, err)
			}
		}
	}
	for _, known := range acts {
		if known.Name != act {
			continue
		}
		_, err := s.with(id, "", func(t *change, o *Order) (bool, error) {
			err := known.do(t, o, a)
			return err == nil, err
		})
		if err == error(errNoOrder) {
			return fmt.Errorf("%w order %s", sim.ErrUnknown, id)
		}
		return err
	}
	return fmt.Errorf("%w act %q", sim.ErrUnknown, act)
}

func (s *Sim) newDesk() *sim.Desk {
	list := make([]sim.Act, len(acts))
	for i, a := range acts {
		list[i] = a.Act
	}
	return &sim.Desk{
		Name: s.Name(), Title: "美团外卖 Meituan Waimai", Clock: s.clock, Faults: s.faults, Calls: s.calls, Pusher: s.pusher, Acts: list,
		State: s.state, Orders: s.rows, Place: s.Place,
		Order: func(id string) (any, sim.Tally, error) {
			o, err := s.Order(id)
			if err != nil {
				return nil, nil, err
			}
			return o, o.Tally, nil
		},
		Act: func(id, act string, args json.RawMessage) error {
			if args == nil {
				return s.Do(id, act, nil)
			}
			return s.Do(id, act, args)
		},
		Config: func() any {
			s.mu.Lock()
			defer s.mu.Unlock()
			return struct {
				Config
				App string `json:"app_id"`
			}{s.config, s.config.app}
		},
		Configure: s.Configure, More: s.routes,
	}
}

func (s *Sim) state() any {
	s.mu.Lock()
	defer s.mu.Unlock()
	counts := map[string]int{}
	for _, o := range s.orders {
		counts[statusText[o.Status]]++
	}
	type store struct {
		Code   string `json:"app_poi_code"`
		Name   string `json:"name"`
		Open   int    `json:"open_level"`
		Held   bool   `json:"held"`
		DaySeq int    `json:"day_seq"`
	}
	stores := []store{}
	day := s.clock.Now().In(china).Format("20060102")
	for _, st := range s.stores {
		stores = append(stores, store{st.Code, st.Name, st.OpenLevel, st.Held, s.seqs[st.Code+"|"+day]})
	}
	slices.SortFunc(stores, func(a, b store) int { return strings.Compare(a.Code, b.Code) })
	return map[string]any{"orders": counts, "stores": stores[:min(len(stores), 200)], "penalties": len(s.penalty), "app_id": s.config.app}
}

func (s *Sim) rows(q sim.OrderQuery) []sim.Row {
	s.mu.Lock()
	defer s.mu.Unlock()
	var orders []*Order
	for _, o := range s.orders {
		if (q.Status == "" || q.Status == fmt.Sprint(o.Status)) && (q.Store == "" || q.Store == o.Store) {
			orders = append(orders, o)
		}
	}
	slices.SortFunc(orders, func(a, b *Order) int { return strings.Compare(b.ID, a.ID) })
	rows := make([]sim.Row, 0, min(len(orders), q.Limit))
	for _, o := range orders[:min(len(orders), q.Limit)] {
		r := sim.Row{ID: o.ID, Store: o.Store, Status: fmt.Sprint(o.Status), StatusText: statusText[o.Status], Total: "¥" + o.Total.String(),
			Placed: when(o.Created), Due: when(s.deadline(o)), Tally: sim.Tally{}}
		if o.DaySeq > 0 {
			r.Number = fmt.Sprintf("#%d", o.DaySeq)
		}
		if o.Status == cancelled {
			r.StatusText += fmt.Sprintf(" %d %s", o.Reason, o.ReasonText)
		}
		if d := o.Delivery; d != nil {
			r.Delivery = deliveryText[d.Status] + " " + d.Name
		}
		if c := o.lastCase(); c != nil {
			r.AfterSale = map[string]string{caseOpen: "待处理", caseAgreed: "已退", caseRejected: "已拒绝", caseWithdrawn: "已撤回"}[c.State] + " ¥" + c.Money.String()
			if c.Appeal {
				r.AfterSale = "申诉 " + r.AfterSale
			}
		}
		for kind, n := range o.Tally {
			r.Tally[kind] = n
		}
		parts := []string{}
		for _, l := range o.Detail {
			parts = append(parts, fmt.Sprintf("%s×%d", l.FoodName, l.Quantity))
		}
		r.Summary = strings.Join(parts, "、")
		rows = append(rows, r)
	}
	return rows
}

// routes are Meituan's own backstage routes.
func (s *Sim) routes(mux *http.ServeMux, prefix string) {
	mux.HandleFunc("GET "+prefix+"/penalties", sim.Answering(func(*http.Request, json.RawMessage) (any, error) { return s.Penalties(), nil }))
	mux.HandleFunc("GET "+prefix+"/probes", sim.Answering(func(*http.Request, json.RawMessage) (any, error) { return s.Probes(), nil }))
	mux.HandleFunc("POST "+prefix+"/probes", sim.Answering(func(*http.Request, json.RawMessage) (any, error) {
		s.ProbeAll()
		s.clock.Settle()
		return s.Probes(), nil
	}))
	mux.HandleFunc("POST "+prefix+"/privacy_downgrade", sim.Answering(func(*http.Request, json.RawMessage) (any, error) {
		return map[string]bool{"downgraded": true}, s.Downgrade()
	}))
	mux.HandleFunc("GET "+prefix+"/stores", sim.Answering(func(*http.Request, json.RawMessage) (any, error) {
		s.mu.Lock()
		defer s.mu.Unlock()
		out := []json.RawMessage{}
		for _, code := range slices.Sorted(maps.Keys(s.stores)) {
			raw, err := json.Marshal(s.stores[code])
			if err != nil {
				return nil, err
			}
			out = append(out, raw)
		}
		return out, nil
	}))
	mux.HandleFunc("POST "+prefix+"/stores", sim.Answering(func(_ *http.Request, body json.RawMessage) (any, error) {
		var st Store
		if err := json.Unmarshal(body, &st); err != nil {
			return nil, fmt.Errorf("the store does not fit: %w", err)
		}
		return map[string]string{"app_poi_code": st.Code}, s.AddStore(st)
	}))
	mux.HandleFunc("POST "+prefix+"/stores/{code}/{act}", sim.Answering(func(r *http.Request, body json.RawMessage) (any, error) {
		var a actArgs
		if body != nil {
			if err := json.Unmarshal(body, &a); err != nil {
				return nil, err
			}
		}
		if done, err := s.bindingAct(r.PathValue("code"), r.PathValue("act"), a.EPoiID); done {
			return map[string]string{"done": r.PathValue("act")}, err
		}
		return map[string]string{"done": r.PathValue("act")}, s.DoStore(r.PathValue("code"), r.PathValue("act"), a.Reason)
	}))
}

// Downgrade declares the privacy-number service down: it is pushed, and real numbers can be pulled.
func (s *Sim) Downgrade() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.begin()
	s.downgraded = true
	t.Put("downgraded", "", true)
	t.push(PushPrivacy, "", []field{})
	t.tell(PartnerPrivacy, "", nil, "", nil)
	return t.Commit()
}

// DoStore opens, closes, suspends (as the platform's penalty) or releases a store.
func (s *Sim) DoStore(code, act, reason string) error {
	_, err := s.withStore(code, func(t *change, st *Store) (bool, error) {
		switch act {
		case "open":
			t.setOpen(st, 1, reason, "BUSINESS")
		case "close":
			t.setOpen(st, 3, reason, "BUSINESS")
		case "suspend":
			st.Held = true
			t.penalize(Penalty{Store: st.Code, Kind: "suspended", Text: reason})
			t.setOpen(st, 3, reason, "MEITUAN")
		case "release":
			st.Held = false
			t.setOpen(st, 1, reason, "MEITUAN")
		default:
			return false, fmt.Errorf("%w store act %q: use open, close, suspend or release", sim.ErrUnknown, act)
		}
		return true, nil
	})
	if err == error(errNoStore) {
		return fmt.Errorf("%w store %s", sim.ErrUnknown, code)
	}
	return err
}
