package api

import (
	"context"
	"net/http"

	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/internal/hub"
	"github.com/tongdan/tongdan/internal/rule"
)

// RuleBody is a rule as it is given.
type RuleBody struct {
	Version int64        `json:"version" minimum:"0" doc:"That one has seen: another by now is a conflict."`
	On      bool         `json:"on"`
	Accept  *rule.Accept `json:"accept,omitempty" doc:"Of kind accept."`
	Refund  *rule.Refund `json:"refund,omitempty" doc:"Of kind refund."`
	Ride    *rule.Ride   `json:"ride,omitempty" doc:"Of kind ride."`
}

type ruleInput struct {
	ByID
	Kind string `path:"kind" enum:"accept,refund,ride"`
	Body RuleBody
}

func (s *Server) ruleRoutes() {
	add(s, op("listRules", http.MethodGet, "/rules", "rules", "What each of one's stores decides by itself, and how the day went"), s.listRules)
	add(s, op("setRule", http.MethodPut, "/stores/{id}/rules/{kind}", "rules", "Set up, change or switch a rule of a store; what came before it was switched on is left to people"), s.setRule)
	add(s, op("tryRule", http.MethodPost, "/stores/{id}/rules/{kind}/try", "rules", "What a rule with these conditions would have done in the last seven days; nothing is changed"), s.tryRule)
}

type rulesOutput struct {
	Seq  int64 `header:"Tongdan-Seq"`
	Body struct {
		Rules []hub.Rule `json:"rules"`
	}
}

func (s *Server) listRules(ctx context.Context, _ *struct{}) (*rulesOutput, error) {
	list, err := s.hub.Rules(ctx, who(ctx).Actor)
	out := &rulesOutput{}
	out.Body.Rules = list
	if list == nil {
		out.Body.Rules = []hub.Rule{}
	}
	return out, fault.Wrap("api.listRules", err)
}

// ruleOf reads the rule that is given for a store of the caller's.
func (s *Server) ruleOf(ctx context.Context, in *ruleInput) (hub.Rule, error) {
	store, err := s.ownStore(who(ctx), in.ID)
	return hub.Rule{StoreID: store, Kind: in.Kind, Version: in.Body.Version, On: in.Body.On, Accept: in.Body.Accept, Refund: in.Body.Refund, Ride: in.Body.Ride}, err
}

func (s *Server) setRule(ctx context.Context, in *ruleInput) (*rulesOutput, error) {
	const op = "api.setRule"
	r, err := s.ruleOf(ctx, in)
	if err != nil {
		return nil, err
	}
	if err := s.hub.PutRule(ctx, who(ctx).Actor, r); err != nil {
		return nil, fault.Wrap(op, err)
	}
	out, err := s.listRules(ctx, nil)
	if err == nil {
		out.Seq, err = s.seq(ctx)
	}
	return out, err
}

type trialOutput struct{ Body hub.Trial }

func (s *Server) tryRule(ctx context.Context, in *ruleInput) (*trialOutput, error) {
	r, err := s.ruleOf(ctx, in)
	if err != nil {
		return nil, err
	}
	t, err := s.hub.TryRule(ctx, who(ctx).Actor, r)
	return &trialOutput{t}, fault.Wrap("api.tryRule", err)
}
