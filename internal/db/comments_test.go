package db_test

import (
	"fmt"
	"testing"

	"github.com/tongdan/tongdan/channel"
	"github.com/tongdan/tongdan/internal/db"
	"github.com/tongdan/tongdan/internal/db/dbtest"
)

// Comments of one moment lie on both sides of a page's end and none is left out, also where the platform tells no
// time, so that each look gives another.
func TestCommentsArePagedToTheLast(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ctx, m := t.Context(), brand(t, d)
		a := account(t, d, m)
		shop, _ := d.ShopByExternal(m, realm, "poi-1")
		for look := range int64(2) {
			var list []channel.Comment
			for i := range 7 {
				list = append(list, channel.Comment{ID: fmt.Sprint("c", i), At: 1000 + 5000*look, Text: "好", Score: 5})
			}
			if err := d.KeepComments(ctx, m, a.ID, shop.ID, list, 1000+5000*look); err != nil {
				t.Fatal(err)
			}
		}
		seen, f := map[string]int{}, db.CommentFilter{Limit: 3}
		for range 5 {
			rows, next, err := d.Comments(ctx, db.Scope{Merchant: m}, f)
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range rows {
				if seen[r.Comment.ID]++; r.At != 1000 {
					t.Errorf("%s was written at %d, first seen at 1000", r.Comment.ID, r.At)
				}
			}
			if f.Cursor = next; next == "" {
				break
			}
		}
		if len(seen) != 7 || f.Cursor != "" {
			t.Errorf("seven comments by threes: %v, then %q", seen, f.Cursor)
		}
	})
}

// A comment waits until a reply is on its way or stands there; a reply that was refused is none. What was noted
// meanwhile is not written over.
func TestACommentWaitsUntilAReplyStandsOrIsSent(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ctx, m := t.Context(), brand(t, d)
		a := account(t, d, m)
		shop, _ := d.ShopByExternal(m, realm, "poi-1")
		c := channel.Comment{ID: "c1", At: 1000, Text: "凉了", Score: 1}
		keep := func() {
			t.Helper()
			if err := d.KeepComments(ctx, m, a.ID, shop.ID, []channel.Comment{c}, 2000); err != nil {
				t.Fatal(err)
			}
		}
		keep()
		waits := func(want int, when string) (row db.CommentRow) {
			t.Helper()
			rows, _, err := d.Comments(ctx, db.Scope{Merchant: m}, db.CommentFilter{Unanswered: true, Limit: 9})
			if err != nil || len(rows) != want {
				t.Fatalf("%s %d wait, want %d (%v)", when, len(rows), want, err)
			}
			if want == 1 {
				row = rows[0]
			}
			return row
		}
		row := waits(1, "at first")
		if err := d.AskReply(ctx, m, row, db.CommentReply{Text: `抱歉 "state":"refused"`, State: "sending"}); err != nil {
			t.Fatal(err)
		}
		waits(0, "with a reply on its way")
		if err := d.ReplyTo(ctx, m, row.ID, db.CommentReply{Text: "抱歉", State: "refused"}); err != nil {
			t.Fatal(err)
		}
		if err := d.AskReply(ctx, m, row, db.CommentReply{Text: "抱歉", State: "sending"}); err != nil {
			t.Fatal(err)
		}
		if row = waits(1, "after a refusal"); row.Ours.State != "refused" {
			t.Errorf("the refusal was written over: %+v", row.Ours)
		}
		c.Reply = "店里已回复" // without a time
		keep()
		waits(0, "after somebody replied elsewhere")
	})
}
