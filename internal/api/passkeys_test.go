package api_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"strings"
	"testing"
)

// phone is a device with a key for one host, as a browser uses it.
type phone struct {
	key          *ecdsa.PrivateKey
	id           []byte
	host, origin string
	counter      uint32
}

func base(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

func (p *phone) said(kind, challenge string) []byte {
	return fmt.Appendf(nil, `{"type":%q,"challenge":%q,"origin":%q,"crossOrigin":false}`, kind, challenge, p.origin)
}

func (p *phone) auth(flags byte) []byte {
	h := sha256.Sum256([]byte(p.host))
	p.counter++
	return binary.BigEndian.AppendUint32(append(h[:], flags), p.counter)
}

func (p *phone) register(challenge string) string {
	der, _ := x509.MarshalPKIXPublicKey(p.key.Public())
	auth := append(p.auth(0x45), make([]byte, 16)...)
	auth = append(binary.BigEndian.AppendUint16(auth, uint16(len(p.id))), p.id...)
	return fmt.Sprintf(`{"client_data":%q,"auth_data":%q,"public_key":%q}`, base(p.said("webauthn.create", challenge)), base(auth), base(der))
}

func (p *phone) signIn(challenge, handle string) string {
	said, auth := p.said("webauthn.get", challenge), p.auth(0x05)
	hash := sha256.Sum256(said)
	sum := sha256.Sum256(append(append([]byte{}, auth...), hash[:]...))
	sig, _ := ecdsa.SignASN1(rand.Reader, p.key, sum[:])
	return fmt.Sprintf(`{"id":%q,"client_data":%q,"auth_data":%q,"signature":%q,"handle":%q}`, base(p.id), base(said), base(auth), base(sig), handle)
}

func TestAPersonSignsInByADevicesLock(t *testing.T) {
	b := setup(t)
	if r := b.call("POST", "/api/v1/session/passkey/begin", "", ""); r.status != 422 && r.status != 400 {
		t.Errorf("under an address of numbers: %d %s", r.status, r.body)
	}
	b.url = strings.Replace(b.url, "127.0.0.1", "localhost", 1)
	b.user("li")
	b.user("wang")
	in := func(name string) string {
		return cookieOf(b.call("POST", "/api/v1/session", "", `{"name":"`+name+`","password":"`+password+`"}`))
	}
	li, wang := in("li"), in("wang")
	key, _ := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	p := &phone{key: key, id: []byte("a credential"), host: "localhost", origin: b.url}

	begun := b.call("POST", "/api/v1/me/passkeys/begin", "", "", "Cookie", li)
	challenge, handle := begun.get(t, "challenge").(string), begun.get(t, "handle").(string)
	if r := b.call("POST", "/api/v1/me/passkeys", "", p.register(challenge), "Cookie", wang); r.status < 400 {
		t.Errorf("with a colleague's challenge: %d", r.status)
	}
	challenge = b.call("POST", "/api/v1/me/passkeys/begin", "", "", "Cookie", li).get(t, "challenge").(string)
	if r := b.call("POST", "/api/v1/me/passkeys", "", p.register(challenge), "Cookie", li, "User-Agent", onPhone); r.status != 201 || r.get(t, "device") != "WeChat · Android" {
		t.Fatalf("registering: %d %s", r.status, r.body)
	}

	ask := func() string {
		t.Helper()
		return b.call("POST", "/api/v1/session/passkey/begin", "", "").get(t, "challenge").(string)
	}
	try := func(body string) reply { return b.call("POST", "/api/v1/session/passkey", "", body) }
	good := p.signIn(ask(), handle)
	r := try(good)
	if r.status != 200 || r.get(t, "user.name") != "li" || b.call("GET", "/api/v1/session", "", "", "Cookie", cookieOf(r)).get(t, "user.name") != "li" {
		t.Fatalf("signing in: %d %s", r.status, r.body)
	}
	for what, body := range map[string]string{
		"the same again": good,
		"a challenge of ours, not given for this": p.signIn(b.call("POST", "/api/v1/me/passkeys/begin", "", "", "Cookie", li).get(t, "challenge").(string), handle),
		"somebody else's name":                    p.signIn(ask(), base([]byte("usr_0000000000001"))),
		"a challenge of one's own":                p.signIn(base(make([]byte, 32)), handle),
	} {
		if r := try(body); r.status != 401 || r.header.Get("Set-Cookie") != "" {
			t.Errorf("%s: %d %s", what, r.status, r.body)
		}
	}
	evil := *p
	evil.origin = "http://localhost:1"
	if r := try(evil.signIn(ask(), handle)); r.status != 401 {
		t.Errorf("from a page elsewhere: %d", r.status)
	}
	copied := *p
	copied.counter = 0
	if r := try(copied.signIn(ask(), handle)); r.status != 401 {
		t.Errorf("a copied key: %d", r.status)
	}

	path := "/api/v1/me/passkeys/" + base(p.id)
	if r := b.call("DELETE", path, "", "", "Cookie", wang); r.status != 404 {
		t.Errorf("a colleague removes it: %d", r.status)
	}
	u, err := b.db.UserByName(t.Context(), "li")
	b.must(err)
	u.Disabled = true
	b.must(b.db.SetUser(t.Context(), u))
	if r := try(p.signIn(ask(), handle)); r.status != 401 {
		t.Errorf("a suspended person: %d", r.status)
	}
	u.Disabled = false
	b.must(b.db.SetUser(t.Context(), u))
	li = in("li")
	if r := b.call("DELETE", path, "", "", "Cookie", li); r.status != 204 {
		t.Errorf("removing it: %d %s", r.status, r.body)
	}
	if r := try(p.signIn(ask(), handle)); r.status != 401 {
		t.Errorf("a removed key: %d", r.status)
	}
	if r := b.call("POST", "/api/v1/me/passkeys/begin", b.owner, ""); r.status != 403 {
		t.Errorf("an API key registers a device: %d", r.status)
	}
}
