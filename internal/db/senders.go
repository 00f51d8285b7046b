package db

import (
	"context"
	"slices"

	"github.com/tongdan/tongdan/effect"
	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/ident"
)

// A SenderRow is a way to a phone: a robot in a group, or a short-message service.
type SenderRow struct {
	Merchant    ident.Merchant
	ID          ident.Sender
	Kind        string // as of package sender
	Name        string
	BaseURL     string            // "" = the vendor's
	Level       string            // of a robot: what its group hears
	Stores      []ident.Store     // of a robot: whose; nil = of all
	Locale      string            // of a robot: its group's language
	Disabled    bool              // sends nothing
	Credentials map[string]string // sealed in the database
	Made        int64             // UTC ms
}

const senderColumns = `merchant_id, id, kind, name, base_url, level, stores, locale, disabled, credentials, made_at`

func (d *DB) scanSender(scan scanFunc) (s SenderRow, err error) {
	var stores string
	var disabled int64
	var sealed []byte
	if err := scan(&s.Merchant, &s.ID, &s.Kind, &s.Name, &s.BaseURL, &s.Level, &stores, &s.Locale, &disabled, &sealed, &s.Made); err != nil {
		return s, err
	}
	s.Stores, s.Disabled = storesOf(stores), disabled == 1
	s.Credentials, err = d.openCredentials(sealed, credentialsUse("sender", s.ID.String()))
	return s, err
}

