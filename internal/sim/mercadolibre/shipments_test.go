package mercadolibre

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"
)

func substatuses(w *world, id ID) []string {
	_, raw, _ := w.call("GET", "/shipments/"+id.String()+"/history", "")
	var rows []struct {
		Status    string
		Substatus *string
	}
	if err := json.Unmarshal(raw, &rows); err != nil {
		w.t.Fatal(err)
	}
	var out []string
	for _, r := range rows {
		out = append(out, strings.TrimSuffix(r.Status+"/"+deref(r.Substatus), "/"))
	}
	return out
}

func TestParcelGoesTheWayOfItsLogisticType(t *testing.T) {
	common := []string{"pending", "handling/waiting_for_label_generation", "ready_to_ship/ready_to_print", "ready_to_ship/printed"}
	for kind, want := range map[string][]string{
		"cross_docking": append(slices.Clone(common), "ready_to_ship/picked_up", "ready_to_ship/in_hub", "shipped", "delivered"),
		"drop_off":      append(slices.Clone(common), "ready_to_ship/dropped_off", "shipped", "shipped/out_for_delivery", "delivered"),
		"xd_drop_off":   append(slices.Clone(common), "ready_to_ship/dropped_off", "ready_to_ship/in_hub", "shipped", "delivered"),
		"self_service":  {"pending", "ready_to_ship/ready_to_print", "ready_to_ship/printed", "shipped/out_for_delivery", "delivered"},
		"fulfillment":   {"pending", "handling", "ready_to_ship/in_warehouse", "ready_to_ship/packed", "shipped", "delivered"},
		"default":       {"pending", "shipped", "delivered"},
		"custom":        {"pending", "shipped", "delivered"},
	} {
		t.Run(kind, func(t *testing.T) {
			w := newWorld(t)
			p := w.place(fmt.Sprintf(`{"seller_id":700000001,"shipment":{"logistic":{"type":%q}}}`, kind))
			if kind == "fulfillment" {
				w.clock.Advance(72 * time.Hour)
				w.as(brazil)
			} else {
				w.clock.Advance(time.Minute)
				for at(w.ship(p.Shipment), "status") != "delivered" {
					w.act(p.Orders[0], "progress")
				}
			}
			if got := substatuses(w, p.Shipment); !slices.Equal(got, want) {
				t.Errorf("the parcel went\n%v, want\n%v", got, want)
			}
			o := w.order(p.Orders[0])
			if delivered := slices.Contains(o["tags"].([]any), any("delivered")); delivered != (kind != "custom") {
				t.Errorf("tags are %v", o["tags"])
			}
		})
	}
}

func TestSaleWithoutShipmentIsDeliveredByFeedback(t *testing.T) {
	w := newWorld(t)
	p := w.place(`{"seller_id":700000001,"shipment":null}`)
	o := w.order(p.Orders[0])
	w.want(o, "shipping.id", nil)
	if !slices.Contains(o["tags"].([]any), any("no_shipping")) {
		t.Errorf("tags are %v", o["tags"])
	}
	if status, raw, _ := w.call("POST", "/orders/"+p.Orders[0].String()+"/feedback", `{"fulfilled":true,"rating":"positive","message":"ok"}`); status != 201 {
		t.Fatalf("%d %s", status, raw)
	}
	if o = w.order(p.Orders[0]); !slices.Contains(o["tags"].([]any), any("delivered")) {
		t.Errorf("tags are %v", o["tags"])
	}
	status, _, _ := w.call("GET", "/orders/"+p.Orders[0].String()+"/shipments", "", "X-New-Domain", "true")
	if status != 204 {
		t.Errorf("shipments of a sale without one: %d, want 204", status)
	}
}

