package mercadolibre

import (
	"cmp"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tongdan/tongdan/channel"
	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/money"
	"github.com/tongdan/tongdan/order"
)

// clockSkew is how far in the future a moment that has been may lie.
const clockSkew = 24 * time.Hour

// translateOrder says what an order's body says. read is the moment at which it was
// read by the trade's clock. missing is the header X-Content-Missing of an answer with
// HTTP 206; nil when the answer was whole.
func translateOrder(raw []byte, class order.Class, read time.Time, missing []string) channel.Item {
	item := channel.Item{What: "order", Raw: raw, At: read.UnixMilli()}
	switch {
	case class == order.ClassRow:
		item.What = "order.row"
	case missing != nil:
		item.What = "order.partial"
	}
	n, err := parse(raw)
	id := ""
	if err == nil {
		id = n.id("id")
	}
	if id == "" {
		item.Err = &fault.Error{Op: "mercadolibre.translate", Code: fault.Invalid, Why: fault.Because("order_no_number", "an order without a number that can be read"), Err: err}
		return item
	}
	item.Ref = order.Ref{Realm: Realm, Kind: order.KindOrder, ID: id}
	if missing != nil {
		class = order.ClassPartial
	}
	latest := read.Add(clockSkew)
	at := n.when("last_updated", latest)
	if at == 0 {
		at = n.when("date_last_updated", latest)
	}
	stamp := order.Stamp{Version: at, Class: class, Read: read.UnixMilli()}
	rec := order.Record{}
	r := order.Reading{Ref: item.Ref}

	if seller := n.obj("seller").id("id"); seller != "" {
		order.Put(&rec, order.RegShop, stamp, seller)
	}
	tags := n.texts("tags")
	ship := n.obj("shipping").id("id") // before 2019 the whole shipment was embedded here
	if ship != "" {
		r.Links = append(r.Links, order.Ref{Realm: Realm, Kind: order.KindShipment, ID: ship})
	}
	head := order.Head{Display: cmp.Or(n.id("pack_id"), id), Pack: n.id("pack_id"), Kind: order.Ecommerce, Site: n.obj("context").text("site")}
	if ship == "" && slices.Contains(tags, "no_shipping") {
		head.Logistics = order.NoShipping
	}
	order.Put(&rec, order.RegHead, stamp, head)
	if _, ok := n.raw("tags"); ok {
		all := append(slices.Clone(tags), n.texts("static_tags")...)
		slices.Sort(all)
		order.Put(&rec, order.RegTags, stamp, slices.Compact(append([]string{}, all...)))
	}
	if c := n.plain("comment"); c != "" {
		order.Put(&rec, order.RegRemark, stamp, c)
	}
	buyer := n.obj("buyer")
	if b := (order.Customer{Name: strings.TrimSpace(buyer.plain("first_name") + " " + buyer.plain("last_name")), UserRef: buyer.id("id")}); b.Name != "" || b.UserRef != "" {
		order.Put(&rec, order.RegCustomer, stamp, b)
	}

	pays := payments(n, money.Currency(n.text("currency_id")), latest)
	status := n.text("status")
	states(&rec, n, status, tags, ship, pays, at, class)
	times := order.Times{Placed: n.when("date_created", latest)}
	for _, p := range pays {
		if moneyCame[p.status] {
			times.Paid = max(times.Paid, p.approved)
		}
	}
	if status == "cancelled" || status == "invalid" {
		times.Cancelled = n.obj("cancel_detail").when("date", latest)
	}
	if times.Paid == 0 && status == "paid" {
		times.Paid = n.when("date_closed", latest)
	}
	order.Put(&rec, order.RegTimes, stamp, times)
	for _, p := range pays {
		p.put(&rec, stamp)
	}
	if b, ok := bill(n, status, pays, missing != nil); ok {
		order.Put(&rec, order.RegBill, stamp, b)
		if missing == nil && !unpaidStatus[status] {
			sold := stamp
			sold.Version = -at
			rec.PutAgain(order.RegBill, order.RegSold, sold)
		}
	}
	order.Put(&rec, order.RegPartial, stamp, missing != nil)
	order.Put(&rec, order.RegTrouble, stamp, append([]order.Issue{}, *n.t...))
	if err := rec.Check(); err != nil {
		item.Err = err
		return item
	}
	r.Record = rec
	item.Readings = []order.Reading{r}
	return item
}

