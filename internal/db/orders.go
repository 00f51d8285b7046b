package db

import (
	"cmp"
	"context"
	"encoding/base64"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/tongdan/tongdan/effect"
	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/ident"
	"github.com/tongdan/tongdan/order"
)

// A Scope is whose rows a reader may see. Every read takes one.
type Scope struct {
	Merchant ident.Merchant
	Stores   []ident.Store // nil = the whole merchant; empty but not nil = nothing
	Personal bool          // customers' data in full; without it nobody can be searched for by name, whole phone number or the platform's id
}

// Sees reports whether a store is within the scope.
func (sc Scope) Sees(s ident.Store) bool { return sc.sees(s) }

func (sc Scope) sees(s ident.Store) bool { return sc.Stores == nil || slices.Contains(sc.Stores, s) }

// where is the scope as a condition on a column, with its arguments added.
func (sc Scope) where(column string, args []any) (string, []any) {
	if sc.Stores == nil {
		return "", args
	}
	return anyOf(column, storeNumbers(sc.Stores), &args), args
}

// anyOf is " AND column IN (…)". The list is padded to a power of two, so that few
// texts exist; an empty one matches nothing.
func anyOf[T any](column string, list []T, args *[]any) string {
	if len(list) == 0 {
		return " AND 1 = 0"
	}
	size := 1
	for size < len(list) {
		size *= 2
	}
	var b strings.Builder
	b.WriteString(" AND " + column + " IN (")
	for i := range size {
		*args = append(*args, list[min(i, len(list)-1)])
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString("$" + strconv.Itoa(len(*args)))
	}
	b.WriteString(")")
	return b.String()
}

func storeNumbers(list []ident.Store) []int64 {
	out := make([]int64, len(list))
	for i, s := range list {
		out[i] = int64(s)
	}
	return out
}

// A Filter selects orders of a list. The zero Filter is everything, newest first.
type Filter struct {
	Status    []order.Status
	Kind      string
	Logistics string
	Channels  []string
	Shops     []ident.Shop
	Stores    []ident.Store
	Flag      Flags // any of these
	Without   Flags // none of these
	Query     string
	From, To  int64  // by SortAt, UTC ms; To is not included; 0 = no bound
	Sort      string // SortNewest or SortDue
	Cursor    string // of the page before
	Limit     int    // 0 = 50, at most 200

	undue bool // only those without a deadline
}

// The sorts. SortDue lists the nearest deadline first, then orders without one, newest
// first.
const (
	SortNewest = "newest"
	SortDue    = "due"
)

const (
	defaultPage = 50
	maxPage     = 200
)

func pageSize(n int) int {
	if n <= 0 {
		return defaultPage
	}
	return min(n, maxPage)
}

// A place is where a page of a list ends: the value it is sorted by, and the id.
type place struct {
	at int64
	id int64
}

func (p place) text() string {
	return base64.RawURLEncoding.EncodeToString([]byte(strconv.FormatInt(p.at, 36) + "." + strconv.FormatInt(p.id, 36)))
}

func placeOfCursor(s string, start place) (place, error) {
	if s == "" {
		return start, nil
	}
	bad := fault.Say("db.cursor", fault.Invalid, "cursor_wrong", "this cursor is not one of ours; begin without")
	b, err := base64.RawURLEncoding.DecodeString(s)
	if err != nil || len(b) > 64 {
		return place{}, bad
	}
	at, id, ok := strings.Cut(string(b), ".")
	p := place{}
	if !ok {
		return p, bad
	}
	if p.at, err = strconv.ParseInt(at, 36, 64); err != nil {
		return p, bad
	}
	if p.id, err = strconv.ParseInt(id, 36, 64); err != nil {
		return p, bad
	}
	return p, nil
}

func idCursor(s string) (int64, error) {
	p, err := placeOfCursor(s, place{id: math.MaxInt64})
	return p.id, err
}

func idCursorText(id int64) string { return place{id: id}.text() }

