package printers

import (
	"bufio"
	"errors"
	"io"
	"net"
	"strings"
	"time"

	"golang.org/x/text/encoding/simplifiedchinese"
)

// serve reads one connection of an ESC/POS printer: one job a connection, or several slips
// with a cut between.
func (d *Device) serve(c net.Conn) {
	drop := d.takeDrop()
	if drop == DropBefore {
		reset(c)
		return
	}
	d.mu.Lock()
	pause := d.pause
	d.mu.Unlock()
	h := &head{d: d, columns: d.Columns, in: bufio.NewReaderSize(c, 16<<10), out: c, limit: -1}
	h.reset()
	if drop == DropMiddle {
		h.limit = 60
	}
	c.SetDeadline(time.Now().Add(2 * time.Minute))
	h.pause = pause
	err := h.run()
	if !errors.Is(err, errCut) {
		h.flush()
	}
	if len(h.slip.Lines) > 0 || len(h.slip.Wrong) > 0 { // what was printed without a cut hangs out
		d.feed(h.slip)
	}
	if drop != "" || errors.Is(err, errCut) {
		reset(c)
		return
	}
	c.Close()
}

var errCut = errors.New("the connection was dropped")

// A head is the print head of an ESC/POS printer with what it was told so far.
type head struct {
	d       *Device
	columns int
	in      *bufio.Reader
	out     net.Conn
	limit   int // bytes until the connection is dropped; -1 = never
	pause   time.Duration
	begun   bool // bytes of a job came, not only questions

	slip    Slip
	line    []byte // UTF-8 of the current line
	used    int    // columns of it, at normal width
	width   int
	height  int
	maxH    int // of the characters of the current line
	lineW   int
	align   string
	bold    bool
	reverse bool
	hanzi   bool
	code    []byte // stored by the QR function
	bars    struct{ height, module, text int }
}

func (h *head) reset() {
	h.width, h.height, h.align, h.bold, h.reverse, h.hanzi = 1, 1, "left", false, false, false
	h.code = nil
	h.bars.height, h.bars.module, h.bars.text = 162, 3, 0
}

func (h *head) wrong(what string) {
	if len(h.slip.Wrong) < 50 {
		h.slip.Wrong = append(h.slip.Wrong, what)
	}
}

func (h *head) next() (byte, error) {
	if h.limit == 0 {
		return 0, errCut
	}
	b, err := h.in.ReadByte()
	if err == nil && h.limit > 0 {
		h.limit--
	}
	return b, err
}

func (h *head) bytes(n int) ([]byte, error) {
	out := make([]byte, n)
	for i := range out {
		b, err := h.next()
		if err != nil {
			return out[:i], err
		}
		out[i] = b
	}
	return out, nil
}

// begin waits as a slow printer does before its first line.
func (h *head) begin() {
	if !h.begun {
		h.begun = true
		if h.pause > 0 {
			time.Sleep(h.pause)
		}
	}
}

func (h *head) run() error {
	for {
		b, err := h.next()
		if err != nil {
			if errors.Is(err, io.EOF) {
				return nil
			}
			return err
		}
		if b != 0x10 {
			h.begin()
		}
		switch b {
		case 0x10:
			err = h.status()
		case 0x1b:
			err = h.esc()
		case 0x1c:
			err = h.fs()
		case 0x1d:
			err = h.gs()
		case '\n':
			h.feedLine()
		case '\r':
		default:
			err = h.char(b)
		}
		if err != nil {
			return err
		}
	}
}

// status answers DLE EOT at once, whatever the printer is at: bits 1 and 4 are always set.
func (h *head) status() error {
	b, err := h.bytes(2)
	if err != nil {
		return err
	}
	if b[0] != 4 || b[1] < 1 || b[1] > 4 {
		h.wrong("unknown command " + hex2(0x10, b[0], b[1]))
		return nil
	}
	if h.d.Mute {
		return nil
	}
	_, paper, cover, _ := h.d.State()
	s := byte(0x12)
	switch b[1] {
	case 1:
		if !paper || cover {
			s |= 0x08 // offline
		}
	case 2:
		if cover {
			s |= 0x04
		}
		if !paper {
			s |= 0x20
		}
	case 4:
		if !paper {
			s |= 0x6c // near its end, and at it
		}
	}
	_, err = h.out.Write([]byte{s})
	return err
}

