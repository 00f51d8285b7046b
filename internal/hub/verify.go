package hub

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/ident"
	"github.com/tongdan/tongdan/internal/db"
	"github.com/tongdan/tongdan/order"
)

// VerifyOptions say what is verified.
type VerifyOptions struct {
	Merchant ident.Merchant // 0 = all
	Checks   []string       // names, see VerifyChecks; nil = all
	Examples int            // counterexamples that are kept of a check; 0 = 10
	Window   int            // rows of one read; 0 = 200
	Repair   bool           // derived data only: counts and search are rebuilt, orders folded again

	Progress func(check string, looked int) // called after each window; may be nil
}

// A VerifyReport is what was found. Holds is true when there is no counterexample.
type VerifyReport struct {
	Engine string        `json:"engine"`
	At     int64         `json:"at"` // UTC ms
	TookMS int64         `json:"took_ms"`
	Holds  bool          `json:"holds"`
	Checks []VerifyCheck `json:"checks"`
}

// A VerifyCheck is one invariant.
type VerifyCheck struct {
	Name     string       `json:"name"`
	Says     string       `json:"says"`
	Looked   int          `json:"looked"` // how many were looked at
	Bad      int          `json:"bad"`    // how many do not hold
	Examples []db.Finding `json:"examples"`
	Repaired string       `json:"repaired,omitempty"` // what was repaired, and what a second look found
}

// A check is one invariant and how it is looked at, window by window.
type check struct {
	name, says string
	derived    bool // what it looks at can be made anew
	step       func(h *Hub, ctx context.Context, m ident.Merchant, from string, limit int) (db.Window, error)
	walk       func(h *Hub, m ident.Merchant) func(ctx context.Context, limit int) (db.Window, error) // instead of step: one that remembers
}

// checks are the invariants in the order in which they are looked at.
var checks = []check{
	{name: "identity", says: "a sale is here once: a platform's number, or another number of it, is one order; what a platform told of has its order",
		step: func(h *Hub, ctx context.Context, m ident.Merchant, from string, n int) (db.Window, error) {
			return h.db.CheckIdentity(ctx, m, from, n)
		}},
	{name: "fold", says: "the stored order is what its records say with today's code", derived: true, step: (*Hub).checkFold},
	{name: "money", says: "lines + fees - discounts = total and refunds are at most what was paid, or an issue on the order says so", step: (*Hub).checkMoney},
	{name: "reservations", says: "what is reserved is what the order wants", derived: true, step: (*Hub).checkReserved},
	{name: "stock", says: "on hand is the sum of movements, reserved the sum of what orders keep, and channels may sell at most what is sellable",
		step: (*Hub).checkStock},
	{name: "effects", says: "one open goal a key, no attempt without an end, no additive call repeated after a lost answer",
		step: func(h *Hub, ctx context.Context, m ident.Merchant, from string, n int) (db.Window, error) {
			return h.db.CheckEffects(ctx, m, from, n)
		}},
	{name: "parked", says: "what could not be read is parked with its bytes",
		step: func(h *Hub, ctx context.Context, m ident.Merchant, from string, n int) (db.Window, error) {
			return h.db.CheckParked(ctx, m, from, n)
		}},
	{name: "chain", says: "the audit chain covers the journal: no line was changed, dropped or inserted since it was sealed",
		walk: func(h *Hub, m ident.Merchant) func(context.Context, int) (db.Window, error) {
			return h.db.WalkChain(m).Step
		}},
	{name: "statements", says: "completeness statements are signed as they stand, and the audit chain has the heads that they name", step: (*Hub).checkStatements},
	{name: "feed", says: "the numbers of the change feed have no gap and end where the counter stands",
		step: func(h *Hub, ctx context.Context, m ident.Merchant, from string, n int) (db.Window, error) {
			return h.db.CheckFeed(ctx, m, from, 5*n)
		}},
	{name: "followed", says: "what counts and search hold of an order is what the order says", derived: true,
		step: func(h *Hub, ctx context.Context, m ident.Merchant, from string, n int) (db.Window, error) {
			return h.db.CheckFollowed(ctx, m, from, n)
		}},
	{name: "search", says: "no posting leads to an order that does not have it", derived: true,
		step: func(h *Hub, ctx context.Context, m ident.Merchant, from string, n int) (db.Window, error) {
			return h.db.CheckPostings(ctx, m, from, 10*n)
		}},
	{name: "counts", says: "the counts are those of the orders", derived: true,
		step: func(h *Hub, ctx context.Context, m ident.Merchant, from string, n int) (db.Window, error) {
			return h.db.CheckCounts(ctx, m, from, n)
		}},
}

