package counter

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strings"

	"github.com/tongdan/tongdan/channel"
	"github.com/tongdan/tongdan/effect"
	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/order"
)

// said is an act that is done by being written down.
func (s *shop) said(a channel.Act, say func(r *order.Record, now int64)) []channel.Item {
	now := s.now().UnixMilli()
	var r order.Record
	say(&r, now)
	return []channel.Item{{What: string(a.Kind), Ref: a.Order, Raw: []byte(a.Kind), At: now, Said: true, Readings: []order.Reading{{Ref: a.Order, Record: r}}}}
}

func answer(state string, now int64) order.Said {
	return order.Said{State: state, At: now, Class: order.ClassAnswer}
}

// Ready says that it is made.
func (s *shop) Ready(_ context.Context, a channel.Act) ([]channel.Item, error) {
	return s.said(a, func(r *order.Record, now int64) { r.Say(order.AxisWork, answer(wordReady, now)) }), nil
}

// Dispatch says that a delivery has left, and of everything else that the customer has it.
func (s *shop) Dispatch(ctx context.Context, a channel.Act) ([]channel.Item, error) {
	if a.Logistics != order.BySelf {
		return s.Deliver(ctx, a)
	}
	if err := chosen(a); err != nil {
		return nil, err
	}
	return s.said(a, func(r *order.Record, now int64) {
		left := answer(wordOnTheWay, now)
		left.Who = a.Courier.Name
		r.Say(order.AxisDelivery, left)
		if a.Courier != (order.Rider{}) {
			order.Put(r, order.RegRider, order.Stamp{Version: now, Class: order.ClassAnswer}, a.Courier)
		}
	}), nil
}

// Deliver says that the customer has it, and has paid what was due.
func (s *shop) Deliver(_ context.Context, a channel.Act) ([]channel.Item, error) {
	if err := chosen(a); err != nil {
		return nil, err
	}
	return s.said(a, func(r *order.Record, now int64) {
		handed := answer(wordHanded, now)
		handed.Why = strings.TrimSpace(a.Reason) // of one that was handed over without a code
		r.Say(order.AxisDelivery, handed)
		r.Say(order.AxisWork, answer(wordHanded, now))
		if a.Purse != nil && a.Purse.Due != nil {
			r.Say(order.AxisPayment, answer(wordPaid, now))
			pay(r, order.Payment{Method: cmp.Or(a.ReasonCode, channel.PayCash), Amount: a.Purse.Due, At: now}, wordPaid, order.Stamp{Version: now, Class: order.ClassAnswer}, now)
		}
	}), nil
}

// chosen checks by what was paid.
func chosen(a channel.Act) error {
	if a.ReasonCode == "" || slices.ContainsFunc(purses, func(c channel.Choice) bool { return c.Code == a.ReasonCode }) {
		return nil
	}
	return &fault.Error{Op: "counter.Deliver", Code: fault.Invalid, Ref: a.Order.ID, Why: fault.Because("choose_paid_by", "choose cash, QR code or card"),
		Fields: []fault.Field{fault.Wrong("reason_code", fault.Because("field_other_than", "must be one of {list}", "list", "cash, code, card"))}}
}

// Cancel ends an order; what was paid goes back.
func (s *shop) Cancel(_ context.Context, a channel.Act) ([]channel.Item, error) {
	return s.said(a, func(r *order.Record, now int64) {
		end := answer(wordCancelled, now)
		end.Why = strings.TrimSpace(a.Reason)
		r.Say(order.AxisWork, end)
		if a.Purse != nil && a.Purse.Held != nil {
			giveBack(r, "cancel", order.Case{Full: true, Amount: a.Purse.Held, Reason: end.Why, AskedAt: now, ByShop: true}, now)
		}
	}), nil
}

func giveBack(r *order.Record, key string, c order.Case, now int64) {
	var kid order.Record
	order.Put(&kid, order.RegCase, order.Stamp{Version: now, Class: order.ClassAnswer}, c)
	kid.Say(order.AxisCase, answer(wordGivenBack, now))
	r.Kid(order.KidCase+key, kid)
}

// A named refund: its case has a key before it is said, so that saying it twice is one.
type named struct {
	Case string `json:"case"`
}

// Before draws the key of a refund's case.
func (s *shop) Before(context.Context, channel.Act) (json.RawMessage, error) {
	var b [8]byte
	rand.Read(b[:])
	return json.Marshal(named{hex.EncodeToString(b[:])})
}

// RefundPartial says that money for some pieces went back. The purse says how much.
func (s *shop) RefundPartial(_ context.Context, a channel.Act, before json.RawMessage) ([]channel.Item, error) {
	const op = "counter.RefundPartial"
	var n named
	switch {
	case json.Unmarshal(before, &n) != nil || n.Case == "":
		return nil, fault.Say(op, fault.Invalid, "refund_unnamed", "the refund has no key: it has to be prepared first")
	case len(a.Lines) == 0:
		return nil, &fault.Error{Op: op, Code: fault.Invalid, Ref: a.Order.ID, Why: fault.Because("refund_names_dishes", "name the dishes to refund"),
			Fields: []fault.Field{fault.Wrong("lines", fault.Because("field_lines", "choose what to refund"))}}
	case a.Purse == nil || a.Purse.Back == nil || a.Purse.Back.Minor() <= 0:
		return nil, fault.Say(op, fault.Conflict, "nothing_to_give_back", "nothing of what was paid is left for these items")
	}
	return s.said(a, func(r *order.Record, now int64) {
		c := order.Case{Amount: a.Purse.Back, Reason: strings.TrimSpace(a.Reason), AskedAt: now, ByShop: true}
		for _, l := range a.Lines {
			c.Lines = append(c.Lines, order.CaseLine{Line: l.Line, Ref: l.Ref, SKU: l.SKU, Name: l.Name, Quantity: l.Quantity})
		}
		giveBack(r, n.Case, c, now)
	}), nil
}

// Look says an act that was begun and not written down: there is nobody to ask, and saying
// it is all there is to do.
func (s *shop) Look(ctx context.Context, a channel.Act, before json.RawMessage) (channel.Sight, error) {
	items, err := channel.NewConn(&info, s).Do(ctx, a, before)
	if err != nil {
		return channel.Sight{}, err
	}
	return channel.Sight{Outcome: effect.Seen, Items: items}, nil
}
