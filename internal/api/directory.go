package api

import (
	"context"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/tongdan/tongdan/channel"
	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/front"
	"github.com/tongdan/tongdan/ident"
	"github.com/tongdan/tongdan/internal/db"
	"github.com/tongdan/tongdan/order"
)

// seqOutput is an answer that has nothing but the feed's number.
type seqOutput struct {
	Seq int64 `header:"Tongdan-Seq"`
}

// seq is the feed's number after a write: whoever follows the feed to it has seen it.
func (s *Server) seq(ctx context.Context) (int64, error) {
	at, err := s.db.Feed(ctx, who(ctx).Merchant)
	if err != nil {
		return 0, err
	}
	return s.shownSeq(ctx, at.Seq)
}

func (s *Server) deleted(ctx context.Context, err error) (*seqOutput, error) {
	if err != nil {
		return nil, fault.Wrap("api.delete", err)
	}
	seq, err := s.seq(ctx)
	return &seqOutput{seq}, err
}

func (s *Server) directoryRoutes() {
	add(s, op("listChannels", http.MethodGet, "/channels", "connections", "The platforms that this build can talk to, and what each can do"), s.listChannels)

	add(s, op("listStores", http.MethodGet, "/stores", "connections", "Stores"), s.listStores)
	add(s, created(op("makeStore", http.MethodPost, "/stores", "connections", "Add a store")), func(ctx context.Context, in *create[StoreBody]) (*storeOutput, error) {
		return s.putStore(ctx, 0, in.Body)
	})
	add(s, op("changeStore", http.MethodPut, "/stores/{id}", "connections", "Change a store"), func(ctx context.Context, in *change[StoreBody]) (*storeOutput, error) {
		id, err := idOf[ident.Store](in.ID)
		if err != nil {
			return nil, err
		}
		return s.putStore(ctx, id, in.Body)
	})
	add(s, op("deleteStore", http.MethodDelete, "/stores/{id}", "connections", "Remove a store that nothing uses"), func(ctx context.Context, in *ByID) (*seqOutput, error) {
		id, err := idOf[ident.Store](in.ID)
		if err != nil {
			return nil, err
		}
		return s.deleted(ctx, s.hub.DeleteStore(ctx, who(ctx).Actor, id))
	})

	add(s, op("listApps", http.MethodGet, "/apps", "connections", "Applications registered at platforms; credentials are never shown"), s.listApps)
	add(s, created(op("makeApp", http.MethodPost, "/apps", "connections", "Add an application")), func(ctx context.Context, in *create[AppBody]) (*appOutput, error) {
		return s.putApp(ctx, 0, in.Body)
	})
	add(s, op("changeApp", http.MethodPut, "/apps/{id}", "connections", "Change an application; credentials that are left out stay"), func(ctx context.Context, in *change[AppBody]) (*appOutput, error) {
		id, err := idOf[ident.App](in.ID)
		if err != nil {
			return nil, err
		}
		return s.putApp(ctx, id, in.Body)
	})
	add(s, op("deleteApp", http.MethodDelete, "/apps/{id}", "connections", "Remove an application without accounts"), func(ctx context.Context, in *ByID) (*seqOutput, error) {
		id, err := idOf[ident.App](in.ID)
		if err != nil {
			return nil, err
		}
		return s.deleted(ctx, s.hub.DeleteApp(ctx, who(ctx).Actor, id))
	})

	add(s, op("listAccounts", http.MethodGet, "/accounts", "connections", "Authorisations at platforms, and how they are doing"), s.listAccounts)
	add(s, created(op("makeAccount", http.MethodPost, "/accounts", "connections", "Add an authorisation under an application")), func(ctx context.Context, in *create[AccountBody]) (*accountOutput, error) {
		return s.putAccount(ctx, 0, in.Body)
	})
	add(s, op("changeAccount", http.MethodPut, "/accounts/{id}", "connections", "Change an authorisation; credentials that are left out stay"), func(ctx context.Context, in *change[AccountBody]) (*accountOutput, error) {
		id, err := idOf[ident.Account](in.ID)
		if err != nil {
			return nil, err
		}
		return s.putAccount(ctx, id, in.Body)
	})
	add(s, op("deleteAccount", http.MethodDelete, "/accounts/{id}", "connections", "Remove an authorisation without shops"), func(ctx context.Context, in *ByID) (*seqOutput, error) {
		id, err := idOf[ident.Account](in.ID)
		if err != nil {
			return nil, err
		}
		return s.deleted(ctx, s.hub.DeleteAccount(ctx, who(ctx).Actor, id))
	})
	add(s, op("authoriseAccount", http.MethodGet, "/accounts/{id}/authorise", "connections", "Where the owner agrees at the platform: JSON, or a redirect for a browser"), s.authoriseAccount)

	add(s, op("listShops", http.MethodGet, "/shops", "connections", "Which store is which shop at a platform"), s.listShops)
	add(s, created(op("makeShop", http.MethodPost, "/shops", "connections", "Bind a shop to a store; its orders that came before are bound as well")), func(ctx context.Context, in *create[ShopBody]) (*shopOutput, error) {
		return s.putShop(ctx, 0, in.Body)
	})
	add(s, op("setModes", http.MethodPut, "/shops/modes", "connections", "Put shops into a mode: the first few of an account, or all"), s.setModes)
	add(s, op("changeShop", http.MethodPut, "/shops/{id}", "connections", "Change a binding"), func(ctx context.Context, in *change[ShopBody]) (*shopOutput, error) {
		id, err := idOf[ident.Shop](in.ID)
		if err != nil {
			return nil, err
		}
		return s.putShop(ctx, id, in.Body)
	})
	add(s, op("deleteShop", http.MethodDelete, "/shops/{id}", "connections", "Remove a binding"), func(ctx context.Context, in *ByID) (*seqOutput, error) {
		id, err := idOf[ident.Shop](in.ID)
		if err != nil {
			return nil, err
		}
		return s.deleted(ctx, s.hub.DeleteShop(ctx, who(ctx).Actor, id))
	})
}

