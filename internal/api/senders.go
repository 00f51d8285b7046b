package api

import (
	"context"
	"net/http"

	"github.com/tongdan/tongdan/channel"
	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/ident"
	"github.com/tongdan/tongdan/internal/db"
	"github.com/tongdan/tongdan/internal/hub"
	"github.com/tongdan/tongdan/internal/sender"
)

// SenderKind is a way to a phone that this build knows.
type SenderKind struct {
	Kind    string      `json:"kind"`
	LabelZH string      `json:"label_zh"`
	LabelEN string      `json:"label_en"`
	SMS     bool        `json:"sms" doc:"Goes to numbers; else to the group that the robot is in."`
	BaseURL string      `json:"base_url" doc:"The vendor's address."`
	Fields  []CredField `json:"fields"`
}

// CredField is one credential of a sender.
type CredField struct {
	Name     string `json:"name"`
	LabelZH  string `json:"label_zh"`
	LabelEN  string `json:"label_en"`
	Secret   bool   `json:"secret"`
	Required bool   `json:"required"`
}

// Sender is one that is set up. Secrets are never shown.
type Sender struct {
	ID      ident.Sender      `json:"id"`
	Kind    string            `json:"kind"`
	Name    string            `json:"name"`
	BaseURL string            `json:"base_url" doc:"Empty: the vendor's."`
	Level   string            `json:"level" doc:"Of a robot, what its group hears: store, area or headquarters. Empty: a short-message service."`
	Stores  []ident.Store     `json:"stores" doc:"Of a robot; empty when all."`
	Locale  string            `json:"locale"`
	Off     bool              `json:"off"`
	Values  map[string]string `json:"values" doc:"Credentials that are no secrets."`
	Has     []string          `json:"has" doc:"Names of the credentials that are set."`
	MadeAt  int64             `json:"made_at"`
}

// SenderBody is a sender as it is given.
type SenderBody struct {
	Kind        string            `json:"kind" maxLength:"40"`
	Name        string            `json:"name" minLength:"1" maxLength:"80"`
	BaseURL     string            `json:"base_url,omitempty" maxLength:"300"`
	Level       string            `json:"level,omitempty" maxLength:"40"`
	Stores      []ident.Store     `json:"stores,omitempty" maxItems:"500" doc:"Of a robot; left out or empty: all."`
	Locale      string            `json:"locale,omitempty" maxLength:"16"`
	Off         bool              `json:"off,omitempty"`
	Credentials map[string]string `json:"credentials,omitempty" doc:"Those that are left out stay."`
}

func (s *Server) senderRoutes() {
	add(s, op("listSenderKinds", http.MethodGet, "/sender-kinds", "knocks", "The ways to a phone that this build knows"), s.senderKinds)
	add(s, op("listSenders", http.MethodGet, "/senders", "knocks", "Robots and short-message services; secrets are never shown"), s.listSenders)
	add(s, created(op("makeSender", http.MethodPost, "/senders", "knocks", "Add a robot or a short-message service")), func(ctx context.Context, in *create[SenderBody]) (*senderOutput, error) {
		return s.putSender(ctx, 0, in.Body)
	})
	add(s, op("changeSender", http.MethodPut, "/senders/{id}", "knocks", "Change one; credentials that are left out stay"), func(ctx context.Context, in *change[SenderBody]) (*senderOutput, error) {
		id, err := idOf[ident.Sender](in.ID)
		if err != nil {
			return nil, err
		}
		return s.putSender(ctx, id, in.Body)
	})
	add(s, op("deleteSender", http.MethodDelete, "/senders/{id}", "knocks", "Remove one"), func(ctx context.Context, in *ByID) (*seqOutput, error) {
		id, err := idOf[ident.Sender](in.ID)
		if err != nil {
			return nil, err
		}
		return s.deleted(ctx, s.hub.DeleteSender(ctx, who(ctx).Actor, id))
	})
	add(s, op("testSender", http.MethodPost, "/senders/{id}/test", "knocks", "Send a test, and hear what the vendor says"), s.testSender)
	add(s, op("listKnockRules", http.MethodGet, "/knock-rules", "knocks", "What knocks: for all stores, and for each of one's own"), s.knockRules)
	add(s, op("setKnockRules", http.MethodPut, "/knock-rules", "knocks", "Set what knocks for a store, or for all of them"), s.setKnockRules)
	add(s, op("listKnocks", http.MethodGet, "/knocks", "knocks", "The last messages to phones and groups, and what the vendors said"), s.listKnocks)
}

type senderKindsOutput struct {
	Body struct {
		Kinds []SenderKind `json:"kinds"`
	}
}

func (s *Server) senderKinds(context.Context, *struct{}) (*senderKindsOutput, error) {
	out := &senderKindsOutput{}
	out.Body.Kinds = each(sender.Kinds, func(k sender.Kind) SenderKind {
		return SenderKind{k.Name, k.Label.ZH, k.Label.EN, k.SMS, k.Base, each(k.Fields, func(f channel.Field) CredField {
			return CredField{f.Name, f.Label.ZH, f.Label.EN, f.Secret, f.Required}
		})}
	})
	return out, nil
}

type sendersOutput struct {
	Body struct {
		Senders []Sender `json:"senders"`
	}
}

