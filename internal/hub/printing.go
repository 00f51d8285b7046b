package hub

import (
	"context"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tongdan/tongdan/channel"
	"github.com/tongdan/tongdan/effect"
	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/ident"
	"github.com/tongdan/tongdan/internal/db"
	"github.com/tongdan/tongdan/internal/lane"
	drivers "github.com/tongdan/tongdan/internal/printer"
	"github.com/tongdan/tongdan/order"
	"github.com/tongdan/tongdan/printer"
	"github.com/tongdan/tongdan/ticket"
)

// How long a ticket that cannot be printed waits before it is tried again: an empty roll is
// changed in a minute, a wrong key is not.
const (
	soonAgain   = 2 * time.Second
	laterAgain  = 5 * time.Second
	mendedAgain = 15 * time.Second
	soonTries   = 30
)

// printing carries tickets to paper: one after the other at each printer, whatever others do.
// What cannot be printed now stays at the head of its line, so that all come out in their
// order when the cause has gone.
type printing struct{ h *Hub }

// A trail is what an effect remembers of a ticket that may be out.
type trail struct {
	printer.Trail
	Maybe bool `json:"maybe,omitempty"` // an earlier try may have come out: this one is marked
}

func (p printing) Begin(tx *db.Tx, e effect.Effect) (effect.State, fault.Reason) {
	var a printArgs
	if json.Unmarshal(e.Args, &a) != nil {
		return effect.Void, whyGone
	}
	row, ok := tx.OrderByID(e.Order)
	if !ok {
		return effect.Void, fault.Because("no_order", "there is no such order")
	}
	printers := tx.Printers(row.Store)
	if !slices.ContainsFunc(printers, func(r db.PrinterRow) bool { return r.ID == a.Printer && !r.Disabled }) {
		return effect.Void, whyGone // or it stands in another store by now, where nobody may read this
	}
	if to, yes := follows(tx, e, a, printers); yes && movable(e) && moveTicket(tx, e, to, ident.Effect(tx.ID())) {
		return effect.Void, whyMoved(to)
	}
	switch {
	case a.Copy > 1:
	case a.Ticket == ticket.Cancelled: // of a ticket that never came out
		if !slices.ContainsFunc(tx.Effects(e.Order), func(x effect.Effect) bool {
			var b printArgs
			return x.Kind == kindPrint && json.Unmarshal(x.Args, &b) == nil && b.Printer == a.Printer && b.Ticket != ticket.Cancelled && mayBeOut(x)
		}) {
			return effect.Void, whyNothing
		}
	default:
		if row.Status == order.StatusCancelled || row.Status == order.StatusReplaced {
			return effect.Void, whyCancelled
		}
	}
	return "", fault.Reason{}
}

// mayBeOut reports whether a ticket is on paper, as far as one knows: it was printed, or is on
// its way, or nobody could say and then it was not wanted any more.
func mayBeOut(e effect.Effect) bool {
	return e.State == effect.Done || e.Attempts > 0 && e.State != effect.Void || e.Called == effect.Lost || trailOf(e).Maybe
}

// Before reads what a later look compares with. Where that cannot be had, the ticket goes on
// all the same: whether it can be printed, the printer says, and a lost answer asks a person.
func (p printing) Before(ctx context.Context, e effect.Effect) (json.RawMessage, error) {
	var t trail
	if pr, _, _, err := p.open(e); err == nil {
		if before, err := pr.Before(ctx); err == nil {
			t.Before = before
		}
	}
	return toJSON(t), nil
}

// open opens the printer of an effect.
func (p printing) open(e effect.Effect) (printer.Printer, db.PrinterRow, printArgs, error) {
	var a printArgs
	if err := json.Unmarshal(e.Args, &a); err != nil {
		return nil, db.PrinterRow{}, a, &fault.Error{Op: "hub.printing", Code: fault.Unsupported, Why: whyGone}
	}
	for _, row := range p.h.db.Printers(db.Scope{Merchant: e.Merchant}) {
		if row.ID == a.Printer && !row.Disabled {
			pr, err := p.h.openPrinter(row)
			return pr, row, a, err
		}
	}
	return nil, db.PrinterRow{}, a, &fault.Error{Op: "hub.printing", Code: fault.Unsupported, Why: whyGone}
}

