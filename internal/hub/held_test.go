package hub_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/tongdan/tongdan/effect"
	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/internal/hub"
	"github.com/tongdan/tongdan/order"
)

func (w *shopWorld) accepted() string {
	w.t.Helper()
	id := w.place(`{"app_poi_code":"TEA001"}`)
	w.until("the order arrives", func() bool { return w.status(id) == order.StatusNew })
	_, err := w.act(id, hub.Act{Kind: order.Accept})
	w.must(err)
	w.until("accepted", func() bool { return w.status(id) == order.StatusAccepted })
	return id
}

// An act that is held back reaches the platform after its time and not before; taken back
// meanwhile, it never does, and the order is as it was.
func TestAnActIsHeldBackAndTakenBack(t *testing.T) {
	each(t, func(w *shopWorld) {
		w.run()
		const op = "order/preparationMealComplete"
		calls := func(id string) int { o, _ := w.sim.Order(id); return o.Tally[op].Calls }
		pending := func(id string) (p []hub.Pending) {
			row, _, _, _ := w.row(id)
			var s hub.Summary
			w.must(json.Unmarshal(row.Summary, &s))
			return s.Pending
		}
		kept, slip := w.accepted(), w.accepted()

		began := time.Now()
		_, err := w.act(kept, hub.Act{Kind: order.Ready, Hold: 2 * time.Second})
		w.must(err)
		done, err := w.act(slip, hub.Act{Kind: order.Ready, Hold: hub.MaxHold})
		w.must(err)
		if p := pending(slip); len(p) != 1 || p[0].HeldTo < began.Add(hub.MaxHold).UnixMilli() || p[0].State != effect.Waiting {
			t.Errorf("held: %+v", p)
		}
		w.must(w.hub.Withdraw(t.Context(), w.who, done.Effect))
		if p := pending(slip); len(p) != 0 || w.status(slip) != order.StatusAccepted {
			t.Errorf("taken back, the order shows %+v and is %s", p, w.status(slip))
		}
		w.until("what was kept is ready", func() bool { return w.status(kept) == order.StatusReady })
		if took := time.Since(began); took < 2*time.Second || calls(kept) != 1 {
			t.Errorf("%d calls after %v", calls(kept), took)
		}
		if err := w.hub.Withdraw(t.Context(), w.who, done.Effect); !fault.Is(err, fault.Conflict) {
			t.Errorf("taken back twice: %v", err)
		}
		if calls(slip) != 0 {
			t.Error("what was taken back was sent")
		}
		// The same press again is sent at once.
		_, err = w.act(slip, hub.Act{Kind: order.Ready})
		w.must(err)
		w.until("ready after all", func() bool { return w.status(slip) == order.StatusReady })
		if calls(slip) != 1 {
			t.Errorf("%d calls", calls(slip))
		}
		for _, a := range []hub.Act{{Kind: order.Accept, Hold: time.Second}, {Kind: order.Ready, Hold: time.Minute}, {Kind: order.Cancel, Hold: time.Second}} {
			if _, err := w.act(kept, a); !fault.Is(err, fault.Invalid) {
				t.Errorf("%s held for %v: %v", a.Kind, a.Hold, err)
			}
		}
	})
}

// A reminder is answered once on the platform, also when the answer of the call is lost, and
// is unanswered no more.
func TestAReminderIsAnsweredOnce(t *testing.T) {
	each(t, func(w *shopWorld) {
		w.run()
		id := w.accepted()
		w.must(w.sim.Do(id, "remind", nil))
		w.until("the reminder rings", func() bool { _, o, _, _ := w.row(id); return o.Has(order.FlagReminder) })
		_, o, _, _ := w.row(id)
		answer := hub.Act{Kind: order.RemindReply, For: o.Reminders[0].Key, ReasonCode: "1"}
		if _, err := w.act(id, hub.Act{Kind: order.RemindReply, For: answer.For}); !fault.Is(err, fault.Invalid) {
			t.Errorf("without an answer: %v", err)
		}
		w.sim.Faults().Next("drop_after_commit", 1, "order/remindReply")
		for range 2 {
			_, err := w.act(id, answer)
			w.must(err)
		}
		w.until("it is answered", func() bool {
			_, o, _, _ := w.row(id)
			return !o.Has(order.FlagReminder) && o.Reminders[0].AnsweredAt > 0
		})
		native, err := w.sim.Order(id)
		w.must(err)
		if n := native.Tally["order/remindReply"]; n.Changes != 1 || native.Reminders[0].Reply != "已在制作" {
			t.Errorf("the platform has %+v, %+v", n, native.Reminders[0])
		}
		if done, err := w.act(id, answer); err != nil || done.State != effect.Done {
			t.Errorf("a late press: %+v %v", done, err)
		}
	})
}
