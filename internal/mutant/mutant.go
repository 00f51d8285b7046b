// Package mutant has the bugs that the proof of the promise must find.
//
// A proof that never fails proves nothing. Each mutant here is one `if` at the place of
// a rule that the promise stands on; with the mutant on, the rule is broken, and a test
// says which proof has to fail then and with what counterexample (internal/proof/mutants).
//
// In a normal build On is constantly false and costs nothing. With `-tags mutants` it is
// true for the one mutant that the environment variable TONGDAN_MUTANT names, so that one
// build serves all; without the variable that build behaves like any other.
//
// A new mutant is a name here, one `if` at the rule's place, and a line in the test.
package mutant

// A Name says which rule is broken.
type Name string

// The mutants.
const (
	SkipDedupe      Name = "skip-dedupe"      // hub: a caller's key is forgotten, so the same deed twice is two deeds
	AnswerFirst     Name = "answer-first"     // hub: a push is answered before its transaction
	DropLease       Name = "drop-lease"       // db, channel: neither the lane's epoch nor not_after stops anybody
	ReplayingClient Name = "replaying-client" // channel: what changes something goes through a client that may send it again
	GoOn            Name = "go-on"            // db: an error of a transaction is not noticed, everybody is told that it went well
	EnvelopeVersion Name = "envelope-version" // meituan: the moment of a push is taken for the version of what it carries
	ActOnCopy       Name = "act-on-copy"      // db: a restored copy takes itself for the original
	RaiseEarly      Name = "raise-early"      // stock: a channel's lowered number counts before it is certain what was sold until then
	ChannelAlone    Name = "channel-alone"    // stock: each channel is given what can be sold, whatever the others show
	MadeReturns     Name = "made-returns"     // order: what was made for a cancelled order can be sold again
	TakeOnce        Name = "take-once"        // hub: an order that is heard of again takes what it took the first time
	RepeatBlind     Name = "repeat-blind"     // effect: a call whose answer was lost is made again without looking whether it took place
	AskedOnce       Name = "asked-once"       // lane: what is asked again while it is under way is content with the answer that comes
	RefundBlind     Name = "refund-blind"     // meituan: a refund is answered whatever case is open by now
)

// All lists the mutants.
var All = []Name{SkipDedupe, AnswerFirst, DropLease, ReplayingClient, GoOn, EnvelopeVersion, ActOnCopy, RaiseEarly, ChannelAlone, MadeReturns, TakeOnce, RepeatBlind, AskedOnce, RefundBlind}

// Variable is the environment variable that names the mutant of a `-tags mutants` build.
const Variable = "TONGDAN_MUTANT"
