package api

import (
	"context"
	"net/http"
	"unicode/utf8"

	"github.com/tongdan/tongdan/effect"
	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/ident"
	"github.com/tongdan/tongdan/internal/db"
	"github.com/tongdan/tongdan/internal/hub"
)

// Effect is something that Tongdan makes happen at a platform.
type Effect struct {
	ID         ident.Effect  `json:"id"`
	OrderID    ident.Order   `json:"order_id"`
	AccountID  ident.Account `json:"account_id"`
	Kind       string        `json:"kind"`
	For        string        `json:"for,omitempty"`
	Nature     effect.Nature `json:"nature" enum:"guarded,absolute,keyed,additive,notice"`
	State      effect.State  `json:"state" enum:"waiting,sending,unknown,person,done,refused,void"`
	Calls      int           `json:"calls" doc:"How often it has been called."`
	Attempts   []Attempt     `json:"attempts" doc:"The last one."`
	NextAt     int64         `json:"next_at"`
	DeadlineAt int64         `json:"deadline_at"`
	Words      string        `json:"words,omitempty"`
	Why        *fault.Reason `json:"why,omitempty" doc:"The words for screens: a stable code with arguments, when they are Tongdan's own."`
	Code       string        `json:"code,omitempty"`
	Cause      string        `json:"cause" doc:"Who or what wanted it."`
	Key        string        `json:"key"`
	MadeAt     int64         `json:"made_at"`
	ChangedAt  int64         `json:"changed_at"`
}

// Attempt is one call.
type Attempt struct {
	N       int            `json:"n"`
	Look    bool           `json:"look" doc:"It only read back."`
	At      int64          `json:"at"`
	EndedAt int64          `json:"ended_at"`
	Outcome effect.Outcome `json:"outcome,omitempty"`
	Words   string         `json:"words,omitempty"`
	Why     *fault.Reason  `json:"why,omitempty" doc:"The words for screens."`
}

func effectOf(e effect.Effect) Effect {
	out := Effect{
		ID: e.ID, OrderID: e.Order, AccountID: e.Account, Kind: e.Kind, For: e.Case, Nature: e.Nature, State: e.State, Calls: e.Attempts, Attempts: []Attempt{},
		NextAt: e.NextAt, DeadlineAt: e.Deadline, Words: e.Why.Text, Why: e.Why.Coded(), Code: string(e.Code), Cause: e.Cause, Key: e.Key, MadeAt: e.Made, ChangedAt: e.Changed,
	}
	if a := e.Attempt; a != nil {
		out.Attempts = append(out.Attempts, Attempt{a.N, a.Look, a.Began, a.Ended, a.Outcome, a.Why.Text, a.Why.Coded()})
	}
	return out
}

type effectsInput struct {
	State   []string `query:"state" enum:"waiting,sending,unknown,person,done,refused,void"`
	Order   string   `query:"order" maxLength:"32"`
	Account string   `query:"account" maxLength:"32"`
	Cursor  string   `query:"cursor" maxLength:"200"`
	Limit   int      `query:"limit" minimum:"1" maximum:"200" default:"50"`
}

type effectsOutput struct {
	Body struct {
		Effects    []Effect `json:"effects"`
		NextCursor string   `json:"next_cursor"`
	}
}

func (s *Server) effectRoutes() {
	add(s, op("listEffects", http.MethodGet, "/effects", "effects", "What was sent to platforms and what waits, newest first"), s.listEffects)
	o := op("resolveEffect", http.MethodPost, "/effects/{id}/resolve", "effects", "Say whether something took place whose outcome could not be learnt (state person)")
	o.DefaultStatus = http.StatusNoContent
	add(s, o, s.resolveEffect)
	o = op("retryEffect", http.MethodPost, "/effects/{id}/retry", "effects", "Send an act again that was refused or came too late")
	o.DefaultStatus = http.StatusNoContent
	add(s, o, s.retryEffect)
}

func (s *Server) listEffects(ctx context.Context, in *effectsInput) (*effectsOutput, error) {
	const op = "api.listEffects"
	f := db.EffectFilter{Cursor: in.Cursor, Limit: in.Limit}
	for _, st := range in.State {
		f.States = append(f.States, effect.State(st))
	}
	var err error
	if in.Order != "" {
		if f.Order, err = idOf[ident.Order](in.Order); err != nil {
			return nil, err
		}
	}
	if in.Account != "" {
		if f.Account, err = idOf[ident.Account](in.Account); err != nil {
			return nil, err
		}
	}
	list, next, err := s.db.Effects(ctx, who(ctx).Scope, f)
	if err != nil {
		return nil, fault.Wrap(op, err)
	}
	out := &effectsOutput{}
	out.Body.NextCursor = next
	out.Body.Effects = each(list, effectOf)
	return out, nil
}

type resolveInput struct {
	ByID
	ActOnce
	Body struct {
		Outcome string `json:"outcome" enum:"done,not_done" doc:"not_done: it is made again."`
	}
}

func (s *Server) resolveEffect(ctx context.Context, in *resolveInput) (*struct{}, error) {
	id, err := idOf[ident.Effect](in.ID)
	if err != nil {
		return nil, err
	}
	return nil, fault.Wrap("api.resolveEffect", s.hub.Decide(ctx, who(ctx).Actor, id, in.Body.Outcome == "done"))
}

