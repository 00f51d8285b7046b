package api

import (
	"context"
	"net/http"
	"time"

	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/ident"
	"github.com/tongdan/tongdan/internal/hub"
)

func (s *Server) soldOutRoutes() {
	add(s, op("listSoldOut", http.MethodGet, "/stores/{id}/soldout", "stock", "What is sold out by hand at a store, and how far each channel is"), s.listSoldOut)
	add(s, op("sellOut", http.MethodPut, "/stores/{id}/soldout", "stock", "Sell a dish out on all channels of a store until a moment, or bring it back"), s.sellOut)
}

type soldOutOutput struct {
	Body struct {
		Dishes []hub.Out `json:"dishes"`
	}
}

type sellOutInput struct {
	ByID
	Body struct {
		SKU     ident.SKU   `json:"sku_id,omitempty"`
		OrderID ident.Order `json:"order_id,omitempty" doc:"Instead of sku_id: the dish is a line of this order, by item."`
		Item    string      `json:"item,omitempty" maxLength:"200" doc:"The line's name, as the order's items show it."`
		UntilAt int64       `json:"until_at" minimum:"0" doc:"When it comes back by itself, within seven days, by the clock of the header Date; 0 brings it back now."`
	}
}

func (s *Server) listSoldOut(ctx context.Context, in *ByID) (*soldOutOutput, error) {
	c := who(ctx)
	store, err := s.ownStore(c, in.ID)
	if err != nil {
		return nil, err
	}
	out := &soldOutOutput{}
	out.Body.Dishes, err = s.hub.SoldOut(ctx, c.Actor, store)
	return out, fault.Wrap("api.listSoldOut", err)
}

func (s *Server) sellOut(ctx context.Context, in *sellOutInput) (*soldOutOutput, error) {
	const op = "api.sellOut"
	c := who(ctx)
	if _, err := s.pressed(c, 0); err != nil {
		return nil, err
	}
	store, err := s.ownStore(c, in.ID)
	if err != nil {
		return nil, err
	}
	if (in.Body.SKU == 0) == (in.Body.OrderID == 0) {
		return nil, &fault.Error{Op: op, Code: fault.Invalid, Fields: []fault.Field{fault.Wrong("body.sku_id", fault.Because("field_either", "give either sku_id, or order_id and item"))}}
	}
	var until time.Time
	if in.Body.UntilAt > 0 { // levels keep the wall clock
		until = s.now().Add(time.UnixMilli(in.Body.UntilAt).Sub(s.hub.Now()))
	}
	if err := s.hub.SellOut(ctx, c.Actor, store, in.Body.SKU, in.Body.OrderID, in.Body.Item, until); err != nil {
		return nil, fault.Wrap(op, err)
	}
	return s.listSoldOut(ctx, &in.ByID)
}
