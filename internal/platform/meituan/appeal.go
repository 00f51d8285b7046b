package meituan

import (
	"cmp"
	"context"
	"strings"

	"github.com/tongdan/tongdan/channel"
	"github.com/tongdan/tongdan/effect"
	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/order"
)

// mostPictures is how many pictures an appeal takes. Source: documents of the service providers' platform.
const mostPictures = 5

var picturesInput = channel.Input{Name: "pictures", Type: "pictures", Max: mostPictures, Label: channel.Text{ZH: "照片", EN: "Pictures"}}

// appealPowers are those of the service providers' platform alone: the direct one has no call for appeals.
var appealPowers = []channel.Power{
	{Power: order.Power{Kind: order.RefundAppeal}, Nature: effect.Guarded,
		Fields: []channel.Input{
			{Name: "reason", Type: "text", Required: true, Max: 200, Label: channel.Text{ZH: "申诉理由", EN: "Reason for the appeal"}},
			picturesInput,
		},
		Note: channel.Text{ZH: "每笔退款申诉一次；裁决结果在美团商家端查看，再回来记录", EN: "Once for each refund; the ruling is shown in Meituan's own app, note it here then"}},
	{Power: order.Power{Kind: order.SlowAppeal}, Nature: effect.Absolute,
		Fields: []channel.Input{
			{Name: "reason_code", Type: "choice", Required: true, Label: channel.Text{ZH: "申诉方式", EN: "What you say"}},
			picturesInput,
		},
		Note: channel.Text{ZH: "每个订单申诉一次；照片申诉需要至少一张照片", EN: "Once for each order; with pictures, at least one"}},
	{Power: order.Power{Kind: order.AppealRuled, Local: true},
		Fields: []channel.Input{{Name: "reason_code", Type: "choice", Required: true, Label: channel.Text{ZH: "申诉结果", EN: "The ruling"}}},
		Note:   channel.Text{ZH: "美团不推送申诉结果，由你记录", EN: "Meituan tells no ruling: note it here"}},
}

// RefundAppeal appeals against a refund that Meituan decided without the merchant. The case is named, and can be appealed
// against once.
func (s *partnerShop) RefundAppeal(ctx context.Context, a channel.Act) ([]channel.Item, error) {
	const op = "meituan.RefundAppeal"
	c := call{path: "order/refund/issue/appeal", params: map[string]string{"after_sale_id": a.Case, "reason": clip(cmp.Or(strings.TrimSpace(a.Reason), "商家申诉"), maxText)}}
	if err := addPictures(op, a, c); err != nil {
		return nil, err
	}
	return s.act(ctx, op, a, c, appealed(a.Case))
}

// addPictures adds an act's pictures to a call: addresses from which Meituan fetches them, with commas between. A comma
// in an address would part it.
func addPictures(op string, a channel.Act, c call) error {
	for _, p := range a.Pictures {
		if why := fault.Because("appeal_pictures", "give up to {most} pictures, each by an address that begins with http and has no comma", "most", "5"); len(a.Pictures) > mostPictures || strings.Contains(p, ",") ||
			!strings.HasPrefix(p, "http://") && !strings.HasPrefix(p, "https://") {
			return &fault.Error{Op: op, Code: fault.Invalid, Ref: a.Order.ID, Why: why, Fields: []fault.Field{fault.Wrong("pictures", why)}}
		}
	}
	if len(a.Pictures) > 0 {
		c.params["appeal_pictures"] = strings.Join(a.Pictures, ",")
	}
	return nil
}

func appealed(id string) func(*order.Record, int64) {
	return func(r *order.Record, now int64) {
		var kid order.Record
		says(order.AxisAppeal, order.Said{State: wordAppealed})(&kid, now)
		r.Kid(order.KidCase+id, kid)
	}
}

// lookAppeal decides by whether the case can still be appealed against: no read returns the appeal itself. One whose
// time ran out meanwhile looks the same.
func (s *shop) lookAppeal(ctx context.Context, a channel.Act) (channel.Sight, error) {
	list, _, err := s.cases(ctx, a.Order.ID, a.Order.ID, source{order.ClassRead, s.env.Now()})
	if err != nil {
		return channel.Sight{}, err
	}
	sight := channel.Sight{Outcome: effect.NotSeen, Items: []channel.Item{list.Item}}
	for _, r := range list.rows {
		if r.id != a.Case || r.appealable {
			continue
		}
		was := channel.Item{What: "order/refund/issue/appeal", Ref: a.Order, Raw: list.Raw, At: s.env.Now().UnixMilli(), Said: true}
		var rec order.Record
		appealed(a.Case)(&rec, was.At)
		was.Readings = []order.Reading{{Ref: a.Order, Record: rec}}
		sight.Outcome, sight.Items = effect.Seen, append(sight.Items, was)
	}
	return sight, nil
}
