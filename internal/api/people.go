package api

import (
	"context"
	"net/http"
	"time"

	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/ident"
	"github.com/tongdan/tongdan/internal/db"
	"github.com/tongdan/tongdan/internal/hub"
	"github.com/tongdan/tongdan/role"
)

// linkTime is how long a one-time link works: long enough to be sent today and opened
// tomorrow.
const linkTime = 48 * time.Hour

// Person is somebody who works for the merchant.
type Person struct {
	ID        ident.User    `json:"id"`
	Name      string        `json:"name" doc:"With which the person signs in."`
	Role      role.Role     `json:"role" enum:"owner,headquarters,area_manager,store_manager,clerk,warehouse"`
	AllStores bool          `json:"all_stores"`
	Stores    []ident.Store `json:"stores" doc:"Empty when all."`
	Personal  bool          `json:"personal" doc:"Sees customers' data in full."`
	Suspended bool          `json:"suspended"`
	Joined    bool          `json:"joined" doc:"Has a password."`
	LinkUntil int64         `json:"link_until" doc:"Until when the one-time link that is out works; 0 = there is none."`
	Sessions  int           `json:"sessions" doc:"Places where the person is signed in."`
	SeenAt    int64         `json:"seen_at" doc:"By the hour; 0 = unknown."`
	MadeAt    int64         `json:"made_at"`
	Locale    string        `json:"locale" doc:"The language in which the person is told."`
	Phone     string        `json:"phone" doc:"Masked: +86139****0002. Empty: none."`
	Changes   bool          `json:"may_change" doc:"The caller may change this person."`
}

// PersonBody is a person as it is given.
type PersonBody struct {
	Name      string        `json:"name" minLength:"1" maxLength:"80"`
	Role      role.Role     `json:"role" enum:"owner,headquarters,area_manager,store_manager,clerk,warehouse"`
	AllStores bool          `json:"all_stores,omitempty" doc:"Instead of stores. Owner and headquarters always have all."`
	Stores    []ident.Store `json:"stores,omitempty" maxItems:"500"`
	Personal  bool          `json:"personal,omitempty" doc:"Sees customers' data in full."`
	Suspended bool          `json:"suspended,omitempty" doc:"Cannot sign in, and is signed out everywhere."`
}

// SignInLink lets a person set a password once.
type SignInLink struct {
	Token string `json:"token" doc:"Shown this once. The link is the console's address, /join#, and this."`
	Until int64  `json:"until"`
}

func (s *Server) peopleRoutes() {
	add(s, op("listPeople", http.MethodGet, "/people", "people", "Who works for the merchant, by name"), s.listPeople)
	add(s, created(op("invitePerson", http.MethodPost, "/people", "people", "Invite a person; the one-time link is shown this once")), s.invite)
	add(s, op("changePerson", http.MethodPut, "/people/{id}", "people", "Change a person; what he may do changes with his next request, suspended he is signed out at once"), s.changePerson)
	add(s, created(op("makeSignInLink", http.MethodPost, "/people/{id}/link", "people", "Make a new one-time link, for who has lost the first or the password; the one before ends")), s.linkFor)
	add(s, op("setPersonPhone", http.MethodPut, "/people/{id}/phone", "people", "Set the number by which a person is knocked at and signs in, and in which language; links and browsers that the old one had made known end"), s.setPersonPhone)
	add(s, op("endPersonSessions", http.MethodDelete, "/people/{id}/sessions", "people", "Sign a person out everywhere"), s.endPersonSessions)

	o := op("lookAtInvitation", http.MethodPost, "/join/look", "sign-in", "Whose one-time link it is, while it works")
	o.Security = []map[string][]string{}
	add(s, o, s.lookAtInvitation)
	o = op("join", http.MethodPost, "/join", "sign-in", "Set one's password with a one-time link, and be signed in")
	o.Security = []map[string][]string{}
	add(s, o, s.join)
}

