package channel

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/tongdan/tongdan/fault"
)

func TestOnlyThePublicInternetIsReached(t *testing.T) {
	for text, want := range map[string]bool{
		"8.8.8.8": true, "223.5.5.5": true, "2606:4700::1111": true, "2408:8000::1": true, "::ffff:8.8.8.8": true, "64:ff9b::808:808": true, "2002:808:808::1": true,

		"127.0.0.1": false, "127.8.9.1": false, "0.0.0.0": false, "0.1.2.3": false, "10.1.2.3": false, "172.16.0.1": false, "172.31.255.255": false,
		"192.168.1.1": false, "169.254.169.254": false, "100.64.0.1": false, "100.100.100.200": false, "192.0.0.192": false, "192.0.2.1": false,
		"198.18.0.1": false, "203.0.113.9": false, "224.0.0.1": false, "240.0.0.1": false, "255.255.255.255": false,
		"::1": false, "::": false, "fe80::1": false, "fe80::1%eth0": false, "fc00::1": false, "fd00:ec2::254": false, "fec0::1": false, "ff02::1": false,
		"::ffff:127.0.0.1": false, "::ffff:10.0.0.1": false, "::ffff:169.254.169.254": false, "::127.0.0.1": false,
		"64:ff9b::7f00:1": false, "64:ff9b::a9fe:a9fe": false, "64:ff9b:1::1": false, "2002:7f00:1::": false, "2002:a00:1::1": false,
		"2001:db8::1": false, "2001:0:1::1": false, "100::1": false,
	} {
		if got := (reach{}).may(netip.MustParseAddr(text)); got != want {
			t.Errorf("%s may be called: %v, want %v", text, got, want)
		}
	}
	if (reach{}).may(netip.Addr{}) {
		t.Error("an address that is none may be called")
	}
	some, err := ParseRanges("loopback, 192.168.7.0/24,10.0.0.9")
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]bool{"127.0.0.1": true, "::1": true, "::ffff:127.0.0.1": true, "192.168.7.20": true, "192.168.8.1": false, "10.0.0.9": true, "10.0.0.8": false, "8.8.8.8": true} {
		if got := reach(some).may(netip.MustParseAddr(text)); got != want {
			t.Errorf("with some allowed, %s may be called: %v, want %v", text, got, want)
		}
	}
	for _, text := range []string{"localhost", "10.0.0.0/33", "loopback;10.0.0.1", "::ffff:10.0.0.1"} {
		if _, err := ParseRanges(text); !fault.Is(err, fault.Invalid) || !strings.Contains(fault.WordsOf(err), "no range") {
			t.Errorf("%q: %v", text, err)
		}
	}
}

// A tenant's address is tried as a number, as a name that resolves inwards, and as a
// redirect: none of them reaches a server of this machine unless that is allowed.
func TestACallIsNotTurnedInwards(t *testing.T) {
	var seen atomic.Int32
	inside := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { seen.Add(1) }))
	defer inside.Close()
	_, port, err := net.SplitHostPort(inside.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	get := func(c *http.Client, url string) error {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
		if err != nil {
			return err
		}
		res, err := c.Do(r)
		if err == nil {
			res.Body.Close()
		}
		return err
	}
	reads, calls := NewClients()
	for _, host := range []string{"127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "0.0.0.0", "2130706433", "127.1"} {
		for name, c := range map[string]*http.Client{"reads": reads, "calls": calls} {
			err := get(c, "http://"+host+":"+port+"/")
			if err == nil {
				t.Errorf("%s of %s went through", name, host)
				continue
			}
			if host == "127.0.0.1" || host == "localhost" {
				f := SendError("test", err)
				if !errors.Is(err, ErrPrivate) || fault.CodeOf(f) != fault.Forbidden || !strings.Contains(fault.WordsOf(f), "--allow-private") {
					t.Errorf("%s of %s: %v", name, host, f)
				}
			}
		}
	}
	if n := seen.Load(); n != 0 {
		t.Fatalf("%d requests came inside", n)
	}

	// A platform that is allowed answers with a redirect to one that is not: it is not followed.
	turn := httptest.NewUnstartedServer(http.RedirectHandler("http://169.254.169.254/latest/meta-data/", http.StatusFound))
	turn.Start()
	defer turn.Close()
	reads, calls = NewClients(Loopback...)
	for name, c := range map[string]*http.Client{"reads": reads, "calls": calls} {
		ctx, trace := WithTrace(t.Context())
		r, _ := http.NewRequestWithContext(ctx, http.MethodGet, turn.URL, nil)
		res, err := c.Do(r)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		res.Body.Close()
		if res.StatusCode != http.StatusFound || len(trace.Take()) != 1 {
			t.Errorf("%s followed a redirect: status %d", name, res.StatusCode)
		}
	}
	if err := get(reads, inside.URL); err != nil || seen.Load() != 1 {
		t.Errorf("an allowed address is not reached: %v", err)
	}
}

func TestBehindAProxyAnAddressThatIsWrittenOutIsStillJudged(t *testing.T) {
	r, _ := http.NewRequestWithContext(context.Background(), http.MethodGet, "https://169.254.169.254/", nil)
	if _, err := (reach{}).throughProxy(r); !errors.Is(err, ErrPrivate) {
		t.Errorf("the proxy would have been asked for the metadata of the cloud: %v", err)
	}
	r, _ = http.NewRequestWithContext(context.Background(), http.MethodGet, "https://example.com/", nil)
	if ctx, err := (reach{}).throughProxy(r); err != nil || ctx.Value(proxiedKey{}) == nil {
		t.Errorf("a name is left to the proxy: %v", err)
	}
}