func TestBothFormatsAndSubResourcesAgree(t *testing.T) {
	w := newWorld(t)
	p := w.place(`{"seller_id":700000001,"orders":[{},{}],"shipment":{"lead_time":{"cost":14.9,"list_cost":24.55},"costs":{"senders":[{"cost":8.19}]}}}`)
	id := "/shipments/" + p.Shipment.String()
	n, l := w.ship(p.Shipment), w.get(id)
	for _, pair := range [][2]string{{"status", "status"}, {"tracking_number", "tracking_number"}, {"logistic.mode", "mode"}, {"logistic.type", "logistic_type"}, {"lead_time.cost", "shipping_option.cost"},
		{"destination.receiver_name", "receiver_address.receiver_name"}, {"destination.shipping_address.zip_code", "receiver_address.zip_code"}, {"declared_value", "order_cost"}, {"date_created", "date_created"}} {
		if at(n, pair[0]) == nil || at(n, pair[0]) != at(l, pair[1]) {
			t.Errorf("%s is %v in the new format, %s is %v in the old", pair[0], at(n, pair[0]), pair[1], at(l, pair[1]))
		}
	}
	if _, ok := n["order_id"]; ok {
		t.Error("the new format has an order_id")
	}
	w.want(l, "order_id", p.Orders[0].String())
	w.want(w.get(id+"/costs"), "senders.0.cost", "8.19")
	w.want(w.get(id+"/costs"), "receiver.cost", "14.9")
	w.want(w.get(id+"/sla"), "status", "on_time")
	w.want(w.get(id+"/sla"), "expected_date", "2026-05-04T23:59:59-03:00") // 11:00 in São Paulo, before the cut-off
	w.want(w.get(id+"/lead_time"), "cost", "14.9")
	if m := w.refused("GET", id+"/delays", "", 404, "not_found"); m["message"] != "Delays Not Found for shipment" {
		t.Errorf("message %v", m["message"])
	}
	for path, want := range map[string]int{"/orders": 2, "/items": 2, "/payments": 2, "/history": 1} {
		_, raw, _ := w.call("GET", id+path, "", "X-New-Domain", "true")
		var rows []map[string]any
		if err := json.Unmarshal(raw, &rows); err != nil || len(rows) != want {
			t.Errorf("%s has %s, want %d rows", path, raw, want)
		}
		if path == "/orders" && rows[0]["order_id"] != p.Orders[0].String() {
			t.Errorf("order_id is %v, want a text", rows[0]["order_id"])
		}
	}
}

func TestChileHidesPostalCodes(t *testing.T) {
	w := newWorld(t)
	p := w.place(`{"seller_id":700000004}`)
	w.as(chile).want(w.ship(p.Shipment), "destination.shipping_address.zip_code", nil)
}

func TestLabelsPrintOnceAndReprint(t *testing.T) {
	w := newWorld(t)
	p, other, foreign := w.place(`{"seller_id":700000001}`), w.place(`{"seller_id":700000001,"pending":true}`), w.place(`{"seller_id":700000002}`)
	path := "/shipment_labels?response_type=zpl2&shipment_ids="
	w.refused("GET", path+p.Shipment.String(), "", 400, "not_printable_status")
	w.clock.Advance(time.Minute)
	if m := w.refused("GET", path+p.Shipment.String()+","+other.Shipment.String(), "", 400, "not_printable_status"); !strings.Contains(m["message"].(string), other.Shipment.String()) {
		t.Errorf("the message does not name the bad shipment: %v", m["message"])
	}
	w.want(w.ship(p.Shipment), "substatus", "ready_to_print")
	w.refused("GET", path+foreign.Shipment.String(), "", 400, "invalid_shipment_caller")
	w.refused("GET", path+"9", "", 404, "not_found")
	w.refused("GET", path+strings.Repeat("1,", 50)+"1", "", 400, "shipment_ids")
	w.notices()
	status, raw, h := w.call("GET", path+p.Shipment.String(), "")
	if status != 200 || h.Get("Content-Type") != "application/zip" {
		t.Fatalf("%d %s", status, raw)
	}
	z, err := zip.NewReader(bytes.NewReader(raw), int64(len(raw)))
	if err != nil || len(z.File) != 1 {
		t.Fatalf("zip: %v", err)
	}
	f, err := z.File[0].Open()
	if err != nil {
		t.Fatal(err)
	}
	if zpl, _ := io.ReadAll(f); !bytes.HasPrefix(zpl, []byte("^XA")) {
		t.Errorf("zpl is %s", zpl)
	}
	if got := w.notices(); !slices.Contains(got, "shipments /shipments/"+p.Shipment.String()) {
		t.Errorf("printing was not announced: %v", got)
	}
	if _, raw, _ = w.call("GET", strings.Replace(path, "zpl2", "pdf", 1)+p.Shipment.String(), ""); !bytes.HasPrefix(raw, []byte("%PDF-1.4")) || !bytes.Contains(raw, []byte("%%EOF")) {
		t.Error("the reprint is not a PDF")
	}
	if c := w.s.Tally(p.Orders[0].String())["print"]; c.Calls != 2 || c.Changes != 1 {
		t.Errorf("print was counted %+v, want 2 calls and 1 change", c)
	}
}

