package db_test

import (
	"context"
	"reflect"
	"strings"
	"testing"

	"github.com/tongdan/tongdan/effect"
	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/ident"
	"github.com/tongdan/tongdan/internal/db"
	"github.com/tongdan/tongdan/internal/db/dbtest"
)

func TestAReasonComesBackWithItsCodeAndArguments(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		m := brand(t, d)
		a := account(t, d, m)
		sc := db.Scope{Merchant: m}
		id := place(t, d, m, "1", nil)
		huge := fault.Because("refused", "no: {why}", "why", strings.Repeat("很长", 2000))
		for name, why := range map[string]fault.Reason{
			"coded":      fault.Because("line_left", "of {name} only {count} can still be refunded", "name", "宫保\"鸡丁", "count", "1"),
			"theirs":     {Text: "该订单已完成，无法取消"},
			"both":       fault.Because("order_completed", "the order is completed").After("该订单已完成，无法取消"),
			"none":       {},
			"a long one": huge,
		} {
			var e effect.Effect
			var p ident.Parked
			b := db.BatchRow{Kind: "accept", By: "usr", Total: 1}
			do(t, d, db.Verb{Merchant: m, Orders: []ident.Order{id}, Decide: func(t *db.Tx) error {
				e = effect.Effect{Account: a.ID, Target: "t " + name, Key: name, State: effect.Refused, Why: why, Attempt: &effect.Attempt{N: 1, Why: why}}
				t.PutEffect(&e)
				p = t.Park(db.ParkedRow{What: "order.paid", Why: fault.Reason{Text: "at first"}})
				b.ID = 0
				b.ID = t.PutBatch(b)
				t.PutBatchItem(b.ID, db.BatchItem{Order: id, State: "failed", Why: why})
				t.Touch(a.ID, func(r *db.AccountRow) { r.LastError++; r.ErrorWhy = why })
				return nil
			}})
			want := why
			if name == "a long one" { // the text is cut and the code given up, never the row
				want = fault.Reason{Text: string([]rune(why.Text)[:0])}
			}
			check := func(what string, got fault.Reason, err error) {
				t.Helper()
				if name == "a long one" {
					if err != nil || got.Code != "" || !strings.HasPrefix(why.Text, got.Text) || got.Text == "" {
						t.Errorf("%s of %s: %.40v (%v)", name, what, got, err)
					}
				} else if err != nil || !reflect.DeepEqual(got, want) {
					t.Errorf("%s of %s: %#v (%v), want %#v", name, what, got, err, want)
				}
			}
			row, err := d.ParkedByID(t.Context(), sc, p)
			if err != nil {
				t.Fatal(err)
			}
			row.Why = why
			do(t, d, db.Verb{Merchant: m, Decide: func(t *db.Tx) error { t.UpdateParked(row); return nil }})
			row, err = d.ParkedByID(t.Context(), sc, p)
			check("a parked message", row.Why, err)
			list, _, err := d.Effects(t.Context(), sc, db.EffectFilter{Account: a.ID})
			for _, got := range list {
				if got.ID == e.ID {
					check("an effect", got.Why, err)
					if name != "a long one" {
						check("its attempt", got.Attempt.Why, err)
					}
				}
			}
			if err != nil || len(list) == 0 {
				t.Fatalf("%d effects (%v)", len(list), err)
			}
			_, items, err := d.Batch(t.Context(), sc, b.ID)
			if err != nil || len(items) != 1 {
				t.Fatalf("%d items of the batch (%v)", len(items), err)
			}
			check("a batch's item", items[0].Why, nil)
			acct, err := d.Account(context.Background(), m, a.ID)
			check("an account", acct.ErrorWhy, err)
		}
	})
}
