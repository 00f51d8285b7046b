package api

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/ident"
	"github.com/tongdan/tongdan/internal/hub"
	"github.com/tongdan/tongdan/printer"
)

// A bridge asks for what there is to carry, and is answered when there is something or when
// it has waited long enough to ask again.

const bridgeWaits = 20 * time.Second

func (s *Server) bridgeRoutes() {
	add(s, op("nextTicket", http.MethodPost, "/bridge/next", "printers", "As a bridge: wait for something to carry to a printer of the shop"), s.nextTicket)
	add(s, op("endTicket", http.MethodPost, "/bridge/tasks/{id}", "printers", "As a bridge: say what became of it"), s.endTicket)
}

type nextTicketOutput struct {
	Body struct {
		ID      ident.Effect  `json:"id" doc:"Empty: there was nothing; ask again."`
		LeftMS  int64         `json:"left_ms" doc:"Not to be begun later than in so many milliseconds."`
		Carried *printer.Task `json:"task,omitempty"`
	}
}

func (s *Server) nextTicket(ctx context.Context, _ *struct{}) (*nextTicketOutput, error) {
	const op = "api.nextTicket"
	c := who(ctx)
	if c.device == nil {
		return nil, fault.Say(op, fault.Conflict, "no_bridge", "only a bridge that is paired with a store carries tickets")
	}
	ctx, cancel := context.WithTimeout(ctx, bridgeWaits)
	defer cancel()
	id, body, limit, err := s.db.TakeBridgeTask(ctx, c.Merchant, c.device.ID)
	if err != nil {
		return nil, fault.Wrap(op, err)
	}
	out := &nextTicketOutput{}
	if id == 0 {
		return out, nil
	}
	out.Body.ID, out.Body.LeftMS, out.Body.Carried = ident.Effect(id), time.Until(limit).Milliseconds(), new(printer.Task)
	if err := json.Unmarshal(body, out.Body.Carried); err != nil {
		return nil, &fault.Error{Op: op, Code: fault.Internal, Err: err}
	}
	return out, nil
}

func (s *Server) endTicket(ctx context.Context, in *struct {
	ByID
	Body hub.BridgeReport
}) (*struct{}, error) {
	const op = "api.endTicket"
	id, err := idOf[ident.Effect](in.ID)
	if err != nil {
		return nil, err
	}
	c := who(ctx)
	if c.device == nil {
		return nil, fault.Say(op, fault.Conflict, "no_bridge", "only a bridge that is paired with a store carries tickets")
	}
	b, err := json.Marshal(in.Body)
	if err != nil {
		return nil, fault.Wrap(op, err)
	}
	return nil, fault.Wrap(op, s.db.EndBridgeTask(ctx, c.Merchant, c.device.ID, int64(id), b))
}
