package hub_test

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"github.com/tongdan/tongdan/channel"
	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/ident"
	"github.com/tongdan/tongdan/internal/db"
	"github.com/tongdan/tongdan/internal/hub"
	"github.com/tongdan/tongdan/internal/platform"
	mt "github.com/tongdan/tongdan/internal/sim/meituan"
	"github.com/tongdan/tongdan/order"
	"github.com/tongdan/tongdan/role"
)

func (w *shopWorld) guide(a ident.Account) hub.Guide {
	w.t.Helper()
	g, err := w.hub.Guide(w.t.Context(), w.who, a)
	w.must(err)
	return g
}

func itemOf(list []hub.GuideItem, key string) hub.GuideItem {
	if i := slices.IndexFunc(list, func(i hub.GuideItem) bool { return i.Key == key }); i >= 0 {
		return list[i]
	}
	return hub.GuideItem{}
}

// Each thing that can be wrong with a connection is told by its own word, on both of Meituan's platforms, and what
// was tested says nothing about credentials that came later.
func TestATestOfAConnectionSaysWhatIsWrong(t *testing.T) {
	each(t, func(w *shopWorld) {
		ctx := t.Context()
		good := map[string]string{"app_id": "4321", "secret": "0123456789abcdef0123456789abcdef"}
		dead := httptest.NewServer(http.NotFoundHandler())
		dead.Close()
		html := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) { rw.WriteHeader(502) }))
		w.t.Cleanup(html.Close)
		acct := w.db.AccountsOf(w.app.ID)[0]
		test := func(a ident.Account) hub.ConnTest {
			t.Helper()
			got, err := w.hub.TestConnection(ctx, w.who, a)
			w.must(err)
			return got
		}
		set := func(base, app, secret string) {
			t.Helper()
			_, err := w.hub.PutApp(ctx, w.who, db.AppRow{ID: w.app.ID, Channel: "meituan", Name: "直连", BaseURL: base, PublicURL: w.app.PublicURL, Credentials: map[string]string{"app_id": app, "secret": secret}})
			w.must(err)
		}
		for _, c := range []struct{ base, app, secret, want string }{
			{w.app.BaseURL, "4321", good["secret"], "ok"},
			{w.app.BaseURL, "4322", good["secret"], "app"},
			{w.app.BaseURL, "4321", "another", "secret"},
			{dead.URL, "4321", good["secret"], "unreachable"},
			{html.URL, "4321", good["secret"], "broken"},
			{"http://10.1.2.3", "4321", good["secret"], "private"},
		} {
			set(c.base, c.app, c.secret)
			if before := w.guide(acct.ID).Test; before != nil && c.want != "ok" {
				t.Errorf("before %s is tested the guide shows a test of other credentials: %+v", c.want, before)
			}
			got := test(acct.ID)
			if got.Cause != c.want || got.OK != (c.want == "ok") || !got.OK && got.Words == "" && got.Why == nil {
				t.Errorf("want %s, got %+v", c.want, got)
			}
			if shown := w.guide(acct.ID).Test; shown == nil || shown.Cause != c.want {
				t.Errorf("the guide shows %+v after a test that ended with %s", shown, c.want)
			}
		}
		set(w.app.BaseURL, "4321", good["secret"])

		// A machine whose clock is an hour ahead: its signature is good, its timestamp is not.
		w.must(w.sim.Configure([]byte(`{"clock_skew":600}`)))
		ahead := hub.New(hub.Options{DB: w.db, Platforms: platform.All(), Clock: hub.Clock{Now: func() time.Time { return w.clk.Now().Add(time.Hour) }, Speed: 1}, AllowPrivate: channel.Loopback})
		got, err := ahead.TestConnection(ctx, w.who, acct.ID)
		w.must(err)
		if got.Cause != "clock" || got.AheadS < 3500 || got.AheadS > 3700 {
			t.Errorf("with a clock an hour ahead: %+v", got)
		}

		clerk := w.who
		clerk.Role = role.Clerk
		if _, err := w.hub.TestConnection(ctx, clerk, acct.ID); !fault.Is(err, fault.Forbidden) {
			t.Errorf("a clerk tests a connection: %v", err)
		}
	})
}

