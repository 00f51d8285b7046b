package meituan

import (
	"encoding/json"
	"os"
	"testing"
	"time"
)

// books is everything the platform answers from.
func (m *shop) books() string {
	m.sim.mu.Lock()
	defer m.sim.mu.Unlock()
	raw, err := json.Marshal(map[string]any{"orders": m.sim.orders, "stores": m.sim.stores, "seqs": m.sim.seqs, "byDay": m.sim.byDay, "penalties": m.sim.penalty, "config": m.sim.config})
	if err != nil {
		m.t.Fatal(err)
	}
	return string(raw)
}

func TestAKilledSimulatorKnowsEverythingItAnsweredFor(t *testing.T) {
	m := open(t, nil)
	waiting := m.place(drinks)
	refunding := m.acceptedOrder(drinks)
	m.do(refunding, "ask_refund", nil)
	riding := m.acceptedOrder(drinks)
	m.do(riding, "rider_accept", nil)
	m.ok("POST", "order/applyPartRefund", "order_id", riding, "reason", "缺货", "food_data", `[{"app_food_code":"T021","sku_id":"T021","count":1}]`)
	m.ok("POST", "food/sku/stock", "app_poi_code", "TEA001", "food_data", `[{"app_food_code":"T021","skus":[{"sku_id":"T021","stock":"9"}]}]`)
	if err := m.sim.Configure(json.RawMessage(`{"repeat_confirm":"ok","encoding":{"reminder":"double"}}`)); err != nil {
		t.Fatal(err)
	}
	m.pushes()
	before := m.books()
	m.restart()
	if after := m.books(); after != before {
		t.Errorf("after the restart\n%s\nbefore\n%s", after, before)
	}
	m.ok("GET", "order/confirm", "order_id", riding) // repeat_confirm was configured
	m.clock.Advance(5 * time.Minute)
	m.status(waiting, cancelled) // the timer was taken up
	m.clock.Advance(25 * time.Minute)
	m.status(refunding, cancelled)
	if next := m.place(drinks); m.order(next).DaySeq != 4 || next <= riding {
		t.Error("numbers must go on")
	}
}

func TestAKilledSimulatorSendsThePushesItOwes(t *testing.T) {
	m := open(t, nil)
	m.refuse[PushPaid] = 1
	id := m.place(drinks)
	m.expect("order/paid")
	m.restart()
	m.clock.Advance(time.Minute)
	m.expect("order/paid")
	m.clock.Advance(3 * time.Minute)
	m.expect()
	m.status(id, pushed)
}

func TestABookCutOffAnywhereStillOpens(t *testing.T) {
	m := open(t, nil)
	id := m.place(drinks)
	m.pushes()
	m.ok("GET", "order/confirm", "order_id", id)
	m.stop()
	raw, err := os.ReadFile(m.book)
	if err != nil {
		t.Fatal(err)
	}
	for _, cut := range []int{len(raw) - 1, len(raw) - 40, len(raw) / 2, len(raw) / 3} {
		os.WriteFile(m.book, raw[:cut], 0o600)
		m.start()
		m.stop()
	}
}
