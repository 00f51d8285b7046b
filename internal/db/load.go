package db

import (
	"bytes"
	"cmp"
	"context"
	"slices"

	"github.com/tongdan/tongdan/effect"
	"github.com/tongdan/tongdan/order"
)

// Locks are taken in one order by everybody: orders, then records, effects and lanes,
// each sorted by key; the feed comes last, when the batch is saved. An order's lock
// guards everything around it, so records and effects are locked only where they were
// named. Rows that are not there yet cannot be locked: the insert of the second comer
// fails, and its batch runs again.

const orderColumns = `merchant_id, realm, external_id, id, channel, account_id, shop_id, store_id, status, flags, kind, logistics,
	sort_at, due_at, read_at, sweep_at, changed_at, seq, summary, wants, lost_at`

func scanOrder(scan scanFunc, more ...any) (OrderRow, error) {
	var r OrderRow
	err := scan(append([]any{&r.Merchant, &r.Ref.Realm, &r.Ref.ID, &r.ID, &r.Channel, &r.Account, &r.Shop, &r.Store, (*string)(&r.Status), &r.Flags,
		(*string)(&r.Kind), (*string)(&r.Logistics), &r.SortAt, &r.DueAt, &r.ReadAt, &r.SweepAt, &r.Changed, &r.Seq,
		(*[]byte)(&r.Summary), (*[]byte)(&r.Wants), &r.LostAt}, more...)...)
	r.Ref.Kind = order.KindOrder
	return r, err
}

const effectColumns = `merchant_id, id, account_id, app_id, order_id, target, kind, case_key, key, deed, nature, state, args, before_doc,
	cause, attempts, called, looks, next_at, deadline, words, why, code, made_at, changed_at, attempt, trace`

func scanEffect(scan scanFunc) (effect.Effect, error) {
	var row struct { // one piece of memory for all that is read into
		e          effect.Effect
		deed       int64
		words, why string
		attempt    []byte
	}
	e := &row.e
	err := scan(&e.Merchant, &e.ID, &e.Account, &e.App, &e.Order, &e.Target, &e.Kind, &e.Case, &e.Key, &row.deed, (*string)(&e.Nature), (*string)(&e.State),
		(*[]byte)(&e.Args), (*[]byte)(&e.Before), &e.Cause, &e.Attempts, (*string)(&e.Called), &e.Looks, &e.NextAt, &e.Deadline, &row.words, &row.why,
		(*string)(&e.Code), &e.Made, &e.Changed, &row.attempt, &e.Trace)
	e.Why, e.Deed = readReason(row.words, row.why), row.deed == 1
	if err == nil && len(row.attempt) > 0 {
		e.Attempt, err = readAttempt(row.attempt)
	}
	return *e, err
}

var (
	byRef = []string{number, text, text}
	byKey = []string{number, text, text, text}

	effectOrders = lookup{head: `SELECT merchant_id, order_id FROM effects WHERE (merchant_id, id) IN`, types: []string{number, number}}
	orderRefs    = lookup{head: `SELECT merchant_id, realm, external_id FROM orders WHERE (merchant_id, id) IN`, types: []string{number, number}}
	linksOut     = lookup{head: `SELECT merchant_id, realm, kind, record_id, order_id FROM links WHERE (merchant_id, realm, kind, record_id) IN`, types: byKey}
	linksIn      = lookup{head: `SELECT merchant_id, realm, order_id, kind, record_id FROM links WHERE (merchant_id, realm, order_id) IN`, types: byRef}
	orderRows    = lookup{head: `SELECT ` + orderColumns + `, sealed_key, search FROM orders WHERE (merchant_id, realm, external_id) IN`, types: byRef, tail: ` ORDER BY merchant_id, realm, external_id`}
	recordRows   = lookup{head: `SELECT merchant_id, realm, kind, external_id, doc, seen FROM records WHERE (merchant_id, realm, kind, external_id) IN`, types: byKey, tail: ` ORDER BY merchant_id, realm, kind, external_id`}
	aliasRows    = lookup{head: `SELECT merchant_id, realm, alias, order_id FROM aliases WHERE (merchant_id, realm, alias) IN`, types: byRef}
	effectRows   = lookup{head: `SELECT ` + effectColumns + ` FROM effects WHERE (merchant_id, id) IN`, types: []string{number, number}, tail: ` ORDER BY merchant_id, id`}
	effectsOf    = lookup{head: `SELECT ` + effectColumns + ` FROM effects WHERE (merchant_id, order_id) IN`, types: []string{number, number}}
	effectsKeyed = lookup{head: `SELECT ` + effectColumns + ` FROM effects WHERE (merchant_id, key) IN`, types: []string{number, text}}
	laneRows     = lookup{head: `SELECT merchant_id, account_id, epoch FROM lanes WHERE (merchant_id, account_id) IN`, types: []string{number, number}, tail: ` ORDER BY merchant_id, account_id`}
)

