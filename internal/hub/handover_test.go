package hub_test

import (
	"slices"
	"sync"
	"testing"

	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/ident"
	"github.com/tongdan/tongdan/internal/db"
	"github.com/tongdan/tongdan/internal/hub"
	"github.com/tongdan/tongdan/order"
)

// pickup is an order of a customer who comes for it, accepted by the shop.
func (w *shopWorld) pickup() string {
	w.t.Helper()
	w.must(w.sim.Configure([]byte(`{"subscribed":[12,13,15,19,22,23,28]}`))) // who brings it is told to subscribers
	id := w.place(`{"app_poi_code":"TEA001","pick_type":1}`)
	w.until("it arrives", func() bool { return w.status(id) == order.StatusNew })
	_, err := w.act(id, hub.Act{Kind: order.Accept})
	w.must(err)
	w.until("it is accepted", func() bool { return w.status(id) == order.StatusAccepted })
	return id
}

// A pickup is handed over once, whoever presses at the same moment; the platform, which has no
// call for it, is told nothing; and what is rebuilt from the journal says the same.
func TestAPickupIsHandedOverOnce(t *testing.T) {
	each(t, func(w *shopWorld) {
		ctx := w.t.Context()
		w.run()
		id := w.pickup()
		row, o, _, _ := w.row(id)
		if o.Head.Logistics != order.Pickup {
			w.t.Fatalf("it leaves by %s", o.Head.Logistics)
		}
		before, err := w.sim.Order(id)
		w.must(err)
		var wg sync.WaitGroup
		done, errs := make([]hub.Done, 2), make([]error, 2)
		for i, name := range []string{"one", "two"} {
			wg.Go(func() {
				done[i], errs[i] = w.act(id, hub.Act{Kind: order.Dispatch, Reason: " 手机没电 ", Key: name})
			})
		}
		wg.Wait()
		w.must(errs[0])
		w.must(errs[1])
		if (done[0].Already == nil) == (done[1].Already == nil) {
			w.t.Fatalf("two presses: %+v, %+v", done[0], done[1])
		}
		for _, d := range done {
			if a := d.Already; a != nil && (a.By != w.who.ID || a.At == 0) {
				t.Errorf("the second is told %+v", a)
			}
		}
		if w.status(id) != order.StatusDelivered {
			t.Errorf("it is %s", w.status(id))
		}
		d, err := w.hub.Detail(ctx, w.who, row.ID)
		w.must(err)
		if !slices.ContainsFunc(d.Timeline, func(m hub.Moment) bool {
			return m.Kind == "fact" && m.Axis == order.AxisDelivery && m.Code == "delivered" && m.By == w.who.ID && m.Params["why"] == "手机没电"
		}) {
			t.Errorf("the timeline does not tell who, and why there was no code: %+v", d.Timeline)
		}
		if after, err := w.sim.Order(id); err != nil || len(after.Tally) != len(before.Tally) {
			t.Errorf("the platform was called: %v, %v", after.Tally, err)
		}
		rep, err := w.hub.Replay(ctx, hub.ReplayOptions{Dir: t.TempDir()})
		w.must(err)
		if rep.Differ != 0 || rep.Unread != 0 {
			t.Errorf("rebuilt from the journal it differs: %+v", rep.Orderly)
		}
		w.until("verify agrees", func() bool {
			v, err := w.hub.Verify(ctx, hub.VerifyOptions{Examples: 5})
			w.must(err)
			return v.Holds
		})
		err = w.sim.Do(id, "complete", nil)
		w.must(err)
		w.until("the platform closes it", func() bool { return w.status(id) == order.StatusDone })
		late, err := w.act(id, hub.Act{Kind: order.Dispatch, Key: "three"})
		if w.must(err); late.Already == nil || late.Already.By != w.who.ID {
			t.Errorf("a scan after the end is told %+v", late.Already)
		}
	})
}

// Nobody is handed what he asks the money back for, and what a rider brings is not handed over.
func TestWhatIsNotHandedOver(t *testing.T) {
	each(t, func(w *shopWorld) {
		w.run()
		refused := func(id, code string) {
			t.Helper()
			if _, err := w.act(id, hub.Act{Kind: order.Dispatch}); !fault.Is(err, fault.Conflict) || fault.ReasonOf(err).Code != code {
				t.Errorf("handing over: %v, want %s", err, code)
			}
		}
		id := w.pickup()
		err := w.sim.Do(id, "ask_refund", nil)
		w.must(err)
		w.until("the request is here", func() bool { _, o, _, _ := w.row(id); return o.Has(order.FlagRefund) })
		refused(id, order.WhyCaseOpen.Code)
		brought := w.place(`{"app_poi_code":"TEA001"}`)
		w.until("it arrives", func() bool { return w.status(brought) == order.StatusNew })
		refused(brought, order.WhyNotAccepted.Code)
		_, err = w.act(brought, hub.Act{Kind: order.Accept})
		w.must(err)
		w.until("it is accepted", func() bool { return w.status(brought) == order.StatusAccepted })
		refused(brought, order.WhyLogistics.Code)
	})
}

// Whoever holds another store's ticket is told whose it is, and nothing else; daily numbers
// and parts of numbers tell nothing, and no other merchant's order does.
func TestWhoseATicketIs(t *testing.T) {
	each(t, func(w *shopWorld) {
		w.run()
		id := w.place(`{"app_poi_code":"TEA001"}`)
		w.until("it arrives", func() bool { return w.status(id) == order.StatusNew })
		row, o, _, _ := w.row(id)
		st, _ := w.db.StoreByID(w.who.Merchant, row.Store)
		clerk := hub.Actor{Scope: db.Scope{Merchant: w.who.Merchant, Stores: []ident.Store{1}}, ID: "usr_other", Name: "小李", Role: "clerk"}
		for _, code := range []string{id, row.ID.String(), o.Head.Display} {
			if name, err := w.hub.Whose(t.Context(), clerk, code); err != nil || name != st.Name {
				t.Errorf("%s is said to be of %q, %v; want %s", code, name, err, st.Name)
			}
		}
		stranger := clerk
		stranger.Merchant++
		for who, codes := range map[*hub.Actor][]string{&clerk: {o.Head.DaySeq, id[:len(id)-1], "ord_nonsense", "ord_", ""}, &stranger: {id, row.ID.String()}} {
			for _, code := range codes {
				if name, err := w.hub.Whose(t.Context(), *who, code); !fault.Is(err, fault.NotFound) {
					t.Errorf("%q is said to be of %q, %v", code, name, err)
				}
			}
		}
	})
}
