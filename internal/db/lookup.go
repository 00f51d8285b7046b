package db

import (
	"cmp"
	"context"
	"slices"

	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/ident"
)

// Sees reports whether a store is within the scope.
func (sc Scope) Sees(s ident.Store) bool { return sc.sees(s) }

// AllAccounts lists the accounts of every merchant, from memory, by id.
func (d *DB) AllAccounts() []AccountRow {
	var out []AccountRow
	for _, a := range d.dir.Load().accounts {
		out = append(out, d.health.over(a))
	}
	slices.SortFunc(out, func(a, b AccountRow) int { return cmp.Compare(a.ID, b.ID) })
	return out
}

// ShopsOf lists the shops of an account, from memory, by id.
func (d *DB) ShopsOf(m ident.Merchant, account ident.Account) []ShopRow {
	var out []ShopRow
	for k, s := range d.dir.Load().shopIDs {
		if k.m == m && s.Account == account {
			out = append(out, s)
		}
	}
	slices.SortFunc(out, func(a, b ShopRow) int { return cmp.Compare(a.ID, b.ID) })
	return out
}

// OrdersUnbound gives orders that have no shop yet, by id after a given one: those of an
// account, and those whose account is not known either.
func (d *DB) OrdersUnbound(ctx context.Context, m ident.Merchant, account ident.Account, after ident.Order, limit int) ([]ident.Order, error) {
	var out []ident.Order
	err := d.query(ctx, `SELECT id FROM orders WHERE merchant_id = $1 AND shop_id = 0 AND (account_id = $2 OR account_id = 0) AND id > $3 ORDER BY id LIMIT $4`,
		[]any{int64(m), int64(account), int64(after), int64(limit)}, func(scan scanFunc) error {
			var id ident.Order
			err := scan(&id)
			out = append(out, id)
			return err
		})
	return out, fault.Wrap("db.OrdersUnbound", err)
}
