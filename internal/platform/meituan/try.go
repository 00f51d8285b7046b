package meituan

import (
	"context"
	"errors"

	"github.com/tongdan/tongdan/channel"
	"github.com/tongdan/tongdan/fault"
)

var (
	_ channel.Trier = (*shop)(nil)
	_ channel.Trier = (*partnerShop)(nil)
)

// Try implements channel.Trier: the list of the app's stores, which needs nothing but a good signature.
func (s *shop) Try(ctx context.Context) (string, channel.Doubt, error) {
	_, _, err := s.do(ctx, "meituan.Try", "", call{path: "poi/getids"})
	return "", doubt(err), err
}

// Try implements channel.Trier: the store itself is asked for. Without a token there is no call that could be made.
func (s *partnerShop) Try(ctx context.Context) (string, channel.Doubt, error) {
	const op = "meituan.Try"
	if s.only() == "" {
		return "", channel.DoubtToken, fault.Say(op, fault.Conflict, "store_not_chosen", "choose which of your stores this is, then authorise: a service provider's connection can be tried once its store is bound")
	}
	if err := s.try(ctx, op, s.p); err != nil {
		return "", doubt(err), err
	}
	return s.only(), channel.DoubtNone, nil
}

// doubt tells what the platform did not accept. Source: the direct platform's error codes; those of the service
// providers' are put under them (partnerRefusal).
func doubt(err error) channel.Doubt {
	if no, ok := errors.AsType[*refusal](err); ok {
		switch no.Code {
		case "702":
			return channel.DoubtApp
		case "703":
			return channel.DoubtSecret
		case "4001":
			return channel.DoubtToken
		case "704", "708", "401":
			return channel.DoubtRight
		}
		return channel.DoubtNone
	}
	switch why := fault.ReasonOf(err).Code; {
	case why == "store_not_bound", why == "token_of_another":
		return channel.DoubtToken
	case fault.Is(err, fault.Unauthorized): // HTTP 401
		return channel.DoubtSecret
	case why == "call_forbidden":
		return channel.DoubtRight
	}
	return channel.DoubtNone
}
