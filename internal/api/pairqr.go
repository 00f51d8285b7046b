package api

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"rsc.io/qr"

	"github.com/tongdan/tongdan/fault"
)

// The code of a screen that waits to be paired, for the phone of whoever pairs it: the
// camera opens the page of devices with the code typed in. It tells no more than the screen
// shows, and pairs nothing by itself.

func (s *Server) pairQRRoute() {
	o := op("pairingCode", http.MethodGet, "/pairing/qr", "sign-in", "The code of the screen that asks, as a picture for the phone of whoever pairs it; a conflict while it has none")
	o.Security = []map[string][]string{}
	o.Responses = map[string]*huma.Response{"200": {Description: "OK", Content: map[string]*huma.MediaType{"image/svg+xml": {Schema: &huma.Schema{Type: "string"}}}}}
	add(s, o, s.pairingCode)
}

type pairingCodeInput struct {
	Code string `query:"code" maxLength:"10" doc:"Not read: with it a browser asks anew when the code becomes another."`
}

func (s *Server) pairingCode(ctx context.Context, _ *pairingCodeInput) (*huma.StreamResponse, error) {
	const op = "api.pairingCode"
	at, err := s.lookAtPairing(ctx, nil)
	if err != nil {
		return nil, fault.Wrap(op, err)
	}
	if at.Body.Code == "" {
		return nil, fault.New(op, fault.Conflict, "")
	}
	r := requestIn(ctx)
	scheme := "http"
	if s.secure(r) {
		scheme = "https"
	}
	code, err := qr.Encode(scheme+"://"+r.Host+strings.TrimSuffix(s.door.path, "/")+"/devices?code="+at.Body.Code, qr.M)
	if err != nil {
		return nil, fault.Wrap(op, err) // a host longer than any
	}
	picture := svg(code)
	return &huma.StreamResponse{Body: func(hc huma.Context) {
		hc.SetHeader("Content-Type", "image/svg+xml")
		hc.BodyWriter().Write([]byte(picture)) // an error is the client's, who has left
	}}, nil
}

// svg draws a code, black on white with the quiet zone of four that readers want.
func svg(c *qr.Code) string {
	const quiet = 4
	var b strings.Builder
	side := c.Size + 2*quiet
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" shape-rendering="crispEdges"><path fill="#fff" d="M0 0h%dv%dH0z"/><path d="`, side, side, side, side)
	for y := range c.Size {
		for x := 0; x < c.Size; x++ {
			from := x
			for x < c.Size && c.Black(x, y) {
				x++
			}
			if x > from {
				fmt.Fprintf(&b, "M%d %dh%dv1h-%dz", from+quiet, y+quiet, x-from, x-from)
			}
		}
	}
	b.WriteString(`"/></svg>`)
	return b.String()
}
