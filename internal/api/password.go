package api

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"

	"github.com/tongdan/tongdan/fault"
)

// The cost of a password: argon2id with 19 MiB and two passes (OWASP password storage
// cheat sheet), about 30 ms on a small machine.
const (
	argonMemory = 19 * 1024 // KiB
	argonTime   = 2
	argonLength = 32
	minPassword = 8   // characters
	maxPassword = 200 // bytes
)

// HashPassword hashes a password for keeping. It fails with fault.Invalid on one that is
// shorter than 8 characters or longer than 200 bytes.
func HashPassword(password string) (string, error) {
	if utf8.RuneCountInString(password) < minPassword || len(password) > maxPassword {
		return "", &fault.Error{Op: "api.HashPassword", Code: fault.Invalid, Why: fault.Because("password_short", "choose a password of 8 characters or more"),
			Fields: []fault.Field{fault.Wrong("body.password", fault.Because("password_short", "choose a password of 8 characters or more"))}}
	}
	return hashSecret(password), nil
}

// hashSecret hashes what a person keeps in mind: slowly, with a salt of its own.
func hashSecret(secret string) string {
	var salt [16]byte
	rand.Read(salt[:])
	sum := argon2.IDKey([]byte(secret), salt[:], argonTime, argonMemory, 1, argonLength)
	b64 := base64.RawStdEncoding.EncodeToString
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=1$%s$%s", argon2.Version, argonMemory, argonTime, b64(salt[:]), b64(sum))
}

// SamePassword reports whether a password is the one of a hash. A hash that it cannot
// read is nobody's, at the price of a real one.
func SamePassword(hash, password string) bool {
	var version, memory, passes, lanes int
	parts := strings.Split(hash, "$")
	var salt, want []byte
	if len(parts) == 6 && parts[1] == "argon2id" {
		fmt.Sscanf(parts[2], "v=%d", &version)
		fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &memory, &passes, &lanes)
		salt, _ = base64.RawStdEncoding.DecodeString(parts[4])
		want, _ = base64.RawStdEncoding.DecodeString(parts[5])
	}
	known := version == argon2.Version && memory > 0 && memory <= 1<<20 && passes > 0 && passes <= 16 && lanes > 0 && lanes <= 16 && len(want) == argonLength
	if !known {
		memory, passes, lanes, salt = argonMemory, argonTime, 1, make([]byte, 16)
	}
	sum := argon2.IDKey([]byte(password), salt, uint32(passes), uint32(memory), uint8(lanes), argonLength)
	return known && subtle.ConstantTimeCompare(sum, want) == 1
}

// NewToken draws a secret of 256 bits with a prefix that says what it is, and the hash
// by which it is kept and found.
func NewToken(prefix string) (secret string, hash []byte) {
	var b [32]byte
	rand.Read(b[:])
	secret = prefix + base64.RawURLEncoding.EncodeToString(b[:])
	return secret, HashToken(secret)
}

// HashToken is the hash by which a drawn secret is kept. It needs no salt and no cost,
// since nobody can try 256 bits.
func HashToken(secret string) []byte {
	h := sha256.Sum256([]byte(secret))
	return h[:]
}

// The prefixes of secrets: scanners for leaked ones find them by it.
const (
	KeyPrefix = "tdk_"
	// TestKeyPrefix begins keys that are made in the practice and work there alone.
	TestKeyPrefix = "tdk_test_"
	setupPrefix   = "tds_"

	invitePrefix = "tdi_"
)

// NewSetupToken draws the secret of a setup link.
func NewSetupToken() (secret string, hash []byte) { return NewToken(setupPrefix) }

// A limiter lets so many tries through at once per name, and one more each pause after.
type limiter struct {
	mu    sync.Mutex
	burst float64
	pause time.Duration
	left  map[string]tries
}

type tries struct {
	n  float64
	at time.Time
}

const maxNames = 10_000

func newLimiter(burst int, pause time.Duration) *limiter {
	return &limiter{burst: float64(burst), pause: pause, left: map[string]tries{}}
}

// take takes one try; when there is none it says how long to wait.
func (l *limiter) take(name string, now time.Time) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	t, ok := l.left[name]
	if !ok {
		if len(l.left) >= maxNames {
			l.sweep(now)
		}
		t = tries{l.burst, now}
	}
	t.n = min(l.burst, t.n+float64(now.Sub(t.at))/float64(l.pause))
	t.at = now
	if t.n < 1 {
		l.left[name] = t
		return time.Duration((1 - t.n) * float64(l.pause))
	}
	t.n--
	l.left[name] = t
	return 0
}

// give gives a try back: it was a good one.
func (l *limiter) give(name string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if t, ok := l.left[name]; ok {
		t.n = min(l.burst, t.n+1)
		l.left[name] = t
	}
}

// sweep forgets names that have all their tries again, or half of all when none has.
func (l *limiter) sweep(now time.Time) {
	for name, t := range l.left {
		if t.n+float64(now.Sub(t.at))/float64(l.pause) >= l.burst {
			delete(l.left, name)
		}
	}
	for name := range l.left {
		if len(l.left) < maxNames/2 {
			break
		}
		delete(l.left, name)
	}
}
