package rehearse

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/tongdan/tongdan/internal/books"
	ml "github.com/tongdan/tongdan/internal/sim/mercadolibre"
)

// Why the hub may hold pieces back that the platforms' books leave, and why it may not.
const (
	// HeldMade: the kitchen had said that the food was ready, and the order was cancelled
	// before the platform heard of it. To the hub it is waste; the platform frees the pieces.
	HeldMade = "made"
	// HeldAway: the parcel had left when its order was cancelled, and the platform put its
	// own number back all the same.
	HeldAway = "away"
	// HeldOdd: the hub says that the pieces are gone, and nobody in the store had said so, or that
	// more are than the order had.
	HeldOdd = "odd"
)

// A Holding is what the hub holds back on account of one order.
type Holding struct {
	Key    string `json:"order"` // channel and the platform's number
	Pieces int64  `json:"pieces"`
	Why    string `json:"why"`    // HeldMade, HeldAway, HeldOdd
	Reason string `json:"reason"` // of the hub's movement
}

// A movement of a SKU at a store, as the API gives it.
type movement struct {
	Pieces int64  `json:"pieces"`
	Reason string `json:"reason"`
	Cause  string `json:"cause"` // the hub's id of the order
}

// explain names, for each SKU of which the hub would sell less than the platforms' books
// leave, the orders on whose account it does: those whose pieces the hub has booked out and
// the platform has not. What no order explains breaks the promise.
func (j *judge) explain(ctx context.Context) error {
	for i := range j.stock.Levels {
		v := &j.stock.Levels[i]
		if v.Hub >= v.Left {
			continue
		}
		x := j.rehearsal.stock.pile(v.Store, v.SKU)
		moved, err := j.movements(ctx, x)
		if err != nil {
			return err
		}
		v.Held = held(moved, j.keys, j.rehearsal.stock.tookOf(x), func(key, reason string) string {
			switch {
			case j.want[key].Status != "cancelled":
			case reason == "waste" && j.clerk.said(key, "ready"):
				return HeldMade
			case reason == "sale_out" && j.away(key):
				return HeldAway
			}
			return HeldOdd
		})
		v.Unknown = v.unexplained()
	}
	return nil
}

// held compares what the hub has booked out for each order with what the platforms' books say
// that it took; why says why that may differ. It explains no more pieces than the order was ever
// sold: the rest was booked out twice. Orders that wait keep their pieces without a movement, in
// both alike.
func held(moved []movement, keys map[string]string, took map[string]taken, why func(key, reason string) string) (list []Holding) {
	gone, reason := map[string]int64{}, map[string]string{}
	for _, m := range moved {
		if key := keys[m.Cause]; key != "" {
			gone[key] -= m.Pieces
			reason[key] = m.Reason // of the newest, which comes last
		}
	}
	for _, key := range slices.Sorted(maps.Keys(gone)) {
		t := took[key]
		if n := min(gone[key], t.sold) - (t.sold - t.back); n > 0 {
			list = append(list, Holding{key, n, why(key, reason[key]), reason[key]})
		}
		if n := gone[key] - t.sold; n > 0 {
			list = append(list, Holding{key, n, HeldOdd, reason[key]})
		}
	}
	return list
}

// unexplained is how many pieces of a level are held back without a reason that is known.
func (v *Level) unexplained() int64 {
	n := v.Left - v.Hub
	for _, h := range v.Held {
		if h.Why != HeldOdd {
			n -= h.Pieces
		}
	}
	return n
}

// away reports whether the parcel of an order of Mercado Libre had left, by that platform's
// own history.
func (j *judge) away(key string) bool {
	number, ok := strings.CutPrefix(key, "mercadolibre ")
	id, err := strconv.ParseInt(number, 10, 64)
	if !ok || err != nil {
		return false
	}
	x, _, err := j.at.ml.Order(ml.ID(id))
	if err != nil {
		return false
	}
	for _, h := range x.History {
		if slices.Contains([]string{"shipped", "delivered", "not_delivered"}, h.Status) || slices.Contains([]string{"picked_up", "dropped_off", "authorized_by_carrier", "in_hub"}, h.Substatus) {
			return true
		}
	}
	return false
}

// movements are all of a pile, the oldest first.
func (r *rehearsal) movements(ctx context.Context, x *pile) (list []movement, err error) {
	for cursor := ""; ; {
		var page struct {
			Movements []movement `json:"movements"`
			Next      string     `json:"next_cursor"`
		}
		if err := r.api.must(ctx, "GET", "/stock/movements?limit=200&store="+x.storeID+"&sku="+x.sku+"&cursor="+cursor, "", nil, &page); err != nil {
			return nil, err
		}
		list = append(list, page.Movements...)
		if cursor = page.Next; cursor == "" {
			slices.Reverse(list)
			return list, nil
		}
	}
}

// pile finds one by its store and the merchant's code.
func (l *ledger) pile(store, code string) *pile {
	for _, x := range l.piles {
		if x.store == store && x.code == code {
			return x
		}
	}
	return nil
}

func (l *ledger) tookOf(x *pile) map[string]taken {
	l.mu.Lock()
	defer l.mu.Unlock()
	return maps.Clone(x.took)
}

// kindHeld is that pieces are held back and no order explains it.
const kindHeld = "held"

// unexplained are the levels of which the hub holds pieces back that no order explains.
func (s *Stock) unexplained() (list []books.Difference) {
	for _, v := range s.Levels {
		if v.Unknown != 0 {
			name := v.SKU + " @ " + v.Store
			list = append(list, books.Difference{Kind: kindHeld, Key: name, Text: fmt.Sprintf("%s: the hub holds %d pieces back, of which %d are explained by no order%s", name, v.Left-v.Hub, v.Unknown, v.odd())})
		}
	}
	return list
}

// odd tells of the orders that explain nothing.
func (v *Level) odd() (text string) {
	for _, h := range v.Held {
		if h.Why == HeldOdd {
			text += fmt.Sprintf("; %s: %d pieces by %s", h.Key, h.Pieces, h.Reason)
		}
	}
	return text
}

// holdings are all orders on whose account the hub holds pieces back for a good reason.
func (s *Stock) holdings() (list []Holding) {
	for _, v := range s.Levels {
		for _, h := range v.Held {
			if h.Why != HeldOdd {
				list = append(list, h)
			}
		}
	}
	return list
}
