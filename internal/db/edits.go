package db

import (
	"context"
	"encoding/json"

	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/front"
	"github.com/tongdan/tongdan/ident"
)

// An EditRow is an edit of what a shop shows: its changes, and what became of each.
type EditRow struct {
	ID      ident.Edit
	Account ident.Account
	Shop    ident.Shop
	Part    front.Part
	Family  front.Family
	At      int64 // UTC ms of the wall clock
	Until   int64 // nothing is sent later
	By      string
	ByName  string
	Digest  string
	Changes []EditChange
}

// An EditChange is one change of an edit.
type EditChange struct {
	front.Change
	State string        `json:"state,omitempty"` // "" = still to be sent; done, refused, unknown
	Why   *fault.Reason `json:"why,omitempty"`
	Alone bool          `json:"alone,omitempty"` // a call for several was refused: the next one is for it alone
}

const editColumns = `id, account_id, shop_id, part, family, at, until, by_id, by_name, digest, doc`

func scanEdit(scan scanFunc) (e EditRow, err error) {
	var part, family, doc string
	if err := scan(&e.ID, &e.Account, &e.Shop, &part, &family, &e.At, &e.Until, &e.By, &e.ByName, &e.Digest, &doc); err != nil {
		return e, err
	}
	e.Part, e.Family = front.Part(part), front.Family(family)
	return e, json.Unmarshal([]byte(doc), &e.Changes)
}

// AddEdit inserts an edit under a new id.
func (d *DB) AddEdit(ctx context.Context, m ident.Merchant, e EditRow) (EditRow, error) {
	const op = "db.AddEdit"
	doc, err := json.Marshal(e.Changes)
	if err != nil {
		return e, fault.Wrap(op, err)
	}
	err = d.write(ctx, op, func(ctx context.Context, c conn) error {
		e.ID = ident.Edit(d.id())
		return exec(ctx, c, `INSERT INTO edits (merchant_id, `+editColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`, int64(m), int64(e.ID), int64(e.Account), int64(e.Shop),
			string(e.Part), string(e.Family), e.At, e.Until, e.By, e.ByName, e.Digest, string(doc))
	})
	return e, err
}

// NoteEdit writes what became of an edit's changes.
func (d *DB) NoteEdit(ctx context.Context, m ident.Merchant, e EditRow) error {
	const op = "db.NoteEdit"
	doc, err := json.Marshal(e.Changes)
	if err != nil {
		return fault.Wrap(op, err)
	}
	return d.write(ctx, op, func(ctx context.Context, c conn) error {
		return exec(ctx, c, `UPDATE edits SET doc = $3 WHERE merchant_id = $1 AND id = $2`, int64(m), int64(e.ID), string(doc))
	})
}

// DropEdit removes an edit that was not begun.
func (d *DB) DropEdit(ctx context.Context, m ident.Merchant, id ident.Edit) error {
	return d.write(ctx, "db.DropEdit", func(ctx context.Context, c conn) error {
		return exec(ctx, c, `DELETE FROM edits WHERE merchant_id = $1 AND id = $2`, int64(m), int64(id))
	})
}

// Edit finds an edit; fault.NotFound when there is none.
func (d *DB) Edit(ctx context.Context, m ident.Merchant, id ident.Edit) (e EditRow, err error) {
	const op = "db.Edit"
	found := false
	err = d.query(ctx, `SELECT `+editColumns+` FROM edits WHERE merchant_id = $1 AND id = $2`, []any{int64(m), int64(id)}, func(scan scanFunc) error {
		found = true
		e, err = scanEdit(scan)
		return err
	})
	if err == nil && !found {
		return e, fault.Say(op, fault.NotFound, "no_edit", "there is no such edit")
	}
	return e, fault.Wrap(op, err)
}

// Edits are the newest edits of a shop, newest first.
func (d *DB) Edits(ctx context.Context, m ident.Merchant, shop ident.Shop, limit int) (out []EditRow, err error) {
	err = d.query(ctx, `SELECT `+editColumns+` FROM edits WHERE merchant_id = $1 AND shop_id = $2 ORDER BY id DESC LIMIT $3`, []any{int64(m), int64(shop), int64(limit)}, func(scan scanFunc) error {
		e, err := scanEdit(scan)
		out = append(out, e)
		return err
	})
	return out, fault.Wrap("db.Edits", err)
}
