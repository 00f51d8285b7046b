package channel

import (
	"context"
	"time"
)

// A CommentPower says that customers' comments can be read and replied to.
type CommentPower struct {
	Every time.Duration // how often they are looked at, since no push tells of them
	Back  time.Duration // how far back each look goes: a comment is found late, and replied to elsewhere
	Most  int           // characters of a reply
}

// A Comment is what a customer says of an order. Scores are 1 to 5, 0 where there is none.
type Comment struct {
	ID       string `json:"id"`
	At       int64  `json:"at"` // UTC ms
	Text     string `json:"text"`
	Score    int    `json:"score"`
	Food     int    `json:"food"`
	Packing  int    `json:"packing"`
	Delivery int    `json:"delivery"`
	Reply    string `json:"reply"`
	ReplyAt  int64  `json:"reply_at"`
}

// A Reviewer has customers' comments. A reply is public and is made once: a second one is refused with
// fault.Conflict.
type Reviewer interface {
	Comments(ctx context.Context, shopID string, from, to time.Time) ([]Comment, error)
	ReplyComment(ctx context.Context, shopID, comment, reply string) error
}

// Comments and ReplyComment are those of Reviewer.
func (c *Conn) Comments(ctx context.Context, shopID string, from, to time.Time) ([]Comment, error) {
	if s, ok := c.shop.(Reviewer); ok {
		return s.Comments(ctx, shopID, from, to)
	}
	return nil, c.unsupported("channel.Comments", Act{})
}

// ReplyComment replies to a comment.
func (c *Conn) ReplyComment(ctx context.Context, shopID, comment, reply string) error {
	if s, ok := c.shop.(Reviewer); ok {
		return s.ReplyComment(ctx, shopID, comment, reply)
	}
	return c.unsupported("channel.ReplyComment", Act{})
}
