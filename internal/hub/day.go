package hub

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/ident"
	"github.com/tongdan/tongdan/internal/db"
	"github.com/tongdan/tongdan/order"
)

// A Day is what the messages of a period said that customers did, and how platforms told
// of it: to be played again. It holds times, kinds and counts, and nothing of what was in
// the messages.
type Day struct {
	Lives  []Life
	Lines  int // of the journal that were read
	Stored int // lives whose content is not in the journal any more: taken from the stored orders
	Staff  int // cancels by the merchant or by the platform itself, which are not customers' deeds
}

// A Life is one order: when it was bought, how much, and what its customer did afterwards.
type Life struct {
	Channel string
	Placed  int64 // UTC ms
	Lines   int
	Pieces  int
	Sent    Sending // how the platform told of the purchase
	Deeds   []Deed  // by time
}

// A Deed is something that a customer did with an order.
type Deed struct {
	Kind string // DeedRemind, …
	At   int64  // UTC ms
	Sent Sending
}

// The kinds of deeds.
const (
	DeedRemind   = "remind"
	DeedCancel   = "cancel"      // before the merchant accepted, or at a platform where it is a buyer's right
	DeedRefund   = "refund"      // asks for the whole order's money
	DeedPart     = "refund_part" // asks for that of some pieces
	DeedWithdraw = "withdraw"    // takes a request back
	DeedAppeal   = "appeal"      // against a refusal
)

// Sending is what became of the messages that told of one thing.
type Sending struct {
	Late    time.Duration // of the first message; 0 = at once
	Lost    bool          // no message told of it: it was found by reading
	Doubled int           // how often it was told again
	Swapped bool          // something later was told before it
}

// inTime is within what a message counts as told at once: platforms date by the second,
// and build a push in some.
const inTime = 10 * time.Second

// maxDay bounds the lives of a day.
const maxDay = 200_000

// Day reads what came in a period that ends with the newest order. The messages come from
// the journal and are read with today's code, as for Replay; which orders the period has is
// read from the stored orders, which also stand in for messages whose bytes are erased or
// elsewhere. It only reads, and may run beside a server.
func (h *Hub) Day(ctx context.Context, period time.Duration, progress func(what string, n int)) (*Day, error) {
	const op = "hub.Day"
	merchants, err := h.db.Merchants(ctx)
	if err != nil {
		return nil, fault.Wrap(op, err)
	}
	var newest int64
	stored := make([][]dayOrder, len(merchants))
	for i, m := range merchants {
		if stored[i], err = h.storedDay(ctx, m.ID, period, &newest); err != nil {
			return nil, fault.Wrap(op, err)
		}
	}
	out := &Day{}
	for i, m := range merchants {
		r := &dayReader{day: out, player: &player{scratch: h, m: m.ID, rep: &ReplayReport{}, erased: map[ident.Order]bool{}}, lives: map[order.Ref]*dayLife{}}
		r.player.body = func(e db.EntryRead) ([]byte, error) { return h.db.KnownBody(ctx, m.ID, e) }
		first := ident.Entry(0)
		for _, o := range stored[i] {
			if o.placed >= newest-period.Milliseconds() {
				r.lives[o.ref] = &dayLife{stored: o}
				r.refs = append(r.refs, o.ref)
				if begin := ident.Entry(int64(o.id) - int64(time.Minute/time.Millisecond)<<22); first == 0 || begin < first {
					first = begin // the line that made it has an id of the same moment
				}
			}
		}
		if len(r.lives) == 0 {
			continue
		}
		for {
			lines, err := h.db.Lines(ctx, m.ID, first, 10*replayMany)
			if err != nil {
				return nil, fault.Wrap(op, err)
			}
			if len(lines) == 0 {
				break
			}
			for _, e := range lines {
				if err := r.line(e); err != nil {
					return nil, fault.Wrap(op, err)
				}
			}
			first = lines[len(lines)-1].ID
			if out.Lines += len(lines); progress != nil {
				progress("journal", out.Lines)
			}
		}
		r.close()
	}
	slices.SortStableFunc(out.Lives, func(a, b Life) int { return cmp.Compare(a.Placed, b.Placed) })
	return out, nil
}

