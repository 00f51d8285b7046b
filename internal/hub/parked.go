package hub

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"

	"github.com/tongdan/tongdan/channel"
	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/ident"
	"github.com/tongdan/tongdan/internal/db"
	"github.com/tongdan/tongdan/order"
)

// retry says how a parked message is tried again: a push is received anew from its
// bytes, with today's code; anything else is read again from the platform.
type retry struct {
	Push   bool      `json:"push,omitempty"`
	App    ident.App `json:"app,omitzero"`
	Method string    `json:"method,omitempty"`
	Path   string    `json:"path,omitempty"`
	Query  string    `json:"query,omitempty"`
	Type   string    `json:"type,omitempty"`
	Ref    order.Ref `json:"ref,omitzero"`
}

func (h *Hub) retryOf(l lesson, it channel.Item) json.RawMessage {
	if l.retry != nil {
		return l.retry
	}
	return toJSON(retry{App: l.app, Ref: it.Ref})
}

// Retry tries a parked message again. When it still cannot be read it stays parked,
// with the new reason, and the error says so.
func (h *Hub) Retry(ctx context.Context, who Actor, id ident.Parked) error {
	const op = "hub.Retry"
	row, err := h.db.ParkedByID(ctx, who.Scope, id)
	if err != nil {
		return fault.Wrap(op, err)
	}
	body, err := h.db.ParkedBytes(ctx, who.Scope, id)
	if err != nil {
		return fault.Wrap(op, err)
	}
	if row.State != db.ParkedState {
		return fault.Say(op, fault.Conflict, "parked_over", "it has been {state} already", "state", row.State)
	}
	var how retry
	if err := json.Unmarshal(row.Retry, &how); err != nil {
		return &fault.Error{Op: op, Code: fault.Internal, Ref: id.String(), Err: err}
	}
	if !how.Push {
		return h.retryRead(ctx, who, row, how)
	}
	app, ok := h.db.AppByID(how.App)
	p, found := h.platforms[row.Channel]
	if !ok || !found {
		return fault.Say(op, fault.NotFound, "app_removed", "the app has been removed")
	}
	if _, after, ok := bytes.Cut(body, []byte("\n\n")); ok && how.Query != "" {
		body = after
	}
	req := channel.Request{Method: how.Method, Path: how.Path, Query: how.Query, Header: http.Header{"Content-Type": {how.Type}}, Body: body, At: h.now()}
	rec := p.Receive(appOf(app), req)
	err = rec.Item.Err
	if rec.Verdict != channel.Good {
		err = fault.Say(op, fault.Unauthorized, "signature_refused", "its signature is no longer accepted")
	}
	for _, a := range h.db.AppsAlike(app.ID) { // it came to another merchant's address: see meant
		if app.Merchant != who.Merchant && a.Merchant == who.Merchant {
			app = a
		}
	}
	l := lesson{channel: row.Channel, realm: p.Info().Realm, app: app.ID, dir: db.Push, method: how.Method, path: how.Path, at: h.now(), items: []channel.Item{rec.Item}}
	l.account = h.accountOf(app, l.realm, rec)
	if err == nil {
		_, err = h.db.Do(ctx, db.Verb{Name: "parked.retry", Merchant: who.Merchant, Refs: refs(l.items), Keys: h.keys(l), Class: db.People, Decide: func(tx *db.Tx) error {
			row := row
			row.State, row.Attempts = db.Retried, row.Attempts+1
			tx.UpdateParked(row)
			return h.learn(tx, l)
		}})
	}
	if err != nil {
		return h.stillParked(ctx, who, row, err)
	}
	return nil
}

func (h *Hub) retryRead(ctx context.Context, who Actor, row db.ParkedRow, how retry) error {
	if how.Ref.ID == "" || row.Account == 0 {
		return h.stillParked(ctx, who, row, fault.Say("hub.Retry", fault.Unsupported, "nothing_to_read", "nothing in it says what to read again"))
	}
	key := readKey(row.Account, how.Ref)
	_, err := h.db.Do(ctx, db.Verb{Name: "parked.retry", Merchant: who.Merchant, Refs: []order.Ref{how.Ref}, Keys: []string{key, key + " again"}, Class: db.People, Decide: func(tx *db.Tx) error {
		row := row
		row.State, row.Attempts = db.Retried, row.Attempts+1 // if it cannot be read again, it is parked anew
		tx.UpdateParked(row)
		h.askRead(tx, row.Account, h.appOf(tx, row.Account), how.Ref, 0, "retry")
		return nil
	}})
	return fault.Wrap("hub.Retry", err)
}

func (h *Hub) stillParked(ctx context.Context, who Actor, row db.ParkedRow, cause error) error {
	_, err := h.db.Do(ctx, db.Verb{Name: "parked.again", Merchant: who.Merchant, Class: db.People, Decide: func(tx *db.Tx) error {
		row := row
		row.Attempts, row.Why = row.Attempts+1, reason(cause)
		tx.UpdateParked(row)
		return nil
	}})
	if err != nil {
		return fault.Wrap("hub.Retry", err)
	}
	return &fault.Error{Op: "hub.Retry", Code: fault.Conflict, Why: fault.Because("still_unread", "it still cannot be read: {cause}", "cause", reason(cause).Text), Err: cause}
}

// Drop puts a parked message aside for good; its bytes stay in the journal.
func (h *Hub) Drop(ctx context.Context, who Actor, id ident.Parked) error {
	row, err := h.db.ParkedByID(ctx, who.Scope, id)
	if err != nil {
		return fault.Wrap("hub.Drop", err)
	}
	if row.State != db.ParkedState {
		return fault.Say("hub.Drop", fault.Conflict, "parked_over", "it has been {state} already", "state", row.State)
	}
	_, err = h.db.Do(ctx, db.Verb{Name: "parked.drop", Merchant: who.Merchant, Class: db.People, Decide: func(tx *db.Tx) error {
		row := row
		row.State = db.Dropped
		tx.UpdateParked(row)
		tx.Journal(db.Entry{At: h.now(), Direction: db.Act, What: "parked.drop", Channel: row.Channel, Account: row.Account, By: who.ID, Outcome: row.ID.String()})
		return nil
	}})
	return fault.Wrap("hub.Drop", err)
}