// states puts the statements about an order: its status, made more exact by tags and
// cancel_detail, on the axes of work and payment.
func states(rec *order.Record, n node, status string, tags []string, ship string, pays []payment, at int64, class order.Class) {
	if status == "" {
		return
	}
	work := order.Said{State: status, At: at, Class: class}
	pay := order.Said{State: status, At: at, Class: class}
	detail := n.obj("cancel_detail")
	switch status {
	case "paid":
		switch {
		case slices.Contains(tags, "fraud_risk_detected"):
			work.State = paidHeld
			n.raise(order.SevError, "do_not_ship", "tags", fault.Because("do_not_ship_fraud", "the platform suspects fraud: do not ship, cancel the sale"))
		case slices.Contains(tags, "unfulfilled"):
			work.State = paidUnfilled
			n.raise(order.SevError, "do_not_ship", "tags", fault.Because("do_not_ship_refunded", "the buyer has been refunded although the order says paid: do not ship"))
		case ship == "" && slices.Contains(tags, "delivered"):
			work.State = paidDelivered
		}
	case "pending_cancel":
		n.raise(order.SevError, "do_not_ship", "status", fault.Because("do_not_ship_cancelling", "a cancellation is under way: do not ship"))
	case "cancelled", "invalid":
		work.Who, work.Why = detail.text("requested_by"), detail.text("code")
		if work.Why == "" {
			work.Why = statusDetail(n)
		}
		if detail.text("code") == "pack_splitted" {
			work.State = cancelSplit
		}
		if status == "cancelled" && slices.ContainsFunc(pays, func(p payment) bool { return moneyCame[p.status] }) {
			pay.State = cancelPaid
		}
	}
	rec.Say(order.AxisWork, work)
	if _, told := n.raw("payments"); told || (status != "cancelled" && status != "invalid") {
		rec.Say(order.AxisPayment, pay)
	}
}

// statusDetail is null today, a string or {code, description} before 2020.
func statusDetail(n node) string {
	v, ok := n.raw("status_detail")
	if !ok {
		return ""
	}
	if v[0] == '{' {
		return n.obj("status_detail").text("code")
	}
	return n.text("status_detail")
}

// A payment is one of an order's payments.
type payment struct {
	id, status, method                             string
	transaction, refunded, taxes, shipping, coupon *money.Amount
	total                                          *money.Amount
	approved, modified                             int64
}

func payments(n node, c money.Currency, latest time.Time) []payment {
	var out []payment
	for i, p := range n.list("payments") {
		cur := money.Currency(cmp.Or(p.text("currency_id"), string(c)))
		v := payment{
			id: p.id("id"), status: p.text("status"), method: p.text("payment_method_id"),
			transaction: p.amount("transaction_amount", cur), refunded: p.amount("transaction_amount_refunded", cur),
			taxes: p.amount("taxes_amount", cur), shipping: p.amount("shipping_cost", cur), coupon: p.amount("coupon_amount", cur),
			total: p.amount("total_paid_amount", cur), approved: p.when("date_approved", latest), modified: p.when("date_last_modified", latest),
		}
		if v.id == "" {
			n.trouble("payments["+strconv.Itoa(i)+"].id", fault.Because("unread_payment", "a payment without a number is left out"))
			continue
		}
		out = append(out, v)
	}
	return out
}