// A dayOrder is what of a stored order stands in for its messages.
type dayOrder struct {
	id      ident.Order
	ref     order.Ref
	channel string
	placed  int64
	lines   int
	pieces  int
}

// storedDay lists the orders of a merchant that may belong to the period; newest is raised
// to the newest of all.
func (h *Hub) storedDay(ctx context.Context, m ident.Merchant, period time.Duration, newest *int64) (out []dayOrder, err error) {
	f := db.Filter{Sort: db.SortNewest, Limit: 200}
	for {
		rows, next, err := h.db.Orders(ctx, db.Scope{Merchant: m}, f)
		if err != nil {
			return nil, err
		}
		for _, row := range rows {
			var s struct {
				Placed int64 `json:"placed_at"`
				Lines  int   `json:"line_count"`
				Pieces int64 `json:"quantity"`
			}
			if err := json.Unmarshal(row.Summary, &s); err != nil {
				return nil, err
			}
			o := dayOrder{row.ID, row.Ref, row.Channel, cmp.Or(s.Placed, row.SortAt), s.Lines, int(min(s.Pieces, 1000))}
			*newest = max(*newest, o.placed)
			if o.placed < *newest-period.Milliseconds() {
				return out, nil
			}
			if len(out) == maxDay {
				return nil, fault.New("hub.Day", fault.TooLarge, fmt.Sprintf("there are more than %d orders in %v: choose a shorter period", maxDay, period))
			}
			out = append(out, o)
		}
		if f.Cursor = next; next == "" {
			return out, nil
		}
	}
}

// A dayLife is a life while the journal is read.
type dayLife struct {
	stored  dayOrder
	life    Life
	content bool             // a message with the bill was read
	due     int64            // when the platform had it to tell, UTC ms
	what    string           // the kind of the push that told of it first
	first   int64            // when that came
	told    bool             // a push has come
	latest  int64            // the latest moment that a push named
	hinted  int64            // when the last push came that only says what to read
	hashes  map[string]bool  // of those
	deeds   map[string]*Deed // by what they are about
}

// A dayReader reads the journal of one merchant.
type dayReader struct {
	day    *Day
	player *player
	lives  map[order.Ref]*dayLife
	refs   []order.Ref // of the lives, newest first
}

// line takes what one line says about the orders of the day.
func (r *dayReader) line(e db.EntryRead) error {
	push := e.Direction == db.Push
	if e.Known && !push {
		return nil // the same as before
	}
	if push && e.Ref.Kind == order.KindOrder {
		if l := r.lives[e.Ref]; l != nil {
			defer func() { l.told = true }()
		}
	}
	s, _, err := r.player.read(e)
	if err != nil {
		return err
	}
	if s == nil || s.own != nil {
		if l := r.lives[e.Ref]; push && l != nil && len(e.Hash) > 0 { // a hint to read
			if l.hashes[string(e.Hash)] {
				l.life.Sent.Doubled++
			}
			if l.hashes == nil {
				l.hashes = map[string]bool{}
			}
			l.hashes[string(e.Hash)] = true
			l.hinted = e.At.UnixMilli()
			if l.what == "" {
				l.what, l.first = e.What, l.hinted
			}
		}
		return nil
	}
	for _, reading := range s.item.Readings {
		if l := r.lives[reading.Ref]; l != nil && reading.Ref.Kind == order.KindOrder {
			r.reading(l, e, push, reading.Record)
		}
	}
	return nil
}

