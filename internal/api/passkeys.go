package api

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/ident"
	"github.com/tongdan/tongdan/internal/db"
	"github.com/tongdan/tongdan/internal/passkey"
)

// Passkeys: signing in by a device's lock instead of the password. The device holds the key, tied to our name; we keep its
// public half. Bytes are base64url without padding here, as browsers write them.

const challengeTime = 5 * time.Minute

// Passkey is a key of one's own.
type Passkey struct {
	ID     string `json:"id" doc:"The credential's id, base64url."`
	Device string `json:"device" doc:"What the browser said it is, when it was registered."`
	MadeAt int64  `json:"made_at"`
	UsedAt int64  `json:"used_at" doc:"0: never."`
}

func (s *Server) passkeyRoutes() {
	add(s, op("listMyPasskeys", http.MethodGet, "/me/passkeys", "sign-in", "Devices by whose lock one signs in"), s.myPasskeys)
	add(s, op("beginPasskey", http.MethodPost, "/me/passkeys/begin", "sign-in", "Ask for a challenge to register a device with"), s.beginPasskey)
	o := op("addPasskey", http.MethodPost, "/me/passkeys", "sign-in", "Register a device")
	o.DefaultStatus = http.StatusCreated
	add(s, o, s.addPasskey)
	add(s, op("removeMyPasskey", http.MethodDelete, "/me/passkeys/{id}", "sign-in", "Remove a device; it signs in no more"), s.removePasskey)
	o = op("beginPasskeySignIn", http.MethodPost, "/session/passkey/begin", "sign-in", "Ask for a challenge to sign in by a device's lock")
	o.Security = []map[string][]string{}
	add(s, o, s.beginPasskeySignIn)
	o = op("signInWithPasskey", http.MethodPost, "/session/passkey", "sign-in", "Sign in by a device's lock; the session is in the cookie tongdan_session")
	o.Security = []map[string][]string{}
	add(s, o, s.signInWithPasskey)
}

// site is ours as the browser sees it. Names only: browsers tie keys to no address. The name is the one that was asked for; a key
// that is used under another name than it was registered under is refused.
func (s *Server) site(r *http.Request) (passkey.Site, error) {
	host := r.Host
	if h, _, err := net.SplitHostPort(r.Host); err == nil {
		host = h
	}
	secure := s.secure(r)
	if _, err := netip.ParseAddr(strings.Trim(host, "[]")); err == nil || host == "" || !secure && host != "localhost" {
		return passkey.Site{}, fault.Say("api.site", fault.Invalid, "passkey_address", "signing in by a device's lock needs HTTPS and a name, not an address of numbers")
	}
	scheme := "http://"
	if secure {
		scheme = "https://"
	}
	return passkey.Site{Origin: scheme + r.Host, Host: host}, nil
}

type passkeysOutput struct {
	Body struct {
		Passkeys []Passkey `json:"passkeys"`
	}
}

func passkeyOf(p db.PasskeyRow) Passkey {
	return Passkey{base64.RawURLEncoding.EncodeToString(p.ID), p.Device, p.Made, p.Used}
}

func (s *Server) myPasskeys(ctx context.Context, _ *struct{}) (*passkeysOutput, error) {
	id, err := person(who(ctx))
	if err != nil {
		return nil, err
	}
	rows, err := s.db.Passkeys(ctx, id)
	if err != nil {
		return nil, fault.Wrap("api.myPasskeys", err)
	}
	out := &passkeysOutput{}
	out.Body.Passkeys = each(rows, passkeyOf)
	return out, nil
}

// challenge draws one and keeps its hash.
func (s *Server) challenge(ctx context.Context, user ident.User) (string, error) {
	b := make([]byte, passkey.ChallengeSize)
	_, _ = rand.Read(b) // never fails
	err := s.db.AddChallenge(ctx, HashToken(string(b)), user, s.now().Add(challengeTime).UnixMilli())
	return base64.RawURLEncoding.EncodeToString(b), fault.Wrap("api.challenge", err)
}

