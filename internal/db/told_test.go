package db_test

import (
	"maps"
	"testing"
	"time"

	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/ident"
	"github.com/tongdan/tongdan/internal/db"
	"github.com/tongdan/tongdan/internal/db/dbtest"
)

// What a person keeps (devices, printers, rules, riders, couriers, statements) changes together
// with the line that tells of it: both are there, or neither.
func TestWhatAPersonKeepsChangesTogetherWithItsLine(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ctx, m := t.Context(), brand(t, d)
		line := func(what, id string) db.Entry {
			return db.Entry{Direction: db.Act, What: what, By: "usr_1", Outcome: id}
		}
		want := map[string]string{} // what was done → with what
		must := func(what, id string, err error) {
			t.Helper()
			if err != nil {
				t.Errorf("%s: %v", what, err)
			}
			want[what] = id
		}
		refused := func(what string, err error, code fault.Code) {
			t.Helper()
			if !fault.Is(err, code) {
				t.Errorf("%s: %v, want %v", what, err, code)
			}
		}

		must("code", "", d.AddPairing(ctx, db.PairingRow{Hash: []byte("screen"), Code: "K7M2Q9", Kind: "kitchen_screen", Expires: time.Now().Add(time.Minute).UnixMilli()}))
		delete(want, "code")
		pair := func(v db.DeviceRow) db.Entry { return line("pair "+v.Kind, v.ID.String()) }
		v, err := d.Pair(ctx, "K7M2Q9", db.DeviceRow{Merchant: m, Store: 1, Name: "后厨"}, pair)
		must("pair kitchen_screen", v.ID.String(), err)
		_, err = d.Pair(ctx, "K7M2Q9", db.DeviceRow{Merchant: m, Store: 1, Name: "后厨"}, pair)
		refused("a code that is used up", err, fault.NotFound)
		must("change", v.ID.String(), d.SetDevice(ctx, v, line("change", v.ID.String())))
		must("revoke", v.ID.String(), d.Revoke(ctx, m, v.ID, line("revoke", v.ID.String())))
		refused("changing what was revoked", d.SetDevice(ctx, v, line("change nothing", "")), fault.NotFound)
		refused("revoking it again", d.Revoke(ctx, m, v.ID, line("revoke nothing", "")), fault.NotFound)

		p, err := d.PutPrinter(ctx, db.PrinterRow{Merchant: m, Store: 1, Kind: "escpos", Name: "小票", Doc: []byte("{}")}, func(p db.PrinterRow) db.Entry { return line("printer", p.ID.String()) })
		must("printer", p.ID.String(), err)
		must("no printer", p.ID.String(), d.DeletePrinter(ctx, m, p.ID, line("no printer", p.ID.String())))
		refused("deleting it again", d.DeletePrinter(ctx, m, p.ID, line("delete nothing", "")), fault.NotFound)

		rule := db.RuleRow{Merchant: m, Store: 1, Kind: "accept", Doc: []byte("{}")}
		_, err = d.PutRule(ctx, rule, 0, line("rule", "1"))
		must("rule", "1", err)
		_, err = d.PutRule(ctx, rule, 0, line("rule of nobody", ""))
		refused("a rule that was changed meanwhile", err, fault.Conflict)

		r, err := d.PutRider(ctx, m, db.RiderRow{Store: 1, Name: "老李", Phone: "13600000001"}, func(r db.RiderRow) db.Entry { return line("rider", r.ID.String()) })
		must("rider", r.ID.String(), err)
		must("link", r.ID.String(), d.PutRiderLink(ctx, m, r.ID, []byte("link"), time.Now().Add(time.Hour), line("link", r.ID.String())))
		r.Disabled = true
		_, err = d.PutRider(ctx, m, r, func(r db.RiderRow) db.Entry { return line("rider off", r.ID.String()) })
		must("rider off", r.ID.String(), err)
		r.Disabled = false
		_, err = d.PutRider(ctx, m, r)
		if err != nil {
			t.Fatal(err)
		}
		_, _, err = d.RiderOf(ctx, []byte("link"))
		refused("the link of a rider who was off", err, fault.NotFound)

		c, err := d.PutCourier(ctx, db.CourierRow{Merchant: m, Kind: "dada", Name: "达达"}, func(c db.CourierRow) db.Entry { return line("courier", c.ID.String()) })
		must("courier", c.ID.String(), err)

		read := func(b db.BillRow) db.Entry { return line("bill", b.ID.String()) }
		b, err := d.PutBill(ctx, m, db.BillRow{Channel: "meituan", Name: "十一月.csv", Hash: []byte("sum")}, nil, read)
		must("bill", b.ID.String(), err)
		_, err = d.PutBill(ctx, m, db.BillRow{Channel: "meituan", Name: "again.csv", Hash: []byte("sum")}, nil, read)
		refused("the same statement again", err, fault.Conflict)
		must("no bill", b.ID.String(), d.DropBill(ctx, m, b.ID, line("no bill", b.ID.String())))
		refused("dropping it again", d.DropBill(ctx, m, ident.Bill(7), line("drop nothing", "")), fault.NotFound)

		list, err := d.Lines(ctx, m, 0, 100)
		if err != nil {
			t.Fatal(err)
		}
		got := map[string]string{}
		for _, e := range list {
			if _, twice := got[e.What]; twice {
				t.Errorf("two lines tell of %q", e.What)
			}
			got[e.What] = e.Outcome
		}
		if !maps.Equal(got, want) {
			t.Errorf("the journal tells of %v, want %v", got, want)
		}
	})
}
