package counter

import (
	"bytes"
	"encoding/json"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/tongdan/tongdan/channel"
	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/money"
	"github.com/tongdan/tongdan/order"
)

// parse reads a document and holds it to the limits of an entry: what comes out can be
// translated without a further look.
func parse(body []byte) (e channel.Entry, err error) {
	const op = "counter.parse"
	bad := func(field string) error {
		return &fault.Error{Op: op, Code: fault.Invalid, Why: fault.Because("entry_unreadable", "the entry cannot be read: {field}", "field", field)}
	}
	dec := json.NewDecoder(bytes.NewReader(body))
	if err := dec.Decode(&e); err != nil {
		return e, bad("JSON") // never the decoder's words: they may hold what a customer said
	}
	if _, err := dec.Token(); err != io.EOF {
		return e, bad("JSON")
	}
	total, ok := e.Sum()
	if _, known := e.Currency.Digits(); !known {
		return e, bad("currency")
	}
	_, derr := time.Parse(time.DateOnly, e.Day)
	switch {
	case !text(e.ID, 1, 64) || strings.ContainsAny(e.ID, " /"):
		return e, bad("id")
	case !text(e.Shop, 1, 80):
		return e, bad("shop")
	case derr != nil:
		return e, bad("day")
	case e.Number < 1 || e.Number > 1_000_000:
		return e, bad("number")
	case !moment(e.At) || e.At == 0:
		return e, bad("at")
	case !moment(e.Changed) || e.Changed != 0 && e.Changed <= e.At || e.Before != nil && len(e.Before.Lines) > channel.MaxEntryLines:
		return e, bad("changed")
	case !moment(e.Promised):
		return e, bad("promised")
	case !ok:
		return e, bad("lines")
	case total != e.Total:
		return e, bad("total")
	case e.Tendered < 0 || e.Tendered > channel.MaxEntryAmount:
		return e, bad("tendered")
	case !slices.Contains([]string{channel.OriginPhone, channel.OriginCounter, channel.OriginOther}, e.Origin):
		return e, bad("origin")
	case !slices.Contains([]string{channel.ServeDelivery, channel.ServePickup, channel.ServeTakeOut, channel.ServeTable}, e.Serve):
		return e, bad("serve")
	case !slices.Contains([]string{channel.PayCash, channel.PayCard, channel.PayCode, channel.PayLater}, e.Pay):
		return e, bad("pay")
	case !text(e.By, 0, 200) || !text(e.Table, 0, 20) || !text(e.Remark, 0, 500) || !text(e.Customer.Name, 0, 80) || !text(e.Customer.Phone, 0, 40) || !text(e.Customer.Address, 0, 300):
		return e, bad("text")
	}
	for i, l := range e.Lines {
		if !text(l.Name, 1, 120) || !text(l.Code, 0, 80) || !text(l.Note, 0, 200) {
			return e, bad("lines." + strconv.Itoa(i))
		}
	}
	return e, nil
}

// text reports whether s is UTF-8 of so many characters, without control characters.
func text(s string, least, most int) bool {
	n := utf8.RuneCountInString(s)
	return utf8.ValidString(s) && n >= least && n <= most && !strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f })
}

// moment reports whether t is UTC ms of this century, or 0.
func moment(t int64) bool { return t == 0 || t >= 946_684_800_000 && t < 4_102_444_800_000 }

// recordOf is what an entry says, stamped with the moment of the entry or of its last change:
// the newest holds. Who entered it, when, and that it was accepted are never told otherwise.
func recordOf(e channel.Entry) order.Record {
	var r order.Record
	amount := func(minor int64) money.Amount { return money.Of(minor, e.Currency) }
	s := order.Stamp{Version: max(e.At, e.Changed), Class: order.ClassCreated}
	order.Put(&r, order.RegShop, s, e.Shop)
	order.Put(&r, order.RegHead, s, order.Head{
		Display: strings.ReplaceAll(e.Day, "-", "") + "-" + strconv.FormatInt(e.Number, 10), DaySeq: strconv.FormatInt(e.Number, 10),
		Kind: order.Takeaway, Logistics: e.Logistics(), Origin: e.Origin, Table: e.Table,
	})
	times := order.Times{Placed: e.At, Promised: e.Promised}
	paid := e.Pay != channel.PayLater
	if paid {
		times.Paid = e.At
	}
	order.Put(&r, order.RegTimes, s, times)
	bill := order.Bill{Total: amount(e.Total)}
	for i, l := range e.Lines {
		key := strconv.Itoa(i + 1)
		line := order.Line{Key: key, Name: l.Name, SKU: l.Code, Ref: l.Code, Quantity: l.Quantity, Price: amount(l.Price), Total: amount(l.Quantity * l.Price), Note: l.Note}
		if l.Code == "" {
			line.Ref = "free:" + key // no offer has such a code: it takes no stock
		}
		bill.Lines = append(bill.Lines, line)
	}
	if e.Delivery > 0 {
		fee := amount(e.Delivery)
		bill.Delivery = &fee
	}
	if e.Discount > 0 {
		bill.Discounts = []order.Discount{{Name: "优惠", Kind: "entry", Amount: amount(e.Discount), Merchant: amount(e.Discount), Platform: amount(0)}}
	}
	order.Put(&r, order.RegBill, s, bill)
	if c := e.Customer; c != (channel.EntryCustomer{}) {
		kind := ""
		if c.Phone != "" {
			kind = "real"
		}
		order.Put(&r, order.RegCustomer, s, order.Customer{Name: c.Name, Phone: c.Phone, PhoneKind: kind, Address: c.Address})
	}
	if e.Remark != "" || e.Changed > 0 {
		order.Put(&r, order.RegRemark, s, e.Remark)
	}
	if e.Before != nil {
		order.Put(&r, channel.RegBefore, s, *e.Before)
	}
	r.Say(order.AxisWork, order.Said{State: wordAccepted, At: e.At, Class: order.ClassCreated, Who: e.By})
	word := wordPaid
	payment := order.Payment{Method: e.Pay, Amount: ptr(amount(e.Total)), At: e.At}
	if e.Tendered > 0 {
		payment.Tendered = ptr(amount(e.Tendered))
	}
	if !paid {
		word, payment.At = wordLater, 0
	}
	r.Say(order.AxisPayment, order.Said{State: word, At: e.At, Class: order.ClassCreated})
	pay(&r, payment, word, s, e.At)
	return r
}

// pay writes the order's one payment.
func pay(r *order.Record, p order.Payment, word string, s order.Stamp, at int64) {
	var kid order.Record
	order.Put(&kid, order.RegPayment, s, p)
	kid.Say(order.AxisPayment, order.Said{State: word, At: at, Class: s.Class})
	r.Kid(order.KidPayment+"1", kid)
}

func ptr[T any](v T) *T { return &v }
