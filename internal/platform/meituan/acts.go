package meituan

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"github.com/tongdan/tongdan/channel"
	"github.com/tongdan/tongdan/effect"
	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/internal/mutant"
	"github.com/tongdan/tongdan/order"
)

// act makes a changing call about an order and gives what its ok says.
func (s *shop) act(ctx context.Context, op string, a channel.Act, c call, say func(r *order.Record, now int64)) ([]channel.Item, error) {
	c.changing = true
	if c.params == nil {
		c.params = map[string]string{}
	}
	c.params["order_id"] = a.Order.ID
	_, body, err := s.do(ctx, op, a.Order.ID, c)
	if err != nil {
		return nil, err
	}
	item := channel.Item{What: c.path, Ref: a.Order, Raw: body}
	if say != nil {
		var r order.Record
		item.At, item.Said = s.env.Now().UnixMilli(), true
		say(&r, item.At)
		item.Readings = []order.Reading{{Ref: a.Order, Record: r}}
	}
	return []channel.Item{item}, nil
}

// says is an answer that states a word on an axis.
func says(axis string, said order.Said) func(*order.Record, int64) {
	return func(r *order.Record, now int64) {
		said.At, said.Class = now, order.ClassAnswer
		r.Say(axis, said)
	}
}

// Acknowledge tells Meituan that the order has arrived.
func (s directShop) Acknowledge(ctx context.Context, a channel.Act) ([]channel.Item, error) {
	return s.act(ctx, "meituan.Acknowledge", a, call{path: "order/poi_received"}, says(order.AxisWork, order.Said{State: "3"}))
}

// Accept confirms; where Meituan delivers, that sends for a rider too.
func (s *shop) Accept(ctx context.Context, a channel.Act) ([]channel.Item, error) {
	return s.act(ctx, "meituan.Accept", a, call{path: "order/confirm"}, says(order.AxisWork, order.Said{State: "4"}))
}

// Refuse cancels before, Cancel after confirmation: one call to Meituan. A cancel push
// must never be answered with it (order FAQ: an endless loop).
func (s *shop) Refuse(ctx context.Context, a channel.Act) ([]channel.Item, error) {
	return s.cancel(ctx, "meituan.Refuse", a)
}

// Cancel cancels with one of Meituan's reasons.
func (s *shop) Cancel(ctx context.Context, a channel.Act) ([]channel.Item, error) {
	return s.cancel(ctx, "meituan.Cancel", a)
}

func (s *shop) cancel(ctx context.Context, op string, a channel.Act) ([]channel.Item, error) {
	code := cmp.Or(a.ReasonCode, otherReason)
	i := slices.IndexFunc(cancelReasons, func(c channel.Choice) bool { return c.Code == code })
	if i < 0 {
		return nil, &fault.Error{Op: op, Code: fault.Invalid, Ref: a.Order.ID, Why: fault.Because("choose_reason", "choose one of the platform's reasons"),
			Fields: []fault.Field{fault.Wrong("reason_code", fault.Because("choose_reason", "choose one of the platform's reasons"))}}
	}
	reason := clip(cmp.Or(strings.TrimSpace(a.Reason), cancelReasons[i].Label.ZH), maxText)
	return s.act(ctx, op, a, call{path: "order/cancel", params: map[string]string{"reason_code": code, "reason": reason}},
		says(order.AxisWork, order.Said{State: "9", Who: who["6"], Why: clip(code+" "+reason, 300)}))
}

// Ready reports that the meal is made. Meituan has no word for it and no read returns it.
func (s *shop) Ready(ctx context.Context, a channel.Act) ([]channel.Item, error) {
	return s.act(ctx, "meituan.Ready", a, call{path: "order/preparationMealComplete"}, says(order.AxisWork, order.Said{State: wordReady}))
}

// Dispatch reports that the store's own rider has left: of one who is known by the call that takes him too.
func (s *shop) Dispatch(ctx context.Context, a channel.Act) ([]channel.Item, error) {
	if named(a) {
		return s.tell(ctx, "meituan.Dispatch", a)
	}
	c := call{path: "order/delivering", params: map[string]string{}}
	if a.Courier.Name != "" {
		c.params["courier_name"] = clip(a.Courier.Name, 200)
	}
	if a.Courier.Phone != "" {
		c.params["courier_phone"] = clip(a.Courier.Phone, 64)
	}
	return s.act(ctx, "meituan.Dispatch", a, c, func(r *order.Record, now int64) {
		says(order.AxisDelivery, order.Said{State: "20", Who: a.Courier.Name})(r, now)
		putRider(r, a.Courier.Name, a.Courier.Phone, order.Stamp{Version: now, Class: order.ClassAnswer, Read: now})
	})
}

