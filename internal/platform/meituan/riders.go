package meituan

import (
	"cmp"
	"context"
	"encoding/json"
	"strings"

	"github.com/tongdan/tongdan/channel"
	"github.com/tongdan/tongdan/effect"
	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/order"
)

// Riders whom the store sends for. Those of the crowd (众包, 跑腿) come at a fee that moves: the call must name
// exactly the fee that was asked for just before (order documents, zhongbao). What a person agreed to is
// therefore the most that it may cost: a fee that has become less is taken, one that has become more
// is a conflict, and he is asked again. Meituan's own delivery is sent for at confirmation and only
// anew where that came to nothing.

var (
	riderLogistics = []order.Logistics{order.ByCrowd, order.ByPlatform}
	crowdOnly      = []order.Logistics{order.ByCrowd}

	riderPowers = []channel.Power{
		{Power: order.Power{Kind: order.CallRider, Logistics: riderLogistics}, Nature: effect.Guarded,
			Fields: []channel.Input{{Name: "amount", Type: "money", Max: 12, Label: channel.Text{ZH: "配送费不超过（元）", EN: "Fee at most (yuan)"}}},
			Note:   channel.Text{ZH: "众包配送费实时变化：变高时不发单，请重新确认", EN: "The fee of crowd riders moves: if it has become more, nobody is sent for and you are asked again"}},
		{Power: order.Power{Kind: order.Tip, Logistics: crowdOnly}, Nature: effect.Absolute,
			Fields: []channel.Input{{Name: "amount", Type: "money", Required: true, Max: 12, Label: channel.Text{ZH: "小费总额（元）", EN: "Tip in total (yuan)"}}},
			Note:   channel.Text{ZH: "骑手接单前可以修改，填写总额", EN: "Until a rider has taken it; the new total, not what is added"}},
		{Power: order.Power{Kind: order.RecallRider, Logistics: riderLogistics}, Nature: effect.Guarded, Fields: []channel.Input{reasonText},
			Note: channel.Text{ZH: "骑手取餐前可以取消配送，可能产生违约金", EN: "Until a rider has the meal; Meituan may charge for it"}},
		{Power: order.Power{Kind: order.DeliverSelf, Logistics: riderLogistics}, Nature: effect.Guarded,
			Note: channel.Text{ZH: "骑手接单前可以转为商家自配", EN: "Until a rider has taken it"}},
	}
)

// wireFee is an element of order/zhongbao/shippingFee.
type wireFee struct {
	Fee  text `json:"shipping_fee"`
	Tips text `json:"shipping_tips"`
	Tip  text `json:"shipping_tip"` // the service providers' spelling
}

// Quote implements channel.RiderCaller.
func (s *shop) Quote(ctx context.Context, a channel.Act) (channel.Quote, error) {
	q, _, err := s.fee(ctx, a.Order.ID)
	return q, err
}

// fee asks for the fee, and gives it as Meituan wrote it too.
func (s *shop) fee(ctx context.Context, id string) (channel.Quote, string, error) {
	const op = "meituan.Quote"
	data, _, err := s.do(ctx, op, id, call{path: "order/zhongbao/shippingFee", params: map[string]string{"order_ids": id}})
	if err != nil {
		return channel.Quote{}, "", err
	}
	var t trouble
	list := array[wireFee](string(data), "data", &t)
	if len(list) != 1 {
		return channel.Quote{}, "", &fault.Error{Op: op, Code: fault.Unavailable, Ref: id, Why: fault.Because("answer_unreadable", "the platform's answer cannot be read")}
	}
	fee := yuan(string(list[0].Fee), "shipping_fee", &t)
	if fee == nil || fee.Minor() < 0 {
		return channel.Quote{}, "", &fault.Error{Op: op, Code: fault.Unavailable, Ref: id, Why: fault.Because("answer_unreadable", "the platform's answer cannot be read")}
	}
	return channel.Quote{Fee: *fee, Words: clip(cmp.Or(string(list[0].Tips), string(list[0].Tip)), 200)}, strings.TrimSpace(string(list[0].Fee)), nil
}

// CallRider implements channel.RiderCaller. A fee that changed between question and call is refused by
// Meituan without a number of its own: it is asked for once more.
func (s *shop) CallRider(ctx context.Context, a channel.Act) ([]channel.Item, error) {
	const op = "meituan.CallRider"
	sent := says(order.AxisDelivery, order.Said{State: "0"})
	if a.Logistics != order.ByCrowd {
		return s.act(ctx, op, a, call{path: "order/logistics/push"}, sent)
	}
	if a.Amount == nil {
		why := fault.Because("fee_first", "ask for the fee and agree to it first")
		return nil, &fault.Error{Op: op, Code: fault.Invalid, Ref: a.Order.ID, Why: why, Fields: []fault.Field{fault.Wrong("amount", why)}}
	}
	last := ""
	for {
		q, exact, err := s.fee(ctx, a.Order.ID)
		if err != nil {
			return nil, err
		}
		if q.Fee.Minor() > a.Amount.Minor() {
			return nil, &fault.Error{Op: op, Code: fault.Conflict, Ref: a.Order.ID, Words: q.Words,
				Why: fault.Because("rider_fee_rose", "the fee has become {fee}: agree to it or leave it", "fee", q.Fee.Text())}
		}
		items, err := s.act(ctx, op, a, call{path: "order/zhongbao/dispatch", params: map[string]string{"shipping_fee": exact, "tip_amount": "0"}}, sent)
		if !fault.Is(err, fault.Conflict) || last != "" {
			return items, err
		}
		if again, _, quoteErr := s.fee(ctx, a.Order.ID); quoteErr != nil || again.Fee == q.Fee {
			return nil, err // it was not the fee
		}
		last = exact
	}
}

