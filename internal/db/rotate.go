package db

import (
	"bytes"
	"context"

	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/ident"
)

// sealings are the columns that the master key seals, and what each value is bound to.
// Whoever seals something new with the master key adds it here.
var sealings = []struct {
	list   string // the ids of a row, as two numbers and a word, and the sealed value
	update string // the value as $1, then as many of the ids as it needs
	ids    int
	word   bool
	use    func(a, b int64, word string) string
}{
	{`SELECT 1, 0, '', proof FROM installation WHERE id = 1`, `UPDATE installation SET proof = $1 WHERE id = $2`, 1, false,
		func(int64, int64, string) string { return "installation" }},
	{`SELECT id, 0, '', sealed_key FROM merchants`, `UPDATE merchants SET sealed_key = $1 WHERE id = $2`, 1, false,
		func(a, _ int64, _ string) string { return "merchant " + ident.Merchant(a).String() }},
	{`SELECT merchant_id, id, '', credentials FROM apps`, `UPDATE apps SET credentials = $1 WHERE merchant_id = $2 AND id = $3`, 2, false,
		func(_, b int64, _ string) string { return credentialsUse("app", ident.App(b).String()) }},
	{`SELECT merchant_id, id, '', credentials FROM accounts`, `UPDATE accounts SET credentials = $1 WHERE merchant_id = $2 AND id = $3`, 2, false,
		func(_, b int64, _ string) string { return credentialsUse("account", ident.Account(b).String()) }},
	{`SELECT merchant_id, id, '', credentials FROM senders`, `UPDATE senders SET credentials = $1 WHERE merchant_id = $2 AND id = $3`, 2, false,
		func(_, b int64, _ string) string { return credentialsUse("sender", ident.Sender(b).String()) }},
	{`SELECT merchant_id, id, '', credentials FROM printers`, `UPDATE printers SET credentials = $1 WHERE merchant_id = $2 AND id = $3`, 2, false,
		func(_, b int64, _ string) string { return credentialsUse("printer", ident.Printer(b).String()) }},
	{`SELECT merchant_id, id, '', credentials FROM couriers`, `UPDATE couriers SET credentials = $1 WHERE merchant_id = $2 AND id = $3`, 2, false,
		func(_, b int64, _ string) string { return credentialsUse("courier", ident.Courier(b).String()) }},
	{`SELECT merchant_id, account_id, name, sealed FROM vault`, `UPDATE vault SET sealed = $1 WHERE merchant_id = $2 AND account_id = $3 AND name = $4`, 2, true,
		func(_, b int64, word string) string { return vaultUse(ident.Account(b), word) }},
	{`SELECT id, 0, '', sealed_key FROM signing_keys`, `UPDATE signing_keys SET sealed_key = $1 WHERE id = $2`, 1, false,
		func(int64, int64, string) string { return "signing key" }},
}

// RotateKey seals everything that the master key seals with another one, in one
// transaction: after a crash in the middle the old key still fits everything, after the
// commit only the new one does. No hub may run over the database meanwhile; it fails with
// fault.Conflict while one holds a lane. This DB is of no use afterwards: close it. It
// gives how many values were sealed anew.
func (d *DB) RotateKey(ctx context.Context, key [32]byte) (n int, err error) {
	const op = "db.RotateKey"
	next, err := newKeyring(key)
	if err != nil {
		return 0, fault.Wrap(op, err)
	}
	err = d.write(ctx, op, func(ctx context.Context, c conn) error {
		n = 0
		var proof []byte
		if _, err := one(ctx, c, `SELECT proof FROM installation WHERE id = 1`+d.eng.lock, nil, &proof); err != nil {
			return err
		}
		var held int64
		if _, err := one(ctx, c, `SELECT COUNT(*) FROM lanes WHERE owner <> '' AND expires_at > `+d.eng.clock(), nil, &held); err != nil {
			return err
		}
		if held > 0 {
			return fault.New(op, fault.Conflict, "a hub works on this database: stop all nodes first (one that was killed is forgotten after 20 seconds)")
		}
		for _, s := range sealings {
			type row struct {
				a, b  int64
				word  string
				value []byte
			}
			var rows []row
			err := c.run(ctx, &stmt{text: s.list, each: func(scan scanFunc) error {
				var r row
				err := scan(&r.a, &r.b, &r.word, &r.value)
				r.value = bytes.Clone(r.value)
				rows = append(rows, r)
				return err
			}})
			if err != nil {
				return err
			}
			for _, r := range rows {
				use := s.use(r.a, r.b, r.word)
				plain, err := d.keys.openMaster(r.value, use)
				if err != nil {
					return err
				}
				sealed, err := next.sealMaster(plain, use)
				if err != nil {
					return err
				}
				args := []any{sealed, r.a}
				if s.ids > 1 {
					args = append(args, r.b)
				}
				if s.word {
					args = append(args, r.word)
				}
				if err := exec(ctx, c, s.update, args...); err != nil {
					return err
				}
				n++
			}
		}
		return nil
	})
	return n, err
}

// sameKey fails when the master key was rotated since this database was opened: what is
// sealed with the old one could never be opened again. It is asked in every transaction
// that writes something sealed with it.
func (d *DB) sameKey(ctx context.Context, c conn) error {
	var proof []byte
	if _, err := one(ctx, c, `SELECT proof FROM installation WHERE id = 1`+d.eng.share, nil, &proof); err != nil {
		return err
	}
	if _, err := d.keys.openMaster(proof, "installation"); err != nil {
		return fault.New("db.sameKey", fault.Unavailable, "the master key was rotated: start this node again with the new key")
	}
	return nil
}
