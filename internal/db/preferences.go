package db

import (
	"context"

	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/ident"
)

// A Preference is how somebody likes a screen: a document that the console keeps for a
// person on every device, or that all people of a merchant share.
type Preference struct {
	Name   string
	Doc    []byte // JSON
	Shared bool
	By     string // usr_…
	At     int64  // UTC ms of the wall
}

// maxPreferences is how many a person, and all together, may keep.
const maxPreferences = 50

// Preferences gives what a person keeps and what all share, by name.
func (d *DB) Preferences(ctx context.Context, m ident.Merchant, u ident.User) ([]Preference, error) {
	var out []Preference
	err := d.query(ctx, `SELECT user_id, name, doc, set_by, changed_at FROM preferences WHERE merchant_id = $1 AND user_id IN (0, $2) ORDER BY user_id, name`,
		[]any{int64(m), int64(u)}, func(scan scanFunc) error {
			var p Preference
			var user int64
			var doc string
			err := scan(&user, &p.Name, &doc, &p.By, &p.At)
			p.Shared, p.Doc = user == 0, []byte(doc)
			out = append(out, p)
			return err
		})
	return out, fault.Wrap("db.Preferences", err)
}

// SetPreference keeps a document for a person, or for all (u = 0), in the place of the one
// of that name; nil drops it. The newest wins. It fails with fault.Conflict when there are
// maxPreferences others.
func (d *DB) SetPreference(ctx context.Context, m ident.Merchant, u ident.User, name string, doc []byte, by string) error {
	return d.SetPreferenceSeen(ctx, m, u, name, doc, by, -1)
}

// SetPreferenceSeen keeps a document as SetPreference does, but only while what is kept is as the
// caller has seen it: changed at that moment, 0 = there was none, negative = whatever there is.
// Otherwise it fails with fault.Conflict.
func (d *DB) SetPreferenceSeen(ctx context.Context, m ident.Merchant, u ident.User, name string, doc []byte, by string, seen int64) error {
	const op = "db.SetPreference"
	return d.write(ctx, op, func(ctx context.Context, c conn) error {
		var was int64
		if _, err := one(ctx, c, `SELECT changed_at FROM preferences WHERE merchant_id = $1 AND user_id = $2 AND name = $3`, []any{int64(m), int64(u), name}, &was); err != nil {
			return err
		}
		if seen >= 0 && was != seen {
			return fault.Say(op, fault.Conflict, "preference_changed", "it was changed on another device meanwhile: read it again")
		}
		if doc == nil {
			return exec(ctx, c, `DELETE FROM preferences WHERE merchant_id = $1 AND user_id = $2 AND name = $3`, int64(m), int64(u), name)
		}
		var others int64
		if _, err := one(ctx, c, `SELECT COUNT(*) FROM preferences WHERE merchant_id = $1 AND user_id = $2 AND name <> $3`, []any{int64(m), int64(u), name}, &others); err != nil {
			return err
		}
		if others >= maxPreferences {
			return fault.Say(op, fault.Conflict, "views_full", "there are fifty of them already: delete one first")
		}
		return exec(ctx, c, `INSERT INTO preferences (merchant_id, user_id, name, doc, set_by, changed_at) VALUES ($1, $2, $3, $4, $5, $6)
			ON CONFLICT (merchant_id, user_id, name) DO UPDATE SET doc = excluded.doc, set_by = excluded.set_by, changed_at = excluded.changed_at`,
			int64(m), int64(u), name, string(doc), by, max(d.now().UnixMilli(), was+1)) // each change is a version of its own
	})
}
