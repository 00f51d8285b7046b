package mercadolibre

import (
	"slices"
	"testing"
	"time"

	"github.com/tongdan/tongdan/channel"
	"github.com/tongdan/tongdan/channel/channeltest"
	simulator "github.com/tongdan/tongdan/internal/sim/mercadolibre"
	"github.com/tongdan/tongdan/order"
)

func (m *merchant) read(t *testing.T, ref order.Ref) order.Order {
	t.Helper()
	items, err := m.conn.Read(t.Context(), ref)
	if err != nil {
		t.Fatal(err)
	}
	if err := m.book.Take(items...); err != nil {
		t.Fatal(err)
	}
	if len(m.book.Parked) > 0 {
		t.Fatal(m.book.Parked[0].Err)
	}
	return m.book.Order(ref, grammar)
}

func TestEveryFormThatHasBeenSeenReadsTheSame(t *testing.T) {
	for name, c := range map[string]simulator.Config{
		"as documented":         {},
		"status_detail text":    {StatusDetail: "text"},
		"status_detail object":  {StatusDetail: "object"},
		"numbers as text":       {TextIDs: true, TextVariation: true},
		"feedback by sale":      {SalePurchase: true},
		"stock as object":       {StockForm: "object"},
		"stock as array":        {StockForm: "array"},
		"discounts null":        {DiscountsForm: "null"},
		"discounts absent":      {DiscountsForm: "absent"},
		"embedded shipment":     {EmbeddedShipping: true},
		"agency null":           {NullAgency: true},
		"amounts with zeros":    {TrailingZeros: true},
		"unknown fields":        {Unknown: true},
		"cancel said by a code": {OldBuyerCancel: true},
	} {
		t.Run(name, func(t *testing.T) {
			w := openWorld(t, func(o *simulator.Options) { o.Config = c })
			m := &merchant{conn: channel.NewConn(info, w.shop(t))}
			ref := w.Place(t, channeltest.Wish{Each: 3})
			w.Advance(t, time.Minute)
			o := m.read(t, ref)
			if !o.Complete() || o.Status != order.StatusAccepted || o.Head.Logistics != order.ME2 || o.Bill.Lines[0].Quantity != 3 || o.Times.ShipBy == 0 || o.Customer.Address == "" {
				t.Errorf("%s", channeltest.Seen(o))
			}
			if d, err := o.Bill.Difference(); err != nil || !d.IsZero() || len(o.Issues) > 0 {
				t.Errorf("difference %v (%v), issues %+v", d, err, o.Issues)
			}
			w.act(t, ref, "buyer_cancel", simulator.ActArgs{})
			if o := m.read(t, ref); o.Status != order.StatusCancelled || o.CancelBy != "buyer" || o.Axes.Payment != order.Refunded {
				t.Errorf("cancelled: status %s by %q, payment %s", o.Status, o.CancelBy, o.Axes.Payment)
			}
		})
	}
}

func TestEveryCountryHasItsMoneyAndAddress(t *testing.T) {
	for _, st := range sites {
		t.Run(st.code, func(t *testing.T) {
			w := openWorld(t, func(o *simulator.Options) {
				o.Sellers = []simulator.Seller{{ID: seller, Site: st.code, Nickname: "LOJA", Logistic: "drop_off"}}
			})
			w.acct.Credentials["site"] = channel.NewSecret(st.code)
			m := &merchant{conn: channel.NewConn(info, w.shop(t))}
			o := m.read(t, w.Place(t, channeltest.Wish{Each: 2}))
			if string(o.Bill.Total.Currency()) != st.currency || o.Head.Site != st.code || o.Customer.Country != st.code2() || len(o.Issues) > 0 {
				t.Errorf("%s %s %s %+v", o.Bill.Total, o.Head.Site, o.Customer.Country, o.Issues)
			}
			if d, err := o.Bill.Difference(); err != nil || !d.IsZero() {
				t.Errorf("difference %v %v", d, err)
			}
			a := channel.Act{Kind: order.Ship, Order: w.Place(t, channeltest.Wish{Logistics: order.ME1}), Logistics: order.ME1}
			if _, err := m.conn.Do(t.Context(), a, nil); err != nil { // the service id is the country's
				t.Errorf("ship: %v", err)
			}
		})
	}
}

func (s site) code2() string {
	return map[string]string{"MLB": "BR", "MLM": "MX", "MLA": "AR", "MLC": "CL", "MCO": "CO"}[s.code]
}

func TestOneParcelOfAPackBelongsToAllItsOrders(t *testing.T) {
	w := openWorld(t, nil)
	p, err := w.s.PlaceJSON([]byte(`{"seller_id":700000001,"orders":[{},{}]}`))
	if err != nil {
		t.Fatal(err)
	}
	m := &merchant{conn: channel.NewConn(info, w.shop(t))}
	// Only the shipment is hinted at: it names its orders.
	items, err := m.conn.Read(t.Context(), order.Ref{Realm: Realm, Kind: order.KindShipment, ID: p.Shipment.String()})
	if err != nil || len(items) != 1 || len(items[0].Readings[0].Orders) != 2 {
		t.Fatalf("%+v %v", items, err)
	}
	// By a list that names each order with its parcel, nothing is asked that is known.
	both := []string{p.Orders[0].String(), p.Orders[1].String()}
	before := len(w.s.Calls().List("", 100))
	known, err := m.conn.ReadOf(t.Context(), order.Ref{Realm: Realm, Kind: order.KindShipment, ID: p.Shipment.String()}, both)
	if err != nil || len(known) != 1 || !slices.Equal(known[0].Readings[0].Orders, items[0].Readings[0].Orders) {
		t.Fatalf("%+v %v, want the orders %v", known, err, items[0].Readings[0].Orders)
	}
	if n := len(w.s.Calls().List("", 100)) - before; n != 3 {
		t.Errorf("%d calls for a parcel, its history and its deadline", n)
	}
	if again := New().(channel.Translator).Translate(channel.Kept{What: known[0].What, Ref: known[0].Ref, Raw: known[0].Raw, At: w.clock.Now()}); !slices.Equal(again.Readings[0].Orders, both) {
		t.Errorf("its bytes tell the orders %v, want %v", again.Readings[0].Orders, both)
	}
	_ = m.book.Take(items...)
	w.act(t, refOf(p.Orders[0].String()), "move", simulator.ActArgs{Status: "shipped"})
	a := m.read(t, refOf(p.Orders[0].String()))
	b := m.book.Order(refOf(p.Orders[1].String()), grammar)
	if a.Status != order.StatusDelivering || a.Head.Pack != p.Pack.String() || a.Head.Display != p.Pack.String() || b.Axes.Delivery != order.DeliveryOnTheWay {
		t.Errorf("%s in pack %s; the other is %s", a.Status, a.Head.Pack, b.Axes.Delivery)
	}
}

