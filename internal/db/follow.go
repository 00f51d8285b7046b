package db

import (
	"context"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/ident"
	"github.com/tongdan/tongdan/internal/point"
	"github.com/tongdan/tongdan/order"
)

// Counts and search are derived: a follower reads the feed, writes the difference to
// what it wrote before, and commits its cursor with that. So the transaction of an
// order never waits for a counter that all orders of a store share.

const (
	// Everybody who writes waits for a piece: these take two or three milliseconds.
	followMany  = 32 // changes of one step
	followMore  = 64 // of one step that is far behind
	followFar   = 1000
	pieceOrders = 50  // orders of one piece of a rebuild
	pieceRows   = 500 // rows that one piece of it deletes
)

// A derived row is what is derived from one order.
type derived struct {
	id      ident.Order
	store   ident.Store
	shop    ident.Shop
	channel string
	status  string
	flags   Flags
	sortAt  int64
	keys    []string
	names   []string // to become keys
}

type countKey struct {
	store   ident.Store
	shop    ident.Shop
	channel string
	status  string
	flags   Flags
}

func (r *derived) count() countKey {
	return countKey{r.store, r.shop, r.channel, r.status, r.flags}
}

// Follow keeps the derived tables of all merchants up to date, and their audit chains,
// until ctx ends or the database is closed.
func (d *DB) Follow(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(d.closing, cancel)()
	poll := time.NewTicker(pollEvery / 4)
	defer poll.Stop()
	var seals sealing
	for {
		if back, ok := seals.due(time.Now()); ok {
			if err := d.SealAll(ctx, back); err != nil && ctx.Err() == nil {
				d.log.Warn("the audit chain could not be gone on with", "error", err)
			}
		}
		for m := range d.dir.Load().merchants {
			for more := true; more && ctx.Err() == nil; {
				var err error
				if more, err = d.Step(ctx, m); err != nil && ctx.Err() == nil {
					d.log.Warn("counts and search could not follow", "merchant", m.String(), "error", err)
					break
				}
			}
		}
		select {
		case <-poll.C:
		case <-ctx.Done():
			return fault.Wrap("db.Follow", ctx.Err())
		}
	}
}

// Step follows the next changes of a merchant; more is true when there may be others.
func (d *DB) Step(ctx context.Context, m ident.Merchant) (more bool, err error) {
	const op = "db.Step"
	var at int64
	if _, err := d.one(ctx, `SELECT seq FROM followers WHERE merchant_id = $1`, []any{int64(m)}, &at); err != nil {
		return false, fault.Wrap(op, err)
	}
	var ids []ident.Order
	last, lastAt, n, many := at, int64(0), 0, followMany
	if d.bell.last(m).Seq-at > followFar {
		many = followMore
	}
	err = d.query(ctx, `SELECT seq, kind, entity_id, at FROM changes WHERE merchant_id = $1 AND seq > $2 ORDER BY seq LIMIT $3`, []any{int64(m), at, int64(many)}, func(scan scanFunc) error {
		var kind, text string
		if err := scan(&last, &kind, &text, &lastAt); err != nil {
			return err
		}
		n++
		var id ident.Order
		if kind == KindOrder && id.UnmarshalText([]byte(text)) == nil && !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
		return nil
	})
	if err != nil || n == 0 {
		return false, fault.Wrap(op, err)
	}
	var rows []*derived
	if len(ids) > 0 {
		args := []any{int64(m)}
		where := anyOf("id", orderNumbers(ids), &args)
		if err := d.query(ctx, d.derivedFrom()+where, args, func(scan scanFunc) error {
			r, err := d.scanDerived(scan)
			rows = append(rows, r)
			return err
		}); err != nil {
			return false, fault.Wrap(op, err)
		}
	}
	point.Hit(point.FollowRead)
	_, err = d.wait(ctx, op, Background, &job{size: 64 << 10, done: make(chan struct{}), raw: func(ctx context.Context, c conn) error {
		err := exec(ctx, c, `INSERT INTO followers (merchant_id, seq, at) VALUES ($1, 0, 0) ON CONFLICT (merchant_id) DO NOTHING`, int64(m))
		if err != nil {
			return err
		}
		n, err := affects(ctx, c, `UPDATE followers SET seq = $2, at = $3 WHERE merchant_id = $1 AND seq = $4`, int64(m), last, lastAt, at)
		if err != nil || n == 0 {
			return err // another node was faster
		}
		if err := d.derive(ctx, c, m, rows); err != nil {
			return err
		}
		point.Hit(point.FollowDerived)
		return nil
	}})
	if err == nil {
		point.Hit(point.FollowDone)
	}
	return n == many, err
}

func (d *DB) derivedFrom() string {
	return `SELECT id, store_id, shop_id, channel, status, flags, sort_at, search FROM orders WHERE ` + d.eng.aside + `merchant_id = $1`
}

