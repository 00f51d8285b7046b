package api

import (
	"context"
	"encoding/base64"
	"net/http"
	"strconv"

	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/ident"
	"github.com/tongdan/tongdan/internal/db"
	"github.com/tongdan/tongdan/internal/hub"
)

// SignedStatement is a completeness statement with its signature.
type SignedStatement struct {
	hub.Statement
	ID        string `json:"id"`
	Document  string `json:"document" doc:"What is signed, byte for byte."`
	Signature string `json:"signature" doc:"Ed25519, base64."`
	KeyID     string `json:"key_id"`
	PublicKey string `json:"public_key" doc:"Base64. Ask for it at another time and place too: who changes a statement may change the key beside it."`
	Good      bool   `json:"good" doc:"The signature is that of the document."`
}

// AuditHead is where the audit chain ends, and what statements are signed with.
type AuditHead struct {
	Head db.Head      `json:"head"`
	Keys []SigningKey `json:"keys"`
}

// SigningKey is a public key of this installation.
type SigningKey struct {
	ID        string `json:"id"`
	Algorithm string `json:"algorithm" enum:"ed25519"`
	Public    string `json:"public" doc:"Base64."`
}

func (s *Server) statementRoutes() {
	add(s, op("listStatements", http.MethodGet, "/statements", "statements", "Completeness statements: what each platform counts of a shop and day, and what is here"), s.listStatements)
	o := op("makeStatement", http.MethodPost, "/statements", "statements", "Count a shop's day at the platform now and keep the statement")
	o.DefaultStatus = http.StatusCreated
	add(s, o, s.makeStatement)
	add(s, op("listSetUpLines", http.MethodGet, "/audit/setup", "statements", "Who changed how the merchant is set up, and from what to what, newest first; of a secret only that it is another now"), s.setUpLines)
	add(s, op("getAudit", http.MethodGet, "/audit", "statements", "The head of the audit chain, and the keys that statements are signed with"), s.audit)
}

type statementsInput struct {
	ShopID string `query:"shop_id" maxLength:"40"`
	Day    string `query:"day" maxLength:"10" pattern:"^(\\d{4}-\\d{2}-\\d{2})?$" doc:"Of the platform: 2026-03-01."`
	All    bool   `query:"all" doc:"Also those that a later one of the same shop and day stands beside."`
	Cursor string `query:"cursor" maxLength:"200"`
	Limit  int    `query:"limit" minimum:"1" maximum:"200" default:"50"`
}

type statementsOutput struct {
	Body struct {
		Statements []SignedStatement `json:"statements"`
		NextCursor string            `json:"next_cursor"`
	}
}

func (s *Server) listStatements(ctx context.Context, in *statementsInput) (*statementsOutput, error) {
	const op = "api.listStatements"
	c := who(ctx)
	f := db.StatementFilter{Day: in.Day, All: in.All, Cursor: in.Cursor, Limit: in.Limit}
	if in.ShopID != "" {
		var err error
		if f.Shop, err = idOf[ident.Shop](in.ShopID); err != nil {
			return nil, err
		}
	}
	rows, next, err := s.db.Statements(ctx, c.Scope, f)
	if err != nil {
		return nil, fault.Wrap(op, err)
	}
	list, err := s.hub.Signed(ctx, rows...)
	if err != nil {
		return nil, fault.Wrap(op, err)
	}
	out := &statementsOutput{}
	out.Body.Statements, out.Body.NextCursor = each(list, signedOf), next
	return out, nil
}

func signedOf(x hub.SignedStatement) SignedStatement {
	return SignedStatement{
		Statement: x.Statement, ID: strconv.FormatInt(x.Row.ID, 36), Document: string(x.Row.Doc), Signature: base64.StdEncoding.EncodeToString(x.Row.Signature),
		KeyID: strconv.FormatInt(x.Row.Key, 10), PublicKey: base64.StdEncoding.EncodeToString(x.Public), Good: x.Good,
	}
}

type makeStatementBody struct {
	ShopID string `json:"shop_id" minLength:"1" maxLength:"40"`
	Day    string `json:"day,omitempty" maxLength:"10" doc:"Of the platform: 2026-03-01, yesterday; absent = today."`
}

type oneStatementOutput struct{ Body SignedStatement }

func (s *Server) makeStatement(ctx context.Context, in *create[makeStatementBody]) (*oneStatementOutput, error) {
	const op = "api.makeStatement"
	c := who(ctx)
	shop, err := idOf[ident.Shop](in.Body.ShopID)
	if err != nil {
		return nil, err
	}
	row, err := s.hub.MakeStatement(ctx, c.Actor, shop, in.Body.Day)
	if err != nil {
		return nil, fault.Wrap(op, err)
	}
	list, err := s.hub.Signed(ctx, row)
	if err != nil {
		return nil, fault.Wrap(op, err)
	}
	return &oneStatementOutput{signedOf(list[0])}, nil
}

type setUpLinesInput struct {
	Thing  string `query:"thing" maxLength:"40" doc:"Only of this: sto_…, app_…, usr_…"`
	Cursor string `query:"cursor" maxLength:"200"`
	Limit  int    `query:"limit" minimum:"1" maximum:"200" default:"50"`
}

type setUpLinesOutput struct {
	Body struct {
		Lines      []hub.SetUpLine `json:"lines"`
		NextCursor string          `json:"next_cursor"`
	}
}

func (s *Server) setUpLines(ctx context.Context, in *setUpLinesInput) (*setUpLinesOutput, error) {
	list, next, err := s.hub.SetUpLines(ctx, who(ctx).Actor, in.Thing, in.Cursor, in.Limit)
	if err != nil {
		return nil, fault.Wrap("api.setUpLines", err)
	}
	out := &setUpLinesOutput{}
	out.Body.Lines, out.Body.NextCursor = list, next
	return out, nil
}

type auditOutput struct{ Body AuditHead }

func (s *Server) audit(ctx context.Context, _ *struct{}) (*auditOutput, error) {
	const op = "api.audit"
	head, err := s.db.ChainHead(ctx, who(ctx).Merchant)
	if err != nil {
		return nil, fault.Wrap(op, err)
	}
	keys, err := s.db.SigningKeys(ctx)
	if err != nil {
		return nil, fault.Wrap(op, err)
	}
	out := &auditOutput{AuditHead{Head: head, Keys: []SigningKey{}}}
	for id := int64(1); id <= int64(len(keys)); id++ {
		out.Body.Keys = append(out.Body.Keys, SigningKey{strconv.FormatInt(id, 10), "ed25519", base64.StdEncoding.EncodeToString(keys[id])})
	}
	return out, nil
}
