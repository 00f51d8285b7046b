package api

import (
	"context"
	"crypto/rand"
	"net/http"
	"strings"
	"time"

	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/ident"
	"github.com/tongdan/tongdan/internal/db"
	"github.com/tongdan/tongdan/internal/hub"
	"github.com/tongdan/tongdan/role"
)

// A screen is paired with a store so: it draws a secret, which it gets in a cookie, and
// shows a short code; a manager who stands before it types that code in the console. From
// then on the cookie is the device's session, which has no end until it is revoked. So no
// secret is ever shown or typed, and asking twice pairs once.

const (
	deviceCookie = "tongdan_device"
	devicePrefix = "tdd_"
	pairingTime  = 10 * time.Minute
	cookieTime   = 400 * 24 * time.Hour // the longest that browsers keep one; set anew with each use
	guestTime    = 30 * time.Minute     // a person's own sign-in in the browser of a paired screen
)

// Device is a screen of the shop floor, paired with one store.
type Device struct {
	ID          ident.Device `json:"id"`
	Name        string       `json:"name"`
	Kind        role.Role    `json:"kind" enum:"kitchen_screen,callout_screen,counter_screen,bridge"`
	StoreID     ident.Store  `json:"store_id"`
	Browser     string       `json:"browser" doc:"What it says it is: Chrome · Android."`
	PIN         bool         `json:"pin" doc:"Acts need a person's PIN; without, they carry the device's name."`
	LockMinutes int          `json:"lock_minutes" doc:"Idle for so long it locks itself; 0 = only by its button."`
	PairedBy    string       `json:"paired_by" doc:"usr_… or key_…"`
	PairedAt    int64        `json:"paired_at"`
	SeenAt      int64        `json:"seen_at" doc:"By the minute; 0 = not yet."`
}

func deviceRow(v db.DeviceRow) Device {
	return Device{v.ID, v.Name, role.Role(v.Kind), v.Store, v.Agent, v.PIN, v.LockMinutes, v.By, v.Made, v.Seen}
}

// DeviceLock is how a device is called and how it locks.
type DeviceLock struct {
	Name        string `json:"name" minLength:"1" maxLength:"80"`
	PIN         bool   `json:"pin,omitempty" doc:"Acts need a person's PIN; without, they carry the device's name."`
	LockMinutes int    `json:"lock_minutes,omitempty" minimum:"0" maximum:"480" doc:"Idle for so long it locks itself; 0 = only by its button."`
}

func (s *Server) deviceRoutes() {
	o := op("beginPairing", http.MethodPost, "/pairing", "devices", "Ask, as a screen, to be paired: it gets a code to show and a cookie that becomes its session")
	o.Security = []map[string][]string{}
	add(s, o, s.beginPairing)
	o = op("lookAtPairing", http.MethodGet, "/pairing", "devices", "How far the pairing of the screen that asks is")
	o.Security = []map[string][]string{}
	add(s, o, s.lookAtPairing)
	add(s, op("listDevices", http.MethodGet, "/devices", "devices", "The paired screens of one's stores"), s.listDevices)
	add(s, created(op("pairDevice", http.MethodPost, "/devices", "devices", "Pair the screen that shows a code with a store")), s.pairDevice)
	add(s, op("changeDevice", http.MethodPut, "/devices/{id}", "devices", "Change a device's name and how it locks"), s.changeDevice)
	add(s, op("revokeDevice", http.MethodDelete, "/devices/{id}", "devices", "End a device's session; it stops working at once"), s.revokeDevice)
	add(s, op("getDevice", http.MethodGet, "/device", "devices", "The device that asks, and who may unlock it"), s.getDevice)
	add(s, op("unlockDevice", http.MethodPost, "/device/unlock", "devices", "Unlock the device that asks with a person's PIN; its acts with the unlock's id carry that person's name"), s.unlockDevice)
	add(s, op("lockDevice", http.MethodPost, "/device/lock", "devices", "Lock the device that asks"), s.lockDevice)
	add(s, op("listPINs", http.MethodGet, "/pins", "devices", "Who may work at the screens of one's stores, and who has a PIN"), s.listPINs)
	add(s, op("givePIN", http.MethodPost, "/pins/{id}", "devices", "Give a person a new PIN, shown this once; wrong tries are forgotten"), s.givePIN)
	add(s, op("takePIN", http.MethodDelete, "/pins/{id}", "devices", "Take a person's PIN away"), s.takePIN)
	add(s, op("getMyPIN", http.MethodGet, "/me/pin", "sign-in", "Whether one has a PIN"), s.getMyPIN)
	add(s, op("setMyPIN", http.MethodPut, "/me/pin", "sign-in", "Choose one's PIN for the screens of one's stores"), s.setMyPIN)
}