// A merchant binds what the platform has: proposals first, then one press, with a store that is made; then the
// checklist goes from open to ready as things happen, and two pilots go live while the third is watched.
func TestAShopIsFoundBoundCheckedAndGoesLive(t *testing.T) {
	each(t, func(w *shopWorld) {
		ctx := t.Context()
		w.must(w.sim.AddStore(mt.Store{Code: "TEA003", Name: "茶铺(望京店)", Address: "北京市朝阳区望京街10号", Logistics: "1001"}))
		w.must(w.sim.AddStore(mt.Store{Code: "TEA004", Name: "茶铺(国贸店)", Address: "北京市朝阳区建国路1号", Logistics: "1001"}))
		for _, s := range w.db.ShopsIn(w.who.Scope) {
			w.must(w.db.DeleteShop(ctx, w.who.Merchant, s.ID))
		}
		acct := w.db.AccountsOf(w.app.ID)[0]
		if g := w.guide(acct.ID); itemOf(g.Items, "shops").State != "open" || itemOf(g.Items, "test").State != "open" || g.Address.Cause != "private" {
			t.Errorf("a new account: %+v", g)
		}
		list, err := w.hub.Found(ctx, w.who, acct.ID)
		w.must(err)
		var bind []hub.Binding
		for _, f := range list {
			switch {
			case f.Sure:
				bind = append(bind, hub.Binding{External: f.External, Name: f.Name, Store: f.Guesses[0].StoreID})
			case f.External == "TEA004":
				bind = append(bind, hub.Binding{External: f.External, Name: f.Name, New: db.StoreRow{Name: f.Name, Address: f.Address, Zone: "Asia/Shanghai"}})
			}
		}
		if len(list) != 4 || len(bind) != 2 || bind[0].External != "TEA003" || bind[0].Store != w.store() {
			w.t.Fatalf("four shops, of which one is surely ours: %+v", list)
		}
		bind = append(bind, hub.Binding{External: "TEA001", New: db.StoreRow{Name: "", Zone: "Asia/Shanghai"}}) // a store without a name
		done, err := w.hub.Bind(ctx, w.who, acct.ID, bind)
		w.must(err)
		if len(done) != 3 || done[0].Why != nil || done[1].Why != nil || !done[1].Made || done[2].Why == nil || done[2].StoreID != 0 {
			w.t.Fatalf("bound: %+v", done)
		}
		again, err := w.hub.Bind(ctx, w.who, acct.ID, bind[:1])
		w.must(err)
		if again[0].ShopID != done[0].ShopID || again[0].Why != nil {
			t.Errorf("the same press once more: %+v", again)
		}
		if list, err = w.hub.Found(ctx, w.who, acct.ID); err != nil || list[2].ShopID == 0 || list[3].ShopID == 0 {
			t.Errorf("what is bound is shown as bound: %v %+v", err, list)
		}
		w.run()
		if _, err := w.hub.TestConnection(ctx, w.who, acct.ID); err != nil {
			w.t.Fatal(err)
		}
		w.until("it is pulled", func() bool { return itemOf(w.guide(acct.ID).Items, "pull").State == "done" })
		g := w.guide(acct.ID)
		if c := itemOf(g.Items, "callbacks"); c.State != "open" || len(c.Missing) == 0 {
			t.Errorf("nothing has come yet: %+v", c)
		}
		for _, s := range g.Shops {
			if s.Ready || s.Mode != hub.ModeWatch || itemOf(s.Items, "order").State != "open" || itemOf(s.Items, "heard").State != "open" || itemOf(s.Items, "store").State != "done" {
				t.Errorf("a new shop: %+v", s)
			}
		}
		id := w.place(`{"app_poi_code":"TEA003"}`)
		w.until("a test order is seen", func() bool { return w.status(id) == order.StatusNew })
		// The platform looks at the other addresses, as it does when they are configured.
		for _, c := range g.Callbacks {
			res, err := http.Post(c.URL, "application/x-www-form-urlencoded", nil)
			w.must(err)
			res.Body.Close()
		}
		for _, item := range []string{"heard", "knock", "goods"} {
			w.must(w.hub.Waive(ctx, w.who, done[0].ShopID, item, true))
		}
		if err := w.hub.Waive(ctx, w.who, done[0].ShopID, "store", true); !fault.Is(err, fault.Invalid) {
			t.Errorf("a store is waived: %v", err)
		}
		g = w.guide(acct.ID)
		if c := itemOf(g.Items, "callbacks"); c.State != "weak" {
			t.Errorf("all are configured, one has come: %+v", c)
		}
		ready := func(id ident.Shop) (out hub.GuideShop) {
			for _, s := range w.guide(acct.ID).Shops {
				if s.ShopID == id {
					out = s
				}
			}
			return out
		}
		if s := ready(done[0].ShopID); !s.Ready || itemOf(s.Items, "heard").State != "waived" || itemOf(s.Items, "heard").By != "小王" || itemOf(s.Items, "order").OrderID == 0 {
			t.Errorf("everything is there or waived: %+v", s)
		}
		if s := ready(done[1].ShopID); s.Ready {
			t.Errorf("the other shop goes by what is waived for the first: %+v", s)
		}
		w.must(w.hub.Waive(ctx, w.who, done[0].ShopID, "knock", false))
		if ready(done[0].ShopID).Ready {
			t.Error("what is waived no more is open again")
		}
		_, err = w.hub.SetModes(ctx, w.who, []ident.Shop{done[0].ShopID}, hub.ModeFull)
		w.must(err)
		if a, b := ready(done[0].ShopID), ready(done[1].ShopID); a.Mode != hub.ModeFull || b.Mode != hub.ModeWatch {
			t.Errorf("a pilot: %s and %s", a.Mode, b.Mode)
		}
	})
}