// load brings what is wanted, and what is around it, into the base layer.
func (b *batch) load(ctx context.Context, w wanted) error {
	stock := w.stock
	for range 4 { // an alias or a link can lead to another order; that one leads no further
		if w.plain() == 0 {
			break
		}
		if err := b.expand(ctx, &w); err != nil {
			return err
		}
		more, err := b.fetch(ctx, &w)
		if err != nil {
			return err
		}
		w = more
	}
	return b.loadStock(ctx, &stock)
}

// expand finds, without locks, the orders behind effects, ids and records.
func (b *batch) expand(ctx context.Context, w *wanted) error {
	if of := w.withOrders(); len(of) > 0 {
		err := b.c.run(ctx, effectOrders.stmts(effectArgs(of), "", func(scan scanFunc) error {
			var k orderKey
			if err := scan(&k.m, &k.id); err != nil {
				return err
			}
			if k.id != 0 {
				put(&w.orders, k, true)
			}
			return nil
		})...)
		if err != nil {
			return err
		}
	}
	var list []*stmt
	if len(w.orders) > 0 {
		keys := sortedKeys(w.orders, compareOrders)
		args := make([]any, 0, 2*len(keys))
		for _, k := range keys {
			if ref, ok := b.d.refs.of(k); ok {
				put(&w.refs, refKey{k.m, ref}, true)
				continue
			}
			args = append(args, int64(k.m), int64(k.id))
		}
		list = append(list, orderRefs.stmts(args, "", func(scan scanFunc) error {
			k := refKey{ref: order.Ref{Kind: order.KindOrder}}
			if err := scan(&k.m, &k.ref.Realm, &k.ref.ID); err != nil {
				return err
			}
			put(&w.refs, k, true)
			return nil
		})...)
	}
	if args := b.loose(w); len(args) > 0 {
		list = append(list, linksOut.stmts(args, "", func(scan scanFunc) error {
			rec, of, err := scanLink(scan)
			if err != nil {
				return err
			}
			put(&w.refs, of, true)
			if b.eng.local {
				b.linkedTo(rec, of)
			}
			return nil
		})...)
	}
	if len(list) == 0 {
		return nil
	}
	return b.c.run(ctx, list...)
}

// linkedTo notes that a record belongs to an order.
func (b *batch) linkedTo(rec, of refKey) {
	if !slices.Contains(b.base.links[rec], of.ref.ID) {
		put(&b.base.links, rec, append(b.base.links[rec], of.ref.ID))
	}
}

func scanLink(scan scanFunc) (rec, of refKey, err error) {
	var id string
	err = scan(&rec.m, &rec.ref.Realm, &rec.ref.Kind, &rec.ref.ID, &id)
	return rec, refKey{rec.m, order.Ref{Realm: rec.ref.Realm, Kind: order.KindOrder, ID: id}}, err
}

// loose gives the arguments for the records that may be linked to orders. A record of
// kind own belongs to the order of its id without a link.
func (b *batch) loose(w *wanted) []any {
	var keys []refKey
	for k := range w.refs {
		switch k.ref.Kind {
		case order.KindOrder:
		case order.KindOwn:
			k.ref.Kind = order.KindOrder
			put(&w.refs, k, true)
		default:
			keys = append(keys, k)
		}
	}
	slices.SortFunc(keys, compareRefKeys)
	return refArgs(keys, true)
}

