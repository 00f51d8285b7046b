package proof

import (
	"compress/gzip"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/tongdan/tongdan/internal/sim"
	mt "github.com/tongdan/tongdan/internal/sim/meituan"
	ml "github.com/tongdan/tongdan/internal/sim/mercadolibre"
	"github.com/tongdan/tongdan/order"
)

// dataDir finds the real data that is not part of the repository, or skips.
func dataDir(t *testing.T) string {
	t.Helper()
	dir := os.Getenv("TONGDAN_DATA")
	if dir == "" {
		wd, err := os.Getwd()
		if err != nil {
			t.Fatal(err)
		}
		dir = filepath.Join(wd, "..", "..", "..", "shared", "data")
	}
	if _, err := os.Stat(filepath.Join(dir, "olist", "orders.csv.gz")); err != nil {
		t.Skip("the real orders are not here: give their folder in TONGDAN_DATA")
	}
	return dir
}

// table reads a gzipped CSV as rows by column name.
func table(t *testing.T, path string) []map[string]string {
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
	out := make([]map[string]string, 0, len(all)-1)
	for _, row := range all[1:] {
		m := make(map[string]string, len(row))
		for i, v := range row {
			m[all[0][i]] = v
		}
		out = append(out, m)
	}
	return out
}

func group(rows []map[string]string, key string) map[string][]map[string]string {
	out := map[string][]map[string]string{}
	for _, r := range rows {
		out[r[key]] = append(out[r[key]], r)
	}
	return out
}

// cents reads an amount such as 129.9 exactly.
func cents(t *testing.T, s string) int64 {
	t.Helper()
	whole, frac, _ := strings.Cut(s, ".")
	n, err := strconv.ParseInt(whole+(frac + "00")[:2], 10, 64)
	if err != nil || len(frac) > 2 && strings.Trim(frac[2:], "0") != "" {
		t.Fatalf("%q is no amount", s)
	}
	return n
}

func yuan(n int64) json.Number { return json.Number(fmt.Sprintf("%d.%02d", n/100, n%100)) }

// faulty is how the platforms misbehave with real orders.
var faulty = sim.FaultPlan{PushLost: 0.05, PushDoubled: 0.05, PushLate: 0.05, PushLateBy: time.Minute, Err5xx: 0.02}

// A placedOrder is what was put into a platform, worked out from the data alone.
type placedOrder struct {
	status order.Status
	total  string
}

// saoPaulo is the zone of the Olist times, which are local; the data spans summer times,
// and what matters here is that both sides get the same moment.
var saoPaulo = time.FixedZone("", -3*3600)

