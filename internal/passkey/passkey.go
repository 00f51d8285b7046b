// Package passkey verifies what a device says when a person registers with it or signs in by it: by a phone's lock, a computer's, or a
// security key (W3C Web Authentication, Level 2). It does no I/O; who asks keeps challenges and credentials.
//
// The package is small because only the part of the standard is here that a sign-in needs. No attestation is asked for ("none"): which make
// a device is of changes nothing here, so there is nothing to parse of it, and the public key comes from the browser as SPKI (getPublicKey), so
// that no CBOR is read. What remains is comparing bytes and one signature by the standard library.
package passkey

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/subtle"
	"crypto/x509"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
)

// Bounds on what comes from outside.
const (
	ChallengeSize = 32
	maxID         = 1023 // the standard's own limit of a credential's id
	maxKey        = 1024
	maxData       = 4096
)

// Algorithms are the signatures that Verify knows, as COSE numbers, preferred first: ES256, EdDSA, RS256.
var Algorithms = []int{-7, -8, -257}

// Site is who asks: the origin that the page must have, exactly, and the name that keys are bound to (the RP ID), its host.
type Site struct {
	Origin string // https://tongdan.example
	Host   string // tongdan.example
}

// Made is a new credential, as a browser tells of it.
type Made struct {
	ClientData []byte // clientDataJSON
	AuthData   []byte // getAuthenticatorData()
	PublicKey  []byte // getPublicKey(), SPKI in DER
}

// Shown is what a browser brings to sign in.
type Shown struct {
	ClientData []byte
	AuthData   []byte
	Signature  []byte
}

// Credential is what is kept of a registered key.
type Credential struct {
	ID        []byte
	PublicKey []byte
	Host      string
	Counter   uint32
}

// Errors that callers may tell apart. All others say that what came is not what was asked for.
var (
	// ErrCopied is for a signature counter that went back: two devices hold one key.
	ErrCopied = errors.New("the key's counter went back: it has been copied")
	errForm   = errors.New("what the device sent cannot be read")
)

const (
	userPresent  = 1 << 0
	userVerified = 1 << 2
	hasKey       = 1 << 6
)

// Register verifies a new credential against the challenge that was given for it. Safe on any input.
func Register(site Site, challenge []byte, m Made) (Credential, error) {
	if err := client(m.ClientData, "webauthn.create", site, challenge); err != nil {
		return Credential{}, err
	}
	counter, rest, err := authenticator(m.AuthData, site, hasKey)
	if err != nil {
		return Credential{}, err
	}
	// aaguid, 16 bytes; length of the id, 2; the id; the key as CBOR, which the browser has given as SPKI besides.
	if len(rest) < 18 {
		return Credential{}, errForm
	}
	size := int(binary.BigEndian.Uint16(rest[16:18]))
	if size == 0 || size > maxID || len(rest) < 18+size {
		return Credential{}, errForm
	}
	if _, err := public(m.PublicKey); err != nil {
		return Credential{}, err
	}
	return Credential{ID: bytes.Clone(rest[18 : 18+size]), PublicKey: bytes.Clone(m.PublicKey), Host: site.Host, Counter: counter}, nil
}

// Verify verifies a sign-in by a kept credential and gives its new counter. A counter that does not grow means that the key was copied
// (ErrCopied), unless the device does not count, which many do not: then it is 0 for ever. Safe on any input.
func Verify(site Site, challenge []byte, c Credential, s Shown) (counter uint32, err error) {
	if subtle.ConstantTimeCompare([]byte(c.Host), []byte(site.Host)) != 1 {
		return 0, fmt.Errorf("the key is for %s", c.Host)
	}
	if err := client(s.ClientData, "webauthn.get", site, challenge); err != nil {
		return 0, err
	}
	counter, _, err = authenticator(s.AuthData, site, 0)
	if err != nil {
		return 0, err
	}
	key, err := public(c.PublicKey)
	if err != nil {
		return 0, err
	}
	hash := sha256.Sum256(s.ClientData)
	if !signed(key, append(bytes.Clone(s.AuthData), hash[:]...), s.Signature) {
		return 0, errors.New("the signature is not the key's")
	}
	if (counter != 0 || c.Counter != 0) && counter <= c.Counter {
		return 0, ErrCopied
	}
	return counter, nil
}

// Challenge is the challenge that client data speak of, for finding it; nil where there is none. It says nothing about whether they are genuine.
func Challenge(clientData []byte) []byte {
	var c clientInfo
	if len(clientData) > maxData || json.Unmarshal(clientData, &c) != nil {
		return nil
	}
	got, err := base64.RawURLEncoding.DecodeString(c.Challenge)
	if err != nil || len(got) != ChallengeSize {
		return nil
	}
	return got
}

type clientInfo struct {
	Type        string `json:"type"`
	Challenge   string `json:"challenge"`
	Origin      string `json:"origin"`
	CrossOrigin bool   `json:"crossOrigin"`
}

// client checks what the browser itself adds: for what, for which challenge, on whose page.
func client(data []byte, kind string, site Site, challenge []byte) error {
	var c clientInfo
	if len(data) > maxData || json.Unmarshal(data, &c) != nil {
		return errForm
	}
	switch {
	case c.Type != kind:
		return fmt.Errorf("it is a %q, not a %s", c.Type, kind)
	case len(challenge) != ChallengeSize || subtle.ConstantTimeCompare(Challenge(data), challenge) != 1:
		return errors.New("it answers another challenge")
	case c.Origin != site.Origin:
		return fmt.Errorf("it was made on %q, not on %s", c.Origin, site.Origin)
	case c.CrossOrigin:
		return errors.New("it was made in a frame of another site")
	}
	return nil
}

// authenticator checks what the device adds: for whom, that a person was there and showed to be the one (PIN, finger, face).
func authenticator(data []byte, site Site, also byte) (counter uint32, rest []byte, err error) {
	if len(data) < 37 || len(data) > maxData {
		return 0, nil, errForm
	}
	host := sha256.Sum256([]byte(site.Host))
	if subtle.ConstantTimeCompare(data[:32], host[:]) != 1 {
		return 0, nil, errors.New("it is for another site")
	}
	need := byte(userPresent|userVerified) | also
	if data[32]&need != need {
		return 0, nil, errors.New("the device did not ask for its lock")
	}
	return binary.BigEndian.Uint32(data[33:37]), data[37:], nil
}

// public reads a key, of one of the Algorithms only.
func public(der []byte) (any, error) {
	if len(der) > maxKey {
		return nil, errForm
	}
	key, err := x509.ParsePKIXPublicKey(der)
	if err != nil {
		return nil, errForm
	}
	switch k := key.(type) {
	case *ecdsa.PublicKey:
		if k.Curve == elliptic.P256() {
			return k, nil
		}
	case ed25519.PublicKey:
		return k, nil
	case *rsa.PublicKey:
		if k.Size() >= 256 {
			return k, nil
		}
	}
	return nil, errors.New("keys of this kind are not taken")
}

func signed(key any, text, signature []byte) bool {
	hash := sha256.Sum256(text)
	switch k := key.(type) {
	case *ecdsa.PublicKey:
		return ecdsa.VerifyASN1(k, hash[:], signature)
	case ed25519.PublicKey:
		return ed25519.Verify(k, text, signature)
	case *rsa.PublicKey:
		return rsa.VerifyPKCS1v15(k, crypto.SHA256, hash[:], signature) == nil
	}
	return false
}
