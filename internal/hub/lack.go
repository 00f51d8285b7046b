package hub

import (
	"context"
	"encoding/json"

	"github.com/tongdan/tongdan/effect"
	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/ident"
	"github.com/tongdan/tongdan/internal/db"
	"github.com/tongdan/tongdan/internal/lane"
)

// kindLack names who lacks the pieces that an order lacked which has left all the same: it
// took those of orders that are still open.
const kindLack = "lack"

// mostLacking bounds the open orders among which a lack is shared out.
const mostLacking = 200

// lackArgs is what an effect of this kind is about.
type lackArgs struct {
	Store ident.Store `json:"store"`
	SKU   ident.SKU   `json:"sku"`
	Left  ident.Order `json:"left"` // another one makes a lack that is being shared out be shared out once more
}

// passOn has the lack of an order that is leaving shared out among those that stay. It needs
// orders that are not loaded, and whose locks come before those of stock: so it is written
// down here, with what made it necessary, and done apart.
func (h *Hub) passOn(tx *db.Tx, row *db.OrderRow, k db.StockKey) {
	target := "level/" + k.Store.String() + "/" + k.SKU.String()
	key := effect.GoalKey(target, kindLack, "")
	args := toJSON(lackArgs{k.Store, k.SKU, row.ID})
	if e, ok := tx.EffectByKey(key); ok && e.State.Open() {
		e.Args = args
		tx.PutEffect(&e)
		return
	}
	now := tx.Now().UnixMilli()
	tx.PutEffect(&effect.Effect{
		Merchant: tx.Merchant(), Account: row.Account, App: h.appOf(tx, row.Account), Target: target, Kind: kindLack, Key: key,
		Nature: effect.Absolute, State: effect.Waiting, Args: args, Cause: "stock", NextAt: now, Made: now, Changed: now,
	})
}

// lacking shares a lack out.
type lacking struct {
	background
	h *Hub
}

func (l lacking) Look(ctx context.Context, e effect.Effect) lane.Result { return l.Do(ctx, e) }

func (l lacking) Do(ctx context.Context, e effect.Effect) lane.Result {
	var a lackArgs
	if err := json.Unmarshal(e.Args, &a); err != nil {
		return failed(&fault.Error{Op: "hub.lacking", Code: fault.Internal, Err: err})
	}
	k := db.StockKey{Store: a.Store, SKU: a.SKU}
	ids, err := l.h.db.OrdersKeeping(ctx, e.Merchant, k, mostLacking)
	if err == nil && len(ids) > 0 {
		err = l.h.share(ctx, e.Merchant, k, ids)
	}
	return failedOrOK(err)
}

// share names what the orders lack together, those that came last first, until each piece
// that is missing is named.
func (h *Hub) share(ctx context.Context, m ident.Merchant, k db.StockKey, ids []ident.Order) error {
	_, err := h.db.Do(ctx, db.Verb{Name: "lack", Merchant: m, Orders: ids, Class: db.Background, Alone: len(ids) > 5, Decide: func(tx *db.Tx) error {
		level := tx.Stock(k).Level
		missing := max(-level.Sellable(), 0)
		rows, have := make([]*db.OrderRow, len(ids)), make([]wants, len(ids))
		for i, id := range ids {
			row, ok := tx.OrderByID(id)
			if !ok {
				continue
			}
			if err := json.Unmarshal(row.Wants, &have[i]); err != nil {
				return &fault.Error{Op: "hub.share", Code: fault.Internal, Ref: id.String(), Err: err}
			}
			rows[i] = row
			for _, t := range have[i].Taken {
				if t.key() == k {
					missing -= t.Short
				}
			}
		}
		for i, row := range rows {
			more := false
			for j := range have[i].Taken {
				t := &have[i].Taken[j]
				if n := min(missing, t.Kept-t.Short); t.key() == k && n > 0 {
					t.Short += n
					missing -= n
					more = true
				}
			}
			if !more {
				continue
			}
			row.Wants = toJSON(have[i])
			if err := h.settle(tx, row); err != nil {
				return err
			}
		}
		return nil
	}})
	return fault.Wrap("hub.share", err)
}
