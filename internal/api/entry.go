package api

import (
	"context"
	"net/http"

	"github.com/tongdan/tongdan/channel"
	"github.com/tongdan/tongdan/effect"
	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/ident"
	"github.com/tongdan/tongdan/internal/hub"
	"github.com/tongdan/tongdan/internal/span"
	"github.com/tongdan/tongdan/money"
)

// Entry is an order that somebody enters. Amounts are minor units of the store's currency,
// which the list of its goods names.
type Entry struct {
	StoreID    ident.Store   `json:"store_id"`
	Origin     string        `json:"origin" enum:"phone,counter,other"`
	Serve      string        `json:"serve" enum:"delivery,pickup,take_out,table" doc:"delivery: the store's own people bring it. take_out: the customer waits at the counter."`
	Table      string        `json:"table,omitempty" maxLength:"20" doc:"With table: its number or name."`
	PromisedAt int64         `json:"promised_at,omitempty" doc:"A chosen time; 0 = as soon as possible."`
	Lines      []EntryLine   `json:"lines" minItems:"1" maxItems:"100"`
	Delivery   int64         `json:"delivery,omitempty" minimum:"0" maximum:"99999999" doc:"What the customer pays for delivery."`
	Discount   int64         `json:"discount,omitempty" minimum:"0" maximum:"99999999" doc:"Taken off the whole."`
	Pay        string        `json:"pay" enum:"cash,card,code,later" doc:"later: collected when it is handed over."`
	Tendered   int64         `json:"tendered,omitempty" minimum:"0" maximum:"99999999" doc:"What was given in cash; 0 = not typed."`
	Customer   EntryCustomer `json:"customer,omitzero"`
	Remark     string        `json:"remark,omitempty" maxLength:"500"`
	Short      bool          `json:"short,omitempty" doc:"Enter it although pieces are missing."`
}

// EntryCustomer is who ordered, as far as it was asked.
type EntryCustomer struct {
	Name    string `json:"name,omitempty" maxLength:"80"`
	Phone   string `json:"phone,omitempty" maxLength:"40"`
	Address string `json:"address,omitempty" maxLength:"300"`
}

// EntryLine is one thing of an Entry.
type EntryLine struct {
	SKUID    ident.SKU `json:"sku_id,omitempty" doc:"Takes stock. Empty: a free line, which takes none."`
	Name     string    `json:"name,omitempty" maxLength:"120" doc:"Empty: the SKU's."`
	Quantity int64     `json:"quantity" minimum:"1" maximum:"9999"`
	Price    int64     `json:"price" minimum:"0" maximum:"99999999" doc:"Of one piece."`
	Note     string    `json:"note,omitempty" maxLength:"200"`
}

// Entered is what became of an entry.
type Entered struct {
	OrderID ident.Order   `json:"order_id"`
	Number  int64         `json:"number" doc:"Of the store's business day."`
	Day     string        `json:"day"`
	Total   money.Amount  `json:"total"`
	Change  *money.Amount `json:"change,omitempty" doc:"To give back of what was tendered."`
	UndoAt  int64         `json:"undo_until" doc:"Until when whoever entered it may take it back."`
	Seq     int64         `json:"seq"`
}

type entryOutput struct {
	Seq  int64 `header:"Tongdan-Seq"`
	Body Entered
}

// Good is something that a store can sell over its counter, with what is known of it.
type Good struct {
	SKUID    *ident.SKU    `json:"sku_id,omitempty" doc:"Absent: a free line, which takes no stock."`
	Code     string        `json:"code,omitempty"`
	Name     string        `json:"name"`
	Price    *money.Amount `json:"price,omitempty" doc:"The last one; absent when none is known."`
	From     string        `json:"from" enum:"entered,channel,stock" doc:"Where name and price come from: the last entry, an order of a channel, or only the stock, which has no prices."`
	Sellable *int64        `json:"sellable,omitempty" doc:"Pieces that nobody has bought yet; absent where none are counted."`
	Sold     int64         `json:"sold" doc:"How many lines were entered so far."`
}

// Goods is what a store sold before: there is no product master.
type Goods struct {
	Currency string `json:"currency"`
	Digits   int    `json:"digits"`
	Goods    []Good `json:"goods"`
}

type goodsOutput struct{ Body Goods }

func (s *Server) entryRoutes() {
	add(s, created(op("enterOrder", http.MethodPost, "/orders", "orders", "Enter an order taken by phone or at the counter")), s.enterOrder)
	add(s, op("changeEntry", http.MethodPut, "/orders/{id}/entry", "orders", "Change an entered order while nothing of it has left: its lines, time and remark"), s.changeEntry)
	add(s, op("undoEntryChange", http.MethodPost, "/orders/{id}/entry/undo", "orders", "Take the last change of an entered order back"), s.undoEntryChange)
	o := op("takeBackOrder", http.MethodPost, "/orders/{id}/undo", "orders", "Take back an order that one has entered within the last ten seconds")
	o.DefaultStatus = http.StatusAccepted
	add(s, o, s.takeBackOrder)
	add(s, op("listGoods", http.MethodGet, "/stores/{id}/goods", "orders", "What a store sold before, with the last prices, and what it has in stock"), s.listGoods)
}

