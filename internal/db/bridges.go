package db

import (
	"context"
	"slices"
	"time"

	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/ident"
)

// The states in which a bridge's task ends.
const (
	BridgeWaiting = "waiting"
	BridgeTaken   = "taken"
	BridgeOver    = "over"
	BridgeUntaken = "untaken" // nobody had taken it in its time; it is gone
)

// bridgeLook is how often it is looked whether a task has come or is over: bridges may ask
// another node.
const bridgeLook = 100 * time.Millisecond

func bridgeUse(id int64) string { return "bridge task " + ident.Effect(id).String() }

// PutBridgeTask leaves a task for a bridge, not to be begun after limit. It drops what
// earlier ones have left.
func (d *DB) PutBridgeTask(ctx context.Context, m ident.Merchant, bridge ident.Device, task []byte, limit time.Time) (int64, error) {
	const op = "db.PutBridgeTask"
	key, err := d.keys.merchant(m)
	if err != nil {
		return 0, fault.Wrap(op, err)
	}
	id := d.id()
	sealed := key.aead.Seal(nil, nil, task, []byte(bridgeUse(id)))
	return id, d.writeAs(ctx, op, People, func(ctx context.Context, c conn) error {
		if err := exec(ctx, c, `DELETE FROM bridge_tasks WHERE merchant_id = $1 AND bridge_id = $2 AND not_after < $3`, int64(m), int64(bridge), d.now().Add(-time.Minute).UnixMilli()); err != nil {
			return err
		}
		return exec(ctx, c, `INSERT INTO bridge_tasks (id, merchant_id, bridge_id, state, not_after, task) VALUES ($1, $2, $3, $4, $5, $6)`,
			id, int64(m), int64(bridge), BridgeWaiting, limit.UnixMilli(), sealed)
	})
}

// TakeBridgeTask gives the oldest task of a bridge that waits, waiting for one until ctx
// ends; id 0 = there was none. A task is given once.
func (d *DB) TakeBridgeTask(ctx context.Context, m ident.Merchant, bridge ident.Device) (id int64, task []byte, limit time.Time, err error) {
	const op = "db.TakeBridgeTask"
	key, err := d.keys.merchant(m)
	if err != nil {
		return 0, nil, limit, fault.Wrap(op, err)
	}
	tick := time.NewTicker(bridgeLook)
	defer tick.Stop()
	for {
		var notAfter int64
		var sealed []byte
		found := false
		err := d.query(ctx, `SELECT id, not_after, task FROM bridge_tasks WHERE merchant_id = $1 AND bridge_id = $2 AND state = 'waiting' AND not_after > $3 ORDER BY id LIMIT 1`,
			[]any{int64(m), int64(bridge), d.now().UnixMilli()}, func(scan scanFunc) error {
				found = true
				err := scan(&id, &notAfter, &sealed)
				sealed = slices.Clone(sealed)
				return err
			})
		if err != nil && ctx.Err() == nil {
			return 0, nil, limit, fault.Wrap(op, err)
		}
		if found && err == nil {
			won := false
			err := d.writeAs(ctx, op, People, func(ctx context.Context, c conn) error {
				n, err := affects(ctx, c, `UPDATE bridge_tasks SET state = 'taken' WHERE id = $1 AND state = 'waiting'
					AND EXISTS (SELECT 1 FROM devices d WHERE d.merchant_id = bridge_tasks.merchant_id AND d.id = bridge_tasks.bridge_id)`, id) // it may have been revoked while it waited
				won = n == 1
				return err
			})
			if err != nil {
				return 0, nil, limit, fault.Wrap(op, err)
			}
			if won {
				task, err := key.aead.Open(nil, nil, sealed, []byte(bridgeUse(id)))
				return id, task, time.UnixMilli(notAfter), fault.Wrap(op, err)
			}
		}
		select {
		case <-ctx.Done():
			return 0, nil, limit, nil
		case <-tick.C:
		}
	}
}

// EndBridgeTask writes what became of a task; fault.NotFound when it was none of this bridge's
// or is over.
func (d *DB) EndBridgeTask(ctx context.Context, m ident.Merchant, bridge ident.Device, id int64, report []byte) error {
	const op = "db.EndBridgeTask"
	return d.writeAs(ctx, op, People, func(ctx context.Context, c conn) error {
		n, err := affects(ctx, c, `UPDATE bridge_tasks SET state = 'over', report = $1 WHERE id = $2 AND merchant_id = $3 AND bridge_id = $4 AND state = 'taken'`, report, id, int64(m), int64(bridge))
		if err == nil && n == 0 {
			err = fault.Say(op, fault.NotFound, "no_bridge_task", "there is no such ticket to carry any more")
		}
		return err
	})
}

// AwaitBridgeTask waits until a task is over, and gives its report; one that nobody has taken
// by limit is taken back. What was taken is waited for some seconds longer.
func (d *DB) AwaitBridgeTask(ctx context.Context, m ident.Merchant, bridge ident.Device, id int64, limit time.Time) (report []byte, state string, err error) {
	const op = "db.AwaitBridgeTask"
	tick := time.NewTicker(bridgeLook)
	defer tick.Stop()
	for {
		if _, err := d.one(ctx, `SELECT state, report FROM bridge_tasks WHERE id = $1`, []any{id}, &state, &report); err != nil {
			return nil, BridgeTaken, fault.Wrap(op, err)
		}
		now := time.Now()
		switch {
		case state == BridgeOver:
			report = slices.Clone(report)
			return report, state, nil
		case state == BridgeWaiting && !now.Before(limit):
			back := false
			err := d.writeAs(context.WithoutCancel(ctx), op, People, func(ctx context.Context, c conn) error {
				n, err := affects(ctx, c, `DELETE FROM bridge_tasks WHERE id = $1 AND state = 'waiting'`, id)
				back = n == 1
				return err
			})
			if err != nil {
				return nil, BridgeTaken, fault.Wrap(op, err)
			}
			if back {
				return nil, BridgeUntaken, nil
			}
		case !now.Before(limit.Add(4 * time.Second)):
			return nil, state, nil
		}
		select {
		case <-ctx.Done():
			return nil, BridgeTaken, fault.Wrap(op, ctx.Err())
		case <-tick.C:
		}
	}
}