// job sets the ticket of an effect.
func (p printing) job(ctx context.Context, e effect.Effect, row db.PrinterRow, a printArgs, t trail) (printer.Job, error) {
	j := printer.Job{ID: e.ID.String(), Copies: max(a.Copies, 1)}
	if e.Deadline > 0 {
		j.Expires = time.UnixMilli(e.Deadline)
	}
	r, recs, _, err := p.h.db.Order(ctx, db.Scope{Merchant: e.Merchant}, e.Order)
	if err != nil {
		return j, err
	}
	o := p.h.fold(&r, recs, p.h.info(r.Channel, r.Ref.Realm))
	c := ticket.Copy{N: max(a.Copy, 1), By: a.By}
	if t.Maybe {
		c.N++
	}
	for _, x := range p.h.db.Printers(db.Scope{Merchant: e.Merchant}) {
		if a.Instead != 0 && x.ID == a.Instead {
			c.Instead = x.Name
		}
	}
	j.Rows = p.h.ticketOf(&r, &o, row, a, c)
	return j, nil
}

// ticketOf sets a ticket of an order for a printer.
func (h *Hub) ticketOf(row *db.OrderRow, o *order.Order, pr db.PrinterRow, a printArgs, c ticket.Copy) []ticket.Row {
	s := settingsOf(pr)
	st, _ := h.db.StoreByID(row.Merchant, row.Store)
	zone, err := time.LoadLocation(st.Zone)
	if err != nil {
		zone = time.UTC
	}
	by, begin := readyBy(o, row.Kind, h.paceOf(row))
	d := ticket.Data{Order: o, Code: row.ID.String(), Channel: row.Channel, Store: st.Name, Locale: s.Locale, Zone: zone, Now: h.now().UnixMilli(), BeginAt: begin, ReadyBy: by, Copy: c, Only: a.Only, Case: a.For}
	if info := h.info(row.Channel, row.Ref.Realm); info != nil {
		if d.Channel = info.Label.EN; strings.HasPrefix(s.Locale, "zh") {
			d.Channel = info.Label.ZH
		}
	}
	if n, ok := strings.CutPrefix(a.For, "reminder/"); ok {
		d.Case = ""
		d.Reminder, _ = strconv.Atoi(n)
	}
	return ticket.Set(a.Ticket, d, s.Columns)
}

func (p printing) Do(ctx context.Context, e effect.Effect) lane.Result {
	pr, row, a, err := p.open(e)
	if err != nil {
		return p.held(e, err)
	}
	t := trailOf(e)
	j, err := p.job(ctx, e, row, a, t)
	if err != nil {
		return ownFault(err)
	}
	began := time.Now()
	taken, err := pr.Print(ctx, j)
	took := time.Since(began)
	at := p.h.now()
	var res lane.Result
	switch {
	case err == nil && taken.Printed:
		res = lane.Result{Outcome: effect.OK}
	case err == nil: // the cloud has it; whether it is on paper is looked for
		res = lane.Result{Outcome: effect.Lost, Code: fault.Unknown, Why: fault.Because("print_taken", "the cloud has taken it, the printer has not printed it yet")}
		t.Ref = taken.Ref
		res.Save = remember(e.ID, t)
	case fault.Is(err, fault.Unknown) || fault.Is(err, fault.Internal):
		res = failed(err)
		res.Outcome = effect.Lost
		if e.Nature == effect.Notice {
			res.Save = p.untold(e, row, t)
		}
	default:
		return p.held(e, err)
	}
	save := res.Save
	res.Save = func(tx *db.Tx) error {
		if o, ok := tx.OrderByID(e.Order); ok {
			tx.Journal(db.Entry{At: at, Direction: db.Call, What: kindPrint, Channel: o.Channel, Account: o.Account, Order: o.ID, Ref: o.Ref, Method: "PRINT", Path: row.Name, Took: took, By: e.Cause, Outcome: string(res.Outcome)})
		}
		if save != nil {
			return save(tx)
		}
		return nil
	}
	return res
}

