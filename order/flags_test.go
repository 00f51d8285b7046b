package order_test

import (
	"maps"
	"slices"
	"testing"

	"github.com/tongdan/tongdan/order"
)

// What waits to be collected is flagged once it is ready, and only while it waits.
func TestAPickupIsFlaggedWhileItWaits(t *testing.T) {
	pickup := func() order.Record {
		var r order.Record
		order.Put(&r, order.RegHead, order.Stamp{Version: 2000}, order.Head{Kind: order.Takeaway, Logistics: order.Pickup})
		return r
	}
	for name, x := range map[string]struct {
		recs []order.Record
		want bool
	}{
		"ready":              {[]order.Record{paid(), pickup(), said(order.AxisWork, "ready", 2)}, true},
		"being made":         {[]order.Record{paid(), pickup(), said(order.AxisWork, "confirmed", 2)}, false},
		"collected":          {[]order.Record{paid(), pickup(), said(order.AxisWork, "completed", 2)}, false},
		"cancelled":          {[]order.Record{paid(), pickup(), said(order.AxisWork, "cancelled", 2)}, false},
		"ready, for a rider": {[]order.Record{paid(), said(order.AxisWork, "ready", 2)}, false},
	} {
		if o := foldAll(x.recs...); o.Has(order.FlagPickup) != x.want {
			t.Errorf("%s: flags %v", name, o.Flags)
		}
	}
}

// An order is flagged by the parcel whose label is furthest behind, while it has not left.
func TestLabelsAreFlagged(t *testing.T) {
	g := *trade
	g.Axes = maps.Clone(trade.Axes)
	g.Axes[order.On{Kind: order.KindShipment, Axis: order.AxisLabel}] = order.Axis{First: order.TimeFirst, Words: map[string]order.Meaning{
		"to_print": {Rank: 1, Is: order.LabelWaiting}, "printed": {Rank: 2, Is: order.LabelPrinted}, "packed": {Rank: 3, Is: order.LabelPacked},
	}}
	parcel := func(states ...string) order.Record {
		var r order.Record
		for i, s := range states {
			r.Say(order.AxisLabel, order.Said{State: s, At: int64(i + 1)})
		}
		return r
	}
	confirmed := paid().Merge(said(order.AxisWork, "confirmed", 2))
	for name, x := range map[string]struct {
		main    order.Record
		parcels []order.Record
		want    []order.Flag
	}{
		"to be printed":                {confirmed, []order.Record{parcel("to_print")}, []order.Flag{order.FlagToLabel}},
		"printed":                      {confirmed, []order.Record{parcel("to_print", "printed")}, []order.Flag{order.FlagLabelled}},
		"packed":                       {confirmed, []order.Record{parcel("printed", "packed")}, []order.Flag{order.FlagHandOver}},
		"to be printed again":          {confirmed, []order.Record{parcel("printed", "to_print")}, []order.Flag{order.FlagToLabel}},
		"one of two parcels behind":    {confirmed, []order.Record{parcel("packed"), parcel("printed")}, []order.Flag{order.FlagLabelled}},
		"a platform that says nothing": {confirmed, []order.Record{parcel()}, nil},
		"it has left":                  {confirmed.Merge(said(order.AxisDelivery, "20", 9)), []order.Record{parcel("printed")}, nil},
		"cancelled":                    {paid().Merge(said(order.AxisWork, "cancelled", 2)), []order.Record{parcel("to_print")}, nil},
	} {
		linked := []order.Linked{{Ref: theOrder, Record: x.main}}
		for i, p := range x.parcels {
			linked = append(linked, order.Linked{Ref: order.Ref{Realm: theOrder.Realm, Kind: order.KindShipment, ID: string(rune('1' + i))}, Record: p})
		}
		o := order.Fold(theOrder, linked, &g)
		var got []order.Flag
		for _, f := range o.Flags {
			if slices.Contains([]order.Flag{order.FlagToLabel, order.FlagLabelled, order.FlagHandOver}, f) {
				got = append(got, f)
			}
		}
		if !slices.Equal(got, x.want) {
			t.Errorf("%s: %v, want %v", name, got, x.want)
		}
	}
}
