// Package money holds exact amounts: an integer of minor units and an ISO 4217
// currency.
//
// Amounts are values: comparable, immutable and safe for concurrent use. The zero
// Amount has no currency and adds to anything. Mixing two currencies and leaving the
// range of int64 are errors, never a silent wrong sum. The number of digits of a
// currency is decided here, never by a browser: for COP the ISO table says 2 and
// Intl says 0.
package money

import (
	"bytes"
	"encoding/json"
	"math/bits"
	"strconv"
	"strings"

	"github.com/tongdan/tongdan/fault"
)

// A Currency is an ISO 4217 code such as "CNY".
type Currency string

// digits per currency, ISO 4217. Those of the channels that Tongdan serves and
// their neighbours; others are refused by Parse, so that no exponent is guessed.
var digits = map[Currency]int{
	"CNY": 2, "HKD": 2, "MOP": 2, "TWD": 2, "USD": 2, "EUR": 2, "GBP": 2,
	"BRL": 2, "ARS": 2, "MXN": 2, "COP": 2, "CLP": 0, "UYU": 2, "PEN": 2, "BOB": 2,
	"PYG": 0, "VES": 2, "CRC": 2, "DOP": 2, "GTQ": 2, "HNL": 2, "NIO": 2, "PAB": 2,
	"JPY": 0, "KRW": 0,
}

// Digits is the number of decimal places, and whether the currency is known.
func (c Currency) Digits() (int, bool) { d, ok := digits[c]; return d, ok }

// An Amount is a sum of money, negative for money that goes back.
type Amount struct {
	minor int64
	cur   Currency
}

// Of returns an amount of minor units (fen, centavos).
func Of(minor int64, c Currency) Amount { return Amount{minor, c} }

// Minor is the number of minor units; Currency the code, "" for the zero Amount.
func (a Amount) Minor() int64       { return a.minor }
func (a Amount) Currency() Currency { return a.cur }

// IsZero reports whether the sum is nothing, in whatever currency.
func (a Amount) IsZero() bool { return a.minor == 0 }

// Neg is the amount with the other sign.
func (a Amount) Neg() Amount { return Amount{-a.minor, a.cur} }

// Add is a + b. It fails with fault.Invalid on two currencies or on overflow.
func (a Amount) Add(b Amount) (Amount, error) {
	cur := a.cur
	switch {
	case cur == "":
		cur = b.cur
	case b.cur != "" && b.cur != cur:
		return Amount{}, fault.New("money.Add", fault.Invalid, "cannot add "+string(b.cur)+" to "+string(cur))
	}
	s := a.minor + b.minor
	if (s > a.minor) != (b.minor > 0) && b.minor != 0 {
		return Amount{}, fault.New("money.Add", fault.Invalid, "the sum is too large")
	}
	return Amount{s, cur}, nil
}

// Sub is a - b, with the errors of Add.
func (a Amount) Sub(b Amount) (Amount, error) { return a.Add(b.Neg()) }

// Mul is n pieces of a. It fails with fault.Invalid on overflow.
func (a Amount) Mul(n int64) (Amount, error) {
	p := a.minor * n
	if a.minor != 0 && (p/a.minor != n || (a.minor == -1 && n == -1<<63)) {
		return Amount{}, fault.New("money.Mul", fault.Invalid, "the product is too large")
	}
	return Amount{p, a.cur}, nil
}

// Sum adds up; the sum of nothing is the zero Amount.
func Sum(list ...Amount) (Amount, error) {
	var s Amount
	var err error
	for _, a := range list {
		if s, err = s.Add(a); err != nil {
			return Amount{}, err
		}
	}
	return s, nil
}

// Split divides a in proportion to weights; the parts always sum to a, and no part
// is more than one minor unit away from its exact share. Weights must not be
// negative; when all are zero the first part takes everything.
func (a Amount) Split(weights ...int64) []Amount {
	parts := make([]Amount, len(weights))
	if len(parts) == 0 {
		return parts
	}
	var total uint64
	for _, w := range weights {
		total += uint64(max(w, 0))
	}
	if total == 0 {
		parts[0] = a
		for i := range parts[1:] {
			parts[i+1] = Amount{0, a.cur}
		}
		return parts
	}
	abs, sign := uint64(a.minor), int64(1)
	if a.minor < 0 {
		abs, sign = uint64(-a.minor), -1
	}
	var seen, used uint64
	for i, w := range weights {
		seen += uint64(max(w, 0))
		hi, lo := bits.Mul64(abs, seen)
		upTo, _ := bits.Div64(hi, lo, total) // cumulative, so remainders never pile up
		parts[i] = Amount{sign * int64(upTo-used), a.cur}
		used = upTo
	}
	return parts
}

