package hub

import (
	"cmp"
	"context"
	"slices"

	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/ident"
	"github.com/tongdan/tongdan/internal/db"
	"github.com/tongdan/tongdan/order"
)

// A Board is how one's stores are doing, the worst first. Its totals are the sums over its
// stores, and each store's numbers are what that store itself sees: both are counted from
// the same concerns.
type Board struct {
	AsOf      int64             `json:"as_of"`
	Totals    map[string]*Waits `json:"totals" doc:"By kind of concern."`
	Stores    []StoreState      `json:"stores"`
	Incidents []Incident        `json:"incidents" doc:"What concerns a channel as a whole: one line, however many stores it reaches."`
	Unbound   int               `json:"unbound" doc:"Concerns of orders whose shop is bound to no store; for who sees all stores."`
	More      bool              `json:"more" doc:"There are more open orders than were looked at."`
}

// Waits counts concerns of one kind.
type Waits struct {
	N        int   `json:"n"`
	Urgent   int   `json:"urgent"`
	OldestAt int64 `json:"oldest_at" doc:"Since when the oldest waits; 0 = none."`
	DueAt    int64 `json:"due_at" doc:"The nearest deadline; 0 = none."`
}

// A StoreState is how one store is doing.
type StoreState struct {
	StoreID ident.Store       `json:"store_id"`
	Name    string            `json:"name"`
	Zone    string            `json:"zone"`
	Level   string            `json:"level" enum:"good,warn,bad"`
	Tallies map[string]*Waits `json:"tallies" doc:"By kind; what has none is left out."`
	Open    int64             `json:"open" doc:"Orders that are new, being prepared or ready."`
	Shops   []ShopState       `json:"shops"`
	Untaken int               `json:"untaken" doc:"Concerns that nobody sees to."`

	Printers []StorePrinter `json:"printers" doc:"Those that are switched on."`
	Screens  []StoreScreen  `json:"screens" doc:"Paired screens, counters and print bridges."`

	first Concern
}

// A ShopState is how a store gets its orders from one channel. How the platform shows the shop
// is told with the intake.
type ShopState struct {
	ShopID  ident.Shop `json:"shop_id"`
	Channel string     `json:"channel"`
	Mode    string     `json:"mode" enum:"watch,goods,full"`
	State   string     `json:"state" enum:"good,slow,down,paused"`
	Cause   string     `json:"cause" doc:"As on the status page."`
	SinceAt int64      `json:"since_at" doc:"Since when it is not good; 0 = it is, or nobody knows."`

	AccountID ident.Account `json:"account_id"`
}

// A StorePrinter is how a printer of a store is.
type StorePrinter struct {
	PrinterID ident.Printer `json:"printer_id"`
	Name      string        `json:"name"`
	State     string        `json:"state" enum:"good,busy,bad" doc:"busy: tickets wait and none has failed. bad: nothing is printed."`
	Cause     string        `json:"cause,omitempty" doc:"Why nothing is printed, as a code."`
	Waiting   int           `json:"waiting"`
	StandIn   string        `json:"stand_in,omitempty" doc:"The name of the printer on which its tickets come out meanwhile."`
}

// A StoreScreen is a paired screen of a store: what is heard of it tells of the store's network.
type StoreScreen struct {
	DeviceID ident.Device `json:"device_id"`
	Name     string       `json:"name"`
	Kind     string       `json:"kind"`
	SeenAt   int64        `json:"seen_at" doc:"When it was last heard of, to the minute; 0 = not yet."`
}

// An Incident is a channel that does not work.
type Incident struct {
	Channel string   `json:"channel"`
	State   string   `json:"state" enum:"slow,down"`
	Cause   string   `json:"cause" doc:"As on the status page."`
	SinceAt int64    `json:"since_at"`
	Stores  int      `json:"stores" doc:"Of one's stores, those that it reaches."`
	Of      int      `json:"of" doc:"Of one's stores, those that sell on the channel."`
	Keys    []string `json:"keys" doc:"The concerns behind it."`
}