func (h *head) esc() error {
	b, err := h.next()
	if err != nil {
		return err
	}
	switch b {
	case '@':
		h.flush()
		h.reset()
		return nil
	case '2':
		return nil
	}
	n, err := h.next()
	if err != nil {
		return err
	}
	switch b {
	case 'a':
		if h.used > 0 {
			h.wrong("alignment is changed inside a line")
		}
		switch n {
		case 0, '0':
			h.align = "left"
		case 1, '1':
			h.align = "center"
		case 2, '2':
			h.align = "right"
		default:
			h.wrong("unknown alignment " + hex2(n))
		}
	case 'E', 'G':
		h.bold = n&1 == 1
	case '!':
		h.bold, h.width, h.height = n&0x08 != 0, 1+int(n>>5&1), 1+int(n>>4&1)
	case '-', '3', 't':
	case 'd':
		h.flush()
		for range int(n) {
			h.slip.Lines = append(h.slip.Lines, Line{Width: 1, Height: 1, Align: "left"})
		}
	case 'p': // the drawer
		_, err = h.bytes(2)
	case 'B': // the buzzer
		_, err = h.next()
	default:
		h.wrong("unknown command " + hex2(0x1b, b, n))
	}
	return err
}

func (h *head) fs() error {
	b, err := h.next()
	if err != nil {
		return err
	}
	switch b {
	case '&':
		h.hanzi = true
	case '.':
		h.hanzi = false
	default:
		h.wrong("unknown command " + hex2(0x1c, b))
	}
	return nil
}

func (h *head) gs() error {
	b, err := h.next()
	if err != nil {
		return err
	}
	switch b {
	case '(':
		return h.group()
	case 'k':
		return h.barcode()
	case 'V':
		return h.cut()
	case 'L', 'W':
		_, err = h.bytes(2)
		return err
	case 'v':
		return h.raster()
	}
	n, err := h.next()
	if err != nil {
		return err
	}
	switch b {
	case '!':
		h.width, h.height = int(n>>4)+1, int(n&0x0f)+1
		if h.width > 8 || h.height > 8 {
			h.wrong("characters larger than eight times")
			h.width, h.height = min(h.width, 8), min(h.height, 8)
		}
	case 'B':
		h.reverse = n&1 == 1
	case 'h':
		h.bars.height = int(n)
	case 'w':
		h.bars.module = int(n)
		if n < 2 || n > 6 {
			h.wrong("bar width is 2 to 6")
		}
	case 'H':
		h.bars.text = int(n)
	default:
		h.wrong("unknown command " + hex2(0x1d, b, n))
	}
	return nil
}

// char is one character of text.
func (h *head) char(b byte) error {
	switch {
	case b < 0x20 || b == 0x7f:
		h.wrong("control character " + hex2(b) + " in text")
		return nil
	case b < 0x80:
		h.place(string(rune(b)), 1)
		return nil
	case !h.hanzi:
		h.wrong("a Chinese character outside Chinese mode")
		h.place("?", 1)
		return nil
	}
	low, err := h.next()
	if err != nil {
		return err
	}
	if low >= 0x30 && low <= 0x39 {
		rest, err := h.bytes(2)
		if err != nil {
			return err
		}
		h.wrong("a character of four bytes is not in the font: " + hex2(b, low, rest[0], rest[1]))
		h.place("?", 1)
		return nil
	}
	text, err := simplifiedchinese.GB18030.NewDecoder().Bytes([]byte{b, low})
	if err != nil || strings.ContainsRune(string(text), '\uFFFD') {
		h.wrong("no character: " + hex2(b, low))
		text = []byte("?")
	}
	h.place(string(text), 2)
	return nil
}

func (h *head) place(s string, columns int) {
	h.used += columns * h.width
	if h.used > h.columns {
		h.wrong("the line is broken by the printer: " + string(h.line) + "|" + s)
		h.used = columns * h.width
	}
	h.line = append(h.line, s...)
	h.lineW, h.maxH = max(h.lineW, h.width), max(h.maxH, h.height)
}

func (h *head) feedLine() {
	h.slip.Lines = append(h.slip.Lines, Line{Text: string(h.line), Width: max(h.lineW, 1), Height: max(h.maxH, 1), Align: h.align, Bold: h.bold, Reverse: h.reverse})
	h.line, h.used, h.lineW, h.maxH = nil, 0, 0, 0
}

func (h *head) flush() {
	if len(h.line) > 0 {
		h.feedLine()
	}
}

