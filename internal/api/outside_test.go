package api

import (
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"unicode/utf8"
)

// What anybody may send in a header is read or left, and never grows.
func FuzzHeadersOfStrangers(f *testing.F) {
	f.Add("Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) Version/17.0 Safari/604.1", "8.8.8.8, 203.0.113.7", "text/html")
	f.Add("", "2001:db8::1%eth0", "application/json")
	f.Add("Edg", "", ",;q=,")
	f.Fuzz(func(t *testing.T, agent, forwarded, accept string) {
		if d := deviceOf(agent); len(d) > 60 || !utf8.ValidString(d) || strings.ContainsAny(d, "<>\n") {
			t.Errorf("the device is %q", d)
		}
		r := httptest.NewRequest("GET", "/", nil)
		r.Header["X-Forwarded-For"] = []string{forwarded}
		for _, trust := range []bool{false, true} {
			n := network((&Server{trust: trust}).client(r))
			if len(n) > 70 {
				t.Errorf("the network has %d bytes", len(n))
			}
			if a, err := netip.ParseAddr(n); !trust && (err != nil || !a.Is4()) {
				t.Errorf("an untrusted header was believed: %q", n)
			}
		}
		wantsPage(accept)
	})
}
