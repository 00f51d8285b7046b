package proof

import (
	"encoding/json"
	"fmt"
	"strconv"

	"github.com/tongdan/tongdan/internal/sim"
	mt "github.com/tongdan/tongdan/internal/sim/meituan"
	ml "github.com/tongdan/tongdan/internal/sim/mercadolibre"
)

// A page of a platform's book, in words that both sides share: how this order should
// look in the hub, worked out here from what the simulator holds and not by the hub's
// code.
type entry struct {
	status string
	total  string // "CNY 3250"; "" = the platform tells no content
	tally  sim.Tally
}

func meituanEntry(s *mt.Sim, id string) (entry, error) {
	o, err := s.Order(id)
	if err != nil {
		return entry{}, err
	}
	e := entry{total: "CNY " + strconv.FormatInt(int64(o.Total), 10), tally: o.Tally}
	switch o.Status {
	case 1:
		e.status = "unpaid"
	case 2, 3:
		e.status = "new"
	case 8:
		e.status = "done"
	case 9:
		e.status = "cancelled"
	default:
		e.status = "accepted"
		if o.MealReady > 0 {
			e.status = "ready"
		}
		if d := o.Delivery; d != nil && d.Status == 20 {
			e.status = "delivering"
		} else if d != nil && d.Status == 40 {
			e.status = "delivered"
		}
	}
	return e, nil
}

func mercadoEntry(s *ml.Sim, id ml.ID) (entry, error) {
	snap, tally, err := s.Order(id)
	if err != nil {
		return entry{}, err
	}
	var o ml.Order
	if err := json.Unmarshal(snap.Order, &o); err != nil {
		return entry{}, err
	}
	e := entry{tally: tally}
	total := o.TotalAmount
	for _, p := range o.Payments {
		total += p.ShippingCost
	}
	if o.Status == "paid" && o.PaidAmount > 0 {
		total = o.PaidAmount
	}
	if len(o.OrderItems) > 0 {
		e.total = o.CurrencyID + " " + strconv.FormatInt(int64(total), 10)
	}
	var parcel struct{ Status, Substatus string }
	if snap.Shipment != nil {
		raw, _ := json.Marshal(snap.Shipment)
		if err := json.Unmarshal(raw, &parcel); err != nil {
			return entry{}, err
		}
	}
	switch {
	case o.Status == "cancelled" && o.CancelDetail != nil && o.CancelDetail.Code == "pack_splitted":
		e.status = "replaced"
	case o.Status == "cancelled" || o.Status == "invalid":
		e.status = "cancelled"
	case o.Status == "payment_required" || o.Status == "payment_in_process" || o.Status == "confirmed" || o.Status == "partially_paid":
		e.status = "unpaid"
	case parcel.Status == "delivered":
		e.status = "delivered"
	case parcel.Status == "shipped" || parcel.Status == "not_delivered" || parcel.Substatus == "picked_up" || parcel.Substatus == "dropped_off" || parcel.Substatus == "in_hub":
		e.status = "delivering"
	case parcel.Status == "ready_to_ship" && (parcel.Substatus == "printed" || parcel.Substatus == "packed"):
		e.status = "ready"
	default:
		e.status = "accepted"
	}
	return e, nil
}

// books are the orders that were placed.
type books struct {
	meituan []string
	mercado []ml.ID
}

// expect gives what the platforms hold, by channel and number.
func (w *world) expect(b books) map[string]entry {
	w.t.Helper()
	out := make(map[string]entry, len(b.meituan)+len(b.mercado))
	for _, id := range b.meituan {
		e, err := meituanEntry(w.mt, id)
		if err != nil {
			w.t.Fatal(err)
		}
		out["meituan "+id] = e
	}
	for _, id := range b.mercado {
		e, err := mercadoEntry(w.ml, id)
		if err != nil {
			w.t.Fatal(err)
		}
		out["mercadolibre "+id.String()] = e
	}
	return out
}

func totalOf(r Row) string {
	if r.Total == nil {
		return ""
	}
	return string(r.Total.Currency()) + " " + strconv.FormatInt(r.Total.Minor(), 10)
}

// compare says where the hub's orders differ from the platforms' books. local holds the
// orders that our people marked ready where the platform has no word for it.
func compare(want map[string]entry, have []Row, local map[string]bool) (differ []string) {
	seen := map[string]bool{}
	for _, r := range have {
		k := r.Channel + " " + r.Ref
		e, ok := want[k]
		switch {
		case seen[k]:
			differ = append(differ, k+" is there twice")
		case !ok:
			differ = append(differ, k+" was never placed")
		default:
			status := e.status
			if status == "accepted" && local[k] {
				status = "ready"
			}
			if string(r.Status) != status {
				differ = append(differ, fmt.Sprintf("%s: status %s, the platform's is %s (theirs %v)", k, r.Status, status, r.Theirs))
			}
			if totalOf(r) != e.total {
				differ = append(differ, fmt.Sprintf("%s: total %q, the platform's is %q", k, totalOf(r), e.total))
			}
		}
		seen[k] = true
	}
	for k := range want {
		if !seen[k] {
			differ = append(differ, k+" is lost")
		}
	}
	return differ
}
