package hub_test

import (
	"testing"
	"time"

	"github.com/tongdan/tongdan/channel"
	"github.com/tongdan/tongdan/ident"
	"github.com/tongdan/tongdan/internal/db"
	"github.com/tongdan/tongdan/internal/hub"
)

// shop gives the world's shop with a code.
func (w *shopWorld) shop(code string) db.ShopRow {
	w.t.Helper()
	for _, s := range w.db.ShopsIn(w.who.Scope) {
		if s.External == code {
			return s
		}
	}
	w.t.Fatalf("no shop %s", code)
	return db.ShopRow{}
}

// shown is how a shop stands, and how far what we want of it is.
func (w *shopWorld) shown(code string) hub.IntakeChannel {
	w.t.Helper()
	list, err := w.hub.Intakes(w.t.Context(), w.who)
	w.must(err)
	id := w.shop(code).ID
	for _, c := range list[0].Channels {
		if c.ShopID == id {
			return c
		}
	}
	w.t.Fatalf("%s is in no list", code)
	return hub.IntakeChannel{}
}

func (w *shopWorld) restingConcerns() (out []hub.Concern) {
	w.t.Helper()
	list, _, err := w.hub.Concerns(w.t.Context(), w.who)
	w.must(err)
	for _, c := range list {
		if c.Kind == hub.ConcernResting {
			out = append(out, c)
		}
	}
	return out
}

// hours has the world's store open since some minutes ago, by its own clock.
func (w *shopWorld) hours(since time.Duration) {
	w.t.Helper()
	zone, err := time.LoadLocation("Asia/Shanghai")
	w.must(err)
	now := w.clk.Now().In(zone)
	st, _ := w.db.StoreByID(w.who.Merchant, w.store())
	st.Hours = now.Add(-since).Format("15:04") + "-" + now.Add(3*time.Hour).Format("15:04")
	_, err = w.hub.PutStore(w.t.Context(), w.who, st)
	w.must(err)
}

// How shops are shown is read and told; one that the platform has put to rest is told at once with its words, one that
// still rests after its opening time five minutes later, and neither while it is only watched.
func TestAShopThatRestsInItsHoursIsTold(t *testing.T) {
	each(t, func(w *shopWorld) {
		w.must(w.sim.DoStore("TEA002", "close", "")) // by hand, last night: it does not end by itself
		w.hours(time.Minute)
		w.run()
		w.until("both are read", func() bool {
			return w.shown("TEA001").Shown.State == channel.ShopOpen && w.shown("TEA002").Shown.State == channel.ShopResting
		})
		if list := w.restingConcerns(); len(list) != 0 {
			t.Errorf("told a minute after the opening: %+v", list)
		}
		w.must(w.sim.DoStore("TEA001", "suspend", "一小时内连续2单超时未接，系统置休"))
		w.until("the platform's rest is told at once", func() bool {
			list := w.restingConcerns()
			return len(list) == 1 && list[0].Cause == "held" && list[0].Words == "一小时内连续2单超时未接，系统置休" && list[0].Urgent
		})
		w.clk.Advance(5 * time.Minute)
		if list := w.restingConcerns(); len(list) != 2 {
			t.Errorf("five minutes after the opening: %+v", list)
		}
		w.mode(hub.ModeWatch, "TEA002")
		if list := w.restingConcerns(); len(list) != 1 {
			t.Errorf("a watched shop is told of: %+v", list)
		}
		w.must(w.sim.DoStore("TEA001", "release", ""))
		w.until("it goes with the fact", func() bool { return len(w.restingConcerns()) == 0 })
	})
}

// One press opens every shop, also those that we did not let rest; each has its result, and what a platform refuses is
// shown with its words and can be pressed again.
func TestAllShopsAreOpenedWithAResultForEach(t *testing.T) {
	alone(t, func(w *shopWorld) {
		w.must(w.sim.DoStore("TEA001", "close", ""))
		w.must(w.sim.DoStore("TEA002", "suspend", "系统置休"))
		w.run()
		one, two := w.shop("TEA001").ID, w.shop("TEA002").ID
		got, err := w.hub.SetIntakes(t.Context(), w.who, []ident.Shop{one, two}, time.Time{})
		w.must(err)
		if !got[0].OK || !got[1].OK {
			t.Errorf("results: %+v", got)
		}
		w.until("one is open, the other refused", func() bool {
			return w.shown("TEA001").State == "open" && w.shown("TEA001").Shown.State == channel.ShopOpen && !w.paused("TEA001") && w.shown("TEA002").State == "failed"
		})
		if c := w.shown("TEA002"); c.Words == "" {
			t.Errorf("refused without a word: %+v", c)
		}
		w.must(w.sim.DoStore("TEA002", "release", ""))
		w.must(w.sim.DoStore("TEA002", "close", ""))
		_, err = w.hub.SetIntakes(t.Context(), w.who, []ident.Shop{two}, time.Time{})
		w.must(err)
		w.until("pressed again it opens", func() bool { return !w.paused("TEA002") && w.shown("TEA002").State == "open" })

		rest := func(d time.Duration) {
			_, err = w.hub.SetIntakes(t.Context(), w.who, []ident.Shop{one, two}, time.Now().Add(d))
			w.must(err)
		}
		rest(time.Hour)
		w.until("both rest", func() bool { return w.paused("TEA001") && w.paused("TEA002") })
		w.hours(20 * time.Minute)
		if list := w.restingConcerns(); len(list) != 0 {
			t.Errorf("a pause that is meant is told: %+v", list)
		}
		rest(2 * time.Second)
		w.until("and open by themselves", func() bool { return !w.paused("TEA001") && !w.paused("TEA002") })
	})
}

func TestOfTwoStatementsAboutAShopTheLaterHolds(t *testing.T) {
	each(t, func(w *shopWorld) {
		id := w.shop("TEA001").ID
		keep := func(s db.StandingRow) db.StandingRow {
			s.Shop, s.Since, s.Seen = id, s.Said, s.Said
			w.must(w.db.KeepStandings(t.Context(), w.who.Merchant, []db.StandingRow{s}))
			all, err := w.db.Standings(t.Context(), w.who.Merchant)
			w.must(err)
			return all[id]
		}
		keep(db.StandingRow{State: channel.ShopResting, Said: 100, Words: "系统置休", Held: true})
		if s := keep(db.StandingRow{State: channel.ShopResting, Said: 200, Doc: channel.Standing{Shop: "TEA001", Name: "茶"}}); s.Since != 100 || !s.Held || s.Words != "系统置休" || s.Seen != 200 || s.Doc.Name != "茶" {
			t.Errorf("a look that says the same: %+v", s)
		}
		if s := keep(db.StandingRow{State: channel.ShopOpen, Said: 150}); s.State != channel.ShopResting {
			t.Errorf("an older message holds: %+v", s)
		}
		if s := keep(db.StandingRow{State: channel.ShopOpen, Said: 300}); s.State != channel.ShopOpen || s.Since != 300 || s.Held || s.Words != "" || s.Doc.Name != "茶" {
			t.Errorf("a later message: %+v", s)
		}
	})
}
