package hub

import (
	"context"
	"slices"
	"time"

	"github.com/tongdan/tongdan/front"
	"github.com/tongdan/tongdan/ident"
	"github.com/tongdan/tongdan/internal/db"
	"github.com/tongdan/tongdan/order"
	"github.com/tongdan/tongdan/role"
)

// ConcernSilent is a store none of whose paired screens has been heard of while it is open: its
// power or its network is gone, and nobody there hears what comes in.
const ConcernSilent = "silent" // 门店设备失联

// silentAfter is how long nothing is heard. A screen asks every twenty seconds, and that is noted each minute.
const silentAfter = 8 * time.Minute

// silentScreens lists the stores that have counters or kitchen screens and of which none is heard.
// A store is open in its hours; where nobody has said any, while orders wait there.
func (h *Hub) silentScreens(ctx context.Context, who Actor, now time.Time) (out []Concern, err error) {
	screens, err := h.db.Devices(ctx, who.Scope)
	if err != nil {
		return nil, err
	}
	last := unheard(screens, time.Now().UnixMilli())
	if len(last) == 0 {
		return nil, nil
	}
	standings, err := h.db.Standings(ctx, who.Merchant)
	if err != nil {
		return nil, err
	}
	hours := map[ident.Store][]front.Span{}
	for _, s := range h.db.ShopsIn(who.Scope) {
		if st, ok := h.db.StoreByID(who.Merchant, s.Store); ok {
			hours[s.Store] = append(hours[s.Store], hoursOf(st, standings[s.ID])...)
		}
	}
	open, err := h.db.OpenOrders(ctx, who.Scope, order.StatusNew, order.StatusAccepted)
	if err != nil {
		return nil, err
	}
	for id, v := range last {
		since := h.clock.Trade(time.UnixMilli(v.Seen)).UnixMilli()
		st, ok := h.db.StoreByID(who.Merchant, id)
		zone, zoneErr := time.LoadLocation(st.Zone)
		if !ok || zoneErr != nil {
			continue
		}
		if len(hours[id]) == 0 && open[id] == 0 {
			continue
		}
		if len(hours[id]) > 0 {
			opened := openSince(hours[id], now.In(zone))
			if opened.IsZero() {
				continue
			}
			if since = max(since, opened.UnixMilli()); now.UnixMilli()-since < silentAfter.Milliseconds() {
				continue
			}
		}
		out = append(out, Concern{Key: ConcernSilent + "/" + id.String() + "/" + itoa(int(v.Seen/1000)), Kind: ConcernSilent, Urgent: true, StoreID: id, Subject: v.Name, SinceAt: since})
	}
	slices.SortFunc(out, compareConcerns)
	return out, nil
}

// unheard gives the stores of whose counters and kitchen screens nothing is heard any more, each with
// the one that was heard last. A screen that never asked tells nothing. It is pure.
func unheard(screens []db.DeviceRow, wall int64) map[ident.Store]db.DeviceRow {
	last := map[ident.Store]db.DeviceRow{}
	for _, v := range screens {
		if k := role.Role(v.Kind); v.Seen > 0 && (k == role.KitchenScreen || k == role.CounterScreen) && v.Seen >= last[v.Store].Seen {
			last[v.Store] = v
		}
	}
	for id, v := range last {
		if wall-v.Seen < silentAfter.Milliseconds() {
			delete(last, id)
		}
	}
	return last
}
