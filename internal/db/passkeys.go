package db

import (
	"context"

	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/ident"
)

// A PasskeyRow is a key of a person's device, by which he signs in.
type PasskeyRow struct {
	ID        []byte // the credential's
	Merchant  ident.Merchant
	User      ident.User
	Host      string // the name of the service that it is bound to
	PublicKey []byte // SPKI
	Counter   uint32 // of its last use
	Device    string // what its browser was, for people
	Made      int64  // UTC ms
	Used      int64  // UTC ms; 0 = never
}

// MostPasskeys is how many a person may have.
const MostPasskeys = 20

const passkeyColumns = `id, merchant_id, user_id, host, public_key, counter, device, made_at, used_at`

func scanPasskey(scan scanFunc) (p PasskeyRow, err error) {
	var counter int64
	err = scan(&p.ID, &p.Merchant, &p.User, &p.Host, &p.PublicKey, &counter, &p.Device, &p.Made, &p.Used)
	p.Counter = uint32(counter)
	return p, err
}

// AddChallenge keeps the hash of a challenge until it is taken or expires, and drops those that have expired.
// user is who registers; 0 where somebody signs in, who is not known yet.
func (d *DB) AddChallenge(ctx context.Context, hash []byte, user ident.User, expires int64) error {
	return d.write(ctx, "db.AddChallenge", func(ctx context.Context, c conn) error {
		if err := exec(ctx, c, `DELETE FROM passkey_challenges WHERE expires_at < $1`, d.now().UnixMilli()); err != nil {
			return err
		}
		return exec(ctx, c, `INSERT INTO passkey_challenges (hash, user_id, expires_at) VALUES ($1, $2, $3)`, hash, int64(user), expires)
	})
}

// TakeChallenge uses a challenge up and tells whether it was given, to this user, and has not expired: it works once.
func (d *DB) TakeChallenge(ctx context.Context, hash []byte, user ident.User) (ok bool, err error) {
	err = d.write(ctx, "db.TakeChallenge", func(ctx context.Context, c conn) error {
		n, err := affects(ctx, c, `DELETE FROM passkey_challenges WHERE hash = $1 AND user_id = $2 AND expires_at >= $3`, hash, int64(user), d.now().UnixMilli())
		ok = n == 1
		return err
	})
	return ok, err
}

// AddPasskey keeps a key. It fails with fault.Conflict when it is known already or the person has MostPasskeys.
func (d *DB) AddPasskey(ctx context.Context, p PasskeyRow, lines ...Entry) (PasskeyRow, error) {
	const op = "db.AddPasskey"
	p.Made, p.Device = d.now().UnixMilli(), clean(p.Device, 100)
	err := d.write(ctx, op, func(ctx context.Context, c conn) error {
		var known, count int64
		if _, err := one(ctx, c, `SELECT COALESCE(SUM(CASE WHEN id = $1 THEN 1 ELSE 0 END), 0), COALESCE(SUM(CASE WHEN user_id = $2 THEN 1 ELSE 0 END), 0) FROM passkeys WHERE id = $1 OR user_id = $2`,
			[]any{p.ID, int64(p.User)}, &known, &count); err != nil {
			return err
		}
		if known > 0 || count >= MostPasskeys {
			return fault.Say(op, fault.Conflict, "passkey_many", "this device is registered already, or there are twenty; remove one first")
		}
		if err := d.addEntries(ctx, c, p.Merchant, lines); err != nil {
			return err
		}
		return exec(ctx, c, `INSERT INTO passkeys (`+passkeyColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 0)`,
			p.ID, int64(p.Merchant), int64(p.User), p.Host, p.PublicKey, int64(p.Counter), p.Device, p.Made)
	})
	return p, err
}

// Passkey finds a key by its credential's id; fault.NotFound otherwise.
func (d *DB) Passkey(ctx context.Context, id []byte) (p PasskeyRow, err error) {
	const op = "db.Passkey"
	found := false
	err = d.query(d.brief(ctx), `SELECT `+passkeyColumns+` FROM passkeys WHERE id = $1`, []any{id}, func(scan scanFunc) (err error) {
		found = true
		p, err = scanPasskey(scan)
		return err
	})
	if err == nil && !found {
		err = errPasskey
	}
	return p, fault.Wrap(op, err)
}

var errPasskey = fault.Say("db.passkey", fault.NotFound, "no_passkey", "there is no such key; it may have been removed")

// Passkeys lists the keys of a person, newest first.
func (d *DB) Passkeys(ctx context.Context, user ident.User) ([]PasskeyRow, error) {
	var out []PasskeyRow
	err := d.query(ctx, `SELECT `+passkeyColumns+` FROM passkeys WHERE user_id = $1 ORDER BY made_at DESC`, []any{int64(user)}, func(scan scanFunc) error {
		p, err := scanPasskey(scan)
		out = append(out, p)
		return err
	})
	return out, fault.Wrap("db.Passkeys", err)
}

// UsePasskey notes a use and its counter, and tells whether the counter was still the one that was read: of two sign-ins with the
// same one, which only a copied key makes, one fails.
func (d *DB) UsePasskey(ctx context.Context, p PasskeyRow, counter uint32) (ok bool, err error) {
	err = d.write(ctx, "db.UsePasskey", func(ctx context.Context, c conn) error {
		n, err := affects(ctx, c, `UPDATE passkeys SET counter = $2, used_at = $3 WHERE id = $1 AND counter = $4`, p.ID, int64(counter), d.now().UnixMilli(), int64(p.Counter))
		ok = n == 1
		return err
	})
	return ok, err
}

// DeletePasskey removes a person's key; fault.NotFound where it is none of theirs.
func (d *DB) DeletePasskey(ctx context.Context, m ident.Merchant, user ident.User, id []byte, lines ...Entry) error {
	return d.write(ctx, "db.DeletePasskey", func(ctx context.Context, c conn) error {
		n, err := affects(ctx, c, `DELETE FROM passkeys WHERE id = $1 AND user_id = $2`, id, int64(user))
		if err == nil && n == 0 {
			err = errPasskey
		}
		if err == nil {
			err = d.addEntries(ctx, c, m, lines)
		}
		return err
	})
}
