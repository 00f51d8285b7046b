package meituan_test

import (
	"bytes"
	"net/http/httptest"
	"regexp"
	"testing"
	"time"

	"github.com/tongdan/tongdan/channel"
	"github.com/tongdan/tongdan/channel/channeltest"
	"github.com/tongdan/tongdan/internal/platform/meituan"
	"github.com/tongdan/tongdan/internal/sim"
	simulator "github.com/tongdan/tongdan/internal/sim/meituan"
	"github.com/tongdan/tongdan/order"
)

// The service providers' platform keeps the same contract, whatever its refusals carry as code, however
// often its messages are encoded, and whatever it answers where there is nothing.
func TestPartnerConformance(t *testing.T) { channeltest.Run(t, partnerHarness{}) }

func TestPartnerConformanceWithWordsAndTwoEncodings(t *testing.T) {
	channeltest.Run(t, partnerHarness{configure: func(c *simulator.Config) {
		c.PartnerNothing, c.PartnerRefunds = "null", "rows"
		c.SlowPages = "none"
		c.PartnerCodes, c.RepeatConfirm, c.RepeatCancel, c.PartPush = "words", "808", "ok", "both"
		c.Encoding = map[string]string{}
		for _, k := range []string{simulator.PartnerNew, simulator.PartnerConfirmed, simulator.PartnerFinished, simulator.PartnerCancelled, simulator.PartnerRefund, simulator.PartnerPart,
			simulator.PartnerDelivery, simulator.PartnerReminder} {
			c.Encoding[k] = "double"
		}
	}})
}

const signKey = "signkey_demo_0001"

type partnerHarness struct {
	configure func(*simulator.Config)
	self      bool // its store delivers itself
}

func (partnerHarness) Platform() channel.Platform { return meituan.NewPartner() }

func (h partnerHarness) Open(t *testing.T) channeltest.World { return h.open(t) }

func (h partnerHarness) open(t *testing.T) *partnerWorld {
	w := &partnerWorld{world: world{clock: sim.NewClock(noon, 0), faults: sim.NewFaults(1), vault: &vault{saved: map[string][]byte{"app_auth_token": []byte(`{"token":"token_xyz"}`)}}}}
	w.inbox = channeltest.NewInbox(t, meituan.NewPartner(), w.clock.Now)
	w.app = channel.App{ID: 7, PublicURL: w.inbox.URL, Credentials: map[string]channel.Secret{
		"developer_id": channel.NewSecret("100001"), "sign_key": channel.NewSecret(signKey)}}
	how := "1001"
	if h.self {
		how = "0000"
	}
	s, err := simulator.New(simulator.Options{App: "4321", Secret: secret, Clock: w.clock, Faults: w.faults, Seed: 1, PushTimeout: 20 * time.Second,
		Stores:  []simulator.Store{{Code: "TEA001", Logistics: how, Token: "token_xyz"}, {Code: "TEA002", Logistics: "1003"}},
		Partner: simulator.PartnerOptions{Developer: "100001", SignKey: signKey, Callback: w.inbox.URL + "/callback/meituan-partner/" + w.app.ID.String()},
		Configure: func(c *simulator.Config) {
			c.ShowDelivering = true
			if h.configure != nil {
				h.configure(c)
			}
		}})
	if err != nil {
		t.Fatal(err)
	}
	w.sim = s
	api := httptest.NewServer(s.Partner().API())
	t.Cleanup(func() { api.Close(); s.Close() })
	w.app.BaseURL = api.URL
	w.inbox.Serve(w.app)
	return w
}

// partnerWorld is a world whose one store is bound to a service provider.
type partnerWorld struct{ world }

func (w *partnerWorld) Account() channel.Account {
	return channel.Account{ID: 9, App: w.app, Shops: []string{"TEA001"}}
}

func (w *partnerWorld) Place(t *testing.T, wish channeltest.Wish) order.Ref {
	return w.place(t, wish, "TEA001", map[order.Logistics]string{order.BySelf: "0000", order.ByCrowd: "1003"}[wish.Logistics])
}

var partnerPaths = map[order.ActionKind]string{
	order.Accept:        "/waimai/order/confirm",
	order.Refuse:        "/waimai/order/cancel",
	order.Cancel:        "/waimai/order/cancel",
	order.Ready:         "/waimai/order/preparationMealComplete",
	order.Dispatch:      "/waimai/order/delivering",
	order.Deliver:       "/waimai/order/delivered",
	channel.TellRider:   "/waimai/order/riderPosition",
	order.RemindReply:   "/waimai/ng/order/remindReply",
	order.CallRider:     "/waimai/order/zbDispatch",
	order.Tip:           "/waimai/order/updateZbDispatchTip",
	order.RecallRider:   "/waimai/order/cancelZbLogisticsByWmOrderId",
	order.RefundApprove: "/waimai/order/agreeRefund",
	order.RefundRefuse:  "/waimai/order/rejectRefund",
	order.RefundPartial: "/waimai/order/applyPartRefund",
	order.RefundAppeal:  "/waimai/ng/order/refund/issue/appeal",
	order.SlowAppeal:    "/waimai/ng/order/foodSlow/appeal",
}

func (w *partnerWorld) Count(t *testing.T, ref order.Ref, act order.ActionKind) (calls, changes int) {
	return w.count(t, ref, partnerPaths[act])
}

func (w *partnerWorld) Fault(t *testing.T, f channeltest.Fault, n int, act order.ActionKind) {
	w.fault(f, n, act, partnerPaths[act])
}

func (w *partnerWorld) FaultStock(t *testing.T, f channeltest.Fault, n int) {
	w.faults.Next(kinds[f], n, "/waimai/dish/updateStock")
}

var partnerStatus = regexp.MustCompile(`"status":\d+`)

func (w *partnerWorld) Mangle(how channeltest.Mangling, ref order.Ref, body []byte) []byte {
	if !bytes.Contains(body, []byte(ref.ID)) {
		return body
	}
	if how == channeltest.NewWord {
		return partnerStatus.ReplaceAll(body, []byte(`"status":`+channeltest.NewNumber))
	}
	return bytes.Replace(body, []byte(`"data":{`), []byte(`"data":{]`), 1)
}

func (w *partnerWorld) FaultPlace(t *testing.T, f channeltest.Fault, n int) {
	w.faults.Next(kinds[f], n, "/waimai/order/riderPosition")
}
