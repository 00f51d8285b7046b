package mercadolibre

import (
	"fmt"
	"net/http"
	"slices"
	"time"
)

func (s *Sim) shipmentRoutes() []route {
	return []route{
		{method: "GET", path: "/shipments/{shipment}", do: s.getShipment},
		{method: "PUT", path: "/shipments/{shipment}", do: s.putShipment},
		{method: "GET", path: "/shipments/{shipment}/orders", do: s.shipmentOrders},
		{method: "GET", path: "/shipments/{shipment}/items", do: s.shipmentItems},
		{method: "GET", path: "/shipments/{shipment}/history", do: s.shipmentHistory},
		{method: "GET", path: "/shipments/{shipment}/lead_time", do: s.shipmentLeadTime},
		{method: "GET", path: "/shipments/{shipment}/sla", do: s.shipmentSLA},
		{method: "GET", path: "/shipments/{shipment}/delays", do: s.shipmentDelays},
		{method: "GET", path: "/shipments/{shipment}/costs", do: s.shipmentCosts},
		{method: "GET", path: "/shipments/{shipment}/payments", do: s.shipmentPayments},
		{method: "GET", path: "/shipments/{shipment}/carrier", do: s.shipmentCarrier},
		{method: "GET", path: "/shipments/{shipment}/billing_info", do: s.shipmentBilling},
		{method: "GET", path: "/shipments/{shipment}/invoice_data", do: s.getInvoice},
		{method: "POST", path: "/shipments/{shipment}/invoice_data", do: s.postInvoice},
		{method: "PUT", path: "/shipment_invoice/{invoice}", do: s.putInvoice},
		{method: "POST", path: "/shipments/{shipment}/seller_notifications", do: s.sellerTracking},
		{method: "POST", path: "/v2/shipments/{shipment}/seller_notifications", do: s.sellerTracking},
		{method: "POST", path: "/shipments/{shipment}/split", do: s.splitShipment},
		{method: "POST", path: "/shipments/{shipment}/process/ready_to_ship", do: s.processReady},
		{method: "GET", path: "/shipment_labels", do: s.labels},
		{method: "GET", path: "/shipment_statuses", do: s.listStatuses},
		{method: "GET", path: "/users/{user}/shipping/schedule/{kind}", do: s.schedule},
	}
}

// shipment finds the caller's shipment named in the path.
func (q *request) shipment(missing string) *shipment {
	id, ok := q.id("shipment")
	sh := q.s.ships[id]
	if !ok || sh == nil || q.now.Before(sh.VisibleAt.Time) || q.s.cfg.ShipmentDelay > 0 && !q.s.shown(sh) {
		q.fail(http.StatusNotFound, "not_found", missing)
		return nil
	}
	if len(sh.Orders) > 0 {
		q.about(sh.Orders[0])
	}
	if sh.Seller != q.user {
		q.policy("At least one policy returned UNAUTHORIZED.")
		return nil
	}
	return sh
}

// shown says whether the orders name the shipment already.
func (s *Sim) shown(sh *shipment) bool {
	v := s.sales[sh.Orders[0]]
	return v == nil || v.Order.Shipping.ID != nil
}

func (s *Sim) getShipment(q *request) {
	sh := q.shipment("Not found shipping for id " + q.vars["shipment"])
	if sh == nil {
		return
	}
	if q.r.Header.Get("X-Format-New") == "true" {
		q.json(http.StatusOK, s.newFormat(sh))
		return
	}
	q.json(http.StatusOK, s.legacyShipment(sh))
}

const mask = "XXXXXXX"

// masked says whether the buyer's address is still hidden.
func (s *Sim) masked(sh *shipment) bool {
	for _, id := range sh.Orders {
		if v := s.sales[id]; v != nil {
			switch v.Order.Status {
			case "paid", "partially_refunded", "pending_cancel":
				return false
			case "cancelled":
				if !v.Order.DateClosed.IsZero() {
					return false
				}
			}
		}
	}
	return true
}

