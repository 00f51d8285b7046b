package db

import (
	"bytes"
	"context"
	"time"

	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/ident"
)

// requestsKept is how long an answer can be had again by its key.
const requestsKept = 24 * time.Hour

// againAfter is when to repeat a request that is still in progress.
const againAfter = time.Second

// BeginRequest claims an Idempotency-Key. done is true with the stored answer when the
// same request was answered before. It fails with fault.Conflict when the key was used
// for another request (other hash), or, with a time after which to come again, when the
// same one is still in progress. One without an answer holds its key for so long as said:
// from then on its process counts as dead.
func (d *DB) BeginRequest(ctx context.Context, m ident.Merchant, key string, hash []byte, hold time.Duration) (answer []byte, done bool, err error) {
	const op = "db.BeginRequest"
	if !named(key) || len(key) > maxName {
		return nil, false, fault.Say(op, fault.Invalid, "key_too_long", "give an Idempotency-Key of 1 to 200 characters")
	}
	now := d.now()
	err = d.write(ctx, op, func(ctx context.Context, c conn) error {
		answer, done = nil, false
		n, err := affects(ctx, c, `INSERT INTO requests (merchant_id, key, hash, made_at) VALUES ($1, $2, $3, $4) ON CONFLICT (merchant_id, key) DO NOTHING`,
			int64(m), key, hash, now.UnixMilli())
		if err != nil || n == 1 {
			return err
		}
		var stored []byte
		var at int64
		if _, err := one(ctx, c, `SELECT hash, answer, made_at FROM requests WHERE merchant_id = $1 AND key = $2`, []any{int64(m), key}, &stored, &answer, &at); err != nil {
			return err
		}
		old := answer == nil && now.UnixMilli()-at > hold.Milliseconds() || now.UnixMilli()-at > requestsKept.Milliseconds()
		switch {
		case old:
			answer = nil
			return exec(ctx, c, `UPDATE requests SET hash = $3, answer = NULL, made_at = $4 WHERE merchant_id = $1 AND key = $2`, int64(m), key, hash, now.UnixMilli())
		case !bytes.Equal(stored, hash):
			return fault.Say(op, fault.Conflict, "key_used", "this Idempotency-Key was used for another request; use a new one")
		case answer == nil:
			return &fault.Error{Op: op, Code: fault.Conflict, After: againAfter, Why: fault.Because("in_progress", "the same request is in progress; send it again with the same key")}
		}
		done = true
		return nil
	})
	return answer, done, err
}

// FinishRequest stores the answer to a request.
func (d *DB) FinishRequest(ctx context.Context, m ident.Merchant, key string, answer []byte) error {
	return d.write(ctx, "db.FinishRequest", func(ctx context.Context, c conn) error {
		return exec(ctx, c, `UPDATE requests SET answer = $3 WHERE merchant_id = $1 AND key = $2`, int64(m), key, doc(answer))
	})
}

// DropRequest gives a key free whose request did nothing.
func (d *DB) DropRequest(ctx context.Context, m ident.Merchant, key string) error {
	return d.write(ctx, "db.DropRequest", func(ctx context.Context, c conn) error {
		return exec(ctx, c, `DELETE FROM requests WHERE merchant_id = $1 AND key = $2 AND answer IS NULL`, int64(m), key)
	})
}

// ForgetRequests deletes answers that are older than a day.
func (d *DB) ForgetRequests(ctx context.Context) error {
	return d.write(ctx, "db.ForgetRequests", func(ctx context.Context, c conn) error {
		return exec(ctx, c, `DELETE FROM requests WHERE made_at < $1`, d.now().Add(-requestsKept).UnixMilli())
	})
}
