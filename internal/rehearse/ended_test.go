package rehearse

import (
	"strings"
	"testing"
	"time"

	"github.com/tongdan/tongdan/internal/books"
	"github.com/tongdan/tongdan/internal/hub"
)

// A report that ended early claims nothing of single orders when the books could not be
// compared, and only what is certain when they could.
func TestAReportThatEndedEarlyClaimsNoMoreThanIsKnown(t *testing.T) {
	text := func(r *Report) string {
		var b strings.Builder
		if err := r.Text(&b, EN); err != nil {
			t.Fatal(err)
		}
		return b.String()
	}
	r := &Report{Profile: "lunch", Faults: "none", Orders: Orders{In: 6}, Acts: Acts{Sent: 5}, Stock: &Stock{}, Ended: &Ended{Stage: StageSettle, Why: WhyFailed, Detail: "no node came up"}}
	if got := text(r); !strings.Contains(got, "? Ended early") || !strings.Contains(got, "6 placed; not compared") || !strings.Contains(got, "no node came up") || strings.Contains(got, "0 lost") {
		t.Errorf("not compared:\n%s", got)
	}

	j := &judge{stock: &Stock{Levels: []Level{{SKU: "a", Left: 2, Hub: 3}, {SKU: "b", Left: 2, Hub: 1}}}, under: []books.Difference{{Kind: kindUnder, Text: "an act is waiting"}},
		differ: []books.Difference{{Kind: books.Lost, Key: "meituan 1"}, {Kind: books.Status, Key: "meituan 2"}, {Kind: books.Doubled, Key: "meituan 3"}},
		once:   []books.Difference{{Kind: books.Stuck, Key: "meituan 2"}, {Kind: books.Twice, Key: "meituan 4"}}}
	kinds := func(list []books.Difference) (out string) {
		for _, x := range list {
			out += x.Kind + " "
		}
		return out
	}
	if broken, open := j.sort(); kinds(broken) != "lost status doubled stuck twice level " || len(open) != 0 {
		t.Errorf("at its end %s break the promise, and %s are open", kinds(broken), kinds(open))
	}
	j.ended = &Ended{Stage: StageLoad, Why: WhyInterrupted, Compared: true}
	if broken, open := j.sort(); kinds(broken) != "doubled twice " || kinds(open) != "lost status level under_way level " {
		t.Errorf("ended early %s break the promise, and %s are open", kinds(broken), kinds(open))
	}
}

// A day is drawn together alike: purchases, what customers did, and how late messages were.
func TestADayIsDrawnTogether(t *testing.T) {
	hour := time.Hour.Milliseconds()
	p := Plan{Minutes: 6, Day: &hub.Day{Lives: []hub.Life{
		{Channel: "meituan", Placed: 0, Lines: 2, Pieces: 3, Deeds: []hub.Deed{{Kind: hub.DeedRemind, At: hour}, {Kind: hub.DeedRefund, At: 30 * hour}}},
		{Channel: "mercadolibre", Placed: 12 * hour, Lines: 1, Pieces: 1},
		{Channel: "meituan", Placed: 10 * hour, Deeds: []hub.Deed{{Kind: hub.DeedCancel, At: 9 * hour}}}, // the clocks of two machines
	}}}
	want := []struct {
		at     time.Duration
		deed   string
		retail bool
	}{{0, "", false}, {30 * time.Second, hub.DeedRemind, false}, {5 * time.Minute, "", false}, {5 * time.Minute, hub.DeedCancel, false}, {6 * time.Minute, hub.DeedRefund, false}, {6 * time.Minute, "", true}}
	got := replayed(p)
	if len(got) != len(want) {
		t.Fatalf("%d moments, want %d", len(got), len(want))
	}
	for i, b := range got {
		deed := ""
		if b.deed != nil {
			deed = b.deed.Kind
		}
		if b.at != want[i].at || deed != want[i].deed || b.retail != want[i].retail || b.deed == nil && (b.lines < 1 || b.pieces < b.lines) {
			t.Errorf("moment %d is %v %q, want %+v", i, b.at, deed, want[i])
		}
	}
	p.Minutes = 60 * 24
	if s := scaleOf(p); s.factor != 1 {
		t.Errorf("a short day is drawn out by %v", s.factor)
	}
}