// watched has the printer of a ticket that it did not print watched over.
func (p printing) watched(tx *db.Tx, e effect.Effect) {
	var a printArgs
	if json.Unmarshal(e.Args, &a) != nil {
		return
	}
	for _, row := range p.h.db.Printers(db.Scope{Merchant: e.Merchant}) {
		if row.ID == a.Printer && !row.Disabled {
			watchOver(tx, row)
		}
	}
}

func trailOf(e effect.Effect) (t trail) {
	if len(e.Before) > 0 && json.Unmarshal(e.Before, &t) != nil {
		return trail{}
	}
	return t
}

func remember(id ident.Effect, t trail) func(*db.Tx) error {
	return func(tx *db.Tx) error {
		if e, ok := tx.Effect(id); ok {
			e.Before = toJSON(t)
			tx.PutEffect(&e)
		}
		return nil
	}
}

// held keeps a ticket that was certainly not printed: it waits where it is, until its time
// has passed. What somebody has to mend first is tried less often.
func (p printing) held(e effect.Effect, err error) (res lane.Result) {
	res = failed(err)
	wait := mendedAgain
	switch {
	case fault.Is(err, fault.Unavailable) && e.Attempts <= soonTries:
		wait = soonAgain
	case fault.Is(err, fault.Unavailable):
		wait = laterAgain
	case fault.Is(err, fault.RateLimited):
		wait = max(res.Wait, soonAgain)
	}
	res.Outcome, res.Next = effect.Later, time.Now().Add(wait)
	defer func() { // after what follows below, which the printer's make asks for
		save := res.Save
		res.Save = func(tx *db.Tx) error {
			p.watched(tx, e)
			if save != nil {
				return save(tx)
			}
			return nil
		}
	}()
	if e.Nature == effect.Additive { // what it is compared with is read anew: others print there too
		res.Save = func(tx *db.Tx) error {
			if x, ok := tx.Effect(e.ID); ok {
				if x.Before = nil; trailOf(e).Maybe {
					x.Before = toJSON(trail{Maybe: true})
				}
				tx.PutEffect(&x)
			}
			return nil
		}
	}
	return res
}

// untold is what follows when nobody can say whether a ticket came out: it is printed again
// with a mark where the printer is set so, once; else a person is asked, and the next tickets
// go on.
func (p printing) untold(e effect.Effect, row db.PrinterRow, t trail) func(*db.Tx) error {
	return func(tx *db.Tx) error {
		x, ok := tx.Effect(e.ID)
		if !ok {
			return nil
		}
		now := tx.Now().UnixMilli()
		x.Changed = now
		if settingsOf(row).Again && !t.Maybe {
			t.Maybe = true
			x.Before, x.State, x.NextAt = toJSON(t), effect.Waiting, now+soonAgain.Milliseconds()
		} else {
			x.State, x.Why = effect.Person, whyUntold
		}
		tx.PutEffect(&x)
		return nil
	}
}

func (p printing) Look(ctx context.Context, e effect.Effect) lane.Result {
	pr, row, a, err := p.open(e)
	if err != nil {
		return lane.Result{Outcome: effect.Obsolete, Code: fault.CodeOf(err), Why: fault.ReasonOf(err)}
	}
	t := trailOf(e)
	j := printer.Job{ID: e.ID.String(), Copies: max(a.Copies, 1)}
	if e.Deadline > 0 {
		j.Expires = time.UnixMilli(e.Deadline)
	}
	sight, err := pr.Look(ctx, j, t.Trail)
	if err != nil {
		res := failed(err)
		res.Outcome = effect.Later // look again
		return res
	}
	waiting := fault.Because("print_taken", "the cloud has taken it, the printer has not printed it yet")
	switch sight {
	case printer.Printed:
		return lane.Result{Outcome: effect.Seen}
	case printer.Absent, printer.Repeating:
		if e.Nature == effect.Additive && e.Looks >= 1 { // twice not seen: it did not arrive
			return lane.Result{Outcome: effect.NotSeen, Save: p.untold(e, row, t)}
		}
		return lane.Result{Outcome: effect.NotSeen}
	case printer.Waiting:
		return lane.Result{Outcome: effect.Later, Code: fault.Unavailable, Why: waiting, Save: func(tx *db.Tx) error {
			watchOver(tx, row)
			if x, ok := tx.Effect(e.ID); ok && x.State == effect.Unknown { // a printer that is back is seen soon
				x.NextAt, x.Code, x.Why = min(x.NextAt, tx.Now().Add(laterAgain).UnixMilli()), fault.Unavailable, waiting
				tx.PutEffect(&x)
			}
			return nil
		}}
	case printer.Gone:
		return lane.Result{Outcome: effect.Obsolete, Why: whyExpired}
	}
	return lane.Result{Outcome: effect.Later, Save: p.untold(e, row, t)}
}

