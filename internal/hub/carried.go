package hub

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"
	"strconv"
	"time"

	"github.com/tongdan/tongdan/ident"
	"github.com/tongdan/tongdan/internal/db"
)

// What concerns a store and no one order: its kitchen fills up, or a channel does not do what
// the store has said.

// loads are the kitchens of which somebody has said how much they can make, by store.
type loads map[ident.Store]*kitchenLoad

type kitchenLoad struct {
	db.KitchenRow
	slots  []Slot
	placed [][]int64 // by slot: when its orders were placed
}

func (h *Hub) loads(ctx context.Context, m ident.Merchant, now time.Time) (loads, error) {
	list, err := h.db.Kitchens(ctx, m)
	out := loads{}
	for _, k := range list {
		out[k.Store] = &kitchenLoad{k, slotsAt(k, now.UnixMilli()), make([][]int64, slotsShown)}
	}
	return out, err
}

// add counts an order that its store has yet to make.
func (l loads) add(r *db.Listed) {
	k := l[r.Store]
	if k == nil {
		return
	}
	var s struct {
		By     int64 `json:"ready_by_at"`
		Placed int64 `json:"placed_at"`
	}
	if json.Unmarshal(r.Summary, &s) != nil || s.By == 0 {
		return
	}
	if i := slotOf(k.slots, s.By); i >= 0 {
		k.placed[i] = append(k.placed[i], s.Placed)
	}
}

// concerns names the slots that are nearly full, each since the order that made it so.
func (l loads) concerns() (out []Concern) {
	for store, k := range l {
		near := max((k.Orders*slotsFull+99)/100, 1)
		for i, placed := range k.placed {
			if len(placed) < near {
				continue
			}
			slices.Sort(placed)
			slot := k.slots[i]
			out = append(out, Concern{Key: ConcernFull + "/" + store.String() + "/" + strconv.FormatInt(slot.FromAt, 10), Kind: ConcernFull, Urgent: len(placed) >= k.Orders, StoreID: store,
				Subject: strconv.Itoa(len(placed)) + "/" + strconv.Itoa(k.Orders), SinceAt: placed[near-1], DueAt: slot.ToAt})
		}
	}
	slices.SortFunc(out, func(a, b Concern) int { return cmp.Compare(a.Key, b.Key) })
	return out
}

// refusals lists where a channel does not take what a store has said: a dish that is sold out
// by hand and still sold, a rest that it refuses, a shop that it does not open again.
func (h *Hub) refusals(ctx context.Context, who Actor) (out []Concern, err error) {
	trade := func(wall int64) int64 { return h.clock.Trade(time.UnixMilli(wall)).UnixMilli() }
	dishes, err := h.db.OutRefused(ctx, who.Scope)
	if err != nil {
		return nil, err
	}
	shops, err := h.db.Shops(ctx, who.Scope)
	if err != nil {
		return nil, err
	}
	of := map[ident.Shop]db.ShopRow{}
	for _, s := range shops {
		of[s.ID] = s
	}
	for _, d := range dishes {
		if s := of[d.Shop]; heldBy(s.Mode, true).IsZero() {
			out = append(out, Concern{Key: ConcernRefused + "/" + d.SKU.String() + "/" + d.Shop.String(), Kind: ConcernRefused, Urgent: true, StoreID: d.Store, Channel: s.Channel, AccountID: s.Account,
				Cause: "sold_out", Subject: cmp.Or(d.Name, d.Code), Words: d.Words, SinceAt: trade(d.Since)})
		}
	}
	rests, err := h.rests(ctx, who.Merchant, shops)
	for id, e := range rests {
		now := time.Now().UnixMilli()
		over := restState(e, now) == "opening" && now-restOf(e).Until > openedAfter.Milliseconds() // it should have ended, and did not
		if !over && restState(e, now) != "failed" || of[id].Mode != ModeFull {
			continue
		}
		cause, since := "rest", e.Changed
		switch {
		case restOf(e).Open:
			cause = "open"
		case e.State.Open():
			cause, since = "open", restOf(e).Until
		}
		out = append(out, Concern{Key: ConcernRefused + "/" + cause + "/" + id.String(), Kind: ConcernRefused, Urgent: true, StoreID: of[id].Store, Channel: of[id].Channel, AccountID: of[id].Account,
			Cause: cause, Words: e.Why.Text, SinceAt: trade(since)})
	}
	slices.SortFunc(out, func(a, b Concern) int { return cmp.Compare(a.Key, b.Key) })
	return out, err
}
