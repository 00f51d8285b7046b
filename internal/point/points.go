package point

import "slices"

var all []Point

var between = map[Point]string{}

// declare makes a place known. text says what it is between.
func declare(p Point, text string) Point {
	all = append(all, p)
	between[p] = text
	return p
}

// All lists the declared places, in the order of an order's way.
func All() []Point { return slices.Clone(all) }

// Between says what a place is between; "" when there is no such place.
func Between(p Point) string { return between[p] }

// What arrives.
var (
	PushReceived  = declare("push.received", "a push has been verified; nothing of it is stored")
	PushCommitted = declare("push.committed", "a push is stored; the platform has no answer yet")
	PushAnswered  = declare("push.answered", "a push is stored and answered")
	PullPage      = declare("pull.page", "a page of a pull has been read; nothing of it is stored")
	PullPart      = declare("pull.part", "some of a page's records are stored; the cursor does not say so yet")
	PullKept      = declare("pull.kept", "a page is stored with its cursor; the pull has not ended")
)

// What people do.
var (
	ActReceived  = declare("act.received", "a person's act has been read; nothing of it is stored")
	ActCommitted = declare("act.committed", "a person's act is stored; the person has no answer yet")
)

// The writer, for every transaction of either engine.
var (
	WriteDecided   = declare("write.decided", "verbs have decided; nothing of it has been sent to the database")
	WriteNumbered  = declare("write.numbered", "journal, records and effects are written and the feed's number is taken; orders and changes are not written")
	WriteCommit    = declare("write.commit", "the transaction is complete; COMMIT has not been sent")
	WriteCommitted = declare("write.committed", "the transaction is committed; this process has not taken note")
	WriteTold      = declare("write.told", "listeners have been told; those who wait for the verb have not")
)

// The lanes.
var (
	LeaseAsk     = declare("lease.ask", "leases are about to be renewed and free lanes to be taken")
	LeaseGranted = declare("lease.granted", "the database has granted leases; the lanes are not worked under them yet")
	LaneTakenUp  = declare("lane.taken_up", "an attempt that a dead process left has been turned into an unknown outcome")
)

// An act on the platform: one attempt of an effect about an order.
var (
	EffectChosen   = declare("effect.chosen", "an effect is due and has a place; its attempt is not committed")
	EffectCompared = declare("effect.compared", "the platform's state before an additive call has been read; its attempt is not committed")
	EffectBegun    = declare("effect.begun", "an attempt is committed; its call is not made")
	CallConnected  = declare("call.connected", "a call that changes something has a connection; nothing is written to it")
	CallWritten    = declare("call.written", "a call that changes something is on the wire; nothing has been answered")
	CallAnswered   = declare("call.answered", "a call that changes something has its answer; nobody has looked inside")
	EffectCalled   = declare("effect.called", "a call has ended; its outcome is not stored")
	EffectEnded    = declare("effect.ended", "a call's outcome is stored")
	LookBegun      = declare("look.begun", "a read-back is committed; it is not made")
	LookDone       = declare("look.done", "a read-back has been answered; what it saw is not stored")
	LookEnded      = declare("look.ended", "what a read-back saw is stored")
)

// Work in the background: reads, pulls, sweeps, what keeps an account alive.
var (
	TaskBegun = declare("task.begun", "a piece of background work has been begun (and that is committed, where it may change something outside); nothing is done")
	TaskDone  = declare("task.done", "a piece of background work is done; its outcome is not stored")
	TaskEnded = declare("task.ended", "the outcome of a piece of background work is stored")
)

// Labels of parcels: a batch is fetched, kept and printed.
var (
	LabelsAsked = declare("labels.asked", "a batch of labels is stored; whoever pressed has no answer yet")
	LabelsKept  = declare("labels.kept", "the platform's labels are kept; the batch does not say so yet")
	LabelsOut   = declare("labels.out", "a printer has taken some labels; that they were put out is not stored")
)

// A stand-in that prints what a printer cannot.
var (
	StandInAsked = declare("standin.asked", "a printer prints nothing, and its stand-in is to print; no ticket has moved")
	StandInMoved = declare("standin.moved", "tickets have ended at their printer and begun at its stand-in, in a transaction that is not committed")
)

// The tokens of an account.
var (
	TokenMarked   = declare("token.marked", "it is noted that a token will be renewed; nothing has been sent")
	TokenAnswered = declare("token.answered", "the platform has given a new token and forgotten the old one; it is not stored")
	TokenSaved    = declare("token.saved", "a new token is stored; nothing has been called with it")
)

// What follows the feed.
var (
	FollowRead    = declare("follow.read", "changes have been read; nothing of what is derived from them is written")
	FollowDerived = declare("follow.derived", "what is derived is written together with its cursor; it is not committed")
	FollowDone    = declare("follow.done", "what is derived is committed")
)
