package mercadolibre

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"unicode/utf8"
)

func (s *Sim) orderRoutes() []route {
	return []route{
		{method: "GET", path: "/orders/search", do: s.searchOrders},
		{method: "GET", path: "/orders/search/recent", do: s.searchOrders},
		{method: "GET", path: "/orders/search/archived", do: s.searchOrders},
		{method: "GET", path: "/orders/billing-info/{site}/{billing}", do: s.billingInfo},
		{method: "GET", path: "/orders/{order}", do: s.getOrder},
		{method: "PUT", path: "/orders/{order}", do: s.putOrder},
		{method: "GET", path: "/orders/{order}/shipments", do: s.orderShipments},
		{method: "GET", path: "/orders/{order}/discounts", do: s.discounts},
		{method: "GET", path: "/orders/{order}/product", do: s.product},
		{method: "GET", path: "/orders/{order}/billing_info", do: s.oldBillingInfo},
		{method: "GET", path: "/orders/{order}/notes", do: s.orderNotes},
		{method: "POST", path: "/orders/{order}/notes", do: s.orderNotes},
		{method: "PUT", path: "/orders/{order}/notes/{note}", do: s.orderNotes},
		{method: "DELETE", path: "/orders/{order}/notes/{note}", do: s.orderNotes},
		{method: "GET", path: "/orders/{order}/feedback", do: s.getFeedback},
		{method: "POST", path: "/orders/{order}/feedback", do: s.postFeedback},
		{method: "PUT", path: "/feedback/{feedback}", do: s.putFeedback},
		{method: "POST", path: "/feedback/{feedback}/reply", do: s.replyFeedback},
		{method: "GET", path: "/packs/{pack}", do: s.getPack},
		{method: "GET", path: "/packs/{pack}/notes", do: s.packNotes},
		{method: "POST", path: "/packs/{pack}/notes", do: s.packNotes},
		{method: "GET", path: "/collections/{payment}", do: s.getPayment},
		{method: "GET", path: "/v1/payments/{payment}", do: s.getPayment},
	}
}

// order finds the caller's order named in the path; nil means that the refusal has been sent.
func (q *request) order() *sale {
	text := q.vars["order"]
	id, ok := parseID(text)
	if !ok {
		q.fail(http.StatusBadRequest, "invalid_order_id", "Invalid order id "+text[:min(len(text), 40)])
		return nil
	}
	q.about(id)
	v := q.s.sales[id]
	if v == nil || q.now.Before(v.VisibleAt.Time) {
		q.fail(http.StatusNotFound, "order_not_found", "Order not found.")
		return nil
	}
	if v.Order.Seller.ID != q.user {
		q.fail(http.StatusForbidden, "not_owned_order", "The order does not belong to the caller")
		return nil
	}
	return v
}

func (s *Sim) getOrder(q *request) {
	v := q.order()
	if v == nil {
		return
	}
	raw := s.renderOrder(v, &v.Order)
	if s.cfg.PartialRate > 0 && s.rng.Float64() < s.cfg.PartialRate {
		var m map[string]json.RawMessage
		if json.Unmarshal(raw, &m) == nil {
			for _, k := range s.cfg.Missing {
				delete(m, k)
			}
			q.w.Header().Set("X-Content-Missing", strings.Join(s.cfg.Missing, ", "))
			q.json(http.StatusPartialContent, m)
			return
		}
	}
	q.json(http.StatusOK, raw)
}

