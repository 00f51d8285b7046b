package hub

import (
	"context"
	"encoding/json"
	"time"

	"github.com/tongdan/tongdan/channel"
	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/internal/db"
	"github.com/tongdan/tongdan/printer"
)

// A bridge is a small program in the shop that carries tickets to printers of the shop's
// network for a hub that stands elsewhere: it is paired with its store as a screen is, asks
// for what there is to carry, and says what became of it. bridged is the wire through it.
type bridged struct {
	h   *Hub
	row db.PrinterRow
}

// Carry leaves a task for the bridge and waits for its report. A task that no bridge took is
// taken back: then nothing was sent.
func (b bridged) Carry(ctx context.Context, t printer.Task) (printer.Report, error) {
	const op = "hub.bridge"
	away := &fault.Error{Op: op, Code: fault.Unavailable, Why: fault.Because("bridge_away", "the bridge in the shop does not ask for tickets: see whether its computer is on and has a network")}
	limit := time.Now().Add(bridgeTime)
	if l, ok := channel.NotAfter(ctx); ok && l.Before(limit) {
		limit = l
	}
	id, err := b.h.db.PutBridgeTask(ctx, b.row.Merchant, b.row.Bridge, toJSON(t), limit)
	if err != nil {
		return printer.Report{}, &fault.Error{Op: op, Code: fault.Unavailable, Err: err}
	}
	body, state, err := b.h.db.AwaitBridgeTask(ctx, b.row.Merchant, b.row.Bridge, id, limit)
	switch {
	case state == db.BridgeUntaken && err == nil:
		return printer.Report{}, away
	case err != nil || state != db.BridgeOver:
		return printer.Report{}, printer.Lost(op, err)
	}
	var out BridgeReport
	if json.Unmarshal(body, &out) != nil {
		return printer.Report{}, printer.Lost(op, nil)
	}
	return out.Report, out.err(op)
}

const bridgeTime = 12 * time.Second

// A BridgeReport is what a bridge says of a task: the report, and why it failed.
type BridgeReport struct {
	printer.Report
	Code fault.Code    `json:"code,omitempty"`
	Why  *fault.Reason `json:"why,omitempty"`
}

// err is the failure that a bridge tells of. What a bridge may not say is taken for lost.
func (r BridgeReport) err(op string) error {
	switch r.Code {
	case "":
		return nil
	case fault.Unavailable, fault.Forbidden:
		why := fault.Reason{}
		if r.Why != nil {
			why = *r.Why
		}
		return &fault.Error{Op: op, Code: r.Code, Why: why}
	}
	return printer.Lost(op, nil)
}
