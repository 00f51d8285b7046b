package hub

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/tongdan/tongdan/channel"
	"github.com/tongdan/tongdan/effect"
	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/ident"
	"github.com/tongdan/tongdan/internal/db"
	drivers "github.com/tongdan/tongdan/internal/printer"
	"github.com/tongdan/tongdan/order"
	"github.com/tongdan/tongdan/printer"
	"github.com/tongdan/tongdan/role"
	"github.com/tongdan/tongdan/ticket"
)

// PutPrinter adds or changes a printer of one of the caller's stores. Credentials that are
// left out keep their value.
func (h *Hub) PutPrinter(ctx context.Context, who Actor, p db.PrinterRow, s PrinterSettings) (db.PrinterRow, error) {
	const op = "hub.PutPrinter"
	if err := who.May(op, role.KeepPrinters); err != nil {
		return p, err
	}
	var w wrong
	w.text("name", p.Name, 1, 80)
	p.Merchant, p.Address = who.Merchant, strings.TrimRight(strings.TrimSpace(p.Address), "/")
	if _, ok := h.db.StoreByID(who.Merchant, p.Store); !ok || !who.Sees(p.Store) {
		w.say("store_id", fault.Because("field_not_yours", "is none of your stores"))
	}
	s.Since = h.now().UnixMilli()
	var old db.PrinterRow
	var typed map[string]string // of old
	if p.ID != 0 {
		var err error
		if old, err = h.printer(who, p.ID); err != nil {
			return p, err
		}
		typed = typedOf(old)
		given := p.Credentials
		p.Kind, p.Made, p.Credentials = old.Kind, old.Made, kept(typed, given)
		if was := settingsOf(old); !old.Disabled && old.Store == p.Store && bytes.Equal(toJSON(was.Prints), toJSON(s.Prints)) { // orders of the time when it did not print this stay without
			s.Since = was.Since
		}
		for name := range typed {
			if p.Address != old.Address && given[name] == "" && secretOf(p.Kind, name) { // keys are not sent to an address that somebody else's session put in
				w.say("credentials."+name, fault.Because("field_anew", "must be given anew with another address"))
			}
		}
	}
	d, ok := drivers.DriverOf(p.Kind)
	if !ok {
		w.say("kind", fault.Because("field_kind_here", "is none that this build has"))
		return p, w.err(op)
	}
	info := d.Info()
	switch {
	case info.Cloud && p.Address != "":
		if !bare(p.Address) {
			w.say("address", fault.Because("field_cloud_address", "must be an address such as {base}", "base", info.Base))
		}
	case !info.Cloud:
		if _, err := printer.Address(p.Address); err != nil {
			w.say("address", fault.Because("printer_address", "give the printer's address, such as 192.168.1.50 or 192.168.1.50:9100"))
		}
	}
	if info.Cloud {
		p.Bridge = 0
	}
	if p.Bridge != 0 {
		if v, err := h.db.DeviceByID(ctx, who.Merchant, p.Bridge); err != nil || role.Role(v.Kind) != role.Bridge || v.Store != p.Store {
			w.say("bridge_id", fault.Because("field_bridge", "is no bridge of that store"))
		}
	}
	if info.Labels {
		s.Prints, s.Columns = nil, cmp.Or(s.Columns, ticket.Paper58)
	}
	if s.Columns != ticket.Paper58 && s.Columns != ticket.Paper80 {
		w.say("columns", fault.Because("field_none_of", "is none of {list}", "list", "32, 48"))
	}
	if s.Locale = cmp.Or(s.Locale, "zh-CN"); !slices.Contains(ticket.Locales, s.Locale) {
		w.say("locale", fault.Because("field_none_of", "is none of {list}", "list", strings.Join(ticket.Locales, ", ")))
	}
	for _, r := range s.Prints {
		if !slices.Contains(ticket.Kinds, r.Ticket) {
			w.say("prints", fault.Because("field_none_of", "is none of {list}", "list", "kitchen, shop, cancel, change"))
		}
	}
	if s.StandIn != 0 {
		here := func(x db.PrinterRow) bool {
			return x.ID == s.StandIn && x.Store == p.Store && x.ID != p.ID && !PrintsLabels(x.Kind)
		}
		if info.Labels || !slices.ContainsFunc(h.db.Printers(who.Scope), here) {
			w.say("stand_in", fault.Because("field_stand_in", "is no other printer of that store that prints tickets"))
		}
	}
	if s.StandInAfter != 0 && (s.StandInAfter < 5 || s.StandInAfter > 3600) {
		w.say("stand_in_after_s", between(5, 3600))
	}
	w.credentials(info.Fields, p.Credentials)
	if err := w.err(op); err != nil {
		return p, err
	}
	if p.Address == old.Address && maps.Equal(p.Credentials, typed) {
		p.Credentials = kept(old.Credentials, p.Credentials)
	}
	p.Doc = toJSON(s)
	p, err := h.db.PutPrinter(ctx, p, func(p db.PrinterRow) db.Entry {
		return h.lineAbout(who, "printer.put", p.ID.String(), map[string]any{"id": p.ID, "name": p.Name, "store": p.Store, "kind": p.Kind, "off": p.Disabled, "settings": s})
	})
	if err == nil && !p.Disabled { // pre-orders that are there already are printed when making them begins
		err = h.settleUnmade(ctx, p.Merchant, p.Store)
	}
	return p, fault.Wrap(op, err)
}

