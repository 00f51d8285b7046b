package api_test

import (
	"fmt"
	"testing"
	"time"
)

// Orders that no platform gives a deadline are sorted by when they must be ready, and what
// the store says of its pace counts at once, for those that wait already too.
func TestWorkIsSortedByWhenItMustBeReady(t *testing.T) {
	b := setup(t)
	place := func(promised time.Duration) string {
		t.Helper()
		body := `{"app_poi_code":"TEA001"}`
		if promised > 0 {
			body = fmt.Sprintf(`{"app_poi_code":"TEA001","delivery_time":%d}`, time.Now().Add(promised).Unix())
		}
		ref, err := b.sim.Place([]byte(body))
		b.must(err)
		var id string
		b.until("the order arrives", func() bool {
			r := b.call("GET", "/api/v1/orders?q="+ref, b.owner, "")
			if list := r.get(t, "orders").([]any); len(list) > 0 && list[0].(map[string]any)["status"] == "new" {
				id = list[0].(map[string]any)["id"].(string)
			}
			return id != ""
		})
		if r := b.call("POST", "/api/v1/orders/"+id+"/actions", b.owner, `{"kind":"accept"}`); r.status != 202 {
			t.Fatalf("%d %s", r.status, r.body)
		}
		b.until("it is accepted", func() bool { return b.call("GET", "/api/v1/orders/"+id, b.owner, "").get(t, "status") == "accepted" })
		return id
	}
	evening, now := place(5*time.Hour), place(0)
	listed := func() (ids []string) {
		for _, o := range b.call("GET", "/api/v1/orders?status=accepted&sort=due", b.owner, "").get(t, "orders").([]any) {
			ids = append(ids, o.(map[string]any)["id"].(string))
		}
		return ids
	}
	if got := listed(); len(got) != 2 || got[0] != now || got[1] != evening {
		t.Fatalf("by what is due: %v, want %v then %v", got, now, evening)
	}
	read := func(id, what string) int64 {
		v, _ := b.call("GET", "/api/v1/orders/"+id, b.owner, "").get(t, what).(float64)
		return int64(v)
	}
	promised := read(evening, "promised_at")
	if by, begin := read(evening, "ready_by_at"), read(evening, "begin_at"); promised-by != 30*60_000 || by-begin != 15*60_000 || read(evening, "deadline.at") != by {
		t.Errorf("promised at %d, ready by %d, begun at %d", promised, by, begin)
	}
	store := b.stores[0]
	path := "/api/v1/stores/" + store.ID.String()
	if r := b.call("PUT", path, b.owner, `{"name":"TEA001","zone":"Asia/Shanghai","prepare_minutes":20,"travel_minutes":310}`); r.status != 200 || r.get(t, "travel_minutes") != 310.0 {
		t.Fatalf("%d %s", r.status, r.body)
	}
	if by := read(evening, "ready_by_at"); promised-by != 310*60_000 {
		t.Errorf("with another pace: %d minutes before", (promised-by)/60_000)
	}
	if got := listed(); len(got) != 2 || got[0] != evening {
		t.Errorf("with another pace by what is due: %v, want %v first", got, evening)
	}
	if r := b.call("PUT", path, b.owner, `{"name":"TEA001","zone":"Asia/Shanghai","prepare_minutes":900}`); r.status != 422 {
		t.Errorf("15 hours: %d %s", r.status, r.body)
	}
	if r := b.call("PUT", "/api/v1/me/merchant", b.owner, `{"name":" 山间茶事 "}`); r.status != 200 || r.get(t, "name") != "山间茶事" {
		t.Errorf("renamed: %d %s", r.status, r.body)
	}
}