// PutSender inserts or replaces a sender, with its credentials. Lines of the journal that tell
// of it are written in the same transaction, here and where one is deleted.
func (d *DB) PutSender(ctx context.Context, s SenderRow, tells ...Tell[SenderRow]) (SenderRow, error) {
	const op = "db.PutSender"
	if err := need(op, map[string]bool{"kind": named(s.Kind), "name": named(s.Name), "base_url": short(s.BaseURL)}); err != nil {
		return s, err
	}
	if s.ID == 0 {
		s.ID, s.Made = ident.Sender(d.id()), d.now().UnixMilli()
	}
	sealed, err := d.sealCredentials(s.Credentials, credentialsUse("sender", s.ID.String()))
	if err != nil {
		return s, fault.Wrap(op, err)
	}
	return s, d.changedDirectory(ctx, op, s.Merchant, s.ID.String(), func(ctx context.Context, c conn) error {
		if err := d.sameKey(ctx, c); err != nil {
			return err
		}
		was, err := replacing(ctx, d, c, tells, "senders", senderColumns, s.Merchant, int64(s.ID), d.scanSender)
		if err == nil {
			err = tell(ctx, d, c, s.Merchant, was, &s, tells)
		}
		if err != nil {
			return err
		}
		return exec(ctx, c, `INSERT INTO senders (`+senderColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
			ON CONFLICT (merchant_id, id) DO UPDATE SET name = excluded.name, base_url = excluded.base_url, level = excluded.level, stores = excluded.stores, locale = excluded.locale,
			disabled = excluded.disabled, credentials = excluded.credentials`,
			int64(s.Merchant), int64(s.ID), s.Kind, s.Name, s.BaseURL, s.Level, storesText(s.Stores), s.Locale, flag(s.Disabled), sealed, s.Made)
	})
}

// Senders lists the senders of a merchant, oldest first.
func (d *DB) Senders(ctx context.Context, m ident.Merchant) ([]SenderRow, error) {
	var out []SenderRow
	err := d.query(ctx, `SELECT `+senderColumns+` FROM senders WHERE merchant_id = $1 ORDER BY id`, []any{int64(m)}, func(scan scanFunc) error {
		s, err := d.scanSender(scan)
		out = append(out, s)
		return err
	})
	return out, fault.Wrap("db.Senders", err)
}

// SendersExist lists the merchants that have a sender.
func (d *DB) SendersExist(ctx context.Context) ([]ident.Merchant, error) {
	var out []ident.Merchant
	err := d.query(ctx, `SELECT DISTINCT merchant_id FROM senders`, nil, func(scan scanFunc) error {
		var m ident.Merchant
		err := scan(&m)
		out = append(out, m)
		return err
	})
	return out, fault.Wrap("db.SendersExist", err)
}

// DeleteSender deletes a sender; fault.NotFound when there is none.
func (d *DB) DeleteSender(ctx context.Context, m ident.Merchant, id ident.Sender, tells ...Tell[SenderRow]) error {
	const op = "db.DeleteSender"
	return d.changedDirectory(ctx, op, m, id.String(), func(ctx context.Context, c conn) error {
		if err := tellGone(ctx, d, c, tells, "senders", senderColumns, m, int64(id), d.scanSender); err != nil {
			return err
		}
		return remove(ctx, c, op, "", "", `DELETE FROM senders WHERE merchant_id = $1 AND id = $2`, int64(m), int64(id))
	})
}

// KnockRules gives the rules as JSON, by store; 0 is the merchant's.
func (d *DB) KnockRules(ctx context.Context, m ident.Merchant) (map[ident.Store][]byte, error) {
	out := map[ident.Store][]byte{}
	err := d.query(ctx, `SELECT store_id, doc FROM knock_rules WHERE merchant_id = $1`, []any{int64(m)}, func(scan scanFunc) error {
		var s ident.Store
		var doc []byte
		err := scan(&s, &doc)
		out[s] = append([]byte(nil), doc...)
		return err
	})
	return out, fault.Wrap("db.KnockRules", err)
}

// PutKnockRules sets the rules of a store, 0 = of the merchant; nil takes them back. The lines
// tell from which JSON to which.
func (d *DB) PutKnockRules(ctx context.Context, m ident.Merchant, store ident.Store, doc []byte, tells ...Tell[[]byte]) error {
	const op = "db.PutKnockRules"
	return d.changedDirectory(ctx, op, m, store.String(), func(ctx context.Context, c conn) error {
		was, err := rowOf(ctx, d, c, `SELECT doc FROM knock_rules WHERE merchant_id = $1 AND store_id = $2`, []any{int64(m), int64(store)}, func(scan scanFunc) (b []byte, err error) {
			err = scan(&b)
			return slices.Clone(b), err
		})
		is := &doc
		if doc == nil {
			is = nil
		}
		if err == nil {
			err = tell(ctx, d, c, m, was, is, tells)
		}
		if err != nil {
			return err
		}
		if doc == nil {
			return exec(ctx, c, `DELETE FROM knock_rules WHERE merchant_id = $1 AND store_id = $2`, int64(m), int64(store))
		}
		return exec(ctx, c, `INSERT INTO knock_rules (merchant_id, store_id, doc) VALUES ($1, $2, $3) ON CONFLICT (merchant_id, store_id) DO UPDATE SET doc = excluded.doc`, int64(m), int64(store), doc)
	})
}

// A KnockRow says that somebody has been told of a concern.
type KnockRow struct {
	Recipient string // usr_…, snd_…
	Key       string // of the concern
	At        int64  // UTC ms of the trade's clock
	Effect    ident.Effect
}

const knockKept = 3 * 24 * 3600_000 // ms that a line is kept at least

// Knocks lists of what everybody has been told in the last days.
func (d *DB) Knocks(ctx context.Context, m ident.Merchant) ([]KnockRow, error) {
	var out []KnockRow
	err := d.query(ctx, `SELECT recipient, key, at, effect_id FROM knocks WHERE merchant_id = $1`, []any{int64(m)}, func(scan scanFunc) error {
		var k KnockRow
		err := scan(&k.Recipient, &k.Key, &k.At, &k.Effect)
		out = append(out, k)
		return err
	})
	return out, fault.Wrap("db.Knocks", err)
}

// KnocksSince counts the messages that each recipient got since a moment of the wall (UTC ms).
func (d *DB) KnocksSince(ctx context.Context, m ident.Merchant, since int64) (map[string]int, error) {
	out := map[string]int{}
	err := d.query(ctx, `SELECT recipient, COUNT(DISTINCT effect_id) FROM knocks WHERE merchant_id = $1 AND made_at >= $2 GROUP BY recipient`, []any{int64(m), since}, func(scan scanFunc) error {
		var who string
		var n int
		err := scan(&who, &n)
		out[who] = n
		return err
	})
	return out, fault.Wrap("db.KnocksSince", err)
}

// DropKnocks forgets what was told days ago, links and codes that ended, and browsers that
// have not been seen for long.
func (d *DB) DropKnocks(ctx context.Context, m ident.Merchant) error {
	const op = "db.DropKnocks"
	now := d.now().UnixMilli()
	return d.writeAs(ctx, op, Background, func(ctx context.Context, c conn) error {
		for _, text := range []string{
			`DELETE FROM knocks WHERE merchant_id = $1 AND made_at < $2`,
			`DELETE FROM knock_links WHERE merchant_id = $1 AND expires_at < $2`,
			`DELETE FROM sign_in_codes WHERE merchant_id = $1 AND made_at < $2`,
		} {
			if err := exec(ctx, c, text, int64(m), now-knockKept); err != nil {
				return err
			}
		}
		return exec(ctx, c, `DELETE FROM known_browsers WHERE merchant_id = $1 AND expires_at < $2`, int64(m), now)
	})
}

// EffectsOfLane lists the effects of a kind in the merchant's own lane, newest first, at
// most limit; with open only those that have not ended.
func (d *DB) EffectsOfLane(ctx context.Context, m ident.Merchant, kind string, open bool, limit int) ([]effect.Effect, error) {
	var out []effect.Effect
	where := `open = 0 AND order_id = 0` // each in the order of an index
	if open {
		where = `open = 1`
	}
	err := d.query(ctx, `SELECT `+effectColumns+` FROM effects WHERE merchant_id = $1 AND account_id = 0 AND `+where+` AND kind = $2 ORDER BY id DESC LIMIT $3`,
		[]any{int64(m), kind, int64(limit)}, func(scan scanFunc) error {
			e, err := scanEffect(scan)
			out = append(out, e)
			return err
		})
	return out, fault.Wrap("db.EffectsOfLane", err)
}

// PutKnock notes, in the transaction that makes a message, of what somebody is told by it.
func (t *Tx) PutKnock(k KnockRow) {
	t.l.knocks = append(t.l.knocks, knock{t.m, k, t.now.UnixMilli()})
}

type knock struct {
	m ident.Merchant
	KnockRow
	made int64
}

var addKnocks = insert{head: `INSERT INTO knocks (merchant_id, recipient, key, at, made_at, effect_id) VALUES`, width: 6,
	tail: ` ON CONFLICT (merchant_id, recipient, key) DO UPDATE SET at = excluded.at, made_at = excluded.made_at, effect_id = excluded.effect_id`}

// knockRows are the values of the knocks of a batch; an upsert may not name a row twice.
func knockRows(list []knock) (rows []any) {
	seen := map[[3]any]bool{}
	for i := len(list) - 1; i >= 0; i-- {
		k := list[i]
		if id := [3]any{k.m, k.Recipient, k.Key}; !seen[id] {
			seen[id] = true
			rows = append(rows, int64(k.m), clean(k.Recipient, 100), clean(k.Key, maxKey), k.At, k.made, int64(k.Effect))
		}
	}
	return rows
}