func (s *Server) retryEffect(ctx context.Context, in *struct {
	ByID
	ActOnce
}) (*struct{}, error) {
	id, err := idOf[ident.Effect](in.ID)
	if err != nil {
		return nil, err
	}
	return nil, fault.Wrap("api.retryEffect", s.hub.Again(ctx, who(ctx).Actor, id))
}

// Parked is a message that could not be read. Nothing of it is lost.
type Parked struct {
	ID        ident.Parked  `json:"id"`
	At        int64         `json:"at"`
	Channel   string        `json:"channel"`
	AppID     ident.App     `json:"app_id"`
	AccountID ident.Account `json:"account_id"`
	What      string        `json:"what"`
	Reason    string        `json:"reason" doc:"Why it could not be read, in English."`
	Why       *fault.Reason `json:"why,omitempty" doc:"The reason for screens: a stable code with arguments."`
	Size      int           `json:"size"`
	Attempts  int           `json:"attempts"`
	State     string        `json:"state" enum:"parked,retried,dropped"`
	Preview   string        `json:"preview,omitempty" doc:"The beginning, for those who may see customers' data."`
	Body      string        `json:"body,omitempty" doc:"Only when one is asked for."`
}

func parkedOf(p db.ParkedRow) Parked {
	return Parked{ID: p.ID, At: p.At, Channel: p.Channel, AppID: p.App, AccountID: p.Account, What: p.What, Reason: p.Why.Text, Why: p.Why.Coded(), Size: p.Size, Attempts: p.Attempts, State: p.State}
}

type parkedOutput struct {
	Body struct {
		Parked     []Parked `json:"parked"`
		NextCursor string   `json:"next_cursor"`
	}
}

func (s *Server) parkedRoutes() {
	add(s, op("listParked", http.MethodGet, "/parked", "parked", "Messages that could not be read, newest first"), s.listParked)
	add(s, op("getParked", http.MethodGet, "/parked/{id}", "parked", "One of them with its bytes"), s.getParked)
	o := op("retryParked", http.MethodPost, "/parked/{id}/retry", "parked", "Try to read it again")
	o.DefaultStatus = http.StatusNoContent
	add(s, o, s.retryParked)
	o = op("dropParked", http.MethodPost, "/parked/{id}/drop", "parked", "Put it aside for good; its bytes stay in the journal")
	o.DefaultStatus = http.StatusNoContent
	add(s, o, s.dropParked)
}

type parkedInput struct {
	State  string `query:"state" enum:"parked,retried,dropped"`
	Cursor string `query:"cursor" maxLength:"200"`
	Limit  int    `query:"limit" minimum:"1" maximum:"200" default:"50"`
}

const preview = 200 // bytes

func (s *Server) listParked(ctx context.Context, in *parkedInput) (*parkedOutput, error) {
	const op = "api.listParked"
	c := who(ctx)
	rows, next, err := s.db.Parked(ctx, c.Scope, db.ParkedFilter{State: in.State, Cursor: in.Cursor, Limit: in.Limit})
	if err != nil {
		return nil, fault.Wrap(op, err)
	}
	out := &parkedOutput{}
	out.Body.NextCursor = next
	out.Body.Parked = each(rows, parkedOf)
	if c.Personal {
		for i := range rows[:min(len(rows), 50)] {
			if body, err := s.db.ParkedBytes(ctx, c.Scope, rows[i].ID); err == nil {
				out.Body.Parked[i].Preview = firstBytes(body, preview)
			}
		}
	}
	return out, nil
}

// firstBytes cuts a text without cutting a character.
func firstBytes(b []byte, n int) string {
	if len(b) > n {
		for n > 0 && !utf8.RuneStart(b[n]) {
			n--
		}
		b = b[:n]
	}
	return shown(b)
}

type oneParkedOutput struct{ Body Parked }

func (s *Server) getParked(ctx context.Context, in *ByID) (*oneParkedOutput, error) {
	c := who(ctx)
	id, err := idOf[ident.Parked](in.ID)
	if err != nil {
		return nil, err
	}
	row, err := s.db.ParkedByID(ctx, c.Scope, id)
	if err != nil {
		return nil, fault.Wrap("api.getParked", err)
	}
	out := &oneParkedOutput{parkedOf(row)}
	if c.Personal {
		body, err := s.db.ParkedBytes(ctx, c.Scope, id)
		if err != nil {
			return nil, fault.Wrap("api.getParked", err)
		}
		out.Body.Preview, out.Body.Body = firstBytes(body, preview), shown(body)
	}
	return out, nil
}

func (s *Server) retryParked(ctx context.Context, in *struct {
	ByID
	ActOnce
}) (*struct{}, error) {
	return nil, s.parkedVerb(ctx, in.ID, s.hub.Retry)
}

func (s *Server) dropParked(ctx context.Context, in *struct {
	ByID
	ActOnce
}) (*struct{}, error) {
	return nil, s.parkedVerb(ctx, in.ID, s.hub.Drop)
}

func (s *Server) parkedVerb(ctx context.Context, text string, f func(context.Context, hub.Actor, ident.Parked) error) error {
	c := who(ctx)
	id, err := idOf[ident.Parked](text)
	if err != nil {
		return err
	}
	return fault.Wrap("api.parked", f(ctx, c.Actor, id))
}
