package hub_test

import (
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tongdan/tongdan/effect"
	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/internal/db"
	"github.com/tongdan/tongdan/internal/hub"
	mt "github.com/tongdan/tongdan/internal/sim/meituan"
	"github.com/tongdan/tongdan/order"
)

// What was lost by time is appealed against once, though the answer is lost, where the platform takes an appeal; the
// ruling is noted by hand and can be told from the appeal. A platform that takes none offers none.
func TestARefundIsAppealedAgainstOnce(t *testing.T) {
	each(t, func(w *shopWorld) {
		ctx := t.Context()
		api := httptest.NewServer(w.sim.Partner().API())
		w.t.Cleanup(api.Close)
		app, err := w.hub.PutApp(ctx, w.who, db.AppRow{Channel: "meituan-partner", Name: "服务商", BaseURL: api.URL, PublicURL: w.app.PublicURL,
			Credentials: map[string]string{"developer_id": "100001", "sign_key": "signkey_demo_0001"}})
		w.must(err)
		w.must(w.sim.Configure([]byte(`{"developer_id":"100001","sign_key":"signkey_demo_0001","partner_callback":"` + w.app.PublicURL + `/callback/meituan-partner/` + app.ID.String() + `"}`)))
		w.must(w.sim.AddStore(mt.Store{Code: "TEA003", Logistics: "0000", EPoiID: "N003", Token: "token_n003"}))
		acct, err := w.hub.PutAccount(ctx, w.who, db.AccountRow{App: app.ID, Name: "三店", Credentials: map[string]string{"app_auth_token": "token_n003"}})
		w.must(err)
		_, err = w.hub.PutShop(ctx, w.who, db.ShopRow{Account: acct.ID, External: "N003", Store: w.store(), Name: "三店"})
		w.must(err)
		w.run()
		lose := func(store string) (ref, key string) {
			t.Helper()
			ref = w.place(`{"app_poi_code":"` + store + `"}`)
			w.until("it is here", func() bool { return w.status(ref) == order.StatusNew })
			w.must(w.sim.Do(ref, "accept_in_app", nil))
			w.ask(ref)
			w.clk.Advance(31 * time.Minute)
			w.until("the platform agrees by itself", func() bool { _, o, _, _ := w.row(ref); return o.Cases[0].LostAt > 0 })
			_, o, _, _ := w.row(ref)
			return ref, o.Cases[0].Key
		}
		direct, _ := lose("TEA001")
		ref, key := lose("TEA003")
		of := func(ref string) hub.AfterSale {
			t.Helper()
			row, _, _, _ := w.row(ref)
			sending := w.underWay("refund_appeal", effect.Waiting, effect.Sending, effect.Unknown)
			d, err := w.hub.Detail(ctx, w.who, row.ID)
			w.must(err)
			offered := slices.ContainsFunc(d.ActionList, func(a hub.Action) bool { return a.Kind == order.RefundAppeal && a.Allowed })
			if offered != d.AfterSales[0].CanAppeal && !sending {
				t.Errorf("the act is offered: %v, the case says %v", offered, d.AfterSales[0].CanAppeal)
			}
			return d.AfterSales[0]
		}
		if a := of(direct); a.CanAppeal || a.Appeal != "" {
			t.Errorf("the direct platform takes an appeal: %+v", a)
		}
		if _, err := w.act(direct, hub.Act{Kind: order.RefundAppeal, Reason: "餐已送出"}); !fault.Is(err, fault.Conflict) && !fault.Is(err, fault.Unsupported) {
			t.Errorf("an appeal where there is none: %v", err)
		}
		w.until("it can be appealed against", func() bool { return of(ref).CanAppeal })
		clerk := w.who
		clerk.Role = "clerk"
		row, _, _, _ := w.row(ref)
		if _, err := w.hub.Act(ctx, clerk, row.ID, hub.Act{Kind: order.RefundAppeal, Reason: "餐已送出"}); !fault.Is(err, fault.Forbidden) {
			t.Errorf("a clerk appeals: %v", err)
		}
		if _, err := w.act(ref, hub.Act{Kind: order.RefundAppeal}); !fault.Is(err, fault.Invalid) {
			t.Errorf("an appeal without a reason: %v", err)
		}
		w.must(w.hub.AddEvidence(ctx, w.who, row.ID, key, jpegPicture(t)))
		kept, err := w.hub.Evidence(ctx, w.who, row.ID)
		w.must(err)
		photo := kept[0].ID.String()
		for what, pictures := range map[string][]string{"of another order": {"pic_2222222222222"}, "no address": {"file:///etc/passwd"}, "six": {photo, photo, photo, photo, photo, photo}} {
			if _, err := w.act(ref, hub.Act{Kind: order.RefundAppeal, Reason: "餐已送出", Pictures: pictures}); !fault.Is(err, fault.Invalid) {
				t.Errorf("with pictures, %s: %v", what, err)
			}
		}
		w.sim.Faults().Next("drop_after_commit", 1, "/waimai/ng/order/refund/issue/appeal")
		_, err = w.act(ref, hub.Act{Kind: order.RefundAppeal, Reason: "餐已送出", Pictures: []string{"https://img.example.com/1.jpg", photo}})
		w.must(err)
		w.until("it is appealed against", func() bool {
			return of(ref).Appeal == order.AppealMade && !w.underWay("refund_appeal", effect.Waiting, effect.Sending, effect.Unknown)
		})
		o, err := w.sim.Order(ref)
		w.must(err)
		if m := o.Refunds[0].Merchant; m == nil || m.Reason != "餐已送出" || len(m.Pictures) != 2 || !strings.HasPrefix(m.Pictures[1], w.app.PublicURL+hub.PicturePath) || w.changes(ref, "/waimai/ng/order/refund/issue/appeal") != 1 {
			t.Errorf("the platform has %+v, changed %d times", m, w.changes(ref, "/waimai/ng/order/refund/issue/appeal"))
		}
		link := strings.TrimPrefix(o.Refunds[0].Merchant.Pictures[1], w.app.PublicURL+hub.PicturePath)
		if e, err := w.hub.LinkedPicture(ctx, link); err != nil || e.Type != "image/jpeg" || len(e.Picture) == 0 {
			t.Errorf("the platform fetches the picture: %+v %v", e.Type, err)
		}
		for i := range link { // whoever makes one up sees nothing
			wrong := []byte(link)
			if wrong[i] ^= 1; string(wrong) == link {
				continue
			}
			if _, err := w.hub.LinkedPicture(ctx, string(wrong)); !fault.Is(err, fault.NotFound) {
				w.t.Fatalf("a link that was changed at %d shows a picture: %v", i, err)
			}
		}
		w.must(w.hub.DropEvidence(ctx, w.who, row.ID, kept[0].ID))
		if _, err := w.hub.LinkedPicture(ctx, link); !fault.Is(err, fault.NotFound) {
			t.Errorf("a picture that was removed: %v", err)
		}
		if a := of(ref); a.CanAppeal || a.AppealAt == 0 {
			t.Errorf("once it was made: %+v", a)
		}
		if done, err := w.act(ref, hub.Act{Kind: order.RefundAppeal, For: key, Reason: "再来一次"}); err != nil || done.State != effect.Done || w.changes(ref, "/waimai/ng/order/refund/issue/appeal") != 1 {
			t.Errorf("a second one: %+v %v", done, err)
		}

		w.must(w.sim.Do(ref, "rule_merchant_appeal", map[string]any{"agree": true}))
		if _, err := w.act(ref, hub.Act{Kind: order.AppealRuled, For: key, ReasonCode: "perhaps"}); !fault.Is(err, fault.Invalid) {
			t.Errorf("a ruling that is none: %v", err)
		}
		_, err = w.act(ref, hub.Act{Kind: order.AppealRuled, For: key, ReasonCode: "upheld"})
		w.must(err)
		if a := of(ref); a.Appeal != order.AppealUpheld || a.AppealBy != w.who.Name {
			t.Errorf("once it was ruled on: %+v", a)
		}
		rep, err := w.hub.Replay(ctx, hub.ReplayOptions{Dir: t.TempDir()})
		w.must(err)
		if rep.Differ != 0 || rep.Unread != 0 {
			t.Errorf("a replay gives something else: %+v", rep.Orderly)
		}
	})
}

