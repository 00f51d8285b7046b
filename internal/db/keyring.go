package db

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"strings"
	"sync"

	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/ident"
)

// The keys: the master key, from outside, seals each merchant's key and all
// credentials; a merchant's key seals the key of each order and of each day; those seal
// the bodies in the journal. Deleting an order's key erases what was journalled of it.
//
// Sealing is AES-256-GCM with a random nonce in front. What is sealed is bound to what
// it is for, so that sealed bytes cannot be moved to another row.

// A keyring has the master key and the opened keys of merchants. It may be used
// concurrently.
type keyring struct {
	master    cipher.AEAD
	mu        sync.Mutex
	merchants map[ident.Merchant]*merchantKey
}

type merchantKey struct {
	aead cipher.AEAD
	hash []byte // for keyed hashes
}

func newKeyring(master [32]byte) (*keyring, error) {
	a, err := aead(master[:])
	return &keyring{master: a, merchants: map[ident.Merchant]*merchantKey{}}, err
}

func aead(key []byte) (cipher.AEAD, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCMWithRandomNonce(block)
}

func (k *keyring) sealMaster(b []byte, use string) ([]byte, error) {
	return k.master.Seal(nil, nil, b, []byte(use)), nil
}

func (k *keyring) openMaster(b []byte, use string) ([]byte, error) {
	out, err := k.master.Open(nil, nil, b, []byte(use))
	if err != nil {
		return nil, &fault.Error{Op: "db.open", Code: fault.Unauthorized, Words: "a sealed value cannot be opened: the master key is not the one it was sealed with", Err: err}
	}
	return out, nil
}

// newMerchant draws a merchant's key and seals it for its row.
func (k *keyring) newMerchant(id ident.Merchant) ([]byte, error) {
	key := newKey()
	return k.sealMaster(key, "merchant "+id.String())
}

// add opens a merchant's key.
func (k *keyring) add(id ident.Merchant, sealed []byte) error {
	key, err := k.openMaster(sealed, "merchant "+id.String())
	if err != nil {
		return err
	}
	a, err := aead(key)
	if err != nil {
		return err
	}
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte("journal hash"))
	k.mu.Lock()
	defer k.mu.Unlock()
	k.merchants[id] = &merchantKey{a, mac.Sum(nil)}
	return nil
}

func (k *keyring) merchant(id ident.Merchant) (*merchantKey, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if m := k.merchants[id]; m != nil {
		return m, nil
	}
	return nil, fault.New("db.merchant", fault.NotFound, "no such merchant")
}

// sum is the keyed hash of a body: equal bodies of one merchant have equal hashes, and
// nobody without the key can try phone numbers.
func (m *merchantKey) sum(b []byte) []byte {
	mac := hmac.New(sha256.New, m.hash)
	mac.Write(b)
	return mac.Sum(nil)
}

// Derive gives a key of 32 bytes of a merchant for a purpose outside the database; the
// same each time, also after the master key was changed.
func (d *DB) Derive(m ident.Merchant, use string) ([]byte, error) {
	mk, err := d.keys.merchant(m)
	if err != nil {
		return nil, err
	}
	return mk.sum([]byte("derived for " + use)), nil
}

func newKey() []byte {
	b := make([]byte, 32)
	rand.Read(b)
	return b
}

// random is a short random word that begins with prefix.
func random(prefix string) string {
	b := make([]byte, 10)
	rand.Read(b)
	return prefix + "_" + strings.ToLower(base32.StdEncoding.EncodeToString(b))
}

// An openKey is a key that seals bodies, and how it lies in its row.
type openKey struct {
	aead   cipher.AEAD
	sealed []byte
}

// body draws a key for an order or a day, sealed by the merchant's.
func (m *merchantKey) draw(use string) (openKey, error) {
	key := newKey()
	a, err := aead(key)
	return openKey{a, m.aead.Seal(nil, nil, key, []byte(use))}, err
}

func (m *merchantKey) open(sealed []byte, use string) (openKey, error) {
	key, err := m.aead.Open(nil, nil, sealed, []byte(use))
	if err != nil {
		return openKey{}, &fault.Error{Op: "db.open", Code: fault.Unauthorized, Words: "the key of this journal cannot be opened", Err: err}
	}
	a, err := aead(key)
	return openKey{a, sealed}, err
}