func (d *DB) scanDerived(scan scanFunc) (*derived, error) {
	r := new(derived)
	var zipped []byte
	if err := scan(&r.id, &r.store, &r.shop, &r.channel, &r.status, &r.flags, &r.sortAt, &zipped); err != nil {
		return r, err
	}
	plain, err := d.zip.unzip(zipped)
	if err != nil {
		return r, err
	}
	var s SearchText
	if err := json.Unmarshal(plain, &s); err != nil {
		return r, &fault.Error{Op: "db.follow", Code: fault.Internal, Err: err}
	}
	r.keys, r.names = s.keys()
	return r, nil
}

func orderNumbers(ids []ident.Order) []int64 {
	out := make([]int64, len(ids))
	for i, id := range ids {
		out[i] = int64(id)
	}
	return out
}

var (
	addFollowed = insert{head: `INSERT INTO followed (merchant_id, order_id, store_id, shop_id, channel, status, flags, sort_at, keys) VALUES`, width: 9,
		tail: ` ON CONFLICT (merchant_id, order_id) DO UPDATE SET store_id = excluded.store_id, shop_id = excluded.shop_id, channel = excluded.channel,
		status = excluded.status, flags = excluded.flags, sort_at = excluded.sort_at, keys = excluded.keys`}
	addCounts = insert{head: `INSERT INTO counts (merchant_id, store_id, shop_id, channel, status, flags, n) VALUES`, width: 7,
		tail: ` ON CONFLICT (merchant_id, store_id, shop_id, channel, status, flags) DO UPDATE SET n = counts.n + excluded.n`}
	addPostings = insert{head: `INSERT INTO postings (merchant_id, key, sort_at, order_id) VALUES`, width: 4, tail: ` ON CONFLICT (merchant_id, key, sort_at, order_id) DO NOTHING`}
	addNames    = insert{head: `INSERT INTO names (merchant_id, id, name) VALUES`, width: 3, tail: ` ON CONFLICT (merchant_id, name) DO NOTHING`}
	nameRows    = lookup{head: `SELECT name, id FROM names WHERE (merchant_id, name) IN`, types: []string{number, text}}
	followRows  = lookup{head: `SELECT order_id, store_id, shop_id, channel, status, flags, sort_at, keys FROM followed WHERE (merchant_id, order_id) IN`, types: []string{number, number}}
)

const dropPosting = `DELETE FROM postings WHERE merchant_id = $1 AND key = $2 AND sort_at = $3 AND order_id = $4`

// derive writes the difference between what orders are now and what was derived from
// them before.
func (d *DB) derive(ctx context.Context, c conn, m ident.Merchant, rows []*derived) error {
	if len(rows) == 0 {
		return nil
	}
	slices.SortFunc(rows, func(a, b *derived) int { return compareOrders(orderKey{m, a.id}, orderKey{m, b.id}) })
	if err := d.nameKeys(ctx, c, m, rows); err != nil {
		return err
	}
	old := map[ident.Order]*derived{}
	args := make([]any, 0, 2*len(rows))
	for _, r := range rows {
		args = append(args, int64(m), int64(r.id))
	}
	err := c.run(ctx, followRows.stmts(args, "", func(scan scanFunc) error {
		r := new(derived)
		var keys string
		err := scan(&r.id, &r.store, &r.shop, &r.channel, &r.status, &r.flags, &r.sortAt, &keys)
		if keys != "" {
			r.keys = strings.Split(keys, "\n")
		}
		old[r.id] = r
		return err
	})...)
	if err != nil {
		return err
	}
	var list []*stmt
	var followed, postings []any
	counts := map[countKey]int64{}
	for _, r := range rows {
		was := old[r.id]
		if was == nil {
			was = new(derived)
		} else {
			counts[was.count()]--
		}
		counts[r.count()]++
		moved := was.sortAt != r.sortAt
		if was.id != 0 && was.count() == r.count() && !moved && slices.Equal(was.keys, r.keys) {
			continue
		}
		for _, k := range was.keys {
			if moved || !contains(r.keys, k) {
				list = append(list, &stmt{text: dropPosting, args: []any{int64(m), k, was.sortAt, int64(r.id)}})
			}
		}
		for _, k := range r.keys {
			if moved || !contains(was.keys, k) {
				postings = append(postings, int64(m), k, r.sortAt, int64(r.id))
			}
		}
		followed = append(followed, int64(m), int64(r.id), int64(r.store), int64(r.shop), r.channel, r.status, int64(r.flags), r.sortAt, strings.Join(r.keys, "\n"))
	}
	return c.run(ctx, slices.Concat(list, addPostings.stmts(postings), addFollowed.stmts(followed), addCounts.stmts(sums(m, counts)))...)
}