// fetch locks and loads. It gives what has to be loaded in addition.
func (b *batch) fetch(ctx context.Context, w *wanted) (more wanted, err error) {
	base := b.base
	var refs, orders []refKey
	for k := range w.refs {
		if k.ref.Kind == order.KindOrder {
			if _, ok := base.linked[k]; ok {
				continue
			}
			orders = append(orders, k)
			own := k
			own.ref.Kind = order.KindOwn
			refs = append(refs, own)
		}
		refs = append(refs, k)
	}
	slices.SortFunc(refs, compareRefKeys)
	refs = slices.Compact(refs)
	refs = slices.DeleteFunc(refs, func(k refKey) bool { _, ok := base.records[k]; return ok && !b.read[k] })
	slices.SortFunc(orders, compareRefKeys)

	var list []*stmt
	var found []orderKey
	if len(orders) > 0 {
		args := refArgs(orders, false)
		list = append(list, orderRows.stmts(args, b.eng.lock, func(scan scanFunc) error {
			s := &orderState{stored: true}
			row, err := scanOrder(scan, &s.sealed, &s.search)
			if err != nil {
				return err
			}
			s.row, s.was, s.from = row, indexedOf(&row), &row
			k := orderKey{row.Merchant, row.ID}
			put(&base.ids, refKey{row.Merchant, row.Ref}, row.ID)
			put(&base.orders, k, s)
			b.d.refs.know(k, row.Ref)
			found = append(found, k)
			return nil
		})...)
		list = append(list, linksIn.stmts(args, "", func(scan scanFunc) error {
			k := refKey{ref: order.Ref{Kind: order.KindOrder}}
			var rec order.Ref
			if err := scan(&k.m, &k.ref.Realm, &k.ref.ID, &rec.Kind, &rec.ID); err != nil {
				return err
			}
			rec.Realm = k.ref.Realm
			put(&base.linked, k, append(base.linked[k], rec))
			return nil
		})...)
		if !b.eng.local {
			for _, k := range orders {
				put(&w.aliases, wordKey{k.m, k.ref.Realm, k.ref.ID}, true)
			}
		}
	}
	if len(refs) > 0 {
		list = append(list, recordRows.stmts(refArgs(refs, true), b.eng.lock, b.onRecord)...)
		if args := b.loose(w); len(args) > 0 && !b.eng.local { // where nobody else writes meanwhile, expand has them
			list = append(list, linksOut.stmts(args, "", func(scan scanFunc) error {
				rec, of, err := scanLink(scan)
				if err != nil {
					return err
				}
				b.linkedTo(rec, of)
				if !w.refs[of] { // linked since expand looked
					put(&more.refs, of, true)
				}
				return nil
			})...)
		}
	}
	list = append(list, b.words(w)...)
	if len(list) > 0 {
		if err := b.c.run(ctx, list...); err != nil {
			return more, err
		}
	}
	if b.eng.local { // where a look-up costs no way there, only what is no order is looked for under that name
		if err := b.named(ctx, w, orders); err != nil {
			return more, err
		}
	}
	b.absent(w, refs, orders)
	for k := range w.aliases {
		to := base.aliases[k]
		if k.word = to; to == "" {
			continue
		}
		of := refKey{k.m, order.Ref{Realm: k.realm, Kind: order.KindOrder, ID: to}}
		if _, ok := base.linked[of]; !ok {
			put(&more.refs, of, true)
		}
	}
	if err := b.around(ctx, orders, found); err != nil {
		return more, err
	}
	return more, b.lone(ctx, w)
}

// lone looks for the effects that came with no order, and notes those that are not there.
func (b *batch) lone(ctx context.Context, w *wanted) error {
	left := map[effectKey]bool{}
	for k := range w.effects {
		if _, ok := b.base.effects[k]; !ok {
			left[k] = true
		}
	}
	if len(left) == 0 {
		return nil
	}
	if b.eng.local {
		if err := b.c.run(ctx, effectRows.stmts(effectArgs(left), b.eng.lock, b.onEffect)...); err != nil {
			return err
		}
	}
	for k := range left {
		if _, ok := b.base.effects[k]; !ok {
			put(&b.base.effects, k, nil)
		}
	}
	return nil
}

