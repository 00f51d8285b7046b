package mercadolibre

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

// What a seller does to his shipments: invoices, tracking, splitting.

// nfe is what the platform checks of a Brazilian invoice (model 55, nfeProc 4.00).
type nfe struct {
	XMLName xml.Name `xml:"nfeProc"`
	Info    struct {
		ID  string `xml:"Id,attr"`
		Ide struct {
			Serie  string `xml:"serie"`
			Number string `xml:"nNF"`
			Issued string `xml:"dhEmi"`
		} `xml:"ide"`
		Dest struct {
			CPF     string `xml:"CPF"`
			CNPJ    string `xml:"CNPJ"`
			Address struct {
				CEP string `xml:"CEP"`
			} `xml:"enderDest"`
		} `xml:"dest"`
		Total struct {
			Goods xmlAmount `xml:"ICMSTot>vProd"`
			Sum   xmlAmount `xml:"ICMSTot>vNF"`
		} `xml:"total"`
	} `xml:"NFe>infNFe"`
	Protocol struct {
		Key  string `xml:"chNFe"`
		Stat string `xml:"cStat"`
	} `xml:"protNFe>infProt"`
}

// xmlAmount is an amount in XML text.
type xmlAmount struct{ Amount }

// UnmarshalText reads a decimal.
func (a *xmlAmount) UnmarshalText(b []byte) error { return a.Amount.UnmarshalJSON(b) }

func (s *Sim) readInvoice(q *request, sh *shipment, replaces *invoice) (*invoice, error) {
	bad := func(code string) error { return refuse(http.StatusBadRequest, code, code) }
	if q.param("siteId") != "" && q.param("siteId") != "MLB" || sh.Site != "MLB" {
		return nil, bad("invalid_operation_for_site_id")
	}
	var doc nfe
	if err := xml.Unmarshal(q.body, &doc); err != nil {
		return nil, bad("error_parse_invoice_data")
	}
	key := doc.Protocol.Key
	if key == "" {
		key = strings.TrimPrefix(doc.Info.ID, "NFe")
	}
	if len(key) != 44 || strings.Trim(key, "0123456789") != "" {
		return nil, bad("invalid_parameter")
	}
	for _, other := range s.ships {
		if other.Invoice != nil && other.Invoice.Key == key && other != sh {
			return nil, bad("duplicated_fiscal_key")
		}
	}
	v := s.sales[sh.Orders[0]]
	issued, err := parseTime(doc.Info.Ide.Issued)
	switch {
	case doc.Protocol.Stat != "100":
		return nil, bad("invalid_nfe_cstat")
	case err != nil || issued.After(q.now.Add(24*time.Hour)):
		return nil, bad("wrong_invoice_date")
	case strings.ReplaceAll(doc.Info.Dest.Address.CEP, "-", "") != deref(sh.Destination.ZipCode):
		return nil, bad("wrong_receiver_zipcode")
	case v != nil && v.Billing.DocType == "CPF" && doc.Info.Dest.CPF != v.Billing.DocNumber:
		return nil, bad("wrong_receiver_cpf")
	case v != nil && v.Billing.DocType == "CNPJ" && doc.Info.Dest.CNPJ != v.Billing.DocNumber:
		return nil, bad("wrong_receiver_cnpj")
	case doc.Info.Total.Sum.Amount != sh.Declared && doc.Info.Total.Goods.Amount != sh.Declared && doc.Info.Total.Sum.Amount != sh.Declared+sh.Cost:
		return nil, bad("nfe_order_value_divergence")
	}
	inv := &invoice{Key: key, Serie: doc.Info.Ide.Serie, Number: doc.Info.Ide.Number, Amount: doc.Info.Total.Sum.Amount, Date: stampAt(issued), Created: stampAt(q.now), Updated: stampAt(q.now)}
	if replaces != nil {
		inv.ID, inv.Created = replaces.ID, replaces.Created
	}
	return inv, nil
}

func (s *Sim) invoiceJSON(sh *shipment) map[string]any {
	i := sh.Invoice
	title := ""
	if v := s.sales[sh.Orders[0]]; v != nil && len(v.Order.OrderItems) > 0 {
		title = v.Order.OrderItems[0].Item.Title
	}
	return map[string]any{
		"id": i.ID, "sender_id": sh.Seller, "shipment_id": sh.ID, "fiscal_key": i.Key, "weight": float64(sh.Box.Weight) / 1000, "item_title": title,
		"invoice_serie": i.Serie, "invoice_number": i.Number, "invoice_amount": i.Amount, "status": "ok", "invoice_date": sh.siteTime(i.Date),
		"date_created": i.Created, "last_updated": i.Updated,
	}
}

