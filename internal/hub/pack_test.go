package hub_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/tongdan/tongdan/channel"
	"github.com/tongdan/tongdan/internal/db"
	"github.com/tongdan/tongdan/internal/db/dbtest"
	"github.com/tongdan/tongdan/internal/hub"
	"github.com/tongdan/tongdan/internal/platform"
	"github.com/tongdan/tongdan/internal/sim"
	ml "github.com/tongdan/tongdan/internal/sim/mercadolibre"
	"github.com/tongdan/tongdan/order"
	"github.com/tongdan/tongdan/stock"
)

const (
	packItem  = "MLB4000001006" // listings without variations
	otherItem = "MLB4000001004"
	packSpeed = 600 // of the trade's clock: pulls come twice a second
)

// An order of a pack that was cancelled in time is not in the parcel, which leaves with the
// others: its pieces are still there. One that is cancelled on the way has left.
func TestACancelledOrderOfAPackStaysBehind(t *testing.T) {
	for _, c := range []struct {
		name   string
		heard  bool // the hub knows the order before anything becomes of it
		late   bool // it is cancelled when the parcel has left
		onHand int64
	}{{"heard of in time", true, false, 10}, {"heard of afterwards", false, false, 10}, {"cancelled on the way", true, true, 7}} {
		t.Run(c.name, func(t *testing.T) {
			dbtest.Each(t, func(t *testing.T, d *db.DB) {
				w := &shopWorld{t: t, db: d, clk: sim.NewClock(time.Time{}, packSpeed)}
				seller := ml.Seller{ID: 700000001, Site: "MLB", Nickname: "LOJA EXEMPLO", Logistic: "cross_docking"}
				s, err := ml.New(ml.Options{Clock: w.clk, Seed: 1, Sellers: []ml.Seller{seller}})
				w.must(err)
				t.Cleanup(func() { s.Close() })
				api := httptest.NewServer(s.API())
				t.Cleanup(api.Close)
				w.hub = hub.New(hub.Options{DB: d, Platforms: platform.All(), Clock: hub.Clock{Now: w.clk.Now, Speed: packSpeed}, AllowPrivate: channel.Loopback})
				at := w.sells(s, seller, api.URL)
				place := func() (stays, leaves ml.ID) {
					got, err := s.Place(ml.Placement{SellerID: seller.ID, Orders: []json.RawMessage{
						json.RawMessage(fmt.Sprintf(`{"order_items":[{"item":{"id":%q},"quantity":3}]}`, packItem)),
						json.RawMessage(fmt.Sprintf(`{"order_items":[{"item":{"id":%q}}]}`, otherItem)),
					}})
					w.must(err)
					return got.Orders[0], got.Orders[1]
				}
				do := func(o ml.ID, what string) {
					w.clk.Advance(time.Minute)
					w.must(s.Act(o, what, ml.ActArgs{}))
				}
				level := func() db.LevelRow {
					list, err := d.Levels(t.Context(), w.who.Scope, at.Store, at.SKU, db.StockKey{}, 1)
					w.must(err)
					return list[0]
				}
				one, other := place()
				if c.heard {
					w.run()
					w.until("three are kept", func() bool { return level().Reserved == 3 })
				}
				if !c.late {
					do(one, "buyer_cancel")
				}
				do(other, "print")
				do(other, "collect")
				if c.late {
					w.until("three have left", func() bool { return level().OnHand == 7 })
					do(one, "buyer_cancel")
				}
				if !c.heard {
					w.run()
				}
				w.until("the parcel has left and the cancelled order is known", func() bool {
					return w.statusOf(one) == order.StatusCancelled && w.statusOf(other) == order.StatusDelivering
				})
				if l := level(); l.OnHand != c.onHand || l.Reserved != 0 {
					t.Errorf("on hand %d, kept %d; want %d and none", l.OnHand, l.Reserved, c.onHand)
				}
			})
		})
	}
}

// sells connects a seller of Mercado Libre without pushes, with ten pieces of one SKU.
func (w *shopWorld) sells(s *ml.Sim, seller ml.Seller, url string) db.StockKey {
	ctx := w.t.Context()
	m, err := w.db.AddMerchant(ctx, db.MerchantRow{Name: "Loja", Locale: "en"})
	w.must(err)
	w.who = hub.Actor{Scope: db.Scope{Merchant: m.ID, Personal: true}, ID: "usr_test", Name: "Ana", Role: "owner"}
	store, err := w.hub.PutStore(ctx, w.who, db.StoreRow{Name: "Loja", Zone: "America/Sao_Paulo"})
	w.must(err)
	app, err := w.hub.PutApp(ctx, w.who, db.AppRow{Channel: "mercadolibre", Name: "app", BaseURL: url,
		Credentials: map[string]string{"client_id": s.App().ClientID.String(), "client_secret": s.App().ClientSecret}})
	w.must(err)
	_, refresh, err := s.Tokens(seller.ID)
	w.must(err)
	acct, err := w.hub.PutAccount(ctx, w.who, db.AccountRow{App: app.ID, Name: seller.Nickname, External: seller.ID.String(),
		Credentials: map[string]string{"site": seller.Site, "refresh_token": refresh}})
	w.must(err)
	shop, err := w.hub.PutShop(ctx, w.who, db.ShopRow{Account: acct.ID, External: seller.ID.String(), Store: store.ID, Name: "loja", Mode: hub.ModeWatch})
	w.must(err)
	sku, err := w.hub.PutSKU(ctx, w.who, db.SKURow{Code: "ONE", Name: "one"})
	w.must(err)
	at := db.StockKey{Store: store.ID, SKU: sku.ID}
	_, _, err = w.hub.Book(ctx, w.who, hub.Booking{StockKey: at, Reason: stock.Receipt, Pieces: 10, Key: "morning"})
	w.must(err)
	_, err = w.hub.BindOffer(ctx, w.who, db.OfferRow{Shop: shop.ID, Item: packItem, SKU: sku.ID})
	w.must(err)
	return at
}

