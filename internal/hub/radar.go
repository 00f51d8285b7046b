package hub

import (
	"context"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/tongdan/tongdan/channel"
	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/ident"
	"github.com/tongdan/tongdan/internal/db"
	"github.com/tongdan/tongdan/order"
)

// The penalty radar: for each rule of a platform and each shop, how far the shop is from it. From half the way
// it is a concern of the store, and what can wait gives way (Hub.nears).

// A Danger is how near a shop is to one rule.
type Danger struct {
	Rule    string        `json:"rule"`
	StoreID ident.Store   `json:"store_id"`
	ShopID  ident.Shop    `json:"shop_id"`
	Channel string        `json:"channel"`
	Share   float64       `json:"share" doc:"Of the way there: 0.5 is half, 1 is reached."`
	Count   float64       `json:"count"`
	Limit   float64       `json:"limit"`
	SinceAt int64         `json:"since_at" doc:"Of the oldest thing that pushes it there; 0 = none."`
	DueAt   int64         `json:"due_at" doc:"When it will be reached if nothing is done, where that is known; 0 = not."`
	Orders  []ident.Order `json:"orders" doc:"What pushes it there."`
	Text    channel.Text  `json:"text" doc:"What the platform does then."`
	Remedy  channel.Text  `json:"remedy" doc:"What keeps a shop away from it."`

	single bool // of one order, which is a concern itself
}

// warnFrom is the share of the way from which a danger is told.
const warnFrom = 0.5

// Radar lists every rule of every shop of the caller's stores, the nearest first.
func (h *Hub) Radar(ctx context.Context, who Actor) ([]Danger, error) {
	const op = "hub.Radar"
	now := h.now()
	shops := h.db.ShopsIn(who.Scope)
	rules := map[string][]channel.Penalty{}
	at := map[ident.Shop]int{}
	for i, s := range shops {
		at[s.ID] = i
		if p, ok := h.platforms[s.Channel]; ok {
			rules[s.Channel] = p.Info().Penalties
		}
	}
	waiting, refunds, lapsed := make([]Danger, len(shops)), make([]Danger, len(shops)), make([]Danger, len(shops))
	err := h.each(ctx, who.Scope, db.Filter{Status: []order.Status{order.StatusNew}}, func(_ *db.Listed, s *Summary) {
		if i, ok := at[s.ShopID]; ok && s.Deadline != nil && s.Deadline.Kind == order.DueAccept {
			waiting[i].gone(s, max(s.PlacedAt, s.PaidAt), s.Deadline.At, now)
		}
	})
	if err == nil {
		err = h.each(ctx, who.Scope, db.Filter{Flag: db.FlagsOf([]order.Flag{order.FlagRefund})}, func(_ *db.Listed, s *Summary) {
			if i, ok := at[s.ShopID]; ok && s.Deadline != nil && s.Deadline.Kind == order.DueRefund && s.Since["refund"] > 0 {
				refunds[i].gone(s, s.Since["refund"], s.Deadline.At, now)
			}
		})
	}
	if err == nil {
		err = h.lapsed(ctx, who.Scope, now, at, rules, shops, lapsed)
	}
	if err != nil {
		return nil, fault.Wrap(op, err)
	}
	out := []Danger{}
	for i, s := range shops {
		for _, r := range rules[s.Channel] {
			var d Danger
			switch r.Counter {
			case channel.CountWaiting:
				d = waiting[i]
				d.single = true
			case channel.CountRefund:
				d = refunds[i]
				d.single = true
			case channel.CountLapsed:
				d = lapsed[i]
			case channel.CountFailed:
				d.Count = h.taking.share(s.Account, r.Window, r.Least)
			case channel.CountUnpulled:
				a, ok := h.db.AccountByID(who.Merchant, s.Account)
				app, known := h.db.AppByID(a.App)
				if !ok || !known || app.PublicURL != "" || a.LastPull == 0 {
					continue // pushes come: nobody has to pull
				}
				d.Count, d.SinceAt, d.DueAt = float64(now.UnixMilli()-a.LastPull)/60_000, a.LastPull, a.LastPull+r.Window.Milliseconds()
			}
			d.Rule, d.StoreID, d.ShopID, d.Channel, d.Limit, d.Text, d.Remedy = r.Code, s.Store, s.ID, s.Channel, r.Limit, r.Text, r.Remedy
			d.Share = d.Count / r.Limit
			if d.Orders == nil {
				d.Orders = []ident.Order{}
			}
			out = append(out, d)
		}
	}
	slices.SortStableFunc(out, func(a, b Danger) int {
		switch {
		case a.Share > b.Share:
			return -1
		case a.Share < b.Share:
			return 1
		}
		return strings.Compare(a.Rule, b.Rule)
	})
	return out, nil
}

