package db

import (
	"context"
	"crypto/subtle"

	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/ident"
)

// Phones, the codes that they are sent, and the links that open signed in. Of codes, links
// and browsers only hashes are kept.

// forgetBrowsers goes with the end of all sessions: no link signs a person in afterwards
// without a code.
const forgetBrowsers = `DELETE FROM known_browsers WHERE user_id = $1`

func phoneUse(u ident.User) string { return "phone " + u.String() }

func (k *merchantKey) phoneHash(phone string) []byte { return k.sum([]byte("phone " + phone)) }

// SetPhone sets the number of a person, in its international form (+8613900000002); ""
// takes it away. It fails with fault.Conflict when somebody else has it. What the old
// number could still do ends.
func (d *DB) SetPhone(ctx context.Context, m ident.Merchant, user ident.User, phone string, lines ...Entry) error {
	const op = "db.SetPhone"
	mk, err := d.keys.merchant(m)
	if err != nil {
		return fault.Wrap(op, err)
	}
	err = d.changedDirectory(ctx, op, m, user.String(), func(ctx context.Context, c conn) error {
		if err := d.addEntries(ctx, c, m, lines); err != nil {
			return err
		}
		for _, text := range []string{
			`DELETE FROM phones WHERE merchant_id = $1 AND user_id = $2`, `DELETE FROM sign_in_codes WHERE merchant_id = $1 AND user_id = $2`,
			`DELETE FROM knock_links WHERE merchant_id = $1 AND user_id = $2`, `DELETE FROM known_browsers WHERE merchant_id = $1 AND user_id = $2`,
		} {
			if err := exec(ctx, c, text, int64(m), int64(user)); err != nil {
				return err
			}
		}
		if phone == "" {
			return nil
		}
		sealed := mk.aead.Seal(nil, nil, []byte(phone), []byte(phoneUse(user)))
		return exec(ctx, c, `INSERT INTO phones (user_id, merchant_id, hash, sealed) VALUES ($1, $2, $3, $4)`, int64(user), int64(m), mk.phoneHash(phone), sealed)
	})
	if fault.Is(err, fault.Conflict) {
		err = fault.Say(op, fault.Conflict, "phone_taken", "somebody else has this number already")
	}
	return fault.Wrap(op, err)
}

// Phones gives the numbers of the people of a merchant who have one.
func (d *DB) Phones(ctx context.Context, m ident.Merchant) (map[ident.User]string, error) {
	const op = "db.Phones"
	mk, err := d.keys.merchant(m)
	if err != nil {
		return nil, fault.Wrap(op, err)
	}
	out := map[ident.User]string{}
	err = d.query(ctx, `SELECT user_id, sealed FROM phones WHERE merchant_id = $1`, []any{int64(m)}, func(scan scanFunc) error {
		var u ident.User
		var sealed []byte
		if err := scan(&u, &sealed); err != nil {
			return err
		}
		plain, err := mk.aead.Open(nil, nil, sealed, []byte(phoneUse(u)))
		out[u] = string(plain)
		return err
	})
	return out, fault.Wrap(op, err)
}

// UserByPhone finds whose number it is, in whatever merchant; fault.NotFound when it is nobody's.
func (d *DB) UserByPhone(ctx context.Context, phone string) (UserRow, error) {
	const op = "db.UserByPhone"
	list, err := d.Merchants(ctx)
	if err != nil {
		return UserRow{}, fault.Wrap(op, err)
	}
	for _, m := range list {
		mk, err := d.keys.merchant(m.ID)
		if err != nil {
			return UserRow{}, fault.Wrap(op, err)
		}
		var id ident.User
		found, err := d.one(ctx, `SELECT user_id FROM phones WHERE hash = $1`, []any{mk.phoneHash(phone)}, &id)
		if err != nil {
			return UserRow{}, fault.Wrap(op, err)
		}
		if found {
			return d.UserByID(ctx, m.ID, id)
		}
	}
	return UserRow{}, fault.Say(op, fault.NotFound, "no_user", "there is no such user")
}

// Limits of sign-in codes.
const (
	codePause = 60_000 // ms between two codes for one number
	codesADay = 10
	codeTries = 5
)

// PutCode keeps the hash of a sign-in code for a person until expires (UTC ms); the one
// before ends. It fails with fault.RateLimited when the number was sent one less than a
// minute ago, or ten today; again says that it replaces a code which may not have arrived.
func (d *DB) PutCode(ctx context.Context, m ident.Merchant, user ident.User, hash []byte, expires int64, again bool) error {
	const op = "db.PutCode"
	now := d.now().UnixMilli()
	day, pause := now/(24*3600_000), int64(codePause)
	if again {
		pause = 0
	}
	return d.write(ctx, op, func(ctx context.Context, c conn) error {
		n, err := affects(ctx, c, `INSERT INTO sign_in_codes (user_id, merchant_id, hash, made_at, expires_at, tries, day, asked) VALUES ($1, $2, $3, $4, $5, 0, $6, 1)
			ON CONFLICT (user_id) DO UPDATE SET hash = excluded.hash, made_at = excluded.made_at, expires_at = excluded.expires_at, tries = 0, day = excluded.day,
			asked = CASE WHEN sign_in_codes.day = excluded.day THEN sign_in_codes.asked + 1 ELSE 1 END
			WHERE sign_in_codes.made_at <= excluded.made_at - $7 AND (sign_in_codes.day <> excluded.day OR sign_in_codes.asked < $8)`,
			int64(user), int64(m), hash, now, expires, day, pause, int64(codesADay))
		if err == nil && n == 0 {
			err = fault.Say(op, fault.RateLimited, "code_too_often", "a code was sent a moment ago, or too many today")
		}
		return err
	})
}

