package db

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"slices"

	"github.com/tongdan/tongdan/effect"
	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/ident"
	"github.com/tongdan/tongdan/internal/point"
)

var (
	addRecords = insert{head: `INSERT INTO records (merchant_id, realm, kind, external_id, doc, seen, changed_at) VALUES`, width: 7}
	addLinks   = insert{head: `INSERT INTO links (merchant_id, realm, kind, record_id, order_id) VALUES`, width: 5}
	addAliases = insert{head: `INSERT INTO aliases (merchant_id, realm, alias, order_id) VALUES`, width: 4}
	addOrders  = insert{head: `INSERT INTO orders (` + orderColumns + `, sealed_key, search) VALUES`, width: 23}
	addEffects = insert{head: `INSERT INTO effects (` + effectColumns + `, generation, epoch, not_after, open) VALUES`, width: 31}
	addJournal = insert{head: `INSERT INTO journal (id, merchant_id, at, direction, what, channel, account_id, order_id, realm, kind, external_id,
		method, path, status, took_us, made_by, outcome, error, known, hash, size, answer_size, day, body, answer) VALUES`, width: 25}
	addParked   = insert{head: `INSERT INTO parked (id, merchant_id, at, app_id, account_id, channel, what, reason, why, state, attempts, size, entry_id, retry) VALUES`, width: 14}
	addChanges  = insert{head: `INSERT INTO changes (merchant_id, seq, kind, entity_id, store_id, at) VALUES`, width: 6}
	addDayKeys  = insert{head: `INSERT INTO day_keys (merchant_id, day, sealed_key) VALUES`, width: 3}
	addReserves = insert{head: `INSERT INTO reservations (merchant_id, order_id, sku, store_id, quantity) VALUES`, width: 5,
		tail: ` ON CONFLICT (merchant_id, order_id, sku) DO UPDATE SET store_id = excluded.store_id, quantity = excluded.quantity`}
	addBatches = insert{head: `INSERT INTO batches (merchant_id, id, kind, args, made_by, made_at, total) VALUES`, width: 7}
	addItems   = insert{head: `INSERT INTO batch_items (merchant_id, batch_id, order_id, n, state, effect_id, code, words, why) VALUES`, width: 9,
		tail: ` ON CONFLICT (merchant_id, batch_id, order_id) DO UPDATE SET state = excluded.state, effect_id = excluded.effect_id, code = excluded.code, words = excluded.words, why = excluded.why`}
)

const (
	setRecord = `UPDATE records SET doc = $5, seen = $6, changed_at = $7 WHERE merchant_id = $1 AND realm = $2 AND kind = $3 AND external_id = $4`
	setSeen   = `UPDATE records SET seen = $5, changed_at = $6 WHERE merchant_id = $1 AND realm = $2 AND kind = $3 AND external_id = $4`
	setOrder  = `UPDATE orders SET channel = $3, shop_id = $4, flags = $5, kind = $6, logistics = $7, read_at = $8, changed_at = $9, seq = $10, summary = $11,
		wants = $12, search = $13, sealed_key = $14`
	setIndexed = setOrder + `, account_id = $15, store_id = $16, status = $17, sort_at = $18, due_at = $19, sweep_at = $20, lost_at = $21`
	setSwept   = setOrder + `, sweep_at = $15`
	setMoments = `UPDATE orders SET read_at = $3, sweep_at = $4`
	thisOrder  = ` WHERE merchant_id = $1 AND id = $2`
	setEffect  = `UPDATE effects SET account_id = $3, app_id = $4, order_id = $5, target = $6, kind = $7, case_key = $8, key = $9, deed = $10, nature = $11,
		state = $12, args = $13, before_doc = $14, cause = $15, attempts = $16, called = $17, looks = $18, next_at = $19, deadline = $20, words = $21,
		why = $22, code = $23, made_at = $24, changed_at = $25, attempt = $26, trace = $27, generation = $28, epoch = $29, not_after = $30, open = $31 WHERE merchant_id = $1 AND id = $2`
	goOnEffect = `UPDATE effects SET state = $3, args = $4, before_doc = $5, attempts = $6, called = $7, looks = $8, words = $9, why = $10, code = $11, changed_at = $12,
		attempt = $13, trace = $14, epoch = $15, not_after = $16, next_at = $17 WHERE merchant_id = $1 AND id = $2`
	setParked   = `UPDATE parked SET reason = $3, why = $4, state = $5, attempts = $6, retry = $7 WHERE merchant_id = $1 AND id = $2`
	dropReserve = `DELETE FROM reservations WHERE merchant_id = $1 AND order_id = $2 AND sku = $3`
	nextSeq     = `UPDATE feeds SET seq = seq + $1 WHERE merchant_id = $2`
	thatSeq     = ` RETURNING epoch, seq`
	readSeq     = `SELECT epoch, seq FROM feeds WHERE merchant_id = $1`
)

