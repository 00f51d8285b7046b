package api_test

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/tongdan/tongdan/ident"
	"github.com/tongdan/tongdan/internal/api"
	"github.com/tongdan/tongdan/internal/db"
	"github.com/tongdan/tongdan/role"
)

type operation struct{ id, method, path string }

func (b *bundle) operations() []operation {
	b.t.Helper()
	var doc struct {
		Paths map[string]map[string]struct{ OperationID string }
	}
	b.must(json.Unmarshal([]byte(b.call("GET", "/api/v1/openapi.json", "", "").body), &doc))
	var out []operation
	for path, ops := range doc.Paths {
		for method, op := range ops {
			out = append(out, operation{op.OperationID, strings.ToUpper(method), path})
		}
	}
	return out
}

// Each role meets each operation, over HTTP: it is refused exactly where its role lacks
// the right, before anything else is said.
func TestEveryRoleMeetsEveryOperation(t *testing.T) {
	b := setup(t)
	n := 0
	for _, r := range role.Roles {
		for _, stores := range [][]ident.Store{nil, {b.stores[1].ID}} {
			key := b.key(db.KeyRow{Name: string(r), Role: string(r), Stores: stores, Personal: true})
			for _, op := range b.operations() {
				right, asks := api.RightOf(op.id)
				if !asks || op.id == "stream" || op.id == "arm" && r == role.Owner {
					continue
				}
				n++
				got := b.call(op.method, placeholder.ReplaceAllString(op.path, "ord_0000000000001"), key, "")
				if may := r.May(right, stores == nil); (got.status == http.StatusForbidden) == may {
					t.Errorf("%s of %d stores at %s: %d %.200s", r, len(stores), op.id, got.status, got.body)
				}
			}
		}
	}
	if n < 500 {
		t.Errorf("only %d were tried", n)
	}
}

