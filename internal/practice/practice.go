// Package practice is the place where people learn on orders that are not real, and where
// programs are tried out: a hub of its own, over a database of its own, connected with
// simulated platforms in memory (room.go), whose customers and riders play the scenes of
// a lesson (scenes.go). Facts say what somebody has learnt (lessons.go).
//
// Nothing is shared with the real hub but the process: not the database, not the lanes,
// not the sessions, not the keys, not the network. So nothing of a practice can be in a
// report, a count, a knock or a backup of the real merchant, and no mistake in a practice
// can touch him. A practice cannot call anybody at all but its simulators.
//
// It runs on one node and in one folder that is thrown away: two hours after the last
// request, a day after its beginning, and when the process ends. With several nodes the
// front sends everything below /practice, and /api/v1/practice, to one of them
// (docs/practice.md). While nobody practises nothing of it runs.
package practice

import (
	"context"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/tongdan/tongdan/channel"
	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/internal/api"
)

const (
	quiet = 5 * time.Minute // from the last request: nothing more is ordered until somebody comes
	look  = 20 * time.Second
)

// A term is how long a practice lasts: from its beginning, and from the last request.
type term struct{ lasts, unused time.Duration }

var staffTerm = term{24 * time.Hour, 2 * time.Hour}

// Options of a Stage.
type Options struct {
	// Dir is the folder in which the practice gets a folder of its own. The hashes of test
	// keys are kept beside it, in practice-keys.json.
	Dir string

	Platforms  func() []channel.Platform
	Console    http.Handler // what answers outside /api; nil = nothing
	Version    string
	Log        *slog.Logger // nil = none
	TrustProxy bool

	// Guests lets people without an account practise, apart from those with one.
	Guests bool

	// Eager plays scenes without pauses for thought: for tests.
	Eager bool
}

// A Stage holds the practice of one process. It is an api.Practice, safe for concurrent use.
type Stage struct {
	o       Options
	log     *slog.Logger
	term    term
	guests  *Stage     // nil: none are taken, or this is theirs
	gate    *gate      // of the guests' stage: how much they may ask
	opened  sync.Mutex // held while a room is opened or changed
	mu      sync.Mutex
	room    *room          // nil: nobody practises
	closing sync.WaitGroup // rooms in place of which another has begun
	swept   bool           // what a crash left is gone
	closed  bool
}

// New makes a stage. Nothing runs until somebody practises.
func New(o Options) *Stage {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	s := &Stage{o: o, log: o.Log.With("practice", true), term: staffTerm}
	if o.Guests {
		s.guests = &Stage{o: o, log: o.Log.With("practice", "guests"), term: guestTerm, gate: newGate(time.Now())}
	}
	return s
}

// each does something to the stage and to that of the guests.
func (s *Stage) each(f func(*Stage)) {
	f(s)
	if s.guests != nil {
		f(s.guests)
	}
}

// Run ends the practice that is over, until ctx ends; then whatever there is. Without it a
// practice lasts until Close.
func (s *Stage) Run(ctx context.Context) error {
	tick := time.NewTicker(look)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			s.Close()
			return nil
		case <-tick.C:
		}
		s.each(func(s *Stage) {
			switch r := s.now(); {
			case r == nil:
			case r.over(time.Now()):
				s.drop(r)
			default:
				r.saveKeys(ctx) // the process may die
			}
		})
	}
}

// Close ends the practice. No other begins.
func (s *Stage) Close() {
	s.EndStreams()
	s.each((*Stage).end)
}

func (s *Stage) end() {
	s.opened.Lock()
	defer s.opened.Unlock()
	s.mu.Lock()
	r := s.room
	s.room, s.closed = nil, true
	s.mu.Unlock()
	if r != nil {
		r.close()
	}
	s.closing.Wait()
}

// EndStreams lets the live streams end, so that a server that shuts down need not wait.
func (s *Stage) EndStreams() {
	s.each(func(s *Stage) {
		if r := s.now(); r != nil {
			r.server.Close()
		}
	})
}

func (s *Stage) now() *room {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.room
}

// drop ends a room, if it is still the one that people are in.
func (s *Stage) drop(r *room) {
	s.opened.Lock()
	defer s.opened.Unlock()
	s.mu.Lock()
	was := s.room == r
	if was {
		s.room = nil
	}
	s.mu.Unlock()
	if was {
		r.close()
		s.log.Info("the practice is over and its orders are dropped")
	}
}

// open gives the room, and opens it when there is none.
func (s *Stage) open(ctx context.Context) (*room, error) {
	s.opened.Lock()
	defer s.opened.Unlock()
	if r := s.now(); r != nil {
		return r, nil
	}
	return s.enterNew(ctx, nil)
}

