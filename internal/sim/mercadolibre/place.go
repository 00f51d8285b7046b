package mercadolibre

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tongdan/tongdan/internal/sim"
)

// Placement is a sale to be made. In JSON it may also be a bare native order, with the other
// fields beside the order's own.
type Placement struct {
	// Orders are native orders; more than one become one pack. Everything may be missing:
	// a listing, a buyer and an address are then made up.
	Orders []json.RawMessage `json:"orders"`
	Order  json.RawMessage   `json:"order"`
	// Shipment is in the shape of GET /shipments/{id} with x-format-new, besides
	// history, sla and costs as their sub-resources have them. null: none.
	Shipment json.RawMessage `json:"shipment"`
	// SellerID names the seller; else the order's seller.id, else the first on Site.
	SellerID ID     `json:"seller_id"`
	Site     string `json:"site"`
	// Pending leaves the buyer's payment unpaid (pending).
	Pending bool `json:"pending"`
	// History takes the sale as it is given: no stock is deducted, and the platform does
	// nothing to it by itself.
	History bool `json:"history"`
	// Quiet sends no notifications.
	Quiet bool `json:"quiet"`
	// Oversell sells what the listing no longer has.
	Oversell bool `json:"oversell"`
	// Manual leaves handling and label to acts.
	Manual bool `json:"manual"`
}

// Placed names what a placement made.
type Placed struct {
	Orders   []ID `json:"orders"`
	Pack     ID   `json:"pack"`
	Shipment ID   `json:"shipment"`
}

// shipmentIn is what a placement may say about its shipment.
type shipmentIn struct {
	ID             ID     `json:"id"`
	Status         string `json:"status"`
	Substatus      string `json:"substatus"`
	DateCreated    Stamp  `json:"date_created"`
	LastUpdated    Stamp  `json:"last_updated"`
	TrackingNumber string `json:"tracking_number"`
	Logistic       struct {
		Mode string `json:"mode"`
		Type string `json:"type"`
	} `json:"logistic"`
	Destination struct {
		ReceiverName    string          `json:"receiver_name"`
		ReceiverPhone   string          `json:"receiver_phone"`
		Comments        string          `json:"comments"`
		ShippingAddress json.RawMessage `json:"shipping_address"`
	} `json:"destination"`
	LeadTime struct {
		Cost                  *Amount              `json:"cost"`
		ListCost              *Amount              `json:"list_cost"`
		EstimatedDeliveryTime struct{ Date Stamp } `json:"estimated_delivery_time"`
	} `json:"lead_time"`
	History []step `json:"history"`
	SLA     struct {
		ExpectedDate Stamp  `json:"expected_date"`
		Service      string `json:"service"`
	} `json:"sla"`
	Costs struct {
		Senders []struct{ Cost Amount } `json:"senders"`
	} `json:"costs"`
}

// PlaceJSON places a sale from JSON; see Placement.
func (s *Sim) PlaceJSON(raw json.RawMessage) (Placed, error) {
	var p Placement
	if len(raw) > 0 {
		if err := json.Unmarshal(raw, &p); err != nil {
			return Placed{}, fmt.Errorf("the sale does not fit: %w", err)
		}
		if len(p.Orders) == 0 && p.Order == nil {
			p.Orders = []json.RawMessage{raw}
		}
	}
	return s.Place(p)
}

// Place makes a sale as a buyer's checkout does.
func (s *Sim) Place(p Placement) (Placed, error) {
	if p.Order != nil {
		p.Orders = append([]json.RawMessage{p.Order}, p.Orders...)
	}
	if len(p.Orders) == 0 {
		p.Orders = []json.RawMessage{json.RawMessage("{}")}
	}
	if len(p.Orders) > 50 {
		return Placed{}, errors.New("a pack holds at most 50 orders")
	}
	var out Placed
	err := s.do(s.clock.Now(), func(t *tx) (err error) {
		t.quiet = p.Quiet
		out, err = t.place(p)
		return err
	})
	if err != nil {
		return Placed{}, err
	}
	return out, nil
}

// checkoutTook lies between the end of a checkout and the moment when order, payment and
// shipment exist, so that none of their times lies in the future.
const checkoutTook = 3 * time.Second