type feedKey = ident.Merchant

// save writes what the verbs decided and commits. Tables are written in one order, and
// rows sorted, so that two writers wait for each other and never in a ring. The feed's
// number is taken when all else has been written but the orders that carry it.
func (b *batch) save(ctx context.Context) (lost bool, err error) {
	var list []*stmt
	for _, part := range []func() ([]*stmt, error){b.saveRecords, b.saveLinks, b.saveEffects, b.saveReserves, b.saveStock, b.saveJournal(ctx), b.saveRest, b.saveHealth} {
		s, err := part()
		if err != nil {
			return false, err
		}
		list = append(list, s...)
	}
	changes := b.changes()
	if len(list) == 0 && len(b.made.orders) == 0 && len(changes) == 0 {
		return false, nil // nothing was decided: the rollback lets the locks go
	}
	if len(changes) == 0 {
		quiet, err := b.saveOrders(nil, nil)
		if err != nil {
			return false, err
		}
		return b.c.commit(ctx, append(list, quiet...)...)
	}
	count := map[ident.Merchant]int64{}
	for _, c := range changes {
		count[c.m]++
	}
	for _, m := range sortedKeys(count, cmp.Compare[ident.Merchant]) {
		read := func(scan scanFunc) error {
			var r Receipt
			err := scan(&r.Epoch, &r.Seq)
			b.feeds[m] = r
			return err
		}
		if b.eng.local { // SQLite makes a table for what RETURNING gives, and a statement costs no round trip
			list = append(list, &stmt{text: nextSeq, args: []any{count[m], int64(m)}}, &stmt{text: readSeq, args: []any{int64(m)}, each: read})
			continue
		}
		list = append(list, &stmt{text: nextSeq + thatSeq, args: []any{count[m], int64(m)}, each: read})
	}
	if err := b.c.run(ctx, list...); err != nil {
		return false, err
	}
	point.Hit(point.WriteNumbered)
	if len(b.feeds) != len(count) {
		return false, fault.New("db.save", fault.NotFound, "no such merchant")
	}
	list, err = b.saveOrders(changes, count)
	if err != nil {
		return false, err
	}
	return b.c.commit(ctx, list...)
}

func (b *batch) saveRecords() ([]*stmt, error) {
	var list []*stmt
	var added []any
	now := b.now.UnixMilli()
	for _, k := range sortedKeys(b.made.records, compareRefKeys) {
		s := b.made.records[k]
		if was := b.base.records[k]; was != nil && was.has && s.has {
			if s.doc == nil && was.rec != nil && s.rec.Equal(*was.rec) {
				s.doc = was.doc
			}
			if bytes.Equal(s.doc, was.doc) { // it says what it said
				if !bytes.Equal(s.seen, was.seen) {
					list = append(list, &stmt{text: setSeen, args: []any{int64(k.m), k.ref.Realm, k.ref.Kind, k.ref.ID, nilIfEmpty(s.seen), now}})
				}
				continue
			}
		}
		if s.rec != nil && s.doc == nil {
			plain, err := appendRecord(nil, s.rec)
			if err != nil {
				return nil, &fault.Error{Op: "db.PutRecord", Code: fault.Internal, Words: "a record cannot be stored", Err: err}
			}
			s.doc = b.d.zip.zip(plain)
		}
		args := []any{int64(k.m), k.ref.Realm, k.ref.Kind, k.ref.ID, nilIfEmpty(s.doc), nilIfEmpty(s.seen), now}
		if s.stored {
			list = append(list, &stmt{text: setRecord, args: args})
		} else {
			added = append(added, args...)
		}
	}
	return append(addRecords.stmts(added), list...), nil
}

