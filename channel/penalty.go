package channel

import "time"

// A Penalty is a rule by which a platform punishes a shop: as data, so that nobody is surprised by it. What
// is counted, and what pushes a shop there, is one of the counters below.
type Penalty struct {
	Code    string
	Counter string
	Limit   float64       // the platform acts when the counter reaches it
	Least   int           // of a share: fewer than this are never counted
	Window  time.Duration // that is looked back at
	Cause   string        // of CountLapsed: the platform's reason code of such a cancel, with which order.Said.Why begins
	Text    Text          // what the platform does then
	Remedy  Text          // what keeps a shop away from it
}

// The counters.
const (
	CountLapsed   = "lapsed"   // orders in a row that nobody accepted in time
	CountWaiting  = "waiting"  // of the time to accept, the share that has gone for the oldest order
	CountRefund   = "refund"   // of the time to answer a refund request, likewise
	CountFailed   = "failed"   // share of messages that we could not take
	CountUnpulled = "unpulled" // minutes since the last pull, where nothing is pushed
)