// to is the destination as the seller may see it now.
func (s *Sim) to(sh *shipment) (Address, string) {
	a, name := sh.Destination, sh.ReceiverName
	if s.masked(sh) {
		a.AddressLine, a.StreetName, a.StreetNumber, name = mask, mask, mask, mask
		if a.Comment != nil {
			a.Comment = ptr(mask)
		}
		if a.ZipCode != nil {
			a.ZipCode = ptr(mask)
		}
		a.Neighborhood, a.Latitude, a.Longitude = Place{nil, ptr(mask)}, 0, 0
	}
	return a, name
}

func addressJSON(a *Address, types []string) map[string]any {
	return map[string]any{
		"address_id": a.AddressID, "address_line": a.AddressLine, "street_name": a.StreetName, "street_number": a.StreetNumber, "comment": a.Comment,
		"zip_code": a.ZipCode, "city": a.City, "state": a.State, "country": a.Country, "neighborhood": a.Neighborhood, "municipality": a.Municipality,
		"intersection": nil, "types": types, "latitude": a.Latitude, "longitude": a.Longitude, "geolocation_type": "ROOFTOP", "geolocation_source": "google-maps",
		"geolocation_last_updated": "2026-01-10T12:00:00.000Z", "node": nil, "location_id": 0, "scoring": 0,
	}
}

func (s *Sim) agency() any {
	if s.cfg.NullAgency {
		return nil
	}
	return map[string]any{"carrier_id": nil, "phone": nil, "agency_id": nil, "description": nil, "type": nil, "open_hours": nil}
}

// siteTime writes a time in the site's own offset.
func (sh *shipment) siteTime(at Stamp) *string { return at.text(sites[sh.Site].Zone, layoutOrder) }

// newFormat is GET /shipments/{id} with x-format-new: true.
func (s *Sim) newFormat(sh *shipment) map[string]any {
	dest, receiver := s.to(sh)
	to := addressJSON(&dest, []string{"shipping"})
	to["delivery_preference"], to["agency"] = dest.DeliveryPreference, s.agency()
	from := addressJSON(&sh.Origin, []string{"billing", "default_return_address", "default_selling_address", "shipping"})
	from["agency"] = s.agency()
	sib := map[string]any{"reason": nil, "sibling_id": nil, "description": nil, "source": nil, "date_created": nil, "last_updated": nil}
	if sh.Sibling != nil {
		sib["reason"], sib["sibling_id"], sib["date_created"], sib["last_updated"] = sh.Sibling.Reason, sh.Sibling.ID, sh.Sibling.Created, sh.Sibling.Created
	}
	origin := "selling_address"
	var phone *string
	if sh.Mode == "me1" && !s.masked(sh) { // the phone is given for ME1 only
		phone = orNil(sh.Phone)
	}
	if sh.Type == "fulfillment" {
		origin = "warehouse"
	}
	return map[string]any{
		"id": sh.ID, "snapshot_packing": map[string]any{"snapshot_id": fmt.Sprintf("0f0f0f0f-0000-4000-8000-%012d", int64(sh.ID)%1e12), "pack_hash": "2"},
		"status": sh.Status, "substatus": orNil(sh.Substatus), "date_created": sh.Created, "last_updated": sh.Updated, "items_types": []string{"new"},
		"declared_value": sh.Declared, "tracking_number": orNil(sh.Tracking), "tracking_method": orNil(sh.Method), "quotation": nil, "tags": orEmpty(sh.Tags),
		"dimensions": sh.Box, "logistic": map[string]any{"mode": sh.Mode, "type": sh.Type, "direction": "forward"},
		"source":  map[string]any{"site_id": sh.Site, "market_place": "MELI", "customer_id": nil, "application_id": nil},
		"sibling": sib, "priority_class": map[string]any{"id": nil},
		"origin": map[string]any{"node": nil, "type": origin, "sender_id": sh.Seller, "snapshot": map[string]any{"id": sh.Origin.AddressID.String(), "version": 1}, "shipping_address": from},
		"destination": map[string]any{
			"type": "buying_address", "receiver_id": sh.ReceiverID, "receiver_name": receiver, "receiver_phone": phone, "comments": orNil(sh.Comments),
			"snapshot": map[string]any{"id": dest.AddressID.String(), "version": 1}, "shipping_address": to,
		},
		"lead_time": s.leadTime(sh),
	}
}