// reading takes what a message says about one order.
func (r *dayReader) reading(l *dayLife, e db.EntryRead, push bool, rec order.Record) {
	at := e.At.UnixMilli()
	moment := latest(rec)
	swapped := push && moment > 0 && moment < l.latest
	if push {
		l.latest = max(l.latest, moment)
	}
	if bill, ok := order.Get[order.Bill](rec, order.RegBill); ok && len(bill.Lines) > 0 {
		if !l.content {
			l.content = true
			l.life.Lines, l.life.Pieces = len(bill.Lines), 0
			for _, line := range bill.Lines {
				l.life.Pieces += int(min(max(line.Quantity, 0), 1000))
			}
		}
		if t, ok := order.Get[order.Times](rec, order.RegTimes); ok {
			l.life.Placed = cmp.Or(l.life.Placed, t.Placed)
			l.due = cmp.Or(l.due, t.Paid, t.Placed)
		}
		switch {
		case !push:
		case l.what == "":
			l.what, l.first = e.What, at
			l.life.Sent.Swapped = l.told
		case l.what == e.What:
			l.life.Sent.Doubled++
		}
	}
	g := grammar(r.player.scratch.info(e.Channel, ""))
	deed := func(key, kind string, when int64) {
		if l.deeds == nil {
			l.deeds = map[string]*Deed{}
		}
		when = cmp.Or(when, at)
		d := l.deeds[key+kind]
		switch {
		case d == nil && push:
			l.deeds[key+kind] = &Deed{Kind: kind, At: when, Sent: Sending{Late: late(at - when), Swapped: swapped}}
		case d == nil: // by a read, which a push may have asked for
			l.deeds[key+kind] = &Deed{Kind: kind, At: when, Sent: Sending{Lost: l.hinted < when}}
		case push && d.Sent.Lost: // it came after all
			d.Sent = Sending{Late: late(at - when), Swapped: swapped}
		case push:
			d.Sent.Doubled++
		}
	}
	for _, said := range rec.Axes[order.AxisWork] {
		if g.Axes[order.On{Kind: order.KindOrder, Axis: order.AxisWork}].Words[said.State].Is != order.WorkCancelled {
			continue
		}
		switch said.Who {
		case "user", "service", "buyer":
			deed("", DeedCancel, said.At)
		case "":
		default:
			deed("", "", said.At)
		}
	}
	for name, kid := range rec.Kids {
		if reminder, ok := order.Get[order.Reminder](kid, order.RegReminder); ok {
			deed(name, DeedRemind, reminder.At)
		}
		c, ok := order.Get[order.Case](kid, order.RegCase)
		if !ok || c.ByShop {
			continue
		}
		for _, said := range kid.Axes[order.AxisCase] {
			switch g.Axes[order.On{Kind: order.KidCase, Axis: order.AxisCase}].Words[said.State].Is {
			case order.CaseAsked:
				kind := DeedPart
				if c.Full {
					kind = DeedRefund
				}
				deed(name, kind, cmp.Or(c.AskedAt, said.At))
			case order.CaseWithdrawn:
				deed(name, DeedWithdraw, said.At)
			case order.CaseAppealed:
				deed(name, DeedAppeal, said.At)
			}
		}
	}
}

// late is how late a message came, 0 for one that came in time.
func late(ms int64) time.Duration {
	if d := time.Duration(ms) * time.Millisecond; d > inTime {
		return d
	}
	return 0
}

// latest is the latest moment that a record names for a state.
func latest(rec order.Record) (at int64) {
	for _, trail := range rec.Axes {
		for _, said := range trail {
			at = max(at, said.At)
		}
	}
	for _, kid := range rec.Kids {
		at = max(at, latest(kid))
	}
	return at
}

// close puts the lives of a merchant into the day.
func (r *dayReader) close() {
	for _, ref := range slices.Backward(r.refs) {
		l := r.lives[ref]
		x := l.life
		x.Channel = l.stored.channel
		if !l.content {
			r.day.Stored++
			x.Lines, x.Pieces = l.stored.lines, l.stored.pieces
		}
		x.Placed = cmp.Or(x.Placed, l.stored.placed)
		if x.Sent.Lost = l.content && l.first == 0; l.first > 0 && l.due > 0 {
			x.Sent.Late = late(l.first - l.due)
		}
		whole := false // a refund of all ends an order with a cancel
		keys := slices.Sorted(maps.Keys(l.deeds))
		for _, d := range l.deeds {
			whole = whole || d.Kind == DeedRefund
		}
		for _, key := range keys {
			switch d := l.deeds[key]; {
			case d.Kind == "":
				r.day.Staff++
			case d.Kind == DeedCancel && whole:
			default:
				x.Deeds = append(x.Deeds, *d)
			}
		}
		slices.SortStableFunc(x.Deeds, func(a, b Deed) int { return cmp.Compare(a.At, b.At) })
		r.day.Lives = append(r.day.Lives, x)
	}
}