// olistSale turns an order of the Olist data into a sale of Mercado Libre.
func olistSale(t *testing.T, o map[string]string, items, pays []map[string]string, number int, changed time.Time) (ml.Placement, placedOrder) {
	when := func(name string) any {
		if o[name] == "" {
			return nil
		}
		at, err := time.ParseInLocation(time.DateTime, o[name], saoPaulo)
		if err != nil {
			t.Fatal(err)
		}
		return at.Format("2006-01-02T15:04:05.000-07:00")
	}
	var goods, freight, paid int64
	lines := []map[string]any{}
	at := map[string]int{}
	for _, it := range items {
		price := cents(t, it["price"])
		goods, freight = goods+price, freight+cents(t, it["freight_value"])
		key := it["product_id"] + it["price"]
		if i, ok := at[key]; ok { // a row for each piece there, a quantity here
			lines[i]["quantity"] = lines[i]["quantity"].(int) + 1
			continue
		}
		at[key] = len(lines)
		lines = append(lines, map[string]any{"quantity": 1, "unit_price": yuan(price),
			"item": map[string]any{"id": "MLB" + it["product_id"][:10], "title": "produto " + it["product_id"][:8], "seller_sku": it["product_id"]}})
	}
	status, parcel, want := "paid", []map[string]any(nil), placedOrder{}
	row := func(status, sub string, at any) {
		if at != nil {
			parcel = append(parcel, map[string]any{"status": status, "substatus": sub, "date": at})
		}
	}
	row("pending", "", when("order_purchase_timestamp"))
	payment := "approved"
	switch o["order_status"] {
	case "delivered":
		want.status = order.StatusDelivered
		row("shipped", "", when("order_delivered_carrier_date"))
		row("delivered", "", when("order_delivered_customer_date"))
	case "shipped":
		want.status = order.StatusDelivering
		row("shipped", "", when("order_delivered_carrier_date"))
	case "canceled", "unavailable":
		want.status, status, payment = order.StatusCancelled, "cancelled", "refunded"
		row("cancelled", "", when("order_purchase_timestamp"))
	case "invoiced":
		want.status = order.StatusAccepted
		row("ready_to_ship", "ready_to_print", when("order_approved_at"))
	case "processing", "approved":
		want.status = order.StatusAccepted
		row("handling", "", when("order_approved_at"))
	case "created":
		want.status, status, payment = order.StatusUnpaid, "payment_required", "pending"
	default:
		t.Fatalf("status %q of the data has no counterpart", o["order_status"])
	}
	left := freight
	payments := []map[string]any{}
	for i, p := range pays {
		v := cents(t, p["payment_value"])
		ship := min(left, v)
		left -= ship
		paid += v
		kind := map[string]string{"credit_card": "credit_card", "boleto": "ticket", "voucher": "account_money", "debit_card": "debit_card"}[p["payment_type"]]
		payments = append(payments, map[string]any{"id": 50_000_000_000 + number*100 + i, "status": payment, "payment_type": kind, "payment_method_id": kind,
			"transaction_amount": yuan(v - ship), "shipping_cost": yuan(ship), "total_paid_amount": yuan(v),
			"date_created": when("order_purchase_timestamp"), "date_approved": when("order_approved_at")})
	}
	sale := map[string]any{
		"id": 3_000_000_000_000_000 + number, "status": status, "date_created": when("order_purchase_timestamp"), "date_closed": when("order_approved_at"),
		"last_updated": changed.Format("2006-01-02T15:04:05.000Z07:00"), "order_items": lines, "payments": payments,
		"total_amount": yuan(goods), "paid_amount": yuan(paid), "pack_id": nil,
	}
	if o["order_status"] == "canceled" {
		sale["cancel_detail"] = map[string]any{"group": "buyer", "code": "buyer_cancel_express", "requested_by": "buyer"}
	} else if o["order_status"] == "unavailable" {
		sale["cancel_detail"] = map[string]any{"group": "seller", "code": "OUT_OF_STOCK", "requested_by": "seller"}
	}
	raw, err := json.Marshal(sale)
	if err != nil {
		t.Fatal(err)
	}
	ship, _ := json.Marshal(map[string]any{"history": parcel, "logistic": map[string]any{"mode": "me2", "type": "cross_docking"}, "lead_time": map[string]any{"cost": yuan(freight)}})
	switch {
	case len(lines) == 0: // the platform tells no content
	case status == "paid":
		want.total = "BRL " + strconv.FormatInt(paid, 10)
	default:
		want.total = "BRL " + strconv.FormatInt(goods+min(freight, paid), 10)
	}
	return ml.Placement{SellerID: brazil, Order: raw, Shipment: ship, History: true}, want
}

