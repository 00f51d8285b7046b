package db

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"slices"
	"strings"

	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/ident"
)

// What is kept of orders that the merchant's own people enter: the channel on which they
// come, their daily numbers, and what was sold to whom it may be offered again.

// An OwnPlace is what an own channel needs: one app and one account a merchant, one shop a
// store.
type OwnPlace struct {
	Merchant    ident.Merchant
	Channel     string
	Realm       string
	Name        string            // of app and account
	Credentials map[string]string // of the app, where there is none yet
	Store       StoreRow
}

// OwnShop gives the shop of an own channel at a store, and its app. What is missing is
// made; two nodes that do so at once make one.
func (d *DB) OwnShop(ctx context.Context, p OwnPlace) (ShopRow, AppRow, error) {
	const op = "db.OwnShop"
	find := func() (ShopRow, AppRow, bool) {
		s, ok := d.ShopByExternal(p.Merchant, p.Realm, p.Store.ID.String())
		if !ok {
			return s, AppRow{}, false
		}
		a, ok := d.AccountByID(p.Merchant, s.Account)
		if !ok {
			return s, AppRow{}, false
		}
		app, ok := d.AppByID(a.App)
		return s, app, ok
	}
	if s, app, ok := find(); ok {
		return s, app, nil
	}
	// The ids follow from whose they are, so that whoever comes second finds the first's.
	app, account := ident.App(fixedID("app", p)), ident.Account(fixedID("account", p))
	sealed, err := d.sealCredentials(p.Credentials, credentialsUse("app", app.String()))
	if err != nil {
		return ShopRow{}, AppRow{}, fault.Wrap(op, err)
	}
	none, err := d.sealCredentials(map[string]string{}, credentialsUse("account", account.String()))
	if err != nil {
		return ShopRow{}, AppRow{}, fault.Wrap(op, err)
	}
	shop := ident.Shop(d.id())
	err = d.changedDirectory(ctx, op, p.Merchant, shop.String(), func(ctx context.Context, c conn) error {
		if err := d.sameKey(ctx, c); err != nil {
			return err
		}
		err := exec(ctx, c, `INSERT INTO apps (`+appColumns+`) VALUES ($1, $2, $3, $4, '', '', $5) ON CONFLICT (merchant_id, id) DO NOTHING`,
			int64(p.Merchant), int64(app), p.Channel, p.Name, sealed)
		if err != nil {
			return err
		}
		err = exec(ctx, c, `INSERT INTO accounts (merchant_id, id, app_id, channel, realm, name, external_id, credentials, paused)
			VALUES ($1, $2, $3, $4, $5, $6, '', $7, 0) ON CONFLICT (merchant_id, id) DO NOTHING`,
			int64(p.Merchant), int64(account), int64(app), p.Channel, p.Realm, p.Name, none)
		if err != nil {
			return err
		}
		if err := addLane(ctx, c, p.Merchant, account); err != nil {
			return err
		}
		return exec(ctx, c, `INSERT INTO shops (`+shopColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'full')
			ON CONFLICT (merchant_id, realm, external_id) DO NOTHING`,
			int64(p.Merchant), int64(shop), int64(account), p.Channel, p.Realm, p.Store.ID.String(), int64(p.Store.ID), p.Store.Name)
	})
	if err != nil {
		return ShopRow{}, AppRow{}, err
	}
	s, a, ok := find()
	if !ok {
		return s, a, fault.Say(op, fault.Unavailable, "not_written", "the database could not be written; try again")
	}
	return s, a, nil
}

// fixedID is an id that follows from merchant and channel: 63 bits of a hash, as unlikely
// to meet another as one that was drawn.
func fixedID(what string, p OwnPlace) int64 {
	sum := sha256.Sum256([]byte("own " + what + " " + p.Merchant.String() + " " + p.Channel))
	return max(int64(binary.BigEndian.Uint64(sum[:8])>>1), 1)
}

// An EnteredRow is an order that somebody entered, with its daily number.
type EnteredRow struct {
	Merchant ident.Merchant
	External string // the order's id
	Store    ident.Store
	Day      string // the store's business day, 2006-01-02
	Number   int64  // from 1, each once a store and day
	By       string // usr_… or key_…
	Made     int64  // UTC ms
}

// DrawNumber gives an entry the next number of its store's day. An entry that has one, by
// its id, keeps it: the row as it is stored is given back. Numbers are never given twice,
// on however many nodes; one whose order did not come in afterwards is a gap.
func (d *DB) DrawNumber(ctx context.Context, e EnteredRow) (EnteredRow, error) {
	const op = "db.DrawNumber"
	if err := need(op, map[string]bool{"id": named(e.External), "day": named(e.Day), "store_id": e.Store != 0}); err != nil {
		return e, err
	}
	err := d.write(ctx, op, func(ctx context.Context, c conn) error {
		n, err := affects(ctx, c, `INSERT INTO entered (merchant_id, external_id, store_id, day, number, by_id, made_at) VALUES ($1, $2, $3, $4, 0, $5, $6)
			ON CONFLICT (merchant_id, external_id) DO NOTHING`, int64(e.Merchant), e.External, int64(e.Store), e.Day, e.By, e.Made)
		if err != nil {
			return err
		}
		if n == 0 {
			var store int64
			_, err := one(ctx, c, `SELECT store_id, day, number, by_id, made_at FROM entered WHERE merchant_id = $1 AND external_id = $2`,
				[]any{int64(e.Merchant), e.External}, &store, &e.Day, &e.Number, &e.By, &e.Made)
			e.Store = ident.Store(store)
			return err
		}
		if _, err := one(ctx, c, `INSERT INTO day_numbers (merchant_id, store_id, day, last) VALUES ($1, $2, $3, 1)
			ON CONFLICT (merchant_id, store_id, day) DO UPDATE SET last = day_numbers.last + 1 RETURNING last`,
			[]any{int64(e.Merchant), int64(e.Store), e.Day}, &e.Number); err != nil {
			return err
		}
		return exec(ctx, c, `UPDATE entered SET number = $3 WHERE merchant_id = $1 AND external_id = $2`, int64(e.Merchant), e.External, e.Number)
	})
	return e, err
}

// Entered finds who entered an order and when; false for an order that nobody entered.
func (d *DB) Entered(ctx context.Context, m ident.Merchant, external string) (e EnteredRow, ok bool, err error) {
	e = EnteredRow{Merchant: m, External: external}
	err = d.query(ctx, `SELECT store_id, day, number, by_id, made_at FROM entered WHERE merchant_id = $1 AND external_id = $2`, []any{int64(m), external}, func(scan scanFunc) error {
		ok = true
		return scan(&e.Store, &e.Day, &e.Number, &e.By, &e.Made)
	})
	return e, ok, fault.Wrap("db.Entered", err)
}

// EnteredBetween lists what was entered at a store from a moment until before another, UTC
// ms, by number, with whether its order is here.
func (d *DB) EnteredBetween(ctx context.Context, m ident.Merchant, store ident.Store, realm string, from, to int64, each func(e EnteredRow, here bool)) error {
	err := d.query(ctx, `SELECT e.external_id, e.day, e.number, e.by_id, e.made_at, CASE WHEN o.id IS NULL THEN 0 ELSE 1 END FROM entered AS e
		LEFT JOIN orders AS o ON o.merchant_id = e.merchant_id AND o.realm = $5 AND o.external_id = e.external_id
		WHERE e.merchant_id = $1 AND e.store_id = $2 AND e.made_at >= $3 AND e.made_at < $4 ORDER BY e.made_at, e.number`,
		[]any{int64(m), int64(store), from, to, realm}, func(scan scanFunc) error {
			e := EnteredRow{Merchant: m, Store: store}
			var here int64
			err := scan(&e.External, &e.Day, &e.Number, &e.By, &e.Made, &here)
			if err == nil {
				each(e, here == 1)
			}
			return err
		})
	return fault.Wrap("db.EnteredBetween", err)
}

// A GoodsRow is something that a store's people have sold, with its last price.
type GoodsRow struct {
	Code     string // of the SKU; "" = a free line
	Name     string
	Price    int64 // minor units
	Currency string
	Sold     int64 // lines
	SoldAt   int64
}

// Remember notes what was sold at a store.
func (d *DB) Remember(ctx context.Context, m ident.Merchant, store ident.Store, list []GoodsRow) error {
	list = slices.Clone(list)
	slices.SortFunc(list, func(a, b GoodsRow) int { // one order of locks on every node
		return cmp.Or(strings.Compare(a.Code, b.Code), strings.Compare(a.Name, b.Name))
	})
	return d.writeAs(ctx, "db.Remember", Background, func(ctx context.Context, c conn) error {
		for _, g := range list {
			err := exec(ctx, c, `INSERT INTO goods (merchant_id, store_id, code, name, price, currency, sold, sold_at) VALUES ($1, $2, $3, $4, $5, $6, 1, $7)
				ON CONFLICT (merchant_id, store_id, code, name) DO UPDATE SET price = excluded.price, currency = excluded.currency, sold = goods.sold + 1, sold_at = excluded.sold_at`,
				int64(m), int64(store), clean(g.Code, maxName), clean(g.Name, maxName), g.Price, g.Currency, g.SoldAt)
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// Goods lists what a store's people have sold, the most sold first.
func (d *DB) Goods(ctx context.Context, m ident.Merchant, store ident.Store, limit int) ([]GoodsRow, error) {
	var out []GoodsRow
	err := d.query(ctx, `SELECT code, name, price, currency, sold, sold_at FROM goods WHERE merchant_id = $1 AND store_id = $2 ORDER BY sold DESC, sold_at DESC, name LIMIT $3`,
		[]any{int64(m), int64(store), int64(limit)}, func(scan scanFunc) error {
			var g GoodsRow
			err := scan(&g.Code, &g.Name, &g.Price, &g.Currency, &g.Sold, &g.SoldAt)
			out = append(out, g)
			return err
		})
	return out, fault.Wrap("db.Goods", err)
}
