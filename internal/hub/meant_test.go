package hub_test

import (
	"strings"
	"testing"

	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/internal/db"
	"github.com/tongdan/tongdan/internal/hub"
	mt "github.com/tongdan/tongdan/internal/sim/meituan"
	"github.com/tongdan/tongdan/order"
)

// A vendor's application that two merchants have entered has one address at the platform, and the messages that come to
// it are for whoever has the shop or the order. Whoever has not the secret gets none; of one merchant an application is
// entered once.
func TestMessagesOfASharedAppAreForWhoeverHasTheShop(t *testing.T) {
	each(t, func(w *shopWorld) {
		ctx := t.Context()
		w.must(w.sim.AddStore(mt.Store{Code: "TEA003", Logistics: "0000"}))
		merchant := func(name, secret string) (hub.Actor, db.AppRow) {
			m, err := w.db.AddMerchant(ctx, db.MerchantRow{Name: name, Locale: "zh-CN"})
			w.must(err)
			who := hub.Actor{Scope: db.Scope{Merchant: m.ID, Personal: true}, ID: "usr_" + name, Name: name, Role: "owner"}
			store, err := w.hub.PutStore(ctx, who, db.StoreRow{Name: "三店", Zone: "Asia/Shanghai"})
			w.must(err)
			app, err := w.hub.PutApp(ctx, who, db.AppRow{Channel: "meituan", Name: name, BaseURL: w.app.BaseURL, PublicURL: w.app.PublicURL, Credentials: map[string]string{"app_id": "4321", "secret": secret}})
			w.must(err)
			acct, err := w.hub.PutAccount(ctx, who, db.AccountRow{App: app.ID, Name: "三店"})
			w.must(err)
			_, err = w.hub.PutShop(ctx, who, db.ShopRow{Account: acct.ID, External: "TEA003", Store: store.ID, Name: "三店"})
			w.must(err)
			return who, app
		}
		thief, _ := merchant("猜的", strings.Repeat("0", 32))
		noodles, app := merchant("面馆", "0123456789abcdef0123456789abcdef")
		if _, err := w.hub.PutApp(ctx, noodles, db.AppRow{Channel: "meituan", Name: "又一个", BaseURL: w.app.BaseURL, Credentials: map[string]string{"app_id": "4321", "secret": "another"}}); !fault.Is(err, fault.Conflict) || fault.ReasonOf(err).Code != "app_twice" {
			t.Errorf("a second one of the same merchant: %v", err)
		}
		if _, err := w.hub.PutApp(ctx, noodles, app); err != nil {
			t.Errorf("the same one, changed: %v", err)
		}
		of := func(who hub.Actor, ref string) (order.Status, bool) {
			t.Helper()
			row, _, _, err := w.db.OrderByRef(ctx, who.Scope, order.Ref{Realm: "meituan", Kind: order.KindOrder, ID: ref})
			if fault.Is(err, fault.NotFound) {
				return "", false
			}
			w.must(err)
			return row.Status, true
		}

		// No lane is at work: what is here came by message.
		theirs, ours := w.place(`{"app_poi_code":"TEA003"}`), w.place(`{"app_poi_code":"TEA001"}`)
		w.until("both are here", func() bool {
			_, a := of(noodles, theirs)
			_, b := of(w.who, ours)
			return a && b
		})
		w.must(w.sim.Do(theirs, "buyer_cancel", nil)) // its message names no shop
		w.until("it is cancelled", func() bool { s, _ := of(noodles, theirs); return s == order.StatusCancelled })
		for name, x := range map[string]struct {
			who hub.Actor
			ref string
		}{"the first has the other's": {w.who, theirs}, "the other has the first's": {noodles, ours}, "without the secret": {thief, theirs}} {
			if s, ok := of(x.who, x.ref); ok {
				t.Errorf("%s: it is %s there", name, s)
			}
		}

		// What concerns the application as a whole is for both.
		again := w.place(`{"app_poi_code":"TEA003"}`)
		w.until("it is here", func() bool { _, ok := of(noodles, again); return ok })
		w.run()
		w.must(w.sim.Downgrade())
		real := func(who hub.Actor, ref string) bool {
			row, _, _, err := w.db.OrderByRef(ctx, who.Scope, order.Ref{Realm: "meituan", Kind: order.KindOrder, ID: ref})
			w.must(err)
			d, err := w.hub.Detail(ctx, who, row.ID)
			w.must(err)
			return d.Customer != nil && d.Customer.PhoneKind == "real"
		}
		w.until("both have the own numbers", func() bool { return real(w.who, ours) && real(noodles, again) })
	})
}
