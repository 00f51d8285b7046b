package mercadolibre

import (
	"bytes"
	"encoding/json"
	"errors"
	"math/big"
	"strconv"
	"strings"
	"time"

	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/internal/split"
	"github.com/tongdan/tongdan/money"
	"github.com/tongdan/tongdan/order"
)

// A node reads one JSON object of theirs. Mercado Libre changes types without notice
// (a number becomes a string, a string an object), so nothing here fails: a field of
// an unexpected form counts as absent, and its path is noted as trouble. null and
// absent are the same.
type node struct {
	m    split.Object
	path string
	t    *[]order.Issue
}

const maxTrouble = 20 // issues kept of one message

var errNoObject = errors.New("the message is no JSON object")

func parse(raw []byte) (node, error) {
	var m split.Object
	if json.Valid(raw) {
		m, _ = split.Members(raw)
	}
	if m == nil {
		return node{}, errNoObject // json's own words can quote the message
	}
	return node{m: m, t: new([]order.Issue)}, nil
}

func (n node) trouble(key string, why fault.Reason) {
	n.raise(order.SevWarn, order.IssueField, n.path+key, why)
}

// raise notes something that people must see.
func (n node) raise(sev order.Severity, code, path string, why fault.Reason) {
	if n.t != nil && len(*n.t) < maxTrouble {
		*n.t = append(*n.t, order.Found(sev, code, path, why))
	}
}

func (n node) raw(key string) (json.RawMessage, bool) {
	v, ok := n.m.Get(key)
	v = bytes.TrimSpace(v)
	return v, ok && len(v) > 0 && string(v) != "null"
}

// text reads a string; a number is read as it is written, since their ids are both.
func (n node) text(key string) string {
	v, ok := n.raw(key)
	if !ok {
		return ""
	}
	switch v[0] {
	case '"':
		if s, ok := split.Text(v); ok {
			return strings.TrimSpace(s)
		}
	case '{', '[', 't', 'f':
	default:
		return string(v)
	}
	n.trouble(key, fault.Because("unread_form", "this field has a form that Tongdan does not know"))
	return ""
}

// plain is text that the platform has not masked: masked is absent.
func (n node) plain(key string) string {
	if s := n.text(key); !masked(s) {
		return s
	}
	return ""
}

// masked finds the "XXXXXXX" that stands for personal data before payment.
func masked(s string) bool {
	return strings.Contains(s, "XXXXXXX") || (len(s) >= 3 && strings.Trim(s, "Xx* ") == "")
}

// id reads a number that names something of theirs; digits only.
func (n node) id(key string) string {
	s := n.text(key)
	if s == "" || isID(s) {
		return s
	}
	n.trouble(key, fault.Because("unread_id", "this is not a number of the platform"))
	return ""
}

func isID(s string) bool {
	if s == "" || len(s) > 20 {
		return false
	}
	for _, c := range []byte(s) {
		if c < '0' || c > '9' {
			return false
		}
	}
	return true
}

func (n node) yes(key string) bool {
	v, ok := n.raw(key)
	return ok && (string(v) == "true" || string(v) == `"true"`)
}

func (n node) obj(key string) node {
	v, ok := n.raw(key)
	if !ok {
		return node{t: n.t}
	}
	return n.sub(key, v)
}

func (n node) sub(key string, v json.RawMessage) node {
	m, ok := split.Members(v)
	if !ok {
		n.trouble(key, fault.Because("unread_object", "an object was expected here"))
	}
	return node{m, n.path + key + ".", n.t}
}

func (n node) elements(key string) []json.RawMessage {
	v, ok := n.raw(key)
	if !ok {
		return nil
	}
	list, ok := split.Elements(v)
	if !ok {
		n.trouble(key, fault.Because("unread_list", "a list was expected here"))
	}
	return list
}

func (n node) list(key string) []node {
	var out []node
	for i, v := range n.elements(key) {
		if s := n.sub(key+"["+strconv.Itoa(i)+"]", v); s.m != nil {
			out = append(out, s)
		}
	}
	return out
}

