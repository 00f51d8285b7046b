package hub

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/tongdan/tongdan/ident"
	"github.com/tongdan/tongdan/internal/db"
	"github.com/tongdan/tongdan/order"
)

// What an order waits for, minute by minute.
func TestWhatAnOrderWaitsFor(t *testing.T) {
	noon := time.UnixMilli(1_790_000_000_000)
	ago := func(d time.Duration) int64 { return noon.Add(-d).UnixMilli() }
	in := func(d time.Duration) int64 { return noon.Add(d).UnixMilli() }
	fresh := func(since time.Duration) Summary {
		return Summary{ID: 7, Kind: order.Takeaway, Status: order.StatusNew, Since: map[string]int64{"new": ago(since)}, Actions: []string{"accept"}, Deadline: &Deadline{Kind: order.DueAccept, At: ago(since) + 300_000}}
	}
	cooking := func(since time.Duration, promised int64) Summary {
		return Summary{ID: 7, Kind: order.Takeaway, Status: order.StatusAccepted, Since: map[string]int64{"accepted": ago(since)}, PromisedAt: promised}
	}
	refund := fresh(time.Minute)
	refund.Status, refund.Flags, refund.Since, refund.Deadline = order.StatusDone, []order.Flag{order.FlagRefund}, map[string]int64{"refund": ago(time.Minute)}, &Deadline{Kind: order.DueRefund, At: in(20 * time.Minute), For: "c1"}
	pressing := refund
	pressing.Deadline = &Deadline{Kind: order.DueRefund, At: in(4 * time.Minute), For: "c1"}
	waiting := func(since time.Duration) Summary {
		return Summary{ID: 7, Status: order.StatusReady, Axes: order.Axes{Delivery: order.DeliveryAtStore}, Since: map[string]int64{"rider": ago(since)}}
	}
	gone := waiting(time.Hour)
	gone.Axes.Delivery = order.DeliveryOnTheWay
	foreign := fresh(time.Hour)
	foreign.Actions = nil // of a platform where nobody accepts
	for _, x := range []struct {
		what   string
		s      Summary
		kind   string // "" = nothing
		urgent bool
	}{
		{"new for a minute", fresh(time.Minute), "", false},
		{"new for two", fresh(2 * time.Minute), ConcernUnaccepted, false},
		{"new for three", fresh(3 * time.Minute), ConcernUnaccepted, true},
		{"new, and nobody can accept it", foreign, "", false},
		{"cooking for 19 minutes", cooking(19*time.Minute, 0), "", false},
		{"cooking for 20", cooking(20*time.Minute, 0), ConcernLate, false},
		{"cooking for half an hour", cooking(30*time.Minute, 0), ConcernLate, true},
		{"promised in 16 minutes", cooking(time.Hour, in(16*time.Minute)), "", false},
		{"promised in 15", cooking(time.Hour, in(15*time.Minute)), ConcernLate, false},
		{"promised in 5", cooking(time.Hour, in(5*time.Minute)), ConcernLate, true},
		{"a rider for two minutes", waiting(2 * time.Minute), "", false},
		{"a rider for three", waiting(3 * time.Minute), ConcernRider, false},
		{"a rider for six", waiting(6 * time.Minute), ConcernRider, true},
		{"a rider who has left", gone, "", false},
		{"a refund with time", refund, ConcernRefund, false},
		{"a refund with four minutes left", pressing, ConcernRefund, true},
		{"a parcel that is late", Summary{ID: 7, Kind: order.Ecommerce, Status: order.StatusAccepted, Deadline: &Deadline{Kind: order.DueShip, At: ago(time.Second)}}, ConcernLate, true},
		{"a parcel with time", Summary{ID: 7, Kind: order.Ecommerce, Status: order.StatusAccepted, Deadline: &Deadline{Kind: order.DueShip, At: in(time.Second)}}, "", false},
		{"a reminder", Summary{ID: 7, Status: order.StatusReady, Flags: []order.Flag{order.FlagReminder}}, ConcernReminder, false},
		{"a delivery that failed", Summary{ID: 7, Status: order.StatusDelivering, Flags: []order.Flag{order.FlagProblem}}, ConcernProblem, true},
	} {
		got := concernsOf(&db.Listed{ID: 7, Store: 3, Summary: toJSON(x.s)}, noon, UsualPatience, db.UsualPace)
		switch {
		case x.kind == "" && len(got) > 0:
			t.Errorf("%s: %+v, want nothing", x.what, got)
		case x.kind != "" && (len(got) != 1 || got[0].Kind != x.kind || got[0].Urgent != x.urgent || got[0].StoreID != 3):
			t.Errorf("%s: %+v, want %s, urgent %v", x.what, got, x.kind, x.urgent)
		}
	}
	a, b := concernsOf(&db.Listed{Summary: toJSON(refund)}, noon, UsualPatience, db.UsualPace), refund
	b.Deadline = &Deadline{Kind: order.DueRefund, At: in(time.Hour), For: "c2"}
	if c := concernsOf(&db.Listed{Summary: toJSON(b)}, noon, UsualPatience, db.UsualPace); a[0].Key == c[0].Key {
		t.Errorf("two refunds of an order share the key %s", c[0].Key)
	}
}