// Deliver reports that the store's own rider has arrived.
func (s *shop) Deliver(ctx context.Context, a channel.Act) ([]channel.Item, error) {
	if named(a) {
		return s.tell(ctx, "meituan.Deliver", a)
	}
	return s.act(ctx, "meituan.Deliver", a, call{path: "order/arrived"}, says(order.AxisDelivery, order.Said{State: "40", Who: a.Courier.Name}))
}

// RemindReply answers one reminder, with one of the preset answers. No read returns whether
// it was answered, and a second answer is refused: what is refused on an order that goes on
// was answered before, by a call of ours whose answer was lost or in Meituan's own app.
func (s *shop) RemindReply(ctx context.Context, a channel.Act) ([]channel.Item, error) {
	const op = "meituan.RemindReply"
	i := slices.IndexFunc(reminderAnswers, func(c channel.Choice) bool { return c.Code == a.ReasonCode })
	if i < 0 {
		return nil, &fault.Error{Op: op, Code: fault.Invalid, Ref: a.Order.ID, Why: fault.Because("choose_answer", "choose one of the answers"),
			Fields: []fault.Field{fault.Wrong("reason_code", fault.Because("field_other_than", "must be one of {list}", "list", "1, 2"))}}
	}
	answered := func(r *order.Record, now int64) {
		var kid order.Record
		says(order.AxisWork, order.Said{State: order.StateAnswered})(&kid, now)
		r.Kid(order.KidReminder+a.Case, kid)
	}
	items, err := s.act(ctx, op, a, call{path: "order/remindReply", post: true,
		params: map[string]string{"remind_id": a.Case, "reply_id": a.ReasonCode, "reply_content": reminderAnswers[i].Label.ZH}}, answered)
	if !fault.Is(err, fault.Conflict) {
		return items, err
	}
	status, item, lookErr := s.status(ctx, a.Order.ID)
	if lookErr != nil || status == "9" {
		return nil, err
	}
	was := channel.Item{What: "order/remindReply", Ref: a.Order, Raw: item.Raw, At: s.env.Now().UnixMilli(), Said: true}
	var r order.Record
	answered(&r, was.At)
	was.Readings = []order.Reading{{Ref: a.Order, Record: r}}
	return []channel.Item{item, was}, nil
}

// RefundApprove agrees to the case that the act names. Meituan's call names the order only,
// so the open case is read directly before; what remains is one round trip in which
// the customer could withdraw it and open another.
func (s *shop) RefundApprove(ctx context.Context, a channel.Act) ([]channel.Item, error) {
	return s.answerRefund(ctx, "meituan.RefundApprove", a, "order/refund/agree", resType+"2", "商家同意退款")
}

// RefundRefuse refuses it; the customer may then appeal to Meituan once.
func (s *shop) RefundRefuse(ctx context.Context, a channel.Act) ([]channel.Item, error) {
	return s.answerRefund(ctx, "meituan.RefundRefuse", a, "order/refund/reject", resType+"1", "商家不同意退款")
}

