package channeltest

import (
	"errors"
	"testing"
	"time"

	"github.com/tongdan/tongdan/channel"
	"github.com/tongdan/tongdan/effect"
	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/order"
)

// eachAct runs f in a subtest for every declared act that the platform carries out, with a
// world and an order prepared for it.
func eachAct(t *testing.T, h Harness, f func(t *testing.T, d *desk, p channel.Power, a channel.Act)) {
	for _, p := range h.Platform().Info().Powers {
		if p.Local {
			continue
		}
		t.Run(string(p.Kind), func(t *testing.T) {
			d, o, ok := prepared(t, h, p.Kind)
			if !ok {
				t.Skip("nothing can bring an order into the state for this act")
			}
			d.t = t
			a := d.act(p.Kind, o)
			if p.Kind != channel.Acknowledge && p.Kind != channel.TellRider {
				for _, permit := range order.Permits(&o, d.info.Acts()) {
					if permit.Kind == p.Kind && !permit.Allowed {
						t.Fatalf("%s is not permitted on an order prepared for it: %s", p.Kind, permit.Why.Code)
					}
				}
			}
			f(t, d, p, a)
		})
	}
}

// readable reports whether a look can see that an act took place. An absolute act may be
// blind: its call is made again, which sets the same thing.
func readable(p channel.Power) bool { return p.Nature != effect.Absolute }

