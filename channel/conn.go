package channel

import (
	"context"
	"encoding/json"
	"iter"
	"time"

	"github.com/tongdan/tongdan/effect"
	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/order"
)

// A Conn stands in front of a Shop. It answers fault.Unsupported for powers that the
// shop lacks. It may be used concurrently.
type Conn struct {
	info *Info
	shop Shop
}

// NewConn puts a Conn in front of a shop.
func NewConn(info *Info, s Shop) *Conn { return &Conn{info, s} }

// Info describes the platform.
func (c *Conn) Info() *Info { return c.info }

// Read and Pull are those of Shop.
func (c *Conn) Read(ctx context.Context, ref order.Ref) ([]Item, error) { return c.shop.Read(ctx, ref) }
func (c *Conn) Pull(ctx context.Context, p Pull) iter.Seq2[Page, error] { return c.shop.Pull(ctx, p) }

// ReadOf is Read of a record whose orders are known: the platform need not say which they are.
func (c *Conn) ReadOf(ctx context.Context, ref order.Ref, orders []string) ([]Item, error) {
	if s, ok := c.shop.(ReaderOf); ok && len(orders) > 0 {
		return s.ReadOf(ctx, ref, orders)
	}
	return c.shop.Read(ctx, ref)
}

// Do carries out an act with one call. before is what Before gave, for additive acts.
func (c *Conn) Do(ctx context.Context, a Act, before json.RawMessage) ([]Item, error) {
	switch a.Kind {
	case Acknowledge:
		if s, ok := c.shop.(Acknowledger); ok {
			return s.Acknowledge(ctx, a)
		}
	case order.Accept:
		if s, ok := c.shop.(Accepter); ok {
			return s.Accept(ctx, a)
		}
	case order.Refuse:
		if s, ok := c.shop.(Refuser); ok {
			return s.Refuse(ctx, a)
		}
	case order.Cancel:
		if s, ok := c.shop.(Canceller); ok {
			return s.Cancel(ctx, a)
		}
	case order.Ready:
		if s, ok := c.shop.(Preparer); ok {
			return s.Ready(ctx, a)
		}
	case order.Dispatch:
		if s, ok := c.shop.(Dispatcher); ok {
			return s.Dispatch(ctx, a)
		}
	case order.Deliver:
		if s, ok := c.shop.(Dispatcher); ok {
			return s.Deliver(ctx, a)
		}
	case order.CallRider:
		if s, ok := c.shop.(RiderCaller); ok {
			return s.CallRider(ctx, a)
		}
	case order.RecallRider:
		if s, ok := c.shop.(RiderCaller); ok {
			return s.RecallRider(ctx, a)
		}
	case order.Tip:
		if s, ok := c.shop.(RiderCaller); ok {
			return s.Tip(ctx, a)
		}
	case order.DeliverSelf:
		if s, ok := c.shop.(SelfDeliverer); ok {
			return s.DeliverSelf(ctx, a)
		}
	case TellRider:
		if s, ok := c.shop.(RiderTeller); ok {
			return s.TellRider(ctx, a)
		}
	case order.Ship:
		if s, ok := c.shop.(Shipper); ok {
			return s.Ship(ctx, a)
		}
	case order.RemindReply:
		if s, ok := c.shop.(ReminderAnswerer); ok {
			return s.RemindReply(ctx, a)
		}
	case order.RefundApprove:
		if s, ok := c.shop.(RefundAnswerer); ok {
			return s.RefundApprove(ctx, a)
		}
	case order.RefundRefuse:
		if s, ok := c.shop.(RefundAnswerer); ok {
			return s.RefundRefuse(ctx, a)
		}
	case order.RefundAppeal:
		if s, ok := c.shop.(Appealer); ok {
			return s.RefundAppeal(ctx, a)
		}
	case order.SlowAppeal:
		if s, ok := c.shop.(SlowAppealer); ok {
			return s.SlowAppeal(ctx, a)
		}
	case order.RefundPartial:
		if s, ok := c.shop.(PartRefunder); ok {
			return s.RefundPartial(ctx, a, before)
		}
	case order.Annotate:
		if s, ok := c.shop.(Annotator); ok {
			return s.Annotate(ctx, a)
		}
	}
	return nil, c.unsupported("channel.Do", a)
}

// Before reads the state that an additive act will be compared with; nil for others.
func (c *Conn) Before(ctx context.Context, a Act) (json.RawMessage, error) {
	if p, ok := c.info.Power(a.Kind); !ok || p.Nature != effect.Additive {
		return nil, nil
	}
	if s, ok := c.shop.(Rememberer); ok {
		return s.Before(ctx, a)
	}
	return nil, nil
}

// Look finds out whether an act has taken place.
func (c *Conn) Look(ctx context.Context, a Act, before json.RawMessage) (Sight, error) {
	if s, ok := c.shop.(Looker); ok {
		return s.Look(ctx, a, before)
	}
	return Sight{}, c.unsupported("channel.Look", a)
}

// Keep renews what has to be renewed; a shop without such a thing is asked again in a day.
func (c *Conn) Keep(ctx context.Context) (next time.Time, keeps bool, err error) {
	if s, ok := c.shop.(Keeper); ok {
		next, err = s.Keep(ctx)
		return next, true, err
	}
	return time.Time{}, false, nil
}

// ConsentURL and Exchange are those of Authoriser.
func (c *Conn) ConsentURL(state, redirect string) (string, error) {
	if s, ok := c.shop.(Authoriser); ok {
		return s.ConsentURL(state, redirect), nil
	}
	return "", c.unsupported("channel.ConsentURL", Act{})
}

// Exchange turns the code of a consent into an authorisation, saved in the vault.
func (c *Conn) Exchange(ctx context.Context, code, redirect string) (external string, err error) {
	if s, ok := c.shop.(Authoriser); ok {
		return s.Exchange(ctx, code, redirect)
	}
	return "", c.unsupported("channel.Exchange", Act{})
}

// Quote is that of RiderCaller.
func (c *Conn) Quote(ctx context.Context, a Act) (Quote, error) {
	if s, ok := c.shop.(RiderCaller); ok {
		return s.Quote(ctx, a)
	}
	return Quote{}, c.unsupported("channel.Quote", a)
}

// TellPlace is that of RiderTeller.
func (c *Conn) TellPlace(ctx context.Context, a Act) error {
	if s, ok := c.shop.(RiderTeller); ok && c.info.PlaceEvery > 0 {
		return s.TellPlace(ctx, a)
	}
	return c.unsupported("channel.TellPlace", a)
}

// Bind is that of Binder.
func (c *Conn) Bind(ctx context.Context, g Grant) error {
	if s, ok := c.shop.(Binder); ok {
		return s.Bind(ctx, g)
	}
	return c.unsupported("channel.Bind", Act{})
}

func (c *Conn) unsupported(op string, a Act) error {
	return &fault.Error{Op: op, Code: fault.Unsupported, Ref: string(a.Kind), Why: fault.Because("no_call", "{platform} offers no call for it", "platform", c.info.Label.EN)}
}
