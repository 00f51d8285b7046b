package api

import (
	"context"
	"net/http"
	"time"

	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/ident"
	"github.com/tongdan/tongdan/internal/db"
	"github.com/tongdan/tongdan/internal/hub"
)

func (s *Server) intakeRoutes() {
	add(s, op("listIntakes", http.MethodGet, "/intakes", "stores", "Of all stores in sight, whether they take orders: what was said here, and how each platform shows them"), s.listIntakes)
	add(s, op("restShops", http.MethodPut, "/intakes", "stores", "Let shops rest until a moment, or take orders now; a result for each"), s.restShops)
	add(s, op("getIntake", http.MethodGet, "/stores/{id}/intake", "stores", "Whether a store takes orders on each channel, and how full its kitchen is"), s.getIntake)
	add(s, op("restStore", http.MethodPut, "/stores/{id}/intake", "stores", "Let a store take no orders until a moment, on all its channels; it takes them again by itself"), s.restStore)
	add(s, op("setKitchen", http.MethodPut, "/stores/{id}/kitchen", "stores", "Say how many orders a store's kitchen can make in a slot of time"), s.setKitchen)
}

type intakesOutput struct {
	Body struct {
		Stores []hub.StoreIntake `json:"stores"`
	}
}

type restsInput struct {
	Body struct {
		ShopIDs []ident.Shop `json:"shop_ids" minItems:"1" maxItems:"500"`
		UntilAt int64        `json:"until_at" minimum:"0" doc:"Until when they rest, within 24 hours, by the clock of the header Date; 0: they take orders now, whoever let them rest."`
	}
}

type restsOutput struct {
	Body struct {
		Results []hub.IntakeResult `json:"results"`
	}
}

func (s *Server) listIntakes(ctx context.Context, _ *struct{}) (*intakesOutput, error) {
	list, err := s.hub.Intakes(ctx, who(ctx).Actor)
	out := &intakesOutput{}
	out.Body.Stores = list
	return out, fault.Wrap("api.listIntakes", err)
}

func (s *Server) restShops(ctx context.Context, in *restsInput) (*restsOutput, error) {
	c := who(ctx)
	if _, err := s.pressed(c, 0); err != nil {
		return nil, err
	}
	list, err := s.hub.SetIntakes(ctx, c.Actor, in.Body.ShopIDs, s.wall(in.Body.UntilAt))
	out := &restsOutput{}
	out.Body.Results = list
	return out, fault.Wrap("api.restShops", err)
}

// wall is a moment by the clock that clients see, on the wall clock, which effects keep; 0 is the zero time.
func (s *Server) wall(at int64) time.Time {
	if at == 0 {
		return time.Time{}
	}
	return s.now().Add(time.UnixMilli(at).Sub(s.hub.Now()))
}

type intakeOutput struct{ Body hub.Intake }

type restInput struct {
	ByID
	Body struct {
		UntilAt int64 `json:"until_at" minimum:"0" doc:"Until when, within four hours, by the clock of the header Date; a later one than before extends it, 0 ends it now."`
	}
}

type kitchenInput struct {
	ByID
	Body struct {
		SlotMinutes int `json:"slot_minutes" doc:"5, 10, 15, 20, 30 or 60."`
		SlotOrders  int `json:"slot_orders" doc:"0 takes it back: then nobody is told when it is full."`
	}
}

func (s *Server) getIntake(ctx context.Context, in *ByID) (*intakeOutput, error) {
	c := who(ctx)
	store, err := s.ownStore(c, in.ID)
	if err != nil {
		return nil, err
	}
	got, err := s.hub.Intake(ctx, c.Actor, store)
	return &intakeOutput{got}, fault.Wrap("api.getIntake", err)
}

func (s *Server) restStore(ctx context.Context, in *restInput) (*intakeOutput, error) {
	const op = "api.restStore"
	c := who(ctx)
	if _, err := s.pressed(c, 0); err != nil {
		return nil, err
	}
	store, err := s.ownStore(c, in.ID)
	if err != nil {
		return nil, err
	}
	if err := s.hub.Rest(ctx, c.Actor, store, s.wall(in.Body.UntilAt)); err != nil {
		return nil, fault.Wrap(op, err)
	}
	return s.getIntake(ctx, &in.ByID)
}

func (s *Server) setKitchen(ctx context.Context, in *kitchenInput) (*intakeOutput, error) {
	const op = "api.setKitchen"
	c := who(ctx)
	store, err := s.ownStore(c, in.ID)
	if err != nil {
		return nil, err
	}
	if err := s.hub.SetKitchen(ctx, c.Actor, store, db.KitchenRow{Store: store, Minutes: in.Body.SlotMinutes, Orders: in.Body.SlotOrders}); err != nil {
		return nil, fault.Wrap(op, err)
	}
	return s.getIntake(ctx, &in.ByID)
}
