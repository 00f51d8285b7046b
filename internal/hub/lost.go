package hub

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"
	"time"

	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/ident"
	"github.com/tongdan/tongdan/internal/db"
	"github.com/tongdan/tongdan/money"
	"github.com/tongdan/tongdan/order"
)

// A LostCase is a refund that the platform agreed to by itself, since nobody had answered in time.
type LostCase struct {
	Case   string        `json:"case"`
	At     int64         `json:"at"`
	Amount *money.Amount `json:"amount,omitempty"`
	SeenAt int64         `json:"seen_at" doc:"When somebody said to have seen it; 0 = nobody has, and it is a message."`
	SeenBy string        `json:"seen_by,omitempty"`
}

func lostOf(o *order.Order) (out []LostCase) {
	for _, c := range o.Cases {
		if c.LostAt == 0 {
			continue
		}
		l := LostCase{Case: c.Key, At: c.LostAt, Amount: c.Case.Amount}
		if l.Amount == nil && c.Case.Full {
			l.Amount = o.PaidSum
		}
		if c.Seen != nil {
			l.SeenAt, l.SeenBy = c.Seen.At, c.Seen.By
		}
		out = append(out, l)
	}
	return out
}

// Lost is what one's stores lost by time: refunds that nobody answered.
type Lost struct {
	AsOf    int64         `json:"as_of"`
	Stores  []LostByStore `json:"stores" doc:"Those that lost any in their week, the most money first."`
	Refunds []LostRefund  `json:"refunds" doc:"Of the week, the last first, at most 100."`
	More    bool          `json:"more" doc:"There were more than were counted."`
}

// LostByStore is what a store lost.
type LostByStore struct {
	StoreID ident.Store `json:"store_id" doc:"Empty: of shops that are bound to no store."`
	Today   LostSum     `json:"today" doc:"On the store's business day."`
	Week    LostSum     `json:"week" doc:"Since its Monday."`
}

// A LostSum counts lost refunds.
type LostSum struct {
	N   int            `json:"n"`
	Sum []money.Amount `json:"sum" doc:"By currency."`
}

func (s *LostSum) add(a *money.Amount) {
	s.N++
	if a == nil {
		return
	}
	if i := slices.IndexFunc(s.Sum, func(x money.Amount) bool { return x.Currency() == a.Currency() }); i < 0 {
		s.Sum = append(s.Sum, *a)
	} else if sum, err := s.Sum[i].Add(*a); err == nil {
		s.Sum[i] = sum
	}
}

// A LostRefund is one of them, with its order.
type LostRefund struct {
	LostCase
	Key        string      `json:"key" doc:"Of its message, for POST /messages/take."`
	OrderID    ident.Order `json:"order_id"`
	StoreID    ident.Store `json:"store_id"`
	Channel    string      `json:"channel"`
	DisplayRef string      `json:"display_ref"`
	DaySeq     string      `json:"day_seq,omitempty"`
	Lines      string      `json:"summary"`
}

const (
	mostLost     = 2000 // orders that are counted; that many in a week is another trouble
	mostLostTold = 100
)