// Whoever has one store asks for what is another's, at every operation there is. What is
// not his answers as if it did not exist, and no answer names it.
func TestAForeignStoreIsNowhere(t *testing.T) {
	b := setup(t)
	foreign, theirs := b.order(1)
	own, _ := b.order(2)
	sku := b.call("POST", "/api/v1/skus", b.owner, `{"code":"TEA-M"}`).get(t, "id").(string)
	shops := map[string]string{}
	for _, x := range b.call("GET", "/api/v1/shops", b.owner, "").get(t, "shops").([]any) {
		shops[x.(map[string]any)["external_id"].(string)] = x.(map[string]any)["id"].(string)
	}
	offer := b.call("POST", "/api/v1/offers", b.owner, `{"shop_id":"`+shops["TEA001"]+`","sku_id":"`+sku+`","item":"T001"}`).get(t, "id").(string)
	b.call("POST", "/api/v1/stock/movements", b.owner, `{"store_id":"`+b.stores[0].ID.String()+`","sku_id":"`+sku+`","reason":"receipt","pieces":7654321}`)
	b.call("POST", "/api/v1/orders/"+foreign+"/actions", b.owner, `{"kind":"accept"}`)
	printer := `{"kind":"escpos","name":"kitchen","store_id":"` + b.stores[0].ID.String() + `","address":"127.0.0.1:9100"}`
	prn := b.call("POST", "/api/v1/printers", b.owner, printer).get(t, "id").(string)
	rider := `{"store_id":"` + b.stores[0].ID.String() + `","name":"rider","phone":"13900000001"}`
	rdr := b.call("POST", "/api/v1/riders", b.owner, rider).get(t, "id").(string)
	var eff string
	b.until("the foreign order's act is known", func() bool {
		eff, _ = b.call("GET", "/api/v1/effects?order="+foreign, b.owner, "").get(t, "effects.0.id").(string)
		return eff != ""
	})
	bat := b.call("POST", "/api/v1/batches", b.owner, `{"kind":"note","text":"x","orders":["`+foreign+`"]}`).get(t, "id").(string)
	manager := b.key(db.KeyRow{Name: "manager", Role: string(role.StoreManager), Stores: []ident.Store{b.stores[1].ID}, Personal: true})

	ids := map[string]string{ // what an operation's path is about
		"/orders/": foreign, "/effects/": eff, "/batches/": bat, "/offers/": offer, "/skus/": sku,
		"/stores/": b.stores[0].ID.String(), "/shops/": shops["TEA001"], "/apps/": b.app.ID.String(), "/accounts/": b.acct.ID.String(),
		"/parked/": "prk_0000000000001", "/me/passkeys/": "abc", "/keys/": "key_0000000000001", "/people/": "usr_0000000000001", "/me/sessions/": "abc",
		"/devices/": "dev_0000000000001", "/pins/": "usr_0000000000001", "/comments/": "cmt_0000000000001", "/printers/": prn, "/labels/": bat,
		"/riders/": rdr, "/edits/": "edt_0000000000001",
	}
	queries := map[string][]string{ // and its parameters, each tried alone
		"listOrders":     {"", "?store=" + b.stores[0].ID.String(), "?shop=" + shops["TEA001"], "?q=" + theirs, "?q=TEA001", "?limit=200&sort=due", "?status=new,accepted"},
		"countOrders":    {"", "?store=" + b.stores[0].ID.String(), "?shop=" + shops["TEA001"]},
		"listEffects":    {"", "?order=" + foreign, "?account=" + b.acct.ID.String()},
		"listStock":      {"", "?store=" + b.stores[0].ID.String()},
		"listMovements":  {"?store=" + b.stores[0].ID.String() + "&sku=" + sku},
		"listOffers":     {"", "?store=" + b.stores[0].ID.String(), "?shop=" + shops["TEA001"]},
		"listStatements": {"", "?shop_id=" + shops["TEA001"]},
		"listChanges":    {"?after=0", "?after=1"},
		"listMessages":   {"", "?store=" + b.stores[0].ID.String()},
		"unshareView":    {"?name=x"},
	}
	bodies := map[string]string{
		"act": `{"kind":"note","text":"x"}`, "makeBatch": `{"kind":"note","text":"x","orders":["` + foreign + `"]}`, "resolveEffect": `{"outcome":"done"}`,
		"bookStock":     `{"store_id":"` + b.stores[0].ID.String() + `","sku_id":"` + sku + `","reason":"receipt","pieces":1}`,
		"takeMessage":   `{"key":"unaccepted/` + foreign + `","take":true}`,
		"enterOrder":    `{"store_id":"` + b.stores[0].ID.String() + `","origin":"counter","serve":"take_out","pay":"cash","lines":[{"name":"x","quantity":1,"price":100}]}`,
		"makeStatement": `{"shop_id":"` + shops["TEA001"] + `"}`,
		"shareView":     `{"name":"x","filter":{}}`, "unshareView": `{}`, "setReplyTemplates": `{"low":[],"good":["谢谢"]}`,
		"pairDevice": `{"code":"XXXXXX","name":"x","store_id":"` + b.stores[0].ID.String() + `"}`, "changeDevice": `{"name":"x"}`,
		"setKnockRules": `{"store_id":"` + b.stores[0].ID.String() + `"}`,
		"speak":         `{"post":"kitchen","as":"abcdefgh","able":true}`, "letAllSpeak": `{"post":"kitchen","everybody":true}`, "noteOpening": `{}`, "setMaking": `{"on":true}`, "sellOut": `{"sku_id":"` + sku + `","until_at":0}`, "replyComment": `{"text":"x"}`, "addEvidence": `{"picture":"iVBORw0KGgo="}`, "changeEntry": `{"lines":[{"name":"x","quantity":1,"price":100}]}`, "restStore": `{"until_at":0}`, "restShops": `{"shop_ids":["` + shops["TEA001"] + `"],"until_at":0}`, "setKitchen": `{"slot_minutes":15,"slot_orders":20}`,
		"setRule": `{"version":0,"on":true,"accept":{"channels":[],"pre_orders":true}}`, "tryRule": `{"version":0,"on":true,"accept":{"channels":[],"pre_orders":true}}`,
		"makeRider": rider, "changeRider": rider, "makeRiderLink": `{}`, "makeRide": `{"rider_id":"` + rdr + `"}`, "endRide": `{}`, "tipRide": `{"tip":"1"}`, "stepRide": `{"step":"picked"}`, "blameDelivery": `{"party":"merchant"}`,
		"planFront": `{}`, "editFront": `{}`, "addPicture": `{"name":"x.png","picture":"iVBORw0KGgo="}`,
		"makePrinter": printer, "changePrinter": printer, "printTickets": `{"order_ids":["` + foreign + `"],"ticket":"kitchen"}`,
		"printLabels": `{"order_ids":["` + foreign + `"],"format":"pdf"}`, "printLabelsAgain": `{"printer_id":"` + prn + `"}`,
	}
	secrets := []string{foreign, theirs, b.stores[0].ID.String(), shops["TEA001"], "TEA001", eff, offer, prn, rdr, "7654321"}
	for _, op := range b.operations() {
		right, asks := api.RightOf(op.id)
		if !asks || op.id == "stream" || !role.StoreManager.May(right, false) {
			continue // TestEveryRoleMeetsEveryOperation has those
		}
		path := op.path
		about := strings.Contains(path, "{")
		if about {
			found := false
			for prefix, id := range ids {
				if rest, ok := strings.CutPrefix(path, "/api/v1"+prefix); ok {
					path, found = "/api/v1"+prefix+id+strings.TrimPrefix(rest, "{id}"), true
				}
			}
			if !found {
				t.Errorf("%s: say in this test what it would be about", op.id)
			}
		}
		path = strings.NewReplacer("{kind}", "accept", "{part}", "menu", "{ride}", "x").Replace(path)
		list := queries[op.id]
		if list == nil {
			list = []string{""}
		}
		for _, q := range list {
			got := b.call(op.method, path+q, manager, bodies[op.id])
			if op.method != "GET" && bodies[op.id] == "" && !about {
				t.Errorf("%s: say in this test what is sent", op.id)
			}
			if about && got.status != http.StatusNotFound {
				t.Errorf("%s %s answers %d: %.200s", op.method, path, got.status, got.body)
			}
			body := strings.ReplaceAll(got.body, "TEA001-", "") // codes of dishes, which both stores sell
			for _, s := range secrets {
				if strings.Contains(body, s) {
					t.Errorf("%s %s%s tells %q: %.300s", op.method, path, q, s, got.body)
				}
			}
		}
	}
	if got := b.call("GET", "/api/v1/orders", manager, ""); !strings.Contains(got.body, own) {
		t.Errorf("his own order is not there: %.300s", got.body)
	}
	r := b.call("GET", "/api/v1/orders/"+foreign, manager, "")
	none := b.call("GET", "/api/v1/orders/ord_0000000000001", manager, "")
	if strip(r) != strip(none) {
		t.Errorf("a foreign order answers %s, one that is not there %s", r.body, none.body)
	}
	var n reply
	b.until("his order is counted", func() bool {
		n = b.call("GET", "/api/v1/counts", manager, "")
		return n.get(t, "statuses.new") == 1.0
	})
	for status, count := range n.get(t, "statuses").(map[string]any) {
		if want := map[string]float64{"new": 1}[status]; count != want {
			t.Errorf("%v orders are %s, of his store %v", count, status, want)
		}
	}
	if real := b.call("GET", "/api/v1/changes?after=0", b.owner, "").get(t, "next"); n.get(t, "seq").(float64) <= real.(float64)*2 {
		t.Errorf("the feed's number %v is told as %v", real, n.get(t, "seq"))
	}
}

