package hub_test

import (
	"context"
	"database/sql"
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib"
	_ "modernc.org/sqlite"

	"github.com/tongdan/tongdan/effect"
	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/internal/db"
	"github.com/tongdan/tongdan/internal/db/dbtest"
	"github.com/tongdan/tongdan/internal/hub"
	"github.com/tongdan/tongdan/internal/platform"
	"github.com/tongdan/tongdan/order"
)

// eachPlace is each, and gives beside the world what it takes to break its database: SQL
// on a connection of its own, and the options to open it again.
func eachPlace(t *testing.T, f func(w *shopWorld, raw *sql.DB, o db.Options)) {
	t.Parallel()
	run := func(t *testing.T, o db.Options, driver, dsn string) {
		t.Parallel()
		d := dbtest.Open(t, o)
		raw, err := sql.Open(driver, dsn)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { raw.Close() })
		o.Key = dbtest.Key
		f(newWorld(t, d), raw, o)
	}
	t.Run("sqlite", func(t *testing.T) {
		dir := dbtest.Dir(t)
		run(t, db.Options{Dir: dir}, "sqlite", "file:"+filepath.Join(dir, "tongdan.db")+"?_pragma=busy_timeout(10000)")
	})
	t.Run("postgres", func(t *testing.T) {
		url := dbtest.URL(t)
		run(t, db.Options{URL: url}, "pgx", url)
	})
}

// live makes a small day: orders that were accepted, refunded, cancelled, noted on, one
// message that cannot be read; and lets the lanes and the follower come to rest.
func (w *shopWorld) live() []string {
	w.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- w.hub.Run(ctx) }()
	var ids []string
	for i := range 6 {
		ids = append(ids, w.place(`{"app_poi_code":"`+[]string{"TEA001", "TEA002"}[i%2]+`"}`))
	}
	for _, id := range ids {
		w.until("the order arrives", func() bool { return w.status(id) == order.StatusNew })
	}
	for _, id := range ids[:5] {
		_, err := w.act(id, hub.Act{Kind: order.Accept})
		w.must(err)
	}
	for _, id := range ids[:5] {
		w.until("it is accepted", func() bool { return w.status(id) == order.StatusAccepted })
	}
	_, err := w.act(ids[0], hub.Act{Kind: order.Annotate, Text: "少冰"})
	w.must(err)
	w.must(w.sim.Do(ids[1], "ask_refund", map[string]any{"reason": "太慢了"}))
	w.until("the refund rings", func() bool { _, o, _, _ := w.row(ids[1]); return o.Has(order.FlagRefund) })
	_, err = w.act(ids[1], hub.Act{Kind: order.RefundApprove})
	w.must(err)
	w.until("the money goes back", func() bool { _, o, _, _ := w.row(ids[1]); return o.Axes.Payment == order.Refunded })
	_, err = w.act(ids[2], hub.Act{Kind: order.Cancel, ReasonCode: "2009"})
	w.must(err)
	w.until("it is cancelled", func() bool { return w.status(ids[2]) == order.StatusCancelled })
	w.until("nothing is left to do", func() bool {
		list, _, err := w.db.Effects(ctx, w.who.Scope, db.EffectFilter{States: []effect.State{effect.Sending, effect.Unknown}})
		w.must(err)
		for _, id := range ids {
			if !w.acknowledged(id) {
				return false
			}
		}
		return len(list) == 0
	})
	cancel()
	w.must(<-done)
	w.must(w.db.SealAll(w.t.Context(), time.Minute))
	_, err = w.db.Do(w.t.Context(), db.Verb{Name: "park", Merchant: w.who.Merchant, Decide: func(tx *db.Tx) error {
		e := tx.Journal(db.Entry{Direction: db.Push, What: "order.paid", Channel: "meituan", Outcome: "parked", Body: []byte("not a form")})
		tx.Park(db.ParkedRow{Channel: "meituan", What: "order.paid", Why: fault.Reason{Text: "a test"}, Size: 10, Entry: e})
		return nil
	}})
	w.must(err)
	w.follow()
	w.must(w.db.SealAll(w.t.Context(), time.Hour))
	return ids
}

