package rehearse

import (
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tongdan/tongdan/internal/sim"
)

// A tea was made and its order cancelled before the platform heard of it: the hub wastes two
// pieces that the platform frees. That is named and breaks nothing; a piece of which nobody
// can say why it is gone does.
func TestPiecesThatAreHeldBackAreExplainedByOrders(t *testing.T) {
	l := newLedger()
	tea := item{"meituan", "TEA001", "T001", "T001-L"}
	x := &pile{code: "T001-L", store: "TEA001", storeID: "sto", items: []item{tea}}
	l.add(x)
	l.receive(x, 20)
	for _, c := range []sim.StockChange{
		{Order: "1", Why: sim.StockSold, Pieces: 3, Shows: 17},  // it left
		{Order: "2", Why: sim.StockSold, Pieces: 2, Shows: 15},  // made, and cancelled
		{Order: "2", Why: sim.StockFreed, Pieces: 2, Shows: 15}, //
		{Order: "3", Why: sim.StockSold, Pieces: 1, Shows: 14},  // cancelled in time
		{Order: "3", Why: sim.StockBack, Pieces: 1, Shows: 15},
		{Order: "4", Why: sim.StockSold, Pieces: 4, Shows: 11}, // waits: no movement yet
	} {
		c.Platform, c.Shop, c.Item, c.Variation = "meituan", "TEA001", "T001", "T001-L"
		l.told(c)
	}
	keys := map[string]string{"ord_1": "meituan 1", "ord_2": "meituan 2", "ord_3": "meituan 3", "ord_4": "meituan 4"}
	moved := []movement{{20, "receipt", "key_1"}, {-3, "sale_out", "ord_1"}, {-2, "waste", "ord_2"}}
	made := func(key, reason string) string {
		if key == "meituan 2" && reason == "waste" {
			return HeldMade
		}
		return HeldOdd
	}

	s := l.sum(map[string]int64{"sto T001-L": 11}) // 20 - 3 - 2 - 4
	v := &s.Levels[0]
	v.Held = held(moved, keys, l.tookOf(x), made)
	v.Unknown = v.unexplained()
	if want := []Holding{{"meituan 2", 2, HeldMade, "waste"}}; v.Left != 13 || !slices.Equal(v.Held, want) || v.Unknown != 0 || len(s.breaches()) != 0 {
		t.Errorf("of %d that are left %+v are held back, %d without a reason, which breaks %v", v.Left, v.Held, v.Unknown, s.breaches())
	}
	if text := EN.held(s); !strings.Contains(text, "meituan 2 × 2") {
		t.Errorf("the report says %q", text)
	}

	// Booked out once more than the order had pieces, which no waste of its food can be.
	s = l.sum(map[string]int64{"sto T001-L": 9})
	v = &s.Levels[0]
	v.Held = held(append(moved, movement{-2, "waste", "ord_2"}), keys, l.tookOf(x), made)
	v.Unknown = v.unexplained()
	if b := s.breaches(); v.Unknown != 2 || len(b) != 1 || !strings.Contains(b[0].Text, "meituan 2: 2 pieces by waste") {
		t.Errorf("of what was booked out twice %d pieces have no reason, which breaks %v", v.Unknown, b)
	}

	// Nobody had said that it was ready; and one more piece is gone without any order.
	s = l.sum(map[string]int64{"sto T001-L": 10})
	v = &s.Levels[0]
	v.Held = held(moved, keys, l.tookOf(x), func(_, _ string) string { return HeldOdd })
	v.Unknown = v.unexplained()
	if b := s.breaches(); v.Unknown != 3 || len(b) != 1 || b[0].Kind != kindHeld || !strings.Contains(b[0].Text, "meituan 2: 2 pieces by waste") {
		t.Errorf("%d pieces have no reason, which breaks %v", v.Unknown, b)
	}
	if text := ZH.held(s); !strings.Contains(text, "没有订单能解释") {
		t.Errorf("the report says %q", text)
	}
}

// A press that the hub refuses has told it nothing; one whose answer was lost may have.
func TestAPressThatIsRefusedWasNotSaid(t *testing.T) {
	for _, c := range []struct {
		answers []int
		said    bool
	}{{[]int{200}, true}, {[]int{409}, false}, {[]int{503, 409}, true}} {
		n := 0
		srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(c.answers[n])
			n++
			io.WriteString(w, `{}`)
		}))
		k := newClerk(newAPI(srv.URL, "key"), &Plan{}, newDiary(), time.Now)
		k.press(t.Context(), orderView{Channel: "meituan", Ref: "1"}, action{Kind: "ready"})
		srv.Close()
		if said := k.said("meituan 1", "ready"); said != c.said || n != len(c.answers) {
			t.Errorf("after %d presses that were answered %v it was said: %v", n, c.answers, said)
		}
	}
}
