package hub

import (
	"encoding/json"
	"slices"
	"strconv"
	"time"

	"github.com/tongdan/tongdan/effect"
	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/ident"
	"github.com/tongdan/tongdan/internal/db"
	drivers "github.com/tongdan/tongdan/internal/printer"
	"github.com/tongdan/tongdan/order"
	"github.com/tongdan/tongdan/ticket"
)

// Tickets follow from what an order is, as everything does: after each change it is reckoned
// which tickets its store's printers owe it, and what is not there yet is made, in the
// transaction of the change. What was made is noted with the order's wants (printed), so
// that none is made twice, whatever comes again; its effect carries it to paper. This file is
// the pure half.

// When a printer prints a ticket by itself.
const (
	WhenArrives  = "arrive" // an order is there and paid
	WhenAccepted = "accept" // and accepted
)

// A PrintRule says what a printer prints by itself.
type PrintRule struct {
	Ticket ticket.Kind `json:"ticket" enum:"kitchen,shop,cancel,change" doc:"cancel: when an order is cancelled after a ticket of it. change: a reminder, a refund of a part."`
	When   string      `json:"when,omitempty" enum:"arrive,accept" doc:"Of kitchen and shop; left out: accept."`
	AtOnce bool        `json:"at_once,omitempty" doc:"Pre-orders too; else theirs come when making must begin."`
	Copies int         `json:"copies,omitempty" minimum:"0" maximum:"5" doc:"0 = 1."`
	Only   []string    `json:"only,omitempty" maxItems:"30" doc:"Of the kitchen: only dishes whose name or options hold one of these words."`
}

// ofOrders reports whether it prints what is to be made.
func (r PrintRule) ofOrders() bool { return r.Ticket == ticket.Kitchen || r.Ticket == ticket.Shop }

// UsualPrints are what a new printer prints.
var UsualPrints = []PrintRule{{Ticket: ticket.Kitchen, When: WhenAccepted}, {Ticket: ticket.Cancelled}, {Ticket: ticket.Change}}

// PrinterSettings are how a printer is treated.
type PrinterSettings struct {
	Columns int         `json:"columns" enum:"32,48" doc:"Of its paper: 32 on 58 mm, 48 on 80 mm."`
	Locale  string      `json:"locale" enum:"zh-CN,en,es,pt-BR"`
	Mute    bool        `json:"mute,omitempty" doc:"A network printer that never says how it is: it is not asked."`
	Again   bool        `json:"again,omitempty" doc:"When nobody knows whether a ticket came out, print it again, marked; else a person is asked."`
	Prints  []PrintRule `json:"prints" maxItems:"20"`

	StandIn      ident.Printer `json:"stand_in,omitempty" doc:"The printer of the same store on which its tickets come out while it prints nothing; empty: none."`
	StandInAfter int           `json:"stand_in_after_s,omitempty" minimum:"0" maximum:"3600" doc:"After so many seconds in which it printed nothing, 5 at least; 0 = 180."`

	Since int64 `json:"since,omitempty"` // what was due before is not printed by itself; by the trade's clock
}

func settingsOf(p db.PrinterRow) PrinterSettings {
	s := PrinterSettings{Columns: ticket.Paper58, Locale: "zh-CN"}
	if json.Unmarshal(p.Doc, &s) != nil {
		s.Prints = nil
	}
	return s
}

// printed is a ticket that was made for an order, whether or not it is on paper yet.
type printed struct {
	Printer ident.Printer `json:"printer"`
	Ticket  ticket.Kind   `json:"ticket"`
	For     string        `json:"for,omitempty"` // of a change: a case's key, or reminder/2
}

// An owed ticket is one to be made.
type owed struct {
	printed
	rule    PrintRule
	printer db.PrinterRow
}

// oldest is how long after its moment an order still gets its first tickets by itself: what
// is found days later needs none.
const oldest = 6 * time.Hour

const sameMoment = 60_000 // ms: platforms' clocks tell seconds, and not quite ours