// named looks for orders that are not there under a number that stands for another order.
func (b *batch) named(ctx context.Context, w *wanted, orders []refKey) error {
	var missing map[wordKey]bool
	for _, k := range orders {
		if _, ok := b.base.ids[k]; !ok {
			put(&missing, wordKey{k.m, k.ref.Realm, k.ref.ID}, true)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	addTo(&w.aliases, missing)
	return b.c.run(ctx, b.aliasesOf(missing)...)
}

func (b *batch) aliasesOf(words map[wordKey]bool) []*stmt {
	var args []any
	for _, k := range sortedKeys(words, compareWords) {
		args = append(args, int64(k.m), k.realm, k.word)
	}
	return aliasRows.stmts(args, "", func(scan scanFunc) error {
		var k wordKey
		var to string
		if err := scan(&k.m, &k.realm, &k.word, &to); err != nil {
			return err
		}
		put(&b.base.aliases, k, to)
		return nil
	})
}

// words are the look-ups by something else than a ref.
func (b *batch) words(w *wanted) []*stmt {
	base := b.base
	var list []*stmt
	if len(w.aliases) > 0 {
		list = append(list, b.aliasesOf(w.aliases)...)
	}
	if len(w.effects) > 0 && !b.eng.local { // where nobody else writes meanwhile, they come with their orders
		list = append(list, effectRows.stmts(effectArgs(w.effects), b.eng.lock, b.onEffect)...)
	}
	if len(w.keys) > 0 {
		var args []any
		for _, k := range sortedKeys(w.keys, compareWords) {
			args = append(args, int64(k.m), k.word)
		}
		list = append(list, effectsKeyed.stmts(args, "", func(scan scanFunc) error {
			e, err := scanEffect(scan)
			if err != nil {
				return err
			}
			b.hold(e, b.eng.local)
			k := wordKey{e.Merchant, "", e.Key}
			if have := base.effects[effectKey{e.Merchant, base.byKey[k]}]; have == nil || !have.e.State.Open() && (e.State.Open() || e.ID > have.e.ID) {
				put(&base.byKey, k, e.ID)
			}
			return nil
		})...)
	}
	if len(w.lanes) > 0 {
		var args []any
		for _, k := range sortedKeys(w.lanes, compareLanes) {
			args = append(args, int64(k.m), int64(k.account))
		}
		list = append(list, laneRows.stmts(args, b.eng.share, func(scan scanFunc) error {
			var k laneKey
			var epoch int64
			if err := scan(&k.m, &k.account, &epoch); err != nil {
				return err
			}
			put(&base.lanes, k, laneState{epoch, true})
			return nil
		})...)
	}
	return list
}

// absent notes what was looked for and is not there.
func (b *batch) absent(w *wanted, refs, orders []refKey) {
	base := b.base
	for _, k := range refs {
		if _, ok := base.records[k]; !ok {
			put(&base.records, k, &recordState{})
		}
		delete(b.read, k)
	}
	for k := range w.refs {
		if _, ok := base.links[k]; !ok && k.ref.Kind != order.KindOrder {
			put(&base.links, k, nil)
		}
	}
	for _, k := range orders {
		if _, ok := base.ids[k]; !ok {
			put(&base.ids, k, 0)
		}
		if _, ok := base.linked[k]; !ok {
			put(&base.linked, k, nil)
		}
	}
	for k := range w.orders {
		if _, ok := base.orders[k]; !ok {
			put(&base.orders, k, nil)
			put(&base.byOrder, k, nil)
		}
	}
	for k := range w.aliases {
		if _, ok := base.aliases[k]; !ok {
			put(&base.aliases, k, "")
		}
	}
	for k := range w.keys {
		if _, ok := base.byKey[k]; !ok {
			put(&base.byKey, k, 0)
		}
	}
	for k := range w.lanes {
		if _, ok := base.lanes[k]; !ok {
			put(&base.lanes, k, laneState{})
		}
	}
}

// around loads what hangs on orders: records linked to them, and effects. The order's
// lock guards them.
func (b *batch) around(ctx context.Context, orders []refKey, found []orderKey) error {
	var list []*stmt
	var recs []refKey
	for _, of := range orders {
		for _, ref := range b.base.linked[of] {
			if k := (refKey{of.m, ref}); b.base.records[k] == nil {
				recs = append(recs, k)
			}
		}
	}
	slices.SortFunc(recs, compareRefKeys)
	recs = slices.Compact(recs)
	if len(recs) > 0 {
		list = append(list, recordRows.stmts(refArgs(recs, true), "", b.onRecord)...)
	}
	if len(found) > 0 {
		slices.SortFunc(found, compareOrders)
		args := make([]any, 0, 2*len(found))
		for _, k := range found {
			put(&b.base.byOrder, k, nil)
			args = append(args, int64(k.m), int64(k.id))
		}
		list = append(list, effectsOf.stmts(args, "", func(scan scanFunc) error {
			e, err := scanEffect(scan)
			if err != nil {
				return err
			}
			b.hold(e, true)
			k := orderKey{e.Merchant, e.Order}
			if !slices.Contains(b.base.byOrder[k], e.ID) {
				b.base.byOrder[k] = append(b.base.byOrder[k], e.ID)
			}
			return nil
		})...)
	}
	if len(list) == 0 {
		return nil
	}
	if err := b.c.run(ctx, list...); err != nil {
		return err
	}
	for _, k := range recs {
		if b.base.records[k] == nil {
			put(&b.base.records, k, &recordState{})
		}
		put(&b.read, k, true)
	}
	return nil
}

func (b *batch) onRecord(scan scanFunc) error {
	var k refKey
	s := &recordState{stored: true}
	if err := scan(&k.m, &k.ref.Realm, &k.ref.Kind, &k.ref.ID, &s.doc, &s.seen); err != nil {
		return err
	}
	s.has = s.doc != nil
	if old := b.base.records[k]; old != nil && old.rec != nil && bytes.Equal(old.doc, s.doc) {
		s.rec = old.rec
	} else {
		s.rec = b.d.opened.of(k, s.doc)
	}
	put(&b.base.records, k, s)
	return nil
}

func (b *batch) onEffect(scan scanFunc) error {
	e, err := scanEffect(scan)
	if err == nil {
		b.hold(e, true)
	}
	return err
}

// hold keeps a loaded effect. A locked read is never replaced by an older one, since
// both come from one transaction. Guarded says that nobody else can change it before we
// commit, by its own lock or its order's: what was found by its key alone another node may
// end meanwhile, and then it has to be written as a whole.
func (b *batch) hold(e effect.Effect, guarded bool) {
	k := effectKey{e.Merchant, e.ID}
	s := &effectState{e: e, stored: true}
	if old := b.base.effects[k]; guarded || old.loaded() != nil {
		s.was = &e
	}
	put(&b.base.effects, k, s)
}

func effectArgs(set map[effectKey]bool) []any {
	keys := sortedKeys(set, func(a, b effectKey) int { return cmp.Or(cmp.Compare(a.m, b.m), cmp.Compare(a.id, b.id)) })
	args := make([]any, 0, 2*len(keys))
	for _, k := range keys {
		args = append(args, int64(k.m), int64(k.id))
	}
	return args
}

// refArgs flattens keys, with or without the kind.
func refArgs(keys []refKey, kind bool) []any {
	args := make([]any, 0, 4*len(keys))
	for _, k := range keys {
		args = append(args, int64(k.m), k.ref.Realm)
		if kind {
			args = append(args, k.ref.Kind)
		}
		args = append(args, k.ref.ID)
	}
	return args
}

func sortedKeys[K comparable, V any](m map[K]V, compare func(a, b K) int) []K {
	keys := make([]K, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, compare)
	return keys
}

func compareRefs(a, b order.Ref) int {
	return cmp.Or(cmp.Compare(a.Realm, b.Realm), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.ID, b.ID))
}

func compareRefKeys(a, b refKey) int {
	return cmp.Or(cmp.Compare(a.m, b.m), compareRefs(a.ref, b.ref))
}

func compareOrders(a, b orderKey) int {
	return cmp.Or(cmp.Compare(a.m, b.m), cmp.Compare(a.id, b.id))
}

func compareWords(a, b wordKey) int {
	return cmp.Or(cmp.Compare(a.m, b.m), cmp.Compare(a.realm, b.realm), cmp.Compare(a.word, b.word))
}

func compareLanes(a, b laneKey) int {
	return cmp.Or(cmp.Compare(a.m, b.m), cmp.Compare(a.account, b.account))
}
