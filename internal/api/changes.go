package api

import (
	"context"
	"net/http"
	"reflect"

	"github.com/danielgtaylor/huma/v2"

	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/internal/db"
)

// Change is one line of the feed. The numbers of all changes together have no gaps;
// whoever sees only some stores sees only some numbers.
type Change struct {
	Seq  int64  `json:"seq"`
	Kind string `json:"kind" doc:"order, account, parked, effect, batch or directory; others may come."`
	ID   string `json:"id"`
	At   int64  `json:"at"`
}

type changesInput struct {
	After int64 `query:"after" minimum:"0" doc:"The last number that was seen."`
	Limit int   `query:"limit" minimum:"1" maximum:"1000" default:"500"`
}

type changesOutput struct {
	Body struct {
		Epoch   int64    `json:"epoch" doc:"When it differs from the one seen before, a backup was restored: read everything anew."`
		Changes []Change `json:"changes"`
		Next    int64    `json:"next" doc:"Give it back as after."`
		Gap     bool     `json:"gap" doc:"What came right after the number is not kept any more: read everything anew."`
	}
}

type streamInput struct {
	LastEventID string `header:"Last-Event-ID" maxLength:"60" doc:"EPOCH-SEQ of the last event seen."`
	After       string `query:"after" maxLength:"60" doc:"The same, for the first connection: the epoch and seq of a list, as EPOCH-SEQ."`
}

func (s *Server) feedRoutes() {
	add(s, op("listChanges", http.MethodGet, "/changes", "feed", "Everything that changed after a number, in order"), s.listChanges)
	o := op("stream", http.MethodGet, "/stream", "feed", "The same, live, as server-sent events: change, and gone when the id is not known any more and everything must be read anew")
	o.Responses = map[string]*huma.Response{"200": {
		Description: "Events of type change, with a StreamChange as data and EPOCH-SEQ as id. A comment comes every 15 s.",
		Content:     map[string]*huma.MediaType{"text/event-stream": {Schema: s.api.OpenAPI().Components.Schemas.Schema(reflect.TypeFor[StreamChange](), true, "")}},
	}}
	add(s, o, func(ctx context.Context, in *streamInput) (*huma.StreamResponse, error) { return s.stream(ctx, in) })
}

func (s *Server) listChanges(ctx context.Context, in *changesInput) (*changesOutput, error) {
	list, epoch, err := s.db.Changes(ctx, who(ctx).Scope, in.After, in.Limit)
	if err != nil {
		return nil, fault.Wrap("api.listChanges", err)
	}
	out := &changesOutput{}
	out.Body.Epoch, out.Body.Next = epoch, in.After
	out.Body.Changes = []Change{}
	for _, c := range list {
		out.Body.Next = c.Seq
		if c.Kind != db.Hidden { // another store's: only the place to go on from
			out.Body.Changes = append(out.Body.Changes, Change{c.Seq, c.Kind, c.ID, c.At})
		}
	}
	out.Body.Gap = len(list) > 0 && who(ctx).Stores == nil && list[0].Seq != in.After+1
	return out, nil
}