// VerifyChecks names the invariants.
func VerifyChecks() []string {
	var out []string
	for _, c := range checks {
		out = append(out, c.name)
	}
	return out
}

// Verify looks at every invariant of a live database. It reads, in windows of one short
// read each, and writes nothing unless Repair is set. Orders go on arriving meanwhile:
// what a check compares is read at one moment, so that no change is taken for a
// counterexample. It fails when it could not look: then nothing is said.
func (h *Hub) Verify(ctx context.Context, o VerifyOptions) (VerifyReport, error) {
	const op = "hub.Verify"
	began := time.Now()
	o.Examples, o.Window = cmp.Or(o.Examples, 10), cmp.Or(o.Window, 200)
	rep := VerifyReport{Engine: h.db.Engine(), At: began.UnixMilli(), Holds: true}
	for _, name := range o.Checks {
		if !slices.Contains(VerifyChecks(), name) {
			return rep, fault.New(op, fault.Invalid, "there is no check "+strconv.Quote(clip(name, 40)))
		}
	}
	merchants, err := h.db.Merchants(ctx)
	if err != nil {
		return rep, fault.Wrap(op, err)
	}
	merchants = slices.DeleteFunc(merchants, func(m db.MerchantRow) bool { return o.Merchant != 0 && m.ID != o.Merchant })
	for _, c := range checks {
		if o.Checks != nil && !slices.Contains(o.Checks, c.name) {
			continue
		}
		out := VerifyCheck{Name: c.name, Says: c.says, Examples: []db.Finding{}}
		for _, m := range merchants {
			one, err := h.look(ctx, c, m.ID, o)
			if err == nil && one.Bad > 0 && o.Repair && c.derived {
				one, err = h.repair(ctx, c, m.ID, o, one)
			}
			if err != nil {
				return rep, fault.Wrap(op, err)
			}
			out.Looked += one.Looked
			out.Bad += one.Bad
			out.Examples = append(out.Examples, one.Examples[:min(len(one.Examples), o.Examples-len(out.Examples))]...)
			out.Repaired = cmp.Or(out.Repaired, one.Repaired)
		}
		rep.Holds = rep.Holds && out.Bad == 0
		rep.Checks = append(rep.Checks, out)
	}
	rep.TookMS = time.Since(began).Milliseconds()
	return rep, nil
}

func (h *Hub) look(ctx context.Context, c check, m ident.Merchant, o VerifyOptions) (VerifyCheck, error) {
	var out VerifyCheck
	var walk func(context.Context, int) (db.Window, error)
	if c.walk != nil {
		walk = c.walk(h, m)
	}
	for from := ""; ; {
		var w db.Window
		var err error
		if walk != nil {
			w, err = walk(ctx, o.Window)
		} else {
			w, err = c.step(h, ctx, m, from, o.Window)
		}
		if err != nil {
			return out, err
		}
		out.Looked += w.Looked
		out.Bad += len(w.Found)
		out.Examples = append(out.Examples, w.Found[:min(len(w.Found), o.Examples-len(out.Examples))]...)
		if o.Progress != nil {
			o.Progress(c.name, out.Looked)
		}
		if from = w.Next; from == "" {
			return out, nil
		}
	}
}

// repair makes derived data anew and looks again.
func (h *Hub) repair(ctx context.Context, c check, m ident.Merchant, o VerifyOptions, was VerifyCheck) (VerifyCheck, error) {
	what := "orders folded again"
	if c.name == "fold" || c.name == "reservations" {
		if err := h.refold(ctx, m); err != nil {
			return was, err
		}
	} else {
		what = "counts and search rebuilt"
		if err := h.db.Rebuild(ctx, m); err != nil {
			return was, err
		}
	}
	again, err := h.look(ctx, c, m, o)
	again.Repaired = what + ": " + strconv.Itoa(was.Bad) + " did not hold before, " + strconv.Itoa(again.Bad) + " after"
	return again, err
}

