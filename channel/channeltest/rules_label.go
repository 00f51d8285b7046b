package channeltest

import (
	"testing"
	"time"

	"github.com/tongdan/tongdan/channel"
	"github.com/tongdan/tongdan/effect"
	"github.com/tongdan/tongdan/order"
)

func hasLabels(i *channel.Info) bool { return i.Labelling != nil }

// parcels places orders whose labels can be printed and gives their parcels.
func (d *desk) parcels(n int) (orders, parcels []order.Ref) {
	d.t.Helper()
	for range n {
		orders = append(orders, d.w.Place(d.t, Wish{}))
	}
	d.w.Advance(d.t, time.Minute)
	for _, ref := range orders {
		d.learn(ref)
		linked := d.book.Linked(ref)
		if len(linked) != 1 {
			d.t.Fatalf("order %s has %d parcels", ref.ID, len(linked))
		}
		parcels = append(parcels, linked[0])
	}
	return orders, parcels
}

var labelRules = []rule{{
	name: "the power over labels is declared as it is",
	why:  "labels that cannot be had by a call are not offered to anybody",
	run: func(t *testing.T, h Harness) {
		d := open(t, h)
		s, err := d.h.Platform().Open(d.w.Account(), d.w.Env())
		if err != nil {
			t.Fatal(err)
		}
		p := d.info.Labelling
		if has[channel.Labeller](s) != (p != nil) {
			t.Errorf("the shop has labels: %v, declared: %v", has[channel.Labeller](s), p != nil)
		}
		if p != nil && (p.Nature != effect.Absolute || p.Note.ZH == "" || p.Note.EN == "" || len(p.Formats) == 0 || p.Most < 1 || p.Takes(channel.PDF) && len(p.PerPage) == 0 || !d.info.Labels) {
			t.Errorf("the declaration is not complete: %+v", p)
		}
	},
}, {
	name: "every parcel is on one sheet or refused, and one bad parcel stops no other",
	why:  "a label that is missing without a word is a parcel that stays behind",
	when: hasLabels,
	run: func(t *testing.T, h Harness) {
		d := open(t, h)
		orders, parcels := d.parcels(5)
		if !d.w.Happen(t, orders[2], BuyerCancels) {
			t.Skip("nothing makes a parcel unprintable here")
		}
		for _, f := range d.info.Labelling.Formats {
			for range 2 { // and again: the same
				got, err := d.conn.Labels(t.Context(), parcels, f)
				if err != nil {
					t.Fatalf("%s: %v", f, err)
				}
				seen := map[order.Ref]int{}
				for _, s := range got.Sheets {
					if len(s.Bytes) == 0 || f == channel.ZPL && len(s.Parcels) != 1 {
						t.Errorf("%s: a sheet of %d bytes for %d parcels", f, len(s.Bytes), len(s.Parcels))
					}
					for _, p := range s.Parcels {
						seen[p]++
					}
				}
				for _, r := range got.Refused {
					seen[r.Parcel]++
					if r.Parcel != parcels[2] || r.Why.IsZero() || r.Code == "" {
						t.Errorf("%s: refused %+v", f, r)
					}
				}
				for _, p := range parcels {
					if seen[p] != 1 {
						t.Errorf("%s: parcel %s is told %d times", f, p.ID, seen[p])
					}
				}
				if len(got.Refused) != 1 {
					t.Errorf("%s: %d are refused", f, len(got.Refused))
				}
			}
		}
	},
}, {
	name: "a parcel whose label was given out is read back as printed",
	why:  "what is to be labelled follows the platform, not our memory",
	when: hasLabels,
	run: func(t *testing.T, h Harness) {
		d := open(t, h)
		orders, parcels := d.parcels(1)
		if o := d.learn(orders[0]); !hasFlag(o, order.FlagToLabel) {
			t.Fatalf("a parcel that is ready has the flags %v", o.Flags)
		}
		got, err := d.conn.Labels(t.Context(), parcels, d.info.Labelling.Formats[0])
		if err != nil {
			t.Fatal(err)
		}
		d.take(&d.book, got.Items...)
		d.w.Advance(t, time.Minute)
		if o := d.learn(orders[0]); !hasFlag(o, order.FlagLabelled) {
			t.Errorf("it reads back with the flags %v", o.Flags)
		}
	},
}, {
	name: "too many calls for labels are waited out, and lost answers are no refusals",
	why:  "a batch of hundreds meets the platform's limit every day",
	when: hasLabels,
	run: func(t *testing.T, h Harness) {
		d := open(t, h)
		_, parcels := d.parcels(1)
		for f, want := range map[Fault]effect.Outcome{Limited: effect.Later, Broken: effect.Lost, DropAfter: effect.Lost} {
			d.w.Fault(t, f, 1, "label")
			_, err := d.conn.Labels(t.Context(), parcels, d.info.Labelling.Formats[0])
			if got := effect.OutcomeOf(err); got != want {
				t.Errorf("%v: the outcome is %s (%v), want %s", f, got, err, want)
			}
		}
	},
}}

func hasFlag(o order.Order, f order.Flag) bool {
	for _, x := range o.Flags {
		if x == f {
			return true
		}
	}
	return false
}