// Store is a place where stock lies and people work.
type Store struct {
	ID      ident.Store `json:"id"`
	Name    string      `json:"name"`
	Zone    string      `json:"zone" doc:"IANA"`
	Cutoff  int         `json:"cutoff_minutes" doc:"Minutes after midnight at which the business day begins."`
	Address string      `json:"address"`
	Prepare int         `json:"prepare_minutes" doc:"How long it takes to make an order."`
	Travel  int         `json:"travel_minutes" doc:"How long a rider takes from the store to the customer."`
	Hours   string      `json:"hours" doc:"When it is open, every day: 11:00-14:00,17:00-22:00; empty: as its shops' platforms say."`
}

// StoreBody is a store as it is given.
type StoreBody struct {
	Name    string  `json:"name" maxLength:"80"`
	Zone    string  `json:"zone" maxLength:"60"`
	Cutoff  int     `json:"cutoff_minutes,omitempty" minimum:"0" maximum:"1439"`
	Address string  `json:"address,omitempty" maxLength:"300"`
	Prepare *int    `json:"prepare_minutes,omitempty" minimum:"0" maximum:"720" doc:"How long it takes to make an order; left out: 15."`
	Travel  *int    `json:"travel_minutes,omitempty" minimum:"0" maximum:"720" doc:"How long a rider takes to the customer; left out: 30."`
	Hours   *string `json:"hours,omitempty" maxLength:"120" doc:"When it is open, every day: 11:00-14:00,17:00-22:00. Empty: as its shops' platforms say. Left out: as it was."`
}

type storeOutput struct {
	Seq  int64 `header:"Tongdan-Seq"`
	Body Store
}

type storesOutput struct {
	Body struct {
		Stores []Store `json:"stores"`
	}
}

func storeOf(r db.StoreRow) Store {
	return Store{r.ID, r.Name, r.Zone, r.Cutoff, r.Address, r.Pace.Prepare, r.Pace.Travel, r.Hours}
}

