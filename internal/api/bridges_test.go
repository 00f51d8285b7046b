package api_test

import (
	"context"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/tongdan/tongdan/internal/bridge"
	"github.com/tongdan/tongdan/internal/sim/printers"
)

// A bridge is paired by its code, carries tickets to a printer that the hub does not reach,
// says what the printer says, remembers its pairing, and asks anew once it is revoked.
func TestABridgeCarriesTicketsUntilItIsRevoked(t *testing.T) {
	eachEngine(t, func(t *testing.T, b *bundle) {
		sim := printers.New(printers.Options{Printers: []printers.Printer{{Name: "kitchen", Make: printers.ESCPOS}}})
		paper := sim.Device("kitchen")
		addr, err := paper.Listen("127.0.0.1:0")
		b.must(err)
		t.Cleanup(func() { sim.Close() })
		file := filepath.Join(t.TempDir(), "bridge.json")
		said := make(chan string, 20)
		start := func() (stop func()) {
			ctx, cancel := context.WithCancel(t.Context())
			ended := make(chan error, 1)
			go func() {
				ended <- bridge.Run(ctx, bridge.Options{Hub: b.url, File: file, Say: func(text string) { said <- text }})
			}()
			return func() {
				cancel()
				if err := <-ended; err != nil {
					t.Errorf("the bridge ended: %v", err)
				}
			}
		}
		codes := regexp.MustCompile(`^Code (\w+ \w+) `)
		pair := func() string {
			code := codes.FindStringSubmatch(<-said)
			if code == nil {
				t.Fatal("no code was shown")
			}
			made := b.call("POST", "/api/v1/devices", b.owner, `{"code":"`+code[1]+`","name":"打印桥","store_id":"`+b.stores[0].ID.String()+`"}`)
			if made.status != 201 || made.get(t, "kind") != "bridge" {
				t.Fatalf("pairing: %d %s", made.status, made.body)
			}
			if text := <-said; !strings.HasPrefix(text, "Paired.") {
				t.Fatalf("it says %q", text)
			}
			return made.get(t, "id").(string)
		}

		stop := start()
		device := pair()
		if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("the pairing is kept as %v, %v", info, err)
		}
		made := b.call("POST", "/api/v1/printers", b.owner, `{"kind":"escpos","name":"后厨","store_id":"`+b.stores[0].ID.String()+`","address":"`+addr+`","bridge_id":"`+device+`"}`)
		if made.status != 201 {
			t.Fatalf("a printer: %d %s", made.status, made.body)
		}
		test := "/api/v1/printers/" + made.get(t, "id").(string) + "/test"
		if got := b.call("POST", test, b.owner, ""); got.get(t, "ok") != true {
			t.Fatalf("a test page: %s", got.body)
		}
		if slips := paper.Slips(0); len(slips) != 1 {
			t.Errorf("%d slips came out, want 1", len(slips))
		}
		paper.Paper(false)
		if got := b.call("POST", test, b.owner, ""); got.get(t, "state") != "paper" || got.get(t, "ok") == true {
			t.Errorf("without paper: %s", got.body)
		}
		paper.Paper(true)

		stop()
		stop = start() // the pairing is kept: no code
		if text := <-said; !strings.HasPrefix(text, "Paired.") {
			t.Fatalf("started again it says %q", text)
		}
		if got := b.call("POST", test, b.owner, ""); got.get(t, "ok") != true {
			t.Errorf("started again: %s", got.body)
		}
		if got := b.call("DELETE", "/api/v1/devices/"+device, b.owner, ""); got.status >= 300 {
			t.Fatalf("revoking: %d %s", got.status, got.body)
		}
		stop()
		stop = start() // at once, for it may wait for a ticket for another twenty seconds
		pair()
		stop()
	})
}