// draft is an order being filled in.
type draft struct {
	order Order
	has   map[string]json.RawMessage
	take  []taken
}

type taken struct {
	item      *Item
	variation ID
	quantity  int
}

func (t *tx) place(p Placement) (Placed, error) {
	s := t.s
	var drafts []*draft
	var sl *Seller
	for i, raw := range p.Orders {
		d := &draft{}
		if err := errors.Join(json.Unmarshal(raw, &d.has), json.Unmarshal(raw, &d.order)); err != nil {
			return Placed{}, fmt.Errorf("order %d does not fit the platform's shape: %w", i+1, err)
		}
		if i == 0 {
			var err error
			if sl, err = t.sellerOf(p, &d.order); err != nil {
				return Placed{}, err
			}
		} else if d.order.Seller.ID != 0 && d.order.Seller.ID != sl.ID {
			return Placed{}, errors.New("a seller sees only his own orders of a cart: place them under one seller")
		}
		drafts = append(drafts, d)
	}
	st := sites[sl.Site]
	var in shipmentIn
	noShipment := string(p.Shipment) == "null"
	if len(p.Shipment) > 0 && !noShipment {
		if err := json.Unmarshal(p.Shipment, &in); err != nil {
			return Placed{}, fmt.Errorf("shipment does not fit the platform's shape: %w", err)
		}
		if in.ID != 0 && s.ships[in.ID] != nil {
			return Placed{}, fmt.Errorf("shipment %d exists already", in.ID)
		}
	}
	// Everything that can be refused is refused before anything is written.
	left := map[string]int{}
	for i, d := range drafts {
		if s.sales[d.order.ID] != nil {
			return Placed{}, fmt.Errorf("order %d exists already", d.order.ID)
		}
		for _, e := range drafts[:i] {
			if d.order.ID != 0 && d.order.ID == e.order.ID {
				return Placed{}, fmt.Errorf("order %d is named twice", d.order.ID)
			}
		}
		if err := t.fillItems(d, sl, p, left); err != nil {
			return Placed{}, err
		}
		for _, pay := range d.order.Payments {
			if s.payOf[pay.ID] != 0 {
				return Placed{}, fmt.Errorf("payment %d belongs to another order", pay.ID)
			}
		}
	}
	mode, kind := in.Logistic.Mode, in.Logistic.Type
	if kind == "" {
		kind = sl.Logistic
		if tk := drafts[0].take; len(tk) > 0 {
			kind = tk[0].item.LogisticType
		}
		if mode != "" && modeOf(kind) != mode {
			kind = map[string]string{"me2": "drop_off", "me1": "default", "custom": "custom", "not_specified": "not_specified"}[mode]
		}
	}
	mode = cmp.Or(mode, modeOf(kind))
	if mode == "" {
		return Placed{}, fmt.Errorf("logistic type %q is unknown", kind)
	}

	created := drafts[0].order.DateCreated
	if created.IsZero() {
		created = stampAt(t.at.Add(-checkoutTook))
	}
	first := &drafts[0].order
	person := t.fillBuyer(first, st)
	address := inventAddress(s.rng, st, 1_100_000_000+t.next())
	if len(in.Destination.ShippingAddress) > 0 {
		if err := json.Unmarshal(in.Destination.ShippingAddress, &address); err != nil {
			return Placed{}, fmt.Errorf("shipping_address does not fit: %w", err)
		}
	}
	var pk *pack
	if packID := first.PackID; packID != nil || drafts[0].has["pack_id"] == nil {
		id := ID(0)
		if packID != nil {
			id = *packID
		}
		pk = s.packs[id]
		if pk == nil {
			pk = &pack{ID: id.or(2_000_008_765_000_000 + t.next()), Seller: sl.ID, Buyer: first.Buyer.ID, Status: "released", Created: created, Updated: created}
		}
	}
	var sh *shipment
	if mode != "not_specified" && !noShipment {
		sh = t.newShipment(sl, st, mode, kind, &in, address, created, p)
		sh.ReceiverID, sh.ReceiverName = first.Buyer.ID, cmp.Or(in.Destination.ReceiverName, person)
	}
	out := Placed{}
	for i, d := range drafts {
		o := &d.order
		if i > 0 && o.Buyer.ID == 0 {
			o.Buyer = first.Buyer
		}
		t.fillBuyer(o, st)
		t.fillOrder(d, sl, st, p, sh, created, len(drafts) > 1)
		v := &sale{Order: *o, Site: st.ID, History: p.History, VisibleAt: stampAt(t.at.Add(time.Duration(s.cfg.OrderLag)))}
		v.Billing = inventBilling(s.rng, st, address)
		if pk != nil {
			v.Order.PackID = ptr(pk.ID)
			pk.Orders = append(pk.Orders, o.ID)
			out.Pack = pk.ID
		}
		if sh != nil {
			sh.Orders = append(sh.Orders, o.ID)
			sh.Declared += o.TotalAmount
			out.Shipment = sh.ID
			if s.cfg.ShipmentDelay == 0 || p.History {
				v.Order.Shipping.ID = ptr(sh.ID)
			}
		}
		s.sales[o.ID] = v
		s.ofSeller[sl.ID] = append(s.ofSeller[sl.ID], v)
		if !p.History && !v.Order.DateClosed.IsZero() {
			t.deduct(v)
		}
		updated := v.Order.LastUpdated
		t.touchSale(v)
		if !updated.IsZero() {
			v.Order.LastUpdated = updated
		}
		if v.Order.DateClosed.After(v.Order.LastUpdated.Time) {
			v.Order.LastUpdated = v.Order.DateClosed
		}
		for k := range v.Order.Payments {
			pay := &v.Order.Payments[k]
			modified := pay.DateLastModified
			t.touchPayment(v, pay)
			if !modified.IsZero() {
				pay.DateLastModified = modified
			}
		}
		out.Orders = append(out.Orders, o.ID)
		if !p.History && slices.Contains([]string{"payment_required", "payment_in_process", "partially_paid"}, v.Order.Status) {
			t.after("unpaid", o.ID, t.at.Add(time.Duration(s.cfg.PayWithin)))
		}
	}
	if pk != nil {
		if sh != nil {
			pk.Shipment, sh.Pack = sh.ID, pk.ID
		}
		s.packs[pk.ID] = pk
		t.packs[pk.ID] = pk
	}
	if sh != nil {
		s.ships[sh.ID] = sh
		updated := sh.Updated
		t.ships[sh.ID] = sh
		if s.cfg.ShipmentDelay > 0 && !p.History {
			t.after("attach", sh.ID, t.at.Add(time.Duration(s.cfg.ShipmentDelay)))
		} else {
			t.touchShipment(sh)
			sh.Updated = updated
		}
		if !p.History && t.allPaid(sh) {
			t.paidUp(sh)
		}
	}
	return out, nil
}

