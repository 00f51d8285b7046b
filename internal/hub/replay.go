package hub

import (
	"cmp"
	"context"
	"encoding/json"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tongdan/tongdan/channel"
	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/ident"
	"github.com/tongdan/tongdan/internal/db"
	"github.com/tongdan/tongdan/order"
)

// again makes a hub one of a replay: what was asked and decided then is given.
type again struct {
	ids map[order.Ref]ident.Order // of the orders that may be heard of for the first time
}

// ReplayOptions say what is replayed.
type ReplayOptions struct {
	Merchant ident.Merchant // 0 = all
	Order    ident.Order    // 0 = all orders
	Dir      string         // an empty folder for the scratch database; "" = a temporary one, which is removed
	Examples int            // orders whose differences are kept; 0 = 10
	Progress func(what string, n int)
}

// A ReplayReport is the difference between what is stored and what the journal gives with
// today's code.
type ReplayReport struct {
	At       int64         `json:"at"`
	TookMS   int64         `json:"took_ms"`
	Lines    int           `json:"lines"`    // of the journal that were read
	Learnt   int           `json:"learnt"`   // of them, those that say something about an order
	Orders   int           `json:"orders"`   // compared
	Erased   int           `json:"erased"`   // left out: their bytes are gone for ever
	Differ   int           `json:"differ"`   // orders
	Orderly  []ReplayOrder `json:"examples"` // of orders that differ
	Unread   int           `json:"unread"`   // lines that today's code cannot read
	Readable int           `json:"readable"` // parked lines that today's code can read
	Trouble  []db.Finding  `json:"trouble"`  // the first of the unread
}

// A ReplayOrder is one order that differs.
type ReplayOrder struct {
	Order  ident.Order   `json:"order"`
	Ref    order.Ref     `json:"ref"`
	Fields []ReplayField `json:"fields"`
	Lines  []ReplayLine  `json:"lines"` // everything that was journalled of it
}

// A ReplayField is one field that differs, and the lines of the journal that touched it.
type ReplayField struct {
	Field    string        `json:"field"`
	Stored   string        `json:"stored"`
	Replayed string        `json:"replayed"`
	By       []ident.Entry `json:"touched_by"`
}

// A ReplayLine is a line of the journal, for people.
type ReplayLine struct {
	Entry     ident.Entry  `json:"entry"`
	At        int64        `json:"at"`
	Direction db.Direction `json:"direction"`
	What      string       `json:"what"`
	Says      []string     `json:"says"` // which parts of which records
	Note      string       `json:"note,omitempty"`
}

// Replay rebuilds orders from the journal into a scratch database with today's code and
// compares them with what is stored, field by field. What people did, what was decided
// and what clocks showed is taken as given, and so is the directory as it is now. It
// writes nothing to the database that it reads; the lines that arrive meanwhile are
// replayed too, and an order that changed while it was compared is compared again.
func (h *Hub) Replay(ctx context.Context, o ReplayOptions) (rep ReplayReport, err error) {
	const op = "hub.Replay"
	began := time.Now()
	rep.At, rep.Orderly, rep.Trouble = began.UnixMilli(), []ReplayOrder{}, []db.Finding{}
	o.Examples = cmp.Or(o.Examples, 10)
	merchants, err := h.db.Merchants(ctx)
	for _, m := range merchants {
		if err == nil && (o.Merchant == 0 || o.Merchant == m.ID) {
			err = h.replayMerchant(ctx, m.ID, o, &rep)
		}
	}
	rep.TookMS = time.Since(began).Milliseconds()
	return rep, fault.Wrap(op, err)
}

