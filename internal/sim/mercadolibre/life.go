package mercadolibre

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/tongdan/tongdan/internal/sim"
)

// modeOf maps a logistic type to its mode; "" when the type is unknown.
func modeOf(kind string) string {
	switch kind {
	case "drop_off", "xd_drop_off", "cross_docking", "self_service", "turbo", "fulfillment":
		return "me2"
	case "default":
		return "me1"
	case "custom", "not_specified":
		return kind
	}
	return ""
}

// pathOf is the normal way of a shipment after pending, by logistic type.
func pathOf(kind string, needsInvoice bool) []step {
	rows := func(pairs ...string) []step {
		var out []step
		for i := 0; i < len(pairs); i += 2 {
			out = append(out, step{Status: pairs[i], Substatus: pairs[i+1]})
		}
		return out
	}
	prepare := rows("handling", "waiting_for_label_generation")
	if needsInvoice {
		prepare = append(prepare, rows("ready_to_ship", "invoice_pending")...)
	}
	prepare = append(prepare, rows("ready_to_ship", "ready_to_print", "ready_to_ship", "printed")...)
	switch kind {
	case "drop_off":
		return append(prepare, rows("ready_to_ship", "dropped_off", "shipped", "", "shipped", "out_for_delivery", "delivered", "")...)
	case "xd_drop_off":
		return append(prepare, rows("ready_to_ship", "dropped_off", "ready_to_ship", "in_hub", "shipped", "", "delivered", "")...)
	case "cross_docking":
		return append(prepare, rows("ready_to_ship", "picked_up", "ready_to_ship", "in_hub", "shipped", "", "delivered", "")...)
	case "self_service", "turbo":
		return append(rows("ready_to_ship", "ready_to_print", "ready_to_ship", "printed"), rows("shipped", "out_for_delivery", "delivered", "")...)
	case "fulfillment":
		return rows("handling", "", "ready_to_ship", "in_warehouse", "ready_to_ship", "packed", "shipped", "", "delivered", "")
	}
	return rows("shipped", "", "delivered", "") // me1, custom
}

// newShipment makes the shipment of a sale. It is not yet among the platform's.
func (t *tx) newShipment(sl *Seller, st *site, mode, kind string, in *shipmentIn, to Address, created Stamp, p Placement) *shipment {
	s := t.s
	sh := &shipment{
		ID: in.ID.or(45_000_000_000 + t.next()), Seller: sl.ID, Site: st.ID, Mode: mode, Type: kind,
		Status: cmp.Or(in.Status, "pending"), Substatus: in.Substatus, Created: in.DateCreated, Updated: in.LastUpdated,
		VisibleAt: stampAt(t.at.Add(time.Duration(s.cfg.ShipmentLag))), Tracking: in.TrackingNumber, Method: "Express",
		OptionName: st.Method, Phone: in.Destination.ReceiverPhone, Comments: in.Destination.Comments,
		Origin: s.originOf(sl), Destination: to, Rows: in.History, History: p.History, Manual: p.Manual,
		SLAService: in.SLA.Service, Deadline: in.SLA.ExpectedDate, Promise: in.LeadTime.EstimatedDeliveryTime.Date,
		NeedsInvoice: sl.OwnInvoice && st.ID == "MLB" && slices.Contains([]string{"drop_off", "xd_drop_off", "cross_docking"}, kind),
		Box:          box{12, 16, 20, 900},
	}
	if sh.Created.IsZero() {
		sh.Created = stampAt(created.Add(2 * time.Second))
	}
	if sh.Updated.IsZero() {
		sh.Updated = sh.Created
		if n := len(sh.Rows); n > 0 {
			sh.Updated = sh.Rows[n-1].Date
			if in.Status == "" {
				sh.Status, sh.Substatus = sh.Rows[n-1].Status, sh.Rows[n-1].Substatus
			}
		}
	}
	if len(sh.Rows) == 0 {
		sh.Rows = []step{{sh.Status, sh.Substatus, sh.Updated}}
	}
	for _, r := range sh.Rows {
		if sh.Dispatched.IsZero() && dispatched(r.Status, r.Substatus) {
			sh.Dispatched = r.Date
		}
		if sh.Printed.IsZero() && r.Substatus == "printed" {
			sh.Printed = r.Date
		}
	}
	if mode == "me2" && sh.Tracking == "" {
		sh.Tracking = sh.ID.String() // Mercado Libre's own numbers
	}
	if mode == "me1" && sh.Phone == "" {
		sh.Phone = digits(s.rng, 10)
	}
	if mode == "me1" {
		sh.Service = st.ME1Service
	} else {
		sh.Service = 831
	}
	rate := st.Dollar // one dollar
	sh.ListCost = st.round(rate * Amount(300+s.rng.IntN(500)) / 100)
	switch {
	case in.LeadTime.Cost != nil:
		sh.Cost = *in.LeadTime.Cost
	case s.rng.IntN(2) == 0: // free shipping half of the time
		sh.Cost = st.round(sh.ListCost * 6 / 10)
	}
	if in.LeadTime.ListCost != nil {
		sh.ListCost = *in.LeadTime.ListCost
	}
	sh.ListCost = max(sh.ListCost, sh.Cost)
	sh.SenderCost = st.round((sh.ListCost - sh.Cost) * 6 / 10)
	if len(in.Costs.Senders) > 0 {
		sh.SenderCost = in.Costs.Senders[0].Cost
	}
	local := created.In(st.Zone)
	if sh.Deadline.IsZero() {
		sh.Deadline = deadline(local)
	}
	sh.SLAUpdated = sh.Created
	if sh.Promise.IsZero() {
		sh.Promise = stampAt(midnight(local).AddDate(0, 0, 3))
	}
	promise := sh.Promise.In(st.Zone)
	sh.Extended = stampAt(promise.AddDate(0, 0, 2))
	sh.Limit = stampAt(promise.AddDate(0, 0, 14))
	sh.Final = stampAt(promise.AddDate(0, 0, 29))
	return sh
}

