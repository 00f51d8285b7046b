package hub

import (
	"context"
	"encoding/json"
	"strings"
	"time"

	"github.com/tongdan/tongdan/channel"
	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/ident"
	"github.com/tongdan/tongdan/internal/db"
	"github.com/tongdan/tongdan/order"
)

// A Handover is an order that was given to the customer who came for it.
type Handover struct {
	OrderID    ident.Order  `json:"order_id"`
	Channel    string       `json:"channel"`
	DisplayRef string       `json:"display_ref"`
	DaySeq     string       `json:"day_seq,omitempty"`
	Lines      string       `json:"summary"`
	Status     order.Status `json:"status" enum:"delivered,done,cancelled,replaced"`
	At         int64        `json:"at" doc:"When it was pressed."`
	By         string       `json:"by" doc:"usr_…, key_… or dev_…"`
	ByName     string       `json:"by_name,omitempty"`
	Code       bool         `json:"code" doc:"Its code was scanned, or its whole number typed. false: by hand, or in the list of orders, where nobody is asked for a code."`
	Reason     string       `json:"reason,omitempty" doc:"Why there was no code, in the words of who handed it over."`
}

// Handovers are what a store handed over on one of its business days.
type Handovers struct {
	Day       string     `json:"day" doc:"YYYY-MM-DD, the store's business day."`
	Today     string     `json:"today" doc:"The one that it is now."`
	Handovers []Handover `json:"handovers" doc:"The last first."`
	Next      string     `json:"next_cursor" doc:"The cursor of the next page; empty: there is none."`
	All       int        `json:"all" doc:"How many orders that day, whatever is asked for."`
	NoCode    int        `json:"no_code" doc:"How many of them without a code."`
}

// HandoverAsk says which page of which day.
type HandoverAsk struct {
	Store  ident.Store
	Day    string // YYYY-MM-DD; "" = today
	NoCode bool
	Cursor string
	Limit  int
}

// Handovers lists what was handed over at a store on one business day. It fails with
// fault.NotFound for a store that is not the caller's.
func (h *Hub) Handovers(ctx context.Context, who Actor, a HandoverAsk) (Handovers, error) {
	const op = "hub.Handovers"
	out := Handovers{Handovers: []Handover{}}
	if _, ok := h.db.StoreByID(who.Merchant, a.Store); !ok || !who.Sees(a.Store) {
		return out, fault.Say(op, fault.NotFound, "no_store", "there is no such store")
	}
	began := h.dayBegan(who.Merchant, a.Store, h.now())
	out.Today = began.Format(time.DateOnly)
	if a.Day != "" {
		day, err := time.ParseInLocation(time.DateOnly, a.Day, began.Location())
		if err != nil || day.After(began) || day.Before(began.AddDate(0, 0, -400)) {
			why := fault.Because("field_day", "is no day of the last 400")
			return out, &fault.Error{Op: op, Code: fault.Invalid, Why: why, Fields: []fault.Field{fault.Wrong("query.day", why)}}
		}
		began = time.Date(day.Year(), day.Month(), day.Day(), began.Hour(), began.Minute(), 0, 0, began.Location())
	}
	end := began.AddDate(0, 0, 1)
	out.Day = began.Format(time.DateOnly)
	f := db.HandoverFilter{Store: a.Store, From: began.UnixMilli(), To: end.UnixMilli(), NoCode: a.NoCode, Cursor: a.Cursor, Limit: a.Limit}
	list, next, err := h.db.Handovers(ctx, who.Scope, f)
	if err != nil {
		return out, fault.Wrap(op, err)
	}
	out.Next = next
	if out.All, out.NoCode, err = h.db.CountHandovers(ctx, who.Scope, f); err != nil {
		return out, fault.Wrap(op, err)
	}
	var names map[string]string
	if len(list) > 0 {
		if names, err = h.actors(ctx, who.Merchant); err != nil {
			return out, fault.Wrap(op, err)
		}
	}
	seen := map[ident.Order]bool{} // a press that was refused may have been followed by another
	for _, x := range list {
		var s Summary
		if seen[x.Order] || json.Unmarshal(x.Summary, &s) != nil {
			continue
		}
		seen[x.Order] = true
		out.Handovers = append(out.Handovers, Handover{
			OrderID: x.Order, Channel: s.Channel, DisplayRef: s.DisplayRef, DaySeq: s.DaySeq, Lines: s.Lines, Status: s.Status,
			At: x.At.UnixMilli(), By: x.By, ByName: names[x.By], Code: x.Method == db.ByCode, Reason: reasonOf(x.Body),
		})
	}
	return out, nil
}

// reasonOf reads why there was no code out of a hand-over's line in the journal: what was
// told to the platform, or what stays here.
func reasonOf(body []byte) string {
	var told channel.Act
	if json.Unmarshal(body, &told) == nil && told.Reason != "" {
		return strings.TrimSpace(told.Reason)
	}
	var own order.Record
	if json.Unmarshal(body, &own) == nil {
		for _, s := range own.Axes[order.AxisDelivery] {
			if s.Why != "" {
				return s.Why
			}
		}
	}
	return ""
}
