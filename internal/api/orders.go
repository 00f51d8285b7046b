package api

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"sync"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"

	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/ident"
	"github.com/tongdan/tongdan/internal/db"
	"github.com/tongdan/tongdan/internal/hub"
	"github.com/tongdan/tongdan/order"
)

// Named is a shop as an order shows it.
type Named struct {
	ID   ident.Shop `json:"id"`
	Name string     `json:"name"`
	Mode string     `json:"mode,omitempty" enum:"watch,goods" doc:"That of a shop whose orders ring for nobody and for which no act is sent; absent: everything is."`
}

func namedOf(s db.ShopRow) Named {
	if s.Mode == hub.ModeFull {
		s.Mode = ""
	}
	return Named{s.ID, s.Name, s.Mode}
}

// Place is a store as an order shows it.
type Place struct {
	ID   ident.Store `json:"id"`
	Name string      `json:"name"`
	Zone string      `json:"zone" doc:"IANA"`
}

// OrderSummary is an order in a list.
type OrderSummary struct {
	hub.Summary
	Shop      *Named `json:"shop,omitempty" doc:"Absent until its shop is bound to a store."`
	Store     *Place `json:"store,omitempty"`
	ChangedAt int64  `json:"changed_at"`
	Seq       int64  `json:"seq" doc:"The number of the order's last change in the feed."`
}

// Order is everything about one order. Its customer and remark replace the short ones
// of the summary.
type Order struct {
	OrderSummary
	Remark     string          `json:"remark,omitempty"`
	Customer   *hub.Customer   `json:"customer,omitempty"`
	LineList   []order.Line    `json:"lines"`
	Money      hub.Money       `json:"money"`
	Notes      []hub.Note      `json:"notes"`
	Invoice    *order.Invoice  `json:"invoice,omitempty"`
	Payments   []hub.Payment   `json:"payments"`
	Deliveries []hub.Delivery  `json:"deliveries"`
	AfterSales []hub.AfterSale `json:"after_sales"`
	Slow       *hub.SlowMark   `json:"slow,omitempty" doc:"What the platform holds against how it was made."`
	Reminders  []hub.Reminder  `json:"reminders"`
	Deadlines  []hub.Deadline  `json:"deadlines"`
	ActionList []hub.Action    `json:"action_list"`
	Timeline   []hub.Moment    `json:"timeline"`
	SamePack   []hub.SamePack  `json:"same_pack"`
	CancelBy   string          `json:"cancel_by,omitempty" doc:"Who cancelled, in the platform's word."`
	CancelWhy  string          `json:"cancel_why,omitempty"`
	Tags       []string        `json:"tags,omitempty"`
	Entry      int64           `json:"entry_version,omitempty" doc:"Of an order that was entered here: another one after each change."`
}

// OrderPage is a page of a list.
type OrderPage struct {
	Orders     []OrderSummary `json:"orders"`
	NextCursor string         `json:"next_cursor" doc:"Give it back as cursor; empty on the last page."`
	Seq        int64          `json:"seq" doc:"The feed had this number when the page was read: follow the stream or changes from here."`
	Epoch      int64          `json:"epoch"`
	AsOf       int64          `json:"as_of"`
}

// Where is what lists and counts filter by.
type Where struct {
	Channel []string `query:"channel" maxItems:"20" doc:"Separated by commas, as are the others."`
	Shop    []string `query:"shop" maxItems:"200"`
	Store   []string `query:"store" maxItems:"200"`
}

func (w Where) filter() (f db.Filter, err error) {
	f.Channels = w.Channel
	if f.Shops, err = idsOf[ident.Shop]("query.shop", w.Shop); err != nil {
		return f, err
	}
	f.Stores, err = idsOf[ident.Store]("query.store", w.Store)
	return f, err
}

type listInput struct {
	Where
	Status    []string `query:"status" enum:"unpaid,new,accepted,ready,delivering,delivered,done,cancelled,replaced"`
	Kind      string   `query:"kind" enum:"takeaway,ecommerce,"`
	Logistics string   `query:"logistics" maxLength:"20"`
	Flag      []string `query:"flag" enum:"refund,reminder,problem,preorder,pickup,to_label,labelled,handover,lost,slow" doc:"Any of these."`
	Without   []string `query:"without" enum:"refund,reminder,problem,preorder,pickup,to_label,labelled,handover,lost,slow" doc:"None of these flags."`
	Q         string   `query:"q" maxLength:"100" doc:"Part of the number, #12 for the daily number, part of a dish, of the recipient's name, the last digits of the phone, or the platform's id of the buyer, whole."`
	From      int64    `query:"from" minimum:"0" doc:"Placed at or after, UTC ms."`
	To        int64    `query:"to" minimum:"0" doc:"Placed before, UTC ms."`
	Sort      string   `query:"sort" enum:"newest,due" default:"newest"`
	Cursor    string   `query:"cursor" maxLength:"200"`
	Limit     int      `query:"limit" minimum:"1" maximum:"200" default:"50"`
}

