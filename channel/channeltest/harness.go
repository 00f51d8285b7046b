// Package channeltest is the contract with a sales platform, as tests.
//
// A connector's test calls Run with a Harness that opens its platform's simulator. The
// rules are data: each says why it is there, and is skipped, visibly, where the platform
// does not declare the power that it is about. Limits are those that Info declares;
// nothing here knows a platform by name.
//
//	func TestConformance(t *testing.T) { channeltest.Run(t, harness{}) }
//
// Book is a small stand-in for the hub, for the connectors' own property tests as well:
// it merges what items say, follows hints and folds orders.
package channeltest

import (
	"testing"
	"time"

	"github.com/tongdan/tongdan/channel"
	"github.com/tongdan/tongdan/order"
)

// A Harness makes a connector testable.
type Harness interface {
	// Platform is the connector under test.
	Platform() channel.Platform

	// Open starts a simulator of its own, with one account that sells through one shop
	// and no orders yet. Everything is closed by t.Cleanup. Its clock stands still
	// until Advance, or runs in real time; it never runs faster.
	Open(t *testing.T) World
}

// A World is one simulator with one account on it. Its methods end the test when the
// simulator itself fails. They are called from one goroutine.
type World interface {
	// Account is the authorised account, with its App; App.PublicURL is that of an
	// Inbox when the platform has callbacks.
	Account() channel.Account

	// Env gives clients, vault and the simulator's clock. The vault is the same one
	// each time.
	Env() channel.Env

	// Advance moves the simulator's clock, with everything that becomes due.
	Advance(t *testing.T, d time.Duration)

	// Place lets a buyer place and pay an order and gives its ref.
	Place(t *testing.T, w Wish) order.Ref

	// Happen lets the buyer, the rider or the platform do something to an order; false
	// when this platform knows no such thing.
	Happen(t *testing.T, ref order.Ref, what Happening) bool

	// Pushes gives the callbacks that have arrived since the last call, oldest first,
	// after waiting for those that are due. A platform without callbacks gives none.
	Pushes(t *testing.T) []channel.Request

	// Count tells how often the platform has been called to carry out an act on an
	// order, and how often that changed its state. An act's prerequisites do not count.
	Count(t *testing.T, ref order.Ref, act order.ActionKind) (calls, changes int)

	// Fault makes the next n calls that carry out an act fail; act "" is every call,
	// reads as well.
	Fault(t *testing.T, f Fault, n int, act order.ActionKind)

	// Mangle changes an answer of the platform, or gives it back unchanged when it does
	// not speak of the order. The rest of the answer stays as it is.
	Mangle(how Mangling, ref order.Ref, body []byte) []byte

	// Tune completes an act with what only this platform knows to be acceptable, such
	// as a tracking number's form. It is given an act with every declared input filled.
	Tune(a *channel.Act)
}

// A Wish is what an order should be like.
type Wish struct {
	Logistics order.Logistics // "" = whatever is usual
	Lines     int             // 0 = 2
	Each      int64           // pieces of each line, 0 = 2
}

// A Happening is something that is not the merchant's doing.
type Happening string

// What may happen.
const (
	BuyerCancels   Happening = "buyer_cancels"
	BuyerAsksAll   Happening = "buyer_asks_full_refund"
	BuyerAsksPart  Happening = "buyer_asks_part_refund" // at least one piece, less than all
	BuyerWithdraws Happening = "buyer_withdraws"        // the refund request
	BuyerReminds   Happening = "buyer_reminds"
	NobodyAnswers  Happening = "nobody_answers" // until the platform agrees to the refund request by itself
	HeldSlow       Happening = "held_slow"      // the platform holds it against the store that it was made slowly
	OnTheWay       Happening = "on_the_way"     // the platform's rider or carrier has it
	Delivered      Happening = "delivered"
	Finished       Happening = "finished" // nothing more can be done to it
)

// A Fault is how a call fails.
type Fault string

// The faults.
const (
	Limited    Fault = "limited"     // flow control, nothing done
	Broken     Fault = "broken"      // a gateway answers HTTP 5xx in no known form
	DropBefore Fault = "drop_before" // connection closed, nothing done
	DropAfter  Fault = "drop_after"  // connection closed, everything done
)

// A Mangling is a way to change an answer.
type Mangling string

// The manglings.
const (
	Unreadable Mangling = "unreadable" // the record of this order is no longer of a form that can be read
	NewWord    Mangling = "new_word"   // its status is a word that nobody has seen: NewWords gives it
)

// The words that Mangle uses for a status: one where the platform's words are numbers,
// one where they are text.
const (
	NewNumber = "77"
	NewText   = "tongdan_test_word"
)

// Merchantly is a World in which the merchant works in the platform's own app too.
type Merchantly interface {
	// AcceptElsewhere accepts the order in the platform's own app.
	AcceptElsewhere(t *testing.T, ref order.Ref)
}

// exampleText is what text inputs of an act are filled with.
const exampleText = "测试 test"
