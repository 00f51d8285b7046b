package channel

import (
	"context"

	"github.com/tongdan/tongdan/effect"
	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/stock"
)

// An Offer names something that is sold in a shop, in the platform's words.
type Offer struct {
	ShopID    string // of the shop, as in Account.Shops
	Item      string // a dish, a listing
	Variation string // a specification or variation of it; "" where it has none
}

// Code is how a line of an order names the offer: order.Line.Ref, with the variation
// behind a colon. Where Ref names the item alone, the variation is the line's SKU.
func (o Offer) Code() string {
	if o.Variation == "" {
		return o.Item
	}
	return o.Item + ":" + o.Variation
}

// A StockSetter has the power to say how many pieces a channel may sell.
type StockSetter interface {
	// Stock reads how many pieces the platform would sell now, and stock.Unlimited
	// when it does not count. It fails with fault.NotFound when the platform has no
	// such offer, and with fault.Unsupported when somebody else keeps this number,
	// such as the platform's own warehouse.
	Stock(ctx context.Context, o Offer) (int64, error)

	// SetStock sets the number with one call; its nature is absolute. It fails with
	// fault.Conflict when the platform says that the number has changed meanwhile,
	// and then nothing was set.
	SetStock(ctx context.Context, o Offer, value int64) error
}

// A StockPower declares a StockSetter.
type StockPower struct {
	Nature effect.Nature // Absolute
	Note   Text          // limits, in words
	Most   int64         // the largest number that the platform takes

	// Lag is how far the platform's list of orders may be behind what it sold: a Pull
	// that begins so long after a read tells every sale before the read.
	Lag Duration
}

// Stock is that of StockSetter.
func (c *Conn) Stock(ctx context.Context, o Offer) (int64, error) {
	if s, ok := c.shop.(StockSetter); ok {
		return s.Stock(ctx, o)
	}
	return 0, c.noStock("channel.Stock", o)
}

// SetStock is that of StockSetter. A number above what the platform takes is set to the
// most that it takes.
func (c *Conn) SetStock(ctx context.Context, o Offer, value int64) error {
	if s, ok := c.shop.(StockSetter); ok {
		return s.SetStock(ctx, o, min(value, c.info.Stock.Most, stock.Max))
	}
	return c.noStock("channel.SetStock", o)
}

func (c *Conn) noStock(op string, o Offer) error {
	return &fault.Error{Op: op, Code: fault.Unsupported, Ref: o.Code(), Why: fault.Because("no_stock_call", "{platform} offers no call for stock", "platform", c.info.Label.EN)}
}
