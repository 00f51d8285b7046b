package db

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/json"
	"strings"

	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/ident"
	"github.com/tongdan/tongdan/order"
)

// A StatementRow is a completeness statement as it is kept: the bytes that are signed, and
// what lists look for.
type StatementRow struct {
	Merchant  ident.Merchant
	ID        int64
	Shop      ident.Shop
	Store     ident.Store
	Day       string // of the platform, 2006-01-02
	Made      int64
	Verdict   string
	Doc       json.RawMessage // signed byte for byte
	Signature []byte
	Key       int64 // of SigningKeys
}

const statementColumns = `merchant_id, id, shop_id, store_id, day, made_at, verdict, doc, signature, key_id`

func scanStatement(scan scanFunc) (s StatementRow, err error) {
	err = scan(&s.Merchant, &s.ID, &s.Shop, &s.Store, &s.Day, &s.Made, &s.Verdict, (*[]byte)(&s.Doc), &s.Signature, &s.Key)
	return s, err
}

// AddStatement keeps a statement. A statement is never changed: a later one of the same
// shop and day stands beside it.
func (d *DB) AddStatement(ctx context.Context, s StatementRow) (StatementRow, error) {
	const op = "db.AddStatement"
	s.ID = d.id()
	return s, d.write(ctx, op, func(ctx context.Context, c conn) error {
		return exec(ctx, c, `INSERT INTO statements (`+statementColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
			int64(s.Merchant), s.ID, int64(s.Shop), int64(s.Store), s.Day, s.Made, s.Verdict, []byte(s.Doc), s.Signature, s.Key)
	})
}

// A StatementFilter selects statements.
type StatementFilter struct {
	Shop   ident.Shop // 0 = all
	Day    string     // "" = all
	All    bool       // also those that a later one of the same shop and day stands beside
	Cursor string
	Limit  int
}

// Statements lists statements, newest first.
func (d *DB) Statements(ctx context.Context, sc Scope, f StatementFilter) (list []StatementRow, next string, err error) {
	const op = "db.Statements"
	limit := pageSize(f.Limit)
	before, err := idCursor(f.Cursor)
	if err != nil {
		return nil, "", fault.Wrap(op, err)
	}
	args := []any{int64(sc.Merchant), before, int64(f.Shop), f.Day}
	where, args := sc.where("store_id", args)
	if !f.All {
		where += ` AND NOT EXISTS (SELECT 1 FROM statements AS n WHERE n.merchant_id = s.merchant_id AND n.shop_id = s.shop_id AND n.day = s.day AND n.id > s.id)`
	}
	args = append(args, int64(limit+1))
	err = d.query(ctx, `SELECT `+statementColumns+` FROM statements AS s WHERE merchant_id = $1 AND id < $2 AND (CAST($3 AS BIGINT) = 0 OR shop_id = $3) AND ($4 = '' OR day = $4)`+where+
		` ORDER BY id DESC LIMIT `+dollar(len(args)), args, func(scan scanFunc) error {
		s, err := scanStatement(scan)
		list = append(list, s)
		return err
	})
	if len(list) > limit {
		list = list[:limit]
		next = idCursorText(list[limit-1].ID)
	}
	return list, next, fault.Wrap(op, err)
}

// SigningKeys gives the public keys of this installation by their id.
func (d *DB) SigningKeys(ctx context.Context) (map[int64]ed25519.PublicKey, error) {
	out := map[int64]ed25519.PublicKey{}
	err := d.query(ctx, `SELECT id, public FROM signing_keys`, nil, func(scan scanFunc) error {
		var id int64
		var key []byte
		err := scan(&id, &key)
		out[id] = key
		return err
	})
	return out, fault.Wrap("db.SigningKeys", err)
}

const signingUse = "signing key"

