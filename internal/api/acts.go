package api

import (
	"context"
	"net/http"
	"time"

	"github.com/tongdan/tongdan/effect"
	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/ident"
	"github.com/tongdan/tongdan/internal/db"
	"github.com/tongdan/tongdan/internal/hub"
	"github.com/tongdan/tongdan/internal/span"
	"github.com/tongdan/tongdan/money"
	"github.com/tongdan/tongdan/order"
)

// Act is what is to be done with an order. Which parts an act needs is in the order's
// action_list.
type Act struct {
	Kind       string        `json:"kind" enum:"accept,refuse,ready,dispatch,call_rider,tip,recall_rider,deliver_self,deliver,ship,remind_reply,cancel,refund_approve,refund_refuse,refund_partial,refund_appeal,slow_appeal,appeal_ruled,note,retry,void" doc:"retry and void are about an act on its way, whose effect_id is in for."`
	For        string        `json:"for,omitempty" maxLength:"100" doc:"The after-sale, when several wait; the effect_id of retry and void."`
	ReasonCode string        `json:"reason_code,omitempty" maxLength:"100"`
	Reason     string        `json:"reason,omitempty" maxLength:"500"`
	Text       string        `json:"text,omitempty" maxLength:"500"`
	Courier    *Courier      `json:"courier,omitempty"`
	Carrier    string        `json:"carrier,omitempty" maxLength:"100"`
	Tracking   string        `json:"tracking,omitempty" maxLength:"100"`
	Lines      []hub.ActLine `json:"lines,omitempty" maxItems:"300"`
	Pictures   []string      `json:"pictures,omitempty" maxItems:"9" doc:"Each an address that the platform can fetch, or the id of one of the order's evidence, which gets such an address for 30 days."`
	Amount     string        `json:"amount,omitempty" maxLength:"20" doc:"Of money, in the order's currency, such as 6.5: the fee that is agreed to at most, or the new total of the tip."`
	ByCode     bool          `json:"by_code,omitempty" doc:"Of a hand-over (dispatch): the customer's code was scanned, or its whole number typed."`
	PressedAt  int64         `json:"pressed_at,omitempty" doc:"When it was pressed, if it was kept without network: within the last twelve hours."`
	HoldS      int           `json:"hold_s,omitempty" minimum:"0" maximum:"30" doc:"Seconds before it is sent, in which void takes it back: ready, dispatch, deliver."`
}

// Courier is the store's own rider.
type Courier struct {
	Name  string `json:"name" maxLength:"80"`
	Phone string `json:"phone" maxLength:"40"`
}

func (a Act) hub(key string) hub.Act {
	out := hub.Act{
		Kind: order.ActionKind(a.Kind), For: a.For, ReasonCode: a.ReasonCode, Reason: a.Reason, Text: a.Text,
		Carrier: a.Carrier, Tracking: a.Tracking, Lines: a.Lines, Pictures: a.Pictures, Amount: a.Amount, Key: key, ByCode: a.ByCode, Hold: time.Duration(a.HoldS) * time.Second,
	}
	if a.Courier != nil {
		out.Courier = order.Rider{Name: a.Courier.Name, Phone: a.Courier.Phone}
	}
	return out
}

// Done is what became of an act. State done: it is so already.
type Done struct {
	EffectID ident.Effect `json:"effect_id" doc:"Empty when nothing has to be sent."`
	State    effect.State `json:"state" enum:"waiting,sending,unknown,person,done,refused,void"`
	Already  *Already     `json:"already,omitempty" doc:"Somebody was faster: news, not an error."`
	Seq      int64        `json:"seq"`
}

// Already says who was faster.
type Already struct {
	By   string `json:"by" doc:"usr_… or key_…, or the channel in whose own app it was done."`
	Name string `json:"name,omitempty"`
	At   int64  `json:"at"`
}

type doneOutput struct {
	Status int
	Seq    int64 `header:"Tongdan-Seq"`
	Body   Done
}