func nilIfEmpty(b []byte) any {
	if len(b) == 0 {
		return nil
	}
	return b
}

func (b *batch) saveLinks() ([]*stmt, error) {
	slices.SortFunc(b.made.newLinks, func(x, y newLink) int {
		return cmp.Or(compareRefKeys(x.rec, y.rec), cmp.Compare(x.order, y.order))
	})
	var links, aliases []any
	for _, l := range b.made.newLinks {
		links = append(links, int64(l.rec.m), l.rec.ref.Realm, l.rec.ref.Kind, l.rec.ref.ID, l.order)
	}
	for _, k := range sortedKeys(b.made.aliases, compareWords) {
		aliases = append(aliases, int64(k.m), k.realm, k.word, b.made.aliases[k])
	}
	return append(addLinks.stmts(links), addAliases.stmts(aliases)...), nil
}

func (b *batch) saveEffects() ([]*stmt, error) {
	var added []any
	var final, open []*stmt
	keys := sortedKeys(b.made.effects, func(x, y effectKey) int { return cmp.Or(cmp.Compare(x.m, y.m), cmp.Compare(x.id, y.id)) })
	for _, k := range keys {
		s := b.made.effects[k]
		if s == nil {
			continue
		}
		args, err := effectValues(&s.e)
		if err != nil {
			return nil, err
		}
		switch {
		case !s.stored:
			added = append(added, args...)
		case s.goesOn(): // its key and most indexes are left alone
			open = append(open, &stmt{text: goOnEffect, args: goOnValues(args)})
		case s.e.State.Open(): // after those that become final: they give the key free
			open = append(open, &stmt{text: setEffect, args: args})
		default:
			final = append(final, &stmt{text: setEffect, args: args})
		}
	}
	return slices.Concat(final, open, addEffects.stmts(added)), nil
}

// loaded is the effect as it is stored, where that is known.
func (s *effectState) loaded() *effect.Effect {
	if s == nil {
		return nil
	}
	return s.was
}

// goesOn reports whether an effect was open and is, as what it was made to be: only how it
// is doing has changed.
func (s *effectState) goesOn() bool {
	a, b := &s.e, s.was
	return b != nil && a.State.Open() && b.State.Open() && a.Account == b.Account && a.App == b.App && a.Order == b.Order && a.Target == b.Target && a.Kind == b.Kind &&
		a.Case == b.Case && a.Key == b.Key && a.Deed == b.Deed && a.Nature == b.Nature && a.Cause == b.Cause && a.Deadline == b.Deadline && a.Made == b.Made
}

// goOnValues picks what goOnEffect sets of effectValues.
func goOnValues(v []any) []any {
	return []any{v[0], v[1], v[11], v[12], v[13], v[15], v[16], v[17], v[20], v[21], v[22], v[24], v[25], v[26], v[28], v[29], v[18]}
}

func effectValues(e *effect.Effect) ([]any, error) {
	var attempt []byte
	var epoch, notAfter int64
	if e.Attempt != nil {
		var err error
		if attempt, err = appendAttempt(nil, e.Attempt); err != nil {
			return nil, &fault.Error{Op: "db.PutEffect", Code: fault.Internal, Err: err}
		}
		epoch, notAfter = e.Attempt.Epoch, e.Attempt.NotAfter
	}
	var deed, generation int64
	if e.Deed {
		deed = 1
	} else if !e.State.Open() {
		generation = int64(e.ID)
	}
	return []any{int64(e.Merchant), int64(e.ID), int64(e.Account), int64(e.App), int64(e.Order), clean(e.Target, 300), clean(e.Kind, 100),
		clean(e.Case, 200), clean(e.Key, maxKey), deed, string(e.Nature), string(e.State), nilIfEmpty(e.Args), nilIfEmpty(e.Before), clean(e.Cause, 200),
		int64(e.Attempts), string(e.Called), int64(e.Looks), e.NextAt, e.Deadline, clean(e.Why.Text, 1000), reasonDoc(e.Why), string(e.Code), e.Made, e.Changed,
		nilIfEmpty(attempt), clean(e.Trace, 100), generation, epoch, notAfter, flag(e.State.Open())}, nil
}