func (h *Hub) replayMerchant(ctx context.Context, m ident.Merchant, o ReplayOptions, rep *ReplayReport) error {
	dir, err := os.MkdirTemp(o.Dir, "tongdan-replay-")
	if err != nil {
		return &fault.Error{Op: "hub.Replay", Code: fault.Invalid, Words: "the scratch database has no place; give another folder", Err: err}
	}
	defer os.RemoveAll(dir)
	p, err := h.player(ctx, dir, h.db.Rows(m), rep)
	if err != nil {
		return err
	}
	defer p.scratch.db.Close()
	p.body = func(e db.EntryRead) ([]byte, error) { return h.db.KnownBody(ctx, m, e) }
	p.ids = func(refs []order.Ref) (map[order.Ref]ident.Order, error) { return h.db.OrderIDs(ctx, m, refs) }
	p.progress = o.Progress
	if o.Order != 0 {
		one, err := h.db.Whole(ctx, m, o.Order)
		if fault.Is(err, fault.NotFound) {
			return nil // another merchant's
		}
		if err != nil {
			return err
		}
		lines, err := h.db.LinesOf(ctx, m, o.Order)
		if err == nil {
			err = p.play(ctx, lines)
		}
		if err != nil {
			return err
		}
		return h.compare(ctx, p, m, []*db.Whole{one}, o, true)
	}
	last := ident.Entry(0)
	forward := func() error {
		for {
			lines, err := h.db.Lines(ctx, m, last, replayMany)
			if err != nil || len(lines) == 0 {
				return err
			}
			if err := p.play(ctx, lines); err != nil {
				return err
			}
			last = lines[len(lines)-1].ID
		}
	}
	if err := forward(); err != nil {
		return err
	}
	for after := ident.Order(0); ; {
		if err := forward(); err != nil { // what has come since
			return err
		}
		list, err := h.db.Wholes(ctx, m, after, 100)
		if err != nil || len(list) == 0 {
			return err
		}
		after = list[len(list)-1].Row.ID
		if err := h.compare(ctx, p, m, list, o, false); err != nil {
			return err
		}
	}
}

const replayMany = 50 // lines of one transaction

// A player replays lines into a scratch database.
type player struct {
	scratch  *Hub
	m        ident.Merchant
	rep      *ReplayReport
	body     func(db.EntryRead) ([]byte, error)                   // of a line that only has its hash
	ids      func([]order.Ref) (map[order.Ref]ident.Order, error) // of orders
	erased   map[ident.Order]bool
	ignore   func(field string) bool // of a case: fields that are masked; nil = none
	progress func(string, int)
}

func (h *Hub) player(ctx context.Context, dir string, rows db.Rows, rep *ReplayReport) (*player, error) {
	scratch, err := db.OpenScratch(ctx, dir, rows)
	if err != nil {
		return nil, err
	}
	s := New(Options{DB: scratch, Clock: h.clock, Log: h.log, NoLanes: true})
	s.platforms, s.realms, s.names, s.again = h.platforms, h.realms, h.names, &again{}
	return &player{scratch: s, m: rows.Merchant.ID, rep: rep, erased: map[ident.Order]bool{}}, nil
}

// A said is what a line says.
type said struct {
	line   db.EntryRead
	item   channel.Item
	lesson lesson
	own    *order.Record // an act that stayed in Tongdan
}

// read reads a line with today's code; nil when it says nothing about an order.
func (p *player) read(e db.EntryRead) (*said, string, error) {
	s := &said{line: e, lesson: lesson{channel: e.Channel, account: e.Account, dir: e.Direction, at: e.At, method: e.Method, path: e.Path}}
	if e.Erased {
		p.erased[e.Order] = true
		return nil, "erased", nil
	}
	switch {
	case (e.Direction == db.Act || e.Direction == db.Decision) && e.Outcome == "done" && len(e.Body) > 0:
		s.own = new(order.Record)
		if err := json.Unmarshal(e.Body, s.own); err != nil {
			return nil, "an act that cannot be read", nil
		}
		return s, "", nil
	case e.Direction == db.Push, e.Direction == db.Pulled && e.Method == "", e.Direction == db.Call && e.Method == "":
	default:
		return nil, "", nil // an exchange of bytes whose items stand in lines of their own, or a decision
	}
	body := e.Body
	if e.Known {
		var err error
		if body, err = p.body(e); err != nil {
			return nil, "", err
		}
		if body == nil {
			p.erased[e.Order] = true
			return nil, "its bytes are erased or gone", nil
		}
	}
	if len(body) == 0 {
		return nil, "", nil
	}
	if e.Outcome == outcomeSaid {
		s.item = channel.Item{What: e.What, Ref: e.Ref}
		if err := json.Unmarshal(body, &s.item.Readings); err != nil {
			return nil, "readings that cannot be read", nil
		}
	} else {
		t, ok := p.scratch.platforms[e.Channel].(channel.Translator)
		if !ok {
			return nil, "this build has no connector that can read it again", nil
		}
		s.item = t.Translate(channel.Kept{What: e.What, Ref: e.Ref, Raw: body, At: e.At, Push: e.Direction == db.Push})
	}
	parked := e.Outcome == "parked"
	switch {
	case s.item.Err != nil && parked:
		return nil, "parked", nil
	case s.item.Err != nil:
		return nil, "cannot be read: " + reason(s.item.Err).Text, nil
	case parked && len(s.item.Readings) > 0:
		p.rep.Readable++
	}
	if len(s.item.Readings) == 0 {
		return nil, "", nil
	}
	s.item.Hints, s.item.Raw, s.item.At, s.item.Said = nil, nil, e.At.UnixMilli(), false
	s.lesson.items = []channel.Item{s.item}
	if pl, ok := p.scratch.platforms[e.Channel]; ok {
		s.lesson.realm = pl.Info().Realm
	}
	return s, "", nil
}

