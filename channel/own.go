package channel

import (
	"math/bits"

	"github.com/tongdan/tongdan/money"
	"github.com/tongdan/tongdan/order"
)

// An Own is a Platform with nobody on the other side: its orders are entered by the
// merchant's own people, by phone or at the counter, and its acts are done by being said.
// Everything else is as on any channel: what was entered comes as a signed callback,
// whose bytes the journal keeps and Translate reads again.
//
// Its acts make no call. Do gives items that are Said; Look gives the same ones and
// effect.Seen, since what was begun and not written down has only to be said again. Read
// knows nothing (fault.NotFound), and Pull yields nothing.
type Own interface {
	Platform
	Translator

	// Draw gives the credentials of a new app: random secrets of this merchant.
	Draw() map[string]string

	// Enter writes an order as the callback that tells of it, signed as Receive wants
	// it. It does no I/O. It fails with fault.Invalid for an entry that Receive would
	// not read.
	Enter(app App, e Entry) (Request, error)
}

// An Entry is an order as somebody entered it. It is what an own channel's document says,
// so its JSON is read for as long as there is a journal: fields are added, never changed.
// Amounts are minor units of Currency.
type Entry struct {
	ID       string         `json:"id"`              // of the order, in the channel's realm
	Shop     string         `json:"shop"`            // the shop's id on the channel
	Day      string         `json:"day"`             // the store's business day, 2006-01-02
	Number   int64          `json:"number"`          // of that day at that store
	At       int64          `json:"at"`              // when it was entered, UTC ms
	By       string         `json:"by"`              // the person's name, as the timeline shows it
	Origin   string         `json:"origin"`          // OriginPhone, OriginCounter, OriginOther
	Serve    string         `json:"serve"`           // ServeDelivery, ServePickup, ServeTakeOut, ServeTable
	Table    string         `json:"table,omitempty"` // with ServeTable: its number or name
	Promised int64          `json:"promised"`        // a chosen time, UTC ms; 0 = as soon as possible
	Currency money.Currency `json:"currency"`
	Lines    []EntryLine    `json:"lines"`
	Delivery int64          `json:"delivery"` // what the customer pays for delivery
	Discount int64          `json:"discount"` // taken off the whole, paid by the merchant
	Total    int64          `json:"total"`    // lines + delivery − discount
	Pay      string         `json:"pay"`      // PayCash, PayCard, PayCode, PayLater
	Tendered int64          `json:"tendered"` // what the customer gave in cash; 0 = not typed
	Customer EntryCustomer  `json:"customer,omitzero"`
	Remark   string         `json:"remark,omitempty"` // the customer's

	// Changed is when it was changed since, UTC ms; 0 = it is as it was entered. Before is what
	// was there until then, so that the change can be taken back.
	Changed int64        `json:"changed,omitempty"`
	Before  *EntryBefore `json:"before,omitempty"`
}

// An EntryBefore is what a change of an entry has replaced.
type EntryBefore struct {
	Lines    []EntryLine `json:"lines"`
	Promised int64       `json:"promised,omitempty"`
	Tendered int64       `json:"tendered,omitempty"`
	Remark   string      `json:"remark,omitempty"`
}

// RegBefore is the register of an own channel's order that holds an EntryBefore.
const RegBefore = "before"

// An EntryCustomer is who ordered, as far as it was asked.
type EntryCustomer struct {
	Name    string `json:"name,omitempty"`
	Phone   string `json:"phone,omitempty"`
	Address string `json:"address,omitempty"`
}

// An EntryLine is one thing of an Entry.
type EntryLine struct {
	Name     string `json:"name"`
	Code     string `json:"code,omitempty"` // of the offer in the shop; "" = a free line, which takes no stock
	Quantity int64  `json:"quantity"`
	Price    int64  `json:"price"` // of one piece
	Note     string `json:"note,omitempty"`
}

// The words of an Entry.
const (
	OriginPhone   = "phone"
	OriginCounter = "counter"
	OriginOther   = "other" // a group chat, a friend

	ServeDelivery = "delivery" // the store's own people bring it
	ServePickup   = "pickup"   // the customer comes for it
	ServeTakeOut  = "take_out" // the customer waits at the counter
	ServeTable    = "table"    // it is eaten here

	PayCash  = "cash"
	PayCard  = "card"
	PayCode  = "code"  // a QR code
	PayLater = "later" // when it is handed over
)

// The limits of an Entry.
const (
	MaxEntryLines    = 100
	MaxEntryQuantity = 9_999
	MaxEntryAmount   = 99_999_999 // of a price, a fee, a discount, a tender; minor units
)

// Sum is what an entry comes to: lines + delivery − discount. ok is false when a line or
// an amount is beyond the limits or the discount is more than the rest.
func (e Entry) Sum() (total int64, ok bool) {
	within := func(v int64) bool { return v >= 0 && v <= MaxEntryAmount }
	if len(e.Lines) == 0 || len(e.Lines) > MaxEntryLines || !within(e.Delivery) || !within(e.Discount) {
		return 0, false
	}
	for _, l := range e.Lines {
		if l.Quantity < 1 || l.Quantity > MaxEntryQuantity || !within(l.Price) {
			return 0, false
		}
		total += l.Quantity * l.Price // below 2^50: 100 lines of 9,999 pieces of 99,999,999
	}
	total += e.Delivery - e.Discount
	return total, total >= 0 && bits.Len64(uint64(total)) < 63
}

// Logistics is how an entry leaves the store.
func (e Entry) Logistics() order.Logistics {
	switch e.Serve {
	case ServeDelivery:
		return order.BySelf
	case ServePickup:
		return order.Pickup
	}
	return order.NoShipping
}

// A Purse is the money side of an act, as the hub reckons it from the order: for platforms
// that do not reckon it themselves.
type Purse struct {
	Held *money.Amount `json:"held,omitempty"` // paid and not given back
	Due  *money.Amount `json:"due,omitempty"`  // to be collected when it is handed over
	Back *money.Amount `json:"back,omitempty"` // what the act's lines are worth: at most what is held, and all of it with the last pieces
}