func (s *Sim) getInvoice(q *request) {
	sh := q.shipment("Not found shipping for id " + q.vars["shipment"])
	switch {
	case sh == nil:
	case sh.Invoice == nil:
		q.fail(http.StatusNotFound, "not_found", "Invoice not found for shipment")
	default:
		q.json(http.StatusOK, s.invoiceJSON(sh))
	}
}

func (s *Sim) postInvoice(q *request) {
	sh := q.shipment("Not found shipping for id " + q.vars["shipment"])
	if sh == nil {
		return
	}
	err := q.change(sh.Orders[0].String(), "invoice", func(t *tx) (bool, error) {
		if sh.Invoice != nil {
			return false, refuse(http.StatusBadRequest, "shipment_invoice_already_saved", "shipment_invoice_already_saved")
		}
		inv, err := s.readInvoice(q, sh, nil)
		if err != nil {
			return false, err
		}
		inv.ID = 900_000_000 + t.next()
		t.invoiced(sh, inv)
		return true, nil
	})
	if err != nil {
		q.refused(err)
		return
	}
	q.json(http.StatusCreated, s.invoiceJSON(sh))
}

// invoiced puts the invoice on a shipment and frees it for printing.
func (t *tx) invoiced(sh *shipment, inv *invoice) {
	sh.Invoice = inv
	t.drop("uninvoiced", sh.ID)
	if sh.Status == "ready_to_ship" && sh.Substatus == "invoice_pending" {
		t.move(sh, "ready_to_ship", "ready_to_print")
	} else {
		t.touchShipment(sh)
	}
}

func (s *Sim) putInvoice(q *request) {
	id, _ := q.id("invoice")
	for _, sh := range s.ships {
		if sh.Invoice == nil || sh.Invoice.ID != id || sh.Seller != q.user {
			continue
		}
		q.about(sh.Orders[0])
		err := q.change(sh.Orders[0].String(), "invoice", func(t *tx) (bool, error) {
			if !sh.Printed.IsZero() {
				return false, refuse(http.StatusBadRequest, "shipment_already_being_processed", "The label is printed, the invoice cannot change")
			}
			inv, err := s.readInvoice(q, sh, sh.Invoice)
			if err != nil {
				return false, err
			}
			t.invoiced(sh, inv)
			return true, nil
		})
		if err != nil {
			q.refused(err)
			return
		}
		q.json(http.StatusOK, s.invoiceJSON(sh))
		return
	}
	q.fail(http.StatusNotFound, "not_found", "Invoice not found")
}

// trackingSubstatuses are those a seller may report by the second version of the resource;
// the first allows returning_to_sender for returned.
var trackingSubstatuses = map[string][]string{
	"shipped":       {"", "out_for_delivery", "soon_deliver", "at_the_door", "receiver_absent", "bad_address", "dangerous_area", "unauthorized_receiver", "impassable_zone", "not_visited", "documentation_issue", "taxes_issue", "fiscalization_issue"},
	"delivered":     {""},
	"not_delivered": {"refused_delivery", "returned"},
}

// trackingError is the envelope of ME1 tracking.
func (q *request) trackingError(status int, code, message string) {
	q.call.Code = code
	q.json(status, map[string]any{"status_code": status, "error_code": code, "message": message, "timestamp": stampAt(q.now).utc(), "request_id": fmt.Sprintf("%016x", q.s.rng.Uint64())})
}

type trackingIn struct {
	Payload struct {
		ServiceID int    `json:"service_id"`
		Comment   string `json:"comment"`
		Date      Stamp  `json:"date"`
	} `json:"payload"`
	Tracking  string          `json:"tracking_number"`
	URL       string          `json:"tracking_url"`
	Status    string          `json:"status"`
	Substatus json.RawMessage `json:"substatus"`
}

// sub reads the substatus, which must be there: the second version wants null where there
// is none, the first the text "null".
func (in *trackingIn) sub(v2 bool) (string, error) {
	switch raw := string(in.Substatus); {
	case raw == "":
		return "", errors.New("substatus is missing")
	case raw == "null" && v2, raw == `"null"` && !v2:
		return "", nil
	case raw == "null", raw == `"null"`:
		return "", errors.New("substatus has the form of the other version")
	}
	var text string
	err := json.Unmarshal(in.Substatus, &text)
	return text, err
}

