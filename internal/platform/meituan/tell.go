package meituan

import (
	"cmp"
	"context"
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"github.com/tongdan/tongdan/channel"
	"github.com/tongdan/tongdan/effect"
	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/order"
)

// Whom a store sends itself, a rider of its own or a courier, is told to Meituan: who he is and how far, and where.
// One call takes all states with his name and number (自配送商家同步发货状态和配送信息, on the direct platform
// ecommerce/order/logistics/sync, which its documents recommend above order/delivering and order/arrived: these take no rider
// in the newer ones), another his place (自配订单同步配送信息, order/riderPosition). Service providers have the second
// alone, for both. Each sets a value, and what is told after 100 counts again.

var tellPower = channel.Power{Power: order.Power{Kind: channel.TellRider, Logistics: selfOnly}, Nature: effect.Absolute,
	Note: channel.Text{ZH: "自有骑手和配送方的接单、到店、取消，连同姓名电话，自动告知；取餐后位置每15秒最多一次", EN: "Whoever the store sends, when he takes it, is at the store or does not come, with name and number, told by itself; his place on the way at most every 15 seconds"}}

// placeEvery is how often a place is told. Meituan publishes no limit.
const placeEvery = 15 * time.Second

// ownCarrier is Meituan's number for riders of the store's own (商家自建配送). Source: documents of the open
// platform, third-party carriers.
const ownCarrier = "10015"

// tellWords are Meituan's words for how far he is.
var tellWords = map[order.State]string{order.DeliveryAssigned: "10", order.DeliveryAtStore: "15", order.DeliveryOnTheWay: "20", order.DeliveryDelivered: "40", order.DeliveryCancelled: "100"}

// named reports whether an act says who brings the order, as Meituan wants it.
func named(a channel.Act) bool {
	return a.Telling != nil && strings.TrimSpace(a.Courier.Name) != "" && dialled(a.Courier.Phone) != ""
}

// dialled is a number as Meituan takes it: digits, with #, _ or a comma before an extension.
func dialled(phone string) string {
	return clip(strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' || strings.ContainsRune("#_,", r) {
			return r
		}
		return -1
	}, strings.TrimPrefix(strings.TrimSpace(phone), "+86")), 20)
}

// TellRider implements channel.RiderTeller.
func (s *shop) TellRider(ctx context.Context, a channel.Act) ([]channel.Item, error) {
	return s.tell(ctx, "meituan.TellRider", a)
}

func (s *shop) tell(ctx context.Context, op string, a channel.Act) ([]channel.Item, error) {
	c, err := telling(op, a)
	if err != nil {
		return nil, err
	}
	c.path = "ecommerce/order/logistics/sync"
	c.params["third_carrier_order_id"], c.params["logistics_provider_code"] = a.Telling.Ride, cmp.Or(a.Telling.Code, ownCarrier)
	return s.act(ctx, op, a, c, func(r *order.Record, now int64) {
		says(order.AxisDelivery, order.Said{State: c.params["logistics_status"], Who: c.params["courier_name"]})(r, now)
		putRider(r, c.params["courier_name"], c.params["courier_phone"], order.Stamp{Version: now, Class: order.ClassAnswer, Read: now})
	})
}

// TellPlace implements channel.RiderTeller. What is told is not learnt: a place is nobody's history.
func (s *shop) TellPlace(ctx context.Context, a channel.Act) error {
	const op = "meituan.TellPlace"
	c, err := telling(op, a)
	if err != nil {
		return err
	}
	p := a.Telling.Place
	if p == nil || !(p.Lat >= -90 && p.Lat <= 90 && p.Lng >= -180 && p.Lng <= 180) { // no number is none either
		return &fault.Error{Op: op, Code: fault.Invalid, Ref: a.Order.ID, Why: fault.Because("no_place", "there is no such place")}
	}
	degrees := func(f float64) string { return strconv.FormatFloat(f, 'f', 6, 64) }
	c.path, c.changing = "order/riderPosition", true
	c.params["order_id"], c.params["third_logistics_id"] = a.Order.ID, cmp.Or(a.Telling.Code, ownCarrier)
	c.params["latitude"], c.params["longitude"], c.params["back_flow_time"] = degrees(p.Lat), degrees(p.Lng), strconv.FormatInt(p.At/1000, 10)
	_, _, err = s.do(ctx, op, a.Order.ID, c)
	return err
}

// telling is what both calls say.
func telling(op string, a channel.Act) (call, error) {
	if !named(a) || tellWords[a.Telling.State] == "" {
		return call{}, &fault.Error{Op: op, Code: fault.Invalid, Ref: a.Order.ID, Why: fault.Because("rider_unnamed", "Meituan wants the rider's name and number")}
	}
	return call{post: true, params: map[string]string{"logistics_status": tellWords[a.Telling.State], "courier_name": clip(strings.TrimSpace(a.Courier.Name), 64), "courier_phone": dialled(a.Courier.Phone)}}, nil
}

// askRider says either call in the words of the service providers' platform, which wants numbers where the direct one
// takes texts. Source: Meituan's kits of 2025 (Go, Java), riderPosition.
func askRider(p map[string]string) (map[string]any, error) {
	biz := map[string]any{"orderId": json.Number(p["order_id"]), "logisticsStatus": json.Number(p["logistics_status"]), "courierName": p["courier_name"], "courierPhone": p["courier_phone"],
		"thirdLogisticsId": json.Number(cmp.Or(p["third_logistics_id"], p["logistics_provider_code"]))}
	if id := p["third_carrier_order_id"]; id != "" {
		biz["thirdCarrierId"] = id
	}
	if at := p["back_flow_time"]; at != "" {
		biz["latitude"], biz["longitude"], biz["backFlowTime"] = p["latitude"], p["longitude"], json.Number(at)
	}
	if !digits(p["order_id"]) {
		biz["orderId"] = p["order_id"]
	}
	return biz, nil
}

// lookTold decides by the order itself. Where it does not tell, the call is made again, which sets the same.
func (s *shop) lookTold(ctx context.Context, a channel.Act) (channel.Sight, error) {
	items, err := s.Read(ctx, a.Order)
	if err != nil || a.Telling == nil {
		return channel.Sight{Outcome: effect.NotSeen}, err
	}
	sight := channel.Sight{Outcome: effect.NotSeen, Items: items}
	o := orderIn(a.Order, items)
	rider := ""
	for _, d := range o.Delivered {
		if rider = ""; d.Rider != nil {
			rider = d.Rider.Name
		}
	}
	switch is := o.Axes.Delivery; {
	case o.Axes.Work == order.WorkCancelled:
		sight.Outcome, sight.Why = effect.Obsolete, fault.Because("order_cancelled", "the order is cancelled")
	case is == a.Telling.State && (is == order.DeliveryCancelled || rider == clip(strings.TrimSpace(a.Courier.Name), 64)):
		sight.Outcome = effect.Seen
	case is == order.DeliveryOnTheWay || is == order.DeliveryDelivered:
		sight.Outcome, sight.Why = effect.Obsolete, order.WhyOnTheWay
	}
	return sight, nil
}

// orderIn is an order as items tell it.
func orderIn(ref order.Ref, items []channel.Item) order.Order {
	var r order.Record
	for _, it := range items {
		for _, x := range it.Readings {
			r = r.Merge(x.Record)
		}
	}
	return order.Fold(ref, []order.Linked{{Ref: ref, Record: r}}, &grammar)
}

var _ channel.RiderTeller = (*shop)(nil)
