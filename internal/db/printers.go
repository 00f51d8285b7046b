package db

import (
	"context"
	"slices"

	"github.com/tongdan/tongdan/effect"
	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/ident"
)

// A PrinterRow is a ticket printer of a store.
type PrinterRow struct {
	Merchant    ident.Merchant
	ID          ident.Printer
	Store       ident.Store
	Kind        string // its make, as of package printer
	Name        string
	Address     string       // host:port on a network; of a cloud its server, "" = its maker's
	Bridge      ident.Device // the device in the shop that carries to it; 0 = called from here
	Disabled    bool         // prints nothing
	Doc         []byte       // what it prints when and how it is treated: hub.PrinterSettings as JSON
	Credentials map[string]string
	Made        int64 // UTC ms
}

const printerColumns = `merchant_id, id, store_id, kind, name, address, bridge_id, disabled, doc, credentials, made_at`

func (d *DB) scanPrinter(scan scanFunc) (p PrinterRow, err error) {
	var disabled int64
	var doc, sealed []byte
	if err := scan(&p.Merchant, &p.ID, &p.Store, &p.Kind, &p.Name, &p.Address, &p.Bridge, &disabled, &doc, &sealed, &p.Made); err != nil {
		return p, err
	}
	p.Disabled, p.Doc = disabled == 1, slices.Clone(doc)
	p.Credentials, err = d.openCredentials(sealed, credentialsUse("printer", p.ID.String()))
	return p, err
}

// PutPrinter inserts or replaces a printer, with its credentials. It is in the directory of
// this process when this returns. Lines of the journal that tell of it are written in the same
// transaction, here and where a printer is deleted.
func (d *DB) PutPrinter(ctx context.Context, p PrinterRow, lines ...func(PrinterRow) Entry) (PrinterRow, error) {
	const op = "db.PutPrinter"
	if err := need(op, map[string]bool{"kind": named(p.Kind), "name": named(p.Name), "address": short(p.Address)}); err != nil {
		return p, err
	}
	if p.ID == 0 {
		p.ID, p.Made = ident.Printer(d.id()), d.now().UnixMilli()
	}
	sealed, err := d.sealCredentials(p.Credentials, credentialsUse("printer", p.ID.String()))
	if err != nil {
		return p, fault.Wrap(op, err)
	}
	return p, d.changedDirectory(ctx, op, p.Merchant, p.ID.String(), func(ctx context.Context, c conn) error {
		if err := d.sameKey(ctx, c); err != nil {
			return err
		}
		if err := addEntriesOf(ctx, d, c, p.Merchant, p, lines); err != nil {
			return err
		}
		return exec(ctx, c, `INSERT INTO printers (`+printerColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
			ON CONFLICT (merchant_id, id) DO UPDATE SET store_id = excluded.store_id, name = excluded.name, address = excluded.address, bridge_id = excluded.bridge_id,
			disabled = excluded.disabled, doc = excluded.doc, credentials = excluded.credentials`,
			int64(p.Merchant), int64(p.ID), int64(p.Store), p.Kind, p.Name, p.Address, int64(p.Bridge), flag(p.Disabled), p.Doc, sealed, p.Made)
	})
}

// DeletePrinter deletes a printer; fault.NotFound when there is none.
func (d *DB) DeletePrinter(ctx context.Context, m ident.Merchant, id ident.Printer, lines ...Entry) error {
	const op = "db.DeletePrinter"
	return d.changedDirectory(ctx, op, m, id.String(), func(ctx context.Context, c conn) error {
		if err := d.addEntries(ctx, c, m, lines); err != nil {
			return err
		}
		return remove(ctx, c, op, "", "", `DELETE FROM printers WHERE merchant_id = $1 AND id = $2`, int64(m), int64(id))
	})
}

// Printers are a merchant's printers that a scope sees, oldest first, from the directory.
func (d *DB) Printers(sc Scope) []PrinterRow {
	var out []PrinterRow
	for _, p := range d.dir.Load().printers[sc.Merchant] {
		if sc.sees(p.Store) {
			out = append(out, p)
		}
	}
	return out
}

// Printers are those of a store.
func (t *Tx) Printers(store ident.Store) []PrinterRow {
	list := t.dir.printers[t.m]
	var out []PrinterRow
	for _, p := range list {
		if p.Store == store {
			out = append(out, p)
		}
	}
	return out
}

// OpenOfTargets lists the open effects whose targets begin with a prefix, of each target the
// oldest first, at most limit.
func (d *DB) OpenOfTargets(ctx context.Context, m ident.Merchant, prefix string, limit int) ([]effect.Effect, error) {
	var out []effect.Effect
	err := d.query(ctx, `SELECT `+effectColumns+` FROM effects WHERE merchant_id = $1 AND open = 1 AND target >= $2 AND target < $3 ORDER BY target, id LIMIT $4`,
		[]any{int64(m), prefix, prefix + "\x7f", int64(limit)}, func(scan scanFunc) error {
			e, err := scanEffect(scan)
			out = append(out, e)
			return err
		})
	return out, fault.Wrap("db.OpenOfTargets", err)
}
