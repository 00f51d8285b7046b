package meituan

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"iter"
	"strconv"
	"time"

	"github.com/tongdan/tongdan/channel"
	"github.com/tongdan/tongdan/effect"
	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/order"
)

// Orders that Meituan holds to have been made slowly (出餐超时) are told by no message: the service providers' platform has
// a list of them, by when they were placed, and an appeal against each (申诉). The direct platform has neither.
// Source: the vendor's kit, order/getOrderMealStatus and order/foodSlow/appeal.

const (
	slowPath       = "order/getOrderMealStatus"
	slowAppealPath = "order/foodSlow/appeal"
	whatSlow       = "order.slow"
	wordSlow       = "slow:" // and the list's status

	slowEvery = 10 * time.Minute
	slowBack  = 3 * 24 * time.Hour
	slowPage  = 100
	slowMost  = 20 // pages of one look

	slowByPhoto = "1" // appealType: pictures prove it
)

// slowAppeals are what order/foodSlow/appeal takes as appealType.
var slowAppeals = []channel.Choice{
	{Code: slowByPhoto, Label: channel.Text{ZH: "按时出餐，有照片为证", EN: "It was made in time: pictures prove it"}},
	{Code: "2", Label: channel.Text{ZH: "餐已被骑手取走", EN: "The rider has taken it already"}},
}

// slowLook is when the list of slow orders was asked for last.
type slowLook struct{ at time.Time }

// Pull implements channel.Shop: the numbers of the day as ever, and every ten minutes the slow orders of the last three
// days. A developer without the right to the list goes without it.
func (s *partnerShop) Pull(ctx context.Context, p channel.Pull) iter.Seq2[channel.Page, error] {
	return func(yield func(channel.Page, error) bool) {
		at := p.Cursor
		var left error // single things that stay open are no reason to go without the list
		for page, err := range s.shop.Pull(ctx, p) {
			if _, partly := errors.AsType[*channel.Partly](err); partly {
				left = err
				break
			}
			if at = page.Cursor; !yield(page, err) || err != nil {
				return
			}
		}
		now := s.env.Now()
		if last := s.slow.Load(); (last == nil || now.Sub(last.at) >= slowEvery) && !late(ctx) {
			items, err := s.slowOrders(ctx, now)
			switch fault.CodeOf(err) {
			case fault.Forbidden, fault.Unsupported, fault.Invalid: // not for this developer: the next look is soon enough to learn otherwise
				err = nil
			}
			if err == nil {
				s.slow.Store(&slowLook{now})
			} else {
				left = cmp.Or[error](left, &channel.Partly{Err: fault.Wrap("meituan.Pull", err)})
			}
			if len(items) > 0 && !yield(channel.Page{Items: items, Cursor: at}, nil) {
				return
			}
		}
		if left != nil {
			yield(channel.Page{}, left)
		}
	}
}

// slowOrders reads the list. Whether its pages count from one or from none is not published: the page before the first
// is asked for where some are missing.
func (s *shop) slowOrders(ctx context.Context, now time.Time) ([]channel.Item, error) {
	const op = "meituan.slowOrders"
	seen := map[string]bool{}
	var items []channel.Item
	for n := 1; n <= slowMost; n++ {
		page := n
		if n == slowMost {
			page = 0
		}
		data, _, err := s.do(ctx, op, s.only(), call{path: slowPath, params: map[string]string{
			"order_time_start": strconv.FormatInt(now.Add(-slowBack).Unix(), 10), "order_time_end": strconv.FormatInt(now.Unix(), 10),
			"page_num": strconv.Itoa(page), "page_size": strconv.Itoa(slowPage)}})
		if err != nil {
			return nil, err
		}
		var list struct {
			Total text              `json:"total"`
			Rows  []json.RawMessage `json:"orderFoodDoneAssessments"`
		}
		if data = unquoted(data); string(data) != "null" && string(data) != `"ok"` && json.Unmarshal(data, &list) != nil {
			return nil, &fault.Error{Op: op, Code: fault.Unavailable, Why: fault.Because("answer_unreadable", "the platform's answer cannot be read")}
		}
		for _, raw := range list.Rows {
			item := s.slowItem(raw, now)
			if key := cmp.Or(item.Ref.ID, string(raw)); !seen[key] {
				seen[key] = true
				items = append(items, item)
			}
		}
		total, err := strconv.Atoi(string(list.Total))
		switch {
		case err != nil || len(seen) >= total || page == 0:
			return items, nil
		case len(list.Rows) < slowPage:
			n = slowMost - 1 // the last page by this count, and some are missing
		}
	}
	return items, nil
}