// put adds the payment as a child. Its amount is what the buyer paid by it, freight
// and interest included (total_paid_amount), so that the payments of an order sum to
// its paid_amount. transaction_amount_refunded counts goods only; a payment whose
// status is refunded and whose goods went back wholly counts as wholly given back.
func (p payment) put(rec *order.Record, s order.Stamp) {
	if p.modified > 0 {
		s.Version = p.modified
	}
	v := order.Payment{Method: p.method, Amount: p.total, Refunded: p.refunded, At: p.approved}
	if v.Amount == nil {
		v.Amount = p.transaction
	}
	if p.status == "refunded" && v.Amount != nil && (p.refunded == nil || p.transaction == nil || p.refunded.IsZero() || p.refunded.Minor() >= p.transaction.Minor()) {
		v.Refunded = v.Amount
	}
	var kid order.Record
	order.Put(&kid, order.RegPayment, s, v)
	kid.Say(order.AxisPayment, order.Said{State: p.status, At: s.Version, Class: s.Class})
	rec.Kid(order.KidPayment+p.id, kid)
}

// bill reads lines and money, false when there are none or when a partial answer
// leaves out what the sum is made of.
//
// The document's definitions: total_amount is the sum of unit_price × quantity,
// without freight; paid_amount is what the buyer paid for this order, with the freight
// charged to him; the total with freight is total_amount + taxes + freight. So
//
//	lines + taxes + freight (payments[].shipping_cost) − coupon = total
//
// and where paid_amount says more, the interest on instalments, which is computed from
// the payments as the document says, is a fee of the bill. unit_price is after the
// discounts of the item; these are listed with who pays them, but not subtracted
// again. Income is the goods without the commission (sale_fee is per piece), before
// the seller's freight and taxes withheld, which the order does not say.
func bill(n node, status string, pays []payment, partial bool) (order.Bill, bool) {
	cur := money.Currency(n.text("currency_id"))
	items, itemsTold := n.raw("order_items")
	_, paysTold := n.raw("payments")
	if !itemsTold || string(items) == "[]" || (partial && !paysTold) {
		return order.Bill{}, false
	}
	if _, known := cur.Digits(); !known {
		n.trouble("currency_id", fault.Because("unread_currency", "this currency is not known, so no amount can be read"))
		return order.Bill{}, false
	}
	zero := money.Of(0, cur)
	b := order.Bill{Lines: []order.Line{}}
	goods, fees, feesTold := zero, zero, true
	for i, it := range n.list("order_items") {
		l, discounts := line(it, i, cur)
		b.Lines = append(b.Lines, l)
		b.Discounts = append(b.Discounts, discounts...)
		goods, _ = goods.Add(l.Total)
		fee := it.rat("sale_fee")
		if fee == nil {
			feesTold = false
			continue
		}
		if f := toMoney(fee.Mul(fee, big.NewRat(l.Quantity, 1)), cur); f != nil {
			fees, _ = fees.Add(*f)
		}
	}
	total := goods
	if t := n.amount("total_amount", cur); t != nil {
		total = *t
	}
	if income, err := total.Sub(fees); feesTold && err == nil {
		b.Income = &income
	}

	counted := moneyMay
	if slices.ContainsFunc(pays, func(p payment) bool { return moneyCame[p.status] }) {
		counted = moneyCame
	}
	freight, taxes, coupon, interest := zero, zero, zero, zero
	for _, p := range pays {
		if !counted[p.status] {
			continue
		}
		freight, taxes, coupon = plus(freight, p.shipping), plus(taxes, p.taxes), plus(coupon, p.coupon)
		interest = plus(interest, p.total, p.coupon)
		for _, a := range []*money.Amount{p.transaction, p.taxes, p.shipping} {
			if a != nil {
				interest = plus(interest, ptr(a.Neg()))
			}
		}
	}
	if len(pays) == 0 {
		freight = plus(freight, n.amount("shipping_cost", cur))
		coupon = plus(coupon, n.obj("coupon").amount("amount", cur)) // orders of before 2020
	}
	if t := n.obj("taxes").amount("amount", cur); t != nil {
		taxes = *t
	}
	if !freight.IsZero() {
		b.Delivery = &freight
	}
	if !taxes.IsZero() {
		b.Tax = &taxes
	}
	if coupon.Minor() > 0 {
		// Who pays a coupon is in /orders/{id}/discounts, whose form is not documented.
		b.Discounts = append(b.Discounts, order.Discount{Name: "coupon", Kind: "coupon", Amount: coupon, Merchant: zero, Platform: coupon})
	}
	b.Total = plus(total, &freight, &taxes, ptr(coupon.Neg()))
	if paid := n.amount("paid_amount", cur); status == "paid" && paid != nil && !paid.IsZero() && *paid != b.Total {
		if interest.Minor() > 0 && plus(b.Total, &interest) == *paid {
			b.Fees = append(b.Fees, order.Fee{Name: "instalment interest", Amount: interest})
		}
		b.Total = *paid // what is still different shows itself
	}
	return b, true
}