// codeLetters can be told apart on a screen three metres away, and spell nothing.
const codeLetters = "23456789BCDFGHJKMNPQRTVWX"

func drawCode() string {
	var b [6]byte
	for i := range b {
		for {
			var r [1]byte
			rand.Read(r[:])
			if n := int(r[0]); n < 250 { // a multiple of the 25 letters
				b[i] = codeLetters[n%len(codeLetters)]
				break
			}
		}
	}
	return string(b[:])
}

type pairingOutput struct {
	Cookie []http.Cookie `header:"Set-Cookie"`
	Body   struct {
		State string `json:"state" enum:"none,waiting,paired" doc:"none: no code of this screen works; ask for one."`
		Code  string `json:"code,omitempty" doc:"To show, until expires_at."`
		Until int64  `json:"expires_at"`
	}
}

type beginPairingInput struct {
	Body struct {
		Kind role.Role `json:"kind" enum:"kitchen_screen,callout_screen,counter_screen,bridge" doc:"What the screen is to be; whoever pairs it may choose another."`
	}
}

func (s *Server) beginPairing(ctx context.Context, in *beginPairingInput) (*pairingOutput, error) {
	const op = "api.beginPairing"
	r := requestIn(ctx)
	if out, err := s.lookAtPairing(ctx, nil); err != nil || out.Body.State == "paired" {
		return out, err
	}
	if wait := s.signIns.take("pair "+network(s.client(r)), s.now()); wait > 0 {
		return nil, tooManyTries(op, wait)
	}
	secret, hash := NewToken(devicePrefix)
	p := db.PairingRow{Hash: hash, Code: drawCode(), Kind: string(in.Body.Kind), Agent: deviceOf(r.UserAgent()), Expires: s.now().Add(pairingTime).UnixMilli()}
	if err := s.db.AddPairing(ctx, p); err != nil {
		return nil, fault.Wrap(op, err)
	}
	out := &pairingOutput{Cookie: []http.Cookie{s.deviceCookie(r, secret, pairingTime)}}
	out.Body.State, out.Body.Code, out.Body.Until = "waiting", p.Code, p.Expires
	return out, nil
}

func tooManyTries(op string, wait time.Duration) error {
	return &fault.Error{Op: op, Code: fault.RateLimited, After: wait, Why: fault.Because("too_many_tries", "too many tries; wait a little before the next one")}
}

func (s *Server) deviceCookie(r *http.Request, value string, life time.Duration) http.Cookie {
	return http.Cookie{Name: s.door.device, Value: value, Path: s.door.path, MaxAge: int(life.Seconds()), HttpOnly: true, SameSite: http.SameSiteLaxMode, Secure: s.secure(r)}
}

// deviceSecret is the secret in the cookie of a paired screen; "" when there is none.
func (s *Server) deviceSecret(r *http.Request) string {
	if c, err := r.Cookie(s.door.device); err == nil && strings.HasPrefix(c.Value, devicePrefix) && len(c.Value) <= 200 {
		return c.Value
	}
	return ""
}

