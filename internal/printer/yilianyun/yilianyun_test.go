package yilianyun_test

import (
	"net/http/httptest"
	"testing"

	"github.com/tongdan/tongdan/channel"
	"github.com/tongdan/tongdan/internal/printer/yilianyun"
	"github.com/tongdan/tongdan/internal/sim"
	"github.com/tongdan/tongdan/internal/sim/printers"
	"github.com/tongdan/tongdan/printer"
	"github.com/tongdan/tongdan/printer/printertest"
	"github.com/tongdan/tongdan/ticket"
)

// P-5 of the makers' documents.
func TestSignature(t *testing.T) {
	if got := yilianyun.Sign("1000000000", "1767225600", "ylysecret0001"); got != "f4848742e5bfa57017edffe935491a65" {
		t.Error(got)
	}
}

func world(t *testing.T, columns int, bound bool) (*printers.Sim, *printers.Device, printer.Config) {
	s := printers.New(printers.Options{
		Printers: []printers.Printer{{Name: "p", Make: printers.Yilianyun, Columns: columns, Serial: "4004500001", Key: "m2345678"}},
		Accounts: []printers.Account{{Make: printers.Yilianyun, ID: "1000000000", Secret: "ylysecret0001"}}, Bound: bound,
	})
	t.Cleanup(func() { s.Close() })
	srv := httptest.NewServer(s.API())
	t.Cleanup(srv.Close)
	return s, s.Device("p"), printer.Config{Address: srv.URL, Columns: columns, Credentials: map[string]channel.Secret{
		"client_id": channel.NewSecret("1000000000"), "client_secret": channel.NewSecret("ylysecret0001"), "machine_code": channel.NewSecret("4004500001"), "msign": channel.NewSecret("m2345678"),
	}}
}

func TestContract(t *testing.T) {
	printertest.Run(t, func(t *testing.T, columns int) printertest.Harness {
		s, d, c := world(t, columns, true)
		return printertest.Harness{
			Driver: yilianyun.Driver{}, Config: c, Paper: d.Paper, Online: d.Online, Slow: d.Slow,
			Slips: func() (out []printertest.Slip) {
				for _, s := range d.Slips(0) {
					out = append(out, printertest.Slip{Text: s.Text(), Codes: s.Codes, Cut: s.Cut, Wrong: s.Wrong})
				}
				return out
			},
			Before: func() { s.Faults().Next(sim.DropBeforeCommit, 1, "yilianyun/print/index") },
			After:  func() { s.Faults().Next(sim.DropAfterCommit, 1, "yilianyun/print/index") },
		}
	})
}

// Few tokens may be fetched: one is kept, and a new one is fetched when it has ended.
func TestOneTokenIsFetchedAndKept(t *testing.T) {
	s, d, c := world(t, 32, false)
	reads, calls := channel.NewClients(channel.Loopback...)
	env := printer.Env{Reads: reads, Calls: calls, Keep: func(name string, v channel.Secret) error {
		c.Credentials[name] = v
		return nil
	}}
	open := func() printer.Printer {
		p, err := yilianyun.Driver{}.Open(c, env)
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	if err := open().(printer.Binder).Bind(t.Context()); err != nil {
		t.Fatal(err)
	}
	for i := range 3 {
		if _, err := open().Print(t.Context(), printer.Job{ID: string(rune('a' + i)), Rows: []ticket.Row{{Text: "x"}}}); err != nil {
			t.Fatal(err)
		}
	}
	if n := s.Tokens(); n != 1 || len(d.Slips(0)) != 3 {
		t.Errorf("%d tokens for %d slips", n, len(d.Slips(0)))
	}
	s.ExpireTokens()
	if _, err := open().Print(t.Context(), printer.Job{ID: "d", Rows: []ticket.Row{{Text: "x"}}}); err != nil || s.Tokens() != 2 || len(d.Slips(0)) != 4 {
		t.Errorf("after its end: %v, %d tokens, %d slips", err, s.Tokens(), len(d.Slips(0)))
	}
}
