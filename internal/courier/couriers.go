// Package courier lists the couriers that this build has.
package courier

import (
	"github.com/tongdan/tongdan/courier"
	"github.com/tongdan/tongdan/internal/courier/dada"
)

// Makes are all of them, in the order of a screen.
var Makes = []courier.Make{dada.Make{}}

// MakeOf finds one by its name.
func MakeOf(name string) (courier.Make, bool) {
	for _, m := range Makes {
		if m.Info().Name == name {
			return m, true
		}
	}
	return nil, false
}
