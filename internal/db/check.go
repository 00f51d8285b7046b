package db

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tongdan/tongdan/effect"
	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/ident"
	"github.com/tongdan/tongdan/internal/lite"
	"github.com/tongdan/tongdan/order"
)

// Checks read the database in windows: each is one short read of one moment, begun after
// the last row of the window before, so that none holds a long snapshot. Within a window
// nothing changes; what a check compares is read in the same one.

// A Finding is one counterexample to an invariant.
type Finding struct {
	Order ident.Order `json:"order,omitzero"`
	What  string      `json:"what"` // where: a field, a key, a number
	Want  string      `json:"expected"`
	Got   string      `json:"found"`
}

// A Window is what one step of a check looked at.
type Window struct {
	Looked int
	Found  []Finding
	Next   string // where the next window begins; "" at the end
}

func (w *Window) find(id ident.Order, what, want, got string) {
	w.Found = append(w.Found, Finding{id, what, want, got})
}

// snapshot runs f over one moment of the database.
func (d *DB) snapshot(ctx context.Context, f func(r *reader) error) error {
	if d.local != nil {
		return d.local(ctx, func(c *lite.Conn) error {
			if err := c.Script("BEGIN"); err != nil {
				return storeError(err)
			}
			defer c.Script("ROLLBACK")
			return f(&reader{func(text string, args []any, each func(scanFunc) error) error {
				return readOn(c, text, args, each)
			}})
		})
	}
	tx, err := d.reads.BeginTx(ctx, &sql.TxOptions{ReadOnly: true, Isolation: sql.LevelRepeatableRead})
	if err != nil {
		return storeError(err)
	}
	defer tx.Rollback()
	if _, err := tx.ExecContext(ctx, d.eng.wide); err != nil {
		return storeError(err)
	}
	return f(&reader{func(text string, args []any, each func(scanFunc) error) error {
		rows, err := tx.QueryContext(ctx, text, args...)
		if err != nil {
			return storeError(err)
		}
		defer rows.Close()
		for rows.Next() {
			if err := each(rows.Scan); err != nil {
				return err
			}
		}
		return storeError(rows.Err())
	}})
}

// A reader reads within a snapshot.
type reader struct {
	query func(text string, args []any, each func(scanFunc) error) error
}

func (r *reader) one(text string, args []any, dest ...any) (found bool, err error) {
	err = r.query(text, args, func(scan scanFunc) error {
		found = true
		return scan(dest...)
	})
	return found, err
}

// run carries out look-ups.
func (r *reader) run(list ...*stmt) error {
	for _, s := range list {
		if err := r.query(s.text, s.args, s.each); err != nil {
			return err
		}
	}
	return nil
}

func afterID(from string) (int64, error) {
	if from == "" {
		return 0, nil
	}
	n, err := strconv.ParseInt(from, 10, 64)
	if err != nil {
		return 0, fault.New("db.check", fault.Invalid, "a check cannot go on from there")
	}
	return n, nil
}

// A Whole is an order with everything that hangs on it, of one moment.
type Whole struct {
	Row      OrderRow // with Search
	Records  []order.Linked
	Effects  []effect.Effect
	Reserved []Reserved
}

// Reserved is one reservation of an order.
type Reserved struct {
	SKU      string
	Store    ident.Store
	Quantity int64
}

// Wholes gives the orders of a merchant after an id, oldest first.
func (d *DB) Wholes(ctx context.Context, m ident.Merchant, after ident.Order, limit int) ([]*Whole, error) {
	return d.wholes(ctx, `SELECT `+orderColumns+`, search FROM orders WHERE `+d.eng.aside+`merchant_id = $1 AND id > $2 ORDER BY id LIMIT $3`, int64(m), int64(after), int64(limit))
}

// Whole gives one order; fault.NotFound when there is none.
func (d *DB) Whole(ctx context.Context, m ident.Merchant, id ident.Order) (*Whole, error) {
	list, err := d.wholes(ctx, `SELECT `+orderColumns+`, search FROM orders WHERE merchant_id = $1 AND id = $2`, int64(m), int64(id))
	if err == nil && len(list) == 0 {
		err = fault.New("db.Whole", fault.NotFound, "no such order")
	}
	if err != nil {
		return nil, err
	}
	return list[0], nil
}