// putOrder sets the delivery tags of sales without Mercado Envíos. The shape of the
// body is not published: {"tags":["delivered"]} is taken.
func (s *Sim) putOrder(q *request) {
	v := q.order()
	if v == nil {
		return
	}
	var in struct {
		Tags []string `json:"tags"`
	}
	if !q.decode(&in) {
		return
	}
	err := q.change(v.Order.ID.String(), "tags", func(t *tx) (bool, error) {
		sh := s.shipmentOf(v)
		if sh != nil && sh.Mode == "me2" {
			return false, refuse(http.StatusBadRequest, "bad_request", "The delivery of Mercado Envíos orders cannot be modified")
		}
		switch {
		case slices.Contains(in.Tags, "delivered"):
			v.setTag("delivered", "not_delivered")
		case slices.Contains(in.Tags, "not_delivered"):
			v.setTag("not_delivered", "delivered")
		default:
			return false, refuse(http.StatusBadRequest, "bad_request", "tags must name delivered or not_delivered")
		}
		t.touchSale(v)
		return true, nil
	})
	if err != nil {
		q.refused(err)
		return
	}
	q.json(http.StatusOK, s.renderOrder(v, &v.Order))
}

// renderOrder writes an order, in the odd forms that Config asks for.
func (s *Sim) renderOrder(v *sale, o *Order) json.RawMessage {
	raw, err := json.Marshal(o)
	if err != nil {
		return json.RawMessage("null")
	}
	c := &s.cfg
	plain := c.StatusDetail == "" && !c.TextIDs && !c.TextVariation && !c.SalePurchase && c.StockForm == "" && c.DiscountsForm == "" && !c.EmbeddedShipping && !c.TrailingZeros && !c.Unknown
	if plain {
		return raw
	}
	var m map[string]any
	dec := json.NewDecoder(strings.NewReader(string(raw)))
	dec.UseNumber()
	if dec.Decode(&m) != nil {
		return raw
	}
	switch c.StatusDetail {
	case "text":
		m["status_detail"] = "expired"
	case "object":
		m["status_detail"] = map[string]any{"code": "expired", "description": "expired"}
	}
	if c.TextIDs {
		m["id"] = o.ID.String()
		for _, k := range []string{"buyer", "seller"} {
			if u, ok := m[k].(map[string]any); ok {
				u["id"] = fmt.Sprint(u["id"])
			}
		}
		for _, p := range m["payments"].([]any) {
			p.(map[string]any)["id"] = fmt.Sprint(p.(map[string]any)["id"])
		}
	}
	for _, l := range m["order_items"].([]any) {
		line := l.(map[string]any)
		item := line["item"].(map[string]any)
		if c.TextVariation && item["variation_id"] != nil {
			item["variation_id"] = fmt.Sprint(item["variation_id"])
		}
		stock := map[string]any{"store_id": "100", "network_node_id": v.Site[1:] + "P100001"}
		switch c.StockForm {
		case "object":
			line["stock"] = stock
		case "array":
			line["stock"] = []any{stock}
		}
		switch c.DiscountsForm {
		case "null":
			line["discounts"] = nil
		case "absent":
			delete(line, "discounts")
		}
		if c.TrailingZeros {
			for _, k := range []string{"unit_price", "full_unit_price", "gross_price", "sale_fee"} {
				line[k] = zeros(line[k])
			}
		}
	}
	if c.SalePurchase {
		f := m["feedback"].(map[string]any)
		m["feedback"] = map[string]any{"sale": f["seller"], "purchase": f["buyer"]}
	}
	if c.EmbeddedShipping {
		if sh := s.shipmentOf(v); sh != nil {
			m["shipping"] = s.legacyShipment(sh)
		}
	}
	if c.TrailingZeros {
		m["total_amount"], m["paid_amount"] = zeros(m["total_amount"]), zeros(m["paid_amount"])
	}
	if c.Unknown {
		m["x_new_field"] = map[string]any{"since": "tomorrow"}
		m["tags"] = append(m["tags"].([]any), "tag_of_tomorrow")
		m["context"].(map[string]any)["flows"] = []string{"flow_of_tomorrow"}
	}
	out, err := json.Marshal(m)
	if err != nil {
		return raw
	}
	return out
}

