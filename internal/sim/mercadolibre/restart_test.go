package mercadolibre

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tongdan/tongdan/internal/sim"
)

func TestKilledSimulatorGoesOnWhereItStopped(t *testing.T) {
	path := filepath.Join(t.TempDir(), "book")
	book, err := sim.OpenBook(path)
	if err != nil {
		t.Fatal(err)
	}
	w := newWorld(t, func(o *Options) { o.Book = book })
	w.answers(http.StatusServiceUnavailable)
	p := w.place(`{"seller_id":700000001,"order_items":[{"item":{"id":"MLB4000001004"},"quantity":5}]}`)
	late := w.place(`{"seller_id":700000001,"pending":true}`)
	cancelled := w.place(`{"seller_id":700000001}`)
	w.call("POST", "/orders/"+cancelled.Orders[0].String()+"/feedback", `{"fulfilled":false,"rating":"neutral","message":"x","reason":"OUT_OF_STOCK"}`)
	if err := w.s.Configure(func(c *Config) { c.HideCancelled = true }); err != nil {
		t.Fatal(err)
	}
	_, refresh, err := w.s.Tokens(mexico)
	if err != nil {
		t.Fatal(err)
	}
	w.clock.Settle()
	_, before, _ := w.call("GET", "/orders/"+p.Orders[0].String(), "")
	_, shipBefore, _ := w.call("GET", "/shipments/"+p.Shipment.String(), "")
	token := w.token
	w.api.Close()
	w.s.Close() // the book is not closed: what a kill would leave is in the file

	book2, err := sim.OpenBook(path)
	if err != nil {
		t.Fatal(err)
	}
	w2 := newWorld(t, func(o *Options) { o.Book = book2 })
	w2.token = token
	if _, after, _ := w2.call("GET", "/orders/"+p.Orders[0].String(), ""); string(after) != string(before) {
		t.Errorf("order before\n%s\nafter\n%s", before, after)
	}
	if _, after, _ := w2.call("GET", "/shipments/"+p.Shipment.String(), ""); string(after) != string(shipBefore) {
		t.Errorf("shipment before\n%s\nafter\n%s", shipBefore, after)
	}
	w2.want(w2.get("/items/MLB4000001004"), "available_quantity", "495")
	w2.want(w2.order(cancelled.Orders[0]), "status", "cancelled")
	if c := w2.s.Tally(cancelled.Orders[0].String())["cancel"]; c.Changes != 1 {
		t.Errorf("the count of cancellations was forgotten: %+v", c)
	}
	if !w2.s.Config().HideCancelled {
		t.Error("the configuration was forgotten")
	}
	w2.clock.Advance(time.Minute)
	if got := w2.notices(); !slices.Contains(got, "orders_v2 /orders/"+p.Orders[0].String()) {
		t.Errorf("notifications that were refused before the kill were forgotten: %v", got)
	}
	w2.want(w2.ship(p.Shipment), "substatus", "ready_to_print")
	w2.clock.Advance(73 * time.Hour)
	w2.as(brazil).want(w2.order(late.Orders[0]), "status", "cancelled")
	if status, m := w2.grant("grant_type", "refresh_token", "refresh_token", refresh); status != 200 {
		t.Errorf("the refresh token was forgotten: %v", m)
	}
	if again := w2.place(`{"seller_id":700000001}`); again.Orders[0] == p.Orders[0] || again.Shipment == p.Shipment {
		t.Error("an id was given twice")
	}
}

