package mercadolibre

import (
	"net/http"
	"strings"
	"testing"

	"github.com/tongdan/tongdan/channel"
	"github.com/tongdan/tongdan/order"
)

var theApp = channel.App{Credentials: map[string]channel.Secret{"client_id": channel.NewSecret("1234567890123456")}}

func receive(body string) channel.Received {
	return New().Receive(theApp, channel.Request{Method: http.MethodPost, Path: "notifications", Body: []byte(body), At: start})
}

func TestNotificationsBecomeHints(t *testing.T) {
	notice := func(topic, resource string) string {
		return `{"resource":"` + resource + `","user_id":"700000001","topic":"` + topic + `","application_id":"1234567890123456","attempts":1}`
	}
	ref := func(kind, id string) order.Ref { return order.Ref{Realm: Realm, Kind: kind, ID: id} }
	for _, c := range []struct {
		name, body, what string
		want             order.Ref
	}{
		{"as documented", string(file(t, "notification.json")), "notification.orders_v2", refOf(orderID)},
		{"a shipment", notice("shipments", "/shipments/45000000001"), "notification.shipments", ref(order.KindShipment, "45000000001")},
		{"a payment", notice("payments", "/collections/110000000001"), "notification.payments", ref(kindPayment, "110000000001")},
		{"a payment by its newer path", notice("payments", "/v1/payments/110000000001"), "notification.payments", ref(kindPayment, "110000000001")},
		{"a feedback", notice("orders_feedback", "/orders/2000012345678901/feedback"), "notification.orders_feedback", refOf(orderID)},
		{"a feedback with a blank", notice("orders feedback", "orders/2000012345678901/feedback"), "notification.orders_feedback", refOf(orderID)},
		{"a legacy topic", notice("created_orders", "/orders/2000012345678901"), "notification.created_orders", refOf(orderID)},
		{"a whole address", notice("orders_v2", "https://api.mercadolibre.com/orders/2000012345678901?x=1"), "notification.orders_v2", refOf(orderID)},
		{"a claim is kept and causes nothing", string(file(t, "notification-claim.json")), "notification.post_purchase", order.Ref{}},
		{"a topic that is no word", notice("<b>\\u0000", "/q/1"), "notification", order.Ref{}},
		{"a topic of tomorrow", notice("quantum", "/q/1"), "notification.quantum", order.Ref{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := receive(c.body)
			if got.Verdict != channel.Good || got.External != "700000001" || got.Reply.Status != 200 || !got.Quick || got.Item.Err != nil {
				t.Fatalf("%+v", got)
			}
			if got.Item.What != c.what || got.Item.Ref != c.want || len(got.Item.Readings) != 0 {
				t.Errorf("%s %v", got.Item.What, got.Item.Ref)
			}
			if n := len(got.Item.Hints); c.want != (order.Ref{}) && (n != 1 || got.Item.Hints[0].Ref != c.want) || c.want == (order.Ref{}) && n != 0 {
				t.Errorf("hints %+v", got.Item.Hints)
			}
		})
	}
}

func TestAStrangersNotificationIsRefusedAndAnsweredFast(t *testing.T) {
	ours := string(file(t, "notification.json"))
	for name, body := range map[string]string{
		"another application": strings.Replace(ours, "1234567890123456", "999", 1), "no application": `{"resource":"/orders/2000012345678901","topic":"orders_v2","user_id":1}`,
		"no JSON": "hello", "a list": "[]", "half": ours[:len(ours)/2], "too large": `{"x":"` + strings.Repeat("x", maxNotice) + `"}`,
	} {
		if got := receive(body); got.Verdict != channel.Refused || got.Reply.Status != 200 || got.Why == "" || len(got.Item.Hints) > 0 {
			t.Errorf("%s: %+v", name, got)
		}
	}
	app := theApp
	app.Credentials = nil
	if got := New().Receive(app, channel.Request{Method: http.MethodPost, Path: "notifications", Body: []byte(`{"application_id":""}`)}); got.Verdict != channel.Refused {
		t.Errorf("an application without id: %+v", got)
	}
}

func TestANoticeWithoutAResourceIsParked(t *testing.T) {
	got := receive(`{"resource":"/orders/abc","user_id":700000001,"topic":"orders_v2","application_id":1234567890123456}`)
	if got.Verdict != channel.Good || got.Item.Err == nil || len(got.Item.Raw) == 0 || got.Reply.Status != 200 {
		t.Errorf("%+v", got)
	}
}

func FuzzReceive(f *testing.F) {
	f.Add(file(f, "notification.json"), "notifications", "POST")
	f.Add(file(f, "notification-claim.json"), "notifications", "POST")
	f.Add([]byte(`{"application_id":1234567890123456,"topic":"payments","resource":"%zz"}`), "notifications", "POST")
	f.Add([]byte(`{"application_id":1234567890123456,"topic":"orders_v2","resource":""}`), "", "GET")
	f.Fuzz(func(t *testing.T, body []byte, path, method string) {
		got := New().Receive(theApp, channel.Request{Method: method, Path: path, Body: body, At: start})
		if got.Reply.Status != 200 {
			t.Errorf("answered with %d", got.Reply.Status)
		}
		for _, h := range got.Item.Hints {
			if got.Verdict != channel.Good || !isID(h.Ref.ID) {
				t.Errorf("hint %+v of verdict %v", h, got.Verdict)
			}
		}
	})
}

func FuzzTranslate(f *testing.F) {
	for _, name := range []string{"order.json", "shipment.json", "shipment-legacy.json"} {
		f.Add(file(f, name))
	}
	f.Add(parts{Shipment: file(f, "shipment.json"), SLA: file(f, "sla.json"), History: file(f, "history.json"), For: []string{orderID}}.encode())
	f.Add([]byte(`{"id":1,"order_items":[{"quantity":1e9,"unit_price":"1e999"}],"currency_id":"BRL","payments":[{}]}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		for _, it := range []channel.Item{translateOrder(raw, order.ClassRow, readAt, nil), translateOrder(raw, order.ClassRead, readAt, []string{"x"}), translateShipment(raw, readAt)} {
			if it.Err == nil && (len(it.Readings) != 1 || !isID(it.Ref.ID)) {
				t.Fatalf("%+v", it)
			}
			for _, r := range it.Readings {
				recs := []order.Linked{{Ref: r.Ref, Record: r.Record}}
				o := order.Fold(r.Ref, recs, grammar)
				order.WantsOf(&o, grammar)
				if o.Bill != nil {
					_, _ = o.Bill.Difference()
				}
			}
		}
	})
}
