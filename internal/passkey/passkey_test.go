package passkey

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"testing"
)

var site = Site{Origin: "https://tongdan.example", Host: "tongdan.example"}

// device signs as a phone does.
type device struct {
	signer  crypto.Signer
	id      []byte
	counter uint32
}

func (d device) key() []byte {
	der, err := x509.MarshalPKIXPublicKey(d.signer.Public())
	if err != nil {
		panic(err)
	}
	return der
}

func clientOf(kind string, challenge []byte, origin string, more ...string) []byte {
	m := map[string]any{"type": kind, "challenge": base64.RawURLEncoding.EncodeToString(challenge), "origin": origin}
	for _, k := range more {
		m[k] = true
	}
	b, _ := json.Marshal(m)
	return b
}

func (d device) auth(host string, flags byte, withKey bool) []byte {
	h := sha256.Sum256([]byte(host))
	b := append(h[:], flags)
	b = binary.BigEndian.AppendUint32(b, d.counter)
	if withKey {
		b = append(b, make([]byte, 16)...)
		b = binary.BigEndian.AppendUint16(b, uint16(len(d.id)))
		b = append(b, d.id...)
		b = append(b, 0xa5) // here a key in CBOR would begin
	}
	return b
}

func (d device) sign(auth, client []byte) []byte {
	hash := sha256.Sum256(client)
	text := append(bytes.Clone(auth), hash[:]...)
	opts, what := crypto.SignerOpts(crypto.SHA256), text
	if _, ok := d.signer.(ed25519.PrivateKey); ok {
		opts = crypto.Hash(0)
	} else {
		sum := sha256.Sum256(text)
		what = sum[:]
	}
	sig, err := d.signer.Sign(rand.Reader, what, opts)
	if err != nil {
		panic(err)
	}
	return sig
}

func challengeOf(t *testing.T) []byte {
	t.Helper()
	c := make([]byte, ChallengeSize)
	if _, err := rand.Read(c); err != nil {
		t.Fatal(err)
	}
	return c
}

func devices(t *testing.T) map[string]device {
	t.Helper()
	e, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	_, ed, _ := ed25519.GenerateKey(rand.Reader)
	r, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	return map[string]device{"ES256": {e, []byte("first"), 1}, "EdDSA": {ed, []byte("second"), 1}, "RS256": {r, []byte("third"), 1}}
}

func TestAKeyIsRegisteredAndSignsIn(t *testing.T) {
	for name, d := range devices(t) {
		t.Run(name, func(t *testing.T) {
			ch := challengeOf(t)
			c, err := Register(site, ch, Made{clientOf("webauthn.create", ch, site.Origin), d.auth(site.Host, 0x45, true), d.key()})
			if err != nil {
				t.Fatal(err)
			}
			if string(c.ID) != string(d.id) || c.Counter != 1 || c.Host != site.Host {
				t.Fatalf("kept %+v", c)
			}
			d.counter = 2
			ch = challengeOf(t)
			client, auth := clientOf("webauthn.get", ch, site.Origin), d.auth(site.Host, 0x05, false)
			if n, err := Verify(site, ch, c, Shown{client, auth, d.sign(auth, client)}); err != nil || n != 2 {
				t.Fatalf("Verify = %d, %v", n, err)
			}
		})
	}
}

