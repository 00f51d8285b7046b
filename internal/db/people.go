package db

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"strings"

	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/ident"
)

// A MerchantRow is a tenant.
type MerchantRow struct {
	ID     ident.Merchant
	Name   string
	Locale string // "zh-CN"
	Made   int64  // UTC ms
}

// A UserRow is a person who signs in. The name is unique among all merchants.
type UserRow struct {
	Merchant ident.Merchant
	ID       ident.User
	Name     string
	Password string // the argon2id hash, in its own text form; "" = cannot sign in
	Role     string
	Locale   string
	Stores   []ident.Store // nil = the whole merchant
	Personal bool          // sees customers' data in full
	Disabled bool
	Made     int64
}

// A SessionRow is somebody signed in. Only the hash of the cookie is kept.
type SessionRow struct {
	Hash     []byte
	Merchant ident.Merchant
	User     ident.User
	Made     int64
	Seen     int64
	Expires  int64
	Device   string // what its browser is, for people
}

// ID names a session to its own user, without telling anything that signs in.
func (s SessionRow) ID() string {
	sum := sha256.Sum256(append([]byte("session id "), s.Hash...))
	return hex.EncodeToString(sum[:10])
}

// A KeyRow is an API key. Only the hash of the secret is kept.
type KeyRow struct {
	Merchant ident.Merchant
	ID       ident.Key
	Name     string
	Hash     []byte
	Role     string
	Stores   []ident.Store
	Personal bool
	By       ident.User
	Made     int64
	Used     int64
}

// AddMerchant makes a merchant, with its key, feed and lane.
func (d *DB) AddMerchant(ctx context.Context, m MerchantRow) (MerchantRow, error) {
	const op = "db.AddMerchant"
	if err := need(op, map[string]bool{"name": named(m.Name), "locale": short(m.Locale)}); err != nil {
		return m, err
	}
	if m.ID == 0 {
		m.ID = ident.Merchant(d.id())
	}
	m.Made = d.now().UnixMilli()
	sealed, err := d.keys.newMerchant(m.ID)
	if err != nil {
		return m, fault.Wrap(op, err)
	}
	err = d.write(ctx, op, func(ctx context.Context, c conn) error {
		if err := d.sameKey(ctx, c); err != nil {
			return err
		}
		err := exec(ctx, c, `INSERT INTO merchants (id, name, locale, sealed_key, made_at) VALUES ($1, $2, $3, $4, $5)`, int64(m.ID), m.Name, m.Locale, sealed, m.Made)
		if err == nil {
			err = exec(ctx, c, `INSERT INTO feeds (merchant_id, epoch, seq) VALUES ($1, 1, 0)`, int64(m.ID))
		}
		if err == nil {
			err = addLane(ctx, c, m.ID, 0)
		}
		return err
	})
	if err != nil {
		return m, err
	}
	return m, d.loadDirectory(context.WithoutCancel(ctx))
}

// SetMerchant changes a merchant's name and language, and tells of it in the feed. Lines of the
// journal that tell of it are written in the same transaction.
func (d *DB) SetMerchant(ctx context.Context, m MerchantRow, tells ...Tell[MerchantRow]) error {
	const op = "db.SetMerchant"
	if err := need(op, map[string]bool{"name": named(m.Name), "locale": short(m.Locale)}); err != nil {
		return err
	}
	return d.changedDirectory(ctx, op, m.ID, m.ID.String(), func(ctx context.Context, c conn) error {
		was, err := rowOf(ctx, d, c, `SELECT id, name, locale, made_at FROM merchants WHERE id = $1`, []any{int64(m.ID)}, func(scan scanFunc) (r MerchantRow, err error) {
			err = scan(&r.ID, &r.Name, &r.Locale, &r.Made)
			return r, err
		})
		if err == nil {
			err = tell(ctx, d, c, m.ID, was, &m, tells)
		}
		if err != nil {
			return err
		}
		return exec(ctx, c, `UPDATE merchants SET name = $2, locale = $3 WHERE id = $1`, int64(m.ID), m.Name, m.Locale)
	})
}

