package db

import (
	"context"
	"strings"

	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/ident"
)

// A DeviceRow is a screen of the shop floor that is paired with one store. Its session is
// its own and has no end; only the hash of the secret in its cookie is kept.
type DeviceRow struct {
	Merchant    ident.Merchant
	ID          ident.Device
	Store       ident.Store
	Name        string
	Kind        string // a role of package role: kitchen_screen, callout_screen, counter_screen
	Hash        []byte
	Agent       string // what its browser is, for people
	PIN         bool   // acts need a person's PIN
	LockMinutes int    // idle for so long it locks itself; 0 = only by its button
	By          string // who paired it: usr_…, key_…
	Made        int64
	Seen        int64 // UTC ms, to the minute
}

// A PairingRow is a screen that shows a code and waits for somebody to type it.
type PairingRow struct {
	Hash    []byte
	Code    string
	Kind    string
	Agent   string
	Expires int64
}

const (
	mostPairings = 2000   // that wait at once, for all merchants together
	seenDevice   = 60_000 // ms between two notes that a device was seen
)

// errPairing is for a code that leads nowhere, whatever the reason.
var errPairing = fault.Say("db.pairing", fault.NotFound, "pairing_unknown", "no screen shows this code now; look at it again, codes change every ten minutes")

// AddPairing keeps a screen's code until it expires. It fails with fault.Conflict when
// another screen shows the same code, with fault.Unavailable when too many wait.
func (d *DB) AddPairing(ctx context.Context, p PairingRow) error {
	const op = "db.AddPairing"
	return d.write(ctx, op, func(ctx context.Context, c conn) error {
		if err := exec(ctx, c, `DELETE FROM pairings WHERE expires_at <= $1 OR hash = $2`, d.now().UnixMilli(), p.Hash); err != nil {
			return err
		}
		var n int64
		if _, err := one(ctx, c, `SELECT COUNT(*) FROM pairings`, nil, &n); err != nil {
			return err
		}
		if n >= mostPairings {
			return fault.Say(op, fault.Unavailable, "pairings_many", "too many screens wait to be paired; try again in a few minutes")
		}
		return exec(ctx, c, `INSERT INTO pairings (hash, code, kind, agent, expires_at) VALUES ($1, $2, $3, $4, $5)`, p.Hash, p.Code, p.Kind, clean(p.Agent, 100), p.Expires)
	})
}

// PairingByHash finds a code that is still shown; fault.NotFound otherwise.
func (d *DB) PairingByHash(ctx context.Context, hash []byte) (PairingRow, error) {
	p := PairingRow{Hash: hash}
	found, err := d.one(ctx, `SELECT code, kind, agent, expires_at FROM pairings WHERE hash = $1 AND expires_at > $2`, []any{hash, d.now().UnixMilli()},
		&p.Code, &p.Kind, &p.Agent, &p.Expires)
	if err == nil && !found {
		err = errPairing
	}
	return p, fault.Wrap("db.PairingByHash", err)
}

const deviceColumns = `merchant_id, id, store_id, name, kind, hash, agent, pin, lock_minutes, made_by, made_at, seen_at`

func scanDevice(scan scanFunc) (v DeviceRow, err error) {
	var pin int64
	err = scan(&v.Merchant, &v.ID, &v.Store, &v.Name, &v.Kind, &v.Hash, &v.Agent, &pin, &v.LockMinutes, &v.By, &v.Made, &v.Seen)
	v.PIN = pin == 1
	return v, err
}

