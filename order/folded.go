package order

import (
	"slices"

	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/money"
)

// What a person sees of an order, once its records are folded.

// A Linked is a record that belongs to an order.
type Linked struct {
	Ref    Ref
	Record Record
}

// An Order is what a person sees: the fold over the records linked to it.
type Order struct {
	Ref       Ref
	ShopID    string // the platform's id of the shop, "" while unknown
	Head      Head
	Status    Status
	Flags     []Flag
	Axes      Axes
	Theirs    map[string]string // axis → their word
	Times     Times
	Sold      *Bill // as sold, nil while unknown
	Bill      *Bill // as it is now
	Refunded  money.Amount
	PaidSum   *money.Amount
	Customer  *Customer
	Remark    string
	Invoice   *Invoice
	Tags      []string
	Delivered []Delivery
	Cases     []AfterSale
	Payments  []PaymentNow
	Reminders []ReminderNow
	Notes     []NoteNow
	Making    Making        `json:",omitzero"`  // by our own people
	Made      Made          `json:",omitzero"`  // likewise
	Decisions []DecisionNow `json:",omitempty"` // of rules, by their question
	CancelBy  string        // who, in the platform's word; "" = not told
	CancelWhy string
	Deadlines []Deadline
	Issues    []Issue
	Events    []Event
	Settled   *Settled `json:",omitempty"` // what the platform said that it has settled
	Slow      *Slow    `json:",omitempty"` // what the platform holds against how it was made; nil = nothing
	Partial   bool     // the platform said that something is missing: read again

	handed bool  // by our people to the customer who came for it
	label  State // of the parcel whose label is furthest behind; "" = the platform prints none
	mirror State // what the platform says of a delivery that rides of ours bring; "" = nothing
}

// A Delivery is one attempt to bring the order: a rider or a parcel.
type Delivery struct {
	Key     string
	Kind    string // rider or parcel
	State   State
	Theirs  string
	Rider   *Rider
	Parcel  *Parcel
	Updates []Event

	Ride   *Ride // of one that the platform has no part in; nil = the platform's own, or a parcel
	Fare   Fare  `json:",omitzero"`
	Place  *Position
	Silent int64   `json:",omitzero"` // since when its courier answers nothing, UTC ms; 0 = it answers, or nobody asks
	Liable *Liable // of one that went wrong; nil = nobody has said
}

// An AfterSale is one case as it stands.
type AfterSale struct {
	Key        string // theirs
	State      State
	Theirs     string
	Case       Case
	AnswerBy   int64
	Answerable bool
	LostAt     int64  `json:",omitempty"` // when the platform agreed to it by itself, since nobody had answered in time; 0 = it did not
	Seen       *Seen  `json:",omitempty"` // who has seen that it did; nil = nobody
	Ruled      State  `json:",omitempty"` // of a customer's appeal: AppealUpheld, the platform found for the customer, or AppealRejected; "" = it has not ruled
	Appeal     State  `json:",omitempty"` // of the merchant's own: AppealMade and then the ruling; "" = none was made
	AppealAt   int64  `json:",omitempty"`
	AppealBy   string `json:",omitempty"` // who noted the ruling
}

// A PaymentNow is one payment as it stands.
type PaymentNow struct {
	Key    string
	State  State
	Theirs string
	Payment
}

// A ReminderNow is a reminder and whether it was answered.
type ReminderNow struct {
	Key        string
	AnsweredAt int64
	Reminder
}

// A NoteNow is a note and whether the platform has it.
type NoteNow struct {
	Key        string
	OnPlatform bool
	Note
}

// A DecisionNow is a decision and its question: accept, or refund/ and the case.
type DecisionNow struct {
	Key string
	Decision
}

// DecisionOn finds the decision on a question; false when no rule has decided it.
func (o *Order) DecisionOn(key string) (Decision, bool) {
	for _, d := range o.Decisions {
		if d.Key == key {
			return d.Decision, true
		}
	}
	return Decision{}, false
}

// A Deadline is data: what must be done by when, and for which case.
type Deadline struct {
	Kind string `json:"kind"` // DueAccept, DueRefund, DueShip, DueMeal
	At   int64  `json:"at"`
	For  string `json:"for,omitempty"`
}

// The kinds of deadlines.
const (
	DueAccept = "accept"
	DueRefund = "answer_refund"
	DueShip   = "ship"
	DueMeal   = "meal" // reported ready: what comes later is held against the shop
)

// A Severity says how bad an issue is. SevError raises FlagProblem.
type Severity string

// The severities.
const (
	SevInfo  Severity = "info"
	SevWarn  Severity = "warn"
	SevError Severity = "error"
)

// An Issue is something wrong inside an order, kept with it and shown. It never
// stops the order.
type Issue struct {
	Severity Severity `json:"severity"`
	Code     string   `json:"code"`
	Path     string   `json:"path,omitempty"`
	Message  string   `json:"message"`

	// Why is Message for screens. What a connector found is kept with it in the record, unless
	// it was kept before reasons were; what Fold or the hub found is found again with each fold.
	Why fault.Reason `json:"why,omitzero"`
}

// Found is an issue with its reason: what a connector keeps of what it could not read.
func Found(sev Severity, code, path string, why fault.Reason) Issue {
	return Issue{sev, code, path, why.Text, why}
}

// is reports whether two issues are the same: what is kept of them decides.
func (i Issue) is(j Issue) bool {
	return i.Severity == j.Severity && i.Code == j.Code && i.Path == j.Path && i.Message == j.Message
}

// The codes of issues that Fold finds.
const (
	IssueTotal     = "total_mismatch"
	IssueUnknown   = "unknown_status"
	IssueNoBill    = "no_bill"
	IssueNoShop    = "no_shop"
	IssueRefund    = "refund_exceeds_paid"
	IssueCaseLine  = "refund_line_unclear"
	IssueDisagree  = "platform_disagrees"
	IssueDelivery  = "delivery_failed"
	IssueNoCode    = "line_without_code"
	IssueField     = "field_unreadable" // raised by connectors
	IssuePartial   = "incomplete_from_platform"
	IssueNoStatus  = "no_status"
	IssueCurrency  = "currencies_differ"
	IssueOversized = "too_many_lines"
)

// An Event is one line of the timeline, from a platform's statement.
type Event struct {
	At     int64
	Axis   string
	Key    string // of the case or delivery
	State  State  // "" when their word is unknown
	Theirs string
	Who    string
	Why    string
	ByTime bool `json:",omitempty"` // of a case: said because nobody had answered in time
}

// Complete reports whether enough is known for consequences: bill and shop.
func (o *Order) Complete() bool { return o.Bill != nil && o.ShopID != "" }

// Has reports whether a flag is raised.
func (o *Order) Has(f Flag) bool { return slices.Contains(o.Flags, f) }