func (s *Server) lookAtPairing(ctx context.Context, _ *struct{}) (*pairingOutput, error) {
	const op = "api.lookAtPairing"
	out := &pairingOutput{}
	out.Body.State = "none"
	secret := s.deviceSecret(requestIn(ctx))
	if secret == "" {
		return out, nil
	}
	hash := HashToken(secret)
	switch _, err := s.db.DeviceByHash(ctx, hash); {
	case err == nil:
		out.Cookie = []http.Cookie{s.deviceCookie(requestIn(ctx), secret, cookieTime)}
		out.Body.State = "paired"
		return out, nil
	case !fault.Is(err, fault.NotFound):
		return nil, fault.Wrap(op, err)
	}
	switch p, err := s.db.PairingByHash(ctx, hash); {
	case err == nil:
		out.Body.State, out.Body.Code, out.Body.Until = "waiting", p.Code, p.Expires
	case !fault.Is(err, fault.NotFound):
		return nil, fault.Wrap(op, err)
	}
	return out, nil
}

// authenticateDevice finds who calls by a device's session; fault.NotFound when it is
// none. With the id of an unlock it is the person who has unlocked it, as far as both may.
func (s *Server) authenticateDevice(r *http.Request) (caller, error) {
	const op = "api.authenticateDevice"
	secret := s.deviceSecret(r)
	if secret == "" {
		return caller{}, fault.New(op, fault.NotFound, "")
	}
	v, err := s.db.DeviceByHash(r.Context(), HashToken(secret))
	if err != nil {
		return caller{}, fault.Wrap(op, err)
	}
	m, _ := s.db.MerchantByID(v.Merchant)
	kind := role.Role(v.Kind)
	c := caller{Actor: hub.Actor{Scope: db.Scope{Merchant: v.Merchant, Stores: []ident.Store{v.Store}}, ID: v.ID.String(), Name: v.Name, Role: kind, Screen: kind}, locale: m.Locale, device: &v}
	named := r.Header.Get(unlockHeader)
	if named == "" {
		return c, nil
	}
	var id ident.Unlock
	if id.UnmarshalText([]byte(named)) != nil {
		return c, nil
	}
	u, err := s.db.UnlockAt(r.Context(), v.Merchant, v.ID, id)
	if fault.Is(err, fault.NotFound) {
		return c, nil // locked: what needs a person says so
	}
	if err != nil {
		return caller{}, fault.Wrap(op, err)
	}
	who, err := s.db.UserByID(r.Context(), v.Merchant, u.User)
	if err != nil && !fault.Is(err, fault.NotFound) {
		return caller{}, fault.Wrap(op, err)
	}
	if err != nil || who.Disabled || !(db.Scope{Stores: who.Stores}).Sees(v.Store) {
		return c, nil
	}
	c.ID, c.Name, c.Role, c.unlock = who.ID.String(), who.Name, role.Role(who.Role), &u
	c.Personal = kind == role.CounterScreen && who.Personal && u.Ended == 0
	return c, nil
}

// unlockHeader names whose time at a device a request belongs to.
const unlockHeader = "Tongdan-Unlock"

// deviceOwn are the operations of a device for itself, locked or not.
var deviceOwn = map[string]bool{
	"whoAmI": true, "getMyMerchant": true, "getDevice": true, "unlockDevice": true, "lockDevice": true, "speak": true,
}

// screenAsks is what a screen's page asks for besides. A counter's is the console, which
// asks for whatever its role may.
var screenAsks = map[role.Role]map[string]bool{
	role.KitchenScreen: {"listOrders": true, "getOrder": true, "whoseOrder": true, "stream": true, "listStores": true, "listChannels": true, "listVoices": true, "letAllSpeak": true, "act": true, "setMaking": true, "listSoldOut": true, "sellOut": true, "getIntake": true, "restStore": true},
	role.CalloutScreen: {"listOrders": true, "getOrder": true, "stream": true, "listStores": true, "listChannels": true, "listVoices": true, "letAllSpeak": true},
}

// permitDevice says whether a device may use an operation at all, and asks for a person
// where one is needed.
func permitDevice(c caller, operation, method string) error {
	const op = "api.permitDevice"
	if deviceOwn[operation] {
		return nil
	}
	asks, narrow := screenAsks[role.Role(c.device.Kind)]
	if narrow && !asks[operation] || rights[operation] == anybody {
		return fault.Say(op, fault.Forbidden, "not_here", "that is not done at this screen: sign in on another device")
	}
	if method != http.MethodGet && c.device.PIN && c.unlock == nil {
		return errLocked(op)
	}
	return nil
}

