package api_test

import (
	"strings"
	"testing"
	"time"

	"github.com/tongdan/tongdan/internal/db"
)

// The kitchen lets its store rest on every channel, extends that, and each shop takes orders
// again by itself; what a platform refuses stands there in its words and is told.
func TestAStoreRestsOnAllChannelsAndOpensByItself(t *testing.T) {
	eachEngine(t, func(t *testing.T, b *bundle) {
		path := "/api/v1/stores/" + b.stores[1].ID.String() + "/intake"
		v := b.pair("kitchen_screen", b.stores[1].ID, "")
		in := func(d time.Duration) string { return itoa(b.hub.Now().Add(d).UnixMilli()) }
		rest := func(until string) reply {
			t.Helper()
			return b.call("PUT", path, "", `{"until_at":`+until+`}`, v.cookie...)
		}
		state := func() string {
			s, _ := b.call("GET", path, b.clerk, "").get(t, "channels.0.state").(string)
			return s
		}
		rests := func(code string) bool {
			is, err := b.sim.Resting(code)
			b.must(err)
			return is
		}
		if r := b.call("GET", path, b.clerk, ""); r.status != 200 || state() != "open" || r.get(t, "until_at") != 0.0 {
			t.Fatalf("to begin with: %d %s", r.status, r.body)
		}
		if r := rest(in(5 * time.Hour)); r.status != 422 || r.get(t, "errors.0.why.code") != "field_rest" {
			t.Errorf("for five hours: %d %s", r.status, r.body)
		}
		began := time.Now()
		if r := rest(in(time.Hour)); r.status != 200 || r.get(t, "by_name") != "后厨平板" {
			t.Fatalf("resting: %d %s", r.status, r.body)
		}
		b.until("the platform and the screen say so", func() bool { return rests("TEA002") && state() == "resting" })
		if took := time.Since(began); took > 10*time.Second {
			t.Errorf("that took %v", took)
		}
		if rests("TEA001") {
			t.Error("another store rests as well")
		}
		// It is extended without a further call, then ended.
		if r := rest(in(2 * time.Hour)); r.get(t, "channels.0.state") != "resting" || r.get(t, "until_at").(float64) < float64(b.hub.Now().Add(110*time.Minute).UnixMilli()) {
			t.Errorf("extended: %s", r.body)
		}
		rest("0")
		b.until("it takes orders again", func() bool { return !rests("TEA002") && state() == "open" })
		// Its time passes.
		rest(in(time.Hour))
		b.until("it rests", func() bool { return rests("TEA002") && state() == "resting" })
		rest(in(1500 * time.Millisecond))
		b.until("and opens by itself", func() bool { return !rests("TEA002") && state() == "open" })

		// One that its people closed themselves is left alone.
		b.must(b.sim.DoStore("TEA002", "close", "盘点"))
		rest(in(time.Hour))
		b.until("it says that the shop rests already", func() bool {
			return b.call("GET", path, b.clerk, "").get(t, "channels.0.why.code") == "rests_already"
		})
		rest(in(1200 * time.Millisecond))
		b.until("its time is over", func() bool { return state() == "open" })
		if !rests("TEA002") {
			t.Error("a shop that was closed by hand was opened")
		}
		b.must(b.sim.DoStore("TEA002", "open", ""))

		// Meituan closes the shop while it rests: it cannot be opened, and somebody is told until it can.
		rest(in(time.Hour))
		b.until("it rests", func() bool { return state() == "resting" })
		b.must(b.sim.DoStore("TEA002", "suspend", "系统置休"))
		rest("0")
		b.until("the refusal is told", func() bool {
			r := b.call("GET", "/api/v1/messages?kind=refused", b.clerk, "")
			return strings.Contains(r.body, `"cause":"open"`) && strings.Contains(r.body, "809")
		})
		if state() != "failed" {
			t.Errorf("refused, it is %s", state())
		}
	})
}

// How full a kitchen is follows from by when its orders must be ready; before it is over,
// somebody is told.
func TestAKitchenSaysHowFullItIs(t *testing.T) {
	eachEngine(t, func(t *testing.T, b *bundle) {
		store := b.stores[1].ID
		path := "/api/v1/stores/" + store.String()
		if r := b.call("PUT", path+"/kitchen", b.clerk, `{"slot_minutes":15,"slot_orders":2}`); r.status != 403 {
			t.Errorf("a clerk says how much the kitchen can make: %d", r.status)
		}
		if r := b.call("PUT", path+"/kitchen", b.owner, `{"slot_minutes":7,"slot_orders":-1}`); r.status != 422 || len(r.get(t, "errors").([]any)) != 2 {
			t.Errorf("a slot of seven minutes: %d %s", r.status, r.body)
		}
		if r := b.call("PUT", path+"/kitchen", b.owner, `{"slot_minutes":60,"slot_orders":2}`); r.status != 200 {
			t.Fatalf("saying it: %d %s", r.status, r.body)
		}
		sum := func() (n float64) {
			for _, s := range b.call("GET", path+"/intake", b.clerk, "").get(t, "slots").([]any) {
				n += s.(map[string]any)["orders"].(float64)
			}
			return n
		}
		full := func() []any {
			b.must(b.db.PutKitchen(t.Context(), b.m, store, db.KitchenRow{Minutes: 60, Orders: 2}))
			return b.call("GET", "/api/v1/messages?kind=full", b.clerk, "").get(t, "messages").([]any)
		}
		if sum() != 0 || len(full()) != 0 {
			t.Errorf("an empty kitchen has %v orders, %v", sum(), full())
		}
		b.order(2)
		if sum() != 1 || len(full()) != 0 {
			t.Errorf("with one order of two it has %v orders, %v", sum(), full())
		}
		b.order(2)
		b.until("the second is in a slot", func() bool { return sum() == 2 })
		b.must(b.db.PutKitchen(t.Context(), b.m, store, db.KitchenRow{Minutes: 60, Orders: 1}))
		list := b.call("GET", "/api/v1/messages?kind=full", b.clerk, "").get(t, "messages").([]any)
		if len(list) == 0 || list[0].(map[string]any)["store_id"] != store.String() || list[0].(map[string]any)["urgent"] != true {
			t.Errorf("a full kitchen: %v", list)
		}
		if r := b.call("GET", "/api/v1/board", b.clerk, ""); !strings.Contains(r.body, `"full":{"n":1`) && !strings.Contains(r.body, `"full":{"n":2`) {
			t.Errorf("the store board says nothing of it: %s", r.body)
		}
	})
}
