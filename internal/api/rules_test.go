package api_test

import (
	"strings"
	"testing"

	"github.com/tongdan/tongdan/ident"
	"github.com/tongdan/tongdan/internal/db"
	"github.com/tongdan/tongdan/role"
)

// The rule about deliveries is kept by the managers of its store, with fields that are named when
// they are wrong.
func TestTheRuleOfDeliveriesIsKeptByItsStore(t *testing.T) {
	b := setup(t)
	b.heard()
	manager := b.key(db.KeyRow{Name: "manager", Role: string(role.StoreManager), Stores: []ident.Store{b.stores[0].ID}})
	clerk := b.key(db.KeyRow{Name: "clerk", Role: string(role.Clerk), Stores: []ident.Store{b.stores[0].ID}})
	of := func(i int) string { return "/api/v1/stores/" + b.stores[i].ID.String() + "/rules/ride" }
	body := `{"version":0,"on":true,"ride":{"channels":[],"tip_after":5,"tip_step":"2","tip_most":"4","tip_day":"50","switch_after":15,"ways":[{"by":"own"}],"fee_most":"10"}}`
	for _, x := range []struct {
		key    string
		at     int
		body   string
		status int
	}{
		{clerk, 0, body, 403}, {manager, 1, body, 404}, {manager, 0, strings.Replace(body, `"10"`, `""`, 1), 422}, {manager, 0, strings.Replace(body, `"own"`, `"courier"`, 1), 422},
		{manager, 0, `{"version":0,"on":true}`, 422}, {manager, 0, body, 200}, {manager, 0, body, 409},
	} {
		if r := b.call("PUT", of(x.at), x.key, x.body); r.status != x.status {
			t.Errorf("%s: %d, want %d: %s", x.body, r.status, x.status, r.body)
		}
	}
	r := b.call("GET", "/api/v1/rules", manager, "")
	if !strings.Contains(r.body, `"kind":"ride"`) || !strings.Contains(r.body, `"tip_day":"50"`) {
		t.Errorf("the rules are %s", r.body)
	}
	if r := b.call("POST", of(0)+"/try", manager, body); r.status != 200 || r.get(t, "yes") != 0.0 {
		t.Errorf("tried: %d %s", r.status, r.body)
	}
}