func init() {
	actRules = []rule{{
		name: "an act changes the platform once and says what the answer means",
		own:  "no platform changes; what an act says is a rule of its own",
		why:  "the console shows an act as sending until it has been observed, and the answer is the first observation",
		when: hasActs,
		run: func(t *testing.T, h Harness) {
			eachAct(t, h, func(t *testing.T, d *desk, p channel.Power, a channel.Act) {
				before, err := d.conn.Before(t.Context(), a)
				if err != nil {
					t.Fatalf("before: %v", err)
				}
				if (before != nil) != (p.Nature == effect.Additive) {
					t.Errorf("nature %s and a state before of %d bytes: additive acts have one, others none", p.Nature, len(before))
				}
				if sight, err := d.conn.Look(t.Context(), a, before); err != nil || sight.Outcome != effect.NotSeen {
					t.Errorf("look before the call: %v %v, want not_seen", sight.Outcome, err)
				}
				items, err := d.conn.Do(t.Context(), a, before)
				if err != nil {
					t.Fatalf("%s: %v", p.Kind, err)
				}
				d.take(&d.book, items...)
				if _, n := d.w.Count(t, a.Order, p.Kind); n != 1 {
					t.Errorf("the platform's state changed %d times, want 1", n)
				}
				for _, it := range items {
					if it.What == "" || len(it.Raw) == 0 {
						t.Errorf("item %q with %d bytes", it.What, len(it.Raw))
					}
				}
				d.w.Advance(t, 5*time.Second)
				d.receive(&d.book, d.w.Pushes(t))
				sight, err := d.conn.Look(t.Context(), a, before)
				if err != nil || sight.Outcome != effect.Seen && readable(p) || sight.Outcome == effect.Obsolete {
					t.Errorf("look after the call: %v %v, want seen", sight.Outcome, err)
				}
				d.take(&d.book, sight.Items...)
				if err := d.book.Follow(t.Context(), d.conn); err != nil {
					t.Fatal(err)
				}
				o := d.book.Order(a.Order, d.info.Grammar)
				if p.Kind == channel.TellRider && (o.Axes.Delivery != a.Telling.State || len(o.Delivered) != 1 || o.Delivered[0].Rider == nil || o.Delivered[0].Rider.Name != a.Courier.Name) {
					t.Errorf("after %s the order does not show it: %+v, %+v", p.Kind, o.Axes, o.Delivered)
				}
				if p.Kind != channel.Acknowledge && p.Kind != channel.TellRider && p.Kind != order.RefundPartial && p.Kind != order.Annotate && p.Kind != order.Tip && !order.Achieved(&o, p.Kind, a.Case) {
					t.Errorf("after %s the order does not show it: %+v, status %s", p.Kind, o.Axes, o.Status)
				}
			})
		},
	}, {
		name: "a call whose connection is dropped after the commit arrives once and is seen",
		own:  "its acts make no call that could fail, be lost or be made twice",
		why:  "net/http repeats a GET on a kept-alive connection that dies; a refund made twice is the merchant's money",
		when: hasActs,
		run: func(t *testing.T, h Harness) {
			eachAct(t, h, func(t *testing.T, d *desk, p channel.Power, a channel.Act) {
				before, err := d.conn.Before(t.Context(), a)
				if err != nil {
					t.Fatalf("before: %v", err)
				}
				// A kept-alive connection lies ready by now.
				d.w.Fault(t, DropAfter, 1, p.Kind)
				_, err = d.conn.Do(t.Context(), a, before)
				if !fault.Is(err, fault.Unknown) {
					t.Fatalf("a lost answer gave %v, want unknown_outcome", err)
				}
				if calls, changes := d.w.Count(t, a.Order, p.Kind); calls != 1 || changes != 1 {
					t.Fatalf("the platform saw %d calls and %d changes, want 1 and 1", calls, changes)
				}
				d.w.Advance(t, 5*time.Second)
				sight, err := d.conn.Look(t.Context(), a, before)
				if err != nil || sight.Outcome != effect.Seen && readable(p) || sight.Outcome == effect.Obsolete {
					t.Errorf("look after a lost answer: %v %v, want seen", sight.Outcome, err)
				}
				if !readable(p) && sight.Outcome == effect.NotSeen {
					if _, err := d.conn.Do(t.Context(), a, before); err != nil && !fault.Is(err, fault.Conflict) {
						t.Errorf("the call made again: %v", err)
					}
				}
			})
		},
	}, {
		name: "a call that never reached the platform is not seen",
		own:  "its acts make no call that could fail, be lost or be made twice",
		why:  "the other half of a lost answer: the lane has to learn that it must call again",
		when: hasActs,
		run: func(t *testing.T, h Harness) {
			eachAct(t, h, func(t *testing.T, d *desk, p channel.Power, a channel.Act) {
				before, err := d.conn.Before(t.Context(), a)
				if err != nil {
					t.Fatalf("before: %v", err)
				}
				d.w.Fault(t, DropBefore, 1, p.Kind)
				if _, err := d.conn.Do(t.Context(), a, before); !fault.Is(err, fault.Unknown) {
					t.Fatalf("a lost call gave %v, want unknown_outcome", err)
				}
				if sight, err := d.conn.Look(t.Context(), a, before); err != nil || sight.Outcome != effect.NotSeen {
					t.Errorf("look after a lost call: %v %v, want not_seen", sight.Outcome, err)
				}
				if _, err := d.conn.Do(t.Context(), a, before); err != nil {
					t.Errorf("the call made again: %v", err)
				}
				if _, changes := d.w.Count(t, a.Order, p.Kind); changes != 1 {
					t.Errorf("the platform's state changed %d times, want 1", changes)
				}
			})
		},
	}, {
		name: "flow control becomes rate_limited, a broken gateway unknown",
		own:  "its acts make no call that could fail, be lost or be made twice",
		why:  "the first is certainly not done, the second may be: taking one for the other loses an act or doubles it",
		when: hasActs,
		run: func(t *testing.T, h Harness) {
			eachAct(t, h, func(t *testing.T, d *desk, p channel.Power, a channel.Act) {
				before, err := d.conn.Before(t.Context(), a)
				if err != nil {
					t.Fatalf("before: %v", err)
				}
				for f, want := range map[Fault]fault.Code{Limited: fault.RateLimited, Broken: fault.Unknown} {
					d.w.Fault(t, f, 1, p.Kind)
					if _, err := d.conn.Do(t.Context(), a, before); !fault.Is(err, want) {
						t.Errorf("%s at %s: %v, want %s", p.Kind, f, err, want)
					}
				}
				if _, n := d.w.Count(t, a.Order, p.Kind); n != 0 {
					t.Errorf("the platform's state changed %d times, want 0", n)
				}
				if _, err := d.conn.Do(t.Context(), a, before); err != nil {
					t.Errorf("%s afterwards: %v", p.Kind, err)
				}
			})
		},
	}, {
		name: "doing it twice is one state change",
		own:  "no platform counts; that saying it twice is one act is a rule of its own",
		why:  "a job retries after a lost answer, so the second call must find the work done",
		when: hasActs,
		run: func(t *testing.T, h Harness) {
			eachAct(t, h, func(t *testing.T, d *desk, p channel.Power, a channel.Act) {
				if p.Nature == effect.Additive {
					t.Skip("an additive act is not called twice")
				}
				d.do(a)
				_, err := d.conn.Do(t.Context(), a, nil)
				if err != nil && !fault.Is(err, fault.Conflict) {
					t.Errorf("the second %s gave %v, want nothing or conflict", p.Kind, err)
				}
				if fault.Is(err, fault.Conflict) && fault.WordsOf(err) == "" {
					t.Errorf("a conflict without the platform's words: %v", err)
				}
				if _, n := d.w.Count(t, a.Order, p.Kind); n != 1 && p.Nature != effect.Absolute {
					t.Errorf("the platform's state changed %d times, want 1", n)
				}
			})
		},
	}, {
		name: "an act on a cancelled order is a conflict, and its look says that it is obsolete",
		why:  "the customer cancels while the clerk presses; the call must end, in the platform's words",
		when: func(i *channel.Info) bool { return can(order.Accept)(i) },
		run: func(t *testing.T, h Harness) {
			d, o, _ := prepared(t, h, order.Accept)
			a := d.act(order.Accept, o)
			if !d.w.Happen(t, a.Order, BuyerCancels) {
				t.Skip("buyers cannot cancel here")
			}
			_, err := d.conn.Do(t.Context(), a, nil)
			if !fault.Is(err, fault.Conflict) || fault.WordsOf(err) == "" {
				t.Errorf("accept after a cancel: %v, want conflict with words", err)
			}
			if sight, err := d.conn.Look(t.Context(), a, nil); err != nil || sight.Outcome != effect.Obsolete {
				t.Errorf("look: %v %v, want obsolete", sight.Outcome, err)
			}
		},
	}, {
		name: "an answer to a refund request that was withdrawn changes nothing",
		why:  "a call that names only the order would agree to whatever is open by then",
		when: can(order.RefundApprove),
		run: func(t *testing.T, h Harness) {
			d, o, ok := prepared(t, h, order.RefundApprove)
			if !ok {
				t.Skip("buyers cannot ask for refunds here")
			}
			a := d.act(order.RefundApprove, o)
			if !d.w.Happen(t, a.Order, BuyerWithdraws) {
				t.Skip("buyers cannot withdraw here")
			}
			other := d.w.Happen(t, a.Order, BuyerAsksAll)
			if _, err := d.conn.Do(t.Context(), a, nil); err == nil || fault.Is(err, fault.Unknown) {
				t.Errorf("agreeing to a withdrawn request: %v, want a refusal", err)
			}
			if _, n := d.w.Count(t, a.Order, order.RefundApprove); n != 0 {
				t.Errorf("the platform's state changed %d times (another request open: %v), want 0", n, other)
			}
		},
	}, {
		name: "nothing is written to the wire after not_after",
		own:  "nothing is written to any wire",
		why:  "a process that was frozen must not act when somebody else holds its lane",
		when: hasActs,
		run: func(t *testing.T, h Harness) {
			eachAct(t, h, func(t *testing.T, d *desk, p channel.Power, a channel.Act) {
				before, err := d.conn.Before(t.Context(), a)
				if err != nil {
					t.Fatalf("before: %v", err)
				}
				ctx := channel.WithNotAfter(t.Context(), time.Now().Add(-time.Second))
				_, err = d.conn.Do(ctx, a, before)
				if !fault.Is(err, fault.Unavailable) {
					t.Errorf("%s after not_after: %v, want unavailable", p.Kind, err)
				}
				if calls, _ := d.w.Count(t, a.Order, p.Kind); calls != 0 {
					t.Errorf("the platform saw %d calls", calls)
				}
			})
		},
	}, {
		name: "an act that is not declared is unsupported",
		why:  "the console explains it instead of trying",
		run: func(t *testing.T, h Harness) {
			d := open(t, h)
			ref := d.w.Place(t, Wish{})
			for k := range implements {
				if p, ok := d.info.Power(k); ok && !p.Local {
					continue
				}
				if _, err := d.conn.Do(t.Context(), channel.Act{Kind: k, Order: ref}, nil); !fault.Is(err, fault.Unsupported) {
					t.Errorf("%s: %v, want unsupported", k, err)
				}
			}
			if _, err := d.conn.Do(t.Context(), channel.Act{Kind: "dance", Order: ref}, nil); !fault.Is(err, fault.Unsupported) {
				t.Errorf("dance: %v, want unsupported", err)
			}
		},
	}, {
		name: "what was done in the platform's own app is seen",
		why:  "tablets stay in kitchens; an order accepted there needs no call of ours",
		when: can(order.Accept),
		run: func(t *testing.T, h Harness) {
			d, o, _ := prepared(t, h, order.Accept)
			m, ok := d.w.(Merchantly)
			if !ok {
				t.Skip("the simulator has no app of the platform's own")
			}
			a := d.act(order.Accept, o)
			m.AcceptElsewhere(t, a.Order)
			if sight, err := d.conn.Look(t.Context(), a, nil); err != nil || sight.Outcome != effect.Seen {
				t.Errorf("look: %v %v, want seen", sight.Outcome, err)
			}
			_, err := d.conn.Do(t.Context(), a, nil)
			if err != nil && !fault.Is(err, fault.Conflict) {
				t.Errorf("accept of an accepted order: %v, want nothing or conflict", err)
			}
			if o := d.learn(a.Order); !order.Achieved(&o, order.Accept, "") {
				t.Errorf("the order does not show it: %+v", o.Axes)
			}
		},
	}, {
		name: "an act with a missing or wrong input is refused before the call",
		why:  "the platform's answer to nonsense is not documented anywhere",
		when: hasActs,
		run: func(t *testing.T, h Harness) {
			eachAct(t, h, func(t *testing.T, d *desk, p channel.Power, a channel.Act) {
				tried := false
				for _, in := range p.Fields {
					bad := a
					switch {
					case in.Name == "reason_code":
						bad.ReasonCode = "no-such-reason"
					case in.Name == "lines" && in.Required:
						bad.Lines = nil
					default:
						continue
					}
					tried = true
					before, _ := d.conn.Before(t.Context(), bad)
					_, err := d.conn.Do(t.Context(), bad, before)
					if !fault.Is(err, fault.Invalid) {
						t.Errorf("%s with a bad %s: %v, want invalid", p.Kind, in.Name, err)
					}
				}
				if calls, _ := d.w.Count(t, a.Order, p.Kind); tried && calls != 0 {
					t.Errorf("the platform saw %d calls", calls)
				}
			})
		},
	}}
}

var errNotAll = errors.New("not every order arrived")