func (s *Server) enterOrder(ctx context.Context, in *create[Entry]) (*entryOutput, error) {
	const op = "api.enterOrder"
	b := in.Body
	e := hub.Entry{
		Store: b.StoreID, Origin: b.Origin, Serve: b.Serve, Table: b.Table, Promised: b.PromisedAt, Delivery: b.Delivery, Discount: b.Discount,
		Pay: b.Pay, Tendered: b.Tendered, Remark: b.Remark, Short: b.Short, Key: in.Key,
		Customer: channel.EntryCustomer{Name: b.Customer.Name, Phone: b.Customer.Phone, Address: b.Customer.Address},
		Lines: each(b.Lines, func(l EntryLine) hub.EntryLine {
			return hub.EntryLine{SKU: l.SKUID, Name: l.Name, Quantity: l.Quantity, Price: l.Price, Note: l.Note}
		}),
	}
	got, err := s.hub.Enter(ctx, who(ctx).Actor, e)
	if err != nil {
		return nil, fault.Wrap(op, err)
	}
	span.Told(ctx, span.Order, got.Order.String())
	seq, err := s.shownSeq(ctx, got.Seq)
	if err != nil {
		return nil, err
	}
	return &entryOutput{seq, Entered{got.Order, got.Number, got.Day, got.Total, got.Change, got.Undo, seq}}, nil
}

func (s *Server) takeBackOrder(ctx context.Context, in *struct {
	ByID
	ActOnce
}) (*doneOutput, error) {
	id, err := idOf[ident.Order](in.ID)
	if err != nil {
		return nil, err
	}
	done, err := s.hub.TakeBack(ctx, who(ctx).Actor, id)
	if err != nil {
		return nil, fault.Wrap("api.takeBackOrder", err)
	}
	if done.Seq, err = s.shownSeq(ctx, done.Seq); err != nil {
		return nil, err
	}
	out := &doneOutput{Status: http.StatusAccepted, Seq: done.Seq, Body: Done{EffectID: done.Effect, State: done.State, Seq: done.Seq}}
	if done.State == effect.Done {
		out.Status = http.StatusOK
	}
	return out, nil
}

func (s *Server) listGoods(ctx context.Context, in *ByID) (*goodsOutput, error) {
	id, err := idOf[ident.Store](in.ID)
	if err != nil {
		return nil, err
	}
	cur, list, err := s.hub.Goods(ctx, who(ctx).Actor, id)
	if err != nil {
		return nil, fault.Wrap("api.listGoods", err)
	}
	digits, _ := cur.Digits()
	out := &goodsOutput{Goods{Currency: string(cur), Digits: digits}}
	out.Body.Goods = each(list, func(g hub.Ware) Good {
		one := Good{Code: g.Code, Name: g.Name, Price: g.Price, From: g.From, Sellable: g.Sellable, Sold: g.Sold}
		if g.SKU != 0 {
			one.SKUID = &g.SKU
		}
		return one
	})
	return out, nil
}

// EntryChange is what an entered order becomes; everything else of it stays.
type EntryChange struct {
	Lines      []ChangedLine `json:"lines" minItems:"1" maxItems:"100"`
	PromisedAt *int64        `json:"promised_at,omitempty" doc:"A chosen time; 0 = as soon as possible; absent: as it is."`
	Remark     *string       `json:"remark,omitempty" maxLength:"500" doc:"Absent: as it is."`
	Short      bool          `json:"short,omitempty" doc:"Change it although pieces are missing."`
	Version    int64         `json:"entry_version,omitempty" doc:"Of the order that the change was made of: entry_changed if somebody has changed it since. Absent: not asked."`
}

// ChangedLine is one line of it.
type ChangedLine struct {
	Line string `json:"line,omitempty" maxLength:"64" doc:"The key of a line of the order, whose name and SKU stay. Empty: a new one."`
	EntryLine
}

// EntryChanged is what became of it.
type EntryChanged struct {
	Total  money.Amount `json:"total"`
	More   money.Amount `json:"more" doc:"To be collected now; below 0: to be given back. 0 where it is paid at the hand-over."`
	UndoAt int64        `json:"undo_until" doc:"Until when a screen offers to take it back."`
	Seq    int64        `json:"seq"`
}

type entryChangedOutput struct {
	Seq  int64 `header:"Tongdan-Seq"`
	Body EntryChanged
}

func (s *Server) changeEntry(ctx context.Context, in *change[EntryChange]) (*entryChangedOutput, error) {
	id, err := idOf[ident.Order](in.ID)
	if err != nil {
		return nil, err
	}
	b := in.Body
	return s.entryChanged(ctx)(s.hub.ChangeEntry(ctx, who(ctx).Actor, id, hub.EntryChange{Promised: b.PromisedAt, Remark: b.Remark, Short: b.Short, Version: b.Version,
		Lines: each(b.Lines, func(l ChangedLine) hub.EntryLine {
			return hub.EntryLine{Keep: l.Line, SKU: l.SKUID, Name: l.Name, Quantity: l.Quantity, Price: l.Price, Note: l.Note}
		})}))
}

func (s *Server) undoEntryChange(ctx context.Context, in *struct {
	ByID
	ActOnce
}) (*entryChangedOutput, error) {
	id, err := idOf[ident.Order](in.ID)
	if err != nil {
		return nil, err
	}
	return s.entryChanged(ctx)(s.hub.UndoEntryChange(ctx, who(ctx).Actor, id))
}

func (s *Server) entryChanged(ctx context.Context) func(hub.EntryChanged, error) (*entryChangedOutput, error) {
	return func(got hub.EntryChanged, err error) (*entryChangedOutput, error) {
		if err != nil {
			return nil, fault.Wrap("api.changeEntry", err)
		}
		seq, err := s.shownSeq(ctx, got.Seq)
		if err != nil {
			return nil, err
		}
		return &entryChangedOutput{seq, EntryChanged{got.Total, got.More, got.Undo, seq}}, nil
	}
}