// Board looks at the caller's stores.
func (h *Hub) Board(ctx context.Context, who Actor) (Board, error) {
	const op = "hub.Board"
	out := Board{AsOf: h.now().UnixMilli(), Totals: map[string]*Waits{}, Stores: []StoreState{}, Incidents: []Incident{}}
	list, more, err := h.Concerns(ctx, who)
	if err != nil {
		return out, fault.Wrap(op, err)
	}
	out.More = more
	stores, err := h.db.Stores(ctx, who.Scope)
	if err != nil {
		return out, fault.Wrap(op, err)
	}
	shops, err := h.db.Shops(ctx, who.Scope)
	if err != nil {
		return out, fault.Wrap(op, err)
	}
	health, err := h.lately(ctx, who.Merchant)
	if err != nil {
		return out, fault.Wrap(op, err)
	}
	accounts := map[ident.Account]AccountHealth{}
	for _, a := range health.Accounts {
		accounts[a.AccountID] = a
	}
	open, err := h.db.OpenOrders(ctx, who.Scope, order.StatusNew, order.StatusAccepted, order.StatusReady)
	if err != nil {
		return out, fault.Wrap(op, err)
	}
	printers, err := h.Printers(ctx, who)
	if err != nil {
		return out, fault.Wrap(op, err)
	}
	screens, err := h.db.Devices(ctx, who.Scope)
	if err != nil {
		return out, fault.Wrap(op, err)
	}
	at := map[ident.Store]int{}
	for _, s := range stores {
		at[s.ID] = len(out.Stores)
		st := StoreState{StoreID: s.ID, Name: s.Name, Zone: s.Zone, Level: "good", Tallies: map[string]*Waits{}, Open: open[s.ID], Shops: []ShopState{}, Printers: []StorePrinter{}, Screens: []StoreScreen{}}
		for _, x := range shops {
			if x.Store == s.ID && !h.Own(x.Channel) {
				a := accounts[x.Account]
				st.Shops = append(st.Shops, ShopState{ShopID: x.ID, Channel: x.Channel, Mode: x.Mode, State: cmp.Or(a.State, Good), Cause: a.Cause, SinceAt: a.SinceAt, AccountID: x.Account})
			}
		}
		for _, p := range printers {
			if p.Row.Store == s.ID && !p.Row.Disabled {
				st.Printers = append(st.Printers, StorePrinter{p.Row.ID, p.Row.Name, p.state(), p.Why.Code, p.Waiting, p.On})
			}
		}
		for _, v := range screens {
			if v.Store == s.ID {
				st.Screens = append(st.Screens, StoreScreen{v.ID, v.Name, v.Kind, v.Seen})
			}
		}
		out.Stores = append(out.Stores, st)
	}
	for _, kind := range slices.Concat(OrderConcerns, StoreConcerns) {
		out.Totals[kind] = &Waits{}
	}
	for _, c := range list {
		i, known := at[c.StoreID]
		switch {
		case c.Order == nil && !slices.Contains(StoreConcerns, c.Kind):
			continue
		case !known:
			out.Unbound++
			continue
		}
		st := &out.Stores[i]
		if st.Tallies[c.Kind] == nil {
			st.Tallies[c.Kind] = &Waits{}
		}
		st.Tallies[c.Kind].add(c)
		out.Totals[c.Kind].add(c)
		if st.first.Key == "" {
			st.first = c
		}
		if c.TakenBy == "" {
			st.Untaken++
		}
		switch {
		case c.Urgent:
			st.Level = "bad"
		case st.Level == "good":
			st.Level = "warn"
		}
	}
	slices.SortStableFunc(out.Stores, worse)
	out.Incidents = incidents(list, shops)
	return out, nil
}

func (t *Waits) add(c Concern) {
	t.N++
	if c.Urgent {
		t.Urgent++
	}
	if t.OldestAt == 0 || c.SinceAt < t.OldestAt {
		t.OldestAt = c.SinceAt
	}
	if c.DueAt > 0 && (t.DueAt == 0 || c.DueAt < t.DueAt) {
		t.DueAt = c.DueAt
	}
}

// worse puts the store first that needs somebody first: more urgent concerns, then the
// one whose first concern comes first, then more of them.
func worse(a, b StoreState) int {
	urgent := func(s StoreState) (n, all int) {
		for _, t := range s.Tallies {
			n, all = n+t.Urgent, all+t.N
		}
		return n, all
	}
	ua, na := urgent(a)
	ub, nb := urgent(b)
	if na == 0 || nb == 0 {
		return cmp.Compare(nb, na)
	}
	return cmp.Or(cmp.Compare(ub, ua), compareConcerns(a.first, b.first), cmp.Compare(nb, na))
}

// incidents joins the troubles of accounts by channel and cause: Meituan that is down is
// one incident and not as many as there are stores.
func incidents(list []Concern, shops []db.ShopRow) []Incident {
	of := map[string]map[ident.Store]bool{}
	for _, s := range shops {
		if s.Store == 0 {
			continue
		}
		if of[s.Channel] == nil {
			of[s.Channel] = map[ident.Store]bool{}
		}
		of[s.Channel][s.Store] = true
	}
	out := []Incident{}
	reached := map[[2]string]map[ident.Store]bool{}
	for _, c := range list {
		if c.Kind != ConcernOutage && c.Kind != ConcernAuthorise {
			continue
		}
		k := [2]string{c.Channel, c.Cause}
		i := slices.IndexFunc(out, func(x Incident) bool { return x.Channel == c.Channel && x.Cause == c.Cause })
		if i < 0 {
			i = len(out)
			out = append(out, Incident{Channel: c.Channel, State: Slow, Cause: c.Cause, SinceAt: c.SinceAt, Of: len(of[c.Channel])})
			reached[k] = map[ident.Store]bool{}
		}
		out[i].SinceAt = min(out[i].SinceAt, c.SinceAt)
		out[i].Keys = append(out[i].Keys, c.Key)
		if c.Urgent {
			out[i].State = Down
		}
		for _, s := range c.Stores {
			reached[k][s] = true
		}
		out[i].Stores = len(reached[k])
	}
	return out
}
