package mercadolibre

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/tongdan/tongdan/channel"
	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/order"
)

// maxNotice bounds a notification, which is a few hundred bytes.
const maxNotice = 64 << 10

// ok is the only answer: anything but 200 within half a second counts as not
// delivered, and repeated failures switch the topic off for the whole application.
var ok = channel.Reply{Status: http.StatusOK, Type: "application/json", Body: "{}"}

// busy makes the platform come again, eight times within an hour.
var busy = channel.Reply{Status: http.StatusServiceUnavailable, Type: "application/json", Body: "{}"}

// Receive takes a notification. Mercado Libre signs nothing: what protects is that
// the URL is not known, that the application's id must be ours, and that a
// notification carries no data but what to read, with the seller's own token.
func (p *platform) Receive(app channel.App, r channel.Request) channel.Received {
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		return channel.Received{Verdict: channel.Probe, Reply: ok}
	}
	refuse := func(why string) channel.Received {
		return channel.Received{Verdict: channel.Refused, Why: why, Reply: ok}
	}
	switch {
	case r.Path != "notifications":
		return refuse("this is not the path of notifications")
	case r.Method != http.MethodPost:
		return refuse("a notification is a POST")
	case len(r.Body) > maxNotice:
		return refuse("the body is larger than a notification can be")
	}
	n, err := parse(r.Body)
	if err != nil {
		return refuse("the body is no JSON object")
	}
	want := app.Credentials["client_id"].Reveal()
	if got := n.text("application_id"); got == "" || got != want {
		return refuse("application_id is not that of this application")
	}
	item, user := notice(n, "notification")
	item.Raw = r.Body
	return channel.Received{Verdict: channel.Good, External: user, Item: item, Quick: true, Reply: ok, Busy: busy}
}

// notice translates a notification, or a row of the missed feeds, which has the same
// form. A topic that Tongdan does not serve is kept and causes nothing.
func notice(n node, what string) (channel.Item, string) {
	topic := strings.ReplaceAll(n.text("topic"), " ", "_") // one page writes "orders feedback"
	item := channel.Item{What: what}
	if isWord(topic) {
		item.What += "." + topic
	}
	user := n.id("user_id") // a number, in some topics a string
	var kind, folder string
	switch topic {
	case "orders_v2", "orders", "created_orders", "orders_feedback":
		kind, folder = order.KindOrder, "orders"
	case "shipments":
		kind, folder = order.KindShipment, "shipments"
	case "payments":
		kind, folder = kindPayment, "collections"
	default:
		return item, user
	}
	id, found := resourceID(n.text("resource"), folder)
	if !found && kind == kindPayment {
		id, found = resourceID(n.text("resource"), "payments")
	}
	if !found {
		item.Err = &fault.Error{Op: "mercadolibre.Receive", Code: fault.Invalid, Why: fault.Because("topic_unreadable", "a notification of topic {topic} names no resource that Tongdan can read", "topic", clip(topic, 40))}
		return item, user
	}
	item.Ref = order.Ref{Realm: Realm, Kind: kind, ID: id}
	item.Hints = []order.Hint{{Ref: item.Ref, Why: topic}}
	return item, user
}

// isWord reports whether a topic can stand in a journal's line.
func isWord(s string) bool {
	for _, c := range []byte(s) {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '_' && c != '-' {
			return false
		}
	}
	return s != "" && len(s) <= 40
}

// resourceID finds the number after a folder in "/orders/2000…/feedback". The leading
// slash may be missing, and a whole URL is taken as well.
func resourceID(resource, folder string) (string, bool) {
	if len(resource) > 500 {
		return "", false
	}
	u, err := url.Parse(resource)
	if err != nil {
		return "", false
	}
	parts := strings.Split(strings.Trim(u.Path, "/"), "/")
	for i, p := range parts[:len(parts)-1] {
		if p == folder && isID(parts[i+1]) {
			return parts[i+1], true
		}
	}
	return "", false
}
