package api_test

import (
	"encoding/base64"
	"net/url"
	"slices"
	"strings"
	"testing"
)

// A menu is read, an edit is planned, agreed to by its digest and carried out once, and tells of each change what became
// of it; delivery areas are drawn from GPS; a picture is named by what the platform gave.
func TestAMenuAndAreasAreChangedThroughTheAPI(t *testing.T) {
	eachEngine(t, func(t *testing.T, b *bundle) {
		shop := ""
		for _, x := range b.call("GET", "/api/v1/shops", b.owner, "").get(t, "shops").([]any) {
			if x.(map[string]any)["external_id"] == "TEA002" {
				shop = "/api/v1/shops/" + x.(map[string]any)["id"].(string)
			}
		}
		ended := func(path, body, key, state string) string {
			t.Helper()
			r := b.call("PUT", path, b.owner, body, "Idempotency-Key", key)
			if r.status != 202 {
				t.Fatalf("PUT %s: %d %s", path, r.status, r.body)
			}
			id := r.get(t, "id").(string)
			if again := b.call("PUT", path, b.owner, body, "Idempotency-Key", key); again.get(t, "id") != id {
				t.Errorf("the same key made another edit: %s", again.body)
			}
			b.until("the edit has ended", func() bool { return b.call("GET", "/api/v1/edits/"+id, b.owner, "").get(t, "state") == state })
			return id
		}
		menu := shop + "/front/menu"
		if r := b.call("GET", menu, b.owner, ""); r.status != 200 || strings.Count(r.body, `"category"`) < 20 {
			t.Fatalf("%d %.400s", r.status, r.body)
		}
		pic := b.call("POST", shop+"/pictures", b.owner, `{"name":"tea.jpg","picture":"`+base64.StdEncoding.EncodeToString([]byte("\xff\xd8\xff tea"))+`"}`)
		if pic.status != 200 {
			t.Fatalf("%d %s", pic.status, pic.body)
		}
		item := `{"items":[{"code":"T001","picture":"` + pic.get(t, "picture").(string) + `","properties":[{"name":"甜度","values":["全糖","半糖"]}],"skus":[{"code":"T001-M","price":1850,"on_sale":false}]}]}`
		plan := b.call("POST", menu+"/plan", b.owner, item)
		// The new properties take the old ones' place, so the edit deletes, and is agreed to with its digest.
		if plan.status != 200 || plan.get(t, "consent") != true || len(plan.get(t, "changes").([]any)) != 4 {
			t.Errorf("%d %s", plan.status, plan.body)
		}
		if r := b.call("PUT", menu, b.owner, item); r.status != 409 || r.get(t, "why.code") != "front_digest" {
			t.Errorf("a deletion without consent: %d %s", r.status, r.body)
		}
		ended(menu, `{"digest":"`+plan.get(t, "digest").(string)+`",`+item[1:], "menu-1", "done")
		if got := b.call("GET", menu+"?"+url.Values{"properties": {"T001"}}.Encode(), b.owner, "").body; !strings.Contains(got, `"price":1850`) || !strings.Contains(got, `"半糖"`) {
			t.Errorf("%.400s", got)
		}
		if r := b.call("PUT", menu, b.owner, item, "Idempotency-Key", "menu-2"); r.status != 200 || len(r.get(t, "changes").([]any)) != 0 {
			t.Errorf("nothing to change: %d %s", r.status, r.body)
		}
		areas := shop + "/front/areas"
		square := `"areas":[{"code":"A1","system":"wgs84","min_price":2000,"shape":[{"lat":30.18,"lon":120.09},{"lat":30.18,"lon":120.11},{"lat":30.2,"lon":120.11},{"lat":30.2,"lon":120.09}]}]`
		if r := b.call("PUT", areas, b.owner, "{"+square+"}"); r.status != 409 || r.get(t, "why.code") != "front_digest" {
			t.Errorf("areas without consent: %d %s", r.status, r.body)
		}
		if plan = b.call("POST", areas+"/plan", b.owner, "{"+square+"}"); plan.get(t, "consent") != true {
			t.Errorf("%s", plan.body)
		}
		ended(areas, `{"digest":"`+plan.get(t, "digest").(string)+`",`+square+`}`, "areas-1", "done")
		if lat := b.call("GET", areas, b.owner, "").get(t, "areas.0.shape.0.lat").(float64); lat == 30.18 || lat < 30.17 || lat > 30.19 {
			t.Errorf("the corner is at %v", lat)
		}
		for body, field := range map[string]string{`{"areas":[{"code":"A1","shape":[{"lat":30,"lon":120},{"lat":30.01,"lon":120.01},{"lat":30,"lon":120.01},{"lat":30.01,"lon":120}]}]}`: "body.areas[0].shape"} {
			if r := b.call("POST", areas+"/plan", b.owner, body); r.status != 422 || !strings.Contains(r.body, field) {
				t.Errorf("%d %s", r.status, r.body)
			}
		}
		ended(shop+"/front/profile", `{"profile":{"hours":[{"from":"09:00","to":"21:30"}],"notice":"今日满减"}}`, "profile-1", "done")
		if n := len(b.call("GET", shop+"/edits", b.owner, "").get(t, "edits").([]any)); n != 3 {
			t.Errorf("%d edits", n)
		}
	})
}

// What of a front can be changed is told before anybody tries: by the channel, with its limits.
func TestAChannelTellsWhatOfAFrontCanBeChanged(t *testing.T) {
	eachEngine(t, func(t *testing.T, b *bundle) {
		shown := map[string]map[string]any{}
		for _, x := range b.call("GET", "/api/v1/channels", b.owner, "").get(t, "channels").([]any) {
			c := x.(map[string]any)
			shown[c["name"].(string)], _ = c["front"].(map[string]any)
		}
		of := func(name, list, what string) bool { return slices.Contains(shown[name][list].([]any), any(what)) }
		if !of("meituan", "profile", "notice") || !of("meituan", "profile", "picture") || !of("meituan", "pictures", "png") || shown["meituan"]["picture_max"] != 700.0*1024 || shown["meituan"]["system"] != "gcj02" {
			t.Errorf("%v", shown["meituan"])
		}
		if p := shown["meituan-partner"]; !of("meituan-partner", "profile", "rider_delay_s") || of("meituan-partner", "profile", "notice") || p["areas"] != true || p["codes"] == nil {
			t.Errorf("%v", p)
		}
		if shown["mercadolibre"] != nil {
			t.Errorf("it has no front that can be changed: %v", shown["mercadolibre"])
		}
	})
}
