package hub_test

import (
	"database/sql"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
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

// TestDaysAreCountedByThemselves lets a day end: its statement is made without anybody asking,
// and those of the days before are made up for. A shop whose count the platform refuses keeps
// no other from its own, and before its day is too old a statement says that it cannot be verified.
func TestDaysAreCountedByThemselves(t *testing.T) {
	eachPlace(t, func(w *shopWorld, raw *sql.DB, _ db.Options) {
		t, ctx := w.t, w.t.Context()
		w.sameDay()
		day := w.clk.Now().In(time.FixedZone("", 8*60*60))
		id := w.place(`{"app_poi_code":"TEA002"}`)
		w.until("the order arrives", func() bool { return w.status(id) == order.StatusNew })
		late := time.Date(day.Year(), day.Month(), day.Day()+1, 21, 30, 0, 0, day.Location())
		w.clk.Advance(late.Sub(w.clk.Now()))
		api := w.sim.API()
		broken := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
			if strings.Contains(r.URL.Path, "DaySeq") && r.URL.Query().Get("app_poi_code") == "TEA001" {
				io.WriteString(rw, `{"data":"ng","error":{"code":4711,"msg":"门店已冻结"}}`)
				return
			}
			api.ServeHTTP(rw, r)
		}))
		t.Cleanup(broken.Close)
		w.app.BaseURL = broken.URL
		_, err := w.hub.PutApp(ctx, w.who, w.app)
		w.must(err)
		_, err = raw.ExecContext(ctx, `UPDATE effects SET next_at = 0 WHERE kind = 'count'`) // it looks every ten minutes
		w.must(err)
		w.run()

		made := func(shop string) map[string]hub.Statement {
			out := map[string]hub.Statement{}
			for _, s := range w.db.Rows(w.who.Merchant).Shops {
				if s.External != shop {
					continue
				}
				rows, _, err := w.db.Statements(ctx, w.who.Scope, db.StatementFilter{Shop: s.ID, All: true})
				w.must(err)
				list, err := w.hub.Signed(ctx, rows...)
				w.must(err)
				for _, x := range list {
					out[x.Statement.Day] = x.Statement
				}
			}
			return out
		}
		before := func(days int) string { return day.AddDate(0, 0, -days).Format(time.DateOnly) }
		w.until("the other shop's days are counted", func() bool { return len(made("TEA002")) == 3 })
		for n := range 3 {
			if st := made("TEA002")[before(n)]; st.Verdict != hub.Agrees || st.MadeBy != "schedule" || !st.Closed || st.Platform.Orders != 1-min(n, 1) {
				t.Errorf("%s: %+v", before(n), st)
			}
		}
		refused := made("TEA001")
		if st := refused[before(2)]; len(refused) != 1 || st.Verdict != hub.Unverifiable || st.Cannot == nil || !strings.Contains(st.Cannot.EN, "did not give its count") {
			t.Errorf("the shop that cannot be counted: %+v", refused)
		}
	})
}
