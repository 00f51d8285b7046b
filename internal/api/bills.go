package api

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"

	"github.com/tongdan/tongdan/bill"
	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/ident"
	"github.com/tongdan/tongdan/internal/db"
	"github.com/tongdan/tongdan/internal/hub"
	"github.com/tongdan/tongdan/money"
)

// Bill is a settlement statement that was read in.
type Bill struct {
	ID      ident.Bill `json:"id"`
	Channel string     `json:"channel"`
	Name    string     `json:"name" doc:"Of the file."`
	Lines   int        `json:"lines"`
	By      string     `json:"by"`
	MadeAt  int64      `json:"made_at"`
}

// MoneyDay is what statements say of a store, channel and day, beside what was expected.
type MoneyDay struct {
	Day      string       `json:"day"`
	Channel  string       `json:"channel"`
	StoreID  ident.Store  `json:"store_id" doc:"Empty: of orders that are not here."`
	Orders   int          `json:"orders"`
	Net      money.Amount `json:"net" doc:"What the statements say that is received."`
	Expected money.Amount `json:"expected"`
	Differ   int          `json:"differ" doc:"Orders that are not the same."`
	By       money.Amount `json:"by" doc:"By how much, over these."`
}

// BillOrder is what a statement says of one order.
type BillOrder struct {
	Ref      string        `json:"ref"`
	OrderID  ident.Order   `json:"order_id"`
	StoreID  ident.Store   `json:"store_id"`
	Channel  string        `json:"channel"`
	Day      string        `json:"day"`
	State    string        `json:"state" enum:"same,differs,unknown,absent,unexpected"`
	Net      money.Amount  `json:"net"`
	Expected money.Amount  `json:"expected"`
	Differs  []bill.Gap    `json:"differs" doc:"Fen: the sum first (net), what the platform's own message says (settled), then parts by the statement's names."`
	Lines    []bill.Charge `json:"lines"`
	Wrong    []hub.Wrong   `json:"wrong" doc:"Deliveries of it that went wrong, and who answers for them."`
}

func (s *Server) billRoutes() {
	add(s, op("listBills", http.MethodGet, "/bills", "money", "Settlement statements that were read in"), s.listBills)
	add(s, created(op("readBill", http.MethodPost, "/bills", "money", "Read a settlement statement in, CSV or XLSX as it was downloaded, and compare it with the orders here")), s.readBill)
	add(s, op("dropBill", http.MethodDelete, "/bills/{id}", "money", "Take one back"), func(ctx context.Context, in *ByID) (*seqOutput, error) {
		id, err := idOf[ident.Bill](in.ID)
		if err != nil {
			return nil, err
		}
		return s.deleted(ctx, s.hub.DropBill(ctx, who(ctx).Actor, id))
	})
	add(s, op("getMoney", http.MethodGet, "/money", "money", "What statements say by store, channel and day, those with differences first"), s.money)
	add(s, op("listBillOrders", http.MethodGet, "/money/orders", "money", "Orders of the statements, or those that differ alone"), s.billOrders)
	add(s, op("exportMoney", http.MethodGet, "/money/export", "money", "The same as CSV"), s.exportMoney)
}

type billsOutput struct {
	Body struct {
		Bills []Bill `json:"bills"`
	}
}

func billOf(b db.BillRow) Bill { return Bill{b.ID, b.Channel, b.Name, b.Lines, b.By, b.Made} }

func (s *Server) listBills(ctx context.Context, _ *struct{}) (*billsOutput, error) {
	list, err := s.db.Bills(ctx, who(ctx).Merchant)
	out := &billsOutput{}
	out.Body.Bills = each(list, billOf)
	return out, fault.Wrap("api.listBills", err)
}

type readBillBody struct {
	Channel string `json:"channel" maxLength:"40"`
	Name    string `json:"name" minLength:"1" maxLength:"200"`
	Content []byte `json:"content" doc:"The file, base64; with it the request is at most 1 MiB."`
}

type billOutput struct {
	Seq  int64 `header:"Tongdan-Seq"`
	Body Bill
}

func (s *Server) readBill(ctx context.Context, in *create[readBillBody]) (*billOutput, error) {
	b, err := s.hub.ReadBill(ctx, who(ctx).Actor, in.Body.Channel, in.Body.Name, in.Body.Content)
	if err != nil {
		return nil, fault.Wrap("api.readBill", err)
	}
	seq, err := s.seq(ctx)
	return &billOutput{seq, billOf(b)}, err
}

type moneyOutput struct {
	Body struct {
		Days []MoneyDay `json:"days"`
	}
}

func yuan(fen int64) money.Amount { return money.Of(fen, "CNY") }

