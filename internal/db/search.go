package db

import (
	"cmp"
	"context"
	"encoding/json"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/width"

	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/order"
)

// Search goes through postings: (key, when, order), so that the orders of one key can
// be walked newest first. The first letter of a key says what it is:
//
//	n  a number of the order        r  the same, backwards, for its end
//	d  the number of the day        p  the last four digits of a phone
//	P  a whole phone                u  the platform's id of the buyer
//	c  a character of a name of a person, or two that follow each other
//	w  a word of such a name in an alphabet
//	m  the number of a dish or article, found by its name with LIKE
//
// Two Chinese characters are most dish names, which is why no trigrams are used.

const (
	maxSearchKeys = 200  // of an order
	maxFoundNames = 200  // of things whose name holds the query
	maxRange      = 5000 // orders whose number begins with the query
	minRange      = 3    // characters of a number before beginnings are looked for
	maxQuery      = 60   // characters
)

// fold makes texts comparable: one width, lower case, single spaces.
func fold(s string) string {
	return strings.Join(strings.Fields(strings.ToLower(width.Fold.String(clean(s, 2000)))), " ")
}

// keys gives the keys of an order but for those of names, which need their numbers.
func (s *SearchText) keys() (keys, names []string) {
	add := func(kind, v string) {
		if v != "" && len(v) < maxName && len(keys) < maxSearchKeys {
			keys = append(keys, kind+v)
		}
	}
	for _, n := range s.Numbers {
		n = fold(n)
		add("n", n)
		add("r", reverse(n))
	}
	add("d", fold(s.DaySeq))
	add("u", fold(s.UserRef))
	for _, p := range s.Phones {
		p = digitsOf(p)
		if len(p) > 4 {
			add("P", p)
		}
		if len(p) >= 4 {
			add("p", p[len(p)-4:])
		}
	}
	for _, p := range s.Persons {
		for _, k := range personKeys(fold(p)) {
			add(k[:1], k[1:])
		}
	}
	slices.Sort(keys)
	for _, n := range s.Names {
		if n = fold(n); n != "" && len(names) < maxSearchKeys && !slices.Contains(names, n) {
			names = append(names, n[:min(len(n), 500)])
		}
	}
	return slices.Compact(keys), names
}

// personKeys are the characters and pairs of a Chinese name, and the words of others.
func personKeys(name string) []string {
	var out []string
	for word := range strings.FieldsSeq(name) {
		runes := []rune(word)
		if !slices.ContainsFunc(runes, isHan) {
			out = append(out, "w"+word)
			continue
		}
		for i, r := range runes {
			out = append(out, "c"+string(r))
			if i > 0 {
				out = append(out, "c"+string(runes[i-1:i+1]))
			}
		}
	}
	return out
}

func isHan(r rune) bool { return unicode.Is(unicode.Han, r) }

func reverse(s string) string {
	r := []rune(s)
	slices.Reverse(r)
	return string(r)
}

func digitsOf(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, width.Fold.String(s))
}

// A source is one walk along postings.
type source struct {
	low, high string // keys from low, below high; high "" = only the key low
	verify    bool   // what is found may not hold the query
}

// sources says where to look for a query.
func (d *DB) sources(ctx context.Context, sc Scope, q string) ([]source, error) {
	if day, ok := strings.CutPrefix(q, "#"); ok && day != "" {
		return []source{{low: "d" + day}}, nil
	}
	var out []source
	n := utf8.RuneCountInString(q)
	han := strings.ContainsFunc(q, isHan)
	if !han {
		number := strings.ReplaceAll(q, " ", "")
		out = append(out, source{low: "d" + number})
		if sc.Personal {
			out = append(out, source{low: "u" + q})
		}
		if n >= minRange {
			out = append(out, source{low: "n" + number, high: "n" + number + "\U0010ffff"}, source{low: "r" + reverse(number), high: "r" + reverse(number) + "\U0010ffff"})
		} else {
			out = append(out, source{low: "n" + number})
		}
		if digits := digitsOf(q); digits == number && len(digits) == 4 {
			out = append(out, source{low: "p" + digits})
		} else if digits == number && len(digits) > 4 && sc.Personal {
			out = append(out, source{low: "P" + digits})
		}
	}
	if sc.Personal {
		switch {
		case !han && n >= 2:
			out = append(out, source{low: "w" + q, high: "w" + q + "\U0010ffff"})
		case han && n <= 2:
			out = append(out, source{low: "c" + q})
		case han:
			r := []rune(q)
			out = append(out, source{low: "c" + string(r[:2]), verify: true})
		}
	}
	like := "%" + strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(q) + "%"
	err := d.query(ctx, `SELECT id FROM names WHERE merchant_id = $1 AND name LIKE $2 ESCAPE '\' ORDER BY id DESC LIMIT $3`,
		[]any{int64(sc.Merchant), like, int64(maxFoundNames)}, func(scan scanFunc) error {
			var id int64
			err := scan(&id)
			out = append(out, source{low: nameKey(id)})
			return err
		})
	return out, err
}

