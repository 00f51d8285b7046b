package channel

import (
	"context"

	"github.com/tongdan/tongdan/effect"
	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/front"
)

// A FrontPower says what of a shop's front can be read and changed.
type FrontPower struct {
	front.Limits
	Nature effect.Nature // Absolute; an addition to a stock is made once and never repeated

	// Notes are the limits in words, of each part that has any: whoever changes a dish has no use for those of areas.
	Notes map[front.Part]Text
}

// A FrontAsk names what is to be read. Properties are the items of which the properties are wanted too: platforms have
// a call for each. Kinds asks for the names that a profile's tags can have.
type FrontAsk struct {
	Shop       string
	Part       front.Part
	Family     front.Family
	Properties []string
	Kinds      bool
}

// MostProperties is how many items' properties one look reads.
const MostProperties = 50

// A Fronter has the power over a shop's front: its profile, its delivery areas, its menu.
type Fronter interface {
	// Front reads a part as it is live. A shop that the platform does not know yet has no Profile.
	Front(ctx context.Context, a FrontAsk) (front.Front, error)

	// ChangeFront carries out, with one call, as many of the first of these changes as one call can take: n of them,
	// at least one. failed are those of the n that the platform did not carry out although the call as a whole went
	// well. err is that of the call: what it means for the n is as for any call.
	ChangeFront(ctx context.Context, shop string, family front.Family, changes []front.Change) (n int, failed map[int]error, err error)

	// Picture uploads a picture and gives what an item's picture then names it by.
	Picture(ctx context.Context, shop, name string, picture []byte) (string, error)
}

// Front, ChangeFront and Picture are those of Fronter.
func (c *Conn) Front(ctx context.Context, a FrontAsk) (front.Front, error) {
	if s, ok := c.shop.(Fronter); ok && c.info.Front != nil {
		return s.Front(ctx, a)
	}
	return front.Front{}, c.noFront("channel.Front")
}

// ChangeFront is that of Fronter.
func (c *Conn) ChangeFront(ctx context.Context, shop string, family front.Family, changes []front.Change) (int, map[int]error, error) {
	if s, ok := c.shop.(Fronter); ok && c.info.Front != nil {
		return s.ChangeFront(ctx, shop, family, changes)
	}
	return 1, nil, c.noFront("channel.ChangeFront")
}

// Picture is that of Fronter.
func (c *Conn) Picture(ctx context.Context, shop, name string, picture []byte) (string, error) {
	if s, ok := c.shop.(Fronter); ok && c.info.Front != nil {
		return s.Picture(ctx, shop, name, picture)
	}
	return "", c.noFront("channel.Picture")
}

func (c *Conn) noFront(op string) error {
	return &fault.Error{Op: op, Code: fault.Unsupported, Why: fault.Because("no_call", "{platform} offers no call for it", "platform", c.info.Label.EN)}
}
