package mercadolibre

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/tongdan/tongdan/channel"
	"github.com/tongdan/tongdan/effect"
	"github.com/tongdan/tongdan/fault"
)

// A classic listing has its stock in available_quantity, of itself or of each variation,
// and PUT /items sets it. Setting 0 pauses the listing, more wakes it. Where a seller has
// warehouses (tag warehouse_management) that field is ignored: the stock belongs to the
// user product, is written per warehouse, and the call names the version that was read
// (x-version), so that a sale in between is answered with 409. Stock in Full lies in the
// platform's own warehouse and is not written. Source: developer documentation, items,
// stock of user products.

var stockPower = channel.StockPower{
	Nature: effect.Absolute,
	Most:   99_999,
	Lag:    5 * time.Second, // assumed: how far the search is behind is not published
	Note: channel.Text{
		ZH: "写入可售数量；0 会暂停该商品，大于 0 时自动恢复。Full 仓库存由美客多管理，不写入",
		EN: "Sets the available quantity; 0 pauses the listing and more wakes it. Stock in Full is the platform's and is not written",
	},
}

// held is where an offer's number is kept.
type held struct {
	value   int64
	product string // the user product, when its warehouses hold the number
	version string
	store   string
	node    string
}

// Stock implements channel.StockSetter.
func (s *shop) Stock(ctx context.Context, o channel.Offer) (int64, error) {
	h, err := s.held(ctx, "mercadolibre.Stock", o)
	return h.value, err
}

// SetStock implements channel.StockSetter.
func (s *shop) SetStock(ctx context.Context, o channel.Offer, value int64) error {
	const op = "mercadolibre.SetStock"
	h, err := s.held(ctx, op, o)
	if err != nil { // nothing that could change anything has been sent yet
		if f, ok := err.(*fault.Error); ok && f.Code == fault.Unknown {
			f.Code = fault.Unavailable
		}
		return err
	}
	if h.product != "" {
		body := map[string]any{"locations": []any{map[string]any{"store_id": h.store, "network_node_id": h.node, "quantity": value}}}
		_, err = s.change(ctx, call{op: op, method: http.MethodPut, path: "/user-products/" + url.PathEscape(h.product) + "/stock/type/seller_warehouse",
			header: [2]string{"x-version", h.version}, body: body})
		return withRef(err, o.Code())
	}
	body := map[string]any{"available_quantity": value}
	if o.Variation != "" {
		id, err := strconv.ParseInt(o.Variation, 10, 64)
		if err != nil {
			return &fault.Error{Op: op, Code: fault.Invalid, Ref: o.Code(), Why: fault.Because("variation_number", "a variation's id is a number")}
		}
		body = map[string]any{"variations": []any{map[string]any{"id": id, "available_quantity": value}}}
	}
	_, err = s.change(ctx, call{op: op, method: http.MethodPut, path: "/items/" + url.PathEscape(o.Item), body: body})
	return withRef(err, o.Code())
}

// held reads a listing and, where the seller has warehouses, the user product's stock.
func (s *shop) held(ctx context.Context, op string, o channel.Offer) (held, error) {
	fail := func(code fault.Code, why fault.Reason) (held, error) {
		return held{}, &fault.Error{Op: op, Code: code, Ref: o.Code(), Why: why}
	}
	a, err := s.get(ctx, call{op: op, path: "/items/" + url.PathEscape(o.Item)})
	if err != nil {
		return held{}, withRef(err, o.Code())
	}
	n, err := parse(a.body)
	if err != nil || n.text("id") != o.Item {
		return fail(fault.Unavailable, fault.Because("answer_unreadable", "the platform's answer cannot be read"))
	}
	what := n
	if o.Variation != "" {
		found := false
		for _, v := range n.list("variations") {
			if v.text("id") == o.Variation {
				what, found = v, true
			}
		}
		if !found {
			return fail(fault.NotFound, fault.Because("no_such_variation", "the listing has no such variation"))
		}
	} else if len(n.list("variations")) > 0 {
		return fail(fault.NotFound, fault.Because("bind_variations", "the listing has variations: bind each of them"))
	}
	if what.text("inventory_id") != "" || n.obj("shipping").text("logistic_type") == "fulfillment" {
		return fail(fault.Unsupported, fault.Because("stock_in_full", "this stock lies in Full, the platform's own warehouse: it is not written from here"))
	}
	value, ok := what.count("available_quantity")
	if !ok {
		return fail(fault.Unavailable, fault.Because("no_quantity_told", "the listing says no available_quantity"))
	}
	product := what.text("user_product_id")
	if product == "" {
		return held{value: value}, nil
	}
	return s.warehouse(ctx, op, o, product, value)
}

// warehouse reads the stock of a user product. One without warehouses is written as a
// listing.
func (s *shop) warehouse(ctx context.Context, op string, o channel.Offer, product string, value int64) (held, error) {
	a, err := s.get(ctx, call{op: op, path: "/user-products/" + url.PathEscape(product) + "/stock"})
	switch {
	case fault.Is(err, fault.NotFound):
		return held{value: value}, nil
	case err != nil:
		return held{}, withRef(err, o.Code())
	}
	n, err := parse(a.body)
	if err != nil {
		return held{}, &fault.Error{Op: op, Code: fault.Unavailable, Ref: o.Code(), Why: fault.Because("answer_unreadable", "the platform's answer cannot be read")}
	}
	var own []node
	for _, l := range n.list("locations") {
		if l.text("type") == "seller_warehouse" {
			own = append(own, l)
		}
	}
	switch {
	case len(own) == 0:
		return held{value: value}, nil
	case len(own) > 1:
		return held{}, &fault.Error{Op: op, Code: fault.Unsupported, Ref: o.Code(), Why: fault.Because("stock_many_warehouses", "this stock lies in several warehouses: keep it in Mercado Libre's own console")}
	}
	value, _ = own[0].count("quantity")
	return held{value: value, product: product, version: a.header.Get("X-Version"), store: own[0].text("store_id"), node: own[0].text("network_node_id")}, nil
}
