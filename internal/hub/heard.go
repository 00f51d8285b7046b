package hub

import (
	"context"
	"slices"
	"time"

	"github.com/tongdan/tongdan/channel"
	"github.com/tongdan/tongdan/ident"
	"github.com/tongdan/tongdan/internal/db"
)

// Which messages of an app have ever come is noted, so that a subscription that somebody forgot at the platform can be
// named. It is a note and no count: each kind at once when it first comes, and then every ten minutes at most.

const heardEvery = 10 * time.Minute

type hearing struct {
	app     ident.App
	path    string
	verdict channel.Verdict
}

// heard notes that something came to a callback that the platform has.
func (h *Hub) heard(ctx context.Context, app db.AppRow, info *channel.Info, path string, v channel.Verdict) {
	if h.noComments || !slices.ContainsFunc(info.Callbacks, func(c channel.Callback) bool { return c.Path == path }) {
		return
	}
	k, now := hearing{app.ID, path, v}, time.Now()
	if last, ok := h.hearings.Load(k); ok && now.Sub(last.(time.Time)) < heardEvery {
		return
	}
	h.hearings.Store(k, now)
	var came, probed, refused time.Time
	switch v {
	case channel.Good:
		came = now
	case channel.Probe:
		probed = now
	default:
		refused = now
	}
	if err := h.db.Hear(ctx, app.Merchant, app.ID, path, came, probed, refused); err != nil {
		h.hearings.Delete(k)
		h.log.WarnContext(ctx, "that a message came could not be noted", "merchant", app.Merchant.String(), "app", app.ID.String(), "err", err)
	}
}
