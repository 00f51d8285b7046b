package api

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/internal/db"
	"github.com/tongdan/tongdan/internal/hub"
)

// Sign-in by a phone: by number and code, and by the link of a knock.

const (
	knownName = "tongdan_known"
	knownTime = 180 * 24 * time.Hour // how long a browser stays known to somebody who has signed in with it
)

func (s *Server) phoneRoutes() {
	open := func(id, method, path, what string) huma.Operation {
		o := op(id, method, path, "sign-in", what)
		o.Security = []map[string][]string{}
		return o
	}
	add(s, open("signInWays", http.MethodGet, "/session/ways", "How one can sign in here"), s.signInWays)
	add(s, open("askSignInCode", http.MethodPost, "/session/code", "Have a code sent to a phone, by its number or by a knock's link; the answer is the same whether anybody has the number"), s.askSignInCode)
	add(s, open("signInByPhone", http.MethodPost, "/session/phone", "Sign in with the code that the phone was sent: six digits, for five minutes and five tries"), s.signInByPhone)
	add(s, open("openKnock", http.MethodPost, "/knock/open", "Open the link of a knock: where it leads, and signed in where that is safe"), s.openKnock)
}

type waysOutput struct {
	Body struct {
		Phone bool `json:"phone" doc:"A short-message service is set up: by number and code."`
		Guest bool `json:"guest" doc:"One may practise without an account: POST /practice/guest."`
	}
}

func (s *Server) signInWays(ctx context.Context, _ *struct{}) (*waysOutput, error) {
	out := &waysOutput{}
	var err error
	out.Body.Phone, err = s.hub.CodesAreSent(ctx)
	out.Body.Guest = s.practice != nil && s.practice.TakesGuests()
	return out, fault.Wrap("api.signInWays", err)
}

// whose is by what somebody says who he is: a number, or a knock's link.
type whose struct {
	Phone string `json:"phone,omitempty" maxLength:"30"`
	Token string `json:"token,omitempty" maxLength:"40" doc:"Of a knock's link, instead of the number."`
}

// find gives the person; fault.NotFound when it is nobody's, or nobody's who may sign in.
func (s *Server) find(ctx context.Context, w whose) (u db.UserRow, err error) {
	nobody := fault.Say("api.find", fault.NotFound, "no_user", "there is no such user")
	switch phone, ok := hub.Phone(w.Phone); {
	case w.Token != "":
		var l db.KnockLink
		if l, _, err = s.db.FindKnockLink(ctx, hub.LinkHash(w.Token)); err == nil {
			u, err = s.db.UserByID(ctx, l.Merchant, l.User)
		}
	case ok:
		u, err = s.db.UserByPhone(ctx, phone)
	default:
		err = nobody
	}
	if err == nil && u.Disabled {
		err = nobody
	}
	return u, err
}

// try takes a try of an address and one of the number, so that neither one address nor many
// can try codes or fill a phone with them.
func (s *Server) try(ctx context.Context, what string, w whose) error {
	of := w.Token
	if phone, ok := hub.Phone(w.Phone); ok && of == "" {
		of = phone
	}
	now := s.now()
	for _, t := range []string{what + " from " + network(s.client(requestIn(ctx))), what + " " + of} {
		if wait := s.signIns.take(t, now); wait > 0 {
			s.signInFailures.WithLabelValues(signInThrottled).Inc()
			return &fault.Error{Op: "api.try", Code: fault.RateLimited, After: wait, Why: fault.Because("too_many_tries", "too many tries; wait a little before the next one")}
		}
	}
	return nil
}

func (s *Server) askSignInCode(ctx context.Context, in *struct{ Body whose }) (*struct{}, error) {
	if _, ok := hub.Phone(in.Body.Phone); !ok && in.Body.Token == "" {
		return nil, &fault.Error{Op: "api.askSignInCode", Code: fault.Invalid, Why: fault.Because("fields_wrong", "some fields are wrong"), Fields: []fault.Field{fault.Wrong("body.phone", fault.Because("field_mobile", "must be a mobile number such as 13900000002 or +55 11 91234 5678"))}}
	}
	if err := s.try(ctx, "code", in.Body); err != nil {
		return nil, err
	}
	select {
	case s.asking <- struct{}{}:
	default:
		return nil, &fault.Error{Op: "api.askSignInCode", Code: fault.RateLimited, After: 5 * time.Second, Why: fault.Because("too_many_tries", "too many tries; wait a little before the next one")}
	}
	// After the answer, so that its time tells nobody whose number it is.
	ctx = context.WithoutCancel(ctx)
	go func() {
		defer func() { <-s.asking }()
		ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
		defer cancel()
		u, err := s.find(ctx, in.Body)
		if err == nil {
			err = s.hub.SendCode(ctx, u)
		}
		if err != nil && !fault.Is(err, fault.NotFound) {
			s.log.WarnContext(ctx, "a sign-in code could not be asked for", "err", err)
		}
	}()
	return nil, nil
}

type phoneSignIn struct {
	Body struct {
		Phone string `json:"phone,omitempty" maxLength:"30"`
		Token string `json:"token,omitempty" maxLength:"40" doc:"Of a knock's link, instead of the number."`
		Code  string `json:"code" minLength:"6" maxLength:"12"`
	}
}

