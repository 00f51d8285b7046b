package api_test

import (
	"testing"

	"github.com/tongdan/tongdan/ident"
	"github.com/tongdan/tongdan/internal/db"
	"github.com/tongdan/tongdan/role"
)

func TestAnOpeningCheckIsNotedAndSkippingToo(t *testing.T) {
	eachEngine(t, func(t *testing.T, b *bundle) {
		path := "/api/v1/stores/" + b.stores[1].ID.String() + "/openings"
		if r := b.call("POST", path, b.clerk, `{"skipped":true}`); r.get(t, "openings.0.skipped") != true || r.get(t, "openings.0.by_name") != "clerk" || r.get(t, "openings.0.day") != r.get(t, "today") {
			t.Errorf("skipped: %s", r.body)
		}
		b.call("POST", path, b.clerk, `{"heard":"heard"}`)
		r := b.call("GET", path, b.owner, "")
		if r.get(t, "openings.0.skipped") != false || r.get(t, "openings.0.heard") != "heard" || r.get(t, "openings.1") != nil {
			t.Errorf("gone through after it was skipped: %s", r.body)
		}
		foreign := b.key(db.KeyRow{Name: "other", Role: string(role.Clerk), Stores: []ident.Store{b.stores[0].ID}})
		if r := b.call("POST", path, foreign, `{}`); r.status != 404 {
			t.Errorf("another store's: %d", r.status)
		}
	})
}