func (w *shopWorld) follow() {
	w.t.Helper()
	for more := true; more; {
		var err error
		more, err = w.db.Step(w.t.Context(), w.who.Merchant)
		w.must(err)
	}
}

func verified(t *testing.T, h *hub.Hub, o hub.VerifyOptions) map[string]hub.VerifyCheck {
	t.Helper()
	rep, err := h.Verify(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]hub.VerifyCheck{}
	for _, c := range rep.Checks {
		out[c.Name] = c
	}
	return out
}

func holds(t *testing.T, h *hub.Hub, o hub.VerifyOptions) {
	t.Helper()
	for name, c := range verified(t, h, o) {
		if c.Bad > 0 {
			t.Errorf("%s: %d of %d do not hold: %+v", name, c.Bad, c.Looked, c.Examples)
		}
	}
}

// breaks are what SQL does to a database that holds, and the check that must see it.
// tables are put back afterwards.
var breaks = []struct {
	check, what string
	tables      []string
	sql         string
	repairs     bool // --repair puts it right
}{
	{"identity", "an order is an alias of another", []string{"aliases"}, `INSERT INTO aliases (merchant_id, realm, alias, order_id)
		SELECT merchant_id, realm, MAX(external_id), MIN(external_id) FROM orders GROUP BY merchant_id, realm`, false},
	{"identity", "an order was lost, its record is there", []string{"orders"}, `DELETE FROM orders WHERE id = (SELECT MIN(id) FROM orders)`, false},
	{"fold", "the status was changed", []string{"orders"}, `UPDATE orders SET status = 'done' WHERE id = (SELECT MIN(id) FROM orders)`, true},
	{"fold", "the order was given to another store", []string{"orders"}, `UPDATE orders SET store_id = 7 WHERE id = (SELECT MIN(id) FROM orders)`, true},
	{"fold", "an open order is read no more", []string{"orders"}, `UPDATE orders SET sweep_at = 0 WHERE status = 'accepted'`, true},
	{"fold", "what it is found by was emptied", []string{"orders"}, `UPDATE orders SET search = CAST('{}' AS BLOBTYPE) WHERE id = (SELECT MIN(id) FROM orders)`, true},
	{"money", "the issues were taken away and the record was changed", []string{"orders", "records"}, ``, false},
	{"reservations", "a reservation is missing", []string{"reservations"}, `DELETE FROM reservations WHERE order_id = (SELECT MIN(order_id) FROM reservations)`, true},
	{"reservations", "a reservation is too large", []string{"reservations"}, `UPDATE reservations SET quantity = quantity + 1 WHERE order_id = (SELECT MIN(order_id) FROM reservations)`, true},
	{"stock", "there is more on hand than was moved", []string{"levels"}, `INSERT INTO levels (merchant_id, store_id, sku_id, on_hand, reserved, changed_at) SELECT id, 5, 6, 1, 0, 0 FROM merchants`, false},
	{"stock", "more is reserved than orders keep", []string{"levels"}, `INSERT INTO levels (merchant_id, store_id, sku_id, on_hand, reserved, changed_at) SELECT id, 5, 6, 0, 1, 0 FROM merchants`, false},
	{"stock", "a channel may sell what is not there", []string{"levels", "offers"}, `INSERT INTO levels (merchant_id, store_id, sku_id, on_hand, reserved, changed_at) SELECT id, 5, 6, 0, 0, 0 FROM merchants;
		INSERT INTO offers (merchant_id, id, account_id, shop_id, store_id, sku_id, item, variation, code, known, may, shown, sending, effect_id, look_id, look_stage, look_n, look_may, look_taken, look_back,
		look_value, look_at, look_reads, pushed, pushed_at, seen, seen_at, beyond, fails, words)
		SELECT id, 9, 1, 1, 5, 6, 'x', '', 'c', 1, 1, 1, -1, 0, 0, 0, 0, 0, 0, 0, 0, 0, '', -1, 0, -1, 0, 0, 0, '' FROM merchants`, false},
	{"effects", "a final goal counts as open", []string{"effects"}, `UPDATE effects SET open = 1 WHERE id = (SELECT MIN(id) FROM effects WHERE open = 0)`, false},
	{"effects", "an open goal could be there twice", []string{"effects"}, `UPDATE effects SET generation = 5 WHERE id = (SELECT MIN(id) FROM effects WHERE open = 1)`, false},
	{"effects", "it is being sent and has no attempt", []string{"effects"}, `UPDATE effects SET state = 'sending', open = 1, generation = 0, key = 'x', attempt = NULL WHERE id = (SELECT MIN(id) FROM effects WHERE order_id <> 0)`, false},
	{"effects", "an additive call would be repeated", []string{"effects"}, `UPDATE effects SET nature = 'additive', called = 'lost', state = 'waiting', open = 1, generation = 0, key = 'x' WHERE id = (SELECT MIN(id) FROM effects WHERE order_id <> 0)`, false},
	{"effects", "its order is gone", []string{"effects"}, `UPDATE effects SET order_id = 5 WHERE id = (SELECT MIN(id) FROM effects WHERE order_id <> 0)`, false},
	{"parked", "the bytes are gone", []string{"journal"}, `UPDATE journal SET body = NULL WHERE id IN (SELECT entry_id FROM parked)`, false},
	{"parked", "the line is gone", []string{"journal"}, `DELETE FROM journal WHERE id IN (SELECT entry_id FROM parked)`, false},
	{"chain", "a line was changed", []string{"journal"}, `UPDATE journal SET outcome = 'done' WHERE id = (SELECT MIN(id) FROM journal WHERE direction = 'push')`, false},
	{"chain", "the sealed bytes were changed", []string{"journal"}, `UPDATE journal SET body = answer WHERE id = (SELECT MIN(id) FROM journal WHERE answer IS NOT NULL)`, false},
	{"chain", "a line was dropped", []string{"journal"}, `DELETE FROM journal WHERE id = (SELECT MAX(id) FROM journal)`, false},
	{"chain", "a line was inserted, of an hour ago", []string{"journal"}, `INSERT INTO journal SELECT id - 15099494400000, merchant_id, at, direction, what, channel, account_id, order_id, realm, kind, external_id, method, path, status,
		took_us, made_by, outcome, error, known, hash, size, answer_size, day, body, answer FROM journal WHERE id = (SELECT MIN(id) FROM journal)`, false},
	{"chain", "a link is missing", []string{"chain"}, `DELETE FROM chain WHERE n = 1`, false},
	{"chain", "a link was made anew", []string{"chain"}, `UPDATE chain SET at = at + 1 WHERE n = 1`, false},
	{"feed", "a change is missing", []string{"changes"}, `DELETE FROM changes WHERE seq = (SELECT MAX(seq) - 3 FROM changes)`, false},
	{"feed", "the counter was set back", []string{"feeds"}, `UPDATE feeds SET seq = seq - 1`, false},
	{"feed", "an order names an older change than was told", []string{"orders"}, `UPDATE orders SET seq = 0 WHERE id = (SELECT MAX(id) FROM orders)`, false},
	{"followed", "the follower missed a status", []string{"followed"}, `UPDATE followed SET status = 'unpaid' WHERE order_id = (SELECT MIN(order_id) FROM followed)`, true},
	{"followed", "a posting is missing", []string{"postings"}, `DELETE FROM postings WHERE order_id = (SELECT MIN(order_id) FROM postings)`, true},
	{"search", "a posting leads to the wrong order", []string{"postings"}, `UPDATE postings SET order_id = order_id + 1 WHERE order_id = (SELECT MIN(order_id) FROM postings) AND key LIKE 'n%'`, true},
	{"counts", "a count is off by one", []string{"counts"}, `UPDATE counts SET n = n + 1 WHERE n = (SELECT MAX(n) FROM counts)`, true},
}