// zeros writes an amount with two decimals: 52240.00.
func zeros(v any) any {
	n, ok := v.(json.Number)
	if !ok {
		return v
	}
	var a Amount
	if a.UnmarshalJSON([]byte(n)) != nil {
		return v
	}
	return json.Number(fmt.Sprintf("%d.%02d", a/100, a%100))
}

func (s *Sim) orderShipments(q *request) {
	v := q.order()
	if v == nil {
		return
	}
	var sh *shipment
	if v.Order.Shipping.ID != nil {
		sh = s.ships[*v.Order.Shipping.ID]
	}
	if sh == nil || q.now.Before(sh.VisibleAt.Time) {
		if q.r.Header.Get("X-New-Domain") == "true" {
			q.w.WriteHeader(http.StatusNoContent)
			return
		}
		q.fail(http.StatusNotFound, "not_found", "Shipment not found")
		return
	}
	switch {
	case q.r.Header.Get("X-New-Domain") == "true":
		q.json(http.StatusOK, []any{map[string]any{"id": sh.ID, "type": "forward"}})
	case q.param("list_all") == "true":
		q.json(http.StatusOK, []any{s.legacyShipment(sh)})
	default:
		m := s.legacyShipment(sh)
		if q.r.Header.Get("X-Api-Version") != "2" {
			if a, ok := m["receiver_address"].(map[string]any); ok {
				a["receiver_name"], a["receiver_phone"] = nil, nil
			}
		}
		q.json(http.StatusOK, m)
	}
}

// discounts lists the discounts of an order. The inner shape of a row is not published.
func (s *Sim) discounts(q *request) {
	v := q.order()
	if v == nil {
		return
	}
	rows := []any{}
	for _, l := range v.Order.OrderItems {
		for _, d := range l.Discounts {
			n := Amount(l.Quantity)
			rows = append(rows, map[string]any{"type": "discount", "items": []any{map[string]any{
				"id": l.Item.ID, "quantity": l.Quantity, "amounts": map[string]any{"total": d.Amounts.Full * n, "seller": d.Amounts.Seller * n},
			}}})
		}
	}
	for _, p := range v.Order.Payments {
		if p.CouponAmount > 0 {
			rows = append(rows, map[string]any{"type": "coupon", "amounts": map[string]any{"total": p.CouponAmount, "seller": 0}})
		}
	}
	if len(rows) == 0 {
		q.fail(http.StatusNotFound, "discount_not_found", "Discount not found")
		return
	}
	q.json(http.StatusOK, map[string]any{"order_id": v.Order.ID, "details": rows})
}

func (s *Sim) product(q *request) {
	v := q.order()
	if v == nil {
		return
	}
	q.json(http.StatusOK, map[string]any{"order_id": v.Order.ID, "attributes": []any{}})
}

const maxNote = 300

// writeNotes does the four things that can be done to a list of notes.
func (q *request) writeNotes(list *[]Note, touch func(*tx), about string) {
	at := -1
	if id, ok := q.vars["note"]; ok {
		if at = slices.IndexFunc(*list, func(n Note) bool { return n.ID == id }); at < 0 {
			q.fail(http.StatusNotFound, "note_not_found", "Note not found")
			return
		}
	}
	var in struct {
		Note string `json:"note"`
	}
	switch q.r.Method {
	case http.MethodGet:
		q.json(http.StatusOK, []any{map[string]any{"results": orEmpty(*list), "order_id": q.vars["order"] + q.vars["pack"]}})
		return
	case http.MethodPost, http.MethodPut:
		if !q.decode(&in) {
			return
		}
		if n := utf8.RuneCountInString(in.Note); n == 0 || n > maxNote || at < 0 && len(*list) >= 100 {
			q.fail(http.StatusBadRequest, "invalid_note", "The note must have between 1 and 300 characters")
			return
		}
	}
	var note Note
	err := q.change(about, "note", func(t *tx) (bool, error) {
		touch(t)
		switch q.r.Method {
		case http.MethodPost:
			note = Note{ID: fmt.Sprintf("%024x", int64(t.next())), Note: in.Note, DateCreated: stampAt(t.at), LastUpdated: stampAt(t.at)}
			*list = append(*list, note)
		case http.MethodPut:
			(*list)[at].Note, (*list)[at].LastUpdated = in.Note, stampAt(t.at)
			note = (*list)[at]
		default:
			note = (*list)[at]
			*list = slices.Delete(*list, at, at+1)
		}
		return true, nil
	})
	if err != nil {
		q.refused(err)
		return
	}
	q.json(map[bool]int{true: http.StatusCreated, false: http.StatusOK}[q.r.Method == http.MethodPost], map[string]any{"note": note})
}