func (s *Server) actRoutes() {
	o := op("act", http.MethodPost, "/orders/{id}/actions", "orders", "Do something with an order; 202: it is on its way, 200: it is so already")
	o = typed[Done](s, o) // 200 beside the 202
	o.DefaultStatus = http.StatusAccepted
	add(s, o, s.act)
	add(s, op("setMaking", http.MethodPut, "/orders/{id}/making", "orders", "Say that the kitchen makes an order, or not after all; no platform is told"), s.setMaking)
	add(s, op("quoteRider", http.MethodGet, "/orders/{id}/rider_quote", "orders", "What one of the platform's riders costs for an order now"), s.quoteRider)
	o = op("makeBatch", http.MethodPost, "/batches", "orders", "Do one thing with up to 500 orders, each with its own verdict")
	o.DefaultStatus = http.StatusAccepted
	add(s, o, s.makeBatch)
	add(s, op("getBatch", http.MethodGet, "/batches/{id}", "orders", "What became of each order of a batch"), s.getBatch)
	add(s, op("retryBatch", http.MethodPost, "/batches/{id}/retry", "orders", "Try those that failed again"), s.retryBatch)
}

func (s *Server) act(ctx context.Context, in *change[Act]) (*doneOutput, error) {
	id, err := idOf[ident.Order](in.ID)
	if err != nil {
		return nil, err
	}
	if in.Body.Kind == "retry" || in.Body.Kind == "void" {
		if _, err := s.pressed(who(ctx), 0); err != nil {
			return nil, err
		}
		return s.actOnEffect(ctx, in.Body)
	}
	span.Told(ctx, span.Order, in.ID)
	span.Told(ctx, span.Kind, in.Body.Kind)
	a := in.Body.hub(in.Key)
	if a.Pressed, err = s.pressed(who(ctx), in.Body.PressedAt); err != nil {
		return nil, err
	}
	done, err := s.hub.Act(ctx, who(ctx).Actor, id, a)
	if err != nil {
		return nil, fault.Wrap("api.act", err)
	}
	if done.Seq, err = s.shownSeq(ctx, done.Seq); err != nil {
		return nil, err
	}
	out := &doneOutput{Status: http.StatusAccepted, Seq: done.Seq, Body: Done{EffectID: done.Effect, State: done.State, Seq: done.Seq}}
	if done.Already != nil {
		out.Status, out.Body.Already = http.StatusOK, &Already{done.Already.By, done.Already.Name, done.Already.At}
	}
	return out, nil
}

// RiderQuote is what a rider costs now. It may be another sum a minute later.
type RiderQuote struct {
	Fee   money.Amount `json:"fee"`
	Words string       `json:"words,omitempty" doc:"The platform's: why it is more than usual."`
	AsOf  int64        `json:"as_of"`
}

type quoteOutput struct{ Body RiderQuote }

func (s *Server) quoteRider(ctx context.Context, in *ByID) (*quoteOutput, error) {
	id, err := idOf[ident.Order](in.ID)
	if err != nil {
		return nil, err
	}
	q, at, err := s.hub.Quote(ctx, who(ctx).Actor, id)
	if err != nil {
		return nil, fault.Wrap("api.quoteRider", err)
	}
	return &quoteOutput{RiderQuote{q.Fee, q.Words, at.UnixMilli()}}, nil
}

// Making says whether the kitchen makes an order.
type Making struct {
	On        bool  `json:"on"`
	PressedAt int64 `json:"pressed_at,omitempty" doc:"When it was pressed, if it was kept without network: within the last twelve hours."`
}

type makingOutput struct {
	Body struct {
		Seq int64 `json:"seq"`
	}
}

func (s *Server) setMaking(ctx context.Context, in *change[Making]) (*makingOutput, error) {
	id, err := idOf[ident.Order](in.ID)
	if err != nil {
		return nil, err
	}
	pressed, err := s.pressed(who(ctx), in.Body.PressedAt)
	if err != nil {
		return nil, err
	}
	out := &makingOutput{}
	if out.Body.Seq, err = s.hub.Make(ctx, who(ctx).Actor, id, in.Body.On, pressed); err != nil {
		return nil, fault.Wrap("api.setMaking", err)
	}
	out.Body.Seq, err = s.shownSeq(ctx, out.Body.Seq)
	return out, err
}

