package db

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/ident"
)

// A RiderRow is who brings orders for a store.
type RiderRow struct {
	ID       ident.Rider
	Store    ident.Store
	Name     string
	Phone    string
	Disabled bool
	Made     int64 // UTC ms
}

// Riders lists the riders of stores that a scope sees, by name.
func (d *DB) Riders(ctx context.Context, sc Scope) ([]RiderRow, error) {
	var out []RiderRow
	err := d.query(ctx, `SELECT id, store_id, name, phone, disabled, made_at FROM riders WHERE merchant_id = $1 ORDER BY name, id`, []any{int64(sc.Merchant)}, func(scan scanFunc) error {
		var r RiderRow
		var disabled int64
		err := scan(&r.ID, &r.Store, &r.Name, &r.Phone, &disabled, &r.Made)
		if r.Disabled = disabled == 1; sc.sees(r.Store) {
			out = append(out, r)
		}
		return err
	})
	return out, fault.Wrap("db.Riders", err)
}

// PutRider inserts or replaces a rider; the links of one who is off end. Lines of the journal
// that tell of it are written in the same transaction, here and below.
func (d *DB) PutRider(ctx context.Context, m ident.Merchant, r RiderRow, lines ...func(RiderRow) Entry) (RiderRow, error) {
	const op = "db.PutRider"
	if err := need(op, map[string]bool{"name": named(r.Name), "phone": named(r.Phone)}); err != nil {
		return r, err
	}
	if r.ID == 0 {
		r.ID, r.Made = ident.Rider(d.id()), d.now().UnixMilli()
	}
	return r, d.changedDirectory(ctx, op, m, r.ID.String(), func(ctx context.Context, c conn) error {
		if err := addEntriesOf(ctx, d, c, m, r, lines); err != nil {
			return err
		}
		if r.Disabled {
			if err := exec(ctx, c, `DELETE FROM rider_links WHERE merchant_id = $1 AND rider_id = $2`, int64(m), int64(r.ID)); err != nil {
				return err
			}
		}
		return exec(ctx, c, `INSERT INTO riders (merchant_id, id, store_id, name, phone, disabled, made_at) VALUES ($1, $2, $3, $4, $5, $6, $7)
			ON CONFLICT (merchant_id, id) DO UPDATE SET store_id = excluded.store_id, name = excluded.name, phone = excluded.phone, disabled = excluded.disabled`,
			int64(m), int64(r.ID), int64(r.Store), r.Name, r.Phone, flag(r.Disabled), r.Made)
	})
}

// PutRiderLink keeps the hash of a link's secret until a moment, and forgets what has ended.
func (d *DB) PutRiderLink(ctx context.Context, m ident.Merchant, r ident.Rider, hash []byte, until time.Time, lines ...Entry) error {
	return d.changedDirectory(ctx, "db.PutRiderLink", m, r.String(), func(ctx context.Context, c conn) error {
		if err := d.addEntries(ctx, c, m, lines); err != nil {
			return err
		}
		if err := exec(ctx, c, `DELETE FROM rider_links WHERE expires_at < $1`, d.now().UnixMilli()); err != nil {
			return err
		}
		return exec(ctx, c, `INSERT INTO rider_links (hash, merchant_id, rider_id, expires_at) VALUES ($1, $2, $3, $4)`, hash, int64(m), int64(r), until.UnixMilli())
	})
}

// RiderOf finds whose a link is; fault.NotFound when it has ended, or its rider is off.
func (d *DB) RiderOf(ctx context.Context, hash []byte) (m ident.Merchant, r RiderRow, err error) {
	var disabled int64
	found := false
	err = d.query(ctx, `SELECT r.merchant_id, r.id, r.store_id, r.name, r.phone, r.disabled, r.made_at FROM rider_links AS l JOIN riders AS r ON r.merchant_id = l.merchant_id AND r.id = l.rider_id
		WHERE l.hash = $1 AND l.expires_at > $2`, []any{hash, d.now().UnixMilli()}, func(scan scanFunc) error {
		found = true
		return scan(&m, &r.ID, &r.Store, &r.Name, &r.Phone, &disabled, &r.Made)
	})
	if err == nil && (!found || disabled == 1) {
		err = fault.Say("db.RiderOf", fault.NotFound, "rider_link_ended", "this link has ended: ask the store for a new one")
	}
	return m, r, err
}

// A CourierRow is an account at a courier.
type CourierRow struct {
	Merchant    ident.Merchant
	ID          ident.Courier
	Kind        string // as of package courier
	Name        string
	Address     string // of its API; "" = its own
	Disabled    bool
	Shops       map[ident.Store]string // its numbers of our stores: it fetches at these alone
	Credentials map[string]string
	Made        int64 // UTC ms
}

// Couriers lists a merchant's accounts at couriers, oldest first.
func (d *DB) Couriers(ctx context.Context, m ident.Merchant) ([]CourierRow, error) {
	var out []CourierRow
	err := d.query(ctx, `SELECT id, kind, name, address, disabled, doc, credentials, made_at FROM couriers WHERE merchant_id = $1 ORDER BY id`, []any{int64(m)}, func(scan scanFunc) error {
		c := CourierRow{Merchant: m}
		var disabled int64
		var doc, sealed []byte
		if err := scan(&c.ID, &c.Kind, &c.Name, &c.Address, &disabled, &doc, &sealed, &c.Made); err != nil {
			return err
		}
		c.Disabled = disabled == 1
		if err := json.Unmarshal(slices.Clone(doc), &c.Shops); err != nil {
			return err
		}
		var err error
		c.Credentials, err = d.openCredentials(sealed, credentialsUse("courier", c.ID.String()))
		out = append(out, c)
		return err
	})
	return out, fault.Wrap("db.Couriers", err)
}

// PutCourier inserts or replaces an account at a courier, with its credentials.
func (d *DB) PutCourier(ctx context.Context, r CourierRow, lines ...func(CourierRow) Entry) (CourierRow, error) {
	const op = "db.PutCourier"
	if err := need(op, map[string]bool{"kind": named(r.Kind), "name": named(r.Name), "address": short(r.Address)}); err != nil {
		return r, err
	}
	if r.ID == 0 {
		r.ID, r.Made = ident.Courier(d.id()), d.now().UnixMilli()
	}
	if r.Shops == nil {
		r.Shops = map[ident.Store]string{}
	}
	doc, err := json.Marshal(r.Shops)
	if err != nil {
		return r, fault.Wrap(op, err)
	}
	sealed, err := d.sealCredentials(r.Credentials, credentialsUse("courier", r.ID.String()))
	if err != nil {
		return r, fault.Wrap(op, err)
	}
	return r, d.changedDirectory(ctx, op, r.Merchant, r.ID.String(), func(ctx context.Context, c conn) error {
		if err := d.sameKey(ctx, c); err != nil {
			return err
		}
		if err := addEntriesOf(ctx, d, c, r.Merchant, r, lines); err != nil {
			return err
		}
		return exec(ctx, c, `INSERT INTO couriers (merchant_id, id, kind, name, address, disabled, doc, credentials, made_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
			ON CONFLICT (merchant_id, id) DO UPDATE SET name = excluded.name, address = excluded.address, disabled = excluded.disabled, doc = excluded.doc, credentials = excluded.credentials`,
			int64(r.Merchant), int64(r.ID), r.Kind, r.Name, r.Address, flag(r.Disabled), doc, sealed, r.Made)
	})
}
