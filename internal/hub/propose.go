package hub

import (
	"cmp"
	"slices"
	"strings"
	"unicode"

	"github.com/tongdan/tongdan/channel"
	"github.com/tongdan/tongdan/ident"
	"github.com/tongdan/tongdan/internal/db"
)

// Which store of ours a platform's shop is, is proposed with its grounds and decided by a person. This file is
// pure: from what the platform tells and what is known here to what is proposed.

// A Guess is a store that a found shop may be.
type Guess struct {
	StoreID ident.Store   `json:"store_id"`
	Score   int           `json:"score" doc:"0 to 100."`
	Grounds []MatchGround `json:"grounds"`
}

// A MatchGround is why a shop may be a store, or may not.
type MatchGround struct {
	Kind    string `json:"kind" enum:"code,name,address,phone,near,far" doc:"code: another shop of the store has the same id at its platform. near, far: metres to another shop of the store."`
	Ours    string `json:"ours"`
	Same    bool   `json:"same" doc:"Equal, and not only alike."`
	Against bool   `json:"against" doc:"It speaks against it."`
	Metres  int    `json:"metres,omitempty"`
}

// A known store is what is known here of one: itself, and what platforms tell of its shops.
type knownStore struct {
	row   db.StoreRow
	shops []knownShop
	taken bool // one of the account's shops is this store already
}

type knownShop struct {
	external string
	told     channel.Standing
}

// Points of grounds, out of 100, and from when a guess counts.
const (
	pointsCode    = 90
	pointsPhone   = 60
	pointsName    = 75
	pointsAddress = 60
	pointsNear    = 40
	pointsFar     = -60
	pointsOther   = -20

	leastGuess = 30 // below, it is none
	sureGuess  = 75
	sureLead   = 20 // over the next best

	nearMetres   = 200
	farMetres    = 2000
	longestBrand = 40 // characters

	alike   = 0.55 // of two texts, from which they count as alike
	differs = 0.3  // of two names, below which they speak against
)

// propose guesses for each found shop which store it is, the likeliest first. sure says that one is likely enough to
// be taken with all others of its kind by one press: nothing speaks against it, no other store comes near, no other
// found shop has a claim to the store, and the store has no shop of the account yet. brand is left out of names.
func propose(found []channel.Standing, stores []knownStore, brand string) (guesses [][]Guess, sure []bool) {
	guesses, sure = make([][]Guess, len(found)), make([]bool, len(found))
	var all []string
	phones := map[string]int{} // how many stores, and how many found shops, have it: one for all tells nothing
	for _, s := range stores {
		all = append(append(all, s.row.Name), names(s.shops)...)
		for k := range phonesOf(s.shops) {
			phones[k]++
		}
	}
	for _, f := range found {
		all = append(all, f.Name)
		for _, k := range tails(f.Phone) {
			phones["their "+k]++
		}
	}
	brands := []string{plainText(brand), prefixOf(all)}
	own := func(phone string) bool { return phones[phone] == 1 && phones["their "+phone] == 1 }
	claims := map[ident.Store]int{}
	for i, f := range found {
		for _, s := range stores {
			if g := guess(f, s, brands, own); g.Score >= leastGuess {
				guesses[i] = append(guesses[i], g)
			}
		}
		slices.SortStableFunc(guesses[i], func(a, b Guess) int { return cmp.Compare(b.Score, a.Score) })
		if len(guesses[i]) > 0 && guesses[i][0].Score >= sureGuess {
			claims[guesses[i][0].StoreID]++
		}
	}
	for i := range found {
		g := guesses[i]
		if len(g) == 0 || g[0].Score < sureGuess || len(g) > 1 && g[0].Score-g[1].Score < sureLead || claims[g[0].StoreID] > 1 {
			continue
		}
		at := slices.IndexFunc(stores, func(s knownStore) bool { return s.row.ID == g[0].StoreID })
		sure[i] = !stores[at].taken && !slices.ContainsFunc(g[0].Grounds, func(x MatchGround) bool { return x.Against })
	}
	for i := range guesses {
		guesses[i] = guesses[i][:min(len(guesses[i]), 3)]
	}
	return guesses, sure
}

