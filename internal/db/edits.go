package db

import (
	"context"
	"encoding/json"
	"errors"

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
	Ended   int64        // UTC ms of the wall clock; nothing is sent any more. 0 = it is under way
	Why     fault.Reason // once ended: why what is left was not sent; zero = nothing is left
}

// An EditChange is one change of an edit.
type EditChange struct {
	front.Change
	State string        `json:"state,omitempty"` // "" = still to be sent; done, refused, unknown
	Why   *fault.Reason `json:"why,omitempty"`
	Alone bool          `json:"alone,omitempty"` // a call for several was refused: the next one is for it alone
}

const editColumns = `id, account_id, shop_id, part, family, at, until, by_id, by_name, digest, doc, ended, why`

func scanEdit(scan scanFunc) (e EditRow, err error) {
	var part, family, doc, why string
	if err := scan(&e.ID, &e.Account, &e.Shop, &part, &family, &e.At, &e.Until, &e.By, &e.ByName, &e.Digest, &doc, &e.Ended, &why); err != nil {
		return e, err
	}
	e.Part, e.Family = front.Part(part), front.Family(family)
	return e, errors.Join(json.Unmarshal([]byte(doc), &e.Changes), json.Unmarshal([]byte(why), &e.Why))
}

// An editWrite is a statement about an edit, for the end of a transaction.
type editWrite struct {
	text string
	args []any
}

func (w editWrite) stmt() *stmt { return &stmt{text: w.text, args: w.args} }

func (t *Tx) writeEdit(text string, id ident.Edit, args ...any) {
	t.l.edits = append(t.l.edits, editWrite{text, append([]any{int64(t.m), int64(id)}, args...)})
}

func (t *Tx) editDoc(v any) string {
	doc, err := json.Marshal(v)
	if err != nil {
		t.fail(err)
	}
	return string(doc)
}

// AddEdit puts an edit under a new id.
func (t *Tx) AddEdit(e EditRow) EditRow {
	e.ID = ident.Edit(t.ID())
	t.writeEdit(`INSERT INTO edits (merchant_id, `+editColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)`, e.ID, int64(e.Account), int64(e.Shop),
		string(e.Part), string(e.Family), e.At, e.Until, e.By, e.ByName, e.Digest, t.editDoc(e.Changes), e.Ended, t.editDoc(e.Why))
	return e
}

// NoteEdit writes what became of an edit's changes.
func (t *Tx) NoteEdit(e EditRow) {
	t.writeEdit(`UPDATE edits SET doc = $3 WHERE merchant_id = $1 AND id = $2`, e.ID, t.editDoc(e.Changes))
}

// EndEdit writes that nothing more of an edit is sent, and why what is left was not.
func (t *Tx) EndEdit(id ident.Edit, why fault.Reason) {
	t.writeEdit(`UPDATE edits SET ended = $3, why = $4 WHERE merchant_id = $1 AND id = $2`, id, t.now.UnixMilli(), t.editDoc(why))
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
