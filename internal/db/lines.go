package db

import (
	"cmp"
	"context"
	"crypto/rand"
	"slices"

	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/ident"
	"github.com/tongdan/tongdan/order"
)

// Lines gives the journal of a merchant after a line, oldest first, opened.
func (d *DB) Lines(ctx context.Context, m ident.Merchant, after ident.Entry, limit int) ([]EntryRead, error) {
	return d.lines(ctx, "db.Lines", m, `SELECT `+entryColumns+` FROM journal AS j WHERE `+d.eng.aside+`j.merchant_id = $1 AND j.id > $2 ORDER BY j.id LIMIT $3`,
		int64(m), int64(after), int64(limit))
}

// maxLines bounds the journal of one order; one that has more fails with fault.TooLarge.
const maxLines = 10_000

// LinesOf gives everything that was journalled of an order, oldest first, opened: its own
// lines, those of its records that came before it was known, and those of records that it
// shares with other orders (a parcel of several) and that stand with those.
func (d *DB) LinesOf(ctx context.Context, m ident.Merchant, id ident.Order) ([]EntryRead, error) {
	const op = "db.LinesOf"
	w, err := d.Whole(ctx, m, id)
	if err != nil {
		return nil, fault.Wrap(op, err)
	}
	out, err := d.lines(ctx, op, m, `SELECT `+entryColumns+` FROM journal AS j WHERE j.merchant_id = $1 AND j.order_id = $2 AND j.order_id <> 0 ORDER BY j.id LIMIT $3`,
		int64(m), int64(id), int64(maxLines))
	refs := []order.Ref{w.Row.Ref}
	for _, l := range w.Records {
		if l.Ref != w.Row.Ref && l.Ref.Kind != order.KindOwn {
			refs = append(refs, l.Ref)
		}
	}
	for _, ref := range refs {
		if err != nil {
			break
		}
		var more []EntryRead
		more, err = d.lines(ctx, op, m, `SELECT `+entryColumns+` FROM journal AS j WHERE j.merchant_id = $1 AND j.order_id = 0 AND j.external_id <> ''
			AND j.realm = $2 AND j.kind = $3 AND j.external_id = $4 ORDER BY j.id LIMIT $5`, int64(m), ref.Realm, ref.Kind, ref.ID, int64(maxLines))
		out = append(out, more...)
		if err != nil || ref == w.Row.Ref {
			continue
		}
		more, err = d.lines(ctx, op, m, `SELECT `+entryColumns+` FROM journal AS j WHERE j.merchant_id = $1 AND j.order_id IN (
				SELECT o.id FROM links AS l JOIN orders AS o ON o.merchant_id = l.merchant_id AND o.realm = l.realm AND o.external_id = l.order_id
				WHERE l.merchant_id = $1 AND l.realm = $2 AND l.kind = $3 AND l.record_id = $4 AND o.id <> $6)
			AND j.order_id <> 0 AND j.realm = $2 AND j.kind = $3 AND j.external_id = $4 ORDER BY j.id LIMIT $5`, int64(m), ref.Realm, ref.Kind, ref.ID, int64(maxLines), int64(id))
		out = append(out, more...)
	}
	if err == nil && len(out) >= maxLines {
		err = fault.New(op, fault.TooLarge, "the order has more than 10,000 lines in the journal")
	}
	slices.SortFunc(out, func(a, b EntryRead) int { return cmp.Compare(a.ID, b.ID) })
	return slices.CompactFunc(out, func(a, b EntryRead) bool { return a.ID == b.ID }), fault.Wrap(op, err)
}

func (d *DB) lines(ctx context.Context, op string, m ident.Merchant, text string, args ...any) ([]EntryRead, error) {
	var sealed []sealedEntry
	err := d.query(ctx, text, args, func(scan scanFunc) error {
		e, err := scanEntry(scan)
		sealed = append(sealed, e)
		return err
	})
	if err != nil {
		return nil, fault.Wrap(op, err)
	}
	out := make([]EntryRead, len(sealed))
	o := d.opener(m)
	for i := range sealed {
		if err := o.open(ctx, &sealed[i]); err != nil {
			return nil, fault.Wrap(op, err)
		}
		out[i] = sealed[i].EntryRead
	}
	return out, nil
}

// KnownBody gives the bytes of a line that only has their hash: those of the last line before
// it, about the same resource, that has the same. That line can stand with another order than
// e does: with none, when it came before its order, or with another that shares the resource (a
// parcel of several). Both are nil when that one is erased.
func (d *DB) KnownBody(ctx context.Context, m ident.Merchant, e EntryRead) ([]byte, error) {
	const same = ` AND j.realm = $2 AND j.kind = $3 AND j.external_id = $4 AND j.known = 0 AND j.hash = $5 AND j.id < $6`
	args := []any{int64(m), e.Ref.Realm, e.Ref.Kind, e.Ref.ID, e.Hash, int64(e.ID)}
	own := []any{int64(e.Order)}
	for _, where := range []struct {
		text string
		more []any
	}{
		{`j.order_id = $7 AND j.order_id <> 0`, own},
		{`j.order_id = 0 AND j.external_id <> ''`, nil},
		{`j.order_id IN (SELECT o.id FROM links AS l JOIN orders AS o ON o.merchant_id = l.merchant_id AND o.realm = l.realm AND o.external_id = l.order_id
			WHERE l.merchant_id = $1 AND l.realm = $2 AND l.kind = $3 AND l.record_id = $4 AND o.id <> $7) AND j.order_id <> 0`, own},
	} {
		list, err := d.lines(ctx, "db.KnownBody", m, `SELECT `+entryColumns+` FROM journal AS j WHERE j.merchant_id = $1 AND `+where.text+same+` ORDER BY j.id DESC LIMIT 1`, append(args, where.more...)...)
		if err != nil {
			return nil, err
		}
		if len(list) > 0 {
			return list[0].Body, nil
		}
	}
	return nil, nil
}

