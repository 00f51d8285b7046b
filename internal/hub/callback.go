package hub

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/hex"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tongdan/tongdan/channel"
	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/ident"
	"github.com/tongdan/tongdan/internal/db"
	"github.com/tongdan/tongdan/internal/mutant"
	"github.com/tongdan/tongdan/internal/point"
	"github.com/tongdan/tongdan/internal/span"
	"github.com/tongdan/tongdan/order"
)

// Callback takes one callback of a platform and gives the answer in the platform's own
// form. A push is answered after what it says is committed; when it cannot be kept, the
// answer asks the platform to come again. It fails with fault.NotFound when there is no
// such app.
func (h *Hub) Callback(ctx context.Context, channelName string, id ident.App, req channel.Request) (channel.Reply, error) {
	const op = "hub.Callback"
	app, ok := h.db.AppByID(id)
	p, known := h.platforms[channelName]
	if !ok || !known || app.Channel != channelName {
		return channel.Reply{}, fault.Say(op, fault.NotFound, "no_app_callback", "there is no such app: copy the callback URL from Connections again")
	}
	came := time.Now()
	req.At = h.now()
	_, sp := span.Within(ctx, "channel.receive")
	rec := p.Receive(appOf(app), req)
	sp.Text("tongdan.what", rec.Item.What)
	sp.End()
	h.heard(ctx, app, p.Info(), req.Path, rec.Verdict)
	switch rec.Verdict {
	case channel.Probe:
		h.meters.push(channelName, rec, answerProbe, time.Since(came))
		return rec.Reply, nil
	case channel.Refused:
		defer func() { h.meters.push(channelName, rec, answerRefused, time.Since(came)) }()
		if err := h.db.Refused(ctx, app.ID, rawOf(req)); err != nil {
			h.log.WarnContext(ctx, "a refused callback could not be noted", "merchant", app.Merchant.String(), "channel", channelName, "app", id.String(), "err", err)
		}
		return rec.Reply, nil
	}
	reply := rec.Reply
	list, err := h.meant(ctx, app, p.Info().Realm, rec)
	if err != nil {
		h.log.WarnContext(ctx, "whose a push is could not be found; the platform is asked to come again", "merchant", app.Merchant.String(), "channel", channelName, "app", id.String(), "what", rec.Item.What, "err", err)
		h.meters.push(channelName, rec, answerBusy, time.Since(came))
		return rec.Busy, nil
	}
	for _, meant := range list {
		got, answer, whose := h.pushed(ctx, meant, id, p.Info(), req, rec)
		h.meters.push(channelName, rec, answer, time.Since(came))
		h.taking.add(whose, answer == answerBusy)
		if answer == answerBusy {
			reply = got
		}
	}
	return reply, nil
}