// Pair makes a device of the screen that shows a code. kind "" is what the screen said of
// itself. The code is used up; fault.NotFound when no screen shows it. Lines of the journal
// that tell of it are written in the same transaction, here and where else a device is
// changed.
func (d *DB) Pair(ctx context.Context, code string, v DeviceRow, lines ...func(DeviceRow) Entry) (DeviceRow, error) {
	const op = "db.Pair"
	if err := need(op, map[string]bool{"name": named(v.Name)}); err != nil {
		return v, err
	}
	v.ID = ident.Device(d.id())
	v.Made = d.now().UnixMilli()
	return v, d.changedDirectory(ctx, op, v.Merchant, v.ID.String(), func(ctx context.Context, c conn) error {
		var kind string
		found, err := one(ctx, c, `DELETE FROM pairings WHERE code = $1 AND expires_at > $2 RETURNING hash, kind, agent`, []any{strings.ToUpper(code), v.Made}, &v.Hash, &kind, &v.Agent)
		if err != nil {
			return err
		}
		if !found {
			return errPairing
		}
		if v.Kind == "" {
			v.Kind = kind
		}
		if err := addEntriesOf(ctx, d, c, v.Merchant, v, lines); err != nil {
			return err
		}
		return exec(ctx, c, `INSERT INTO devices (`+deviceColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 0)`,
			int64(v.Merchant), int64(v.ID), int64(v.Store), v.Name, v.Kind, v.Hash, v.Agent, flag(v.PIN), int64(v.LockMinutes), v.By, v.Made)
	})
}

// SetDevice changes a device's name and how it locks.
func (d *DB) SetDevice(ctx context.Context, v DeviceRow, lines ...Entry) error {
	const op = "db.SetDevice"
	if err := need(op, map[string]bool{"name": named(v.Name)}); err != nil {
		return err
	}
	return d.changedDirectory(ctx, op, v.Merchant, v.ID.String(), func(ctx context.Context, c conn) error {
		if err := d.addEntries(ctx, c, v.Merchant, lines); err != nil {
			return err
		}
		n, err := affects(ctx, c, `UPDATE devices SET name = $3, pin = $4, lock_minutes = $5 WHERE merchant_id = $1 AND id = $2`,
			int64(v.Merchant), int64(v.ID), v.Name, flag(v.PIN), int64(v.LockMinutes))
		if err == nil && n == 0 {
			err = errNoDevice
		}
		return err
	})
}

var errNoDevice = fault.Say("db.device", fault.NotFound, "no_device", "there is no such device; it may have been revoked")

// Revoke ends a device's session at once, and all that hung on it. Its feed line makes
// live streams of it end.
func (d *DB) Revoke(ctx context.Context, m ident.Merchant, id ident.Device, lines ...Entry) error {
	const op = "db.Revoke"
	return d.changedDirectory(ctx, op, m, id.String(), func(ctx context.Context, c conn) error {
		if err := d.addEntries(ctx, c, m, lines); err != nil {
			return err
		}
		for _, text := range []string{
			`DELETE FROM pin_tries WHERE merchant_id = $1 AND device_id = $2`,
			`DELETE FROM unlocks WHERE merchant_id = $1 AND device_id = $2`,
		} {
			if err := exec(ctx, c, text, int64(m), int64(id)); err != nil {
				return err
			}
		}
		if err := exec(ctx, c, `UPDATE voices SET until_at = 0 WHERE merchant_id = $1 AND holder = $2`, int64(m), id.String()); err != nil {
			return err
		}
		if err := exec(ctx, c, keepName+`SELECT merchant_id, $3, name, $4 FROM devices WHERE merchant_id = $1 AND id = $2`, int64(m), int64(id), id.String(), d.now().UnixMilli()); err != nil {
			return err
		}
		n, err := affects(ctx, c, `DELETE FROM devices WHERE merchant_id = $1 AND id = $2`, int64(m), int64(id))
		if err == nil && n == 0 {
			err = errNoDevice
		}
		return err
	})
}

// keepName keeps what somebody was called who is taken away: what they did stays in timelines.
const keepName = `INSERT INTO former_actors (merchant_id, actor, name, gone_at) `

// FormerActors gives what devices and keys were called that there are no more, by id
// (dev_…, key_…).
func (d *DB) FormerActors(ctx context.Context, m ident.Merchant) (map[string]string, error) {
	out := map[string]string{}
	err := d.query(ctx, `SELECT actor, name FROM former_actors WHERE merchant_id = $1`, []any{int64(m)}, func(scan scanFunc) error {
		var id, name string
		err := scan(&id, &name)
		out[id] = name
		return err
	})
	return out, fault.Wrap("db.FormerActors", err)
}

// DeviceByHash finds the device of a session in whatever merchant, and notes that it was
// seen, at most once a minute; fault.NotFound when it was revoked or never was.
func (d *DB) DeviceByHash(ctx context.Context, hash []byte) (DeviceRow, error) {
	const op = "db.DeviceByHash"
	v, err := d.device(ctx, op, `hash = $1`, hash)
	if now := d.now().UnixMilli(); err == nil && now-v.Seen > seenDevice {
		err = d.write(ctx, op, func(ctx context.Context, c conn) error {
			return exec(ctx, c, `UPDATE devices SET seen_at = $3 WHERE merchant_id = $1 AND id = $2`, int64(v.Merchant), int64(v.ID), now)
		})
	}
	return v, fault.Wrap(op, err)
}

// DeviceByID finds a device.
func (d *DB) DeviceByID(ctx context.Context, m ident.Merchant, id ident.Device) (DeviceRow, error) {
	return d.device(ctx, "db.DeviceByID", `merchant_id = $1 AND id = $2`, int64(m), int64(id))
}

func (d *DB) device(ctx context.Context, op, where string, args ...any) (v DeviceRow, err error) {
	found := false
	err = d.query(d.brief(ctx), `SELECT `+deviceColumns+` FROM devices WHERE `+where, args, func(scan scanFunc) (err error) {
		found = true
		v, err = scanDevice(scan)
		return err
	})
	if err == nil && !found {
		err = errNoDevice
	}
	return v, fault.Wrap(op, err)
}

// Devices lists the devices of the stores of a scope, by store and name.
func (d *DB) Devices(ctx context.Context, s Scope) ([]DeviceRow, error) {
	var out []DeviceRow
	err := d.query(ctx, `SELECT `+deviceColumns+` FROM devices WHERE merchant_id = $1 ORDER BY store_id, name, id`, []any{int64(s.Merchant)}, func(scan scanFunc) error {
		v, err := scanDevice(scan)
		if s.Sees(v.Store) {
			out = append(out, v)
		}
		return err
	})
	return out, fault.Wrap("db.Devices", err)
}
