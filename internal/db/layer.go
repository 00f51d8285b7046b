package db

import (
	"github.com/tongdan/tongdan/effect"
	"github.com/tongdan/tongdan/ident"
	"github.com/tongdan/tongdan/order"
)

// Keys of what a batch knows.
type (
	refKey struct {
		m   ident.Merchant
		ref order.Ref
	}
	orderKey struct {
		m  ident.Merchant
		id ident.Order
	}
	effectKey struct {
		m  ident.Merchant
		id ident.Effect
	}
	wordKey struct { // a key of effects, or an alias in a realm
		m           ident.Merchant
		realm, word string
	}
	itemKey struct { // a thing below an order: a SKU
		orderKey
		sku string
	}
	laneKey struct {
		m       ident.Merchant
		account ident.Account
	}
)

// What a batch knows of a thing. A state is never changed once it is in a layer; a new
// one takes its place.
type (
	recordState struct {
		doc    []byte        // as stored
		rec    *order.Record // opened, when it was asked for
		has    bool          // there is a record, not only a hash
		seen   []byte        // hash of the last read that was journalled
		stored bool          // there is a row
	}
	orderState struct {
		row    OrderRow
		stored bool
		was    indexed   // as stored
		from   *OrderRow // as stored; nil = there is no row
		sealed []byte    // the key of its journal; nil = none yet, or erased
		search []byte    // as stored
		loud   bool      // the change is told in the feed
	}
	effectState struct {
		e      effect.Effect
		stored bool
		was    *effect.Effect // as stored; nil = not known
	}
	reserveState struct {
		store    ident.Store
		quantity int64
	}
	touchState struct {
		was, row AccountRow
	}
	laneState struct {
		epoch int64
		held  bool
	}
)

// indexed are the columns of an order that indexes are over: a change of others leaves
// those alone.
type indexed struct {
	account ident.Account
	store   ident.Store
	status  order.Status
	flags   bool
	sortAt  int64
	dueAt   int64
	sweepAt int64
	lostAt  int64
}

func indexedOf(r *OrderRow) indexed {
	return indexed{r.Account, r.Store, r.Status, r.Flags != 0, r.SortAt, r.DueAt, r.SweepAt, r.LostAt}
}

// A layer is what was loaded (base), what earlier verbs of the batch decided (batch),
// or what one verb is deciding. A look-up goes from the verb's layer down; in base, a
// key that is present was loaded, even when there is no such thing.
type layer struct {
	below *layer

	records  map[refKey]*recordState
	ids      map[refKey]ident.Order // order ref → our id, 0 = no such order
	orders   map[orderKey]*orderState
	links    map[refKey][]string    // record → platform ids of orders
	linked   map[refKey][]order.Ref // order → records
	aliases  map[wordKey]string     // → platform id of the order, "" = none
	effects  map[effectKey]*effectState
	byKey    map[wordKey]ident.Effect // 0 = none
	byOrder  map[orderKey][]ident.Effect
	reserves map[itemKey]reserveState
	lanes    map[laneKey]laneState
	touched  map[laneKey]touchState
	levels   map[levelKey]*levelState
	codes    map[codeKey]offerAt
	offers   map[offerKey]offerAt
	holds    map[holdKey]HoldRow

	moves     []MovementRow
	newLinks  []newLink
	entries   []*entryState
	parked    []ParkedRow
	unparked  []ParkedRow
	batches   []BatchRow
	items     []batchItem
	knocks    []knock
	decisions []decision
	edits     []editWrite
	changes   []change
}

type newLink struct {
	rec   refKey
	order string
}

type batchItem struct {
	m ident.Merchant
	BatchItem
}

type change struct {
	m     ident.Merchant
	kind  string
	id    string
	store ident.Store
}

// find looks a key up from a layer down.
func find[K comparable, V any](l *layer, in func(*layer) map[K]V, k K) (v V, ok bool) {
	for ; l != nil; l = l.below {
		if v, ok = in(l)[k]; ok {
			return v, true
		}
	}
	return v, false
}

// put writes a key into a map that may not exist yet.
func put[K comparable, V any](m *map[K]V, k K, v V) {
	if *m == nil {
		*m = map[K]V{}
	}
	(*m)[k] = v
}

