// Package effect has what Tongdan makes happen outside: the call that accepts an
// order, the tracking number that is written back, the message that is sent. It is
// pure: it says what an effect is, when it may be tried, and what follows from an
// outcome. Package lane runs effects; package db keeps them.
//
// # Natures
//
// What may be done after a lost answer depends on what a second call would do:
//
//	guarded   the platform's state refuses a second one; read back, then call again
//	absolute  it sets a value; wait until the old call is surely dead, set the newest
//	keyed     it takes our key; same bytes, same key
//	additive  neither: a repeat does it twice; read twice, then ask a person
//	notice    a print or a message: its look says whether it may repeat (not seen: yes; obsolete: it ends)
//
// The first three change the outside world once, after kill -9 anywhere. An additive
// effect whose outcome cannot be learnt stops and asks a person.
//
// # Goals and deeds
//
// A goal (accept, cancel, ship) is something that should be so: its key is target +
// kind + case, one row is open at a time, later causes join it, a new press reopens
// it. A deed (a partial refund) is something to be done once per act: its key is the
// act.
package effect

import (
	"encoding/json"
	"time"

	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/ident"
	"github.com/tongdan/tongdan/internal/mutant"
)

// A Nature says what a second call would do.
type Nature string

// The natures; see the package comment.
const (
	Guarded  Nature = "guarded"
	Absolute Nature = "absolute"
	Keyed    Nature = "keyed"
	Additive Nature = "additive"
	Notice   Nature = "notice"
)

// A State is where an effect stands.
type State string

// The states. Waiting, Sending, Unknown and Person are open; the others are final,
// though a goal that was refused or void can be reopened by a new press.
const (
	Waiting State = "waiting" // to be called at NextAt
	Sending State = "sending" // an attempt is committed and may be on the wire
	Unknown State = "unknown" // the outcome of the last attempt is not known; to be read back at NextAt
	Person  State = "person"  // cannot be learnt: a person decides
	Done    State = "done"    // the world is as wanted
	Refused State = "refused" // the platform said no, as Why tells
	Void    State = "void"    // no longer wanted, or too late
)

// Open reports whether something is still to happen.
func (s State) Open() bool {
	return s == Waiting || s == Sending || s == Unknown || s == Person
}

// An Effect is one thing to make happen, as it is stored.
type Effect struct {
	ID       ident.Effect
	Merchant ident.Merchant
	Account  ident.Account // whose authorisation and lane
	App      ident.App     // whose rate budget
	Order    ident.Order   // 0 when it is not about an order
	Target   string        // what it is ordered by: "order/ord_…"; one open call per target
	Kind     string        // an order.ActionKind or another word that lane has a handler for
	Case     string        // the after-sale it answers, "" otherwise
	Key      string        // GoalKey or DeedKey; unique among open goals, among all deeds
	Deed     bool
	Nature   Nature
	State    State
	Args     json.RawMessage // what the handler needs; frozen once Attempts > 0, but for what only asks (lane.Kind.Asks)
	Before   json.RawMessage // additive: the platform's state before the first call, for the read-back
	Cause    string          // who or what wanted it: "usr_…", "key_…", "rule …", "want"
	Trace    string          // its place in the trace of what made it (traceparent); "" = nobody follows
	Attempts int             // calls begun
	Called   Outcome         // how the last call ended, which decides what its looks mean
	Looks    int             // read-backs since the last call that told something
	NextAt   int64           // UTC ms; when to call or to look
	Deadline int64           // UTC ms; after it a call makes no sense; 0 = none
	Why      fault.Reason    // for people: the platform's words, or ours
	Code     fault.Code      // of the last failure
	Made     int64           // UTC ms
	Changed  int64           // UTC ms
	Attempt  *Attempt        // the one without outcome, or the last
}

// An Attempt is one call, committed before its first byte is written.
type Attempt struct {
	N        int          `json:"n"`
	Look     bool         `json:"look,omitempty"` // a read-back, which changes nothing
	Epoch    int64        `json:"epoch"`          // of the lease under which it was made
	Began    int64        `json:"began_at"`       // UTC ms
	NotAfter int64        `json:"not_after"`      // UTC ms by the lease: nothing is written to the wire later
	Ended    int64        `json:"ended_at,omitempty"`
	Outcome  Outcome      `json:"outcome,omitempty"` // "" while it runs
	Why      fault.Reason `json:"why,omitzero"`
	Code     fault.Code   `json:"code,omitempty"`
}

// An Outcome is what an attempt came to.
type Outcome string

// The outcomes of a call, and those of a look.
const (
	OK       Outcome = "ok"       // the platform said it is done
	No       Outcome = "no"       // the platform said no, for good
	Later    Outcome = "later"    // certainly not done; may be tried again
	Clash    Outcome = "clash"    // the platform's state forbids it: perhaps because it is already so; look
	Lost     Outcome = "lost"     // no answer: may or may not have been done
	Seen     Outcome = "seen"     // look: it is so
	NotSeen  Outcome = "not_seen" // look: it is not so (yet)
	Obsolete Outcome = "obsolete" // look: it can no longer become so
)

// OutcomeOf tells the outcome of a call from its error.
func OutcomeOf(err error) Outcome {
	switch fault.CodeOf(err) {
	case "":
		return OK
	case fault.RateLimited, fault.Unavailable, fault.Unauthorized:
		return Later
	case fault.Conflict:
		return Clash
	case fault.Unknown, fault.Internal:
		return Lost
	default:
		return No
	}
}

// GoalKey is the key of something that should be so.
func GoalKey(target, kind, caseKey string) string { return target + " " + kind + " " + caseKey }