// gone counts, of a time that runs out, the share that has gone: that of the order for which most has.
func (d *Danger) gone(s *Summary, from, to int64, now time.Time) {
	if to <= from {
		return
	}
	share := min(1, float64(now.UnixMilli()-from)/float64(to-from))
	if share > d.Count {
		d.Count, d.SinceAt, d.DueAt = share, from, to
	}
	if share >= warnFrom && len(d.Orders) < 20 {
		d.Orders = append(d.Orders, s.ID)
	}
}

// each calls f for the orders of a filter, at most mostConcerned.
func (h *Hub) each(ctx context.Context, sc db.Scope, f db.Filter, do func(*db.Listed, *Summary)) error {
	f.Limit = 200
	for looked := 0; looked < mostConcerned; looked += 200 {
		next, err := h.db.List(ctx, sc, f, func(r *db.Listed) {
			var s Summary
			if json.Unmarshal(r.Summary, &s) == nil {
				do(r, &s)
			}
		})
		if err != nil || next == "" {
			return err
		}
		f.Cursor = next
	}
	return nil
}

// lapsed counts the orders in a row that the platform cancelled because nobody accepted them. One that was
// accepted after them begins anew. An order counts by when it was placed, as near as lists tell.
func (h *Hub) lapsed(ctx context.Context, sc db.Scope, now time.Time, at map[ident.Shop]int, rules map[string][]channel.Penalty, shops []db.ShopRow, out []Danger) error {
	window := time.Duration(0)
	for _, list := range rules {
		for _, r := range list {
			if r.Counter == channel.CountLapsed {
				window = max(window, r.Window)
			}
		}
	}
	if window == 0 {
		return nil
	}
	from := now.Add(-window)
	type lost struct {
		id ident.Order
		at int64
	}
	found := map[ident.Shop][]lost{}
	err := h.each(ctx, sc, db.Filter{Status: []order.Status{order.StatusCancelled}, From: from.Add(-time.Hour).UnixMilli()}, func(r *db.Listed, s *Summary) {
		if _, ok := at[s.ShopID]; ok && s.Lapsed >= from.UnixMilli() {
			found[s.ShopID] = append(found[s.ShopID], lost{s.ID, s.Lapsed})
		}
	})
	if err != nil || len(found) == 0 {
		return err
	}
	since := map[ident.Shop]int64{}
	err = h.each(ctx, sc, db.Filter{Status: []order.Status{order.StatusAccepted, order.StatusReady, order.StatusDelivering, order.StatusDelivered, order.StatusDone}, From: from.UnixMilli()}, func(_ *db.Listed, s *Summary) {
		since[s.ShopID] = max(since[s.ShopID], s.PlacedAt, s.PaidAt)
	})
	for shop, list := range found {
		d := &out[at[shop]]
		for _, l := range list {
			if l.at > since[shop] {
				d.Count++
				d.Orders = append(d.Orders, l.id)
				if d.SinceAt == 0 || l.at < d.SinceAt {
					d.SinceAt = l.at
				}
			}
		}
	}
	return err
}

