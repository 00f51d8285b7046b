// Package order knows what an order is and how it is learnt. It does no I/O.
//
// # How an order is learnt
//
// A platform tells about resources: an order, a shipment, a refund case. What one
// resource says is kept as a Record of three merge types. A message that can be
// merged is a Reading; one that only says "something changed" is a Hint and causes a
// read. The order a person sees is a pure function, Fold, over the records that are
// linked to it. Messages may come twice, late and in any order: the same set of
// messages gives the same order.
//
// # What follows from an order
//
// Wants says what an order asks for: what should be reserved, by when something is
// due, which issues are open, what should be asked of the platform. After each merge
// the difference to what is there is written. Consequences hang on facts, never on a
// message, so a late message or a repaired mistake heals by itself.
//
// # What can be done
//
// Permits lists every act with whether it is allowed now and, if not, why not.
//
// Their words stay beside ours (Theirs); a word of theirs that we do not know is an
// Issue on the order, never an error.
package order

import (
	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/money"
)

// A Ref names a resource in a platform's id space (its realm). IDs are theirs, as text.
type Ref struct {
	Realm string `json:"realm"`
	Kind  string `json:"kind"` // KindOrder, or a word of the connector such as "shipment"
	ID    string `json:"id"`
}

// The kinds of records that this package knows; connectors may add theirs for
// resources that hang below orders.
const (
	KindOrder    = "order"
	KindShipment = "shipment"
	KindOwn      = "own" // what Tongdan itself knows of an order: notes, acts
)

// A Reading is a message that can be merged: part of a record, and the links it knows.
type Reading struct {
	Ref     Ref
	Record  Record
	Orders  []string // the platform ids of the orders that this record belongs to, when Ref is not an order
	Links   []Ref    // other records that belong to this order, when Ref is one
	Aliases []string // other numbers under which people and messages know the order
}

// A Hint only tells us to go and read.
type Hint struct {
	Ref   Ref
	After int64  // not before, UTC ms: platforms' reads lag behind their messages
	Why   string // the message that gave it

	// IfUnknown: skip the read when the order's content is known by then, because
	// the push that carries it came after all.
	IfUnknown bool

	// IfNews: skip the read when the message told nothing that was not known, and what it
	// points at has been read: a list that is compared again names all that is in it.
	IfNews bool

	// Of are the platform's ids of the orders through which it is hinted at, when nobody needs
	// to ask whose the resource is: the same list names every order, with what belongs to it.
	Of []string

	// Later is After for an order whose content is known: with many of them, those that
	// nobody has seen yet come first. UTC ms, 0 = as After.
	Later int64

	// Old: an order that it names was placed long ago, so that reading it is in no hurry even
	// if nobody has seen it.
	Old bool
}

// Kind says how an order leaves the shop: minutes or days.
type Kind string

// The kinds.
const (
	Takeaway  Kind = "takeaway"
	Ecommerce Kind = "ecommerce"
)

// Logistics says who brings it.
type Logistics string

// The ways.
const (
	ByPlatform Logistics = "platform" // the platform's riders
	ByCrowd    Logistics = "crowd"    // the platform's riders, whom the store sends for at their fee
	BySelf     Logistics = "self"     // the store's own riders or a courier of its choice
	Pickup     Logistics = "pickup"
	ME2        Logistics = "me2" // Mercado Envíos 2: the platform gives label and carrier
	ME1        Logistics = "me1" // the seller's own carrier, tracking written back
	Full       Logistics = "full"
	Custom     Logistics = "custom"
	NoShipping Logistics = "none"
)

// A State is our word on one axis.
type State string

// Payment axis.
const (
	Unpaid     State = "unpaid"
	PayLater   State = "pay_later" // collected when it is handed over: it is made all the same
	Paid       State = "paid"
	PartRefund State = "part_refunded"
	Refunded   State = "refunded"
	InDispute  State = "in_dispute"
)

// Work axis: acceptance and preparation, and the end of the order as a whole.
const (
	WorkWaiting   State = "waiting" // to be accepted
	WorkAccepted  State = "accepted"
	WorkReady     State = "ready"
	WorkDone      State = "done"
	WorkCancelled State = "cancelled"
	WorkReplaced  State = "replaced" // by a split; the new orders count
)