func TestASplitPackageIsReplacedAndNotCancelled(t *testing.T) {
	w := openWorld(t, nil)
	m := &merchant{conn: channel.NewConn(info, w.shop(t))}
	old := w.Place(t, channeltest.Wish{Each: 2})
	m.read(t, old)
	w.act(t, old, "split", simulator.ActArgs{})
	if o := m.read(t, old); o.Status != order.StatusReplaced || len(order.WantsOf(&o, grammar).Reserve) > 0 {
		t.Errorf("the old order is %s and wants %+v", o.Status, order.WantsOf(&o, grammar))
	}
	snap, _, err := w.s.Order(simID(t, old))
	if err != nil || len(snap.Replaced) != 2 {
		t.Fatalf("%v %v", snap.Replaced, err)
	}
	for _, id := range snap.Replaced {
		if o := m.read(t, refOf(id.String())); o.Status != order.StatusAccepted || o.Head.Replaces != old.ID {
			t.Errorf("order %s is %s and replaces %q", id, o.Status, o.Head.Replaces)
		}
	}
}

func TestRefundsOfTheSimulatedPlatformFold(t *testing.T) {
	w := openWorld(t, nil)
	m := &merchant{conn: channel.NewConn(info, w.shop(t))}
	part := w.Place(t, channeltest.Wish{})
	w.act(t, part, "refund", simulator.ActArgs{Amount: 100})
	if o := m.read(t, part); o.Axes.Payment != order.PartRefund || o.Status != order.StatusAccepted || o.Refunded.IsZero() || o.Has(order.FlagProblem) {
		t.Errorf("part: payment %s status %s refunded %s issues %v", o.Axes.Payment, o.Status, o.Refunded, o.Issues)
	}
	held := w.Place(t, channeltest.Wish{})
	w.act(t, held, "unfulfilled", simulator.ActArgs{})
	if o := m.read(t, held); o.Axes.Work != order.WorkWaiting || !o.Has(order.FlagProblem) {
		t.Errorf("unfulfilled: work %s flags %v: it must not be shipped", o.Axes.Work, o.Flags)
	}
	back := w.Place(t, channeltest.Wish{})
	w.act(t, back, "move", simulator.ActArgs{Status: "shipped"})
	w.act(t, back, "return", simulator.ActArgs{})
	w.act(t, back, "returned", simulator.ActArgs{Force: true})
	if o := m.read(t, back); o.Axes.Delivery != order.DeliveryReturned || o.Axes.Payment != order.Refunded {
		t.Errorf("returned: delivery %s payment %s status %s", o.Axes.Delivery, o.Axes.Payment, o.Status)
	}
}

func TestAPrintedLabelIsReady(t *testing.T) {
	w := openWorld(t, nil)
	m := &merchant{conn: channel.NewConn(info, w.shop(t))}
	ref := w.Place(t, channeltest.Wish{})
	w.Advance(t, time.Minute)
	for _, step := range []struct {
		act  string
		want order.Status
	}{{"", order.StatusAccepted}, {"print", order.StatusReady}, {"collect", order.StatusDelivering}, {"hub", order.StatusDelivering}, {"ship", order.StatusDelivering}, {"deliver", order.StatusDelivered}} {
		if step.act != "" {
			w.Advance(t, time.Minute)
			w.act(t, ref, step.act, simulator.ActArgs{})
		}
		if o := m.read(t, ref); o.Status != step.want {
			t.Errorf("after %q: %s, want %s (%+v)", step.act, o.Status, step.want, o.Axes)
		}
	}
}

func TestADeskThatReadsPartialAndSpoiledAnswersEndsWithTheWholeOrder(t *testing.T) {
	w := openWorld(t, nil)
	ref := w.Place(t, channeltest.Wish{})
	if err := w.s.Configure(func(c *simulator.Config) { c.PartialRate, c.TruncatedRate, c.HTMLRate = 0.4, 0.15, 0.1 }); err != nil {
		t.Fatal(err)
	}
	m := &merchant{conn: channel.NewConn(info, w.shop(t))}
	for range 60 {
		items, err := m.conn.Read(t.Context(), ref)
		if err != nil {
			continue // the lane tries again
		}
		if err := m.book.Take(items...); err != nil {
			t.Fatal(err)
		}
		_ = m.book.Follow(t.Context(), m.conn)
	}
	if o := m.book.Order(ref, grammar); !o.Complete() || o.Partial || len(o.Delivered) != 1 || o.Times.ShipBy == 0 || len(m.book.Parked) > 0 {
		t.Errorf("%s\nparked %v", channeltest.Seen(o), m.book.Parked)
	}
}