func (s *Server) personOf(c caller, u db.UserRow, p db.Presence) Person {
	out := Person{
		ID: u.ID, Name: u.Name, Role: role.Role(u.Role), AllStores: u.Stores == nil, Stores: u.Stores, Personal: u.Personal, Suspended: u.Disabled, Joined: u.Password != "",
		LinkUntil: p.Link, Sessions: p.Sessions, SeenAt: p.Seen, MadeAt: u.Made, Locale: u.Locale, Changes: u.ID.String() != c.ID && c.Role.MayGive(role.Role(u.Role)),
	}
	if out.Stores == nil {
		out.Stores = []ident.Store{}
	}
	return out
}

type peopleOutput struct {
	Body struct {
		People []Person `json:"people"`
	}
}

func (s *Server) listPeople(ctx context.Context, _ *struct{}) (*peopleOutput, error) {
	const op = "api.listPeople"
	c := who(ctx)
	rows, err := s.db.Users(ctx, c.Merchant)
	if err != nil {
		return nil, fault.Wrap(op, err)
	}
	at, err := s.db.Presences(ctx, c.Merchant)
	if err != nil {
		return nil, fault.Wrap(op, err)
	}
	out := &peopleOutput{}
	phones, err := s.db.Phones(ctx, c.Merchant)
	if err != nil {
		return nil, fault.Wrap(op, err)
	}
	out.Body.People = each(rows, func(u db.UserRow) Person {
		p := s.personOf(c, u, at[u.ID])
		p.Phone = hub.MaskPhone(phones[u.ID])
		return p
	})
	return out, nil
}

// row is a person as it is kept. No store at all is not all stores.
func (b PersonBody) row() (u db.UserRow, err error) {
	u = db.UserRow{Name: b.Name, Role: string(b.Role), Personal: b.Personal, Disabled: b.Suspended}
	switch {
	case b.AllStores && len(b.Stores) > 0:
		return u, &fault.Error{Op: "api.PersonBody", Code: fault.Invalid, Fields: []fault.Field{fault.Wrong("body.stores", fault.Because("field_stores_all", "leave the stores out when all_stores is true"))}}
	case !b.AllStores && !b.Role.Everywhere():
		u.Stores = append([]ident.Store{}, b.Stores...)
	case !b.AllStores && len(b.Stores) > 0:
		u.Stores = b.Stores // refused by the hub, which says why
	}
	return u, nil
}

type invitedOutput struct {
	Seq  int64 `header:"Tongdan-Seq"`
	Body struct {
		Person Person     `json:"person"`
		Link   SignInLink `json:"link"`
	}
}

func (s *Server) invite(ctx context.Context, in *struct{ Body PersonBody }) (*invitedOutput, error) {
	const op = "api.invite"
	c := who(ctx)
	row, err := in.Body.row()
	if err != nil {
		return nil, err
	}
	if m, ok := s.db.MerchantByID(c.Merchant); ok {
		row.Locale = m.Locale
	}
	out := &invitedOutput{}
	var hash []byte
	out.Body.Link, hash = s.newLink()
	if row, err = s.hub.Invite(ctx, c.Actor, row, hash, out.Body.Link.Until); err != nil {
		return nil, fault.Wrap(op, err)
	}
	out.Body.Person = s.personOf(c, row, db.Presence{Link: out.Body.Link.Until})
	out.Seq, err = s.seq(ctx)
	return out, err
}

func (s *Server) newLink() (SignInLink, []byte) {
	secret, hash := NewToken(invitePrefix)
	return SignInLink{secret, s.now().Add(linkTime).UnixMilli()}, hash
}

type personOutput struct {
	Seq  int64 `header:"Tongdan-Seq"`
	Body Person
}

func (s *Server) changePerson(ctx context.Context, in *change[PersonBody]) (*personOutput, error) {
	const op = "api.changePerson"
	c := who(ctx)
	id, err := idOf[ident.User](in.ID)
	if err != nil {
		return nil, err
	}
	row, err := in.Body.row()
	if err != nil {
		return nil, err
	}
	row.ID = id
	if row, err = s.hub.ChangePerson(ctx, c.Actor, row); err != nil {
		return nil, fault.Wrap(op, err)
	}
	at, err := s.db.Presences(ctx, c.Merchant)
	if err != nil {
		return nil, fault.Wrap(op, err)
	}
	seq, err := s.seq(ctx)
	return &personOutput{seq, s.personOf(c, row, at[id])}, err
}

