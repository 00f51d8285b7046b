package hub

import (
	"context"
	"strings"

	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/ident"
	"github.com/tongdan/tongdan/internal/db"
)

// actors gives the names of those who act for a merchant, by id (usr_…, key_…, dev_…):
// people know each other by name. Devices and keys that were taken away keep theirs.
func (h *Hub) actors(ctx context.Context, m ident.Merchant) (map[string]string, error) {
	out, err := h.db.FormerActors(ctx, m)
	if err != nil {
		return nil, fault.Wrap("hub.actors", err)
	}
	users, err := h.db.Users(ctx, m)
	if err != nil {
		return nil, fault.Wrap("hub.actors", err)
	}
	for _, u := range users {
		out[u.ID.String()] = u.Name
	}
	keys, err := h.db.Keys(ctx, m)
	if err != nil {
		return nil, fault.Wrap("hub.actors", err)
	}
	for _, k := range keys {
		out[k.ID.String()] = k.Name
	}
	devices, err := h.db.Devices(ctx, db.Scope{Merchant: m})
	if err != nil {
		return nil, fault.Wrap("hub.actors", err)
	}
	for _, v := range devices {
		out[v.ID.String()] = v.Name
	}
	return out, nil
}

// Actors gives the names of those who act for the caller's merchant, by id.
func (h *Hub) Actors(ctx context.Context, who Actor) (map[string]string, error) {
	return h.actors(ctx, who.Merchant)
}

func actorID(by string) bool {
	return strings.HasPrefix(by, "usr_") || strings.HasPrefix(by, "key_") || strings.HasPrefix(by, "dev_")
}