// originOf is the seller's address; it depends on the seller alone.
func (s *Sim) originOf(sl *Seller) Address {
	st := sites[sl.Site]
	tw := towns[st.ID][0]
	a := Address{
		AddressID: 1_000_000_000 + sl.ID%1_000_000, StreetName: streets[st.ID][0], StreetNumber: "100", Comment: ptr("Bodega 2"),
		City: Place{ptr(cityID(st, tw)), ptr(tw.city)}, State: Place{ptr(tw.state), ptr(tw.stateName)},
		Country: Place{ptr(st.Country), ptr(st.CountryName)}, Neighborhood: Place{nil, ptr(tw.hoods[0])}, Latitude: tw.lat, Longitude: tw.lon,
	}
	switch st.ID {
	case "MLB":
		a.ZipCode, a.Comment = ptr(tw.zip+"003000"), ptr("Galpão 2")
	case "MLM":
		a.ZipCode = ptr(tw.zip + "100")
	case "MLA":
		a.ZipCode = ptr(tw.zip + "25")
	case "MCO":
		a.ZipCode = ptr(tw.zip + "231")
	}
	a.AddressLine = a.StreetName + " " + a.StreetNumber
	return a
}

func midnight(local time.Time) time.Time {
	return time.Date(local.Year(), local.Month(), local.Day(), 0, 0, 0, 0, local.Location())
}

// cutoffHour is when the collection of the day closes, in the seller's schedule.
const cutoffHour = 12

// deadline is the end of the day of dispatch: today before the cut-off, else the next
// working day. Sunday is none.
func deadline(local time.Time) Stamp {
	day := midnight(local)
	if local.Hour() >= cutoffHour || day.Weekday() == time.Sunday {
		day = day.AddDate(0, 0, 1)
	}
	if day.Weekday() == time.Sunday {
		day = day.AddDate(0, 0, 1)
	}
	return stampAt(time.Date(day.Year(), day.Month(), day.Day(), 23, 59, 59, 0, local.Location()))
}

// dispatched says whether a row is a hand-over or something after it.
func dispatched(status, substatus string) bool {
	switch status {
	case "shipped", "delivered", "not_delivered":
		return true
	case "ready_to_ship":
		return substatus == "picked_up" || substatus == "dropped_off" || substatus == "in_hub" || substatus == "authorized_by_carrier"
	}
	return false
}

// final says whether nothing more can happen to a shipment by itself.
func final(status string) bool {
	return status == "delivered" || status == "cancelled" || status == "not_delivered"
}