func TestBrazilianInvoiceFreesTheLabel(t *testing.T) {
	w := newWorld(t, func(o *Options) {
		o.Sellers = []Seller{{ID: brazil, Site: "MLB", Nickname: "COM NOTA", OwnInvoice: true}}
	})
	p := w.place(`{"seller_id":700000001}`)
	w.clock.Advance(time.Minute)
	sh := w.ship(p.Shipment)
	w.want(sh, "substatus", "invoice_pending")
	_, old, _ := w.call("GET", "/orders/"+p.Orders[0].String()+"/billing_info", "")
	bill := tree(t, old)
	doc := at(bill, "billing_info.doc_number").(string)
	kind := at(bill, "billing_info.doc_type").(string)
	note := func(key, stat, value string) string {
		return fmt.Sprintf(`<?xml version="1.0" encoding="UTF-8"?><nfeProc xmlns="http://www.portalfiscal.inf.br/nfe" versao="4.00"><NFe><infNFe Id="NFe%s"><ide><serie>1</serie><nNF>123</nNF><dhEmi>2026-05-04T11:00:00-03:00</dhEmi></ide><dest><%s>%s</%s><enderDest><CEP>%s</CEP></enderDest></dest><total><ICMSTot><vProd>%s</vProd><vNF>%s</vNF></ICMSTot></total></infNFe></NFe><protNFe><infProt><chNFe>%s</chNFe><cStat>%s</cStat></infProt></protNFe></nfeProc>`,
			key, kind, doc, kind, at(sh, "destination.shipping_address.zip_code"), value, value, key, stat)
	}
	key, value := strings.Repeat("3526050000", 4)+"1234", at(sh, "declared_value").(string)
	path := "/shipments/" + p.Shipment.String() + "/invoice_data/?siteId=MLB"
	w.refused("POST", path, "<oops", 400, "error_parse_invoice_data")
	w.refused("POST", path, note(key, "101", value), 400, "invalid_nfe_cstat")
	w.refused("POST", path, note(key, "100", "1.00"), 400, "nfe_order_value_divergence")
	if status, raw, _ := w.call("POST", path, note(key, "100", value)); status != 201 {
		t.Fatalf("%d %s", status, raw)
	}
	w.want(w.ship(p.Shipment), "substatus", "ready_to_print")
	w.refused("POST", path, note(key, "100", value), 400, "shipment_invoice_already_saved")
	w.want(w.get(path), "fiscal_key", key)

	forgotten := w.place(`{"seller_id":700000001}`)
	w.clock.Advance(73 * time.Hour)
	w.as(brazil).want(w.order(forgotten.Orders[0]), "cancel_detail.group", "fiscal")
}

