package db

import (
	"bytes"
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"time"

	"github.com/tongdan/tongdan/effect"
	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/ident"
	"github.com/tongdan/tongdan/order"
)

// A Tx is what a Decide sees and writes to. It belongs to one run of one Decide and
// must not be kept. What is asked for and was not named is loaded afterwards, and the
// Decide runs again: until then the answer is as if there were no such thing.
type Tx struct {
	d     *DB
	m     ident.Merchant
	now   time.Time
	l     *layer
	need  wanted
	j     *job
	dir   *Directory
	new   map[int64]bool // ids drawn in this run: nothing stored has them
	drawn map[int64]bool // by all verbs of the batch
	err   error          // something stored cannot be read
}

// Now is the wall clock, one moment for all verbs of a batch.
func (t *Tx) Now() time.Time { return t.now }

// ID draws an id.
func (t *Tx) ID() int64 {
	id := t.d.draw(t.now, t.drawn)
	put(&t.new, id, true)
	return id
}

// Merchant is whose transaction it is.
func (t *Tx) Merchant() ident.Merchant { return t.m }

func (t *Tx) key(ref order.Ref) refKey { return refKey{t.m, ref} }

// known reports whether a ref and what is around it were loaded, and asks for it if
// not. A record that was only read as part of an order is not locked: to write it, it
// has to be loaded with all orders that it is linked to.
func (t *Tx) known(ref order.Ref, write bool) bool {
	k := t.key(ref)
	var ok bool
	switch {
	case ref.Kind == order.KindOrder || ref.Kind == order.KindOwn:
		k.ref.Kind = order.KindOrder
		_, ok = find(t.l, inLinked, k)
	case write:
		_, ok = find(t.l, inLinks, k)
	default:
		_, ok = find(t.l, inRecords, k)
	}
	if !ok {
		if err := checkRef(ref); err != nil {
			t.fail(err)
			return false
		}
		t.need.ref(t.m, ref)
	}
	return ok
}

// Record gives what a resource says so far; false when it has said nothing.
func (t *Tx) Record(ref order.Ref) (order.Record, bool) {
	if !t.known(ref, false) {
		return order.Record{}, false
	}
	s, _ := find(t.l, inRecords, t.key(ref))
	if s == nil || !s.has {
		return order.Record{}, false
	}
	if s.rec == nil {
		if _, err := s.open(t.d.zip); err != nil {
			t.fail(err)
			return order.Record{}, false
		}
		t.d.opened.know(t.key(ref), s)
	}
	return *s.rec, true
}

func (t *Tx) fail(err error) {
	if t.err == nil {
		t.err = fault.Wrap("db.Tx", err)
	}
}

// PutRecord replaces a record.
func (t *Tx) PutRecord(ref order.Ref, r order.Record) {
	if !t.known(ref, true) {
		return
	}
	s, _ := find(t.l, inRecords, t.key(ref))
	put(&t.l.records, t.key(ref), &recordState{rec: &r, has: true, seen: s.seen, stored: s.stored})
}

// Link says that a record, such as a shipment, belongs to an order, named by the
// platform's id. Either may not exist yet. A second time changes nothing.
func (t *Tx) Link(rec order.Ref, orderID string) {
	if rec.ID == orderID && (rec.Kind == order.KindOwn || rec.Kind == order.KindOrder) {
		return // these belong to it by their id, see OrdersOf
	}
	of := order.Ref{Realm: rec.Realm, Kind: order.KindOrder, ID: orderID}
	if !t.known(rec, true) || !t.known(of, true) {
		return
	}
	ids, _ := find(t.l, inLinks, t.key(rec))
	if slices.Contains(ids, orderID) {
		return
	}
	refs, _ := find(t.l, inLinked, t.key(of))
	put(&t.l.links, t.key(rec), append(slices.Clone(ids), orderID))
	put(&t.l.linked, t.key(of), append(slices.Clone(refs), rec))
	t.l.newLinks = append(t.l.newLinks, newLink{t.key(rec), orderID})
}