// sellerOf finds whose sale it is.
func (t *tx) sellerOf(p Placement, o *Order) (*Seller, error) {
	id := p.SellerID.or(o.Seller.ID)
	if id != 0 {
		if sl := t.s.sellers[id]; sl != nil {
			return sl, nil
		}
		return nil, fmt.Errorf("seller %d is not registered: use one of %v", id, t.s.sellerIDs())
	}
	want := cmp.Or(p.Site, o.Context.Site)
	for _, id := range t.s.sellerIDs() {
		if sl := t.s.sellers[id]; want == "" || sl.Site == want {
			return sl, nil
		}
	}
	return nil, fmt.Errorf("no seller on site %q", want)
}

// fillItems completes the lines from the listings and checks their stock. It writes nothing.
func (t *tx) fillItems(d *draft, sl *Seller, p Placement, left map[string]int) error {
	st := sites[sl.Site]
	o := &d.order
	if o.CurrencyID != "" && o.CurrencyID != st.Currency {
		return fmt.Errorf("orders on %s are in %s, not %q", st.ID, st.Currency, o.CurrencyID)
	}
	if d.has["order_items"] == nil {
		o.OrderItems = []OrderItem{{}}
	}
	if len(o.OrderItems) > 200 {
		return errors.New("an order has at most 200 lines")
	}
	for i := range o.OrderItems {
		l := &o.OrderItems[i]
		if l.Quantity < 0 || l.Quantity > 10_000 {
			return errors.New("quantity must lie between 1 and 10000")
		}
		l.Quantity = max(l.Quantity, 1)
		it := t.s.items[l.Item.ID]
		switch {
		case it != nil && it.Seller != sl.ID:
			return fmt.Errorf("listing %s belongs to another seller", it.ID)
		case it == nil && l.Item.ID == "":
			if it = t.anyListing(sl, l.Quantity, left); it == nil {
				return fmt.Errorf("seller %d has nothing to sell, everything is %w: every listing is empty or paused", sl.ID, sim.ErrSoldOut)
			}
		}
		if it != nil {
			v, err := it.variation(l.Item.VariationID, t)
			if err != nil {
				return err
			}
			if !p.History && !p.Oversell {
				key := it.ID
				left[key+" sold"] = 1
				have := it.Available
				if v != nil {
					key, have = key+"/"+v.ID.String(), v.Available
				}
				if _, ok := left[key]; !ok {
					left[key] = have
				}
				if it.Status != "active" || left[key] < l.Quantity {
					return fmt.Errorf("listing %s is %s with %d left: %w; raise its stock, or place with oversell or history", it.ID, it.Status, left[key], sim.ErrSoldOut)
				}
				left[key] -= l.Quantity
			}
			fillLine(l, it, v)
			tk := taken{item: it, quantity: l.Quantity}
			if v != nil {
				tk.variation = v.ID
			}
			d.take = append(d.take, tk)
		}
		var full Amount
		for _, dis := range l.Discounts {
			full += dis.Amounts.Full
		}
		l.CurrencyID = cmp.Or(l.CurrencyID, st.Currency)
		l.FullUnitPriceCurrencyID = cmp.Or(l.FullUnitPriceCurrencyID, st.Currency)
		if l.FullUnitPrice == 0 {
			l.FullUnitPrice = l.UnitPrice + full
		}
		if l.GrossPrice == 0 {
			l.GrossPrice = (l.UnitPrice + full) * Amount(l.Quantity)
		}
		if l.SaleFee == 0 {
			l.SaleFee = st.round((l.UnitPrice*165 + 500) / 1000)
		}
		if l.RequestedQuantity == nil {
			l.RequestedQuantity = &Measured{"unit", l.Quantity}
		}
		l.ListingTypeID = cmp.Or(l.ListingTypeID, "gold_special")
		l.ElementID = cmp.Or(l.ElementID, i+1)
		l.Item.Condition = cmp.Or(l.Item.Condition, "new")
		if l.Item.VariationAttributes == nil {
			l.Item.VariationAttributes = []Attribute{}
		}
	}
	if o.OrderItems == nil {
		o.OrderItems = []OrderItem{}
	}
	return nil
}