// Each way to deceive is one change to a sign-in that is otherwise right.
func TestADeceitIsRefused(t *testing.T) {
	d := devices(t)["ES256"]
	other := devices(t)["ES256"]
	kept := Credential{ID: d.id, PublicKey: d.key(), Host: site.Host, Counter: 1}
	d.counter = 2
	ch := challengeOf(t)
	good := func() ([]byte, []byte) {
		return clientOf("webauthn.get", ch, site.Origin), d.auth(site.Host, 0x05, false)
	}
	try := func(c Credential, client, auth, sig []byte) error {
		_, err := Verify(site, ch, c, Shown{client, auth, sig})
		return err
	}
	client, auth := good()
	if err := try(kept, client, auth, d.sign(auth, client)); err != nil {
		t.Fatalf("the right one: %v", err)
	}
	for name, bad := range map[string]func() error{
		"another key": func() error { return try(kept, client, auth, other.sign(auth, client)) },
		"another challenge": func() error {
			c := clientOf("webauthn.get", challengeOf(t), site.Origin)
			return try(kept, c, auth, d.sign(auth, c))
		},
		"a phishing page": func() error {
			c := clientOf("webauthn.get", ch, "https://tongdan.example.evil")
			return try(kept, c, auth, d.sign(auth, c))
		},
		"plain http": func() error {
			c := clientOf("webauthn.get", ch, "http://tongdan.example")
			return try(kept, c, auth, d.sign(auth, c))
		},
		"in a frame": func() error {
			c := clientOf("webauthn.get", ch, site.Origin, "crossOrigin")
			return try(kept, c, auth, d.sign(auth, c))
		},
		"a registration": func() error {
			c := clientOf("webauthn.create", ch, site.Origin)
			return try(kept, c, auth, d.sign(auth, c))
		},
		"for another site": func() error { a := d.auth("evil.example", 0x05, false); return try(kept, client, a, d.sign(a, client)) },
		"without the lock": func() error { a := d.auth(site.Host, 0x01, false); return try(kept, client, a, d.sign(a, client)) },
		"nobody there":     func() error { a := d.auth(site.Host, 0x04, false); return try(kept, client, a, d.sign(a, client)) },
		"a key of another host of ours": func() error {
			k := kept
			k.Host = "old.example"
			return try(k, client, auth, d.sign(auth, client))
		},
		"a bent device word": func() error {
			a := bytes.Clone(auth)
			a[36]++
			return try(kept, client, a, d.sign(auth, client))
		},
		"cut short": func() error { return try(kept, client, auth[:36], d.sign(auth, client)) },
	} {
		if bad() == nil {
			t.Errorf("%s was taken", name)
		}
	}
	for was, now := range map[uint32]uint32{2: 2, 3: 2, 1: 0} {
		k, dev := kept, d
		k.Counter, dev.counter = was, now
		a := dev.auth(site.Host, 0x05, false)
		if err := try(k, client, a, dev.sign(a, client)); !errors.Is(err, ErrCopied) {
			t.Errorf("a counter from %d to %d: %v, want ErrCopied", was, now, err)
		}
	}
	// A device that does not count.
	k, dev := kept, d
	k.Counter, dev.counter = 0, 0
	a := dev.auth(site.Host, 0x05, false)
	if err := try(k, client, a, dev.sign(a, client)); err != nil {
		t.Errorf("a device that does not count: %v", err)
	}
}

func TestWeakKeysAreNotRegistered(t *testing.T) {
	small, err := ecdsa.GenerateKey(elliptic.P224(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for name, d := range map[string]device{"P-224": {small, []byte("id"), 0}, "an empty id": {devices(t)["ES256"].signer, nil, 0}} {
		ch := challengeOf(t)
		if _, err := Register(site, ch, Made{clientOf("webauthn.create", ch, site.Origin), d.auth(site.Host, 0x45, true), d.key()}); err == nil {
			t.Errorf("%s was registered", name)
		}
	}
}

func FuzzRegister(f *testing.F) {
	ch := make([]byte, ChallengeSize)
	f.Add(clientOf("webauthn.create", ch, site.Origin), device{id: []byte("x")}.auth(site.Host, 0x45, true), []byte{0x30})
	f.Fuzz(func(t *testing.T, client, auth, key []byte) {
		c, err := Register(site, ch, Made{client, auth, key})
		if err == nil && (len(c.ID) == 0 || len(c.ID) > maxID) {
			t.Fatalf("took an id of %d bytes", len(c.ID))
		}
		_, _ = Verify(site, ch, Credential{PublicKey: key, Host: site.Host}, Shown{client, auth, key})
	})
}
