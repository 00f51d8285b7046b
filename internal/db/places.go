package db

import (
	"cmp"
	"context"
	"slices"

	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/ident"
)

// What is kept of stores, apps, accounts and shops. Put inserts or replaces; a row
// without ID gets one, and the row as stored is given back. Whoever changes one gives a Tell,
// whose line is written in the same transaction.

const (
	storeColumns   = `merchant_id, id, name, zone, cutoff, address, prepare_minutes, travel_minutes, hours`
	appColumns     = `merchant_id, id, channel, name, base_url, public_url, credentials`
	accountColumns = `a.merchant_id, a.id, a.app_id, a.channel, a.realm, a.name, a.external_id, a.credentials, a.paused, a.big_chain,
		COALESCE(h.alarm_at, 0), COALESCE(h.alarm_why, ''), COALESCE(h.last_push, 0), COALESCE(h.last_pull, 0), COALESCE(h.last_error, 0),
		COALESCE(h.error_code, ''), COALESCE(h.error_words, ''), COALESCE(h.error_why, ''), h.cursor_doc`
	accountTables = `accounts AS a LEFT JOIN account_health AS h ON h.merchant_id = a.merchant_id AND h.account_id = a.id`
	shopColumns   = `merchant_id, id, account_id, channel, realm, external_id, store_id, name, mode`
)

func scanStore(scan scanFunc) (s StoreRow, err error) {
	s.Pace = new(Pace)
	err = scan(&s.Merchant, &s.ID, &s.Name, &s.Zone, &s.Cutoff, &s.Address, &s.Pace.Prepare, &s.Pace.Travel, &s.Hours)
	return s, err
}

func (d *DB) scanApp(scan scanFunc) (a AppRow, err error) {
	var sealed []byte
	if err = scan(&a.Merchant, &a.ID, &a.Channel, &a.Name, &a.BaseURL, &a.PublicURL, &sealed); err == nil {
		a.Credentials, err = d.openCredentials(sealed, credentialsUse("app", a.ID.String()))
	}
	return a, err
}

func (d *DB) scanAccount(scan scanFunc) (a AccountRow, err error) {
	var sealed []byte
	var paused, chain int64
	var words, why string
	if err = scan(&a.Merchant, &a.ID, &a.App, &a.Channel, &a.Realm, &a.Name, &a.External, &sealed, &paused, &chain, &a.AlarmAt, &a.AlarmWhy, &a.LastPush,
		&a.LastPull, &a.LastError, &a.ErrorCode, &words, &why, (*[]byte)(&a.Cursor)); err == nil {
		a.Paused, a.BigChain, a.ErrorWhy = paused == 1, chain == 1, readReason(words, why)
		a.Credentials, err = d.openCredentials(sealed, credentialsUse("account", a.ID.String()))
	}
	return a, err
}

func scanShop(scan scanFunc) (s ShopRow, err error) {
	err = scan(&s.Merchant, &s.ID, &s.Account, &s.Channel, &s.Realm, &s.External, &s.Store, &s.Name, &s.Mode)
	return s, err
}

// need refuses rows that lack what they cannot do without.
func need(op string, what map[string]bool) error {
	var fields []fault.Field
	for name, ok := range what {
		if !ok {
			fields = append(fields, fault.Wrong("body."+name, fault.Because("field_missing", "is missing or too long")))
		}
	}
	if len(fields) == 0 {
		return nil
	}
	slices.SortFunc(fields, func(a, b fault.Field) int { return cmp.Compare(a.Location, b.Location) })
	return &fault.Error{Op: op, Code: fault.Invalid, Why: fault.Because("fields_wrong", "some fields are wrong"), Fields: fields}
}

func short(s string) bool { return len(s) <= 500 && clean(s, 500) == s }
func named(s string) bool { return s != "" && short(s) }