func (s *Server) listStores(ctx context.Context, _ *struct{}) (*storesOutput, error) {
	rows, err := s.db.Stores(ctx, who(ctx).Scope)
	if err != nil {
		return nil, fault.Wrap("api.listStores", err)
	}
	out := &storesOutput{}
	out.Body.Stores = each(rows, storeOf)
	return out, nil
}

func (s *Server) putStore(ctx context.Context, id ident.Store, in StoreBody) (*storeOutput, error) {
	c := who(ctx)
	pace := db.UsualPace
	if in.Prepare != nil {
		pace.Prepare = *in.Prepare
	}
	if in.Travel != nil {
		pace.Travel = *in.Travel
	}
	old, _ := s.db.StoreByID(c.Merchant, id)
	if in.Hours != nil {
		old.Hours = *in.Hours
	}
	row, err := s.hub.PutStore(ctx, c.Actor, db.StoreRow{ID: id, Name: in.Name, Zone: in.Zone, Cutoff: in.Cutoff, Address: in.Address, Pace: &pace, Hours: old.Hours})
	if err != nil {
		return nil, fault.Wrap("api.putStore", err)
	}
	seq, err := s.seq(ctx)
	return &storeOutput{seq, storeOf(row)}, err
}

// App is an application registered at a platform.
type App struct {
	ID            ident.App     `json:"id"`
	Channel       string        `json:"channel"`
	Name          string        `json:"name"`
	BaseURL       string        `json:"base_url" doc:"Of the platform's API; empty = production."`
	PublicURL     string        `json:"public_url" doc:"Ours, as the platform reaches it; empty = nothing is pushed."`
	Given         []string      `json:"credentials_given" doc:"The names of the credentials that are stored."`
	CallbackURLs  []CallbackURL `json:"callback_urls" doc:"To be configured at the platform."`
	Ports         []int         `json:"ports" doc:"Of the public address that the platform can call; empty: any."`
	RefusedLately int64         `json:"refused_24h" doc:"Callbacks of about the last 24 hours that were refused: a wrong signature, or larger than can be taken."`
}

// CallbackURL is one address to configure at the platform.
type CallbackURL struct {
	URL    string `json:"url"`
	WhatZH string `json:"what_zh"`
	WhatEN string `json:"what_en"`
	CameAt int64  `json:"came_at" doc:"When a message last came there, to ten minutes; 0: none ever has: is it subscribed to?"`
	SeenAt int64  `json:"probed_at" doc:"When the platform last looked whether the address is alive; 0: never."`
}

// AppBody is an application as it is given.
type AppBody struct {
	Channel     string            `json:"channel" maxLength:"40"`
	Name        string            `json:"name" maxLength:"80"`
	BaseURL     string            `json:"base_url,omitempty" maxLength:"300"`
	PublicURL   string            `json:"public_url,omitempty" maxLength:"300"`
	Credentials map[string]string `json:"credentials,omitempty" doc:"Never shown again."`
}

type appOutput struct {
	Seq  int64 `header:"Tongdan-Seq"`
	Body App
}

type appsOutput struct {
	Body struct {
		Apps []App `json:"apps"`
	}
}

func (s *Server) appOf(r db.AppRow) App {
	out := App{ID: r.ID, Channel: r.Channel, Name: r.Name, BaseURL: r.BaseURL, PublicURL: r.PublicURL, Given: given(r.Credentials), CallbackURLs: []CallbackURL{}, Ports: []int{}}
	if p, ok := s.hub.Platform(r.Channel); ok && r.PublicURL != "" {
		app := channel.App{ID: r.ID, PublicURL: r.PublicURL}
		out.Ports = append(out.Ports, p.Info().Ports...)
		for _, cb := range p.Info().Callbacks {
			out.CallbackURLs = append(out.CallbackURLs, CallbackURL{URL: app.CallbackURL(r.Channel, cb.Path), WhatZH: cb.What.ZH, WhatEN: cb.What.EN})
		}
	}
	return out
}

// given names the credentials that have a value.
func given(m map[string]string) []string {
	out := []string{}
	for _, k := range slices.Sorted(maps.Keys(m)) {
		if m[k] != "" {
			out = append(out, k)
		}
	}
	return out
}

