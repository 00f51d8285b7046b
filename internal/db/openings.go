package db

import (
	"context"

	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/ident"
)

// An OpeningRow says that somebody went through a store's opening check on a day, or
// skipped it: the last word of the day counts.
type OpeningRow struct {
	Store   ident.Store
	Day     string // of the store's zone, 2026-03-01
	By      string // usr_…, key_…, dev_…
	Name    string
	At      int64 // UTC ms
	Skipped bool  // not all of it was looked at
	Heard   string
}

// NoteOpening keeps what became of a day's opening check.
func (d *DB) NoteOpening(ctx context.Context, m ident.Merchant, o OpeningRow) error {
	return d.write(ctx, "db.NoteOpening", func(ctx context.Context, c conn) error {
		return exec(ctx, c, `INSERT INTO openings (merchant_id, store_id, day, by_id, by_name, at, skipped, heard) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
			ON CONFLICT (merchant_id, store_id, day) DO UPDATE SET by_id = excluded.by_id, by_name = excluded.by_name, at = excluded.at, skipped = excluded.skipped, heard = excluded.heard`,
			int64(m), int64(o.Store), o.Day, o.By, clean(o.Name, 200), o.At, flag(o.Skipped), o.Heard)
	})
}

// Openings lists a store's last opening checks, newest first.
func (d *DB) Openings(ctx context.Context, m ident.Merchant, store ident.Store) ([]OpeningRow, error) {
	var out []OpeningRow
	err := d.query(ctx, `SELECT day, by_id, by_name, at, skipped, heard FROM openings WHERE merchant_id = $1 AND store_id = $2 ORDER BY day DESC LIMIT 14`, []any{int64(m), int64(store)}, func(scan scanFunc) error {
		o := OpeningRow{Store: store}
		var skipped int64
		err := scan(&o.Day, &o.By, &o.Name, &o.At, &skipped, &o.Heard)
		o.Skipped = skipped == 1
		out = append(out, o)
		return err
	})
	return out, fault.Wrap("db.Openings", err)
}
