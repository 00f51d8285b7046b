package meituan

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Comment is what a buyer says of an order that has been completed. Scores are 1 to 5.
type Comment struct {
	ID       string `json:"comment_id"`
	At       int64  `json:"comment_time"`
	Text     string `json:"comment_content"`
	Score    int    `json:"order_comment_score"`
	Food     int    `json:"food_comment_score"`
	Delivery int    `json:"delivery_comment_score"`
	Reply    string `json:"e_reply_content,omitempty"`
	Replied  int64  `json:"e_reply_time,omitempty"`
}

// comment is the buyer's act.
func (t *change) comment(o *Order, a actArgs) error {
	if o.Status != completed || o.Comment != nil {
		return fmt.Errorf("order %s is %s: only a completed order can be commented on, once", o.ID, statusText[o.Status])
	}
	if a.Score < 1 || a.Score > 5 {
		return errors.New(`comment needs {"score":1} to {"score":5}`)
	}
	o.Comment = &Comment{ID: t.newID(), At: t.now, Text: a.Reason, Score: a.Score, Food: a.Score, Delivery: a.Score}
	o.note(t.now, "用户评价 %d 星：%s", a.Score, a.Reason)
	return nil
}

// commented lists a store's comments between two moments, newest first, a page of them. offset counts
// comments, or pages by the switch.
func (s *Sim) commented(store string, from, to int64, offset, size int) []any {
	if s.config.CommentOffset == "pages" {
		offset *= size
	}
	var list []*Comment
	for _, o := range s.orders {
		if o.Store == store && o.Comment != nil && o.Comment.At >= from && o.Comment.At <= to {
			list = append(list, o.Comment)
		}
	}
	slices.SortFunc(list, func(a, b *Comment) int { return strings.Compare(b.ID, a.ID) })
	out := []any{}
	for _, c := range list[min(offset, len(list)):min(offset+size, len(list))] {
		out = append(out, map[string]any{"comment_id": json.Number(c.ID), "comment_time": c.At, "comment_content": c.Text, "add_comment": "", "add_comment_time": 0, "order_comment_score": c.Score,
			"food_comment_score": c.Food, "delivery_comment_score": c.Delivery, "result": 0, "e_reply_content": c.Reply, "e_reply_time": c.Replied})
	}
	return out
}

// replyTo answers a comment of a store, once.
func (t *change) replyTo(store, id, text string) (bool, error) {
	for _, o := range t.s.orders {
		if o.Store != store || o.Comment == nil || o.Comment.ID != id {
			continue
		}
		if o.Comment.Reply != "" {
			return false, refusal{errState.code, "该评价已回复"}
		}
		if w := t.s.config.BannedWord; w != "" && strings.Contains(text, w) {
			return false, refusal{errState.code, "回复内容包含敏感词"}
		}
		o.Comment.Reply, o.Comment.Replied = text, t.now
		o.note(t.now, "商家回复评价：%s", text)
		t.Put("order", o.ID, o)
		return true, nil
	}
	return false, refusal{errNoOrder.code, "不存在此评价"}
}

// window reads the bounds of a list of comments: at most 30 days and 20 a page.
func window(number func(string) (int, error), names [4]string) (n [4]int, err error) {
	for i, name := range names {
		if n[i], err = number(name); err != nil {
			return n, err
		}
	}
	if n[0] > n[1] || n[1]-n[0] > 30*86400 || n[2] < 0 || n[2] > 1e6 || n[3] < 1 || n[3] > 20 {
		return n, badFormat(names[3])
	}
	return n, nil
}

func listComments(c *call, st *Store) (any, error) {
	n, err := window(c.number, [4]string{"start_time", "end_time", "pageoffset", "pagesize"})
	if err != nil {
		return nil, err
	}
	return envelope{"data": marshal(c.s.commented(st.Code, int64(n[0]), int64(n[1]), n[2], n[3])), "code": 0, "msg": "success"}, nil
}

func replyComment(c *call, t *change, st *Store) (any, error) {
	id, err := c.need("comment_id")
	if err != nil {
		return nil, err
	}
	text, err := c.need("reply")
	if err != nil {
		return nil, err
	}
	if _, err := t.replyTo(st.Code, id, text); err != nil {
		return nil, err
	}
	return envelope{"data": "ok", "code": 0, "msg": "success"}, nil
}

func partnerComments() map[string]partnerEndpoint {
	return map[string]partnerEndpoint{
		"/waimai/poi/queryReviewList": partnerStore(false, func(c *partnerCall, _ *change, st *Store) (any, error) {
			n, err := window(c.number, [4]string{"startTime", "endTime", "offset", "limit"})
			if err != nil {
				return nil, err
			}
			return c.s.commented(st.Code, int64(n[0]), int64(n[1]), n[2], n[3]), nil
		}),
		"/waimai/poi/addReply": partnerStore(true, func(c *partnerCall, t *change, st *Store) (any, error) {
			id, err := c.need("commentId")
			if err != nil {
				return nil, err
			}
			text, err := c.need("reply")
			if err != nil {
				return nil, err
			}
			_, err = t.replyTo(st.Code, id, text)
			return "ok", err
		}),
	}
}

// score is for poi-wide averages.
func averageScore(c *call, st *Store) (any, error) {
	sum, n := 0, 0
	for _, o := range c.s.orders {
		if o.Store == st.Code && o.Comment != nil {
			sum, n = sum+o.Comment.Score, n+1
		}
	}
	avg := "0"
	if n > 0 {
		avg = strconv.FormatFloat(float64(sum)/float64(n), 'f', 1, 64)
	}
	return map[string]any{"avg_poi_score": avg}, nil
}
