// Package platform lists the connectors that this build has. It is the one place that
// names them all.
package platform

import (
	"github.com/tongdan/tongdan/channel"
	"github.com/tongdan/tongdan/internal/platform/counter"
	"github.com/tongdan/tongdan/internal/platform/meituan"
	"github.com/tongdan/tongdan/internal/platform/mercadolibre"
)

// All gives a new connector of each platform, in the order in which screens show them.
func All() []channel.Platform {
	return []channel.Platform{meituan.New(), meituan.NewPartner(), mercadolibre.New(), counter.New()}
}
