package mercadolibre

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// ID is an id of the platform: a number above 32 bits. Old captures carry some
// ids as text, so it reads both and writes a number.
type ID int64

// UnmarshalJSON reads a number or a text of digits; null is 0.
func (id *ID) UnmarshalJSON(b []byte) error {
	s := strings.Trim(string(b), `"`)
	if s == "null" || s == "" {
		*id = 0
		return nil
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n < 0 {
		return fmt.Errorf("id %.40q is not a positive whole number", s)
	}
	*id = ID(n)
	return nil
}

// String returns the digits.
func (id ID) String() string { return strconv.FormatInt(int64(id), 10) }

// or returns id, or other when id is 0.
func (id ID) or(other ID) ID {
	if id == 0 {
		return other
	}
	return id
}

func parseID(s string) (ID, bool) {
	n, err := strconv.ParseInt(s, 10, 64)
	return ID(n), err == nil && n > 0
}

// Amount is money in hundredths of the currency's unit, whatever the currency:
// Chilean and Colombian amounts are whole units and end in 00 here. On the wire
// it is a JSON number without trailing zeros (259.8), as the platform writes it.
type Amount int64

// maxAmount keeps sums of amounts far from overflow.
const maxAmount = 1_000_000_000_000_00

// MarshalJSON writes the shortest decimal.
func (a Amount) MarshalJSON() ([]byte, error) { return []byte(a.String()), nil }

// String returns the shortest decimal: 259.8, 14.95, 52240.
func (a Amount) String() string {
	sign, n := "", int64(a)
	if n < 0 {
		sign, n = "-", -n
	}
	switch {
	case n%100 == 0:
		return fmt.Sprintf("%s%d", sign, n/100)
	case n%10 == 0:
		return fmt.Sprintf("%s%d.%d", sign, n/100, n%100/10)
	default:
		return fmt.Sprintf("%s%d.%02d", sign, n/100, n%100)
	}
}

// UnmarshalJSON reads a number or a text holding one, exactly for up to two
// decimals and rounded half away from zero beyond; null is 0.
func (a *Amount) UnmarshalJSON(b []byte) error {
	s := strings.Trim(string(b), `"`)
	if s == "null" || s == "" {
		*a = 0
		return nil
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil || math.IsNaN(f) || math.Abs(f) > maxAmount/100 {
		return fmt.Errorf("amount %.40q is not a decimal number within limits", s)
	}
	// Below 10^12 units a float64 holds hundredths with room to spare, so
	// rounding gives back exactly what was written.
	*a = Amount(math.Round(f * 100))
	return nil
}

// Stamp is a moment, to the millisecond. The zero Stamp is null on the wire.
type Stamp struct{ time.Time }

// wireZone is the offset in which the platform writes the times of orders,
// payments and shipments, whatever the site.
var wireZone = time.FixedZone("", -4*3600)

const (
	layoutOrder = "2006-01-02T15:04:05.000-07:00"
	layoutPack  = "2006-01-02T15:04:05.000-0700"
	layoutUTC   = "2006-01-02T15:04:05.000Z"
	layoutSLA   = "2006-01-02T15:04:05-07:00"
)

// stampAt keeps milliseconds, so that a moment is the same before and after it
// has been through the book.
func stampAt(t time.Time) Stamp {
	if t.IsZero() {
		return Stamp{}
	}
	return Stamp{t.UTC().Truncate(time.Millisecond)}
}

// MarshalJSON writes 2026-05-04T10:15:30.000-04:00, or null.
func (s Stamp) MarshalJSON() ([]byte, error) {
	if s.IsZero() {
		return []byte("null"), nil
	}
	return []byte(`"` + s.In(wireZone).Format(layoutOrder) + `"`), nil
}

// UnmarshalJSON reads every shape of time the platform is known to write.
func (s *Stamp) UnmarshalJSON(b []byte) error {
	if bytes.Equal(b, []byte("null")) {
		*s = Stamp{}
		return nil
	}
	var text string
	if err := json.Unmarshal(b, &text); err != nil {
		return errors.New("a time must be a text such as 2026-05-04T10:15:30.000-04:00")
	}
	t, err := parseTime(text)
	if err != nil {
		return err
	}
	*s = stampAt(t)
	return nil
}

func parseTime(text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	// A plus sign that was not encoded in a query arrives as a blank.
	text = strings.Replace(text, " ", "+", 1)
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999Z0700", "2006-01-02T15:04:05.999999999", "2006-01-02"} {
		if t, err := time.Parse(layout, text); err == nil {
			if y := t.Year(); y < 2000 || y > 2200 {
				break
			}
			return t, nil
		}
	}
	return time.Time{}, fmt.Errorf("time %.40q is not ISO 8601", text)
}

// pack writes the shape used by packs: no colon in the offset.
func (s Stamp) pack() *string { return s.text(wireZone, layoutPack) }

// utc writes the shape used by notifications: UTC with a Z.
func (s Stamp) utc() *string { return s.text(time.UTC, layoutUTC) }

func (s Stamp) text(zone *time.Location, layout string) *string {
	if s.IsZero() {
		return nil
	}
	t := s.In(zone).Format(layout)
	return &t
}

// ptr is for the many nullable fields.
func ptr[T any](v T) *T { return &v }

// orNil returns nil for an empty text, for fields that are null rather than "".
func orNil(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}