func errLocked(op string) error {
	return fault.Say(op, fault.Forbidden, "screen_locked", "the screen is locked: choose your name and give your PIN")
}

// pressed gives when an act was pressed that was kept without network, by the clock of the
// header Date; the zero time for 0, which is now. What was pressed while somebody had the
// screen unlocked is that person's, also when it is locked by now.
func (s *Server) pressed(c caller, at int64) (t time.Time, err error) {
	const op = "api.pressed"
	var ago time.Duration
	if at != 0 {
		t = time.UnixMilli(at)
		if ago = s.hub.Now().Sub(t); ago < -time.Minute || ago > 12*time.Hour {
			return t, &fault.Error{Op: op, Code: fault.Invalid, Why: fault.Because("pressed_long_ago", "it was pressed too long ago to be done now; look at the order again"), Fields: []fault.Field{fault.Wrong("body.pressed_at", fault.Because("field_half_day", "is not within the last twelve hours"))}}
		}
	}
	if u := c.unlock; u != nil && u.Ended > 0 && (at == 0 || s.now().Add(-ago).UnixMilli() > u.Ended+1000) { // a second, since two clocks are compared
		return t, errLocked(op)
	}
	return t, nil
}

type devicesOutput struct {
	Body struct {
		Devices []Device `json:"devices"`
	}
}

func (s *Server) listDevices(ctx context.Context, _ *struct{}) (*devicesOutput, error) {
	rows, err := s.db.Devices(ctx, who(ctx).Scope)
	out := &devicesOutput{}
	out.Body.Devices = each(rows, deviceRow)
	return out, fault.Wrap("api.listDevices", err)
}

type deviceOutput struct{ Body Device }

type pairDeviceInput struct {
	Body struct {
		DeviceLock
		Code    string      `json:"code" minLength:"6" maxLength:"12" doc:"As the screen shows it; spaces do not matter."`
		StoreID ident.Store `json:"store_id"`
		Kind    role.Role   `json:"kind,omitempty" enum:"kitchen_screen,callout_screen,counter_screen,bridge" doc:"Left out: what the screen said of itself."`
	}
}

func (s *Server) pairDevice(ctx context.Context, in *pairDeviceInput) (*deviceOutput, error) {
	const op = "api.pairDevice"
	c := who(ctx)
	try := "pair by " + c.ID
	if wait := s.signIns.take(try, s.now()); wait > 0 {
		return nil, tooManyTries(op, wait)
	}
	code := strings.ToUpper(strings.Join(strings.FieldsFunc(in.Body.Code, func(r rune) bool { return r == ' ' || r == '-' }), ""))
	v, err := s.hub.Pair(ctx, c.Actor, code, db.DeviceRow{Store: in.Body.StoreID, Name: in.Body.Name, Kind: string(in.Body.Kind), PIN: in.Body.PIN, LockMinutes: in.Body.LockMinutes})
	if err != nil {
		return nil, fault.Wrap(op, err)
	}
	s.signIns.give(try)
	return &deviceOutput{deviceRow(v)}, nil
}

func (s *Server) changeDevice(ctx context.Context, in *change[DeviceLock]) (*deviceOutput, error) {
	id, err := idOf[ident.Device](in.ID)
	if err != nil {
		return nil, err
	}
	v, err := s.hub.ChangeDevice(ctx, who(ctx).Actor, id, in.Body.Name, in.Body.PIN, in.Body.LockMinutes)
	return &deviceOutput{deviceRow(v)}, fault.Wrap("api.changeDevice", err)
}

func (s *Server) revokeDevice(ctx context.Context, in *ByID) (*struct{}, error) {
	id, err := idOf[ident.Device](in.ID)
	if err != nil {
		return nil, err
	}
	return nil, fault.Wrap("api.revokeDevice", s.hub.Revoke(ctx, who(ctx).Actor, id))
}

// Colleague is a person by name.
type Colleague struct {
	ID   ident.User `json:"id"`
	Name string     `json:"name"`
}

