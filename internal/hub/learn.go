package hub

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/tongdan/tongdan/channel"
	"github.com/tongdan/tongdan/effect"
	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/ident"
	"github.com/tongdan/tongdan/internal/db"
	"github.com/tongdan/tongdan/order"
)

// A lesson is something a platform said, by whatever way it came.
type lesson struct {
	channel string
	realm   string
	app     ident.App
	account ident.Account // 0 = found by the shop that the message names
	dir     db.Direction
	path    string          // of a push, for the journal and for a retry
	method  string          //
	retry   json.RawMessage // how to try again, when an item has to be parked
	at      time.Time       // by the trade's clock
	items   []channel.Item
	whole   bool         // what is here may be older than what was done before: ask for all that is named
	told    *ident.Order // where to note whom it was about, for a trace; nil = nobody asks
}

// refs are the keys that learning needs loaded.
func refs(items []channel.Item) []order.Ref {
	var out []order.Ref
	add := func(r order.Ref) {
		if r.ID != "" && !slices.Contains(out, r) {
			out = append(out, r)
		}
	}
	for _, it := range items {
		for _, r := range it.Readings {
			add(r.Ref)
			for _, id := range r.Orders {
				add(order.Ref{Realm: r.Ref.Realm, Kind: order.KindOrder, ID: id})
			}
		}
		for _, hint := range it.Hints {
			add(hint.Ref)
		}
	}
	return out
}

// keys are the effect keys that learning looks up.
func (h *Hub) keys(l lesson) []string {
	var out []string
	for _, it := range l.items {
		for _, hint := range it.Hints {
			out = append(out, readKey(l.account, hint.Ref))
		}
		for _, r := range it.Readings {
			for _, id := range r.Orders {
				out = append(out, readKey(l.account, order.Ref{Realm: r.Ref.Realm, Kind: order.KindOrder, ID: id}))
			}
		}
	}
	return out
}

// learn writes what a platform said and everything that follows from it: journal,
// records, links, the orders' wants and summaries, reads to be made. It runs inside a
// transaction and may run twice.
func (h *Hub) learn(tx *db.Tx, l lesson) error {
	for _, it := range l.items {
		if err := h.learnItem(tx, l, it); err != nil {
			return err
		}
	}
	return nil
}