// WholesOf gives orders by our ids; those that are not there are left out.
func (d *DB) WholesOf(ctx context.Context, m ident.Merchant, ids []ident.Order) ([]*Whole, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	args := []any{int64(m)}
	where := anyOf("id", orderNumbers(ids), &args)
	return d.wholes(ctx, `SELECT `+orderColumns+`, search FROM orders WHERE `+d.eng.aside+`merchant_id = $1`+where+` ORDER BY id`, args...)
}

func (d *DB) wholes(ctx context.Context, text string, args ...any) (list []*Whole, err error) {
	const op = "db.Wholes"
	err = d.snapshot(ctx, func(r *reader) error {
		list = nil
		byRef := map[refKey]*Whole{}
		byID := map[orderKey]*Whole{}
		var refs, ids []any
		err := r.query(text, args, func(scan scanFunc) error {
			w := new(Whole)
			var zipped []byte
			var err error
			if w.Row, err = scanOrder(scan, &zipped); err != nil {
				return err
			}
			plain, err := d.zip.unzip(zipped)
			if err != nil {
				return err
			}
			if err := json.Unmarshal(plain, &w.Row.Search); err != nil {
				return &fault.Error{Op: op, Code: fault.Internal, Ref: w.Row.ID.String(), Err: err}
			}
			m := w.Row.Merchant
			byRef[refKey{m, w.Row.Ref}], byID[orderKey{m, w.Row.ID}] = w, w
			refs = append(refs, int64(m), w.Row.Ref.Realm, w.Row.Ref.ID)
			ids = append(ids, int64(m), int64(w.Row.ID))
			list = append(list, w)
			return nil
		})
		if err != nil || len(list) == 0 {
			return err
		}
		records := map[refKey][]*Whole{} // who holds it
		var keys []any
		want := func(k refKey, w *Whole) {
			if _, ok := records[k]; !ok {
				keys = append(keys, int64(k.m), k.ref.Realm, k.ref.Kind, k.ref.ID)
			}
			if !slices.Contains(records[k], w) {
				records[k] = append(records[k], w)
			}
		}
		for _, w := range list {
			own := w.Row.Ref
			own.Kind = order.KindOwn
			want(refKey{w.Row.Merchant, w.Row.Ref}, w)
			want(refKey{w.Row.Merchant, own}, w)
		}
		if err := r.run(linksIn.stmts(refs, "", func(scan scanFunc) error {
			k := refKey{ref: order.Ref{Kind: order.KindOrder}}
			var rec order.Ref
			if err := scan(&k.m, &k.ref.Realm, &k.ref.ID, &rec.Kind, &rec.ID); err != nil {
				return err
			}
			rec.Realm = k.ref.Realm
			if w := byRef[k]; w != nil {
				want(refKey{k.m, rec}, w)
			}
			return nil
		})...); err != nil {
			return err
		}
		read := map[refKey]bool{}
		if err := r.run(recordRows.stmts(keys, "", func(scan scanFunc) error {
			var k refKey
			var s recordState
			if err := scan(&k.m, &k.ref.Realm, &k.ref.Kind, &k.ref.ID, &s.doc, &s.seen); err != nil {
				return err
			}
			if s.doc == nil || read[k] {
				return nil
			}
			read[k] = true
			rec, err := s.open(d.zip)
			if err != nil {
				return err
			}
			for _, w := range records[k] {
				w.Records = append(w.Records, order.Linked{Ref: k.ref, Record: rec})
			}
			return nil
		})...); err != nil {
			return err
		}
		seen := map[ident.Effect]bool{}
		if err := r.run(effectsOf.stmts(ids, "", func(scan scanFunc) error {
			e, err := scanEffect(scan)
			if w := byID[orderKey{e.Merchant, e.Order}]; err == nil && w != nil && !seen[e.ID] {
				seen[e.ID] = true
				w.Effects = append(w.Effects, e)
			}
			return err
		})...); err != nil {
			return err
		}
		taken := map[itemKey]bool{}
		if err := r.run(reservedOf.stmts(ids, "", func(scan scanFunc) error {
			var k orderKey
			var v Reserved
			if err := scan(&k.m, &k.id, &v.SKU, &v.Store, &v.Quantity); err != nil {
				return err
			}
			if w := byID[k]; w != nil && !taken[itemKey{k, v.SKU}] {
				taken[itemKey{k, v.SKU}] = true
				w.Reserved = append(w.Reserved, v)
			}
			return nil
		})...); err != nil {
			return err
		}
		for _, w := range list {
			w.Effects = newest(w.Effects)
			slices.SortFunc(w.Reserved, func(a, b Reserved) int { return cmp.Compare(a.SKU, b.SKU) })
			slices.SortFunc(w.Records, func(a, b order.Linked) int {
				return cmp.Or(cmp.Compare(nearness(a.Ref, w.Row.Ref), nearness(b.Ref, w.Row.Ref)), compareRefs(a.Ref, b.Ref))
			})
		}
		return nil
	})
	return list, fault.Wrap(op, err)
}