// play replays lines in their order.
func (p *player) play(ctx context.Context, lines []db.EntryRead) error {
	for len(lines) > 0 {
		part := lines[:min(len(lines), replayMany)]
		lines = lines[len(part):]
		var list []*said
		var keys []order.Ref
		for _, e := range part {
			p.rep.Lines++
			s, why, err := p.read(e)
			if err != nil {
				return err
			}
			if s == nil {
				if why != "" && why != "parked" && why != "erased" {
					p.unread(e, why)
				}
				continue
			}
			p.rep.Learnt++
			list = append(list, s)
			if s.own != nil {
				keys = append(keys, order.Ref{Realm: e.Ref.Realm, Kind: order.KindOrder, ID: e.Ref.ID})
			}
			keys = append(keys, refs(s.lesson.items)...)
		}
		if len(list) == 0 {
			continue
		}
		if err := p.learn(ctx, list, keys); err != nil {
			for _, s := range list { // one by one: what one cannot does not stop the others
				if err := p.learn(ctx, []*said{s}, nil); err != nil {
					if ctx.Err() != nil {
						return err
					}
					p.unread(s.line, "cannot be learnt: "+reason(err).Text)
				}
			}
		}
		if p.progress != nil {
			p.progress("journal", p.rep.Lines)
		}
	}
	return nil
}

func (p *player) unread(e db.EntryRead, why string) {
	if p.rep.Unread++; len(p.rep.Trouble) < 10 {
		p.rep.Trouble = append(p.rep.Trouble, db.Finding{Order: e.Order, What: e.ID.String() + " " + string(e.Direction) + " " + e.What, Want: "read", Got: why})
	}
}

func (p *player) learn(ctx context.Context, list []*said, keys []order.Ref) error {
	var orders []order.Ref
	for _, s := range list {
		for _, r := range refs(s.lesson.items) {
			r.Kind = order.KindOrder
			orders = append(orders, r)
		}
		if s.own != nil {
			orders = append(orders, order.Ref{Realm: s.line.Ref.Realm, Kind: order.KindOrder, ID: s.line.Ref.ID})
		}
	}
	ids, err := p.ids(orders)
	if err != nil {
		return err
	}
	p.scratch.again.ids = ids
	_, err = p.scratch.db.Do(ctx, db.Verb{Name: "replay", Merchant: p.m, Refs: keys, Class: db.Background, Alone: true, Decide: func(tx *db.Tx) error {
		for _, s := range list {
			if s.own == nil {
				if err := p.scratch.learn(tx, s.lesson); err != nil {
					return err
				}
				continue
			}
			ref := order.Ref{Realm: s.line.Ref.Realm, Kind: order.KindOwn, ID: s.line.Ref.ID}
			old, _ := tx.Record(ref)
			tx.PutRecord(ref, old.Merge(*s.own))
			ref.Kind = order.KindOrder
			row, ok := tx.Order(ref)
			if !ok {
				continue // its order is not in the journal: the comparison says so
			}
			if err := p.scratch.settle(tx, row); err != nil {
				return err
			}
		}
		return nil
	}})
	return err
}