// Alias says that people and messages also know an order under another number. The
// first order that a number was given to keeps it.
func (t *Tx) Alias(realm, alias, orderID string) {
	if _, ok := t.AliasOf(realm, alias); ok || alias == orderID || alias == "" {
		return
	}
	put(&t.l.aliases, wordKey{t.m, realm, alias}, orderID)
}

// AliasOf gives the order that a number stands for.
func (t *Tx) AliasOf(realm, alias string) (orderID string, ok bool) {
	k := wordKey{t.m, realm, alias}
	orderID, loaded := find(t.l, inAliases, k)
	if !loaded {
		put(&t.need.aliases, k, true)
	}
	return orderID, orderID != ""
}

// Resolve gives the ref of the order that a ref means: itself when there is such an
// order, the order that it is an alias of otherwise, and else itself.
func (t *Tx) Resolve(ref order.Ref) order.Ref {
	if ref.Kind != order.KindOrder || !t.known(ref, true) {
		return ref
	}
	if id, _ := find(t.l, inIDs, t.key(ref)); id != 0 {
		return ref
	}
	if id, ok := t.AliasOf(ref.Realm, ref.ID); ok {
		ref.ID = id
	}
	return ref
}

// OrdersOf gives the platform's ids of the orders that a record belongs to. An order's
// own record and that of kind own belong to the order of the same id.
func (t *Tx) OrdersOf(ref order.Ref) []string {
	if ref.Kind == order.KindOrder || ref.Kind == order.KindOwn {
		return []string{ref.ID}
	}
	if !t.known(ref, true) {
		return nil
	}
	ids, _ := find(t.l, inLinks, t.key(ref))
	return slices.Clone(ids)
}

// Order gives a copy of an order's row; nil and false when there is none.
func (t *Tx) Order(ref order.Ref) (*OrderRow, bool) {
	if !t.known(ref, true) {
		return nil, false
	}
	id, _ := find(t.l, inIDs, t.key(ref))
	return t.order(id)
}

// OrderByID is Order by our id.
func (t *Tx) OrderByID(id ident.Order) (*OrderRow, bool) {
	if _, ok := find(t.l, inOrders, orderKey{t.m, id}); !ok && !t.new[int64(id)] {
		put(&t.need.orders, orderKey{t.m, id}, true)
	}
	return t.order(id)
}

func (t *Tx) order(id ident.Order) (*OrderRow, bool) {
	s, _ := find(t.l, inOrders, orderKey{t.m, id})
	if s == nil || id == 0 {
		return nil, false
	}
	row := s.row
	return &row, true
}

// Linked gives all records of an order, its own first, the rest by their ref.
func (t *Tx) Linked(orderRef order.Ref) []order.Linked {
	if !t.known(orderRef, true) {
		return nil
	}
	own := orderRef
	own.Kind = order.KindOwn
	refs, _ := find(t.l, inLinked, t.key(orderRef))
	refs = slices.Concat([]order.Ref{orderRef, own}, refs)
	slices.SortFunc(refs[2:], compareRefs)
	var out []order.Linked
	for _, ref := range refs {
		if r, ok := t.Record(ref); ok {
			out = append(out, order.Linked{Ref: ref, Record: r})
		}
	}
	return out
}

// PutOrder inserts or updates an order's row, and puts it into the feed once a batch.
// A row without ID gets one. Merchant, Seq and Changed (the wall clock) are set by the
// writer.
func (t *Tx) PutOrder(row *OrderRow) { t.putOrder(row, true) }

// PutQuiet updates an order's row without telling anybody: only moments have moved that
// nobody sees (ReadAt, SweepAt).
func (t *Tx) PutQuiet(row *OrderRow) { t.putOrder(row, false) }

func (t *Tx) putOrder(row *OrderRow, loud bool) {
	if !t.known(row.Ref, true) {
		return
	}
	id, _ := find(t.l, inIDs, t.key(row.Ref))
	if row.ID == 0 {
		row.ID = id
	}
	if row.ID == 0 {
		row.ID = ident.Order(t.ID())
	}
	row.Merchant = t.m
	s := &orderState{row: *row, loud: loud}
	if old, _ := find(t.l, inOrders, orderKey{t.m, row.ID}); old != nil {
		s.stored, s.was, s.from, s.sealed, s.search, s.loud = old.stored, old.was, old.from, old.sealed, old.search, loud || old.loud
		if row.Search.none() {
			s.row.Search = old.row.Search
		}
	} else if _, ok := find(t.l, inByOrder, orderKey{t.m, row.ID}); !ok {
		put(&t.l.byOrder, orderKey{t.m, row.ID}, nil)
	}
	put(&t.l.ids, t.key(row.Ref), row.ID)
	put(&t.l.orders, orderKey{t.m, row.ID}, s)
}

