package hub

import (
	"testing"
	"time"

	"github.com/tongdan/tongdan/internal/db"
	"github.com/tongdan/tongdan/order"
)

func TestByWhenAnOrderMustBeReady(t *testing.T) {
	const placed = 1_700_000_000_000
	at := func(minutes int) int64 { return placed + int64(minutes)*time.Minute.Milliseconds() }
	pace := db.Pace{Prepare: 15, Travel: 30}
	for name, x := range map[string]struct {
		status              order.Status
		kind                order.Kind
		logistics           order.Logistics
		promised, estimated int // minutes after it was placed; 0 = not told
		by, begin           int // −1 = nothing is to be made
	}{
		"as soon as possible: placed and prepared":                             {order.StatusAccepted, order.Takeaway, order.BySelf, 0, 0, 15, 0},
		"the platform's estimate, less the way":                                {order.StatusAccepted, order.Takeaway, order.ByPlatform, 0, 40, 10, -5},
		"an estimate that cannot be kept is due at once, not before the order": {order.StatusNew, order.Takeaway, order.ByPlatform, 0, 10, 0, -15},
		"a chosen time, less the way":                                          {order.StatusAccepted, order.Takeaway, order.ByPlatform, 90, 40, 60, 45},
		"who collects it has no way":                                           {order.StatusAccepted, order.Takeaway, order.Pickup, 90, 0, 90, 75},
		"nor has what is eaten here":                                           {order.StatusAccepted, order.Takeaway, order.NoShipping, 90, 0, 90, 75},
		"what is made need not be":                                             {order.StatusReady, order.Takeaway, order.BySelf, 0, 40, -1, -1},
		"what is not paid is not begun":                                        {order.StatusUnpaid, order.Takeaway, order.BySelf, 0, 40, -1, -1},
		"a parcel has its own deadlines":                                       {order.StatusAccepted, order.Ecommerce, order.ME2, 90, 0, -1, -1},
	} {
		o := &order.Order{Status: x.status, Head: order.Head{Logistics: x.logistics}, Times: order.Times{Placed: placed}}
		if x.promised > 0 {
			o.Times.Promised = at(x.promised)
		}
		if x.estimated > 0 {
			o.Times.Estimated = at(x.estimated)
		}
		by, begin := readyBy(o, x.kind, pace)
		wantBy, wantBegin := at(x.by), at(x.begin)
		if x.by < 0 {
			wantBy, wantBegin = 0, 0
		}
		if by != wantBy || begin != wantBegin {
			t.Errorf("%s: by %d from %d minutes, want %d from %d", name, (by-placed)/60_000, (begin-placed)/60_000, x.by, x.begin)
		}
		// What the platform holds against the shop comes first, and never later.
		o.Times.MealBy = at(12)
		if by, begin = readyBy(o, x.kind, pace); x.by >= 0 && (by != min(wantBy, at(12)) || begin != by-at(15)+placed) || x.by < 0 && by != 0 {
			t.Errorf("%s, to be reported within 12 minutes: by %d from %d", name, (by-placed)/60_000, (begin-placed)/60_000)
		}
	}
}