func TestOwnCarrierReportsTracking(t *testing.T) {
	w := newWorld(t)
	p := w.place(`{"seller_id":700000001,"shipment":{"logistic":{"mode":"me1","type":"default"}}}`)
	if phone := at(w.ship(p.Shipment), "destination.receiver_phone"); phone == nil {
		t.Error("ME1 gives the receiver's phone")
	}
	path := "/v2/shipments/" + p.Shipment.String() + "/seller_notifications"
	body := func(status, sub, extra string) string {
		return `{"payload":{"service_id":11,"comment":"x","date":"2026-05-05T13:03:51.175-03:00"},"status":"` + status + `","substatus":` + sub + extra + `}`
	}
	tracking := `,"tracking_number":"OP123456789BR","tracking_url":"https://carrier.example/track/OP123456789BR"`
	w.refused("POST", path, body("shipped", `"null"`, tracking), 400, "invalid_seller_json_format")
	w.refused("POST", path, body("shipped", "null", `,"tracking_number":"OP1"`), 400, "invalid_seller_json_format")
	w.refused("POST", path, body("shipped", `"stolen"`, tracking), 403, "bad_request")
	w.refused("POST", path, strings.Replace(body("shipped", "null", tracking), "2026-05-05", "2026-05-01", 1), 400, "event_date_before_shipment_creation_date")
	me2 := w.place(`{"seller_id":700000001}`)
	w.refused("POST", "/v2/shipments/"+me2.Shipment.String()+"/seller_notifications", body("shipped", "null", tracking), 400, "shipment_mode_is_not_me1")
	w.as(mexico).refused("POST", path, body("shipped", "null", tracking), 403, "forbidden_client")
	w.as(brazil)
	for range 2 {
		if status, raw, _ := w.call("POST", path, body("shipped", "null", tracking)); status != 200 || string(raw) != `{"status":"OK"}` {
			t.Fatalf("%d %s", status, raw)
		}
	}
	w.want(w.ship(p.Shipment), "tracking_number", "OP123456789BR")
	w.want(w.get("/shipments/"+p.Shipment.String()+"/carrier"), "url", "https://carrier.example/track/OP123456789BR")
	if c := w.s.Tally(p.Orders[0].String())["track_shipped"]; c.Changes != 1 {
		t.Errorf("track_shipped was counted %+v, want 1 change", c)
	}
	if status, _, _ := w.call("POST", path, body("delivered", "null", "")); status != 200 {
		t.Fatal("delivered was refused")
	}
	w.refused("POST", path, body("shipped", "null", ""), 403, "bad_request")

	old := w.place(`{"seller_id":700000001,"shipment":{"logistic":{"mode":"me1","type":"default"}}}`)
	v1 := "/shipments/" + old.Shipment.String() + "/seller_notifications"
	if status, raw, _ := w.call("POST", v1, body("shipped", `"null"`, tracking)); status != 200 {
		t.Fatalf("version 1: %d %s", status, raw)
	}
	if err := w.s.Configure(func(c *Config) { c.V1TrackingOff = true }); err != nil {
		t.Fatal(err)
	}
	w.refused("POST", v1, body("delivered", `"null"`, ""), 404, "not_found")
	if status, _, _ := w.call("POST", "/v2"+v1, body("not_delivered", `"returned"`, "")); status != 200 {
		t.Fatal("not_delivered was refused")
	}
	w.want(w.order(old.Orders[0]), "payments.0.status", "refunded")
}

func TestCustomShipmentIsMarkedBySeller(t *testing.T) {
	w := newWorld(t)
	p := w.place(`{"seller_id":700000001,"shipment":{"logistic":{"mode":"custom","type":"custom"}}}`)
	path := "/shipments/" + p.Shipment.String()
	if status, raw, _ := w.call("PUT", path, `{"status":"shipped","tracking_number":"T1","speed":48}`); status != 200 {
		t.Fatalf("%d %s", status, raw)
	}
	w.want(w.ship(p.Shipment), "tracking_number", "T1")
	w.refused("PUT", path, `{"status":"cancelled"}`, 400, "bad_request")
	me2 := w.place(`{"seller_id":700000001}`)
	w.refused("PUT", "/shipments/"+me2.Shipment.String(), `{"status":"shipped"}`, 400, "bad_request")
}

func TestUnsentSaleIsLateAndThenCancelled(t *testing.T) {
	w := newWorld(t)
	p := w.place(`{"seller_id":700000001}`)
	id := "/shipments/" + p.Shipment.String()
	w.clock.Advance(14 * time.Hour)
	w.as(brazil)
	w.want(w.get(id+"/sla"), "status", "delayed")
	w.want(w.get(id+"/delays"), "delays.0.type", "handling_delayed")
	w.clock.Advance(5 * 24 * time.Hour)
	w.as(brazil)
	o := w.order(p.Orders[0])
	w.want(o, "status", "cancelled")
	w.want(o, "cancel_detail.requested_by", "meli")
	w.want(w.ship(p.Shipment), "substatus", "time_expired")
	w.refused("GET", id+"/sla", "", 404, "not_found")
}

