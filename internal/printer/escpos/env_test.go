package escpos_test

import (
	"github.com/tongdan/tongdan/channel"
	"github.com/tongdan/tongdan/printer"
)

func env() printer.Env {
	return printer.Env{Wire: printer.Network{Dial: channel.NewDialer(channel.Loopback...).DialContext}}
}

func strictEnv() printer.Env {
	return printer.Env{Wire: printer.Network{Dial: channel.NewDialer().DialContext}}
}
