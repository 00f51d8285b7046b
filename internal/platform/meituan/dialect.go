package meituan

import (
	"context"
	"encoding/json"
	"net/http"

	"github.com/tongdan/tongdan/channel"
)

// Meituan sells through two platforms: the direct one and that of service providers. Stores, orders,
// states and rules are the same; hosts, names, signatures, envelopes and callbacks are not. Everything
// but those is written once, in the direct platform's words, and a dialect carries it.
type dialect interface {
	// request builds and signs a call that is given in the direct platform's path and names. It
	// fails with fault.Unsupported where the platform has no such call.
	request(ctx context.Context, s *shop, c call) (*http.Request, error)

	// answer takes an answer to a call apart and gives its data in the direct platform's names.
	answer(body []byte, c call) (json.RawMessage, *refusal, error)

	// has reports whether the platform has a call.
	has(path string) bool

	// tellsNewest reports whether the newest number of the day can be asked for.
	tellsNewest() bool
}

// direct is the direct platform.
type direct struct{}

func (direct) request(ctx context.Context, s *shop, c call) (*http.Request, error) {
	return s.request(ctx, c, "")
}
func (direct) answer(body []byte, _ call) (json.RawMessage, *refusal, error) { return answer(body) }
func (direct) has(string) bool                                               { return true }
func (direct) tellsNewest() bool                                             { return true }

// directShop is an account of the direct platform: it alone takes word that an order has arrived.
type directShop struct{ *shop }

var _ channel.Acknowledger = directShop{}
