package api

import (
	"context"
	"net/http"

	"github.com/tongdan/tongdan/channel"
	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/ident"
	"github.com/tongdan/tongdan/internal/db"
	"github.com/tongdan/tongdan/internal/hub"
	drivers "github.com/tongdan/tongdan/internal/printer"
	"github.com/tongdan/tongdan/printer"
	"github.com/tongdan/tongdan/role"
	"github.com/tongdan/tongdan/ticket"
)

// PrinterKind is a make of printers that this build knows.
type PrinterKind struct {
	Kind    string       `json:"kind"`
	LabelZH string       `json:"label_zh"`
	LabelEN string       `json:"label_en"`
	Guide   channel.Text `json:"guide" doc:"Where what has to be entered is found."`
	Cloud   bool         `json:"cloud" doc:"Its maker's server stands between; else it is on the shop's network and has an address."`
	BaseURL string       `json:"base_url,omitempty" doc:"The maker's server."`
	Labels  bool         `json:"labels" doc:"Prints the labels of parcels, and no tickets."`
	Fields  []CredField  `json:"fields"`
}

// Printer is one of a store, with how it is doing. Secrets are never shown.
type Printer struct {
	ID       ident.Printer     `json:"id"`
	Kind     string            `json:"kind"`
	Name     string            `json:"name"`
	StoreID  ident.Store       `json:"store_id"`
	Address  string            `json:"address" doc:"On a network host:port; of a cloud its server, empty: its maker's. Empty for whoever does not keep printers."`
	BridgeID ident.Device      `json:"bridge_id" doc:"The bridge in the shop that carries to it; empty: it is called from here."`
	Off      bool              `json:"off"`
	Labels   bool              `json:"labels" doc:"Prints the labels of parcels, and no tickets."`
	Values   map[string]string `json:"values" doc:"Credentials that are no secrets."`
	Has      []string          `json:"has" doc:"Names of the credentials that are set."`
	MadeAt   int64             `json:"made_at"`
	hub.PrinterSettings

	Waiting int           `json:"waiting" doc:"Tickets that wait."`
	Queue   []hub.Ticket  `json:"queue" doc:"The next first, at most fifty; with those of which a person has to say whether they came out."`
	Why     *fault.Reason `json:"why,omitempty" doc:"Why the next one cannot be printed."`
	SinceAt int64         `json:"since_at" doc:"Since when it cannot be; 0 = all is well."`
	On      string        `json:"stand_in_name,omitempty" doc:"The printer on which its tickets come out now."`
}

// PrinterBody is a printer as it is given.
type PrinterBody struct {
	Kind        string            `json:"kind" maxLength:"40"`
	Name        string            `json:"name" minLength:"1" maxLength:"80"`
	StoreID     ident.Store       `json:"store_id"`
	Address     string            `json:"address,omitempty" maxLength:"300"`
	BridgeID    ident.Device      `json:"bridge_id,omitempty"`
	Off         bool              `json:"off,omitempty"`
	Columns     int               `json:"columns,omitempty" enum:"32,48" doc:"Left out: 32."`
	Locale      string            `json:"locale,omitempty" maxLength:"16"`
	Mute        bool              `json:"mute,omitempty" doc:"A network printer that never says how it is: it is not asked."`
	Again       bool              `json:"again,omitempty" doc:"When nobody knows whether a ticket came out, print it again, marked; else a person is asked."`
	Prints      []hub.PrintRule   `json:"prints,omitempty" maxItems:"20" doc:"What it prints by itself. Left out of a new one: kitchen, cancel and change."`
	StandIn     ident.Printer     `json:"stand_in,omitempty" doc:"The printer of the same store on which its tickets come out while it prints nothing; empty: none."`
	After       int               `json:"stand_in_after_s,omitempty" minimum:"0" maximum:"3600" doc:"After so many seconds in which it printed nothing, 5 at least; 0 or left out: 180."`
	Credentials map[string]string `json:"credentials,omitempty" doc:"Those that are left out stay."`
}