// a hit is a place, and whether it has to be looked at.
type hit struct {
	place
	verify bool
}

// A sought is a query made ready.
type sought struct {
	q       string
	sources []source
	from    place
}

// seek makes the query of a filter ready; from is where the page begins.
func (d *DB) seek(ctx context.Context, sc Scope, f *Filter, from place) (w sought, err error) {
	w = sought{q: fold(f.Query), from: from}
	if utf8.RuneCountInString(w.q) > maxQuery {
		return w, fault.New("db.find", fault.Invalid, "search for at most 60 characters")
	}
	if f.Sort == SortDue && f.Cursor == "" {
		w.from = place{math.MaxInt64, math.MaxInt64}
	}
	w.sources, err = d.sources(ctx, sc, w.q)
	return w, err
}

// find is page with a query: newest first. It walks all sources together and drops what
// the rest of the filter does not want. After some steps it gives a short page.
func (d *DB) find(ctx context.Context, sc Scope, f Filter, w sought, limit int) (found []place, next string, err error) {
	q, sources, from := w.q, w.sources, w.from
	for range 10 {
		n := limit - len(found)
		if f.sifts(sc, sources) {
			n = 2 * limit
		}
		hits, err := d.hits(ctx, sc, sources, from, n)
		if err != nil {
			return nil, "", err
		}
		got, err := d.sift(ctx, sc, f, q, hits)
		if err != nil {
			return nil, "", err
		}
		for _, p := range got {
			if found = append(found, p); len(found) == limit {
				return found, p.text(), nil
			}
		}
		if len(hits) < n {
			return found, "", nil
		}
		from = hits[len(hits)-1].place
	}
	return found, from.text(), nil
}

// sifts reports whether something that a source finds may not be wanted.
func (f *Filter) sifts(sc Scope, sources []source) bool {
	var args []any
	return sc.Stores != nil || f.Stores != nil || len(f.Status) > 0 || f.residual(&args) != "" || slices.ContainsFunc(sources, func(s source) bool { return s.verify })
}

// maxWalks is how many sources are walked along in one statement.
const maxWalks = 16