func (h *Hub) learnItem(tx *db.Tx, l lesson, it channel.Item) error {
	if it.At > 0 {
		l.at = time.UnixMilli(it.At) // what it says it said then: replay has this moment from the journal
	}
	entry := db.Entry{At: l.at, Direction: l.dir, What: it.What, Channel: l.channel, Account: l.account, Ref: it.Ref, Method: l.method, Path: l.path, Body: it.Raw}
	if it.Err != nil {
		entry.Outcome, entry.Error = "parked", string(fault.CodeOf(it.Err))
		if h.again != nil {
			return nil
		}
		id := tx.Journal(entry)
		tx.Park(db.ParkedRow{
			App: l.app, Account: l.account, Channel: l.channel, What: it.What, Why: reason(it.Err),
			Size: len(it.Raw), Entry: id, Retry: h.retryOf(l, it),
		})
		return nil
	}
	if it.Said {
		entry.Body, entry.Outcome = toJSON(it.Readings), outcomeSaid
	}
	var touched []order.Ref
	news := l.whole
	for _, r := range it.Readings {
		if old, _ := tx.Record(tx.Resolve(r.Ref)); r.Record.Newer(old) {
			news = true
		}
		ref, err := h.merge(tx, r)
		if err != nil {
			return err
		}
		for _, id := range tx.OrdersOf(ref) {
			if o := (order.Ref{Realm: ref.Realm, Kind: order.KindOrder, ID: id}); !slices.Contains(touched, o) {
				touched = append(touched, o)
			}
		}
	}
	for _, ref := range touched {
		row, known := tx.Order(ref)
		if !known {
			if ref.Kind == order.KindOrder && !slices.ContainsFunc(it.Readings, func(r order.Reading) bool { return tx.Resolve(r.Ref) == ref }) {
				h.askRead(tx, l.account, l.app, ref, 0, "named by "+it.What) // a parcel came before its order
				continue
			}
			row = &db.OrderRow{Merchant: tx.Merchant(), ID: h.newOrder(tx, ref), Ref: ref, Channel: l.channel, Account: l.account, SortAt: l.at.UnixMilli()}
		}
		if row.Account == 0 {
			row.Account = l.account
		}
		if l.dir == db.Pulled && !listed(it) {
			row.ReadAt = l.at.UnixMilli()
		}
		if entry.Order == 0 {
			entry.Order = row.ID
		}
		if err := h.settle(tx, row); err != nil {
			return err
		}
	}
	if h.again != nil {
		return nil // the journal has it, and what was asked then is given
	}
	if l.dir == db.Pulled && it.Ref.ID != "" && len(entry.Body) > 0 {
		entry.Known = tx.Seen(it.Ref, entry.Body)
	}
	tx.Journal(entry)
	if l.told != nil {
		*l.told = entry.Order
	}
	for _, hint := range it.Hints {
		ref := tx.Resolve(hint.Ref)
		if hint.IfNews && !news {
			if _, read := tx.Record(ref); read {
				continue
			}
		}
		if hint.IfUnknown || hint.Later > 0 {
			row, ok := tx.Order(ref)
			switch here := ok && known(row); {
			case here && hint.IfUnknown:
				continue
			case here:
				hint.After = hint.Later
			}
		}
		account, app := l.account, l.app
		if row, ok := tx.Order(ref); ok && account == 0 && row.Account != 0 { // the message names no shop; the order knows
			account, app = row.Account, h.appOf(tx, row.Account)
		}
		h.askReadIf(tx, account, app, readArgs{Ref: ref, Why: hint.Why, IfUnknown: hint.IfUnknown, Of: hint.Of}, hint.After, hint.Old)
	}
	return nil
}

// listed reports whether an item is a row of a search. It tells of the order alone and not of
// its parcels, so that it must not put off the sweep, which reads those: a list that is
// searched wide again and again would put it off for ever.
func listed(it channel.Item) bool {
	return slices.ContainsFunc(it.Readings, func(r order.Reading) bool {
		return r.Record.Regs[order.RegHead].Stamp.Class == order.ClassRow
	})
}

// outcomeSaid marks a line of the journal whose body is readings: see channel.Item.Said.
const outcomeSaid = "said"

// newOrder draws the id of an order that is heard of for the first time; a replay gives
// it the one that it has.
func (h *Hub) newOrder(tx *db.Tx, ref order.Ref) ident.Order {
	if h.again != nil {
		if id := h.again.ids[ref]; id != 0 {
			return id
		}
	}
	return ident.Order(tx.ID())
}

// merge joins a reading into its record.
func (h *Hub) merge(tx *db.Tx, r order.Reading) (order.Ref, error) {
	ref := tx.Resolve(r.Ref)
	old, _ := tx.Record(ref)
	merged := old.Merge(r.Record)
	if err := merged.Check(); err != nil {
		return ref, err
	}
	tx.PutRecord(ref, merged)
	for _, id := range r.Orders {
		tx.Link(ref, id)
	}
	for _, l := range r.Links {
		tx.Link(l, ref.ID)
	}
	for _, a := range r.Aliases {
		if a != ref.ID {
			tx.Alias(ref.Realm, a, ref.ID)
		}
	}
	return ref, nil
}

