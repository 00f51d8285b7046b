package db

import (
	"context"
	"encoding/json"
	"strconv"

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
}

// A CommentReply is a reply that was asked for here.
type CommentReply struct {
	Text  string        `json:"text"`
	By    string        `json:"by"`
	At    int64         `json:"at"`
	State string        `json:"state"` // sending, done, refused, unknown
	Why   *fault.Reason `json:"why,omitempty"`
}

const commentColumns = `id, account_id, shop_id, seen_at, doc, reply`

func scanComment(scan scanFunc) (c CommentRow, err error) {
	var doc, reply string
	if err := scan(&c.ID, &c.Account, &c.Shop, &c.Seen, &doc, &reply); err != nil {
		return c, err
	}
	if err := json.Unmarshal([]byte(doc), &c.Comment); err != nil {
		return c, err
	}
	if reply != "" {
		err = json.Unmarshal([]byte(reply), &c.Ours)
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
			if err := exec(ctx, c, `INSERT INTO comments (merchant_id, id, account_id, shop_id, ref, at, seen_at, score, doc, replied_at, reply) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, '')
				ON CONFLICT (merchant_id, shop_id, ref) DO UPDATE SET doc = excluded.doc, score = excluded.score, replied_at = excluded.replied_at`,
				int64(m), d.id(), int64(account), int64(shop), x.ID, x.At, now, int64(x.Score), string(doc), x.ReplyAt); err != nil {
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
	text := `SELECT ` + commentColumns + `, at FROM comments WHERE merchant_id = $1 AND at >= $2`
	args := []any{int64(sc.Merchant), f.Since}
	text += anyOf("shop_id", shops, &args)
	if f.Unanswered {
		text += ` AND replied_at = 0 AND reply = ''`
	}
	if f.Low > 0 {
		args = append(args, int64(f.Low))
		text += ` AND score > 0 AND score <= $` + strconv.Itoa(len(args))
	}
	if f.Cursor != "" {
		n, err := strconv.ParseInt(f.Cursor, 36, 64)
		if err != nil {
			return nil, "", fault.Say(op, fault.Invalid, "cursor_wrong", "this cursor is not one of ours; begin without")
		}
		args = append(args, n)
		text += ` AND at < $` + strconv.Itoa(len(args))
	}
	args = append(args, int64(f.Limit+1))
	text += ` ORDER BY at DESC, id DESC LIMIT $` + strconv.Itoa(len(args))
	var at int64
	err = d.query(ctx, text, args, func(scan scanFunc) error {
		c, err := scanComment(func(into ...any) error { return scan(append(into, &at)...) })
		out = append(out, c)
		return err
	})
	if len(out) > f.Limit {
		out = out[:f.Limit]
		next = strconv.FormatInt(out[f.Limit-1].At, 36)
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

// ReplyTo notes what is replied to a comment and what became of it.
func (d *DB) ReplyTo(ctx context.Context, m ident.Merchant, id ident.Comment, r CommentReply) error {
	const op = "db.ReplyTo"
	doc, err := json.Marshal(r)
	if err != nil {
		return fault.Wrap(op, err)
	}
	return d.write(ctx, op, func(ctx context.Context, c conn) error {
		return exec(ctx, c, `UPDATE comments SET reply = $1 WHERE merchant_id = $2 AND id = $3`, string(doc), int64(m), int64(id))
	})
}