// Tip implements channel.RiderCaller: the new total of the tip, while no rider has taken it.
func (s *shop) Tip(ctx context.Context, a channel.Act) ([]channel.Item, error) {
	const op = "meituan.Tip"
	if a.Amount == nil || a.Amount.Minor() < 0 || a.Amount.Minor() > mostTip {
		why := fault.Because("tip_between", "must be between 0 and 1000")
		return nil, &fault.Error{Op: op, Code: fault.Invalid, Ref: a.Order.ID, Why: why, Fields: []fault.Field{fault.Wrong("amount", why)}}
	}
	return s.act(ctx, op, a, call{path: "order/zhongbao/update/tip", params: map[string]string{"tip_amount": a.Amount.Text()}}, nil)
}

// mostTip is a limit of ours, in fen, against a slip of the hand: Meituan publishes none.
const mostTip = 1000_00

// RecallRider implements channel.RiderCaller. For a rider of the crowd Meituan wants one of its reasons, of
// which it gives a list for each order.
func (s *shop) RecallRider(ctx context.Context, a channel.Act) ([]channel.Item, error) {
	const op = "meituan.RecallRider"
	gone := says(order.AxisDelivery, order.Said{State: "100", Who: who["6"], Why: clip(a.Reason, 300)})
	if a.Logistics != order.ByCrowd {
		return s.act(ctx, op, a, call{path: "order/logistics/cancel"}, gone)
	}
	data, _, err := s.do(ctx, op, a.Order.ID, call{path: "order/getCancelDeliveryReason", post: true, params: map[string]string{"order_id": a.Order.ID, "app_poi_code": a.ShopID}})
	if err != nil {
		return nil, err
	}
	var list struct {
		Reasons []struct {
			Code    text `json:"code"`
			Content text `json:"content"`
		} `json:"reasonList"`
	}
	if json.Unmarshal(data, &list) != nil || len(list.Reasons) == 0 || list.Reasons[0].Code == "" {
		return nil, &fault.Error{Op: op, Code: fault.Unavailable, Ref: a.Order.ID, Why: fault.Because("answer_unreadable", "the platform's answer cannot be read")}
	}
	r := list.Reasons[0]
	return s.act(ctx, op, a, call{path: "order/cancelLogisticsByWmOrderId", post: true, params: map[string]string{
		"app_poi_code": a.ShopID, "reason_code": string(r.Code), "detail_content": clip(cmp.Or(strings.TrimSpace(a.Reason), string(r.Content)), maxText)}}, gone)
}

// DeliverSelf implements channel.SelfDeliverer. Only a read tells who brings the order then. An order that the
// store brings already is refused as being none of Meituan's delivery.
func (s directShop) DeliverSelf(ctx context.Context, a channel.Act) ([]channel.Item, error) {
	items, err := s.act(ctx, "meituan.DeliverSelf", a, call{path: "order/logistics/change/poi_self", post: true}, nil)
	if f, ok := err.(*fault.Error); ok && f.Code == fault.Unsupported {
		f.Code = fault.Conflict
	}
	if err != nil {
		return nil, err
	}
	items[0].Hints = []order.Hint{source{at: s.env.Now()}.hint(a.Order.ID, "order/logistics/change/poi_self")}
	return items, nil
}

// lookRider decides by the order itself, and for a tip by its delivery.
func (s *shop) lookRider(ctx context.Context, a channel.Act) (channel.Sight, error) {
	if a.Kind == order.Tip {
		return s.lookTip(ctx, a)
	}
	items, err := s.Read(ctx, a.Order)
	if err != nil {
		return channel.Sight{}, err
	}
	sight := channel.Sight{Outcome: effect.NotSeen, Items: items}
	o := orderIn(a.Order, items)
	left := o.Axes.Delivery == order.DeliveryOnTheWay || o.Axes.Delivery == order.DeliveryDelivered
	switch {
	case o.Axes.Work == order.WorkCancelled:
		sight.Outcome, sight.Why = effect.Obsolete, fault.Because("order_cancelled", "the order is cancelled")
	case a.Kind == order.DeliverSelf && o.Head.Logistics == order.BySelf, a.Kind == order.RecallRider && o.Axes.Delivery == order.DeliveryCancelled:
		sight.Outcome = effect.Seen
	case a.Kind == order.CallRider && o.Axes.Delivery != order.NoDelivery && o.Axes.Delivery != order.DeliveryCancelled:
		sight.Outcome = effect.Seen
	case left:
		sight.Outcome, sight.Why = effect.Obsolete, order.WhyOnTheWay
	}
	return sight, nil
}

func (s *shop) lookTip(ctx context.Context, a channel.Act) (channel.Sight, error) {
	sight := channel.Sight{Outcome: effect.NotSeen}
	data, body, err := s.do(ctx, "meituan.lookTip", a.Order.ID, call{path: "order/logistics/status", params: map[string]string{"order_id": a.Order.ID}})
	switch {
	case fault.Is(err, fault.Unsupported): // the service providers' platform has no such read; the call sets the same total again
		return sight, nil
	case err != nil:
		return sight, err
	}
	sight.Items = []channel.Item{{What: "order/logistics/status", Ref: a.Order, Raw: body}}
	f, err := formOf(data)
	var t trouble
	if tip := f.yuan("tip_amount", &t); err == nil && tip != nil && a.Amount != nil && *tip == *a.Amount {
		sight.Outcome = effect.Seen
	}
	return sight, nil
}

var (
	_ channel.RiderCaller   = (*shop)(nil)
	_ channel.SelfDeliverer = directShop{}
)
