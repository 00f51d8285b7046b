package hub

import (
	"encoding/json"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/tongdan/tongdan/channel"
	"github.com/tongdan/tongdan/effect"
	"github.com/tongdan/tongdan/internal/db"
	"github.com/tongdan/tongdan/internal/db/dbtest"
	"github.com/tongdan/tongdan/internal/platform"
	"github.com/tongdan/tongdan/internal/sim"
	ml "github.com/tongdan/tongdan/internal/sim/mercadolibre"
)

// A pull of more pages than there is time for in one attempt goes on at once where it
// stopped, and counts as one that came to its end only then.
func TestAPullGoesOnWhereItsTimeEnded(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ctx := t.Context()
		must := func(err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
		}
		seller := ml.Seller{ID: 700000001, Site: "MLB", Nickname: "LOJA EXEMPLO"}
		s, err := ml.New(ml.Options{Clock: sim.NewClock(time.Time{}, 1), Seed: 1, Sellers: []ml.Seller{seller}})
		must(err)
		t.Cleanup(func() { s.Close() })
		const orders = 180 // four pages and a last one
		for i := range orders {
			raw, _ := json.Marshal(map[string]any{"date_created": s.Clock().Now().Add(-time.Duration(i+1) * time.Minute)})
			_, err := s.Place(ml.Placement{SellerID: seller.ID, Order: raw, History: true})
			must(err)
		}
		api := httptest.NewServer(s.API())
		t.Cleanup(api.Close)
		h := New(Options{DB: d, Platforms: platform.All(), AllowPrivate: channel.Loopback})
		m, err := d.AddMerchant(ctx, db.MerchantRow{Name: "Loja", Locale: "en"})
		must(err)
		who := Actor{Scope: db.Scope{Merchant: m.ID}}
		app, err := h.PutApp(ctx, who, db.AppRow{Channel: "mercadolibre", Name: "app", BaseURL: api.URL,
			Credentials: map[string]string{"client_id": s.App().ClientID.String(), "client_secret": s.App().ClientSecret}})
		must(err)
		_, refresh, err := s.Tokens(seller.ID)
		must(err)
		acct, err := h.PutAccount(ctx, who, db.AccountRow{App: app.ID, Name: "loja", External: seller.ID.String(),
			Credentials: map[string]string{"site": seller.Site, "refresh_token": refresh}})
		must(err)
		s.Faults().Set(sim.FaultPlan{SlowAnswer: 1, SlowBy: 200 * time.Millisecond})
		e := effect.Effect{Merchant: m.ID, Account: acct.ID, App: app.ID}
		attempts := 0
		for ended := int64(0); ended == 0; attempts++ {
			if attempts == 100 { // two or three on a quiet machine
				t.Fatal("a hundred attempts did not end")
			}
			limit := 800*time.Millisecond + time.Duration(attempts)*100*time.Millisecond // on a busy machine not one call fits into the first
			res := pulling{h: h}.Do(channel.WithNotAfter(ctx, time.Now().Add(limit)), e)
			if res.Outcome != effect.OK {
				t.Fatalf("attempt %d: %s, %s", attempts+1, res.Outcome, res.Why.Text)
			}
			if res.Save == nil {
				if time.Until(res.Next) > 0 {
					t.Fatalf("it rests for %v before it goes on", time.Until(res.Next))
				}
				continue
			}
			_, err := d.Do(ctx, db.Verb{Name: "pull", Merchant: m.ID, Decide: res.Save})
			must(err)
			a, _ := d.AccountByID(m.ID, acct.ID)
			ended = a.LastPull
		}
		n := int64(0)
		for range orders { // the counts follow in steps
			_, err := d.Step(ctx, m.ID)
			must(err)
			c, err := d.Counts(ctx, who.Scope, db.Filter{})
			must(err)
			n = 0
			for _, x := range c.Statuses {
				n += x
			}
			if n == orders {
				break
			}
		}
		if attempts < 2 || n != orders {
			t.Errorf("%d attempts brought %d of %d orders", attempts, n, orders)
		}
	})
}

// A pull of many shops can take longer than three pauses. Were that an outage, the next one would ask for all
// of two days anew, take longer still, and make the one after it wide as well.
func TestASlowPullIsNoOutage(t *testing.T) {
	const pause = time.Minute
	for _, c := range []struct{ took, outage time.Duration }{{time.Second, 3 * pause}, {pause, 3 * pause}, {4 * pause, 12 * pause}} {
		var a pullArgs
		if b := (pullArgs{}).ended(c.took, pause); b != nil {
			if err := json.Unmarshal(b, &a); err != nil {
				t.Fatal(err)
			}
		}
		if got := a.outage(pause); got != c.outage {
			t.Errorf("after a pull of %v nothing may be pulled for %v, want %v", c.took, got, c.outage)
		}
	}
	if b := (pullArgs{Restored: true}).ended(time.Second, pause); string(b) != `{"restored":true}` {
		t.Errorf("of a pull that goes as far back as there is, in part: %s", b)
	}
}