// allPaid says whether every living order of the shipment is paid, and one is.
func (t *tx) allPaid(sh *shipment) bool {
	paid := false
	for _, id := range sh.Orders {
		switch v := t.s.sales[id]; {
		case v == nil || v.Order.Status == "cancelled" || v.Order.Status == "invalid":
		case v.Order.Status == "paid" || v.Order.Status == "partially_refunded":
			paid = true
		default:
			return false
		}
	}
	return paid
}

// paidUp starts what the platform does by itself once a shipment is paid.
func (t *tx) paidUp(sh *shipment) {
	if sh.History || sh.Status != "pending" {
		return
	}
	cfg := &t.s.cfg
	if sh.Mode != "me2" {
		return // the seller moves it
	}
	if cfg.Buffer > 0 && sh.Type != "fulfillment" {
		sh.Buffered = stampAt(t.at.Add(time.Duration(cfg.Buffer)))
		t.move(sh, "pending", "buffered")
		t.after("step", sh.ID, sh.Buffered.Time)
	} else if !sh.Manual {
		t.after("step", sh.ID, t.at.Add(time.Duration(cfg.StepDelay)))
	}
	if sh.Type == "fulfillment" {
		return
	}
	t.after("late", sh.ID, sh.Deadline.Time)
	t.after("expire", sh.ID, sh.Deadline.Add(time.Duration(cfg.CancelLateAfter)))
	if sh.NeedsInvoice {
		t.after("uninvoiced", sh.ID, t.at.Add(time.Duration(cfg.InvoiceWithin)))
	}
}

// move is the one way in which a shipment changes its state.
func (t *tx) move(sh *shipment, status, substatus string) {
	sh.Status, sh.Substatus = status, substatus
	sh.Rows = append(sh.Rows, step{status, substatus, stampAt(t.at)})
	if substatus == "printed" && sh.Printed.IsZero() {
		sh.Printed = stampAt(t.at)
	}
	if sh.Dispatched.IsZero() && dispatched(status, substatus) {
		sh.Dispatched = stampAt(t.at)
		if sh.Mode == "me2" && t.at.After(sh.Deadline.Time) {
			sh.addDelay("sla_delayed", t.at)
		}
	}
	if !sh.Dispatched.IsZero() || final(status) {
		for _, act := range []string{"late", "expire", "uninvoiced"} {
			t.drop(act, sh.ID)
		}
	}
	switch {
	case final(status):
		t.drop("step", sh.ID)
		t.drop("final", sh.ID)
	case status == "shipped" && !sh.History:
		t.after("final", sh.ID, sh.Final.Time)
	}
	t.touchShipment(sh)
	if status == "delivered" && sh.Mode == "me2" || status == "delivered" && sh.Mode == "me1" {
		for _, id := range sh.Orders {
			if v := t.s.sales[id]; v != nil && v.Order.Status != "cancelled" {
				v.setTag("delivered", "not_delivered")
				t.touchSale(v)
			}
		}
	}
}

func (sh *shipment) addDelay(kind string, at time.Time) {
	for _, d := range sh.Delays {
		if d.Type == kind {
			return
		}
	}
	sh.Delays = append(sh.Delays, delay{kind, stampAt(at)})
}

// setTag adds one tag and takes away another.
func (v *sale) setTag(add string, remove ...string) {
	v.Order.Tags = slices.DeleteFunc(slices.Clone(v.Order.Tags), func(x string) bool { return x == add || slices.Contains(remove, x) })
	if add != "" {
		v.Order.Tags = append(v.Order.Tags, add)
	}
}

// nextStep is the step after the present one on the normal path; ok is false at its end.
func (sh *shipment) nextStep() (step, bool) {
	path := pathOf(sh.Type, sh.NeedsInvoice)
	here := -1
	for i, st := range path {
		if st.Status == sh.Status && st.Substatus == sh.Substatus {
			here = i
		}
	}
	if here < 0 {
		// Off the path: go on after the last step of this status, or of an earlier one.
		switch sh.Status {
		case "pending":
		case "handling", "ready_to_ship", "shipped":
			for i, st := range path {
				if st.Status == sh.Status {
					here = i
				}
			}
		default:
			return step{}, false
		}
	}
	if here+1 >= len(path) {
		return step{}, false
	}
	return path[here+1], true
}