// Merchants lists all merchants, oldest first.
func (d *DB) Merchants(ctx context.Context) ([]MerchantRow, error) {
	var out []MerchantRow
	err := d.query(ctx, `SELECT id, name, locale, made_at FROM merchants ORDER BY id`, nil, func(scan scanFunc) error {
		var m MerchantRow
		err := scan(&m.ID, &m.Name, &m.Locale, &m.Made)
		out = append(out, m)
		return err
	})
	return out, fault.Wrap("db.Merchants", err)
}

const userColumns = `merchant_id, id, name, password_hash, role, locale, stores, personal, disabled, made_at`

func scanUser(scan scanFunc) (u UserRow, err error) {
	var stores string
	var personal, disabled int64
	err = scan(&u.Merchant, &u.ID, &u.Name, &u.Password, &u.Role, &u.Locale, &stores, &personal, &disabled, &u.Made)
	u.Stores, u.Personal, u.Disabled = storesOf(stores), personal == 1, disabled == 1
	return u, err
}

// Stores are kept as numbers separated by spaces.
func storesText(list []ident.Store) string {
	var b strings.Builder
	for i, s := range list {
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(strconv.FormatInt(int64(s), 10))
	}
	return b.String()
}

func storesOf(text string) []ident.Store {
	var out []ident.Store
	for f := range strings.FieldsSeq(text) {
		if n, err := strconv.ParseInt(f, 10, 64); err == nil {
			out = append(out, ident.Store(n))
		}
	}
	return out
}

// NewUser draws an id for a user who is to be added.
func (d *DB) NewUser() ident.User { return ident.User(d.id()) }

// AddUser makes a user and tells of it in the feed; fault.Conflict when the name is taken.
// Lines of the journal that tell of it are written in the same transaction, here and where
// else a user is changed.
func (d *DB) AddUser(ctx context.Context, u UserRow, lines ...Entry) (UserRow, error) {
	const op = "db.AddUser"
	if err := need(op, map[string]bool{"name": named(u.Name), "password": short(u.Password), "role": named(u.Role)}); err != nil {
		return u, err
	}
	if u.ID == 0 {
		u.ID = d.NewUser()
	}
	u.Made = d.now().UnixMilli()
	return u, d.changedDirectory(ctx, op, u.Merchant, u.ID.String(), func(ctx context.Context, c conn) error {
		if err := d.addEntries(ctx, c, u.Merchant, lines); err != nil {
			return err
		}
		return exec(ctx, c, `INSERT INTO users (`+userColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
			int64(u.Merchant), int64(u.ID), u.Name, u.Password, u.Role, u.Locale, storesText(u.Stores), flag(u.Personal), flag(u.Disabled), u.Made)
	})
}

// SetUser changes a user and tells of it in the feed. All sessions end when the password
// or the right to sign in changed; a one-time link ends with that right.
func (d *DB) SetUser(ctx context.Context, u UserRow, lines ...Entry) error {
	const op = "db.SetUser"
	return d.changedDirectory(ctx, op, u.Merchant, u.ID.String(), func(ctx context.Context, c conn) error {
		var password string
		found, err := one(ctx, c, `SELECT password_hash FROM users WHERE merchant_id = $1 AND id = $2`, []any{int64(u.Merchant), int64(u.ID)}, &password)
		if err != nil {
			return err
		}
		if !found {
			return fault.Say(op, fault.NotFound, "no_user", "there is no such user")
		}
		if err := d.addEntries(ctx, c, u.Merchant, lines); err != nil {
			return err
		}
		if password != u.Password || u.Disabled {
			if err := exec(ctx, c, `DELETE FROM sessions WHERE user_id = $1`, int64(u.ID)); err != nil {
				return err
			}
			if err := exec(ctx, c, forgetBrowsers, int64(u.ID)); err != nil {
				return err
			}
		}
		if u.Disabled {
			if err := exec(ctx, c, dropLinks, int64(u.Merchant), int64(u.ID)); err != nil {
				return err
			}
		}
		return exec(ctx, c, `UPDATE users SET name = $3, password_hash = $4, role = $5, locale = $6, stores = $7, personal = $8, disabled = $9 WHERE merchant_id = $1 AND id = $2`,
			int64(u.Merchant), int64(u.ID), u.Name, u.Password, u.Role, u.Locale, storesText(u.Stores), flag(u.Personal), flag(u.Disabled))
	})
}

