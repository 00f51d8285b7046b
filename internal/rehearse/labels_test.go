package rehearse

import (
	"bytes"
	"compress/zlib"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// What was asked for is held against the paper: a label that is lost and one that came twice are
// found, and what is explained breaks nothing.
func TestLabelsAreHeldAgainstThePaper(t *testing.T) {
	began := time.Date(2026, 11, 11, 10, 0, 0, 0, time.UTC)
	at := func(s int) time.Time { return began.Add(time.Duration(s) * time.Second) }
	parcel := func(order string) string {
		return map[string]string{"a": "1", "b": "2", "c": "3", "pack1": "4", "pack2": "4"}[order]
	}
	done, none := labelResult{done: true}, labelResult{why: "label_cancelled"}
	first := labelAsk{batch: "bat_1", at: at(0), orders: []string{"a", "b", "c", "pack1", "pack2"}, over: true,
		results: map[string]labelResult{"a": done, "b": done, "c": none, "pack1": done, "pack2": done}}
	out := []labelPrint{{"1", at(2), false}, {"2", at(2), false}, {"4", at(3), false}}
	copied := labelAsk{batch: "bat_2", copies: "all", at: at(10), orders: []string{"a"}, over: true, results: map[string]labelResult{"a": done}}
	pressed := func(results map[string]labelResult, copies string) labelAsk {
		return labelAsk{batch: "bat_3", copies: copies, at: at(10), orders: []string{"a"}, over: true, results: results}
	}
	for _, c := range []struct {
		name   string
		asks   []labelAsk
		prints []labelPrint
		bad    string
		want   Labels
	}{
		{"as asked", []labelAsk{first}, out, "", Labels{Batches: 1, Largest: 5, Asked: 5, Printed: 4, Refused: 1}},
		{"a copy that was asked for", []labelAsk{first, copied}, append(slices.Clone(out), labelPrint{"1", at(12), false}), "", Labels{Batches: 2, Largest: 5, Asked: 6, Printed: 5, Refused: 1, Copies: 1}},
		{"left out as printed before", []labelAsk{first, pressed(nil, "skip")}, out, "", Labels{Batches: 2, Largest: 5, Asked: 6, Printed: 4, Refused: 1, Skipped: 1}},
		{"once more with a mark", []labelAsk{first}, append(slices.Clone(out), labelPrint{"2", at(9), true}), "", Labels{Batches: 1, Largest: 5, Asked: 5, Printed: 4, Refused: 1, Marked: 1}},
		{"one came twice", []labelAsk{first}, append(slices.Clone(out), labelPrint{"2", at(9), false}), "two_labels 2", Labels{Batches: 1, Largest: 5, Asked: 5, Printed: 4, Refused: 1, Twice: 1}},
		{"a second press was not asked about", []labelAsk{first, pressed(map[string]labelResult{"a": done}, "")}, append(slices.Clone(out), labelPrint{"1", at(12), false}), "two_labels 1",
			Labels{Batches: 2, Largest: 5, Asked: 6, Printed: 5, Refused: 1, Twice: 1}},
		{"one did not come out", []labelAsk{first}, out[1:], "no_label a", Labels{Batches: 1, Largest: 5, Asked: 5, Printed: 3, Refused: 1, Lost: 1}},
		{"a copy did not come out", []labelAsk{first, copied}, out, "no_label a", Labels{Batches: 2, Largest: 5, Asked: 6, Printed: 4, Refused: 1, Copies: 1, Lost: 1}},
		{"left out, and never printed", []labelAsk{pressed(nil, "skip")}, nil, "no_label a", Labels{Batches: 1, Largest: 1, Asked: 1, Skipped: 1, Lost: 1}},
		{"without a reason", []labelAsk{pressed(map[string]labelResult{"a": {}}, "")}, nil, "no_label a", Labels{Batches: 1, Largest: 1, Asked: 1, Lost: 1}},
		{"without an answer", []labelAsk{{at: at(1), orders: []string{"a"}}}, nil, "no_label a", Labels{Batches: 1, Largest: 1, Asked: 1, Lost: 1}},
		{"nobody asked", []labelAsk{first}, append(slices.Clone(out), labelPrint{"9", at(4), false}), "odd_label 9", Labels{Batches: 1, Largest: 5, Asked: 5, Printed: 4, Refused: 1, Odd: 1}},
	} {
		got, bad := tallyLabels(c.asks, c.prints, parcel)
		var kinds []string
		for _, x := range bad {
			kinds = append(kinds, x.Kind+" "+x.Key)
		}
		got.Why, c.want.Why = nil, nil
		if strings.Join(kinds, ", ") != c.bad || fmt.Sprint(got) != fmt.Sprint(c.want) {
			t.Errorf("%s: %v, want %q; %+v, want %+v", c.name, kinds, c.bad, got, c.want)
		}
		j := &judge{stock: &Stock{}, parcels: bad}
		if broken, _ := j.sort(); len(broken) != len(bad) {
			t.Errorf("%s: %d of %d break the promise", c.name, len(broken), len(bad))
		}
		j.ended = &Ended{}
		if broken, open := j.sort(); len(broken) != got.Twice+got.Odd || len(open) != got.Lost {
			t.Errorf("%s, ended early: %d are certain, %d open", c.name, len(broken), len(open))
		}
	}
}

// The parcels of a PDF are read from its pages, packed or not, each as often as it is there.
func TestTheParcelsOfAPDFAreRead(t *testing.T) {
	var packed bytes.Buffer
	z := zlib.NewWriter(&packed)
	fmt.Fprint(z, "BT (Envio: 45) Tj ET")
	z.Close()
	pdf := fmt.Sprintf("1 0 obj\n<< /Length 30 >>\nstream\nBT (Envio: 44) Tj (Envio: 45) Tj ET\nendstream\n2 0 obj\n<</Filter/FlateDecode/Length %d>>\nstream\n%s\nendstream\n", packed.Len(), packed.String())
	if got := parcelsIn([]byte(pdf)); !slices.Equal(got, []string{"44", "45", "45"}) {
		t.Errorf("the parcels are %v", got)
	}
}