var reservedOf = lookup{head: `SELECT merchant_id, order_id, sku, store_id, quantity FROM reservations WHERE (merchant_id, order_id) IN`, types: []string{number, number}}

// nearness sorts an order's own record first, then what is ours, as Tx.Linked does.
func nearness(ref, of order.Ref) int {
	switch {
	case ref == of:
		return 0
	case ref.Kind == order.KindOwn && ref.ID == of.ID:
		return 1
	}
	return 2
}

// CheckIdentity looks for a sale that is here twice: two rows of one platform id, an order
// that is an alias of another, a record of an order without the order's row.
func (d *DB) CheckIdentity(ctx context.Context, m ident.Merchant, from string, limit int) (w Window, err error) {
	part, after, _ := strings.Cut(cmp.Or(from, "orders"), "\n")
	realm, id, _ := strings.Cut(after, "\n")
	next := func(n int, realm, id, then string) {
		if w.Looked += n; n == limit {
			w.Next = part + "\n" + realm + "\n" + id
		} else {
			w.Next = then
		}
	}
	err = d.snapshot(ctx, func(r *reader) error {
		n := 0
		switch part {
		case "orders":
			err := r.query(`SELECT realm, external_id, COUNT(*), MIN(id) FROM orders WHERE merchant_id = $1 AND (realm, external_id) > ($2, $3)
				GROUP BY realm, external_id ORDER BY realm, external_id LIMIT $4`, []any{int64(m), realm, id, int64(limit)}, func(scan scanFunc) error {
				var rows int64
				var first ident.Order
				if err := scan(&realm, &id, &rows, &first); err != nil {
					return err
				}
				if n++; rows != 1 {
					w.find(first, realm+" "+id, "one order of this number", strconv.FormatInt(rows, 10)+" orders")
				}
				return nil
			})
			next(n, realm, id, "aliases")
			return err
		case "aliases":
			err := r.query(`SELECT a.realm, a.alias, a.order_id, COALESCE(o.id, 0), COALESCE(x.id, 0) FROM aliases AS a
				LEFT JOIN orders AS o ON o.merchant_id = a.merchant_id AND o.realm = a.realm AND o.external_id = a.alias
				LEFT JOIN orders AS x ON x.merchant_id = a.merchant_id AND x.realm = a.realm AND x.external_id = a.order_id
				WHERE a.merchant_id = $1 AND (a.realm, a.alias) > ($2, $3) ORDER BY a.realm, a.alias LIMIT $4`, []any{int64(m), realm, id, int64(limit)}, func(scan scanFunc) error {
				var to string
				var twin, of ident.Order
				if err := scan(&realm, &id, &to, &twin, &of); err != nil {
					return err
				}
				n++
				if twin != 0 && to != id {
					w.find(twin, "alias "+id, "no order of its own: it is another number of "+to, "an order "+twin.String())
				}
				if of == 0 {
					w.find(0, "alias "+id, "an order "+to, "none")
				}
				return nil
			})
			next(n, realm, id, "records")
			return err
		}
		err := r.query(`SELECT c.realm, c.external_id, COALESCE(o.id, 0) FROM records AS c
			LEFT JOIN orders AS o ON o.merchant_id = c.merchant_id AND o.realm = c.realm AND o.external_id = c.external_id
			WHERE c.merchant_id = $1 AND (c.realm, c.kind, c.external_id) > ($2, 'order', $3) AND c.kind = 'order' AND c.doc IS NOT NULL
			ORDER BY c.realm, c.kind, c.external_id LIMIT $4`, []any{int64(m), realm, id, int64(limit)}, func(scan scanFunc) error {
			var of ident.Order
			if err := scan(&realm, &id, &of); err != nil {
				return err
			}
			if n++; of == 0 {
				w.find(0, realm+" "+id, "an order: the platform has told of it", "a record without an order")
			}
			return nil
		})
		next(n, realm, id, "")
		return err
	})
	return w, fault.Wrap("db.CheckIdentity", err)
}