// Orders lists orders. next is "" at the end of the list; a page may be shorter than
// Limit and still have a next one, when a search finds little.
func (d *DB) Orders(ctx context.Context, sc Scope, f Filter) (rows []OrderRow, next string, err error) {
	const op = "db.Orders"
	places, next, err := d.page(ctx, sc, f)
	if err != nil {
		return nil, "", fault.Wrap(op, err)
	}
	rows, err = d.rowsAt(ctx, sc.Merchant, places)
	return rows, next, fault.Wrap(op, err)
}

// page finds where the orders of a page are.
func (d *DB) page(ctx context.Context, sc Scope, f Filter) (places []place, next string, err error) {
	limit := pageSize(f.Limit)
	from, err := placeOfCursor(f.Cursor, f.start())
	if err != nil {
		return nil, "", err
	}
	if strings.TrimSpace(f.Query) != "" {
		w, err := d.seek(ctx, sc, &f, from)
		if err != nil {
			return nil, "", err
		}
		return d.find(ctx, sc, f, w, limit)
	}
	places, err = d.placesOf(ctx, sc, f, from, limit+1)
	if err == nil && len(places) > limit {
		places = places[:limit]
		next = places[limit-1].text()
	}
	return places, next, err
}

// start is the place before the first of a list.
func (f *Filter) start() place {
	if f.Sort == SortDue {
		return place{0, 0}
	}
	return place{math.MaxInt64, math.MaxInt64}
}

// placesOf is places, but a list by deadline goes on with the orders that have none,
// newest first: nothing of a status may be missing from its list. A place among those
// has its time negated.
func (d *DB) placesOf(ctx context.Context, sc Scope, f Filter, from place, n int) ([]place, error) {
	if f.Sort != SortDue {
		return d.places(ctx, sc, f, from, n)
	}
	if from.at < 0 {
		return d.undue(ctx, sc, f, place{-from.at, from.id}, n)
	}
	out, err := d.places(ctx, sc, f, from, n)
	if err != nil || len(out) == n {
		return out, err
	}
	more, err := d.undue(ctx, sc, f, place{math.MaxInt64, math.MaxInt64}, n-len(out))
	return append(out, more...), err
}

// undue finds orders without a deadline.
func (d *DB) undue(ctx context.Context, sc Scope, f Filter, from place, n int) ([]place, error) {
	f.Sort, f.undue = SortNewest, true
	list, err := d.places(ctx, sc, f, from, n)
	for i := range list {
		list[i].at = -list[i].at
	}
	return list, err
}

// maxStreams is how many lists are merged; a list over more shops or stores is filtered
// instead.
const maxStreams = 64

// places finds where a page's orders are, without reading them.
func (d *DB) places(ctx context.Context, sc Scope, f Filter, from place, n int) ([]place, error) {
	w := f.walk(sc, from, n, "")
	if w.text == "" {
		return nil, nil
	}
	var out []place
	err := d.query(ctx, w.text, w.args, func(scan scanFunc) error {
		var p place
		err := scan(&p.at, &p.id)
		out = append(out, p)
		return err
	})
	return out, err
}

// A walk is the statement that finds the next orders of a list: their place, and what was
// asked for beside it. No text means that nothing can be found.
type walk struct {
	text    string
	args    []any
	jumbled bool // rows come in no order: whoever reads them sorts by place
}

// walk goes along an index from a place. A list over several statuses (and stores) is
// merged from one walk each, so that it takes no longer when there are more orders; what
// is merged are places only, and the orders are read where the merge ends. more are columns,
// each after a comma.
func (f *Filter) walk(sc Scope, from place, n int, more string) walk {
	stores := sc.Stores
	if f.Stores != nil {
		stores = slices.DeleteFunc(slices.Clone(f.Stores), func(s ident.Store) bool { return !sc.sees(s) })
		if stores == nil {
			stores = []ident.Store{}
		}
	}
	if stores != nil && len(stores) == 0 {
		return walk{}
	}
	args := []any{int64(sc.Merchant), from.at, from.id, int64(n)}
	rest := f.residual(&args)
	if f.Sort != SortDue && f.Flag == 0 {
		text, jumbled := f.streams(stores, rest, more, &args)
		return walk{text, args, jumbled}
	}
	rest += f.statuses(&args)
	if stores != nil {
		rest += anyOf("store_id", storeNumbers(stores), &args)
	}
	if f.Sort == SortDue {
		return walk{`SELECT due_at, id` + more + ` FROM orders WHERE merchant_id = $1 AND due_at > 0 AND (due_at, id) > ($2, $3)` + rest + ` ORDER BY due_at, id LIMIT $4`, args, false}
	}
	return walk{`SELECT sort_at, id` + more + ` FROM orders WHERE merchant_id = $1 AND flags <> 0 AND (sort_at, id) < ($2, $3)` + rest + ` ORDER BY sort_at DESC, id DESC LIMIT $4`, args, false}
}