func (s *Sim) costType(sh *shipment) string {
	switch {
	case sh.Cost == 0:
		return "free"
	case sh.Cost < sh.ListCost:
		return "partially_free"
	}
	return "charged"
}

func (s *Sim) leadTime(sh *shipment) map[string]any {
	st := sites[sh.Site]
	dated := func(at Stamp) map[string]any { return map[string]any{"date": sh.siteTime(at)} }
	return map[string]any{
		"option_id": 3_600_000_000 + sh.ID%1_000_000_000, "shipping_method": map[string]any{"id": 510545, "name": sh.OptionName, "type": "standard", "deliver_to": "address"},
		"currency_id": st.Currency, "cost": sh.Cost, "list_cost": sh.ListCost, "cost_type": s.costType(sh), "service_id": sh.Service,
		"delivery_type": "estimated", "delivery_promise": "estimated", "processing_time": nil, "priority_class": map[string]any{"id": nil},
		"pickup_promise": map[string]any{"from": nil, "to": nil}, "buffering": dated(sh.Buffered), "estimated_schedule_limit": map[string]any{"date": nil},
		"estimated_delivery_time":  s.delivery(sh),
		"estimated_delivery_limit": dated(sh.Limit), "estimated_delivery_final": dated(sh.Final), "estimated_delivery_extended": dated(sh.Extended),
	}
}

func (s *Sim) delivery(sh *shipment) map[string]any {
	return map[string]any{
		"type": "known", "date": sh.siteTime(sh.Promise), "unit": "hour", "offset": map[string]any{"date": nil, "shipping": nil},
		"time_frame": map[string]any{"from": nil, "to": nil}, "pay_before": sh.siteTime(stampAt(midnight(sh.Created.In(sites[sh.Site].Zone)).AddDate(0, 0, 1))),
		"shipping": 48, "handling": 24, "schedule": nil,
	}
}

// rowTime is when the shipment first came to a status, of its trail.
func (sh *shipment) rowTime(status string) Stamp {
	for _, r := range sh.Rows {
		if r.Status == status {
			return r.Date
		}
	}
	return Stamp{}
}

