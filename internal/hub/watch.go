package hub

import (
	"context"
	"os"
	"sync"
	"time"

	"github.com/tongdan/tongdan/channel"
	"github.com/tongdan/tongdan/effect"
	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/ident"
	"github.com/tongdan/tongdan/internal/db"
	"github.com/tongdan/tongdan/internal/lane"
)

// SlowCall is from when a platform's answer counts as slow.
const SlowCall = 3 * time.Second

// watch is what the hub asks the lanes to tell it.
func (h *Hub) watch() lane.Watch {
	return lane.Watch{Around: h.around, Waited: h.waited, Leases: func(held, taken, lost int) {
		h.meters.held.Set(float64(held))
		h.meters.taken.Add(float64(taken))
		h.meters.lost.Add(float64(lost))
	}}
}

// around counts one attempt: its HTTP calls, its outcome, and for the status page how the
// platform did.
func (h *Hub) around(ctx context.Context, e effect.Effect, do func(context.Context) lane.Result) lane.Result {
	row, _ := h.db.AccountByID(e.Merchant, e.Account)
	var mu sync.Mutex
	var worst time.Duration
	calls := 0
	res := do(channel.WithObserver(ctx, func(x channel.Exchange) {
		h.meters.call(row.Channel, e.Kind, x)
		mu.Lock()
		defer mu.Unlock()
		calls++
		worst = max(worst, x.Took)
	}))
	h.meters.attempts.WithLabelValues(row.Channel, e.Kind, string(res.Outcome)).Inc()
	mu.Lock()
	defer mu.Unlock()
	failed := platformFailed(res.Code)
	if calls == 0 && !failed {
		return res // nobody was asked
	}
	now := time.Now()
	m := db.CallMinute{Merchant: e.Merchant, Account: e.Account, Kind: e.Kind, Minute: now.Unix() / 60, Calls: 1, TookMS: worst.Milliseconds()}
	if failed {
		m.Failed, m.FailedAt = 1, now.UnixMilli()
	} else {
		m.OKAt = now.UnixMilli()
	}
	if worst >= SlowCall {
		m.Slow = 1
	}
	h.tally.add(m)
	return res
}

// platformFailed reports whether a call failed for a reason that lies with the platform
// or the way to it: what it refuses for a business reason, it has answered well.
func platformFailed(c fault.Code) bool {
	switch c {
	case fault.Unavailable, fault.Unknown, fault.RateLimited, fault.Unauthorized, fault.Internal:
		return true
	}
	return false
}

func (h *Hub) waited(app ident.App, d time.Duration) {
	row, _ := h.db.AppByID(app)
	h.meters.waits.WithLabelValues(row.Channel).Add(d.Seconds())
}

// A tally collects how calls went until the next beat.
type tally struct {
	mu   sync.Mutex
	rows map[db.CallMinute]*db.CallMinute // by their first four fields
}

func (t *tally) add(m db.CallMinute) {
	k := db.CallMinute{Merchant: m.Merchant, Account: m.Account, Kind: m.Kind, Minute: m.Minute}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.rows == nil {
		t.rows = map[db.CallMinute]*db.CallMinute{}
	}
	row := t.rows[k]
	if row == nil {
		row = &k
		t.rows[k] = row
	}
	row.Calls, row.Failed, row.Slow, row.TookMS = row.Calls+m.Calls, row.Failed+m.Failed, row.Slow+m.Slow, row.TookMS+m.TookMS
	row.OKAt, row.FailedAt = max(row.OKAt, m.OKAt), max(row.FailedAt, m.FailedAt)
}

func (t *tally) take() []db.CallMinute {
	t.mu.Lock()
	defer t.mu.Unlock()
	out := make([]db.CallMinute, 0, len(t.rows))
	for _, r := range t.rows {
		out = append(out, *r)
	}
	t.rows = nil
	return out
}

// beatEvery is how often a node says that it is alive and how its calls went.
const beatEvery = 3 * time.Second

// beat says so until ctx ends. It is for whoever looks: when the database cannot take it,
// the counts are kept for the next time.
func (h *Hub) beat(ctx context.Context) {
	tick := time.NewTicker(beatEvery)
	defer tick.Stop()
	host, _ := os.Hostname()
	me := db.NodeRow{Name: h.db.Instance(), Owner: h.owner, Host: host, Version: h.version, Started: time.Now().UnixMilli()}
	for {
		calls := h.tally.take()
		me.Queue = h.db.Queue()
		if err := h.db.Beat(ctx, me, calls); err != nil {
			for _, c := range calls {
				h.tally.add(c)
			}
			if ctx.Err() == nil {
				h.log.WarnContext(ctx, "this node could not say that it is alive", "err", err)
			}
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			end, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
			defer cancel()
			if err := h.db.Leave(end, me.Name); err != nil {
				h.log.Debug("this node could not say that it ends", "err", err)
			}
			return
		}
	}
}
