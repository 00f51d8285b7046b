package hub

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"github.com/tongdan/tongdan/channel"
	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/ident"
	"github.com/tongdan/tongdan/internal/db"
)

// client holds the two HTTP clients that every connector shares.
type client struct{ reads, calls *http.Client }

// conn is an opened account, kept while the directory does not change.
type conn struct {
	*channel.Conn
	version int64
	account db.AccountRow
}

// conn opens an account, or gives the one that is open.
func (h *Hub) conn(ctx context.Context, id ident.Account) (*conn, error) {
	const op = "hub.conn"
	dir, err := h.db.Directory(ctx)
	if err != nil {
		return nil, fault.Wrap(op, err)
	}
	h.mu.Lock()
	c, ok := h.conns[id]
	h.mu.Unlock()
	if ok && c.version == dir.Version {
		return c, nil
	}
	row, ok := dir.Account(id)
	if !ok {
		return nil, &fault.Error{Op: op, Code: fault.NotFound, Ref: id.String(), Words: "the account has been removed"}
	}
	app, ok := dir.App(row.App)
	if !ok {
		return nil, &fault.Error{Op: op, Code: fault.NotFound, Ref: row.App.String(), Words: "the account's app has been removed"}
	}
	p, ok := h.platforms[row.Channel]
	if !ok {
		return nil, &fault.Error{Op: op, Code: fault.Unsupported, Ref: row.Channel, Words: "this build has no connector for the channel"}
	}
	acct := channel.Account{ID: row.ID, App: appOf(app), External: row.External, Credentials: secrets(row.Credentials)}
	for _, s := range dir.ShopsOf(id) {
		acct.Shops = append(acct.Shops, s.External)
	}
	shop, err := p.Open(acct, channel.Env{Reads: h.reads.reads, Calls: h.reads.calls, Vault: vault{h, row.Merchant, id}, Now: h.clock.Now})
	if err != nil {
		return nil, fault.Wrap(op, err)
	}
	c = &conn{channel.NewConn(p.Info(), shop), dir.Version, row}
	h.mu.Lock()
	h.conns[id] = c
	h.mu.Unlock()
	return c, nil
}

func appOf(a db.AppRow) channel.App {
	return channel.App{ID: a.ID, BaseURL: a.BaseURL, PublicURL: a.PublicURL, Credentials: secrets(a.Credentials)}
}

func secrets(m map[string]string) map[string]channel.Secret {
	out := make(map[string]channel.Secret, len(m))
	for k, v := range m {
		out[k] = channel.NewSecret(v)
	}
	return out
}

// budget is the rate limit of an app, from its platform's declaration.
func (h *Hub) budget(id ident.App) (float64, int) {
	dir, err := h.db.Directory(context.Background())
	if err != nil {
		return 1, 1
	}
	app, ok := dir.App(id)
	if !ok {
		return 0, 0
	}
	p, ok := h.platforms[app.Channel]
	if !ok {
		return 0, 0
	}
	b := p.Info().Budget
	return b.PerSecond * h.clock.Speed, max(b.Burst, 1)
}

// vault is a channel.Vault over the database, for one account.
type vault struct {
	h        *Hub
	merchant ident.Merchant
	account  ident.Account
}

func (v vault) Load(ctx context.Context, name string) ([]byte, error) {
	b, err := v.h.db.LoadVault(ctx, v.merchant, v.account, name)
	return b, fault.Wrap("hub.vault", err)
}

func (v vault) Save(ctx context.Context, name string, at time.Time, b []byte) error {
	return fault.Wrap("hub.vault", v.h.db.SaveVault(ctx, v.merchant, v.account, name, at.UnixMilli(), b))
}

