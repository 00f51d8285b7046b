package api

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/ident"
	"github.com/tongdan/tongdan/internal/db"
	"github.com/tongdan/tongdan/internal/hub"
	"github.com/tongdan/tongdan/role"
)

const (
	cookieName  = "tongdan_session"
	sessionTime = 30 * 24 * time.Hour // since it was last used
	seenEvery   = time.Hour           // how often the use of a session is written
)

// User is who is signed in.
type User struct {
	ID       string        `json:"id" doc:"usr_… of a person, key_… of an API key, dev_… of a locked screen."`
	Name     string        `json:"name"`
	Role     role.Role     `json:"role" enum:"owner,headquarters,area_manager,store_manager,clerk,warehouse,kitchen_screen,callout_screen,counter_screen"`
	Locale   string        `json:"locale"`
	Stores   []ident.Store `json:"stores" doc:"Empty: all stores of the merchant."`
	Personal bool          `json:"personal" doc:"Sees customers' data in full."`
	Rights   []role.Right  `json:"rights" doc:"What the role allows, docs/roles.md: see, act.accept, people.keep, …"`
	Device   *Device       `json:"device,omitempty" doc:"The paired screen that asks. Without Tongdan-Unlock the rest is the screen's own."`
}

func (c caller) user() User {
	stores := c.Stores
	if stores == nil {
		stores = []ident.Store{}
	}
	u := User{c.ID, c.Name, c.Role, c.locale, stores, c.Personal, c.Role.Rights(c.Stores == nil), nil}
	if c.device != nil {
		v := deviceRow(*c.device)
		u.Device = &v
		u.Rights = slices.DeleteFunc(u.Rights, func(r role.Right) bool { return !c.Screen.May(r, false) })
	}
	return u
}

func actorOf(u db.UserRow) caller {
	return caller{Actor: hub.Actor{Scope: db.Scope{Merchant: u.Merchant, Stores: u.Stores, Personal: u.Personal}, ID: u.ID.String(), Name: u.Name, Role: role.Role(u.Role)}, locale: u.Locale}
}

// authenticate finds who calls, by API key or by session.
func (s *Server) authenticate(r *http.Request) (caller, error) {
	const op = "api.authenticate"
	nobody := &fault.Error{Op: op, Code: fault.Unauthorized, Why: said[fault.Unauthorized]}
	if header := r.Header.Get("Authorization"); header != "" {
		secret, ok := strings.CutPrefix(header, "Bearer ")
		if !ok || !strings.HasPrefix(secret, KeyPrefix) || len(secret) > 200 {
			return caller{}, fault.Say(op, fault.Unauthorized, "key_form", "send the API key as Authorization: Bearer tdk_…")
		}
		switch test := strings.HasPrefix(secret, TestKeyPrefix); {
		case test && s.course == nil:
			return caller{}, fault.Say(op, fault.Unauthorized, "key_test", "this is a test key: it works below {path} alone", "path", PracticePath+base)
		case !test && s.course != nil:
			return caller{}, fault.Say(op, fault.Unauthorized, "key_real", "this is the address of the practice: send a test key, which begins with {prefix}", "prefix", TestKeyPrefix)
		}
		k, err := s.db.KeyByHash(r.Context(), HashToken(secret))
		if fault.Is(err, fault.NotFound) {
			return caller{}, fault.Say(op, fault.Unauthorized, "key_unknown", "this API key is not known; make a new one under Settings")
		}
		if err != nil {
			return caller{}, fault.Wrap(op, err)
		}
		return caller{Actor: hub.Actor{Scope: db.Scope{Merchant: k.Merchant, Stores: k.Stores, Personal: k.Personal}, ID: k.ID.String(), Name: k.Name, Role: role.Role(k.Role)}, byKey: true}, nil
	}
	cookie, err := r.Cookie(s.door.name)
	if err != nil || cookie.Value == "" || len(cookie.Value) > 200 {
		c, err := s.authenticateDevice(r)
		if fault.Is(err, fault.NotFound) {
			err = nobody
		}
		return c, err
	}
	hash := HashToken(cookie.Value)
	var u db.UserRow
	sess, err := s.db.Session(r.Context(), hash)
	if err == nil {
		u, err = s.db.UserByID(r.Context(), sess.Merchant, sess.User)
	}
	if fault.Is(err, fault.NotFound) || u.Disabled {
		c, err := s.authenticateDevice(r) // a person's time in the browser of a screen is over
		if fault.Is(err, fault.NotFound) {
			err = nobody
		}
		return c, err
	}
	if err != nil {
		return caller{}, fault.Wrap(op, err)
	}
	now := s.now()
	if now.UnixMilli()-sess.Seen > seenEvery.Milliseconds() {
		if err := s.db.ExtendSession(r.Context(), hash, now.Add(sessionTime).UnixMilli()); err != nil {
			s.log.Warn("the use of a session could not be written", "request_id", requestOf(r.Context()).id, "err", err)
		}
	}
	return actorOf(u), nil
}