func (s *Server) signInByPhone(ctx context.Context, in *phoneSignIn) (*sessionOutput, error) {
	const op = "api.signInByPhone"
	w := whose{in.Body.Phone, in.Body.Token}
	if err := s.try(ctx, "phone", w); err != nil {
		return nil, err
	}
	wrong := fault.Say(op, fault.Invalid, "code_wrong", "the code is wrong or too old: have a new one sent after a minute")
	u, err := s.find(ctx, w)
	if err != nil && !fault.Is(err, fault.NotFound) {
		return nil, fault.Wrap(op, err)
	}
	code := strings.ReplaceAll(strings.TrimSpace(in.Body.Code), " ", "")
	ok, also := s.db.UseCode(ctx, u.Merchant, u.ID, hub.CodeHash(u.ID, code)) // of nobody, too: it takes as long
	if also != nil {
		return nil, fault.Wrap(op, also)
	}
	if err != nil || !ok {
		s.signInFailures.WithLabelValues(signInWrong).Inc()
		return nil, wrong
	}
	if in.Body.Token != "" {
		if _, err := s.db.UseKnockLink(ctx, hub.LinkHash(in.Body.Token)); err != nil {
			return nil, fault.Wrap(op, err)
		}
	}
	return s.begin(ctx, u)
}

// remember makes this browser known to whoever has just signed in with it.
func (s *Server) remember(ctx context.Context, u db.UserRow) []http.Cookie {
	r := requestIn(ctx)
	if c, err := r.Cookie(knownName); err == nil {
		if known, err := s.db.KnownBrowser(ctx, u.Merchant, u.ID, HashToken(c.Value)); err == nil && known {
			return nil
		}
	}
	secret, hash := NewToken("")
	if err := s.db.AddKnownBrowser(ctx, u.Merchant, u.ID, hash, s.now().Add(knownTime).UnixMilli()); err != nil {
		s.log.WarnContext(ctx, "a browser could not be made known; links of knocks ask it for a code", "err", err)
		return nil
	}
	return []http.Cookie{s.known(r, secret, int(knownTime.Seconds()))}
}

func (s *Server) known(r *http.Request, value string, age int) http.Cookie {
	return http.Cookie{Name: knownName, Value: value, Path: base, MaxAge: age, HttpOnly: true, SameSite: http.SameSiteStrictMode, Secure: s.secure(r)}
}

// forget is for whoever signs out: he has left this browser to others.
func (s *Server) forget(ctx context.Context) []http.Cookie {
	r := requestIn(ctx)
	if c, err := r.Cookie(knownName); err == nil && len(c.Value) <= 200 {
		if err := s.db.ForgetBrowser(ctx, HashToken(c.Value)); err != nil {
			s.log.WarnContext(ctx, "a browser could not be forgotten", "err", err)
		}
	}
	return []http.Cookie{s.known(r, "", -1)}
}

// OpenedKnock is what a link leads to.
type OpenedKnock struct {
	State string `json:"state" enum:"in,code" doc:"in: one is signed in. code: first time on this device, or the link is used or old: a code goes to the phone."`
	Path  string `json:"path" doc:"In the console."`
	Phone string `json:"phone,omitempty" doc:"Masked: where the code goes."`
}

type openedOutput struct {
	Cookie []http.Cookie `header:"Set-Cookie"`
	Body   OpenedKnock
}

func (s *Server) openKnock(ctx context.Context, in *struct {
	Body struct {
		Token string `json:"token" minLength:"1" maxLength:"40"`
	}
}) (*openedOutput, error) {
	const op = "api.openKnock"
	if err := s.linkTry(ctx); err != nil {
		return nil, err
	}
	hash := hub.LinkHash(in.Body.Token)
	l, works, err := s.db.FindKnockLink(ctx, hash)
	if err != nil {
		return nil, fault.Wrap(op, err)
	}
	s.signIns.give("link " + network(s.client(requestIn(ctx))))
	u, err := s.db.UserByID(ctx, l.Merchant, l.User)
	if err != nil || u.Disabled {
		return nil, fault.Say(op, fault.NotFound, "knock_link_gone", "this link is not known; open Tongdan and sign in")
	}
	out := &openedOutput{Body: OpenedKnock{State: "code", Path: l.Path}}
	r := requestIn(ctx)
	if c, err := s.authenticate(r); err == nil && !c.byKey {
		out.Body.State = "in" // as whoever is signed in here: what he may not see he does not
		if c.ID == u.ID.String() && works {
			_, err = s.db.UseKnockLink(ctx, hash)
		}
		return out, fault.Wrap(op, err)
	}
	if c, err := r.Cookie(knownName); err == nil && works && len(c.Value) <= 200 {
		known, err := s.db.KnownBrowser(ctx, u.Merchant, u.ID, HashToken(c.Value))
		if err != nil {
			return nil, fault.Wrap(op, err)
		}
		if known {
			first, err := s.db.UseKnockLink(ctx, hash)
			if err != nil {
				return nil, fault.Wrap(op, err)
			}
			if first {
				session, err := s.begin(ctx, u)
				if err != nil {
					return nil, err
				}
				out.Body.State, out.Cookie = "in", append([]http.Cookie{session.Cookie}, session.More...)
				return out, nil
			}
		}
	}
	phones, err := s.db.Phones(ctx, u.Merchant)
	out.Body.Phone = hub.MaskPhone(phones[u.ID])
	return out, fault.Wrap(op, err)
}