// UserByName finds who signs in, in whatever merchant; fault.NotFound when nobody does.
func (d *DB) UserByName(ctx context.Context, name string) (UserRow, error) {
	return d.user(ctx, "db.UserByName", ` WHERE name = $1`, clean(name, 500))
}

// UserByID finds a user.
func (d *DB) UserByID(ctx context.Context, m ident.Merchant, id ident.User) (UserRow, error) {
	return d.user(ctx, "db.UserByID", ` WHERE merchant_id = $1 AND id = $2`, int64(m), int64(id))
}

func (d *DB) user(ctx context.Context, op, where string, args ...any) (u UserRow, err error) {
	found := false
	err = d.query(d.brief(ctx), `SELECT `+userColumns+` FROM users`+where, args, func(scan scanFunc) (err error) {
		found = true
		u, err = scanUser(scan)
		return err
	})
	if err == nil && !found {
		err = fault.Say(op, fault.NotFound, "no_user", "there is no such user")
	}
	return u, fault.Wrap(op, err)
}

// Users lists the users of a merchant.
func (d *DB) Users(ctx context.Context, m ident.Merchant) ([]UserRow, error) {
	var out []UserRow
	err := d.query(ctx, `SELECT `+userColumns+` FROM users WHERE merchant_id = $1 ORDER BY name`, []any{int64(m)}, func(scan scanFunc) error {
		u, err := scanUser(scan)
		out = append(out, u)
		return err
	})
	return out, fault.Wrap("db.Users", err)
}