// pushed keeps what a verified callback says, for one application, and gives the answer to it. came is the application
// to whose address it came: with its key the signature is looked at when it is tried again.
func (h *Hub) pushed(ctx context.Context, app db.AppRow, came ident.App, info *channel.Info, req channel.Request, rec channel.Received) (reply channel.Reply, answer string, whose ident.Account) {
	answer = answerKept
	channelName, id := app.Channel, app.ID
	if rec.Grant != nil {
		if err := h.grant(ctx, app, info.Realm, rec); err != nil {
			h.log.WarnContext(ctx, "a binding was not taken", "merchant", app.Merchant.String(), "channel", channelName, "app", id.String(), "err", err)
			return rec.Busy, answerBusy, 0
		}
	}
	if rec.Standing != nil {
		h.hearStanding(ctx, app, info.Realm, rec.Standing)
	}
	l := lesson{
		channel: channelName, realm: info.Realm, app: app.ID, dir: db.Push, method: req.Method, path: req.Path, at: req.At,
		items: []channel.Item{rec.Item}, retry: toJSON(retry{Push: true, App: came, Method: req.Method, Path: req.Path, Query: req.Query, Type: req.Header.Get("Content-Type")}),
	}
	l.account = h.accountOf(app, l.realm, rec)
	whose = l.account
	if len(l.items[0].Raw) == 0 {
		l.items[0].Raw = rawOf(req)
	}
	verb := db.Verb{
		Name: "push", Merchant: app.Merchant, Refs: refs(l.items), Keys: h.keys(l), Class: db.Pushes, Bodies: [][]byte{l.items[0].Raw},
		Decide: func(tx *db.Tx) error {
			if l.account != 0 {
				tx.Touch(l.account, func(a *db.AccountRow) { a.LastPush = l.at.UnixMilli() })
			}
			return h.learn(tx, l)
		},
	}
	if mutant.On(mutant.AnswerFirst) {
		h.spawn(func() { h.db.Do(context.WithoutCancel(ctx), verb) })
		return rec.Reply, answer, whose
	}
	point.Hit(point.PushReceived)
	if span.Parent(ctx) != "" {
		l.told = new(ident.Order)
	}
	if l.items[0].Err != nil {
		answer = answerParked
	}
	_, err := h.db.Do(ctx, verb)
	if l.told != nil && *l.told != 0 {
		span.Told(ctx, span.Order, l.told.String())
	}
	if code := fault.CodeOf(err); err != nil && code != fault.Unavailable && code != fault.Unknown {
		// A mistake of ours, or content past a limit, must not lose the push: it is
		// parked, and the platform is told that it has arrived.
		h.log.ErrorContext(ctx, "a push could not be worked and is parked", "merchant", app.Merchant.String(), "channel", channelName, "app", id.String(), "account", l.account.String(), "what", rec.Item.What, "err", err)
		l.items[0].Readings, l.items[0].Hints, l.items[0].Err = nil, nil, err
		answer = answerParked
		verb.Refs, verb.Keys, verb.Alone = nil, nil, true
		_, err = h.db.Do(ctx, verb)
	}
	if err != nil {
		h.log.WarnContext(ctx, "a push could not be kept; the platform is asked to come again", "merchant", app.Merchant.String(), "channel", channelName, "app", id.String(), "account", l.account.String(), "what", rec.Item.What, "err", err)
		return rec.Busy, answerBusy, whose
	}
	point.Hit(point.PushCommitted)
	return rec.Reply, answer, whose
}

// Oversized notes a callback that is larger than can be taken, of which first is the
// beginning: it counts as refused, so that the person who looks after the connection is
// told. It fails with fault.NotFound when there is no such app.
func (h *Hub) Oversized(ctx context.Context, channelName string, id ident.App, first []byte) error {
	const op = "hub.Oversized"
	if app, ok := h.db.AppByID(id); !ok || app.Channel != channelName {
		return fault.Say(op, fault.NotFound, "no_app_callback", "there is no such app: copy the callback URL from Connections again")
	}
	return fault.Wrap(op, h.db.Refused(ctx, id, first))
}

// accountOf finds the account of a push: by what the message says, by the shop that it
// names, or because the app has only one.
func (h *Hub) accountOf(app db.AppRow, realm string, rec channel.Received) ident.Account {
	list := h.db.AccountsOf(app.ID)
	if rec.External != "" {
		for _, a := range list {
			if a.External == rec.External {
				return a.ID
			}
		}
		if s, ok := h.db.ShopByExternal(app.Merchant, realm, rec.External); ok && slices.ContainsFunc(list, func(a db.AccountRow) bool { return a.ID == s.Account }) {
			return s.Account
		}
		return 0
	}
	for _, r := range rec.Item.Readings {
		if shop, ok := order.Get[string](r.Record, order.RegShop); ok {
			if s, ok := h.db.ShopByExternal(app.Merchant, realm, shop); ok && slices.ContainsFunc(list, func(a db.AccountRow) bool { return a.ID == s.Account }) {
				return s.Account
			}
		}
	}
	if len(list) == 1 || len(list) > 0 && rec.Item.Ref.ID == "" && len(rec.Item.Hints) > 0 { // about the whole app: any of its accounts can ask
		return list[0].ID
	}
	return 0
}

// rawOf is a request as it is kept: the query, an empty line, the body.
func rawOf(r channel.Request) []byte {
	if r.Query == "" {
		return r.Body
	}
	return append([]byte("?"+r.Query+"\n\n"), r.Body...)
}

func nonce() string {
	var b [16]byte
	rand.Read(b[:])
	return hex.EncodeToString(b[:])
}

func same(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }

func cut(s, sep string) (string, string, bool) { return strings.Cut(s, sep) }

func itoa(n int) string { return strconv.Itoa(n) }
