// Package books compares what the platforms hold with what the hub shows. The platform's
// side is worked out here from what a simulator believes, in words that both sides share,
// and not by the hub's code, so that one mistake cannot hide on both sides.
//
// The crash tests and the rehearsal use it alike. It reads only; its functions may be
// called while orders move, and then tell of what is under way as of a difference.
package books

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"

	"github.com/tongdan/tongdan/internal/sim"
	mt "github.com/tongdan/tongdan/internal/sim/meituan"
	ml "github.com/tongdan/tongdan/internal/sim/mercadolibre"
)

// An Entry is how one order of a platform should look in the hub.
type Entry struct {
	Status   string    // the hub's flat status
	Total    string    // "CNY 3250", currency and minor units; "" = the platform tells no content
	Tally    sim.Tally // what the merchant called about it, calls and changes apart
	Accepted bool      // somebody has accepted it: we, or a person in the platform's own app
	Left     bool      // it has been with a rider or was completed, whatever became of it afterwards
}

// Meituan reads one order in the book of the simulated Meituan.
func Meituan(s *mt.Sim, id string) (Entry, error) {
	o, err := s.Order(id)
	if err != nil {
		return Entry{}, err
	}
	return OfMeituan(o), nil
}

// OfMeituan reads an order of the simulated Meituan.
func OfMeituan(o *mt.Order) Entry {
	e := Entry{Total: "CNY " + strconv.FormatInt(int64(o.Total), 10), Tally: o.Tally, Accepted: o.Confirmed > 0}
	e.Left = o.Completed > 0 || o.Delivery != nil && (o.Delivery.FetchAt > 0 || o.Delivery.CompletedAt > 0)
	switch o.Status {
	case 1:
		e.Status = "unpaid"
	case 2, 3:
		e.Status = "new"
	case 8:
		e.Status = "done"
	case 9:
		e.Status = "cancelled"
	default:
		e.Status = "accepted"
		if o.MealReady > 0 {
			e.Status = "ready"
		}
		if d := o.Delivery; d != nil && d.Status == 20 {
			e.Status = "delivering"
		} else if d != nil && d.Status == 40 {
			e.Status = "delivered"
		}
	}
	return e
}

// MercadoLibre reads one order in the book of the simulated Mercado Libre.
func MercadoLibre(s *ml.Sim, id ml.ID) (Entry, error) {
	snap, tally, err := s.Order(id)
	if err != nil {
		return Entry{}, err
	}
	var o ml.Order
	if err := json.Unmarshal(snap.Order, &o); err != nil {
		return Entry{}, err
	}
	e := Entry{Tally: tally}
	total := o.TotalAmount
	for _, p := range o.Payments {
		total += p.ShippingCost
	}
	if o.Status == "paid" && o.PaidAmount > 0 {
		total = o.PaidAmount
	}
	if len(o.OrderItems) > 0 {
		e.Total = o.CurrencyID + " " + strconv.FormatInt(int64(total), 10)
	}
	var parcel struct{ Status, Substatus string }
	if snap.Shipment != nil {
		parcel.Status, _ = snap.Shipment["status"].(string)
		if s, ok := snap.Shipment["substatus"].(*string); ok && s != nil {
			parcel.Substatus = *s
		}
	}
	switch {
	case o.Status == "cancelled" && o.CancelDetail != nil && o.CancelDetail.Code == "pack_splitted":
		e.Status = "replaced"
	case o.Status == "cancelled" || o.Status == "invalid":
		e.Status = "cancelled"
	case o.Status == "payment_required" || o.Status == "payment_in_process" || o.Status == "confirmed" || o.Status == "partially_paid":
		e.Status = "unpaid"
	case parcel.Status == "delivered":
		e.Status = "delivered"
	case parcel.Status == "shipped" || parcel.Status == "not_delivered" || parcel.Substatus == "picked_up" || parcel.Substatus == "dropped_off" || parcel.Substatus == "in_hub":
		e.Status = "delivering"
	case parcel.Status == "ready_to_ship" && (parcel.Substatus == "printed" || parcel.Substatus == "packed"):
		e.Status = "ready"
	default:
		e.Status = "accepted"
	}
	return e, nil
}

// An Order is what the hub shows of one order.
type Order struct {
	Channel string
	Ref     string // the platform's order id
	Status  string
	Total   string            // as Entry.Total
	Theirs  map[string]string // the platform's own words, for the text of a difference
}

// Key names an order on both sides.
func Key(channel, ref string) string { return channel + " " + ref }

// The kinds of a Difference.
const (
	Lost    = "lost"    // the platform has it, the hub does not
	Doubled = "doubled" // the hub has it twice
	Strange = "strange" // the hub has it, no platform does
	Status  = "status"  // both have it in another status
	Total   = "total"   // both have it with another total
)

// A Difference is one thing in which the books do not agree.
type Difference struct {
	Kind string `json:"kind"`
	Key  string `json:"key"` // channel and number
	Text string `json:"text"`
}

func (d Difference) String() string { return d.Text }

// Compare says where the hub's orders differ from the platforms' books: in which orders
// there are, in their status and in their total; sorted by order. ready holds the orders
// that our people marked ready where the platform has no word for it.
func Compare(want map[string]Entry, have []Order, ready map[string]bool) (differ []Difference) {
	seen := map[string]bool{}
	add := func(kind, key, format string, args ...any) {
		differ = append(differ, Difference{kind, key, key + fmt.Sprintf(format, args...)})
	}
	for _, o := range have {
		k := Key(o.Channel, o.Ref)
		e, ok := want[k]
		switch {
		case seen[k]:
			add(Doubled, k, " is there twice")
		case !ok:
			add(Strange, k, " was never placed")
		default:
			status := e.Status
			if status == "accepted" && ready[k] {
				status = "ready"
			}
			if o.Status != status {
				add(Status, k, ": status %s, the platform's is %s (theirs %v)", o.Status, status, o.Theirs)
			}
			if o.Total != e.Total {
				add(Total, k, ": total %q, the platform's is %q", o.Total, e.Total)
			}
		}
		seen[k] = true
	}
	for k := range want {
		if !seen[k] {
			add(Lost, k, " is lost")
		}
	}
	slices.SortFunc(differ, func(a, b Difference) int { return cmp.Or(cmp.Compare(a.Key, b.Key), cmp.Compare(a.Kind, b.Kind)) })
	return differ
}
