package hub_test

import (
	"database/sql"
	"encoding/json"
	"slices"
	"testing"
	"time"

	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/ident"
	"github.com/tongdan/tongdan/internal/db"
	"github.com/tongdan/tongdan/internal/hub"
	"github.com/tongdan/tongdan/order"
)

func TestAStatementSaysWhetherThePlatformsCountIsOurs(t *testing.T) {
	eachPlace(t, func(w *shopWorld, raw *sql.DB, _ db.Options) {
		t, ctx := w.t, w.t.Context()
		w.sameDay()
		var ids []string
		for i := range 6 { // pushes are taken in though no lane runs
			ids = append(ids, w.place(`{"app_poi_code":"`+[]string{"TEA001", "TEA002"}[i%2]+`"}`))
		}
		for _, id := range ids {
			w.until("the order arrives", func() bool { return w.status(id) == order.StatusNew })
		}
		w.must(w.db.SealAll(ctx, time.Minute))
		var shop db.ShopRow
		for _, s := range w.db.Rows(w.who.Merchant).Shops {
			if s.External == "TEA001" {
				shop = s
			}
		}
		state := func() (db.StatementRow, hub.Statement) {
			t.Helper()
			row, err := w.hub.MakeStatement(ctx, w.who, shop.ID, "")
			w.must(err)
			list, err := w.hub.Signed(ctx, row)
			w.must(err)
			if !list[0].Good {
				t.Error("its own signature is not good")
			}
			return row, list[0].Statement
		}
		_, st := state()
		if st.Verdict != hub.Agrees || st.Platform.Orders != 3 || st.Ours.Orders != 3 || st.Ours.Hash != st.Platform.Hash || st.Closed || len(st.PushOnly) == 0 || st.Audit.N == 0 || st.RepairedAll != 0 {
			t.Errorf("a day on which nothing was lost: %+v", st)
		}
		// A push is lost and nobody pulls: the statement names the order. Then a read brings it.
		w.must(w.sim.Configure(json.RawMessage(`{"callback":""}`)))
		lost := w.place(`{"app_poi_code":"TEA001"}`)
		_, st = state()
		if st.Verdict != hub.Differs || st.Platform.Orders != 4 || st.Ours.Orders != 3 || !slices.Equal(st.Missing, []string{lost}) {
			t.Errorf("a lost order: %+v", st)
		}
		w.run()
		w.until("the pull finds it", func() bool { _, _, _, ok := w.row(lost); return ok })
		_, st = state()
		if st.Verdict != hub.Agrees || st.RepairedAll != 1 || st.Repaired[0].Order != lost || st.Repaired[0].How != "day_number" {
			t.Errorf("an order that was found by its number: %+v", st)
		}
		if _, err := raw.ExecContext(ctx, `UPDATE orders SET external_id = 'twin' WHERE external_id = $1`, ids[0]); err != nil {
			w.t.Fatal(err)
		}
		row, st := state()
		if st.Verdict != hub.Differs || !slices.Equal(st.Missing, []string{ids[0]}) || !slices.Equal(st.Extra, []string{"twin"}) {
			t.Errorf("an order under a wrong number: %+v", st)
		}
		list, _, err := w.db.Statements(ctx, w.who.Scope, db.StatementFilter{Shop: shop.ID, Day: st.Day})
		w.must(err)
		all, _, err := w.db.Statements(ctx, w.who.Scope, db.StatementFilter{All: true})
		w.must(err)
		if len(list) != 1 || list[0].ID != row.ID || len(all) != 4 {
			t.Errorf("%d of this day and %d in all, want the newest and 4", len(list), len(all))
		}
		other := db.Scope{Merchant: w.who.Merchant, Stores: []ident.Store{7}}
		if seen, _, err := w.db.Statements(ctx, other, db.StatementFilter{}); err != nil || len(seen) != 0 {
			t.Errorf("another store sees %d statements, %v", len(seen), err)
		}
		stranger := w.who
		stranger.Stores = other.Stores
		if _, err := w.hub.MakeStatement(ctx, stranger, shop.ID, ""); !fault.Is(err, fault.NotFound) {
			t.Errorf("another store makes one: %v", err)
		}
		if _, err := w.hub.MakeStatement(ctx, w.who, shop.ID, "2099-01-01"); !fault.Is(err, fault.Invalid) {
			t.Errorf("a day that has not come: %v", err)
		}
		for _, b := range []string{`UPDATE statements SET verdict = 'agrees' WHERE verdict = 'differs'`, `UPDATE statements SET signature = doc`} {
			if c := verified(t, w.hub, hub.VerifyOptions{Checks: []string{"statements"}})["statements"]; b[22] == 'v' && c.Bad != 0 {
				t.Errorf("statements do not hold: %+v", c)
			}
			if _, err := raw.ExecContext(ctx, b); err != nil {
				w.t.Fatal(err)
			}
			if c := verified(t, w.hub, hub.VerifyOptions{Checks: []string{"statements"}})["statements"]; c.Bad == 0 {
				t.Errorf("%s is not seen", b)
			}
		}
	})
}
