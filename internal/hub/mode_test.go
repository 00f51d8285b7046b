package hub_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tongdan/tongdan/effect"
	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/ident"
	"github.com/tongdan/tongdan/internal/db"
	"github.com/tongdan/tongdan/internal/hub"
	"github.com/tongdan/tongdan/order"
	"github.com/tongdan/tongdan/ticket"
)

// mode puts the shops into a mode; none = both.
func (w *shopWorld) mode(mode string, codes ...string) {
	w.t.Helper()
	for _, s := range w.db.ShopsIn(w.who.Scope) {
		if len(codes) == 0 || slices.Contains(codes, s.External) {
			_, err := w.hub.SetModes(w.t.Context(), w.who, []ident.Shop{s.ID}, mode)
			w.must(err)
		}
	}
}

// Of a shop that is only watched orders are shown, and whoever presses anything of any kind is told why nothing
// is sent; with goods alone stock may go out and nothing else.
func TestEveryPowerIsHeldInWatchMode(t *testing.T) {
	each(t, func(w *shopWorld) {
		w.run()
		printer, err := w.hub.PutPrinter(t.Context(), w.who, db.PrinterRow{Store: w.store(), Kind: "escpos", Name: "后厨", Address: "127.0.0.1:9"}, hub.PrinterSettings{Columns: 32, Locale: "zh-CN", Prints: []hub.PrintRule{{Ticket: ticket.Kitchen, When: hub.WhenArrives}}})
		w.must(err)
		for _, mode := range []string{hub.ModeWatch, hub.ModeGoods} {
			w.mode(mode)
			code := map[string]string{hub.ModeWatch: "only_watched", hub.ModeGoods: "only_goods"}[mode]
			id := w.place(`{"app_poi_code":"TEA001"}`)
			w.until("the order is shown", func() bool { return w.status(id) == order.StatusNew })
			held := func(what string, err error) {
				t.Helper()
				if !fault.Is(err, fault.Conflict) || fault.ReasonOf(err).Code != code {
					t.Errorf("%s in mode %s: %v", what, mode, err)
				}
			}
			for _, k := range []order.ActionKind{order.Accept, order.Refuse} {
				_, err := w.act(id, hub.Act{Kind: k, ReasonCode: "2001"})
				held(string(k), err)
			}
			row, _, effects, _ := w.row(id)
			_, err := w.hub.Reprint(t.Context(), w.who, []ident.Order{row.ID}, ticket.Kitchen, printer.ID)
			held("printing", err)
			w.must(w.hub.Rest(t.Context(), w.who, w.store(), time.Now().Add(time.Hour)))
			if s := w.states(); s[0] != "watched" || w.paused("TEA001") {
				t.Errorf("a pause in mode %s: %v", mode, s)
			}
			if len(effects) > 0 {
				t.Errorf("mode %s makes %+v", mode, effects)
			}
			if native, _ := w.sim.Order(id); native.Tally["order/poi_received"].Calls+native.Tally["order/confirm"].Calls != 0 {
				t.Errorf("mode %s: calls were made: %+v", mode, native.Tally)
			}
			w.clk.Advance(4 * time.Minute)
			list, _, err := w.hub.Concerns(t.Context(), w.who)
			w.must(err)
			if slices.ContainsFunc(list, func(c hub.Concern) bool { return c.Order != nil }) {
				t.Errorf("mode %s calls somebody: %+v", mode, list)
			}
		}
	})
}

// What was asked for while everything was sent, and has not gone out when the mode changes, stays.
func TestAChangeOfModeHoldsWhatHasNotGoneOut(t *testing.T) {
	each(t, func(w *shopWorld) {
		id := w.place(`{"app_poi_code":"TEA001"}`)
		w.until("the order arrives", func() bool { return w.status(id) == order.StatusNew })
		_, err := w.act(id, hub.Act{Kind: order.Accept}) // lanes do not run yet
		w.must(err)
		w.must(w.hub.Rest(t.Context(), w.who, w.store(), time.Now().Add(time.Hour)))
		w.mode(hub.ModeWatch, "TEA001") // the other goes on: a pilot
		w.run()
		w.until("the lanes have decided", func() bool {
			return !w.underWay(string(order.Accept), effect.Waiting, effect.Sending) && w.paused("TEA002")
		})
		_, _, effects, _ := w.row(id)
		for _, e := range effects {
			if e.Kind == string(order.Accept) && e.State != effect.Void || e.Kind == string(order.Accept) && !strings.HasPrefix(e.Why.Code, "only_") {
				t.Errorf("%s is %s: %s", e.Kind, e.State, e.Why.Code)
			}
		}
		native, err := w.sim.Order(id)
		w.must(err)
		if native.Tally["order/confirm"].Calls+native.Tally["order/poi_received"].Calls != 0 || w.paused("TEA001") {
			t.Errorf("calls went out: %+v", native.Tally)
		}
		w.mode(hub.ModeFull)
		_, err = w.act(id, hub.Act{Kind: order.Accept})
		w.must(err)
		w.until("it is sent again", func() bool { return w.status(id) == order.StatusAccepted })
	})
}