// settle folds an order again and writes what follows from it: reservations, what is
// asked of the platform, effects that have come true or can no longer, the row. A fold
// that shows nothing new writes nothing.
func (h *Hub) settle(tx *db.Tx, row *db.OrderRow) error {
	lay := row.Store
	o, want, have, info, err := h.reckon(row, tx.Linked(row.Ref), tx.Shop, func(o *order.Order, shop db.ShopRow, have []taken) []taken {
		return h.take(tx, row, o, shop, have)
	})
	if err != nil {
		return err
	}
	want.Printed = h.tickets(tx, row, &o, kindOf(&o, info), have.Printed)
	d := order.Diff(have.Wants, want.Wants)
	for _, m := range d.Reserve {
		tx.Reserve(row.ID, row.Store, m.SKU, m.To)
	}
	if row.Store != lay { // with its shop: what it keeps is kept there from now on
		for sku, n := range want.Reserve {
			tx.Reserve(row.ID, row.Store, sku, n)
		}
	}
	for _, ask := range d.Asks {
		switch {
		case h.again != nil: // what was asked then is given
		case ask == order.AskRead:
			h.askRead(tx, row.Account, h.appOf(tx, row.Account), row.Ref, 0, "incomplete")
		case ask == order.AskAcknowledge:
			if _, err := h.askAct(tx, row, &o, channel.Act{Kind: channel.Acknowledge}, "want", ""); err != nil {
				return err
			}
		}
	}
	if slices.Contains(have.Asks, order.AskRead) && slices.Contains(want.Asks, order.AskRead) {
		// Read and still incomplete: again, less and less often.
		now := h.now().UnixMilli()
		h.askRead(tx, row.Account, h.appOf(tx, row.Account), row.Ref, now+max(time.Minute.Milliseconds(), (now-row.SortAt)/10), "still incomplete")
	}
	h.observe(tx, row, &o)
	if err := h.settleRides(tx, row, &o, info); err != nil {
		return err
	}
	h.questions(tx, row, &o, info)
	h.write(row, &o, want, info, tx.Effects(row.ID))
	if old, ok := tx.Order(row.Ref); ok {
		found := tx.SameSearch(row)
		if found {
			row.Search = db.SearchText{} // what is stored stays
		}
		if found && bytes.Equal(old.Summary, row.Summary) && bytes.Equal(old.Wants, row.Wants) && old.Shop == row.Shop {
			if h.readOtherwise(old, row) {
				row.Changed = old.Changed
				tx.PutQuiet(row) // nothing that anybody can see
			}
			return nil
		}
	}
	tx.PutOrder(row)
	return nil
}

// readOtherwise reports whether the moment at which an order is read again has moved by what is worth
// a write: by a tenth of the time until then. What happens to an order happens within seconds, mostly,
// and reads are minutes apart.
func (h *Hub) readOtherwise(old, row *db.OrderRow) bool {
	if old.SweepAt == row.SweepAt && old.ReadAt == row.ReadAt {
		return false
	}
	left := row.SweepAt - h.now().UnixMilli()
	return row.SweepAt < old.SweepAt || readParts*(row.SweepAt-old.SweepAt) >= left || readParts*(row.ReadAt-old.ReadAt) >= left
}

const (
	readParts  = 10
	readWithin = int64(time.Hour/time.Millisecond) / readParts // so far ReadAt may be behind: no two reads of an open order are further apart than an hour
)

// A shopFinder finds a shop of an account (0 = any) by the platform's id.
type shopFinder = func(account ident.Account, realm, external string) (db.ShopRow, bool)

// A taker books what an order takes of stock, given what was taken for it before.
type taker = func(o *order.Order, shop db.ShopRow, have []taken) []taken

// reckon folds an order, finds its place (account, shop and store of row) and says what
// it wants, beside what was wanted before. It is pure but for the row and for take:
// without one, what was taken of stock stays as it is, which is how verify and replay
// compute what is stored.
func (h *Hub) reckon(row *db.OrderRow, recs []order.Linked, shopOf shopFinder, take taker) (o order.Order, want, have wants, info *channel.Info, err error) {
	if len(row.Wants) > 0 {
		if err := json.Unmarshal(row.Wants, &have); err != nil {
			return o, want, have, nil, &fault.Error{Op: "hub.reckon", Code: fault.Internal, Ref: row.ID.String(), Err: err}
		}
	}
	info = h.info(row.Channel, row.Ref.Realm)
	o = h.fold(row, recs, info)
	was := row.Account
	h.place(shopOf, row, &o, info)
	if row.Account != was { // the account has a say in its deadlines
		o = h.fold(row, recs, info)
	}
	h.dueReady(row, &o, kindOf(&o, info))
	shop, bound := shopOf(row.Account, row.Ref.Realm, o.ShopID)
	want.Printed = have.Printed
	if want.Taken = have.Taken; take != nil {
		want.Taken = take(&o, shop, have.Taken)
	}
	lacks(&o, want.Taken)
	want.Wants = order.WantsOf(&o, grammar(info))
	if !bound || shop.Mode != ModeFull {
		want.Asks = slices.DeleteFunc(want.Asks, func(a string) bool { return a != order.AskRead })
	}
	if !bound {
		want.Reserve = nil // no stock moves until it is known where it lies
	}
	return o, want, have, info, nil
}

