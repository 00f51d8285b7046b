// Package zpl drives label printers on the shop's network that take ZPL on TCP port 9100:
// Zebra's, and the many that understand its language.
//
// A label comes from the platform as it is and is sent as it is. The printer acknowledges
// nothing and is not asked how it is (its answers are lines, and many models give none): when
// all bytes were taken, the label counts as printed; it may lie in the printer's memory until
// there is paper again. Once a byte was sent and the connection breaks, nobody can say
// whether it came out.
package zpl

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/tongdan/tongdan/channel"
	"github.com/tongdan/tongdan/effect"
	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/printer"
	"github.com/tongdan/tongdan/ticket"
)

// Driver is the make.
type Driver struct{}

var info = printer.Info{
	Name: "zpl", Label: channel.Text{ZH: "面单打印机（ZPL）", EN: "Label printer (ZPL)"},
	Guide: channel.Text{
		ZH: "支持 ZPL 的网络面单机（Zebra 及兼容机型），纸张 100×150 mm，203 dpi。IP 地址在机器的网络设置或自检页上；端口一般是 9100。请在路由器里把这个地址固定给它。",
		EN: "A network label printer that takes ZPL (Zebra and compatible ones), paper of 100×150 mm, 203 dpi. Its IP address is in its network settings or on its configuration label; the port is 9100 as a rule. Fix that address in the router.",
	},
	Labels: true,
	Nature: effect.Notice,
}

// Info describes the make.
func (Driver) Info() *printer.Info { return &info }

// Open takes a printer's address; its port may be left out.
func (Driver) Open(c printer.Config, env printer.Env) (printer.Printer, error) {
	addr, err := printer.Address(c.Address)
	return &zpl{addr, env.Wire}, err
}

type zpl struct {
	addr string
	wire printer.Wire
}

// Status tells only whether the printer can be reached.
func (p *zpl) Status(ctx context.Context) (printer.Status, error) {
	_, err := p.wire.Carry(ctx, printer.Task{Address: p.addr})
	switch {
	case fault.Is(err, fault.Unavailable):
		return printer.Status{State: printer.Offline}, nil
	case err != nil:
		return printer.Status{}, err
	}
	return printer.Status{State: printer.Ready}, nil
}

func (p *zpl) Before(context.Context) (json.RawMessage, error) { return nil, nil }

// Print sends a job's bytes, or its rows as a note on a label of its own.
func (p *zpl) Print(ctx context.Context, j printer.Job) (printer.Taken, error) {
	data := j.Data
	if len(data) == 0 {
		data = Note(texts(j.Rows)...)
	}
	r, err := p.wire.Carry(ctx, printer.Task{Address: p.addr, Data: data, Copies: j.Copies})
	switch {
	case err != nil:
		return printer.Taken{}, err
	case !r.Sent:
		return printer.Taken{}, printer.Status{State: printer.Offline}.Err("zpl.Print")
	}
	return printer.Taken{Printed: true}, nil
}

// Look cannot know: the printer remembers nothing.
func (p *zpl) Look(context.Context, printer.Job, printer.Trail) (printer.Sight, error) {
	return printer.Untold, nil
}

func texts(rows []ticket.Row) (out []string) {
	for _, r := range rows {
		if t := strings.TrimSpace(r.Text); t != "" && r.QR == "" {
			out = append(out, t)
		}
	}
	return out
}

// Note is a label with lines of text, the first one large: a mark before copies, a test page.
// The fonts within printers have Latin letters alone; what they lack is a question mark.
func Note(lines ...string) []byte {
	var b strings.Builder
	b.WriteString("^XA\n^CI28\n^LH0,0\n")
	y := 60
	for i, l := range lines[:min(len(lines), 18)] {
		size := 40
		if i == 0 {
			size = 90
		}
		fmt.Fprintf(&b, "^FO40,%d^A0N,%d,%d^FD%s^FS\n", y, size, size, plain(l))
		y += size + 20
	}
	b.WriteString("^XZ\n")
	return []byte(b.String())
}

// plain leaves out what begins a command, and what the printer's fonts do not have.
func plain(s string) string {
	n := 0
	return strings.Map(func(r rune) rune {
		if n++; n > 60 || r < 32 || strings.ContainsRune("^~", r) {
			return -1
		}
		if r >= 0x250 {
			return '?'
		}
		return r
	}, s)
}