// OpenUnlock is a person's time at a device.
type OpenUnlock struct {
	ID     ident.Unlock `json:"id" doc:"Sent as the header Tongdan-Unlock, it makes acts this person's."`
	UserID ident.User   `json:"user_id"`
	Name   string       `json:"name"`
	At     int64        `json:"at"`
}

type ownDeviceOutput struct {
	Cookie []http.Cookie `header:"Set-Cookie"`
	Body   struct {
		Device
		People []Colleague `json:"people" doc:"Who may unlock it: people of the store who have a PIN."`
		Unlock *OpenUnlock `json:"unlock,omitempty" doc:"Of the request's Tongdan-Unlock, while it is open."`
	}
}

// atDevice gives the device that asks.
func atDevice(c caller) (*db.DeviceRow, error) {
	if c.device == nil {
		return nil, fault.Say("api.atDevice", fault.Forbidden, "devices_only", "this is for paired screens; pair this one under Devices")
	}
	return c.device, nil
}

func (s *Server) getDevice(ctx context.Context, _ *struct{}) (*ownDeviceOutput, error) {
	const op = "api.getDevice"
	c := who(ctx)
	v, err := atDevice(c)
	if err != nil {
		return nil, err
	}
	crew, err := s.hub.Crew(ctx, hub.Actor{Scope: db.Scope{Merchant: v.Merchant}}, v.Store)
	if err != nil {
		return nil, fault.Wrap(op, err)
	}
	out := &ownDeviceOutput{}
	out.Body.Device, out.Body.People = deviceRow(*v), []Colleague{}
	for _, p := range crew {
		if p.PIN.At != 0 {
			out.Body.People = append(out.Body.People, Colleague{p.ID, p.Name})
		}
	}
	if u := c.unlock; u != nil && u.Ended == 0 {
		out.Body.Unlock = &OpenUnlock{u.ID, u.User, c.Name, u.Began}
	}
	if secret := s.deviceSecret(requestIn(ctx)); secret != "" {
		out.Cookie = []http.Cookie{s.deviceCookie(requestIn(ctx), secret, cookieTime)}
	}
	return out, nil
}

type unlockInput struct {
	Body struct {
		UserID ident.User `json:"user_id"`
		PIN    string     `json:"pin" pattern:"^[0-9]{4,6}$" doc:"Four to six digits."`
	}
}

type unlockOutput struct{ Body OpenUnlock }

func (s *Server) unlockDevice(ctx context.Context, in *unlockInput) (*unlockOutput, error) {
	const op = "api.unlockDevice"
	c := who(ctx)
	v, err := atDevice(c)
	if err != nil {
		return nil, err
	}
	try := v.ID.String()
	if wait := s.pins.take(try, s.now()); wait > 0 {
		return nil, tooManyTries(op, wait)
	}
	u, err := s.db.UserByID(ctx, v.Merchant, in.Body.UserID)
	if err != nil && !fault.Is(err, fault.NotFound) {
		return nil, fault.Wrap(op, err)
	}
	if err != nil || u.Disabled || !(db.Scope{Stores: u.Stores}).Sees(v.Store) {
		return nil, fault.Say(op, fault.NotFound, "no_pin", "this person has no PIN; a manager gives one under Devices, or the person sets one under Me")
	}
	hash, err := s.db.TryPIN(ctx, v.Merchant, v.ID, u.ID)
	if err != nil {
		return nil, fault.Wrap(op, err)
	}
	done, err := s.mayHash(ctx)
	if err != nil {
		return nil, fault.Wrap(op, err)
	}
	right := SamePassword(hash, in.Body.PIN)
	done()
	if !right {
		return nil, &fault.Error{Op: op, Code: fault.Invalid, Why: fault.Because("pin_wrong", "the PIN is wrong"), Fields: []fault.Field{fault.Wrong("body.pin", fault.Because("pin_wrong", "the PIN is wrong"))}}
	}
	row, err := s.db.Unlock(ctx, v.Merchant, v.ID, u.ID)
	if err != nil {
		return nil, fault.Wrap(op, err)
	}
	s.pins.give(try)
	return &unlockOutput{OpenUnlock{row.ID, u.ID, u.Name, row.Began}}, nil
}