func fillLine(l *OrderItem, it *Item, v *Variation) {
	l.Item.ID = it.ID
	l.Item.Title = cmp.Or(l.Item.Title, it.Title)
	l.Item.CategoryID = cmp.Or(l.Item.CategoryID, it.CategoryID)
	price, sku, up := it.Price, it.SKU, it.UserProductID
	if v != nil {
		l.Item.VariationID = ptr(v.ID)
		price, sku, up = v.Price, v.SKU, v.UserProductID
		if l.Item.VariationAttributes == nil {
			l.Item.VariationAttributes = v.Combination
		}
	}
	if l.UnitPrice == 0 {
		l.UnitPrice = price
	}
	if l.Item.SellerSKU == nil {
		l.Item.SellerSKU = orNil(sku)
	}
	if l.Item.UserProductID == nil {
		l.Item.UserProductID = orNil(up)
	}
	if l.Item.Warranty == nil {
		l.Item.Warranty = ptr("Garantia do vendedor: 90 dias")
		if it.Site != "MLB" {
			l.Item.Warranty = ptr("Garantía del vendedor: 90 días")
		}
	}
}

// fillBuyer makes up what is missing of the buyer and returns his full name.
func (t *tx) fillBuyer(o *Order, st *site) string {
	b := &o.Buyer
	first, last := inventPerson(t.s.rng, st)
	if b.FirstName == "" && b.LastName == "" {
		b.FirstName, b.LastName = first, last
	}
	if b.ID == 0 {
		b.ID = 800_000_000 + t.next()
	}
	if b.Nickname == "" {
		b.Nickname = strings.ToUpper(strings.ReplaceAll(b.FirstName, " ", "")) + b.ID.String()
	}
	if b.BillingInfo.ID == "" {
		b.BillingInfo.ID = (300_000_000_000 + t.next()).String()
	}
	return strings.TrimSpace(b.FirstName + " " + b.LastName)
}