// sellerTracking is how the seller reports what his carrier did with an ME1 shipment.
func (s *Sim) sellerTracking(q *request) {
	v2 := strings.HasPrefix(q.r.URL.Path, "/v2/")
	if !v2 && s.cfg.V1TrackingOff {
		q.fail(http.StatusNotFound, "not_found", "Resource not found.")
		return
	}
	id, _ := q.id("shipment")
	sh := s.ships[id]
	if sh == nil {
		q.trackingError(http.StatusNotFound, "shipment_not_found", "Shipment not found")
		return
	}
	q.about(sh.Orders[0])
	var in trackingIn
	kind := "track"
	err := json.Unmarshal(q.body, &in)
	if err == nil {
		kind = "track_" + in.Status
	}
	cerr := q.change(sh.Orders[0].String(), kind, func(t *tx) (bool, error) {
		bad := func(status int, code, message string) error { return refuse(status, code, message) }
		sub, subErr := in.sub(v2)
		switch {
		case err != nil, subErr != nil, (in.Tracking == "") != (in.URL == ""), in.Payload.Date.IsZero():
			return false, bad(http.StatusBadRequest, "invalid_seller_json_format", "Invalid json format from seller")
		case sh.Seller != q.user:
			return false, bad(http.StatusForbidden, "forbidden_client", "caller.id is not shipment sender")
		case sh.Mode != "me1":
			return false, bad(http.StatusBadRequest, "shipment_mode_is_not_me1", "Shipment mode is not ME1")
		case in.Payload.ServiceID != sites[sh.Site].ME1Service:
			return false, bad(http.StatusBadRequest, "invalid_seller_json_format", "Invalid json format from seller")
		case in.Payload.Date.Before(sh.Created.Time):
			return false, bad(http.StatusBadRequest, "event_date_before_shipment_creation_date", "Date value predates the shipment")
		}
		allowed := trackingSubstatuses[in.Status]
		ok := slices.Contains(allowed, sub) || !v2 && in.Status == "not_delivered" && sub == "returning_to_sender"
		if !ok || final(sh.Status) || !t.allPaid(sh) {
			return false, bad(http.StatusForbidden, "bad_request", "Status-substatus not allowed")
		}
		if sh.Status == in.Status && sh.Substatus == sub && sh.Tracking == in.Tracking && sh.TrackingURL == in.URL {
			return false, nil
		}
		if in.Tracking != "" {
			sh.Tracking, sh.TrackingURL = in.Tracking, in.URL
		}
		t.move(sh, in.Status, sub)
		if in.Status == "not_delivered" {
			t.refundAll(sh)
		}
		return true, nil
	})
	if cerr != nil {
		e := &refusal{http.StatusInternalServerError, "internal_server_error", "try again"}
		errors.As(cerr, &e)
		q.trackingError(e.status, e.code, e.message)
		return
	}
	q.json(http.StatusOK, map[string]string{"status": "OK"})
}

// refundAll gives the buyer everything back for what was not delivered.
func (t *tx) refundAll(sh *shipment) {
	for _, id := range sh.Orders {
		v := t.s.sales[id]
		if v == nil || !v.alive() {
			continue
		}
		t.cancel(v, CancelDetail{Group: "delivery", Code: "shipment_not_delivered", Description: "The shipment was not delivered", RequestedBy: "meli"}, "", false)
	}
}

