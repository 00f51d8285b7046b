package api

import (
	"context"
	"net/http"

	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/internal/hub"
)

type healthOutput struct{ Body hub.Health }

func (s *Server) healthRoutes() {
	add(s, op("getHealth", http.MethodGet, "/status/health", "status",
		"How everything is doing: each account in one word, queues, lanes, calls of the last hour, the database and its nodes; for whoever sees all stores"), s.health)
}

func (s *Server) health(ctx context.Context, _ *struct{}) (*healthOutput, error) {
	const op = "api.health"
	c := who(ctx)
	h, err := s.hub.Health(ctx, c.Merchant)
	return &healthOutput{h}, fault.Wrap(op, err)
}