// streams is the merge of one walk for each status, and each shop or store where there
// are few. jumbled: the rows with the columns of more come in no order.
func (f *Filter) streams(stores []ident.Store, rest, more string, args *[]any) (text string, jumbled bool) {
	statuses := distinct(f.Status)
	if len(statuses) == 0 {
		statuses = order.Statuses
	}
	column, walks := "", []int64(nil) // what each walk is of, beside its status
	few := func(n int) bool { return n > 0 && n*len(statuses) <= maxStreams }
	switch {
	case few(len(f.Shops)):
		for _, s := range distinct(f.Shops) {
			walks = append(walks, int64(s))
		}
		column = "shop_id"
	case few(len(stores)):
		column, walks = "store_id", storeNumbers(distinct(stores))
	}
	if stores != nil && column != "store_id" {
		rest += anyOf("store_id", storeNumbers(stores), args)
	}
	var where []string
	bind := func(column string, v any) string {
		*args = append(*args, v)
		return ` AND ` + column + ` = $` + strconv.Itoa(len(*args))
	}
	if column == "" && len(f.Status) == 0 {
		where, statuses = []string{""}, nil
	}
	for _, st := range statuses {
		status := bind("status", string(st))
		if column == "" {
			where = append(where, status)
		}
		for _, id := range walks {
			where = append(where, bind(column, id)+status)
		}
	}
	one := func(more, where string) string {
		return `SELECT sort_at, id` + more + ` FROM orders WHERE merchant_id = $1` + where + ` AND (sort_at, id) < ($2, $3)` + rest + ` ORDER BY sort_at DESC, id DESC LIMIT $4`
	}
	if len(where) == 1 {
		return one(more, where[0]), false
	}
	for i, w := range where {
		where[i] = `SELECT * FROM (` + one("", w) + `) AS s`
	}
	text = strings.Join(where, ` UNION ALL `) + ` ORDER BY sort_at DESC, id DESC LIMIT $4`
	if more == "" {
		return text, false
	}
	return read(text, more), true
}

// read reads the orders at the places that a statement finds, with more of their columns,
// in no order. CROSS: SQLite would otherwise begin with all orders of the merchant.
func read(places, more string) string {
	return `SELECT p.sort_at, p.id` + more + ` FROM (` + places + `) AS p CROSS JOIN orders AS o WHERE o.merchant_id = $1 AND o.id = p.id`
}

// distinct is a list with each value once: a walk that is made twice finds everything
// twice.
func distinct[T cmp.Ordered](list []T) []T {
	list = slices.Clone(list)
	slices.Sort(list)
	return slices.Compact(list)
}

func (f *Filter) statuses(args *[]any) string {
	if len(f.Status) == 0 {
		return ""
	}
	list := make([]string, len(f.Status))
	for i, s := range f.Status {
		list[i] = string(s)
	}
	return anyOf("status", list, args)
}