// write fills the row from what was reckoned and the order's effects.
func (h *Hub) write(row *db.OrderRow, o *order.Order, want wants, info *channel.Info, effects []effect.Effect) {
	h.columns(row, o, info)
	row.Wants = toJSON(want)
	row.Summary = toJSON(h.summarise(row, o, info, effects))
}

// place finds account, shop and store of an order: facts that may come later. An order of a
// shop that was bound and is not any more stays where it is; that is said while it is open.
func (h *Hub) place(shopOf shopFinder, row *db.OrderRow, o *order.Order, info *channel.Info) {
	if o.ShopID == "" {
		return
	}
	shop, ok := shopOf(row.Account, row.Ref.Realm, o.ShopID)
	if !ok {
		if row.Shop != 0 && (o.Status == order.StatusDone || o.Status == order.StatusCancelled || o.Status == order.StatusReplaced) {
			return
		}
		why := fault.Because("issue_unbound", "this shop is not bound to a store yet: bind it under Connections")
		o.Issues = append(o.Issues, order.Found(order.SevWarn, IssueUnbound, "", why))
		return
	}
	row.Account, row.Shop, row.Store = shop.Account, shop.ID, shop.Store
	if info == nil {
		row.Channel = shop.Channel
	}
}

// IssueUnbound says that an order's shop is known to the platform and not yet to us.
const IssueUnbound = "shop_not_bound"

// observe ends effects whose goal has come true by other means (a push was faster than
// the answer, a person used the platform's own app) or can no longer come true. One
// that is being sent is left to its answer.
func (h *Hub) observe(tx *db.Tx, row *db.OrderRow, o *order.Order) {
	for _, e := range tx.Effects(row.ID) {
		if inHouse(e.Kind) || isRide(e.Kind) || e.State != effect.Waiting && e.State != effect.Unknown && e.State != effect.Person {
			continue
		}
		switch kind := order.ActionKind(e.Kind); {
		case kind == channel.Acknowledge:
			if e.State == effect.Waiting && o.Status != order.StatusNew {
				e.State, e.Why = effect.Void, fault.Because("not_needed", "no longer needed")
			}
		case order.Achieved(o, kind, e.Case):
			e.State, e.Why, e.Code = effect.Done, fault.Reason{}, ""
		case e.State != effect.Unknown:
			if why, yes := order.Impossible(o, kind, e.Case); yes {
				e.State, e.Why, e.Code = effect.Void, why, fault.Conflict
			}
		}
		if !e.State.Open() {
			e.Changed = tx.Now().UnixMilli()
			tx.PutEffect(&e)
		}
	}
}

// columns fills what lists filter by.
func (h *Hub) columns(row *db.OrderRow, o *order.Order, info *channel.Info) {
	row.Status, row.Flags, row.Kind, row.Logistics = o.Status, db.FlagsOf(o.Flags), kindOf(o, info), o.Head.Logistics
	if o.Times.Placed > 0 {
		row.SortAt = o.Times.Placed
	}
	row.DueAt = 0
	if len(o.Deadlines) > 0 {
		row.DueAt = o.Deadlines[0].At
	}
	row.LostAt = 0
	for _, c := range o.Cases {
		row.LostAt = max(row.LostAt, c.LostAt)
	}
	row.Changed = h.now().UnixMilli()
	row.SweepAt = h.sweepAt(row, info)
	row.Search = searchText(o)
}

