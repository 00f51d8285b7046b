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
// app, which is read page by page.

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

// numbers reads every customer's own number.
func (s *shop) numbers(ctx context.Context) ([]channel.Item, error) {
	var items []channel.Item
	for page := range numbersMost {
		at := s.env.Now()
		data, body, err := s.do(ctx, "meituan.numbers", "", call{path: "order/batchPullPhoneNumber", post: true, params: map[string]string{
			"app_poi_code": "", "offset": strconv.Itoa(page * numbersPage), "limit": strconv.Itoa(numbersPage)}})
		if err != nil {
			return nil, err
		}
		said, n, err := translateNumbers(data, source{order.ClassRead, at})
		item := channel.Item{What: "numbers", Ref: numbersRef, Raw: body, At: at.UnixMilli(), Readings: said.readings}
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
	var out told
	var rows []json.RawMessage
	if json.Unmarshal(data, &rows) != nil {
		return out, 0, &fault.Error{Op: "meituan.numbers", Code: fault.Invalid, Why: fault.Because("answer_unreadable", "the platform's answer cannot be read")}
	}
	for _, raw := range rows {
		var row struct {
			ID    text `json:"order_id"`
			Phone text `json:"real_phone_number"`
		}
		if json.Unmarshal(raw, &row) != nil {
			continue
		}
		id, phone := (form{"id": string(row.ID)}).id("id"), clip(string(row.Phone), 40)
		if id == "" || phone == "" {
			continue
		}
		var r order.Record
		order.Put(&r, order.RegRealNumber, src.stamp(src.at.UnixMilli()), order.RealNumber{Phone: phone})
		out.readings = append(out.readings, order.Reading{Ref: orderRef(id), Record: r})
	}
	return out, len(rows), nil
}