// DeedKey is the key of something to be done once per act; act is the caller's
// Idempotency-Key or an id of ours.
func DeedKey(act string) string { return "deed " + act }

// Timing of attempts. Settle is how long a platform is given before a look: a slow
// one otherwise reads as "not done". TwoLooks is the distance of the two looks after
// which an additive effect asks a person.
const (
	Settle     = 2 * time.Second
	TwoLooks   = 30 * time.Second
	firstWait  = time.Second
	maxWait    = 2 * time.Minute
	clashLooks = 3 // the platform's own reads lag behind its refusal
)

// Wait is the pause before attempt n+1: 1 s, 2 s, 4 s … 2 minutes.
func Wait(n int) time.Duration {
	if n > 7 {
		return maxWait
	}
	return min(firstWait<<max(n-1, 0), maxWait)
}

// After says where an effect stands when its open attempt ended with an outcome. It
// is the whole decision table; it changes nothing else and does not look at a clock.
// wait is what the platform asked for (0 = it did not say).
func (e Effect) After(out Outcome, now int64, wait time.Duration, code fault.Code, why fault.Reason) Effect {
	look := false
	if e.Attempt != nil {
		a := *e.Attempt
		a.Ended, a.Outcome, a.Why, a.Code = now, out, why, code
		e.Attempt, look = &a, a.Look
	}
	e.Changed = now
	if look && out == OK { // a read is its own look: it has told what it had to tell
		out = Seen
	}
	if look && out != Seen && out != NotSeen && out != Obsolete {
		return e.look(now, max(Wait(e.Attempt.N), wait)) // the look told nothing: look again
	}
	if !look {
		e.Called, e.Looks = out, 0
	}
	if look && out == Obsolete && e.Called == Clash {
		switch { // what the platform said, then what was seen
		case why.IsZero():
			why = e.Why
		case e.Why.Code == "":
			why = why.After(e.Why.Text)
		}
	}
	if out != NotSeen {
		e.Code, e.Why = code, why
	}
	switch out {
	case OK, Seen:
		e.State, e.Code, e.Why = Done, "", fault.Reason{}
	case No, Obsolete:
		e.State = Refused
	case Later:
		return e.again(now, max(Wait(e.Attempts), wait))
	case Clash:
		return e.look(now, wait)
	case Lost:
		if mutant.On(mutant.RepeatBlind) {
			return e.again(now, wait)
		}
		return e.look(now, max(Settle, wait))
	case NotSeen:
		e.Looks++
		switch {
		case e.Called == Clash && e.Looks < clashLooks:
			return e.look(now, Settle)
		case e.Called == Clash:
			e.State = Refused
		case e.Nature == Additive && e.Looks < 2:
			return e.look(now, TwoLooks)
		case e.Nature == Additive:
			e.State = Person
		default:
			return e.again(now, wait)
		}
	}
	return e
}

func (e Effect) look(now int64, d time.Duration) Effect {
	e.State, e.NextAt = Unknown, now+d.Milliseconds()
	return e
}

func (e Effect) again(now int64, d time.Duration) Effect {
	e.State, e.NextAt = Waiting, now+d.Milliseconds()
	if e.Deadline > 0 && now >= e.Deadline {
		return e.Late(now)
	}
	if e.Deadline > 0 && e.NextAt >= e.Deadline {
		e.NextAt = e.Deadline - 1 // one more try while it still makes sense
	}
	return e
}

// Late is the end of an effect whose time has passed before it could be made.
func (e Effect) Late(now int64) Effect {
	e.State, e.Changed = Void, now
	if e.Why.IsZero() {
		e.Why = fault.Because("too_late", "the time for it has passed")
	}
	return e
}

// Abandoned is Lost for an attempt whose process died: it may be decided only after
// NotAfter has passed by a margin, since nothing is written to the wire later. A death
// says nothing about the platform, so the next look does not wait as after a failed one:
// what repeats counts its attempts for ever, and would rest for two minutes each time.
func (e Effect) Abandoned(now int64) Effect {
	next := e.After(Lost, now, 0, fault.Unknown, fault.Reason{})
	if next.State == Unknown {
		return next.look(now, Settle)
	}
	return next
}

// Reopen is a new press on a goal that was refused or void: it may be tried again,
// with the new cause, deadline and trace (which package db fills in).
func (e Effect) Reopen(cause string, args json.RawMessage, now, deadline int64) Effect {
	e.State, e.NextAt, e.Deadline, e.Cause, e.Changed = Waiting, now, deadline, cause, now
	e.Args, e.Attempts, e.Looks, e.Called, e.Why, e.Code, e.Before, e.Trace = args, 0, 0, "", fault.Reason{}, "", nil, ""
	return e
}

// Restored is where an open effect stands in a database that was restored or copied: what
// was done from the original since then is not known, so nothing is called before it has
// been looked for. What cannot be looked for asks a person: a message or a print, and an
// additive call of which the state before is not known.
func (e Effect) Restored(now int64) Effect {
	switch {
	case !e.State.Open() || e.State == Person:
		return e
	case e.Nature == Notice && e.Deadline > 0 && now >= e.Deadline: // nobody waits for it any more
		return e.Late(now)
	case e.Nature == Notice || e.Nature == Additive && e.Before == nil:
		e.State, e.Changed = Person, now
		e.Why = fault.Because("restored", "the data was restored from a backup: look whether this was done already")
		return e
	}
	if a := e.Attempt; a != nil && a.Outcome == "" { // it ended with the original
		over := *a
		over.Ended, over.Outcome, over.Code = now, Lost, fault.Unknown
		e.Attempt = &over
	}
	e.Called, e.Looks, e.Changed = Lost, 0, now
	return e.look(now, 0)
}
