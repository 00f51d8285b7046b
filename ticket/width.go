package ticket

import (
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/unicode/norm"
)

// hasTwo tells which characters of the basic plane have two bytes in the printers' font.
var hasTwo = sync.OnceValue(func() *[1 << 13]uint8 {
	var set [1 << 13]uint8
	enc := simplifiedchinese.GB18030.NewEncoder()
	for r := rune(0x80); r <= 0xffff; r++ {
		if r >= 0xd800 && r < 0xf900 { // surrogates and private use: no font has them
			continue
		}
		if b, err := enc.Bytes([]byte(string(r))); err == nil && len(b) == 2 {
			set[r>>3] |= 1 << (r & 7)
		}
	}
	return &set
})

// columns is how wide a character is: 0 when printers do not have it.
func columns(r rune) int {
	switch {
	case r < 0x20 || r == 0x7f:
		return 0
	case r < 0x80:
		return 1
	case r <= 0xffff && hasTwo()[r>>3]&(1<<(r&7)) != 0:
		return 2
	}
	return 0
}

// Width is how many columns a clean text takes at normal size.
func Width(s string) int {
	n := 0
	for _, r := range s {
		n += columns(r)
	}
	return n
}

// instead are characters that have a near likeness in the font. ¥ is one of four bytes
// there, ￥ has two.
var instead = map[rune]string{'¥': "￥", '•': "·", '–': "-", '\u00a0': " ", '\u3000': "  ", '\t': " ", '𠮷': "吉", 'ß': "ss", 'ø': "o", 'Ø': "O", 'æ': "ae", 'Æ': "AE", 'œ': "oe", 'ł': "l", 'Ł': "L", 'ı': "i"}

const missing = '□' // stands for what cannot be printed, so that one sees that something stood there

// Clean makes a text printable: characters that are not in the printers' font become what
// is nearest to them, accents go, an emoji becomes one □, and control characters vanish
// but for line breaks.
func Clean(s string) string {
	plain := true
	for _, r := range s {
		if r != '\n' && columns(r) == 0 {
			plain = false
			break
		}
	}
	if plain {
		return s
	}
	var b strings.Builder
	joined := false // the last character was of an emoji, or joins one
	for _, r := range strings.ToValidUTF8(norm.NFC.String(strings.ReplaceAll(s, "\r\n", "\n")), "?") {
		switch {
		case r == '\n' || r == '\r' || r == '\u2028' || r == '\u2029':
			b.WriteByte('\n')
			joined = false
			continue
		case columns(r) > 0:
			b.WriteRune(r)
			joined = false
			continue
		case instead[r] != "":
			b.WriteString(instead[r])
			joined = false
			continue
		case r == '\u200d': // joins two emoji into one
			joined = true
			continue
		case unicode.IsControl(r), unicode.Is(unicode.Cf, r), unicode.Is(unicode.Mn, r), unicode.Is(unicode.Variation_Selector, r), r >= 0x1f3fb && r <= 0x1f3ff:
			continue // has no width of its own: marks, directions, the skin of an emoji
		}
		base := ""
		for _, d := range norm.NFKD.String(string(r)) {
			if d == '\u2044' { // of a fraction
				d = '/'
			}
			if columns(d) > 0 {
				base += string(d)
			}
		}
		switch {
		case base != "":
			b.WriteString(base)
			joined = false
		case joined:
			joined = false
		default:
			b.WriteRune(missing)
		}
	}
	return b.String()
}

// cut splits a clean text so that the head is at most so wide, at a blank where one is near.
func cut(s string, width int) (head, rest string) {
	n, blank := 0, -1
	for i, r := range s {
		if r == ' ' {
			blank = i
		}
		if n += columns(r); n <= width {
			continue
		}
		if r == ' ' {
			return s[:i], strings.TrimLeft(s[i:], " ")
		}
		if blank > 0 && Width(s[:blank]) >= width/2 && r < 0x2000 { // letters, which make words

			return s[:blank], strings.TrimLeft(s[blank:], " ")
		}
		if i == 0 { // one character alone is wider
			return string(r), s[len(string(r)):]
		}
		if strings.ContainsRune("，。、；：！？）”’》】…", r) { // no line begins with one
			if last, size := utf8.DecodeLastRuneInString(s[:i]); last != ' ' && i > size {
				i -= size
			}
		}
		return s[:i], s[i:]
	}
	return s, ""
}

// Break breaks a clean text into lines of at most so many columns, never inside a
// character, at blanks where there are some.
func Break(s string, width int) []string {
	var out []string
	for s != "" {
		var head string
		head, s = cut(s, width)
		out = append(out, head)
	}
	return out
}

// pad fills a clean text with blanks.
func pad(s string, width int) string {
	return s + strings.Repeat(" ", max(0, width-Width(s)))
}

func padLeft(s string, width int) string {
	return strings.Repeat(" ", max(0, width-Width(s))) + s
}