// PutStore inserts or replaces a store.
func (d *DB) PutStore(ctx context.Context, s StoreRow, tells ...Tell[StoreRow]) (StoreRow, error) {
	if s.Pace == nil {
		pace := UsualPace
		s.Pace = &pace
	}
	const op = "db.PutStore"
	if err := need(op, map[string]bool{"name": named(s.Name), "zone": short(s.Zone), "address": short(s.Address), "hours": short(s.Hours), "cutoff_minutes": s.Cutoff >= 0 && s.Cutoff < 1440}); err != nil {
		return s, err
	}
	if s.ID == 0 {
		s.ID = ident.Store(d.id())
	}
	return s, d.changedDirectory(ctx, op, s.Merchant, s.ID.String(), func(ctx context.Context, c conn) error {
		was, err := replacing(ctx, d, c, tells, "stores", storeColumns, s.Merchant, int64(s.ID), scanStore)
		if err == nil {
			err = tell(ctx, d, c, s.Merchant, was, &s, tells)
		}
		if err != nil {
			return err
		}
		return exec(ctx, c, `INSERT INTO stores (`+storeColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
			ON CONFLICT (merchant_id, id) DO UPDATE SET name = excluded.name, zone = excluded.zone, cutoff = excluded.cutoff, address = excluded.address,
			prepare_minutes = excluded.prepare_minutes, travel_minutes = excluded.travel_minutes, hours = excluded.hours`,
			int64(s.Merchant), int64(s.ID), s.Name, s.Zone, int64(s.Cutoff), s.Address, int64(s.Pace.Prepare), int64(s.Pace.Travel), s.Hours)
	})
}

// Stores lists the stores of a scope by name.
func (d *DB) Stores(ctx context.Context, sc Scope) ([]StoreRow, error) {
	var out []StoreRow
	err := d.query(ctx, `SELECT `+storeColumns+` FROM stores WHERE merchant_id = $1 ORDER BY name, id`, []any{int64(sc.Merchant)}, func(scan scanFunc) error {
		s, err := scanStore(scan)
		if err == nil && sc.sees(s.ID) {
			out = append(out, s)
		}
		return err
	})
	return out, fault.Wrap("db.Stores", err)
}

// DeleteStore deletes a store that no shop is bound to; fault.Conflict otherwise.
func (d *DB) DeleteStore(ctx context.Context, m ident.Merchant, id ident.Store, tells ...Tell[StoreRow]) error {
	const op = "db.DeleteStore"
	return d.changedDirectory(ctx, op, m, id.String(), func(ctx context.Context, c conn) error {
		if err := tellGone(ctx, d, c, tells, "stores", storeColumns, m, int64(id), scanStore); err != nil {
			return err
		}
		return remove(ctx, c, op, `SELECT COUNT(*) FROM shops WHERE merchant_id = $1 AND store_id = $2`, "unbind its shops first",
			`DELETE FROM stores WHERE merchant_id = $1 AND id = $2`, int64(m), int64(id))
	})
}

// tellGone tells that a row is taken away. Where there is none, nothing is told: whoever deletes
// it says so.
func tellGone[R any](ctx context.Context, d *DB, c conn, tells []Tell[R], table, columns string, m ident.Merchant, id int64, scan func(scanFunc) (R, error)) error {
	was, err := replacing(ctx, d, c, tells, table, columns, m, id, scan)
	if err != nil || was == nil {
		return err
	}
	return tell(ctx, d, c, m, was, nil, tells)
}

// remove deletes a row that nothing hangs on.
func remove(ctx context.Context, c conn, op, count, words, text string, m, id int64) error {
	if count != "" {
		var n int64
		if _, err := one(ctx, c, count, []any{m, id}, &n); err != nil {
			return err
		}
		if n > 0 {
			return fault.New(op, fault.Conflict, words)
		}
	}
	n, err := affects(ctx, c, text, m, id)
	if err == nil && n == 0 {
		return fault.Say(op, fault.NotFound, "not_found", "there is no such thing")
	}
	return err
}

// PutApp inserts or replaces an application. Credentials of nil leave those that are
// there.
func (d *DB) PutApp(ctx context.Context, a AppRow, tells ...Tell[AppRow]) (AppRow, error) {
	const op = "db.PutApp"
	if err := need(op, map[string]bool{"channel": named(a.Channel), "name": short(a.Name), "base_url": short(a.BaseURL), "public_url": short(a.PublicURL)}); err != nil {
		return a, err
	}
	if a.ID == 0 {
		a.ID = ident.App(d.id())
	}
	if old, ok := d.AppByID(a.ID); ok && old.Merchant == a.Merchant && a.Credentials == nil {
		a.Credentials = old.Credentials
	}
	sealed, err := d.sealCredentials(a.Credentials, credentialsUse("app", a.ID.String()))
	if err != nil {
		return a, fault.Wrap(op, err)
	}
	return a, d.changedDirectory(ctx, op, a.Merchant, a.ID.String(), func(ctx context.Context, c conn) error {
		if err := d.sameKey(ctx, c); err != nil {
			return err
		}
		was, err := replacing(ctx, d, c, tells, "apps", appColumns, a.Merchant, int64(a.ID), d.scanApp)
		is := a
		if was != nil {
			is.Channel = was.Channel // which stays
		}
		if err == nil {
			err = tell(ctx, d, c, a.Merchant, was, &is, tells)
		}
		if err != nil {
			return err
		}
		return exec(ctx, c, `INSERT INTO apps (`+appColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7)
			ON CONFLICT (merchant_id, id) DO UPDATE SET name = excluded.name, base_url = excluded.base_url, public_url = excluded.public_url, credentials = excluded.credentials`,
			int64(a.Merchant), int64(a.ID), a.Channel, a.Name, a.BaseURL, a.PublicURL, sealed)
	})
}

// Apps lists the applications of a merchant.
func (d *DB) Apps(ctx context.Context, m ident.Merchant) ([]AppRow, error) {
	var out []AppRow
	err := d.query(ctx, `SELECT `+appColumns+` FROM apps WHERE merchant_id = $1 ORDER BY id`, []any{int64(m)}, func(scan scanFunc) error {
		a, err := d.scanApp(scan)
		out = append(out, a)
		return err
	})
	return out, fault.Wrap("db.Apps", err)
}

// DeleteApp deletes an application without accounts; fault.Conflict otherwise.
func (d *DB) DeleteApp(ctx context.Context, m ident.Merchant, id ident.App, tells ...Tell[AppRow]) error {
	const op = "db.DeleteApp"
	return d.changedDirectory(ctx, op, m, id.String(), func(ctx context.Context, c conn) error {
		if err := tellGone(ctx, d, c, tells, "apps", appColumns, m, int64(id), d.scanApp); err != nil {
			return err
		}
		return remove(ctx, c, op, `SELECT COUNT(*) FROM accounts WHERE merchant_id = $1 AND app_id = $2`, "delete its accounts first",
			`DELETE FROM apps WHERE merchant_id = $1 AND id = $2`, int64(m), int64(id))
	})
}

// PutAccount inserts or replaces an account: who it is, not how it is doing (Touch).
// It gets a lane. Credentials of nil leave those that are there.
func (d *DB) PutAccount(ctx context.Context, a AccountRow, tells ...Tell[AccountRow]) (AccountRow, error) {
	const op = "db.PutAccount"
	if err := need(op, map[string]bool{"app_id": a.App != 0, "channel": named(a.Channel), "realm": named(a.Realm), "name": short(a.Name), "external_id": short(a.External)}); err != nil {
		return a, err
	}
	if app, ok := d.AppByID(a.App); !ok || app.Merchant != a.Merchant {
		return a, fault.Say(op, fault.NotFound, "no_app", "there is no such app")
	}
	if a.ID == 0 {
		a.ID = ident.Account(d.id())
	}
	if old, ok := d.AccountByID(a.Merchant, a.ID); ok && a.Credentials == nil {
		a.Credentials = old.Credentials
	}
	sealed, err := d.sealCredentials(a.Credentials, credentialsUse("account", a.ID.String()))
	if err != nil {
		return a, fault.Wrap(op, err)
	}
	return a, d.changedDirectory(ctx, op, a.Merchant, a.ID.String(), func(ctx context.Context, c conn) error {
		if err := d.sameKey(ctx, c); err != nil {
			return err
		}
		was, err := d.accountWas(ctx, c, a.Merchant, a.ID, tells)
		is := a
		if was != nil {
			is.App, is.Channel, is.Realm = was.App, was.Channel, was.Realm // which stay
		}
		if err == nil {
			err = tell(ctx, d, c, a.Merchant, was, &is, tells)
		}
		if err != nil {
			return err
		}
		err = exec(ctx, c, `INSERT INTO accounts (merchant_id, id, app_id, channel, realm, name, external_id, credentials, paused, big_chain)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
			ON CONFLICT (merchant_id, id) DO UPDATE SET name = excluded.name, external_id = excluded.external_id, credentials = excluded.credentials, paused = excluded.paused, big_chain = excluded.big_chain`,
			int64(a.Merchant), int64(a.ID), int64(a.App), a.Channel, a.Realm, a.Name, a.External, sealed, flag(a.Paused), flag(a.BigChain))
		if err != nil {
			return err
		}
		return addLane(ctx, c, a.Merchant, a.ID)
	})
}

// accountWas is replacing of an account: who it is, without how it is doing.
func (d *DB) accountWas(ctx context.Context, c conn, m ident.Merchant, id ident.Account, tells []Tell[AccountRow]) (*AccountRow, error) {
	if len(tells) == 0 {
		return nil, nil
	}
	return rowOf(ctx, d, c, `SELECT merchant_id, id, app_id, channel, realm, name, external_id, credentials, paused, big_chain FROM accounts WHERE merchant_id = $1 AND id = $2`,
		[]any{int64(m), int64(id)}, func(scan scanFunc) (a AccountRow, err error) {
			var sealed []byte
			var paused, chain int64
			if err = scan(&a.Merchant, &a.ID, &a.App, &a.Channel, &a.Realm, &a.Name, &a.External, &sealed, &paused, &chain); err == nil {
				a.Paused, a.BigChain = paused == 1, chain == 1
				a.Credentials, err = d.openCredentials(sealed, credentialsUse("account", a.ID.String()))
			}
			return a, err
		})
}

// Account gives one account, with how it is doing; fault.NotFound when there is none.
func (d *DB) Account(ctx context.Context, m ident.Merchant, id ident.Account) (a AccountRow, err error) {
	const op = "db.Account"
	found := false
	err = d.query(ctx, `SELECT `+accountColumns+` FROM `+accountTables+` WHERE a.merchant_id = $1 AND a.id = $2`, []any{int64(m), int64(id)}, func(scan scanFunc) (err error) {
		found = true
		a, err = d.scanAccount(scan)
		return err
	})
	if err == nil && !found {
		err = fault.Say(op, fault.NotFound, "no_account", "there is no such account")
	}
	return d.health.newer(a), fault.Wrap(op, err)
}

// Accounts lists the accounts of a merchant, with how they are doing.
func (d *DB) Accounts(ctx context.Context, m ident.Merchant) ([]AccountRow, error) {
	var out []AccountRow
	err := d.query(ctx, `SELECT `+accountColumns+` FROM `+accountTables+` WHERE a.merchant_id = $1 ORDER BY a.id`, []any{int64(m)}, func(scan scanFunc) error {
		a, err := d.scanAccount(scan)
		out = append(out, d.health.newer(a))
		return err
	})
	return out, fault.Wrap("db.Accounts", err)
}

// DeleteAccount deletes an account without shops, with its lane and vault;
// fault.Conflict otherwise.
func (d *DB) DeleteAccount(ctx context.Context, m ident.Merchant, id ident.Account, tells ...Tell[AccountRow]) error {
	const op = "db.DeleteAccount"
	return d.changedDirectory(ctx, op, m, id.String(), func(ctx context.Context, c conn) error {
		was, err := d.accountWas(ctx, c, m, id, tells)
		if err == nil && was != nil {
			err = tell(ctx, d, c, m, was, nil, tells)
		}
		if err != nil {
			return err
		}
		err = remove(ctx, c, op, `SELECT COUNT(*) FROM shops WHERE merchant_id = $1 AND account_id = $2`, "delete its shops first",
			`DELETE FROM accounts WHERE merchant_id = $1 AND id = $2`, int64(m), int64(id))
		for _, t := range []string{"account_health", "vault", "lanes"} {
			if err == nil {
				err = exec(ctx, c, `DELETE FROM `+t+` WHERE merchant_id = $1 AND account_id = $2`, int64(m), int64(id))
			}
		}
		return err
	})
}

// PutShop inserts or replaces a shop. It fails with fault.Conflict when the platform's
// id is bound already.
func (d *DB) PutShop(ctx context.Context, s ShopRow, tells ...Tell[ShopRow]) (ShopRow, error) {
	const op = "db.PutShop"
	if err := need(op, map[string]bool{"account_id": s.Account != 0, "external_id": named(s.External), "name": short(s.Name), "mode": named(s.Mode)}); err != nil {
		return s, err
	}
	a, ok := d.AccountByID(s.Merchant, s.Account)
	if !ok {
		return s, fault.Say(op, fault.NotFound, "no_account", "there is no such account")
	}
	if _, ok := d.StoreByID(s.Merchant, s.Store); s.Store != 0 && !ok {
		return s, fault.Say(op, fault.NotFound, "no_store", "there is no such store")
	}
	s.Channel, s.Realm = a.Channel, a.Realm
	if s.ID == 0 {
		s.ID = ident.Shop(d.id())
	}
	return s, d.changedDirectory(ctx, op, s.Merchant, s.ID.String(), func(ctx context.Context, c conn) error {
		was, err := replacing(ctx, d, c, tells, "shops", shopColumns, s.Merchant, int64(s.ID), scanShop)
		is := s
		if was != nil {
			is.Account, is.Channel, is.Realm, is.External = was.Account, was.Channel, was.Realm, was.External // which stay
		}
		if err == nil {
			err = tell(ctx, d, c, s.Merchant, was, &is, tells)
		}
		if err != nil {
			return err
		}
		return exec(ctx, c, `INSERT INTO shops (`+shopColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
			ON CONFLICT (merchant_id, id) DO UPDATE SET store_id = excluded.store_id, name = excluded.name, mode = excluded.mode`,
			int64(s.Merchant), int64(s.ID), int64(s.Account), s.Channel, s.Realm, s.External, int64(s.Store), s.Name, s.Mode)
	})
}

// Shops lists the shops of a scope.
func (d *DB) Shops(ctx context.Context, sc Scope) ([]ShopRow, error) {
	var out []ShopRow
	err := d.query(ctx, `SELECT `+shopColumns+` FROM shops WHERE merchant_id = $1 ORDER BY id`, []any{int64(sc.Merchant)}, func(scan scanFunc) error {
		s, err := scanShop(scan)
		if err == nil && sc.sees(s.Store) {
			out = append(out, s)
		}
		return err
	})
	return out, fault.Wrap("db.Shops", err)
}

// DeleteShop deletes a shop; its orders stay.
func (d *DB) DeleteShop(ctx context.Context, m ident.Merchant, id ident.Shop, tells ...Tell[ShopRow]) error {
	const op = "db.DeleteShop"
	return d.changedDirectory(ctx, op, m, id.String(), func(ctx context.Context, c conn) error {
		if err := tellGone(ctx, d, c, tells, "shops", shopColumns, m, int64(id), scanShop); err != nil {
			return err
		}
		return remove(ctx, c, op, "", "", `DELETE FROM shops WHERE merchant_id = $1 AND id = $2`, int64(m), int64(id))
	})
}