func (s *Sim) orderNotes(q *request) {
	if v := q.order(); v != nil {
		// Notes are private: the order does not change by them, nothing is announced.
		q.writeNotes(&v.Notes, func(t *tx) { t.sales[v.Order.ID] = v }, v.Order.ID.String())
	}
}

func (s *Sim) packNotes(q *request) {
	if p := q.pack(); p != nil {
		q.writeNotes(&p.Notes, func(t *tx) { t.packs[p.ID] = p }, p.ID.String())
	}
}

// pack finds the caller's pack named in the path.
func (q *request) pack() *pack {
	id, _ := q.id("pack")
	p := q.s.packs[id]
	if p == nil {
		q.fail(http.StatusNotFound, "not_found", "Order do not exists")
		return nil
	}
	q.about(p.Orders[0])
	if p.Seller != q.user {
		q.fail(http.StatusForbidden, "forbidden", "The user has not access to the order")
		return nil
	}
	return p
}

func (s *Sim) getPack(q *request) {
	p := q.pack()
	if p == nil {
		return
	}
	orders := []any{}
	for _, id := range p.Orders {
		orders = append(orders, map[string]any{"id": id, "static_tags": []any{}})
	}
	m := map[string]any{
		"shipment": map[string]any{"id": nil}, "orders": orders, "id": p.ID, "status": p.Status, "status_detail": orNil(p.StatusDetail),
		"family_pack_id": nil, "trash_pack_id": nil, "buyer": map[string]any{"id": p.Buyer}, "date_created": p.Created.pack(), "last_updated": p.Updated.pack(),
	}
	if p.Shipment != 0 {
		if v := s.sales[p.Orders[0]]; v != nil && v.Order.Shipping.ID != nil {
			m["shipment"] = map[string]any{"id": p.Shipment}
		}
	}
	if p.Family != 0 {
		m["family_pack_id"] = p.Family
	}
	q.json(http.StatusOK, m)
}

func (s *Sim) getPayment(q *request) {
	id, _ := q.id("payment")
	v := s.sales[s.payOf[id]]
	if v == nil {
		q.fail(http.StatusNotFound, "not_found", "Payment not found")
		return
	}
	q.about(v.Order.ID)
	if v.Order.Seller.ID != q.user {
		q.policy("access to the requested resource is forbidden")
		return
	}
	i := slices.IndexFunc(v.Order.Payments, func(p Payment) bool { return p.ID == id })
	p := v.Order.Payments[i]
	raw, err := json.Marshal(p)
	var m map[string]any
	dec := json.NewDecoder(strings.NewReader(string(raw)))
	dec.UseNumber()
	if err != nil || dec.Decode(&m) != nil {
		q.fail(http.StatusInternalServerError, "internal_server_error", "try again")
		return
	}
	refunds := []any{}
	if p.TransactionAmountRefunded > 0 {
		refunds = append(refunds, map[string]any{"id": 1_000_000_000 + p.ID%1_000_000_000, "payment_id": p.ID, "amount": p.TransactionAmountRefunded, "status": "approved", "date_created": p.DateLastModified})
	}
	fee := Amount(0)
	for _, l := range v.Order.OrderItems {
		fee += l.SaleFee * Amount(l.Quantity)
	}
	m["external_reference"], m["refunds"], m["mercadopago_fee"], m["released"] = v.Order.ID.String(), refunds, 0, "no"
	m["money_release_date"], m["net_received_amount"] = nil, 0
	if !p.DateApproved.IsZero() {
		m["money_release_date"] = stampAt(p.DateApproved.AddDate(0, 0, 28))
		m["net_received_amount"] = max(p.TransactionAmount-p.TransactionAmountRefunded-fee, 0)
	}
	if s.cfg.WrapCollection && strings.HasPrefix(q.r.URL.Path, "/collections/") {
		q.json(http.StatusOK, map[string]any{"collection": m})
		return
	}
	q.json(http.StatusOK, m)
}