// group is GS ( k: the QR functions.
func (h *head) group() error {
	b, err := h.bytes(3)
	if err != nil {
		return err
	}
	n := int(b[1]) | int(b[2])<<8
	data, err := h.bytes(n)
	if err != nil {
		return err
	}
	if b[0] != 'k' || n < 3 || data[0] != 0x31 {
		h.wrong("unknown command " + hex2(0x1d, '(', b[0]))
		return nil
	}
	switch data[1] {
	case 0x41, 0x43, 0x45:
	case 0x50:
		h.code = data[3:]
	case 0x51:
		if len(h.code) == 0 {
			h.wrong("a QR code without data")
			return nil
		}
		h.showCode(string(h.code))
	default:
		h.wrong("unknown QR function " + hex2(data[1]))
	}
	return nil
}

func (h *head) showCode(text string) {
	h.flush()
	h.slip.Codes = append(h.slip.Codes, text)
	h.slip.Lines = append(h.slip.Lines, Line{Code: text, Align: h.align, Width: 1, Height: 1})
}

// barcode is CODE128 alone, in the form with a length. One that is too wide for the paper
// is silently not printed.
func (h *head) barcode() error {
	b, err := h.bytes(2)
	if err != nil {
		return err
	}
	data, err := h.bytes(int(b[1]))
	if err != nil {
		return err
	}
	if b[0] != 0x49 || len(data) < 3 {
		h.wrong("only CODE128 is known")
		return nil
	}
	var text strings.Builder
	symbols, set := 0, byte(0)
	for i := 0; i < len(data); i++ {
		switch {
		case data[i] == '{' && i+1 < len(data) && (data[i+1] == 'B' || data[i+1] == 'C'):
			if set != 0 {
				symbols++ // the change of sets
			}
			set = data[i+1]
			i++
		case set == 'B':
			if data[i] == '{' {
				i++
			}
			text.WriteByte(data[i])
			symbols++
		case set == 'C' && data[i] < 100:
			text.WriteString(string([]byte{'0' + data[i]/10, '0' + data[i]%10}))
			symbols++
		default:
			h.wrong("CODE128 cannot be read")
			return nil
		}
	}
	if dots := (11*(symbols+2) + 13) * h.bars.module; dots > h.columns*12 {
		h.wrong("a bar code is too wide and was not printed")
		return nil
	}
	h.showCode(text.String())
	return nil
}

// cut ends a slip.
func (h *head) cut() error {
	m, err := h.next()
	if err != nil {
		return err
	}
	switch m {
	case 0x41, 0x42:
		if _, err := h.next(); err != nil {
			return err
		}
	case 0, 1, '0', '1':
	default:
		h.wrong("unknown cut " + hex2(m))
	}
	h.flush()
	_, paper, cover, _ := h.d.State()
	if !paper || cover { // it stays in its memory until there is paper, which we do not play: it is lost
		h.slip = Slip{}
		return nil
	}
	h.slip.Cut = true
	h.d.feed(h.slip)
	h.slip = Slip{}
	return nil
}

func (h *head) raster() error {
	b, err := h.bytes(6)
	if err != nil {
		return err
	}
	_, err = h.bytes((int(b[2]) | int(b[3])<<8) * (int(b[4]) | int(b[5])<<8))
	h.slip.Lines = append(h.slip.Lines, Line{Text: "[picture]", Width: 1, Height: 1, Align: h.align})
	return err
}

// Read sets what bytes would print, without paper: the last slip, with all that was wrong.
func (d *Device) Read(b []byte) Slip {
	h := &head{d: &Device{Printer: d.Printer, sim: d.sim, online: true, paper: true}, columns: d.Columns, in: bufio.NewReader(strings.NewReader(string(b))), out: nowhere{}, limit: -1}
	h.reset()
	h.run()
	slips := h.d.Slips(0)
	if len(slips) == 0 {
		return h.slip
	}
	last := slips[len(slips)-1]
	last.Wrong = append(last.Wrong, h.slip.Wrong...)
	return last
}

// Unknown reports whether a slip met a command that the printer does not know.
func (s Slip) Unknown() bool {
	for _, w := range s.Wrong {
		if strings.HasPrefix(w, "unknown") || strings.HasPrefix(w, "control") {
			return true
		}
	}
	return false
}

type nowhere struct{ net.Conn }

func (nowhere) Write(b []byte) (int, error) { return len(b), nil }
