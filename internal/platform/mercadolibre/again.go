package mercadolibre

import (
	"github.com/tongdan/tongdan/channel"
	"github.com/tongdan/tongdan/order"
)

// Translate implements channel.Translator. Notifications say nothing themselves.
func (p *platform) Translate(k channel.Kept) channel.Item {
	switch {
	case k.Push:
	case k.What == "order":
		return translateOrder(k.Raw, order.ClassRead, k.At, nil)
	case k.What == "order.row":
		return translateOrder(k.Raw, order.ClassRow, k.At, nil)
	case k.What == "order.partial":
		return translateOrder(k.Raw, order.ClassRead, k.At, []string{})
	case k.What == "shipment":
		return translateShipment(k.Raw, k.At)
	}
	return channel.Item{What: k.What, Raw: k.Raw, At: k.At.UnixMilli()}
}