func senderOf(r db.SenderRow) Sender {
	out := Sender{r.ID, r.Kind, r.Name, r.BaseURL, r.Level, r.Stores, r.Locale, r.Disabled, map[string]string{}, []string{}, r.Made}
	if out.Stores == nil {
		out.Stores = []ident.Store{}
	}
	k, _ := sender.KindOf(r.Kind)
	for _, f := range k.Fields {
		if r.Credentials[f.Name] == "" {
			continue
		}
		out.Has = append(out.Has, f.Name)
		if !f.Secret {
			out.Values[f.Name] = r.Credentials[f.Name]
		}
	}
	return out
}

func (s *Server) listSenders(ctx context.Context, _ *struct{}) (*sendersOutput, error) {
	c := who(ctx)
	rows, err := s.db.Senders(ctx, c.Merchant)
	if err != nil {
		return nil, fault.Wrap("api.listSenders", err)
	}
	out := &sendersOutput{}
	out.Body.Senders = []Sender{}
	for _, r := range rows {
		if hub.Hears(c.Actor, r.Stores) {
			out.Body.Senders = append(out.Body.Senders, senderOf(r))
		}
	}
	return out, nil
}

type senderOutput struct {
	Seq  int64 `header:"Tongdan-Seq"`
	Body Sender
}

func (s *Server) putSender(ctx context.Context, id ident.Sender, b SenderBody) (*senderOutput, error) {
	row := db.SenderRow{ID: id, Kind: b.Kind, Name: b.Name, BaseURL: b.BaseURL, Level: b.Level, Locale: b.Locale, Disabled: b.Off, Credentials: b.Credentials}
	if len(b.Stores) > 0 {
		row.Stores = b.Stores
	}
	row, err := s.hub.PutSender(ctx, who(ctx).Actor, row)
	if err != nil {
		return nil, fault.Wrap("api.putSender", err)
	}
	seq, err := s.seq(ctx)
	return &senderOutput{seq, senderOf(row)}, err
}

type testOutput struct {
	Body struct {
		OK    bool          `json:"ok"`
		Words string        `json:"words,omitempty" doc:"Why not: the vendor's code and words, or ours."`
		Why   *fault.Reason `json:"why,omitempty"`
	}
}

func (s *Server) testSender(ctx context.Context, in *struct {
	ByID
	Body struct {
		Phone string `json:"phone,omitempty" maxLength:"30" doc:"Of a short-message service: where to."`
	}
}) (*testOutput, error) {
	const op = "api.testSender"
	id, err := idOf[ident.Sender](in.ID)
	if err != nil {
		return nil, err
	}
	c := who(ctx)
	if wait := s.signIns.take("test "+c.Merchant.String(), s.now()); wait > 0 {
		return nil, &fault.Error{Op: op, Code: fault.RateLimited, After: wait, Why: fault.Because("too_many_tries", "too many tries; wait a little before the next one")}
	}
	phone := ""
	if in.Body.Phone != "" {
		var ok bool
		if phone, ok = hub.Phone(in.Body.Phone); !ok {
			return nil, &fault.Error{Op: op, Code: fault.Invalid, Why: fault.Because("fields_wrong", "some fields are wrong"), Fields: []fault.Field{fault.Wrong("body.phone", fault.Because("field_mobile", "must be a mobile number such as 13900000002 or +55 11 91234 5678"))}}
		}
	}
	out := &testOutput{}
	switch err := s.hub.TestSender(ctx, c.Actor, id, phone, c.locale); {
	case err == nil:
		out.Body.OK = true
	case fault.Is(err, fault.NotFound), fault.Is(err, fault.Conflict):
		return nil, fault.Wrap(op, err)
	default: // what the vendor says is the answer
		why := fault.ReasonOf(err)
		out.Body.Words, out.Body.Why = why.Text, &why
	}
	return out, nil
}

type knockRulesOutput struct {
	Body struct {
		Rules []hub.StoreKnockRules `json:"rules" doc:"The first is that of all stores."`
	}
}

func (s *Server) knockRules(ctx context.Context, _ *struct{}) (*knockRulesOutput, error) {
	out := &knockRulesOutput{}
	var err error
	out.Body.Rules, err = s.hub.KnockRules(ctx, who(ctx).Actor)
	return out, fault.Wrap("api.knockRules", err)
}

type setRulesBody struct {
	StoreID ident.Store     `json:"store_id,omitempty" doc:"Left out: of all stores."`
	Rules   *hub.KnockRules `json:"rules,omitempty" doc:"Left out: as for all stores again."`
}

func (s *Server) setKnockRules(ctx context.Context, in *create[setRulesBody]) (*seqOutput, error) {
	if err := s.hub.PutKnockRules(ctx, who(ctx).Actor, in.Body.StoreID, in.Body.Rules); err != nil {
		return nil, fault.Wrap("api.setKnockRules", err)
	}
	seq, err := s.seq(ctx)
	return &seqOutput{seq}, err
}

type knocksOutput struct {
	Body struct {
		Knocks []hub.Knocked `json:"knocks"`
	}
}

func (s *Server) listKnocks(ctx context.Context, _ *struct{}) (*knocksOutput, error) {
	out := &knocksOutput{}
	var err error
	out.Body.Knocks, err = s.hub.Knocked(ctx, who(ctx).Actor)
	return out, fault.Wrap("api.listKnocks", err)
}
