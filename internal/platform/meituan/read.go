package meituan

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/tongdan/tongdan/channel"
	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/order"
)

// Read implements channel.Shop: the order with its rider, then its refund cases. An app
// without the right to the endpoint of the cases still gets the order, and one whose
// cases cannot be read just now gets it with a hint to come again.
func (s *shop) Read(ctx context.Context, ref order.Ref) ([]channel.Item, error) {
	const op = "meituan.Read"
	if ref == numbersRef {
		return s.numbers(ctx)
	}
	if ref.Kind != order.KindOrder || ref.Realm != Realm || (form{"id": ref.ID}).id("id") == "" {
		return nil, &fault.Error{Op: op, Code: fault.Invalid, Ref: ref.ID, Why: fault.Because("orders_only", "the platform has orders only, named by their number")}
	}
	src := source{order.ClassRead, s.env.Now()}
	data, body, err := s.do(ctx, op, ref.ID, call{path: "order/getOrderDetail", params: map[string]string{"order_id": ref.ID, "is_mt_logistics": "1"}})
	if err != nil {
		return nil, err
	}
	item := channel.Item{What: "order", Ref: ref, Raw: body, At: src.at.UnixMilli()}
	f, err := formOf(data)
	if err == nil && f.get("result") == "ng" {
		return nil, &fault.Error{Op: op, Code: fault.NotFound, Ref: ref.ID, Why: fault.Because("order_unknown_there", "the platform does not know this order")}
	}
	var said told
	if err == nil {
		said, err = translateOrder(f, src)
	}
	switch {
	case err != nil:
		item.Err = fault.Wrap(op, err)
		return []channel.Item{item}, nil
	case said.ref != ref && f.id("wm_order_id_view") != ref.ID:
		item.Err = &fault.Error{Op: op, Ref: ref.ID, Err: errors.New("the answer is about another order")}
		return []channel.Item{item}, nil
	}
	item.Ref, item.Readings = said.ref, said.readings
	if missing(f).any { // degraded by Meituan: whole again some time later
		item.Hints = append(item.Hints, again(src, said.ref, "the read was degraded"))
	}
	view := f.id("wm_order_id_view")
	if view == "" {
		view = ref.ID
	}
	cases, trouble, err := s.cases(ctx, said.ref.ID, view, src)
	switch {
	case fault.Is(err, fault.Forbidden), fault.Is(err, fault.NotFound), fault.Is(err, fault.Invalid):
		return []channel.Item{item}, nil
	case fault.Is(err, fault.Unavailable) && ctx.Err() == nil: // the order must not wait for its cases
		item.Hints = append(item.Hints, again(src, said.ref, "the refund cases could not be read"))
		return []channel.Item{item}, nil
	case err != nil:
		return nil, err
	}
	if len(trouble) > 0 { // one register holds what could not be read of order and cases
		st := src.stamp(said.version)
		st.Read++
		var r order.Record
		order.Put(&r, order.RegTrouble, st, append(append([]order.Issue{}, said.trouble...), trouble...))
		return []channel.Item{item, cases.Item, {What: "trouble", Ref: said.ref, Readings: []order.Reading{{Ref: said.ref, Record: r}}, At: src.at.UnixMilli(), Said: true}}, nil
	}
	return []channel.Item{item, cases.Item}, nil
}

// again asks for another read in a minute.
func again(src source, ref order.Ref, why string) order.Hint {
	return order.Hint{Ref: ref, After: src.at.Add(time.Minute).UnixMilli(), Why: why}
}

// A caseList is the answer of getOrderRefundDetail.
type caseList struct {
	channel.Item
	rows []refundRow
}

// cases reads the refund cases of an order. view is wm_order_id_view, the same number as the
// order id in current documents.
func (s *shop) cases(ctx context.Context, id, view string, src source) (caseList, trouble, error) {
	data, body, err := s.do(ctx, "meituan.cases", id, call{path: "ecommerce/order/getOrderRefundDetail", params: map[string]string{"wm_order_id_view": view}})
	if err != nil {
		return caseList{}, nil, err
	}
	list := caseList{Item: channel.Item{What: "refunds", Ref: orderRef(id), Raw: body, At: src.at.UnixMilli()}}
	said, rows := translateRefunds(data, id, src)
	list.rows, list.Readings = rows, said.readings
	return list, said.trouble, nil
}

// status reads order/viewstatus.
func (s *shop) status(ctx context.Context, id string) (string, channel.Item, error) {
	data, body, err := s.do(ctx, "meituan.status", id, call{path: "order/viewstatus", params: map[string]string{"order_id": id}})
	if err != nil {
		return "", channel.Item{}, err
	}
	at := s.env.Now()
	word, r := translateStatus(data, at)
	if word == "" {
		return "", channel.Item{}, &fault.Error{Op: "meituan.status", Code: fault.Unavailable, Ref: id, Why: fault.Because("no_status_told", "the platform's answer names no status")}
	}
	return word, channel.Item{What: "order.status", Ref: orderRef(id), Raw: body, Readings: []order.Reading{{Ref: orderRef(id), Record: r}}, At: at.UnixMilli()}, nil
}

// translateStatus reads the answer of order/viewstatus. It gives no time: the state holds
// at the moment of our read.
func translateStatus(data json.RawMessage, at time.Time) (word string, r order.Record) {
	var v struct {
		Status text `json:"status"`
	}
	if err := json.Unmarshal(data, &v); err != nil {
		return "", r
	}
	r.Say(order.AxisWork, order.Said{State: clip(string(v.Status), 16), At: at.UnixMilli(), Class: order.ClassRead})
	return string(v.Status), r
}
