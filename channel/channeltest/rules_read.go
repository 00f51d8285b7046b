package channeltest

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tongdan/tongdan/channel"
	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/order"
)

var infoRules, pushRules, readRules, actRules, pullRules []rule

func hasIssue(o order.Order, code string) bool {
	for _, i := range o.Issues {
		if i.Code == code {
			return true
		}
	}
	return false
}

func init() {
	readRules = []rule{{
		name: "a read order is complete and its sums add up",
		why:  "lines + fees − discounts = total, to the cent, or nobody can be paid by it",
		run: func(t *testing.T, h Harness) {
			d := open(t, h)
			for n := 1; n <= 4; n++ {
				o := d.learn(d.w.Place(t, Wish{Lines: n, Each: int64(n)}))
				if !o.Complete() {
					t.Fatalf("an order with %d lines is not complete: bill %v, shop %q, issues %v", n, o.Bill != nil, o.ShopID, o.Issues)
				}
				if diff, err := o.Bill.Difference(); err != nil || !diff.IsZero() {
					t.Errorf("an order with %d lines: total and parts differ by %v (%v)", n, diff, err)
				}
				if o.Status == order.StatusUnpaid || o.Axes.Payment == order.Unpaid {
					t.Errorf("a paid order reads as %s", o.Status)
				}
				if len(o.Bill.Lines) == 0 || o.Head.Display == "" || o.Times.Placed == 0 {
					t.Errorf("lines %d, display %q, placed %d: a clerk needs all of them", len(o.Bill.Lines), o.Head.Display, o.Times.Placed)
				}
				for _, i := range o.Issues {
					if i.Severity != order.SevInfo {
						t.Errorf("an ordinary order has an issue: %+v", i)
					}
				}
			}
		},
	}, {
		name: "reading twice changes nothing that anybody can see",
		own:  "nobody can be asked: nothing is read",
		why:  "sweeps and read-backs read all day long",
		run: func(t *testing.T, h Harness) {
			d := open(t, h)
			ref := d.w.Place(t, Wish{})
			first := Seen(d.learn(ref))
			d.w.Advance(t, time.Second)
			d.read(&d.book, ref)
			if second := Seen(d.book.Order(ref, d.info.Grammar)); first != second {
				t.Errorf("the second read changed the order:\n%s", Difference(first, second))
			}
		},
	}, {
		name: "every item of a read names itself and keeps its bytes",
		own:  "nobody can be asked: nothing is read",
		why:  "the journal is what replay and a bug report are made of",
		run: func(t *testing.T, h Harness) {
			d := open(t, h)
			ref := d.w.Place(t, Wish{})
			items, err := d.conn.Read(t.Context(), ref)
			if err != nil || len(items) == 0 {
				t.Fatalf("read: %d items, %v", len(items), err)
			}
			for _, it := range items {
				if it.What == "" || len(it.Raw) == 0 || it.Ref.ID == "" {
					t.Errorf("item %q about %q with %d bytes", it.What, it.Ref.ID, len(it.Raw))
				}
				for _, r := range it.Readings {
					if err := r.Record.Check(); err != nil {
						t.Errorf("%s: %v", it.What, err)
					}
				}
			}
		},
	}, {
		name: "an order that the platform does not know is not_found",
		why:  "a hint may come before the platform's own reads see the order; that is no outage",
		run: func(t *testing.T, h Harness) {
			d := open(t, h)
			_, err := d.conn.Read(t.Context(), order.Ref{Realm: d.info.Realm, Kind: order.KindOrder, ID: "20000099999999999"})
			if !fault.Is(err, fault.NotFound) {
				t.Errorf("read of an unknown order: %v, want not_found", err)
			}
		},
	}, {
		name: "a status that nobody has seen survives",
		own:  "its words are ours, and no answer brings another",
		why:  "platforms add words without telling; the order must stay, with their word shown",
		run: func(t *testing.T, h Harness) {
			d := open(t, h)
			ref := d.w.Place(t, Wish{})
			conn := d.connect(d.mangled(NewWord, ref))
			var b Book
			items, err := conn.Read(t.Context(), ref)
			if err != nil {
				t.Fatalf("read: %v", err)
			}
			d.take(&b, items...)
			if len(b.Parked) > 0 {
				t.Fatalf("the order was parked: %v", b.Parked[0].Err)
			}
			o := b.Order(ref, d.info.Grammar)
			if !hasIssue(o, order.IssueUnknown) {
				t.Errorf("no issue says that a status is unknown: %+v", o.Issues)
			}
			if o.Bill == nil {
				t.Error("the unknown status took the content with it")
			}
		},
	}, {
		name: "an answer that cannot be read is parked or an error, never lost silence",
		own:  "nobody can be asked: nothing is read",
		why:  "an order that cannot be read must be seen by somebody",
		run: func(t *testing.T, h Harness) {
			d := open(t, h)
			ref := d.w.Place(t, Wish{})
			conn := d.connect(d.mangled(Unreadable, ref))
			items, err := conn.Read(t.Context(), ref)
			parked := false
			for _, it := range items {
				parked = parked || it.Err != nil && len(it.Raw) > 0
			}
			if err == nil && !parked {
				t.Error("a broken answer gave neither an error nor a parked item")
			}
		},
	}, {
		name: "flow control at a read is rate_limited, a broken gateway unavailable",
		own:  "nobody can be asked: nothing is read",
		why:  "the lane waits as it is told, and does not take a gateway's page for an order",
		run: func(t *testing.T, h Harness) {
			d := open(t, h)
			ref := d.w.Place(t, Wish{})
			for f, want := range map[Fault]fault.Code{Limited: fault.RateLimited, Broken: fault.Unavailable} {
				d.w.Fault(t, f, 1, "")
				if _, err := d.conn.Read(t.Context(), ref); !fault.Is(err, want) {
					t.Errorf("read at %s: %v, want %s", f, err, want)
				}
			}
			if _, err := d.conn.Read(t.Context(), ref); err != nil {
				t.Errorf("read afterwards: %v", err)
			}
		},
	}, {
		name: "a context that has ended makes no call",
		why:  "a lane that lost its lease must fall silent",
		run: func(t *testing.T, h Harness) {
			d := open(t, h)
			ref := d.w.Place(t, Wish{})
			ctx, stop := context.WithCancel(t.Context())
			stop()
			if _, err := d.conn.Read(ctx, ref); err == nil {
				t.Error("read with an ended context succeeded")
			}
			for _, err := range d.conn.Pull(ctx, channel.Pull{}) {
				if err != nil {
					return
				}
			}
			t.Error("pull with an ended context ended without an error")
		},
	}, {
		name: "one shop can be used by many at once",
		own:  "nobody can be asked: nothing is read",
		why:  "lanes are wide and the console reads too",
		run: func(t *testing.T, h Harness) {
			d := open(t, h)
			ref := d.w.Place(t, Wish{})
			var wg sync.WaitGroup
			errs := make(chan error, 8)
			for range 8 {
				wg.Go(func() {
					_, err := d.conn.Read(t.Context(), ref)
					errs <- err
				})
			}
			wg.Wait()
			close(errs)
			for err := range errs {
				if err != nil && !fault.Is(err, fault.RateLimited) {
					t.Errorf("read: %v", err)
				}
			}
		},
	}, {
		name: "no error text holds a customer's data",
		own:  "nobody can be asked: nothing is read; the connector's fuzz test holds it for documents",
		why:  "errors go to logs",
		run: func(t *testing.T, h Harness) {
			d := open(t, h)
			ref := d.w.Place(t, Wish{})
			o := d.learn(ref)
			conn := d.connect(d.mangled(Unreadable, ref))
			items, err := conn.Read(t.Context(), ref)
			text := ""
			if err != nil {
				text = err.Error()
			}
			for _, it := range items {
				if it.Err != nil {
					text += it.Err.Error()
				}
			}
			if c := o.Customer; c != nil {
				for _, s := range []string{c.Name, c.Phone, c.Address} {
					if len(s) > 3 && strings.Contains(text, s) {
						t.Errorf("an error text holds personal data")
					}
				}
			}
		},
	}}
}