// typedOf are the credentials of a printer that a person gave. The others its cloud gave (a
// token): they go to no other address, and stand for no other account.
func typedOf(p db.PrinterRow) map[string]string {
	out := map[string]string{}
	if d, ok := drivers.DriverOf(p.Kind); ok {
		for _, f := range d.Info().Fields {
			if v := p.Credentials[f.Name]; v != "" {
				out[f.Name] = v
			}
		}
	}
	return out
}

func secretOf(kind, name string) bool {
	d, ok := drivers.DriverOf(kind)
	return ok && slices.ContainsFunc(d.Info().Fields, func(f channel.Field) bool { return f.Name == name && f.Secret })
}

func (h *Hub) printer(who Actor, id ident.Printer) (db.PrinterRow, error) {
	for _, p := range h.db.Printers(who.Scope) {
		if p.ID == id {
			return p, nil
		}
	}
	return db.PrinterRow{}, fault.Say("hub.printer", fault.NotFound, "no_printer", "there is no such printer")
}

// DeletePrinter takes a printer away; what waits for it is not printed any more.
func (h *Hub) DeletePrinter(ctx context.Context, who Actor, id ident.Printer) error {
	const op = "hub.DeletePrinter"
	if err := who.May(op, role.KeepPrinters); err != nil {
		return err
	}
	p, err := h.printer(who, id)
	if err != nil {
		return err
	}
	line := h.lineAbout(who, "printer.delete", id.String(), map[string]any{"id": id, "name": p.Name, "store": p.Store})
	return fault.Wrap(op, h.db.DeletePrinter(ctx, who.Merchant, id, line))
}

// A PrinterState is a printer with how it is doing.
type PrinterState struct {
	Row      db.PrinterRow
	Settings PrinterSettings
	Queue    []Ticket // what waits, the next first; at most mostQueued
	Waiting  int      // how many wait in all
	Why      fault.Reason
	Since    int64  // since when the first of them cannot be printed, wall ms; 0 = all is well
	On       string // the name of its stand-in, while its tickets come out there
	OnAt     int64  // since when they do, wall ms; 0 = none has yet
}

// state is how the printer is, in one word.
func (p PrinterState) state() string {
	switch {
	case p.Since > 0:
		return "bad"
	case p.Waiting > 0:
		return "busy"
	}
	return "good"
}

const mostQueued = 50

