package meituan

import (
	"net/http"
	"net/url"
	"testing"

	"github.com/tongdan/tongdan/channel"
	"github.com/tongdan/tongdan/order"
)

// A shop's status, a settlement without an amount and a bill are verified, answered and kept beside their order, whatever they hold.
// They say nothing: their fields are not published in full.
func TestWhatIsKeptAndSaysNothing(t *testing.T) {
	const id = "27058820000000011"
	direct := channel.App{ID: 7, PublicURL: "http://hub.example.com:8080", Credentials: map[string]channel.Secret{"app_id": channel.NewSecret("4321"), "secret": channel.NewSecret(partnerKey)}}
	for _, c := range []struct {
		p      channel.Platform
		path   string
		order  string
		params map[string]string
	}{
		{New(), "store/status", "", map[string]string{"app_id": "4321", "timestamp": "1700000601", "app_poi_code": "S001", "poi_status": "120", "reason": "一小时内连续2单超时未接，系统置休", "operate_time": "1700000600", "operate_user": "MEITUAN"}},
		{New(), "order/settlement", id, map[string]string{"app_id": "4321", "timestamp": "1700090000", "order_id": id, "status": "8"}},
		{NewPartner(), "bill", id, map[string]string{"developerId": "100001", "ePoiId": "S001", "tradeDetail": `{"orderId":` + id + `,"settleAmount":"27.90"}`}},
		{NewPartner(), "bill", "", map[string]string{"developerId": "100001", "ePoiId": "S001", "tradeDetail": `[{"orderId":` + id + `}]`}},
		{NewPartner(), "bill", "", map[string]string{"developerId": "100001", "ePoiId": "S001", "tradeDetail": "no JSON"}},
		{NewPartner(), "bill", "", map[string]string{"developerId": "100001", "ePoiId": "S001"}},
		{NewPartner(), "store/status", "", map[string]string{"developerId": "100001", "ePoiId": "S001", "poiStatus": `{"ePoiId":"S001","poiStatus":120}`}},
	} {
		app, name, signed := partnerApp(), "sign", partnerSign(partnerKey, c.params)
		if c.p.Info().Name == Name {
			app, name, signed = direct, "sig", sign(direct.CallbackURL(Name, c.path), c.params, partnerKey)
		}
		form := url.Values{name: {signed}}
		for k, v := range c.params {
			form.Set(k, v)
		}
		got := c.p.Receive(app, channel.Request{Method: http.MethodPost, Path: c.path, Body: []byte(form.Encode()), At: exampleTime})
		if got.Verdict != channel.Good || got.Item.Err != nil || got.Reply.Status != http.StatusOK || got.Item.Ref.ID != c.order || string(got.Item.Raw) != form.Encode() ||
			len(got.Item.Readings)+len(got.Item.Hints) > 0 {
			t.Errorf("%s %s: %+v", c.p.Info().Name, c.path, got)
		}
		again := c.p.(channel.Translator).Translate(channel.Kept{What: got.Item.What, Ref: got.Item.Ref, Raw: got.Item.Raw, At: exampleTime, Push: true})
		if again.Err != nil || len(again.Readings)+len(again.Hints) > 0 {
			t.Errorf("%s %s from the journal: %+v", c.p.Info().Name, c.path, again)
		}
		form.Set(name, "00")
		if got := c.p.Receive(app, channel.Request{Method: http.MethodPost, Path: c.path, Body: []byte(form.Encode()), At: exampleTime}); got.Verdict != channel.Refused {
			t.Errorf("%s %s: a forgery is %v", c.p.Info().Name, c.path, got.Verdict)
		}
	}
}

// What has been settled for an order is learnt, in fen.
func TestASettlementSaysWhatWasSettled(t *testing.T) {
	const id = "27058820000000011"
	got, err := translateSettlement(form{"order_id": id, "status": "8", "settleAmount": "2790", "timestamp": "1700090000"}, source{order.ClassPush, exampleTime})
	if err != nil || len(got.readings) != 1 {
		t.Fatal(got, err)
	}
	if s, ok := order.Get[order.Settled](got.readings[0].Record, order.RegSettled); !ok || s.Amount.Text() != "27.90" || s.At == 0 {
		t.Errorf("%+v", s)
	}
	if _, err := translateSettlement(form{"settleAmount": "2790"}, source{order.ClassPush, exampleTime}); err == nil {
		t.Error("a settlement of no order is read")
	}
}