func (s *Server) listApps(ctx context.Context, _ *struct{}) (*appsOutput, error) {
	c := who(ctx)
	rows, err := s.db.Apps(ctx, c.Merchant)
	if err != nil {
		return nil, fault.Wrap("api.listApps", err)
	}
	rows = slices.DeleteFunc(rows, func(a db.AppRow) bool { return s.hub.Own(a.Channel) }) // makes itself, and has nothing to set
	out := &appsOutput{}
	out.Body.Apps = each(rows, s.appOf)
	for i := range out.Body.Apps {
		a := &out.Body.Apps[i]
		came, err := s.db.Heard(ctx, c.Merchant, a.ID)
		if err != nil {
			return nil, fault.Wrap("api.listApps", err)
		}
		for j := range a.CallbackURLs {
			_, path, _ := strings.Cut(a.CallbackURLs[j].URL, "/"+a.ID.String()+"/")
			a.CallbackURLs[j].CameAt, a.CallbackURLs[j].SeenAt = came[path].Came, came[path].Probed
		}
		if a.RefusedLately, err = s.db.RefusedCount(ctx, a.ID, s.now().Add(-24*time.Hour).UnixMilli()); err != nil {
			return nil, fault.Wrap("api.listApps", err)
		}
	}
	return out, nil
}

func (s *Server) putApp(ctx context.Context, id ident.App, in AppBody) (*appOutput, error) {
	c := who(ctx)
	row, err := s.hub.PutApp(ctx, c.Actor, db.AppRow{ID: id, Channel: in.Channel, Name: in.Name, BaseURL: in.BaseURL, PublicURL: in.PublicURL, Credentials: in.Credentials})
	if err != nil {
		return nil, fault.Wrap("api.putApp", err)
	}
	seq, err := s.seq(ctx)
	return &appOutput{seq, s.appOf(row)}, err
}

// Account is one authorisation, and how it is doing.
type Account struct {
	ID           ident.Account `json:"id"`
	AppID        ident.App     `json:"app_id"`
	Channel      string        `json:"channel"`
	Name         string        `json:"name"`
	ExternalID   string        `json:"external_id" doc:"The platform's id of whoever agreed."`
	Given        []string      `json:"credentials_given"`
	State        string        `json:"state" enum:"ok,authorise,paused,failing"`
	Paused       bool          `json:"paused"`
	BigChain     bool          `json:"big_chain" doc:"The platform counts it as a large chain, which has longer to answer a refund."`
	AuthoriseBy  int64         `json:"authorise_by_at" doc:"Authorise again before this; 0 = no need."`
	AuthoriseWhy string        `json:"authorise_why,omitempty"`
	AuthoriseURL string        `json:"authorise_url,omitempty" doc:"Ours: it leads to the platform's consent page."`
	LastPushAt   int64         `json:"last_push_at"`
	LastPullAt   int64         `json:"last_pull_at"`
	LastError    *AccountError `json:"last_error,omitempty"`
	Backlog      Backlog       `json:"backlog"`
	PullLagS     int64         `json:"pull_lag_s" doc:"Seconds since the last complete pull, beyond its pace; 0 = in time."`
}

// AccountError is the last thing that went wrong.
type AccountError struct {
	At    int64         `json:"at"`
	Code  string        `json:"code"`
	Words string        `json:"words"`
	Why   *fault.Reason `json:"why,omitempty" doc:"The words for screens: a stable code with arguments, when they are Tongdan's own."`
}

// Backlog is what waits.
type Backlog struct {
	Effects int `json:"effects"`
	Parked  int `json:"parked"`
	Hints   int `json:"hints"`
}

// AccountBody is an authorisation as it is given.
type AccountBody struct {
	AppID       ident.App         `json:"app_id"`
	Name        string            `json:"name" maxLength:"80"`
	ExternalID  string            `json:"external_id,omitempty" maxLength:"80"`
	Credentials map[string]string `json:"credentials,omitempty" doc:"Never shown again."`
	Paused      bool              `json:"paused,omitempty"`
	BigChain    *bool             `json:"big_chain,omitempty" doc:"The platform counts it as a large chain (大连锁), which has longer to answer a refund (chain_refund_s of the channel). Left out: as it is."`
}