// refold settles every order whose row or reservations are not what its records say.
func (h *Hub) refold(ctx context.Context, m ident.Merchant) error {
	for after := ident.Order(0); ; {
		list, err := h.db.Wholes(ctx, m, after, 50)
		if err != nil || len(list) == 0 {
			return err
		}
		after = list[len(list)-1].Row.ID
		var ids []ident.Order
		for _, w := range list {
			if len(h.differs(w)) > 0 || len(reservedDiffers(w)) > 0 {
				ids = append(ids, w.Row.ID)
			}
		}
		if len(ids) == 0 {
			continue
		}
		_, err = h.db.Do(ctx, db.Verb{Name: "refold", Merchant: m, Orders: ids, Class: db.Bulk, Decide: func(tx *db.Tx) error {
			for _, id := range ids {
				row, ok := tx.OrderByID(id)
				if !ok {
					continue
				}
				var want order.Wants
				if err := json.Unmarshal(row.Wants, &want); err != nil {
					row.Wants = nil
				}
				if err := h.settle(tx, row); err != nil {
					return err
				}
				if err := json.Unmarshal(row.Wants, &want); err != nil {
					return &fault.Error{Op: "hub.refold", Code: fault.Internal, Ref: id.String(), Err: err}
				}
				for _, w := range list {
					if w.Row.ID != id {
						continue
					}
					for _, r := range w.Reserved { // settle writes differences between wants: here the rows themselves are wrong
						tx.Reserve(id, row.Store, r.SKU, 0)
					}
				}
				for sku, n := range want.Reserve {
					tx.Reserve(id, row.Store, sku, n)
				}
				tx.PutOrder(row) // also when the summary came out the same: columns may have been wrong
			}
			return nil
		}})
		if err != nil {
			return err
		}
	}
}

// anyShop finds shops in the directory as it is now.
func (h *Hub) anyShop(m ident.Merchant) shopFinder {
	return func(account ident.Account, realm, external string) (db.ShopRow, bool) {
		s, ok := h.db.ShopByExternal(m, realm, external)
		return s, ok && (account == 0 || s.Account == account)
	}
}

// differs compares a stored row with what its records, the directory and its effects
// give today.
func (h *Hub) differs(w *db.Whole) []Difference {
	row := w.Row
	o, want, _, info, err := h.reckon(&row, w.Records, h.anyShop(row.Merchant), nil)
	if err != nil { // the stored wants are no document: show what they should be
		row.Wants = nil
		o, want, _, info, _ = h.reckon(&row, w.Records, h.anyShop(row.Merchant), nil)
	}
	h.write(&row, &o, want, info, w.Effects)
	return rowDifferences(&w.Row, &row)
}

// A Difference is a field that is not what it should be.
type Difference struct {
	Field string `json:"field"`
	Have  string `json:"stored"`
	Want  string `json:"expected"`
}

// rowDifferences compares two rows of an order field by field. SweepAt moves by itself:
// only whether the order is read again at all is compared.
func rowDifferences(have, want *db.OrderRow) []Difference {
	var out []Difference
	add := func(field, a, b string) {
		if a != b {
			out = append(out, Difference{field, a, b})
		}
	}
	moment := func(ms int64) string {
		if ms == 0 {
			return ""
		}
		return time.UnixMilli(ms).UTC().Format("2006-01-02T15:04:05.000Z")
	}
	add("channel", have.Channel, want.Channel)
	add("account", have.Account.String(), want.Account.String())
	add("shop", have.Shop.String(), want.Shop.String())
	add("store", have.Store.String(), want.Store.String())
	add("status", string(have.Status), string(want.Status))
	add("flags", flagText(have.Flags), flagText(want.Flags))
	add("kind", string(have.Kind), string(want.Kind))
	add("logistics", string(have.Logistics), string(want.Logistics))
	add("sort_at", moment(have.SortAt), moment(want.SortAt))
	add("due_at", moment(have.DueAt), moment(want.DueAt))
	add("lost_at", moment(have.LostAt), moment(want.LostAt))
	add("is read again", strconv.FormatBool(have.SweepAt > 0), strconv.FormatBool(want.SweepAt > 0))
	out = append(out, jsonDifferences("wants", have.Wants, want.Wants)...)
	out = append(out, jsonDifferences("summary", have.Summary, want.Summary)...)
	if !bytes.Equal(toJSON(have.Search), toJSON(want.Search)) {
		out = append(out, jsonDifferences("search", toJSON(have.Search), toJSON(want.Search))...)
	}
	return out
}