// strip takes away what no two answers share.
func strip(r reply) string { return r.body[:strings.Index(r.body, "request_id")] }

// From the invitation to the end: the link works once, the role and the stores hold from
// the next request on, and a suspended person is out everywhere.
func TestAPersonIsInvitedChangedAndSuspended(t *testing.T) {
	b := setup(t)
	foreign, _ := b.order(1)
	own, _ := b.order(2)
	made := b.call("POST", "/api/v1/people", b.owner, `{"name":"小王","role":"clerk","stores":["`+b.stores[1].ID.String()+`"],"personal":true}`)
	id, token := made.get(t, "person.id").(string), made.get(t, "link.token").(string)
	if made.status != 201 || made.get(t, "person.joined") != false || made.get(t, "person.link_until").(float64) == 0 {
		t.Fatalf("the invitation: %d %s", made.status, made.body)
	}
	if r := b.call("POST", "/api/v1/session", "", `{"name":"小王","password":""}`); r.status == 200 {
		t.Error("he is signed in without a password")
	}
	look := b.call("POST", "/api/v1/join/look", "", `{"token":"`+token+`"}`)
	if look.get(t, "name") != "小王" || look.get(t, "merchant") != "山间茶事" || look.get(t, "joined") != false {
		t.Errorf("the link says %s", look.body)
	}
	if r := b.call("POST", "/api/v1/join", "", `{"token":"`+token+`","password":"short"}`); r.status != 422 {
		t.Errorf("a short password: %d", r.status)
	}
	in := b.call("POST", "/api/v1/join", "", `{"token":"`+token+`","password":"correct horse"}`)
	if in.status != 200 || in.get(t, "user.role") != "clerk" {
		t.Fatalf("joining: %d %s", in.status, in.body)
	}
	cookie := []string{"Cookie", strings.SplitN(in.header.Get("Set-Cookie"), ";", 2)[0]}
	for _, again := range []string{token, "tdi_nothing"} {
		for _, path := range []string{"/join", "/join/look"} {
			if r := b.call("POST", "/api/v1"+path, "", `{"token":"`+again+`","password":"another password"}`); r.status != 404 && r.status != 422 {
				t.Errorf("a used or wrong link at %s: %d %s", path, r.status, r.body)
			}
		}
	}
	if r := b.call("GET", "/api/v1/orders", "", "", cookie...); !strings.Contains(r.body, own) || strings.Contains(r.body, foreign) {
		t.Errorf("he sees %.300s", r.body)
	}
	// What his role may not do is named on the order, and refused.
	r := b.call("GET", "/api/v1/orders/"+own, "", "", cookie...)
	for _, a := range r.get(t, "action_list").([]any) {
		a := a.(map[string]any)
		if a["kind"] == "accept" && a["allowed"] != true {
			t.Errorf("a clerk may not accept: %v", a)
		}
	}
	b.call("POST", "/api/v1/orders/"+own+"/actions", "", `{"kind":"accept"}`, cookie...)
	b.until("the order is accepted", func() bool {
		r = b.call("GET", "/api/v1/orders/"+own, "", "", cookie...)
		return r.get(t, "status") == "accepted"
	})
	forbidden := false
	for _, a := range r.get(t, "action_list").([]any) {
		a := a.(map[string]any)
		why, _ := a["why"].(map[string]any)
		forbidden = forbidden || a["kind"] == "cancel" && why["code"] == "role_ask"
	}
	if !forbidden {
		t.Errorf("a clerk is not told that he may not cancel: %s", r.body)
	}
	if r := b.call("POST", "/api/v1/orders/"+own+"/actions", "", `{"kind":"cancel"}`, cookie...); r.status != 403 || r.get(t, "why.code") != "role_ask" {
		t.Errorf("a clerk cancels: %d %s", r.status, r.body)
	}
	if r := b.call("POST", "/api/v1/batches", "", `{"kind":"cancel","orders":["`+own+`"]}`, cookie...); r.status != 403 {
		t.Errorf("a clerk cancels many: %d %s", r.status, r.body)
	}
	named := false
	for _, m := range r.get(t, "timeline").([]any) {
		m := m.(map[string]any)
		named = named || m["kind"] == "act" && m["text_code"] == "accept" && m["by_name"] == "小王"
	}
	if !named {
		t.Errorf("the timeline does not name who accepted: %s", r.body)
	}

	// Another store and role from the next request on.
	change := `{"name":"小王","role":"store_manager","stores":["` + b.stores[0].ID.String() + `"]}`
	if r := b.call("PUT", "/api/v1/people/"+id, b.owner, change); r.status != 200 || r.get(t, "sessions") != 1.0 {
		t.Fatalf("the change: %d %s", r.status, r.body)
	}
	if r := b.call("GET", "/api/v1/orders", "", "", cookie...); strings.Contains(r.body, own) || !strings.Contains(r.body, foreign) {
		t.Errorf("after the change he sees %.300s", r.body)
	}
	if r := b.call("GET", "/api/v1/orders/"+foreign, "", "", cookie...); !strings.Contains(r.body, `"masked":true`) {
		t.Error("he sees customers in full without the right")
	}
	if r := b.call("PUT", "/api/v1/people/"+id, b.owner, strings.Replace(change, "{", `{"suspended":true,`, 1)); r.status != 200 || r.get(t, "sessions") != 0.0 {
		t.Fatalf("the suspension: %d %s", r.status, r.body)
	}
	if r := b.call("GET", "/api/v1/session", "", "", cookie...); r.status != 401 {
		t.Errorf("a suspended person's session: %d", r.status)
	}
	if r := b.call("POST", "/api/v1/session", "", `{"name":"小王","password":"correct horse"}`); r.status != 401 {
		t.Errorf("a suspended person signs in: %d", r.status)
	}
	if r := b.call("POST", "/api/v1/people/"+id+"/link", b.owner, ""); r.status != 409 {
		t.Errorf("a link for a suspended person: %d", r.status)
	}
	b.call("PUT", "/api/v1/people/"+id, b.owner, change)
	first := b.call("POST", "/api/v1/people/"+id+"/link", b.owner, "").get(t, "token").(string)
	second := b.call("POST", "/api/v1/people/"+id+"/link", b.owner, "").get(t, "token").(string)
	if r := b.call("POST", "/api/v1/join/look", "", `{"token":"`+first+`"}`); r.status != 404 {
		t.Errorf("the link before still works: %d", r.status)
	}
	if r := b.call("POST", "/api/v1/join", "", `{"token":"`+second+`","password":"a new password"}`); r.status != 200 {
		t.Errorf("a forgotten password: %d %s", r.status, r.body)
	}
	if r := b.call("DELETE", "/api/v1/people/"+id+"/sessions", b.owner, ""); r.status != 204 {
		t.Errorf("signing out everywhere: %d", r.status)
	}
	list := b.call("GET", "/api/v1/people", b.owner, "")
	if list.get(t, "people.0.name") != "小王" || list.get(t, "people.0.sessions") != 0.0 || strings.Contains(list.body, second) || strings.Contains(list.body, "argon2id") {
		t.Errorf("the list: %s", list.body)
	}
}