func (b *batch) saveReserves() ([]*stmt, error) {
	var list []*stmt
	var set []any
	keys := sortedKeys(b.made.reserves, func(x, y itemKey) int {
		return cmp.Or(compareOrders(x.orderKey, y.orderKey), cmp.Compare(x.sku, y.sku))
	})
	for _, k := range keys {
		r := b.made.reserves[k]
		if r.quantity == 0 {
			list = append(list, &stmt{text: dropReserve, args: []any{int64(k.m), int64(k.id), clean(k.sku, 200)}})
			continue
		}
		set = append(set, int64(k.m), int64(k.id), clean(k.sku, 200), int64(r.store), r.quantity)
	}
	return append(list, addReserves.stmts(set)...), nil
}

// saveJournal seals the entries. The keys of days that are not in memory are read here.
func (b *batch) saveJournal(ctx context.Context) func() ([]*stmt, error) {
	return func() ([]*stmt, error) {
		s := sealer{b: b, ctx: ctx, orders: map[orderKey]openKey{}}
		var rows []any
		for _, e := range b.made.entries {
			row, err := s.row(e)
			if err != nil {
				return nil, err
			}
			rows = append(rows, row...)
		}
		return append(addDayKeys.stmts(s.days), addJournal.stmts(rows)...), nil
	}
}

func (b *batch) saveRest() ([]*stmt, error) {
	var parked, batches []any
	for _, p := range b.made.parked {
		parked = append(parked, parkedValues(&p)...)
	}
	var list []*stmt
	for _, p := range b.made.unparked {
		list = append(list, &stmt{text: setParked, args: []any{int64(p.Merchant), int64(p.ID), clean(p.Why.Text, 1000), reasonDoc(p.Why), p.State, int64(p.Attempts), nilIfEmpty(p.Retry)}})
	}
	for _, w := range b.made.edits {
		list = append(list, w.stmt())
	}
	for _, r := range b.made.batches {
		batches = append(batches, int64(r.Merchant), int64(r.ID), r.Kind, nilIfEmpty(r.Args), r.By, r.Made, int64(r.Total))
	}
	last := map[[3]int64][]any{} // an upsert may not name a row twice
	for _, i := range b.made.items {
		last[[3]int64{int64(i.m), int64(i.Batch), int64(i.Order)}] = []any{int64(i.m), int64(i.Batch), int64(i.Order), int64(i.N), i.State,
			int64(i.Effect), string(i.Code), clean(i.Why.Text, 1000), reasonDoc(i.Why)}
	}
	var items []any
	for _, k := range sortedKeys(last, func(x, y [3]int64) int { return slices.Compare(x[:], y[:]) }) {
		items = append(items, last[k]...)
	}
	return slices.Concat(addParked.stmts(parked), list, addBatches.stmts(batches), addItems.stmts(items), addKnocks.stmts(knockRows(b.made.knocks)), addDecisions.stmts(decisionValues(b.made.decisions))), nil
}

func parkedValues(p *ParkedRow) []any {
	return []any{int64(p.ID), int64(p.Merchant), p.At, int64(p.App), int64(p.Account), p.Channel, clean(p.What, 100), clean(p.Why.Text, 1000), reasonDoc(p.Why), p.State,
		int64(p.Attempts), int64(p.Size), int64(p.Entry), nilIfEmpty(p.Retry)}
}

// changes lists the lines of the feed: each order and each thing once. An order that
// moved to another store is told to both.
func (b *batch) changes() []change {
	var list []change
	seen := map[change]bool{}
	add := func(c change) {
		if !seen[c] {
			seen[c] = true
			list = append(list, c)
		}
	}
	for _, k := range sortedKeys(b.made.orders, compareOrders) {
		s := b.made.orders[k]
		if !s.loud {
			continue
		}
		add(change{k.m, KindOrder, k.id.String(), s.row.Store})
		if s.stored && s.was.store != 0 && s.was.store != s.row.Store {
			add(change{k.m, KindOrder, k.id.String(), s.was.store})
		}
	}
	for _, c := range b.made.changes {
		add(c)
	}
	return list
}

