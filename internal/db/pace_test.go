package db_test

import (
	"testing"

	"github.com/tongdan/tongdan/internal/db"
	"github.com/tongdan/tongdan/internal/db/dbtest"
)

func TestAStoreKeepsItsPace(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		m := brand(t, d)
		s, err := d.PutStore(t.Context(), db.StoreRow{Merchant: m, Name: "中山路店", Zone: "Asia/Shanghai"})
		if err != nil || *s.Pace != db.UsualPace {
			t.Fatalf("nobody said how long it takes: %+v (%v)", s.Pace, err)
		}
		s.Pace = &db.Pace{Prepare: 0, Travel: 45}
		if _, err := d.PutStore(t.Context(), s); err != nil {
			t.Fatal(err)
		}
		list, err := d.Stores(t.Context(), db.Scope{Merchant: m})
		if err != nil || len(list) != 1 || *list[0].Pace != *s.Pace {
			t.Errorf("stored: %+v (%v)", list, err)
		}
		if got, ok := d.StoreByID(m, s.ID); !ok || *got.Pace != *s.Pace {
			t.Errorf("in memory: %+v %v", got.Pace, ok)
		}
	})
}

// The name is the merchant's alone, and known at once.
func TestAMerchantIsRenamed(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		m, other := brand(t, d), brand(t, d)
		before, _ := d.MerchantByID(other)
		if err := d.SetMerchant(t.Context(), db.MerchantRow{ID: m, Name: "山间茶事", Locale: "zh-CN"}); err != nil {
			t.Fatal(err)
		}
		if got, ok := d.MerchantByID(m); !ok || got.Name != "山间茶事" {
			t.Errorf("%+v", got)
		}
		if after, _ := d.MerchantByID(other); after.Name != before.Name {
			t.Errorf("another merchant is called %q now", after.Name)
		}
		if err := d.SetMerchant(t.Context(), db.MerchantRow{ID: m, Locale: "zh-CN"}); err == nil {
			t.Error("a merchant without a name")
		}
	})
}
