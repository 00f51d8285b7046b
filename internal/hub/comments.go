package hub

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/tongdan/tongdan/channel"
	"github.com/tongdan/tongdan/effect"
	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/ident"
	"github.com/tongdan/tongdan/internal/db"
	"github.com/tongdan/tongdan/internal/lane"
)

// Comments are looked at by time, since no platform pushes them, and kept. A reply is an effect: public, and
// made once. A bad comment that nobody has replied to is a concern for a day.
const (
	kindComments = "comments"
	kindReply    = "comment_reply"

	lowScore     = 2 // of 5
	lowFor       = 24 * time.Hour
	notAllowedIn = 6 * time.Hour // before an app without the right to comments is tried again
)

// commenting looks at the comments of an account's shops.
type commenting struct {
	background
	h *Hub
}

func (p commenting) Look(ctx context.Context, e effect.Effect) lane.Result { return p.Do(ctx, e) }

func (p commenting) Do(ctx context.Context, e effect.Effect) lane.Result {
	h := p.h
	c, err := h.conn(e.Merchant, e.Account)
	if err != nil {
		return repeat(failed(err), time.Now().Add(effect.Wait(e.Attempts)))
	}
	power := c.Info().Comments
	if power == nil {
		return repeat(lane.Result{Outcome: effect.OK}, time.Now().Add(notAllowedIn))
	}
	now := h.now()
	every := h.clock.Wall(now.Add(power.Every))
	if row, ok := h.db.AccountByID(e.Merchant, e.Account); !ok || row.Paused {
		return repeat(lane.Result{Outcome: effect.OK}, every)
	}
	if h.giving.way(e.Account, h.nears(ctx, e.Merchant, e.Account), now) {
		return repeat(lane.Result{Outcome: effect.OK}, h.clock.Wall(now.Add(yieldFor)))
	}
	// A shop whose comments cannot be had keeps no other from being looked at.
	refused, broken := 0, error(nil)
	for _, s := range c.shops {
		list, err := c.Comments(ctx, s.External, now.Add(-power.Back), now)
		switch {
		case fault.Is(err, fault.Forbidden), fault.Is(err, fault.Unsupported), fault.Is(err, fault.Invalid):
			refused++
			continue
		case err != nil && ctx.Err() != nil, fault.Is(err, fault.RateLimited), fault.Is(err, fault.Unauthorized):
			return repeat(failed(err), every)
		case err == nil:
			err = h.db.KeepComments(ctx, e.Merchant, e.Account, s.ID, list, now.UnixMilli())
		}
		broken = cmp.Or(broken, err)
	}
	switch {
	case broken != nil:
		return repeat(failed(broken), every)
	case refused > 0 && refused == len(c.shops):
		return repeat(lane.Result{Outcome: effect.OK}, h.clock.Wall(now.Add(notAllowedIn)))
	}
	return repeat(lane.Result{Outcome: effect.OK}, every)
}

// replyArgs are what a reply is sent with.
type replyArgs struct {
	Comment ident.Comment `json:"comment"`
	Shop    ident.Shop    `json:"shop"`
	Text    string        `json:"text"`
	By      string        `json:"by"`
	At      int64         `json:"at"` // the trade's clock
}

// ReplyComment has a reply sent to a comment. It fails with fault.Conflict when one has been sent or the shop
// is only watched, and with fault.NotFound when the comment is of none of the caller's shops.
func (h *Hub) ReplyComment(ctx context.Context, who Actor, id ident.Comment, text string) (db.CommentRow, error) {
	const op = "hub.ReplyComment"
	row, err := h.db.Comment(ctx, who.Merchant, id)
	if err != nil {
		return row, fault.Wrap(op, err)
	}
	s, ok := h.db.ShopByID(who.Merchant, row.Shop)
	if !ok || !who.Sees(s.Store) {
		return row, fault.Say(op, fault.NotFound, "no_comment", "there is no such comment")
	}
	p, ok := h.platforms[s.Channel]
	if !ok || p.Info().Comments == nil {
		return row, fault.Say(op, fault.Unsupported, "no_connector", "this build has no connector for the channel")
	}
	text = strings.TrimSpace(text)
	if n := utf8.RuneCountInString(text); n == 0 || n > p.Info().Comments.Most || !utf8.ValidString(text) {
		return row, &fault.Error{Op: op, Code: fault.Invalid, Why: fault.Because("fields_wrong", "some fields are wrong"),
			Fields: []fault.Field{fault.Wrong("body.text", between(1, p.Info().Comments.Most))}}
	}
	if err := heldErr(op, s.Mode, false); err != nil {
		return row, err
	}
	switch {
	case row.Reply != "" || row.Ours.State != "" && row.Ours.State != "refused":
		return row, fault.Say(op, fault.Conflict, "comment_replied", "this comment has been replied to")
	}
	ours := db.CommentReply{Text: text, By: who.ID, At: h.now().UnixMilli(), State: "sending"}
	target := "comment/" + id.String()
	key := effect.GoalKey(target, kindReply, "")
	// The effect comes first: a process that dies before the note has a reply that is sent, and noted then.
	_, err = h.db.Do(ctx, db.Verb{Name: "comment.reply", Merchant: who.Merchant, Keys: []string{key}, Class: db.People, Decide: func(tx *db.Tx) error {
		now := tx.Now().UnixMilli()
		args := toJSON(replyArgs{id, row.Shop, text, who.ID, ours.At})
		e, ok := tx.EffectByKey(key)
		switch {
		case !ok:
			e = effect.Effect{Merchant: who.Merchant, Account: row.Account, App: h.appOf(tx, row.Account), Target: target, Kind: kindReply, Key: key, Nature: effect.Guarded,
				State: effect.Waiting, Args: args, Cause: who.ID, NextAt: now, Made: now, Changed: now}
		case e.State.Open() || e.State == effect.Done: // somebody else was quicker
			return fault.Say(op, fault.Conflict, "comment_replied", "this comment has been replied to")
		default:
			e = e.Reopen(who.ID, args, now, 0)
		}
		tx.PutEffect(&e)
		return nil
	}})
	if err == nil {
		err = h.db.AskReply(ctx, who.Merchant, row, ours)
	}
	row.Ours = ours
	return row, fault.Wrap(op, err)
}