// Delivery axis.
const (
	NoDelivery        State = "none"
	DeliverySought    State = "sought"   // asked for, nobody has taken it
	DeliveryAssigned  State = "assigned" // a rider or carrier has it in hand
	DeliveryAtStore   State = "at_store"
	DeliveryOnTheWay  State = "on_the_way"
	DeliveryDelivered State = "delivered"
	DeliveryFailed    State = "failed"
	DeliveryReturned  State = "returned"
	DeliveryCancelled State = "cancelled"
)

// Label axis, of one parcel whose label the platform prints.
const (
	LabelWaiting State = "to_print"
	LabelPrinted State = "printed"
	LabelPacked  State = "packed"
)

// After-sale axis, of one case.
const (
	NoCase        State = "none"
	CaseAsked     State = "asked"
	CaseRefused   State = "refused"
	CaseAppealed  State = "appealed" // the platform decides; nothing to press
	CaseWithdrawn State = "withdrawn"
	CaseAgreed    State = "agreed" // money is on its way back
	CaseRefunded  State = "refunded"
	CaseFailed    State = "failed"
)

// Appeal axis, of one case or of the mark of a slow order: the merchant's own appeal to the platform.
const (
	AppealMade     State = "made"
	AppealUpheld   State = "upheld" // the platform found for the merchant
	AppealRejected State = "rejected"
)

// The axes, as records name them.
const (
	AxisPayment  = "payment"
	AxisWork     = "work"
	AxisDelivery = "delivery"
	AxisCase     = "case"
	AxisLabel    = "label"
	AxisAppeal   = "appeal"
	AxisSlow     = "slow"
)

// Axes is the order's state on each axis. AfterSale is that of the most urgent case.
type Axes struct {
	Payment   State `json:"payment"`
	Work      State `json:"work"`
	Delivery  State `json:"delivery"`
	AfterSale State `json:"after_sale"`
}

// Status is the one flat word for lists, derived from the axes.
type Status string

// The statuses.
const (
	StatusUnpaid     Status = "unpaid"
	StatusNew        Status = "new"
	StatusAccepted   Status = "accepted"
	StatusReady      Status = "ready"
	StatusDelivering Status = "delivering"
	StatusDelivered  Status = "delivered"
	StatusDone       Status = "done"
	StatusCancelled  Status = "cancelled"
	StatusReplaced   Status = "replaced"
)

// Statuses in the order of a life.
var Statuses = []Status{StatusUnpaid, StatusNew, StatusAccepted, StatusReady, StatusDelivering, StatusDelivered, StatusDone, StatusCancelled, StatusReplaced}

// A Flag marks an order that needs somebody, whatever its status.
type Flag string

// The flags.
const (
	FlagRefund   Flag = "refund"   // a case waits for our answer
	FlagReminder Flag = "reminder" // the customer reminds and nobody has answered
	FlagProblem  Flag = "problem"  // an issue of severity error, or a failed delivery
	FlagPreorder Flag = "preorder" // promised for a later time, preparation has not begun
	FlagPickup   Flag = "pickup"   // ready, and the customer comes for it
	FlagToLabel  Flag = "to_label" // the platform has a label for the parcel, and nobody has printed it
	FlagLabelled Flag = "labelled" // the label is printed, the parcel not packed
	FlagHandOver Flag = "handover" // packed and labelled: it waits for the carrier
	FlagLost     Flag = "lost"     // a refund was agreed to because nobody had answered in time, and nobody has seen it
	FlagSlow     Flag = "slow"     // the platform holds it against the store that it was made slowly; it can be appealed against, and nobody has seen it
)

// Flags in the order in which they are listed. Their places are stored: new ones come last.
var Flags = []Flag{FlagRefund, FlagReminder, FlagProblem, FlagPreorder, FlagPickup, FlagToLabel, FlagLabelled, FlagHandOver, FlagLost, FlagSlow}