// residual are the conditions that no walk is along.
func (f *Filter) residual(args *[]any) string {
	var b strings.Builder
	eq := func(column string, v any) {
		*args = append(*args, v)
		b.WriteString(" AND " + column + " $" + strconv.Itoa(len(*args)))
	}
	if f.Kind != "" {
		eq("kind =", f.Kind)
	}
	if f.Logistics != "" {
		eq("logistics =", f.Logistics)
	}
	if f.Channels != nil {
		b.WriteString(anyOf("channel", f.Channels, args))
	}
	if f.Shops != nil {
		shops := make([]int64, len(f.Shops))
		for i, s := range f.Shops {
			shops[i] = int64(s)
		}
		b.WriteString(anyOf("shop_id", shops, args))
	}
	if f.Flag != 0 {
		*args = append(*args, int64(f.Flag))
		b.WriteString(" AND (flags & $" + strconv.Itoa(len(*args)) + ") <> 0")
	}
	if f.Without != 0 {
		*args = append(*args, int64(f.Without))
		b.WriteString(" AND (flags & $" + strconv.Itoa(len(*args)) + ") = 0")
	}
	if f.From > 0 {
		eq("sort_at >=", f.From)
	}
	if f.To > 0 {
		eq("sort_at <", f.To)
	}
	if f.undue {
		b.WriteString(" AND due_at = 0")
	}
	return b.String()
}

// rowsAt reads the orders at places, in their order.
func (d *DB) rowsAt(ctx context.Context, m ident.Merchant, places []place) ([]OrderRow, error) {
	if len(places) == 0 {
		return nil, nil
	}
	ids := make([]int64, len(places))
	for i, p := range places {
		ids[i] = p.id
	}
	args := []any{int64(m)}
	found := make(map[int64]OrderRow, len(ids))
	err := d.query(ctx, `SELECT `+orderColumns+` FROM orders WHERE `+d.eng.aside+`merchant_id = $1`+anyOf("id", ids, &args), args, func(scan scanFunc) error {
		r, err := scanOrder(scan)
		found[int64(r.ID)] = r
		return err
	})
	var out []OrderRow
	for _, id := range ids {
		if r, ok := found[id]; ok {
			out = append(out, r)
		}
	}
	return out, err
}

// Order reads an order with all its records and effects; fault.NotFound when there is
// none in the scope.
func (d *DB) Order(ctx context.Context, sc Scope, id ident.Order) (OrderRow, []order.Linked, []effect.Effect, error) {
	return d.orderWhere(ctx, "db.Order", sc, ` AND id = $2`, int64(sc.Merchant), int64(id))
}

// OrderByRef is Order by the platform's id, or by an alias of it.
func (d *DB) OrderByRef(ctx context.Context, sc Scope, ref order.Ref) (OrderRow, []order.Linked, []effect.Effect, error) {
	const op = "db.OrderByRef"
	if err := checkRef(ref); err != nil {
		return OrderRow{}, nil, nil, fault.Wrap(op, err)
	}
	row, recs, effects, err := d.orderWhere(ctx, op, sc, ` AND realm = $2 AND external_id = $3`, int64(sc.Merchant), ref.Realm, ref.ID)
	if !fault.Is(err, fault.NotFound) {
		return row, recs, effects, err
	}
	return d.orderWhere(ctx, op, sc, ` AND realm = $2 AND external_id = (SELECT order_id FROM aliases WHERE merchant_id = $1 AND realm = $2 AND alias = $3)`,
		int64(sc.Merchant), ref.Realm, ref.ID)
}

func (d *DB) orderWhere(ctx context.Context, op string, sc Scope, where string, args ...any) (row OrderRow, recs []order.Linked, effects []effect.Effect, err error) {
	scope, args := sc.where("store_id", args)
	found := false
	err = d.query(ctx, `SELECT `+orderColumns+` FROM orders WHERE merchant_id = $1`+where+scope, args, func(scan scanFunc) (err error) {
		found = true
		row, err = scanOrder(scan)
		return err
	})
	if err == nil && !found {
		err = fault.Say(op, fault.NotFound, "no_order", "there is no such order")
	}
	if err != nil {
		return row, nil, nil, fault.Wrap(op, err)
	}
	err = d.linkedOf(ctx, []refKey{{sc.Merchant, row.Ref}}, func(_ refKey, l order.Linked) { recs = append(recs, l) })
	if err != nil {
		return row, nil, nil, fault.Wrap(op, err)
	}
	slices.SortFunc(recs, compareLinked)
	err = d.query(ctx, `SELECT `+effectColumns+` FROM effects WHERE merchant_id = $1 AND order_id = $2`, []any{int64(sc.Merchant), int64(row.ID)}, func(scan scanFunc) error {
		e, err := scanEffect(scan)
		effects = append(effects, e)
		return err
	})
	return row, recs, newest(effects), fault.Wrap(op, err)
}

