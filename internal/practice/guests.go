package practice

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/internal/api"
	"github.com/tongdan/tongdan/internal/db"
	"github.com/tongdan/tongdan/role"
)

// Guests practise without an account, from the page on which others sign in. They have a
// stage of their own, with a room of its own: they see no name of the staff, can neither
// begin the staff's practice anew nor make keys that last, and what they ask for all together
// is bounded, so that strangers cannot take the machine from the real orders.

const (
	guestPrefix = "guest_"  // how the secret of a guest's session begins
	guestTime   = time.Hour // of a session
	mostGuests  = 12        // at a time
)

// guestTerm is short: strangers hold nothing for long.
var guestTerm = term{3 * time.Hour, 20 * time.Minute}

// TakesGuests implements api.Practice.
func (s *Stage) TakesGuests() bool { return s.guests != nil }

// Guest implements api.Practice.
func (s *Stage) Guest(ctx context.Context, g api.Guest) (string, time.Duration, error) {
	const op = "practice.Guest"
	r, err := s.guests.open(ctx)
	if err != nil {
		return "", 0, err
	}
	defer r.visit()()
	s.guests.opened.Lock() // one after the other, so that they can be counted
	defer s.guests.opened.Unlock()
	users, err := r.db.Users(ctx, r.merchant)
	if err != nil {
		return "", 0, fault.Wrap(op, err)
	}
	here := 0
	for _, u := range users[max(0, len(users)-200):] {
		list, err := r.db.Sessions(ctx, u.ID)
		if err != nil {
			return "", 0, fault.Wrap(op, err)
		}
		here += min(len(list), 1)
	}
	if here >= mostGuests {
		return "", 0, &fault.Error{Op: op, Code: fault.Unavailable, After: 5 * time.Minute, Why: fault.Because("guests_full", "as many practise here as there is room for; try again later, or sign in")}
	}
	r.mu.Lock()
	r.entered++
	name := "访客 "
	if !strings.HasPrefix(g.Locale, "zh") {
		name = "Guest "
	}
	name += strconv.Itoa(r.entered)
	r.mu.Unlock()
	u, err := r.db.AddUser(ctx, db.UserRow{Merchant: r.merchant, Name: name, Role: string(role.StoreManager), Locale: g.Locale, Personal: true, Stores: r.some()})
	if err != nil {
		return "", 0, fault.Wrap(op, err)
	}
	secret, hash := api.NewToken(guestPrefix)
	err = r.db.AddSession(ctx, db.SessionRow{Hash: hash, Merchant: r.merchant, User: u.ID, Expires: time.Now().Add(guestTime).UnixMilli(), Device: g.Device})
	return secret, guestTime, fault.Wrap(op, err)
}

// isGuest reports whether a request carries the session of a guest.
func isGuest(r *http.Request) bool {
	c, err := r.Cookie(api.PracticeCookie)
	return err == nil && strings.HasPrefix(c.Value, guestPrefix) && r.Header.Get("Authorization") == ""
}

// A gate bounds what all guests together ask for: so much at once, and so much a second.
type gate struct {
	mu   sync.Mutex
	left float64
	at   time.Time
}

const (
	gateBurst = 300.0
	gateRate  = 20.0 // a second
)

func newGate(now time.Time) *gate { return &gate{left: gateBurst, at: now} }

// take takes what a request costs; when there is not so much it says how long to wait.
func (g *gate) take(cost float64, now time.Time) time.Duration {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.left = min(gateBurst, g.left+max(0, now.Sub(g.at).Seconds())*gateRate)
	g.at = now
	if g.left < cost {
		return time.Duration((cost - g.left) / gateRate * float64(time.Second))
	}
	g.left -= cost
	return 0
}

// cost is 1 for what writes, and 1 more for each 16 KiB that is sent; a quarter for what reads.
func cost(r *http.Request) float64 {
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		return 0.25
	}
	const most = 1 << 20 // no request of ours is longer
	size := r.ContentLength
	if size < 0 || size > most {
		size = most
	}
	return 1 + float64(size)/(16<<10)
}
