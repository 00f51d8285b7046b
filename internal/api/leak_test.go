package api_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/ident"
	"github.com/tongdan/tongdan/internal/backup"
	"github.com/tongdan/tongdan/internal/db"
	"github.com/tongdan/tongdan/internal/db/dbtest"
	"github.com/tongdan/tongdan/internal/hub"
	"github.com/tongdan/tongdan/internal/sim"
	"github.com/tongdan/tongdan/internal/sim/mercadolibre"
	"github.com/tongdan/tongdan/order"
	"github.com/tongdan/tongdan/role"
)

// What is planted: of a customer, and secrets.
var (
	personal = map[string]string{
		"name": "周密探", "phone": "13911122233", "address": "秘密路99号", "invoice": "秘密抬头公司",
	}
	rider = map[string]string{"name": "骑小密", "phone": "13700011122"}
)

const mlSecret = "planted-client-secret-of-ml"

// TestPlantedSecretsComeOutNowhere lets orders with known names and numbers live through
// errors, under credentials that are known, and then looks for all of it: in the log at
// its most talkative and before anything is blotted out, in every answer of the API to
// who may not see customers' data, in answers that are errors, in the meters, in what the
// platforms were called with, and in a backup. Robots, clouds of printers and a courier are out of order meanwhile
// and repeat the keys that they were called with.
func TestPlantedSecretsComeOutNowhere(t *testing.T) {
	b := setup(t)
	b.user("li")
	who := hub.Actor{Scope: db.Scope{Merchant: b.m, Personal: true}, ID: "test", Role: role.Owner}
	secrets := map[string]string{"Meituan's secret": appSecret, "Mercado Libre's secret": mlSecret, "an API key": b.owner, "a password": password}

	// Mercado Libre, authorised by consent: its tokens are secrets too.
	const seller = mercadolibre.ID(700000001)
	ml, err := mercadolibre.New(mercadolibre.Options{Seed: 3,
		App:     mercadolibre.App{ClientID: 1234567890123456, ClientSecret: mlSecret},
		Sellers: []mercadolibre.Seller{{ID: seller, Site: "MLB", Nickname: "LOJA", Logistic: "cross_docking"}}})
	b.must(err)
	plat := httptest.NewServer(ml.API())
	t.Cleanup(plat.Close)
	t.Cleanup(func() { ml.Close() })
	access, refresh, err := ml.Tokens(seller)
	b.must(err)
	secrets["an access token"], secrets["a refresh token"] = access, refresh
	app, err := b.hub.PutApp(t.Context(), who, db.AppRow{Channel: "mercadolibre", Name: "ml", BaseURL: plat.URL, PublicURL: b.url,
		Credentials: map[string]string{"client_id": "1234567890123456", "client_secret": mlSecret}})
	b.must(err)
	b.must(ml.Register(func(a *mercadolibre.App) {
		a.CallbackURL = b.url + "/callback/mercadolibre/" + app.ID.String() + "/notifications"
	}))
	acct, err := b.hub.PutAccount(t.Context(), who, db.AccountRow{App: app.ID, Name: "seller", External: seller.String(), Credentials: map[string]string{"site": "MLB", "refresh_token": refresh}})
	b.must(err)
	_, err = b.hub.PutShop(t.Context(), who, db.ShopRow{Account: acct.ID, External: seller.String(), Store: b.stores[0].ID, Name: "loja"})
	b.must(err)

	// A person signs in, badly and well; a browser sends a cookie.
	b.call("POST", "/api/v1/session", "", `{"name":"li","password":"planted wrong password"}`)
	secrets["a wrong password"] = "planted wrong password"
	cookie := cookieOf(b.call("POST", "/api/v1/session", "", `{"name":"li","password":"`+password+`"}`))
	secrets["a cookie"] = strings.TrimPrefix(cookie, "tongdan_session=")

	var tested []reply

	// What else is called with keys: robots, short messages, clouds of printers, couriers. Their servers are out
	// of order, and repeat in their answers what they were asked with.
	sour := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(io.LimitReader(r.Body, 1<<16))
		w.WriteHeader(http.StatusInternalServerError)
		fmt.Fprintf(w, "out of order: %s %s %v %s", r.Method, r.URL, r.Header, body)
	}))
	t.Cleanup(sour.Close)
	store := b.stores[0].ID.String()
	plant := func(path, kind, more string, creds map[string]string, secret ...string) string {
		t.Helper()
		for _, name := range secret {
			secrets["the "+name+" of "+kind] = creds[name]
		}
		list, err := json.Marshal(creds)
		b.must(err)
		r := b.call("POST", "/api/v1"+path, b.owner, `{"kind":"`+kind+`","name":"`+kind+`",`+more+`"credentials":`+string(list)+`}`)
		if r.status != http.StatusCreated {
			t.Fatalf("%s %s: %d %s", path, kind, r.status, r.body)
		}
		return r.get(t, "id").(string)
	}
	at := `"base_url":"` + sour.URL + `",`
	for kind, creds := range map[string]map[string]string{
		"wecom": {"key": "planted-key-of-wecom"}, "dingtalk": {"token": "planted-token-of-dingtalk", "secret": "SEC-planted-of-dingtalk"}, "feishu": {"token": "planted-token-of-feishu", "secret": "planted-secret-of-feishu"},
	} {
		var names []string
		for name := range creds {
			names = append(names, name)
		}
		id := plant("/senders", kind, at, creds, names...)
		tested = append(tested, b.call("POST", "/api/v1/senders/"+id+"/test", b.owner, `{}`))
	}
	at = `"store_id":"` + store + `","address":"` + sour.URL + `",`
	for kind, x := range map[string]struct {
		creds  map[string]string
		secret []string
	}{
		"feie":      {map[string]string{"user": "shop@example.com", "ukey": "plantedukeyoffeie", "sn": "921500000", "key": "plantedkey"}, []string{"ukey", "key"}},
		"yilianyun": {map[string]string{"client_id": "1096000000", "client_secret": "planted-secret-of-yilianyun", "machine_code": "4004600000", "msign": "plantedmsign"}, []string{"client_secret", "msign"}},
	} {
		id := plant("/printers", kind, at, x.creds, x.secret...)
		tested = append(tested, b.call("POST", "/api/v1/printers/"+id+"/test", b.owner, ``))
	}
	plant("/couriers", "dada", `"address":"`+sour.URL+`","shops":{"`+store+`":"S-1"},`, map[string]string{"app_key": "dada1", "app_secret": "planted-secret-of-dada", "source_id": "73753"}, "app_secret")

	// Orders live, with platforms that misbehave.
	place := func() string {
		raw, err := json.Marshal(map[string]any{"app_poi_code": "TEA002", "recipient_name": personal["name"], "recipient_phone": personal["phone"],
			"recipient_address": personal["address"], "has_invoiced": 1, "invoice_title": personal["invoice"]})
		b.must(err)
		id, err := b.sim.Place(raw)
		b.must(err)
		return id
	}
	theirs := []string{place(), place(), place()}
	var ours []string
	b.until("the orders arrive", func() bool {
		ours = ours[:0]
		r := b.call("GET", "/api/v1/orders?limit=200", b.owner, "")
		list, _ := r.get(t, "orders").([]any)
		for _, o := range list {
			if o := o.(map[string]any); o["channel"] == "meituan" && o["status"] == "new" {
				ours = append(ours, o["id"].(string))
			}
		}
		return len(ours) == len(theirs)
	})
	if r := b.call("POST", "/api/v1/orders/"+ours[0]+"/uncover", b.owner, ""); !strings.Contains(r.body, personal["phone"]) || !strings.Contains(r.body, personal["name"]) || !strings.Contains(r.body, personal["address"]) {
		t.Fatalf("what was planted is not in the order, so the test shows nothing: %s", r.body)
	}
	b.sim.Faults().Set(sim.FaultPlan{Err429: 0.2, Err5xx: 0.3, DropAfterCommit: 0.3, PushForged: 0.5})
	ml.Faults().Set(sim.FaultPlan{Err429: 0.2, Err5xx: 0.3, DropAfterCommit: 0.3})
	for i, id := range ours {
		b.call("POST", "/api/v1/orders/"+id+"/actions", b.owner, `{"kind":"accept"}`, "Idempotency-Key", fmt.Sprint("accept ", i))
		b.call("POST", "/api/v1/orders/"+id+"/actions", b.owner, `{"kind":"dispatch","courier":{"name":"`+rider["name"]+`","phone":"`+rider["phone"]+`"}}`)
		_ = b.sim.Do(theirs[i], "ask_refund", nil)
	}
	_, err = ml.Place(mercadolibre.Placement{SellerID: seller})
	b.must(err)
	b.call("POST", "/callback/meituan/"+b.app.ID.String()+"/order/paid", "", "recipient_phone="+personal["phone"]+"&sig=x", "Content-Type", "application/x-www-form-urlencoded")
	b.call("POST", "/callback/mercadolibre/"+app.ID.String()+"/notifications", "", `{"resource":"/orders/1?access_token=`+access+`","user_id":1,"topic":"orders_v2"}`)
	b.call("GET", "/callback/mercadolibre/"+app.ID.String()+"/authorised?code="+access+"&state="+refresh, "", "")
	b.call("GET", "/api/v1/orders?q="+personal["phone"], b.owner, "")
	_, err = b.db.Do(t.Context(), db.Verb{Name: "park", Merchant: b.m, Decide: func(tx *db.Tx) error {
		e := tx.Journal(db.Entry{Direction: db.Push, What: "order.paid", Channel: "meituan", Account: b.acct.ID, Ref: order.Ref{Realm: "meituan", Kind: "order", ID: "9"}, Body: []byte(personal["phone"] + personal["name"])})
		tx.Park(db.ParkedRow{App: b.app.ID, Account: b.acct.ID, Channel: "meituan", What: "order.paid", Why: fault.Reason{Text: "bad"}, State: db.ParkedState, Entry: e})
		return nil
	}})
	b.must(err)
	b.until("errors happened and were got over", func() bool {
		calls, bad := b.sim.Calls().List("", 10_000), 0
		for _, c := range calls {
			if c.Fault != "" {
				bad++
			}
		}
		r := b.call("GET", "/api/v1/orders/"+ours[0], b.owner, "")
		return bad >= 3 && r.get(t, "order.status") != "new" && strings.Contains(b.log.String(), "refused")
	})

	look := func(where, text string, people bool) {
		t.Helper()
		for what, s := range secrets {
			if strings.Contains(text, s) {
				t.Errorf("%s holds %s", where, what)
			}
		}
		for what, s := range personal {
			if people && strings.Contains(text, s) {
				t.Errorf("%s holds the %s of a customer: %s", where, what, around(text, s))
			}
		}
	}
	for _, r := range tested {
		if !strings.Contains(r.body, `"ok":false`) {
			t.Errorf("nothing was tried: %d %s", r.status, r.body)
		}
		look("a test of what is out of order", r.body, false)
	}
	for _, id := range ours {
		look("what couriers ask", b.call("GET", "/api/v1/orders/"+id+"/ride_offers", b.owner, "").body, false)
	}
	look("the log", b.log.String(), true)
	for what, s := range rider { // who brings it is shown to whoever sees the order, and still not logged
		if strings.Contains(b.log.String(), s) {
			t.Errorf("the log holds the %s of a rider", what)
		}
	}
	look("the meters", b.call("GET", "/metrics", b.owner, "").body, true)

	// Every reading operation, for an owner and a clerk who may not see customers' data.
	blind := b.key(db.KeyRow{Name: "blind", Role: string(role.Owner)})
	clerk := b.key(db.KeyRow{Name: "store", Role: string(role.Clerk), Stores: []ident.Store{b.stores[1].ID}})
	var doc struct {
		Paths map[string]map[string]json.RawMessage
	}
	b.must(json.Unmarshal([]byte(b.call("GET", "/api/v1/openapi.json", "", "").body), &doc))
	parked, _, err := b.db.Parked(t.Context(), who.Scope, db.ParkedFilter{Limit: 10})
	b.must(err)
	seen := 0
	for path, ops := range doc.Paths {
		if _, ok := ops["get"]; !ok || strings.HasSuffix(path, "/stream") || strings.HasSuffix(path, "/authorise") {
			continue
		}
		ids := []string{""}
		switch {
		case strings.Contains(path, "/orders/{id}"):
			ids = ours
		case strings.Contains(path, "/parked/{id}"):
			ids = []string{parked[0].ID.String()}
		case strings.Contains(path, "{"):
			ids = []string{acct.ID.String()}
		}
		for _, id := range ids {
			for _, key := range []string{blind, clerk} {
				for _, query := range []string{"", "?q=" + personal["phone"], "?nonsense=" + personal["phone"]} {
					r := b.call("GET", placeholder.ReplaceAllString(path, id)+query, key, "")
					text := strings.ReplaceAll(r.body, `"`+personal["phone"]+`"`, "") // a wrong parameter is told back to who sent it
					look(fmt.Sprintf("GET %s%s (%d)", path, query, r.status), text, true)
					if r.status == http.StatusOK {
						seen++
					}
				}
			}
		}
	}
	if seen < 25 {
		t.Errorf("only %d answers were looked at", seen)
	}
	r := b.call("GET", "/api/v1/stream?after=0", "", "", "Cookie", "none")
	look("a refused stream", r.body, true)

	// With the right to see customers, there are still no secrets.
	for path := range doc.Paths {
		if !strings.Contains(path, "{") && !strings.HasSuffix(path, "/stream") {
			look("GET "+path+" of an owner", b.call("GET", path, b.owner, "").body, false)
		}
	}
	for _, id := range ours {
		look("an order", b.call("GET", "/api/v1/orders/"+id, b.owner, "").body, false)
		look("a journal", b.call("GET", "/api/v1/orders/"+id+"/journal?limit=200&bodies=true", b.owner, "").body, false)
	}

	// What went over the wire in addresses, which proxies write down.
	for _, c := range append(b.sim.Calls().List("", 10_000), ml.Calls().List("", 10_000)...) {
		look("the address of "+c.Kind, c.Path, true)
	}

	// A backup: neither its manifest nor the database in it holds a secret; of people,
	// the manifest holds nothing.
	made, _, err := backup.Take(t.Context(), backup.Options{From: backup.Place{Dir: b.dir}, To: t.TempDir(), Key: dbtest.Key, Now: time.Now})
	b.must(err)
	manifest, err := os.ReadFile(filepath.Join(made.Path, "manifest.json"))
	b.must(err)
	look("the manifest", string(manifest), true)
	file, err := os.ReadFile(filepath.Join(made.Path, db.SQLiteFile))
	b.must(err)
	for what, s := range secrets {
		if bytes.Contains(file, []byte(s)) {
			t.Errorf("the database holds %s as it is", what)
		}
	}
}

// around is a little of what stands about a find.
func around(text, s string) string {
	i := strings.Index(text, s)
	return fmt.Sprintf("%.300q", text[max(0, i-150):min(len(text), i+len(s)+80)])
}
