package db

import (
	"context"

	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/ident"
	"github.com/tongdan/tongdan/money"
)

// A RuleRow is what a store lets be decided by itself. There is one of each kind.
type RuleRow struct {
	Merchant ident.Merchant
	Store    ident.Store
	Kind     string // as of package rule
	Version  int64  // one more with each change
	On       bool
	Since    int64  // what came before is left to people; UTC ms of the trade's clock
	Doc      []byte // its conditions as JSON, as of package rule
	By       string // who changed it last: usr_…, key_…
	Changed  int64  // UTC ms
}

// A DecisionRow is what a rule has decided of an order: a day's decisions are counted by
// these, their grounds are kept with the order.
type DecisionRow struct {
	Order   ident.Order
	Kind    string
	Case    string // of a refund; "" otherwise
	Store   ident.Store
	At      int64        // UTC ms of the trade's clock
	Outcome string       // yes or no
	Amount  money.Amount // of the order, or of what is to be refunded
}

const ruleColumns = `merchant_id, store_id, kind, version, is_on, since_at, doc, made_by, changed_at`

func scanRule(scan scanFunc) (r RuleRow, err error) {
	var on int64
	err = scan(&r.Merchant, &r.Store, &r.Kind, &r.Version, &on, &r.Since, &r.Doc, &r.By, &r.Changed)
	r.On = on == 1
	return r, err
}

// PutRule inserts or replaces a rule. was is the version that the caller has seen, 0 = there
// was none: fault.Conflict when it is another by now. It is in the directory of this process
// when this returns, in that of others within seconds. Lines of the journal that tell of it are
// written in the same transaction.
func (d *DB) PutRule(ctx context.Context, r RuleRow, was int64, lines ...Entry) (RuleRow, error) {
	const op = "db.PutRule"
	r.Version, r.Changed = was+1, d.now().UnixMilli()
	err := d.changedDirectory(ctx, op, r.Merchant, r.Store.String(), func(ctx context.Context, c conn) error {
		args := []any{int64(r.Merchant), int64(r.Store), r.Kind, r.Version, flag(r.On), r.Since, r.Doc, clean(r.By, 100), r.Changed}
		text := `INSERT INTO rules (` + ruleColumns + `) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (merchant_id, store_id, kind) DO NOTHING`
		if was > 0 {
			text = `UPDATE rules SET version = $4, is_on = $5, since_at = $6, doc = $7, made_by = $8, changed_at = $9
				WHERE merchant_id = $1 AND store_id = $2 AND kind = $3 AND version = $4 - 1`
		}
		n, err := affects(ctx, c, text, args...)
		if err == nil && n > 0 {
			err = d.addEntries(ctx, c, r.Merchant, lines)
		} else if err == nil {
			err = fault.Say(op, fault.Conflict, "rule_changed", "somebody has changed this rule meanwhile: look at it again")
		}
		return err
	})
	return r, err
}

// Rules are a merchant's rules that a scope sees, from the directory.
func (d *DB) Rules(sc Scope) []RuleRow {
	var out []RuleRow
	for _, r := range d.dir.Load().rules[sc.Merchant] {
		if sc.sees(r.Store) {
			out = append(out, r)
		}
	}
	return out
}

// Rules are those of a store.
func (t *Tx) Rules(store ident.Store) []RuleRow {
	var out []RuleRow
	for _, r := range t.dir.rules[t.m] {
		if r.Store == store {
			out = append(out, r)
		}
	}
	return out
}

var addDecisions = insert{head: `INSERT INTO decisions (merchant_id, order_id, kind, case_key, store_id, at, outcome, minor, currency) VALUES`, width: 9,
	tail: ` ON CONFLICT (merchant_id, order_id, kind, case_key) DO NOTHING`}

type decision struct {
	m ident.Merchant
	DecisionRow
}

// PutDecision notes what a rule has decided. Of one question the first counts.
func (t *Tx) PutDecision(r DecisionRow) {
	t.l.decisions = append(t.l.decisions, decision{t.m, r})
}

func decisionValues(list []decision) (out []any) {
	for _, r := range list {
		out = append(out, int64(r.m), int64(r.Order), r.Kind, clean(r.Case, maxName), int64(r.Store), r.At, r.Outcome, r.Amount.Minor(), string(r.Amount.Currency()))
	}
	return out
}

// Decided is how often a rule has said yes and no, and to how much money it said yes.
type Decided struct {
	Yes, No int
	Sum     map[money.Currency]int64 // of those with yes, in minor units
}

// Decided counts what a store's rule of a kind has decided from a moment on, UTC ms of the
// trade's clock.
func (d *DB) Decided(ctx context.Context, m ident.Merchant, store ident.Store, kind string, from int64) (Decided, error) {
	t := Decided{Sum: map[money.Currency]int64{}}
	err := d.query(ctx, `SELECT outcome, currency, COUNT(*), SUM(minor) FROM decisions WHERE merchant_id = $1 AND store_id = $2 AND kind = $3 AND at >= $4
		GROUP BY outcome, currency`, []any{int64(m), int64(store), kind, from}, func(scan scanFunc) error {
		var outcome, currency string
		var n, sum int64
		if err := scan(&outcome, &currency, &n, &sum); err != nil {
			return err
		}
		if outcome != "yes" {
			t.No += int(n)
			return nil
		}
		t.Yes += int(n)
		t.Sum[money.Currency(currency)] += sum
		return nil
	})
	return t, fault.Wrap("db.Decided", err)
}
