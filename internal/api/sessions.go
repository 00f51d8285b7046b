package api

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"sync"

	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/ident"
	"github.com/tongdan/tongdan/internal/db"
)

// Session is one place where a person is signed in.
type Session struct {
	ID      string `json:"id"`
	Device  string `json:"device" doc:"What its browser says it is: Chrome · Windows. Empty: it did not say."`
	MadeAt  int64  `json:"made_at"`
	SeenAt  int64  `json:"seen_at" doc:"Written at most once an hour."`
	Current bool   `json:"current" doc:"The one that asks."`
}

func (s *Server) sessionRoutes() {
	add(s, op("listMySessions", http.MethodGet, "/me/sessions", "sign-in", "Where one is signed in"), s.mySessions)
	add(s, op("endMySession", http.MethodDelete, "/me/sessions/{id}", "sign-in", "End one of one's sessions; it stops working at once"), s.endMySession)
	add(s, op("endMyOtherSessions", http.MethodDelete, "/me/sessions", "sign-in", "End all of one's sessions but the one that asks"), s.endMyOthers)
	add(s, op("changeMyPassword", http.MethodPost, "/me/password", "sign-in", "Change one's password; all other sessions end, and this one gets a new cookie"), s.changePassword)
}

// person gives the user behind a session. An API key is nobody's.
func person(c caller) (ident.User, error) {
	var id ident.User
	if c.byKey || c.device != nil || id.UnmarshalText([]byte(c.ID)) != nil || id == 0 {
		return 0, fault.Say("api.person", fault.Forbidden, "people_only", "this is for people who are signed in, not for API keys")
	}
	return id, nil
}

// cookieHash is the hash of the session that asks.
func (s *Server) cookieHash(ctx context.Context) []byte {
	if c, err := requestIn(ctx).Cookie(s.door.name); err == nil {
		return HashToken(c.Value)
	}
	return nil
}

type sessionsOutput struct {
	Body struct {
		Sessions []Session `json:"sessions"`
	}
}

func (s *Server) mySessions(ctx context.Context, _ *struct{}) (*sessionsOutput, error) {
	id, err := person(who(ctx))
	if err != nil {
		return nil, err
	}
	rows, err := s.db.Sessions(ctx, id)
	if err != nil {
		return nil, fault.Wrap("api.mySessions", err)
	}
	mine := s.cookieHash(ctx)
	out := &sessionsOutput{}
	out.Body.Sessions = each(rows, func(r db.SessionRow) Session {
		return Session{r.ID(), r.Device, r.Made, r.Seen, slices.Equal(r.Hash, mine)}
	})
	return out, nil
}

func (s *Server) endMySession(ctx context.Context, in *ByID) (*struct{}, error) {
	const op = "api.endMySession"
	id, err := person(who(ctx))
	if err != nil {
		return nil, err
	}
	rows, err := s.db.Sessions(ctx, id)
	if err != nil {
		return nil, fault.Wrap(op, err)
	}
	for _, r := range rows {
		if r.ID() == in.ID {
			return nil, fault.Wrap(op, s.db.DeleteSession(ctx, r.Hash))
		}
	}
	return nil, fault.Say(op, fault.NotFound, "no_session", "there is no such session; it may have ended already")
}

func (s *Server) endMyOthers(ctx context.Context, _ *struct{}) (*struct{}, error) {
	id, err := person(who(ctx))
	if err != nil {
		return nil, err
	}
	return nil, fault.Wrap("api.endMyOthers", s.db.EndSessions(ctx, id, s.cookieHash(ctx)))
}

type passwordInput struct {
	Body struct {
		OldPassword string `json:"old_password" minLength:"1" maxLength:"200"`
		NewPassword string `json:"new_password" minLength:"8" maxLength:"200"`
	}
}

func (s *Server) changePassword(ctx context.Context, in *passwordInput) (*sessionOutput, error) {
	const op = "api.changePassword"
	c := who(ctx)
	id, err := person(c)
	if err != nil {
		return nil, err
	}
	// Whoever found a console open must not guess the password here.
	try := "password " + c.ID
	if wait := s.signIns.take(try, s.now()); wait > 0 {
		return nil, &fault.Error{Op: op, Code: fault.RateLimited, After: wait, Why: fault.Because("too_many_tries", "too many tries; wait a little before the next one")}
	}
	u, err := s.db.UserByID(ctx, c.Merchant, id)
	if err != nil {
		return nil, fault.Wrap(op, err)
	}
	done, err := s.mayHash(ctx)
	if err != nil {
		return nil, fault.Wrap(op, err)
	}
	defer done()
	if !SamePassword(u.Password, in.Body.OldPassword) {
		return nil, &fault.Error{Op: op, Code: fault.Invalid, Why: fault.Because("old_password_wrong", "the old password is wrong"), Fields: []fault.Field{fault.Wrong("body.old_password", fault.Because("old_password_wrong", "the old password is wrong"))}}
	}
	if u.Password, err = HashPassword(in.Body.NewPassword); err != nil {
		return nil, err
	}
	if err := s.db.SetUser(ctx, u, s.hub.LineOfOwn("person.password")(u)); err != nil { // ends every session
		return nil, fault.Wrap(op, err)
	}
	s.signIns.give(try)
	return s.begin(ctx, u)
}

// deviceOf says what a browser is, from what it says of itself: "Chrome · Windows".
// Nothing of it is believed; it only helps people to know their own sessions.
func deviceOf(agent string) string {
	first := func(words ...string) string {
		for i := 0; i < len(words); i += 2 {
			if strings.Contains(agent, words[i]) {
				return words[i+1]
			}
		}
		return ""
	}
	browser := first("MicroMessenger", "WeChat", "DingTalk", "DingTalk", "Edg", "Edge", "OPR/", "Opera", "HuaweiBrowser", "Huawei", "Quark", "Quark", "Firefox/", "Firefox", "FxiOS", "Firefox",
		"Chrome/", "Chrome", "CriOS", "Chrome", "Safari/", "Safari", "curl/", "curl", "Go-http-client", "Go")
	system := first("HarmonyOS", "HarmonyOS", "OpenHarmony", "HarmonyOS", "Android", "Android", "iPhone", "iPhone", "iPad", "iPad", "Windows", "Windows", "Mac OS", "macOS", "CrOS", "ChromeOS", "Linux", "Linux")
	return strings.Trim(browser+" · "+system, " ·")
}

// regulars are names with the networks from which they have signed in: the guesses of
// others do not use up their tries. Held in memory, and only so many.
type regulars struct {
	mu   sync.Mutex
	seen map[string]bool
}

func (r *regulars) has(name, from string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.seen[name+"\n"+from]
}

func (r *regulars) add(name, from string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.seen == nil || len(r.seen) >= maxNames {
		r.seen = map[string]bool{} // rare, and at worst somebody waits half a minute
	}
	r.seen[name+"\n"+from] = true
}