// hits merges the next n places of all sources.
func (d *DB) hits(ctx context.Context, sc Scope, sources []source, from place, n int) ([]hit, error) {
	var all []hit
	for part := range slices.Chunk(sources, maxWalks) {
		args := []any{int64(sc.Merchant), from.at, from.id, int64(n)}
		text := strings.Join(walks(part, true, &args), ` UNION ALL `)
		err := d.query(ctx, text, args, func(scan scanFunc) error {
			var h hit
			err := scan(&h.at, &h.id, &h.verify)
			all = append(all, h)
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	slices.SortFunc(all, func(a, b hit) int { return cmp.Or(cmp.Compare(b.at, a.at), cmp.Compare(b.id, a.id)) })
	var out []hit
	for _, h := range all {
		if last := len(out) - 1; last >= 0 && out[last].place == h.place {
			out[last].verify = out[last].verify && h.verify
			continue
		}
		out = append(out, h)
	}
	return out[:min(n, len(out))], nil
}

// along is the walk that finds the next n orders of all sources, with more of their
// columns, where nothing is to be sifted and the sources are few; else it has no text.
func (w *sought) along(sc Scope, f *Filter, n int, more string) walk {
	if len(w.sources) == 0 || len(w.sources) > maxWalks || f.sifts(sc, w.sources) {
		return walk{}
	}
	args := []any{int64(sc.Merchant), w.from.at, w.from.id, int64(n)}
	list := walks(w.sources, false, &args)
	return walk{read(`SELECT sort_at, order_id AS id FROM (`+strings.Join(list, ` UNION `)+`) AS u ORDER BY sort_at DESC, order_id DESC LIMIT $4`, more), args, true}
}

// walks are the statements that walk along the sources, one each, from $2 and $3 and at
// most $4 steps; with verify they say of each step whether it has to be looked at. Those of
// a single key come first and are padded to a power of two by repeating the last, so that
// few texts exist; what is found twice is dropped by whoever reads it.
func walks(sources []source, verify bool, args *[]any) (list []string) {
	var plain, rest []source
	for _, s := range sources {
		if s.high == "" && !s.verify {
			plain = append(plain, s)
		} else {
			rest = append(rest, s)
		}
	}
	for n := len(plain); n&(n-1) != 0; n++ {
		plain = append(plain, plain[len(plain)-1])
	}
	bind := func(v any) string {
		*args = append(*args, v)
		return dollar(len(*args))
	}
	for _, s := range slices.Concat(plain, rest) {
		columns := `sort_at, order_id`
		switch {
		case verify && s.verify:
			columns += `, 1 AS verify`
		case verify:
			columns += `, 0 AS verify`
		}
		var from string
		if s.high == "" {
			from = `postings WHERE merchant_id = $1 AND key = ` + bind(s.low) + ` AND`
		} else {
			from = `(SELECT sort_at, order_id FROM postings WHERE merchant_id = $1 AND key >= ` + bind(s.low) + ` AND key < ` + bind(s.high) +
				` ORDER BY key LIMIT ` + strconv.Itoa(maxRange) + `) AS p WHERE`
		}
		list = append(list, `SELECT * FROM (SELECT `+columns+` FROM `+from+` (sort_at, order_id) < ($2, $3) ORDER BY sort_at DESC, order_id DESC LIMIT $4) AS s`)
	}
	return list
}

// sift keeps the hits that the filter wants.
func (d *DB) sift(ctx context.Context, sc Scope, f Filter, q string, hits []hit) ([]place, error) {
	if len(hits) == 0 {
		return nil, nil
	}
	ids := make([]int64, len(hits))
	verify := map[int64]bool{}
	for i, h := range hits {
		ids[i] = h.id
		if h.verify {
			verify[h.id] = true
		}
	}
	args := []any{int64(sc.Merchant)}
	wanted, args := sc.where("store_id", args)
	if f.Stores != nil {
		wanted += anyOf("store_id", storeNumbers(f.Stores), &args)
	}
	wanted += f.statuses(&args) + f.residual(&args)
	out := make([]place, 0, len(hits))
	if wanted == "" && len(verify) == 0 {
		for _, h := range hits {
			out = append(out, h.place)
		}
		return out, nil
	}
	search := "search"
	if len(verify) == 0 {
		search = "NULL"
	}
	found := map[int64]bool{}
	err := d.query(ctx, `SELECT id, `+search+` FROM orders WHERE `+d.eng.aside+`merchant_id = $1`+wanted+anyOf("id", ids, &args), args, func(scan scanFunc) error {
		var id int64
		var zipped []byte
		err := scan(&id, &zipped)
		found[id] = err == nil && (!verify[id] || d.holds(zipped, q))
		return err
	})
	for _, h := range hits {
		if found[h.id] {
			out = append(out, h.place)
		}
	}
	return out, err
}

// holds looks whether a person's name holds the query.
func (d *DB) holds(zipped []byte, q string) bool {
	plain, err := d.zip.unzip(zipped)
	var s SearchText
	if err != nil || json.Unmarshal(plain, &s) != nil {
		return false
	}
	return slices.ContainsFunc(s.Persons, func(p string) bool { return strings.Contains(fold(p), q) })
}

// List unpacks flags.
func (f Flags) List() []order.Flag {
	var out []order.Flag
	for i, x := range order.Flags {
		if f&(1<<i) != 0 {
			out = append(out, x)
		}
	}
	return out
}