func (s *Server) printerRoutes() {
	add(s, op("listPrinterKinds", http.MethodGet, "/printer-kinds", "printers", "The makes of printers that this build knows"), s.printerKinds)
	add(s, op("listPrinters", http.MethodGet, "/printers", "printers", "Printers of one's stores, how they are doing and what waits; secrets are never shown"), s.listPrinters)
	add(s, created(op("makePrinter", http.MethodPost, "/printers", "printers", "Add a printer to a store")), func(ctx context.Context, in *create[PrinterBody]) (*printerOutput, error) {
		return s.putPrinter(ctx, 0, in.Body)
	})
	add(s, op("changePrinter", http.MethodPut, "/printers/{id}", "printers", "Change one; credentials that are left out stay"), func(ctx context.Context, in *change[PrinterBody]) (*printerOutput, error) {
		id, err := idOf[ident.Printer](in.ID)
		if err != nil {
			return nil, err
		}
		return s.putPrinter(ctx, id, in.Body)
	})
	add(s, op("deletePrinter", http.MethodDelete, "/printers/{id}", "printers", "Take one away; what waits for it is not printed"), func(ctx context.Context, in *ByID) (*seqOutput, error) {
		id, err := idOf[ident.Printer](in.ID)
		if err != nil {
			return nil, err
		}
		return s.deleted(ctx, s.hub.DeletePrinter(ctx, who(ctx).Actor, id))
	})
	add(s, op("testPrinter", http.MethodPost, "/printers/{id}/test", "printers", "Add a cloud's printer to its account, ask it how it is, print a test page"), s.testPrinter)
	add(s, op("emptyPrinter", http.MethodPost, "/printers/{id}/empty", "printers", "Give up what waits at a printer"), s.emptyPrinter)
	add(s, op("listTickets", http.MethodGet, "/orders/{id}/tickets", "printers", "The tickets of an order and whether they are on paper"), s.listTickets)
	add(s, op("printTickets", http.MethodPost, "/tickets", "printers", "Print a ticket of orders again; a copy is marked as one"), s.printTickets)
}

type printerKindsOutput struct {
	Body struct {
		Kinds []PrinterKind `json:"kinds"`
	}
}

func (s *Server) printerKinds(context.Context, *struct{}) (*printerKindsOutput, error) {
	out := &printerKindsOutput{}
	out.Body.Kinds = each(drivers.Drivers, func(d printer.Driver) PrinterKind {
		i := d.Info()
		return PrinterKind{i.Name, i.Label.ZH, i.Label.EN, i.Guide, i.Cloud, i.Base, i.Labels, each(i.Fields, func(f channel.Field) CredField {
			return CredField{f.Name, f.Label.ZH, f.Label.EN, f.Secret, f.Required}
		})}
	})
	return out, nil
}

type printersOutput struct {
	Body struct {
		Printers []Printer `json:"printers"`
	}
}

func printerOf(p hub.PrinterState, keeps bool) Printer {
	r := p.Row
	out := Printer{r.ID, r.Kind, r.Name, r.Store, r.Address, r.Bridge, r.Disabled, hub.PrintsLabels(r.Kind), map[string]string{}, []string{}, r.Made, p.Settings, p.Waiting, p.Queue, p.Why.Coded(), p.Since, p.On}
	if out.Queue == nil {
		out.Queue = []hub.Ticket{}
	}
	if out.Prints == nil {
		out.Prints = []hub.PrintRule{}
	}
	if !keeps {
		out.Address = ""
		return out
	}
	if d, ok := drivers.DriverOf(r.Kind); ok {
		for _, f := range d.Info().Fields {
			if r.Credentials[f.Name] == "" {
				continue
			}
			out.Has = append(out.Has, f.Name)
			if !f.Secret {
				out.Values[f.Name] = r.Credentials[f.Name]
			}
		}
	}
	return out
}

func (s *Server) listPrinters(ctx context.Context, _ *struct{}) (*printersOutput, error) {
	c := who(ctx)
	list, err := s.hub.Printers(ctx, c.Actor)
	if err != nil {
		return nil, fault.Wrap("api.listPrinters", err)
	}
	out := &printersOutput{}
	keeps := c.May("", role.KeepPrinters) == nil
	out.Body.Printers = each(list, func(p hub.PrinterState) Printer { return printerOf(p, keeps) })
	return out, nil
}

type printerOutput struct {
	Seq  int64 `header:"Tongdan-Seq"`
	Body Printer
}

