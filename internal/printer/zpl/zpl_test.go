package zpl_test

import (
	"strings"
	"testing"

	"github.com/tongdan/tongdan/channel"
	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/internal/printer/zpl"
	"github.com/tongdan/tongdan/internal/sim/printers"
	"github.com/tongdan/tongdan/printer"
)

func at(t *testing.T) (*printers.Device, printer.Printer) {
	t.Helper()
	s := printers.New(printers.Options{Printers: []printers.Printer{{Name: "zebra", Make: printers.ZPL}}})
	t.Cleanup(func() { s.Close() })
	d := s.Device("zebra")
	addr, err := d.Listen("")
	if err != nil {
		t.Fatal(err)
	}
	p, err := zpl.Driver{}.Open(printer.Config{Address: addr}, printer.Env{Wire: printer.Network{Dial: channel.NewDialer(channel.Loopback...).DialContext}})
	if err != nil {
		t.Fatal(err)
	}
	return d, p
}

// A label is sent as it is; what it holds cannot become a command of our own note.
func TestLabelsAreSentAsTheyAre(t *testing.T) {
	d, p := at(t)
	label := "^XA^CI28^FO0,0^FDAna^FS^BCN,100^FD45000000001^FS^XZ\n"
	if got, err := p.Print(t.Context(), printer.Job{ID: "a", Data: []byte(string(zpl.Note("COPY", "a^XZ~b")) + label + label)}); err != nil || !got.Printed {
		t.Fatal(got, err)
	}
	slips := d.Slips(0)
	if len(slips) != 3 || len(slips[1].Codes) != 1 || slips[1].Codes[0] != "45000000001" || slips[0].Lines[1].Text != "aXZb" {
		t.Errorf("came out: %+v", slips)
	}
}

// What was certainly not printed, and what may have been, is told apart.
func TestWhatBecameOfALabel(t *testing.T) {
	d, p := at(t)
	job := printer.Job{ID: "a", Data: []byte(strings.Repeat("^XA^FDx^FS^XZ", 30))}
	d.Online(false)
	if _, err := p.Print(t.Context(), job); !fault.Is(err, fault.Unavailable) {
		t.Errorf("a printer that is away: %v", err)
	}
	if s, err := p.Status(t.Context()); err != nil || s.State != printer.Offline {
		t.Errorf("its state: %v %v", s, err)
	}
	d.Online(true)
	d.DropNext(printers.DropMiddle, 1)
	if _, err := p.Print(t.Context(), job); !fault.Is(err, fault.Unknown) {
		t.Errorf("the connection broke in the middle: %v", err)
	}
}
