// Package sim is the common ground of the platform simulators: a clock that can run
// faster, a book that survives kill -9, scripted misbehaviour, callbacks with the
// platform's retry schedule, and a backstage where a person or a test plays the buyer,
// the rider and the platform.
//
// A simulator is written from a platform's public documents and answers real HTTP with
// real signatures, timers and penalties. It shares no code with the connector that talks
// to it, so that a wrong signature cannot pass because both sides are wrong alike.
//
// How the parts fit, seen from one platform's package:
//
//	merchant ──call──▶ Gate (faults, Calls) ──▶ the platform's handler ──▶ Batch (state + pushes) ──Commit──▶ Book
//	merchant ◀─push─── Pusher (retries, faults) ◀──────────────────────────────────────┘
//	person or test ──▶ Server page ──▶ Desk (orders, acts, clock, faults, config)
package sim

import (
	"net/http"
)

// Platform is what one simulator offers to a Server.
type Platform interface {
	// Name is the platform's short name, such as "meituan". It is the path element
	// under which its backstage is found.
	Name() string
	// API is what the merchant calls: the platform's own paths, signatures and answers.
	API() http.Handler
	// Backstage serves the routes of Desk below /backstage/<name>/. The full path
	// arrives, nothing is stripped.
	Backstage() http.Handler
	// Close stops timers and pushes. What is in the Book stays there; a simulator opened
	// on the same Book goes on where this one stopped.
	Close() error
}
