package main

import (
	"encoding/json"
	"fmt"
	"os"
	"time"

	"github.com/tongdan/tongdan/internal/proof"
	"github.com/tongdan/tongdan/internal/sim"
	ml "github.com/tongdan/tongdan/internal/sim/mercadolibre"
)

const (
	soldOver = 70 * time.Hour // the time over which the orders of reconcile were placed: within what a wide pull looks back
	outage   = time.Hour      // without a pull: the next one is wide
)

// reconcile measures how long a hub takes for what nobody pushed to it. First it finds a
// platform full of orders: they are searched by windows, each is read with its parcel, its history and its
// deadline. Then it is away for an hour, in which the platform sells more, comes back, and
// compares everything again.
func (b *bench) reconcile() error {
	seller := ml.Seller{ID: 700000001, Site: "MLB", Nickname: "LOJA EXEMPLO", Logistic: "cross_docking"}
	clock := sim.NewClock(time.Time{}, 1)
	shop, err := ml.New(ml.Options{Clock: clock, Seed: 1, Config: ml.Config{TopicOffAfter: -1}, Sellers: []ml.Seller{seller}})
	if err != nil {
		return err
	}
	platform := &sim.Server{Platforms: []sim.Platform{shop}}
	if err := platform.Start(); err != nil {
		return err
	}
	defer platform.Close()
	began := time.Now()
	for i := range *sold {
		if err := sell(shop, seller.ID, clock.Now().Add(-soldOver/time.Duration(*sold)*time.Duration(*sold-i)), i); err != nil {
			return err
		}
	}
	fmt.Printf("\nreconcile, %s: %d orders of %v at Mercado Libre that no push told of; the simulator took %v for them\n%-44s %10s %10s %10s %10s\n", b.engine, *sold,
		soldOver, time.Since(began).Round(time.Second), "", "took", "orders/s", "hub CPU", "calls")
	p, err := b.place()
	if err != nil {
		return err
	}
	p.NoLanes, p.NoBudget = false, true
	n, err := b.start(p, "", &proof.Made{}) // nothing is set up yet
	if err != nil {
		return err
	}
	defer func() { n.stop() }()
	_, refresh, err := shop.Tokens(seller.ID)
	if err != nil {
		return err
	}
	m := &meter{shop: shop, n: n, began: time.Now()}
	if err := n.ask("setup", proof.Setup{Name: "bench", Zone: "America/Sao_Paulo", Public: "", Channels: []proof.SetupChannel{{
		Channel: "mercadolibre", BaseURL: platform.URL("mercadolibre"), PullOnly: true, Account: seller.Nickname, External: seller.ID.String(),
		Shops: []string{seller.ID.String()}, Mode: "full", AcctCreds: map[string]string{"site": seller.Site, "refresh_token": refresh},
		AppCreds: map[string]string{"client_id": shop.App().ClientID.String(), "client_secret": shop.App().ClientSecret},
	}}}, &n.made); err != nil {
		return err
	}
	if err := n.profiled("reconcile-"+b.engine, func() error { return m.until("all found", int64(*sold), 1, false) }); err != nil {
		return err
	}
	if err := m.until("all read with their parcels", int64(*sold), 1, true); err != nil {
		return err
	}
	fmt.Printf("%-44s %10.0f MB\n", "memory after it", n.rss())

	made := n.made
	if err := n.stop(); err != nil {
		return err
	}
	clock.Advance(outage)
	more := max(*sold/100, 1)
	for i := range more {
		if err := sell(shop, seller.ID, clock.Now().Add(-outage*time.Duration(more-i)/time.Duration(more)), i); err != nil {
			return err
		}
	}
	p.Trade, p.Wall, p.Speed = clock.Now().UnixMilli(), time.Now().UnixNano(), 1
	if n, err = b.start(p, "", &made); err != nil {
		return err
	}
	fmt.Printf("away for %v, in which %d more were sold\n", outage, more)
	m = &meter{shop: shop, n: n, began: time.Now(), calls: m.calls}
	if err := n.profiled("again-"+b.engine, func() error {
		return m.until("all of 72 hours compared, the new ones found", int64(*sold+more), p.Trade, false)
	}); err != nil {
		return err
	}
	return m.until("all read that needed it", int64(*sold+more), p.Trade, true)
}

