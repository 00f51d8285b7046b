package api

import (
	"context"
	"net/http"
	"reflect"

	"github.com/danielgtaylor/huma/v2"

	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/internal/db"
)

// Change is one line of the feed. For whoever sees all stores the numbers have no gaps;
// for others they only grow.
type Change struct {
	Seq  int64  `json:"seq"`
	Kind string `json:"kind" doc:"order, account, parked, effect, batch, directory or message; others may come."`
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
	const op = "api.listChanges"
	c := who(ctx)
	veil, err := s.veil(c)
	if err != nil {
		return nil, fault.Wrap(op, err)
	}
	at, err := s.db.Feed(ctx, c.Merchant)
	if err != nil {
		return nil, fault.Wrap(op, err)
	}
	out := &changesOutput{}
	out.Body.Changes, out.Body.Epoch = []Change{}, at.Epoch
	after, known := veil.find(in.After)
	if !known { // seen by somebody with other rights: there is no going on from it
		out.Body.Gap, out.Body.Next = true, veil.hide(at.Seq)
		return out, nil
	}
	if out.Body.Gap, err = s.away(ctx, c.Merchant, after, at.Seq); err != nil {
		return nil, fault.Wrap(op, err)
	}
	list, epoch, err := s.db.Changes(ctx, c.Scope, after, in.Limit)
	if err != nil {
		return nil, fault.Wrap(op, err)
	}
	out.Body.Epoch, out.Body.Next = epoch, in.After
	for _, x := range list {
		out.Body.Next = veil.hide(x.Seq)
		if x.Kind != db.Hidden { // another store's: only the place to go on from
			out.Body.Changes = append(out.Body.Changes, Change{out.Body.Next, x.Kind, x.ID, x.At})
		}
	}
	return out, nil
}
