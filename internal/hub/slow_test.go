package hub_test

import (
	"bytes"
	"image"
	"image/jpeg"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"github.com/tongdan/tongdan/effect"
	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/internal/db"
	"github.com/tongdan/tongdan/internal/hub"
	mt "github.com/tongdan/tongdan/internal/sim/meituan"
	"github.com/tongdan/tongdan/order"
)

func jpegPicture(t *testing.T) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := jpeg.Encode(&b, image.NewRGBA(image.Rect(0, 0, 8, 8)), nil); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// An order that the platform holds slow is found without a message, is a message of the store, and is appealed against
// once, though the answer is lost; that the platform has let it off shows by itself, and that it has not is noted.
func TestASlowOrderIsFoundAndAppealedAgainstOnce(t *testing.T) {
	each(t, func(w *shopWorld) {
		ctx := t.Context()
		api := httptest.NewServer(w.sim.Partner().API())
		w.t.Cleanup(api.Close)
		app, err := w.hub.PutApp(ctx, w.who, db.AppRow{Channel: "meituan-partner", Name: "服务商", BaseURL: api.URL, PublicURL: w.app.PublicURL,
			Credentials: map[string]string{"developer_id": "100001", "sign_key": "signkey_demo_0001"}})
		w.must(err)
		w.must(w.sim.Configure([]byte(`{"developer_id":"100001","sign_key":"signkey_demo_0001","meal_within":600,"partner_callback":"` + w.app.PublicURL + `/callback/meituan-partner/` + app.ID.String() + `"}`)))
		w.must(w.sim.AddStore(mt.Store{Code: "TEA003", Logistics: "1001", EPoiID: "N003", Token: "token_n003"}))
		acct, err := w.hub.PutAccount(ctx, w.who, db.AccountRow{App: app.ID, Name: "三店", Credentials: map[string]string{"app_auth_token": "token_n003"}})
		w.must(err)
		_, err = w.hub.PutShop(ctx, w.who, db.ShopRow{Account: acct.ID, External: "N003", Store: w.store(), Name: "三店"})
		w.must(err)
		w.run()
		slow := func(ref string) *hub.SlowMark {
			t.Helper()
			row, _, _, _ := w.row(ref)
			sending := w.underWay("slow_appeal", effect.Waiting, effect.Sending, effect.Unknown)
			d, err := w.hub.Detail(ctx, w.who, row.ID)
			w.must(err)
			offered := slices.ContainsFunc(d.ActionList, func(a hub.Action) bool { return a.Kind == order.SlowAppeal && a.Allowed })
			if offered != (d.Slow != nil && d.Slow.CanAppeal) && !sending {
				t.Errorf("the act is offered: %v, the order says %+v", offered, d.Slow)
			}
			return d.Slow
		}
		messages := func() (out []hub.Concern) {
			list, _, err := w.hub.Concerns(ctx, w.who)
			w.must(err)
			return slices.DeleteFunc(list, func(c hub.Concern) bool { return c.Kind != hub.ConcernSlow })
		}
		var refs []string
		for status := range 3 {
			ref := w.place(`{"app_poi_code":"TEA003"}`)
			w.until("it is here", func() bool { return w.status(ref) == order.StatusNew })
			w.must(w.sim.Do(ref, "accept_in_app", nil))
			w.must(w.sim.Do(ref, "mark_slow", map[string]any{"status": status + 1}))
			refs = append(refs, ref)
		}
		// By when a meal has to be reported ready is told with the order, once it is accepted.
		w.until("there is a deadline for making it", func() bool {
			_, o, _, _ := w.row(refs[0])
			i := slices.IndexFunc(o.Deadlines, func(d order.Deadline) bool { return d.Kind == order.DueMeal })
			return i >= 0 && o.Deadlines[i].At == o.Times.MealBy && o.Times.MealBy > o.Times.Paid
		})
		w.clk.Advance(11 * time.Minute)
		w.until("they are found", func() bool { return slow(refs[0]) != nil && slow(refs[1]) != nil && slow(refs[2]) != nil })
		for i, want := range []order.State{order.SlowUnreported, order.SlowUntrue, order.SlowLate} {
			if got := slow(refs[i]); got.State != want || !got.CanAppeal {
				t.Errorf("%+v, want %s", got, want)
			}
		}
		if got := messages(); len(got) != 3 || got[0].Urgent || got[0].Order == nil {
			t.Errorf("messages: %+v", got)
		}

		// One is let be: it is no message any more, and could be appealed against.
		row, o, _, _ := w.row(refs[2])
		_, err = w.hub.Take(ctx, w.who, "slow/"+row.ID.String()+"/slow", true)
		w.must(err)
		if got := slow(refs[2]); got.SeenBy != w.who.Name || !got.CanAppeal || len(messages()) != 2 {
			t.Errorf("once it was read: %+v, of %v", got, o.Flags)
		}

		clerk := w.who
		clerk.Role = "clerk"
		row, _, _, _ = w.row(refs[0])
		if _, err := w.hub.Act(ctx, clerk, row.ID, hub.Act{Kind: order.SlowAppeal, ReasonCode: "2"}); !fault.Is(err, fault.Forbidden) {
			t.Errorf("a clerk appeals: %v", err)
		}
		if _, err := w.act(refs[0], hub.Act{Kind: order.SlowAppeal}); !fault.Is(err, fault.Invalid) {
			t.Errorf("an appeal that says nothing: %v", err)
		}
		w.must(w.hub.AddEvidence(ctx, w.who, row.ID, order.SlowKey, jpegPicture(t)))
		kept, err := w.hub.Evidence(ctx, w.who, row.ID)
		w.must(err)
		const path = "/waimai/ng/order/foodSlow/appeal"
		w.sim.Faults().Next("drop_after_commit", 1, path)
		_, err = w.act(refs[0], hub.Act{Kind: order.SlowAppeal, ReasonCode: "1", Pictures: []string{kept[0].ID.String()}})
		w.must(err)
		_, err = w.act(refs[1], hub.Act{Kind: order.SlowAppeal, ReasonCode: "2"})
		w.must(err)
		w.until("they are appealed against", func() bool {
			return slow(refs[0]).Appeal == order.AppealMade && slow(refs[1]).Appeal == order.AppealMade && !w.underWay("slow_appeal", effect.Waiting, effect.Sending, effect.Unknown)
		})
		there, err := w.sim.Order(refs[0])
		w.must(err)
		if a := there.Slow.Appeal; a == nil || a.Type != 1 || len(a.Pictures) != 1 || w.changes(refs[0], path) != 1 {
			t.Errorf("the platform has %+v, changed %d times", there.Slow, w.changes(refs[0], path))
		}
		if done, err := w.act(refs[0], hub.Act{Kind: order.SlowAppeal, ReasonCode: "2"}); err != nil || done.State != effect.Done || w.changes(refs[0], path) != 1 {
			t.Errorf("a second one: %+v %v", done, err)
		}
		if len(messages()) != 0 {
			t.Errorf("messages of what is appealed against: %+v", messages())
		}

		w.must(w.sim.Do(refs[0], "rule_slow_appeal", map[string]any{"agree": true}))
		w.must(w.sim.Do(refs[1], "rule_slow_appeal", map[string]any{"agree": false}))
		_, err = w.act(refs[1], hub.Act{Kind: order.AppealRuled, ReasonCode: "rejected"})
		w.must(err)
		if got := slow(refs[1]); got.Appeal != order.AppealRejected || got.AppealBy != w.who.Name {
			t.Errorf("once it was ruled on: %+v", got)
		}
		w.clk.Advance(11 * time.Minute)
		w.until("it is let off", func() bool { return slow(refs[0]).State == order.SlowSpared })
		if got := slow(refs[0]); got.Appeal != order.AppealUpheld {
			t.Errorf("once it was let off: %+v", got)
		}
		rep, err := w.hub.Replay(ctx, hub.ReplayOptions{Dir: t.TempDir()})
		w.must(err)
		if rep.Differ != 0 || rep.Unread != 0 {
			t.Errorf("a replay gives something else: %+v", rep.Orderly)
		}
	})
}
