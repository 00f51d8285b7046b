package api_test

import (
	"strings"
	"testing"
	"time"
)

// A dish that is sold out by hand is 0 at the platform whatever there is, says how far
// each channel is, and comes back by itself.
func TestADishIsSoldOutByHandAndComesBack(t *testing.T) {
	eachEngine(t, func(t *testing.T, b *bundle) {
		store := b.stores[1].ID.String()
		id, theirs := b.order(2)
		b.accept(id)
		o, err := b.sim.Order(theirs)
		b.must(err)
		food, spec := o.Detail[0].FoodCode, o.Detail[0].SKU
		name := b.call("GET", "/api/v1/orders/"+id, b.owner, "").get(t, "items.0.name").(string)
		v := b.pair("kitchen_screen", b.stores[1].ID, "")
		path := "/api/v1/stores/" + store + "/soldout"
		in := func(d time.Duration) string { return itoa(b.hub.Now().Add(d).UnixMilli()) }
		if r := b.call("PUT", path, "", `{"order_id":"`+id+`","item":"`+name+`","until_at":`+in(time.Hour)+`}`, v.cookie...); r.status != 409 || r.get(t, "why.code") != "dish_unbound" {
			t.Errorf("a dish that is bound to nothing: %d %s", r.status, r.body)
		}

		sku := b.call("POST", "/api/v1/skus", b.owner, `{"code":"TEA-M","name":"`+name+`"}`).get(t, "id").(string)
		shop := ""
		for _, x := range b.call("GET", "/api/v1/shops", b.owner, "").get(t, "shops").([]any) {
			if x.(map[string]any)["external_id"] == "TEA002" {
				shop = x.(map[string]any)["id"].(string)
			}
		}
		if r := b.call("POST", "/api/v1/offers", b.owner, `{"shop_id":"`+shop+`","sku_id":"`+sku+`","item":"`+food+`","variation":"`+spec+`"}`); r.status != 201 {
			t.Fatalf("binding: %d %s", r.status, r.body)
		}
		b.call("POST", "/api/v1/stock/movements", b.owner, `{"store_id":"`+store+`","sku_id":"`+sku+`","reason":"count","pieces":40}`)
		shows := func() string {
			n, _, err := b.sim.Stock("TEA002", food, spec)
			b.must(err)
			return n
		}
		b.until("the platform shows pieces of ours", func() bool {
			s := b.call("GET", "/api/v1/offers?shop="+shop, b.owner, "")
			return s.get(t, "offers.0.pushed") == 39.0 || strings.Contains(s.body, `"known":true`) && shows() != "0"
		})

		began := time.Now()
		if r := b.call("PUT", path, "", `{"order_id":"`+id+`","item":"`+name+`","until_at":`+in(8*24*time.Hour)+`}`, v.cookie...); r.status != 422 {
			t.Errorf("for longer than a week: %d", r.status)
		}
		r := b.call("PUT", path, "", `{"order_id":"`+id+`","item":"`+name+`","until_at":`+in(time.Hour)+`}`, v.cookie...)
		if r.status != 200 || r.get(t, "dishes.0.sku_id") != sku || r.get(t, "dishes.0.by_name") != "后厨平板" {
			t.Fatalf("selling out: %d %s", r.status, r.body)
		}
		b.until("the platform shows none", func() bool { return shows() == "0" })
		b.until("the kitchen is told", func() bool {
			return b.call("GET", path, "", "", v.cookie...).get(t, "dishes.0.channels.0.state") == "done"
		})
		if took := time.Since(began); took > 10*time.Second {
			t.Errorf("that took %v", took)
		}
		// Goods that come in meanwhile change nothing.
		b.call("POST", "/api/v1/stock/movements", b.owner, `{"store_id":"`+store+`","sku_id":"`+sku+`","reason":"receipt","pieces":100}`)
		if r := b.call("GET", path, b.clerk, ""); r.get(t, "dishes.0.channels.0.state") != "done" || shows() != "0" {
			t.Errorf("after a receipt: %s, shown %s", r.body, shows())
		}
		// Its time passes.
		b.until("it is to come back soon", func() bool { // once that is over it is no time any more
			return b.call("PUT", path, "", `{"sku_id":"`+sku+`","until_at":`+in(150*time.Millisecond)+`}`, v.cookie...).status == 200
		})
		b.until("its time is over", func() bool {
			b.must(b.hub.BringBack(t.Context()))
			return len(b.call("GET", path, b.clerk, "").get(t, "dishes").([]any)) == 0
		})
		b.until("it is sold again", func() bool { return shows() != "0" })
	})
}