// Nobody gives what is above him, changes himself, or takes stores that are not there.
func TestWhoMayMakeWhom(t *testing.T) {
	b := setup(t)
	hq := b.key(db.KeyRow{Name: "hq", Role: string(role.Headquarters)})
	body := func(role, rest string) string { return `{"name":"` + role + `","role":"` + role + `"` + rest + `}` }
	all, one := `,"all_stores":true`, `,"stores":["`+b.stores[0].ID.String()+`"]`
	for _, x := range []struct {
		what, key, body string
		status          int
		field           string
	}{
		{"headquarters make an owner", hq, body("owner", all), 403, ""},
		{"headquarters make headquarters", hq, body("headquarters", all), 201, ""},
		{"an owner makes an owner", b.owner, body("owner", all), 201, ""},
		{"a clerk makes a clerk", b.clerk, body("clerk", one), 403, ""},
		{"no store at all", b.owner, body("clerk", ""), 422, "body.stores"},
		{"all and some", b.owner, body("clerk", all+one), 422, "body.stores"},
		{"a store of somebody else", b.owner, body("clerk", `,"stores":["sto_0000000000001"]`), 422, "body.stores[0]"},
		{"an owner of one store", b.owner, body("owner", one), 422, "body.stores"},
		{"a role that is none", b.owner, body("king", all), 422, "body.role"},
		{"a name that is taken", b.owner, strings.Replace(body("headquarters", all), `"role":"headquarters"`, `"role":"clerk"`, 1), 409, "body.name"},
		{"a clerk of all stores", b.owner, body("clerk", all), 201, ""},
	} {
		r := b.call("POST", "/api/v1/people", x.key, x.body)
		if r.status != x.status || !strings.Contains(r.body, x.field) {
			t.Errorf("%s: %d, want %d with %s: %s", x.what, r.status, x.status, x.field, r.body)
		}
	}
	var owner, clerk string
	for _, p := range b.call("GET", "/api/v1/people", hq, "").get(t, "people").([]any) {
		p := p.(map[string]any)
		switch p["name"] {
		case "owner":
			owner = p["id"].(string)
			if p["may_change"] != false {
				t.Error("headquarters are told that they may change an owner")
			}
		case "clerk":
			clerk = p["id"].(string)
		}
	}
	for what, r := range map[string]reply{
		"headquarters suspend an owner":      b.call("PUT", "/api/v1/people/"+owner, hq, body("clerk", all+`,"suspended":true`)),
		"headquarters let an owner sign in":  b.call("POST", "/api/v1/people/"+owner+"/link", hq, ""),
		"headquarters sign an owner out":     b.call("DELETE", "/api/v1/people/"+owner+"/sessions", hq, ""),
		"headquarters make a clerk an owner": b.call("PUT", "/api/v1/people/"+clerk, hq, body("owner", all)),
	} {
		if r.status != 403 {
			t.Errorf("%s: %d", what, r.status)
		}
	}
	b.user("boss")
	in := b.call("POST", "/api/v1/session", "", `{"name":"boss","password":"`+password+`"}`)
	cookie := strings.SplitN(in.header.Get("Set-Cookie"), ";", 2)[0]
	if r := b.call("PUT", "/api/v1/people/"+in.get(t, "user.id").(string), "", body("clerk", all), "Cookie", cookie); r.status != 403 {
		t.Errorf("an owner takes his own rights: %d", r.status)
	}
}

