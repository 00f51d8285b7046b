package hub

import (
	"strconv"
	"testing"
	"time"

	"github.com/tongdan/tongdan/effect"
	"github.com/tongdan/tongdan/internal/db"
	"github.com/tongdan/tongdan/internal/db/dbtest"
	"github.com/tongdan/tongdan/internal/platform"
	"github.com/tongdan/tongdan/order"
)

// A sweep that went on while reads wait would bury those that a hint or a gap in the
// daily numbers asks for: on a slow platform an order could stay without its content.
func TestASweepYieldsToReadsThatWait(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ctx := t.Context()
		h := New(Options{DB: d, Platforms: platform.All()})
		m, err := d.AddMerchant(ctx, db.MerchantRow{Name: "茶铺", Locale: "zh-CN"})
		if err != nil {
			t.Fatal(err)
		}
		who := Actor{Scope: db.Scope{Merchant: m.ID}}
		app, err := h.PutApp(ctx, who, db.AppRow{Channel: "meituan", Name: "直连", Credentials: map[string]string{"app_id": "4321", "secret": "s"}})
		if err != nil {
			t.Fatal(err)
		}
		acct, err := h.PutAccount(ctx, who, db.AccountRow{App: app.ID, Name: "总部"})
		if err != nil {
			t.Fatal(err)
		}
		made := 0
		reads := func(n int) {
			var refs []order.Ref
			var keys []string
			for range n {
				made++
				ref := order.Ref{Realm: "meituan", Kind: order.KindOrder, ID: strconv.Itoa(made)}
				refs, keys = append(refs, ref), append(keys, readKey(acct.ID, ref))
			}
			_, err := d.Do(ctx, db.Verb{Name: "reads", Merchant: m.ID, Keys: keys, Decide: func(tx *db.Tx) error {
				for _, ref := range refs {
					h.askRead(tx, acct.ID, app.ID, ref, 0, "a hint")
				}
				return nil
			}})
			if err != nil {
				t.Fatal(err)
			}
		}
		sweep := sweeping{h: h}
		e := effect.Effect{Merchant: m.ID, Account: acct.ID, App: app.ID}
		reads(sweepYield - 10)
		if res := sweep.Do(ctx, e); res.Save == nil {
			t.Errorf("with %d reads waiting nothing was swept: %+v", sweepYield-10, res)
		}
		reads(20)
		res := sweep.Do(ctx, e)
		if res.Save != nil || res.Outcome != effect.OK {
			t.Errorf("with %d reads waiting more were asked for: %+v", sweepYield+10, res)
		}
		if pause := time.Until(res.Next); pause <= 0 || pause > sweepEvery {
			t.Errorf("the next sweep comes in %v", pause)
		}
	})
}