func (s *shop) answerRefund(ctx context.Context, op string, a channel.Act, path, word, reason string) ([]channel.Item, error) {
	list, _, err := s.cases(ctx, a.Order.ID, a.Order.ID, source{order.ClassRead, s.env.Now()})
	switch { // nothing that could change anything has been sent yet
	case fault.Is(err, fault.Forbidden):
		return nil, &fault.Error{Op: op, Code: fault.Forbidden, Ref: a.Order.ID, Err: err,
			Why: fault.Because("refund_cases_forbidden", "the app may not read refund cases, so it is not certain which request would be answered; apply for getOrderRefundDetail in Meituan's console, or answer in Meituan's own app")}
	case err != nil:
		return nil, fault.Wrap(op, err)
	}
	clash := func(why fault.Reason) error {
		return &fault.Error{Op: op, Code: fault.Conflict, Ref: a.Order.ID, Why: why}
	}
	var open []refundRow
	for _, r := range list.rows {
		if r.asked() {
			open = append(open, r)
		}
	}
	i := slices.IndexFunc(open, func(r refundRow) bool { return r.id == a.Case })
	switch {
	case mutant.On(mutant.RefundBlind):
	case len(open) == 0:
		return nil, clash(fault.Because("no_case_open", "no refund request of this order waits for an answer any more"))
	case i < 0:
		return nil, clash(fault.Because("other_case_open", "the refund request was withdrawn and another one is open; look at it and decide anew"))
	case len(open) > 1:
		return nil, clash(fault.Because("many_cases_open", "more than one refund request is open; answer them in the platform's own app"))
	case a.CaseAmount != nil && open[i].money != nil && *a.CaseAmount != *open[i].money:
		return nil, clash(fault.Because("case_amount_changed", "the amount of the refund request has changed; look at it and decide anew"))
	}
	c := call{path: path, params: map[string]string{"reason": clip(cmp.Or(strings.TrimSpace(a.Reason), reason), maxText)}}
	items, err := s.act(ctx, op, a, c, func(r *order.Record, now int64) {
		var kid order.Record
		says(order.AxisCase, order.Said{State: word})(&kid, now)
		r.Kid(order.KidCase+a.Case, kid)
	})
	if err != nil {
		return nil, err
	}
	// A full refund ends the order, and the money is told by a read.
	items[0].Hints = []order.Hint{source{at: s.env.Now()}.hint(a.Order.ID, path)}
	return append([]channel.Item{list.Item}, items...), nil
}

// A portion is how many pieces of a dish can still be refunded.
type portion struct {
	Food  string `json:"food"`
	SKU   string `json:"sku"`
	Count int64  `json:"count"`
}

// A refundState is what an additive refund is compared with: what could still be
// refunded, and which refund cases there were.
type refundState struct {
	Left  []portion `json:"left"`
	Cases []string  `json:"cases"`
}

// Before reads what can still be refunded, and the cases that there are.
func (s *shop) Before(ctx context.Context, a channel.Act) (json.RawMessage, error) {
	left, _, err := s.refundable(ctx, a.Order.ID)
	if err != nil {
		return nil, err
	}
	list, _, err := s.cases(ctx, a.Order.ID, a.Order.ID, source{order.ClassRead, s.env.Now()})
	if err != nil {
		return nil, err
	}
	state := refundState{Left: left, Cases: []string{}}
	for _, r := range list.rows {
		state.Cases = append(state.Cases, r.id)
	}
	return json.Marshal(state)
}

func (s *shop) refundable(ctx context.Context, id string) ([]portion, []byte, error) {
	const op = "meituan.refundable"
	data, body, err := s.do(ctx, op, id, call{path: "order/getPartRefundFoods", params: map[string]string{"order_id": id}})
	if err != nil {
		return nil, nil, err
	}
	var t trouble
	left := []portion{}
	for _, w := range array[wireFood](string(data), "data", &t) {
		n, err := whole(string(w.Count))
		if err != nil {
			t.add("count", fault.Because("unread_count", "this is not a number of pieces that can be"))
			continue
		}
		left = add(left, portion{string(w.Food), string(w.SKU), n})
	}
	if len(t) > 0 {
		return nil, nil, &fault.Error{Op: op, Code: fault.Unavailable, Ref: id, Why: fault.Because("refundable_unreadable", "Meituan's list of what can be refunded cannot be read")}
	}
	return left, body, nil
}

// add sums portions of the same dish: an order may hold it on several lines.
func add(list []portion, p portion) []portion {
	for i := range list {
		if list[i].Food == p.Food && list[i].SKU == p.SKU {
			list[i].Count += p.Count
			return list
		}
	}
	return append(list, p)
}

func countOf(list []portion, p portion) int64 {
	for _, q := range list {
		if q.Food == p.Food && q.SKU == p.SKU {
			return q.Count
		}
	}
	return 0
}

func asked(a channel.Act) []portion {
	var list []portion
	for _, l := range a.Lines {
		list = add(list, portion{l.Ref, l.SKU, l.Quantity})
	}
	return list
}

