package mercadolibre

import (
	"compress/gzip"
	"encoding/csv"
	"encoding/json"
	"net/url"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/tongdan/tongdan/internal/sim"
)

// realData is the folder of published data; the test is skipped without it.
func realData(t *testing.T, parts ...string) string {
	t.Helper()
	root := os.Getenv("TONGDAN_DATA")
	if root == "" {
		root = "../../../../shared/data"
	}
	path := filepath.Join(append([]string{root}, parts...)...)
	if _, err := os.Stat(path); err != nil {
		t.Skip("no real data here: set TONGDAN_DATA")
	}
	return path
}

func rowsOf(t *testing.T, path string) []map[string]string {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	all, err := csv.NewReader(z).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var out []map[string]string
	for _, line := range all[1:] {
		m := map[string]string{}
		for i, k := range all[0] {
			m[k] = line[i]
		}
		out = append(out, m)
	}
	return out
}

// TestRealBrazilianOrdersAreRehearsed places the published orders of a Brazilian marketplace
// and finds them again by search, in number and in money.
func TestRealBrazilianOrdersAreRehearsed(t *testing.T) {
	dir := realData(t, "olist")
	zone := sites["MLB"].Zone
	stamp := func(text string) string {
		if text == "" {
			return ""
		}
		at, err := time.ParseInLocation("2006-01-02 15:04:05", text, zone)
		if err != nil {
			t.Fatal(err)
		}
		return at.Format(time.RFC3339)
	}
	items, payments := map[string][]any{}, map[string][]any{}
	limit := map[string]string{}
	var centavos Amount
	amount := func(text string) (a Amount) {
		if err := a.UnmarshalJSON([]byte(text)); err != nil {
			t.Fatal(err)
		}
		return a
	}
	for _, r := range rowsOf(t, filepath.Join(dir, "order_items.csv.gz")) {
		items[r["order_id"]] = append(items[r["order_id"]], map[string]any{
			"item": map[string]any{"id": "MLB" + r["product_id"][:8], "title": r["product_id"], "seller_sku": r["product_id"]}, "quantity": 1, "unit_price": amount(r["price"]),
		})
		if l := limit[r["order_id"]]; l == "" || r["shipping_limit_date"] < l {
			limit[r["order_id"]] = r["shipping_limit_date"]
		}
	}
	for _, r := range rowsOf(t, filepath.Join(dir, "order_payments.csv.gz")) {
		centavos += amount(r["payment_value"])
		payments[r["order_id"]] = append(payments[r["order_id"]], map[string]any{"transaction_amount": amount(r["payment_value"]), "payment_type": r["payment_type"], "status": "approved"})
	}
	orders := rowsOf(t, filepath.Join(dir, "orders.csv.gz"))
	w := newWorld(t)
	begin := time.Now()
	want := map[string]int{}
	for i, r := range orders {
		created := stamp(r["order_purchase_timestamp"])
		status, ship := "paid", "delivered"
		history := []any{map[string]any{"status": "ready_to_ship", "substatus": "ready_to_print", "date": created}}
		switch r["order_status"] {
		case "canceled", "unavailable":
			status, ship = "cancelled", "cancelled"
		case "shipped":
			ship = "shipped"
		case "processing", "invoiced":
			ship = "ready_to_ship"
		}
		want[status]++
		for _, k := range [][2]string{{"order_delivered_carrier_date", "shipped"}, {"order_delivered_customer_date", "delivered"}} {
			if at := stamp(r[k[0]]); at != "" {
				history = append(history, map[string]any{"status": k[1], "date": at})
			}
		}
		lines := items[r["order_id"]]
		if lines == nil {
			lines = []any{}
		}
		shipment := map[string]any{"status": ship, "history": history}
		if l := limit[r["order_id"]]; l != "" {
			shipment["sla"] = map[string]any{"expected_date": stamp(l)}
		}
		raw, err := json.Marshal(map[string]any{
			"history": true, "quiet": true, "seller_id": brazil, "shipment": shipment,
			"order": map[string]any{"id": 2_000_002_000_000_000 + i, "date_created": created, "status": status, "order_items": lines, "payments": payments[r["order_id"]]},
		})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.s.PlaceJSON(raw); err != nil {
			t.Fatalf("order %d: %v", i, err)
		}
	}
	placing := time.Since(begin)

	begin = time.Now()
	got, paid := map[string]int{}, Amount(0)
	path := "/orders/search?seller=700000001&search_type=scan&limit=51"
	scroll := ""
	for {
		m := w.get(path + scroll)
		rows := m["results"].([]any)
		if len(rows) == 0 {
			break
		}
		for _, o := range rows {
			got[at(o, "status").(string)]++
			pays, _ := at(o, "payments").([]any)
			for _, p := range pays {
				paid += amount(at(p, "transaction_amount").(string))
			}
		}
		scroll = "&scroll_id=" + url.QueryEscape(at(m, "paging.scroll_id").(string))
	}
	t.Logf("placed %d orders in %v, read them again in %v", len(orders), placing, time.Since(begin))
	if got["paid"] != want["paid"] || got["cancelled"] != want["cancelled"] || paid != centavos {
		t.Errorf("found %v and %v centavos, want %v and %v", got, paid, want, centavos)
	}
	if rows := w.s.rows(sim.OrderQuery{Limit: 1000, Status: "cancelled"}); len(rows) != want["cancelled"] {
		t.Errorf("the backstage lists %d cancelled orders, want %d", len(rows), want["cancelled"])
	}
}
