// Package escpos drives network printers that take ESC/POS on TCP port 9100, as nearly all
// of 58 and 80 mm do.
//
// The printer acknowledges nothing. It is asked how it is before a ticket and after it, in
// the same connection (DLE EOT, answered at once whatever it is at); some models answer
// nothing, and are not asked (Config.Mute). Once a byte of a ticket was sent and the
// connection breaks, nobody can say whether it came out.
package escpos

import (
	"bytes"
	"context"
	"encoding/json"

	"golang.org/x/text/encoding/simplifiedchinese"

	"github.com/tongdan/tongdan/channel"
	"github.com/tongdan/tongdan/effect"
	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/printer"
	"github.com/tongdan/tongdan/ticket"
)

// Driver is the make.
type Driver struct{}

var info = printer.Info{
	Name: "escpos", Label: channel.Text{ZH: "网络打印机（ESC/POS）", EN: "Network printer (ESC/POS)"},
	Guide: channel.Text{
		ZH: "在打印机上打印自检页（关机后按住走纸键开机），上面有它的 IP 地址；端口一般是 9100。请在路由器里把这个地址固定给它。",
		EN: "Print the printer's self-test (hold the feed key while switching it on): its IP address is on it; the port is 9100 as a rule. Fix that address in the router.",
	},
	Nature: effect.Notice,
}

// Info describes the make.
func (Driver) Info() *printer.Info { return &info }

// Open takes a printer's address; its port may be left out.
func (Driver) Open(c printer.Config, env printer.Env) (printer.Printer, error) {
	addr, err := printer.Address(c.Address)
	return &escpos{addr, c.Mute, env.Wire}, err
}

type escpos struct {
	addr string
	mute bool
	wire printer.Wire
}

// The questions: offline, why, paper. In each answer bits 1 and 4 are set and bits 0 and 7
// are not; anything else is no answer of this command.
var (
	questions = [][]byte{{0x10, 0x04, 0x01}, {0x10, 0x04, 0x02}, {0x10, 0x04, 0x04}}
	good      = [][2]int{{0x9b, 0x12}, {0x93 | 0x24, 0x12}, {0x93 | 0x60, 0x12}} // online; cover shut, paper fed; paper there
)

// stateOf reads the answers.
func stateOf(answers []byte) printer.State {
	if len(answers) < len(questions) {
		return printer.Silent
	}
	for _, b := range answers {
		if b&0x93 != 0x12 {
			return printer.Silent
		}
	}
	switch {
	case answers[1]&0x04 != 0:
		return printer.Cover
	case answers[1]&0x20 != 0 || answers[2]&0x60 != 0:
		return printer.Paper
	case answers[0]&0x08 != 0:
		return printer.Trouble
	case answers[2]&0x0c != 0:
		return printer.Near
	}
	return printer.Ready
}

func (p *escpos) Status(ctx context.Context) (printer.Status, error) {
	t := printer.Task{Address: p.addr}
	if !p.mute {
		t.Questions = questions
	}
	r, err := p.wire.Carry(ctx, t)
	switch {
	case fault.Is(err, fault.Unavailable):
		return printer.Status{State: printer.Offline}, nil
	case err != nil:
		return printer.Status{}, err
	case p.mute:
		return printer.Status{State: printer.Ready}, nil
	}
	return printer.Status{State: stateOf(r.Answers)}, nil
}

func (p *escpos) Before(context.Context) (json.RawMessage, error) { return nil, nil }

func (p *escpos) Print(ctx context.Context, j printer.Job) (printer.Taken, error) {
	const op = "escpos.Print"
	t := printer.Task{Address: p.addr, Data: Encode(j.Rows), Copies: j.Copies}
	if !p.mute {
		t.Questions, t.Good = questions, good
	}
	r, err := p.wire.Carry(ctx, t)
	switch {
	case err != nil:
		return printer.Taken{}, err
	case !r.Sent && r.Silent:
		return printer.Taken{}, printer.Status{State: printer.Silent}.Err(op)
	case !r.Sent:
		return printer.Taken{}, fault.Wrap(op, printer.Status{State: stateOf(r.Answers)}.Err(op))
	case len(r.After) == len(questions):
		if s := stateOf(r.After); s == printer.Paper || s == printer.Cover { // it ended in the middle
			return printer.Taken{}, printer.Lost(op, nil)
		}
	}
	return printer.Taken{Printed: true}, nil
}

// Look cannot know: the printer remembers nothing.
func (p *escpos) Look(context.Context, printer.Job, printer.Trail) (printer.Sight, error) {
	return printer.Untold, nil
}

// The commands.
var (
	initialise = []byte{0x1b, 0x40}
	hanzi      = []byte{0x1c, 0x26}
	feedAndCut = []byte{0x1b, 0x64, 3, 0x1d, 0x56, 0x42, 0}
)

const qrModule = 6 // dots of a module: 58 mm has room for codes of 40 characters and more

// Encode puts a ticket into ESC/POS: GB18030 in Chinese mode, styles where they change, a
// feed and a cut at the end.
func Encode(rows []ticket.Row) []byte {
	var b bytes.Buffer
	b.Write(initialise)
	b.Write(hanzi)
	size, center, bold, reverse := byte(0), false, false, false
	flag := func(cmd []byte, was *bool, is bool) {
		if *was != is {
			b.Write(cmd)
			b.WriteByte(map[bool]byte{true: 1}[is])
			*was = is
		}
	}
	for _, r := range rows {
		want := sizes[r.Size]
		if size != want && want == 0 {
			b.Write([]byte{0x1d, 0x21, 0})
			size = 0
		}
		flag([]byte{0x1d, 0x42}, &reverse, r.Reverse && r.QR == "")
		flag([]byte{0x1b, 0x45}, &bold, r.Bold && r.QR == "")
		flag([]byte{0x1b, 0x61}, &center, r.Center)
		if r.QR != "" {
			b.Write(QR(r.QR))
			continue
		}
		if size != want {
			b.Write([]byte{0x1d, 0x21, want})
			size = want
		}
		b.Write(encoded(r.Text))
		b.WriteByte('\n')
	}
	b.Write(feedAndCut)
	return b.Bytes()
}

var sizes = map[ticket.Size]byte{ticket.Normal: 0, ticket.Tall: 0x01, ticket.Big: 0x11}

// encoded is a text in the printer's code. What would be a command or has no two-byte code
// is a question mark: Clean has left none of it.
func encoded(s string) []byte {
	enc := simplifiedchinese.GB18030.NewEncoder()
	var out []byte
	for _, r := range s {
		switch {
		case r < 0x20 || r == 0x7f:
			out = append(out, '?')
		case r < 0x80:
			out = append(out, byte(r))
		default:
			b, err := enc.Bytes([]byte(string(r)))
			if err != nil || len(b) != 2 {
				b = []byte{'?'}
			}
			out = append(out, b...)
		}
	}
	return out
}

// QR is a QR code of a text: model 2, level M.
func QR(text string) []byte {
	n := len(text) + 3
	b := []byte{
		0x1d, 0x28, 0x6b, 4, 0, 0x31, 0x41, 0x32, 0,
		0x1d, 0x28, 0x6b, 3, 0, 0x31, 0x43, qrModule,
		0x1d, 0x28, 0x6b, 3, 0, 0x31, 0x45, 0x31,
		0x1d, 0x28, 0x6b, byte(n), byte(n >> 8), 0x31, 0x50, 0x30,
	}
	b = append(b, text...)
	return append(b, 0x1d, 0x28, 0x6b, 3, 0, 0x31, 0x51, 0x30)
}