// A Line is one thing bought.
type Line struct {
	Key      string        `json:"key"` // its place in the bill as sold
	Name     string        `json:"name"`
	SKU      string        `json:"sku,omitempty"` // the merchant's own code
	Ref      string        `json:"ref,omitempty"` // the platform's code of the offer
	Quantity int64         `json:"quantity"`
	Unit     string        `json:"unit,omitempty"`
	Price    money.Amount  `json:"price"` // of one piece, after discounts on the item
	Original *money.Amount `json:"original_price,omitempty"`
	Total    money.Amount  `json:"total"`             // Price × Quantity by the platform's rule, without packing
	Packing  *money.Amount `json:"packing,omitempty"` // boxes of this line, all pieces
	Options  []string      `json:"options,omitempty"`
	Spec     string        `json:"spec,omitempty"`
	Note     string        `json:"note,omitempty"`
	Pocket   int           `json:"pocket,omitempty"`
	Image    string        `json:"image,omitempty"`
	Refunded int64         `json:"refunded_quantity,omitempty"` // filled by Fold, over settled cases
	Wasted   int64         `json:"wasted_quantity,omitempty"`   // made, and not back in stock since the order was cancelled before they left; filled for people
}

// A Discount is split by who pays it.
type Discount struct {
	Name     string       `json:"name"`
	Kind     string       `json:"kind,omitempty"`
	Amount   money.Amount `json:"amount"`
	Merchant money.Amount `json:"merchant"`
	Platform money.Amount `json:"platform"`
	InPrice  bool         `json:"in_price,omitempty"` // the lines' prices are after it: told for who pays, not subtracted again
}

// A Fee is anything added to the lines that has no field of its own.
type Fee struct {
	Name   string       `json:"name"`
	Amount money.Amount `json:"amount"`
}

// A Bill is lines and money as one register: a new total never meets old lines.
// Lines + packing + delivery + tip + tax + fees − discounts = Total, by each
// platform's own definition; a mismatch is an issue on the order.
type Bill struct {
	Lines     []Line        `json:"lines"`
	Packing   *money.Amount `json:"packing,omitempty"`
	Delivery  *money.Amount `json:"delivery,omitempty"`
	Tip       *money.Amount `json:"tip,omitempty"`
	Tax       *money.Amount `json:"tax,omitempty"`
	Fees      []Fee         `json:"fees,omitempty"`
	Discounts []Discount    `json:"discounts,omitempty"`
	Total     money.Amount  `json:"total"`
	Income    *money.Amount `json:"income,omitempty"` // what the platform says will reach the merchant
}

// Difference is Total minus the sum of the parts: zero when the bill adds up. It
// fails when amounts cannot be added at all.
func (b Bill) Difference() (money.Amount, error) {
	var parts []money.Amount
	for _, l := range b.Lines {
		parts = append(parts, l.Total)
	}
	for _, a := range []*money.Amount{b.Packing, b.Delivery, b.Tip, b.Tax} {
		if a != nil {
			parts = append(parts, *a)
		}
	}
	for _, f := range b.Fees {
		parts = append(parts, f.Amount)
	}
	for _, d := range b.Discounts {
		if !d.InPrice {
			parts = append(parts, d.Amount.Neg())
		}
	}
	sum, err := money.Sum(parts...)
	if err != nil {
		return money.Amount{}, err
	}
	return b.Total.Sub(sum)
}

// Head has what identifies an order for people.
type Head struct {
	Display   string    `json:"display,omitempty"` // the number that the customer sees
	DaySeq    string    `json:"day_seq,omitempty"`
	Pack      string    `json:"pack,omitempty"` // orders of one purchase share it
	Kind      Kind      `json:"kind,omitempty"`
	Logistics Logistics `json:"logistics,omitempty"`
	Site      string    `json:"site,omitempty"`
	Replaces  string    `json:"replaces,omitempty"` // the order that a split replaced
	Origin    string    `json:"origin,omitempty"`   // of one that our own people entered: phone, counter, other
	Table     string    `json:"table,omitempty"`    // where it is eaten
}