// replying sends a reply.
type replying struct {
	background
	h *Hub
}

func (p replying) open(ctx context.Context, e effect.Effect) (a replyArgs, row db.CommentRow, s db.ShopRow, c *conn, err error) {
	if err = json.Unmarshal(e.Args, &a); err != nil {
		return
	}
	if row, err = p.h.db.Comment(ctx, e.Merchant, a.Comment); err != nil {
		return
	}
	s, ok := p.h.db.ShopByID(e.Merchant, row.Shop)
	if !ok {
		return a, row, s, nil, fault.Say("hub.replying", fault.NotFound, "no_shop", "there is no such shop")
	}
	c, err = p.h.conn(e.Merchant, e.Account)
	return
}

func (p replying) Do(ctx context.Context, e effect.Effect) lane.Result {
	a, row, s, c, err := p.open(ctx, e)
	if err == nil {
		err = c.ReplyComment(ctx, s.External, row.Comment.ID, a.Text)
	}
	res := failed(err)
	if err == nil {
		res.Outcome = effect.OK
	}
	return p.note(ctx, e, a, row, res)
}

// Look reads the comment again: a reply that stands there is ours, or somebody's in the platform's own app.
func (p replying) Look(ctx context.Context, e effect.Effect) lane.Result {
	a, row, s, c, err := p.open(ctx, e)
	var list []channel.Comment
	if err == nil {
		at := time.UnixMilli(row.At)
		list, err = c.Comments(ctx, s.External, at.Add(-time.Hour), at.Add(time.Hour))
	}
	res := failed(err)
	if err == nil {
		res.Outcome = effect.NotSeen
		if slices.ContainsFunc(list, func(x channel.Comment) bool { return x.ID == row.Comment.ID && x.Reply != "" }) {
			res.Outcome = effect.Seen
		}
	}
	return p.note(ctx, e, a, row, res)
}

// note writes down what becomes of a reply: where its effect stands after this. A crash before it leaves "sending"
// beside an effect that has ended, which the next look at the comments puts right: the platform's own reply stands
// there.
func (p replying) note(ctx context.Context, e effect.Effect, a replyArgs, row db.CommentRow, res lane.Result) lane.Result {
	r := db.CommentReply{Text: a.Text, By: a.By, At: cmp.Or(a.At, row.Ours.At), State: "sending"}
	switch next := e.After(res.Outcome, e.Changed, res.Wait, res.Code, res.Why); next.State {
	case effect.Done:
		r.State = "done"
	case effect.Refused, effect.Void:
		r.State, r.Why = "refused", &next.Why
	case effect.Unknown, effect.Person:
		r.State = "unknown"
	}
	if err := p.h.db.ReplyTo(ctx, e.Merchant, a.Comment, r); err != nil {
		p.h.log.WarnContext(ctx, "what became of a reply could not be noted", "merchant", e.Merchant.String(), "err", err)
	}
	return res
}

// lowComments are the bad comments of the last day that nobody has replied to.
func (h *Hub) lowComments(ctx context.Context, who Actor, now time.Time) ([]Concern, error) {
	rows, _, err := h.db.Comments(ctx, who.Scope, db.CommentFilter{Unanswered: true, Low: lowScore, Since: now.Add(-lowFor).UnixMilli(), Limit: 100})
	if err != nil {
		return nil, err
	}
	var out []Concern
	for _, r := range rows {
		s, ok := h.db.ShopByID(who.Merchant, r.Shop)
		if !ok || s.Mode != ModeFull {
			continue
		}
		out = append(out, Concern{Key: ConcernComment + "/" + r.ID.String(), Kind: ConcernComment, Urgent: r.Score == 1, StoreID: s.Store, Channel: s.Channel, AccountID: r.Account,
			Score: r.Score, SinceAt: r.At})
	}
	return out, nil
}
