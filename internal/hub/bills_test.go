package hub_test

import (
	"strings"
	"testing"
	"time"

	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/ident"
	"github.com/tongdan/tongdan/internal/db"
	"github.com/tongdan/tongdan/internal/hub"
	"github.com/tongdan/tongdan/money"
	"github.com/tongdan/tongdan/order"
)

// A statement is compared to the cent with what the platform said when each order was placed; what is not here is
// named; whoever may not see money sees none, and the same file is not read twice.
func TestAStatementIsComparedToTheCent(t *testing.T) {
	each(t, func(w *shopWorld) {
		ctx := w.t.Context()
		w.run()
		same, _ := acceptedOrder(w, `{"app_poi_code":"TEA001","logistics_code":"0000"}`)
		other, oid := acceptedOrder(w, `{"app_poi_code":"TEA001","logistics_code":"0000"}`)
		income := func(id string) int64 {
			_, o, _, _ := w.row(id)
			if o.Bill == nil || o.Bill.Income == nil {
				w.t.Fatalf("order %s has no income: %+v", id, o.Bill)
			}
			return o.Bill.Income.Minor()
		}
		yuan := func(fen int64) string { return money.Of(fen, "CNY").Text() }
		file := []byte("订单号,下单时间,商家实收\n" + same + ",2026-11-01," + yuan(income(same)) + "\n" + other + ",2026-11-01," + yuan(income(other)+1) + "\n99999999999999999,2026-11-01,5.00\n")
		b, err := w.hub.ReadBill(ctx, w.who, "meituan", "十一月.csv", file)
		w.must(err)
		if b.Lines != 3 {
			t.Errorf("%+v", b)
		}
		list, err := w.db.BillOrders(ctx, w.who.Scope, "2026-11-01", "2026-11-01", "meituan", false, 10)
		w.must(err)
		states := map[string]string{}
		for _, o := range list {
			states[o.Ref] = o.State
			if o.Ref == other && (o.Net-o.Expected != 1 || o.Order != oid || o.Store != w.store()) {
				t.Errorf("the cent is lost: %+v", o)
			}
		}
		if states[same] != hub.BillSame || states[other] != hub.BillDiffers || states["99999999999999999"] != hub.BillUnknown {
			t.Errorf("%v", states)
		}
		days, err := w.db.BillDays(ctx, w.who.Scope, "2026-11-01", "2026-11-30")
		w.must(err)
		if len(days) != 2 || days[0].Differ+days[1].Differ != 2 || days[0].Net+days[1].Net != income(same)+income(other)+501 {
			t.Errorf("%+v", days)
		}
		if _, err := w.hub.ReadBill(ctx, w.who, "meituan", "again.csv", file); !fault.Is(err, fault.Conflict) {
			t.Errorf("the same file again: %v", err)
		}
		clerk := w.who
		clerk.Role = "store_manager"
		if _, err := w.hub.ReadBill(ctx, clerk, "meituan", "x.csv", file); !fault.Is(err, fault.Forbidden) {
			t.Errorf("a store manager reads a statement in: %v", err)
		}
		elsewhere := db.Scope{Merchant: w.who.Merchant, Stores: []ident.Store{1}}
		if seen, err := w.db.BillDays(ctx, elsewhere, "2026-11-01", "2026-11-30"); err != nil || len(seen) != 0 {
			t.Errorf("another store sees %+v, %v", seen, err)
		}
		w.must(w.hub.DropBill(ctx, w.who, b.ID))
		if list, err := w.db.BillOrders(ctx, w.who.Scope, "2026-11-01", "2026-11-30", "", false, 10); err != nil || len(list) != 0 {
			t.Errorf("taken back, there is %+v, %v", list, err)
		}
	})
}

// Statements overlap, and a platform gives one of a store as well as of all: nothing is summed twice, an order that a
// later statement has is not missing, and of stores that a statement does not name nothing is.
func TestStatementsThatOverlapCountOnce(t *testing.T) {
	each(t, func(w *shopWorld) {
		ctx := w.t.Context()
		w.run()
		second, err := w.hub.PutStore(ctx, w.who, db.StoreRow{Name: "国贸店", Zone: "Asia/Shanghai"})
		w.must(err)
		shop := w.shop("TEA002")
		shop.Store = second.ID
		_, err = w.hub.PutShop(ctx, w.who, shop)
		w.must(err)
		var refs []string
		for _, code := range []string{"TEA001", "TEA001", "TEA002"} {
			ref, _ := acceptedOrder(w, `{"app_poi_code":"`+code+`","logistics_code":"0000"}`)
			w.must(w.sim.Do(ref, "complete", nil))
			w.until("done", func() bool { return w.status(ref) == order.StatusDone })
			refs = append(refs, ref)
		}
		day := w.clk.Now().In(time.FixedZone("CST", 8*3600)).Format(time.DateOnly)
		read := func(name string, lines ...string) {
			_, err := w.hub.ReadBill(ctx, w.who, "meituan", name, []byte("订单号,账单日期,商家实收\n"+strings.Join(lines, "\n")+"\n"))
			w.must(err)
		}
		states := func() map[string]string {
			out := map[string]string{}
			list, err := w.db.BillOrders(ctx, w.who.Scope, day, day, "", false, 10)
			w.must(err)
			for _, o := range list {
				if out[o.Ref] != "" {
					t.Errorf("%s stands twice", o.Ref)
				}
				out[o.Ref] = o.State
			}
			return out
		}
		read("店.csv", refs[0]+","+day+",1.00")
		if got := states(); len(got) != 2 || got[refs[1]] != hub.BillAbsent {
			t.Errorf("of the statement of one store: %v; the first is %s", got, refs[0])
		}
		read("店 2.csv", refs[0]+","+day+",1.01")
		read("月.csv", refs[0]+","+day+",2.00", refs[1]+","+day+",3.00", refs[2]+","+day+",4.00")
		if got := states(); len(got) != 3 || got[refs[1]] == hub.BillAbsent {
			t.Errorf("with the month: %v", got)
		}
		days, err := w.db.BillDays(ctx, w.who.Scope, day, day)
		w.must(err)
		sum := int64(0)
		for _, d := range days {
			sum += d.Net
		}
		if sum != 900 {
			t.Errorf("the statements come to %d: %+v", sum, days)
		}
	})
}