// fillOrder completes everything but the lines.
func (t *tx) fillOrder(d *draft, sl *Seller, st *site, p Placement, sh *shipment, created Stamp, shared bool) {
	o := &d.order
	for o.ID == 0 || t.s.sales[o.ID] != nil { // a placement may have named the next number before
		o.ID = 2_000_012_345_000_000 + t.next()
	}
	if o.DateCreated.IsZero() {
		o.DateCreated = created
	}
	o.Seller.ID = sl.ID
	o.CurrencyID = st.Currency
	o.BuyingMode = cmp.Or(o.BuyingMode, "buy_equals_pay")
	o.Context.Site = st.ID
	o.Context.Channel = cmp.Or(o.Context.Channel, "marketplace")
	if o.Context.Flows == nil {
		o.Context.Flows = []string{}
	}
	if o.TotalAmount == 0 {
		for _, l := range o.OrderItems {
			o.TotalAmount += l.UnitPrice * Amount(l.Quantity)
		}
	}
	freight := Amount(0)
	if sh != nil && len(sh.Orders) == 0 {
		freight = sh.Cost // the buyer pays the freight of a pack once
	}
	if d.has["payments"] == nil {
		pay := Payment{TransactionAmount: o.TotalAmount, ShippingCost: freight, Status: "approved"}
		if p.Pending {
			pay.Status = "pending"
		}
		o.Payments = []Payment{pay}
	}
	for i := range o.Payments {
		t.fillPayment(o, &o.Payments[i], st)
	}
	if o.Payments == nil {
		o.Payments = []Payment{}
	}
	paid, all := o.paidSoFar()
	if d.has["paid_amount"] == nil {
		o.PaidAmount = paid
	}
	if o.Status == "" {
		o.Status = statusByPayments(o, all)
	}
	if o.DateClosed.IsZero() && d.has["date_closed"] == nil && (o.Status == "paid" || o.Status == "confirmed" || o.Status == "partially_refunded" || o.Status == "cancelled" && paid > 0) {
		o.DateClosed = o.DateCreated
		for _, pay := range o.Payments {
			if pay.DateApproved.After(o.DateClosed.Time) {
				o.DateClosed = pay.DateApproved
			}
		}
	}
	if o.ExpirationDate.IsZero() {
		o.ExpirationDate = stampAt(o.DateCreated.AddDate(0, 0, 28))
	}
	if o.LastUpdated.IsZero() && p.History {
		o.LastUpdated = o.DateCreated
		if o.DateClosed.After(o.LastUpdated.Time) {
			o.LastUpdated = o.DateClosed
		}
	}
	for i := range o.Mediations {
		o.Mediations[i].ID = o.Mediations[i].ID.or(5_300_000_000 + t.next())
	}
	o.Mediations = orEmpty(o.Mediations)
	o.InternalTags, o.StaticTags = orEmpty(o.InternalTags), orEmpty(o.StaticTags)
	if d.has["tags"] == nil {
		o.Tags = t.tagsOf(o, sh, shared || d.has["pack_id"] == nil || o.PackID != nil)
	}
	o.Tags = orEmpty(o.Tags)
	if len(o.RelatedOrders) == 0 {
		o.RelatedOrders = json.RawMessage("[]")
	}
	if o.ShippingCost == nil && sh == nil {
		o.ShippingCost = ptr(Amount(0))
	}
}

func orEmpty[T any](l []T) []T {
	if l == nil {
		return []T{}
	}
	return l
}

