package db

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tongdan/tongdan/effect"
	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/ident"
)

// A ParcelKey names a parcel: the platform's id under the account whose it is.
type ParcelKey struct {
	Account ident.Account
	Parcel  string
}

// A LabelSheet is a document with labels of one account's parcels, as the platform gave it.
type LabelSheet struct {
	Account ident.Account
	Format  string
	Parcels []string // in the order of the document
	Pages   int      // of PDF
	Bytes   []byte
}

// A LabelPlace is where a parcel's newest label of a format is kept.
type LabelPlace struct {
	Sheet int64
	N     int // its place in the sheet
	Of    int // how many labels the sheet was given with
	Pages int
}

// A LabelPrint is how often a parcel's label was put out, with who did it first and last.
// Times are UTC ms of the wall clock.
type LabelPrint struct {
	Times              int
	FirstAt            int64
	FirstBy, FirstName string
	LastAt             int64
	LastBy, LastName   string
}

// LabelLimits bound what is kept of labels.
type LabelLimits struct {
	For  time.Duration // how long
	Most int64         // bytes of a merchant, the oldest go first
}

func labelUse(id int64) string { return "label " + strconv.FormatInt(id, 36) }

// KeepLabels keeps sheets, each sealed under a key of its own, and forgets those beyond the
// limits. A parcel's label of before is replaced; the same again changes nothing for anybody.
func (d *DB) KeepLabels(ctx context.Context, m ident.Merchant, sheets []LabelSheet, limits LabelLimits) error {
	const op = "db.KeepLabels"
	mk, err := d.keys.merchant(m)
	if err != nil {
		return fault.Wrap(op, err)
	}
	now := time.Now()
	type sealedSheet struct {
		id          int64
		key, sealed []byte
	}
	rows := make([]sealedSheet, len(sheets))
	for i, s := range sheets {
		id := ident.New(now)
		key, err := mk.draw(labelUse(id))
		if err != nil {
			return fault.Wrap(op, err)
		}
		rows[i] = sealedSheet{id, key.sealed, key.aead.Seal(nil, nil, s.Bytes, []byte(labelUse(id)))}
	}
	return d.write(ctx, op, func(ctx context.Context, c conn) error {
		for i, s := range sheets {
			r := rows[i]
			if err := exec(ctx, c, `INSERT INTO label_sheets (merchant_id, id, account_id, format, at, parcels, pages, size, sealed_key, sealed) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
				int64(m), r.id, int64(s.Account), s.Format, now.UnixMilli(), int64(len(s.Parcels)), int64(s.Pages), int64(len(s.Bytes)), r.key, r.sealed); err != nil {
				return err
			}
			for n, p := range s.Parcels {
				if err := exec(ctx, c, `INSERT INTO labels (merchant_id, account_id, parcel, format, sheet_id, n) VALUES ($1, $2, $3, $4, $5, $6)
					ON CONFLICT (merchant_id, account_id, parcel, format) DO UPDATE SET sheet_id = excluded.sheet_id, n = excluded.n`,
					int64(m), int64(s.Account), clean(p, maxName), s.Format, r.id, int64(n)); err != nil {
					return err
				}
			}
		}
		return forgetLabels(ctx, c, m, now.Add(-limits.For).UnixMilli(), limits.Most)
	})
}

// ForgetLabels forgets what is beyond the limits. They hold customers' data: of a merchant who
// fetches no more labels, they have to go too.
func (d *DB) ForgetLabels(ctx context.Context, m ident.Merchant, limits LabelLimits) error {
	return d.writeAs(ctx, "db.ForgetLabels", Background, func(ctx context.Context, c conn) error {
		return forgetLabels(ctx, c, m, time.Now().Add(-limits.For).UnixMilli(), limits.Most)
	})
}

// forgetLabels deletes the sheets from before a moment, and the oldest beyond most bytes.
func forgetLabels(ctx context.Context, c conn, m ident.Merchant, before, most int64) error {
	var size int64
	if _, err := one(ctx, c, `SELECT COALESCE(SUM(size), 0) FROM label_sheets WHERE merchant_id = $1 AND at >= $2`, []any{int64(m), before}, &size); err != nil {
		return err
	}
	for over := size - most; over > 0; {
		var at, n int64
		found, err := one(ctx, c, `SELECT at, SUM(size) FROM label_sheets WHERE merchant_id = $1 AND at >= $2 GROUP BY at ORDER BY at LIMIT 1`, []any{int64(m), before}, &at, &n)
		if err != nil {
			return err
		}
		if !found {
			break
		}
		before, over = at+1, over-n
	}
	for _, text := range []string{
		`DELETE FROM labels WHERE merchant_id = $1 AND sheet_id IN (SELECT id FROM label_sheets WHERE merchant_id = $1 AND at < $2)`,
		`DELETE FROM label_sheets WHERE merchant_id = $1 AND at < $2`,
	} {
		if err := exec(ctx, c, text, int64(m), before); err != nil {
			return err
		}
	}
	return nil
}

const parcelsAtOnce = 50 // of one statement, which is the same text for fewer

// byParcel runs a query for parcels, an account at a time. text has IN (%) for their ids; $1 is
// the merchant, $2 the account.
func (d *DB) byParcel(ctx context.Context, m ident.Merchant, keys []ParcelKey, text string, more []any, each func(ident.Account, scanFunc) error) error {
	of := map[ident.Account][]string{}
	for _, k := range keys {
		of[k.Account] = append(of[k.Account], k.Parcel)
	}
	for a, list := range of {
		for part := range slices.Chunk(list, parcelsAtOnce) {
			args := append([]any{int64(m), int64(a)}, more...)
			var marks []string
			for i := range parcelsAtOnce {
				args = append(args, part[min(i, len(part)-1)])
				marks = append(marks, "$"+strconv.Itoa(len(args)))
			}
			err := d.query(ctx, strings.Replace(text, "%", strings.Join(marks, ", "), 1), args, func(scan scanFunc) error { return each(a, scan) })
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// LabelsOf tells which of these parcels have a label of a format here.
func (d *DB) LabelsOf(ctx context.Context, m ident.Merchant, format string, keys []ParcelKey) (map[ParcelKey]LabelPlace, error) {
	out := map[ParcelKey]LabelPlace{}
	err := d.byParcel(ctx, m, keys, `SELECT l.parcel, l.sheet_id, l.n, s.parcels, s.pages FROM labels AS l JOIN label_sheets AS s ON s.merchant_id = l.merchant_id AND s.id = l.sheet_id
		WHERE l.merchant_id = $1 AND l.account_id = $2 AND l.format = $3 AND l.parcel IN (%)`, []any{format}, func(a ident.Account, scan scanFunc) error {
		k, p := ParcelKey{Account: a}, LabelPlace{}
		err := scan(&k.Parcel, &p.Sheet, &p.N, &p.Of, &p.Pages)
		out[k] = p
		return err
	})
	return out, fault.Wrap("db.LabelsOf", err)
}

// LabelBytes opens sheets. It fails with fault.NotFound when one is not kept any more.
func (d *DB) LabelBytes(ctx context.Context, m ident.Merchant, sheets []int64) (map[int64][]byte, error) {
	const op = "db.LabelBytes"
	mk, err := d.keys.merchant(m)
	if err != nil {
		return nil, fault.Wrap(op, err)
	}
	out := map[int64][]byte{}
	for _, id := range sheets {
		var key, sealed []byte
		found, err := d.one(ctx, `SELECT sealed_key, sealed FROM label_sheets WHERE merchant_id = $1 AND id = $2`, []any{int64(m), id}, &key, &sealed)
		if err == nil && !found {
			err = fault.Say(op, fault.NotFound, "label_gone", "this label is not kept any more: print it anew")
		}
		if err != nil {
			return nil, fault.Wrap(op, err)
		}
		k, err := mk.open(key, labelUse(id))
		if err != nil {
			return nil, fault.Wrap(op, err)
		}
		if out[id], err = k.aead.Open(nil, nil, sealed, []byte(labelUse(id))); err != nil {
			return nil, &fault.Error{Op: op, Code: fault.Internal, Why: fault.Because("label_broken", "a kept label cannot be opened: print it anew"), Err: err}
		}
	}
	return out, nil
}

// LabelPrints tells which of these parcels' labels were put out before.
func (d *DB) LabelPrints(ctx context.Context, m ident.Merchant, keys []ParcelKey) (map[ParcelKey]LabelPrint, error) {
	out := map[ParcelKey]LabelPrint{}
	err := d.byParcel(ctx, m, keys, `SELECT parcel, times, first_at, first_by, first_name, last_at, last_by, last_name FROM label_prints
		WHERE merchant_id = $1 AND account_id = $2 AND parcel IN (%)`, nil, func(a ident.Account, scan scanFunc) error {
		k, p := ParcelKey{Account: a}, LabelPrint{}
		err := scan(&k.Parcel, &p.Times, &p.FirstAt, &p.FirstBy, &p.FirstName, &p.LastAt, &p.LastBy, &p.LastName)
		out[k] = p
		return err
	})
	return out, fault.Wrap("db.LabelPrints", err)
}

// PrintedLabel notes that a parcel's label was put out once more, now.
func (t *Tx) PrintedLabel(k ParcelKey, by, name string) {
	t.l.edits = append(t.l.edits, editWrite{`INSERT INTO label_prints (merchant_id, account_id, parcel, times, first_at, first_by, first_name, last_at, last_by, last_name)
		VALUES ($1, $2, $3, 1, $4, $5, $6, $4, $5, $6)
		ON CONFLICT (merchant_id, account_id, parcel) DO UPDATE SET times = label_prints.times + 1, last_at = excluded.last_at, last_by = excluded.last_by, last_name = excluded.last_name`,
		[]any{int64(t.m), int64(k.Account), clean(k.Parcel, maxName), t.now.UnixMilli(), clean(by, 200), clean(name, 200)}})
}

// EffectsOfKey lists effects whose key begins so, oldest first.
func (d *DB) EffectsOfKey(ctx context.Context, m ident.Merchant, prefix string, limit int) ([]effect.Effect, error) {
	var out []effect.Effect
	err := d.query(ctx, `SELECT `+effectColumns+` FROM effects WHERE merchant_id = $1 AND key >= $2 AND key < $3 ORDER BY key LIMIT $4`,
		[]any{int64(m), prefix, prefix + "\x7f", int64(limit)}, func(scan scanFunc) error {
			e, err := scanEffect(scan)
			out = append(out, e)
			return err
		})
	slices.SortFunc(out, func(a, b effect.Effect) int { return cmp.Compare(a.ID, b.ID) })
	return out, fault.Wrap("db.EffectsOfKey", err)
}