// typed gives an operation with a raw answer the schema of what it answers.
func typed[T any](s *Server, o huma.Operation) huma.Operation {
	schema := s.api.OpenAPI().Components.Schemas.Schema(reflect.TypeFor[T](), true, "")
	o.Responses = map[string]*huma.Response{"200": {Description: "OK", Content: map[string]*huma.MediaType{"application/json": {Schema: schema}}}}
	return o
}

func (s *Server) orderRoutes() {
	add(s, typed[OrderPage](s, op("listOrders", http.MethodGet, "/orders", "orders", "Orders, newest or most urgent first")), s.listOrders)
	add(s, op("getOrder", http.MethodGet, "/orders/{id}", "orders", "One order with everything about it"), s.getOrder)
	add(s, op("listJournal", http.MethodGet, "/orders/{id}/journal", "orders", "What went in and out for an order, newest first"), s.listJournal)
	add(s, op("uncoverCustomer", http.MethodPost, "/orders/{id}/uncover", "orders", "The customer in full; who asked for a real number or an address is in the journal and the timeline"), s.uncover)
	add(s, op("listHandovers", http.MethodGet, "/stores/{id}/handovers", "orders", "What a store has handed over to customers who came for it on one business day: when, by whom, with a code or without and why"), s.listHandovers)
	add(s, op("whoseOrder", http.MethodGet, "/tickets/whose", "orders", "Which store an order is of, by its whole number or a ticket's code: its name, also of stores that one does not see"), s.whoseOrder)
	add(s, op("countOrders", http.MethodGet, "/counts", "orders", "How many orders there are, by status and by flag"), s.countOrders)
}

// listOrders puts the answer together from stored bytes, in a buffer that goes from
// request to request: a page is 60 KB.
func (s *Server) listOrders(ctx context.Context, in *listInput) (*huma.StreamResponse, error) {
	const op = "api.listOrders"
	c := who(ctx)
	f, err := in.filter()
	if err != nil {
		return nil, err
	}
	for _, st := range in.Status {
		f.Status = append(f.Status, order.Status(st))
	}
	for _, x := range in.Flag {
		f.Flag |= db.FlagsOf([]order.Flag{order.Flag(x)})
	}
	for _, x := range in.Without {
		f.Without |= db.FlagsOf([]order.Flag{order.Flag(x)})
	}
	f.Kind, f.Logistics, f.Query, f.From, f.To, f.Sort, f.Cursor, f.Limit = in.Kind, in.Logistics, in.Q, in.From, in.To, in.Sort, in.Cursor, in.Limit
	at, err := s.db.Feed(ctx, c.Merchant) // before the rows: what comes later is in the stream
	if err != nil {
		return nil, fault.Wrap(op, err)
	}
	veil, err := s.veil(c)
	if err != nil {
		return nil, fault.Wrap(op, err)
	}
	buf := buffers.Get().(*[]byte)
	b := append((*buf)[:0], `{"orders":[`...)
	first := len(b)
	next, err := s.db.List(ctx, c.Scope, f, func(r *db.Listed) {
		if len(b) > first {
			b = append(b, ',')
		}
		b = s.appendSummary(b, r, c.Personal)
		b = append(strconv.AppendInt(b, veil.hide(r.Seq), 10), '}')
	})
	if err != nil {
		buffers.Put(buf)
		return nil, fault.Wrap(op, err)
	}
	b = append(b, `],"next_cursor":`...)
	b = appendText(b, next)
	b = strconv.AppendInt(append(b, `,"seq":`...), veil.hide(at.Seq), 10)
	b = strconv.AppendInt(append(b, `,"epoch":`...), at.Epoch, 10)
	b = strconv.AppendInt(append(b, `,"as_of":`...), s.now().UnixMilli(), 10)
	*buf = append(b, '}')
	return &huma.StreamResponse{Body: func(hc huma.Context) {
		defer buffers.Put(buf)
		hc.SetHeader("Content-Type", "application/json")
		hc.SetHeader("Content-Length", strconv.Itoa(len(*buf)))
		hc.BodyWriter().Write(*buf) // an error is the client's, who has left
	}}, nil
}