// taken uses the challenge up that client data speak of; nil where it was not given or was used.
func (s *Server) taken(ctx context.Context, clientData []byte, user ident.User) ([]byte, error) {
	c := passkey.Challenge(clientData)
	if c == nil {
		return nil, nil
	}
	ok, err := s.db.TakeChallenge(ctx, HashToken(string(c)), user)
	if err != nil || !ok {
		return nil, fault.Wrap("api.taken", err)
	}
	return c, nil
}

type beginPasskeyOutput struct {
	Body struct {
		Challenge  string   `json:"challenge" doc:"Good for five minutes, once."`
		Host       string   `json:"host" doc:"What the key is tied to (rp.id)."`
		Handle     string   `json:"handle" doc:"Stands for the person in the device (user.id)."`
		Name       string   `json:"name"`
		Algorithms []int    `json:"algorithms" doc:"COSE numbers, preferred first."`
		Known      []string `json:"known" doc:"Credential ids that are registered already."`
	}
}

func (s *Server) beginPasskey(ctx context.Context, _ *struct{}) (*beginPasskeyOutput, error) {
	const op = "api.beginPasskey"
	c := who(ctx)
	id, err := person(c)
	if err != nil {
		return nil, err
	}
	at, err := s.site(requestIn(ctx))
	if err != nil {
		return nil, err
	}
	rows, err := s.db.Passkeys(ctx, id)
	if err != nil {
		return nil, fault.Wrap(op, err)
	}
	out := &beginPasskeyOutput{}
	if out.Body.Challenge, err = s.challenge(ctx, id); err != nil {
		return nil, err
	}
	out.Body.Host, out.Body.Name, out.Body.Algorithms = at.Host, c.Name, passkey.Algorithms
	out.Body.Handle = base64.RawURLEncoding.EncodeToString([]byte(c.ID))
	out.Body.Known = each(rows, func(p db.PasskeyRow) string { return passkeyOf(p).ID })
	return out, nil
}

type addPasskeyInput struct {
	Body struct {
		ClientData string `json:"client_data" minLength:"1" maxLength:"6000" doc:"response.clientDataJSON"`
		AuthData   string `json:"auth_data" minLength:"1" maxLength:"6000" doc:"response.getAuthenticatorData()"`
		PublicKey  string `json:"public_key" minLength:"1" maxLength:"2000" doc:"response.getPublicKey()"`
	}
}

type addPasskeyOutput struct{ Body Passkey }

func (s *Server) addPasskey(ctx context.Context, in *addPasskeyInput) (*addPasskeyOutput, error) {
	const op = "api.addPasskey"
	c := who(ctx)
	id, err := person(c)
	if err != nil {
		return nil, err
	}
	r := requestIn(ctx)
	at, err := s.site(r)
	if err != nil {
		return nil, err
	}
	made := passkey.Made{ClientData: unbase(in.Body.ClientData), AuthData: unbase(in.Body.AuthData), PublicKey: unbase(in.Body.PublicKey)}
	challenge, err := s.taken(ctx, made.ClientData, id)
	if err != nil {
		return nil, err
	}
	key, err := passkey.Register(at, challenge, made)
	if err != nil {
		return nil, &fault.Error{Op: op, Code: fault.Invalid, Why: fault.Because("passkey_unusable", "this device's key cannot be used; begin again"), Err: err}
	}
	row, err := s.db.AddPasskey(ctx, db.PasskeyRow{ID: key.ID, Merchant: c.Merchant, User: id, Host: key.Host, PublicKey: key.PublicKey, Counter: key.Counter, Device: deviceOf(r.UserAgent())}, s.hub.LineOfOwn("person.passkey_add")(db.UserRow{ID: id, Name: c.Name}))
	return &addPasskeyOutput{passkeyOf(row)}, fault.Wrap(op, err)
}

type passkeyID struct {
	ID string `path:"id" maxLength:"1400"`
}

func (s *Server) removePasskey(ctx context.Context, in *passkeyID) (*struct{}, error) {
	c := who(ctx)
	id, err := person(c)
	if err != nil {
		return nil, err
	}
	line := s.hub.LineOfOwn("person.passkey_remove")(db.UserRow{ID: id, Name: c.Name})
	return nil, fault.Wrap("api.removePasskey", s.db.DeletePasskey(ctx, c.Merchant, id, unbase(in.ID), line))
}

type beginPasskeySignInOutput struct {
	Body struct {
		Challenge string `json:"challenge" doc:"Good for five minutes, once."`
		Host      string `json:"host"`
	}
}