func (s *Server) putPrinter(ctx context.Context, id ident.Printer, b PrinterBody) (*printerOutput, error) {
	const op = "api.putPrinter"
	row := db.PrinterRow{ID: id, Store: b.StoreID, Kind: b.Kind, Name: b.Name, Address: b.Address, Bridge: b.BridgeID, Disabled: b.Off, Credentials: b.Credentials}
	set := hub.PrinterSettings{Columns: b.Columns, Locale: b.Locale, Mute: b.Mute, Again: b.Again, Prints: b.Prints, StandIn: b.StandIn, StandInAfter: b.After}
	if set.Columns == 0 {
		set.Columns = ticket.Paper58
	}
	if id == 0 && set.Prints == nil {
		set.Prints = hub.UsualPrints
	}
	row, err := s.hub.PutPrinter(ctx, who(ctx).Actor, row, set)
	if err != nil {
		return nil, fault.Wrap(op, err)
	}
	seq, err := s.seq(ctx)
	return &printerOutput{seq, printerOf(hub.PrinterState{Row: row, Settings: set}, true)}, err
}

type printerTestOutput struct {
	Body struct {
		OK    bool          `json:"ok" doc:"A test page was sent to it."`
		State printer.State `json:"state,omitempty" enum:"ready,near,paper,cover,offline,trouble,silent"`
		Words string        `json:"words,omitempty" doc:"Why not: the maker's code and words, or ours."`
		Why   *fault.Reason `json:"why,omitempty"`
	}
}

func (s *Server) testPrinter(ctx context.Context, in *ByID) (*printerTestOutput, error) {
	const op = "api.testPrinter"
	id, err := idOf[ident.Printer](in.ID)
	if err != nil {
		return nil, err
	}
	c := who(ctx)
	if wait := s.signIns.take("print test "+id.String(), s.now()); wait > 0 {
		return nil, tooManyTries(op, wait)
	}
	out := &printerTestOutput{}
	st, err := s.hub.TestPrinter(ctx, c.Actor, id)
	out.Body.State = st.State
	switch why := fault.ReasonOf(err); {
	case err == nil:
		out.Body.OK = true
	case why.Code == "no_printer", why.Code == "knock_disarmed":
		return nil, fault.Wrap(op, err)
	default: // what it says is the answer
		out.Body.Words, out.Body.Why = fault.WordsOf(err), why.Coded()
	}
	return out, nil
}

type emptyOutput struct {
	Body struct {
		Tickets int `json:"tickets" doc:"So many are not printed any more."`
	}
}

func (s *Server) emptyPrinter(ctx context.Context, in *ByID) (*emptyOutput, error) {
	id, err := idOf[ident.Printer](in.ID)
	if err != nil {
		return nil, err
	}
	out := &emptyOutput{}
	out.Body.Tickets, err = s.hub.EmptyPrinter(ctx, who(ctx).Actor, id)
	return out, fault.Wrap("api.emptyPrinter", err)
}

type ticketsOutput struct {
	Body struct {
		Tickets []hub.Ticket `json:"tickets"`
	}
}

func (s *Server) listTickets(ctx context.Context, in *ByID) (*ticketsOutput, error) {
	id, err := idOf[ident.Order](in.ID)
	if err != nil {
		return nil, err
	}
	out := &ticketsOutput{}
	out.Body.Tickets, err = s.hub.Tickets(ctx, who(ctx).Actor, id)
	return out, fault.Wrap("api.listTickets", err)
}

type printTicketsBody struct {
	OrderIDs  []ident.Order `json:"order_ids" minItems:"1" maxItems:"100"`
	Ticket    ticket.Kind   `json:"ticket" enum:"kitchen,shop,cancel"`
	PrinterID ident.Printer `json:"printer_id,omitempty" doc:"Left out: on each printer of the store that prints this ticket."`
}

func (s *Server) printTickets(ctx context.Context, in *create[printTicketsBody]) (*emptyOutput, error) {
	out := &emptyOutput{}
	var err error
	out.Body.Tickets, err = s.hub.Reprint(ctx, who(ctx).Actor, in.Body.OrderIDs, in.Body.Ticket, in.Body.PrinterID)
	return out, fault.Wrap("api.printTickets", err)
}