// When the customer has appealed, the case says for whom the platform found.
func TestTheRulingOnACustomersAppealIsShown(t *testing.T) {
	each(t, func(w *shopWorld) {
		w.run()
		for _, customer := range []bool{true, false} {
			ref, _ := w.askRefund()
			_, err := w.act(ref, hub.Act{Kind: order.RefundRefuse, Reason: "餐已送达"})
			w.must(err)
			w.until("it is refused", func() bool { _, o, _, _ := w.row(ref); return o.Cases[0].State == order.CaseRefused })
			if _, o, _, _ := w.row(ref); o.Cases[0].Ruled != "" {
				t.Errorf("before anybody appealed: %+v", o.Cases[0])
			}
			w.must(w.sim.Do(ref, "appeal", nil))
			w.until("the platform steps in", func() bool { _, o, _, _ := w.row(ref); return o.Cases[0].State == order.CaseAppealed })
			w.must(w.sim.Do(ref, "rule_appeal", map[string]any{"agree": customer}))
			want, state := order.AppealRejected, order.CaseRefused
			if customer {
				want, state = order.AppealUpheld, order.CaseRefunded
			}
			w.until("it has ruled", func() bool { _, o, _, _ := w.row(ref); return o.Cases[0].State == state })
			row, o, _, _ := w.row(ref)
			d, err := w.hub.Detail(t.Context(), w.who, row.ID)
			w.must(err)
			if o.Cases[0].LostAt != 0 || d.AfterSales[0].Ruled != want {
				t.Errorf("found for the customer %v: %+v", customer, d.AfterSales[0])
			}
		}
	})
}