// due does what a timer was set for.
func (t *tx) due(tm timer) {
	s := t.s
	if tm.Act == "unpaid" {
		if v := s.sales[tm.ID]; v != nil && v.alive() {
			for i := range v.Order.Payments {
				if p := &v.Order.Payments[i]; p.Status == "pending" || p.Status == "in_process" {
					p.Status, p.StatusDetail, p.AvailableActions = "cancelled", ptr("expired"), []string{}
					t.touchPayment(v, p)
				}
			}
			t.cancel(v, CancelDetail{Group: "internal", Code: "payment_expired", Description: "The payment was not made in time", RequestedBy: "meli"}, "time_expired", true)
		}
		return
	}
	sh := s.ships[tm.ID]
	if sh == nil {
		return
	}
	switch tm.Act {
	case "attach":
		for _, id := range sh.Orders {
			if v := s.sales[id]; v != nil {
				v.Order.Shipping.ID = ptr(sh.ID)
				t.touchSale(v)
			}
		}
		t.touchShipment(sh)
	case "step":
		t.autoStep(sh)
	case "late":
		if sh.Dispatched.IsZero() && !final(sh.Status) {
			sh.addDelay("handling_delayed", t.at)
			t.touchShipment(sh)
		}
	case "expire":
		sub := "time_expired"
		if !sh.Printed.IsZero() {
			sub = "label_expired"
		}
		t.cancelAll(sh, CancelDetail{Group: "shipment", Code: "shipment_not_dispatched", Description: "The shipment was not dispatched in time", RequestedBy: "meli"}, sub)
	case "uninvoiced":
		if sh.Invoice == nil {
			t.cancelAll(sh, CancelDetail{Group: "fiscal", Code: "fiscal_document_missing", Description: "No fiscal document was issued in time", RequestedBy: "meli"}, "time_expired")
		}
	case "final":
		if sh.Status == "shipped" {
			t.move(sh, "delivered", "inferred")
		}
	}
}

// autoStep does the steps that the platform does by itself, and sets the timer of the next.
func (t *tx) autoStep(sh *shipment) {
	next, ok := sh.nextStep()
	if !ok || final(sh.Status) {
		return
	}
	full := sh.Type == "fulfillment"
	switch {
	case full:
	case next.Substatus == "printed", next.Substatus == "ready_to_print" && sh.Substatus == "invoice_pending", dispatched(next.Status, next.Substatus):
		return // the seller's or the carrier's turn
	}
	t.move(sh, next.Status, next.Substatus)
	wait := time.Duration(t.s.cfg.StepDelay)
	if full {
		wait = max(wait, 2*time.Hour) // a warehouse takes hours, a carrier a day
		if next.Status == "shipped" {
			wait = 30 * time.Hour
		}
	}
	if !final(sh.Status) {
		t.after("step", sh.ID, t.at.Add(wait))
	}
}

func (v *sale) alive() bool { return v.Order.Status != "cancelled" && v.Order.Status != "invalid" }

// shipmentOf is the shipment of an order, whether it is shown already or not.
func (s *Sim) shipmentOf(v *sale) *shipment {
	if v.Order.Shipping.ID != nil {
		return s.ships[*v.Order.Shipping.ID]
	}
	if v.Order.PackID != nil {
		if p := s.packs[*v.Order.PackID]; p != nil {
			return s.ships[p.Shipment]
		}
	}
	return nil
}