type accountOutput struct {
	Seq  int64 `header:"Tongdan-Seq"`
	Body Account
}

type accountsOutput struct {
	Body struct {
		Accounts []Account `json:"accounts"`
	}
}

// failingAfter is how long an error counts against an account that has not been heard
// of since.
const failingAfter = 10 * 60 * 1000 // ms

func (s *Server) accountState(a db.AccountRow) string {
	switch {
	case a.Paused:
		return "paused"
	case a.AlarmAt != 0:
		return "authorise"
	case a.External == "" && s.hub.Consents(a.Merchant, a.ID):
		return "authorise"
	case a.LastError > max(a.LastPull, a.LastPush) && s.now().UnixMilli()-a.LastError < failingAfter:
		return "failing"
	}
	return "ok"
}

func (s *Server) accountOf(ctx context.Context, c caller, a db.AccountRow) (Account, error) {
	out := Account{
		ID: a.ID, AppID: a.App, Channel: a.Channel, Name: a.Name, ExternalID: a.External, Given: given(a.Credentials), State: s.accountState(a), Paused: a.Paused, BigChain: a.BigChain,
		AuthoriseBy: a.AlarmAt, AuthoriseWhy: a.AlarmWhy, LastPushAt: a.LastPush, LastPullAt: a.LastPull,
	}
	if s.hub.Consents(a.Merchant, a.ID) {
		out.AuthoriseURL = base + "/accounts/" + a.ID.String() + "/authorise"
	}
	if a.LastError != 0 {
		out.LastError = &AccountError{a.LastError, a.ErrorCode, a.ErrorWhy.Text, a.ErrorWhy.Coded()}
	}
	if p, ok := s.hub.Platform(a.Channel); ok && a.LastPull > 0 {
		out.PullLagS = max(0, (s.now().UnixMilli()-a.LastPull-2*p.Info().PullEvery.Milliseconds())/1000)
	}
	acts, reads, err := s.backlog(ctx, c, a.ID)
	if err != nil {
		return out, err
	}
	out.Backlog = Backlog{Effects: len(acts), Hints: reads}
	parked, _, err := s.db.Parked(ctx, c.Scope, db.ParkedFilter{State: "parked", Limit: 200})
	for _, p := range parked {
		if p.Account == a.ID {
			out.Backlog.Parked++
		}
	}
	return out, err
}

func (s *Server) listAccounts(ctx context.Context, _ *struct{}) (*accountsOutput, error) {
	const op = "api.listAccounts"
	c := who(ctx)
	rows, err := s.db.Accounts(ctx, c.Merchant)
	if err != nil {
		return nil, fault.Wrap(op, err)
	}
	out := &accountsOutput{}
	out.Body.Accounts = []Account{}
	for _, r := range rows {
		if s.hub.Own(r.Channel) {
			continue
		}
		a, err := s.accountOf(ctx, c, r)
		if err != nil {
			return nil, fault.Wrap(op, err)
		}
		out.Body.Accounts = append(out.Body.Accounts, a)
	}
	return out, nil
}

func (s *Server) putAccount(ctx context.Context, id ident.Account, in AccountBody) (*accountOutput, error) {
	const op = "api.putAccount"
	c := who(ctx)
	old, _ := s.db.AccountByID(c.Merchant, id)
	chain := old.BigChain
	if in.BigChain != nil {
		chain = *in.BigChain
	}
	row, err := s.hub.PutAccount(ctx, c.Actor, db.AccountRow{ID: id, App: in.AppID, Name: in.Name, External: in.ExternalID, Credentials: in.Credentials, Paused: in.Paused, BigChain: chain})
	if err != nil {
		return nil, fault.Wrap(op, err)
	}
	if fresh, ok := s.db.AccountByID(c.Merchant, row.ID); ok { // with how it is doing
		row = fresh
	}
	out := &accountOutput{}
	if out.Body, err = s.accountOf(ctx, c, row); err != nil {
		return nil, fault.Wrap(op, err)
	}
	out.Seq, err = s.seq(ctx)
	return out, err
}

