package hub_test

import (
	"database/sql"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/tongdan/tongdan/internal/db"
	"github.com/tongdan/tongdan/internal/hub"
	"github.com/tongdan/tongdan/internal/sim"
	"github.com/tongdan/tongdan/order"
)

// TestADayIsReadFromItsMessages lets pushes come twice, late, in another order and not at
// all, and customers change their minds: the day says so, order by order, and holds nothing
// of the customers. An order whose lines are gone comes from what is stored.
func TestADayIsReadFromItsMessages(t *testing.T) {
	eachPlace(t, func(w *shopWorld, raw *sql.DB, _ db.Options) {
		w.run()
		faults := w.sim.Faults()
		began := w.clk.Now()
		place := func(id string) {
			w.t.Helper()
			w.place(`{"app_poi_code":"TEA001","order_id":"` + id + `","detail":[{"app_food_code":"T001","quantity":2},{"app_food_code":"T002","quantity":1}]}`)
		}
		comes := func(id string) {
			w.t.Helper()
			w.until("order "+id+" comes", func() bool { _, o, _, ok := w.row(id); return ok && o.Bill != nil })
		}
		faults.Next(sim.PushDoubled, 1, "11")
		place("11")
		comes("11")
		faults.Next(sim.PushDoubled, 1, "11")
		w.must(w.sim.Do("11", "remind", nil))
		faults.Next(sim.PushLost, 1, "12")
		place("12")
		w.must(w.sim.Do("12", "buyer_cancel", nil))
		comes("12")
		faults.Next(sim.PushReordered, 1, "13")
		place("13")
		w.must(w.sim.Do("13", "remind", nil))
		comes("13")
		place("14")
		comes("14")
		bought, err := w.sim.Order("14")
		w.must(err)
		w.must(w.sim.Do("14", "ask_refund", map[string]any{"items": []any{map[string]any{"app_food_code": "T001", "sku_id": bought.Detail[0].SKU, "count": 1}}}))
		w.must(w.sim.Do("14", "withdraw_refund", nil))
		place("15")
		comes("15")
		faults.Delay(time.Minute, "16")
		place("16")
		w.clk.Advance(61 * time.Second)
		comes("16")
		w.until("everything is told", func() bool {
			_, a, _, _ := w.row("11")
			_, b, _, _ := w.row("14")
			_, c, _, _ := w.row("12")
			_, d, _, _ := w.row("13")
			return len(a.Reminders) == 1 && len(b.Cases) == 1 && b.Cases[0].State == order.CaseWithdrawn && c.Status == order.StatusCancelled && len(d.Reminders) == 1
		})
		row, _, _, _ := w.row("15")
		if _, err := raw.ExecContext(w.t.Context(), `DELETE FROM journal WHERE order_id = $1 OR external_id = '15'`, int64(row.ID)); err != nil {
			w.t.Fatal(err)
		}
		day, err := w.hub.Day(w.t.Context(), time.Hour, nil)
		w.must(err)
		if len(day.Lives) != 6 || day.Stored != 1 || day.Lines < 10 {
			w.t.Fatalf("%d lives, %d from stored orders, %d lines", len(day.Lives), day.Stored, day.Lines)
		}
		var said []string
		for _, l := range day.Lives { // in the order in which they were placed
			if l.Channel != "meituan" || l.Lines != 2 || l.Pieces != 3 || l.Placed < began.Add(-time.Minute).UnixMilli() || l.Placed > w.clk.Now().UnixMilli() {
				w.t.Errorf("a life: %+v", l)
			}
			said = append(said, sentence(l))
		}
		want := "bought, 1 more | remind, 1 more" + "; bought, lost | cancel" + "; bought, swapped | remind" + "; bought | refund_part | withdraw" + "; bought" + "; bought, late"
		if got := strings.Join(said, "; "); got != want {
			w.t.Errorf("the day was\n%s\nwant\n%s", got, want)
		}
		if late := day.Lives[5].Sent.Late; late < 59*time.Second || late > 3*time.Minute {
			w.t.Errorf("the last order was %v late", late)
		}
		native, err := w.sim.Order("11")
		w.must(err)
		text, _ := json.Marshal(day)
		for _, secret := range []string{native.Phone, native.Name, native.Address, "11"} {
			if strings.Contains(string(text), `"`+secret) {
				w.t.Errorf("%q is in the day", secret)
			}
		}
	})
}

// sentence says what a life was.
func sentence(l hub.Life) string {
	sent := func(what string, s hub.Sending) string {
		switch {
		case s.Lost:
			what += ", lost"
		case s.Swapped:
			what += ", swapped"
		case s.Late > 0:
			what += ", late"
		}
		if s.Doubled > 0 {
			what += ", " + string(rune('0'+s.Doubled)) + " more"
		}
		return what
	}
	out := sent("bought", l.Sent)
	for _, d := range l.Deeds {
		out += " | " + sent(d.Kind, d.Sent)
	}
	return out
}
