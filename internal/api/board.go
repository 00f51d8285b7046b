package api

import (
	"context"
	"net/http"
	"slices"

	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/ident"
	"github.com/tongdan/tongdan/internal/hub"
)

func (s *Server) boardRoutes() {
	add(s, op("getBoard", http.MethodGet, "/board", "board", "How one's stores are doing, the worst first"), s.board)
	add(s, op("listMessages", http.MethodGet, "/messages", "board", "What waits for somebody: each clears itself when the fact changes"), s.messages)
	add(s, op("getRadar", http.MethodGet, "/radar", "board", "How near each shop is to each rule by which its platform punishes, the nearest first"), s.radar)
	add(s, op("getLostRefunds", http.MethodGet, "/refunds/lost", "board", "Refunds that platforms agreed to by themselves since nobody answered in time: by store, today and this week"), s.lost)
	add(s, op("takeMessage", http.MethodPost, "/messages/take", "board", "Say that one sees to something, or give it back"), s.take)
}

type boardOutput struct{ Body hub.Board }

func (s *Server) board(ctx context.Context, _ *struct{}) (*boardOutput, error) {
	b, err := s.hub.Board(ctx, who(ctx).Actor)
	return &boardOutput{b}, fault.Wrap("api.board", err)
}

type lostOutput struct{ Body hub.Lost }

func (s *Server) lost(ctx context.Context, _ *struct{}) (*lostOutput, error) {
	l, err := s.hub.Lost(ctx, who(ctx).Actor)
	return &lostOutput{l}, fault.Wrap("api.lost", err)
}

type radarOutput struct {
	Body struct {
		AsOf    int64        `json:"as_of"`
		Dangers []hub.Danger `json:"dangers"`
	}
}

func (s *Server) radar(ctx context.Context, _ *struct{}) (*radarOutput, error) {
	out := &radarOutput{}
	list, err := s.hub.Radar(ctx, who(ctx).Actor)
	out.Body.AsOf, out.Body.Dangers = s.hub.Now().UnixMilli(), list
	return out, fault.Wrap("api.radar", err)
}

type messagesInput struct {
	Store []string `query:"store" maxItems:"200" doc:"Separated by commas."`
	Kind  []string `query:"kind" enum:"unaccepted,late,rider,refund,reminder,problem,unknown,full,refused,parked,authorise,platform,comment,penalty,printer,resting,rule,silent,stuck,lost,slow"`
}

// Messages are what waits for somebody.
type Messages struct {
	AsOf     int64          `json:"as_of"`
	Counts   map[string]int `json:"counts" doc:"By kind, before the filter by kind."`
	Untaken  int            `json:"untaken" doc:"Of all, those that nobody sees to."`
	Messages []hub.Concern  `json:"messages" doc:"The first 500."`
	More     bool           `json:"more" doc:"There are more than are listed or were looked at."`
}

type messagesOutput struct{ Body Messages }

const mostMessages = 500

func (s *Server) messages(ctx context.Context, in *messagesInput) (*messagesOutput, error) {
	const op = "api.messages"
	stores, err := idsOf[ident.Store]("query.store", in.Store)
	if err != nil {
		return nil, err
	}
	list, more, err := s.hub.Concerns(ctx, who(ctx).Actor)
	if err != nil {
		return nil, fault.Wrap(op, err)
	}
	out := Messages{AsOf: s.hub.Now().UnixMilli(), Counts: map[string]int{}, Messages: []hub.Concern{}, More: more}
	for _, c := range list {
		if stores != nil && !slices.Contains(stores, c.StoreID) {
			continue
		}
		out.Counts[c.Kind]++
		if c.TakenBy == "" {
			out.Untaken++
		}
		switch {
		case in.Kind != nil && !slices.Contains(in.Kind, c.Kind):
		case len(out.Messages) == mostMessages:
			out.More = true
		default:
			out.Messages = append(out.Messages, c)
		}
	}
	return &messagesOutput{out}, nil
}

type takeBody struct {
	Key  string `json:"key" minLength:"1" maxLength:"200"`
	Take bool   `json:"take" doc:"false gives it back."`
}

type takeOutput struct{ Body hub.Concern }

func (s *Server) take(ctx context.Context, in *create[takeBody]) (*takeOutput, error) {
	c, err := s.hub.Take(ctx, who(ctx).Actor, in.Body.Key, in.Body.Take)
	return &takeOutput{c}, fault.Wrap("api.take", err)
}
