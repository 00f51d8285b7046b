package api

import (
	"context"
	"fmt"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
	"rsc.io/qr"

	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/ident"
	"github.com/tongdan/tongdan/internal/db"
	"github.com/tongdan/tongdan/internal/hub"
)

func (s *Server) guideRoutes() {
	add(s, op("getGuide", http.MethodGet, "/accounts/{id}/guide", "connections", "How far an account is from taking orders: a checklist of it and of each of its shops, read from what is so"), func(ctx context.Context, in *ByID) (*guideOutput, error) {
		id, err := idOf[ident.Account](in.ID)
		if err != nil {
			return nil, err
		}
		g, err := s.hub.Guide(ctx, who(ctx).Actor, id)
		return &guideOutput{g}, fault.Wrap("api.getGuide", err)
	})
	add(s, op("testAccount", http.MethodPost, "/accounts/{id}/test", "connections", "Try an account's credentials with one signed call that changes nothing"), func(ctx context.Context, in *ByID) (*connTestOutput, error) {
		id, err := idOf[ident.Account](in.ID)
		if err != nil {
			return nil, err
		}
		t, err := s.hub.TestConnection(ctx, who(ctx).Actor, id)
		return &connTestOutput{t}, fault.Wrap("api.testAccount", err)
	})
	add(s, op("findShops", http.MethodGet, "/accounts/{id}/found", "connections", "Ask the platform which shops an account may work for, with proposals which of our stores they are; nothing is kept"), func(ctx context.Context, in *ByID) (*foundOutput, error) {
		id, err := idOf[ident.Account](in.ID)
		if err != nil {
			return nil, err
		}
		list, err := s.hub.Found(ctx, who(ctx).Actor, id)
		out := &foundOutput{}
		out.Body.Shops = list
		return out, fault.Wrap("api.findShops", err)
	})
	add(s, op("bindShops", http.MethodPost, "/accounts/{id}/bind", "connections", "Bind shops to stores, new ones where none is named; they begin as watched"), s.bindShops)
	add(s, op("waiveItem", http.MethodPut, "/shops/{id}/waived", "connections", "Go without an item of a shop's checklist on purpose, or take that back"), func(ctx context.Context, in *waiveInput) (*struct{}, error) {
		id, err := idOf[ident.Shop](in.ID)
		if err != nil {
			return nil, err
		}
		return nil, fault.Wrap("api.waiveItem", s.hub.Waive(ctx, who(ctx).Actor, id, in.Body.Item, in.Body.Waived))
	})
	o := op("authorisePicture", http.MethodGet, "/accounts/{id}/authorise/qr", "connections", "Where the owner agrees at the platform, as a picture for the phone on which he is signed in there")
	o.Responses = map[string]*huma.Response{"200": {Description: "OK", Content: map[string]*huma.MediaType{"image/svg+xml": {Schema: &huma.Schema{Type: "string"}}}}}
	add(s, o, s.authorisePicture)
}

type guideOutput struct{ Body hub.Guide }

type connTestOutput struct{ Body hub.ConnTest }

type foundOutput struct {
	Body struct {
		Shops []hub.FoundShop `json:"shops"`
	}
}

// Binding says which store a shop is.
type Binding struct {
	External string      `json:"external_id" minLength:"1" maxLength:"80"`
	Name     string      `json:"name,omitempty" maxLength:"200"`
	StoreID  ident.Store `json:"store_id,omitempty" doc:"Left out: a store is made, from new_store."`
	New      *NewStore   `json:"new_store,omitempty"`
}

// NewStore is a store to be made for a shop.
type NewStore struct {
	Name    string `json:"name" maxLength:"80"`
	Address string `json:"address,omitempty" maxLength:"300"`
	Zone    string `json:"zone" maxLength:"60" doc:"IANA"`
}

type bindInput struct {
	ByID
	Body struct {
		Shops []Binding `json:"shops" minItems:"1" maxItems:"200"`
	}
}

type bindOutput struct {
	Seq  int64 `header:"Tongdan-Seq"`
	Body struct {
		Shops []hub.Bound `json:"shops"`
	}
}

func (s *Server) bindShops(ctx context.Context, in *bindInput) (*bindOutput, error) {
	const op = "api.bindShops"
	id, err := idOf[ident.Account](in.ID)
	if err != nil {
		return nil, err
	}
	var list []hub.Binding
	for i, b := range in.Body.Shops {
		one := hub.Binding{External: b.External, Name: b.Name, Store: b.StoreID}
		switch {
		case b.New != nil:
			one.New = db.StoreRow{Name: b.New.Name, Address: b.New.Address, Zone: b.New.Zone}
		case b.StoreID == 0:
			return nil, &fault.Error{Op: op, Code: fault.Invalid, Fields: []fault.Field{fault.Wrong(fmt.Sprintf("body.shops[%d].store_id", i), fault.Because("field_needed", "is needed"))}}
		}
		list = append(list, one)
	}
	out := &bindOutput{}
	if out.Body.Shops, err = s.hub.Bind(ctx, who(ctx).Actor, id, list); err != nil {
		return nil, fault.Wrap(op, err)
	}
	out.Seq, err = s.seq(ctx)
	return out, err
}

type waiveInput struct {
	ByID
	Body struct {
		Item   string `json:"item" enum:"order,heard,knock,hours,goods"`
		Waived bool   `json:"waived"`
	}
}

type authorisePictureInput struct {
	ByID
	N string `query:"n" maxLength:"10" doc:"Not read: with it a browser asks anew."`
}

func (s *Server) authorisePicture(ctx context.Context, in *authorisePictureInput) (*huma.StreamResponse, error) {
	const op = "api.authorisePicture"
	id, err := idOf[ident.Account](in.ID)
	if err != nil {
		return nil, err
	}
	u, err := s.hub.ConsentURL(ctx, who(ctx).Actor, id)
	if err != nil {
		return nil, fault.Wrap(op, err)
	}
	code, err := qr.Encode(u, qr.L)
	if err != nil {
		return nil, fault.Wrap(op, err)
	}
	picture := svg(code)
	return &huma.StreamResponse{Body: func(hc huma.Context) {
		hc.SetHeader("Content-Type", "image/svg+xml")
		hc.SetHeader("Cache-Control", "no-store")
		hc.BodyWriter().Write([]byte(picture)) // an error is the client's, who has left
	}}, nil
}