func (n node) texts(key string) []string {
	var out []string
	for _, v := range n.elements(key) {
		var s string
		if json.Unmarshal(v, &s) == nil && s != "" {
			out = append(out, s)
		}
	}
	return out
}

// rat reads an exact decimal: a JSON number, or one inside a string (returns do so).
func (n node) rat(key string) *big.Rat {
	v, ok := n.raw(key)
	if !ok {
		return nil
	}
	s := string(v)
	if v[0] == '"' {
		s = n.text(key)
	}
	r := decimal(s)
	if r == nil {
		n.trouble(key, fault.Because("unread_number", "this is not a number that can be read"))
	}
	return r
}

// decimal is exact and bounded: an exponent of a billion would fill the memory.
func decimal(s string) *big.Rat {
	if s == "" || len(s) > 40 || strings.ContainsAny(s, "/_xXbBoOpP") {
		return nil
	}
	if i := strings.IndexAny(s, "eE"); i >= 0 {
		if e, err := strconv.Atoi(s[i+1:]); err != nil || e > 20 || e < -20 {
			return nil
		}
	}
	r, ok := new(big.Rat).SetString(s)
	if !ok {
		return nil
	}
	return r
}

// toMoney rounds half away from zero to the digits of the currency. Mercado Libre
// writes 52240 and 52240.00 for the same pesos, and fees with more digits than coins.
func toMoney(r *big.Rat, c money.Currency) *money.Amount {
	d, ok := c.Digits()
	if r == nil || !ok {
		return nil
	}
	scale := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(d)), nil)
	num := new(big.Int).Mul(r.Num(), scale)
	twice := num.Lsh(num.Abs(num), 1)
	q := twice.Add(twice, r.Denom())
	q.Quo(q, new(big.Int).Lsh(r.Denom(), 1))
	if !q.IsInt64() {
		return nil
	}
	m := q.Int64()
	if r.Sign() < 0 {
		m = -m
	}
	a := money.Of(m, c)
	return &a
}

func (n node) amount(key string, c money.Currency) *money.Amount {
	r := n.rat(key)
	a := toMoney(r, c)
	if r != nil && a == nil {
		n.trouble(key, fault.Because("unread_amount", "this amount is out of range, or its currency is not known"))
	}
	return a
}

// count reads a whole number of pieces; "2.0" is two.
func (n node) count(key string) (int64, bool) {
	r := n.rat(key)
	if r == nil {
		return 0, false
	}
	if !r.IsInt() || !r.Num().IsInt64() || r.Num().Int64() < 0 || r.Num().Int64() > 1_000_000 {
		n.trouble(key, fault.Because("unread_count", "this is not a number of pieces that can be"))
		return 0, false
	}
	return r.Num().Int64(), true
}

func (n node) float(key string) float64 {
	r := n.rat(key)
	if r == nil {
		return 0
	}
	f, _ := r.Float64()
	return f
}

// earliest is when nothing of today's marketplace existed: an earlier time is a
// mistake of somebody's.
var earliest = time.Date(2015, 1, 1, 0, 0, 0, 0, time.UTC)

// when reads a time in any of the shapes that are seen within one message, as UTC ms.
// Times before 2015, and after the bound unless it is zero, are absent.
func (n node) when(key string, notAfter time.Time) int64 {
	s := n.text(key)
	if s == "" {
		return 0
	}
	t, ok := moment(s)
	switch {
	case !ok:
		n.trouble(key, fault.Because("unread_time", "this is not a time that can be read"))
	case t.Before(earliest), !notAfter.IsZero() && t.After(notAfter), t.Year() > 2100:
		n.trouble(key, fault.Because("unread_time_bounds", "this time cannot be"))
	default:
		return t.UnixMilli()
	}
	return 0
}

func moment(s string) (time.Time, bool) {
	if len(s) > 40 {
		return time.Time{}, false
	}
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05-0700", "2006-01-02T15:04:05", time.DateOnly} {
		if t, err := time.Parse(layout, s); err == nil {
			return t, true
		}
	}
	return time.Time{}, false
}

func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return strings.ToValidUTF8(s[:n], "")
}
