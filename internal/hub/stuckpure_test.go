package hub

import (
	"testing"
	"time"

	"github.com/tongdan/tongdan/ident"
	"github.com/tongdan/tongdan/internal/db"
	"github.com/tongdan/tongdan/order"
)

// How long a delivery may stay as it is, by its state and by who brings it.
func TestWhenADeliveryStandsStill(t *testing.T) {
	noon := time.UnixMilli(1_790_000_000_000)
	ago := func(minutes int) int64 { return noon.Add(-time.Duration(minutes) * time.Minute).UnixMilli() }
	of := func(is order.State, since string, minutes int, more ...func(*Summary)) Summary {
		s := Summary{ID: 7, Kind: order.Takeaway, Status: order.StatusReady, Logistics: order.ByPlatform, Axes: order.Axes{Delivery: is}, Since: map[string]int64{since: ago(minutes)}, PlacedAt: ago(minutes + 5)}
		if is == order.DeliveryOnTheWay {
			s.Status = order.StatusDelivering
		}
		for _, f := range more {
			f(&s)
		}
		return s
	}
	own := func(s *Summary) {
		s.Logistics, s.Ride = order.BySelf, &RideBrief{Key: "rid_1", Way: order.RideOwn, RiderID: ident.Rider(3), Name: "老李"}
	}
	dada := func(s *Summary) {
		s.Logistics, s.Ride = order.BySelf, &RideBrief{Key: "rid_2", Way: order.RideCourier, Make: "dada"}
	}
	cooking := func(s *Summary) { s.Status, s.ReadyByAt = order.StatusAccepted, ago(5) }
	promised := func(at int64) func(*Summary) { return func(s *Summary) { s.PromisedAt = at } }
	silent := func(minutes int) func(*Summary) { return func(s *Summary) { s.Since["silent"] = ago(minutes) } }
	done := func(s *Summary) { s.Status = order.StatusDone }
	parcel := func(s *Summary) { s.Kind = order.Ecommerce }
	impatient := UsualPatience
	impatient.Sought = 3
	for _, x := range []struct {
		what  string
		s     Summary
		wait  Patience
		cause string // "" = it moves
		way   string
	}{
		{"nobody takes it for nine minutes", of(order.DeliverySought, "sought", 9), UsualPatience, "", ""},
		{"for ten", of(order.DeliverySought, "sought", 10), UsualPatience, "sought", "platform"},
		{"for three, at a store that is impatient", of(order.DeliverySought, "sought", 3), impatient, "sought", "platform"},
		{"a courier finds nobody", of(order.DeliverySought, "sought", 10, dada), UsualPatience, "sought", order.RideCourier},
		{"taken a quarter of an hour ago", of(order.DeliveryAssigned, "assigned", 15), UsualPatience, "assigned", "platform"},
		{"taken fourteen minutes ago", of(order.DeliveryAssigned, "assigned", 14), UsualPatience, "", ""},
		{"an own rider does not leave", of(order.DeliveryAssigned, "assigned", 15, own), UsualPatience, "at_store", order.RideOwn},
		{"an own rider waits for the kitchen", of(order.DeliveryAssigned, "assigned", 19, own, cooking), UsualPatience, "", ""},
		{"at the store for too long", of(order.DeliveryAtStore, "rider", 15), UsualPatience, "at_store", "platform"},
		{"on its way, before the promised time", of(order.DeliveryOnTheWay, "on_the_way", 50, promised(ago(-5))), UsualPatience, "", ""},
		{"nine minutes past it", of(order.DeliveryOnTheWay, "on_the_way", 50, promised(ago(9))), UsualPatience, "", ""},
		{"ten minutes past it", of(order.DeliveryOnTheWay, "on_the_way", 50, promised(ago(10))), UsualPatience, "on_the_way", "platform"},
		{"left just now, long past it", of(order.DeliveryOnTheWay, "on_the_way", 2, promised(ago(60))), UsualPatience, "", ""},
		{"without a promise, within the store's usual way", of(order.DeliveryOnTheWay, "on_the_way", 39, own), UsualPatience, "", ""},
		{"without a promise, past it", of(order.DeliveryOnTheWay, "on_the_way", 40, own), UsualPatience, "on_the_way", order.RideOwn},
		{"no word of a rider", of(order.NoDelivery, "accepted", 20), UsualPatience, "none", "platform"},
		{"no word of a rider yet", of(order.NoDelivery, "accepted", 19), UsualPatience, "", ""},
		{"of a pre-order, long before its time", of(order.NoDelivery, "accepted", 200, promised(ago(-100))), UsualPatience, "", ""},
		{"the store brings it and has not begun", of(order.NoDelivery, "accepted", 90, func(s *Summary) { s.Logistics = order.BySelf }), UsualPatience, "", ""},
		{"a courier is silent", of(order.DeliveryAssigned, "assigned", 12, dada, silent(10)), UsualPatience, "silent", order.RideCourier},
		{"a courier has stumbled", of(order.DeliveryAssigned, "assigned", 12, dada, silent(9)), UsualPatience, "", ""},
		{"one that nobody moves any more", of(order.DeliverySought, "sought", 13*60), UsualPatience, "", ""},
		{"an order that is over", of(order.DeliverySought, "sought", 60, done), UsualPatience, "", ""},
		{"a parcel", of(order.DeliverySought, "sought", 60, parcel), UsualPatience, "", ""},
	} {
		row := db.Listed{ID: 7, Store: 3, Summary: toJSON(x.s)}
		got := concernsOf(&row, noon, x.wait, db.UsualPace)
		var still []Concern
		for _, c := range got {
			if c.Kind == ConcernStuck {
				still = append(still, c)
			} else if c.Kind == ConcernRider && x.cause == "at_store" {
				t.Errorf("%s: two messages of one rider: %+v", x.what, got)
			}
		}
		switch {
		case x.cause == "" && len(still) > 0:
			t.Errorf("%s: %+v, want nothing", x.what, still)
		case x.cause != "" && (len(still) != 1 || still[0].Cause != x.cause || still[0].Way != x.way || still[0].StoreID != 3 || still[0].StillAt == 0 || still[0].StillAt > still[0].SinceAt):
			t.Errorf("%s: %+v, want %s by %s", x.what, still, x.cause, x.way)
		case x.cause != "" && !stillStuck(&row, still[0].Key):
			t.Errorf("%s: it is not known again by %s", x.what, still[0].Key)
		}
	}
	before := of(order.DeliverySought, "sought", 30)
	after := of(order.DeliverySought, "sought", 12) // somebody had it and gave it back
	a := concernsOf(&db.Listed{Summary: toJSON(before)}, noon, UsualPatience, db.UsualPace)
	if stillStuck(&db.Listed{Summary: toJSON(after)}, a[0].Key) {
		t.Error("what has moved meanwhile is the same message")
	}
}