// linkedOf reads the records that orders follow from, and says whose each is. It goes along whole keys: one
// condition for an order's own records and those that are linked to it reads all records of the realm.
func (d *DB) linkedOf(ctx context.Context, orders []refKey, take func(of refKey, l order.Linked)) error {
	whose := map[refKey][]refKey{}
	add := func(rec, of refKey) {
		if !slices.Contains(whose[rec], of) {
			whose[rec] = append(whose[rec], of)
		}
	}
	for _, of := range orders {
		own := of
		own.ref.Kind = order.KindOwn
		add(of, of)
		add(own, of)
	}
	each := func(list []*stmt) error {
		for _, s := range list {
			if err := d.query(ctx, s.text, s.args, s.each); err != nil {
				return err
			}
		}
		return nil
	}
	err := each(linksIn.stmts(refArgs(orders, false), "", func(scan scanFunc) error {
		of := refKey{ref: order.Ref{Kind: order.KindOrder}}
		var rec order.Ref
		err := scan(&of.m, &of.ref.Realm, &of.ref.ID, &rec.Kind, &rec.ID)
		rec.Realm = of.ref.Realm
		add(refKey{of.m, rec}, of)
		return err
	}))
	if err != nil {
		return err
	}
	return each(recordRows.stmts(refArgs(sortedKeys(whose, compareRefKeys), true), "", func(scan scanFunc) error {
		var k refKey
		var s recordState
		if err := scan(&k.m, &k.ref.Realm, &k.ref.Kind, &k.ref.ID, &s.doc, &s.seen); err != nil || s.doc == nil {
			return err
		}
		rec, err := s.open(d.zip)
		for _, of := range whose[k] {
			take(of, order.Linked{Ref: k.ref, Record: rec})
		}
		return err
	}))
}

// compareLinked sorts the records of an order: the order's own first, then what was done here.
func compareLinked(a, b order.Linked) int {
	rank := func(l order.Linked) int {
		return -slices.Index([]string{"", order.KindOwn, order.KindOrder}, l.Ref.Kind)
	}
	return cmp.Or(cmp.Compare(rank(a), rank(b)), compareRefs(a.Ref, b.Ref))
}

// A WholeOrder is an order's row with the records that it follows from.
type WholeOrder struct {
	Row     OrderRow
	Records []order.Linked
}

// WholeOrders reads many orders with their records, whatever their number in a few statements; those that
// the scope does not see are left out.
func (d *DB) WholeOrders(ctx context.Context, sc Scope, ids []ident.Order) (map[ident.Order]*WholeOrder, error) {
	const op = "db.WholeOrders"
	rows, err := d.OrdersByID(ctx, sc, ids)
	if err != nil {
		return nil, fault.Wrap(op, err)
	}
	out := make(map[ident.Order]*WholeOrder, len(rows))
	at := make(map[refKey]*WholeOrder, len(rows))
	for _, r := range rows {
		w := &WholeOrder{Row: r}
		out[r.ID], at[refKey{r.Merchant, r.Ref}] = w, w
	}
	err = d.linkedOf(ctx, sortedKeys(at, compareRefKeys), func(of refKey, l order.Linked) { at[of].Records = append(at[of].Records, l) })
	if err != nil {
		return nil, fault.Wrap(op, err)
	}
	for _, w := range out {
		slices.SortFunc(w.Records, compareLinked)
	}
	return out, nil
}

// OrdersByID reads rows by our ids; those that the scope does not see are left out.
func (d *DB) OrdersByID(ctx context.Context, sc Scope, ids []ident.Order) ([]OrderRow, error) {
	args := []any{int64(sc.Merchant)}
	where := anyOf("id", orderNumbers(ids), &args)
	scope, args := sc.where("store_id", args)
	var out []OrderRow
	err := d.query(ctx, `SELECT `+orderColumns+` FROM orders WHERE `+d.eng.aside+`merchant_id = $1`+where+scope, args, func(scan scanFunc) error {
		r, err := scanOrder(scan)
		out = append(out, r)
		return err
	})
	return out, fault.Wrap("db.OrdersByID", err)
}

