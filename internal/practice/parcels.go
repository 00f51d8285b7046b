package practice

import (
	"context"
	"encoding/json"
	"time"

	"github.com/tongdan/tongdan/internal/sim/mercadolibre"
)

// parcelEvery is how soon another parcel waits once somebody has shipped the last one.
const parcelEvery = 20 * time.Second

// playParcels lets one parcel wait for whoever learns to ship, while somebody is there: the
// crowd of parcels would let him wait for minutes.
func (r *room) playParcels(ctx context.Context) error {
	every := 2 * time.Second
	if r.stage.o.Eager {
		every = 50 * time.Millisecond
	}
	tick := time.NewTicker(every)
	defer tick.Stop()
	var waiting mercadolibre.ID
	var since time.Time
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		if !r.attended() || r.waits(waiting) || !r.stage.o.Eager && time.Since(since) < parcelEvery {
			continue
		}
		placed, err := r.mercado.Place(mercadolibre.Placement{SellerID: sellers[ownCarrier].ID, Orders: []json.RawMessage{json.RawMessage(`{"order_items":[{"quantity":1}]}`)}})
		if err != nil {
			since = time.Now() // the seller has nothing left: the crowd sees to that
			continue
		}
		waiting, since = placed.Orders[0], time.Now()
	}
}

// waits reports whether a parcel is still to be shipped.
func (r *room) waits(id mercadolibre.ID) bool {
	if id == 0 {
		return false
	}
	known, _, err := r.mercado.Order(id)
	if err != nil {
		return false
	}
	var o struct{ Status string }
	status, _ := known.Shipment["status"].(string)
	return json.Unmarshal(known.Order, &o) == nil && o.Status != "cancelled" && (status == "pending" || status == "handling" || status == "ready_to_ship")
}