// OrderIDs finds our ids of orders by the platform's; those that are not there are left
// out.
func (d *DB) OrderIDs(ctx context.Context, m ident.Merchant, refs []order.Ref) (map[order.Ref]ident.Order, error) {
	out := map[order.Ref]ident.Order{}
	var args []any
	for _, r := range refs {
		args = append(args, int64(m), r.Realm, r.ID)
	}
	for _, s := range orderIDs.stmts(args, "", func(scan scanFunc) error {
		r := order.Ref{Kind: order.KindOrder}
		var id ident.Order
		err := scan(&r.Realm, &r.ID, &id)
		out[r] = id
		return err
	}) {
		if err := d.query(ctx, s.text, s.args, s.each); err != nil {
			return nil, fault.Wrap("db.OrderIDs", err)
		}
	}
	return out, nil
}

var orderIDs = lookup{head: `SELECT realm, external_id, id FROM orders WHERE (merchant_id, realm, external_id) IN`, types: byRef}

// Rows are the directory of one merchant, without credentials.
type Rows struct {
	Merchant MerchantRow
	Stores   []StoreRow
	Apps     []AppRow
	Accounts []AccountRow
	Shops    []ShopRow
}

// Rows gives the directory of a merchant, without credentials.
func (d *DB) Rows(m ident.Merchant) Rows {
	dir := d.dir.Load()
	var out Rows
	out.Merchant = dir.merchants[m]
	for _, s := range dir.stores {
		if s.Merchant == m {
			out.Stores = append(out.Stores, s)
		}
	}
	for _, a := range dir.apps {
		if a.Credentials = nil; a.Merchant == m {
			out.Apps = append(out.Apps, a)
		}
	}
	for _, a := range dir.accounts {
		if a.Merchant == m {
			out.Accounts = append(out.Accounts, AccountRow{Merchant: m, ID: a.ID, App: a.App, Channel: a.Channel, Realm: a.Realm, External: a.External, Paused: true, BigChain: a.BigChain})
		}
	}
	for _, s := range dir.shops {
		if s.Merchant == m {
			out.Shops = append(out.Shops, s)
		}
	}
	slices.SortFunc(out.Stores, func(a, b StoreRow) int { return cmp.Compare(a.ID, b.ID) })
	slices.SortFunc(out.Apps, func(a, b AppRow) int { return cmp.Compare(a.ID, b.ID) })
	slices.SortFunc(out.Accounts, func(a, b AccountRow) int { return cmp.Compare(a.ID, b.ID) })
	slices.SortFunc(out.Shops, func(a, b ShopRow) int { return cmp.Compare(a.ID, b.ID) })
	return out
}

// OpenScratch makes a database in an empty folder with the directory of a merchant and
// nothing else, under a key that nobody keeps: for a replay.
func OpenScratch(ctx context.Context, dir string, rows Rows) (*DB, error) {
	const op = "db.OpenScratch"
	o := Options{Dir: dir}
	rand.Read(o.Key[:])
	d, err := Open(ctx, o)
	if err != nil {
		return nil, fault.Wrap(op, err)
	}
	m := rows.Merchant.ID
	sealed, err := d.keys.newMerchant(m)
	if err == nil {
		err = d.write(ctx, op, func(ctx context.Context, c conn) (err error) {
			add := func(text string, args ...any) {
				if err == nil {
					err = exec(ctx, c, text, args...)
				}
			}
			none := func(kind, id string) (b []byte) {
				if err == nil {
					b, err = d.sealCredentials(nil, credentialsUse(kind, id))
				}
				return b
			}
			add(`INSERT INTO merchants (id, name, locale, sealed_key, made_at) VALUES ($1, '', $2, $3, 0)`, int64(m), rows.Merchant.Locale, sealed)
			add(`INSERT INTO feeds (merchant_id, epoch, seq) VALUES ($1, 1, 0)`, int64(m))
			for _, s := range rows.Stores {
				add(`INSERT INTO stores (merchant_id, id, name, zone, cutoff, address) VALUES ($1, $2, '', $3, $4, '')`, int64(m), int64(s.ID), s.Zone, int64(s.Cutoff))
			}
			for _, a := range rows.Apps {
				add(`INSERT INTO apps (merchant_id, id, channel, name, base_url, public_url, credentials) VALUES ($1, $2, $3, '', '', $4, $5)`,
					int64(m), int64(a.ID), a.Channel, a.PublicURL, none("app", a.ID.String()))
			}
			for _, a := range rows.Accounts {
				add(`INSERT INTO accounts (merchant_id, id, app_id, channel, realm, name, external_id, credentials, paused, big_chain) VALUES ($1, $2, $3, $4, $5, '', $6, $7, 1, $8)`,
					int64(m), int64(a.ID), int64(a.App), a.Channel, a.Realm, a.External, none("account", a.ID.String()), flag(a.BigChain))
			}
			for _, s := range rows.Shops {
				add(`INSERT INTO shops (merchant_id, id, account_id, channel, realm, external_id, store_id, name, mode) VALUES ($1, $2, $3, $4, $5, $6, $7, '', $8)`,
					int64(m), int64(s.ID), int64(s.Account), s.Channel, s.Realm, s.External, int64(s.Store), s.Mode)
			}
			return err
		})
	}
	if err == nil {
		err = d.loadDirectory(ctx)
	}
	if err != nil {
		d.Close()
		return nil, fault.Wrap(op, err)
	}
	return d, nil
}