func (s *Server) money(ctx context.Context, in *MoneyRange) (*moneyOutput, error) {
	list, err := s.db.BillDays(ctx, who(ctx).Scope, in.From, in.To)
	out := &moneyOutput{}
	out.Body.Days = each(list, func(d db.BillDay) MoneyDay {
		return MoneyDay{d.Day, d.Channel, d.Store, d.Orders, yuan(d.Net), yuan(d.Expected), d.Differ, yuan(d.By)}
	})
	return out, fault.Wrap("api.money", err)
}

type billOrdersInput struct {
	MoneyRange
	Channel string `query:"channel" maxLength:"40"`
	All     bool   `query:"all" doc:"Those that are the same as well."`
}

// MoneyRange is a range of days of statements.
type MoneyRange struct {
	From string `query:"from" required:"true" pattern:"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"`
	To   string `query:"to" required:"true" pattern:"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"`
}

type billOrdersOutput struct {
	Body struct {
		Orders []BillOrder `json:"orders"`
		More   bool        `json:"more" doc:"There are more than are listed: give fewer days."`
	}
}

const (
	mostBillOrders = 500
	mostExported   = 50_000
)

func billOrderOf(o db.BillOrder) BillOrder {
	var d hub.BillDoc
	if json.Unmarshal(o.Doc, &d) != nil {
		d = hub.BillDoc{}
	}
	if d.Differs == nil {
		d.Differs = []bill.Gap{}
	}
	if d.Lines == nil {
		d.Lines = []bill.Charge{}
	}
	return BillOrder{o.Ref, o.Order, o.Store, o.Channel, o.Day, o.State, yuan(o.Net), yuan(o.Expected), d.Differs, d.Lines, []hub.Wrong{}}
}

func (s *Server) billOrders(ctx context.Context, in *billOrdersInput) (*billOrdersOutput, error) {
	list, err := s.db.BillOrders(ctx, who(ctx).Scope, in.From, in.To, in.Channel, !in.All, mostBillOrders+1)
	out := &billOrdersOutput{}
	if out.Body.More = len(list) > mostBillOrders; out.Body.More {
		list = list[:mostBillOrders]
	}
	if err != nil {
		return nil, fault.Wrap("api.billOrders", err)
	}
	wrong, err := s.wrongs(ctx, list)
	out.Body.Orders = each(list, billOrderOf)
	for i := range out.Body.Orders {
		if w := wrong[out.Body.Orders[i].OrderID]; w != nil {
			out.Body.Orders[i].Wrong = w
		}
	}
	return out, fault.Wrap("api.billOrders", err)
}

// wrongs gives the deliveries of a statement's orders that went wrong.
func (s *Server) wrongs(ctx context.Context, list []db.BillOrder) (map[ident.Order][]hub.Wrong, error) {
	var ids []ident.Order
	for _, o := range list {
		if o.Order != 0 {
			ids = append(ids, o.Order)
		}
	}
	return s.hub.Wrongs(ctx, who(ctx).Actor, ids)
}

type exportOutput struct {
	Type string `header:"Content-Type"`
	File string `header:"Content-Disposition"`
	Body []byte
}

func (s *Server) exportMoney(ctx context.Context, in *billOrdersInput) (*exportOutput, error) {
	list, err := s.db.BillOrders(ctx, who(ctx).Scope, in.From, in.To, in.Channel, !in.All, mostExported)
	if err != nil {
		return nil, fault.Wrap("api.exportMoney", err)
	}
	wrong, err := s.wrongs(ctx, list)
	if err != nil {
		return nil, fault.Wrap("api.exportMoney", err)
	}
	var b bytes.Buffer
	b.WriteString("\xef\xbb\xbf") // spreadsheets take it for something else without
	w := csv.NewWriter(&b)
	w.Write([]string{"day", "channel", "store", "order", "state", "expected", "statement", "difference", "what differs", "deliveries that went wrong, and who answers"})
	for _, o := range list {
		st, _ := s.db.StoreByID(who(ctx).Merchant, o.Store)
		var what []string
		for _, d := range billOrderOf(o).Differs {
			what = append(what, d.What+" "+yuan(d.Here).Text()+" / "+yuan(d.Bill).Text())
		}
		var blamed []string
		for _, x := range wrong[o.Order] {
			blamed = append(blamed, strings.TrimSpace(x.What+": "+string(x.Party)+" "+x.Why))
		}
		w.Write([]string{o.Day, o.Channel, plainCell(st.Name), "\t" + o.Ref, o.State, yuan(o.Expected).Text(), yuan(o.Net).Text(), yuan(o.Net - o.Expected).Text(), plainCell(strings.Join(what, "; ")), plainCell(strings.Join(blamed, "; "))})
	}
	w.Flush()
	return &exportOutput{"text/csv; charset=utf-8", "attachment; filename=" + strconv.Quote("money-"+in.From+"-"+in.To+".csv"), b.Bytes()}, nil
}

// plainCell is a text that no spreadsheet takes for a formula.
func plainCell(s string) string {
	if s != "" && strings.ContainsAny(s[:1], "=+-@") {
		return "'" + s
	}
	return s
}