// compare compares stored orders with the replayed ones.
func (h *Hub) compare(ctx context.Context, p *player, m ident.Merchant, list []*db.Whole, o ReplayOptions, only bool) error {
	var ids []ident.Order
	for _, w := range list {
		ids = append(ids, w.Row.ID)
	}
	got, err := p.scratch.db.WholesOf(ctx, m, ids)
	if err != nil {
		return err
	}
	replayed := map[ident.Order]*db.Whole{}
	for _, w := range got {
		replayed[w.Row.ID] = w
	}
	for _, w := range list {
		p.rep.Orders++
		d := p.differences(w, replayed[w.Row.ID])
		if len(d) > 0 && !only { // it may have changed since the journal was read
			again, err := h.db.Whole(ctx, m, w.Row.ID)
			if err != nil {
				return err
			}
			if again.Row.Seq != w.Row.Seq {
				p.rep.Orders--
				if err := p.catchUp(ctx, h, m, again, o); err != nil {
					return err
				}
				continue
			}
		}
		if len(d) == 0 {
			continue
		}
		if p.erased[w.Row.ID] {
			p.rep.Erased++
			p.rep.Orders--
			continue
		}
		if p.rep.Differ++; len(p.rep.Orderly) >= o.Examples {
			continue
		}
		lines, err := h.db.LinesOf(ctx, m, w.Row.ID)
		if err != nil {
			return err
		}
		p.rep.Orderly = append(p.rep.Orderly, p.explain(w, d, lines))
	}
	if p.progress != nil {
		p.progress("orders", p.rep.Orders)
	}
	return nil
}

// catchUp compares one order that has just changed, on a replay of its own.
func (p *player) catchUp(ctx context.Context, h *Hub, m ident.Merchant, w *db.Whole, o ReplayOptions) error {
	lines, err := h.db.LinesOf(ctx, m, w.Row.ID)
	if err == nil {
		err = p.play(ctx, lines) // merging the same again changes nothing
	}
	if err == nil {
		w, err = h.db.Whole(ctx, m, w.Row.ID)
	}
	if err != nil {
		return err
	}
	return h.compare(ctx, p, m, []*db.Whole{w}, o, true)
}

// differences compares one order: the row as today's code computes it from the replayed
// records and the given effects, the records, and what is reserved.
func (p *player) differences(have, got *db.Whole) []Difference {
	if got == nil {
		return []Difference{{"order", "is there", "is not in the journal"}}
	}
	row := got.Row
	row.Wants = have.Row.Wants // what was taken of stock is given, as acts are: the scratch has no stock
	if _, ok := p.scratch.db.ShopByID(row.Merchant, have.Row.Shop); have.Row.Shop != 0 && !ok {
		row.Account, row.Shop, row.Store = have.Row.Account, have.Row.Shop, have.Row.Store // the directory has forgotten where it lies
	}
	o, want, _, info, err := p.scratch.reckon(&row, got.Records, p.scratch.anyShop(row.Merchant), nil)
	if err != nil {
		row.Wants = nil
		o, want, _, info, _ = p.scratch.reckon(&row, got.Records, p.scratch.anyShop(row.Merchant), nil)
	}
	p.scratch.write(&row, &o, want, info, have.Effects)
	out := rowDifferences(&have.Row, &row)
	if a, b := have.Row.ReadAt, row.ReadAt; max(a-b, b-a) > readWithin {
		out = append(out, Difference{"read_at", strconv.FormatInt(a, 10), strconv.FormatInt(b, 10)})
	}
	records := map[order.Ref][2][]byte{}
	for i, w := range []*db.Whole{have, got} {
		for _, l := range w.Records {
			v := records[l.Ref]
			v[i] = toJSON(l.Record)
			records[l.Ref] = v
		}
	}
	keys := make([]order.Ref, 0, len(records))
	for k := range records {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, func(a, b order.Ref) int { return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.ID, b.ID)) })
	for _, k := range keys {
		out = append(out, jsonDifferences(recordName(k), records[k][0], records[k][1])...)
	}
	for i := range max(len(have.Reserved), len(got.Reserved)) {
		text := func(w *db.Whole) string {
			if i >= len(w.Reserved) {
				return ""
			}
			r := w.Reserved[i]
			return strconv.FormatInt(r.Quantity, 10) + " of " + r.SKU + " at " + r.Store.String()
		}
		if a, b := text(have), text(got); a != b {
			out = append(out, Difference{"reserved", a, b})
		}
	}
	if p.ignore != nil {
		out = slices.DeleteFunc(out, func(d Difference) bool { return p.ignore(d.Field) })
	}
	return out
}