func (s *Sim) billingInfo(q *request) {
	v := s.sales[s.billOf[q.vars["billing"]]]
	if v == nil || v.Site != q.vars["site"] {
		q.fail(http.StatusNotFound, "not_found", "Billing info not found")
		return
	}
	q.about(v.Order.ID)
	if v.Order.Seller.ID != q.user {
		q.policy("access to the requested resource is forbidden")
		return
	}
	b, o := &v.Billing, &v.Order
	kind := "CO"
	if b.Company {
		kind = "BU"
	}
	address := map[string]any{
		"street_name": b.Address.StreetName, "street_number": b.Address.StreetNumber, "city_name": deref(b.Address.City.Name),
		"neighborhood": deref(b.Address.Neighborhood.Name), "state": map[string]any{"name": deref(b.Address.State.Name)}, "country_id": sites[v.Site].Country,
	}
	if b.Address.ZipCode != nil { // absent nodes are left out rather than null
		address["zip_code"] = *b.Address.ZipCode
	}
	if b.Address.Comment != nil {
		address["comment"] = *b.Address.Comment
	}
	info := map[string]any{
		"name": o.Buyer.FirstName, "last_name": o.Buyer.LastName,
		"identification": map[string]any{"type": b.DocType, "number": b.DocNumber},
		"taxes":          map[string]any{"contributor": nil, "taxpayer_type": map[string]any{"id": nil, "description": nil}, "inscriptions": map[string]any{"state_registration": nil}, "economic_activity": nil},
		"address":        address, "attributes": map[string]any{"cust_type": kind, "is_normalized": true},
	}
	if v.Site == "MLM" {
		info["attributes"] = map[string]any{"customer_type": kind, "is_normalized": true}
		info["taxes"].(map[string]any)["cfdi"] = map[string]any{"id": "G03"}
	}
	q.json(http.StatusOK, map[string]any{"site_id": v.Site, "buyer": map[string]any{"cust_id": o.Buyer.ID, "billing_info": info}, "seller": map[string]any{"cust_id": o.Seller.ID}})
}

func deref(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

func (s *Sim) oldBillingInfo(q *request) {
	v := q.order()
	if v == nil {
		return
	}
	b := &v.Billing
	rows := []any{}
	for _, kv := range [][2]string{
		{"DOC_TYPE", b.DocType}, {"DOC_NUMBER", b.DocNumber}, {"FIRST_NAME", v.Order.Buyer.FirstName}, {"LAST_NAME", v.Order.Buyer.LastName},
		{"STREET_NAME", b.Address.StreetName}, {"STREET_NUMBER", b.Address.StreetNumber}, {"COMMENT", deref(b.Address.Comment)},
		{"ZIP_CODE", deref(b.Address.ZipCode)}, {"CITY_NAME", deref(b.Address.City.Name)}, {"STATE_NAME", deref(b.Address.State.Name)},
	} {
		if kv[1] != "" {
			rows = append(rows, map[string]string{"type": kv[0], "value": kv[1]})
		}
	}
	q.json(http.StatusOK, map[string]any{"billing_info": map[string]any{"doc_type": b.DocType, "doc_number": b.DocNumber, "additional_info": rows}})
}