// CheckFollowed compares what counts and search hold of each order with the order: those
// whose last change the follower has not come to are left out.
func (d *DB) CheckFollowed(ctx context.Context, m ident.Merchant, from string, limit int) (w Window, err error) {
	const op = "db.CheckFollowed"
	after, err := afterID(from)
	if err != nil {
		return w, err
	}
	err = d.snapshot(ctx, func(r *reader) error {
		var at int64
		if _, err := r.one(`SELECT seq FROM followers WHERE merchant_id = $1`, []any{int64(m)}, &at); err != nil {
			return err
		}
		var rows []*derived
		var names []any
		last, n := int64(0), 0
		err := r.query(`SELECT id, store_id, shop_id, channel, status, flags, sort_at, search, seq FROM orders WHERE `+d.eng.aside+`merchant_id = $1 AND id > $2 ORDER BY id LIMIT $3`,
			[]any{int64(m), after, int64(limit)}, func(scan scanFunc) error {
				var seq int64
				one, err := d.scanDerived(func(dest ...any) error { return scan(append(dest, &seq)...) })
				if err != nil {
					return err
				}
				n, last = n+1, int64(one.id)
				if seq <= at {
					rows = append(rows, one)
					for _, name := range one.names {
						names = append(names, int64(m), name)
					}
				}
				return nil
			})
		if err != nil {
			return err
		}
		if w.Looked = len(rows); n == limit {
			w.Next = strconv.FormatInt(last, 10)
		}
		numbers := map[string]int64{}
		if err := r.run(nameRows.stmts(names, "", func(scan scanFunc) error {
			var name string
			var id int64
			err := scan(&name, &id)
			numbers[name] = id
			return err
		})...); err != nil {
			return err
		}
		var ids, posts []any
		for _, one := range rows {
			for _, name := range one.names {
				one.keys = append(one.keys, nameKey(numbers[name]))
			}
			slices.Sort(one.keys)
			one.keys = slices.Compact(one.keys)
			ids = append(ids, int64(m), int64(one.id))
			for _, k := range one.keys {
				posts = append(posts, int64(m), k, one.sortAt, int64(one.id))
			}
		}
		have := map[ident.Order]*derived{}
		if err := r.run(followRows.stmts(ids, "", func(scan scanFunc) error {
			f := new(derived)
			var keys string
			err := scan(&f.id, &f.store, &f.shop, &f.channel, &f.status, &f.flags, &f.sortAt, &keys)
			if keys != "" {
				f.keys = strings.Split(keys, "\n")
			}
			have[f.id] = f
			return err
		})...); err != nil {
			return err
		}
		posted := map[string]bool{}
		if err := r.run(postingRows.stmts(posts, "", func(scan scanFunc) error {
			var key string
			var id ident.Order
			err := scan(&key, &id)
			posted[id.String()+key] = true
			return err
		})...); err != nil {
			return err
		}
		for _, one := range rows {
			f := have[one.id]
			if f == nil {
				w.find(one.id, "followed", "a row", "none")
				continue
			}
			if want, got := fmt.Sprint(one.count(), one.sortAt), fmt.Sprint(f.count(), f.sortAt); want != got {
				w.find(one.id, "followed", want, got)
			}
			if !slices.Equal(one.keys, f.keys) {
				w.find(one.id, "search keys", strconv.Itoa(len(one.keys))+" as the order says", strconv.Itoa(len(f.keys))+", others")
				continue
			}
			for _, k := range one.keys {
				if !posted[one.id.String()+k] {
					w.find(one.id, "search", "a posting of kind "+k[:1], "none") // not the key: it may be a person's name
					break
				}
			}
		}
		return nil
	})
	return w, fault.Wrap(op, err)
}

var postingRows = lookup{head: `SELECT key, order_id FROM postings WHERE (merchant_id, key, sort_at, order_id) IN`, types: []string{number, text, number, number}}