// What somebody may see has changed: his live stream ends at once, and what he comes back
// with is what he may see now.
func TestAStreamEndsWhenRightsChange(t *testing.T) {
	b := setup(t)
	made := b.call("POST", "/api/v1/people", b.owner, `{"name":"小李","role":"clerk","stores":["`+b.stores[0].ID.String()+`"]}`)
	in := b.call("POST", "/api/v1/join", "", `{"token":"`+made.get(t, "link.token").(string)+`","password":"correct horse"}`)
	req, err := http.NewRequestWithContext(t.Context(), "GET", b.url+"/api/v1/stream", nil)
	b.must(err)
	req.Header.Set("Cookie", strings.SplitN(in.header.Get("Set-Cookie"), ";", 2)[0])
	resp, err := http.DefaultClient.Do(req)
	b.must(err)
	defer resp.Body.Close()
	first := make([]byte, 12)
	if _, err := io.ReadFull(resp.Body, first); err != nil { // he listens
		t.Fatal(err)
	}
	if r := b.call("PUT", "/api/v1/people/"+made.get(t, "person.id").(string), b.owner, `{"name":"小李","role":"clerk","stores":["`+b.stores[1].ID.String()+`"]}`); r.status != 200 {
		t.Fatal(r.body)
	}
	ended := make(chan error, 1)
	go func() {
		_, err := io.Copy(io.Discard, resp.Body)
		ended <- err
	}()
	select {
	case <-ended:
	case <-time.After(10 * time.Second): // a heartbeat would take 15
		t.Fatal("the stream goes on with the rights from before")
	}
}
