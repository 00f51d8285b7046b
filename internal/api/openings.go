package api

import (
	"context"
	"net/http"
	"time"

	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/internal/db"
)

// Opening says that somebody went through a store's opening check, or skipped it.
type Opening struct {
	Day     string `json:"day" doc:"Of the store's zone: 2026-03-01."`
	By      string `json:"by" doc:"usr_…, key_… or dev_…"`
	Name    string `json:"by_name"`
	At      int64  `json:"at"`
	Skipped bool   `json:"skipped" doc:"Not all of it was looked at."`
	Heard   string `json:"heard" enum:"heard,unheard," doc:"Whether the voice was heard; empty: it was not tried."`
}

func (s *Server) openingRoutes() {
	add(s, op("listOpenings", http.MethodGet, "/stores/{id}/openings", "devices", "A store's last opening checks, newest first"), s.listOpenings)
	add(s, op("noteOpening", http.MethodPost, "/stores/{id}/openings", "devices", "Note that today's opening check was gone through, or skipped"), s.noteOpening)
}

type openingsOutput struct {
	Body struct {
		Today    string    `json:"today"`
		Openings []Opening `json:"openings"`
	}
}

type noteOpeningInput struct {
	ByID
	Body struct {
		Skipped bool   `json:"skipped,omitempty" doc:"Not all of it was looked at."`
		Heard   string `json:"heard,omitempty" enum:"heard,unheard," doc:"Whether the voice was heard."`
	}
}

func (s *Server) listOpenings(ctx context.Context, in *ByID) (*openingsOutput, error) {
	c := who(ctx)
	store, err := s.ownStore(c, in.ID)
	if err != nil {
		return nil, err
	}
	rows, err := s.db.Openings(ctx, c.Merchant, store)
	out := &openingsOutput{}
	place, _ := s.db.StoreByID(c.Merchant, store)
	out.Body.Today = s.dayAt(place)
	out.Body.Openings = each(rows, func(o db.OpeningRow) Opening { return Opening{o.Day, o.By, o.Name, o.At, o.Skipped, o.Heard} })
	return out, fault.Wrap("api.listOpenings", err)
}

func (s *Server) noteOpening(ctx context.Context, in *noteOpeningInput) (*openingsOutput, error) {
	const op = "api.noteOpening"
	c := who(ctx)
	if _, err := s.pressed(c, 0); err != nil {
		return nil, err
	}
	store, err := s.ownStore(c, in.ID)
	if err != nil {
		return nil, err
	}
	place, _ := s.db.StoreByID(c.Merchant, store)
	row := db.OpeningRow{Store: store, Day: s.dayAt(place), By: c.ID, Name: c.Name, At: s.hub.Now().UnixMilli(), Skipped: in.Body.Skipped, Heard: in.Body.Heard}
	if err := s.db.NoteOpening(ctx, c.Merchant, row); err != nil {
		return nil, fault.Wrap(op, err)
	}
	return s.listOpenings(ctx, &in.ByID)
}

// dayAt is the day that it is at a store.
func (s *Server) dayAt(store db.StoreRow) string {
	zone, err := time.LoadLocation(store.Zone)
	if err != nil {
		zone = time.UTC
	}
	return s.hub.Now().In(zone).Format(time.DateOnly)
}