// adopt takes over what a layer above holds: a verb that succeeded.
func (l *layer) adopt(v *layer) {
	adopt(&l.records, v.records)
	adopt(&l.ids, v.ids)
	adopt(&l.orders, v.orders)
	adopt(&l.links, v.links)
	adopt(&l.linked, v.linked)
	adopt(&l.aliases, v.aliases)
	adopt(&l.effects, v.effects)
	adopt(&l.byKey, v.byKey)
	adopt(&l.byOrder, v.byOrder)
	adopt(&l.reserves, v.reserves)
	adopt(&l.touched, v.touched)
	adopt(&l.levels, v.levels)
	adopt(&l.holds, v.holds)
	l.moves = append(l.moves, v.moves...)
	l.newLinks = append(l.newLinks, v.newLinks...)
	l.entries = append(l.entries, v.entries...)
	l.parked = append(l.parked, v.parked...)
	l.unparked = append(l.unparked, v.unparked...)
	l.batches = append(l.batches, v.batches...)
	l.items = append(l.items, v.items...)
	l.knocks = append(l.knocks, v.knocks...)
	l.decisions = append(l.decisions, v.decisions...)
	l.edits = append(l.edits, v.edits...)
	l.changes = append(l.changes, v.changes...)
}

func adopt[K comparable, V any](dst *map[K]V, src map[K]V) {
	if *dst == nil {
		*dst = src
		return
	}
	for k, v := range src {
		(*dst)[k] = v
	}
}

func inRecords(l *layer) map[refKey]*recordState     { return l.records }
func inIDs(l *layer) map[refKey]ident.Order          { return l.ids }
func inOrders(l *layer) map[orderKey]*orderState     { return l.orders }
func inLinks(l *layer) map[refKey][]string           { return l.links }
func inLinked(l *layer) map[refKey][]order.Ref       { return l.linked }
func inAliases(l *layer) map[wordKey]string          { return l.aliases }
func inEffects(l *layer) map[effectKey]*effectState  { return l.effects }
func inByKey(l *layer) map[wordKey]ident.Effect      { return l.byKey }
func inByOrder(l *layer) map[orderKey][]ident.Effect { return l.byOrder }
func inTouched(l *layer) map[laneKey]touchState      { return l.touched }

// A wanted set is what verbs named, or asked for while deciding.
type wanted struct {
	refs    map[refKey]bool
	orders  map[orderKey]bool
	effects map[effectKey]bool // true: with its order
	keys    map[wordKey]bool
	aliases map[wordKey]bool
	lanes   map[laneKey]bool
	stock   stockWanted
}

func (w *wanted) empty() bool { return w.plain() == 0 && w.stock.empty() }

// plain counts what is wanted beside stock.
func (w *wanted) plain() int {
	return len(w.refs) + len(w.orders) + len(w.effects) + len(w.keys) + len(w.aliases) + len(w.lanes)
}

func (w *wanted) ref(m ident.Merchant, r order.Ref) { put(&w.refs, refKey{m, r}, true) }

// of collects what a verb names.
func (w *wanted) of(v *Verb) {
	for _, r := range v.Refs {
		w.ref(v.Merchant, r)
	}
	for _, id := range v.Orders {
		put(&w.orders, orderKey{v.Merchant, id}, true)
	}
	for _, id := range v.Effects {
		put(&w.effects, effectKey{v.Merchant, id}, true)
	}
	for _, id := range v.Lone {
		if k := (effectKey{v.Merchant, id}); !w.effects[k] {
			put(&w.effects, k, false)
		}
	}
	for _, k := range v.Keys {
		put(&w.keys, wordKey{v.Merchant, "", clean(k, maxKey)}, true)
	}
	if v.Lane != "" {
		if k, ok := laneOf(v.Lane, v.Merchant); ok {
			put(&w.lanes, k, true)
		}
	}
}

// decode opens a stored record.
func (s *recordState) open(zip *zipper) (order.Record, error) {
	if s.rec != nil {
		return *s.rec, nil
	}
	b, err := zip.unzip(s.doc)
	if err != nil {
		return order.Record{}, err
	}
	r, err := readRecord(b)
	if err != nil {
		return order.Record{}, err
	}
	s.rec = &r
	return r, nil
}

// withOrders gives the effects that are wanted with their orders.
func (w *wanted) withOrders() map[effectKey]bool {
	var out map[effectKey]bool
	for k, with := range w.effects {
		if with {
			put(&out, k, true)
		}
	}
	return out
}
