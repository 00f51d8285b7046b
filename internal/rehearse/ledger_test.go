package rehearse

import (
	"strings"
	"testing"

	"github.com/tongdan/tongdan/internal/sim"
)

// The last piece is sold twice, and a platform sells one that it does not show: the
// ledger tells the two apart, and what came back is not counted.
func TestOversoldPiecesAreNamedByTheirOrders(t *testing.T) {
	l := newLedger()
	tea := item{"meituan", "TEA001", "T001", "T001-L"}
	cup := item{"mercadolibre", "7", "MLB1", ""}
	x := &pile{code: "T001-L", store: "TEA001", storeID: "sto", items: []item{tea, cup}}
	l.add(x)
	l.receive(x, 2)
	told := func(it item, order, why string, pieces, shows int) {
		l.told(sim.StockChange{Platform: it.platform, Shop: it.shop, Item: it.code, Variation: it.variation, Order: order, Why: why, Pieces: pieces, Shows: shows})
	}
	told(tea, "", sim.StockSet, 0, 1)
	told(cup, "", sim.StockSet, 0, 1)
	told(tea, "1", sim.StockSold, 1, 0)
	told(tea, "1", sim.StockFreed, 1, 0)
	if s := l.sum(map[string]int64{"sto T001-L": 2}); len(s.Orders) != 0 || s.Differ != 0 || s.Sold != 0 || s.Most != 0 || len(s.breaches()) != 0 {
		t.Errorf("nothing was oversold: %+v %v", s, s.breaches())
	}
	told(tea, "", sim.StockSet, 0, 2) // one too many
	told(tea, "2", sim.StockSold, 2, 0)
	told(cup, "3", sim.StockSold, 1, 0) // shown, and not there
	told(cup, "4", sim.StockSold, 1, 0) // not shown either
	s := l.sum(map[string]int64{"sto T001-L": -1})
	if len(s.Orders) != 2 || s.Orders[0].Ref != "3" || s.Orders[0].Beyond != 0 || s.Orders[1].Ref != "4" || s.Orders[1].Beyond != 1 || s.Most != 1 || s.ours() != 1 || s.Beyond != 1 || s.SoldOut != 1 || s.Shared != 1 {
		t.Errorf("the orders are %+v, of %+v", s.Orders, s)
	}
	var kinds []string
	for _, d := range s.breaches() {
		kinds = append(kinds, d.Kind)
	}
	if strings.Join(kinds, " ") != "oversold unnamed level" {
		t.Errorf("what breaks is %v: want the order that was shown, that nobody was told of the other, and the hub's number (-1, not -2)", kinds)
	}
	if low := l.sum(map[string]int64{"sto T001-L": -5}); low.Differ != 1 || low.Above != 0 || len(low.breaches()) != 2 {
		t.Errorf("what the hub holds back breaks nothing: %+v", low.breaches())
	}
	s.Named = []string{"mercadolibre 4"}
	if n := len(s.breaches()); n != 2 {
		t.Errorf("%d breaches, once the hub has named the one that the platform sold by itself", n)
	}
}