func recordName(r order.Ref) string { return "record " + r.Kind + " " + r.ID }

// explain says which lines touched what differs.
func (p *player) explain(w *db.Whole, diffs []Difference, lines []db.EntryRead) ReplayOrder {
	out := ReplayOrder{Order: w.Row.ID, Ref: w.Row.Ref, Fields: []ReplayField{}, Lines: []ReplayLine{}}
	touched := map[string][]ident.Entry{} // path of a record → lines
	rep, erased := *p.rep, p.erased
	for _, e := range lines {
		l := ReplayLine{Entry: e.ID, At: e.At.UnixMilli(), Direction: e.Direction, What: e.What, Says: []string{}}
		s, why, err := p.read(e)
		switch {
		case err != nil:
			l.Note = reason(err).Text
		case s == nil:
			l.Note = why
		case s.own != nil:
			ref := e.Ref
			ref.Kind = order.KindOwn
			l.Says = partsOf(recordName(ref), *s.own)
		default:
			for _, r := range s.item.Readings {
				l.Says = append(l.Says, partsOf(recordName(r.Ref), r.Record)...)
			}
		}
		for _, k := range l.Says {
			touched[k] = append(touched[k], e.ID)
		}
		out.Lines = append(out.Lines, l)
	}
	*p.rep, p.erased = rep, erased // only looked at again
	for _, d := range diffs {
		f := ReplayField{Field: d.Field, Stored: d.Have, Replayed: d.Want, By: []ident.Entry{}}
		for k, ids := range touched {
			if causes(d.Field, k) {
				f.By = append(f.By, ids...)
			}
		}
		slices.Sort(f.By)
		f.By = slices.Compact(f.By)
		out.Fields = append(out.Fields, f)
	}
	return out
}

// partsOf names the registers, axes and children that a record has.
func partsOf(name string, r order.Record) []string {
	var out []string
	for k := range r.Regs {
		out = append(out, name+".regs."+k)
	}
	for k := range r.Axes {
		out = append(out, name+".axes."+k)
	}
	for k := range r.Kids {
		out = append(out, name+".kids."+k)
	}
	slices.Sort(out)
	return out
}

// parts are the parts of records from which a field of the row comes; what is not named
// comes from all of them.
var parts = []struct{ field, part string }{
	{"status", ".axes."}, {"summary.status", ".axes."}, {"summary.axes", ".axes."}, {"summary.axes", ".kids."}, {"summary.theirs", ".axes."}, {"flags", ".kids."}, {"flags", ".axes."},
	{"sort_at", ".regs.times"}, {"due_at", ".regs.times"}, {"due_at", ".axes."}, {"due_at", ".kids."}, {"lost_at", ".kids."}, {"summary.lost", ".kids."}, {"summary.placed_at", ".regs.times"}, {"summary.paid_at", ".regs.times"},
	{"summary.total", ".regs.bill"}, {"summary.line", ".regs.bill"}, {"summary.quantity", ".regs.bill"}, {"summary.summary", ".regs.bill"}, {"reserved", ".regs.bill"},
	{"wants.reserve", ".regs.bill"}, {"wants.reserve", ".axes."}, {"search.Names", ".regs.bill"},
	{"summary.customer", ".regs.customer"}, {"search.P", ".regs.customer"}, {"search.User", ".regs.customer"}, {"summary.remark", ".regs.remark"},
	{"shop", ".regs.shop"}, {"store", ".regs.shop"}, {"logistics", ".regs.head"}, {"summary.logistics", ".regs.head"}, {"summary.display", ".regs.head"}, {"summary.day_seq", ".regs.head"},
}

// causes reports whether a part of a record has to do with a field.
func causes(field, part string) bool {
	if strings.HasPrefix(field, "record ") {
		return strings.HasPrefix(field, part) || strings.HasPrefix(part, field)
	}
	named := false
	for _, p := range parts {
		if strings.HasPrefix(field, p.field) {
			if named = true; strings.Contains(part, p.part) {
				return true
			}
		}
	}
	return !named
}
