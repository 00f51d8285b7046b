package channeltest

import (
	"testing"
	"time"

	"github.com/tongdan/tongdan/channel"
	"github.com/tongdan/tongdan/effect"
	"github.com/tongdan/tongdan/fault"
)

// Stocking is a World whose platform counts what it sells.
type Stocking interface {
	// Offers gives two offers of the account that count their own pieces.
	Offers(t *testing.T) [2]channel.Offer

	// Buy lets a buyer buy so many pieces of an offer; false when the platform refuses.
	Buy(t *testing.T, o channel.Offer, pieces int64) bool

	// FaultStock makes the next n calls that set a stock fail.
	FaultStock(t *testing.T, f Fault, n int)
}

func counts(i *channel.Info) bool { return i.Stock != nil }

// stocked opens a world that counts.
func stocked(t *testing.T, h Harness) (*desk, Stocking, [2]channel.Offer) {
	t.Helper()
	d := open(t, h)
	s, ok := d.w.(Stocking)
	if !ok {
		t.Fatal("the platform declares stock: its World must be Stocking")
	}
	return d, s, s.Offers(t)
}

func (d *desk) shows(o channel.Offer, want int64) {
	d.t.Helper()
	if n, err := d.conn.Stock(d.t.Context(), o); err != nil || n != want {
		d.t.Errorf("%s shows %d (%v), want %d", o.Code(), n, err, want)
	}
}

func (d *desk) set(o channel.Offer, n int64) {
	d.t.Helper()
	if err := d.conn.SetStock(d.t.Context(), o, n); err != nil {
		d.t.Fatalf("set %s to %d: %v", o.Code(), n, err)
	}
}

var stockRules = []rule{{
	name: "the power over stock is declared as it is",
	why:  "the hub bounds what a channel may sell by what the declaration says",
	run: func(t *testing.T, h Harness) {
		d := open(t, h)
		s, err := d.h.Platform().Open(d.w.Account(), d.w.Env())
		if err != nil {
			t.Fatal(err)
		}
		p := d.info.Stock
		if has[channel.StockSetter](s) != (p != nil) {
			t.Errorf("the shop sets stock: %v, declared: %v", has[channel.StockSetter](s), p != nil)
		}
		if p != nil && (p.Nature != effect.Absolute || p.Most < 1 || p.Lag < 0 || p.Note.ZH == "" || p.Note.EN == "") {
			t.Errorf("the declaration is not complete: %+v", p)
		}
	},
}, {
	name: "a number that is set is the number that is shown, and a sale takes its pieces off",
	why:  "everything else about stock is computed from these two",
	when: counts,
	run: func(t *testing.T, h Harness) {
		d, s, of := stocked(t, h)
		for _, n := range []int64{5, 5, 0, 3} {
			d.set(of[0], n)
			d.shows(of[0], n)
		}
		d.set(of[1], 7)
		if !s.Buy(t, of[0], 2) {
			t.Error("2 of 3 could not be bought")
		}
		d.shows(of[0], 1)
		if s.Buy(t, of[0], 2) {
			t.Error("2 of 1 could be bought")
		}
		d.shows(of[0], 1)
		d.shows(of[1], 7)
		d.set(of[0], 0)
		if s.Buy(t, of[0], 1) {
			t.Error("something could be bought of nothing")
		}
	},
}, {
	name: "a call that sets stock and fails says whether it may have been carried out",
	why:  "a lost one costs its pieces until it is known what was sold; a refused one must not",
	when: counts,
	run: func(t *testing.T, h Harness) {
		d, s, of := stocked(t, h)
		for _, c := range []struct {
			f    Fault
			code fault.Code
			want int64
		}{
			{Limited, fault.RateLimited, 4}, {Broken, fault.Unknown, 4}, {DropBefore, fault.Unknown, 4}, {DropAfter, fault.Unknown, 9},
		} {
			d.set(of[0], 4)
			s.FaultStock(t, c.f, 1)
			if err := d.conn.SetStock(t.Context(), of[0], 9); !fault.Is(err, c.code) {
				t.Errorf("%s: %v, want %s", c.f, err, c.code)
			}
			d.shows(of[0], c.want)
		}
	},
}, {
	name: "stock of something that the platform does not have is not found",
	why:  "the offer is then told to be wrong, and nothing is given to it",
	when: counts,
	run: func(t *testing.T, h Harness) {
		d, _, of := stocked(t, h)
		for _, o := range []channel.Offer{{ShopID: of[0].ShopID, Item: of[0].Item + "9"}, {ShopID: of[0].ShopID, Item: of[0].Item, Variation: "998877"}} {
			if _, err := d.conn.Stock(t.Context(), o); !fault.Is(err, fault.NotFound) {
				t.Errorf("read %s: %v, want not_found", o.Code(), err)
			}
			if err := d.conn.SetStock(t.Context(), o, 1); err == nil || fault.Is(err, fault.Unknown) {
				t.Errorf("set %s: %v, want a refusal", o.Code(), err)
			}
		}
	},
}, {
	name: "no stock is set after not_after",
	why:  "a process that was frozen must not write an old number over a newer one",
	when: counts,
	run: func(t *testing.T, h Harness) {
		d, _, of := stocked(t, h)
		d.set(of[0], 4)
		ctx := channel.WithNotAfter(t.Context(), time.Now().Add(-time.Second))
		if err := d.conn.SetStock(ctx, of[0], 9); !fault.Is(err, fault.Unavailable) {
			t.Errorf("after not_after: %v, want unavailable", err)
		}
		d.shows(of[0], 4)
	},
}}
