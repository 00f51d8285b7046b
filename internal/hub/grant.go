package hub

import (
	"context"
	"encoding/json"
	"time"

	"github.com/tongdan/tongdan/channel"
	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/internal/db"
)

// bindTime is how long after somebody pressed authorise an unsigned binding is believed enough to be tried.
const bindTime = 24 * time.Hour

// grant takes an authorisation that came by callback. The connector tries it at the platform before it
// is kept. One that is not signed is tried only while somebody here has asked for it, so that a
// stranger cannot make us call the platform at will.
func (h *Hub) grant(ctx context.Context, app db.AppRow, realm string, rec channel.Received) error {
	const op = "hub.grant"
	id := h.accountOf(app, realm, rec)
	if id == 0 && rec.Grant.Token.Reveal() == "" {
		return nil // of a store that nobody has here; nothing is lost, and a platform counts each message that is not taken
	}
	if id == 0 {
		return fault.Say(op, fault.NotFound, "no_account_store", "no account of this app has the store that was bound: add the account and its shop first")
	}
	c, err := h.conn(app.Merchant, id)
	if err != nil {
		return err
	}
	v := h.db.Vault(app.Merchant, id)
	b, err := v.Load(ctx, consentName)
	if err != nil {
		return fault.Wrap(op, err)
	}
	var want consent
	bad := json.Unmarshal(b, &want) != nil
	if !rec.Grant.Signed {
		if bad || want.At == 0 || h.now().UnixMilli()-want.At > bindTime.Milliseconds() {
			return fault.Say(op, fault.Forbidden, "binding_unasked", "nobody here asked for this binding in the last day: press authorise, then bind the store again")
		}
	}
	if armed, err := h.db.Armed(ctx); err != nil {
		return fault.Wrap(op, err)
	} else if !armed {
		return fault.Say(op, fault.Conflict, "arm_first", "this is a restored or copied database, from which nothing is called: arm it first, then authorise")
	}
	if err := c.Bind(ctx, *rec.Grant); err != nil {
		return fault.Wrap(op, err)
	}
	if rec.Grant.Over {
		return nil
	}
	if err := h.noteExternal(ctx, app.Merchant, id, rec.External, want.By); err != nil {
		return fault.Wrap(op, err)
	}
	if err := h.agreed(ctx, c.account, want.By); err != nil { // asked for once, taken once
		return fault.Wrap(op, err)
	}
	if err := v.Alarm(ctx, time.Time{}, ""); err != nil {
		return fault.Wrap(op, err)
	}
	return h.schedule(ctx)
}