// sell places an order as the platform has it some time later: one of 25 was cancelled, those of the last six
// hours wait for their carrier, older ones were delivered five hours later.
func sell(shop *ml.Sim, seller ml.ID, at time.Time, i int) error {
	age := shop.Clock().Now().Sub(at)
	order := map[string]any{"date_created": at, "last_updated": at.Add(time.Minute)} // else all would have changed within the minute in which they are made here
	steps := []map[string]any{{"status": "ready_to_ship", "substatus": "ready_to_print", "date": at.Add(time.Minute)}}
	switch {
	case i%25 == 24:
		order["status"], order["last_updated"] = "cancelled", at.Add(2*time.Minute)
		steps = append(steps, map[string]any{"status": "cancelled", "date": at.Add(2 * time.Minute)})
	case age > 6*time.Hour:
		steps = append(steps, map[string]any{"status": "shipped", "date": at.Add(3 * time.Hour)}, map[string]any{"status": "delivered", "date": at.Add(5 * time.Hour)})
		order["last_updated"] = at.Add(5 * time.Hour)
	}
	raw, err := json.Marshal(order)
	if err != nil {
		return err
	}
	parcel, err := json.Marshal(map[string]any{"history": steps})
	if err != nil {
		return err
	}
	_, err = shop.Place(ml.Placement{SellerID: seller, Order: raw, Shipment: parcel, History: true, Quiet: true})
	return err
}

// meter tells how long a hub takes for something, with what it costs.
type meter struct {
	shop  *ml.Sim
	n     *node
	began time.Time
	calls int64 // that the platform had before
}

// sayEvery is how often it is told how far a measurement is.
const sayEvery = 10 * time.Second

// called is how many calls the platform has had.
func (m *meter) called() int64 {
	if last := m.shop.Calls().List("", 1); len(last) > 0 {
		return last[0].Seq
	}
	return 0
}

// until waits for a pull that began at a moment or later to have come to its end, with so many orders there,
// and with no read left to be made. It looks the less often the more there is to count, so that its
// looking is not measured, and gives up after a quarter of an hour, or forty milliseconds an order. How far it is
// stands on the error output from time to time: what is broken off says at least that.
func (m *meter) until(what string, orders, pulled int64, read bool) error {
	patience := max(15*time.Minute, time.Duration(orders)*40*time.Millisecond)
	pause := max(100*time.Millisecond, time.Duration(orders)*10*time.Microsecond)
	said := m.began
	for end := m.began.Add(patience); ; time.Sleep(pause) {
		var s proof.State
		var at proof.Pulled
		if err := m.n.ask("count", proof.AskOrder{Merchant: m.n.made.Merchant}, &s); err != nil {
			return err
		}
		if err := m.n.ask("pulled", proof.AskOrder{Merchant: m.n.made.Merchant, Account: m.n.made.Accounts[0]}, &at); err != nil {
			return err
		}
		if s.Orders == orders && at.At >= pulled && (!read || at.Reads == 0) {
			break
		}
		if time.Since(said) >= sayEvery {
			said = time.Now()
			fmt.Fprintf(os.Stderr, "%s: %.0f s, %d of %d orders are there, %d reads wait, %d calls, %s of the hub's CPU an order\n", what, time.Since(m.began).Seconds(),
				s.Orders, orders, at.Reads, m.called()-m.calls, us(m.n.cpu()/time.Duration(max(s.Orders, 1))))
		}
		if time.Now().After(end) {
			return fmt.Errorf("%s: after %v there are %d of %d orders, the last pull to its end was at %d, reads wait: %d", what, patience, s.Orders, orders, at.At, at.Reads)
		}
	}
	took := time.Since(m.began)
	calls := m.called()
	fmt.Printf("%-44s %9.1fs %10.0f %10s %10d\n", what, took.Seconds(), float64(orders)/took.Seconds(), us(m.n.cpu()/time.Duration(orders)), calls-m.calls)
	if read {
		m.calls = calls
	}
	return nil
}
