package meituan

import (
	"cmp"
	"context"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/tongdan/tongdan/channel"
	"github.com/tongdan/tongdan/fault"
)

// Comments (评价) are only read: no push tells of them. The older call is used, since the newer one leaves
// today out, and a bad comment is wanted within minutes. Whether pageoffset counts comments or pages is not
// said: a second page shows it. That comment_time is told is an assumption: without it the moment of the first
// read stands in.
// Source: open platform documents, comments: 30 days back, 20 a page.

var commentPower = channel.CommentPower{Every: 3 * time.Minute, Back: 3 * 24 * time.Hour, Most: 300}

const (
	commentPage = 20
	commentMost = 400 // of one shop and one look
)

type wireComment struct {
	ID       text `json:"comment_id"`
	At       text `json:"comment_time"`
	Text     text `json:"comment_content"`
	Added    text `json:"add_comment"`
	Score    text `json:"order_comment_score"`
	Food     text `json:"food_comment_score"`
	Delivery text `json:"delivery_comment_score"`
	Packing  text `json:"packing_score"`
	Reply    text `json:"e_reply_content"`
	ReplyAt  text `json:"e_reply_time"`
}

// Comments implements channel.Reviewer.
func (s *shop) Comments(ctx context.Context, shopID string, from, to time.Time) ([]channel.Comment, error) {
	const op = "meituan.Comments"
	var out []channel.Comment
	seen := map[string]bool{}
	offset, step := 0, 1
	for range commentMost/commentPage + 1 {
		data, _, err := s.do(ctx, op, shopID, call{path: "poi/comment/app_poi_code", params: map[string]string{
			"app_poi_code": shopID, "start_time": strconv.FormatInt(from.Unix(), 10), "end_time": strconv.FormatInt(to.Unix(), 10),
			"pageoffset": strconv.Itoa(offset), "pagesize": strconv.Itoa(commentPage)}})
		if err != nil {
			return nil, err
		}
		var t trouble
		page := array[wireComment](string(data), "data", &t)
		if len(page) == 0 && len(t) > 0 {
			return nil, &fault.Error{Op: op, Code: fault.Unavailable, Ref: shopID, Why: fault.Because("answer_unreadable", "the platform's answer cannot be read")}
		}
		known := 0
		for _, w := range page {
			switch c, ok := w.comment(s.env.Now()); {
			case !ok:
			case seen[c.ID]:
				known++
			default:
				seen[c.ID] = true
				out = append(out, c)
			}
		}
		switch {
		case offset == 1 && known > len(page)/2: // it counts comments: this was the first page but for one
			offset, step = 0, commentPage
		case len(page) < commentPage || offset > 1 && known == len(page):
			return out, nil
		}
		offset += step
	}
	return out, nil
}

func (w wireComment) comment(now time.Time) (channel.Comment, bool) {
	var t trouble
	id := (form{"id": string(w.ID)}).id("id")
	f := form{"at": string(w.At), "replied": string(w.ReplyAt)}
	body := clip(string(w.Text), maxText)
	if more := clip(strings.TrimSpace(string(w.Added)), maxText); more != "" {
		body = strings.TrimSpace(body + "\n" + more)
	}
	return channel.Comment{ID: id, At: cmp.Or(f.millis("at", now, soon, &t), now.UnixMilli()), Text: body, Score: stars(w.Score), Food: stars(w.Food), Delivery: stars(w.Delivery),
		Packing: stars(w.Packing), Reply: clip(string(w.Reply), maxText), ReplyAt: f.millis("replied", now, soon, &t)}, id != ""
}

// stars is a score of 1 to 5, 0 where there is none.
func stars(s text) int {
	n, err := whole(string(s))
	if err != nil || n > 5 {
		return 0
	}
	return int(n)
}

// ReplyComment implements channel.Reviewer. A second reply to a comment is refused.
func (s *shop) ReplyComment(ctx context.Context, shopID, comment, reply string) error {
	const op = "meituan.ReplyComment"
	if n := utf8.RuneCountInString(reply); n == 0 || n > commentPower.Most {
		why := fault.Because("reply_long", "a reply has 1 to 300 characters")
		return &fault.Error{Op: op, Code: fault.Invalid, Why: why, Fields: []fault.Field{fault.Wrong("text", why)}}
	}
	_, _, err := s.do(ctx, op, comment, call{path: "poi/comment/add_reply", post: true, changing: true, params: map[string]string{
		"app_poi_code": shopID, "comment_id": comment, "reply": reply}})
	return err
}

var _ channel.Reviewer = (*shop)(nil)