func TestHistoryIsPlacedFastAndStaysAsGiven(t *testing.T) {
	w := newWorld(t)
	const n = 2000
	begin := time.Now()
	for i := range n {
		created := time.Date(2017, 1, 1, 12, 0, 0, 0, time.UTC).Add(time.Duration(i) * time.Hour)
		raw := fmt.Sprintf(`{"history":true,"quiet":true,"order":{"id":%d,"date_created":%q,"seller":{"id":700000001},
			"order_items":[{"item":{"id":"","title":"x","seller_sku":"sku-%d"},"quantity":1,"unit_price":129.9}],
			"payments":[{"transaction_amount":100,"status":"approved","payment_type":"credit_card"},{"transaction_amount":29.9,"shipping_cost":15.1,"status":"approved","payment_type":"ticket"}]},
			"shipment":{"lead_time":{"cost":15.1},"sla":{"expected_date":%q},"destination":{"shipping_address":{"zip_code":"89595000"}}}}`,
			2000001000000000+i, created.Format(time.RFC3339), i, created.AddDate(0, 0, 4).Format(time.RFC3339))
		p, err := w.s.PlaceJSON(json.RawMessage(raw))
		if err != nil {
			t.Fatal(err)
		}
		if err := w.s.Act(p.Orders[0], "ship", ActArgs{At: stampAt(created.AddDate(0, 0, 2)), Force: true, Quiet: true}); err != nil {
			t.Fatal(err)
		}
		if err := w.s.Act(p.Orders[0], "deliver", ActArgs{At: stampAt(created.AddDate(0, 0, 9)), Quiet: true}); err != nil {
			t.Fatal(err)
		}
	}
	if took := time.Since(begin); took > 10*time.Second {
		t.Errorf("%d sales took %v", n, took)
	} else {
		t.Logf("%d sales with two moves each took %v", n, took)
	}
	w.clock.Advance(30 * 24 * time.Hour)
	w.as(brazil)
	o := w.order(2000001000000000)
	for path, want := range map[string]any{
		"status": "paid", "date_created": "2017-01-01T08:00:00.000-04:00", "total_amount": "129.9", "paid_amount": "145", "payments.1.total_paid_amount": "45", "last_updated": "2017-01-10T08:00:00.000-04:00",
	} {
		w.want(o, path, want)
	}
	sh, _ := parseID(at(o, "shipping.id").(string))
	w.want(w.ship(sh), "status", "delivered")
	w.want(w.ship(sh), "last_updated", "2017-01-10T08:00:00.000-04:00")
	w.want(w.get("/shipments/"+sh.String()+"/sla"), "status", "early")
	w.want(w.get("/orders/search?seller=700000001"), "paging.total", fmt.Sprint(n))
	if got := w.notices(); len(got) != 0 {
		t.Errorf("quiet history was announced: %v", got[:1])
	}
}

func TestCrowdKeepsBuyingWithinBounds(t *testing.T) {
	clock := sim.NewClock(start, 0)
	s, err := New(Options{Clock: clock, Seed: 3})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	c := &crowd{s: s, o: LiveOptions{RatePerMinute: 0.3, Keep: 300, PrintForSeller: true}, r: rand.New(rand.NewPCG(3, 1)), sellers: s.sellersOn([]string{"MLB", "MLM", "MCO"}), last: clock.Now()}
	for range 4 * 24 * 12 { // four days in steps of five minutes
		clock.Advance(5 * time.Minute)
		if err := c.turn(clock.Now()); err != nil {
			t.Fatal(err)
		}
	}
	st := s.state().(map[string]any)
	byOrder, byShip := st["order_status"].(map[string]int), st["shipment_status"].(map[string]int)
	t.Log(byOrder, byShip)
	if byOrder["paid"] == 0 || byOrder["cancelled"] == 0 || byShip["delivered"] == 0 || byShip["shipped"] == 0 {
		t.Errorf("orders %v, shipments %v: something never happened", byOrder, byShip)
	}
	open := 0
	for _, n := range []string{"pending", "handling", "ready_to_ship", "shipped"} {
		open += byShip[n]
	}
	if n := st["orders"].(int); n > 300+2*open+200 {
		t.Errorf("%d orders are kept, %d parcels open", n, open)
	}
	s.mu.Lock()
	timers, payments := len(s.timers), len(s.payOf)
	s.mu.Unlock()
	if timers > 6*open+100 || payments > 4*st["orders"].(int) {
		t.Errorf("%d timers for %d open parcels, %d payments", timers, open, payments)
	}
}