// SameSearch reports whether what an order is found by is what is stored.
func (t *Tx) SameSearch(row *OrderRow) bool {
	s, _ := find(t.l, inOrders, orderKey{t.m, row.ID})
	if s == nil || !s.stored {
		return false
	}
	if !s.row.Search.none() { // changed in this batch
		return reflect.DeepEqual(s.row.Search, row.Search)
	}
	b, err := json.Marshal(row.Search)
	if err != nil {
		return false
	}
	stored, err := t.d.zip.unzip(s.search)
	return err == nil && bytes.Equal(stored, b)
}

// Effects gives the open effects of an order and its newest final ones, at most 20,
// oldest first.
func (t *Tx) Effects(id ident.Order) []effect.Effect {
	ids, ok := find(t.l, inByOrder, orderKey{t.m, id})
	if !ok && !t.new[int64(id)] {
		put(&t.need.orders, orderKey{t.m, id}, true)
	}
	if len(ids) == 0 {
		return nil
	}
	out := make([]effect.Effect, 0, len(ids))
	for _, id := range ids {
		if s, _ := find(t.l, inEffects, effectKey{t.m, id}); s != nil {
			out = append(out, s.e)
		}
	}
	return newest(out)
}

const (
	finalEffects = 20  // shown of an order
	maxKey       = 600 // bytes of an effect's key
)

// newest sorts effects by age and drops all but the newest of the final ones.
func newest(list []effect.Effect) []effect.Effect {
	slices.SortFunc(list, func(a, b effect.Effect) int { return int(min(max(a.ID-b.ID, -1), 1)) })
	final := 0
	for i := len(list) - 1; i >= 0; i-- {
		if !list[i].State.Open() {
			if final++; final > finalEffects {
				list = slices.Delete(list, i, i+1)
			}
		}
	}
	return list
}

// Effect gives one effect.
func (t *Tx) Effect(id ident.Effect) (effect.Effect, bool) {
	s, ok := find(t.l, inEffects, effectKey{t.m, id})
	if !ok && !t.new[int64(id)] {
		put(&t.need.effects, effectKey{t.m, id}, true)
	}
	if s == nil {
		return effect.Effect{}, false
	}
	return s.e, true
}

// EffectByKey gives the open goal with a key, else the newest that is final, or the
// deed with the key.
func (t *Tx) EffectByKey(key string) (effect.Effect, bool) {
	k := wordKey{t.m, "", clean(key, maxKey)}
	id, ok := find(t.l, inByKey, k)
	if !ok {
		put(&t.need.keys, k, true)
	}
	if id == 0 {
		return effect.Effect{}, false
	}
	return t.Effect(id)
}

// PutEffect inserts or updates an effect. One without ID gets one. A second open goal
// with one key, or a second deed, fails the verb with fault.Conflict.
func (t *Tx) PutEffect(e *effect.Effect) {
	if e.ID == 0 {
		e.ID = ident.Effect(t.ID())
	}
	e.Merchant = t.m
	old, ok := find(t.l, inEffects, effectKey{t.m, e.ID})
	if !ok && !t.new[int64(e.ID)] {
		put(&t.need.effects, effectKey{t.m, e.ID}, true)
		return
	}
	if e.Trace == "" && t.j != nil && e.State == effect.Waiting && e.Attempts == 0 && (old == nil || old.e.State != effect.Waiting) {
		e.Trace = t.j.trace // it is wanted anew, by this verb
	}
	put(&t.l.effects, effectKey{t.m, e.ID}, &effectState{e: *e, stored: old != nil && old.stored, was: old.loaded()})
	k := wordKey{t.m, "", clean(e.Key, maxKey)}
	if have, _ := t.keyed(k); e.State.Open() || e.Deed || have == nil || !have.e.State.Open() {
		put(&t.l.byKey, k, e.ID)
	}
	of := orderKey{t.m, e.Order}
	if ids, ok := find(t.l, inByOrder, of); (ok || t.new[int64(e.Order)]) && !slices.Contains(ids, e.ID) {
		put(&t.l.byOrder, of, append(slices.Clone(ids), e.ID))
	}
}

