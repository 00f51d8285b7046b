package db_test

import (
	"errors"
	"testing"

	"github.com/tongdan/tongdan/internal/db"
	"github.com/tongdan/tongdan/internal/db/dbtest"
)

// An offer goes in the transaction that gives what it held to the others: both happen, or neither.
func TestAnOfferThatIsLeftOutOfItsLevelIsRemoved(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ctx, m := t.Context(), brand(t, d)
		a := account(t, d, m)
		shop, _ := d.ShopByExternal(m, realm, "poi-1")
		sku, err := d.PutSKU(ctx, db.SKURow{Merchant: m, Code: "A1", Name: "奶茶"})
		if err != nil {
			t.Fatal(err)
		}
		var offers []db.OfferRow
		for _, item := range []string{"1", "2"} {
			o, err := d.BindOffer(ctx, db.OfferRow{Merchant: m, Account: a.ID, Shop: shop.ID, Store: shop.Store, SKU: sku.ID, Item: item, Code: item})
			if err != nil {
				t.Fatal(err)
			}
			offers = append(offers, o)
		}
		drop := func(after error) error {
			_, err := d.Do(ctx, db.Verb{Name: "drop", Merchant: m, Class: db.People, Decide: func(tx *db.Tx) error {
				k, ok := tx.OfferAt(offers[0].ID)
				if !ok {
					return nil
				}
				s := tx.Stock(k)
				if len(s.Offers) != 2 {
					return nil
				}
				left := s.Offers[1]
				if left.ID == offers[0].ID {
					left = s.Offers[0]
				}
				left.Known, left.Shown, left.May = true, 7, 7
				s.Offers = []db.OfferRow{left}
				tx.PutStock(k, s)
				return after
			}})
			return err
		}
		have := func() (ids []string, shown int64) {
			for _, o := range offers {
				if got, err := d.OfferByID(ctx, db.Scope{Merchant: m}, o.ID); err == nil {
					ids, shown = append(ids, got.Item), max(shown, got.Shown)
				}
			}
			return ids, shown
		}
		no := errors.New("no")
		if err := drop(no); !errors.Is(err, no) {
			t.Fatalf("the verb that fails: %v", err)
		}
		if ids, shown := have(); len(ids) != 2 || shown == 7 {
			t.Errorf("a verb that failed left the offers %v, of which %d are shown", ids, shown)
		}
		if err := drop(nil); err != nil {
			t.Fatal(err)
		}
		if ids, shown := have(); len(ids) != 1 || ids[0] != "2" || shown != 7 {
			t.Errorf("left are %v, of which %d are shown", ids, shown)
		}
		if k, err := d.OfferByID(ctx, db.Scope{Merchant: m}, offers[1].ID); err != nil || k.SKU != sku.ID {
			t.Errorf("the other: %+v (%v)", k, err)
		}
		// The code is free again.
		if _, err := d.BindOffer(ctx, db.OfferRow{Merchant: m, Account: a.ID, Shop: shop.ID, Store: shop.Store, SKU: sku.ID, Item: "1", Code: "1"}); err != nil {
			t.Errorf("bound again: %v", err)
		}
	})
}
