package rehearse

import (
	"fmt"
	"io"
	"strings"
	"unicode"
)

// Text writes the report for a terminal.
func (r *Report) Text(w io.Writer, l Lang) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n%s %s\n\n", l.title(r), sign(r), l.verdict(r))
	facts := l.facts(r)
	wide := 0
	for _, f := range facts {
		wide = max(wide, cells(f.Name))
	}
	for _, f := range facts {
		mark := " "
		if f.Bad {
			mark = "✗"
		} else if !f.Good {
			mark = "!"
		}
		fmt.Fprintf(&b, "%s %s  %s\n", mark, pad(f.Name, wide), f.Text)
	}
	b.WriteByte('\n')
	wide = 0
	for _, m := range measures {
		wide = max(wide, cells(l.measure(m)))
	}
	fmt.Fprintf(&b, "  %s  %s%s%s%s\n", pad(l.say("用时", "Times"), wide), pad(l.say("一半", "half"), 10), pad("90%", 10), pad("99%", 10), l.say("最慢", "slowest"))
	for _, m := range measures {
		s := r.Times[m]
		fmt.Fprintf(&b, "  %s  %s%s%s%s\n", pad(l.measure(m), wide), pad(l.sec(s.P50), 10), pad(l.sec(s.P90), 10), pad(l.sec(s.P99), 10), l.sec(s.Max))
	}
	if len(r.Differ) > 0 {
		fmt.Fprintf(&b, "\n%s\n", l.say("对不上的（前几条）", "What differs (the first ones)"))
		for _, d := range r.Differ[:min(len(r.Differ), 20)] {
			fmt.Fprintf(&b, "  %s\n", d.Text)
		}
	}
	if r.Day != nil && len(r.Day.Wrong) > 0 {
		fmt.Fprintf(&b, "\n%s\n", l.spoiled())
		for _, d := range r.Day.Wrong[:min(len(r.Day.Wrong), 20)] {
			fmt.Fprintf(&b, "  %s\n", d.Text)
		}
	}
	if len(r.Open) > 0 {
		fmt.Fprintf(&b, "\n%s\n", l.notYet(r))
		for _, d := range r.Open[:min(len(r.Open), 20)] {
			fmt.Fprintf(&b, "  %s\n", d.Text)
		}
	}
	if len(r.List) > 1 {
		fmt.Fprintf(&b, "\n%s\n", l.say("坏了的（按时间，前几条）", "What broke (by time, the first ones)"))
		for _, x := range r.List[:min(len(r.List), 10)] {
			fmt.Fprintf(&b, "  %s  %s  %s\n", clock(x.At), l.broke(x.Kind), x.Text)
		}
	}
	b.WriteByte('\n')
	for _, n := range l.notes(r) {
		fmt.Fprintln(&b, n)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// sign is the verdict in one character.
func sign(r *Report) string {
	switch {
	case r.Good():
		return "✓"
	case r.Held:
		return "✗"
	case r.Broken || r.Ended == nil:
		return "✗"
	}
	return "?"
}

// cells is how wide a text is in a terminal: Chinese characters take two cells.
func cells(s string) (n int) {
	for _, r := range s {
		if unicode.Is(unicode.Han, r) || r >= 0xff00 && r <= 0xffef || r >= 0x3000 && r <= 0x303f {
			n++
		}
		n++
	}
	return n
}

func pad(s string, wide int) string { return s + strings.Repeat(" ", max(wide-cells(s), 0)) }
