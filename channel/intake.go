package channel

import (
	"context"

	"github.com/tongdan/tongdan/effect"
	"github.com/tongdan/tongdan/fault"
)

// A Rester has the power to let a shop rest, so that the platform takes no orders for it, and
// to have it take orders again.
type Rester interface {
	// Rests reads whether a shop takes no orders now, for whatever reason.
	Rests(ctx context.Context, shopID string) (bool, error)

	// SetRest lets a shop rest, or take orders again, with one call; its nature is absolute.
	// It fails with fault.Forbidden when the platform keeps the shop closed itself.
	SetRest(ctx context.Context, shopID string, rest bool) error
}

// A RestPower declares a Rester.
type RestPower struct {
	Nature effect.Nature // Absolute
	Note   Text          // limits, in words
}

// Rests and SetRest are those of Rester.
func (c *Conn) Rests(ctx context.Context, shopID string) (bool, error) {
	if s, ok := c.shop.(Rester); ok {
		return s.Rests(ctx, shopID)
	}
	return false, c.noRest("channel.Rests", shopID)
}

// SetRest is that of Rester.
func (c *Conn) SetRest(ctx context.Context, shopID string, rest bool) error {
	if s, ok := c.shop.(Rester); ok {
		return s.SetRest(ctx, shopID, rest)
	}
	return c.noRest("channel.SetRest", shopID)
}

func (c *Conn) noRest(op, shopID string) error {
	return &fault.Error{Op: op, Code: fault.Unsupported, Ref: shopID, Why: fault.Because("no_rest_call", "{platform} offers no call to let a shop rest", "platform", c.info.Label.EN)}
}