// sums are differences of counts as rows.
func sums(m ident.Merchant, counts map[countKey]int64) (rows []any) {
	for k, n := range counts {
		if n != 0 {
			rows = append(rows, int64(m), int64(k.store), int64(k.shop), k.channel, k.status, int64(k.flags), n)
		}
	}
	return rows
}

// contains looks into sorted keys.
func contains(keys []string, k string) bool {
	_, ok := slices.BinarySearch(keys, k)
	return ok
}

// nameKeys gives each name of a thing its number, and adds that to the keys.
func (d *DB) nameKeys(ctx context.Context, c conn, m ident.Merchant, rows []*derived) error {
	ids := map[string]int64{}
	for _, r := range rows {
		for _, n := range r.names {
			ids[n] = 0
		}
	}
	find := func() error {
		var args []any
		for _, n := range sortedKeys(ids, strings.Compare) {
			if ids[n] == 0 {
				args = append(args, int64(m), n)
			}
		}
		return c.run(ctx, nameRows.stmts(args, "", func(scan scanFunc) error {
			var name string
			var id int64
			err := scan(&name, &id)
			ids[name] = id
			return err
		})...)
	}
	if err := find(); err != nil {
		return err
	}
	var args []any
	now, drawn := d.now(), map[int64]bool{}
	for _, n := range sortedKeys(ids, strings.Compare) {
		if ids[n] == 0 {
			ids[n] = d.draw(now, drawn)
			args = append(args, int64(m), ids[n], n)
		}
	}
	if err := c.run(ctx, addNames.stmts(args)...); err != nil {
		return err
	}
	for _, r := range rows {
		for _, n := range r.names {
			r.keys = append(r.keys, nameKey(ids[n]))
		}
		slices.Sort(r.keys)
		r.keys = slices.Compact(r.keys)
	}
	return nil
}

func nameKey(id int64) string { return "m" + strconv.FormatInt(id, 36) }

// Rebuild empties the derived tables of a merchant and fills them anew from the orders,
// in pieces between which pushes are written. While it runs, counts and search lack what
// has not come yet. It may be broken off and called again.
func (d *DB) Rebuild(ctx context.Context, m ident.Merchant) error {
	const op = "db.Rebuild"
	if err := d.forget(ctx, m); err != nil {
		return fault.Wrap(op, err)
	}
	err := d.writeAs(ctx, op, Background, func(ctx context.Context, c conn) error {
		if err := exec(ctx, c, `UPDATE followers SET at = at WHERE merchant_id = $1`, int64(m)); err != nil { // the follower waits
			return err
		}
		for _, t := range []string{"postings", "names", "counts", "followed"} { // what came meanwhile, and what nothing leads to
			if err := exec(ctx, c, `DELETE FROM `+t+` WHERE merchant_id = $1`, int64(m)); err != nil {
				return err
			}
		}
		return exec(ctx, c, `INSERT INTO followers (merchant_id, seq, at) SELECT merchant_id, seq, $2 FROM feeds WHERE merchant_id = $1
			ON CONFLICT (merchant_id) DO UPDATE SET seq = excluded.seq, at = excluded.at`, int64(m), d.now().UnixMilli())
	})
	for after := int64(0); err == nil; {
		var rows []*derived
		err = d.writeAs(ctx, op, Background, func(ctx context.Context, c conn) error {
			rows = nil
			if err := exec(ctx, c, `UPDATE followers SET at = at WHERE merchant_id = $1`, int64(m)); err != nil { // the follower waits
				return err
			}
			err := c.run(ctx, &stmt{text: d.derivedFrom() + ` AND id > $2 ORDER BY id LIMIT $3`, args: []any{int64(m), after, int64(pieceOrders)}, each: func(scan scanFunc) error {
				r, err := d.scanDerived(scan)
				rows = append(rows, r)
				return err
			}})
			if err != nil {
				return err
			}
			return d.derive(ctx, c, m, rows)
		})
		if len(rows) == 0 {
			break
		}
		after = int64(rows[len(rows)-1].id)
	}
	return fault.Wrap(op, err)
}