// Printers lists the printers of the caller's stores, with what waits at each.
func (h *Hub) Printers(ctx context.Context, who Actor) ([]PrinterState, error) {
	rows := h.db.Printers(who.Scope)
	if len(rows) == 0 {
		return nil, nil
	}
	// Those of a few stores are asked for one by one: all others' tickets need not be read.
	targets := []string{printerTarget}
	if who.Scope.Stores != nil && len(rows) <= 8 {
		targets = nil
		for _, r := range rows {
			targets = append(targets, printerTarget+r.ID.String())
		}
	}
	var open []effect.Effect
	for _, t := range targets {
		list, err := h.db.OpenOfTargets(ctx, who.Merchant, t, 5000)
		if err != nil {
			return nil, fault.Wrap("hub.Printers", err)
		}
		open = append(open, list...)
	}
	var out []PrinterState
	for _, r := range rows {
		s := PrinterState{Row: r, Settings: settingsOf(r)}
		for i := range open {
			e := &open[i]
			if a := standInFor(*e); a.Down > 0 && e.Target == watchTarget(r.ID) {
				if to, ok := standInOf(r, rows); ok {
					s.Since, s.Why, s.On, s.OnAt = a.Down, e.Why, to.Name, a.Took
				}
			}
			if e.Target != printerTarget+r.ID.String() {
				continue
			}
			if e.State != effect.Person {
				if s.Waiting == 0 && s.Since == 0 && troubled(e) {
					s.Why, s.Since = e.Why, e.Made
				}
				s.Waiting++
			}
			if len(s.Queue) < mostQueued {
				s.Queue = append(s.Queue, ticketOf(e))
			}
		}
		out = append(out, s)
	}
	return out, nil
}

// troubled reports whether a ticket cannot be printed for now.
func troubled(e *effect.Effect) bool {
	switch e.State {
	case effect.Waiting:
		return e.Attempts > 0 && e.Called == effect.Later
	case effect.Sending:
		return e.Attempts > 1 && e.Called == effect.Later
	case effect.Unknown:
		return e.Code == fault.Unavailable
	}
	return false
}

// A Ticket is one that was printed or is to be.
type Ticket struct {
	ID      ident.Effect  `json:"id"`
	OrderID ident.Order   `json:"order_id"`
	Printer ident.Printer `json:"printer_id"`
	Name    string        `json:"printer_name"`
	Kind    ticket.Kind   `json:"ticket" enum:"kitchen,shop,cancel,change,label,test"`
	For     string        `json:"for,omitempty" doc:"Of a change: the refund, or reminder/2."`
	Copy    int           `json:"copy" doc:"1 = the first of its kind."`
	By      string        `json:"by,omitempty" doc:"Who asked for a copy."`
	Instead ident.Printer `json:"instead_id" doc:"The printer that it was made for and that printed nothing; empty: this one."`
	State   effect.State  `json:"state" enum:"waiting,sending,unknown,person,done,refused,void"`
	MadeAt  int64         `json:"made_at"`
	EndedAt int64         `json:"ended_at" doc:"When it was printed, or given up; 0 = not yet."`
	Words   string        `json:"words,omitempty"`
	Why     *fault.Reason `json:"why,omitempty"`
}

func ticketOf(e *effect.Effect) Ticket {
	var a printArgs
	if json.Unmarshal(e.Args, &a) != nil {
		a = printArgs{}
	}
	t := Ticket{ID: e.ID, OrderID: e.Order, Printer: a.Printer, Kind: a.Ticket, For: a.For, Copy: max(a.Copy, 1), By: a.By, Instead: a.Instead, State: e.State, MadeAt: e.Made, Words: e.Why.Text}
	if trailOf(*e).Maybe {
		t.Copy++
	}
	if !e.State.Open() {
		t.EndedAt = e.Changed
	}
	if !e.Why.IsZero() {
		why := e.Why
		t.Why = &why
	}
	return t
}

// Tickets lists the tickets of an order, oldest first.
func (h *Hub) Tickets(ctx context.Context, who Actor, id ident.Order) ([]Ticket, error) {
	const op = "hub.Tickets"
	_, _, effects, err := h.db.Order(ctx, who.Scope, id)
	if err != nil {
		return nil, fault.Wrap(op, err)
	}
	names := map[ident.Printer]string{}
	for _, p := range h.db.Printers(db.Scope{Merchant: who.Merchant}) {
		names[p.ID] = p.Name
	}
	out := []Ticket{}
	for i := range effects {
		if effects[i].Kind == kindPrint {
			t := ticketOf(&effects[i])
			t.Name = names[t.Printer]
			out = append(out, t)
		}
	}
	slices.SortFunc(out, func(a, b Ticket) int { return cmp.Compare(a.ID, b.ID) })
	return out, nil
}

// mostReprinted is how many orders' tickets one press prints.
const mostReprinted = 100