type authoriseInput struct {
	ByID
	Accept string `header:"Accept" hidden:"true"`
}

type authoriseOutput struct {
	Status   int
	Location string `header:"Location"`
	Body     struct {
		URL string `json:"url"`
	}
}

func (s *Server) authoriseAccount(ctx context.Context, in *authoriseInput) (*authoriseOutput, error) {
	c := who(ctx)
	id, err := idOf[ident.Account](in.ID)
	if err != nil {
		return nil, err
	}
	u, err := s.hub.ConsentURL(ctx, c.Actor, id)
	if err != nil {
		return nil, fault.Wrap("api.authoriseAccount", err)
	}
	out := &authoriseOutput{Status: http.StatusOK}
	out.Body.URL = u
	if wantsPage(in.Accept) {
		out.Status, out.Location = http.StatusFound, u
	}
	return out, nil
}

// Shop is a store's presence on a channel.
type Shop struct {
	ID         ident.Shop    `json:"id"`
	AccountID  ident.Account `json:"account_id"`
	Channel    string        `json:"channel"`
	ExternalID string        `json:"external_id" doc:"The platform's id of the shop."`
	StoreID    ident.Store   `json:"store_id"`
	Name       string        `json:"name"`
	Mode       string        `json:"mode" enum:"watch,goods,full" doc:"watch: its orders are shown, and nothing rings, is printed or sent for it. goods: as watch, but dishes and stock are sent. full: everything."`
}

// ShopBody is a binding as it is given.
type ShopBody struct {
	AccountID  ident.Account `json:"account_id"`
	ExternalID string        `json:"external_id" maxLength:"80"`
	StoreID    ident.Store   `json:"store_id"`
	Name       string        `json:"name,omitempty" maxLength:"80"`
	Mode       string        `json:"mode,omitempty" enum:"watch,goods,full" doc:"full, when left out."`
}

type shopOutput struct {
	Seq  int64 `header:"Tongdan-Seq"`
	Body Shop
}

type shopsOutput struct {
	Body struct {
		Shops []Shop `json:"shops"`
	}
}

func shopOf(r db.ShopRow) Shop {
	return Shop{r.ID, r.Account, r.Channel, r.External, r.Store, r.Name, r.Mode}
}

func (s *Server) listShops(ctx context.Context, _ *struct{}) (*shopsOutput, error) {
	rows, err := s.db.Shops(ctx, who(ctx).Scope)
	if err != nil {
		return nil, fault.Wrap("api.listShops", err)
	}
	out := &shopsOutput{}
	out.Body.Shops = each(rows, shopOf)
	return out, nil
}

type modesInput struct {
	Body struct {
		ShopIDs []ident.Shop `json:"shop_ids" minItems:"1" maxItems:"200"`
		Mode    string       `json:"mode" enum:"watch,goods,full"`
	}
}

func (s *Server) setModes(ctx context.Context, in *modesInput) (*shopsOutput, error) {
	rows, err := s.hub.SetModes(ctx, who(ctx).Actor, in.Body.ShopIDs, in.Body.Mode)
	if err != nil {
		return nil, fault.Wrap("api.setModes", err)
	}
	out := &shopsOutput{}
	out.Body.Shops = each(rows, shopOf)
	return out, nil
}

func (s *Server) putShop(ctx context.Context, id ident.Shop, in ShopBody) (*shopOutput, error) {
	c := who(ctx)
	row, err := s.hub.PutShop(ctx, c.Actor, db.ShopRow{ID: id, Account: in.AccountID, External: in.ExternalID, Store: in.StoreID, Name: in.Name, Mode: in.Mode})
	if err != nil {
		return nil, fault.Wrap("api.putShop", err)
	}
	seq, err := s.seq(ctx)
	return &shopOutput{seq, shopOf(row)}, err
}

