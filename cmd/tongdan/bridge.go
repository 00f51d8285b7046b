package main

import (
	"context"
	"fmt"
	"path/filepath"

	"github.com/tongdan/tongdan/internal/bridge"
)

// bridge carries tickets to the network printers of a shop for a hub that stands elsewhere.
func (c command) bridge(ctx context.Context, args []string) error {
	f := c.flags("bridge")
	hub := f.String("hub", c.env("TONGDAN_HUB"), "address of the console, such as https://orders.example.com (TONGDAN_HUB)")
	data := f.String("data", c.or("TONGDAN_DATA", "./data"), "folder where the pairing is kept (TONGDAN_DATA)")
	if err := parse(f, args); err != nil {
		return err
	}
	return bridge.Run(ctx, bridge.Options{Hub: *hub, File: filepath.Join(*data, "bridge.json"), Say: func(text string) { fmt.Fprintln(c.out, text) }})
}
