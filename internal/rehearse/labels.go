package rehearse

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tongdan/tongdan/internal/books"
)

// The labels (面单) of a rehearsal. A packer watches the screen for parcels whose label can be
// printed and prints them as people do: one alone, a handful, all that there are; on a label
// printer or as one PDF; some once more. What came out is read from the paper, by the
// platform's number of the parcel: a parcel with two labels is sent twice.

// A labelAsk is one press for labels, and what the hub said of each order.
type labelAsk struct {
	batch   string // "" = it was not begun
	copies  string // what was said of those printed before: "", skip, all
	pdf     bool
	at      time.Time
	orders  []string               // the hub's ids
	results map[string]labelResult // by order; one that is missing was left out as printed before
	over    bool                   // nothing happens by itself any more
}

// A labelResult is what became of the label of one order.
type labelResult struct {
	done bool
	why  string // it has none; "" and not done = there is no result
}

// A labelPrint is one label that came out.
type labelPrint struct {
	parcel string
	at     time.Time
	maybe  bool // marked: nobody could say whether it was out before
}

// Labels are those of parcels: what was asked for against what came out.
type Labels struct {
	Batches int            `json:"batches"`
	Largest int            `json:"largest"` // orders of one batch
	Asked   int            `json:"asked"`   // labels of orders, copies too
	Printed int            `json:"printed"` // of these, that came out
	Refused int            `json:"refused"` // of these, that have none, with a reason
	Skipped int            `json:"skipped"` // of these, left out on request, since they were out before
	Lost    int            `json:"lost"`    // neither came out nor have a reason
	Twice   int            `json:"twice"`   // parcels with more labels than were asked for
	Odd     int            `json:"unasked"` // parcels whose label nobody had asked for
	Copies  int            `json:"copies"`  // of those asked for, that are copies
	Marked  int            `json:"marked"`  // came out once more with a mark, since nobody could say whether the first did
	Person  int            `json:"person"`  // jobs of which somebody had to look whether they came out
	PDFs    int            `json:"pdfs"`    // documents that were opened
	Why     map[string]int `json:"why"`     // the reasons of those refused
}

// The kinds of what does not hold of the labels.
const (
	kindNoLabel  = "no_label"
	kindTwoLabel = "two_labels"
	kindOddLabel = "odd_label"
)

// tallyLabels holds what was asked for against what came out. parcel gives the parcel of an order.
func tallyLabels(asks []labelAsk, prints []labelPrint, parcel func(order string) string) (t Labels, bad []books.Difference) {
	t.Why = map[string]int{}
	of := map[string][]labelPrint{}
	for _, p := range prints {
		of[p.parcel] = append(of[p.parcel], p)
		if p.maybe {
			t.Marked++
		}
	}
	lost := func(a labelAsk, order, why string) {
		t.Lost++
		bad = append(bad, books.Difference{Kind: kindNoLabel, Key: order, Text: fmt.Sprintf("the label of %s, parcel %s, asked for in %s: %s", order, cmp.Or(parcel(order), "unknown"), cmp.Or(a.batch, "no batch"), why)})
	}
	allowed := map[string]int{} // labels without a mark, by parcel
	for _, a := range asks {
		t.Batches++
		t.Largest = max(t.Largest, len(a.orders))
		mine := map[string]bool{} // a pack's orders share one label
		for _, o := range a.orders {
			t.Asked++
			p := parcel(o)
			r, said := a.results[o]
			if said && !mine[p] {
				mine[p] = true
				switch {
				case a.copies == "all" && allowed[p] > 0:
					allowed[p]++
				case allowed[p] == 0:
					allowed[p] = 1
				}
			}
			if a.copies == "all" {
				t.Copies++
			}
			out := slices.ContainsFunc(of[p], func(x labelPrint) bool { return !said || !x.at.Before(a.at) })
			switch {
			case !said && a.copies == "skip":
				if t.Skipped++; !out {
					lost(a, o, "left out as printed before, and it never came out")
				}
			case !said || !a.over || !r.done && r.why == "":
				lost(a, o, "it has neither come out nor a reason why not")
			case !r.done:
				t.Refused++
				t.Why[r.why]++
			case out:
				t.Printed++
			default:
				lost(a, o, "it is said to be printed and did not come out")
			}
		}
	}
	for p, list := range of {
		plain := 0
		for _, x := range list {
			if !x.maybe {
				plain++
			}
		}
		switch n := allowed[p]; {
		case n == 0:
			t.Odd++
			bad = append(bad, books.Difference{Kind: kindOddLabel, Key: p, Text: fmt.Sprintf("a label of parcel %s came out, and nobody had asked for it", p)})
		case plain > n:
			t.Twice++
			bad = append(bad, books.Difference{Kind: kindTwoLabel, Key: p, Text: fmt.Sprintf("parcel %s has %d labels, and %d were asked for: it may be sent twice", p, plain, n)})
		}
	}
	slices.SortFunc(bad, func(a, b books.Difference) int {
		return cmp.Or(strings.Compare(a.Kind, b.Kind), strings.Compare(a.Key, b.Key))
	})
	return t, bad
}