// RefundPartial refunds pieces of an order on the store's own account. The call is
// additive: a second one refunds again.
func (s *shop) RefundPartial(ctx context.Context, a channel.Act, before json.RawMessage) ([]channel.Item, error) {
	const op = "meituan.RefundPartial"
	bad := func(where string, why fault.Reason) error {
		return &fault.Error{Op: op, Code: fault.Invalid, Ref: a.Order.ID, Why: why, Fields: []fault.Field{fault.Wrong(where, why)}}
	}
	var state refundState
	if json.Unmarshal(before, &state) != nil || state.Left == nil {
		return nil, bad("before", fault.Because("refundable_first", "read what can still be refunded first"))
	}
	list := asked(a)
	if len(list) == 0 {
		return nil, bad("lines", fault.Because("refund_names_dishes", "name the dishes to refund"))
	}
	type food struct {
		Food  string `json:"app_food_code"`
		SKU   string `json:"sku_id"`
		Count int64  `json:"count"`
	}
	var wire []food
	for i, p := range list {
		switch n := countOf(state.Left, p); {
		case p.Count <= 0:
			return nil, bad("lines["+strconv.Itoa(i)+"].quantity", fault.Because("refund_one_piece", "refund at least one piece"))
		case p.Count > n:
			return nil, bad("lines["+strconv.Itoa(i)+"].quantity", fault.Because("refund_pieces_left", "only {count} of this dish can still be refunded", "count", strconv.FormatInt(n, 10)))
		}
		wire = append(wire, food{p.Food, p.SKU, p.Count})
	}
	text, err := json.Marshal(wire)
	if err != nil {
		return nil, bad("lines", fault.Because("lines_unsendable", "these lines cannot be sent"))
	}
	c := call{path: "order/applyPartRefund", post: true, additive: true, params: map[string]string{
		"reason": clip(cmp.Or(strings.TrimSpace(a.Reason), "商家主动退款"), maxText), "food_data": string(text)}}
	items, err := s.act(ctx, op, a, c, nil)
	if err != nil {
		return nil, err
	}
	// The answer names no refund_id; a read does.
	items[0].Hints = []order.Hint{source{at: s.env.Now()}.hint(a.Order.ID, c.path)}
	return items, nil
}

// Look implements channel.Looker.
func (s *shop) Look(ctx context.Context, a channel.Act, before json.RawMessage) (channel.Sight, error) {
	switch a.Kind {
	case channel.Acknowledge, order.Accept, order.Refuse, order.Cancel, order.Ready, order.RemindReply:
		return s.lookStatus(ctx, a)
	case order.Dispatch, order.Deliver:
		return s.lookDelivery(ctx, a)
	case order.CallRider, order.Tip, order.RecallRider, order.DeliverSelf:
		return s.lookRider(ctx, a)
	case channel.TellRider:
		return s.lookTold(ctx, a)
	case order.RefundApprove, order.RefundRefuse:
		return s.lookCase(ctx, a)
	case order.RefundAppeal:
		return s.lookAppeal(ctx, a)
	case order.SlowAppeal:
		return s.lookSlow(ctx, a)
	case order.RefundPartial:
		return s.lookPortions(ctx, a, before)
	}
	return channel.Sight{}, &fault.Error{Op: "meituan.Look", Code: fault.Unsupported, Ref: string(a.Kind)}
}

// lookStatus decides by order/viewstatus. It cannot tell who confirmed or cancelled; for
// confirming that is harmless, and a cancelled order is cancelled.
func (s *shop) lookStatus(ctx context.Context, a channel.Act) (channel.Sight, error) {
	status, item, err := s.status(ctx, a.Order.ID)
	if err != nil {
		return channel.Sight{}, err
	}
	sight := channel.Sight{Outcome: effect.NotSeen, Items: []channel.Item{item}}
	rank := grammar.Axes[order.On{Kind: order.KindOrder, Axis: order.AxisWork}].Words[status].Rank
	switch {
	case a.Kind == order.Refuse || a.Kind == order.Cancel:
		switch {
		case status == "9":
			sight.Outcome = effect.Seen
		case status == "8":
			sight.Outcome, sight.Why = effect.Obsolete, fault.Because("order_completed", "the order is completed")
		case a.Kind == order.Refuse && rank >= 40:
			sight.Outcome, sight.Why = effect.Obsolete, fault.Because("cancel_instead", "the order has been accepted; cancel it instead")
		}
	case status == "9":
		sight.Outcome, sight.Why = effect.Obsolete, fault.Because("order_cancelled", "the order is cancelled")
	case a.Kind == order.RemindReply: // no read returns it
	case status == "8":
		sight.Outcome = effect.Seen
	case a.Kind == order.Ready: // no read returns it
	case a.Kind == order.Accept && rank >= 40, a.Kind == channel.Acknowledge && rank >= 30:
		sight.Outcome = effect.Seen
	}
	return sight, nil
}

