package channel

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/tongdan/tongdan/fault"
)

// ErrPrivate is the cause when a call would have gone to an address that is not of the
// public internet: an app's address is what a tenant types, and must not lead into the
// operator's own network or to a cloud's metadata. Nothing was sent.
var ErrPrivate = errors.New("the address is not of the public internet")

// Loopback are this machine's own addresses: what simulators and tests allow.
var Loopback = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}

// ParseRanges reads what an operator allows: "loopback", addresses and ranges, separated
// by commas. It fails with fault.Invalid and names the part that it cannot read.
func ParseRanges(text string) ([]netip.Prefix, error) {
	var out []netip.Prefix
	for part := range strings.SplitSeq(text, ",") {
		part = strings.TrimSpace(part)
		if part == "" {
			continue
		}
		if part == "loopback" {
			out = append(out, Loopback...)
			continue
		}
		p, err := netip.ParsePrefix(part)
		if a, aerr := netip.ParseAddr(part); err != nil && aerr == nil {
			p, err = netip.PrefixFrom(a, a.BitLen()), nil
		}
		if err != nil || p.Addr().Is4In6() {
			return nil, fault.New("channel.ParseRanges", fault.Invalid, `"`+part+`" is no range: use loopback, an address, or a range such as 192.168.1.0/24`)
		}
		out = append(out, p.Masked())
	}
	return out, nil
}

// A reach says which addresses may be called: public ones, and what is allowed besides.
type reach []netip.Prefix

// notPublic are the ranges that are not of the public internet (the registries of special
// addresses, RFC 6890 and its updates), beside those that netip names itself.
var notPublic = []netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"), netip.MustParsePrefix("100.64.0.0/10"), // with 100.100.100.200, the metadata of a cloud
	netip.MustParsePrefix("192.0.0.0/24"), netip.MustParsePrefix("192.0.2.0/24"), netip.MustParsePrefix("192.88.99.0/24"),
	netip.MustParsePrefix("198.18.0.0/15"), netip.MustParsePrefix("198.51.100.0/24"), netip.MustParsePrefix("203.0.113.0/24"), netip.MustParsePrefix("240.0.0.0/4"),
	netip.MustParsePrefix("2001::/23"), netip.MustParsePrefix("2001:db8::/32"), netip.MustParsePrefix("3fff::/20"),
}

var (
	global6 = netip.MustParsePrefix("2000::/3")
	nat64   = netip.MustParsePrefix("64:ff9b::/96") // an IPv4 address in its last four bytes
	sixTo4  = netip.MustParsePrefix("2002::/16")    // an IPv4 address after its first two
)

// inner gives the IPv4 address that an IPv6 form carries, or the address itself.
func inner(a netip.Addr) netip.Addr {
	a = a.Unmap().WithZone("")
	b := a.As16()
	switch {
	case nat64.Contains(a):
		return netip.AddrFrom4([4]byte(b[12:16]))
	case sixTo4.Contains(a):
		return netip.AddrFrom4([4]byte(b[2:6]))
	}
	return a
}

// may reports whether an address may be called.
func (r reach) may(a netip.Addr) bool {
	a = inner(a)
	contains := func(p netip.Prefix) bool { return p.Contains(a) }
	switch {
	case !a.IsValid():
		return false
	case slices.ContainsFunc(r, contains):
		return true
	case a.IsLoopback(), a.IsPrivate(), a.IsLinkLocalUnicast(), a.IsMulticast(), a.IsUnspecified():
		return false
	case a.Is6() && !global6.Contains(a):
		return false
	}
	return !slices.ContainsFunc(notPublic, contains)
}

// NewDialer gives a dialer that connects where NewClients does: for what speaks no HTTP.
func NewDialer(allow ...netip.Prefix) *net.Dialer {
	return &net.Dialer{Timeout: 5 * time.Second, KeepAlive: 30 * time.Second, ControlContext: reach(allow).control}
}

// control looks at the address that a connection is about to go to, after every name has
// been resolved, so that a name which points inwards helps nobody.
func (r reach) control(ctx context.Context, _, address string, _ syscall.RawConn) error {
	if ctx.Value(proxiedKey{}) != nil {
		return nil // to the operator's own proxy
	}
	at, err := netip.ParseAddrPort(address)
	if err == nil && r.may(at.Addr()) {
		return nil
	}
	return ErrPrivate
}

type proxiedKey struct{}

// proxied marks the context of a request that goes through the operator's proxy
// (HTTPS_PROXY). The proxy resolves the name, so only an address that is written out can
// be judged here; what names may lead to is then the proxy's to say.
func (r reach) proxied(req *http.Request) (context.Context, error) {
	u, err := http.ProxyFromEnvironment(req)
	if err != nil || u == nil {
		return req.Context(), nil // an error comes again from the transport
	}
	return r.throughProxy(req)
}

func (r reach) throughProxy(req *http.Request) (context.Context, error) {
	ctx := req.Context()
	if a, err := netip.ParseAddr(req.URL.Hostname()); err == nil && !r.may(a) {
		return ctx, ErrPrivate
	}
	return context.WithValue(ctx, proxiedKey{}, true), nil
}
