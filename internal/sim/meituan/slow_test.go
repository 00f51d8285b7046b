package meituan

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"
)

// An order whose meal was late is listed with the reason, and appealed against once: by pictures or because the rider has
// it. Whoever is let off stands there as such.
func TestASlowMealIsListedAndAppealedAgainstOnce(t *testing.T) {
	for _, pages := range []string{"one", "none"} {
		p := openPartner(t, func(c *Config) { c.MealWithin, c.SlowPages = 600, pages })
		first := map[string]int{"one": 1, "none": 0}[pages]
		do := func(id, act string, args any) {
			t.Helper()
			if err := p.s.Do(id, act, args); err != nil {
				t.Fatal(err)
			}
		}
		var ids []string
		for range 3 { // one ready in time, one not reported, one reported late
			id, err := p.s.Place(json.RawMessage(`{"app_poi_code":"TEA001","logistics_code":"1001"}`))
			if err != nil {
				t.Fatal(err)
			}
			do(id, "accept_in_app", nil)
			do(id, "rider_accept", nil)
			ids = append(ids, id)
		}
		var word string
		ready := func(id string) {
			t.Helper()
			if code := p.call("/waimai/order/preparationMealComplete", `{"orderId":`+id+`}`, &word); code != "OP_SUCCESS" {
				t.Fatal(code)
			}
		}
		ready(ids[0])
		p.clock.Advance(11 * time.Minute)
		ready(ids[2])
		for _, id := range ids {
			do(id, "rider_collect", nil)
		}
		type row struct {
			ID     int64 `json:"order_id"`
			Status int32 `json:"status"`
		}
		list := func(page, size int) (int, []row) {
			t.Helper()
			var got struct {
				Total int   `json:"total"`
				Rows  []row `json:"orderFoodDoneAssessments"`
			}
			now := p.clock.Now().Unix()
			if code := p.call("/waimai/ng/order/getOrderMealStatus", fmt.Sprintf(`{"orderTimeStart":%d,"orderTimeEnd":%d,"pageNum":%d,"pageSize":%d}`, now-3600, now, page, size), &got); code != "OP_SUCCESS" {
				t.Fatal(code)
			}
			return got.Total, got.Rows
		}
		total, rows := list(first, 10)
		if total != 2 || len(rows) != 2 || fmt.Sprint(rows[0].ID) != ids[1] || rows[0].Status != 1 || rows[1].Status != 3 {
			t.Fatalf("pages from %s: %d %+v", pages, total, rows)
		}
		if _, rows = list(first+1, 1); len(rows) != 1 || fmt.Sprint(rows[0].ID) != ids[2] {
			t.Errorf("pages from %s, the second page: %+v", pages, rows)
		}
		appeal := func(id, rest string) string {
			t.Helper()
			return p.call("/waimai/ng/order/foodSlow/appeal", `{"orderId":`+id+rest+`}`, &word)
		}
		for what, x := range map[string]struct{ id, rest, code string }{
			"no kind":             {ids[1], ``, "701"},
			"no such kind":        {ids[1], `,"appealType":3`, "705"},
			"without its picture": {ids[1], `,"appealType":1`, "701"},
			"a picture's number":  {ids[1], `,"appealType":1,"appealPictures":"9F86D081884C7D659A2FEAA0C55AD015"`, "705"},
			"one that was ready":  {ids[0], `,"appealType":2`, "808"},
			"by a picture":        {ids[1], `,"appealType":1,"appealPictures":"https://a.example.com/1.jpg,https://a.example.com/2.jpg"`, "OP_SUCCESS"},
			"the rider has it":    {ids[2], `,"appealType":2`, "OP_SUCCESS"},
		} {
			if code := appeal(x.id, x.rest); code != x.code {
				t.Errorf("%s: %s, want %s", what, code, x.code)
			}
		}
		if code := appeal(ids[1], `,"appealType":2`); code != "808" {
			t.Errorf("a second appeal: %s", code)
		}
		do(ids[1], "rule_slow_appeal", map[string]any{"agree": true})
		do(ids[2], "rule_slow_appeal", map[string]any{"agree": false})
		if _, rows = list(first, 10); rows[0].Status != 4 || rows[1].Status != 3 {
			t.Errorf("after the rulings: %+v", rows)
		}
		if err := p.s.Do(ids[1], "rule_slow_appeal", map[string]any{"agree": true}); err == nil {
			t.Error("it was ruled on twice")
		}
		o, err := p.s.Order(ids[1])
		if err != nil {
			t.Fatal(err)
		}
		if o.Slow == nil || o.Slow.Appeal == nil || len(o.Slow.Appeal.Pictures) != 2 || !o.Slow.Appeal.Upheld {
			t.Errorf("%+v", o.Slow)
		}
	}
}