// Signer gives the key that this installation signs with, and makes it at the first time.
func (d *DB) Signer(ctx context.Context) (id int64, key ed25519.PrivateKey, err error) {
	const op = "db.Signer"
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return 0, nil, fault.Wrap(op, err)
	}
	sealed, err := d.keys.sealMaster(private.Seed(), signingUse)
	if err != nil {
		return 0, nil, fault.Wrap(op, err)
	}
	var have []byte
	found, err := d.one(ctx, `SELECT id, sealed_key FROM signing_keys ORDER BY id DESC LIMIT 1`, nil, &id, &have)
	if err == nil && !found {
		err = d.write(ctx, op, func(ctx context.Context, c conn) error {
			found, err := one(ctx, c, `SELECT id, sealed_key FROM signing_keys ORDER BY id DESC LIMIT 1`, nil, &id, &have)
			if err != nil || found {
				return err
			}
			id, have = 1, sealed
			return exec(ctx, c, `INSERT INTO signing_keys (id, public, sealed_key, made_at) VALUES (1, $1, $2, $3)`, []byte(public), sealed, d.now().UnixMilli())
		})
	}
	if err != nil {
		return 0, nil, fault.Wrap(op, err)
	}
	seed, err := d.keys.openMaster(have, signingUse)
	if err != nil {
		return 0, nil, fault.Wrap(op, err)
	}
	return id, ed25519.NewKeyFromSeed(seed), nil
}

// Installation is the name of this installation, drawn when the database was made.
func (d *DB) Installation(ctx context.Context) (name string, err error) {
	_, err = d.one(ctx, `SELECT name FROM installation WHERE id = 1`, nil, &name)
	return name, fault.Wrap("db.Installation", err)
}

// A Counted is an order as a statement counts it.
type Counted struct {
	ID      ident.Order
	Ref     order.Ref
	Status  order.Status
	SortAt  int64
	Summary json.RawMessage
}

// OrdersBetween gives the orders of a shop whose time (placed, else first seen) lies within
// a span, in the order of that time.
func (d *DB) OrdersBetween(ctx context.Context, m ident.Merchant, shop ident.Shop, fromMS, toMS int64) ([]Counted, error) {
	return d.counted(ctx, `SELECT id, realm, external_id, status, sort_at, summary FROM orders WHERE merchant_id = $1 AND shop_id = $2 AND sort_at >= $3 AND sort_at < $4 ORDER BY sort_at, id`,
		int64(m), int64(shop), fromMS, toMS)
}

// OrdersByRefs gives orders by the platform's ids; those that are not there are left out.
func (d *DB) OrdersByRefs(ctx context.Context, m ident.Merchant, realm string, ids []string) (out []Counted, err error) {
	for len(ids) > 0 && err == nil {
		part := ids[:min(len(ids), 200)]
		ids = ids[len(part):]
		args := []any{int64(m), realm}
		where := anyOf("external_id", part, &args)
		var more []Counted
		more, err = d.counted(ctx, `SELECT id, realm, external_id, status, sort_at, summary FROM orders WHERE merchant_id = $1 AND realm = $2`+where, args...)
		out = append(out, more...)
	}
	return out, err
}

func (d *DB) counted(ctx context.Context, text string, args ...any) (out []Counted, err error) {
	err = d.query(ctx, text, args, func(scan scanFunc) error {
		c := Counted{Ref: order.Ref{Kind: order.KindOrder}}
		var status string
		err := scan(&c.ID, &c.Ref.Realm, &c.Ref.ID, &status, &c.SortAt, (*[]byte)(&c.Summary))
		c.Status = order.Status(status)
		out = append(out, c)
		return err
	})
	return out, fault.Wrap("db.counted", err)
}

// FirstHeard tells how an order was heard of first: the direction, the message and the
// moment of the first line about it. ok is false when there is none.
func (d *DB) FirstHeard(ctx context.Context, m ident.Merchant, id ident.Order, ref order.Ref) (dir Direction, what string, atMS int64, ok bool, err error) {
	parts := []string{
		`SELECT * FROM (SELECT id, direction, what, at FROM journal WHERE merchant_id = $1 AND order_id = $2 AND order_id <> 0 ORDER BY id LIMIT 1) AS a`,
		`SELECT * FROM (SELECT id, direction, what, at FROM journal WHERE merchant_id = $1 AND order_id = 0 AND external_id <> '' AND realm = $3 AND kind = $4 AND external_id = $5 ORDER BY id LIMIT 1) AS b`,
	}
	var line int64
	var text string
	ok, err = d.one(ctx, strings.Join(parts, ` UNION ALL `)+` ORDER BY id LIMIT 1`, []any{int64(m), int64(id), ref.Realm, ref.Kind, ref.ID}, &line, &text, &what, &atMS)
	return Direction(text), what, atMS, ok, fault.Wrap("db.FirstHeard", err)
}
