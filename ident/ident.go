// Package ident has the typed ids of everything that Tongdan itself names.
//
// An id is 63 bits: 41 bits of milliseconds since 2020 (until 2089) and 22 random
// ones. It is unique within a merchant, drawn again on conflict, so nodes lease
// nothing. Outside it is text with a prefix that says what it names
// ("ord_0d1v5k2m8q3ra"), because JavaScript is exact only up to 2^53; its order as
// text is its order in time. Platforms' ids are never put into these types: theirs
// are plain strings, even when they look like numbers.
package ident

import (
	"crypto/rand"
	"encoding/binary"
	"strconv"
	"strings"
	"time"

	"github.com/tongdan/tongdan/fault"
)

// The kinds of ids. The zero value of each means "none" and is the empty text.
type (
	Merchant int64 // a brand: the tenant
	Store    int64 // where stock lies and people work
	App      int64 // a registered application at a platform
	Account  int64 // one authorisation under an app
	Shop     int64 // a store's presence on a channel
	Order    int64
	Effect   int64 // something we make happen outside
	Entry    int64 // one line of the journal
	Parked   int64 // a message that could not be read
	Batch    int64 // one act on many orders
	User     int64
	Key      int64 // an API key
	SKU      int64 // the unit that stock counts
	Offer    int64 // a SKU as sold in one shop
	Movement int64 // a change of what is on hand
	Device   int64 // a screen of the shop floor
	Unlock   int64 // a person's time at a device
	Comment  int64 // what a customer says of an order
	Edit     int64 // changes of what a shop shows
	Picture  int64 // that somebody took of spoilt or missing food
	Sender   int64 // a way to a phone: a robot, a short-message service
	Printer  int64 // a ticket printer of a store
	Rider    int64 // who brings orders for a store
	Ride     int64 // one attempt to bring an order, beside the platform
	Courier  int64 // an account at a courier
	Bill     int64 // a settlement statement of a platform
)

const epoch = 1577836800000 // 2020-01-01 UTC in milliseconds

// New draws an id for a moment: use it as ident.Order(ident.New(now)).
func New(now time.Time) int64 {
	var b [4]byte
	rand.Read(b[:]) // never fails, crypto/rand documentation
	return Of(now, binary.BigEndian.Uint32(b[:]))
}

// Of builds an id from a moment and the low 22 bits of r: for code that must repeat.
func Of(now time.Time, r uint32) int64 {
	return (now.UnixMilli()-epoch)<<22 | int64(r&(1<<22-1))
}

// Time is the moment at which an id was drawn, for partitions and for people.
func Time(id int64) time.Time { return time.UnixMilli(id>>22 + epoch).UTC() }

// Crockford's alphabet in lower case: no letter that is read as a digit, and its
// order is the order of the numbers.
const alphabet = "0123456789abcdefghjkmnpqrstvwxyz"

const width = 13 // 63 bits in groups of 5

func text(prefix string, id int64) string {
	if id == 0 {
		return ""
	}
	var b [width]byte
	u := uint64(id)
	for i := width - 1; i >= 0; i-- {
		b[i] = alphabet[u&31]
		u >>= 5
	}
	return prefix + string(b[:])
}

func parse(prefix, s string) (int64, error) {
	if s == "" {
		return 0, nil
	}
	rest, ok := strings.CutPrefix(s, prefix)
	if !ok || len(rest) != width {
		return 0, wrong(prefix, s)
	}
	var u uint64
	for i := range width {
		d := strings.IndexByte(alphabet, rest[i])
		if d < 0 || (i == 0 && d > 7) {
			return 0, wrong(prefix, s)
		}
		u = u<<5 | uint64(d)
	}
	if u == 0 || u >= 1<<63 {
		return 0, wrong(prefix, s)
	}
	return int64(u), nil
}

func wrong(prefix, s string) error {
	return fault.New("ident.Parse", fault.Invalid,
		strconv.Quote(s[:min(len(s), 24)])+" is not an id of the form "+prefix+strings.Repeat("x", width))
}

func unmarshal[T ~int64](dst *T, prefix string, b []byte) error {
	n, err := parse(prefix, string(b))
	*dst = T(n)
	return err
}