func TestLiveEndsWithItsContext(t *testing.T) {
	s, err := New(Options{Clock: sim.NewClock(start, 3600)})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 700*time.Millisecond)
	defer cancel()
	if err := s.Live(ctx, LiveOptions{RatePerMinute: 2}); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatal(err)
	}
	if len(s.rows(sim.OrderQuery{Limit: 10})) == 0 {
		t.Error("nobody bought anything in half an hour")
	}
}

func TestBackstagePlaysTheWholeSale(t *testing.T) {
	w := newWorld(t)
	desk := httptest.NewServer(w.s.Backstage())
	defer desk.Close()
	do := func(method, path, body string) map[string]any {
		t.Helper()
		r, err := http.NewRequest(method, desk.URL+"/backstage/mercadolibre"+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		var m map[string]any
		if err := json.NewDecoder(resp.Body).Decode(&m); err != nil || resp.StatusCode != 200 {
			t.Fatalf("%s %s: %d %v %v", method, path, resp.StatusCode, m, err)
		}
		return m
	}
	id := do("POST", "/orders", `{"seller_id":700000001}`)["id"].(string)
	do("PUT", "/clock", `{"advance":"1m"}`)
	for _, act := range []string{"print", "collect", "hub", "ship", "deliver"} {
		do("POST", "/orders/"+id+"/"+act, "")
	}
	m := do("GET", "/orders/"+id, "")
	w.want(m, "order.shipment.status", "delivered")
	code := do("POST", "/sellers/700000001/authorize", `{"redirect_uri":"https://hub.example/ml/cb"}`)["code"].(string)
	if status, m := w.grant("grant_type", "authorization_code", "code", code, "redirect_uri", "https://hub.example/ml/cb"); status != 200 {
		t.Fatalf("exchange: %v", m)
	}
	do("POST", "/sellers/700000001/expire_tokens", "")
	w.refused("GET", "/users/me", "", 401, "unauthorized")
	cfg := do("POST", "/config", `{"search_lag":"90s","rate_per_minute":100}`)
	if cfg["search_lag"] != "1m30s" || cfg["client_secret"] != nil {
		t.Errorf("config is %v", cfg)
	}
	do("POST", "/batch", `{"sales":[{"seller_id":700000002},{"seller_id":700000003,"pending":true}]}`)
	if rows := w.s.rows(sim.OrderQuery{Limit: 10}); len(rows) != 3 || rows[0].Summary == "" {
		t.Errorf("rows are %+v", rows)
	}
	if err := w.s.Act(1, "pay", ActArgs{}); !errors.Is(err, sim.ErrUnknown) {
		t.Errorf("act on nothing: %v", err)
	}
	for _, bad := range []string{`{"seller_id":5}`, `{"order_items":[{"quantity":-1}]}`, `{"site":"MLZ"}`, `[]`, `{"currency_id":"EUR","seller_id":700000001}`} {
		if _, err := w.s.PlaceJSON(json.RawMessage(bad)); err == nil {
			t.Errorf("%s was placed", bad)
		}
	}
}

func FuzzPlacedOrdersAreRefusedOrReadable(f *testing.F) {
	for _, seed := range []string{`{}`, `{"orders":[{},{}]}`, `{"order_items":[{"item":{"id":"MLB4000001001","variation_id":"180000100001"}}]}`, `{"payments":[{"transaction_amount":"12.345","status":"in_process"}]}`, `{"shipment":{"history":[{"status":"shipped","substatus":null,"date":"2026-05-04T10:00:00.000-0400"}]}}`, `{"pack_id":null,"shipment":null,"tags":null,"payments":[]}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		s, err := New(Options{Clock: sim.NewClock(start, 0)})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		p, err := s.PlaceJSON(raw)
		if err != nil {
			return
		}
		for _, id := range p.Orders {
			if snap, _, err := s.Order(id); err != nil || !json.Valid(snap.Order) || string(snap.Order) == "null" {
				t.Fatalf("order %d: %v %s", id, err, snap.Order)
			}
		}
	})
}
