package meituan

import (
	"bytes"
	"encoding/json"
	"errors"
	"math/big"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/internal/split"
	"github.com/tongdan/tongdan/money"
	"github.com/tongdan/tongdan/order"
)

// CNY is the only currency of the platform.
const CNY money.Currency = "CNY"

// Limits on what comes from outside.
const (
	maxBody = 1 << 20 // bytes of a callback
	maxText = 2000    // bytes of one text
	maxID   = 64
)

// text is a value that Meituan writes as a string in one place and as a number or a
// boolean in the next. Numbers keep every digit: order ids pass 2^53.
type text string

func (t *text) UnmarshalJSON(b []byte) error {
	*t = ""
	if len(b) > 0 && b[0] == '"' {
		s, ok := split.Text(b)
		if !ok {
			return errors.New("a text cannot be read")
		}
		*t = text(clean(s))
	} else if string(b) != "null" {
		*t = text(b)
	}
	return nil
}

// form is an order, a case or any message as names and raw values. JSON inside a value
// stays as it came: arrays are read where they are needed.
type form map[string]string

// formOf flattens a JSON object: detail may be an array or a string that holds one.
func formOf(b []byte) (form, error) {
	if !json.Valid(b) {
		return nil, errors.New("the message is no JSON")
	}
	m, ok := split.Members(b)
	if !ok && string(bytes.TrimSpace(b)) != "null" {
		return nil, errors.New("the message is no JSON object")
	}
	f := make(form, len(m))
	for _, x := range m {
		if string(x.Value) == "null" {
			delete(f, x.Name())
			continue
		}
		var t text
		if err := t.UnmarshalJSON(x.Value); err != nil {
			return nil, err
		}
		f[x.Name()] = string(t)
	}
	return f, nil
}

// formFrom takes a callback's values, cleaned.
func formFrom(v map[string]string) form {
	f := form{}
	for k, s := range v {
		f[k] = clean(s)
	}
	return f
}

// clean removes what no database and no printer wants.
func clean(s string) string {
	if strings.IndexByte(s, 0) >= 0 {
		s = strings.ReplaceAll(s, "\x00", "")
	}
	return strings.ToValidUTF8(s, "�")
}

func (f form) has(k string) bool { _, ok := f[k]; return ok }

// get gives a text without spaces around it, cut to a sane length.
func (f form) get(k string) string { return clip(strings.TrimSpace(f[k]), maxText) }

func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}

// id gives an id of theirs, "" when it is not of a form that can be one.
func (f form) id(k string) string {
	s := strings.TrimSpace(f[k])
	if s == "0" || len(s) > maxID || strings.IndexFunc(s, func(r rune) bool {
		return !(r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r == '_' || r == '-')
	}) >= 0 {
		return ""
	}
	return s
}

// trouble collects what could not be read, so that the rest is kept. Messages name the
// field and never its value.
type trouble []order.Issue

func (t *trouble) add(path string, why fault.Reason) {
	if len(*t) < 20 {
		*t = append(*t, order.Found(order.SevWarn, order.IssueField, path, why))
	}
}

// Times outside this range are absent: Meituan writes 0 for "not yet".
var earliest = time.Date(2015, 1, 1, 0, 0, 0, 0, time.UTC).UnixMilli()

// millis reads Unix seconds. ahead is how far it may lie in the future.
func (f form) millis(k string, at time.Time, ahead time.Duration, t *trouble) int64 {
	s := strings.TrimSpace(f[k])
	if s == "" {
		return 0
	}
	whole, frac, _ := strings.Cut(s, ".")
	n, err := strconv.ParseInt(whole, 10, 64)
	if err != nil || strings.Trim(frac, "0") != "" {
		t.add(k, fault.Because("unread_time", "this is not a time that can be read"))
		return 0
	}
	if n == 0 {
		return 0
	}
	if n < earliest/1000 || n > at.Add(ahead).Unix() {
		t.add(k, fault.Because("unread_time_bounds", "this time cannot be"))
		return 0
	}
	return n * 1000
}

const (
	soon  = 24 * time.Hour      // for what has happened: clocks differ
	later = 60 * 24 * time.Hour // for what is promised
)

// yuan reads an amount; nil when the field is absent or empty.
func (f form) yuan(k string, t *trouble) *money.Amount {
	return yuan(f[k], k, t)
}

func yuan(s, path string, t *trouble) *money.Amount {
	s = strings.TrimSpace(s)
	if s == "" {
		return nil
	}
	a, err := money.Parse(s, CNY)
	if err != nil {
		t.add(path, fault.Because("unread_sum", "this is not an amount that can be read"))
		return nil
	}
	return &a
}

