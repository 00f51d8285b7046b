package db_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/internal/db"
	"github.com/tongdan/tongdan/internal/db/dbtest"
)

// How a merchant is set up changes together with the line that tells from what to what: both as
// they stand in that transaction, or neither.
func TestTheSetUpChangesTogetherWithItsLine(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ctx, m := t.Context(), brand(t, d)
		a := account(t, d, m)
		var said []string // from → to
		const told, refused = 1, 2
		mode := told
		say := func(was, is string) (db.Entry, bool) {
			said = append(said, was+" → "+is)
			e := db.Entry{Direction: db.Act, What: "changed", By: "usr_1", Outcome: was + " → " + is}
			if mode == refused {
				e.Body = make([]byte, 17<<20) // more than a line may have: the transaction fails
			}
			return e, true
		}
		store := tell(say, func(s db.StoreRow) string { return s.Name })
		app := tell(say, func(a db.AppRow) string { return a.Name + " " + a.Credentials["secret"] })
		acct := tell(say, func(a db.AccountRow) string { return a.Name + " " + a.Channel + " " + a.Credentials["token"] })
		shop := tell(say, func(s db.ShopRow) string { return s.External + " " + s.Mode })
		sender := tell(say, func(s db.SenderRow) string { return s.Name + " " + s.Credentials["token"] })
		key := tell(say, func(k db.KeyRow) string { return k.Name })
		merchant := tell(say, func(m db.MerchantRow) string { return m.Name })
		knocks := tell(say, func(b []byte) string { return string(b) })
		kitchen := tell(say, func(k db.KitchenRow) string { return strings.Repeat("o", k.Orders) })
		sku := tell(say, func(s db.SKURow) string { return s.Name })
		offer := tell(say, func(o db.OfferRow) string { return o.Item })

		var s db.StoreRow
		var x db.AppRow
		var c db.AccountRow
		var h db.ShopRow
		var n db.SenderRow
		var k db.KeyRow
		var u db.SKURow
		steps := []struct {
			want string
			do   func() error
		}{
			{" → 一店", func() (err error) {
				s, err = d.PutStore(ctx, db.StoreRow{Merchant: m, Name: "一店", Zone: "Asia/Shanghai"}, store)
				return err
			}},
			{"一店 → 二店", func() error {
				next := s
				next.Name = "二店"
				_, err := d.PutStore(ctx, next, store)
				return err
			}},
			{" → app k1", func() (err error) {
				x, err = d.PutApp(ctx, db.AppRow{Merchant: m, Channel: "meituan", Name: "app", Credentials: map[string]string{"secret": "k1"}}, app)
				return err
			}},
			{"app k1 → app k2", func() error {
				next := x
				next.Credentials = map[string]string{"secret": "k2"}
				_, err := d.PutApp(ctx, next, app)
				return err
			}},
			{" → acct meituan t1", func() (err error) {
				c, err = d.PutAccount(ctx, db.AccountRow{Merchant: m, App: x.ID, Channel: "meituan", Realm: "r2", Name: "acct", Credentials: map[string]string{"token": "t1"}}, acct)
				return err
			}},
			{"acct meituan t1 → acct meituan t1", func() error { // the channel stays, whoever asks for another
				next := c
				next.Channel = "eleme"
				_, err := d.PutAccount(ctx, next, acct)
				return err
			}},
			{" → P1 watch", func() (err error) {
				h, err = d.PutShop(ctx, db.ShopRow{Merchant: m, Account: c.ID, External: "P1", Store: s.ID, Mode: "watch"}, shop)
				return err
			}},
			{"P1 watch → P1 full", func() error { // and so does the platform's id
				next := h
				next.Mode, next.External = "full", "P2"
				_, err := d.PutShop(ctx, next, shop)
				return err
			}},
			{" → robot a", func() (err error) {
				n, err = d.PutSender(ctx, db.SenderRow{Merchant: m, Kind: "dingtalk", Name: "robot", Credentials: map[string]string{"token": "a"}}, sender)
				return err
			}},
			{" → erp", func() (err error) {
				k, err = d.AddKey(ctx, db.KeyRow{Merchant: m, Name: "erp", Hash: []byte("h"), Role: "clerk"}, key)
				return err
			}},
			{"茶语 → 新名", func() error {
				return d.SetMerchant(ctx, db.MerchantRow{ID: m, Name: "新名", Locale: "zh-CN"}, merchant)
			}},
			{` → {"a":1}`, func() error { return d.PutKnockRules(ctx, m, s.ID, []byte(`{"a":1}`), knocks) }},
			{`{"a":1} → `, func() error { return d.PutKnockRules(ctx, m, s.ID, nil, knocks) }},
			{" → ooo", func() error { return d.PutKitchen(ctx, m, s.ID, db.KitchenRow{Minutes: 15, Orders: 3}, kitchen) }},
			{"ooo → oo", func() error { return d.PutKitchen(ctx, m, s.ID, db.KitchenRow{Minutes: 15, Orders: 2}, kitchen) }},
			{" → 奶茶", func() (err error) {
				u, err = d.PutSKU(ctx, db.SKURow{Merchant: m, Code: "c", Name: "奶茶"}, sku)
				return err
			}},
			{"奶茶 → 奶绿", func() error {
				next := u
				next.Name = "奶绿"
				_, err := d.PutSKU(ctx, next, sku)
				return err
			}},
			{" → i1", func() error {
				_, err := d.BindOffer(ctx, db.OfferRow{Merchant: m, Account: a.ID, Shop: h.ID, Store: s.ID, SKU: u.ID, Item: "i1", Code: "i1"}, offer)
				return err
			}},
			{"robot a → ", func() error { return d.DeleteSender(ctx, m, n.ID, sender) }},
			{"erp → ", func() error { return d.DeleteKey(ctx, m, k.ID, key) }},
			{"P1 full → ", func() error { return d.DeleteShop(ctx, m, h.ID, shop) }},
			{"acct meituan t1 → ", func() error { return d.DeleteAccount(ctx, m, c.ID, acct) }},
			{"app k2 → ", func() error { return d.DeleteApp(ctx, m, x.ID, app) }},
			{"二店 → ", func() error { return d.DeleteStore(ctx, m, s.ID, store) }},
		}
		var want []string
		for _, step := range steps {
			// First with a line that cannot be written: then nothing is changed either, and the
			// second time it is told from the same as the first.
			mode = refused
			if err := step.do(); !fault.Is(err, fault.TooLarge) {
				t.Fatalf("%s with a line that cannot be written: %v", step.want, err)
			}
			mode, said = told, nil
			if err := step.do(); err != nil {
				t.Fatalf("%s: %v", step.want, err)
			}
			if len(said) == 0 || said[len(said)-1] != step.want {
				t.Errorf("told %q, want %q", said, step.want)
			}
			want = append(want, step.want)
		}
		if err := d.DeleteStore(ctx, m, s.ID, store); !fault.Is(err, fault.NotFound) {
			t.Errorf("what is gone already: %v", err)
		}

		list, next, err := d.SetUpLines(ctx, m, []string{"changed", "another"}, "", "", 200)
		if err != nil || next != "" {
			t.Fatalf("the lines: %v, next %q", err, next)
		}
		var got []string
		for _, e := range list {
			got = append(got, e.Outcome)
		}
		slices.Reverse(got)
		if !slices.Equal(got, want) {
			t.Errorf("the journal tells\n%q, want\n%q", got, want)
		}
		if list, _, err := d.SetUpLines(ctx, m, []string{"another"}, "", "", 200); err != nil || len(list) != 0 {
			t.Errorf("of another word: %v (%v)", list, err)
		}
		if list, next, err := d.SetUpLines(ctx, m, []string{"changed"}, "", "", 2); err != nil || len(list) != 2 || next == "" || list[0].Outcome != want[len(want)-1] {
			t.Errorf("the newest page: %v %q (%v)", list, next, err)
		}
		if list, _, err := d.SetUpLines(ctx, m+1, []string{"changed"}, "", "", 2); err != nil || len(list) != 0 {
			t.Errorf("of another merchant: %v (%v)", list, err)
		}

		// They are in the chain as every line is.
		if n, err := d.Seal(ctx, m, time.Minute); err != nil || n < len(want) {
			t.Errorf("%d lines sealed (%v), want %d", n, err, len(want))
		}
	})
}

// tell makes a db.Tell of what is said of a row; "" stands for none.
func tell[R any](say func(was, is string) (db.Entry, bool), of func(R) string) db.Tell[R] {
	return func(was, is *R) (db.Entry, bool) {
		var a, b string
		if was != nil {
			a = of(*was)
		}
		if is != nil {
			b = of(*is)
		}
		return say(a, b)
	}
}