// legacyShipment is GET /shipments/{id} without the header.
func (s *Sim) legacyShipment(sh *shipment) map[string]any {
	dest, receiver := s.to(sh)
	st := sites[sh.Site]
	address := func(a *Address) map[string]any {
		return map[string]any{
			"id": a.AddressID, "address_line": a.AddressLine, "street_name": a.StreetName, "street_number": a.StreetNumber, "comment": a.Comment, "zip_code": a.ZipCode,
			"city": a.City, "state": a.State, "country": a.Country, "neighborhood": a.Neighborhood, "municipality": a.Municipality, "agency": nil, "types": []any{},
			"latitude": a.Latitude, "longitude": a.Longitude, "geolocation_type": "ROOFTOP",
		}
	}
	to := address(&dest)
	to["delivery_preference"], to["receiver_name"], to["receiver_phone"] = dest.DeliveryPreference, receiver, mask
	if sh.Mode == "me1" && !s.masked(sh) {
		to["receiver_phone"] = sh.Phone
	}
	items := []any{}
	var order ID
	for _, id := range sh.Orders {
		v := s.sales[id]
		if v == nil {
			continue
		}
		order = order.or(id)
		for _, l := range v.Order.OrderItems {
			items = append(items, map[string]any{
				"id": l.Item.ID, "description": l.Item.Title, "quantity": l.Quantity, "dimensions": sh.Box.text(),
				"dimensions_source": map[string]any{"id": fmt.Sprintf("%s__%d", l.Item.ID, l.Quantity), "origin": "categories"},
				"user_product_id":   l.Item.UserProductID, "sender_id": sh.Seller, "bundle": nil,
			})
		}
	}
	history := []any{}
	for i := len(sh.Rows) - 1; i >= 0; i-- {
		if r := sh.Rows[i]; r.Substatus != "" {
			history = append(history, map[string]any{"date": r.Date, "substatus": r.Substatus, "status": r.Status})
		}
	}
	var orderID any
	if order != 0 {
		orderID = order
	}
	var sib any
	if sh.Sibling != nil {
		sib = map[string]any{"reason": sh.Sibling.Reason, "sibling_id": sh.Sibling.ID}
	}
	return map[string]any{
		"id": sh.ID, "mode": sh.Mode, "logistic_type": sh.Type, "type": "forward", "created_by": "receiver", "order_id": orderID, "order_cost": sh.Declared,
		"base_cost": sh.ListCost, "site_id": sh.Site, "market_place": "MELI", "status": sh.Status, "substatus": orNil(sh.Substatus),
		"status_history": map[string]any{
			"date_handling": sh.rowTime("handling"), "date_ready_to_ship": sh.rowTime("ready_to_ship"), "date_shipped": sh.rowTime("shipped"),
			"date_first_visit": sh.rowTime("delivered"), "date_delivered": sh.rowTime("delivered"), "date_not_delivered": sh.rowTime("not_delivered"),
			"date_returned": nil, "date_cancelled": sh.rowTime("cancelled"),
		},
		"substatus_history": history, "date_created": sh.Created, "last_updated": sh.Updated, "date_first_printed": sh.Printed,
		"tracking_number": orNil(sh.Tracking), "tracking_method": orNil(sh.Method), "service_id": sh.Service, "sender_id": sh.Seller, "receiver_id": sh.ReceiverID,
		"shipping_items": items,
		"shipping_option": map[string]any{
			"id": 3_600_000_000 + sh.ID%1_000_000_000, "shipping_method_id": 510545, "name": sh.OptionName, "currency_id": st.Currency, "list_cost": sh.ListCost,
			"cost": sh.Cost, "delivery_type": "estimated", "estimated_delivery_time": s.delivery(sh),
			"estimated_delivery_limit": map[string]any{"date": sh.siteTime(sh.Limit)}, "estimated_delivery_final": map[string]any{"date": sh.siteTime(sh.Final)},
			"buffering": map[string]any{"date": sh.siteTime(sh.Buffered)},
		},
		"cost_components": map[string]any{"special_discount": 0, "loyal_discount": 0, "compensation": 0, "gap_discount": 0, "ratio": 0},
		"sender_address":  address(&sh.Origin), "receiver_address": to, "tags": orEmpty(sh.Tags), "items_types": []string{"new"}, "comments": orNil(sh.Comments),
		"quotation": nil, "return_details": nil, "return_tracking_number": nil, "customer_id": nil, "application_id": nil, "carrier_info": nil,
		"sibling": sib, "priority_class": map[string]any{"id": nil}, "snapshot_packing": nil,
	}
}

func (b box) text() string {
	return fmt.Sprintf("%d.0x%d.0x%d.0,%d.0", b.Height, b.Width, b.Length, b.Weight)
}

// own are the orders in the parcel, all of the one seller.
func (sh *shipment) own(q *request) []*sale {
	var out []*sale
	for _, id := range sh.Orders {
		if v := q.s.sales[id]; v != nil {
			out = append(out, v)
		}
	}
	return out
}

func (s *Sim) shipmentOrders(q *request) {
	sh := q.shipment("Not found shipping for id " + q.vars["shipment"])
	if sh == nil {
		return
	}
	rows := []any{}
	for _, v := range sh.own(q) {
		for _, l := range v.Order.OrderItems {
			row := map[string]any{
				"order_id": v.Order.ID.String(), "pack_id": nil, "item_id": l.Item.ID, "variation_id": nil, "user_product_id": l.Item.UserProductID,
				"seller_id": v.Order.Seller.ID.String(), "requested_quantity": l.Quantity,
			}
			if v.Order.PackID != nil {
				row["pack_id"] = v.Order.PackID.String()
			}
			if l.Item.VariationID != nil {
				row["variation_id"] = l.Item.VariationID.String()
			}
			rows = append(rows, row)
		}
	}
	q.json(http.StatusOK, rows)
}

func (s *Sim) shipmentItems(q *request) {
	sh := q.shipment("Not found shipping for id " + q.vars["shipment"])
	if sh == nil {
		return
	}
	rows := []any{}
	for _, v := range sh.own(q) {
		for _, l := range v.Order.OrderItems {
			rows = append(rows, map[string]any{
				"item_id": l.Item.ID, "description": l.Item.Title, "quantity": l.Quantity, "variation_id": l.Item.VariationID,
				"dimensions": sh.Box, "order_id": v.Order.ID, "sender_id": sh.Seller,
			})
		}
	}
	q.json(http.StatusOK, rows)
}