// Channel is a platform: what it can do, what it needs, what it cannot tell twice.
type Channel struct {
	Name       string                `json:"name"`
	LabelZH    string                `json:"label_zh"`
	LabelEN    string                `json:"label_en"`
	Mark       string                `json:"mark" doc:"One or two characters that tell it apart without colour."`
	Realm      string                `json:"realm"`
	Kind       order.Kind            `json:"kind" enum:"takeaway,ecommerce"`
	Pickup     bool                  `json:"pickup" doc:"Customers may come for their orders: the flag pickup can be raised."`
	Labels     bool                  `json:"labels" doc:"Parcels tell whether their label is printed: the flags to_label, labelled and handover can be raised."`
	LabelForms []channel.LabelFormat `json:"label_formats" doc:"In which formats labels are printed from here; none: in the platform's own console, if it has any."`
	Own        bool                  `json:"own,omitempty" doc:"Nobody is on the other side: its orders are entered here, and there is nothing to connect."`
	Currencies []string              `json:"currencies"`
	Menus      []front.Family        `json:"menus" doc:"The families of goods whose menus can be read and changed, the usual one first; empty: in the platform's own app alone."`
	Front      *FrontPower           `json:"front,omitempty" doc:"What of a shop's front can be read and changed; left out: all of it in the platform's own app alone."`
	Sites      []channel.Site        `json:"sites"`
	Powers     []Power               `json:"powers"`
	PushOnly   []channel.Text        `json:"push_only" doc:"Facts that are lost with the message that tells them."`
	PullOnly   channel.Text          `json:"pull_only" doc:"What it costs to have no public address."`
	Fields     CredentialFields      `json:"credential_fields"`
	ShopID     channel.Text          `json:"shop_id" doc:"What a shop's id at this platform is."`
	Callbacks  []CallbackPath        `json:"callback_paths"`
	Joining    *Joining              `json:"joining,omitempty" doc:"How an account is connected."`
	Reasons    map[string][]Choice   `json:"reasons" doc:"By act."`
	PullEveryS int64                 `json:"pull_every_s"`
	RefundS    int64                 `json:"refund_s" doc:"Seconds that one has to answer a refund before the platform does; 0 = it never does."`
	ChainS     int64                 `json:"chain_refund_s" doc:"The same for large chains; 0 = they have no longer."`
}

// FrontPower says what of a shop's front can be changed on a channel, and its limits; a number that is 0 limits nothing.
type FrontPower struct {
	front.Limits
	Notes []FrontNote `json:"notes" doc:"Limits in words, of each part that has any."`
}

// FrontNote says in words what limits a part of a front.
type FrontNote struct {
	Part   front.Part `json:"part" enum:"profile,areas,menu"`
	NoteZH string     `json:"note_zh"`
	NoteEN string     `json:"note_en"`
}

// Power is an act that the platform can carry out.
type Power struct {
	Name   string      `json:"name"`
	Nature string      `json:"nature"`
	Limits PowerLimits `json:"limits"`
	NoteZH string      `json:"note_zh"`
	NoteEN string      `json:"note_en"`
}

// PowerLimits says when an act is possible at all.
type PowerLimits struct {
	Logistics []order.Logistics `json:"logistics" doc:"Only for these; empty = all."`
	NotAfter  []order.State     `json:"not_after" doc:"Not once the delivery is in one of these states."`
	Local     bool              `json:"local" doc:"It stays in Tongdan."`
	LocalFor  []order.Logistics `json:"local_for" doc:"It stays in Tongdan for these."`
}

// CredentialFields are what the forms ask for.
type CredentialFields struct {
	App     []CredentialField `json:"app"`
	Account []CredentialField `json:"account"`
}

// CredentialField is one of them.
type CredentialField struct {
	Name     string `json:"name"`
	LabelZH  string `json:"label_zh"`
	LabelEN  string `json:"label_en"`
	Secret   bool   `json:"secret"`
	Required bool   `json:"required"`
}

// CallbackPath is one address to configure, below the app's.
type CallbackPath struct {
	Path   string `json:"path"`
	WhatZH string `json:"what_zh"`
	WhatEN string `json:"what_en"`
}

// Joining says how an account of a channel is connected, to a merchant who has never done it.
type Joining struct {
	For   channel.Text   `json:"for" doc:"Who takes this way."`
	Takes channel.Text   `json:"takes" doc:"How long the platform takes, as far as it is public."`
	Needs []channel.Text `json:"needs"`
	Steps []channel.Text `json:"steps" doc:"What to do at the platform, in this order."`
}