// guess weighs one pair. own says of a phone number that it is one store's alone.
func guess(f channel.Standing, s knownStore, brands []string, own func(phone string) bool) Guess {
	g := Guess{StoreID: s.row.ID}
	total := 0
	add := func(points int, ground MatchGround) {
		total += points
		ground.Against = points < 0
		g.Grounds = append(g.Grounds, ground)
	}
	if i := slices.IndexFunc(s.shops, func(k knownShop) bool { return k.external == f.Shop && len([]rune(f.Shop)) > 1 }); i >= 0 {
		add(pointsCode, MatchGround{Kind: "code", Ours: s.shops[i].external, Same: true})
	}
	best, same, ours := 0.0, false, ""
	theirs := branch(f.Name, brands)
	for _, name := range append([]string{s.row.Name}, names(s.shops)...) {
		if v := likeness(theirs, branch(name, brands)); v > best {
			best, same, ours = v, v == 1, name
		}
	}
	if best >= alike {
		add(int(best*best*pointsName), MatchGround{Kind: "name", Ours: ours, Same: same})
	} else if best < differs && len(g.Grounds) == 0 && theirs != "" { // two brands may cook at one place, with one telephone
		add(pointsOther, MatchGround{Kind: "name", Ours: s.row.Name})
	}
	if there := plainText(f.Address); there != "" && plainText(s.row.Address) != "" {
		v := likeness(there, plainText(s.row.Address))
		switch {
		case v >= alike || strings.Contains(there, plainText(s.row.Address)) || strings.Contains(plainText(s.row.Address), there):
			add(int(max(v, alike)*pointsAddress), MatchGround{Kind: "address", Ours: s.row.Address, Same: v == 1})
		case v < 0.15:
			add(-15, MatchGround{Kind: "address", Ours: s.row.Address})
		}
	}
	if i := slices.IndexFunc(s.shops, func(k knownShop) bool { return samePhone(k.told.Phone, f.Phone, own) }); i >= 0 {
		add(pointsPhone, MatchGround{Kind: "phone", Ours: s.shops[i].told.Phone, Same: true})
	}
	if f.Place.Lat != 0 || f.Place.Lon != 0 {
		for _, k := range s.shops {
			if k.told.Place.Lat == 0 && k.told.Place.Lon == 0 {
				continue
			}
			switch m := int(f.Place.Metres(k.told.Place)); {
			case m <= nearMetres:
				add(pointsNear, MatchGround{Kind: "near", Ours: k.told.Name, Metres: m})
			case m >= farMetres:
				add(pointsFar, MatchGround{Kind: "far", Ours: k.told.Name, Metres: m})
			default:
				continue
			}
			break
		}
	}
	g.Score = max(0, min(total, 100))
	return g
}

func names(shops []knownShop) (out []string) {
	for _, k := range shops {
		if k.told.Name != "" {
			out = append(out, k.told.Name)
		}
	}
	return out
}

// plainText is a text without everything in which two people write the same thing differently: case, width, spaces,
// punctuation.
func plainText(s string) string {
	var b strings.Builder
	for _, r := range s {
		if r >= 0xFF01 && r <= 0xFF5E { // full width
			r -= 0xFEE0
		}
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			b.WriteRune(unicode.ToLower(r))
		}
	}
	return b.String()
}

// branch is what tells a store of a chain from the others: its name without the brand and without a last 店.
func branch(name string, brands []string) string {
	s := plainText(name)
	for _, b := range brands {
		if rest := strings.TrimPrefix(s, b); b != "" && rest != "" && rest != "店" {
			s = rest
		}
	}
	if rest := strings.TrimSuffix(s, "店"); rest != "" {
		s = rest
	}
	return s
}

// prefixOf is the longest beginning that three names or more share: a brand.
func prefixOf(names []string) string {
	n := map[string]int{}
	seen := map[string]bool{}
	best := ""
	for _, name := range names {
		name = plainText(name)
		if seen[name] {
			continue
		}
		seen[name] = true
		r := []rune(name)
		for k := 2; k < min(len(r), longestBrand); k++ { // a platform may send any length
			p := string(r[:k])
			if n[p]++; n[p] >= 3 && len(p) > len(best) {
				best = p
			}
		}
	}
	return best
}

// likeness is how many pairs of neighbouring characters two texts share, 0 to 1 (Dice); 1 for equal ones alone.
func likeness(a, b string) float64 {
	if a == "" || b == "" {
		return 0
	}
	if a == b {
		return 1
	}
	x, y := pairs(a), pairs(b)
	common, n := 0, 0
	for k, v := range x {
		common += min(v, y[k])
		n += v
	}
	for _, v := range y {
		n += v
	}
	return min(2*float64(common)/float64(n), 0.99)
}

func pairs(s string) map[[2]rune]int {
	out := map[[2]rune]int{}
	last := rune(0)
	for _, r := range s + "\x00" {
		out[[2]rune{last, r}]++
		last = r
	}
	return out
}

// samePhone reports whether two texts have a number in common that is one store's alone.
func samePhone(a, b string, own func(string) bool) bool {
	x := tails(a)
	return slices.ContainsFunc(tails(b), func(p string) bool { return slices.Contains(x, p) && own(p) })
}

// tails gives the last eight digits of each number in a text.
func tails(s string) (out []string) {
	for _, part := range strings.FieldsFunc(s, func(r rune) bool { return r == '/' || r == ',' || r == ';' || r == '、' || r == '，' }) {
		var d strings.Builder
		for _, r := range part {
			if r >= '0' && r <= '9' {
				d.WriteRune(r)
			}
		}
		if n := d.Len(); n >= 7 {
			out = append(out, d.String()[max(0, n-8):])
		}
	}
	return out
}

func phonesOf(shops []knownShop) map[string]bool {
	out := map[string]bool{}
	for _, k := range shops {
		for _, p := range tails(k.told.Phone) {
			out[p] = true
		}
	}
	return out
}