// printsOf tells which tickets an order is owed and has not, and when the next will be
// because making a pre-order begins then (0 = none). now and the result are by the trade's
// clock, in ms. It is pure.
func printsOf(o *order.Order, kind order.Kind, begin int64, printers []db.PrinterRow, have []printed, now int64) (out []owed, due int64) {
	if kind != order.Takeaway || !o.Complete() {
		return nil, 0
	}
	got := func(p printed) bool { return slices.Contains(have, p) }
	for _, row := range printers {
		s := settingsOf(row)
		if row.Disabled {
			continue
		}
		for _, r := range s.Prints {
			p := printed{Printer: row.ID, Ticket: r.Ticket}
			add := func(p printed) {
				if !got(p) && !slices.ContainsFunc(out, func(x owed) bool { return x.printed == p }) {
					out = append(out, owed{p, r, row})
				}
			}
			switch r.Ticket {
			case ticket.Kitchen, ticket.Shop:
				at, ok := ticketMoment(o, r.When)
				pre := o.Times.Promised > 0 && begin > 0 && !r.AtOnce
				if pre {
					at = max(at, begin)
				}
				if !ok || got(p) || at < s.Since-sameMoment || r.Ticket == ticket.Kitchen && !ticket.Has(o, r.Only) {
					continue
				}
				switch {
				case pre && begin > now:
					if due == 0 || begin < due {
						due = begin
					}
				case now-max(at, begin) < oldest.Milliseconds():
					add(p)
				}
			case ticket.Cancelled:
				if o.Status == order.StatusCancelled && slices.ContainsFunc(have, func(x printed) bool {
					return x.Printer == row.ID && (x.Ticket == ticket.Kitchen || x.Ticket == ticket.Shop)
				}) {
					add(p)
				}
			case ticket.Change:
				if !got(printed{Printer: row.ID, Ticket: ticket.Kitchen}) && !got(printed{Printer: row.ID, Ticket: ticket.Shop}) {
					continue // what it would change is on no paper of this printer
				}
				for _, key := range changesOf(o, now) {
					p.For = key
					add(p)
				}
			}
		}
	}
	return out, due
}

// ticketMoment is since when an order has been so that its ticket is printed; false when it is
// not, or not any more.
func ticketMoment(o *order.Order, when string) (at int64, ok bool) {
	at = max(o.Times.Placed, o.Times.Paid)
	switch o.Status {
	case order.StatusNew:
		return at, when == WhenArrives
	case order.StatusAccepted, order.StatusReady:
		if when != WhenArrives {
			for _, e := range o.Events {
				if e.Axis == order.AxisWork && e.State == order.WorkAccepted && e.At > 0 {
					return max(at, e.At), true
				}
			}
		}
		return at, true
	}
	return 0, false
}

// changesOf are what has changed in an order that the kitchen still has to do with: refunds
// of a part, and reminders of the last hour.
func changesOf(o *order.Order, now int64) (out []string) {
	if o.Status != order.StatusNew && o.Status != order.StatusAccepted && o.Status != order.StatusReady {
		return nil
	}
	for _, c := range o.Cases {
		if !c.Case.Full && len(c.Case.Lines) > 0 && (c.State == order.CaseAgreed || c.State == order.CaseRefunded) {
			out = append(out, c.Key)
		}
	}
	for i, r := range o.Reminders {
		if r.AnsweredAt == 0 && now-r.At < time.Hour.Milliseconds() && o.Status != order.StatusReady {
			out = append(out, reminderKey(i+1))
		}
	}
	return out
}

func reminderKey(n int) string { return "reminder/" + strconv.Itoa(n) }

// printArgs say which ticket an effect prints; its text is set when it is printed.
type printArgs struct {
	Printer ident.Printer `json:"printer"`
	Ticket  ticket.Kind   `json:"ticket"`
	For     string        `json:"for,omitempty"`
	Copies  int           `json:"copies,omitempty"`
	Only    []string      `json:"only,omitempty"`
	Copy    int           `json:"copy,omitempty"`    // the how-manieth of this ticket of the order; 0 = the first
	By      string        `json:"by,omitempty"`      // name of who asked for a copy
	Instead ident.Printer `json:"instead,omitempty"` // the printer that it was made for, which printed nothing
}

const (
	kindPrint = "print"
	kindBegin = "ticket_begin" // making of a pre-order begins: its tickets are due

	printerTarget = "printer/"
)

