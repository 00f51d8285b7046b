package db

import (
	"context"
	"time"

	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/ident"
)

// A PIN is how a person says at a paired device who stands before it. It opens nothing
// else. The hash is slow, and after mostWrong wrong tries at a device it works there no
// more until it is set anew: four digits do not bear guessing.

const (
	mostWrong = 5              // wrong tries at a device in a row
	unlockFor = 16 * time.Hour // a shift; older ones are forgotten, and taps made in them are not taken any more
)

// A PINRow says that a person has a PIN.
type PINRow struct {
	User ident.User
	Hash string
	By   string // who set it: the person, or whoever gave it
	At   int64
	Shut int // devices at which it was tried wrongly too often
}

// An UnlockRow is a person's time at a device.
type UnlockRow struct {
	ID     ident.Unlock
	Device ident.Device
	User   ident.User
	Began  int64
	Ended  int64 // 0 = it is open
}

// SetPIN gives a person a PIN by its hash; "" takes it away. Wrong tries are forgotten.
func (d *DB) SetPIN(ctx context.Context, m ident.Merchant, user ident.User, hash, by string, lines ...Entry) error {
	const op = "db.SetPIN"
	return d.changedDirectory(ctx, op, m, user.String(), func(ctx context.Context, c conn) error {
		if err := d.addEntries(ctx, c, m, lines); err != nil {
			return err
		}
		for _, text := range []string{
			`DELETE FROM pins WHERE merchant_id = $1 AND user_id = $2`,
			`DELETE FROM pin_tries WHERE merchant_id = $1 AND user_id = $2`,
		} {
			if err := exec(ctx, c, text, int64(m), int64(user)); err != nil {
				return err
			}
		}
		if hash == "" { // whoever has none is at no device any more
			return exec(ctx, c, `UPDATE unlocks SET ended_at = $3 WHERE merchant_id = $1 AND user_id = $2 AND ended_at = 0`, int64(m), int64(user), d.now().UnixMilli())
		}
		return exec(ctx, c, `INSERT INTO pins (merchant_id, user_id, hash, set_by, set_at) VALUES ($1, $2, $3, $4, $5)`, int64(m), int64(user), hash, by, d.now().UnixMilli())
	})
}

// PINs lists who of a merchant has a PIN.
func (d *DB) PINs(ctx context.Context, m ident.Merchant) (map[ident.User]PINRow, error) {
	out := map[ident.User]PINRow{}
	err := d.query(ctx, `SELECT p.user_id, p.set_by, p.set_at, (SELECT COUNT(*) FROM pin_tries AS t WHERE t.merchant_id = p.merchant_id AND t.user_id = p.user_id AND t.wrong >= $2)
		FROM pins AS p WHERE p.merchant_id = $1`, []any{int64(m), int64(mostWrong)}, func(scan scanFunc) error {
		var p PINRow
		err := scan(&p.User, &p.By, &p.At, &p.Shut)
		out[p.User] = p
		return err
	})
	return out, fault.Wrap("db.PINs", err)
}

// TryPIN takes one of the tries that a person has at a device and gives the hash to
// compare with; the try counts as wrong until Unlock says otherwise. It fails with
// fault.NotFound when the person has no PIN, with fault.Conflict when there were too many
// wrong ones.
func (d *DB) TryPIN(ctx context.Context, m ident.Merchant, device ident.Device, user ident.User) (hash string, err error) {
	const op = "db.TryPIN"
	err = d.write(ctx, op, func(ctx context.Context, c conn) error {
		found, err := one(ctx, c, `SELECT hash FROM pins WHERE merchant_id = $1 AND user_id = $2`, []any{int64(m), int64(user)}, &hash)
		if err != nil || !found {
			if err == nil {
				err = fault.Say(op, fault.NotFound, "no_pin", "this person has no PIN; a manager gives one under Devices, or the person sets one under Me")
			}
			return err
		}
		var wrong int64
		_, err = one(ctx, c, `INSERT INTO pin_tries (merchant_id, device_id, user_id, wrong) VALUES ($1, $2, $3, 1)
			ON CONFLICT (merchant_id, device_id, user_id) DO UPDATE SET wrong = pin_tries.wrong + 1 RETURNING wrong`, []any{int64(m), int64(device), int64(user)}, &wrong)
		if err == nil && wrong > mostWrong {
			err = fault.Say(op, fault.Conflict, "pin_shut", "too many wrong PINs here: ask a manager for a new one under Devices, or set one yourself under Me; somebody else can unlock meanwhile")
		}
		return err
	})
	return hash, err
}

// Unlock begins a person's time at a device, whose PIN was right, and ends that of
// whoever was there before.
func (d *DB) Unlock(ctx context.Context, m ident.Merchant, device ident.Device, user ident.User) (UnlockRow, error) {
	now := d.now()
	u := UnlockRow{ID: ident.Unlock(d.id()), Device: device, User: user, Began: now.UnixMilli()}
	return u, d.write(ctx, "db.Unlock", func(ctx context.Context, c conn) error {
		if err := exec(ctx, c, `DELETE FROM pin_tries WHERE merchant_id = $1 AND device_id = $2 AND user_id = $3`, int64(m), int64(device), int64(user)); err != nil {
			return err
		}
		if err := exec(ctx, c, `DELETE FROM unlocks WHERE merchant_id = $1 AND device_id = $2 AND began_at < $3`, int64(m), int64(device), now.Add(-unlockFor).UnixMilli()); err != nil {
			return err
		}
		if err := lock(ctx, c, m, device, u.Began); err != nil {
			return err
		}
		return exec(ctx, c, `INSERT INTO unlocks (merchant_id, id, device_id, user_id, began_at, ended_at) VALUES ($1, $2, $3, $4, $5, 0)`,
			int64(m), int64(u.ID), int64(device), int64(user), u.Began)
	})
}

// Lock ends whoever's time at a device.
func (d *DB) Lock(ctx context.Context, m ident.Merchant, device ident.Device) error {
	return d.write(ctx, "db.Lock", func(ctx context.Context, c conn) error { return lock(ctx, c, m, device, d.now().UnixMilli()) })
}

func lock(ctx context.Context, c conn, m ident.Merchant, device ident.Device, now int64) error {
	return exec(ctx, c, `UPDATE unlocks SET ended_at = $3 WHERE merchant_id = $1 AND device_id = $2 AND ended_at = 0`, int64(m), int64(device), now)
}

// UnlockAt finds a person's time at a device, open or ended; fault.NotFound when there is
// none, or it is of another shift.
func (d *DB) UnlockAt(ctx context.Context, m ident.Merchant, device ident.Device, id ident.Unlock) (UnlockRow, error) {
	const op = "db.UnlockAt"
	u := UnlockRow{ID: id, Device: device}
	found, err := d.one(ctx, `SELECT user_id, began_at, ended_at FROM unlocks WHERE merchant_id = $1 AND id = $2 AND device_id = $3 AND began_at > $4`,
		[]any{int64(m), int64(id), int64(device), d.now().Add(-unlockFor).UnixMilli()}, &u.User, &u.Began, &u.Ended)
	if err == nil && !found {
		err = fault.Say(op, fault.NotFound, "screen_locked", "the screen is locked: choose your name and give your PIN")
	}
	return u, fault.Wrap(op, err)
}