// actOnEffect sends an act again, or takes one back that has not been sent.
func (s *Server) actOnEffect(ctx context.Context, a Act) (*doneOutput, error) {
	const op = "api.actOnEffect"
	var id ident.Effect
	if err := id.UnmarshalText([]byte(a.For)); err != nil || id == 0 {
		return nil, &fault.Error{Op: op, Code: fault.Invalid, Why: fault.Because("which_act", "say which act"), Fields: []fault.Field{fault.Wrong("body.for", fault.Because("field_pending", "must be the effect_id of a pending act"))}}
	}
	state, f := effect.Waiting, s.hub.Again
	if a.Kind == "void" {
		state, f = effect.Void, s.hub.Withdraw
	}
	if err := f(ctx, who(ctx).Actor, id); err != nil {
		return nil, fault.Wrap(op, err)
	}
	seq, err := s.seq(ctx)
	return &doneOutput{Status: http.StatusAccepted, Seq: seq, Body: Done{EffectID: id, State: state, Seq: seq}}, err
}

type batchInput struct {
	ActOnce
	Body struct {
		Act
		Orders []ident.Order `json:"orders" minItems:"1" maxItems:"500"`
	}
}

// Batch is one act on many orders.
type Batch struct {
	ID      ident.Batch   `json:"id"`
	Kind    string        `json:"kind"`
	At      int64         `json:"at"`
	Total   int           `json:"total"`
	Done    int           `json:"done"`
	Failed  int           `json:"failed"`
	Results []BatchResult `json:"results"`
}

// BatchResult is the verdict on one order.
type BatchResult struct {
	OrderID  ident.Order  `json:"order_id"`
	EffectID ident.Effect `json:"effect_id"`
	State    string       `json:"state" enum:"waiting,sending,done,failed,person" doc:"person: it needs a decision, see effects."`
	Error    *BatchError  `json:"error,omitempty"`
}

// BatchError says why one order failed.
type BatchError struct {
	Code  string        `json:"code"`
	Words string        `json:"words"`
	Why   *fault.Reason `json:"why,omitempty" doc:"The words for screens: a stable code with arguments, when they are Tongdan's own."`
}

type batchOutput struct{ Body Batch }

func (s *Server) makeBatch(ctx context.Context, in *batchInput) (*batchOutput, error) {
	c := who(ctx)
	if _, err := s.pressed(c, 0); err != nil {
		return nil, err
	}
	id, err := s.hub.Batch(ctx, c.Actor, in.Body.Act.hub(in.Key), in.Body.Orders)
	if err != nil {
		return nil, fault.Wrap("api.makeBatch", err)
	}
	return s.batch(ctx, c, id)
}

func (s *Server) getBatch(ctx context.Context, in *ByID) (*batchOutput, error) {
	id, err := idOf[ident.Batch](in.ID)
	if err != nil {
		return nil, err
	}
	return s.batch(ctx, who(ctx), id)
}

func (s *Server) retryBatch(ctx context.Context, in *struct {
	ByID
	ActOnce
}) (*batchOutput, error) {
	c := who(ctx)
	id, err := idOf[ident.Batch](in.ID)
	if err != nil {
		return nil, err
	}
	if err := s.hub.Resume(ctx, c.Actor, id, true); err != nil {
		return nil, fault.Wrap("api.retryBatch", err)
	}
	return s.batch(ctx, c, id)
}

func (s *Server) batch(ctx context.Context, c caller, id ident.Batch) (*batchOutput, error) {
	const op = "api.batch"
	b, items, err := s.hub.BatchOf(ctx, c.Actor, id)
	if err != nil {
		return nil, fault.Wrap(op, err)
	}
	return &batchOutput{batchOf(b, items)}, nil
}

// batchOf counts what became of a batch's orders.
func batchOf(b db.BatchRow, items []db.BatchItem) Batch {
	out := Batch{ID: b.ID, Kind: b.Kind, At: b.Made, Total: b.Total}
	out.Results = each(items, func(it db.BatchItem) BatchResult {
		r := verdict(it)
		switch r.State {
		case "done":
			out.Done++
		case "failed":
			out.Failed++
		}
		return r
	})
	return out
}

// verdict says how one order of a batch is doing: by its own state, or by that of the
// effect that was made for it.
func verdict(it db.BatchItem) BatchResult {
	r := BatchResult{OrderID: it.Order, EffectID: it.Effect, State: "sending"}
	switch it.State {
	case hub.BatchWaiting:
		if it.Effect == 0 {
			r.State = "waiting"
		}
	case hub.BatchDone: // which is also the word of an effect that is done
		r.State = "done"
	case hub.BatchFailed, string(effect.Refused), string(effect.Void):
		r.State, r.Error = "failed", &BatchError{string(it.Code), it.Why.Text, it.Why.Coded()}
	case string(effect.Person):
		r.State = "person"
	}
	return r
}