// Meituan down is one incident, not eighteen.
func TestAPlatformThatIsDownIsOneIncident(t *testing.T) {
	var shops []db.ShopRow
	var list []Concern
	for i := range 18 {
		shops = append(shops, db.ShopRow{Store: ident.Store(100 + i), Channel: "meituan", Account: ident.Account(1 + i%2)}, db.ShopRow{Store: ident.Store(100 + i), Channel: "mercadolibre", Account: 3})
	}
	for a := range ident.Account(2) {
		c := Concern{Key: fmt.Sprint("platform/", a), Kind: ConcernOutage, Channel: "meituan", Cause: "unreachable", AccountID: a + 1, SinceAt: int64(50 - a), Urgent: a == 1}
		for _, s := range shops {
			if s.Account == a+1 {
				c.Stores = append(c.Stores, s.Store)
			}
		}
		list = append(list, c)
	}
	got := incidents(list, shops)
	if len(got) != 1 || got[0].Stores != 18 || got[0].Of != 18 || got[0].State != Down || got[0].SinceAt != 49 || len(got[0].Keys) != 2 {
		t.Errorf("%+v", got)
	}
	one := joined(append([]Concern{{Kind: ConcernAuthorise, Key: "a"}, {Kind: ConcernAuthorise, Key: "b"}}, list...))
	if len(one) != 3 || one[2].Key != "platform/meituan/unreachable" || len(one[2].Stores) != 18 || one[2].SinceAt != 49 || !one[2].Urgent || one[2].AccountID != 0 {
		t.Errorf("the messages: %+v", one)
	}
	if len(list[0].Stores) != 9 {
		t.Error("joining changed what was given")
	}
	if got := incidents(one[2:], shops); len(got) != 1 || got[0].Stores != 18 || len(got[0].Keys) != 1 {
		t.Errorf("of joined ones: %+v", got)
	}
	if got := incidents(nil, shops); got == nil || len(got) != 0 {
		t.Errorf("without trouble: %+v", got)
	}
}

// A store is silent when the last of its screens has been for eight minutes; call-out boards and
// bridges stand for no person.
func TestAStoreWhoseScreensAreGoneIsSilent(t *testing.T) {
	const now = 100 * 60_000
	ago := func(store ident.Store, name, kind string, minutes int64) db.DeviceRow {
		return db.DeviceRow{Store: store, Name: name, Kind: kind, Seen: now - minutes*60_000}
	}
	got := unheard([]db.DeviceRow{
		ago(1, "counter", "counter_screen", 30), ago(1, "kitchen", "kitchen_screen", 8), ago(1, "board", "callout_screen", 0),
		ago(2, "counter", "counter_screen", 30), ago(2, "kitchen", "kitchen_screen", 7),
		ago(3, "board", "callout_screen", 50), {Store: 4, Name: "new", Kind: "kitchen_screen"},
	}, now)
	if len(got) != 1 || got[1].Name != "kitchen" {
		t.Errorf("%+v", got)
	}
}

func TestTheWorstStoreComesFirst(t *testing.T) {
	store := func(name string, urgent, n int, first Concern) StoreState {
		return StoreState{Name: name, Tallies: map[string]*Waits{ConcernRefund: {N: n, Urgent: urgent}}, first: first}
	}
	list := []StoreState{
		store("calm", 0, 0, Concern{}),
		store("many", 0, 5, Concern{SinceAt: 20, Key: "b"}),
		store("late", 1, 1, Concern{Urgent: true, SinceAt: 10, Key: "c"}),
		store("oldest", 0, 1, Concern{SinceAt: 10, Key: "a"}),
		store("burning", 3, 3, Concern{Urgent: true, SinceAt: 30, Key: "d"}),
		store("due", 1, 1, Concern{Urgent: true, DueAt: 5, SinceAt: 40, Key: "e"}),
	}
	slices.SortStableFunc(list, worse)
	var names []string
	for _, s := range list {
		names = append(names, s.Name)
	}
	if want := []string{"burning", "due", "late", "oldest", "many", "calm"}; !slices.Equal(names, want) {
		t.Errorf("%v, want %v", names, want)
	}
}