type phoneBody struct {
	Phone  *string `json:"phone,omitempty" maxLength:"30" doc:"13900000002, or with + and the country. Empty takes it away; left out it stays."`
	Locale string  `json:"locale,omitempty" maxLength:"16" doc:"The language in which the person is told: zh-CN, en, es, pt-BR."`
}

func (s *Server) setPersonPhone(ctx context.Context, in *change[phoneBody]) (*seqOutput, error) {
	id, err := idOf[ident.User](in.ID)
	if err != nil {
		return nil, err
	}
	if err := s.hub.SetPhone(ctx, who(ctx).Actor, id, in.Body.Phone, in.Body.Locale); err != nil {
		return nil, fault.Wrap("api.setPersonPhone", err)
	}
	seq, err := s.seq(ctx)
	return &seqOutput{seq}, err
}

type linkOutput struct{ Body SignInLink }

func (s *Server) linkFor(ctx context.Context, in *ByID) (*linkOutput, error) {
	id, err := idOf[ident.User](in.ID)
	if err != nil {
		return nil, err
	}
	link, hash := s.newLink()
	_, err = s.hub.LinkFor(ctx, who(ctx).Actor, id, hash, link.Until)
	return &linkOutput{link}, fault.Wrap("api.linkFor", err)
}

func (s *Server) endPersonSessions(ctx context.Context, in *ByID) (*struct{}, error) {
	id, err := idOf[ident.User](in.ID)
	if err != nil {
		return nil, err
	}
	return nil, fault.Wrap("api.endPersonSessions", s.hub.SignOut(ctx, who(ctx).Actor, id))
}

// Invitation is what a link says of itself.
type Invitation struct {
	Name     string `json:"name" doc:"With which the person will sign in."`
	Merchant string `json:"merchant"`
	Joined   bool   `json:"joined" doc:"The person has a password, which the new one replaces."`
}

type lookInput struct {
	Body struct {
		Token string `json:"token" minLength:"1" maxLength:"200"`
	}
}

type lookOutput struct{ Body Invitation }

// linkTry takes one of the tries that an address has at links.
func (s *Server) linkTry(ctx context.Context) error {
	if wait := s.signIns.take("link "+network(s.client(requestIn(ctx))), s.now()); wait > 0 {
		return &fault.Error{Op: "api.linkTry", Code: fault.RateLimited, After: wait, Why: fault.Because("too_many_tries", "too many tries; wait a little before the next one")}
	}
	return nil
}

func (s *Server) lookAtInvitation(ctx context.Context, in *lookInput) (*lookOutput, error) {
	const op = "api.lookAtInvitation"
	if err := s.linkTry(ctx); err != nil {
		return nil, err
	}
	u, err := s.db.LinkedUser(ctx, HashToken(in.Body.Token))
	if err != nil {
		return nil, fault.Wrap(op, err)
	}
	s.signIns.give("link " + network(s.client(requestIn(ctx))))
	m, _ := s.db.MerchantByID(u.Merchant)
	return &lookOutput{Invitation{u.Name, m.Name, u.Password != ""}}, nil
}

type joinInput struct {
	Body struct {
		Token    string `json:"token" minLength:"1" maxLength:"200"`
		Password string `json:"password" minLength:"8" maxLength:"200"`
	}
}

func (s *Server) join(ctx context.Context, in *joinInput) (*sessionOutput, error) {
	const op = "api.join"
	if err := s.linkTry(ctx); err != nil {
		return nil, err
	}
	done, err := s.mayHash(ctx)
	if err != nil {
		return nil, fault.Wrap(op, err)
	}
	hash, err := HashPassword(in.Body.Password)
	done()
	if err != nil {
		return nil, err
	}
	u, err := s.db.UseLink(ctx, HashToken(in.Body.Token), hash, s.hub.LineOfOwn("person.join"))
	if err != nil {
		return nil, fault.Wrap(op, err)
	}
	return s.begin(ctx, u)
}
