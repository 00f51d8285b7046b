package channeltest

import (
	"bytes"
	"testing"
	"time"

	"github.com/tongdan/tongdan/channel"
	"github.com/tongdan/tongdan/effect"
	"github.com/tongdan/tongdan/order"
)

var ownRules []rule

func isOwn(i *channel.Info) bool { return i.Own }

func init() {
	ownRules = []rule{{
		name: "an own channel's act is done by being said, and saying it again is the same act",
		why:  "a process that dies before it has written an act down says it again: a refund must not become two",
		when: isOwn,
		run: func(t *testing.T, h Harness) {
			eachAct(t, h, func(t *testing.T, d *desk, p channel.Power, a channel.Act) {
				before, err := d.conn.Before(t.Context(), a)
				if err != nil {
					t.Fatalf("before: %v", err)
				}
				items, err := d.conn.Do(t.Context(), a, before)
				if err != nil || len(items) == 0 {
					t.Fatalf("%s: %d items, %v", p.Kind, len(items), err)
				}
				for _, it := range items {
					if !it.Said || it.What == "" || len(it.Raw) == 0 || len(it.Readings) == 0 {
						t.Errorf("item %q is not Said: there is no answer that replay could read", it.What)
					}
				}
				was := d.book.Order(a.Order, d.info.Grammar)
				d.take(&d.book, items...)
				once := d.book.Order(a.Order, d.info.Grammar)
				if Seen(was) == Seen(once) {
					t.Errorf("after %s the order is as before", p.Kind)
				}
				if p.Kind != order.RefundPartial && !order.Achieved(&once, p.Kind, a.Case) {
					t.Errorf("after %s the order does not show it: %+v, status %s", p.Kind, once.Axes, once.Status)
				}
				d.w.Advance(t, time.Minute)
				again, err := d.conn.Do(t.Context(), a, before)
				if err != nil {
					t.Fatalf("%s again: %v", p.Kind, err)
				}
				d.take(&d.book, again...)
				sight, err := d.conn.Look(t.Context(), a, before)
				if err != nil || sight.Outcome != effect.Seen || len(sight.Items) == 0 {
					t.Fatalf("look: %v with %d items, %v; want seen, with what was said", sight.Outcome, len(sight.Items), err)
				}
				d.take(&d.book, sight.Items...)
				thrice := d.book.Order(a.Order, d.info.Grammar)
				if thrice.Axes != once.Axes || thrice.Refunded != once.Refunded || len(thrice.Cases) != len(once.Cases) || len(thrice.Payments) != len(once.Payments) {
					t.Errorf("said three times: %+v, refunded %v in %d cases; once: %+v, %v in %d", thrice.Axes, thrice.Refunded, len(thrice.Cases), once.Axes, once.Refunded, len(once.Cases))
				}
			})
		},
	}, {
		name: "an own channel yields nothing to a pull",
		why:  "a lane that asked nobody would be a lane that learns nothing, every minute",
		when: isOwn,
		run: func(t *testing.T, h Harness) {
			d := open(t, h)
			d.w.Place(t, Wish{})
			for page, err := range d.conn.Pull(t.Context(), channel.Pull{Wide: true}) {
				t.Errorf("%d items, %v", len(page.Items), err)
			}
		},
	}, {
		name: "replay reads an own channel's documents as they came",
		why:  "the journal is the only copy: there is no platform that could be asked again",
		when: isOwn,
		run: func(t *testing.T, h Harness) {
			d := open(t, h)
			d.w.Place(t, Wish{Lines: 3})
			own := h.Platform().(channel.Own)
			for _, r := range d.w.Pushes(t) {
				got := own.Receive(d.w.Account().App, r)
				again := own.Translate(channel.Kept{What: got.Item.What, Ref: got.Item.Ref, Raw: bytes.Clone(got.Item.Raw), At: r.At, Push: true})
				var a, b Book
				d.take(&a, got.Item)
				d.take(&b, again)
				same(d, &a, &b)
			}
		},
	}}
}