func (s *shop) slowItem(raw json.RawMessage, now time.Time) channel.Item {
	item := channel.Item{What: whatSlow, Raw: raw, At: now.UnixMilli()}
	said, err := translateSlow(raw, source{order.ClassRead, now})
	if err != nil {
		item.Err = err
		return item
	}
	item.Ref, item.Readings = said.ref, said.readings
	item.Hints = []order.Hint{{Ref: said.ref, Why: "slow", IfUnknown: true, Old: true}}
	return item
}

// translateSlow reads a row: an order and why it is held slow. It has no moment.
func translateSlow(raw json.RawMessage, src source) (told, error) {
	f, err := formOf(raw)
	if err != nil || f.id("order_id") == "" || f.get("status") == "" {
		return told{}, errNoIdentity
	}
	out := told{ref: orderRef(f.id("order_id"))}
	var r order.Record
	r.Say(order.AxisSlow, order.Said{State: wordSlow + clip(f.get("status"), 16), Class: src.class})
	out.readings = []order.Reading{{Ref: out.ref, Record: r}}
	return out, nil
}

// SlowAppeal implements channel.SlowAppealer. No read returns the appeal and a second one is refused: what is refused
// while the order is still held slow was appealed against before, by a call of ours whose answer was lost or in
// Meituan's own app.
func (s *partnerShop) SlowAppeal(ctx context.Context, a channel.Act) ([]channel.Item, error) {
	const op = "meituan.SlowAppeal"
	invalid := func(field string, why fault.Reason) error {
		return &fault.Error{Op: op, Code: fault.Invalid, Ref: a.Order.ID, Why: why, Fields: []fault.Field{fault.Wrong(field, why)}}
	}
	switch {
	case a.ReasonCode != slowByPhoto && a.ReasonCode != slowAppeals[1].Code:
		return nil, invalid("reason_code", fault.Because("choose_reason", "choose one of the platform's reasons"))
	case a.ReasonCode == slowByPhoto && len(a.Pictures) == 0:
		return nil, invalid("pictures", fault.Because("slow_pictures", "add at least one picture, or choose that the rider has taken it"))
	}
	c := call{path: slowAppealPath, params: map[string]string{"appeal_type": a.ReasonCode}}
	if err := addPictures(op, a, c); err != nil {
		return nil, err
	}
	appealed := says(order.AxisAppeal, order.Said{State: wordAppealed})
	items, err := s.act(ctx, op, a, c, appealed)
	if !fault.Is(err, fault.Conflict) {
		return items, err
	}
	held, looked, lookErr := s.heldSlow(ctx, a.Order.ID)
	if lookErr != nil || !held {
		return nil, err
	}
	was := channel.Item{What: c.path, Ref: a.Order, Raw: looked.Raw, At: s.env.Now().UnixMilli(), Said: true}
	var r order.Record
	appealed(&r, was.At)
	was.Readings = []order.Reading{{Ref: a.Order, Record: r}}
	return []channel.Item{looked, was}, nil
}

// heldSlow looks whether an order is in the list and was not let off.
func (s *shop) heldSlow(ctx context.Context, id string) (bool, channel.Item, error) {
	items, err := s.slowOrders(ctx, s.env.Now())
	if err != nil {
		return false, channel.Item{}, err
	}
	for _, it := range items {
		for _, r := range it.Readings {
			for _, said := range r.Record.Axes[order.AxisSlow] {
				if it.Ref.ID == id {
					return grammar.Axes[order.On{Kind: order.KindOrder, Axis: order.AxisSlow}].Words[said.State].Is != order.SlowSpared, it, nil
				}
			}
		}
	}
	return false, channel.Item{}, nil
}

// lookSlow decides by whether the order is still in the list: no read returns the appeal itself.
func (s *shop) lookSlow(ctx context.Context, a channel.Act) (channel.Sight, error) {
	held, item, err := s.heldSlow(ctx, a.Order.ID)
	if err != nil {
		return channel.Sight{}, err
	}
	sight := channel.Sight{Outcome: effect.NotSeen}
	if item.Ref.ID != "" {
		sight.Items = []channel.Item{item}
	}
	if !held {
		sight.Outcome, sight.Why = effect.Obsolete, fault.Because("not_slow", "the platform holds nothing against this order that can be appealed against")
	}
	return sight, nil
}
