package db

import (
	"context"

	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/ident"
)

// A one-time link lets a person set the password: at the beginning, or when it is
// forgotten. Only its hash is kept, and a person has at most one.

const dropLinks = `DELETE FROM setup_tokens WHERE merchant_id = $1 AND user_id = $2 AND used_at = 0`

// errLink is for a link that does not work, whatever the reason.
var errLink = fault.Say("db.link", fault.NotFound, "link_used_ask", "this link has been used or has expired; ask whoever sent it for a new one")

// AddLink keeps the hash of a one-time link for a user, and ends the one before. It fails
// with fault.NotFound when there is no such user, with fault.Conflict when he is suspended.
func (d *DB) AddLink(ctx context.Context, m ident.Merchant, user ident.User, hash []byte, expires int64, lines ...Entry) error {
	const op = "db.AddLink"
	return d.changedDirectory(ctx, op, m, user.String(), func(ctx context.Context, c conn) error {
		var disabled int64
		found, err := one(ctx, c, `SELECT disabled FROM users WHERE merchant_id = $1 AND id = $2`, []any{int64(m), int64(user)}, &disabled)
		switch {
		case err != nil:
			return err
		case !found:
			return fault.Say(op, fault.NotFound, "no_user", "there is no such user")
		case disabled == 1:
			return fault.Say(op, fault.Conflict, "suspended", "the person is suspended; end the suspension first")
		}
		if err := d.addEntries(ctx, c, m, lines); err != nil {
			return err
		}
		if err := exec(ctx, c, dropLinks, int64(m), int64(user)); err != nil {
			return err
		}
		return exec(ctx, c, `INSERT INTO setup_tokens (hash, merchant_id, expires_at, used_at, user_id) VALUES ($1, $2, $3, 0, $4)`, hash, int64(m), expires, int64(user))
	})
}

// LinkedUser tells whose link a hash is of, while it works; fault.NotFound otherwise.
func (d *DB) LinkedUser(ctx context.Context, hash []byte) (UserRow, error) {
	const op = "db.LinkedUser"
	var m, id int64
	found, err := d.one(ctx, `SELECT merchant_id, user_id FROM setup_tokens WHERE hash = $1 AND used_at = 0 AND expires_at > $2 AND user_id <> 0`,
		[]any{hash, d.now().UnixMilli()}, &m, &id)
	if err != nil || !found {
		if err == nil {
			err = errLink
		}
		return UserRow{}, fault.Wrap(op, err)
	}
	return d.UserByID(ctx, ident.Merchant(m), ident.User(id))
}

// UseLink uses a link up and sets the password of its user, whose sessions end;
// fault.NotFound when the link is unknown, used or expired.
func (d *DB) UseLink(ctx context.Context, hash []byte, password string, lines ...func(UserRow) Entry) (UserRow, error) {
	const op = "db.UseLink"
	u, err := d.LinkedUser(ctx, hash)
	if err != nil {
		return u, err
	}
	u.Password = password
	return u, d.changedDirectory(ctx, op, u.Merchant, u.ID.String(), func(ctx context.Context, c conn) error {
		n, err := affects(ctx, c, `UPDATE setup_tokens SET used_at = $2 WHERE hash = $1 AND used_at = 0 AND expires_at > $2`, hash, d.now().UnixMilli())
		if err == nil && n == 0 {
			err = errLink // somebody was faster
		}
		if err == nil {
			err = addEntriesOf(ctx, d, c, u.Merchant, u, lines)
		}
		if err == nil {
			err = exec(ctx, c, `DELETE FROM sessions WHERE user_id = $1`, int64(u.ID))
		}
		if err == nil {
			err = exec(ctx, c, forgetBrowsers, int64(u.ID))
		}
		if err == nil {
			err = exec(ctx, c, `UPDATE users SET password_hash = $3 WHERE merchant_id = $1 AND id = $2`, int64(u.Merchant), int64(u.ID), password)
		}
		return err
	})
}

// A Presence is where a person stands with signing in.
type Presence struct {
	Sessions int   // places where he is signed in
	Seen     int64 // UTC ms, by the hour; 0 = not for as long as sessions are kept
	Link     int64 // until when his one-time link works; 0 = he has none
}

// Presences tells of the users of a merchant who are signed in or have a link.
func (d *DB) Presences(ctx context.Context, m ident.Merchant) (map[ident.User]Presence, error) {
	const op = "db.Presences"
	out := map[ident.User]Presence{}
	now := d.now().UnixMilli()
	err := d.query(ctx, `SELECT user_id, COUNT(*), MAX(seen_at) FROM sessions WHERE merchant_id = $1 AND expires_at > $2 GROUP BY user_id`, []any{int64(m), now}, func(scan scanFunc) error {
		var id ident.User
		var p Presence
		err := scan(&id, &p.Sessions, &p.Seen)
		out[id] = p
		return err
	})
	if err != nil {
		return nil, fault.Wrap(op, err)
	}
	err = d.query(ctx, `SELECT user_id, MAX(expires_at) FROM setup_tokens WHERE merchant_id = $1 AND expires_at > $2 AND used_at = 0 AND user_id <> 0 GROUP BY user_id`, []any{int64(m), now}, func(scan scanFunc) error {
		var id ident.User
		var link int64
		err := scan(&id, &link)
		p := out[id]
		p.Link = link
		out[id] = p
		return err
	})
	return out, fault.Wrap(op, err)
}