func line(it node, i int, cur money.Currency) (order.Line, []order.Discount) {
	what := it.obj("item")
	qty, _ := it.count("quantity")
	l := order.Line{
		Key: strconv.Itoa(i + 1), Name: what.text("title"), SKU: skuOf(what), Ref: what.text("id"), Quantity: qty,
		Price: money.Of(0, cur), Total: money.Of(0, cur), Original: it.amount("full_unit_price", cur),
	}
	if v := what.text("variation_id"); v != "" && v != "0" {
		l.Ref += ":" + v
	}
	pieces := big.NewRat(qty, 1)
	unit := it.rat("unit_price")
	if p := toMoney(unit, cur); p != nil {
		l.Price = *p
		if t := toMoney(new(big.Rat).Mul(unit, pieces), cur); t != nil {
			l.Total = *t
		}
	} else {
		it.trouble("unit_price", fault.Because("unread_price", "this line has no price that can be read"))
	}
	if l.Original != nil && *l.Original == l.Price {
		l.Original = nil
	}
	var spec []string
	for _, a := range what.list("variation_attributes") {
		if v := a.text("value_name"); v != "" {
			spec = append(spec, strings.TrimPrefix(a.text("name")+": "+v, ": "))
		}
	}
	l.Spec = strings.Join(spec, ", ")
	var discounts []order.Discount
	for _, d := range it.list("discounts") {
		amounts := d.obj("amounts")
		full, seller := amounts.rat("full"), amounts.rat("seller")
		if full == nil || full.Sign() <= 0 {
			continue
		}
		all := toMoney(full.Mul(full, pieces), cur)
		ours := all
		if seller != nil {
			ours = toMoney(seller.Mul(seller, pieces), cur)
		}
		if all == nil || ours == nil {
			continue
		}
		theirs, err := all.Sub(*ours)
		if err != nil {
			continue
		}
		discounts = append(discounts, order.Discount{Name: "item discount", Kind: "item", Amount: *all, Merchant: *ours, Platform: theirs, InPrice: true})
	}
	return l, discounts
}

// skuOf is the seller's own code: seller_sku, else the variation's attribute, else the
// old custom field.
func skuOf(item node) string {
	sku := item.text("seller_sku")
	for _, a := range item.list("variation_attributes") {
		if sku == "" && a.text("id") == "SELLER_SKU" {
			sku = a.text("value_name")
		}
	}
	return cmp.Or(sku, item.text("seller_custom_field"))
}

// plus adds what is there. Amounts here have one currency; one that would leave the
// range is left out, and the bill then says by itself that it does not add up.
func plus(a money.Amount, more ...*money.Amount) money.Amount {
	for _, m := range more {
		if m == nil {
			continue
		}
		if s, err := a.Add(*m); err == nil {
			a = s
		}
	}
	return a
}

func ptr[T any](v T) *T { return &v }