// Times are milestones, UTC ms, 0 = not known. They serve the timeline and metrics;
// the status is never computed from them.
type Times struct {
	Placed    int64 `json:"placed_at,omitempty"`
	Paid      int64 `json:"paid_at,omitempty"`
	Promised  int64 `json:"promised_at,omitempty"` // a chosen time; 0 = as soon as possible
	Estimated int64 `json:"estimated_at,omitempty"`
	ShipBy    int64 `json:"ship_by_at,omitempty"`
	MealBy    int64 `json:"meal_by_at,omitempty"`   // by when the platform has a meal reported ready (出餐考核): what comes later counts against the shop; 0 = it does not say
	Cancelled int64 `json:"cancelled_at,omitempty"` // as the platform dates it, whenever it was told; 0 = it does not
}

// A Customer is personal data: shown in full only to those with the right.
type Customer struct {
	Name      string  `json:"name,omitempty"`
	Phone     string  `json:"phone,omitempty"`
	PhoneKind string  `json:"phone_kind,omitempty"` // real, privacy or masked
	Address   string  `json:"address,omitempty"`
	Detail    string  `json:"address_detail,omitempty"`
	City      string  `json:"city,omitempty"`
	State     string  `json:"state,omitempty"`
	Zip       string  `json:"zip,omitempty"`
	Country   string  `json:"country,omitempty"`
	Lat       float64 `json:"lat,omitempty"`
	Lng       float64 `json:"lng,omitempty"`
	UserRef   string  `json:"user_ref,omitempty"`
}

// Invoice is what the buyer wants on an invoice.
type Invoice struct {
	Title string `json:"title"`
	TaxID string `json:"tax_id,omitempty"`
}

// A Case is the content of one after-sale case.
type Case struct {
	Full     bool          `json:"full"`
	Amount   *money.Amount `json:"amount,omitempty"`
	Reason   string        `json:"reason,omitempty"`
	Pictures []string      `json:"pictures,omitempty"`
	Lines    []CaseLine    `json:"lines,omitempty"`
	AskedAt  int64         `json:"asked_at,omitempty"`
	AnswerBy int64         `json:"answer_by,omitempty"` // as the platform itself says; 0 = it does not, and Grammar knows
	ByShop   bool          `json:"by_shop,omitempty"`   // started by the merchant: nothing to answer

	CanAppeal bool `json:"can_appeal,omitempty"` // the platform takes an appeal of the merchant
}

// A CaseLine names a line as the platform does; Fold resolves it.
type CaseLine struct {
	Line     string        `json:"line,omitempty"` // key in the bill as sold, filled by Fold
	Ref      string        `json:"ref,omitempty"`
	SKU      string        `json:"sku,omitempty"`
	Name     string        `json:"name,omitempty"`
	Quantity int64         `json:"quantity"`
	Amount   *money.Amount `json:"amount,omitempty"`
}

// A Payment is one payment of an order.
type Payment struct {
	Method   string        `json:"method,omitempty"`
	Amount   *money.Amount `json:"amount,omitempty"`
	Tendered *money.Amount `json:"tendered,omitempty"` // what was handed over in cash
	Refunded *money.Amount `json:"refunded,omitempty"`
	At       int64         `json:"at,omitempty"`
}

// A Parcel is the content of one shipment.
type Parcel struct {
	Carrier  string `json:"carrier,omitempty"`
	Tracking string `json:"tracking,omitempty"`
	URL      string `json:"tracking_url,omitempty"`
	ShipBy   int64  `json:"ship_by_at,omitempty"`
	Promised int64  `json:"promised_at,omitempty"`
	Mode     string `json:"mode,omitempty"` // the platform's own words for its logistics
}

// A Rider brings a takeaway order.
type Rider struct {
	Name  string `json:"name,omitempty"`
	Phone string `json:"phone,omitempty"`
}

// A Reminder is a customer who asks where it is.
type Reminder struct {
	At   int64  `json:"at,omitempty"`
	Text string `json:"text,omitempty"`
}

// A Note is the merchant's own remark; the buyer's is the remark register.
type Note struct {
	Text string `json:"text"`
	By   string `json:"by,omitempty"`
	At   int64  `json:"at"`
}

// Making says that somebody in the kitchen has begun to make an order, or has taken that
// back. It is ours alone: no platform is told.
type Making struct {
	By string `json:"by,omitempty"`
	At int64  `json:"at"` // 0 = nobody makes it
}

