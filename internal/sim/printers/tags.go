package printers

import (
	"strings"

	"golang.org/x/text/encoding/simplifiedchinese"
)

// A tagged is a text with the tags of a cloud, being set.
type tagged struct {
	slip    Slip
	columns int
	text    strings.Builder
	used    int
	width   int
	height  int
	lineW   int
	lineH   int
	align   string
	bold    bool
}

func newTagged(columns int) *tagged {
	return &tagged{columns: columns, width: 1, height: 1, align: "left"}
}

func (t *tagged) wrong(what string) {
	if len(t.slip.Wrong) < 50 {
		t.slip.Wrong = append(t.slip.Wrong, what)
	}
}

// columnsOf is how wide a character is at normal width: two columns for what has two bytes
// in the printer's font, one for ASCII, none for what is not in it.
func columnsOf(r rune) int {
	if r < 0x80 {
		return 1
	}
	b, err := simplifiedchinese.GB18030.NewEncoder().Bytes([]byte(string(r)))
	if err != nil || len(b) != 2 {
		return 0
	}
	return 2
}

func (t *tagged) put(s string) {
	for _, r := range s {
		n := columnsOf(r)
		if n == 0 || r < 0x20 {
			t.wrong("not in the printer's font: " + string(r))
			n = 1
		}
		t.used += n * t.width
		if t.used > t.columns {
			t.wrong("the line is broken by the printer: " + t.text.String() + "|" + string(r))
			t.used = n * t.width
		}
		t.text.WriteRune(r)
		t.lineW, t.lineH = max(t.lineW, t.width), max(t.lineH, t.height)
	}
}

func (t *tagged) newline() {
	t.slip.Lines = append(t.slip.Lines, Line{Text: t.text.String(), Width: max(t.lineW, 1), Height: max(t.lineH, 1), Align: t.align, Bold: t.bold})
	t.text.Reset()
	t.used, t.lineW, t.lineH = 0, 0, 0
}

func (t *tagged) code(text string) {
	if t.used > 0 {
		t.newline()
	}
	if text == "" {
		t.wrong("a QR code without data")
	}
	t.slip.Codes = append(t.slip.Codes, text)
	t.slip.Lines = append(t.slip.Lines, Line{Code: text, Align: "center", Width: 1, Height: 1})
}

// next splits a content at its next tag.
func next(content string) (before, tag, rest string, ok bool) {
	i := strings.IndexByte(content, '<')
	if i < 0 {
		return content, "", "", false
	}
	j := strings.IndexByte(content[i:], '>')
	if j < 0 {
		return content, "", "", false
	}
	return content[:i], content[i+1 : i+j], content[i+j+1:], true
}

// feieSlips sets a content of Feie. A pair of tags that sets a size holds for what is in
// it; <BR> ends a line.
func feieSlips(content string, columns int) []Slip {
	var out []Slip
	t := newTagged(columns)
	var open []string
	for {
		before, tag, rest, ok := next(content)
		t.put(before)
		if !ok {
			break
		}
		content = rest
		switch tag {
		case "BR":
			t.newline()
			continue
		case "CUT":
			if t.used > 0 {
				t.newline()
			}
			t.slip.Cut = true
			out = append(out, t.slip)
			t.slip = Slip{}
			continue
		case "LOGO", "PLUGIN":
			continue
		case "QR", "BC128_A", "BC128_B", "BC128_C":
			text, after, found := strings.Cut(content, "</"+tag+">")
			if !found {
				t.wrong("<" + tag + "> has no end")
				continue
			}
			t.code(text)
			content = after
			continue
		}
		if name, end := strings.CutPrefix(tag, "/"); end {
			if len(open) == 0 || open[len(open)-1] != name {
				t.wrong("<" + tag + "> ends nothing")
				continue
			}
			open = open[:len(open)-1]
			switch name {
			case "CB", "C", "RIGHT": // a block of its own: the line ends with it
				if t.used > 0 {
					t.newline()
				}
			}
		} else {
			open = append(open, tag)
		}
		t.width, t.height, t.align, t.bold = 1, 1, "left", false
		for _, name := range open {
			switch name {
			case "CB":
				t.width, t.height, t.align = 2, 2, "center"
			case "B":
				t.width, t.height = 2, 2
			case "C":
				t.align = "center"
			case "L":
				t.height = 2
			case "W":
				t.width = 2
			case "BOLD":
				t.bold = true
			case "RIGHT":
				t.align = "right"
			default:
				t.wrong("unknown tag <" + name + ">")
			}
		}
	}
	if len(open) > 0 {
		t.wrong("<" + open[0] + "> has no end")
	}
	if t.used > 0 {
		t.newline()
	}
	if len(t.slip.Lines) > 0 || len(out) == 0 {
		t.slip.Cut = true // Feie cuts at the end by itself
		out = append(out, t.slip)
	}
	return out
}

// ylySlips sets a content of Yilianyun: line breaks end a line, <MN>n</MN> prints all of it
// n times.
func ylySlips(content string, columns int) []Slip {
	t := newTagged(columns)
	copies := 1
	var open []string
	for {
		before, tag, rest, ok := next(content)
		for i, part := range strings.Split(before, "\n") {
			if i > 0 {
				t.newline()
			}
			t.put(strings.TrimSuffix(part, "\r"))
		}
		if !ok {
			break
		}
		content = rest
		switch tag {
		case "QR", "MN":
			text, after, found := strings.Cut(content, "</"+tag+">")
			if !found {
				t.wrong("<" + tag + "> has no end")
				continue
			}
			content = after
			if tag == "QR" {
				t.code(text)
				continue
			}
			if len(text) != 1 || text[0] < '1' || text[0] > '9' {
				t.wrong("<MN> is 1 to 9")
				continue
			}
			copies = int(text[0] - '0')
			continue
		}
		if name, end := strings.CutPrefix(tag, "/"); end {
			if len(open) == 0 || open[len(open)-1] != name {
				t.wrong("<" + tag + "> ends nothing")
				continue
			}
			open = open[:len(open)-1]
			if name == "center" || name == "right" {
				if t.used > 0 {
					t.newline()
				}
			}
		} else {
			open = append(open, tag)
		}
		t.width, t.height, t.align, t.bold = 1, 1, "left", false
		for _, name := range open {
			switch name {
			case "FS2":
				t.width, t.height = 2, 2
			case "FB":
				t.bold = true
			case "center":
				t.align = "center"
			case "right":
				t.align = "right"
			default:
				t.wrong("unknown tag <" + name + ">")
			}
		}
	}
	if len(open) > 0 {
		t.wrong("<" + open[0] + "> has no end")
	}
	if t.used > 0 {
		t.newline()
	}
	t.slip.Cut = true
	out := make([]Slip, copies)
	for i := range out {
		out[i] = t.slip
	}
	return out
}