// dangers are what has gone half the way or more, as concerns of the store. Orders that wait and refund requests
// are concerns of their own long before: what is told here is what no single order shows.
func (h *Hub) dangers(ctx context.Context, who Actor) ([]Concern, error) {
	list, err := h.Radar(ctx, who)
	if err != nil {
		return nil, err
	}
	var out []Concern
	for _, d := range list {
		if d.Share < warnFrom || d.single {
			continue
		}
		s, _ := h.db.ShopByID(who.Merchant, d.ShopID)
		if s.Mode != ModeFull {
			continue
		}
		since := d.SinceAt
		if since == 0 {
			since = h.now().UnixMilli()
		}
		out = append(out, Concern{Key: ConcernPenalty + "/" + d.ShopID.String() + "/" + d.Rule, Kind: ConcernPenalty, Urgent: d.Share >= 0.75, StoreID: d.StoreID, Channel: d.Channel,
			AccountID: s.Account, Cause: d.Rule, Subject: strconv.Itoa(int(d.Share*100)) + "%", SinceAt: since, DueAt: d.DueAt})
	}
	return out, nil
}

// nearsFor is how long a look at the radar holds for work that can wait, which asks once a
// second in each account. A rule takes minutes.
const nearsFor = 10 * time.Second

// radarLook is what the radar showed of a merchant when it was looked at last.
type radarLook struct {
	at   time.Time
	list []Danger
}

// yieldFor is how long work that can wait gives way to what keeps a shop from a penalty.
const yieldFor = time.Minute

// giveMost is how long a look at comments gives way in a row, by the trade's clock. In an account of many
// shops one or the other is always near to something, if only by a refund that waits for a person, and a bad comment
// is wanted within minutes.
const giveMost = 5 * time.Minute

// giving is since when each account's comments have been giving way. It is this process's own.
type giving struct {
	mu    sync.Mutex
	since map[ident.Account]time.Time
}

// way reports whether they do now.
func (g *giving) way(a ident.Account, near bool, now time.Time) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	since, ok := g.since[a]
	if !near || ok && now.Sub(since) >= giveMost {
		delete(g.since, a)
		return false
	}
	if !ok {
		if g.since == nil {
			g.since = map[ident.Account]time.Time{}
		}
		g.since[a] = now
	}
	return true
}

// nears reports whether a shop of an account has gone half the way to a penalty: what only looks (comments,
// counts of days) then leaves the account's calls to accepting, refunds and pulls.
func (h *Hub) nears(ctx context.Context, m ident.Merchant, a ident.Account) bool {
	v, ok := h.looked.Load(m)
	last, _ := v.(radarLook)
	if !ok || time.Since(last.at) > nearsFor {
		list, err := h.Radar(ctx, Actor{Scope: db.Scope{Merchant: m}})
		if err != nil {
			return false
		}
		last = radarLook{time.Now(), list}
		h.looked.Store(m, last)
	}
	list := last.list
	return slices.ContainsFunc(list, func(d Danger) bool {
		s, ok := h.db.ShopByID(m, d.ShopID)
		return d.Share >= warnFrom && ok && s.Account == a
	})
}

// soonest is the longest pause between two pulls that keeps away from a rule about pulling: half of its time,
// where nothing is pushed.
func soonest(info *channel.Info, app db.AppRow, pause time.Duration) time.Duration {
	for _, r := range info.Penalties {
		if r.Counter == channel.CountUnpulled && app.PublicURL == "" {
			pause = min(pause, r.Window/2)
		}
	}
	return pause
}

// takings count, by account, the messages of the last minutes and those that could not be taken. They are this
// process's own: another node counts what it was sent.
type takings struct {
	mu   sync.Mutex
	list map[ident.Account][]taking
}

type taking struct {
	at  time.Time
	bad bool
}

const mostTakings = 500 // remembered of one account

func (t *takings) add(a ident.Account, bad bool) {
	if a == 0 {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.list == nil {
		t.list = map[ident.Account][]taking{}
	}
	list := append(t.list[a], taking{time.Now(), bad})
	t.list[a] = list[max(0, len(list)-mostTakings):]
}

func (t *takings) share(a ident.Account, window time.Duration, least int) float64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	n, bad := 0, 0
	for _, x := range t.list[a] {
		if time.Since(x.at) < window {
			n++
			if x.bad {
				bad++
			}
		}
	}
	if n < least {
		return 0
	}
	return float64(bad) / float64(n)
}