// CheckPostings looks for postings of orders that do not have them.
func (d *DB) CheckPostings(ctx context.Context, m ident.Merchant, from string, limit int) (w Window, err error) {
	key, rest, _ := strings.Cut(from, "\n")
	atText, idText, _ := strings.Cut(rest, "\n")
	at, _ := strconv.ParseInt(atText, 10, 64)
	id, _ := strconv.ParseInt(idText, 10, 64)
	err = d.snapshot(ctx, func(r *reader) error {
		return r.query(`SELECT p.key, p.sort_at, p.order_id, COALESCE(f.sort_at, -1), COALESCE(f.keys, '') FROM postings AS p
			LEFT JOIN followed AS f ON f.merchant_id = p.merchant_id AND f.order_id = p.order_id
			WHERE p.merchant_id = $1 AND (p.key, p.sort_at, p.order_id) > ($2, $3, $4) ORDER BY p.key, p.sort_at, p.order_id LIMIT $5`,
			[]any{int64(m), key, at, id, int64(limit)}, func(scan scanFunc) error {
				var of int64
				var keys string
				if err := scan(&key, &at, &id, &of, &keys); err != nil {
					return err
				}
				w.Looked++
				if of != at || !strings.Contains("\n"+keys+"\n", "\n"+key+"\n") {
					w.find(ident.Order(id), "search", "no posting of kind "+key[:min(1, len(key))]+" at this time", "one")
				}
				if w.Looked == limit {
					w.Next = key + "\n" + strconv.FormatInt(at, 10) + "\n" + strconv.FormatInt(id, 10)
				}
				return nil
			})
	})
	return w, fault.Wrap("db.CheckPostings", err)
}

// CheckCounts compares the counts with the rows that they count: both are written in one
// transaction. It is one read over the rows of one merchant.
func (d *DB) CheckCounts(ctx context.Context, m ident.Merchant, _ string, _ int) (w Window, err error) {
	err = d.snapshot(ctx, func(r *reader) error {
		return r.query(`SELECT store_id, shop_id, channel, status, flags, SUM(n), SUM(have) FROM (
				SELECT store_id, shop_id, channel, status, flags, CAST(COUNT(*) AS BIGINT) AS n, CAST(0 AS BIGINT) AS have FROM followed WHERE merchant_id = $1
					GROUP BY store_id, shop_id, channel, status, flags
				UNION ALL SELECT store_id, shop_id, channel, status, flags, CAST(0 AS BIGINT), n FROM counts WHERE merchant_id = $1) AS a
			GROUP BY store_id, shop_id, channel, status, flags ORDER BY store_id, shop_id, channel, status, flags`, []any{int64(m)}, func(scan scanFunc) error {
			var k countKey
			var n, have int64
			if err := scan(&k.store, &k.shop, &k.channel, &k.status, &k.flags, &n, &have); err != nil {
				return err
			}
			if w.Looked++; n != have {
				w.find(0, "count of "+k.channel+" "+k.status+" in "+k.store.String(), strconv.FormatInt(n, 10), strconv.FormatInt(have, 10))
			}
			return nil
		})
	})
	return w, fault.Wrap("db.CheckCounts", err)
}