func (s *Server) lockDevice(ctx context.Context, _ *struct{}) (*struct{}, error) {
	v, err := atDevice(who(ctx))
	if err != nil {
		return nil, err
	}
	return nil, fault.Wrap("api.lockDevice", s.db.Lock(ctx, v.Merchant, v.ID))
}

// PINHolder is a person who may work at the screens of some stores.
type PINHolder struct {
	ID    ident.User `json:"id"`
	Name  string     `json:"name"`
	Role  role.Role  `json:"role" enum:"owner,headquarters,area_manager,store_manager,clerk,warehouse"`
	SetAt int64      `json:"set_at" doc:"0 = has no PIN."`
	Shut  bool       `json:"shut" doc:"Tried wrongly too often at a device: it works there again with a new PIN."`
	Gives bool       `json:"may_give" doc:"The caller may give this person a PIN."`
}

type pinsOutput struct {
	Body struct {
		People []PINHolder `json:"people"`
	}
}

func (s *Server) listPINs(ctx context.Context, _ *struct{}) (*pinsOutput, error) {
	crew, err := s.hub.Crew(ctx, who(ctx).Actor, 0)
	out := &pinsOutput{}
	out.Body.People = each(crew, func(p hub.Crewman) PINHolder {
		return PINHolder{p.ID, p.Name, role.Role(p.Role), p.PIN.At, p.PIN.Shut > 0, p.Gives}
	})
	return out, fault.Wrap("api.listPINs", err)
}

type givenPINOutput struct {
	Body struct {
		PIN string `json:"pin" doc:"Shown this once."`
	}
}

func (s *Server) givePIN(ctx context.Context, in *ByID) (*givenPINOutput, error) {
	out := &givenPINOutput{}
	out.Body.PIN = hub.DrawPIN()
	return out, s.putPIN(ctx, in.ID, out.Body.PIN)
}

func (s *Server) takePIN(ctx context.Context, in *ByID) (*struct{}, error) {
	return nil, s.putPIN(ctx, in.ID, "")
}

// putPIN gives a person a PIN; "" takes it away.
func (s *Server) putPIN(ctx context.Context, user, pin string) error {
	const op = "api.putPIN"
	id, err := idOf[ident.User](user)
	if err != nil {
		return err
	}
	hash := ""
	if pin != "" {
		done, err := s.mayHash(ctx)
		if err != nil {
			return fault.Wrap(op, err)
		}
		hash = hashSecret(pin)
		done()
	}
	return fault.Wrap(op, s.hub.GivePIN(ctx, who(ctx).Actor, id, hash))
}

type myPINOutput struct {
	Body struct {
		SetAt int64 `json:"set_at" doc:"0 = one has none."`
	}
}

func (s *Server) getMyPIN(ctx context.Context, _ *struct{}) (*myPINOutput, error) {
	c := who(ctx)
	id, err := person(c)
	if err != nil {
		return nil, err
	}
	pins, err := s.db.PINs(ctx, c.Merchant)
	out := &myPINOutput{}
	out.Body.SetAt = pins[id].At
	return out, fault.Wrap("api.getMyPIN", err)
}

type setPINInput struct {
	Body struct {
		PIN string `json:"pin" pattern:"^[0-9]{4,6}$" doc:"Four to six digits."`
	}
}

func (s *Server) setMyPIN(ctx context.Context, in *setPINInput) (*struct{}, error) {
	id, err := person(who(ctx))
	if err != nil {
		return nil, err
	}
	if hub.WeakPIN(in.Body.PIN) {
		return nil, &fault.Error{Op: "api.setMyPIN", Code: fault.Invalid, Why: fault.Because("pin_weak", "choose another PIN: this is one of the first that others would try"), Fields: []fault.Field{fault.Wrong("body.pin", fault.Because("pin_weak", "choose another PIN: this is one of the first that others would try"))}}
	}
	return nil, s.putPIN(ctx, id.String(), in.Body.PIN)
}