func TestSplitReplacesOrderPackAndShipment(t *testing.T) {
	w := newWorld(t)
	p := w.place(`{"seller_id":700000001,"order_items":[{"item":{"id":"MLB4000001004"},"quantity":2}]}`)
	w.clock.Advance(time.Minute)
	id := p.Orders[0].String()
	body := fmt.Sprintf(`{"reason":"DIMENSIONS_EXCEEDED","packs":[{"orders":[{"id":%s,"quantity":1}]},{"orders":[{"id":%s,"quantity":1}]}]}`, id, id)
	path := "/shipments/" + p.Shipment.String() + "/split"
	w.refused("POST", path, strings.Replace(body, `"quantity":1`, `"quantity":2`, 1), 400, "bad_request")
	if status, raw, _ := w.call("POST", path, body); status != 200 || string(raw) != "{}" {
		t.Fatalf("%d %s", status, raw)
	}
	w.want(w.order(p.Orders[0]), "cancel_detail.code", "pack_splitted")
	w.want(w.get("/packs/"+p.Pack.String()), "status_detail", "splitted")
	w.want(w.ship(p.Shipment), "substatus", "pack_splitted")
	snap, _, err := w.s.Order(p.Orders[0])
	if err != nil || len(snap.Replaced) != 2 {
		t.Fatalf("replaced by %v, %v", snap.Replaced, err)
	}
	for _, n := range snap.Replaced {
		o := w.order(n)
		w.want(o, "status", "paid")
		w.want(o, "order_items.0.quantity", "1")
		sh, _ := parseID(at(o, "shipping.id").(string))
		w.want(w.ship(sh), "sibling.reason", "DIMENSIONS_EXCEEDED")
	}
	w.want(w.get("/items/MLB4000001004"), "available_quantity", "498")
	w.refused("POST", path, body, 400, "bad_request")
}

func TestClaimIsRefundedBySeller(t *testing.T) {
	w := newWorld(t)
	p := w.place(`{"seller_id":700000001}`)
	w.act(p.Orders[0], "deliver", ActArgs{Force: true})
	w.act(p.Orders[0], "claim")
	o := w.order(p.Orders[0])
	w.want(o, "payments.0.status", "in_mediation")
	path := "/post-purchase/v1/claims/" + at(o, "mediations.0.id").(string)
	w.want(w.get(path), "players.1.available_actions.1.action", "refund")
	if got := w.notices(); !slices.Contains(got, "post_purchase post-purchase/v1/claims/"+at(o, "mediations.0.id").(string)) {
		t.Errorf("the claim was not announced: %v", got)
	}
	w.refused("GET", "/post-purchase/v1/claims/search", "", 400, "invalid_query")
	w.want(w.get("/post-purchase/v1/claims/search?status=opened&players.role=respondent&players.user_id=700000001"), "paging.total", "1")
	if status, raw, _ := w.call("POST", path+"/expected-resolutions/refund", ""); status != 200 {
		t.Fatalf("%d %s", status, raw)
	}
	w.want(w.get(path), "resolution.reason", "payment_refunded")
	w.want(w.order(p.Orders[0]), "payments.0.status", "refunded")
	w.refused("POST", path+"/expected-resolutions/refund", "", 400, "bad_request_error")
	if c := w.s.Tally(p.Orders[0].String())["claim_refund"]; c.Calls != 2 || c.Changes != 1 {
		t.Errorf("claim_refund was counted %+v", c)
	}
}

func TestBuyerBeginsTheConversation(t *testing.T) {
	w := newWorld(t)
	p := w.place(`{"seller_id":700000001}`)
	path := "/messages/packs/" + p.Pack.String() + "/sellers/700000001"
	buyer := at(w.order(p.Orders[0]), "buyer.id").(string)
	say := func(text string) string {
		return `{"from":{"user_id":"700000001"},"to":{"user_id":"` + buyer + `"},"text":"` + text + `"}`
	}
	if status, raw, _ := w.call("POST", path, say("Olá")); status != 403 || !strings.Contains(string(raw), "blocked_conversation_send_message_forbidden") {
		t.Fatalf("%d %s", status, raw)
	}
	w.notices()
	w.act(p.Orders[0], "message")
	got := w.notices()
	if len(got) != 1 || !strings.HasPrefix(got[0], "messages ") || strings.Contains(got[0], "/") {
		t.Fatalf("notifications %v", got)
	}
	w.want(w.get(strings.Replace(got[0], "messages ", "/messages/", 1)+"?tag=post_sale"), "messages.0.text", "Quando vai ser enviado?")
	if status, raw, _ := w.call("POST", path+"?tag=post_sale", say("Hoje às 15h")); status != 201 {
		t.Fatalf("%d %s", status, raw)
	}
	w.refused("POST", path, say("你好"), 400, "bad_request")
	w.refused("POST", path, say(strings.Repeat("a", 351)), 400, "bad_request")
	m := w.get(path + "?tag=post_sale")
	w.want(m, "paging.total", "2")
	w.want(m, "conversation_status.status", "active")
}