// putShipment writes custom shipments, and ME1 for older clients.
func (s *Sim) putShipment(q *request) {
	sh := q.shipment("Not found shipping for id " + q.vars["shipment"])
	if sh == nil {
		return
	}
	var in struct {
		Status   *string `json:"status"`
		Tracking *string `json:"tracking_number"`
		Speed    *int    `json:"speed"`
		Receiver *ID     `json:"receiver_id"`
		Comments *string `json:"comments"`
		Service  *int    `json:"service_id"`
	}
	if !q.decode(&in) {
		return
	}
	kind := "track"
	if in.Status != nil {
		kind = "track_" + *in.Status
	}
	err := q.change(sh.Orders[0].String(), kind, func(t *tx) (bool, error) {
		if sh.Mode != "custom" && sh.Mode != "me1" {
			return false, refuse(http.StatusBadRequest, "bad_request", "The shipment mode does not allow changes")
		}
		to := sh.Status
		if in.Status != nil {
			to = *in.Status
		}
		allowed := map[string][]string{
			"pending":   {"pending", "shipped", "delivered", "cancelled"},
			"shipped":   {"shipped", "delivered"},
			"delivered": {"delivered", "pending", "shipped"},
		}
		if sh.Mode == "me1" {
			allowed = map[string][]string{"pending": {"pending", "handling", "shipped"}, "handling": {"handling", "shipped"}, "shipped": {"shipped", "delivered"}}
		}
		if !slices.Contains(allowed[sh.Status], to) {
			return false, refuse(http.StatusBadRequest, "bad_request", fmt.Sprintf("The shipment cannot go from %s to %.40s", sh.Status, to))
		}
		changed := false
		set := func(field *string, v *string) {
			if v != nil && *field != *v {
				*field, changed = *v, true
			}
		}
		set(&sh.Tracking, in.Tracking)
		set(&sh.Comments, in.Comments)
		if in.Speed != nil && *in.Speed != sh.Speed && *in.Speed >= 0 {
			sh.Speed, changed = *in.Speed, true
			sh.Promise = stampAt(t.at.Add(time.Duration(min(*in.Speed, 10_000)) * time.Hour))
		}
		if in.Receiver != nil && *in.Receiver != sh.ReceiverID {
			sh.ReceiverID, changed = *in.Receiver, true
		}
		switch {
		case to != sh.Status:
			back := sh.Status == "delivered"
			t.move(sh, to, "")
			changed = true
			for _, v := range sh.own(q) {
				if back {
					v.setTag("not_delivered", "delivered")
					t.touchSale(v)
				}
			}
		case changed:
			t.touchShipment(sh)
		}
		return changed, nil
	})
	if err != nil {
		q.refused(err)
		return
	}
	q.json(http.StatusOK, s.legacyShipment(sh))
}

// processReady is the seller's "I have the product": it ends a manufacturing wait.
func (s *Sim) processReady(q *request) {
	id, _ := q.id("shipment")
	sh := s.ships[id]
	if sh == nil {
		q.fail(http.StatusNotFound, "not_found", "Not found shipment with id.")
		return
	}
	q.about(sh.Orders[0])
	if sh.Seller != q.user || sh.Mode != "me2" || sh.Substatus != "manufacturing" {
		q.policy("At least one policy returned UNAUTHORIZED")
		return
	}
	err := q.change(sh.Orders[0].String(), "ready", func(t *tx) (bool, error) {
		t.move(sh, "ready_to_ship", "ready_to_print")
		return true, nil
	})
	if err != nil {
		q.refused(err)
		return
	}
	q.json(http.StatusOK, map[string]int{"status": 200})
}

type splitIn struct {
	Reason string `json:"reason"`
	Packs  []struct {
		Orders []struct {
			ID       ID  `json:"id"`
			Quantity int `json:"quantity"`
		} `json:"orders"`
	} `json:"packs"`
}

func (s *Sim) splitShipment(q *request) {
	sh := q.shipment("Not found shipping for id " + q.vars["shipment"])
	if sh == nil {
		return
	}
	var in splitIn
	if !q.decode(&in) {
		return
	}
	err := q.change(sh.Orders[0].String(), "split", func(t *tx) (bool, error) { return true, t.split(sh, &in) })
	if err != nil {
		q.refused(err)
		return
	}
	q.json(http.StatusOK, map[string]any{})
}