// TestRealOrdersOfABrazilianMarketplaceComeOutAsTheyWentIn places 7,112 real orders at
// a Mercado Libre that loses, doubles and delays pushes and breaks down now and then, and
// finds them all in the hub, to the cent.
func TestRealOrdersOfABrazilianMarketplaceComeOutAsTheyWentIn(t *testing.T) {
	if testing.Short() {
		t.Skip("takes a minute or two")
	}
	dir := dataDir(t)
	orders := table(t, filepath.Join(dir, "olist", "orders.csv.gz"))
	items := group(table(t, filepath.Join(dir, "olist", "order_items.csv.gz")), "order_id")
	pays := group(table(t, filepath.Join(dir, "olist", "order_payments.csv.gz")), "order_id")
	slices.SortStableFunc(orders, func(a, b map[string]string) int {
		return strings.Compare(a["order_purchase_timestamp"], b["order_purchase_timestamp"])
	})
	var reference struct {
		Metrics struct {
			Counts struct{ Value struct{ Orders int } } `json:"counts"`
			Status struct{ Value map[string]int }       `json:"orders_by_status"`
			Live   struct {
				Value struct {
					SumCents int64 `json:"sum_cents"`
				}
			} `json:"average_order_value_live"`
		}
	}
	raw, err := os.ReadFile(filepath.Join(dir, "expected-olist.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(raw, &reference); err != nil {
		t.Fatal(err)
	}
	ref := reference.Metrics

	inTurn(t, func(t *testing.T, p Plan) {
		orders := orders
		if n, err := strconv.Atoi(os.Getenv("TONGDAN_SAMPLE")); err == nil && n > 1 {
			orders = every(orders, n) // for a busy machine, or while you type
		} else if p.URL != "" {
			orders = every(orders, 8) // PostgreSQL gets a sample: the same path is walked
		}
		w := newWorld(t, stage{plan: p, start: time.Date(2018, 10, 20, 12, 0, 0, 0, time.UTC), speed: 30, seed: 31, mercado: func(o *ml.Options) {
			o.Config.Topics = []string{"orders_v2", "shipments"}
			o.Sellers = o.Sellers[:1]
		}})
		w.ml.Faults().Set(faulty)
		want := map[string]placedOrder{}
		began := time.Now()
		// They changed last one after the other, five minutes apart: what a search for
		// recent changes finds is then as much as in a real shop.
		changed := w.clock.Now().Add(-time.Duration(len(orders)) * 5 * time.Minute)
		for i, o := range orders {
			changed = changed.Add(5 * time.Minute)
			place, as := olistSale(t, o, items[o["order_id"]], pays[o["order_id"]], i+1, changed)
			got, err := w.ml.Place(place)
			if err != nil {
				t.Fatalf("%s: %v", o["order_id"], err)
			}
			want[got.Orders[0].String()] = as
			if time.Since(began) > placeFor {
				t.Logf("this machine is busy: %d of %d orders were placed", i+1, len(orders))
				break
			}
			if i%1000 == 999 {
				t.Logf("%d orders placed in %v", i+1, time.Since(began).Round(time.Second))
			}
			if i%20 == 19 { // not faster than it can be read: this is a day's business, not a flood
				w.until(60*time.Second, func() string {
					if s := w.count(); i+1-int(s.Orders) > 400 {
						return fmt.Sprintf("%d of %d orders have arrived", s.Orders, i+1)
					}
					return ""
				})
			}
		}
		var have []Row
		w.until(8*time.Minute, func() string {
			if s := w.count(); int(s.Orders) < len(want) {
				return fmt.Sprintf("%d of %d orders have arrived", s.Orders, len(want))
			}
			have = w.pages()
			var differ []string
			seen := map[string]bool{}
			for _, r := range have {
				o := want[r.Ref]
				if seen[r.Ref] || o.status != r.Status || o.total != totalOf(r) {
					differ = append(differ, fmt.Sprintf("%s: %s %q, placed as %s %q (theirs %v)", r.Ref, r.Status, totalOf(r), o.status, o.total, r.Theirs))
				}
				seen[r.Ref] = true
			}
			if len(differ) > 0 || len(have) != len(want) {
				return fmt.Sprintf("%d orders of %d, %d differences:\n%s", len(have), len(want), len(differ), short(differ))
			}
			return ""
		})
		t.Logf("all there after %v", time.Since(began).Round(time.Second))
		if len(want) != ref.Counts.Value.Orders {
			return
		}
		// The published figures, from what the hub holds.
		got := map[order.Status]int{}
		var live int64
		for _, r := range have {
			got[r.Status]++
			if r.Status != order.StatusCancelled && r.Total != nil {
				live += r.Total.Minor()
			}
		}
		s := ref.Status.Value
		for status, n := range map[order.Status]int{order.StatusDelivered: s["delivered"], order.StatusDelivering: s["shipped"],
			order.StatusCancelled: s["canceled"] + s["unavailable"], order.StatusAccepted: s["processing"] + s["invoiced"]} {
			if got[status] != n {
				t.Errorf("%d orders are %s, the data's reference says %d", got[status], status, n)
			}
		}
		for _, o := range orders { // an order without content shows no total: what was paid for it is in the reference
			if s := o["order_status"]; len(items[o["order_id"]]) == 0 && s != "canceled" && s != "unavailable" {
				for _, p := range pays[o["order_id"]] {
					live += cents(t, p["payment_value"])
				}
			}
		}
		if live != ref.Live.Value.SumCents {
			t.Errorf("the orders that were not cancelled sum to %d centavos, the data's reference says %d", live, ref.Live.Value.SumCents)
		}
	})
}

// placeFor bounds the placing on a busy machine: what has been placed by then is compared.
const placeFor = 100 * time.Second

func every[T any](list []T, n int) (out []T) {
	for i := 0; i < len(list); i += n {
		out = append(out, list[i])
	}
	return out
}

// teaMenu reads the menu of a real tea shop as Meituan would hold it.
func teaMenu(t *testing.T, dir string) []*mt.Food {
	t.Helper()
	var m struct {
		Categories []struct {
			Name  string
			Items []struct {
				ID       int
				Name     string
				Price    json.Number
				Unit     string
				PackCost json.Number `json:"pack_cost"`
				SKUs     []struct {
					Code  string
					Price json.Number
					Spec  map[string]string
				}
				Options []struct {
					Name   string
					Values []struct{ Value string }
				}
			}
		}
	}
	raw, err := os.ReadFile(filepath.Join(dir, "cn-menu", "menu.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(raw, &m); err != nil {
		t.Fatal(err)
	}
	seen := map[int]bool{}
	var out []*mt.Food
	for _, c := range m.Categories {
		for _, it := range c.Items {
			if seen[it.ID] {
				continue // the menu lists a dish in several categories
			}
			seen[it.ID] = true
			f := map[string]any{"app_food_code": strconv.Itoa(it.ID), "name": it.Name, "price": it.Price, "unit": it.Unit, "box_num": "1", "box_price": it.PackCost, "category_name": c.Name}
			skus, props := []any{}, []any{}
			for i, k := range it.SKUs {
				var parts []string
				for _, name := range slices.Sorted(maps.Keys(k.Spec)) {
					parts = append(parts, k.Spec[name])
				}
				spec := strings.Join(parts, " ")
				code := k.Code
				if code == "" {
					code = fmt.Sprintf("%d-%d", it.ID, i)
				}
				skus = append(skus, map[string]any{"sku_id": code, "spec": spec, "price": k.Price, "stock": "*", "box_num": "1", "box_price": it.PackCost})
			}
			for _, o := range it.Options {
				values := []string{}
				for _, v := range o.Values {
					values = append(values, v.Value)
				}
				props = append(props, map[string]any{"property_name": o.Name, "values": values})
			}
			f["skus"], f["properties"] = skus, props
			raw, _ := json.Marshal(f)
			food := new(mt.Food)
			if err := json.Unmarshal(raw, food); err != nil {
				t.Fatalf("%s: %v", it.Name, err)
			}
			out = append(out, food)
		}
	}
	return out
}

// TestOrdersFromARealMenuComeOutAsTheyWentIn sells a real tea shop's menu at a Meituan
// that loses, doubles and delays pushes, and lets the orders live.
func TestOrdersFromARealMenuComeOutAsTheyWentIn(t *testing.T) {
	if testing.Short() {
		t.Skip("takes a minute")
	}
	menu := teaMenu(t, dataDir(t))
	inTurn(t, func(t *testing.T, p Plan) {
		n := 800
		if p.URL != "" {
			n = 200
		}
		w := newWorld(t, stage{plan: p, start: time.Date(2026, 3, 1, 1, 0, 0, 0, time.UTC), speed: 60, seed: 32, meituan: func(o *meituanOptions) {
			slowDeadlines(o)
			for _, code := range []string{mtShop, mtShopSelf} {
				s := mt.Store{Code: code, Logistics: "1001", Foods: menu}
				if code == mtShopSelf {
					s.Logistics = "0000"
				}
				raw, _ := json.Marshal(s)
				copied := mt.Store{}
				if err := json.Unmarshal(raw, &copied); err != nil {
					t.Fatal(err)
				}
				o.Stores = append(o.Stores, copied)
			}
		}, mercado: func(o *ml.Options) { o.Sellers = o.Sellers[:1] }})
		w.mt.Faults().Set(faulty)
		rng := rand.New(rand.NewPCG(32, 1))
		var b placed
		for i := range n {
			shop := []string{mtShop, mtShopSelf}[rng.IntN(2)]
			detail, total := []any{}, int64(400)
			for range 1 + rng.IntN(4) {
				f := menu[rng.IntN(len(menu))]
				line := map[string]any{"app_food_code": f.Code, "quantity": 1 + rng.IntN(3)}
				price, box := int64(f.Price), int64(f.BoxPrice)
				if len(f.SKUs) > 0 {
					k := f.SKUs[rng.IntN(len(f.SKUs))]
					line["sku_id"], price, box = k.ID, int64(k.Price), int64(k.BoxPrice)
				}
				var options []string
				for _, p := range f.Properties {
					options = append(options, p.Values[rng.IntN(len(p.Values))])
				}
				line["food_property"] = strings.Join(options, ",")
				total += (price + box) * int64(line["quantity"].(int))
				detail = append(detail, line)
			}
			raw, _ := json.Marshal(map[string]any{"app_poi_code": shop, "detail": detail, "extras": []any{}, "shipping_fee": yuan(400), "total": yuan(total)})
			id, err := w.mt.Place(raw)
			if err != nil {
				t.Fatalf("order %d: %v", i, err)
			}
			b.meituan = append(b.meituan, id)
			if i%2 == 1 { // what happened to the orders before
				old := b.meituan[max(0, i-1-rng.IntN(60))]
				switch rng.IntN(6) {
				case 0:
					_ = w.mt.Do(old, "buyer_cancel", nil)
				case 1, 2, 3:
					_ = w.mt.Do(old, "accept_in_app", nil)
				case 4:
					for _, act := range []string{"rider_accept", "rider_arrive", "rider_collect", "rider_deliver"} {
						_ = w.mt.Do(old, act, nil)
					}
				case 5:
					_ = w.mt.Do(old, "ask_refund", nil)
					_ = w.mt.Do(old, "agree_in_app", nil)
				}
			}
			if i%20 == 19 {
				time.Sleep(100 * time.Millisecond) // 200 orders a second
			}
		}
		w.until(240*time.Second, func() string {
			if differ := compare(w.expect(b), w.pages(), nil); len(differ) > 0 {
				s := w.state()
				return fmt.Sprintf("%d differences, %d reads under way:\n%s", len(differ), len(s.Reads), short(differ))
			}
			return ""
		})
	})
}
