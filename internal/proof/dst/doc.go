// Package dst simulates days of a shop, deterministically: the hub, the simulators of both
// platforms and what can go wrong between them run in one process, one thing at a time,
// in an order that a seed draws. The same seed gives the same day, to the last byte of
// what is compared; so a day on which the promise breaks can be repeated, made smaller,
// and read.
//
// The code is that of production. What is different: the database lies in memory and its
// writer takes turns (db.Options.Turn), attempts and pushes run when the driver gives them
// the word (hub.Options.Go, sim.PusherOptions.Go), and HTTP goes from handler to handler
// in memory. Time is that of a bubble of testing/synctest: it moves only when the driver
// sleeps. synctest alone would not do, because it leaves to the scheduler which goroutine
// goes on first.
//
//	script.go   what a seed draws: lives of orders, faults, crashes
//	drive.go    what could happen next, and choosing it
//	task.go     work that can be interrupted, or end by a power cut, at each step
//	wire.go     HTTP in memory, both ways
//	clerk.go    who presses
//	oracle.go   what must be true in the end, and at every moment
//	run.go      playing a script, and making one that fails smaller
package dst