// Parse reads a plain decimal such as "25.5" or "-3" exactly. It fails with
// fault.Invalid on an unknown currency, on anything but digits, sign and one point
// (so also on "1e3"), and on more decimal places than the currency has, unless those
// are zeros.
func Parse(text string, c Currency) (Amount, error) {
	bad := func(why string) (Amount, error) {
		return Amount{}, fault.New("money.Parse", fault.Invalid, why)
	}
	d, ok := c.Digits()
	if !ok {
		return bad("currency " + strconv.Quote(clip(string(c))) + " is not known")
	}
	s := strings.TrimSpace(text)
	sign := int64(1)
	if rest, found := strings.CutPrefix(s, "-"); found {
		s, sign = rest, -1
	}
	whole, frac, _ := strings.Cut(s, ".")
	if whole == "" && frac == "" {
		return bad("an amount is missing")
	}
	if len(frac) > d {
		if strings.Trim(frac[d:], "0") != "" {
			return bad("amount " + strconv.Quote(clip(text)) + " has more decimal places than " + string(c))
		}
		frac = frac[:d]
	}
	frac += strings.Repeat("0", d-len(frac))
	var n int64
	for _, r := range whole + frac {
		if r < '0' || r > '9' {
			return bad("amount " + strconv.Quote(clip(text)) + " is not a decimal number")
		}
		if n > (1<<63-1-9)/10 {
			return bad("amount " + strconv.Quote(clip(text)) + " is too large")
		}
		n = n*10 + int64(r-'0')
	}
	return Amount{sign * n, c}, nil
}

// Text is the plain decimal of the amount, "25.50", without the currency.
func (a Amount) Text() string {
	d := digits[a.cur]
	if d == 0 {
		return strconv.FormatInt(a.minor, 10)
	}
	sign, n := "", uint64(a.minor)
	if a.minor < 0 {
		sign, n = "-", uint64(-a.minor)
	}
	s := strconv.FormatUint(n, 10)
	if len(s) <= d {
		s = strings.Repeat("0", d+1-len(s)) + s
	}
	return sign + s[:len(s)-d] + "." + s[len(s)-d:]
}

// String is for people and logs: "CNY 25.50".
func (a Amount) String() string {
	if a.cur == "" {
		return a.Text()
	}
	return string(a.cur) + " " + a.Text()
}

// MarshalJSON writes {"minor":2550,"digits":2,"currency":"CNY"}.
func (a Amount) MarshalJSON() ([]byte, error) {
	b := make([]byte, 0, 48)
	b = append(b, `{"minor":`...)
	b = strconv.AppendInt(b, a.minor, 10)
	b = append(b, `,"digits":`...)
	b = strconv.AppendInt(b, int64(digits[a.cur]), 10)
	b = append(b, `,"currency":"`...)
	for i := 0; i < len(a.cur); i++ { // only letters can leave, so the text needs no escaping
		if c := a.cur[i]; c >= 'A' && c <= 'Z' {
			b = append(b, c)
		}
	}
	return append(b, '"', '}'), nil
}

// UnmarshalJSON reads what MarshalJSON writes; the digits must be ours.
func (a *Amount) UnmarshalJSON(b []byte) error {
	if own, ok := readOwn(b); ok {
		*a = own
		return nil
	}
	var v struct {
		Minor    int64    `json:"minor"`
		Digits   *int     `json:"digits"`
		Currency Currency `json:"currency"`
	}
	if err := json.Unmarshal(b, &v); err != nil {
		return &fault.Error{Op: "money.Amount", Code: fault.Invalid, Words: `give money as {"minor":2550,"digits":2,"currency":"CNY"}`, Err: err}
	}
	d, ok := v.Currency.Digits()
	if !ok && !(v.Currency == "" && v.Minor == 0) {
		return fault.New("money.Amount", fault.Invalid, "currency "+strconv.Quote(clip(string(v.Currency)))+" is not known")
	}
	if v.Digits != nil && *v.Digits != d {
		return fault.New("money.Amount", fault.Invalid, string(v.Currency)+" has "+strconv.Itoa(d)+" digits")
	}
	*a = Amount{v.Minor, v.Currency}
	return nil
}

// readOwn reads exactly what MarshalJSON writes, which is what the database is full of,
// without the general decoder.
func readOwn(b []byte) (Amount, bool) {
	rest, ok := bytes.CutPrefix(b, []byte(`{"minor":`))
	if !ok {
		return Amount{}, false
	}
	number, rest, ok := bytes.Cut(rest, []byte(`,"digits":`))
	if !ok || len(rest) != len(`2,"currency":"CNY"}`) || string(rest[1:14]) != `,"currency":"` || string(rest[17:]) != `"}` {
		return Amount{}, false
	}
	minor, err := strconv.ParseInt(string(number), 10, 64)
	cur := Currency(rest[14:17])
	d, known := cur.Digits()
	if err != nil || !known || int(rest[0]-'0') != d {
		return Amount{}, false
	}
	return Amount{minor, cur}, true
}

func clip(s string) string { return s[:min(len(s), 24)] }
