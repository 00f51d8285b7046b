package hub_test

import (
	"context"
	"fmt"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tongdan/tongdan/effect"
	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/ident"
	"github.com/tongdan/tongdan/internal/db"
	"github.com/tongdan/tongdan/internal/db/dbtest"
	"github.com/tongdan/tongdan/internal/hub"
	"github.com/tongdan/tongdan/internal/sim/printers"
	"github.com/tongdan/tongdan/order"
)

// What a printer cannot print comes out on its stand-in: once, in order, marked, with what
// calls it back; what comes later goes there too, until the printer is well. What may be out
// already stays with a person.
func TestAStandInPrintsOnceAndInOrder(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		t.Parallel()
		w := paperAt(t, d)
		own, other := w.add(printers.ESCPOS, false), w.add(printers.Yilianyun, false)
		other.Credentials = nil
		other, err := w.hub.PutPrinter(t.Context(), w.who, other, hub.PrinterSettings{Columns: 32})
		w.must(err)
		set := func(p db.PrinterRow, to ident.Printer) error {
			p.Credentials = nil
			_, err := w.hub.PutPrinter(t.Context(), w.who, p, hub.PrinterSettings{Columns: 32, Prints: hub.UsualPrints, StandIn: to, StandInAfter: 5})
			return err
		}
		if err := set(own, own.ID); !fault.Is(err, fault.Invalid) {
			t.Errorf("it stands in for itself: %v", err)
		}
		w.must(set(own, other.ID))
		w.loseAnswer(printers.ESCPOS)
		w.run()
		maybe := w.enter(w.tea("maybe", 1))
		w.comes(printers.ESCPOS, 1)
		w.until("a person is asked", func() bool { return w.tickets(maybe.Order)[0].State == effect.Person })

		w.sim.Device(printers.ESCPOS).Paper(false)
		began := time.Now()
		var orders []ident.Order
		for i := range 3 {
			orders = append(orders, w.enter(w.tea(fmt.Sprint(i), 1)).Order)
		}
		w.until("the first has been tried", func() bool { return w.tickets(orders[0])[0].Words != "" })
		if n := len(w.paper(printers.Yilianyun)); n != 0 && time.Since(began) < 5*time.Second {
			t.Fatalf("%d slips at once", n)
		}
		for i, s := range w.comes(printers.Yilianyun, 3) {
			if !slices.Contains(s.Codes, orders[i].String()) || !strings.Contains(s.Text(), "代打："+own.Name) {
				t.Errorf("slip %d is of %q and reads\n%s", i, s.Codes, s.Text())
			}
		}
		list, err := w.hub.Printers(t.Context(), w.who)
		w.must(err)
		if i := slices.IndexFunc(list, func(p hub.PrinterState) bool { return p.Row.ID == own.ID }); list[i].On != other.Name || list[i].Since == 0 {
			t.Errorf("the printer is said to be %+v", list[i])
		}
		later := w.enter(w.tea("later", 1))
		w.comes(printers.Yilianyun, 4)
		w.does(later.Order, hub.Act{Kind: order.Cancel, Reason: "不要了"})
		if text := w.comes(printers.Yilianyun, 5)[4].Text(); !strings.Contains(text, "取消单") {
			t.Errorf("what calls it back reads\n%s", text)
		}

		w.sim.Device(printers.ESCPOS).Paper(true)
		w.until("it is well", func() bool {
			list, err := w.hub.Printers(t.Context(), w.who)
			w.must(err)
			return !slices.ContainsFunc(list, func(p hub.PrinterState) bool { return p.On != "" || p.Since > 0 })
		})
		w.enter(w.tea("back", 1))
		w.comes(printers.ESCPOS, 2)
		w.comes(printers.Yilianyun, 5)
	})
}

// A printer that takes the connection and says nothing keeps its first ticket busy for most of
// the time. Those behind it do not pass it on their way to the stand-in.
func TestNoTicketPassesAnotherOnItsWayToAStandIn(t *testing.T) {
	both(t, func(t *testing.T, d *db.DB) {
		w := paperAt(t, d)
		var deaf net.ListenConfig
		l, err := deaf.Listen(context.Background(), "tcp", "127.0.0.1:0")
		w.must(err)
		t.Cleanup(func() { l.Close() })
		other := w.add(printers.Yilianyun, false)
		other.Credentials = nil
		_, err = w.hub.PutPrinter(t.Context(), w.who, other, hub.PrinterSettings{Columns: 32})
		w.must(err)
		row := db.PrinterRow{Store: w.store.ID, Kind: printers.ESCPOS, Name: "后厨", Address: l.Addr().String()}
		_, err = w.hub.PutPrinter(t.Context(), w.who, row, hub.PrinterSettings{Columns: 32, Prints: hub.UsualPrints, StandIn: other.ID, StandInAfter: 5})
		w.must(err)
		w.run()
		var orders []ident.Order
		for i := range 4 {
			orders = append(orders, w.enter(w.tea(fmt.Sprint(i), 1)).Order)
		}
		for i, s := range w.comes(printers.Yilianyun, len(orders)) {
			if !slices.Contains(s.Codes, orders[i].String()) {
				t.Errorf("slip %d is of %q", i, s.Codes)
			}
		}
	})
}
