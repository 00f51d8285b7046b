package hub_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/tongdan/tongdan/channel"
	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/internal/db"
	"github.com/tongdan/tongdan/internal/hub"
	mt "github.com/tongdan/tongdan/internal/sim/meituan"
	"github.com/tongdan/tongdan/order"
)

// A chain has one store on the direct platform and one under a service provider. The second is bound on
// Meituan's page, its token comes as an unsigned message, and orders of both run.
func TestAStoreIsBoundUnderAServiceProviderBesideADirectOne(t *testing.T) {
	each(t, func(w *shopWorld) {
		ctx := w.t.Context()
		meanwhile := func() {} // while the platform is asked
		there := w.sim.Partner().API()
		api := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) { meanwhile(); there.ServeHTTP(rw, r) }))
		w.t.Cleanup(api.Close)
		app, err := w.hub.PutApp(ctx, w.who, db.AppRow{Channel: "meituan-partner", Name: "服务商", BaseURL: api.URL, PublicURL: w.app.PublicURL,
			Credentials: map[string]string{"developer_id": "100001", "sign_key": "signkey_demo_0001"}})
		w.must(err)
		w.must(w.sim.Configure([]byte(`{"developer_id":"100001","sign_key":"signkey_demo_0001","partner_callback":"` + w.app.PublicURL + `/callback/meituan-partner/` + app.ID.String() + `"}`)))
		acct, err := w.hub.PutAccount(ctx, w.who, db.AccountRow{App: app.ID, Name: "三店"})
		w.must(err)
		if _, err := w.hub.ConsentURL(ctx, w.who, acct.ID); !fault.Is(err, fault.Conflict) {
			w.t.Fatalf("authorising without a shop: %v, want a conflict", err)
		}
		stores, err := w.db.Stores(ctx, w.who.Scope)
		w.must(err)
		_, err = w.hub.PutShop(ctx, w.who, db.ShopRow{Account: acct.ID, External: "N003", Store: stores[0].ID, Name: "三店"})
		w.must(err)
		w.must(w.sim.AddStore(mt.Store{Code: "TEA003", Logistics: "1001"}))

		bind := func(token string) string {
			reply, err := w.hub.Callback(ctx, "meituan-partner", app.ID, channel.Request{Method: "POST", Path: "store/bound", Header: http.Header{},
				Body: []byte(url.Values{"ePoiId": {"N003"}, "appAuthToken": {token}, "businessId": {"2"}}.Encode())})
			w.must(err)
			return reply.Body
		}
		if got := bind("token_of_a_stranger"); strings.Contains(got, "success") {
			t.Errorf("a binding that nobody asked for was taken: %s", got)
		}
		page, err := w.hub.ConsentURL(ctx, w.who, acct.ID)
		w.must(err)
		if got := bind("token_of_a_stranger"); strings.Contains(got, "success") {
			t.Errorf("a token that the platform does not know was taken: %s", got)
		}
		res, err := http.Get(page)
		w.must(err)
		res.Body.Close()
		if res.StatusCode != http.StatusOK {
			w.t.Fatalf("Meituan's page answers HTTP %d to our link", res.StatusCode)
		}
		res, err = http.PostForm(strings.Replace(page, "/storemap?", "/storemap/bind?", 1), url.Values{"store": {"TEA003"}})
		w.must(err)
		res.Body.Close()
		w.until("the token is here, and the guide has it", func() bool {
			b, err := w.db.LoadVault(ctx, w.who.Merchant, acct.ID, "app_auth_token")
			g := w.guide(acct.ID)
			return err == nil && len(b) > 2 && itemOf(g.Items, "authorise").State == "done"
		})
		w.until("the journal tells who had asked for it", func() bool {
			lines, _, err := w.hub.SetUpLines(ctx, w.who, acct.ID.String(), "", 50)
			w.must(err)
			return slices.ContainsFunc(lines, func(l hub.SetUpLine) bool { return l.What == "account.authorise" && l.By == w.who.ID })
		})
		if got, err := w.hub.TestConnection(ctx, w.who, acct.ID); err != nil || !got.OK {
			t.Errorf("a bound store: %+v %v", got, err)
		}
		change := func(f func(*db.AccountRow)) {
			row, _ := w.db.AccountByID(w.who.Merchant, acct.ID)
			f(&row)
			_, err := w.db.PutAccount(ctx, row)
			w.must(err)
		}
		change(func(row *db.AccountRow) { row.External = "" })
		meanwhile = sync.OnceFunc(func() { change(func(row *db.AccountRow) { row.Name = "望京店" }) })
		if got, err := w.hub.TestConnection(ctx, w.who, acct.ID); err != nil || !got.OK {
			t.Errorf("while the account is changed: %+v %v", got, err)
		}
		if row, _ := w.db.AccountByID(w.who.Merchant, acct.ID); row.Name != "望京店" || row.External == "" {
			t.Errorf("the test left %q with the id %q", row.Name, row.External)
		}
		w.run()
		direct, partner := w.place(`{"app_poi_code":"TEA001"}`), w.place(`{"app_poi_code":"TEA003"}`)
		for _, id := range []string{direct, partner} {
			w.until("the order is here", func() bool { return w.status(id) == order.StatusNew })
			_, err := w.act(id, hub.Act{Kind: order.Accept})
			w.must(err)
			w.until("accepted there", func() bool { o, err := w.sim.Order(id); return err == nil && o.Status == 4 })
		}
		w.must(w.sim.Unbind("TEA003"))
		if got, err := w.hub.TestConnection(ctx, w.who, acct.ID); err != nil || got.Cause != "token" {
			t.Errorf("a store that was unbound: %+v %v", got, err)
		}
		w.until("the account says that it must be bound again", func() bool { a, _ := w.db.AccountByID(w.who.Merchant, acct.ID); return a.AlarmWhy != "" })
	})
}