func (b *batch) saveOrders(changes []change, count map[ident.Merchant]int64) ([]*stmt, error) {
	now := b.now.UnixMilli()
	next := map[ident.Merchant]int64{}
	for m, n := range count {
		next[m] = b.feeds[m].Seq - n
	}
	var lines []any
	seqOf := map[change]int64{}
	for _, c := range changes {
		next[c.m]++
		seqOf[change{c.m, c.kind, c.id, 0}] = next[c.m]
		lines = append(lines, int64(c.m), next[c.m], c.kind, clean(c.id, 100), int64(c.store), now)
	}
	var list []*stmt
	var added []any
	for _, k := range sortedKeys(b.made.orders, compareOrders) {
		s := b.made.orders[k]
		r := &s.row
		if s.loud {
			r.Seq, r.Changed = seqOf[change{k.m, KindOrder, k.id.String(), 0}], now
		}
		if b.momentsOnly(k, s) {
			list = append(list, &stmt{text: setMoments + thisOrder, args: []any{int64(k.m), int64(k.id), r.ReadAt, r.SweepAt}})
			continue
		}
		search := s.search
		if !r.Search.none() || !s.stored { // a row that was only read and put back keeps what it is found by
			plain, err := json.Marshal(r.Search)
			if err != nil {
				return nil, err
			}
			search = b.d.zip.zip(plain)
		}
		if !s.stored {
			if s.sealed == nil { // no line with bytes came with it: those that follow are its own
				mk, err := b.d.keys.merchant(k.m)
				if err != nil {
					return nil, err
				}
				key, err := mk.draw(orderUse(k.id))
				if err != nil {
					return nil, err
				}
				s.sealed = key.sealed
			}
			added = append(added, int64(k.m), r.Ref.Realm, r.Ref.ID, int64(k.id), r.Channel, int64(r.Account), int64(r.Shop), int64(r.Store),
				string(r.Status), int64(r.Flags), string(r.Kind), string(r.Logistics), r.SortAt, r.DueAt, r.ReadAt, r.SweepAt, r.Changed, r.Seq,
				doc(r.Summary), doc(r.Wants), r.LostAt, s.sealed, search)
			continue
		}
		args := []any{int64(k.m), int64(k.id), r.Channel, int64(r.Shop), int64(r.Flags), string(r.Kind), string(r.Logistics), r.ReadAt, r.Changed, r.Seq,
			doc(r.Summary), doc(r.Wants), search, nilIfEmpty(s.sealed)}
		is, was := indexedOf(r), s.was
		was.sweepAt = is.sweepAt
		switch { // an index over a column that is named is written, whether the value changes or not
		case is == s.was:
			list = append(list, &stmt{text: setOrder + thisOrder, args: args})
		case is == was:
			list = append(list, &stmt{text: setSwept + thisOrder, args: append(args, r.SweepAt)})
		default:
			args = append(args, int64(r.Account), int64(r.Store), string(r.Status), r.SortAt, r.DueAt, r.SweepAt, r.LostAt)
			list = append(list, &stmt{text: setIndexed + thisOrder, args: args})
		}
	}
	return slices.Concat(addOrders.stmts(added), list, addChanges.stmts(lines)), nil
}

// momentsOnly reports whether only the moments have moved of a stored order that say when it
// was read, and is again.
func (b *batch) momentsOnly(k orderKey, s *orderState) bool {
	is, was := &s.row, s.from
	if s.loud || was == nil || !is.Search.none() {
		return false
	}
	if base := b.base.orders[k]; base == nil || !bytes.Equal(base.sealed, s.sealed) { // its journal has just been given a key
		return false
	}
	cols := indexedOf(is)
	cols.sweepAt = s.was.sweepAt
	return cols == s.was && is.Channel == was.Channel && is.Shop == was.Shop && is.Flags == was.Flags && is.Kind == was.Kind && is.Logistics == was.Logistics &&
		bytes.Equal(is.Summary, was.Summary) && bytes.Equal(is.Wants, was.Wants)
}

// doc is a document as bytes, empty rather than NULL.
func doc(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}

// tell lets everybody know, after the commit.
func (b *batch) tell() {
	b.d.health.commit(b)
	b.d.hints.tell(b.made.effects)
	for k, key := range b.days {
		b.d.days.Store(k, key)
	}
	for m, r := range b.feeds {
		b.d.bell.ring(m, r)
	}
	for k, s := range b.made.records {
		b.d.opened.know(k, s)
	}
}

func (b *batch) receipt(m ident.Merchant) Receipt {
	if r, ok := b.feeds[m]; ok {
		return r
	}
	return b.d.bell.last(m)
}
