package hub

import (
	"cmp"
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"time"

	"github.com/tongdan/tongdan/channel"
	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/ident"
	"github.com/tongdan/tongdan/internal/db"
)

// client holds the two HTTP clients that every connector shares.
type client struct {
	reads, calls *http.Client
	yield        func() // of a simulation
}

// conn is an opened account, kept while what it was opened with does not change.
type conn struct {
	*channel.Conn
	account db.AccountRow
	app     db.AppRow
	shops   []db.ShopRow
}

// conn opens an account, or gives the one that is open.
func (h *Hub) conn(m ident.Merchant, id ident.Account) (*conn, error) {
	const op = "hub.conn"
	row, ok := h.db.AccountByID(m, id)
	if !ok {
		return nil, &fault.Error{Op: op, Code: fault.NotFound, Ref: id.String(), Why: fault.Because("account_removed", "the account has been removed")}
	}
	app, ok := h.db.AppByID(row.App)
	if !ok {
		return nil, &fault.Error{Op: op, Code: fault.NotFound, Ref: row.App.String(), Why: fault.Because("app_removed", "the app has been removed")}
	}
	shops := h.db.ShopsOf(m, id)
	h.mu.Lock()
	defer h.mu.Unlock()
	if c, ok := h.conns[id]; ok && c.fits(row, app, shops) {
		return c, nil
	}
	p, ok := h.platforms[row.Channel]
	if !ok {
		return nil, &fault.Error{Op: op, Code: fault.Unsupported, Ref: row.Channel, Why: fault.Because("no_connector", "this build has no connector for the channel")}
	}
	acct := channel.Account{ID: row.ID, App: appOf(app), External: row.External, Credentials: secrets(row.Credentials)}
	for _, s := range shops {
		acct.Shops = append(acct.Shops, s.External)
	}
	shop, err := p.Open(acct, channel.Env{Reads: h.reads.reads, Calls: h.reads.calls, Vault: h.db.Vault(m, id), Now: h.clock.Now, Yield: h.reads.yield})
	if err != nil {
		return nil, fault.Wrap(op, err)
	}
	c := &conn{channel.NewConn(p.Info(), shop), row, app, shops}
	h.conns[id] = c
	return c, nil
}

func (c *conn) fits(row db.AccountRow, app db.AppRow, shops []db.ShopRow) bool {
	return c.account.App == row.App && c.account.External == row.External && maps.Equal(c.account.Credentials, row.Credentials) &&
		c.app.BaseURL == app.BaseURL && c.app.PublicURL == app.PublicURL && maps.Equal(c.app.Credentials, app.Credentials) && slices.Equal(c.shops, shops)
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
	app, ok := h.db.AppByID(id)
	if !ok || h.noBudget {
		return 0, 0
	}
	p, ok := h.platforms[app.Channel]
	if !ok {
		return 0, 0
	}
	b := p.Info().Budget
	return b.PerSecond * h.clock.Speed, max(b.Burst, 1)
}

// consent is what comes back with the code, so that a code is taken only by the account
// and for the person that asked for it.
type consent struct {
	Account ident.Account `json:"a"`
	At      int64         `json:"t"`
	Nonce   string        `json:"n"`
	By      string        `json:"b,omitempty"` // who asked
}

const consentName, consentTime = "consent", 15 * time.Minute

// Consents reports whether an account's platform has a consent page.
func (h *Hub) Consents(m ident.Merchant, id ident.Account) bool {
	c, err := h.conn(m, id)
	if err != nil {
		return false
	}
	_, err = c.ConsentURL("", "")
	return err == nil
}

// ConsentURL begins the authorisation of an account: the owner is sent to the URL.
func (h *Hub) ConsentURL(ctx context.Context, who Actor, id ident.Account) (string, error) {
	const op = "hub.ConsentURL"
	c, err := h.conn(who.Merchant, id)
	if err != nil {
		return "", err
	}
	app := c.app
	if app.PublicURL == "" {
		return "", fault.Say(op, fault.Conflict, "public_address_first", "give the app a public address first: the platform sends the owner back to it")
	}
	state := consent{id, h.now().UnixMilli(), nonce(), who.ID}
	if err := h.db.Vault(who.Merchant, id).Save(ctx, consentName, h.now(), toJSON(state)); err != nil {
		return "", err
	}
	u, err := c.ConsentURL(id.String()+"."+state.Nonce, redirect(app))
	if err == nil && u == "" {
		return "", fault.Say(op, fault.Conflict, "shop_first", "add the account's shop first: the platform's page is asked with its id")
	}
	return u, err
}