func TestVerifyNamesWhatWasBroken(t *testing.T) {
	eachPlace(t, func(w *shopWorld, raw *sql.DB, o db.Options) {
		t, ctx := w.t, w.t.Context()
		w.live()
		holds(t, w.hub, hub.VerifyOptions{Window: 2}) // many windows
		exec := func(text string) {
			t.Helper()
			if w.db.Engine() == "postgres" {
				text = strings.ReplaceAll(text, "CAST('{}' AS BLOBTYPE)", `'{}'::bytea`)
			}
			if _, err := raw.ExecContext(ctx, strings.ReplaceAll(text, "BLOBTYPE", "BLOB")); err != nil {
				w.t.Fatalf("%s: %v", text, err)
			}
		}
		for _, b := range breaks {
			for _, table := range b.tables {
				exec(`CREATE TABLE kept_` + table + ` AS SELECT * FROM ` + table)
			}
			if b.sql != "" {
				exec(b.sql)
			} else {
				breakMoney(t, raw)
			}
			got := verified(t, w.hub, hub.VerifyOptions{Checks: []string{b.check}})
			if c := got[b.check]; c.Bad == 0 || len(c.Examples) == 0 || c.Examples[0].What == "" {
				t.Errorf("%s: %s is not seen", b.check, b.what)
			} else {
				t.Logf("%s: %s: %+v", b.check, b.what, c.Examples[0])
			}
			if b.repairs {
				if c := verified(t, w.hub, hub.VerifyOptions{Checks: []string{b.check}, Repair: true})[b.check]; c.Bad != 0 || c.Repaired == "" {
					t.Errorf("%s: %s was not repaired: %+v", b.check, b.what, c)
				}
			}
			for _, table := range b.tables {
				if !b.repairs {
					exec(`DELETE FROM ` + table)
					exec(`INSERT INTO ` + table + ` SELECT * FROM kept_` + table)
				}
				exec(`DROP TABLE kept_` + table)
			}
			w.follow()
		}
		holds(t, w.hub, hub.VerifyOptions{})

		// beside the one that serves, only to read
		d, err := db.OpenReader(ctx, o)
		if err != nil {
			w.t.Fatal(err)
		}
		defer d.Close()
		h := hub.New(hub.Options{DB: d, Platforms: platform.All(), NoLanes: true})
		holds(t, h, hub.VerifyOptions{})
		if _, err := h.Verify(ctx, hub.VerifyOptions{Repair: true, Checks: []string{"nonsense"}}); err == nil {
			t.Error("a check that does not exist was looked at")
		}

		// a sale that is here twice: the constraint has to go first
		if w.db.Engine() == "postgres" {
			exec(`ALTER TABLE orders DROP CONSTRAINT orders_external`)
		} else {
			exec(`CREATE TABLE orders_copy AS SELECT * FROM orders`)
			exec(`DROP TABLE orders`)
			exec(`ALTER TABLE orders_copy RENAME TO orders`)
		}
		exec(`CREATE TABLE twin AS SELECT * FROM orders WHERE id = (SELECT MIN(id) FROM orders)`)
		exec(`UPDATE twin SET id = id + 1`)
		exec(`INSERT INTO orders SELECT * FROM twin`)
		if c := verified(t, h, hub.VerifyOptions{Checks: []string{"identity"}})["identity"]; c.Bad != 1 || !strings.Contains(c.Examples[0].Got, "2 orders") {
			t.Errorf("an order that is here twice is not named: %+v", c)
		}
	})
}

// breakMoney makes the bill of one order wrong without an issue: it writes what a lost
// discount would leave.
func breakMoney(t *testing.T, raw *sql.DB) {
	t.Helper()
	var rec order.Record
	var bill order.Bill
	if err := json.Unmarshal([]byte(`{"lines":[{"key":"1","name":"x","quantity":1,"price":{"minor":100,"digits":2,"currency":"CNY"},"total":{"minor":100,"digits":2,"currency":"CNY"}}],"total":{"minor":900,"digits":2,"currency":"CNY"}}`), &bill); err != nil {
		t.Fatal(err)
	}
	order.Put(&rec, order.RegBill, order.Stamp{Version: 1}, bill)
	doc, err := json.Marshal(rec)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := raw.Exec(`UPDATE records SET doc = $1 WHERE kind = 'order' AND external_id = (SELECT MIN(external_id) FROM orders)`, doc); err != nil {
		t.Fatal(err)
	}
}