// buffers are for answers that are put together by hand.
var buffers = sync.Pool{New: func() any { return new([]byte) }}

// appendSummary writes an OrderSummary: the stored summary as it is, with what is not
// stored in it before its closing brace, up to the number of its last change, which is
// not the same for everybody: the caller writes that and the brace. Without the right to personal data it is
// decoded and masked.
func (s *Server) appendSummary(b []byte, row *db.Listed, personal bool) []byte {
	sum := bytes.TrimSpace(row.Summary)
	if !personal {
		sum = maskSummary(sum)
	}
	if len(sum) < 3 || sum[0] != '{' || sum[len(sum)-1] != '}' {
		sum = []byte(`{"id":"` + row.ID.String() + `"}`) // never stored so; a list must not break
	}
	b = append(b, sum[:len(sum)-1]...)
	if shop, ok := s.db.ShopByID(row.Merchant, row.Shop); ok {
		b = append(append(append(b, `,"shop":{"id":"`...), shop.ID.String()...), `","name":`...)
		b = appendText(b, shop.Name)
		if shop.Mode != hub.ModeFull {
			b = appendText(append(b, `,"mode":`...), shop.Mode)
		}
		b = append(b, '}')
	}
	if st, ok := s.db.StoreByID(row.Merchant, row.Store); ok {
		b = append(append(append(b, `,"store":{"id":"`...), st.ID.String()...), `","name":`...)
		b = append(appendText(b, st.Name), `,"zone":`...)
		b = append(appendText(b, st.Zone), '}')
	}
	b = strconv.AppendInt(append(b, `,"changed_at":`...), row.Changed, 10)
	return append(b, `,"seq":`...)
}

// appendText writes a string of JSON.
func appendText(b []byte, s string) []byte {
	if plainText(s) {
		return append(append(append(b, '"'), s...), '"')
	}
	t, err := json.Marshal(s)
	if err != nil {
		return append(b, `""`...) // a string always can be
	}
	return append(b, t...)
}

// plainText reports whether a text stands in JSON as it is.
func plainText(s string) bool {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c == '"' || c == '\\' || c == '<' || c == '>' || c == '&' || c == 0xe2 { // 0xe2 begins U+2028, which scripts do not like
			return false
		}
	}
	return utf8.ValidString(s)
}

// longNumber is what may be a phone number inside a remark.
var longNumber = regexp.MustCompile(`\d[\d _-]{5,}\d`)

// maskSummary hides the customer in a stored summary.
func maskSummary(sum []byte) []byte {
	var m map[string]json.RawMessage
	if json.Unmarshal(sum, &m) != nil {
		return nil
	}
	if c, ok := m["customer"]; ok {
		var brief hub.CustomerBrief
		if json.Unmarshal(c, &brief) != nil {
			return nil
		}
		if r := []rune(brief.Name); len(r) > 0 {
			brief.Name = string(r[:1]) + "**"
		}
		m["customer"], _ = json.Marshal(brief)
	}
	if r, ok := m["remark"]; ok {
		var text string
		if json.Unmarshal(r, &text) != nil {
			return nil
		}
		m["remark"], _ = json.Marshal(maskText(text))
	}
	if raw, ok := m["items"]; ok {
		var items []hub.Item
		if json.Unmarshal(raw, &items) != nil {
			return nil
		}
		for i := range items {
			items[i].Note, items[i].Options = maskText(items[i].Note), maskText(items[i].Options)
		}
		m["items"], _ = json.Marshal(items)
	}
	out, err := json.Marshal(m)
	if err != nil {
		return nil
	}
	return out
}

func maskText(s string) string { return longNumber.ReplaceAllString(s, "***") }

type orderOutput struct{ Body Order }

