package db_test

import (
	"testing"
	"time"

	"github.com/tongdan/tongdan/effect"
	"github.com/tongdan/tongdan/internal/db"
	"github.com/tongdan/tongdan/internal/db/dbtest"
)

func TestReadsThatAreOverAreDroppedAndNothingElse(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		m := brand(t, d)
		_, err := d.Do(t.Context(), db.Verb{Name: "put", Merchant: m, Decide: func(tx *db.Tx) error {
			for _, e := range []effect.Effect{
				{Key: "over", State: effect.Done}, {Key: "open", State: effect.Waiting}, {Key: "act", State: effect.Done, Order: 7},
			} {
				e.Account, e.Kind, e.Target = 5, "read", e.Key
				tx.PutEffect(&e)
			}
			return nil
		}})
		if err != nil {
			t.Fatal(err)
		}
		if err := d.DropOver(t.Context(), m, 5, time.Now().Add(-time.Hour), 10); err != nil {
			t.Fatal(err)
		}
		if list, _, _ := d.Effects(t.Context(), db.Scope{Merchant: m}, db.EffectFilter{Account: 5}); len(list) != 3 {
			t.Fatalf("%d effects are left of 3 that are too young to drop", len(list))
		}
		if err := d.DropOver(t.Context(), m, 5, time.Now().Add(time.Second), 10); err != nil {
			t.Fatal(err)
		}
		list, _, err := d.Effects(t.Context(), db.Scope{Merchant: m}, db.EffectFilter{Account: 5})
		if err != nil || len(list) != 2 {
			t.Fatalf("%d effects are left, want the open one and the act (%v)", len(list), err)
		}
		for _, e := range list {
			if e.Key == "over" {
				t.Error("the read that is over is still there")
			}
		}
	})
}
