package db_test

import (
	"fmt"
	"testing"

	"github.com/tongdan/tongdan/effect"
	"github.com/tongdan/tongdan/internal/db"
	"github.com/tongdan/tongdan/internal/db/dbtest"
)

// A merchant may have more shops than one statement asks for: none is left out.
func TestEffectsAreFoundByMoreKeysThanOneStatementHolds(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		check := func(err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
		}
		m, err := d.AddMerchant(t.Context(), db.MerchantRow{Name: "茶铺", Locale: "zh-CN"})
		check(err)
		var keys []string
		for i := range 1200 {
			keys = append(keys, fmt.Sprint("rest/", i))
		}
		_, err = d.Do(t.Context(), db.Verb{Name: "test", Merchant: m.ID, Decide: func(tx *db.Tx) error {
			for _, key := range []string{keys[3], keys[1199], "another"} {
				tx.PutEffect(&effect.Effect{Kind: "rest", Key: key, Nature: effect.Absolute, Target: key, State: effect.Done})
			}
			return nil
		}})
		check(err)
		list, err := d.EffectsByKey(t.Context(), m.ID, keys)
		check(err)
		if len(list) != 2 {
			t.Errorf("%d effects are found, want the 2 of these keys", len(list))
		}
	})
}