// passkeyTry takes one of the tries that an address has; a sign-in gives those back that it took.
func (s *Server) passkeyTry(ctx context.Context, what string) (giveBack func(), err error) {
	try := what + " " + network(s.client(requestIn(ctx)))
	if wait := s.signIns.take(try, s.now()); wait > 0 {
		return nil, &fault.Error{Op: "api.passkeyTry", Code: fault.RateLimited, After: wait, Why: fault.Because("too_many_tries", "too many tries; wait a little before the next one")}
	}
	return func() { s.signIns.give(try) }, nil
}

const (
	asksPasskey  = "passkey asked" // each keeps a row for five minutes
	showsPasskey = "passkey"
)

func (s *Server) beginPasskeySignIn(ctx context.Context, _ *struct{}) (*beginPasskeySignInOutput, error) {
	at, err := s.site(requestIn(ctx))
	if err != nil {
		return nil, err
	}
	if _, err := s.passkeyTry(ctx, asksPasskey); err != nil {
		return nil, err
	}
	out := &beginPasskeySignInOutput{}
	out.Body.Host = at.Host
	out.Body.Challenge, err = s.challenge(ctx, 0)
	return out, err
}

type passkeySignInInput struct {
	Body struct {
		ID         string `json:"id" minLength:"1" maxLength:"1400"`
		ClientData string `json:"client_data" minLength:"1" maxLength:"6000"`
		AuthData   string `json:"auth_data" minLength:"1" maxLength:"6000"`
		Signature  string `json:"signature" minLength:"1" maxLength:"2000"`
		Handle     string `json:"handle,omitempty" maxLength:"200" doc:"response.userHandle"`
	}
}

// signInWithPasskey says the same whatever is wrong: what exists here is nobody's business. The log knows why.
func (s *Server) signInWithPasskey(ctx context.Context, in *passkeySignInInput) (*sessionOutput, error) {
	const op = "api.signInWithPasskey"
	refuse := func(err error) (*sessionOutput, error) {
		s.signInFailures.WithLabelValues(signInWrong).Inc()
		return nil, &fault.Error{Op: op, Code: fault.Unauthorized, Why: fault.Because("passkey_wrong", "this device is not registered here; sign in another way"), Err: err}
	}
	at, err := s.site(requestIn(ctx))
	if err != nil {
		return nil, err
	}
	giveBack, err := s.passkeyTry(ctx, showsPasskey)
	if err != nil {
		return nil, err
	}
	shown := passkey.Shown{ClientData: unbase(in.Body.ClientData), AuthData: unbase(in.Body.AuthData), Signature: unbase(in.Body.Signature)}
	challenge, err := s.taken(ctx, shown.ClientData, 0)
	if err != nil {
		return nil, err
	}
	row, err := s.db.Passkey(ctx, unbase(in.Body.ID))
	if fault.Is(err, fault.NotFound) {
		return refuse(err)
	}
	if err != nil {
		return nil, fault.Wrap(op, err)
	}
	counter, err := passkey.Verify(at, challenge, passkey.Credential{ID: row.ID, PublicKey: row.PublicKey, Host: row.Host, Counter: row.Counter}, shown)
	if err != nil {
		return refuse(err)
	}
	if h := unbase(in.Body.Handle); len(h) > 0 && string(h) != row.User.String() {
		return refuse(nil)
	}
	u, err := s.db.UserByID(ctx, row.Merchant, row.User)
	if fault.Is(err, fault.NotFound) || u.Disabled {
		return refuse(err)
	}
	if err != nil {
		return nil, fault.Wrap(op, err)
	}
	ok, err := s.db.UsePasskey(ctx, row, counter)
	if err != nil {
		return nil, fault.Wrap(op, err)
	}
	if !ok {
		return refuse(passkey.ErrCopied)
	}
	giveBack()
	s.signIns.give(asksPasskey + " " + network(s.client(requestIn(ctx))))
	return s.begin(ctx, u)
}

// unbase reads base64url; nil where it is none.
func unbase(s string) []byte {
	b, err := base64.RawURLEncoding.DecodeString(s)
	if err != nil {
		return nil
	}
	return b
}