// Made says that somebody has said that an order is ready, whether the platform has heard of
// it or not, or has taken that back: what has been made cannot be sold to anybody else.
type Made struct {
	By string `json:"by,omitempty"`
	At int64  `json:"at"` // 0 = nobody has said so
}

// Seen says that somebody has seen that a refund was lost by time.
type Seen struct {
	By string `json:"by,omitempty"`
	At int64  `json:"at"`
}

// A Settled is what the platform says that it has settled for an order.
type Settled struct {
	Amount money.Amount `json:"amount"`
	At     int64        `json:"at,omitempty"`
}

// A Decision is what a rule of the store has decided, and why: every condition with whether
// it was met. It is ours alone.
type Decision struct {
	Rule    string   `json:"rule"`    // accept, refund, ride
	Version int64    `json:"version"` // of the rule
	At      int64    `json:"at"`
	Yes     bool     `json:"yes"` // false: it is left to a person
	Grounds []Ground `json:"grounds"`

	Raise *money.Amount `json:"raise,omitempty"` // of a ride: by how much its tip was raised
	Tip   *money.Amount `json:"tip,omitempty"`   // of a ride: its tip since
	Way   string        `json:"way,omitempty"`   // of a ride: who was asked instead, as of package rule
}

// A Ground is one condition of a decision.
type Ground struct {
	Met bool         `json:"met"`
	Why fault.Reason `json:"why"`
}

// The registers of records of kind KindOwn.
const (
	RegMaking = "making" // Making
	RegMade   = "made"   // Made
	RegSeen   = "seen"   // Seen, of a child KidCase
)

// A RealNumber is a customer's own number.
type RealNumber struct {
	Phone string `json:"phone"`
}

// The registers of an order record, with the type of each value.
const (
	RegHead     = "head"     // Head
	RegTimes    = "times"    // Times
	RegBill     = "bill"     // Bill, as it is now
	RegSold     = "sold"     // Bill as sold: written with Stamp.Version negated, so the lowest wins
	RegCustomer = "customer" // Customer
	// RegRealNumber is a RealNumber: the customer's own number, which a platform gives out while its
	// privacy numbers do not work. It stands in for the number of RegCustomer.
	RegRealNumber = "real_number"

	// RegRiderNumber is a Rider: his own number, given out likewise. It holds for the rider of that name alone.
	RegRiderNumber = "rider_number"
	RegRemark      = "remark"  // string
	RegInvoice     = "invoice" // Invoice
	RegRider       = "rider"   // Rider, of the newest attempt
	RegTags        = "tags"    // []string, the platform's own marks, sorted
	RegShop        = "shop"    // string, the platform's id of the shop
	RegPartial     = "partial" // bool: the platform says that something is missing for now
	RegTrouble     = "trouble" // []Issue: what the connector could not read, so that the rest is kept
	RegParcel      = "parcel"  // Parcel, of a shipment record
	RegSettled     = "settled" // Settled
)

// Children of an order record: a prefix, then their own key.
const (
	KidCase     = "case/"     // RegCase, AxisCase
	KidPayment  = "payment/"  // RegPayment, AxisPayment
	KidReminder = "reminder/" // RegReminder, AxisWork with StateAnswered
	KidNote     = "note/"     // RegNote, AxisWork with StateWritten when the platform has it
	RegCase     = "case"      // Case
	RegPayment  = "payment"   // Payment
	RegReminder = "reminder"  // Reminder
	RegNote     = "note"      // Note
	KidDecision = "decision/" // RegDecision, of a record of kind KindOwn: accept, or refund/ and the case
	RegDecision = "decision"  // Decision
)

// Statements of our own, on records of kind KindOwn.
const (
	StateReady    = "tongdan:ready"    // our people marked it ready, where the platform has no word for it
	StateHanded   = "tongdan:handed"   // our people gave it to the customer who came for it, likewise
	StateAnswered = "tongdan:answered" // the reminder was answered
	StateWritten  = "tongdan:written"  // the note reached the platform

	// The platform's ruling on an appeal, as somebody has noted it: axis appeal of a child KidCase.
	StateUpheld   = "tongdan:upheld"
	StateRejected = "tongdan:rejected"
)
