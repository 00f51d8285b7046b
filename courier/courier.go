// Package courier is the contract with couriers within a city, who bring an order of any
// channel: beside package channel, which is that with sales platforms. Package couriertest is
// the contract as tests.
//
// A delivery has a key of ours (Job.ID) from the start, under which it is ordered, found and
// cancelled: what was ordered and whose answer was lost is looked for under its key and never
// ordered twice. Errors carry fault codes with the meaning that effect.OutcomeOf gives them.
package courier

import (
	"context"
	"net/http"
	"time"

	"github.com/tongdan/tongdan/channel"
	"github.com/tongdan/tongdan/money"
	"github.com/tongdan/tongdan/order"
)

// Info describes a courier. The console draws from it.
type Info struct {
	Name     string // in columns: "dada"
	Label    channel.Text
	Guide    channel.Text // where what has to be entered is found
	Base     string       // of its API
	Fields   []channel.Field
	Shop     channel.Text     // what its number of a store is, for the form
	Reasons  []channel.Choice // with which a delivery can be cancelled
	Customer string           // of these, the one for a customer who has cancelled
	Code     string           // Meituan's number for this courier, where a platform wants to be told who brings it
	Tips     bool             // takes tips

	// Unconfirmed is what the courier's public documents leave open and how it is read here.
	Unconfirmed []channel.Text
}

// A Make speaks to one courier company. Its methods may be called concurrently.
type Make interface {
	Info() *Info

	// Open gives one account. It does no I/O, and fails with fault.Invalid when credentials are
	// missing.
	Open(c Config, env Env) (Courier, error)

	// Receive verifies a callback over its raw bytes and reads it. It does no I/O and never
	// fails: what is wrong is in Received.
	Receive(c Config, r channel.Request) Received
}

// A Config is one account as it was set up.
type Config struct {
	Address     string // of the API; "" = Info.Base
	Credentials map[string]channel.Secret
	Callback    string // ours, for its states; "" = none, they are asked for
}

// An Env is what a courier needs of the outside.
type Env struct {
	Reads, Calls *http.Client     // see channel.NewClients
	Now          func() time.Time // the trade's clock
}

// A Job is a delivery to order.
type Job struct {
	ID      string // ours, the same for each try; at most 32 characters of a-z, 0-9 and _
	Shop    string // the courier's number of the store where it is fetched
	Number  string // what the rider asks for at the counter: "美团#12"
	Value   money.Amount
	Pieces  int64
	Name    string
	Phone   string // a privacy number with its extension is 13800000000_1234
	Address string
	Lat     float64 // degrees, GCJ-02; 0 = not known
	Lng     float64
	Remark  string
	Most    *money.Amount // the fee that was agreed to; nil = any
}

// A Quote is what a delivery costs now.
type Quote struct {
	Fee      money.Amount
	Distance int64 // metres
}

// A State is how a delivery stands.
type State struct {
	ID    string      // ours
	Said  order.State // one of the delivery axis; "" = a state that says nothing new
	At    int64       // UTC ms by the courier; 0 = it gave none
	Why   string      // of an end: a code of order (order.RideByCourier …), then the courier's words
	Rider *order.Rider
	Place *order.Position
	Fare  order.Fare
}

// Received is a callback after verification.
type Received struct {
	Verdict channel.Verdict
	Why     string // of Refused: which part differed, never a secret
	State   State
	Raw     []byte
	Err     error // verified, and it cannot be read
	Reply   channel.Reply
}

// A Courier is one account.
type Courier interface {
	// Quote asks what a delivery costs now; it changes nothing.
	Quote(ctx context.Context, j Job) (Quote, error)

	// Order orders a delivery, unless it has become dearer than j.Most: then it fails with
	// fault.Conflict and the reason "fee_changed" whose argument is the fee. Where a call of
	// ours may have ordered it, it fails with fault.Unknown. One that is ordered already under
	// the same key is refused by the courier.
	Order(ctx context.Context, j Job) (State, error)

	// Cancel cancels one and gives what that costs. It fails with fault.Conflict when it can be
	// cancelled no more.
	Cancel(ctx context.Context, id, reasonCode, reason string) (State, error)

	// Tip sets the tip of one that nobody has taken, as a new total.
	Tip(ctx context.Context, id string, total money.Amount) error

	// Look reads how one stands. It fails with fault.NotFound when the courier does not know it.
	Look(ctx context.Context, id string) (State, error)
}