// lifeOf is how long a ticket is of use: a cook must not find yesterday's order.
var lifeOf = map[ticket.Kind]time.Duration{ticket.Kitchen: time.Hour, ticket.Shop: 4 * time.Hour, ticket.Cancelled: time.Hour, ticket.Change: time.Hour, ticket.Label: 4 * time.Hour, ticket.Test: 2 * time.Minute}

// deadlineAgain is until when an effect is of use that somebody opens once more; 0 = without end.
func deadlineAgain(e effect.Effect, now int64) int64 {
	if e.Kind != kindPrint && e.Kind != kindPrintLabels {
		return 0
	}
	return now + lifeOf[ticketOf(&e).Kind].Milliseconds()
}

// printEffect is the effect that prints a ticket. key is that of the deed.
func printEffect(p db.PrinterRow, of ident.Order, a printArgs, key, cause string, now int64) effect.Effect {
	nature := effect.Notice
	if d, ok := drivers.DriverOf(p.Kind); ok {
		nature = d.Info().Nature
	}
	return effect.Effect{
		Order: of, Target: printerTarget + p.ID.String(), Kind: kindPrint, Key: effect.DeedKey(key), Deed: true, Nature: nature, State: effect.Waiting, Args: toJSON(a), Cause: cause,
		NextAt: now, Deadline: now + lifeOf[a.Ticket].Milliseconds(), Made: now, Changed: now,
	}
}

// tickets makes what an order is owed and gives what it has now.
func (h *Hub) tickets(tx *db.Tx, row *db.OrderRow, o *order.Order, kind order.Kind, have []printed) []printed {
	if h.again != nil || row.Store == 0 {
		return have
	}
	printers := tx.Printers(row.Store)
	if len(printers) == 0 {
		return have
	}
	_, begin := readyBy(o, kind, h.paceOf(row))
	list, due := printsOf(o, kind, begin, printers, have, h.now().UnixMilli())
	now, quiet := tx.Now().UnixMilli(), h.quiet(row.Merchant, row.Shop) // another system prints: ours is taken as printed, so that a change of mode prints nothing old
	_, stored := tx.Order(row.Ref)                                      // a new one has another id each time this runs, and no effects
	for _, x := range list {
		key := "print " + row.ID.String() + " " + x.Printer.String() + " " + string(x.Ticket) + " " + x.For
		there := false
		if stored {
			_, there = tx.EffectByKey(effect.DeedKey(key))
		}
		if !there && !quiet {
			e := printEffect(x.printer, row.ID, printArgs{Printer: x.Printer, Ticket: x.Ticket, For: x.For, Copies: x.rule.Copies, Only: x.rule.Only}, key, "want", now)
			tx.PutEffect(&e)
		}
		have = append(have, x.printed)
	}
	if due > 0 {
		h.beginLater(tx, row.ID, stored, h.wallMS(due), now)
	}
	return have
}

// beginLater has an order looked at again when making it begins.
func (h *Hub) beginLater(tx *db.Tx, id ident.Order, stored bool, at, now int64) {
	key := effect.GoalKey("order/"+id.String(), kindBegin, "")
	var e effect.Effect
	ok := false
	if stored {
		e, ok = tx.EffectByKey(key)
	}
	switch {
	case ok && e.State == effect.Waiting && e.NextAt-at < 1000 && at-e.NextAt < 1000:
		return
	case !ok || !e.State.Open():
		e = effect.Effect{Order: id, Target: "ticket/" + id.String(), Kind: kindBegin, Key: key, Nature: effect.Absolute, Cause: "want", Made: now}
	case e.State != effect.Waiting:
		return
	}
	e.State, e.NextAt, e.Changed = effect.Waiting, at, now
	tx.PutEffect(&e)
}

var (
	whyCancelled = fault.Because("print_cancelled", "the order was cancelled before this was printed")
	whyNothing   = fault.Because("print_nothing", "nothing of the order had been printed")
	whyExpired   = fault.Because("print_expired", "it was not printed in its time and is not wanted any more")
	whyGone      = fault.Because("printer_removed", "the printer has been removed or switched off")
	whyUntold    = fault.Because("print_untold", "nobody can say whether it was printed: look, and print it again if it was not")
)
