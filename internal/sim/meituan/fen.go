package meituan

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
)

// fen is money in hundredths of a yuan. On the wire it is yuan as a decimal, as number or string.
type fen int64

// String prints the shortest decimal: 22.5, 25.
func (f fen) String() string {
	sign, n := "", int64(f)
	if n < 0 {
		sign, n = "-", -n
	}
	s := sign + strconv.FormatInt(n/100, 10)
	if n%100 == 0 {
		return s
	}
	return strings.TrimRight(fmt.Sprintf("%s.%02d", s, n%100), "0")
}

// double prints as the platform's Java does for a double: 4.0, 32.5.
func (f fen) double() string {
	s := f.String()
	if !strings.Contains(s, ".") {
		s += ".0"
	}
	return s
}

// MarshalJSON writes a JSON number.
func (f fen) MarshalJSON() ([]byte, error) { return []byte(f.String()), nil }

// UnmarshalJSON reads a JSON number or string of yuan with at most two decimals that count.
func (f *fen) UnmarshalJSON(raw []byte) error {
	s := string(raw)
	if len(s) > 1 && s[0] == '"' {
		if err := json.Unmarshal(raw, &s); err != nil {
			return err
		}
	}
	if s == "null" || s == "" {
		*f = 0
		return nil
	}
	n, err := parseYuan(s)
	if err != nil {
		return err
	}
	*f = n
	return nil
}

// parseYuan reads an exact decimal amount of at most 9 digits before the point.
func parseYuan(s string) (fen, error) {
	bad := fmt.Errorf("%q is no amount of yuan: write it like 22.5", s)
	body, negative := strings.CutPrefix(s, "-")
	whole, part, _ := strings.Cut(body, ".")
	part = strings.TrimRight(part, "0")
	if whole == "" || len(whole) > 9 || len(part) > 2 {
		return 0, bad
	}
	for len(part) < 2 {
		part += "0"
	}
	n, err := strconv.ParseUint(whole+part, 10, 63)
	if err != nil {
		return 0, bad
	}
	if negative {
		return -fen(n), nil
	}
	return fen(n), nil
}

// javaDouble is fen that marshals like a Java double, as the top-level amounts of an
// order do: 4.0.
type javaDouble fen

func (f javaDouble) MarshalJSON() ([]byte, error) { return []byte(fen(f).double()), nil }