// CheckFeed looks for gaps in a merchant's numbers, for lines that no number was given
// to, and for orders that name a change that was not told.
func (d *DB) CheckFeed(ctx context.Context, m ident.Merchant, from string, limit int) (w Window, err error) {
	after, err := afterID(from)
	if err != nil {
		return w, err
	}
	err = d.snapshot(ctx, func(r *reader) error {
		var epoch, end, first, last, followed int64
		if found, err := r.one(`SELECT epoch, seq FROM feeds WHERE merchant_id = $1`, []any{int64(m)}, &epoch, &end); err != nil || !found {
			if err == nil {
				w.find(0, "feed", "a counter of the merchant", "none")
			}
			return err
		}
		if _, err := r.one(`SELECT COALESCE(MIN(seq), 0), COALESCE(MAX(seq), 0) FROM changes WHERE merchant_id = $1`, []any{int64(m)}, &first, &last); err != nil {
			return err
		}
		if _, err := r.one(`SELECT seq FROM followers WHERE merchant_id = $1`, []any{int64(m)}, &followed); err != nil {
			return err
		}
		if from == "" {
			if epoch < 1 {
				w.find(0, "feed epoch", "1 or more", strconv.FormatInt(epoch, 10))
			}
			if last != 0 && last != end {
				w.find(0, "end of the feed", "the last line is number "+strconv.FormatInt(end, 10), strconv.FormatInt(last, 10))
			}
			if followed > end {
				w.find(0, "follower", "at most "+strconv.FormatInt(end, 10), strconv.FormatInt(followed, 10))
			}
		}
		after = max(after, first-1) // the beginning may have been dropped since the last window
		var ids []any
		seqs := map[ident.Order]int64{}
		err := r.query(`SELECT seq, kind, entity_id FROM changes WHERE merchant_id = $1 AND seq > $2 ORDER BY seq LIMIT $3`, []any{int64(m), after, int64(limit)}, func(scan scanFunc) error {
			var seq int64
			var kind, text string
			if err := scan(&seq, &kind, &text); err != nil {
				return err
			}
			if w.Looked++; seq != after+1 {
				w.find(0, "feed", "number "+strconv.FormatInt(after+1, 10)+" after "+strconv.FormatInt(after, 10), "number "+strconv.FormatInt(seq, 10))
			}
			after = seq
			var id ident.Order
			if kind == KindOrder && id.UnmarshalText([]byte(text)) == nil {
				if seqs[id] == 0 {
					ids = append(ids, int64(m), int64(id))
				}
				seqs[id] = seq
			}
			return nil
		})
		if err != nil {
			return err
		}
		if w.Looked == limit {
			w.Next = strconv.FormatInt(after, 10)
		}
		return r.run(orderSeqs.stmts(ids, "", func(scan scanFunc) error {
			var id ident.Order
			var seq int64
			if err := scan(&id, &seq); err != nil {
				return err
			}
			if told := seqs[id]; seq < told || seq > end {
				w.find(id, "number of its last change", "at least "+strconv.FormatInt(told, 10)+", at most "+strconv.FormatInt(end, 10), strconv.FormatInt(seq, 10))
			}
			return nil
		})...)
	})
	return w, fault.Wrap("db.CheckFeed", err)
}

var orderSeqs = lookup{head: `SELECT id, seq FROM orders WHERE (merchant_id, id) IN`, types: []string{number, number}}

// endless is how long after its last moment on the wire an attempt may be without outcome
// while somebody holds the lane: taking it up is due half a minute after that moment.
const endless = 5 * time.Minute