// cancel ends an order: money back, units back on the listing, shipment stopped unless other
// orders need it.
func (t *tx) cancel(v *sale, why CancelDetail, substatus string, restock bool) {
	s := t.s
	why.Date = stampAt(t.at)
	v.Order.CancelDetail = &why
	v.Order.Status = "cancelled"
	if s.cfg.CancelStaysConfirmed && why.RequestedBy == "seller" {
		v.Order.Status = "confirmed"
	}
	for i := range v.Order.Payments {
		p := &v.Order.Payments[i]
		switch p.Status {
		case "approved", "in_mediation", "authorized":
			t.refund(v, p, p.TransactionAmount-p.TransactionAmountRefunded)
		case "pending", "in_process":
			p.Status, p.StatusDetail, p.AvailableActions = "cancelled", ptr("by_collector"), []string{}
			t.touchPayment(v, p)
		}
	}
	v.setTag("not_paid", "paid")
	t.drop("unpaid", v.Order.ID)
	t.touchSale(v)
	sh := s.shipmentOf(v)
	if restock {
		t.restock(v)
	} else if v.Deducted && (sh == nil || sh.Dispatched.IsZero()) {
		v.Deducted = false
		t.stock(v, sim.StockFreed)
	}
	if sh == nil {
		t.closePack(v)
		return
	}
	alive := false
	for _, id := range sh.Orders {
		if o := s.sales[id]; o != nil && o != v && o.Order.CancelDetail == nil && o.alive() {
			alive = true
		}
	}
	if !alive && !final(sh.Status) && sh.Status != "shipped" {
		t.move(sh, "cancelled", substatus)
	} else if alive {
		t.touchShipment(sh)
		if t.allPaid(sh) {
			t.paidUp(sh)
		}
	}
	t.closePack(v)
}

// cancelAll ends every order of a shipment.
func (t *tx) cancelAll(sh *shipment, why CancelDetail, substatus string) {
	if !sh.Dispatched.IsZero() || final(sh.Status) {
		return
	}
	for _, id := range sh.Orders {
		if v := t.s.sales[id]; v != nil && v.alive() {
			t.cancel(v, why, substatus, true)
		}
	}
}

// closePack marks the pack cancelled when nothing of it lives.
func (t *tx) closePack(v *sale) {
	if v.Order.PackID == nil {
		return
	}
	p := t.s.packs[*v.Order.PackID]
	if p == nil {
		return
	}
	for _, id := range p.Orders {
		if o := t.s.sales[id]; o != nil && o.Order.CancelDetail == nil && o.alive() {
			return
		}
	}
	p.Status = "cancelled"
	t.touchPack(p)
}

// refund gives back part or all of a payment.
func (t *tx) refund(v *sale, p *Payment, amount Amount) {
	p.TransactionAmountRefunded += amount
	if p.TransactionAmountRefunded >= p.TransactionAmount {
		p.Status, p.StatusDetail, p.AvailableActions = "refunded", ptr("refunded"), []string{}
	} else {
		p.StatusDetail = ptr("partially_refunded")
	}
	t.touchPayment(v, p)
}

// deduct takes the units of an order off its listings, once. Stock never falls below 0.
func (t *tx) deduct(v *sale) {
	if v.Deducted || v.History {
		return
	}
	v.Deducted = true
	t.stock(v, sim.StockSold)
}

// restock puts them back, once.
func (t *tx) restock(v *sale) {
	if !v.Deducted {
		return
	}
	v.Deducted = false
	t.stock(v, sim.StockBack)
}

// stock changes the listings of a sale. Pieces that are freed stay off them.
func (t *tx) stock(v *sale, why string) {
	sign := map[string]int{sim.StockSold: -1, sim.StockBack: 1}[why]
	for _, l := range v.Order.OrderItems {
		it := t.s.items[l.Item.ID]
		if it == nil {
			continue
		}
		n := sign * l.Quantity
		variation := ID(0)
		if l.Item.VariationID != nil {
			if x := it.find(*l.Item.VariationID); x != nil {
				x.Available, x.Sold = max(x.Available+n, 0), max(x.Sold-n, 0)
				variation = x.ID
			}
		}
		it.Available, it.Sold = max(it.Available+n, 0), max(it.Sold-n, 0)
		if sign != 0 {
			t.settleItem(it)
		}
		t.s.stockChanged(it, variation, v.Order.ID.String(), why, l.Quantity)
	}
}

var (
	errCancelled = errors.New("the order is cancelled")
	errNoParcel  = errors.New("the order has no shipment")
)

// advance moves a shipment to a step of its path and names the ones it may come from.
func (t *tx) advance(sh *shipment, status, substatus string, force bool, from ...string) error {
	if sh == nil {
		return errNoParcel
	}
	if !force && !slices.Contains(from, sh.Status) && !slices.Contains(from, sh.Status+"/"+sh.Substatus) {
		return fmt.Errorf("the shipment is %s/%s, this needs one of %v (or force)", sh.Status, sh.Substatus, from)
	}
	t.move(sh, status, substatus)
	return nil
}
