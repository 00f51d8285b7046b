package mercadolibre

import (
	"context"
	"strings"

	"github.com/tongdan/tongdan/channel"
	"github.com/tongdan/tongdan/fault"
)

var (
	_ channel.Trier  = (*shop)(nil)
	_ channel.Finder = (*shop)(nil)
)

// me asks who the token belongs to. It takes the token that is there and renews none: a refresh token works once,
// and whoever asks here may be another process than the one that renews it.
func (s *shop) me(ctx context.Context, op string) (n node, user string, doubt channel.Doubt, err error) {
	p, err := s.load(ctx)
	switch {
	case err != nil:
		return n, "", channel.DoubtNone, fault.Wrap(op, err)
	case p.access == "":
		return n, "", channel.DoubtToken, fault.Say(op, fault.Unauthorized, "authorise_account", "authorise the account at the platform")
	case !s.env.Now().Before(p.dies):
		return n, "", channel.DoubtToken, fault.Say(op, fault.Unauthorized, "authorisation_ended", "the authorisation has ended; authorise the account again")
	}
	a, err := s.send(ctx, s.env.Reads, call{op: op, path: "/users/me"}, p)
	switch {
	case fault.Is(err, fault.Unauthorized):
		return n, "", channel.DoubtToken, err
	case fault.Is(err, fault.Forbidden):
		return n, "", channel.DoubtRight, err
	case err != nil:
		return n, "", channel.DoubtNone, err
	}
	if n, err = parse(a.body); err == nil && n.id("id") != "" {
		return n, n.id("id"), channel.DoubtNone, nil
	}
	return n, "", channel.DoubtNone, &fault.Error{Op: op, Code: fault.Unavailable, Why: fault.Because("answer_unreadable", "the platform's answer cannot be read"), Err: err}
}

// Try implements channel.Trier.
func (s *shop) Try(ctx context.Context) (string, channel.Doubt, error) {
	_, user, doubt, err := s.me(ctx, "mercadolibre.Try")
	if err == nil && s.acct.External != "" && user != s.acct.External {
		return "", channel.DoubtToken, fault.Say("mercadolibre.Try", fault.Conflict, "other_seller", "another seller agreed than the one of this account: sign out at the platform and agree as user {user}", "user", s.acct.External)
	}
	return user, doubt, err
}

// Found implements channel.Finder: a seller is one shop.
func (s *shop) Found(ctx context.Context) ([]channel.Standing, error) {
	n, user, _, err := s.me(ctx, "mercadolibre.Found")
	if err != nil {
		return nil, err
	}
	a := n.obj("address")
	at := []string{a.text("address"), a.text("city"), a.text("zip_code")}
	return []channel.Standing{{Shop: user, Name: n.text("nickname"), Address: strings.Trim(strings.Join(at, ", "), ", ")}}, nil
}