// lookDelivery decides by the order itself. Stores whose status stays 4 while they deliver
// cannot be told apart: the call is then made again, which sets the same thing.
func (s *shop) lookDelivery(ctx context.Context, a channel.Act) (channel.Sight, error) {
	items, err := s.Read(ctx, a.Order)
	if err != nil {
		return channel.Sight{}, err
	}
	sight := channel.Sight{Outcome: effect.NotSeen, Items: items}
	for _, it := range items {
		for _, r := range it.Readings {
			for _, said := range r.Record.Axes[order.AxisWork] {
				switch {
				case said.State == "9":
					sight.Outcome, sight.Why = effect.Obsolete, fault.Because("order_cancelled", "the order is cancelled")
					return sight, nil
				case said.State == "8", said.State == "7", said.State == "6" && a.Kind == order.Dispatch:
					sight.Outcome = effect.Seen
				}
			}
			for _, said := range r.Record.Axes[order.AxisDelivery] {
				if said.State == "40" || said.State == "20" && a.Kind == order.Dispatch {
					sight.Outcome = effect.Seen
				}
			}
		}
	}
	return sight, nil
}

// lookCase decides by the case that the act names.
func (s *shop) lookCase(ctx context.Context, a channel.Act) (channel.Sight, error) {
	list, _, err := s.cases(ctx, a.Order.ID, a.Order.ID, source{order.ClassRead, s.env.Now()})
	if err != nil {
		return channel.Sight{}, err
	}
	sight := channel.Sight{Outcome: effect.NotSeen, Items: []channel.Item{list.Item}}
	for _, r := range list.rows {
		if r.id != a.Case {
			continue
		}
		agreed, refused := false, false
		switch caseIs(r.word) {
		case order.CaseAgreed, order.CaseRefunded, order.CaseFailed:
			agreed = true
		case order.CaseRefused, order.CaseAppealed:
			refused = true
		case order.CaseWithdrawn:
			sight.Outcome, sight.Why = effect.Obsolete, fault.Because("case_withdrawn", "the customer has withdrawn the request")
		}
		approve := a.Kind == order.RefundApprove
		switch {
		case agreed && approve, refused && !approve:
			sight.Outcome = effect.Seen
		case agreed:
			sight.Outcome, sight.Why = effect.Obsolete, fault.Because("case_agreed", "the refund has been agreed to")
		case refused:
			sight.Outcome, sight.Why = effect.Obsolete, fault.Because("case_refused", "the refund has been refused")
		}
	}
	return sight, nil
}

// lookPortions looks for a case that was not there before, begun by the shop, with the
// pieces of this act. What can still be refunded does not decide: a customer's own request
// for the same dish takes pieces away as well.
func (s *shop) lookPortions(ctx context.Context, a channel.Act, before json.RawMessage) (channel.Sight, error) {
	var was refundState
	if json.Unmarshal(before, &was) != nil {
		return channel.Sight{Outcome: effect.NotSeen, Why: fault.Because("refundable_not_read", "what could be refunded before was not read")}, nil
	}
	list, _, err := s.cases(ctx, a.Order.ID, a.Order.ID, source{order.ClassRead, s.env.Now()})
	if err != nil {
		return channel.Sight{}, err
	}
	list.Hints = append(list.Hints, source{at: s.env.Now()}.hint(a.Order.ID, "order/applyPartRefund"))
	sight := channel.Sight{Outcome: effect.NotSeen, Items: []channel.Item{list.Item}}
	want := asked(a)
	for _, r := range list.rows {
		c, ok := order.Get[order.Case](r.kid, order.RegCase)
		if !ok || !c.ByShop || c.Full || slices.Contains(was.Cases, r.id) {
			continue
		}
		var got []portion
		for _, l := range c.Lines {
			got = add(got, portion{l.Ref, l.SKU, l.Quantity})
		}
		if same(got, want) {
			sight.Outcome, sight.Why = effect.Seen, fault.Reason{}
			return sight, nil
		}
		sight.Why = fault.Because("other_refund_seen", "another number of pieces was refunded than this act asked for")
	}
	return sight, nil
}

// same reports whether two lists hold the same pieces.
func same(a, b []portion) bool {
	return len(a) == len(b) && !slices.ContainsFunc(a, func(p portion) bool { return countOf(b, p) != p.Count })
}