func flagText(f db.Flags) string {
	b, _ := json.Marshal(f.List())
	return string(b)
}

// jsonDifferences compares two documents leaf by leaf.
func jsonDifferences(path string, a, b []byte) []Difference {
	if bytes.Equal(a, b) {
		return nil
	}
	var x, y any
	decode := func(b []byte) (v any, err error) {
		if len(b) == 0 {
			return nil, nil
		}
		d := json.NewDecoder(bytes.NewReader(b))
		d.UseNumber()
		err = d.Decode(&v)
		return v, err
	}
	x, err := decode(a)
	y, err2 := decode(b)
	if err := errors.Join(err, err2); err != nil {
		return []Difference{{path, clip(string(a), 200), clip(string(b), 200)}}
	}
	var out []Difference
	leaves(path, x, y, &out)
	return out
}

func leaves(path string, a, b any, out *[]Difference) {
	if m, ok := a.(map[string]any); ok {
		if n, ok := b.(map[string]any); ok {
			keys := map[string]bool{}
			for k := range m {
				keys[k] = true
			}
			for k := range n {
				keys[k] = true
			}
			for _, k := range sortedNames(keys) {
				leaves(path+"."+k, m[k], n[k], out)
			}
			return
		}
	}
	if m, ok := a.([]any); ok {
		if n, ok := b.([]any); ok {
			for i := range max(len(m), len(n)) {
				var x, y any
				if i < len(m) {
					x = m[i]
				}
				if i < len(n) {
					y = n[i]
				}
				leaves(path+"["+strconv.Itoa(i)+"]", x, y, out)
			}
			return
		}
	}
	if x, y := leaf(a), leaf(b); x != y {
		if personal.MatchString(path) {
			x, y = covered(x), covered(y)
		}
		*out = append(*out, Difference{path, x, y})
	}
}

// personal are the fields whose values no report repeats.
var personal = regexp.MustCompile(`(?i)customer|remark|note|rider|phone|person|address|invoice|reminder|\.who$|\.why$|\.w$|\.y$`)

// covered stands for a value that is not shown: its length, and a mark by which two can be
// told apart.
func covered(s string) string {
	if s == "" {
		return ""
	}
	sum := sha256.Sum256([]byte(s))
	return "(personal, " + strconv.Itoa(utf8.RuneCountInString(s)) + " characters, " + hex.EncodeToString(sum[:2]) + ")"
}

func leaf(v any) string {
	if v == nil {
		return ""
	}
	if s, ok := v.(string); ok {
		return clip(s, 200)
	}
	b, _ := json.Marshal(v)
	return clip(string(b), 400)
}

