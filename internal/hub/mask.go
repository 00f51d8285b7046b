package hub

import (
	"bytes"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"net/url"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// A masker replaces what tells who a customer is, so that an order's journal can be given
// to others. A value becomes another of the same form: digits become digits, letters
// letters, Chinese characters Chinese characters, and marks stay, so that what reads the
// value goes the same way. Equal values become equal values, under a key that is drawn for
// one masker and kept nowhere. What is masked in one place is masked wherever else it
// stands.
type masker struct {
	key    [32]byte
	fields map[string]bool // names of fields, and "parent.name"
	known  map[string]string
	sorted []string // of known, the longest first
}

func newMasker(fields []string) *masker {
	m := &masker{fields: map[string]bool{}, known: map[string]string{}}
	rand.Read(m.key[:])
	for _, f := range slices.Concat(fields, ownPersonal) {
		m.fields[f] = true
	}
	return m
}

// ownPersonal are fields of our own documents: orders, acts.
var ownPersonal = []string{"customer.name", "customer.phone", "customer.phone_tail", "customer.address", "customer.address_detail", "customer.zip", "customer.lat", "customer.lng",
	"d.name", "d.phone", "d.address", "d.address_detail", "d.zip", "d.lat", "d.lng", "remark", "remark.d", "invoice.title", "invoice.tax_id", "d.title", "d.tax_id",
	"courier.name", "courier.phone", "rider.name", "rider.phone", "text", "d.text", "d.by", "reason", "d.reason"}

// value masks one value.
func (m *masker) value(s string) string {
	if strings.TrimSpace(s) == "" {
		return s
	}
	if v, ok := m.known[s]; ok {
		return v
	}
	mac := hmac.New(sha256.New, m.key[:])
	mac.Write([]byte(s))
	stream := mac.Sum(nil)
	next := func(n int) int {
		if len(stream) < 2 {
			mac.Write([]byte{1})
			stream = mac.Sum(nil)
		}
		v := int(stream[0])<<8 | int(stream[1])
		stream = stream[2:]
		return v % n
	}
	var b strings.Builder
	changed := false
	for i, r := range s {
		switch {
		case r >= '0' && r <= '9':
			d := rune('0' + next(10))
			if i == 0 && d == '0' {
				d = '1' // a number stays one
			}
			b.WriteRune(d)
		case r >= 'a' && r <= 'z':
			b.WriteRune(rune('a' + next(26)))
		case r >= 'A' && r <= 'Z':
			b.WriteRune(rune('A' + next(26)))
		case unicode.Is(unicode.Han, r):
			b.WriteRune(masks[next(len(masks))])
		case unicode.IsLetter(r):
			b.WriteRune(rune('a' + next(26)))
		default:
			b.WriteRune(r)
			continue
		}
		changed = true
	}
	out := b.String()
	if changed && out == s { // as likely as a number that is guessed
		return m.value(s + "x")[:len(s)]
	}
	m.known[s] = out
	if long(s) {
		at, _ := slices.BinarySearchFunc(m.sorted, s, func(a, b string) int { return len(b) - len(a) })
		m.sorted = slices.Insert(m.sorted, at, s)
	}
	return out
}

// masks stand in for Chinese characters: units of time and place that name nobody.
var masks = []rune("甲乙丙丁戊己庚辛壬癸子丑寅卯辰巳午未申酉戌亥东南西北中")

// long reports whether a value is masked also where it stands inside another text.
func long(s string) bool {
	n := utf8.RuneCountInString(s)
	if strings.IndexFunc(s, func(r rune) bool { return unicode.Is(unicode.Han, r) }) >= 0 {
		return n >= 2
	}
	digits := strings.IndexFunc(s, func(r rune) bool { return r < '0' || r > '9' }) < 0
	return n >= 7 || n >= 4 && !digits
}

// text masks what is known inside another text.
func (m *masker) text(s string) string {
	for _, k := range m.sorted {
		if strings.Contains(s, k) {
			s = strings.ReplaceAll(s, k, m.known[k])
		}
	}
	return s
}

// bytes masks a message: JSON, a form (encoded once or twice), or any text.
func (m *masker) bytes(b []byte) []byte {
	if len(b) == 0 {
		return b
	}
	t := bytes.TrimSpace(b)
	if len(t) > 0 && (t[0] == '{' || t[0] == '[') && json.Valid(t) {
		return m.json(t, "", "")
	}
	if form, ok := m.form(string(b)); ok {
		return []byte(form)
	}
	return []byte(m.text(string(b)))
}

// json masks a document. Names keep their order and numbers their form.
func (m *masker) json(b []byte, grand, parent string) []byte {
	b = bytes.TrimSpace(b)
	switch b[0] {
	case '{':
		var out bytes.Buffer
		d := json.NewDecoder(bytes.NewReader(b))
		d.Token()
		out.WriteByte('{')
		for i := 0; d.More(); i++ {
			t, err := d.Token()
			name, _ := t.(string)
			var v json.RawMessage
			if err != nil || d.Decode(&v) != nil {
				break
			}
			if i > 0 {
				out.WriteByte(',')
			}
			k, _ := json.Marshal(m.text(name))
			out.Write(k)
			out.WriteByte(':')
			out.Write(m.json(v, parent, name))
		}
		out.WriteByte('}')
		return out.Bytes()
	case '[':
		var list []json.RawMessage
		if json.Unmarshal(b, &list) != nil {
			return b
		}
		var out bytes.Buffer
		out.WriteByte('[')
		for i, v := range list {
			if i > 0 {
				out.WriteByte(',')
			}
			out.Write(m.json(v, grand, parent))
		}
		out.WriteByte(']')
		return out.Bytes()
	case '"':
		var s string
		if json.Unmarshal(b, &s) != nil {
			return b
		}
		var v string
		if inner := strings.TrimSpace(s); len(inner) > 1 && (inner[0] == '{' || inner[0] == '[') && json.Valid([]byte(inner)) {
			v = string(m.json([]byte(inner), grand, parent))
		} else if m.personal(grand, parent) {
			v = m.value(s)
		} else {
			v = m.text(s)
		}
		var out bytes.Buffer
		e := json.NewEncoder(&out)
		e.SetEscapeHTML(false)
		if e.Encode(v) != nil {
			return b
		}
		return bytes.TrimSpace(out.Bytes())
	case 't', 'f', 'n':
		return b
	}
	if m.personal(grand, parent) {
		return []byte(m.value(string(b)))
	}
	return b
}

func (m *masker) personal(parent, name string) bool {
	return m.fields[name] || m.fields[parent+"."+name]
}

// form masks a form; a value that is still encoded after one decoding was encoded twice.
func (m *masker) form(s string) (string, bool) {
	lead := ""
	if strings.HasPrefix(s, "?") {
		lead, s = "?", s[1:]
	}
	head, rest, cut := strings.Cut(s, "\n\n") // a query, an empty line, a body
	if !strings.Contains(head, "=") || strings.ContainsAny(head, " \n{") {
		return "", false
	}
	parts := strings.Split(head, "&")
	for i, p := range parts {
		name, raw, _ := strings.Cut(p, "=")
		once, err := url.QueryUnescape(raw)
		if err != nil {
			once = raw
		}
		twice, err := url.QueryUnescape(once)
		deep := err == nil && twice != once
		v := once
		if deep {
			v = twice
		}
		switch inner := strings.TrimSpace(v); {
		case len(inner) > 1 && (inner[0] == '{' || inner[0] == '[') && json.Valid([]byte(inner)):
			v = string(m.json([]byte(inner), "", name))
		case m.fields[name]:
			v = m.value(v)
		default:
			v = m.text(v)
		}
		if deep {
			v = url.QueryEscape(v)
		}
		parts[i] = name + "=" + url.QueryEscape(v)
	}
	out := lead + strings.Join(parts, "&")
	if cut {
		out += "\n\n" + string(m.bytes([]byte(rest)))
	}
	return out, true
}

// learn goes through messages once, so that what is personal in one is known when it
// stands without a name in another.
func (m *masker) learn(list ...[]byte) {
	for _, b := range list {
		m.bytes(b)
	}
}