// split puts a parcel into two: the old pack, orders and shipment are cancelled, new ones
// appear and name each other.
func (t *tx) split(sh *shipment, in *splitIn) error {
	s := t.s
	bad := func(message string) error { return refuse(http.StatusBadRequest, "bad_request", message) }
	switch {
	case !slices.Contains([]string{"FRAGILE", "ANOTHER_WAREHOUSE", "IRREGULAR_SHAPE", "OTHER_MOTIVE", "DIMENSIONS_EXCEEDED"}, in.Reason):
		return bad("Invalid split reason")
	case sh.Mode != "me2" || sh.Type == "self_service" || sh.Type == "turbo" || sh.Type == "fulfillment":
		return bad("The logistic type cannot be split")
	case sh.Sibling != nil:
		return bad("The shipment has been split already")
	case len(in.Packs) != 2:
		return bad("A shipment is split into two packs")
	case !slices.Contains([]string{"pending", "handling", "ready_to_ship"}, sh.Status) || !sh.Dispatched.IsZero():
		return bad("The shipment can no longer be split")
	}
	sum := map[ID]int{}
	for _, p := range in.Packs {
		if len(p.Orders) == 0 {
			return bad("A pack must not be empty")
		}
		for _, o := range p.Orders {
			if o.Quantity <= 0 || o.Quantity > 10_000 {
				return bad("Invalid quantity")
			}
			sum[o.ID] += o.Quantity
		}
	}
	for _, id := range sh.Orders {
		v := s.sales[id]
		if v == nil || v.Order.Status != "paid" || len(v.Order.OrderItems) != 1 || sum[id] != v.Order.OrderItems[0].Quantity {
			return bad(fmt.Sprintf("The quantities of order %d do not add up", id))
		}
		delete(sum, id)
	}
	if len(sum) > 0 {
		return bad("A pack names an order of another shipment")
	}
	old := s.packs[sh.Pack]
	var made [2]*shipment
	for i, p := range in.Packs {
		n := *sh
		n.ID, n.Orders, n.Declared, n.Pack = 45_000_000_000+t.next(), nil, 0, 2_000_008_765_000_000+t.next()
		n.Tracking = n.ID.String()
		n.Created, n.Updated, n.Rows = stampAt(t.at), stampAt(t.at), nil
		n.Status, n.Substatus, n.Printed, n.Cost = "pending", "", Stamp{}, sh.Cost/2
		pk := &pack{ID: n.Pack, Seller: sh.Seller, Buyer: sh.ReceiverID, Shipment: n.ID, Status: "released", Family: sh.Pack, Created: stampAt(t.at)}
		for _, part := range p.Orders {
			from := s.sales[part.ID]
			v := *from
			v.Order = t.partOf(&from.Order, part.Quantity)
			v.Order.PackID, v.Order.Shipping.ID = ptr(pk.ID), ptr(n.ID)
			v.Feedback, v.Purchase, v.Notes, v.Messages, v.old, v.ReplacedBy = nil, nil, nil, nil, nil, nil
			from.ReplacedBy = append(from.ReplacedBy, v.Order.ID)
			s.keepSale(&v)
			t.touchSale(&v)
			n.Orders, pk.Orders = append(n.Orders, v.Order.ID), append(pk.Orders, v.Order.ID)
			n.Declared += v.Order.TotalAmount
		}
		made[i] = &n
		s.ships[n.ID], s.packs[pk.ID] = &n, pk
		t.touchPack(pk)
	}
	for i, n := range made {
		n.Sibling = &sibling{Reason: in.Reason, ID: made[1-i].ID, Created: stampAt(t.at)}
		t.move(n, "pending", "")
		t.paidUp(n)
	}
	for _, id := range sh.Orders {
		v := s.sales[id]
		v.Order.Status = "cancelled"
		v.Order.CancelDetail = &CancelDetail{Group: "internal", Code: "pack_splitted", Description: "The package was split", RequestedBy: "seller", Date: stampAt(t.at)}
		v.Deducted = false // the units belong to the new orders
		t.touchSale(v)
	}
	sh.Sibling = &sibling{Reason: in.Reason, ID: made[0].ID, Created: stampAt(t.at)}
	t.move(sh, "cancelled", "pack_splitted")
	if old != nil {
		old.Status, old.StatusDetail = "cancelled", "splitted"
		t.touchPack(old)
	}
	return nil
}

// partOf copies an order for some of its units; money goes along in proportion.
func (t *tx) partOf(o *Order, quantity int) Order {
	n := cloneOrder(o)
	n.ID = 2_000_012_345_000_000 + t.next()
	n.DateCreated, n.LastUpdated = stampAt(t.at), Stamp{}
	line := o.OrderItems[0]
	whole := Amount(line.Quantity)
	line.GrossPrice = line.GrossPrice * Amount(quantity) / whole
	line.Quantity, line.RequestedQuantity = quantity, &Measured{"unit", quantity}
	n.OrderItems = []OrderItem{line}
	n.TotalAmount = line.UnitPrice * Amount(quantity)
	n.PaidAmount = 0
	for i := range n.Payments {
		p := &n.Payments[i]
		p.ID, p.OrderID = 110_000_000_000+t.next(), n.ID
		p.TransactionAmount = p.TransactionAmount * Amount(quantity) / whole
		p.ShippingCost = p.ShippingCost * Amount(quantity) / whole
		p.TotalPaidAmount = p.TransactionAmount + p.ShippingCost + p.TaxesAmount - p.CouponAmount
		n.PaidAmount += p.TotalPaidAmount
	}
	n.Feedback, n.Fulfilled = FeedbackRefs{}, nil
	return n
}
