package meituan

import (
	"encoding/json"
	"strings"
	"testing"
)

func (m *shop) stockOf(food, sku string) string {
	m.t.Helper()
	v, _, err := m.sim.Stock("TEA001", food, sku)
	if err != nil {
		m.t.Fatal(err)
	}
	return v
}

func TestOrdersTakeFromTheStockAndSoldOutIsSoldOut(t *testing.T) {
	m := open(t, nil)
	set := func(v string) {
		m.ok("POST", "food/sku/stock", "app_poi_code", "TEA001", "food_data", `[{"app_food_code":"T021","skus":[{"sku_id":"T021","stock":"`+v+`"}]}]`)
	}
	set("3")
	id := m.place(drinks)
	if got := m.stockOf("T021", "T021"); got != "1" {
		t.Errorf("stock %s, want 1", got)
	}
	if _, err := m.sim.Place(json.RawMessage(drinks)); err == nil || !strings.Contains(err.Error(), "sold out") {
		t.Errorf("two of one left: %v", err)
	}
	if got := m.stockOf("T021", "T021"); got != "1" {
		t.Errorf("a refused order took stock: %s", got)
	}
	m.do(id, "buyer_cancel", nil)
	if got := m.stockOf("T021", "T021"); got != "3" {
		t.Errorf("stock %s after the cancellation, want 3", got)
	}
	m.ok("POST", "food/sku/sellStatus", "app_poi_code", "TEA001", "food_data", `[{"app_food_code":"T021","skus":[{"sku_id":"T021"}]}]`, "sell_status", "1")
	if _, err := m.sim.Place(json.RawMessage(drinks)); err == nil {
		t.Error("what is off sale cannot be bought")
	}
	m.place(strings.Replace(drinks, "{", `{"force":true,`, 1))
	m.ok("POST", "food/sku/inc_stock", "app_poi_code", "TEA001", "food_data", `[{"app_food_code":"T021","skus":[{"sku_id":"T021","stock":5}]}]`)
	m.ok("POST", "food/sku/desc_stock", "app_poi_code", "TEA001", "food_data", `[{"app_food_code":"T021","skus":[{"sku_id":"T021","stock":"2"}]}]`)
	if got := m.stockOf("T021", "T021"); got != "4" {
		t.Errorf("3 − 2 + 5 − 2 = 4, got %s", got)
	}
}

func TestUnknownGoodsFailAsAWholeForFoodAndInPartForRetail(t *testing.T) {
	m := open(t, nil)
	data := `[{"app_food_code":"T021","skus":[{"sku_id":"T021","stock":"7"}]},{"app_food_code":"T001","skus":[{"sku_id":"nope","stock":"1"}]},{"app_food_code":"nope","skus":[{"sku_id":"x","stock":"1"}]}]`
	if c := m.code("POST", "food/sku/stock", "app_poi_code", "TEA001", "food_data", data); c != 1015 {
		t.Errorf("%d", c)
	}
	if got := m.stockOf("T021", "T021"); got != "*" {
		t.Errorf("nothing may change: %s", got)
	}
	r, err := m.call("POST", "retail/sku/stock", "app_poi_code", "TEA001", "food_data", data)
	if err != nil || string(r.Data) != `"ok"` || strings.Count(string(r.Msg), "error_msg") != 2 {
		t.Errorf("%s %s %v", r.Data, r.Msg, err)
	}
	if got := m.stockOf("T021", "T021"); got != "7" {
		t.Errorf("%s", got)
	}
	for _, bad := range []string{"-1", "1.5", "many"} {
		if c := m.code("POST", "food/sku/stock", "app_poi_code", "TEA001", "food_data", `[{"app_food_code":"T021","skus":[{"sku_id":"T021","stock":"`+bad+`"}]}]`); c != 3006 {
			t.Errorf("stock %s: %d", bad, c)
		}
	}
	if c := m.code("POST", "food/sku/stock", "app_poi_code", "NONE", "food_data", data); c != 803 {
		t.Errorf("%d", c)
	}
}

func TestMenuCalls(t *testing.T) {
	m := open(t, nil)
	m.ok("POST", "food/initdata", "app_poi_code", "TEA001", "app_food_code", "N1", "name", "新品", "price", "12.0", "box_num", "1.0", "category_name", "新", "skus", `[{"sku_id":"N1-a","spec":"大","price":"12","stock":"10","box_num":"1","box_price":"1"}]`)
	var food struct {
		Name   string  `json:"name"`
		SKUs   string  `json:"skus"`
		BoxNum float64 `json:"box_num"`
	}
	json.Unmarshal(m.ok("GET", "food/get", "app_poi_code", "TEA001", "app_food_code", "N1"), &food)
	if food.Name != "新品" || food.BoxNum != 1 || !strings.Contains(food.SKUs, `"price":"12.0"`) {
		t.Errorf("%+v", food)
	}
	count := func() int {
		var all []json.RawMessage
		json.Unmarshal(m.ok("GET", "food/list", "app_poi_code", "TEA001"), &all)
		return len(all)
	}
	if n := count(); n != 27 {
		t.Errorf("%d dishes", n)
	}
	m.ok("POST", "food/batchinitdata", "app_poi_code", "TEA001", "food_data", `[{"app_food_code":"N2","name":"b","price":1}]`)
	if n := count(); n != 28 {
		t.Errorf("an upsert deletes nothing: %d", n)
	}
	m.ok("POST", "food/batchsave", "app_poi_code", "TEA001", "food_data", `[{"app_food_code":"N3","name":"c","price":"1.5"}]`)
	if n := count(); n != 1 {
		t.Errorf("a full synchronisation deletes the rest: %d", n)
	}
	m.ok("POST", "food/delete", "app_poi_code", "TEA001", "app_food_code", "N3")
	if c := m.code("POST", "food/delete", "app_poi_code", "TEA001", "app_food_code", "N3"); c != 805 {
		t.Errorf("%d", c)
	}
}

func TestStores(t *testing.T) {
	m := open(t, nil)
	if got := string(m.ok("GET", "poi/getids")); got != `["TEA001","TEA002"]` {
		t.Error(got)
	}
	var stores []map[string]any
	json.Unmarshal(m.ok("GET", "poi/mget", "app_poi_codes", "TEA002,NONE"), &stores)
	if len(stores) != 1 || stores[0]["open_level"] != 1.0 || stores[0]["logistics_codes"] != "0000" {
		t.Errorf("%v", stores)
	}
	if c := m.code("POST", "poi/shippingtime/update", "app_poi_code", "TEA001", "shipping_time", "later"); c != 705 {
		t.Errorf("%d", c)
	}
}
