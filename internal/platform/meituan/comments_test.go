package meituan_test

import (
	"strings"
	"testing"
	"time"

	"github.com/tongdan/tongdan/channel"
	"github.com/tongdan/tongdan/channel/channeltest"
	"github.com/tongdan/tongdan/fault"
)

// Comments come page by page from both platforms, whatever an offset counts, and are replied to once.
func TestCommentsAreReadToTheLastPageAndRepliedToOnce(t *testing.T) {
	for _, counts := range []string{"comments", "pages"} {
		t.Run(counts, func(t *testing.T) { readComments(t, counts) })
	}
}

func readComments(t *testing.T, counts string) {
	both(t, func(t *testing.T, p channel.Platform, w channeltest.World, sim *world) {
		if err := sim.sim.Configure([]byte(`{"comment_offset":"` + counts + `"}`)); err != nil {
			t.Fatal(err)
		}
		s, err := p.Open(w.Account(), w.Env())
		if err != nil {
			t.Fatal(err)
		}
		r := s.(channel.Reviewer)
		from := w.Env().Now()
		read := func(want int) []channel.Comment {
			t.Helper()
			list, err := r.Comments(t.Context(), "TEA001", from, w.Env().Now())
			if err != nil || len(list) != want {
				t.Fatalf("%d comments, %v, want %d", len(list), err, want)
			}
			return list
		}
		read(0)
		for i := range 43 {
			ref := w.Place(t, channeltest.Wish{})
			for _, act := range []string{"accept_in_app", "complete"} {
				if err := sim.sim.Do(ref.ID, act, nil); err != nil {
					t.Fatal(err)
				}
			}
			if err := sim.sim.Do(ref.ID, "comment", map[string]any{"score": i%5 + 1, "reason": "第一句"}); err != nil {
				t.Fatal(err)
			}
			w.Advance(t, time.Second)
			if i == 18 || i == 19 || i == 20 || i == 39 { // at the end of a page
				read(i + 1)
			}
		}
		c := read(43)[0]
		if c.Text != "第一句" || c.Score != 3 || c.At == 0 || c.Reply != "" {
			t.Errorf("%+v", c)
		}
		for _, text := range []string{"", strings.Repeat("长", 301)} {
			if err := r.ReplyComment(t.Context(), "TEA001", c.ID, text); !fault.Is(err, fault.Invalid) {
				t.Errorf("a reply of %d bytes: %v, want invalid", len(text), err)
			}
		}
		if err := r.ReplyComment(t.Context(), "TEA001", c.ID, "抱歉让您久等了"); err != nil {
			t.Fatal(err)
		}
		if err := r.ReplyComment(t.Context(), "TEA001", c.ID, "再说一次"); !fault.Is(err, fault.Conflict) {
			t.Errorf("a second reply: %v, want a conflict", err)
		}
		if list := read(43); list[0].Reply != "抱歉让您久等了" || list[0].ReplyAt == 0 {
			t.Errorf("%+v", list[0])
		}
	})
}
