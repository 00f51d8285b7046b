package api_test

import (
	"strings"
	"testing"
)

func TestTheKitchenSaysWhatItMakes(t *testing.T) {
	eachEngine(t, func(t *testing.T, b *bundle) {
		id, theirs := b.order(2)
		path := "/api/v1/orders/" + id + "/making"
		if r := b.call("PUT", path, b.owner, `{"on":true}`); r.status != 409 || r.get(t, "why.code") != "not_in_kitchen" {
			t.Errorf("before it is accepted: %d %s", r.status, r.body)
		}
		b.accept(id)
		v := b.pair("kitchen_screen", b.stores[1].ID, "")
		now := b.hub.Now().UnixMilli()
		if r := b.call("PUT", path, "", `{"on":true,"pressed_at":`+itoa(now-60_000)+`}`, v.cookie...); r.status != 200 {
			t.Fatalf("making: %d %s", r.status, r.body)
		}
		list := b.call("GET", "/api/v1/orders?status=accepted", b.clerk, "")
		if list.get(t, "orders.0.making_at") != float64(now-60_000) || list.get(t, "orders.0.making_by") != "后厨平板" {
			t.Errorf("other screens see %s", list.body)
		}
		// Two cooks: what was pressed earlier and comes later changes nothing.
		b.call("PUT", path, "", `{"on":false,"pressed_at":`+itoa(now-120_000)+`}`, v.cookie...)
		if r := b.call("GET", "/api/v1/orders/"+id, b.owner, ""); r.get(t, "making_at") != float64(now-60_000) {
			t.Errorf("an older press counts: %s", r.body)
		}
		b.call("PUT", path, "", `{"on":false}`, v.cookie...)
		r := b.call("GET", "/api/v1/orders/"+id, b.owner, "")
		if r.get(t, "making_at") != nil || strings.Count(r.body, `"text_code":"making"`) != 1 {
			t.Errorf("taken back: %s", r.body)
		}
		if o, err := b.sim.Order(theirs); err != nil || o.MealReady != 0 {
			t.Errorf("the platform was told: %+v %v", o, err)
		}
	})
}