// CheckEffects looks at what is made happen outside: one open goal a key, flags that say
// what the state says, no attempt without an end, no additive call that would be made
// again after a lost answer, no effect of an order that is not there.
func (d *DB) CheckEffects(ctx context.Context, m ident.Merchant, from string, limit int) (w Window, err error) {
	after, err := afterID(from)
	if err != nil {
		return w, err
	}
	err = d.snapshot(ctx, func(r *reader) error {
		if from == "" {
			err := r.query(`SELECT key, COUNT(*), MIN(order_id) FROM effects WHERE merchant_id = $1 AND open = 1 AND deed = 0 GROUP BY key HAVING COUNT(*) > 1`, []any{int64(m)}, func(scan scanFunc) error {
				var key string
				var n int64
				var id ident.Order
				err := scan(&key, &n, &id)
				w.find(id, "goal "+key, "one that is open", strconv.FormatInt(n, 10))
				return err
			})
			if err != nil {
				return err
			}
		}
		var now int64
		if _, err := r.one(`SELECT `+d.eng.clock(), nil, &now); err != nil {
			return err
		}
		held := map[ident.Account]bool{}
		err := r.query(`SELECT account_id FROM lanes WHERE merchant_id = $1 AND owner <> '' AND expires_at > $2`, []any{int64(m), now}, func(scan scanFunc) error {
			var a ident.Account
			err := scan(&a)
			held[a] = true
			return err
		})
		if err != nil {
			return err
		}
		last := int64(0)
		err = r.query(`SELECT `+prefixed("e.", effectColumns)+`, e.generation, e.open, e.epoch, e.not_after, COALESCE(o.id, 0) FROM effects AS e
			LEFT JOIN orders AS o ON o.merchant_id = e.merchant_id AND o.id = e.order_id
			WHERE `+d.eng.aside+`e.merchant_id = $1 AND e.id > $2 ORDER BY e.id LIMIT $3`, []any{int64(m), after, int64(limit)}, func(scan scanFunc) error {
			var generation, open, epoch, notAfter int64
			var of ident.Order
			e, err := scanEffect(func(dest ...any) error { return scan(append(dest, &generation, &open, &epoch, &notAfter, &of)...) })
			if err != nil {
				return err
			}
			w.Looked++
			last = int64(e.ID)
			bad := func(what, want, got string) {
				w.find(e.Order, "effect "+e.ID.String()+" ("+e.Kind+") "+what, want, got)
			}
			if (open == 1) != e.State.Open() {
				bad("open", strconv.FormatBool(e.State.Open())+", since it is "+string(e.State), strconv.FormatBool(open == 1))
			}
			switch want := int64(e.ID); {
			case e.Deed || e.State.Open():
				if generation != 0 {
					bad("generation", "0: it may be there once", strconv.FormatInt(generation, 10))
				}
			case generation != want:
				bad("generation", strconv.FormatInt(want, 10), strconv.FormatInt(generation, 10))
			}
			if e.Order != 0 && of == 0 {
				bad("order", "is there", "is not")
			}
			running := e.Attempt != nil && e.Attempt.Outcome == ""
			switch {
			case e.State == effect.Sending && !running:
				bad("attempt", "one without outcome while it is being sent", "none")
			case e.State != effect.Sending && running:
				bad("attempt", "an outcome, since it is "+string(e.State), "none")
			case running && (e.Attempt.NotAfter != notAfter || e.Attempt.Epoch != epoch):
				bad("attempt", "the lease of its row", "another")
			case running && held[e.Account] && now-notAfter > endless.Milliseconds():
				bad("attempt", "an end: its lease is over and the lane is worked", "none since "+time.UnixMilli(notAfter).UTC().Format(time.RFC3339))
			}
			if e.Nature == effect.Additive && e.Called == effect.Lost && (e.State == effect.Waiting || running && !e.Attempt.Look) {
				bad("state", "unknown or a person's: a call whose outcome is not known is never repeated", string(e.State))
			}
			return nil
		})
		if w.Looked == limit {
			w.Next = strconv.FormatInt(last, 10)
		}
		return err
	})
	return w, fault.Wrap("db.CheckEffects", err)
}

// prefixed names the table before each column of a list.
func prefixed(table, columns string) string {
	parts := strings.Split(columns, ",")
	for i, p := range parts {
		parts[i] = table + strings.TrimSpace(p)
	}
	return strings.Join(parts, ", ")
}

// CheckParked looks at messages that could not be read: each has its bytes in the journal
// and a state that people know.
func (d *DB) CheckParked(ctx context.Context, m ident.Merchant, from string, limit int) (w Window, err error) {
	after, err := afterID(from)
	if err != nil {
		return w, err
	}
	err = d.snapshot(ctx, func(r *reader) error {
		last := int64(0)
		err := r.query(`SELECT p.id, p.state, p.size, COALESCE(j.id, 0), COALESCE(j.size, 0), CASE WHEN j.body IS NULL THEN 0 ELSE 1 END FROM parked AS p
			LEFT JOIN journal AS j ON j.id = p.entry_id AND j.merchant_id = p.merchant_id
			WHERE p.merchant_id = $1 AND p.id > $2 ORDER BY p.id LIMIT $3`, []any{int64(m), after, int64(limit)}, func(scan scanFunc) error {
			var id ident.Parked
			var state string
			var size, entry, kept, body int64
			if err := scan(&id, &state, &size, &entry, &kept, &body); err != nil {
				return err
			}
			w.Looked++
			last = int64(id)
			if state != ParkedState && state != Retried && state != Dropped {
				w.find(0, "parked "+id.String()+" state", "parked, retried or dropped", state)
			}
			switch {
			case entry == 0:
				w.find(0, "parked "+id.String()+" entry", "a line of the journal", "none")
			case size > 0 && (body == 0 || kept != size):
				w.find(0, "parked "+id.String()+" bytes", strconv.FormatInt(size, 10)+" bytes in the journal", strconv.FormatInt(kept*body, 10))
			}
			return nil
		})
		if w.Looked == limit {
			w.Next = strconv.FormatInt(last, 10)
		}
		return err
	})
	return w, fault.Wrap("db.CheckParked", err)
}
