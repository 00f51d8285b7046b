package db

import (
	"context"
	"strings"
	"time"

	"github.com/tongdan/tongdan/fault"
	"github.com/tongdan/tongdan/ident"
)

// A VoiceRow says which device speaks at a post of a store. It holds that as a lease,
// which it renews for as long as it can be heard: when it falls silent, whoever asks next
// takes it. The lease is one row that one statement decides about, so two nodes on one
// database never give it to two devices.
type VoiceRow struct {
	Store     ident.Store
	Post      string // counter, kitchen, callout
	Everybody bool   // all speak, whoever holds it
	Holder    string // dev_… of a paired screen, else what a browser calls itself; "" = nobody yet
	Name      string // of the holder, for people
	Since     int64
	Until     int64 // wall clock, UTC ms
}

// VoiceLease is how long a device that was not heard of keeps a post. Those who wait ask
// every five seconds, so that silence lasts at most half a minute.
const VoiceLease = 25 * time.Second

// Alive reports whether somebody speaks at a post at a moment.
func (v VoiceRow) Alive(now time.Time) bool { return v.Holder != "" && v.Until > now.UnixMilli() }

const voiceColumns = `store_id, post, everybody, holder, name, since_at, until_at`

func scanVoice(scan scanFunc) (v VoiceRow, err error) {
	var all int64
	err = scan(&v.Store, &v.Post, &all, &v.Holder, &v.Name, &v.Since, &v.Until)
	v.Everybody = all == 1
	return v, err
}

// Speak asks for a post: holder gets it when nobody has it, when its own lease is renewed,
// or with take. A paired screen, which stands in the store, takes it from a browser that
// does not. It gives who has it now.
func (d *DB) Speak(ctx context.Context, m ident.Merchant, ask VoiceRow, take bool) (VoiceRow, error) {
	const op = "db.Speak"
	now := d.now()
	have, found, err := d.voice(ctx, m, ask.Store, ask.Post)
	if err != nil {
		return have, fault.Wrap(op, err)
	}
	device := strings.HasPrefix(ask.Holder, "dev_")
	rest := have.Until - now.UnixMilli()
	if found && !take && rest > 0 && (have.Holder != ask.Holder && !(device && !strings.HasPrefix(have.Holder, "dev_")) || have.Holder == ask.Holder && rest > VoiceLease.Milliseconds()*3/5) {
		return have, nil // most of those who ask write nothing
	}
	err = d.write(ctx, op, func(ctx context.Context, c conn) error {
		now := d.now().UnixMilli()
		return exec(ctx, c, `INSERT INTO voices (merchant_id, `+voiceColumns+`) VALUES ($1, $2, $3, 0, $4, $5, $6, $7)
			ON CONFLICT (merchant_id, store_id, post) DO UPDATE SET holder = excluded.holder, name = excluded.name, until_at = excluded.until_at,
				since_at = CASE WHEN voices.holder = excluded.holder AND voices.until_at > excluded.since_at THEN voices.since_at ELSE excluded.since_at END
			WHERE voices.until_at <= excluded.since_at OR voices.holder = excluded.holder OR $8 = 1 OR ($9 = 1 AND substr(voices.holder, 1, 4) <> 'dev_')`,
			int64(m), int64(ask.Store), ask.Post, ask.Holder, clean(ask.Name, 200), now, now+VoiceLease.Milliseconds(), flag(take), flag(device))
	})
	if err != nil {
		return have, err
	}
	have, _, err = d.voice(ctx, m, ask.Store, ask.Post)
	return have, fault.Wrap(op, err)
}

// FallSilent gives a post up: the device is muted, or its browser blocks sound.
func (d *DB) FallSilent(ctx context.Context, m ident.Merchant, store ident.Store, post, holder string) (VoiceRow, error) {
	const op = "db.FallSilent"
	have, found, err := d.voice(ctx, m, store, post)
	if err == nil && found && have.Holder == holder && have.Until > d.now().UnixMilli() {
		have.Until = 0
		err = d.write(ctx, op, func(ctx context.Context, c conn) error {
			return exec(ctx, c, `UPDATE voices SET until_at = 0 WHERE merchant_id = $1 AND store_id = $2 AND post = $3 AND holder = $4`, int64(m), int64(store), post, holder)
		})
	}
	return have, fault.Wrap(op, err)
}

// LetAllSpeak says whether all devices of a post speak, or one.
func (d *DB) LetAllSpeak(ctx context.Context, m ident.Merchant, store ident.Store, post string, everybody bool) error {
	return d.write(ctx, "db.LetAllSpeak", func(ctx context.Context, c conn) error {
		return exec(ctx, c, `INSERT INTO voices (merchant_id, `+voiceColumns+`) VALUES ($1, $2, $3, $4, '', '', 0, 0)
			ON CONFLICT (merchant_id, store_id, post) DO UPDATE SET everybody = excluded.everybody`, int64(m), int64(store), post, flag(everybody))
	})
}

func (d *DB) voice(ctx context.Context, m ident.Merchant, store ident.Store, post string) (VoiceRow, bool, error) {
	v := VoiceRow{Store: store, Post: post}
	var all int64
	found, err := d.one(ctx, `SELECT everybody, holder, name, since_at, until_at FROM voices WHERE merchant_id = $1 AND store_id = $2 AND post = $3`,
		[]any{int64(m), int64(store), post}, &all, &v.Holder, &v.Name, &v.Since, &v.Until)
	v.Everybody = all == 1
	return v, found, err
}

// Voices lists the posts of a store of which anything is known.
func (d *DB) Voices(ctx context.Context, m ident.Merchant, store ident.Store) ([]VoiceRow, error) {
	var out []VoiceRow
	err := d.query(ctx, `SELECT `+voiceColumns+` FROM voices WHERE merchant_id = $1 AND store_id = $2 ORDER BY post`, []any{int64(m), int64(store)}, func(scan scanFunc) error {
		v, err := scanVoice(scan)
		out = append(out, v)
		return err
	})
	return out, fault.Wrap("db.Voices", err)
}