// statusOf is the status of an order of Mercado Libre, "" while it is not here.
func (w *shopWorld) statusOf(id ml.ID) order.Status {
	row, _, _, err := w.db.OrderByRef(w.t.Context(), w.who.Scope, order.Ref{Realm: "mercadolibre", Kind: order.KindOrder, ID: id.String()})
	if err != nil {
		return ""
	}
	return row.Status
}

// After an hour without pulls the orders of three days are compared again. Of those that
// have not changed nothing is read: three calls each would be hours for a busy seller.
func TestAWidePullReadsWhatDiffers(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := &shopWorld{t: t, db: d, clk: sim.NewClock(time.Time{}, packSpeed)}
		seller := ml.Seller{ID: 700000001, Site: "MLB", Nickname: "LOJA EXEMPLO", Logistic: "cross_docking"}
		s, err := ml.New(ml.Options{Clock: w.clk, Seed: 1, Sellers: []ml.Seller{seller}})
		w.must(err)
		t.Cleanup(func() { s.Close() })
		api := httptest.NewServer(s.API())
		t.Cleanup(api.Close)
		w.hub = hub.New(hub.Options{DB: d, Platforms: platform.All(), Clock: hub.Clock{Now: w.clk.Now, Speed: packSpeed}, AllowPrivate: channel.Loopback})
		w.sells(s, seller, api.URL)
		delivered := func(ago time.Duration) ml.Placed {
			at := w.clk.Now().Add(-ago)
			raw, _ := json.Marshal(map[string]any{"date_created": at, "last_updated": at.Add(time.Hour)})
			parcel, _ := json.Marshal(map[string]any{"history": []any{map[string]any{"status": "delivered", "date": at.Add(time.Hour)}}})
			got, err := s.Place(ml.Placement{SellerID: seller.ID, Order: raw, Shipment: parcel, History: true})
			w.must(err)
			return got
		}
		called := func(p ml.Placed, part string) (n int) {
			for _, c := range s.Calls().List("", 10_000) {
				if c.Path == "/shipments/"+p.Shipment.String()+part {
					n++
				}
			}
			return n
		}
		read := func(p ml.Placed) int { return called(p, "") }
		account := d.AllAccounts()[0]
		pulled := func(after time.Time) bool {
			a, _ := d.AccountByID(account.Merchant, account.ID)
			left, err := d.Backlog(t.Context(), account.Merchant, account.ID, time.Now().UnixMilli(), 1)
			w.must(err)
			return a.LastPull > after.UnixMilli() && left == 0
		}
		// Its last change is older than the quarter of an hour that is read again anyway.
		old := delivered(60 * time.Hour)
		began := w.clk.Now()
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- w.hub.Run(ctx) }()
		newest := delivered(30 * time.Hour)
		w.until("the first pulls", func() bool {
			return pulled(began) && w.statusOf(old.Orders[0]) == order.StatusDelivered && w.statusOf(newest.Orders[0]) == order.StatusDelivered
		})
		stop()
		w.must(<-done)
		before := read(old)
		w.clk.Advance(2 * time.Hour)
		missed := delivered(50 * time.Hour)
		began = w.clk.Now()
		w.hub = hub.New(hub.Options{DB: d, Platforms: platform.All(), Clock: hub.Clock{Now: w.clk.Now, Speed: packSpeed}, AllowPrivate: channel.Loopback})
		w.run()
		w.until("the wide pull", func() bool { return pulled(began) && w.statusOf(missed.Orders[0]) == order.StatusDelivered })
		if before == 0 || read(old) != before {
			t.Errorf("the parcel of an order that has not changed was read %d times, and %d times before", read(old)-before, before)
		}
		if read(missed) == 0 {
			t.Error("the parcel of an order that nobody had heard of was not read")
		}
		for _, p := range []ml.Placed{old, newest, missed} {
			if n := called(p, "/orders"); n > 0 {
				t.Errorf("%d times it was asked of which orders a parcel is that the search had named with its order", n)
			}
		}
	})
}
