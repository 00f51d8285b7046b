package mercadolibre

import (
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestOrderHasTheDocumentedShapeAndSums(t *testing.T) {
	w := newWorld(t)
	p := w.place(`{"seller":{"id":700000001},
		"order_items":[{"item":{"id":"MLB4000001001","variation_id":180000100001},"quantity":2,"unit_price":129.9,"discounts":[{"amounts":{"full":20,"seller":20}}]}],
		"payments":[{"transaction_amount":259.8,"shipping_cost":14.9,"payment_method_id":"pix","payment_type":"bank_transfer","status":"approved"}],
		"shipment":{"lead_time":{"cost":14.9,"list_cost":24.55}}}`)
	o := w.order(p.Orders[0])
	for path, want := range map[string]any{
		"status": "paid", "total_amount": "259.8", "paid_amount": "274.7", "currency_id": "BRL", "order_items.0.unit_price": "129.9",
		"order_items.0.full_unit_price": "149.9", "order_items.0.gross_price": "299.8", "order_items.0.sale_fee": "21.43", "order_items.0.quantity": "2",
		"order_items.0.item.title": "Caneca Térmica Inox 500ml", "order_items.0.item.variation_id": "180000100001", "payments.0.total_paid_amount": "274.7",
		"payments.0.status_detail": "accredited", "seller.id": "700000001", "context.site": "MLB", "shipping.id": p.Shipment.String(), "pack_id": p.Pack.String(),
		"date_created": "2026-05-04T09:59:57.000-04:00", "date_closed": "2026-05-04T09:59:59.000-04:00", "last_updated": "2026-05-04T10:00:00.000-04:00", "cancel_detail": nil, "fulfilled": nil, "shipping_cost": nil, "order_items.0.requested_quantity.measure": "unit",
	} {
		w.want(o, path, want)
	}
	var keys []string
	for k := range o {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	want := strings.Fields("buyer buying_mode cancel_detail comment context currency_id date_closed date_created expiration_date feedback fulfilled id internal_tags last_updated manufacturing_ending_date mediations order_items order_request pack_id paid_amount payments pickup_id related_orders seller shipping shipping_cost static_tags status status_detail tags taxes total_amount")
	if !slices.Equal(keys, want) {
		t.Errorf("top level fields are\n%v, want\n%v", keys, want)
	}
	d := w.get("/orders/" + p.Orders[0].String() + "/discounts")
	w.want(d, "details.0.items.0.amounts.total", "40")
	pay := w.get("/collections/" + at(o, "payments.0.id").(string))
	w.want(pay, "order_id", p.Orders[0].String())
	pack := w.get("/packs/" + p.Pack.String())
	w.want(pack, "date_created", "2026-05-04T09:59:57.000-0400")
	w.want(pack, "shipment.id", p.Shipment.String())
	bill := w.get("/orders/billing-info/MLB/" + at(o, "buyer.billing_info.id").(string))
	w.want(bill, "buyer.cust_id", at(o, "buyer.id"))
	// Listing stock is taken when the order closes.
	w.want(w.get("/items/MLB4000001001"), "variations.0.available_quantity", "298")
}

func TestEverySiteSellsInItsCurrency(t *testing.T) {
	w := newWorld(t)
	for seller, want := range map[ID]string{brazil: "BRL", mexico: "MXN", argentina: "ARS", chile: "CLP", colombia: "COP"} {
		p := w.place(fmt.Sprintf(`{"seller_id":%d}`, seller))
		o := w.as(seller).order(p.Orders[0])
		w.want(o, "currency_id", want)
		if total := at(o, "total_amount").(string); (want == "CLP" || want == "COP") && strings.Contains(total, ".") {
			t.Errorf("%s total %s has decimals", want, total)
		}
	}
}

func TestStrangersAreRefusedInThePlatformsWords(t *testing.T) {
	w := newWorld(t)
	p := w.place(`{"seller_id":700000001}`)
	id := p.Orders[0].String()
	w.as(mexico)
	w.refused("GET", "/orders/"+id, "", 403, "not_owned_order")
	w.refused("GET", "/orders/2000000000000009", "", 404, "order_not_found")
	w.refused("GET", "/orders/abc", "", 400, "invalid_order_id")
	w.refused("GET", "/orders/search?seller=700000001", "", 403, "caller.id.invalid")
	w.refused("GET", "/packs/"+p.Pack.String(), "", 403, "forbidden")
	w.refused("GET", "/shipments/"+p.Shipment.String(), "", 403, "FORBIDDEN")
	w.refused("GET", "/orders/"+id+"/feedback", "", 403, "not_owned_order")
	w.refused("GET", "/nothing/here", "", 404, "not_found")
	w.refused("DELETE", "/orders/"+id, "", 405, "method_not_allowed")
}

func TestSearchPagesFiltersAndLimits(t *testing.T) {
	w := newWorld(t)
	var ids []ID
	for range 55 {
		ids = append(ids, w.place(`{"seller_id":700000001}`).Orders[0])
		w.clock.Advance(2 * time.Minute)
	}
	w.place(`{"seller_id":700000002}`)
	m := w.get("/orders/search?seller=700000001&sort=date_asc")
	w.want(m, "paging.total", "55")
	w.want(m, "paging.limit", "50")
	w.want(m, "results.0.id", ids[0].String())
	if n := len(m["results"].([]any)); n != 50 {
		t.Errorf("%d rows, want 50", n)
	}
	if at(m, "results.0.date_last_updated") == nil || at(m, "results.0.last_updated") == nil {
		t.Error("a row lacks one of the two times of change")
	}
	m = w.get("/orders/search?seller=700000001&sort=date_desc&limit=51&offset=51")
	w.want(m, "results.3.id", ids[0].String())
	if r := w.refused("GET", "/orders/search?seller=700000001&limit=52", "", 400, "bad_request"); r["message"] != "Limit must be a lower or equal than 51" {
		t.Errorf("message %v", r["message"])
	}
	w.refused("GET", "/orders/search?seller=700000001&offset=9951&limit=50", "", 400, "limit.maximum_exceeded")
	w.get("/orders/search?seller=700000001&offset=9950&limit=50")

	// Minutes and seconds of filters are ignored: 11:30 means 11:00.
	from := url.QueryEscape("2026-05-04T11:30:00.000-04:00")
	loose := at(w.get("/orders/search?seller=700000001&order.date_created.from="+from), "paging.total")
	if err := w.s.Configure(func(c *Config) { c.ExactDates = true }); err != nil {
		t.Fatal(err)
	}
	exact := at(w.get("/orders/search?seller=700000001&order.date_created.from="+from), "paging.total")
	if loose != "24" || exact != "9" {
		t.Errorf("found %v by whole hours and %v exactly, want 24 and 9", loose, exact)
	}
	w.refused("GET", "/orders/search?seller=700000001&order.date_created.from=yesterday", "", 400, "bad_request")
	w.want(w.get("/orders/search?seller=700000001&q="+ids[7].String()), "paging.total", "1")
	w.want(w.get("/orders/search?seller=700000001&order.status=cancelled"), "paging.total", "0")
}

func TestScanGoesThroughEverythingOnce(t *testing.T) {
	w := newWorld(t)
	want := map[string]bool{}
	for range 23 {
		want[w.place(`{"seller_id":700000001}`).Orders[0].String()] = true
	}
	path, got := "/orders/search?seller=700000001&search_type=scan&limit=10", map[string]bool{}
	scroll := ""
	for range 4 {
		m := w.get(path + scroll)
		w.want(m, "display", "partial")
		for _, r := range m["results"].([]any) {
			got[at(r, "id").(string)] = true
		}
		scroll = "&scroll_id=" + at(m, "paging.scroll_id").(string)
	}
	if len(got) != len(want) {
		t.Fatalf("scan found %d orders, want %d", len(got), len(want))
	}
	w.clock.Advance(5 * time.Minute)
	w.refused("GET", path+scroll, "", 400, "bad_request")
	w.refused("GET", path+"&offset=10", "", 400, "bad_request")
}

func TestLagsAndPartialAnswers(t *testing.T) {
	w := newWorld(t, func(o *Options) {
		o.Config = Config{OrderLag: Span(20 * time.Second), ShipmentDelay: Span(40 * time.Second), SearchLag: Span(time.Minute), ExactDates: true}
	})
	p := w.place(`{"seller_id":700000001}`)
	id := p.Orders[0].String()
	w.refused("GET", "/orders/"+id, "", 404, "order_not_found")
	w.clock.Advance(25 * time.Second)
	w.want(w.order(p.Orders[0]), "shipping.id", nil)
	w.refused("GET", "/shipments/"+p.Shipment.String(), "", 404, "not_found")
	w.notices()
	w.clock.Advance(20 * time.Second)
	w.want(w.order(p.Orders[0]), "shipping.id", p.Shipment.String())
	if n := w.notices(); !slices.Contains(n, "orders_v2 /orders/"+id) {
		t.Errorf("the shipment was not announced by the order: %v", n)
	}
	w.want(w.get("/orders/search?seller=700000001"), "paging.total", "0")
	w.clock.Advance(5 * time.Minute)
	w.want(w.get("/orders/search?seller=700000001&order.status=paid"), "paging.total", "1")
	w.act(p.Orders[0], "buyer_cancel")
	w.want(w.get("/orders/search?seller=700000001&order.status=paid"), "paging.total", "1")
	w.clock.Advance(2 * time.Minute)
	w.want(w.get("/orders/search?seller=700000001&order.status=paid"), "paging.total", "0")

	if err := w.s.Configure(func(c *Config) { c.PartialRate, c.Missing = 1, []string{"buyer", "feedback"} }); err != nil {
		t.Fatal(err)
	}
	status, raw, h := w.call("GET", "/orders/"+id, "")
	if status != 206 || h.Get("X-Content-Missing") != "buyer, feedback" || strings.Contains(string(raw), `"buyer":{`) {
		t.Errorf("%d %q %s", status, h.Get("X-Content-Missing"), raw)
	}
}

func TestSellerCancelsOnlyOnceAndOnlyByFeedback(t *testing.T) {
	w := newWorld(t)
	p := w.place(`{"seller_id":700000001,"order_items":[{"item":{"id":"MLB4000001004"},"quantity":3}]}`)
	id := p.Orders[0].String()
	path := "/orders/" + id + "/feedback"
	w.refused("POST", path, `{"rating":"neutral","message":"x"}`, 400, "invalid_fulfilled")
	w.refused("POST", path, `{"fulfilled":false,"rating":"neutral","message":"x"}`, 400, "invalid_reason")
	w.notices()
	status, raw, _ := w.call("POST", path, `{"fulfilled":false,"rating":"neutral","message":"Sem estoque","reason":"OUT_OF_STOCK","restock_item":true}`)
	if status != 201 {
		t.Fatalf("feedback: %d %s", status, raw)
	}
	o := w.order(p.Orders[0])
	for path, want := range map[string]any{
		"status": "cancelled", "cancel_detail.requested_by": "seller", "cancel_detail.code": "feedback_unavailable_product", "payments.0.status": "refunded",
		"payments.0.transaction_amount_refunded": at(o, "payments.0.transaction_amount"), "feedback.seller.fulfilled": false,
	} {
		w.want(o, path, want)
	}
	w.want(w.ship(p.Shipment), "status", "cancelled")
	w.want(w.get("/packs/"+p.Pack.String()), "status", "cancelled")
	w.want(w.get("/items/MLB4000001004"), "available_quantity", "500")
	got := w.notices()
	for _, topic := range []string{"orders_v2", "payments", "shipments", "orders_feedback"} {
		if !slices.ContainsFunc(got, func(n string) bool { return strings.HasPrefix(n, topic+" ") }) {
			t.Errorf("no %s among %v", topic, got)
		}
	}
	w.refused("POST", path, `{"fulfilled":false,"rating":"neutral","message":"again","reason":"OUT_OF_STOCK"}`, 400, "feedback_already_exists")
	if c := w.s.Tally(id)["cancel"]; c.Calls != 3 || c.Changes != 1 {
		t.Errorf("cancel was counted %+v, want 3 calls and 1 change", c)
	}
	w.want(w.get(path), "sale.reason", "OUT_OF_STOCK")
	if m := w.get("/orders/search?seller=700000001"); at(m, "paging.total") != "1" {
		t.Error("cancelled orders were seen in the search of sellers")
	}
	if err := w.s.Configure(func(c *Config) { c.HideCancelled = true }); err != nil {
		t.Fatal(err)
	}
	w.want(w.get("/orders/search?seller=700000001"), "paging.total", "0")
}

func TestFeedbackAfterShippingComesTooLate(t *testing.T) {
	w := newWorld(t)
	p := w.place(`{"seller_id":700000001}`)
	w.act(p.Orders[0], "ship", ActArgs{Force: true})
	w.refused("POST", "/orders/"+p.Orders[0].String()+"/feedback", `{"fulfilled":false,"rating":"neutral","message":"x","reason":"OUT_OF_STOCK"}`, 400, "not_fulfilled_feedback_in_order_expired")
}

func TestPendingPaymentIsPaidOrExpires(t *testing.T) {
	w := newWorld(t)
	p := w.place(`{"seller_id":700000001,"pending":true}`)
	w.want(w.order(p.Orders[0]), "status", "payment_required")
	w.want(w.order(p.Orders[0]), "date_closed", nil)
	sh := w.ship(p.Shipment)
	w.want(sh, "destination.receiver_name", "XXXXXXX")
	w.want(sh, "destination.shipping_address.zip_code", "XXXXXXX")
	w.notices()
	w.act(p.Orders[0], "pay")
	o := w.order(p.Orders[0])
	w.want(o, "status", "paid")
	if at(o, "date_closed") == nil || at(w.ship(p.Shipment), "destination.receiver_name") == "XXXXXXX" {
		t.Error("paid order is not closed or its address still masked")
	}
	if got := w.notices(); !slices.Contains(got, "payments /collections/"+at(o, "payments.0.id").(string)) {
		t.Errorf("payment was not announced: %v", got)
	}
	late := w.place(`{"seller_id":700000001,"pending":true}`)
	w.clock.Advance(73 * time.Hour)
	w.as(brazil)
	o = w.order(late.Orders[0])
	w.want(o, "status", "cancelled")
	w.want(o, "cancel_detail.requested_by", "meli")
	w.want(o, "payments.0.status", "cancelled")
}

func TestBuyerCancelsOneOrderOfAPack(t *testing.T) {
	w := newWorld(t)
	p := w.place(`{"seller_id":700000001,"orders":[{},{}]}`)
	if len(p.Orders) != 2 {
		t.Fatalf("placed %+v", p)
	}
	w.act(p.Orders[0], "buyer_cancel")
	o := w.order(p.Orders[0])
	w.want(o, "cancel_detail.code", "buyer_cancel_express")
	w.want(w.get("/packs/"+p.Pack.String()), "status", "released")
	if st := at(w.ship(p.Shipment), "status"); st == "cancelled" {
		t.Error("the parcel of the living order was cancelled")
	}
	w.act(p.Orders[1], "buyer_cancel")
	w.want(w.get("/packs/"+p.Pack.String()), "status", "cancelled")
	w.want(w.ship(p.Shipment), "substatus", "closed_by_user")
}

func TestPartialRefundKeepsTheSaleAlive(t *testing.T) {
	w := newWorld(t)
	p := w.place(`{"seller_id":700000001}`)
	w.act(p.Orders[0], "refund", ActArgs{Amount: 10_00})
	o := w.order(p.Orders[0])
	w.want(o, "status", "partially_refunded")
	w.want(o, "payments.0.transaction_amount_refunded", "10")
	w.want(o, "payments.0.status", "approved")
	w.act(p.Orders[0], "refund")
	w.want(w.order(p.Orders[0]), "status", "cancelled")
	w.want(w.order(p.Orders[0]), "payments.0.status", "refunded")
}

func TestNotesAreKept(t *testing.T) {
	w := newWorld(t)
	p := w.place(`{"seller_id":700000001}`)
	path := "/orders/" + p.Orders[0].String() + "/notes"
	status, raw, _ := w.call("POST", path, `{"note":"ligar antes"}`)
	if status != 201 {
		t.Fatalf("%d %s", status, raw)
	}
	id := at(tree(t, raw), "note.id").(string)
	w.call("PUT", path+"/"+id, `{"note":"ligar depois"}`)
	if _, raw, _ := w.call("GET", path, ""); !strings.Contains(string(raw), "ligar depois") {
		t.Errorf("notes are %s", raw)
	}
	w.call("DELETE", path+"/"+id, "")
	if _, raw, _ := w.call("GET", path, ""); strings.Contains(string(raw), "ligar") {
		t.Errorf("notes are %s", raw)
	}
	w.refused("POST", path, `{"note":"`+strings.Repeat("a", 301)+`"}`, 400, "invalid_note")
}

func TestOddFormsAreWrittenOnDemand(t *testing.T) {
	w := newWorld(t)
	p := w.place(`{"seller_id":700000001,"order_items":[{"item":{"id":"MLB4000001001"},"unit_price":129.9}]}`)
	if err := w.s.configureJSON(json.RawMessage(`{"text_ids":true,"text_variation":true,"stock_form":"array","discounts_form":"absent","status_detail":"object","trailing_zeros":true,"unknown":true,"sale_purchase":true,"embedded_shipping":true}`)); err != nil {
		t.Fatal(err)
	}
	_, raw, _ := w.call("GET", "/orders/"+p.Orders[0].String(), "")
	for _, want := range []string{`"id":"` + p.Orders[0].String() + `"`, `"total_amount":129.90`, `"status_detail":{"code"`, `"tag_of_tomorrow"`, `"sale":null`, `"logistic_type":"cross_docking"`, `"stock":[{`} {
		if !strings.Contains(string(raw), want) {
			t.Errorf("%s is missing in %s", want, raw)
		}
	}
	if strings.Contains(string(raw), `"discounts"`) {
		t.Error("discounts are still there")
	}
}

func TestStockRunsOutAndPausesTheListing(t *testing.T) {
	w := newWorld(t)
	w.place(`{"seller_id":700000001,"order_items":[{"item":{"id":"MLB4000001004"},"quantity":500}]}`)
	it := w.get("/items/MLB4000001004")
	w.want(it, "status", "paused")
	w.want(it, "sub_status.0", "out_of_stock")
	if _, err := w.s.PlaceJSON(json.RawMessage(`{"seller_id":700000001,"order_items":[{"item":{"id":"MLB4000001004"}}]}`)); err == nil {
		t.Error("an empty listing was sold")
	}
	w.place(`{"seller_id":700000001,"oversell":true,"order_items":[{"item":{"id":"MLB4000001004"}}]}`)
	for range 2 {
		if status, raw, _ := w.call("PUT", "/items/MLB4000001004", `{"available_quantity":8}`); status != 200 {
			t.Fatalf("%d %s", status, raw)
		}
	}
	w.want(w.get("/items/MLB4000001004"), "status", "active")
	if c := w.s.Tally("MLB4000001004")["stock"]; c.Calls != 2 || c.Changes != 1 {
		t.Errorf("stock was counted %+v, want 2 calls and 1 change", c)
	}
	w.refused("PUT", "/items/MLB4000001001", `{"available_quantity":8}`, 400, "validation_error")
	w.as(mexico).refused("PUT", "/items/MLB4000001004", `{"available_quantity":1}`, 403, "forbidden")
}
