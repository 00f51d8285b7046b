package mercadolibre

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tongdan/tongdan/channel"
	"github.com/tongdan/tongdan/channel/channeltest"
	"github.com/tongdan/tongdan/internal/paper"
	simulator "github.com/tongdan/tongdan/internal/sim/mercadolibre"
	"github.com/tongdan/tongdan/order"
)

// printable gives n parcels that can be printed, with their orders.
func (w *world) printable(t *testing.T, n int) (orders, parcels []order.Ref) {
	t.Helper()
	for range n {
		orders = append(orders, w.Place(t, channeltest.Wish{}))
	}
	w.clock.Advance(time.Minute)
	w.clock.Settle()
	s := w.shop(t)
	for _, o := range orders {
		items, err := s.Read(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		var b channeltest.Book
		if err := b.Take(items...); err != nil {
			t.Fatal(err)
		}
		parcels = append(parcels, b.Linked(o)...)
	}
	if len(parcels) != n {
		t.Fatalf("%d parcels of %d orders", len(parcels), n)
	}
	return orders, parcels
}

func labelCalls(w *world, orders []order.Ref) (calls int) {
	for _, o := range orders {
		calls += w.s.Tally(o.ID)["print"].Calls
	}
	return calls
}

func TestEachZPLLabelIsTheParcelsOwn(t *testing.T) {
	w := openWorld(t, nil)
	_, parcels := w.printable(t, 50)
	got, err := w.shop(t).Labels(t.Context(), parcels, channel.ZPL)
	if err != nil || len(got.Refused) > 0 || len(got.Sheets) != 50 {
		t.Fatalf("%d sheets, refused %v, %v", len(got.Sheets), got.Refused, err)
	}
	for i, s := range got.Sheets {
		text := string(s.Bytes)
		if s.Parcels[0] != parcels[i] {
			t.Errorf("sheet %d is of %s, want %s: they come in the order that was asked for", i, s.Parcels[0].ID, parcels[i].ID)
		}
		if !strings.Contains(text, "^BCN,180,Y,N,N,A^FD"+parcels[i].ID+"^FS") || strings.Count(text, "^XA") != 1 || !strings.HasSuffix(strings.TrimSpace(text), "^XZ") {
			t.Errorf("sheet %d:\n%s", i, text)
		}
	}
}

func TestAPDFHasAPageForThreeOrForOne(t *testing.T) {
	for aPage, want := range map[int]int{3: 3, 1: 7} {
		w := openWorld(t, nil)
		if err := w.s.Configure(func(c *simulator.Config) { c.LabelsAPage = aPage }); err != nil {
			t.Fatal(err)
		}
		_, parcels := w.printable(t, 7)
		got, err := w.shop(t).Labels(t.Context(), parcels, channel.PDF)
		if err != nil || len(got.Sheets) != 1 {
			t.Fatalf("%d sheets, %v", len(got.Sheets), err)
		}
		if n, err := paper.Pages(got.Sheets[0].Bytes); err != nil || n != want {
			t.Errorf("%d a page: %d pages, %v; want %d", aPage, n, err, want)
		}
		for _, p := range parcels {
			if !bytes.Contains(got.Sheets[0].Bytes, []byte(p.ID)) {
				t.Errorf("the document lacks %s", p.ID)
			}
		}
	}
}

// What the documentation does not say: whether one bad parcel fails all, whether it is named,
// whether one can be left out.
func TestOneBadParcelStopsNoOther(t *testing.T) {
	for name, change := range map[string]func(*simulator.Config){
		"named":    func(*simulator.Config) {},
		"unnamed":  func(c *simulator.Config) { c.MuteLabelErrors = true },
		"left out": func(c *simulator.Config) { c.LoseLabels = 4 },
	} {
		t.Run(name, func(t *testing.T) {
			w := openWorld(t, nil)
			if err := w.s.Configure(change); err != nil {
				t.Fatal(err)
			}
			orders, parcels := w.printable(t, 20)
			w.act(t, orders[4], "buyer_cancel", simulator.ActArgs{})
			w.act(t, orders[13], "move", simulator.ActArgs{Status: "shipped"})
			got, err := w.shop(t).Labels(t.Context(), parcels, channel.ZPL)
			if err != nil || len(got.Sheets) != 18 || len(got.Refused) != 2 {
				t.Fatalf("%d sheets, refused %+v, %v", len(got.Sheets), got.Refused, err)
			}
			for _, r := range got.Refused {
				if i := slices.Index(parcels, r.Parcel); i != 4 && i != 13 || !strings.Contains(r.Why.Text, "not_printable_status") {
					t.Errorf("refused %s: %s", r.Parcel.ID, r.Why.Text)
				}
			}
		})
	}
}

// Forms that were seen: a graphic that is loaded before, one that is deleted after, numbers
// with blanks, an archive with a list beside the labels.
func TestZPLIsTakenApart(t *testing.T) {
	text := "~DGR:LOGO.GRF,8,1,FF^XA^MCY^XZ\n^XA^FO0,0^XGR:LOGO.GRF^FS^FDEnvio: 450 0000 0001^FS^XZ\r\n^XA^IDR:LOGO.GRF^FS^XZ\n^XA^FD{\"id\":\"45000000002\"}^FS^XZ^XA^MCN^XZ"
	got := labelsIn([]byte(text))
	if len(got) != 2 {
		t.Fatalf("%d labels: %q", len(got), got)
	}
	for i, id := range []string{"45000000001", "45000000002"} {
		for k := range got {
			if tells(got[k], id) != (i == k) {
				t.Errorf("label %d tells %s: %v", k, id, !(i == k))
			}
		}
	}
	if tells([]byte("^XA^FD145000000001^FS^XZ"), "45000000001") {
		t.Error("a part of a number is taken for the number")
	}
}

func FuzzLabelsIn(f *testing.F) {
	f.Add([]byte("^XA^FDx^FS^XZ"))
	f.Add([]byte("PK\x03\x04"))
	f.Fuzz(func(t *testing.T, b []byte) {
		text, err := unpack(b)
		if err != nil {
			return
		}
		for _, l := range labelsIn(text) {
			if !bytes.Contains(l, []byte("^XZ")) {
				t.Error(fmt.Sprintf("%q is no label", l))
			}
		}
	})
}
