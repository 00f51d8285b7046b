package hub

import (
	"context"
	"crypto/rand"
	"math/big"
	"slices"
	"strings"

	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/ident"
	"github.com/tongdan/tongdan/internal/db"
	"github.com/tongdan/tongdan/role"
)

// Pair makes a device of the screen that shows a code, for a store of the caller's.
func (h *Hub) Pair(ctx context.Context, who Actor, code string, v db.DeviceRow) (db.DeviceRow, error) {
	const op = "hub.Pair"
	v.Merchant, v.By, v.Name = who.Merchant, who.ID, strings.TrimSpace(v.Name)
	if _, ok := h.db.StoreByID(who.Merchant, v.Store); !ok || !who.Sees(v.Store) {
		return v, &fault.Error{Op: op, Code: fault.Invalid, Fields: []fault.Field{fault.Wrong("body.store_id", fault.Because("field_not_yours", "is none of your stores"))}}
	}
	if v.Kind != "" && !role.Role(v.Kind).Screen() {
		return v, &fault.Error{Op: op, Code: fault.Invalid, Fields: []fault.Field{fault.Wrong("body.kind", fault.Because("field_kind_here", "is none that this build has"))}}
	}
	v, err := h.db.Pair(ctx, code, v, func(v db.DeviceRow) db.Entry { return h.lineOfDevice(who, "device.pair", v) })
	return v, fault.Wrap(op, err)
}

// Device finds a device of the caller's stores.
func (h *Hub) Device(ctx context.Context, who Actor, id ident.Device) (db.DeviceRow, error) {
	v, err := h.db.DeviceByID(ctx, who.Merchant, id)
	if err == nil && !who.Sees(v.Store) {
		err = fault.Say("hub.Device", fault.NotFound, "no_device", "there is no such device; it may have been revoked")
	}
	return v, fault.Wrap("hub.Device", err)
}

// ChangeDevice changes a device's name and how it locks.
func (h *Hub) ChangeDevice(ctx context.Context, who Actor, id ident.Device, name string, pin bool, lockMinutes int) (db.DeviceRow, error) {
	const op = "hub.ChangeDevice"
	v, err := h.Device(ctx, who, id)
	if err != nil {
		return v, err
	}
	v.Name, v.PIN, v.LockMinutes = strings.TrimSpace(name), pin, lockMinutes
	return v, fault.Wrap(op, h.db.SetDevice(ctx, v, h.lineOfDevice(who, "device.change", v)))
}

// Revoke ends a device's session at once.
func (h *Hub) Revoke(ctx context.Context, who Actor, id ident.Device) error {
	v, err := h.Device(ctx, who, id)
	if err != nil {
		return err
	}
	return fault.Wrap("hub.Revoke", h.db.Revoke(ctx, who.Merchant, id, h.lineOfDevice(who, "device.revoke", v)))
}

// lineOfDevice is the line of the journal that tells what is done with a device, and by whom.
func (h *Hub) lineOfDevice(who Actor, what string, v db.DeviceRow) db.Entry {
	return h.lineAbout(who, what, v.ID.String(), map[string]any{"id": v.ID, "name": v.Name, "store": v.Store, "kind": v.Kind, "pin": v.PIN, "lock_minutes": v.LockMinutes})
}

// A Crewman is a person who may stand before the screens of some stores.
type Crewman struct {
	db.UserRow
	PIN   db.PINRow // At 0: has none
	Gives bool      // the caller may give this person a PIN
}

// Crew lists who may work at a store's screens and is not suspended, by name; store 0 is
// all stores of the caller.
func (h *Hub) Crew(ctx context.Context, who Actor, store ident.Store) ([]Crewman, error) {
	const op = "hub.Crew"
	users, err := h.db.Users(ctx, who.Merchant)
	if err != nil {
		return nil, fault.Wrap(op, err)
	}
	pins, err := h.db.PINs(ctx, who.Merchant)
	if err != nil {
		return nil, fault.Wrap(op, err)
	}
	var out []Crewman
	for _, u := range users {
		if !u.Disabled && sharesStore(u, who.Scope, store) {
			out = append(out, Crewman{u, pins[u.ID], gives(who, u)})
		}
	}
	return out, nil
}

func sharesStore(u db.UserRow, s db.Scope, store ident.Store) bool {
	of := db.Scope{Merchant: u.Merchant, Stores: u.Stores}
	switch {
	case store != 0:
		return s.Sees(store) && of.Sees(store)
	case s.Stores == nil || u.Stores == nil:
		return true
	}
	return slices.ContainsFunc(s.Stores, of.Sees)
}

// gives reports whether somebody may give a person a PIN: of a shared store, and none
// above himself, since acts then carry that person's name.
func gives(who Actor, u db.UserRow) bool {
	mine, theirs := slices.Index(role.Roles, who.Role), slices.Index(role.Roles, role.Role(u.Role))
	return mine >= 0 && mine <= theirs && who.Role.May(role.KeepDevices, who.Stores == nil) && sharesStore(u, who.Scope, 0)
}

// GivePIN gives a person a PIN by its hash, "" takes it away: by whoever keeps the devices
// of a store of that person, or by the person.
func (h *Hub) GivePIN(ctx context.Context, who Actor, id ident.User, hash string) error {
	const op = "hub.GivePIN"
	u, err := h.db.UserByID(ctx, who.Merchant, id)
	if err != nil {
		return fault.Wrap(op, err)
	}
	if own := id.String() == who.ID; !own && !sharesStore(u, who.Scope, 0) {
		return fault.Say(op, fault.NotFound, "no_user", "there is no such user")
	} else if !own && !gives(who, u) {
		return fault.Say(op, fault.Forbidden, "pin_above", "nobody gives a PIN to who is above him; the person sets one under Me")
	}
	line := h.lineAbout(who, "person.pin", id.String(), map[string]any{"id": id, "name": u.Name, "has": hash != ""})
	return fault.Wrap(op, h.db.SetPIN(ctx, who.Merchant, id, hash, who.ID, line))
}

// DrawPIN draws four digits that are not the first that somebody would try.
func DrawPIN() string {
	for {
		n, err := rand.Int(rand.Reader, big.NewInt(10_000))
		if err != nil {
			continue // crypto/rand does not fail
		}
		s := n.String()
		if s = strings.Repeat("0", 4-len(s)) + s; !WeakPIN(s) {
			return s
		}
	}
}

// WeakPIN reports whether a PIN is one digit again and again, or counts up or down.
func WeakPIN(s string) bool {
	if len(s) < 2 {
		return true
	}
	step := int(s[1]) - int(s[0])
	for i := 1; i < len(s); i++ {
		if int(s[i])-int(s[i-1]) != step {
			return false
		}
	}
	return step >= -1 && step <= 1
}
