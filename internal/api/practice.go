package api

import (
	"context"
	"net/http"
	"time"

	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/internal/hub"
)

// PracticePath is below what people practise: a console, an API and a sign-in of their
// own, over another hub. A page there can reach nothing real, whatever goes wrong with it,
// because its calls go below the same path.
const PracticePath = "/practice"

// PracticeCookie holds the session of whoever practises.
const PracticeCookie = "tongdan_practice"

// A Practice is a hub apart, over simulated platforms, on which people learn and
// programs are tried out. Safe for concurrent use.
type Practice interface {
	http.Handler // answers everything below PracticePath, which is stripped

	// Enter signs somebody in there with the rights that he has here, and begins the
	// practice when nobody practises. The secret is that of his session.
	Enter(ctx context.Context, who Learner) (secret string, err error)

	// TakesGuests reports whether whoever has no account may practise.
	TakesGuests() bool

	// Guest signs a stranger in there, apart from everybody who has an account. Only so
	// many are there at a time: fault.Unavailable for one more.
	Guest(ctx context.Context, g Guest) (secret string, lasts time.Duration, err error)
}

// A Guest is whoever practises without an account.
type Guest struct {
	Locale string
	Device string // what his browser is
}

// A Learner is who practises.
type Learner struct {
	hub.Actor
	Locale string
	Device string // what his browser is
}

// A Course is what the server of a practice knows of it. Safe for concurrent use.
type Course interface {
	// Lessons are those that the role of somebody allows, in order, with what he has done.
	Lessons(ctx context.Context, who hub.Actor) ([]Lesson, error)

	// Restart drops every order and begins anew; whoever is signed in stays so.
	Restart(ctx context.Context) error

	// Span says when the practice began and when at the latest it is dropped, UTC ms.
	Span() (began, ends int64)

	// Guests reports whether those who practise here have no account.
	Guests() bool
}

// Lesson is one thing to learn. It ticks itself: facts say whether it is done.
type Lesson struct {
	ID   string `json:"id" doc:"accept, ready, message, refund, refuse, dispatch, …"`
	Done bool   `json:"done"`
}

// PracticeState says whether one may practise, or does.
type PracticeState struct {
	Offered    bool     `json:"offered" doc:"POST begins. The operator may have turned it off."`
	Practising bool     `json:"practising" doc:"This is the practice: its orders are not real."`
	BeganAt    int64    `json:"began_at"`
	EndsAt     int64    `json:"ends_at" doc:"When its orders are dropped at the latest."`
	Guest      bool     `json:"guest" doc:"Whoever asks has no account: others without one practise beside him, so it does not begin anew."`
	Lessons    []Lesson `json:"lessons"`
}

func (s *Server) practiceRoutes() {
	add(s, op("getPractice", "GET", "/practice", "practice", "Whether one may practise on orders that are not real, and how far one has come"), s.getPractice)
	add(s, op("enterPractice", "POST", "/practice", "practice", "Begin to practise: signs in below /practice, where everything has the same paths"), s.enterPractice)
	guest := op("practiseAsGuest", "POST", "/practice/guest", "practice", "Practise without an account: signs a stranger in below /practice, for an hour and apart from everybody else")
	guest.Security = []map[string][]string{}
	add(s, guest, s.practiseAsGuest)
	add(s, op("restartPractice", "POST", "/practice/restart", "practice", "Drop the orders of the practice, for everybody who practises, and begin anew"), s.restartPractice)
}

type practiceOutput struct {
	Body PracticeState
}

func (s *Server) getPractice(ctx context.Context, _ *struct{}) (*practiceOutput, error) {
	out := &practiceOutput{PracticeState{Offered: s.practice != nil, Lessons: []Lesson{}}}
	if s.course == nil {
		return out, nil
	}
	list, err := s.course.Lessons(ctx, who(ctx).Actor)
	if err != nil {
		return nil, fault.Wrap("api.getPractice", err)
	}
	b := &out.Body
	b.Practising, b.Lessons = true, list
	b.BeganAt, b.EndsAt = s.course.Span()
	b.Guest = s.course.Guests()
	return out, nil
}

type enteredOutput struct {
	Cookie http.Cookie `header:"Set-Cookie"`
	Body   struct {
		Path string `json:"path" doc:"Where the practice is: its console, and its API below it."`
	}
}

func (s *Server) enterPractice(ctx context.Context, _ *struct{}) (*enteredOutput, error) {
	const op = "api.enterPractice"
	c := who(ctx)
	if _, err := person(c); err != nil {
		return nil, err
	}
	if s.practice == nil {
		return nil, fault.Say(op, fault.Unsupported, "no_practice", "practice is turned off here; whoever runs this Tongdan can turn it on")
	}
	r := requestIn(ctx)
	secret, err := s.practice.Enter(ctx, Learner{c.Actor, c.locale, deviceOf(r.UserAgent())})
	if err != nil {
		return nil, fault.Wrap(op, err)
	}
	out := &enteredOutput{Cookie: practiceDoor.cookie(secret, int(sessionTime.Seconds()), s.secure(r))}
	out.Body.Path = PracticePath + "/"
	return out, nil
}

type guestInput struct {
	Body struct {
		Locale string `json:"locale,omitempty" maxLength:"16" doc:"zh-CN, en, …"`
	}
}

func (s *Server) practiseAsGuest(ctx context.Context, in *guestInput) (*enteredOutput, error) {
	const op = "api.practiseAsGuest"
	if s.practice == nil || !s.practice.TakesGuests() {
		return nil, fault.Say(op, fault.Unsupported, "no_guests", "here one practises with an account alone; sign in first")
	}
	r := requestIn(ctx)
	if wait := s.signIns.take("guest "+network(s.client(r)), s.now()); wait > 0 {
		return nil, &fault.Error{Op: op, Code: fault.RateLimited, After: wait, Why: fault.Because("too_many_tries", "too many tries; wait a little before the next one")}
	}
	secret, lasts, err := s.practice.Guest(ctx, Guest{in.Body.Locale, deviceOf(r.UserAgent())})
	if err != nil {
		return nil, fault.Wrap(op, err)
	}
	out := &enteredOutput{Cookie: practiceDoor.cookie(secret, int(lasts.Seconds()), s.secure(r))}
	out.Body.Path = PracticePath + "/"
	return out, nil
}

func (s *Server) restartPractice(ctx context.Context, _ *struct{}) (*struct{}, error) {
	if s.course == nil {
		return nil, fault.Say("api.restartPractice", fault.Unsupported, "not_practice", "these orders are real: only a practice begins anew")
	}
	return nil, fault.Wrap("api.restartPractice", s.course.Restart(ctx))
}

// A door is how one shows who one is: to the real hub, or to the practice. Neither knows
// the other's sessions and keys, and what belongs to the other is named.
type door struct {
	name, path string // of the cookie
	device     string // name of the cookie of a paired screen
	keys       string // how API keys begin that are made here
}

var (
	realDoor     = door{cookieName, "/", deviceCookie, KeyPrefix}
	practiceDoor = door{PracticeCookie, PracticePath, "tongdan_practice_device", TestKeyPrefix}
)

func (d door) cookie(value string, age int, secure bool) http.Cookie {
	return http.Cookie{Name: d.name, Value: value, Path: d.path, MaxAge: age, HttpOnly: true, SameSite: http.SameSiteLaxMode, Secure: secure}
}
