// Package printer lists the makes of printers that this build has.
package printer

import (
	"github.com/tongdan/tongdan/internal/printer/escpos"
	"github.com/tongdan/tongdan/internal/printer/feie"
	"github.com/tongdan/tongdan/internal/printer/yilianyun"
	"github.com/tongdan/tongdan/internal/printer/zpl"
	"github.com/tongdan/tongdan/printer"
)

// Drivers are all of them, in the order of a screen.
var Drivers = []printer.Driver{escpos.Driver{}, feie.Driver{}, yilianyun.Driver{}, zpl.Driver{}}

// DriverOf finds one by its name.
func DriverOf(name string) (printer.Driver, bool) {
	for _, d := range Drivers {
		if d.Info().Name == name {
			return d, true
		}
	}
	return nil, false
}
