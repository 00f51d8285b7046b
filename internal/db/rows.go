package db

import (
	"encoding/json"
	"slices"
	"time"

	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/ident"
	"github.com/tongdan/tongdan/order"
)

// An OrderRow is what is stored of an order beside its records: the columns that lists
// filter by, and two documents that hub computes.
type OrderRow struct {
	Merchant  ident.Merchant
	ID        ident.Order
	Ref       order.Ref // Kind is order.KindOrder
	Channel   string
	Account   ident.Account // 0 = not yet known
	Shop      ident.Shop    // 0 = not yet known, or not bound
	Store     ident.Store
	Status    order.Status
	Flags     Flags
	Kind      order.Kind
	Logistics order.Logistics
	SortAt    int64 // placed, else first seen; UTC ms; never changes once placed is known
	DueAt     int64 // earliest deadline, 0 = none
	LostAt    int64 // when its last refund was lost by time; 0 = none was
	ReadAt    int64 // last direct read, UTC ms of the trade's clock
	SweepAt   int64 // when to read again because no push may come; 0 = never
	Changed   int64
	Seq       int64           // of the last change, set by the writer
	Summary   json.RawMessage // hub.Summary: what lists show
	Wants     json.RawMessage // order.Wants as written
	Search    SearchText      // what search finds it by; not read back, and kept as stored where it is empty
}

// Flags is a set of order.Flag as bits, so that one column and one index serve them. The
// bits are those of their places in order.Flags.
type Flags int64

// The bits.
const (
	BitRefund Flags = 1 << iota
	BitReminder
	BitProblem
	BitPreorder
	BitPickup
	BitToLabel
	BitLabelled
	BitHandOver
	BitLost
)

// FlagsOf packs flags.
func FlagsOf(list []order.Flag) Flags {
	var f Flags
	for _, x := range list {
		if i := slices.Index(order.Flags, x); i >= 0 {
			f |= 1 << i
		}
	}
	return f
}

// SearchText is what an order can be found by.
type SearchText struct {
	Names   []string // of the lines: any part of at least one character
	Numbers []string // whole, beginning or end
	DaySeq  string   // "12"
	Phones  []string // last four digits or whole
	Persons []string // recipient: any part
	UserRef string   // whole
}

// none reports whether nothing was said about what an order is found by.
func (s *SearchText) none() bool {
	return len(s.Names)+len(s.Numbers)+len(s.Phones)+len(s.Persons) == 0 && s.DaySeq == "" && s.UserRef == ""
}

// A Direction says which way a journal entry went, or that it is ours.
type Direction string

// The directions.
const (
	Push     Direction = "push"
	Pulled   Direction = "pull"
	Call     Direction = "call"
	Act      Direction = "act"
	Decision Direction = "decision"
)

// An Entry is one line of the journal.
type Entry struct {
	ID        ident.Entry // given by the writer when 0
	At        time.Time
	Direction Direction
	What      string // "order.paid", "accept"
	Channel   string
	Account   ident.Account
	Order     ident.Order // 0 = not (yet) an order's: sealed under the key of the day
	Ref       order.Ref
	Method    string
	Path      string
	Status    int // HTTP status of a call, 0 otherwise
	Took      time.Duration
	By        string // who, of an act
	Outcome   string // a short stable word
	Error     string
	Body      []byte // plain; the writer compresses and seals it
	Answer    []byte // of a call
	Known     bool   // the body was seen before: only its hash is kept
}

// A ParkedRow is a message that could not be read.
type ParkedRow struct {
	Merchant ident.Merchant
	ID       ident.Parked
	At       int64
	App      ident.App
	Account  ident.Account
	Channel  string
	What     string
	Why      fault.Reason
	State    string // parked, retried, dropped
	Attempts int
	Size     int
	Entry    ident.Entry // where the bytes are
	Retry    json.RawMessage
}

// A Change is one line of a merchant's feed. Number order is commit order, and the
// numbers have no gaps.
type Change struct {
	Seq  int64
	Kind string // KindOrder …
	ID   string // our id as text
	At   int64
}

// The kinds of changes.
const (
	KindOrder     = "order"
	KindEffect    = "effect" // of no order
	KindAccount   = "account"
	KindParked    = "parked"
	KindBatch     = "batch"
	KindDirectory = "directory"
	KindMessage   = "message" // who sees to something that waits

	// Hidden stands for changes that the reader may not see: it only tells how far the
	// list goes, and has no ID.
	Hidden = "hidden"
)

// A ShopRow is a store's presence on a channel.
type ShopRow struct {
	Merchant ident.Merchant
	ID       ident.Shop
	Account  ident.Account
	Channel  string
	Realm    string
	External string // theirs
	Store    ident.Store
	Name     string
	Mode     string // watch: sends nothing; full
}

// A StoreRow is a place where stock lies and people work.
type StoreRow struct {
	Merchant ident.Merchant
	ID       ident.Store
	Name     string
	Zone     string // IANA
	Cutoff   int    // minutes after midnight at which the business day begins
	Address  string
	Hours    string // when it is open, every day: "11:00-14:00,17:00-22:00"; "" = as its shops' platforms say
	Pace     *Pace  // nil = the usual one, when it is put; never nil when it is read
}

// A Pace is how many minutes a store takes to make an order, and a rider to bring it.
type Pace struct{ Prepare, Travel int }

// UsualPace is that of a store of which nobody has said it.
var UsualPace = Pace{Prepare: 15, Travel: 30}

// An AppRow is an application registered at a platform; Credentials are sealed in the
// database and plain here.
type AppRow struct {
	Merchant    ident.Merchant
	ID          ident.App
	Channel     string
	Name        string
	BaseURL     string
	PublicURL   string
	Credentials map[string]string
}

// An AccountRow is one authorisation under an app, and how it is doing.
type AccountRow struct {
	Merchant    ident.Merchant
	ID          ident.Account
	App         ident.App
	Channel     string
	Realm       string
	Name        string
	External    string
	Credentials map[string]string
	Paused      bool
	BigChain    bool  // the platform counts it as a large chain, which has longer to answer a refund
	AlarmAt     int64 // authorise again until; 0 = no alarm
	AlarmWhy    string
	LastPush    int64
	LastPull    int64
	LastError   int64
	ErrorCode   string
	ErrorWhy    fault.Reason
	Cursor      json.RawMessage // of the pull
}