// Choice is a reason that the platform takes.
type Choice struct {
	Code    string `json:"code"`
	LabelZH string `json:"label_zh"`
	LabelEN string `json:"label_en"`
}

type channelsOutput struct {
	Body struct {
		Channels []Channel `json:"channels"`
	}
}

func (s *Server) listChannels(context.Context, *struct{}) (*channelsOutput, error) {
	out := &channelsOutput{}
	out.Body.Channels = each(s.hub.Channels(), channelOf)
	return out, nil
}

func channelOf(i *channel.Info) Channel {
	fields := func(list []channel.Field) []CredentialField {
		return each(list, func(f channel.Field) CredentialField {
			return CredentialField{f.Name, f.Label.ZH, f.Label.EN, f.Secret, f.Required}
		})
	}
	c := Channel{
		Name: i.Name, LabelZH: i.Label.ZH, LabelEN: i.Label.EN, Mark: i.Mark, Realm: i.Realm, Kind: i.Kind, Pickup: i.Pickup, Labels: i.Labels, Own: i.Own, Currencies: []string{},
		LabelForms: []channel.LabelFormat{}, Menus: []front.Family{},
		Sites:    each(i.Sites, func(x channel.Site) channel.Site { return x }),
		PushOnly: each(i.PushOnly, func(x channel.Text) channel.Text { return x }), PullOnly: i.PullOnly, ShopID: i.Shops,
		Fields:     CredentialFields{fields(i.AppFields), fields(i.AcctFields)},
		Callbacks:  each(i.Callbacks, func(x channel.Callback) CallbackPath { return CallbackPath{x.Path, x.What.ZH, x.What.EN} }),
		Reasons:    map[string][]Choice{},
		PullEveryS: int64(i.PullEvery.Seconds()),
	}
	if i.Grammar != nil {
		c.RefundS, c.ChainS = int64(i.Grammar.RefundWithin.Seconds()), int64(i.Grammar.RefundChain.Seconds())
	}
	if i.Front != nil {
		c.Menus = append(c.Menus, i.Front.Families...)
		c.Front = frontPowerOf(i.Front)
	}
	if i.Labelling != nil {
		c.LabelForms = i.Labelling.Formats
	}
	for _, site := range i.Sites {
		if !slices.Contains(c.Currencies, site.Currency) {
			c.Currencies = append(c.Currencies, site.Currency)
		}
	}
	c.Powers = each(i.Powers, func(p channel.Power) Power {
		return Power{
			Name: string(p.Kind), Nature: string(p.Nature), NoteZH: p.Note.ZH, NoteEN: p.Note.EN,
			Limits: PowerLimits{append([]order.Logistics{}, p.Logistics...), append([]order.State{}, p.NotAfter...), p.Local, append([]order.Logistics{}, p.LocalFor...)},
		}
	})
	if j := i.Joining; j != nil {
		c.Joining = &Joining{j.For, j.Takes, j.Needs, j.Steps}
	}
	for kind, list := range i.Reasons {
		c.Reasons[string(kind)] = each(list, func(x channel.Choice) Choice { return Choice{x.Code, x.Label.ZH, x.Label.EN} })
	}
	return c
}

func frontPowerOf(p *channel.FrontPower) *FrontPower {
	l := p.Limits // its lists are the connector's own, and none of them is null here
	l.Profile, l.Unread, l.Pictures = append([]string{}, l.Profile...), append([]string{}, l.Unread...), append([]string{}, l.Pictures...)
	l.Families, l.Codes, l.Lacks = append([]front.Family{}, l.Families...), append([]front.Family{}, l.Codes...), append([]front.Lack{}, l.Lacks...)
	notes := []FrontNote{}
	for _, part := range []front.Part{front.InProfile, front.InAreas, front.InMenu} {
		if n, ok := p.Notes[part]; ok {
			notes = append(notes, FrontNote{part, n.ZH, n.EN})
		}
	}
	return &FrontPower{l, notes}
}
