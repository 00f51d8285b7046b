package escpos_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"testing"

	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/internal/printer/escpos"
	"github.com/tongdan/tongdan/internal/sim/printers"
	"github.com/tongdan/tongdan/printer"
	"github.com/tongdan/tongdan/printer/printertest"
	"github.com/tongdan/tongdan/ticket"
)

func TestContract(t *testing.T) {
	printertest.Run(t, func(t *testing.T, columns int) printertest.Harness {
		s := printers.New(printers.Options{Printers: []printers.Printer{{Name: "p", Make: printers.ESCPOS, Columns: columns}}})
		t.Cleanup(func() { s.Close() })
		d := s.Device("p")
		addr, err := d.Listen("")
		if err != nil {
			t.Fatal(err)
		}
		return printertest.Harness{
			Driver: escpos.Driver{}, Config: printer.Config{Address: addr, Columns: columns}, Slips: slips(d),
			Paper: d.Paper, Online: d.Online, Slow: d.Slow,
			Before: func() { d.DropNext(printers.DropBefore, 1) }, After: func() { d.DropNext(printers.DropAfter, 1) },
		}
	})
}

func slips(d *printers.Device) func() []printertest.Slip {
	return func() (out []printertest.Slip) {
		for _, s := range d.Slips(0) {
			out = append(out, printertest.Slip{Text: s.Text(), Codes: s.Codes, Cut: s.Cut, Wrong: s.Wrong})
		}
		return out
	}
}

// P-1 and P-3 of the makers' documents, byte for byte.
func TestAReceiptIsTheseBytes(t *testing.T) {
	qr := "1D286B0400314132001D286B03003143061D286B03003145311D286B1200315030" + "485542323032363031303130303031" + "1D286B0300315130"
	if got := escpos.QR("HUB202601010001"); !bytes.Equal(got, unhex(t, qr)) {
		t.Errorf("a QR code is % X", got)
	}
	got := escpos.Encode([]ticket.Row{
		{Text: "#7 美团外卖", Size: ticket.Big, Center: true},
		{Text: strings.Repeat("-", 32)},
		{Text: "宫保鸡丁             x2    56.00"},
		{QR: "HUB202601010001", Center: true},
	})
	sum := sha256.Sum256(got)
	if len(got) != 160 || hex.EncodeToString(sum[:]) != "f2b035202c55e5b6addfa0049f5062aa0bf10b9e076e6a6dcd185274bd608956" {
		t.Errorf("a receipt is %d bytes: % X", len(got), got)
	}
}

func unhex(t *testing.T, s string) []byte {
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestAModelThatNeverAnswersCanStillBeUsed(t *testing.T) {
	s := printers.New(printers.Options{Printers: []printers.Printer{{Name: "p", Make: printers.ESCPOS, Mute: true}}})
	defer s.Close()
	d := s.Device("p")
	addr, err := d.Listen("")
	if err != nil {
		t.Fatal(err)
	}
	job := printer.Job{ID: "x", Rows: printertest.Rows(ticket.Kitchen, 32)}
	open := func(mute bool) printer.Printer {
		p, err := escpos.Driver{}.Open(printer.Config{Address: addr, Mute: mute}, env())
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	if st, err := open(false).Status(t.Context()); err != nil || st.State != printer.Silent {
		t.Fatalf("asked, it is %v, %v", st, err)
	}
	if _, err := open(false).Print(t.Context(), job); err == nil || len(d.Slips(0)) != 0 {
		t.Fatal("it printed without having said how it is")
	}
	if got, err := open(true).Print(t.Context(), job); err != nil || !got.Printed || len(d.Slips(0)) != 1 {
		t.Fatalf("not asked: %v, %v, %d slips", got, err, len(d.Slips(0)))
	}
}

func TestATicketThatBreaksOffIsNotCalledPrintedNorUnprinted(t *testing.T) {
	s := printers.New(printers.Options{Printers: []printers.Printer{{Name: "p", Make: printers.ESCPOS}}})
	defer s.Close()
	d := s.Device("p")
	addr, err := d.Listen("")
	if err != nil {
		t.Fatal(err)
	}
	p, err := escpos.Driver{}.Open(printer.Config{Address: addr}, env())
	if err != nil {
		t.Fatal(err)
	}
	d.DropNext(printers.DropMiddle, 1)
	if _, err := p.Print(t.Context(), printer.Job{ID: "x", Rows: printertest.Rows(ticket.Shop, 32)}); !fault.Is(err, fault.Unknown) {
		t.Errorf("it says %v", err)
	}
}

func TestAPrivateAddressNeedsTheOperator(t *testing.T) {
	p, err := escpos.Driver{}.Open(printer.Config{Address: "127.0.0.1:1"}, strictEnv())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.Print(t.Context(), printer.Job{ID: "x", Rows: []ticket.Row{{Text: "x"}}}); !fault.Is(err, fault.Forbidden) || !strings.Contains(err.Error(), "--allow-private") {
		t.Errorf("it says %v", err)
	}
}

func TestAddresses(t *testing.T) {
	for in, want := range map[string]string{"192.168.1.50": "192.168.1.50:9100", "kitchen.local:9101": "kitchen.local:9101", " 10.0.0.7 ": "10.0.0.7:9100", "[fd00::1]": "[fd00::1]:9100"} {
		if got, err := printer.Address(in); err != nil || got != want {
			t.Errorf("%q is %q, %v", in, got, err)
		}
	}
	for _, in := range []string{"", "http://x", "a b", "x:port", "x:123456"} {
		if got, err := printer.Address(in); err == nil {
			t.Errorf("%q is taken for %q", in, got)
		}
	}
}

func FuzzEncode(f *testing.F) {
	f.Add("\x1b@", "😀¥")
	f.Fuzz(func(t *testing.T, a, b string) {
		rows := []ticket.Row{{Text: a}, {Text: b, Size: ticket.Big, Bold: true}, {Text: ticket.Clean(a + b)}}
		s := printers.New(printers.Options{Printers: []printers.Printer{{Name: "p", Make: printers.ESCPOS}}})
		if slip := s.Device("p").Read(escpos.Encode(rows)); slip.Unknown() {
			t.Errorf("a text became a command: %q", slip.Wrong)
		}
	})
}