// OrdersUnbound lists orders without a shop, of an account or of none known, in the
// order of their ids.
func (d *DB) OrdersUnbound(ctx context.Context, m ident.Merchant, a ident.Account, after ident.Order, limit int) ([]ident.Order, error) {
	var out []ident.Order
	err := d.query(ctx, `SELECT id FROM orders WHERE merchant_id = $1 AND id > $2 AND shop_id = 0 AND account_id IN (0, $3) ORDER BY id LIMIT $4`,
		[]any{int64(m), int64(after), int64(a), int64(limit)}, func(scan scanFunc) error {
			var id ident.Order
			err := scan(&id)
			out = append(out, id)
			return err
		})
	return out, fault.Wrap("db.OrdersUnbound", err)
}

// A Placed is a shop and a store in which orders of it lie.
type Placed struct {
	Shop  ident.Shop
	Store ident.Store
}

// Placed lists where a merchant's orders lie, as far as they are counted: some moments may
// be missing. It reads the counts, not the orders.
func (d *DB) Placed(ctx context.Context, m ident.Merchant) ([]Placed, error) {
	var out []Placed
	err := d.query(ctx, `SELECT DISTINCT shop_id, store_id FROM counts WHERE merchant_id = $1 AND shop_id <> 0 AND n > 0 ORDER BY shop_id, store_id`, []any{int64(m)}, func(scan scanFunc) error {
		var p Placed
		err := scan(&p.Shop, &p.Store)
		out = append(out, p)
		return err
	})
	return out, fault.Wrap("db.Placed", err)
}

// OrdersOfShop lists the orders of a shop in the order of their ids. It goes through all
// orders of the merchant: for a shop that was bound to another store, or to none any more.
func (d *DB) OrdersOfShop(ctx context.Context, m ident.Merchant, shop ident.Shop, after ident.Order, limit int) ([]ident.Order, error) {
	var out []ident.Order
	err := d.query(ctx, `SELECT id FROM orders WHERE `+d.eng.aside+`merchant_id = $1 AND id > $2 AND shop_id = $3 ORDER BY id LIMIT $4`,
		[]any{int64(m), int64(after), int64(shop), int64(limit)}, func(scan scanFunc) error {
			var id ident.Order
			err := scan(&id)
			out = append(out, id)
			return err
		})
	return out, fault.Wrap("db.OrdersOfShop", err)
}

// LostSince gives the orders whose last refund was lost by time at or after a moment, the last first.
func (d *DB) LostSince(ctx context.Context, sc Scope, from int64, limit int) ([]OrderRow, error) {
	args := []any{int64(sc.Merchant), from, int64(limit)}
	where := ""
	if sc.Stores != nil {
		where = anyOf("store_id", storeNumbers(sc.Stores), &args)
	}
	var out []OrderRow
	err := d.query(ctx, `SELECT `+orderColumns+` FROM orders WHERE merchant_id = $1 AND lost_at > 0 AND lost_at >= $2`+where+` ORDER BY lost_at DESC, id DESC LIMIT $3`,
		args, func(scan scanFunc) error {
			r, err := scanOrder(scan)
			out = append(out, r)
			return err
		})
	return out, fault.Wrap("db.LostSince", err)
}

// SweepDue gives the orders of an account that are to be read again by now, because no
// push may come.
func (d *DB) SweepDue(ctx context.Context, m ident.Merchant, a ident.Account, nowMS int64, limit int) ([]OrderRow, error) {
	var out []OrderRow
	err := d.query(ctx, `SELECT `+orderColumns+` FROM orders WHERE merchant_id = $1 AND account_id = $2 AND sweep_at > 0 AND sweep_at <= $3 ORDER BY sweep_at LIMIT $4`,
		[]any{int64(m), int64(a), nowMS, int64(limit)}, func(scan scanFunc) error {
			r, err := scanOrder(scan)
			out = append(out, r)
			return err
		})
	return out, fault.Wrap("db.SweepDue", err)
}