func (t *Tx) keyed(k wordKey) (*effectState, bool) {
	id, ok := find(t.l, inByKey, k)
	if !ok || id == 0 {
		return nil, ok
	}
	s, ok := find(t.l, inEffects, effectKey{t.m, id})
	return s, ok
}

// Reserve sets how many pieces of a SKU an order keeps; 0 takes the reservation back.
func (t *Tx) Reserve(orderID ident.Order, store ident.Store, sku string, quantity int64) {
	put(&t.l.reserves, itemKey{orderKey{t.m, orderID}, sku}, reserveState{store, quantity})
}

// Park keeps a message that could not be read, and puts it into the feed.
func (t *Tx) Park(p ParkedRow) ident.Parked {
	if p.ID == 0 {
		p.ID = ident.Parked(t.ID())
	}
	if p.State == "" {
		p.State = ParkedState
	}
	if p.At == 0 {
		p.At = t.now.UnixMilli()
	}
	p.Merchant = t.m
	t.l.parked = append(t.l.parked, p)
	t.Change(KindParked, p.ID.String())
	return p.ID
}

// UpdateParked changes State, Reason, Attempts and Retry of a parked message.
func (t *Tx) UpdateParked(p ParkedRow) {
	p.Merchant = t.m
	t.l.unparked = append(t.l.unparked, p)
	t.Change(KindParked, p.ID.String())
}

// Touch changes how an account is doing: LastPush, LastPull, the last error, the alarm
// and the cursor. A cursor, an error and an alarm are written in this transaction; a
// mere LastPush or LastPull at most once a second, so that pushes do not queue for it.
func (t *Tx) Touch(account ident.Account, f func(*AccountRow)) {
	k := laneKey{t.m, account}
	s, ok := find(t.l, inTouched, k)
	if !ok {
		s.was = t.d.health.row(k)
		s.row = s.was
	}
	s.row.Credentials = maps.Clone(s.row.Credentials)
	f(&s.row)
	put(&t.l.touched, k, s)
}

// Change puts a line into the feed.
func (t *Tx) Change(kind, id string) {
	t.l.changes = append(t.l.changes, change{m: t.m, kind: kind, id: id})
}

// Shop finds a shop of an account by the platform's id. An account of 0 means any.
func (t *Tx) Shop(account ident.Account, realm, external string) (ShopRow, bool) {
	return t.dir.shop(t.m, account, realm, external)
}

// Account gives an account with its credentials and how it was doing lately.
func (t *Tx) Account(id ident.Account) (AccountRow, bool) {
	a, ok := t.dir.Account(id)
	if !ok || a.Merchant != t.m {
		return AccountRow{}, false
	}
	if s, ok := find(t.l, inTouched, laneKey{t.m, id}); ok {
		return a.doing(&s.row), true
	}
	return t.d.health.over(a), true
}

// Store gives a store.
func (t *Tx) Store(id ident.Store) (StoreRow, bool) {
	s, ok := t.dir.Store(id)
	return s, ok && s.Merchant == t.m
}

// PutBatch begins an act on many orders.
func (t *Tx) PutBatch(b BatchRow) ident.Batch {
	if b.ID == 0 {
		b.ID = ident.Batch(t.ID())
	}
	if b.Made == 0 {
		b.Made = t.now.UnixMilli()
	}
	b.Merchant = t.m
	t.l.batches = append(t.l.batches, b)
	t.Change(KindBatch, b.ID.String())
	return b.ID
}

// PutBatchItem sets how one order of a batch is doing.
func (t *Tx) PutBatchItem(b ident.Batch, item BatchItem) {
	item.Batch = b
	t.l.items = append(t.l.items, batchItem{t.m, item})
	t.Change(KindBatch, b.String())
}
