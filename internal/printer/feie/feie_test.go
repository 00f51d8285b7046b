package feie_test

import (
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/tongdan/tongdan/channel"
	"github.com/tongdan/tongdan/internal/printer/feie"
	"github.com/tongdan/tongdan/internal/sim"
	"github.com/tongdan/tongdan/internal/sim/printers"
	"github.com/tongdan/tongdan/printer"
	"github.com/tongdan/tongdan/printer/printertest"
	"github.com/tongdan/tongdan/ticket"
)

// P-4 of the makers' documents.
func TestSignature(t *testing.T) {
	if got := feie.Sign("hub@example.com", "UKEYtest0001", "1767225600"); got != "c06d34edecc301a4acddd917128f7bf598cdda32" {
		t.Error(got)
	}
}

func world(t *testing.T, columns int, bound bool) (*printers.Sim, *printers.Device, printer.Config) {
	s := printers.New(printers.Options{
		Printers: []printers.Printer{{Name: "p", Make: printers.Feie, Columns: columns, Serial: "922500001", Key: "k2345678"}},
		Accounts: []printers.Account{{Make: printers.Feie, ID: "hub@example.com", Secret: "UKEYtest0001"}}, Bound: bound,
	})
	t.Cleanup(func() { s.Close() })
	srv := httptest.NewServer(s.API())
	t.Cleanup(srv.Close)
	return s, s.Device("p"), printer.Config{Address: srv.URL, Columns: columns, Credentials: map[string]channel.Secret{
		"user": channel.NewSecret("hub@example.com"), "ukey": channel.NewSecret("UKEYtest0001"), "sn": channel.NewSecret("922500001"), "key": channel.NewSecret("k2345678"),
	}}
}

func slips(d *printers.Device) func() []printertest.Slip {
	return func() (out []printertest.Slip) {
		for _, s := range d.Slips(0) {
			out = append(out, printertest.Slip{Text: s.Text(), Codes: s.Codes, Cut: s.Cut, Wrong: s.Wrong})
		}
		return out
	}
}

func TestContract(t *testing.T) {
	printertest.Run(t, func(t *testing.T, columns int) printertest.Harness {
		s, d, c := world(t, columns, true)
		return printertest.Harness{
			Driver: feie.Driver{}, Config: c, Slips: slips(d), Paper: d.Paper, Online: d.Online, Slow: d.Slow,
			Before: func() { s.Faults().Next(sim.DropBeforeCommit, 1, "feie/Open_printMsg") },
			After:  func() { s.Faults().Next(sim.DropAfterCommit, 1, "feie/Open_printMsg") },
		}
	})
}

func open(t *testing.T, c printer.Config) printer.Printer {
	reads, calls := channel.NewClients(channel.Loopback...)
	p, err := feie.Driver{}.Open(c, printer.Env{Reads: reads, Calls: calls})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestANewPrinterIsAddedOnceAndAgainDoesNoHarm(t *testing.T) {
	_, d, c := world(t, 32, false)
	p := open(t, c)
	if _, err := p.Status(t.Context()); err == nil {
		t.Fatal("a printer of nobody tells how it is")
	}
	for range 2 {
		if err := p.(printer.Binder).Bind(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := p.Print(t.Context(), printer.Job{ID: "x", Rows: []ticket.Row{{Text: "x"}}}); err != nil || len(d.Slips(0)) != 1 {
		t.Errorf("%v", err)
	}
	_, _, c = world(t, 32, false)
	c.Credentials["key"] = channel.NewSecret("wrong")
	if err := open(t, c).(printer.Binder).Bind(t.Context()); err == nil || !strings.Contains(err.Error(), "SN") {
		t.Errorf("with a wrong key it says %v", err)
	}
}

// What the cloud keeps for a printer that is off must not come out when nobody wants it any more.
func TestAJobEndsInTheCloudToo(t *testing.T) {
	clock := sim.NewClock(time.Time{}, 1)
	s := printers.New(printers.Options{
		Printers: []printers.Printer{{Name: "p", Make: printers.Feie, Serial: "922500001"}},
		Accounts: []printers.Account{{Make: printers.Feie, ID: "u", Secret: "k"}}, Bound: true, Clock: clock,
	})
	defer s.Close()
	srv := httptest.NewServer(s.API())
	defer srv.Close()
	d := s.Device("p")
	p := open(t, printer.Config{Address: srv.URL, Credentials: map[string]channel.Secret{"user": channel.NewSecret("u"), "ukey": channel.NewSecret("k"), "sn": channel.NewSecret("922500001")}})
	d.Slow(time.Hour) // the cloud has it, the printer is slow to fetch it
	job := printer.Job{ID: "x", Rows: []ticket.Row{{Text: "x"}}, Expires: time.Now().Add(20 * time.Minute)}
	taken, err := p.Print(t.Context(), job)
	if err != nil || taken.Printed {
		t.Fatal(taken, err)
	}
	clock.Advance(21 * time.Minute)
	d.Slow(0)
	d.Online(true)
	if n := len(d.Slips(0)); n != 0 {
		t.Errorf("%d slips came out after their end", n)
	}
	job.Expires = time.Now().Add(-time.Minute)
	if sight, err := p.Look(t.Context(), job, printer.Trail{Ref: taken.Ref}); err != nil || sight != printer.Gone {
		t.Errorf("looked for, it is %q, %v", sight, err)
	}
}

func TestALongTicketFitsIntoAJob(t *testing.T) {
	rows := []ticket.Row{}
	for range 300 {
		rows = append(rows, ticket.Row{Text: "宫保鸡丁宫保鸡丁", Size: ticket.Big})
	}
	if c := feie.Content(rows); len(c) > 5000 || !strings.HasSuffix(c, "……<BR><CUT>") {
		t.Errorf("%d bytes, ending in %q", len(c), c[len(c)-40:])
	}
}