// credentials of a sign-in.
type credentials struct {
	Name     string `json:"name" minLength:"1" maxLength:"80"`
	Password string `json:"password" minLength:"1" maxLength:"200"`
}

type sessionOutput struct {
	Cookie http.Cookie   `header:"Set-Cookie"`
	More   []http.Cookie `header:"Set-Cookie"`
	Body   struct {
		User User `json:"user"`
	}
}

func (s *Server) authRoutes() {
	o := op("signIn", "POST", "/session", "sign-in", "Sign in; the session is in the cookie tongdan_session")
	o.Security = []map[string][]string{}
	add(s, o, s.signIn)
	add(s, op("whoAmI", "GET", "/session", "sign-in", "Who is signed in"), func(ctx context.Context, _ *struct{}) (*userOutput, error) {
		out := &userOutput{}
		out.Body.User = who(ctx).user()
		return out, nil
	})
	o = op("signOut", "DELETE", "/session", "sign-in", "Sign out")
	o.Security = []map[string][]string{}
	add(s, o, s.signOut)
	o = op("setUp", "POST", "/setup", "sign-in", "Make the first user, with the token of the one-time link that the first start prints")
	o.Security = []map[string][]string{}
	add(s, o, s.setUp)
	add(s, op("getMyMerchant", "GET", "/me/merchant", "sign-in", "The merchant that one works for"), s.myMerchant)
	add(s, op("changeMyMerchant", "PUT", "/me/merchant", "sign-in", "Change the merchant's name"), s.changeMyMerchant)
	add(s, op("listKeys", "GET", "/keys", "sign-in", "API keys, without their secrets"), s.listKeys)
	o = op("makeKey", "POST", "/keys", "sign-in", "Make an API key; the secret is shown this once")
	o.DefaultStatus = http.StatusCreated
	add(s, o, s.makeKey)
	add(s, op("deleteKey", "DELETE", "/keys/{id}", "sign-in", "Delete an API key; it stops working at once"), s.deleteKey)
}

type userOutput struct {
	Body struct {
		User User `json:"user"`
	}
}

type signInInput struct {
	Body credentials
}

func (s *Server) signIn(ctx context.Context, in *signInInput) (*sessionOutput, error) {
	const op = "api.signIn"
	r := requestIn(ctx)
	now := s.now()
	from, name := network(s.client(r)), strings.ToLower(in.Body.Name)
	tries := []string{"from " + from, "name " + name}
	if s.regulars.has(name, from) { // whoever guesses from elsewhere does not lock him out
		tries[1] += " from " + from
	}
	for _, t := range tries {
		if wait := s.signIns.take(t, now); wait > 0 {
			s.signInFailures.WithLabelValues(signInThrottled).Inc()
			return nil, &fault.Error{Op: op, Code: fault.RateLimited, After: wait, Why: fault.Because("too_many_tries", "too many tries; wait a little before the next one")}
		}
	}
	u, err := s.db.UserByName(ctx, in.Body.Name)
	if err != nil && !fault.Is(err, fault.NotFound) {
		return nil, fault.Wrap(op, err)
	}
	done, err := s.mayHash(ctx)
	if err != nil {
		return nil, fault.Wrap(op, err)
	}
	defer done()
	if !SamePassword(u.Password, in.Body.Password) || u.Disabled {
		s.signInFailures.WithLabelValues(signInWrong).Inc()
		return nil, fault.Say(op, fault.Unauthorized, "sign_in_wrong", "the name or the password is wrong")
	}
	for _, t := range tries {
		s.signIns.give(t)
	}
	s.regulars.add(name, from)
	return s.begin(ctx, u)
}

