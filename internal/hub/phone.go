package hub

import (
	"context"
	"slices"
	"strings"

	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/ident"
	"github.com/tongdan/tongdan/internal/db"
	"github.com/tongdan/tongdan/role"
)

// Phone reads a number as people write it and gives its international form: eleven digits
// that begin with 1 are of mainland China, anything else needs its + and country.
func Phone(text string) (string, bool) {
	n := strings.NewReplacer(" ", "", "-", "", "(", "", ")", "", "\u00a0", "").Replace(strings.TrimSpace(text))
	digits := strings.TrimPrefix(n, "+")
	if digits == "" || strings.Trim(digits, "0123456789") != "" {
		return "", false
	}
	switch {
	case !strings.HasPrefix(n, "+") && len(n) == 11 && n[0] == '1':
		return "+86" + n, true
	case strings.HasPrefix(n, "+86") && len(digits) == 13 && digits[2] == '1':
		return n, true
	case strings.HasPrefix(n, "+") && !strings.HasPrefix(n, "+86") && len(digits) >= 8 && len(digits) <= 15:
		return n, true
	}
	return "", false
}

// MaskPhone shows enough of a number to know one's own: +86139****0002.
func MaskPhone(phone string) string {
	if len(phone) < 9 {
		return strings.Repeat("*", len(phone))
	}
	return phone[:len(phone)-8] + "****" + phone[len(phone)-4:]
}

// SetPhone sets the number by which a person is knocked at and signs in, "" takes it away
// and nil leaves it, and the language in which he is told, "" leaves it.
func (h *Hub) SetPhone(ctx context.Context, who Actor, id ident.User, text *string, locale string) error {
	const op = "hub.SetPhone"
	u, err := h.db.UserByID(ctx, who.Merchant, id)
	if err != nil {
		return fault.Wrap(op, err)
	}
	if err := h.mayKeep(op, who, role.Role(u.Role)); err != nil { // one's own, too: an only owner has nobody to ask
		return err
	}
	var w wrong
	if locale != "" && !slices.Contains(locales, locale) {
		w.say("locale", fault.Because("field_none_of", "is none of {list}", "list", strings.Join(locales, ", ")))
		return w.err(op)
	}
	phone := ""
	if text != nil && *text != "" {
		var ok bool
		if phone, ok = Phone(*text); !ok {
			return &fault.Error{Op: op, Code: fault.Invalid, Why: fault.Because("fields_wrong", "some fields are wrong"), Fields: []fault.Field{fault.Wrong("body.phone", fault.Because("field_mobile", "must be a mobile number such as 13900000002 or +55 11 91234 5678"))}}
		}
	}
	line := []db.Entry{h.lineOf(who, "person.phone", u)} // with the first change that is made
	if text != nil {
		if err := h.db.SetPhone(ctx, who.Merchant, id, phone, line...); err != nil {
			return fault.Wrap(op, err)
		}
		line = nil
	}
	if locale != "" && locale != u.Locale {
		u.Locale = locale
		return fault.Wrap(op, h.db.SetUser(ctx, u, line...))
	}
	return nil
}