// Changed tells whoever looks at printers and messages.
func (p printing) Changed(tx *db.Tx, e effect.Effect) error {
	if !e.State.Open() || e.State == effect.Person || e.State == effect.Waiting && e.Attempts == 1 {
		tx.Change(db.KindMessage, e.Target)
	}
	return nil
}

// beginning looks at a pre-order again when making it begins.
type beginning struct {
	background
	h *Hub
}

func (b beginning) Look(ctx context.Context, e effect.Effect) lane.Result { return b.Do(ctx, e) }

func (b beginning) Do(ctx context.Context, e effect.Effect) lane.Result {
	rows, err := b.h.db.OrdersByID(ctx, db.Scope{Merchant: e.Merchant}, []ident.Order{e.Order})
	if err != nil {
		return ownFault(err)
	}
	if len(rows) == 0 {
		return lane.Result{Outcome: effect.No}
	}
	return lane.Result{Outcome: effect.OK, Refs: []order.Ref{rows[0].Ref}, Save: func(tx *db.Tx) error {
		row, ok := tx.OrderByID(e.Order)
		if !ok {
			return nil
		}
		return b.h.settle(tx, row)
	}}
}

// openPrinter opens a printer as it is set up.
func (h *Hub) openPrinter(row db.PrinterRow) (printer.Printer, error) {
	d, ok := drivers.DriverOf(row.Kind)
	if !ok {
		return nil, fault.Say("hub.openPrinter", fault.Unsupported, "no_printer_kind", "this build knows no such printer")
	}
	s := settingsOf(row)
	c := printer.Config{Address: row.Address, Credentials: secrets(row.Credentials), Columns: s.Columns, Mute: s.Mute}
	wire := printer.Wire(h.network)
	if row.Bridge != 0 {
		wire = bridged{h, row}
	}
	return d.Open(c, printer.Env{Reads: h.reads.reads, Calls: h.reads.calls, Wire: wire, Keep: func(name string, v channel.Secret) error {
		return h.keepToken(row, name, v)
	}})
}

// keepToken stores what a cloud has given, with all printers of the same account there. The
// same account at another address is another one: whoever set that up is not given the token.
func (h *Hub) keepToken(row db.PrinterRow, name string, v channel.Secret) error {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	for _, p := range h.db.Printers(db.Scope{Merchant: row.Merchant}) {
		if p.Kind != row.Kind || p.Address != row.Address || p.Credentials["client_id"] != row.Credentials["client_id"] || p.Credentials[name] == v.Reveal() {
			continue
		}
		c := map[string]string{}
		for k, x := range p.Credentials {
			c[k] = x
		}
		c[name] = v.Reveal()
		p.Credentials = c
		if _, err := h.db.PutPrinter(ctx, p); err != nil {
			return fault.Wrap("hub.keepToken", err)
		}
	}
	return nil
}

func (h *Hub) testPage(row db.PrinterRow) []ticket.Row {
	s := settingsOf(row)
	st, _ := h.db.StoreByID(row.Merchant, row.Store)
	zone, err := time.LoadLocation(st.Zone)
	if err != nil {
		zone = time.UTC
	}
	return ticket.TestPage(st.Name, row.Name, row.ID.String(), s.Locale, zone, time.Now().UnixMilli(), s.Columns)
}