// AddSession keeps a session and drops those that have expired.
func (d *DB) AddSession(ctx context.Context, s SessionRow) error {
	now := d.now().UnixMilli()
	return d.write(ctx, "db.AddSession", func(ctx context.Context, c conn) error {
		if err := exec(ctx, c, `DELETE FROM sessions WHERE expires_at < $1`, now); err != nil {
			return err
		}
		return exec(ctx, c, `INSERT INTO sessions (hash, merchant_id, user_id, made_at, seen_at, expires_at, device) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
			s.Hash, int64(s.Merchant), int64(s.User), now, now, s.Expires, clean(s.Device, 100))
	})
}

// Session finds a session that has not expired; fault.NotFound otherwise.
func (d *DB) Session(ctx context.Context, hash []byte) (SessionRow, error) {
	const op = "db.Session"
	s := SessionRow{Hash: hash}
	found, err := d.one(ctx, `SELECT merchant_id, user_id, made_at, seen_at, expires_at FROM sessions WHERE hash = $1 AND expires_at > $2`,
		[]any{hash, d.now().UnixMilli()}, &s.Merchant, &s.User, &s.Made, &s.Seen, &s.Expires)
	if err == nil && !found {
		err = fault.Say(op, fault.NotFound, "no_session", "there is no such session; it may have ended already")
	}
	return s, fault.Wrap(op, err)
}

// ExtendSession sets when a session was last seen and when it ends.
func (d *DB) ExtendSession(ctx context.Context, hash []byte, expires int64) error {
	return d.write(ctx, "db.ExtendSession", func(ctx context.Context, c conn) error {
		return exec(ctx, c, `UPDATE sessions SET seen_at = $2, expires_at = $3 WHERE hash = $1`, hash, d.now().UnixMilli(), expires)
	})
}

// DeleteSession ends a session.
func (d *DB) DeleteSession(ctx context.Context, hash []byte) error {
	return d.write(ctx, "db.DeleteSession", func(ctx context.Context, c conn) error {
		return exec(ctx, c, `DELETE FROM sessions WHERE hash = $1`, hash)
	})
}

// Sessions lists the sessions of a user that have not expired, last seen first.
func (d *DB) Sessions(ctx context.Context, user ident.User) ([]SessionRow, error) {
	var out []SessionRow
	err := d.query(ctx, `SELECT hash, merchant_id, user_id, made_at, seen_at, expires_at, device FROM sessions WHERE user_id = $1 AND expires_at > $2 ORDER BY seen_at DESC, made_at DESC LIMIT 200`,
		[]any{int64(user), d.now().UnixMilli()}, func(scan scanFunc) error {
			var s SessionRow
			err := scan(&s.Hash, &s.Merchant, &s.User, &s.Made, &s.Seen, &s.Expires, &s.Device)
			out = append(out, s)
			return err
		})
	return out, fault.Wrap("db.Sessions", err)
}

// EndSessions ends all sessions of a user but one, which may be nil.
func (d *DB) EndSessions(ctx context.Context, user ident.User, but []byte) error {
	if but == nil {
		but = []byte{}
	}
	return d.write(ctx, "db.EndSessions", func(ctx context.Context, c conn) error {
		if err := exec(ctx, c, forgetBrowsers, int64(user)); err != nil {
			return err
		}
		return exec(ctx, c, `DELETE FROM sessions WHERE user_id = $1 AND hash <> $2`, int64(user), but)
	})
}

// SignOut ends all sessions of a user, and tells of it in the feed: live streams end too.
func (d *DB) SignOut(ctx context.Context, m ident.Merchant, user ident.User, lines ...Entry) error {
	return d.changedDirectory(ctx, "db.SignOut", m, user.String(), func(ctx context.Context, c conn) error {
		if err := d.addEntries(ctx, c, m, lines); err != nil {
			return err
		}
		if err := exec(ctx, c, forgetBrowsers, int64(user)); err != nil {
			return err
		}
		return exec(ctx, c, `DELETE FROM sessions WHERE merchant_id = $1 AND user_id = $2`, int64(m), int64(user))
	})
}

const keyColumns = `merchant_id, id, name, hash, role, stores, personal, made_by, made_at, used_at`

func scanKey(scan scanFunc) (k KeyRow, err error) {
	var stores string
	var personal int64
	err = scan(&k.Merchant, &k.ID, &k.Name, &k.Hash, &k.Role, &stores, &personal, &k.By, &k.Made, &k.Used)
	k.Stores, k.Personal = storesOf(stores), personal == 1
	return k, err
}

// AddKey keeps an API key. Lines of the journal that tell of it are written in the same
// transaction, here and where one is taken back.
func (d *DB) AddKey(ctx context.Context, k KeyRow, tells ...Tell[KeyRow]) (KeyRow, error) {
	const op = "db.AddKey"
	if err := need(op, map[string]bool{"name": named(k.Name), "role": named(k.Role)}); err != nil {
		return k, err
	}
	if k.ID == 0 {
		k.ID = ident.Key(d.id())
	}
	k.Made = d.now().UnixMilli()
	return k, d.write(ctx, op, func(ctx context.Context, c conn) error {
		if err := tell(ctx, d, c, k.Merchant, nil, &k, tells); err != nil {
			return err
		}
		return exec(ctx, c, `INSERT INTO api_keys (`+keyColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 0)`,
			int64(k.Merchant), int64(k.ID), k.Name, k.Hash, k.Role, storesText(k.Stores), flag(k.Personal), int64(k.By), k.Made)
	})
}

// KeyByHash finds an API key in whatever merchant; fault.NotFound otherwise. It notes
// the use at most once a minute.
func (d *DB) KeyByHash(ctx context.Context, hash []byte) (KeyRow, error) {
	const op = "db.KeyByHash"
	var k KeyRow
	found := false
	err := d.query(d.brief(ctx), `SELECT `+keyColumns+` FROM api_keys WHERE hash = $1`, []any{hash}, func(scan scanFunc) (err error) {
		found = true
		k, err = scanKey(scan)
		return err
	})
	if err == nil && !found {
		err = fault.Say(op, fault.NotFound, "no_key", "there is no such key")
	}
	if now := d.now().UnixMilli(); err == nil && now-k.Used > 60_000 {
		err = d.write(ctx, op, func(ctx context.Context, c conn) error {
			return exec(ctx, c, `UPDATE api_keys SET used_at = $3 WHERE merchant_id = $1 AND id = $2`, int64(k.Merchant), int64(k.ID), now)
		})
	}
	return k, fault.Wrap(op, err)
}

// Keys lists the API keys of a merchant.
func (d *DB) Keys(ctx context.Context, m ident.Merchant) ([]KeyRow, error) {
	var out []KeyRow
	err := d.query(ctx, `SELECT `+keyColumns+` FROM api_keys WHERE merchant_id = $1 ORDER BY id`, []any{int64(m)}, func(scan scanFunc) error {
		k, err := scanKey(scan)
		out = append(out, k)
		return err
	})
	return out, fault.Wrap("db.Keys", err)
}

// DeleteKey takes an API key back and tells of it in the feed; fault.NotFound when there is none.
func (d *DB) DeleteKey(ctx context.Context, m ident.Merchant, id ident.Key, tells ...Tell[KeyRow]) error {
	const op = "db.DeleteKey"
	return d.changedDirectory(ctx, op, m, id.String(), func(ctx context.Context, c conn) error {
		if err := tellGone(ctx, d, c, tells, "api_keys", keyColumns, m, int64(id), scanKey); err != nil {
			return err
		}
		if err := exec(ctx, c, keepName+`SELECT merchant_id, $3, name, $4 FROM api_keys WHERE merchant_id = $1 AND id = $2`, int64(m), int64(id), id.String(), d.now().UnixMilli()); err != nil {
			return err
		}
		return remove(ctx, c, op, "", "", `DELETE FROM api_keys WHERE merchant_id = $1 AND id = $2`, int64(m), int64(id))
	})
}

// AddSetupToken keeps the hash of a one-time link to the first sign-in.
func (d *DB) AddSetupToken(ctx context.Context, m ident.Merchant, hash []byte, expires int64) error {
	return d.write(ctx, "db.AddSetupToken", func(ctx context.Context, c conn) error {
		return exec(ctx, c, `INSERT INTO setup_tokens (hash, merchant_id, expires_at, used_at) VALUES ($1, $2, $3, 0)`, hash, int64(m), expires)
	})
}

// UseSetupToken uses a token up and makes the user; fault.NotFound when the token is
// unknown, used or expired.
func (d *DB) UseSetupToken(ctx context.Context, hash []byte, u UserRow, lines ...func(UserRow) Entry) (UserRow, error) {
	const op = "db.UseSetupToken"
	if err := need(op, map[string]bool{"name": named(u.Name), "role": named(u.Role)}); err != nil {
		return u, err
	}
	if u.ID == 0 {
		u.ID = ident.User(d.id())
	}
	u.Made = d.now().UnixMilli()
	return u, d.write(ctx, op, func(ctx context.Context, c conn) error {
		found, err := one(ctx, c, `UPDATE setup_tokens SET used_at = $2 WHERE hash = $1 AND used_at = 0 AND expires_at > $2 AND user_id = 0 RETURNING merchant_id`,
			[]any{hash, u.Made}, &u.Merchant)
		if err != nil {
			return err
		}
		if !found {
			return fault.Say(op, fault.NotFound, "link_used", "this link has been used or has expired; make a new one with: tongdan setup")
		}
		if err := addEntriesOf(ctx, d, c, u.Merchant, u, lines); err != nil {
			return err
		}
		return exec(ctx, c, `INSERT INTO users (`+userColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
			int64(u.Merchant), int64(u.ID), u.Name, u.Password, u.Role, u.Locale, storesText(u.Stores), flag(u.Personal), flag(u.Disabled), u.Made)
	})
}