func (v vault) Alarm(ctx context.Context, until time.Time, why string) error {
	at := int64(0)
	if why != "" {
		at = max(until.UnixMilli(), 1)
		if until.IsZero() {
			at = v.h.now().UnixMilli()
		}
	}
	_, err := v.h.db.Do(ctx, db.Verb{Name: "account.alarm", Merchant: v.merchant, Class: db.People, Decide: func(tx *db.Tx) error {
		tx.Touch(v.account, func(a *db.AccountRow) { a.AlarmAt, a.AlarmWhy = at, why })
		tx.Change("account", v.account.String())
		return nil
	}})
	return fault.Wrap("hub.vault", err)
}

// consent is what comes back with the code, so that a code is taken only by the account
// and for the person that asked for it.
type consent struct {
	Account ident.Account `json:"a"`
	At      int64         `json:"t"`
	Nonce   string        `json:"n"`
}

const consentName, consentTime = "consent", 15 * time.Minute

// Consents reports whether an account's platform has a consent page.
func (h *Hub) Consents(ctx context.Context, id ident.Account) bool {
	c, err := h.conn(ctx, id)
	if err != nil {
		return false
	}
	_, err = c.ConsentURL("", "")
	return err == nil
}

// ConsentURL begins the authorisation of an account: the owner is sent to the URL.
func (h *Hub) ConsentURL(ctx context.Context, who Actor, id ident.Account) (string, error) {
	const op = "hub.ConsentURL"
	c, err := h.conn(ctx, id)
	if err != nil {
		return "", err
	}
	if c.account.Merchant != who.Merchant {
		return "", fault.New(op, fault.NotFound, "there is no such account")
	}
	dir, err := h.db.Directory(ctx)
	if err != nil {
		return "", fault.Wrap(op, err)
	}
	app, _ := dir.App(c.account.App)
	if app.PublicURL == "" {
		return "", fault.New(op, fault.Conflict, "give the app a public address first: the platform sends the owner back to it")
	}
	state := consent{id, h.now().UnixMilli(), nonce()}
	if err := (vault{h, who.Merchant, id}).Save(ctx, consentName, h.now(), toJSON(state)); err != nil {
		return "", err
	}
	return c.ConsentURL(id.String()+"."+state.Nonce, redirect(app))
}

func redirect(app db.AppRow) string { return appOf(app).CallbackURL(app.Channel, "authorised") }

// Authorised takes the code with which a platform sends the owner back.
func (h *Hub) Authorised(ctx context.Context, channelName string, appID ident.App, state, code string) error {
	const op = "hub.Authorised"
	bad := fault.New(op, fault.Invalid, "this consent was not asked for here, or is older than 15 minutes: press authorise again")
	idText, given, _ := cut(state, ".")
	var id ident.Account
	if err := id.UnmarshalText([]byte(idText)); err != nil || id == 0 || given == "" {
		return bad
	}
	c, err := h.conn(ctx, id)
	if err != nil {
		return bad
	}
	dir, err := h.db.Directory(ctx)
	if err != nil {
		return fault.Wrap(op, err)
	}
	app, ok := dir.App(appID)
	if !ok || c.account.App != appID || app.Channel != channelName {
		return bad
	}
	v := vault{h, c.account.Merchant, id}
	b, err := v.Load(ctx, consentName)
	if err != nil {
		return fault.Wrap(op, err)
	}
	var want consent
	if json.Unmarshal(b, &want) != nil || !same(want.Nonce, given) || h.now().UnixMilli()-want.At > consentTime.Milliseconds() {
		return bad
	}
	external, err := c.Exchange(ctx, code, redirect(app))
	if err != nil {
		return fault.Wrap(op, err)
	}
	if err := v.Save(ctx, consentName, h.now(), []byte("{}")); err != nil { // a code is taken once
		return err
	}
	if c.account.External != "" && external != "" && c.account.External != external {
		return fault.New(op, fault.Conflict, "the owner of another account of the platform has agreed: sign in there as "+c.account.External)
	}
	if err := h.db.SetExternal(ctx, c.account.Merchant, id, external); err != nil {
		return fault.Wrap(op, err)
	}
	if err := v.Alarm(ctx, time.Time{}, ""); err != nil {
		return err
	}
	return h.schedule(ctx)
}
