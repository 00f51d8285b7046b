package db

import (
	"context"
	"encoding/json"
	"strconv"
	"strings"

	"github.com/tongdan/tongdan/channel"
	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/ident"
)

// A CommentRow is a customer's comment on a shop.
type CommentRow struct {
	ID      ident.Comment
	Account ident.Account
	Shop    ident.Shop
	Seen    int64 // UTC ms of the trade's clock
	channel.Comment
	Ours CommentReply

	reply string // Ours as it is stored
}

// A CommentReply is a reply that was asked for here.
type CommentReply struct {
	Text  string        `json:"text"`
	By    string        `json:"by"`
	At    int64         `json:"at"`
	State string        `json:"state"` // sending, done, refused, unknown
	Why   *fault.Reason `json:"why,omitempty"`
}

const commentColumns = `id, account_id, shop_id, at, seen_at, doc, reply`

// scanComment reads a row. When it was written is told by its column: where the platform says no time, the
// document has that of the newest look.
func scanComment(scan scanFunc) (c CommentRow, err error) {
	var doc string
	var at int64
	if err := scan(&c.ID, &c.Account, &c.Shop, &at, &c.Seen, &doc, &c.reply); err != nil {
		return c, err
	}
	if err := json.Unmarshal([]byte(doc), &c.Comment); err != nil {
		return c, err
	}
	c.At = at
	if c.reply != "" {
		err = json.Unmarshal([]byte(c.reply), &c.Ours)
	}
	return c, err
}

// KeepComments inserts comments of a shop, or what has changed of them. now is the trade's.
func (d *DB) KeepComments(ctx context.Context, m ident.Merchant, account ident.Account, shop ident.Shop, list []channel.Comment, now int64) error {
	const op = "db.KeepComments"
	if len(list) == 0 {
		return nil
	}
	return d.write(ctx, op, func(ctx context.Context, c conn) error {
		for _, x := range list {
			if err := need(op, map[string]bool{"ref": named(x.ID)}); err != nil {
				return err
			}
			doc, err := json.Marshal(x)
			if err != nil {
				return err
			}
			replied := x.ReplyAt
			if replied == 0 && x.Reply != "" { // it stands there, whenever it was written
				replied = now
			}
			if err := exec(ctx, c, `INSERT INTO comments (merchant_id, id, account_id, shop_id, ref, at, seen_at, score, doc, replied_at, reply) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, '')
				ON CONFLICT (merchant_id, shop_id, ref) DO UPDATE SET doc = excluded.doc, score = excluded.score, replied_at = excluded.replied_at
				WHERE comments.doc <> excluded.doc`,
				int64(m), d.id(), int64(account), int64(shop), x.ID, x.At, now, int64(x.Score), string(doc), replied); err != nil {
				return err
			}
		}
		return nil
	})
}

// A CommentFilter chooses comments.
type CommentFilter struct {
	Shop       ident.Shop // 0 = all of the scope's
	Unanswered bool
	Low        int   // at most this score; 0 = any
	Since      int64 // written since
	Cursor     string
	Limit      int
}

// Comments lists comments of shops of a scope, newest first, and the cursor of the next page.
func (d *DB) Comments(ctx context.Context, sc Scope, f CommentFilter) (out []CommentRow, next string, err error) {
	const op = "db.Comments"
	var shops []int64
	for _, s := range d.ShopsIn(sc) {
		if f.Shop == 0 || f.Shop == s.ID {
			shops = append(shops, int64(s.ID))
		}
	}
	text := `SELECT ` + commentColumns + ` FROM comments WHERE merchant_id = $1 AND at >= $2`
	args := []any{int64(sc.Merchant), f.Since}
	text += anyOf("shop_id", shops, &args)
	if f.Unanswered { // a reply that was refused is none; a quote in its text has a backslash before it
		text += ` AND replied_at = 0 AND (reply = '' OR reply LIKE '%"state":"refused"%')`
	}
	if f.Low > 0 {
		args = append(args, int64(f.Low))
		text += ` AND score > 0 AND score <= $` + strconv.Itoa(len(args))
	}
	if f.Cursor != "" {
		a, b, _ := strings.Cut(f.Cursor, ".")
		at, err := strconv.ParseInt(a, 36, 64)
		id, wrong := strconv.ParseInt(b, 36, 64)
		if err != nil || wrong != nil {
			return nil, "", fault.Say(op, fault.Invalid, "cursor_wrong", "this cursor is not one of ours; begin without")
		}
		args = append(args, at, id)
		n := len(args)
		text += ` AND (at < $` + strconv.Itoa(n-1) + ` OR at = $` + strconv.Itoa(n-1) + ` AND id < $` + strconv.Itoa(n) + `)`
	}
	args = append(args, int64(f.Limit+1))
	text += ` ORDER BY at DESC, id DESC LIMIT $` + strconv.Itoa(len(args))
	err = d.query(ctx, text, args, func(scan scanFunc) error {
		c, err := scanComment(scan)
		out = append(out, c)
		return err
	})
	if len(out) > f.Limit {
		out = out[:f.Limit]
		last := out[f.Limit-1]
		next = strconv.FormatInt(last.At, 36) + "." + strconv.FormatInt(int64(last.ID), 36)
	}
	return out, next, fault.Wrap(op, err)
}

// Comment finds a comment of a merchant.
func (d *DB) Comment(ctx context.Context, m ident.Merchant, id ident.Comment) (c CommentRow, err error) {
	const op = "db.Comment"
	found := false
	err = d.query(ctx, `SELECT `+commentColumns+` FROM comments WHERE merchant_id = $1 AND id = $2`, []any{int64(m), int64(id)}, func(scan scanFunc) error {
		found = true
		c, err = scanComment(scan)
		return err
	})
	if err == nil && !found {
		return c, fault.Say(op, fault.NotFound, "no_comment", "there is no such comment")
	}
	return c, fault.Wrap(op, err)
}

// AskReply notes that a reply to a comment is to be sent, unless something was noted since the row was read.
func (d *DB) AskReply(ctx context.Context, m ident.Merchant, row CommentRow, r CommentReply) error {
	return d.reply(ctx, "db.AskReply", ` AND reply = $4`, r, int64(m), int64(row.ID), row.reply)
}

// ReplyTo notes what is replied to a comment and what became of it.
func (d *DB) ReplyTo(ctx context.Context, m ident.Merchant, id ident.Comment, r CommentReply) error {
	return d.reply(ctx, "db.ReplyTo", "", r, int64(m), int64(id))
}

func (d *DB) reply(ctx context.Context, op, only string, r CommentReply, args ...any) error {
	doc, err := json.Marshal(r)
	if err != nil {
		return fault.Wrap(op, err)
	}
	return d.write(ctx, op, func(ctx context.Context, c conn) error {
		return exec(ctx, c, `UPDATE comments SET reply = $1 WHERE merchant_id = $2 AND id = $3`+only, append([]any{string(doc)}, args...)...)
	})
}