// An EffectFilter selects effects. Newest first.
type EffectFilter struct {
	IDs     []ident.Effect // nil = any; at most 500
	States  []effect.State // nil = all
	Order   ident.Order    // 0 = any
	Account ident.Account  // 0 = any
	Cursor  string         // of the page before
	Limit   int            // 0 = 50, at most 500
}

const maxEffects = 500

// DoneBy lists the kinds of effects that somebody ("usr_…") has wanted and that are done.
func (d *DB) DoneBy(ctx context.Context, m ident.Merchant, cause string) (kinds []string, err error) {
	err = d.query(ctx, `SELECT DISTINCT kind FROM effects WHERE merchant_id = $1 AND cause = $2 AND state = $3 ORDER BY kind`, []any{int64(m), cause, string(effect.Done)}, func(scan scanFunc) error {
		var kind string
		err := scan(&kind)
		kinds = append(kinds, kind)
		return err
	})
	return kinds, fault.Wrap("db.DoneBy", err)
}

// Effects lists effects, newest first. A scope of stores sees those of its orders.
func (d *DB) Effects(ctx context.Context, sc Scope, f EffectFilter) (list []effect.Effect, next string, err error) {
	const op = "db.Effects"
	limit := defaultPage
	if f.Limit > 0 {
		limit = min(f.Limit, maxEffects)
	}
	before, err := idCursor(f.Cursor)
	if err != nil {
		return nil, "", fault.Wrap(op, err)
	}
	args := []any{int64(sc.Merchant), before, int64(limit + 1)}
	where := ""
	if f.IDs != nil {
		ids := make([]int64, min(len(f.IDs), maxEffects))
		for i := range ids {
			ids[i] = int64(f.IDs[i])
		}
		where += anyOf("e.id", ids, &args)
	}
	if f.Order != 0 {
		args = append(args, int64(f.Order))
		where += " AND e.order_id = $" + strconv.Itoa(len(args))
	}
	if f.Account != 0 {
		args = append(args, int64(f.Account))
		where += " AND e.account_id = $" + strconv.Itoa(len(args))
	}
	if f.States != nil {
		states := make([]string, len(f.States))
		for i, s := range f.States {
			states[i] = string(s)
		}
		if !slices.ContainsFunc(f.States, func(s effect.State) bool { return !s.Open() }) {
			where += " AND e.open = 1"
		}
		where += anyOf("e.state", states, &args)
	}
	if sc.Stores != nil {
		in := anyOf("o.store_id", storeNumbers(sc.Stores), &args)
		where += " AND EXISTS (SELECT 1 FROM orders AS o WHERE o.merchant_id = e.merchant_id AND o.id = e.order_id" + in + ")"
	}
	err = d.query(ctx, `SELECT `+effectColumns+` FROM effects AS e WHERE e.merchant_id = $1 AND e.id < $2`+where+` ORDER BY e.id DESC LIMIT $3`, args, func(scan scanFunc) error {
		e, err := scanEffect(scan)
		list = append(list, e)
		return err
	})
	if len(list) > limit {
		list = list[:limit]
		next = idCursorText(int64(list[limit-1].ID))
	}
	return list, next, fault.Wrap(op, err)
}

// EffectByID gives one effect; fault.NotFound when there is none in the scope.
func (d *DB) EffectByID(ctx context.Context, sc Scope, id ident.Effect) (effect.Effect, error) {
	const op = "db.EffectByID"
	args := []any{int64(sc.Merchant), int64(id)}
	where := ""
	if sc.Stores != nil {
		in := anyOf("o.store_id", storeNumbers(sc.Stores), &args)
		where = " AND EXISTS (SELECT 1 FROM orders AS o WHERE o.merchant_id = e.merchant_id AND o.id = e.order_id" + in + ")"
	}
	var e effect.Effect
	found := false
	err := d.query(ctx, `SELECT `+effectColumns+` FROM effects AS e WHERE e.merchant_id = $1 AND e.id = $2`+where, args, func(scan scanFunc) (err error) {
		found = true
		e, err = scanEffect(scan)
		return err
	})
	if err == nil && !found {
		err = fault.Say(op, fault.NotFound, "no_effect", "there is no such effect")
	}
	return e, fault.Wrap(op, err)
}