func sortedNames(set map[string]bool) []string {
	out := make([]string, 0, len(set))
	for k := range set {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}

// overWholes runs f over a window of orders.
func (h *Hub) overWholes(ctx context.Context, m ident.Merchant, from string, limit int, f func(w *db.Window, o *db.Whole)) (w db.Window, err error) {
	var after ident.Order
	if from != "" {
		if err := after.UnmarshalText([]byte(from)); err != nil {
			return w, err
		}
	}
	list, err := h.db.Wholes(ctx, m, after, limit)
	if err != nil {
		return w, err
	}
	for _, o := range list {
		f(&w, o)
	}
	if w.Looked = len(list); w.Looked == limit {
		w.Next = list[limit-1].Row.ID.String()
	}
	return w, nil
}

func (h *Hub) checkFold(ctx context.Context, m ident.Merchant, from string, limit int) (db.Window, error) {
	return h.overWholes(ctx, m, from, limit, func(w *db.Window, o *db.Whole) {
		if d := h.differs(o); len(d) > 0 {
			w.Found = append(w.Found, db.Finding{Order: o.Row.ID, What: d[0].Field + more(len(d)), Want: d[0].Want, Got: d[0].Have})
		}
	})
}

func more(n int) string {
	if n == 1 {
		return ""
	}
	return " (and " + strconv.Itoa(n-1) + " more fields)"
}

// checkMoney adds up anew, apart from the fold's own words: what does not add up must
// stand as an issue on the stored order.
func (h *Hub) checkMoney(ctx context.Context, m ident.Merchant, from string, limit int) (db.Window, error) {
	return h.overWholes(ctx, m, from, limit, func(w *db.Window, one *db.Whole) {
		o := h.fold(&one.Row, one.Records, h.info(one.Row.Channel, one.Row.Ref.Realm))
		var said order.Wants
		if err := json.Unmarshal(one.Row.Wants, &said); err != nil {
			w.Found = append(w.Found, db.Finding{Order: one.Row.ID, What: "wants", Want: "a document", Got: "something else"})
			return
		}
		issue := func(codes ...string) bool {
			return slices.ContainsFunc(said.Issues, func(i order.Issue) bool { return slices.Contains(codes, i.Code) })
		}
		if o.Bill != nil && len(o.Bill.Lines) <= order.MaxLines {
			if diff, err := o.Bill.Difference(); (err != nil || !diff.IsZero()) && !issue(order.IssueTotal, order.IssueCurrency, order.IssueOversized) {
				got := "amounts of several currencies"
				if err == nil {
					got = "a difference of " + diff.String()
				}
				w.Found = append(w.Found, db.Finding{Order: one.Row.ID, What: "bill", Want: "a sum that adds up, or an issue", Got: got + " and no issue"})
			}
		}
		if o.PaidSum != nil && !o.Refunded.IsZero() {
			if left, err := o.PaidSum.Sub(o.Refunded); (err != nil || left.Minor() < 0) && !issue(order.IssueRefund, order.IssueCurrency) {
				w.Found = append(w.Found, db.Finding{Order: one.Row.ID, What: "refunded", Want: "at most " + o.PaidSum.String() + ", or an issue", Got: o.Refunded.String() + " and no issue"})
			}
		}
	})
}

func (h *Hub) checkReserved(ctx context.Context, m ident.Merchant, from string, limit int) (db.Window, error) {
	return h.overWholes(ctx, m, from, limit, func(w *db.Window, o *db.Whole) {
		if d := reservedDiffers(o); len(d) > 0 {
			w.Found = append(w.Found, db.Finding{Order: o.Row.ID, What: d[0].Field + more(len(d)), Want: d[0].Want, Got: d[0].Have})
		}
	})
}

// checkStock looks at levels, in the order of stores and SKUs.
func (h *Hub) checkStock(ctx context.Context, m ident.Merchant, from string, limit int) (db.Window, error) {
	var w db.Window
	var after db.StockKey
	if store, sku, ok := strings.Cut(from, "."); ok {
		if err := errors.Join(after.Store.UnmarshalText([]byte(store)), after.SKU.UnmarshalText([]byte(sku))); err != nil {
			return w, err
		}
	}
	faults, next, looked, err := h.db.CheckStock(ctx, m, after, limit)
	w.Looked = looked
	for _, f := range faults {
		w.Found = append(w.Found, db.Finding{What: f.Rule + " of " + f.SKU.String() + " at " + f.Store.String(), Want: strconv.FormatInt(f.Want, 10), Got: strconv.FormatInt(f.Have, 10)})
	}
	if next != (db.StockKey{}) {
		w.Next = next.Store.String() + "." + next.SKU.String()
	}
	return w, err
}

// reservedDiffers compares an order's reservations with its wants.
func reservedDiffers(w *db.Whole) []Difference {
	var want order.Wants
	if json.Unmarshal(w.Row.Wants, &want) != nil {
		return nil // fold says it
	}
	var out []Difference
	have := map[string]db.Reserved{}
	for _, r := range w.Reserved {
		have[r.SKU] = r
	}
	text := func(n int64, s ident.Store) string {
		if n == 0 {
			return "none"
		}
		return strconv.FormatInt(n, 10) + " at " + s.String()
	}
	skus := map[string]bool{}
	for k := range have {
		skus[k] = true
	}
	for k := range want.Reserve {
		skus[k] = true
	}
	for _, sku := range sortedNames(skus) {
		a, b := text(have[sku].Quantity, have[sku].Store), text(want.Reserve[sku], w.Row.Store)
		if a != b {
			out = append(out, Difference{"reserved of " + sku, a, b})
		}
	}
	return out
}