// UseCode uses up a person's sign-in code when it is the given one. Five wrong ones end it.
func (d *DB) UseCode(ctx context.Context, m ident.Merchant, user ident.User, hash []byte) (ok bool, err error) {
	now := d.now().UnixMilli()
	err = d.write(ctx, "db.UseCode", func(ctx context.Context, c conn) error {
		ok = false
		var kept []byte
		found, err := one(ctx, c, `UPDATE sign_in_codes SET tries = tries + 1 WHERE user_id = $1 AND merchant_id = $2 AND expires_at > $3 AND tries < $4 RETURNING hash`,
			[]any{int64(user), int64(m), now, int64(codeTries)}, &kept)
		if err != nil || !found || subtle.ConstantTimeCompare(kept, hash) != 1 {
			return err
		}
		ok = true
		return exec(ctx, c, `UPDATE sign_in_codes SET expires_at = 0 WHERE user_id = $1`, int64(user)) // how many were asked for is still counted
	})
	return ok, err
}

// A KnockLink leads one person to one page of the console, once.
type KnockLink struct {
	Merchant ident.Merchant
	User     ident.User
	Path     string
}

// AddKnockLink keeps the hash of a link until expires (UTC ms).
func (d *DB) AddKnockLink(ctx context.Context, l KnockLink, hash []byte, expires int64) error {
	return d.write(ctx, "db.AddKnockLink", func(ctx context.Context, c conn) error {
		return exec(ctx, c, `INSERT INTO knock_links (hash, merchant_id, user_id, path, expires_at, used_at) VALUES ($1, $2, $3, $4, $5, 0)`,
			hash, int64(l.Merchant), int64(l.User), clean(l.Path, 300), expires)
	})
}

// FindKnockLink tells whom a link is for and where it leads, without using it up: also one
// that is used or has expired still leads to its page, for whoever signs in there, for as
// long as it is kept. works says that it still signs in. fault.NotFound when it is not known.
func (d *DB) FindKnockLink(ctx context.Context, hash []byte) (l KnockLink, works bool, err error) {
	const op = "db.FindKnockLink"
	var used, expires int64
	found, err := d.one(ctx, `SELECT merchant_id, user_id, path, used_at, expires_at FROM knock_links WHERE hash = $1`, []any{hash}, &l.Merchant, &l.User, &l.Path, &used, &expires)
	if err == nil && !found {
		err = fault.Say(op, fault.NotFound, "knock_link_gone", "this link is not known; open Tongdan and sign in")
	}
	return l, used == 0 && expires > d.now().UnixMilli(), fault.Wrap(op, err)
}

// UseKnockLink uses a link up; false when somebody was faster or it has expired.
func (d *DB) UseKnockLink(ctx context.Context, hash []byte) (ok bool, err error) {
	now := d.now().UnixMilli()
	err = d.write(ctx, "db.UseKnockLink", func(ctx context.Context, c conn) error {
		n, err := affects(ctx, c, `UPDATE knock_links SET used_at = $2 WHERE hash = $1 AND used_at = 0 AND expires_at > $2`, hash, now)
		ok = n > 0
		return err
	})
	return ok, err
}

// AddKnownBrowser keeps the hash of a browser in which a person has signed in.
func (d *DB) AddKnownBrowser(ctx context.Context, m ident.Merchant, user ident.User, hash []byte, expires int64) error {
	return d.write(ctx, "db.AddKnownBrowser", func(ctx context.Context, c conn) error {
		return exec(ctx, c, `INSERT INTO known_browsers (hash, merchant_id, user_id, expires_at) VALUES ($1, $2, $3, $4)`, hash, int64(m), int64(user), expires)
	})
}

// KnownBrowser reports whether a person has signed in with this browser before.
func (d *DB) KnownBrowser(ctx context.Context, m ident.Merchant, user ident.User, hash []byte) (bool, error) {
	found, err := d.one(ctx, `SELECT 1 FROM known_browsers WHERE hash = $1 AND merchant_id = $2 AND user_id = $3 AND expires_at > $4`, []any{hash, int64(m), int64(user), d.now().UnixMilli()}, new(int64))
	return found, fault.Wrap("db.KnownBrowser", err)
}

// ForgetBrowser forgets one browser, of whomever.
func (d *DB) ForgetBrowser(ctx context.Context, hash []byte) error {
	return d.write(ctx, "db.ForgetBrowser", func(ctx context.Context, c conn) error {
		return exec(ctx, c, `DELETE FROM known_browsers WHERE hash = $1`, hash)
	})
}