// mayHash waits for a place to hash a password in: it takes 19 MiB each, so not all hash
// at once.
func (s *Server) mayHash(ctx context.Context) (done func(), err error) {
	select {
	case s.hashing <- struct{}{}:
		return func() { <-s.hashing }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// begin starts a session.
func (s *Server) begin(ctx context.Context, u db.UserRow) (*sessionOutput, error) {
	secret, hash := NewToken("")
	now := s.now()
	life := sessionTime
	if secret := s.deviceSecret(requestIn(ctx)); secret != "" { // nobody stays signed in where everybody passes
		if _, err := s.db.DeviceByHash(ctx, HashToken(secret)); err == nil {
			life = guestTime
		}
	}
	err := s.db.AddSession(ctx, db.SessionRow{Hash: hash, Merchant: u.Merchant, User: u.ID, Expires: now.Add(life).UnixMilli(), Device: deviceOf(requestIn(ctx).UserAgent())})
	if err != nil {
		return nil, fault.Wrap("api.begin", err)
	}
	out := &sessionOutput{Cookie: s.cookie(requestIn(ctx), secret, int(life.Seconds()))}
	if life == sessionTime { // what stands in a shop is nobody's own
		out.More = s.remember(ctx, u)
	}
	out.Body.User = actorOf(u).user()
	return out, nil
}

func (s *Server) cookie(r *http.Request, value string, age int) http.Cookie {
	return s.door.cookie(value, age, s.secure(r))
}

type signOutOutput struct {
	Cookie http.Cookie   `header:"Set-Cookie"`
	More   []http.Cookie `header:"Set-Cookie"`
}

func (s *Server) signOut(ctx context.Context, _ *struct{}) (*signOutOutput, error) {
	r := requestIn(ctx)
	if c, err := r.Cookie(s.door.name); err == nil && len(c.Value) <= 200 {
		if err := s.db.DeleteSession(ctx, HashToken(c.Value)); err != nil && !fault.Is(err, fault.NotFound) {
			return nil, fault.Wrap("api.signOut", err)
		}
	}
	return &signOutOutput{Cookie: s.cookie(r, "", -1), More: s.forget(ctx)}, nil
}

type setUpInput struct {
	Body struct {
		Token    string `json:"token" minLength:"1" maxLength:"200"`
		Name     string `json:"name" minLength:"1" maxLength:"80"`
		Password string `json:"password" minLength:"8" maxLength:"200"`
		Locale   string `json:"locale,omitempty" maxLength:"16" doc:"zh-CN, en, …"`
	}
}

func (s *Server) setUp(ctx context.Context, in *setUpInput) (*sessionOutput, error) {
	const op = "api.setUp"
	if wait := s.signIns.take("setup "+s.client(requestIn(ctx)), s.now()); wait > 0 {
		return nil, &fault.Error{Op: op, Code: fault.RateLimited, After: wait, Why: fault.Because("too_many_tries", "too many tries; wait a little before the next one")}
	}
	done, err := s.mayHash(ctx)
	if err != nil {
		return nil, fault.Wrap(op, err)
	}
	hash, err := HashPassword(in.Body.Password)
	done()
	if err != nil {
		return nil, err
	}
	locale := in.Body.Locale
	if locale == "" {
		locale = "zh-CN"
	}
	u, err := s.db.UseSetupToken(ctx, HashToken(in.Body.Token), db.UserRow{Name: strings.TrimSpace(in.Body.Name), Password: hash, Role: string(role.Owner), Locale: locale, Personal: true}, s.hub.LineOfOwn("person.begin"))
	if err != nil {
		return nil, fault.Wrap(op, err)
	}
	return s.begin(ctx, u)
}

type merchantOutput struct {
	Body struct {
		ID     ident.Merchant `json:"id"`
		Name   string         `json:"name"`
		Locale string         `json:"locale"`
	}
}

func (s *Server) myMerchant(ctx context.Context, _ *struct{}) (*merchantOutput, error) {
	m, ok := s.db.MerchantByID(who(ctx).Merchant)
	if !ok {
		return nil, fault.Say("api.myMerchant", fault.NotFound, "merchant_removed", "the merchant has been removed")
	}
	out := &merchantOutput{}
	out.Body.ID, out.Body.Name, out.Body.Locale = m.ID, m.Name, m.Locale
	return out, nil
}

type merchantInput struct {
	Body struct {
		Name string `json:"name" minLength:"1" maxLength:"80"`
	}
}

func (s *Server) changeMyMerchant(ctx context.Context, in *merchantInput) (*merchantOutput, error) {
	const op = "api.changeMyMerchant"
	m, ok := s.db.MerchantByID(who(ctx).Merchant)
	if !ok {
		return nil, fault.Say(op, fault.NotFound, "merchant_removed", "the merchant has been removed")
	}
	if m.Name = strings.TrimSpace(in.Body.Name); m.Name == "" {
		return nil, &fault.Error{Op: op, Code: fault.Invalid, Fields: []fault.Field{fault.Wrong("body.name", fault.Because("field_needed", "is needed"))}}
	}
	if err := s.hub.NameMerchant(ctx, who(ctx).Actor, m); err != nil {
		return nil, fault.Wrap(op, err)
	}
	return s.myMerchant(ctx, nil)
}

// Key is an API key.
type Key struct {
	ID       ident.Key     `json:"id"`
	Name     string        `json:"name"`
	Role     role.Role     `json:"role" enum:"owner,headquarters,area_manager,store_manager,clerk,warehouse"`
	Stores   []ident.Store `json:"stores" doc:"Empty: all stores."`
	Personal bool          `json:"personal"`
	MadeAt   int64         `json:"made_at"`
	UsedAt   int64         `json:"used_at"`
}

func keyOf(k db.KeyRow) Key {
	stores := k.Stores
	if stores == nil {
		stores = []ident.Store{}
	}
	return Key{k.ID, k.Name, role.Role(k.Role), stores, k.Personal, k.Made, k.Used}
}

type keysOutput struct {
	Body struct {
		Keys []Key `json:"keys"`
	}
}

func (s *Server) listKeys(ctx context.Context, _ *struct{}) (*keysOutput, error) {
	c := who(ctx)
	rows, err := s.db.Keys(ctx, c.Merchant)
	if err != nil {
		return nil, fault.Wrap("api.listKeys", err)
	}
	out := &keysOutput{}
	out.Body.Keys = each(rows, keyOf)
	return out, nil
}

type makeKeyInput struct {
	Body struct {
		Name     string        `json:"name" minLength:"1" maxLength:"80"`
		Role     role.Role     `json:"role,omitempty" enum:"owner,headquarters,area_manager,store_manager,clerk,warehouse" doc:"What it may do (docs/roles.md); store_manager, when left out: orders and stock."`
		Stores   []ident.Store `json:"stores,omitempty" maxItems:"500" doc:"Only these; left out: all."`
		Personal bool          `json:"personal,omitempty" doc:"Sees customers' data in full."`
	}
}

type madeKeyOutput struct {
	Body struct {
		Key
		Secret string `json:"secret" doc:"Keep it now: it is never shown again."`
	}
}

func (s *Server) makeKey(ctx context.Context, in *makeKeyInput) (*madeKeyOutput, error) {
	const op = "api.makeKey"
	c := who(ctx)
	for i, id := range in.Body.Stores {
		if _, ok := s.db.StoreByID(c.Merchant, id); !ok {
			return nil, &fault.Error{Op: op, Code: fault.Invalid, Fields: []fault.Field{fault.Wrong("body.stores["+itoa(int64(i))+"]", fault.Because("field_foreign_store", "is none of your stores"))}}
		}
	}
	as := cmp.Or(in.Body.Role, role.StoreManager)
	if as.Everywhere() && len(in.Body.Stores) > 0 {
		return nil, &fault.Error{Op: op, Code: fault.Invalid, Fields: []fault.Field{fault.Wrong("body.role", fault.Because("field_stores_everywhere", "must be left out: this role has all stores"))}}
	}
	secret, hash := NewToken(s.door.keys)
	row := db.KeyRow{Merchant: c.Merchant, Name: strings.TrimSpace(in.Body.Name), Hash: hash, Role: string(as), Personal: in.Body.Personal}
	if len(in.Body.Stores) > 0 {
		row.Stores = in.Body.Stores
	}
	_ = row.By.UnmarshalText([]byte(c.ID)) // a key made by a key is nobody's
	row, err := s.hub.AddKey(ctx, c.Actor, row)
	if err != nil {
		return nil, fault.Wrap(op, err)
	}
	out := &madeKeyOutput{}
	out.Body.Key, out.Body.Secret = keyOf(row), secret
	return out, nil
}

func (s *Server) deleteKey(ctx context.Context, in *ByID) (*struct{}, error) {
	c := who(ctx)
	id, err := idOf[ident.Key](in.ID)
	if err != nil {
		return nil, err
	}
	return nil, fault.Wrap("api.deleteKey", s.hub.DeleteKey(ctx, c.Actor, id))
}