// Reprint prints a ticket of orders again, or for the first time: on every printer of their
// store that prints this ticket, or on one. A copy is marked as one. It gives how many tickets
// were made; fault.Conflict when no printer is set up for it.
func (h *Hub) Reprint(ctx context.Context, who Actor, ids []ident.Order, kind ticket.Kind, on ident.Printer) (n int, err error) {
	const op = "hub.Reprint"
	if err := who.May(op, role.PrintTickets); err != nil {
		return 0, err
	}
	if len(ids) == 0 || len(ids) > mostReprinted || !slices.Contains(ticket.Kinds, kind) || kind == ticket.Change {
		return 0, &fault.Error{Op: op, Code: fault.Invalid, Fields: []fault.Field{fault.Wrong("body.order_ids", fault.Because("print_which", "give 1 to 100 orders and a ticket that can be printed again"))}}
	}
	none := 0
	for _, id := range ids {
		made := 0
		act := nonce()
		_, err := h.db.Do(ctx, db.Verb{Name: "act.print", Merchant: who.Merchant, Orders: []ident.Order{id}, Class: db.People, Decide: func(tx *db.Tx) error {
			made = 0
			row, ok := tx.OrderByID(id)
			if !ok || !who.Sees(row.Store) {
				return fault.Say(op, fault.NotFound, "no_order", "there is no such order")
			}
			if s, ok := tx.ShopByID(row.Shop); ok {
				if err := heldErr(op, s.Mode, false); err != nil {
					return err
				}
			}
			if kind == ticket.Cancelled && row.Status != order.StatusCancelled {
				return fault.Say(op, fault.Conflict, "print_not_cancelled", "the order is not cancelled: nobody is told to stop making it")
			}
			copies := 1
			for _, e := range tx.Effects(id) {
				if t := ticketOf(&e); e.Kind == kindPrint && t.Kind == kind && e.State != effect.Void {
					copies = max(copies, t.Copy+1)
				}
			}
			now := tx.Now().UnixMilli()
			var noted wants
			if len(row.Wants) > 0 && json.Unmarshal(row.Wants, &noted) != nil {
				noted = wants{}
			}
			before := len(noted.Printed)
			for _, p := range tx.Printers(row.Store) {
				if PrintsLabels(p.Kind) {
					continue
				}
				rule := slices.IndexFunc(settingsOf(p).Prints, func(r PrintRule) bool { return r.Ticket == kind })
				if p.Disabled || on != 0 && p.ID != on || on == 0 && rule < 0 {
					continue
				}
				a := printArgs{Printer: p.ID, Ticket: kind, Copy: copies, By: cmp.Or(who.Name, who.ID)}
				if rule >= 0 {
					a.Only = settingsOf(p).Prints[rule].Only
				}
				e := printEffect(p, id, a, "print "+act+" "+p.ID.String(), who.ID, now)
				tx.PutEffect(&e)
				made++
				if x := (printed{Printer: p.ID, Ticket: kind}); !slices.Contains(noted.Printed, x) { // by hand before its time: not by itself any more
					noted.Printed = append(noted.Printed, x)
				}
			}
			if made == 0 {
				return nil
			}
			tx.Journal(db.Entry{At: h.now(), Direction: db.Act, What: "print", Channel: row.Channel, Account: row.Account, Order: row.ID, Ref: row.Ref, By: who.ID, Outcome: string(kind)})
			if len(noted.Printed) > before {
				row.Wants = toJSON(noted)
				tx.PutQuiet(row)
			}
			tx.Change(db.KindMessage, printerTarget+id.String())
			return nil
		}})
		if err != nil {
			return n, fault.Wrap(op, err)
		}
		if n += made; made == 0 {
			none++
		}
	}
	if none == len(ids) {
		return 0, fault.Say(op, fault.Conflict, "no_printer_for", "no printer of this store is set up for that ticket: add one under Printers")
	}
	return n, nil
}