// fen reads an amount in fen.
func fen(s, path string, t *trouble) *money.Amount {
	s = strings.TrimSpace(s)
	if s == "" {
		return nil
	}
	s, frac, _ := strings.Cut(s, ".")
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || strings.Trim(frac, "0") != "" {
		t.add(path, fault.Because("unread_sum", "this is not an amount that can be read"))
		return nil
	}
	a := money.Of(n, CNY)
	return &a
}

// whole reads a count such as 2, "2" or 2.0.
func whole(s string) (int64, error) {
	a, frac, _ := strings.Cut(strings.TrimSpace(s), ".")
	if strings.Trim(frac, "0") != "" {
		return 0, errors.New("not a whole number")
	}
	n, err := strconv.ParseInt(a, 10, 64)
	if err == nil && (n < 0 || n > 1e6) {
		err = errors.New("out of range")
	}
	return n, err
}

// times multiplies an amount by a decimal such as box_num, which may be half a box, to
// the nearest fen.
func times(a money.Amount, by string) (money.Amount, bool) {
	if by = strings.TrimSpace(by); len(by) > 16 || strings.ContainsAny(by, "eE/") {
		return money.Amount{}, false
	}
	r, ok := new(big.Rat).SetString(by)
	if !ok || r.Sign() < 0 {
		return money.Amount{}, false
	}
	r.Mul(r, new(big.Rat).SetInt64(a.Minor()))
	n, d := r.Num(), r.Denom()
	half := new(big.Int).Rsh(d, 1)
	q := new(big.Int).Div(new(big.Int).Add(n, half), d)
	if !q.IsInt64() {
		return money.Amount{}, false
	}
	return money.Of(q.Int64(), CNY), true
}

// single takes a query or a form apart. A name that comes twice is refused: which of the
// two was signed is not documented.
func single(v url.Values) (map[string]string, bool) {
	out := make(map[string]string, len(v))
	for k, vs := range v {
		if len(vs) != 1 {
			return nil, false
		}
		out[k] = vs[0]
	}
	return out, true
}

// A wireLine is an element of detail.
type wireLine struct {
	Food     text  `json:"app_food_code"`
	Name     text  `json:"food_name"`
	SKU      text  `json:"sku_id"`
	Quantity text  `json:"quantity"`
	Price    text  `json:"price"` // after the discount on the item; the original one where so subscribed
	Original text  `json:"original_price"`
	BoxNum   text  `json:"box_num"`
	BoxPrice text  `json:"box_price"`
	Unit     text  `json:"unit"`
	Property *text `json:"food_property"`
	Cart     text  `json:"cart_id"`
	Spec     text  `json:"spec"`
}

// A wireExtra is an element of extras.
type wireExtra struct {
	Reduce text `json:"reduce_fee"`
	Mine   text `json:"poi_charge"`
	Theirs text `json:"mt_charge"`
	Remark text `json:"remark"`
	Type   text `json:"type"`
}

// A wireFood is an element of food, of wmAppRetailForOrderPartRefundList and of
// getPartRefundFoods.
type wireFood struct {
	Food   text `json:"app_food_code"`
	Name   text `json:"food_name"`
	SKU    text `json:"sku_id"`
	Count  text `json:"count"`
	Refund text `json:"refund_price"` // of one piece
}

// array reads a JSON array, also one inside a JSON string, element by element: one that
// cannot be read does not take the others with it.
func array[T any](s, path string, t *trouble) []T {
	s = strings.TrimSpace(s)
	for range 2 {
		var inner string
		if strings.HasPrefix(s, `"`) && json.Unmarshal([]byte(s), &inner) == nil {
			s = strings.TrimSpace(inner)
		}
	}
	if s == "" || s == "null" {
		return nil
	}
	var raws []json.RawMessage
	if all := []byte(s); json.Valid(all) {
		raws, _ = split.Elements(all)
	}
	if raws == nil {
		t.add(path, fault.Because("unread_list", "a list was expected here"))
		return nil
	}
	out := make([]T, 0, min(len(raws), order.MaxLines+1))
	for i, raw := range raws {
		if i > order.MaxLines {
			break // the fold says that there are too many
		}
		var v T
		if err := json.Unmarshal(raw, &v); err != nil {
			t.add(path+"."+strconv.Itoa(i+1), fault.Because("unread_element", "this entry of a list cannot be read"))
			continue
		}
		out = append(out, v)
	}
	return out
}
