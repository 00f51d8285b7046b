// Package channel is the contract with a sales platform.
//
// A connector (internal/platform/<name>) offers a Platform: its Info, a Receive that
// verifies and translates callbacks, and an Open that gives a Shop for one account.
// A Shop can do what every platform can: Read one resource and Pull what changed.
// Everything else is a power: one small optional interface each, declared in
// Info().Powers with its nature and limits. Callers hold a Conn, which stands in front
// of a Shop and answers "unsupported" itself, so nobody asserts types.
//
// A connector does no I/O but HTTP through the clients it is given, sees one clock
// (the trade's, Env.Now), and never a database. The suite in channeltest is this
// contract as tests.
package channel

import (
	"context"
	"encoding/json"
	"iter"
	"net/http"
	"net/url"
	"time"

	"github.com/tongdan/tongdan/effect"
	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/ident"
	"github.com/tongdan/tongdan/money"
	"github.com/tongdan/tongdan/order"
)

// A Platform is what a connector offers. All methods may be called concurrently.
type Platform interface {
	// Info describes the platform. It is constant and must not be changed.
	Info() *Info

	// Receive verifies a callback over its raw bytes and translates it. It does no
	// I/O and never fails: what is wrong is in Received.
	Receive(app App, r Request) Received

	// Open gives the shop side of one account. It does no I/O. It fails with
	// fault.Invalid when credentials are missing, naming the fields.
	Open(acct Account, env Env) (Shop, error)
}

// An App is an application registered at a platform: many accounts hang on it, the
// callbacks and the rate budget are its.
type App struct {
	ID          ident.App
	BaseURL     string // of the platform's API; "" = production
	PublicURL   string // ours, as configured at the platform: "https://hub.example.com"; "" = none, pull only
	Credentials map[string]Secret
}

// CallbackURL is the URL of a callback as it must be configured at the platform, and
// against which signatures are verified.
func (a App) CallbackURL(channel, path string) string {
	return a.PublicURL + "/callback/" + channel + "/" + a.ID.String() + "/" + path
}

// An Account is one authorisation under an app.
type Account struct {
	ID          ident.Account
	App         App
	External    string   // the platform's id of the authorising party, "" where it has none
	Shops       []string // the platform's ids of the shops that are bound
	Credentials map[string]Secret
}

// Env is what a connector is given to work with.
type Env struct {
	Reads *http.Client // for calls that change nothing; may be replayed by net/http
	Calls *http.Client // for calls that change something; never replayed, see NewClients
	Vault Vault
	Now   func() time.Time // the trade's clock, which a rehearsal may speed up

	// Yield, where there is one, lets others go on: whoever would block on another call
	// of this process calls it until he need not. For a simulation.
	Yield func()
}

