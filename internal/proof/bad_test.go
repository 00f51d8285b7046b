package proof

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tongdan/tongdan/internal/api"
	"github.com/tongdan/tongdan/internal/db"
	"github.com/tongdan/tongdan/internal/hub"
	ml "github.com/tongdan/tongdan/internal/sim/mercadolibre"
	"github.com/tongdan/tongdan/order"
)

// push sends a callback as a stranger or a broken platform would.
func (w *world) push(path, contentType, body string) (int, string) {
	w.t.Helper()
	res, err := w.http.Post(path, contentType, strings.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	defer res.Body.Close()
	b, _ := io.ReadAll(res.Body)
	return res.StatusCode, string(b)
}

const formType = "application/x-www-form-urlencoded;charset=UTF-8"

// paid is a Meituan order push in its own names, to be made worse.
func paid(id string) map[string]string {
	return map[string]string{
		"app_id": MeituanApp, "timestamp": fmt.Sprint(time.Now().Unix()), "order_id": id, "wm_order_id_view": id, "app_poi_code": mtShop,
		"recipient_name": "张(女士)", "recipient_address": "青禾苑 (1幢101室)@#浙江省杭州市柳荫路1号", "recipient_phone": "18500000000_1234",
		"shipping_fee": "4.0", "total": "20.0", "original_price": "20.0", "caution": "少冰", "status": "2", "ctime": fmt.Sprint(time.Now().Unix()),
		"utime": fmt.Sprint(time.Now().Unix()), "day_seq": "7", "logistics_code": "1001", "pick_type": "0", "pay_type": "2", "delivery_time": "0",
		"detail": `[{"app_food_code":"T001","food_name":"山间鲜奶茶","sku_id":"T001-M","quantity":1,"price":15.0,"box_num":1,"box_price":1.0,"unit":"杯","food_discount":1}]`,
		"extras": `[]`,
	}
}

// form signs parameters and encodes them as order pushes are: each value twice.
func (w *world) form(path string, p map[string]string, twice bool) string {
	p = maps.Clone(p)
	if p["sig"] == "" {
		p["sig"] = Sign(w.callback("meituan", indexMT)+"/"+path, p)
	}
	var parts []string
	for _, k := range slices.Sorted(maps.Keys(p)) {
		v := url.QueryEscape(p[k])
		if twice {
			v = url.QueryEscape(v)
		}
		parts = append(parts, k+"="+v)
	}
	return strings.Join(parts, "&")
}

// with changes some parameters of a push.
func with(p map[string]string, pairs ...string) map[string]string {
	p = maps.Clone(p)
	for i := 0; i+1 < len(pairs); i += 2 {
		p[pairs[i]] = pairs[i+1]
	}
	return p
}

func (w *world) find(ref string) *Row {
	w.t.Helper()
	for _, r := range w.pages() {
		if r.Ref == ref {
			return &r
		}
	}
	return nil
}

func issue(r *Row, code string) bool {
	return r != nil && slices.ContainsFunc(r.Issues, func(i hub.Issue) bool { return i.Code == code })
}

// refused is what the API tells people of an app's refused callbacks.
func (w *world) refused(app int) int64 {
	w.t.Helper()
	r, err := http.NewRequest(http.MethodGet, w.URL+"/api/v1/apps", nil)
	if err != nil {
		w.t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+w.made.Key)
	res, err := w.http.Do(r)
	if err != nil {
		w.t.Fatal(err)
	}
	defer res.Body.Close()
	var out struct{ Apps []api.App }
	if err := json.NewDecoder(res.Body).Decode(&out); err != nil {
		w.t.Fatal(err)
	}
	for _, a := range out.Apps {
		if a.ID == w.made.Apps[app] {
			return a.RefusedLately
		}
	}
	w.t.Fatal("the app is not listed")
	return 0
}

// TestBadCallbacksGetAClearAnswerAndHarmNothing sends what strangers, broken proxies and
// broken platforms send.
func TestBadCallbacksGetAClearAnswerAndHarmNothing(t *testing.T) {
	engines(t, func(t *testing.T, p Plan) {
		w := newWorld(t, stage{plan: p, speed: 1, seed: 21})
		mtURL, mlURL := w.callback("meituan", indexMT)+"/", w.callback("mercadolibre", indexBR)+"/notifications"
		appID := w.ml.App().ClientID.String()
		notice := func(resource, topic string) string {
			return fmt.Sprintf(`{"_id":"x","resource":%q,"user_id":%d,"topic":%q,"application_id":%s,"attempts":1,"sent":"2026-03-01T03:00:00.000Z","received":"2026-03-01T03:00:00.000Z"}`, resource, brazil, topic, appID)
		}
		before := len(w.pages())
		refused := []struct {
			name, url, kind, body string
			status                int
			says                  string
		}{
			{"a wrong signature", mtURL + "order/paid", formType, w.form("order/paid", with(paid("100000001"), "sig", strings.Repeat("0", 32)), true), 401, "703"},
			{"a signature over another URL", mtURL + "order/cancelled", formType, w.form("order/paid", paid("100000002"), true), 401, "703"},
			{"another app's id", mtURL + "order/paid", formType, w.form("order/paid", with(paid("100000003"), "app_id", "9999"), true), 401, "703"},
			{"a changed amount", mtURL + "order/paid", formType, strings.Replace(w.form("order/paid", paid("100000004"), true), "total=20.0", "total=0.1", 1), 401, "703"},
			{"a parameter twice", mtURL + "order/paid", formType, w.form("order/paid", paid("100000005"), true) + "&order_id=5", 401, "703"},
			{"bytes that are no form", mtURL + "order/paid", formType, "%zz=\x00\xff&;", 401, "703"},
			{"a path that is none", mtURL + "order/nothing", formType, w.form("order/nothing", paid("100000006"), true), 401, "703"},
			{"a form cut off", mtURL + "order/paid", formType, w.form("order/paid", paid("100000007"), true)[:300], 401, "703"},
			{"JSON where a form is expected", mtURL + "order/paid", "application/json", `{"order_id":1}`, 401, "703"},
			{"another encoding", mtURL + "order/paid", formType, "app_id=" + MeituanApp + "&order_id=100000008&caution=\xc9\xd9\xb1\xf9&sig=" + strings.Repeat("a", 32), 401, "703"},
			{"more than a callback can hold", mtURL + "order/paid", formType, w.form("order/paid", with(paid("100000009"), "caution", strings.Repeat("x", 2<<20)), false), 413, ""},
			{"no such app", w.URL + "/callback/meituan/app_0000000000001/order/paid", formType, "a=b", 404, ""},
			{"no id at all", w.URL + "/callback/meituan/app_x/order/paid", formType, "a=b", 404, ""},
			{"another platform's app", w.URL + "/callback/mercadolibre/" + w.made.Apps[indexMT].String() + "/notifications", "application/json", notice("/orders/1", "orders_v2"), 404, ""},
			{"another application", mlURL, "application/json", strings.Replace(notice("/orders/1", "orders_v2"), appID, "1", 1), 200, "{}"},
			{"a notification cut off", mlURL, "application/json", notice("/orders/1", "orders_v2")[:40], 200, "{}"},
			{"a notification in another encoding", mlURL, "application/json", "\xff\xfe{\x00}\x00", 200, "{}"},
			{"an empty notification", mlURL, "application/json", "", 200, "{}"},
			{"a notification of 90 kB", mlURL, "application/json", notice(strings.Repeat("/orders/1", 10_000), "orders_v2"), 200, "{}"},
			{"a notification of half a megabyte", mlURL, "application/json", notice(strings.Repeat("/orders/1", 60_000), "orders_v2"), 413, ""},
		}
		for _, c := range refused {
			status, body := w.push(c.url, c.kind, c.body)
			if status != c.status || !strings.Contains(body, c.says) {
				t.Errorf("%s: answered %d %s, want %d %s", c.name, status, body, c.status, c.says)
			}
		}
		s := w.state()
		if n := len(w.pages()); n != before || s.Parked != 0 {
			t.Errorf("what was refused left %d orders and %d parked messages", n-before, s.Parked)
		}

		if n := w.refused(indexMT); n != 11 {
			t.Errorf("the connections page tells of %d refused callbacks of Meituan, 11 were sent", n)
		}

		// A flood of forged pushes costs a bounded number of bytes.
		for i := range 200 {
			if status, _ := w.push(mtURL+"order/paid", formType, w.form("order/paid", with(paid(fmt.Sprint(200000000+i)), "sig", strings.Repeat("0", 32)), true)); status != 401 {
				t.Fatalf("forged push %d: %d", i, status)
			}
		}

		// Signed, and wrong inside: kept, shown, never a crash.
		good := func(path string, p map[string]string) {
			t.Helper()
			if status, body := w.push(mtURL+path, formType, w.form(path, p, true)); status != 200 || body != `{"data":"ok"}` {
				t.Errorf("%s of %s: answered %d %s", path, p["order_id"], status, body)
			}
		}
		good("order/paid", with(paid("300000001"), "status", "77"))
		if r := w.find("300000001"); !issue(r, order.IssueUnknown) {
			t.Errorf("an unknown status raises no issue: %+v", r)
		}
		good("order/paid", with(paid("300000002"), "total", "99.9", "original_price", "99.9"))
		if r := w.find("300000002"); !issue(r, order.IssueTotal) || totalOf(*r) != "CNY 9990" {
			t.Errorf("a total that does not add up: %+v", r)
		}
		good("order/paid", with(paid("300000003"), "detail", `[{"app_food_code":"T001",`))
		if r := w.find("300000003"); r == nil {
			t.Error("an order whose content cannot be read is not shown at all")
		}
		good("order/paid", paid("300000004"))
		good("order/paid", with(paid("300000004"), "caution", "多冰", "utime", fmt.Sprint(time.Now().Unix()+1)))
		twice := 0
		for _, r := range w.pages() {
			if r.Ref == "300000004" {
				twice++
			}
		}
		if r := w.find("300000004"); twice != 1 || r.Remark == "" {
			t.Errorf("one order pushed with two contents is there %d times: %+v", twice, r)
		}
		good("order/cancelled", map[string]string{"app_id": MeituanApp, "timestamp": "1", "order_id": "300000005", "reason_code": "1102", "reason": "用户取消", "deal_op_type": "1"})
		if r := w.find("300000005"); r == nil || r.Status != order.StatusCancelled {
			t.Errorf("a cancel of an order that nobody knows: %+v", r)
		}

		// Verified and without an order's number: parked with its bytes.
		good("order/paid", with(paid(""), "wm_order_id_view", ""))
		list := must[Parked](w.process, "parked", AskParked{Merchant: w.made.Merchant}).List
		if len(list) != 1 || list[0].State != db.ParkedState {
			t.Fatalf("parked: %+v", list)
		}
		got := must[Parked](w.process, "parked", AskParked{Merchant: w.made.Merchant, Bytes: list[0].ID})
		if !strings.Contains(string(got.Body), "recipient_name") || list[0].Size != len(got.Body) {
			t.Errorf("the parked bytes are not those that arrived: %d of %d", len(got.Body), list[0].Size)
		}
		if _, err := ask[Parked](w.process, "parked", AskParked{Merchant: w.made.Merchant, Retry: list[0].ID}); err == nil {
			t.Error("a message without an order's number was read at the second try")
		}

		// Mercado Libre: a topic's resource that cannot be read is parked too, an unknown
		// topic is kept and harms nothing.
		for _, n := range []string{notice("/orders/not-a-number", "orders_v2"), notice("/whatever", "a_new_topic")} {
			if status, body := w.push(mlURL, "application/json", n); status != 200 || body != "{}" {
				t.Errorf("%s: %d %s", n, status, body)
			}
		}
		if s := w.state(); s.Parked != 2 {
			t.Errorf("%d messages are parked, want 2", s.Parked)
		}

		// After all that the hub works as before.
		id, err := w.mt.Place(json.RawMessage(`{"app_poi_code":"` + mtShop + `"}`))
		if err != nil {
			t.Fatal(err)
		}
		sale, err := w.ml.Place(ml.Placement{SellerID: brazil})
		if err != nil {
			t.Fatal(err)
		}
		w.until(30*time.Second, func() string {
			if w.find(id) == nil || w.find(sale.Orders[0].String()) == nil {
				return "orders placed after the bad ones have not arrived"
			}
			return ""
		})

		w.stop()
		d, err := db.Open(t.Context(), db.Options{URL: w.Plan.URL, Dir: w.Plan.Dir, Key: Key})
		if err != nil {
			t.Fatal(err)
		}
		defer d.Close()
		if n, err := d.RefusedCount(t.Context(), w.made.Apps[indexMT], 0); err != nil || n < 200 {
			t.Errorf("%d refused callbacks are counted (%v), over 200 were sent", n, err)
		}
	})
}

// TestAnAnswerThatCannotBeReadIsParkedAndReadLater breaks Mercado Libre's answers and
// repairs them: what was parked is read by a retry.
func TestAnAnswerThatCannotBeReadIsParkedAndReadLater(t *testing.T) {
	w := newWorld(t, stage{plan: Plan{Dir: t.TempDir()}, speed: 1, seed: 22})
	if err := w.ml.Configure(func(c *ml.Config) { c.HTMLRate, c.TruncatedRate = 0.5, 0.5 }); err != nil {
		t.Fatal(err)
	}
	sale, err := w.ml.Place(ml.Placement{SellerID: brazil})
	if err != nil {
		t.Fatal(err)
	}
	time.Sleep(500 * time.Millisecond) // some broken answers come in
	if err := w.ml.Configure(func(c *ml.Config) { c.HTMLRate, c.TruncatedRate = 0, 0 }); err != nil {
		t.Fatal(err)
	}
	w.until(60*time.Second, func() string {
		for _, p := range must[Parked](w.process, "parked", AskParked{Merchant: w.made.Merchant}).List {
			if p.State == db.ParkedState {
				_, _ = ask[Parked](w.process, "parked", AskParked{Merchant: w.made.Merchant, Retry: p.ID})
			}
		}
		if r := w.find(sale.Orders[0].String()); r == nil || r.Total == nil {
			return "the order has not been read"
		}
		return ""
	})
}