// forget empties the two large tables in pieces, each of which leaves the counts equal to
// what is followed.
func (d *DB) forget(ctx context.Context, m ident.Merchant) error {
	const op = "db.forget"
	for n := 1; n > 0; {
		err := d.writeAs(ctx, op, Background, func(ctx context.Context, c conn) error {
			n = 0
			if err := exec(ctx, c, `UPDATE followers SET at = at WHERE merchant_id = $1`, int64(m)); err != nil {
				return err
			}
			counts := map[countKey]int64{}
			err := c.run(ctx, &stmt{text: `DELETE FROM followed WHERE (merchant_id, order_id) IN (SELECT merchant_id, order_id FROM followed WHERE merchant_id = $1 ORDER BY order_id LIMIT $2)
				RETURNING store_id, shop_id, channel, status, flags`, args: []any{int64(m), int64(pieceRows)}, each: func(scan scanFunc) error {
				n++
				var r derived
				err := scan(&r.store, &r.shop, &r.channel, &r.status, &r.flags)
				counts[r.count()]--
				return err
			}})
			if err != nil {
				return err
			}
			return c.run(ctx, addCounts.stmts(sums(m, counts))...)
		})
		if err != nil {
			return err
		}
	}
	var key string
	for at, id := int64(0), int64(0); ; {
		// The end of the next piece is looked up first, so that what was deleted need not be
		// passed over again.
		found, err := d.one(ctx, `SELECT key, sort_at, order_id FROM postings WHERE merchant_id = $1 AND (key, sort_at, order_id) > ($2, $3, $4)
			ORDER BY key, sort_at, order_id LIMIT 1 OFFSET $5`, []any{int64(m), key, at, id, int64(pieceRows)}, &key, &at, &id)
		if err != nil || !found {
			return err
		}
		if err := d.writeAs(ctx, op, Background, func(ctx context.Context, c conn) error {
			return exec(ctx, c, `DELETE FROM postings WHERE merchant_id = $1 AND (key, sort_at, order_id) < ($2, $3, $4)`, int64(m), key, at, id)
		}); err != nil {
			return err
		}
	}
}

// A Tally is how many orders there are, by status and by flag.
type Tally struct {
	Statuses map[order.Status]int64
	Flags    map[order.Flag]int64
}

func (t *Tally) add(status order.Status, flags Flags, n int64) {
	if n == 0 {
		return
	}
	if t.Statuses == nil {
		t.Statuses, t.Flags = map[order.Status]int64{}, map[order.Flag]int64{}
	}
	t.Statuses[status] += n
	for _, f := range flags.List() {
		t.Flags[f] += n
	}
}

// Counts is how many orders there are, in all and by channel.
type Counts struct {
	Tally
	Channels map[string]Tally
	AsOf     int64 // UTC ms: every change until then is counted
	Seq      int64 // of the last change that is counted
}

// OpenOrders counts by store the orders of a scope that are in one of some statuses.
func (d *DB) OpenOrders(ctx context.Context, sc Scope, statuses ...order.Status) (map[ident.Store]int64, error) {
	list := make([]string, len(statuses))
	for i, s := range statuses {
		list[i] = string(s)
	}
	where, args := sc.where("store_id", []any{int64(sc.Merchant)})
	where += anyOf("status", list, &args)
	out := map[ident.Store]int64{}
	err := d.query(ctx, `SELECT store_id, SUM(n) FROM counts WHERE merchant_id = $1`+where+` GROUP BY store_id`, args, func(scan scanFunc) error {
		var id ident.Store
		var n int64
		err := scan(&id, &n)
		out[id] = n
		return err
	})
	return out, fault.Wrap("db.OpenOrders", err)
}

// Counts counts the orders of a scope. Of the filter, Channels, Shops and Stores are
// looked at.
func (d *DB) Counts(ctx context.Context, sc Scope, f Filter) (Counts, error) {
	const op = "db.Counts"
	out := Counts{Tally: Tally{map[order.Status]int64{}, map[order.Flag]int64{}}, Channels: map[string]Tally{}}
	began := d.now().UnixMilli()
	feed, err := d.Feed(ctx, sc.Merchant)
	if err != nil {
		return out, fault.Wrap(op, err)
	}
	if _, err := d.one(ctx, `SELECT seq, at FROM followers WHERE merchant_id = $1`, []any{int64(sc.Merchant)}, &out.Seq, &out.AsOf); err != nil {
		return out, fault.Wrap(op, err)
	}
	if out.Seq >= feed.Seq {
		out.AsOf = began
	}
	args := []any{int64(sc.Merchant)}
	where, args := sc.where("store_id", args)
	if f.Stores != nil {
		where += anyOf("store_id", storeNumbers(f.Stores), &args)
	}
	where += (&Filter{Channels: f.Channels, Shops: f.Shops}).residual(&args)
	err = d.query(ctx, `SELECT channel, status, flags, SUM(n) FROM counts WHERE merchant_id = $1`+where+` GROUP BY channel, status, flags`, args, func(scan scanFunc) error {
		var channel, status string
		var flags Flags
		var n int64
		if err := scan(&channel, &status, &flags, &n); err != nil {
			return err
		}
		out.add(order.Status(status), flags, n)
		of := out.Channels[channel]
		of.add(order.Status(status), flags, n)
		out.Channels[channel] = of
		return nil
	})
	return out, fault.Wrap(op, err)
}