// Enter takes a gate that lets one call at a time through; the caller takes his token out
// again. It fails with the context's error when that ends first.
func (e Env) Enter(ctx context.Context, gate chan struct{}) error {
	for e.Yield != nil && len(gate) == cap(gate) && ctx.Err() == nil {
		e.Yield()
	}
	select {
	case gate <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// A Vault keeps what a platform rotates. It is durable and sealed; a connector never
// keeps a token only in memory.
type Vault interface {
	// Load gives the newest saved bytes under a name; nil when there are none.
	Load(ctx context.Context, name string) ([]byte, error)

	// Save makes bytes durable before it returns. Older bytes never replace newer:
	// at is the moment of the platform's answer.
	Save(ctx context.Context, name string, at time.Time, b []byte) error

	// Alarm tells the owner that the account must be authorised again until a
	// moment (zero = now, it no longer works); an empty why takes the alarm back.
	Alarm(ctx context.Context, until time.Time, why string) error
}

// A Shop is one account, as every platform can serve it. Errors carry fault codes with
// the meaning that effect.OutcomeOf gives them: Unavailable only when the platform
// certainly did nothing, Unknown when it may have.
type Shop interface {
	// Read reads one resource and says what it says, in one or more items. It fails
	// with fault.NotFound when the platform does not know it (yet).
	Read(ctx context.Context, ref order.Ref) ([]Item, error)

	// Pull yields what changed since a cursor, oldest first, each at least once, with
	// overlap. A page's cursor may be saved once its items are kept. After an error,
	// which comes last, the next Pull goes on from the last saved cursor.
	Pull(ctx context.Context, p Pull) iter.Seq2[Page, error]
}

// A Pull says from where to go on.
type Pull struct {
	Cursor json.RawMessage // nil at the first
	Wide   bool            // after an outage or a restore: take the largest overlap

	// Known lists orders of the account that are here with their daily number and were
	// placed since about the last pull: what pushes told need not be asked for, which at a
	// busy hour is nearly all. nil = nothing is known. It reads the database.
	Known func(context.Context) ([]Numbered, error)
}

// A Numbered is an order that is here, by its daily number.
type Numbered struct {
	Shop   string // the platform's id of the shop
	Number string // as the platform writes it
	Placed time.Time
	Paid   time.Time // zero = not known
}

// Partly is the error of a pull that went through to its end and left single things
// open, which its cursor holds: they are asked for again, and nothing else was missed.
type Partly struct{ Err error }

func (p *Partly) Error() string { return p.Err.Error() }

// Unwrap gives why the last of them could not be had.
func (p *Partly) Unwrap() error { return p.Err }

// A Page is a step of a pull.
type Page struct {
	Items  []Item
	Cursor json.RawMessage // to go on after this page
}

// An Item is one record of a page, one answer, or one push: its bytes, and what they
// say. When Err is set the bytes are parked with it and the rest goes on.
type Item struct {
	What     string // a stable word for the journal: "order", "order.paid"
	Ref      order.Ref
	Raw      []byte
	Readings []order.Reading
	Hints    []order.Hint
	Err      error

	// At is when it was read, UTC ms by the trade's clock: the Read of the stamps of its
	// readings. 0 = when it was learnt.
	At int64

	// Said: the readings follow from what we asked and that it went well, not from Raw
	// alone. The journal then keeps the readings as they are, instead of Raw.
	Said bool
}

// Kept is what the journal keeps of an item.
type Kept struct {
	What string
	Ref  order.Ref // what it was about
	Raw  []byte
	At   time.Time
	Push bool
}

// A Translator is a Platform that says anew, with today's code, what an item said: for
// replay. It does no I/O and checks no signature: that was done when the item came, and
// keys may have changed since. One whose item was Said is never asked. It gives the Item
// without Hints; Err is set when it cannot be read.
type Translator interface {
	Translate(k Kept) Item
}

// An Act is what a person or a rule wants done, with everything the call needs.
type Act struct {
	Kind       order.ActionKind `json:"kind"`
	Order      order.Ref        `json:"order"`
	ShopID     string           `json:"shop_id,omitempty"`
	Linked     []order.Ref      `json:"linked,omitempty"` // the order's other records: shipments
	Logistics  order.Logistics  `json:"logistics,omitempty"`
	Case       string           `json:"case,omitempty"`
	CaseAmount *money.Amount    `json:"case_amount,omitempty"`
	ReasonCode string           `json:"reason_code,omitempty"`
	Reason     string           `json:"reason,omitempty"`
	Text       string           `json:"text,omitempty"`
	Courier    order.Rider      `json:"courier,omitzero"`
	Carrier    string           `json:"carrier,omitempty"`
	Tracking   string           `json:"tracking,omitempty"`
	Lines      []ActLine        `json:"lines,omitempty"`
	Pictures   []string         `json:"pictures,omitempty"` // addresses from which the platform can fetch them
	Amount     *money.Amount    `json:"amount,omitempty"`   // the fee that was agreed to, the tip
	Purse      *Purse           `json:"purse,omitempty"`    // for an own channel
	Telling    *Telling         `json:"telling,omitempty"`
}

// A Telling is how far somebody is whom the store sends with an order; who he is stands in
// Act.Courier. It goes with Dispatch and Deliver too, where it was not a person's press that says so.
type Telling struct {
	Ride  string          `json:"ride"`           // our key of the attempt, below 32 characters
	Code  string          `json:"code,omitempty"` // the platforms' number of the courier (courier.Info.Code); "" = a rider of the store's own
	State order.State     `json:"state"`          // order.DeliveryAssigned, …AtStore, …OnTheWay, …Delivered; …Cancelled = he does not come
	Place *order.Position `json:"-"`              // where he is, of TellPlace alone: nothing keeps it
}

// An ActLine is a line to refund.
type ActLine struct {
	Line     string `json:"line"` // key in the bill
	SKU      string `json:"sku,omitempty"`
	Ref      string `json:"ref,omitempty"`
	Name     string `json:"name,omitempty"`
	Quantity int64  `json:"quantity"`
}

// A Quote is what a rider costs now.
type Quote struct {
	Fee   money.Amount
	Words string // of the platform: why it is more than usual
}

// A Sight is what a read-back found.
type Sight struct {
	Outcome effect.Outcome // effect.Seen, effect.NotSeen or effect.Obsolete
	Items   []Item         // what the platform said meanwhile
	Why     fault.Reason   // for people
}

// The powers. Each method makes one call that changes something and gives what the
// answer tells. Look, which every shop with a power has, finds out whether an act has
// taken place. Before, for additive acts, reads the state that Look compares with; it
// runs before the first call.
type (
	Acknowledger interface {
		Acknowledge(ctx context.Context, a Act) ([]Item, error)
	}
	Accepter interface {
		Accept(ctx context.Context, a Act) ([]Item, error)
	}
	Refuser interface {
		Refuse(ctx context.Context, a Act) ([]Item, error)
	}
	Canceller interface {
		Cancel(ctx context.Context, a Act) ([]Item, error)
	}
	Preparer interface {
		Ready(ctx context.Context, a Act) ([]Item, error)
	}
	Dispatcher interface {
		Dispatch(ctx context.Context, a Act) ([]Item, error)
		Deliver(ctx context.Context, a Act) ([]Item, error)
	}
	// A RiderCaller sends for riders of the platform. Quote reads what one costs now; CallRider
	// sends for one at that fee, and fails with fault.Conflict when it has become more than
	// Act.Amount.
	RiderCaller interface {
		Quote(ctx context.Context, a Act) (Quote, error)
		CallRider(ctx context.Context, a Act) ([]Item, error)
		RecallRider(ctx context.Context, a Act) ([]Item, error)
		Tip(ctx context.Context, a Act) ([]Item, error)
	}
	SelfDeliverer interface {
		DeliverSelf(ctx context.Context, a Act) ([]Item, error)
	}
	// A RiderTeller takes word of whom the store sends with an order: who he is and how far, and
	// where. Both set a value: told twice is told once, and the newest holds. A place is worth
	// nothing once the next is known, so that TellPlace is no act: what becomes of it is not looked for.
	RiderTeller interface {
		TellRider(ctx context.Context, a Act) ([]Item, error)
		TellPlace(ctx context.Context, a Act) error
	}
	ReminderAnswerer interface {
		RemindReply(ctx context.Context, a Act) ([]Item, error)
	}
	Shipper interface {
		Ship(ctx context.Context, a Act) ([]Item, error)
	}
	RefundAnswerer interface {
		RefundApprove(ctx context.Context, a Act) ([]Item, error)
		RefundRefuse(ctx context.Context, a Act) ([]Item, error)
	}
	// An Appealer takes the merchant's appeal against what the platform has decided of a refund.
	Appealer interface {
		RefundAppeal(ctx context.Context, a Act) ([]Item, error)
	}
	// A SlowAppealer takes the merchant's appeal against being held slow. Which orders are, is told by Pull.
	SlowAppealer interface {
		SlowAppeal(ctx context.Context, a Act) ([]Item, error)
	}
	// A Rememberer has an additive power.
	Rememberer interface {
		Before(ctx context.Context, a Act) (json.RawMessage, error)
	}
	PartRefunder interface {
		Rememberer
		RefundPartial(ctx context.Context, a Act, before json.RawMessage) ([]Item, error)
	}
	// A ReaderOf reads a record that is known to belong to some orders, with fewer calls than
	// Read, which asks the platform whose it is.
	ReaderOf interface {
		ReadOf(ctx context.Context, ref order.Ref, orders []string) ([]Item, error)
	}
	Annotator interface {
		Annotate(ctx context.Context, a Act) ([]Item, error)
	}
	Looker interface {
		Look(ctx context.Context, a Act, before json.RawMessage) (Sight, error)
	}
	// An Authoriser has a consent page. State is ours and comes back with the code.
	Authoriser interface {
		ConsentURL(state, redirect string) string
		Exchange(ctx context.Context, code, redirect string) (external string, err error)
	}
	// A Binder takes authorisations that the platform sends by callback. It tries what it is
	// given before it saves it in the vault.
	Binder interface {
		Bind(ctx context.Context, g Grant) error
	}
	// A Keeper has something to renew by time, such as a token; the lane calls it and
	// is told when to come again.
	Keeper interface {
		Keep(ctx context.Context) (next time.Time, err error)
	}
)

// A Grant is the authorisation for one shop, as a callback brings it.
type Grant struct {
	Token  Secret
	Over   bool // taken back: there is no token any more
	Signed bool // the callback proved that the platform sent it
}

// Acknowledge is the act behind order.AskAcknowledge.
const Acknowledge order.ActionKind = order.AskAcknowledge

// TellRider is the act of telling a platform of whoever is to bring an order. Nobody presses it: it
// follows from what is known of him.
const TellRider order.ActionKind = "tell_rider"

// A Request is a callback as it arrived.
type Request struct {
	Method string
	Path   string // below the app: "order/paid"
	Query  string // raw
	Header http.Header
	Body   []byte
	At     time.Time // by the trade's clock
}

// Values merges query and form body as they are on the wire, decoded once; a body that
// is no form gives fewer values and no error.
func (r Request) Values() url.Values {
	v, _ := url.ParseQuery(r.Query)
	if v == nil {
		v = url.Values{}
	}
	if b, err := url.ParseQuery(string(r.Body)); err == nil {
		for k, vs := range b {
			v[k] = append(v[k], vs...)
		}
	}
	return v
}

// A Verdict says what a callback is.
type Verdict int

// The verdicts.
const (
	Good    Verdict = iota // verified: journal it, work it, then send Reply
	Probe                  // the platform looks whether we are alive: send Reply, keep nothing
	Refused                // not verified: send Reply, keep the first bytes within a cap
)

// A Reply is an HTTP answer in the platform's own form.
type Reply struct {
	Status int
	Type   string // content type
	Body   string
}

// Received is a callback after verification.
type Received struct {
	Verdict  Verdict
	Why      string        // of Refused: which part differed, never a secret
	External string        // the account that it is for, or its shop, when the message says so
	Grant    *Grant        // an authorisation that was handed out or taken back
	Standing *StandingNews // how a shop stands from now on
	Item     Item          // Item.Err set: verified, but it cannot be read; it is parked
	Quick    bool          // the platform waits so briefly that only the journal row goes before Reply
	Reply    Reply         // after the commit
	Busy     Reply         // when we could not keep it: the platform is to come again
}