func (s *Server) getOrder(ctx context.Context, in *ByID) (*orderOutput, error) {
	const op = "api.getOrder"
	c := who(ctx)
	id, err := idOf[ident.Order](in.ID)
	if err != nil {
		return nil, err
	}
	d, err := s.hub.Detail(ctx, c.Actor, id)
	if err != nil {
		return nil, fault.Wrap(op, err)
	}
	out := &orderOutput{Body: Order{
		Remark: d.RemarkFull, Customer: d.Customer, LineList: d.Lines, Money: d.Money, Notes: d.Notes, Invoice: d.Invoice, Payments: d.Payments,
		Deliveries: d.Deliveries, AfterSales: d.AfterSales, Slow: d.Slow, Reminders: d.Reminders, Deadlines: d.Deadlines, ActionList: d.ActionList,
		Timeline: d.Timeline, SamePack: d.SamePack, CancelBy: d.CancelBy, CancelWhy: d.CancelWhy, Tags: d.Tags, Entry: d.Entry,
	}}
	if !c.Personal {
		out.Body.Remark = maskText(d.RemarkFull)
		for i := range out.Body.Deliveries {
			if r := out.Body.Deliveries[i].Rider; r != nil {
				out.Body.Deliveries[i].Rider = &order.Rider{Name: r.Name}
			}
		}
	}
	if err := json.Unmarshal(d.Summary, &out.Body.OrderSummary.Summary); err != nil {
		return nil, &fault.Error{Op: op, Code: fault.Internal, Ref: id.String(), Err: err}
	}
	out.Body.ChangedAt = d.Row.Changed
	if out.Body.Seq, err = s.shownSeq(ctx, d.Row.Seq); err != nil {
		return nil, fault.Wrap(op, err)
	}
	if shop, ok := s.db.ShopByID(c.Merchant, d.Row.Shop); ok {
		named := namedOf(shop)
		out.Body.Shop = &named
	}
	if st, ok := s.db.StoreByID(c.Merchant, d.Row.Store); ok {
		out.Body.Store = &Place{st.ID, st.Name, st.Zone}
	}
	return out, nil
}

type customerOutput struct{ Body hub.Customer }

func (s *Server) uncover(ctx context.Context, in *ByID) (*customerOutput, error) {
	const op = "api.uncover"
	id, err := idOf[ident.Order](in.ID)
	if err != nil {
		return nil, err
	}
	c, err := s.hub.Uncover(ctx, who(ctx).Actor, id)
	if err != nil {
		return nil, fault.Wrap(op, err)
	}
	return &customerOutput{*c}, nil
}

// JournalEntry is one line of an order's journal.
type JournalEntry struct {
	ID        ident.Entry  `json:"id"`
	At        int64        `json:"at"`
	Direction db.Direction `json:"direction" enum:"push,pull,call,act,decision"`
	What      string       `json:"what"`
	Method    string       `json:"method,omitempty"`
	Path      string       `json:"path,omitempty"`
	Status    int          `json:"status" doc:"HTTP status of a call; 0 = no answer, or no call."`
	TookMS    int64        `json:"took_ms"`
	By        string       `json:"by,omitempty"`
	ByName    string       `json:"by_name,omitempty" doc:"What whoever acted here is called, or was when a device or key that is gone."`
	Outcome   string       `json:"outcome,omitempty"`
	Error     string       `json:"error,omitempty"`
	Body      string       `json:"body,omitempty"`
	Answer    string       `json:"answer,omitempty" doc:"What the platform answered to a call."`
	Size      int          `json:"size" doc:"Bytes of the whole body."`
	Known     bool         `json:"known" doc:"The same was read before; only its hash is kept."`
	Masked    bool         `json:"masked" doc:"Bodies are left out: they hold customers' data, and were not asked for, or the right to them is lacking."`
	Erased    bool         `json:"erased" doc:"The bodies were erased for good."`
}

type journalInput struct {
	ByID
	Bodies bool   `query:"bodies" doc:"With the bytes of the messages, which hold customers' data: it takes the right to that, and who asked is recorded."`
	Cursor string `query:"cursor" maxLength:"200"`
	Limit  int    `query:"limit" minimum:"1" maximum:"100" default:"50"`
}

type journalOutput struct {
	Body struct {
		Entries    []JournalEntry `json:"entries"`
		NextCursor string         `json:"next_cursor"`
	}
}

const maxShown = 64 << 10 // bytes of a body in an answer

func (s *Server) listJournal(ctx context.Context, in *journalInput) (*journalOutput, error) {
	const op = "api.listJournal"
	c := who(ctx)
	id, err := idOf[ident.Order](in.ID)
	if err != nil {
		return nil, err
	}
	if in.Bodies {
		if err := s.hub.UncoverJournal(ctx, c.Actor, id); err != nil {
			return nil, fault.Wrap(op, err)
		}
	}
	list, next, err := s.db.JournalOf(ctx, c.Scope, id, in.Cursor, in.Limit)
	if err != nil {
		return nil, fault.Wrap(op, err)
	}
	names, err := s.hub.Actors(ctx, c.Actor)
	if err != nil {
		return nil, fault.Wrap(op, err)
	}
	out := &journalOutput{}
	out.Body.NextCursor = next
	out.Body.Entries = each(list, func(e db.EntryRead) JournalEntry {
		j := JournalEntry{
			ID: e.ID, At: e.At.UnixMilli(), Direction: e.Direction, What: e.What, Method: e.Method, Path: e.Path, Status: e.Status,
			TookMS: e.Took.Milliseconds(), By: e.By, ByName: names[e.By], Outcome: e.Outcome, Error: e.Error, Size: e.Size, Known: e.Known, Masked: !in.Bodies, Erased: e.Erased,
		}
		if in.Bodies {
			j.Body, j.Answer = shown(e.Body), shown(e.Answer)
		}
		return j
	})
	return out, nil
}