func (t *tx) tagsOf(o *Order, sh *shipment, packed bool) []string {
	tags := []string{"not_paid"}
	if o.Status == "paid" || o.Status == "partially_refunded" {
		tags[0] = "paid"
	}
	if sh != nil && sh.Status == "delivered" {
		tags = append(tags, "delivered")
	} else {
		tags = append(tags, "not_delivered")
	}
	if packed {
		tags = append(tags, "pack_order")
	}
	if sh == nil {
		tags = append(tags, "no_shipping")
	}
	for _, l := range o.OrderItems {
		if len(l.Discounts) > 0 {
			return append(tags, "order_has_discount")
		}
	}
	return tags
}

var payMethods = map[string][][2]string{
	"MLB": {{"pix", "bank_transfer"}, {"master", "credit_card"}, {"visa", "credit_card"}, {"bolbradesco", "ticket"}, {"account_money", "account_money"}},
	"MLM": {{"visa", "credit_card"}, {"debmaster", "debit_card"}, {"oxxo", "ticket"}, {"account_money", "account_money"}},
	"MLA": {{"visa", "credit_card"}, {"account_money", "account_money"}, {"rapipago", "ticket"}},
	"MLC": {{"visa", "credit_card"}, {"webpay", "bank_transfer"}, {"account_money", "account_money"}},
	"MCO": {{"visa", "credit_card"}, {"pse", "bank_transfer"}, {"efecty", "ticket"}, {"account_money", "account_money"}},
}

// fillPayment completes one payment of an order.
func (t *tx) fillPayment(o *Order, p *Payment, st *site) {
	p.ID = p.ID.or(110_000_000_000 + t.next())
	p.OrderID, p.PayerID, p.Collector.ID = o.ID, p.PayerID.or(o.Buyer.ID), o.Seller.ID
	p.SiteID, p.CurrencyID = st.ID, st.Currency
	if p.PaymentMethodID == "" {
		m := pick(t.s, payMethods[st.ID])
		p.PaymentMethodID = m[0]
		p.PaymentType = cmp.Or(p.PaymentType, m[1])
	}
	p.PaymentType = cmp.Or(p.PaymentType, "credit_card")
	p.OperationType = cmp.Or(p.OperationType, "regular_payment")
	p.Installments = max(p.Installments, 1)
	if p.Reason == "" && len(o.OrderItems) > 0 {
		p.Reason = o.OrderItems[0].Item.Title
	}
	p.Status = cmp.Or(p.Status, "approved")
	if p.DateCreated.IsZero() {
		p.DateCreated = stampAt(o.DateCreated.Add(time.Second))
	}
	if p.Status == "approved" && p.DateApproved.IsZero() {
		p.DateApproved = stampAt(p.DateCreated.Add(time.Second))
	}
	if p.DateLastModified.IsZero() {
		p.DateLastModified = p.DateCreated
		if !p.DateApproved.IsZero() {
			p.DateLastModified = p.DateApproved
		}
	}
	if p.StatusDetail == nil {
		p.StatusDetail = orNil(map[string]string{"approved": "accredited", "pending": "pending_waiting_payment", "in_process": "pending_review_manual", "rejected": "cc_rejected_other_reason"}[p.Status])
	}
	if p.TotalPaidAmount == 0 {
		p.TotalPaidAmount = p.TransactionAmount + p.ShippingCost + p.TaxesAmount - p.CouponAmount
	}
	if p.AvailableActions == nil {
		p.AvailableActions = []string{}
		if p.Status == "approved" {
			p.AvailableActions = []string{"refund"}
		}
	}
}

// paidSoFar sums the approved payments and says whether they cover the order.
func (o *Order) paidSoFar() (sum Amount, all bool) {
	var goods Amount
	for _, p := range o.Payments {
		if p.Status == "approved" || p.Status == "refunded" || p.Status == "in_mediation" {
			sum += p.TotalPaidAmount
			goods += p.TransactionAmount + p.CouponAmount
		}
	}
	return sum, goods >= o.TotalAmount && sum > 0
}

func statusByPayments(o *Order, all bool) string {
	if all {
		return "paid"
	}
	status := "confirmed"
	for _, p := range o.Payments {
		switch {
		case p.Status == "approved":
			return "partially_paid"
		case p.Status == "in_process":
			status = "payment_in_process"
		case p.Status == "pending" && status != "payment_in_process", p.Status == "rejected" && status == "confirmed":
			status = "payment_required"
		}
	}
	return status
}
