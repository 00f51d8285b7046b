package counter

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"

	"github.com/tongdan/tongdan/channel"
	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/order"
)

const (
	path    = "order"
	what    = "order" // the journal's word
	maxBody = 256 << 10
)

// sign is the signature of a document.
func sign(secret string, body []byte) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write(body)
	return hex.EncodeToString(mac.Sum(nil))
}

// Enter implements channel.Own.
func (platform) Enter(app channel.App, e channel.Entry) (channel.Request, error) {
	const op = "counter.Enter"
	body, err := json.Marshal(e)
	if err != nil {
		return channel.Request{}, &fault.Error{Op: op, Code: fault.Internal, Err: err}
	}
	if _, err := parse(body); err != nil {
		return channel.Request{}, fault.Wrap(op, err)
	}
	secret := app.Credentials["secret"].Reveal()
	if secret == "" {
		return channel.Request{}, fault.Say(op, fault.Invalid, "own_secret_missing", "the channel's own secret is missing: enter an order, and it is drawn")
	}
	return channel.Request{Method: http.MethodPost, Path: path, Query: url.Values{"sig": {sign(secret, body)}}.Encode(),
		Header: http.Header{"Content-Type": {"application/json"}}, Body: body}, nil
}

func reply(status int, body string) channel.Reply {
	return channel.Reply{Status: status, Type: "application/json", Body: body}
}

// Receive implements channel.Platform.
func (platform) Receive(app channel.App, r channel.Request) channel.Received {
	refused := func(why string) channel.Received {
		return channel.Received{Verdict: channel.Refused, Why: why, Reply: reply(http.StatusUnauthorized, `{"ok":false}`), Busy: reply(http.StatusServiceUnavailable, `{"ok":false}`)}
	}
	switch {
	case r.Path != path:
		return refused("no callback of this path")
	case len(r.Body) == 0 || len(r.Body) > maxBody:
		return refused("empty, or larger than 256 KiB")
	}
	q, err := url.ParseQuery(r.Query)
	if err != nil {
		return refused("the query cannot be read")
	}
	secret := app.Credentials["secret"].Reveal()
	given := strings.ToLower(q.Get("sig"))
	if secret == "" || !hmac.Equal([]byte(sign(secret, r.Body)), []byte(given)) {
		return refused("sig")
	}
	return channel.Received{Verdict: channel.Good, Item: read(r.Body), Reply: reply(http.StatusOK, `{"ok":true}`), Busy: reply(http.StatusServiceUnavailable, `{"ok":false}`)}
}

// read turns a document into an item: what it says, or why it cannot be read.
func read(body []byte) channel.Item {
	item := channel.Item{What: what, Raw: body}
	e, err := parse(body)
	if err != nil {
		item.Err = err
		return item
	}
	item.Ref = order.Ref{Realm: Realm, Kind: order.KindOrder, ID: e.ID}
	item.Readings = []order.Reading{{Ref: item.Ref, Record: recordOf(e)}}
	return item
}

// Translate implements channel.Translator.
func (platform) Translate(k channel.Kept) channel.Item {
	if k.What != what || !k.Push {
		return channel.Item{What: k.What, Raw: k.Raw, At: k.At.UnixMilli()}
	}
	item := read(k.Raw)
	item.At = k.At.UnixMilli()
	return item
}
