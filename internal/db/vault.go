package db

import (
	"context"
	"time"

	"github.com/tongdan/tongdan/channel"
	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/ident"
)

// LoadVault gives what was last saved under a name for an account; nil when nothing was.
func (d *DB) LoadVault(ctx context.Context, m ident.Merchant, a ident.Account, name string) ([]byte, error) {
	const op = "db.LoadVault"
	var sealed []byte
	found, err := d.one(ctx, `SELECT sealed FROM vault WHERE merchant_id = $1 AND account_id = $2 AND name = $3`, []any{int64(m), int64(a), name}, &sealed)
	if err != nil || !found {
		return nil, fault.Wrap(op, err)
	}
	b, err := d.keys.openMaster(sealed, vaultUse(a, name))
	return b, fault.Wrap(op, err)
}

// SaveVault makes bytes durable, sealed, before it returns. Older bytes never replace
// newer: at is the moment of the platform's answer. Lines of the journal that tell of it are
// written in the same transaction.
func (d *DB) SaveVault(ctx context.Context, m ident.Merchant, a ident.Account, name string, at time.Time, b []byte, lines ...Entry) error {
	const op = "db.SaveVault"
	if len(b) > 1<<20 || !named(name) {
		return fault.New(op, fault.TooLarge, "what is to be kept has no name or more than 1 MiB")
	}
	sealed, err := d.keys.sealMaster(b, vaultUse(a, name))
	if err != nil {
		return fault.Wrap(op, err)
	}
	return d.write(ctx, op, func(ctx context.Context, c conn) error {
		if err := d.sameKey(ctx, c); err != nil {
			return err
		}
		if err := d.addEntries(ctx, c, m, lines); err != nil {
			return err
		}
		return exec(ctx, c, `INSERT INTO vault (merchant_id, account_id, name, at, sealed) VALUES ($1, $2, $3, $4, $5)
			ON CONFLICT (merchant_id, account_id, name) DO UPDATE SET at = excluded.at, sealed = excluded.sealed WHERE excluded.at >= vault.at`,
			int64(m), int64(a), name, at.UnixMilli(), sealed)
	})
}

func vaultUse(a ident.Account, name string) string { return "vault " + a.String() + " " + name }

// Alarm says that an account must be authorised again until a moment (zero = now); an
// empty why takes the alarm back.
func (d *DB) Alarm(ctx context.Context, m ident.Merchant, a ident.Account, until time.Time, why string) error {
	_, err := d.Do(ctx, Verb{Name: "db.Alarm", Merchant: m, Class: People, Decide: func(t *Tx) error {
		t.Touch(a, func(r *AccountRow) {
			r.AlarmAt, r.AlarmWhy = 0, why
			if why != "" {
				r.AlarmAt = t.Now().UnixMilli()
				if !until.IsZero() {
					r.AlarmAt = until.UnixMilli()
				}
			}
		})
		t.Change(KindAccount, a.String())
		return nil
	}})
	return err
}

// Vault is the vault of one account, as connectors see it.
func (d *DB) Vault(m ident.Merchant, a ident.Account) channel.Vault { return vault{d, m, a} }

type vault struct {
	d *DB
	m ident.Merchant
	a ident.Account
}

func (v vault) Load(ctx context.Context, name string) ([]byte, error) {
	return v.d.LoadVault(ctx, v.m, v.a, name)
}

func (v vault) Save(ctx context.Context, name string, at time.Time, b []byte) error {
	return v.d.SaveVault(ctx, v.m, v.a, name, at, b)
}

func (v vault) Alarm(ctx context.Context, until time.Time, why string) error {
	return v.d.Alarm(ctx, v.m, v.a, until, why)
}
