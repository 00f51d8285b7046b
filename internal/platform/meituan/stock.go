package meituan

import (
	"context"
	"encoding/json"
	"strconv"
	"time"

	"github.com/tongdan/tongdan/channel"
	"github.com/tongdan/tongdan/effect"
	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/stock"
)

// Meituan takes a stock for each specification (sku_id) of a dish, "*" for unlimited, and
// takes what it sells off itself. food/sku/stock sets an absolute value; its brothers
// inc_stock and desc_stock add, and are not used: an answer that is lost could not be
// looked up. There is no read of one dish that all apps may use, so food/list is paged.
// Source: open platform documents, dishes.

var stockPower = channel.StockPower{
	Nature: effect.Absolute,
	Most:   99_999,         // medicine/stock names this limit, food/sku/stock names none
	Lag:    dailyNumberLag, // the number of the day is not said to be there with the order
	Note: channel.Text{
		ZH: "按菜品规格写入绝对库存；“*”（不限量）的菜品绑定后改为数量",
		EN: "An absolute number for each specification of a dish; a dish with \"*\" (unlimited) gets a number once it is bound",
	},
}

const (
	dailyNumberLag = 2 * time.Second // assumed: Meituan publishes none
	foodPage       = 199             // limit must be under 200
	foodMost       = 20_000          // dishes of a shop that are looked through
)

type wireDish struct {
	Code text            `json:"app_food_code"`
	SKUs json.RawMessage `json:"skus"` // a JSON string in practice, an array in the documents
}

type wireSpec struct {
	ID    text `json:"sku_id"`
	Stock text `json:"stock"`
}

// Stock implements channel.StockSetter.
func (s *shop) Stock(ctx context.Context, o channel.Offer) (int64, error) {
	const op = "meituan.Stock"
	broken := &fault.Error{Op: op, Code: fault.Unavailable, Ref: o.Code(), Why: fault.Because("answer_unreadable", "the platform's answer cannot be read")}
	for offset := 0; offset < foodMost; offset += foodPage {
		data, _, err := s.do(ctx, op, o.Code(), call{path: "food/list", params: map[string]string{
			"app_poi_code": o.ShopID, "offset": strconv.Itoa(offset), "limit": strconv.Itoa(foodPage)}})
		if err != nil {
			return 0, err
		}
		var foods []wireDish
		if json.Unmarshal(data, &foods) != nil {
			return 0, broken
		}
		for _, f := range foods {
			if string(f.Code) != o.Item {
				continue
			}
			return stockIn(f, o, broken)
		}
		if len(foods) < foodPage {
			break
		}
	}
	return 0, &fault.Error{Op: op, Code: fault.NotFound, Ref: o.Code(), Why: fault.Because("no_such_dish", "the shop has no such dish")}
}

func stockIn(f wireDish, o channel.Offer, broken error) (int64, error) {
	raw := f.SKUs
	var inner string
	if json.Unmarshal(raw, &inner) == nil {
		raw = json.RawMessage(inner)
	}
	var skus []wireSpec
	if json.Unmarshal(raw, &skus) != nil {
		return 0, broken
	}
	for _, k := range skus {
		if string(k.ID) != o.Variation && (o.Variation != "" || len(skus) > 1) {
			continue
		}
		if k.Stock == "*" || k.Stock == "" {
			return stock.Unlimited, nil
		}
		n, err := strconv.ParseInt(string(k.Stock), 10, 64)
		if err != nil || n < 0 {
			return 0, broken
		}
		return n, nil
	}
	return 0, &fault.Error{Op: "meituan.Stock", Code: fault.NotFound, Ref: o.Code(), Why: fault.Because("no_such_spec", "the dish has no such specification")}
}

// SetStock implements channel.StockSetter. An ok can be a partial one: msg then names
// what was not set.
func (s *shop) SetStock(ctx context.Context, o channel.Offer, value int64) error {
	const op = "meituan.SetStock"
	type sku struct {
		ID    string `json:"sku_id"`
		Stock string `json:"stock"`
	}
	type food struct {
		Code string `json:"app_food_code"`
		SKUs []sku  `json:"skus"`
	}
	list, err := json.Marshal([]food{{o.Item, []sku{{o.Variation, strconv.FormatInt(value, 10)}}}})
	if err != nil {
		return &fault.Error{Op: op, Code: fault.Internal, Err: err}
	}
	_, body, err := s.do(ctx, op, o.Code(), call{path: "food/sku/stock", post: true, changing: true,
		params: map[string]string{"app_poi_code": o.ShopID, "food_data": string(list)}})
	if err != nil {
		return err
	}
	if words := partial(body); words != "" {
		return &fault.Error{Op: op, Code: fault.NotFound, Ref: o.Code(), Words: words}
	}
	return nil
}

// partial gives Meituan's words about what an ok left out, "" when nothing. msg is an
// array, or has been seen as a string that holds one.
func partial(body []byte) string {
	var e struct {
		Msg json.RawMessage `json:"msg"`
	}
	if json.Unmarshal(body, &e) != nil || len(e.Msg) == 0 {
		return ""
	}
	raw := e.Msg
	var inner string
	if json.Unmarshal(raw, &inner) == nil {
		raw = json.RawMessage(inner)
	}
	var list []struct {
		Words string `json:"error_msg"`
	}
	if json.Unmarshal(raw, &list) != nil || len(list) == 0 {
		return ""
	}
	if w := clip(clean(list[0].Words), 200); w != "" {
		return w
	}
	return "Meituan did not set this stock and does not say why"
}
