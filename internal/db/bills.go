package db

import (
	"context"
	"slices"
	"strconv"

	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/ident"
)

// A BillRow is a settlement statement that was read in.
type BillRow struct {
	ID      ident.Bill
	Channel string
	Name    string
	Hash    []byte
	Lines   int
	By      string
	Made    int64 // UTC ms
}

// A BillOrder is what a statement says of one order. Amounts are fen.
type BillOrder struct {
	Bill     ident.Bill
	Ref      string
	Order    ident.Order
	Store    ident.Store
	Channel  string
	Day      string
	State    string // hub.BillSame …
	Net      int64
	Expected int64
	Doc      []byte
}

// Bills lists the statements of a merchant, newest first.
func (d *DB) Bills(ctx context.Context, m ident.Merchant) ([]BillRow, error) {
	var out []BillRow
	err := d.query(ctx, `SELECT id, channel, name, hash, lines, by_id, made_at FROM bills WHERE merchant_id = $1 ORDER BY id DESC LIMIT 200`, []any{int64(m)}, func(scan scanFunc) error {
		var b BillRow
		var n int64
		err := scan(&b.ID, &b.Channel, &b.Name, &b.Hash, &n, &b.By, &b.Made)
		b.Lines, b.Hash = int(n), slices.Clone(b.Hash)
		out = append(out, b)
		return err
	})
	return out, fault.Wrap("db.Bills", err)
}

// PutBill keeps a statement with its orders. fault.Conflict when the same file is here. Lines
// of the journal that tell of it are written in the same transaction, here and where it is
// taken back.
func (d *DB) PutBill(ctx context.Context, m ident.Merchant, b BillRow, list []BillOrder, lines ...func(BillRow) Entry) (BillRow, error) {
	const op = "db.PutBill"
	if err := need(op, map[string]bool{"channel": named(b.Channel), "name": named(b.Name)}); err != nil {
		return b, err
	}
	b.ID, b.Made = ident.Bill(d.id()), d.now().UnixMilli()
	return b, d.changedDirectoryAs(ctx, op, Background, m, b.ID.String(), func(ctx context.Context, c conn) error {
		var n int64
		if _, err := one(ctx, c, `SELECT COUNT(*) FROM bills WHERE merchant_id = $1 AND hash = $2`, []any{int64(m), b.Hash}, &n); err != nil {
			return err
		}
		if n > 0 {
			return fault.Say(op, fault.Conflict, "bill_again", "this file has been read in already")
		}
		if err := exec(ctx, c, `INSERT INTO bills (merchant_id, id, channel, name, hash, lines, by_id, made_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
			int64(m), int64(b.ID), b.Channel, b.Name, b.Hash, int64(b.Lines), b.By, b.Made); err != nil {
			return err
		}
		for _, o := range list {
			if err := exec(ctx, c, `INSERT INTO bill_orders (merchant_id, bill_id, ref, order_id, store_id, channel, day, state, net, expected, doc) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
				int64(m), int64(b.ID), o.Ref, int64(o.Order), int64(o.Store), o.Channel, o.Day, o.State, o.Net, o.Expected, o.Doc); err != nil {
				return err
			}
		}
		return addEntriesOf(ctx, d, c, m, b, lines)
	})
}

// DropBill removes a statement with its orders; fault.NotFound when there is none.
func (d *DB) DropBill(ctx context.Context, m ident.Merchant, id ident.Bill, lines ...Entry) error {
	const op = "db.DropBill"
	return d.changedDirectory(ctx, op, m, id.String(), func(ctx context.Context, c conn) error {
		n, err := affects(ctx, c, `DELETE FROM bills WHERE merchant_id = $1 AND id = $2`, int64(m), int64(id))
		if err != nil {
			return err
		}
		if n == 0 {
			return fault.Say(op, fault.NotFound, "no_bill_here", "there is no such statement")
		}
		if err := d.addEntries(ctx, c, m, lines); err != nil {
			return err
		}
		return exec(ctx, c, `DELETE FROM bill_orders WHERE merchant_id = $1 AND bill_id = $2`, int64(m), int64(id))
	})
}

// A BillDay is what statements say of a store, channel and day, in fen.
type BillDay struct {
	Day      string
	Channel  string
	Store    ident.Store // 0 = of orders that are not here
	Orders   int
	Net      int64
	Expected int64
	Differ   int   // orders that are not the same
	By       int64 // net less expected, over those
}

// counts is the condition under which a line b of a statement counts. Statements overlap, since a week is read in and
// then its month: of what they say of one order and day the newest counts, and an order that one has is not missing.
const counts = ` AND NOT EXISTS (SELECT 1 FROM bill_orders n WHERE n.merchant_id = b.merchant_id AND n.channel = b.channel AND n.ref = b.ref AND n.bill_id <> b.bill_id
	AND (n.bill_id > b.bill_id AND n.day = b.day AND n.state <> 'absent' OR b.state = 'absent' AND (n.state <> 'absent' OR n.bill_id > b.bill_id)))`

// BillDays sums the statements' orders from a day to a day by store, channel and day: those with differences
// first, the largest first.
func (d *DB) BillDays(ctx context.Context, sc Scope, from, to string) ([]BillDay, error) {
	var out []BillDay
	only, args := sc.where("b.store_id", []any{int64(sc.Merchant), from, to})
	err := d.query(ctx, `SELECT day, channel, store_id, COUNT(*), SUM(net), SUM(expected), SUM(CASE WHEN state = 'same' THEN 0 ELSE 1 END), SUM(CASE WHEN state = 'same' THEN 0 ELSE net - expected END)
		FROM bill_orders b WHERE merchant_id = $1 AND day >= $2 AND day <= $3`+only+counts+` GROUP BY day, channel, store_id ORDER BY day DESC, channel, store_id LIMIT 2000`, args, func(scan scanFunc) error {
		var b BillDay
		var n, k int64
		err := scan(&b.Day, &b.Channel, &b.Store, &n, &b.Net, &b.Expected, &k, &b.By)
		b.Orders, b.Differ = int(n), int(k)
		out = append(out, b)
		return err
	})
	slices.SortStableFunc(out, func(a, b BillDay) int { return int(min(1, b.Differ)) - int(min(1, a.Differ)) })
	return out, fault.Wrap("db.BillDays", err)
}

// BillOrders lists what statements say of orders from a day to a day, of a scope, or what differs alone.
func (d *DB) BillOrders(ctx context.Context, sc Scope, from, to, channel string, differ bool, limit int) ([]BillOrder, error) {
	text, args := sc.where("b.store_id", []any{int64(sc.Merchant), from, to})
	text = `SELECT bill_id, ref, order_id, store_id, channel, day, state, net, expected, doc FROM bill_orders b WHERE merchant_id = $1 AND day >= $2 AND day <= $3` + text + counts
	if channel != "" {
		args = append(args, channel)
		text += ` AND channel = $` + strconv.Itoa(len(args))
	}
	if differ {
		text += ` AND state <> 'same'`
	}
	args = append(args, int64(limit))
	var out []BillOrder
	err := d.query(ctx, text+` ORDER BY day DESC, ref LIMIT $`+strconv.Itoa(len(args)), args, func(scan scanFunc) error {
		var o BillOrder
		err := scan(&o.Bill, &o.Ref, &o.Order, &o.Store, &o.Channel, &o.Day, &o.State, &o.Net, &o.Expected, &o.Doc)
		o.Doc = slices.Clone(o.Doc)
		out = append(out, o)
		return err
	})
	return out, fault.Wrap("db.BillOrders", err)
}
