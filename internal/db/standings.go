package db

import (
	"context"
	"encoding/json"
	"time"

	"github.com/tongdan/tongdan/channel"
	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/ident"
)

// A StandingRow is how a platform shows a shop. Times are UTC ms of the trade's clock.
type StandingRow struct {
	Shop  ident.Shop
	State channel.ShopState // "" = nobody has said yet
	Since int64             // since when, as far as is known
	Said  int64             // of the statement that it is from: an older one changes nothing
	Seen  int64             // when it was last confirmed
	Words string            // why, in the platform's words
	Held  bool              // the platform did it
	Doc   channel.Standing  // what was last read; empty = nothing was
}

// KeepStandings writes how shops stand. Of two statements about a shop the later one holds; one that says the same as
// before leaves since when it is so. A row without Doc.Shop leaves what was read.
func (d *DB) KeepStandings(ctx context.Context, m ident.Merchant, list []StandingRow) error {
	const op = "db.KeepStandings"
	if len(list) == 0 {
		return nil
	}
	return d.write(ctx, op, func(ctx context.Context, c conn) error {
		for _, s := range list {
			doc := ""
			if s.Doc.Shop != "" {
				b, err := json.Marshal(s.Doc)
				if err != nil {
					return err
				}
				doc = string(b)
			}
			held := 0
			if s.Held {
				held = 1
			}
			if err := exec(ctx, c, `INSERT INTO standings (merchant_id, shop_id, state, since, said_at, seen_at, words, held, doc) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
				ON CONFLICT (merchant_id, shop_id) DO UPDATE SET
				since = CASE WHEN standings.state = excluded.state THEN standings.since ELSE excluded.since END,
				words = CASE WHEN standings.state = excluded.state AND excluded.words = '' THEN standings.words ELSE excluded.words END,
				held = CASE WHEN standings.state = excluded.state AND excluded.words = '' THEN standings.held ELSE excluded.held END,
				doc = CASE WHEN excluded.doc = '' THEN standings.doc ELSE excluded.doc END,
				state = excluded.state, said_at = excluded.said_at, seen_at = excluded.seen_at
				WHERE excluded.said_at >= standings.said_at`,
				int64(m), int64(s.Shop), string(s.State), s.Since, s.Said, s.Seen, clean(s.Words, 500), held, doc); err != nil {
				return err
			}
		}
		return nil
	})
}

// Standings gives how the shops of a merchant stand, as far as it is known.
func (d *DB) Standings(ctx context.Context, m ident.Merchant) (map[ident.Shop]StandingRow, error) {
	out := map[ident.Shop]StandingRow{}
	err := d.query(ctx, `SELECT shop_id, state, since, said_at, seen_at, words, held, doc FROM standings WHERE merchant_id = $1`, []any{int64(m)}, func(scan scanFunc) error {
		var s StandingRow
		var state, doc string
		var held int64
		if err := scan(&s.Shop, &state, &s.Since, &s.Said, &s.Seen, &s.Words, &held, &doc); err != nil {
			return err
		}
		s.State, s.Held = channel.ShopState(state), held == 1
		if doc != "" {
			if err := json.Unmarshal([]byte(doc), &s.Doc); err != nil {
				return err
			}
		}
		out[s.Shop] = s
		return nil
	})
	return out, fault.Wrap("db.Standings", err)
}

// A HeardRow says when messages of one kind last came to an app. Times are UTC ms of the wall clock, 0 = never.
type HeardRow struct {
	Path    string
	Came    int64
	Probed  int64
	Refused int64
}

// Hear notes what came to a callback of an app: a time that is not zero replaces the one before.
func (d *DB) Hear(ctx context.Context, m ident.Merchant, app ident.App, path string, came, probed, refused time.Time) error {
	return d.write(ctx, "db.Hear", func(ctx context.Context, c conn) error {
		ms := func(t time.Time) int64 {
			if t.IsZero() {
				return 0
			}
			return t.UnixMilli()
		}
		return exec(ctx, c, `INSERT INTO heard (merchant_id, app_id, path, came_at, probed_at, refused_at) VALUES ($1, $2, $3, $4, $5, $6)
			ON CONFLICT (merchant_id, app_id, path) DO UPDATE SET
			came_at = CASE WHEN excluded.came_at = 0 THEN heard.came_at ELSE excluded.came_at END,
			probed_at = CASE WHEN excluded.probed_at = 0 THEN heard.probed_at ELSE excluded.probed_at END,
			refused_at = CASE WHEN excluded.refused_at = 0 THEN heard.refused_at ELSE excluded.refused_at END`,
			int64(m), int64(app), clean(path, 80), ms(came), ms(probed), ms(refused))
	})
}

// Heard lists what has come to an app, by path.
func (d *DB) Heard(ctx context.Context, m ident.Merchant, app ident.App) (map[string]HeardRow, error) {
	out := map[string]HeardRow{}
	err := d.query(ctx, `SELECT path, came_at, probed_at, refused_at FROM heard WHERE merchant_id = $1 AND app_id = $2`, []any{int64(m), int64(app)}, func(scan scanFunc) error {
		var h HeardRow
		err := scan(&h.Path, &h.Came, &h.Probed, &h.Refused)
		out[h.Path] = h
		return err
	})
	return out, fault.Wrap("db.Heard", err)
}
