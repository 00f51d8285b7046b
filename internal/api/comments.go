package api

import (
	"context"
	"net/http"

	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/ident"
	"github.com/tongdan/tongdan/internal/db"
	"github.com/tongdan/tongdan/internal/hub"
)

// A Comment is what a customer says of an order. Scores are 1 to 5, 0 where there is none.
type Comment struct {
	ID       ident.Comment `json:"id"`
	ShopID   ident.Shop    `json:"shop_id"`
	StoreID  ident.Store   `json:"store_id"`
	Channel  string        `json:"channel"`
	At       int64         `json:"at"`
	SeenAt   int64         `json:"seen_at" doc:"When it was first read here."`
	Text     string        `json:"text"`
	Score    int           `json:"score"`
	Food     int           `json:"food"`
	Packing  int           `json:"packing"`
	Delivery int           `json:"delivery"`
	Reply    string        `json:"reply" doc:"What stands there, whoever wrote it."`
	ReplyAt  int64         `json:"reply_at"`
	Ours     *CommentReply `json:"ours,omitempty"`
	Most     int           `json:"reply_most" doc:"Characters that a reply may have."`
}

// A CommentReply is a reply that was asked for here.
type CommentReply struct {
	Text  string        `json:"text"`
	By    string        `json:"by"`
	At    int64         `json:"at"`
	State string        `json:"state" enum:"sending,done,refused,unknown"`
	Why   *fault.Reason `json:"why,omitempty"`
}

type commentsInput struct {
	ShopID     string `query:"shop_id" maxLength:"40"`
	Unanswered bool   `query:"unanswered" doc:"Only those that nobody has replied to."`
	Low        bool   `query:"low" doc:"Only those with one or two stars."`
	Cursor     string `query:"cursor" maxLength:"40"`
	Limit      int    `query:"limit" minimum:"1" maximum:"100" default:"30"`
}

type commentsOutput struct {
	Body struct {
		Comments   []Comment `json:"comments"`
		NextCursor string    `json:"next_cursor"`
	}
}

type commentReplyBody struct {
	Text string `json:"text" minLength:"1" maxLength:"500"`
}

type commentOutput struct{ Body Comment }

func (s *Server) commentRoutes() {
	add(s, op("listComments", http.MethodGet, "/comments", "comments", "What customers say of their orders, newest first"), s.listComments)
	o := op("replyComment", http.MethodPost, "/comments/{id}/reply", "comments", "Reply to a comment: public, and once")
	o.DefaultStatus = http.StatusAccepted
	add(s, o, s.replyComment)
	add(s, op("listReplyTemplates", http.MethodGet, "/comments/templates", "comments", "What is replied most, for whoever replies to begin with"), s.listReplyTemplates)
	add(s, op("setReplyTemplates", http.MethodPut, "/comments/templates", "comments", "Keep the merchant's own, for all stores; none at all brings back those that come with Tongdan"), s.setReplyTemplates)
}

// ReplyTemplates are what is replied most.
type ReplyTemplates struct {
	Low     []string `json:"low" doc:"For comments of up to three stars."`
	Good    []string `json:"good" doc:"For the others."`
	Own     bool     `json:"own" doc:"They are the merchant's; else those that come with Tongdan."`
	Version int64    `json:"version" doc:"Which change of them this is; 0: none yet."`
}

type templatesInput struct {
	Body struct {
		Low  []string `json:"low" maxItems:"40" doc:"At most 20, of 300 characters each; what is blank is left out."`
		Good []string `json:"good" maxItems:"40"`
		Seen *int64   `json:"seen,omitempty" minimum:"0" doc:"The version that one has read: refused with 409 preference_changed when it is another by now. Left out: the newest wins."`
	}
}

type templatesOutput struct{ Body ReplyTemplates }

func shownTemplates(t hub.ReplyTemplates) *templatesOutput {
	return &templatesOutput{ReplyTemplates{append([]string{}, t.Low...), append([]string{}, t.Good...), t.Own, t.Version}}
}

func (s *Server) listReplyTemplates(ctx context.Context, _ *struct{}) (*templatesOutput, error) {
	t, err := s.hub.ReplyTemplates(ctx, who(ctx).Actor)
	return shownTemplates(t), fault.Wrap("api.listReplyTemplates", err)
}

func (s *Server) setReplyTemplates(ctx context.Context, in *templatesInput) (*templatesOutput, error) {
	seen := int64(-1)
	if in.Body.Seen != nil {
		seen = *in.Body.Seen
	}
	t, err := s.hub.SetReplyTemplates(ctx, who(ctx).Actor, hub.ReplyTemplates{Low: in.Body.Low, Good: in.Body.Good}, seen)
	if err != nil {
		return nil, fault.Wrap("api.setReplyTemplates", err)
	}
	return shownTemplates(t), nil
}

func (s *Server) listComments(ctx context.Context, in *commentsInput) (*commentsOutput, error) {
	const op = "api.listComments"
	c := who(ctx)
	f := db.CommentFilter{Unanswered: in.Unanswered, Cursor: in.Cursor, Limit: in.Limit}
	if in.Low {
		f.Low = 2
	}
	if in.ShopID != "" {
		var err error
		if f.Shop, err = idOf[ident.Shop](in.ShopID); err != nil {
			return nil, err
		}
	}
	rows, next, err := s.db.Comments(ctx, c.Scope, f)
	if err != nil {
		return nil, fault.Wrap(op, err)
	}
	out := &commentsOutput{}
	out.Body.Comments, out.Body.NextCursor = []Comment{}, next
	for _, r := range rows {
		out.Body.Comments = append(out.Body.Comments, s.comment(c, r))
	}
	return out, nil
}

func (s *Server) comment(c caller, r db.CommentRow) Comment {
	out := Comment{ID: r.ID, ShopID: r.Shop, At: r.At, SeenAt: r.Seen, Text: r.Text, Score: r.Score, Food: r.Food, Packing: r.Packing, Delivery: r.Delivery, Reply: r.Reply, ReplyAt: r.ReplyAt}
	if shop, ok := s.db.ShopByID(c.Merchant, r.Shop); ok {
		out.StoreID, out.Channel = shop.Store, shop.Channel
		if p, ok := s.hub.Platform(shop.Channel); ok && p.Info().Comments != nil {
			out.Most = p.Info().Comments.Most
		}
	}
	if r.Ours.State != "" {
		out.Ours = &CommentReply{r.Ours.Text, r.Ours.By, r.Ours.At, r.Ours.State, r.Ours.Why}
	}
	return out
}

func (s *Server) replyComment(ctx context.Context, in *change[commentReplyBody]) (*commentOutput, error) {
	id, err := idOf[ident.Comment](in.ID)
	if err != nil {
		return nil, err
	}
	c := who(ctx)
	row, err := s.hub.ReplyComment(ctx, c.Actor, id, in.Body.Text)
	if err != nil {
		return nil, fault.Wrap("api.replyComment", err)
	}
	return &commentOutput{s.comment(c, row)}, nil
}
