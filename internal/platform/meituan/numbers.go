package meituan

import (
	"context"
	"encoding/json"
	"strconv"

	"github.com/tongdan/tongdan/channel"
	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/order"
)

// While Meituan's privacy numbers do not work it says so once (隐私号降级) and gives out the customers' own
// numbers by batches, of all orders of a day (order FAQ). The message is a hint at this one resource of the
// app, which is read page by page, and so are the riders' own numbers, who call and are called through privacy
// numbers too.

// KindNumbers is the kind of the resource; numbersRef is it.
const KindNumbers = "numbers"

var numbersRef = order.Ref{Realm: Realm, Kind: KindNumbers, ID: "all"}

const (
	numbersPage = 200 // limit may be 1000; what one page says is learnt in one transaction
	numbersMost = 250 // pages
)

func translateDowngrade(_ form, src source) (told, error) {
	return told{hints: []order.Hint{{Ref: numbersRef, After: src.at.UnixMilli(), Why: "privacy numbers are down"}}}, nil
}

const (
	customersPath = "order/batchPullPhoneNumber"
	ridersPath    = "order/getRiderInfoPhoneNumber"
	whatRiders    = "numbers.riders"
)

// numbers reads every customer's own number, and every rider's. A developer without the right to those of riders goes
// without them.
func (s *shop) numbers(ctx context.Context) ([]channel.Item, error) {
	items, err := s.numbersBy(ctx, customersPath, "numbers", translateNumbers)
	if err != nil {
		return nil, err
	}
	riders, err := s.numbersBy(ctx, ridersPath, whatRiders, translateRiders)
	switch fault.CodeOf(err) {
	case "":
	case fault.Forbidden, fault.Unsupported, fault.Invalid, fault.NotFound, fault.Conflict:
	default:
		return nil, err
	}
	return append(items, riders...), nil
}

func (s *shop) numbersBy(ctx context.Context, path, what string, translate func([]byte, source) (told, int, error)) ([]channel.Item, error) {
	var items []channel.Item
	for page := range numbersMost {
		at := s.env.Now()
		data, body, err := s.do(ctx, "meituan.numbers", "", call{path: path, post: true, params: map[string]string{
			"app_poi_code": "", "offset": strconv.Itoa(page * numbersPage), "limit": strconv.Itoa(numbersPage)}})
		if err != nil {
			return nil, err
		}
		said, n, err := translate(data, source{order.ClassRead, at})
		item := channel.Item{What: what, Ref: numbersRef, Raw: body, At: at.UnixMilli(), Readings: said.readings}
		if err != nil {
			item.Err = err
		}
		items = append(items, item)
		if n < numbersPage {
			break
		}
	}
	return items, nil
}

// translateNumbers reads a page: how many rows it has, and what they say. A row that cannot be read leaves
// the others.
func translateNumbers(data []byte, src source) (told, int, error) {
	return numberRows(data, func(f form, r *order.Record) bool {
		phone := clip(f.get("real_phone_number"), 40)
		order.Put(r, order.RegRealNumber, src.stamp(src.at.UnixMilli()), order.RealNumber{Phone: phone})
		return phone != ""
	})
}

// translateRiders reads a page of riders.
func translateRiders(data []byte, src source) (told, int, error) {
	return numberRows(data, func(f form, r *order.Record) bool {
		rider := order.Rider{Name: clip(f.get("rider_name"), maxText), Phone: clip(f.get("rider_real_phone_number"), 40)}
		order.Put(r, order.RegRiderNumber, src.stamp(src.at.UnixMilli()), rider)
		return rider.Name != "" && rider.Phone != ""
	})
}

func numberRows(data []byte, say func(form, *order.Record) bool) (told, int, error) {
	var out told
	var rows []json.RawMessage
	if json.Unmarshal(data, &rows) != nil {
		return out, 0, &fault.Error{Op: "meituan.numbers", Code: fault.Invalid, Why: fault.Because("answer_unreadable", "the platform's answer cannot be read")}
	}
	for _, raw := range rows {
		f, err := formOf(raw)
		if err != nil {
			continue
		}
		var r order.Record
		if id := f.id("order_id"); id != "" && say(f, &r) {
			out.readings = append(out.readings, order.Reading{Ref: orderRef(id), Record: r})
		}
	}
	return out, len(rows), nil
}