// kindOf is how an order leaves: as it says, else as its platform's do.
func kindOf(o *order.Order, info *channel.Info) order.Kind {
	if o.Head.Kind == "" && info != nil {
		return info.Kind
	}
	return o.Head.Kind
}

// refundsFor is how long after an order was placed its customer is likely to ask for a refund. A platform
// that agrees by itself is looked at that often until then: the message may be lost that tells of it.
const refundsFor = 2 * time.Hour

// sweepAt says when an order is read again because no push may come.
func (h *Hub) sweepAt(row *db.OrderRow, info *channel.Info) int64 {
	if info == nil || info.SweepEvery == 0 {
		return 0
	}
	every := info.SweepEvery.Milliseconds()
	pushed, within := true, grammar(info).RefundWithin
	if a, ok := h.db.AccountByID(row.Merchant, row.Account); ok {
		if app, ok := h.db.AppByID(a.App); ok && app.PublicURL == "" {
			every, pushed = min(every, info.PullEvery.Milliseconds()), false // no push will ever come
		}
		if a.BigChain {
			within = grammar(info).RefundChain
		}
	}
	since := max(row.ReadAt, row.SortAt)
	switch row.Status {
	case order.StatusCancelled, order.StatusReplaced:
		return 0
	case order.StatusDone, order.StatusDelivered:
		if since > row.SortAt+(48*time.Hour).Milliseconds() {
			return 0 // nothing more is expected
		}
		if within > 0 && (!pushed || since < row.SortAt+refundsFor.Milliseconds()) {
			return since + max(every, min(time.Hour, within/2).Milliseconds()) // what nobody has told is to be answered in the other half
		}
		every = max(every, time.Hour.Milliseconds())
	}
	if pushed {
		since = max(since, min(h.now().UnixMilli(), since+every)) // it was just heard of: once the time more, and no longer
	}
	return since + every
}

// known reports whether an order's content has arrived.
func known(row *db.OrderRow) bool {
	var w order.Wants
	return json.Unmarshal(row.Wants, &w) == nil && !slices.Contains(w.Asks, order.AskRead) &&
		!slices.ContainsFunc(w.Issues, func(i order.Issue) bool { return i.Code == order.IssueNoBill }) // a cancelled one asks for nothing
}

func (h *Hub) appOf(tx *db.Tx, id ident.Account) ident.App {
	if a, ok := tx.Account(id); ok {
		return a.App
	}
	return 0
}

func grammar(info *channel.Info) *order.Grammar {
	if info == nil || info.Grammar == nil {
		return &order.Grammar{}
	}
	return info.Grammar
}

// reason says why a message could not be read.
func reason(err error) fault.Reason {
	if why := fault.ReasonOf(err); !why.IsZero() {
		return why
	}
	return fault.Because("unreadable", "it cannot be read ({kind})", "kind", string(fault.CodeOf(err)))
}

func searchText(o *order.Order) db.SearchText {
	s := db.SearchText{Numbers: []string{o.Ref.ID}, DaySeq: o.Head.DaySeq}
	for _, n := range []string{o.Head.Display, o.Head.Pack} {
		if n != "" && !slices.Contains(s.Numbers, n) {
			s.Numbers = append(s.Numbers, n)
		}
	}
	if o.Bill != nil {
		for _, l := range o.Bill.Lines {
			if l.Name != "" && !slices.Contains(s.Names, l.Name) {
				s.Names = append(s.Names, l.Name)
			}
		}
	}
	if c := o.Customer; c != nil {
		if c.Phone != "" {
			s.Phones = strings.FieldsFunc(c.Phone, func(r rune) bool { return r == '_' || r == ',' }) // a relay and its extension
		}
		if c.Name != "" {
			s.Persons = []string{c.Name}
		}
		s.UserRef = c.UserRef
	}
	return s
}