// TestPrinter adds a cloud's printer to its account where that is needed, asks it how it is,
// and prints a test page at once. How it is, is given also when nothing was printed.
func (h *Hub) TestPrinter(ctx context.Context, who Actor, id ident.Printer) (printer.Status, error) {
	const op = "hub.TestPrinter"
	if err := who.May(op, role.KeepPrinters); err != nil {
		return printer.Status{}, err
	}
	row, err := h.printer(who, id)
	if err != nil {
		return printer.Status{}, err
	}
	if armed, err := h.db.Armed(ctx); err != nil || !armed {
		if err == nil {
			err = fault.Say(op, fault.Conflict, "knock_disarmed", "this is a restored or copied database, from which nothing is sent: arm it first")
		}
		return printer.Status{}, fault.Wrap(op, err)
	}
	pr, err := h.openPrinter(row)
	if err != nil {
		return printer.Status{}, fault.Wrap(op, err)
	}
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	if b, ok := pr.(printer.Binder); ok {
		if err := b.Bind(ctx); err != nil {
			return printer.Status{}, fault.Wrap(op, err)
		}
	}
	st, err := pr.Status(ctx)
	if err != nil || st.Err(op) != nil {
		return st, cmpFirst(err, st.Err(op))
	}
	_, err = pr.Print(ctx, printer.Job{ID: "test-" + nonce()[:16], Rows: h.testPage(row), Expires: time.Now().Add(lifeOf[ticket.Test])})
	return st, fault.Wrap(op, err)
}

func cmpFirst(list ...error) error {
	for _, err := range list {
		if err != nil {
			return err
		}
	}
	return nil
}

// EmptyPrinter gives up what waits at a printer. It gives how many tickets that were.
func (h *Hub) EmptyPrinter(ctx context.Context, who Actor, id ident.Printer) (n int, err error) {
	const op = "hub.EmptyPrinter"
	if err := who.May(op, role.KeepPrinters); err != nil {
		return 0, err
	}
	if _, err := h.printer(who, id); err != nil {
		return 0, err
	}
	open, err := h.db.OpenOfTargets(ctx, who.Merchant, printerTarget+id.String(), 5000)
	if err != nil {
		return 0, fault.Wrap(op, err)
	}
	open = slices.DeleteFunc(open, func(e effect.Effect) bool { return e.Kind == kindStandIn })
	for part := range slices.Chunk(open, 50) {
		ids := make([]ident.Effect, len(part))
		for i, e := range part {
			ids[i] = e.ID
		}
		gone := 0
		_, err := h.db.Do(ctx, db.Verb{Name: "printer.empty", Merchant: who.Merchant, Effects: ids, Class: db.People, Decide: func(tx *db.Tx) error {
			gone = 0
			for _, id := range ids {
				if e, ok := tx.Effect(id); ok && e.State == effect.Waiting {
					e.State, e.Why, e.Changed = effect.Void, takenBack, tx.Now().UnixMilli()
					tx.PutEffect(&e)
					gone++
				}
			}
			tx.Journal(h.lineAbout(who, "printer.empty", id.String(), map[string]any{"id": id, "tickets": gone}))
			tx.Change(db.KindMessage, printerTarget+id.String())
			return nil
		}})
		if err != nil {
			return n, fault.Wrap(op, err)
		}
		n += gone
	}
	return n, nil
}

// ConcernPrinter is a printer at which tickets wait that cannot be printed.
const ConcernPrinter = "printer" // 打印机

// silentPrinters lists the printers of the caller's stores at which tickets wait that cannot
// be printed.
func (h *Hub) silentPrinters(ctx context.Context, who Actor) ([]Concern, error) {
	list, err := h.Printers(ctx, who)
	var out []Concern
	for _, p := range list {
		if p.Since == 0 {
			continue
		}
		c := Concern{
			Key: ConcernPrinter + "/" + p.Row.ID.String() + "/" + itoa(int(p.Since/1000)), Kind: ConcernPrinter, Urgent: true, StoreID: p.Row.Store, Cause: p.Why.Code,
			PrinterID: p.Row.ID, PrinterName: p.Row.Name, Waiting: p.Waiting, StandIn: p.On, SinceAt: h.clock.Trade(time.UnixMilli(p.Since)).UnixMilli(),
		}
		if p.OnAt > 0 {
			c.StandInAt = h.clock.Trade(time.UnixMilli(p.OnAt)).UnixMilli()
		}
		out = append(out, c)
	}
	return out, err
}
