package hub_test

import (
	"testing"

	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/ident"
	"github.com/tongdan/tongdan/internal/db"
	"github.com/tongdan/tongdan/internal/hub"
	"github.com/tongdan/tongdan/internal/sim"
)

// A bad comment is found by looking, waits for somebody in the message centre, is replied to once though the
// answer is lost, and waits no more.
func TestABadCommentIsToldAndRepliedToOnce(t *testing.T) {
	each(t, func(w *shopWorld) {
		ctx := w.t.Context()
		id := w.place(`{"app_poi_code":"TEA001"}`)
		for _, act := range []string{"accept_in_app", "complete"} {
			w.must(w.sim.Do(id, act, nil))
		}
		w.must(w.sim.Do(id, "comment", map[string]any{"score": 1, "reason": "凉了"}))
		w.run()
		waits := func() (n int) {
			list, _, err := w.hub.Concerns(ctx, w.who)
			w.must(err)
			for _, c := range list {
				if c.Kind == hub.ConcernComment && c.Score == 1 && c.Urgent && c.StoreID != 0 {
					n++
				}
			}
			return n
		}
		w.until("it waits for somebody", func() bool { return waits() == 1 })
		rows, _, err := w.db.Comments(ctx, w.who.Scope, db.CommentFilter{Unanswered: true, Limit: 10})
		w.must(err)
		if len(rows) != 1 || rows[0].Text != "凉了" {
			w.t.Fatalf("comments %+v", rows)
		}
		w.sim.Faults().Next(sim.DropAfterCommit, 1, "poi/comment/add_reply")
		_, err = w.hub.ReplyComment(ctx, w.who, rows[0].ID, "抱歉，马上处理")
		w.must(err)
		if waits() != 0 {
			t.Error("it still waits though it is replied to")
		}
		if _, err := w.hub.ReplyComment(ctx, w.who, rows[0].ID, "再来"); !fault.Is(err, fault.Conflict) {
			t.Errorf("a second reply: %v, want a conflict", err)
		}
		w.until("the reply is known to stand there", func() bool {
			r, err := w.db.Comment(ctx, w.who.Merchant, rows[0].ID)
			return err == nil && r.Ours.State == "done"
		})
		if o, _ := w.sim.Order(id); o.Comment.Reply != "抱歉，马上处理" {
			t.Errorf("there stands %q", o.Comment.Reply)
		}
		if _, _, err := w.db.Comments(ctx, db.Scope{Merchant: w.who.Merchant, Stores: nil}, db.CommentFilter{Cursor: "!", Limit: 1}); !fault.Is(err, fault.Invalid) {
			t.Errorf("a cursor of another list: %v", err)
		}
		if list, _, err := w.db.Comments(ctx, db.Scope{Merchant: w.who.Merchant, Stores: []ident.Store{}}, db.CommentFilter{Limit: 10}); err != nil || len(list) != 0 {
			t.Errorf("who has no store sees %d comments, %v", len(list), err)
		}
	})
}

// A reply that the platform does not take is said to be refused, waits for somebody again, and can be made anew.
func TestAReplyThatIsRefusedWaitsAgain(t *testing.T) {
	each(t, func(w *shopWorld) {
		ctx := w.t.Context()
		w.must(w.sim.Configure([]byte(`{"banned_word":"微信"}`)))
		id := w.place(`{"app_poi_code":"TEA001"}`)
		for _, act := range []string{"accept_in_app", "complete"} {
			w.must(w.sim.Do(id, act, nil))
		}
		w.must(w.sim.Do(id, "comment", map[string]any{"score": 1, "reason": "凉了"}))
		w.run()
		var rows []db.CommentRow
		waits := func() bool {
			var err error
			rows, _, err = w.db.Comments(ctx, w.who.Scope, db.CommentFilter{Unanswered: true, Limit: 10})
			w.must(err)
			return len(rows) == 1
		}
		w.until("it is here", waits)
		_, err := w.hub.ReplyComment(ctx, w.who, rows[0].ID, "加微信退款")
		w.must(err)
		w.until("it waits again", func() bool { return waits() && rows[0].Ours.State == "refused" && rows[0].Ours.Why != nil })
		w.until("the second one is taken", func() bool { // its refusal is noted a moment before it has ended
			_, err := w.hub.ReplyComment(ctx, w.who, rows[0].ID, "抱歉")
			return err == nil
		})
		w.until("the second one stands there", func() bool { o, _ := w.sim.Order(id); return o.Comment.Reply == "抱歉" })
		w.until("and is known to", func() bool { return !waits() })
	})
}
