package api

import (
	"context"
	"net/http"
	"strconv"

	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/ident"
	"github.com/tongdan/tongdan/internal/db"
)

// Evidence is a picture of spoilt or missing food.
type Evidence struct {
	ID     ident.Picture `json:"id"`
	Case   string        `json:"for" doc:"Of which after-sale; empty: of the order as a whole."`
	Type   string        `json:"type" enum:"image/jpeg,image/png"`
	By     string        `json:"by"`
	ByName string        `json:"by_name"`
	At     int64         `json:"at"`
}

func (s *Server) evidenceRoutes() {
	add(s, op("listEvidence", http.MethodGet, "/orders/{id}/evidence", "orders", "The pictures that were taken of an order's spoilt or missing food"), s.listEvidence)
	add(s, op("addEvidence", http.MethodPost, "/orders/{id}/evidence", "orders", "Keep such a picture, at most eight of an order; an act with pictures can name them"), s.addEvidence)
	add(s, op("getEvidence", http.MethodGet, "/orders/{id}/evidence/{picture}", "orders", "One picture"), s.getEvidence)
	o := op("dropEvidence", http.MethodDelete, "/orders/{id}/evidence/{picture}", "orders", "Remove a picture: one's own, or with the right to answer refunds")
	o.DefaultStatus = http.StatusNoContent
	add(s, o, s.dropEvidence)
}

type evidenceOutput struct {
	Body struct {
		Pictures []Evidence `json:"pictures"`
	}
}

type addEvidenceInput struct {
	ByID
	ActOnce
	Body struct {
		Case    string `json:"for,omitempty" maxLength:"200" doc:"The key of the after-sale."`
		Picture []byte `json:"picture" doc:"JPEG or PNG, base64, at most 700 KiB."`
	}
}

type byPicture struct {
	ByID
	Picture string `path:"picture" maxLength:"32"`
}

type pictureOutput struct {
	Type string `header:"Content-Type"`
	Keep string `header:"Cache-Control"`
	Body []byte
}

func (s *Server) listEvidence(ctx context.Context, in *ByID) (*evidenceOutput, error) {
	id, err := idOf[ident.Order](in.ID)
	if err != nil {
		return nil, err
	}
	list, err := s.hub.Evidence(ctx, who(ctx).Actor, id)
	out := &evidenceOutput{}
	out.Body.Pictures = each(list, func(e db.EvidenceRow) Evidence { return Evidence{e.ID, e.Case, e.Type, e.By, e.ByName, e.At} })
	return out, fault.Wrap("api.listEvidence", err)
}

func (s *Server) addEvidence(ctx context.Context, in *addEvidenceInput) (*evidenceOutput, error) {
	id, err := idOf[ident.Order](in.ID)
	if err != nil {
		return nil, err
	}
	if err := s.hub.AddEvidence(ctx, who(ctx).Actor, id, in.Body.Case, in.Body.Picture); err != nil {
		return nil, fault.Wrap("api.addEvidence", err)
	}
	return s.listEvidence(ctx, &in.ByID)
}

func (s *Server) getEvidence(ctx context.Context, in *byPicture) (*pictureOutput, error) {
	id, err := idOf[ident.Order](in.ID)
	if err != nil {
		return nil, err
	}
	pic, err := idOf[ident.Picture](in.Picture)
	if err != nil {
		return nil, err
	}
	e, err := s.hub.Picture(ctx, who(ctx).Actor, id, pic)
	if err != nil {
		return nil, fault.Wrap("api.getEvidence", err)
	}
	return &pictureOutput{e.Type, "private, max-age=3600", e.Picture}, nil
}

// linkedPicture shows a picture to whoever has its link: a platform that was given it with an appeal.
func (s *Server) linkedPicture(w http.ResponseWriter, r *http.Request) {
	e, err := s.hub.LinkedPicture(r.Context(), r.PathValue("link"))
	if err != nil {
		s.fail(w, r, err)
		return
	}
	h := w.Header()
	h.Set("Content-Type", e.Type)
	h.Set("Content-Length", strconv.Itoa(len(e.Picture)))
	h.Set("Cache-Control", "private, max-age=3600")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Robots-Tag", "noindex")
	w.Write(e.Picture)
}

func (s *Server) dropEvidence(ctx context.Context, in *byPicture) (*struct{}, error) {
	id, err := idOf[ident.Order](in.ID)
	if err != nil {
		return nil, err
	}
	pic, err := idOf[ident.Picture](in.Picture)
	if err != nil {
		return nil, err
	}
	return nil, fault.Wrap("api.dropEvidence", s.hub.DropEvidence(ctx, who(ctx).Actor, id, pic))
}