func redirect(app db.AppRow) string { return appOf(app).CallbackURL(app.Channel, "authorised") }

// Authorised takes the code with which a platform sends the owner back.
func (h *Hub) Authorised(ctx context.Context, channelName string, appID ident.App, state, code string) error {
	const op = "hub.Authorised"
	bad := fault.Say(op, fault.Invalid, "consent_old", "this consent was not asked for here, or is older than 15 minutes: press authorise again")
	idText, given, _ := cut(state, ".")
	var id ident.Account
	if err := id.UnmarshalText([]byte(idText)); err != nil || id == 0 || given == "" {
		return bad
	}
	app, ok := h.db.AppByID(appID)
	if !ok || app.Channel != channelName {
		return bad
	}
	c, err := h.conn(app.Merchant, id)
	if err != nil || c.account.App != appID {
		return bad
	}
	v := h.db.Vault(app.Merchant, id)
	b, err := v.Load(ctx, consentName)
	if err != nil {
		return fault.Wrap(op, err)
	}
	var want consent
	if json.Unmarshal(b, &want) != nil || !same(want.Nonce, given) || h.now().UnixMilli()-want.At > consentTime.Milliseconds() {
		return bad
	}
	if armed, err := h.db.Armed(ctx); err != nil {
		return fault.Wrap(op, err)
	} else if !armed {
		return fault.Say(op, fault.Conflict, "arm_first", "this is a restored or copied database, from which nothing is called: arm it first, then authorise")
	}
	external, err := c.Exchange(ctx, code, redirect(app))
	if err != nil {
		return fault.Wrap(op, err)
	}
	if err := h.agreed(ctx, c.account, want.By); err != nil { // a code is taken once
		return fault.Wrap(op, err)
	}
	if c.account.External != "" && external != "" && c.account.External != external {
		return fault.Say(op, fault.Conflict, "other_seller", "another seller agreed than the one of this account: sign out at the platform and agree as user {user}", "user", c.account.External)
	}
	if err := h.noteExternal(ctx, c.account.Merchant, c.account.ID, external, want.By); err != nil {
		return fault.Wrap(op, err)
	}
	if err := v.Alarm(ctx, time.Time{}, ""); err != nil {
		return err
	}
	return h.schedule(ctx)
}

// noteExternal keeps the platform's id of whoever has agreed, where none is known yet. The account is
// read anew: somebody may have changed it during the call that told the id.
func (h *Hub) noteExternal(ctx context.Context, m ident.Merchant, id ident.Account, external, by string) error {
	row, ok := h.db.AccountByID(m, id)
	if !ok || row.External != "" || external == "" {
		return nil
	}
	row.External = external
	who := Actor{Scope: db.Scope{Merchant: m}, ID: cmp.Or(by, byPlatform)}
	_, err := h.db.PutAccount(ctx, row, telling(h, who, "account", h.accountSetUp))
	return err
}

// byPlatform is who did what a platform's own page says, when nobody here had asked for it.
const byPlatform = "platform"

// agreed closes a consent, so that it is taken once, and tells in the journal who had asked for it.
func (h *Hub) agreed(ctx context.Context, a db.AccountRow, by string) error {
	who := Actor{Scope: db.Scope{Merchant: a.Merchant}, ID: cmp.Or(by, byPlatform)}
	line := h.lineAbout(who, "account.authorise", a.ID.String(), setUpDoc{Name: a.Name, Changes: []SetUpChange{{Field: "channel", Is: a.Channel}}})
	return h.db.SaveVault(ctx, a.Merchant, a.ID, consentName, h.now(), []byte("{}"), line)
}