// shown is a body as text for a screen.
func shown(b []byte) string {
	if len(b) > maxShown {
		b = b[:maxShown]
	}
	return string(bytes.ToValidUTF8(b, []byte("�")))
}

// A Tally is how many orders there are, by status and by flag.
type Tally struct {
	Statuses map[order.Status]int64 `json:"statuses"`
	Flags    map[order.Flag]int64   `json:"flags"`
}

// Counts are exact as of a moment less than a second ago.
type Counts struct {
	Tally
	Channels map[string]Tally `json:"channels" doc:"By channel: every one that a shop in sight is bound to, also without orders."`
	AsOf     int64            `json:"as_of"`
	Seq      int64            `json:"seq"`
}

type countsOutput struct{ Body Counts }

func (s *Server) countOrders(ctx context.Context, in *struct{ Where }) (*countsOutput, error) {
	f, err := in.filter()
	if err != nil {
		return nil, err
	}
	scope := who(ctx).Scope
	n, err := s.db.Counts(ctx, scope, f)
	if err != nil {
		return nil, fault.Wrap("api.countOrders", err)
	}
	if n.Seq, err = s.shownSeq(ctx, n.Seq); err != nil {
		return nil, fault.Wrap("api.countOrders", err)
	}
	out := &countsOutput{Counts{tallyOf(n.Tally), map[string]Tally{}, n.AsOf, n.Seq}}
	for _, shop := range s.db.ShopsIn(scope) {
		if (len(f.Stores) == 0 || slices.Contains(f.Stores, shop.Store)) && (len(f.Channels) == 0 || slices.Contains(f.Channels, shop.Channel)) {
			n.Channels[shop.Channel] = n.Channels[shop.Channel]
		}
	}
	for name, t := range n.Channels {
		out.Body.Channels[name] = tallyOf(t)
	}
	return out, nil
}

// tallyOf names every status and flag, also those without an order.
func tallyOf(t db.Tally) Tally {
	out := Tally{map[order.Status]int64{}, map[order.Flag]int64{}}
	for _, st := range order.Statuses {
		out.Statuses[st] = t.Statuses[st]
	}
	for _, fl := range order.Flags {
		out.Flags[fl] = t.Flags[fl]
	}
	return out
}

type handoversInput struct {
	ByID
	Day    string `query:"day" maxLength:"10" doc:"YYYY-MM-DD, the store's business day; left out: today."`
	NoCode bool   `query:"no_code" doc:"Those without a code alone."`
	Cursor string `query:"cursor" maxLength:"100"`
	Limit  int    `query:"limit" minimum:"1" maximum:"200" default:"50"`
}

type handoversOutput struct{ Body hub.Handovers }

func (s *Server) listHandovers(ctx context.Context, in *handoversInput) (*handoversOutput, error) {
	const op = "api.listHandovers"
	c := who(ctx)
	store, err := s.ownStore(c, in.ID)
	if err != nil {
		return nil, err
	}
	out := &handoversOutput{}
	out.Body, err = s.hub.Handovers(ctx, c.Actor, hub.HandoverAsk{Store: store, Day: in.Day, NoCode: in.NoCode, Cursor: in.Cursor, Limit: in.Limit})
	return out, fault.Wrap(op, err)
}

type whoseOutput struct {
	Body struct {
		StoreName string `json:"store_name"`
	}
}

func (s *Server) whoseOrder(ctx context.Context, in *struct {
	Code string `query:"code" required:"true" minLength:"1" maxLength:"60" doc:"The whole number, or what the QR code of a ticket holds."`
}) (*whoseOutput, error) {
	out := &whoseOutput{}
	var err error
	out.Body.StoreName, err = s.hub.Whose(ctx, who(ctx).Actor, in.Code)
	return out, fault.Wrap("api.whoseOrder", err)
}
