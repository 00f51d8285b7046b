package hub

import (
	"context"
	"strings"

	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/ident"
	"github.com/tongdan/tongdan/internal/db"
	"github.com/tongdan/tongdan/role"
)

// Whoever keeps people gives others at most what he has: only an owner makes or changes
// owners, and nobody changes himself, so the last owner cannot lock himself out.

// Invite makes a person who cannot sign in yet, and the one-time link by whose hash he
// sets a password until expires (UTC ms). Name, role and stores are given; it fails with
// fault.Invalid where they are wrong, with fault.Forbidden for a role above the caller's.
func (h *Hub) Invite(ctx context.Context, who Actor, u db.UserRow, hash []byte, expires int64) (db.UserRow, error) {
	const op = "hub.Invite"
	u.Merchant, u.ID, u.Password, u.Disabled = who.Merchant, 0, "", false
	if err := h.mayKeep(op, who, role.Role(u.Role)); err != nil {
		return u, err
	}
	if err := h.checkPerson(op, &u); err != nil {
		return u, err
	}
	u.ID = h.db.NewUser()
	u, err := h.db.AddUser(ctx, u, h.lineOf(who, "person.invite", u))
	if err != nil {
		return u, nameTaken(op, err)
	}
	return u, fault.Wrap(op, h.db.AddLink(ctx, u.Merchant, u.ID, hash, expires))
}

// ChangePerson changes name, role, stores, the right to customers' data and suspension.
// What a person may do changes with the next request; a suspended one is signed out
// everywhere at once.
func (h *Hub) ChangePerson(ctx context.Context, who Actor, u db.UserRow) (db.UserRow, error) {
	const op = "hub.ChangePerson"
	old, err := h.person(ctx, op, who, u.ID)
	if err != nil {
		return u, err
	}
	if err := h.mayKeep(op, who, role.Role(u.Role)); err != nil {
		return u, err
	}
	u.Merchant, u.Password, u.Locale, u.Made = old.Merchant, old.Password, old.Locale, old.Made
	if err := h.checkPerson(op, &u); err != nil {
		return u, err
	}
	return u, nameTaken(op, h.db.SetUser(ctx, u, h.lineOf(who, "person.change", u)))
}

// LinkFor makes a new one-time link for a person who has lost the first, or the password.
// The password that there is works until the link is used.
func (h *Hub) LinkFor(ctx context.Context, who Actor, id ident.User, hash []byte, expires int64) (db.UserRow, error) {
	const op = "hub.LinkFor"
	u, err := h.person(ctx, op, who, id)
	if err != nil {
		return u, err
	}
	return u, fault.Wrap(op, h.db.AddLink(ctx, u.Merchant, u.ID, hash, expires, h.lineOf(who, "person.link", u)))
}

// SignOut ends all sessions of a person.
func (h *Hub) SignOut(ctx context.Context, who Actor, id ident.User) error {
	const op = "hub.SignOut"
	u, err := h.person(ctx, op, who, id)
	if err != nil {
		return err
	}
	return fault.Wrap(op, h.db.SignOut(ctx, u.Merchant, u.ID, h.lineOf(who, "person.sign_out", u)))
}

// person finds somebody whom the caller may change.
func (h *Hub) person(ctx context.Context, op string, who Actor, id ident.User) (db.UserRow, error) {
	u, err := h.db.UserByID(ctx, who.Merchant, id)
	if err != nil {
		return u, fault.Wrap(op, err)
	}
	if u.ID.String() == who.ID {
		return u, fault.Say(op, fault.Forbidden, "not_oneself", "nobody changes himself: ask another owner, or somebody of headquarters")
	}
	return u, h.mayKeep(op, who, role.Role(u.Role))
}

func (h *Hub) mayKeep(op string, who Actor, r role.Role) error {
	if err := who.May(op, role.KeepPeople); err != nil {
		return err
	}
	if r.Valid() && !who.Role.MayGive(r) {
		return fault.Say(op, fault.Forbidden, "owners_by_owners", "only an owner makes and changes owners")
	}
	return nil
}

func (h *Hub) checkPerson(op string, u *db.UserRow) error {
	var w wrong
	u.Name = strings.TrimSpace(u.Name)
	w.text("name", u.Name, 1, 80)
	r := role.Role(u.Role)
	switch {
	case !r.Valid():
		w.say("role", fault.Because("field_role", "is none of the roles"))
	case r.Everywhere() && u.Stores != nil:
		w.say("stores", fault.Because("field_stores_everywhere", "must be left out: this role has all stores"))
	case u.Stores != nil && len(u.Stores) == 0:
		w.say("stores", fault.Because("field_stores_none", "choose at least one store, or all"))
	}
	for i, id := range u.Stores {
		if _, ok := h.db.StoreByID(u.Merchant, id); !ok {
			w.say("stores["+itoa(i)+"]", fault.Because("field_foreign_store", "is none of your stores"))
		}
	}
	return w.err(op)
}

// nameTaken says of a name that somebody has already what to do about it.
func nameTaken(op string, err error) error {
	if !fault.Is(err, fault.Conflict) {
		return fault.Wrap(op, err)
	}
	return &fault.Error{Op: op, Code: fault.Conflict, Why: fault.Because("name_taken", "somebody signs in with this name already; add the family name or the store"), Err: err,
		Fields: []fault.Field{fault.Wrong("body.name", fault.Because("field_taken", "is taken"))}}
}

// lineOf is the line of the journal that tells what is done with a person, and by whom. It
// is written in the transaction that does it.
func (h *Hub) lineOf(who Actor, what string, u db.UserRow) db.Entry {
	return h.lineAbout(who, what, u.ID.String(), map[string]any{"id": u.ID, "name": u.Name, "role": u.Role, "stores": u.Stores, "personal": u.Personal, "suspended": u.Disabled})
}

// lineAbout is such a line of anything else that a person keeps: a device, a printer, a rule.
func (h *Hub) lineAbout(who Actor, what, id string, body any) db.Entry {
	return db.Entry{At: h.now(), Direction: db.Act, What: what, By: who.ID, Outcome: id, Body: toJSON(body)}
}
