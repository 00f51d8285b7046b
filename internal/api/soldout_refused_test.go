package api_test

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

// A dish that a channel refuses to sell out stays red with the channel's own words, is told
// in the message centre, and is done once the channel takes it.
func TestADishThatAChannelRefusesToSellOutIsTold(t *testing.T) {
	eachEngine(t, func(t *testing.T, b *bundle) {
		id, theirs := b.order(2)
		b.accept(id)
		o, err := b.sim.Order(theirs)
		b.must(err)
		shop := ""
		for _, x := range b.call("GET", "/api/v1/shops", b.owner, "").get(t, "shops").([]any) {
			if x := x.(map[string]any); x["external_id"] == "TEA002" {
				shop = x["id"].(string)
			}
		}
		sku := b.call("POST", "/api/v1/skus", b.owner, `{"code":"GONE","name":"停售的茶"}`).get(t, "id").(string)
		bind := func(food, spec string) {
			if r := b.call("POST", "/api/v1/offers", b.owner, `{"shop_id":"`+shop+`","sku_id":"`+sku+`","item":"`+food+`","variation":"`+spec+`"}`); r.status != 201 {
				t.Fatalf("binding: %d %s", r.status, r.body)
			}
		}
		bind("NOPE", "NOPE-L") // the platform knows no such dish
		path := "/api/v1/stores/" + b.stores[1].ID.String() + "/soldout"
		if r := b.call("PUT", path, b.clerk, `{"sku_id":"`+sku+`","until_at":`+itoa(b.hub.Now().Add(time.Hour).UnixMilli())+`}`); r.status != 200 {
			t.Fatalf("selling out: %d %s", r.status, r.body)
		}
		var r reply
		b.until("the kitchen is told that it is refused", func() bool {
			r = b.call("GET", path, b.clerk, "")
			return r.get(t, "dishes.0.channels.0.state") == "failed"
		})
		words, _ := r.get(t, "dishes.0.channels.0.words").(string)
		if words == "" {
			t.Errorf("nobody is told why: %s", r.body)
		}
		told := func() string {
			for _, m := range b.call("GET", "/api/v1/messages", b.owner, "").get(t, "messages").([]any) {
				if m := m.(map[string]any); m["kind"] == "refused" && m["cause"] == "sold_out" && m["subject"] == "停售的茶" {
					said, _ := m["words"].(string)
					return said + "."
				}
			}
			return ""
		}
		b.until("it is in the message centre", func() bool { return told() != "" })
		if said := told(); !strings.Contains(said, words) {
			t.Errorf("the message says %q, the kitchen %q", said, words)
		}
		// Bound to what the platform has, it is taken.
		offers := b.call("GET", "/api/v1/offers?shop="+shop, b.owner, "").get(t, "offers").([]any)
		b.until("it is unbound, once no number of it is being sent", func() bool {
			r := b.call("DELETE", "/api/v1/offers/"+offers[0].(map[string]any)["id"].(string), b.owner, "")
			if r.status >= 300 && r.status != http.StatusConflict {
				t.Fatalf("unbinding: %d %s", r.status, r.body)
			}
			return r.status < 300
		})
		bind(o.Detail[0].FoodCode, o.Detail[0].SKU)
		b.until("the channel has taken it", func() bool {
			return b.call("GET", path, b.clerk, "").get(t, "dishes.0.channels.0.state") == "done"
		})
		b.until("nobody is told of it any more", func() bool { return told() == "" })
	})
}