func (s *Sim) shipmentHistory(q *request) {
	sh := q.shipment("Not found shipping for id " + q.vars["shipment"])
	if sh == nil {
		return
	}
	rows := []any{}
	for _, r := range sh.Rows {
		rows = append(rows, map[string]any{"status": r.Status, "substatus": orNil(r.Substatus), "date": r.Date.utc()})
	}
	q.json(http.StatusOK, rows)
}

func (s *Sim) shipmentLeadTime(q *request) {
	sh := q.shipment("Not found shipping for id " + q.vars["shipment"])
	if sh == nil {
		return
	}
	m := s.leadTime(sh)
	m["delay"] = []string{}
	if !final(sh.Status) && q.now.After(sh.Promise.Time) || sh.Status == "delivered" && sh.rowTime("delivered").After(sh.Promise.AddDate(0, 0, 1)) {
		m["delay"] = []string{"shipping_delayed"}
	}
	q.json(http.StatusOK, m)
}

func (s *Sim) shipmentSLA(q *request) {
	sh := q.shipment("failed to retrieve data")
	if sh == nil {
		return
	}
	if sh.Status == "cancelled" || sh.Type == "fulfillment" || sh.Mode != "me2" && sh.Deadline.IsZero() {
		q.fail(http.StatusNotFound, "not_found", "failed to retrieve data")
		return
	}
	status := "on_time"
	switch {
	case s.masked(sh):
		status = "insuficient_info"
	case sh.Dispatched.IsZero() && q.now.After(sh.Deadline.Time), sh.Dispatched.After(sh.Deadline.Time):
		status = "delayed"
	case !sh.Dispatched.IsZero() && sh.Deadline.Sub(sh.Dispatched.Time) > 24*time.Hour:
		status = "early"
	}
	q.json(http.StatusOK, map[string]any{
		"status": status, "service": sh.SLAService, "expected_date": sh.Deadline.text(sites[sh.Site].Zone, layoutSLA),
		"last_updated": sh.SLAUpdated.text(time.UTC, time.RFC3339),
	})
}

func (s *Sim) shipmentDelays(q *request) {
	sh := q.shipment("Delays Not Found for shipment")
	if sh == nil {
		return
	}
	rows := []any{}
	for _, d := range sh.Delays {
		rows = append(rows, map[string]any{"type": d.Type, "date": d.Date.text(time.UTC, time.RFC3339), "source": "shipping-delays"})
	}
	switch {
	case len(rows) == 0:
		q.fail(http.StatusNotFound, "not_found", "Delays Not Found for shipment")
	case s.cfg.DelaysArray:
		q.json(http.StatusOK, rows)
	default:
		q.json(http.StatusOK, map[string]any{"shipment_id": sh.ID, "delays": rows})
	}
}

func (s *Sim) shipmentCosts(q *request) {
	sh := q.shipment("Not found shipping for id " + q.vars["shipment"])
	if sh == nil {
		return
	}
	share := func(cost Amount) any {
		if sh.ListCost == 0 || cost >= sh.ListCost {
			return []any{}
		}
		return []any{map[string]any{"rate": Amount(100 - int64(cost)*100/int64(sh.ListCost)), "type": "mandatory", "promoted_amount": sh.ListCost - cost}}
	}
	q.json(http.StatusOK, map[string]any{
		"gross_amount": sh.ListCost,
		"receiver":     map[string]any{"user_id": sh.ReceiverID, "cost": sh.Cost, "compensation": 0, "save": 0, "discounts": share(sh.Cost)},
		"senders":      []any{map[string]any{"user_id": sh.Seller, "cost": sh.SenderCost, "compensation": 0, "save": 0, "discounts": share(sh.SenderCost)}},
	})
}

func (s *Sim) shipmentPayments(q *request) {
	sh := q.shipment("Not found shipping for id " + q.vars["shipment"])
	if sh == nil {
		return
	}
	if sh.Pack == 0 {
		q.fail(http.StatusNotFound, "not_found", "Payments not found for shipment")
		return
	}
	rows := []any{}
	for _, v := range sh.own(q) {
		for _, p := range v.Order.Payments {
			rows = append(rows, map[string]any{"payment_id": p.ID, "user_id": p.PayerID, "amount": p.ShippingCost, "status": p.Status})
		}
	}
	q.json(http.StatusOK, rows)
}