// enterNew opens a room in place of an old one, which may be nil. s.opened is held.
func (s *Stage) enterNew(ctx context.Context, old *room) (*room, error) {
	s.mu.Lock()
	closed := s.closed
	s.mu.Unlock()
	if closed {
		return nil, fault.Say("practice.open", fault.Unavailable, "node_stops", "this node is about to stop; send to another")
	}
	s.sweep()
	began := time.Now()
	r, err := s.openRoom(context.WithoutCancel(ctx), old) // who asked may leave: others wait for it
	if err != nil {
		return nil, fault.Wrap("practice.open", err)
	}
	s.mu.Lock()
	s.room = r
	s.mu.Unlock()
	s.log.Info("a practice begins", "took", time.Since(began).Round(time.Millisecond).String())
	return r, nil
}

// sweep removes what a process that died has left.
func (s *Stage) sweep() {
	if s.swept {
		return
	}
	s.swept = true
	list, _ := filepath.Glob(filepath.Join(s.o.Dir, folder+"*"))
	for _, dir := range list {
		if alive(dir) {
			continue // another node on this folder practises
		}
		if err := os.RemoveAll(dir); err != nil {
			s.log.Warn("what a practice left cannot be removed", "err", err)
		}
	}
}

const folder = "practice-room-"

// alive reports whether a process has the database of a room open, or is about to: it
// keeps a lock (package db), which ends with it.
func alive(dir string) bool {
	f, err := os.Open(filepath.Join(dir, "tongdan.lock"))
	if err != nil {
		about, err := os.Stat(dir)
		return err == nil && time.Since(about.ModTime()) < time.Minute
	}
	defer f.Close()
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return true
	}
	return false
}

// Enter signs somebody in, with the role that he has at the real hub; whoever has only
// some stores there has one here. It begins the practice when there is none.
func (s *Stage) Enter(ctx context.Context, who api.Learner) (string, error) {
	r, err := s.open(ctx)
	if err != nil {
		return "", err
	}
	return r.enter(ctx, who)
}

// Restart begins anew with the same people, keys and stores.
func (s *Stage) Restart(ctx context.Context) error {
	s.opened.Lock()
	defer s.opened.Unlock()
	old := s.now()
	if old == nil {
		return over
	}
	if s.gate != nil {
		return fault.Say("practice.Restart", fault.Forbidden, "guest_restart", "others without an account practise here too: it begins anew by itself once all have left")
	}
	if _, err := s.enterNew(ctx, old); err != nil {
		return err
	}
	s.closing.Go(old.close) // after the request that asks for this
	return nil
}

// over is what a page is told whose practice has ended: it must never go on as if nothing
// had happened.
var over = fault.Say("practice", fault.Unauthorized, "practice_over", "this practice has ended and its orders are dropped; begin again from the console")

// ServeHTTP answers the console and the API of the practice; the path begins below
// api.PracticePath. Callbacks come in memory alone.
func (s *Stage) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	if !strings.HasPrefix(req.URL.Path, "/api/") {
		if s.o.Console == nil {
			http.NotFound(w, req)
			return
		}
		s.o.Console.ServeHTTP(w, req)
		return
	}
	if s.guests != nil && isGuest(req) {
		s.guests.ServeHTTP(w, req)
		return
	}
	if s.gate != nil {
		if wait := s.gate.take(cost(req), time.Now()); wait > 0 {
			api.Fail(w, req, &fault.Error{Op: "practice.ServeHTTP", Code: fault.RateLimited, After: wait, Why: fault.Because("guests_busy", "guests ask for too much at once here; wait a moment, or sign in")})
			return
		}
	}
	r := s.now()
	if r == nil && s.knows(req) {
		var err error
		if r, err = s.open(req.Context()); err != nil {
			api.Fail(w, req, err)
			return
		}
	}
	if r == nil {
		api.Fail(w, req, over)
		return
	}
	done := r.visit()
	defer done()
	r.server.Handler().ServeHTTP(w, req)
}

// knows reports whether a request carries a test key that was made here: for a program
// the practice begins by itself.
func (s *Stage) knows(req *http.Request) bool {
	secret, ok := strings.CutPrefix(req.Header.Get("Authorization"), "Bearer ")
	if !ok || !strings.HasPrefix(secret, api.TestKeyPrefix) || len(secret) > 200 {
		return false
	}
	hash := api.HashToken(secret)
	for _, k := range s.keys() {
		if string(k.Hash) == string(hash) {
			return true
		}
	}
	return false
}

var _ api.Practice = (*Stage)(nil)