// Lost counts the refunds that the caller's stores lost by time, on their day and in their week.
func (h *Hub) Lost(ctx context.Context, who Actor) (Lost, error) {
	now := h.now()
	out := Lost{AsOf: now.UnixMilli(), Stores: []LostByStore{}, Refunds: []LostRefund{}}
	// A week begins at most seven days and a day's cut-off and zone ago.
	rows, err := h.db.LostSince(ctx, who.Scope, now.Add(-9*24*time.Hour).UnixMilli(), mostLost+1)
	if err != nil {
		return out, fault.Wrap("hub.Lost", err)
	}
	if out.More = len(rows) > mostLost; out.More {
		rows = rows[:mostLost]
	}
	at := map[ident.Store]int{}
	for _, r := range rows {
		var s Summary
		if json.Unmarshal(r.Summary, &s) != nil {
			continue
		}
		day := h.dayBegan(r.Merchant, r.Store, now)
		week := day.AddDate(0, 0, -(int(day.Weekday())+6)%7)
		for _, l := range s.Lost {
			if l.At < week.UnixMilli() {
				continue
			}
			i, ok := at[r.Store]
			if !ok {
				i, at[r.Store] = len(out.Stores), len(out.Stores)
				out.Stores = append(out.Stores, LostByStore{StoreID: r.Store, Today: LostSum{Sum: []money.Amount{}}, Week: LostSum{Sum: []money.Amount{}}})
			}
			if out.Stores[i].Week.add(l.Amount); l.At >= day.UnixMilli() {
				out.Stores[i].Today.add(l.Amount)
			}
			out.Refunds = append(out.Refunds, LostRefund{l, lostKey(r.ID, l.Case), r.ID, r.Store, s.Channel, s.DisplayRef, s.DaySeq, s.Lines})
		}
	}
	slices.SortStableFunc(out.Stores, func(a, b LostByStore) int {
		most := func(s LostSum) (n int64) {
			for _, x := range s.Sum {
				n = max(n, x.Minor())
			}
			return n
		}
		return cmp.Or(cmp.Compare(most(b.Week), most(a.Week)), cmp.Compare(b.Week.N, a.Week.N), cmp.Compare(a.StoreID, b.StoreID))
	})
	slices.SortStableFunc(out.Refunds, func(a, b LostRefund) int { return cmp.Compare(b.At, a.At) })
	out.Refunds = out.Refunds[:min(len(out.Refunds), mostLostTold)]
	return out, nil
}

func lostKey(id ident.Order, of string) string { return ConcernLost + "/" + id.String() + "/" + of }

// actSeen is what the journal calls it that somebody has seen a lost refund.
const actSeen = "refund_seen"

// see keeps that somebody has seen that a refund was lost by time, or of order.SlowKey that an order is held slow: its
// message goes.
func (h *Hub) see(ctx context.Context, who Actor, id ident.Order, of string) error {
	const op = "hub.see"
	_, err := h.db.Do(ctx, db.Verb{Name: "act.seen", Merchant: who.Merchant, Orders: []ident.Order{id}, Class: db.People, Decide: func(tx *db.Tx) error {
		row, ok := tx.OrderByID(id)
		if !ok || !who.Sees(row.Store) {
			return fault.Say(op, fault.NotFound, "no_order", "there is no such order")
		}
		o := h.fold(row, tx.Linked(row.Ref), h.info(row.Channel, row.Ref.Realm))
		unseen := o.Slow != nil && o.Slow.Seen == nil
		if of != order.SlowKey {
			unseen = slices.ContainsFunc(o.Cases, func(c order.AfterSale) bool { return c.Key == of && c.LostAt > 0 && c.Seen == nil })
		}
		if !unseen {
			return nil // somebody was quicker
		}
		at := h.now()
		var seen, own order.Record
		order.Put(&seen, order.RegSeen, order.Stamp{Version: at.UnixMilli(), Class: order.ClassAct}, order.Seen{By: who.Name, At: at.UnixMilli()})
		if of == order.SlowKey {
			own = seen
		} else {
			own.Kid(order.KidCase+of, seen)
		}
		ref := order.Ref{Realm: row.Ref.Realm, Kind: order.KindOwn, ID: row.Ref.ID}
		old, _ := tx.Record(ref)
		tx.PutRecord(ref, old.Merge(own))
		tx.Link(ref, row.Ref.ID)
		tx.Journal(db.Entry{At: at, Direction: db.Act, What: actSeen, Channel: row.Channel, Account: row.Account, Order: row.ID, Ref: row.Ref, By: who.ID, Outcome: "done", Body: toJSON(own)})
		return h.settle(tx, row)
	}})
	return fault.Wrap(op, err)
}