func (s *Sim) shipmentCarrier(q *request) {
	sh := q.shipment("Not found shipping for id " + q.vars["shipment"])
	if sh == nil {
		return
	}
	name, url := "Mercado Envíos", "http://tracking.example.invalid/"+sh.Tracking
	if sh.TrackingURL != "" {
		name, url = "Transportadora do vendedor", sh.TrackingURL
	}
	q.json(http.StatusOK, map[string]any{"url": url, "name": name})
}

func (s *Sim) shipmentBilling(q *request) {
	sh := q.shipment("Not found shipping for id " + q.vars["shipment"])
	if sh == nil {
		return
	}
	v := s.sales[sh.Orders[0]]
	if sh.Site != "MLB" || v == nil {
		q.fail(http.StatusNotFound, "not_found", "Billing info not found")
		return
	}
	b := &v.Billing
	q.json(http.StatusOK, map[string]any{
		"sender":   map[string]any{"id": sh.Seller},
		"receiver": map[string]any{"id": sh.ReceiverID, "document": map[string]any{"id": b.DocType, "value": b.DocNumber}, "address": addressJSON(&b.Address, []string{"billing"})},
	})
}

// schedule is the seller's week of collections.
func (s *Sim) schedule(q *request) {
	if user, _ := q.id("user"); user != q.user {
		q.policy("access to the requested resource is forbidden")
		return
	}
	week := map[string]any{}
	for d := time.Sunday; d <= time.Saturday; d++ {
		day := map[string]any{"work": false, "detail": nil}
		if d != time.Sunday {
			day = map[string]any{"work": true, "detail": []any{map[string]any{
				"milkrun_same_day": true, "from": "13:00", "to": "15:00", "cutoff": fmt.Sprintf("%d:00", cutoffHour),
				"carrier": map[string]any{"id": "154554", "name": "Transportadora Exemplo"}, "vehicle": map[string]any{"id": "35244", "licence_plate": "AAA0A00", "only_for_today": "false", "new_driver": "false"},
				"driver": map[string]any{"id": "22323", "name": "Motorista Exemplo"}, "sla": "",
			}}}
		}
		week[[]string{"sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"}[d]] = day
	}
	q.json(http.StatusOK, map[string]any{"seller_id": q.user, "schedule": week})
}

// listStatuses names the statuses with the substatuses that the simulator plays.
func (s *Sim) listStatuses(q *request) {
	known := map[string][]string{}
	order := []string{"to_be_agreed", "pending", "handling", "ready_to_ship", "shipped", "delivered", "not_delivered", "not_verified", "cancelled", "closed", "error", "active", "not_specified", "stale_ready_to_ship", "stale_shipped"}
	add := func(status, sub string) {
		if sub != "" && !slices.Contains(known[status], sub) {
			known[status] = append(known[status], sub)
		}
	}
	for _, kind := range []string{"drop_off", "xd_drop_off", "cross_docking", "self_service", "fulfillment"} {
		for _, r := range pathOf(kind, true) {
			add(r.Status, r.Substatus)
		}
	}
	for _, sub := range []string{"waiting_for_payment", "buffered", "manufacturing"} {
		add("pending", sub)
	}
	for _, sub := range []string{"receiver_absent", "bad_address", "delayed"} {
		add("shipped", sub)
	}
	for _, sub := range []string{"returning_to_sender", "returned", "refused_delivery", "lost"} {
		add("not_delivered", sub)
	}
	for _, sub := range []string{"cancelled_manually", "closed_by_user", "time_expired", "label_expired", "pack_splitted"} {
		add("cancelled", sub)
	}
	rows := []any{}
	for _, status := range order {
		subs := []any{}
		for _, sub := range known[status] {
			subs = append(subs, map[string]string{"id": sub, "name": sub})
		}
		rows = append(rows, map[string]any{"id": status, "name": status, "substatuses": subs})
	}
	q.json(http.StatusOK, rows)
}
